"""Elementary functions that vectorise: in a loop over firms, LLVM makes each several firms wide.

They have no branches, call no library and leave nothing for the compiler to fuse, so a result is the same bits alone,
anywhere in an array and on every processor. Arguments and results are float64; NaN gives NaN. Errors are in units in
the last place (ulp) of the exact value. ``tests/core/derive_elementary.py`` derives the coefficients, which are written
highest power first; the arguments are reduced as in fdlibm (Sun Microsystems, 1993).
"""

from __future__ import annotations

import math

import numpy as np

from nea_env.core.jit import jit

LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
"""ln 2 in two parts, the first of 32 bits: its products with exponents are exact."""

EXP = (
    2.4999923223269925e-08, 2.7630380544740544e-07, 2.7557587465332737e-06, 2.4801492759718444e-05,
    0.00019841269504657715, 0.001388888894392298, 0.008333333333495646, 0.0416666666665292, 0.1666666666666641,
    0.5000000000000011,
)  # fmt: skip
LOG = (
    0.14797556843076579, 0.15313898115109226, 0.1818356994985928, 0.22222198471759408, 0.285714287433052,
    0.39999999999410907, 0.6666666666666735,
)  # fmt: skip
CDF_P = (
    1.4420635118727919e-06, 4.32423629607887e-05, 0.0006374083532392204, 0.005990351192196303, 0.03933988632845793,
    0.18699345868533346, 0.6450627197814851, 1.5689036052419352, 2.4771432125766304, 2.0,
)  # fmt: skip
CDF_Q = (
    5.753001059551587e-07, 1.7251206880860165e-05, 0.00025543974294745724, 0.002424306739990402, 0.016199471816772462,
    0.07927566302881553, 0.287230600155061, 0.761476241469804, 1.4193302715483551, 1.6940011828009491, 1.0,
)  # fmt: skip
CENTRE_P = (
    137.97119160874152, 1693.220577362511, 3206.2026091996368, 2069.639657205279, 570.8419399036634,
    69.48935098923407, 3.067598347669355,
)  # fmt: skip
CENTRE_Q = (
    277.0736409536287, 1427.0659340052055, 1863.54634432099, 961.6466044192599, 227.48755529364178, 24.72768119137679,
    1.0,
)  # fmt: skip
TAIL_P = (
    3.53215835998902e-06, 0.0002397222880024758, 0.0055465277496239565, 0.06273987665038765, 0.39587546086911013,
    1.438564096393357, 2.9161253920030035, 2.9580894207620614, 1.1015196284987512,
)  # fmt: skip
TAIL_Q = (
    3.5320433333766283e-06, 0.00023268936526719768, 0.005102024087141394, 0.053539766392631055, 0.3056737977588934,
    0.962710230753341, 1.55563163859331, 1.0,
)  # fmt: skip

_ROOT_2PI = math.sqrt(2.0 * math.pi)
_LOG2E = 1.4426950408889634
_TO_WHOLE = 1.5 * 2.0**52  # added to a small number, leaves its nearest whole number in the last bits
_FRACTION = np.int64(2**52 - 1)  # a number's bits: sign, eleven of exponent, 52 of fraction
_ONE, _HALF = np.int64(0x3FF << 52), np.int64(0x3FE << 52)
_TWO_52 = np.int64(0x433 << 52)  # with a whole number below 2**52 in the last bits: 2**52 and that number
_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)  # sqrt(1/2)
_TOP_26 = np.int64(-(2**27))
_LEAST_NORMAL = 2.0**-1022


@jit(inline=True)
def _bits(x):
    return np.float64(x).view(np.int64)


@jit(inline=True)
def _number(bits):
    return np.int64(bits).view(np.float64)


@jit(inline=True)
def _polynomial(coefficients, x):
    """Horner's rule; the loop over a tuple is unrolled."""
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


@jit(inline=True)
def _series(coefficients, x):
    """A polynomial, even and odd powers apart: half the latency of Horner's rule, for one rounding more."""
    square = x * x
    even, odd = coefficients[0], coefficients[1]
    for i in range(2, len(coefficients) - 1, 2):
        even = even * square + coefficients[i]
        odd = odd * square + coefficients[i + 1]
    if len(coefficients) % 2 == 0:
        return even * x + odd
    return (even * square + coefficients[-1]) + odd * x


@jit(inline=True)
def _reduced(x, low):
    """(k << 52, a, b) for which exp(x + low) = 2**k (1 + a + b): ``a`` is exact, ``b`` the small rest."""
    whole = x * _LOG2E + _TO_WHOLE
    scale = _bits(whole) << 52
    whole -= _TO_WHOLE
    high = x - whole * LN2_HIGH
    rest = whole * LN2_LOW - low
    r = high - rest
    return scale, high, r * r * _series(EXP, r) - rest


@jit(inline=True)
def _exp_of_sum(x, low):
    """exp(x + low), |low| < 1e-4, -1000 < x < 1000, scaled in two steps to reach subnormal numbers and inf."""
    scale, high, rest = _reduced(x, low)
    step = (scale >> 1) & ~_FRACTION
    return (1.0 + (high + rest)) * _number(_ONE + step) * _number(_ONE + (scale - step))


@jit(inline=True)
def exp(x):
    """Exponential within 1 ulp, subnormal results included; inf above 709.78, 0 below -745.13."""
    x = 710.0 if x > 710.0 else x
    x = -746.0 if x < -746.0 else x
    return _exp_of_sum(x, 0.0)


@jit(inline=True)
def expm1(x):
    """exp(x) - 1 within 2 ulp, also where x is small; inf above 709.78."""
    x = 710.0 if x > 710.0 else x
    x = -40.0 if x < -40.0 else x
    scale, high, rest = _reduced(x, 0.0)
    half = _number(_HALF + scale)  # 2**(k - 1), since 2**k may be too large for a number
    return 2.0 * (((half - 0.5) + half * high) + half * rest)


@jit(inline=True)
def _log_and(x, low, raised):
    """log(x / 2**raised) + low, x positive, finite and not subnormal; low is small, or x = 1."""
    bits = _bits(x) + (_ONE - _ROOT_HALF)
    k = _number((bits >> 52) | _TWO_52) - (2.0**52 + 1023.0 + raised)
    f = _number((bits & _FRACTION) + _ROOT_HALF) - 1.0  # x = 2**k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2)
    s = f / (2.0 + f)
    z = s * s
    h = 0.5 * f * f
    return k * LN2_HIGH - ((h - (s * (h + z * _series(LOG, z)) + (k * LN2_LOW + low))) - f)


@jit(inline=True)
def _where_defined(x, y):
    """``y``, computed as log(x), where x is a finite positive number; elsewhere inf, -inf or NaN."""
    y = y if x < math.inf else x
    return y if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


@jit(inline=True)
def log(x):
    """Natural logarithm within 1 ulp, subnormal arguments included; -inf at 0, NaN below."""
    x = float(x)
    subnormal = x < _LEAST_NORMAL
    y = _log_and(x * 2.0**54 if subnormal else x, 0.0, 54.0 if subnormal else 0.0)
    return _where_defined(x, y)


@jit(inline=True)
def log1p(x):
    """log(1 + x) within 1 ulp, also where x is small; -inf at -1, NaN below."""
    x = float(x)
    u = 1.0 + x
    part = u - 1.0
    return _where_defined(u, _log_and(u, ((1.0 - (u - part)) + (x - part)) / u, 0.0))


@jit(inline=True)
def normal_cdf(y):
    """Standard normal distribution function within 4 ulp, down to 4e-308 at y = -37.5, with fewer digits to -38.5.

    N(-x) = exp(-x**2 / 2) / (sqrt(2 pi) x + ratio(x)), where the ratio falls from 2 to 0; the square is in two parts,
    since rounded it would cost the tail hundreds of ulp.
    """
    x = abs(float(y))
    x = 38.7 if x > 38.7 else x
    head = _number(_bits(x) & _TOP_26)
    density = _exp_of_sum(-0.5 * head * head, -0.5 * (x - head) * (x + head))
    beyond = density / (_ROOT_2PI * x + _polynomial(CDF_P, x) / _polynomial(CDF_Q, x))
    return 1.0 - beyond if y > 0.0 else beyond


@jit(inline=True)
def quantile(q):
    """Standard normal quantile at probability q + 1/2 within 6 ulp; NaN unless -1/2 < q < 1/2."""
    size = abs(q)
    r = 0.140625 - q * q
    centre = q * (_polynomial(CENTRE_P, r) / _polynomial(CENTRE_Q, r))
    t = math.sqrt(-2.0 * log(0.5 - size)) - 2.0
    tail = math.copysign(_polynomial(TAIL_P, t) / _polynomial(TAIL_Q, t), q)
    return centre if size <= 0.375 else tail


_CELLS = 32  # equal ones between 2**k and 2**(k + 1)
_CELL_SHIFT, _IN_CELL = np.int64(47), np.int64(2**47 - 1)
_FIRST_CELL = np.uint64(1022 * _CELLS)  # that of 1/2
_MIDDLE = 1.0 + 0.5 / _CELLS


def _quantile_cells() -> np.ndarray:
    """Coefficients (1024, 5) of the normal quantile of u / 2**32, 1/2 <= u < 2**31, lowest power first.

    A row for each 32nd between powers of two, in the distance from its middle as a share of the power. The polynomial
    meets the quantile at five points near Chebyshev's, of which one is the upper end: at probability 1/2 it is zero.
    Sums, products, ratios and roots alone, which are the same bits on every machine: no logarithm of NumPy's.
    """
    nodes = np.array([1.0, 0.625, 0.0234375, -0.578125, -0.953125]) * (0.5 / _CELLS)
    share = (np.arange(_CELLS)[:, None] + 0.5) / _CELLS + nodes
    odd = share / (2.0 + share)
    logs = 2.0 * odd * np.polyval([1.0 / (2 * n + 1) for n in reversed(range(18))], odd * odd)
    power = np.arange(-33, -1)[:, None, None]
    p = np.ldexp(1.0 + share, power)
    q = p - 0.5
    r = 0.140625 - q * q
    t = np.sqrt(-2.0 * (power * LN2_HIGH + (power * LN2_LOW + logs))) - 2.0
    tail = -np.polyval(TAIL_P, t) / np.polyval(TAIL_Q, t)
    z = np.where(p < 0.125, tail, q * (np.polyval(CENTRE_P, r) / np.polyval(CENTRE_Q, r))).reshape(-1, 5)
    for order in range(1, 5):  # Newton's divided differences, then powers
        z[:, order:] = (z[:, order:] - z[:, order - 1 : -1]) / (nodes[order:] - nodes[:-order])
    for order in range(3, -1, -1):
        z[:, order:-1] -= nodes[order] * z[:, order + 1 :]
    return z


_QUANTILE = _quantile_cells()


@jit(inline=True)
def normal(word):
    """Standard normal from one 32-bit word: the quantile at (word + 1/2) / 2**32, |z| <= 6.34.

    Error below 6e-12, where neighbouring words are at least 5e-10 apart, and below 2e-9 of z. It rises with the word,
    and words ``w`` and ``2**32 - 1 - w`` give z and -z.
    """
    w = np.int64(word)
    folded = min(w, np.int64(0xFFFFFFFF) - w)
    bits = _bits(_number(folded | _TWO_52) - (2.0**52 - 0.5))
    k = np.uint64(bits >> _CELL_SHIFT) - _FIRST_CELL
    x = _number((bits & _IN_CELL) | _ONE) - _MIDDLE
    c = _QUANTILE
    z = c[k, 0] + x * (c[k, 1] + x * (c[k, 2] + x * (c[k, 3] + x * c[k, 4])))
    return z if folded == w else -z
