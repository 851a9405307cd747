"""``python -m nea_env.market record``: what is computed beside what was seen, the page and its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nea_env import load_scenario
from nea_env.library.record import seen
from nea_env.market import PricePaths, record
from nea_env.market.__main__ import main
from nea_env.market.record import Computed, amount, band, compared, over, write
from nea_env.market.surprise import Surprise, surprise
from nea_env.scenario import add_months
from tests.core import scenarios as made

PAGE = Path(__file__).parents[2] / "docs/record.md"


def test_a_surprise_is_told_by_the_mean_price_and_where_the_market_may_stand():
    news = Surprise(
        chances=np.array([[0.1, 0.4], [0.3, 0.2]]),
        before=np.array([[100.0, 200.0], [50.0, 0.0]]),
        after=np.array([[100.0, 100.0], [75.0, 0.0]]),
    )
    # 0.1 x 100 + 0.4 x 100 + 0.3 x 75 = 72.5 of 0.1 x 100 + 0.4 x 200 + 0.3 x 50 = 105
    assert news.mean == pytest.approx(72.5 / 105 - 1)
    assert news.quantiles(0.05, 0.5, 0.95) == pytest.approx([-0.5, 0.0, 0.5])  # nothing where there was no price


def test_no_news_changes_nothing():
    kets = load_scenario("kets")
    news = surprise(kets, "2017-04", {})
    assert news.mean == pytest.approx(0.0, abs=1e-12)
    assert news.quantiles(0.05, 0.95) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert news.chances.sum() == pytest.approx(1.0)


def test_a_surprise_comes_in_a_month_that_is_played():
    with pytest.raises(ValueError, match="2014-12 is not played"):
        surprise(load_scenario("kets"), "2014-12", {})


def test_a_surprise_about_a_period_that_waits_for_it_is_refused():
    law = {"regime.penalty.2016.multiple": 1.0}  # in April 2017 the year 2016 has ended and is not yet settled
    with pytest.raises(ValueError, match="2017-04: a period waits for this news"):
        surprise(load_scenario("kets"), "2017-04", law)


def paths(opens: str | None = None) -> PricePaths:
    """Two paths of eight months from January 2015: the number of the month, and twice that."""
    values = np.outer([1.0, 2.0], np.arange(1.0, 9.0))[:, :, None]
    law = made.regime(2015, 2015).model_copy(update={"market_opens": opens})
    months = tuple(add_months("2015-01", month) for month in range(8))
    return PricePaths(values, ("front_price",), months, made.scenario(law), 0, np.zeros(2, np.int64))


def test_a_mean_is_over_the_months_in_which_the_market_is_open():
    assert over(paths(), "front_price", "2015-02", "2015-04").tolist() == [3.0, 6.0]
    assert over(paths("2015-04"), "front_price", "2015-02", "2015-05").tolist() == [4.5, 9.0]
    with pytest.raises(ValueError, match="2016-01 to 2016-12: no month of s in which its market is open"):
        over(paths(), "front_price", "2016-01", "2016-12")


def test_a_band_holds_nine_in_ten():
    found = band(np.arange(101.0))
    assert found == pytest.approx((50.0, 5.0, 95.0))
    assert found.holds(5.0) and found.holds(95.0)
    assert not found.holds(4.9) and not found.holds(95.1)


@pytest.mark.parametrize(
    ("value", "least", "text"),
    [
        (10_506.0, 1.0, "10,500"),
        (13.6, 1.0, "13.6"),
        (0.0309, 2_300.0, "0"),
        (-0.0545, 2.15, "-0.05"),
        (96.0, 9.6, "96"),
    ],
)
def test_numbers_are_shown_to_three_figures_of_what_was_seen(value, least, text):
    assert amount(value, least) == text


def of(name: str) -> tuple[Computed, ...]:
    return next(each.computed for each in compared() if each.table.name == name)


def test_markets_are_computed_where_they_were_set():
    for each in compared():
        for figure, model in zip(each.table.figures, each.computed, strict=True):
            if figure.set_on and each.table.name not in ("tps", "tps_told"):  # set on the price of the first day, 48
                assert model.mean == pytest.approx(figure.value, rel=0.08), each.table.name


def test_the_limit_of_april_2017_and_the_plan_of_that_autumn():
    assert -30 < of("kets_april_2017")[0].mean < -10
    assert of("kets_all_2017")[0].mean < of("kets_april_2017")[0].mean
    assert 25 < of("kets_autumn_2017")[0].mean < 45


def test_firms_that_expect_to_carry_over_freely_bank_more():
    known, free = of("kets_bank")[0], of("kets_bank_free")[0]
    assert 3.0 < known.mean < free.mean < 13.6  # Mt: fewer than were seen


def test_a_table_that_looks_again_shows_what_was_computed_before():
    page = PAGE.read_text()
    for name in ("kets", "tps"):
        first = next(each for each in compared() if each.table.name == name)
        again = next(each for each in compared() if each.table.name == f"{name}_told")
        assert not again.untouched
        figure, one, two = first.table.figures[1], first.computed[1], again.computed[1]
        least = abs(figure.value) / 10.0
        assert f"| {amount(one.mean, least)} | {amount(two.mean, least)} |" in page


def test_misses_are_counted_once_each():
    own = [each for each in compared() if not each.table.instead_of]
    assert sum(len(each.untouched) for each in compared()) == sum(
        not figure.set_on for each in own for figure in each.table.figures
    )
    guangdong = next(each for each in own if each.table.name == "pilot_guangdong")
    assert sum(not model.holds(figure.value) for figure, model in guangdong.untouched) == 5  # 2015 to 2019


def test_the_page_is_up_to_date():
    assert write(PAGE, check=True), "run: python -m nea_env.market record"


def test_the_command_writes_or_checks_the_page_and_draws(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "page", lambda: "the page\n")
    page = tmp_path / "docs/record.md"
    assert main(["record", "--check", "--out", str(page)]) == 1
    assert capsys.readouterr().out == f"out of date: {page}\n"
    assert main(["record", "--no-picture", "--out", str(page)]) == 0
    assert list(tmp_path.rglob("*.*")) == [page]
    assert page.read_text() == "the page\n"
    assert main(["record", "--check", "--out", str(page)]) == 0
    drawn = []
    monkeypatch.setattr("nea_env.market.record_figure.draw", drawn.append)
    assert main(["record", "--out", str(page)]) == 0
    assert drawn == [tmp_path / "docs/figures/record_prices.png"]


def test_the_picture_shows_every_price_seen_and_the_band_of_every_year(tmp_path):
    image = pytest.importorskip("matplotlib.image")
    from nea_env.market.record_figure import by_year, draw, middle, prices

    picture = prices()
    tables = [table for table in seen() if table.series == "front_price" and not table.instead_of]
    for axis, table in zip(picture.axes, tables, strict=False):
        dots = [line for line in axis.get_lines() if line.get_marker() == "o"]
        shown = [(line.get_xdata()[0], line.get_ydata()[0], line.get_markerfacecolor() == "none") for line in dots]
        assert shown == [(middle(figure), figure.value, figure.set_on) for figure in table.figures]
        assert axis.get_ylim()[0] == 0.0
    assert len(picture.axes) == 12 and len(tables) == 11
    kets = tables[0]
    years, models = by_year(kets)
    assert years == [year + 0.5 for year in range(2015, 2026)]
    assert models == list(of("kets"))  # where the means of calendar years are what was seen
    assert middle(kets.figures[0]) == 2015.5
    assert middle(kets.figures[0]._replace(first="2014-07", last="2015-06")) == 2015.0
    written = draw(tmp_path / "figures/record.png")
    pixels = image.imread(written)
    assert min(pixels.shape[:2]) > 800 and pixels[..., :3].std() > 0.05
    assert [path.name for path in written.parent.iterdir()] == ["record.png"]  # nothing half written
