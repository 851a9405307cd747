"""The grammar of overrides: years, names of parts, sections of other regimes, what changes are called."""

from __future__ import annotations

import json

import pytest

from nea_env.library import ScenarioError, ScenarioWarning, label, load_link, load_regime, load_scenario, slug
from nea_env.scenario import BY_PERIOD

DEADLINES = ("2014-06", "2014-07")
"""Of 2013 in Beijing (by 15 June, later 27 June) and in Tianjin (by 31 May, put off to 25 July)."""


def refusal(scenario, overrides):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario, overrides)
    return str(caught.value)


@pytest.mark.parametrize("prefix", ["", "scenario."])
def test_a_star_is_every_year_that_there_is(prefix):
    base = load_scenario("kets")
    scenario = load_scenario("kets", [f"{prefix}regime.banking.*.limit=unlimited"])
    assert {rule.limit for rule in scenario.regime.banking.values()} == {"unlimited"}
    assert list(scenario.regime.banking) == list(base.regime.banking)
    assert scenario.regime.banking["2018"].net_sales_multiple == 3  # the rest of each rule stays
    assert scenario == load_scenario("kets", {f"{prefix}regime.banking.*.limit": "unlimited"})


def test_a_span_is_the_first_years_in_it():
    rules = load_scenario("kets", ["regime.banking.2018-2020.limit=none"]).regime.banking
    assert [year for year, rule in rules.items() if rule.limit == "none"] == ["2018", "2019", "2020"]
    periods = load_scenario("tokyo", {"regime.banking.2011-2020.limit": "none"}).regime.banking
    assert [year for year, rule in periods.items() if rule.limit == "none"] == ["2015", "2020"]


def test_a_star_is_every_item_too():
    scenario = load_scenario("kets", ["firm.technologies.*.capex=1000", "market.gap.*.down=0.1"])
    assert {tech.capex for tech in scenario.firm.technologies} == {1000}
    assert {gap.down for gap in scenario.market.gap.values()} == {0.1}
    assert load_scenario("linked_kets", ["links.*.quota=0.1"]).links[0].quota == 0.1
    types = load_scenario("kets", ["regime.offsets.*.*.limit_share=0.01"]).regime.offsets
    assert {rule.limit_share for year in types.values() for rule in year.values()} == {0.01}


def test_later_changes_win_and_whole_parts_come_first():
    rules = load_scenario("kets", ["regime.banking.*.limit=none", "regime.banking.2018.limit=unlimited"]).regime.banking
    assert (rules["2018"].limit, rules["2019"].limit) == ("unlimited", "none")
    firm = load_scenario("kets", ["firm.invest_rate=0.5", "firm=kets_steel"]).firm
    assert (firm.name, firm.invest_rate) == ("kets_steel", 0.5)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("regime.banking.1990-1999.limit=none", ["regime.banking has nothing that 1990-1999 stands for", "2015, 2016"]),
        ("links.*.quota=0.1", ["links has nothing that * stands for; it is empty"]),
        ("regime.*.limit=none", ["*: unknown key; allowed: name", "banking"]),
        ("regime.banking.*.limit=nonne", ["regime.banking.2015.limit: 'nonne': did you mean 'none'?"]),
        ("banking.*.limit=none", ["banking: unknown key; did you mean regime.banking.*.limit? allowed: title"]),
        ("firm=kets_stele", ["'kets_stele' does not ship; did you mean 'kets_steel'?"]),
        ("firm=nowhere.yaml", ["'nowhere.yaml': there is no such file"]),
        ("market=cea", ["market.currency: CNY is not the regime's; allowed: KRW"]),
        ("regime.penalty=pilot_beijing.penalti", ["expected a section of another regime, such as regime.penalty="]),
        ("regime.penalty=kests.penalty", ["regime: 'kests' does not ship; did you mean 'kets'?"]),
        ("regime.banking.2018=pilot_tianjin.banking.2006", ["pilot_tianjin.banking.2006: ", "2013, 2014"]),
        ("regime.banking.2050=pilot_tianjin.banking.2016", ["the calendar has no 2050", "2015"]),
        ("regime.auctions=tms.auctions", ["tms has no auctions"]),
        ("links=[tps_kets]", ["tps_kets is a link for firms in tps; this scenario plays kets: kets_tps,"]),
    ],
)
def test_a_mistake_is_one_line_that_begins_as_typed(change, parts):
    message = refusal("kets", [change])
    assert message.startswith(f"override {change.partition('=')[0]}: ") and "\n" not in message
    for part in parts:
        assert part in message
    assert refusal("kets", [f"scenario.{change}"]) == message


def test_a_name_stands_for_a_part(tmp_path, monkeypatch):
    assert load_scenario("kets", ["firm=kets_steel"]).firm == load_scenario("kets_steel").firm
    assert load_scenario("kets", {"links": ["kets_tps"]}).links == (load_link("kets_tps"),)
    moved = ["regime=pilot_hubei", "firm=pilot_works", "market=pilot_hubei", "start=2014-01", "first=2014", "last=2016"]
    scenario = load_scenario("kets", moved)
    assert (scenario.regime, scenario.name) == (load_regime("pilot_hubei"), "kets")
    own = (tmp_path / "own.yaml").write_text(
        "name: own\ntitle: Own\nsector: power\noutput: 1000\nemission_intensity: 0.8\n"
        "abatement: {scale: 9000, steepness: 10, max_share: 0.1}\n"
    )
    monkeypatch.chdir(tmp_path)
    assert own and load_scenario("kets", ["firm=own.yaml", "firm.unit_class=power"]).firm.name == "own"


def test_beijings_fine_comes_to_tianjin_by_the_order_of_years():
    scenario = load_scenario("pilot_tianjin", ["regime.penalty=pilot_beijing.penalty"])
    theirs = load_regime("pilot_beijing").penalty
    assert scenario.regime.penalty["2013"].multiple == theirs["2013"].multiple == 3  # three to five times the price
    assert list(scenario.regime.penalty) == list(scenario.regime.calendar)
    assert load_scenario("pilot_tianjin", {"regime.penalty": "pilot_beijing"}) == scenario


def test_the_last_year_repeats():
    source = load_regime("tms")
    rules = load_scenario("kets", ["regime.penalty=tms.penalty"]).regime.penalty
    assert list(source.calendar) == ["2012", "2013", "2014"]
    for here, there in (("2015", "2012"), ("2016", "2013"), ("2017", "2014"), ("2025", "2014")):
        assert rules[here] == source.penalty[there]


def test_months_keep_their_distance_from_the_deadline(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    law = load_scenario("pilot_beijing", ["regime.penalty.2013.mean_until=2014-04"]).regime
    (tmp_path / "own.yaml").write_text(json.dumps(law.model_dump(mode="json")))
    assert (law.calendar["2013"].deadline, load_regime("pilot_tianjin").calendar["2013"].deadline) == DEADLINES
    moved = load_scenario("pilot_tianjin", ["regime.penalty=own.yaml.penalty"]).regime
    assert moved.penalty["2013"].mean_until == "2014-05"


@pytest.mark.parametrize("section", BY_PERIOD)
def test_every_section_moves_to_itself_unchanged(section):
    for name in ("kets", "tps", "tokyo", "pilot_hubei"):
        scenario = load_scenario(name)
        if getattr(scenario.regime, section):
            moved = load_scenario(scenario, [f"regime.{section}={scenario.regime.name}.{section}"])
            assert getattr(moved.regime, section) == getattr(scenario.regime, section)


def test_amounts_in_other_money_are_refused_and_rules_without_are_not():
    message = refusal("pilot_tianjin", ["regime.penalty=kets.penalty"])
    assert "kets.penalty.2015.cap is 100,000 KRW and this scenario counts in CNY" in message
    assert "take the section from a regime in CNY (pilot_beijing" in message
    assert load_scenario("pilot_tianjin", ["regime.banking=kets.banking"]).regime.banking["2013"].limit == "unlimited"


@pytest.mark.parametrize(
    ("scenario", "link", "words"),
    [
        ("tps", "kets_tps", "kets_tps is a link for firms in kets; this scenario plays tps: tps_kets"),
        ("kets", "tokyo_kets", "tokyo_kets is a link for firms in tokyo; this scenario plays kets: kets_eu, kets_gx"),
        ("saitama", "tokyo_saitama", "for firms in tokyo; this scenario plays saitama: no link ships for it"),
        ("pilot_tianjin", "beijing_tianjin", "for firms in pilot_beijing; this scenario plays pilot_tianjin: no link"),
        ("tokyo", "gx_ets_kets", "2027-10 lies after the last month played; allowed: up to 2026-09 (gx_ets_kets is a"
         " link for firms in gx_ets)"),
    ],
)  # fmt: skip
def test_a_link_says_for_whose_firms_it_is(scenario, link, words):
    assert words in refusal(scenario, {"links": [link]})


@pytest.mark.parametrize("change", ["firm.output=2500000", "firm.base_emissions=4000000"])
def test_a_firm_that_outgrows_its_allocation_is_told(change):
    with pytest.warns(ScenarioWarning, match=r"leaves .* behind; firm\.scale=[0-9.]+ scales the whole firm$"):
        load_scenario("kets_steel", [change])
    firm = load_scenario("kets_steel", ["firm.output=1000000", "firm.base_emissions=2300000", "firm.invest_rate=0.1"])
    assert firm.firm.annual_emissions == 2_000_000


def test_a_benchmarked_firm_grows_as_it_likes():
    load_scenario("tps", ["firm.output=1000000"])


def test_a_scale_of_one_is_not_in_the_digest():
    assert load_scenario("kets", {"firm.scale": 1}).digest == load_scenario("kets").digest
    assert load_scenario("kets", {"firm.scale": 2}).digest != load_scenario("kets").digest


def test_labels_tell_what_was_changed():
    scenario = load_scenario("kets", ["scenario.regime.banking.*.limit=unlimited", "market.price=9000"])
    assert scenario.name == "kets" and load_scenario("kets").changes == ()
    assert label(scenario.name, scenario.changes) == "kets, banking.*.limit=unlimited, market.price=9000"
    assert slug(scenario.name, scenario.changes) == "kets_banking.all.limit-unlimited_market.price-9000"
    again = load_scenario(scenario, {"market.price": 9500.0, "links": []})
    assert again.changes == ("links=[]", "regime.banking.*.limit=unlimited", "market.price=9500")
    assert slug("kets", {"links": ["kets_tps"]}) == "kets_links-kets_tps" and slug("kets", ["links=[]"]).endswith(
        "none"
    )
    assert slug("kets", ["title=a b"]) != slug("kets", ["title=a/b"]) and "/" not in slug("kets", ["title=a/b"])
    assert load_scenario("kets", {"title": "K: [x"}).changes == ("title=K: [x",)


def test_what_was_changed_is_no_part_of_a_scenario():
    base = load_scenario("kets")
    same = load_scenario("kets", {"market.price": base.market.price})
    assert same == base and same.digest == base.digest and same.model_dump() == base.model_dump()
