"""Rules tuned for a scenario that did not ship tuned: on the spot, on training seeds, kept in the user's cache.

The cache folder is named after the hash of the core, the files in it after the digest of the scenario's content, so
neither another scenario nor another core takes what was found for this one.
"""

from __future__ import annotations

import json
from pathlib import Path

from nea_env.core.cache import cache_folder, read_checked, write_checked
from nea_env.policies.tune import best_parameters
from nea_env.policies.tuned import RULE_PARAMETERS
from nea_env.scenario import Scenario

EPISODES = 300
"""That each candidate plays: a rule takes a few seconds."""


def tuned_here(name: str, scenario: Scenario) -> dict[str, float]:
    """Parameters of a rule for this very content, from the cache or tuned now.

    Args:
        name: a key of ``tuned.RULE_PARAMETERS``.
        scenario: what will be played.
    """
    path = _path(name, scenario)
    if (kept := _read(name, path)) is not None:
        return kept
    found = best_parameters(name, scenario, EPISODES)
    if path is not None:
        write_checked(path, json.dumps(found).encode())
    return found


def is_kept(name: str, scenario: Scenario) -> bool:
    """Whether the cache holds parameters, so that nothing needs to be tuned."""
    return _read(name, _path(name, scenario)) is not None


def _path(name: str, scenario: Scenario) -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / "tuned" / f"{scenario.digest}_{name}.json"


def _read(name: str, path: Path | None) -> dict[str, float] | None:
    data = None if path is None else read_checked(path)
    if data is None:
        return None
    values = json.loads(data)
    return values if set(values) <= set(RULE_PARAMETERS[name]) else None  # of a version with other parameters
