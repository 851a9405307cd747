"""What frames need of each row's episode, month by month; kept only if a render mode is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nea_env.core.layout import ACCOUNTS
from nea_env.scenario import add_months

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nea_env.core.batch import Batch
    from nea_env.scenario import Scenario

    Months = dict[str, NDArray[np.float64]]

_MARKET = ("month", "long_price", "front_price", "offset_price", "strike")
_FLOWS = ("bought", "sold", "surrendered", "emitted", "abated", "saved", "cost")
_SERIES = (*_MARKET, *(f"held_{name}" for name in ACCOUNTS), *_FLOWS)
_NEVER = np.iinfo(np.int64).max // 2


class History:
    """The months since each row's episode began.

    Args:
        n: rows.
    """

    def __init__(self, n: int) -> None:
        self._months: list[NDArray[np.float64]] = []  # each (names, n)
        self._start = np.full(n, _NEVER)  # place of each row's first month

    def begin(self, batch: Batch, rows: NDArray[np.bool_] | None = None) -> None:
        """Note the state after a reset of some rows (all without a mask)."""
        self.record(batch, np.ones(len(self._start), bool) if rows is None else rows)

    def record(self, batch: Batch, began: NDArray[np.bool_] | None = None) -> None:
        """Note the present state and the month just played; ``began`` rows start their episode here."""
        market, accounts, flows = batch.market(), batch.accounts(), batch.flows()
        columns = [market[name] for name in _MARKET] + [accounts[name] for name in ACCOUNTS]
        self._months.append(np.array(columns + [flows[name] for name in _FLOWS]))
        if began is not None and began.any():
            self._start[began] = len(self._months) - 1
            idle = int(self._start.min())  # months that no row's episode reaches back to
            del self._months[:idle]
            self._start -= idle

    def row(self, index: int) -> Months:
        """Series of one row since its episode began, empty before; entry 0 is the state in which it began.

        The flows of entry 0 are of a month before those shown: zero after a reset.
        """
        months = self._months[self._start[index] :]
        if not months:
            return {}
        return dict(zip(_SERIES, np.array([month[:, index] for month in months]).T, strict=True))


def date(scenario: Scenario, months: Months, index: int = -1) -> str:
    """The month that the firm is in at an entry of the series; after the end, the last one."""
    return min(add_months(scenario.start, int(months["month"][index])), scenario.end)


def cost_so_far(months: Months) -> NDArray[np.float64]:
    """Money paid since the first month shown, at each month."""
    total = np.cumsum(months["cost"])
    return total - total[0]
