"""The terms of a link between two markets, as the solver takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.problem import Array, Problem

LinkType = Literal["none", "full", "quota", "exchange_rate", "discount", "border_fee", "one_way"]
ONE_PRICE = ("full", "exchange_rate", "discount")  # units swap without limit, both ways: one price, one pool of units


@dataclass(frozen=True)
class Terms:
    """On what terms units of the partner count at home.

    Attributes:
        type: as a scenario's link has it.
        quota: (T,) units of home that imports may stand for, in the month that ends a home period; shares of the
            home market's baseline emissions a year, ``inf`` where there is no limit. Read where type is quota or
            one_way.
        units: units of the partner that count as one home tonne.
        fee: paid on a purchase, share of the home price.
        rate: home money per unit of the partner's, in the first month. It moves with the two discount rates
            and not otherwise: a partner unit kept is then worth the same as a home unit kept.
        scale: partner's baseline emissions over home's.
        open: (T,) months in which units can cross.
        two_way: a quota limits imports alone, and home units can be sold to the partner without limit.
        correlation: of the two markets' news of emissions: the share of it that is common.
        end_chance: (T,) chance that a link not yet cut is cut as the month begins, for good; None: it never is. What
            has crossed by then stays where it is: each market goes on alone from its own bank.
    """

    type: LinkType
    quota: Array
    open: NDArray[np.bool_]
    units: float = 1.0
    fee: float = 0.0
    rate: float = 1.0
    scale: float = 1.0
    two_way: bool = False
    correlation: float = 0.0
    end_chance: Array | None = None

    def __post_init__(self) -> None:
        """Refuse terms that say nothing sensible.

        Raises:
            ValueError: an unknown type, a negative or missing quota, a share or a factor out of its range.
        """
        known = (*ONE_PRICE, "none", "quota", "border_fee", "one_way")
        if self.type not in known:
            raise ValueError(f"type: {self.type!r} is none of {', '.join(sorted(known))}")
        if not (np.asarray(self.quota) >= 0.0).all():
            raise ValueError("quota: negative, or not a number")
        if not 0.0 <= self.fee < 1.0:
            raise ValueError(f"fee: {self.fee:g} is not a share of the home price below 1")
        if not -1.0 <= self.correlation <= 1.0:
            raise ValueError(f"correlation: {self.correlation:g} does not lie between -1 and 1")
        for name in ("units", "rate", "scale"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name}: {getattr(self, name):g} is not positive")
        if len(self.quota) != len(self.open):
            raise ValueError(f"quota: {len(self.quota)} months, but open has {len(self.open)}")
        if len(self.chances_of_a_cut()) != len(self.open):
            raise ValueError(f"end_chance: {len(self.chances_of_a_cut())} months, but open has {len(self.open)}")
        if not ((self.chances_of_a_cut() >= 0.0) & (self.chances_of_a_cut() <= 1.0)).all():
            raise ValueError("end_chance: not a chance between 0 and 1")
        if self.type == "one_way" and self.two_way:
            raise ValueError("two_way: a link of type one_way is not")

    @property
    def one_price(self) -> bool:
        """Whether an open link makes one market of the two."""
        return self.type in ONE_PRICE

    @property
    def is_pool(self) -> bool:
        """Whether the link makes one market of the two in every month, for certain."""
        return self.one_price and bool(np.all(self.open)) and not self.may_end

    def chances_of_a_cut(self) -> Array:
        """(T,) chance that a link not yet cut is cut as the month begins."""
        return np.zeros(len(self.open)) if self.end_chance is None else np.asarray(self.end_chance, float)

    @property
    def may_end(self) -> bool:
        """Whether the link is cut in a month that nobody knows."""
        return bool(self.chances_of_a_cut()[1:].any())

    def trades(self, home: Problem) -> NDArray[np.bool_]:
        """(T,) months in which units may cross.

        Under a quota they count when the home period is settled; without one they can cross in any open month.
        """
        if self.type == "none":
            return np.zeros(len(self.open), bool)
        settled = np.asarray(home.year_end) > 0
        limited = self.type == "quota" or (self.type == "one_way" and bool(np.isfinite(self.quota[settled]).any()))
        return np.asarray(self.open, bool) & settled if limited else np.asarray(self.open, bool)

    def limits(self) -> Array:
        """(T,) most units of home that imports may stand for."""
        return np.asarray(self.quota, float) if self.type in ("quota", "one_way") else np.full(len(self.open), np.inf)

    @property
    def exports(self) -> bool:
        """Whether home units can be sold to the partner."""
        return self.type != "one_way" and (self.type != "quota" or self.two_way)

    def parities(self, home: Problem, partner: Problem) -> Array:
        """(T + 1,) home money per partner money times units: what the units for one home tonne cost, over their price.

        Money that yields less is dearer later: the rate grows at the home discount rate less the partner's.
        """
        growth = partner.discount / home.discount
        return np.asarray(self.units * self.rate * growth ** np.arange(len(self.open) + 1), np.float64)

    def chances(self, home: Problem, partner: Problem) -> Array:
        """(Z, Z) transition of the pair of shocks, (home state) x Z2 + (partner state); each alone keeps its own.

        Common news moves both in step, from rank to rank (opposite ranks where the correlation is negative); the rest
        is independent. The shares of the two are that of the correlation and what is left.
        """
        own, other = home.chances, partner.chances
        if self.correlation < 0.0:
            other = other[::-1, ::-1]
        upto, other_upto = (np.cumsum(np.pad(each, ((0, 0), (1, 0))), axis=1) for each in (own, other))
        top = np.minimum(upto[:, None, 1:, None], other_upto[None, :, None, 1:])
        bottom = np.maximum(upto[:, None, :-1, None], other_upto[None, :, None, :-1])
        common = np.maximum(top - bottom, 0.0)
        if self.correlation < 0.0:
            common, other = common[:, ::-1, :, ::-1], partner.chances
        states = len(own) * len(other)
        weight = abs(self.correlation)
        independent = np.kron(own, other)
        return np.asarray(weight * common.reshape(states, states) + (1.0 - weight) * independent, np.float64)
