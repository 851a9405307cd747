"""The page on the exact track: what each id is, what the optimum is worth, each lever, and how fine its grids are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nea_env.bench.score import OPTIMUM, scores
from nea_env.core.batch import Batch
from nea_env.envs.menu import menu_of
from nea_env.envs.registration import EXACT as IDS
from nea_env.library import load_scenario
from nea_env.library.pages import MARKDOWN, is_current
from nea_env.policies.by_name import opponents
from nea_env.scenario import Scenario
from nea_env.solvers import solve_exact
from nea_env.solvers.bracket import kept_bracket
from nea_env.solvers.exact import Exact
from nea_env.solvers.relaxation import drawn_prices, relaxed

RULES = ("do_nothing", "just_in_time", "tuned_rule", "lever_rule", "threshold_rule")
EPISODES, PATHS = 100_000, 100
FINER: Mapping[str, str] = {"twice the nodes": "nodes", "half the lot": "lot", "trades in half the steps": "steps"}
LEVERS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "tps_exact": {
        "banking": ["regime.banking.2024.limit=none"],
        "abatement": ["firm.abatement.max_share=0"],
        "gap between vintages": ["market.gap.2024.down=0", "market.gap.2024.up=0"],
    },
    "kets_exact": {
        "banking": ["regime.banking.2018-2019.limit=none"],
        "borrowing": ["regime.borrowing.2018-2019.limit=none"],
        "investment": ["firm.invest_rate=0"],
        "gap between vintages": ["market.gap.2018-2019.down=0", "market.gap.2018-2019.up=0"],
    },
    "tokyo_exact": {
        "banking": ["regime.banking.2020.limit=none"],
        "investment": ["firm.invest_rate=0"],
    },
}
"""Scenario -> lever -> what takes it away; bounds of the gap stay as they are unless they are the lever."""
HEAD = """\
# The exact track

<!-- Written by `python -m nea_env.solvers exact`, which takes some minutes. -->

Three environments have a known optimum. A firm under the law of Korea, China or Tokyo plays prices that move on a
lattice, in whole tonnes or lots, and chooses from a menu of joint actions; so it can be in finitely many places, and
backward induction finds the best that it can do. The solver plays the month that the environments play: it holds no
second copy of a rule.

```python
>>> import gymnasium as gym
>>> import nea_env
>>> from nea_env.solvers import solve_exact
>>> exact = solve_exact("tps_exact")                # seconds the first time, then from the user's cache
>>> round(exact.percent(exact.value), 4)            # of the best policy at reset, % of exposure; costs are negative
VALUE
>>> env = gym.make("nea/TPSExact-v0")               # Box actions, rounded to the menu; nea/TPSExactDiscrete-v0: numbers
>>> observation, info = env.reset(seed=0)
>>> actions, _ = exact.policy.predict(observation)  # the best action
>>> nea_env.evaluate("just_in_time", "nea/TPSExact-v0", episodes=10, progress=False).policies["just_in_time"]["exact"]
EXACT

```

`exact.values[month]` and `exact.best[month]` are arrays over states of tonnes and prices, `exact.q(month)` over joint
actions too. `exact.evaluate(chooser(policy, exact))`, with `chooser` from `nea_env.solvers.choosers`, gives any
deterministic policy that reads nothing but the observation its exact value and regret. Tables of `train.py` and
`nea_env.evaluate` show regret (% of exposure above the optimum) and score (0: just in time, 1: the optimum) for these
ids. `python -m nea_env.solvers regret nea/KETSExact-v0 --policy runs/…/model.zip --out regret.png` prints and plots in
which months, at which prices and with what bank a policy loses.

These ids test exploration. In Korea and Tokyo capacity comes on line at the start of a quarter, so an agent that waits
a single month before it invests gains nothing and may learn to build at once, though waiting several months can pay.
In Korea the fine has a ceiling: at prices far above it, which few episodes reach, the best is to sell all and to pay,
and that pays only if it is kept up for months. [Exact learners](LEARNERS) says how near agents come.
"""


def write(path: Path | str, check: bool = False) -> bool:
    """Write the page; with ``check`` only compare it. True if the file now holds the page."""
    return is_current(path, page(), check=check)


def page() -> str:
    """The page as Markdown."""
    solved = {name: solve_exact(name) for name in IDS}
    tps = solved["tps_exact"]
    known = scores({"just_in_time": opponents(["just_in_time"], tps.scenario)["just_in_time"]}, tps.scenario)
    shown = str(known["just_in_time"]._asdict())
    head = HEAD.replace("VALUE", f"{tps.percent(tps.value):.4f}").replace("EXACT", shown)
    head = head.replace("LEARNERS", f"exact_learners{MARKDOWN}")
    parts = [_sizes, _optimum, _rules, _levers, _grids, _menus, _departures, _brackets]
    return "\n".join([head, *(line for part in parts for line in (*part(solved), ""))])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def _sizes(solved: Mapping[str, Exact]) -> list[str]:
    rows = []
    for name, exact in solved.items():
        tonnes, prices = (max(sizes) for sizes in zip(*exact.sizes, strict=True))
        scenario = exact.scenario
        cells = f"{len(exact.values)}", f"{len(scenario.menu)}", f"{tonnes:,}", f"{prices}"
        rows.append([f"`{IDS[name]}`", f"`{name}`", scenario.title, *cells])
    return ["## What they are", "", "The most states of tonnes and the most prices of any month.", "",
            *_table(["id", "scenario", "", "months", "joint actions", "states", "prices"], rows)]  # fmt: skip


def _optimum(solved: Mapping[str, Exact]) -> list[str]:
    rows = []
    for name, exact in solved.items():
        returns = _simulated(exact)
        error = returns.std() / EPISODES**0.5
        prices = drawn_prices(exact, PATHS, seed=1)
        bound, foresight = relaxed(exact, prices), relaxed(exact, prices, penalty=False)
        rows.append(
            [
                f"`{name}`",
                f"{-exact.percent(exact.value):.4f}",
                f"{-exact.percent(returns.mean()):.4f} ± {exact.percent(error):.4f}",
                f"{(returns.mean() - exact.value) / error:+.2f}",
                f"{-exact.percent(bound.mean()):.4f}",
                f"{bound.std() / abs(exact.value):.0e}",
                f"{-exact.percent(foresight.mean()):.1f} ± {exact.percent(foresight.std() / PATHS**0.5):.1f}",
            ]
        )
    head = [
        "scenario", "cost by induction", f"cost over {EPISODES:,} episodes", "z", "dual bound",
        "its sd over paths / value", "perfect foresight",
    ]  # fmt: skip
    return [
        "## The optimum",
        "",
        "Costs in % of exposure; negative where a firm earns. The episodes are played in the environment by a policy"
        " that sees nothing but the observation. The dual bound takes, on each of"
        f" {PATHS} paths of prices, the best that a firm could do if it knew them and paid for that knowledge what"
        " the solved values say it is worth: with these values it is the optimum on every path. With"
        " perfect foresight costs would be far lower than any firm can reach.",
        "",
        *_table(head, rows),
    ]


def _simulated(exact: Exact) -> np.ndarray:
    batch = Batch(exact.scenario, EPISODES)
    observation, total = batch.reset(np.arange(5_000_000, 5_000_000 + EPISODES)), np.zeros(EPISODES)
    for month in range(len(exact.values)):
        actions, _ = exact.policy.predict(observation)
        observation, reward, _ = batch.step(actions)
        total += exact.discount**month * reward
    return total


def _rules(solved: Mapping[str, Exact]) -> list[str]:
    rows = []
    for name, exact in solved.items():
        found = scores({**opponents(RULES, exact.scenario), OPTIMUM: exact.policy}, exact.scenario)
        for rule, one in found.items():
            score = "-" if one.score is None else f"{one.score:.3f}"
            rows.append(
                [f"`{name}`", rule.replace("_", " "), f"{one.cost_pct:.3f}", f"{abs(one.regret_pct):.3f}", score]
            )
    return [
        "## Rules beside it",
        "",
        "Cost and regret in % of exposure, without sampling error.",
        "",
        *_table(["scenario", "rule", "cost", "regret", "score"], rows),
    ]


def _levers(solved: Mapping[str, Exact]) -> list[str]:
    rows = []
    for name, exact in solved.items():
        for lever, changes in LEVERS[name].items():
            kept = [] if lever.startswith("gap") else _gaps(exact.scenario)
            without = _solved(name, [*kept, *changes])
            rows.append([f"`{name}`", lever, f"{exact.percent(exact.value) - without.percent(without.value):.3f}"])
    return [
        "## What each lever is worth",
        "",
        "Cost of the optimum without it, less that of the optimum, % of exposure; prices stay as they are.",
        "",
        *_table(["scenario", "lever", "worth"], rows),
    ]


def _gaps(scenario: Scenario) -> list[str]:
    """The bounds of the gaps as changes, so that they don't follow a changed rule."""
    played = ((year, gap) for year, gap in scenario.market.gap.items() if year in scenario.periods)
    return [f"market.gap.{year}.{side}={getattr(gap, side)}" for year, gap in played for side in ("down", "up")]


def _solved(name: str, changes: Sequence[str] | Mapping[str, Any]) -> Exact:
    return solve_exact(load_scenario(name, changes), cache=False)


def _grids(solved: Mapping[str, Exact]) -> list[str]:
    rows = []
    for name, exact in solved.items():
        cells = [f"`{name}`", f"{-exact.percent(exact.value):.4f}"]
        for kind in FINER.values():
            finer = _solved(name, _finer(exact.scenario, kind))
            cells.append(f"{-finer.percent(finer.value):.4f}")
        rows.append(cells)
    return [
        "## How fine the grids are",
        "",
        "Cost of the optimum, % of exposure, on other grids: each is exact for the environment with that grid. Half"
        " steps add joint actions, so they can only gain.",
        "",
        *_table(["scenario", "as shipped", *FINER], rows),
    ]


def _finer(scenario: Scenario, kind: str) -> dict[str, Any]:
    if kind == "nodes":
        return {"market.lattice.states": 2 * scenario.market.lattice.states - 1}
    if kind == "lot":
        return {"market.frictions.lot": scenario.market.frictions.lot / 2}
    entries = [entry.model_dump(exclude_defaults=True) for entry in scenario.menu]
    steps = sorted({entry.trade for entry in scenario.menu if not isinstance(entry.trade, str)})
    between = [(low + high) / 2 for low, high in pairwise(steps)]
    rest = [{key: value for key, value in entry.items() if key != "trade"} for entry in entries]
    others = [one for number, one in enumerate(rest) if one not in rest[:number] and "invest" not in one]
    return {"menu": [*entries, *({"trade": step, **other} for other in others for step in between)]}


def _menus(solved: Mapping[str, Exact]) -> list[str]:
    rows = [
        [f"`{name}`", "; ".join(f"{number}: {choice}" for number, choice in enumerate(menu_of(exact.scenario)))]
        for name, exact in solved.items()
    ]
    return [
        "## Joint actions",
        "",
        "`trade target` closes the shortfall at once, in whole lots, or sells what may not be carried over; `trade 1`"
        " buys the monthly limit; `idle` does nothing. What a Box action asks for becomes the nearest of these.",
        "",
        *_table(["scenario", "joint actions"], rows),
    ]


def _departures(solved: Mapping[str, Exact]) -> list[str]:
    lines = [
        "## How they differ from the shipped laws and markets",
        "",
        "Every number of the law and the market that is not the shipped one, in the years that are played. Offsets,"
        " output news and errors of quoted prices are off; firms are round figures.",
    ]
    for name, exact in solved.items():
        base = load_scenario(BASES[name])
        rows = [
            [f"`{part}.{path}`", _text(value), _text(own[path])]
            for part in ("regime", "market")
            for own in (dict(_leaves(getattr(exact.scenario, part).model_dump(mode="json"))),)
            for path, value in _leaves(getattr(base, part).model_dump(mode="json"))
            if path in own and own[path] != value and _is_played(path, exact.scenario)
        ]
        lines += ["", f"### `{name}`", "", *_table(["number", "shipped", "here"], rows)]
    return lines


def _brackets(solved: Mapping[str, Exact]) -> list[str]:
    rows = []
    for name in BRACKETED:
        one = kept_bracket(load_scenario(name))
        if one is not None:
            cells = str(one.bound), str(one.best), one.rule.replace("_", " "), f"{one.gap:.2f}", str(one.foresight)
            rows.append([f"`{name}`", *cells, f"{one.paths:,}"])
    head = ["scenario", "dual bound", "best known rule", "", "gap", "perfect foresight", "paths"]
    return [
        "## Where the optimum is not known",
        "",
        "For the main scenarios it lies between two costs, % of exposure: no policy's mean is below the dual bound, and"
        " the best known rule shows what can be had. `python -m nea_env.solvers bracket kets --keep` measures both"
        " (with `pip install 'nea-env[plan]'`); `train.py` and `nea_env.evaluate` show what is kept. The bound lets a"
        " firm foresee and charges it for the news of prices on a position that is linear in tonnes and capacity; what"
        " other news is worth to it, and that of prices on what is not linear, is part of the gap.",
        "",
        *_table(head, rows),
    ]


BRACKETED = ("kets", "tps", "tokyo")
BASES = {"tps_exact": "tps", "kets_exact": "kets_phase2", "tokyo_exact": "tokyo"}
"""Scenario -> one that plays the shipped law and market."""


def _is_played(path: str, scenario: Scenario) -> bool:
    """Whether a number is of no year, or of one that is played."""
    years = [key for key in path.split(".") if key.isdigit() and len(key) == 4]
    return not years or years[0] in scenario.periods or path.startswith("stabilisation")


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, tree


def _text(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
