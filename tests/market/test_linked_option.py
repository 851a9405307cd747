"""When a lasting tonne of abatement is built under a link that may be cut: by hand, and beside one market."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.solve import solve
from nea_env.market.linked_option import Market, stopping
from nea_env.market.option import Project, best_stopping
from tests.core.equilibrium.test_equilibrium_cut import cut, cutting
from tests.core.equilibrium.test_equilibrium_linked import link, two
from tests.market.chains import alone, chain_of

MONTHS = 24


@pytest.mark.parametrize("seed", range(3))
def test_in_a_market_alone_it_is_the_option_without_a_link(seed):
    prices = np.random.default_rng(seed).uniform(50.0, 150.0, (13, 2))
    chain = chain_of(prices, chances=np.array([[0.7, 0.3], [0.4, 0.6]]), discount=0.9)
    project, capex = Project(10.0, 0, 40), np.linspace(20.0, 80.0, 4)
    one, other = stopping(chain, project, capex, 10), best_stopping(alone(chain), project, capex, 10)
    np.testing.assert_allclose(one.worth, other.worth, rtol=1e-13)
    np.testing.assert_allclose(one.at_once, other.at_once, rtol=1e-13)
    np.testing.assert_allclose(one.built, other.built, rtol=1e-13)


def test_by_hand_a_firm_waits_for_a_cut_that_makes_units_dear():
    """50 while linked and 60 after a cut, with a chance of 1/4 a month later; 0.9 x 52.5 before it, 50 in the end."""
    both = (cutting(2.0, 30.0), cutting(1.0, 20.0))
    systems = (dataclasses.replace(one, terminal=np.full_like(one.terminal, 50.0)) for one in both)
    chain = solve_linked(*systems, link(2, "quota", quota=5.0, end_chance=cut(2, 0.25)))
    opex = 10.0
    capex = (np.array([-100.0, 55.0 - opex, 70.0 - opex]) + 0.9 * (50.0 - opex)) / 12.0
    found = stopping(chain, Project(opex, 0, 2), capex, 2)
    at_once = (0.9 * 52.5 - opex + 0.9 * (52.5 - opex)) / 12.0 - capex  # it has ended by the last month
    assert found.at_once == pytest.approx(np.maximum(at_once, 0.0))
    assert at_once[0] > 0.0 > at_once[1]
    assert found.worth == pytest.approx([at_once[0], 0.25 * 0.9 * 5.0 / 12.0, 0.0])
    np.testing.assert_allclose(found.built.T, [[0.0, 1.0, 1.0], [0.0, 0.0, 0.25], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("side", [0, 1])
def test_a_link_cut_for_certain_before_any_unit_crosses_is_none(side):
    systems = two(1)
    chain = solve_linked(*systems, link(MONTHS, "quota", end_chance=cut(MONTHS, 1.0)))
    single = solve(systems[side])
    worth = stopping(single, Project(0.0, 0, 40), np.array([0.0]), 12).worth[0]
    capex = worth * np.array([0.7, 1.0, 1.2])
    one, other = (stopping(each, Project(0.0, 0, 40), capex, 12, side) for each in (chain, single))
    np.testing.assert_allclose(one.worth, other.worth, rtol=1e-8)
    np.testing.assert_allclose(one.built[1:], other.built[1:], atol=1e-8)


@pytest.mark.parametrize("side", [0, 1])
def test_what_is_built_is_a_share_and_the_option_is_worth_more_than_its_use_at_once(side):
    chain = solve_linked(*two(0), link(MONTHS, "quota", quota=0.05, end_chance=cut(MONTHS, 0.1)))
    assert Market(chain, side).start.sum() == pytest.approx(1.0)
    found = stopping(chain, Project(0.0, 0, 40), np.array([50.0, 100.0, 200.0, 400.0]), 18, side)
    assert (found.worth >= found.at_once - 1e-9).all()
    assert (np.diff(found.built, axis=0) >= -1e-12).all()
    assert (np.diff(found.built, axis=1) <= 1e-12).all()  # the dearer, the less
    assert found.built.max() <= 1.0 + 1e-12


def test_what_cannot_be_valued_is_refused():
    chain = chain_of(np.ones((9, 1)))
    with pytest.raises(ValueError, match="lead: 3 months; allowed: 0"):
        stopping(chain, Project(0.0, 3, 30), np.array([1.0]), 8)
    with pytest.raises(ValueError, match="life: 5 months end before the 8 solved"):
        stopping(chain, Project(0.0, 0, 5), np.array([1.0]), 8)
