"""Figures of the pilots' first years, typed from plans, notices and reports of 2013 to 2016; not read back."""

from __future__ import annotations

import pytest

from nea_env.library import load_regime, provenance
from nea_env.library.credits import load_credit

PILOTS = ("beijing", "chongqing", "guangdong", "hubei", "shanghai", "shenzhen", "tianjin")
EARLY = ("2013", "2014", "2015")
LAW = {name: load_regime(f"pilot_{name}") for name in (*PILOTS, "fujian")}


def status(name: str, path: str) -> str:
    return provenance("regime", f"pilot_{name}")[path].status


def of_years(name: str, mechanism: str) -> list:
    """The rules of the years before 2016, in order."""
    rules = getattr(LAW[name], mechanism)
    return [rules[year] for year in EARLY if year in rules]


@pytest.mark.parametrize(
    ("name", "deadlines", "how"),
    [
        ("beijing", ["2014-06", "2015-06", "2016-06"], ["derived", "assumed", "assumed"]),
        ("chongqing", ["2015-07", "2015-07", "2016-06"], ["sourced", "sourced", "assumed"]),
        ("guangdong", ["2014-07", "2015-06", "2016-06"], ["sourced", "sourced", "sourced"]),
        ("hubei", ["2015-07", "2016-07"], ["sourced", "assumed"]),
        ("shanghai", ["2014-06", "2015-06", "2016-06"], ["sourced", "assumed", "derived"]),
        ("shenzhen", ["2014-06", "2015-06", "2016-06"], ["sourced", "assumed", "derived"]),
        ("tianjin", ["2014-07", "2015-07", "2016-06"], ["derived", "sourced", "derived"]),
    ],
)
def test_first_deadlines(name, deadlines, how):
    years = [year for year in EARLY if year in LAW[name].calendar]
    assert [rule.deadline for rule in of_years(name, "calendar")] == deadlines
    assert [status(name, f"calendar.{year}.deadline") for year in years] == how


def test_chongqing_takes_4_13_percent_off_a_year_and_settles_two_years_together():
    factors = [rule.correction_factor for rule in of_years("chongqing", "allocation")]
    assert factors == [1.0, 0.9587, 0.9191]
    assert factors[1] == pytest.approx(1 - 0.0413)
    assert factors[2] == pytest.approx((1 - 0.0413) ** 2, abs=5e-5)
    assert (LAW["chongqing"].calendar["2013"].allocated, LAW["chongqing"].calendar["2014"].allocated) == (
        "2014-05", "2015-03",
    )  # fmt: skip


def test_hubei_2014_gave_97_percent_of_2010_and_two_thirds_of_it_at_first():
    rule = LAW["hubei"].allocation["2014"]
    assert (rule.method, rule.correction_factor, rule.interim_factor) == ("grandfathering", 0.97, 0.6282)
    assert rule.interim_factor == pytest.approx(0.97 * 193 / 298, abs=5e-5)
    assert LAW["hubei"].calendar["2014"].verified == "2015-04"  # a month from 16 March
    assert LAW["hubei"].allocation["2015"].correction_factor == 0.9883
    assert LAW["hubei"].allocation["2015"].of_class("cement").benchmark == {"cement": 0.9647}
    assert LAW["hubei"].banking["2014"].limit == "traded_units"
    assert LAW["hubei"].penalty["2014"].max_total == 150_000
    auction = LAW["hubei"].auctions["2014"]
    assert (auction.months, auction.volume, auction.reserve_price) == (("2014-03",), 2_000_000, 20)
    assert "2015" not in LAW["hubei"].auctions


def test_shanghai_kept_the_base_for_three_years_and_issued_them_at_once():
    for rule in of_years("shanghai", "allocation"):
        assert (rule.method, rule.correction_factor) == ("grandfathering", 1.0)
        power = rule.of_class("power")
        assert (power.method, power.pre_share) == ("benchmarking", 1.0)
    calendar = LAW["shanghai"].calendar
    assert {calendar[year].announced for year in EARLY} == {"2013-11"}
    # three vintages cannot be held at once: the last comes when the first is settled
    assert [calendar[year].allocated for year in EARLY] == ["2013-11", "2013-11", "2014-07"]
    assert [status("shanghai", f"calendar.{year}.allocated") for year in EARLY] == ["sourced", "sourced", "assumed"]
    for types in of_years("shanghai", "offsets"):
        assert (types["ccer"].limit_share, types["ccer"].limit_base) == (0.05, "allocation")


def test_shanghais_auction_of_30_june_2014():
    rule = LAW["shanghai"].auctions["2013"]
    assert (rule.months, rule.volume, rule.reserve_price, rule.own_use) == (("2014-06",), 580_000, 48, True)
    assert set(LAW["shanghai"].auctions) & set(EARLY) == {"2013"}


def test_shenzhens_auction_of_6_june_2014():
    rule = LAW["shenzhen"].auctions["2013"]
    assert (rule.months, rule.volume, rule.reserve_price) == (("2014-06",), 200_000, 35.43)
    assert (rule.short_only, rule.short_share, rule.own_use) == (True, 0.15, True)
    assert set(LAW["shenzhen"].auctions) & set(EARLY) == {"2013"}


def test_beijings_offset_rule_is_of_2014():
    assert "2013" not in LAW["beijing"].offsets
    for year in ("2014", "2015"):
        assert LAW["beijing"].offsets[year]["ccer"].limit_share == 0.025
    assert not set(LAW["beijing"].auctions) & set(EARLY)


def test_guangdongs_calendar():
    calendar = LAW["guangdong"].calendar
    assert [calendar[year].announced for year in EARLY] == ["2013-11", "2014-08", "2015-07"]
    assert [calendar[year].allocated for year in EARLY] == ["2013-12", "2014-08", "2015-07"]
    assert status("guangdong", "calendar.2013.allocated") == "assumed"
    assert status("guangdong", "calendar.2014.allocated") == "sourced"


def test_guangdongs_paid_shares():
    shares = [rule.auction_share for rule in of_years("guangdong", "allocation")]
    assert shares == [{"power": 0.03, "": 0.03}, {"power": 0.05, "": 0.03}, {"power": 0.05, "": 0.03}]
    found = [status("guangdong", f"allocation.{year}.auction_share.power") for year in EARLY]
    assert found == ["sourced", "sourced", "derived"]


@pytest.mark.parametrize(
    ("year", "offered"),
    [
        (
            "2013",
            {
                "2013-12": (3.0, 60), "2014-01": (5.0, 60), "2014-02": (2.0, 60), "2014-04": (2.4, 60),
                "2014-05": (1.2, 60), "2014-06": (1.865, 60),
            },
        ),
        ("2014", {"2014-09": (2.0, 25), "2014-12": (1.0, 30), "2015-03": (1.0, 35), "2015-06": (3.0, 40)}),
        ("2015", {"2015-09": (0.3, 0), "2015-12": (0.3, 0), "2016-03": (0.5, 0), "2016-06": (0.9, 0)}),
    ],
)  # fmt: skip
def test_guangdongs_auctions(year, offered):
    rule = LAW["guangdong"].auctions[year]
    assert rule.months == tuple(offered)
    volumes, floors = zip(*offered.values(), strict=True)
    assert [rule.volume_of(month) / 1e6 for month in rule.months] == pytest.approx(volumes)
    assert tuple(map(rule.reserve_price_of, rule.months)) == floors
    assert rule.offered / 1e6 == pytest.approx({"2013": 15.465, "2014": 7.0, "2015": 2.0}[year])


def test_guangdongs_reserve_of_2015_is_80_percent_of_three_months():
    rule = LAW["guangdong"].auctions["2015"]
    assert (rule.reserve_multiple, rule.reserve_months, rule.bid_share) == (0.8, 3, 0.5)


def test_guangdongs_decree_holds_from_the_first_year():
    for year in EARLY:
        assert (LAW["guangdong"].penalty[year].lump_sum, LAW["guangdong"].penalty[year].deducted) == (50_000, 2)
        assert LAW["guangdong"].banking[year].limit == "unlimited"
        types = LAW["guangdong"].offsets[year]
        assert {kind: rule.limit_share for kind, rule in types.items()} == {"ccer": 0.03, "ccer_local": 0.10}
        assert status("guangdong", f"penalty.{year}.deducted") == "sourced"


@pytest.mark.parametrize("name", PILOTS)
def test_what_is_taken_from_2017_says_so(name):
    for mechanism in ("borrowing", *(() if name in ("guangdong", "hubei") else ("banking", "penalty"))):
        for year in (set(EARLY) & set(LAW[name].calendar)) - ({"2013"} if name == "hubei" else set()):
            known = {p: o.status for p, o in provenance("regime", f"pilot_{name}").items()}
            found = {how for path, how in known.items() if path.startswith(f"{mechanism}.{year}.")}
            assert found == {"assumed"}, (mechanism, year)


COMPLIED = {
    "beijing": {"2013": 0.98, "2014": 0.99, "2015": 1.0, "2016": 925 / 947},
    "chongqing": {"2013": 0.70, "2014": 0.70},
    "guangdong": {
        "2013": 182 / 184, "2014": 183 / 184, "2015": 1.0, "2016": 1.0, "2017": 245 / 246, "2018": 247 / 249,
        "2019": 1.0, "2020": 1.0, "2021": 175 / 176, "2022": 198 / 200, "2023": 389 / 391,
    },
    "hubei": {"2014": 111 / 138, "2015": 1.0},
    "shanghai": {"2014": 0.99, **dict.fromkeys(("2013", *map(str, range(2015, 2021))), 1.0)},
    "shenzhen": {"2013": 0.98, "2014": 0.99, "2015": 634 / 635},
    "tianjin": {"2013": 0.98, "2014": 111 / 112, **dict.fromkeys(map(str, range(2015, 2022)), 1.0)},
    "fujian": {"2016": 0.99, "2017": 1.0, "2019": 1.0},
}  # fmt: skip


@pytest.mark.parametrize(("name", "reported"), COMPLIED.items())
def test_compliance_reported(name, reported):
    found = {year: told.firms for year, told in LAW[name].compliance.items()}
    assert found == pytest.approx(reported, abs=6e-4)
    if name == "guangdong":
        assert LAW[name].compliance["2013"].units == 0.9997


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shanghai", "together in November 2013"),
        ("guangdong", "before it received the free 97 %"),
        ("hubei", "given the rest free"),
        ("hubei", "surrender for 2019 end in July 2020"),
        ("tianjin", "2 % of what it had emitted in 2018"),
    ],
)
def test_mechanisms_that_cannot_be_written_are_told_as_gaps(name, words):
    assert any(words in gap for gap in LAW[name].gaps)


def test_prices_of_chinese_credits():
    ccer, phcer = load_credit("ccer"), load_credit("phcer")
    assert (ccer.prices["2015"], ccer.prices["2017"]) == (19, 8.1)
    assert phcer.since == "2016"
    lots = {
        "2018": (16.01, 16.32, 17.06, 22.50, 23.88, 23.99), "2019": (29.02,), "2020": (36.00, 31.03, 35.03, 36.06),
        "2021": (37.51, 42.03, 42.04), "2023": (84.1, 67.33, 63.61, 65), "2024": (65.01, 42.9, 36.5),
    }  # fmt: skip
    assert dict(phcer.prices) == pytest.approx({year: sum(all_) / len(all_) for year, all_ in lots.items()}, abs=0.05)
