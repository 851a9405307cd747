"""Links and partners built by hand, for the tests of linked markets; no number comes from the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nea_env.core.batch import Batch
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.scenario import Exchange, Link, Market, Scenario


def link(
    kind: str = "full",
    price: float = 100.0,
    *,
    rate: float | None = None,
    fx_volatility: float = 0.0,
    discount_rate: float = 0.0,
    volatility: float = 0.0,
    name: str = "p",
    currency: str = "CNY",
    **terms: Any,
) -> Link:
    """A partner that counts in home money, or in its own where there is a ``rate`` (home money per unit of it)."""
    money = "X" if rate is None else currency
    fx = None if rate is None else Exchange(currency=money, rate=rate, volatility=fx_volatility)
    partner = Market(
        name=name, title=name, currency=money, price=price, discount_rate=discount_rate, volatility=volatility
    )
    return Link(name=name, title=name, market=partner, fx=fx, type=kind, **terms)


def played(
    scenario: Scenario,
    n: int,
    months: int,
    names: tuple[str, ...] = (),
    *,
    lot: float = 0.0,
    foreign: bool = False,
    rule: Callable[[Batch], np.ndarray] | None = None,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Months from the start of whoever has no duty and trades at random, or by a rule; all is sold when it must be.

    Args:
        scenario: law, market, links.
        n: paths.
        months: number of months.
        names: what is kept of ``Batch.market``, or of the state.
        lot: most that is traded in a month, share of the volume limit; 0: nothing is.
        foreign: whether foreign units are traded too.
        rule: trade (n,) by what the batch shows, in place of a random one.

    Returns:
        The series (months, n), and the discounted profit (n,) in lots at the reference price.
    """
    draws = np.random.default_rng(5)
    batch = Batch(scenario, n, threads=1)
    observation = batch.reset(np.arange(n))
    where = scenario.market
    unit = (lot or 1.0) * where.frictions.volume_share * scenario.firm.annual_emissions * where.price
    found, profit = {name: np.empty((months, n)) for name in names}, np.zeros(n)
    actions = np.zeros((n, Action.size), np.float32)
    for month in range(months):
        market = batch.market()
        for name in names:
            found[name][month] = market[name] if name in market else batch.memory(name)
        if rule is not None:
            actions[:, Action.TRADE] = rule(batch)
        elif lot:
            actions[:, Action.TRADE] = lot * (2.0 * draws.random(n, np.float32) - 1.0)
            actions[:, Action.FOREIGN] = lot * (2.0 * draws.random(n, np.float32) - 1.0) if foreign else 0.0
        if lot and (observation[0, OBS_INDEX["to_deadline"]] == 0.0 or month == months - 1):
            actions[:, Action.TRADE] = actions[:, Action.FOREIGN] = -1.0
        observation, _, _ = batch.step(actions)
        profit -= batch.discount**month * batch.flows()["cost"] / unit
    return found, profit


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean of independent draws and its standard error."""
    return float(values.mean()), float(values.std() / len(values) ** 0.5)
