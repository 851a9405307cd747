"""What a solver returns: a finite Markov chain of prices, of one market or of two that are linked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.equilibrium.waiting import Opening, SettledMonth, WaitingMonth


@dataclass(frozen=True)
class Chain:
    """The price process of one market: a finite Markov chain on (aggregate bank, shock); prices are exact martingales.

    The bank lands between two nodes of its grid; the chain goes to one or the other with chances that keep its
    mean, so a price at the nodes is the discounted expectation of the next, to the last digit.

    Attributes:
        running: (T + 1, B, Z) money/t, price of the vintage of the period whose emissions accrue.
        worth: (T + 1, B, Z) money/t, what a unit of the running vintage is worth to a firm that carries units over:
            more than the price where a limit on net sales may bind, see `clearing`.
        after: (T + 1, B, Z) money/t, price of the vintage after it.
        landing: (T, B, Z) the bank that the month leads to, as a place on the grid, 0 to B - 1.
        outcome: (T, B, Z) WITHIN where the running price is the value of a unit carried, as in all months but a
            year's last; LAPSED where the limit on carrying binds, SHORT where units are missing: then it is not.
        lapse: (T + 1, B, Z) probability that the limit on carrying binds at the end of the running period.
        first: the month of the first table. Under a tree of laws T are the months in which this one is the last that
            was announced, and the tables after them are the means over the laws that may follow.
        waiting: months in which a period that has ended is not settled, by their number: they have tables of their own,
            and those above are zero.
        settled: the settlement of such a period in the first month; None: there is none.
        waits: months at whose start such a period is not settled, of all the tree.
        second_banks: nodes of the running bank in them, M; a wait begins at the middle one.
        ends: what holds at the start of the month after the last, before it is known which law follows.
    """

    problem: Problem
    running: Array
    worth: Array
    after: Array
    landing: Array
    outcome: NDArray[np.int8]
    lapse: Array
    first: int = 0
    waiting: dict[int, WaitingMonth] = field(default_factory=dict)
    settled: SettledMonth | None = None
    waits: frozenset[int] = frozenset()
    second_banks: int = 1
    ends: Opening | None = None

    @property
    def start_chances(self) -> Array:
        """(B,) chances of the nodes at the start: a lottery between the two about the bank, which keeps its mean."""
        banks = self.problem.banks
        step = (banks[-1] - banks[0]) / (len(banks) - 1)
        place = (self.problem.start_bank - banks[0]) / step
        return np.clip(1.0 - np.abs(np.arange(len(banks)) - place), 0.0, 1.0)


@dataclass(frozen=True)
class LinkedChain:
    """The price processes of two linked markets: a finite Markov chain on (home bank, partner bank, both shocks).

    Each bank lands between two nodes of its grid, and the four nodes about the pair are drawn so that both means are
    kept: a price at the nodes is its own discounted expectation to the last digit. Shock state z is
    (home state) x Z2 + (partner state). A pool has one bank, counted in home units:
    then B2 is 1 and ``imports`` is 0.

    Attributes:
        home, partner, terms: what was solved.
        home_banks, partner_banks: (B1,), (B2,) grids; of a pool, (B,) of the pool and [0].
        chances: (Z, Z) monthly transition of the pair of shocks.
        home_running, partner_running: (T + 1, B1, B2, Z) price of the vintage whose emissions accrue, each in its
            own money per t.
        home_worth, partner_worth: (T + 1, B1, B2, Z) what a unit of it is worth to a firm that carries units over.
        home_after, partner_after: (T + 1, B1, B2, Z) price of the vintage after it.
        home_landing, partner_landing: (T, B1, B2, Z) place of each bank on its grid after the month.
        home_outcome, partner_outcome: (T, B1, B2, Z) WITHIN, LAPSED or SHORT.
        home_lapse, partner_lapse: (T + 1, B1, B2, Z) probability that the limit on carrying binds at the period's end.
        imports: (T, B1, B2, Z) home units that imports stand for; negative: exports of home units.
    """

    home: Problem
    partner: Problem
    terms: Terms
    home_banks: Array
    partner_banks: Array
    chances: Array
    home_running: Array
    partner_running: Array
    home_worth: Array
    partner_worth: Array
    home_after: Array
    partner_after: Array
    home_landing: Array
    partner_landing: Array
    home_outcome: NDArray[np.int8]
    partner_outcome: NDArray[np.int8]
    home_lapse: Array
    partner_lapse: Array
    imports: Array

    @property
    def start(self) -> tuple[float, float, int]:
        """Places of the two banks at the start, and the index of the pair of shocks."""
        state = self.home.start_shock * len(self.partner.shocks) + self.partner.start_shock
        if len(self.partner_banks) == 1:
            share = self.terms.scale / self.terms.units
            return _place(self.home_banks, self.home.start_bank + share * self.partner.start_bank), 0.0, state
        return (
            _place(self.home_banks, self.home.start_bank),
            _place(self.partner_banks, self.partner.start_bank),
            state,
        )


def _place(banks: Array, bank: float) -> float:
    return float(np.interp(bank, banks, np.arange(len(banks))))
