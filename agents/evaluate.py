"""Policies compared on the same held-out episodes.

Every policy plays the same seeds, so the same prices, output and announcements: differences are paired.
Costs are discounted month by month and stated in per cent of exposure, the discounted value of baseline
emissions at the reference price. Intervals are 95 %, normal over episodes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from agents.seeds import EVALUATION_SEEDS
from nea_env.atomic import write_text
from nea_env.core.layout import MONEY_FLOWS
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.scenario import Scenario

BASELINES = ("just_in_time", "tuned_rule")
"""Policies that every other one is compared with."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TOTALS = (
    "abated", "saved", "invested", "bought", "sold", "offsets_bought", "borrowed", "lapsed", "penalised", "emitted",
)  # fmt: skip
"""Flows added up over each episode, in tonnes (``invested`` in t/month of capacity)."""

USED = {"invest": "invested", "offset": "offsets_bought", "borrow": "borrowed", "abate": "abated", "sell": "sold"}
_WIDEST = 10_000  # columns that a table may take
_CURVES = ("price", "bank", "abatement", "cumulative_cost")


@dataclass
class Outcome:
    """What one policy did, by episode. ``curves`` are quantiles (5, months) over the first chunk's episodes."""

    cost_pct: np.ndarray  # discounted cost, % of exposure
    reward: np.ndarray  # undiscounted sum of rewards
    bank_t: np.ndarray  # mean over all months of front + next at the month's end, t
    totals: dict[str, np.ndarray]  # tonnes, by name in TOTALS
    parts_pct: dict[str, np.ndarray]  # discounted money flows, % of exposure
    curves: dict[str, np.ndarray]


def plays_menu(policy: Any) -> bool:
    """Whether a policy chooses from the menu of the discrete ids."""
    return isinstance(getattr(policy, "action_space", None), spaces.Discrete)


def play(policy: Any, scenario: Scenario, seeds: np.ndarray, *, curves: bool = False) -> Outcome:
    """Play one episode a seed, all in one batch.

    Args:
        policy: has ``predict``; chooses from the menu where its ``action_space`` is Discrete.
        scenario: what is played.
        seeds: (n,) int.
        curves: also keep quantiles of price, bank, abatement and cumulative cost by month.

    Returns:
        The outcome with (n,) arrays.
    """
    menu, masked = plays_menu(policy), type(policy).__name__ == "MaskablePPO"
    env = FirmVectorEnv(len(seeds), scenario, "discrete" if menu else "box", autoreset_mode=AutoresetMode.DISABLED)
    batch, n = env.batch, len(seeds)
    exposure, factor = float(np.ravel(batch.exposure)[0]), float(env.discount)
    per_cent = 100.0 / exposure
    scale = float(np.ravel(batch.reward_scale)[0])
    totals, parts = ({name: np.zeros(n) for name in names} for names in (TOTALS, MONEY_FLOWS))
    outcome = Outcome(np.zeros(n), np.zeros(n), np.zeros(n), totals, parts, {})
    rows: dict[str, list[np.ndarray]] = {name: [] for name in _CURVES}
    observation, _ = env.reset(seed=[int(seed) for seed in seeds])
    state, start, month, weight = None, np.ones(n, bool), 0, 1.0
    ended = False
    while not ended:
        price = env.market()["long_price"]
        extra = {"action_masks": env.action_masks()} if masked else {}
        actions, state = policy.predict(observation, state=state, episode_start=start, deterministic=True, **extra)
        observation, reward, terminated, _, _ = env.step(actions)
        start = np.zeros(n, bool)
        flows, accounts = env.flows(), env.accounts()
        bank = accounts["front"] + accounts["next"]
        outcome.cost_pct -= weight * per_cent * scale * reward
        outcome.reward += reward
        outcome.bank_t += bank
        for name, total in outcome.totals.items():
            total += flows[name]
        for name, part in outcome.parts_pct.items():
            part += weight * per_cent * flows[name]
        if curves:
            abated = flows["abated"] + flows["saved"]
            for name, values in zip(_CURVES, (price, bank, abated, outcome.cost_pct), strict=True):
                rows[name].append(np.quantile(values, QUANTILES))
        month, weight, ended = month + 1, weight * factor, bool(terminated.all())
    outcome.bank_t /= month
    outcome.curves = {name: np.array(values).T for name, values in rows.items() if values}
    env.close()
    return outcome


def _join(parts: list[Outcome]) -> Outcome:
    """Chunks one after the other; the curves are the first one's."""
    return Outcome(
        np.concatenate([part.cost_pct for part in parts]),
        np.concatenate([part.reward for part in parts]),
        np.concatenate([part.bank_t for part in parts]),
        {name: np.concatenate([part.totals[name] for part in parts]) for name in TOTALS},
        {name: np.concatenate([part.parts_pct[name] for part in parts]) for name in MONEY_FLOWS},
        parts[0].curves,
    )


def evaluation_seeds(first: int, episodes: int) -> np.ndarray:
    """``episodes`` seeds from ``first`` on.

    Raises:
        ValueError: they reach below the evaluation seeds, or there are fewer than two.
    """
    if first < EVALUATION_SEEDS:
        raise ValueError(f"evaluation.seed: {first}, allowed is {EVALUATION_SEEDS} or more (below is for training)")
    if episodes < 2:
        raise ValueError(f"evaluation.episodes: {episodes}, allowed is 2 or more (an interval needs two)")
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
        outcomes[name] = _join(parts)
    return outcomes


def interval(values: np.ndarray) -> dict[str, float]:
    """Mean and its normal 95 % interval: ``mean``, ``low``, ``high``."""
    mean = float(values.mean())
    half = 1.959964 * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}


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
            "compliance_rate": float((totals["penalised"] <= 0).mean()),
            "shortfall_t": float(totals["penalised"].mean()),
            "abatement_t": float((totals["abated"] + totals["saved"]).mean()),
            "mean_bank_t": float(outcome.bank_t.mean()),
            "mean_return": float(outcome.reward.mean()),
            "used_share": {lever: float((totals[flow] > 0).mean()) for lever, flow in USED.items()},
            "totals_t": {flow: float(total.mean()) for flow, total in totals.items()},
            "cost_parts_pct": {part: float(values.mean()) for part, values in outcome.parts_pct.items()},
        }
    return policies


def write(path: Path, summary: dict[str, Any], **about: Any) -> None:
    """Write ``{**about, "policies": summary}`` as JSON, whole or not at all."""
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
