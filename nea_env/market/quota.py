"""Two systems under a quota at prices that were seen: the wedge, what crosses, and how short the seller runs.

Korea and China from 2017 on, by default for four years and nothing after; each starts, alone, at the price of that
year. China stands for its pilots' prices then, with units that are scarce.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nea_env.core.equilibrium.chain import LinkedChain
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.reach import fitted
from nea_env.core.equilibrium.terms import Terms
from nea_env.core.lowering.aggregate.market import BANKS, market_problem
from nea_env.core.lowering.aggregate.scale import scale_for, with_scale
from nea_env.core.lowering.aggregate.solved import OUTLINE, PAIR_BANKS, PAIR_SHOCKS
from nea_env.core.parameters import SHORT
from nea_env.library import load_scenario
from nea_env.market.linked_option import Market

MONTHS, ROUGH = 48, 41


class Priced(NamedTuple):
    """A system at a price that was seen.

    Attributes:
        scenario: shipped name.
        price: at the start, money/t.
        start: first month.
        overrides: of the scenario.
        size: baseline emissions, t a year.
    """

    scenario: str
    price: float
    start: str
    overrides: Mapping[str, Any]
    size: float


NO_LENDING = {f"regime.borrowing.{year}.limit": "none" for year in range(2015, 2031)}  # else China lends too
SCARCE = {"market.aggregate.intensity": 0.90, "market.aggregate.path": {"2019": 1.0}}
KOREA = Priced("kets", 21416.0, "2017-01", NO_LENDING, 545e6)  # mean of 2017, ICAP
CHINA = Priced("tps", 12.7, "2017-01", SCARCE, 4.5e9)  # USD 1.93 in Guangdong, the report's Appendix A
KRW = 167.2  # per CNY, mean of 2017


def calibrated(
    system: Priced, months: int, banks: int = BANKS, *, together: bool = True, shocks: int = PAIR_SHOCKS
) -> Problem:
    """The market with abatement costs at which it starts at its price.

    Args:
        system: with its price.
        months: to solve.
        banks: nodes of the grid; costs are set on ``ROUGH`` of them, or on these where they are fewer.
        together: whether periods with one deadline are settled together.
        shocks: nodes of the chain of shocks; 1 for no news.
    """
    scenario = load_scenario(system.scenario, {**system.overrides, "market.price": system.price})

    def at_scale(scale: float, nodes: int = min(banks, ROUGH)) -> Problem:
        changed = with_scale(scenario, scale)
        return market_problem(
            changed.regime, changed.market, system.start, months, banks=nodes, shocks=shocks, together=together
        )

    return at_scale(scale_for(system.price, at_scale), banks)


def linked(
    quota: float, months: int = MONTHS, nodes: int = PAIR_BANKS, *, shocks: int = PAIR_SHOCKS,
    home: Priced = KOREA, partner: Priced = CHINA, rate: float = KRW,
) -> LinkedChain:  # fmt: skip
    """Both under a quota on imports, a share of a year's emissions, on grids that fit.

    Args:
        quota: on imports; 0 for none, inf for a link without a quota. Exports are free.
        months: to solve.
        nodes: of each bank, as a geometric mean.
        shocks: nodes of the chain of shocks of each.
        home: the system to which imports come.
        partner: the other.
        rate: home money for one of the partner's.
    """
    terms = Terms(
        type="quota", quota=np.full(months, quota), open=np.ones(months, bool), rate=rate,
        scale=partner.size / home.size, two_way=True,
    )  # fmt: skip
    own, other = (calibrated(each, months, OUTLINE, together=False, shocks=shocks) for each in (home, partner))
    own, other = fitted(own, other, terms, nodes)
    return solve_linked(own, other, terms)


class Outlook(NamedTuple):
    """What is expected of two linked systems at the start.

    Attributes:
        home, partner: prices, home money/t.
        imports: by year, shares of a year's emissions at home.
        short: by year, chance that the partner lacks units at its end.
        banked: by year, the partner's bank at its end, shares of a year's emissions.
    """

    home: float
    partner: float
    imports: tuple[float, ...]
    short: tuple[float, ...]
    banked: tuple[float, ...]

    @property
    def wedge(self) -> float:
        """What a tonne costs at home above the partner's, home money."""
        return self.home - self.partner


def outlook(chain: LinkedChain) -> Outlook:
    """What is expected of two systems, over the chain's own distribution."""
    market = Market(chain)
    mass, months = market.start, market.months
    parity = chain.terms.parities(chain.home, chain.partner)[0]
    home, partner = (float((mass * table[0]).sum()) for table in (chain.home_running, chain.partner_running))
    crossed, short, banked = np.zeros(months), np.zeros(months), np.zeros(months)
    for month in range(months):
        crossed[month] = (mass * chain.imports[month]).sum()
        short[month] = (mass * (chain.partner_outcome[month] == SHORT)).sum()
        mass = market.step(month).pushed(mass[..., None])[..., 0]
        banked[month] = mass.sum(axis=(0, 2)) @ chain.partner_banks
    years = np.arange(11, months, 12)
    return Outlook(
        home, parity * partner, _by_year(crossed), tuple(short[years].tolist()), tuple(banked[years].tolist())
    )


def _by_year(months: Array) -> tuple[float, ...]:
    return tuple(months.reshape(-1, 12).sum(axis=1).tolist())
