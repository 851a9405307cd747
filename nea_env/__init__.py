"""Gymnasium environments of a covered firm under Asian emissions trading.

Importing this package registers the ids ``nea/KETS-v0``, ``nea/TPS-v0``, ``nea/Tokyo-v0``, those with links to
other systems (``nea/LinkedKETS-v0``, …) and their discrete twins ``nea/…Discrete-v0``. Layers, imports pointing
only downward: `scenario` and `library` (the law and the world as data), `core` (the compiled month), `envs`
(Gymnasium's environments over it), `wrappers` (for them), `policies` (rules of thumb, and the loop that plays any
policy), `market` (its prices on their own: `price_paths` and pictures), `solvers` (what is known to be best: closed
forms), `bench` (`evaluate`: any policy beside the rules; `rollout` and `plot`: what it does, month by month;
`compare`: scenarios on common draws).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if not Path(__file__).is_file():  # its YAML and its kernels are files
    raise ImportError(f"nea_env can't be used from inside {Path(__file__).parents[1]}: install it with pip")

from nea_env.envs.registration import register_ids

if TYPE_CHECKING:
    from nea_env.bench.compare import Comparison, compare
    from nea_env.bench.evaluate import Evaluation, evaluate
    from nea_env.bench.policies import as_policy
    from nea_env.bench.rollout import rollout
    from nea_env.bench.rollout_figure import plot
    from nea_env.envs.naming import describe
    from nea_env.library import ScenarioError, load_scenario, scenarios
    from nea_env.market import price_paths
    from nea_env.policies import make_rule
    from nea_env.scenario import Scenario

__all__ = [
    "Comparison",
    "Evaluation",
    "Scenario",
    "ScenarioError",
    "__version__",
    "as_policy",
    "compare",
    "describe",
    "evaluate",
    "load_scenario",
    "make_rule",
    "plot",
    "price_paths",
    "rollout",
    "scenarios",
]

register_ids()


def __getattr__(name: str) -> Any:
    """Load a public name at its first use: pydantic and the YAML reader are not needed to register ids."""
    if name in ("ScenarioError", "load_scenario", "scenarios"):
        from nea_env import library

        return getattr(library, name)
    if name == "describe":
        from nea_env.envs.naming import describe

        return describe
    if name in ("Comparison", "compare"):
        from nea_env.bench import compare as compared

        return getattr(compared, name)
    if name in ("Evaluation", "evaluate"):
        from nea_env.bench import evaluate as module

        return getattr(module, name)
    if name == "as_policy":
        from nea_env.bench.policies import as_policy

        return as_policy
    if name == "make_rule":
        from nea_env.policies import make_rule

        return make_rule
    if name == "price_paths":
        from nea_env.market import price_paths

        return price_paths
    if name in ("rollout", "plot"):
        from nea_env.bench import rollout, rollout_figure

        return rollout.rollout if name == "rollout" else rollout_figure.plot
    if name == "Scenario":
        from nea_env.scenario import Scenario

        return Scenario
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("nea-env")
        except PackageNotFoundError:  # a checkout on the path, not installed
            return "0+unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
