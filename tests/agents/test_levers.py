"""Taking a lever away leaves a scenario that can be played, in which the lever's action is never open."""

import numpy as np
import pytest

from agents.levers import LEVERS, Outcome, Parameters, show
from nea_env import load_scenario, scenarios
from nea_env.core.batch import Batch
from nea_env.core.layout import Action

ACTION = {
    "abatement": Action.ABATE,
    "investment": Action.INVEST,
    "offsets": Action.OFFSET,
    "borrowing": Action.BORROW,
    "banking": Action.BANK,
    "links": Action.FOREIGN,
}


@pytest.mark.parametrize("lever", LEVERS)
@pytest.mark.parametrize("name", [name for name in scenarios() if "randomised" not in name])
def test_every_scenario_plays_without_it(name, lever):
    scenario = load_scenario(name)
    batch = Batch(scenario.model_copy(update=LEVERS[lever](scenario)), 2, threads=1)
    opened = np.zeros(8, bool)
    for _ in range(int(batch.horizon[0])):
        mask = batch.action_mask()
        mask[mask.sum(axis=1) == 1] &= np.arange(8) != Action.ABATE  # where nothing is open, idle abatement stands in
        opened |= mask.any(axis=0)
        batch.step(np.zeros((2, 8), np.float32))
    assert opened.any() or name.startswith("tms")
    assert not opened[ACTION[lever]]


def test_names_in_its_table_are_text(capsys):
    scenario = load_scenario("kets", {"firm.technologies.0.name": "[/] [red]kiln", "title": "[/b]"})
    scenario = scenario.model_copy(update={"name": "[/] mine [draft]"})
    used = {f"technology {number}": np.ones(2) for number in (1, 2, 3)}
    show(scenario, Parameters(), Outcome(np.ones(2), used), {"banking": {"mean": 1.0, "low": 0.5, "high": 1.5}})
    printed = capsys.readouterr().out
    assert "[/] mine [draft]: 10,000 episodes" in " ".join(printed.split()) and "[/] [red]kiln" in printed
