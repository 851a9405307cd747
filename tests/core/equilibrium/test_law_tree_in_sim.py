"""Episodes of an equilibrium that foresees laws to come: no price tells the law before its announcement."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.equilibrium.month import MarketMonth
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.core.lowering import equilibrium_chain
from nea_env.core.lowering.aggregate.announced import stretches
from nea_env.core.lowering.law_tree import announcements, law_tree
from nea_env.core.lowering.splice import ROWS
from nea_env.core.lowering.tables import lowered
from nea_env.core.parameters import Month, Static
from nea_env.library import load_scenario
from nea_env.scenario import ScenarioError, months_between

RANDOMISED = ("tps_randomised", pytest.param("kets_randomised", marks=pytest.mark.slow))  # 64 laws, and 256
SURPRISE = {
    "market.law": "equilibrium",
    "market.beliefs": {
        "announcements": [
            {
                "month": "2017-04",
                "laws": [
                    {"chance": 0.0, "played": 1.0},
                    {"chance": 1.0, "played": 0.0, "overrides": {"regime.banking.2017.limit": "unlimited"}},
                ],
            }
        ]
    },
}

RESPONSE = {"elasticity": 0.2, "product_price": 1e5, "demand": {"1999": 1.0}}
DEMAND = {"market.aggregate.output_response": RESPONSE}


def foreseen(name):
    return load_scenario(name, ["market.law=equilibrium"])


def watched(scenario, rows, months, seed=0):
    """(months, rows, observations) of an idle firm, and the batch."""
    batch = Batch(scenario, rows, threads=1)
    batch.reset(np.arange(seed, seed + rows))
    seen = [batch.observe()]
    for _ in range(months - 1):
        seen.append(batch.step(np.zeros((rows, Action.size), np.float32))[0])
    return np.array(seen), batch


@pytest.mark.parametrize("name", RANDOMISED)
def test_every_episode_looks_the_same_under_all_laws_until_the_first_announcement(name):
    scenario = foreseen(name)
    laws, first = lowered(scenario), announcements(scenario)[0].month
    assert len(laws.laws) == (256 if name == "kets_randomised" else 64)
    shared = np.arange(Static.size) != Static.START_BORROW_LIMIT  # which no one sees
    for table in laws.tables[1:]:
        np.testing.assert_array_equal(table.monthly[:first], laws.tables[0].monthly[:first])
        np.testing.assert_array_equal(table.static[shared], laws.tables[0].static[shared])
        assert table.grid is laws.tables[0].grid
    chain = laws.tables[0].monthly[first, Month.CHAIN]
    assert any(table.monthly[first, Month.CHAIN] != chain for table in laws.tables)


@pytest.mark.parametrize("name", RANDOMISED)
def test_two_laws_have_the_same_months_up_to_the_announcement_that_tells_them_apart(name):
    scenario = foreseen(name)
    tree, tables = law_tree(scenario), lowered(scenario).tables
    for (one, table), (other, its) in itertools.combinations(zip(tree.laws, tables, strict=True), 2):
        apart = next(a for a, b in zip(one.states, other.states, strict=True) if a != b)
        months = tree.states[apart].first
        np.testing.assert_array_equal(table.monthly[:months], its.monthly[:months])


@pytest.mark.parametrize("name", RANDOMISED)
def test_no_observation_before_the_announcement_tells_the_law_that_was_drawn(name):
    """A regression of each number on what was seen before it was announced explains no more than chance does."""
    scenario, rows = foreseen(name), 2_000
    news = [each for each in announcements(scenario) if each.month < 60] + [announcements(scenario)[-1]]
    seen, batch = watched(scenario, rows, news[-2].month if len(news) > 2 else news[-1].month, seed=10_000)
    seen = np.nan_to_num(seen)
    for before, after in itertools.pairwise([None, *news]):
        known = before.month if before and before.month < len(seen) else 0  # the last one lies beyond what is watched
        columns = seen[known : after.month].transpose(1, 0, 2).reshape(rows, -1)
        columns = columns[:, np.ptp(columns, axis=0) > 0]
        assert columns.shape[1] > 10
        chosen = np.random.default_rng(0).permutation(columns.shape[1])[:100]
        columns = np.column_stack([np.ones(rows), columns[:, chosen]])
        chance, spread = len(chosen) / rows, np.sqrt(2.0 * len(chosen)) / rows  # mean and sd of R^2 if nothing is told
        for path in after.paths[:2]:
            drawn = batch.law(path)
            left = drawn - columns @ np.linalg.lstsq(columns, drawn, rcond=None)[0]
            assert 1.0 - left.var() / drawn.var() < chance + 5.0 * spread, path


def test_episodes_play_a_surprise_that_the_price_before_it_does_not_know():
    surprised = load_scenario("kets", SURPRISE)
    believing = load_scenario("kets", {"market.law": "equilibrium", "regime.banking.2017.limit": "unlimited"})
    month = months_between(surprised.start, "2017-04")
    price = OBS_INDEX["log_price"]
    prices = {}
    for name, scenario in (("surprised", surprised), ("believing", believing)):
        prices[name] = watched(scenario, 500, month + 1)[0][..., price]
    assert abs(prices["surprised"] - prices["believing"])[:month].mean() < 0.01  # but for the grid of banks
    mean = np.exp(prices["surprised"]).mean(axis=1)
    assert mean[month] < 0.98 * mean[month - 1]  # the vintage whose surplus may not all be carried over
    law = Batch(surprised, 3).law("banking.2017.base_tonnes")
    assert set(law) == {20_000.0}


def test_branches_are_played_as_often_as_they_say():
    laws = [
        {"chance": 0.2, "played": 0.7, "overrides": {"regime.banking.2018.net_sales_multiple": 1.0}},
        {"chance": 0.5, "played": 0.3, "overrides": {"regime.banking.2018.net_sales_multiple": 2.0}},
        {"chance": 0.3, "played": 0.0, "overrides": {"regime.banking.2018.net_sales_multiple": 5.0}},
    ]
    beliefs = {"announcements": [{"month": "2018-07", "laws": laws}]}
    scenario = load_scenario("kets", {"market.law": "equilibrium", "market.beliefs": beliefs})
    batch = Batch(scenario, 10_000)
    batch.reset(np.arange(10_000))
    values, counts = np.unique(batch.law("banking.2018.net_sales_multiple"), return_counts=True)
    assert list(values) == [1.0, 2.0]
    assert abs(counts[0] - 7_000) < 5 * np.sqrt(10_000 * 0.7 * 0.3)
    assert not scenario.market.is_martingale


def test_a_deadline_that_may_slip_is_kept_or_moved_in_the_episode():
    """Korea's deadline of 2017 moved from June to August 2018; here that is told in May."""
    moved = {"regime.calendar.2017.deadline": "2018-08", "regime.calendar.2017.verified": "2018-05"}
    laws = [{"chance": 0.5}, {"chance": 0.5, "overrides": moved}]
    overrides = {
        "market.law": "equilibrium",
        "regime.calendar.2017.deadline": "2018-06",
        "market.beliefs": {"announcements": [{"month": "2018-05", "laws": laws}]},
    }
    scenario = load_scenario("kets", overrides)
    batch = Batch(scenario, 64)
    batch.reset(np.arange(64))
    ends = {law.regime.calendar["2017"].deadline for law in batch._laws}
    assert ends == {"2018-06", "2018-08"}
    tables = lowered(scenario).tables
    month = months_between(scenario.start, "2018-05")
    left = [table.monthly[:, Month.TO_DEADLINE] for table in tables]
    np.testing.assert_array_equal(left[0][:month], left[1][:month])
    assert sorted(each[month] for each in left) == [1.0, 3.0]


def said(overrides, name="kets"):
    with pytest.raises(ScenarioError) as error:
        Batch(load_scenario(name, {"market.law": "equilibrium", **overrides}), 2)
    return str(error.value)


def announced(month, *laws):
    return {"market.beliefs": {"announcements": [{"month": month, "laws": list(laws)}]}}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            announced("2017-04", {"chance": 0.5}, {"chance": 0.4}),
            "chance of the laws of 2017-04 sums to 0.9; allowed: 1",
        ),
        (
            announced("2017-04", {"chance": 0.5, "played": 0.6}, {"chance": 0.5}),
            "played of the laws of 2017-04 sums to 1.1; allowed: 1",
        ),
        (
            announced("2019-04", {"chance": 1.0, "overrides": {"regime.banking.2017.limit": "unlimited"}}),
            "market.beliefs.announcements.0: banking.2017.limit is announced in 2019-04, after 2017's deadline in"
            " 2018-08; allowed: a law that is announced before",
        ),
        (announced("2030-04", {"chance": 1.0}), "2030-04 is not played; allowed: after 2015-01, to 2026-08"),
        (
            announced("2017-04", {"chance": 1.0, "overrides": {"firm.output": 3}}),
            "overrides.firm.output: an announcement changes a rule of a period or the whole market; allowed: dotted",
        ),
        (
            announced("2017-04", {"chance": 1.0, "overrides": {"regime.banking.2017.limti": 3}}),
            "market.beliefs.announcements.0.laws.0: override regime.banking.2017.limti: unknown key",
        ),
        (
            announced("2017-04", {"chance": 1.0, "overrides": {"market.aggregate.unit_class": "steal"}}),
            "market.beliefs.announcements.0.laws.0: override market.aggregate.unit_class: 'steal' is not a class of"
            " kets; allowed: '', 'aviation', 'clinker', 'electricity', 'electricity_gas', 'power', 'refining'",
        ),
        (
            announced("2017-04", {"chance": 1.0, "overrides": {"market.aggregate.sector": "pwer"}}),
            "market.beliefs.announcements.0.laws.0: override market.aggregate.sector: 'pwer' is not a sector or class"
            " of kets; allowed: '', ",
        ),
        (
            announced("2017-04", {"chance": 1.0, "overrides": {"market.aggregate.intensity": 0.8, **DEMAND}}),
            "laws.0: overrides market.aggregate.intensity, market.aggregate.output_response:"
            " market.aggregate.output_response.demand: 1999 is not a year of kets; allowed: 2015 to 2030",
        ),
        (
            announced("2017-04", {"chance": 1.0, "overrides": {"market.aggregate.initial_bank": 0.3}}),
            "market.aggregate.initial_bank: differs between the laws of one tree; allowed: one for all",
        ),
        (
            announced("2017-04", {"chance": 1.0, "overrides": {"regime.calendar.2025.deadline": "2026-09"}}),
            "under one law the last deadline is 2026-08, under another 2026-09",
        ),
        (
            announced("2018-07", {"chance": 1.0, "overrides": {"regime.calendar.2017.deadline": "2018-06"}}),
            "a step of the calendar that comes before its announcement under one law comes after it under another",
        ),
        (
            announced("2018-09", {"chance": 1.0, "overrides": {"regime.calendar.2019.allocated": "2019-03"}}),
            "a step of the calendar that comes before its announcement under one law",
        ),
        (
            announced("2019-04", {"chance": 1.0, "overrides": {"regime.allocation.2018.correction_factor": 0.5}}),
            "allocation.2018.correction_factor is announced in 2019-04, when 2018's units were given in",
        ),
        (
            announced("2018-06", {"chance": 1.0, "overrides": {"regime.ranges": []}}),
            "overrides.regime.ranges: an announcement changes a rule of a period or the whole market",
        ),
        (
            announced("2018-06", {"chance": 1.0, "overrides": {"regime.banking.2018.announced": "2018-01"}}),
            "overrides.regime.banking.2018.announced: a law is known in the month of its announcement",
        ),
        ({"market.law": "gbm", **announced("2017-04", {"chance": 1.0})}, "beliefs: a gbm price knows no law"),
    ],
)
def test_beliefs_that_make_no_sense_are_refused(overrides, message):
    assert message in said(overrides)


def test_a_number_that_only_some_of_the_laws_have_is_nan_in_the_others():
    laws = [{"chance": 0.5}, {"chance": 0.5, "overrides": {"regime.penalty.2018.max_total": 5e9}}]
    scenario = load_scenario("kets", {"market.law": "equilibrium", **announced("2017-04", *laws)})
    batch = Batch(scenario, 50)
    batch.reset(np.arange(50))
    values = batch.law("penalty.2018.max_total")
    assert set(values[~np.isnan(values)]) == {5e9}
    assert 5 < np.isnan(values).sum() < 45


@pytest.mark.parametrize(
    ("name", "month", "path", "told", "column", "values"),
    [
        ("kets", "2019-06", "regime.banking.2018.net_sales_multiple", 1.0, MarketMonth.CARRY_MULTIPLE, (3.0, 1.0)),
        ("gx_ets", "2029-12", "regime.penalty.2028.price", 6_000.0, MarketMonth.MISSING, (5_018.1, 6_000.0)),
    ],
)
def test_a_period_that_waits_is_settled_by_what_was_told(name, month, path, told, column, values):
    """Korea's limit of 2018, told after the year's end; Japan's fine of 2028, a month before it is due."""
    laws = [{"chance": 0.5}, {"chance": 0.5, "overrides": {path: told}}]
    scenario = load_scenario(name, {"market.law": "equilibrium", **announced(month, *laws)})
    states = stretches(scenario, law_tree(scenario))
    rows = [state.settlement.row[column] for state in states if state.settlement is not None]
    late = states[0].problem.discount if column == MarketMonth.MISSING else 1.0
    assert rows == pytest.approx([late * value for value in values], rel=1e-12)


def test_a_tree_too_large_is_refused():
    message = said({"market.beliefs": {"outcomes": 3}}, "kets_randomised")
    assert message.endswith(
        "8 announcements make 6,561 laws; allowed: at most 4,096 (fewer announcements, or fewer"
        " market.beliefs.outcomes)"
    )


@pytest.mark.parametrize(
    ("month", "path", "value"),
    [
        ("2019-01", "regime.banking.2018.net_sales_multiple", 1.0),  # published in June 2019
        ("2018-03", "regime.allocation.2018.correction_factor", 0.9),  # July 2018
        ("2018-12", "regime.penalty.2018.multiple", 2.0),
        ("2018-12", "regime.offsets.2018.kcu.limit_share", 0.02),
    ],
)
def test_the_firm_is_shown_what_is_announced_when_the_market_learns_it(month, path, value):
    """What it sees of the vintage that is front, or of the running year, parts with the news, whatever was published
    later in history.
    """
    laws = [{"chance": 0.5}, {"chance": 0.5, "overrides": {path: value}}]
    beliefs = {"announcements": [{"month": month, "laws": laws}]}
    scenario = load_scenario("kets", {"market.law": "equilibrium", "market.beliefs": beliefs})
    one, other = lowered(scenario).tables
    of_the_market = [Month.CHAIN, Month.CHAIN_SETTLES, Month.WAITS, *ROWS]
    shown = np.delete(one.monthly != other.monthly, of_the_market, axis=1).any(axis=1)
    assert int(shown.argmax()) == months_between(scenario.start, month)


def test_a_tree_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(equilibrium_chain, "MOST_PLACES", 1_000)
    scenario = load_scenario("kets", SURPRISE | {"market.volatility": 0.123})  # in no cache
    message = r"market\.beliefs: a tree of 3 states of the law has [\d,]+ places .*; allowed: at most 1,000"
    with pytest.raises(ValueError, match=message):
        lowered(scenario)


def test_a_tree_of_too_many_states_is_refused(monkeypatch):
    monkeypatch.setattr("nea_env.core.lowering.law_tree.MOST_STATES", 4)
    with pytest.raises(
        ValueError, match=r"market\.beliefs: a tree of more than 4 states of the law by month \d+; allowed"
    ):
        law_tree(foreseen("tps_randomised"))
