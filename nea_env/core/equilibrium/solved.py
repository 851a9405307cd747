"""Equilibria already solved: kept in memory and on disk under the hash of all that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast
from zipfile import BadZipFile

import numpy as np
from tqdm import tqdm

from nea_env.core.equilibrium.aggregate import partner_problem, problem
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.problem import Chain, Problem
from nea_env.core.equilibrium.solve import solve
from nea_env.core.equilibrium.terms import LinkedChain, Terms
from nea_env.core.jit import cache_folder
from nea_env.scenario import Scenario, months_between

KEPT = 16  # in memory, and on disk for each version of the core
BAR_AFTER = 2.0  # seconds
PAIR_BANKS, PAIR_SHOCKS = 49, 3
"""Nodes of each bank and each shock where two systems are solved together."""

_PARTS = ("running", "after", "landing", "outcome", "lapse")
_PAIR_PARTS = (*(f"{side}_{name}" for side in ("home", "partner") for name in ("banks", *_PARTS)), "imports")
Solved = TypeVar("Solved", Chain, LinkedChain)
_IN_MEMORY: dict[str, Chain | LinkedChain] = {}


def is_joint(scenario: Scenario) -> bool:
    """Whether the equilibrium is that of the home market and its first partner: the partner's law is given as well."""
    if not scenario.links:
        return False
    link = scenario.links[0]
    solvable = link.regime is not None and link.market.aggregate is not None and link.type != "none"
    return scenario.market.law == "equilibrium" and solvable


def solved_market(scenario: Scenario) -> Chain:
    """The equilibrium of a scenario's own market; callers must not change it.

    A progress bar shows on stderr where solving takes longer than two seconds and stderr is a terminal.

    Raises:
        ValueError: see ``aggregate.problem`` and ``solve.solve``.
    """
    market = problem(scenario)
    return _kept(
        fingerprint(scenario),
        _PARTS,
        lambda parts: Chain(market, **parts),
        lambda: _with_bar(scenario.name, lambda bar: solve(market, bar)),
    )


def solved_pair(scenario: Scenario) -> LinkedChain:
    """The equilibrium of a scenario's market and that of its first partner; as ``solved_market``."""
    link = scenario.links[0]
    home = problem(scenario, banks=PAIR_BANKS, shocks=PAIR_SHOCKS)
    partner = partner_problem(link, scenario, banks=PAIR_BANKS, shocks=PAIR_SHOCKS)
    terms = link_terms(scenario, home)
    _check_deadlines(scenario, home, partner, terms)
    return _kept(
        fingerprint(scenario),
        _PAIR_PARTS,
        lambda parts: LinkedChain(
            home=home, partner=partner, terms=terms, chances=terms.chances(home, partner), **parts
        ),
        lambda: _with_bar(f"{scenario.name} and {link.name}", lambda bar: solve_linked(home, partner, terms, bar)),
    )


def link_terms(scenario: Scenario, home: Problem) -> Terms:
    """The terms of the first link, in the months of the home problem.

    Raises:
        ValueError: the link opens or breaks by chance, which an equilibrium of both systems cannot foresee.
    """
    link = scenario.links[0]
    for name in ("start_chance", "end_chance"):
        if getattr(link, name) is not None:
            raise ValueError(f"links.0.{name}: an equilibrium of both systems needs known dates; allowed: none")
    assert link.market.aggregate is not None and scenario.market.aggregate is not None
    months = np.arange(home.months)
    starts = months_between(scenario.start, link.starts) if link.starts else 0
    ends = months_between(scenario.start, link.ends) if link.ends else home.months
    quota = np.full(home.months, np.inf)
    if link.quota is not None:
        first = 0
        for month in np.flatnonzero(home.year_end).tolist():
            quota[month] = link.quota * home.emissions[first : month + 1].sum()
            first = month + 1
    return Terms(
        type=link.type,
        quota=quota,
        open=(starts <= months) & (months < ends),
        units=link.units,
        fee=link.fee,
        rate=link.fx.rate if link.fx else 1.0,
        scale=link.market.aggregate.emissions / scenario.market.aggregate.emissions,
        two_way=link.two_way,
        correlation=link.correlation,
    )


def _check_deadlines(scenario: Scenario, home: Problem, partner: Problem, terms: Terms) -> None:
    """A foreign unit must be one and the same from its purchase to the deadline that it counts at."""
    if terms.one_price:
        return
    if scenario.links[0].quota is None:
        raise ValueError(
            f"links.0.type: {terms.type} without a quota: between a period's end and its deadline nothing would hold"
            " its price to the home price in an equilibrium of both; allowed: full, exchange_rate, discount, or a quota"
        )
    if scenario.links[0].bankable:
        raise ValueError("links.0.bankable: units of a partner that is solved as well do not last; allowed: false")
    if not np.array_equal(home.year_end > 0, partner.year_end > 0):
        raise ValueError(
            f"links.0.type: {terms.type}: periods of {scenario.regime.name} and {scenario.links[0].name} end in"
            " different months, so an equilibrium of both needs one price; allowed: full, exchange_rate, discount"
        )


def _kept(
    key: str, names: tuple[str, ...], made: Callable[[dict[str, np.ndarray]], Solved], solving: Callable[[], Solved]
) -> Solved:
    if key not in _IN_MEMORY:
        stored = _read(key, names)
        _IN_MEMORY[key] = solving() if stored is None else made(stored)
        if stored is None:
            _write(key, {name: getattr(_IN_MEMORY[key], name) for name in names})
        while len(_IN_MEMORY) > KEPT:
            del _IN_MEMORY[next(iter(_IN_MEMORY))]
    return cast(Solved, _IN_MEMORY[key])


def fingerprint(scenario: Scenario) -> str:
    """Hash of the law, the markets, the links and the dates; the firm does not count."""
    parts = scenario.model_dump(mode="json", include={"start", "first", "last", "regime", "market", "links"})
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _with_bar(name: str, work: Callable[[Callable[[float], None]], Solved]) -> Solved:
    """Run ``work`` with a report of the share done, shown as a bar when it takes long."""
    with tqdm(total=100, desc=f"equilibrium of {name}", unit="%", delay=BAR_AFTER, disable=None, leave=False) as bar:
        return work(lambda share: bar.update(int(100.0 * share) - bar.n))


def _read(key: str, names: tuple[str, ...]) -> dict[str, np.ndarray] | None:
    try:
        with np.load(_folder() / f"{key}.npz") as file:
            return {name: file[name] for name in names}
    except (OSError, KeyError, ValueError, BadZipFile):  # not there, or cut short: solve again
        return None


def _write(key: str, arrays: dict[str, np.ndarray]) -> None:
    """Save atomically, and keep the newest files only; a full or read-only disk is no error."""
    folder = _folder()
    try:
        handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        Path(name).replace(folder / f"{key}.npz")
        files = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        for path in files[:-KEPT]:
            path.unlink(missing_ok=True)
    except OSError:
        return


def _folder() -> Path:
    folder = Path(cache_folder()) / "equilibria"
    folder.mkdir(exist_ok=True)
    return folder
