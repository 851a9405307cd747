"""Hydra's errors in one line: the key, its value and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hydra import compose
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from agents.scenario_words import as_typed
from nea_env.library.errors import did_you_mean

CONFIG_GROUPS = ("env", "algo", "experiment", "sweep")
"""Groups of ``configs/``, one file per choice."""

_QUOTED_KEY = re.compile(r'"([\w.\-]+)"\s*:')


def explain(error: Exception, overrides: Sequence[str] = ()) -> str:
    """One line for an error of Hydra, with keys as they were typed.

    Args:
        error: raised while composing; call it while Hydra is initialised.
        overrides: of the job, whose choices determine which keys there are.
    """
    return as_typed(_explained(error, overrides))


def _explained(error: Exception, overrides: Sequence[str]) -> str:
    text = str(error)
    if isinstance(error, OverrideParseException):
        key, _, value = str(error.override).partition("=")
        plain = _QUOTED_KEY.sub(r"\1:", value)
        if plain != value and _is_override(f"{key}={plain}"):
            return f"{key}: keys in braces stand without quotes here, unlike in JSON; write '{key}={plain}'"
        return f"{error.override}: not an override; write key=value, with quotes around special characters"
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        return f"{group}={name}: no such option; {did_you_mean(name, error.options)}"
    match = re.search(r"Could not (?:override|delete from config)\W*([\w.\-/]*)", text)
    if match:
        return _unknown_key(match.group(1), overrides)
    first = (text.strip() or type(error).__name__).splitlines()[0]
    if isinstance(error, ValueError) and not isinstance(error, OmegaConfBaseException):
        return f"{' '.join(_choices(overrides))}: {first}"  # of a choice that is not a name
    cause = str(error.__cause__).strip().splitlines()[0] if error.__cause__ else ""
    return f"{first} {cause}".strip()


def _is_override(text: str) -> bool:
    """Whether Hydra can read it."""
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    return True


def _unknown_key(key: str, overrides: Sequence[str]) -> str:
    """``a.b.misspelt: no such key …`` with the keys that exist there, given the job's choices."""
    node: Any = compose("config", _choices(overrides))
    *parents, last = key.split(".")
    path: list[str] = []
    for part in parents:
        if not isinstance(node, DictConfig) or part not in node or node[part] is None:
            last = part
            break
        node, path = node[part], [*path, part]
    if not isinstance(node, DictConfig):
        return f"{key}: {'.'.join(path)} is a single value"
    return f"{'.'.join([*path, last])}: no such key; {did_you_mean(last, map(str, node))}"


def _choices(overrides: Sequence[str]) -> list[str]:
    return [one for one in overrides if one.partition("=")[0] in (*CONFIG_GROUPS, "scenario")]
