"""What is compared and who plays: changes and policies however they are given, names that differ, drawn firms."""

import numpy as np
import pytest

import nea_env
from nea_env.__main__ import main
from nea_env.bench import compare_policies
from nea_env.bench.compare_policies import by_name
from nea_env.bench.worths import GIVEN, THROUGH
from nea_env.library import load_scenario

NONE = "regime.banking.*.limit=none"


def compare(*scenarios, **arguments):
    arguments = {"policies": ["just_in_time"], "episodes": 4, "progress": False} | arguments
    return nea_env.compare(scenarios, **arguments)


def idle(observation):
    return np.zeros((len(observation), 8), np.float32)


class Idle:
    """Does nothing, as an object."""

    def predict(self, observation):
        return idle(observation)


def test_tonnes_are_shares_of_the_firm_that_is_drawn():
    """A firm four times as large, once as a number and once as a draw that can be nothing else."""
    fixed, drawn = (load_scenario("kets", change) for change in (
        {"firm.scale": 4.0}, {"firm.ranges": {"scale": [4.0, 4.0]}},
    ))  # fmt: skip
    found = compare(fixed, drawn, episodes=10)
    own = [one for one in found.cells if one.difference is not None]
    assert own and all(not any(one.difference.values()) for one in own)
    first, second = found.to_dict()["scenarios"]
    assert first["annual_emissions_t"] == second["annual_emissions_t"] == fixed.firm.annual_emissions


def test_each_episode_is_measured_by_its_own_firm():
    """A share is the mean of the episodes' shares, and the emissions told are the mean of what was played."""
    sizes = {"firm.ranges": {"scale": [0.5, 2.0]}, "market.frictions.permanent_impact": 0.0}
    base = load_scenario("kets_phase2", {"market.frictions.permanent_impact": 0.0})
    found = compare(base, load_scenario("kets_phase2", sizes), episodes=20)
    annual = found.emissions[1]
    assert len(set(annual)) > 10 and found.to_dict()["scenarios"][1]["annual_emissions_t"] == annual.mean()
    assert annual.min() > 0.49 * base.firm.annual_emissions and annual.max() < 2.01 * base.firm.annual_emissions
    outcomes = found.outcomes["just_in_time"]
    cells = {(one.quantity, one.label): one for one in found.cells if one.policy == "just_in_time"}
    bank = cells["bank", found.variants[1].label].interval["mean"]
    assert bank == pytest.approx(100.0 * float((outcomes[1].bank_t / annual).mean()))


def test_the_figure_measures_vintages_by_the_drawn_firm():
    pytest.importorskip("matplotlib")
    from nea_env.bench.compare_figure import _Drawn

    fixed, drawn = ({"firm.scale": 4.0}, {"firm.ranges": {"scale": [4.0, 4.0]}})
    shown = _Drawn(compare(load_scenario("kets_phase2", fixed), load_scenario("kets_phase2", drawn)))
    for one, other in (shown.monthly("just_in_time", "bank"), shown.by_vintage("just_in_time", "carried_over")):
        assert np.array_equal(one, other)
    assert np.array_equal(*shown.abated("just_in_time"))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("market.price=9000", "market changes"),
        ("market.gap.2018={down: 0.1, up: 0.1}", "market changes"),
        ("firm.scale=2", "firm changes"),
        ("firm.scale=2 market.volatility=0.1", "market and firm change"),
    ],
)
def test_a_law_beside_another_change_has_no_two_worths(change, what):
    found = compare("kets_phase2", f"kets_phase2 {NONE} {change}")
    assert [variant.how for variant in found.variants] == ["", THROUGH]
    text = " ".join(str(found).split())
    assert f"only through the price: {what} beside the law, and what each is worth can't be told apart" in text


def test_a_law_alone_keeps_the_market_of_the_first():
    found = compare("kets_phase2 market.price=9000", f"kets_phase2 {NONE} market.price=9000")
    assert [variant.how for variant in found.variants] == ["", GIVEN, THROUGH]
    assert found.scenarios[1].market == found.scenarios[0].market
    alone = compare("kets_phase2", f"kets_phase2 {NONE} firm.rights.borrowing={{}}")
    assert GIVEN in [variant.how for variant in alone.variants]


def test_policies_of_one_name_are_told_apart():
    one, other = (lambda observation: idle(observation), lambda observation: idle(observation))
    assert by_name([one, other]) == {"policy": one, "policy 2": other}
    assert list(by_name([Idle(), Idle()])) == ["Idle", "Idle 2"]
    assert list(by_name([one, one, "just_in_time", "just_in_time"])) == ["policy", "just_in_time"]
    found = compare("kets_phase2", "kets_phase2 market.price=9000", policies=[one, other], episodes=2)
    assert list(found.outcomes) == list(found.to_dict()["about"]) == ["policy", "policy 2"]


def test_a_rule_keeps_its_name_and_the_market_its_block():
    def just_in_time(observation):
        return idle(observation)

    def market(observation):
        return idle(observation)

    assert list(by_name([just_in_time, "just_in_time"])) == ["just_in_time (yours)", "just_in_time"]
    found = compare("kets_phase2", "kets_phase2 market.price=9000", policies={"market": market}, episodes=2)
    assert list(found.outcomes) == ["market (yours)"]
    assert list(found.to_dict()["figures"]["market"]) == ["price", "discount"]


def test_files_of_one_name_are_told_apart_by_their_folder(tmp_path):
    files = [tmp_path / folder / "run" / "ppo.zip" for folder in "ab"]
    for file in files:
        file.parent.mkdir(parents=True)
        file.touch()
    assert list(by_name(files)) == ["a/run/ppo", "b/run/ppo"]
    assert list(by_name([files[0], "b:mine", "c:mine"])) == ["ppo", "b.mine", "c.mine"]
    assert list(by_name([files[0], str(files[0].parent / ".." / "run" / "ppo.zip")])) == ["a/run/ppo", "../run/ppo"]


def test_one_policy_needs_no_list():
    assert list(by_name("just_in_time")) == ["just_in_time"] and list(by_name(idle)) == ["idle"]
    assert list(by_name(Idle())) == list(by_name(Idle)) == ["Idle"]
    assert list(by_name(name for name in ("do_nothing", "random"))) == ["do_nothing", "random"]
    with pytest.raises(ValueError, match=r"^policy: 5: expected a function"):
        compare("kets", "kets", policies=5)


@pytest.mark.parametrize(
    "overrides", ["market.price=9000", ["market.price=9000"], ("market.price=9000",), {"market.price": 9000}]
)
def test_changes_of_all_as_evaluate_takes_them(overrides):
    found = compare("kets_phase2", f"kets_phase2 {NONE}", overrides=overrides, policies="just_in_time", episodes=2)
    assert {scenario.market.price for scenario in found.scenarios} == {9000.0}
    assert "all with market.price=9000" in found.title


def choose(observation):
    return np.zeros(len(observation), np.int64)


def test_in_discrete_ids_policies_choose_from_the_menu(capsys):
    id_of = "nea/KETSDiscrete-v0"
    found = compare(id_of, f"{id_of} market.price=9000", policies=[choose, "just_in_time"], episodes=2)
    assert list(found.outcomes) == ["choose", "just_in_time"]
    alone = nea_env.evaluate(choose, id_of, episodes=2, opponents=(), progress=False)
    assert np.array_equal(found.outcomes["choose"][0].cost_pct, alone.outcomes["choose"].cost_pct)
    with pytest.raises(ValueError, match="expected"):
        compare("nea/KETS-v0", "nea/KETS-v0", policies=choose, episodes=2)
    words = [id_of, f"{id_of} market.price=9000", "--episodes", "2", "--policy", f"{__name__}:choose"]
    assert main(["compare", *words]) == 0
    assert "choose: yours" in capsys.readouterr().out


def test_a_menu_beside_none_is_one_clear_error(capsys):
    message = "scenarios: in 'nea/KETSDiscrete-v0' a policy chooses from the menu, in 'kets' it doesn't"
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        compare("kets", "nea/KETSDiscrete-v0")
    assert message in str(error.value)
    assert main(["compare", "kets", "nea/KETSDiscrete-v0"]) == 2
    assert message in capsys.readouterr().err


def test_what_was_not_searched_is_named(monkeypatch):
    monkeypatch.setattr(compare_policies.searched, "is_current", lambda scenario: not scenario.changes)
    message = r"^policies: searched_rule was not searched for kets, market.price=9000: python -m nea_env.policies"
    with pytest.raises(ValueError, match=message):
        compare("kets", "kets market.price=9000", policies="searched_rule")


@pytest.mark.parametrize("overrides", [5, [5], "market.price"])
def test_what_is_no_change_is_one_clear_error(overrides):
    with pytest.raises(ValueError, match=r"^override[^\n]*expected[^\n]*$"):
        compare("kets", "kets", overrides=overrides)
