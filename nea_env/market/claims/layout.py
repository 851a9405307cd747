"""What the claims share: how a report is laid out, and the market that it is about."""

from __future__ import annotations

from collections.abc import Sequence

from nea_env.scenario import Aggregate, Scenario


def apart(*parts: Sequence[str]) -> list[str]:
    """The lines of several parts, an empty one between any two."""
    lines: list[str] = []
    for part in parts:
        lines += ["", *part] if lines else part
    return lines


def aggregate_of(scenario: Scenario) -> Aggregate:
    """The whole market of a scenario.

    Raises:
        ValueError: it has none.
    """
    if scenario.market.aggregate is None:
        raise ValueError(f"market.aggregate: {scenario.market.name} has none, and an equilibrium needs one")
    return scenario.market.aggregate
