"""Claims C1, C5 and C15: their arithmetic on small cases, the signs on a rough grid, the commands and their page."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.core.lowering.law_tree import announcements, law_tree
from nea_env.market.__main__ import main
from nea_env.market.claims import c1, c5, c15, report
from nea_env.market.claims.korea import ROUGH, Nodes, free_banking
from nea_env.market.option import Stopping

PAGE = (Path(__file__).parents[3] / "docs/claims.md").read_text()


@pytest.fixture(scope="module")
def korea():
    return free_banking([])


# C1


def test_the_market_before_april_2017_believes_in_carrying_over_and_starts_at_its_price(korea):
    assert {rule.limit for year, rule in korea.scenario.regime.banking.items() if year >= "2017"} == {"unlimited"}
    assert korea.limits[2017] == "deducted_above_base"
    assert korea.law((2017, 2018)) == {
        "regime.banking.2017.limit": "deducted_above_base",
        "regime.banking.2018.limit": "net_sales",
    }
    assert free_banking(["market.aggregate.abatement.scale=50000"]).scenario.market.aggregate.abatement.scale == 50_000


def test_c1_the_rule_lowers_kau17_alone_and_the_limits_after_it_lower_and_unsettle_all(korea):
    found = c1.answer(korea, nodes=ROUGH)
    rule, limits, free = range(3)
    assert -0.35 < found.front[rule] < -0.10
    assert 0.0 < found.after[rule] < 0.04
    assert found.front[limits] < found.front[rule]
    assert found.after[limits] < -0.10
    assert found.front[free] == pytest.approx(0.0, abs=1e-12)
    assert found.sd[limits] > 1.5 * found.sd[free]
    assert found.sd[rule] == pytest.approx(found.sd[free], abs=0.02)


def test_c1_what_is_half_believed_moves_the_price_less(korea):
    sure, half = (c1.answer(korea, chance, ROUGH).front[0] for chance in (0.0, 0.5))
    assert sure < half < 0.0


def test_c1_says_no_where_the_rule_moves_nothing():
    free = free_banking(["regime.banking.2017.limit=unlimited"])
    found = c1.answer(free, nodes=ROUGH)
    assert found.front[0] == pytest.approx(0.0, abs=1e-12)
    assert c1._sentence(found).startswith("No: the rule moves the price of KAU17 by ")


# C15


def test_c15_phase_two_alone_has_fewer_units(korea):
    # 1.1454, 1.0787 and 1.1255 as they ship, less a tenth; 1.1346 from 2021 on
    changes = c15.tighter(korea.scenario, 0.1)
    assert changes == pytest.approx(
        {
            "market.aggregate.allocation.2018": 1.03086,
            "market.aggregate.allocation.2019": 0.97083,
            "market.aggregate.allocation.2020": 1.01295,
            "market.aggregate.allocation.2021": 1.1346,
        }
    )


def test_c15_how_much_tighter_is_read_between_two_in_the_log_of_the_price():
    moves = [math.expm1(10.0 * less) for less in c15.TIGHTER]
    assert c15.needed_for(math.expm1(0.3), moves) == pytest.approx(0.03)
    assert math.isnan(c15.needed_for(math.expm1(1.01), moves))


def test_c15_delay_moves_nothing_and_beliefs_a_third(korea):
    found = c15.answer(korea, nodes=ROUGH)
    assert abs(found.delay) < 0.01
    assert abs(found.largest) < 0.02
    assert found.moves[0] == 0.0
    assert list(found.moves) == sorted(found.moves)
    assert 0.02 < found.needed < 0.045
    assert c15._sentence(found).startswith("Beliefs, not delay: ")


# C5


@pytest.fixture(scope="module")
def doubtful():
    """The units of Korea's three plans alone in doubt, two values each."""
    return c5.in_doubt(load_scenario("kets_randomised", list(c5.DEFAULTS)), "allocation")


def test_c5_early_laws_are_those_that_come_late_as_often(doubtful):
    early = c5.announced_early(doubtful)
    assert [news.month for news in announcements(early)] == [1, 2, 3]
    assert [news.month for news in announcements(doubtful)] == [42, 68, 130]  # 2018-07, 2020-09, 2025-11
    one, other = (law_tree(each).laws for each in (early, doubtful))
    assert len(one) == 8
    for law, same in zip(one, other, strict=True):
        assert law.frequency == same.frequency
        assert law.scenario.regime.allocation == same.scenario.regime.allocation


def test_c5_half_as_much_in_doubt_has_the_same_mean(doubtful):
    whole = load_scenario("kets_randomised", list(c5.DEFAULTS))
    half = c5.in_doubt(whole, "allocation", 0.5)
    # 2018: 0.8518 to 1, so half of it about 0.9259 is 0.88885 to 0.96295
    entry = next(each for each in half.regime.ranges if each.path == "allocation.2018.correction_factor")
    assert (entry.low, entry.high) == pytest.approx((0.88885, 0.96295))
    # what is not in doubt is known at its mean: 1 to 5 times net sales
    assert doubtful.regime.banking["2018"].net_sales_multiple == 3.0
    assert c5.at_the_mean(whole).regime.allocation["2018"].correction_factor == pytest.approx(0.9259)


def test_c5_years_waited_are_the_area_above_the_share_built():
    built = np.zeros((25, 1))
    built[13:, 0] = 0.5  # half is built in the thirteenth month, the rest never
    stopping = Stopping(np.zeros(1), np.zeros(1), built)
    assert c5.years_waited(stopping)[0] == pytest.approx(1.0 + 0.5 * 1.0)


def test_c5_less_is_built_before_the_plans_are_known(doubtful):
    scenario = c5._calibrated(doubtful, [])
    found = c5.compare(scenario, scenario.firm.technologies[0], Nodes(41, 3))
    early, late = (c5.built_by(one, scenario, 2017) for one in (found.early, found.late))
    assert (late - early).mean() < -0.02
    assert (np.diff(early) <= 1e-12).all()  # the dearer, the less
    assert (found.early.waiting >= -1e-6).all()
    assert c5._sentence(found, scenario, "it").split(":")[0] in ("Yes", "At some costs")


def test_c5_says_what_the_first_difference_is_where_other_values_come_together(doubtful, monkeypatch):
    monkeypatch.setattr(c5, "_gaps", lambda each, _: [each, 0.0, 0.0])
    others = {f"{c5.PAIRED}1": 0.10, f"{c5.PAIRED}2": -0.07, f"and {c5.OF_MORE}": -0.097, "else": 9.0}
    assert c5._otherwise(others, doubtful) == (
        " Where other values come together the first is -7 to +10; with units alone in doubt, of 4 values each, -10."
    )


# The commands


def test_the_claims_are_listed(capsys):
    assert main(["claim"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name} " in shown for name in ("C1", "C5", "C15"))


@pytest.mark.parametrize("name", ["C1", "C5", "C15"])
def test_a_key_that_no_scenario_has_is_one_error(name, capsys):
    assert main(["claim", name, "market.nonsense=1"]) == 2
    assert capsys.readouterr().err.startswith("override market.nonsense: ")


def test_a_claim_that_is_not_there_is_one_error(capsys):
    assert main(["claim", "C99"]) == 2
    assert capsys.readouterr().err.startswith("claim: 'C99', allowed: ")


def test_a_rough_report_of_c1_prints_the_sign():
    lines = c1.report([], 100, Nodes(41, 3))
    assert lines[0] == c1.QUESTION
    assert lines[2].startswith("Yes: the rule moves the price of KAU17 by -")
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["C1", "C5", "C6", "C15", "C26"])
def test_the_page_has_the_answer_that_the_command_gives(name):
    lines = report(name, [], 100_000)
    assert f"> {lines[2]}\n" in PAGE
    section = PAGE.split(f"## {name}: ")[1].split("\n## ")[0]
    assert all(line[2:] in lines for line in section.splitlines() if line.startswith("> "))
