"""Two systems solved together, as the batch plays them: prices are those of the joint chain, and pay no trader."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import Action, World
from nea_env.core.lowering.aggregate.solved import solved_pair
from nea_env.library import load_scenario
from nea_env.scenario import Scenario, months_between
from tests.core.partners import mean_and_error

ERRORS = 4.0
PATHS = 20_000
JOINT = {"market.law": "equilibrium", "last": "2021", "market.gap": {}}
FULL = JOINT | {
    "last": "2022", "links": ["kets_tps_full"], "links.0.start_chance": None, "links.0.weight": 0.0,
    "links.0.starts": "2021-07",
}  # fmt: skip
FEE = {"links.0.type": "border_fee", "links.0.quota": None, "links.0.fee": 0.15, "links.0.two_way": True}
CASES = {"one way": JOINT, "wide": JOINT | {"links.0.quota": 0.5}, "full": FULL}
DUE, OPENS = 19, 6  # August 2022, for KAU21; July 2021


class Run:
    """A whole episode: what the market shows and the places in the chain, (months, n), by name."""

    def __init__(self, changes: dict) -> None:
        self.scenario: Scenario = load_scenario("linked_kets", changes)
        self.chain = solved_pair(self.scenario)
        batch = Batch(self.scenario, PATHS, threads=1)
        batch.reset(np.arange(PATHS))
        rows: dict[str, list] = {}
        actions = np.zeros((PATHS, Action.size), np.float32)
        for month in range(int(batch.horizon[0])):
            market, world = batch.market(), batch.get_state()["_world"]
            shown = {name: market[name] for name in ("long_price", "front_price", "foreign_price_0", "fx_0", "link_0")}
            shown |= {
                "node": world[:, World.NODE],
                "abroad": world[:, World.PARTNER_NODE],
                "shock": world[:, World.SHOCK],
            }
            for name, values in shown.items():
                rows.setdefault(name, []).append(values)
            actions[:, Action.FOREIGN] = (-1.0) ** month  # the firm moves no price
            batch.step(actions)
        self.seen = {name: np.array(values) for name, values in rows.items()}
        self.present = batch.discount ** np.arange(len(rows["node"]))[:, None]
        self.at = tuple(self.seen[name].astype(int) for name in ("node", "abroad", "shock"))


@cache
def episode(case: str) -> Run:
    return Run(CASES[case])


@pytest.fixture(params=["one way", pytest.param("wide", marks=pytest.mark.slow), "full"])
def run(request) -> Run:
    return episode(request.param)


def test_the_episode_is_the_one_the_tests_below_speak_of(run):
    assert months_between(run.scenario.start, run.scenario.regime.calendar["2021"].deadline) == DUE
    assert len(run.present) >= DUE + 1
    assert (run.seen["link_0"][:OPENS] == 0.0).all()
    assert (run.seen["link_0"][OPENS:] == 1.0).all()


def test_both_prices_are_the_joint_chain_s_at_the_two_banks_and_the_shock(run):
    """Until the end of 2021 front and foreign units are those of the running year, in either market."""
    for month in range(12):
        at = (month, *(place[month] for place in run.at))
        np.testing.assert_allclose(run.seen["front_price"][month], run.chain.home_running[at], rtol=1e-12)
        np.testing.assert_allclose(run.seen["long_price"][month], run.chain.home_after[at], rtol=1e-12)
        foreign = run.chain.partner_running[at] * run.seen["fx_0"][month]
        np.testing.assert_allclose(run.seen["foreign_price_0"][month], foreign, rtol=1e-9)


def test_banks_of_both_land_where_the_chain_says_on_average(run):
    for place, landing in ((run.at[0], run.chain.home_landing), (run.at[1], run.chain.partner_landing)):
        total = np.zeros(PATHS)
        for month in range(1, len(place)):
            beside = place[month] - landing[month - 1, run.at[0][month - 1], run.at[1][month - 1], run.at[2][month - 1]]
            assert np.abs(beside).max() < 1.0
            total += beside
        mean, error = mean_and_error(total)
        assert abs(mean) <= ERRORS * error + 1e-9


@pytest.mark.parametrize("name", ["front_price", "foreign_price_0"])
def test_what_counts_at_the_deadline_keeps_its_discounted_mean_until_then(run, name):
    present = run.present * run.seen[name]
    for month in range(1, DUE + 1):
        mean, error = mean_and_error(present[month] - present[0])
        assert abs(mean) <= ERRORS * error + 1e-7 * present[0, 0], f"month {month}"


def test_a_full_link_keeps_one_price_whatever_limits_bind_at_the_end_of_either_market_s_year():
    seen = episode("full").seen
    np.testing.assert_allclose(seen["foreign_price_0"][OPENS:], seen["front_price"][OPENS:], rtol=1e-6)


def test_without_a_quota_two_prices_cannot_be_solved_together():
    """From a year's end to its deadline nothing would keep them within the fee."""
    with pytest.raises(ValueError, match=r"links.0.type: border_fee without a quota"):
        Batch(load_scenario("linked_kets", JOINT | FEE), 1)


@pytest.mark.slow
def test_a_wider_quota_makes_units_cheaper_at_home_and_not_abroad():
    narrow, wide = episode("one way").seen, episode("wide").seen
    for month in (0, 11):
        assert wide["front_price"][month].mean() < 0.9 * narrow["front_price"][month].mean()
        local = [(seen["foreign_price_0"] / seen["fx_0"])[month].mean() for seen in (narrow, wide)]
        assert local[1] > 0.98 * local[0]  # China's market is nine times as large: it hardly notices


def test_a_full_link_has_a_price_between_those_of_the_two_markets():
    """With next to no imports on one side of it and what China alone would pay on the other."""
    narrow, one = episode("one way").seen, episode("full").seen
    prices = sorted((narrow["front_price"][0].mean(), narrow["foreign_price_0"][0].mean()))
    assert prices[0] < one["front_price"][0].mean() < prices[1]
