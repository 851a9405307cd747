"""Prices on record are played as they stand: by hand, and in every episode alike."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.library import load_scenario
from nea_env.scenario import OffsetSeries, Replay, Scenario
from tests.core import scenarios as made
from tests.core.partners import played
from tests.core.walk import Walk

PRICE = [100.0, 110.0, 90.0, 95.0] + [120.0] * 15  # January 2015 to July 2016
FRONT = [0.9, 1.0, 1.2] + [1.0] * 16
CREDIT = [50.0, 44.0, 90.0] + [60.0] * 16


def recorded(**series) -> Scenario:
    """A firm of 1 Mt, due in June 2016 for 2015, with 900,000 units."""
    market = made.market(100.0, volatility=0.5, offset=OffsetSeries(type="c", ratio=0.8, sd=0.5))
    replay = Replay(first="2015-01", price=tuple(PRICE), **{name: tuple(values) for name, values in series.items()})
    regime = made.regime(2015, 2015, allocation=made.grandfathered(0.9))
    return made.scenario(regime, made.firm(), market.model_copy(update={"law": "replay", "replay": replay}))


def test_every_month_has_the_price_of_the_record():
    walk = Walk(recorded(front_ratio=FRONT, offset_price=CREDIT), n=3)
    for month in range(17):
        market = walk.batch.market()
        assert market["long_price"] == pytest.approx([PRICE[month]] * 3, rel=1e-12)
        assert market["front_price"] == pytest.approx([PRICE[month] * FRONT[month]] * 3, rel=1e-12)
        assert market["offset_price"] == pytest.approx([CREDIT[month]] * 3, rel=1e-12)
        walk.play()


def test_what_is_not_on_record_stands_still():
    walk = Walk(recorded(), n=2).through("2015-02")
    market = walk.batch.market()
    assert market["front_price"] == pytest.approx([90.0] * 2, rel=1e-12)  # at par
    assert market["offset_price"] == pytest.approx([72.0] * 2, rel=1e-12)  # 0.8 x 90


def test_a_purchase_costs_what_the_record_says():
    walk = Walk(recorded(front_ratio=FRONT)).through("2015-02").play(tonnes=1_000)  # in March: 90 x 1.2
    assert walk.flows["allowance_cost"][0] == pytest.approx(1_000 * 108.0, rel=1e-4)


def test_every_seed_and_episode_has_the_same_prices():
    scenario = recorded(front_ratio=FRONT)
    assert not scenario.market.is_martingale
    found, _ = played(scenario, 50, 17, ("long_price", "front_price"))
    assert (np.ptp(found["long_price"], axis=1) == 0.0).all() and (np.ptp(found["front_price"], axis=1) == 0.0).all()


def test_it_pays_whoever_knows_it():
    """Bought at 90 in March and sold at 120 in May: a third, less interest of nothing."""
    walk = Walk(recorded()).through("2015-02").play(tonnes=10_000).play().play(tonnes=-10_000)
    assert walk.total["cost"][0] == pytest.approx(10_000 * (90 - 120), rel=1e-3)


def test_shipped_means_stand_at_mid_year_and_months_lie_on_the_line_between():
    """K-ETS: 10,506 for 2015 and 17,217 for 2016, KRW; July 2015 is half a month after the middle of the year."""
    replay = load_scenario("kets").market.replay
    assert dict(replay.means) == {
        "2015": 10_506, "2016": 17_217, "2017": 21_416, "2018": 22_727, "2019": 29_822, "2020": 30_164,
        "2021": 23_004, "2022": 23_755, "2023": 11_407, "2024": 9_481, "2025": 9_394,
    }  # fmt: skip
    found = replay.prices("2015-01", 140)
    step = (17_217 - 10_506) / 12
    assert found[:6] == [10_506] * 6  # nothing is known of the months before
    assert found[6:18] == pytest.approx([10_506 + step * (k + 0.5) for k in range(12)])
    assert found[11] == pytest.approx(10_506 + 5.5 * step)  # December 2015: 13,582
    assert found[11] == pytest.approx(13_581.9, abs=0.1)
    assert found[126:] == [9_394] * 14  # after June 2025
    assert np.mean(found[12:24]) == pytest.approx(17_217, rel=0.03)  # a line does not keep the mean of a year


def test_china_s_means_are_those_of_its_trade():
    means = load_scenario("tps").market.replay.means
    assert dict(means) == {"2021": 42.85, "2022": 55.30, "2023": 68.15, "2024": 95.96, "2025": 62.36}


@pytest.mark.parametrize(("name", "month", "price"), [("kets", 5, 10_506.0), ("tps", 65, 95.96)])
def test_a_shipped_scenario_replays_them(name, month, price):
    scenario = load_scenario(name, {"market.law": "replay"})
    batch = Batch(scenario, 2, threads=1)
    expected = scenario.market.replay.prices(scenario.start, int(batch.horizon[0]))
    for t in range(int(batch.horizon[0])):
        assert batch.market()["long_price"] == pytest.approx([expected[t]] * 2, rel=1e-12)
        batch.step(np.zeros((2, 8), np.float32))
    assert expected[month] == pytest.approx(price, rel=0.02)


def test_the_committee_s_steps_are_on_record_and_move_nothing_more():
    """K-ETS and Beijing have triggers: a record is played as it stands."""
    record = {"first": "2013-01", "price": [10.0] * 94}  # far below Beijing's 20
    batch = Batch(load_scenario("pilot_beijing", {"market.law": "replay", "market.replay": record}), 20, threads=1)
    for _ in range(int(batch.horizon[0]) - 1):
        batch.step(np.zeros((20, 8), np.float32))
        assert batch.market()["long_price"] == pytest.approx([10.0] * 20, rel=1e-12)
