"""What a policy did in the episodes it played, and the mean of a figure with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from nea_env.core.layout import FLOWS, MONEY_FLOWS

QUANTITIES = tuple(field.name for field in FLOWS if field.unit != "money")
"""Flows added up over each episode: tonnes, but for ``output`` (units) and ``invested`` (t/month of capacity)."""

CURVES = ("price", "bank", "abatement", "cumulative_cost")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass
class Outcome:
    """What one policy did, by episode (n,).

    Attributes:
        cost_pct: discounted cost, % of exposure.
        reward: undiscounted sum of rewards.
        bank_t: mean of the bank over all months, t: what is held beyond the duty built up; see ``bank``.
        totals: sums by name in ``QUANTITIES``.
        parts_pct: discounted money flows by name in ``MONEY_FLOWS``, % of exposure.
        carried_t: the most units of the front that were carried over a deadline, t.
        built_share: (n, technologies) the most of each one's potential that was in place or under construction.
        years: a label for each vintage, the compliance years that fall due together.
        yearly: (n, vintages) tonnes by name in ``bank.YEARLY``.
        curves: (quantiles, months) by name in ``CURVES``, over the episodes that were played first; empty where they
            were not asked for.
        means: (months,) by name in ``CURVES``, over the same episodes; empty where the curves are.
    """

    cost_pct: np.ndarray
    reward: np.ndarray
    bank_t: np.ndarray
    totals: dict[str, np.ndarray]
    parts_pct: dict[str, np.ndarray]
    carried_t: np.ndarray
    built_share: np.ndarray
    years: tuple[str, ...]
    yearly: dict[str, np.ndarray]
    curves: dict[str, np.ndarray]
    means: dict[str, np.ndarray]

    @classmethod
    def zero(cls, n: int, technologies: int) -> Outcome:
        """Of ``n`` episodes that have not begun."""
        totals, parts = ({name: np.zeros(n) for name in names} for names in (QUANTITIES, MONEY_FLOWS))
        built = np.zeros((n, technologies))
        return cls(np.zeros(n), np.zeros(n), np.zeros(n), totals, parts, np.zeros(n), built, (), {}, {}, {})

    @property
    def complied(self) -> np.ndarray:
        """(n,) bool: no tonne of duty ended in a penalty."""
        return self.totals["penalised"] <= 0


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """The episodes of one policy, played in several batches, one after the other; curves and means are of the first."""
    values = {}
    for field in fields(Outcome):
        parts = [getattr(outcome, field.name) for outcome in outcomes]
        if field.name in ("years", "curves", "means"):
            values[field.name] = parts[0]
        elif isinstance(parts[0], dict):
            values[field.name] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        else:
            values[field.name] = np.concatenate(parts)
    return Outcome(**values)


def interval(values: np.ndarray) -> dict[str, float]:
    """Mean and its normal 95 % interval: ``mean``, ``low``, ``high``."""
    mean = float(values.mean())
    half = 1.959964 * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}
