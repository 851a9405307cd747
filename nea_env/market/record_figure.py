"""The picture of the record: prices by year, the model's band and what was seen, one small panel a market.

Matplotlib is loaded when the picture is drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nea_env.envs.lettering import write
from nea_env.library.record import Figure, Seen, seen
from nea_env.market.axes import BLUE, GREY, ORANGE, thousands
from nea_env.market.record import Computed, band, over, paths_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

COLUMNS = 3
PRICES = "front_price"


def draw(path: Path) -> Path:
    """Write the picture; matplotlib is needed.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    picture = prices()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".writing_{path.name}")
    picture.savefig(draft, dpi=110, format="png")
    draft.replace(path)
    return path


def prices() -> Picture:
    """One panel for each market whose price is on record."""
    from matplotlib.figure import Figure as Picture
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    tables = [table for table in seen() if table.series == PRICES and not table.instead_of]
    again = {table.instead_of: table for table in seen() if table.series == PRICES and table.instead_of}
    rows = -(-(len(tables) + 1) // COLUMNS)  # one more for the key
    picture = Picture(figsize=(11.0, 2.6 * rows), layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))
    axes = picture.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axis, table in zip(axes, tables, strict=False):
        _panel(axis, table, again.get(table.name))
    for axis in axes[len(tables) :]:
        axis.axis("off")
    _key(axes[len(tables)])
    return picture


def _panel(axis: Axes, table: Seen, other: Seen | None) -> None:
    from matplotlib.ticker import MaxNLocator

    years, models = by_year(table)
    axis.fill_between(years, [m.low for m in models], [m.high for m in models], color=BLUE, alpha=0.22, lw=0)
    axis.plot(years, [m.mean for m in models], color=BLUE, lw=1.6)
    if other is not None:
        years, models = by_year(other)
        axis.plot(years, [m.mean for m in models], color=BLUE, lw=1.2, ls="--")
    for figure in table.figures:
        fill = "none" if figure.set_on else ORANGE
        axis.plot(middle(figure), figure.value, "o", ms=5, mec=ORANGE, mfc=fill, zorder=3, clip_on=False)
    write(axis.set_title("", fontsize=9), table.title, room=0.3)
    write(axis.set_ylabel("", fontsize=8), table.unit, room=0.2)
    axis.set_ylim(bottom=0.0)
    axis.set_xlim(min(years[0], min(map(middle, table.figures))) - 0.5, years[-1] + 0.5)
    axis.grid(axis="y", alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    thousands(axis.yaxis)


def by_year(table: Seen) -> tuple[list[float], list[Computed]]:
    """Middles of the whole calendar years in which the market is open, and what is computed for each of them."""
    paths = paths_of(table.name)
    whole = [month[:4] for month in paths.months[paths.opening :] if month[5:] == "12"]
    models = [band(over(paths, table.series, f"{year}-01", f"{year}-12")) for year in whole]
    return [int(year) + 0.5 for year in whole], models


def middle(figure: Figure) -> float:
    """The middle of a figure's months, in years."""
    first, last = (int(month[:4]) + int(month[5:]) / 12.0 for month in (figure.first, figure.last))
    return float(np.mean([first - 1.0 / 12.0, last]))


def _key(axis: Axes) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    dots = ((ORANGE, "seen"), ("none", "seen, and the market set on it"))
    handles = [
        *(Line2D([], [], ls="", marker="o", mec=ORANGE, ms=6, mfc=fill, label=text) for fill, text in dots),
        Line2D([], [], color=BLUE, lw=1.6, label="computed: mean by year"),
        Patch(color=BLUE, alpha=0.22, label="computed: nine paths in ten"),
        Line2D([], [], color=BLUE, lw=1.2, ls="--", label="mean, told otherwise (second table)"),
    ]
    axis.legend(handles=handles, loc="center", frameon=False, fontsize=9, labelcolor=GREY)
