"""A path of prices on record as a table for the kernels."""

from __future__ import annotations

import math

import numpy as np

from nea_env.core.parameters import Static
from nea_env.scenario import Scenario


def fill_replay(static: np.ndarray, scenario: Scenario, horizon: int) -> np.ndarray:
    """Put a path's start and length into ``static``; nothing is left to chance.

    Returns:
        (3 (horizon + 1),): log long price, front over the long price, log of the offset over the long price, each for
        the months 0 .. horizon; the last month after the end is as the one before.
    """
    market, months = scenario.market, horizon + 1
    assert market.replay is not None
    price = market.replay.prices(scenario.start, months)
    front = market.replay.series("front_ratio", scenario.start, months) or [1.0] * months
    offset = market.replay.series("offset_price", scenario.start, months)
    start = market.offset.ratio if market.offset else 1.0
    ratio = [start] * months if offset is None else [sold / paid for sold, paid in zip(offset, price, strict=True)]
    log_ratio = [math.log(value) if market.offset else 0.0 for value in ratio]
    static[Static.ENTRIES] = months
    static[Static.START_LOG_PRICE] = math.log(price[0])
    static[Static.START_LOG_OFFSET_RATIO] = log_ratio[0]
    static[[Static.OFFSET_LEVEL, Static.OFFSET_PULL, Static.OFFSET_SD]] = 0.0
    return np.array([*map(math.log, price), *front, *log_ratio])
