"""A lower bound on the cost of every policy: the best plan with foresight, where foresight pays for itself.

A firm that knows the path gains from the news of prices on what it holds. So each month's plan is charged what the
news of the next makes of its position: with V the value of its books at the prices of a month,

    charge = d^(t+1) x (V(books, prices of t + 1) - E[V(books, prices of t + 1) | month t]).

Its mean is zero under every policy that does not foresee, whatever V is, so the mean cost of the best plan with the
charge is a lower bound on every policy's mean cost (Rogers 2002; Haugh and Kogan 2004; Brown, Smith and Sun,
"Information relaxations and duality in stochastic dynamic programs", Operations Research 58, 2010). The closer V is to
the truth, the closer is the bound. V is linear in tonnes and capacity, so the programme stays the one it was:

* units and duties at the price of the vintage that they count for, credits at their own
* capacity, from when it works, at the long price of the tonnes that it will save at baseline output
* potential not used yet at what the right to use it is worth while the price is a geometric Brownian motion
  (``waiting``): else foresight would choose the month to invest. What abatement and
  fines with a cap are worth is charged besides: it hangs on no decision and changes no mean, but takes noise away
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import TECHS
from nea_env.core.lowering.splice import Tables
from nea_env.core.lowering.tables import lowered
from nea_env.core.parameters import Month, Static
from nea_env.core.rules.abatement import arrival
from nea_env.policies.plan.books import Path
from nea_env.policies.plan.linear import Linear
from nea_env.policies.plan.programme import Programme
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario
from nea_env.solvers.closed_form.normal import chance_below
from nea_env.solvers.foresight import Bound, Penalty, bound
from nea_env.solvers.waiting import Waiting

Floats = NDArray[np.float64]
LAWS = ("gbm", "jumps", "two_regimes", "bootstrap")
"""Price processes under which the news of the front is independent of that of the long price."""


def dual(scenario: Scenario, n: int = 100, seed: int = EVALUATION_SEEDS, *, waits: bool = True) -> Bound:
    """A lower bound on the mean cost of every policy, % of exposure.

    Args:
        scenario: of one law, whose price is a martingale of ``LAWS``; else as for ``foresight.foresight``.
        n: episodes, at least 2.
        seed: of the first; the others follow.
        waits: charge for the right to invest later too, where the price is a geometric Brownian motion.

    Raises:
        ValueError: the scenario draws laws, or has another price, or the programme cannot hold it.
        ImportError: HiGHS is missing.
    """
    market = scenario.market
    if market.law not in LAWS or not market.is_martingale:
        raise ValueError(f"market.law: {market.law}: allowed for this bound: {', '.join(LAWS)}, without stale months")
    tables = lowered(scenario).tables
    if len(tables) > 1:
        raise ValueError(f"scenario {scenario.name} draws {len(tables)} laws: this bound is for one")
    waiting = Waiting(tables[0]) if waits and market.law == "gbm" else None
    return bound(scenario, n, seed, charges(tables[0], waiting))


def charges(tables: Tables, waiting: Waiting | None) -> Penalty:
    """What foresight pays for on a path; see the module."""

    def charge(programme: Programme, path: Path) -> None:
        pay, reference = programme.model.pay, math.exp(tables.static[Static.LOG_REFERENCE])
        long, front, offset = (news / reference for news in price_news(tables, path))
        for t, held in programme.holdings.items():
            if t + 1 < tables.horizon:
                pay(held.front - held.due, front[t])
                pay(held.after - held.later, long[t])
                pay(held.offsets, offset[t])
        _charge_capacity(programme, tables, long)
        if waiting is not None:
            _charge_waiting(programme, waiting.news(path) / reference)

    return charge


def price_news(tables: Tables, path: Path) -> tuple[Floats, Floats, Floats]:
    """News of the long, the front and the offset price in the month after each, discounted, (horizon,) money/t.

    That is each price less what was expected of it; the last entry is 0.
    """
    own, monthly, horizon = tables.static, tables.monthly, tables.horizon
    discount = own[Static.DISCOUNT] ** np.arange(1, horizon)
    expected = path.price[:-1] / own[Static.DISCOUNT]
    news = np.zeros((3, horizon))
    news[0, :-1] = discount * (path.price[1:] - expected)
    ends = monthly[: horizon - 1, Month.TO_DEADLINE] == 0.0  # at a deadline, news of the front begins anew
    kept, after = np.where(ends, 0.0, path.news[:-1]), monthly[1:horizon]
    down, up = after[:, Month.GAP_DOWN], after[:, Month.GAP_UP]
    inverse, sd = after[:, Month.GAP_INVERSE_SPREAD], after[:, Month.GAP_SD]
    place = (after[:, Month.GAP_OFFSET] + kept) * inverse / np.sqrt(1.0 + (sd * inverse) ** 2)
    ratio = np.where(down > 0.0, 1.0 - down + (down + up) * chance_below(place), 1.0)
    news[1, :-1] = discount * (path.front[1:] - expected * ratio)
    if own[Static.HAS_OFFSET] > 0.0:
        log_ratio = np.log(path.offset[:-1] * own[Static.OFFSET_MULTIPLIER] / path.price[:-1])
        moved = own[Static.OFFSET_PULL] * (own[Static.OFFSET_LEVEL] - log_ratio) + 0.5 * own[Static.OFFSET_SD] ** 2
        log_ratio += np.where(after[:, Month.PRICE_MOVES] > 0.0, moved, 0.0)
        mean = expected * np.exp(log_ratio) / own[Static.OFFSET_MULTIPLIER]
        news[2, :-1] = discount * (path.offset[1:] - mean)
    return news[0], news[1], news[2]


def _charge_capacity(programme: Programme, tables: Tables, news: Floats) -> None:
    """Capacity started in a month: news of the long price from then on, times what it will save.

    What is there at the start counts as started in the first month: that adds no mean.
    """
    horizon, lead = tables.horizon, tables.static[Static.LEAD : Static.LEAD + TECHS]
    saved = tables.monthly[:, Month.SAVED_LEFT : Month.SAVED_LEFT + TECHS]
    before: dict[int, Linear] = {}
    for t, held in programme.holdings.items():
        for k, now in held.started.items():
            online = arrival(t, int(lead[k]))
            if online < horizon:
                months = np.maximum(np.arange(t + 1, horizon), online)
                worth = float(news[t : horizon - 1] @ saved[months, k])
                programme.model.pay(now - before.get(k, Linear()), worth)
            before[k] = now


def _charge_waiting(programme: Programme, news: Floats) -> None:
    """Potential not used: news of what the right to use it is worth, and of the rest: ``Waiting.news``."""
    programme.model.pay(float(news[-1].sum()) / programme.unit)
    for t, held in programme.holdings.items():
        for k, now in held.started.items():
            (place,) = now.terms
            programme.model.pay(Linear(programme.model.upper[place]) - now, float(news[k, t]))
