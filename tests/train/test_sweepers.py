"""Other sweepers than Hydra's own: their grammar passes, what can be checked beforehand is."""

import json
import sys
import types

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper

from agents import exact_learners
from agents.command_line import CONFIGS, CommandLine, _composed, compose_settings, composing
from agents.learners import Cell, plan
from agents.refusal import SettingsError
from agents.sweep import enumerate_jobs
from tests.train.command import TINY, ended, run

FOUND = []


class Halving(Sweeper):
    """Tries the middle of every interval and remembers the objective."""

    def setup(self, *, hydra_context, task_function, config):
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )

    def sweep(self, arguments):
        job = [one.replace("tag(log,interval(1e-5,1e-3))", "5e-4") for one in arguments]
        (result,) = self.launcher.launch([job], initial_job_idx=0)
        FOUND.append(result.return_value)


@pytest.fixture(autouse=True)
def halving(monkeypatch):
    FOUND.clear()
    package, plugin = types.ModuleType("hydra_plugins"), types.ModuleType("hydra_plugins.halving")
    package.__path__, plugin.Halving = [], Halving  # Hydra takes plugins from this package alone
    monkeypatch.setattr(Halving, "__module__", plugin.__name__)
    for module in (package, plugin):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    Plugins.instance().register(Halving)
    node = {"_target_": f"{plugin.__name__}.Halving"}
    ConfigStore.instance().store(group="hydra/sweeper", name="halving", node=node)


INTERVAL = "algo.parameters.learning_rate=tag(log,interval(1e-5,1e-3))"


def test_an_interval_passes_and_the_cost_is_the_objective(monkeypatch, tmp_path):
    run(monkeypatch, "-m", "hydra/sweeper=halving", *TINY, INTERVAL, f"hydra.sweep.dir={tmp_path}")
    (path,) = tmp_path.glob("*/evaluation.json")
    assert [json.loads(path.read_text())["policies"]["ppo"]["cost_pct"]["mean"]] == FOUND


@pytest.mark.parametrize("end", ["interval(1e-5,2)", "interval(-1,1e-3)", "choice(1e-3,2)"])
def test_both_ends_of_an_interval_are_checked(end, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = ended(monkeypatch, capsys, "-m", "hydra/sweeper=halving", f"algo.parameters.learning_rate={end}")
    assert "algo.parameters.learning_rate: " in line and "allowed: a number above 0 and at most 1" in line
    assert list(tmp_path.iterdir()) == []


def jobs(*overrides):
    with composing():
        CommandLine([])
        return enumerate_jobs(list(overrides), True, _composed)


def test_a_sweeper_that_chooses_itself_is_tried_one_value_at_a_time():
    found = jobs(
        "hydra/sweeper=halving", "seed=1,2", "algo.parameters.gae_lambda=interval(0.5,1)", "threads=range(1,3)"
    )
    assert not found.complete
    assert [job[1:] for job in found.overrides] == [
        ["seed=1", "algo.parameters.gae_lambda=0.5", "threads=1"],
        ["seed=2", "algo.parameters.gae_lambda=0.5", "threads=1"],
        ["seed=1", "algo.parameters.gae_lambda=1.0", "threads=1"],
        ["seed=1", "algo.parameters.gae_lambda=0.690983", "threads=1"],
        ["seed=1", "algo.parameters.gae_lambda=0.5", "threads=2"],
    ]


@pytest.mark.parametrize("key", ["algo.parameters.n_epochs", "total_steps", "algo.num_envs"])
def test_an_interval_of_a_whole_number_is_refused_before_a_job_draws_a_fraction(key, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = ended(monkeypatch, capsys, "-m", "hydra/sweeper=halving", f"{key}=interval(2,8)")
    assert f"{key}: 4.291796" in line and "whole number" in line and not list(tmp_path.iterdir())


def test_another_use_of_hydra_in_this_process_is_left_as_it_was():
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        before = GlobalHydra.instance().hydra
        compose_settings(["scenario=kets_phase2"])
        assert before is not None and GlobalHydra.instance().hydra is before
        with pytest.raises(SettingsError):
            compose_settings(["seed=many"])
        assert GlobalHydra.instance().hydra is before and compose("config").seed == 0
    GlobalHydra.instance().clear()
    compose_settings(["scenario=kets_phase2"])
    assert not GlobalHydra.instance().is_initialized()


def test_hydras_own_sweeper_runs_every_combination_in_this_order():
    found = jobs("sweep=seeds", "env=kets,tps")
    assert found.complete and len(found.overrides) == 10
    assert found.overrides[1] == ["seed=0", "sweep=seeds", "env=tps"]
    assert jobs("sweep=seeds", "seed=7").overrides == [["seed=7", "sweep=seeds"]]


def test_the_learners_of_the_page_are_a_sweep_whose_rest_can_be_asked_for():
    cells = []
    for sweep, budget in (("learners", 300_000), ("learners_long", 1_000_000)):
        found = jobs(f"sweep={sweep}")
        assert found.complete
        told = [dict(one.split("=") for one in job) for job in found.overrides]
        cells += [
            Cell(one["env"], one["algo"], budget, one["algo.marked"].lower() == "true", int(one["seed"]))
            for one in told
        ]
    assert sorted(cells) == sorted(plan())
    assert len(jobs("sweep=learners", "algo=sac", "seed=3,4").overrides) == 2 * 3 * 2


def test_those_of_the_exact_ids_are_too():
    found = jobs("sweep=exact_learners")
    told = [dict(one.split("=") for one in job) for job in found.overrides]
    cells = [exact_learners.Cell(one["experiment"], "group_ppo", int(one["seed"])) for one in told]
    assert found.complete and set(cells) < set(exact_learners.plan()) and len(set(cells)) == 15


def test_an_interval_in_hydras_own_sweeper_is_refused():
    with pytest.raises(SettingsError, match=r"^algo\.parameters\.gae_lambda=interval\(0,1\): an interval needs"):
        jobs("algo.parameters.gae_lambda=interval(0,1)")


def test_a_sweeper_that_would_choose_other_jobs_is_not_resumed(monkeypatch, capsys, tmp_path):
    run(monkeypatch, "-m", "hydra/sweeper=halving", *TINY, INTERVAL, f"hydra.sweep.dir={tmp_path}")
    capsys.readouterr()
    assert "it needs hydra.sweeper.sampler.seed" in ended(monkeypatch, capsys, f"resume={tmp_path}")
