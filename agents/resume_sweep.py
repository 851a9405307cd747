"""``resume=FOLDER`` of a sweep: the same jobs again, skipping those that have finished."""

from __future__ import annotations

import shlex

from omegaconf import OmegaConf

from agents import resume
from agents.command_line import Resume, Sweep
from agents.refusal import SettingsError
from agents.resume import Continuation
from agents.run_folder import RunFolder
from agents.settings import Settings
from agents.sweep_folder import SweepFolder


def asked(request: Resume) -> SweepFolder | None:
    """The sweep that a resume names, or None if it names a single run.

    Raises:
        SettingsError: it asks for changes, which a sweep does not allow.
    """
    sweep = SweepFolder(request.folder.path)
    if not sweep.record.is_file():
        return None
    if request.overrides:
        raise SettingsError(
            f"{request.overrides[0]}: a sweep continues as it was started; allowed with resume=: force=true"
        )
    return sweep


def refuse_if_changed(sweep: Sweep, *, force: bool) -> None:
    """Check that each job that has begun can be continued as the same run. Writes nothing.

    Raises:
        SettingsError: a setting, a version or the choice of jobs would not be that of the same sweep.
        CheckpointError: a run's last checkpoint is damaged.
    """
    if not sweep.jobs.complete:
        _refuse_if_unrepeatable(sweep)
    planned = dict(enumerate(sweep.cells))
    for job in sweep.folder.jobs():
        path, settings = planned.get(job.number, (job.folder.path, None))
        if path != job.folder.path:
            raise SettingsError(f"{job.folder.path}: resume: job {job.number} would now be in {path}, as another run")
        if job.folder.config.is_file():
            continued(job.folder, settings, force=force)


def continued(folder: RunFolder, settings: Settings | None, *, force: bool) -> Continuation:
    """How a job is continued in its folder.

    Args:
        folder: of its run.
        settings: of the job, or None if they are not known yet.
        force: even with other versions.

    Raises:
        SettingsError: it would be another run; the message names the folder and the setting or version.
        CheckpointError: the last checkpoint is damaged.
    """
    try:
        accepted = resume.accept(Resume(folder, (), force))
        if settings is not None:
            _refuse_if_other(accepted.settings, settings)
    except SettingsError as error:
        raise SettingsError(f"{folder.path}: {error}") from None
    return accepted


def _refuse_if_other(own: Settings, planned: Settings) -> None:
    """Refuse a job that is no longer the sweep's; it may have changed as far as resuming it alone allows.

    Raises:
        SettingsError: another setting differs, or its budget is smaller than the sweep's.
    """
    if own.scenario.digest == planned.scenario.digest:  # names and titles may differ
        planned = planned.model_copy(update={"scenario": own.scenario})
    resume.refuse_if_other(own.plain(), planned.plain())
    if own.total_steps < planned.total_steps:
        raise SettingsError(
            f"total_steps: {own.total_steps}, allowed: at least {planned.total_steps}, as the sweep was planned"
        )


def hint(sweep: SweepFolder) -> str:
    """How to continue a sweep that has not finished."""
    return f"python train.py resume={shlex.quote(str(sweep.path))} continues the sweep"


def _refuse_if_unrepeatable(sweep: Sweep) -> None:
    """Refuse a sweeper that would choose other jobs: its sampler has no seed, or knows the first jobs' results."""
    sweeper = sweep.jobs.first.hydra.sweeper
    if OmegaConf.select(sweeper, "storage") is not None:
        raise SettingsError(
            f"resume: {sweep.folder.path}: the study in hydra.sweeper.storage already holds its jobs; "
            "the same command with another hydra.sweep.dir continues that study"
        )
    if OmegaConf.select(sweeper, "sampler.seed") is None:
        raise SettingsError(
            f"resume: {sweep.folder.path}: its sweeper would choose other jobs; it needs hydra.sweeper.sampler.seed"
        )
