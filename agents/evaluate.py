"""Policies compared on the same held-out episodes.

Every policy plays the same seeds, so the same prices, output and announcements: differences are paired.
Costs are in per cent of exposure, as in ``nea_env.policies.play``; intervals are 95 %, normal over episodes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nea_env.atomic import write_text
from nea_env.policies.outcome import Outcome, interval, joined
from nea_env.policies.play import play
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario

BASELINES = ("just_in_time", "tuned_rule")
"""Policies that every other one is compared with."""

TOTALS = (
    "abated", "saved", "invested", "bought", "sold", "offsets_bought", "borrowed", "lapsed", "penalised", "emitted",
)  # fmt: skip
"""Sums over an episode that the figures report, in tonnes (``invested`` in t/month of capacity)."""

USED = {"invest": "invested", "offset": "offsets_bought", "borrow": "borrowed", "abate": "abated", "sell": "sold"}
_WIDEST = 10_000  # columns that a table may take


def evaluation_seeds(first: int, episodes: int) -> np.ndarray:
    """``episodes`` seeds from ``first`` on.

    Raises:
        ValueError: they reach below the evaluation seeds, or there are fewer than two.
    """
    if first < EVALUATION_SEEDS:
        raise ValueError(f"evaluation.seed: {first}, allowed: {EVALUATION_SEEDS} or more (lower ones are for training)")
    if episodes < 2:
        raise ValueError(f"evaluation.episodes: {episodes}, allowed: 2 or more (an interval needs two)")
    return np.arange(first, first + episodes)


def evaluate(
    policies: Mapping[str, Any],
    scenario: Scenario,
    seeds: np.ndarray,
    *,
    chunk: int = 2_500,
    progress: Callable[[int], Any] | None = None,
) -> dict[str, Outcome]:
    """Every policy on the same episodes.

    Args:
        policies: by name.
        scenario: what is played.
        seeds: (n,) held-out seeds.
        chunk: episodes played at once.
        progress: called with the number of episodes just finished.
    """
    outcomes = {}
    for name, policy in policies.items():
        parts = []
        for first in range(0, len(seeds), chunk):
            block = seeds[first : first + chunk]
            parts.append(play(policy, scenario, block, curves=first == 0))
            if progress is not None:
                progress(len(block))
        outcomes[name] = joined(parts)
    return outcomes


def summarise(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """The figures of ``evaluation.json`` for each policy; ``vs_…`` negative is cheaper."""
    policies = {}
    for name, outcome in outcomes.items():
        totals = outcome.totals
        policies[name] = {
            "cost_pct": interval(outcome.cost_pct),
            **{
                f"vs_{baseline}": interval(outcome.cost_pct - outcomes[baseline].cost_pct)
                for baseline in BASELINES
                if baseline in outcomes
            },
            "compliance_rate": float(outcome.complied.mean()),
            "shortfall_t": float(totals["penalised"].mean()),
            "abatement_t": float((totals["abated"] + totals["saved"]).mean()),
            "mean_bank_t": float(outcome.bank_t.mean()),
            "mean_return": float(outcome.reward.mean()),
            "used_share": {lever: float((totals[flow] > 0).mean()) for lever, flow in USED.items()},
            "totals_t": {flow: float(totals[flow].mean()) for flow in TOTALS},
            "cost_parts_pct": {part: float(values.mean()) for part, values in outcome.parts_pct.items()},
        }
    return policies


def write(path: Path, summary: dict[str, Any], **about: Any) -> None:
    """Write ``{**about, "policies": summary}`` as JSON, completely or not at all."""
    write_text(path, json.dumps({**about, "policies": summary}, indent=2) + "\n")


def table(summary: Mapping[str, Any], title: str) -> Table:
    """The printed comparison."""
    caption = "cost in % of exposure, 95 % intervals; vs: paired difference, negative is cheaper"
    result = Table(title=Text(title), caption=caption)
    headings = (
        "policy", "cost", "vs just in time", "vs tuned rule", "comply", "shortfall t", "abatement t", "mean bank t",
    )  # fmt: skip
    for index, heading in enumerate(headings):
        result.add_column(Text(heading), justify="right" if index else "left", no_wrap=True)
    for name, row in summary.items():
        differences = [
            "-" if name == baseline or f"vs_{baseline}" not in row else interval_text(row[f"vs_{baseline}"])
            for baseline in BASELINES
        ]
        result.add_row(
            Text(name), interval_text(row["cost_pct"]), *differences, f"{row['compliance_rate']:.2%}",
            f"{row['shortfall_t']:,.0f}", f"{row['abatement_t']:,.0f}", f"{row['mean_bank_t']:,.0f}",
        )  # fmt: skip
    return result


def interval_text(values: Mapping[str, float]) -> str:
    """``"4.35 [4.17, 4.53]"``."""
    return f"{values['mean']:.2f} [{values['low']:.2f}, {values['high']:.2f}]"


def show(summary: Mapping[str, Any], title: str, console: Console | None = None) -> None:
    """Print the comparison."""
    print_wide(table(summary, title), console)


def print_wide(shown: Table, console: Console | None = None) -> None:
    """Print a table as wide as it needs to be: no name and no figure is cut."""
    console = console or Console()
    before, console.width = console.width, _WIDEST
    console.width = max(before, Measurement.get(console, console.options, shown).maximum)
    console.print(shown, crop=False)
    console.width = before
