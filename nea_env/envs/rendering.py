"""What ``render`` shows: an episode so far as text or as one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nea_env.scenario import add_months

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from nea_env.core.batch import Batch
    from nea_env.scenario import Scenario

    Months = dict[str, NDArray[np.float64]]

RENDER_MODES = ["ansi", "rgb_array"]
RENDER_FPS = 6  # half a year a second

NO_RENDER_MODE = "render() needs a render_mode: make the environment with one of " + ", ".join(RENDER_MODES)

_SHOWN_FLOWS = ("bought", "sold", "surrendered", "emitted", "abated", "saved", "cost")
_TONNES = ((1e9, "Gt"), (1e6, "Mt"), (1e3, "kt"), (0.0, "t"))
_MONEY = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "), (0.0, ""))
_ROOM = 1.35  # of the largest value, so that the legend covers no line


def check_render_mode(mode: str | None) -> None:
    """Raise ValueError for a mode that is not offered."""
    if mode is not None and mode not in RENDER_MODES:
        raise ValueError(f"render_mode is {mode!r}: expected None or one of {', '.join(RENDER_MODES)}")


class History:
    """Month by month what the pictures need, kept only where a render mode is set.

    Args:
        n: rows.
    """

    def __init__(self, n: int) -> None:
        self._months: list[Months] = []
        self._start = np.zeros(n, np.int64)

    def begin(self, batch: Batch, rows: NDArray[np.bool_] | None = None) -> None:
        """Note the state after a reset of some rows (all without a mask)."""
        self.record(batch, np.ones(len(self._start), bool) if rows is None else rows)

    def record(self, batch: Batch, began: NDArray[np.bool_] | None = None) -> None:
        """Note the present state and the month just played; ``began`` rows start their episode here."""
        flows = batch.flows()
        month = {**batch.market(), **{f"held_{name}": values for name, values in batch.accounts().items()}}
        month.update({name: flows[name] for name in _SHOWN_FLOWS})
        self._months.append(month)
        if began is not None and began.any():
            self._start[began] = len(self._months) - 1
            idle = int(self._start.min())  # months no row's episode reaches back to
            del self._months[:idle]
            self._start -= idle

    def row(self, index: int) -> Months:
        """Series of one row since its episode began; entry 0 is the state at the reset."""
        months = self._months[self._start[index] :]
        if not months:
            return {}
        return {name: np.array([month[name][index] for month in months], float) for name in months[0]}


def render(mode: str | None, scenario: Scenario, history: History, row: int) -> Any:
    """One row's frame: str for ``ansi``, (H, W, 3) uint8 for ``rgb_array``."""
    months = history.row(row)
    return _text(scenario, months) if mode == "ansi" else _picture(scenario, months)


def _scale(largest: float, scales: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """A divisor and its name that bring ``largest`` below a thousand."""
    for divisor, name in scales:
        if abs(largest) >= divisor:
            return divisor or 1.0, name
    return 1.0, ""


def _money(value: float) -> str:
    divisor, name = _scale(value, _MONEY)
    return f"{value / divisor:,.2f} {name}"


def _date(scenario: Scenario, months: Months) -> str:
    """The month the firm stands in; after the end, the last one."""
    return min(add_months(scenario.start, int(months["month"][-1])), scenario.end)


def _text(scenario: Scenario, months: Months) -> str:
    """Five lines: where, prices, holdings, duty, the month and its cost."""
    if not months:
        return f"{scenario.title}: no episode yet\n"
    now = {name: values[-1] for name, values in months.items()}
    currency = scenario.market.currency
    played = len(months["month"]) - 1
    strike = f"   penalty {now['strike']:,.0f}" if now["strike"] > 0 else ""
    offset = f"   offset {now['offset_price']:,.0f}" if now["offset_price"] > 0 else ""
    lines = [
        f"{scenario.title} | {_date(scenario, months)} | {played} months played",
        f"price   front {now['front_price']:,.0f}   long {now['long_price']:,.0f}{offset}{strike}   {currency}/t",
        f"holds   front {now['held_front']:,.0f}   next {now['held_next']:,.0f}   offsets {now['held_offsets']:,.0f}"
        f"   foreign {now['held_foreign']:,.0f}   t",
        f"owes    accrued {now['held_accrued']:,.0f}   closed {now['held_closed']:,.0f}   owed {now['held_owed']:,.0f}"
        f"   debt {now['held_debt']:,.0f}   t",
        f"month   emitted {now['emitted']:,.0f}   abated {now['abated']:,.0f}   saved {now['saved']:,.0f}"
        f"   bought {now['bought']:,.0f}   sold {now['sold']:,.0f}   surrendered {now['surrendered']:,.0f}   t",
        f"cost    month {_money(now['cost'])}{currency}   so far {_money(months['cost'].sum())}{currency}",
    ]
    return "\n".join(lines) + "\n"


def _picture(scenario: Scenario, months: Months) -> NDArray[np.uint8]:
    """Four panels over calendar time: prices, holdings against duty, abatement, cost so far."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        from gymnasium.error import DependencyNotInstalled

        needed = "render_mode='rgb_array' needs matplotlib: pip install 'nea-env[render]'"
        raise DependencyNotInstalled(needed) from error
    figure = Figure(figsize=(10, 6.4), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2, sharex=True)
    if months:
        start = int(scenario.start[:4]) + (int(scenario.start[5:]) - 1) / 12
        end = int(scenario.end[:4]) + int(scenario.end[5:]) / 12
        years = start + months["month"] / 12
        figure.suptitle(f"{scenario.title}, {_date(scenario, months)}", fontsize=13)
        _prices(axes[0, 0], years, months, scenario)
        _holdings(axes[0, 1], years, months)
        _abatement(axes[1, 0], years, months)
        _cost(axes[1, 1], years, months, scenario)
        for axis in axes.flat:
            axis.set_xlim(start, end)
            axis.grid(alpha=0.25)
            axis.spines[["top", "right"]].set_visible(False)
            axis.xaxis.get_major_locator().set_params(integer=True)
        for axis in axes[1]:
            axis.set_xlabel("year")
    canvas.draw()
    return np.array(canvas.buffer_rgba(), dtype=np.uint8)[..., :3].copy()


def _prices(axis: Axes, years: NDArray[np.float64], months: Months, scenario: Scenario) -> None:
    axis.plot(years, months["long_price"], color="C0", label="long price")
    axis.plot(years, months["front_price"], color="C1", lw=1.2, ls="--", label="front unit")
    if (months["offset_price"] > 0).any():
        axis.plot(years, months["offset_price"], color="C2", lw=1.0, label="offset credit")
    known = np.where(months["strike"] > 0, months["strike"], np.nan)
    top = 2.0 * max(months["long_price"].max(), months["front_price"].max())
    shown = np.where(known <= top, known, np.nan)  # a penalty far above the price would flatten the rest
    if np.isfinite(shown).any():
        axis.plot(years, shown, color="C3", lw=1.2, label="penalty price")
    axis.set(title="Prices", ylabel=f"{scenario.market.currency} per t")
    axis.set_ylim(0, _ROOM * axis.dataLim.y1)
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.legend(loc="upper left", fontsize=8, frameon=False, ncols=2)


def _holdings(axis: Axes, years: NDArray[np.float64], months: Months) -> None:
    held = np.array([months[f"held_{name}"] for name in ("front", "next", "offsets", "foreign")])
    owed = months["held_accrued"] + months["held_closed"] + months["held_owed"]
    top = max(float(held.sum(axis=0).max()), float(owed.max()))
    divisor, unit = _scale(top, _TONNES)
    labels = ["front", "next", "offsets", "foreign"]
    shown = [index for index, values in enumerate(held) if index == 0 or values.any()]
    colours = ["#4c78a8", "#9ecae9", "#54a24b", "#b279a2"]
    axis.stackplot(
        years, *(held[index] / divisor for index in shown),
        labels=[labels[index] for index in shown], colors=[colours[index] for index in shown], step="post",
    )  # fmt: skip
    axis.step(years, owed / divisor, where="post", color="black", lw=1.4, label="emitted, not surrendered")
    if months["held_debt"].any():
        axis.step(years, months["held_debt"] / divisor, where="post", color="C3", lw=1.2, label="debt")
    axis.set(title="Holdings and what is owed", ylabel=unit)
    axis.set_ylim(0, _ROOM * max(top / divisor, 1e-9))
    axis.legend(loc="upper left", fontsize=8, frameon=False, ncols=2)


def _abatement(axis: Axes, years: NDArray[np.float64], months: Months) -> None:
    played = years[1:] - 1 / 12  # a flow belongs to the month before the state it led to
    series = np.array([months["saved"][1:], months["abated"][1:]])
    total = months["emitted"][1:] + series.sum(axis=0)
    shares = 100 * np.divide(series, total, out=np.zeros_like(series), where=total > 0)
    axis.stackplot(played, *shares, labels=["technology", "operation"], colors=["#54a24b", "#b6d7a8"], step="post")
    axis.set(title="Abatement", ylabel="% of emissions without it")
    axis.set_ylim(0, max(1.0, 1.25 * float(shares.sum(axis=0).max(initial=0.0))))
    axis.legend(loc="upper left", fontsize=8, frameon=False)


def _cost(axis: Axes, years: NDArray[np.float64], months: Months, scenario: Scenario) -> None:
    total = np.cumsum(months["cost"])
    divisor, name = _scale(float(np.abs(total).max()), _MONEY)
    axis.plot(years, total / divisor, color="C4")
    axis.axhline(0, color="black", lw=0.8)
    axis.set(title="Cost so far", ylabel=f"{name}{scenario.market.currency}")
