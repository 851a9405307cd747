"""Text of scenarios in pictures: plain, in fonts that have its characters, inside the figure, without a warning."""

from __future__ import annotations

import logging
import string

import numpy as np
import pytest

from nea_env.envs.lettering import FALLBACKS, one_line, write

pytest.importorskip("matplotlib")
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

HANGUL = "배출권 거래제"
BOX = "\N{WHITE SQUARE}"
NASTY = [
    "A $5 levy and $x^2_1$", "one $ only", r"$\undefined{", r"100 \$ and \alpha _^{}", "$$", "line\nbreak\r\n\ttab",
    "\x1b[31mred\x00\x07", HANGUL, "碳排放权交易", "排出量取引制度", "a\u202eb\u200dc\u2028d", "\ud800 alone", "😀", "",
]  # fmt: skip


@pytest.fixture
def artist():
    figure = Figure(figsize=(6, 4))
    FigureCanvasAgg(figure)
    return figure.text(0.02, 0.5, "")


def pixels(artist):
    artist.figure.canvas.draw()
    return np.array(artist.figure.canvas.buffer_rgba())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("line\nbreak\r\n\ttab", "line break tab"),
        ("\x1b[31mred\x00\x07", "[31mred"),
        ("a\u202eb\u2028c\u00a0d", "a b c d"),
        ("  wide   space ", "wide space"),
        (HANGUL, HANGUL),
        ("$x_1$", "$x_1$"),
    ],
)
def test_one_line(text, expected):
    assert one_line(text) == expected


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_any_text_is_drawn_without_a_warning(artist, text, caplog):
    with caplog.at_level(logging.WARNING, "matplotlib"):
        write(artist, text, "second line", room=0.9)
        pixels(artist)  # a warning would be an error here
    assert not caplog.records
    assert artist.get_text().count("\n") == 1


def test_mathematics_stays_text(artist):
    write(artist, "$x^2$")
    as_text = pixels(artist)
    artist.set_parse_math(True)
    assert artist.get_text() == "$x^2$" and (pixels(artist) != as_text).any()


def test_characters_that_no_font_has_are_boxes(artist, monkeypatch):
    monkeypatch.setattr("nea_env.envs.lettering.FALLBACKS", ())
    write(artist, f"K {HANGUL} x²")
    assert artist.get_text() == f"K {BOX * 3} {BOX * 3} x²"
    artist.set_fontfamily(["cmr10"])  # which lacks the box too
    write(artist, HANGUL)
    assert set(artist.get_text()) <= {"?", " "}


def test_an_installed_font_fills_in(artist, tmp_path, monkeypatch):
    """A font with but one character of ours: it shows that character, the first font the rest."""
    name = "Nea Test Hangul"
    path = tmp_path / "hangul.ttf"
    a_font(name, "배").save(path)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", list(font_manager.fontManager.ttflist))
    font_manager.fontManager.addfont(path)
    font_manager.fontManager._findfont_cached.cache_clear()
    monkeypatch.setattr("nea_env.envs.lettering.FALLBACKS", ("No Such Font", name))
    own = artist.get_fontfamily()
    write(artist, "K 배출")
    assert artist.get_text() == f"K 배{BOX}"
    assert artist.get_fontfamily() == [*own, name]
    with_it = pixels(artist)
    artist.set_text(f"K  {BOX}")
    assert (pixels(artist) != with_it).any()
    write(artist, "plain")
    assert artist.get_text() == "plain"


def a_font(name, characters):
    """A TrueType font in which each of the characters is a black square."""
    builder = pytest.importorskip("fontTools.fontBuilder")
    pen = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen(None)
    corners = [(100, 0), (100, 700), (900, 700), (900, 0)]
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    glyphs = [".notdef", *(f"g{index}" for index in range(len(characters)))]
    font = builder.FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(glyphs)
    font.setupCharacterMap({ord(c): glyph for c, glyph in zip(characters, glyphs[1:], strict=True)})
    font.setupGlyf(dict.fromkeys(glyphs, square))
    font.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 100)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": name, "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    return font


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("room", [0.2, 0.6])
def test_long_lines_are_shortened_to_their_room(artist, rotation, room):
    artist.set_rotation(rotation)
    write(artist, string.ascii_letters * 40, "short", room=room)
    box, whole = artist.get_window_extent(), artist.figure.bbox
    taken = box.height / whole.height if rotation else box.width / whole.width
    assert 0.75 * room < taken <= room
    first, second = artist.get_text().split("\n")
    assert first.startswith("abc") and first.endswith("...") and second == "short"
    write(artist, "short", room=room)
    assert artist.get_text() == "short"


def test_the_fallbacks_are_names_of_fonts():
    assert len(set(FALLBACKS)) == len(FALLBACKS) > 20
