"""The kernels that a batch calls: start rows, play a month and bring the news of the next, value the books."""

from __future__ import annotations

import numpy as np

from nea_env.core.blocks import LANES, Firms, Rules, columns_to_rows, lanes, on_stack, rows_to_columns
from nea_env.core.elementary import exp
from nea_env.core.jit import jit
from nea_env.core.layout import (
    FLOWS_FROM,
    HISTORY_FROM,
    PARTNERS,
    WORLD_FROM,
    Action,
    Flow,
    Observation,
    Row,
    State,
    World,
)
from nea_env.core.parameters import Order, Plan, Static
from nea_env.core.play.clearing import clear, fill_front, fill_offsets
from nea_env.core.play.decisions import invest, order, produce, remember_price
from nea_env.core.play.foreign import fill_foreign
from nea_env.core.play.links import start_links
from nea_env.core.play.menu import keep_to_menu
from nea_env.core.play.news import NEWS, quote_error, start_prices, turn
from nea_env.core.play.observe import observe
from nea_env.core.play.plan import plan
from nea_env.core.play.settlement import settle
from nea_env.core.play.valuation import close, mark
from nea_env.core.rng import WORDS, statute_of
from nea_env.core.rules.price_processes import GBM

NARROW = 4  # rows: a shorter run costs more than playing its rows singly
EXPONENT = np.int32(0x7F800000)  # all set: NaN or infinity
N_SEEN, N_ACTIONS, N_ORDERS, N_PLANS = Observation.size, Action.size, Order.size, Plan.size  # constants, for the stack


@jit(paste=True)
def firms_of(first, width, rows, books, memory):
    """A run of ``width`` firms from row ``first`` on, all in one block, and columns for the month being played.

    ``rows`` is (Row.size, n) int64, ``books`` (blocks, State, Flow and, where needed, World columns, LANES) float64,
    ``memory`` (blocks, TECHS * QUEUE + HISTORY, LANES) float32.
    """
    own, remembered = lanes(books, first // LANES, first % LANES), lanes(memory, first // LANES, first % LANES)
    return Firms(
        width,
        own[:FLOWS_FROM],
        own[WORLD_FROM:],
        own[FLOWS_FROM:WORLD_FROM],
        remembered[:HISTORY_FROM],
        remembered[HISTORY_FROM:],
        rows[Row.SEED, first : first + width],
        rows[Row.EPISODE, first : first + width],
        on_stack(N_ACTIONS, np.float32),
        on_stack(N_ORDERS, np.float64),
        on_stack(N_PLANS, np.float64),
        on_stack(WORDS, np.uint64),
        on_stack(NEWS, np.float64),
        on_stack(N_SEEN, np.float32),
        on_stack(1, np.int64)[0],
    )


@jit(inline=True)
def run_from(first, end, rows):
    """How many rows of one block from ``first`` on, before ``end``, stand in the same month of the same statute."""
    most, differs = min(end - first, LANES - first % LANES), 0
    month, statute, ended = rows[Row.MONTH, first], rows[Row.STATUTE, first], rows[Row.ENDED, first]
    for count in range(1, most):
        row = first + count
        if rows[Row.MONTH, row] != month or rows[Row.STATUTE, row] != statute or rows[Row.ENDED, row] != ended:
            return count
        if count == 1:  # then most often all of them do: a loop that is vectorised
            for other in range(row, first + most):
                differs |= rows[Row.MONTH, other] ^ month
                differs |= rows[Row.STATUTE, other] ^ statute
                differs |= rows[Row.ENDED, other] ^ ended
            if differs == 0:
                break
    return most


@jit
def restart(row, rows, books, memory, static, monthly, events, grids):
    """Put a row at the start of its next episode; no flows."""
    rows[Row.EPISODE, row] += 1
    books[row // LANES, FLOWS_FROM:WORLD_FROM, row % LANES] = 0.0
    start_row(row, rows, books, memory, static, monthly, events, grids)


@jit
def start_row(row, rows, books, memory, static, monthly, events, grids):
    """Put a row at the start of an episode, under the statute that it draws."""
    statute, count = rows[Row.STATUTE, row], static[rows[Row.STATUTE, row], Static.STATUTES]
    if count > 1.0:
        first = int(static[statute, Static.FIRST_STATUTE])
        up_to = static[first : first + int(count), Static.STATUTES_UP_TO]
        statute = first + statute_of(rows[Row.SEED, row], rows[Row.EPISODE, row], up_to)
        rows[Row.STATUTE, row] = statute
    rows[Row.MONTH, row] = 0
    rows[Row.ENDED, row] = 0
    books[row // LANES, :FLOWS_FROM, row % LANES] = 0.0
    books[row // LANES, WORLD_FROM:, row % LANES] = 0.0
    memory[row // LANES, :, row % LANES] = 0.0
    firms = firms_of(row, 1, rows, books, memory)
    rules = Rules(static[statute], monthly[statute], events[statute], grids)
    state, own = firms.state, rules.own
    state[State.LOG_PRICE, 0] = own[Static.START_LOG_PRICE]
    state[State.PRICE, 0] = exp(own[Static.START_LOG_PRICE])
    state[State.LOG_OFFSET_RATIO, 0] = own[Static.START_LOG_OFFSET_RATIO]
    state[State.FRONT_RATIO, 0] = 1.0
    state[State.FRONT, 0] = own[Static.START_FRONT]
    state[State.NEXT, 0] = own[Static.START_NEXT]
    state[State.ACCRUED, 0] = own[Static.START_ACCRUED] * own[Static.ANNUAL_EMISSIONS]
    state[State.ACCRUED_OUTPUT, 0] = own[Static.START_ACCRUED] * own[Static.ANNUAL_OUTPUT]
    state[State.LAST_OUTPUT, 0] = own[Static.ANNUAL_OUTPUT]
    state[State.LAST_EMISSIONS, 0] = own[Static.ANNUAL_EMISSIONS]
    if own[Static.QUOTE_SD] > 0.0:
        state[State.QUOTE_ERROR, 0] = quote_error(own[Static.QUOTE_SD], firms.seeds[0], firms.episodes[0], 0)
    state[State.BORROW_LIMIT, 0] = own[Static.START_BORROW_LIMIT]
    if own[Static.PROCESS] != GBM:
        start_prices(0, firms, rules)
    if own[Static.LINKS] > 0.0:
        start_links(0, firms, own)


@jit
def start_rows(mask, advance, rows, books, memory, static, monthly, events, grids):
    """Start the rows of ``mask`` (n,); ``advance`` moves them to their next episode first."""
    for row in range(mask.shape[0]):
        if mask[row]:
            rows[Row.EPISODE, row] += advance
            books[row // LANES, FLOWS_FROM:WORLD_FROM, row % LANES] = 0.0
            start_row(row, rows, books, memory, static, monthly, events, grids)


@jit(paste=True)
def play(firms, rules, t, actions, reward):
    """A month: decisions, clearing, settlement, and its cost. ``actions`` (width, A), ``reward`` (width,)."""
    flows = firms.flows
    rows_to_columns(firms.width, actions, firms.actions)
    for a in range(Action.size):
        for i in range(firms.width):
            firms.actions[a, i] = min(max(firms.actions[a, i], np.float32(-1.0)), np.float32(1.0))
    for f in range(Flow.size):
        for i in range(firms.width):
            flows[f, i] = 0.0
    if rules.own[Static.MENU_SIZE] > 0.0:
        keep_to_menu(firms, rules, t)
    remember_price(firms, rules, t)
    produce(firms, rules, t)
    invest(firms, rules, t)
    order(firms, rules, t)
    clear(firms, rules, t)
    fill_front(firms, rules, t)
    fill_offsets(firms, rules)
    fill_foreign(firms, rules, t)
    settle(firms, rules, t)
    if t + 1 >= rules.own[Static.HORIZON]:
        close(firms, rules)
    per_scale = rules.own[Static.PER_REWARD_SCALE]
    for i in range(firms.width):
        cost = 0.0
        for f in range(Flow.ALLOWANCE_COST, Flow.COST):  # the money, in one row of the table after another
            cost += flows[f, i]
        flows[Flow.COST, i] = cost
        reward[i] = -cost * per_scale


@jit(paste=True)
def look(firms, rules, t, observation, mask):
    """Plan a month and write what is seen of it: ``observation`` (width, OBSERVATION) and ``mask`` (width, A)."""
    plan(firms, rules, t)
    observe(firms, rules, t)
    columns_to_rows(firms.width, firms.seen, observation)
    for i in range(firms.width):
        for a in range(Action.size):
            mask[i, a] = (firms.open[i] >> a) & 1


@jit
def all_finite(bits):
    """Whether no number is NaN or infinite; ``bits`` (k,) are float32 seen as int32, a loop that is vectorised."""
    infinite = 0
    for k in range(bits.shape[0]):
        infinite |= (bits[k] & EXPONENT) == EXPONENT
    return not infinite


@jit(nogil=True)
def advance(span, rows, books, memory, static, monthly, events, grids, actions, reward, observation, mask):
    """A month of the rows ``span`` = (low, high), the news of the next, and what is seen of it.

    ``rows``, ``books`` and ``memory`` are where the firms stand and what they have (see `firms_of`), and change;
    ``static``, ``monthly``, ``events`` and ``grids`` are the parameter tables of all statutes. ``actions`` (n, A) are
    float32; ``reward`` (n,), ``observation`` (n, OBSERVATION) and ``mask`` (n, A) are written. Rows that had ended
    are started on their next episode instead. Without actions, (0, A), nothing is played: rows are only looked at.

    Returns how many of the rows have ended now; -1 where an action is NaN or infinite, and nothing has changed.
    """
    plays = actions.shape[0] > 0
    if plays and not all_finite(actions[span[0] : span[1]].reshape(-1).view(np.int32)):
        return -1
    first, ended = span[0], 0
    while first < span[1]:
        if plays and rows[Row.ENDED, first]:
            restart(first, rows, books, memory, static, monthly, events, grids)
            reward[first] = 0.0
            end, is_new = first + 1, True
        else:
            end, is_new = first + run_from(first, span[1], rows), False
            if end - first < NARROW:
                end = first + 1
        statute = rows[Row.STATUTE, first]
        rules = Rules(static[statute], monthly[statute], events[statute], grids)
        begun = plays and not is_new
        if end - first == 1:  # compiled for a width of one: a loop over the run is its body once
            ended += _advance_run(first, 1, begun, rules, rows, books, memory, actions, reward, observation, mask)
        else:
            ended += _advance_run(
                first, end - first, begun, rules, rows, books, memory, actions, reward, observation, mask
            )
        first = end
    return ended


@jit(paste=True)
def _advance_run(first, width, plays, rules, rows, books, memory, actions, reward, observation, mask):
    """A month of ``width`` rows of one block from ``first`` on, or only a look; returns how many have ended now."""
    t, ended, end = rows[Row.MONTH, first], 0, first + width
    firms = firms_of(first, width, rows, books, memory)
    if plays:
        play(firms, rules, t, actions[first:end], reward[first:end])
        t += 1
        turn(firms, rules, t)
        is_end = t >= rules.own[Static.HORIZON]
        for row in range(first, end):
            rows[Row.MONTH, row] = t
            rows[Row.ENDED, row] = is_end
        ended = width * is_end
    look(firms, rules, t, observation[first:end], mask[first:end])
    return ended


@jit
def mark_rows(rows, books, memory, static, monthly, events, grids, tonnes, money):
    """Write the position of every row: ``tonnes`` (n,) worth the long price each, and ``money`` (n,) besides.

    An ended episode is worth nothing more: its last month has settled everything.
    """
    for row in range(rows.shape[1]):
        tonnes[row], money[row] = 0.0, 0.0
        if not rows[Row.ENDED, row]:
            statute = rows[Row.STATUTE, row]
            rules = Rules(static[statute], monthly[statute], events[statute], grids)
            firms = firms_of(row, 1, rows, books, memory)
            tonnes[row], money[row] = mark(0, firms, rules, rows[Row.MONTH, row])


@jit
def show_prices(rows, books, static, offset_price, quote, fx):
    """Write ``offset_price`` and ``quote`` (n,), money/t, and ``fx`` (n, PARTNERS), home money per unit of theirs.

    The offset price is 0 where no credit is on sale, a rate 0 beyond the last partner. The quote is the price
    itself where prices are disclosed. Every exponential is the kernels' own: NumPy's may differ in the last bit, and
    a price recomputed with it would not be the price that was traded at.
    """
    for row in range(rows.shape[1]):
        own, columns = static[rows[Row.STATUTE, row]], lanes(books, row // LANES, row % LANES)
        price = columns[State.PRICE, 0]
        offset_price[row], quote[row] = 0.0, price
        if own[Static.HAS_OFFSET] > 0.0:
            offset_price[row] = price * exp(columns[State.LOG_OFFSET_RATIO, 0])
        if own[Static.QUOTE_SD] > 0.0:
            quote[row] = price * exp(columns[State.QUOTE_ERROR, 0])
        for k in range(PARTNERS):
            fx[row, k] = exp(columns[WORLD_FROM + World.LOG_FX + k, 0]) if own[Static.LINKS] > k else 0.0
