"""The statutes that a scenario's episodes draw: the law with other numbers where its regime gives a range."""

from __future__ import annotations

import numpy as np

from nea_env.scenario import Scenario


def statutes(scenario: Scenario) -> tuple[Scenario, ...]:
    """The laws that a scenario's episodes play: itself, or ``policy.draws`` draws from its regime's ranges.

    Each number is drawn evenly between its bounds, one draw in each of as many equal intervals (a Latin
    hypercube), so that a few dozen laws cover every range.

    Raises:
        ValueError: the mode is randomised and the regime gives no number a range, or a drawn law is refused.
    """
    if scenario.policy.mode == "historical":
        return (scenario,)
    ranges, draws = scenario.regime.ranges, scenario.policy.draws
    if not ranges:
        raise ValueError(
            f"policy.mode: randomised, but regime {scenario.regime.name} has no ranges to draw from;"
            " allowed: historical"
        )
    generator = np.random.default_rng(scenario.policy.seed)
    places = np.array([generator.permutation(draws) for _ in ranges]) + generator.random((len(ranges), draws))
    drawn = []
    for place in places.T / draws:
        values = {r.path: float(r.low + (r.high - r.low) * u) for r, u in zip(ranges, place, strict=True)}
        drawn.append(scenario.model_copy(update={"regime": scenario.regime.with_numbers(values)}))
    return tuple(drawn)
