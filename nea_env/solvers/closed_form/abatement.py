"""What a firm that takes the price as given abates: its marginal cost meets the price, or the target that a rule makes.

Tonnes and money are of one period. A curve says what abatement costs; emissions before abatement are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import Array, finite, not_negative, positive, share


class CostCurve(Protocol):
    """Abatement costs: convex, nothing where nothing is abated."""

    def abatement(self, price: ArrayLike) -> Array:
        """Tonnes at which the marginal cost is the price, or the most that can be abated."""

    def cost(self, abatement: ArrayLike) -> Array:
        """What so many tonnes cost, money."""


@dataclass(frozen=True)
class LinearMarginalCost:
    """A marginal cost of ``slope`` times the tonnes abated.

    Attributes:
        slope: money/t for each tonne.
        most: tonnes that can be abated.
    """

    slope: float
    most: float = np.inf

    def __post_init__(self) -> None:
        positive("slope", self.slope)
        not_negative("most", self.most)

    def abatement(self, price: ArrayLike) -> Array:
        """Tonnes at which the marginal cost is the price."""
        return np.clip(finite("price", price) / self.slope, 0.0, self.most)

    def cost(self, abatement: ArrayLike) -> Array:
        """The integral of the marginal cost, money."""
        return self.slope * not_negative("abatement", abatement) ** 2 / 2.0


@dataclass(frozen=True)
class ExponentialMarginalCost:
    """A marginal cost of ``scale (exp(steepness R) - 1)`` where the share R of the emissions is abated.

    Attributes:
        scale: money/t.
        steepness: how fast it rises with the share.
        emissions: before abatement, t.
        most: share that can be abated.
    """

    scale: float
    steepness: float
    emissions: float = 1.0
    most: float = 1.0

    def __post_init__(self) -> None:
        positive("scale", self.scale)
        positive("steepness", self.steepness)
        positive("emissions", self.emissions)
        share("most", self.most)

    def abatement(self, price: ArrayLike) -> Array:
        """Tonnes at which the marginal cost is the price."""
        above = np.maximum(finite("price", price), 0.0)
        return self.emissions * np.minimum(np.log1p(above / self.scale) / self.steepness, self.most)

    def cost(self, abatement: ArrayLike) -> Array:
        """The integral of the marginal cost, money."""
        abated = not_negative("abatement", abatement) / self.emissions
        return self.emissions * self.scale * (np.expm1(self.steepness * abated) / self.steepness - abated)


def abatement_at_price(price: ArrayLike, curve: CostCurve) -> Array:
    """A price taker abates until its marginal cost is the price, whatever it holds and was given.

    Args:
        price: of a unit, money/t.
        curve: of its costs.

    Returns:
        Tonnes, of the price's shape; the most that can be abated where the price can't be met.

    References:
        Montgomery 1972, Journal of Economic Theory.
    """
    return curve.abatement(price)


def gain_from_abatement(price: ArrayLike, curve: CostCurve) -> Array:
    """Abating at the price saves the price of the tonnes less their cost: P² / 2c where the marginal cost is c a.

    Args:
        price: of a unit, money/t.
        curve: of its costs.

    Returns:
        Money, of the price's shape, compared with no abatement.

    References:
        Montgomery 1972, Journal of Economic Theory.
    """
    abated = curve.abatement(price)
    return finite("price", price) * abated - curve.cost(abated)


def value_of_allocation(expected_price: ArrayLike, years: ArrayLike, rate: ArrayLike) -> Array:
    """A unit more of free allocation is worth its expected price, discounted, and changes nothing that the firm does.

    It fails, as it must, where the allocation follows output, where trades cost something, and under limits on banking.

    Args:
        expected_price: of a unit when it is given, money/t.
        years: until then.
        rate: of discount, by year.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        Montgomery 1972, Journal of Economic Theory; Hahn and Stavins 2011, Journal of Law and Economics.
    """
    return np.exp(-finite("rate", rate) * not_negative("years", years)) * finite("expected_price", expected_price)


def abatement_between_bid_and_ask(required: ArrayLike, bid: ArrayLike, ask: ArrayLike, curve: CostCurve) -> Array:
    """Where selling brings less than buying costs, a firm abates all that it lacks between the two, and trades nothing.

    Short firms abate up to the ask and buy the rest, long ones up to the bid and sell what they then have too much.

    Args:
        required: emissions before abatement less units held, t; negative where it holds more.
        bid: what a unit sells for, money/t.
        ask: what it costs, money/t.
        curve: of abatement costs.

    Returns:
        Tonnes abated, of the arguments' common shape; ``required`` less this is bought.

    Raises:
        ValueError: the bid is above the ask.

    References:
        Stavins 1995, Journal of Environmental Economics and Management.
    """
    low, high = finite("bid", bid), finite("ask", ask)
    if np.any(low > high):
        raise ValueError(f"bid: {low.flat[0]:g}, allowed: at most the ask, {high.flat[0]:g}")
    return np.clip(finite("required", required), curve.abatement(low), curve.abatement(high))


class Abated(NamedTuple):
    """Tonnes abated, and what the firm pays in all: for units, or earns from them, and for abatement."""

    abatement: Array
    cost: Array


def abatement_under_deficit_cap(
    price: ArrayLike, emissions: ArrayLike, allocation: ArrayLike, capped: ArrayLike, curve: CostCurve
) -> Abated:
    """Where a firm owes at most its allocation and a share of its emissions, it abates at P or at that share of P.

    The duty is min(E, A + capped E), so the cost has two local optima, and the cheaper of the two is best.

    Args:
        price: of a unit, money/t.
        emissions: E before abatement, t.
        allocation: A, t.
        capped: share of the emissions, from 0 to 1: 0.2 in China's national system from 2019 to 2022.
        curve: of abatement costs.

    Returns:
        Abatement and cost, of the arguments' common shape.

    References:
        The kink of a concave cost; Ministry of Ecology and Environment 2020, allocation plan for power of 2019-2020.
    """
    unit, part = not_negative("price", price), share("capped", capped)
    before, given = not_negative("emissions", emissions), not_negative("allocation", allocation)
    whole, little = np.minimum(curve.abatement(unit), before), np.minimum(curve.abatement(part * unit), before)
    uncapped = unit * (before - whole - given) + curve.cost(whole)
    limited = unit * part * (before - little) + curve.cost(little)
    return Abated(np.where(uncapped <= limited, whole, little)[()], np.minimum(uncapped, limited))


class Offsets(NamedTuple):
    """Credits used, t, and what one more tonne of the limit would save, money/t."""

    used: Array
    shadow_price: Array


def offset_use(price: ArrayLike, credit_price: ArrayLike, limit: ArrayLike) -> Offsets:
    """Credits are used up to the limit where they are cheaper than units, and not at all where they are not.

    Args:
        price: of a unit, money/t.
        credit_price: of a credit, money/t.
        limit: tonnes that credits may cover.

    Returns:
        Use and shadow price, of the arguments' common shape.

    References:
        Follows from the limit: the cost is linear in the credits.
    """
    saved = np.maximum(finite("price", price) - finite("credit_price", credit_price), 0.0)
    return Offsets(np.where(saved > 0.0, not_negative("limit", limit), 0.0)[()], saved)


def abatement_target_with_offsets(price: ArrayLike, credit_price: ArrayLike, limit: ArrayLike) -> Array:
    """Where the limit on credits is a share of the firm's own emissions, its marginal cost meets P - s (P - credit).

    A tonne abated then takes a part of the right to use credits away. An absolute limit leaves the target at P.

    Args:
        price: of a unit, money/t.
        credit_price: of a credit, money/t.
        limit: share s of the emissions, from 0 to 1.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        Follows from the limit, as the shadow price of a credit times the share.
    """
    unit = finite("price", price)
    return unit - share("limit", limit) * np.maximum(unit - finite("credit_price", credit_price), 0.0)


def abatement_target_with_updating(
    price: ArrayLike, follows: ArrayLike, later_price: ArrayLike, years: ArrayLike, rate: ArrayLike
) -> Array:
    """Where later allocation follows emissions, a tonne abated loses units: the marginal cost meets P - g d E[P later].

    Args:
        price: of a unit, money/t.
        follows: units g that a tonne emitted earns later.
        later_price: expected price of these units, money/t.
        years: until they are given.
        rate: of discount, by year.

    Returns:
        Money/t, of the arguments' common shape; below 0 where emitting pays.

    References:
        Böhringer and Lange 2005, European Economic Review.
    """
    return finite("price", price) - not_negative("follows", follows) * value_of_allocation(later_price, years, rate)
