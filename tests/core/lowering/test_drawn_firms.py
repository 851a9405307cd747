"""Firms and markets drawn from ranges: what is drawn, who plays it, and that it is played as if it were written in."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.core.lowering.aggregate.market import problem
from nea_env.core.lowering.chain_cache import fingerprint
from nea_env.core.lowering.draws import statutes
from nea_env.core.lowering.tables import lowered
from nea_env.library import load_scenario
from nea_env.scenario import Scenario, ScenarioError
from nea_env.scenario.ranges import BESIDE_EQUILIBRIUM
from tests.asserts import assert_same

FIRM = {"scale": [0.5, 2.0], "abatement.scale": [8_000.0, 30_000.0], "technologies.0.capex": [50_000.0, 200_000.0]}
MARKET = {"price": [6_000.0, 30_000.0], "volatility": [0.1, 0.5], "frictions.spread": [0.0, 0.05]}
RANGES = {"firm.ranges": FIRM, "market.ranges": MARKET}
PATHS = (*(f"firm.{path}" for path in FIRM), *(f"market.{path}" for path in MARKET))
DRAWS = 16


def drawn(name: str = "kets", draws: int = DRAWS, **more: object) -> Scenario:
    return load_scenario(name, {**RANGES, "policy.draws": draws, **more})


def playing(rows: int, scenario: Scenario, seeds=None) -> Batch:
    batch = Batch(scenario, rows, threads=1)
    batch.reset(np.arange(rows) if seeds is None else np.asarray(seeds))
    return batch


def walked(batch: Batch, months: int = 1_000) -> list:
    """All that comes out of random months, up to the end of the shortest episode."""
    random = np.random.default_rng(3)
    out = [batch.observe()]
    for _ in range(min(months, int(batch.horizon.min()))):
        actions = np.broadcast_to(random.uniform(-1, 1, Action.size), (batch.n, Action.size)).astype(np.float32)
        out += [*batch.step(np.ascontiguousarray(actions)), batch.flows(), batch.accounts(), batch.market()]
    return out


@pytest.fixture(scope="module")
def many() -> Batch:
    """Enough rows that each of the draws is played."""
    return playing(400, drawn())


@pytest.mark.parametrize("path", PATHS)
def test_draws_cover_a_range_evenly(path):
    scenario = drawn()
    low, high = scenario.drawn[path]
    places = np.array([(one.number(path) - low) / (high - low) for one in statutes(scenario)])
    assert sorted(np.floor(places * DRAWS).astype(int)) == list(range(DRAWS))  # one draw in each of 16 parts


@pytest.mark.slow
def test_numbers_are_drawn_apart_from_each_other_and_from_the_law():
    scenario = drawn("kets_randomised", 1024)
    laws = statutes(scenario)
    law = next(one for one in scenario.drawn if one.startswith("regime."))
    values = np.array([[one.number(path) for path in (*PATHS, law)] for one in laws])
    assert abs(np.corrcoef(values.T) - np.eye(len(PATHS) + 1)).max() < 4.5 / 1024**0.5


def test_one_range_more_leaves_the_other_draws_and_the_laws_as_they_were():
    few = load_scenario("kets_randomised", {"firm.ranges.scale": [0.5, 2.0], "policy.draws": DRAWS})
    more = drawn("kets_randomised")
    for one, other in zip(statutes(few), statutes(more), strict=True):
        assert one.regime == other.regime
        assert one.firm.scale == other.firm.scale
    none = load_scenario("kets_randomised", {"policy.draws": DRAWS})
    assert [one.regime for one in statutes(none)] == [one.regime for one in statutes(few)]


def test_every_draw_is_played_about_as_often(many):
    values, counts = np.unique(many.drawn()["firm.scale"], return_counts=True)
    assert len(values) == DRAWS
    assert abs(counts - 25).max() < 5 * 25**0.5


def test_the_same_seed_draws_the_same_firm_whatever_its_place(many):
    picked = [7, 299, 120]
    few, seen = playing(3, many.scenarios[0], picked).drawn(), many.drawn()
    assert list(few) == list(PATHS)
    for path, values in few.items():
        np.testing.assert_array_equal(values, seen[path][picked])


def test_another_seed_of_the_draws_draws_other_firms(many):
    other = playing(400, drawn(**{"policy.seed": 1})).drawn()
    assert not np.isin(other["firm.scale"], many.drawn()["firm.scale"]).any()


def test_autoreset_draws_the_next_firm_and_a_reset_brings_the_first_back():
    batch = playing(100, drawn())
    first = batch.drawn()["firm.scale"]
    for _ in range(int(batch.horizon[0])):
        batch.step(np.zeros((100, Action.size), np.float32))
    np.testing.assert_array_equal(batch.drawn()["firm.scale"], first)
    batch.step(np.zeros((100, Action.size), np.float32), autoreset=True)
    assert (batch.drawn()["firm.scale"] != first).mean() > 0.7
    batch.reset(np.arange(100))
    np.testing.assert_array_equal(batch.drawn()["firm.scale"], first)


@pytest.mark.parametrize("name", ["kets", "linked_kets"])
def test_an_episode_is_that_of_the_scenario_with_its_numbers_written_in(name):
    ranges = {
        "firm.ranges": {**FIRM, "output_shock.volatility": [0.0, 0.1]},
        "market.ranges": MARKET,
        "policy.draws": 4,
    }
    batch = playing(3, load_scenario(name, ranges))
    seen = batch.drawn()
    together = walked(batch)
    for row in range(3):
        written = load_scenario(name, {path: float(values[row]) for path, values in seen.items()})
        assert not written.drawn
        alone = playing(1, written, [row])
        assert_same(walked(alone), _row(together, row))
        assert alone.reward_scale[0] == batch.reward_scale[row] and alone.exposure[0] == batch.exposure[row]


def _row(out: list, row: int) -> list:
    cut = slice(row, row + 1)
    return [{k: v[cut] for k, v in one.items()} if isinstance(one, dict) else one[cut] for one in out]


def test_a_law_drawn_with_a_firm_is_shown_as_it_is_for_that_firm_alone():
    scenario = drawn("tps_randomised", 4, **{"firm.ranges": {"scale": [0.5, 2.0]}, "market.ranges": {}})
    both = lowered(scenario)
    for k, law in enumerate(both.laws):
        alone = lowered(load_scenario("tps_randomised", {"policy.draws": 4, "firm.scale": law.firm.scale}))
        assert both.tables[k].are_those_of(alone.tables[k])


def test_prices_are_those_of_the_scenario_without_ranges_where_the_market_is_not_drawn():
    same = {"policy.draws": 4, "firm.ranges.scale": [0.5, 2.0]}
    firms, base = playing(20, load_scenario("kets", same)), playing(20, load_scenario("kets"))
    assert len(set(firms.drawn()["firm.scale"])) == 4
    for _ in range(40):
        np.testing.assert_array_equal(firms.market()["long_price"], base.market()["long_price"])
        for batch in (firms, base):
            batch.step(np.zeros((20, Action.size), np.float32))


def test_a_saved_state_brings_its_firm_back():
    batch = playing(30, drawn())
    saved, seen = batch.get_state(), batch.drawn()
    going_on = walked(batch, 12)
    other = playing(30, drawn(), range(1_000, 1_030))
    other.set_state(saved)
    assert_same(other.drawn(), seen)
    assert_same(walked(other, 12), going_on)


def test_a_batch_of_two_scenarios_shows_the_own_number_where_nothing_is_drawn():
    plain = load_scenario("kets_steel")
    batch = Batch([drawn(), plain, load_scenario("tokyo")], 6, scenario_of=[0, 0, 1, 1, 2, 2], threads=1)
    seen = batch.drawn()
    assert (seen["market.price"][2:4] == plain.market.price).all()
    assert (seen["firm.scale"][2:] == 1.0).all()
    assert not playing(2, plain).drawn()


# --- under an equilibrium price ---------------------------------------------------------------------
EQUILIBRIUM = {"market.law": "equilibrium"}
BESIDE = {"frictions.spread": [0.0, 0.05], "frictions.volume_share": [0.01, 0.2], "offset.ratio": [0.5, 0.9],
          "quote_noise": [0.0, 0.1]}  # fmt: skip


def test_firms_of_one_equilibrium_share_its_chain():
    scenario = load_scenario("tps", {**EQUILIBRIUM, "firm.ranges.scale": [0.5, 2.0], "policy.draws": 4})
    batch = playing(8, scenario)
    assert len({id(table.grid) for table in lowered(scenario).tables}) == 1
    seen = batch.drawn()
    base = playing(8, load_scenario("tps", EQUILIBRIUM))
    assert len(set(seen["firm.scale"])) > 1
    np.testing.assert_array_equal(batch.market()["long_price"], base.market()["long_price"])


@pytest.mark.parametrize("path", BESIDE)
def test_what_may_be_drawn_beside_an_equilibrium_is_no_part_of_it(path):
    base = load_scenario("kets", EQUILIBRIUM)
    low, high = (load_scenario("kets", {**EQUILIBRIUM, f"market.{path}": end}) for end in BESIDE[path])
    assert path.split(".")[0] in BESIDE_EQUILIBRIUM
    ours, others = (
        dataclasses.asdict(problem(one)) if dataclasses.is_dataclass(problem(one)) else problem(one)._asdict()
        for one in (low, high)
    )
    assert_same(ours, others)
    ranged = load_scenario("kets", {**EQUILIBRIUM, f"market.ranges.{path}": BESIDE[path]})
    assert fingerprint(ranged) == fingerprint(base)


def test_firms_are_dealt_to_the_laws_that_an_equilibrium_foresees():
    two_values = {**EQUILIBRIUM, "market.beliefs.outcomes": 2}
    ranged = {**two_values, "firm.ranges.scale": [0.5, 2.0], "policy.draws": 40}
    laws = lowered(load_scenario("tps_randomised", two_values))
    both = lowered(load_scenario("tps_randomised", ranged))
    each = 3  # 40 draws over 16 laws, rounded up
    assert len(laws.laws) == 16 and len(both.laws) == each * 16
    assert [one.regime for one in both.laws] == [one.regime for one in laws.laws for _ in range(each)]
    scales = np.array([one.firm.scale for one in both.laws])
    assert sorted(np.floor((scales - 0.5) / 1.5 * 48).astype(int)) == list(range(48))


# --- what is refused --------------------------------------------------------------------------------
REFUSED = [
    ("kets", {"firm.ranges.sector": [1.0, 2.0]}, ("firm.ranges.sector", "[1, 2]", "names", "allowed: 31 numbers")),
    ("kets", {"firm.ranges.ouput": [1.0, 2.0]}, ("firm.ranges.ouput", "no such number", "output")),
    ("kets", {"firm.ranges.technologies.0.lead_months": [1, 9]}, ("lead_months", "whole numbers", "life_years")),
    ("kets", {"firm.ranges.rights.banking": [1, 9]}, ("firm.ranges.rights", "a right is law", "allowed")),
    ("tps", {"firm.ranges.base_emissions": [1e5, 1e6]}, ("base_emissions", "not given", "allowed")),
    ("kets", {"firm.ranges.output": [2e6, 1e6]}, ("firm.ranges.output", "[2e+06, 1e+06]", "least, then the most")),
    ("kets", {"firm.ranges.output": 3}, ("firm.ranges.output", "3", "expected a list")),
    ("kets", {"firm.ranges.output": [1, 2, 3]}, ("firm.ranges.output", "[1, 2, 3]", "[least, most]")),
    ("kets", {"firm.ranges.output": ["1", 2]}, ("firm.ranges.output", "'1'", "number")),
    ("kets", {"firm.ranges.output": [-1.0, 1e6]}, ("firm.ranges.output", "[-1, 1e+06]", "greater than 0")),
    ("kets", {"market.ranges.discount_rate": [0.01, 0.05]}, ("market.ranges.discount_rate", "discount factor")),
    ("kets", {"market.ranges.aggregate.emissions": [1, 2]}, ("aggregate", "equilibrium is solved for one market")),
    ("gx_ets", {"market.ranges.price": [1.0, 1e5]}, ("market.ranges.price", "[1, 100000]", "outside the collar")),
    (
        "kets",
        {"firm.ranges": {f"technologies.{k}.potential_share": [0.0, 0.6] for k in (0, 1)}},
        ("firm.ranges.technologies.0.potential_share, firm.ranges.technologies.1.potential_share", "at most 0.95"),
    ),
    (
        "kets",
        {**EQUILIBRIUM, "market.ranges.price": [1e4, 2e4]},
        ("market.ranges.price", "another equilibrium", "frictions, offset, quote_noise, stale"),
    ),
    ("linked_kets", {"links.0.market.ranges.price": [1.0, 9.0]}, ("links.0.market.ranges", "allowed: none")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "overrides", "words"), REFUSED, ids=lambda case: next(iter(case), "")[:40])
def test_what_cannot_be_drawn_is_refused_in_one_line(name, overrides, words):
    with pytest.raises(ScenarioError) as error:
        load_scenario(name, overrides)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ({"firm.ranges.own_use": [0.0, 0.1]}, "firm.ranges.own_use: [0, 0.1]"),
        ({"market.jumps": {"rate": 1.0, "share": 0.5}, "market.ranges.jumps.rate": [1.0, 9.0]}, "market.ranges.jumps"),
    ],
)
def test_a_number_that_plays_no_part_is_refused_with_the_first_batch(overrides, key):
    with pytest.raises(ScenarioError, match="plays no part in this scenario") as error:
        Batch(load_scenario("kets", overrides), 1)
    assert key in str(error.value)


def test_ends_that_are_fine_and_draws_between_that_are_not_are_refused_with_the_first_batch():
    # technologies of 0.7 and of at most 0.6 in all would remove more than everything somewhere in the box: at its end
    with pytest.raises(ScenarioError, match="at an end"):
        load_scenario("gx_ets", {"market.ranges": {"price": [2_000.0, 9_000.0], "collar.floor": [1_000.0, 3_000.0]}})
