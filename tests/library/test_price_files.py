"""A user's own prices: what a file holds, from where it is found, and one clear line for each mistake in it."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario
from nea_env.library.price_files import read_prices
from nea_env.scenario import ScenarioError, add_months
from tests.library.linked import MINE

GOOD = "month,price,front_ratio,offset_price\n2018-01,100,0.9,50\n2018-02,110,1.0,55\n2018-03,121,1.1,60.5\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="prices.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def months(count, first="2018-01"):
    return "month,price\n" + "".join(f"{add_months(first, k)},{100 + k}\n" for k in range(count))


def test_months_and_series(file):
    assert read_prices(file(GOOD)) == {
        "first": "2018-01",
        "price": [100.0, 110.0, 121.0],
        "front_ratio": [0.9, 1.0, 1.1],
        "offset_price": [50.0, 55.0, 60.5],
    }


@pytest.mark.parametrize(
    "text",
    [
        "month,price\n2018-01,1e2\n2018-02,110\n",
        "price, month\r\n100 , 2018-01\r\n110,2018-02\r\n",  # any order, spaces, another system's line ends
        "\ufeffmonth,price\n2018-01,100\n\n2018-02,110",  # as spreadsheets save it; an empty line; no last line end
        '"month","price"\n"2018-01","100"\n"2018-02","110"\n',
    ],
)
def test_ways_of_writing_the_same(file, text):
    found = read_prices(file(text))
    assert (found["first"], found["price"], found["front_ratio"]) == ("2018-01", [100.0, 110.0], [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "prices.csv: holds no month; allowed: a line of column names, and one line a month"),
        ("month,price\n", "prices.csv: holds no month"),
        ("month,cost\n2018-01,1\n", "line 1: 'cost': unknown column; allowed: month, price, front_ratio"),
        ("month,prize\n", "line 1: 'prize': unknown column; did you mean 'price'?"),
        ("month,front_ratio\n", "line 1: price: this column is missing; allowed: month, price"),
        ("price\n3\n", "line 1: month: this column is missing"),
        ("month,price,price\n", "line 1: price: this column is listed twice; allowed: once"),
        ("month,price\n2018-01,100,3\n", "line 2: 3 values; allowed: 2, one for each column"),
        ("month,price\n2018-01\n", "line 2: 1 values; allowed: 2"),
        ("month,price\n2018-13,1\n", "line 2: month: '2018-13': allowed: a month, written YYYY-MM"),
        ("month,price\nJan 2018,1\n", "line 2: month: 'Jan 2018': allowed"),
        ("month,price\n2018-01,1\n2018-03,1\n", "line 3: month: 2018-03 after 2018-01; allowed: 2018-02, the next"),
        ("month,price\n2018-01,1\n2018-01,1\n", "line 3: month: 2018-01 after 2018-01; allowed: 2018-02"),
        ("month,price\n2018-01,x\n", "line 2: price: 'x': allowed: a number above 0, at most 1e+15"),
        ("month,price\n2018-01,\n", "line 2: price: '': allowed: a number above 0"),
        ("month,price\n2018-01,0\n", "line 2: price: '0': allowed: a number above 0"),
        ("month,price\n2018-01,-3\n", "line 2: price: '-3'"),
        ("month,price\n2018-01,nan\n", "line 2: price: 'nan'"),
        ("month,price\n2018-01,inf\n", "line 2: price: 'inf'"),
        ("month,price\n2018-01,1_000\n", "line 2: price: '1_000'"),
        ('month,price\n2018-01,"3,4"\n', "line 2: price: '3,4'"),
        (
            "month,price,front_ratio\n2018-01,1,2.5\n",
            "line 2: front_ratio: '2.5': allowed: a number above 0, at most 2",
        ),
        ("month,price,offset_price\n2018-01,1,0\n", "line 2: offset_price: '0'"),
        ('month,price\n2018-01,"1\n', "cannot be read as CSV"),
        (b"month,price\n2018-01,\xff\n", "its text is not UTF-8; save the file as UTF-8"),
        (months(1201), "line 1202: 2118-01: allowed: at most 1200 months"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_column_value_and_what_is_allowed(file, text, told):
    with pytest.raises(ScenarioError) as error:
        read_prices(file(text))
    assert told in str(error.value) and "prices.csv" in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_no_file(tmp_path):
    with pytest.raises(ScenarioError, match=r"none\.csv: there is no such file; allowed: the path of a CSV file"):
        read_prices(tmp_path / "none.csv")
    with pytest.raises(ScenarioError, match="it is a folder or a device, expected a CSV file"):
        read_prices(tmp_path)
    with pytest.raises(ScenarioError, match="cannot be read: File name too long"):
        read_prices(tmp_path / ("a" * 5_000))


# --- in scenarios --------------------------------------------------------------------------------------------------
OWN = f"{MINE}overrides: {{market: {{law: replay, replay: {{csv: data/prices.csv}}}}}}\n"


def test_a_scenarios_file_is_relative_to_it_and_its_content_is_kept(file):
    data = file(months(60), "data/prices.csv")
    scenario = load_scenario(file(OWN, "mine.yaml"))
    replay = scenario.market.replay
    assert (replay.first, replay.price[:2], replay.csv, dict(replay.means)) == ("2018-01", (100, 101), None, {})
    again = load_scenario(scenario.model_dump(mode="json"))
    assert again == scenario and again.digest == scenario.digest
    data.write_text(months(60, "2018-01").replace(",100", ",99"))
    assert load_scenario(file(OWN, "mine.yaml")).digest != scenario.digest


def test_a_markets_file_is_relative_to_the_market(file):
    file(months(60), "far/prices.csv")
    market = "name: m\ntitle: M\ncurrency: KRW\nprice: 100\ndiscount_rate: 0.03\nvolatility: 0.3\n"
    file(f"{market}law: replay\nreplay: {{csv: prices.csv}}\n", "far/market.yaml")
    mine = file(MINE.replace("market: kau", "market: far/market.yaml"), "mine.yaml")
    assert load_scenario(mine).market.replay.price[:3] == (100, 101, 102)


def test_an_override_takes_the_place_of_the_shipped_means(file):
    path = file(months(60))
    changes = {"market.law": "replay", "market.replay.csv": str(path), "start": "2018-01", "first": 2018, "last": 2020}
    replay = load_scenario("kets", changes).market.replay
    assert replay.price[0] == 100 and not replay.means


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["market.replay.csv=none.csv"], "override market.replay.csv: none.csv: there is no such file"),
        (
            ["market.replay.means={2015: 3}"],
            "override market.replay.means: plays no part under market.law: gbm; allowed: with market.law=replay",
        ),
        (["market.law=replay", "market.replay.csv=none.csv"], "override market.replay.csv: none.csv: there is no such"),
        (["market.law=replay", "market.replay=null"], "law: replay needs market.replay"),
        (["market.law=replay", "market.replay.means={2015: 1}"], "market.replay: has the means of 2015 to 2015"),
        (["market.replay.means={2015: 1, 2017: 2}"], "means: none between 2015 and 2017; allowed: one for every year"),
        (["market.replay.first=2015-01"], "first: the month of the first price is given with price"),
        (["market.replay.price=[1]"], "price and means are both given; allowed: one of csv, price with first"),
        (["market.replay.means={}"], "no path is given"),
        (
            ["market.replay={first: 2015-01, price: [1, 2], front_ratio: [1]}"],
            "front_ratio: 1 months; allowed: 2, as of price",
        ),
        (
            ["market.law=replay", "market.replay={first: 2015-02, price: [1, 2]}"],
            "has 2 months from 2015-02 on; allowed: all of 2015-01 to 2026-08",
        ),
        (
            ["market.law=replay", "market.frictions.permanent_impact=0.1"],
            "frictions.permanent_impact: a price on record cannot be moved (law=replay); allowed: 0",
        ),
        (
            ["market.law=replay", "market.replay.csv=mine.csv", "market.replay.means={2015: 3}"],
            "override market.replay.csv: csv and means are both given; allowed: one of csv, price with first, and",
        ),
        (
            ["market.law=replay", "market.replay={first: 2015-01, price: [1, 2], csv: mine.csv}"],
            "override market.replay: csv and price are both given; allowed: one of csv, price with first, and means",
        ),
        (
            ["market.law=replay", "market.replay.csv=mine.csv", "market.replay.front_ratio=[1]"],
            "override market.replay.csv: csv and front_ratio are both given",
        ),
        (["market.law=replay", "market.replay.csv=~nobody-at-all/mine.csv"], "there is no such home folder; allowed"),
        (
            ["links=[kets_eu]", "market.gap={}", "market.law=replay"],
            "links.0.correlation: -0.04: a price on record follows no news (law=replay); allowed: 0",
        ),
    ],
)
def test_what_a_scenario_refuses(changes, told):
    with pytest.raises(ScenarioError) as error:
        load_scenario("kets", changes)
    assert told in str(error.value) and "\n" not in str(error.value)


def test_prices_on_record_that_nobody_plays_are_no_part_of_a_scenario():
    kets = load_scenario("kets")
    assert load_scenario("kets", {"market.replay": None}).digest == kets.digest
    played = load_scenario("kets", {"market.law": "replay"})
    other = load_scenario("kets", {"market.law": "replay", "market.replay.means.2020": 30_000})
    assert len({kets.digest, played.digest, other.digest}) == 3
    assert load_scenario("linked_kets", {"links.0.market.replay": None}).digest == load_scenario("linked_kets").digest


def test_a_path_object_and_the_home_folder_are_taken(file, monkeypatch):
    path = file(months(60))
    monkeypatch.setenv("HOME", str(path.parent))
    window = {"market.law": "replay", "start": "2018-01", "first": 2018, "last": 2020}
    for change in (
        {"market.replay.csv": path},
        {"market.replay": {"csv": path}},
        {"market.replay.csv": "~/prices.csv"},
    ):
        assert load_scenario("kets", window | change).market.replay.price[:2] == (100, 101)
    own = load_scenario("kets").model_dump(mode="json") | {"start": "2018-01", "first": 2018, "last": 2020}
    own["market"] |= {"law": "replay", "replay": {"csv": path}}
    assert load_scenario(own).market.replay.price[:2] == (100, 101)
    assert (
        load_scenario(file(OWN.replace("data/prices.csv", "~/prices.csv"), "mine.yaml")).market.replay.price[0] == 100
    )


@pytest.mark.parametrize("where", ["overrides", "market"])
def test_a_files_two_paths_are_named_with_their_place(file, where):
    file(months(60))
    both = "law: replay, replay: {csv: prices.csv, means: {2018: 3}}"
    text = f"{MINE}overrides: {{market: {{{both}}}}}\n"
    if where == "market":
        own = f"{{name: m, title: M, currency: KRW, price: 100, discount_rate: 0.03, volatility: 0.3, {both}}}"
        text = MINE.replace("market: kau", f"market: {own}")
    mine = file(text, "mine.yaml")
    with pytest.raises(ScenarioError) as error:
        load_scenario(mine)
    key = "overrides.market.replay" if where == "overrides" else "market.replay"
    assert str(error.value).startswith(f"{mine} line ")
    assert str(error.value).endswith(
        f": {key}: csv and means are both given; allowed: one of csv, price with first, and means"
    )


# --- a partner's prices ----------------------------------------------------------------------------------------------
ONLY_AT_HOME = "only the home market's prices can be replayed, not a partner's; allowed: "


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"links.0.market.replay.csv": "mine.csv"}, f"override links.0.market.replay.csv: {ONLY_AT_HOME}market.replay"),
        ({"links.0.market.replay": {"csv": "mine.csv"}}, f"override links.0.market.replay: {ONLY_AT_HOME}"),
        ({"links.0.market.replay.means.2021": 50}, f"override links.0.market.replay.means.2021: {ONLY_AT_HOME}"),
        ({"links.0.market.law": "replay"}, f"links.0.market.law: replay: {ONLY_AT_HOME}gbm, collared"),
        (
            {"links.0.market.law": "replay", "links.0.market.replay.csv": "mine.csv"},
            f"override links.0.market.replay.csv: {ONLY_AT_HOME}",
        ),
    ],
)
def test_a_partner_replays_nothing(change, told):
    with pytest.raises(ScenarioError) as error:
        load_scenario("linked_kets", change)
    assert told in str(error.value) and "\n" not in str(error.value)


def test_nor_does_that_of_a_file(file):
    links = "links: [kets_tps_quota]\noverrides: {links: {0: {market: {replay: {csv: mine.csv}}}}}\n"
    with pytest.raises(ScenarioError, match=rf"overrides\.links\.0\.market\.replay\.csv: {ONLY_AT_HOME}"):
        load_scenario(file(MINE + links, "mine.yaml"))
    market = load_scenario("linked_kets").links[0].market.model_dump(mode="json")
    assert market["replay"]["means"]  # which ship, for scenarios at home there
    assert load_scenario("linked_kets", {"links.0.market": market | {"price": 50}}).links[0].market.price == 50


def test_a_market_that_is_not_solved_is_not_in_the_digest():
    scale, solved = {"market.aggregate.abatement.scale": 1.0}, {"market.law": "equilibrium"}
    assert load_scenario("kets", scale).digest == load_scenario("kets").digest
    assert load_scenario("kets", scale | solved).digest != load_scenario("kets", solved).digest
