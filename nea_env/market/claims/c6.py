"""Claim C6: an intensity standard adapts to output, by subsidising it.

One market under two laws in turn: its own performance standard, under which free units follow each year's output, and
a cap of as many units a year as the standard gives in expectation. Demand, abatement, banking and penalties are the
same. Theory has the sign: the standard is a cap with a subsidy of each unit of output by the price times the benchmark,
so it leaves output higher and must abate more at a dearer unit (Fischer 2001, Resources for the Future 01-22; Goulder,
Long, Lu & Morgenstern 2019, NBER 26537, who find costs 47 % above a cap's for China's power sector).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nea_env.core.lowering.aggregate.market import BANKS
from nea_env.core.lowering.aggregate.scale import calibrated_scale, with_scale
from nea_env.core.lowering.aggregate.supply import allocation_share, follows_output
from nea_env.library import load_scenario
from nea_env.library.columns import paragraph, table
from nea_env.market.claims.layout import aggregate_of, apart
from nea_env.market.outcomes import Year, outcomes
from nea_env.scenario import Scenario

QUESTION = "Does an intensity standard adapt to output, by subsidising it, and at what cost?"

SCENARIO = "tps"
ELASTICITIES = 0.06, 0.4, 0.8
DEFAULTS = (
    "market.law=equilibrium",
    "market.aggregate.output_response.elasticity=0.4",
    "market.aggregate.output_response.product_price=400",
    "market.aggregate.offset_supply=0",
    *(f"regime.penalty.{year}.side_multiple=10" for year in (2019, 2020, 2021, 2022)),
)
SOURCES = (
    "Elasticity of demand 0.4, assumed: 0.41 for Chinese households (Lin, Rizov & Wong 2014, The Chinese Economy"
    " 47(2)), 0.06 for provinces' demand (Li, Jiang & Li 2022, Regional Science Policy & Practice 14(2)). Power at 400"
    " CNY/MWh, assumed as in tps_output. All of the carbon cost is passed on. No offset credits, and penalties"
    " to 2022 that nobody chooses to pay, so that both laws leave the same emissions. Abatement costs are set so that"
    " the standard starts at the market's price."
)
SAME = 1e-6  # relative difference of output up to which two laws count as alike
MORE = 1.05  # demand, where output is higher than the law had in mind
TIGHTER = 0.97  # benchmarks, where more must be abated


class Law(NamedTuple):
    """A market under one law, a year on average over the years played.

    Attributes:
        price: money/t.
        output: relative to the baseline, where units cost nothing.
        abated: share of the emissions of that output.
        emissions: t.
        given: units, t.
        abating: cost of abatement, money.
        lost: surplus lost on output that differs from its baseline, money.
        subsidy: implicit, of output, money.
    """

    price: float
    output: float
    abated: float
    emissions: float
    given: float
    abating: float
    lost: float
    subsidy: float

    @property
    def cost(self) -> float:
        """Of abatement and of the output lost, money."""
        return self.abating + self.lost


Pair = tuple[Law, Law]
"""A market under its standard, and under a cap of as many units."""


def average(years: Sequence[Year]) -> Law:
    """The mean of some years."""

    def mean(name: str) -> float:
        return float(np.mean([getattr(year, name) for year in years]))

    before = float(np.mean([year.emissions / (1.0 - year.abated) for year in years]))
    return Law(
        mean("price"), mean("output"), 1.0 - mean("emissions") / before, mean("emissions"), mean("given"),
        mean("abating"), mean("lost"), mean("subsidy"),
    )  # fmt: skip


def calibrated(scenario: Scenario) -> Scenario:
    """The scenario with abatement costs at which its equilibrium starts at the market's price."""
    return with_scale(scenario, calibrated_scale(scenario))


def capped(scenario: Scenario, outputs: dict[int, float]) -> Scenario:
    """The scenario with as many units, given whatever is produced, as its standard gives at some outputs.

    Args:
        scenario: whose free units follow output.
        outputs: relative to the baseline without a change of demand, by compliance year.

    Raises:
        ValueError: the scenario has no aggregate, or units that do not follow output.
    """
    aggregate, laws = aggregate_of(scenario), dict(scenario.regime.allocation)
    for law, rule in laws.items():
        own = rule.of_class(aggregate.unit_class)
        if not follows_output(own):
            raise ValueError(
                f"regime.allocation.{law}.method: {own.method} does not follow output; allowed: benchmarking"
            )
        span = range(int(law), int(law) + scenario.regime.calendar[law].years)
        relative = float(np.mean([outputs.get(year, 1.0) for year in span]))
        units = allocation_share(own, aggregate) * relative
        fixed = {"method": "grandfathering", "correction_factor": units, "classes": {}}
        laws[law] = own.model_copy(update=fixed)
    return scenario.model_copy(update={"regime": scenario.regime.model_copy(update={"allocation": laws})})


def with_demand(scenario: Scenario, demand: float) -> Scenario:
    """The scenario with so much more demand for the product in every year."""
    year = min(scenario.regime.calendar)
    return load_scenario(scenario, {"market.aggregate.output_response.demand": {year: demand}})


def compare(scenario: Scenario, banks: int = BANKS) -> tuple[tuple[Year, ...], tuple[Year, ...]]:
    """The market under its standard and under a cap of as many units a year, on a grid of so many banks."""
    standard = outcomes(scenario, banks=banks)
    return standard, outcomes(capped(scenario, {year.year: year.output for year in standard}), banks=banks)


def report(overrides: Sequence[str], width: int) -> list[str]:
    """Lines of the answer; see ``claims.report``."""
    scenario = load_scenario(SCENARIO, [*DEFAULTS, *overrides])
    if aggregate_of(scenario).output_response is None:
        raise ValueError("market.aggregate.output_response: none, so output could not answer")
    capped(scenario, {})  # a law that has no output to follow is refused before anything is solved
    scenario = calibrated(scenario)
    years, capped_years = compare(scenario)
    usual = average(years), average(capped_years)
    demanding, variants = _demanding(scenario, years), _under_variants(scenario, usual)
    money = scenario.regime.currency
    return apart(
        [QUESTION],
        paragraph(_answer(*usual), width),
        table(["", "standard", "cap of as many units", "standard / cap"], _rows(*usual, money), width),
        _by_year(years, capped_years, money, width),
        _more_demand(usual, demanding, money, width),
        _hangs_on(variants, money, width),
        paragraph(_closing(usual, demanding, variants), width),
        paragraph(f"{SOURCES} {_grid_error(scenario, usual)}", width),
    )


def _answer(standard: Law, cap: Law) -> str:
    gap = standard.output / cap.output - 1.0
    if abs(gap) < SAME:
        return "No: output does not answer, so the standard and a cap of as many units are the same."
    verdict, side, why = (
        ("Yes", "above", ", since each unit of it earns free units") if gap > 0.0 else ("No", "below", "")
    )
    more = "more" if standard.abated > cap.abated else "less"
    return (
        f"{verdict}: output is {abs(gap):.2%} {side} that under a cap of as many units{why}. And {more} is abated:"
        f" {standard.abated:.2%} of emissions against {cap.abated:.2%}, at {_times(standard.price, cap.price)} the"
        f" price and {_times(standard.cost, cap.cost)} the cost."
    )


def _times(one: float, other: float) -> str:
    return f"{one / other:.2f} times" if other > 0.0 else "any multiple of"


def _rows(standard: Law, cap: Law, money: str) -> list[list[str]]:
    shown = [
        (f"price, {money}/t", "price", "{:,.1f}", 1.0),
        ("output, % of what it is at no price", "output", "{:.2f}", 100.0),
        ("abated, % of its emissions", "abated", "{:.2f}", 100.0),
        ("emissions, Mt a year", "emissions", "{:,.1f}", 1e-6),
        (f"cost of abatement, million {money} a year", "abating", "{:,.0f}", 1e-6),
        (f"surplus lost with output, million {money} a year", "lost", "{:,.0f}", 1e-6),
        (f"both, million {money} a year", "cost", "{:,.0f}", 1e-6),
        (f"implicit subsidy of output, million {money} a year", "subsidy", "{:,.0f}", 1e-6),
    ]
    rows = []
    for text, name, form, unit in shown:
        one, other = getattr(standard, name), getattr(cap, name)
        ratio = f"{one / other:.3f}" if other > 0.0 else ""
        rows.append([text, form.format(unit * one), form.format(unit * other), ratio])
    return rows


def _by_year(years: Sequence[Year], capped_years: Sequence[Year], money: str, width: int) -> list[str]:
    columns = [
        (f"price, {money}/t", "price", "{:.1f}", 1.0),
        ("output, %", "output", "{:.2f}", 100.0),
        ("emissions, Mt", "emissions", "{:,.0f}", 1e-6),
        (f"cost, million {money}", "cost", "{:,.0f}", 1e-6),
    ]
    head = ["year", *(text for title, *_ in columns for text in (title, "cap")), f"subsidy, million {money}"]
    body = []
    for pair in zip(years, capped_years, strict=True):
        cells = [form.format(unit * getattr(law, name)) for _, name, form, unit in columns for law in pair]
        body.append([str(pair[0].year), *cells, f"{1e-6 * pair[0].subsidy:,.0f}"])
    return table(head, body, width)


def _demanding(scenario: Scenario, years: Sequence[Year]) -> Pair:
    """Both laws with more demand than they had in mind."""
    demanding = with_demand(scenario, MORE)
    fixed = capped(demanding, {year.year: year.output for year in years})
    return average(outcomes(demanding)), average(outcomes(fixed))


def _more_demand(usual: Pair, demanding: Pair, money: str, width: int) -> list[str]:
    """How either law answers to more demand than it had in mind."""
    shown = [
        ("units, Mt a year", "given", "{:,.0f} to {:,.0f}", 1e-6),
        ("emissions, Mt a year", "emissions", "{:,.0f} to {:,.0f}", 1e-6),
        (f"price, {money}/t", "price", "{:,.1f} to {:,.1f}", 1.0),
        (f"cost, million {money} a year", "cost", "{:,.0f} to {:,.0f}", 1e-6),
    ]
    body = []
    for text, name, form, unit in shown:
        both = zip(usual, demanding, strict=True)
        pairs = [(unit * getattr(old, name), unit * getattr(new, name)) for old, new in both]
        body.append([text, *(form.format(*pair) for pair in pairs)])
    return table([f"if demand is {MORE - 1:.0%} higher", "standard", "cap as before"], body, width)


def _variants(scenario: Scenario) -> list[tuple[str, dict[str, float]]]:
    """Other assumptions to compare the two laws under, in words and as overrides."""
    aggregate, price = aggregate_of(scenario), scenario.market.price
    response, unit_class, path = aggregate.output_response, aggregate.unit_class, "market.aggregate.output_response"
    assert response is not None
    product = 1.5 * response.product_price
    lower = {}
    for law, rule in scenario.regime.allocation.items():
        own = rule.of_class(unit_class)
        place = f"classes.{unit_class}." if unit_class in rule.classes else ""
        if own.method == "benchmarking":
            lower[f"regime.allocation.{law}.{place}benchmark.{unit_class}"] = TIGHTER * own.benchmark[unit_class]
    others = [value for value in ELASTICITIES if value != response.elasticity]
    return [
        *((f"elasticity {value:g}", {f"{path}.elasticity": value}) for value in others),
        (f"product price {product:g}", {f"{path}.product_price": product}),
        (f"price at the start {2.0 * price:g}", {"market.price": 2.0 * price}),
        (f"benchmarks {1 - TIGHTER:.0%} lower", lower),
        (
            f"benchmarks {1 - TIGHTER:.0%} lower, elasticity {ELASTICITIES[0]:g}",
            {**lower, f"{path}.elasticity": ELASTICITIES[0]},
        ),
    ]


def _under_variants(scenario: Scenario, usual: Pair) -> dict[str, Pair]:
    """The same comparison under other assumptions, abatement costs set anew."""
    found = {"as above": usual}
    for text, changes in _variants(scenario):
        one, other = compare(calibrated(load_scenario(scenario, changes)))
        found[text] = average(one), average(other)
    return found


def _hangs_on(found: Mapping[str, Pair], money: str, width: int) -> list[str]:
    body = []
    for text, (standard, cap) in found.items():
        abated = [f"{100 * each.abated:.2f}" for each in (standard, cap)]
        dearer = f"{standard.cost / cap.cost:.2f}" if cap.cost > 0.0 else ""
        gap = 100.0 * above((standard, cap))
        body.append([text, f"{gap:+.2f}", f"{standard.price:.1f}", f"{cap.price:.1f}", *abated, dearer])
    head = ["it hangs on", "output over cap's, %", f"price, {money}/t", "cap", "abated, %", "cap"]
    return table([*head, "cost / cap's"], body, width)


def above(pair: Pair) -> float:
    """Output under the standard over that under the cap, less 1."""
    return pair[0].output / pair[1].output - 1.0


def _closing(usual: Pair, demanding: Pair, variants: Mapping[str, Pair]) -> str:
    """What the sign and the size hang on, and what either law does with more demand, in words."""
    gaps = {text: above(pair) for text, pair in variants.items()}
    higher = [text for text, gap in gaps.items() if gap > SAME]
    if len(higher) == len(gaps):
        sign = "Output is above the cap's under every assumption tried"
    elif higher:
        sign = f"The sign is not robust: output is above the cap's only under {'; '.join(higher)}"
    else:
        sign = "Output is above the cap's under no assumption tried"
    text = f"{sign} ({100 * min(gaps.values()):+.2f} to {100 * max(gaps.values()):+.2f} %)."
    dearer = {name: one.cost / cap.cost for name, (one, cap) in variants.items() if cap.cost > 0.0}
    if dearer:
        least, most = min(dearer, key=dearer.__getitem__), max(dearer, key=dearer.__getitem__)
        text += (
            f" The size hangs on them: the cost is {dearer[least]:.2f} times the cap's ({least}) to"
            f" {dearer[most]:.2f} times ({most})."
        )
    told = [
        f"emissions by {_percent(new.emissions, old.emissions)} and the price by {_percent(new.price, old.price)}"
        for old, new in zip(usual, demanding, strict=True)
        if old.price > 0.0
    ]
    if len(told) == len(usual):
        text += f" If demand is {MORE - 1:.0%} higher, the standard moves {told[0]}, the cap {told[1]}."
    return text


def _percent(new: float, old: float) -> str:
    return f"{round(100.0 * (new / old - 1.0), 1) + 0.0:+.1f} %"  # no -0


def _grid_error(scenario: Scenario, usual: Pair) -> str:
    """What refining the grid of banks once changes, in words."""
    fine = 2 * BANKS - 1
    finer = [average(years) for years in compare(scenario, fine)]
    parts = []
    for name in ("price", "cost"):
        both = [
            _percent(getattr(new, name), getattr(old, name)) if getattr(old, name) > 0.0 else "nothing"
            for old, new in zip(usual, finer, strict=True)
        ]
        parts.append(f"the {name} by {both[0]} under the standard and {both[1]} under the cap")
    gap = 100.0 * (above((finer[0], finer[1])) - above(usual))
    return (
        f"Solved, so no sampling error; a grid of {fine} banks instead of {BANKS} changes {', '.join(parts)}, and"
        f" the difference of output by {gap:+.2f} points."
    )
