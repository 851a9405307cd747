"""When surrender was put off in China's pilots, and the auctions of its last weeks; typed from reports and notices."""

from __future__ import annotations

from nea_env.library import load_regime, provenance

LAW = {name: load_regime(f"pilot_{name}") for name in ("fujian", "guangdong", "hubei", "tianjin")}


def status(name: str, path: str) -> str:
    return provenance("regime", f"pilot_{name}")[path].status


def test_what_says_when_surrender_was_put_off():
    assert status("fujian", "calendar.2017.deadline") == "sourced"
    assert {status(name, "calendar.2019.deadline") for name in ("fujian", "tianjin", "hubei")} == {"derived"}
    # gaps are verified before the deadline, and after the year
    for name, year, verified in (
        ("fujian", "2017", "2018-07"),
        ("fujian", "2019", "2020-09"),
        ("tianjin", "2019", "2020-07"),
        ("hubei", "2018", "2019-11"),
        ("hubei", "2019", "2020-11"),
    ):
        assert LAW[name].calendar[year].verified == verified
        assert status(name, f"calendar.{year}.verified") == "assumed"


def test_plans_of_2019_and_2020():
    # Tianjin's of 2019 at the end of that year; Fujian's, Guangdong's and Tianjin's of 2020 in December 2020
    assert LAW["tianjin"].calendar["2019"].announced == "2019-12"
    assert {LAW[name].calendar["2020"].announced for name in ("fujian", "guangdong", "tianjin")} == {"2020-12"}
    # Fujian books a year once the one before is settled
    calendar = LAW["fujian"].calendar
    assert all(calendar[str(y)].allocated > calendar[str(y - 1)].deadline for y in (2017, 2018, 2019, 2020))


def test_tianjins_auctions():
    rules = LAW["tianjin"].auctions
    assert set(rules) == {"2019", "2020"}
    # 10 June 2020: 2 Mt, 2 % of a firm's emissions, the mean since July 2019; 28 August: 1 Mt for short firms
    assert rules["2019"].months == ("2020-06", "2020-08")
    june, august = (rules["2019"].in_month(month) for month in rules["2019"].months)
    assert (june.volume, june.emission_share, june.short_only) == (2_000_000, 0.02, False)
    assert (august.volume, august.emission_share, august.short_only) == (1_000_000, None, True)
    assert {(rule.reserve_multiple, rule.reserve_months) for rule in (june, august)} == {(1.0, 11)}
    assert not june.own_use
    # 29 June 2021: 1.5 Mt
    assert (rules["2020"].months, rules["2020"].volume) == (("2021-06",), 1_500_000)
