"""The core's elementary functions: errors, limits, the same bits wherever a number stands, and loops that vectorise."""

from __future__ import annotations

import math
import re
from functools import cache

import numba
import numpy as np
import pytest
from mpmath import mp, mpf
from numba.core.registry import cpu_target

from nea_env.core import elementary
from nea_env.core.elementary import exp, expm1, log, log1p, normal, normal_cdf, quantile
from tests.core import derive_elementary

INF, NAN = math.inf, math.nan
MOST, LEAST, LEAST_NORMAL = 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308
CELL_EDGES = [2**k + j * 2 ** (k - 5) for k in range(5, 31) for j in range(32)]
"""Words at which ``normal`` turns to the next row of its table, from 32 on."""


@cache
def loop(function):
    @numba.njit(error_model="numpy")
    def kernel(x, y):
        for i in range(len(x)):
            y[i] = function(x[i])

    return kernel


def mapped(function, x):
    y = np.empty(len(x))
    loop(function)(x, y)
    return y


def exact_cdf(y):
    return mp.erfc(-y / mp.sqrt(2)) / 2


def exact_quantile(q):
    """By Newton's method on log p, from where the tail begins."""
    p = mpf(1) / 2 - abs(q)
    z = mp.sqrt(-2 * mp.log(2 * p))
    for _ in range(60):
        share = exact_cdf(-z)
        step = mp.log(share / p) * share * mp.sqrt(2 * mp.pi) * mp.exp(z * z / 2)
        z += step
        if abs(step) <= abs(z) * mpf(10) ** -30:
            break
    return mp.sign(q) * z


def errors_in_ulp(x, y, exact):
    with mp.workdps(40):
        pairs = [(mpf(value), exact(mpf(argument))) for argument, value in zip(x.tolist(), y.tolist(), strict=True)]
        return np.array([float((value - true) / np.spacing(abs(float(true)))) for value, true in pairs])


def powers(rng, low, high, n):
    """Positive numbers of every magnitude from 2**low to 2**high."""
    return 2.0 ** rng.uniform(low, high, n)


def arguments(name, n=250):
    """A grid and random numbers over all that the function takes, and its seams."""
    rng = np.random.default_rng(0)
    small = powers(rng, -60, 0, n) * rng.choice([-1, 1], n)
    half_steps = (np.arange(-60, 60) + 0.5) * math.log(2)  # where the reduced argument changes sides
    seams = np.concatenate([half_steps, np.nextafter(half_steps, INF), np.nextafter(half_steps, -INF)])
    roots = math.sqrt(0.5) * 2.0 ** np.arange(-5, 6)
    roots = np.concatenate([roots, np.nextafter(roots, INF), np.nextafter(roots, 0)])
    return {
        "exp": [rng.uniform(-745, 709.78, n), np.linspace(-2, 2, n), small, seams, [709.782712893384, -745.13, -708.4]],
        "expm1": [rng.uniform(-50, 709.78, n), np.linspace(-2, 2, n), small, seams, [709.782712893384, 1e-310]],
        "log": [powers(rng, -1022, 1023, n), np.linspace(0.5, 2, n), 1 + small, roots, [MOST, LEAST_NORMAL, LEAST]],
        "log1p": [powers(rng, -1000, 1023, n), np.linspace(-0.9, 2, n), small, roots - 1, powers(rng, -53, -1, n) - 1],
        "normal_cdf": [rng.uniform(-37.5, -3, n), np.linspace(-8, 8, n), rng.uniform(-3, 3, n), small],
        "quantile": [rng.uniform(-0.5, 0.5, n), 0.5 * small[:50], 0.5 - powers(rng, -54, -2, 100), [0.375, -0.375]],
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "exact", "limit"),
    [(exp, mp.exp, 1), (expm1, mp.expm1, 2), (log, mp.log, 1), (log1p, mp.log1p, 1), (normal_cdf, exact_cdf, 4),
     (quantile, exact_quantile, 6)],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_error_is_within_the_docstring(function, exact, limit):
    assert f"within {limit} ulp" in function.__doc__
    x = np.concatenate(arguments(function.__name__))
    x = x[(np.abs(x) < 0.5) & (x != 0)] if function is quantile else x
    assert np.abs(errors_in_ulp(x, mapped(function, x), exact)).max() <= limit


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (exp, [0.0, -0.0, 709.782712893384, 709.7827128933841, INF], [1.0, 1.0, 1.7976931348622732e308, INF, INF]),
        (exp, [-745.1332191019411, -745.1332191019412, -1e300, -INF, NAN], [LEAST, 0.0, 0.0, 0.0, NAN]),
        (expm1, [0.0, 1e-300, -1e300, -INF, 710.0, INF, NAN], [0.0, 1e-300, -1.0, -1.0, INF, INF, NAN]),
        (log, [0.0, -0.0, 1.0, INF, -LEAST, -1.0, -INF, NAN], [-INF, -INF, 0.0, INF, NAN, NAN, NAN, NAN]),
        (log1p, [0.0, 1e-300, -1.0, INF, -1.0000000000000002, -INF, NAN], [0.0, 1e-300, -INF, INF, NAN, NAN, NAN]),
        (normal_cdf, [0.0, -0.0, 9.0, 1e300, INF, NAN], [0.5, 0.5, 1.0, 1.0, 1.0, NAN]),
        (normal_cdf, [-39.0, -1e300, -INF], [0.0, 0.0, 0.0]),
        (quantile, [0.0, 0.5, -0.5, 0.6, INF, -INF, NAN], [0.0, NAN, NAN, NAN, NAN, NAN, NAN]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_limits_and_what_is_no_number(function, x, expected):
    np.testing.assert_array_equal(mapped(function, np.array(x)), expected)


def test_tail_of_normal_cdf_ends_without_a_jump():
    tail = mapped(normal_cdf, np.linspace(-38.7, -37.4, 1001))
    assert tail[0] == 0 < tail[-1] and (np.diff(tail) >= 0).all()
    last = tail[(tail > 0) & (tail < LEAST_NORMAL)]
    assert len(last) > 100, "subnormal probabilities are reached"


def test_normal_is_the_quantile_of_the_word():
    rng = np.random.default_rng(0)
    words = np.concatenate([rng.integers(0, 2**32, 200), powers(rng, 0, 31, 200).astype(np.int64), [0, 1, 2**31 - 1]])
    words = np.concatenate([words, 2**31 - powers(rng, 0, 30, 100).astype(np.int64)])
    z = mapped(normal, words.astype(np.uint64))
    with mp.workdps(40):
        exact = np.array([float(exact_quantile((word + mpf(1) / 2) / 2**32 - mpf(1) / 2)) for word in words.tolist()])
    np.testing.assert_allclose(z, exact, rtol=2e-9, atol=0)
    np.testing.assert_allclose(z, exact, rtol=0, atol=6e-12)


def test_normal_is_odd_and_rises_with_the_word():
    edges = np.array(CELL_EDGES)
    lower = np.unique(np.concatenate([np.arange(2000), *(edges + shift for shift in range(-2, 3)), [2**31 - 1]]))
    z = mapped(normal, lower.astype(np.uint64))
    assert (np.diff(z) > 0).all() and z[-1] < 0
    np.testing.assert_array_equal(mapped(normal, (2**32 - 1 - lower).astype(np.uint64)), -z)
    assert -6.34 < z[0] < -6.33


@numba.njit(error_model="numpy")
def month(words, prices, shares):
    """Several of the functions in one long loop, as in the simulator."""
    for i in range(len(words)):
        z = 0.1 * normal(words[i])
        prices[i] = exp(log(prices[i]) + z) * normal_cdf(z)
        shares[i] = log1p(prices[i]) * expm1(z) + quantile(0.4 * normal_cdf(z))


def sample(function, n):
    rng = np.random.default_rng(1)
    if function is normal:
        return rng.integers(0, 2**32, n).astype(np.uint64)
    return rng.uniform(-0.5, 0.5, n) if function is quantile else rng.uniform(-0.9, 3.0, n)  # log: also NaN


FUNCTIONS = (exp, expm1, log, log1p, normal_cdf, quantile, normal)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_bits_depend_on_neither_length_nor_place(function):
    x = sample(function, 211)
    alone = np.array([function(value) for value in x])
    for start, length in [(0, 1), (5, 3), (0, 64), (1, 64), (3, 100), (7, 201), (0, 211)]:
        part = slice(start, start + length)
        np.testing.assert_array_equal(mapped(function, x[part]), alone[part])
    out = np.empty(2 * len(x))[1::2]
    loop(function)(x[::-1], out)  # other strides are other machine code
    np.testing.assert_array_equal(out[::-1], alone)


def test_bits_are_the_same_in_a_long_loop():
    words, prices, shares = sample(normal, 211), np.linspace(1.0, 90.0, 211), np.empty(211)
    z = 0.1 * mapped(normal, words)
    up = mapped(exp, mapped(log, prices) + z) * mapped(normal_cdf, z)
    month(words, prices, shares)
    np.testing.assert_array_equal(prices, up)
    np.testing.assert_array_equal(
        shares, mapped(log1p, up) * mapped(expm1, z) + mapped(quantile, 0.4 * mapped(normal_cdf, z))
    )


@pytest.fixture(scope="module")
def features():
    """What the processor has, as LLVM names it; skips where loops stay scalar."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    if not numba.config.LOOP_VECTORIZE or numba.config.OPT < 2:
        pytest.skip("Numba is told not to vectorise")
    if not re.match("x86_64|aarch64|arm64", triple):
        pytest.skip(f"{triple} may have no vector unit for float64")
    return features.split(",")


@pytest.mark.parametrize("function", [*FUNCTIONS, month], ids=lambda function: function.__name__)
def test_loop_is_vectorised(function, features):
    if function in (normal, month) and "+avx2" not in features:
        pytest.skip("without AVX2 it is quicker to look up the table one by one")
    if function is month:
        kernel = month
        kernel(sample(normal, 3), np.ones(3), np.ones(3))
    else:
        kernel = loop(function)
        kernel(sample(function, 3), np.empty(3))
    signature = next(one for one in kernel.signatures if all(array.layout == "C" for array in one))
    code, assembly = kernel.inspect_llvm(signature), kernel.inspect_asm(signature)
    widths = [int(width) for width in re.findall(r"f(?:add|mul) <(\d+) x double>", code)]
    assert max(widths, default=1) >= (4 if "+avx2" in features else 2)
    assert not re.search(r"call [^@\n]*double @(?!llvm\.|sqrt\()", code), "calls a library"  # roots are exact
    assert not re.search(r"\bv?fn?m(add|sub|la|ls)", assembly), "fuses: other bits than a processor without it"


@pytest.mark.parametrize("fit", derive_elementary.FITS)
def test_coefficients_are_those_derived(fit):
    found, error = derive_elementary.derived(fit)
    assert error < 2**-54
    for name, coefficients in found.items():
        assert getattr(elementary, name) == coefficients, name
