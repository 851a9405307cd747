"""The tree of laws that an equilibrium price foresees, and the laws that episodes play: its paths.

Between two announcements the law is in one of a few states: what has been announced and still matters. Numbers that are
not announced yet count at their mean; with an announcement the units catch up that its periods would have had.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nea_env.core.lowering.aggregate.calendar import solved_months
from nea_env.core.lowering.pairing import NODES, UNCOUNTED, paired, values_each, weight_of
from nea_env.library.overrides import overridden
from nea_env.scenario import Range, Regime, Scenario, ScenarioError, add_months, months_between

MOST_LAWS, MOST_STATES = 4096, 1024


class Branch(NamedTuple):
    """What an announcement may bring.

    Attributes:
        chance: that the market gives it.
        played: share of the episodes in which it comes.
        numbers: of the regime, by path.
        overrides: of the scenario, by path.
        label: of it in errors.
    """

    chance: float
    played: float
    numbers: dict[str, float]
    overrides: dict[str, object]
    label: str = ""


class News(NamedTuple):
    """An announcement.

    Attributes:
        month: from whose start on it is known, counted from the scenario's start.
        branches: of which one comes.
        paths: of the regime that it changes.
    """

    month: int
    branches: tuple[Branch, ...]
    paths: tuple[str, ...]


class LawState(NamedTuple):
    """A state of the law: what has been announced and still matters.

    Attributes:
        scenario: with all numbers as far as known; those not announced yet at their mean.
        first: the month from whose start on it holds.
        last: the month of the next announcement; the number of months solved where there is none.
        branches: places of the states that may follow, and the chances that the market gives them.
        before: place of a state that it follows; -1 at the start.
    """

    scenario: Scenario
    first: int
    last: int
    branches: tuple[tuple[int, float], ...]
    before: int


class PlayedLaw(NamedTuple):
    """A law that episodes play.

    Attributes:
        scenario: with the numbers that it comes to.
        frequency: share of the episodes.
        states: places of the states of the law that it goes through.
        earlier: the law before each announcement that is no number of a range, and that announcement's month.
    """

    scenario: Scenario
    frequency: float
    states: tuple[int, ...]
    earlier: tuple[tuple[int, Scenario], ...]


@dataclass(frozen=True)
class LawTree:
    """States of the law by the month in which they begin, and the laws that episodes play."""

    states: tuple[LawState, ...]
    laws: tuple[PlayedLaw, ...]


def has_tree(scenario: Scenario) -> bool:
    """Whether the scenario's price is an equilibrium that foresees laws to come."""
    market = scenario.market
    return market.law == "equilibrium" and (scenario.policy.mode == "randomised" or market.beliefs is not None)


def law_tree(scenario: Scenario, outcomes: int | None = None) -> LawTree:
    """The tree of a scenario: of its market's beliefs and, where its law is randomised, of its regime's ranges.

    Args:
        scenario: with an equilibrium price.
        outcomes: of each number in doubt; None: as ``market.beliefs`` says.

    Raises:
        ValueError: an announcement comes too late or outside the months played, a law that it brings is refused, or
            the tree is too large.
    """
    news = announcements(scenario, outcomes)
    count = math.prod(sum(branch.played > 0.0 for branch in each.branches) for each in news)
    if count > MOST_LAWS:
        raise ValueError(
            f"market.beliefs: {len(news)} announcements make {count:,} laws; allowed: at most {MOST_LAWS:,}"
            " (fewer announcements, or fewer market.beliefs.outcomes)"
        )
    months = solved_months(scenario.regime, scenario.start, scenario.last)
    states, place_of = _states(scenario, news, months)
    laws = []
    for chosen in itertools.product(*(range(len(each.branches)) for each in news)):
        frequency = math.prod(each.branches[b].played for each, b in zip(news, chosen, strict=True))
        if frequency <= 0.0:
            continue
        path = tuple(place_of[_key(scenario, news, chosen[:k])] for k in range(len(news) + 1))
        earlier = tuple(
            (each.month, _law(scenario, news, chosen, k)) for k, each in enumerate(news) if _is_told(each)
        )  # fmt: skip
        law = _law(scenario, news, chosen, len(news))
        if law.end != scenario.end:
            raise ValueError(
                f"market.beliefs: under one law the last deadline is {scenario.end}, under another {law.end};"
                " allowed: one for all, so that episodes are as long"
            )
        laws.append(PlayedLaw(law, frequency, path, earlier))
    return LawTree(states, tuple(laws))


def announcements(scenario: Scenario, outcomes: int | None = None) -> tuple[News, ...]:
    """What is announced in the months played, in order."""
    beliefs = scenario.market.beliefs
    news = _of_ranges(scenario, outcomes) if scenario.policy.mode == "randomised" else []
    played = months_between(scenario.start, scenario.end)
    for k, each in enumerate(beliefs.announcements if beliefs else ()):
        key, month = f"market.beliefs.announcements.{k}", months_between(scenario.start, each.month)
        if not 0 < month <= played:
            raise ValueError(
                f"{key}.month: {each.month} is not played; allowed: after {scenario.start}, to {scenario.end}"
            )
        branches = [
            Branch(law.chance, law.frequency, {}, dict(law.overrides), f"{key}.laws.{b}")
            for b, law in enumerate(each.laws)
            if law.chance > 0.0 or law.frequency > 0.0
        ]
        paths = [path.removeprefix("regime.") for law in each.laws for path in law.overrides]
        for path in paths:
            if not _matters(scenario, path, month):
                year = path.split(".")[1]
                raise ValueError(
                    f"{key}: {path} is announced in {each.month}, after {year}'s deadline in"
                    f" {scenario.regime.calendar[year].deadline}; allowed: a law that is announced before"
                )
            _check_booked(scenario, path, each.month, key)
        news.append(News(month, tuple(branches), tuple(paths)))
    return tuple(sorted(news, key=lambda each: each.month))


def _check_booked(scenario: Scenario, path: str, month: str, key: str) -> None:
    """Free units are given by the law that was known, and kept unless a true-up is still to come."""
    mechanism, _, rest = path.partition(".")
    if mechanism != "allocation":
        return
    year = rest.split(".")[0]
    calendar, rule = scenario.regime.calendar[year], scenario.regime.allocation[year]
    booked = rule.of_class(scenario.firm.unit_class).method in ("grandfathering", "historical_benchmarking")
    given = (calendar.completed or calendar.allocated) if booked else calendar.verified
    if given is not None and given < month:
        raise ValueError(
            f"{key}: {path} is announced in {month}, when {year}'s units were given in {given}; allowed: an allocation"
            " that is announced before"
        )


def _of_ranges(scenario: Scenario, outcomes: int | None) -> list[News]:
    """Numbers in doubt by the month of their announcement, each at the nodes of a quadrature.

    Numbers that are announced together are paired as nearly independent as can be (``pairing``), ``policy.seed``
    choosing among equals. What is announced after the last month played stays at its mean.
    """
    ranges, start = scenario.regime.ranges, scenario.start
    if not ranges:
        raise ValueError(
            f"policy.mode: randomised, but regime {scenario.regime.name} has no ranges to draw from;"
            " allowed: historical"
        )
    months: dict[int, list[Range]] = {}
    played = months_between(start, scenario.end)
    for entry in ranges:
        month = max(months_between(start, entry.announced), 0)
        if month <= played and _matters(scenario, entry.path, 0):
            months.setdefault(month, []).append(entry)
    aggregate = scenario.market.aggregate
    unit_class = aggregate.unit_class if aggregate else ""
    weights = [[weight_of(entry.path, unit_class) for entry in months[month]] for month in sorted(months)]
    generator, news = np.random.default_rng(scenario.policy.seed), []
    for month, own, count in zip(sorted(months), weights, _outcomes(scenario, weights, outcomes), strict=True):
        entries, values = months[month], []
        for entry, places in zip(entries, paired(count, own, generator), strict=True):
            middle, half = 0.5 * (entry.low + entry.high), 0.5 * (entry.high - entry.low)
            values.append([middle + half * NODES[count][place] for place in places])
        paths = tuple(entry.path for entry in entries)
        branches = (
            Branch(1.0 / count, 1.0 / count, dict(zip(paths, numbers, strict=True)), {})
            for numbers in zip(*values, strict=True)
        )
        news.append(News(month, tuple(branches), paths))
    return news


def _outcomes(scenario: Scenario, weights: list[list[float]], outcomes: int | None) -> list[int]:
    """How many values the numbers of each announcement take, of which there are weights."""
    beliefs = scenario.market.beliefs
    if outcomes is None and beliefs is not None:
        outcomes = beliefs.outcomes
    if outcomes is not None:
        return [outcomes] * len(weights)
    return values_each([sum(weight > UNCOUNTED for weight in own) for own in weights], scenario.policy.draws)


def _is_told(news: News) -> bool:
    """Whether it is an announcement that the scenario tells, and no number of a range."""
    return bool(news.branches[0].label)


def _matters(scenario: Scenario, path: str, month: int) -> bool:
    """Whether a number of the law still matters in a month: its period, or one that looks at it, is not settled.

    The rules of the last period hold for those after it.
    """
    regime, start = scenario.regime, scenario.start
    mechanism, _, rest = path.partition(".")
    year = rest.split(".")[0]
    if mechanism in ("market", "calendar") or year not in regime.calendar or year == max(regime.calendar):
        return True
    years = [year]
    if mechanism == "allocation":
        phases = [p for p in regime.phases.values() if p.first <= year <= p.last]
        years += [y for y in regime.calendar if any(p.first <= y <= p.last for p in phases)] if phases else []
        years = [year, *(y for y in years if regime.banking[y].base_share > 0.0)]
    return any(months_between(start, regime.calendar[y].deadline) >= month for y in years)


def _key(scenario: Scenario, news: tuple[News, ...], chosen: tuple[int, ...]) -> tuple[int, ...]:
    """What tells the state after some announcements apart: the branches of those that still matter, -1 for others."""
    month = news[len(chosen) - 1].month if chosen else 0
    return tuple(
        branch if any(_matters(scenario, path, month) for path in each.paths) else -1
        for each, branch in zip(news, chosen, strict=False)
    )


def _states(
    scenario: Scenario, news: tuple[News, ...], months: int
) -> tuple[tuple[LawState, ...], dict[tuple[int, ...], int]]:
    """The states, those that begin earlier first, and the place of each by its key."""
    levels: list[dict[tuple[int, ...], tuple[tuple[int, ...], tuple[int, ...]]]] = [{(): ((), ())}]
    for k, each in enumerate(news):  # key -> the first choice that leads to it, and the key that this comes from
        after: dict[tuple[int, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
        for key, (chosen, _) in levels[k].items():
            for branch in range(len(each.branches)):
                following = (*chosen, branch)
                after.setdefault(_key(scenario, news, following), (following, key))
        levels.append(after)
        if sum(map(len, levels)) > MOST_STATES:
            raise ValueError(
                f"market.beliefs: a tree of more than {MOST_STATES:,} states of the law by month {each.month};"
                " allowed: fewer announcements, or fewer market.beliefs.outcomes"
            )
    place_of = {key: place for place, key in enumerate(key for level in levels for key in level)}
    states = []
    for k, level in enumerate(levels):
        first, last = news[k - 1].month if k else 0, news[k].month if k < len(news) else months
        for chosen, parent in level.values():
            branches: tuple[tuple[int, float], ...] = ()
            if k < len(news):
                branches = tuple(
                    (place_of[_key(scenario, news, (*chosen, b))], branch.chance)
                    for b, branch in enumerate(news[k].branches)
                )
            law = _law(scenario, news, chosen, k)
            states.append(LawState(law, first, last, branches, place_of[parent] if k else -1))
    return tuple(states), place_of


def _law(scenario: Scenario, news: tuple[News, ...], chosen: tuple[int, ...], known: int) -> Scenario:
    """The law after some announcements.

    Args:
        scenario: of the tree.
        news: its announcements.
        chosen: branches of those; numbers of ranges that it has none for stand at their mean.
        known: how many of the announcements that the scenario tells have been made, counted among all.
    """
    numbers: dict[str, float] = {}
    for k, each in enumerate(news):
        if not _is_told(each):
            branches = each.branches if k >= len(chosen) else (each.branches[chosen[k]],)
            numbers |= {path: sum(b.numbers[path] for b in branches) / len(branches) for path in each.paths}
    law = scenario
    if scenario.policy.mode == "randomised":
        late = {r.path: 0.5 * (r.low + r.high) for r in scenario.regime.ranges if r.path not in numbers}
        law = law.model_copy(update={"regime": law.regime.with_numbers(numbers | late)})
    for each, place in zip(news[:known], chosen, strict=False):
        branch = each.branches[place]
        if branch.overrides:
            try:
                law = overridden(law, branch.overrides)
            except ScenarioError as error:
                raise ValueError(f"{branch.label}: {error}") from None
        if _is_told(each):
            law = law.model_copy(update={"regime": _shown_from(each, law)})
    return law


def _shown_from(news: News, law: Scenario) -> Regime:
    """The law's regime as the firm sees it once an announcement is made: what this tells is no longer in doubt."""
    regime, month = law.regime, add_months(law.start, news.month)
    update: dict[str, Any] = {"ranges": tuple(entry for entry in regime.ranges if entry.path not in news.paths)}
    for path in news.paths:
        mechanism, *keys = path.split(".")
        if mechanism == "allocation":  # its calendar says when it is known
            mechanism, keys = "calendar", keys[:1]
        elif mechanism in ("market", "calendar"):
            continue
        depth = 2 if mechanism == "offsets" else 1  # a year, and a type of credit
        rules = update.get(mechanism, getattr(regime, mechanism))
        update[mechanism] = _announced_by(month, rules, keys[:depth])
    return regime.model_copy(update=update)


def _announced_by(month: str, rules: Any, keys: list[str]) -> Any:
    """The rules, of which the one at the end of the keys is announced no later than a month."""
    if keys:
        key, *rest = keys
        return rules if key not in rules else {**rules, key: _announced_by(month, rules[key], rest)}
    told = getattr(rules, "announced", None)  # None: known from the start, or of a kind without such a date
    return rules if told is None or told <= month else rules.model_copy(update={"announced": month})
