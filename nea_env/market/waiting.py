"""What a low price of offset credits is worth waiting for: ``python -m nea_env.market waiting kets tps pilot_hubei``.

A credit can't be sold, so nobody earns from its price without a duty. But the ratio of its price to the allowance's is
pulled towards a level, and a firm with a duty can wait until it is low. Two buyers are compared who are alike but for
the month in which they buy: one in the last quarter, if credits are cheaper than allowances then; the other earlier
too, where that is cheaper than to wait on. When that is, is known: the discounted long price is a martingale, on which
the ratio's news does not depend, so each tonne asks when best to stop an autoregression.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.atomic import write_text
from nea_env.core.layout import DEADLINE_SCALE, Action
from nea_env.core.lowering.process_parameters import offset_parameters
from nea_env.library import load_scenario
from nea_env.library.arguments import Named
from nea_env.library.columns import table
from nea_env.library.grammar import told
from nea_env.library.pages import with_block
from nea_env.policies.play import costs
from nea_env.policies.rules import JustInTime, column
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario
from nea_env.scenario.market import OffsetSeries

HEADS = ["scenario", "credits bought when due, % of exposure", "waiting adds"]
EPISODES = 2_000
QUARTER = 2  # months to the deadline from which on credits are due
LONGEST_WAIT = 72  # the longest wait looked at
NODES, WIDTH = 401, 6.0  # of the grid of log ratios, and how many sd it reaches to either side
NO_RATIO = -99.0  # a limit that every log ratio lies above
WITHOUT_FRICTIONS = {"market.frictions.spread": 0.0, "market.frictions.impact": 0.0}  # only the ratio counts


class Worth(NamedTuple):
    """What credits save against none, in % of exposure: bought when due, and how much more with the best timing."""

    due: float
    waiting: float
    error: float  # standard error of ``waiting``


class Buyer(JustInTime):
    """Just in time, and buys credits while the log ratio lies below ``limits`` (months + 1,), by months until due."""

    name = "buyer"

    def __init__(self, limits: NDArray[np.float64]) -> None:
        self.limits = limits

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) float32 for observations (n, OBS)."""
        actions = super().act(observation)
        months = np.round(DEADLINE_SCALE * column(observation, "to_deadline").astype(float)).astype(int) - QUARTER
        limits = self.limits[np.clip(months, 0, len(self.limits) - 1)]
        actions[:, Action.OFFSET] = column(observation, "log_offset_ratio") < limits
        return actions


def limits(series: OffsetSeries, months: int = LONGEST_WAIT) -> NDArray[np.float64]:
    """Log ratio below which a credit is best bought at once, by months left to wait, (months + 1,).

    The optimal stopping of an autoregression, solved backwards on a grid: V(0) = min(ratio, 1) and
    V(n) = min(ratio, E[V(n - 1)]), in units of the allowance's price.
    """
    own, below = offset_parameters(series), np.zeros(months + 1)
    if series.sd == 0.0:
        below[1:] = NO_RATIO  # nothing to wait for
        return below
    logs = own["offset_level"] + WIDTH * series.sd * np.linspace(-1.0, 1.0, NODES)
    distance = logs - (logs + own["offset_pull"] * (own["offset_level"] - logs))[:, None]
    chances = np.exp(-0.5 * (distance / own["offset_sd"]) ** 2)
    chances /= chances.sum(axis=1, keepdims=True)
    value = np.minimum(np.exp(logs), 1.0)
    for month in range(1, months + 1):
        later = chances @ value
        bought = np.exp(logs) < later
        below[month] = logs[bought].max() if bought.any() else NO_RATIO
        value = np.minimum(np.exp(logs), later)
    return below


def worth(scenario: Scenario, episodes: int = EPISODES) -> Worth:
    """What a scenario's credits are worth to a firm that does nothing else, and what waiting adds.

    Raises:
        ValueError: the scenario's market sells no credits.
    """
    series = scenario.market.offset
    if series is None:
        raise ValueError(f"scenario {scenario.name}: its market sells no offset credits (market.offset)")
    scenario, seeds = (
        load_scenario(scenario, WITHOUT_FRICTIONS),
        np.arange(EVALUATION_SEEDS, EVALUATION_SEEDS + episodes),
    )
    when_due = np.array([0.0, *[NO_RATIO] * LONGEST_WAIT])
    none, due, timed = (
        costs(policy, scenario, seeds) for policy in (JustInTime(), Buyer(when_due), Buyer(limits(series)))
    )
    gain = due - timed
    return Worth(float((none - due).mean()), float(gain.mean()), float(gain.std() / episodes**0.5))


def report(given: Named, episodes: int, width: int) -> list[str]:
    """Lines of a table with one row a scenario.

    Raises:
        ScenarioError: a scenario or a change is refused.
        ValueError: a market sells no credits, or a change is to frictions that are left out here.
    """
    for change in told(given.overrides):
        if change.partition("=")[0] in WITHOUT_FRICTIONS:
            raise ValueError(f"override {change}: plays no part, since both buyers trade without it; allowed: others")
    return table(HEADS, _rows(given, episodes), width)


def _rows(given: Named, episodes: int, mark: str = "") -> list[list[str]]:
    rows = []
    for name, scenario in zip(given.scenarios, given.load(), strict=True):
        value = worth(scenario, episodes)
        rows.append([f"{mark}{name}{mark}", f"{value.due:.2f}", f"{value.waiting:.2f} ± {value.error:.2f}"])
    return rows


def write(page: Path, given: Named, episodes: int) -> None:
    """Put the table into a hand-written page, between the two lines that name it.

    Raises:
        ValueError: the page lacks one of them.
    """
    lines = [HEADS, ["---"] * len(HEADS), *_rows(given, episodes, mark="`")]
    table_of = [f"| {' | '.join(cells)} |" for cells in lines]
    table_of[1] = "|---" * len(HEADS) + "|"
    command = f"python -m nea_env.market waiting --write docs/{page.name}"
    write_text(page, with_block(page.read_text(encoding="utf-8"), "waiting", command, table_of))
