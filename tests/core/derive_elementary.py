"""Where the coefficients in ``nea_env/core/elementary.py`` come from: ``python -m tests.core.derive_elementary``.

Each is a minimax fit by Remez's exchange in sixty digits, on a grid of the function's range: the largest error is
alike, with alternating signs, at one point more than there are coefficients.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

from mpmath import mp, mpf

POINTS = 160
"""Points of a grid: several to each wave of the error, and an even number, so that none is r = 0."""

NEWTON_STEPS, EXCHANGES = 12, 20


class Grid(NamedTuple):
    """Where a fit is made: arguments, the function's values there, and what an error counts there."""

    x: list
    values: list
    weights: list


def ratio(numerator: list, denominator: list, x: mpf) -> mpf:
    """Ratio of two polynomials, lowest power first."""
    return mp.polyval(numerator[::-1], x) / mp.polyval(denominator[::-1], x)


def interpolated(grid: Grid, places: list[int], degrees: tuple[int, int]) -> tuple[list, list]:
    """P and Q that meet the function at the places: P - f Q = 0 is linear in the coefficients."""
    over, under = degrees
    points = [(grid.x[i], grid.values[i]) for i in places]
    rows = [[x**j for j in range(over + 1)] + [-value * x**j for j in range(1, under + 1)] for x, value in points]
    solved = list(mp.lu_solve(mp.matrix(rows), mp.matrix([value for _, value in points])))
    return solved[: over + 1], [mpf(1), *solved[over + 1 :]]


def levelled(grid: Grid, places: list[int], numerator: list, denominator: list) -> tuple[list, list, mpf]:
    """P and Q whose error has one size and alternating signs at the places, by Newton's method, and that size."""
    error, over, under = mpf(0), len(numerator) - 1, len(denominator) - 1
    for _ in range(NEWTON_STEPS):
        rows, right = [], []
        for sign, (x, value, weight) in enumerate(zip(*([column[i] for i in places] for column in grid), strict=True)):
            q, level = mp.polyval(denominator[::-1], x), (-1) ** sign / weight
            p = mp.polyval(numerator[::-1], x)
            rows.append([x**j / q for j in range(over + 1)] + [-p / q**2 * x**j for j in range(1, under + 1)] + [level])
            right.append(value - p / q - level * error)
        step = list(mp.lu_solve(mp.matrix(rows), mp.matrix(right)))
        numerator = [c + d for c, d in zip(numerator, step[: over + 1], strict=True)]
        denominator = [mpf(1), *(c + d for c, d in zip(denominator[1:], step[over + 1 : -1], strict=True))]
        error += step[-1]
        if max(abs(d / c) for c, d in zip(numerator, step[: over + 1], strict=True)) < mpf(10) ** -20:
            break
    return numerator, denominator, abs(error)


def minimax(grid: Grid, degrees: tuple[int, int]) -> tuple[list, list, mpf]:
    """Coefficients of P and of Q, lowest power first, Q(0) = 1, and the largest weighted error on the grid.

    Raises:
        ArithmeticError: the error does not alternate often enough, so this is no best fit.
    """
    count, last = sum(degrees) + 2, len(grid.x) - 1
    places = [round(last * i / (count - 1)) for i in range(count)]
    halfway = [(i + j) // 2 for i, j in itertools.pairwise(places)]
    numerator, denominator = interpolated(grid, halfway, degrees)
    for _ in range(EXCHANGES):
        numerator, denominator, level = levelled(grid, places, numerator, denominator)
        errors = [w * (ratio(numerator, denominator, x) - f) for x, f, w in zip(*grid, strict=True)]
        largest = max(map(abs, errors))
        if largest < level * mpf("1.01"):
            return numerator, denominator, largest
        places = extremes(errors, count)
    raise ArithmeticError(f"{degrees}: no end after {EXCHANGES} exchanges")


def extremes(errors: list, count: int) -> list[int]:
    """Where the error is largest between its changes of sign, ``count`` places in a row."""
    places: list[int] = []
    for i, error in enumerate(errors):
        if not places or (error > 0) != (errors[places[-1]] > 0):
            places.append(i)
        elif abs(error) > abs(errors[places[-1]]):
            places[-1] = i
    while len(places) > count:
        places.pop(0 if abs(errors[places[0]]) < abs(errors[places[-1]]) else -1)
    if len(places) < count:
        raise ArithmeticError(f"the error changes its sign {len(places) - 1} times of {count - 1}")
    return places


def between(low: mpf, high: mpf, knee: mpf | None = None) -> list:
    """Chebyshev's points from low to high; with a knee, those of (x - knee) / (x + knee)."""
    first, last = (low, high) if knee is None else ((low - knee) / (low + knee), (high - knee) / (high + knee))
    angles = [mp.pi * i / (POINTS - 1) for i in range(POINTS)]
    points = [first + (last - first) * (1 - mp.cos(angle)) / 2 for angle in angles]
    return points if knee is None else [knee * (1 + u) / (1 - u) for u in points]


def exp_series() -> tuple[Grid, tuple[int, int]]:
    """(exp(r) - 1 - r) / r**2 over half a ln 2 and what ``normal_cdf`` adds to it; an error counts r**2 / exp(r)."""
    reach = mp.log(2) / 2 * mpf("1.001")
    x = between(-reach, reach)
    return Grid(x, [(mp.exp(r) - 1 - r) / r**2 for r in x], [r**2 / mp.exp(r) for r in x]), (9, 0)


def log_series() -> tuple[Grid, tuple[int, int]]:
    """(log((1 + s) / (1 - s)) - 2 s) / s**3 as a function of s**2, where (1 + s) / (1 - s) goes to sqrt(2)."""
    squares = between(mpf(0), (3 - 2 * mp.sqrt(2)) ** 2 * mpf("1.001"))[1:]
    values = [(mp.log((1 + mp.sqrt(z)) / (1 - mp.sqrt(z))) / mp.sqrt(z) - 2) / z for z in squares]
    return Grid(squares, values, [z / 2 for z in squares]), (6, 0)


def cdf_ratio() -> tuple[Grid, tuple[int, int]]:
    """exp(-x**2 / 2) / N(-x) - sqrt(2 pi) x, up to where N(-x) is no number any more; an error counts relative to N.

    The root is the float64 that ``normal_cdf`` multiplies by, so that the ratio makes up for what it lacks.
    """
    x = between(mpf(0), mpf("38.7"), mpf(3))
    shares = [mp.exp(a**2 / 2) * mp.erfc(a / mp.sqrt(2)) / 2 for a in x]
    root = mpf(math.sqrt(2.0 * math.pi))
    return Grid(x, [1 / share - root * a for a, share in zip(x, shares, strict=True)], shares), (9, 10)


def centre_ratio() -> tuple[Grid, tuple[int, int]]:
    """z / q at probability 1/2 + q as a function of 9/64 - q**2, |q| <= 3/8."""
    z = between(mpf("1e-12"), mp.sqrt(2) * mp.erfinv(mpf(3) / 4))
    q = [mp.erf(a / mp.sqrt(2)) / 2 for a in z]
    return Grid([mpf(9) / 64 - b**2 for b in q], [a / b for a, b in zip(z, q, strict=True)],
                [b / a for a, b in zip(z, q, strict=True)]), (6, 6)  # fmt: skip


def tail_ratio() -> tuple[Grid, tuple[int, int]]:
    """Z at probability p of more, as a function of sqrt(-2 log p) - 2, for p from 1/8 to 2**-54."""
    z = between(mp.sqrt(2) * mp.erfinv(mpf(3) / 4), mpf("8.3"), mpf(3))
    x = [mp.sqrt(-2 * mp.log(mp.erfc(a / mp.sqrt(2)) / 2)) - 2 for a in z]
    return Grid(x, z, [1 / a for a in z]), (8, 7)


FITS: dict[str, Callable[[], tuple[Grid, tuple[int, int]]]] = {
    "EXP": exp_series, "LOG": log_series, "CDF": cdf_ratio, "CENTRE": centre_ratio, "TAIL": tail_ratio,
}  # fmt: skip


def derived(name: str) -> tuple[dict[str, tuple[float, ...]], float]:
    """Coefficients under the names they have in ``elementary``, highest power first, and the fit's relative error."""
    with mp.workdps(60):
        grid, degrees = FITS[name]()
        numerator, denominator, error = minimax(grid, degrees)
        rounded = [tuple(map(float, reversed(column))) for column in (numerator, denominator)]
    if degrees[1] == 0:
        return {name: rounded[0]}, float(error)
    return {f"{name}_P": rounded[0], f"{name}_Q": rounded[1]}, float(error)


if __name__ == "__main__":
    for fit in FITS:
        found, error = derived(fit)
        print(f"# relative error of the fit {error:.1e}")
        for name, coefficients in found.items():
            print(f"{name} = (", *(f"    {c!r}," for c in coefficients), ")", sep="\n")
