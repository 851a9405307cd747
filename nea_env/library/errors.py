"""One clear line for every mistake in a scenario: which file, which key, its value, and what was allowed."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_EXPECTED = {
    "float_type": "expected a number",
    "int_type": "expected a whole number",
    "bool_type": "expected true or false",
    "string_type": "expected text",
    "dict_type": "expected a mapping of keys to values",
    "model_type": "expected a mapping of keys to values",
    "tuple_type": "expected a list",
}
"""Shorter than pydantic's own words, by type of error."""

MOST_LISTED = 50
"""With more names than this, only the closest are listed."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """What to say after an unknown name: the closest one that exists, and all of them, or the closest of many."""
    options = [str(option) for option in allowed]
    lower = {option.lower(): option for option in options}
    close = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    hint = f"did you mean {lower[close[0]]!r}? " if close else ""
    if len(options) > MOST_LISTED:
        nearest = get_close_matches(name.lower(), lower, n=8, cutoff=0.0)
        names = ", ".join(lower[one] for one in nearest)
        return f"{hint}allowed: {len(options)} names, the closest of them {names}"
    return f"{hint}allowed: {', '.join(options) or 'nothing'}"


def shown(value: object, width: int = 60) -> str:
    """A value as it appears in a message: on one line, and not too long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # a whole number of more digits than Python prints
        text = "a number of thousands of digits"
    return text if len(text) <= width else f"{text[: width - 3]}..."


def first_of(details: list[ErrorDetails]) -> ErrorDetails:
    """The error to show: an unknown key before a missing one, since it is probably that key misspelt."""
    return min(details, key=lambda detail: {"extra_forbidden": 0, "missing": 2}.get(detail["type"], 1))


def keys_of(detail: ErrorDetails, tree: object) -> tuple[str | int, ...]:
    """Keys of the tree that lead to a pydantic error, without pydantic's own markers for unions and keys."""
    keys: list[str | int] = []
    for key in detail["loc"]:
        if isinstance(tree, Mapping) and key in tree:
            tree = tree[key]
        elif isinstance(tree, list | tuple) and isinstance(key, int) and key < len(tree):
            tree = tree[key]
        else:
            if detail["type"] == "missing":
                keys.append(key)
            break
        keys.append(key)
    return tuple(keys)


def reason(detail: ErrorDetails, model: type[BaseModel], keys: tuple[str | int, ...]) -> str:
    """The value found and what was allowed, from one pydantic error."""
    if detail["type"] == "extra_forbidden":
        return f"unknown key; {did_you_mean(str(keys[-1]), fields_at(model, keys[:-1]))}"
    if detail["type"] == "missing":
        return "missing"
    text = " ".join(detail["msg"].removeprefix("Value error, ").split())
    if detail["type"] == "value_error":
        return text  # our own validators name the value themselves
    hint = ""
    if detail["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
        hint, _, _ = did_you_mean(str(detail["input"]), words).partition("allowed: ")
    if detail["type"] in _EXPECTED:
        text = _EXPECTED[detail["type"]]
        if isinstance(detail["input"], str) and detail["type"] != "string_type":
            text += _unquoted(detail["input"])
    return f"{shown(detail['input'])}: {hint}{text[0].lower()}{text[1:]}"


def _unquoted(text: str) -> str:
    """What to add if the text would be a number or a boolean without its quotes."""
    plain = re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|true|false", text)
    return ", without quotes" if plain else ""


def fields_at(model: Any, keys: Iterable[str | int]) -> list[str]:
    """Names of the fields that a nested model has at this path."""
    for key in keys:
        if isinstance(model, type) and issubclass(model, BaseModel):
            if key not in model.model_fields:
                return []
            model = _unwrapped(model.model_fields[str(key)].annotation)
        elif get_origin(model) is dict:
            model = _unwrapped(get_args(model)[1])
        elif get_origin(model) in (list, tuple):
            model = _unwrapped(get_args(model)[0])
        else:
            return []
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _unwrapped(annotation: Any) -> Any:
    """A type without Annotated and without ``| None``."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        else:
            return annotation
