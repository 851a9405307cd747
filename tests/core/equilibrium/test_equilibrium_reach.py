"""Grids that hold what two linked markets reach and not much more."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.reach import TAIL, fitted, reached
from tests.core.equilibrium.linked_paths import simulate_linked
from tests.core.equilibrium.markets import ordinary
from tests.core.equilibrium.test_equilibrium_cut import cut
from tests.core.equilibrium.test_equilibrium_linked import at_start, coarse, link

NODES = 25


def both(nodes: int, months: int = 24):
    """A short and a long market on wide grids that have the start as a node."""
    years = months // 12
    return tuple(coarse(ordinary(years, supply=s / 12, scale=c), nodes) for s, c in ((0.93, 20.0), (1.03, 10.0)))


@pytest.fixture(scope="module")
def grids():
    terms = link(24, "quota", quota=0.04, two_way=True)
    return both(401), fitted(*both(401), terms, NODES), terms


def test_a_fitted_grid_lies_inside_the_wide_one_and_has_nodes_at_nothing_and_about_the_start(grids):
    for wide, market in zip(*grids[:2], strict=True):
        step = market.banks[1] - market.banks[0]
        assert wide.banks[0] - step <= market.banks[0] <= market.start_bank
        assert market.start_bank <= market.banks[-1] <= wide.banks[-1] + step
        assert np.abs(market.banks).min() < 1e-12
        assert np.ptp(market.banks) < 0.8 * np.ptp(wide.banks)
        expected = np.interp(market.banks, wide.banks, wide.terminal[:, 0])
        assert np.abs(market.terminal[:, 0] - expected).max() < 1e-9


def test_the_nodes_are_shared_out_by_the_root_of_the_reach(grids):
    home, partner = grids[1]
    assert len(home.banks) * len(partner.banks) == pytest.approx(NODES**2, rel=0.04)
    ratio = np.sqrt(np.ptp(home.banks) / np.ptp(partner.banks))
    assert len(home.banks) / len(partner.banks) == pytest.approx(ratio, rel=0.1)


def test_hardly_a_bank_is_at_either_end(grids):
    chain = solve_linked(*grids[1], grids[2])
    for chances in reached(chain):
        assert np.abs(chances.sum(axis=1) - 1.0).max() < 1e-12
        assert chances[:, [0, -1]].max() < 5 * TAIL


def test_a_price_on_a_fitted_grid_errs_less_than_on_a_wide_one_of_as_many_nodes(grids):
    _, market, terms = grids
    wide, fine = (solve_linked(*both(nodes), terms) for nodes in (NODES, 81))
    prices = [at_start(chain, chain.home_running) for chain in (wide, fine)]
    chain = solve_linked(*market, terms)
    x, y, state = chain.start
    below = [chain.home_running[0, i, j, state] for i, j in ((int(x), int(y)), (int(np.ceil(x)), int(np.ceil(y))))]
    own = np.mean(below) if len(set(below)) > 1 else below[0]
    assert abs(own - prices[1]) < 0.6 * abs(prices[0] - prices[1])


@pytest.mark.parametrize("chances", [None, cut(24, 0.05, first=3)])
def test_chances_are_those_of_paths(chances):
    home, partner = both(13)
    terms = link(24, "quota", quota=0.04, end_chance=chances)
    chain = solve_linked(home, partner, terms)
    found = reached(chain)
    if chances is None:
        paths = simulate_linked(chain, 20_000, seed=3)
        for bank, grid, own in ((paths.home_bank, home.banks, found[0]), (paths.partner_bank, partner.banks, found[1])):
            for month in (6, 24):
                seen = (np.abs(bank[:, month, None] - grid) < 1e-9).mean(axis=0)
                assert np.abs(seen - own[month]).max() < 4 * 0.5 / np.sqrt(20_000)
    else:  # cut for certain in the end, nobody is linked, and both go on as alone
        sure = dataclasses.replace(terms, end_chance=cut(24, 1.0))
        alone = reached(solve_linked(home, partner, dataclasses.replace(terms, type="none", end_chance=None)))
        for own, other in zip(reached(solve_linked(home, partner, sure)), alone, strict=True):
            assert np.abs(own - other).max() < 1e-9
        assert np.abs(found[0] - alone[0]).max() > 1e-3
