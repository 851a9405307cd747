"""What an override of a firm's size leaves behind: emissions and the base of the free allocation go together."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

from nea_env.scenario import Scenario, ScenarioWarning

SIZE = ("firm.output", "firm.base_emissions")
ON_BASE_YEARS = ("grandfathering", "historical_benchmarking", "baseline")
"""Methods of allocation that follow the firm's base years."""


def warn_of_what_stays(before: Scenario, after: Scenario, paths: Sequence[str]) -> None:
    """Warn, in one line, if a change of the firm's size moves its emissions or the base of its allocation alone.

    Args:
        before: without the changes.
        after: with them.
        paths: what was changed.
    """
    named = [path for path in paths if path in SIZE]
    if not named or not _allocated_on_base_years(after):
        return
    emissions = after.firm.annual_emissions / before.firm.annual_emissions
    base = after.firm.base_year_emissions / before.firm.base_year_emissions
    if math.isclose(emissions, base, rel_tol=1e-6):
        return
    moved, stays, factor = (
        ("emissions", "the base of its allocation (firm.base_emissions)", emissions)
        if named[0] == "firm.output"
        else ("base of allocation", "its emissions (firm.output)", base)
    )
    warnings.warn(
        f"{named[0]}: this multiplies the firm's {moved} by {factor:.6g} and leaves {stays} behind;"
        f" firm.scale={factor:.6g} scales the whole firm",
        ScenarioWarning,
        stacklevel=4,
    )


def _allocated_on_base_years(scenario: Scenario) -> bool:
    rules = (scenario.regime.allocation[year].of_class(scenario.firm.unit_class) for year in scenario.periods)
    return any(rule.method in ON_BASE_YEARS for rule in rules)
