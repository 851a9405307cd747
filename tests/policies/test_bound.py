"""No scenario pays a rule more than the law's own limits on credits, foreign units and fines allow."""

import numpy as np
import pytest

from nea_env.library import load_scenario, scenarios
from nea_env.policies import searched
from nea_env.policies.bound import SLACK, PaysTheFine, most_a_rule_can_save
from nea_env.policies.cross_entropy import FEATURES, Budget, search
from nea_env.policies.linear_rule import LinearRule
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.play import play
from nea_env.policies.rules import JustInTime

SEEDS = np.arange(1_000_000, 1_001_000)
FINE_CAN_BE_CHEAPER = {
    # Korea: three times the mean price, at most 100,000 won a tonne; a path whose price passes that pays the fine
    "kets", "kets_full", "kets_phase2", "kets_cement", "kets_steel", "kets_randomised", "linked_kets",
    "linked_kets_eu", "linked_kets_full", "linked_kets_quota",
    # Korea's targets: at most ten million won, whatever is missing
    "tms", "tms_randomised",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in scenarios() if not load_scenario(name).menu])
def test_a_searched_rule_saves_no_more_than_the_law_allows(name):
    scenario = load_scenario(name)
    if searched.is_current(scenario):
        rule = LinearRule(searched.searched_weights(scenario))
    else:  # until it is searched again
        rule = LinearRule(search(scenario, Budget(episodes=16, generations=10, population=24), FEATURES, lambda: None))
    difference = interval(marked_costs(rule, scenario, SEEDS) - marked_costs(JustInTime(), scenario, SEEDS))
    bound = most_a_rule_can_save(scenario)
    assert -difference["mean"] <= bound.total, f"saves {-difference['mean']:.2f}, but the law allows {bound}"
    assert (bound.fine > 0.01) <= (name in FINE_CAN_BE_CHEAPER), bound


def korea(**changes):
    """Korea 2018-2020 without noise: the price grows at the discount rate; credits for 10 % of the duty cost half."""
    still = {
        "market.volatility": 0.0, "market.gap": {}, "market.frictions.spread": 0.0, "market.frictions.impact": 0.0,
        "market.offset.ratio": 0.5, "market.offset.level": 0.5, "market.offset.sd": 0.0,
        "firm.output_shock.volatility": 0.0,
    }  # fmt: skip
    return load_scenario("kets_phase2", still | changes)


def test_credits_at_half_the_price_save_half_of_a_tenth():
    """Of three years' duty a tenth at half the price is 5 % of what the duty is worth, abatement taken off."""
    bound = most_a_rule_can_save(korea(), 4)
    assert bound.foreign == bound.fine == 0.0
    assert 4.5 < bound.offsets < 5.0
    assert bound.total == bound.offsets + SLACK


def test_dear_credits_save_nothing():
    assert most_a_rule_can_save(korea(**{"market.offset.ratio": 1.5, "market.offset.level": 1.5}), 4).offsets == 0.0


def test_a_fine_below_the_price_is_counted():
    """At a tenth of the mean price a tonne, nine tenths of what is bought are saved."""
    fined = {f"regime.penalty.{year}.multiple": 0.1 for year in (2018, 2019, 2020)}
    cheap, dear = most_a_rule_can_save(korea(**fined), 4), most_a_rule_can_save(korea(), 4)
    seeds = np.arange(900_000, 900_004)
    saved = marked_costs(JustInTime(), korea(**fined), seeds) - marked_costs(PaysTheFine(True), korea(**fined), seeds)
    assert dear.fine == 0.0 < float(saved.mean()) <= cheap.fine + 1e-9


def test_a_link_is_counted():
    alone, linked = (most_a_rule_can_save(load_scenario("linked_kets", change), 200) for change in ({"links": []}, {}))
    assert alone.foreign == 0.0 and linked.foreign > 1.0


@pytest.mark.parametrize("name", ["tokyo", "tokyo_p2", "tokyo_p4"])
def test_leaving_duty_unmet_costs_a_tokyo_firm_more(name):
    """The order is for up to 1.3 times what is missing, and half a million yen on top: dearer than buying."""
    scenario = load_scenario(name)
    unpaid, paid = (play(rule, scenario, SEEDS) for rule in (PaysTheFine(True), JustInTime()))
    missing = unpaid.totals["penalised"] / scenario.firm.annual_emissions
    assert paid.complied.all() and missing.mean() > 0.1
    assert (unpaid.parts_pct["penalty_cost"][missing > 0.01] > 0.0).all()
    more = marked_costs(PaysTheFine(True), scenario, SEEDS) - marked_costs(JustInTime(), scenario, SEEDS)
    assert np.quantile(more[missing > 0.01], 0.05) > 0.0
