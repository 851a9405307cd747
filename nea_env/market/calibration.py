"""The page on calibration: the parameters of each market's price processes, and the moments of their samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from nea_env.core.lowering.process_parameters import process_parameters
from nea_env.library.catalogue import document, names, provenance, validated
from nea_env.library.pages import is_current
from nea_env.library.reader import Provenance
from nea_env.market.moments import MONTHS, YEARS, Moment, moments, offset_moments
from nea_env.scenario.market import Market, PriceProcess

SAMPLED_PROCESSES: tuple[PriceProcess, ...] = ("gbm", "lattice", "jumps", "two_regimes", "bootstrap", "log_ou")
SEED = 20170901
BOUND = 2.0  # standard errors beyond which a figure is marked
ASSUMED = "\\*"  # after a figure, in Markdown
MOMENT_NAMES = ("sd", "gain", "kurtosis", "jumps", "wild")
HEAD = """\
# Calibration of the price processes

<!-- Written by `python -m nea_env.market calibration`: change the YAML, then run it again. -->

The parameters of each market's price processes. The figures are in `nea_env/library/markets/`, each with its
source; `*` marks what is assumed. The yearly volatility is the same under every process: jumps and wild months
account for their share of it, and the shocks of the bootstrap (their number is given here) are scaled to it.
Where it is set below what was measured (see the note in the file), jumps and wild months shrink with it.

"""
MOMENTS = """\
## Moments: target, then sample ± standard error

From {years} years of {months} months per row, drawn with the processes' own kernels and seed {seed}.
`!` marks a sample more than {bound} standard errors from its target: {beyond} of {every}, where one in twenty is
expected; the largest distance is {worst}.

- **sd** of a year's change of the log price; under `log_ou` the price is pulled back, so it is below the volatility
- **gain**: mean of the discounted price after a year over its start, less 1: zero for a martingale (not `log_ou`)
- **kurtosis** of a month's change, less the normal's 3
- **jumps** a year
- **wild**: share of months in the wild regime

"""
OFFSETS = """\
## Offset credits

The ratio of the credit's price to the long price: its log is pulled towards that of the level, with the sd of the long
run and a half-life in years. Then three moments of the log ratio, given and counted as above, after a year from a
ratio of the long run: its mean and sd, and **kept**, its correlation with that of the year before.

"""


def write(path: Path | str, check: bool = False) -> bool:
    """Write the page; with ``check`` only compare it. True if the file now holds the page."""
    return is_current(path, page(), check=check)


def load_market(name: str) -> Market:
    """A market of the library by its name."""
    return validated(Market, document("market", name))


def calibrated() -> tuple[str, ...]:
    """Names of the markets whose volatility is a parameter: neither the result of a collar nor zero."""
    return tuple(name for name in names("market") if (m := load_market(name)).volatility > 0.0 and m.collar is None)


def under(name: str, process: PriceProcess) -> Market:
    """The market under another price process."""
    return Market.model_validate(load_market(name).model_dump() | {"law": process})


def with_credits() -> tuple[str, ...]:
    """Names of the markets that sell offset credits."""
    return tuple(name for name in names("market") if load_market(name).offset is not None)


@lru_cache
def offset_table() -> dict[str, list[Moment]]:
    """Moments of each market's log of the offset over the long price, from draws of its own."""
    sold = ((name, load_market(name).offset) for name in with_credits())
    return {
        name: offset_moments(series, [SEED, *name.encode(), *series.type.encode()]) for name, series in sold if series
    }


@lru_cache
def table() -> dict[tuple[str, PriceProcess], list[Moment]]:
    """Moments by market and price process, each pair from draws of its own."""
    return {
        (name, process): moments(under(name, process), [SEED, *name.encode(), *process.encode()])
        for name in calibrated()
        for process in SAMPLED_PROCESSES
    }


def page() -> str:
    """The page as Markdown."""
    moments_by_pair = table()
    every = [moment for row in (*moments_by_pair.values(), *offset_table().values()) for moment in row]
    beyond = [moment for moment in every if moment.misses > BOUND]
    worst = max(moment.misses for moment in every)
    lines = [
        *HEAD.splitlines(),
        *_parameters(),
        "",
        *MOMENTS.format(
            years=f"{YEARS:,}", months=MONTHS, seed=SEED, bound=f"{BOUND:g}", beyond=len(beyond), every=len(every),
            worst=f"{worst:.1f}",
        ).splitlines(),
        "| Market | Process | " + " | ".join(MOMENT_NAMES) + " |",
        "|---" * (2 + len(MOMENT_NAMES)) + "|",
    ]  # fmt: skip
    for (name, process), row in moments_by_pair.items():
        cells = {moment.name: _cell(moment) for moment in row}
        lines.append(f"| {name} | {process} | " + " | ".join(cells.get(column, "") for column in MOMENT_NAMES) + " |")
    left_out = [name for name in names("market") if name not in calibrated()]
    lines += [
        "",
        f"Left out: {', '.join(left_out)}, whose price has no volatility of its own (a collar, or no trade).",
        "",
        *OFFSETS.splitlines(),
        *_offsets(),
        "",
    ]
    return "\n".join(lines)


def _offsets() -> list[str]:
    heads = (
        "Market",
        "credit",
        "start",
        "level",
        "sd",
        "half-life",
        "90 % of the time",
        "above 1",
        "mean",
        "sd",
        "kept",
    )
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, row in offset_table().items():
        sources, series = provenance("market", name), load_market(name).offset
        assert series is not None
        band = " to ".join(f"{series.median * math.exp(sign * 1.645 * series.sd):.2f}" for sign in (-1, 1))
        above = 0.5 * math.erfc(-math.log(series.median) / series.sd / math.sqrt(2.0))
        numbers = (
            f"{value:g}" + ASSUMED * _is_assumed(sources, f"offset.{key}")
            for key, value in (
                ("ratio", series.ratio), ("level", series.median), ("sd", series.sd), ("half_life", series.half_life),
            )
        )  # fmt: skip
        cells = (name, series.type, *numbers, band, f"{100 * above:.0f} %", *map(_cell, row))
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _is_assumed(sources: Mapping[str, Provenance], path: str) -> bool:
    return any(origin.status == "assumed" for key, origin in sources.items() if f"{key}.".startswith(f"{path}."))


def _cell(moment: Moment) -> str:
    digits = 2 if moment.name in ("kurtosis", "jumps") else 3
    mark = " !" if moment.misses > BOUND else ""
    target, sample = (f"{round(value, digits) + 0.0:.{digits}f}" for value in (moment.target, moment.sample))  # no -0
    return f"{target}, {sample} ± {moment.error:.{digits + 1}f}{mark}"


def _parameters() -> list[str]:
    heads = (
        "Market", "volatility", "jumps a year", "share of variance", "wild over calm", "begins", "ends", "wild months",
        "reversion a year", "level", "shocks",
    )  # fmt: skip
    paths = (
        "volatility", "jumps.rate", "jumps.share", "turbulence.ratio", "turbulence.begins", "turbulence.ends", "",
        "reversion.rate", "reversion.level", "bootstrap.changes",
    )  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in calibrated():
        sources, market = provenance("market", name), load_market(name)
        cells = [name]
        for path in paths:
            if not path:
                cells.append(f"{process_parameters(under(name, 'two_regimes'))['wild_share']:.2f}")
                continue
            value: Any = market
            for key in path.split("."):
                value = getattr(value, key)
            text = f"{len(value)}" if isinstance(value, tuple) else f"{value:g}"
            cells.append(text + ASSUMED * _is_assumed(sources, path))
        lines.append("| " + " | ".join(cells) + " |")
    return lines
