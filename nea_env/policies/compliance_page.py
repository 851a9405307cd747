"""The page of ``compliance``: its text, and what was run for the table in it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SEARCH_EPISODES, EPISODES = 1_000, 2_000
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
MULTIPLES = (0.0, 0.5, 1.1)
PAGE_OF_THE_PROJECT = Path("docs/compliance.md")
HEADS = (
    "scenario", "side multiple", "duty left by the best rule, by deadline", "whole default, % of exposure",
    "best rule, % of exposure", "duty met, %", "paths in full compliance, %", "firms in the equilibrium, %",
    "firms reported, %",
)  # fmt: skip
PAGE = """\
# Compliance as a choice

<!-- Written by `{command}`: run it again. -->

{run}\
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
  not set anew. Empty where the market has no aggregate.
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
`nea_env/policies/market_compliance.py`): 2.5 and 3.1. Like the aggregate that they come from they are assumed. The
others stay at 1.1:

- in the national system, less of the duty of 2019 and 2020 is left unmet than was reported (0.5 %), even at 1.1;
- Chongqing gave out so many units that hardly any firm misses its duty of 2013 and 2014 at any multiple, yet only 70 %
  had complied by the first deadline: the price was not what kept the others from it;
- for Saitama no share of firms was found, and its aggregate is far shorter than its market was;
- Japan's voluntary scheme has no aggregate.
"""
AGAIN = """\

## How to reproduce it

```
{command}
```

{effort}`python -m nea_env.policies.compliance pilot_tianjin --multiples 0.8 0.9 1`
prints the table of one scenario at other multiples; `--help` lists the options.
"""


class Run(NamedTuple):
    """What a table is of; by default that of the project's own page.

    Attributes:
        scenarios: names and paths, as typed; none: those of the page.
        overrides: changes to all of them, as typed.
        multiples: side multiples besides the law's own.
        episodes: paths of the table.
        out: where the page is written.
    """

    scenarios: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    multiples: tuple[float, ...] = MULTIPLES
    episodes: int = EPISODES
    out: Path = PAGE_OF_THE_PROJECT

    @property
    def whole(self) -> bool:
        """Whether it is the run of the project's own page, wherever that is written."""
        return self._replace(out=PAGE_OF_THE_PROJECT) == Run()

    @property
    def searched(self) -> int:
        """Paths on which the best rule is searched."""
        return min(self.episodes, SEARCH_EPISODES)

    @property
    def command(self) -> str:
        """The command line that does it again."""
        words = [*self.scenarios, *self.overrides]
        if self.multiples != MULTIPLES:
            words += ["--multiples", *(f"{multiple:g}" for multiple in self.multiples)]
        if self.episodes != EPISODES:
            words += ["--episodes", str(self.episodes)]
        return shlex.join(["python", "-m", "nea_env.policies.compliance", *words, "--out", str(self.out)])

    def told(self) -> str:
        """A paragraph that says what was run; "" of the project's own page."""
        if self.whole:
            return ""
        scenarios = ", ".join(f"`{name}`" for name in self.scenarios) or "the scenarios of the project's own page"
        changes = f" with {', '.join(f'`{change}`' for change in self.overrides)}" if self.overrides else ""
        multiples = ", ".join(f"{multiple:g}" for multiple in self.multiples)
        return (
            f"**Not the project's own page**, but a run of {scenarios}{changes}, at the side multiples {multiples}\n"
            f"and the law's own. The table plays {self.episodes:,} paths, and the best rule was searched on"
            f" {self.searched:,}.\n\n"
        )


def page(rows: Sequence[Sequence[str]], played: Sequence[str], run: Run) -> str:
    """The page as Markdown.

    Args:
        rows: of the table, under ``HEADS``.
        played: names and digests of the scenarios.
        run: what the rows are of.
    """
    named = ", ".join(f"{100 * share:.0f} %" for share in SHARES[1:-1])
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    lines += ["| " + " | ".join(row).replace("*", "\\*") + " |" for row in rows]
    if played:
        lines += ["", f"<!-- scenarios: {', '.join(played)} -->"]
    head = PAGE.format(command=run.command, run=run.told(), shares=named, episodes=run.episodes)
    again = AGAIN.format(command=run.command, effort="takes about a minute on one core. " if run.whole else "")
    return head + "\n".join(lines) + "\n" + (READING if run.whole else "") + again
