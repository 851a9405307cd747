"""The picture of a tree of laws: price and bank before and after each announcement, by what was announced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nea_env.core.lowering.law_tree import LawState, law_tree
from nea_env.market.axes import BLUE, GREY, ORANGE, key, label, page
from nea_env.market.paths import PricePaths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def laws(paths: PricePaths) -> Figure:
    """Mean price and bank in each state of the law; the wider a line, the more episodes come to the state."""
    tree = law_tree(paths.scenario)
    passes = np.zeros((len(tree.states), len(paths)), np.bool_)
    for number, law in enumerate(tree.laws):
        for place in law.states:
            passes[place] |= paths.law == number
    figure = page(paths, 2, 1, height=2.1, shows="means over")
    top, bottom = figure.axes
    for axis, series, colour in ((top, "long_price", BLUE), (bottom, "aggregate_bank", ORANGE)):
        _draw(axis, paths, paths[series], tree.states, passes, colour)
        for month in sorted({state.first for state in tree.states if 0 < state.first < len(paths.months)}):
            axis.axvline(paths.years[month], color=GREY, lw=0.9, ls="-", alpha=0.5, zorder=0)
    label(top, "long price, mean by", f"what was announced ({paths.scenario.market.currency}/t)")
    top.set_ylim(bottom=0.0)
    label(bottom, "bank of the whole market,", "mean (years of emissions)")
    entries = [(BLUE, "-", "mean price"), (ORANGE, "-", "mean bank"), (GREY, "-", "announcement")]
    key(figure, [*entries, (BLUE, ":", "step to what was announced")])
    return figure


def _draw(
    axis: Axes,
    paths: PricePaths,
    values: NDArray[np.float64],
    states: tuple[LawState, ...],
    passes: NDArray[np.bool_],
    colour: str,
) -> None:
    """A line for each state that episodes come to, with a dashed one from the state before it."""
    years, months = paths.years, len(paths.months)
    for place, state in enumerate(states):
        here = passes[place]
        span = slice(max(state.first, paths.opening), min(state.last, months))
        if not here.any() or span.start >= span.stop:
            continue
        mean = values[here, span].mean(axis=0)
        width = 0.6 + 1.4 * float(here.mean())
        axis.plot(years[span], mean, color=colour, lw=width, marker="." if len(mean) == 1 else None, clip_on=False)
        for parent, before in enumerate(states):
            leads = before.last == state.first and place in (after for after, _ in before.branches)
            if leads and span.start == state.first > max(before.first, paths.opening) and passes[parent].any():
                ends = float(values[passes[parent], state.first - 1].mean()), mean[0]
                axis.plot(years[state.first - 1 : state.first + 1], ends, color=colour, lw=width, ls=":")
