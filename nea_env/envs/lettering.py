"""A scenario's text as plain text: on one line of a terminal, and in pictures without mathematics or missing glyphs.

Titles and currencies come from files that anyone may write. Matplotlib would read ``$`` as mathematics and
warn about every character that its font lacks. Nothing here imports it before there is an artist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.text import Text

FALLBACKS = (
    "Noto Sans CJK KR", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans KR", "Noto Sans JP",
    "Noto Sans SC", "Noto Sans TC", "Source Han Sans", "NanumGothic", "Nanum Gothic", "Malgun Gothic",
    "Apple SD Gothic Neo", "AppleGothic", "Hiragino Sans", "Hiragino Sans GB", "PingFang SC", "PingFang TC", "Heiti TC",
    "Yu Gothic", "Meiryo", "MS Gothic", "IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic", "Microsoft YaHei",
    "Microsoft JhengHei", "SimHei", "SimSun", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback",
    "Baekmuk Dotum", "UnDotum", "Arial Unicode MS", "Unifont",
)  # fmt: skip
"""Fonts with Korean, Japanese or Chinese characters: if installed, they show what the first font lacks."""

_BOXES = ("\N{WHITE SQUARE}", "?")  # in place of a character that no font has
_LONGEST_LINE = 400  # characters of a line; no picture has room for more


def one_line(text: str) -> str:
    """``text`` on one line: line breaks, control and other invisible characters become single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def write(artist: Text, *lines: str, room: float | None = None) -> None:
    """Show lines of plain text.

    Args:
        artist: a title, label, legend entry or any other text of a figure.
        lines: each stays on one line; what no font has is shown as a box.
        room: a line that would take more than this share of the figure is shortened: of its width, or of its
            height where the text runs upwards.
    """
    shown = [one_line(line)[:_LONGEST_LINE] for line in lines]
    artist.set_parse_math(False)
    artist.set_usetex(False)
    if not all(line.isascii() for line in shown):
        own = artist.get_fontfamily()
        families, missing = _fonts({c for line in shown for c in line if not c.isascii()}, own)
        artist.set_fontfamily(families)
        box = next(box for box in _BOXES if box.isascii() or not _fonts({box}, own)[1])
        shown = ["".join(box if c in missing else c for c in line) for line in shown]
    if room is not None:
        shown = [_shortened(artist, line, room) for line in shown]
    artist.set_text("\n".join(shown))


def _fonts(characters: set[str], own: list[str]) -> tuple[list[str], set[str]]:
    """The artist's families and the fallbacks that add some of the characters, and the characters none has."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    families, missing = list(own), set(characters)
    for family in (*own, *FALLBACKS):
        if not missing:
            break
        try:
            font = get_font(findfont(FontProperties(family=[family]), fallback_to_default=False))
        except ValueError:  # not installed
            continue
        covered = {c for c in missing if font.get_char_index(ord(c))}
        if covered and family not in families:
            families.append(family)
        missing -= covered
    return families, missing


def _shortened(artist: Text, line: str, room: float) -> str:
    """The line, or as much of its beginning as there is room for, with three dots."""

    def fits(text: str) -> bool:
        artist.set_text(text)
        box, whole = artist.get_window_extent(), artist.figure.bbox
        return bool(box.height <= room * whole.height if artist.get_rotation() else box.width <= room * whole.width)

    if fits(line):
        return line
    low, high = 0, len(line) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(line[:middle].rstrip() + "...") else (low, middle - 1)
    return line[:low].rstrip() + "..."
