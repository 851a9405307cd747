"""A menu of joint actions: where a scenario has one, whatever a firm asks for becomes the nearest entry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from nea_env.scenario.types import Model, Number, Share

Signed = Annotated[Number, Field(ge=-1.0, le=1.0)]
MENU_MAX = 64


def _trade(value: object) -> object:
    if isinstance(value, str) and value not in ("even", "target"):
        raise ValueError(f"{value!r}: expected a number from -1 to 1, even or target")
    return value


class JointAction(Model):
    """One entry: a value for each action, in the units of the Box.

    ``even`` trades what closes the gap evenly by the deadline; ``target`` what closes it at once, or sells what may
    not be carried over (`even_trade` and `target_trade` of the observation).
    """

    trade: Annotated[Signed | Literal["even", "target"], BeforeValidator(_trade)] = 0.0  # share of the volume limit
    abate: Share = 0.0  # of what is possible
    invest: Share = 0.0  # of the monthly investment limit
    offset: Share = 0.0  # of the room left
    borrow: Annotated[Number, Field(ge=-1.0, le=0.0)] = 0.0  # 0: all that is permitted; -1: none
    bank: Annotated[Number, Field(ge=-1.0, le=0.0)] = 0.0
    foreign: Signed = 0.0  # share of the monthly volume limit
    output: Signed = 0.0  # share of what can be changed

    @property
    def words(self) -> str:
        """``"trade target, invest 1"``; what is at its default is left out, ``"idle"`` if all is."""
        told = self.model_dump(exclude_defaults=True)
        parts = [f"{key} {value if isinstance(value, str) else format(value, 'g')}" for key, value in told.items()]
        return ", ".join(parts) or "idle"


def _distinct_and_idle(entries: tuple[JointAction, ...]) -> tuple[JointAction, ...]:
    if entries and JointAction() not in entries:
        raise ValueError("no entry does nothing: expected one that is {}")
    for number, entry in enumerate(entries):
        if entry in entries[:number]:
            raise ValueError(f"entry {number} ({entry.words}) is listed twice: expected each joint action once")
    return entries


Menu = Annotated[tuple[JointAction, ...], Field(max_length=MENU_MAX), AfterValidator(_distinct_and_idle)]
