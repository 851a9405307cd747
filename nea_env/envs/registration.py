"""The registered ids. They differ only in their default scenario and action form."""

from __future__ import annotations

import gymnasium

SYSTEMS = {
    "TPS": "tps",
    "KETS": "kets",
    "Tokyo": "tokyo",
    "LinkedTPS": "linked_tps",
    "LinkedKETS": "linked_kets",
    "LinkedTokyo": "linked_tokyo",
    "TPSExact": "tps_exact",
    "KETSExact": "kets_exact",
    "TokyoExact": "tokyo_exact",
}
"""Name in the id -> default scenario."""

EXACT = {scenario: f"nea/{name}-v0" for name, scenario in SYSTEMS.items() if name.endswith("Exact")}
"""Default scenario -> id, of those whose optimum is known."""

FORMS = {"": "box", "Discrete": "discrete"}
"""Suffix of the name in the id -> action form."""


def ids() -> tuple[str, ...]:
    """All ids this package registers."""
    return tuple(f"nea/{system}{suffix}-v0" for suffix in FORMS for system in SYSTEMS)


def register_ids() -> None:
    """Register every id; a second call does nothing.

    Entry points are strings and kwargs hold only names, so that the compiled core is loaded with the first
    environment, and ``gymnasium.spec(id).to_json()`` works.
    """
    for suffix, form in FORMS.items():
        for system, scenario in SYSTEMS.items():
            name = f"nea/{system}{suffix}-v0"
            if name in gymnasium.registry:
                continue
            gymnasium.register(
                id=name,
                entry_point="nea_env.envs.firm:FirmEnv",
                vector_entry_point="nea_env.envs.firm_vector:FirmVectorEnv",
                kwargs={"scenario": scenario, "action_form": form},
            )
