"""What a month's tonnes depend on beside output: the grid factor of power bought, the carbon tax, technologies' income.

Everything is relative to the first compliance period played: the firm's intensity and its technologies' tonnes are
those of that period, whatever the factor was.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nea_env.core.layout import TECHS
from nea_env.core.lowering.periods import Period, deadlines, next_deadline
from nea_env.core.parameters import Month, Static
from nea_env.scenario import Scenario, add_months


def fill_power(monthly: np.ndarray, scenario: Scenario, periods: tuple[Period, ...]) -> None:
    """Emissions per unit of output, what a tonne of capacity avoids, tax and income: by month."""
    firm, first = scenario.firm, scenario.regime.grid_in(scenario.first).factor
    monthly[:, Month.INTENSITY] = firm.emission_intensity
    monthly[:, Month.SAVED : Month.SAVED + TECHS] = 1.0
    for period in periods:
        months = slice(max(0, period.first), max(0, period.end + 1))
        monthly[months, Month.INTENSITY] = firm.emission_intensity * period.relative
        for k, tech in enumerate(firm.technologies):
            if tech.acts_on == "all":
                monthly[months, Month.SAVED + k] = period.relative
            elif tech.acts_on == "electricity" and first > 0.0:
                monthly[months, Month.SAVED + k] = scenario.regime.grid_in(period.year).factor / first
    for t in range(len(monthly)):
        month = add_months(scenario.start, t)
        monthly[t, Month.TAX] = in_force(scenario.regime.carbon_tax, month)
        for k, tech in enumerate(firm.technologies):
            monthly[t, Month.INCOME + k] = in_force(tech.income, month)


def in_force(table: Mapping[str, float], month: str) -> float:
    """The amount of the last month named up to ``month``; 0 before the first."""
    named = [key for key in table if key <= month]
    return table[max(named)] if named else 0.0


def fill_saved_ahead(monthly: np.ndarray, scenario: Scenario, periods: tuple[Period, ...]) -> None:
    """What a tonne of capacity avoids of the emissions ahead that will be due, over its share of them."""
    monthly[:, Month.SAVED_AHEAD : Month.SAVED_AHEAD + TECHS] = 1.0
    changes = any(period.relative != 1.0 for period in periods)
    apart = [k for k, tech in enumerate(scenario.firm.technologies) if tech.acts_on != "all"]
    if not changes or not apart or not deadlines(periods):
        return
    for t in range(len(monthly)):
        ahead = np.zeros(len(monthly), bool)
        for period in periods:
            if period.deadline == next_deadline(periods, t) and t <= period.verified:
                ahead[max(t, period.first) : period.end + 1] = True
        emissions = monthly[ahead, Month.EMISSIONS].sum()
        for k in apart if emissions > 0.0 else ():
            avoided = (monthly[ahead, Month.OUTPUT] * monthly[ahead, Month.SAVED + k]).sum()
            monthly[t, Month.SAVED_AHEAD + k] = avoided * scenario.firm.emission_intensity / emissions


def fill_saving(monthly: np.ndarray, static: np.ndarray, producing: int) -> None:
    """From each month to the end of production: what a tonne a month of capacity avoids, and what it earns and saves.

    Args:
        monthly: (horizon + 1, Month.size), of which SAVED_LEFT and EARNED_LEFT are filled.
        static: the scenario's row of `Static`.
        producing: months of production.
    """
    discount = static[Static.DISCOUNT]
    for k in range(TECHS):
        saved = monthly[:, Month.SAVED + k]
        earned = monthly[:, Month.INCOME + k] + monthly[:, Month.TAX] * saved
        for t in reversed(range(producing)):
            monthly[t, Month.SAVED_LEFT + k] = saved[t] + monthly[t + 1, Month.SAVED_LEFT + k]
            monthly[t, Month.EARNED_LEFT + k] = earned[t] + discount * monthly[t + 1, Month.EARNED_LEFT + k]
