"""Changes to a scenario by dotted path, and the one line that names the path when they cannot be made."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nea_env.library import ScenarioError, load_scenario


def test_a_path_replaces_one_number_and_nothing_else():
    before = load_scenario("kets")
    after = load_scenario("kets", {"regime.banking.2018.net_sales_multiple": 1})
    assert before.regime.banking["2018"].net_sales_multiple == 3
    assert after.regime.banking["2018"].net_sales_multiple == 1
    assert after.regime.banking["2018"].limit == "net_sales"
    assert after.name == "kets"
    assert load_scenario(after, {"regime.banking.2018.net_sales_multiple": 3}) == before


def test_texts_are_read_as_yaml_values():
    changes = ["market.volatility=0.2", "regime.penalty.2018.cap=null", "regime.banking.2019.deficit_firm_exempt=true"]
    scenario = load_scenario("kets", [*changes, "firm.technologies.1.opex = 7", "policy.mode=randomised", "last=2020"])
    assert scenario.market.volatility == 0.2
    assert scenario.regime.penalty["2018"].cap is None
    assert scenario.regime.banking["2019"].deficit_firm_exempt
    assert [tech.opex for tech in scenario.firm.technologies][1] == 7
    assert scenario.policy.mode == "randomised"
    assert scenario.end == "2021-08"


def test_whole_rules_and_new_entries_can_be_put_in():
    auction = {"months": ["2015-03"], "volume": 1000}
    scenario = load_scenario("kets", {"regime.auctions.2015": auction, "market.gap.2023": {"down": 0.1, "up": 0.1}})
    assert scenario.regime.auctions["2015"].months == ("2015-03",)
    assert scenario.market.gap["2023"].up == 0.1


def test_changes_are_checked_together():
    collar = {"floor": 5000, "ceiling": 20000}
    scenario = load_scenario("kets", {"market.law": "collared", "market.collar": collar})
    assert scenario.market.collar.ceiling == 20000


def test_overrides_go_on_top_of_a_tree_and_its_own():
    tree = {"name": "mine", "title": "Mine", "start": "2018-01", "first": 2018, "last": 2020, "regime": "kets"}
    tree |= {"firm": "kets_generator", "market": "kau", "overrides": {"market": {"volatility": 0.2, "price": 9000}}}
    scenario = load_scenario(tree, {"market.volatility": 0.1})
    assert (scenario.market.volatility, scenario.market.price) == (0.1, 9000)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("regime.banking.2018.net_sales_mutliple=1", ["unknown key", "did you mean 'net_sales_multiple'?"]),
        ("regime.banking.2018.net_sales_multiple=-1", ["-1", "greater than or equal to 0"]),
        ("regime.banking.2035.net_sales_multiple=1", ["regime.banking has no '2035'", "2018"]),
        ("regime.banking.2018.limit=net_salez", ["'net_salez'", "'net_sales'"]),
        ("market.volatility=.nan", ["nan", "finite"]),
        ("market.gap.2031={down: 0.1, up: 0.1}", ["2031 is not a vintage of kets"]),
        ("market.price.high=3", ["market.price is 10506", "'high'"]),
        ("firm.technologies.5.opex=3", ["firm.technologies has items 0 to 2, not '5'"]),
        ("firm.technologies.gas.opex=3", ["items 0 to 2, not 'gas'"]),
        ("regime.market_opens=2015-13", ["'2015-13' is not a month"]),
        ("name=other", ["unknown key", "title"]),
        ("firms.output=3", ["unknown key", "did you mean 'firm'?"]),
        ("last=2014", ["last: 2014 is not a compliance period of kets"]),
        ("market.collar={floor: 1, ceiling: 2}", ["collar: a gbm price has no bounds"]),
    ],
)
def test_a_bad_override_names_its_path_and_what_was_allowed(change, parts):
    with pytest.raises(ScenarioError) as caught:
        load_scenario("kets", [change])
    message = str(caught.value)
    assert message.startswith(f"override {change.partition('=')[0]}: ")
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_the_guilty_override_is_named_among_several():
    with pytest.raises(ScenarioError, match=r"^override market\.price: -3: .*greater than 0"):
        load_scenario("kets", {"market.volatility": 0.2, "market.price": -3})


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["market.volatility"], "expected path=value"),
        (["market.price=!!bool maybe"], "market.price: 'maybe'|is not a YAML value"),
        (["market.price=!!int ''"], "is not a YAML value"),
        ({"market.price": -(10**5000)}, r"market\.price: a number of thousands of digits"),
        ({"firm.technologies." + "9" * 5000 + ".capex": 3}, "expected keys joined by dots"),
        (["=3"], "expected path=value"),
        (["market.volatility=[1"], "is not a YAML value"),
        (5, "expected a mapping of paths to values"),
        ([3], "expected a mapping of paths to values"),
    ],
)
def test_other_forms_are_refused(overrides, words):
    with pytest.raises(ScenarioError, match=words):
        load_scenario("kets", overrides)


def test_aliases_of_aliases_in_an_override_are_counted():
    names = "abcdefg"
    lists = ["&a [1, 2, 3]", *(f"&{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairwise(names))]
    with pytest.raises(ScenarioError, match=r"^override links: .*more than 100,000 values, aliases counted$"):
        load_scenario("kets", [f"links=[{', '.join(lists)}]"])
    deep: dict = {}
    deep["firm"] = deep
    with pytest.raises(ScenarioError, match=r"^override firm: .*nested more than 32 levels deep$"):
        load_scenario("kets", {"firm": deep})
