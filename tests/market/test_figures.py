"""``python -m nea_env.market``: which pictures it writes, what they show, and its refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nea_env
from nea_env.market import PricePaths, figures, price_paths
from nea_env.market.__main__ import main
from nea_env.market.axes import BLUE, GREY, ORANGE, RUN_OFF, between_points, process_text, start_text
from nea_env.scenario import Exchange, Link, add_months
from tests.core import scenarios as made

ROOT = Path(__file__).resolve().parents[2]
image = pytest.importorskip("matplotlib.image")


def plot(capsys, *arguments: str) -> list[str]:
    """Names of the files that a plot command says it has written."""
    assert main(["plot", *arguments]) == 0
    return capsys.readouterr().out.split()


def two_partners(open_from: int = 6, n: int = 50) -> PricePaths:
    """Paths made by hand: home at 100, one partner at 80 and 120 by turns until the link opens, one at 50."""
    where = made.market(100.0, rate=0.0)
    fields = {"market": where.model_copy(update={"currency": "CNY"}), "fx": Exchange(currency="CNY", rate=2.0)}
    links = (
        Link(name="a", title="Partner A", type="full", starts="2015-07", **fields),
        Link(name="b", title="Partner B", type="quota", quota=0.1, low=0.5, **fields),
    )
    scenario = made.scenario(made.regime(2015, 2015), where=where, links=links)
    months = tuple(add_months("2015-01", month) for month in range(18))
    names = ["long_price", "front_price"]
    names += [f"{name}_{k}" for k in range(2) for name in ("foreign_price", "local_price", "fx", "link")]
    names += ["aggregate_bank", "lapse_probability"]
    values = np.full((n, 18, len(names)), 100.0)
    values[:, :open_from, 2] += np.where(np.arange(n) % 2, 20.0, -20.0)[:, None]
    values[:, :, 3], values[:, :, 4], values[:, :, 7], values[:, :, 8] = 50.0, 2.0, 25.0, 2.0
    values[:, :, 6] = 50.0
    values[:, :, 5] = np.arange(18) >= open_from
    values[:, :, 9] = 1.0
    values[:, :, 10] = np.linspace(-0.1, 0.3, n)[:, None]
    values[:, :, 11] = np.where(np.arange(n) < n // 5, 1.0, 0.5)[:, None]
    return PricePaths(values, tuple(names), months, scenario, 0, np.zeros(n, np.int64))


def line(axis, index: int) -> np.ndarray:
    """The heights of one curve of an axis."""
    return np.asarray(axis.get_lines()[index].get_ydata(), float)


def test_plot_writes_a_picture_for_everything_that_moves(capsys, tmp_path):
    written = plot(capsys, "kets", "--paths", "60", "--out", str(tmp_path))
    assert written == [str(tmp_path / f"kets_gbm_{what}.png") for what in ("prices", "deadlines", "discount")]
    for path in written:
        pixels = image.imread(path)
        assert min(pixels.shape[:2]) > 400
        assert pixels[..., :3].std() > 0.05  # not blank
    assert sorted(map(str, tmp_path.iterdir())) == sorted(written)  # nothing half written is left


def test_real_links_and_equilibrium_are_drawn(capsys, tmp_path):
    to = ("--paths", "20", "--out", str(tmp_path))
    assert len(plot(capsys, "linked_kets_phase4", *to, "--only", "links")) == 1
    written = plot(capsys, "pilot_chongqing", "market.law=equilibrium", *to, "--only", "bank", "--only", "deadlines")
    assert [path.partition("equilibrium_")[2] for path in written] == ["bank.png", "deadlines.png"]


def test_overrides_are_read_before_and_after_options(capsys, tmp_path):
    flat = ("market.gap={}", "--paths", "20", "--out", str(tmp_path), "market.volatility=0")
    assert [path.rpartition("_")[2] for path in plot(capsys, "kets", *flat)] == ["prices.png", "deadlines.png"]


@pytest.mark.parametrize("scenario", ["gx_ets", "tms"])
def test_other_kinds_of_market_are_drawn(capsys, tmp_path, scenario):
    assert len(plot(capsys, scenario, "--paths", "20", "--out", str(tmp_path), "--seed", "3")) >= 2


def test_seed_and_paths_are_passed_on(capsys, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("nea_env.market.figures.draw", lambda *given: asked.append(given) or [])
    plot(capsys, "kets", "--paths", "7", "--seed", "5")
    ((paths, folder, only),) = asked
    np.testing.assert_array_equal(paths, price_paths("kets", 7, 5))
    assert folder.as_posix() == "runs/market"
    assert only == []


def test_without_a_scenario_the_shipped_ones_are_listed(capsys):
    assert main(["plot"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in nea_env.scenarios())
    assert "--paths" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kest"], "did you mean 'kets'"),
        (["kets", "market.volatlity=0.2"], "volatility"),
        (["kets", "market.law=brownian"], "market.law"),
        (["kets", "--paths", "0"], "n is 0"),
        (["kets", "--seed", "-1"], "seed is -1"),
        (["kets", "--paths", "5", "--only", "links"], "no picture 'links'; allowed: prices, deadlines, discount"),
        (["kets", "--paths", "5", "--only", "fan"], "no picture 'fan'"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(capsys, tmp_path, arguments, message):
    assert main(["plot", *arguments, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["plot", "kets", "--path-count", "3"], ["plot", "kets", "--paths", "3", "tps"]])
def test_what_is_not_known_is_refused(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err


def test_calibration_writes_or_checks_the_page(capsys, tmp_path, monkeypatch):
    calibration = pytest.importorskip("nea_env.market.calibration")
    asked = []

    def write(path, check):
        asked.append((path, check))
        return False

    monkeypatch.setattr(calibration, "write", write)
    assert main(["calibration", "--out", str(tmp_path / "page")]) == 0
    assert main(["calibration", "--check"]) == 1
    assert asked == [(tmp_path / "page", False), (Path("docs/calibration.md"), True)]
    assert capsys.readouterr().out == "out of date: docs/calibration.md\n"


def test_title_names_the_process():
    kets = nea_env.load_scenario("kets").market
    assert process_text(kets) == "price process gbm: geometric Brownian motion, volatility 30 % a year"
    assert process_text(nea_env.load_scenario("gx_ets").market) == "price process collared: price collar"


def test_title_tells_the_price_that_paths_start_from():
    paths = two_partners()
    assert start_text(paths) == "starts at 100 X/t"
    scenario = paths.scenario
    elsewhere = scenario.model_copy(update={"market": scenario.market.model_copy(update={"price": 48.0})})
    assert start_text(replace(paths, scenario=elsewhere)) == "starts at 100 X/t (reference price: 48)"
    paths.values[0, 0, 0] = 200.0  # one of fifty paths
    assert start_text(paths) == "starts at 102 X/t on average (reference price: 100)"


def test_title_tells_what_was_changed_but_names_the_process_once():
    paths = price_paths(nea_env.load_scenario("kets", {"market.law": "lattice", "market.volatility": 0.2}), 5)
    heading = figures.prices(paths)._suptitle.get_text().split("\n")
    assert heading[0].endswith(", market.volatility=0.2")
    assert [line for line in heading if "lattice" in line] == ["price process lattice: lattice, volatility 20 % a year"]


def test_prices_start_where_the_market_opens():
    figure = figures.prices(price_paths("tps", 20))
    assert figure.axes[0].get_xlim() == pytest.approx((2021.5, 2025 + 11 / 12))
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_fan_shows_the_quantiles():
    paths = price_paths("kets", 400)
    axis = figures.prices(paths).axes[0]
    median = next(curve for curve in axis.get_lines() if len(curve.get_ydata()) == 140)
    np.testing.assert_allclose(median.get_ydata(), np.median(paths["long_price"], axis=0))
    edges = axis.collections[0].get_paths()[0].vertices
    at_end = edges[np.isclose(edges[:, 0], 2026 + 7 / 12), 1]
    expected = np.quantile(paths["long_price"][:, -1], (0.05, 0.95))
    assert (at_end.min(), at_end.max()) == pytest.approx(tuple(expected))


def test_discount_is_broken_at_deadlines():
    paths = price_paths("kets", 50)
    axis = figures.front_discount(paths).axes[0]
    assert [text.get_text() for text in axis.texts] == [*(str(year) for year in range(2015, 2026)), "vintage"]
    curves = [curve for curve in axis.get_lines() if len(curve.get_xdata()) > 2]
    medians, means = curves[::2], curves[1::2]
    assert abs(means[4].get_ydata()[-1]) < abs(medians[4].get_ydata()[-1])  # KAU19 is skewed, about a mean of zero
    assert [len(curve.get_xdata()) for curve in medians] == [18, 12, 14, 13, 12, 11, 12, 12, 12, 12, 12]


def test_deadlines_show_the_price_of_their_month():
    paths = price_paths("kets", 101)
    for axis, month in zip(figures.at_deadlines(paths).axes, paths.deadlines, strict=True):
        medians = [curve.get_xdata()[0] for curve in axis.get_lines()]
        assert medians == pytest.approx([np.median(paths[name][:, month]) for name in ("front_price", "long_price")])


def test_links_show_partner_gap_and_opening(tmp_path):
    paths = two_partners()
    axes = np.array(figures.links(paths).axes).reshape(3, 2)
    assert axes[0, 0].get_title() == "Partner A\ntype full, from 2015-07"
    assert axes[0, 1].get_title() == "Partner B\ntype quota, quota 10 % of the duty"
    bands = axes[1, 0].collections[0].get_paths()[0].vertices[:, 1]
    assert (bands.min(), bands.max()) == pytest.approx((-20.0, 20.0))
    assert line(axes[2, 0], -1)[[0, 5, 6, 17]] == pytest.approx([0.0, 0.0, 100.0, 100.0])
    colours = [{c.get_color() for c in axis.get_lines() if len(c.get_xdata()) == 18} for axis in axes[:, 0]]
    assert colours == [{BLUE, ORANGE}, {GREY}, {GREY}]  # one for each system, and what is of both
    assert np.median(axes[1, 1].collections[0].get_paths()[0].vertices[:, 1]) == pytest.approx(-50.0)
    written = [path.name for path in figures.draw(paths, tmp_path)]
    assert written == [f"s_gbm_{what}.png" for what in ("prices", "deadlines", "links", "bank")]


def test_bank_shows_years_of_emissions_and_probability_of_a_lapse():
    figure = figures.bank(two_partners())
    top, bottom = figure.axes
    highest = top.collections[0].get_paths()[0].vertices[:, 1].max()
    assert highest == pytest.approx(-0.1 + 0.4 * (0.95 * 50 - 0.5) / 49)  # each of 50 banks stands for a fiftieth
    (mean,) = (curve.get_ydata() for curve in bottom.get_lines() if len(curve.get_ydata()) == 18)
    assert mean[0] == pytest.approx(60.0)  # a fifth of the paths at 100 %, the others at 50 %
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["bank: median of the paths", "lapse: mean over the paths", RUN_OFF]
    shaded = [patch.get_x() for patch in top.patches]
    assert shaded == pytest.approx([2016.0])  # the year 2015 is over, its deadline is to come
    assert "banks 0.0082 years apart, read between them" in figure._suptitle.get_text()


def test_quantiles_of_a_grid_move_with_the_paths_not_in_its_steps():
    rng = np.random.default_rng(0)
    drift = np.linspace(0.0, 1.0, 60)
    exact = rng.normal(size=(4000, 1)) + drift
    on_grid = np.round(exact / 0.5) * 0.5
    found = between_points(on_grid, np.inf)
    assert np.abs(found - np.quantile(exact, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)).max() < 0.15
    assert len(np.unique(np.quantile(on_grid, 0.5, axis=0))) == 3 and (np.diff(found[2]) > 0.0).all()


def test_nothing_is_read_between_points_that_are_no_neighbours():
    sure = np.repeat([[0.0], [1.0], [100.0]], [50, 10, 40], axis=0)  # 0 and 1 are neighbours
    assert between_points(sure, 20.0)[:, 0] == pytest.approx([0.0, 0.0, 0.25 / 0.30, 100.0, 100.0])


def test_front_discount_is_cut_off_where_the_long_price_is_almost_nothing():
    paths = two_partners()
    paths.values[:10, 4:, 0] = 1e-3
    figure = figures.front_discount(paths)
    assert figure.axes[0].get_ylim() == (-105.0, 200.0)
    assert "cut off at 200 %" in figure._suptitle.get_text()
    assert "cut off" not in figures.front_discount(two_partners())._suptitle.get_text()
    mean = next(c for c in figure.axes[0].get_lines() if c.get_linestyle() == "--")
    assert mean.get_ydata()[[0, -1]] == pytest.approx([0.0, 25.0], abs=0.01)  # 100 over 80


def test_docs_show_pictures_that_their_commands_draw():
    text = (ROOT / "docs/markets.md").read_text()
    shown = re.findall(r"\(figures/(\S+)\.png\)", text)
    drawn = {}
    for command in re.findall(r"python -m nea_env.market plot (.*) --out docs/figures", text):
        scenario, *rest = command.split()
        process = next((part.partition("=")[2] for part in rest if part.startswith("market.law=")), "gbm")
        only = [rest[place + 1] for place, part in enumerate(rest) if part == "--only"]
        drawn |= dict.fromkeys(f"{scenario}_{process}_{what}" for what in only or ("prices", "deadlines", "discount"))
    assert sorted(shown) == sorted(drawn)
    assert [name for name in shown if not (ROOT / f"docs/figures/{name}.png").is_file()] == []
