"""A link to another system: its price, its currency, and the terms on which its units count at home."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nea_env.scenario.market import Market
from nea_env.scenario.regime import Regime
from nea_env.scenario.types import Model, Month, Number, Positive, Share, Switch

CURRENCIES = ("CNY", "EUR", "JPY", "KRW", "USD")
"""Currencies in which a partner's units may be priced, besides the home scenario's own."""

LinkType = Literal["none", "full", "quota", "exchange_rate", "discount", "border_fee", "one_way"]
Correlation = Annotated[Number, Field(gt=-1, lt=1)]
Chance = Annotated[Number, Field(gt=0, le=0.25)]

ONLY_OF: dict[str, tuple[float | None, tuple[LinkType, ...]]] = {
    "quota": (None, ("quota", "one_way")),
    "exchange_rate": (1.0, ("exchange_rate", "quota", "one_way")),
    "discount": (0.0, ("discount", "quota", "one_way")),
    "fee": (0.0, ("border_fee", "quota", "one_way")),
    "low": (1.0, ("quota",)),
    "high": (1.0, ("one_way",)),
    "weight": (0.0, ("full",)),
}
"""Term -> (its value where it plays no part, the types of link in which it plays one)."""


class Exchange(Model):
    """Price of the partner's money in home money; its drift is the difference of the two discount rates."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]  # the partner's
    rate: Positive  # home money per unit of the partner's, at the start
    volatility: Annotated[Number, Field(ge=0, le=1)] = 0.0  # a year


class Link(Model):
    """One partner and the terms of the link.

    The ratio below is the price of the partner's units that count as one home tonne, in home money, over the
    home long price.
    """

    name: str
    title: str
    market: Market  # the partner's; its process before the link is that of the ratio below
    regime: Regime | None = None  # the partner's, for an equilibrium of both systems
    fx: Exchange | None = None  # needed where the currencies differ
    type: LinkType
    two_way: Switch = False  # foreign units held can be sold back
    quota: Share | None = None  # share of the duty that foreign units may cover; none: no limit
    exchange_rate: Positive = 1.0  # units of the partner that count as one home tonne
    discount: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # of a foreign unit's tonne when it counts at home
    fee: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # paid on a purchase, share of the home price
    bankable: Switch = False  # units left at a deadline can be kept for the next
    spread: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # between bid and ask, of the foreign price
    starts: Month | None = None  # open from the start where absent
    start_chance: Chance | None = None  # a month from ``starts`` on; none: in that month
    ends: Month | None = None  # first month in which it is broken
    end_chance: Chance | None = None  # a month from ``ends`` on; none: in that month
    weight: Share = 0.0  # of the partner in the common price, when a full link starts by chance
    low: Annotated[Number, Field(gt=0, le=1)] = 1.0  # least ratio while linked (quota)
    high: Annotated[Number, Field(ge=1)] = 1.0  # largest (one_way without a quota)
    persistence: Annotated[Number, Field(ge=0, lt=1)] = 0.976  # of the log ratio before the link, a month
    wander: Annotated[Number, Field(ge=0, le=1)] = 0.145  # sd of its news, a month
    correlation: Correlation = 0.0  # of the partner's price in its own money with the home price
    correlation_with_first: Correlation = 0.0  # of a second partner's price with the first's
    fx_correlation_with_first: Correlation = 0.0

    @property
    def units(self) -> float:
        """Units of the partner that count as one home tonne."""
        return self.exchange_rate / (1.0 - self.discount)

    @property
    def free_price(self) -> bool:
        """Whether the foreign price is not tied to the home price: imports only, and no more than a quota."""
        return self.type == "one_way" and self.quota is not None

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest ratio while linked."""
        if self.type == "border_fee":
            return 1.0 - self.fee, 1.0 + self.fee
        return {"quota": (self.low, 1.0), "one_way": (1.0, self.high)}.get(self.type, (1.0, 1.0))

    @model_validator(mode="after")
    def _terms_fit_the_type(self) -> Self:
        for term, (idle, types) in ONLY_OF.items():
            if getattr(self, term) != idle and self.type not in types:
                allowed = f"{'none' if idle is None else f'{idle:g}'}, or a type among {', '.join(types)}"
                raise ValueError(f"{term}: {getattr(self, term):g} in a link of type {self.type}; allowed: {allowed}")
        if self.type == "quota" and self.quota is None:
            raise ValueError("quota: a link of type quota needs one, the share of the duty that may be covered")
        if self.type == "quota" and self.low >= 1.0:
            raise ValueError(f"low: {self.low:g}: a link of type quota needs a least ratio below 1")
        if self.type == "one_way" and (self.high > 1.0) == (self.quota is not None):
            raise ValueError(
                f"high: {self.high:g}: a link of type one_way needs a largest ratio above 1, or a quota instead"
            )
        if self.type == "one_way" and self.two_way:
            raise ValueError("two_way: true in a link of type one_way; allowed: false")
        return self

    @model_validator(mode="after")
    def _money_is_the_partners(self) -> Self:
        money = self.market.currency
        if self.fx is not None and self.fx.currency != money:
            raise ValueError(f"fx.currency: {self.fx.currency} is not {money}, the partner's")
        if self.regime is not None and self.regime.currency != money:
            raise ValueError(f"regime.currency: {self.regime.currency} is not {money}, that of the partner's market")
        return self

    @model_validator(mode="after")
    def _dates_are_in_order(self) -> Self:
        for chance, month in (("start_chance", "starts"), ("end_chance", "ends")):
            if getattr(self, chance) is not None and getattr(self, month) is None:
                raise ValueError(f"{chance}: needs {month}, the first month in which it can be")
        if self.starts and self.ends and not self.starts < self.ends:
            raise ValueError(f"ends: {self.ends} does not lie after starts, {self.starts}")
        if self.weight > 0.0 and self.start_chance is None:
            raise ValueError(f"weight: {self.weight:g} in a link that starts on a known date; allowed: 0")
        return self
