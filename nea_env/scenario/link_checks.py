"""What a link must agree with at home: money, dates, vintage gaps and the processes of both prices."""

from __future__ import annotations

from collections.abc import Sequence

from nea_env.scenario.links import CURRENCIES, Link
from nea_env.scenario.market import Market
from nea_env.scenario.regime import Regime

PARTNER_PROCESSES = ("gbm", "collared")

ONE_PRICE = ("full", "exchange_rate", "discount")
"""Types of link that make one market of two."""

TIED_PROCESSES = ("lattice", "collared", "equilibrium", "replay")
"""Processes of the home price that cannot jump to a common price."""


def check_links(links: Sequence[Link], home: Market, regime: Regime, start: str, end: str) -> None:
    """Check the links of a scenario against its own market and law.

    Args:
        links: at most two.
        home: the scenario's market.
        regime: the scenario's law.
        start: first month played.
        end: last month played.

    Raises:
        ValueError: names the key, its value and what is allowed.
    """
    for index, link in enumerate(links):
        where = f"links.{index}"
        if link.name in [other.name for other in links[:index]]:
            raise ValueError(f"{where}.name: {link.name} is listed twice; allowed: one link with each name")
        if link.market.ranges:
            raise ValueError(f"{where}.market.ranges: a partner's market is the same in all episodes; allowed: none")
        _check_money(where, link, home)
        _check_dates(where, link, start, end)
        _check_prices(where, link, home, index == 1 and links[0].type in ONE_PRICE)
        _check_carry(where, link, home, regime, start, end)
    if links and home.frictions.permanent_impact > 0.0:
        raise ValueError("market.frictions.permanent_impact: a linked market is too large to be moved; allowed: 0")
    _check_pool(links, home, start)
    _check_correlations(links)
    free = [year for year, gap in sorted(home.gap.items()) if gap.down > 0.0 and _carries_all(regime, year)]
    if links and free:
        raise ValueError(
            f"market.gap: {', '.join(free)}: unlimited banking leaves the front no gap; allowed: vintages whose"
            " banking is limited"
        )


def _carries_all(regime: Regime, year: str) -> bool:
    return regime.banking[year].limit == "unlimited"


def _check_money(where: str, link: Link, home: Market) -> None:
    money = link.market.currency
    known = sorted({*CURRENCIES, home.currency})
    if money not in known:
        raise ValueError(f"{where}.market.currency: {money} is not known; allowed: {', '.join(known)}")
    if money != home.currency and link.fx is None:
        raise ValueError(
            f"{where}.fx: missing: {link.name} is priced in {money}, home in {home.currency}; allowed: the rate of"
            f" {money}"
        )
    if money == home.currency and link.fx is not None:
        raise ValueError(f"{where}.fx: home and partner both use {money}; allowed: none")


def _check_dates(where: str, link: Link, start: str, end: str) -> None:
    if link.starts is not None and link.starts > end:
        raise ValueError(f"{where}.starts: {link.starts} lies after the last month played; allowed: up to {end}")
    if link.ends is not None and link.ends <= start:
        raise ValueError(f"{where}.ends: {link.ends} does not lie after the first month played, {start}")
    opens = link.regime.market_opens if link.regime is not None else None
    if link.type != "none" and link.regime is not None:
        if opens is None:
            raise ValueError(f"{where}.regime: units of {link.regime.name} are not tradable; allowed: type none")
        if max(link.starts or start, start) < opens:
            raise ValueError(
                f"{where}.starts: {link.starts or start} lies before the partner's market opens; allowed: from {opens}"
            )


def _check_prices(where: str, link: Link, home: Market, beside_full: bool) -> None:
    if link.market.law == "replay":
        raise ValueError(
            f"{where}.market.law: replay: only the home market's prices can be replayed, not a partner's; allowed:"
            f" {', '.join(PARTNER_PROCESSES)}"
        )
    if link.market.law not in PARTNER_PROCESSES:
        raise ValueError(
            f"{where}.market.law: {link.market.law}: a partner's own price is lognormal, or between bounds; allowed:"
            f" {', '.join(PARTNER_PROCESSES)}"
        )
    if link.weight > 0.0 and home.law in TIED_PROCESSES:
        raise ValueError(f"{where}.weight: a {home.law} price cannot jump to a common price; allowed: 0")
    if home.law == "replay" and link.correlation != 0.0:
        raise ValueError(
            f"{where}.correlation: {link.correlation:g}: a price on record follows no news (law=replay); allowed: 0"
        )
    if home.law != "equilibrium":
        return
    known = link.type != "none" and link.regime is not None and link.market.aggregate is not None
    joint = known and where == "links.0"
    if link.correlation != 0.0 and not joint:
        raise ValueError(
            f"{where}.correlation: {link.correlation:g}: under market.law=equilibrium only the price of a first"
            " partner that is solved too can move with the home price; allowed: 0"
        )
    if (joint or (known and beside_full)) and link.fx is None and link.market.discount_rate != home.discount_rate:
        raise ValueError(
            f"{where}.market.discount_rate: {link.market.discount_rate:g}: in an equilibrium of both systems one"
            f" currency has one rate; allowed: {home.discount_rate:g}"
        )
    if link.type == "none" or link.free_price:
        return
    for part, missing in (("regime", link.regime is None), ("market.aggregate", link.market.aggregate is None)):
        if missing:
            raise ValueError(
                f"{where}.{part}: missing: under market.law=equilibrium a link of type {link.type} needs the partner's"
            )
    if where != "links.0" and not (beside_full and link.type in ONE_PRICE):
        more = ", full, exchange_rate, discount" if beside_full else ""
        raise ValueError(
            f"{where}.type: {link.type}: the equilibrium is that of home and the first partner, or of three systems in"
            " a pool of full links, since quotas between three would take a bank for each; allowed: none, one_way with"
            f" a quota{more}"
        )


def _check_pool(links: Sequence[Link], home: Market, start: str) -> None:
    """Three systems in one pool: two full links, from the first month on and for good."""
    if home.law != "equilibrium" or len(links) < 2 or not all(link.type in ONE_PRICE for link in links):
        return
    for index, link in enumerate(links):
        if link.starts is not None and link.starts > start:
            raise ValueError(
                f"links.{index}.starts: {link.starts}: three systems in a pool are linked from the first month on;"
                f" allowed: none, or up to {start}"
            )
        for name in ("start_chance", "ends", "end_chance"):
            if getattr(link, name) is not None:
                raise ValueError(
                    f"links.{index}.{name}: {getattr(link, name)}: three systems in a pool are linked for good;"
                    " allowed: none"
                )
    if links[1].correlation_with_first != 0.0:
        raise ValueError(
            f"links.1.correlation_with_first: {links[1].correlation_with_first:g}: news of a second partner in a pool"
            " is its own; allowed: 0"
        )


def _check_carry(where: str, link: Link, home: Market, regime: Regime, start: str, end: str) -> None:
    """No discount of the front where all may carry foreign units, no premium where all may use them in its place."""
    swaps = link.quota is None
    if link.type == "none" or not (link.bankable or swaps):
        return
    first, last = link.starts or start, end if link.ends is None or link.end_chance else min(link.ends, end)
    hit = [
        year
        for year, gap in sorted(home.gap.items())
        if gap.down > 0.0 and year >= start[:4] and first <= regime.calendar[year].deadline and f"{year}-01" <= last
    ]
    if hit:
        raise ValueError(
            f"{where}.{'type' if swaps else 'bankable'}: foreign units {'used' if swaps else 'carried'}"
            f" without limit leave the front no gap, but market.gap has one for {', '.join(hit)};"
            f" allowed: {'a type with a quota' if swaps else 'false'}"
        )


def _check_correlations(links: Sequence[Link]) -> None:
    """Shocks of three prices exist only if their correlations are consistent with one another."""
    if len(links) < 2:
        return
    first, second = (link.correlation for link in links)
    between = links[1].correlation_with_first
    if 1.0 + 2.0 * first * second * between <= first**2 + second**2 + between**2:
        raise ValueError(
            f"links.1.correlation_with_first: {between:g} is impossible with correlations of {first:g} and"
            f" {second:g} with the home price"
        )
