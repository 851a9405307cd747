"""HiGHS at work: the least cost of a model whose convex costs are held by tangents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.policies.plan.linear import TEST_SLACK, Linear, Model, highs
from nea_env.policies.plan.linear import solver as quiet_solver
from nea_env.policies.plan.stocks import Curve

Floats = NDArray[np.float64]

Switches = Literal["exact", "relaxed", "rounded"]
MIP_GAP = 1e-7
MIP_SECONDS = 20.0


class Found(NamedTuple):
    """A solution.

    Attributes:
        values: (V,) of the variables.
        cost: with convex costs as they are, not as their tangents say.
        bound: no solution costs less.
    """

    values: Floats
    cost: float
    bound: float


def least(model: Model, curves: Sequence[Curve], switches: Switches, tolerance: float, rounds: int) -> Found:
    """Solve a model, adding tangents where the solution lies above them.

    Args:
        model: what is solved.
        curves: its convex costs.
        switches: ``exact``; ``relaxed``, where they may stand between 0 and 1; or ``rounded`` from there, which is
            quick and keeps to every limit, but need not be the best.
        tolerance: of all convex costs together.
        rounds: of tangents at most, of the relaxed model and again of the whole.

    Raises:
        ImportError: HiGHS is missing.
        RuntimeError: there is no solution, or HiGHS finds none.
    """
    solver = _solver(model)
    found = _rounds(solver, model, curves, tolerance, rounds)
    if switches == "relaxed" or not model.whole:
        return found
    if switches == "rounded":
        for place, tests in zip(model.whole, model.tests, strict=True):
            on = float(all(test.at(found.values) >= -TEST_SLACK for test in tests))
            solver.changeColBounds(place, on, on)
        try:
            return _rounds(solver, model, curves, tolerance, rounds)._replace(bound=found.bound)
        except RuntimeError:  # they do not go together
            return found
    kinds = highs().HighsVarType
    for place in model.whole:
        solver.changeColIntegrality(place, kinds.kInteger)
    values, bound = _run(solver)
    for place in model.whole:  # what is left is linear again: tangents are added where the switches stand
        on = float(round(values[place]))
        solver.changeColIntegrality(place, kinds.kContinuous)
        solver.changeColBounds(place, on, on)
    try:
        found = _rounds(solver, model, curves, tolerance, rounds)
    except RuntimeError:  # the switches stood where they do by a rounding that a linear programme does not grant
        prices = np.array(model.cost)
        missed, _ = _missed(values, prices, curves, math.inf)
        found = Found(values, float(prices @ values) + model.constant_cost + missed, bound)
    return found._replace(bound=bound + model.constant_cost)


def _rounds(solver: Any, model: Model, curves: Sequence[Curve], tolerance: float, rounds: int) -> Found:
    prices = np.array(model.cost)
    for attempt in range(rounds + 1):
        values, bound = _run(solver)
        missed, cuts = _missed(values, prices, curves, 0.1 * tolerance / max(len(curves), 1))
        cost = float(prices @ values) + model.constant_cost
        if missed <= tolerance or attempt == rounds:
            return Found(values, cost + missed, bound + model.constant_cost)
        for cut in cuts:
            _add(solver, cut)
    raise AssertionError("unreachable")


def _missed(values: Floats, prices: Floats, curves: Sequence[Curve], least: float) -> tuple[float, list[Linear]]:
    """By how much tangents miss the cost of a solution, and new ones where each misses more than the least."""
    missed, cuts = 0.0, []
    for curve in curves:
        scale = curve.scale.at(values)
        if scale <= 0.0:
            continue
        tangent = curve.tangent(max(curve.amount.at(values), 0.0) / scale)
        (place,) = curve.cost.terms
        short = float(prices[place]) * tangent.at(values)
        missed += max(short, 0.0)
        if short > least:
            cuts.append(tangent)
    return missed, cuts


def _add(solver: Any, cut: Linear) -> None:
    places = np.fromiter(cut.terms, np.int32)
    solver.addRow(-solver.inf, -cut.constant, len(places), places, np.fromiter(cut.terms.values(), np.float64))


def _run(solver: Any) -> tuple[Floats, float]:
    highspy = highs()
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    is_whole = info.mip_node_count >= 0
    if status != highspy.HighsModelStatus.kOptimal and not (is_whole and info.primal_solution_status == 2):
        raise RuntimeError(f"HiGHS finds no plan: {solver.modelStatusToString(status)}")
    values = np.array(solver.getSolution().col_value)
    return values, float(info.mip_dual_bound if is_whole else info.objective_function_value)


def _solver(model: Model) -> Any:
    highspy = highs()
    lower, upper, starts, places, values = model.rows()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.lower), len(lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(model.cost), np.array(model.lower), np.array(model.upper)
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, places, values
    solver = quiet_solver()
    options = {"output_flag": False, "threads": 1, "mip_rel_gap": MIP_GAP, "time_limit": MIP_SECONDS}
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    return solver
