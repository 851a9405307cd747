"""Claim C15: the late plan of Korea's second phase lifted the price, by 34.6 % from 10 October to 23 November 2017.

Asia Society Policy Institute, Northeast Asia and the next generation of carbon market cooperation (2017), section 4.2,
pages 36 and 37. Two explanations are set against each other in a market that has learnt of the rule for KAU17 in April
2017. Delay: the same plan, as tight on average as was believed, is announced earlier or later. Beliefs: news in October
that the phase will be tighter than believed. Theory: a market that is right on average has no reason to move before the
news, but for what cannot be undone by then; the price today is the discounted mean of the price after it (Samuelson
1965, Industrial Management Review 6; Rubin 1996).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nea_env.core.lowering.aggregate.supply import of_year
from nea_env.library.columns import paragraph, table
from nea_env.market.believed import Believed, believed
from nea_env.market.claims.korea import RULED, SHIPPED, BelievedMarket, Nodes, announced, free_banking
from nea_env.market.claims.layout import aggregate_of, apart
from nea_env.scenario import Scenario, months_between

QUESTION = "Did the late plan of phase II lift Korea's price in autumn 2017 (+34.6 %), or tighter beliefs?"

SEEN = 0.346
RULE_MONTH = "2017-04"
NEWS_MONTH = "2017-10"
TIMES = ("2017-07", "2017-12", "2018-07")
"""When the plan could have come: before the autumn, with the interim plan, and with the final one."""
WATCHED = ("2017-10", "2017-12", "2018-04", "2018-10")
PHASE = (2018, 2019, 2020)
SPREAD = 0.035
TIGHTER = (0.0, 0.01, 0.02, 0.035, 0.05, 0.07, 0.10)
NODES = Nodes(241, 7)
SOURCES = (
    "Means over a solved chain, so without sampling error; the last row shows the grid's error. Firms do not mind risk"
    " here, so delay could still act through a premium for it. Most of the calibration is assumed: abatement costs are"
    " set so that the market starts at market.price (10,506 KRW, the mean of 2015). Seen: 28,000 KRW on 23 November"
    " 2017 (report, page 37), from 20,800 on 10 October."
)


class Answer(NamedTuple):
    """What either explanation gives.

    Attributes:
        delay: mean price of the running vintage under a plan of July 2018 over that under one of December 2017, less
            one, in the month of October 2017.
        largest: the largest such difference in any month from April 2017 to the end of 2018, with its sign.
        moves: on the news, of the price, for each of ``TIGHTER``.
        needed: how much tighter than believed the phase must be for the move that was seen; nan if more than tried.
    """

    delay: float
    largest: float
    moves: tuple[float, ...]
    needed: float


def tighter(scenario: Scenario, share: float) -> dict[str, Any]:
    """Overrides under which phase II has so much less units than the scenario's market was to get."""
    given = aggregate_of(scenario).allocation
    units = {year: (1.0 - share) * of_year(given, year) for year in PHASE}
    return {f"market.aggregate.allocation.{year}": value for year, value in units.items()} | {
        f"market.aggregate.allocation.{PHASE[-1] + 1}": of_year(given, PHASE[-1] + 1)
    }


def with_plan(market: BelievedMarket, month: str, spread: float = SPREAD) -> Scenario:
    """The market to which phase II is announced in a month, tighter or looser by a spread, equally likely."""
    laws = [{"chance": 0.5, "overrides": tighter(market.scenario, side * spread)} for side in (1.0, -1.0)]
    return announced(market.scenario, _rule(market), (month, laws))


def with_news(market: BelievedMarket) -> Scenario:
    """The market that learns in October 2017, as a surprise, how much tighter phase II is: one of ``TIGHTER``."""
    share = 1.0 / len(TIGHTER)  # each is played so that each is solved; what is asked of them is asked of each alone
    laws = [
        {"chance": float(less == 0.0), "played": share, "overrides": tighter(market.scenario, less)} for less in TIGHTER
    ]
    return announced(market.scenario, _rule(market), (NEWS_MONTH, laws))


def _rule(market: BelievedMarket) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The rule for KAU17, as a surprise."""
    came = {"chance": 0.0, "played": 1.0, "overrides": market.law(RULED[:1])}
    return RULE_MONTH, (came, {"chance": 1.0, "played": 0.0})


def needed_for(move: float, moves: Sequence[float]) -> float:
    """How much tighter, by straight lines between ``TIGHTER`` in the log of the price; nan beyond the last."""
    logs = np.log1p(moves)
    return float(np.interp(math.log1p(move), logs, TIGHTER)) if logs[-1] >= math.log1p(move) else math.nan


def prices(found: Believed, start: str, months: Sequence[str]) -> list[float]:
    """Mean price of the running vintage in some months, over all that may have been announced by then."""
    return [found.mean_over_laws("running", months_between(start, month)) for month in months]


def answer(market: BelievedMarket, spread: float = SPREAD, nodes: Nodes = NODES) -> Answer:
    """What delay and beliefs do to the price."""
    start, grid = market.scenario.start, nodes._asdict()
    early, late = (believed(with_plan(market, month, spread), **grid) for month in TIMES[1:])
    watched = [f"{year}-{month:02d}" for year in (2017, 2018) for month in range(1, 13)][3:]
    gaps = np.array(prices(late, start, watched)) / np.array(prices(early, start, watched)) - 1.0
    moves = _moves(believed(with_news(market), **grid), months_between(start, NEWS_MONTH))
    largest = float(gaps[np.argmax(np.abs(gaps))])
    return Answer(float(gaps[watched.index(NEWS_MONTH)]), largest, moves, needed_for(SEEN, moves))


def _moves(found: Believed, month: int) -> tuple[float, ...]:
    before = found.mean("running", month, before=True)
    return tuple(round(found.mean("running", month, law) / before - 1.0, 9) + 0.0 for law in range(len(TIGHTER)))


def report(overrides: Sequence[str], width: int, nodes: Nodes = NODES) -> list[str]:
    """Lines of the answer; see ``claims.report``."""
    market = free_banking(overrides)
    main = answer(market, nodes=nodes)
    return apart(
        [QUESTION],
        paragraph(_sentence(main), width),
        _delay(market, width, nodes),
        _beliefs(main, width),
        _hangs_on(overrides, main, width, nodes),
        paragraph(SOURCES, width),
    )


def _sentence(main: Answer) -> str:
    move = main.moves[TIGHTER.index(SPREAD)]
    takes = "more than was tried" if math.isnan(main.needed) else f"{main.needed:.1%} fewer units"
    return (
        f"{'Beliefs, not delay' if abs(main.largest) < 0.1 * move else 'Both'}: the same plan in July 2018 instead of"
        f" December 2017 moves the mean price by {main.delay:+.2%} in October 2017, and by no more than"
        f" {abs(main.largest):.2%} in any month to the end of 2018. News in October that phase II is {SPREAD:.1%}"
        f" tighter than believed moves it by {move:+.1%}; the {SEEN:+.1%} that were seen take {takes}."
    )


def _delay(market: BelievedMarket, width: int, nodes: Nodes) -> list[str]:
    """Mean prices by when the same plan comes."""
    scenario = market.scenario
    found = [prices(believed(with_plan(market, time), **nodes._asdict()), scenario.start, WATCHED) for time in TIMES]
    body = []
    for column, month in enumerate(WATCHED):
        one, two, three = (each[column] for each in found)
        body.append([month, f"{one:,.0f}", f"{two:,.0f}", f"{three:,.0f}", f"{three / two - 1:+.2%}"])
    head = f"mean price, {scenario.regime.currency}/t, plan ±{SPREAD:.1%} announced in"
    return table([head, *TIMES, f"{TIMES[2]} over {TIMES[1]}"], body, width)


def _beliefs(main: Answer, width: int) -> list[str]:
    head = [f"news of {NEWS_MONTH}: phase II tighter than believed by", "price moves by"]
    return table(head, [[f"{less:.1%}", f"{move:+.1%}"] for less, move in zip(TIGHTER, main.moves, strict=True)], width)


def variants(market: BelievedMarket) -> list[tuple[str, dict[str, Any]]]:
    """Other assumptions, in words and as overrides."""
    aggregate = "market.aggregate."
    return [
        ("KAU17 may be carried over", {"regime.banking.2017.limit": "unlimited"}),
        ("abatement.steepness 5", {f"{aggregate}abatement.steepness": 5}),
        ("abatement.steepness 20", {f"{aggregate}abatement.steepness": 20}),
        ("shock.volatility 0.004", {f"{aggregate}shock.volatility": 0.004}),
        ("shock.volatility 0.012", {f"{aggregate}shock.volatility": 0.012}),
        ("offset_supply 0", {f"{aggregate}offset_supply": 0}),
        ("3 % fewer units in phase II, known", tighter(market.scenario, 0.03)),
    ]


def _hangs_on(overrides: Sequence[str], main: Answer, width: int, nodes: Nodes) -> list[str]:
    """The same answer under other assumptions, abatement costs set anew."""
    market = free_banking(overrides)
    found = [("as above", main), (f"plan ±{2 * SPREAD:.0%}", answer(market, 2 * SPREAD, nodes))]
    found += [(text, answer(free_banking(overrides, changes), nodes=nodes)) for text, changes in variants(market)]
    grid = f"grid of {SHIPPED.banks} banks and {SHIPPED.shocks} shocks, not {nodes.banks} and {nodes.shocks}"
    found.append((grid, answer(market, nodes=SHIPPED)))
    body = []
    for text, one in found:
        needed = f">{100 * TIGHTER[-1]:.0f}" if math.isnan(one.needed) else f"{100 * one.needed:.1f}"
        moved = 100 * one.moves[TIGHTER.index(SPREAD)]
        body.append([text, f"{100 * one.delay:+.2f}", f"{100 * one.largest:+.2f}", f"{moved:+.1f}", needed])
    head = [
        "it hangs on",
        "delay: October 2017, %",
        "largest, %",
        f"{SPREAD:.1%} tighter, %",
        f"tighter for {SEEN:+.1%}",
    ]
    return table(head, body, width)
