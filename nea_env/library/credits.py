"""Offset credits: what they are, what they cost, and which system lets its firms surrender them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from nea_env.library.catalogue import document, load_regime, names, validated
from nea_env.scenario import Model, Positive, Regime, Year


class Credit(Model):
    """One type of offset credit."""

    name: str
    title: str
    country: str
    currency: str
    since: Year | None = None  # first year of issue
    units: str = "tCO2e"  # what one credit represents
    prices: dict[Year, Positive] = Field(default_factory=dict)  # mean price by year, money per credit
    offered_as: tuple[str, ...]  # its names in the ``offsets`` of regimes; empty: no regime here accepts it


class Acceptance(NamedTuple):
    """What one type of credit counts for in one compliance period of a regime.

    Attributes:
        period: first year of the compliance period.
        type: the regime's name for the credit.
        credits: names of the shipped credits offered under it.
        limit_share: the most that counts, as a share of the base; no limit where the base is ``none``.
        limit_base: ``duty``, ``allocation``, ``required_reduction`` or ``none``.
        multiplier: home-usable tonnes per credit.
    """

    period: str
    type: str
    credits: tuple[str, ...]
    limit_share: float
    limit_base: str
    multiplier: float


def load_credit(name: str | Path) -> Credit:
    """One type of credit.

    Args:
        name: a shipped name, or a path such as mine.yaml.

    Raises:
        ScenarioError: with one line that names the file, the key, the value and what was allowed.
    """
    return validated(Credit, document("credit", name))


def accepts(regime: Regime | str | Path) -> tuple[Acceptance, ...]:
    """Which credits a regime accepts, by compliance period: ``Acceptance`` rows in the order of the law."""
    law = regime if isinstance(regime, Regime) else load_regime(regime)
    return tuple(
        Acceptance(period, kind, offered().get(kind, ()), rule.limit_share, rule.limit_base, rule.multiplier)
        for period, types in law.offsets.items()
        for kind, rule in types.items()
    )


@lru_cache
def offered() -> dict[str, tuple[str, ...]]:
    """Names of the shipped credits by the type they are offered as."""
    offers: dict[str, tuple[str, ...]] = {}
    for name in names("credit"):
        for kind in load_credit(name).offered_as:
            offers[kind] = (*offers.get(kind, ()), name)
    return offers
