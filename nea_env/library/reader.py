"""YAML in, plain values and their provenance out.

Files are YAML 1.2 (``no`` is text, ``010`` is ten) and must not repeat a key. In any mapping the keys
``source``, ``status`` and ``note`` say where the numbers below it come from; a deeper mapping may say
otherwise, and ``{value: 48, source: …}`` says it for one number. ``source`` is a key of the file's own
top-level ``sources`` (or a list of them). Whole-number keys, such as years, become text.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from nea_env.library.errors import did_you_mean, shown
from nea_env.library.yaml import MOST_VALUES, YAML_ERRORS, yaml_reader
from nea_env.scenario import ScenarioError

Keys = tuple[str | int, ...]
Status = Literal["sourced", "assumed", "derived"]
RESERVED = ("source", "status", "note")
_DATED = re.compile(r"[0-9]{4}(-[0-9]{2})?")


class Provenance(NamedTuple):
    """Where a number comes from.

    Attributes:
        source: full citation: statute, paper, page or report; empty when assumed.
        status: ``sourced``; ``assumed``; or ``derived`` by the arithmetic in the note.
        note: why it is assumed, or how it was derived.
        cited: the file's own short keys of those citations.
    """

    source: str
    status: Status
    note: str
    cited: tuple[str, ...] = ()


class Document(NamedTuple):
    """One file: its values without the reserved keys, the provenance of each leaf by dotted path, its citations."""

    path: Path
    values: dict[str, Any]
    provenance: dict[str, Provenance]
    sources: Mapping[str, str] = MappingProxyType({})


def read(path: Path) -> Document:
    """Read one file.

    Raises:
        ScenarioError: it cannot be read, is not YAML 1.2, repeats a key, is empty, is not a mapping, or names a
            source or status that does not exist.
    """
    raw = _parse(path)
    provenance: dict[str, Provenance] = {}
    sources = raw.pop("sources", {})
    if not isinstance(sources, dict) or not all(isinstance(text, str) for text in (*sources, *sources.values())):
        raise ScenarioError(f"{path}: sources: {shown(sources)}: give a citation for each short key")
    citations = {str(key): text for key, text in sources.items()}
    values = _Splitter(path, citations, provenance).split(raw, (), None)
    if not isinstance(values, dict):
        raise ScenarioError(f"{path}: holds {shown(values)}: expected a mapping of keys to values")
    return Document(path, values, provenance, citations)


def unsourced(document: Document) -> list[str]:
    """Dotted paths of numbers, dates and booleans that no source, derivation or stated assumption covers."""
    return [path for path, value in leaves(document.values) if needs_source(value) and path not in document.provenance]


def leaves(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar and every empty group of a tree with its dotted path."""
    if isinstance(values, dict | list) and values:
        for key, value in values.items() if isinstance(values, dict) else enumerate(values):
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, values


def line_of(path: Path, keys: Keys) -> int | None:
    """Line (from 1) of the value under these keys, or None."""
    try:
        node: Node | None = yaml_reader().compose(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return None
    line = None
    for key in keys:
        if isinstance(node, MappingNode):
            entry = next((pair for pair in node.value if pair[0].value == str(key)), None)
            if entry is None:
                return line
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _parse(path: Path) -> dict[Any, Any]:
    if _is_device(path):
        raise ScenarioError(f"{path}: cannot be read: it is a folder or a device, expected a file")
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        raw = yaml_reader().load(text)
    except FileNotFoundError:
        raise ScenarioError(f"{path}: there is no such file; allowed: the path of a YAML file") from None
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from None
    except DuplicateKeyError as error:
        key = (re.search(r'duplicate key "(.*?)"', error.problem or "") or ["", "?"])[1]
        raise ScenarioError(
            f"{path} line {_line(error)}: {key}: this key is listed twice in one mapping; allowed: once"
        ) from None
    except UnicodeDecodeError:
        raise ScenarioError(
            f"{path}: cannot be read as YAML 1.2: its text is not UTF-8; save the file as UTF-8"
        ) from None
    except YAML_ERRORS as error:
        line = f" line {_line(error)}" if isinstance(error, MarkedYAMLError) and error.problem_mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split()) or type(error).__name__
        raise ScenarioError(f"{path}{line}: cannot be read as YAML 1.2: {problem}{_unseen(text)}") from None
    if raw is None:
        raise ScenarioError(f"{path}: is empty: expected a mapping of keys to values")
    if not isinstance(raw, dict):
        raise ScenarioError(f"{path}: holds {shown(raw)}: expected a mapping of keys to values")
    return raw


def _unseen(text: str) -> str:
    """Where a text has an invisible character, such as a no-break space: probably what is wrong with it."""
    for number, line in enumerate(text.splitlines(), 1):
        odd = next((letter for letter in line if not letter.isprintable() and letter != "\t"), None)
        if odd is not None:
            return f"; line {number} holds {odd!r}"
    return ""


def _is_device(path: Path) -> bool:
    """Whether it is something other than a file: a pipe would be waited for, a device may have no end."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # reported when it is read
        return False


def _line(error: MarkedYAMLError) -> int | str:
    return error.problem_mark.line + 1 if error.problem_mark else "?"


def needs_source(value: object) -> bool:
    """Whether a scalar is a number, a date or a boolean."""
    return isinstance(value, bool | int | float) or (isinstance(value, str) and bool(_DATED.fullmatch(value)))


class _Splitter:
    """Walks one file's tree, takes the reserved keys out and notes what they cover."""

    def __init__(self, path: Path, sources: dict[str, str], provenance: dict[str, Provenance]) -> None:
        self.path, self.sources, self.provenance = path, sources, provenance
        self.open: list[int] = []  # ids of the collections being walked: an alias can point at its own parent
        self.values = 0  # met so far: aliases of aliases can expand to more than any memory holds

    def split(self, value: Any, keys: Keys, covered: Provenance | None) -> Any:
        self.values += 1
        if self.values > MOST_VALUES:
            raise self.refuse(keys, f"the file holds more than {MOST_VALUES:,} values, aliases counted")
        if not isinstance(value, dict | list):
            if covered is not None:
                self.provenance[".".join(map(str, keys))] = covered
            return value
        if id(value) in self.open:
            raise self.refuse(keys, "an alias of the mapping or list that contains it; allowed: aliases of others")
        self.open.append(id(value))
        result = self._mapping(value, keys, covered) if isinstance(value, dict) else self._items(value, keys, covered)
        self.open.pop()
        return result

    def _items(self, value: list[Any], keys: Keys, covered: Provenance | None) -> list[Any]:
        return [self.split(item, (*keys, index), covered) for index, item in enumerate(value)]

    def _mapping(self, value: dict[Any, Any], keys: Keys, covered: Provenance | None) -> Any:
        covered = self._covered(value, keys, covered)
        if "value" in value:
            extra = [str(key) for key in value if key not in ("value", *RESERVED)]
            if extra:
                raise self.refuse((*keys, extra[0]), f"next to value only {', '.join(RESERVED)} are allowed")
            return self.split(value["value"], keys, covered)
        plain: dict[str, Any] = {}
        for key, item in value.items():
            if key in RESERVED:
                continue
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise self.refuse((*keys, str(key)), f"{shown(key)} cannot be a key: keys are text or whole numbers")
            if str(key) in plain:
                raise self.refuse((*keys, str(key)), "this key is listed twice in one mapping; allowed: once")
            plain[str(key)] = self.split(item, (*keys, str(key)), covered)
        return plain

    def _covered(self, value: dict[Any, Any], keys: Keys, outer: Provenance | None) -> Provenance | None:
        for key in RESERVED:
            if key in value and not (isinstance(value[key], str) or (key == "source" and isinstance(value[key], list))):
                raise self.refuse((*keys, key), f"{shown(value[key])}: expected text")
        note = value.get("note", "")
        if "source" not in value and "status" not in value:
            return outer._replace(note=note) if outer is not None and note else outer
        status = value.get("status", "sourced")
        if status not in get_args(Status):
            raise self.refuse((*keys, "status"), f"{status!r}: {did_you_mean(status, get_args(Status))}")
        if status == "sourced" and "source" not in value:
            raise self.refuse((*keys, "status"), "sourced needs a source next to it")
        source = value.get("source", [])
        cited = (source,) if isinstance(source, str) else tuple(source)
        return Provenance(self._citation(cited, keys), status, note, cited)

    def _citation(self, short: tuple[Any, ...], keys: Keys) -> str:
        for key in short:
            if not isinstance(key, str) or key not in self.sources:
                hint = did_you_mean(str(key), self.sources)
                raise self.refuse((*keys, "source"), f"{key!r} is not in sources; {hint}")
        return "; ".join(self.sources[key] for key in short)

    def refuse(self, keys: Keys, why: str) -> ScenarioError:
        line = line_of(self.path, keys)
        where = f"{self.path} line {line}" if line else str(self.path)
        return ScenarioError(f"{where}: {'.'.join(map(str, keys))}: {why}")
