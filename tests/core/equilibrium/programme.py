"""Two groups of firms as a convex programme, whose multipliers are prices: the same market as the solver's, told anew.

Firms with a surplus abate, sell and carry over; the others buy. Every node of a tree of shocks has its own plan, and
the limit on carrying over, h <= m s + B0, is a constraint of those who carry. Nothing here knows of banks on a grid,
of backward induction or of what a carried unit is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nea_env.core.equilibrium.problem import Array


@dataclass(frozen=True)
class Node:
    """A year of the tree.

    Attributes:
        parent: index of the year before, -1 for the first.
        chance: of the node.
        year: 0 for the first.
        size: emissions without abatement.
        surplus: units given to those with a surplus less what they emit without abatement.
    """

    parent: int
    chance: float
    year: int
    size: float
    surplus: float


def solve_programme(
    nodes: list[Node], deficit: float, slope: float, multiple: float, base: float, fine: float, discount: float
) -> tuple[Array, Array, Array]:
    """Price, worth of a unit to those with a surplus, and units carried, (N,) each, by node.

    Args:
        nodes: the tree, parents first.
        deficit: units that the others lack in each year.
        slope: marginal cost of abatement, money/t, for all emissions abated.
        multiple: m of the limit.
        base: B0 of the limit.
        fine: for a missing unit.
        discount: yearly factor.
    """
    count = len(nodes)
    abated, sold, carried, missing = (np.arange(k * count, (k + 1) * count) for k in range(4))
    weight = np.array([node.chance * discount**node.year for node in nodes])
    curvature, cost = np.zeros(4 * count), np.zeros(4 * count)
    curvature[abated], cost[missing] = slope * weight / np.array([node.size for node in nodes]), fine * weight
    rows, bounds = np.zeros((3 * count, 4 * count)), np.zeros(3 * count)
    for k, node in enumerate(nodes):
        kept, met, limit = rows[k], rows[count + k], rows[2 * count + k]
        kept[[sold[k], carried[k], abated[k]]] = 1.0, 1.0, -1.0  # sold + carried <= surplus + carried in + abated
        if node.parent >= 0:
            kept[carried[node.parent]] = -1.0
        bounds[k] = node.surplus
        met[[sold[k], missing[k]]] = -1.0  # sold + missing >= deficit
        bounds[count + k] = -deficit
        limit[carried[k]], limit[sold[k]] = 1.0, -multiple
        bounds[2 * count + k] = base
    plan, shadow = quadratic(curvature, cost, np.vstack([rows, -np.eye(4 * count)]), np.r_[bounds, np.zeros(4 * count)])
    return shadow[count : 2 * count] / weight, shadow[:count] / weight, plan[carried]


def quadratic(curvature: Array, cost: Array, rows: Array, bounds: Array, close: float = 1e-13) -> tuple[Array, Array]:
    """Least of x (curvature x) / 2 + cost x where rows x <= bounds, and the multipliers: an interior-point method."""
    x, slack, shadow = np.ones(len(cost)), np.ones(len(bounds)), np.ones(len(bounds))
    for _ in range(200):
        dual, primal = curvature * x + cost + rows.T @ shadow, rows @ x + slack - bounds
        gap = slack @ shadow / len(slack)
        if max(gap, np.abs(dual).max(), np.abs(primal).max()) < close:
            break
        ratio = shadow / slack
        matrix = np.diag(curvature + 1e-14) + rows.T @ (ratio[:, None] * rows)
        aim = 0.1 * gap / slack - shadow
        step = np.linalg.solve(matrix, -dual - rows.T @ (aim + ratio * primal))
        slack_step = -primal - rows @ step
        shadow_step = aim - ratio * slack_step
        share = min(_reach(slack, slack_step), _reach(shadow, shadow_step))
        x, slack, shadow = x + share * step, slack + share * slack_step, shadow + share * shadow_step
    return x, shadow


def _reach(values: Array, step: Array) -> float:
    """How much of a step leaves positive values positive."""
    falls = step < 0.0
    return min(1.0, 0.99 * float(np.min(-values[falls] / step[falls], initial=np.inf)))
