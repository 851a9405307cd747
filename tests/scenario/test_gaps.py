"""The bounds of a vintage's discount follow its rules: figures of days on which two vintages were priced, typed."""

from __future__ import annotations

import pytest

import nea_env
from nea_env.scenario import BankingRule, BorrowingRule, Gap
from nea_env.scenario.gaps import SEEN, gap_of

ALL_CARRY = [
    BankingRule(limit="unlimited"),
    BankingRule(limit="traded_units"),
    BankingRule(limit="next_period_only"),
    BankingRule(limit="net_sales", net_sales_multiple=3, deficit_firm_exempt=True),
]
NET_SALES = BankingRule(limit="net_sales", net_sales_multiple=2)


def bounds(gap: Gap) -> tuple[float, float]:
    return gap.down, gap.up


@pytest.mark.parametrize("rule", ALL_CARRY, ids=lambda rule: rule.limit)
def test_there_is_none_where_everybody_may_carry(rule):
    assert bounds(gap_of(rule)) == (0.0, 0.0)


def test_other_rules_have_what_was_seen_in_korea():
    # least and most of KAU17 against KAU18: 22,700 / 26,250 - 1 = -0.135 and 0.067
    assert bounds(gap_of(BankingRule(limit="deducted_above_base"))) == (0.135, 0.067)
    # KAU18 to KAU22, in order: discounts 0.08, 0.168, 0.220, 0.284, 0.493; premiums 0.012, 0.045, 0.067, 0.171, 0.224
    assert bounds(gap_of(NET_SALES)) == (0.220, 0.067)
    assert bounds(gap_of(BankingRule(limit="net_sales", net_sales_multiple=1))) == (0.220, 0.067)
    # assumed: the discount of KAU21 on 3 August 2022, 14,700 / 29,000 - 1
    assert bounds(gap_of(BankingRule(limit="none"))) == (0.493, 0.067)


def test_borrowing_counts_where_the_whole_duty_may_be_borrowed():
    assert bounds(gap_of(NET_SALES, BorrowingRule(limit="share_of_duty", share=1.0))) == (0.0, 0.0)
    assert bounds(gap_of(NET_SALES, BorrowingRule(limit="share_of_duty", share=0.15))) == (0.220, 0.067)
    assert bounds(gap_of(NET_SALES, BorrowingRule(limit="none", share=1.0))) == (0.220, 0.067)


def of(scenario: str, *overrides: str) -> dict[str, tuple[float, float]]:
    return {year: bounds(gap) for year, gap in nea_env.load_scenario(scenario, overrides).market.gap.items()}


def test_unlimited_carrying_leaves_no_vintage_a_discount():
    assert of("kets", "regime.banking.*.limit=unlimited") == {}


def test_a_vintage_keeps_its_own_bounds_under_a_rule_of_the_same_kind():
    shipped = of("kets")
    assert of("kets", "regime.banking.2018.net_sales_multiple=1") == shipped
    assert of("kets", "regime.borrowing={}") == shipped
    assert of("kets", "regime.banking.2018.limit=none") == shipped | {"2018": (0.493, 0.067)}
    assert of("kets", "regime.banking.2023.deficit_firm_exempt=false") == shipped | {"2023": (0.220, 0.067)}


def test_bounds_that_the_same_command_names_are_kept():
    shipped, free = of("kets"), "regime.banking.*.limit=unlimited"
    assert of("kets", free, "market.gap.2018.up=0.2") == {"2018": (0.08, 0.2)}
    assert of("kets", "market.gap.2018={down: 0.1, up: 0.1}", free) == {"2018": (0.1, 0.1)}
    assert of("kets", free, "market=kau") == shipped


@pytest.mark.parametrize("scenario", ["linked_kets_eu", "tms", "tps_steel"])
def test_a_scenario_without_bounds_whose_rules_imply_some_has_something_else_that_leaves_none(scenario):
    assert of(scenario, "regime.banking.*.limit=none") == of(scenario)


def test_a_right_of_the_firm_leaves_the_bounds_alone():
    assert of("kets", "firm.rights.banking.*.limit=unlimited") == of("kets")


def test_the_gaps_seen_are_those_that_korea_ships():
    shipped = nea_env.load_scenario("kets").market.gap
    assert {year: (gap.down, gap.up) for year, gap in shipped.items() if year in SEEN} == SEEN
