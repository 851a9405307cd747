"""A run's folder, which belongs to one run, and what the run leaves in it.

Configuration, versions, model, metrics, evaluation, figures, TensorBoard and checkpoints. Every file is
written under another name and then renamed, so that a reader never sees half of one.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml  # the dialect of Hydra

from agents.refusal import SettingsError
from nea_env.atomic import write_bytes, write_text
from nea_env.library.errors import shown

_NEW = "allowed: a new or an empty folder, since each run has its own; "
_RUN = "allowed: a run's folder, with its config.yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast
_BUDGET = re.compile(r"^total_steps: *([0-9]+)", re.MULTILINE)
_DEEPEST = 100  # levels; libyaml crashes at many thousands


class _WithoutAliases(yaml.SafeDumper):
    """Writes equal parts in full each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class RunFolder:
    """Paths of a run.

    Args:
        path: the folder; made when it is claimed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.versions = self.path / "versions.json"
        self.model = self.path / "model.zip"
        self.metrics = self.path / "metrics.csv"
        self.evaluation = self.path / "evaluation.json"
        self.figures = self.path / "figures"
        self.checkpoints = self.path / "checkpoints"
        self.tensorboard = self.path / "tensorboard"

    def refuse_if_used(self, ignored: Collection[str | None] = ()) -> None:
        """Refuse a folder that holds anything.

        Args:
            ignored: names in it that do not count.

        Raises:
            SettingsError: it does, or it is not a folder.
        """
        try:
            held = {path.name for path in self.path.iterdir()} - set(ignored)
        except FileNotFoundError:
            return
        except OSError as error:
            raise SettingsError(f"{self.path}: {error.strerror}; {_NEW}choose another") from None
        if held:
            resume = f"resume={self.path} continues the run in it, or " if self.config.is_file() else ""
            raise SettingsError(f"{self.path}: is not empty, it holds {min(held)}; {_NEW}{resume}choose another")

    @contextmanager
    def claimed(self, ignored: Collection[str | None] = ()) -> Iterator[None]:
        """Make the folder this run's own before anything is written to it; see ``held``.

        Args:
            ignored: names in it that do not count; ``checkpoints`` is among them if this run was killed as it began.

        Raises:
            SettingsError: it belongs to another run, or can't be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{self.path}: can't be made, {error.strerror}; choose another folder") from None
        with self.held():
            self.refuse_if_used(ignored)
            try:
                # of two runs that found the folder empty, only one makes it
                self.checkpoints.mkdir(exist_ok=self.checkpoints.name in ignored)
            except OSError as error:
                raise SettingsError(f"{self.checkpoints}: {error.strerror}; choose another folder") from None
            try:
                yield
            finally:
                if not self.config.exists():  # it has not even begun
                    with suppress(OSError):
                        self.checkpoints.rmdir()
                        self.path.rmdir()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out for as long as this process lives, however it ends.

        Raises:
            SettingsError: another run or sweep is using it.
        """
        if os.name == "nt":  # no such locks: a folder is still claimed once, but not protected from a second resume
            yield
            return
        import fcntl

        try:
            place = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise SettingsError(f"resume={self.path}: no such folder ({error.strerror}); {_RUN}") from None
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
            why = "another run or sweep is using it; choose another folder or wait"
            raise SettingsError(f"{self.path}: {why}") from None
        except OSError:
            pass  # a file system without locks
        try:
            yield
        finally:
            os.close(place)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the configuration: plain values with nothing left to resolve."""
        write_text(self.config, yaml.dump(dict(config), Dumper=_WithoutAliases, allow_unicode=True, sort_keys=False))

    def read_config(self) -> dict[str, Any]:
        """The configuration as it was written.

        Raises:
            SettingsError: no such folder, no ``config.yaml`` in it, or one without a configuration.
        """
        if not self.path.is_dir():
            raise SettingsError(f"resume={self.path}: no such folder; {_RUN}")
        if not self.config.is_file():
            raise SettingsError(f"resume={self.path}: it holds no config.yaml; {_RUN}")
        text, depth = "", 0
        try:
            text = self.config.read_text(encoding="utf-8")
            for event in yaml.parse(text, _LOADER):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
                    raise ValueError("it has an alias or nests too deeply, which no run writes")
            tree = yaml.load(text, _LOADER)
        except Exception as error:  # whatever PyYAML raises for a damaged file
            problem = " ".join(str(error).split()) or type(error).__name__
            place = getattr(error, "context_mark", None) or getattr(error, "problem_mark", None)
            lines = text.splitlines()[place.line :][:1] if place is not None else []
            where = f"{shown(lines[0])}: " if lines else ""
            raise SettingsError(
                f"resume: {self.config} is not YAML ({where}{problem[:200]}); allowed: what the run wrote"
            ) from None
        if not isinstance(tree, dict):
            raise SettingsError(f"resume: {self.config} holds no configuration; allowed: what the run wrote")
        return {str(key): value for key, value in tree.items()}

    @property
    def total_steps(self) -> int | None:
        """The budget in ``config.yaml``, read without the rest of it; None if there is none."""
        try:
            match = _BUDGET.search(self.config.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
        return int(match[1]) if match else None

    def write_versions(self, versions: Mapping[str, Any]) -> None:
        """Write the versions in use."""
        write_text(self.versions, json.dumps(versions, indent=2) + "\n")

    def read_versions(self) -> dict[str, Any]:
        """The versions as they were written; empty if there are none.

        Raises:
            SettingsError: the file is damaged.
        """
        if not self.versions.exists():
            return {}
        try:
            noted = json.loads(self.versions.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise SettingsError(f"resume: {self.versions}: can't be read ({error})") from None
        if not isinstance(noted, dict) or not isinstance(noted.get("resumes", []), list):
            raise SettingsError(f"resume: {self.versions} holds no versions")
        return noted

    def write_model(self, archive: bytes) -> None:
        """Write ``model.zip``."""
        write_bytes(self.model, archive)


def new_folder(path: Path) -> Path:
    """Make a folder under a name that is not taken: ``path``, or ``path_2``, ``path_3``, ….

    Raises:
        SettingsError: it can't be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            candidate = path if number == 1 else path.with_name(f"{path.name}_{number}")
            try:
                candidate.mkdir()
                return candidate
            except FileExistsError:
                continue
    except OSError as error:
        raise SettingsError(f"{path}: can't be made, {error.strerror}; choose another folder") from None
    raise AssertionError("count never ends")
