"""Whether it pays to comply, by the side penalty: ``python -m nea_env.policies.compliance pilot_tianjin``.

Where the fine is small, what keeps a firm to its duty is what else a miss costs it: subsidies, credit, its name. A
regime states that as ``side_multiple``, times the front price of the missing tonnes. For each multiple the firm that
complies (just in time) is compared with one that leaves the whole of its duty and sells its units, and with the best of
a family of rules that leave a share of the duty unmet, of its own at each deadline. The search uses training
seeds, the table evaluation seeds, the same draws for every rule. Beside it stands what all firms together do in the
equilibrium of their market, and what was reported.
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
from nea_env.library import ScenarioError, load_scenario
from nea_env.library.columns import table, width_of_terminal
from nea_env.policies.market_compliance import settled, with_side_multiple
from nea_env.policies.outcome import Outcome, interval
from nea_env.policies.play import costs, play
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.policies.unmet_rule import LeaveUnmet
from nea_env.scenario import Scenario

SEARCH_SEED = 700_000
SEARCH_EPISODES, EPISODES = 1_000, 2_000
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
MULTIPLES = (0.0, 0.5, 1.1)
WITHOUT_A_REAL_FINE: dict[str, dict[str, str]] = {
    "tps": {"last": "2022"},
    "pilot_shanghai": {},
    "pilot_chongqing": {},
    "pilot_tianjin": {},
    "saitama": {},
    "jvets": {},
}
"""Scenarios of the page, with overrides: the national system's fine is a multiple of the price from 2023 on."""
HEADS = (
    "scenario", "side multiple", "duty left by the best rule, by deadline", "whole default, % of exposure",
    "best rule, % of exposure", "duty met, %", "paths in full compliance, %", "firms in the equilibrium, %",
    "firms reported, %",
)  # fmt: skip
PAGE = """\
# Compliance as a choice

<!-- Written by `python -m nea_env.policies.compliance --out docs/compliance.md`: run it again. -->

Some laws name no fine for a missing tonne, or one so small that it does not count. What then keeps a firm to its duty
is what else a miss costs it: subsidies that are withheld, a credit record, the publication of its name. Regimes state
this as `penalty.YEAR.side_multiple`: so many times the front price for each missing tonne, due at the deadline. The
fine and the units deducted from the next allocation come on top.

Whether to comply is the firm's own choice, in every environment: units that it has sold or not bought are missing at
the deadline. The table asks what a firm would do at several multiples; the law's own is marked `*`.

- **Duty left** by the best of a family of rules that leave {shares} or all of the duty unmet, of their own at each
  deadline, and trade just in time otherwise. What is left is not bought, and units that would have covered it are sold.
- **Whole default** and **best rule**: cost less that of full compliance just in time, in % of exposure, with a 95 %
  interval over {episodes:,} paths. Below zero it pays not to comply.
- **Duty met** by the best rule, and the share of **paths** on which nothing at all is missing, with 95 % intervals.
- **Equilibrium**: the share of all firms that comply in the equilibrium of the whole market (`market.law=equilibrium`),
  on average over the scenario's periods, if each firm that does not leaves the whole of its gap. Abatement costs are
  those that ship. Empty where the market has no aggregate.
- **Reported**: firms that complied in these periods, lowest to highest (`compliance` in the regime, with the
  source); "units" where the share of the duty was reported instead.

"""
READING = """\

## How to read it

A tonne that is missing costs the side multiple times the price; one that is bought costs the price. So below a
multiple of 1 a firm without a fine leaves its duty unmet and sells its units, and above 1 it complies: at 1.1 as at any
higher multiple. A lump sum moves this little, since it does not grow with the tonnes that are missing. Units deducted
from the next allocation do: under the national system's law of 2019-2022 nothing is gained by a miss even at 0. A
subsidy that has to be paid back (Japan's voluntary scheme) counts for a firm that has built with it, and these rules
never invest.
A firm in default still meets a part of its duty, with the units that the market's volume, or a limit on sales
as in Chongqing, does not let it sell in time.

A whole market differs from one firm that takes the price as given. When units are too few for everyone, the price
rises to what a missing unit costs, and some firms are left without. At a multiple little above 1 that happens
often. The multiples of Tianjin and Shanghai are therefore set to the least, in tenths, at which as many firms comply in
the equilibrium as are reported, on average over the periods that are reported (`calibrated_multiple` in
`nea_env/policies/market_compliance.py`): 2.6 and 3.1. Like the aggregate that they come from they are assumed. The
others stay at 1.1:

- the national system's market lacks less of the duty of 2019 and 2020 than was reported (0.5 %), at 1.1 already;
- in Chongqing units are so many that hardly a firm misses its duty of 2013 and 2014 at any multiple, against the 70 %
  that had complied at its first deadline: these firms had more than the price to think of;
- for Saitama no share of firms was found, and its aggregate is far shorter than its market was;
- Japan's voluntary scheme has no aggregate.

## How to reproduce it

```
python -m nea_env.policies.compliance --out docs/compliance.md
```

takes about a minute on one core. `python -m nea_env.policies.compliance pilot_tianjin --multiples 0.8 0.9 1`
prints the table of one scenario at other multiples; `--help` lists the options.
"""


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


def choose(scenario: Scenario, multiple: float, episodes: int = EPISODES) -> Choice:
    """What pays in a scenario at a side multiple, in the periods that have one."""
    own, digest = any(math.isclose(value, multiple) for value in own_multiples(scenario)), scenario.digest
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
    found = {scenario.regime.penalty[period].side_multiple for period in scenario.periods}
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


def page(choices: Sequence[Choice], episodes: int) -> str:
    """The page as Markdown."""
    named = ", ".join(f"{100 * share:.0f} %" for share in SHARES[1:-1])
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    lines += ["| " + " | ".join(cells(choice)).replace("*", "\\*") + " |" for choice in choices]
    if choices:
        played = dict.fromkeys(f"{choice.scenario} {choice.digest}" for choice in choices)
        lines += ["", f"<!-- scenarios: {', '.join(played)} -->"]
    return PAGE.format(shares=named, episodes=episodes) + "\n".join(lines) + "\n" + READING


def main(arguments: Sequence[str]) -> int:
    """Command line; 0 on success, 1 if the page can't be written, 2 after a bad argument."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m nea_env.policies.compliance", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    described = f"a shipped name, or a path such as mine.yaml (default: {' '.join(WITHOUT_A_REAL_FINE)})"
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=described)
    parser.add_argument("--multiples", nargs="+", type=float, default=list(MULTIPLES), metavar="M", help="(0 0.5 1.1)")
    parser.add_argument("--episodes", type=int, default=EPISODES, metavar="N", help=f"paths of the table ({EPISODES})")
    parser.add_argument("--out", type=Path, help="write the page there, such as docs/compliance.md, and print nothing")
    options = parser.parse_args(arguments)
    chosen = options.scenarios or list(WITHOUT_A_REAL_FINE)
    try:
        if not 10 <= options.episodes <= 100_000:
            raise ValueError(f"--episodes: {options.episodes}, allowed: 10 to 100000")
        if not all(0.0 <= multiple <= 100.0 for multiple in options.multiples):
            raise ValueError(f"--multiples: {options.multiples}, allowed: 0 to 100")
        scenarios = [load_scenario(name, WITHOUT_A_REAL_FINE.get(name, {})) for name in chosen]
        for scenario in scenarios:
            if not own_multiples(scenario):
                raise ValueError(f"{scenario.name}: its law has no side penalty (penalty.YEAR.side_multiple)")
    except (ScenarioError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    work = [
        (scenario, multiple)
        for scenario in scenarios
        for multiple in sorted({*options.multiples, *own_multiples(scenario)})
    ]
    bar = tqdm(work, desc="compliance", unit="row", disable=None, leave=False)
    choices = [choose(scenario, multiple, options.episodes) for scenario, multiple in bar]
    if options.out is None:
        print(*table(HEADS, [cells(choice) for choice in choices], width_of_terminal()), sep="\n")
        return 0
    try:
        write_text(options.out, page(choices, options.episodes))
    except OSError as error:
        print(f"{options.out}: cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
