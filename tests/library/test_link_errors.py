"""Links that cannot be used: one clear line for every mistake, with file, key, value and what is allowed."""

from __future__ import annotations

import pytest

from nea_env.library import ScenarioError, load_link, load_scenario
from nea_env.library.__main__ import main
from tests.library.linked import MINE, PARTNER, write_in


@pytest.fixture
def write(tmp_path):
    return write_in(tmp_path)


def refusal(scenario: object, overrides: object = ()) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario, overrides)
    message = str(caught.value)
    assert "\n" not in message and "pydantic" not in message
    return message


@pytest.mark.parametrize(
    ("scenario", "changes", "parts"),
    [
        ("linked_kets", ["links.0.fx=null"], ["links.0.fx: missing: kets_tps is priced in CNY, home in KRW"]),
        ("linked_kets", ["links.0.quota=-1"], ["links.0.quota: -1", "greater than or equal to 0"]),
        ("linked_kets", ["links.0.discount=1"], ["links.0.discount: 1", "less than 1"]),
        ("linked_kets", ["links.0.bankable=true"], ["market.gap has one for 2021, 2022; allowed: false"]),
        ("linked_kets", ["regime.banking.2021.limit=unlimited"], ["market.gap: 2021", "leaves the front no gap"]),
        ("linked_kets", ["links.0.type=quotta"], ["'quotta': did you mean 'quota'?", "'one_way'"]),
        ("linked_kets", ["links.0.type=full"], ["quota: 0.05 in a link of type full; allowed: none"]),
        ("linked_kets", ["links.0.two_way=true"], ["two_way: true in a link of type one_way; allowed: false"]),
        ("linked_kets", ["links.0.quota=null"], ["high: 1", "needs a largest ratio above 1, or a quota"]),
        ("linked_kets", ["links.0.low=0.5"], ["low: 0.5 in a link of type one_way; allowed: 1, or a type among quota"]),
        ("linked_kets", ["links.0.starts=2021-01"], ["2021-01 lies before the partner's market opens", "2021-07"]),
        ("linked_kets", ["links.0.starts=2028-01"], ["2028-01 lies after the last month played", "2026-08"]),
        ("linked_kets", ["links.0.starts=2022-13"], ["'2022-13' is not a month"]),
        ("linked_kets", ["links.0.ends=2021-07"], ["ends: 2021-07 does not lie after starts, 2021-07"]),
        ("linked_kets_phase4", ["links.0.starts=null", "links.0.ends=2025-12"], ["after the first month played"]),
        ("linked_kets", {"links.0.starts": None, "links.0.start_chance": 0.1}, ["start_chance: needs starts"]),
        ("linked_kets", ["links.0.end_chance=0.1"], ["end_chance: needs ends"]),
        ("linked_kets_full", ["links.0.start_chance=null"], ["weight: 0.9 in a link that starts on a known date"]),
        ("linked_kets_full", ["market.law=lattice"], ["links.0.weight", "lattice price cannot jump", "allowed: 0"]),
        ("linked_kets", ["links.0.kuota=0.1"], ["kuota: unknown key; did you mean 'quota'?"]),
        ("linked_kets", ["links.0.market.volatilty=0.1"], ["volatilty: unknown key; did you mean 'volatility'?"]),
        ("linked_kets", ["links.1.quota=0.1"], ["links has items 0 to 0, not '1'"]),
        ("kets", ["links.0=kets_tps"], ["links has no items, not '0'"]),
        ("kets", ["links=[kets_tsp]"], ["links.0: 'kets_tsp' does not ship; did you mean 'kets_tps'?"]),
        ("kets", ["links=kets_tps"], ["'kets_tps': expected a list of links"]),
        ("kets", ["links=[5]"], ["links.0: 5: expected a name, a path such as mine.yaml, or a mapping"]),
        ("kets", ["links=[kets_tps, kets_eu, kets_gx_ets]"], ["3 links; allowed: at most 2"]),
        ("kets", ["links=[kets_tps_quota, kets_tps_quota]"], ["links.1.name: kets_tps_quota is listed twice"]),
        ("linked_kets", ["market.frictions.permanent_impact=0.5"], ["too large to be moved; allowed: 0"]),
        ("linked_tokyo", {"links.0.fx": {"currency": "JPY", "rate": 1}}, ["both use JPY; allowed: none"]),
        ("linked_kets", ["links.0.fx.currency=JPY"], ["fx.currency: JPY is not CNY, the partner's"]),
        ("linked_tokyo", ["links.0.market.currency=KRW"], ["regime.currency: JPY is not KRW"]),
        (
            "linked_tokyo",
            ["links.0.market.currency=DEM", "links.0.regime=null"],
            ["links.0.market.currency: DEM is not known; allowed: CNY, EUR, JPY, KRW, USD"],
        ),
        (
            "linked_kets_phase4",
            ["links.0.correlation=0.9", "links.1.correlation=-0.9"],
            ["links.1.correlation_with_first: 0 is impossible with correlations of 0.9 and -0.9"],
        ),
        ("linked_tokyo", ["links.1.type=quota"], ["links.1", "low: 1: a link of type quota needs a least ratio"]),
        ("linked_kets", ["links.0.type=quota", "links.0.quota=null"], ["quota: a link of type quota needs one"]),
    ],
)
def test_a_bad_link_gives_one_clear_line(scenario, changes, parts):
    message = refusal(scenario, changes)
    assert message.startswith("override")
    for part in parts:
        assert part in message


def test_an_equilibrium_of_both_systems_needs_the_partners_aggregate():
    changes = {"market.law": "equilibrium", "links.0.type": "quota", "links.0.low": 0.2}
    for part in ("market.aggregate", "regime"):
        message = refusal("linked_kets", changes | {f"links.0.{part}": None})
        missing = f"links.0.{part}: missing: under market.law=equilibrium a link of type quota needs the partner's"
        assert missing in message
    alone = {"market.law": "equilibrium", "links.0.market.aggregate": None}  # imports alone have their own price
    assert load_scenario("linked_kets", alone).market.law == "equilibrium"


def test_units_at_the_home_price_leave_the_front_no_premium():
    message = refusal("kets", {"links": ["kets_eu"]})
    assert "links.0.type: foreign units used without limit leave the front no gap" in message
    assert "market.gap has one for 2017" in message


@pytest.mark.parametrize(
    ("links", "parts"),
    [
        ("[kets_tsp]", ["mine.yaml line 9: links.0: 'kets_tsp' does not ship", "did you mean 'kets_tps'?"]),
        ("[nowhere.yaml]", ["nowhere.yaml", "no such file"]),
        ("kets_tps", ["mine.yaml line 9: links: 'kets_tps': expected a list of links"]),
        ("[kets_tps, kets_eu, kets_gx_ets]", ["mine.yaml line 9: links: 3 links; allowed: at most 2"]),
        ("[{name: x, titel: y}]", ["mine.yaml line 9: links.0.titel: unknown key; did you mean 'title'?"]),
        ("[{name: x, title: X, type: full, market: kua}]", ["links.0.market: 'kua' does not ship", "'kau'"]),
        ("[{name: x, title: X, market: kau}]", ["mine.yaml line 9: links.0.type: missing"]),
        ("[kets_tps]\noverrides: {links: {0: {quota: -1}}}", ["line 10: overrides.links.0.quota: -1"]),
        ("[kets_tps]\noverrides: {links: {1: {quota: 1}}}", ["line 10: overrides.links.1: the list has items 0 to 0"]),
        ("[kets_tps]\noverrides: {link: {}}", ["overrides.link: unknown key; did you mean 'links'?"]),
        ("[partner.yaml]", ["partner.yaml line 5: links.0.quota: -0.1: input should be greater than or equal to 0"]),
    ],
)
def test_a_bad_link_in_a_file_names_file_line_and_key(write, links, parts):
    write(PARTNER.replace("quota: 0.1", "quota: -0.1"), "partner.yaml")
    message = refusal(write(f"{MINE}links: {links}\n"))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("type: quota", "kind: quota", ["bad.yaml line 4: kind: unknown key"]),
        ("rate: 170", "rate: 0", ["bad.yaml line 7: fx.rate: 0", "greater than 0"]),
        ("market: cea", "market: cae", ["bad.yaml line 3: market: 'cae' does not ship; did you mean 'cea'?"]),
        ("quota: 0.1\n", "", ["quota: a link of type quota needs one"]),
        ("low: 0.5", "low: 0.5\noverrides: {markt: {}}", ["bad.yaml line 7: overrides.markt: unknown key", "'market'"]),
        (
            "low: 0.5",
            "low: 0.5\noverrides: {market: {price: -1}}",
            ["bad.yaml line 7: overrides.market.price: -1", "greater than 0"],
        ),
    ],
)
def test_a_bad_link_file_names_line_and_key(write, old, new, parts):
    path = write(PARTNER.replace(old, new), "bad.yaml")
    with pytest.raises(ScenarioError) as caught:
        load_link(path)
    for part in parts:
        assert part in str(caught.value)
    assert main(["show", str(path)]) == 2
