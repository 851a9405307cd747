"""What a firm would pay that knew the path of prices and of its output from the start.

No policy costs less on average, so it is a bound to hold every result to - and a loose one, since it lets the firm
trade on prices that nobody knows. ``dual`` takes most of that away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.core.lowering.splice import Tables
from nea_env.core.lowering.tables import lowered
from nea_env.envs.marking import reference_position
from nea_env.policies.outcome import interval
from nea_env.policies.plan.books import Path, books_of, idle_paths
from nea_env.policies.plan.programme import Plan, Programme
from nea_env.policies.plan.replay import charged
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario

Floats = NDArray[np.float64]
Penalty = Callable[[Programme, Path], None]
"""Adds what foresight must pay for to a programme on a path: a cost of mean zero under every policy without it."""
TOLERANCE = 1e-6  # of the tangents, share of exposure; a bound holds whatever it is


class Bound(NamedTuple):
    """A lower bound on the mean cost of every policy, % of exposure.

    Attributes:
        mean: of the episodes.
        low: end of its 95 % interval.
        high: the other end.
        costs: (n,) by episode, each with what the price did to a fixed firm left out, whose mean is zero.
    """

    mean: float
    low: float
    high: float
    costs: Floats


class Foreseen(NamedTuple):
    """What plans with foresight cost, by episode (n,), % of exposure.

    Attributes:
        planned: as the programme says.
        charged: as the environment says.
        bound: no plan costs less.
    """

    planned: Floats
    charged: Floats
    bound: Floats


def foresight(scenario: Scenario, n: int = 100, seed: int = EVALUATION_SEEDS) -> Bound:
    """Mean cost of the best plan on each of ``n`` known paths, from below: switches may stand half-way.

    Args:
        scenario: without links, output as a choice, permanent impact or a menu.
        n: episodes, at least 2.
        seed: of the first; the others follow.

    Raises:
        ValueError: the programme cannot hold the scenario; see ``policies.plan.programme``.
        ImportError: HiGHS is missing.
    """
    return bound(scenario, n, seed, lambda programme, path: None)


def bound(scenario: Scenario, n: int, seed: int, penalty: Penalty) -> Bound:
    """The same where foresight pays a penalty.

    Args:
        scenario: see `foresight`.
        n: episodes, at least 2.
        seed: of the first.
        penalty: added to each programme; its mean must be zero under every policy that does not foresee.
    """
    laws, found = lowered(scenario).tables, np.zeros(n)
    batch = Batch(scenario, n)
    batch.reset(np.arange(seed, seed + n))
    books, statutes = books_of(batch), batch.statutes
    paths, control = idle_paths(batch), _control(scenario)
    for i in range(n):
        tables = laws[statutes[i]]
        programme = Programme(tables, books[i], paths[i], whole=False, forgives=True)
        penalty(programme, paths[i])
        plan = programme.solve("relaxed", tolerance=TOLERANCE)
        found[i] = 100.0 / tables.exposure * (plan.bound + control(tables, paths[i]))
    ends = interval(found)
    return Bound(ends["mean"], ends["low"], ends["high"], found)


def plans(scenario: Scenario, n: int, seed: int = EVALUATION_SEEDS) -> Foreseen:
    """The best plans themselves, switches and all, and what the environment charges for them: seconds each.

    Args:
        scenario: see `foresight`.
        n: episodes.
        seed: of the first.
    """
    laws = lowered(scenario).tables
    found: list[Plan] = []
    batch, seeds = Batch(scenario, n), np.arange(seed, seed + n)
    batch.reset(seeds)
    books, statutes = books_of(batch), batch.statutes
    for firm, path, law in zip(books, idle_paths(batch), statutes, strict=True):
        first = Programme(laws[law], firm, path).solve()
        found.append(Programme(laws[law], firm, path, owed=first.owed).solve())
    per_cent = np.array([100.0 / laws[law].exposure for law in statutes])
    planned, bounds = (per_cent * np.array([getattr(plan, name) for plan in found]) for name in ("cost", "bound"))
    return Foreseen(planned, charged(scenario, seeds, found), bounds)


def _control(scenario: Scenario) -> Callable[[Tables, Path], float]:
    """What the price's news does to a firm that trades just in time, money: nothing on average, and most of the noise.

    Nothing is left out where the price pays whoever trades, or laws are drawn.
    """
    if not scenario.market.is_martingale or scenario.drawn or scenario.policy.mode != "historical":
        return lambda tables, path: 0.0
    flows = np.diff(reference_position(scenario)[0])

    def control(tables: Tables, path: Path) -> float:
        months = np.arange(tables.horizon)
        growth = np.exp(scenario.market.discount_rate / 12.0 * months)
        return float(flows @ (path.price / growth - path.price[0]))

    return control
