"""Changes to a scenario by dotted path: ``regime.banking.2018.net_sales_multiple`` to 1."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nea_env.library.assembly import is_index
from nea_env.library.errors import did_you_mean, fields_at, first_of, keys_of, reason, shown
from nea_env.library.firm_size import warn_of_what_stays
from nea_env.library.grammar import Change, Overrides, as_of_regime, changes_of, expanded, is_right, told
from nea_env.library.named_values import for_whom, is_section, resolved, without_ranges
from nea_env.library.price_files import ONLY_AT_HOME, replays_abroad, two_paths, with_prices
from nea_env.library.yaml import DEEPEST, MOST_VALUES, checked_text
from nea_env.scenario import Gap, Scenario, ScenarioError
from nea_env.scenario.gaps import NO_GAP, gaps_that_follow
from nea_env.scenario.ranges import SECTIONS, by_path

RANGES = tuple((section, "ranges") for section in SECTIONS)
"""Where a dotted path is a key itself: ``firm.ranges.abatement.scale``."""
KEPT = ("name",)
"""What no override may change: results are filed under it."""


def overridden(scenario: Scenario, overrides: Overrides) -> Scenario:
    """The scenario with the changes applied, validated again.

    Raises:
        ScenarioError: one line that names the override's path, its value and what was allowed.
    """
    asked = changes_of(overrides)
    if not asked:
        return scenario
    _refuse_replay_abroad(asked)
    tree, changes = applied(scenario.model_dump(mode="json"), asked)
    tree["market"] = _with_prices(tree["market"], changes)
    try:
        changed = Scenario.model_validate(tree)
        following = gaps_that_follow(scenario, changed.regime, _given_gaps(changes, changed))
        if following:
            tree["market"] = {**tree["market"], "gap": _with_gaps(tree["market"].get("gap"), following)}
            changed = Scenario.model_validate(tree)
    except ValidationError as error:
        raise ScenarioError(_explain(error, tree, changes)) from None
    _refuse_idle_prices(changed.market.law, changes)
    warn_of_what_stays(scenario, changed, [change.path for change in changes])
    return changed.with_changes(told((*scenario.changes, *told(overrides))))


def applied(tree: Any, asked: Sequence[Change]) -> tuple[Any, list[Change]]:
    """A scenario's tree, not yet validated, with the changes made, and those that ``*`` and names came to.

    Raises:
        ScenarioError: a path or a name that there is not.
    """
    changes: list[Change] = []
    for one in asked:
        for change in expanded(one, tree):
            value = _plain(change)
            tree = _put(tree, change, resolved(change._replace(value=value), tree), 0)
            if is_section(change.keys):
                tree = without_ranges(change.keys, tree, dead_only=not isinstance(value, str))
            changes.append(change)
    return tree, changes


def _given_gaps(changes: Sequence[Change], changed: Scenario) -> set[str]:
    """Vintages whose ``market.gap`` the changes name; all of them with the table or the market as a whole."""
    given: set[str] = set()
    for change in changes:
        if change.keys[:3] in (("market",), ("market", "gap")):
            given.update(changed.regime.calendar)
        elif change.keys[:2] == ("market", "gap"):
            given.add(change.keys[2])
    return given


def _with_gaps(own: Any, following: Mapping[str, Gap]) -> dict[str, Any]:
    """A market's gaps with those that follow a rule; a vintage without one is not listed."""
    gaps = {year: gap for year, gap in (own or {}).items() if year not in following}
    return gaps | {year: gap.model_dump(mode="json") for year, gap in following.items() if gap != NO_GAP}


def _refuse_idle_prices(law: object, changes: list[Change]) -> None:
    """Prices on record that nobody would play are a mistake: whoever names them wants them."""
    named = [change.path for change in changes if change.keys[:2] == ("market", "replay") and change.value is not None]
    if named and law != "replay":
        raise ScenarioError(
            f"override {named[0]}: plays no part under market.law: {law}; allowed: with market.law=replay"
        )


def _refuse_replay_abroad(changes: list[Change]) -> None:
    """A partner's market may know prices on record, as the files that ship do; nobody can have them played."""
    for change in changes:
        replay = change.value.get("replay") if isinstance(change.value, Mapping) and len(change.keys) == 3 else None
        inner = ("replay", "csv") if isinstance(replay, Mapping) and replay.get("csv") else ()
        if change.value is not None and replays_abroad((*change.keys, *inner)):
            raise ScenarioError(f"override {'.'.join((change.path, *inner))}: {ONLY_AT_HOME}")


def _with_prices(market: Any, changes: list[Change]) -> Any:
    """The market with its CSV file read, which the working directory's path leads to."""
    if isinstance(market, dict) and isinstance(market.get("replay"), dict) and market["replay"].get("csv"):
        named = _named_of_replay(changes)  # a file takes the place of the market's own path
        market = {**market, "replay": {key: value for key, value in market["replay"].items() if key in named}}
    try:
        if two_paths(market):
            raise ScenarioError(two_paths(market))
        return with_prices(market, Path())
    except ScenarioError as error:
        markets = [change.path for change in changes if change.path.split(".")[0] == "market"]
        named_paths = [path for path in markets if path.startswith("market.replay")]
        guilty = (named_paths or markets or ["market.replay.csv"])[0]
        raise ScenarioError(f"override {guilty}: {error}") from None


def _named_of_replay(changes: list[Change]) -> set[str]:
    """Keys of ``market.replay`` that the changes name."""
    named: set[str] = set()
    for change in changes:
        tree: Any = change.value
        for key in reversed(change.keys):
            tree = {key: tree}
        for key in ("market", "replay"):
            tree = tree.get(key) if isinstance(tree, Mapping) else None
        named.update(tree if isinstance(tree, Mapping) else ())
    return named


def _put(node: Any, change: Change, value: Any, depth: int) -> Any:
    """A copy of the tree below ``depth`` keys of the path, with the value at its end."""
    if depth == len(change.keys):
        return value
    before, key = change.keys[:depth], change.keys[depth]
    if before in RANGES and isinstance(node, dict):
        given = by_path({".".join(change.keys[depth:]): value})
        return {path: bounds for path, bounds in {**node, **given}.items() if bounds is not None}
    fields = [field for field in fields_at(Scenario, as_of_regime(before)) if before or field not in KEPT]
    if isinstance(node, list):
        if not is_index(key, len(node)):
            has = f"items 0 to {len(node) - 1}" if node else "no items"
            raise ScenarioError(f"{change.where} {'.'.join(before)} has {has}, not {key!r}")
        return [_put(item, change, value, depth + 1) if index == int(key) else item for index, item in enumerate(node)]
    if fields:
        if key not in fields:
            where = "" if key and key == change.path.rpartition(".")[2] else f"{key or repr(key)}: "
            part = next((part for part in ("regime", "firm", "market") if key in fields_at(Scenario, (part,))), "")
            hint = f"did you mean {part}.{change.typed}? allowed: {', '.join(fields)}" if part and not before else ""
            raise ScenarioError(f"{change.where} {where}unknown key; {hint or did_you_mean(key, fields)}")
    elif not isinstance(node, dict) and not (node is None and is_right(before)):
        raise ScenarioError(f"{change.where} {'.'.join(before)} is {shown(node)}: it has no {key!r}")
    elif node is not None and depth + 1 < len(change.keys) and not is_right(before) and key not in node:
        hint = did_you_mean(key, node)
        raise ScenarioError(f"{change.where} {'.'.join(before)} has no {key!r}; {hint}")
    return {**(node or {}), key: _put((node or {}).get(key), change, value, depth + 1)}


def _plain(change: Change) -> Any:
    try:
        return plain(change.value)
    except ScenarioError as error:
        raise ScenarioError(f"{change.where} {error}") from None


def _explain(error: ValidationError, tree: dict[str, Any], changes: list[Change]) -> str:
    """The first of pydantic's errors as one line, with the override that caused it, or all of them."""
    detail = first_of(error.errors(include_url=False))
    keys = tuple(map(str, keys_of(detail, tree)))
    why = reason(detail, Scenario, keys)
    guilty = [c for c in changes if all(a == b for a, b in zip(c.keys, keys, strict=False))] or changes
    typed = list(dict.fromkeys(change.typed for change in guilty))
    label = f"override {typed[0]}" if len(typed) == 1 else f"overrides {', '.join(typed)}"
    path = ".".join(keys)
    why += for_whom(path or why, tree)
    why = why.removeprefix(f"{typed[0]}: ") if len(typed) == 1 else why
    return f"{label}: {why}" if path in ("", typed[0]) else f"{label}: {path}: {why}"


def _text(value: str) -> str:
    try:
        return checked_text(value)
    except ValueError as error:
        raise ScenarioError(str(error)) from None


def plain(value: Any) -> Any:
    """A tree of dicts with text keys and lists, as a file would have given. NumPy's numbers become Python's.

    Raises:
        ScenarioError: it is deeper or larger than a file may be, like a mapping that contains itself; or it holds
            text that no file can hold.
    """
    met = itertools.count(1)

    def copied(item: Any, level: int) -> Any:
        if level > DEEPEST:
            raise ScenarioError(f"{shown(value)}: nested more than {DEEPEST} levels deep")
        if next(met) > MOST_VALUES:
            raise ScenarioError(f"{shown(value)}: holds more than {MOST_VALUES:,} values, aliases counted")
        if isinstance(item, Mapping):
            tree: dict[str, Any] = {}
            for key, below in item.items():
                name = _text(str(key))
                if name in tree:
                    raise ScenarioError(f"{name}: this key is listed twice in one mapping; allowed: once")
                tree[name] = copied(below, level + 1)
            return tree
        if hasattr(item, "tolist"):  # a number or an array of NumPy
            item = item.tolist()
        if isinstance(item, list | tuple):
            return [copied(below, level + 1) for below in item]
        return _text(item) if isinstance(item, str) else item

    return copied(value, 0)
