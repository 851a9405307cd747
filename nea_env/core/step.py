"""The kernels that a batch calls: start rows, play a month and bring the news of the next."""

from __future__ import annotations

import math

import numba
import numpy as np

from nea_env.core import parameters as col
from nea_env.core.jit import jit
from nea_env.core.layout import (
    ACCRUED,
    ACCRUED_OUTPUT,
    AGED,
    BORROW_LIMIT,
    BUILDING,
    CAPACITY,
    FRONT,
    FRONT_RATIO,
    HISTORY,
    INTERVENED,
    LAST_EMISSIONS,
    LAST_OUTPUT,
    LOG_OFFSET_RATIO,
    LOG_OUTPUT,
    LOG_PRICE,
    NEWS,
    NEXT,
    PRICE,
    QUEUE,
    QUOTE_ERROR,
    REFERENCE_SUM,
    STATE,
    TECHS,
    TRIGGER_RUN,
)  # fmt: skip
from nea_env.core.links import foreign_prices, start_links, turn_links
from nea_env.core.month import play_rows
from nea_env.core.news import bounded_price, law_price, stale_price, start_market
from nea_env.core.observe import observe_rows
from nea_env.core.price_laws import COLLARED, EQUILIBRIUM, GBM
from nea_env.core.prices import (
    front_ratio,
    intervention,
    next_log_output,
    next_log_price,
    trigger_run,
)  # fmt: skip
from nea_env.core.rng import (
    COMMITTEE,
    DEMAND,
    GAP,
    OFFSET_RATIO,
    QUOTE,
    law_of,
    monthly_draw,
    normal,
    second_draw,
    uniform,
)  # fmt: skip
from nea_env.core.rng import PRICE as PRICE_LANE

N_STATE = len(STATE)
EXPONENT = np.int32(0x7F800000)  # all set: NaN or infinity
CHUNK = 256  # rows a thread takes at a time: their state stays in the second-level cache


@jit
def start_row(i, pick, months, seeds, episodes, state, world, queue, history, static, monthly, grids):
    """Put row ``i`` at the start of an episode, under the law that it draws."""
    if static[pick[i], col.P_LAWS] > 1.0:
        count = static[pick[i], col.P_LAWS]
        pick[i] = int(static[pick[i], col.P_FIRST_LAW]) + law_of(seeds[i], episodes[i], int(count))
    own = static[pick[i]]
    for s in range(N_STATE):
        state[i, s] = 0.0
    for q in range(TECHS * QUEUE):
        queue[i, q] = 0.0
    for h in range(HISTORY):
        history[i, h] = 0.0
    months[i] = 0
    state[i, LOG_PRICE] = own[col.P_START_LOG_PRICE]
    state[i, PRICE] = math.exp(own[col.P_START_LOG_PRICE])
    state[i, LOG_OFFSET_RATIO] = own[col.P_START_LOG_OFFSET_RATIO]
    state[i, FRONT_RATIO] = 1.0
    state[i, FRONT] = own[col.P_START_FRONT]
    state[i, NEXT] = own[col.P_START_NEXT]
    state[i, ACCRUED] = own[col.P_START_ACCRUED] * own[col.P_ANNUAL]
    state[i, ACCRUED_OUTPUT] = own[col.P_START_ACCRUED] * own[col.P_ANNUAL_OUTPUT]
    state[i, LAST_OUTPUT] = own[col.P_ANNUAL_OUTPUT]
    state[i, LAST_EMISSIONS] = own[col.P_ANNUAL]
    if own[col.P_QUOTE_SD] > 0.0:
        state[i, QUOTE_ERROR] = quote_error(own[col.P_QUOTE_SD], seeds[i], episodes[i], 0)
    state[i, BORROW_LIMIT] = own[col.P_START_BORROW_LIMIT]
    for w in range(world.shape[1]):
        world[i, w] = 0.0
    if own[col.P_LAW] != GBM:
        start_market(i, pick[i], seeds[i], episodes[i], state, world, static, monthly, grids)
    if own[col.P_LINKS] > 0.0:
        start_links(i, pick[i], state, world, static)


@jit
def start_rows(
    mask, advance, pick, ended, months, seeds, episodes, state, world, queue, history, static, monthly, grids
):
    """Start the rows of ``mask`` (n,); ``advance`` moves them to their next episode first."""
    for i in range(mask.shape[0]):
        if mask[i]:
            episodes[i] += advance
            ended[i] = False
            start_row(i, pick, months, seeds, episodes, state, world, queue, history, static, monthly, grids)


@jit
def quote_error(sd, seed, episode, month):
    """Log of the quoted over the true price: the quote's expectation is the price."""
    return sd * (normal(second_draw(seed, episode, month)[QUOTE]) - 0.5 * sd)


@jit
def committee(i, p, e, t, seed, episode, state, events):
    """While a trigger is met the committee acts or does not: what that adds to the log price."""
    u = uniform(second_draw(seed, episode, t)[COMMITTEE])
    did, factor = intervention(state[i, TRIGGER_RUN], events[p, e, col.E_ACTS], events[p, e, col.E_PRICE_MOVE], u)
    state[i, INTERVENED] = did
    return math.log(factor)


@jit
def turn_rows(low, high, pick, ended, months, seeds, episodes, state, world, queue, static, monthly, events, grids):
    """The month turns for rows that go on: capacity comes on line, and the news of the new month arrives."""
    for i in range(low, high):
        if ended[i]:
            continue
        p = pick[i]
        t = months[i] + 1
        months[i] = t
        words = monthly_draw(seeds[i], episodes[i], t)
        moves = monthly[p, t, col.M_PRICE_MOVES]
        law, before = static[p, col.P_LAW], state[i, LOG_PRICE]
        bounded = law == COLLARED or law == EQUILIBRIUM
        if bounded:
            bounded_price(i, p, t, words[PRICE_LANE], state, world, static, monthly, grids, seeds[i], episodes[i])
        else:
            if law == GBM:
                sd = static[p, col.P_PRICE_SD] * moves
                drift = static[p, col.P_LOG_DRIFT] - 0.5 * sd * sd
                log_price = next_log_price(before, drift, sd, normal(words[PRICE_LANE]))
            else:
                log_price = law_price(
                    i, p, t, seeds[i], episodes[i], words[PRICE_LANE], state, world, static, monthly, grids
                )
            if static[p, col.P_REFERENCE_MONTHS] > 0.0:
                reference = state[i, REFERENCE_SUM]
                run = trigger_run(
                    state[i, TRIGGER_RUN],
                    state[i, PRICE] * state[i, FRONT_RATIO],
                    monthly[p, t, col.M_HIGH_PRICE] + monthly[p, t, col.M_HIGH_PER_SUM] * reference,
                    monthly[p, t, col.M_LOW_PRICE] + monthly[p, t, col.M_LOW_PER_SUM] * reference,
                )
                state[i, TRIGGER_RUN] = run
                state[i, INTERVENED] = 0.0
                if abs(run) >= monthly[p, t, col.M_TRIGGER_MONTHS]:
                    e = int(monthly[p, t, col.M_TRIGGER_EVENT])
                    log_price += committee(i, p, e, t, seeds[i], episodes[i], state, events)
            if static[p, col.P_LINKS] > 0.0:
                log_price += turn_links(i, p, t, seeds[i], episodes[i], state, world, static)
            state[i, LOG_PRICE] = log_price
            if static[p, col.P_STALE] > 0.0:
                stale_price(i, p, t, seeds[i], episodes[i], state, static)
            else:
                state[i, PRICE] = math.exp(log_price)
        if static[p, col.P_LINKS] > 0.0:
            if bounded:
                turn_links(i, p, t, seeds[i], episodes[i], state, world, static)
            foreign_prices(i, p, t, before, normal(words[PRICE_LANE]), seeds[i], episodes[i], state, world, static)
        if static[p, col.P_QUOTE_SD] > 0.0:
            state[i, QUOTE_ERROR] = quote_error(static[p, col.P_QUOTE_SD], seeds[i], episodes[i], t)
        if static[p, col.P_OFFSET_SD] > 0.0:
            state[i, LOG_OFFSET_RATIO] += moves * (
                static[p, col.P_OFFSET_DRIFT] + static[p, col.P_OFFSET_SD] * normal(words[OFFSET_RATIO])
            )
        if not bounded:
            ratio = 1.0
            if monthly[p, t, col.M_GAP_DOWN] > 0.0:
                state[i, NEWS] += monthly[p, t, col.M_GAP_SD] * normal(words[GAP])
                ratio = front_ratio(
                    state[i, NEWS],
                    monthly[p, t, col.M_GAP_OFFSET],
                    monthly[p, t, col.M_GAP_INVERSE_SPREAD],
                    monthly[p, t, col.M_GAP_DOWN],
                    monthly[p, t, col.M_GAP_UP],
                )
            state[i, FRONT_RATIO] = ratio
        if static[p, col.P_DEMAND_SD] > 0.0:
            z = normal(words[DEMAND])
            state[i, LOG_OUTPUT] = next_log_output(
                state[i, LOG_OUTPUT], static[p, col.P_PERSISTENCE], static[p, col.P_DEMAND_SD], z
            )
        if t % 3 == 0:
            slot = (t // 3) % QUEUE
            for k in range(TECHS):
                ready = float(queue[i, k * QUEUE + slot])
                if ready > 0.0:
                    queue[i, k * QUEUE + slot] = 0.0
                    state[i, BUILDING + k] = max(0.0, state[i, BUILDING + k] - ready)
                    state[i, CAPACITY + k] += ready
                    state[i, AGED + k] += ready * static[p, col.P_BOOK_GROWTH] ** -t


@jit
def step_rows(
    low, high, autoreset, pick, ended, months, seeds, episodes, state, world, queue, history, flows, actions, reward,
    terminated, static, monthly, events, grids, observation, mask,
):  # fmt: skip
    """One call of ``step`` for rows ``low`` to ``high``: the month, the news, the observation.

    Rows that had ended are started on their next episode where ``autoreset`` says so.
    """
    play_rows(
        low,
        high,
        pick,
        ended,
        months,
        state,
        world,
        queue,
        history,
        flows,
        actions,
        reward,
        terminated,
        static,
        monthly,
        events,
    )
    turn_rows(low, high, pick, ended, months, seeds, episodes, state, world, queue, static, monthly, events, grids)
    for i in range(low, high):
        if not ended[i]:
            ended[i] = terminated[i]
        elif autoreset:
            episodes[i] += 1
            ended[i] = False
            start_row(i, pick, months, seeds, episodes, state, world, queue, history, static, monthly, grids)
    observe_rows(low, high, pick, months, state, world, history, static, monthly, events, observation, mask)


@jit(parallel=True)
def step_parallel(
    autoreset, pick, ended, months, seeds, episodes, state, world, queue, history, flows, actions, reward, terminated,
    static, monthly, events, grids, observation, mask,
):  # fmt: skip
    """``step_rows`` over all rows, in chunks shared among threads: the same machine code a row, so the same bits."""
    n = pick.shape[0]
    for c in numba.prange((n + CHUNK - 1) // CHUNK):
        step_rows(
            c * CHUNK, min(n, (c + 1) * CHUNK), autoreset, pick, ended, months, seeds, episodes, state, world, queue,
            history, flows, actions, reward, terminated, static, monthly, events, grids, observation, mask,
        )  # fmt: skip


@jit
def all_finite(bits):
    """Whether no number is NaN or infinite; ``bits`` (k,) are float32 seen as int32, a loop that is vectorised."""
    infinite = 0
    for k in range(bits.shape[0]):
        infinite |= (bits[k] & EXPONENT) == EXPONENT
    return not infinite
