import pytest

from agents.algorithms import ALGORITHMS
from agents.hyperparameters import OWN_RANGES, RANGES, check_parameters, check_policy, parameter_names, policy_names


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_parameter_of_an_algorithm_has_a_range(name):
    assert set(parameter_names(name)) <= set(RANGES)


def test_no_range_is_for_a_parameter_that_does_not_exist():
    names = {(name, key) for name in ALGORITHMS for key in parameter_names(name)}
    assert {key for _, key in names} == set(RANGES)
    assert set(OWN_RANGES) <= names


FITS = {
    "learning_rate": [1e-4, 1], "learning_rate_end": [0, None], "n_steps": [2, 1e3], "batch_size": [2, 64.0],
    "gae_lambda": [0, 1, 0.5], "clip_range": [0.2], "clip_range_vf": [None, 0.2], "target_kl": [None, 0.01],
    "ent_coef": [0, 0.1], "normalize_advantage": [True, False], "use_sde": [True], "sde_sample_freq": [-1, 4],
}  # fmt: skip
REFUSED = {
    "learning_rate": [0, 2, "1e-4x", True, None, float("nan"), [0.1]], "learning_rate_end": [-1, "none"],
    "n_steps": [0, 1.5, True, "64", None], "batch_size": [1, 0, -2, float("inf")], "gae_lambda": [-0.1, 1.1, "abc"],
    "clip_range": [0, [1, 2], None], "clip_range_vf": [0, False], "target_kl": [0, "x"], "ent_coef": [-1, "auto"],
    "normalize_advantage": [1, "yes", None], "use_sde": [0], "sde_sample_freq": [-2, 0.5],
}  # fmt: skip
OFF_POLICY = {
    "tau": ([1, 0.005], [0, 1.5, "a"]), "learning_starts": ([0, 100], [-1, 0.5]), "buffer_size": ([1, 1e6], [0, "big"]),
    "train_freq": ([1, [4, "step"]], [0, [0, "step"], [1, "month"], "1", [1, "step", 2], None]),
    "gradient_steps": ([1, -1], [-2, 1.5, None]),
    "ent_coef": ([0.1, "auto", "auto_0.1"], [0, "auto_x", "automatic", -1]),
    "target_entropy": (["auto", -8, -8.5], ["a", True]), "replay_buffer_kwargs": ([None, {}], [[], 1]),
}  # fmt: skip


@pytest.mark.parametrize("key", FITS)
def test_ranges_on_policy(key):
    beside = {"learning_rate": 1e-3}
    for value in FITS[key]:
        assert check_parameters("ppo", beside | {key: value}, 4)[key] == value
    for value in REFUSED[key]:
        with pytest.raises(ValueError, match=rf"^parameters\.{key}: .*, allowed: "):
            check_parameters("ppo", beside | {key: value}, 4)


@pytest.mark.parametrize("key", OFF_POLICY)
def test_ranges_off_policy(key):
    fits, refused = OFF_POLICY[key]
    for value in fits:
        assert check_parameters("sac", {key: value}, 4)[key] == value
    for value in refused:
        with pytest.raises(ValueError, match=rf"^parameters\.{key}: .*, allowed: "):
            check_parameters("sac", {key: value}, 4)


def test_whole_numbers_become_integers():
    checked = check_parameters("ppo", {"n_steps": 64.0, "learning_rate": 1.0}, 4)
    assert isinstance(checked["n_steps"], int) and isinstance(checked["learning_rate"], float)


def test_an_episode_is_a_unit_for_one_environment_alone():
    assert check_parameters("sac", {"train_freq": [1, "episode"]}, 1)
    with pytest.raises(ValueError, match="allowed: steps, with 2 environments"):
        check_parameters("sac", {"train_freq": [1, "episode"]}, 2)


def test_a_schedule_needs_its_start():
    with pytest.raises(ValueError, match=r"parameters\.learning_rate_end: needs parameters\.learning_rate"):
        check_parameters("ppo", {"learning_rate_end": 1e-5}, 4)


@pytest.mark.parametrize("network", [[], [64], [64, 64], {"pi": [8], "vf": [8, 8]}])
def test_networks(network):
    check_policy("ppo", "residual", {"net_arch": network})


@pytest.mark.parametrize("network", [[64, 0], [64.5], ["a"], "64", 64, None, {"pi": [0]}, {"qf": [8]}, [True], [[8]]])
def test_networks_that_cannot_be_built(network):
    with pytest.raises(ValueError, match=r"^policy_kwargs\.net_arch: .*, allowed: a list of layer widths"):
        check_policy("ppo", "MlpPolicy", {"net_arch": network})


def test_keys_of_a_policy_are_its_own():
    assert {"start", "log_std", "net_arch", "ortho_init"} <= set(policy_names("ppo", "residual"))
    assert "start" not in policy_names("ppo", "MlpPolicy")
    assert "ortho_init" not in policy_names("dqn", "MlpPolicy")
    with pytest.raises(ValueError, match="allowed: MlpPolicy with maskable_ppo"):
        check_policy("maskable_ppo", "residual", {})
