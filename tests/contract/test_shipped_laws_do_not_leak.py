"""No shipped law shows a number before it is announced: laws that differ in it look the same until that month."""

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.layout import Action
from nea_env.library import load_scenario, scenarios
from nea_env.scenario import months_between

PAIRS = sorted({
    (name, entry.announced)
    for name in scenarios() if "randomised" not in name
    for entry in load_scenario(name).regime.ranges
    if load_scenario(name).start < entry.announced <= load_scenario(name).end
})  # fmt: skip


def seen(scenario, until: int) -> list[np.ndarray]:
    """What a just-in-time firm sees in each month to ``until``."""
    batch = Batch(scenario, 1, threads=1)
    found = [batch.reset([0])]
    for _ in range(until):
        actions = np.zeros((1, 8), np.float32)
        actions[:, [Action.TRADE, Action.ABATE]] = batch.suggestions()
        found.append(batch.step(actions)[0])
    return found


@pytest.mark.parametrize(("name", "month"), PAIRS)
def test_two_laws_look_the_same_until_the_announcement(name, month):
    scenario = load_scenario(name)
    entries = [entry for entry in scenario.regime.ranges if entry.announced == month]
    laws = [
        scenario.model_copy(update={"regime": scenario.regime.with_numbers({e.path: getattr(e, end) for e in entries})})
        for end in ("low", "high")
    ]
    low, high = (seen(law, months_between(scenario.start, month) - 1) for law in laws)
    np.testing.assert_array_equal(low, high)


def test_and_differ_afterwards():
    differ = set()
    for name, month in PAIRS:
        scenario = load_scenario(name)
        entries = [entry for entry in scenario.regime.ranges if entry.announced == month]
        until = min(months_between(scenario.start, month) + 24, months_between(scenario.start, scenario.end))
        low, high = (
            seen(scenario.model_copy(update={
                "regime": scenario.regime.with_numbers({e.path: getattr(e, end) for e in entries})}), until)
            for end in ("low", "high")
        )  # fmt: skip
        if not np.array_equal(low, high):
            differ.add(scenario.regime.name)
    assert {"kets", "tps", "tokyo", "saitama", "tps_industry", "pilot_hubei"} <= differ
