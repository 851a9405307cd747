"""The policies of a comparison, each by a name of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nea_env.bench import model_files
from nea_env.bench.policies import name_of
from nea_env.bench.worths import Variant
from nea_env.policies import searched
from nea_env.policies.by_name import RULES
from nea_env.policies.linear_rule import LinearRule

TAKEN = ("market",)
"""Names of blocks of figures that are no policy's."""


def is_rule(policy: Any) -> bool:
    """Whether it is the name of a rule."""
    return isinstance(policy, str) and policy in RULES


def by_name(policies: Any) -> dict[str, Any]:
    """Policies by names that differ.

    Args:
        policies: one that ``as_policy`` takes, several in a list, or several by name. What is listed twice plays once.
    """
    if isinstance(policies, Mapping):
        asked = [(str(name), one) for name, one in policies.items()]
    else:
        ones = _distinct(policies if _are_several(policies) else [policies])
        files = _names_of_files(ones)
        asked = [(files.get(place) or name_of(one), one) for place, one in enumerate(ones)]
    rules = {name for name, one in asked if is_rule(one) and one == name}
    found: dict[str, Any] = {}
    for given, one in asked:
        is_own = given in TAKEN or (given in rules and not (is_rule(one) and one == given))
        name = own = f"{given} (yours)" if is_own else given
        number = 2
        while name in found:
            name, number = f"{own} {number}", number + 1
        found[name] = one
    return found


def check_searched(policies: Mapping[str, Any], played: Sequence[Variant]) -> None:
    """Refuse the searched rule where a scenario was not searched.

    Raises:
        ValueError: one line that names the scenario.
    """
    if LinearRule.name not in [one for one in policies.values() if isinstance(one, str)]:
        return
    for variant in played:
        if not searched.is_current(variant.scenario):
            raise ValueError(
                f"policies: {LinearRule.name} was not searched for {variant.label}:"
                " python -m nea_env.policies.search searches"
            )


def _are_several(policies: Any) -> bool:
    asks = callable(policies) or any(hasattr(policies, name) for name in ("predict", "act"))
    return isinstance(policies, Iterable) and not asks and not isinstance(policies, str | os.PathLike)


def _distinct(policies: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in policies:
        texts = [other for other in found if isinstance(other, str)]
        if not any(one is other for other in found) and not (isinstance(one, str) and one in texts):
            found.append(one)
    return found


def _names_of_files(policies: Sequence[Any]) -> dict[int, str]:
    """Names of those that are given as text and would be called alike: as much of the text as tells them apart."""
    texts = {place: os.fspath(one) for place, one in enumerate(policies) if isinstance(one, str | os.PathLike)}
    texts = {place: text for place, text in texts.items() if text not in RULES}
    alike: dict[str, list[int]] = {}
    for place in texts:
        alike.setdefault(name_of(policies[place]), []).append(place)
    found: dict[int, str] = {}
    for places in alike.values():
        if len(places) > 1:
            found |= _apart({place: _parts(texts[place]) for place in places})
    return found


def _parts(text: str) -> tuple[str, ...]:
    """Folders and name of a file; an object with its module."""
    path = Path(text)
    if not model_files.is_model_file(path):
        return (text.replace(":", "."),)
    return path.parts if path.is_dir() else path.with_suffix("").parts


def _apart(parts: Mapping[int, tuple[str, ...]]) -> dict[int, str]:
    longest = max(map(len, parts.values()))
    for length in range(1, longest + 1):
        tails = {place: "/".join(one[-length:]).replace("//", "/") for place, one in parts.items()}
        if len(set(tails.values())) == len(tails):
            break
    return tails
