"""The equilibrium price process as the kernels read it: the market solved once, its chain laid out flat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import LinkedChain
from nea_env.core.equilibrium.problem import Problem
from nea_env.core.lowering.aggregate.link import is_joint
from nea_env.core.lowering.aggregate.solved import solved_market, solved_pair
from nea_env.core.lowering.chain_cache import FlatChain, cached
from nea_env.core.lowering.periods import Period, next_deadline
from nea_env.core.parameters import Month, Record, Static
from nea_env.scenario import Scenario

COLUMNS = (
    Static.GRID_BANKS, Static.GRID_PARTNER_BANKS, Static.GRID_SHOCKS, Static.GRID_LOW, Static.GRID_STEP,
    Static.GRID_NODE, Static.GRID_PARTNER_NODE, Static.GRID_SHOCK, Static.GRID_ALONE,
)  # fmt: skip
"""Columns of `Static` that place the chain."""


def fill_equilibrium(
    monthly: np.ndarray, static: np.ndarray, scenario: Scenario, periods: tuple[Period, ...]
) -> np.ndarray:
    """Solve the scenario's market, or both linked ones; fill its columns and return the chain, (G,).

    The layout: the cumulative chances of the shocks (Z, Z), then a record for each place of the chain in each month
    (T + 1, B1, B2, Z, Record.size), where T is the scenario's own length in months and B2 is 1 without a partner. What
    a month needs of a place is stored together, since places far apart in memory are what costs time. Where a link may
    be cut by chance, records of both markets alone follow, (T + 1, B1 + B2, Z, Record.size), home's first.
    """
    months = len(monthly) - 1
    solving = _both if is_joint(scenario) else _alone
    head, chain = cached(scenario, lambda: solving(scenario, months))
    static[list(COLUMNS)] = head
    for t in range(len(monthly)):
        due = next_deadline(periods, t)
        if due is not None:
            last = [p for p in periods if p.deadline == due][-1]
            monthly[t, Month.FRONT_RUNNING] = float(t <= last.end)
    return chain


def _alone(scenario: Scenario, months: int) -> FlatChain:
    chain = solved_market(scenario)
    market, banks = chain.problem, chain.problem.banks
    step = banks[1] - banks[0]
    head = (
        len(banks),
        1,
        len(market.shocks),
        banks[0],
        step,
        (market.start_bank - banks[0]) / step,
        0,
        market.start_shock,
        0,
    )
    fields = {
        Record.RUNNING: chain.running,
        Record.WORTH: chain.worth,
        Record.AFTER: chain.after,
        Record.LANDING: chain.landing,
        Record.LAPSE: chain.lapse,
    }
    fields[Record.OUTCOME] = _where_ended(chain.outcome, market)
    records = _records({field: table[:, :, None, :] for field, table in fields.items()}, months)
    return np.array(head, np.float64), _flat(market.chances, records)


def _both(scenario: Scenario, months: int) -> FlatChain:
    chain = solved_pair(scenario)
    banks, others = chain.home_banks, chain.partner_banks
    node, other_node, shock = chain.start
    fields = {
        Record.RUNNING: chain.home_running,
        Record.WORTH: chain.home_worth,
        Record.AFTER: chain.home_after,
        Record.PARTNER_RUNNING: chain.partner_running,
        Record.PARTNER_WORTH: chain.partner_worth,
        Record.LANDING: chain.home_landing,
        Record.OUTCOME: _where_ended(chain.home_outcome, chain.home),
        Record.PARTNER_LANDING: chain.partner_landing,
        Record.PARTNER_OUTCOME: _where_ended(chain.partner_outcome, chain.partner),
        Record.LAPSE: chain.home_lapse,
    }
    flat, alone = _flat(chain.chances, _records(fields, months)), 0
    if chain.alone is not None:
        flat, alone = np.concatenate([flat, _after_a_cut(chain, months).ravel()]), len(flat)
    head = len(banks), len(others), len(chain.chances), banks[0], banks[1] - banks[0], node, other_node, shock, alone
    return np.array(head, np.float64), flat


def _after_a_cut(chain: LinkedChain, months: int) -> NDArray[np.float64]:
    """(months + 1, B1 + B2, Z, Record.size): home alone by its bank, then the partner, at every pair of shocks."""
    assert chain.alone is not None
    home, partner = chain.alone
    of_home, of_partner = np.divmod(np.arange(len(chain.chances)), len(partner.problem.shocks))
    own = {
        Record.RUNNING: home.running,
        Record.WORTH: home.worth,
        Record.AFTER: home.after,
        Record.LANDING: home.landing,
        Record.OUTCOME: _where_ended(home.outcome, home.problem),
        Record.LAPSE: home.lapse,
    }
    other = {
        Record.PARTNER_RUNNING: partner.running,
        Record.PARTNER_WORTH: partner.worth,
        Record.PARTNER_LANDING: partner.landing,
        Record.PARTNER_OUTCOME: _where_ended(partner.outcome, partner.problem),
    }
    return np.concatenate(
        [
            _records({field: table[:, :, of_home] for field, table in own.items()}, months),
            _records({field: table[:, :, of_partner] for field, table in other.items()}, months),
        ],
        axis=1,
    )


def _records(fields: dict[int, NDArray[np.float64]], months: int) -> NDArray[np.float64]:
    """Tables (T or T + 1, ..., Z) of a chain side by side, (months + 1, ..., Z, Record.size)."""
    records = np.zeros((months + 1, *next(iter(fields.values())).shape[1:], Record.size))
    for field, table in fields.items():
        length = min(len(table), months + 1)
        records[:length, ..., field] = table[:length]
    return records


def _flat(chances: NDArray[np.float64], records: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.cumsum(chances, axis=1).ravel(), records.ravel()])


def _where_ended(outcome: NDArray[np.int8], market: Problem) -> NDArray[np.float64]:
    """Outcomes (T, ...) in the months that end a period, -1 in the others."""
    ends = np.asarray(market.year_end).reshape(-1, *[1] * (outcome.ndim - 1)) > 0.0
    return np.where(ends, outcome, -1).astype(np.float64)
