"""The page on errors: how far grids, nodes and values in doubt are from finer ones, and the peak under a quota."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nea_env.core.lowering.aggregate.announced import SECOND_BANKS
from nea_env.core.lowering.aggregate.market import BANKS, SHOCKS
from nea_env.core.lowering.aggregate.scale import start_price
from nea_env.core.lowering.aggregate.solved import PAIR_BANKS, PAIR_SHOCKS
from nea_env.core.lowering.law_tree import announcements
from nea_env.library import load_scenario
from nea_env.library.pages import is_current
from nea_env.market.believed import Believed, believed
from nea_env.market.quota import MONTHS, Outlook, linked, outlook

FINE = 97  # nodes of each bank of a pair, to measure by
WEDGES = (0.0, 0.01, 0.03, 0.05)  # quotas, shares of a year's emissions
QUOTAS = (0.0, 0.03, 0.05, 0.10, math.inf)
SIX_YEARS = 72
TREE = "tps_randomised"
FINER: dict[str, dict[str, int]] = {
    f"{2 * BANKS - 1} banks, not {BANKS}": {"banks": 2 * BANKS - 1},
    f"{2 * SHOCKS - 1} shocks, not {SHOCKS}": {"shocks": 2 * SHOCKS - 1},
    f"{2 * SECOND_BANKS - 1} running banks beside one that waits, not {SECOND_BANKS}": {
        "second_banks": 2 * SECOND_BANKS - 1
    },
}
SEEDS = range(8)
VALUES: tuple[tuple[str, tuple[int | None, ...]], ...] = (
    ("tps_randomised", (2, 3, 4, 5, None)),
    ("kets_randomised", (2,)),
)
PEAKS = 0.01  # by how much a price must be above that without a quota to count as a peak
HEAD = """\
# How exact an equilibrium is

<!-- Written by `python -m nea_env.market errors`, which takes some eight minutes of one core. -->

Prices of an equilibrium have no sampling error, but they are solved on grids. Each table refines one of them once.
`python -m nea_env.market errors` writes this page; a claim prints the error of its own grid (`claim C6`).
"""


def write(path: Path | str, check: bool = False) -> bool:
    """Write the page; with ``check`` only compare it. True if the file now holds the page."""
    return is_current(path, page(), check=check)


def page() -> str:
    """The page as Markdown."""
    return "\n".join([HEAD, *wedges(), "", *peak(), "", *tree(), "", *values(), ""])


@cache
def _outlook(quota: float, months: int = MONTHS, nodes: int = PAIR_BANKS, shocks: int = PAIR_SHOCKS) -> Outlook:
    return outlook(linked(quota, months, nodes, shocks=shocks))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def _named(quota: float) -> str:
    return "none" if math.isinf(quota) else f"{100 * quota:g} %"


def wedges() -> list[str]:
    """Section on the wedge between two systems by the nodes of their banks."""
    rows = []
    for quota in WEDGES:
        rough, fine = (_outlook(quota, nodes=nodes).wedge for nodes in (PAIR_BANKS, FINE))
        rows.append([_named(quota), f"{rough:,.0f}", f"{fine:,.0f}", f"{100 * (rough / fine - 1):+.1f}"])
    return [
        "## The wedge under a quota",
        "",
        f"Korea and China from 2017 for {MONTHS // 12} years, each set to start at the price of that year; what a tonne"
        " costs in Korea above what it costs in China, at the start, KRW. An episode has"
        f" {PAIR_BANKS} nodes of each bank, as a geometric mean.",
        "",
        *_table(["quota, of a year's emissions", f"{PAIR_BANKS} nodes", f"{FINE} nodes", "error, %"], rows),
    ]


def peak() -> list[str]:
    """Section on the seller's price by the quota."""
    rows, years = [], MONTHS // 12 - 1
    for quota in QUOTAS:
        here = _outlook(quota)
        rows.append(
            [
                _named(quota),
                *(f"{_outlook(quota, *case).partner:,.0f}" for case in ((), (MONTHS, FINE))),
                f"{_outlook(quota, shocks=1).partner:,.0f}",
                f"{_outlook(quota, SIX_YEARS).partner:,.0f}",
                ", ".join(f"{round(100 * share, 1) + 0.0:.1f}" for share in here.imports[:years]),
                ", ".join(f"{chance:.2f}" for chance in here.short[:years]),
                f"{100 * max(_outlook(quota, SIX_YEARS).banked):.1f}",
            ]
        )
    head = [
        "quota", f"{MONTHS // 12} years, KRW/t", f"on {FINE} nodes", "without news", f"{SIX_YEARS // 12} years",
        f"Korea's imports by year, %, first {years} of {MONTHS // 12}", "chance that China is short at a year's end",
        f"China's largest bank, % of a year's emissions, {SIX_YEARS // 12} years",
    ]  # fmt: skip
    cases = {
        f"in {MONTHS // 12} years": (MONTHS, PAIR_BANKS, PAIR_SHOCKS),
        f"on {FINE} nodes": (MONTHS, FINE, PAIR_SHOCKS),
        "without news": (MONTHS, PAIR_BANKS, 1),
        f"in {SIX_YEARS // 12} years": (SIX_YEARS, PAIR_BANKS, PAIR_SHOCKS),
    }
    told = [f"{name} {highest({q: _outlook(q, *case).partner for q in QUOTAS})}" for name, case in cases.items()]
    return ["## The seller's price by the quota", "", f"China's price at the start: {'; '.join(told)}.", "",
            *_table(head, rows)]  # fmt: skip


def highest(prices: dict[float, float]) -> str:
    """Whether prices by quota, the last without one, have a peak at a quota between, in words."""
    first, *_, last = prices
    quota = max(prices, key=prices.__getitem__)
    above = prices[quota] / prices[last] - 1.0
    if quota in (first, last) or above < PEAKS:
        return f"it has no peak ({above:+.1%} above that without a quota, at most)"
    return f"it peaks at {_named(quota)} ({above:+.1%} above that without a quota)"


def tree() -> list[str]:
    """Section on the grids of a tree of laws: mean prices in the months of the announcements."""
    scenario = load_scenario(TREE, {"market.law": "equilibrium"})
    months = [0, *(news.month for news in announcements(scenario))]
    shipped = _means(believed(scenario), months)
    rows = [["as shipped", *(f"{price:.2f}" for price in shipped)]]
    for name, nodes in FINER.items():
        finer = _means(believed(scenario, **nodes), months)
        rows.append([name, *(_change(new, old) for new, old in zip(finer, shipped, strict=True))])
    return [
        "## Grids of a tree of laws",
        "",
        f"Mean price of the running vintage of `{TREE}` under the equilibrium, CNY/t, at the start and in the months of"
        " the announcements; below, how a finer grid changes it, %.",
        "",
        *_table(["", "start", *(f"month {month}" for month in months[1:])], rows),
    ]


def _means(market: Believed, months: Sequence[int]) -> list[float]:
    return [market.mean_over_laws("running", month) for month in months]


def _change(new: float, old: float) -> str:
    return f"{round(100.0 * (new / old - 1.0), 2) + 0.0:+.2f}"


def values() -> list[str]:
    """Section on numbers in doubt: the price at the start by how they are paired, and by their values."""
    rows = []
    for name, counts in VALUES:
        for count in counts:
            prices = [_start(name, count, seed) for seed in SEEDS]
            spread = f"{min(prices):,.4g} to {max(prices):,.4g}" if max(prices) < 1e3 else _thousands(prices)
            mean = sum(prices) / len(prices)
            off = max(abs(price / mean - 1.0) for price in prices)
            shown = "by default" if count is None else str(count)
            rows.append([name, shown, f"{mean:,.4g}" if mean < 1e3 else f"{mean:,.0f}", spread, f"{100 * off:.1f}"])
    return [
        "## Numbers in doubt",
        "",
        "Numbers that are announced together take their values in orders as nearly independent as so few values allow;"
        f" `policy.seed` chooses among equals. Price at the start under seeds {SEEDS[0]} to {SEEDS[-1]}.",
        "",
        *_table(["scenario", "values each", "mean", "from, to", "farthest from the mean, %"], rows),
    ]


def _thousands(prices: Sequence[float]) -> str:
    return f"{min(prices):,.0f} to {max(prices):,.0f}"


def _start(name: str, count: int | None, seed: int) -> float:
    changes: dict[str, Any] = {"market.law": "equilibrium", "policy.seed": seed}
    if count is not None:
        changes["market.beliefs.outcomes"] = count
    return start_price(believed(load_scenario(name, changes)).chains[0])
