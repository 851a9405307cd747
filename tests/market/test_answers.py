"""Every rule of the law moves the picture of the price under the equilibrium process, or is listed with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nea_env
from nea_env.core.lowering.aggregate.calendar import solved_months
from nea_env.core.lowering.aggregate.market import market_flows
from nea_env.library import ScenarioError, arguments
from nea_env.library.answers import BY_MARKET, INFORMATION, SILENT, rows, silent, unanswered
from nea_env.library.overrides import overridden
from nea_env.scenario import Scenario, add_months

SCENARIOS = ("kets", "tps", "tokyo")
NEVER_LISTED = ("allocation", "banking", "borrowing", "offsets", "penalty", "auctions")
"""Mechanisms that move the price of every scenario whose law states them."""
PATHS = 3
WORDS = {
    "method": ("verified_emissions",),
    "limit": ("none", "unlimited", "share_of_duty"),
    "limit_base": ("none", "required_reduction", "duty"),
    "net_sales_since": ("phase", "vintage", "2018-01"),
    "basis": ("gross", "net"),
    "pre_on": ("emissions", "output"),
    "certified": (),
}
FIXED = {"calendar.*.years", "year_starts", "phases.*.first", "market_opens"}
"""They cannot be changed alone: other dates hang on them. What they do is tested with the calendar."""


@cache
def base(name: str) -> tuple[Scenario, np.ndarray]:
    scenario = nea_env.load_scenario(name, ["market.law=equilibrium"])
    return scenario, nea_env.price_paths(scenario, PATHS, progress=False).values


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


@cache
def fields(name: str) -> dict[str, dict[str, Any]]:
    """What the law states: its values by path, years, months and types of credit of one rule together."""
    stated = base(name)[0].regime.model_dump(mode="json", exclude_defaults=True)
    found: dict[str, dict[str, Any]] = {}
    for path, value in leaves({key: rule for key, rule in stated.items() if key not in (*INFORMATION, "ranges")}):
        keys = ["*" if re.fullmatch(r"\d{4}(-\d\d)?|[IV]+|P\d", key) else key for key in path.split(".")]
        if keys[0] == "offsets":
            keys[2] = "*"
        found.setdefault(".".join(keys), {})[path] = value
    return found


def others(key: str, value: Any) -> list[Any]:
    """Other values than the law's own, mild ones first."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(value - 1, 1)]
    if isinstance(value, float):
        return [value * 0.5, 0.0, value * 0.1, value * 2.0, value + 0.3]
    if isinstance(value, list):
        return [value[:1], []]
    if re.fullmatch(r"\d{4}-\d\d", value):
        return [add_months(value, 1), add_months(value, -1)]
    if re.fullmatch(r"\d{4}", value):
        return [str(int(value) - 1)]
    return [word for word in WORDS[key] if word != value]


def changed(scenario: Scenario, values: dict[str, Any]) -> tuple[Scenario, dict[str, Any]]:
    """The scenario with as many of the changes as it takes, and those."""
    changes = {f"regime.{path}": value for path, value in values.items()}
    try:
        return overridden(scenario, changes), changes
    except ScenarioError:
        taken: dict[str, Any] = {}
        for path, value in changes.items():
            try:
                scenario = overridden(scenario, {path: value})
                taken[path] = value
            except ScenarioError:
                continue
        return scenario, taken


def variants(stated: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Other values of one rule in all its years, one set after the other."""
    key = next(iter(stated)).rpartition(".")[2]
    choices = {path: others(key, value) for path, value in stated.items()}
    for k in range(max(map(len, choices.values()))):
        yield {path: values[k] for path, values in choices.items() if k < len(values)}


def moves(name: str, field: str) -> bool:
    scenario, before = base(name)
    for values in variants(fields(name)[field]):
        try:
            other, taken = changed(scenario, values)
            prices = nea_env.price_paths(other, PATHS, progress=False).values
        except ScenarioError:  # a calendar that cannot be settled
            continue
        if taken and not np.array_equal(prices, before):
            return True
    return False


def listed(name: str, field: str) -> bool:
    scenario = base(name)[0]
    return all(silent(path, scenario.regime, scenario.market) for path in fields(name)[field])


@cache
def moved(name: str) -> frozenset[str]:
    """The rules of a scenario that are on no list and move its price."""
    loose = (field for field in fields(name) if field not in FIXED and not listed(name, field))
    return frozenset(field for field in loose if moves(name, field))


def differ(name: str, *overrides: str) -> bool:
    """Whether overrides change the prices of a scenario."""
    scenario, before = base(name)
    after = nea_env.price_paths(nea_env.load_scenario(scenario, overrides), PATHS, progress=False).values
    return not np.array_equal(before, after)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_law_moves_the_price_by_every_mechanism_that_matters(name):
    stated = {field.split(".")[0] for field in fields(name)} & set(NEVER_LISTED)
    assert stated - {field.split(".")[0] for field in moved(name)} == set()


def test_every_rule_that_is_not_listed_moves_the_price_of_one_of_them():
    loose = {field for name in SCENARIOS for field in fields(name) if not listed(name, field)} - FIXED
    assert loose - {field for name in SCENARIOS for field in moved(name)} == set()


def columns(scenario: Scenario) -> dict[str, Any]:
    """All of the law that the price is solved from, by month."""
    months = solved_months(scenario.regime, scenario.start, scenario.last)
    return market_flows(scenario.regime, scenario.market, scenario.start, months).columns


def told_or_moved(name: str, path: str, value: Any) -> bool:
    """Whether one number of the law, of one year, moves what the price is solved from, or brings a note."""
    scenario = base(name)[0]
    before = columns(scenario)
    for other in single(path, value):
        try:
            changed = overridden(scenario, {f"regime.{path}": other})
            after = columns(changed)
        except (ScenarioError, ValueError):
            continue
        if not unanswered(scenario, changed) and all(np.array_equal(before[key], after[key]) for key in before):
            return False
    return True


def single(path: str, value: Any) -> list[Any]:
    """Other values of one number or word; one month fewer."""
    if isinstance(value, list) and path.endswith(".months"):
        return [[month for month in value if month != one] for one in (value[0], value[2])]
    words = path.rpartition(".")[2]
    free = not isinstance(value, str) or words in WORDS or value[:1].isdigit()
    return [other for other in others(words, value) if other != value] if free else []


@pytest.mark.parametrize("name", [pytest.param("kets", marks=pytest.mark.slow), *SCENARIOS[1:]])  # kets: half a minute
def test_every_number_of_every_year_moves_the_price_or_is_told(name):
    loose = [field for field in fields(name) if field.split(".")[0] in NEVER_LISTED and not listed(name, field)]
    stated = [(path, value) for field in loose for path, value in fields(name)[field].items()]
    scenario = base(name)[0]
    numbers = [(path, value) for path, value in stated if not silent(path, scenario.regime, scenario.market)]
    assert len(numbers) > 30
    assert [path for path, value in numbers if not told_or_moved(name, path, value)] == []


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("kets", "offsets.2021.kcu.limit_share=0.08", "as many credits as are on offer"),
        ("tokyo", "offsets.2010.outside_tokyo.limit_share=0.5", "as many credits as are on offer"),
        ("kets", "banking.2024.net_sales_multiple=1", "short firms may keep what they buy"),
        ("kets", "borrowing.2022.share=0.05", "starts from that of 2021"),
        ("kets", "penalty.2018.cap=200000", "stays below its cap"),
        ("kets", "allocation.2030.auction_share.=0.10", "more than that share is on offer"),
        ("tps", "penalty.2021.lump_sum=10000", "settled together with 2022"),
        ("tps", "allocation.2019.deficit_cap=0.15", "short firms lack 8% of their duty"),
        ("tokyo", "banking.2010.limit=unlimited", "nothing older can lapse"),
        ("tokyo", "banking.2020.limit=none", "it emits more than its cap"),
        ("tps", "borrowing.2022.gap_threshold=0.12", ""),
        ("kets", "banking.*.net_sales_multiple=9", ""),
        ("kets", "offsets.2021={kcu: {limit_share: 0.005, limit_base: duty}}", ""),
        ("kets", "penalty.2018.cap=20000", ""),
        ("kets", "allocation.2022.auction_share.=0.08", ""),
        ("kets", "auctions.2022.volume=2000000", ""),
    ],
)
def test_a_rule_that_does_not_bind_is_told(name, change, why):
    lines = told(name, "market.law=equilibrium", f"regime.{change}")
    assert len(lines) == bool(why)
    assert why in "".join(lines)
    assert differ(name, f"regime.{change}") == (not why)


def test_moving_an_auction_within_its_year_is_told():
    months = ["2020-10", "2020-11", "2020-12", "2021-01", "2021-06"]
    change = {"regime.auctions.2020.months": [*months[:1], "2021-02", *months[2:]]}
    scenario = base("kets")[0]
    (line,) = unanswered(scenario, nea_env.load_scenario(scenario, change))
    assert "as much is on offer in all" in line


def test_a_gap_test_lets_the_market_borrow_what_large_gaps_allow():
    assert differ("tps", "regime.borrowing.*.gap_share=0.1")
    assert differ("tps", "regime.borrowing.*.gap_threshold=0.12")
    # gaps go up to twice 0.04 / 0.5 of the duty
    assert "up to 16% of their duty" in "".join(
        unanswered(
            *(nea_env.load_scenario(base("tps")[0], [f"regime.borrowing.*.gap_threshold={at}"]) for at in (0.16, 0.2))
        )
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_rule_that_is_listed_moves_it(name):
    scenario, before = base(name)
    many: dict[str, Any] = {}
    for field, stated in fields(name).items():
        if field not in FIXED and listed(name, field):
            many |= next(variants(stated), {})
    other, taken = changed(scenario, many)
    assert len(taken) > 0.8 * len(many)
    np.testing.assert_array_equal(nea_env.price_paths(other, PATHS, progress=False).values, before)


def test_the_page_has_the_list():
    page = Path("docs/markets.md").read_text()
    assert [row for row in rows() if row not in page] == []
    assert not {path.split(".")[0] for path in SILENT if "." not in path} & set(NEVER_LISTED)
    assert not set(SILENT) & set(BY_MARKET)


def told(name: str, *overrides: str) -> list[str]:
    scenario = nea_env.load_scenario(name)
    return unanswered(scenario, nea_env.load_scenario(scenario, overrides))


def test_under_an_exogenous_process_a_change_of_the_law_is_said_to_move_nothing():
    (line,) = told("kets", "regime.banking.*.limit=unlimited", "regime.penalty.2018.multiple=5")
    assert line == (
        "regime.banking, penalty: the price is a gbm process, which no rule moves: only this firm's own options change,"
        " and the bounds of the front's discount (market.gap of 6 vintages of 2017-2022: now none)."
        " With market.law=equilibrium the price answers."
    )
    assert told("kets", "regime.borrowing={}")[0].startswith("regime.borrowing: the price is a gbm process")
    assert "links.0.regime.penalty" in told("linked_kets", "links.0.regime.penalty.2021.multiple=2")[0]


def test_a_market_without_an_aggregate_has_no_process_that_answers():
    (line,) = told("tms", "regime.penalty.2013.multiple=5")
    assert line.endswith("No process answers: an equilibrium needs market.aggregate, which tms does not have.")
    assert "carbon tax" in told("tokyo_carbon_tax", "regime.offsets={}")[0]


def test_under_an_equilibrium_only_what_it_does_not_know_is_told():
    solved = "market.law=equilibrium"
    assert told("kets", solved, "regime.banking.*.limit=unlimited", "regime.borrowing={}") == []
    (line,) = told("kets", solved, "regime.holding.2018.max_share=2", "regime.penalty.*.multiple=2")
    assert line.startswith("regime.holding.max_share: no price answers: ")
    assert told("kets", solved, "regime.auctions.2021.volume=1") == []


@pytest.mark.parametrize(
    "change",
    ["firm.scale=2", "market.price=20000", "firm.rights.borrowing={}", "regime.calendar.2018.deadline=2019-10"],
)
def test_nothing_is_said_where_the_price_has_nothing_to_answer(change):
    assert told("kets", change) == []


def test_each_command_says_it_once_on_stderr(capsys):
    for _ in range(2):
        arguments.named(["kets", "kets_full", "regime.penalty.2018.multiple=5"], ()).load()
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("note: regime.penalty: the price is a gbm process, which no rule moves: only this firm's")
