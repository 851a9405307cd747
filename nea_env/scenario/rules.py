"""The rules of the law, one class per mechanism: what a regime holds for each compliance period."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nea_env.scenario.types import Model, Month, NonNegative, Number, Positive, Share, Switch, Whole, Year

TIERS = 3
"""Largest number of steps of an ex-post adjustment."""


class CalendarRule(Model):
    """When the steps of one compliance period take place. Its deadline ends the life of its vintage."""

    years: Annotated[Whole, Field(ge=1, le=5)] = 1  # length of the compliance period
    announced: Month | None = None  # when its benchmark or factor is published; None: known from the start
    allocated: Month | None = None  # free units booked (pre-allocation, where there is a true-up)
    completed: Month | None = None  # the rest of them booked, where the first plan was interim
    verified: Month  # emissions become a duty; true-up of the allocation
    deadline: Month  # surrender
    credits_issued: dict[Annotated[str, Field(pattern=r"^[1-5]$")], Month] = {}
    """Interim credits (Tokyo): number of ended years of the period -> month of issue."""


class Tier(Model):
    """One step of an ex-post adjustment: from this ratio on, this share moves."""

    ratio: NonNegative
    share: Share


Tiers = Annotated[tuple[Tier, ...], Field(max_length=TIERS)]


class LoadStep(Model):
    """From this load factor up to the step above, the correction grows by ``slope`` a percentage point of load lost."""

    load: Share
    slope: NonNegative


class LoadCorrection(Model):
    """More allowances for a unit that runs at part load: 1 from ``full_load`` on, rising in steps below.

    Below the last step (or below full load where there is none) each ``tail_points`` of load lost multiply the
    correction by ``tail_base``.
    """

    full_load: Share
    steps: tuple[LoadStep, ...] = ()  # highest load first
    tail_base: Annotated[Number, Field(ge=1, le=2)] = 1.0
    tail_points: Positive = 0.05  # load factor
    heat_and_power: Switch = False  # units that also supply heat are corrected too


class AllocationRule(Model):
    """Free units of one compliance period.

    grandfathering: base-year emissions x correction factor, booked whole.
    historical_benchmarking: benchmark x base-year output x correction factor, booked whole.
    benchmarking: benchmark x verified output x correction; ``pre_share`` of it on earlier output, or of the
        emissions verified then (``pre_on``).
    verified_emissions: as much as was emitted; ``pre_share`` of it on the emissions verified last.
    benchmark_band: emissions x (1 + band_share x clip((1 - intensity / balance) / band, -1, 1)); ``pre_share`` as
        for verified_emissions.
    baseline: no units; a cap of base-year emissions x (1 - reduction factor) x years, and credits below it.
    """

    method: Literal[
        "grandfathering", "historical_benchmarking", "benchmarking", "verified_emissions", "benchmark_band", "baseline"
    ]
    correction_factor: Positive | None = None
    benchmark: dict[str, Positive] = {}  # unit class -> t per unit of output
    basis: Literal["net", "gross"] = "net"  # output measured after or before the plant's own use
    load: LoadCorrection | None = None
    air_cooling: Positive = 1.0  # factor for air-cooled units
    heat_supply: dict[str, Share] = {}  # unit class -> cut of the power benchmark per unit of the firm's heat ratio
    heat_benchmark: dict[str, Positive] = {}  # unit class -> t per GJ of heat supplied
    pre_share: Share = 0.0
    pre_year: Year | None = None  # whose output (or emissions) the advance follows; none: of the year verified last
    pre_on: Literal["output", "emissions"] = "output"  # what the advance of a benchmarked allocation is a share of
    interim_factor: Positive | None = None  # correction factor of an interim plan, until calendar.completed
    update_share: Share = 0.0  # of the base that follows the period verified last (base-year revision)
    deficit_cap: NonNegative | None = None  # duty <= allocation + this share of verified emissions
    balance: dict[str, Positive] = {}  # benchmark_band: unit class -> intensity of the industry, t per unit
    band: Positive = 0.2  # relative deviation from the balance at which the adjustment is whole
    band_share: Share = 0.03  # the whole adjustment, of verified emissions
    reduction_factor: dict[str, Share] = {}  # category -> cut below base-year emissions
    certified: dict[str, Share] = {}  # certificate -> what is left of the reduction factor (top-level sites)
    issuance_ceiling: Share | None = None  # share of base-year emissions that can become credits
    auction_share: dict[str, Share] = {}  # sector ("" for the others) -> share of the allocation to be bought
    cancellation: Tiers = ()
    """Where output x benchmark (x the base years' intensity where grandfathered) is at most this ratio of the
    allocation, this share of what it falls short by is cancelled: less emitted per unit of output costs nothing."""
    addition: Tiers = ()
    """Emissions (output x benchmark where benchmarked) / those that the allocation was based on at least the ratio:
    this share of the excess is added."""
    classes: dict[str, AllocationRule] = {}  # unit class -> the rule that holds for it instead

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "grandfathering": ("correction_factor", self.correction_factor),
            "historical_benchmarking": ("benchmark", self.benchmark),
            "benchmarking": ("benchmark", self.benchmark),
            "benchmark_band": ("balance", self.balance),
            "baseline": ("reduction_factor", self.reduction_factor),
            "verified_emissions": ("", True),
        }[self.method]
        if not needed[1]:
            raise ValueError(f"method {self.method} needs {needed[0]}")
        for name, order in (("cancellation", -1), ("addition", 1)):
            ratios = [order * tier.ratio for tier in getattr(self, name)]
            if ratios != sorted(ratios):
                raise ValueError(f"{name}: ratios must move away from one, the smallest adjustment first")
        if self.update_share > 0.0 and self.method not in ("grandfathering", "historical_benchmarking"):
            raise ValueError(f"update_share: {self.method} has no base years to revise")
        if self.method in ("verified_emissions", "benchmark_band") and (self.auction_share or self.correction_factor):
            raise ValueError(f"method {self.method} takes neither auction_share nor correction_factor")
        for unit_class, rule in self.classes.items():
            if rule.classes:
                raise ValueError(f"classes.{unit_class}.classes: a class can't have classes of its own")
        return self

    def of_class(self, unit_class: str) -> AllocationRule:
        """The rule that holds for one unit class."""
        return self.classes.get(unit_class, self)


class BankingRule(Model):
    """How much of what is left after surrender may be carried over; the rest lapses."""

    limit: Literal["unlimited", "deducted_above_base", "net_sales", "traded_units", "next_period_only", "none"]
    announced: Month | None = None  # when this rule is published; None: known from the start
    base_share: Share = 0.0  # of the mean annual allocation of the phase
    base_tonnes: NonNegative = 0.0
    net_sales_multiple: NonNegative = 0.0
    net_sales_since: Literal["vintage", "phase"] | Month = "vintage"  # where the count starts
    net_sales_years: Annotated[Whole, Field(ge=1, le=5)] = 1  # the count is divided by this (annual mean)
    small_holder_tonnes: dict[Literal["firm", "site"], NonNegative] = {}  # below it everything is carried over
    small_holder_floor: Switch = False  # whoever holds more may carry that much over too, whatever was sold
    deficit_firm_exempt: Switch = False  # allocation < emissions: everything is carried over
    lost_if_missed: Switch = False  # missing a deadline whose penalty says forfeits_carry loses the right
    offsets_bankable: Switch = True
    auctioned_bankable: Switch = True  # units bought at auction may be carried over like others


class BorrowingRule(Model):
    """How much of the duty may be met from the next allocation."""

    limit: Literal["none", "share_of_duty", "decaying", "gap_test"] = "none"
    announced: Month | None = None
    share: Share = 0.0  # of the duty; the decaying limit starts from the period before
    decay: NonNegative = 0.0  # limit = limit before - decay x share borrowed before
    gap_threshold: Share = 0.0  # gap_test: smallest gap, as a share of duty, that gives the right
    gap_share: Share = 0.0  # gap_test: share of the gap that may be borrowed


class OffsetRule(Model):
    """What one type of offset credit counts for."""

    limit_share: NonNegative  # of the base below
    limit_base: Literal["duty", "allocation", "required_reduction", "none"]
    announced: Month | None = None
    multiplier: Positive = 1.0  # home-usable tonnes per credit


class PenaltyRule(Model):
    """What a missing tonne costs at the deadline."""

    announced: Month | None = None
    multiple: NonNegative = 0.0  # of the mean price below, per missing tonne
    mean_months: Annotated[Whole, Field(ge=1, le=24)] = 1
    mean_until: Month | None = None  # last month of the mean; None: the deadline's own month
    volume_weighted: Switch = False
    price: NonNegative = 0.0  # money per missing tonne, whatever the market does
    cap: Positive | None = None  # per missing tonne
    lump_sum: NonNegative = 0.0
    max_total: Positive | None = None  # the whole fine, lump sum included, side penalties aside
    deducted: NonNegative = 0.0  # tonnes taken from the next allocation per missing tonne
    side_multiple: NonNegative = 0.0  # lost subsidies, credit record: x front price per missing tonne
    forfeits_carry: Switch = False  # missing this deadline costs the carry-over where banking says lost_if_missed
    subsidy_repaid: Switch = False  # investment subsidies drawn so far are paid back


class AuctionTerms(Model):
    """What one auction has for itself; None: as the others of its vintage."""

    volume: Positive | None = None  # t offered
    bid_share: Share | None = None
    emission_share: Share | None = None
    reserve_price: NonNegative | None = None  # money per t
    reserve_multiple: NonNegative | None = None
    reserve_months: Annotated[Whole, Field(ge=1, le=24)] | None = None
    short_only: Switch | None = None
    own_use: Switch | None = None


class AuctionRule(Model):
    """Auctions of the front vintage at a uniform price, in the months listed.

    The clearing price is the front price less ``discount``, at least the reserve; a firm buys there before it
    buys on the exchange whenever that is cheaper, and after it when the exchange's volume is used up.
    """

    months: Annotated[tuple[Month, ...], Field(min_length=1)]
    volume: Positive  # t offered at each
    terms: dict[Month, AuctionTerms] = {}  # month of an auction that differs from the others -> in what
    bid_share: Share = 1.0  # largest share of the volume that one bidder can take
    emission_share: Share | None = None  # largest bid, of the bidder's baseline emissions a year; None: any
    filled_share: Share = 1.0  # of a bid that is filled: rationing
    discount: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    fee: Annotated[Number, Field(ge=0, lt=0.1)] = 0.0  # of the price
    reserve_price: NonNegative = 0.0  # money per t
    reserve_multiple: NonNegative = 0.0  # of the mean front price below
    reserve_months: Annotated[Whole, Field(ge=1, le=24)] = 3
    reserve_cap: Positive | None = None  # money per t, upper limit of the reserve
    short_only: Switch = False  # bids up to the firm's own shortfall
    short_share: Annotated[Number, Field(gt=0, le=1)] = 1.0  # short_only: of the shortfall that may be bid for
    own_use: Switch = False  # units go straight against the duty: not tradable, not bankable

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        unknown = [month for month in self.terms if month not in self.months]
        if unknown:
            raise ValueError(f"terms: {unknown[0]} is not a month of these auctions")
        if self.short_share < 1.0 and not self.short_only:
            raise ValueError("short_share: a share of the shortfall needs short_only")
        if self.discount > 0.0 and self.filled_share == 1.0 and not self.short_only:
            raise ValueError("discount: a discount needs rationing (filled_share below 1) or short_only")
        return self

    def in_month(self, month: str) -> AuctionRule:
        """The rule of the auction in one of the months: its own terms where it has any."""
        own = self.terms[month].model_dump(exclude_none=True) if month in self.terms else {}
        return self.model_copy(update=own) if own else self

    def volume_of(self, month: str) -> float:
        """Tonnes offered in one of the months."""
        return self.in_month(month).volume

    def reserve_price_of(self, month: str) -> float:
        """Fixed reserve price in one of the months, money per t."""
        return self.in_month(month).reserve_price

    @property
    def offered(self) -> float:
        """Tonnes offered at all of them."""
        return sum(map(self.volume_of, self.months)) if self.terms else self.volume * len(self.months)

    @property
    def mean_reserve_price(self) -> float:
        """Mean of the fixed reserve prices by volume, money per t."""
        return self._by_volume("reserve_price")

    @property
    def mean_reserve_multiple(self) -> float:
        """Mean of the multiples of the mean price by volume."""
        return self._by_volume("reserve_multiple")

    def _by_volume(self, name: str) -> float:
        if not self.terms:
            return float(getattr(self, name))
        held = [self.in_month(month) for month in self.months]
        return sum(rule.volume * getattr(rule, name) for rule in held) / self.offered


class StabilisationRule(Model):
    """Triggers that let a committee intervene: it acts in a month with probability ``acts`` while one is met.

    Acting moves the price by ``price_move`` towards the band; not acting moves it the other way by as much as
    keeps the price a martingale, since the market knew that it might.
    """

    reference_months: Annotated[Whole, Field(ge=1, le=24)] = 24
    trigger_months: Annotated[Whole, Field(ge=1, le=24)] = 1  # in a row
    high_multiple: Positive | None = None  # of the mean front price of the reference months
    low_multiple: Positive | None = None
    high_price: Positive | None = None  # money per t
    low_price: Positive | None = None
    acts: Annotated[Number, Field(ge=0, le=0.95)] = 0.0
    price_move: Annotated[Number, Field(ge=0, le=0.5)] = 0.0
    reserve_sale_share: Share = 0.0  # of the firm's shortage, on offer for a month after a high trigger

    @model_validator(mode="after")
    def _price_stays_positive(self) -> Self:
        if self.price_move * self.acts >= 1.0 - self.acts:
            raise ValueError(
                "price_move: not acting would move the price to zero; allowed: price_move x acts < 1 - acts"
            )
        return self


class HoldingRule(Model):
    """Bounds on holdings of the front, as shares of the year's free allocation: a discretionary tool."""

    active: Switch = False
    min_share: NonNegative = 0.0
    max_share: NonNegative | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_share is not None and self.max_share < self.min_share:
            raise ValueError(f"max_share: {self.max_share:g} lies below min_share, {self.min_share:g}")
        return self


class Compliance(Model):
    """What was reported of one period's surrender: information, of which no episode takes any notice."""

    firms: Share | None = None  # that had surrendered in full
    units: Share | None = None  # of the whole duty that had been surrendered


class LeakageTest(Model):
    """One way to be exempt from the auction share: the firm meets every threshold given."""

    cost_intensity: NonNegative | None = None
    trade_intensity: NonNegative | None = None
    cost_times_trade: NonNegative | None = None
    carbon_times_trade: NonNegative | None = None


class Phase(Model):
    """A run of compliance periods decided together."""

    first: Year
    last: Year
    leakage_tests: tuple[LeakageTest, ...] = ()  # any one of them exempts the firm from the auction share

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last: {self.last} lies before first, {self.first}")
        return self


class Range(Model):
    """What was known about one number before it was announced: bounds, and the month of the announcement.

    ``path`` names a number of the regime, for instance ``banking.2023.net_sales_multiple``. In episodes with
    ``policy.mode: randomised`` the number is drawn evenly between the bounds. An override outside
    them widens them.
    """

    path: str
    low: NonNegative
    high: NonNegative
    announced: Month

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high: {self.high:g} lies below low, {self.low:g}")
        return self


class GridFactor(Model):
    """What power bought from the grid counts as in one compliance period, and in those after it that name none."""

    factor: Annotated[Number, Field(ge=0, le=10)]  # t/MWh; 0: it does not count
    base_factor: Annotated[Number, Field(ge=0, le=10)] | None = None  # t/MWh in base-year emissions; None: as factor

    @property
    def of_base(self) -> float:
        """What a MWh of the base years counts as, t."""
        return self.factor if self.base_factor is None else self.base_factor
