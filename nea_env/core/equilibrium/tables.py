"""The equilibrium price law as the kernels read it: the market solved once, its chain laid out flat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nea_env.core import parameters as col
from nea_env.core.equilibrium.problem import Problem
from nea_env.core.equilibrium.solved import is_joint, solved_market, solved_pair
from nea_env.core.equilibrium.terms import LinkedChain
from nea_env.core.periods import Period, next_deadline
from nea_env.scenario import Scenario

RUNNING, AFTER, PARTNER_RUNNING, LANDING, OUTCOME, PARTNER_LANDING, PARTNER_OUTCOME, LAPSE = range(8)
"""Places in a record: prices of the running vintage, of the one after, of the partner's running one, money/t; where
the bank lands and how a period ends (-1: none does), at home and abroad; probability that units will lapse."""

RECORD = 8


def fill_equilibrium(
    monthly: np.ndarray, static: np.ndarray, scenario: Scenario, found: tuple[Period, ...]
) -> np.ndarray:
    """Solve the scenario's market, or both linked ones; fill its columns and return the chain, (G,).

    The layout: the cumulative chances of the shocks (Z, Z), then a record for each place of the chain in each month
    (T + 1, B1, B2, Z, RECORD), where T is the scenario's own length in months and B2 is 1 without a partner. What a
    month needs of a place stands together, since places far apart in memory are what costs time.
    """
    joint = is_joint(scenario)
    chain = solved_pair(scenario) if joint else solved_market(scenario)
    if isinstance(chain, LinkedChain):
        market, banks, partner_banks, chances = chain.home, chain.home_banks, chain.partner_banks, chain.chances
        node, partner_node, shock = chain.start
        running, after, abroad = chain.home_running, chain.home_after, chain.partner_running
        landing, landing_abroad = chain.home_landing, chain.partner_landing
        outcomes = _where_ended(chain.home_outcome, market), _where_ended(chain.partner_outcome, chain.partner)
        lapse = chain.home_lapse
    else:
        market, banks, partner_banks, chances = chain.problem, chain.problem.banks, np.zeros(1), chain.problem.chances
        node, partner_node = (market.start_bank - banks[0]) / (banks[1] - banks[0]), 0.0
        shock = market.start_shock
        running, after, landing, lapse = (
            part[:, :, None, :] for part in (chain.running, chain.after, chain.landing, chain.lapse)
        )
        abroad, landing_abroad = np.zeros_like(running), np.zeros_like(landing)
        outcomes = _where_ended(chain.outcome[:, :, None, :], market), np.full(landing.shape, -1.0)
    months = len(monthly) - 1
    for column, value in {
        col.P_GRID_BANKS: len(banks),
        col.P_GRID_PARTNER_BANKS: len(partner_banks),
        col.P_GRID_SHOCKS: len(chances),
        col.P_GRID_LOW: banks[0],
        col.P_GRID_STEP: banks[1] - banks[0],
        col.P_GRID_NODE: node,
        col.P_GRID_PARTNER_NODE: partner_node,
        col.P_GRID_SHOCK: shock,
    }.items():
        static[column] = value
    for t in range(len(monthly)):
        due = next_deadline(found, t)
        if due is not None:
            last = [p for p in found if p.deadline == due][-1]
            monthly[t, col.M_FRONT_RUNNING] = float(t <= last.end)
    records = np.zeros((months + 1, *running.shape[1:], RECORD))
    for field, table in (
        (RUNNING, running), (AFTER, after), (PARTNER_RUNNING, abroad), (LANDING, landing), (OUTCOME, outcomes[0]),
        (PARTNER_LANDING, landing_abroad), (PARTNER_OUTCOME, outcomes[1]), (LAPSE, lapse),
    ):  # fmt: skip
        length = min(len(table), months + 1)
        records[:length, ..., field] = table[:length]
    return np.concatenate([np.cumsum(chances, axis=1).ravel(), records.ravel()])


def _where_ended(outcome: NDArray[np.int8], market: Problem) -> NDArray[np.float64]:
    """Outcomes (T, ...) in the months that end a period, -1 in the others."""
    ends = np.asarray(market.year_end)[:, None, None, None] > 0.0
    return np.where(ends, outcome, -1).astype(np.float64)
