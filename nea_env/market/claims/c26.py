"""Does a link bind governments, so that firms invest? Section 4.3 of the report, as far as a link alone can say.

The link here is the only thing that may be undone: either for good or with a chance a month that it is cut. What is
built is asked of optimal stopping: a firm may once pay for what abates a tonne a year for ten years, at the price of
the month's own vintage, and waits as long as that is best. Beside it stand the present worth of such a tonne, which
says whether a firm that has to decide at once would invest, and its spread. All are exact moments of the solved chain,
nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nea_env.core.equilibrium.chain import Chain, LinkedChain
from nea_env.core.equilibrium.linked import on_both
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.solve import solve
from nea_env.core.lowering.aggregate.calendar import solved_months
from nea_env.core.lowering.aggregate.market import partner_problem, problem
from nea_env.core.lowering.aggregate.solved import PAIR_SHOCKS, solved_pair
from nea_env.library import load_scenario
from nea_env.library.columns import paragraph, table
from nea_env.market.linked_option import stopping
from nea_env.market.option import Project
from nea_env.scenario import Scenario

QUESTION = "Does a link that cannot be undone bind governments, so that firms invest?"
SCENARIO = "linked_kets_quota"
LINK: dict[str, Any] = {
    "market.law": "equilibrium",
    "market.gap": {},
    "links.0.ends": None,
    "links.0.end_chance": None,
}
CHANCES = (0.0, 0.01, 0.1)  # a month: never, in eight years on average, in ten months
ENDS = "2021-08"  # a month after the link opens
YEARS, PLAYED = 10, 5  # of abatement, and in which to build
MULTIPLES = np.array([0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
"""Costs of a project, in what it is worth on average where it is built at once and no link ever opens."""
MATTERS = 0.01  # the smallest share built that counts as a difference
SOURCES = (
    "Optimal stopping on solved chains, so without sampling error; the error of the grid of banks is that of the wedge"
    " in docs/errors.md. A firm takes prices as they come, minds no risk, knows both banks and whether the link is"
    " whole, and may build once. After the years solved prices stay constant. Not in the model: that a link keeps a"
    " government from changing its own law."
)
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as shipped": {},
    "a quota of 2 % of the duty": {"links.0.quota": 0.02},
    "abatement four times as dear in the partner's system": {"links.0.market.aggregate.abatement.scale": 2_600.0},
}


class Moments(NamedTuple):
    """Of one market at the start.

    Attributes:
        price: of the running vintage, home money/t.
        abated: expected, Mt a year over the years played.
        worth: mean present value of a tonne a year for ten years, home money.
        spread: its standard deviation over its mean.
        built: (K,) share of firms that have built by the end of the years played, at ``MULTIPLES`` of one cost.
    """

    price: float
    abated: float
    worth: float
    spread: float
    built: Array

    @property
    def mean_built(self) -> float:
        """Share built on average over the costs."""
        return float(self.built.mean())


Found = dict[str, tuple[Moments, Moments]]
"""Both markets, home first, without a link, under one for good, and under each chance that it is cut."""


def report(overrides: Sequence[str], width: int) -> list[str]:
    """Lines of the answer; see ``claims.report``. Overrides come after those of the variants."""
    found, base = {}, _scenario(overrides, {})
    for name, changes in VARIANTS.items():
        found[name] = compared(overrides, changes, CHANCES if name == next(iter(VARIANTS)) else CHANCES[::2])
    assert base.links[0].regime is not None
    names = base.regime.name, base.links[0].regime.name
    year = int(base.start[:4]) + PLAYED - 1
    lines = [QUESTION, "", *paragraph(answer(found, names, year), width)]
    for variant, each in found.items():
        lines += ["", f"{variant}:", *_table(each, names, width), "", *_table_of_built(each, names, year, width)]
        lines += _verdict(each, names, width)
    return [*lines, "", *paragraph(SOURCES, width)]


def _scenario(overrides: Sequence[str], changes: Mapping[str, Any]) -> Scenario:
    base = load_scenario(load_scenario(SCENARIO, LINK | dict(changes)), list(overrides))
    months = solved_months(base.regime, base.start, base.last)
    if months < 12 * YEARS:
        raise ValueError(f"last: {base.last}: leads to {months} months of prices; allowed: {12 * YEARS} or more")
    return base


def compared(overrides: Sequence[str], changes: Mapping[str, Any], chances: Sequence[float] = CHANCES) -> Found:
    """Both markets without a link and with one under each chance that it is cut."""
    base = _scenario(overrides, changes)
    alone = alone_moments(base)
    here, abroad = (MULTIPLES * one.worth / rate for one, rate in zip(alone, _rates(base), strict=True))
    found = {"no link": alone}
    for chance in chances:
        may_end = {"links.0.ends": ENDS, "links.0.end_chance": chance} if chance else {}
        found[f"{100 * chance:g} % a month"] = linked_moments(load_scenario(base, may_end), (here, abroad))
    return found


def alone_moments(scenario: Scenario) -> tuple[Moments, Moments]:
    """Home and partner, each solved by itself."""
    home = solve(problem(scenario, shocks=PAIR_SHOCKS))
    partner = solve(partner_problem(scenario.links[0], scenario, shocks=PAIR_SHOCKS))
    sizes, rates = _sizes(scenario), _rates(scenario)
    return _of(home, sizes[0], rates[0]), _of(partner, sizes[1], rates[1])


def _of(chain: Chain, size: float, rate: float) -> Moments:
    def start(values: Array) -> float:
        return float(chain.start_chances @ values[0, :, chain.problem.start_shock])

    value, square = sums_alone(chain, _saved, chain.problem.discount, 12 * YEARS)
    cut, _ = sums_alone(chain, _abated, 1.0, 12 * PLAYED)
    worth = start(value)
    built = _built(chain, MULTIPLES * worth)
    return _moments(start(chain.running), start(cut), worth, start(square), size, rate, built)


def _built(chain: Chain | LinkedChain, capex: Array, side: int = 0) -> Array:
    solved = len(chain.landing) if isinstance(chain, Chain) else len(chain.home_landing)
    project = Project(opex=0.0, lead=0, life=max(12 * YEARS, solved))
    built: Array = stopping(chain, project, capex, 12 * PLAYED, side).built[-1]
    return built


def linked_moments(scenario: Scenario, costs: tuple[Array, Array]) -> tuple[Moments, Moments]:
    """Home and partner, solved together; costs of a project in the money of each."""
    chain, sizes, rates = solved_pair(scenario), _sizes(scenario), _rates(scenario)
    both = []
    for side in range(2):
        discount = (chain.home, chain.partner)[side].discount
        value, square = sums_linked(chain, side, _saved, discount, 12 * YEARS)
        cut, _ = sums_linked(chain, side, _abated, 1.0, 12 * PLAYED)
        price = (chain.home_running, chain.partner_running)[side][0]
        a, b, c, d = (start_of(chain, values) for values in (price, cut, value, square))
        built = _built(chain, costs[side], side)
        both.append(_moments(a, b, c, d, sizes[side], rates[side], built))
    return both[0], both[1]


def _moments(price: float, cut: float, value: float, square: float, size: float, rate: float, built: Array) -> Moments:
    spread = max(square - value**2, 0.0) ** 0.5 / value
    return Moments(rate * price, cut * size / PLAYED / 1e6, rate * value, spread, built)


def _sizes(scenario: Scenario) -> tuple[float, float]:
    home, partner = scenario.market.aggregate, scenario.links[0].market.aggregate
    assert home is not None and partner is not None
    return home.emissions, partner.emissions


def _rates(scenario: Scenario) -> tuple[float, float]:
    fx = scenario.links[0].fx
    return 1.0, fx.rate if fx else 1.0


Flow = Callable[[Array, Array, Problem, Array, int], Array]
"""What a month adds, from its running price, a carried unit's worth, the market, its shocks' factors and itself."""


def _saved(price: Array, worth: Array, market: Problem, factors: Array, month: int) -> Array:
    """A twelfth of a tonne at the running price."""
    return price / 12.0


def _abated(price: Array, worth: Array, market: Problem, factors: Array, month: int) -> Array:
    """What firms abate in the month, in years of the market's baseline emissions."""
    bought, own = (
        np.minimum(np.log1p(each / market.scale) / market.steepness, market.max_share) for each in (price, worth)
    )
    share = bought + market.surplus_share * (own - bought)
    return market.emissions[month] * factors * share


def sums_alone(chain: Chain, flow: Flow, discount: float, months: int) -> tuple[Array, Array]:
    """(months + 1, B, Z) means of the sum of what is to come up to a month, and of its square."""
    market = chain.problem
    mean, square = np.zeros((2, months + 1, *chain.running.shape[1:]))
    for month in reversed(range(months)):
        now = flow(chain.running[month], chain.worth[month], market, np.exp(market.shocks), month)
        nodes = (chain.landing[month],)
        later, later_square = (landed(values[month + 1] @ market.chances.T, nodes) for values in (mean, square))
        mean[month] = now + discount * later
        square[month] = now**2 + 2.0 * discount * now * later + discount**2 * later_square
    return mean, square


def sums_linked(chain: LinkedChain, side: int, flow: Flow, discount: float, months: int) -> tuple[Array, Array]:
    """(B1, B2, Z) the same of one of two markets at the start, through a cut where there may be one."""
    market = (chain.home, chain.partner)[side]
    running, worth = ((chain.home_running, chain.home_worth), (chain.partner_running, chain.partner_worth))[side]
    factors = np.exp(_by_pair(chain, side))
    mean, square = np.zeros((2, *running.shape[1:]))
    apart = None if chain.alone is None else [sums_alone(one, flow, discount, months) for one in chain.alone]
    chances = np.append(chain.terms.chances_of_a_cut(), 0.0)
    for month in reversed(range(months)):
        if apart is not None:
            ended = [on_both(*(one[k][month + 1] for one in apart))[side] for k in range(2)]
            gone = chances[month + 1]
            mean, square = ((1.0 - gone) * a + gone * b for a, b in zip((mean, square), ended, strict=True))
        now = flow(running[month], worth[month], market, factors, month)
        nodes = chain.home_landing[month], chain.partner_landing[month]
        later, later_square = (landed(values @ chain.chances.T, nodes) for values in (mean, square))
        mean = now + discount * later
        square = now**2 + 2.0 * discount * now * later + discount**2 * later_square
    return mean, square


def _by_pair(chain: LinkedChain, side: int) -> Array:
    """(Z,) shocks of one market at every pair of shocks."""
    if side == 0:
        return np.repeat(chain.home.shocks, len(chain.partner.shocks))
    return np.tile(chain.partner.shocks, len(chain.home.shocks))


def landed(values: Array, places: tuple[Array, ...]) -> Array:
    """Means of values by node, (B1, B2, Z) or (B, Z), where every bank lands; places are of the same shape."""
    total, states = np.zeros_like(values), np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    below = [np.floor(place).astype(np.int64) for place in places]
    for corner in np.ndindex(*[2] * len(places)):
        weight, nodes = np.ones_like(values), []
        for place, under, up, count in zip(places, below, corner, values.shape[:-1], strict=True):
            weight *= place - under if up else 1.0 - (place - under)
            nodes.append(np.minimum(under + up, count - 1))
        total += weight * values[(*nodes, states)]
    return total


def start_of(chain: LinkedChain, values: Array) -> float:
    """The mean of values (B1, B2, Z) over the nodes about the start."""
    x, y, state = chain.start
    places = tuple(np.full((1, 1, 1), place) for place in (x, y))
    below = [int(place.item()) for place in places]
    total = 0.0
    for up, out in np.ndindex(2, 2):
        weight = 1.0
        for place, under, side in zip((x, y), below, (up, out), strict=True):
            weight *= place - under if side else 1.0 - (place - under)
        if weight > 0.0:
            total += weight * float(values[below[0] + up, below[1] + out, state])
    return total


def answer(found: Mapping[str, Found], names: tuple[str, str], year: int) -> str:
    """The answer of the first variant, and what it hangs on, in words."""
    main, gaps = next(iter(found.values())), {name: binding(each) for name, each in found.items()}
    gap = next(iter(gaps.values()))
    more, fewer = ([who for who, own in zip(names, gap, strict=True) if sign * own > MATTERS] for sign in (1, -1))
    verdict = "Yes" if more else "No"
    if more and fewer:
        verdict = f"In {more[0]} yes, in {fewer[0]} the other way round"
    elif fewer:
        verdict = f"No: the other way round in {' and '.join(fewer)}"
    elif len(more) == 1:
        verdict = f"In {more[0]} alone"
    (_, apart), (_, firm), *_, (chance, loose) = main.items()
    told = [
        f"in {who} {100 * firm[side].mean_built:.0f} % of firms have built by the end of {year} under a link for good,"
        f" {100 * loose[side].mean_built:.0f} % where it is cut with a chance of {chance}, and"
        f" {100 * apart[side].mean_built:.0f} % without a link"
        for side, who in enumerate(names)
    ]
    costs = (
        f"on average over {len(MULTIPLES)} costs from {MULTIPLES[0]:g} to {MULTIPLES[-1]:g} times what a project is"
        " worth there without a link"
    )
    return f"{verdict}: {'; '.join(told)} ({costs}). {_hangs_on(found, gaps, names)}"


def binding(found: Found) -> tuple[float, float]:
    """How much more is built under a link for good than under the one most likely to be cut, a share; home first."""
    _, firm, *_, loose = found.values()
    return firm[0].mean_built - loose[0].mean_built, firm[1].mean_built - loose[1].mean_built


def _hangs_on(found: Mapping[str, Found], gaps: Mapping[str, tuple[float, float]], names: tuple[str, str]) -> str:
    agree = []
    for name, each in found.items():
        apart, firm, *_ = each.values()
        for side, gap in enumerate(gaps[name]):
            if abs(gap) > MATTERS:
                agree.append((firm[side].worth > apart[side].worth) == (gap > 0.0))
    if not agree:
        text = "There is no difference in any variant."
    elif all(agree):
        text = (
            "It hangs on which system is dearer: more is built for good where the link raises what a tonne is worth,"
            f" and less where it lowers that, in all {len(agree)} cases with a difference."
        )
    else:
        text = (
            f"It hangs on more than which system is dearer: in {len(agree) - sum(agree)} of {len(agree)} cases with a"
            " difference it does not go the way of what the link does to the worth of a tonne."
        )
    ranges = []
    for side, who in enumerate(names):
        points = {name: 100.0 * gap[side] for name, gap in gaps.items()}
        low, high = min(points, key=points.__getitem__), max(points, key=points.__getitem__)
        ranges.append(f"{points[low]:+.0f} ({low}) to {points[high]:+.0f} ({high}) in {who}")
    return (
        f"{text} Points built under a link for good less the one cut soonest, over the variants: {'; '.join(ranges)}."
    )


def _table(found: Found, names: tuple[str, str], width: int) -> list[str]:
    head = ["chance of a cut"]
    for who in names:
        head += [f"{who}: price", "abated, Mt/yr", "ten years of a tonne", "sd, %"]
    rows = []
    for name, pair in found.items():
        row = [name]
        for one in pair:
            row += [f"{one.price:,.0f}", f"{one.abated:.2f}", f"{one.worth:,.0f}", f"{100 * one.spread:.0f}"]
        rows.append(row)
    return table(head, rows, width)


def _table_of_built(found: Found, names: tuple[str, str], year: int, width: int) -> list[str]:
    head = [f"built by end of {year}, %"]
    for who in names:
        head += [f"{who}: at {MULTIPLES[0]:g} times the cost", *(f"{each:g}" for each in MULTIPLES[1:]), "mean"]
    rows = []
    for name, pair in found.items():
        shares = [share for one in pair for share in (*one.built, one.mean_built)]
        rows.append([name, *(f"{100 * share:.0f}" for share in shares)])
    return table(head, rows, width)


def _verdict(found: Found, names: tuple[str, str], width: int) -> list[str]:
    """A sentence a market: what a link for good does to the worth of investment, and what a chance of a cut does."""
    (_, apart), (_, firm), *_, (loose_name, loose) = found.items()
    lines: list[str] = []
    for side, who in enumerate(names):
        by_link = 100.0 * (firm[side].worth / apart[side].worth - 1.0)
        by_risk = 100.0 * (loose[side].worth / firm[side].worth - 1.0)
        spread = 100.0 * (loose[side].spread - firm[side].spread)
        text = (
            f"{who}: a link for good changes what a tonne abated for ten years is worth by {by_link:+.0f} %; a chance"
            f" of {loose_name} that it is cut changes that by {by_risk:+.0f} %, and its spread by {spread:+.0f} points"
        )
        lines += paragraph(text, width)
    return lines
