"""Pictures of a run: fans of price, bank, abatement and cost by policy, and the learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from agents.metrics import read
from nea_env.atomic import replacing
from nea_env.core.lowering.periods import periods_of
from nea_env.envs.lettering import write
from nea_env.library.grammar import label
from nea_env.market.axes import in_lines
from nea_env.policies.outcome import Outcome
from nea_env.scenario import Scenario, months_between

_COLOURS = ("#4d4d4d", "#b35806", "#542788", "#1b7837", "#2166ac", "#c51b7d")
_FAN_COLUMNS = 4
_FEW = 20  # rollouts whose means are dots on their line


def _years(scenario: Scenario, months: int) -> np.ndarray:
    year, month = int(scenario.start[:4]), int(scenario.start[5:])
    return year + (month - 1 + np.arange(months)) / 12


def fans(outcomes: Mapping[str, Outcome], scenario: Scenario, path: Path) -> None:
    """One column per policy, one row per quantity: median, 50 % and 90 % bands over the held-out paths.

    Args:
        outcomes: at most the last four are drawn.
        scenario: names and units.
        path: the PNG.
    """
    shown = dict(list(outcomes.items())[-_FAN_COLUMNS:])
    annual = scenario.firm.annual_emissions
    rows = (
        ("price", ("Allowance price", f"({scenario.market.currency}/t)"), 1.0),
        (
            "bank",
            ("Bank: held beyond the duty", "so far; below 0: short (years", "of baseline emissions)"),
            1.0 / annual,
        ),
        ("abatement", ("Emissions avoided", "(% of baseline)"), 1200.0 / annual),
        ("cumulative_cost", ("Discounted cost so far", "(% of exposure)"), 1.0),
    )
    width = max(5.4, 1.2 + 3.0 * len(shown))
    figure, axes = plt.subplots(
        len(rows), len(shown), figsize=(width, 9.6), sharex=True, sharey="row", squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for column, (name, outcome) in enumerate(shown.items()):
        write(axes[0, column].set_title("", fontweight="bold"), name.replace("_", " "), room=0.8 / len(shown))
        for row, (key, text, scale) in enumerate(rows):
            curves = outcome.curves[key] * scale
            _fan(axes[row, column], _years(scenario, curves.shape[1]), curves, _COLOURS[column])
            if column == 0:
                write(axes[row, 0].set_ylabel(""), *text, room=0.9 / len(rows))
        axes[-1, column].set_xlabel("year")
    for axis in axes[1]:
        axis.axhline(0.0, color="#4d4d4d", linewidth=0.8)
    _mark_the_end(figure, axes, scenario)
    _limits(axes[0], [outcome.curves["price"] for outcome in shown.values()])
    figure.align_ylabels(axes[:, 0])
    title = in_lines(label(scenario.title, scenario.changes), int(11.0 * width))
    write(figure.suptitle("", fontsize=11), *title, "median, 50 % and 90 % of held-out paths", room=0.96)
    _save(figure, path)


def _mark_the_end(figure: Any, axes: np.ndarray, scenario: Scenario) -> None:
    """Shade the months without production, and mark the month whose cost includes what holdings are worth then."""
    months = months_between(scenario.start, scenario.end) + 1
    years = _years(scenario, months)
    first = periods_of(scenario)[-1].end + 1
    entries: list[Any] = []
    if first < months:
        entries.append(Patch(color="#F0E442", alpha=0.3, linewidth=0.0, label="run-off: no production"))
        for axis in axes.ravel():
            axis.axvspan(years[first], years[-1], color="#F0E442", alpha=0.3, linewidth=0.0, zorder=0)
    for axis in axes[-1]:
        axis.axvline(years[-1], color="#4d4d4d", linewidth=1.0, linestyle=":")
    told = "last month: closing value of what is left is in the cost"
    entries.append(Line2D([], [], color="#4d4d4d", linewidth=1.0, linestyle=":", label=told))
    columns = len(entries) if axes.shape[1] > 2 else 1
    figure.legend(handles=entries, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def _fan(axis: Any, years: np.ndarray, curves: np.ndarray, colour: str) -> None:
    low, lower, middle, upper, high = curves
    axis.fill_between(years, low, high, color=colour, alpha=0.18, linewidth=0)
    axis.fill_between(years, lower, upper, color=colour, alpha=0.30, linewidth=0)
    axis.plot(years, middle, color=colour, linewidth=1.6)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    _in_full(axis.yaxis)
    axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, integer=True))


def _in_full(axis: Any) -> None:
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _limits(axes: np.ndarray, curves: list[np.ndarray]) -> None:
    for axis in axes:
        axis.set_ylim(0, 1.05 * max(float(values.max()) for values in curves))


def learning_curve(metrics: Path, summary: Mapping[str, Any], name: str, path: Path, title: str = "") -> bool:
    """Mean cost of training episodes against the steps played, with the held-out cost of the baselines.

    Args:
        metrics: ``metrics.csv``.
        summary: the policies of ``evaluation.json``.
        name: of the trained policy.
        path: the PNG.
        title: what was played.

    Returns:
        False, and no picture, if no episode ended in training.
    """
    rows = [row for row in read(metrics) if row.get("rollout/cost_pct")]
    if not rows:
        return False
    steps = np.array([int(row["step"]) for row in rows])
    costs = np.array([float(row["rollout/cost_pct"]) for row in rows])
    figure, axis = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    divisor, unit = (1e6, "million") if steps.max() >= 1e6 else (1e3, "thousand")
    look: dict[str, Any] = {"marker": "o", "markersize": 4} if len(steps) <= _FEW else {}  # a few points are no curve
    axis.plot(steps / divisor, costs, color="#2166ac", linewidth=1.6, label=f"{name}, exploring, in training", **look)
    axis.set_xlim(0.0, 1.02 * steps.max() / divisor)
    finals = [(name, "#2166ac", ":"), ("just_in_time", "#4d4d4d", "--"), ("tuned_rule", "#b35806", "--")]
    for policy, colour, style in finals:
        if policy in summary:
            cost, told = summary[policy]["cost_pct"]["mean"], f"{policy.replace('_', ' ')}, held out"
            axis.axhline(cost, color=colour, linestyle=style, linewidth=1.3, label=told)
    shown = [summary[policy]["cost_pct"]["mean"] for policy, _, _ in finals if policy in summary]
    lowest, highest = min([costs.min(), *shown]), max([np.quantile(costs, 0.75 if len(steps) > _FEW else 1.0), *shown])
    margin = 0.25 * (highest - lowest) or 1.0
    axis.set_ylim(lowest - margin, highest + margin)  # the first rollouts may lie far outside
    axis.set_xlabel(f"training steps played ({unit})")
    _in_full(axis.xaxis)
    axis.set_ylabel("discounted cost of an episode (% of exposure)")
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    write(axis.set_title("", fontsize=10), title, room=0.9)
    for entry in axis.legend(frameon=False, fontsize=9).get_texts():
        write(entry, entry.get_text(), room=0.6)
    _save(figure, path)
    return True


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        figure.savefig(draft, dpi=130, format="png")
    plt.close(figure)
