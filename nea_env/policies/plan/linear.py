"""Linear expressions, and a programme of them that HiGHS solves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

INFINITY = math.inf
_NOTHING = 1e-14  # a coefficient that rounding has left
TEST_SLACK = 1e-6  # by how much a test may be negative
_SLACK = 1e-7  # by how much a row without variables may miss its bounds


class Linear:
    """A number that is linear in the variables of a model: ``constant`` and ``terms``, coefficients by variable."""

    __slots__ = ("constant", "terms")

    def __init__(self, constant: float = 0.0, terms: dict[int, float] | None = None) -> None:
        self.constant = float(constant)
        self.terms = {} if terms is None else terms

    def plus(self, other: Linear | float, factor: float = 1.0) -> Linear:
        """This and ``factor`` times another, as a new expression."""
        if not isinstance(other, Linear):
            return Linear(self.constant + factor * other, self.terms)
        terms = dict(self.terms)
        for place, coefficient in other.terms.items():
            total = terms.get(place, 0.0) + factor * coefficient
            if abs(total) > _NOTHING:
                terms[place] = total
            else:
                terms.pop(place, None)
        return Linear(self.constant + factor * other.constant, terms)

    def __add__(self, other: Linear | float) -> Linear:
        return self.plus(other)

    def __sub__(self, other: Linear | float) -> Linear:
        return self.plus(other, -1.0)

    def __mul__(self, factor: float) -> Linear:
        return Linear(factor * self.constant, {place: factor * value for place, value in self.terms.items()})

    def at(self, values: np.ndarray) -> float:
        """Its value where the variables have ``values`` (V,)."""
        return self.constant + sum(value * float(values[place]) for place, value in self.terms.items())


class Model:
    """Variables with bounds, rows over them, and a cost to be least."""

    def __init__(self) -> None:
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.cost: list[float] = []
        self.whole: list[int] = []
        self.tests: list[tuple[Linear, ...]] = []
        self.constant_cost = 0.0
        self._rows: list[tuple[dict[int, float], float, float]] = []

    def variable(self, upper: float = INFINITY, lower: float = 0.0) -> Linear:
        """A new variable."""
        self.lower.append(lower)
        self.upper.append(max(upper, lower))
        self.cost.append(0.0)
        return Linear(0.0, {len(self.lower) - 1: 1.0})

    def switch(self, *tests: Linear) -> Linear:
        """A new variable that is 0 or 1, and anything between where the programme is relaxed.

        Args:
            tests: it is rounded up where none of them is negative; without tests, where it is 1.
        """
        one = self.variable(1.0)
        self.whole.append(len(self.lower) - 1)
        self.tests.append(tests or (one - 1.0,))
        return one

    def pay(self, amount: Linear | float, price: float = 1.0) -> None:
        """Add ``price`` times an amount to the cost."""
        if not isinstance(amount, Linear):
            self.constant_cost += price * amount
            return
        self.constant_cost += price * amount.constant
        for place, value in amount.terms.items():
            self.cost[place] += price * value

    def between(self, amount: Linear, lower: float, upper: float) -> None:
        """A row: the amount lies between two numbers.

        Raises:
            ValueError: it holds no variables and lies elsewhere.
        """
        lower, upper = lower - amount.constant, upper - amount.constant
        if amount.terms:
            self._rows.append((amount.terms, lower, upper))
        elif lower > _SLACK or upper < -_SLACK:
            raise ValueError(f"the programme of the firm has no solution: 0 is not between {lower:g} and {upper:g}")

    def at_most(self, amount: Linear, limit: Linear | float) -> None:
        """A row: the amount is no more than the limit."""
        self.between(amount - limit, -INFINITY, 0.0)

    def equal(self, amount: Linear, other: Linear | float) -> None:
        """A row: two amounts are equal."""
        self.between(amount - other, 0.0, 0.0)

    def range(self, amount: Linear) -> tuple[float, float]:
        """Between which numbers the bounds of the variables let an amount lie."""
        low = high = amount.constant
        for place, value in amount.terms.items():
            ends = value * self.lower[place], value * self.upper[place]
            low, high = low + min(ends), high + max(ends)
        return low, high

    def at_most_positive(self, amount: Linear, limit: Linear) -> None:
        """Rows: the amount is no more than max(0, limit), by a switch where the limit may have either sign."""
        low, high = self.range(limit)
        if high <= 0.0:
            self.at_most(amount, 0.0)
        elif low >= 0.0:
            self.at_most(amount, limit)
        else:
            on = self.switch(limit, amount - 2.0 * TEST_SLACK)
            self.at_most(amount, on * high)
            self.at_most(amount, limit.plus(on * low - low))

    def named(self, amount: Linear, most_terms: int = 4) -> Linear:
        """The amount as one variable where it has many terms: rows that use it often stay short."""
        if len(amount.terms) <= most_terms:
            return amount
        low, high = self.range(amount)
        one = self.variable(high, low)
        self.equal(one, amount)
        return one

    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The rows as HiGHS takes them: lower, upper (R,), first entry (R + 1,), variable and value of entries (E,)."""
        starts = np.cumsum([0, *(len(terms) for terms, _, _ in self._rows)]).astype(np.int32)
        places = np.fromiter((place for terms, _, _ in self._rows for place in terms), np.int32)
        values = np.fromiter((value for terms, _, _ in self._rows for value in terms.values()), np.float64)
        bounds = np.array([(low, high) for _, low, high in self._rows]).reshape(-1, 2)
        return bounds[:, 0], bounds[:, 1], starts, places, values


def highs() -> Any:
    """The module ``highspy``.

    Raises:
        ImportError: it is not installed; the message names the extra.
    """
    try:
        import highspy
    except ImportError:
        raise ImportError("plans need HiGHS: pip install 'nea-env[plan]', or pip install highspy") from None
    return highspy


def solver() -> Any:
    """A HiGHS that prints nothing, and no banner either.

    Raises:
        ImportError: it is not installed.
    """
    base = highs().Highs

    class Quiet(base):  # type: ignore[misc, valid-type]
        def enableCallbacks(self) -> None:  # noqa: N802 - the first that its constructor calls
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    return Quiet()
