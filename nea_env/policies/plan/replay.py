"""Plans as actions, and what the environment charges for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nea_env.core.batch import Batch
from nea_env.core.layout import TECHS, Action, State
from nea_env.core.lowering.splice import Tables
from nea_env.core.lowering.tables import lowered
from nea_env.core.parameters import Month, Static
from nea_env.policies.plan.programme import Plan
from nea_env.scenario import Scenario

NEEDED = ("auction_room", "offset_buyable", *(f"{what}_{k}" for what in ("capacity", "building") for k in range(TECHS)))
"""Numbers of ``layout.State`` that an action is scaled by."""
_NOTHING = 1e-9


def asked(plan: Plan, t: int, state: Mapping[str, float], tables: Tables) -> NDArray[np.float32]:
    """The Box action (8,) that plays a month of a plan.

    Args:
        plan: for the episode.
        t: month of the episode.
        state: `NEEDED` numbers of the firm as it stands in that month.
        tables: of the law.
    """
    own, month, action = tables.static, tables.monthly[t], np.zeros(Action.size)
    volume = month[Month.VOLUME_LIMIT] + (state["auction_room"] if plan.trade[t] > 0.0 else 0.0)
    left = sum(
        max(0.0, own[Static.POTENTIAL + k] - state[f"capacity_{k}"] - state[f"building_{k}"]) for k in range(TECHS)
    )
    for name, amount, most in (
        (Action.TRADE, plan.trade[t], volume),
        (Action.ABATE, plan.abate[t], own[Static.ABATE_MAX]),
        (Action.INVEST, plan.invest[t], own[Static.INVEST_RATE] * left),
        (Action.OFFSET, plan.offsets[t], state["offset_buyable"]),
    ):
        action[name] = amount / most if most > _NOTHING else 0.0
    action[Action.BORROW] = plan.borrow[t]
    return np.clip(action, -1.0, 1.0).astype(np.float32)


def charged(scenario: Scenario, seeds: NDArray[np.int64], plans: Sequence[Plan]) -> NDArray[np.float64]:
    """Discounted cost of plans as the environment charges it, (n,) in % of exposure.

    Args:
        scenario: what is played.
        seeds: (n,) of the episodes.
        plans: n, each for its episode from the first month on.
    """
    batch, total, weight = Batch(scenario, len(seeds)), np.zeros(len(seeds)), 1.0
    batch.reset(seeds)
    laws = lowered(scenario).tables
    while not batch.ended:
        state, months = {name: batch.memory(name) for name in State.index if name in NEEDED}, batch.months
        actions = [
            asked(plan, int(months[i]), {name: float(values[i]) for name, values in state.items()}, laws[law])
            for i, (plan, law) in enumerate(zip(plans, batch.statutes, strict=True))
        ]
        _, reward, _ = batch.step(np.array(actions))
        total -= weight * 100.0 / batch.exposure * batch.reward_scale * reward
        weight *= batch.discount
    return total
