"""What Korea's market believed of laws to come, for the claims about 2017."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nea_env.core.lowering.aggregate.market import BANKS, SHOCKS
from nea_env.core.lowering.aggregate.scale import calibrated_scale, with_scale
from nea_env.library import load_scenario
from nea_env.scenario import Scenario

SCENARIO = "kets"
RULED = tuple(range(2017, 2023))
"""Vintages under a limit on carrying over; from KAU23 on short firms may carry whatever they buy, so none binds."""


class Nodes(NamedTuple):
    """How fine a market is solved: nodes of the grid of banks, and of the chain of shocks."""

    banks: int
    shocks: int


ROUGH, SHIPPED, FINE = Nodes(61, 3), Nodes(BANKS, SHOCKS), Nodes(361, 9)
"""Enough to set abatement costs by; as episodes have it; as claims are answered."""


class BelievedMarket(NamedTuple):
    """Korea's market as it was believed before April 2017.

    Attributes:
        scenario: in which all vintages from 2017 on may be carried over without limit.
        limits: kind of each vintage's limit in the law that came, by year.
    """

    scenario: Scenario
    limits: Mapping[int, str]

    def law(self, years: Sequence[int]) -> dict[str, Any]:
        """The limits of some vintages, as overrides of the scenario."""
        return {f"regime.banking.{year}.limit": self.limits[year] for year in years}


def free_banking(overrides: Sequence[str], changes: Mapping[str, Any] | None = None) -> BelievedMarket:
    """Korea's market that believes in carrying over without limit, and starts at its price.

    Abatement costs are set so that it does, unless an override names them.

    Args:
        overrides: of the scenario, "key=value" each.
        changes: further ones, by path.

    Raises:
        ScenarioError: an override is refused.
        ValueError: the market cannot start at its price.
    """
    scenario = load_scenario(SCENARIO, ["market.law=equilibrium", *overrides])
    if changes:
        scenario = load_scenario(scenario, changes)
    limits = {int(year): rule.limit for year, rule in scenario.regime.banking.items()}
    free = {f"regime.banking.{year}.limit": "unlimited" for year in limits if year >= RULED[0]}
    return BelievedMarket(calibrated(load_scenario(scenario, free), overrides), limits)


def calibrated(scenario: Scenario, overrides: Sequence[str]) -> Scenario:
    """The scenario with abatement costs at which its market starts at its price, unless an override names them."""
    if any(text.startswith("market.aggregate.abatement.scale") for text in overrides):
        return scenario
    return with_scale(scenario, calibrated_scale(scenario, **ROUGH._asdict()))


def announced(scenario: Scenario, *announcements: tuple[str, Sequence[Mapping[str, Any]]]) -> Scenario:
    """The scenario with a month and its laws for each announcement, as ``market.beliefs`` takes them."""
    told = [{"month": month, "laws": list(laws)} for month, laws in announcements]
    return load_scenario(scenario, {"market.beliefs": {"announcements": told}})
