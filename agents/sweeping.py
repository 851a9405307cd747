"""A sweep from its command line to its table, and one job of it from its folder to its cost."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from omegaconf import DictConfig

from agents import resume_sweep, scenario_choice, sweep_table
from agents.command_line import CommandLine, Sweep, plain
from agents.refusal import JobError, tell
from agents.run_folder import RunFolder
from agents.settings import Settings, check
from agents.sweep import values_by_key
from agents.sweep_folder import SweepFolder


def start(sweep: Sweep, arguments: Sequence[str], hydra_arguments: list[str], run: Callable[[], Any]) -> None:
    """Run a new sweep.

    Args:
        sweep: its jobs and its folder.
        arguments: as typed.
        hydra_arguments: the arguments for Hydra.
        run: Hydra's main function, which takes its arguments from ``sys.argv``.

    Raises:
        JobError: a job failed, or the launcher did.
        SettingsError: another sweep has taken the folder.
    """
    with RunFolder(sweep.folder.path).held():
        recorded = scenario_choice.with_absolute_paths(arguments)
        sweep.folder.begin([one for one in recorded if not one.startswith("hydra.sweep.dir=")])
        _run(sweep, hydra_arguments, set(), run)


def go_on(folder: SweepFolder, force: bool, run: Callable[[], Any]) -> None:
    """Run what is left of a sweep.

    Args:
        folder: of the sweep.
        force: even if versions differ from those of its jobs so far.
        run: as in ``start``.

    Raises:
        JobError: a job failed, or the launcher did.
        SettingsError: it would not be the same sweep.
        CheckpointError: a job's last checkpoint is damaged.
    """
    with RunFolder(folder.path).held():
        line = CommandLine(folder.arguments, resumed=folder.path)
        hydra_arguments = line.prepare()
        assert line.sweep is not None
        resume_sweep.refuse_if_changed(line.sweep, force=force)
        folder.reopen(force=force)
        _run(line.sweep, hydra_arguments, sweep_table.finished(folder), run)


def _run(sweep: Sweep, hydra_arguments: list[str], skipped: set[int], run: Callable[[], Any]) -> None:
    """Run the jobs and show their results, however it ends."""
    sys.argv[1:] = hydra_arguments
    unfinished = "failed"
    try:
        run()
    except (SystemExit, KeyboardInterrupt):
        unfinished = "stopped"
        raise
    except Exception as error:
        if not _of_ray(error):
            raise
        tell(f"hydra/launcher=ray: {str(error).strip().partition(chr(10))[0]}")
        raise JobError from None
    finally:
        sweep_table.tell(sweep, skipped, unfinished)


def _of_ray(error: Exception) -> bool:
    """Whether Ray raised it: it could not start or be reached, or has given up a job whose worker was killed."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(module.startswith("ray.") for module in (modules[-1], type(error).__module__))


def run_job(
    config: DictConfig, hydra_config: Any, folder: RunFolder,
    begin: Callable[[Settings, RunFolder], float], go_on: Callable[[Settings, RunFolder], float],
) -> float:  # fmt: skip
    """A job of a sweep: a new run, the rest of one that was stopped, or the result of a finished one.

    Args:
        config: of the run.
        hydra_config: Hydra's own.
        folder: of the run.
        begin: starts a run in a folder that has just been claimed.
        go_on: continues a run in its folder.

    Returns:
        Its mean cost, in % of exposure, which is what a sweep minimises.

    Raises:
        SettingsError: the settings are refused, or the folder holds another run.
        CheckpointError: the last checkpoint is damaged.
        JobError: the run failed.
    """
    sweep, number, ignored = SweepFolder(hydra_config.sweep.dir), int(hydra_config.job.num), hydra_config.output_subdir
    has_begun = sweep.enter(number, values_by_key(hydra_config.overrides.task), folder, ignored)
    with sweep.noting_end(folder):
        settings = check(plain(config))
        if has_begun:
            with folder.held():
                accepted = resume_sweep.continued(folder, settings, force=sweep.force)
                done = sweep_table.figures(folder)
                if done is not None:
                    return done["cost_pct"]["mean"]
                folder.write_versions(accepted.versions)
                cost = go_on(accepted.settings, folder)
        else:
            with folder.claimed(ignored=sweep.left(folder, ignored)):
                cost = begin(settings, folder)
    print(f"job {number}: {settings.algo.name} costs {cost:.2f} % of exposure, run folder: {folder.path}", flush=True)
    return cost
