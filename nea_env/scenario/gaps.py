"""How far a vintage's price may part from the next one's, as its banking and borrowing rules imply."""

from __future__ import annotations

from collections.abc import Collection
from statistics import median

from nea_env.scenario.market import Gap
from nea_env.scenario.regime import Regime
from nea_env.scenario.rules import BankingRule, BorrowingRule
from nea_env.scenario.scenario import Scenario

SEEN = {
    "2017": (0.135, 0.067), "2018": (0.08, 0.224), "2019": (0.284, 0.067), "2020": (0.168, 0.171),
    "2021": (0.493, 0.012), "2022": (0.220, 0.045),
}  # fmt: skip
"""Largest discount and premium of a Korean vintage against the next: KRX and ICAP, by day in `markets/kau.yaml`.

The discount of 2018 is assumed. 2017 was under ``deducted_above_base``, the others under ``net_sales``.
"""
NO_GAP = Gap(down=0.0, up=0.0)
ABOVE_BASE = Gap(down=SEEN["2017"][0], up=SEEN["2017"][1])
"""The one vintage with such a rule."""
NET_SALES = Gap(
    down=median(down for year, (down, _) in SEEN.items() if year > "2017"),
    up=median(up for year, (_, up) in SEEN.items() if year > "2017"),
)
"""The middle of five vintages. Multiples of 3, 2, 1, 2 and 2 had discounts in no order, so none is read into them."""
LAPSES = Gap(down=max(down for down, _ in SEEN.values()), up=NET_SALES.up)
"""Assumed: no vintage that could not be carried at all was priced beside the next; the largest discount seen under a
limit, with the premium of the others."""


def gap_of(banking: BankingRule, borrowing: BorrowingRule | None = None) -> Gap:
    """Bounds of a vintage's discount and premium where nothing is given but its rules.

    None where everybody may carry without limit: all units, what was bought (a unit sold may be kept by its buyer), or
    up to the next period's end; short firms where they carry whatever they hold, since the surplus is sold to them. So
    where the whole duty may be borrowed: nobody pays a premium then, and a mean of zero leaves no discount either.
    Smaller shares of borrowing do not count: premiums seen were 0.067 and 0.171 where there was none, and 0.012
    to 0.224 at 15 %. Other rules have the bounds seen in Korea.

    Args:
        banking: of the vintage.
        borrowing: of its deadline, if any.
    """
    carries = ("unlimited", "traded_units", "next_period_only")
    exempt = banking.limit == "net_sales" and banking.deficit_firm_exempt
    borrows = borrowing is not None and borrowing.limit == "share_of_duty" and borrowing.share >= 1.0
    if banking.limit in carries or exempt or borrows:
        return NO_GAP
    return {"deducted_above_base": ABOVE_BASE, "net_sales": NET_SALES}.get(banking.limit, LAPSES)


def gaps_that_follow(before: Scenario, regime: Regime, given: Collection[str] = ()) -> dict[str, Gap]:
    """Bounds by vintage that change with the law, `NO_GAP` included; those of other vintages stay.

    A vintage's own bounds stay as long as its rules imply what they did: they were seen under a rule of that kind.
    So do all of a scenario without any where its rules imply some: there something else leaves none, such as foreign
    units that serve any year.

    Args:
        before: the scenario, with the bounds of its own rules.
        regime: the law now.
        given: vintages whose bounds were named beside the change.
    """
    has = before.market.gap
    years = [year for year in before.regime.calendar if year in regime.calendar]
    old = {year: _implied(before.regime, year) for year in years}
    if any(gap != NO_GAP and not has.get(year, NO_GAP).down for year, gap in old.items() if year in before.periods):
        return {}
    new = {year: _implied(regime, year) for year in years}
    return {year: gap for year, gap in new.items() if gap != old[year] and year not in given}


def _implied(regime: Regime, year: str) -> Gap:
    return gap_of(regime.banking[year], regime.borrowing.get(year))
