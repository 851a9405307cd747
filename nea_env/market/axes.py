"""What the pictures of prices have in common: the page with its title, fans, labels and the key.

A fan is the median with the middle 50 % and 90 % of the paths. One column of panels fits a column of a paper (85 mm),
two a page, with letters of at least five points. Colours are Okabe and Ito's, which people with any
kind of colour vision can tell apart (jfly.uni-koeln.de/color).
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nea_env.core.lowering.periods import periods_of
from nea_env.envs.lettering import one_line, write
from nea_env.library.grammar import label as told
from nea_env.market.paths import PricePaths
from nea_env.scenario import Market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, YELLOW = "#0072B2", "#D55E00", "#009E73", "#595959", "#F0E442"
RUN_OFF = "run-off: the last year is over"
SIZE, SMALL = 8, 7  # points, in a picture 5.1 inches wide
_MARGINS, _PANEL = 0.9, 4.2  # inches: beside all panels, and the width of one
_LINE = 82  # characters that fit above a column of panels
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
PROCESS_NAMES = {
    "gbm": "geometric Brownian motion",
    "lattice": "lattice",
    "jumps": "jumps",
    "two_regimes": "two volatility regimes",
    "bootstrap": "bootstrap of monthly changes",
    "collared": "price collar",
    "equilibrium": "equilibrium of the whole market",
    "log_ou": "mean reversion (pays speculators)",
    "replay": "one path on record (pays whoever knows it)",
}


def page(
    paths: PricePaths,
    rows: int,
    columns: int,
    *,
    height: float = 1.7,
    heights: Sequence[float] = (),
    dates: bool = True,
    shows: str = "",
    notes: Sequence[str] = (),
) -> Figure:
    """Rows x columns axes below the scenario, its price process, where it starts and the number of paths.

    Args:
        paths: what is drawn.
        rows: of panels.
        columns: of panels.
        height: of a row, inches.
        heights: of the rows, relative to each other.
        dates: whether the horizontal axis is time.
        shows: what is drawn "of" the paths, if it is neither fans nor histograms.
        notes: lines at the end of the heading.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06)
    how = shows or ("median, 50 % and 90 % of" if dates else "histograms over")
    heading = (*told_in_lines(paths, _LINE * columns), process_text(paths.scenario.market), start_text(paths))
    heading = (*heading, f"{how} {len(paths):,} paths", *notes)
    size = (_MARGINS + _PANEL * columns, 0.9 + 0.12 * len(heading) + height * rows)
    figure = Figure(figsize=size, layout=layout)
    figure.subplots(rows, columns, sharex=True, height_ratios=heights or None)
    write(figure.suptitle("", fontsize=SIZE), *heading, room=0.97)
    for axis in figure.axes:
        axis.tick_params(labelsize=SIZE)
    if dates:
        years = paths.years
        for axis in figure.axes:
            axis.set_xlim(years[paths.opening], years[-1])
            for month in paths.deadlines:
                axis.axvline(years[month], color=GREY, lw=0.6, ls=":", alpha=0.7, zorder=0)
        for axis in figure.axes[-columns:]:
            axis.set_xlabel("year (dotted: surrender deadlines)", fontsize=SIZE)
    return figure


def told_in_lines(paths: PricePaths, characters: int) -> list[str]:
    """The scenario's title and what was changed in it, but for the price process, in at most two lines."""
    changes = [change for change in paths.scenario.changes if not change.startswith("market.law=")]
    return in_lines(told(paths.scenario.title, changes), characters)


def in_lines(text: str, characters: int) -> list[str]:
    """A text in at most two lines; the second takes what is left over, however long that is."""
    text = one_line(text)
    first, *rest = wrap(text, characters, break_on_hyphens=False) or [""]
    return [first, text[len(first) :].strip()] if rest else [first]


def process_text(market: Market) -> str:
    """The price process in a few words."""
    text = f"price process {market.law}: {PROCESS_NAMES[market.law]}"
    if market.law not in ("collared", "equilibrium", "replay"):
        text += f", volatility {100 * market.volatility:.3g} % a year"
    return text


def start_text(paths: PricePaths) -> str:
    """The price when the market opens, and the reference price where that is another."""
    market, prices = paths.scenario.market, paths["long_price"][:, paths.opening]
    start, reference = (f"{one:,.0f}" if one >= 1000.0 else f"{one:,.4g}" for one in (prices.mean(), market.price))
    text = f"starts at {start} {market.currency}/t"
    if prices.max() - prices.min() > 1e-6 * prices.max():
        text += " on average"
    return text if start == reference else f"{text} (reference price: {reference})"


def fan(
    axis: Axes,
    paths: PricePaths,
    values: NDArray[np.float64],
    colour: str,
    months: slice = slice(None),
    *,
    middle: bool = True,
    on_grid: float | None = None,
) -> None:
    """Median (if ``middle``), 50 % and 90 % of (n, months) values over the chosen months, from the market's opening on.

    Values ``on_grid`` are read between the grid's points, where these are no farther apart: see `between_points`.
    """
    months = slice(max(months.start or 0, paths.opening), months.stop)
    years, shown = paths.years[months], values[:, months]
    low, lower, median, upper, high = (
        np.quantile(shown, _LEVELS, axis=0) if on_grid is None else between_points(shown, on_grid)
    )
    axis.fill_between(years, low, high, color=colour, alpha=0.18, lw=0)
    axis.fill_between(years, lower, upper, color=colour, alpha=0.30, lw=0)
    if middle:
        axis.plot(years, median, color=colour, lw=1.4)


def outlined(axis: Axes, paths: PricePaths, values: NDArray[np.float64], colour: str) -> None:
    """The same as lines, to lie over a fan without mixing the colours: dashed the median, dotted 50 % and 90 %."""
    years = paths.years[paths.opening :]
    for level, curve in zip(_LEVELS, np.quantile(values[:, paths.opening :], _LEVELS, axis=0), strict=True):
        width, style = {0.05: (0.8, ":"), 0.25: (1.2, ":"), 0.5: (1.4, "--")}[min(level, round(1.0 - level, 2))]
        axis.plot(years, curve, color=colour, lw=width, ls=style)


def between_points(values: NDArray[np.float64], farthest: float) -> NDArray[np.float64]:
    """Quantiles (levels, months) of values that lie on a grid, without its steps.

    Each point stands for the values about it: half of its share lies below, half above, and what lies between two
    points is interpolated. An ordinary quantile is always a point, so that it goes up and down in steps. Between points
    that are ``farthest`` or more apart nothing lies: some units lapse with certainty or not at all.
    """
    found = np.empty((len(_LEVELS), values.shape[1]))
    for month, column in enumerate(np.round(values, 9).T):
        points, counts = np.unique(column, return_counts=True)
        ends = np.cumsum(counts)
        apart = np.flatnonzero(np.diff(points) >= farthest)
        shares = np.concatenate([ends - 0.5 * counts, ends[apart], ends[apart]]) / len(column)
        heights = np.concatenate([points, points[apart], points[apart + 1]])
        order = np.lexsort((heights, shares))
        found[:, month] = np.interp(_LEVELS, shares[order], heights[order])
    return found


def label(axis: Axes, *lines: str) -> None:
    """Name the vertical axis and its unit."""
    from matplotlib.ticker import MaxNLocator

    grid = axis.get_gridspec()
    write(axis.set_ylabel("", fontsize=SIZE), *lines, room=0.9 / (grid.nrows if grid else 1))
    axis.grid(axis="y", alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    thousands(axis.yaxis)


def thousands(axis: Any) -> None:
    """Write numbers in full, with commas."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def key(figure: Figure, entries: list[tuple[str, str, str]], *, run_off: bool = False) -> None:
    """A legend below the picture: colour, line style, text; with ``run_off``, also of what `run_off` shades."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines: list[Any] = [Line2D([], [], color=colour, ls=style, lw=1.6, label=text) for colour, style, text in entries]
    if run_off:
        lines.append(Patch(color=YELLOW, alpha=0.3, lw=0.0, label=RUN_OFF))
    characters = sum(len(line.get_label()) + 8 for line in lines)
    columns = len(lines) if characters < 14.0 * figure.get_figwidth() else 2
    figure.legend(handles=lines, loc="outside lower center", ncols=columns, frameon=False, fontsize=SIZE)


def run_off(axis: Axes, paths: PricePaths) -> bool:
    """Shade the months after the last compliance year, in which only deadlines are left; False if there are none."""
    ends = periods_of(paths.scenario)[-1].end + 1  # its first month
    if ends >= len(paths.months):
        return False
    axis.axvspan(paths.years[ends], paths.years[-1], color=YELLOW, alpha=0.3, lw=0.0, zorder=0)
    return True
