"""The picture of rollouts: the numbers that it draws, its letters, and what it refuses."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import nea_env
from nea_env.bench.rollout_figure import COLOURS
from nea_env.bench.rollout_series import named, series

SHIPPED = ("kets", "tps", "tokyo", "linked_kets", "pilot_tianjin")


@pytest.fixture(scope="module")
def played():
    return {name: nea_env.rollout("just_in_time", name) for name in SHIPPED}


def letters(figure):
    """Every text that is shown."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = {id(label) for axis in figure.axes for label in _unlabelled(axis)}
    return [text for text in shown if id(text) not in hidden]


def _unlabelled(axis):
    """Tick labels outside the limits or switched off, which have text but are not drawn."""
    for one, (low, high) in ((axis.xaxis, axis.get_xlim()), (axis.yaxis, axis.get_ylim())):
        for which in (one.majorTicks, one.minorTicks):
            for tick in which:
                if not (low - 1e-9 <= tick.get_loc() <= high + 1e-9 and tick.label1.get_visible()):
                    yield tick.label1
                yield tick.label2


def test_one_price_is_drawn_once_and_a_second_price_as_well(played):
    two = [played["kets"], nea_env.rollout("tuned_rule", "kets")]
    drawn = series(named(two))
    assert list(drawn.players) == ["just in time", "tuned rule"] and drawn.shares_price and drawn.shares_allocation
    other = nea_env.rollout("just_in_time", "kets", seed=1_000_001)
    assert not series(named({"a": played["kets"], "b": other})).shares_price
    labels = [text.get_text() for text in nea_env.plot(two).legends[0].get_texts()]
    assert labels.count("long price") == 1 and len(set(labels)) == len(labels)


def test_deadlines_carry_the_vintages_that_are_due(played):
    due = {name: [vintage for _, vintage in series({"a": played[name]}).deadlines] for name in ("tps", "tokyo")}
    assert due == {"tps": ["2019-20", "2021-22", "2023", "2024"], "tokyo": ["2010-14", "2015-19", "2020-24"]}
    when, vintage = series({"a": played["kets"]}).deadlines[0]
    assert (vintage, when) == ("2015", pytest.approx(2016.5))  # the end of June 2016


def test_run_off_begins_when_production_has_ended(played):
    assert series({"a": played["kets"]}).run_off == (pytest.approx(2026.0), pytest.approx(2026 + 8 / 12))
    assert series({"a": played["tokyo"]}).run_off[0] == pytest.approx(2025.25)  # the end of fiscal year 2024


def test_tonnes_by_year_are_the_laws(played):
    (kets,) = series({"a": played["kets"]}).players.values()
    assert kets.years.tolist() == list(range(2015, 2026))
    assert kets.allocated[:2] == pytest.approx([947_200.0, 947_200.0], rel=1e-6)
    assert kets.emitted.sum() == pytest.approx(played["kets"]["emitted"].sum())
    (tokyo,) = series({"a": played["tokyo"]}).players.values()
    assert tokyo.years[0] == 2010.25 and len(tokyo.years) == 15
    # an office of 10,000 t may emit 8 % less in the first period: the duty begins above that
    assert tokyo.allocated[:5] == pytest.approx([9_200.0] * 5, rel=0.01)


def test_closing_value_is_the_step_at_the_end():
    rollout = nea_env.rollout("invest_at_trigger", "tokyo", episodes=20)
    (player,) = series({"a": rollout}).players.values()
    last = rollout["cost_pct"][:, -1]
    share = rollout["closing_cost"][:, -1] / rollout["cost"][:, -1]
    assert player.closing_pct == pytest.approx(-(last * share).mean())
    assert player.cost.mean[-1] == pytest.approx(rollout["cumulative_cost_pct"][:, -1].mean())
    curve = nea_env.plot(rollout).axes[4].lines[0].get_ydata()
    assert curve[-1] == pytest.approx(player.cost.mean[-1] + player.closing_pct) and player.closing_pct > 0.1


def test_trades_and_what_was_carried_over_are_drawn_in_the_scale_of_the_heading():
    rollout = nea_env.rollout("searched_rule", "kets")
    figure = nea_env.plot(rollout)
    bank, trades = figure.axes[1], figure.axes[3]
    assert bank.get_title(loc="left").endswith("(kt)") and trades.get_title(loc="left").endswith("offset credits (kt)")
    assert bank.lines[0].get_ydata() == pytest.approx(rollout["bank"] / 1e3)
    carried = [rollout["effect.bank"][month] / 1e3 for month in rollout.deadlines]
    assert bank.lines[1].get_ydata() == pytest.approx([tonnes for tonnes in carried if tonnes > 1.0])
    total = rollout["effect.trade"] + rollout["effect.offset"] + rollout["effect.foreign"]
    assert trades.patches[0].get_data().values == pytest.approx(total / 1e3)


def test_several_episodes_are_drawn_as_their_mean_and_the_middle_of_prices():
    rollout = nea_env.rollout("just_in_time", "tps", episodes=30)
    (player,) = series({"a": rollout}).players.values()
    assert player.bank.mean == pytest.approx(rollout["bank"].mean(axis=0))
    assert player.long_price.low == pytest.approx(np.quantile(rollout["long_price"], 0.05, axis=0))
    assert player.trades["allowances"] == pytest.approx(rollout["effect.trade"].mean(axis=0))


@pytest.mark.parametrize("width", [85, 174])
@pytest.mark.parametrize("scenario", SHIPPED)
def test_letters_are_large_enough_and_on_the_page(scenario, width, played):
    figure = nea_env.plot([played[scenario], nea_env.rollout("do_nothing", scenario)], width_mm=width)
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)
    shown = letters(figure)
    assert min(text.get_fontsize() for text in shown) >= 6.5
    page = figure.bbox
    outside = []
    for text in shown:
        box = text.get_window_extent()
        if box.x0 < page.x0 - 1 or box.x1 > page.x1 + 1 or box.y0 < page.y0 - 1 or box.y1 > page.y1 + 1:
            outside.append(text.get_text())
    assert outside == []


@pytest.mark.parametrize("width", [85, 174])
@pytest.mark.parametrize("scenario", SHIPPED)
def test_headings_and_vintages_do_not_lie_on_each_other(scenario, width, played):
    figure = nea_env.plot(played[scenario], width_mm=width)
    figure.draw_without_rendering()
    for axis in figure.axes:
        boxes = [text.get_window_extent() for text in (axis._left_title, *axis.texts)]
        pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :]]
        assert not [1 for a, b in pairs if a.overlaps(b)]


def test_titles_tell_the_changes():
    rollout = nea_env.rollout("just_in_time", "kets", overrides=["market.volatility=0.2"])
    assert "market.volatility=0.2" in nea_env.plot(rollout).get_suptitle()


def test_files_keep_their_text_and_are_the_same_each_time(tmp_path, played):
    pdf, svg, png = (tmp_path / f"new/a.{kind}" for kind in ("pdf", "svg", "png"))
    nea_env.plot(played["tps"], path=pdf)
    assert b"/FontFile2" in pdf.read_bytes() and b"/Type3" not in pdf.read_bytes()
    nea_env.plot(played["tps"], path=str(svg))
    assert "just in time" in re.findall(r"<text [^>]*>([^<]*)</text>", svg.read_text(encoding="utf-8"))
    nea_env.plot(played["tps"], path=png)
    assert png.read_bytes().startswith(b"\x89PNG")
    before = pdf.read_bytes(), svg.read_bytes()
    nea_env.plot(played["tps"], path=pdf)
    nea_env.plot(played["tps"], path=svg)
    assert before == (pdf.read_bytes(), svg.read_bytes())
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.pdf", "a.png", "a.svg"]


def test_rollouts_of_one_policy_are_told_apart(played):
    other = nea_env.rollout("just_in_time", "kets", overrides=["market.volatility=0.2"])
    assert list(named([played["kets"], other])) == ["just in time, kets", "just in time, kets market.volatility=0.2"]


def test_what_cannot_be_drawn_is_one_clear_error(tmp_path, played):
    kets = played["kets"]
    cases = (
        ([], {}, "there is no rollout to draw"),
        ("kets", {}, "expected rollouts, as nea_env.rollout returns them, not a str"),
        ([kets, played["tps"]], {}, "rollouts are in CNY and KRW: expected one currency"),
        ({str(k): kets for k in range(len(COLOURS) + 1)}, {}, "7 rollouts: a figure shows at most 6"),
        (kets, {"path": tmp_path / "a.jpg"}, r"ends in '\.jpg': expected \.pdf, \.svg, \.png"),
        (kets, {"width_mm": 20}, "width_mm is 20: expected 60 to 400"),
    )
    for rollouts, arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            nea_env.plot(rollouts, **arguments)
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_it_says_so(monkeypatch, played):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r"^plot\(\) needs matplotlib: pip install matplotlib$"):
        nea_env.plot(played["kets"])
