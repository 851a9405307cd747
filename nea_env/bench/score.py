"""How near a policy comes to the optimum, where the optimum is known: its score and its regret, without sampling error.

score = (J - J_base) / (J* - J_base), where J* is the optimum's value and J_base that of trading just in time: 0 is just
in time, 1 the optimum. Where the two are less than a hundredth of exposure apart the ratio says little: regret alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from nea_env.policies.rules import JustInTime
from nea_env.scenario import Scenario
from nea_env.solvers import solve_exact
from nea_env.solvers.choosers import RemembersError, chooser
from nea_env.solvers.exact import Exact, why_not_exact
from nea_env.solvers.exact_policy import ExactPolicy

LEAST_GAIN = 1.0
"""% of exposure between just in time and the optimum below which there is no score."""
OPTIMUM = "optimum"


class Score(NamedTuple):
    """Where a policy stands between just in time and the optimum.

    Attributes:
        cost_pct: its expected cost, % of exposure.
        regret_pct: what it costs above the optimum, % of exposure.
        score: 0 for just in time, 1 for the optimum; None where these are too near each other.
    """

    cost_pct: float
    regret_pct: float
    score: float | None


def score_of(cost_pct: float, base_pct: float, best_pct: float) -> Score:
    """The score of a cost between two others, all in % of exposure.

    Args:
        cost_pct: of the policy.
        base_pct: of trading just in time.
        best_pct: of the optimum.
    """
    gain = base_pct - best_pct
    return Score(cost_pct, cost_pct - best_pct, (base_pct - cost_pct) / gain if gain >= LEAST_GAIN else None)


def optimum(scenario: Scenario, *, progress: bool = False) -> dict[str, Any]:
    """``{"optimum": policy}`` on the exact track, else nothing."""
    exact = _solved(scenario, progress)
    return {} if exact is None else {OPTIMUM: exact.policy}


def scores(policies: Mapping[str, Any], scenario: Scenario, *, progress: bool = False) -> dict[str, Score]:
    """Scores by policy, none where the scenario is not on the exact track.

    Args:
        policies: by name; each has ``predict``. One that keeps a memory of the episode is left out. With what `optimum`
            found among them, nothing is solved again.
        scenario: what is played.
        progress: show a bar while it is solved.
    """
    best_known = policies.get(OPTIMUM)
    if isinstance(best_known, ExactPolicy) and best_known.exact.scenario == scenario:
        exact: Exact | None = best_known.exact
    else:
        exact = _solved(scenario, progress)
    if exact is None:
        return {}
    base, best = _cost(exact, JustInTime()), -exact.percent(exact.value)
    found = {}
    for name, policy in policies.items():
        try:
            found[name] = score_of(_cost(exact, policy), base, best)
        except RemembersError:
            continue
    return found


def _solved(scenario: Scenario, progress: bool) -> Exact | None:
    """The solution; None where there is none, with a warning if only the solver could tell."""
    if why_not_exact(scenario):
        return None
    try:
        return solve_exact(scenario, progress=progress)
    except ValueError as error:
        warnings.warn(f"the optimum is left out: {error}", stacklevel=3)
        return None


def _cost(exact: Exact, policy: Any) -> float:
    return -exact.percent(exact.evaluate(chooser(policy, exact)).value)
