"""From a validated scenario to the number tables that the kernels read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nea_env.core import parameters as col
from nea_env.core.calendar import events
from nea_env.core.equilibrium.tables import fill_equilibrium
from nea_env.core.law_months import fill_deadlines, fill_due, fill_law
from nea_env.core.layout import TECHS
from nea_env.core.link_terms import LEAST, link_columns
from nea_env.core.magnitudes import check_firm, check_tables
from nea_env.core.market_months import fill_auctions, fill_market, fill_triggers, opening
from nea_env.core.outlook import Outlook, ends_of
from nea_env.core.periods import Period, starting_units
from nea_env.core.policy import laws
from nea_env.core.price_laws import bootstrap_table, law_columns
from nea_env.scenario import Scenario, ScenarioError, add_months, months_between

LAW_COLUMNS = {
    name.removeprefix("law_"): index for index, name in enumerate(col.STATIC) if col.P_LAW <= index <= col.P_PULL
}
"""Columns of what ``price_laws.law_columns`` finds."""

DRAWN_KEPT = 8  # randomised scenarios
MINIMUM_BOOK_RATE = 1e-6  # keeps the annuity of a book value defined at a discount rate of zero


@dataclass(frozen=True)
class Tables:
    """One scenario as numbers: static (P,), monthly (horizon + 1, M), events (E, W), and the price law's table (G,)."""

    static: np.ndarray
    monthly: np.ndarray
    events: np.ndarray
    grid: np.ndarray
    horizon: int
    exposure: float  # discounted baseline emissions x reference price, money


@dataclass(frozen=True)
class Lowered:
    """The laws that a scenario's episodes draw from, and each as tables."""

    laws: tuple[Scenario, ...]
    tables: tuple[Tables, ...]


_DRAWN: dict[str, Lowered] = {}
"""Randomised scenarios already lowered: dozens of laws take seconds, and every environment of one needs the same."""


def lowered(scenario: Scenario) -> Lowered:
    """Every law that a scenario's episodes play, as tables, which callers must not change.

    Raises:
        ScenarioError: its calendar cannot be settled, there is nothing to draw from, or its numbers are so far apart
            that the arithmetic of a month would overflow.
    """
    try:
        return _lowered(scenario)
    except ValueError as error:
        raise ScenarioError(f"scenario {scenario.name}: {error}") from None


def _lowered(scenario: Scenario) -> Lowered:
    if scenario.policy.mode == "historical":
        return Lowered((scenario,), (lower(scenario),))
    key = scenario.model_dump_json()
    if key not in _DRAWN:
        found, ends = laws(scenario), ends_of(scenario)
        _DRAWN[key] = Lowered(found, tuple(lower(law, ends) for law in found))
        while len(_DRAWN) > DRAWN_KEPT:
            del _DRAWN[next(iter(_DRAWN))]
    return _DRAWN[key]


def lower(scenario: Scenario, ends: tuple[Scenario, Scenario] | None = None) -> Tables:
    """Turn a scenario into tables.

    Args:
        scenario: one law.
        ends: its lowest and highest (``outlook.ends_of``), which laws drawn from the same ranges share.

    Raises:
        ValueError: its calendar cannot be settled (see ``consistency.check``), or its numbers overflow (see
            ``magnitudes``).
    """
    check_firm(scenario)
    horizon = months_between(scenario.start, scenario.end) + 1
    outlook = Outlook(scenario, ends)
    found = outlook.periods
    table, months = events(scenario)
    monthly = np.zeros((horizon + 1, len(col.MONTHLY)))
    static = _static(scenario, found, horizon)
    _fill_firm(monthly, scenario, found)
    fill_market(monthly, scenario, found)
    table = fill_deadlines(monthly, outlook, table, months)
    table = fill_auctions(monthly, scenario, found, table)
    table = fill_triggers(monthly, outlook, table)
    fill_due(monthly, outlook)
    fill_law(monthly, outlook)
    _fill_investment(monthly, static, outlook)
    grid = bootstrap_table(scenario.market)
    if scenario.market.law == "equilibrium":
        grid = fill_equilibrium(monthly, static, scenario, found)
    monthly[:, col.M_FIRST_EVENT] = np.searchsorted(months, np.arange(horizon + 1), side="left")
    monthly[:, col.M_LAST_EVENT] = np.searchsorted(months, np.arange(horizon + 1), side="right")
    monthly[horizon, col.M_LAST_EVENT] = monthly[horizon, col.M_FIRST_EVENT]
    discount = static[col.P_DISCOUNT] ** np.arange(horizon)
    exposure = float(discount @ monthly[:horizon, col.M_EMISSIONS]) * scenario.market.price
    tables = Tables(static, monthly, table, grid, horizon, exposure)
    check_tables(tables)
    return tables


def _static(scenario: Scenario, found: tuple[Period, ...], horizon: int) -> np.ndarray:
    firm, market = scenario.firm, scenario.market
    month = 1.0 / 12.0
    offset = market.offset
    front, after = starting_units(found)
    borrowing = scenario.regime.borrowing.get(found[0].year)
    before_opening = 0 if scenario.regime.market_opens is None else max(0, opening(scenario, horizon))
    subsidy, abatement, choice = scenario.regime.subsidy_share, firm.abatement, firm.output_choice
    values = {
        col.P_DISCOUNT: math.exp(-market.discount_rate * month),
        col.P_LOG_DRIFT: market.discount_rate * month,
        col.P_PRICE_SD: market.volatility * math.sqrt(month),
        col.P_HAS_OFFSET: float(offset is not None),
        col.P_OFFSET_MULTIPLIER: _offset_multiplier(scenario),
        col.P_OFFSET_DRIFT: -0.5 * offset.volatility**2 * month if offset else 0.0,
        col.P_OFFSET_SD: offset.volatility * math.sqrt(month) if offset else 0.0,
        col.P_PERSISTENCE: firm.output_shock.persistence,
        col.P_DEMAND_SD: firm.output_shock.volatility,
        col.P_INTENSITY: firm.emission_intensity,
        col.P_ANNUAL: firm.annual_emissions,
        col.P_ANNUAL_OUTPUT: firm.output,
        col.P_PER_ANNUAL: 1.0 / firm.annual_emissions,
        col.P_PER_MONTH_OUTPUT: 12.0 / firm.output,
        col.P_PER_HORIZON: 1.0 / horizon,
        col.P_ABATE_SCALE: abatement.scale,
        col.P_ABATE_STEEPNESS: abatement.steepness,
        col.P_ABATE_MAX: abatement.max_share,
        col.P_ABATE_PER_SCALE: 1.0 / abatement.scale,
        col.P_ABATE_PER_STEEPNESS: 1.0 / abatement.steepness,
        col.P_ABATE_PER_SHARE: 1.0 / (abatement.steepness * abatement.max_share) if abatement.max_share > 0.0 else 0.0,
        col.P_INVEST_RATE: firm.invest_rate,
        col.P_SPREAD: market.frictions.spread,
        col.P_IMPACT: market.frictions.impact,
        col.P_PER_REWARD_SCALE: 12.0 / (firm.annual_emissions * market.price),
        col.P_REWARD_SCALE: firm.annual_emissions * month * market.price,
        col.P_LOG_REFERENCE: math.log(market.price),
        # actions are float32, so a duty is met to one part in a million of a year's emissions
        col.P_ROUNDING: 1e-6 * firm.annual_emissions,
        col.P_HORIZON: horizon,
        col.P_QUOTE_SD: market.quote_noise,
        col.P_LEAST_PRICE: LEAST * market.price,
        col.P_STALE: market.stale,
        col.P_PERMANENT: market.frictions.permanent_impact / firm.annual_emissions,
        col.P_TRADABLE: float(scenario.regime.market_opens is not None),
        col.P_REFERENCE_MONTHS: _reference_months(scenario),
        col.P_FLEXIBILITY: choice.flexibility if choice else 0.0,
        col.P_MARGIN_SLOPE: choice.margin_slope if choice else 0.0,
        col.P_SUBSIDY: subsidy / (1.0 - subsidy),
        col.P_LAWS: 1.0,
        col.P_CARRIES_ONCE: float(any(rule.limit == "next_period_only" for rule in scenario.regime.banking.values())),
        col.P_BOOK_GROWTH: math.exp(max(market.discount_rate, MINIMUM_BOOK_RATE) * month),
        # the market opens at the reference price in today's money: no news moves the price before
        col.P_START_LOG_PRICE: math.log(market.price) - market.discount_rate * month * before_opening,
        col.P_START_LOG_OFFSET_RATIO: math.log(offset.ratio) if offset else 0.0,
        col.P_START_FRONT: front,
        col.P_START_NEXT: after,
        col.P_START_BORROW_LIMIT: borrowing.share if borrowing else 0.0,
        col.P_START_ACCRUED: sum(_relative_output(scenario, t) for t in range(found[0].first, 0)) * month,
    }
    for k, tech in enumerate(firm.technologies):
        values[col.P_POTENTIAL + k] = tech.potential_share * firm.annual_emissions * month
        values[col.P_PER_POTENTIAL + k] = 1.0 / values[col.P_POTENTIAL + k] if tech.potential_share > 0.0 else 0.0
        values[col.P_CAPEX + k] = 12.0 * tech.capex * (1.0 - subsidy)
        values[col.P_OPEX + k] = tech.opex
        values[col.P_LEAD + k] = tech.lead_months
        values[col.P_LIFE_DISCOUNT + k] = values[col.P_BOOK_GROWTH] ** (-12.0 * tech.life_years)
    static = np.zeros(len(col.STATIC))
    for column, value in values.items():
        static[column] = value
    for name, value in law_columns(market).items():
        if name in LAW_COLUMNS:
            static[LAW_COLUMNS[name]] = value
    for column, value in link_columns(scenario, horizon).items():
        static[column] = value
    return static


def _reference_months(scenario: Scenario) -> int:
    """Months of the mean that price triggers look at: one number a scenario, since the mean is kept as a sum."""
    found = {rule.reference_months for year, rule in scenario.regime.stabilisation.items() if year in scenario.periods}
    if len(found) > 1:
        raise ValueError(
            f"regime.stabilisation: reference_months is {' and '.join(map(str, sorted(found)))} in the years played:"
            " one number a scenario"
        )
    return found.pop() if found else 0


def _offset_multiplier(scenario: Scenario) -> float:
    series = scenario.market.offset
    for year in scenario.periods:
        rule = scenario.regime.offsets.get(year, {}).get(series.type) if series else None
        if rule is not None:
            return rule.multiplier
    return 1.0


def _relative_output(scenario: Scenario, t: int) -> float:
    """Output relative to baseline in a month, which may lie before the start."""
    return scenario.firm.output_path.get(add_months(scenario.start, t)[:4], 1.0)


def _fill_firm(monthly: np.ndarray, scenario: Scenario, found: tuple[Period, ...]) -> None:
    firm = scenario.firm
    month = int(scenario.start[5:]) - 1
    variance = 0.0
    for t in range(len(monthly)):
        index = (month + t) % 12
        monthly[t, col.M_SEASON_SIN] = math.sin(2.0 * math.pi * index / 12.0)
        monthly[t, col.M_SEASON_COS] = math.cos(2.0 * math.pi * index / 12.0)
        monthly[t, col.M_TURNOVER] = scenario.market.turnover[index]
        monthly[t, col.M_OUTPUT_CORRECTION] = 0.5 * variance
        variance = firm.output_shock.persistence**2 * variance + firm.output_shock.volatility**2
        if t <= found[-1].end:
            monthly[t, col.M_OUTPUT] = firm.output / 12.0 * _relative_output(scenario, t)
            monthly[t, col.M_EMISSIONS] = monthly[t, col.M_OUTPUT] * firm.emission_intensity


def _fill_investment(monthly: np.ndarray, static: np.ndarray, outlook: Outlook) -> None:
    """For capacity started in month t, per unit of its capex: months of saving, running cost, residual value."""
    horizon, scenario = len(monthly) - 1, outlook.scenario
    discount = static[col.P_DISCOUNT]
    producing = int(np.count_nonzero(monthly[:horizon, col.M_OUTPUT]))
    counted = _counted_months(outlook, producing)
    monthly[:, col.M_PRODUCING_MONTHS] = np.maximum(producing - np.arange(horizon + 1), 0)
    for k in range(min(len(scenario.firm.technologies), TECHS)):
        life, capex = static[col.P_LIFE_DISCOUNT + k], static[col.P_CAPEX + k]
        for t in range(horizon + 1):
            online = arrival(t, int(static[col.P_LEAD + k]))
            months = np.arange(online, producing) - t
            age = max(0, horizon - online)
            left = (1.0 - life * static[col.P_BOOK_GROWTH] ** age) / (1.0 - life)
            monthly[t, col.M_SAVING_MONTHS + k] = counted(t, online) / capex
            monthly[t, col.M_RUNNING_COST + k] = static[col.P_OPEX + k] * (discount**months).sum() / capex
            monthly[t, col.M_RESIDUAL + k] = left * discount ** max(0, horizon - 1 - t)


def _counted_months(outlook: Outlook, producing: int) -> Callable[[int, int], float]:
    """Months of production from a month on, each at the net duty that a tonne adds there, as known in month t."""
    found = outlook.periods
    if outlook.marginals == {1.0}:
        return lambda t, online: float(max(0, producing - online))

    def counted(t: int, online: int) -> float:
        total = 0.0
        for period in found:
            months = min(period.end + 1, producing) - max(period.first, online)
            total += max(0, months) * outlook.expected("marginal", period, t)
        return total

    return counted


def arrival(month: int, lead: int) -> int:
    """First month in which capacity started in ``month`` works: its lead time, rounded up to a quarter's start."""
    return -(-(month + lead) // 3) * 3
