"""The list of what the report names: its files and keys exist, and its page says since when."""

from __future__ import annotations

import pytest

from nea_env.library import load_regime, names
from nea_env.library.coverage import FOLDERS, entries, since
from nea_env.library.pages import coverage_page
from nea_env.scenario import ScenarioError

PLACES = sorted({place for entry in entries() for place in entry.at})


@pytest.mark.parametrize("place", PLACES)
def test_every_file_and_key_exists(place):
    since(place)


def test_every_system_market_link_and_credit_of_the_report_is_found_in_the_list():
    listed = {place.partition("#")[0] for place in PLACES}
    assert {f"regimes/{name}" for name in names("regime")} <= listed
    assert {f"links/{name}" for name in names("link")} - listed == {"links/tokyo_kets"}  # not the report's idea
    for word in ("Experimental", "Keidanren", "forwards", "group of companies", "Block trades", "verification"):
        (entry,) = [entry for entry in entries() if word in entry.what or word in entry.what.capitalize()]
        assert entry.why


@pytest.mark.parametrize(
    ("word", "played"),
    [
        ("forwards", False),
        ("Measurement, reporting and verification", False),
        ("group of companies", False),
        ("Block trades", False),
        ("Shanghai's allocation of three years", True),
        ("locked until the paid 3 %", True),
        ("Free units for firms short", False),
        ("Buying back units", True),
        ("green certificates", True),
        ("soft launch", True),
        ("17 million units", False),
        ("11.3 %", False),
    ],
)
def test_what_is_left_out_whole_or_in_part_says_why(word, played):
    (entry,) = [entry for entry in entries() if word in entry.what]
    assert entry.why
    assert bool(entry.at) is played


def test_no_reason_speaks_of_years_before_the_rules_that_ship():
    """The pilots begin in 2013 and 2014, Fujian's in 2016."""
    first = {name: min(load_regime(name).calendar) for name in names("regime") if name.startswith("pilot_")}
    assert first == dict.fromkeys(first, "2013") | {"pilot_hubei": "2014", "pilot_fujian": "2016"}
    assert not [entry.what for entry in entries() if "before the rules that ship" in entry.why]


def test_names_are_listed_once_and_every_reason_is_a_reason():
    listed = entries()
    assert len({entry.what for entry in listed}) == len(listed)
    assert all(entry.at or len(entry.why) > 20 for entry in listed)


@pytest.mark.parametrize(
    ("place", "date"),
    [
        ("regimes/kets", "2015"),
        ("regimes/kets#auctions", "2018"),  # of KAU18, in 2019
        ("regimes/pilot_guangdong#auctions.*.reserve_price", "2013"),
        ("regimes/pilot_guangdong#auctions.*.reserve_multiple", "2015"),
        ("regimes/pilot_shanghai#calendar.*.allocated", "2013"),
        ("regimes/pilot_shenzhen#stabilisation.*.low_multiple", "2013"),
        ("regimes/kets#banking.*.net_sales_multiple", "2018"),
        ("regimes/kets#offsets.*.i_kcu", "2018"),
        ("regimes/pilot_chongqing#sell_limit_share", "2013"),
        ("regimes/tokyo#allocation.*.reduction_factor", "2010"),
        ("credits/jcm", "2026"),
        ("credits/ccer", "2013"),  # in the pilots
        ("credits/cer", ""),
        ("links/gx_ets_kets", "2027-10"),
        ("links/kets_eu", ""),  # open from the start
        ("scenarios/linked_beijing", "2016-01"),
        ("markets/kau#replay.means", ""),
        ("scenario#market.frictions.permanent_impact", ""),
    ],
)
def test_since_when(place, date):
    assert since(place) == date


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("regimes/kest", "'kest' does not ship; did you mean 'kets'"),
        ("regims/kets", "'regims': no such folder; did you mean 'regimes'"),
        ("regimes/kets#bankin", "the file has no such key; it has name, title"),
        ("regimes/kets#banking.*.bas", "the file has no such key"),
        ("scenario#market.frictions.permanent", "a scenario has no such key"),
        ("scenario", "a scenario has no such key"),
    ],
)
def test_a_place_that_does_not_exist_is_told(place, told):
    with pytest.raises(ScenarioError) as error:
        since(place)
    assert told in str(error.value)


def test_the_page_holds_every_entry():
    page = coverage_page()
    assert all(f"| {entry.what} |" in page for entry in entries())
    assert set(FOLDERS) == {"regimes", "firms", "markets", "scenarios", "credits", "links"}
    assert (
        "| Carbon forwards and bonds (Shenzhen) | not played |  | spot only; at a fair price, a martingale, a forward"
        in page
    )
