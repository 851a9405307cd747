"""Scenarios built by hand. No number comes from the library: a test that uses them judges the core alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from nea_env.scenario import (
    Abatement,
    AllocationRule,
    BankingRule,
    BorrowingRule,
    CalendarRule,
    Collar,
    Firm,
    Frictions,
    Gap,
    Market,
    OffsetRule,
    OffsetSeries,
    OutputShock,
    PenaltyRule,
    Range,
    Regime,
    Scenario,
    Technology,
)  # fmt: skip

Rule = TypeVar("Rule")

UNLIMITED = BankingRule(limit="unlimited")
LAPSES = BankingRule(limit="none")
THREEFOLD = PenaltyRule(multiple=3.0)  # three times the price of the deadline's month
NO_ABATEMENT = Abatement(scale=1e12, steepness=10.0, max_share=0.0)


def each(rule: Rule | Mapping[str, Rule], years: list[str]) -> dict[str, Rule]:
    """One rule for every year, or a rule by year."""
    return dict(rule) if isinstance(rule, Mapping) else dict.fromkeys(years, rule)


def market(
    price: float = 100.0,
    *,
    rate: float = 0.0,
    volatility: float = 0.0,
    gap: dict[str, Gap] | None = None,
    offset: OffsetSeries | None = None,
    turnover: tuple[float, ...] = (1.0,) * 12,
    collar: Collar | None = None,
    quote_noise: float = 0.0,
    **frictions: float,
) -> Market:
    """A constant price and no frictions, unless told otherwise."""
    quiet = {"spread": 0.0, "impact": 0.0, "volume_share": 10.0, "season_multiple": 1.0}
    return Market(
        name="m", title="m", currency="X", price=price, discount_rate=rate, volatility=volatility, gap=gap or {},
        offset=offset, turnover=turnover, law="collared" if collar else "gbm", collar=collar, quote_noise=quote_noise,
        frictions=Frictions(**(quiet | frictions)),
    )  # fmt: skip


def firm(
    *,
    output: float = 1_000_000.0,
    intensity: float = 1.0,
    base: float | None = None,
    path: dict[str, float] | None = None,
    abatement: Abatement = NO_ABATEMENT,
    technologies: tuple[Technology, ...] = (),
    shock: OutputShock | None = None,
    **more: Any,
) -> Firm:
    """Emits 1 Mt a year; ``path`` scales it by calendar year."""
    return Firm(
        name="f", title="f", sector="s", output=output, emission_intensity=intensity, base_emissions=base,
        output_path=path or {}, abatement=abatement, technologies=technologies, output_shock=shock or OutputShock(),
        **more,
    )  # fmt: skip


def grandfathered(factor: float = 1.0) -> AllocationRule:
    """Base emissions x ``factor``, whole."""
    return AllocationRule(method="grandfathering", correction_factor=factor)


def benchmarked(benchmark: float, **more: Any) -> AllocationRule:
    """``benchmark`` x verified output; unit class "" ."""
    return AllocationRule(method="benchmarking", benchmark={"": benchmark}, **more)


def calendar(year: int, *, deadline: int = 6, verified: int = 5, **more: Any) -> CalendarRule:
    """Booked before the year, verified and due in the year after."""
    fields = {"verified": f"{year + 1}-{verified:02d}", "deadline": f"{year + 1}-{deadline:02d}"}
    return CalendarRule(**({"allocated": f"{year - 1}-12"} | fields | more))


def regime(
    first: int,
    last: int,
    *,
    allocation: AllocationRule | Mapping[str, AllocationRule] | None = None,
    banking: BankingRule | Mapping[str, BankingRule] = UNLIMITED,
    borrowing: BorrowingRule | Mapping[str, BorrowingRule] | None = None,
    penalty: PenaltyRule | Mapping[str, PenaltyRule] = THREEFOLD,
    offsets: dict[str, OffsetRule] | None = None,
    calendars: Mapping[str, CalendarRule] | None = None,
    **more: Any,
) -> Regime:
    """A yearly regime, the same law every year unless a rule comes by year."""
    years = [str(year) for year in range(first, last + 1)]
    fields = {"name": "r", "title": "r", "currency": "X", "market_opens": f"{first}-01"} | more
    return Regime(
        calendar=calendars or {year: calendar(int(year)) for year in years},
        allocation=each(allocation or grandfathered(), years),
        banking=each(banking, years),
        borrowing=each(borrowing, years) if borrowing else {},
        offsets=dict.fromkeys(years, offsets) if offsets else {},
        penalty=each(penalty, years),
        **fields,
    )


def scenario(law: Regime, who: Firm | None = None, where: Market | None = None, **more: Any) -> Scenario:
    """The whole of a regime's calendar, from the first month of its first year."""
    first, last = min(law.calendar), max(law.calendar)
    fields = {"start": f"{first}-{law.year_starts:02d}", "first": first, "last": last} | more
    return Scenario(name="s", title="s", regime=law, firm=who or firm(), market=where or market(), **fields)


def two_sided(down: float, up: float | None = None, resolved: float = 0.75) -> Gap:
    """Bounds of the front's discount and premium."""
    return Gap(down=down, up=down if up is None else up, resolved=resolved)


def doubt(path: str, low: float, high: float, announced: str) -> tuple[Range, ...]:
    """One number of the law that lies between two bounds until the month of its announcement."""
    return (Range(path=path, low=low, high=high, announced=announced),)
