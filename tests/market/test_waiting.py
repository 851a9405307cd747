"""What a low price of credits is worth waiting for: the rule against closed forms, and that it stays small."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.market.__main__ import main
from nea_env.market.waiting import LONGEST_WAIT, NO_RATIO, limits, worth
from nea_env.policies import compliance, levers
from nea_env.scenario import OffsetSeries

SERIES = OffsetSeries(type="c", ratio=0.62, sd=0.43, half_life=1.0)
ROOM = {"kets": 10.0, "tps": 5.0, "pilot_hubei": 10.0}  # most that the law lets credits cover, % of the duty


def test_when_due_a_credit_is_bought_below_the_price_of_an_allowance():
    assert limits(SERIES)[0] == 0.0


def test_one_month_before_it_is_bought_below_what_the_last_is_worth():
    """Bought at x where exp(x) = E[min(exp(x'), 1)], in closed form (Black's formula for a put on the ratio)."""
    kept = 0.5 ** (1 / 12)
    sd = 0.43 * math.sqrt(1 - kept**2)

    def normal(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    def later(log: float) -> float:
        mean = math.log(0.62) + kept * (log - math.log(0.62))
        return math.exp(mean + sd**2 / 2) * normal(-mean / sd - sd) + normal(mean / sd)

    found = limits(SERIES)[1]
    step = 12 * 0.43 / 400  # of the grid
    assert math.exp(found) < later(found) + 1e-6
    assert math.exp(found + step) > later(found + step) - 1e-6


def test_the_longer_the_wait_the_lower_the_limit():
    found = limits(SERIES)
    assert len(found) == LONGEST_WAIT + 1
    assert (np.diff(found) <= 1e-12).all()
    assert found[LONGEST_WAIT] < math.log(0.62) - 0.43  # with years to go only a rare price is taken


def test_a_constant_ratio_is_not_waited_for():
    assert limits(OffsetSeries(type="c", ratio=0.5), 3).tolist() == [0.0, NO_RATIO, NO_RATIO, NO_RATIO]


@pytest.mark.parametrize("name", ROOM)
def test_waiting_pays_less_than_half_a_per_cent(name):
    found = worth(load_scenario(name), 1_000)
    assert 0.0 < found.waiting < 0.5 + 2 * found.error
    assert found.due + found.waiting < ROOM[name]  # no more than if all the credits allowed were free
    assert found.waiting > 3 * found.error


def test_a_market_without_credits_has_none_to_wait_for(capsys):
    assert main(["waiting", "tms"]) == 2
    assert capsys.readouterr().err == "scenario tms: its market sells no offset credits (market.offset)\n"


def test_the_command_prints_a_row_a_scenario(capsys):
    assert main(["waiting", "kets", "tps", "--episodes", "20"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows[2:4]] == ["kets", "tps"]
    assert main(["waiting", "--episodes", "1"]) == 2
    assert capsys.readouterr().err == "--episodes: 1, allowed: 2 or more\n"


def test_changes_reach_the_scenarios_before_and_after_the_options(capsys):
    shown = {}
    for word in ("market.offset.ratio=0.5", "market.offset.ratio=0.9"):
        assert main(["waiting", "kets", "--episodes", "20", word]) == 0
        shown[word] = capsys.readouterr().out
        assert main(["waiting", "kets", word, "--episodes", "20"]) == 0
        assert capsys.readouterr().out == shown[word]
    assert len(set(shown.values())) == 2
    assert main(["waiting", "kets", "market.offset.ratio=-1"]) == 2
    assert capsys.readouterr().err.startswith("override market.offset.ratio: -1: ")
    assert main(["waiting", "kets", "market.frictions.spread=0.1"]) == 2
    assert "market.frictions.spread=0.1: plays no part" in capsys.readouterr().err


def test_each_command_says_that_it_takes_changes(capsys):
    for command in (
        lambda: main(["waiting", "--help"]),
        lambda: levers.main(["--help"]),
        lambda: compliance.main(["-h"]),
    ):
        with pytest.raises(SystemExit) as ended:
            command()
        assert ended.value.code == 0
        assert "KEY=VALUE changes every scenario named" in " ".join(capsys.readouterr().out.split())
