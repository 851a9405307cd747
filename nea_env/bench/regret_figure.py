"""The picture of a policy's regret: maps of months by price and by bank, and the sum of each month."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nea_env.bench import figure_style
from nea_env.bench.figure_style import COLOURS, GREY, MM
from nea_env.bench.regret import Regret

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEN = 1e-9  # chance of a cell below which it is left blank


def plot_regret(found: Regret, path: str | Path | None = None, *, width_mm: float = 183.0) -> Figure:
    """Draw where regret is lost.

    Args:
        found: of `nea_env.bench.regret.regret`.
        path: .pdf, .svg or .png to write it to; None: only return it.
        width_mm: of the figure.

    Raises:
        ValueError: another ending, or a width out of bounds.
        ModuleNotFoundError: matplotlib is not installed.
    """
    figure_style.check(path, width_mm)
    with figure_style.in_style(width_mm, "plot_regret"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width_mm * MM, 0.72 * width_mm * MM), layout="constrained")
        bars, price, bank = figure.subplots(3, 1, sharex=True, height_ratios=(1.0, 1.6, 1.6))
        _bars(bars, found)
        top = max(found.by_price.max(), found.by_bank.max(), 1e-12)
        _map(price, found.by_price, found.visited_price, found.price_edges, top)
        price.set_yscale("log")
        _plain_numbers(price.yaxis)
        price.set_ylabel(f"long price, {found.currency}/t,\ndiscounted to the start")
        drawn = _map(bank, found.by_bank, found.visited_bank, found.bank_edges, top)
        bank.axhline(0.0, color=GREY, linewidth=0.6)
        bank.set_ylabel("held less owed,\nyears of emissions")
        figure.colorbar(drawn, ax=[price, bank], label="regret, % of exposure", pad=0.01)
        _months(bank, found.months)
        figure.suptitle(_title(found))
        if path is not None:
            figure_style.save(figure, Path(path))
        return figure


def _title(found: Regret) -> str:
    score = "" if found.score.score is None else f", score {found.score.score:.3f}"
    return f"{found.policy} on {found.scenario}: regret {abs(found.score.regret_pct):.3f} % of exposure{score}"


def _bars(axes: Any, found: Regret) -> None:
    axes.bar(np.arange(len(found.by_month)) + 0.5, found.by_month, width=0.8, color=COLOURS[0])
    axes.set_ylabel("regret,\n% of exposure")
    axes.set_ylim(bottom=0.0)


def _map(axes: Any, lost: Any, visited: Any, edges: Any, top: float) -> Any:
    shown = np.ma.masked_where(visited < SEEN, lost)
    months = np.arange(len(lost) + 1)
    axes.set_facecolor("#CFCFCF")  # where the policy never is
    return axes.pcolormesh(months, edges, shown.T, cmap="OrRd", vmin=0.0, vmax=top)


def _plain_numbers(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_minor_formatter(NullFormatter())


def _months(axes: Any, months: tuple[str, ...]) -> None:
    places = [place for place, month in enumerate(months) if month.endswith(("-01", "-07"))]
    if len(places) > 10:
        places = [place for place in places if months[place].endswith("-01")]
    axes.set_xticks(places, [months[place] for place in places])
    axes.set_xlim(0, len(months))
    axes.set_xlabel("month; grey: never there")
