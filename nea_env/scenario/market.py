"""Prices and what trading costs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nea_env.scenario.types import Model, NonNegative, Positive, Year


class Gap(Model):
    """Bounds of the front price relative to the long price at one vintage's deadline: F = M (1 + x)."""

    down: Annotated[float, Field(ge=0, lt=1)]
    up: Annotated[float, Field(ge=0, le=1)]
    resolved: Annotated[float, Field(gt=0, lt=1)] = 0.75  # share of the news out by the deadline

    @model_validator(mode="after")
    def _two_sided(self) -> Self:
        if (self.down == 0) != (self.up == 0):
            raise ValueError("down and up are both zero or both positive: x has mean zero")
        return self


class OffsetSeries(Model):
    """Price of the offset credit on sale, relative to the long price: a lognormal martingale."""

    type: str  # a type the regime knows
    ratio: Positive  # at the start
    volatility: Annotated[float, Field(ge=0, le=2)] = 0.0


class Collar(Model):
    """A floor and a ceiling at the start, both growing at the discount rate: the price is a martingale between them.

    ``resolved`` is the share of the news about where in the band the price will end that is out by the
    end of the scenario.
    """

    floor: Positive  # money per t
    ceiling: Positive
    resolved: Annotated[float, Field(gt=0, lt=1)] = 0.9

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.ceiling <= self.floor:
            raise ValueError(f"ceiling: {self.ceiling:g} does not lie above the floor, {self.floor:g}")
        return self


class Frictions(Model):
    """What trading costs and how much of it a month allows."""

    spread: Annotated[float, Field(ge=0, lt=1)] = 0.0  # between bid and ask, of the price
    impact: Annotated[float, Field(ge=0, le=1)] = 0.0  # price moves this share against a trade at the volume limit
    volume_share: Positive = 0.05  # monthly limit off season, of the firm's baseline emissions a year
    season_multiple: Annotated[float, Field(ge=1, le=20)] = 3.0  # in the deadline quarter


class Market(Model):
    """Prices in the regime's currency per t. The discounted long price is a martingale."""

    name: str
    title: str
    currency: str
    price: Positive  # long price at the start, and the reference price of every percentage
    discount_rate: Annotated[float, Field(ge=0, le=0.5)]  # a year, continuous
    volatility: Annotated[float, Field(ge=0, le=2)]  # a year, of the log long price
    law: Literal["gbm", "collared"] = "gbm"
    collar: Collar | None = None  # law collared: the volatility follows from it
    quote_noise: Annotated[float, Field(ge=0, le=1)] = 0.0  # sd of the log quote about a price not disclosed
    turnover: Annotated[tuple[NonNegative, ...], Field(min_length=12, max_length=12)] = (1.0,) * 12
    """Relative market volume by calendar month: the weights of a volume-weighted mean price."""
    gap: dict[Year, Gap] = {}  # by vintage; absent: x = 0
    offset: OffsetSeries | None = None
    frictions: Frictions = Frictions()

    @model_validator(mode="after")
    def _law_is_complete(self) -> Self:
        if (self.law == "collared") != (self.collar is not None):
            raise ValueError("collar: the law collared needs one, and no other law has it")
        if self.collar and not self.collar.floor < self.price < self.collar.ceiling:
            raise ValueError(f"price: {self.price:g} lies outside the collar")
        return self
