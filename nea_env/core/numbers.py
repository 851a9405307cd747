"""Numbers of the scenarios that a batch's episodes play: of the law, and all that was drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nea_env.core.parameters import Static
from nea_env.library.errors import did_you_mean
from nea_env.library.reader import leaves
from nea_env.scenario import Scenario


def law_number(
    path: str, laws: Sequence[Scenario], static: NDArray[np.float64], statute: NDArray[np.int64]
) -> NDArray[np.float64]:
    """One number of each row's law, (n,); NaN where the law lacks it and another that its scenario draws has it.

    Args:
        path: dotted, in the regime.
        laws: all that the batch's scenarios draw from.
        static: (laws, Static.size).
        statute: (n,) which law each row plays.

    Raises:
        KeyError: the path is not a number of a row's regime.
    """
    numbers = [law.regime.number(path) for law in laws]
    for first in set(static[statute, Static.FIRST_STATUTE].astype(int).tolist()):
        group = slice(first, first + int(static[first, Static.STATUTES]))  # laws of one scenario
        if all(number is None for number in numbers[group]):
            regime = laws[first].regime
            known = [name for name, _ in leaves(regime.model_dump()) if regime.number(name) is not None]
            raise KeyError(f"law: {path!r} is not a number of {regime.name}; {did_you_mean(path, known)}")
    return _of_rows(numbers, statute)


def drawn_numbers(
    scenarios: Sequence[Scenario], laws: Sequence[Scenario], statute: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Every number that some scenario draws, (n,) by its path in the scenario; NaN in rows whose scenario lacks it."""
    paths = dict.fromkeys(path for scenario in scenarios for path in scenario.drawn)
    return {path: _of_rows([law.number(path) for law in laws], statute) for path in paths}


def _of_rows(numbers: Sequence[float | None], statute: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in numbers])[statute]
