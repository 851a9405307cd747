"""Episodes of a policy as named columns with units: ``nea_env.rollout("just_in_time", "nea/KETS-v0")``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nea_env.bench import rollout_text
from nea_env.bench.episode_log import log
from nea_env.bench.policies import as_policy, name_of
from nea_env.bench.target import Target, is_discrete, scenario_of
from nea_env.core.layout import ACCOUNTS, ACTIONS, FLOWS, OBSERVATION, STATE
from nea_env.envs.arguments import is_sequence, one_seed, whole_number
from nea_env.library.errors import did_you_mean
from nea_env.scenario import Scenario, add_months

GROUPS = {
    "observations": "observation",
    "actions": "action",
    "effects": "effect",
    "accounts": "account",
    "flows": "flow",
    "prices": "market",
}
"""Property of a rollout -> what the full names of its columns begin with."""

EFFECTS = {
    "trade": "t",
    "abate": "t",
    "invest": "t/month",
    "offset": "t",
    "borrow": "t",
    "bank": "t",
    "foreign": "t",
    "output": "unit",
}
"""What an action became, and its unit: units bought less sold, emissions avoided by operation, capacity started,
credits bought, duty met by borrowing, units carried over, foreign units bought less sold, output added."""

_MARKET = {
    "volume_limit": "t",
    "auction_room": "t",
    "aggregate_bank": "years of the market's baseline emissions",
    "lapse_probability": "1",
}
_OWN = {
    "bank": "t",
    "allocation": "t",
    "reward": "1",
    "cost": "money",
    "cost_pct": "discounted, % of exposure",
    "cumulative_cost_pct": "discounted, % of exposure",
}


class Rollout(Mapping[str, NDArray[Any]]):
    """One episode of one policy, or several, by month: an immutable mapping of names to arrays.

    Column ``flow.bought`` is ``rollout["flow.bought"]``, ``rollout.flows["bought"]`` and, since no other column ends
    like that, ``rollout["bought"]``. Row t of every column belongs to month ``dates[t]``: the observation that the
    policy saw and the prices at which it acted, what it did, and the accounts as the month left them.

    - ``observation.…``, ``action.…``: as in docs/reference/observations.md and docs/reference/actions.md
    - ``effect.…``: the tonnes that each action became, see `EFFECTS`
    - ``account.…``, ``flow.…``, ``market.…``: as `accounts()`, `flows()` and `market()` of the environment
    - ``bank``: units held beyond the duty, at the month's end, with free allocation counted over the months that it
      is for; ``allocation``: that of the month (``nea_env.policies.bank``)
    - ``reward``; ``cost`` (money); ``cost_pct`` (discounted, % of exposure) and ``cumulative_cost_pct``

    Attributes:
        scenario: what was played, overrides included.
        policy: its name, for titles and keys.
        overrides: changes of the scenario that were asked for, ``path=value``.
        dates: (T,) "YYYY-MM".
        seeds: of the episodes, one unless there is a leading axis.
        is_single: columns are (T,); else they are (n, T), one row per seed.
        opening: accounts before the first month, by name.
        exposure: discounted baseline emissions × reference price, money: the base of percentages.
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray[Any]],
        opening: Mapping[str, NDArray[Any]],
        exposure: NDArray[np.float64],
        *,
        scenario: Scenario,
        policy: str,
        seeds: Sequence[int],
        is_single: bool,
    ) -> None:
        self.scenario, self.policy, self.seeds = scenario, policy, tuple(seeds)
        self.is_single, self.overrides = is_single, scenario.changes
        self._columns = {name: _frozen(values, is_single) for name, values in columns.items()}
        self._opening = {name: _frozen(values, is_single) for name, values in opening.items()}
        self.exposure = _frozen(exposure, is_single)
        months = self._columns["reward"].shape[-1]
        self.dates = tuple(add_months(scenario.start, month) for month in range(months))

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name in self._columns:
            return self._columns[name]
        full = [one for one in self._columns if one.partition(".")[2] == name]
        if len(full) == 1:
            return self._columns[full[0]]
        if full:
            raise KeyError(f"{name!r} may be {' or '.join(full)}")
        raise KeyError(f"{name!r} is no column; {did_you_mean(str(name), list(self._columns))}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return rollout_text.summary(self)

    def _group(self, prefix: str) -> Mapping[str, NDArray[Any]]:
        first = f"{prefix}."
        return MappingProxyType({n.removeprefix(first): v for n, v in self._columns.items() if n.startswith(first)})

    @property
    def observations(self) -> Mapping[str, NDArray[Any]]:
        """What the policy saw, by name: float32."""
        return self._group("observation")

    @property
    def actions(self) -> Mapping[str, NDArray[Any]]:
        """What it asked for, by name: shares of what was possible, float32; of a choice of the menu what it means."""
        return self._group("action")

    @property
    def effects(self) -> Mapping[str, NDArray[Any]]:
        """What each action became, by its name: tonnes, see `EFFECTS`."""
        return self._group("effect")

    @property
    def accounts(self) -> Mapping[str, NDArray[Any]]:
        """Tonnes held and owed at the month's end, by name."""
        return self._group("account")

    @property
    def flows(self) -> Mapping[str, NDArray[Any]]:
        """Tonnes and money of the month, by name."""
        return self._group("flow")

    @property
    def prices(self) -> Mapping[str, NDArray[Any]]:
        """Prices, limits and links at which the month's action was played, by name."""
        return self._group("market")

    @property
    def opening(self) -> Mapping[str, NDArray[Any]]:
        """Accounts before the first month, by name."""
        return MappingProxyType(self._opening)

    @cached_property
    def units(self) -> Mapping[str, str]:
        """The unit of each column by its full name; of money the currency."""
        return MappingProxyType({name: self._unit(name) for name in self._columns})

    def _unit(self, name: str) -> str:
        group, _, short = name.rpartition(".")
        unit = _UNITS[group].get(short, "money/t")  # the market's other columns are prices
        if group == "market" and short.startswith("local_price_"):
            return f"{self.scenario.links[int(short[-1])].market.currency}/t"
        if group == "market" and short.startswith("fx_"):
            other = self.scenario.links[int(short[-1])].market.currency
            return f"{self.scenario.market.currency}/{other}"
        if group == "market" and short.startswith("link_"):
            return "flag"
        if unit == "unit":
            return self.scenario.firm.output_unit
        return unit.replace("money", self.scenario.market.currency)

    @property
    def deadlines(self) -> Mapping[int, tuple[str, ...]]:
        """Place of each surrender deadline on the month axis, and the first years of the periods due then."""
        due: dict[int, list[str]] = {}
        for year in self.scenario.periods:
            due.setdefault(self.dates.index(self.scenario.regime.calendar[year].deadline), []).append(year)
        return MappingProxyType({month: tuple(years) for month, years in sorted(due.items())})

    def to_dict(self) -> dict[str, Any]:
        """All of it as lists, numbers and text, for JSON."""
        return {
            "scenario": self.scenario.name, "overrides": list(self.overrides), "policy": self.policy,
            "seeds": list(self.seeds), "dates": list(self.dates), "units": dict(self.units),
            "exposure": self.exposure.tolist(),
            "opening": {name: values.tolist() for name, values in self._opening.items()},
            "columns": {name: values.tolist() for name, values in self._columns.items()},
        }  # fmt: skip

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a column for each name: index ``month``, or ``seed`` and ``month``.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        try:
            pd: Any = import_module("pandas")
        except ModuleNotFoundError as error:
            if error.name != "pandas":
                raise
            raise ModuleNotFoundError("to_pandas() needs pandas: pip install pandas", name="pandas") from None
        months: Any = pd.PeriodIndex(self.dates, freq="M", name="month")
        if not self.is_single:
            months = pd.MultiIndex.from_product([self.seeds, months], names=["seed", "month"])
        return pd.DataFrame({name: values.ravel() for name, values in self._columns.items()}, index=months)


def _frozen(values: NDArray[Any], is_single: bool) -> NDArray[Any]:
    own = np.array(values[0] if is_single else values)
    own.setflags(write=False)
    return own


def _units_of(fields: Sequence[Any]) -> dict[str, str]:
    return {field.name: field.unit for field in fields}


_UNITS: dict[str, dict[str, str]] = {
    "": _OWN,
    "observation": _units_of(OBSERVATION),
    "action": _units_of(ACTIONS),
    "effect": EFFECTS,
    "account": {**{f.name: f.unit for f in STATE if f.name in ACCOUNTS}, "closed": "t", "capacity": "t/month"},
    "flow": _units_of(FLOWS),
    "market": _MARKET,
}


def rollout(
    policy: Any,
    scenario: Target = "nea/KETS-v0",
    *,
    seed: int | Sequence[int] = 1_000_000,
    episodes: int | None = None,
    overrides: Mapping[str, Any] | Sequence[str] = (),
) -> Rollout:
    """Play a policy and keep everything, month by month.

    The months are those that ``env.reset(seed=seed)`` and ``env.step`` of the environment show, to the bit.

    Args:
        policy: a rule's name, such as ``"just_in_time"``, a function of the observation, an object with ``predict``,
            a saved model, …: all that ``as_policy`` takes.
        scenario: an id, a shipped name, a path to YAML, a mapping or a `Scenario`.
        seed: of the episode; a list plays one episode for each.
        episodes: play so many, of the seeds from ``seed`` on.
        overrides: changes of the scenario, such as ``["market.volatility=0.2"]``.

    Returns:
        The rollout; with a list of seeds, or ``episodes``, its columns have a leading axis.

    Raises:
        ScenarioError: the scenario is unknown or inconsistent.
        ValueError: the policy is none, or a seed or ``episodes`` is not a whole number in its range.
    """
    loaded = scenario_of(scenario, overrides)
    seeds = _seeds(seed, episodes)
    player = as_policy(policy, loaded, discrete=is_discrete(scenario))
    played = log(player, loaded, np.array(seeds, np.int64))
    columns = dict(played.columns)
    columns["cost"] = columns["flow.cost"]
    columns["cumulative_cost_pct"] = np.cumsum(columns["cost_pct"], axis=1)
    return Rollout(
        columns, played.opening, played.exposure, scenario=loaded, policy=name_of(policy), seeds=seeds,
        is_single=episodes is None and not is_sequence(seed),
    )  # fmt: skip


def _seeds(seed: Any, episodes: int | None) -> list[int]:
    if is_sequence(seed):
        if episodes is not None:
            raise ValueError("seed is a list: episodes can't be given as well")
        seeds = [one_seed(one, f"seed[{i}]") for i, one in enumerate(seed)]
        if not seeds:
            raise ValueError("seed is an empty list: expected at least one seed")
        return seeds
    count = 1 if episodes is None else whole_number(episodes, "episodes", 1)
    first = one_seed(seed, "seed")
    one_seed(first + count - 1, "seed + episodes - 1")
    return list(range(first, first + count))
