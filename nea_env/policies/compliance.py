"""Whether it pays to comply, by the side penalty: ``python -m nea_env.policies.compliance pilot_tianjin``.

Where the fine is small, what keeps a firm to its duty is what else a miss costs it: subsidies, credit, its name. A
regime states that as ``side_multiple``, times the front price of the missing tonnes. For each multiple the firm that
complies (just in time) is compared with one that leaves the whole of its duty and sells its units, and with the best of
a family of rules that leave a share of the duty unmet, of its own at each deadline. The search uses training
seeds, the table evaluation seeds, the same draws for every rule. Beside it stands what all firms together do in the
equilibrium of their market, and what was reported. Words such as ``market.price=30`` change every scenario named.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from nea_env.atomic import write_text
from nea_env.core.lowering.periods import deadlines, periods_of
from nea_env.library import ScenarioError
from nea_env.library.arguments import EXPLAINED, METAVAR, WORDS, Named, named
from nea_env.library.columns import table, width_of_terminal
from nea_env.policies.compliance_page import EPISODES, HEADS, MULTIPLES, SEARCH_EPISODES, SHARES, Run, page
from nea_env.policies.market_compliance import settled, with_side_multiple
from nea_env.policies.outcome import Outcome, interval
from nea_env.policies.play import costs, play
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.policies.unmet_rule import LeaveUnmet
from nea_env.scenario import Scenario

SEARCH_SEED = 700_000
WITHOUT_A_REAL_FINE: dict[str, dict[str, str]] = {
    "tps": {"last": "2022"},
    "pilot_shanghai": {},
    "pilot_chongqing": {},
    "pilot_tianjin": {},
    "saitama": {},
    "jvets": {},
}
"""Scenarios of the page, with overrides: the national system's fine is a multiple of the price from 2023 on."""


class Choice(NamedTuple):
    """What pays at one side multiple; costs are those beyond full compliance.

    Attributes:
        scenario: its name.
        digest: of the scenario under the law's own multiples.
        multiple: side penalty over the price.
        own: whether it is the law's own.
        shares: of the duty left unmet by the best rule, by deadline.
        default, best: cost of leaving the whole duty, and of the best rule; mean, low and high, % of exposure.
        met: share of the duty that the best rule meets; mean, low and high.
        complied: share of the paths on which it is all met; mean, low and high.
        equilibrium: share of the firms that comply in the equilibrium; None without an aggregate.
        reported: as a range in words.
    """

    scenario: str
    digest: str
    multiple: float
    own: bool
    shares: tuple[float, ...]
    default: dict[str, float]
    best: dict[str, float]
    met: dict[str, float]
    complied: dict[str, float]
    equilibrium: float | None
    reported: str


def duty_met(outcome: Outcome) -> np.ndarray:
    """Share of the duty that was surrendered or borrowed for, (n,); 1 where nothing was due."""
    met = outcome.totals["surrendered"] + outcome.totals["borrowed"]
    due = met + outcome.totals["penalised"]
    return np.divide(met, due, out=np.ones_like(met), where=due > 0.0)


def best_shares(scenario: Scenario, multiple: float, episodes: int = SEARCH_EPISODES) -> tuple[float, ...]:
    """Shares of the duty best left unmet: one for all deadlines first, then a round over each deadline's own."""
    seeds, number = np.arange(SEARCH_SEED, SEARCH_SEED + episodes), len(deadlines(periods_of(scenario)))

    def cost(shares: tuple[float, ...]) -> float:
        return float(costs(LeaveUnmet(shares, scenario, multiple), scenario, seeds).mean())

    lowest, best = min((cost((share,) * number), (share,) * number) for share in SHARES)
    for place in range(number):
        for share in SHARES:
            candidate = (*best[:place], share, *best[place + 1 :])
            if candidate != best and (found := cost(candidate)) < lowest:
                lowest, best = found, candidate
    return best


def digest_with_market(scenario: Scenario) -> str:
    """Digest of a scenario and of its whole market, whose firms are counted beside the one that is played."""
    market = scenario.market.model_copy(update={"law": "equilibrium"})
    return scenario.model_copy(update={"market": market}).digest


def choose(scenario: Scenario, multiple: float, episodes: int = EPISODES) -> Choice:
    """What pays in a scenario at a side multiple, in the periods that have one."""
    own, digest = any(math.isclose(value, multiple) for value in own_multiples(scenario)), digest_with_market(scenario)
    scenario = with_side_multiple(scenario, multiple)
    seeds, number = np.arange(EVALUATION_SEEDS, EVALUATION_SEEDS + episodes), len(deadlines(periods_of(scenario)))
    shares = best_shares(scenario, multiple, min(episodes, SEARCH_EPISODES))
    comply, default, best = (
        play(LeaveUnmet(chosen, scenario, multiple), scenario, seeds)
        for chosen in ((0.0,) * number, (1.0,) * number, shares)
    )
    firms = None
    if scenario.market.aggregate is not None:
        ended = settled(scenario)
        firms = float(np.mean([ended[period].firms for period in scenario.periods]))
    return Choice(
        scenario.name, digest, multiple, own, shares,
        interval(default.cost_pct - comply.cost_pct), interval(best.cost_pct - comply.cost_pct),
        _within_one(interval(duty_met(best))), wilson(int(best.complied.sum()), episodes), firms, reported(scenario),
    )  # fmt: skip


def own_multiples(scenario: Scenario) -> tuple[float, ...]:
    """Side multiples of the law in the scenario's periods."""
    penalty = scenario.played.regime.penalty
    found = {penalty[period].side_multiple for period in scenario.periods}
    return tuple(sorted(found - {0.0}))


def reported(scenario: Scenario) -> str:
    """Firms, or else units, that were reported to have complied in the scenario's periods, in per cent; or nothing."""
    told = [scenario.regime.compliance[period] for period in scenario.periods if period in scenario.regime.compliance]
    for unit in ("firms", "units"):
        shares = [100.0 * share for one in told if (share := getattr(one, unit)) is not None]
        if shares:
            span = f"{min(shares):.4g}" if min(shares) == max(shares) else f"{min(shares):.4g} to {max(shares):.4g}"
            return span if unit == "firms" else f"{span} of units"
    return ""


def wilson(count: int, number: int) -> dict[str, float]:
    """A share and its 95 % interval, which holds near 0 and 1 as well: ``mean``, ``low``, ``high``."""
    share, z = count / number, 1.959964
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number)) / (1 + z * z / number)
    return {"mean": share, "low": max(middle - half, 0.0), "high": min(middle + half, 1.0)}


def _within_one(span: dict[str, float]) -> dict[str, float]:
    return {name: min(max(value, 0.0), 1.0) for name, value in span.items()}


def cells(choice: Choice) -> list[str]:
    """The row of a choice, under ``HEADS``."""

    def told(span: dict[str, float], digits: int, by: float = 1.0) -> str:
        mean, low, high = (f"{by * span[name] + 0.0:.{digits}f}" for name in ("mean", "low", "high"))
        return mean if low == high else f"{mean} ({low} to {high})"

    return [
        choice.scenario,
        f"{choice.multiple:g}" + " *" * choice.own,
        _shares(choice.shares),
        told(choice.default, 2),
        told(choice.best, 2),
        told(choice.met, 1, 100.0),
        told(choice.complied, 1, 100.0),
        "" if choice.equilibrium is None else f"{100.0 * choice.equilibrium:.1f}",
        choice.reported,
    ]


def _shares(shares: tuple[float, ...]) -> str:
    if len(set(shares)) == 1:
        return {0.0: "none", 1.0: "all"}.get(shares[0], f"{shares[0]:g}")
    return " ".join(f"{share:g}" for share in shares)


def _read_run(arguments: Sequence[str]) -> tuple[Run, bool]:
    """The run that the command line asks for, and whether a page is to be written.

    Raises:
        ValueError: an option is out of its range.
        SystemExit: after ``--help``, or an option that there is not.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m nea_env.policies.compliance", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EXPLAINED,
    )  # fmt: skip
    described = f"{WORDS} (default: {' '.join(WITHOUT_A_REAL_FINE)})"
    parser.add_argument("words", nargs="*", metavar=METAVAR, help=described)
    parser.add_argument("--multiples", nargs="+", type=float, default=list(MULTIPLES), metavar="M", help="(0 0.5 1.1)")
    parser.add_argument("--episodes", type=int, default=EPISODES, metavar="N", help=f"paths of the table ({EPISODES})")
    parser.add_argument("--out", type=Path, help="write the page there, such as docs/compliance.md, and print nothing")
    options = parser.parse_intermixed_args(arguments)
    if not 10 <= options.episodes <= 100_000:
        raise ValueError(f"--episodes: {options.episodes}, allowed: 10 to 100000")
    if not all(0.0 <= multiple <= 100.0 for multiple in options.multiples):
        raise ValueError(f"--multiples: {options.multiples}, allowed: 0 to 100")
    given = named(options.words, ())
    run = Run(given.scenarios, given.overrides, tuple(options.multiples), options.episodes)
    return run if options.out is None else run._replace(out=options.out), options.out is not None


def main(arguments: Sequence[str]) -> int:
    """Command line; 0 on success, 1 if the page can't be written, 2 after a bad argument."""
    try:
        run, writes = _read_run(arguments)
        scenarios = Named(run.scenarios or tuple(WITHOUT_A_REAL_FINE), run.overrides).load(WITHOUT_A_REAL_FINE)
        for scenario in scenarios:
            if not own_multiples(scenario):
                raise ValueError(f"{scenario.name}: its law has no side penalty (penalty.YEAR.side_multiple)")
    except (ScenarioError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    work = [
        (scenario, multiple)
        for scenario in scenarios
        for multiple in sorted({*run.multiples, *own_multiples(scenario)})
    ]
    bar = tqdm(work, desc="compliance", unit="row", disable=None, leave=False)
    choices = [choose(scenario, multiple, run.episodes) for scenario, multiple in bar]
    rows = [cells(choice) for choice in choices]
    if not writes:
        print(*table(HEADS, rows, width_of_terminal()), sep="\n")
        return 0
    try:
        write_text(run.out, page(rows, list(dict.fromkeys(f"{one.scenario} {one.digest}" for one in choices)), run))
    except OSError as error:
        print(f"{run.out}: cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    print(run.out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
