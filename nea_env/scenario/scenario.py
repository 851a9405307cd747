"""Regime + firm + market + dates: everything an episode needs, checked for consistency."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from nea_env.scenario.firm import Firm
from nea_env.scenario.link_checks import check_links
from nea_env.scenario.links import Link
from nea_env.scenario.market import Market
from nea_env.scenario.menu import Menu
from nea_env.scenario.ranges import bounds_of, check_ranges, value_at
from nea_env.scenario.regime import Regime
from nea_env.scenario.rights import Rights
from nea_env.scenario.summary import summary
from nea_env.scenario.types import Model, Month, Whole, Year, add_months, months_between

LINKS_MAX = 2
ROUNDING = 1e-9
"""By how much a share may exceed what it is part of."""
NO_RIGHTS = Rights()
INFORMATION = ("compliance", "gaps")
"""Keys of a regime that change no episode."""


def _unnamed(tree: Any) -> Any:
    if isinstance(tree, dict):
        named = [key for key in ("name", "title") if isinstance(tree.get(key), str)]
        told = (*named, *INFORMATION)
        return {key: _unnamed(value) for key, value in tree.items() if key not in told}
    return [_unnamed(item) for item in tree] if isinstance(tree, list) else tree


class LawDraws(Model):
    """Whether episodes play the law as it was, or laws drawn from the regime's ranges; and how many draws there are.

    ``randomised``: every episode plays one of ``draws`` laws, drawn once with ``seed``; the observation shows a
    number's bounds until it is announced, and the number from then on. Under an equilibrium price the laws are those
    of ``market.beliefs``.

    Where the firm or the market has ``ranges``, in either mode, an episode plays one of ``draws`` firms and markets,
    drawn with ``seed`` as well; each number has a stream of its own, so that one more leaves the others as they were.
    """

    mode: Literal["historical", "randomised"] = "historical"
    draws: Annotated[Whole, Field(ge=1, le=4096)] = 64
    seed: Annotated[Whole, Field(ge=0)] = 0


class Scenario(Model):
    """Regime + firm + market + dates: everything an episode needs."""

    name: str
    title: str
    start: Month
    first: Year  # first compliance period
    last: Year  # last compliance period
    regime: Regime
    firm: Firm
    market: Market
    links: tuple[Link, ...] = ()  # at most two
    policy: LawDraws = LawDraws()
    menu: Menu = ()  # joint actions that any other becomes the nearest of; none: actions are free

    def __str__(self) -> str:
        """One screen: the system, the firm, the market, the rules in force with their numbers, the digest."""
        return summary(self)

    __repr__ = __str__

    @property
    def periods(self) -> tuple[str, ...]:
        """First years of the compliance periods played, in order."""
        return tuple(year for year in sorted(self.regime.calendar) if self.first <= year <= self.last)

    @property
    def changes(self) -> tuple[str, ...]:
        """What overrides have changed in it, as ``path=value``; no part of its content, and lost where it is dumped."""
        return tuple(self.__dict__.get("_changes", ()))

    def with_changes(self, changes: Iterable[str]) -> Self:
        """The same scenario, which tells that these overrides made it."""
        copy = self.model_copy()
        copy.__dict__["_changes"] = tuple(changes)  # beside the fields, like a cached property: equality ignores it
        return copy

    @property
    def played(self) -> Scenario:
        """The scenario as its firm plays it: with the firm's own rights in the regime. Prices are not those of it."""
        if self.firm.rights == NO_RIGHTS:
            return self
        firm = self.firm.model_copy(update={"rights": NO_RIGHTS})
        return self.model_copy(update={"regime": self.firm.rights.over(self.regime), "firm": firm})

    @property
    def drawn(self) -> dict[str, tuple[float, float]]:
        """Least and most of each number that an episode draws, by its path: ``firm.output``, ``regime.banking.…``."""
        ranges = self.regime.ranges if self.policy.mode == "randomised" else ()
        return {f"regime.{one.path}": (one.low, one.high) for one in ranges} | bounds_of(self)

    def number(self, path: str) -> float | None:
        """The number at a dotted path, for instance ``firm.output``; None where there is none."""
        value = value_at(self, path)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    @property
    def power_share(self) -> float:
        """Power bought, as a share of baseline emissions."""
        return self.firm.electricity * self.regime.grid_in(self.first).factor / self.firm.emission_intensity

    @property
    def end(self) -> str:
        """Month of the last deadline: the last month played."""
        return self.regime.calendar[self.last].deadline

    @property
    def digest(self) -> str:
        """Digest, 16 hexadecimal digits, of all that decides how episodes go: everything but names and information."""
        content = _unnamed(self.model_dump(mode="json", exclude_defaults=True))
        if self._power_is_constant():
            for part in (content["firm"], *content["firm"].get("technologies", ())):
                part.pop("electricity", None)
                part.pop("acts_on", None)
            content["regime"].pop("grid_factor", None)
        for link in content.get("links", ()):
            (link.get("regime") or {}).pop("grid_factor", None)  # of power that nobody buys
        for market in (content["market"], *(link["market"] for link in content.get("links", ()))):
            if market.get("law") != "replay":
                market.pop("replay", None)  # prices on record that nobody plays
            if self.market.law != "equilibrium":
                market.pop("aggregate", None)  # a market that no price is solved for
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def _power_is_constant(self) -> bool:
        """Whether all power bought counts alike, in the periods played and their phases: nothing depends on it."""
        regime, played = self.regime, self.periods
        spans = [(year, year) for year in played]
        spans += [(p.first, p.last) for p in regime.phases.values() if any(p.first <= y <= p.last for y in played)]
        grids = [regime.grid_in(y) for y in regime.calendar if any(low <= y <= high for low, high in spans)]
        first = regime.grid_in(self.first).factor
        return self.firm.electricity == 0.0 or all(grid.factor == grid.of_base == first for grid in grids)

    @field_validator("links", mode="before")
    @classmethod
    def _at_most_two(cls, links: object) -> object:
        if isinstance(links, list | tuple) and len(links) > LINKS_MAX:
            raise ValueError(f"{len(links)} links; allowed: at most {LINKS_MAX}")
        return links

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        regime, firm, market = self.regime, self.firm, self.market
        known = ", ".join(sorted(regime.calendar))
        for key, year in (("first", self.first), ("last", self.last)):
            if year not in regime.calendar:
                raise ValueError(f"{key}: {year} is not a compliance period of {regime.name}; allowed: {known}")
        if self.last < self.first:
            raise ValueError(f"last: {self.last} lies before first: {self.first}; allowed: {self.first} or later")
        opening = f"{self.first}-{regime.year_starts:02d}"
        closing = add_months(opening, 12)
        if not opening <= self.start < closing:
            raise ValueError(
                f"start: {self.start} lies outside the first year of its data, {opening} to before {closing}"
            )
        if market.currency != regime.currency:
            raise ValueError(f"market.currency: {market.currency} is not the regime's; allowed: {regime.currency}")
        self._check_names()
        self._check_beliefs()
        for year in self.periods:
            self._check_period(year)
        if firm.rights != NO_RIGHTS:
            self._check_rights()
        for year in market.gap:
            if year not in regime.calendar:
                raise ValueError(f"market.gap: {year} is not a vintage of {regime.name}; allowed: {known}")
        self._check_years()
        if market.law == "replay" and market.replay is not None:
            opens = regime.market_opens or self.start
            lacks = market.replay.missing(self.start, opens, self.end)
            if lacks:
                raise ValueError(f"market.replay: {lacks}")
        self._check_power()
        check_links(self.links, market, regime, self.start, self.end)
        played = months_between(self.start, self.end) + 1
        for tech in firm.technologies:
            if tech.life_years * 12 < played:
                raise ValueError(
                    f"firm.technologies.{tech.name}.life_years: {tech.life_years:g} is shorter than the scenario"
                    f" ({played} months): capacity must outlive it"
                )
        check_ranges(self)
        return self

    def _check_rights(self) -> None:
        """The law must fit the firm with its own rights as well."""
        own = self.played
        try:
            own._check_names()
            for year in own.periods:
                own._check_period(year)
        except ValueError as error:
            raise ValueError(f"firm.rights: {error}") from None

    def _check_years(self) -> None:
        """A number for a year that the regime does not know would be silently ignored."""
        regime, aggregate = self.regime, self.market.aggregate
        years = regime.years
        after = (f"{int(years[-1]) + 1:04d}",) if regime.year_starts > 1 else ()  # in which the last fiscal year ends
        tables: list[tuple[str, Iterable[str], tuple[str, ...]]] = [
            ("firm.output_path", self.firm.output_path, years + after)
        ]
        if aggregate is not None:
            tables += [
                ("market.aggregate.path", aggregate.path, years),
                ("market.aggregate.allocation", aggregate.allocation, years),
            ]
            if aggregate.output_response is not None:
                tables.append(("market.aggregate.output_response.demand", aggregate.output_response.demand, years))
        for key, table, known in tables:
            unused = [year for year in table if year not in known]
            if unused:
                raise ValueError(
                    f"{key}: {unused[0]} is not a year of {regime.name}; allowed: {known[0]} to {known[-1]}"
                )

    def _check_beliefs(self) -> None:
        """A number that plays no part is a mistake: whoever gives it wants it."""
        beliefs = self.market.beliefs
        if beliefs is not None and beliefs.outcomes is not None and self.policy.mode == "historical":
            raise ValueError(
                f"market.beliefs.outcomes: {beliefs.outcomes} plays no part under policy.mode: historical;"
                " allowed: none, or policy.mode: randomised"
            )

    def _check_power(self) -> None:
        """Power bought is part of the emissions, and no technology can cut more than the part it acts on."""
        firm, power = self.firm, self.power_share
        if power > 1.0 + ROUNDING:
            raise ValueError(
                f"firm.electricity: {firm.electricity:g} MWh a unit would emit {power:.3g} times emission_intensity"
                f" in {self.first}; allowed: at most {firm.electricity / power:g}"
            )
        shares = {"all": 0.0, "direct": 0.0, "electricity": 0.0}
        for tech in firm.technologies:
            shares[tech.acts_on] += tech.potential_share
        for part, of_it in (("direct", 1.0 - power), ("electricity", power)):
            if shares[part] > of_it * (1.0 - shares["all"]) + ROUNDING:
                raise ValueError(
                    f"firm.technologies: those that act on {part} remove {shares[part]:.3g} of emissions; allowed: at"
                    f" most {max(0.0, of_it * (1.0 - shares['all'])):.3g}, what there is of it"
                )

    def _check_names(self) -> None:
        rules = [rule for yearly in self.regime.allocation.values() for rule in (yearly, *yearly.classes.values())]
        tables = [(*r.classes, *r.benchmark, *r.balance, *r.reduction_factor) for r in rules]
        classes = sorted({name for table in tables for name in table})
        if classes and self.firm.unit_class and self.firm.unit_class not in classes:
            raise ValueError(
                f"firm.unit_class: {self.firm.unit_class!r} is not a class of {self.regime.name}"
                f"; allowed: {', '.join(map(repr, classes))}"
            )
        if self.market.law == "equilibrium" and self.market.aggregate is not None:
            sectors = sorted({*classes, *(name for rule in rules for name in rule.auction_share)})
            for key, what, known in (("unit_class", "class", classes), ("sector", "sector or class", sectors)):
                name = getattr(self.market.aggregate, key)
                if name and name not in known:
                    raise ValueError(
                        f"market.aggregate.{key}: {name!r} is not a {what} of {self.regime.name}"
                        f"; allowed: {', '.join(map(repr, dict.fromkeys(['', *known])))}"
                    )
        types = sorted({name for yearly in self.regime.offsets.values() for name in yearly})
        if types and self.market.offset is not None and self.market.offset.type not in types:
            raise ValueError(
                f"market.offset.type: {self.regime.name} accepts no {self.market.offset.type!r}"
                f"; allowed: {', '.join(map(repr, types))}"
            )

    def _check_period(self, year: str) -> None:
        unit_class = self.firm.unit_class
        rule = self.regime.allocation[year].of_class(unit_class)
        table, name = {
            "benchmarking": (rule.benchmark, "benchmark"),
            "historical_benchmarking": (rule.benchmark, "benchmark"),
            "benchmark_band": (rule.balance, "balance"),
            "baseline": (rule.reduction_factor, "reduction_factor"),
        }.get(rule.method, ({unit_class: 1.0}, ""))
        if unit_class not in table:
            raise ValueError(
                f"regime.allocation.{year}.{name}: no value for the firm's unit_class {unit_class!r}"
                f" (has {', '.join(map(repr, table)) or 'none'})"
            )
        calendar = self.regime.calendar[year]
        if not calendar.verified <= calendar.deadline:
            raise ValueError(
                f"regime.calendar.{year}: verified {calendar.verified} comes after deadline {calendar.deadline}"
            )
        if rule.interim_factor is not None and calendar.completed is None:
            raise ValueError(f"regime.allocation.{year}.interim_factor: needs calendar.{year}.completed")
        if calendar.completed and not (calendar.allocated or "9999") <= calendar.completed <= calendar.verified:
            raise ValueError(f"regime.calendar.{year}.completed: must lie between allocated and verified")
        if rule.method in ("grandfathering", "historical_benchmarking") and calendar.allocated is None:
            raise ValueError(
                f"regime.calendar.{year}.allocated: {rule.method} needs the month in which units are booked"
            )
        if rule.method == "baseline" and self.firm.certified and self.firm.certified not in rule.certified:
            raise ValueError(
                f"regime.allocation.{year}.certified: no value for the firm's certificate {self.firm.certified!r}"
                f" (has {', '.join(map(repr, rule.certified)) or 'none'})"
            )
