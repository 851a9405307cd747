"""Gymnasium's and Stable-Baselines3's own checkers, with warnings as errors: every id, every scenario in either form.

Ids differ in their default scenario and action form alone, so id times scenario would check the same again.
"""

import warnings

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from tests.contract.scope import FORMS, IDS, SCENARIOS


@pytest.fixture(autouse=True)
def _warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", FORMS)
def test_gymnasium_checker(name, scenario):
    check_env(gymnasium.make(name, scenario=scenario).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", IDS)
def test_gymnasium_checker_on_every_id(name):
    check_env(gymnasium.make(name).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("observe_mask", [False, True])
def test_gymnasium_checker_with_rendering(name, observe_mask):
    pytest.importorskip("matplotlib")
    check_env(gymnasium.make(name, observe_mask=observe_mask).unwrapped)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", FORMS)
def test_stable_baselines3_checker(name, scenario):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(gymnasium.make(name, scenario=scenario).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", IDS)
def test_stable_baselines3_checker_with_masks_observed(name):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(gymnasium.make(name, observe_mask=True, render_mode="ansi").unwrapped)
