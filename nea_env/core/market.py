"""What a batch shows of its market: prices, rates, limits, links and the aggregate bank of the month observed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nea_env.core.blocks import column_of
from nea_env.core.layout import LINK_BROKEN, LINK_OPEN, PARTNERS, WORLD_FROM, Row, State, World
from nea_env.core.parameters import Month, Record, Static
from nea_env.core.play.step import show_prices
from nea_env.core.rules.price_processes import EQUILIBRIUM

Floats = NDArray[np.float64]


def market(rows: NDArray[np.int64], books: Floats, static: Floats, monthly: Floats, grids: Floats) -> dict[str, Floats]:
    """The columns of `Batch.market`, (n,) each, from its arrays."""
    statutes, months, n = rows[Row.STATUTE], rows[Row.MONTH], rows.shape[1]
    (offset_price, quote), fx = np.empty((2, n)), np.empty((n, PARTNERS))
    show_prices(rows, books, static, offset_price, quote, fx)
    price, room = column_of(books, State.PRICE, n), column_of(books, State.AUCTION_ROOM, n)
    shown = {
        "month": months.astype(np.float64),
        "long_price": price,
        "front_price": price * column_of(books, State.FRONT_RATIO, n),
        "offset_price": offset_price,
        "strike": column_of(books, State.STRIKE, n),
        "quote": quote,
        "auction_room": room,
        "auction_price": column_of(books, State.AUCTION_PRICE, n) * (room > 0.0),
        "volume_limit": monthly[statutes, months, Month.VOLUME_LIMIT],
    }

    def own(column: int) -> Floats:
        return static[statutes, column]

    def world(column: int) -> Floats:
        return column_of(books, WORLD_FROM + column, n)

    for k in range(int(own(Static.LINKS).max())):
        linked = own(Static.LINKS) > k
        foreign = world(World.FOREIGN_PRICE + k) * linked
        shown[f"foreign_price_{k}"] = foreign
        shown[f"local_price_{k}"] = foreign / np.where(linked, fx[:, k] * own(Static.LINK_UNITS + k), 1.0)
        shown[f"fx_{k}"] = fx[:, k].copy()
        shown[f"link_{k}"] = (world(World.LINK + k) == LINK_OPEN).astype(np.float64)
    solved = own(Static.PROCESS) == EQUILIBRIUM
    if solved.any():
        month = monthly[statutes, months]
        bank = own(Static.GRID_LOW) + own(Static.GRID_STEP) * world(World.NODE)
        bank += month[:, Month.SECOND_LOW] + month[:, Month.SECOND_STEP] * world(World.PARTNER_NODE)
        shown["aggregate_bank"] = solved * bank
        shown["lapse_probability"] = np.where(solved, grids[_lapse_places(own, months, month, world)], 0.0)
    return shown


def _lapse_places(
    own: Callable[[int], Floats], months: NDArray[np.int64], month: Floats, world: Callable[[int], Floats]
) -> NDArray[np.int64]:
    """Where in the grids each row's probability stands that units will lapse; 0 under other processes."""
    node = world(World.NODE) * month[:, Month.CHAIN_SECOND] + world(World.PARTNER_NODE)
    cell = node * own(Static.GRID_SHOCKS) + world(World.SHOCK)
    record = own(Static.GRID_FIRST) + month[:, Month.CHAIN] + cell * Record.size
    places = own(Static.GRID_BANKS) + own(Static.GRID_PARTNER_BANKS)
    cell = (months * places + world(World.NODE)) * own(Static.GRID_SHOCKS) + world(World.SHOCK)
    cut = (own(Static.GRID_ALONE) > 0.0) & (world(World.LINK) == LINK_BROKEN)
    record = np.where(cut, own(Static.GRID_FIRST) + own(Static.GRID_ALONE) + cell * Record.size, record)
    return np.where(own(Static.GRID_BANKS) > 0.0, record + Record.LAPSE, 0.0).astype(np.int64)
