"""All other firms under a regime: what the equilibrium price process is solved for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from nea_env.scenario.firm import Abatement, OutputShock
from nea_env.scenario.types import Model, NonNegative, Number, Positive, Share, Year


class OutputResponse(Model):
    """How the output of the whole market answers to what the carbon of one more unit of it costs.

    Demand is linear about the baseline: relative output = 1 - elasticity x carbon cost / product price, so all of the
    cost is passed on. One more unit costs what it emits after abatement and that abatement, less the free units
    that the law gives for it in the same year; what a later year gives does not count. All firms make the
    product at the market's mean intensity.
    """

    elasticity: Annotated[Number, Field(ge=0, le=10)]  # of demand, as a positive number; 0: output is fixed
    product_price: Annotated[Number, Field(ge=1e-6, le=1e15)]  # money per unit of output, without a carbon price
    least: Share = 0.0  # output does not fall below it, relative to the baseline
    demand: dict[Year, Positive] = {}  # baseline output, relative to that of ``emissions``; read like ``path``


class Aggregate(Model):
    """A whole market, in shares of ``emissions`` where no unit is named.

    What it receives and may carry over, borrow and import, and what a missing tonne costs, come from the regime.
    Half of its firms have a shortfall, half have a surplus. Where free units follow output, or output answers, every
    quantity is that of a year's output: ``growth``, ``path`` and ``shock`` are then those of the emission intensity.

    In ``path`` and ``allocation`` a year that is not named is like the last one named before it; years before the
    first are like the first. Without any, the value is 1.
    """

    emissions: Positive  # t a year, baseline: the unit of every share, and the market's weight beside a linked one
    path: dict[Year, Positive] = {}  # baseline emissions relative to that, by compliance year
    growth: Annotated[Number, Field(ge=-0.2, le=0.2)] = 0.0  # a year, continuous, from the last year of the path on
    unit_class: str = ""  # whose number in the regime's allocation is used for the whole market
    sector: str = ""  # whose auction share
    intensity: Positive | None = None  # t per unit of output, mean; for a benchmark, a balance or output_response
    allocation: dict[Year, Positive] = {}  # units issued in all, relative to the law's number
    exempt: Share = 0.0  # of the allocation, all free whatever the auction share
    gross_deficit: Share = 0.1  # gross shortfall of the short firms, a year
    firms: Positive | None = None  # number of firms; needed where the law counts tonnes or money by the firm
    brokers: NonNegative = 0.0  # what intermediaries carry over outside the limit of the firms
    traded: NonNegative = 0.0  # units traded in a year beyond what is then surrendered, where only these are carried
    abatement: Abatement
    shock: OutputShock = OutputShock()  # of emissions; under an intensity target, of the intensity over the target
    offset_ratio: Positive | None = None  # middle price at which offset credits are supplied, over the market's price
    offset_spread: Annotated[Number, Field(ge=0.005, le=1)] = 0.005  # they come evenly within so much of it, both ways
    offset_supply: NonNegative = 1.0  # credits on offer a year, whatever the law accepts; its multipliers count them
    reserve: Share = 0.0  # units a year that an intervention releases at the regime's high trigger
    buy_back: Share = 0.0  # units a year bought back at its low trigger
    initial_bank: Number = 0.0
    supply_response: NonNegative = 0.0  # units withdrawn a year per unit of bank
    output_response: OutputResponse | None = None  # None: output is what demand makes it

    @model_validator(mode="after")
    def _intensity_is_known(self) -> Self:
        if self.output_response is not None and self.intensity is None:
            raise ValueError("output_response needs intensity, t per unit of output")
        return self

    def baseline(self, year: int, first: int) -> float:
        """Emissions of a compliance year without a carbon price, over ``emissions``; of a baseline year's output.

        Args:
            year: the compliance year.
            first: of the law; growth counts from there on where the path names no year.
        """
        since = int(max(self.path, default=first))
        return float(of_year(self.path, year) * math.exp(self.growth * max(year - since, 0)))

    def issued(self, year: int) -> float:
        """Units issued in all in a compliance year, over the law's number."""
        return of_year(self.allocation, year)


def of_year(values: Mapping[str, float], year: int) -> float:
    """The value of a compliance year: that of the last one named before it, of the first one named, or 1."""
    named = sorted(values)
    if not named:
        return 1.0
    return values[max([name for name in named if int(name) <= year], default=named[0])]
