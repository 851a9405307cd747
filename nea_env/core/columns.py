"""How a table declares the columns of an array: each once, by name, and its number is its place in the table.

A table is written as a class. What the class statement makes of it is a namespace of plain integers, since compiled
code reads the attributes of a namespace as constants, and those of no class (of an enumeration only from Numba 0.66).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar, NamedTuple


class Field(NamedTuple):
    """One column of an array.

    Attributes:
        low, high: bounds that hold in every month of every scenario; a saved state must keep to them. A sum that
            is kept by differences has none, since rounding may leave it a little below zero.
        whole: whole numbers only.
    """

    name: str
    unit: str
    meaning: str
    low: float = float("-inf")
    high: float = float("inf")
    whole: bool = False


class _Declared(NamedTuple):
    """Fields of an attribute; those of `column` get its name as a prefix."""

    fields: tuple[Field, ...]
    named: bool


def column(
    unit: str,
    meaning: str,
    low: float = float("-inf"),
    high: float = float("inf"),
    *,
    whole: bool = False,
    width: int | None = None,
) -> int:
    """Declare a column, or ``width`` of a kind side by side; the attribute becomes the number of the first."""
    names = ("",) if width is None else tuple(f"_{k}" for k in range(width))
    declared: Any = _Declared(tuple(Field(name, unit, meaning, low, high, whole) for name in names), named=False)
    return declared  # an integer once the table is built


def flag(meaning: str, *, width: int | None = None) -> int:
    """Declare a column that is 1 where its meaning holds, else 0; or ``width`` of them."""
    return column("flag", meaning, low=0, high=1, whole=True, width=width)


def columns(table: type[Columns]) -> int:
    """Declare all columns of another table, under their own names; the attribute becomes the number of the first."""
    declared: Any = _Declared(table.fields, named=True)
    return declared


class _Body(dict[str, Any]):
    """What a class statement gathers; a second column of one name would otherwise replace the first silently."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self.table = table

    def __setitem__(self, attribute: str, value: Any) -> None:
        if isinstance(value, _Declared) and attribute in self:
            raise TypeError(f"{self.table}: {attribute} is listed twice")
        super().__setitem__(attribute, value)


class _Table(type):
    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **kwargs: Any) -> _Body:
        return _Body(name)

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)
        table, fields = ModuleType(f"{body['__module__']}.{name}", body.get("__doc__")), list[Field]()
        for attribute, declared in body.items():
            if isinstance(declared, _Declared):
                setattr(table, attribute, len(fields))
                own = "" if declared.named else attribute.lower()
                fields += (field._replace(name=own + field.name) for field in declared.fields)
        names = [field.name for field in fields]
        if len(set(names)) < len(names):
            raise TypeError(f"{name}: {next(one for one in names if names.count(one) > 1)} is listed twice")
        table.fields, table.size = tuple(fields), len(fields)  # type: ignore[attr-defined]
        table.index = {field: number for number, field in enumerate(names)}  # type: ignore[attr-defined]
        return table


class Columns(metaclass=_Table):
    """A table of columns; subclass it and declare them with `column`, `flag` or `columns`.

    Raises:
        TypeError: a name is listed twice.

    Attributes:
        fields: name, unit, meaning and bounds of each column.
        index: number of each column by its name: the attribute in lower case, with ``_k`` where there are several.
        size: how many there are.
    """

    fields: ClassVar[tuple[Field, ...]]
    index: ClassVar[dict[str, int]]
    size: ClassVar[int]
