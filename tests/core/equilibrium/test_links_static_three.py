"""Three systems in one period, each pair linked within quotas: the clearing of every link against a convex programme.

Marginal costs are 2, 1 and 4 a unit cut; cuts of 30, 20 and 40 are required. Solved as two, each pair clears with what
the third has sent or taken; in turns until nothing moves this is the equilibrium of all three.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest

from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.terms import Terms
from tests.core.equilibrium.programme import quadratic
from tests.core.equilibrium.test_links_static import cutting

COSTS, CUTS = np.array([2.0, 1.0, 4.0]), np.array([30.0, 20.0, 40.0])
Quotas = dict[tuple[int, int], float]
"""Most units that the first may import from the second; a pair that is missing is not linked that way."""


class Cleared(NamedTuple):
    """Prices (3,), cuts (3,) and what each pair (importer, exporter) trades."""

    prices: np.ndarray
    cuts: np.ndarray
    flows: dict[tuple[int, int], float]

    @property
    def cost(self) -> float:
        return float((COSTS * self.cuts**2).sum() / 2.0)


def cleared(quotas: Quotas) -> Cleared:
    """The three systems, link by link in turn."""
    flows = dict.fromkeys(quotas, 0.0)
    prices = COSTS * CUTS
    for _ in range(400):
        before = dict(flows)
        for buyer, seller in quotas:
            flows[buyer, seller] = 0.0
            need = CUTS - _imports(flows)
            pair = [cutting(COSTS[k], need[k]) for k in (buyer, seller)]
            terms = Terms("one_way", np.array([quotas[buyer, seller]]), np.array([True]))
            chain = solve_linked(*pair, terms)
            x, y, state = chain.start
            node = 0, int(x), int(y), state
            flows[buyer, seller] = float(chain.imports[node])
            prices[[buyer, seller]] = chain.home_running[node], chain.partner_running[node]
        if max(abs(flows[arc] - before[arc]) for arc in flows) < 1e-10:
            break
    return Cleared(prices.copy(), CUTS - _imports(flows), flows)


def _imports(flows: dict[tuple[int, int], float]) -> np.ndarray:
    net = np.zeros(3)
    for (buyer, seller), amount in flows.items():
        net[buyer] += amount
        net[seller] -= amount
    return net


def programme(quotas: Quotas) -> tuple[np.ndarray, dict[tuple[int, int], float], float]:
    """The cheapest way for all three to meet their caps: prices (3,), the shadow price of each quota, and the cost."""
    arcs = list(quotas)
    size = 3 + len(arcs)
    met = np.zeros((3, size))  # cut + imports >= required
    met[:, :3] = -np.eye(3)
    for k, (buyer, seller) in enumerate(arcs, 3):
        met[buyer, k], met[seller, k] = -1.0, 1.0
    limited = [k for k, arc in enumerate(arcs) if math.isfinite(quotas[arc])]
    limits = np.zeros((len(limited), size))
    limits[range(len(limited)), [3 + k for k in limited]] = 1.0
    rows = np.vstack([met, limits, -np.eye(size)])
    bounds = np.r_[-CUTS, [quotas[arcs[k]] for k in limited], np.zeros(size)]
    plan, shadow = quadratic(np.r_[COSTS, np.zeros(len(arcs))], np.zeros(size), rows, bounds, close=1e-10)
    of_quotas = dict.fromkeys(arcs, 0.0) | {arcs[k]: float(shadow[3 + n]) for n, k in enumerate(limited)}
    return shadow[:3], of_quotas, float((COSTS * plan[:3] ** 2).sum() / 2.0)


def test_b24_two_quotas_of_one_importer_leave_a_wedge_each():
    """The third takes 5 of each: it cuts 30 at 120, the first 35 at 70, the second 25 at 25; 2,150 are saved."""
    three = cleared({(2, 0): 5.0, (2, 1): 5.0})
    assert three.prices == pytest.approx([70.0, 25.0, 120.0], abs=1e-6)
    _, shadow, cost = programme({(2, 0): 5.0, (2, 1): 5.0})
    assert shadow == pytest.approx({(2, 0): 50.0, (2, 1): 95.0}, abs=1e-6)  # the wedges
    apart = float((COSTS * CUTS**2).sum() / 2.0)
    saved = (160.0 + 120.0) / 2.0 * 10.0 - (60.0 + 70.0) / 2.0 * 5.0 - (20.0 + 25.0) / 2.0 * 5.0
    assert apart - three.cost == pytest.approx(saved, abs=1e-6)
    assert cost == pytest.approx(three.cost, abs=1e-6)


def test_b24_where_one_quota_binds_the_other_link_has_one_price():
    """The second sends its 5; the first sends g, as (40 - 5 - g) 4 = (30 + g) 2: 13.333 at 86.667."""
    three = cleared({(2, 0): math.inf, (2, 1): 5.0})
    assert three.flows == pytest.approx({(2, 0): 40.0 / 3.0, (2, 1): 5.0}, abs=1e-6)
    assert three.prices == pytest.approx([86.6667, 25.0, 86.6667], abs=1e-4)


def test_b24_who_is_dearer_sends_nothing():
    """The second sends 28, which leaves (40 - 28) 4 = 20 + 28 = 48: less than the 60 at which the first would begin."""
    three = cleared({(2, 0): 5.0, (2, 1): 30.0})
    assert three.flows == pytest.approx({(2, 0): 0.0, (2, 1): 28.0}, abs=1e-6)
    assert three.prices == pytest.approx([60.0, 48.0, 48.0], abs=1e-6)


def test_b24_without_limits_there_is_one_price_of_three():
    arcs = dict.fromkeys(itertools.permutations(range(3), 2), math.inf)
    assert cleared(arcs).prices == pytest.approx([51.4286] * 3, abs=1e-3)


def test_b24_a_unit_passes_through_a_third_system():
    """The third buys of the first alone, and the first of the second."""
    three = cleared({(2, 0): math.inf, (0, 1): math.inf})
    assert three.prices == pytest.approx([51.4286] * 3, abs=1e-3)
    assert three.flows[2, 0] == pytest.approx(40.0 - 51.4286 / 4.0, abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_b24_any_quotas_agree_with_the_convex_programme(seed):
    draws = np.random.default_rng(seed)
    pairs = [pair if draws.random() < 0.5 else pair[::-1] for pair in itertools.combinations(range(3), 2)]
    quotas = {pair: float(draws.uniform(0.0, 15.0)) for pair in pairs}
    three = cleared(quotas)
    prices, shadow, cost = programme(quotas)
    assert three.prices == pytest.approx(prices, abs=1e-4)
    assert three.cost == pytest.approx(cost, abs=1e-4)
    for (buyer, seller), flow in three.flows.items():
        wedge = three.prices[buyer] - three.prices[seller]
        assert max(wedge, 0.0) == pytest.approx(shadow[buyer, seller], abs=1e-4)
        assert flow == pytest.approx(quotas[buyer, seller], abs=1e-6) or wedge <= 1e-4
        assert flow == 0.0 or wedge >= -1e-4


def test_b24_the_wedge_is_what_one_more_unit_of_quota_saves():
    less, more = (cleared({(2, 0): 5.0 + change, (2, 1): 8.0}) for change in (-0.01, 0.01))
    three = cleared({(2, 0): 5.0, (2, 1): 8.0})
    assert (less.cost - more.cost) / 0.02 == pytest.approx(three.prices[2] - three.prices[0], abs=1e-5)
