"""With output that answers the batch draws the solved chain, and nobody earns from trading alone."""

from __future__ import annotations

from functools import cache

import numpy as np

from tests.core.equilibrium.test_equilibrium_in_sim import ERRORS, Run
from tests.core.partners import mean_and_error

CAPPED = {
    "market.aggregate.output_response.elasticity": 0.4,
    "market.aggregate.output_response.product_price": 150_000.0,
    "market.aggregate.intensity": 0.5,
    "start": "2020-01",
    "first": "2020",
    "last": "2022",
}
STANDARD = {
    "market.aggregate.output_response.elasticity": 0.4,
    "market.aggregate.output_response.product_price": 400.0,
    "start": "2022-01",
    "first": "2022",
}


@cache
def episode(name: str) -> Run:
    return Run(name, CAPPED if name == "kets" else STANDARD, 10_000)


def test_each_vintage_keeps_its_discounted_mean_to_its_own_deadline():
    for name in ("kets", "tps"):
        run = episode(name)
        assert (run.problem.output_slope > 0.0).all()
        for begins, fronts, due in run.vintages():
            begins = max(begins, 0)
            price = np.concatenate([run.long[begins:fronts], run.front[max(begins, fronts) : due + 1]])
            present = run.discount ** np.arange(len(price))[:, None] * price
            for month in range(1, len(price)):
                mean, error = mean_and_error(present[month] - present[0])
                assert abs(mean) <= ERRORS * error + 1e-5 * run.scenario.market.price, f"{name}, due {due}, {month}"


def test_the_bank_lands_where_the_chain_says_on_average():
    for name in ("kets", "tps"):
        run = episode(name)
        total = np.zeros(run.node.shape[1])
        for month in range(1, len(run.node)):
            total += run.node[month] - run.chain.landing[month - 1, run.node[month - 1], run.shock[month - 1]]
        mean, error = mean_and_error(total)
        assert abs(mean) < ERRORS * error
