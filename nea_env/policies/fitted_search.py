"""Improve the rule of thresholds by regression: ``python -m nea_env.policies.fitted_search kets [KEY=VALUE]``.

Episodes begin with thresholds that are off by chance, so that places are seen where the rule itself never comes. In
the first month from a random one on in which a lever is near its threshold, copies of the row use it and do without
it. From then on both follow the rule, on the same draws. What they differ by in cost, marked to market, is regressed
on features of the observation (least squares with a ridge), and the rule uses the lever where that is cheaper by a
margin. Keeping and lending are tried until the next deadline, since a month of waiting alone costs nothing. A
correction is kept where it saves on training seeds of its own, with the 95 % interval of the paired difference below
zero; then all is done once more around the rule so found (policy iteration; Lagoudakis and Parr, Journal of Machine
Learning Research 4, 2003). Writes nea_env/policies/fitted.yaml.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nea_env.core.layout import OBS_INDEX, Action, Observation
from nea_env.library import ScenarioError
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, named
from nea_env.library.grammar import label
from nea_env.policies import fitted
from nea_env.policies.by_name import make_rule, opponents
from nea_env.policies.fitted_rule import CREDITS, FEATURES, INVEST, KEEP, LEND, FittedRule, is_trading, product
from nea_env.policies.lever_rule import LeverRule
from nea_env.policies.marking import marked_costs
from nea_env.policies.outcome import interval
from nea_env.policies.rules import JustInTime, Rule
from nea_env.policies.threshold_rule import ThresholdRule, Thresholds
from nea_env.scenario import Scenario, months_between

FIRST_SEED, ACCEPTANCE_SEED, MEASURE_SEED = 200_000, 450_000, 500_500
"""Training seeds: of the regressions, of what is kept, and of what is reported, as for tuned rules."""
PAIRS, AT_ONCE, ROUNDS, ACCEPTANCE, MEASURED = 32_000, 8_000, 2, 4_000, 4_000
MARGINS = (0.0, 0.002, 0.005, 0.01, 0.02, 0.04)
_LEAST = 1e-3  # % of exposure that a correction saves, or it is not kept
_LAST_START = 0.92  # share of the episode after which no lever is tried
_RIDGE, _CUT = 1e-4, 0.002  # of the features' scale; share of the differences cut off at each end
_ASTRAY = {
    "premium_0": 0.1, "premium_1": 0.1, "premium_2": 0.1, "premium_left": 0.1, "credit": 0.05, "credit_wait": 0.05,
    "hold": 0.2, "hold_below": 0.025, "lend": 0.2, "lend_above": 0.025,
}  # fmt: skip
"""Standard deviation of what the thresholds are off by, before the lever is tried; in half of the episodes none is."""


class Tried(Rule):
    """Plays one rule until a lever is tried, then that lever's option, then another rule.

    Args:
        before: what is played first, with thresholds by row.
        after: the rule to be improved.
        lever: that is tried.
        start: (n,) month from which on it is tried, as soon as it is near its threshold.
        option: (n,) what is tried: 1 use it and 0 do without it, or the mode of trades.
        horizon: months of an episode.

    Attributes:
        done: (n,) whether it was tried.
        seen: (n, OBS) what was observed when it was.
    """

    name = "tried"

    def __init__(
        self, before: Rule, after: FittedRule, lever: str, start: NDArray[np.int64], option: NDArray[np.int64],
        horizon: int,
    ) -> None:  # fmt: skip
        self._before, self._after, self._lever, self._horizon = before, after, lever, horizon
        self._start, self._option = start, option
        self._last, self._stays = np.inf, np.zeros(len(start), bool)
        self.done, self.seen = np.zeros(len(start), bool), np.zeros((len(start), Observation.size), np.float32)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) of the month."""
        month = round(float(observation[0, OBS_INDEX["progress"]]) * self._horizon)
        left = float(observation[0, OBS_INDEX["to_deadline"]])
        if left > self._last:
            self._stays[:] = False  # the deadline has passed
        self._last = left
        after = self._after.act(observation)
        actions = np.where(self.done[:, None], after, self._before.act(observation))
        of_trades = self._lever == KEEP
        near = is_trading(observation) if of_trades else self._after.is_near(self._lever, observation)
        now = np.flatnonzero(near & ~self.done & (month >= self._start))
        actions[now], self.seen[now], self.done[now] = after[now], observation[now], True
        if of_trades:
            self._stays[now] = True
            rows = np.flatnonzero(self._stays)
            actions[rows, Action.TRADE] = self._after.modes(observation[rows])[np.arange(len(rows)), self._option[rows]]
        else:
            actions[now, Action.INVEST if self._lever == INVEST else Action.OFFSET] = self._option[now]
        return actions


class Sample(NamedTuple):
    """What was seen when a lever was tried (m, OBS), and what each of its options cost (m, options), % of exposure."""

    seen: NDArray[np.float32]
    costs: NDArray[np.float64]


def sample(
    rule: FittedRule, lever: str, scenario: Scenario, seeds: NDArray[np.int64], random: np.random.Generator
) -> Sample:
    """Try a lever once in each episode.

    Args:
        rule: to be improved.
        lever: ``invest``, ``offset``, or ``keep`` for the three modes of trades.
        scenario: what is played.
        seeds: (n,) one for each episode.
        random: for the months and the thresholds.
    """
    options, n = 3 if lever == KEEP else 2, len(seeds)
    horizon = months_between(scenario.start, scenario.end) + 1
    astray = random.integers(0, 2, n)
    changes: dict[str, Any] = {
        name: np.repeat(getattr(rule.thresholds, name) + astray * spread * random.standard_normal(n), options)
        for name, spread in _ASTRAY.items()
    }
    start = np.repeat(random.integers(0, int(_LAST_START * horizon), n), options)
    before = ThresholdRule(rule.thresholds, **changes)
    tried = Tried(before, rule, lever, start, np.tile(np.arange(options), n), horizon)
    costs = marked_costs(tried, scenario, np.repeat(seeds, options)).reshape(n, options)
    done = tried.done[::options]
    return Sample(tried.seen[::options][done], costs[done])


def regressed(rule: FittedRule, lever: str, seen: NDArray[np.float32], added: NDArray[np.float64]) -> dict[str, float]:
    """Weights of a lever's features, by least squares with a ridge.

    Args:
        rule: that knows the thresholds.
        lever: whose features they are.
        seen: (m, OBS) observations.
        added: (m,) what using it added to the cost; the ends of the distribution are cut off.
    """
    factors = rule.factors(seen)
    table = np.stack([product(factors, name) for name in FEATURES[lever]], axis=1)
    scale = np.sqrt((table**2).mean(axis=0))
    used = np.flatnonzero(scale > 1e-9)
    table = table[:, used] / scale[used]
    low, high = np.quantile(added, (_CUT, 1.0 - _CUT))
    ridge = _RIDGE * len(added) * np.eye(len(used))
    weights = np.linalg.solve(table.T @ table + ridge, table.T @ np.clip(added, low, high)) / scale[used]
    return {FEATURES[lever][k]: float(f"{weight:.5g}") for k, weight in zip(used, weights, strict=True)}


def improve(
    thresholds: Thresholds, scenario: Scenario, rounds: int = ROUNDS, progress: Callable[[], object] = lambda: None
) -> FittedRule:
    """The rule of thresholds with the corrections that save on training seeds; without any where none does.

    Args:
        thresholds: where it starts.
        scenario: what is played.
        rounds: of policy iteration.
        progress: called three times a round.
    """
    random, rule, first = np.random.default_rng(0), FittedRule(thresholds), FIRST_SEED
    for number in range(rounds):
        kept_on = ACCEPTANCE_SEED + number * ACCEPTANCE + np.arange(ACCEPTANCE)
        found = rule
        for lever in (INVEST, CREDITS, KEEP):
            parts = [
                sample(rule, lever, scenario, np.arange(first + k, first + min(k + AT_ONCE, PAIRS)), random)
                for k in range(0, PAIRS, AT_ONCE)
            ]
            first += PAIRS
            seen, costs = (np.concatenate(values) for values in zip(*parts, strict=True))
            if len(seen) > 10 * len(FEATURES[lever]):
                found = _with_correction(found, rule, lever, Sample(seen, costs), scenario, kept_on)
            progress()
        rule = found
    return rule


def _with_correction(
    found: FittedRule, rule: FittedRule, lever: str, tried: Sample, scenario: Scenario, seeds: NDArray[np.int64]
) -> FittedRule:
    """A rule with the correction of one lever at its best margin, or as it was."""
    levers = (KEEP, LEND) if lever == KEEP else (lever,)
    weights = {
        name: regressed(rule, name, tried.seen, tried.costs[:, k] - tried.costs[:, 0])
        for k, name in enumerate(levers, 1)
        if np.abs(tried.costs[:, k] - tried.costs[:, 0]).max() > 0.0
    }
    base, best, lowest = marked_costs(found, scenario, seeds), found, -_LEAST
    for margin in MARGINS if weights else ():
        others = {name: row for name, row in found.weights.items() if name not in levers}
        tested = FittedRule(found.thresholds, others | weights, {**found.margins, lever: margin})
        saved = interval(marked_costs(tested, scenario, seeds) - base)
        if saved["high"] < 0.0 and saved["mean"] < lowest:
            best, lowest = tested, saved["mean"]
    return best


class Findings(NamedTuple):
    """Paired differences in cost on training seeds, marked to market, % of exposure: ``mean``, ``low``, ``high``."""

    vs_just_in_time: dict[str, float]
    vs_lever_rule: dict[str, float]
    vs_threshold_rule: dict[str, float]


def measure(rule: FittedRule, scenario: Scenario) -> Findings:
    """How a fitted rule fares on the seeds that tuned rules report on, and on more."""
    seeds = MEASURE_SEED + np.arange(MEASURED)
    own = marked_costs(rule, scenario, seeds)
    others = (JustInTime(), make_rule(LeverRule.name, scenario), ThresholdRule(rule.thresholds))
    return Findings(*(interval(own - marked_costs(other, scenario, seeds)) for other in others))


def main(arguments: Sequence[str]) -> int:
    """Command line; 0 on success, 1 if the file can't be written, 2 after a bad argument."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m nea_env.policies.fitted_search", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    parser.add_argument("words", nargs="*", metavar=METAVAR, help=WORDS)
    given = named(parser.parse_args(arguments).words, ())
    try:
        if not given.scenarios:
            raise ValueError("which scenario? For instance kets")
        chosen = dict(zip(given.scenarios, given.load(), strict=True))
    except (ScenarioError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    with tqdm(total=3 * ROUNDS * len(chosen), desc="fit", unit="lever", delay=2.0, leave=False) as bar:
        for name, scenario in chosen.items():
            base = opponents([ThresholdRule.name], scenario)[ThresholdRule.name]
            assert isinstance(base, ThresholdRule)
            rule = improve(base.thresholds, scenario, progress=bar.update)
            found = measure(rule, scenario)
            words = shlex.join((name, *given.overrides))
            values: dict[str, Any] = {
                "command": f"python -m nea_env.policies.fitted_search {words}",
                fitted.RULE: fitted.parts_of(rule),
                **{f"{fitted.RULE}_{key}_pct": _rounded(gain) for key, gain in found._asdict().items()},
            }
            try:
                key = fitted.record(scenario, values)
            except (ValueError, OSError) as error:
                print(error, file=sys.stderr)
                return 1
            with tqdm.external_write_mode():
                gains = [f"{against.replace('_', ' ')} {_told(gain)}" for against, gain in found._asdict().items()]
                told = "; ".join((*gains, f"{fitted.FITTED}: written, under {key}"))
                print(f"{label(scenario.name, scenario.changes)}: {told}", flush=True)
    return 0


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in values.items()}


def _told(values: dict[str, float]) -> str:
    return f"{values['mean']:.3f} [{values['low']:.3f}, {values['high']:.3f}]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
