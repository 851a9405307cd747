"""What a firm's position is worth at a price: the mark to market of its books.

At a martingale price every tonne held or owed is worth the long price, and capacity is worth its saving to
the end of production plus its residual. Both are linear in the price: value = tonnes x price + money.
"""

from __future__ import annotations

import math

from nea_env.core import parameters as col
from nea_env.core.abatement import book_value
from nea_env.core.jit import jit
from nea_env.core.layout import (
    ACCRUED,
    AGED,
    CAPACITY,
    CLOSED,
    DEBT,
    FRONT,
    LOG_OFFSET_RATIO,
    NEXT,
    OFFSETS,
    OWED,
    QUEUE,
    SLOTS,
    TECHS,
)  # fmt: skip
from nea_env.core.links import foreign_worth


@jit
def mark_rows(pick, ended, months, state, world, queue, static, monthly, tonnes, money):
    """Write the position of every row: ``tonnes`` (n,) worth the long price each, and ``money`` (n,) besides.

    An ended episode is worth nothing more: its last month has settled everything.
    """
    for i in range(pick.shape[0]):
        tonnes[i] = 0.0
        money[i] = 0.0
        if ended[i]:
            continue
        p, t = pick[i], months[i]
        horizon = int(static[p, col.P_HORIZON])
        discount, growth = static[p, col.P_DISCOUNT], static[p, col.P_BOOK_GROWTH]
        position = state[i, FRONT] + state[i, NEXT] - state[i, OWED] - state[i, DEBT] - state[i, ACCRUED]
        position += state[i, OFFSETS] * min(
            1.0, math.exp(state[i, LOG_OFFSET_RATIO]) / static[p, col.P_OFFSET_MULTIPLIER]
        )
        if static[p, col.P_LINKS] > 0.0:
            position += foreign_worth(i, state, world, static[p])
        for k in range(SLOTS):
            position -= state[i, CLOSED + k]
        cash = 0.0
        closing = discount ** (horizon - 1 - t)
        for k in range(TECHS):
            capex, opex, life = (
                static[p, col.P_CAPEX + k],
                static[p, col.P_OPEX + k],
                static[p, col.P_LIFE_DISCOUNT + k],
            )
            months_left = monthly[p, t, col.M_PRODUCING_MONTHS]
            position += state[i, CAPACITY + k] * months_left
            cash -= opex * state[i, CAPACITY + k] * annuity(discount, 0, months_left)
            cash += closing * book_value(state[i, CAPACITY + k], state[i, AGED + k] * growth**horizon, capex, life)
            for q in range(QUEUE):
                building = float(queue[i, k * QUEUE + q])
                if building > 0.0:
                    wait = (q - t // 3 - 1) % QUEUE + 1  # quarters until it comes on line, 1 to QUEUE
                    online = 3 * (t // 3 + wait) - t
                    saving = max(0.0, months_left - online)
                    position += building * saving
                    cash -= opex * building * annuity(discount, online, saving)
                    age = max(0, horizon - t - online)
                    cash += closing * book_value(building, building * growth**age, capex, life)
        tonnes[i] = position
        money[i] = cash


@jit
def annuity(discount, wait, months):
    """Present value of one unit of money in each of ``months`` months, the first after ``wait`` months."""
    if discount >= 1.0:
        return months
    return discount**wait * (1.0 - discount**months) / (1.0 - discount)
