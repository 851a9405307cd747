"""Grids for two markets that are solved together, no wider than what their banks reach.

Two banks are states, so nodes are dear, and a bank that lands between two adds noise that a wide grid makes large. The
grids that a `Problem` comes with hold all that lasting shocks could bring, without trade; a link and prices keep most
markets to a small part of that. A rough solution says which. Nodes are then shared out so that the market with the
wider reach gets more of them, in proportion to the square root: its step is the larger of the two, as its bank's
spread is, and neither error dominates.

A fitted grid never goes beyond the one that a market comes with: where a market banks for the other's later scarcity,
more than it would ever need itself, that end still binds.

What is left of the error falls with the square of the step: a quarter at twice the nodes of each bank. docs/errors.md
has it for the wedge between Korea and China in 2017.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nea_env.core.equilibrium.chain import LinkedChain
from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.problem import Array, Problem
from nea_env.core.equilibrium.terms import Terms

ROUGH, ROUNDS = 21, 2  # nodes of each bank, and how often a rough solution narrows the grids
TAIL = 1e-4  # chance, in any month, of a bank beyond either end of the grid: it counts as the end
FEWEST = 9  # nodes of a bank


def fitted(home: Problem, partner: Problem, terms: Terms, nodes: int) -> tuple[Problem, Problem]:
    """Both markets on even grids that hold what their banks reach, with a node at nothing.

    Args:
        home: on a grid that holds all banks, and so fine that its terminal can be read off between two nodes.
        partner: likewise.
        terms: of the link.
        nodes: of each bank, as a geometric mean.
    """
    wide = home, partner
    ends = [(float(market.banks[0]), float(market.banks[-1])) for market in wide]
    for _ in range(ROUNDS):
        rough = [_on_grid(*each, ROUGH) for each in zip(wide, ends, strict=True)]
        chances = reached(solve_linked(rough[0], rough[1], terms))
        ends = [_within(*each) for each in zip(wide, rough, chances, strict=True)]
    (low, high), (other_low, other_high) = ends
    tilt = ((high - low) / (other_high - other_low)) ** 0.25
    own, other = (max(round(count), FEWEST) for count in (nodes * tilt, nodes / tilt))
    return _on_grid(home, ends[0], own), _on_grid(partner, ends[1], other)


def reached(chain: LinkedChain) -> tuple[Array, Array]:
    """(T + 1, B1) and (T + 1, B2): chances of each bank at the start of each month, linked or cut.

    Of two banks that are solved for: no pool.
    """
    shape, states = chain.home_running.shape, len(chain.partner.shocks)
    found = np.zeros((shape[0], shape[1])), np.zeros((shape[0], shape[2]))
    linked = np.zeros(shape[1:])
    x, y, state = chain.start
    linked[:, :, state] = np.outer(_lottery(x, shape[1]), _lottery(y, shape[2]))
    cut = [np.zeros((shape[1], len(chain.home.shocks))), np.zeros((shape[2], states))]
    chances = np.append(chain.terms.chances_of_a_cut(), 0.0)
    for month in range(shape[0]):
        found[0][month] = linked.sum(axis=(1, 2)) + cut[0].sum(axis=1)
        found[1][month] = linked.sum(axis=(0, 2)) + cut[1].sum(axis=1)
        if month + 1 == shape[0]:
            break
        linked = _moved(linked, (chain.home_landing[month], chain.partner_landing[month])) @ chain.chances
        if chain.alone is not None:
            gone = chances[month + 1] * linked
            linked = linked - gone
            by_state = gone.reshape(shape[1], shape[2], -1, states)
            for side, alone in enumerate(chain.alone):
                cut[side] = _moved(cut[side], (alone.landing[month],)) @ alone.problem.chances
            cut[0] += by_state.sum(axis=(1, 3))
            cut[1] += by_state.sum(axis=(0, 2))
    return found


def _moved(chances: Array, landings: tuple[Array, ...]) -> Array:
    """Chances of the nodes, (B1, B2, Z) or (B, Z), where every bank has landed."""
    moved, states = np.zeros_like(chances), np.broadcast_to(np.arange(chances.shape[-1]), chances.shape)
    below = [
        np.minimum(place.astype(np.int64), nodes - 2) for place, nodes in zip(landings, chances.shape, strict=False)
    ]
    for corner in np.ndindex(*[2] * len(landings)):
        weight, nodes = chances, []
        for place, under, up in zip(landings, below, corner, strict=True):
            weight = weight * (place - under if up else 1.0 - (place - under))
            nodes.append(under + up)
        np.add.at(moved, (*nodes, states), weight)
    return moved


def _lottery(place: float, nodes: int) -> Array:
    return np.clip(1.0 - np.abs(np.arange(nodes) - place), 0.0, 1.0)


def _within(wide: Problem, rough: Problem, chances: Array) -> tuple[float, float]:
    """Ends of a grid: of the banks (T + 1, B) that are likelier than the tail, a rough step more, and the start."""
    upto = np.cumsum(chances, axis=1) / chances.sum(axis=1, keepdims=True)
    inside: NDArray[np.bool_] = ((upto > TAIL) & (upto - chances < 1.0 - TAIL)).any(axis=0)
    step = rough.banks[1] - rough.banks[0]
    low, high = rough.banks[inside][0] - step, rough.banks[inside][-1] + step
    return (
        float(max(min(low, wide.start_bank), wide.banks[0])),
        float(min(max(high, wide.start_bank), wide.banks[-1])),
    )


def _on_grid(wide: Problem, ends: tuple[float, float], nodes: int) -> Problem:
    """The same market on so many even nodes, nothing among them, from one end to the other or a step beyond."""
    step = (ends[1] - ends[0]) / (nodes - 2)
    first = int(np.floor(ends[0] / step))
    banks = np.asarray(step * np.arange(first, first + nodes), np.float64)
    terminal = np.stack([np.interp(banks, wide.banks, price) for price in wide.terminal.T], axis=1)
    return replace(wide, banks=banks, terminal=terminal)
