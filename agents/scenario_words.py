"""The grammar of overrides on Hydra's command line, whose lexer has no ``*`` and no key that begins with a digit.

``regime.banking.*.limit=none,unlimited`` reaches Hydra as ``scenario.regime.banking._all.limit=none,unlimited``, one
key to sweep over; the library is given what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nea_env.library import scenarios, slug
from nea_env.library.file_names import is_file_name
from nea_env.library.grammar import ALL, PREFIX
from nea_env.scenario import Scenario

PART = "_name_"
"""Key under which Hydra keeps the name of a part that is changed further: ``regime=tokyo regime.title=…``."""

_EVERY = "_all"
_FIELDS = set(Scenario.model_fields) - {"name"}
_DIGITS = re.compile(r"[0-9]{4}-(?:[0-9]{4}|[0-9]{2})")  # a span of years, or a month
_SIMPLE = re.compile(r"[\w.-]+(?:,[\w.-]+)+", re.ASCII)
_SEVERAL = re.compile(r"^(?:choice|range|interval|glob|sort|shuffle|tag)\(|,(?![^\[{(]*[\]})])")


def for_hydra(arguments: Sequence[str], envs: Sequence[str]) -> list[str]:
    """The arguments as Hydra can read them.

    Args:
        arguments: as typed: ``scenario.`` may be missing, and a word may name the scenario.
        envs: choices of ``env=``, whose names win over those of scenarios.
    """
    words = [_keyed(one, envs) for one in arguments]
    keys = [word.partition("=")[0].lstrip("+") for word in words]
    return [_with_part(word, keys) for word in words]


def _keyed(argument: str, envs: Sequence[str]) -> str:
    key, equals, value = argument.partition("=")
    if not equals:
        known = argument in scenarios() or (is_file_name(argument) and Path(argument).is_file())
        return f"env={argument}" if argument in envs else f"scenario={argument}" if known else argument
    bare = key.lstrip("+")
    plus, first = key[: len(key) - len(bare)], re.split(r"[.=]", bare)[0]
    if first in _FIELDS:
        bare = PREFIX + bare
    if not bare.startswith(PREFIX):
        return argument
    return f"{plus}{'.'.join(map(_segment, bare.split('.')))}={value}"


def _segment(key: str) -> str:
    return _EVERY if key == ALL else f"_{key}" if _DIGITS.fullmatch(key) else key


def _with_part(word: str, keys: Sequence[str]) -> str:
    """A name, or a list of them, beside changes inside the part that it names."""
    key, _, value = word.partition("=")
    bare = key.lstrip("+")
    inside = bare.startswith(PREFIX) and any(other.startswith(f"{bare}.") for other in keys)
    return f"{key}.{PART}={value}" if inside and value[:1] not in ("", "{") and value != "null" else word


def as_typed(text: str) -> str:
    """Hydra's keys in a text, as they were typed."""
    text = re.sub(rf"(?<=\.){_EVERY}(?![\w-])", ALL, text).replace(f".{PART}", "")
    return re.sub(r"(?<=\.)_(?=[0-9]{4}-[0-9])", "", text)


def suffix(words: Sequence[str], sweep: bool) -> str:
    """What the changes add to the name of a run's folder; a value that is swept over is left to Hydra to fill in.

    Args:
        words: for Hydra.
        sweep: whether a comma makes several values.
    """
    fixed, swept = [], ""
    for word in words:
        key, _, value = word.partition("=")
        bare = key.lstrip("+")
        if not bare.startswith(PREFIX):
            continue
        path = as_typed(bare)
        if not sweep or not _SEVERAL.search(value):
            fixed.append(f"{path}={value}")
        else:
            told = slug("", [f"{path}="]).rstrip("-")
            swept += f"{told}-${{{bare}}}" if _SIMPLE.fullmatch(value) else told
    return (slug("", fixed) if fixed else "") + swept
