"""The four panels of a picture: what each shows of a series of months, and how far its vertical axis reaches.

A panel's view (its limits, unit and legend) is a function of the months alone and changes in steps, so that a
frame does not depend on the frames before it, and the axes behind the curves are seldom redrawn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from nea_env.envs.rendering.history import cost_so_far, date
from nea_env.envs.rendering.text import MONEY, TONNES, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nea_env.envs.rendering.history import Months
    from nea_env.scenario import Scenario

_ROOM = 1.35  # of the largest value, so that the legend covers no line
_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_PRICES = ((1e6, "million "), (0.0, ""))


class View(NamedTuple):
    """What the axes behind the curves depend on."""

    low: float
    high: float
    unit: str
    shown: tuple[int, ...]  # the curves named in the legend
    title: str


class Panel:
    """Curves over years, and the view that they ask for.

    Args:
        scenario: its currency and its size.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.curves = self._make()

    def _make(self) -> list[Any]:  # of artists
        """The curves, lowest first; those with a label can appear in the legend."""
        raise NotImplementedError

    def update(self, years: NDArray[np.float64], months: Months) -> View:
        """Put the months into the curves; returns the view that fits them."""
        raise NotImplementedError

    def _show(self, shown: Sequence[int]) -> tuple[int, ...]:
        for index, curve in enumerate(self.curves):
            curve.set_visible(index in shown)
        return tuple(index for index in shown if not str(self.curves[index].get_label()).startswith("_"))


class Prices(Panel):
    """Long and front price, offset credits where there are any, the penalty where it is near."""

    def _make(self) -> list[Any]:
        return [
            Line2D([], [], color="C0", label="long price"),
            Line2D([], [], color="C1", lw=1.2, ls="--", label="front unit"),
            Line2D([], [], color="C2", lw=1.0, label="offset credit"),
            Line2D([], [], color="C3", lw=1.2, label="penalty price"),
        ]

    def update(self, years: NDArray[np.float64], months: Months) -> View:
        """Long and front price always; a penalty far above them would flatten the rest."""
        top = max(months["long_price"].max(), months["front_price"].max(), self._scenario.market.price)
        strike = months["strike"]
        near = np.where((strike > 0) & (strike <= 2.0 * top), strike, np.nan)
        values = [months["long_price"], months["front_price"], months["offset_price"], near]
        shown = [0, 1] + [k for k in (2, 3) if np.nanmax(values[k], initial=0.0) > 0.0]
        top = max(top, *(float(np.nanmax(values[k])) for k in shown))
        high = _rounded_up(_ROOM * top)
        divisor, unit = scaled(high, _PRICES)
        for line, value in zip(self.curves, values, strict=True):
            line.set_data(years, value / divisor)
        return View(0.0, high / divisor, f"{unit}{self._scenario.market.currency} per t", self._show(shown), "Prices")


class Holdings(Panel):
    """Units held, stacked, against what is owed."""

    _KINDS = ("front", "next", "offsets", "foreign")
    _NAMES = ("front: vintage due next", "next vintage", "offset credits", "foreign units")
    _COLOURS = ("#4c78a8", "#9ecae9", "#54a24b", "#b279a2")

    def _make(self) -> list[Any]:
        held = [_area(colour, name) for name, colour in zip(self._NAMES, self._COLOURS, strict=True)]
        owed = Line2D([], [], color="black", lw=1.4, drawstyle="steps-post", label="emitted, not settled")
        debt = Line2D([], [], color="C3", lw=1.2, drawstyle="steps-post", label="debt")
        return [*held, owed, debt]

    def update(self, years: NDArray[np.float64], months: Months) -> View:
        """Front units and what is owed always, the rest where there is any."""
        held = np.array([months[f"held_{name}"] for name in self._KINDS])
        owed = months["held_accrued"] + months["held_closed"] + months["held_owed"]
        top = max(held.sum(axis=0).max(), owed.max(), months["held_debt"].max())
        high = _rounded_up(_ROOM * max(top, 0.5 * self._scenario.firm.annual_emissions))
        divisor, unit = scaled(high, TONNES)
        _stack(self.curves[:4], years, held / divisor)
        self.curves[4].set_data(years, owed / divisor)
        self.curves[5].set_data(years, months["held_debt"] / divisor)
        shown = [k for k, values in enumerate([*held, owed, months["held_debt"]]) if k in (0, 4) or values.any()]
        return View(0.0, high / divisor, unit, self._show(shown), "Holdings and what is owed")


class Abatement(Panel):
    """Emissions avoided each month, by technology in place and by operation."""

    def _make(self) -> list[Any]:
        return [_area("#54a24b", "technology"), _area("#b6d7a8", "operation")]

    def update(self, years: NDArray[np.float64], months: Months) -> View:
        """Shares of what would have been emitted; a flow belongs to the month before the state it led to."""
        series = np.array([months["saved"], months["abated"]])
        total = months["emitted"] + series.sum(axis=0)
        shares = 100.0 * np.divide(series, total, out=np.zeros_like(series), where=total > 0)
        _stack(self.curves, years, np.roll(shares, -1, axis=1))
        high = _rounded_up(max(1.0, _ROOM * float(shares[:, 1:].sum(axis=0).max(initial=0.0))))
        used = [k for k in (0, 1) if series[k].any()]  # no entry for what is not there
        return View(0.0, high, "% of emissions without it", self._show(used), "Abatement")


class Cost(Panel):
    """Money paid since the first month shown."""

    def _make(self) -> list[Any]:
        return [Line2D([], [], color="C4", label="_cost")]

    def update(self, years: NDArray[np.float64], months: Months) -> View:
        """Reaches at least to a two-hundredth of a year's emissions at the reference price."""
        total = cost_so_far(months)
        least = 0.005 * self._scenario.firm.annual_emissions * self._scenario.market.price
        high = _rounded_up(max(1.1 * total.max(), least))
        low = -max(_rounded_up(-1.1 * total.min()), 0.06 * high)
        divisor, unit = scaled(max(high, -low), MONEY)
        self.curves[0].set_data(years, total / divisor)
        since = "so far" if months["month"][0] == 0 else f"since {date(self._scenario, months, 0)}"
        unit = f"{unit}{self._scenario.market.currency}"
        return View(low / divisor, high / divisor, unit, self._show((0,)), f"Cost {since}")


PANELS = (Prices, Holdings, Abatement, Cost)
"""In reading order, two per row."""


def _rounded_up(value: float) -> float:
    """The smallest round number that is not below it; 0 if it is not positive."""
    if value <= 0.0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return power * next((step for step in _ROUND if step * power >= value), 10.0)


def _area(colour: str, label: str) -> Polygon:
    return Polygon(np.zeros((1, 2)), facecolor=colour, linewidth=0.0, label=label)


def _stack(areas: Sequence[Any], years: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Values (k, months) stacked, each held until the next month."""
    x = np.repeat(years, 2)[1:]
    edges = np.repeat(np.cumsum(np.concatenate([np.zeros((1, len(years))), values]), axis=0), 2, axis=1)[:, :-1]
    outline = np.concatenate([x, x[::-1]])
    for area, lower, upper in zip(areas, edges[:-1], edges[1:], strict=True):
        area.set_xy(np.column_stack([outline, np.concatenate([lower, upper[::-1]])]))
