"""Numbers that are each allowed but too far apart together are refused: no cost, price or observation may overflow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nea_env.core.parameters import LARGEST_MOVE, NEVER, Event, Month, Static
from nea_env.scenario import Abatement, Scenario

if TYPE_CHECKING:
    from nea_env.core.lowering.splice import Tables

LARGEST_COST = 1e15
"""Money per t: as much as any single number of a scenario may be."""

LEAST_EMISSIONS, LARGEST_EMISSIONS = 1e-3, 1e15
"""Baseline emissions, t a year: observations are shares of them."""

LARGEST_AMOUNT = 1e25
"""Free units, or credits that count, for one deadline, t: years of them stay below the largest state."""


def check_firm(scenario: Scenario) -> None:
    """Refuse a firm too small or too large to be played, and costs of abatement beyond all prices.

    Raises:
        ValueError: names the key, its value and what is allowed.
    """
    firm = scenario.firm
    if not LEAST_EMISSIONS <= firm.annual_emissions <= LARGEST_EMISSIONS:
        size = f" and scale {firm.scale:g}" if firm.scale != 1.0 else ""
        raise ValueError(
            f"firm.output: {firm.output:g}: with emission_intensity {firm.emission_intensity:g}{size} the firm emits"
            f" {firm.annual_emissions:g} t a year; allowed: {LEAST_EMISSIONS:g} to {LARGEST_EMISSIONS:g} t"
        )
    check_abatement("firm.abatement", firm.abatement)
    aggregate = scenario.market.aggregate
    if aggregate is not None and scenario.market.law == "equilibrium":
        check_abatement("market.aggregate.abatement", aggregate.abatement)


def check_abatement(where: str, abatement: Abatement) -> None:
    """Refuse a marginal cost, scale x (exp(steepness x max_share) - 1), above `LARGEST_COST`."""
    exponent = abatement.steepness * abatement.max_share
    most = math.log1p(LARGEST_COST / abatement.scale)
    if exponent > most:
        raise ValueError(
            f"{where}.steepness: {abatement.steepness:g}: the last tonne would cost more than {LARGEST_COST:g} money;"
            f" allowed with scale {abatement.scale:g} and max_share {abatement.max_share:g}: at most"
            f" {most / abatement.max_share:g}"
        )


def check_tables(tables: Tables) -> None:
    """Refuse what would overflow in the months ahead.

    Raises:
        ValueError: names the key, its value and what is allowed; or the first column that is not finite.
    """
    for name, table, columns in (
        ("static", tables.static, Static.index), ("monthly", tables.monthly, Month.index),
        ("events", tables.events, Event.index), ("grid", tables.grid, ()),
    ):  # fmt: skip
        wrong = np.argwhere(~np.isfinite(table))
        if len(wrong):
            what = list(columns)[wrong[0][-1]] if columns else name
            raise ValueError(f"numbers too far apart: {what} is {table[tuple(wrong[0])]}; allowed: finite numbers")
    _check_amounts(tables.monthly)
    permanent = tables.static[Static.PERMANENT]
    if permanent > 0.0:
        rows = tables.monthly[:, Month.AUCTION_EVENT].astype(int)
        most = tables.monthly[:, Month.VOLUME_LIMIT].sum() + tables.events[rows[rows >= 0], Event.AMOUNT].sum()
        if permanent * most > LARGEST_MOVE:
            annual = tables.static[Static.ANNUAL_EMISSIONS]
            raise ValueError(
                f"market.frictions.permanent_impact: {permanent * annual:g}: all that the firm may buy,"
                f" {most / annual:.3g} years of its emissions, would move the log price by {permanent * most:.3g};"
                f" allowed: at most {LARGEST_MOVE * annual / most:.3g}"
            )


def _check_amounts(monthly: np.ndarray) -> None:
    """Refuse more free units or credits for one deadline than are ever counted; NEVER stands for no limit."""
    fixed = monthly[:, Month.OFFSET_FIXED]
    credits = np.where(fixed == NEVER, 0.0, fixed) + monthly[:, Month.OFFSET_SHARE] * monthly[:, Month.FUTURE_EMISSIONS]
    units = monthly[:, Month.FUTURE_ALLOCATION]
    for where, what, amounts in (("firm", "free units", units), ("regime.offsets", "credits that count", credits)):
        if amounts.max() > LARGEST_AMOUNT:
            raise ValueError(
                f"{where}: {amounts.max():g} t of {what} for one deadline, from output, the law's numbers and"
                f" firm.allocation_correction together; allowed: at most {LARGEST_AMOUNT:g} t"
            )
