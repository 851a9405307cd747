"""What every environment must hold, as functions that raise AssertionError.

Each is fed a deliberately broken environment in tests/contract/test_asserts.py: it must be able to fail.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nea_env.core import layout

RELATIVE = 1e-9

LEDGER_IN = ("issued", "bought", "offsets_bought", "foreign_bought")
LEDGER_OUT = ("sold", "foreign_sold", "surrendered", "lapsed", "deducted")
DUTY_IN = ("emitted", "clawback_unmet", "credits_issued")
DUTY_OUT = ("surrendered", "borrowed", "forgiven", "penalised")
MONEY = (
    "allowance_cost", "trading_cost", "offset_cost", "foreign_cost", "abatement_cost", "operating_cost",
    "investment_cost", "margin_cost", "penalty_cost", "tax_cost", "closing_cost",
)  # fmt: skip


def assert_same(first: Any, second: Any, where: str = "") -> None:
    """Equal types, shapes, dtypes and bits, through dicts, sequences and object arrays."""
    assert type(first) is type(second), f"{where}: {type(first)} is not {type(second)}"
    if isinstance(first, dict):
        assert first.keys() == second.keys(), f"{where}: keys {sorted(first)} are not {sorted(second)}"
        for key in first:
            assert_same(first[key], second[key], f"{where}[{key!r}]")
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second), f"{where}: {len(first)} entries are not {len(second)}"
        for index, pair in enumerate(zip(first, second, strict=True)):
            assert_same(*pair, f"{where}[{index}]")
    elif isinstance(first, np.ndarray):
        assert first.dtype == second.dtype, f"{where}: {first.dtype} is not {second.dtype}"
        assert first.shape == second.shape, f"{where}: {first.shape} is not {second.shape}"
        if first.dtype == object:
            assert_same(list(first), list(second), where)
        else:
            np.testing.assert_array_equal(first, second, err_msg=where)
    else:
        assert first == second, f"{where}: {first!r} is not {second!r}"


def _balance(change: np.ndarray, flows: dict, into: tuple, out: tuple, stocks: list[np.ndarray], name: str) -> None:
    expected = sum(flows[key] for key in into) - sum(flows[key] for key in out)
    size = np.max(np.abs([*stocks, *(flows[key] for key in (*into, *out))]), axis=0)
    error = np.abs(change - expected) / np.maximum(size, 1.0)
    row = int(np.argmax(error))
    assert error[row] <= RELATIVE, f"{name}, row {row}: changed by {change[row]!r}, flows say {expected[row]!r}"


def assert_identities(before: dict, after: dict, flows: dict) -> None:
    """The ledger, duty and cash identities of one month, to 1e-9 of the largest number in each.

    Args:
        before: `Batch.accounts` before the month.
        after: the same after it.
        flows: `Batch.flows` of the month.
    """
    held = [sum(table[key] for key in ("front", "next", "offsets", "foreign")) for table in (before, after)]
    duty = [sum(table[key] for key in ("accrued", "closed", "owed")) for table in (before, after)]
    _balance(held[1] - held[0], flows, LEDGER_IN, LEDGER_OUT, held, "ledger")
    _balance(duty[1] - duty[0], flows, DUTY_IN, DUTY_OUT, duty, "duty")
    _balance(flows["cost"], flows, MONEY, (), [flows["cost"]], "cash")


def assert_physical(accounts: dict, flows: dict) -> None:
    """Nothing held or owed, and no tonne of any flow, is negative or not finite."""
    tonnes = {field.name: flows[field.name] for field in layout.FLOWS if field.unit.startswith("t")}
    for name, values in {**accounts, **tonnes}.items():
        assert np.isfinite(values).all(), f"{name} is not finite"
        assert (values >= 0).all(), f"{name} is negative: {values.min()!r}"


def assert_observed_in_bounds(observation: np.ndarray) -> None:
    """(n, OBS) float32, finite and inside the table's bounds."""
    assert observation.dtype == np.float32
    for index, field in enumerate(layout.OBSERVATION):
        column = observation[:, index]
        assert np.isfinite(column).all(), f"{field.name} is not finite"
        low, high = np.float32(field.low), np.float32(field.high)
        least, most = column.min(), column.max()
        assert low <= least and most <= high, f"{field.name} leaves [{low}, {high}]: {least} to {most}"


def assert_rejected_unharmed(env: Any, action: Any, good: Any) -> None:
    """A bad action raises ValueError and leaves an environment as it was: the next step equals a twin's."""
    state = env.get_state()
    with pytest.raises(ValueError, match="action"):
        env.step(action)
    assert_same(env.get_state(), state, "state after a refused action")
    played = env.step(good)
    env.set_state(state)
    assert_same(env.step(good), played, "step after a refused action")


def assert_equal_steps(first: Any, second: Any, actions: Any) -> None:
    """Two environments give the same five results for the same actions, bit for bit."""
    for number, action in enumerate(actions):
        assert_same(first.step(action), second.step(action), f"step {number}")


def assert_mask_is_honest(batch: Any, actions: np.ndarray, rng: np.random.Generator) -> None:
    """Whatever a masked action is set to, the month comes out the same bit for bit.

    Args:
        batch: at a month that can be played; left after that month.
        actions: (n, 8) float32 to play.
        rng: draws the other values of the masked entries.
    """
    mask = batch.action_mask()
    assert mask.any(axis=1).all(), "no action is open in some row"
    state = batch.get_state()
    other = np.where(mask, actions, rng.uniform(-1, 1, actions.shape)).astype(np.float32)
    outcome = (*batch.step(other), batch.accounts(), batch.flows(), batch.market(), batch.action_mask())
    batch.set_state(state)
    again = (*batch.step(actions), batch.accounts(), batch.flows(), batch.market(), batch.action_mask())
    assert_same(again, outcome, "a masked action matters")
