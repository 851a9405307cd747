"""Where a policy loses against the optimum: by month, price, bank, and by what it did instead of what was best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.bench.policies import as_policy, name_of
from nea_env.bench.score import Score, score_of
from nea_env.bench.target import Target, scenario_of
from nea_env.core.parameters import Quote
from nea_env.envs.menu import menu_of
from nea_env.policies.rules import JustInTime
from nea_env.solvers import solve_exact
from nea_env.solvers.choosers import chooser
from nea_env.solvers.exact import Exact

Floats = NDArray[np.float64]
PRICES, BANKS = 12, 12  # cells of a map in the other direction than months
MISTAKES = 5  # told in the text
LEAST_SHARE = 0.005  # of the regret: a smaller mistake is not told


@dataclass(frozen=True, repr=False)
class Regret:
    """What a policy loses, without sampling error; printing it tells where.

    Attributes:
        policy: its name.
        scenario: the scenario's.
        title: of the scenario.
        score: cost, regret and score.
        by_month: (T,) regret of each month's actions, % of exposure.
        by_price: (T, 12) the same by the long price, discounted to the start, in equal steps of its log.
        by_bank: (T, 12) the same by what is held less what is owed.
        visited_price: (T, 12) chance to be there.
        visited_bank: (T, 12) chance to be there.
        price_edges: (13,) money per t, of the cells of ``by_price``.
        bank_edges: (13,) years of baseline emissions, of the cells of ``by_bank``.
        mistakes: (what was done, what would have been best, % of exposure), the dearest first.
        currency: of the price.
        months: (T,) calendar months.
    """

    policy: str
    scenario: str
    title: str
    score: Score
    by_month: Floats
    by_price: Floats
    by_bank: Floats
    visited_price: Floats
    visited_bank: Floats
    price_edges: Floats
    bank_edges: Floats
    mistakes: tuple[tuple[str, str, float], ...]
    currency: str
    months: tuple[str, ...]

    def __str__(self) -> str:
        """What it costs, in which months, and the dearest mistakes."""
        cost, regret, score = self.score
        scored = "" if score is None else f"; score {score:.3f} (0: just in time, 1: the optimum)"
        lines = [
            f"{self.policy} on {self.scenario}, {self.title}:",
            f"costs {cost:.3f} % of exposure, {abs(regret):.3f} above the optimum{scored}; no sampling error",
        ]
        if regret < 5e-7:
            return "\n".join([*lines, "it is the optimum"])
        dearest = sorted(np.argsort(-self.by_month, kind="stable")[:6])
        told = ", ".join(f"{self.months[t]} {self.by_month[t]:.3f}" for t in dearest if self.by_month[t] > 0.0)
        lines += [f"dearest months: {told}"]
        width = max((len(done) for done, _, _ in self.mistakes), default=0)
        lines += [f"{lost:8.3f}  {done.ljust(width)}  where best is: {best}" for done, best, lost in self.mistakes]
        return "\n".join(lines)

    __repr__ = __str__


def regret(policy: Any, scenario: Target = "nea/KETSExact-v0", *, progress: bool = True) -> Regret:
    """Where a policy loses against the optimum.

    Args:
        policy: all that `nea_env.bench.policies.as_policy` takes; it keeps no memory of the episode.
        scenario: one of the exact track: an id, a shipped name, a path or a `Scenario`.
        progress: show a bar while it is solved.

    Raises:
        ValueError: the scenario is not of the exact track, or the policy can't be played on it or keeps a memory.
    """
    exact = solve_exact(scenario_of(scenario), progress=progress)
    asked = as_policy(policy, scenario)
    found = exact.evaluate(chooser(asked, exact))
    base = -exact.percent(exact.evaluate(chooser(JustInTime(), exact)).value)
    months = range(len(found.months))
    weight = np.array([exact.percent(exact.discount**t) for t in months])
    prices, banks = _log_prices(exact), _banks(exact)
    price_edges = np.linspace(min(map(np.min, prices)) - 1e-9, max(map(np.max, prices)) + 1e-9, PRICES + 1)
    reached = [bank[np.unique(one.tonnes[one.chance > 1e-6])] for bank, one in zip(banks, found.months, strict=True)]
    bank_edges = np.linspace(min(map(np.min, reached)) - 1e-9, max(map(np.max, reached)) + 1e-9, BANKS + 1)
    maps = np.zeros((4, len(months), PRICES))
    mistakes: dict[tuple[int, int], float] = {}
    for t, one in enumerate(found.months):
        lost = weight[t] * one.chance * one.lost
        by_price = _cells(prices[t][one.price], price_edges)
        by_bank = _cells(banks[t][one.tonnes], bank_edges)
        for place, (cells, values) in enumerate(
            ((by_price, lost), (by_bank, lost), (by_price, one.chance), (by_bank, one.chance))
        ):
            np.add.at(maps[place, t], cells, values)
        best = exact.best[t][one.tonnes, one.price]
        for pair in np.unique(np.stack([one.action, best], axis=1), axis=0):
            at = (one.action == pair[0]) & (best == pair[1])
            key = int(pair[0]), int(pair[1])
            mistakes[key] = mistakes.get(key, 0.0) + float(lost[at].sum())
    names, total = menu_of(exact.scenario), exact.percent(found.regret)
    dearest = sorted(((lost, pair) for pair, lost in mistakes.items() if lost > LEAST_SHARE * total), reverse=True)
    year, month = map(int, exact.scenario.start.split("-"))
    return Regret(
        policy=getattr(asked, "name", name_of(policy)),
        scenario=exact.scenario.name,
        title=exact.scenario.title,
        score=score_of(-exact.percent(found.value), base, -exact.percent(exact.value)),
        by_month=maps[0].sum(axis=1),
        by_price=maps[0],
        by_bank=maps[1],
        visited_price=maps[2],
        visited_bank=maps[3],
        price_edges=np.exp(price_edges),
        bank_edges=bank_edges,
        mistakes=tuple((names[done], names[best], lost) for lost, (done, best) in dearest[:MISTAKES]),
        currency=exact.scenario.market.currency,
        months=tuple(f"{year + (month - 1 + t) // 12}-{(month - 1 + t) % 12 + 1:02d}" for t in months),
    )


def _cells(values: Floats, edges: Floats) -> NDArray[np.int64]:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def _log_prices(exact: Exact) -> list[Floats]:
    """Log of the long price of each month's prices, discounted to the start."""
    rate = -np.log(exact.discount)
    return [quotes[:, Quote.LOG_PRICE] - t * rate for t, quotes in enumerate(exact.quotes)]


def _banks(exact: Exact) -> list[Floats]:
    """What each month's states hold less what they owe, years of baseline emissions."""
    year = exact.scenario.firm.annual_emissions
    return [exact.positions(t) / year for t in range(len(exact.values))]
