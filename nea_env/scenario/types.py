"""What all parts of a scenario are made of: bounded numbers, months, frozen models."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, NoReturn, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, model_validator


def _check_month(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value):
        written = value.isoformat() if isinstance(value, date) else repr(value)
        raise ValueError(f"{written} is not a month: write it as YYYY-MM, for instance 2015-01")
    return value


def _check_year(value: object) -> str:
    text = str(value)
    if isinstance(value, bool | float) or not re.fullmatch(r"[0-9]{4}", text):
        raise ValueError(f"{value!r} is not a year: write it with four digits, for instance 2015")
    return text


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value  # 1e3 is a float in YAML


Month = Annotated[str, BeforeValidator(_check_month)]
Year = Annotated[str, BeforeValidator(_check_year)]
Number = Annotated[float, Strict()]
"""A number: neither a boolean nor text."""
Whole = Annotated[int, Strict(), BeforeValidator(_whole)]
Switch = Annotated[bool, Strict()]
"""true or false; neither a number nor text."""
Share = Annotated[Number, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[Number, Field(ge=0.0, le=1e15)]
Positive = Annotated[Number, Field(gt=0.0, le=1e15)]


class ReadOnly(dict[Any, Any]):
    """A mapping that can't be changed, since a loaded scenario is shared by all callers that ask for it by name."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            "a scenario can't be changed; load_scenario(scenario, overrides) returns a copy with other values"
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are made whole, since nothing can be put into them later."""
        return ReadOnly, (dict(self),)


def _read_only(value: Any) -> Any:
    return ReadOnly({key: _read_only(item) for key, item in value.items()}) if isinstance(value, dict) else value


class Model(BaseModel):
    """A model that refuses unknown keys, NaN and infinity; neither it nor its mappings can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="after")
    def _cannot_be_changed(self) -> Self:
        self.__dict__.update(
            {key: _read_only(value) for key, value in self.__dict__.items() if isinstance(value, dict)}
        )
        return self


def months_between(earlier: str, later: str) -> int:
    """Months from one "YYYY-MM" to another; negative if the second comes first."""
    return (int(later[:4]) - int(earlier[:4])) * 12 + int(later[5:]) - int(earlier[5:])


def add_months(month: str, count: int) -> str:
    """The month ``count`` months after a "YYYY-MM"."""
    year, index = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 12)
    return f"{year:04d}-{index + 1:02d}"
