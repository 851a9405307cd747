"""Train an agent as a covered firm, compare it with the rules on held-out seeds, keep everything in a folder.

python train.py                             PPO on nea/KETS-v0
python train.py env=tokyo algo=sac seed=3   another market, another algorithm
python train.py --help                      all there is
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: idle threads would spin on the core's CPUs

import sys
from pathlib import Path
from typing import Any

import hydra
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import CallbackList

from agents import checkpoint, evaluate, figures
from agents.algorithms import load_model, make_model
from agents.command_line import CONFIGS, fail, help_text, plain, prepare, resume_folder
from agents.monitor import Progress, bar, make_logger
from agents.rules import make_rule
from agents.run_folder import RunFolder, reopen
from agents.sb3 import FirmVecEnv, make_vec_env, training_seed
from agents.settings import Settings, SettingsError, check


def make_env(settings: Settings) -> FirmVecEnv:
    """The training environment: its rows' seeds belong to this run's seed alone."""
    algo, first = settings.algo, training_seed(settings.seed, settings.algo.num_envs)
    return make_vec_env(settings.id, algo.num_envs, first, spread=True, marked=algo.marked, scenario=settings.scenario)


def build(settings: Settings, env: FirmVecEnv, folder: RunFolder) -> BaseAlgorithm:
    """A new model, or the one of the last checkpoint with the environment set back to it."""
    saved = checkpoint.latest(folder.checkpoints)
    if saved is not None:
        return checkpoint.load(saved, settings.algo.name, env)
    algo = settings.algo
    model = make_model(
        algo.name, env, seed=settings.seed, gamma=float(env.get_attr("discount")[0]), policy=algo.policy,
        policy_kwargs=dict(algo.policy_kwargs), parameters=algo.parameters,
    )  # fmt: skip
    env.seed(training_seed(settings.seed, algo.num_envs))  # the model has seeded the rows with its own
    return model


def learn(settings: Settings, folder: RunFolder) -> BaseAlgorithm:
    """Train to the end of the budget, or load what a finished training left."""
    if folder.model.is_file():
        return load_model(settings.algo.name, folder.model)
    env = make_env(settings)
    model = build(settings, env, folder)
    done = model.num_timesteps
    model.set_logger(make_logger(folder.metrics, folder.tensorboard, done))
    title = f"{settings.algo.name} on {settings.scenario.name}"
    with bar(settings.total_steps, title, "steps", initial=done, mode=settings.progress) as progress:
        model.learn(
            max(0, settings.total_steps - done),
            CallbackList([checkpoint.Checkpoints(folder.checkpoints, settings.checkpoint.every), Progress(progress)]),
            log_interval=settings.algo.num_envs if hasattr(model, "replay_buffer") else 1,
            reset_num_timesteps=done == 0,
        )
    model.logger.close()
    folder.save_model(model)
    env.close()
    return model


def compare(settings: Settings, model: BaseAlgorithm, folder: RunFolder) -> float:
    """Evaluate the model beside the rules; write and print the table. Returns its mean cost in % of exposure."""
    scenario, name = settings.scenario, settings.algo.name
    policies: dict[str, Any] = {rule: make_rule(rule, scenario.name) for rule in settings.evaluation.policies}
    policies[name] = model
    seeds = evaluate.evaluation_seeds(settings.evaluation.seed, settings.evaluation.episodes)
    with bar(len(policies) * len(seeds), "evaluation", "episodes", mode=settings.progress) as progress:
        chunk = settings.evaluation.chunk
        outcomes = evaluate.evaluate(policies, scenario, seeds, chunk=chunk, progress=progress.update)
    summary = evaluate.summarise(outcomes)
    evaluate.write(
        folder.evaluation, summary, scenario=scenario.name, algorithm=name, seed=settings.seed,
        steps=settings.total_steps, episodes=len(seeds), first_seed=int(seeds[0]),
    )  # fmt: skip
    if settings.figures:
        figures.fans(outcomes, scenario, folder.figures / "fans.png")
        figures.learning_curve(folder.metrics, summary, name, folder.figures / "learning_curve.png")
    evaluate.show(summary, f"{scenario.title}: {len(seeds):,} held-out episodes")
    print(f"run folder: {folder.path}")
    return float(summary[name]["cost_pct"]["mean"])


def run(settings: Settings, folder: RunFolder) -> float:
    """Learn, then compare."""
    torch.set_num_threads(settings.threads)
    return compare(settings, learn(settings, folder), folder)


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="config")
def job(config: DictConfig) -> float:
    """One run in Hydra's folder; its mean cost is what a sweep minimises."""
    folder = RunFolder(Path(HydraConfig.get().runtime.output_dir))
    settings = check(plain(config))
    folder.start(config)
    return run(settings, folder)


def main() -> None:
    """Check the command line, then run, sweep or resume."""
    arguments = sys.argv[1:]
    if {"--help", "-h"} & set(arguments):
        print(help_text())
        return
    try:
        resumed = resume_folder(arguments)
        if resumed is not None:
            folder, settings = reopen(resumed)
            run(settings, folder)
            return
        sys.argv[1:] = prepare(arguments)
    except (SettingsError, checkpoint.CheckpointError) as error:
        fail(error)
    job()


if __name__ == "__main__":
    main()
