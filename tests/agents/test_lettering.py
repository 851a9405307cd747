"""Pictures of a run take any title, currency and name of a policy."""

from __future__ import annotations

import pytest

from nea_env.library import load_scenario

pytest.importorskip("matplotlib")
pytest.importorskip("stable_baselines3")

import numpy as np

from agents import figures
from nea_env.policies.play import play
from nea_env.policies.rules import JustInTime

TEXTS = ["$\\undefined{ 배출권 거래제\n碳 $_^ \x07", "w" * 700]


def check(figure, written):
    """All that was written stays inside the figure, as text."""
    figure.draw_without_rendering()
    for artist in written:
        box = artist.get_window_extent()
        assert artist.get_text() and not artist.get_parse_math()
        assert 0 <= box.x0 and box.x1 <= figure.bbox.width and 0 <= box.y0 and box.y1 <= figure.bbox.height


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:20])
def test_fans_and_learning_curve(text, tmp_path, monkeypatch):
    drawn, save = [], figures._save

    def checked(figure, path):
        titles = [axis.title for axis in figure.axes if axis.title.get_text()]
        legends = [axis.get_legend() for axis in figure.axes if axis.get_legend() is not None]
        entries = [entry for legend in legends for entry in legend.get_texts()]
        labels = [axis.yaxis.label for axis in figure.axes if axis.yaxis.label.get_text()]
        check(figure, [*titles, *entries, *([*labels, figure._suptitle] if figure._suptitle else [])])
        drawn.append(len(titles) + len(entries))
        save(figure, path)

    monkeypatch.setattr(figures, "_save", checked)
    scenario = load_scenario("tps")
    market = scenario.market.model_copy(update={"currency": text})
    outcome = play(JustInTime(), scenario, np.arange(4), curves=True)
    odd = scenario.model_copy(update={"title": text, "market": market})
    figures.fans({"just_in_time": outcome, text: outcome}, odd, tmp_path / "fans.png")
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("step,rollout/cost_pct\n1,2.0\n2,3.0\n")
    summary = {name: {"cost_pct": {"mean": 2.5}} for name in (text, "just_in_time")}
    assert figures.learning_curve(metrics, summary, text, tmp_path / "curve.png")
    assert drawn == [2, 3]
