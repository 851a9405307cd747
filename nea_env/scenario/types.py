"""What all parts of a scenario are made of: bounded numbers, months, frozen models."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _check_month(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value):
        told = value.isoformat() if isinstance(value, date) else repr(value)
        raise ValueError(f"{told} is not a month: write it as YYYY-MM, for instance 2015-01")
    return value


def _check_year(value: object) -> str:
    text = str(value)
    if isinstance(value, bool | float) or not re.fullmatch(r"[0-9]{4}", text):
        raise ValueError(f"{value!r} is not a year: write it with four digits, for instance 2015")
    return text


Month = Annotated[str, BeforeValidator(_check_month)]
Year = Annotated[str, BeforeValidator(_check_year)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0, le=1e15)]
Positive = Annotated[float, Field(gt=0.0, le=1e15)]


class Model(BaseModel):
    """A frozen model that refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def months_between(earlier: str, later: str) -> int:
    """Months from one "YYYY-MM" to another; negative when they are in the other order."""
    return (int(later[:4]) - int(earlier[:4])) * 12 + int(later[5:]) - int(earlier[5:])


def add_months(month: str, count: int) -> str:
    """The month ``count`` months after a "YYYY-MM"."""
    year, index = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 12)
    return f"{year:04d}-{index + 1:02d}"
