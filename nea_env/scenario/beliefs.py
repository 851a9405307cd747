"""What the market believes of laws to come: months in which the law becomes one of several."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from nea_env.scenario.types import Model, Month, Share, Whole

ROUNDING = 1e-9
MECHANISMS = (
    "allocation", "banking", "borrowing", "offsets", "penalty", "auctions", "stabilisation", "holding", "calendar",
)  # fmt: skip
"""Parts of the law that an announcement can change, each in a period that it names."""
_AGGREGATE = "market.aggregate."


def _changes_the_law(path: str) -> str:
    keys = path.split(".")
    of_a_period = len(keys) > 2 and keys[0] == "regime" and keys[1] in MECHANISMS
    if not (of_a_period or path.startswith(_AGGREGATE)):
        raise ValueError(
            "an announcement changes a rule of a period or the whole market; allowed: dotted paths such as"
            f" regime.banking.2017.limit (of {', '.join(MECHANISMS)}), and of market.aggregate"
        )
    if keys[-1] == "announced":
        raise ValueError("a law is known in the month of its announcement; allowed: its rules")
    return path


class BelievedLaw(Model):
    """One of the laws that an announcement may bring.

    Attributes:
        chance: that the market gives it before the announcement; 0 makes it a surprise.
        played: share of the episodes in which it comes; None: ``chance``, so that the market is right on average.
        overrides: what it changes, by dotted path: ``regime.banking.2017.limit: unlimited``.
    """

    chance: Share
    played: Share | None = None
    overrides: dict[Annotated[str, AfterValidator(_changes_the_law)], Any] = {}

    @property
    def frequency(self) -> float:
        """Share of the episodes in which it comes."""
        return self.chance if self.played is None else self.played


class Announcement(Model):
    """A month from whose start on one of several laws holds, each with what it changes."""

    month: Month
    laws: Annotated[tuple[BelievedLaw, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _chances_sum_to_one(self) -> Self:
        for name, sum_of in (
            ("chance", sum(law.chance for law in self.laws)),
            ("played", sum(law.frequency for law in self.laws)),
        ):
            if abs(sum_of - 1.0) > ROUNDING:
                raise ValueError(f"laws: {name} of the laws of {self.month} sums to {sum_of:g}; allowed: 1")
        return self


class Beliefs(Model):
    """The tree of laws that an equilibrium price foresees.

    Attributes:
        announcements: in the order of their months.
        outcomes: of ``policy.mode: randomised``: how many values each number of the regime's ranges may take, equally
            likely. Numbers that are announced in one month become known together. None: at least 2, and 4 or more of
            those announced together, as long as that makes no more laws than ``policy.draws``.
    """

    announcements: tuple[Announcement, ...] = ()
    outcomes: Annotated[Whole, Field(ge=1, le=5)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for early, late in itertools.pairwise(self.announcements):
            if late.month <= early.month:
                raise ValueError(
                    f"announcements: {late.month} is listed after {early.month}; allowed: one a month, in order"
                )
        return self
