"""How the figures of this package look: their colours, letters, sizes and files.

Colours are Okabe and Ito's, which people with any kind of colour vision can tell apart (jfly.uni-koeln.de/color).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nea_env.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".pdf", ".svg", ".png")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", (0, (4, 1.3)), (0, (1.2, 1.0)), (0, (6, 1.2, 1.2, 1.2)), (0, (2.5, 1.0)), (0, (8, 1.5)))
BLACK, GREY, YELLOW = "#000000", "#595959", "#F0E442"
NARROWEST, WIDE = 60.0, 120.0  # mm; from WIDE on there are two columns of panels
MM = 1.0 / 25.4  # inches


def check(path: str | Path | None, width_mm: float) -> None:
    """Refuse what can't be drawn, before anything is.

    Raises:
        ValueError: another ending, or a width out of bounds.
    """
    ending = None if path is None else Path(path).suffix.lower()
    if ending is not None and ending not in FORMATS:
        raise ValueError(f"path: {str(path)!r} ends in {ending!r}: expected {', '.join(FORMATS)}")
    if not NARROWEST <= width_mm <= 400.0:
        raise ValueError(f"width_mm is {width_mm!r}: expected {NARROWEST:.0f} to 400")


def in_style(width_mm: float, who: str) -> Any:
    """A context in which figures have these letters and lines.

    Args:
        width_mm: of the figure.
        who: needs matplotlib, for the message where it is missing.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise ModuleNotFoundError(f"{who} needs matplotlib: pip install matplotlib", name="matplotlib") from None
    return rc_context(_style(width_mm))


def _style(width_mm: float) -> Any:
    size = 6.5 if width_mm < WIDE else 7.0
    return {
        "font.size": size, "axes.titlesize": size, "axes.labelsize": size, "xtick.labelsize": size,
        "ytick.labelsize": size, "legend.fontsize": size, "figure.titlesize": size, "font.family": "DejaVu Sans",
        "axes.linewidth": 0.5, "xtick.major.width": 0.5, "ytick.major.width": 0.5, "xtick.major.size": 2.0,
        "ytick.major.size": 2.0, "ytick.minor.size": 1.2, "ytick.minor.width": 0.4, "xtick.major.pad": 2.0,
        "ytick.major.pad": 2.0, "lines.linewidth": 0.9, "pdf.fonttype": 42, "svg.fonttype": "none",
        "svg.hashsalt": "nea_env",
    }  # fmt: skip


def save(figure: Figure, path: Path) -> None:
    """Write a figure as its ending says, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix.lower().removeprefix(".")
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(kind)  # the same data give the same file
    with replacing(path) as draft:
        figure.savefig(draft, dpi=300, format=kind, metadata=undated)


def plain(axis: Any, count: int | None = 4) -> None:
    """Numbers in full, with commas, and few of them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if count is not None:
        axis.set_major_locator(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")))
