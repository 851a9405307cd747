"""The bank: what a firm holds beyond the duty that it has built up, month by month and by the vintage that falls due.

    bank = units and credits held - emissions not settled yet - debt - free units not earned yet

Units and credits held are ``front``, ``next``, offset credits and foreign units: all of them can be used, or kept, by
some later deadline. Emissions not settled are ``accrued``, ``closed`` and ``owed``; debt is what was borrowed, or is to
be taken back, from an allocation to come. Free units are earned evenly over the months of production that they are for:
what is booked ahead of these months is no bank, and what is booked after them (at verification) is held already. Below
zero the firm is short: it has yet to buy or to borrow. So a firm that trades just in time has a bank of about nothing,
wherever its allocation is booked; once production has ended, and the last units are booked, the bank is what it holds
less what it owes.

How many free units a vintage gets is counted when all is settled: what is booked for it, after the true-up, and, in
Tokyo and Saitama and under a deficit cap, the emissions that never became a duty. What the law takes from an allocation
for excess banking or a miss lowers the vintage in which the deadline falls.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nea_env.core.lowering.events import events
from nea_env.core.lowering.periods import deadlines, periods_of
from nea_env.core.parameters import ALLOCATE, DEADLINE, Event
from nea_env.scenario import Scenario

YEARLY = ("carried_over", "lapsed", "borrowed", "imported", "offsets", "penalised")
"""What is told by vintage, in tonnes.

``carried_over``: units and credits in hand after the deadline, but for the allocation of the vintages to come.
``lapsed``, ``borrowed`` and ``penalised`` are the flows of these names; ``imported``: foreign units bought less sold;
``offsets``: offset credits bought; all of them since the deadline before.
"""

Tonnes = Mapping[str, NDArray[np.float64]]


class Bank:
    """The books of a batch of firms over one episode.

    Args:
        scenario: what is played.
        accounts: before the first month, (n,) by name.

    Attributes:
        years: a label for each vintage, the compliance years that fall due together: ``"2018"``, ``"2010-2014"``.
        yearly: (n, vintages) by name in ``YEARLY``, t.
        carried_t: the most units of the front that were carried over a deadline, (n,).
    """

    def __init__(self, scenario: Scenario, accounts: Tonnes) -> None:
        periods = periods_of(scenario)
        self._ends = deadlines(periods)
        groups = [[period for period in periods if period.deadline == end] for end in self._ends]
        lasts = [int(group[-1].year) + group[-1].years - 1 for group in groups]
        self.years = tuple(
            group[0].year if int(group[0].year) == last else f"{group[0].year}-{last}"
            for group, last in zip(groups, lasts, strict=True)
        )
        self._spans = [(max(0, group[0].first), group[-1].end) for group in groups]
        self._ahead, self._after_roll = _bookings_ahead(scenario)
        n = len(accounts["front"])
        self.yearly = {name: np.zeros((n, len(groups))) for name in YEARLY}
        self.carried_t = np.zeros(n)
        self._free = np.zeros((len(groups) + 2, n))  # the last two rows: of vintages that are not played
        self._free[0], self._free[1] = accounts["front"], accounts["next"]
        self._held: list[NDArray[np.float64]] = []  # by month: held less owed
        self._booked: list[NDArray[np.float64]] = [self._free.sum(axis=0)]
        self._before = accounts

    def note(self, flows: Tonnes, after: Tonnes) -> None:
        """A month that has been played.

        Args:
            flows: of the month, (n,) by name.
            after: accounts at its end.
        """
        month, before = len(self._held), self._before
        vintage = min(int(np.searchsorted(self._ends, month)), len(self._ends) - 1)
        is_due = month in self._ends
        booked = flows["issued"] - flows["credits_issued"] + flows["forgiven"] - flows["clawback_unmet"]
        booked = booked + flows["borrowed"] - flows["deducted"] + before["debt"] - after["debt"]
        once = twice = np.zeros_like(booked)  # of them, for the vintage after, and for the one after that
        if month in self._after_roll:
            twice = after["next"] if month in self._ahead else flows["issued"]
        if month in self._ahead:
            paid = np.maximum(before["debt"] - after["debt"], 0.0)
            once = flows["issued"] - twice if is_due else after["next"] - before["next"] + paid
        for later, tonnes in enumerate((booked - once - twice, once, twice)):
            self._free[vintage + later] += tonnes
        self._booked.append(self._booked[-1] + booked)
        kept = after["offsets"] + after["foreign"]
        unsettled = after["accrued"] + after["closed"] + after["owed"]
        self._held.append(after["front"] + after["next"] + kept - unsettled - after["debt"])

        taken = {"imported": flows["foreign_bought"] - flows["foreign_sold"], "offsets": flows["offsets_bought"]}
        for name in YEARLY[1:]:
            self.yearly[name][:, vintage] += taken[name] if name in taken else flows[name]
        if is_due:
            taken_back = flows["deducted"] - (twice - after["next"])  # from the vintage that becomes the front
            carried = after["front"] - np.maximum(before["next"] + once - taken_back, 0.0)
            self.carried_t = np.maximum(self.carried_t, carried)
            self.yearly["carried_over"][:, vintage] = np.maximum(carried, 0.0) + kept
        self._before = after

    def tonnes(self) -> NDArray[np.float64]:
        """The bank at the end of each month played, (months, n), t."""
        return np.array(self._held) - np.array(self._booked[1:]) + self._earned()[1:]

    def allocation(self) -> NDArray[np.float64]:
        """Free units earned in each month played, (months, n), t: what the law takes back from them is taken off."""
        return np.diff(self._earned(), axis=0)

    def _earned(self) -> NDArray[np.float64]:
        """Free units earned up to the end of each month, (months + 1, n), t; first of all, before the first month."""
        months = np.arange(len(self._held) + 1)
        earned = np.zeros((len(months), len(self.carried_t)))
        for (first, last), free in zip(self._spans, self._free, strict=False):
            earned += np.clip((months - first) / (last - first + 1), 0.0, 1.0)[:, None] * free
        return earned


def _bookings_ahead(scenario: Scenario) -> tuple[set[int], set[int]]:
    """Months in which units of the vintage after are booked, and those in which that happens after it became it."""
    ahead: set[int] = set()
    after_roll: set[int] = set()
    rolled = -1
    table, months = events(scenario)
    for event, month in zip(table, months.tolist(), strict=True):
        if event[Event.KIND] == DEADLINE:
            rolled = month
        elif event[Event.KIND] == ALLOCATE and event[Event.TO_NEXT] > 0.0:
            (after_roll if rolled == month else ahead).add(month)
    return ahead, after_roll
