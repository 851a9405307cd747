"""Counter-based randomness: a draw is a pure function of (seed, episode, month, source).

The generator is Philox4x32-7 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011; seven rounds are the fewest that pass BigCrush): no state, so a draw depends on no place in
the batch, no thread and no action.
Normals come from the inverse distribution function, one 32-bit lane each (`elementary.normal`).
"""

from __future__ import annotations

import numpy as np

from nea_env.core.elementary import normal
from nea_env.core.jit import jit

WORDS = 4  # lanes of a draw
PRICE, OFFSET_RATIO, GAP, DEMAND = range(WORDS)  # lanes of the monthly draw: one per source
QUOTE, COMMITTEE, STALE = range(3)  # lanes of the second draw, for the scenarios that need it
COUNT, REGIME = range(2)  # lanes of the price process's draw: how many jumps, the regime
CHAIN_SHOCK, CHAIN_BANK, CHAIN_PARTNER, CHAIN_SETTLED = range(4)  # the same draw under the equilibrium
OWN_PRICE, FX = 0, 2  # lanes of the foreign draw: one a partner
BEGINS, BREAKS = 0, 2  # lanes of the draw of what happens to links: one a partner

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF_WORD = np.uint64(32)


@jit(inline=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Four 32-bit words (as uint64) from a 128-bit counter and a 64-bit key, given as 32-bit words."""
    for _ in range(7):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0 = (p1 >> _HALF_WORD) ^ c1 ^ k0
        c1 = p1 & _LOW
        c2 = (p0 >> _HALF_WORD) ^ c3 ^ k1
        c3 = p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@jit(inline=True)
def draw(seed, episode, month, block):
    """Four words for one month of one episode; blocks are independent of each other."""
    key = np.uint64(seed)
    return philox(
        np.uint64(month), np.uint64(episode) & _LOW, np.uint64(episode) >> _HALF_WORD, np.uint64(block),
        key & _LOW, key >> _HALF_WORD,
    )  # fmt: skip


@jit(inline=True)
def monthly_draws(width, seeds, episodes, month, words):
    """Write the monthly draw of ``width`` firms: ``words`` (WORDS, LANES), a row for each lane of the draw."""
    for i in range(width):
        words[0, i], words[1, i], words[2, i], words[3, i] = draw(seeds[i], episodes[i], month, 0)


@jit(inline=True)
def normals(width, words, lane, news):
    """Standard normals, one row of ``news`` (WORDS or more, LANES), of one lane of ``words`` (WORDS, LANES)."""
    for i in range(width):
        news[lane, i] = normal(words[lane, i])


@jit
def second_draw(seed, episode, month):
    """Lanes QUOTE, COMMITTEE, STALE."""
    return draw(seed, episode, month, 1)


@jit
def process_draw(seed, episode, month):
    """Lanes COUNT, REGIME, or CHAIN_SHOCK, CHAIN_BANK, CHAIN_PARTNER."""
    return draw(seed, episode, month, 3)


@jit
def foreign_draw(seed, episode, month):
    """Lanes OWN_PRICE and FX, one each a partner."""
    return draw(seed, episode, month, 4)


@jit
def link_draw(seed, episode, month):
    """Lanes BEGINS and BREAKS, one each a partner."""
    return draw(seed, episode, month, 5)


@jit
def statute_of(seed, episode, up_to):
    """Which of the drawn statutes an episode plays; ``up_to`` (statutes,) as `Static.STATUTES_UP_TO`."""
    word = draw(seed, episode, 0, 2)[0]
    if up_to[0] <= 0.0:
        return np.int64(word % np.uint64(len(up_to)))
    u, statute = uniform(word), 0
    while statute < len(up_to) - 1 and u >= up_to[statute]:
        statute += 1
    return np.int64(statute)


@jit
def uniform(word):
    """Uniform on (0, 1) from one 32-bit word."""
    return (float(word) + 0.5) * 2.3283064365386963e-10
