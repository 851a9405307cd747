"""A sweep's folder: the command that started it, and in each of its runs a note of which job it is.

``sweep.json`` holds the arguments, so that ``resume=FOLDER`` can continue the sweep. ``job.json`` in a run folder
records the job's number, what it overrides, how often it has begun and how it ended early: a job whose process was
killed may be started again in its folder, by the launcher or by a resume, and any other run is kept out. The note
also holds the folder's path in the sweep, so that a copy of the folder does not count as a job.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from agents.refusal import JSON_ERRORS, SettingsError
from agents.run_folder import RunFolder
from nea_env.atomic import WRITING, write_text

STARTS = 3
"""How often a job may begin each time its sweep runs; Ray would begin it a fourth time, then end the whole sweep."""

_NOTE = "job.json"


class Job(NamedTuple):
    """A job that has begun.

    Attributes:
        number: from 0 on.
        overrides: values by key, its own and those of all jobs.
        starts: how often it has begun since the sweep did, or was last resumed.
        ended: ``"failed"`` or ``"stopped"``; None if it has finished, is running or was killed.
        folder: of its run.
    """

    number: int
    overrides: dict[str, str]
    starts: int
    ended: str | None
    folder: RunFolder


class SweepFolder:
    """Paths and notes of a sweep.

    Args:
        path: the folder that holds those of the runs.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.record = self.path / "sweep.json"
        self.table = self.path / "sweep.csv"

    def refuse_if_used(self) -> None:
        """Refuse a folder that holds a sweep already.

        Raises:
            SettingsError: it does.
        """
        if self.record.exists():
            raise SettingsError(
                f"hydra.sweep.dir: {self.path} holds a sweep; resume={self.path} continues it, or choose another"
            )

    def begin(self, arguments: Sequence[str]) -> None:
        """Record a new sweep's command line.

        Raises:
            SettingsError: the folder holds a sweep already.
        """
        self.refuse_if_used()
        self._write({"arguments": list(arguments), "id": secrets.token_hex(8), "force": False})

    def reopen(self, *, force: bool) -> None:
        """Let every job begin again.

        Args:
            force: even if versions differ from those that it began with.
        """
        self._write({**self._read(), "force": force})
        for job in self.jobs():
            self._note(job._replace(starts=0))

    @property
    def arguments(self) -> list[str]:
        """The command line that started it.

        Raises:
            SettingsError: ``sweep.json`` is damaged.
        """
        return list(self._read()["arguments"])

    @property
    def force(self) -> bool:
        """Whether jobs are continued with other versions."""
        return self._read()["force"] is True

    def jobs(self) -> list[Job]:
        """The jobs that have begun, in order."""
        own, begun = self._read()["id"], []
        for place, inside, files in os.walk(self.path):
            if _NOTE in files:
                folder = RunFolder(place)
                unread = (folder.checkpoints, folder.figures, folder.tensorboard)
                inside[:] = set(inside) - {path.name for path in unread}
                begun.append(self._job(folder, own))
        return sorted((job for job in begun if job is not None), key=lambda job: job.number)

    def enter(self, number: int, overrides: Mapping[str, str], folder: RunFolder, ignored: str | None) -> bool:
        """Note in a job's folder that it begins.

        Args:
            number: of the job.
            overrides: of the job, values by key.
            folder: of its run.
            ignored: a name in it that does not count.

        Returns:
            Whether it has a configuration there, so that it is continued.

        Raises:
            SettingsError: the folder holds another run, or the job was killed too often.
        """
        before = self._job(folder, self._read()["id"])
        if before is None:
            folder.refuse_if_used({ignored})
        starts = 1 if before is None else before.starts + 1
        given_up = starts > STARTS
        self._note(Job(number, dict(overrides), starts, "failed" if given_up else None, folder))
        if given_up:
            command = f"python train.py resume={shlex.quote(str(self.path))}"
            raise SettingsError(
                f"{folder.path}: its process was killed {STARTS} times; {command} gives it {STARTS} more tries"
            )
        return folder.config.is_file()

    @contextmanager
    def noting_end(self, folder: RunFolder) -> Iterator[None]:
        """Note in a job's folder if it failed or was stopped."""
        try:
            yield
        except BaseException as error:
            stopped = isinstance(error, SystemExit | KeyboardInterrupt)
            with suppress(OSError, SettingsError):  # a full disk: the table then shows how the sweep ended
                job = self._job(folder, self._read()["id"])
                if job is not None:
                    self._note(job._replace(ended="stopped" if stopped else "failed"))
            raise

    def left(self, folder: RunFolder, ignored: str | None) -> set[str | None]:
        """Names that a job leaves in its folder when it is killed before it has written its configuration."""
        return {ignored, _NOTE, folder.checkpoints.name, f"{WRITING}{_NOTE}", f"{WRITING}{folder.config.name}"}

    def relative(self, folder: RunFolder) -> str:
        """A run folder's path from the sweep's."""
        return Path(os.path.relpath(folder.path, self.path)).as_posix()

    def _job(self, folder: RunFolder, own: str) -> Job | None:
        """The note in a folder, if it is one of the sweep with this id, and about this folder."""
        try:
            note = json.loads((folder.path / _NOTE).read_text(encoding="utf-8"))
            if note["id"] != own or note["folder"] != self.relative(folder):
                return None
            overrides = {str(key): str(value) for key, value in dict(note["overrides"]).items()}
            number, starts = note["job"], note["starts"]
            if type(number) is not int or type(starts) is not int or min(number, starts) < 0:
                return None
            return Job(number, overrides, starts, note["ended"], folder)
        except JSON_ERRORS:
            return None

    def _note(self, job: Job) -> None:
        note = {
            "job": job.number, "overrides": job.overrides, "starts": job.starts, "ended": job.ended,
            "folder": self.relative(job.folder), "id": self._read()["id"],
        }  # fmt: skip
        write_text(job.folder.path / _NOTE, json.dumps(note, indent=2) + "\n")

    def _read(self) -> dict[str, Any]:
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
            arguments = record["arguments"]
            if not isinstance(arguments, list) or not all(isinstance(one, str) for one in arguments):
                raise ValueError("arguments is not a list of strings")
            if not {"-m", "--multirun"} & set(arguments):
                raise ValueError("arguments do not start a sweep")
            if not isinstance(record["force"], bool) or not isinstance(record["id"], str):
                raise ValueError("force is not a boolean, or id is not text")
        except JSON_ERRORS as error:
            why = " ".join(str(error).split())[:200]
            raise SettingsError(f"resume: {self.record}: is damaged ({why}); allowed: what the sweep wrote") from None
        return dict(record)

    def _write(self, record: dict[str, Any]) -> None:
        write_text(self.record, json.dumps(record, indent=2) + "\n")
