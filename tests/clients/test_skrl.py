import gymnasium as gym
import pytest

pytest.importorskip("skrl", reason="skrl is not installed: make clients ARGS=skrl")


def test_learns_and_evaluates(example):
    assert example("skrl")["agent"].optimizer.state


def test_takes_a_single_environment(code):
    native = 'gym.make_vec("nea/KETS-v0", num_envs=64, autoreset_mode="SameStep")'
    source = code("skrl")
    assert native in source
    found = {"__name__": "example"}
    exec(source.replace(native, 'gym.make("nea/KETS-v0")'), found)
    assert isinstance(found["envs"]._env, gym.Env) and found["agent"].optimizer.state
