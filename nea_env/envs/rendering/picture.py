"""A frame as one picture. The axes are drawn once per view and kept; each frame draws only the curves."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from matplotlib.transforms import Bbox

from nea_env.core.lowering.periods import periods_of
from nea_env.envs.lettering import write
from nea_env.envs.rendering.history import date
from nea_env.envs.rendering.panels import PANELS
from nea_env.library.grammar import label

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from nea_env.envs.rendering.history import Months
    from nea_env.envs.rendering.panels import Panel, View
    from nea_env.scenario import Scenario

_DPI, _WIDE, _HIGH = 100, 1000, 640  # pixels
_COLUMN_EDGES = (0, 500, 1000)  # of the panels' cells, pixels from the left
_ROW_EDGES = (600, 312, 0)  # pixels from the bottom
_LEFT, _RIGHT, _TOP, _BOTTOM = 88, 22, 30, (14, 48)  # of a cell, around its axes; below a row
_KEPT = 16  # backgrounds that a panel keeps, 0.6 MB each


class Picture:
    """Draws frames of a scenario's episodes, of any row and month in any order.

    Args:
        scenario: its title, dates and units.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._start, end = (int(month[:4]) + int(month[5:]) / 12 for month in (scenario.start, scenario.end))
        self._start -= 1 / 12  # a month starts where the one before it ends
        over = self._start + (periods_of(scenario)[-1].end + 1) / 12  # production
        run_off = (over, end) if over < end - 1e-6 else None
        self._figure = Figure(figsize=(_WIDE / _DPI, _HIGH / _DPI), dpi=_DPI)
        self._canvas = FigureCanvasAgg(self._figure)
        self._cells = [
            _Cell(self._canvas, panel(scenario), index, (self._start, end), run_off)
            for index, panel in enumerate(PANELS)
        ]
        self._title = self._figure.text(_LEFT / _WIDE, 0.962, "", fontsize=12, va="center")
        self._date = self._figure.text(1 - _RIGHT / _WIDE, 0.962, "", fontsize=12, va="center", ha="right")
        self._nothing = self._figure.text(0.5, 0.5, "no episode yet", ha="center", color="0.4")
        write(self._title, label(scenario.title, scenario.changes), room=0.81)
        self._head = _background(self._canvas, Bbox([[0, _ROW_EDGES[0]], [_WIDE, _HIGH]]), self._title)

    def frame(self, months: Months) -> NDArray[np.uint8]:
        """(H, W, 3) uint8, a new array: prices, holdings against duty, abatement and cost over calendar time."""
        renderer = self._canvas.get_renderer()
        if months:
            self._canvas.restore_region(self._head)
            self._date.set_text(date(self._scenario, months))
            self._date.draw(renderer)
            for cell in self._cells:
                cell.draw(self._start + months["month"] / 12, months)
        else:
            _clear(self._canvas, self._figure.bbox)
            self._canvas.restore_region(self._head)
            self._nothing.draw(renderer)
        painted, frame = np.asarray(self._canvas.buffer_rgba()), np.empty((_HIGH, _WIDE, 3), np.uint8)
        for channel in range(3):  # a quarter of the time of copying the three at once
            frame[..., channel] = painted[..., channel]
        return frame


class _Cell:
    """A panel, its axes, and their backgrounds by view."""

    def __init__(
        self,
        canvas: FigureCanvasAgg,
        panel: Panel,
        index: int,
        years: tuple[float, float],
        run_off: tuple[float, float] | None,
    ) -> None:
        self._canvas, self._panel = canvas, panel
        row, column = divmod(index, 2)
        left, right = _COLUMN_EDGES[column], _COLUMN_EDGES[column + 1]
        top, bottom = _ROW_EDGES[row], _ROW_EDGES[row + 1]
        self._box = Bbox([[left, bottom], [right, top]])
        x, y = left + _LEFT, bottom + _BOTTOM[row]
        place = (x / _WIDE, y / _HIGH, (right - _RIGHT - x) / _WIDE, (top - _TOP - y) / _HIGH)
        self._axes = axes = canvas.figure.add_axes(place, xlim=years)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
        axes.tick_params(labelbottom=row == 1, labelsize=9)
        axes.set_xlabel("" if row == 0 else "year" if run_off is None else "year (shaded: run-off, no production)")
        if run_off is not None:
            axes.axvspan(*run_off, color="#F0E442", alpha=0.3, lw=0.0, zorder=0)
        for curve in panel.curves:
            axes.add_artist(curve)
        zero = axes.axhline(0.0, color="black", lw=0.8)
        self._front: list[Any] = [*panel.curves, zero, axes.spines["left"], axes.spines["bottom"]]
        for artist in self._front:  # drawn on every frame, hence not on a background
            artist.set_animated(True)
        self._view: View | None = None
        self._backgrounds: OrderedDict[View, Any] = OrderedDict()

    def draw(self, years: NDArray[np.float64], months: Months) -> None:
        view = self._panel.update(years, months)
        if view != self._view:
            self._axes.set_ylim(view.low, view.high)
            self._view = view
        if view not in self._backgrounds:
            self._dress(view)
            self._backgrounds[view] = _background(self._canvas, self._box, self._axes)
            while len(self._backgrounds) > _KEPT:
                self._backgrounds.popitem(last=False)
        self._backgrounds.move_to_end(view)
        self._canvas.restore_region(self._backgrounds[view])
        for artist in self._front:
            self._axes.draw_artist(artist)

    def _dress(self, view: View) -> None:
        self._axes.set_title(view.title, fontsize=12)
        write(self._axes.set_ylabel(""), view.unit, room=0.36)
        legend = self._axes.get_legend()
        if legend is not None:
            legend.remove()  # of another view
        if view.shown:
            handles = [self._panel.curves[index] for index in view.shown]
            self._axes.legend(handles=handles, loc="upper left", fontsize=8, frameon=False, ncols=2)


def _background(canvas: FigureCanvasAgg, box: Bbox, artist: Any) -> Any:
    """Pixels of a box of the figure with only the static parts of an artist on it."""
    _clear(canvas, box)
    artist.draw(canvas.get_renderer())
    return canvas.copy_from_bbox(box)


def _clear(canvas: FigureCanvasAgg, box: Any) -> None:
    for colour in ("white", canvas.figure.get_facecolor()):  # a style may have a transparent background
        paper = Rectangle(box.p0, box.width, box.height, facecolor=colour, lw=0.0, antialiased=False)
        paper.draw(canvas.get_renderer())
