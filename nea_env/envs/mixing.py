"""Scenarios mixed in one vector environment: what they must share, and which row plays which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nea_env.library import load_scenario
from nea_env.library.errors import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nea_env.scenario import Scenario


def is_mixed(scenario: Any) -> bool:
    """Whether an argument is a list of scenarios, not one."""
    return isinstance(scenario, list | tuple)


def mixed(scenario: Any, n: int) -> tuple[tuple[Scenario, ...], NDArray[np.int64]]:
    """The scenarios of an argument, and the place of each row's among them.

    Rows go to the scenarios in their order, in runs that are equally long, give or take a row.

    Args:
        scenario: one scenario, or a list of them; one that is listed twice is played by twice as many rows.
        n: rows.

    Returns:
        The scenarios, and (n,) which of them each row plays.

    Raises:
        ValueError: the list is empty or has more scenarios than there are rows, or their discount rates differ.
        ScenarioError: one of them does not load.
    """
    given = scenario if is_mixed(scenario) else [scenario]
    if not given:
        raise ValueError(f"scenario is {shown(scenario)}: expected at least one scenario in the list")
    if len(given) > n:
        raise ValueError(
            f"scenario lists {len(given)} scenarios for {n} rows: expected num_envs of {len(given)} or more"
        )
    loaded = tuple(load_scenario(one) for one in given)
    first = loaded[0]
    for other in loaded:
        if other.market.discount_rate != first.market.discount_rate:
            raise ValueError(
                f"scenario: {first.name} and {other.name} cannot be mixed: their market.discount_rate is"
                f" {first.market.discount_rate:g} and {other.market.discount_rate:g}, and an environment has one"
                " discount factor; expected the same rate, such as"
                f" load_scenario({other.name!r}, {{'market.discount_rate': {first.market.discount_rate:g}}})"
            )
    return loaded, np.arange(n, dtype=np.int64) * len(loaded) // n
