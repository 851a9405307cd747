"""Files put together: a scenario or a link with the parts that it names filled in, and its overrides on top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nea_env.library.catalogue import Kind, complaint, document, dotted, expected_name, names, place
from nea_env.library.errors import did_you_mean, shown
from nea_env.library.file_names import is_file_name
from nea_env.library.price_files import ONLY_AT_HOME, replays_abroad, two_paths, with_prices
from nea_env.library.reader import Document, Keys, read
from nea_env.scenario import Link, Model, Scenario, ScenarioError
from nea_env.scenario.scenario import LINKS_MAX

SCENARIO_PARTS: tuple[Kind, ...] = ("regime", "firm", "market")
LINK_PARTS: tuple[Kind, ...] = ("regime", "market")


class Assembly:
    """The tree of one scenario or link, and the file that each of its values comes from.

    Attributes:
        file: the file it starts from.
        tree: its values, with the values of other files in place of their names.
    """

    def __init__(self, file: Document) -> None:
        """An empty tree; ``scenario`` and ``link`` fill it."""
        self.file = file
        self.tree: Any = {}
        self._files: dict[Keys, Document] = {}
        self._overrides: dict[Keys, tuple[Document, dict[str, Any]]] = {}

    def scenario(self, folder: Path) -> Assembly:
        """The tree of a scenario; names of files are relative to ``folder``."""
        self.tree = self._filled(self.file, folder, (), Scenario)
        return self

    def link(self, folder: Path) -> Assembly:
        """The tree of a link; names of files are relative to ``folder``."""
        self.tree = self._filled(self.file, folder, (), Link)
        return self

    def complaint(self, keys: Keys, why: str, count: int = 1) -> str:
        """One line about the value under these keys of the tree: file, line, keys, what is wrong."""
        for prefix, (file, tree) in self._overrides.items():
            rest = keys[len(prefix) :]
            if keys[: len(prefix)] == prefix and rest and _states(tree, rest):
                keys = (*prefix, "overrides", *rest)
                return complaint(place(file, keys if file is self.file else ("overrides", *rest)), keys, why, count)
        depth = max((len(prefix) for prefix in self._files if keys[: len(prefix)] == prefix), default=0)
        file = self._files.get(keys[:depth], self.file)
        return complaint(place(file, keys[depth:]), keys, why, count)

    def _filled(self, file: Document, folder: Path, keys: Keys, model: type[Model]) -> dict[str, Any]:
        """One file's values with its parts and overrides; ``keys`` lead to it from the root of the tree."""
        parts = SCENARIO_PARTS if model is Scenario else LINK_PARTS
        own = () if keys in self._files else keys  # of a mapping written in the file itself
        allowed = (*model.model_fields, "overrides")
        for key in file.values:
            if key not in allowed:
                within = (*own, key)
                raise ScenarioError(
                    f"{place(file, within)}: {dotted((*keys, key))}: unknown key; {did_you_mean(key, allowed)}"
                )
        overrides = self._checked(file, own, (*parts, "links") if model is Scenario else parts)
        if overrides:
            self._overrides[keys] = (file, overrides)
        for rest, value in _leaves((), overrides):
            if value is not None and replays_abroad((*keys, *rest)):
                raise ScenarioError(self.complaint((*keys, *rest), ONLY_AT_HOME))
        tree = {key: value for key, value in file.values.items() if key != "overrides"}
        for part in parts:
            if tree.get(part) is not None:
                part_file, base = self._named(part, tree[part], file, folder, (*keys, part), (*own, part))
                values = part_file.values
                tree[part] = self._priced(values, base, (*keys, part)) if part == "market" else values
        if model is Scenario and "links" in tree:
            tree["links"] = self._links(tree["links"], file, folder)
        for name, over in overrides.items():
            below, changes = tree.get(name), self._priced(over, folder, (*keys, name)) if name == "market" else over
            if changes is not over and isinstance(below, dict):  # a file takes the place of the market's own path
                below = {key: value for key, value in below.items() if key != "replay"}
            tree[name] = merged(below, changes, file, (*own, "overrides", name))
        return tree

    def _priced(self, market: Any, folder: Path, keys: Keys) -> Any:
        """A market, or changes to one, with its file of prices read."""
        why = two_paths(market)
        if why:
            raise ScenarioError(self.complaint((*keys, "replay"), why))
        return with_prices(market, folder)

    def _links(self, value: Any, file: Document, folder: Path) -> list[dict[str, Any]]:
        """Every link of a scenario, each a name, a path or a mapping."""
        if not isinstance(value, list | tuple):
            raise ScenarioError(f"{place(file, ('links',))}: links: {shown(value)}: expected a list of links")
        if len(value) > LINKS_MAX:
            raise ScenarioError(f"{place(file, ('links',))}: links: {len(value)} links; allowed: at most {LINKS_MAX}")
        trees = []
        for index, item in enumerate(value):
            keys = ("links", index)
            document, base = self._named("link", item, file, folder, keys, keys)
            trees.append(self._filled(document, base, keys, Link))
        return trees

    def _named(
        self, kind: Kind, value: object, file: Document, folder: Path, keys: Keys, own: Keys
    ) -> tuple[Document, Path]:
        """The part that a value names, or is, and the folder to which its own names are relative."""
        if isinstance(value, dict):
            return Document(file.path, value, {}), folder
        where = f"{place(file, own)}: {dotted(keys)}"
        if isinstance(value, str) and is_file_name(value):
            if not (folder / value).is_file():
                raise ScenarioError(f"{where}: {value!r}: there is no such file")
            self._files[keys] = read(folder / value)
            return self._files[keys], (folder / value).parent
        if isinstance(value, str) and value in names(kind):
            self._files[keys] = document(kind, value)
            return self._files[keys], folder
        if isinstance(value, str):
            raise ScenarioError(f"{where}: {value!r} does not ship; {did_you_mean(value, names(kind))}")
        raise expected_name(where, value)

    def _checked(self, file: Document, own: Keys, parts: tuple[str, ...]) -> dict[str, Any]:
        """The overrides of one file, which may name only its parts."""
        overrides = file.values.get("overrides")
        if overrides is None:
            return {}
        if isinstance(overrides, dict) and all(part in parts for part in overrides):
            return overrides
        wrong = next((part for part in overrides if part not in parts), "") if isinstance(overrides, dict) else ""
        what = f"overrides.{wrong}: unknown key" if wrong else f"overrides: {shown(overrides)}"
        raise ScenarioError(f"{place(file, (*own, 'overrides', wrong))}: {what}; {did_you_mean(wrong, parts)}")


def merged(base: Any, over: Any, file: Document, keys: Keys) -> Any:
    """The base tree with the override's leaves in place of its own; a mapping of indices overrides items of a list."""
    if isinstance(base, dict) and isinstance(over, dict):
        tree = dict(base)
        for key, value in over.items():
            tree[key] = merged(base.get(key), value, file, (*keys, key))
        return tree
    if isinstance(base, list | tuple) and isinstance(over, dict):
        items = list(base)
        for key, value in over.items():
            if not is_index(key, len(items)):
                has = f"items 0 to {len(items) - 1}" if items else "no items"
                raise ScenarioError(f"{place(file, (*keys, key))}: {dotted((*keys, key))}: the list has {has}")
            items[int(key)] = merged(items[int(key)], value, file, (*keys, key))
        return items
    return over


def _leaves(keys: tuple[str, ...], tree: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(tree, dict):
        yield keys, tree
        return
    for key, value in tree.items():
        yield from _leaves((*keys, str(key)), value)


def is_index(key: str, length: int) -> bool:
    """Whether a key is an index into a list of this length: a few ASCII digits."""
    return key.isascii() and key.isdecimal() and len(key) < 5 and int(key) < length


def _states(tree: Any, keys: Iterable[str | int]) -> bool:
    """Whether an override states the value under these keys; a list takes the place of another with all below it."""
    for key in keys:
        if isinstance(tree, list):
            return True
        if not isinstance(tree, dict) or str(key) not in tree:
            return False
        tree = tree[str(key)]
    return True
