"""Menus of joint actions: what a number means in the discrete form of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from nea_env.core import layout
from nea_env.core.layout import Action
from nea_env.scenario import Scenario
from nea_env.scenario.menu import JointAction


class Suggests(Protocol):
    """What tells this month's suggestions: a batch."""

    def suggestions(self) -> NDArray[np.float64]: ...  # noqa: D102
    def target_trade(self) -> NDArray[np.float64]: ...  # noqa: D102


class Choice(NamedTuple):
    """One joint choice of a menu: the Box action it represents."""

    name: str
    action: tuple[float, ...]
    trade: str  # "even" or "target": trade is replaced by the suggestion of that name; "": it is as it stands
    at_price: bool  # abate is replaced by the suggestion that meets the price due
    needs: frozenset[int]  # actions that it needs


class Menu(Sequence[str]):
    """The joint choices of a discrete form, by number: a sequence of their names.

    Args:
        choices: K of them; one at least needs nothing.

    Attributes:
        choices: as given.
        just_in_time: number of the choice that trades evenly and abates up to the price, or comes nearest to that.
    """

    def __init__(self, choices: Sequence[Choice]) -> None:
        self.choices = tuple(choices)
        self._names = tuple(choice.name for choice in self.choices)
        self.just_in_time = _just_in_time(self.choices)
        self._table = np.array([choice.action for choice in self.choices], np.float32)
        self._even = np.array([choice.trade == "even" for choice in self.choices])
        self._target = np.array([choice.trade == "target" for choice in self.choices])
        self._at_price = np.array([choice.at_price for choice in self.choices])
        self._masks = mask_table(self.choices)

    def __len__(self) -> int:
        return len(self.choices)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[str, ...]: ...
    def __getitem__(self, number: int | slice) -> str | tuple[str, ...]:
        return self._names[number]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Menu):
            return self.choices == other.choices
        return self._names == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._names)

    def __repr__(self) -> str:
        return f"Menu{self._names}"

    def mask(self, action_mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which choices can matter: those that need no masked action.

        Args:
            action_mask: (n, A) bool, which Box actions can matter.

        Returns:
            (n, K) bool, a new array.
        """
        packed = np.packbits(action_mask, axis=1)
        mask = self._masks[0].take(packed[:, 0], axis=0)
        for eight in range(1, len(self._masks)):
            mask &= self._masks[eight].take(packed[:, eight], axis=0)
        return mask

    def decode(self, numbers: NDArray[np.int64], batch: Suggests) -> NDArray[np.float32]:
        """The Box actions that choices represent this month: (n, 8) float32 in [-1, 1], a new array.

        Args:
            numbers: (n,) of the menu.
            batch: the n firms, whose suggestions are put in.
        """
        actions = self._table.take(numbers, axis=0)
        suggested, trade = batch.suggestions(), actions[:, Action.TRADE]
        np.copyto(trade, suggested[:, 0], where=self._even.take(numbers), casting="same_kind")
        np.copyto(actions[:, Action.ABATE], suggested[:, 1], where=self._at_price.take(numbers), casting="same_kind")
        if self._target.any():
            np.copyto(trade, batch.target_trade(), where=self._target.take(numbers), casting="same_kind")
        return actions

    def decode_one(self, number: int, batch: Suggests) -> NDArray[np.float32]:
        """`decode` for one firm, (1, 8), in a fifth of the time."""
        choice = self.choices[number]
        action = self._table[number : number + 1].copy()
        if choice.trade == "even":
            action[0, Action.TRADE] = batch.suggestions()[0, 0]
        elif choice.trade == "target":
            action[0, Action.TRADE] = batch.target_trade()[0]
        if choice.at_price:
            action[0, Action.ABATE] = batch.suggestions()[0, 1]
        return action


def mask_table(choices: Sequence[Choice]) -> NDArray[np.bool_]:
    """(B, 256, K): which choices are open as far as eight actions say, for each mask of those packed into a byte."""
    open_actions = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(bool)
    table = np.ones((-(-Action.size // 8), 256, len(choices)), bool)
    for index, choice in enumerate(choices):
        for need in choice.needs:
            table[need // 8, :, index] &= open_actions[:, need % 8]
    return table


def _just_in_time(choices: Sequence[Choice]) -> int:
    for trade, at_price in (("even", True), ("even", False), ("target", False)):
        for number, choice in enumerate(choices):
            others = choice.needs - {Action.TRADE, Action.ABATE}
            if choice.trade == trade and choice.at_price == at_price and not others:
                return number
    return next(number for number, choice in enumerate(choices) if not choice.needs)


_TRADES = {"hold": 0.0, "even": 0.0, "sell": -1.0, "buy": 1.0}


def _choice(trade: str, abate: str, extras: dict[str, tuple[int, float]]) -> Choice:
    action = [0.0] * len(layout.ACTIONS)
    action[Action.TRADE] = _TRADES[trade]
    needs = set() if trade == "hold" else {Action.TRADE}
    if abate == "at price":
        needs.add(Action.ABATE)
    for index, value in extras.values():
        action[index] = value
        needs.add(index)
    name = ", ".join((trade, abate, *extras))
    return Choice(name, tuple(action), "even" if trade == "even" else "", abate == "at price", frozenset(needs))


def _choices() -> tuple[Choice, ...]:
    invest, offsets = {"invest": (Action.INVEST, 1.0)}, {"offsets": (Action.OFFSET, 1.0)}
    joint = product(_TRADES, ("none", "at price"), ({}, invest), ({}, offsets))
    choices = [_choice(trade, abate, {**a, **b}) for trade, abate, a, b in joint]
    choices.append(_choice("even", "at price", {"borrow none": (Action.BORROW, -1.0)}))
    choices.append(_choice("even", "at price", {"bank none": (Action.BANK, -1.0)}))
    choices.append(_choice("even", "at price", {"output less": (Action.OUTPUT, -0.2)}))
    choices.append(_choice("even", "at price", {"output more": (Action.OUTPUT, 0.2)}))
    choices.append(_choice("even", "at price", {"foreign buy": (Action.FOREIGN, 1.0)}))
    choices.append(_choice("even", "at price", {"foreign sell": (Action.FOREIGN, -1.0)}))
    return tuple(choices)


MENU = Menu(_choices())
"""The menu of the ``Discrete`` ids: trade {hold, even, sell, buy} x abate {none, at price} x invest x offsets, two
refusals, output, foreign units.

``"even, at price, invest, offsets"`` trades what closes the gap evenly by the deadline, abates up to the price of the
tonne due, starts all the investment a month allows and buys all offsets there is room for. What is not named is not
done; borrowing and banking are as permitted unless the name says otherwise.
"""


def menu_of(*scenarios: Scenario) -> Menu:
    """The menu that discrete actions choose from: the scenarios' own where they have one, else `MENU`.

    Raises:
        ValueError: their menus differ.
    """
    for other in scenarios[1:]:
        if other.menu != scenarios[0].menu:
            raise ValueError(
                f"scenario: {scenarios[0].name} and {other.name} have different menus of joint actions; rows that "
                "choose by number need one menu: expected action_form='box' for these"
            )
    return _own(scenarios[0].menu) if scenarios[0].menu else MENU


@lru_cache(maxsize=64)
def _own(entries: tuple[JointAction, ...]) -> Menu:
    return Menu([_entry(entry) for entry in entries])


def _entry(entry: JointAction) -> Choice:
    values = [getattr(entry, field.name) for field in layout.ACTIONS]
    needs = frozenset(number for number, value in enumerate(values) if value != 0.0)
    trade = entry.trade if isinstance(entry.trade, str) else ""
    action = tuple(0.0 if isinstance(value, str) else float(value) for value in values)
    return Choice(entry.words, action, trade, False, needs)
