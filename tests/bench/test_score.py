"""Scores and regret where the optimum is known, in the tables and as a map."""

import json

import numpy as np
import pytest

import nea_env
from nea_env.bench import comparison
from nea_env.bench.regret import regret
from nea_env.bench.regret_figure import plot_regret
from nea_env.bench.score import Score, optimum, score_of, scores
from nea_env.library import load_scenario
from nea_env.policies.rules import DoNothing, JustInTime
from nea_env.solvers import solve_exact
from nea_env.solvers.__main__ import main
from nea_env.solvers.choosers import RemembersError, chooser


@pytest.fixture(scope="module")
def tps():
    return solve_exact("tps_exact", progress=False)


def test_a_score_is_the_share_of_the_way_to_the_optimum():
    assert score_of(8.0, 10.0, 6.0) == Score(8.0, 2.0, 0.5)
    assert score_of(10.0, 10.0, 6.0).score == 0.0 and score_of(6.0, 10.0, 6.0).score == 1.0
    assert score_of(12.0, 10.0, 6.0).score == -0.5  # worse than just in time
    assert score_of(5.5, 6.0, 5.1) == Score(5.5, pytest.approx(0.4), None)  # the two are too near each other


def test_scores_are_exact_costs(tps):
    found = scores({"just_in_time": JustInTime(), "nothing": DoNothing(), "optimum": tps.policy}, tps.scenario)
    assert found["just_in_time"].score == 0.0
    assert found["optimum"].score == pytest.approx(1.0, abs=1e-10) and abs(found["optimum"].regret_pct) < 1e-10
    assert found["nothing"].score < 0.0
    assert found["just_in_time"].cost_pct == pytest.approx(7.890, abs=5e-4)  # as in docs/exact.md


def test_a_scenario_that_only_the_solver_refuses_is_played_without_a_score(monkeypatch):
    many = load_scenario("tps_exact", {"policy.mode": "randomised"})
    with pytest.warns(UserWarning, match="the optimum is left out: .* it draws"):
        assert optimum(many) == {}


def test_nothing_is_scored_where_the_optimum_is_not_known():
    kets = load_scenario("kets")
    assert scores({"just_in_time": JustInTime()}, kets) == {} and optimum(kets) == {}


def test_a_policy_with_a_memory_is_left_out(tps):
    class Remembers:
        name = "mine"

        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return np.zeros((len(observation), 8), np.float32), 1 if state is None else state + 1

    with pytest.raises(RemembersError, match="mine keeps a memory of the episode"):
        tps.evaluate(chooser(Remembers(), tps))
    assert list(scores({"mine": Remembers(), "nothing": DoNothing()}, tps.scenario)) == ["nothing"]


def test_the_table_shows_regret_and_score_and_the_optimum():
    found = nea_env.evaluate(lambda o: np.zeros((len(o), 8)), "nea/TPSExact-v0", opponents="just_in_time", episodes=20,
                             progress=False)  # fmt: skip
    assert list(found.policies) == ["just_in_time", "optimum", "policy"]
    head = comparison.headings(found.policies)
    assert head[:4] == ("policy", "cost", "regret", "score")
    cells = {row[0]: row for row in comparison.rows(found.policies)}
    assert cells["optimum"][2:4] == ("0.000", "1.000") and cells["just_in_time"][3] == "0.000"
    assert json.loads(found.to_json())["policies"]["policy"]["exact"]["score"] < 0.0
    assert "optimum: the best policy there is" in str(found)
    assert "regret & score" in found.to_latex()
    assert found._flat()["optimum"]["score"] == pytest.approx(1.0)


def test_other_tables_are_as_they_were():
    found = nea_env.evaluate("just_in_time", "tokyo_p2", opponents=(), episodes=2, progress=False)
    assert comparison.headings(found.policies)[:3] == ("policy", "cost", "vs just in time")


# --- where it is lost --------------------------------------------------------------------------------------


def test_every_map_adds_up_to_the_regret(tps):
    found = regret("just_in_time", "nea/TPSExact-v0", progress=False)
    exact = tps.evaluate(chooser(JustInTime(), tps))
    assert found.score.regret_pct == pytest.approx(tps.percent(exact.regret), abs=1e-12)
    for table in (found.by_price, found.by_bank):
        np.testing.assert_allclose(table.sum(axis=1), found.by_month, atol=1e-12)
    assert found.by_month.sum() == pytest.approx(found.score.regret_pct, abs=1e-10)
    for visited in (found.visited_price, found.visited_bank):
        np.testing.assert_allclose(visited.sum(axis=1), 1.0, atol=1e-12)
    assert sum(lost for _, _, lost in found.mistakes) <= found.score.regret_pct + 1e-12
    assert found.months[0] == "2024-01" and found.months[-1] == "2025-12" and found.currency == "CNY"


def test_a_mistake_is_named_by_what_was_done_and_what_was_best(tps):
    """Whoever never abates is told that abating was best, with what the lever is worth there."""

    def never_abates(observation):
        actions, _ = tps.policy.predict(observation)
        actions[:, 1] = 0.0
        return actions

    found = regret(never_abates, "tps_exact", progress=False)
    assert all("abate 1" in best and "abate" not in done for done, best, _ in found.mistakes)
    assert found.score.regret_pct == pytest.approx(2.5, abs=0.2)


def test_the_optimum_has_no_regret(tps):
    text = str(regret(tps.policy, "tps_exact", progress=False))
    assert "0.000 above the optimum; score 1.000" in text and text.endswith("it is the optimum")


def test_the_command_tells_and_draws(tmp_path, capsys):
    path = tmp_path / "new" / "regret.png"
    assert main(["regret", "nea/TPSExactDiscrete-v0", "--policy", "just_in_time", "--out", str(path)]) == 0
    told = capsys.readouterr().out
    assert "just_in_time on tps_exact" in told and "where best is:" in told and str(path) in told
    assert path.stat().st_size > 10_000


def test_the_picture_has_names_and_units():
    figure = plot_regret(regret("just_in_time", "tps_exact", progress=False))
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels[0] == "regret,\n% of exposure" and "CNY/t" in labels[1] and "years of emissions" in labels[2]
    assert "just_in_time on tps_exact: regret 2.438 % of exposure, score 0.000" in figure.get_suptitle()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["kets", "--policy", "just_in_time"], "kets is not on the exact track: menu is empty"),
        (["tps_exact", "--policy", "just_in_tim"], "did you mean 'just_in_time'"),
        (["tps_exact", "tokyo_exact", "--policy", "just_in_time"], "name one scenario"),
        (["tps_exact", "--policy", "just_in_time", "--out", "map.txt"], "expected .pdf, .svg, .png"),
    ],
)
def test_mistakes_are_one_line(words, why, capsys):
    assert main(["regret", *words]) == 2
    told = capsys.readouterr().err
    assert why in told and told.count("\n") == 1


def test_solve_tells_the_value(capsys):
    assert main(["solve", "tps_exact"]) == 0
    assert "tps_exact: best value -5.4517 % of exposure" in capsys.readouterr().out
    assert main(["solve", "tps"]) == 2
    assert "tps is not on the exact track" in capsys.readouterr().err
