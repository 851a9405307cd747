"""Claim C1: penalising excess carry-over, as Korea announced in April 2017, eases a shortage.

Asia Society Policy Institute, Northeast Asia and the next generation of carbon market cooperation (2017), section 4.2,
page 36. One market believes until April 2017 that all units can be carried over without limit. Then the rule for the
vintage of 2017 alone comes, or the limits of all vintages to 2022, or nothing. Theory: what cannot be carried over
is sold, so the vintage becomes cheaper and the later ones dearer; banking smooths prices (Rubin 1996, Journal of
Environmental Economics and Management 31; Fell, MacKenzie & Pizer 2012, Resource and Energy Economics 34), so limits
add risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nea_env.library.columns import paragraph, table
from nea_env.market.believed import Believed, believed
from nea_env.market.claims.korea import (
    FINE,
    RULED,
    SHIPPED,
    BelievedMarket,
    Nodes,
    announced,
    free_banking,
)
from nea_env.market.claims.layout import aggregate_of, apart
from nea_env.scenario import Scenario, months_between

QUESTION = "Does penalising excess carry-over (Korea, April 2017) ease a shortage?"

MONTH = "2017-04"
LATER = (("2019-06", (2018, 2019, 2020)), ("2020-09", (2021, 2022)))
"""When the limits of later vintages were announced."""
AHEAD = 12
LAWS = ("KAU17 rule", "all limits to KAU22", "free banking")
SURE, LARGE = 0.005, 0.05  # a price that moves by less is taken not to move, or not to move by much
SOURCES = (
    "Means over a solved chain, so without sampling error; the last row shows the grid's error. Most of the calibration"
    " is assumed: abatement costs are set so that the market starts at market.price (10,506 KRW, the mean of 2015)"
    " under the law it believes in. Seen (report, pages 36 and 37): 26,500 KRW in February 2017, low 20,000s from April"
    " to October."
)


class Answer(NamedTuple):
    """What the announcement does.

    Attributes:
        price: of the vintage of 2017 before it, money/t.
        front: change of that price on the announcement, of each of ``LAWS``.
        after: the same of the next vintage.
        sd: of the log price a year ahead, under each.
    """

    price: float
    front: tuple[float, ...]
    after: tuple[float, ...]
    sd: tuple[float, ...]


def with_news(market: BelievedMarket, chance: float = 0.0) -> Scenario:
    """The market to which one of ``LAWS`` is announced in April 2017, the first of which it gives a chance."""
    third = 1.0 / 3.0  # all three are played so that each is solved; what is asked of them is asked of each alone
    laws = (
        {"chance": chance, "played": third, "overrides": market.law(RULED[:1])},
        {"chance": 0.0, "played": third, "overrides": market.law(RULED)},
        {"chance": 1.0 - chance, "played": third},
    )
    return announced(market.scenario, (MONTH, laws))


def answer(market: BelievedMarket, chance: float = 0.0, nodes: Nodes = FINE) -> Answer:
    """Prices before and after the announcement of each law, and the risk of the year that follows."""
    return _answer(believed(with_news(market, chance), **nodes._asdict()), market)


def _answer(found: Believed, market: BelievedMarket) -> Answer:
    month = months_between(market.scenario.start, MONTH)

    def moved(name: str, law: int) -> float:
        return found.mean(name, month, law) / found.mean(name, month, law, before=True) - 1.0

    return Answer(
        found.mean("running", month, before=True),
        tuple(moved("running", law) for law in range(len(LAWS))),
        tuple(moved("after", law) for law in range(len(LAWS))),
        tuple(found.sd_ahead(month, AHEAD, law) for law in range(len(LAWS))),
    )


def report(overrides: Sequence[str], width: int, nodes: Nodes = FINE) -> list[str]:
    """Lines of the answer; see ``claims.report``."""
    market = free_banking(overrides)
    found = believed(with_news(market), **nodes._asdict())
    main = _answer(found, market)
    return apart(
        [QUESTION],
        paragraph(_sentence(main), width),
        table([f"announced in {MONTH}", *LAWS[:2], "nothing new"], _rows(found, market, main), width),
        _as_it_came(market, width, nodes),
        _hangs_on(overrides, market.scenario, main, width, nodes),
        paragraph(SOURCES, width),
    )


def _sentence(main: Answer) -> str:
    rule, limits, free = zip(main.front, main.after, main.sd, strict=True)
    if rule[0] > -SURE:
        return f"No: the rule moves the price of KAU17 by {rule[0]:+.1%}."
    if rule[0] > -LARGE:
        return f"Hardly: the rule moves the price of KAU17 by {rule[0]:+.1%}, less than {LARGE:.0%}."
    alone = abs(rule[1]) < 0.02
    yes = "Yes, for that vintage alone" if alone else "Yes"
    kept = "hardly moves KAU18" if alone else f"moves KAU18 by {rule[1]:+.1%}"
    calm = "leaves" if abs(rule[2] - free[2]) < 0.03 else "changes"
    return (
        f"{yes}: the rule moves the price of KAU17 by {rule[0]:+.1%} and {kept}; it {calm} the"
        f" risk of prices a year ahead ({free[2]:.2f} to {rule[2]:.2f}). All limits to KAU22 at once move KAU17 by"
        f" {limits[0]:+.1%} and KAU18 by {limits[1]:+.1%}, and the risk from {free[2]:.2f} to {limits[2]:.2f}."
    )


def _rows(found: Believed, market: BelievedMarket, main: Answer) -> list[list[str]]:
    scenario, money = market.scenario, market.scenario.regime.currency
    month, laws = months_between(scenario.start, MONTH), range(len(LAWS))
    rows = []
    for vintage, name, moved in (("KAU17", "running", main.front), ("KAU18", "after", main.after)):
        before = [found.mean(name, month, law, before=True) for law in laws]
        rows += [
            [f"{vintage}, {money}/t, before", *(f"{price:,.0f}" for price in before)],
            ["after", *(f"{found.mean(name, month, law):,.0f}" for law in laws)],
            ["change", *(f"{change:+.1%}" for change in moved)],
        ]
    rows.append([f"sd of the log price, {AHEAD} months ahead", *(f"{sd:.2f}" for sd in main.sd)])
    rows.append(["chance that a limit binds, end of 2017", *(f"{found.mean('lapse', month, law):.0%}" for law in laws)])
    size = aggregate_of(scenario).emissions / 1e6
    for year in range(2015, 2023):
        end = months_between(scenario.start, f"{year + 1}-01")
        banks = (size * found.mean("bank", end, law) for law in laws)
        rows.append([f"bank, Mt, end of {year}", *(f"{bank:,.1f}" for bank in banks)])
    return rows


def _as_it_came(market: BelievedMarket, width: int, nodes: Nodes) -> list[str]:
    """Each announcement as a surprise to a market that believes in free banking of the vintages left."""
    steps = ((MONTH, RULED[:1]), *LATER)
    surprises = [
        (month, ({"chance": 0.0, "played": 1.0, "overrides": market.law(years)}, {"chance": 1.0, "played": 0.0}))
        for month, years in steps
    ]
    found = believed(announced(market.scenario, *surprises), **nodes._asdict())
    body = []
    for month, years in steps:
        at = months_between(market.scenario.start, month)
        prices = zip(_two_prices(found, at, before=True), _two_prices(found, at, before=False), strict=True)
        cells = (f"{before:,.0f} to {after:,.0f} ({after / before - 1:+.1%})" for before, after in prices)
        body.append([month, f"KAU{years[0] % 100}-{years[-1] % 100}" if years[1:] else f"KAU{years[0] % 100}", *cells])
    head = ["as it came, each a surprise", "limits of", f"oldest vintage, {market.scenario.regime.currency}/t"]
    note = "The oldest vintage is KAU18 in June 2019: its year has ended, and it is settled as its limit is announced."
    return [*table([*head, "vintage after"], body, width), *paragraph(note, width)]


def _two_prices(found: Believed, month: int, *, before: bool) -> tuple[float, float]:
    """Of the oldest vintage that is not settled before an announcement, and of the one after it."""
    if found.chains[found.place(month)].settled is not None:
        return found.price_of_closed(month, before=before), found.mean("running", month, before=before)
    return found.mean("running", month, before=before), found.mean("after", month, before=before)


def variants(scenario: Scenario) -> list[tuple[str, dict[str, Any]]]:
    """Other assumptions about a market, in words and as overrides."""
    aggregate, rule = "market.aggregate.", "regime.banking.2017."
    later = {year: units for year, units in aggregate_of(scenario).allocation.items() if int(year) > RULED[0]}
    allocation = {f"{aggregate}allocation.{year}": 1.03 * units for year, units in later.items()}
    return [
        ("long firms alone have the room", {f"{rule}base_share": 0.05, f"{rule}base_tonnes": 10_000}),
        ("room of 15 % and 20,000 t", {f"{rule}base_share": 0.15}),
        ("room of 20 % and 20,000 t", {f"{rule}base_share": 0.20}),
        ("abatement.steepness 5", {f"{aggregate}abatement.steepness": 5}),
        ("abatement.steepness 20", {f"{aggregate}abatement.steepness": 20}),
        ("shock.volatility 0.004", {f"{aggregate}shock.volatility": 0.004}),
        ("shock.volatility 0.012", {f"{aggregate}shock.volatility": 0.012}),
        ("offset_supply 0", {f"{aggregate}offset_supply": 0}),
        ("3 % more units a year from 2018 on", allocation),
    ]


def _hangs_on(overrides: Sequence[str], scenario: Scenario, main: Answer, width: int, nodes: Nodes) -> list[str]:
    """The same answer under other assumptions, abatement costs set anew."""

    def solved(changes: Mapping[str, Any], chance: float = 0.0, nodes: Nodes = nodes) -> Answer:
        return answer(free_banking(overrides, changes), chance, nodes)

    found = [("as above", main), ("believed with a chance of 1/2", solved({}, 0.5))]
    found += [(text, solved(changes)) for text, changes in variants(scenario)]
    found.append(
        (
            f"grid of {SHIPPED.banks} banks and {SHIPPED.shocks} shocks, not {nodes.banks} and {nodes.shocks}",
            solved({}, 0.0, SHIPPED),
        )
    )
    body = [
        [text, *(f"{100 * change:+.1f}" for pair in zip(one.front[:2], one.after[:2], strict=True) for change in pair)]
        + [f"{sd:.2f}" for sd in one.sd]
        for text, one in found
    ]
    head = ["it hangs on", "KAU17 rule: KAU17, %", "KAU18, %", "all limits: KAU17, %", "KAU18, %"]
    return table([*head, "sd: KAU17 rule", "all limits", "free"], body, width)
