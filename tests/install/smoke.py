"""What the environments must do with the base dependencies alone.

``python -I smoke.py`` in an environment that holds the wheel and what it asks for, and no more.
"""

import subprocess
import sys
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import gymnasium
import numpy as np

import nea_env
from nea_env.envs.registration import ids
from nea_env.policies.play import costs

EXTRAS = ("matplotlib", "torch", "stable_baselines3", "hydra")


def the_wheel_alone_is_installed():
    assert Path(nea_env.__file__).is_relative_to(sys.prefix), f"{nea_env.__file__} is outside {sys.prefix}"
    assert "nea-env" in {found.metadata["Name"] for found in distributions()}
    assert [name for name in EXTRAS if find_spec(name)] == []


def every_id_plays():
    for name in ids():
        env = gymnasium.make(name)
        env.action_space.seed(0)
        env.reset(seed=0)
        total = sum(env.step(env.action_space.sample())[1] for _ in range(24))
        assert np.isfinite(total) and total != 0.0, name


def a_batch_plays():
    envs = gymnasium.make_vec("nea/KETS-v0", num_envs=3, render_mode="ansi")
    first, _ = envs.reset(seed=0)
    second, reward, *_ = envs.step(np.zeros(envs.action_space.shape, np.float32))
    assert first.shape == second.shape and np.isfinite(reward).all()
    assert len(envs.render()) == 3


def every_scenario_loads():
    assert len([nea_env.load_scenario(name) for name in nea_env.scenarios()]) > 10


def an_equilibrium_sets_the_price():
    scenario = nea_env.load_scenario("tps", {"market.law": "equilibrium"})
    paths = nea_env.price_paths(scenario, 8)
    assert (paths["front_price"] > 0.0).all() and np.ptp(paths["front_price"][:, -1]) > 0.0


def a_rule_plays_with_what_was_tuned():
    scenario, seeds = nea_env.load_scenario("kets"), np.arange(1_000_000, 1_000_100)
    names = ("tuned_rule", "just_in_time")
    tuned, just_in_time = (costs(nea_env.make_rule(name, scenario), scenario, seeds).mean() for name in names)
    assert tuned < just_in_time


def the_library_lists_what_ships():
    command = [sys.executable, "-I", "-m", "nea_env.library", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert "kets" in listed.stdout and listed.stderr == ""


def a_picture_without_matplotlib_is_one_clear_error():
    env = gymnasium.make("nea/KETS-v0", render_mode="rgb_array").unwrapped
    env.reset(seed=0)
    try:
        env.render()
    except gymnasium.error.DependencyNotInstalled as error:
        assert "nea-env[render]" in str(error) and "\n" not in str(error)
    else:
        raise AssertionError("a picture was drawn")


CHECKS = (
    the_wheel_alone_is_installed,
    every_id_plays,
    a_batch_plays,
    every_scenario_loads,
    an_equilibrium_sets_the_price,
    a_rule_plays_with_what_was_tuned,
    the_library_lists_what_ships,
    a_picture_without_matplotlib_is_one_clear_error,
)

if __name__ == "__main__":
    for check in CHECKS:
        check()
        print("ok", check.__name__.replace("_", " "), flush=True)
