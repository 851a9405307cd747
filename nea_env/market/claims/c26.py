"""Does a link bind governments, so that firms invest? Section 4.3 of the report, as far as a link alone can say.

The link here is the only thing that may be undone: either for good or with a chance a month that it is cut. What
investment is worth is the present value of a tonne abated every year for ten years, at the price of the month's own
vintage. Its mean says whether a firm that does not mind risk would invest, its spread what waiting to see could be
worth. Both are exact moments of the solved chain, nothing is drawn.
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
YEARS, PLAYED = 10, 5
ANSWER = (
    "What to look for: the claim holds where a link makes units dearer, that is for the system that sells. For the one"
    " that buys it is the other way round: a link for good lowers what investing is worth, and a chance of a cut brings"
    " it back towards what it is without a link. So it hangs on which system is dearer over the ten years and on how"
    " much may cross. Not in the model: that a link keeps a government from changing its own law."
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
    """

    price: float
    abated: float
    worth: float
    spread: float


def report(overrides: Sequence[str], width: int) -> list[str]:
    """Lines of the answer; see ``claims.report``. Overrides come after those of the variants."""
    lines = [QUESTION]
    for name, changes in VARIANTS.items():
        found = compared(list(overrides), changes)
        lines += ["", f"{name}:", *_table(found, width), *_verdict(found, width)]
    return [*lines, "", *paragraph(ANSWER, width)]


def compared(overrides: Sequence[str], changes: Mapping[str, Any]) -> dict[str, tuple[Moments, Moments]]:
    """Both markets, home first, without a link and with one under each chance that it is cut."""
    base = load_scenario(load_scenario(SCENARIO, LINK | dict(changes)), list(overrides))
    months = solved_months(base.regime, base.start, base.last)
    if months < 12 * YEARS:
        raise ValueError(f"last: {base.last}: leads to {months} months of prices; allowed: {12 * YEARS} or more")
    found = {"no link": alone_moments(base)}
    for chance in CHANCES:
        may_end = {"links.0.ends": ENDS, "links.0.end_chance": chance} if chance else {}
        found[f"{100 * chance:g} % a month"] = linked_moments(load_scenario(base, may_end))
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
    return _moments(start(chain.running), start(cut), start(value), start(square), size, rate)


def linked_moments(scenario: Scenario) -> tuple[Moments, Moments]:
    """Home and partner, solved together."""
    chain, sizes, rates = solved_pair(scenario), _sizes(scenario), _rates(scenario)
    both = []
    for side in range(2):
        discount = (chain.home, chain.partner)[side].discount
        value, square = sums_linked(chain, side, _saved, discount, 12 * YEARS)
        cut, _ = sums_linked(chain, side, _abated, 1.0, 12 * PLAYED)
        price = (chain.home_running, chain.partner_running)[side][0]
        a, b, c, d = (start_of(chain, values) for values in (price, cut, value, square))
        both.append(_moments(a, b, c, d, sizes[side], rates[side]))
    return both[0], both[1]


def _moments(price: float, cut: float, value: float, square: float, size: float, rate: float) -> Moments:
    spread = max(square - value**2, 0.0) ** 0.5 / value
    return Moments(rate * price, cut * size / PLAYED / 1e6, rate * value, spread)


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


def _table(found: Mapping[str, tuple[Moments, Moments]], width: int) -> list[str]:
    head = ["chance of a cut"]
    for who in ("home", "partner"):
        head += [f"{who}: price", "abated, Mt/yr", "ten years of a tonne", "sd, %"]
    rows = []
    for name, pair in found.items():
        row = [name]
        for one in pair:
            row += [f"{one.price:,.0f}", f"{one.abated:.2f}", f"{one.worth:,.0f}", f"{100 * one.spread:.0f}"]
        rows.append(row)
    return table(head, rows, width)


def _verdict(found: Mapping[str, tuple[Moments, Moments]], width: int) -> list[str]:
    """A sentence a market: what a link for good does to the worth of investment, and what a chance of a cut does."""
    (_, apart), (_, firm), *_, (loose_name, loose) = found.items()
    lines: list[str] = []
    for side, who in enumerate(("home", "partner")):
        by_link = 100.0 * (firm[side].worth / apart[side].worth - 1.0)
        by_risk = 100.0 * (loose[side].worth / firm[side].worth - 1.0)
        spread = 100.0 * (loose[side].spread - firm[side].spread)
        text = (
            f"{who}: a link for good changes what a tonne abated for ten years is worth by {by_link:+.0f} %; a chance"
            f" of {loose_name} that it is cut changes that by {by_risk:+.0f} %, and its spread by {spread:+.0f} points"
        )
        lines += paragraph(text, width)
    return lines
