"""The best that a firm can do, without error: backward induction over the month that every environment plays.

A scenario on the exact track has a menu of joint actions and prices on a lattice, so a firm can be in finitely many
places: a price (`solvers.chain`) and what it holds and owes (`solvers.states`). Both are found by playing the core's
own month forward; the reward of each place and action is the core's own too. No rule of the law is written here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nea_env.core.layout import SLOTS, State
from nea_env.core.placed import Month, Placed
from nea_env.scenario import Scenario
from nea_env.solvers.exact_policy import ExactPolicy
from nea_env.solvers.played import disagreement
from nea_env.solvers.solution import Solution, action_values, keep, read, solved

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Chooser = Callable[[int, Places, Places, Month], NDArray[np.integer[Any]]]
"""(month, tonnes (n,), price (n,), what the n firms see) -> (n,) numbers of the menu."""


class Played(NamedTuple):
    """One month of a policy whose distribution over places is pushed forward: n places that it can be in.

    Attributes:
        tonnes: (n,) numbers of the month's states.
        price: (n,) numbers of its prices.
        chance: (n,) of each.
        action: (n,) numbers of the menu that it chooses there.
        earned: (n,) rewards of the month.
        lost: (n,) value that its action loses against the best one.
    """

    tonnes: Places
    price: Places
    chance: Floats
    action: Places
    earned: Floats
    lost: Floats


class Evaluated(NamedTuple):
    """What a policy is worth, without sampling error, in units of return.

    Attributes:
        value: its expected discounted return.
        regret: what it loses against the best: the discounted sum of what each action loses.
        months: all that it does, month by month.
    """

    value: float
    regret: float
    months: tuple[Played, ...]


class Exact:
    """A solved scenario; `solve_exact` makes one.

    Values are in units of return: the discounted sum of rewards from a month on.

    Args:
        scenario: one of the exact track.
        progress: show a bar where it takes more than two seconds.
        cache: whether to look for the solution in the user's cache and keep it there.

    Raises:
        ValueError: it is not of the exact track, has more than `solution.MOST_STATES` states in a month, or is played
            otherwise than it was solved.

    Attributes:
        scenario: what is solved.
        values: for each month (N, P): the value of N states of tonnes at P prices.
        best: for each month (N, P) int8: the number of the best joint action.
    """

    def __init__(self, scenario: Scenario, *, progress: bool = True, cache: bool = True) -> None:
        if why := why_not_exact(scenario):
            raise ValueError(f"scenario {scenario.name} is not on the exact track: {why}; see docs/exact.md")
        self.scenario = scenario
        self._placed = Placed(scenario)
        kept = read(scenario) if cache else None
        self._solution: Solution = solved(self._placed, progress=progress) if kept is None else kept
        self.values, self.best = self._solution.values, self._solution.best
        if kept is None:
            if where := disagreement(self):
                raise ValueError(
                    f"scenario {scenario.name}: the solver and the environment differ: {where}: a month may depend on"
                    " what is not kept of a state, such as past prices, or accounts are not in whole tonnes"
                )
            if cache:
                keep(scenario, self._solution)

    @property
    def value(self) -> float:
        """Of the best policy at reset."""
        return float(self.values[0][0, 0])

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(N, P) of every month."""
        return [values.shape for values in self.values]

    @property
    def quotes(self) -> tuple[Floats, ...]:
        """For each month (P, Quote.size): the prices, as `core.parameters.Quote` names them."""
        return self._solution.chain.quotes

    @property
    def moves(self) -> tuple[Floats, ...]:
        """For each month but the last (P, P'): chances of the prices of the next."""
        return self._solution.chain.moves

    @property
    def successors(self) -> tuple[NDArray[np.int32], ...]:
        """For each month but the last (N, K): the state of the next that each joint action leads to."""
        return self._solution.states.successors

    @property
    def discount(self) -> float:
        """Of a month."""
        return self._placed.discount

    def positions(self, month: int) -> Floats:
        """(N,) t that a firm holds less what it owes, in each of a month's states: its bank where positive."""
        books = self._solution.states.rows[month].books
        held = books[:, [State.FRONT, State.NEXT]].sum(axis=1)
        closed = books[:, State.CLOSED : State.CLOSED + SLOTS].sum(axis=1)
        return held - closed - books[:, [State.OWED, State.DEBT, State.ACCRUED]].sum(axis=1)

    @cached_property
    def policy(self) -> ExactPolicy:
        """The best policy: ``predict(observation)`` returns Box actions, as Stable-Baselines3's models do."""
        return ExactPolicy(self)

    @cached_property
    def discrete_policy(self) -> ExactPolicy:
        """The same for the discrete id: ``predict(observation)`` returns numbers of the menu."""
        return ExactPolicy(self, discrete=True, finder=self.policy.finder)

    def percent(self, value: float) -> float:
        """A return in per cent of exposure; costs are negative."""
        return 100.0 * value * self._placed.scale / self._placed.exposure

    def rewards_of(self, month: int, tonnes: Places, price: Places) -> Floats:
        """(n, K) rewards of a month at n of its places, for every joint action."""
        rows = self._solution.states.rows[month].take(tonnes)
        visited, which = np.unique(price, return_inverse=True)
        found = self._placed.rewards(month, rows, self.quotes[month][visited], self._placed.menu(rows))
        return found[np.arange(len(tonnes)), which]

    def rewards(self, month: int, prices: Places) -> Floats:
        """(N, n, K) rewards of a month in every state, at n of its prices, for every joint action."""
        rows = self._solution.states.rows[month]
        return self._placed.rewards(month, rows, self.quotes[month][prices], self._placed.menu(rows))

    def q(self, month: int) -> Floats:
        """(N, P, K) values of every joint action in a month."""
        after = self.values[month + 1] if month + 1 < self._placed.horizon else None
        return action_values(self._placed, self._solution.chain, self._solution.states, month, after)

    def evaluate(self, choose: Chooser | None = None) -> Evaluated:
        """What a policy is worth: its own distribution over places is pushed forward through the core's month.

        The regret is summed on its own, action by action: by the performance-difference identity it is what the value
        lacks to that of the optimum.

        Args:
            choose: the policy; None: the best one. See `nea_env.solvers.choosers`.
        """
        weight, played, factor = np.ones((1, 1)), [], 1.0
        total = lost = 0.0
        for month in range(self._placed.horizon):
            tonnes, price = (places.astype(np.int64) for places in np.nonzero(weight))
            one = self._month(month, tonnes, price, weight[tonnes, price], choose)
            total += factor * float(one.chance @ one.earned)
            lost += factor * float(one.chance @ one.lost)
            factor *= self._placed.discount
            played.append(one)
            if month + 1 < self._placed.horizon:
                following = self.successors[month][tonnes, one.action]
                after = np.zeros((len(self.values[month + 1]), weight.shape[1]))
                np.add.at(after, (following, price), one.chance)
                weight = after @ self.moves[month]
        return Evaluated(total, lost, tuple(played))

    def _month(self, month: int, tonnes: Places, price: Places, chance: Floats, choose: Chooser | None) -> Played:
        seen = self.observe(month, tonnes, price)
        number = self.best[month][tonnes, price] if choose is None else choose(month, tonnes, price, seen)
        action = np.asarray(number, np.int64)
        asked = self._placed.menu(seen.rows)[np.arange(len(tonnes)), action]
        earned = self._placed.step(month, seen.rows, asked, np.zeros(len(tonnes), np.int64)).reward
        worth = earned
        if month + 1 < self._placed.horizon:
            following = self.successors[month][tonnes, action]
            moves = self.moves[month]
            worth = earned + self._placed.discount * (self.values[month + 1][following] * moves[price]).sum(axis=1)
        return Played(tonnes, price, chance, action, earned, self.values[month][tonnes, price] - worth)

    def asked(self, month: int, tonnes: Places, numbers: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """(n, 8) Box actions of joint actions (n,) at states (n,) of a month."""
        rows = self._solution.states.rows[month].take(tonnes)
        return self._placed.menu(rows)[np.arange(len(tonnes)), numbers]

    def numbers(self, month: int, seen: Month, actions: NDArray[np.float32]) -> Places:
        """(n,) numbers of the joint actions that Box actions (n, 8) become where the core rounds them to the menu."""
        return self._placed.entries(month, seen.rows, np.ascontiguousarray(actions, np.float32))

    def observe(self, month: int, tonnes: Places, price: Places) -> Month:
        """What a firm sees at states (n,) and prices (n,) of a month, and its rows there."""
        rows = self._solution.states.rows[month].take(tonnes).at(self.quotes[month][price])
        return self._placed.look(month, rows)


def solve_exact(scenario: Scenario | str, *, progress: bool = True, cache: bool = True) -> Exact:
    """The known optimum of a scenario on the exact track.

    Args:
        scenario: one, or what `nea_env.load_scenario` takes: ``"kets_exact"``, ``"tps_exact"``, ``"tokyo_exact"``.
        progress: show a bar where it takes more than two seconds.
        cache: whether to look for the solution in the user's cache and keep it there.

    Returns:
        The solution: ``value``, ``values[month]``, ``best[month]``, ``q(month)``, ``policy``, ``evaluate(...)``.

    Raises:
        ValueError: the scenario is not of the exact track: it says what is not and what would be. A new solution is
            held to the environment: rewards and places of episodes played at random must be the solver's.
    """
    from nea_env.library import load_scenario

    return Exact(load_scenario(scenario), progress=progress, cache=cache)


def why_not_exact(scenario: Scenario) -> str:
    """What keeps a scenario off the exact track: the first key, what it is and what would do; empty if nothing does."""
    market, frictions, law = scenario.market, scenario.market.frictions, scenario.regime
    wrong = [
        (not scenario.menu, "menu is empty: expected a list of joint actions"),
        (market.law != "lattice", f"market.law is {market.law}: expected lattice"),
        (market.offset is not None, "market.offset has a price of its own: expected null"),
        (market.quote_noise > 0.0, f"market.quote_noise is {market.quote_noise:g}: expected 0"),
        (market.stale > 0.0, f"market.stale is {market.stale:g}: expected 0"),
        (frictions.permanent_impact > 0.0, "market.frictions.permanent_impact moves the price: expected 0"),
        (scenario.firm.output_shock.volatility > 0.0, "firm.output_shock.volatility is above 0: expected 0"),
        (bool(scenario.links), "links bring prices of their own: expected none"),
    ]
    for year in scenario.periods:
        fine, auction, trigger = law.penalty.get(year), law.auctions.get(year), law.stabilisation.get(year)
        where = f"regime.penalty.{year}"
        if fine is not None:
            wrong.append((fine.mean_months > 1, f"{where}.mean_months is {fine.mean_months}: expected 1"))
            wrong.append((fine.mean_until is not None, f"{where}.mean_until is {fine.mean_until}: expected null"))
        if auction is not None:
            wrong.append(
                (auction.bid_share > 0.0, f"regime.auctions.{year} are open to the firm: expected bid_share 0")
            )
        if trigger is not None:
            bounds = trigger.high_multiple, trigger.low_multiple, trigger.high_price, trigger.low_price
            words = f"regime.stabilisation.{year} has a trigger: expected null for its multiples and prices"
            wrong.append((any(bound is not None for bound in bounds), words))
    return next((words for is_wrong, words in wrong if is_wrong), "")
