"""Claim C5: unclear policy stops long-lived abatement.

Asia Society Policy Institute, Northeast Asia and the next generation of carbon market cooperation (2017), section 4.3,
page 39. Korea's market foresees the same laws twice, drawn from what was thought possible: announced one by one as they
were (late), or within the first months (early). In either a price taker holds the option to build what abates a tonne a
year for decades, and stops waiting when it is best to. Theory is divided: waiting for news is worth something
(Dixit & Pindyck 1994, Investment under Uncertainty), but before the news the price itself wanders less, and a firm that
would not build under the mean law builds under none until it is known (Linnerud et al. 2014 find
that professionals delay; Chen & Tseng 2011 the opposite).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nea_env.core.lowering.law_tree import announcements
from nea_env.library import load_scenario
from nea_env.library.columns import paragraph, table
from nea_env.market.believed import Array, believed
from nea_env.market.claims.korea import ROUGH, SHIPPED, Nodes, calibrated
from nea_env.market.claims.layout import apart
from nea_env.market.option import Afterwards, Project, Stopping, best_stopping
from nea_env.scenario import Regime, Scenario, months_between
from nea_env.scenario.firm import Technology

QUESTION = "Does unclear policy stop long-lived abatement?"

SCENARIO = "kets_randomised"
DEFAULTS = ("market.law=equilibrium", "market.beliefs.outcomes=2")
MULTIPLES = np.array([0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0])
"""Of the technology's capex."""
SHOWN = (2017, 2020, 2025)
SEEDS, MORE = range(4), 4  # pairings of two values, and values of which pairs can be independent
PAIRED, OF_MORE = "paired as by policy.seed=", f"of {MORE} values each"
MATTERS = 0.03  # the smallest share that counts as a difference
SOURCES = (
    "Optimal stopping on a solved chain, so without sampling error. The firm takes prices as they come, knows what the"
    " market knows, minds no risk, and always runs what it has built; prices stay constant after the months solved."
    " What was thought possible (regime.ranges) and most of the calibration are assumed; abatement costs are set so"
    " that a market which takes every number at its mean starts at market.price."
)


class Compared(NamedTuple):
    """The option under early and under late announcements, for each of ``MULTIPLES``."""

    early: Stopping
    late: Stopping
    capex: Array


def announced_early(scenario: Scenario) -> Scenario:
    """The scenario with its announcements in their order, one a month from the second month on."""
    months = sorted({max(months_between(scenario.start, entry.announced), 0) for entry in scenario.regime.ranges})
    early = {month: _month(scenario.start, place + 1) for place, month in enumerate(months)}
    played = months_between(scenario.start, scenario.end)

    def moved(month: str) -> str:
        late = max(months_between(scenario.start, month), 0)
        return early[late] if late <= played else month

    ranges = (entry.model_copy(update={"announced": moved(entry.announced)}) for entry in scenario.regime.ranges)
    return _with_regime(scenario, {"ranges": tuple(ranges)})


def at_the_mean(scenario: Scenario) -> Scenario:
    """The scenario with every number in doubt at its mean, known from the start."""
    numbers = {entry.path: 0.5 * (entry.low + entry.high) for entry in scenario.regime.ranges}
    known = load_scenario(scenario, {"policy.mode": "historical", "market.beliefs": None})
    return known.model_copy(update={"regime": known.regime.with_numbers(numbers)})


def in_doubt(scenario: Scenario, mechanism: str, width: float = 1.0) -> Scenario:
    """The scenario with the numbers of one mechanism alone in doubt, between bounds so many times as wide.

    The others are known at their mean.
    """
    kept, known = [], {}
    for entry in scenario.regime.ranges:
        middle, half = 0.5 * (entry.low + entry.high), 0.5 * width * (entry.high - entry.low)
        if entry.path.startswith(f"{mechanism}."):
            kept.append(entry.model_copy(update={"low": middle - half, "high": middle + half}))
        else:
            known[entry.path] = middle
    regime: Regime = scenario.regime.with_numbers(known)
    return _with_regime(scenario.model_copy(update={"regime": regime}), {"ranges": tuple(kept)})


def _with_regime(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    return scenario.model_copy(update={"regime": scenario.regime.model_copy(update=dict(changes))})


def _month(start: str, later: int) -> str:
    year, month = divmod(int(start[:4]) * 12 + int(start[5:]) - 1 + later, 12)
    return f"{year}-{month + 1:02d}"


def compare(
    scenario: Scenario, technology: Technology, nodes: Nodes = ROUGH, afterwards: Afterwards = "constant"
) -> Compared:
    """The option on a technology under early and late announcements of the scenario's laws."""
    project = Project(technology.opex, technology.lead_months, round(12 * technology.life_years), afterwards)
    capex, last = MULTIPLES * technology.capex, months_between(scenario.start, f"{int(scenario.last) + 1}-01")
    known = len(announcements(scenario))  # the month in which the last of the early announcements comes
    early, late = (
        best_stopping(believed(law, **nodes._asdict()), project, capex, last, known)
        for law in (announced_early(scenario), scenario)
    )
    return Compared(early, late, capex)


def built_by(stopping: Stopping, scenario: Scenario, year: int) -> Array:
    """(K,) share built by the end of a year."""
    return stopping.built[months_between(scenario.start, f"{year + 1}-01")]


def years_waited(stopping: Stopping) -> Array:
    """(K,) mean years without what can be built, of those in which it can be."""
    return (1.0 - stopping.built[1:]).sum(axis=0) / 12.0


def report(overrides: Sequence[str], width: int, nodes: Nodes = ROUGH) -> list[str]:
    """Lines of the answer; see ``claims.report``."""
    scenario = load_scenario(SCENARIO, [*DEFAULTS, *overrides])
    if not scenario.firm.technologies:
        raise ValueError(f"firm.technologies: {scenario.firm.name} has none, and the claim needs one")
    technology = scenario.firm.technologies[0]
    solved = _calibrated(scenario, overrides)
    main = compare(solved, technology, nodes)
    others = {case.text: compare(*case[1:]) for case in _cases(scenario, overrides, nodes)}
    news = ", ".join(_month(scenario.start, each.month) for each in announcements(scenario))
    return apart(
        [QUESTION],
        paragraph(_sentence(main, scenario, technology.name) + _otherwise(others, scenario), width),
        _by_cost(main, scenario, width),
        _by_year(main, scenario, width),
        _hangs_on({"as above": main, **others}, scenario, width),
        [
            *paragraph(
                f"Late: announced in {news}. Early: in the same order from {_month(scenario.start, 1)} on.", width
            ),
            *paragraph(SOURCES, width),
        ],
    )


def _calibrated(scenario: Scenario, overrides: Sequence[str]) -> Scenario:
    aggregate = calibrated(at_the_mean(scenario), overrides).market.aggregate
    return scenario.model_copy(update={"market": scenario.market.model_copy(update={"aggregate": aggregate})})


def _gaps(found: Compared, scenario: Scenario) -> list[float]:
    """Share built late less early by the end of each year of ``SHOWN``, on average over the costs."""
    return [
        float((built_by(found.late, scenario, year) - built_by(found.early, scenario, year)).mean()) for year in SHOWN
    ]


def _sentence(main: Compared, scenario: Scenario, name: str) -> str:
    gaps = _gaps(main, scenario)
    each = built_by(main.late, scenario, SHOWN[0]) - built_by(main.early, scenario, SHOWN[0])
    fewer, more = (each < -MATTERS).sum(), (each > MATTERS).sum()
    verdict = "Yes" if fewer and not more else "At some costs" if fewer else "No"
    waited = years_waited(main.late).mean() - years_waited(main.early).mean()
    told = ", ".join(f"{100 * gap:+.0f} by the end of {year}" for gap, year in zip(gaps, SHOWN, strict=True))
    return (
        f"{verdict}: announced late instead of early, the same laws change the share of firms that have built"
        f" {name} by {told} (points, on average over {len(MULTIPLES)} costs from {MULTIPLES[0]:g} to"
        f" {MULTIPLES[-1]:g} times its own), and the years without it by {waited:+.1f}. By the end of {SHOWN[0]} fewer"
        f" have built at {fewer} of the costs, and more at {more}."
    )


def _by_cost(main: Compared, scenario: Scenario, width: int) -> list[str]:
    head = ["capex, times its own"]
    columns = [[f"{multiple:g}" for multiple in MULTIPLES]]
    for year in SHOWN:
        head += [f"built by end of {year}, %: early", "late"]
        columns += [
            [f"{100 * share:.0f}" for share in built_by(one, scenario, year)] for one in (main.early, main.late)
        ]
    asked = _month(scenario.start, len(announcements(scenario)))
    head += ["years without: early", "late", f"waiting is worth in {asked}, % of capex: early", "late"]
    columns += [[f"{years:.1f}" for years in years_waited(one)] for one in (main.early, main.late)]
    columns += [[f"{100 * worth:.1f}" for worth in one.waiting / main.capex] for one in (main.early, main.late)]
    return table(head, list(zip(*columns, strict=True)), width)


def _by_year(main: Compared, scenario: Scenario, width: int) -> list[str]:
    body = []
    for year in range(int(scenario.first), int(scenario.last) + 1):
        early, late = (100 * float(built_by(one, scenario, year).mean()) for one in (main.early, main.late))
        body.append([str(year), f"{early:.1f}", f"{late:.1f}", f"{late - early:+.1f}"])
    return table(["mean over the costs: built by end of", "early, %", "late, %", "late less early"], body, width)


def _otherwise(others: Mapping[str, Compared], scenario: Scenario) -> str:
    """How the first difference fares where other values come together, and where pairs of them are independent."""
    paired = [100.0 * _gaps(each, scenario)[0] for text, each in others.items() if text.startswith(PAIRED)]
    more = 100.0 * _gaps(others[f"and {OF_MORE}"], scenario)[0]
    return (
        f" Where other values come together the first is {min(paired):+.0f} to {max(paired):+.0f}; with units alone in"
        f" doubt, {OF_MORE}, {more:+.0f}."
    )


def _hangs_on(found: Mapping[str, Compared], scenario: Scenario, width: int) -> list[str]:
    """The same comparison under other assumptions, with fewer numbers in doubt."""
    body = []
    for text, each in found.items():
        waited = years_waited(each.late).mean() - years_waited(each.early).mean()
        by_cost = 100.0 * (built_by(each.late, scenario, SHOWN[0]) - built_by(each.early, scenario, SHOWN[0]))
        gaps = [f"{100 * gap:+.1f}" for gap in _gaps(each, scenario)]
        body.append([text, *gaps, f"{by_cost.min():+.0f} to {by_cost.max():+.0f}", f"{waited:+.2f}"])
    head = ["it hangs on: late less early", *(f"built by {year}, points" for year in SHOWN)]
    return table([*head, f"by cost, {SHOWN[0]}", "years waited"], body, width)


class Case(NamedTuple):
    """A comparison under other assumptions: in words, and what `compare` takes."""

    text: str
    scenario: Scenario
    technology: Technology
    nodes: Nodes
    afterwards: Afterwards = "constant"


def _cases(scenario: Scenario, overrides: Sequence[str], nodes: Nodes) -> list[Case]:
    own, aggregate = scenario.firm.technologies, "market.aggregate."

    def changed(changes: Mapping[str, Any], mechanism: str = "allocation", wide: float = 1.0) -> Scenario:
        return in_doubt(_calibrated(load_scenario(scenario, changes), overrides), mechanism, wide)

    free = {f"regime.banking.{year}.limit": "unlimited" for year in scenario.regime.banking}
    others: list[tuple[str, Mapping[str, Any]]] = [
        (OF_MORE, {"market.beliefs.outcomes": MORE}),
        *((f"abatement.steepness {value}", {f"{aggregate}abatement.steepness": value}) for value in (5, 20)),
        *((f"shock.volatility {value}", {f"{aggregate}shock.volatility": value}) for value in (0.004, 0.012)),
        ("discount_rate 0.06", {"market.discount_rate": 0.06}),
        ("all units carried over", free),
    ]
    units = changed({})
    seeds = [seed for seed in SEEDS if seed != scenario.policy.seed]
    return [
        *(Case(f"{PAIRED}{seed}", load_scenario(scenario, {"policy.seed": seed}), own[0], nodes) for seed in seeds),
        Case("carrying over alone in doubt", changed({}, "banking"), own[0], nodes),
        Case("units alone in doubt", units, own[0], nodes),
        Case("and half as much", changed({}, wide=0.5), own[0], nodes),
        *(Case(f"and {text}", changed(changes), own[0], nodes) for text, changes in others),
        *(Case(f"and {each.name}", units, each, nodes) for each in own[1:]),
        Case("and prices that grow with discount in the end", units, own[0], nodes, "grows"),
        Case(f"and a grid of {SHIPPED.banks} banks, {SHIPPED.shocks} shocks", units, own[0], SHIPPED),
    ]
