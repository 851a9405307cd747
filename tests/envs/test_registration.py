"""Ids, their arguments, and an import that loads nothing heavy."""

import subprocess
import sys

import gymnasium
import pytest
from gymnasium.vector import AutoresetMode

import nea_env
from nea_env.envs.registration import ids, register_ids


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_ids():
    systems = (
        *("TPS", "KETS", "Tokyo", "LinkedTPS", "LinkedKETS", "LinkedTokyo"),
        *("TPSExact", "KETSExact", "TokyoExact"),
    )
    assert set(ids()) == {f"nea/{system}{form}-v0" for system in systems for form in ("", "Discrete")}
    register_ids()  # twice does no harm and warns of nothing
    for name in ids():
        assert '"scenario"' in gymnasium.spec(name).to_json()


@pytest.mark.parametrize("name", ids())
def test_each_id_makes_its_scenario_and_form(name):
    system = name.removeprefix("nea/").removesuffix("-v0").removesuffix("Discrete").lower()
    system = system.replace("linked", "linked_").replace("exact", "_exact")
    single = gymnasium.make(name).unwrapped
    vector = gymnasium.make_vec(name, num_envs=2).unwrapped
    for env in (single, vector):
        assert env.scenario.name == system
        assert (env.menu is not None) == ("Discrete" in name)
        assert 0.9 < env.discount < 1.0
        assert env.metadata["render_modes"] == ["ansi", "rgb_array"]
    assert vector.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert type(vector).__name__ == "FirmVectorEnv"


def test_scenario_by_name_object_and_path(tmp_path):
    scenario = nea_env.load_scenario("tokyo")
    for given in ("tokyo", scenario):
        assert gymnasium.make("nea/KETS-v0", scenario=given).unwrapped.scenario == scenario
        assert gymnasium.make_vec("nea/KETS-v0", num_envs=2, scenario=given).unwrapped.scenario == scenario
    with pytest.raises(nea_env.ScenarioError, match="tokio"):
        gymnasium.make("nea/KETS-v0", scenario="tokio")


@pytest.mark.parametrize(
    ("kwargs", "what"),
    [
        ({"action_form": "boxes"}, "action_form"),
        ({"render_mode": "video"}, "render_mode"),
        ({"autoreset_mode": "Sometimes"}, "autoreset_mode"),
        ({"max_episode_steps": 0}, "max_episode_steps"),
        ({"num_envs": 0}, "num_envs"),
    ],
)
def test_bad_arguments(kwargs, what):
    with pytest.raises(ValueError, match=what):
        gymnasium.make_vec("nea/KETS-v0", **kwargs)


def test_make_without_an_import():
    assert python("import gymnasium; print(gymnasium.make('nea_env:nea/KETS-v0').unwrapped.scenario.name)") == "kets"


def test_import_registers_and_loads_nothing_heavy():
    heavy = ("torch", "matplotlib", "stable_baselines3", "numba", "pydantic", "ruamel", "scipy", "pandas")
    code = f"import sys, gymnasium as g, nea_env; print({{*{heavy!r}}} & {{*sys.modules}}, 'nea/TPS-v0' in g.registry)"
    assert python(code) == "set() True"


def test_making_and_playing_loads_no_plotting_and_no_torch():
    code = (
        "import sys, gymnasium, nea_env;"
        "e = gymnasium.make('nea/TPSDiscrete-v0', render_mode='ansi'); e.reset(); e.step(0);"
        "e.render(); print([n for n in ('torch', 'matplotlib', 'stable_baselines3') if n in sys.modules])"
    )
    assert python(code) == "[]"


def test_public_names():
    assert set(nea_env.__all__) <= set(dir(nea_env))
    assert "kets" in nea_env.scenarios()
    assert nea_env.load_scenario("kets").__class__ is nea_env.Scenario
    assert issubclass(nea_env.ScenarioError, ValueError)
    assert nea_env.__version__
    with pytest.raises(AttributeError, match="nothing"):
        _ = nea_env.nothing
