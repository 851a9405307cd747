"""Closed forms of emissions trading: formulas of the literature as functions, one file a theme.

- `abatement`: what a price taker abates, and what moves its target away from the price.
- `output`: what it makes under a fixed and under an output-based allocation.
- `banking`: when units are kept, sold and borrowed.
- `uncertainty`: what random prices cost and bring.
- `penalty`: fines as a ceiling, an option and a choice.
- `execution`: how a deficit is bought where trades move the price.
- `prices`: the price of a whole market with banks, fines and a supply that answers.
- `links`: prices, trade and gains of linked markets, and the choice of the cheaper unit.
- `investment`: at which price a plant that cannot be undone is built.
- `market_power`: a seller who knows that it moves the price.

Arguments are numbers or arrays, which broadcast where nothing else is said. Rates are by year and continuous, money is
of one kind. What can't be is refused with a ValueError that names the argument.
"""

from nea_env.solvers.closed_form import (
    abatement,
    banking,
    execution,
    investment,
    links,
    market_power,
    output,
    penalty,
    prices,
    uncertainty,
)

__all__ = [
    "abatement",
    "banking",
    "execution",
    "investment",
    "links",
    "market_power",
    "output",
    "penalty",
    "prices",
    "uncertainty",
]
