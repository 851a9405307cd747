"""The picture of scenarios side by side: price, front discount, and what each policy does, a column for each policy.

A colour is a scenario; where a change of the law has two worths, the dashed line is the one at given prices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nea_env.bench.comparison import CHUNK
from nea_env.bench.figure_style import BLACK, COLOURS, MM, check, in_style, plain, save
from nea_env.bench.worths import GIVEN, THROUGH, Variant, letter
from nea_env.envs.lettering import write
from nea_env.policies.outcome import interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nea_env.bench.compare import Comparison

Floats = NDArray[np.float64]
POLICIES_MAX = 3
_PANEL, _GAP, _KEY = 18.0, 7.5, 3.6  # mm: height of a panel, between two of them, and of a line of the key
_HOW = {GIVEN: "given", THROUGH: "price", "": ""}  # as short as the room beside a panel
_LEAST = 0.05  # % of a year's emissions, or of the price: less is not drawn
_BARS = {
    "carried_over": "Carried over at deadlines",
    "lapsed": "Lapsed by vintage",
    "borrowed": "Borrowed by vintage",
    "imported": "Imported by vintage",
    "offsets": "Offset credits bought by vintage",
    "penalised": "Duty not met by vintage",
}

UNITS = "Tonnes are in % of a year's baseline emissions; lines and bars are means, whiskers 95 % intervals."

Draw = Callable[["Axes"], None]


def draw(found: Comparison, *, path: str | Path | None = None, width_mm: float = 174) -> Figure:
    """Draw a comparison: lines and bars are means over the episodes, whiskers 95 % intervals.

    Args:
        found: what to draw.
        path: also write it there, as its ending says: .pdf, .svg or .png.
        width_mm: 174 for a page.

    Raises:
        ValueError: more than three policies, a width out of bounds, or another ending.
        ModuleNotFoundError: matplotlib is not installed.
    """
    check(path, width_mm)
    if len(found.outcomes) > POLICIES_MAX:
        raise ValueError(f"{len(found.outcomes)} policies: a figure shows at most {POLICIES_MAX}")
    with in_style(width_mm, "the figure of a comparison"):
        figure = _figure(_Drawn(found), width_mm)
        if path is not None:
            save(figure, Path(path))
    return figure


class _Drawn:
    """What a figure shows, by variant.

    Attributes:
        looks: colour and dashes.
        months: beginning of each month, in years; counted from the start where scenarios start in different months.
    """

    def __init__(self, found: Comparison) -> None:
        self.found, self.scenarios = found, found.scenarios
        given = [variant.how == GIVEN for variant in found.variants]
        self.looks: list[dict[str, Any]] = [
            {"color": COLOURS[variant.place], "ls": (0, (3, 1.2)) if dashed else "-", "zorder": 3 if dashed else 2}
            for variant, dashed in zip(found.variants, given, strict=True)
        ]
        self.by_date = len({scenario.start for scenario in self.scenarios}) == 1
        self.starts = [
            int(one.start[:4]) + (int(one.start[5:]) - 1) / 12.0 if self.by_date else 0.0 for one in self.scenarios
        ]
        self.months = [
            start + np.arange(len(prices.long)) / 12.0 for start, prices in zip(self.starts, found.prices, strict=True)
        ]

    def share(self, place: int) -> float:
        """Per cent that a tonne is of a year's emissions, of the mean firm where its size is drawn."""
        played_first = self.found.emissions[place][:CHUNK]  # means by month are of these
        return 100.0 / float(played_first.mean())

    def deadlines(self, place: int) -> Floats:
        """End of the month of each deadline, in years."""
        scenario = self.scenarios[place]
        ends = dict.fromkeys(scenario.regime.calendar[year].deadline for year in scenario.periods)
        first = int(scenario.start[:4]) * 12 + int(scenario.start[5:])
        months = np.array(sorted(int(end[:4]) * 12 + int(end[5:]) - first + 1 for end in ends))
        return np.asarray(self.starts[place] + months / 12.0)

    def monthly(self, policy: str, name: str) -> list[Floats]:
        """A mean by month of each variant: of the bank, or the cost so far."""
        outcomes = self.found.outcomes[policy]
        scale = [self.share(place) if name == "bank" else 1.0 for place in range(len(outcomes))]
        return [factor * outcome.means[name] for factor, outcome in zip(scale, outcomes, strict=True)]

    def abated(self, policy: str) -> list[Floats]:
        """Emissions avoided by year from the start, % of a year's, of each variant."""
        every = []
        for place, outcome in enumerate(self.found.outcomes[policy]):
            scenario = self.scenarios[place]
            years = sum(scenario.regime.calendar[year].years for year in scenario.periods)  # without the run-off
            tonnes = outcome.means["abatement"][: 12 * years]
            every.append(self.share(place) * np.add.reduceat(tonnes, np.arange(0, len(tonnes), 12)))
        return every

    def by_vintage(self, policy: str, name: str) -> list[Floats]:
        """Means by vintage of each variant, % of a year's emissions."""
        outcomes = self.found.outcomes[policy]
        shares = [100.0 / annual[:, None] for annual in self.found.emissions]
        return [(share * one.yearly[name]).mean(axis=0) for share, one in zip(shares, outcomes, strict=True)]


def _figure(drawn: _Drawn, width_mm: float) -> Figure:
    from matplotlib.figure import Figure

    rows = _rows(drawn)
    columns = max(map(len, rows))
    found = drawn.found
    key = [
        (f"{letter(variant.place)}: {variant.label}", look)
        for variant, look in zip(found.variants, drawn.looks, strict=True)
    ]
    top, bottom = 12.5, 7.0 + _KEY * len(key)
    height = top + len(rows) * (_PANEL + _GAP) - _GAP + bottom
    figure = Figure(figsize=(width_mm * MM, height * MM))
    left, between, right = 11.0, 12.0, 3.0
    across = (width_mm - left - right - between * (columns - 1)) / columns
    for row, panels in enumerate(rows):
        axes: list[Axes] = []
        for column, (title, paint, dated) in enumerate(panels):
            x, y = left + column * (across + between), height - top - row * (_PANEL + _GAP) - _PANEL
            axis = figure.add_axes(
                (x / width_mm, y / height, across / width_mm, _PANEL / height), label=f"{row},{column}"
            )
            paint(axis)
            _dress(axis, title, drawn, dated, room=across / width_mm)
            axes.append(axis)
        if row or len(found.outcomes) == 1:
            _share(axes, [title.partition(":")[2] or title for title, _, _ in panels])
    _legend(figure, key, height, width_mm)
    write(
        figure.suptitle("", x=2.0 / width_mm, y=1.0 - 1.2 / height, ha="left", va="top"), found.title, UNITS, room=0.97
    )
    return figure


def _rows(drawn: _Drawn) -> list[list[tuple[str, Draw, bool]]]:
    """Rows of panels: title, what to draw, and whether along the years; a column for each policy, two for one."""
    market = [_price_panel(drawn)]
    if any(float(np.nanmax(np.abs(one))) > _LEAST for one in _discounts(drawn)):
        market.append((_front_title(), lambda axis: _lines(axis, drawn, _discounts(drawn)), True))
    policies = list(drawn.found.outcomes)
    kinds = [_bank_panel, *(_bar_panel(name) for name in _BARS), _abated_panel, _cost_panel, _worth_panel]
    rows = [[kind(drawn, policy) for policy in policies] for kind in kinds]
    shown = [[one for one in row if one is not None] for row in rows if any(one is not None for one in row)]
    if len(policies) == 1:
        flat = [*market, *(row[0] for row in shown)]
        return [flat[place : place + 2] for place in range(0, len(flat), 2)]
    return [market, *shown]


def _price_panel(drawn: _Drawn) -> tuple[str, Draw, bool]:
    currencies = list(dict.fromkeys(scenario.market.currency for scenario in drawn.scenarios))
    if len(currencies) == 1:
        return f"Long price ({currencies[0]}/t)", lambda axis: _lines(axis, drawn, _longs(drawn)), True
    starts = [prices.long[np.isfinite(prices.long)][0] for prices in drawn.found.prices]
    relative = [100.0 * long / start for long, start in zip(_longs(drawn), starts, strict=True)]
    return "Long price (first month = 100)", lambda axis: _lines(axis, drawn, relative), True


def _longs(drawn: _Drawn) -> list[Floats]:
    return [prices.long for prices in drawn.found.prices]


def _front_title() -> str:
    return "Front discount (% of the price)"


def _discounts(drawn: _Drawn) -> list[Floats]:
    """By month; NaN where the price is next to nothing, so that a share of it says nothing."""
    every = []
    for prices in drawn.found.prices:
        known = prices.long > 0.05 * np.nanmean(prices.long)
        every.append(np.where(known, 100.0 * (1.0 - prices.front / prices.long), np.nan))
    return every


def _bank_panel(drawn: _Drawn, policy: str) -> tuple[str, Draw, bool]:
    months = drawn.monthly(policy, "bank")
    title = f"{_called(policy)}: bank"
    return title, lambda axis: _lines(axis, drawn, months, at_end=True), True


def _cost_panel(drawn: _Drawn, policy: str) -> tuple[str, Draw, bool]:
    months = drawn.monthly(policy, "cumulative_cost")
    title = f"{_called(policy)}: discounted cost so far (% of exposure)"
    return title, lambda axis: _lines(axis, drawn, months, at_end=True), True


def _abated_panel(drawn: _Drawn, policy: str) -> tuple[str, Draw, bool]:
    years = drawn.abated(policy)

    def paint(axis: Axes) -> None:
        for place, values in enumerate(years):
            edges = drawn.months[place][0] + np.arange(len(values) + 1)
            axis.stairs(values, edges, baseline=None, lw=1.0, **drawn.looks[place])

    return f"{_called(policy)}: abated by year", paint, True


def _bar_panel(name: str) -> Callable[[_Drawn, str], tuple[str, Draw, bool] | None]:
    def panel(drawn: _Drawn, policy: str) -> tuple[str, Draw, bool] | None:
        every = [drawn.by_vintage(other, name) for other in drawn.found.outcomes]
        if max(float(np.abs(values).max()) for of in every for values in of) < _LEAST:
            return None
        mine = drawn.by_vintage(policy, name)
        title = f"{_called(policy)}: {_BARS[name][0].lower()}{_BARS[name][1:]}"
        return title, lambda axis: _bars(axis, drawn, mine), True

    return panel


def _worth_panel(drawn: _Drawn, policy: str) -> tuple[str, Draw, bool]:
    outcomes = drawn.found.outcomes[policy]
    found = [interval(one.cost_pct - outcomes[0].cost_pct) for one in outcomes[1:]]

    def paint(axis: Axes) -> None:
        for place, one in enumerate(found, start=1):
            colour, given = drawn.looks[place]["color"], drawn.looks[place]["ls"] != "-"
            reach = [[one["mean"] - one["low"]], [one["high"] - one["mean"]]]
            fill = {"facecolor": "white", "hatch": "/////"} if given else {"facecolor": colour}
            axis.barh(place, one["mean"], 0.62, xerr=reach, edgecolor=colour, lw=0.6, ecolor=BLACK,
                      error_kw={"lw": 0.7}, **fill)  # fmt: skip
        axis.axvline(0.0, color=BLACK, lw=0.4)
        axis.set_yticks(range(1, len(outcomes)), [_shorter(variant) for variant in drawn.found.variants[1:]])
        axis.set_ylim(len(outcomes) - 0.4, 0.4)

    return f"{_called(policy)}: cost less that of A (% of exposure)", paint, False


def _shorter(variant: Variant) -> str:
    return f"{letter(variant.place)} {_HOW[variant.how]}".strip()


def _called(policy: str) -> str:
    return policy.replace("_", " ")


def _lines(axis: Axes, drawn: _Drawn, values: Sequence[Floats], *, at_end: bool = False) -> None:
    shown: list[Floats] = []
    for place, one in enumerate(values):
        if any(one.shape == other.shape and np.array_equal(one, other, equal_nan=True) for other in shown):
            continue  # the same line, such as the price of the first at given prices
        shown.append(one)
        axis.plot(drawn.months[place] + (1.0 / 12.0 if at_end else 0.0), one, **drawn.looks[place])


def _bars(axis: Axes, drawn: _Drawn, values: Sequence[Floats]) -> None:
    nearest = min(float(np.diff(drawn.deadlines(place)).min(initial=3.0)) for place in range(len(values)))
    width = 0.8 * nearest / len(values)
    if max(float(one.max(initial=0.0)) for one in values) < _LEAST:
        write(axis.text(0.5, 0.5, "", transform=axis.transAxes, ha="center", va="center"), "none")
        return
    for place, one in enumerate(values):
        look = drawn.looks[place]
        fill = {"facecolor": "white", "hatch": "/////"} if look["ls"] != "-" else {"facecolor": look["color"]}
        offset = (place - (len(values) - 1) / 2.0) * width
        axis.bar(drawn.deadlines(place) + offset, one, width, edgecolor=look["color"], lw=0.5, **fill)


def _dress(axis: Axes, title: str, drawn: _Drawn, dated: bool, room: float) -> None:
    from matplotlib.ticker import MaxNLocator

    write(axis.set_title("", loc="left", pad=3.0), title, room=room)
    axis.spines[["top", "right"]].set_visible(False)
    if not dated:
        plain(axis.xaxis, 6)
        return
    plain(axis.yaxis)
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, 0.0), max(high, 0.0) or 1.0)
    axis.axhline(0.0, color=BLACK, lw=0.4)
    start, end = min(one[0] for one in drawn.months), max(one[-1] for one in drawn.months) + 1.0 / 12.0
    axis.set_xlim(start, end + 0.45)  # room for the bars of the last deadline
    axis.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
    if not drawn.by_date:
        axis.set_xlabel("years from the start", labelpad=1.0)


def _share(axes: Sequence[Axes], kinds: Sequence[str]) -> None:
    """The same scale for the same quantity of several policies."""
    if len(axes) < 2 or len(set(kinds)) > 1:
        return
    across = "cost less" in kinds[0]
    limits = [axis.get_xlim() if across else axis.get_ylim() for axis in axes]
    low, high = min(one[0] for one in limits), max(one[1] for one in limits)
    for axis in axes:
        (axis.set_xlim if across else axis.set_ylim)(low, high)


def _legend(figure: Figure, key: Sequence[tuple[str, dict[str, Any]]], height: float, width: float) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=name, color=look["color"], ls=look["ls"]) for name, look in key]
    legend = figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(2.0 / width, 0.5 / height), ncols=1, frameon=False,
        handlelength=3.0, labelspacing=0.4, borderaxespad=0.0, borderpad=0.2,
    )  # fmt: skip
    for entry in legend.get_texts():
        write(entry, entry.get_text(), room=0.9)
