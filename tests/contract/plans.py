"""Action plans that try to break a simulator, one a row, and walks through whole episodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nea_env.core import layout

A = len(layout.ACTIONS)
PLANS = 12


def adversarial_actions(batch, month: int, rng: np.random.Generator) -> np.ndarray:
    """(n, 8) float32: row i follows plan i modulo `PLANS`.

    Plans: random; random corners; all -1; all +1; all flipping each month; trade flipping, the rest random;
    nothing; just in time; buy all and refuse to bank or borrow; sell all and invest; rare spikes; just in
    time without banking.
    """
    n = batch.n
    actions = rng.uniform(-1, 1, (n, A)).astype(np.float32)
    plan = np.arange(n) % PLANS
    flip = 1.0 if month % 2 else -1.0
    even = batch.suggestions().astype(np.float32)
    actions[plan == 1] = np.sign(actions[plan == 1])
    actions[plan == 2] = -1.0
    actions[plan == 3] = 1.0
    actions[plan == 4] = flip
    actions[plan == 5, layout.Action.TRADE] = flip
    actions[plan == 6] = 0.0
    for just_in_time in (7, 11):
        rows = plan == just_in_time
        actions[rows] = 0.0
        actions[rows, layout.Action.TRADE], actions[rows, layout.Action.ABATE] = even[rows, 0], even[rows, 1]
    actions[plan == 8] = (1, 1, 0, 1, -1, -1, 1, 1)
    actions[plan == 9] = (-1, 0, 1, 0, 1, 1, -1, -1)
    actions[plan == 10] *= rng.random((np.count_nonzero(plan == 10), 1)) < 0.1
    actions[plan == 11, layout.Action.BANK] = -1.0
    return actions


def months(batch, seed: int) -> Iterator[np.ndarray]:
    """Actions for whole episodes of a batch that was reset: until every row has ended (rows go on meanwhile)."""
    rng = np.random.default_rng(seed)
    for month in range(int(np.max(batch.horizon))):
        yield adversarial_actions(batch, month, rng)
