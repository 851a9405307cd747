"""What other libraries read off the vector environment before they step it."""

import gymnasium
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv

SPEC = "nea/TPSDiscrete-v0"


@pytest.fixture
def envs():
    made = gymnasium.make_vec("nea_env:" + SPEC, num_envs=3, render_mode="ansi", autoreset_mode="SameStep")
    yield made
    made.close()


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("form", [lambda mode: mode, lambda mode: mode.value], ids=["enum", "value"])
def test_the_mode_stands_in_two_places(mode, form):
    envs = gymnasium.make_vec("nea_env:" + SPEC, num_envs=2, autoreset_mode=form(mode))
    assert envs.autoreset_mode is mode and envs.metadata["autoreset_mode"] is mode


def test_the_mode_cannot_be_changed(envs):
    with pytest.raises(AttributeError):
        envs.autoreset_mode = AutoresetMode.DISABLED
    assert envs.autoreset_mode is AutoresetMode.SAME_STEP


def test_spaces_rows_and_spec_are_those_of_the_id(envs):
    single = gymnasium.make(SPEC)
    assert isinstance(envs, VectorEnv) and envs.unwrapped is envs
    assert envs.num_envs == 3 and envs.render_mode == "ansi"
    assert envs.single_observation_space == single.observation_space
    assert envs.single_action_space == single.action_space
    assert envs.observation_space.shape == (3, *single.observation_space.shape)
    assert envs.spec.id == SPEC and envs.spec.kwargs["scenario"] == "tps"
    assert envs.metadata["render_fps"] == single.metadata["render_fps"]


def test_the_seed_of_the_last_reset_is_told(envs):
    envs.reset(seed=7)
    assert envs.np_random_seed == 7


def test_closing_shows(envs):
    assert not envs.closed
    envs.close()
    assert envs.closed
    envs.close()
