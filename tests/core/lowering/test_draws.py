"""Episodes that draw the statute they play: what is drawn, who plays it, and when it can be told."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import LAW, OBS_INDEX, Action
from nea_env.core.lowering.draws import statutes
from nea_env.envs.firm import FirmEnv
from nea_env.scenario import BankingRule, LawDraws, Scenario
from tests.asserts import assert_same
from tests.core import scenarios as made
from tests.core.walk import Walk

FACTOR = "allocation.2016.correction_factor"
SALES = BankingRule(limit="net_sales", net_sales_multiple=1.5)
RANGES = (
    *made.doubt(FACTOR, 0.8, 1.1, "2016-09"),
    *made.doubt("banking.2016.net_sales_multiple", 1.0, 3.0, "2017-03"),
)
DRAWS = 32


def drawn(mode: str = "randomised", seed: int = 0, draws: int = DRAWS, ranges=RANGES) -> Scenario:
    calendars = {str(year): made.calendar(year) for year in (2015, 2016)}
    calendars["2016"] = made.calendar(2016, allocated="2016-10")
    law = made.regime(2015, 2016, banking=SALES, calendars=calendars, ranges=ranges)
    where = made.market(100.0, rate=0.03, volatility=0.2)
    policy = LawDraws(mode=mode, seed=seed, draws=draws)
    return made.scenario(law, made.firm(), where, policy=policy)


def playing(rows: int, scenario: Scenario | None = None, seeds=None) -> Batch:
    batch = Batch(scenario or drawn(), rows, threads=1)
    batch.reset(np.arange(rows) if seeds is None else np.asarray(seeds))
    return batch


def lively(batch: Batch) -> np.ndarray:
    """Something of everything."""
    return np.full((batch.n, Action.size), 0.25, np.float32)


@pytest.mark.parametrize("entry", RANGES, ids=lambda entry: entry.path)
def test_laws_cover_their_ranges_evenly(entry):
    values = np.array([law.regime.number(entry.path) for law in statutes(drawn())])
    places = (values - entry.low) / (entry.high - entry.low)
    assert sorted(np.floor(places * DRAWS).astype(int)) == list(range(DRAWS))  # one draw in each of 32 parts


def test_the_numbers_are_drawn_apart():
    pairs = [[law.regime.number(entry.path) for entry in RANGES] for law in statutes(drawn(draws=1024))]
    assert abs(np.corrcoef(np.array(pairs).T)[0, 1]) < 4 / 1024**0.5


def test_every_law_is_played_about_as_often():
    values, counts = np.unique(playing(6_400).law(FACTOR), return_counts=True)
    assert len(values) == DRAWS
    assert abs(counts - 200).max() < 5 * 200**0.5


def test_the_same_seed_plays_the_same_law_whatever_its_place():
    many = playing(300).law(FACTOR)
    assert len(set(many)) > 25
    np.testing.assert_array_equal(playing(300).law(FACTOR), many)
    picked = [7, 299, 120]
    np.testing.assert_array_equal(playing(3, seeds=picked).law(FACTOR), many[picked])
    np.testing.assert_array_equal(playing(1, seeds=[120]).law(FACTOR), many[[120]])


def test_another_episode_draws_another_law_and_a_reset_brings_the_first_back():
    batch = playing(300)
    first = batch.law(FACTOR)
    batch.reset()
    second = batch.law(FACTOR)
    assert (first != second).mean() > 0.9
    batch.reset(np.arange(300))
    np.testing.assert_array_equal(batch.law(FACTOR), first)
    kept = np.arange(300) < 150
    batch.reset(mask=kept)
    np.testing.assert_array_equal(batch.law(FACTOR), np.where(kept, second, first))


def test_autoreset_draws_the_next_law():
    batch, idle = playing(100), np.zeros((100, Action.size), np.float32)
    first = batch.law(FACTOR)
    for _ in range(int(batch.horizon[0])):
        batch.step(idle)
    np.testing.assert_array_equal(batch.law(FACTOR), first)
    batch.step(idle, autoreset=True)
    assert (batch.law(FACTOR) != first).mean() > 0.9


def test_the_seed_of_the_draws_changes_the_laws():
    ours, others = (playing(300, drawn(seed=seed)).law(FACTOR) for seed in (0, 1))
    assert (ours != others).all()


def test_the_law_that_is_drawn_is_the_law_that_is_played():
    walk = Walk(drawn(), 200)
    factor, multiple = walk.batch.law(FACTOR), walk.batch.law("banking.2016.net_sales_multiple")
    walk.through("2016-10")
    assert walk.flows["issued"] == pytest.approx(1e6 * factor)
    walk.through("2017-01").overwrite("front", 1_300_000.0)
    walk.play(tonnes=np.full(200, -50_000.0)).through("2017-06")
    assert walk.flows["lapsed"] == pytest.approx(250_000 - 50_000 * multiple, abs=1.0)


def test_the_observation_tells_drawn_laws_apart_from_their_announcement_on():
    walk = Walk(drawn().model_copy(update={"market": made.market(100.0)}), 50)
    names = [OBS_INDEX[name] for name in (*LAW, "allocation_rate")]
    while walk.date < "2016-09":
        seen = walk.batch.observe()
        assert (seen == seen[0]).all(), walk.date  # all rows look the same: price and output are certain
        walk.play()
    factor = walk.batch.law(FACTOR)
    seen = walk.batch.observe()
    for name in ("allocation_low", "allocation_high", "allocation_rate"):
        assert np.allclose(seen[:, OBS_INDEX[name]], factor)
    walk.through("2017-02")
    multiple, seen = walk.batch.law("banking.2016.net_sales_multiple"), walk.batch.observe()
    for name in ("carry_low", "carry_high"):
        assert np.allclose(seen[:, OBS_INDEX[name]], multiple / (1 + multiple))
    assert (seen[:, names].std(axis=0) > 0).any()


def test_the_single_environment_draws_the_law_of_its_row():
    scenario = drawn()
    rows = playing(40)
    env = FirmEnv(scenario)
    for seed in (3, 17, 39):
        batch = playing(40)
        first, _ = env.reset(seed=seed)
        np.testing.assert_array_equal(first, batch.observe()[seed])
        assert env.batch.law(FACTOR)[0] == batch.law(FACTOR)[seed] == rows.law(FACTOR)[seed]
        over = False
        while not over:
            actions = lively(batch)
            told = batch.step(actions)
            one, reward, over, _, _ = env.step(actions[seed])
            np.testing.assert_array_equal(one, told[0][seed])
            assert reward == told[1][seed]


def test_a_saved_state_brings_its_law_back():
    batch = playing(30)
    for _ in range(5):
        batch.step(lively(batch))
    saved, law = batch.get_state(), batch.law(FACTOR)
    going_on = [batch.step(lively(batch)) for _ in range(18)]
    other = playing(30, seeds=np.arange(1_000, 1_030))
    assert (other.law(FACTOR) != law).any()
    other.set_state(saved)
    np.testing.assert_array_equal(other.law(FACTOR), law)
    other.observe()
    for told in going_on:
        assert_same(other.step(lively(other)), told)


def test_two_scenarios_in_one_batch_draw_from_their_own_laws():
    other = drawn(ranges=made.doubt(FACTOR, 0.2, 0.4, "2016-09"), draws=8)
    batch = Batch([drawn(), other], 100, scenario_of=np.arange(100) % 2, threads=1)
    batch.reset(np.arange(100))
    factor = batch.law(FACTOR)
    assert factor[::2].min() >= 0.8 and factor[1::2].max() <= 0.4
    assert len(set(factor[1::2])) == 8


def test_historical_mode_plays_the_law_as_it_is():
    batch = playing(50, drawn("historical"))
    assert (batch.law(FACTOR) == 1.0).all()
    assert (batch.law("banking.2016.net_sales_multiple") == 1.5).all()
    assert (batch.law("penalty.2016.multiple") == 3.0).all()


def test_a_path_that_is_no_number_is_a_key_error():
    batch = playing(2, drawn(draws=2))
    for path in ("banking.2016.limit", "banking.2099.net_sales_multiple", "nothing", ""):
        with pytest.raises(KeyError, match="is not a number of r"):
            batch.law(path)


def test_nothing_can_be_drawn_without_ranges():
    with pytest.raises(ValueError, match="regime r has no ranges to draw from"):
        Batch(drawn(ranges=()), 1)
