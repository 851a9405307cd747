"""Power bought at a grid factor, technologies that act on it, income on them and a carbon tax: worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX
from nea_env.core.lowering.outlook import Outlook
from nea_env.core.lowering.tables import lower
from nea_env.core.parameters import Month
from nea_env.library import load_scenario
from nea_env.scenario import Abatement, GridFactor, ScenarioError, Technology
from tests.core import scenarios as made
from tests.core.walk import Walk

PRICE = 1_500.0
CHANGES = {"2020": GridFactor(factor=0.5), "2021": GridFactor(factor=0.3)}


def tonnes(value: float):
    return pytest.approx(value, abs=0.01)


def tokyo(**grid) -> Walk:
    """10,000 units of 1 t, of which 2 MWh bought: 0.764 t of power and 0.236 t of gas at the factor of period 1."""
    law = load_scenario("tokyo").regime
    if grid:
        law = law.model_copy(update={"grid_factor": law.grid_factor | {"2015": GridFactor(**grid)}})
    site = made.firm(output=10_000.0, unit_class="I-1", base=10_000.0, electricity=2.0)
    where = made.market(PRICE).model_copy(update={"currency": "JPY"})
    return Walk(made.scenario(law, site, where, start="2010-04", first="2010", last="2015"))


def test_tokyo_through_the_change_of_factor():
    walk = tokyo().through("2015-03")
    assert walk.total["emitted"][0] == tonnes(5 * 10_000)
    walk.through("2016-03")
    assert walk.total["emitted"][0] == tonnes(50_000 + 12_140)  # 0.236 + 2 x 0.489 = 1.214 t a unit
    assert walk["owed"] == tonnes(50_000 - 5 * 9_200)
    walk.through("2016-08").play(tonnes=4_000)
    assert walk.flows["allowance_cost"][0] == pytest.approx(4_000 * 1_500)
    assert walk.flows["surrendered"][0] == tonnes(4_000)
    walk.through("2020-11")
    owed = 5 * 12_140 - 5 * 12_140 * (1 - 0.17)  # the base years are recalculated: 10,000 t became 12,140
    assert owed == pytest.approx(10_319)
    assert walk["owed"] == tonnes(10_319)
    walk.through("2021-12").play(tonnes=10_319)
    assert walk.ended
    assert walk.flows["allowance_cost"][0] == pytest.approx(15_478_500, rel=1e-6)
    assert walk.present[0] == pytest.approx(6_000_000 + 15_478_500, rel=1e-6)
    assert walk.total["penalised"][0] == 0


def test_base_years_left_at_the_old_factor_cost_8_881_t_more():
    walk = tokyo(factor=0.489, base_factor=0.382).through("2020-11")
    assert walk["owed"] == tonnes(5 * 12_140 - 5 * 8_300)
    assert walk["owed"] - 10_319 == tonnes(8_881)


def test_the_shipped_tower_is_as_short_in_period_two_as_in_its_own_terms():
    period_1, period_2, _ = Outlook(load_scenario("tokyo")).periods
    assert period_2.base / period_1.base == pytest.approx(1 + 1.6 * (0.489 - 0.382))
    assert period_2.base == tonnes(11_712)
    assert period_2.cap == tonnes(5 * 0.83 * 11_712)
    assert period_2.relative == period_2.base_relative


def plant(*technologies: Technology, grid=CHANGES, allocation=None, **more):
    """12,000 units a year of 1 t and 1 MWh each, benchmarked at 0.9 t; units are due in the June after a year."""
    law = made.regime(2020, 2021, allocation=allocation or made.benchmarked(0.9), grid_factor=grid, **more)
    who = made.firm(output=12_000.0, electricity=1.0, technologies=technologies, invest_rate=1.0)
    return made.scenario(law, who)


def tech(share: float, acts_on: str, **more) -> Technology:
    fields = {"name": acts_on, "capex": 100.0, "lead_months": 1, "life_years": 20.0} | more
    return Technology(potential_share=share, acts_on=acts_on, **fields)


def test_a_greener_grid_lowers_the_duty_by_what_was_bought():
    walk = Walk(plant()).through("2020-12")
    assert walk.total["emitted"][0] == tonnes(12_000)
    walk.through("2021-12")
    assert walk.total["emitted"][0] == tonnes(24_000 - 12_000 * 1 * 0.2)
    same = Walk(plant(grid={"2020": GridFactor(factor=0.5)})).through("2022-05", trade=0.0)
    greener = Walk(plant()).through("2022-05", trade=0.0)
    assert same["owed"] - greener["owed"] == tonnes(2_400)
    assert same.total["issued"][0] == tonnes(greener.total["issued"][0])  # the benchmark says 0.9 all the same


def test_power_that_no_longer_counts():
    grid = {"2020": GridFactor(factor=0.5), "2021": GridFactor(factor=0.0)}
    walk = Walk(plant(grid=grid)).through("2021-12")
    assert walk.total["emitted"][0] == tonnes(12_000 + 6_000)


def test_a_supplier_cuts_four_fifths_of_the_power_at_a_price_a_mwh():
    # 80 % of 1 MWh at 0.5 t: 0.4 t a unit. 40 money a MWh are 80 a tonne, and stay 40 a MWh at 0.3 t
    walk = Walk(plant(tech(0.4, "electricity", opex=80.0))).play(invest=1.0).through("2020-12")
    assert walk.flows["saved"][0] == tonnes(1_000 * 0.8 * 0.5)
    assert walk.flows["emitted"][0] == tonnes(1_000 * (1 - 0.4))
    assert walk.flows["operating_cost"][0] == pytest.approx(800 * 40)
    walk.play()
    assert walk.flows["saved"][0] == tonnes(1_000 * 0.8 * 0.3)
    assert walk.flows["emitted"][0] == tonnes(1_000 * (0.8 - 0.24))
    assert walk.flows["operating_cost"][0] == pytest.approx(800 * 40)


@pytest.mark.parametrize(("acts_on", "before", "after"), [("direct", 400, 400), ("all", 400, 320)])
def test_what_other_technologies_avoid(acts_on, before, after):
    walk = Walk(plant(tech(0.4, acts_on))).play(invest=1.0).through("2020-12")
    assert walk.flows["saved"][0] == tonnes(before)
    assert walk.play().flows["saved"][0] == tonnes(after)


def test_months_ahead_count_what_capacity_will_avoid_in_them():
    # both years are due together: in 2020 power is 0.5 of 1.0 t a unit, in 2021 0.3 of 0.8
    dates = {str(y): made.calendar(y, deadline=6, verified=5) for y in (2020, 2021)}
    dates["2020"] = dates["2020"].model_copy(update={"deadline": "2022-06", "verified": "2022-05"})
    table = lower(plant(tech(0.4, "electricity"), tech(0.4, "direct"), calendars=dates)).monthly
    power, direct = table[0, Month.SAVED_AHEAD], table[0, Month.SAVED_AHEAD + 1]
    assert power == pytest.approx(12 * (1.0 + 0.6) / (12 * (1.0 + 0.8)))
    assert direct == pytest.approx(12 * 2.0 / (12 * 1.8))
    assert table[12, Month.SAVED_AHEAD] == pytest.approx(0.6 / 0.8)
    assert table[0, Month.FUTURE_EMISSIONS] == tonnes(12_000 + 9_600)
    assert table[0, Month.SAVED_LEFT] == pytest.approx(12 + 12 * 0.6)
    assert table[0, Month.SAVING_MONTHS] * 12 * 100 == pytest.approx(9 + 12 * 0.6)  # on line in April


def test_a_position_is_worth_what_its_capacity_will_avoid():
    walk = Walk(plant(tech(0.4, "electricity"))).play(invest=1.0).play()
    for waits in (True, False):  # under construction, then in place
        worth = walk.batch.position()[0][0] + sum(walk[name] for name in ("accrued", "closed", "owed"))
        rest = Walk(walk.scenario).play(invest=1.0).through("2021-12")
        assert (walk["building_0"] > 0) == waits
        assert worth == tonnes(rest.total["saved"][0] - walk.total["saved"][0])
        walk.through("2020-08")


def test_units_that_follow_last_years_emissions_are_restated():
    grid = {"2020": GridFactor(factor=0.5), "2022": GridFactor(factor=0.3)}
    rule = made.grandfathered(0.9).model_copy(update={"update_share": 1.0})
    dates = {str(y): made.calendar(y, allocated=f"{y}-07") for y in (2020, 2021, 2022)}
    law = made.regime(2020, 2022, allocation=rule, grid_factor=grid, calendars=dates)
    walk = Walk(made.scenario(law, made.firm(output=12_000.0, electricity=1.0))).through("2022-07")
    assert walk.flows["issued"][0] == tonnes(0.9 * 12_000 * 0.8)  # 12,000 t of 2021 are 9,600 at the factor of 2022


def taxed(**more):
    """The plant under a tax of 10 and, from July 2020, of 30 a tonne; it can abate a fifth."""
    law = made.regime(2020, 2020, allocation=made.benchmarked(0.9), carbon_tax={"2020-01": 10.0, "2020-07": 30.0})
    abates = Abatement(scale=100.0, steepness=5.0, max_share=0.2)
    return made.scenario(law, made.firm(output=12_000.0, abatement=abates, invest_rate=1.0, **more), made.market(50.0))


def test_the_tax_is_paid_on_every_tonne_and_not_at_run_off():
    walk = Walk(taxed()).through("2020-06")
    assert walk.total["tax_cost"][0] == pytest.approx(6_000 * 10)
    walk.through("2020-12")
    assert walk.total["tax_cost"][0] == pytest.approx(6_000 * 10 + 6_000 * 30)
    walk.to_end(trade="even")
    assert walk.total["tax_cost"][0] == pytest.approx(240_000)
    assert walk.total["allowance_cost"][0] == pytest.approx(1_200 * 50, rel=1e-5)
    assert walk.total["cost"][0] == pytest.approx(240_000 + 60_000, rel=1e-5)


def test_abatement_is_worth_the_price_and_the_tax():
    # 100 (exp(5 R) - 1) = 50 + 10: R = ln(1.6) / 5 of a fifth at most; from July ln(1.8) / 5
    walk = Walk(taxed())
    assert walk.batch.suggestions()[0, 1] == pytest.approx(math.log(1.6) / 5 / 0.2)
    walk.play(abate="at_price")
    assert walk.flows["abated"][0] == tonnes(1_000 * math.log(1.6) / 5)
    assert walk.flows["tax_cost"][0] == pytest.approx(10 * (1_000 - 200 * math.log(1.6)))
    walk.through("2020-06")
    assert walk.batch.suggestions()[0, 1] == pytest.approx(math.log(1.8) / 5 / 0.2)


def test_income_and_tax_saved_are_in_what_an_investment_is_worth():
    paid = {"2020-06": 4.0, "2020-10": 7.0}
    walk = Walk(taxed(technologies=(tech(0.4, "all", opex=20.0, income=paid, capex=1_000.0),)))
    observation = walk.batch.reset(np.arange(1))[0]
    # on line in April for nine months: 450 of units and 9 x 20 of running cost a tonne a month; income 4 x 4 + 3 x 7;
    # tax 3 x 10 + 6 x 30; book value at the end, in June 2021: 225 of 240 months of life
    earned = 16 + 21 + 30 + 180
    value = (9 * 50 - 9 * 20 + earned) / 12_000 + 225 / 240 - 1
    assert observation[OBS_INDEX["invest_value_0"]] == pytest.approx(value, abs=1e-3)
    walk.play(invest=1.0).through("2020-05")
    used = 400.0
    assert walk.flows["operating_cost"][0] == pytest.approx(used * 20)
    assert walk.play().flows["operating_cost"][0] == pytest.approx(used * 16)
    assert walk.batch.position()[1][0] == pytest.approx(
        used * (18 + 21 + 180 - 6 * 20) + 1e3 * 12 * used * 225 / 240, rel=1e-3
    )
    assert walk.through("2020-10").flows["operating_cost"][0] == pytest.approx(used * 13)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"firm.electricity": 3.0}, ("firm.electricity: 3 MWh", "14.7 times", "at most 0.204499")),  # 0.10 / 0.489
        ({"firm.electricity": 0.1}, ("act on electricity remove 0.685", "at most 0.44")),  # 0.489 x (1 - 0.10)
        ({"regime.grid_factor.2013.factor": 0.4}, ("no '2013'",)),
        ({"firm.technologies.0.acts_on": "power"}, ("acts_on", "electricity")),
        ({"firm.technologies.0.income": {"2016": 1.0}}, ("income", "2016")),
        ({"regime.carbon_tax": {"2016-04": -1.0}}, ("carbon_tax",)),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    with pytest.raises(ScenarioError) as error:
        load_scenario("tokyo_supplier", changes)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        ({"2016": {"factor": 0}}, r"regime\.grid_factor\.2016\.factor: 0 t/MWh leaves a firm .* without emissions"),
        ({"2016": {"factor": 0.4, "base_factor": 0}}, r"regime\.grid_factor\.2016\.base_factor: 0 t/MWh"),
    ],
)
def test_a_firm_that_emits_by_buying_power_alone_needs_a_factor(grid, told):
    changes = {"firm.emission_intensity": 0.8, "firm.electricity": 1.6}  # 0.8 t a unit at 0.5 t/MWh
    with pytest.raises(ScenarioError, match=told):
        Batch(load_scenario("kets", changes | {"regime.grid_factor": {"2015": {"factor": 0.5}} | grid}), 1)


def test_a_factor_for_a_year_that_is_no_period_is_refused():
    with pytest.raises(ValueError, match="grid_factor names 2022, which the calendar does not have"):
        made.regime(2020, 2021, grid_factor={"2022": GridFactor(factor=0.5)})


def test_power_under_one_factor_is_no_part_of_a_scenarios_content():
    plain, bought = load_scenario("tps"), load_scenario("tokyo_p2")
    assert load_scenario("tps", {"regime.grid_factor.2021.factor": 0.4}).digest == plain.digest
    assert load_scenario("tokyo_p2", {"firm.electricity": 0.1}).digest == bought.digest
    assert load_scenario("tokyo_p2", {"regime.grid_factor.2015.base_factor": 0.382}).digest != bought.digest
    assert load_scenario("tokyo", {"firm.electricity": 0.1}).digest != load_scenario("tokyo").digest
