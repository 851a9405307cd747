"""What foresight pays has a mean of zero, so the bound lies between foresight and the best rule."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from nea_env.core.lowering.tables import lowered
from nea_env.library import load_scenario
from nea_env.policies.by_name import make_rule
from nea_env.policies.marking import marked_costs
from nea_env.policies.plan.books import idle_paths
from nea_env.solvers.closed_form.penalty import call_option
from nea_env.solvers.dual import dual, price_news
from nea_env.solvers.foresight import foresight
from nea_env.solvers.waiting import Waiting


def paths_of(scenario, n):
    batch = Batch(scenario, n)
    batch.reset(np.arange(n))
    return idle_paths(batch)


def standard_scores(values):
    """Mean over its standard error, by column; 0 where nothing varies."""
    error = values.std(axis=0, ddof=1) / len(values) ** 0.5
    return np.divide(values.mean(axis=0), error, out=np.zeros_like(error), where=error > 1e-9)


@pytest.mark.parametrize("name", ["kets", "tps", "tokyo"])
def test_news_of_prices_has_no_mean(name):
    scenario, n = load_scenario(name), 3000
    tables = lowered(scenario).tables[0]
    news = np.array([price_news(tables, path) for path in paths_of(scenario, n)])  # (n, 3, horizon)
    assert (np.abs(standard_scores(news.sum(axis=2))) < 3.5).all()
    assert np.abs(standard_scores(news.reshape(n, -1))).max() < 5.0
    expected = news[:, :, -1]
    assert not expected.any()


@pytest.mark.parametrize("name", ["kets", pytest.param("tokyo", marks=pytest.mark.slow)])
def test_news_of_waiting_has_no_mean(name):
    scenario = load_scenario(name)
    waiting = Waiting(lowered(scenario).tables[0])
    news = np.array([waiting.news(path) for path in paths_of(scenario, 200)])
    assert (np.abs(standard_scores(news.sum(axis=2))) < 3.5).all()
    assert news.any()


def test_next_months_excess_is_a_call():
    tables = lowered(load_scenario("tps")).tables[0]
    waiting = Waiting(tables)
    excess = waiting._expected_excess(np.array([[47.0]]), 1.0)[0]
    calls = call_option(47.0, waiting._grid, 0.3, 1.0 / 12.0, 0.05) * np.exp(0.05 / 12.0)
    assert excess == pytest.approx(calls, abs=1e-9)


def test_waiting_is_worth_no_less_than_investing_and_nothing_at_the_end():
    waiting = Waiting(lowered(load_scenario("kets")).tables[0])
    assert (waiting._values >= -1e-6).all()
    assert not waiting._values[:-1, 132:].any()
    assert (np.diff(waiting._values, axis=2) >= -1e-6).all()  # more at a higher price


@pytest.mark.parametrize("name", ["tps", pytest.param("tokyo", marks=pytest.mark.slow)])
def test_the_bound_lies_between_foresight_and_the_best_rule(name):
    pytest.importorskip("highspy")
    scenario, n = load_scenario(name), 20
    below = dual(scenario, n)
    rule = marked_costs(make_rule("lever_rule", scenario), scenario, np.arange(1_000_000, 1_001_000)).mean()
    assert foresight(scenario, n).mean < below.mean < rule


def test_other_prices_are_refused():
    scenario = load_scenario("kets")
    other = scenario.model_copy(update={"market": scenario.market.model_copy(update={"law": "log_ou"})})
    with pytest.raises(ValueError, match=r"market\.law: log_ou"):
        dual(other, 2)
