"""The covered firm: what it emits, what it can do about it, what a change of output costs it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nea_env.scenario.ranges import Ranges
from nea_env.scenario.rights import Rights
from nea_env.scenario.types import Model, Month, NonNegative, Number, Positive, Share, Switch, Whole, Year

TECHNOLOGIES = 3
"""Technologies a firm can list."""

LEAD_MONTHS_MAX = 24
"""Longest lead time of a technology, in months."""


class Abatement(Model):
    """Operational abatement: marginal cost = scale x (exp(steepness x R) - 1) at the share R of emissions."""

    scale: Positive  # money per t
    steepness: Positive
    max_share: Share


class Technology(Model):
    """An investment that cuts emissions for its life.

    Its tonnes are those of the first compliance period played. Where the grid factor changes, the same capacity
    avoids more or less of the emissions that it acts on, at the same cost and income: a price per MWh stays one.
    """

    name: str
    acts_on: Literal["all", "direct", "electricity"] = "all"  # emissions of which it cuts a share
    potential_share: Share  # of baseline emissions
    capex: Positive  # money per (t a year)
    opex: Annotated[Number, Field(ge=-1e15, le=1e15)] = 0.0  # money per t avoided; savings are negative
    income: dict[Month, NonNegative] = {}  # money per t avoided, from each month on: certificates, a subsidy
    lead_months: Annotated[Whole, Field(ge=1, le=LEAD_MONTHS_MAX)]
    life_years: Annotated[Number, Field(gt=0, le=60)]


class OutputShock(Model):
    """Log-output deviates from baseline by an AR(1) process; its mean effect on output is a factor of one."""

    volatility: Annotated[Number, Field(ge=0, le=1)] = 0.0  # sd of one month's news
    persistence: Annotated[Number, Field(ge=0, lt=1)] = 0.0


class OutputChoice(Model):
    """Freedom to produce more or less than baseline, at a concave margin.

    At relative output y a month's margin is that of baseline less 0.5 x margin_slope x (y - 1)**2 x baseline
    output: baseline is optimal without a carbon price, and p - C_q = margin_slope x (1 - y).
    """

    flexibility: Annotated[Number, Field(gt=0, lt=1)]  # largest relative change of output, up or down
    margin_slope: Positive  # money per unit of output, at a change of output by 100 %


class Firm(Model):
    """The covered firm."""

    name: str
    title: str
    sector: str
    unit_class: str = ""  # its benchmark class or reduction category in the regime
    designation: Literal["firm", "site"] = "firm"
    output_unit: str = "MWh"
    output: Positive  # units a year, baseline
    emission_intensity: Positive  # t per unit, as counted in the first compliance period played
    electricity: NonNegative = 0.0  # MWh bought per unit: part of the intensity where the regime has a grid factor
    base_emissions: Positive | None = None  # t a year in the base period, counted alike; None: output x intensity
    scale: Positive = 1.0  # the whole firm times this: output and base emissions, with all that is measured by them
    certified: str = ""  # certificate that eases its reduction factor (Tokyo's top-level sites)
    cost_intensity: Share = 0.0  # allowance cost over value added, for leakage tests
    trade_intensity: Share = 0.0  # trade over domestic supply
    carbon_intensity: NonNegative = 0.0  # emissions over value added, in the leakage test's unit
    own_use: Annotated[Number, Field(ge=0, lt=0.5)] = 0.0  # share of gross output the plant uses itself
    load_factor: Annotated[Number, Field(gt=0, le=1)] = 1.0  # output over capacity, for the load correction
    air_cooled: Switch = False
    heat_ratio: Share = 0.0  # share of its energy output that is heat
    heat_output: NonNegative = 0.0  # GJ of heat supplied per unit of output
    allocation_correction: Positive = 1.0  # further factors of its units, multiplied
    output_path: dict[Year, Positive] = {}  # output relative to baseline, by calendar year
    abatement: Abatement
    technologies: Annotated[tuple[Technology, ...], Field(max_length=TECHNOLOGIES)] = ()
    invest_rate: Annotated[Number, Field(ge=0, le=1)] = 0.08  # largest share of the potential left started in a month
    output_shock: OutputShock = OutputShock()
    output_choice: OutputChoice | None = None  # None: output is what demand makes it
    rights: Rights = Rights()  # of this firm alone: at the prices of a market that lives by the regime
    ranges: Ranges = {}  # [least, most] by dotted path: numbers that each episode draws anew

    @property
    def annual_output(self) -> float:
        """Baseline output, units a year."""
        return self.output * self.scale

    @property
    def annual_emissions(self) -> float:
        """Baseline emissions, t a year, as counted in the first compliance period played."""
        return self.output * self.emission_intensity * self.scale

    @property
    def base_year_emissions(self) -> float:
        """Emissions of the base period, t a year, counted alike; baseline where none are given."""
        return self.annual_emissions if self.base_emissions is None else self.base_emissions * self.scale

    @model_validator(mode="after")
    def _potential_fits(self) -> Self:
        total = sum(tech.potential_share for tech in self.technologies)
        if total > 0.95:
            raise ValueError(f"technologies together remove {total:.2f} of emissions: at most 0.95")
        return self
