"""When a price taker builds what abates for decades: optimal stopping on a solved market, without any paths.

The firm may once pay for capacity that abates one tonne a year from some months on, for a life that outlasts the months
solved, and saves the running price less its own running cost. It knows the bank, the shock and the laws announced, and
what may follow. Dixit & Pindyck 1994, Investment under Uncertainty, have the rule: build where the present worth less
the capex is at least what waiting is worth. Everything is linear in the chance of each place, so shares and means are
exact but for the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import Chain
from nea_env.market.believed import Array, Believed, settlement, steps, table_of

Afterwards = Literal["constant", "grows"]
"""The price expected after the months solved: as in the last, or growing at the rate of discount."""


class Project(NamedTuple):
    """A lasting tonne of abatement a year, as a technology of a firm is.

    Attributes:
        opex: running cost, money/t.
        lead: months from the payment to the first month of abatement.
        life: months of abatement.
        afterwards: the price after the months solved.
    """

    opex: float
    lead: int
    life: int
    afterwards: Afterwards = "constant"


@dataclass(frozen=True)
class Stopping:
    """The best use of the option, for each of K costs.

    Attributes:
        worth: (K,) mean worth of the option in the month that was asked for, money per (t a year).
        at_once: (K,) mean of what building in that month earns, or 0 where it would lose.
        built: (last + 1, K) share that is built by the start of each month, over all places and laws played.
    """

    worth: Array
    at_once: Array
    built: Array

    @property
    def waiting(self) -> Array:
        """(K,) what being able to wait is worth in the month that was asked for, money per (t a year)."""
        return self.worth - self.at_once


def present_cost(project: Project, discount: float) -> float:
    """Present worth of the running costs of a tonne a year, paid by month, money per (t a year)."""
    months = np.arange(project.lead, project.lead + project.life)
    return float(project.opex / 12.0 * (discount**months).sum())


def tail_months(project: Project, month: int, solved: int, discount: float) -> float:
    """Months of a project's life after those solved, discounted to the last of these where prices stay constant.

    Args:
        project: built in ``month``.
        month: counted from the start.
        solved: months solved.
        discount: monthly factor.
    """
    later = np.arange(max(month + project.lead - solved, 0), month + project.lead + project.life - solved)
    return float(len(later) if project.afterwards == "grows" else (discount**later).sum())


def best_stopping(market: Believed, project: Project, capex: Array, last: int, asked: int = 0) -> Stopping:
    """When firms build, and what the right to is worth.

    Args:
        market: solved under a tree of laws.
        project: what can be built.
        capex: (K,) money per (t a year), paid when it is built.
        last: the first month in which it can't be built any more, at most the number of months solved.
        asked: month, before ``last``, in which the option is valued, whether it was used before or not.

    Raises:
        ValueError: the project's life ends within the months solved, or they end before ``last``.
    """
    check_project(project, market.chains[0].problem.months, last)
    if not 0 <= asked < last:
        raise ValueError(f"asked: in month {asked} nothing can be built; allowed: 0 to {last - 1}")
    chains, states = market.chains, market.tree.states
    begins: dict[int, _Values] = {}
    builds: dict[int, list[NDArray[np.bool_]]] = {}
    worth, at_once = np.zeros(len(capex)), np.zeros(len(capex))
    for place in reversed(range(len(chains))):
        parts = [(chance, begins[after]) for after, chance in states[place].branches]
        ends = _mixed(parts) if parts else _at_the_end(chains[place], project, len(capex))
        begins[place], builds[place], then = _backward(chains[place], project, capex, ends, last, asked)
        if then is not None:
            mass = market.masses[place][asked - states[place].first]
            worth += np.tensordot(mass, then.option, mass.ndim)
            at_once += np.tensordot(mass, np.maximum(then.building - capex, 0.0), mass.ndim)
    return Stopping(worth, at_once, _built(market, builds, len(capex), last))


def check_project(project: Project, solved: int, last: int) -> None:
    """Refuse what cannot be valued.

    Args:
        project: that can be built.
        solved: months solved.
        last: the first month in which it can't be built any more.

    Raises:
        ValueError: the project's life ends within the months solved, or they end before ``last``.
    """
    if project.life < solved - project.lead:
        raise ValueError(f"life: {project.life} months end before the {solved} solved; allowed: to outlast them")
    if not 0 < last <= solved:
        raise ValueError(f"last: {last} is no month that is solved; allowed: 1 to {solved}")


class _Values(NamedTuple):
    """Worths at the start of a month by banks and shock, money per (t a year); with (B, M, Z) where a period waits.

    Attributes:
        prices: (B, Z, lead + 1) a twelfth of all prices to the last month solved, from so many months on.
        final: (B, Z, 1) the price of the last month solved.
        option: (B, Z, K) of the right to build.
        building: (B, Z, 1) of what is built in the month, before its capex; unused at the end of the months solved.
    """

    prices: Array
    final: Array
    option: Array
    building: Array


def _at_the_end(chain: Chain, project: Project, costs: int) -> _Values:
    shape, last = chain.running.shape[1:], table_of(chain, "running", len(chain.landing))
    nothing = np.zeros((*shape, project.lead + 1))
    return _Values(nothing, last[..., None], np.zeros((*shape, costs)), np.zeros((*shape, 1)))


def _mixed(parts: list[tuple[float, _Values]]) -> _Values:
    """Means over the laws that may follow, by the market's chances."""
    chances = np.array([chance for chance, _ in parts])
    return _Values(*(np.tensordot(chances, np.stack(column), 1) for column in zip(*(v for _, v in parts), strict=True)))


def _backward(
    chain: Chain, project: Project, capex: Array, ends: _Values, last: int, asked: int
) -> tuple[_Values, list[NDArray[np.bool_]], _Values | None]:
    """Worths as the law is announced, where it is best to build by month, and worths in month ``asked``."""
    discount, solved = chain.problem.discount, chain.problem.months
    running_cost, lead = present_cost(project, discount), project.lead
    builds: list[NDArray[np.bool_]] = []
    now, then = ends, None
    for at in reversed(range(len(chain.landing))):
        month = chain.first + at
        onward = discount * steps(chain, at).expected(np.concatenate([now.prices, now.final, now.option], axis=-1))
        prices, final, option = np.split(onward, [lead + 1, lead + 2], axis=-1)
        first = table_of(chain, "running", at)[..., None] / 12.0 + prices[..., :1]
        prices = np.concatenate([first, prices[..., :lead]], axis=-1)
        building = prices[..., lead:] + final * tail_months(project, month, solved, discount) / 12.0 - running_cost
        if month < last:
            gain = building - capex
            builds.append(gain >= option)
            option = np.maximum(gain, option)
        else:
            builds.append(np.zeros(option.shape, bool))
            option = np.zeros_like(option)
        now = _Values(prices, final, option, building)
        then = now if month == asked else then
    settles = settlement(chain)
    if settles is not None:
        now = _Values(*(settles.expected(values) for values in now))
    return now, builds[::-1], then


def _built(market: Believed, builds: dict[int, list[NDArray[np.bool_]]], costs: int, last: int) -> Array:
    """(last + 1, K) share built by the start of each month: chances pushed forward over those who still wait."""
    problem = market.chains[0].problem
    start = np.zeros((*market.chains[0].running.shape[1:], costs))
    start[:, problem.start_shock] = market.chains[0].start_chances[:, None]
    waits: dict[int, Array] = {0: start}
    built = np.zeros((last + 1, costs))
    for place, chain in enumerate(market.chains):
        wait = waits.pop(place, None)
        if wait is None:
            continue
        settles = settlement(chain)
        wait = wait if settles is None else settles.pushed(wait)
        for at in range(min(len(chain.landing), last - chain.first)):
            done = np.where(builds[place][at], wait, 0.0)
            built[chain.first + at + 1] += done.reshape(-1, costs).sum(axis=0)
            wait = steps(chain, at).pushed(wait - done)
        for after, share in market.following[place].items():
            if market.tree.states[after].first < last:
                waits[after] = waits.get(after, 0.0) + share * wait
    return np.cumsum(built, axis=0)
