"""The search finds what is known to be there, the same under a seed, and stores it as it is read again."""

import numpy as np
import pytest
from ruamel.yaml import YAML

import nea_env
from nea_env.core.layout import Action
from nea_env.library import load_scenario, scenarios
from nea_env.policies import by_name, search, searched
from nea_env.policies.by_name import RULES, opponents
from nea_env.policies.cross_entropy import FEATURES, INVESTMENT, Budget, space
from nea_env.policies.linear_rule import JUST_IN_TIME, LinearRule
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.play import costs, play
from nea_env.policies.replaced import dutiful
from nea_env.policies.rules import JustInTime
from nea_env.scenario import Scenario

WEIGHTS = {"trade": {"even_trade": 0.5}, "offset": {"log_offset_ratio": -3.0}}
SEEDS = np.arange(1_000_000, 1_000_400)


def half_price(**changes) -> Scenario:
    """Korea 2018-2020 without noise: the price grows at the discount rate, credits for 10 % of the duty cost half."""
    still = {
        "market.volatility": 0.0, "market.gap": {}, "market.frictions.spread": 0.0, "market.frictions.impact": 0.0,
        "market.offset.ratio": 0.5, "market.offset.level": 0.5, "market.offset.sd": 0.0, "firm.technologies": [],
    }  # fmt: skip
    return load_scenario("kets_phase2", still | changes)


def found(scenario, **budget):
    return search.search(
        scenario, Budget(**{"episodes": 16, "generations": 12, "population": 24} | budget), FEATURES, lambda: None
    )


def saving(rule, scenario):
    return float((costs(JustInTime(), scenario, SEEDS) - costs(rule, scenario, SEEDS)).mean())


def test_it_finds_credits_at_half_the_price():
    scenario = half_price()
    known = LinearRule(JUST_IN_TIME | {"offset": {"constant": 1.0}})  # all that counts, as soon as it does
    assert saving(LinearRule(found(scenario)), scenario) > 0.9 * saving(known, scenario) > 3.0


def test_it_finds_nothing_where_waiting_pays_nothing():
    scenario = half_price(**{"market.offset.ratio": 2.0, "market.offset.level": 2.0})
    assert abs(saving(LinearRule(found(scenario)), scenario)) < 0.05


def test_a_seed_gives_the_same_weights_and_another_others():
    scenario = load_scenario("tps")
    first, again, other = (found(scenario, generations=2, seed=seed) for seed in (3, 3, 4))
    assert first == again != other


@pytest.mark.parametrize(("action", "noise"), [("trade", 0.5), ("foreign", 1.1), ("offset", 1.0)])
def test_differences_marked_to_market_have_the_same_mean(action, noise):
    """Buying early is all noise about the price, which goes; the worth of foreign units and credits stays."""
    scenario, seeds = load_scenario("linked_kets"), np.arange(6_000)
    own = JUST_IN_TIME.get(action, {})
    rule = LinearRule(JUST_IN_TIME | {action: {**own, "constant": 0.1}})
    plain, marked = (
        cost(rule, scenario, seeds) - cost(JustInTime(), scenario, seeds) for cost in (costs, marked_costs)
    )
    apart = interval(marked - plain)
    assert apart["low"] < 0.0 < apart["high"] and apart["high"] - apart["low"] < 0.15
    assert marked.std() < noise * plain.std()


def test_only_weights_that_can_matter_are_searched():
    names = {name for name in ("offset", "foreign", "invest")}
    opened = {name: set(space(load_scenario(name), FEATURES | INVESTMENT).actions.tolist()) for name in ("tms", "kets")}
    index = {name: number for number, name in enumerate(Action.index)}
    assert {index[name] for name in names} & opened["tms"] == {index["invest"]}
    assert {index[name] for name in names} & opened["kets"] == {index["offset"], index["invest"]}


@pytest.fixture
def file(monkeypatch, tmp_path):
    monkeypatch.setattr(searched, "SEARCHED", tmp_path / "searched.yaml")
    return tmp_path / "searched.yaml"


def test_what_is_stored_is_what_is_played(file):
    tps = load_scenario("tps")
    assert searched.record(tps, {searched.RULE: WEIGHTS}) == "tps"
    assert YAML(typ="safe").load(file) == {"tps": {"digest": tps.digest, searched.RULE: WEIGHTS}}
    rule = nea_env.make_rule("searched_rule", "tps")
    assert rule.name == "searched_rule"
    assert np.array_equal(costs(rule, tps, SEEDS[:9]), costs(dutiful(LinearRule(WEIGHTS)), tps, SEEDS[:9]))


@pytest.mark.parametrize("name", ["kets", "tps", "pilot_chongqing"])
def test_it_meets_its_duty_as_an_opponent_at_no_cost_of_note(name):
    scenario, seeds = load_scenario(name), np.arange(1_000)
    played, found = nea_env.make_rule("searched_rule", name), LinearRule(searched.searched_weights(scenario))
    assert play(played, scenario, seeds).complied.mean() >= 0.999 > play(found, scenario, seeds).complied.mean()
    assert abs((costs(played, scenario, seeds) - costs(found, scenario, seeds)).mean()) < 0.03


def test_it_is_an_opponent_where_it_was_searched_for_this_very_content(file):
    tps, changed = load_scenario("tps"), load_scenario("tps", {"market.price": 60})
    names = ("just_in_time", "searched_rule", "do_nothing")
    assert list(opponents(names, tps)) == ["just_in_time", "do_nothing"]
    searched.record(tps, {searched.RULE: WEIGHTS})
    assert list(opponents(names, tps)) == list(names)
    assert list(opponents(names, changed)) == ["just_in_time", "do_nothing"]


def test_without_a_search_it_is_just_in_time_and_warns(file):
    tps = load_scenario("tps")
    with pytest.warns(UserWarning, match=r"no linear policy was searched .* nea_env.policies.search tps searches one"):
        rule = nea_env.make_rule("searched_rule", tps)
    assert costs(rule, tps, SEEDS[:9]) == pytest.approx(costs(JustInTime(), tps, SEEDS[:9]), rel=1e-6)


def test_a_changed_scenario_takes_the_weights_of_its_name_and_warns(file):
    searched.record(load_scenario("tps"), {searched.RULE: WEIGHTS})
    with pytest.warns(UserWarning, match="found for another scenario named 'tps'"):
        assert searched.searched_weights(load_scenario("tps", {"market.price": 60})) == WEIGHTS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tps: [", "is damaged"),
        ("- tps", "expected weights for each scenario"),
        (
            "tps: {searched_rule: {trade: {gaps: 1}}}",
            "tps.searched_rule: weights: trade: the observation has no column",
        ),
        ("tps: {searched_rule: {trades: {gap: 1}}}", "no action is called"),
    ],
)
def test_a_damaged_file_is_one_line_and_stays(text, message, file, capsys, monkeypatch):
    file.write_text(text)
    with pytest.warns(UserWarning, match=r"searched_rule plays just in time: .*searched.yaml: is damaged"):
        assert searched.searched_weights(load_scenario("tps")) == JUST_IN_TIME
    with pytest.warns(UserWarning, match="searched_rule is left out: "):
        assert not searched.is_current(load_scenario("tps"))
    monkeypatch.setattr(search, "EPISODES", 10)
    assert search.main(["tps", "episodes=2", "generations=1", "population=4"]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and file.read_text() == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kest"], "did you mean 'kets'"),
        (["kets", "episodes=1"], "episodes=1: allowed: 2 to 100000"),
        (["kets", "population=many"], "population=many: allowed: 4 to 10000"),
        (["kets", "populations=9"], "populations=9: allowed: episodes=<number>"),
        (["kets", "file="], "allowed: episodes=<number>"),
        (["kets", "file=."], "file=.: is a folder"),
        ([], "which scenario? For instance kets, or --shipped for all"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert search.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_the_command_says_what_it_found_and_writes_a_given_file(file, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(search, "EPISODES", 20)
    mine = tmp_path / "mine.yaml"
    assert search.main(["tps", "kets_phase2", "episodes=4", "generations=3", "population=8", f"file={mine}"]) == 0
    told = capsys.readouterr().out
    assert "tps: 20 episodes; leaves duty unmet on " in told and "just in time, marked" in told
    assert (
        "most is earned by: offsets" in told
        and "the gap closed by the deadline" in told
        and f"{mine}: written, 2 scenarios" in told
    )
    entries = searched.read(mine)
    assert set(entries) == {"tps", "kets_phase2"} and not file.exists()
    assert entries["tps"]["command"].endswith("search tps episodes=4 generations=3 population=8 seed=0")
    LinearRule(entries["tps"][searched.RULE])


def test_every_shipped_scenario_was_searched_as_it_ships():
    entries = searched.read()
    assert {name: entry["digest"] for name, entry in entries.items()} == {
        name: load_scenario(name).digest for name in scenarios() if not load_scenario(name).menu
    }
    assert LinearRule.name in RULES and by_name.make_rule("searched_rule", "kets")
