"""A run: learn, compare with the rules, keep everything in its folder."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import CallbackList

from agents import checkpoint, evaluate, figures, metrics, resume
from agents.algorithms import WHOLE_EPISODE_ALGORITHMS, make_model
from agents.checkpoint_callback import CheckpointCallback
from agents.command_line import Resume
from agents.interruption import Interrupted, Interruption
from agents.monitor import Progress, bar, closed, make_logger
from agents.refusal import JobError, tell
from agents.run_folder import RunFolder
from agents.sb3 import FirmVecEnv, make_vec_env
from agents.settings import Settings
from agents.versions import versions
from nea_env.bench.score import optimum, scores
from nea_env.library.grammar import label
from nea_env.policies.by_name import opponents
from nea_env.policies.seeds import training_seed
from nea_env.solvers.bracket import kept_bracket


def make_env(settings: Settings) -> FirmVecEnv:
    """The training environment: the seeds of its rows belong to this run's seed alone.

    An algorithm that plays whole episodes chooses them itself.
    """
    algo, first = settings.algo, training_seed(settings.seed, settings.algo.num_envs)
    spread = algo.name not in WHOLE_EPISODE_ALGORITHMS
    return make_vec_env(
        settings.id, algo.num_envs, first, spread=spread, reward=algo.reward, scenario=settings.scenario
    )


def build(settings: Settings, env: FirmVecEnv) -> BaseAlgorithm:
    """A new model."""
    algo = settings.algo
    model = make_model(
        algo.name, env, seed=settings.seed, gamma=float(env.get_attr("discount")[0]), policy=algo.policy,
        policy_kwargs=dict(algo.policy_kwargs), parameters=algo.parameters,
    )  # fmt: skip
    env.seed(training_seed(settings.seed, algo.num_envs))  # the model has seeded the rows with its own
    return model


def learn(settings: Settings, folder: RunFolder, stop: Interruption | None = None) -> BaseAlgorithm:
    """Train to the end of the budget, from the last checkpoint on, or load the model of a finished training.

    Raises:
        CheckpointError: a file to continue from is damaged.
        Interrupted: ``stop`` was asked for; a checkpoint has been saved.
    """
    name, saved = settings.algo.name, checkpoint.latest(folder.checkpoints)
    if saved is not None and checkpoint.steps(saved) < settings.total_steps:
        for path in (folder.evaluation, folder.model):  # of a smaller budget
            path.unlink(missing_ok=True)
    elif saved is not None and not folder.model.is_file():
        folder.write_model(checkpoint.archive(saved))
    if folder.model.is_file():
        return checkpoint.load_policy(folder.model, name)
    with closing(make_env(settings)) as env:
        restored = None if saved is None else checkpoint.load(saved, name, env)
        model = build(settings, env) if restored is None else restored.model
        done = model.num_timesteps
        about = partial(metrics.manifest, folder.metrics, settings.plain(), versions())
        saving = CheckpointCallback(folder.checkpoints, settings.checkpoint.every, about, restored, stop)
        model.set_logger(make_logger(folder.metrics, folder.tensorboard, done))
        title = f"{name} on {label(settings.scenario.name, settings.scenario.changes)}"
        progress = bar(settings.total_steps, title, "steps", initial=done, mode=settings.progress)
        with closed(model.logger), progress:
            model.learn(
                max(0, settings.total_steps - done),
                CallbackList([saving, Progress(progress)]),
                log_interval=settings.algo.num_envs if hasattr(model, "replay_buffer") else 1,
                reset_num_timesteps=done == 0,
            )
        saved = checkpoint.latest(folder.checkpoints)
        assert saved is not None
        folder.write_model(checkpoint.archive(saved))
    return model


def compare(settings: Settings, model: BaseAlgorithm, folder: RunFolder, stop: Interruption, brief: bool) -> float:
    """Evaluate the model and the rules; write the table and, unless ``brief``, print it.

    Returns:
        The model's mean cost in % of exposure.
    """
    scenario, name, steps = settings.scenario, settings.algo.name, model.num_timesteps
    policies: dict[str, Any] = {
        **opponents(settings.evaluation.policies, scenario, settings.progress != "off"),
        **optimum(scenario, progress=settings.progress != "off"),
        name: model,
    }
    seeds = evaluate.evaluation_seeds(settings.evaluation.seed, settings.evaluation.episodes)
    with bar(len(policies) * len(seeds), "evaluation", "episodes", mode=settings.progress) as progress:

        def update(episodes: int) -> None:
            progress.update(episodes)
            stop.check()

        outcomes = evaluate.outcomes_of(policies, scenario, seeds, chunk=settings.evaluation.chunk, progress=update)
    summary = evaluate.summarise(outcomes, scores(policies, scenario))
    stop.check()
    title = label(scenario.title, scenario.changes)
    if settings.figures:
        figures.fans(outcomes, scenario, folder.figures / "fans.png")
        figures.learning_curve(folder.metrics, summary, name, folder.figures / "learning_curve.png", title)
    stop.check()
    evaluate.write(  # last of all: its presence means that the run has finished
        folder.evaluation, summary, scenario=scenario.name, changes=list(scenario.changes), algorithm=name,
        seed=settings.seed, steps=steps, episodes=len(seeds), first_seed=int(seeds[0]),
    )  # fmt: skip
    if not brief:
        asked = "" if steps == settings.total_steps else f" ({settings.total_steps:,} asked for, rollouts are whole)"
        played = f"{len(seeds):,} held-out episodes, {name} after {steps:,} steps{asked}"
        evaluate.show(summary, f"{title}: {played}")
        if (known := kept_bracket(scenario)) is not None:
            print(known)
        print(f"run folder: {folder.path}")
    return float(summary[name]["cost_pct"]["mean"])


def run(settings: Settings, folder: RunFolder, brief: bool = False) -> float:
    """Learn, then compare. A signal, a full disk or lack of memory ends it with one line that says how to continue.

    Args:
        settings: of the run.
        folder: of the run.
        brief: do not print the table.

    Returns:
        The model's mean cost in % of exposure.

    Raises:
        SystemExit: a signal stopped it.
        JobError: it could not write its files, or ran out of memory.
    """
    torch.set_num_threads(settings.threads)
    try:
        with Interruption() as stop:
            return compare(settings, learn(settings, folder, stop), folder, stop, brief)
    except Interrupted as signal:
        tell(f"stopped; {resume.hint(folder)}")
        raise SystemExit(signal.code) from None
    except KeyboardInterrupt:
        tell(f"stopped at once; {resume.hint(folder)}")
        raise SystemExit(130) from None
    except (OSError, MemoryError) as error:
        tell(f"{folder.path}: {str(error) or 'out of memory'}; {resume.hint(folder)}")
        raise JobError from None


def begin(settings: Settings, folder: RunFolder, brief: bool = False) -> float:
    """Run in a folder that has just been claimed; see ``run``."""
    folder.write_config(settings.plain())
    folder.write_versions({**versions(), "resumes": []})
    return run(settings, folder, brief)


def go_on(asked: Resume) -> None:
    """Resume a run in its folder."""
    folder = asked.folder
    with folder.held():
        accepted = resume.accept(asked)
        if accepted.note is not None:
            tell(accepted.note)
        folder.write_config(accepted.settings.plain())
        folder.write_versions(accepted.versions)
        run(accepted.settings, folder)
