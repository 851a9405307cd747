"""One scenario played to the end by firms that act at random and at the extremes, every month held to the contract."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from nea_env import ScenarioError, load_scenario
from nea_env.core.batch import Batch
from nea_env.scenario import Scenario
from tests.asserts import assert_identities, assert_observed_in_bounds, assert_physical
from tests.contract.plans import adversarial_actions


class Outcome(NamedTuple):
    """What became of one changed scenario: firm-months played, or the line that refused it, or what went wrong."""

    firm_months: int
    refused: str = ""
    fault: str = ""


def try_numbers(name: str, changes: dict[str, Any], rows: int, rng: np.random.Generator) -> Outcome:
    """Load a shipped scenario with other numbers and play it, or see it refused in one line."""
    try:
        scenario = load_scenario(name, changes)
        batch = Batch(scenario, rows, threads=1)
    except ScenarioError as error:
        line = str(error)
        fault = "" if "\n" not in line and len(line) < 1_000 else f"refused in more than one line: {line[:200]}"
        return Outcome(0, line, fault)
    except Exception as error:
        return Outcome(0, "", f"{type(error).__name__} at load: {error}")
    try:
        return Outcome(play(scenario, batch, rng))
    except AssertionError as error:
        return Outcome(0, "", " ".join(str(error).split())[:300])


def play(scenario: Scenario, batch: Batch, rng: np.random.Generator) -> int:
    """Play whole episodes in every row and check every month. Returns the firm-months played.

    Raises:
        AssertionError: an observation outside its bounds, a reward that is not finite, books that do not balance, no
            action open.
    """
    seeds = rng.integers(0, 2**62, batch.n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # overflow, division by nothing
        assert_observed_in_bounds(batch.reset(seeds))
        before, scale = batch.accounts(), batch.reward_scale
        months = int(batch.horizon[0])
        for month in range(months):
            assert batch.action_mask().any(axis=1).all(), "no action is open"
            observation, reward, terminated = batch.step(adversarial_actions(batch, month, rng))
            after, flows = batch.accounts(), batch.flows()
            assert np.isfinite(reward).all(), f"reward in month {month} is {reward[~np.isfinite(reward)][0]}"
            assert_identities(before, after, flows)
            assert_physical(after, flows)
            assert_observed_in_bounds(observation)
            for series, values in batch.market().items():
                assert np.isfinite(values).all(), f"{series} in month {month} is not finite"
            np.testing.assert_allclose(reward * scale, -flows["cost"], rtol=1e-9, err_msg="reward is not the cost")
            batch.check_state(batch.get_state())
            before = after
        assert terminated.all(), "an episode did not end"
    return months * batch.n
