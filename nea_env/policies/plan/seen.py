"""A firm's books as it can tell them itself: from what it observes, and what it has observed before.

The observation holds the accounts, but not how a sum of them is made up. What is waiting for verification is split
over its periods by the output that the firm has seen; months that it has not seen count as at baseline.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import HISTORY, OBS_INDEX, QUEUE, SLOTS, TECHS, State
from nea_env.core.lowering.splice import Tables
from nea_env.core.parameters import (
    ALLOCATE,
    BORROW_DECAYING,
    BORROW_GAP_TEST,
    BY_OUTPUT,
    CLOSE_YEAR,
    DEADLINE,
    VERIFY,
    Event,
    Month,
    Static,
)
from nea_env.core.rules.abatement import arrival
from nea_env.core.rules.offsets import LIMIT_DUTY, LIMIT_REDUCTION
from nea_env.policies.plan.books import Books

Floats = NDArray[np.float64]

YEARS = ("front", "old", "next", "offsets", "accrued", "owed", "debt", "credits_issued")
"""Accounts that the observation shows in squashed years."""
_MOST = 1.0 - 1e-6


def unsquashed(value: float) -> float:
    """The number y of which the observation shows y / (1 + |y|)."""
    return value / (1.0 - min(abs(value), _MOST))


class Seen:
    """What one firm has seen of its episode.

    Args:
        tables: of the law.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.output = tables.monthly[: tables.horizon, Month.OUTPUT].copy()
        self._front = np.zeros(tables.horizon)
        self._started = np.zeros((TECHS, tables.horizon))
        self._capacity = np.zeros(TECHS)
        self.long_sales = 0.0

    def books(self, t: int, seen: Floats) -> Books:
        """The books at the start of a month, from its observation (OBS,)."""
        own, month, state = self._tables.static, self._tables.monthly[t], np.zeros(State.size)
        year = float(own[Static.ANNUAL_EMISSIONS])

        def shown(name: str) -> float:
            return float(seen[OBS_INDEX[name]])

        for name in YEARS:
            state[State.index[name]] = year * unsquashed(shown(name))
        price = math.exp(shown("log_price") + own[Static.LOG_REFERENCE])
        state[State.PRICE], state[State.FRONT_RATIO] = price, 1.0 + shown("front_gap")
        front_price = price * state[State.FRONT_RATIO]
        state[State.LOG_OFFSET_RATIO], state[State.LOG_OUTPUT] = shown("log_offset_ratio"), shown("log_output")
        state[State.STRIKE] = front_price * unsquashed(shown("strike"))
        event, sales = int(month[Month.DEADLINE_EVENT]), 0.1 * year * unsquashed(shown("net_sales"))
        if event >= 0 and self._tables.events[event, Event.BANK_LONG_SALES] > 0.0:
            self.long_sales = sales  # those since the last deadline are not shown, and nothing reads them
        else:
            state[State.NET_SALES] = sales
        state[State.LONG_SALES], state[State.INTERVENED] = self.long_sales, shown("intervened")
        state[State.AUCTION_ROOM] = 0.1 * year * unsquashed(shown("auction_room"))
        state[State.OFFSET_BUYABLE] = 0.1 * year * unsquashed(shown("offset_room"))
        self._front[t] = front_price
        self.output[t] = month[Month.OUTPUT] * math.exp(shown("log_output") - month[Month.OUTPUT_CORRECTION])
        self._fill_periods(t, state, year * unsquashed(shown("closed")))
        self._fill_borrowing(t, state, year * shown("borrow_right"))
        queue, history = self._fill_plant(t, state, seen), np.zeros(HISTORY)
        for before in range(max(0, t - HISTORY), t):
            history[before % HISTORY] = self._front[before]
        return Books(t, state, queue, history)

    def _fill_plant(self, t: int, state: Floats, seen: Floats) -> Floats:
        """Capacity, and when that under construction comes on line: what was started is what the sum has grown by."""
        own, queue = self._tables.static, np.zeros((TECHS, QUEUE))
        for k in range(TECHS):
            potential = float(own[Static.POTENTIAL + k])
            state[State.CAPACITY + k] = potential * float(seen[OBS_INDEX[f"capacity_{k}"]])
            building = potential * float(seen[OBS_INDEX[f"building_{k}"]])
            total = state[State.CAPACITY + k] + building
            if t > 0:
                self._started[k, t - 1] = max(0.0, total - self._capacity[k])
            self._capacity[k] = total
            lead, coming = int(own[Static.LEAD + k]), np.zeros(QUEUE)
            for s in range(max(0, t - lead - 3), t):
                if arrival(s, lead) > t:
                    coming[(arrival(s, lead) // 3) % QUEUE] += self._started[k, s]
            if building > 0.0:  # as much as is seen; where nothing was, it comes as if started now
                queue[k] = coming * (building / coming.sum()) if coming.sum() > 0.0 else 0.0
                if coming.sum() <= 0.0:
                    queue[k, (arrival(t, lead) // 3) % QUEUE] = building
            state[State.BUILDING + k] = building
        return queue

    def _fill_periods(self, t: int, state: Floats, closed: float) -> None:
        """What waits for verification, and what was booked for it, by what the calendar has settled before month t."""
        monthly, own = self._tables.monthly, self._tables.static
        outputs, emissions, booked = np.zeros((3, SLOTS))
        accrued, emitted = (own[Static.START_ACCRUED] * own[c] for c in (Static.ANNUAL_OUTPUT, Static.ANNUAL_EMISSIONS))
        last, room, allocation = float(own[Static.ANNUAL_OUTPUT]), 0.0, math.inf
        for past in range(t):
            accrued += self.output[past]
            emitted += self.output[past] * monthly[past, Month.INTENSITY]
            for event in self._tables.events[
                int(monthly[past, Month.FIRST_EVENT]) : int(monthly[past, Month.LAST_EVENT])
            ]:
                kind, slot = int(event[Event.KIND]), int(event[Event.SLOT])
                if kind == CLOSE_YEAR:
                    outputs[slot] += accrued
                    emissions[slot] += emitted
                    accrued = emitted = 0.0
                elif kind == ALLOCATE and event[Event.PRE_SHARE] > 0.0:
                    base = outputs[int(event[Event.PRE_SLOT])] if event[Event.PRE_SLOT] >= 0.0 else last
                    booked[slot] += event[Event.PRE_SHARE] * event[Event.RATE] * base
                elif kind == VERIFY:
                    by_output = event[Event.RATE] * outputs[slot]
                    allocation = float(by_output if event[Event.METHOD] == BY_OUTPUT else event[Event.AMOUNT])
                    last = float(outputs[slot] / event[Event.YEARS])
                    if event[Event.OFFSET_BASE] == LIMIT_REDUCTION:
                        room += event[Event.OFFSET_SHARE] * event[Event.REQUIRED_REDUCTION]
                    elif event[Event.OFFSET_BASE] == LIMIT_DUTY:
                        room += event[Event.OFFSET_SHARE] * emissions[slot]
                    outputs[slot] = emissions[slot] = booked[slot] = 0.0
                elif kind == DEADLINE:
                    room = 0.0
        share = closed / emissions.sum() if emissions.sum() > 0.0 else 0.0
        for k in range(SLOTS):
            state[State.CLOSED + k], state[State.CLOSED_OUTPUT + k] = share * emissions[k], outputs[k]
            state[State.PREALLOCATED + k] = booked[k]
        state[State.ACCRUED_OUTPUT], state[State.LAST_OUTPUT] = accrued, last
        state[State.OFFSET_ROOM], state[State.LAST_EMISSIONS] = room, own[Static.ANNUAL_EMISSIONS]
        state[State.DEFICIT] = allocation < state[State.OWED]

    def _fill_borrowing(self, t: int, state: Floats, right: float) -> None:
        """The limit on borrowing at the next deadline, from the right that is seen."""
        own, month = self._tables.static, self._tables.monthly[t]
        state[State.BORROW_LIMIT] = own[Static.START_BORROW_LIMIT]
        place = int(month[Month.DEADLINE_EVENT])
        if place < 0:
            return
        duty = state[State.OWED] + month[Month.DUE_ACCRUED] * state[State.ACCRUED]
        duty += sum(float(month[Month.DUE_CLOSED + k]) * state[State.CLOSED + k] for k in range(SLOTS))
        rule = int(self._tables.events[place, Event.BORROW_RULE])
        if rule == BORROW_DECAYING and duty > 0.0:
            state[State.BORROW_LIMIT] = right / duty
        elif rule == BORROW_GAP_TEST:
            state[State.BORROW_PERMIT] = right
