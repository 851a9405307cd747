"""How many credits count, and how many may still be bought."""

from __future__ import annotations

import pytest

from nea_env.core.rules import offsets


def test_room_by_the_base_of_the_limit():
    # CCER 5 % of the duty, Beijing 5 % of the allowance, Tokyo a third of the required reduction
    assert offsets.room(offsets.LIMIT_DUTY, 0.05, 2_790_000.0, 2_500_000.0, 0.0) == pytest.approx(139_500)
    assert offsets.room(offsets.LIMIT_ALLOCATION, 0.05, 2_790_000.0, 2_500_000.0, 0.0) == pytest.approx(125_000)
    assert int(offsets.room(offsets.LIMIT_REDUCTION, 1 / 3, 900.0, 0.0, 10_000 * 0.17 * 5)) == 2_833
    assert offsets.room(offsets.LIMIT_NONE, 0.0, 900.0, 0.0, 0.0) >= 1e30
    assert offsets.room(offsets.LIMIT_CLOSED, 0.3, 900.0, 900.0, 900.0) == 0


def test_credits_used_and_still_to_buy():
    assert offsets.used(50.0, 30.0, 100.0) == 30
    assert offsets.used(50.0, 80.0, 40.0) == 40
    assert offsets.used(20.0, 80.0, 40.0) == 20
    assert offsets.buyable(30.0, 100.0, 10.0) == 20
    assert offsets.buyable(30.0, 5.0, 10.0) == 0
