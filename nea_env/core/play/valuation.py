"""What a firm's position is worth at a price: the mark to market of its books.

At a martingale price every tonne held or owed is worth the long price, and capacity is worth its saving to
the end of production plus its residual. Both are linear in the price: value = tonnes x price + money.
"""

from __future__ import annotations

import math

from nea_env.core.jit import jit
from nea_env.core.layout import QUEUE, SLOTS, TECHS, State
from nea_env.core.parameters import Month, Static
from nea_env.core.play.links import foreign_worth
from nea_env.core.rules.abatement import book_value


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
        horizon = int(static[p, Static.HORIZON])
        discount, growth = static[p, Static.DISCOUNT], static[p, Static.BOOK_GROWTH]
        position = (
            state[i, State.FRONT]
            + state[i, State.NEXT]
            - state[i, State.OWED]
            - state[i, State.DEBT]
            - state[i, State.ACCRUED]
        )
        position += state[i, State.OFFSETS] * min(
            1.0, math.exp(state[i, State.LOG_OFFSET_RATIO]) / static[p, Static.OFFSET_MULTIPLIER]
        )
        if static[p, Static.LINKS] > 0.0:
            position += foreign_worth(i, state, world, static[p])
        for k in range(SLOTS):
            position -= state[i, State.CLOSED + k]
        cash = 0.0
        closing = discount ** (horizon - 1 - t)
        for k in range(TECHS):
            capex, opex, life = (
                static[p, Static.CAPEX + k],
                static[p, Static.OPEX + k],
                static[p, Static.LIFE_DISCOUNT + k],
            )
            months_left = monthly[p, t, Month.PRODUCING_MONTHS]
            position += state[i, State.CAPACITY + k] * months_left
            cash -= opex * state[i, State.CAPACITY + k] * annuity(discount, 0, months_left)
            cash += closing * book_value(
                state[i, State.CAPACITY + k], state[i, State.AGED + k] * growth**horizon, capex, life
            )
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
