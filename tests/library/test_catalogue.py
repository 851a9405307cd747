"""From names and files to scenarios, and the one line that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nea_env.library import ScenarioError, load_link, load_scenario, names, provenance, scenarios
from nea_env.scenario import Scenario

MINE = """name: mine
title: Mine
start: 2018-01
first: 2018
last: 2020
regime: kets
firm: kets_generator
market: kau
"""


@pytest.fixture
def write(tmp_path: Path):
    def file(text: str, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return file


def refusal(scenario: object) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario)
    message = str(caught.value)
    assert "\n" not in message
    assert "pydantic" not in message
    return message


def test_what_ships():
    assert names("regime") == (
        "gx_ets", "jvets", "kets", "pilot_beijing", "pilot_chongqing", "pilot_fujian", "pilot_guangdong", "pilot_hubei",
        "pilot_shanghai", "pilot_shenzhen", "pilot_tianjin", "saitama", "tms", "tokyo", "tps", "tps_industry",
    )  # fmt: skip
    assert {"ccer", "kcu", "i_kcu", "j_credit", "jcm", "tokyo_excess", "saitama_excess"} <= set(names("credit"))


@pytest.mark.parametrize("regime", names("regime"))
def test_every_system_can_be_played(regime):
    assert any(load_scenario(name).regime.name == regime for name in scenarios())


@pytest.mark.parametrize("name", scenarios())
def test_shipped_scenarios_load_and_are_read_once(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert load_scenario(name) is scenario
    assert load_scenario(scenario) is scenario


@pytest.mark.parametrize("name", scenarios())
def test_the_dumped_tree_is_the_same_scenario(name):
    scenario = load_scenario(name)
    assert load_scenario(scenario.model_dump(mode="json")) == scenario


@pytest.mark.parametrize(
    ("kind", "part"), [(kind, part) for kind in ("regime", "firm", "market") for part in names(kind)]
)
def test_every_part_is_used_and_named_like_its_file(kind, part):
    users = [load_scenario(name) for name in scenarios()]
    partners = [load_link(name) for name in names("link")] if kind == "market" else []
    assert part in {getattr(user, kind).name for user in (*users, *partners)}


def test_a_users_file_names_shipped_parts(write):
    scenario = load_scenario(write(MINE))
    assert (scenario.regime, scenario.market) == (load_scenario("kets").regime, load_scenario("kets").market)
    assert scenario.end == "2021-08"
    assert load_scenario(str(write(MINE))) == scenario


def test_overrides_reach_mappings_and_list_items(write):
    changes = """overrides:
  market: {volatility: 0.2}
  firm: {technologies: {1: {opex: 7}}}
  regime: {penalty: {2019: {multiple: 5}}}
"""
    scenario, before = load_scenario(write(MINE + changes)), load_scenario(write(MINE, "before.yaml"))
    assert scenario.market.volatility == 0.2
    assert [tech.opex for tech in scenario.firm.technologies] == [2200, 7, 1400]
    assert scenario.regime.penalty["2019"].multiple == 5
    assert scenario.regime.penalty["2019"].cap == 100000
    assert scenario.regime.penalty["2018"] == before.regime.penalty["2018"]
    assert load_scenario(write(MINE, "again.yaml")) == before  # the shipped parts were not changed


def test_parts_can_be_inline_or_files_beside_the_scenario(write):
    tree = load_scenario("kets").firm.model_dump(mode="json")
    YAML(typ="safe", pure=True).dump(tree | {"name": "other"}, write("", "firm.yaml"))
    assert load_scenario(write(MINE.replace("kets_generator", "firm.yaml"))).firm.name == "other"
    inline = load_scenario(load_scenario("kets").model_dump(mode="json") | {"firm": tree | {"name": "third"}})
    assert inline.firm.name == "third"


def test_unknown_names_list_the_closest_that_ship(write):
    message = refusal("kest")
    assert "'kest'" in message
    assert "did you mean 'kets'?" in message
    assert f"allowed: {len(scenarios())} names, the closest of them kets, " in message  # all of them fill no line
    assert len(message) < 500
    message = refusal(write(MINE.replace("regime: kets", "regime: kts")))
    assert "mine.yaml line 6: regime: 'kts' does not ship" in message
    assert "did you mean 'kets'? allowed: gx_ets, jvets, kets, " in message
    with pytest.raises(ScenarioError, match="allowed: regime, firm, market, scenario, credit"):
        provenance("regimes", "kets")
    with pytest.raises(ScenarioError, match="did you mean 'kets'"):
        provenance("regime", "ket")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("title: Mine", "titel: Mine", ["mine.yaml line 2: titel: unknown key", "did you mean 'title'?"]),
        ("title: Mine\n", "", ["mine.yaml", "title: missing"]),
        ("firm: kets_generator", "firm: 5", ["line 7", "firm: 5", "expected a name"]),
        ("firm: kets_generator", "firm: {name: x}", ["line 7", "firm.title: missing", "more)"]),
        ("start: 2018-01", "start: 2019-06", ["start: 2019-06 lies outside", "2018-01 to before 2019-01"]),
        ("start: 2018-01", "start: 2018-13", ["line 3: start: '2018-13' is not a month"]),
        ("first: 2018", "first: 2014", ["first: 2014 is not a compliance period of kets", "2015"]),
        ("first: 2018", "first: soon", ["line 4: first: 'soon'", "is not a year", "four digits"]),
        ("last: 2020", "last: 2040", ["last: 2040 is not a compliance period of kets"]),
        ("market: kau", "market: cea", ["market.currency: CNY is not the regime's; allowed: KRW"]),
        ("market: kau", "market: nowhere.yaml", ["nowhere.yaml", "no such file"]),
    ],
)
def test_bad_scenario_keys(write, old, new, parts):
    message = refusal(write(MINE.replace(old, new)))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        ("market: {price: -3}", ["line 9: overrides.market.price: -3", "greater than 0"]),
        ("market: {volatilty: 0.2}", ["overrides.market.volatilty: unknown key", "did you mean 'volatility'?"]),
        ("market: {volatility: 5}", ["overrides.market.volatility: 5", "less than or equal to 2"]),
        ("market: {volatility: .nan}", ["overrides.market.volatility: nan", "finite"]),
        ("market: {law: ou}", ["overrides.market.law: 'ou'", "'gbm'"]),
        ("market: {gap: {2019: {down: 0.1, up: 0}}}", ["overrides.market.gap.2019", "both zero or both positive"]),
        ("market: {gap: {2031: {down: 0.1, up: 0.1}}}", ["market.gap: 2031 is not a vintage of kets"]),
        (
            "regime: {banking: {2018: {limit: net_salez}}}",
            ["overrides.regime.banking.2018.limit: 'net_salez'", "'net_sales'"],
        ),
        (
            "regime: {banking: {2018: {net_sales_since: then}}}",
            ["overrides.regime.banking.2018.net_sales_since", "'then'"],
        ),
        ("regime: {borowing: {}}", ["overrides.regime.borowing: unknown key", "did you mean 'borrowing'?"]),
        (
            "regime: {penalty: {2018: {mutliple: 1}}}",
            ["penalty.2018.mutliple: unknown key", "did you mean 'multiple'?"],
        ),
        ("regime: {penalty: {2031: {multiple: 1}}}", ["penalty names 2031, which the calendar does not have"]),
        ("regime: {calendar: {2018: {deadline: 2019-02}}}", ["verified 2019-05 comes after deadline 2019-02"]),
        ("firm: {technologies: {0: {leed_months: 3}}}", ["technologies.0.leed_months", "did you mean 'lead_months'?"]),
        ("firm: {technologies: {5: {opex: 3}}}", ["overrides.firm.technologies.5", "items 0 to 2"]),
        ("firm: {technologies: {0: {life_years: 1}}}", ["turbine_upgrade.life_years: 1 is shorter"]),
        ("firms: {output: 3}", ["overrides.firms: unknown key", "did you mean 'firm'?"]),
        ("3", ["overrides.3: unknown key", "allowed: regime, firm, market"]),
    ],
)
def test_bad_overrides(write, overrides, parts):
    message = refusal(write(f"{MINE}overrides: {{{overrides}}}\n"))
    for part in parts:
        assert part in message


def test_a_class_that_no_year_has(write):
    text = MINE.replace("2018-01", "2019-01").replace("2018", "2019").replace("2020", "2022")
    text = text.replace("kets_generator", "tps_class1").replace("kets", "tps").replace("kau", "cea")
    message = refusal(write(text + "overrides: {firm: {unit_class: V}}\n"))
    assert "firm.unit_class: 'V' is not a class of tps" in message
    assert "'I', 'II', 'III', 'IV'" in message


def test_a_benchmark_missing_for_a_year(write):
    text = MINE.replace("2018-01", "2019-01").replace("2018", "2019").replace("2020", "2022")
    text = text.replace("kets_generator", "tps_class1").replace("kets", "tps").replace("kau", "cea")
    fewer = "{II: {method: benchmarking, benchmark: {I: 0.9}}}"
    message = refusal(
        write(
            text + f"overrides: {{firm: {{unit_class: II}}, regime: {{allocation: {{2019: {{classes: {fewer}}}}}}}}}\n"
        )
    )
    assert "regime.allocation.2019.benchmark: no value for the firm's unit_class 'II' (has 'I')" in message


def test_a_credit_that_the_regime_does_not_accept(write):
    message = refusal(write(MINE + "overrides: {market: {offset: {type: ccerr}}}\n"))
    assert "market.offset.type: kets accepts no 'ccerr'; allowed: 'i_kcu', 'kcu'" in message


def test_an_error_in_a_users_part_names_that_part(write):
    YAML(typ="safe", pure=True).dump(load_scenario("kets").firm.model_dump(mode="json"), path := write("", "firm.yaml"))
    path.write_text(path.read_text().replace("output: 1250000.0", "output: 0"))
    message = refusal(write(MINE.replace("kets_generator", "firm.yaml")))
    assert "firm.yaml line" in message
    assert ": firm.output: 0: input should be greater than 0" in message


def test_other_types_are_refused():
    assert "expected a name" in refusal(5)
    assert "scenario: title: missing" in refusal({"name": "x"})
    assert isinstance(load_scenario("tps"), Scenario)
