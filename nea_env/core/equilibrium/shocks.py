"""Monthly news of a market's emissions, as a finite Markov chain."""

from __future__ import annotations

import numpy as np

from nea_env.core.equilibrium.problem import Array


def shock_chain(persistence: float, volatility: float, states: int) -> tuple[Array, Array]:
    """A finite chain for an AR(1) of log emissions whose mean effect on emissions is one.

    Rouwenhorst's chain has the autocorrelation and the variance of the AR(1) exactly. Without persistence the
    nodes and chances are those of Gauss-Hermite quadrature, which are right in more moments.

    Args:
        persistence: of the log shock from month to month, in [0, 1).
        volatility: standard deviation of one month's news.
        states: number of nodes, Z.

    Returns:
        (Z,) log shocks, increasing, and (Z, Z) transition chances.

    Raises:
        ValueError: an argument is out of range.
    """
    if not (0.0 <= persistence < 1.0 and volatility >= 0.0 and states >= 1):
        raise ValueError(f"shock chain: persistence {persistence}, volatility {volatility}, states {states}")
    if states == 1 or volatility == 0.0:
        return np.zeros(states), np.full((states, states), 1.0 / states)
    if persistence == 0.0:
        nodes, weights = np.polynomial.hermite_e.hermegauss(states)
        stationary = weights / weights.sum()
        chances = np.tile(stationary, (states, 1))
        shocks = volatility * nodes
    else:
        stays = (1.0 + persistence) / 2.0
        chances = np.array([[stays, 1.0 - stays], [1.0 - stays, stays]])
        stationary = np.array([0.5, 0.5])
        for size in range(3, states + 1):
            wider = np.zeros((size, size))
            wider[:-1, :-1] += stays * chances
            wider[:-1, 1:] += (1.0 - stays) * chances
            wider[1:, :-1] += (1.0 - stays) * chances
            wider[1:, 1:] += stays * chances
            wider[1:-1] /= 2.0
            chances = wider
            stationary = np.convolve(stationary, [0.5, 0.5])
        spread = volatility * np.sqrt((states - 1.0) / (1.0 - persistence**2))
        shocks = np.linspace(-spread, spread, states)
    return shocks - np.log(stationary @ np.exp(shocks)), chances
