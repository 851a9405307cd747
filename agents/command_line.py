"""The command line before Hydra runs: scenarios to compose with, every job checked, errors in one line.

Hydra makes a run folder before the job starts and answers a mistake with a traceback. So each job of the
command line is composed and validated here first.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from agents.settings import Settings, SettingsError, check, suggest
from nea_env.library import ScenarioError, load_scenario, scenarios

CONFIGS = Path(__file__).resolve().parent.parent / "configs"

_NO_RUN = ("hydra_help", "version", "cfg", "info", "shell_completion")
_GROUPS = ("env", "algo", "experiment", "sweep")


_WHOLE: set[str] = set()
"""Scenarios whose every value Hydra holds."""


def register_scenarios(arguments: Sequence[str]) -> None:
    """Make every shipped scenario an option of the group ``scenario``.

    Only those that the arguments, or a file of ``configs/`` behind them, name are stored with all their values, each
    overridable: Hydra copies what it holds again and again, and forty laws would cost a quarter of a minute.
    """
    chosen = [group for group in ("experiment", "sweep") if any(group in argument for argument in arguments)]
    files = [CONFIGS / "config.yaml", *(path for group in chosen for path in (CONFIGS / group).glob("*.yaml"))]
    words = set(re.findall(r"\w+", " ".join([*arguments, *(path.read_text() for path in files)])))
    elsewhere = any(argument.startswith(("--config", "-c", "--cfg")) for argument in arguments)
    for name in scenarios():
        if name in _WHOLE:
            continue
        if name in words or elsewhere:
            _register(name, name)
            _WHOLE.add(name)
        else:
            ConfigStore.instance().store(group="scenario", name=name, node={"name": name})


def _register(name: str, source: str) -> None:
    try:
        node = load_scenario(source).model_dump(mode="json")
    except ScenarioError as error:
        raise SettingsError(str(error)) from None
    ConfigStore.instance().store(group="scenario", name=name, node=node)


def resume_folder(arguments: Sequence[str]) -> str | None:
    """The folder of ``resume=…``, or None.

    Raises:
        SettingsError: something else stands beside it, or the folder is not named.
    """
    folders = [argument.partition("=")[2] for argument in arguments if argument.startswith("resume=")]
    if not folders:
        return None
    others = [argument for argument in arguments if not argument.startswith("resume=")]
    if len(folders) > 1 or others:
        given = " ".join(arguments)
        raise SettingsError(f"{given}: resume takes one run folder and nothing else, its own config.yaml rules")
    if not folders[0]:
        raise SettingsError("resume: which run folder?")
    return folders[0]


def prepare(arguments: Sequence[str]) -> list[str]:
    """Register scenarios and check every job. Returns the arguments for Hydra.

    A path to YAML as ``scenario=…`` is registered under its file's name.

    Raises:
        SettingsError: one line about the first mistake.
    """
    register_scenarios(arguments)
    arguments = [_scenario_file(argument) for argument in arguments]
    options, unknown = get_args_parser().parse_known_args(arguments)
    if unknown:
        raise SettingsError(f"{unknown[0]}: no such option; python train.py --help lists what there is")
    if any(getattr(options, name, None) for name in _NO_RUN):
        return arguments
    with _hydra():
        for overrides in _jobs(options.overrides, options.multirun):
            _check_job(overrides)
    return arguments


def compose_settings(overrides: Sequence[str]) -> Settings:
    """The settings of one job, as ``python train.py`` with these overrides would have them.

    Raises:
        SettingsError: one line about the first mistake.
    """
    register_scenarios(overrides)
    with _hydra():
        return _check_job(list(overrides))


def help_text() -> str:
    """What ``--help`` prints: usage, and every choice there is."""
    choices = {group: sorted(path.stem for path in (CONFIGS / group).glob("*.yaml")) for group in _GROUPS}
    lines = [f"  {group}: {', '.join(names)}" for group, names in {**choices, "scenario": scenarios()}.items()]
    return (CONFIGS / "help.txt").read_text().format(choices="\n".join(lines))


def _scenario_file(argument: str) -> str:
    key, _, value = argument.partition("=")
    if key != "scenario" or not value.endswith((".yaml", ".yml")):
        return argument
    name = Path(value).stem
    _register(name, value)
    return f"scenario={name}"


def _hydra() -> Any:
    GlobalHydra.instance().clear()
    return initialize_config_dir(str(CONFIGS), version_base="1.3")


def _jobs(overrides: list[str], multirun: bool) -> list[list[str]]:
    """One list of overrides for each value swept over, the others at their first."""
    try:
        parsed = OverridesParser.create().parse_overrides(overrides)
        groups = [text for text in overrides if text.startswith(("sweep=", "experiment="))]
        params = (compose("config", groups, True).hydra.sweeper.params or {}) if multirun and groups else {}
    except (HydraException, OmegaConfBaseException) as error:
        raise SettingsError(_explain(error)) from None
    swept = _values(parsed, multirun)
    named = [one.key_or_group for one in parsed]
    for key, text in params.items():
        if key not in named:
            swept += _values(OverridesParser.create().parse_overrides([f"{key}={text}"]), True)
    jobs = [[values[0] for values in swept]]
    for place, values in enumerate(swept):
        jobs += [[*jobs[0][:place], value, *jobs[0][place + 1 :]] for value in values[1:]]
    return jobs


def _values(parsed: list[Override], multirun: bool) -> list[list[str]]:
    result = []
    for one in parsed:
        if one.is_sweep_override():
            if not multirun and not one.is_hydra_override():
                raise SettingsError(f"{one.input_line}: several values; add -m to sweep over them")
            result.append([f"{one.get_key_element()}={value}" for value in one.sweep_string_iterator()])
        else:
            result.append([str(one.input_line)])
    return result


def _check_job(overrides: list[str]) -> Settings:
    try:
        tree = plain(compose("config", overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise SettingsError(_explain(error)) from None
    return check(tree)


def plain(config: DictConfig) -> dict[str, Any]:
    """A composed configuration as plain values."""
    tree = OmegaConf.to_container(config, resolve=True)
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}


def _explain(error: Exception) -> str:
    """One line for an error of Hydra."""
    text = str(error)
    if isinstance(error, OverrideParseException):
        return f"{error.override}: not an override; write key=value, with quotes around special characters"
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        return f"{group}={name}: no such option{suggest(name, tuple(error.options))}"
    found = re.search(r"Could not (?:override|delete from config)\W*([\w.\-/]*)", text)
    if found:
        return _unknown_key(found.group(1))
    first = text.strip().splitlines()[0]
    cause = str(error.__cause__).strip().splitlines()[0] if error.__cause__ else ""
    return f"{first} {cause}".strip()


def _unknown_key(key: str) -> str:
    """``a.b.misspelt: no such key …`` with the keys that do exist beside it."""
    node: Any = compose("config")
    *parents, last = key.split(".")
    path: list[str] = []
    for part in parents:
        if not isinstance(node, DictConfig) or part not in node or node[part] is None:
            last = part
            break
        node, path = node[part], [*path, part]
    if not isinstance(node, DictConfig):
        return f"{key}: {'.'.join(path)} is a single value"
    return f"{'.'.join([*path, last])}: no such key{suggest(last, tuple(str(name) for name in node))}"


def fail(error: Exception) -> None:
    """Print one line and end with exit code 2."""
    print(f"train.py: {' '.join(str(error).split())}", file=sys.stderr)
    sys.exit(2)
