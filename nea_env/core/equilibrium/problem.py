"""A whole market by month, as the solver takes it; quantities are shares of baseline emissions a year ("units").

The market is two groups, since one representative firm would have no net sales: firms with a gross shortfall and
firms with a gross surplus. What they hold between them, less what they owe, is the aggregate bank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """One market. Arrays (T,) by month; what belongs to a year's end counts in its last month of emissions alone.

    Attributes:
        discount: monthly discount factor.
        emissions: baseline emissions of the month.
        supply: units that the month adds whatever the price: the free allocation, spread over its year.
        auctioned, reserve_price: units that the month adds above a price, money/t.
        offsets, offset_price: offset credits that the month adds, and the middle of the prices at which they come.
        offset_spread: half the range of these prices, over the middle: credits come evenly over it.
        released, release_price: reserve units that the month adds above a price.
        bought_back, buy_back_price: units that the month takes away below a price.
        response: units withdrawn per unit of bank, in the month.
        following: of the supply, what comes in proportion to the output of the month.
        output_slope: relative output that the market loses for each unit x money/t that the carbon of the month's
            baseline output costs; 0: output is fixed.
        year_end: 1 in the last month of a compliance period.
        wait: months from there to its deadline.
        carry_multiple, carry_base, unlimited: of net sales; units; 1 where carrying over has no limit.
        deficit: gross shortfall of the short firms in the period, net of what they buy at auction.
        brokers: units that intermediaries carry over outside the limit.
        borrowing: units that may be borrowed from the next period.
        shortage_price: what a missing unit costs at the deadline: the penalty, or the choke price where that is less;
            the running price at a year's end is never above it, since firms would rather pay.
        lapse_price: what a unit that must lapse is worth: the floor, or nothing.
        scale, steepness, max_share: abatement a of the month's emissions at a marginal cost of
            scale (exp(steepness a) - 1), money/t, up to the largest share.
        surplus_share: of that abatement, what firms with a gross surplus do; of output likewise.
        least_output: below which output does not fall, relative to the baseline.
        shocks, chances: (Z,) log shocks of the emissions, and (Z, Z) their monthly transition.
        banks: (B,) grid of the aggregate bank, increasing, evenly spaced; the lottery between two nodes adds to the
            spread of the bank, so a step must be small compared with the news of a few months.
        start_bank, start_shock: where it begins: a bank, and an index of ``shocks``.
        terminal: (B, Z) price of the running vintage after the last month.
    """

    discount: float
    emissions: Array
    supply: Array
    auctioned: Array
    reserve_price: Array
    offsets: Array
    offset_price: Array
    offset_spread: float
    released: Array
    release_price: Array
    bought_back: Array
    buy_back_price: Array
    response: Array
    following: Array
    output_slope: Array
    year_end: Array
    wait: Array
    carry_multiple: Array
    carry_base: Array
    unlimited: Array
    deficit: Array
    brokers: float
    borrowing: Array
    shortage_price: Array
    lapse_price: Array
    scale: float
    steepness: float
    max_share: float
    surplus_share: float
    least_output: float
    shocks: Array
    chances: Array
    banks: Array
    start_bank: float
    start_shock: int
    terminal: Array

    @property
    def months(self) -> int:
        """T."""
        return len(self.emissions)


def check(problem: Problem) -> None:
    """Whether a problem is well formed.

    Raises:
        ValueError: it is not; the message names the field.
    """
    months, banks, states = problem.months, len(problem.banks), len(problem.shocks)
    for name in (
        "supply auctioned reserve_price offsets offset_price released release_price bought_back buy_back_price "
        "response following output_slope year_end wait carry_multiple carry_base unlimited deficit borrowing "
        "shortage_price lapse_price"
    ).split():
        if np.shape(getattr(problem, name)) != (months,):
            raise ValueError(f"{name}: shape {np.shape(getattr(problem, name))} is not that of the months, ({months},)")
        if name not in ("supply", "following") and np.min(getattr(problem, name), initial=0.0) < 0.0:
            raise ValueError(f"{name}: {np.min(getattr(problem, name)):g} is negative")
    shapes = {"chances": (states, states), "terminal": (banks, states)}
    for name, shape in shapes.items():
        if getattr(problem, name).shape != shape:
            raise ValueError(f"{name}: shape {getattr(problem, name).shape} is not {shape}")
    if not 0.0 <= problem.least_output <= 1.0:
        raise ValueError(f"least_output: {problem.least_output:g} is not in [0, 1]")
    for name in Problem.__dataclass_fields__:
        if not np.all(np.isfinite(getattr(problem, name))):
            raise ValueError(f"{name}: not finite")
    if not problem.offset_spread > 0.0:
        raise ValueError(f"offset_spread: {problem.offset_spread:g} is not positive")
    if not 0.0 < problem.discount <= 1.0:
        raise ValueError(f"discount: {problem.discount:g} is not in (0, 1]")
    steps = np.diff(problem.banks)
    if banks < 2 or steps[0] <= 0.0 or np.ptp(steps) > 1e-9 * (problem.banks[-1] - problem.banks[0]):
        raise ValueError("banks: not an increasing, evenly spaced grid of two nodes or more")
    if not problem.banks[0] <= problem.start_bank <= problem.banks[-1]:
        ends = f"{problem.banks[0]:g} to {problem.banks[-1]:g}"
        raise ValueError(f"start_bank: {problem.start_bank:g} is off the grid of banks, {ends}")
    if not 0 <= problem.start_shock < states:
        raise ValueError(f"start_shock: {problem.start_shock} is no index of the {states} shocks")
    if np.min(problem.chances) < 0.0 or np.max(np.abs(problem.chances.sum(axis=1) - 1.0)) > 1e-12:
        raise ValueError("chances: rows are not probabilities that sum to one")
    if np.min(problem.terminal) < 0.0 or np.max(np.diff(problem.terminal, axis=0)) > 0.0:
        raise ValueError("terminal: prices must be positive or zero and must not rise with the bank")
