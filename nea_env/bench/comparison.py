"""Policies compared on the same held-out episodes.

Every policy plays the same seeds, so the same prices, output and announcements: differences are paired.
Costs are in per cent of exposure, as in ``nea_env.policies.play``; intervals are 95 %, normal over episodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nea_env.bench.score import Score
from nea_env.policies.outcome import Outcome, interval, joined
from nea_env.policies.play import play
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario

BASELINES = ("just_in_time", "tuned_rule", "lever_rule", "threshold_rule", "fitted_rule")
"""Policies that every other one is compared with, where they play: two that the table always has a column for, then
those of which it shows the cheapest."""

TOTALS = (
    "abated", "saved", "invested", "bought", "sold", "offsets_bought", "foreign_bought", "foreign_sold", "borrowed",
    "lapsed", "penalised", "emitted",
)  # fmt: skip
"""Sums over an episode that the figures report, in tonnes (``invested`` in t/month of capacity)."""

USED = {"invest": "invested", "offset": "offsets_bought", "borrow": "borrowed", "abate": "abated", "sell": "sold"}

CAPTION = "cost in % of exposure, 95 % intervals; vs: paired difference, negative is cheaper"
EXACT = ("regret", "score")
"""Columns of what is known without sampling error: % of exposure above the optimum; 0 just in time to 1 the optimum."""
CHUNK = 2_500
"""Episodes played at once."""


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


def outcomes_of(
    policies: Mapping[str, Any],
    scenario: Scenario,
    seeds: np.ndarray,
    *,
    chunk: int = CHUNK,
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


def summarise(outcomes: Mapping[str, Outcome], exact: Mapping[str, Score] | None = None) -> dict[str, Any]:
    """The figures of ``evaluation.json`` for each policy; ``vs_…`` negative is cheaper; ``by_year`` means in tonnes.

    Args:
        outcomes: by policy.
        exact: scores by policy where the optimum is known, as ``nea_env.bench.score.scores`` finds them.
    """
    policies: dict[str, Any] = {}
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
            "by_year": {
                "years": list(outcome.years),
                **{f"{key}_t": values.mean(axis=0).tolist() for key, values in outcome.yearly.items()},
            },
            "cost_parts_pct": {part: float(values.mean()) for part, values in outcome.parts_pct.items()},
        }
        if exact and name in exact:
            policies[name]["exact"] = exact[name]._asdict()
    return policies


def baselines_in(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Baselines that the table has a column for: two always, and of the others the cheapest that plays with others."""
    playing = [name for name in BASELINES[2:] if name in summary and len(summary) > 1]
    strongest = min(playing, key=lambda name: float(summary[name]["cost_pct"]["mean"]), default=None)
    return BASELINES[:2] if strongest is None else (*BASELINES[:2], strongest)


def headings(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """The head of the table."""
    against = (f"vs {name.replace('_', ' ')}" for name in baselines_in(summary))
    known = EXACT if has_exact(summary) else ()
    return ("policy", "cost", *known, *against, "comply", "shortfall t", "abatement t", "mean bank t")


def rows(summary: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The cells of the table, a row for each policy."""
    found = []
    for name, row in summary.items():
        differences = (
            "-" if name == baseline or f"vs_{baseline}" not in row else interval_text(row[f"vs_{baseline}"])
            for baseline in baselines_in(summary)
        )
        numbers = (f"{row[key]:,.0f}" for key in ("shortfall_t", "abatement_t", "mean_bank_t"))
        known = _exact_cells(row) if has_exact(summary) else ()
        costs = interval_text(row["cost_pct"]), *known, *differences
        found.append((name, *costs, f"{row['compliance_rate']:.2%}", *numbers))
    return found


def has_exact(summary: Mapping[str, Any]) -> bool:
    """Whether the table has columns of what is known without sampling error."""
    return any("exact" in row for row in summary.values())


def _exact_cells(row: Mapping[str, Any]) -> tuple[str, str]:
    if "exact" not in row:
        return "-", "-"
    regret, score = row["exact"]["regret_pct"], row["exact"]["score"]
    return f"{abs(regret) if abs(regret) < 5e-4 else regret:.3f}", "-" if score is None else f"{score:.3f}"


def interval_text(values: Mapping[str, float]) -> str:
    """``"4.35 [4.17, 4.53]"``."""
    return f"{values['mean']:.2f} [{values['low']:.2f}, {values['high']:.2f}]"


def in_latex(text: str) -> str:
    """Text of a cell as LaTeX takes it."""
    for sign in "\\&%$#_{}":
        text = text.replace(sign, r"\textbackslash " if sign == "\\" else f"\\{sign}")
    return f"${text}$" if text[:1] == "-" and text[1:2].isdigit() and "[" not in text else text.replace("-", "$-$")
