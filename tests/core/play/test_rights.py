"""Rights of one firm alone: it lives by another rule than its market, at the market's prices."""

from __future__ import annotations

import numpy as np
import pytest

import nea_env
from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.library import ScenarioError
from nea_env.scenario import Rights, Scenario
from tests.core import scenarios as made
from tests.core.walk import Walk

EQUILIBRIUM = "market.law=equilibrium"
RIGHTS = {  # each changes what a Korean generator may do or must pay, and nobody else
    "banking": "banking.*.limit=unlimited",
    "borrowing": "borrowing={}",
    "offsets": "offsets.*.kcu.limit_share=0.02",
    "penalty": "penalty.*.multiple=10",
    "allocation": "allocation.*.correction_factor=1",
    "auctions": "auctions={}",
    "sell_limit_share": "sell_limit_share=0.001",
    "carbon_tax": "carbon_tax={2018-01: 1000}",
}


def lapsed(rights: Rights) -> float:
    """What lapses of 1,000 t booked for 2015, of which nothing is emitted, where nobody may carry over."""
    law = made.scenario(
        made.regime(2015, 2016, banking=made.LAPSES),
        made.firm(output=1_000.0, base=1_000.0, path={"2015": 1e-12, "2016": 1.0}).model_copy(
            update={"rights": rights}
        ),
        made.market(),
        start="2015-12",
    )
    return float(Walk(law).through("2016-06").total["lapsed"][0])


def test_units_that_lapse_for_others_are_carried_over_by_a_firm_that_may():
    assert lapsed(Rights()) == pytest.approx(1_000.0)
    assert lapsed(Rights(banking={"2015": {"limit": "unlimited"}})) == pytest.approx(0.0, abs=1e-6)


def played(scenario: Scenario, n: int = 4) -> np.ndarray:
    """(months, n, observations) of firms that borrow, buy credits, buy and sell all the time."""
    batch = Batch(scenario, n, threads=1)
    shown = [batch.reset(np.arange(n))]
    action = np.zeros((n, Action.size), np.float32)
    action[:, :] = 0.3
    for month in range(int(batch.horizon[0]) - 1):
        action[:, Action.TRADE] = -1.0 if month % 3 == 0 else 0.3
        shown.append(batch.step(action)[0])
    return np.array(shown)


@pytest.mark.parametrize("change", RIGHTS.values(), ids=RIGHTS)
def test_at_given_prices_a_right_is_the_rule_for_everybody_to_the_firm(change):
    base = nea_env.load_scenario("kets")
    mine = nea_env.load_scenario(base, [f"firm.rights.{change}"])
    ours = nea_env.load_scenario(base, [f"regime.{change}"])
    certain = {"ranges": mine.played.regime.ranges}  # a right is no number in doubt
    ours = ours.model_copy(update={"market": base.market, "regime": ours.regime.model_copy(update=certain)})
    assert mine.played.regime == ours.regime
    np.testing.assert_array_equal(played(mine), played(ours))
    assert not np.array_equal(played(mine), played(base))


@pytest.mark.parametrize("change", ["banking.*.limit=unlimited", "borrowing={}", "penalty.*.multiple=10"])
def test_the_whole_market_stays_as_it_is(change):
    base = nea_env.load_scenario("kets", [EQUILIBRIUM])
    mine = nea_env.load_scenario(base, [f"firm.rights.{change}"])
    paths = nea_env.price_paths(base, 3)
    np.testing.assert_array_equal(nea_env.price_paths(mine, 3).values, paths.values)
    through = nea_env.load_scenario(base, [f"regime.{change}"])
    assert not np.array_equal(nea_env.price_paths(through, 3).values, paths.values)


def test_no_rights_leave_the_digest_alone():
    base = nea_env.load_scenario("kets")
    assert nea_env.load_scenario(base, {"firm.rights": {}}).digest == base.digest
    assert nea_env.load_scenario(base, ["firm.rights.borrowing={}"]).digest != base.digest


def test_a_right_wins_over_a_range_of_the_rule():
    base = nea_env.load_scenario("kets_randomised")
    path = next(one.path for one in base.regime.ranges if one.path.startswith("banking."))
    mine = nea_env.load_scenario(base, [f"firm.rights.{path}=7"])
    laws = Batch(mine, 8, threads=1)._laws
    assert {law.played.regime.number(path) for law in laws} == {7.0}
    assert len({law.regime.number(path) for law in laws}) > 1
    assert path not in [one.path for one in mine.played.regime.ranges]
    assert np.isfinite(played(mine)).all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("firm.rights.banking.2018.limt=none", "unknown key; did you mean 'limit'?"),
        ("firm.rights.calendar.2018.deadline=2020-01", "unknown key; allowed: allocation, banking,"),
        ("firm.rights.banking.2099.limit=none", "banking names 2099, which the calendar does not have"),
        ("firm.rights.penalty.2018.multiple=-1", "input should be greater than or equal to 0"),
        ("firm.rights.allocation.2018.method=baseline", "needs reduction_factor"),
    ],
)
def test_a_right_that_is_none_is_refused_in_one_line(change, why):
    with pytest.raises(ScenarioError) as refused:
        nea_env.load_scenario("kets", [change])
    assert str(refused.value).startswith(f"override {change.partition('=')[0]}: ")
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_may_give_its_firm_rights(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: mine\nstart: 2015-01\nfirst: 2015\nlast: 2020\nregime: kets\nfirm: kets_generator\n"
        "market: kau\noverrides: {firm: {rights: {borrowing: {}, banking: {2018: {limit: unlimited}}}}}\n"
    )
    mine = nea_env.load_scenario(tmp_path / "mine.yaml")
    assert mine.played.regime.borrowing == {}
    assert mine.played.regime.banking["2018"].limit == "unlimited"
    assert mine.regime == nea_env.load_scenario("kets").regime


@pytest.mark.parametrize(
    ("scenario", "section"), [("pilot_shenzhen", "pilot_hubei.banking"), ("pilot_tianjin", "pilot_beijing.penalty")]
)
def test_a_section_of_another_regime_is_this_firms_as_it_would_be_everybodys(scenario, section):
    name = section.partition(".")[2]
    own, all_firms = (nea_env.load_scenario(scenario, {f"{at}.{name}": section}) for at in ("firm.rights", "regime"))
    assert getattr(own.firm.rights.over(own.regime), name) == getattr(all_firms.regime, name)
    assert own.regime == nea_env.load_scenario(scenario).regime


def test_one_year_of_a_section_is_a_right_too_and_sections_with_keys_of_their_own_are_refused():
    kets = nea_env.load_scenario("kets", {"firm.rights.penalty.2018": "pilot_beijing.penalty.2016"})
    assert kets.firm.rights.over(kets.regime).penalty["2018"].cap is None
    assert kets.firm.rights.over(kets.regime).penalty["2017"] == kets.regime.penalty["2017"]
    with pytest.raises(ScenarioError, match=r"firm\.rights\.offsets: .*key by key, so offsets takes a mapping"):
        nea_env.load_scenario("kets", {"firm.rights.offsets": "pilot_hubei.offsets"})
