"""What the right to carry Q over is worth: M E[max(0, -x)] Q at the deadline, and no more than the law allows.

With both bounds d and a share r of the news out, x = d (2 N(a z) - 1) with a = sqrt(r / (1 - r)) and z standard
normal, so E[max(0, -x)] = d atan(a) / pi: a quarter of d for r = 1/2, a third for r = 3/4. Means are of 100,000 paths.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.scenario import BankingRule, Gap, Scenario
from tests.core import scenarios as made
from tests.core.partners import mean_and_error

PATHS = 100_000
PRICE = 100.0
DEADLINE = 6  # June 2016 of a start in December 2015; the vintage of 2016 is front from July
QUANTITY = 1_000.0  # t
SYMMETRIC = Gap(down=0.156, up=0.156, resolved=0.75)
LOST = PRICE * QUANTITY * (0.5 - 0.052)  # paid on the half of the paths with a discount, 10.4 % on average


def scenario(banking: BankingRule, gap: Gap = SYMMETRIC, base: float = 1e-6) -> Scenario:
    """No duty; ``base`` tonnes of the vintage 2015 held from the start; two million tonnes can be traded a month."""
    years = ("2015", "2016")
    return made.scenario(
        made.regime(2015, 2016, banking={"2015": banking, "2016": made.UNLIMITED}),
        made.firm(output=2e6, base=base, path=dict.fromkeys(years, 1e-12)),
        made.market(PRICE, rate=0.03, volatility=0.30, gap={"2015": gap}, volume_share=1.0),
        start="2015-12",
    )


def cost(law: Scenario, at_deadline, after=None, early: float = 0.0) -> np.ndarray:
    """Discounted cost (PATHS,) of trading ``at_deadline(cheap)`` in the deadline's month, ``after(cheap)`` in the next.

    ``cheap`` (PATHS,) is whether the front trades at a discount; ``early`` is sold in the first month.
    """
    batch = Batch(law, PATHS, threads=1)
    batch.reset(np.arange(PATHS))
    total, cheap = np.zeros(PATHS), np.zeros(PATHS, bool)
    for month in range(DEADLINE + 3):
        market = batch.market()
        tonnes = np.zeros(PATHS)
        if month == 0:
            tonnes -= early
        elif month == DEADLINE:
            cheap = market["front_price"] < market["long_price"]
            tonnes += at_deadline(cheap)
        elif month == DEADLINE + 1 and after is not None:
            tonnes += after(cheap)
        elif month == DEADLINE + 2:  # both are left with as much, and sell it
            tonnes -= batch.accounts()["front"]
        actions = np.zeros((PATHS, Action.size), np.float32)
        actions[:, Action.TRADE] = tonnes / market["volume_limit"]
        batch.step(actions)
        total += batch.discount**month * batch.flows()["cost"]
    assert batch.accounts()["front"].max() < 1.0
    return total


@cache
def waiting() -> np.ndarray:
    """Discounted cost (PATHS,) of buying the next vintage a month after the deadline: no right matters to it."""
    return cost(scenario(made.UNLIMITED), lambda cheap: 0.0 * cheap, lambda cheap: QUANTITY + 0.0 * cheap)


def gain(banking: BankingRule, gap: Gap = SYMMETRIC, bought: float = QUANTITY) -> np.ndarray:
    """What buying the front where it is cheaper saves over buying the next vintage a month later, money a path."""
    return waiting() - cost(scenario(banking, gap), lambda cheap: bought * cheap, lambda cheap: QUANTITY * ~cheap)


RIGHTS = {
    "unlimited": made.UNLIMITED,
    "as much as is bought": BankingRule(limit="net_sales", base_tonnes=QUANTITY),
    "once": BankingRule(limit="next_period_only"),
}


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize(
    ("resolved", "worth"), [(0.75, 5_200.0), pytest.param(0.50, 3_900.0, marks=pytest.mark.slow)]
)  # 100 x 0.156 / 3 or 4 x 1,000
def test_a_right_to_carry_is_worth_the_discount_it_spares(right, resolved, worth):
    mean, error = mean_and_error(gain(RIGHTS[right], Gap(down=0.156, up=0.156, resolved=resolved)))
    assert error < 0.02 * worth
    assert abs(mean - worth) < 4 * error


def test_with_other_bounds_on_either_side():
    """E[max(0, -x)] summed over 20,000 equal parts of the probability of the news."""
    normal, parts = NormalDist(), 20_000
    offset = normal.inv_cdf(0.08 / 0.28)
    news = [math.sqrt(0.75) * normal.inv_cdf((k + 0.5) / parts) for k in range(parts)]
    x = np.array([-0.08 + 0.28 * normal.cdf(2.0 * (offset + z)) for z in news])  # 2 = 1 / sqrt(1 - 0.75)
    assert x.mean() == pytest.approx(0.0, abs=1e-5)
    worth = PRICE * QUANTITY * np.maximum(0.0, -x).mean()
    assert worth == pytest.approx(3_911.7, abs=0.5)
    mean, error = mean_and_error(gain(made.UNLIMITED, Gap(down=0.08, up=0.20, resolved=0.75)))
    assert abs(mean - worth) < 4 * error


def test_more_than_may_be_carried_is_lost():
    """Twice the right is bought: the second half lapses, at the front's price."""
    mean, error = mean_and_error(gain(BankingRule(limit="net_sales", base_tonnes=QUANTITY), bought=2 * QUANTITY))
    assert abs(mean - (5_200.0 - LOST)) < 4 * error


def test_without_the_right_all_is_lost():
    mean, error = mean_and_error(gain(made.LAPSES))
    assert abs(mean + LOST) < 4 * error


def test_buying_whatever_the_discount_earns_nothing():
    early = cost(scenario(made.UNLIMITED), lambda cheap: QUANTITY + 0.0 * cheap)
    mean, error = mean_and_error(waiting() - early)
    assert error > 10.0
    assert abs(mean) < 4 * error


@pytest.mark.parametrize("kept", [1.0, 2.0])
def test_past_sales_limit_the_right(kept):
    """Half of what was sold may be carried: of 4,000 t, 1,000 t kept leave a right to 1,500 t, 2,000 t to 1,000 t."""
    law = scenario(BankingRule(limit="net_sales", net_sales_multiple=0.5), base=4 * QUANTITY)
    sells = cost(law, lambda cheap: -2 * QUANTITY + 0.0 * cheap, early=2 * QUANTITY)
    keeps = cost(law, lambda cheap: -2 * QUANTITY + kept * QUANTITY * cheap, early=2 * QUANTITY)
    mean, error = mean_and_error(sells - keeps)
    worth = 5_200.0 if kept == 1.0 else 5_200.0 - LOST
    assert abs(mean - worth) < 4 * error
