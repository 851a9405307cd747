"""The picture of one or several rollouts, for a column (85 mm) or a page (174 mm) of a paper: ``nea_env.plot``.

Lines differ in their dashes too, for print in grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nea_env.bench.figure_style import BLACK, COLOURS, DASHES, GREY, MM, WIDE, YELLOW, check, in_style, plain, save
from nea_env.bench.rollout import Rollout
from nea_env.bench.rollout_series import Band, Player, Series, named, series
from nea_env.envs.lettering import one_line, write
from nea_env.envs.rendering.text import TONNES, scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL, _GAP, _LETTER = 18.0, 5.5, 1.6  # mm: height of a panel, between two of them, and width of a digit
_WITHIN = 10.0  # penalties up to so many times the highest price are drawn: farther ones would flatten the rest


def plot(
    rollouts: Rollout | Sequence[Rollout] | Mapping[str, Rollout],
    *,
    path: str | Path | None = None,
    width_mm: float = 85,
) -> Figure:
    """Draw rollouts over each other: price, bank, emissions and allocation, trades, and cost.

    Several episodes are drawn as their mean; prices, and the bank and cost of a single rollout, with the middle 90 %.

    Args:
        rollouts: one, several, or a mapping from the names in the key; at most six.
        path: also write it there, as its ending says: .pdf and .svg with text that stays text, or .png at 300 dpi.
        width_mm: 85 for a column, 174 for a page; from 120 on the panels stand in two columns.

    Returns:
        The figure; ``figure.axes`` are the five panels, in this order.

    Raises:
        ValueError: nothing to draw, too much, several currencies, a width below 60 mm, or another ending.
        ModuleNotFoundError: matplotlib is not installed.
    """
    check(path, width_mm)
    by_name = named(rollouts)
    if len(by_name) > len(COLOURS):
        raise ValueError(f"{len(by_name)} rollouts: a figure shows at most {len(COLOURS)}")
    with in_style(width_mm, "plot()"):
        figure = _figure(by_name, series(by_name), width_mm)
        if path is not None:
            save(figure, Path(path))
    return figure


def _figure(by_name: Mapping[str, Rollout], drawn: Series, width_mm: float) -> Figure:
    from matplotlib.figure import Figure

    key, wide = _key(drawn), width_mm >= WIDE
    columns, rows = (2, 3) if wide else (1, 5)
    lines = 0 if wide else -(-len(key) // 2)  # of the key; on a page it stands beside the panels
    upright = _upright(drawn, (width_mm - 20.0 * columns) / columns)
    top = 8.0 + (4.2 + _LETTER * _longest(drawn) if upright else 7.2)
    height = top + rows * _PANEL + (rows - 1) * _GAP + 5.5 + 3.25 * lines + (2.0 if lines else 0.0)
    figure = Figure(figsize=(width_mm * MM, height * MM))
    currency = next(iter(by_name.values())).scenario.market.currency
    places = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)] if wide else [(row, 0) for row in range(5)]
    for place, draw in zip(places, (_prices, _bank, _tonnes, _trades, _cost), strict=True):
        axis = figure.add_axes((0.1, 0.1, 0.8, 0.8), label=str(place))
        draw(axis, drawn, currency)
        _dress(axis, drawn, labelled=place in ((4, 0), (2, 0) if wide else (4, 0), (1, 1)))
        if place[0] == 0:
            _vintages(axis, drawn, upright)
    left = max(label.get_window_extent().width for axis in figure.axes for label in axis.get_yticklabels())
    left = left / figure.dpi / MM + 3.0
    right = 3.5 if upright else 1.5 + 0.5 * _LETTER * _longest(drawn)  # half of the last one's name
    across = (width_mm - columns * (left + right)) / columns
    for axis, (row, column) in zip(figure.axes, places, strict=True):
        x, y = left + column * (left + across + right), height - top - row * (_PANEL + _GAP) - _PANEL
        axis.set_position((x / width_mm, y / height, across / width_mm, _PANEL / height))
    corner = ((left + across + right + 2.0) / width_mm, 0.0) if wide else (0.01, 0.0)
    legend = figure.legend(
        handles=key, loc="lower left", bbox_to_anchor=corner, ncols=2, frameon=False, handlelength=2.4,
        columnspacing=1.0, labelspacing=0.35, borderaxespad=0.2, borderpad=0.2,
    )  # fmt: skip
    for entry in legend.get_texts():
        write(entry, entry.get_text(), room=0.42 / columns)
    write(figure.suptitle("", x=0.01, y=1.0 - 1.0 / height, ha="left", va="top"), *_title(by_name), room=0.98)
    return figure


def _title(by_name: Mapping[str, Rollout]) -> list[str]:
    """The scenarios, each with its changes, and which episodes are drawn."""
    played = [" ".join((one_line(one.scenario.title), *one.overrides)) for one in by_name.values()]
    one = next(iter(by_name.values()))
    first = min(one.seeds)
    how = f"seed {first:,}" if one.is_single else f"mean of {len(one.seeds):,} episodes, seeds from {first:,}"
    return ["; ".join(dict.fromkeys(played)), f"one episode, {how}" if one.is_single else how]


def _styles(drawn: Series) -> list[tuple[str, Player, dict[str, Any]]]:
    looks = zip(COLOURS, DASHES, strict=True)
    return [(n, p, {"color": c, "ls": d}) for (n, p), (c, d) in zip(drawn.players.items(), looks, strict=False)]


def _key(drawn: Series) -> list[Any]:
    """What the figure shows, in the order of its panels; nothing that it does not."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    players = list(drawn.players.values())
    entries: list[Any] = [Line2D([], [], label=name, **look) for name, _, look in _styles(drawn)]
    if drawn.shares_price:
        entries.append(Line2D([], [], color=BLACK, label=_price_name(players[0])))
        if _parts(players[0]):
            entries.append(Line2D([], [], color=GREY, ls=":", label="front price"))
    if any(np.isfinite(_penalty(player)).any() for player in players):
        entries.append(Line2D([], [], color=BLACK, lw=2.2, alpha=0.35, label="penalty per tonne"))
    if drawn.shares_allocation:
        entries.append(Line2D([], [], color=BLACK, label="free allocation"))
    else:
        entries.append(Line2D([], [], color=GREY, ls=":", label="free allocation"))
    dot: dict[str, Any] = {"color": GREY, "ls": "", "ms": 3.2}
    if any(tonnes > 0.0 for player in players for tonnes in player.carried.values()):
        entries.append(Line2D([], [], marker="D", label="carried over at a deadline", **dot))
    if any(abs(player.closing_pct) > 0.005 for player in players):
        entries.append(Line2D([], [], marker="o", mfc="white", label="cost before closing value", **dot))
    entries.append(Line2D([], [], marker="o", label="cost of the episode", **dot))
    if players[0].long_price.high.max() > players[0].long_price.mean.max() * 1.001:
        entries.append(Patch(color=BLACK, alpha=0.15, lw=0.0, label="middle 90 % of episodes"))
    entries.append(Line2D([], [], color=GREY, lw=0.5, ls=":", label="deadline of a vintage"))
    if drawn.run_off[1] > drawn.run_off[0]:
        entries.append(Patch(color=YELLOW, alpha=0.3, lw=0.0, label="run-off: no production"))
    return entries


def _price_name(player: Player) -> str:
    return "long price" if _parts(player) else "price"


def _parts(player: Player) -> bool:
    """Whether the front price ever differs from the long price by so much that it shows."""
    apart = np.abs(player.front_price.mean - player.long_price.mean)
    return bool(np.any(apart > 0.02 * player.long_price.mean))


def _penalty(player: Player) -> Any:
    """The penalty price where it is known and near enough to be drawn."""
    top = player.long_price.high.max()
    return np.where(player.penalty <= _WITHIN * top, player.penalty, np.nan)


def _shade(axis: Axes, x: Any, band: Band, colour: str | None) -> None:
    if colour is not None and np.any(band.high > band.low):
        axis.fill_between(x, band.low, band.high, color=colour, alpha=0.15, lw=0.0)


def _prices(axis: Axes, drawn: Series, currency: str) -> None:
    styles = _styles(drawn)
    shown = styles[:1] if drawn.shares_price else styles
    values = []
    for _, player, look in shown:
        own = {"color": BLACK, "ls": "-"} if drawn.shares_price else look
        _shade(axis, player.months, player.long_price, own["color"])
        axis.plot(player.months, player.long_price.mean, **own)
        if _parts(player):
            axis.plot(player.months, player.front_price.mean, color=GREY if drawn.shares_price else own["color"],
                      ls=":", lw=0.9)  # fmt: skip
        penalty = _penalty(player)
        axis.plot(player.months, penalty, color=BLACK, lw=2.2, alpha=0.35, solid_capstyle="butt")
        values += [player.long_price.low, player.long_price.high, player.front_price.mean, penalty]
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    if 0.0 < every.min() and every.max() > 4.0 * every.min():
        _log(axis, float(every.min()), float(every.max()))
    else:
        axis.set_ylim(0.0, 1.08 * float(every.max()))
        plain(axis.yaxis)
    _head(axis, f"Price ({currency}/t)")


def _log(axis: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_yscale("log")
    axis.set_ylim(low / 1.15, high * 1.15)
    decades = np.log10(high / low)
    axis.yaxis.set_major_locator(
        LogLocator(
            subs=(1.0, 2.0, 3.0, 5.0) if decades < 1.0 else (1.0, 2.0, 5.0) if decades < 1.6 else (1.0, 3.0),
            numticks=12,
        )
    )
    axis.yaxis.set_minor_formatter(NullFormatter())
    plain(axis.yaxis, count=None)


def _bank(axis: Axes, drawn: Series, currency: str) -> None:
    divisor, unit = _scale(drawn, lambda p: [p.bank.low, p.bank.high, np.array(list(p.carried.values()))])
    for _, player, look in _styles(drawn):
        ends = player.months + 1.0 / 12.0
        scaled_band = Band(*(v / divisor for v in (player.bank.low, player.bank.mean, player.bank.high)))
        _shade(axis, ends, scaled_band, look["color"] if len(drawn.players) == 1 else None)
        axis.plot(ends, scaled_band.mean, **look)
        kept = [(ends[month], tonnes / divisor) for month, tonnes in player.carried.items() if tonnes > 0.0]
        axis.plot(*(zip(*kept, strict=True) if kept else ((), ())), color=look["color"], ls="", marker="D", ms=3.0,
                  clip_on=False, zorder=5)  # fmt: skip
    axis.axhline(0.0, color=BLACK, lw=0.4)
    plain(axis.yaxis)
    _head(axis, f"Bank: units beyond the duty to date ({unit})")


def _tonnes(axis: Axes, drawn: Series, currency: str) -> None:
    divisor, unit = _scale(drawn, lambda p: [p.emitted, p.allocated])
    for index, (_, player, look) in enumerate(_styles(drawn)):
        edges = np.append(player.years, player.years[-1] + 1.0)
        own = {"color": BLACK, "ls": "-"} if drawn.shares_allocation else {"color": look["color"], "ls": ":"}
        if index == 0 or not drawn.shares_allocation:
            axis.stairs(player.allocated / divisor, edges, baseline=None, **own)
        axis.stairs(player.emitted / divisor, edges, baseline=None, lw=1.1, **look)
    axis.margins(y=0.12)
    plain(axis.yaxis)
    _head(axis, f"Emissions and free allocation by year ({unit})")


def _trades(axis: Axes, drawn: Series, currency: str) -> None:
    divisor, unit = _scale(drawn, lambda p: list(p.trades.values()) or [np.zeros(1)])
    for _, player, look in _styles(drawn):
        total = sum(player.trades.values(), np.zeros(len(player.months)))
        edges = np.append(player.months, player.months[-1] + 1.0 / 12.0)
        if len(drawn.players) == 1:
            axis.stairs(total / divisor, edges, fill=True, color=look["color"], lw=0.0)
        else:
            axis.stairs(total / divisor, edges, baseline=None, lw=0.8, **look)
    axis.axhline(0.0, color=BLACK, lw=0.4)
    plain(axis.yaxis)
    kinds = [
        kind for kind in ("offset credits", "foreign units") if any(kind in p.trades for p in drawn.players.values())
    ]
    _head(
        axis, f"Bought (+) and sold (\N{MINUS SIGN}) by month{', with ' if kinds else ''}{' and '.join(kinds)} ({unit})"
    )


def _cost(axis: Axes, drawn: Series, currency: str) -> None:
    for _, player, look in _styles(drawn):
        ends = player.months + 1.0 / 12.0
        _shade(axis, ends, player.cost, look["color"] if len(drawn.players) == 1 else None)
        path = player.cost.mean.copy()
        whole = path[-1]
        path[-1] = whole + player.closing_pct  # the last month without what is left
        axis.plot(ends, path, **look)
        dot = {"color": look["color"], "marker": "o", "ms": 3.2, "clip_on": False, "zorder": 5}
        if abs(player.closing_pct) > 0.005:
            axis.plot([ends[-1]] * 2, [path[-1], whole], color=look["color"], lw=0.6, zorder=4)
            axis.plot(ends[-1:], path[-1:], **dot, mfc="white")
        axis.plot(ends[-1:], [whole], **dot)
    axis.axhline(0.0, color=BLACK, lw=0.4)
    plain(axis.yaxis)
    _head(axis, "Discounted cost so far (% of exposure)")


def _scale(drawn: Series, values: Any) -> tuple[float, str]:
    largest = max(float(np.abs(one).max(initial=0.0)) for p in drawn.players.values() for one in values(p))
    return scaled(largest, TONNES)


def _head(axis: Axes, text: str) -> None:
    write(axis.set_title("", loc="left", pad=2.5), text)


def _dress(axis: Axes, drawn: Series, *, labelled: bool) -> None:
    """Years, deadlines and run-off behind a panel."""
    from matplotlib.ticker import MaxNLocator

    start = min(float(player.months[0]) for player in drawn.players.values())
    end = max(float(player.months[-1]) for player in drawn.players.values()) + 1.0 / 12.0
    axis.set_xlim(start, end + 0.01 * (end - start))
    for when, _ in drawn.deadlines:
        axis.axvline(when, color=GREY, lw=0.5, ls=":", zorder=0)
    if drawn.run_off[1] > drawn.run_off[0]:
        axis.axvspan(*drawn.run_off, color=YELLOW, alpha=0.3, lw=0.0, zorder=0)
    axis.spines[["top", "right"]].set_visible(False)
    axis.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
    axis.tick_params(labelbottom=labelled)


def _longest(drawn: Series) -> int:
    return max(len(name) for _, name in drawn.deadlines)


def _upright(drawn: Series, across: float) -> bool:
    """Whether vintages' names side by side would run into each other on a panel ``across`` mm wide."""
    places = np.array([when for when, _ in drawn.deadlines])
    start = min(float(player.months[0]) for player in drawn.players.values())
    end = max(float(player.months[-1]) for player in drawn.players.values())
    nearest = np.diff(places).min(initial=np.inf) / (end - start) * across
    return bool(nearest < _LETTER * _longest(drawn) + 1.0)


def _vintages(axis: Axes, drawn: Series, upright: bool) -> None:
    """The vintage due at each deadline, above the panel, and the panel's heading above them."""
    for when, name in drawn.deadlines:
        write(
            axis.text(when, 1.04, "", transform=axis.get_xaxis_transform(), ha="center", va="bottom", color=GREY,
                      rotation=90 if upright else 0, clip_on=False),
            name,
        )  # fmt: skip
    above = 1.8 + (_LETTER * _longest(drawn) if upright else 2.6)  # mm
    axis.set_title(axis.get_title(loc="left"), loc="left", pad=above * MM * 72.0)
