"""What the pictures of prices have in common: the page with its title, fans, labels and the key.

A fan is the median with the middle 50 % and 90 % of the paths. Colours are Okabe and Ito's, which people with any
kind of colour vision can tell apart (jfly.uni-koeln.de/color).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nea_env.envs.lettering import write
from nea_env.library.grammar import label as told
from nea_env.market.paths import PricePaths
from nea_env.scenario import Market

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#595959"
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
    paths: PricePaths, rows: int, columns: int, *, height: float = 2.6, dates: bool = True, shows: str = ""
) -> Figure:
    """Rows x columns axes below the scenario, its price process and the number of paths; with ``dates``, over time.

    ``shows`` says what is drawn "of" the paths, if it is neither fans nor histograms.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06)
    figure = Figure(figsize=(2.0 + 6.0 * columns, 1.5 + height * rows), layout=layout)
    figure.subplots(rows, columns, sharex=True)
    how = shows or ("median, 50 % and 90 % of" if dates else "histograms over")
    write(
        figure.suptitle("", fontsize=9),
        told(paths.scenario.title, paths.scenario.changes),
        process_text(paths.scenario.market),
        f"{how} {len(paths):,} paths", room=0.96,
    )  # fmt: skip
    if dates:
        years = paths.years
        for axis in figure.axes:
            axis.set_xlim(years[paths.opening], years[-1])
            for month in paths.deadlines:
                axis.axvline(years[month], color=GREY, lw=0.6, ls=":", alpha=0.7, zorder=0)
        for axis in figure.axes[-columns:]:
            axis.set_xlabel("year (dotted: surrender deadlines)")
    return figure


def process_text(market: Market) -> str:
    """The price process and the numbers that it starts from, in a few words."""
    text = f"price process {market.law}: {PROCESS_NAMES[market.law]}"
    if market.law not in ("collared", "equilibrium", "replay"):
        text += f", volatility {100 * market.volatility:.3g} % a year"
    return f"{text}, reference price {market.price:,.6g} {market.currency}/t"


def fan(
    axis: Axes,
    paths: PricePaths,
    values: NDArray[np.float64],
    colour: str,
    months: slice = slice(None),
    style: str = "-",
) -> None:
    """Median, 50 % and 90 % of (n, months) values over the chosen months, from the market's opening on."""
    months = slice(max(months.start or 0, paths.opening), months.stop)
    years = paths.years[months]
    low, lower, middle, upper, high = np.quantile(values[:, months], (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)
    axis.fill_between(years, low, high, color=colour, alpha=0.18, lw=0)
    axis.fill_between(years, lower, upper, color=colour, alpha=0.30, lw=0)
    axis.plot(years, middle, color=colour, lw=1.6, ls=style)


def label(axis: Axes, *lines: str) -> None:
    """Name the vertical axis and its unit."""
    from matplotlib.ticker import MaxNLocator

    grid = axis.get_gridspec()
    write(axis.set_ylabel("", fontsize=9), *lines, room=0.9 / (grid.nrows if grid else 1))
    axis.grid(axis="y", alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    thousands(axis.yaxis)


def thousands(axis: Any) -> None:
    """Write numbers in full, with commas."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def key(figure: Figure, entries: list[tuple[str, str, str]]) -> None:
    """A legend below the picture: colour, line style, text."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=colour, ls=style, lw=2.0, label=text) for colour, style, text in entries]
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines), frameon=False, fontsize=9)
