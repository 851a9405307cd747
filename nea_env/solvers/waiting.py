"""What rights to invest, to abate and to pay a fine are worth, while the price is a geometric Brownian motion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import TECHS
from nea_env.core.lowering.splice import Tables
from nea_env.core.parameters import DEADLINE, FIX_STRIKE, NEVER, Event, Month, Static
from nea_env.policies.plan.books import Path
from nea_env.solvers.closed_form.normal import chance_below

Floats = NDArray[np.float64]
NODES, LOWEST, HIGHEST = 160, 1 / 30, 30.0  # of the grid of prices, over the price at the start


class Waiting:
    """Value of a tonne a month of potential by price, by technology and month: money/(t/month).

    Each month at most a share of what is left may be started, so W = c + share x max(0, v - c), with v what capacity
    started now is worth beyond its cost and c the discounted expectation of W a month later. W is taken as linear
    between the nodes of a grid of prices; then that expectation is a sum of calls, and exact. The same is found for
    what hangs on no decision and follows the price: operational abatement at baseline emissions, and fines with a cap.

    Args:
        tables: of the law; its price is a geometric Brownian motion.
    """

    def __init__(self, tables: Tables) -> None:
        own = tables.static
        self._tables, start = tables, math.exp(own[Static.START_LOG_PRICE])
        self._grid = start * np.geomspace(LOWEST, HIGHEST, NODES)
        self._calls = {moves: self._expected_excess(self._grid[:, None], moves) for moves in (0.0, 1.0)}
        self._values = np.zeros((TECHS + 1, tables.horizon + 1, NODES))
        potential = own[Static.POTENTIAL : Static.POTENTIAL + TECHS]
        for k in range(TECHS):
            if potential[k] > 0.0:
                share = min(1.0, float(own[Static.INVEST_RATE] * potential[k:].sum() / potential[k]))
                self._solve(k, share)
        self._solve_rest()

    def _solve_rest(self) -> None:
        """Operational abatement at baseline emissions, and a year's duty ended by a fine that has a cap.

        At a price above the cap all is built and abated that can be: what is left is the duty.
        """
        own, monthly, gain = self._tables.static, self._tables.monthly, np.zeros(NODES)
        if own[Static.ABATE_MAX] > 0.0 and own[Static.TRADABLE] > 0.0:
            steep, scale = own[Static.ABATE_STEEPNESS], own[Static.ABATE_SCALE]
            share = np.minimum(np.log1p(self._grid / scale) / steep, own[Static.ABATE_MAX])
            gain = self._grid * share - scale * (np.expm1(steep * share) / steep - share)
        caps, built = self._capped_fines(), 12.0 * own[Static.POTENTIAL : Static.POTENTIAL + TECHS].sum()
        duty = max(0.0, own[Static.ANNUAL_EMISSIONS] - built) * (1.0 - own[Static.ABATE_MAX])
        for t in reversed(range(self._tables.horizon)):
            moves = float(monthly[t + 1, Month.PRICE_MOVES] > 0.0)
            later = own[Static.DISCOUNT] * self._expected(self._values[-1, t + 1], self._calls[moves], self._grid)
            fine = duty * np.maximum(self._grid - caps[t], 0.0) if t in caps else 0.0
            self._values[-1, t] = later + monthly[t, Month.EMISSIONS] * gain + fine

    def _capped_fines(self) -> dict[int, float]:
        """The most that a missing tonne can cost, by month of the deadline, where there is a most."""
        found: dict[int, float] = {}
        cap = NEVER
        for t in range(self._tables.horizon):
            month = self._tables.monthly[t]
            for event in self._tables.events[int(month[Month.FIRST_EVENT]) : int(month[Month.LAST_EVENT])]:
                if event[Event.KIND] == FIX_STRIKE:
                    cap = float(event[Event.STRIKE_CAP] + event[Event.STRIKE_PRICE])
                elif event[Event.KIND] == DEADLINE and cap < NEVER and event[Event.DEDUCTED] <= 0.0:
                    found[t] = cap
        return found

    def _solve(self, k: int, share: float) -> None:
        own, monthly = self._tables.static, self._tables.monthly
        for t in reversed(range(self._tables.horizon)):
            if monthly[t, Month.OUTPUT] <= 0.0:
                continue
            moves = float(monthly[t + 1, Month.PRICE_MOVES] > 0.0)
            later = own[Static.DISCOUNT] * self._expected(self._values[k, t + 1], self._calls[moves], self._grid)
            gain = self._grid * monthly[t, Month.SAVING_MONTHS + k] - monthly[t, Month.RUNNING_COST + k]
            gain = own[Static.CAPEX + k] * (gain + monthly[t, Month.RESIDUAL + k] - 1.0)
            self._values[k, t] = later + share * np.maximum(gain - later, 0.0)

    def _expected_excess(self, price: Floats, moves: float) -> Floats:
        """Mean of what next month's price exceeds each node by, (…, NODES)."""
        own = self._tables.static
        forward, sd = price / own[Static.DISCOUNT], own[Static.PRICE_SD] * moves
        if sd <= 0.0:
            return np.maximum(forward - self._grid, 0.0)
        above = np.log(forward / self._grid) / sd + 0.5 * sd
        return forward * chance_below(above) - self._grid * chance_below(above - sd)

    def _expected(self, values: Floats, excess: Floats, price: Floats) -> Floats:
        """Mean of W a month later: linear from the first node on with the slope of each piece, the first before it."""
        slopes = np.diff(values) / np.diff(self._grid)
        turns = np.concatenate([[0.0], np.diff(slopes), [0.0]])  # the last piece goes on
        line = values[0] + slopes[0] * (price / self._tables.static[Static.DISCOUNT] - self._grid[0])
        return line + excess @ turns

    def _at(self, values: Floats, price: float) -> float:
        """W at a price."""
        slopes = np.diff(values) / np.diff(self._grid)
        piece = min(max(int(np.searchsorted(self._grid, price)) - 1, 0), NODES - 2)
        return float(values[piece] + slopes[piece] * (price - self._grid[piece]))

    def news(self, path: Path) -> Floats:
        """(TECHS + 1, horizon) news of W, and of the rest, in the month after each, discounted.

        That is what each became less what was expected of it: money/(t/month), the last row money.
        """
        own, monthly, horizon = self._tables.static, self._tables.monthly, self._tables.horizon
        news = np.zeros((TECHS + 1, horizon))
        for t in range(horizon - 1):
            if monthly[t + 1, Month.OUTPUT] <= 0.0:
                continue
            factors, chances = self._intervention(t + 1, float(path.run[t + 1]))
            prices = path.price[t] * factors
            excess = self._expected_excess(prices[:, None], float(monthly[t + 1, Month.PRICE_MOVES] > 0.0))
            for k in range(TECHS + 1):
                if self._values[k, t + 1].any():
                    mean = chances @ self._expected(self._values[k, t + 1], excess, prices)
                    news[k, t] = self._at(self._values[k, t + 1], float(path.price[t + 1])) - mean
            news[:, t] *= own[Static.DISCOUNT] ** (t + 1)
        return news

    def _intervention(self, t: int, run: float) -> tuple[Floats, Floats]:
        """Factors that a committee may put on the price of a month, and their chances."""
        month = self._tables.monthly[t]
        place = int(month[Month.TRIGGER_EVENT])
        if place < 0 or abs(run) < month[Month.TRIGGER_MONTHS]:
            return np.ones(1), np.ones(1)
        acts = float(self._tables.events[place, Event.ACTS])
        move = math.copysign(float(self._tables.events[place, Event.PRICE_MOVE]), run)
        return np.array([1.0 - move, 1.0 + move * acts / (1.0 - acts)]), np.array([acts, 1.0 - acts])
