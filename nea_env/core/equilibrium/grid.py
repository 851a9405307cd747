"""Places on an even grid of banks, and what lies between two of its nodes."""

from __future__ import annotations

from typing import NamedTuple

from nea_env.core.jit import jit


class Grid(NamedTuple):
    """An even grid of banks, as the kernels take it.

    Attributes:
        low: its first bank, units.
        step: from one bank to the next, units.
        nodes: how many banks, B.
    """

    low: float
    step: float
    nodes: int


@jit
def grid_of(banks):
    """The `Grid` of evenly spaced banks (B,)."""
    return Grid(banks[0], (banks[-1] - banks[0]) / (len(banks) - 1.0), len(banks))


@jit
def place_of(bank, grid):
    """Place of a bank on its grid, 0 to B - 1; a bank off the grid counts as its nearest end."""
    return min(max((bank - grid.low) / grid.step, 0.0), grid.nodes - 1.0)


@jit
def at(values, place):
    """Mean of the two of ``values`` (B,) about a place: what a lottery between the two nodes is worth."""
    below = min(int(place), len(values) - 2)
    share = place - below
    return (1.0 - share) * values[below] + share * values[below + 1]


@jit
def mix(values, place, line):
    """Fill ``line`` (B,) with ``values`` (A, B) at a place on the grid of A banks."""
    below = min(int(place), values.shape[0] - 2)
    share = place - below
    for node in range(len(line)):
        line[node] = (1.0 - share) * values[below, node] + share * values[below + 1, node]
