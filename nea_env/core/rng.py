"""Counter-based randomness: a draw is a pure function of (seed, episode, month, source).

The generator is Philox4x32-7 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011; seven rounds are the fewest that pass BigCrush): no state, so a draw depends on no place in
the batch, no thread and no action.
Normals come from the inverse distribution function, one 32-bit lane each: a Taylor polynomial in each of
512 equal intervals of probability (error below 1e-10), and in the sixteen at either end Wichura's algorithm
AS 241 (Applied Statistics 37, 1988).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from nea_env.core.jit import jit

WORDS = 4  # lanes of a draw
PRICE, OFFSET_RATIO, GAP, DEMAND = range(WORDS)  # lanes of the monthly draw: one per source
QUOTE, COMMITTEE, STALE = range(3)  # lanes of the second draw, for the scenarios that need it
COUNT, REGIME = range(2)  # lanes of the price process's draw: how many jumps, the regime
CHAIN_SHOCK, CHAIN_BANK, CHAIN_PARTNER = range(3)  # the same draw under the equilibrium
OWN_PRICE, FX = 0, 2  # lanes of the foreign draw: one a partner
BEGINS, BREAKS = 0, 2  # lanes of the draw of what happens to links: one a partner

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@jit
def philox(c0, c1, c2, c3, k0, k1):
    """Four 32-bit words (as uint64) from a 128-bit counter and a 64-bit key, given as 32-bit words."""
    for _ in range(7):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0 = (p1 >> _HALF) ^ c1 ^ k0
        c1 = p1 & _LOW
        c2 = (p0 >> _HALF) ^ c3 ^ k1
        c3 = p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


def _taylor_table() -> np.ndarray:
    """Coefficients (INTERVALS, 6) of the normal quantile about each interval's middle, in units of its width."""
    h = 1.0 / INTERVALS
    table = np.zeros((INTERVALS, 6))
    for k in range(INTERVALS):
        z = NormalDist().inv_cdf((k + 0.5) * h)
        slope = h * math.sqrt(2.0 * math.pi) * math.exp(0.5 * z * z)
        factors = (z, 1.0, z, 1.0 + 2.0 * z**2, 7.0 * z + 6.0 * z**3, 7.0 + 46.0 * z**2 + 24.0 * z**4)
        table[k] = [factor * slope**order / math.factorial(order) for order, factor in enumerate(factors)]
    return table


INTERVALS, EXACT = 512, 16
_TAYLOR = _taylor_table()
_SHIFT = np.uint64(23)  # a word's top nine bits name its interval
_REST = np.uint64(0x7FFFFF)


@jit
def normal(word):
    """Standard normal from one 32-bit word: the quantile at (word + 1/2) / 2**32, |z| <= 6.34."""
    if _is_extreme(word):
        return quantile((float(word) + 0.5) * 2.3283064365386963e-10 - 0.5)
    return _inner_normal(word)


@jit(inline=True)
def _is_extreme(word):
    """Whether a word lies in the intervals at either end, where the quantile is no polynomial."""
    k = np.int64(word >> _SHIFT)
    return k < EXACT or k >= INTERVALS - EXACT


@jit(inline=True)
def _inner_normal(word):
    k = np.int64(word >> _SHIFT)
    x = (float(word & _REST) + 0.5) * 1.1920928955078125e-07 - 0.5
    c = _TAYLOR
    return c[k, 0] + x * (c[k, 1] + x * (c[k, 2] + x * (c[k, 3] + x * (c[k, 4] + x * c[k, 5]))))


@jit
def quantile(q):
    """Standard normal quantile at probability q + 1/2, -1/2 < q < 1/2 (AS 241, relative error 1e-16)."""
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        num = (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                   + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                + 133.14166789178437745) * r + 3.387132872796366608)  # fmt: skip
        den = (((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                   + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
                + 42.313330701600911252) * r + 1.0)  # fmt: skip
        return q * num / den
    r = math.sqrt(-math.log(0.5 - abs(q)))
    if r <= 5.0:
        r -= 1.6
        num = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                   + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
                + 4.6303378461565452959) * r + 1.42343711074968357734)  # fmt: skip
        den = (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                   + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
                + 2.05319162663775882187) * r + 1.0)  # fmt: skip
    else:
        r -= 5.0
        num = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                   + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
                + 5.4637849111641143699) * r + 6.6579046435011037772)  # fmt: skip
        den = (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                   + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
                + 0.59983220655588793769) * r + 1.0)  # fmt: skip
    z = num / den
    return -z if q < 0.0 else z


@jit
def draw(seed, episode, month, block):
    """Four words for one month of one episode; blocks are independent of each other."""
    key = np.uint64(seed)
    return philox(
        np.uint64(month), np.uint64(episode) & _LOW, np.uint64(episode) >> _HALF, np.uint64(block),
        key & _LOW, key >> _HALF,
    )  # fmt: skip


@jit
def monthly_draw(seed, episode, month):
    """Lanes PRICE, OFFSET_RATIO, GAP, DEMAND."""
    return draw(seed, episode, month, 0)


@jit(inline=True)
def monthly_draws(width, seeds, episodes, month, words):
    """Write the monthly draw of ``width`` firms: ``words`` (4, LANES)."""
    for i in range(width):
        words[0, i], words[1, i], words[2, i], words[3, i] = draw(seeds[i], episodes[i], month, 0)


@jit(inline=True)
def normals(width, words, lane, news):
    """Standard normals (4 or more, LANES) of one lane of ``words`` (4, LANES): `normal` of each, in two loops."""
    for i in range(width):
        news[lane, i] = _inner_normal(words[lane, i])
    for i in range(width):
        if _is_extreme(words[lane, i]):
            news[lane, i] = quantile((float(words[lane, i]) + 0.5) * 2.3283064365386963e-10 - 0.5)


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
def statute_of(seed, episode, count):
    """Which of ``count`` drawn statutes an episode plays."""
    return np.int64(draw(seed, episode, 0, 2)[0] % np.uint64(count))


@jit
def uniform(word):
    """Uniform on (0, 1) from one 32-bit word."""
    return (float(word) + 0.5) * 2.3283064365386963e-10
