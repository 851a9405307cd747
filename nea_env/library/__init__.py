"""The law and the world as data: regimes, firms, markets and scenarios in YAML, every number with its source."""

from nea_env.library.catalogue import Kind, load_scenario, names, provenance, scenarios, unsourced
from nea_env.library.errors import ScenarioError
from nea_env.library.reader import Provenance

__all__ = ["Kind", "Provenance", "ScenarioError", "load_scenario", "names", "provenance", "scenarios", "unsourced"]
