"""Prices and what trading costs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nea_env.scenario.aggregate import Aggregate
from nea_env.scenario.beliefs import Beliefs
from nea_env.scenario.ranges import Ranges
from nea_env.scenario.replay import Replay
from nea_env.scenario.types import Model, NonNegative, Number, Positive, Whole, Year

PriceProcess = Literal[
    "gbm", "lattice", "jumps", "two_regimes", "bootstrap", "collared", "equilibrium", "log_ou", "replay"
]  # fmt: skip
NEEDS = {
    "jumps": "jumps",
    "two_regimes": "turbulence",
    "bootstrap": "bootstrap",
    "equilibrium": "aggregate",
    "log_ou": "reversion",
    "replay": "replay",
}
"""Price processes that need a section of their own."""


class Gap(Model):
    """Bounds of the front price relative to the long price at one vintage's deadline: F = M (1 + x)."""

    down: Annotated[Number, Field(ge=0, lt=1)]
    up: Annotated[Number, Field(ge=0, le=1)]
    resolved: Annotated[Number, Field(gt=0, lt=1)] = 0.75  # share of the news out by the deadline

    @model_validator(mode="after")
    def _two_sided(self) -> Self:
        if (self.down == 0) != (self.up == 0):
            raise ValueError("down and up must be both zero or both positive, since x has mean zero")
        return self


class OffsetSeries(Model):
    """Price of the offset credit on sale over the long price: a ratio whose log is pulled towards a level.

    In the long run the log of the ratio is normal about the log of the level, with standard deviation ``sd``. The
    ratio may lie above 1, as it did in Korea and China: no one has to buy.
    """

    type: str  # a type that the regime knows
    ratio: Positive  # at the start
    level: Positive | None = None  # median of the ratio in the long run; None: that of the start
    sd: Annotated[Number, Field(ge=0, le=2)] = 0.0  # of the log ratio in the long run
    half_life: Annotated[Number, Field(gt=0, le=100)] = 1.0  # years until half the distance to the level is gone

    @property
    def median(self) -> float:
        """Of the ratio in the long run."""
        return self.ratio if self.level is None else self.level

    @model_validator(mode="before")
    @classmethod
    def _has_no_volatility(cls, values: Any) -> Any:
        if isinstance(values, dict) and "volatility" in values:
            raise ValueError(
                "volatility: the ratio is pulled towards its level and moves by its sd (of its log in the long run) and"
                " half_life (years); allowed: type, ratio, level, sd, half_life"
            )
        return values


class Collar(Model):
    """A floor and a ceiling at the start, both growing at the discount rate: the price is a martingale between them.

    ``resolved`` is the share of the news about where in the band the price will end that has come out by the
    end of the scenario.
    """

    floor: Positive  # money per t
    ceiling: Positive
    resolved: Annotated[Number, Field(gt=0, lt=1)] = 0.9

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.ceiling <= self.floor:
            raise ValueError(f"ceiling: {self.ceiling:g} does not lie above the floor, {self.floor:g}")
        return self


class Jumps(Model):
    """Jumps of the log price: how many a year on average, and their share of the price's variance."""

    rate: Annotated[Number, Field(gt=0, le=60)]
    share: Annotated[Number, Field(gt=0, lt=1)]


class Turbulence(Model):
    """A wild regime next to the calm one: how much more volatile it is, and how likely it is to begin and end."""

    ratio: Annotated[Number, Field(gt=1, le=20)]  # volatility in the wild regime over that in the calm one
    begins: Annotated[Number, Field(gt=0, le=1)]  # chance that a calm month is followed by a wild one
    ends: Annotated[Number, Field(gt=0, le=1)]


class Bootstrap(Model):
    """Changes of the log price, one drawn each month, recentred and scaled to the market's volatility."""

    changes: Annotated[tuple[Number, ...], Field(min_length=4, max_length=1000)]


class Lattice(Model):
    """Prices on a finite lattice: up or down one step a month, absorbed at either end."""

    states: Annotated[Whole, Field(ge=3, le=1001)] = 61

    @model_validator(mode="after")
    def _centred(self) -> Self:
        if self.states % 2 == 0:
            raise ValueError(f"states: {self.states} is even: the start is in the middle, so it must be odd")
        return self


class Reversion(Model):
    """Pull of the log price towards a level. Not a martingale: buying low and selling high pays."""

    rate: Annotated[Number, Field(gt=0, le=12)]  # a year
    level: Positive  # money per t


class Frictions(Model):
    """What trading costs, and how much of it fits into a month."""

    spread: Annotated[Number, Field(ge=0, lt=1)] = 0.0  # between bid and ask, of the price
    impact: Annotated[Number, Field(ge=0, le=1)] = 0.0  # price moves this share against a trade at the volume limit
    permanent_impact: Annotated[Number, Field(ge=0, le=2)] = 0.0
    """How far the log price stays moved by a trade of a year's baseline emissions; 0: the firm is a price taker."""
    lot: Annotated[Number, Field(ge=0, le=1e6)] = 0.0  # t; orders are rounded to whole lots; 0: any amount
    volume_share: Positive = 0.05  # monthly limit off season, of the firm's baseline emissions a year
    season_multiple: Annotated[Number, Field(ge=1, le=20)] = 3.0  # in the deadline quarter


class Market(Model):
    """Prices in the regime's currency per t. The discounted long price is a martingale."""

    name: str
    title: str
    currency: str
    price: Positive  # long price at the start, and the reference price of every percentage
    discount_rate: Annotated[Number, Field(ge=0, le=0.5)]  # a year, continuous
    volatility: Annotated[Number, Field(ge=0, le=2)]  # a year, of the log long price, whatever the process
    law: PriceProcess = "gbm"  # the process of the long price
    collar: Collar | None = None  # law: collared, whose volatility follows from it, or equilibrium
    jumps: Jumps | None = None
    turbulence: Turbulence | None = None  # law: two_regimes
    bootstrap: Bootstrap | None = None
    lattice: Lattice = Lattice()
    reversion: Reversion | None = None  # law: log_ou
    replay: Replay | None = None  # law: replay, under which nothing about prices is random
    aggregate: Aggregate | None = None  # law: equilibrium; all other firms under the regime
    beliefs: Beliefs | None = None  # law: equilibrium; what it foresees of laws to come
    stale: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """Share of months in which trade settles at last month's price. It pays those who know better."""
    quote_noise: Annotated[Number, Field(ge=0, le=1)] = 0.0  # sd of the log quote about a price not disclosed
    turnover: Annotated[tuple[NonNegative, ...], Field(min_length=12, max_length=12)] = (1.0,) * 12
    """Relative market volume by calendar month: the weights of a volume-weighted mean price."""
    gap: dict[Year, Gap] = {}  # by vintage; absent: x = 0
    offset: OffsetSeries | None = None
    frictions: Frictions = Frictions()
    ranges: Ranges = {}  # [least, most] by dotted path: numbers that each episode draws anew

    @property
    def is_martingale(self) -> bool:
        """Whether no one who only trades can earn from the price process."""
        surprises = self.beliefs is not None and any(
            law.frequency != law.chance for announcement in self.beliefs.announcements for law in announcement.laws
        )
        return self.law not in ("log_ou", "replay") and self.stale == 0.0 and not surprises

    @model_validator(mode="after")
    def _process_is_complete(self) -> Self:
        if self.law == "collared" and self.collar is None:
            raise ValueError("collar: missing: law=collared needs one; allowed: a floor and a ceiling")
        if self.collar is not None and self.law not in ("collared", "equilibrium"):
            raise ValueError(f"collar: a {self.law} price has no bounds; allowed: none, or law=collared or equilibrium")
        needed = NEEDS.get(self.law)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"law: {self.law} needs market.{needed}")
        if self.beliefs is not None and self.law != "equilibrium":
            raise ValueError(f"beliefs: a {self.law} price knows no law; allowed: none, or law=equilibrium")
        if self.law == "replay" and self.frictions.permanent_impact > 0.0:
            raise ValueError("frictions.permanent_impact: a price on record cannot be moved (law=replay); allowed: 0")
        if self.law == "replay" and self.replay and self.replay.offset_price and self.offset is None:
            raise ValueError("replay.offset_price: the market has no offset credit on sale; allowed: none")
        if self.stale > 0.0 and self.quote_noise > 0.0:
            raise ValueError("stale: a price that is not disclosed (quote_noise) cannot be stale as well")
        if self.collar and not self.collar.floor < self.price < self.collar.ceiling:
            raise ValueError(f"price: {self.price:g} lies outside the collar")
        return self
