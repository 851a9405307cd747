"""The law and the world as data: regimes, firms, markets, links, scenarios and credits in YAML, each with its sources.

``python -m nea_env.library`` lists, shows and compares the files that ship.
"""

from nea_env.library.answers import unanswered
from nea_env.library.catalogue import Kind, load_regime, names, provenance, scenarios, unsourced
from nea_env.library.compose import load_link, load_scenario
from nea_env.library.credits import Acceptance, Credit, accepts, load_credit
from nea_env.library.grammar import label, slug
from nea_env.library.reader import Provenance
from nea_env.scenario import ScenarioError, ScenarioWarning

__all__ = [
    "Acceptance",
    "Credit",
    "Kind",
    "Provenance",
    "ScenarioError",
    "ScenarioWarning",
    "accepts",
    "label",
    "load_credit",
    "load_link",
    "load_regime",
    "load_scenario",
    "names",
    "provenance",
    "scenarios",
    "slug",
    "unanswered",
    "unsourced",
]
