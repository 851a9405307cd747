"""A mistake on the command line: one line that names key, value and what is allowed, exit code 2, no folder."""

import pytest

from tests.train.command import FILE, TINY, ended

MISTAKES = [
    # settings
    ("sed=3", ("sed", "did you mean 'seed'?")),
    ("seed=many", ("seed", "many", "a whole number")),
    ("seed=-1", ("seed", "-1", "greater than or equal to 0")),
    ("seed=9999", ("seed: 9999", "allowed: 0 to 3905")),
    ("seed=true", ("seed: True", "a whole number")),
    ("total_steps=1.5", ("total_steps: 1.5", "a whole number")),
    ("total_steps=0", ("total_steps: 0", "greater than or equal to 1")),
    ("checkpoint.every=0", ("checkpoint.every: 0", "greater than or equal to 1")),
    ("evaluation.seed=5", ("evaluation.seed", "5", "1000000")),
    ("evaluation.episodes=1", ("evaluation.episodes: 1", "greater than or equal to 2")),
    ("evaluation.policies=[just_in_tim]", ("just_in_tim", "did you mean 'just_in_time'?")),
    ("evaluation.policies=[random,random]", ("evaluation.policies: random is listed twice",)),
    ("+evaluation.episode=5", ("evaluation.episode", "did you mean 'episodes'?")),
    ("env.id=nea/KETS-v9", ("env.id: nea/KETS-v9", "did you mean 'nea/KETS-v0'?")),
    ("env.id=CartPole-v1", ("env.id: CartPole-v1", "allowed: nea/")),
    ("figures=yes", ("figures: yes", "allowed: true or false")),
    ("algo.marked=1", ("algo.marked: 1", "allowed: true or false")),
    ("progress=maybe", ("progress: maybe", "'auto', 'on' or 'off'")),
    # choices
    ("env=kest", ("env=kest", "did you mean 'kets'?", "tokyo")),
    ("algo=pppo", ("algo=pppo", "did you mean 'ppo'?", "sac")),
    ("scenario=nowhere", ("scenario=nowhere", "linked_kets")),
    ("scenario=nowhere.yaml", ("nowhere.yaml",)),
    # the scenario
    ("scenario.market.volatilty=0.2", ("scenario.market.volatilty", "did you mean 'volatility'?", "allowed: ")),
    ("scenario.market.volatility=-0.2", ("scenario.market.volatility", "-0.2", "greater than or equal to 0")),
    ("scenario.market.volatility=true", ("scenario.market.volatility: True", "expected a number")),
    ("scenario.market.volatility='0.2'", ("scenario.market.volatility: '0.2'", "expected a number, without quotes")),
    ("scenario.market.price=-5", ("scenario.market.price", "-5", "greater than 0")),
    ("scenario.start=2031-01", ("2031-01",)),
    ("scenario.name=mine", ("scenario.name", "unknown key")),
    ("scenario.links=[nowhere]", ("scenario.links", "nowhere", "allowed: ")),
    ("regime.banking.*.limt=none", ("scenario.regime.banking.*.limt", "did you mean 'limit'?")),
    ("scenario.regime.banking.1990-1999.limit=none", ("scenario.regime.banking.1990-1999.limit: ", "2015")),
    ("scenario.links=[tps_kets]", ("scenario.links: tps_kets is a link for firms in tps; this scenario plays kets",)),
    ("~scenario.market.gap", ("scenario.market.gap=null",)),
    # the algorithm
    ("algo.parameters.learning_rat=1", ("learning_rat", "did you mean 'learning_rate'?")),
    ("+algo.parameters.learning_rat=1", ("learning_rat", "did you mean 'learning_rate'?")),
    ("algo.parameters.learning_rate=-1", ("algo.parameters.learning_rate: -1", "above 0")),
    ("algo.parameters.gae_lambda=abc", ("algo.parameters.gae_lambda: abc", "a number of at least 0 and at most 1")),
    ("algo.parameters.batch_size=1", ("algo.parameters.batch_size: 1", "a whole number of at least 2")),
    ("algo.policy=Mlp", ("algo.policy: Mlp", "residual")),
    (
        "algo.policy_kwargs.net_arch=[64,0]",
        ("algo.policy_kwargs.net_arch: [64, 0]", "a whole number of at least 1 and at"),
    ),
    ("algo.policy_kwargs.net_arch=[100000000]", ("net_arch: [100000000]", "at most 10000")),
    ("algo=null", ("algo=null", "must be a string")),
    ("algo.policy_kwargs.activation_fn=sin", ("algo.policy_kwargs.activation_fn: sin", "relu")),
    ("algo.policy_kwargs.net_arc=[8]", ("algo.policy_kwargs.net_arc", "did you mean 'net_arch'?")),
    ("algo.policy_kwargs.log_std.trad=1", ("algo.policy_kwargs.log_std.trad: no such action", "mean 'trade'?")),
    ("algo.policy_kwargs.log_std.trade=x", ("algo.policy_kwargs.log_std.trade: x", "a number")),
    ("algo.num_envs=0", ("algo.num_envs", "0", "greater than or equal to 1")),
    # the command itself
    ("seed=1,2", ("seed=1,2", "-m")),
    ("seed", ("seed", "key=value")),
    ("seed=[1", ("seed=[1", "key=value")),
    ("--wrong", ("--wrong", "--help")),
    ("--cfg", ("--cfg", "--help")),
    ("--resolve", ("--resolve: can't be combined",)),
    ("--config-name=mine", ("--config-name", "hydra.searchpath")),
    ("force=true", ("force=true", "resume=")),
    ("hydra/launcher=nowhere", ("hydra/launcher=nowhere", "basic")),
]


@pytest.mark.parametrize(("override", "words"), MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(override, words, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = ended(monkeypatch, capsys, override)
    for word in words:
        assert word in line, line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("overrides", "words", "absent"),
    [
        (["algo=dqn", "algo.parameters.gae_lambda=0.9"], ("gae_lambda", "of dqn", "buffer_size"), "n_epochs"),
        (["algo=dqn", "algo.parameter.x=1"], ("algo.parameter:", "did you mean 'parameters'?"), "n_epochs"),
        (["algo=td3", "algo.policy=residual"], ("algo.policy: residual", "MlpPolicy with td3"), "allowed: residual"),
        (["algo=sac", "algo.policy=residual", "+algo.policy_kwargs.scale=0"], ("policy_kwargs.scale: 0",), "net_arch"),
        (["algo=dqn", "algo.policy_kwargs.log_std_init=1"], ("log_std_init", "net_arch"), "ortho_init"),
        (["algo=sac", "algo.parameters.ent_coef=automatic"], ("ent_coef: automatic", "auto_0.1"), "batch"),
        (["algo.num_envs=1", "algo.parameters.n_steps=1"], ("algo.parameters.n_steps: 1", "at least 2"), "batch"),
        (["algo=td3", "+algo.parameters.train_freq=[1,episode]"], ("train_freq: [1, 'episode']", "64"), "n_epochs"),
    ],
)  # fmt: skip
def test_hints_come_from_the_jobs_own_choices(overrides, words, absent, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = ended(monkeypatch, capsys, *overrides)
    for word in words:
        assert word in line, line
    assert absent not in line
    assert list(tmp_path.iterdir()) == []


def test_what_only_the_libraries_refuse_is_one_line_too(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = ended(monkeypatch, capsys, "algo=sac", "algo.parameters.optimize_memory_usage=true", "algo.num_envs=2")
    assert "algo.parameters.optimize_memory_usage: True, refused by sac" in line
    line = ended(monkeypatch, capsys, "algo.policy_kwargs.optimizer_kwargs={epsilon: 1}")
    assert "algo: ppo refuses these settings" in line and "epsilon" in line
    line = ended(monkeypatch, capsys, "algo.parameters.use_sde=true")
    assert "residual policy" in line
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_that_cannot_be_lowered_is_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = ended(monkeypatch, capsys, *TINY, "scenario.firm.abatement.steepness=1e4")
    assert line.startswith("train.py: scenario.firm.abatement.steepness: 10000: ") and "at most" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["scenario.market.volatility=0.2,-0.2"], "-0.2"),
        (["env=kets,tokio"], "tokio"),
        (["algo=ppo,sac", "algo.parameters.gae_lambda=0.9"], "no such parameter of sac"),
        (["algo.parameters.n_steps=1,2", "algo.num_envs=2,1"], "n_steps: 1, allowed: at least 2"),  # only together
        (["scenario=kets_phase2,broken.yaml"], "broken.yaml"),
        (["seed=range(0,2,0)"], "seed=range(0,2,0)"),
        (["hydra.sweeper.max_batch_size=0"], "hydra.sweeper.max_batch_size: 0, allowed: at least 1"),
        (["--run"], "--run --multirun: can't be combined"),
        (["env=glob(nothing*)"], "there is no such value"),
        (["algo.parameters.tau=interval(0.1,0.2)"], "algo.parameters.tau=interval(0.1,0.2): an interval needs"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_sweep_is_found_before_the_first_job(arguments, word, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_text(f"{FILE}name: mine\nname: twice\n")
    line = ended(monkeypatch, capsys, "-m", *arguments)
    assert word in line, line
    assert [path.name for path in tmp_path.iterdir()] == ["broken.yaml"]
