"""A rollout on one screen: what was played, what it cost, and the tonnes of each compliance period."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nea_env.envs.lettering import one_line
from nea_env.envs.rendering.text import TONNES, scaled
from nea_env.library.columns import table
from nea_env.scenario import Scenario, add_months

if TYPE_CHECKING:
    from nea_env.bench.rollout import Rollout

_ALWAYS = ("emitted", "allocated", "bought", "sold")  # shown though they be 0


def period_name(scenario: Scenario, year: str) -> str:
    """A compliance period by its years: "2018", or "2010-14"."""
    years = scenario.regime.calendar[year].years
    return year if years == 1 else f"{year}-{(int(year) + years - 1) % 100:02d}"


def by_year(rollout: Rollout, values: NDArray[np.float64]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Sums of a column by compliance year: names of the years, and (years,) or (n, years)."""
    starts = rollout.scenario.regime.year_starts
    years = np.array([add_months(date, 1 - starts)[:4] for date in rollout.dates])
    names = tuple(dict.fromkeys(years.tolist()))
    return names, np.stack([values[..., years == name].sum(axis=-1) for name in names], axis=-1)


def summary(rollout: Rollout) -> str:
    """At most a screen of text; several episodes as their mean."""
    scenario, seeds = rollout.scenario, rollout.seeds
    how = f"seed {seeds[0]:,}" if rollout.is_single else f"mean of {len(seeds):,} episodes, seeds from {min(seeds):,}"
    played = one_line(" ".join((scenario.name, *rollout.overrides)))
    span = f"{len(rollout.dates)} months, {rollout.dates[0]} to {rollout.dates[-1]}"
    head = [
        *textwrap.wrap(f"Rollout of {one_line(rollout.policy)} in {played}: {one_line(scenario.title)}", 110),
        f"{span}; {how}; money in {one_line(scenario.market.currency)}",
        _cost(rollout),
    ]
    columns = {
        "emitted": rollout["emitted"], "allocated": rollout["allocation"], "bought": rollout["bought"],
        "sold": rollout["sold"], "credits": rollout["offsets_bought"],
        "foreign": rollout["effect.foreign"], "carried over": rollout["effect.bank"],
        "lapsed": rollout["lapsed"], "borrowed": rollout["borrowed"],
    }  # fmt: skip
    names, _ = by_year(rollout, columns["emitted"])
    sums = {name: by_year(rollout, values)[1] for name, values in columns.items()}
    numbers = {name: values if rollout.is_single else values.mean(axis=0) for name, values in sums.items()}
    divisor, unit = scaled(max(float(np.abs(values).max()) for values in numbers.values()), TONNES)
    used = [name for name, values in numbers.items() if name in _ALWAYS or np.abs(values).max() >= 5e-4 * divisor]
    body = [[year, *(f"{numbers[name][k] / divisor:,.3f}" for name in used)] for k, year in enumerate(names)]
    tonnes = [f"By compliance year, {unit}:", *table(["year", *used], body, 120)]
    groups = ", ".join(dict.fromkeys(f"{n.partition('.')[0]}.*" if "." in n else n for n in rollout))
    return "\n".join([*head, "", *tonnes, "", *textwrap.wrap(f"{len(rollout)} columns: {groups}", 110)])


def _cost(rollout: Rollout) -> str:
    """The cost, what the end is worth, and whether the firm complied, on one line."""
    total = rollout["cumulative_cost_pct"][..., -1]
    closing = closing_pct(rollout)
    fined = rollout["penalised"].sum(axis=-1)
    share = 100.0 * float(np.mean(fined <= 0.0))
    complied = ("complied" if share else f"did not comply: {float(fined):,.0f} t") if rollout.is_single else (
        f"complied in {share:.1f} % of episodes"
    )  # fmt: skip
    value = float(np.mean(closing))
    return (
        f"cost {float(np.mean(total)):.2f} % of exposure, discounted"
        + (f", after a closing value of {value:.2f} %" if abs(value) >= 0.005 else "")
        + f"; {complied}"
    )


def closing_pct(rollout: Rollout) -> NDArray[np.float64]:
    """What is left at the end, valued, discounted, % of exposure: () or (n,); negative where it has to be bought."""
    weight = math.exp(-rollout.scenario.market.discount_rate / 12.0 * (len(rollout.dates) - 1))
    value: NDArray[np.float64] = -100.0 * weight * rollout["closing_cost"][..., -1] / rollout.exposure
    return value
