"""Links in scenario files: by name, path or mapping, changed by overrides, shown and listed."""

from __future__ import annotations

import pytest

from nea_env.library import load_link, load_scenario, names, provenance, scenarios, unsourced
from nea_env.library.__main__ import main
from nea_env.library.listing import linked_in
from nea_env.library.pages import links_page
from tests.library.linked import MINE, PARTNER, write_in

HOMES = {
    "kets": "linked_kets",
    "tps": "linked_tps",
    "tokyo": "linked_tokyo",
    "gx": "gx_ets",
    "beijing": "pilot_beijing",
}
HOME = {
    name: {"kets_eu": "kets", "tokyo_gx_ets": "tokyo_p4", "kets_gx_ets": "linked_kets_phase4"}.get(
        name, HOMES[name.partition("_")[0]]
    )
    for name in names("link")
}
"""Link -> a scenario in which it can stand."""


@pytest.fixture
def write(tmp_path):
    return write_in(tmp_path)


# --- what ships ----------------------------------------------------------------------------------------------
def test_every_type_of_link_ships():
    types = {load_link(name).type for name in names("link")}
    assert types == {"full", "quota", "exchange_rate", "discount", "border_fee", "one_way"}


@pytest.mark.parametrize("name", names("link"))
def test_a_shipped_link_is_named_like_its_file_and_stands_in_a_scenario(name):
    link = load_link(name)
    assert link.name == name
    gapless = {"market.gap": {}} if link.quota is None else {}  # imports without limit leave the front no premium
    assert load_scenario(HOME[name], gapless | {"links": [name]}).links == (link,)


@pytest.mark.parametrize("name", [name for name in scenarios() if name.startswith("linked_")])
def test_a_linked_scenario_without_its_links_is_an_ordinary_one(name):
    assert load_scenario(name).links
    assert load_scenario(name, {"links": []}).links == ()


def test_no_other_scenario_is_linked():
    assert all(name.startswith("linked_") == bool(load_scenario(name).links) for name in scenarios())


def test_two_systems_unlinked_side_by_side():
    (link,) = load_scenario("linked_kets", ["links.0.type=none", "links.0.quota=null"]).links
    assert link.type == "none" and link.bounds == (1.0, 1.0)


# --- files -----------------------------------------------------------------------------------------------------
def test_a_link_is_a_shipped_name_a_path_or_a_mapping(write):
    write(PARTNER, "partner.yaml")
    inline = "{name: third, title: T, market: eua, type: none, fx: {currency: EUR, rate: 1255}}"
    watched = "overrides: {links: {0: {type: none, exchange_rate: 1}}}\n"
    (named,) = load_scenario(write(f"{MINE}links: [kets_eu]\n{watched}")).links
    assert named.market == load_link("kets_eu").market
    first, second = load_scenario(write(f"{MINE}links: [partner.yaml, {inline}]\n")).links
    assert (first.name, first.quota, first.market.name) == ("partner", 0.1, "cea")
    assert (second.name, second.market.name, second.fx.rate) == ("third", "eua", 1255)


def test_a_links_own_parts_are_relative_to_its_file(write):
    write("name: other\ntitle: O\ncurrency: CNY\nprice: 7\ndiscount_rate: 0.05\nvolatility: 0.2\n", "far/market.yaml")
    write(PARTNER.replace("market: cea", "market: market.yaml"), "far/partner.yaml")
    assert load_scenario(write(f"{MINE}links: [far/partner.yaml]\n")).links[0].market.price == 7
    assert load_link(write(PARTNER, "alone.yaml")).quota == 0.1


def test_overrides_in_a_link_and_in_a_scenario(write):
    write(PARTNER + "overrides: {market: {price: 60, volatility: 0.2}}\n", "partner.yaml")
    changes = "overrides: {links: {0: {quota: 0.2, market: {price: 70}}}}\n"
    (link,) = load_scenario(write(f"{MINE}links: [partner.yaml]\n{changes}")).links
    assert (link.quota, link.market.price, link.market.volatility) == (0.2, 70, 0.2)
    assert load_link("kets_tps").market.price == 48  # the shipped file was not changed


def test_numbers_of_a_link_carry_their_source(write):
    path = write(PARTNER.replace("quota: 0.1", "quota: {value: 0.1, source: law}") + "sources: {law: Act 7}\n")
    assert provenance("link", path)["quota"].source == "Act 7"
    assert unsourced("link", path) == ["low", "fx.rate"]


# --- overrides by dotted path ---------------------------------------------------------------------------------
def test_overrides_reach_the_terms_the_partners_market_and_its_law():
    changes = {"links.0.quota": 0.2, "links.0.market.volatility": 0.4, "links.0.regime.penalty.2023.multiple": 5}
    (link,) = load_scenario("linked_kets", changes).links
    assert (link.quota, link.market.volatility, link.regime.penalty["2023"].multiple) == (0.2, 0.4, 5)


@pytest.mark.parametrize(
    ("changes", "name", "kind"),
    [
        (["links.0.type=full"], "tokyo_saitama", "full"),
        (["links.0=kets_tps_quota", "links.0.quota=0.3"], "kets_tps_quota", "quota"),
        ({"links": ["kets_tps_full"]}, "kets_tps_full", "full"),
        (["links=[kets_tps_full]"], "kets_tps_full", "full"),
    ],
)
def test_a_link_can_be_put_in_by_name(changes, name, kind):
    link = load_scenario("linked_tokyo" if name == "tokyo_saitama" else "linked_kets", changes).links[0]
    assert (link.name, link.type) == (name, kind)
    assert link.quota == (0.3 if kind == "quota" else None)


def test_a_mapping_with_links_by_name_is_a_scenario():
    tree = load_scenario("kets").model_dump(mode="json") | {"links": ["kets_tps_quota"]}
    assert load_scenario(tree).links == (load_link("kets_tps_quota"),)


# --- commands and pages ------------------------------------------------------------------------------------------
def test_show_and_list_know_links(capsys, monkeypatch, write):
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["show", "kets_tps"]) == 0
    out = capsys.readouterr().out
    assert "Chinese allowances (CEA) in Korea" in out and "quota" in out and "0.05?" in out
    assert main(["show", str(write(PARTNER, "partner.yaml"))]) == 0
    assert "partner: Partner" in capsys.readouterr().out
    assert main(["list"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("kets_tps_full "))
    assert "full" in row and "CNY" in row and "linked_kets_full" in row


def test_scenarios_of_a_link():
    assert linked_in("kets_tps") == ("linked_kets", "linked_kets_phase4")
    assert linked_in("kets_eu") == ("linked_kets_eu",)
    assert all(map(linked_in, names("link")))


def test_the_page_of_links_tells_terms_sources_and_scenarios(tmp_path):
    page = links_page()
    assert all(f"`{name}`" in page for name in names("link"))
    assert "type one way, imports only, units left at a deadline lapse. Used in `linked_kets`" in page
    assert "| `fx.rate` | 170.9 | sourced |" in page
    assert main(["docs", "--out", str(tmp_path / "docs" / "regimes")]) == 0
    assert (tmp_path / "docs" / "links").with_suffix(".md").read_text(encoding="utf-8") == page
