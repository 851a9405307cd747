"""Observations and actions by name: `observe` and `nea_env.describe`."""

from __future__ import annotations

import math

import gymnasium as gym
import numpy as np
import pytest

import nea_env
from nea_env.core import layout
from nea_env.envs.naming import Column, Reading, as_drawn, natural, unsquash
from nea_env.envs.registration import ids


def made(name="nea/KETS-v0", months=0, seed=0, **arguments):
    env = gym.make(name, **arguments).unwrapped
    env.reset(seed=seed)
    env.action_space.seed(seed)
    for _ in range(months):
        env.step(env.action_space.sample())
    return env


@pytest.mark.parametrize("name", ids())
def test_every_id_names_all_of_its_numbers(name):
    told = nea_env.describe(name)
    assert [line.name for line in told.observations] == [field.name for field in layout.OBSERVATION]
    env = made(name)
    wanted = [field.name for field in layout.ACTIONS] if env.menu is None else list(env.menu)
    assert [line.name for line in told.actions] == wanted
    assert len(told) == len(layout.OBSERVATION) + len(wanted)
    for line, field in zip(told.observations, layout.OBSERVATION, strict=True):
        assert (line.unit, line.low, line.high) == (field.unit, field.low, field.high)
        assert line.meaning.startswith(field.meaning)
    seen = env.observe()
    assert [(line.kind, line.number, line.name) for line in seen] == [line[:3] for line in told]
    assert [line.value for line in seen.actions] == env.action_masks().tolist()


def test_the_header_has_the_numbers_that_a_paper_needs():
    first, second, third = str(nea_env.describe("nea/KETS-v0")).splitlines()[:3]
    assert first == "nea/KETS-v0: Korean generator, 2015-2025 (phases I-III)"
    assert f"{second} {third}".startswith("67 observations, 8 actions, 140 months, discount 0.9975 a month; reward:")
    assert "38 choices of actions" in str(nea_env.describe("kets", action_form="discrete"))


def test_an_id_a_prefix_a_scenario_and_a_name_are_taken():
    assert str(nea_env.describe("nea_env:nea/TPS-v0")) == str(nea_env.describe("nea/TPS-v0"))
    assert nea_env.describe(nea_env.load_scenario("tps"))["log_price"].natural == "CNY/t"
    assert nea_env.describe("tokyo")["strike"].natural == "JPY/t"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"scenario": "nea/KETTS-v0"}, "is not registered; did you mean 'nea/KETS-v0'"),
        ({"scenario": "ketts"}, "did you mean 'kets'"),
        ({"scenario": "kets", "action_form": "boxes"}, "expected one of box, discrete"),
    ],
)
def test_a_mistake_is_refused(asked, words):
    with pytest.raises(ValueError, match=words):
        nea_env.describe(**asked)


def test_a_line_is_found_by_name_by_place_and_in_a_part():
    seen = made().observe()
    assert seen["gap"] is seen[19] and seen["gap"].name == "gap"
    assert seen["foreign"].kind == "observation" and seen.actions["foreign"].kind == "action"
    assert [line.name for line in seen[:2]] == ["progress", "season_sin"]
    assert isinstance(seen[0], Reading) and isinstance(nea_env.describe("kets")[0], Column)
    with pytest.raises(KeyError, match="did you mean 'gap'"):
        seen["gapp"]


def test_a_scenario_says_whose_technology_and_partner_it_is():
    told = nea_env.describe("linked_kets")
    assert told["capacity_1"].meaning == "capacity in place (biomass_cofiring)"
    assert told["link_0"].meaning == "the link to this partner is open (kets_tps)"
    assert told["link_1"].meaning.endswith("(none here)")


def test_no_squashed_or_scaled_number_is_left_as_it_is():
    scaled = ("squashed", "share", "24 months", "years")
    for line in nea_env.describe("linked_kets").observations:
        if line.unit.startswith(scaled) or line.name.startswith("log_price"):
            assert line.natural != line.unit, line


@pytest.mark.parametrize(
    "scenario", ["linked_kets", "linked_tokyo", "tps", "pilot_tianjin_recent", "pilot_beijing", "tokyo_carbon_tax"]
)
def test_values_are_the_environments_own(scenario):
    env = made(scenario=scenario, seed=3)
    horizon, ended = int(env.batch.horizon[0]), False
    while not ended:
        _, _, ended, _, _ = env.step(env.action_space.sample())
        value = {line.name: line.value for line in env.observe().observations}
        year, accounts, market = env.scenario.firm.annual_emissions, env.accounts(), env.market()
        is_disclosed = env.scenario.market.quote_noise == 0.0
        told = market["quote"] / market["long_price"] if is_disclosed else 1.0 / market["long_price"]
        near = {"rel": 2e-5, "abs": 1e-5 * year}
        for name in ("front", "next", "offsets", "foreign", "accrued", "closed", "owed", "debt"):
            assert value[name] == pytest.approx(accounts[name], **near)
        capacity = sum(value[f"capacity_{k}"] for k in range(layout.TECHS))
        assert capacity == pytest.approx(accounts["capacity"], rel=1e-5, abs=1e-6 * year)
        assert value["log_price"] == pytest.approx(market["quote"], rel=1e-5)
        if not ended:
            assert value["progress"] == pytest.approx(market["month"], abs=1e-4 * horizon)
            assert value["volume_limit"] == pytest.approx(market["volume_limit"], rel=1e-5)
        if abs(value["front_gap"]) < 1.0:
            assert value["strike"] == pytest.approx(market["strike"], rel=1e-4)
        if env.scenario.market.offset is not None:
            assert value["log_offset_ratio"] == pytest.approx(market["offset_price"] * told, rel=1e-4)
        for k, link in enumerate(env.scenario.links):
            if link.fee == 0.0:
                assert value[f"foreign_premium_{k}"] == pytest.approx(market[f"foreign_price_{k}"] * told, rel=1e-4)


def test_a_price_that_is_not_disclosed_is_no_price():
    """The quote errs, and so would the offset's price if it were made of the quote: the ratio is what is known."""
    env = made(scenario="tokyo", months=3, seed=1)
    market, seen = env.market(), env.observe()
    assert abs(market["quote"] / market["long_price"] - 1.0) > 0.01
    assert seen["log_offset_ratio"].unit == nea_env.describe("tokyo")["log_offset_ratio"].natural == "× the price"
    assert seen["log_offset_ratio"].value == pytest.approx(market["offset_price"] / market["long_price"], rel=1e-5)
    assert seen["log_price"].unit == "JPY/t" and seen["log_price"].value == pytest.approx(market["quote"], rel=1e-5)
    assert nea_env.describe("linked_tokyo")["foreign_premium_0"].natural == "× the price"
    disclosed = made(scenario=nea_env.load_scenario("tokyo", {"market.quote_noise": 0.0}), months=3, seed=1)
    seen = disclosed.observe()["log_offset_ratio"]
    assert seen.unit == "JPY/t" and seen.value == pytest.approx(disclosed.market()["offset_price"], rel=1e-5)


def test_a_drawn_firm_is_seen_in_its_own_tonnes_and_money():
    ranges = {"firm.ranges.scale": [3.9, 4.0], "market.ranges.price": [29_000, 30_000], "policy.draws": 4}
    env = made(scenario=nea_env.load_scenario("kets", ranges), seed=2)
    assert env.observe()["log_price"].value == pytest.approx(env.drawn()["market.price"], rel=1e-6)
    assert env.observe()["front"].value == pytest.approx(947_200 * env.drawn()["firm.scale"], rel=1e-5)
    for _ in range(7):
        env.step(env.action_space.sample())
    value = {line.name: line.value for line in env.observe().observations}
    accounts, market = env.accounts(), env.market()
    for name in ("front", "accrued"):
        assert accounts[name] > 1e6 and value[name] == pytest.approx(accounts[name], rel=2e-5)
    assert value["log_price"] == pytest.approx(market["long_price"], rel=1e-5)
    assert value["log_offset_ratio"] == pytest.approx(market["offset_price"], rel=1e-5)
    assert value["volume_limit"] == pytest.approx(market["volume_limit"], rel=1e-5)
    recorded = natural(as_drawn(env.scenario, env.drawn()), env.batch.observe()[0])
    assert {name: pair[0] for name, pair in recorded.items()} == value


def test_the_markets_bank_is_in_its_own_tonnes():
    env = made(scenario=nea_env.load_scenario("kets_phase2", {"market.law": "equilibrium"}), months=20)
    market = env.scenario.market.aggregate.emissions
    seen = env.observe()["aggregate_bank"]
    assert seen.unit == "t" and seen.value == pytest.approx(env.market()["aggregate_bank"] * market, rel=1e-5)
    assert made().observe()["aggregate_bank"].value == 0.0


def test_the_first_month_by_hand():
    seen = made().observe()
    assert seen["progress"].value == 0.0
    assert seen["to_deadline"].value == pytest.approx(17)  # January 2015 to June 2016
    assert seen["log_price"].value == pytest.approx(10_506)
    assert seen["log_price"].unit == "KRW/t"
    assert seen["front"].value == pytest.approx(947_200, rel=1e-5)  # 1 Mt x 0.9472, booked before the start
    assert seen["borrow_low"].value == pytest.approx(10.0)  # the decree of 2014
    assert seen["borrow_high"].value == pytest.approx(20.0)  # as raised in 2016, before the first deadline
    assert seen["carry_low"].value == math.inf  # no limit on what is carried over from 2015


def test_looking_changes_nothing():
    played, looked = made(seed=5), made(seed=5)
    for _ in range(30):
        action = played.action_space.sample()
        looked.observe()
        first, second = played.step(action), looked.step(action)
        assert first[0].tobytes() == second[0].tobytes() and first[1] == second[1]


def test_a_row_of_a_vector_environment_is_that_firm():
    envs = gym.make_vec("nea/KETSDiscrete-v0", num_envs=3)
    envs.reset(seed=7)
    seen = envs.observe(2)
    assert list(seen) == list(made("nea/KETSDiscrete-v0", seed=9).observe())
    assert list(envs.observe()) == list(envs.observe(0))
    for row in (3, -1, 1.0, True):
        with pytest.raises(ValueError, match="row is"):
            envs.observe(row)


def test_it_prints_as_a_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = str(made(months=3).observe())
    lines = text.splitlines()
    assert lines[0] == "kets: Korean generator, 2015-2025 (phases I-III); 3 months of 140 played"
    assert max(map(len, lines)) <= 100
    assert repr(made().observe()).startswith("kets: ")
    (carry,) = [line for line in lines if " carry_low " in line]
    assert carry.split()[:6] == ["47", "carry_low", "no", "limit", "1", "1"]
    assert [line.split()[2] for line in lines if line.startswith("5  bank")] == ["masked"]


def test_pandas_takes_it_as_it_is():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(made().observe())
    assert list(frame.columns) == list(Reading._fields)
    assert len(frame) == len(layout.OBSERVATION) + len(layout.ACTIONS)


def test_a_recorded_observation_is_turned_back():
    env = made(months=12)
    values = natural(env.scenario, env.batch.observe()[0])
    assert values == {line.name: (line.value, line.unit) for line in env.observe().observations}
    with pytest.raises(ValueError, match="expected 67"):
        natural(env.scenario, np.zeros(8))


def test_unsquash_by_hand():
    assert unsquash(0.5) == 1.0 and unsquash(-0.75) == -3.0
    assert unsquash(1.0) == math.inf and unsquash(-1.0) == -math.inf
