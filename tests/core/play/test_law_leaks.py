"""Nothing is seen before it is announced: two laws that differ in it look the same, and so is what a firm does."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import OBSERVATION, Action
from nea_env.scenario import (
    Abatement,
    AllocationRule,
    BankingRule,
    BorrowingRule,
    Firm,
    Market,
    OffsetRule,
    OffsetSeries,
    OutputShock,
    Phase,
    Regime,
    Scenario,
    Technology,
    add_months,
)
from tests.core import scenarios as made

OFFSET = OffsetSeries(type="c", ratio=0.9)
SALES = BankingRule(limit="net_sales", net_sales_multiple=1.5)
LADDER = Abatement(scale=50.0, steepness=3.0, max_share=0.3)
PLANT = Technology(name="t", potential_share=0.2, capex=500.0, lead_months=6, life_years=20.0)
WHO = made.firm(
    unit_class="c", abatement=LADDER, technologies=(PLANT,), shock=OutputShock(volatility=0.03, persistence=0.9)
)
WHERE = made.market(100.0, rate=0.04, volatility=0.25, offset=OFFSET, spread=0.02, volume_share=0.1)
LATE = {str(year): made.calendar(year, allocated=f"{year}-10") for year in (2015, 2016, 2017)}
BENCHMARK = AllocationRule(method="benchmarking", benchmark={"c": 0.9}, pre_share=0.7)
ONE_PHASE = {"I": Phase(first="2015", last="2017")}
LEAKS = {
    # name: path, bounds, two laws, month of announcement, the rest of the law
    "banking multiple": ("banking.2016.net_sales_multiple", (1, 3), (1.5, 2.5), "2017-03", {"banking": SALES}),
    "banking base": ("banking.2016.base_tonnes", (0, 9e4), (2e4, 7e4), "2017-03", {"banking": SALES}),
    "penalty multiple": ("penalty.2016.multiple", (1, 5), (2.0, 3.0), "2017-03", {}),
    "deduction": ("penalty.2016.deducted", (0, 2), (0.5, 1.5), "2017-03", {}),
    "borrowing": (
        "borrowing.2016.share", (0.05, 0.2), (0.1, 0.15), "2017-03",
        {"borrowing": BorrowingRule(limit="share_of_duty", share=0.1)},
    ),
    "decaying borrowing": (
        "borrowing.2015.share", (0.05, 0.2), (0.1, 0.15), "2015-09",
        {"borrowing": BorrowingRule(limit="decaying", share=0.1, decay=0.5)},
    ),
    "offsets of the duty": (
        "offsets.2016.c.limit_share", (0.05, 0.2), (0.07, 0.15), "2017-03",
        {"offsets": {"c": OffsetRule(limit_share=0.1, limit_base="duty")}},
    ),
    "offsets of the allocation": (
        "offsets.2016.c.limit_share", (0.05, 0.2), (0.07, 0.15), "2017-03",
        {"offsets": {"c": OffsetRule(limit_share=0.1, limit_base="allocation")}},
    ),
    "correction factor": ("allocation.2016.correction_factor", (0.8, 1.1), (0.85, 1.0), "2016-09", {"calendars": LATE}),
    "correction factor of a later year": ("allocation.2017.correction_factor", (0.8, 1.1), (0.85, 1.0), "2016-11", {}),
    "correction factor behind a carry-over base": (
        "allocation.2017.correction_factor", (0.8, 1.2), (0.9, 1.1), "2016-09",
        {
            "allocation": made.grandfathered(1.2), "phases": ONE_PHASE,
            "banking": BankingRule(limit="net_sales", net_sales_multiple=1.0, base_share=0.1),
        },
    ),
    "historical benchmark": (
        "allocation.2016.benchmark.c", (0.7, 1.1), (0.8, 1.0), "2016-09",
        {"calendars": LATE, "allocation": AllocationRule(method="historical_benchmarking", benchmark={"c": 0.9})},
    ),
    "benchmark": (
        "allocation.2016.benchmark.c", (0.7, 1.1), (0.8, 1.0), "2016-09", {"calendars": LATE, "allocation": BENCHMARK},
    ),
    "benchmark behind a deficit cap": (
        "allocation.2016.benchmark.c", (0.7, 1.1), (0.75, 0.95), "2016-09",
        {"calendars": LATE, "allocation": BENCHMARK.model_copy(update={"deficit_cap": 0.2})},
    ),
    "balance": (
        "allocation.2016.balance.c", (0.8, 1.2), (0.95, 1.1), "2016-09",
        {"calendars": LATE, "allocation": AllocationRule(method="benchmark_band", balance={"c": 1.0}, pre_share=0.7)},
    ),
    "reduction factor": (
        "allocation.2016.reduction_factor.c", (0.05, 0.25), (0.08, 0.2), "2016-09",
        {"allocation": AllocationRule(method="baseline", reduction_factor={"c": 0.1})},
    ),
}  # fmt: skip


def just_in_time(batch: Batch) -> np.ndarray:
    """Trade and abatement as the observation suggests."""
    actions = np.zeros((batch.n, Action.size), np.float32)
    actions[:, [Action.TRADE, Action.ABATE]] = batch.suggestions()
    return actions


def first_difference(first: Scenario, second: Scenario, rows: int = 4) -> tuple[str, list[str]]:
    """The month, and the columns, in which just in time sees or does something else under the second law."""
    batches = [Batch(scenario, rows, threads=1) for scenario in (first, second)]
    seen = [batch.reset(np.arange(rows)) for batch in batches]
    for month in range(int(batches[0].horizon[0])):
        found = [OBSERVATION[k].name for k in np.flatnonzero((seen[0] != seen[1]).any(axis=0))]
        doing = [just_in_time(batch) for batch in batches]
        masks = [batch.action_mask() for batch in batches]
        found += ["actions"] * bool((doing[0] != doing[1]).any()) + ["mask"] * bool((masks[0] != masks[1]).any())
        if found:
            return add_months(first.start, month), found
        seen = [batch.step(actions)[0] for batch, actions in zip(batches, doing, strict=True)]
    return "never", []


def two_laws(law: Regime, path: str, values, who: Firm = WHO, where: Market = WHERE) -> list[Scenario]:
    return [made.scenario(law.with_numbers({path: value}), who, where) for value in values]


@pytest.mark.parametrize("name", LEAKS)
def test_laws_that_differ_in_what_is_not_announced_look_the_same(name):
    path, bounds, values, announced, more = LEAKS[name]
    law = made.regime(2015, 2017, ranges=made.doubt(path, *bounds, announced), **more)
    month, found = first_difference(*two_laws(law, path, values))
    assert announced <= month < "2018-07", f"{month}: {found}"


def test_a_number_that_was_never_in_doubt_is_seen_at_once():
    law = made.regime(2015, 2017, banking=SALES)
    path = "banking.2015.net_sales_multiple"
    assert first_difference(*two_laws(law, path, (1.5, 2.5)))[0] == "2015-01"


def test_a_rule_announced_late_does_not_leak_without_a_range():
    late = SALES.model_copy(update={"announced": "2017-03"})
    law = made.regime(2015, 2017, banking={"2015": SALES, "2016": late, "2017": SALES})
    month, found = first_difference(*two_laws(law, "banking.2016.net_sales_multiple", (1.0, 2.5)))
    assert month == "2017-03" and "carry_low" in found


def test_a_benchmark_announced_late_does_not_leak_without_a_range():
    calendars = LATE | {"2016": made.calendar(2016, allocated="2016-10", announced="2016-09")}
    law = made.regime(2015, 2017, allocation=BENCHMARK, calendars=calendars)
    assert first_difference(*two_laws(law, "allocation.2016.benchmark.c", (0.8, 1.0)))[0] == "2016-09"
