"""Pictures of price paths say what the scenario's files say, whatever that is, inside the figure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nea_env.market import price_paths

pytest.importorskip("matplotlib")

from nea_env.market.figures import PICTURES, draw

TEXTS = ["$\\undefined{ 배출권 거래제\n碳 $_^ \x07", "w" * 700]


def odd(paths, text):
    """The same paths of a scenario whose titles and currency are ``text``."""
    scenario = paths.scenario
    links = tuple(link.model_copy(update={"title": text}) for link in scenario.links)
    market = scenario.market.model_copy(update={"currency": text})
    return replace(paths, scenario=scenario.model_copy(update={"title": text, "market": market, "links": links}))


@pytest.fixture(scope="module")
def paths():
    return price_paths("linked_kets", 20)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:20])
def test_every_picture_is_drawn(paths, text, tmp_path):
    assert len(draw(odd(paths, text), tmp_path)) == 4  # a warning would be an error


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:20])
def test_titles_stay_inside_the_figure_and_on_their_lines(paths, text):
    figure = PICTURES["links"](odd(paths, text))
    title = figure._suptitle.get_text().split("\n")
    assert len(title) == (5 if len(text) > 100 else 4)
    assert [line.partition(" ")[0] for line in title[-3:]] == ["price", "starts", "median,"]
    figure.draw_without_rendering()
    texts = [figure._suptitle, *(axis.title for axis in figure.axes), *(axis.yaxis.label for axis in figure.axes)]
    for artist in filter(lambda artist: artist.get_text(), texts):
        box = artist.get_window_extent()
        assert 0 <= box.x0 and box.x1 <= figure.bbox.width and not artist.get_parse_math(), artist
        assert 0 <= box.y0 and box.y1 <= figure.bbox.height, artist
