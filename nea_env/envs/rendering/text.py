"""A frame as six lines of text, and numbers short enough to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nea_env.envs.lettering import one_line
from nea_env.envs.rendering.history import cost_so_far, date

if TYPE_CHECKING:
    from nea_env.envs.rendering.history import Months
    from nea_env.scenario import Scenario

TONNES = ((1e9, "Gt"), (1e6, "Mt"), (1e3, "kt"), (0.0, "t"))
MONEY = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "), (0.0, ""))


def scaled(largest: float, scales: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """A divisor and its name that bring ``largest`` below a thousand."""
    for divisor, name in scales:
        if abs(largest) >= divisor:
            return divisor or 1.0, name
    return 1.0, ""


def _money(value: float) -> str:
    divisor, name = scaled(value, MONEY)
    return f"{value / divisor:,.2f} {name}"


def text(scenario: Scenario, months: Months) -> str:
    """Six lines: where, prices, holdings, duty, the month and its cost."""
    title, currency = one_line(scenario.title), one_line(scenario.market.currency)
    if not months:
        return f"{title}: no episode yet\n"
    now = {name: values[-1] for name, values in months.items()}
    since = "so far" if months["month"][0] == 0 else f"since {date(scenario, months, 0)}"
    strike = f"   penalty {now['strike']:,.0f}" if now["strike"] > 0 else ""
    offset = f"   offset {now['offset_price']:,.0f}" if now["offset_price"] > 0 else ""
    lines = [
        f"{title} | {date(scenario, months)} | {now['month']:.0f} month{'' if now['month'] == 1 else 's'} played",
        f"price   front {now['front_price']:,.0f}   long {now['long_price']:,.0f}{offset}{strike}   {currency}/t",
        f"holds   front {now['held_front']:,.0f}   next {now['held_next']:,.0f}   offsets {now['held_offsets']:,.0f}"
        f"   foreign {now['held_foreign']:,.0f}   t",
        f"owes    accrued {now['held_accrued']:,.0f}   closed {now['held_closed']:,.0f}   owed {now['held_owed']:,.0f}"
        f"   debt {now['held_debt']:,.0f}   t",
        f"month   emitted {now['emitted']:,.0f}   abated {now['abated']:,.0f}   saved {now['saved']:,.0f}"
        f"   bought {now['bought']:,.0f}   sold {now['sold']:,.0f}   surrendered {now['surrendered']:,.0f}   t",
        f"cost    month {_money(now['cost'])}{currency}   {since} {_money(cost_so_far(months)[-1])}{currency}",
    ]
    return "\n".join(lines) + "\n"
