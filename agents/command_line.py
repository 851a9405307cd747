"""The command line before Hydra runs: every job composed, checked and rehearsed, a folder for it, errors in one line.

Hydra makes a run folder before the job starts and answers a mistake with a traceback. Therefore each job of the
command line is composed and validated here first, and Hydra is given the folder to use.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from agents import scenario_choice
from agents.explain import CONFIG_GROUPS, explain
from agents.refusal import SettingsError
from agents.run_folder import RunFolder, new_folder
from agents.settings import Settings, check
from agents.sweep import Jobs, enumerate_jobs, without_globs
from agents.sweep_folder import SweepFolder
from nea_env.library import scenarios
from nea_env.library.arguments import EXPLAINED

CONFIGS = Path(__file__).resolve().parent.parent / "configs"

_NO_RUN = ("hydra_help", "version", "cfg", "info", "shell_completion")
_ELSEWHERE = ("config_path", "config_name", "config_dir", "experimental_rerun")
_OPEN = re.compile(r"(algo\.(?:parameters|policy_kwargs)\.[^=]+=.*)", re.DOTALL)


class Resume(NamedTuple):
    """A command line that continues a run.

    Attributes:
        folder: of the run.
        overrides: changes, as ``key=value``.
        force: continue even with other versions.
    """

    folder: RunFolder
    overrides: tuple[str, ...]
    force: bool


def asks_to_resume(arguments: Sequence[str]) -> Resume | None:
    """The command line as a resume, or None if it is not one.

    Raises:
        SettingsError: the folder is not named, or the options do not fit a resume.
    """
    folders = [argument.partition("=")[2] for argument in arguments if argument.startswith("resume=")]
    forces = [argument for argument in arguments if argument.startswith("force=")]
    if not folders:
        if forces:
            raise SettingsError(f"{forces[0]}: needs resume=FOLDER; allowed: resume=FOLDER {forces[0]}")
        return None
    if len(folders) > 1:
        named = " ".join(f"resume={folder}" for folder in folders)
        raise SettingsError(f"{named}: only one folder can be named; allowed: resume=FOLDER")
    if not folders[0]:
        raise SettingsError("resume=: names no folder; allowed: resume=FOLDER")
    if any(force not in ("force=true", "force=false") for force in forces):
        raise SettingsError(f"{forces[-1]}: allowed: force=true, force=false")
    others = tuple(one for one in arguments if not one.startswith(("resume=", "force=")))
    for other in others:
        if other.startswith("-"):
            raise SettingsError(f"{other}: can't be combined with resume=, which continues one run; allowed: key=value")
    return Resume(RunFolder(folders[0]), others, bool(forces) and forces[-1] == "force=true")


class Sweep(NamedTuple):
    """A sweep whose jobs have been checked.

    Attributes:
        folder: its own.
        jobs: to come.
        cells: folder and settings of each job, if these are known in advance.
    """

    folder: SweepFolder
    jobs: Jobs
    cells: list[tuple[Path, Settings]]


class CommandLine:
    """The arguments of ``train.py`` as Hydra needs them.

    Args:
        arguments: as typed. A file given as ``scenario=…`` gets a name that Hydra can read; ``algo.parameters.KEY=…``
            may set any parameter of the algorithm, including one that its file in ``configs/`` leaves at its default.
        resumed: the folder of a sweep to continue; ``hydra.sweep.dir`` is then that folder, whatever the arguments say.

    Attributes:
        multirun: whether it sweeps.
        sweep: the jobs to come and their folder, once they have been prepared.

    Raises:
        SettingsError: an option that does not exist, or a scenario file that can't be used.
    """

    def __init__(self, arguments: Sequence[str], resumed: Path | None = None) -> None:
        parser = get_args_parser()
        parser.error = _refuse  # type: ignore[method-assign]  # it would print its usage and exit
        options, unknown = parser.parse_known_args(list(arguments))
        if unknown:
            raise SettingsError(f"{unknown[0]}: no such option; allowed: what python train.py --help lists")
        for name in _ELSEWHERE:
            if getattr(options, name, None):
                option = name.replace("_", "-")
                raise SettingsError(
                    f"--{option}: train.py does not support it; hydra.searchpath=[FOLDER] adds to configs/"
                )
        commands = [f"--{name}" for name in ("run", "multirun", "cfg", "info") if getattr(options, name)]
        if len(commands) > 1 or (options.resolve and not options.cfg):
            raise SettingsError(f"{' '.join([*commands, *['--resolve'] * options.resolve])}: can't be combined")
        self.multirun = options.multirun or "hydra.mode=MULTIRUN" in options.overrides
        self.sweep: Sweep | None = None
        self._resumed = resumed
        self._arguments = _for_hydra(arguments, self.multirun)
        self._options: argparse.Namespace = options
        self._options.overrides = _for_hydra(options.overrides, self.multirun)

    def configuration(self) -> Settings | None:
        """The settings that ``--cfg job`` asks for, or None without that option."""
        if self._options.cfg != "job" or self._options.package:
            return None
        with composing():
            return _rehearsed(self._options.overrides)

    def prepare(self) -> list[str]:
        """The arguments for Hydra. If jobs are to be run, each is checked first and the folder is made.

        Raises:
            SettingsError: one line about the first mistake; nothing has been made.
        """
        if self._options.cfg or self._options.info:
            with composing():
                _composed(self._options.overrides)
        if any(getattr(self._options, name, None) for name in _NO_RUN):
            return self._arguments
        with composing():
            jobs = self._jobs()
            kind = "sweep" if self.multirun else "run"
            path = self._resumed or _folder(jobs.first, f"{kind}.dir")
            given = f"hydra.{kind}.dir" in jobs.keys or self._resumed is not None
            cells = self._check(jobs, path if given and self._resumed is None else None)
            hydra_arguments = self._arguments if jobs.complete else without_globs(self._arguments)
        if given:
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(f"hydra.{kind}.dir: {path} can't be made, {error.strerror}") from None
        else:
            path = new_folder(path)
        if self.multirun:
            path = path.resolve()  # jobs may run on other machines, in any folder
            self.sweep = Sweep(SweepFolder(path), jobs, [(path / folder, settings) for folder, settings in cells])
        elif given:
            return self._arguments
        others = [one for one in hydra_arguments if not one.startswith(f"hydra.{kind}.dir=")]
        return [*others, *_for_a_cluster(jobs.first), f"hydra.{kind}.dir={_quoted(str(path))}"]

    def _jobs(self) -> Jobs:
        overrides = self._options.overrides
        try:
            return enumerate_jobs(overrides, self.multirun, _composed)
        except (HydraException, OmegaConfBaseException) as error:
            raise SettingsError(explain(error, overrides)) from None

    def _check(self, jobs: Jobs, given: Path | None) -> list[tuple[Path, Settings]]:
        """Check every job, and a folder that the command line names; then rehearse jobs that train alike once.

        Returns:
            The folder of each job within the sweep's and its settings, if the jobs are known in advance.
        """
        different: dict[str, Settings] = {}
        cells: list[tuple[Path, Settings]] = []
        for number, overrides in enumerate(jobs.overrides):
            config = _composed(overrides)
            settings = _settings(config, overrides)
            alike = settings.model_dump(mode="json", include={"env", "algo", "scenario"})
            different[json.dumps(alike, sort_keys=True)] = settings
            if not self.multirun:
                cells.append((Path(), settings))
            elif jobs.complete:
                cells.append((_folder(config, "sweep.subdir", number=number), settings))
        folders = [folder for folder, _ in cells]
        twice = next((folder for folder in folders if folders.count(folder) > 1), None)
        if twice is not None:
            raise SettingsError(
                f"hydra.sweep.subdir: {twice} would be the folder of several jobs; put hydra.job.num in it"
            )
        outside = next((folder for folder in folders if folder.is_absolute() or ".." in folder.parts), None)
        if outside is not None:
            raise SettingsError(
                f"hydra.sweep.subdir: {outside} is outside the sweep's folder; allowed: a path inside it"
            )
        if given is not None:
            if self.multirun:
                SweepFolder(given).refuse_if_used()
            for folder in folders:
                RunFolder(given / folder).refuse_if_used()
        for settings in different.values():
            _rehearse(settings)
        return cells


def compose_settings(overrides: Sequence[str]) -> Settings:
    """The settings of one job, as ``python train.py`` with these overrides would have them.

    Raises:
        SettingsError: one line about the first mistake.
    """
    overrides = _for_hydra(overrides, multirun=False)
    with composing():
        return _rehearsed(overrides)


def help_text() -> str:
    """What ``--help`` prints: usage, and every choice there is."""
    choices = {group: _choices(group) for group in CONFIG_GROUPS}
    lines = [f"  {group}: {', '.join(names)}" for group, names in {**choices, "scenario": scenarios()}.items()]
    return (CONFIGS / "help.txt").read_text(encoding="utf-8").format(choices="\n".join(lines), overrides=EXPLAINED)


def _choices(group: str) -> list[str]:
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def plain(config: DictConfig) -> dict[str, Any]:
    """A composed configuration as plain values, without Hydra's own."""
    own = [str(key) for key in config if key != "hydra"]
    tree = OmegaConf.to_container(OmegaConf.masked_copy(config, own), resolve=True)
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}


@contextmanager
def composing() -> Iterator[None]:
    """Hydra's compose API on ``configs/``; any other use of Hydra in this process is left as it was."""
    before = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONFIGS), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().clear()
        if before is not None:
            GlobalHydra.instance().initialize(before)


def _for_hydra(arguments: Sequence[str], multirun: bool) -> list[str]:
    for argument in arguments:
        if argument.startswith("~scenario."):
            raise SettingsError(f"{argument}: write {argument[1:].partition('=')[0]}=null")
    named = scenario_choice.register(arguments, _choices("env"), sweep=multirun)
    return [f"++{argument}" if _OPEN.fullmatch(argument) else argument for argument in named]


def _for_a_cluster(config: DictConfig) -> list[str]:
    """What lets Hydra's Ray launcher connect to a running cluster, whose object store already has a size."""
    ray = OmegaConf.select(config, "hydra.launcher.ray.init")
    if ray is None or ray.get("address") is None or "object_store_memory" in ray:
        return []
    return ["+hydra.launcher.ray.init.object_store_memory=null"]  # otherwise the launcher sets one, which Ray refuses


def _composed(overrides: Sequence[str]) -> DictConfig:
    """A job's configuration with Hydra's own."""
    try:
        return compose("config", list(overrides), return_hydra_config=True)
    except Exception as error:  # Hydra's errors have no common class
        raise SettingsError(explain(error, overrides)) from None


def _folder(config: DictConfig, key: str, number: int = 0) -> Path:
    """A folder of Hydra's configuration, for instance ``run.dir``, as it is for the job of this number."""
    config = copy.deepcopy(config)  # Hydra makes it read-only
    before = HydraConfig.instance().cfg
    try:
        with open_dict(config):
            config.hydra.job.num = number
        HydraConfig.instance().set_config(config)
        return Path(str(OmegaConf.select(config, f"hydra.{key}")))
    except OmegaConfBaseException as error:
        raise SettingsError(explain(error)) from None
    finally:
        HydraConfig.instance().cfg = before


def _settings(config: DictConfig, overrides: Sequence[str]) -> Settings:
    """The settings of a composed job."""
    try:
        return check(plain(config))
    except OmegaConfBaseException as error:
        raise SettingsError(explain(error, overrides)) from None


def _rehearsed(overrides: Sequence[str]) -> Settings:
    """The settings of one job, tried out."""
    settings = _settings(_composed(overrides), overrides)
    _rehearse(settings)
    return settings


def _rehearse(settings: Settings) -> None:
    from agents.rehearsal import rehearse  # with torch, which takes seconds to import: mistakes are reported before

    rehearse(settings)


def _quoted(text: str) -> str:
    """A text that Hydra's grammar reads as it is."""
    escaped = text.replace("'", r"\'")
    return f"'{escaped}'"


def _refuse(message: str) -> NoReturn:
    raise SettingsError(f"{message}; allowed: what python train.py --help lists")
