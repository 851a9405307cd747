"""The composed configuration of a run, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import gymnasium
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agents import scenario_choice
from agents.algorithms import ALGORITHMS, DISCRETE_ALGORITHMS
from agents.hyperparameters import check_parameters, check_policy
from agents.refusal import SettingsError
from nea_env.envs.marking import Reward
from nea_env.library.errors import did_you_mean, shown
from nea_env.policies.by_name import RULES
from nea_env.policies.seeds import EVALUATION_SEEDS, training_seed
from nea_env.scenario import Scenario
from nea_env.scenario.types import Switch, Whole


class Part(BaseModel):
    """A part of the configuration: frozen, no unknown keys, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_ALLOWED = {"int_type": "a whole number", "bool_type": "true or false", "string_type": "text", "tuple_type": "a list"}
"""Shorter than pydantic's own words, by type of error."""

CHANGES = "scenario_changes"
"""Key of a saved run's configuration: the overrides that made its scenario, for titles and files to tell."""

Count = Annotated[Whole, Field(ge=1, le=10**12)]


class Env(Part):
    """Ids of one system."""

    id: str
    discrete_id: str

    @model_validator(mode="after")
    def _registered(self) -> Self:
        ids = [id for id in gymnasium.registry if id.startswith("nea/")]
        for key, value in (("id", self.id), ("discrete_id", self.discrete_id)):
            if value not in ids:
                raise ValueError(f"{key}: {value}; {did_you_mean(value, ids)}")
        return self


class Algo(Part):
    """The algorithm, its width, budget and parameters."""

    name: str
    num_envs: Annotated[Whole, Field(ge=1, le=100_000)]
    total_steps: Count
    marked: Switch = False  # training rewards of nea_env.envs.marking
    policy: str = "MlpPolicy"
    policy_kwargs: dict[str, Any] = {}
    parameters: dict[str, Any] = {}

    @property
    def discrete(self) -> bool:
        """Whether it plays the discrete twin."""
        return self.name in DISCRETE_ALGORITHMS

    @property
    def reward(self) -> Reward:
        """What the training environment rewards."""
        return "marked" if self.marked else "cost"

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.name not in ALGORITHMS:
            raise ValueError(f"name: {self.name}; {did_you_mean(self.name, ALGORITHMS)}")
        return self


class Evaluation(Part):
    """The comparison after training."""

    episodes: Annotated[Whole, Field(ge=2, le=10_000_000)]
    seed: Annotated[Whole, Field(ge=EVALUATION_SEEDS, le=2**62)]
    chunk: Annotated[Whole, Field(ge=1, le=1_000_000)] = 2_500
    policies: tuple[str, ...]

    @model_validator(mode="after")
    def _rules(self) -> Self:
        for name in self.policies:
            if name not in RULES:
                raise ValueError(f"policies: {name}; {did_you_mean(name, RULES)}")
            if self.policies.count(name) > 1:
                raise ValueError(f"policies: {name} is listed twice")
        return self


class Checkpointing(Part):
    """How often a run is saved."""

    every: Count


class Settings(Part):
    """All settings of a run; what a scenario means is up to ``nea_env.scenario.Scenario``."""

    seed: Annotated[Whole, Field(ge=0)]
    threads: Annotated[Whole, Field(ge=1, le=1024)] = 1
    total_steps: Count
    env: Env
    algo: Algo
    evaluation: Evaluation
    checkpoint: Checkpointing
    figures: Switch = True
    progress: Literal["auto", "on", "off"] = "auto"
    replay_in_training: Switch = False  # whether an agent may train on one known path of prices
    scenario: Scenario

    @model_validator(mode="after")
    def _seeds(self) -> Self:
        training_seed(self.seed, self.algo.num_envs)
        return self

    @model_validator(mode="after")
    def _no_path_by_heart(self) -> Self:
        if self.scenario.market.law == "replay" and not self.replay_in_training:
            raise ValueError(
                "scenario.market.law: replay: every episode has the same prices, which an agent would learn by heart;"
                " allowed: another process, or replay_in_training=true"
            )
        return self

    @property
    def id(self) -> str:
        """The id the algorithm plays."""
        return self.env.discrete_id if self.algo.discrete else self.env.id

    def plain(self) -> dict[str, Any]:
        """All settings as plain values, including the scenario: what ``check`` takes."""
        changes = {CHANGES: list(self.scenario.changes)} if self.scenario.changes else {}
        return {**self.model_dump(mode="json"), **changes}


def check(tree: Mapping[str, Any]) -> Settings:
    """Validate a composed configuration.

    Args:
        tree: plain values.

    Raises:
        SettingsError: one line naming the key, the value and what is allowed.
    """
    scenario = scenario_choice.load(tree.get("scenario"))
    if CHANGES in tree:  # of a saved run: what a scenario was changed by is no part of its content
        scenario = scenario.with_changes(_told(tree[CHANGES]))
    try:
        settings = Settings.model_validate({**{k: v for k, v in tree.items() if k != CHANGES}, "scenario": scenario})
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    _check_algorithm(settings.algo)
    return settings


def _told(changes: Any) -> list[str]:
    """The changes that a saved run tells.

    Raises:
        SettingsError: they are not a list of texts.
    """
    if not isinstance(changes, list) or not all(isinstance(one, str) and "=" in one for one in changes):
        raise SettingsError(f"{CHANGES}: {shown(changes)}, allowed: a list of path=value, as the run wrote it")
    return changes


def _check_algorithm(algo: Algo) -> None:
    """Check policy and parameters, and turn whole numbers into integers.

    This comes last, since only Stable-Baselines3 knows the names.

    Raises:
        SettingsError: one line naming the key, the value and what is allowed.
    """
    try:
        check_policy(algo.name, algo.policy, algo.policy_kwargs)
        algo.parameters.update(check_parameters(algo.name, algo.parameters, algo.num_envs))
    except ValueError as error:
        raise SettingsError(f"algo.{error}") from None


def _one_line(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    keys = [str(key) for key in detail["loc"]]
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return f"{'.'.join(keys)}: missing; it needs a value"
    if detail["type"] == "value_error":
        return ".".join([*keys, message])  # our own validators begin with the key and name the value
    if detail["type"] == "extra_forbidden":
        parts: dict[str, type[Part]] = {
            "env": Env, "algo": Algo, "evaluation": Evaluation, "checkpoint": Checkpointing,
        }  # fmt: skip
        model = parts.get(".".join(keys[:-1]), Settings)
        return f"{'.'.join(keys)}: no such key; {did_you_mean(keys[-1], model.model_fields)}"
    value = detail["input"] if isinstance(detail["input"], str | int | float | bool | None) else "a group of values"
    allowed = _ALLOWED.get(detail["type"], message.removeprefix("Input should be "))
    return f"{'.'.join(keys)}: {value}, allowed: {allowed}"
