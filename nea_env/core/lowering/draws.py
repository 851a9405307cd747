"""What a scenario's episodes draw: the law, the firm and the market with other numbers where there is a range.

Each number is drawn evenly between its bounds, one draw in each of as many equal intervals (a Latin hypercube), so
that a few dozen draws cover every range.
"""

from __future__ import annotations

import numpy as np

from nea_env.scenario import Scenario
from nea_env.scenario.ranges import bounds_of, with_drawn


def statutes(scenario: Scenario) -> tuple[Scenario, ...]:
    """What a scenario's episodes play: itself, or ``policy.draws`` draws of its law, firm and market.

    Raises:
        ValueError: the mode is randomised and the regime gives no number a range, or a draw is refused.
    """
    laws = _laws(scenario)
    if not bounds_of(scenario):
        return laws
    if len(laws) == 1:
        laws *= scenario.policy.draws
    return tuple(
        drawn_at(law, values) for law, values in zip(laws, firms_and_markets(scenario, len(laws)), strict=True)
    )


def firms_and_markets(scenario: Scenario, count: int) -> list[dict[str, float]]:
    """``count`` draws of the numbers of the firm and the market that have a range, by path; each has its own stream."""
    draws: list[dict[str, float]] = [{} for _ in range(count)]
    for path, (low, high) in bounds_of(scenario).items():
        generator = np.random.default_rng([scenario.policy.seed, *path.encode()])
        places = (generator.permutation(count) + generator.random(count)) / count
        for draw, place in zip(draws, places, strict=True):
            draw[path] = float(low + (high - low) * place)
    return draws


def drawn_at(scenario: Scenario, values: dict[str, float]) -> Scenario:
    """The scenario with a draw of its firm's and its market's numbers; itself where nothing is drawn.

    Raises:
        ValueError: the numbers do not go together.
    """
    try:
        return with_drawn(scenario, values)
    except ValueError as error:
        numbers = ", ".join(f"{path} {value:g}" for path, value in values.items())
        raise ValueError(f"a draw of {numbers} is refused: {error}") from None


def _laws(scenario: Scenario) -> tuple[Scenario, ...]:
    """The scenario with each law that its episodes play: its own, or ``policy.draws`` draws."""
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
