"""A number for a year that the regime does not know would be ignored in silence: it is refused."""

import pytest

from nea_env import ScenarioError, load_scenario


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("kets", {"firm.output_path": {"2031": 1.1}}, ("firm.output_path", "2031", "kets", "2015 to 2030")),
        ("kets", {"firm.output_path": {"2014": 1.1}}, ("firm.output_path", "2014", "2015 to 2030")),
        ("tokyo", {"firm.output_path": {"2031": 1.1}}, ("firm.output_path", "2031", "2010 to 2030")),
        ("kets", {"market.aggregate.path.2040": 1.0}, ("market.aggregate.path", "2040", "2015 to 2030")),
        ("tps", {"market.aggregate.allocation.2018": 1.0}, ("market.aggregate.allocation", "2018", "2019 to 2024")),
        ("kets", {"market.gap.2040": {"down": 0.1, "up": 0.1}}, ("market.gap", "2040")),
        ("kets", {"regime.penalty.2040": {}}, ("penalty", "2040")),
        ("kets", {"regime.borrowing.2040": {"limit": "none"}}, ("borrowing", "2040")),
        ("kets", {"regime.offsets.2040": {}}, ("offsets", "2040")),
    ],
)
def test_years_that_the_calendar_lacks_are_refused(name, changes, words):
    with pytest.raises(ScenarioError) as refused:
        load_scenario(name, changes)
    for word in words:
        assert word in str(refused.value)


def test_years_that_are_not_played_may_be_there():
    load_scenario("kets_phase2", {"firm.output_path": {"2016": 0.9, "2027": 1.1}, "market.aggregate.path.2030": 1.0})


def test_each_year_of_a_long_period_counts_and_the_one_in_which_its_last_fiscal_year_ends():
    regime = load_scenario("tokyo").regime
    assert regime.years[:6] == ("2010", "2011", "2012", "2013", "2014", "2015")
    load_scenario("tokyo", {"firm.output_path": {"2013": 0.9, "2030": 1.1}})


@pytest.mark.parametrize("zero", [0xFF10, 0x0660], ids=["full width", "Arabic"])
def test_a_year_in_other_digits_is_no_year(zero):
    year = "2017".translate({48 + digit: zero + digit for digit in range(10)})
    with pytest.raises(ScenarioError, match="output_path"):
        load_scenario("kets", {"firm.output_path": {year: 1.0}})
    with pytest.raises(ScenarioError, match="start"):
        load_scenario("kets", {"start": f"{year}-03"})
