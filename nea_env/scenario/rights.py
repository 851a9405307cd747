"""Rights of one firm alone: where the law that it lives by differs from its market's.

A change of ``regime`` is a change for everybody, and a price that knows the law answers to it. A right is this firm's
own: price, gap and, under an equilibrium, the whole market stay those of ``regime``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from nea_env.scenario.regime import Regime
from nea_env.scenario.types import Model, Month, NonNegative, Share, Year

Rules = dict[Year, dict[str, Any]] | None
"""By first year of the compliance period: the keys of a rule that differ."""


class Rights(Model):
    """What this firm may or must do that differs from the regime; None, or a key that is not named: as the regime.

    The keys are the regime's. What is named takes the place of the regime's own, key by key; an empty mapping
    takes the place of all that the regime has there, so ``borrowing: {}`` is a firm that may not borrow. Left out
    are the rules that hold for a market and not for a firm in it: the calendar, stabilisation, the phases, the grid
    factor. A right is known when the rule that it changes is announced, unless it names a month of its own
    (``announced``), and it is one number: ranges of the rule it changes do not count for this firm.
    """

    allocation: Rules = None
    banking: Rules = None
    borrowing: Rules = None
    offsets: Rules = None
    penalty: Rules = None
    auctions: Rules = None
    holding: Rules = None
    carbon_tax: dict[Month, NonNegative] | None = None
    sell_limit_share: Share | None = None
    subsidy_share: Share | None = None

    @property
    def named(self) -> dict[str, Any]:
        """The mechanisms and numbers that are given, as plain values."""
        return self.model_dump(exclude_none=True)

    def over(self, regime: Regime) -> Regime:
        """The law as this firm has it.

        Args:
            regime: of the market.

        Raises:
            ValueError: a key that the rule does not have, a year that the calendar does not have, or a number that
                is refused there; one line that begins with ``firm.rights``.
        """
        named = self.named
        if not named:
            return regime
        tree = regime.model_dump()
        changed = set(_rules(named))
        tree["ranges"] = [one for one in tree["ranges"] if not changed & set(_above(one["path"]))]
        try:
            return Regime.model_validate(_merged(tree, named))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            why = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
            path = ".".join(("firm.rights", *map(str, first["loc"])))
            raise ValueError(f"{path}: {why[:1].lower()}{why[1:]}") from None


def _merged(base: Any, over: Any) -> Any:
    """The base with the leaves of the other tree in place of its own; nothing of the base below an empty mapping."""
    if not (isinstance(base, dict) and isinstance(over, dict) and over):
        return over
    return {**base, **{key: _merged(base.get(key), value) for key, value in over.items()}}


def _rules(named: dict[str, Any]) -> Iterator[str]:
    """The rules that are changed: ``banking.2018``, or ``borrowing`` where all years are."""
    for mechanism, years in named.items():
        if isinstance(years, dict) and years:
            yield from (f"{mechanism}.{year}" for year in years)
        else:
            yield mechanism


def _above(path: str) -> tuple[str, str]:
    """The mechanism, and the rule, that a number's dotted path leads into."""
    mechanism, year, *_ = path.split(".")
    return mechanism, f"{mechanism}.{year}"
