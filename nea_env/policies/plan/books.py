"""What a firm has and owes when it plans, and the prices and the output that it plans with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.core.layout import HISTORY, QUEUE, TECHS, Action, State
from nea_env.core.lowering.splice import Tables
from nea_env.core.lowering.tables import lowered
from nea_env.core.parameters import Month, Static

Floats = NDArray[np.float64]


class Books(NamedTuple):
    """A firm at the start of a month.

    Attributes:
        month: played since the start of its episode.
        state: (State.size,) accounts and memory, columns of ``layout.State``.
        queue: (TECHS, QUEUE) capacity under construction, t a month; capacity of quarter q waits in place q % QUEUE.
        history: (HISTORY,) front prices of past months, money/t; that of month m is in place m % HISTORY.
    """

    month: int
    state: Floats
    queue: Floats
    history: Floats

    def arrivals(self, k: int) -> list[tuple[int, float]]:
        """(month in which it comes on line, t a month) of a technology's capacity under construction."""
        quarter, found = self.month // 3, []
        for ahead in range(1, QUEUE + 1):
            waiting = float(self.queue[k, (quarter + ahead) % QUEUE])
            if waiting > 0.0:
                found.append((3 * (quarter + ahead), waiting))
        return found


def books_of(batch: Batch) -> list[Books]:
    """The books of every row of a batch as it stands."""
    saved = batch.get_state()
    queue = saved["_queue"].astype(np.float64).reshape(batch.n, TECHS, QUEUE)
    history = saved["_history"].astype(np.float64)
    return [Books(int(saved["_months"][i]), saved["_state"][i], queue[i], history[i]) for i in range(batch.n)]


class Path(NamedTuple):
    """Prices and output by month of the episode, (horizon,) each; months before the plan begins are not read.

    Attributes:
        price: long price, money/t.
        front: front price, money/t.
        offset: price of offset credits per home-usable tonne, money/t.
        output: of the month, unit.
        intervened: whether the committee acted against high prices the month before.
        run: months in a row beyond a price trigger, as news of the month found them; positive above.
        news: about the front's discount or premium, as it stood in the month.
    """

    price: Floats
    front: Floats
    offset: Floats
    output: Floats
    intervened: NDArray[np.bool_]
    run: Floats
    news: Floats


def idle_paths(batch: Batch) -> list[Path]:
    """The paths of a batch's rows, found by letting it play to the end without an action.

    Prices, output and announcements do not depend on what a firm does unless its own trades move the price.

    Args:
        batch: all rows in the first month of their episodes and of one horizon.
    """
    horizon, rows = int(batch.horizon[0]), []
    laws, idle = lowered(batch.scenarios[0]).tables, np.zeros((batch.n, Action.size), np.float32)
    multiplier = np.array([laws[law].static[Static.OFFSET_MULTIPLIER] for law in batch.statutes])
    for _ in range(horizon):
        market, intervened = batch.market(), batch.memory("intervened") > 0.0
        run, news = batch.memory("trigger_run"), batch.memory("news")
        batch.step(idle)
        offset, output = market["offset_price"] / multiplier, batch.flows()["output"]
        rows.append((market["long_price"], market["front_price"], offset, output, intervened, run, news))
    columns = [np.array(column).T for column in zip(*rows, strict=True)]
    return [Path(*(column[i] for column in columns)) for i in range(batch.n)]


def expected_path(tables: Tables, books: Books) -> Path:
    """The path of expected prices and output as a firm can know them.

    The long price grows at the discount rate, as every martingale does; the front keeps its discount or premium to
    its own deadline, and later fronts have none; the offset price and output go back to their levels.
    """
    own, monthly, state, t0 = tables.static, tables.monthly, books.state, books.month
    horizon = tables.horizon
    ahead = np.maximum(np.arange(horizon) - t0, 0)
    price = state[State.PRICE] * np.exp(own[Static.LOG_DRIFT] * ahead)
    left = monthly[t0, Month.TO_DEADLINE]
    ratio = np.where(ahead <= left, state[State.FRONT_RATIO], 1.0)
    offset = np.zeros(horizon)
    if own[Static.HAS_OFFSET] > 0.0:
        kept = (1.0 - own[Static.OFFSET_PULL]) ** ahead
        distance = state[State.LOG_OFFSET_RATIO] - own[Static.OFFSET_LEVEL]
        variance = _variance(1.0 - own[Static.OFFSET_PULL], own[Static.OFFSET_SD], ahead)
        log_ratio = own[Static.OFFSET_LEVEL] + kept * distance + 0.5 * variance
        offset = price * np.exp(log_ratio) / own[Static.OFFSET_MULTIPLIER]
    log_output = own[Static.PERSISTENCE] ** ahead * state[State.LOG_OUTPUT]
    log_output += 0.5 * _variance(own[Static.PERSISTENCE], own[Static.DEMAND_SD], ahead)
    output = monthly[:horizon, Month.OUTPUT] * np.exp(log_output - monthly[:horizon, Month.OUTPUT_CORRECTION])
    intervened = (np.arange(horizon) == t0) & (state[State.INTERVENED] > 0.0)
    return Path(price, price * ratio, offset, output, intervened, np.zeros(horizon), np.zeros(horizon))


def _variance(persistence: float, sd: float, months: NDArray[np.integer]) -> Floats:
    """Variance of an AR(1) so many months ahead."""
    if persistence >= 1.0:
        return np.asarray(sd**2 * months, np.float64)
    share = (1.0 - persistence ** (2.0 * months)) / (1.0 - persistence**2)
    return np.asarray(sd**2 * share, np.float64)


def mean_price(tables: Tables, books: Books, path: Path, t: int, months: int, weighted: bool) -> float:
    """Mean front price of the last ``months`` months up to t, by market volume where the law says so, money/t."""
    total = weight = 0.0
    for month in range(max(0, t - months + 1), t + 1):
        price = float(path.front[month] if month >= books.month else books.history[month % HISTORY])
        w = float(tables.monthly[month, Month.TURNOVER]) if weighted else 1.0
        if price > 0.0:  # a month that nobody remembers has none
            total, weight = total + w * price, weight + w
    return total / weight if weight > 0.0 else float(path.front[max(t, books.month)])
