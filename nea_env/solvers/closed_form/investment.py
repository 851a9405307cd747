"""At which price a plant that cannot be undone is built: waiting is an option, which building gives up.

A trigger of geometric Brownian motion, of any one-dimensional diffusion, and what decisions at intervals change in it.
All hold where the time that is left is long beside the pay-back; before a fixed end only a dynamic programme will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import Array, finite, not_negative, positive
from nea_env.solvers.closed_form.normal import chance_below

OVERSHOOT = 0.5825971579390107
"""-zeta(1/2) / sqrt(2 pi): mean overshoot of a random walk over a far barrier, in standard deviations of a step."""


def annuity(rate: ArrayLike, years: ArrayLike) -> Array:
    """Present worth of 1 a year, paid evenly for some years: (1 - exp(-r L)) / r.

    Args:
        rate: by year, net of growth; 0 gives the years.
        years: L; infinity for ever.

    Returns:
        Of the arguments' common shape.

    Raises:
        ValueError: for ever at a rate of 0 or less.

    References:
        Dixit and Pindyck 1994, Investment under Uncertainty.
    """
    net, life = finite("rate", rate), positive("years", years)
    if np.any(np.isinf(life) & (net <= 0.0)):
        raise ValueError(f"rate: {net.flat[0]:g}, allowed: more than 0 where the years never end")
    nought = np.abs(net) * np.where(np.isinf(life), 1.0, life) < 1e-12
    safe = np.where(nought, 1.0, net)
    return np.where(nought, life, -np.expm1(-safe * life) / safe)[()]


def break_even_price(
    outlay: ArrayLike, drift: ArrayLike, rate: ArrayLike, running: ArrayLike = 0.0, life: ArrayLike = np.inf
) -> Array:
    """The price at which a plant is worth what it costs: (I + o x annuity(r)) / annuity(r - drift).

    Args:
        outlay: I, money for each tonne a year.
        drift: growth of the expected price, by year.
        rate: r, of discount, by year.
        running: o, money/t.
        life: years in which it abates.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        Dixit and Pindyck 1994, Investment under Uncertainty.
    """
    whole = not_negative("outlay", outlay) + not_negative("running", running) * annuity(rate, life)
    return whole / annuity(finite("rate", rate) - finite("drift", drift), life)


def growth_exponent(drift: ArrayLike, rate: ArrayLike, volatility: ArrayLike) -> Array:
    """The worth of waiting grows with a power b of the price: s² b (b - 1) / 2 + drift b = r, b > 1.

    Args:
        drift: by year, less than the rate.
        rate: r, by year.
        volatility: s, by the square root of a year.

    Returns:
        Of the arguments' common shape.

    Raises:
        ValueError: the drift is the rate or more, so that waiting never ends.

    References:
        McDonald and Siegel 1986, Quarterly Journal of Economics.
    """
    growth, interest = np.broadcast_arrays(finite("drift", drift), positive("rate", rate))
    if np.any(growth >= interest):
        raise ValueError(f"drift: {growth.flat[0]:g}, allowed: less than the rate, {interest.flat[0]:g}")
    variance = positive("volatility", volatility) ** 2
    part = growth / variance - 0.5
    return -part + np.sqrt(part**2 + 2.0 * interest / variance)


def investment_trigger(
    outlay: ArrayLike, drift: ArrayLike, rate: ArrayLike, volatility: ArrayLike, running: ArrayLike = 0.0,
    life: ArrayLike = np.inf,
) -> Array:  # fmt: skip
    """A plant is built only at b / (b - 1) times its break-even price, the more above it the wilder the price.

    At a martingale price (drift = rate) an option without an end is never used, and this is refused.

    Args:
        outlay: money for each tonne a year.
        drift: by year, less than the rate.
        rate: of discount, by year.
        volatility: by the square root of a year.
        running: money/t.
        life: years in which it abates.

    Returns:
        Money/t, of the arguments' common shape.

    Raises:
        ValueError: the drift is the rate or more.

    References:
        McDonald and Siegel 1986, Quarterly Journal of Economics; Dixit and Pindyck 1994, Investment under Uncertainty.
    """
    power = growth_exponent(drift, rate, volatility)
    return power / (power - 1.0) * break_even_price(outlay, drift, rate, running, life)


def trigger_at_intervals(trigger: ArrayLike, volatility: ArrayLike, interval: ArrayLike) -> Array:
    """Who decides at intervals does so at a lower price: the trigger times exp(-0.5826 s sqrt(interval)).

    The price will have passed the trigger, by that much on average, when it is next looked at. To the first order in
    the root of the interval, and for any diffusion; `investment_trigger_at_intervals` is exact for one.

    Args:
        trigger: of one who always looks, money/t.
        volatility: s, by the square root of a year, of the price at the trigger.
        interval: years between decisions; 0: always.

    Returns:
        Money/t, of the arguments' common shape.

    References:
        Chernoff 1965, Annals of Mathematical Statistics; Broadie, Glasserman and Kou 1997, Mathematical Finance.
    """
    step = not_negative("volatility", volatility) * np.sqrt(not_negative("interval", interval))
    return positive("trigger", trigger) * np.exp(-OVERSHOOT * step)


def investment_trigger_at_intervals(
    outlay: float, drift: float, rate: float, volatility: float, interval: float, running: float = 0.0,
    life: float = np.inf,
) -> float:  # fmt: skip
    """Who decides at intervals builds at the break-even price times the mean of exp(M), exactly.

    M is the highest that the log price, seen at these intervals, climbs above today's before a geometric time that ends
    with a chance of 1 - exp(-r dt) at each. Spitzer's identity has it: the log of the mean is the sum over n of
    exp(-r n dt) / n x E[exp(max(log change in n intervals, 0)) - 1].

    Args:
        outlay: money for each tonne a year.
        drift: by year, less than the rate.
        rate: r, of discount, by year.
        volatility: by the square root of a year.
        interval: dt, years between decisions, 1 / 365 or more.
        running: money/t.
        life: years in which it abates.

    Returns:
        Money/t.

    Raises:
        ValueError: the drift is the rate or more.

    References:
        Darling, Liggett and Taylor 1972, Annals of Mathematical Statistics; Spitzer 1956, Transactions of the American
        Mathematical Society.
    """
    growth_exponent(drift, rate, volatility)  # is there a trigger at all
    if not interval >= 1.0 / 365.0:
        raise ValueError(f"interval: {interval:g}, allowed: 1/365 or more")
    terms = max(int(40.0 / (rate - drift) / interval), 1)
    if terms > 5_000_000:
        raise ValueError(f"drift: {drift:g}, allowed: further below the rate, {rate:g}, at so short an interval")
    number = np.arange(1, terms + 1)
    years, mean = number * interval, drift - volatility**2 / 2.0
    spread = volatility * np.sqrt(years)
    risen = np.exp(drift * years) * chance_below((mean + volatility**2) * years / spread)
    gain = risen + chance_below(-mean * years / spread) - 1.0
    highest = float(np.exp((np.exp(-rate * years) / number * gain).sum()))
    return highest * float(break_even_price(outlay, drift, rate, running, life))


def best_trigger(
    payoff: Callable[[Array], ArrayLike], waiting: Callable[[Array], ArrayLike], low: float, high: float
) -> float:
    """The price at which payoff over growth of waiting is highest: the trigger of any diffusion in one dimension.

    Args:
        payoff: of stopping, by prices (n,).
        waiting: increasing solution of the price's generator, which discounting makes a martingale, by prices (n,).
        low: lowest price that is tried, money/t.
        high: highest, money/t.

    Returns:
        Money/t.

    Raises:
        ValueError: the best price is at an end.

    References:
        Dayanik and Karatzas 2003, Stochastic Processes and their Applications.
    """
    first, last = float(positive("low", low)), float(positive("high", high))
    if not first < last:
        raise ValueError(f"low: {first:g}, allowed: less than high, {last:g}")
    ends = (first, last)
    for _ in range(4):
        tried = np.geomspace(first, last, 401)
        best = int(np.argmax(np.asarray(payoff(tried)) / np.asarray(waiting(tried))))
        if tried[best] in ends:
            raise ValueError(f"low and high: {low:g} and {high:g}, allowed: prices with the best one between them")
        first, last = tried[max(best - 1, 0)], tried[min(best + 1, 400)]
    return float(tried[best])


def waiting_under_geometric_reversion(
    price: ArrayLike, speed: float, level: float, volatility: float, rate: float
) -> Array:
    """Growth of waiting where dP = h (m - P) P dt + s P dz: P^t times Kummer's function of 2 h P / s².

    Args:
        price: money/t (n,).
        speed: h, by year and money/t.
        level: m, money/t.
        volatility: s, by the square root of a year.
        rate: of discount, by year.

    Returns:
        (n,), up to a factor.

    References:
        Metcalf and Hassett 1995, Journal of Economic Dynamics and Control; Dixit and Pindyck 1994, Investment under
        Uncertainty.
    """
    h, m, variance = positive("speed", speed), positive("level", level), positive("volatility", volatility) ** 2
    part = h * m / variance - 0.5
    power = -part + np.sqrt(part**2 + 2.0 * positive("rate", rate) / variance)
    at = positive("price", price)
    return at**power * kummer(float(power), float(2.0 * (power + h * m / variance)), 2.0 * h * at / variance)


def waiting_under_log_reversion(price: ArrayLike, speed: float, level: float, volatility: float, rate: float) -> Array:
    """Growth of waiting where log P returns to log level: integral of u^(r/k - 1) exp(sqrt(2 k) y u / s - u² / 2).

    Here y is log(P / level) and k the speed. A price that never returns is geometric Brownian motion, and refused.

    Args:
        price: money/t (n,).
        speed: k, by year.
        level: median in the long run, money/t.
        volatility: s, by the square root of a year.
        rate: r, of discount, by year.

    Returns:
        (n,), up to a factor.

    References:
        Leung and Li 2015, International Journal of Theoretical and Applied Finance.
    """
    k, s = float(positive("speed", speed)), float(positive("volatility", volatility))
    power = float(positive("rate", rate)) / k
    slope = math.sqrt(2.0 * k) / s * np.log(positive("price", price) / positive("level", level))
    # u = exp(x): from where u is nothing, up to where the square has won
    low, high = -30.0, math.log(max(float(np.max(slope)), 0.0) + 12.0)
    edges = np.linspace(low, high, 101)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = (edges[1] - edges[0]) / 2.0
    x = (edges[:-1, None] + half * (1.0 + nodes)).ravel()
    u = np.exp(x)
    inner = np.exp(power * x + np.multiply.outer(slope, u) - u**2 / 2.0) @ (half * np.tile(weights, 100))
    return inner + math.exp(power * low) / power


def kummer(a: float, b: float, x: ArrayLike) -> Array:
    """The confluent hypergeometric function 1F1(a; b; x) of positive numbers, by its series.

    Args:
        a: more than 0.
        b: more than 0.
        x: 0 to 500.

    Returns:
        Of the shape of ``x``.

    References:
        Abramowitz and Stegun 1964, Handbook of Mathematical Functions, 13.1.2.
    """
    first, second, at = float(positive("a", a)), float(positive("b", b)), not_negative("x", x)
    if not np.all(at <= 500.0):
        raise ValueError(f"x: {np.max(at):g}, allowed: 0 to 500")
    term = np.ones_like(at)
    total, n = term.copy(), 0
    while np.any(term > 1e-17 * total):
        term = term * (first + n) / (second + n) * at / (n + 1)
        total = total + term
        n += 1
    return total[()]
