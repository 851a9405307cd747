"""Scenarios on common draws: pairing, effects that are known, and both worths of a change of the law."""

import importlib.util
import json

import numpy as np
import pytest

import nea_env
from nea_env.bench.scenario_arguments import loaded, names_of, words_of
from nea_env.bench.worths import GIVEN, THROUGH, at_given_prices, variants
from nea_env.library import load_scenario
from nea_env.policies.play import costs, play
from nea_env.policies.rules import DoNothing, JustInTime

SEEDS = np.arange(1_000_000, 1_000_030)
UNLIMITED = "regime.banking.*.limit=unlimited"


def compare(*scenarios, **arguments):
    arguments = {"policies": ["just_in_time"], "episodes": 30, "progress": False} | arguments
    return nea_env.compare(scenarios, **arguments)


def of(found, quantity, how, policy="just_in_time"):
    cells = {one.label: one for one in found.cells if (one.policy, one.quantity) == (policy, quantity)}
    return next(cells[variant.label] for variant in found.variants[1:] if variant.how == how)


@pytest.fixture(scope="module")
def fined():
    """A fine of three times the price, and of six times."""
    one, other = ("kets_phase2 regime.penalty.*.multiple=3", "kets_phase2 regime.penalty.*.multiple=6")
    cap = "regime.penalty.*.cap=null"
    return compare(one, other, policies=["do_nothing", "just_in_time"], overrides=[cap])


def test_identical_scenarios_differ_by_exactly_nothing():
    found = compare("kets_phase2", "kets_phase2")
    assert [variant.name for variant in found.variants] == ["kets_phase2", "kets_phase2 (2)"]
    assert all(not any(one.difference.values()) for one in found.cells if one.difference)
    assert "B: nothing differs in any episode" in str(found)


def test_what_a_firm_never_meets_leaves_every_episode_as_it_was(fined):
    """The rule that complies is never fined: another content, the same draws, the same to the bit."""
    digests = {variant.scenario.digest for variant in fined.variants}
    costs_of = [one.cost_pct for one in fined.outcomes["just_in_time"]]
    assert len(digests) == 2 and all(np.array_equal(costs_of[0], one) for one in costs_of[1:])


def test_twice_the_fine_costs_who_is_fined_the_fine_once_more(fined):
    first, second = (one.parts_pct["penalty_cost"] for one in fined.outcomes["do_nothing"])
    assert first.mean() > 1.0 and second == pytest.approx(2.0 * first)
    cell = of(fined, "cost", GIVEN, "do_nothing")
    assert cell.difference["mean"] == pytest.approx(first.mean(), rel=1e-6)
    assert cell.difference["low"] < cell.difference["mean"] < cell.difference["high"]


def test_outcomes_are_those_of_the_play_loop(fined):
    scenario = fined.variants[0].scenario
    assert np.array_equal(fined.outcomes["do_nothing"][0].cost_pct, costs(DoNothing(), scenario, SEEDS))


def test_where_no_price_answers_there_is_one_worth_and_a_reason(fined):
    assert [variant.how for variant in fined.variants] == ["", GIVEN]
    text = " ".join(str(fined).split())
    assert "regime.penalty: the price is a gbm process, which no rule moves" in text
    assert "With market.law=equilibrium for all (--price equilibrium) the price answers" in text
    assert "through the price it is worth the same" in text
    base, changed = fined.scenarios[0], load_scenario("kets_phase2", {"regime.penalty.*.multiple": 6.0})
    right = at_given_prices(load_scenario("kets_phase2"), changed)
    assert np.array_equal(costs(DoNothing(), right, SEEDS), costs(DoNothing(), changed, SEEDS))
    assert base.firm.rights.penalty is None and right.firm.rights.penalty["2018"]["multiple"] == 6.0


def test_a_right_keeps_the_price_and_a_law_for_everybody_moves_it():
    """Under an equilibrium free carry-over makes units worth keeping: the price rises, the discount goes."""
    found = compare("kets", f"kets {UNLIMITED}", price="equilibrium", episodes=100)
    assert [variant.how for variant in found.variants] == ["", GIVEN, THROUGH]
    for quantity in ("price", "discount"):
        cell = of(found, quantity, GIVEN, "market")
        assert not any(cell.difference.values())
    assert of(found, "price", THROUGH, "market").difference["low"] > 0.0
    assert of(found, "discount", THROUGH, "market").difference["high"] < 0.0
    given, through = found.variants[1].scenario, found.variants[2].scenario
    assert given.regime == found.variants[0].scenario.regime and given.firm.rights.banking is not None
    assert given.market.gap == found.variants[0].scenario.market.gap
    assert through.firm.rights.banking is None and through.regime.banking["2019"].limit == "unlimited"
    assert of(found, "cost", THROUGH).difference["mean"] != of(found, "cost", GIVEN).difference["mean"]


class Keeps(JustInTime):
    """Just in time, but buys a twentieth of the monthly limit more in every month of production."""

    name = "keeps"

    def act(self, observation):
        actions = super().act(observation)
        actions[:, 0] = np.clip(actions[:, 0] + 0.05, -1.0, 1.0)
        return actions


def test_a_right_to_carry_over_saves_what_would_have_lapsed():
    found = compare("kets_phase2 regime.banking.*.limit=none", f"kets_phase2 {UNLIMITED}", policies=[Keeps()])
    lapsed, carried = of(found, "lapsed", GIVEN, "keeps"), of(found, "carried_over", GIVEN, "keeps")
    assert lapsed.interval["mean"] == 0.0 and lapsed.difference["high"] < 0.0 < carried.difference["low"]
    assert of(found, "cost", GIVEN, "keeps").difference["high"] < 0.0


def test_what_is_no_right_of_one_firm_goes_through_the_price_only():
    base = load_scenario("kets_phase2")
    changed = base.model_copy(update={"regime": base.regime.model_copy(update={"stabilisation": {}})})
    played, notes = variants(base, changed, 1, "b")
    assert [variant.how for variant in played] == [THROUGH]
    assert any("regime.stabilisation: holds for a whole market" in note for note in notes)


def test_a_rule_with_something_taken_out_is_no_right():
    base = load_scenario("kets_phase2")
    regime = base.regime.model_copy(update={"offsets": {"2018": base.regime.offsets["2018"]}})
    changed = base.model_copy(update={"regime": regime})
    assert "something is taken out of a rule" in at_given_prices(base, changed)


def test_a_link_at_given_prices_is_this_firms_alone():
    base = load_scenario("kets", ["market.law=equilibrium"])
    linked = load_scenario("kets", ["links=[kets_tps]", "market.law=equilibrium"])
    played, notes = variants(base, linked, 1, "b")
    assert [variant.how for variant in played] == [GIVEN, THROUGH] and not notes
    assert played[0].scenario.links[0].regime is None and linked.links[0].regime is not None
    _, notes = variants(load_scenario("kets"), load_scenario("kets", ["links=[kets_tps]"]), 1, "b")
    assert len(notes) == 1 and "a gbm process, which no link moves" in notes[0]


def test_a_change_that_is_no_law_has_no_two_worths():
    found = compare("kets_phase2", "kets_phase2 market.volatility=0.1", "kets_phase2 firm.rights.borrowing={}")
    assert [variant.how for variant in found.variants] == ["", "", GIVEN]


def test_other_money_and_other_months_are_said():
    found = compare("kets_phase2", "tps")
    text = str(found)
    assert "Money differs (KRW, CNY)" in text and "Months differ (kets_phase2: 2018-01 to" in text
    cells = {(one.policy, one.quantity, one.label): one for one in found.cells}
    assert cells["market", "price", "tps"].difference is None
    assert cells["just_in_time", "cost", "tps"].difference is not None and "KRW/t, CNY/t" in text


def test_the_table_and_the_ways_out(fined):
    text = str(fined)
    assert text == repr(fined) and max(map(len, text.splitlines())) <= 110
    assert "30 episodes on common draws, seeds 1000000 to 1000029, all with regime.penalty.*.cap=null" in text
    assert "A: kets_phase2, penalty.*.multiple=3\nB: kets_phase2, penalty.*.multiple=6\n" in text
    assert json.loads(fined.to_json()) == fined.to_dict()
    figures = fined.to_dict()["figures"]["do_nothing"]["cost"]
    assert list(figures) == [variant.label for variant in fined.variants]
    assert figures["kets_phase2, penalty.*.multiple=3"]["difference"] is None
    latex = fined.to_latex()
    assert r"\begin{tabular}{llrr}" in latex and r"\multicolumn{4}{l}{do nothing}" in latex
    assert not any(line.lstrip().startswith("%") for line in latex.splitlines()[1:])
    head, *rows = fined.to_csv().splitlines()
    assert head.startswith("policy,quantity,scenario,mean,mean_low") and len(rows) == len(fined.cells)
    assert "<caption>do_nothing: " in fined._repr_html_()
    if importlib.util.find_spec("pandas") is None:
        with pytest.raises(ImportError, match="pip install pandas"):
            fined.to_pandas()
    else:
        assert fined.to_pandas().loc["do_nothing", "cost"]["mean"].iloc[0] == next(iter(figures.values()))["mean"]


def test_means_by_month_end_in_the_mean_of_the_episodes():
    outcome = play(JustInTime(), load_scenario("kets_phase2"), SEEDS, curves=True)
    assert outcome.means["cumulative_cost"][-1] == pytest.approx(outcome.cost_pct.mean())
    assert outcome.means["bank"].mean() == pytest.approx(outcome.bank_t.mean())


def test_words_and_names():
    assert words_of("kets links=[kets_tps, kets_eu]  'market.price=9000'") == [
        "kets", "links=[kets_tps, kets_eu]", "market.price=9000",
    ]  # fmt: skip
    two = loaded(["kets market.price=1000", "kets market.price=1000"], ["market.volatility=0.2"], "equilibrium")
    assert names_of(two) == ["kets", "kets (2)"]


@pytest.mark.parametrize(
    ("scenarios", "arguments", "message"),
    [
        (["kets"], {}, "scenarios: only 'kets': expected at least two"),
        ("kets", {}, "scenarios: 'kets': expected a list"),
        (["kets"] * 7, {}, "scenarios: 7: expected at most 6"),
        (["kets", "ket"], {}, "argument 2, ket: scenario: 'ket' is neither"),
        (["kets", "kets market.prise=3"], {}, "argument 2, kets market.prise=3: override market.prise"),
        (["kets", "market.price=3"], {}, "argument 2, 'market.price=3', names no scenario"),
        (["kets", "kets tps"], {}, "argument 2, 'kets tps', names 2 scenarios"),
        (["kets", "nea/KET-v0"], {}, "argument 2, nea/KET-v0: no id is called"),
        (["kets", "kets"], {"price": "free"}, "price: 'free': allowed: given, equilibrium"),
        (["kets", "kets"], {"policies": ["just"]}, "policy: 'just' is no rule and no saved model"),
        (["kets", "kets"], {"policies": []}, "policies: there is none"),
        (["kets", "kets"], {"episodes": 1}, "episodes"),
        (["kets", "kets"], {"seed": 3}, "seed"),
    ],
)
def test_a_mistake_is_one_clear_error(scenarios, arguments, message):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        nea_env.compare(scenarios, **{"progress": False, "episodes": 4} | arguments)
    assert message in str(error.value)
