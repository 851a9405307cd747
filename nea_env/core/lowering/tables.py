"""From a validated scenario to the number tables that the kernels read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nea_env.core.layout import TECHS
from nea_env.core.lowering.chain_cache import FlatChain
from nea_env.core.lowering.draws import drawn_at, firms_and_markets, statutes
from nea_env.core.lowering.equilibrium_chain import chain_of, fill_equilibrium
from nea_env.core.lowering.events import events
from nea_env.core.lowering.law_tree import has_tree, law_tree
from nea_env.core.lowering.link_terms import LEAST_SHOWN, link_columns
from nea_env.core.lowering.magnitudes import check_firm, check_tables
from nea_env.core.lowering.market_months import fill_auctions, fill_market, fill_triggers, opening
from nea_env.core.lowering.menu import menu_of, menu_uses
from nea_env.core.lowering.outlook import Outlook, ends_of
from nea_env.core.lowering.periods import Period, starting_units
from nea_env.core.lowering.power import fill_power, fill_saved_ahead, fill_saving
from nea_env.core.lowering.process_parameters import bootstrap_table, offset_parameters, process_parameters
from nea_env.core.lowering.replay import fill_replay
from nea_env.core.lowering.splice import Tables, spliced
from nea_env.core.lowering.statute_months import fill_deadlines, fill_due, fill_known
from nea_env.core.parameters import Month, Static
from nea_env.core.rules.abatement import arrival
from nea_env.scenario import Scenario, ScenarioError, add_months, months_between
from nea_env.scenario.ranges import bounds_of

DRAWN_KEPT = 8  # scenarios whose episodes draw something
MINIMUM_BOOK_RATE = 1e-6  # keeps the annuity of a book value defined at a discount rate of zero


@dataclass(frozen=True)
class Lowered:
    """The laws that a scenario's episodes draw from (``laws``), and each as tables."""

    laws: tuple[Scenario, ...]
    tables: tuple[Tables, ...]


_DRAWN: dict[str, Lowered] = {}
"""Scenarios with draws already lowered: dozens of laws take seconds, and every environment of one needs the same."""


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
    foresees = has_tree(scenario)
    if scenario.policy.mode == "historical" and not foresees and not scenario.drawn:
        return Lowered((scenario,), (lower(scenario),))
    key = scenario.model_dump_json()
    if key not in _DRAWN:
        _DRAWN[key] = _of_tree(scenario) if foresees else _drawn(scenario)
        while len(_DRAWN) > DRAWN_KEPT:
            del _DRAWN[next(iter(_DRAWN))]
    return _DRAWN[key]


def _drawn(scenario: Scenario) -> Lowered:
    drawn, ends = statutes(scenario), None if scenario.policy.mode == "historical" else ends_of(scenario)
    chain = (chain_of(scenario), 0) if scenario.market.law == "equilibrium" else None
    _refuse_idle(scenario, chain)
    return Lowered(drawn, tuple(lower(law, _with_its(law, ends), chain) for law in drawn))


def _with_its(law: Scenario, ends: tuple[Scenario, Scenario] | None) -> tuple[Scenario, Scenario] | None:
    """The lowest and the highest law, with the firm and the market of a draw."""
    if ends is None:
        return None
    low, high = (end.model_copy(update={"firm": law.firm, "market": law.market}) for end in ends)
    return low, high


def _refuse_idle(scenario: Scenario, chain: tuple[FlatChain, int] | None) -> None:
    """A number of the firm or the market that plays no part is a mistake: whoever lets it be drawn wants it."""
    bounds = bounds_of(scenario)
    middle = {path: 0.5 * (low + high) for path, (low, high) in bounds.items()}
    for path, ends in bounds.items():
        if ends[0] < ends[1]:
            low, high = (lower(drawn_at(scenario, {**middle, path: end}), None, chain) for end in ends)
            if low.are_those_of(high):
                section, _, key = path.partition(".")
                raise ValueError(
                    f"{section}.ranges.{key}: [{ends[0]:g}, {ends[1]:g}]: plays no part in this scenario; allowed:"
                    " numbers that change an episode"
                )


def _of_tree(scenario: Scenario) -> Lowered:
    """The laws on the paths of a tree, which episodes draw as often as it says; all share its chain."""
    tree = law_tree(scenario)
    chain, ends = chain_of(scenario, tree), None if scenario.market.beliefs else ends_of(scenario)
    _refuse_idle(scenario, (chain, 0))
    each = math.ceil(scenario.policy.draws / len(tree.laws)) if bounds_of(scenario) else 1  # firms that play a law
    laws, tables = [], []
    for number, values in enumerate(firms_and_markets(scenario, each * len(tree.laws))):
        k = number // each
        law, own = drawn_at(tree.laws[k].scenario, values), (chain, k)
        ends_here = _with_its(law, ends)
        before = [(month, lower(drawn_at(one, values), ends_here, own)) for month, one in tree.laws[k].earlier]
        tables.append(spliced(before, lower(law, ends_here, own)))
        laws.append(law)
    frequencies = np.repeat([law.frequency / each for law in tree.laws], each)
    if np.ptp(frequencies) > 0.0:
        for table, share in zip(tables, np.cumsum(frequencies), strict=True):
            table.static[Static.STATUTES_UP_TO] = share
    return Lowered(tuple(laws), tuple(tables))


def lower(
    scenario: Scenario,
    ends: tuple[Scenario, Scenario] | None = None,
    chain: tuple[FlatChain, int] | None = None,
) -> Tables:
    """Turn a scenario into tables.

    Args:
        scenario: one law.
        ends: its lowest and highest (``outlook.ends_of``), which laws drawn from the same ranges share.
        chain: under an equilibrium price the solved market, and the law's place in it; None: it is solved for this law.

    Raises:
        ValueError: its calendar cannot be settled (see ``consistency.check``), or its numbers overflow (see
            ``magnitudes``).
    """
    solved, scenario = scenario, scenario.played  # the price is that of a market in which the firm has no right alone
    check_firm(scenario)
    horizon = months_between(scenario.start, scenario.end) + 1
    outlook = Outlook(scenario, None if ends is None else (ends[0].played, ends[1].played))
    periods = outlook.periods
    table, months = events(scenario)
    monthly = np.zeros((horizon + 1, Month.size))
    static = _static(scenario, periods, horizon)
    _fill_firm(monthly, scenario, periods)
    fill_market(monthly, scenario, periods)
    table = fill_deadlines(monthly, outlook, table, months)
    table = fill_auctions(monthly, scenario, periods, table)
    table = fill_triggers(monthly, outlook, table)
    fill_due(monthly, outlook)
    fill_saved_ahead(monthly, scenario, periods)
    fill_known(monthly, outlook)
    _fill_investment(monthly, static, outlook)
    grid = bootstrap_table(scenario.market)
    if scenario.market.law == "equilibrium":
        flat, place = chain or (chain_of(solved), 0)
        grid = fill_equilibrium(monthly, static, flat, place, periods)
    elif scenario.market.law == "replay":
        grid = fill_replay(static, scenario, horizon)
    monthly[:, Month.FIRST_EVENT] = np.searchsorted(months, np.arange(horizon + 1), side="left")
    monthly[:, Month.LAST_EVENT] = np.searchsorted(months, np.arange(horizon + 1), side="right")
    monthly[horizon, Month.LAST_EVENT] = monthly[horizon, Month.FIRST_EVENT]
    discount = static[Static.DISCOUNT] ** np.arange(horizon)
    exposure = float(discount @ monthly[:horizon, Month.EMISSIONS]) * scenario.market.price
    tables = Tables(static, monthly, table, grid, menu_of(scenario), horizon, exposure)
    check_tables(tables)
    return tables


def _static(scenario: Scenario, periods: tuple[Period, ...], horizon: int) -> np.ndarray:
    firm, market = scenario.firm, scenario.market
    month = 1.0 / 12.0
    offset = market.offset
    front, after = starting_units(periods)
    borrowing = scenario.regime.borrowing.get(periods[0].year)
    before_opening = 0 if scenario.regime.market_opens is None else max(0, opening(scenario, horizon))
    subsidy, abatement, choice = scenario.regime.subsidy_share, firm.abatement, firm.output_choice
    values = {
        Static.DISCOUNT: math.exp(-market.discount_rate * month),
        Static.LOG_DRIFT: market.discount_rate * month,
        Static.PRICE_SD: market.volatility * math.sqrt(month),
        Static.HAS_OFFSET: float(offset is not None),
        Static.OFFSET_MULTIPLIER: _offset_multiplier(scenario),
        Static.PERSISTENCE: firm.output_shock.persistence,
        Static.DEMAND_SD: firm.output_shock.volatility,
        Static.ANNUAL_EMISSIONS: firm.annual_emissions,
        Static.ANNUAL_OUTPUT: firm.annual_output,
        Static.PER_ANNUAL: 1.0 / firm.annual_emissions,
        Static.PER_MONTH_OUTPUT: 12.0 / firm.annual_output,
        Static.PER_HORIZON: 1.0 / horizon,
        Static.ABATE_SCALE: abatement.scale,
        Static.ABATE_STEEPNESS: abatement.steepness,
        Static.ABATE_MAX: abatement.max_share,
        Static.ABATE_PER_SCALE: 1.0 / abatement.scale,
        Static.ABATE_PER_STEEPNESS: 1.0 / abatement.steepness,
        Static.ABATE_PER_SHARE: 1.0 / (abatement.steepness * abatement.max_share) if abatement.max_share > 0.0 else 0.0,
        Static.INVEST_RATE: firm.invest_rate,
        Static.SPREAD: market.frictions.spread,
        Static.IMPACT: market.frictions.impact,
        Static.MENU_SIZE: len(scenario.menu),
        Static.MENU_USES: menu_uses(scenario),
        Static.LOT: market.frictions.lot,
        Static.PER_LOT: 1.0 / market.frictions.lot if market.frictions.lot > 0.0 else 0.0,
        Static.PER_REWARD_SCALE: 12.0 / (firm.annual_emissions * market.price),
        Static.REWARD_SCALE: firm.annual_emissions * month * market.price,
        Static.LOG_REFERENCE: math.log(market.price),
        # actions are float32, so a duty is met to one part in a million of a year's emissions
        Static.ROUNDING: 1e-6 * firm.annual_emissions,
        Static.HORIZON: horizon,
        Static.QUOTE_SD: market.quote_noise,
        Static.LEAST_PRICE: LEAST_SHOWN * market.price,
        Static.STALE: market.stale,
        Static.PERMANENT: market.frictions.permanent_impact / firm.annual_emissions,
        Static.TRADABLE: float(scenario.regime.market_opens is not None),
        Static.REFERENCE_MONTHS: _reference_months(scenario),
        Static.FLEXIBILITY: choice.flexibility if choice else 0.0,
        Static.MARGIN_SLOPE: choice.margin_slope if choice else 0.0,
        Static.SUBSIDY: subsidy / (1.0 - subsidy),
        Static.STATUTES: 1.0,
        Static.CARRIES_ONCE: float(any(rule.limit == "next_period_only" for rule in scenario.regime.banking.values())),
        Static.BOOK_GROWTH: math.exp(max(market.discount_rate, MINIMUM_BOOK_RATE) * month),
        # the market opens at the reference price in today's money: no news moves the price before
        Static.START_LOG_PRICE: math.log(market.price) - market.discount_rate * month * before_opening,
        Static.START_FRONT: front,
        Static.START_NEXT: after,
        Static.START_BORROW_LIMIT: borrowing.share if borrowing else 0.0,
        Static.START_ACCRUED: sum(_relative_output(scenario, t) for t in range(periods[0].first, 0)) * month,
    }
    for k, tech in enumerate(firm.technologies):
        values[Static.POTENTIAL + k] = tech.potential_share * firm.annual_emissions * month
        values[Static.PER_POTENTIAL + k] = 1.0 / values[Static.POTENTIAL + k] if tech.potential_share > 0.0 else 0.0
        values[Static.CAPEX + k] = 12.0 * tech.capex * (1.0 - subsidy)
        values[Static.OPEX + k] = tech.opex
        values[Static.LEAD + k] = tech.lead_months
        values[Static.LIFE_DISCOUNT + k] = values[Static.BOOK_GROWTH] ** (-12.0 * tech.life_years)
    static = np.zeros(Static.size)
    for column, value in values.items():
        static[column] = value
    for name, value in offset_parameters(offset).items():
        static[Static.index[name]] = value
    for name, value in process_parameters(market).items():
        if name not in ("growth", "start"):  # no kernel reads them
            static[Static.index[name]] = value
    for column, value in link_columns(scenario, horizon).items():
        static[column] = value
    return static


def _reference_months(scenario: Scenario) -> int:
    """Months of the mean that price triggers look at: one number a scenario, since the mean is kept as a sum."""
    months = {rule.reference_months for year, rule in scenario.regime.stabilisation.items() if year in scenario.periods}
    if len(months) > 1:
        raise ValueError(
            f"regime.stabilisation: reference_months is {' and '.join(map(str, sorted(months)))} in the years played:"
            " one number a scenario"
        )
    return months.pop() if months else 0


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


def _fill_firm(monthly: np.ndarray, scenario: Scenario, periods: tuple[Period, ...]) -> None:
    firm = scenario.firm
    month = int(scenario.start[5:]) - 1
    variance = 0.0
    fill_power(monthly, scenario, periods)
    for t in range(len(monthly)):
        index = (month + t) % 12
        monthly[t, Month.SEASON_SIN] = math.sin(2.0 * math.pi * index / 12.0)
        monthly[t, Month.SEASON_COS] = math.cos(2.0 * math.pi * index / 12.0)
        monthly[t, Month.TURNOVER] = scenario.market.turnover[index]
        monthly[t, Month.OUTPUT_CORRECTION] = 0.5 * variance
        variance = firm.output_shock.persistence**2 * variance + firm.output_shock.volatility**2
        if t <= periods[-1].end:
            monthly[t, Month.OUTPUT] = firm.annual_output / 12.0 * _relative_output(scenario, t)
            monthly[t, Month.EMISSIONS] = monthly[t, Month.OUTPUT] * monthly[t, Month.INTENSITY]


def _fill_investment(monthly: np.ndarray, static: np.ndarray, outlook: Outlook) -> None:
    """For capacity started in month t, per unit of its capex: months of saving, running cost, residual value."""
    horizon, scenario = len(monthly) - 1, outlook.scenario
    discount = static[Static.DISCOUNT]
    producing = int(np.count_nonzero(monthly[:horizon, Month.OUTPUT]))
    counted = _counted_months(outlook, monthly[:, Month.SAVED : Month.SAVED + TECHS], producing)
    fill_saving(monthly, static, producing)
    monthly[:, Month.PRODUCING_MONTHS] = np.maximum(producing - np.arange(horizon + 1), 0)
    for k in range(min(len(scenario.firm.technologies), TECHS)):
        life, capex = static[Static.LIFE_DISCOUNT + k], static[Static.CAPEX + k]
        for t in range(horizon + 1):
            online = arrival(t, int(static[Static.LEAD + k]))
            months = np.arange(online, producing) - t
            age = max(0, horizon - online)
            left = (1.0 - life * static[Static.BOOK_GROWTH] ** age) / (1.0 - life)
            earned = discount ** (online - t) * monthly[min(online, horizon), Month.EARNED_LEFT + k] / capex
            monthly[t, Month.SAVING_MONTHS + k] = counted(k, t, online) / capex
            monthly[t, Month.RUNNING_COST + k] = static[Static.OPEX + k] * (discount**months).sum() / capex - earned
            monthly[t, Month.RESIDUAL + k] = left * discount ** max(0, horizon - 1 - t)


def _counted_months(outlook: Outlook, saved: np.ndarray, producing: int) -> Callable[[int, int, int], float]:
    """Months of production from a month on, each at the net duty that capacity saves there, as known in month t.

    ``saved`` (months, TECHS) is what a tonne of capacity avoids in a month.
    """
    if outlook.marginals == {1.0}:
        return lambda k, t, online: float(saved[online:producing, k].sum())

    def counted(k: int, t: int, online: int) -> float:
        total = 0.0
        for period in outlook.periods:
            months = slice(max(0, period.first, online), max(0, min(period.end + 1, producing)))
            total += float(saved[months, k].sum()) * outlook.expected("marginal", period, t)
        return total

    return counted
