"""A month of one market: what comes in at a price, and what a period's end lets firms carry over and owe.

Where output answers, a firm sells what its product fetches, abates up to the worth of a unit, and gets what units
follow its output. Its profit is convex in that worth, and the units that it has left over are the slope (Hotelling's
lemma): they never fall as the worth rises. So a price still clears the market once, also where the benchmark lies
above the intensity: then a dearer unit brings more output, and more units with it than the output takes.
"""

from __future__ import annotations

import numpy as np

from nea_env.core.columns import Columns, column
from nea_env.core.equilibrium.grid import at, place_of
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.jit import jit
from nea_env.core.rules.abatement import abatement_cost

RAMP = 0.01  # supply at a threshold price comes evenly within one per cent of it


class MarketMonth(Columns):
    """A month of a `Problem` as the kernels read it; units are shares of baseline emissions a year."""

    EMISSIONS = column("units", "baseline emissions")
    SUPPLY = column("units", "what comes whatever the price")
    AUCTIONED = column("units", "what comes above the reserve price")
    RESERVE_PRICE = column("money/t", "of the auction")
    OFFSETS = column("units", "credits that come above their price")
    OFFSET_PRICE = column("money/t", "of those credits, in the middle")
    OFFSET_SPREAD = column("1", "half the range of their prices, over the middle")
    RELEASED = column("units", "what the reserve releases above its price")
    RELEASE_PRICE = column("money/t", "of the reserve")
    BOUGHT_BACK = column("units", "what is bought back below its price")
    BUY_BACK_PRICE = column("money/t", "of that")
    RESPONSE = column("1", "withdrawn per unit of bank")
    FOLLOWING = column("units", "of the supply, what comes in proportion to output")
    OUTPUT_SLOPE = column("1/(units x money/t)", "relative output lost for the carbon cost of baseline output")
    YEAR_END = column("", "1 in the last month of a compliance period")
    CARRY_MULTIPLE = column("1", "of net sales that may be carried over")
    CARRY_BASE = column("units", "that may be carried over on top of them")
    UNLIMITED = column("", "1 where carrying over has no limit")
    DEFICIT = column("units", "gross shortfall of the short firms in the period")
    BROKERS = column("units", "carried over by intermediaries, outside the limit")
    BORROWING = column("units", "that may be borrowed of the next period")
    MISSING = column("money/t", "what a missing unit costs, discounted from the deadline to the period's end")
    LAPSING = column("money/t", "what a unit that lapses is worth, discounted likewise")
    SCALE = column("money/t", "of the marginal cost of abatement")
    STEEPNESS = column("1", "of the marginal cost of abatement")
    MAX_SHARE = column("1", "largest share of emissions that can be abated")
    SURPLUS_SHARE = column("1", "share of abatement, and of output, of firms with a surplus")
    LEAST_OUTPUT = column("1", "below which relative output does not fall")


def table(problem: Problem) -> Array:
    """(T, MarketMonth.size) the problem by month; prices of a deadline are discounted to the period's last month."""
    late = problem.discount ** np.asarray(problem.wait, float)
    discounted = {"missing": late * problem.shortage_price, "lapsing": late * problem.lapse_price}
    rows = np.empty((problem.months, MarketMonth.size))
    for name, number in MarketMonth.index.items():
        rows[:, number] = discounted[name] if name in discounted else getattr(problem, name)
    return rows


@jit
def abated_share(price, scale, steepness, max_share):
    """Share of emissions whose marginal cost of abatement, scale (exp(steepness share) - 1), lies below the price.

    ``price`` and ``scale`` in money/t.
    """
    return min(max(np.log1p(price / scale) / steepness, 0.0), max_share)


@jit
def relative_output(worth, emissions, row):
    """Output over its baseline: 1 less the slope times what the carbon of the month's baseline output costs.

    By the envelope theorem one more unit of output costs what it emits after abatement at the worth of a unit,
    and that abatement, less the units that follow it.

    Args:
        worth: of a unit to the firms, money/t.
        emissions: of the month at baseline output before abatement, shock included, units.
        row: (MarketMonth.size,) the month.
    """
    share = abated_share(worth, row[MarketMonth.SCALE], row[MarketMonth.STEEPNESS], row[MarketMonth.MAX_SHARE])
    steepness = row[MarketMonth.STEEPNESS]
    abating = abatement_cost(share, row[MarketMonth.SCALE], steepness, 1.0 / steepness)
    cost = emissions * (worth * (1.0 - share) + abating) - worth * row[MarketMonth.FOLLOWING]
    return max(1.0 - row[MarketMonth.OUTPUT_SLOPE] * cost, row[MarketMonth.LEAST_OUTPUT])


@jit
def units_taken(worth, emissions, row):
    """Units that firms emit whose output answers, less those that their output brings beyond its baseline's.

    It never rises with the worth of a unit: its slope is minus output_slope x (following - emissions (1 - share))^2,
    less what is abated more. Arguments as in `relative_output`.
    """
    output = relative_output(worth, emissions, row)
    share = abated_share(worth, row[MarketMonth.SCALE], row[MarketMonth.STEEPNESS], row[MarketMonth.MAX_SHARE])
    return output * emissions * (1.0 - share) - (output - 1.0) * row[MarketMonth.FOLLOWING]


@jit
def offered(price, threshold, amount, ramp=RAMP):
    """Units of ``amount`` that come about a threshold price, evenly over a ``ramp`` of it; prices in money/t."""
    if amount == 0.0:
        return 0.0
    return amount * min(max((price / threshold - 1.0) / ramp + 0.5, 0.0), 1.0) if threshold > 0.0 else amount


@jit
def bank_before_settlement(bank, emissions, price, worth, row):
    """Bank after the month's supply and emissions, units.

    Args:
        bank: at the start of the month, units.
        emissions: of the month at baseline output before abatement, shock included, units.
        price: of the running vintage, money/t.
        worth: of a unit to the firms with a surplus, which abate and produce up to it, money/t.
        row: (MarketMonth.size,) the month.
    """
    supply = row[MarketMonth.SUPPLY] - row[MarketMonth.RESPONSE] * bank
    supply += offered(price, row[MarketMonth.RESERVE_PRICE], row[MarketMonth.AUCTIONED])
    credits, price_of_credits = row[MarketMonth.OFFSETS], row[MarketMonth.OFFSET_PRICE]
    supply += offered(price, price_of_credits, credits, 2.0 * row[MarketMonth.OFFSET_SPREAD])
    supply += offered(price, row[MarketMonth.RELEASE_PRICE], row[MarketMonth.RELEASED])
    bought_back = row[MarketMonth.BOUGHT_BACK]
    supply -= bought_back - offered(price, row[MarketMonth.BUY_BACK_PRICE], bought_back)
    if row[MarketMonth.OUTPUT_SLOPE] > 0.0:
        taken = units_taken(price, emissions, row)
        if worth != price:
            taken += row[MarketMonth.SURPLUS_SHARE] * (units_taken(worth, emissions, row) - taken)
        return bank + supply - taken
    share = abated_share(price, row[MarketMonth.SCALE], row[MarketMonth.STEEPNESS], row[MarketMonth.MAX_SHARE])
    if worth != price:
        more = abated_share(worth, row[MarketMonth.SCALE], row[MarketMonth.STEEPNESS], row[MarketMonth.MAX_SHARE])
        share += row[MarketMonth.SURPLUS_SHARE] * (more - share)
    return bank + supply - emissions * (1.0 - share)


@jit
def carry_limit(row):
    """Largest bank, units, that can be carried in full out of the month ``row`` (MarketMonth.size,).

    Brokers hold theirs, firms a multiple of the net sales that leaves.
    """
    if row[MarketMonth.UNLIMITED] > 0.0:
        return np.inf
    multiple = row[MarketMonth.CARRY_MULTIPLE]
    return (
        multiple * row[MarketMonth.DEFICIT] + (1.0 + multiple) * row[MarketMonth.BROKERS] + row[MarketMonth.CARRY_BASE]
    )


@jit
def carried_at_limit(bank, row):
    """Bank, units, that is carried out of one above the limit of the month ``row`` (MarketMonth.size,).

    Sales end where what is left is just what they allow to carry.
    """
    multiple = row[MarketMonth.CARRY_MULTIPLE]
    firms = (multiple * (bank + row[MarketMonth.DEFICIT]) + row[MarketMonth.CARRY_BASE]) / (1.0 + multiple)
    return min(firms + row[MarketMonth.BROKERS], bank)


@jit
def least_carried(values, row, grid):
    """Smallest bank carried, units: all that may be borrowed, or more where a missing unit costs less than that.

    Where the next vintage is dearer than what a missing unit costs, firms pay and keep units until it no longer is.

    Args:
        values: (B,) discounted mean of what a unit carried is worth, by the bank carried, money/t; weakly falling.
        row: (MarketMonth.size,) the month.
        grid: of ``values``.
    """
    least = -row[MarketMonth.BORROWING]
    missing = row[MarketMonth.MISSING]
    if at(values, place_of(least, grid)) <= missing:
        return least
    above = grid.nodes - 1
    for node in range(grid.nodes):
        if values[node] <= missing:
            above = node
            break
    bank = grid.low + grid.step * above
    if above > 0 and values[above] < missing:
        bank -= grid.step * (missing - values[above]) / (values[above - 1] - values[above])
    return min(max(bank, least), carry_limit(row))
