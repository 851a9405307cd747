"""A price that does not move while money has a rate: never carry a tonne, borrow all that is permitted.

The market's own price grows at the discount rate, so it is put back to where it was every month.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest

from nea_env.library import load_scenario
from tests.core.walk import Walk

QUIET = {
    "market.volatility": 0.0, "market.frictions.spread": 0.0, "market.frictions.impact": 0.0,
    "market.frictions.volume_share": 1.0, "market.gap": {}, "firm.output_shock.volatility": 0.0,
    "regime.stabilisation": {},
}  # fmt: skip


class Case(NamedTuple):
    """A scenario, its constant price, its rate a year, and its deadlines with the months from its start."""

    scenario: str
    price: float
    rate: float
    due: tuple[tuple[str, int], ...]

    def paid(self, number: int) -> float:
        """A tonne's price at a deadline, in the money of the start."""
        return self.price * math.exp(-self.rate * self.due[number][1] / 12)


KOREA = Case("kets_phase2", 20_000.0, 0.03, (("2019-09", 20), ("2020-09", 32), ("2021-08", 43)))
CHINA = Case("tps", 48.0, 0.05, (("2021-12", 35), ("2023-12", 59), ("2024-12", 71), ("2025-12", 83)))
CHINA_SHORT = CHINA._replace(scenario="tps_class2")


def cost(case: Case, beyond: dict[int, np.ndarray]) -> np.ndarray:
    """Discounted cost (rows,) of buying at each deadline what is missing, and ``beyond`` it (tonnes, by deadline)."""
    walk = Walk(load_scenario(case.scenario, QUIET), max(len(tonnes) for tonnes in beyond.values()))
    due = {month: number for number, (month, _) in enumerate(case.due)}
    while not walk.ended:
        walk.overwrite("log_price", math.log(case.price)).overwrite("price", case.price)
        number = due.get(walk.date)
        if number is None:
            walk.play()
        else:
            walk.play(tonnes=walk.column("owed") - walk.column("front") + beyond.get(number, 0.0))
    assert walk.ended
    return walk.present


@pytest.mark.parametrize("case", [KOREA, CHINA], ids=["kets", "tps"])
@pytest.mark.parametrize(("bought", "used"), [(0, 1), (1, 2), (0, 2)])
def test_a_tonne_carried_costs_its_price_times_one_less_the_discount(case, bought, used):
    tonnes = np.linspace(0.0, 20_000.0, 21)  # below every small-holder level
    found = cost(case, dict.fromkeys(range(bought, used), tonnes))
    months = case.due[used][1] - case.due[bought][1]
    dearer = case.paid(bought) * (1 - math.exp(-case.rate * months / 12))
    np.testing.assert_allclose(found - found[0], tonnes * dearer, rtol=1e-4, atol=case.price)
    assert np.argmin(found) == 0 and (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("case", "number", "limit"),
    [
        (KOREA, 0, 0.15 * 1_000_000),  # KETS phase II: 15 % of the duty
        (CHINA_SHORT, 1, 0.5 * 1_500_000 * (0.97 - 0.8729)),  # China 2022: half of the gap
    ],
    ids=["kets", "tps"],
)
def test_borrowing_is_worth_the_same_up_to_the_limit_and_a_fine_beyond_it(case, number, limit):
    share = np.linspace(0.0, 1.2, 13)
    found = cost(case, {number: -share * limit})
    saved = case.paid(number) - case.paid(number + 1)
    within = share <= 1.0
    np.testing.assert_allclose((found[0] - found)[within], (share * limit * saved)[within], rtol=1e-3, atol=case.price)
    assert share[np.argmin(found)] == pytest.approx(1.0)


@pytest.mark.parametrize("case", [KOREA, CHINA], ids=["kets", "tps"])
def test_at_a_price_that_grows_with_the_rate_carrying_costs_nothing(case):
    # the market as it is: the same tonnes, and the discount is earned back
    walks = [Walk(load_scenario(case.scenario, QUIET)) for _ in range(2)]
    for more, walk in zip((0.0, 20_000.0), walks, strict=True):
        while not walk.ended:
            first = walk.date == case.due[0][0]
            gap = walk.column("owed") - walk.column("front") + more * first
            walk.play(**({"tonnes": gap} if walk.date in dict(case.due) else {}))
    assert walks[1].present[0] - walks[0].present[0] == pytest.approx(0.0, abs=0.01 * 20_000 * case.price * case.rate)
