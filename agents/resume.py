"""``resume=FOLDER``: what may change between a run and its continuation, and what the two must have in common."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents import checkpoint, metrics
from agents.amend import amended
from agents.command_line import Resume
from agents.refusal import CheckpointError, SettingsError
from agents.run_folder import RunFolder
from agents.settings import Settings, check
from agents.versions import changes, versions
from nea_env.library.reader import leaves

MAY_CHANGE = ("total_steps", "evaluation", "checkpoint", "figures", "progress")
"""Settings, and groups of them, that leave the training up to now as it is."""


class Continuation(NamedTuple):
    """A run that may be continued.

    Attributes:
        settings: for the rest of it.
        versions: for ``versions.json``: those in use, and ``resumes`` so far with what differed.
        note: how a longer budget changes the result, or None.
    """

    settings: Settings
    versions: dict[str, Any]
    note: str | None


def accept(resume: Resume) -> Continuation:
    """Check that a run can be continued as asked. Writes nothing.

    Raises:
        SettingsError: a setting or version that must not change differs, or the budget is smaller than before.
        CheckpointError: the run's last checkpoint is damaged.
    """
    folder = resume.folder
    config = folder.read_config()
    saved = checkpoint.latest(folder.checkpoints)
    manifest = checkpoint.manifest(saved) if saved is not None else {}
    was: dict[str, Any] = manifest.get("settings", config)
    wanted = amended(config, resume.overrides)
    budget = was.get("total_steps", 0)
    refuse_if_other(was, wanted)
    try:
        settings = check(wanted)
    except SettingsError as error:
        place = "" if resume.overrides else f"resume: {folder.config}: "
        raise SettingsError(f"{place}{error}") from None
    done = manifest.get("steps", 0)
    if settings.total_steps < budget:
        raise SettingsError(f"total_steps: {settings.total_steps}, allowed: at least {budget}, as the run was planned")
    if saved is None and folder.model.is_file() and settings.total_steps != budget:
        raise SettingsError(f"total_steps: {folder.path} holds a model but no checkpoint to continue from")
    if saved is not None:
        _whole(folder, saved, manifest, finished=done >= settings.total_steps)
    return Continuation(settings, _versions(folder, manifest, done, resume.force), _budget_note(settings, budget, done))


def _whole(folder: RunFolder, saved: Path, manifest: Mapping[str, Any], *, finished: bool) -> None:
    """Check the other files that the run continues with.

    Raises:
        CheckpointError: one is missing or damaged.
    """
    rows = metrics.read(folder.metrics, manifest["steps"]) if manifest["metrics"].get("rows") else []
    if metrics.digest(rows) != manifest["metrics"]:
        raise CheckpointError(f"{folder.metrics}: is damaged, its rows are not those that {saved.name} was saved with")
    expected = manifest["files"][checkpoint.MODEL_FILE]
    if finished and folder.model.exists() and checkpoint.file_hash(folder.model) != expected:
        raise CheckpointError(f"{folder.model}: is damaged; without it, resume takes the model from {saved.name}")


def hint(folder: RunFolder) -> str:
    """How to continue a run that has ended early."""
    saved = checkpoint.latest(folder.checkpoints)
    step = 0 if saved is None else checkpoint.steps(saved)
    return f"python train.py resume={shlex.quote(str(folder.path))} continues from step {step}"


def refuse_if_other(was: Mapping[str, Any], wanted: Mapping[str, Any], may_change: Sequence[str] = MAY_CHANGE) -> None:
    """Refuse the first setting that differs and may not.

    Args:
        was: settings of a run, as plain values.
        wanted: those of its continuation.
        may_change: settings, and groups of them, that may differ.

    Raises:
        SettingsError: names the setting, before and after.
    """
    before, after = dict(leaves(was)), dict(leaves(wanted))
    for key in dict.fromkeys([*before, *after]):
        same = key in before and key in after and before[key] == after[key]
        if not same and key.split(".")[0] not in may_change:
            change = f"{before.get(key, 'nothing')} → {after.get(key, 'nothing')}"
            allowed = ", ".join(may_change) or "nothing"
            raise SettingsError(f"resume: {key}: {change} would be another run; allowed to change: {allowed}")


def _budget_note(settings: Settings, before: int, done: int) -> str | None:
    """How the result differs from that of a run planned at the longer budget, in one line; None if it does not."""
    if settings.total_steps == before or done == 0:
        return None
    algo = settings.algo
    schedules = [key for key in ("learning_rate_end",) if algo.parameters.get(key) is not None]
    schedules += {"dqn": ["exploration_fraction"], "group_ppo": ["exploration", "ent_coef"]}.get(algo.name, [])
    if not schedules:
        return None
    keys, verb = " and ".join(f"algo.parameters.{key}" for key in schedules), "run" if schedules[1:] else "runs"
    return (
        f"note: {keys} {verb} over the whole budget: up to here over {before} steps, from here over "
        f"{settings.total_steps}, so the result is not that of a run planned at {settings.total_steps}"
    )


def _versions(folder: RunFolder, manifest: Mapping[str, Any], done: int, force: bool) -> dict[str, Any]:
    """The content of ``versions.json`` from here on."""
    before, now = folder.read_versions(), versions()
    differing = changes(manifest.get("versions", before), now)
    if differing and not force:
        changed = ", ".join(f"{name} {_short(old)} → {_short(new)}" for name, (old, new) in differing.items())
        raise SettingsError(
            f"resume: {changed}: the result would not be that of a single run; force=true continues anyway"
        )
    entry: dict[str, Any] = {"step": done}
    if differing:
        entry |= {"force": True, "changed": {name: list(pair) for name, pair in differing.items()}}
    return {**now, "resumes": [*before.get("resumes", []), entry]}


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) > 40 else text
