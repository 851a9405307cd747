"""Firms side by side: what they keep is stored in blocks of LANES rows, column by column.

All firms of a scenario share the month, so a month is played for a run of firms at once: what the month asks is read
once, and a loop over a column's lanes is one that the compiler turns into vector instructions. It does so only where
it knows how far apart two columns are; that is what `lanes` tells it. A single firm is a run of one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from numpy.typing import DTypeLike, NDArray

LANES = 64
"""Firms in a block: their columns fill a line of memory each eight lanes, and a block fits the first-level caches."""


class Firms(NamedTuple):
    """A run of firms in one block that play the same month of the same scenario; views, one column a row.

    What has no fields of its own (actions, words) is there for the month that is being played.
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
    """(4, LANES): random words of one draw"""
    news: NDArray[np.float64]
    """(4, LANES): standard normal news made of them"""
    seen: NDArray[np.float32]
    """(Observation.size, LANES)"""
    open: NDArray[np.bool_]
    """(Action.size, LANES): which actions can change anything"""


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
    if not (isinstance(blocks, types.Array) and blocks.ndim == 3 and blocks.layout == "C"):
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

    They live as long as the call that asks for them: nothing may refer to them afterwards.
    """
    if not isinstance(columns, types.IntegerLiteral) or not isinstance(dtype, types.NumberClass):
        return None
    view, count = types.Array(dtype.instance_type, 2, "C"), columns.literal_value

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        content = context.get_data_type(view.dtype)
        room = context.get_data_type(types.UniTuple(view.dtype, count * LANES))
        size = context.get_abi_sizeof(content)
        number = lambda value: context.get_constant(types.intp, value)  # noqa: E731
        made = context.make_array(view)(context, builder)
        populate_array(
            made,
            data=builder.bitcast(cgutils.alloca_once(builder, room), content.as_pointer()),
            shape=cgutils.pack_array(builder, [number(count), number(LANES)]),
            strides=cgutils.pack_array(builder, [number(LANES * size), number(size)]),
            itemsize=number(size),
            meminfo=None,
            parent=None,
        )
        return made._getvalue()

    return view(columns, dtype), build


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
