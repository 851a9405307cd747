"""The rule of thresholds, corrected near its thresholds by what regressions say that acting is worth.

For each lever a sum of weighted features estimates what using it now adds to the cost of the rest of the episode, in %
of exposure, marked to market. A feature is a product of factors, written ``"potential*next_0*progress"``; a factor is a
column of the observation or one of ``_derived``. ``fitted_search`` finds the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np

from nea_env.core.layout import OBS_INDEX, TECHS, Action
from nea_env.library.errors import did_you_mean, shown
from nea_env.policies.rules import FULL, Rule, column, unsquashed
from nea_env.policies.threshold_rule import DEFAULT, ThresholdRule, Thresholds

Weights = Mapping[str, Mapping[str, float]]
"""By lever, then by feature; features left out have none."""

INVEST, CREDITS, KEEP, LEND = LEVERS = ("invest", "offset", "keep", "lend")
"""Building, buying credits; keeping what may be carried over, and leaving what may be borrowed, until the deadline."""
BAND = {INVEST: 0.25, CREDITS: 0.2}
"""How far from its threshold a lever is looked at: in shares of capex, and in logs of the price."""

_TECHNOLOGIES = tuple(f"next_{k}" for k in range(TECHS))
_BOOKS = (
    "one", "gap", "surplus", "carry_right", "borrow_right", "target_trade", "even_trade", "net_sales", "volume_limit",
    "front",
)  # fmt: skip
_TRADE = (
    *_BOOKS, *(f"{name}*dear" for name in _BOOKS), *(f"{name}*cheap" for name in _BOOKS),
    *(f"{name}*years" for name in _BOOKS), *(f"{name}*front_gap*years" for name in _BOOKS),
    "progress", "progress*progress", "log_price", "strike", "front_gap*progress",
)  # fmt: skip
_INVEST = (
    *(f"{k}{more}" for more in ("", "*progress", "*progress*progress", "*excess", "*excess*progress", "*in_place")
      for k in _TECHNOLOGIES),
    "excess*excess", "log_price", "log_price*progress", "to_deadline", "front_gap", "gap", "season_sin", "season_cos",
    "log_output", "next_0*invest_value_1", "next_0*invest_value_2", "next_1*invest_value_2",
)  # fmt: skip
_CREDITS = (
    "one", "progress", "progress*progress", "years", "years*years", "discount", "discount*discount", "discount*years",
    "log_price", "front_gap", "front_gap*years", "offset_room", "offset_room*years", "offset_room*discount", "offsets",
    "gap", "season_sin", "season_cos", "progress*years", "log_offset_ratio", "owed",
)  # fmt: skip
FEATURES: dict[str, tuple[str, ...]] = {
    INVEST: tuple(f"potential*{name}" for name in _INVEST),
    CREDITS: tuple(f"credit_room*{name}" for name in _CREDITS),
    KEEP: tuple(f"price*{name}" for name in _TRADE),
    LEND: tuple(f"price*{name}" for name in _TRADE),
}
"""What each lever's worth may depend on; the first factor is what it grows with."""


class FittedRule(Rule):
    """Thresholds with corrections; without weights it is the rule of thresholds.

    Args:
        thresholds: what it plays far from them.
        weights: by lever and feature.
        margins: by lever, what a correction must save to be made, % of exposure; 0 where left out.

    Raises:
        ValueError: no lever or feature has that name, or a number is not finite.
    """

    name = "fitted_rule"

    def __init__(
        self,
        thresholds: Thresholds = DEFAULT,
        weights: Weights | None = None,
        margins: Mapping[str, float] | None = None,
    ) -> None:
        self.thresholds, self.weights, self.margins = thresholds, weights or {}, margins or {}
        check(self.weights, self.margins)
        self._base = ThresholdRule(thresholds)
        self._modes = (
            ThresholdRule(thresholds, hold=0.0, lend=0.0),
            ThresholdRule(thresholds, hold=1.0, hold_below=np.inf, lend=0.0),
            ThresholdRule(thresholds, hold=0.0, lend=1.0, lend_above=-np.inf),
        )

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (n, 8) float32 for observations (n, OBS)."""
        actions = self._base.act(observation)
        for lever, action in ((INVEST, Action.INVEST), (CREDITS, Action.OFFSET)):
            if lever in self.weights:
                near = np.flatnonzero(self.is_near(lever, observation))
                worth, margin = self.worth(observation[near], lever)[0], self.margins.get(lever, 0.0)
                actions[near, action] = np.where(actions[near, action] > 0.0, worth < margin, worth < -margin)
        if KEEP in self.weights:
            trading = np.flatnonzero(is_trading(observation))
            actions[trading, Action.TRADE] = self._chosen(observation[trading], actions[trading, Action.TRADE])
        return actions

    def is_near(self, lever: str, observation: np.ndarray) -> np.ndarray:
        """Whether the state is so near the threshold of building or buying credits that a regression holds, (n,)."""
        apart = self._base.excess(observation) if lever == INVEST else self._base.discount(observation)
        near: np.ndarray = np.abs(apart) < BAND[lever]
        return near if lever == INVEST else near & (column(observation, "offset_room") > 0.0)

    def modes(self, observation: np.ndarray) -> np.ndarray:
        """(n, 3) trades: even, keeping all that may be carried over, leaving all that may be borrowed."""
        return np.stack([rule.trades(observation) for rule in self._modes], axis=1)

    def worth(self, observation: np.ndarray, *levers: str) -> np.ndarray:
        """What using each lever now adds to the cost, (levers, n) in % of exposure.

        For those of trades it is added to the cost of the even trade.
        """
        factors = self.factors(observation)
        total = np.zeros((len(levers), len(observation)))
        for row, lever in zip(total, levers, strict=True):
            for name, weight in self.weights.get(lever, {}).items():
                row += weight * product(factors, name)
        return total

    def factors(self, observation: np.ndarray) -> dict[str, np.ndarray]:
        """What features are made of, by name, (n,) each: the columns of the observation and those derived from them."""
        own = {name: observation[:, number].astype(float) for name, number in OBS_INDEX.items() if name in _USED}
        built = [column(observation, f"capacity_{k}") + column(observation, f"building_{k}") for k in range(TECHS)]
        first = np.full(len(observation), TECHS)
        for k in reversed(range(TECHS)):
            first = np.where(built[k] < FULL, k, first)
        own |= {f"next_{k}": (first == k).astype(float) for k in range(TECHS)}
        price = np.exp(own["log_price"])
        return own | {
            "one": np.ones(len(observation)),
            "price": price,
            "potential": np.sum([np.maximum(1.0 - share, 0.0) for share in built], axis=0),
            "in_place": np.select([first == k for k in range(TECHS)], built, 0.0),
            "excess": np.clip(self._base.excess(observation), -1.0, 1.0),
            "discount": np.clip(self._base.discount(observation), -1.0, 1.0),
            "credit_room": unsquashed(column(observation, "offset_room")) * price,
            "surplus": np.maximum(-own["gap"], 0.0),
            "dear": np.maximum(own["front_gap"], 0.0),
            "cheap": np.minimum(own["front_gap"], 0.0),
            "years": np.minimum(own["to_deadline"], 1.0),
        }

    def _chosen(self, observation: np.ndarray, base: np.ndarray) -> np.ndarray:
        """The trade of the cheapest mode, or the thresholds' where no other saves the margin, (n,)."""
        modes = self.modes(observation)
        differs = np.abs(modes[:, 1:] - modes[:, :1]) > 1e-6
        worth = np.zeros(modes.shape)
        worth[:, 1:] = np.where(differs, self.worth(observation, KEEP, LEND).T, 0.0)
        rows, own = np.arange(len(base)), np.abs(modes - base[:, None]).argmin(axis=1)
        best = worth.argmin(axis=1)
        better = worth[rows, best] < worth[rows, own] - self.margins.get(KEEP, 0.0)
        return np.where(better, modes[rows, best], base)


def is_trading(observation: np.ndarray) -> np.ndarray:
    """Whether the market is open and there is something to close or a discount or premium of the front, (n,)."""
    timely = (column(observation, "even_trade") != 0.0) | (column(observation, "front_gap") != 0.0)
    return timely & (column(observation, "market_open") > 0.0)


def product(factors: Mapping[str, np.ndarray], feature: str) -> np.ndarray:
    """A feature, (n,), of its factors."""
    first, *others = (factors[name] for name in feature.split("*"))
    for other in others:
        first = first * other
    return first


_USED = {factor for names in FEATURES.values() for name in names for factor in name.split("*")} & set(OBS_INDEX)


def check(weights: object, margins: object) -> None:
    """Raise a ValueError that names the first thing that no fitted rule can have."""
    if not isinstance(weights, Mapping) or not isinstance(margins, Mapping):
        raise ValueError(f"weights: {shown(weights)}, margins: {shown(margins)}: expected groups by lever")
    for lever in (*weights, *margins):
        if lever not in FEATURES:
            raise ValueError(f"weights: no lever is called {shown(lever)}; {did_you_mean(str(lever), FEATURES)}")
    for lever, row in weights.items():
        if not isinstance(row, Mapping):
            raise ValueError(f"weights: {lever}: {shown(row)}: expected a weight for each feature")
        for name in row:
            if name not in FEATURES[lever]:
                raise ValueError(f"weights: {lever}: no feature is called {shown(name)}")
    numbers = [*margins.values(), *(weight for row in weights.values() for weight in row.values())]
    for number in numbers:
        if type(number) not in (int, float) or not isfinite(number):
            raise ValueError(f"weights: {shown(number)}: expected a finite number")
