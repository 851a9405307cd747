"""Tables of columns: how they number, widen and embed; and that what they say of the parameters is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import nea_env.core
from nea_env.core import layout, parameters
from nea_env.core.columns import Columns, Field, column, columns, flag
from nea_env.core.layout import Action, Observation
from nea_env.core.lowering.tables import lower
from nea_env.core.parameters import Event, Month, Order, Plan, Static
from nea_env.core.rules import banking, offsets
from nea_env.library import load_scenario
from nea_env.scenario.market import PriceProcess

CORE = Path(nea_env.core.__file__).parent

TABLES = {
    f"{module.__name__.split('.')[-1]}.{name}": table
    for module in (layout, parameters)
    for name, table in vars(module).items()
    if hasattr(table, "fields") and name != "Columns"
}


class Inner(Columns):
    FIRST = column("t", "tonnes", low=0)
    PAIR = column("1", "two of a kind", width=2)


class Outer(Columns):
    """A table with another inside."""

    BEFORE = flag("it holds")
    INNER = columns(Inner)
    AFTER = column("months", "how long", low=-1, high=12, whole=True)


def test_a_column_is_numbered_by_its_place():
    assert (Inner.FIRST, Inner.PAIR) == (0, 1)
    assert Inner.index == {"first": 0, "pair_0": 1, "pair_1": 2}
    assert Inner.size == len(Inner.fields) == 3


def test_a_width_is_so_many_columns_of_one_meaning():
    assert Inner.fields[1:] == (Field("pair_0", "1", "two of a kind"), Field("pair_1", "1", "two of a kind"))


def test_another_table_is_embedded_under_its_own_names():
    assert (Outer.BEFORE, Outer.INNER, Outer.AFTER) == (0, 1, 4)
    assert [field.name for field in Outer.fields] == ["before", "first", "pair_0", "pair_1", "after"]
    assert Outer.fields[1:4] == Inner.fields


def test_what_is_said_of_a_column_is_kept():
    assert Outer.fields[0] == Field("before", "flag", "it holds", 0, 1, True)
    assert Outer.fields[4] == Field("after", "months", "how long", -1, 12, True)
    assert Outer.__doc__ == "A table with another inside."


def test_a_name_listed_twice_is_refused():
    with pytest.raises(TypeError, match="Plain: SAME is listed twice"):

        class Plain(Columns):
            SAME = column("t", "one")
            SAME = column("t", "another")

    with pytest.raises(TypeError, match="Widened: pair_1 is listed twice"):

        class Widened(Columns):
            PAIR = column("t", "several", width=2)
            PAIR_1 = column("t", "another")

    with pytest.raises(TypeError, match="Embedded: first is listed twice"):

        class Embedded(Columns):
            FIRST = column("t", "one")
            INNER = columns(Inner)


def test_the_tables_are_found():
    assert {name.split(".")[-1] for name in TABLES} >= {"State", "Observation", "Static", "Month", "Event", "Record"}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_has_a_unit_and_a_meaning(table):
    assert [field.name for field in table.fields if not (field.unit.strip() and field.meaning.strip())] == []


def test_codes_are_bounded_by_the_last_of_them():
    last = {
        Static.fields[Static.PROCESS]: len(get_args(PriceProcess)) - 1,
        Static.fields[Static.LINK_KIND]: parameters.LINK_POOLED,
        Event.fields[Event.KIND]: parameters.TRIGGERS,
        Event.fields[Event.METHOD]: parameters.BY_OWN_EMISSIONS,
        Event.fields[Event.BORROW_RULE]: parameters.BORROW_GAP_TEST,
        Event.fields[Event.BANK_RULE]: banking.NONE,
        Event.fields[Event.OFFSET_BASE]: offsets.LIMIT_CLOSED,
    }
    assert {field.name: field.high for field in last} == {field.name: code for field, code in last.items()}
    codes = {
        field.name.removesuffix("_0").removesuffix("_1")
        for t in (Static, Month, Event)
        for field in t.fields
        if field.unit == "code"
    }
    assert codes == {field.name.removesuffix("_0") for field in last}


@pytest.mark.parametrize("name", ["gx_ets", "jvets", "kets_full", "linked_kets", "pilot_hubei", "tms", "tokyo", "tps"])
def test_parameters_keep_to_the_bounds_of_their_columns(name):
    tables = lower(load_scenario(name))
    for table, rows in ((Static, tables.static[None]), (Month, tables.monthly), (Event, tables.events)):
        for field, values in zip(table.fields, rows.T, strict=True):
            assert field.low <= values.min() and values.max() <= field.high, field
            assert not field.whole or np.array_equal(values, np.floor(values)), field


@pytest.mark.parametrize(
    ("table", "written"),
    [
        (Observation, r"seen\[Observation\.(\w+)[^\n=]*\] [-+*]?= "),
        (Plan, r"plan\[Plan\.(\w+)[^\n=]*\] [-+*]?= "),
        (Order, r"orders\[Order\.(\w+)[^\n=]*\] [-+*]?= "),
        (Action, r"<< Action\.(\w+)"),
    ],
)
def test_every_working_column_is_written_each_month(table, written):
    """They begin without values: one that is forgotten would show whatever the memory held."""
    sources = "".join(path.read_text() for path in (CORE / "play").glob("*.py"))
    assigned = set(re.findall(written, sources))
    missing = [name for name in vars(table) if name.isupper() and name not in assigned]
    assert missing == []


def test_the_money_columns_follow_each_other_and_their_sum_comes_last():
    names = [field.name for field in layout.FLOWS]
    assert names[layout.Flow.ALLOWANCE_COST : layout.Flow.COST] == list(layout.MONEY_FLOWS)
