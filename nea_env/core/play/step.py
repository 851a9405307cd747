"""The kernels that a batch calls: start rows, play a month and bring the news of the next."""

from __future__ import annotations

import math

import numba
import numpy as np

from nea_env.core.jit import jit
from nea_env.core.layout import HISTORY, QUEUE, TECHS, State
from nea_env.core.parameters import Event, Month, Static
from nea_env.core.play.decisions import play_rows
from nea_env.core.play.links import foreign_prices, start_links, turn_links
from nea_env.core.play.news import bounded_price, law_price, stale_price, start_market
from nea_env.core.play.observe import observe_rows
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
from nea_env.core.rules.price_processes import COLLARED, EQUILIBRIUM, GBM
from nea_env.core.rules.prices import (
    front_ratio,
    intervention,
    next_log_output,
    next_log_price,
    trigger_run,
)  # fmt: skip

EXPONENT = np.int32(0x7F800000)  # all set: NaN or infinity
CHUNK = 256  # rows a thread takes at a time: their state stays in the second-level cache


@jit
def start_row(i, pick, months, seeds, episodes, state, world, queue, history, static, monthly, grids):
    """Put row ``i`` at the start of an episode, under the law that it draws."""
    if static[pick[i], Static.STATUTES] > 1.0:
        count = static[pick[i], Static.STATUTES]
        pick[i] = int(static[pick[i], Static.FIRST_STATUTE]) + law_of(seeds[i], episodes[i], int(count))
    own = static[pick[i]]
    for s in range(State.size):
        state[i, s] = 0.0
    for q in range(TECHS * QUEUE):
        queue[i, q] = 0.0
    for h in range(HISTORY):
        history[i, h] = 0.0
    months[i] = 0
    state[i, State.LOG_PRICE] = own[Static.START_LOG_PRICE]
    state[i, State.PRICE] = math.exp(own[Static.START_LOG_PRICE])
    state[i, State.LOG_OFFSET_RATIO] = own[Static.START_LOG_OFFSET_RATIO]
    state[i, State.FRONT_RATIO] = 1.0
    state[i, State.FRONT] = own[Static.START_FRONT]
    state[i, State.NEXT] = own[Static.START_NEXT]
    state[i, State.ACCRUED] = own[Static.START_ACCRUED] * own[Static.ANNUAL_EMISSIONS]
    state[i, State.ACCRUED_OUTPUT] = own[Static.START_ACCRUED] * own[Static.ANNUAL_OUTPUT]
    state[i, State.LAST_OUTPUT] = own[Static.ANNUAL_OUTPUT]
    state[i, State.LAST_EMISSIONS] = own[Static.ANNUAL_EMISSIONS]
    if own[Static.QUOTE_SD] > 0.0:
        state[i, State.QUOTE_ERROR] = quote_error(own[Static.QUOTE_SD], seeds[i], episodes[i], 0)
    state[i, State.BORROW_LIMIT] = own[Static.START_BORROW_LIMIT]
    for w in range(world.shape[1]):
        world[i, w] = 0.0
    if own[Static.PROCESS] != GBM:
        start_market(i, pick[i], seeds[i], episodes[i], state, world, static, monthly, grids)
    if own[Static.LINKS] > 0.0:
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
    did, factor = intervention(state[i, State.TRIGGER_RUN], events[p, e, Event.ACTS], events[p, e, Event.PRICE_MOVE], u)
    state[i, State.INTERVENED] = did
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
        moves = monthly[p, t, Month.PRICE_MOVES]
        law, before = static[p, Static.PROCESS], state[i, State.LOG_PRICE]
        bounded = law == COLLARED or law == EQUILIBRIUM
        if bounded:
            bounded_price(i, p, t, words[PRICE_LANE], state, world, static, monthly, grids, seeds[i], episodes[i])
        else:
            if law == GBM:
                sd = static[p, Static.PRICE_SD] * moves
                drift = static[p, Static.LOG_DRIFT] - 0.5 * sd * sd
                log_price = next_log_price(before, drift, sd, normal(words[PRICE_LANE]))
            else:
                log_price = law_price(
                    i, p, t, seeds[i], episodes[i], words[PRICE_LANE], state, world, static, monthly, grids
                )
            if static[p, Static.REFERENCE_MONTHS] > 0.0:
                reference = state[i, State.REFERENCE_SUM]
                run = trigger_run(
                    state[i, State.TRIGGER_RUN],
                    state[i, State.PRICE] * state[i, State.FRONT_RATIO],
                    monthly[p, t, Month.HIGH_PRICE] + monthly[p, t, Month.HIGH_PER_SUM] * reference,
                    monthly[p, t, Month.LOW_PRICE] + monthly[p, t, Month.LOW_PER_SUM] * reference,
                )
                state[i, State.TRIGGER_RUN] = run
                state[i, State.INTERVENED] = 0.0
                if abs(run) >= monthly[p, t, Month.TRIGGER_MONTHS]:
                    e = int(monthly[p, t, Month.TRIGGER_EVENT])
                    log_price += committee(i, p, e, t, seeds[i], episodes[i], state, events)
            if static[p, Static.LINKS] > 0.0:
                log_price += turn_links(i, p, t, seeds[i], episodes[i], state, world, static)
            state[i, State.LOG_PRICE] = log_price
            if static[p, Static.STALE] > 0.0:
                stale_price(i, p, t, seeds[i], episodes[i], state, static)
            else:
                state[i, State.PRICE] = math.exp(log_price)
        if static[p, Static.LINKS] > 0.0:
            if bounded:
                turn_links(i, p, t, seeds[i], episodes[i], state, world, static)
            foreign_prices(i, p, t, before, normal(words[PRICE_LANE]), seeds[i], episodes[i], state, world, static)
        if static[p, Static.QUOTE_SD] > 0.0:
            state[i, State.QUOTE_ERROR] = quote_error(static[p, Static.QUOTE_SD], seeds[i], episodes[i], t)
        if static[p, Static.OFFSET_SD] > 0.0:
            state[i, State.LOG_OFFSET_RATIO] += moves * (
                static[p, Static.OFFSET_DRIFT] + static[p, Static.OFFSET_SD] * normal(words[OFFSET_RATIO])
            )
        if not bounded:
            ratio = 1.0
            if monthly[p, t, Month.GAP_DOWN] > 0.0:
                state[i, State.NEWS] += monthly[p, t, Month.GAP_SD] * normal(words[GAP])
                ratio = front_ratio(
                    state[i, State.NEWS],
                    monthly[p, t, Month.GAP_OFFSET],
                    monthly[p, t, Month.GAP_INVERSE_SPREAD],
                    monthly[p, t, Month.GAP_DOWN],
                    monthly[p, t, Month.GAP_UP],
                )
            state[i, State.FRONT_RATIO] = ratio
        if static[p, Static.DEMAND_SD] > 0.0:
            z = normal(words[DEMAND])
            state[i, State.LOG_OUTPUT] = next_log_output(
                state[i, State.LOG_OUTPUT], static[p, Static.PERSISTENCE], static[p, Static.DEMAND_SD], z
            )
        if t % 3 == 0:
            slot = (t // 3) % QUEUE
            for k in range(TECHS):
                ready = float(queue[i, k * QUEUE + slot])
                if ready > 0.0:
                    queue[i, k * QUEUE + slot] = 0.0
                    state[i, State.BUILDING + k] = max(0.0, state[i, State.BUILDING + k] - ready)
                    state[i, State.CAPACITY + k] += ready
                    state[i, State.AGED + k] += ready * static[p, Static.BOOK_GROWTH] ** -t


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
