"""Pictures of price paths: fans over time, the prices at each deadline, the front's discount, partners, the bank.

Matplotlib is loaded when the first picture is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nea_env.core.lowering.law_tree import has_tree
from nea_env.envs.lettering import write
from nea_env.library.grammar import slug
from nea_env.market.axes import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SIZE,
    SMALL,
    fan,
    in_lines,
    key,
    label,
    outlined,
    page,
    run_off,
    thousands,
)  # fmt: skip
from nea_env.market.law_figure import laws
from nea_env.market.paths import PricePaths
from nea_env.scenario import Link

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURED = 1e-9  # a ratio farther from 1 than this is not just rounding
_CUT = 200.0  # per cent: where one price is almost nothing, the other over it would flatten everything else
_APART = 20.0  # per cent: probabilities farther apart than that are not neighbours on the solver's grid
_DPI = 180


def draw(paths: PricePaths, folder: Path, only: Sequence[str] = ()) -> list[Path]:
    """Write PNG files named after the scenario, what was changed in it, its price process and the picture.

    Args:
        paths: what to draw.
        folder: made if it is missing.
        only: names from `PICTURES`; default: all that have something to show for the scenario.

    Raises:
        ValueError: a picture that is not known, or that has nothing to show for the scenario.
        ModuleNotFoundError: matplotlib is not installed.
    """
    shown = [name for name in PICTURES if _shows(paths, name)]
    name = paths.scenario.name
    for wanted in only:
        if wanted not in shown:
            raise ValueError(f"only: {name} has no picture {wanted!r}; allowed: {', '.join(shown)}")
    folder.mkdir(parents=True, exist_ok=True)
    changes = [change for change in paths.scenario.changes if not change.startswith("market.law=")]
    stem = f"{slug(name, changes)}_{paths.scenario.market.law}"
    written = []
    for wanted in only or shown:
        path = folder / f"{stem}_{wanted}.png"
        draft = path.with_name(f".writing_{path.name}")
        PICTURES[wanted](paths).savefig(draft, dpi=_DPI, format="png")
        draft.replace(path)
        written.append(path)
    return written


def _shows(paths: PricePaths, picture: str) -> bool:
    """Whether a picture has anything to show."""
    if picture == "discount":
        apart = np.abs(paths["front_price"] - paths["long_price"]).max()
        return bool(apart > _MEASURED * paths["long_price"].max())
    if picture == "laws":
        return has_tree(paths.scenario)
    return {"links": "foreign_price_0", "bank": "aggregate_bank"}.get(picture, "long_price") in paths


def prices(paths: PricePaths) -> Figure:
    """Fans of the long price, the front price and the offset price, with what the long price is expected to be."""
    shown = [("long_price", "long price", BLUE), ("front_price", "front price", ORANGE)]
    if "offset_price" in paths:
        shown.append(("offset_price", "offset credit", GREEN))
    figure = page(paths, len(shown), 1)
    for axis, (name, title, colour) in zip(figure.axes, shown, strict=True):
        fan(axis, paths, paths[name], colour)
        label(axis, title, f"({paths.scenario.market.currency}/t)")
        axis.set_ylim(bottom=0.0)
    top = max(figure.axes[0].get_ylim()[1], figure.axes[1].get_ylim()[1])
    for axis in figure.axes[:2]:
        axis.set_ylim(0.0, top)  # the two are to be compared
    if paths.scenario.market.is_martingale and paths.scenario.market.law != "equilibrium":  # its rolled price is not
        opens, growth = paths.opening, paths.scenario.market.discount_rate / 12.0
        expected = paths["long_price"][0, 0] * np.exp(growth * np.arange(opens, len(paths.months)))
        figure.axes[0].plot(
            paths.years[opens:], expected, color=GREY, lw=1.2, ls="--", label="start grown at the discount rate"
        )
        figure.axes[0].legend(frameon=False, fontsize=SIZE, loc="upper left")
    figure.align_ylabels()
    return figure


def at_deadlines(paths: PricePaths) -> Figure:
    """One histogram per deadline: the front price (filled) and the long price (line), with their medians."""
    due = {month: vintage for month, vintage in paths.deadlines.items() if month >= paths.opening}
    figure = page(paths, len(due), 1, height=0.5, dates=False)
    low, high, log = _span(np.concatenate([paths[name][:, list(due)] for name in ("front_price", "long_price")]))
    count = int(np.clip(len(paths) ** 0.5, 12, 60)) + 1
    edges = np.geomspace(low, high, count) if log else np.linspace(low, high, count)
    for axis, (month, vintage) in zip(figure.axes, due.items(), strict=True):
        for name, colour, filled in (("front_price", ORANGE, True), ("long_price", BLUE, False)):
            values = paths[name][:, month]
            axis.stairs(np.histogram(values, edges)[0], edges, fill=filled, color=colour, alpha=0.45 if filled else 1.0)
            axis.axvline(float(np.median(values)), color=colour, lw=1.4, ls="-" if filled else "--")
        axis.set_xscale("log" if log else "linear")
        axis.set_yticks([])
        axis.set_xlim(low, high)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.set_ylabel(
            f"{vintage}\n{paths.months[month]}", rotation=0, ha="right", va="center", fontsize=SMALL, labelpad=6
        )
        axis.tick_params(labelbottom=axis is figure.axes[-1], which="both")
    figure.axes[0].annotate(
        "vintage,\ndeadline", (0.0, 1.0), (-6.0, 2.0), "axes fraction", "offset points", ha="right", va="bottom",
        fontsize=SMALL,
    )  # fmt: skip
    thousands(figure.axes[-1].xaxis)
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    if not log:
        figure.axes[-1].xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    else:
        figure.axes[-1].xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 300.0 * low else (1.0,)))
        figure.axes[-1].xaxis.set_minor_formatter(NullFormatter())
    write(
        figure.axes[-1].set_xlabel("", fontsize=SIZE),
        f"price in the deadline's month ({paths.scenario.market.currency}/t)",
        room=0.8,
    )
    key(figure, [(ORANGE, "-", "front price (filled) and its median"), (BLUE, "--", "long price and its median")])
    return figure


def _span(values: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Ends of an axis that shows all but a thousandth of the values at either end, and whether it is of logs."""
    low, high = (float(np.quantile(values, q)) for q in (0.001, 0.999))
    if low > 0.0 and 5.0 < high / low < 1e4:  # a price close to zero would take up all of a log axis
        return low, high, True
    low = float(values.min())
    margin = 0.02 * (high - low) or 0.1 * high or 1.0  # a price without risk has no width of its own
    return (max(0.0, low - margin) if low >= 0.0 else low - margin), high + margin, False


def front_discount(paths: PricePaths) -> Figure:
    """Fan of the front price over the long price, less one, broken where the next vintage becomes the front.

    The mean is that of all front prices over that of all long prices: a long price of almost nothing, which the
    equilibrium process comes to, would make the mean of the ratios meaningless.
    """
    ratio = _excess(paths["front_price"], paths["long_price"])
    means = _excess(*(paths[name].mean(axis=0) for name in ("front_price", "long_price")))
    is_cut = np.quantile(ratio[:, paths.opening :], 0.95, axis=0).max() > _CUT
    notes = [f"cut off at {_CUT:.0f} %: the long price comes close to zero"] if is_cut else []
    figure = page(paths, 1, 1, height=2.4, notes=notes)
    axis = figure.axes[0]
    previous = paths.opening - 1
    for month, vintage in paths.deadlines.items():
        if month > previous:
            own = slice(previous + 1, month + 1)
            fan(axis, paths, ratio, ORANGE, own)
            axis.plot(paths.years[own], means[own], color=BLUE, lw=1.2, ls="--")
            middle = float(paths.years[own].mean())
            axis.text(middle, 1.015, vintage.replace(", ", "\n"), transform=axis.get_xaxis_transform(), ha="center",
                      va="bottom", fontsize=SMALL)  # fmt: skip
        previous = max(previous, month)
    axis.axhline(0.0, color=GREY, lw=0.8)
    axis.annotate(
        "vintage", (0.0, 1.015), (-4.0, 3.5), "axes fraction", "offset points", ha="right", va="bottom", fontsize=SMALL
    )
    if is_cut:
        axis.set_ylim(-105.0, _CUT)
    label(axis, "front price over long price, less one (%)")
    key(figure, [(ORANGE, "-", "median of the paths"), (BLUE, "--", "mean front price over mean long price")])
    return figure


def _excess(price: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """One price over another, less one, in per cent; 0 where the other is zero."""
    return 100.0 * (np.divide(price, base, out=np.ones_like(price), where=base > 0.0) - 1.0)


def links(paths: PricePaths) -> Figure:
    """By partner: its price and the home price, the gap between them, and how often the link is open.

    Each of the two systems has a colour; what is of both is grey.
    """
    scenario = paths.scenario
    figure = page(paths, 3, len(scenario.links), heights=(1.4, 1.0, 0.6))
    axes = np.array(figure.axes).reshape(3, len(scenario.links))
    home = paths["long_price"]
    for k, link in enumerate(scenario.links):
        foreign, (top, middle, bottom) = paths[f"foreign_price_{k}"], axes[:, k]
        fan(top, paths, home, BLUE)
        outlined(top, paths, foreign, ORANGE)  # with an open full link they coincide
        title = (*in_lines(link.title, 58), _terms(link))
        write(top.set_title("", fontsize=SIZE), *title, room=0.8 / len(scenario.links))
        top.set_ylim(bottom=0.0)
        fan(middle, paths, _excess(foreign, home), GREY)
        middle.axhline(0.0, color=GREY, lw=0.8)
        least, most = middle.get_ylim()
        middle.set_ylim(min(least, -5.0), max(most, 5.0))  # a gap of zero is a line, not noise
        bottom.step(paths.years, 100.0 * paths[f"link_{k}"].mean(axis=0), where="post", color=GREY, lw=1.6)
        bottom.set_ylim(-4.0, 104.0)
        for axis, lines in (
            (top, ("price per tonne at home", f"({scenario.market.currency}/t)")),
            (middle, ("partner's price over", "home price, less one (%)")),
            (bottom, ("link open", "(% of paths)")),
        ):
            label(axis, *(lines if k == 0 else ()))
    key(figure, [(BLUE, "-", "home, long price"), (ORANGE, "--", "partner's price (dotted: 50 % and 90 %)")])
    return figure


def _terms(link: Link) -> str:
    terms = [f"type {link.type}"]
    if link.quota is not None:
        terms.append(f"quota {100.0 * link.quota:.3g} % of the duty")
    if link.starts is not None:
        terms.append(
            f"from {link.starts}" + (f" at {100.0 * link.start_chance:.3g} % a month" if link.start_chance else "")
        )
    if link.ends is not None:
        terms.append(
            f"to {link.ends}" + (f" or later, {100.0 * link.end_chance:.3g} % a month" if link.end_chance else "")
        )
    return ", ".join(terms)


def bank(paths: PricePaths) -> Figure:
    """Fans of what the whole market has banked, and of the probability that part of the running vintage must lapse.

    The solver knows the bank on a grid: both are read between its points. A probability that is close to 0 or 1 on
    most paths has no useful median, so the second panel shows its mean.
    """
    figure = page(paths, 2, 1, height=1.9, notes=_grid(paths))
    top, bottom = figure.axes
    fan(top, paths, paths["aggregate_bank"], BLUE, on_grid=np.inf)
    top.axhline(0.0, color=GREY, lw=0.8)
    ended = all([run_off(top, paths), run_off(bottom, paths)])
    label(top, "bank of the whole market", "(years of baseline emissions)")
    lapse = 100.0 * paths["lapse_probability"]
    fan(bottom, paths, lapse, ORANGE, middle=False, on_grid=_APART)
    bottom.plot(paths.years[paths.opening :], lapse[:, paths.opening :].mean(axis=0), color=ORANGE, lw=1.4)
    bottom.set_ylim(-4.0, 104.0)
    label(bottom, "probability that units of the", "running period will lapse (%)")
    entries = [(BLUE, "-", "bank: median of the paths"), (ORANGE, "-", "lapse: mean over the paths")]
    key(figure, entries, run_off=ended)
    return figure


def _grid(paths: PricePaths) -> list[str]:
    """How far apart the points are on which the solver knows the bank, in words; empty where that can't be seen."""
    banks = np.unique(np.round(paths["aggregate_bank"][paths.law == paths.law[0], -1], 9))
    if len(banks) < 3:
        return []
    return [f"computed for banks {np.diff(banks).min():.2g} years apart, read between them"]


PICTURES: dict[str, Callable[[PricePaths], Figure]] = {
    "prices": prices,
    "deadlines": at_deadlines,
    "discount": front_discount,
    "links": links,
    "bank": bank,
    "laws": laws,
}
"""Every picture, by the name that its file ends in."""
