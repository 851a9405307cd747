"""What is best, and known to be, to hold simulators and agents to: the optimum of the exact track, and closed forms.

`solve_exact` solves a scenario of the exact track; ``python -m nea_env.solvers`` prints the closed forms of emissions
trading with a worked figure each, and where a policy loses against the optimum.
Bounds on the cost of every policy, with the extra ``[plan]``: ``foresight``, which knows the path, and ``dual``, where
foresight pays for what it gains; ``waiting`` is what the right to invest later is worth. ``bracket`` puts the optimum
between the latter and the best known rule: ``python -m nea_env.solvers bracket kets``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nea_env.solvers.exact import solve_exact as solve_exact

__all__ = ["solve_exact"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from nea_env.solvers import exact  # it brings the compiled core

        return getattr(exact, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
