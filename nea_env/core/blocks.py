"""Firms side by side: what they keep is stored in blocks of LANES rows, column by column.

All firms of a scenario share the month, so a month is played for a run of firms at once: what the month asks is read
once, and a loop over a column's lanes is one that the compiler turns into vector instructions. It does so only where
it knows how far apart two columns are; that is what `lanes` tells it. A single firm is a run of one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from numpy.typing import DTypeLike, NDArray

from nea_env.core.jit import jit

LANES = 64
"""Firms in a block: their columns fill a line of memory each eight lanes, and a block fits the first-level caches."""


class Firms(NamedTuple):
    """A run of firms in one block that play the same month of the same scenario; views, one column a row.

    Actions, orders, plan and what follows hold working values of the current month.
    """

    width: int
    """Firms in the run, 1 to LANES: lanes 0 to width - 1 of every column."""
    state: NDArray[np.float64]
    """(State.size, LANES)"""
    world: NDArray[np.float64]
    """(World.size, LANES); no columns where no scenario of the batch needs them"""
    flows: NDArray[np.float64]
    """(Flow.size, LANES)"""
    queue: NDArray[np.float32]
    """(TECHS * QUEUE, LANES) t/month: capacity that comes on line at the start of a quarter"""
    history: NDArray[np.float32]
    """(HISTORY, LANES) money/t: front prices of the months before"""
    seeds: NDArray[np.int64]
    """(LANES,)"""
    episodes: NDArray[np.int64]
    """(LANES,)"""
    actions: NDArray[np.float32]
    """(Action.size, LANES), inside [-1, 1]"""
    orders: NDArray[np.float64]
    """(Order.size, LANES)"""
    plan: NDArray[np.float64]
    """(Plan.size, LANES): what the firm may and should do, for one month"""
    words: NDArray[np.uint64]
    """(WORDS, LANES): random words of one draw"""
    news: NDArray[np.float64]
    """(NEWS, LANES): standard normal news made of them, and the log price of the month before"""
    seen: NDArray[np.float32]
    """(Observation.size, LANES)"""
    open: NDArray[np.int64]
    """(LANES,): which actions can change anything, bit a for action a"""


class Rules(NamedTuple):
    """One scenario as numbers: the rows of the parameter tables that a run of firms plays by."""

    own: NDArray[np.float64]
    """(Static.size,)"""
    monthly: NDArray[np.float64]
    """(months + 1, Month.size)"""
    events: NDArray[np.float64]
    """(events, Event.size)"""
    grids: NDArray[np.float64]
    """(G,): tables of price processes, of all scenarios of the batch"""


@intrinsic
def lanes(typingctx: Any, blocks: Any, block: Any, first: Any) -> Any:
    """Columns of one block from lane ``first`` on: (blocks, columns, LANES) to (columns, LANES).

    The view keeps nothing alive: it must not outlive the array. Its lanes beyond LANES - first are not its own.
    """
    if not (isinstance(blocks, types.Array) and blocks.ndim == 3 and blocks.layout == "C" and blocks.mutable):
        return None
    view = types.Array(blocks.dtype, 2, "C")

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = context.make_array(signature.args[0])(context, builder, arguments[0])
        columns = builder.extract_value(whole.shape, 1)
        size = context.get_abi_sizeof(context.get_data_type(blocks.dtype))
        number = lambda value: context.get_constant(types.intp, value)  # noqa: E731
        offset = builder.add(builder.mul(builder.mul(arguments[1], columns), number(LANES)), arguments[2])
        made = context.make_array(view)(context, builder)
        populate_array(
            made,
            data=builder.gep(whole.data, [offset]),
            shape=cgutils.pack_array(builder, [columns, number(LANES)]),
            strides=cgutils.pack_array(builder, [number(LANES * size), number(size)]),
            itemsize=number(size),
            meminfo=None,
            parent=None,
        )
        return made._getvalue()

    return view(blocks, types.int64, types.int64), build


@intrinsic(prefer_literal=True)
def on_stack(typingctx: Any, columns: Any, dtype: Any) -> Any:
    """Columns for one call, (columns, LANES), without values; ``columns`` is a constant.

    They live as long as the call of the function that this stands in, once that is pasted: nothing may refer to them
    afterwards.
    """
    if not isinstance(columns, types.IntegerLiteral) or not isinstance(dtype, types.NumberClass):
        return None
    view, count = types.Array(dtype.instance_type, 2, "C"), columns.literal_value

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        content = context.get_data_type(view.dtype)
        room = context.get_data_type(types.UniTuple(view.dtype, count * LANES))
        size = context.get_abi_sizeof(content)
        number = lambda value: context.get_constant(types.intp, value)  # noqa: E731
        with builder.goto_entry_block():
            place = builder.alloca(room)
        made = context.make_array(view)(context, builder)
        populate_array(
            made,
            data=builder.bitcast(place, content.as_pointer()),
            shape=cgutils.pack_array(builder, [number(count), number(LANES)]),
            strides=cgutils.pack_array(builder, [number(LANES * size), number(size)]),
            itemsize=number(size),
            meminfo=None,
            parent=None,
        )
        return made._getvalue()

    return view(columns, dtype), build


TILE = 8


@intrinsic
def _turn_tile(typingctx: Any, source: Any, row: Any, column: Any, target: Any, first: Any, place: Any) -> Any:
    """target[first + c, place + r] = source[row + r, column + c] for r, c < TILE, in vector registers."""
    for array in (source, target):
        if not (isinstance(array, types.Array) and array.ndim == 2 and array.layout == "C"):
            return None
    if not source.dtype == target.dtype == types.float32:
        return None

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(context.get_data_type(signature.args[0].dtype), TILE)

        def address(which: int, along: Any, across: Any) -> Any:
            array = context.make_array(signature.args[which])(context, builder, arguments[which])
            width = builder.extract_value(array.shape, 1)
            return builder.gep(array.data, [builder.add(builder.mul(along, width), across)])

        def number(value: int) -> Any:
            return context.get_constant(types.intp, value)

        def mixed(one: Any, other: Any, order: list[int]) -> Any:
            return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(ir.IntType(32), TILE), order))

        lines = []
        for r in range(TILE):
            pointer = builder.bitcast(
                address(0, builder.add(arguments[1], number(r)), arguments[2]), vector.as_pointer()
            )
            lines.append(builder.load(pointer))
            lines[-1].align = 4
        for size in (1, 2, 4):  # swap the off-diagonal halves of squares of twice this size
            low = [
                k for j in range(0, TILE, 2 * size) for k in (*range(j, j + size), *range(TILE + j, TILE + j + size))
            ]
            high = [k + size for k in low]
            turned = list(lines)
            for r in range(TILE):
                if not r & size:
                    turned[r] = mixed(lines[r], lines[r + size], low)
                    turned[r + size] = mixed(lines[r], lines[r + size], high)
            lines = turned
        for c in range(TILE):
            pointer = builder.bitcast(
                address(3, builder.add(arguments[4], number(c)), arguments[5]), vector.as_pointer()
            )
            builder.store(lines[c], pointer).align = 4
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp), build


@jit(inline=True)
def columns_to_rows(width, columns, rows):
    """rows[i, c] = columns[c, i] of the first ``width`` lanes: float32, (c, LANES) to (width, c)."""
    count = columns.shape[0]
    whole = width // TILE * TILE if count >= TILE else 0
    for i in range(0, whole, TILE):
        for c in range(0, count - TILE + 1, TILE):
            _turn_tile(columns, c, i, rows, i, c)
        if count % TILE:
            _turn_tile(columns, count - TILE, i, rows, i, count - TILE)
    for i in range(whole, width):
        for c in range(count):
            rows[i, c] = columns[c, i]


@jit(inline=True)
def rows_to_columns(width, rows, columns):
    """columns[c, i] = rows[i, c] of the first ``width`` lanes: float32, (width, c) to (c, LANES)."""
    count = columns.shape[0]
    whole = width // TILE * TILE if count >= TILE else 0
    for i in range(0, whole, TILE):
        for c in range(0, count - TILE + 1, TILE):
            _turn_tile(rows, i, c, columns, c, i)
        if count % TILE:
            _turn_tile(rows, i, count - TILE, columns, count - TILE, i)
    for i in range(whole, width):
        for c in range(count):
            columns[c, i] = rows[i, c]


def blocks_of(n: int, columns: int, dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Zeros for ``n`` firms, (blocks, columns, LANES)."""
    return np.zeros((-(-n // LANES), columns, LANES), dtype)


def column_of(blocks: NDArray[Any], column: int, n: int) -> NDArray[Any]:
    """One column (n,) of ``n`` firms, a copy."""
    return blocks[:, column].reshape(-1)[:n].copy()


def rows_of(blocks: NDArray[Any], n: int) -> NDArray[Any]:
    """Every column of ``n`` firms as rows (n, columns), a copy."""
    return blocks.transpose(0, 2, 1).reshape(-1, blocks.shape[1])[:n].copy()


def set_rows(blocks: NDArray[Any], rows: NDArray[Any]) -> None:
    """Take up rows (n, columns); what lies beyond the last firm stays."""
    whole, left = divmod(len(rows), LANES)
    blocks[:whole] = rows[: whole * LANES].reshape(whole, LANES, rows.shape[1]).transpose(0, 2, 1)
    if left:
        blocks[whole, :, :left] = rows[whole * LANES :].T
