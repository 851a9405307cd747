"""What the new month brings: prices, whatever their process; the firm's output; capacity that comes on line.

The processes themselves are in ``rules/price_processes.py`` (changes of the log price), ``rules/prices.py`` (the
collar) and ``play/chain.py`` (the equilibrium).
"""

from __future__ import annotations

from nea_env.core.elementary import exp, log, normal
from nea_env.core.jit import jit
from nea_env.core.layout import QUEUE, TECHS, State, World
from nea_env.core.parameters import Event, Month, Static
from nea_env.core.play.chain import follow_chain, start_chain
from nea_env.core.play.links import foreign_prices, turn_links
from nea_env.core.rng import (
    COMMITTEE,
    COUNT,
    DEMAND,
    GAP,
    OFFSET_RATIO,
    PRICE,
    QUOTE,
    REGIME,
    STALE,
    WORDS,
    monthly_draws,
    normals,
    process_draw,
    second_draw,
    uniform,
)  # fmt: skip
from nea_env.core.rules.price_processes import (
    BOOTSTRAP,
    COLLARED,
    EQUILIBRIUM,
    GBM,
    JUMPS,
    LATTICE,
    LOG_OU,
    REPLAY,
    TWO_REGIMES,
    bootstrap_change,
    gbm_change,
    jump_change,
    lattice_log_price,
    lattice_step,
    regime_change,
    regime_start,
    reversion_change,
)  # fmt: skip
from nea_env.core.rules.prices import (
    collared_price,
    front_ratio,
    front_ratio_of_state,
    intervention,
    next_gap_state,
    next_log_output,
    trigger_run,
)  # fmt: skip

BEFORE = WORDS  # place in firms.news: the log price of the month before, after the news of each lane
NEWS = WORDS + 1


@jit(inline=True)
def start_prices(i, firms, rules):
    """What a price process keeps at the start of an episode, and the price where the process sets it."""
    process, own = rules.own[Static.PROCESS], rules.own
    if process == LATTICE:
        firms.world[World.NODE, i] = 0.5 * (own[Static.STATES] - 1.0)
    elif process == TWO_REGIMES:
        word = process_draw(firms.seeds[i], firms.episodes[i], 0)[REGIME]
        firms.world[World.WILD, i] = regime_start(own[Static.WILD_SHARE], uniform(word))
    elif process == EQUILIBRIUM:
        start_chain(i, firms, rules)
    elif process == REPLAY:
        firms.state[State.FRONT_RATIO, i] = rules.grids[int(own[Static.GRID_FIRST] + own[Static.ENTRIES])]


@jit(paste=True)
def turn(firms, rules, t):
    """The news of month ``t``, which has just begun."""
    state, news, own = firms.state, firms.news, rules.own
    monthly_draws(firms.width, firms.seeds, firms.episodes, t, firms.words)
    normals(firms.width, firms.words, PRICE, news)
    for i in range(firms.width):
        news[BEFORE, i] = state[State.LOG_PRICE, i]
    process = own[Static.PROCESS]
    if process == COLLARED or process == EQUILIBRIUM:  # the price is a function of what the process keeps
        _turn_bounded(firms, rules, t)
    else:
        _turn_stepped(firms, rules, t)
        _turn_front(firms, rules, t)
    if own[Static.LINKS] > 0.0:
        for i in range(firms.width):
            foreign_prices(i, t, news[BEFORE, i], news[PRICE, i], firms, own)
    if own[Static.QUOTE_SD] > 0.0:
        for i in range(firms.width):
            state[State.QUOTE_ERROR, i] = quote_error(own[Static.QUOTE_SD], firms.seeds[i], firms.episodes[i], t)
    if own[Static.HAS_OFFSET] > 0.0 and rules.monthly[t, Month.PRICE_MOVES] > 0.0:
        normals(firms.width, firms.words, OFFSET_RATIO, news)
        level, pull, sd = own[Static.OFFSET_LEVEL], own[Static.OFFSET_PULL], own[Static.OFFSET_SD]
        for i in range(firms.width):
            state[State.LOG_OFFSET_RATIO, i] += reversion_change(
                state[State.LOG_OFFSET_RATIO, i], level, pull, sd, news[OFFSET_RATIO, i]
            )
    if own[Static.DEMAND_SD] > 0.0:
        normals(firms.width, firms.words, DEMAND, news)
        persistence, sd = own[Static.PERSISTENCE], own[Static.DEMAND_SD]
        for i in range(firms.width):
            log_output = next_log_output(state[State.LOG_OUTPUT, i], persistence, sd, news[DEMAND, i])
            state[State.LOG_OUTPUT, i] = log_output
    if t % 3 == 0:
        _bring_on_line(firms, own, t)


@jit(paste=True)
def _turn_bounded(firms, rules, t):
    """The collar, and what links change after it, on the new price; or the equilibrium, which turns its own links."""
    state, world, own, month = firms.state, firms.world, rules.own, rules.monthly[t]
    if own[Static.PROCESS] == COLLARED:
        for i in range(firms.width):
            state[State.NEWS, i] += month[Month.GAP_SD] * firms.news[PRICE, i]
            price = collared_price(
                state[State.NEWS, i], month[Month.GAP_OFFSET], month[Month.GAP_INVERSE_SPREAD],
                month[Month.GAP_DOWN], month[Month.GAP_UP],
            )  # fmt: skip
            if own[Static.PERMANENT] > 0.0:
                price *= exp(world[World.PRESSURE, i])
            state[State.PRICE, i] = price
            state[State.LOG_PRICE, i] = log(price)
        if own[Static.LINKS] > 0.0:
            for i in range(firms.width):
                turn_links(i, t, state[State.LOG_PRICE, i], firms, own)
    else:
        for i in range(firms.width):
            follow_chain(i, t, firms, rules)


@jit(paste=True)
def _turn_stepped(firms, rules, t):
    """The price moves by a step of its process, by the committee's intervention and by what is learned of links."""
    state, own = firms.state, rules.own
    _step(firms, rules, t)
    if own[Static.REFERENCE_MONTHS] > 0.0:
        _intervene(firms, rules, t)
    if own[Static.LINKS] > 0.0:
        for i in range(firms.width):
            state[State.LOG_PRICE, i] += turn_links(i, t, firms.news[BEFORE, i], firms, own)
    if own[Static.STALE] > 0.0:  # with some chance trade settles at the price of the month before
        for i in range(firms.width):
            if uniform(second_draw(firms.seeds[i], firms.episodes[i], t)[STALE]) >= own[Static.STALE]:
                state[State.PRICE, i] = exp(state[State.LOG_PRICE, i])
            state[State.QUOTE_ERROR, i] = log(state[State.PRICE, i]) - state[State.LOG_PRICE, i]
    else:
        for i in range(firms.width):
            state[State.PRICE, i] = exp(state[State.LOG_PRICE, i])


@jit(inline=True)
def _step(firms, rules, t):
    """The step of the log price that its process takes; before the market opens only time goes by."""
    state, news, own = firms.state, firms.news, rules.own
    process, moves = own[Static.PROCESS], rules.monthly[t, Month.PRICE_MOVES]
    if process == GBM:
        sd = own[Static.PRICE_SD] * moves
        drift = own[Static.LOG_DRIFT] - 0.5 * sd * sd
        for i in range(firms.width):
            state[State.LOG_PRICE, i] += gbm_change(drift, sd, news[PRICE, i])
    elif process == REPLAY:
        place, months = int(own[Static.GRID_FIRST]) + t, int(own[Static.ENTRIES])
        for i in range(firms.width):
            state[State.LOG_PRICE, i] = rules.grids[place]
            state[State.FRONT_RATIO, i] = rules.grids[place + months]
            state[State.LOG_OFFSET_RATIO, i] = rules.grids[place + 2 * months]
    elif process == LATTICE:
        for i in range(firms.width):
            _step_on_lattice(i, firms, own, t, moves)
    elif moves <= 0.0:
        for i in range(firms.width):
            state[State.LOG_PRICE, i] += own[Static.LOG_DRIFT]
    elif process == JUMPS:
        for i in range(firms.width):
            count = process_draw(firms.seeds[i], firms.episodes[i], t)[COUNT]
            state[State.LOG_PRICE, i] += jump_change(
                own[Static.PROCESS_DRIFT], own[Static.DIFFUSION_SD], own[Static.JUMP_CHANCE], own[Static.JUMP_SD],
                uniform(count), news[PRICE, i],
            )  # fmt: skip
    elif process == TWO_REGIMES:
        for i in range(firms.width):
            word = process_draw(firms.seeds[i], firms.episodes[i], t)[REGIME]
            change, firms.world[World.WILD, i] = regime_change(
                firms.world[World.WILD, i], own[Static.LOG_DRIFT], own[Static.CALM_SD], own[Static.WILD_SD],
                own[Static.BEGINS], own[Static.ENDS], uniform(word), news[PRICE, i],
            )  # fmt: skip
            state[State.LOG_PRICE, i] += change
    elif process == BOOTSTRAP:
        changes = rules.grids[int(own[Static.GRID_FIRST]) :]
        for i in range(firms.width):
            state[State.LOG_PRICE, i] += bootstrap_change(changes, own[Static.ENTRIES], uniform(firms.words[PRICE, i]))
    elif process == LOG_OU:
        for i in range(firms.width):
            state[State.LOG_PRICE, i] += reversion_change(
                state[State.LOG_PRICE, i], own[Static.LOG_LEVEL], own[Static.PULL], own[Static.PROCESS_SD],
                news[PRICE, i],
            )  # fmt: skip
    else:
        raise ValueError("a price process without a step")


@jit(inline=True)
def _step_on_lattice(i, firms, own, t, moves):
    """One step up or down; what else has moved the price (interventions, links, own trades) stays as it is."""
    state, world = firms.state, firms.world
    start, growth, states, log_step = (
        own[Static.START_LOG_PRICE], own[Static.LOG_DRIFT], own[Static.STATES], own[Static.LOG_STEP],
    )  # fmt: skip
    before = lattice_log_price(start, t - 1.0, growth, world[World.NODE, i], states, log_step)
    if moves > 0.0:
        u = uniform(firms.words[PRICE, i])
        world[World.NODE, i] = lattice_step(world[World.NODE, i], states, own[Static.UP_CHANCE], u)
    after = lattice_log_price(start, float(t), growth, world[World.NODE, i], states, log_step)
    state[State.LOG_PRICE, i] = after + (state[State.LOG_PRICE, i] - before)  # a difference of exactly 0 on its own


@jit(inline=True)
def _intervene(firms, rules, t):
    """While a trigger is met the committee acts or does not, and the price moves."""
    state, month = firms.state, rules.monthly[t]
    high, high_per_sum = month[Month.HIGH_PRICE], month[Month.HIGH_PER_SUM]
    low, low_per_sum, months = month[Month.LOW_PRICE], month[Month.LOW_PER_SUM], month[Month.TRIGGER_MONTHS]
    longest = 0.0
    for i in range(firms.width):
        reference, front_price = state[State.REFERENCE_SUM, i], state[State.PRICE, i] * state[State.FRONT_RATIO, i]
        run = trigger_run(
            state[State.TRIGGER_RUN, i], front_price, high + high_per_sum * reference, low + low_per_sum * reference
        )
        state[State.TRIGGER_RUN, i] = run
        state[State.INTERVENED, i] = 0.0
        longest = max(longest, abs(run))
    if longest < months:
        return
    event = rules.events[int(month[Month.TRIGGER_EVENT])]
    for i in range(firms.width):
        run = state[State.TRIGGER_RUN, i]
        if abs(run) >= months:
            u = uniform(second_draw(firms.seeds[i], firms.episodes[i], t)[COMMITTEE])
            state[State.INTERVENED, i], factor = intervention(run, event[Event.ACTS], event[Event.PRICE_MOVE], u)
            state[State.LOG_PRICE, i] += log(factor)


@jit(inline=True)
def _turn_front(firms, rules, t):
    """The discount or premium of the front over the long price."""
    state, news, month = firms.state, firms.news, rules.monthly[t]
    down, up = month[Month.GAP_DOWN], month[Month.GAP_UP]
    if rules.own[Static.PROCESS] == REPLAY:  # on record as well
        return
    if down <= 0.0:
        for i in range(firms.width):
            state[State.FRONT_RATIO, i] = 1.0
        return
    if rules.own[Static.PROCESS] == LATTICE:
        for i in range(firms.width):
            u = uniform(firms.words[GAP, i])
            state[State.NEWS, i] = next_gap_state(state[State.NEWS, i], month[Month.GAP_CHANCE], down, up, u)
            state[State.FRONT_RATIO, i] = front_ratio_of_state(state[State.NEWS, i], down, up)
        return
    normals(firms.width, firms.words, GAP, news)
    sd, offset, inverse_spread = month[Month.GAP_SD], month[Month.GAP_OFFSET], month[Month.GAP_INVERSE_SPREAD]
    for i in range(firms.width):
        state[State.NEWS, i] += sd * news[GAP, i]
    for i in range(firms.width):
        state[State.FRONT_RATIO, i] = front_ratio(state[State.NEWS, i], offset, inverse_spread, down, up)


@jit
def quote_error(sd, seed, episode, month):
    """Log of the quoted over the true price: the quote's expectation is the price."""
    return sd * (normal(second_draw(seed, episode, month)[QUOTE]) - 0.5 * sd)


@jit(inline=True)
def _bring_on_line(firms, own, t):
    """Capacity whose lead time is over comes on line, at the start of a quarter."""
    state, queue, slot = firms.state, firms.queue, (t // 3) % QUEUE
    growth = own[Static.BOOK_GROWTH] ** -t
    for k in range(TECHS):
        for i in range(firms.width):
            ready = float(queue[k * QUEUE + slot, i])
            queue[k * QUEUE + slot, i] = 0.0
            state[State.BUILDING + k, i] = max(0.0, state[State.BUILDING + k, i] - ready)
            state[State.CAPACITY + k, i] += ready
            state[State.AGED + k, i] += ready * growth
