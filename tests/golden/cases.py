"""The cases: scenarios, the price processes they can be given, patterns of actions, ways of playing a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

import nea_env
from nea_env.scenario.market import PriceProcess
from tests.contract.test_prices_and_links import CASES as PRICES_AND_LINKS
from tests.golden.columns import ACTIONS

ROWS = 5
PATTERNS = ("uniform", "corners", "seldom")
FEW_LAWS = {"policy.draws": 8}
TRADES = ("trade", "offset", "foreign")

Part = tuple[str, dict[str, Any]]
"""A shipped scenario and what is changed in it."""

RULES: dict[str, Part] = {
    "auctioned": ("pilot_hubei", {"firm.output": 800_000.0}),
    "grown": ("kets_phase4", {"firm.base_emissions": 700_000.0}),
    "base-years-revised": ("pilot_hubei", {f"regime.allocation.{y}.update_share": 0.5 for y in range(2017, 2020)}),
    "offsets-lapse": ("kets", {f"regime.banking.{year}.offsets_bankable": False for year in range(2016, 2025)}),
    "link-breaks": ("linked_kets", {"links.0.ends": "2023-03", "links.0.end_chance": 0.1}),
    "second-link-breaks": ("linked_tokyo", {"links.1.ends": "2022-03"}),
    "watched-market": (
        "linked_kets_full",
        {"links.0.type": "none", "links.0.weight": 0.0, "links.0.start_chance": None},
    ),
    "two-quotas": (
        "linked_kets_phase4",
        {"links.0.quota": 0.6, "links.1.quota": 0.6, "market.price": 40_000.0, "market.frictions.volume_share": 1.0},
    ),
}
"""What the law or a link can hold, and no shipped scenario's firm meets."""


class Case(NamedTuple):
    """One batch and how it is played.

    Attributes:
        name: SCENARIO/PROCESS/PATTERN; decides the seeds and the actions too.
        parts: the scenarios in the batch.
        rows: firms; each scenario has as many as the others, give or take one.
        phased: now and then some rows are reset, so that rows stand in different months.
        ending: now and then the episodes of some rows are ended.
        autoreset: without it rows that have ended are reset by hand.
        put_back: half-way the state is saved, three months are played and taken back, and another batch goes on.
    """

    name: str
    parts: tuple[Part, ...]
    rows: int = ROWS
    phased: bool = False
    ending: bool = False
    autoreset: bool = True
    put_back: bool = False

    @property
    def process(self) -> str:
        """What stands between the slashes of the name."""
        return self.name.split("/")[1]

    @property
    def pattern(self) -> str:
        """Of the actions."""
        return self.name.split("/")[2]

    def rng(self, purpose: str) -> np.random.Generator:
        """Draws that depend on the case's name and the purpose alone."""
        return np.random.default_rng([crc32(self.name.encode()), crc32(purpose.encode())])

    def actions(self, months: int) -> NDArray[np.float32]:
        """(months, rows, A), each column drawn by its name."""
        return np.stack([self._column(name, months) for name in ACTIONS], axis=-1)

    def _column(self, name: str, months: int) -> NDArray[np.float32]:
        rng = self.rng(name)
        shape = (months, self.rows)
        if self.pattern == "corners":
            return rng.integers(-1, 2, shape).astype(np.float32)
        drawn = rng.uniform(-1, 1, shape)
        if self.pattern == "seldom":
            drawn *= (rng.random(shape) < 0.15) & (name in TRADES)
        return drawn.astype(np.float32)


WAYS: dict[str, dict[str, bool]] = {
    "phased": {"phased": True},
    "ended": {"phased": True, "ending": True},
    "by-hand": {"phased": True, "autoreset": False},
    "put-back": {"phased": True, "put_back": True},
}


def cases() -> Iterator[Case]:
    """Every case; some are refused, since not every scenario can be given every process."""
    yield from _scenarios()
    yield from _prices_and_links()
    yield from _sizes()
    yield from _mixed()


def _scenarios() -> Iterator[Case]:
    """Each shipped scenario under each price process and each pattern of actions."""
    for name in nea_env.scenarios():
        for process, changes in _processes(name).items():
            for pattern in PATTERNS:
                yield Case(f"{name}/{process}/{pattern}", ((name, FEW_LAWS | changes),))


def _processes(name: str) -> dict[str, dict[str, Any]]:
    """Names and changes of what a scenario's price can do; equilibria that nobody asked for take too long to solve."""
    scenario = nea_env.load_scenario(name)
    price = scenario.market.price
    found: dict[str, dict[str, Any]] = {"own": {}}
    for process in get_args(PriceProcess):
        if process == "replay" and scenario.market.replay is None:
            continue
        if process not in (scenario.market.law, "equilibrium"):
            band = {"floor": 0.6 * price, "ceiling": 1.8 * price} if process == "collared" else None
            found[process] = {"market.law": process, "market.collar": band}
    found["stale"] = {"market.stale": 0.3, "market.quote_noise": 0.0}
    found["noisy-quote"] = {"market.quote_noise": 0.3}
    found["moved"] = {"market.frictions.permanent_impact": 0.4}
    found["stale-jumps-moved"] = found["stale"] | found.get("jumps", {}) | found["moved"]
    if scenario.regime.ranges and scenario.policy.mode == "historical":
        found["drawn-laws"] = {"policy.mode": "randomised"}
    return found


def _prices_and_links() -> Iterator[Case]:
    """What the contract of prices and links is tested on, equilibria among it, and rules that no shipped firm meets."""
    for group, parts in (("contract", PRICES_AND_LINKS), ("rules", RULES)):
        for title, part in parts.items():
            process = title.replace(",", "").replace(" ", "-")
            for pattern in PATTERNS:
                yield Case(f"{group}/{process}/{pattern}", (part,))


def _sizes() -> Iterator[Case]:
    """Batches of one scenario, small and large, with rows in different months."""
    for name in ("kets", "tokyo", "tps", "linked_kets"):
        for rows in (1, 3, 70, 300):
            for way, how in WAYS.items():
                yield Case(f"{name}-{rows}/{way}/uniform", ((name, {}),), rows, **how)


def _mixed() -> Iterator[Case]:
    """Batches of several scenarios and processes, with rows in different months."""
    names = nea_env.scenarios()
    mixes: dict[str, list[Part]] = {
        "all": [(name, FEW_LAWS) for name in names],
        "contract": [*PRICES_AND_LINKS.values(), *RULES.values()],
        "processes": [("kets_phase4", FEW_LAWS | changes) for changes in _processes("kets_phase4").values()],
    }
    rng = np.random.default_rng(5)
    for number in range(10):
        mixes[f"{number}"] = [(str(name), FEW_LAWS) for name in rng.choice(names, 5, replace=False)]
    for mix, parts in mixes.items():
        for way, how in WAYS.items():
            for pattern in PATTERNS[:2]:
                yield Case(f"mixed-{mix}/{way}/{pattern}", tuple(parts), max(20, 2 * len(parts)), **how)
