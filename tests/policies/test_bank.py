"""What is told of a bank, beside figures worked out by hand and firms that bank a known amount."""

import numpy as np
import pytest

from nea_env.core.layout import Action
from nea_env.library import load_scenario
from nea_env.policies.bank import YEARLY, Bank
from nea_env.policies.play import months, play
from nea_env.policies.rules import JustInTime, Random, column, unsquashed

SEEDS = np.arange(1_000_000, 1_000_020)
FREE = {"kets_phase2": {f"regime.banking.{year}.limit": "unlimited" for year in (2018, 2019, 2020)}}


def monthly(rule, scenario, seeds=SEEDS):
    """The bank, (months, n), and the flows and accounts of the first row by month."""
    played = months(rule, scenario, seeds)
    start = next(played).env.accounts()
    bank, flows, accounts = Bank(scenario, start), [], [start]
    for month in played:
        bank.note(month.env.flows(), month.env.accounts())
        flows.append({name: float(values[0]) for name, values in month.env.flows().items()})
        accounts.append(month.env.accounts())
    return bank, flows, accounts


def test_the_first_cycle_of_kets_by_hand():
    """2015: 947,200 t free (the cap of phase I over its base), earned in twelve months; settled in June 2016."""
    bank, flows, _ = monthly(JustInTime(), load_scenario("kets"))
    tonnes = bank.tonnes()[:, 0]
    emitted, bought = (np.cumsum([month[name] for month in flows]) for name in ("emitted", "bought"))
    assert tonnes[0] == pytest.approx(947_200 / 12 - emitted[0])
    assert tonnes[11] == pytest.approx(947_200 - emitted[11])
    # June 2016: half of 2016's 947,200 t is earned besides, and the purchases have closed the gap of 2015
    assert tonnes[17] == pytest.approx(1.5 * 947_200 - emitted[17] + bought[17])
    assert bought[17] == pytest.approx(emitted[11] - 947_200, abs=1.0)


@pytest.mark.parametrize("name", ["kets", "tps", "tokyo", "linked_kets", "pilot_beijing"])
def test_just_in_time_banks_about_nothing(name):
    scenario = load_scenario(name)
    outcome = play(JustInTime(), scenario, SEEDS, curves=True)
    annual = scenario.firm.annual_emissions
    years = max(int(period[-4:]) - int(period[:4]) + 1 for period in outcome.years)
    assert np.abs(outcome.bank_t.mean()) < 0.1 * years * annual
    assert outcome.yearly["carried_over"].max() < 1e-3 * annual
    assert np.abs(np.diff(outcome.curves["bank"][2])).max() < 0.1 * annual  # no allocation shows in it


class CarriesOver(JustInTime):
    """Just in time, and buys some tonnes more in the month of the first deadline; later it keeps what it has."""

    def __init__(self, scenario, tonnes):
        self.annual, self.tonnes, self.has_bought = scenario.firm.annual_emissions, tonnes, False

    def act(self, observation):
        actions = super().act(observation)
        if not self.has_bought and (column(observation, "to_deadline") == 0.0).all():
            limit = unsquashed(column(observation, "volume_limit")) * self.annual
            actions[:, Action.TRADE] += self.tonnes / limit
            self.has_bought = True
        return actions


def test_what_a_firm_carries_over_is_told_to_the_tonne():
    scenario = load_scenario("kets_phase2", FREE["kets_phase2"])
    bought, base = play(CarriesOver(scenario, 5_000.0), scenario, SEEDS), play(JustInTime(), scenario, SEEDS)
    assert bought.years == ("2018", "2019", "2020")
    assert np.allclose(bought.yearly["carried_over"][:, 0], 5_000.0, atol=0.5)
    assert np.allclose(bought.carried_t, 5_000.0, atol=0.5) and base.carried_t.max() < 1.0
    assert np.allclose(bought.yearly["carried_over"][:, 1:], 0.0, atol=0.5)  # it sells the surplus of 2019 in time
    with_it, without = monthly(CarriesOver(scenario, 5_000.0), scenario)[0], monthly(JustInTime(), scenario)[0]
    more = with_it.tonnes() - without.tonnes()
    first = int(np.argmax(more[:, 0] > 1.0))
    assert np.allclose(more[first], 5_000.0, atol=0.5) and np.abs(more[:first]).max() < 0.01


@pytest.mark.parametrize("name", ["kets", "tps", "tokyo", "linked_tokyo", "pilot_shenzhen", "gx_ets", "saitama"])
def test_years_add_up_and_the_last_bank_is_what_is_left(name):
    scenario = load_scenario(name)
    bank, _, accounts = monthly(Random(3), scenario)
    outcome = play(Random(3), scenario, SEEDS)
    assert set(outcome.yearly) == set(YEARLY)
    sums = {key: values.sum(axis=1) for key, values in outcome.yearly.items()}
    for key in ("lapsed", "borrowed", "penalised"):
        assert np.allclose(sums[key], outcome.totals[key], atol=1e-3)
    assert np.allclose(sums["offsets"], outcome.totals["offsets_bought"], atol=1e-3)
    assert np.allclose(sums["imported"], outcome.totals["foreign_bought"] - outcome.totals["foreign_sold"], atol=1e-3)
    last = accounts[-1]
    left = last["front"] + last["offsets"] + last["foreign"] - last["debt"]
    assert np.allclose(bank.tonnes()[-1], left, atol=1e-3)
    assert np.allclose(outcome.yearly["carried_over"][:, -1] - last["debt"], left, atol=1e-3)
