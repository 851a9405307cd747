"""One known path of prices: months on record, or yearly means between which months are interpolated."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from nea_env.scenario.types import Model, Month, Number, Positive, Year, months_between

MONTHS_MAX = 1200
MEANS_HELD = 12  # months for which the last mean is held once its year is over
FrontRatio = Annotated[Number, Field(gt=0, le=2)]


class Replay(Model):
    """A path that is played alike in every episode, for back-tests: whoever knows it earns from it.

    Either ``csv``, a file of months, which loading a scenario replaces by ``first`` and the series; or ``means``. Where
    there is no ``front_ratio`` the front costs what the long price is; where there is no ``offset_price`` the credit on
    sale keeps its ratio of the start.
    """

    csv: str | None = None
    """Columns month (YYYY-MM, one row a month), price, and optionally front_ratio and offset_price."""
    first: Month | None = None  # month of the first number of each series
    price: Annotated[tuple[Positive, ...], Field(max_length=MONTHS_MAX)] = ()  # long price, money per t
    front_ratio: Annotated[tuple[FrontRatio, ...], Field(max_length=MONTHS_MAX)] = ()  # front over the long price
    offset_price: Annotated[tuple[Positive, ...], Field(max_length=MONTHS_MAX)] = ()  # money per credit
    means: dict[Year, Positive] = {}
    """Mean long price by calendar year, taken for the middle of the year; a straight line leads to the next."""

    @property
    def years(self) -> tuple[str, ...]:
        """Years of the means, in order."""
        return tuple(sorted(self.means))

    def missing(self, start: str, opens: str, end: str) -> str:
        """What months the path lacks of those from ``start`` to ``end``, "" if none.

        Before the market opens (``opens``) nothing is traded, so the first mean may be held.
        """
        if self.price:
            assert self.first is not None
            past = months_between(self.first, end) - len(self.price) + 1
            if start < self.first or past > 0:
                return f"has {len(self.price)} months from {self.first} on; allowed: all of {start} to {end}"
        else:
            first, last = self.years[0], self.years[-1]
            if max(start, opens) < f"{first}-01" or months_between(f"{last}-12", end) > MEANS_HELD:
                return (
                    f"has the means of {first} to {last}; allowed: all years from {max(start, opens)[:4]} on, to one"
                    f" year before {end}"
                )
        return ""

    def prices(self, start: str, count: int) -> list[float]:
        """Long price of ``count`` months from ``start`` on; the last is repeated where the path is at its end."""
        if self.price:
            return _cut(self.price, self._place(start), count)
        middles = [months_between(start, f"{year}-01") + 5.5 for year in self.years]  # between June and July
        means = [self.means[year] for year in self.years]
        found = []
        for month in range(count):
            k = sum(middle <= month for middle in middles)
            if k in (0, len(means)):
                found.append(means[max(0, k - 1)])
            else:
                share = (month - middles[k - 1]) / (middles[k] - middles[k - 1])
                found.append(means[k - 1] + share * (means[k] - means[k - 1]))
        return found

    def series(self, name: str, start: str, count: int) -> list[float] | None:
        """``front_ratio`` or ``offset_price`` as ``prices`` gives the price; None where the path has none."""
        values = getattr(self, name)
        return _cut(values, self._place(start), count) if values else None

    def _place(self, start: str) -> int:
        assert self.first is not None
        return months_between(self.first, start)

    @model_validator(mode="after")
    def _one_path(self) -> Self:
        if self.csv is not None:
            raise ValueError(f"csv: {self.csv!r}: only load_scenario reads files; allowed: first and price")
        if bool(self.price) == bool(self.means):
            raise ValueError(
                f"{'price and means are both given' if self.price else 'no path is given'}; allowed: one of csv, price"
                " with first, and means"
            )
        if bool(self.price) != (self.first is not None):
            raise ValueError("first: the month of the first price is given with price, and not without")
        for name in ("front_ratio", "offset_price"):
            if getattr(self, name) and len(getattr(self, name)) != len(self.price):
                raise ValueError(f"{name}: {len(getattr(self, name))} months; allowed: {len(self.price)}, as of price")
        for before, after in zip(self.years, self.years[1:], strict=False):
            if int(after) != int(before) + 1:
                raise ValueError(f"means: none between {before} and {after}; allowed: one for every year")
        return self


def _cut(values: tuple[float, ...], first: int, count: int) -> list[float]:
    return [values[min(first + month, len(values) - 1)] for month in range(count)]
