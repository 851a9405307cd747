"""What was known of the numbers of a law before they were announced."""

from __future__ import annotations

from nea_env.scenario import Range, Regime


def range_of(regime: Regime, path: str) -> Range | None:
    """The range of the number at a dotted path; None where it was never in doubt."""
    return next((entry for entry in regime.ranges if entry.path == path), None)
