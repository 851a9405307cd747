"""What ships of fitted rules, and what is said where there is none."""

import pytest

from nea_env.library import load_scenario
from nea_env.policies import fitted
from nea_env.policies.by_name import make_rule, opponents, told
from nea_env.policies.fitted_rule import FittedRule

MAIN = ("kets", "tps", "tokyo")


def test_the_main_scenarios_are_fitted_as_they_ship():
    entries = fitted.read()
    assert set(MAIN) <= set(entries)
    assert {name: load_scenario(name).digest for name in entries} == {
        name: entry["digest"] for name, entry in entries.items()
    }
    assert all(entry[fitted.GAIN]["high"] < 0.0 for entry in entries.values())
    assert fitted.FITTED.stat().st_size < 100_000


@pytest.mark.parametrize("name", MAIN)
def test_no_correction_makes_the_thresholds_worse(name):
    assert fitted.read()[name][fitted.CORRECTED]["high"] < 0.0


def test_it_plays_where_it_was_fitted_for_this_very_content():
    kets, changed = load_scenario("kets"), load_scenario("kets", {"market.price": 20_000})
    assert isinstance(opponents(["fitted_rule"], kets)["fitted_rule"], FittedRule)
    assert opponents(["fitted_rule"], changed) == {}
    assert told("fitted_rule", kets).startswith("the threshold rule with corrections by regression")
    with pytest.warns(UserWarning, match="fitted for another scenario named 'kets'"):
        make_rule("fitted_rule", changed)


def test_without_a_file_it_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setattr(fitted, "FITTED", tmp_path / "fitted.yaml")
    with pytest.warns(UserWarning, match="python -m nea_env.policies.fitted_search kets fits them"):
        assert make_rule("fitted_rule", "kets").weights == {}


@pytest.mark.parametrize(
    "text",
    [
        "kets: [",
        "kets: {fitted_rule: 5}",
        "kets: {fitted_rule: {thresholds: {hold: x}}}",
        "kets: {fitted_rule: {thresholds: {hald: 1}}}",
        "kets: {fitted_rule: {weights: {inwest: {}}}}",
        "kets: {fitted_rule: {weights: {invest: {x: 1}}}}",
        "kets: {fitted_rule: {other: {}}}",
    ],
)
def test_a_damaged_file_is_told_and_left_out(text, monkeypatch, tmp_path):
    path = tmp_path / "fitted.yaml"
    path.write_text(text)
    monkeypatch.setattr(fitted, "FITTED", path)
    with pytest.raises(ValueError, match=r"fitted.yaml: is damaged"):
        fitted.read()
    with pytest.warns(UserWarning, match="fitted_rule is left out: .*is damaged"):
        assert opponents(["fitted_rule"], load_scenario("kets")) == {}
