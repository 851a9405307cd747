"""The composed configuration of a run, checked before anything starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agents.algorithms import ACTIVATIONS, ALGORITHMS, DISCRETE, POLICIES, parameter_names
from agents.rules import RULES
from agents.sb3 import EVALUATION_SEEDS, training_seed
from nea_env.library import ScenarioError, load_scenario
from nea_env.scenario import Scenario


class SettingsError(ValueError):
    """One line: the key, its value and what is allowed."""


class Part(BaseModel):
    """A part of the configuration: frozen, no unknown keys, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Count = Annotated[int, Field(ge=1, le=10**12)]

_ABOVE_ZERO = ("learning_rate", "n_steps", "batch_size", "n_epochs", "buffer_size", "train_freq", "clip_range")


class Env(Part):
    """Ids of one system."""

    id: str
    discrete_id: str


class Algo(Part):
    """The algorithm, its width, budget and parameters."""

    name: str
    num_envs: Annotated[int, Field(ge=1, le=100_000)]
    total_steps: Count
    marked: bool = False  # training rewards of agents.marking
    policy: str = "MlpPolicy"
    policy_kwargs: dict[str, Any] = {}
    parameters: dict[str, Any] = {}

    @property
    def discrete(self) -> bool:
        """Whether it plays the discrete twin."""
        return self.name in DISCRETE

    @model_validator(mode="after")
    def _known(self) -> Self:
        for key, value, allowed in (("name", self.name, ALGORITHMS), ("policy", self.policy, POLICIES)):
            if value not in allowed:
                raise ValueError(f"{key}: {value}, allowed: {', '.join(allowed)}")
        activation = self.policy_kwargs.get("activation_fn", "tanh")
        if activation not in ACTIVATIONS:
            raise ValueError(f"policy_kwargs.activation_fn: {activation}, allowed: {', '.join(ACTIVATIONS)}")
        names = parameter_names(self.name)
        for key, value in self.parameters.items():
            if key not in names:
                raise ValueError(f"parameters.{key}: no such parameter of {self.name}{suggest(key, names)}")
            if key in _ABOVE_ZERO and not (isinstance(value, int | float) and value > 0):
                raise ValueError(f"parameters.{key}: {value}, allowed: a number above 0")
        return self


class Evaluation(Part):
    """The comparison after training."""

    episodes: Annotated[int, Field(ge=2, le=10_000_000)]
    seed: Annotated[int, Field(ge=EVALUATION_SEEDS, le=2**62)]
    chunk: Annotated[int, Field(ge=1, le=1_000_000)] = 2_500
    policies: tuple[str, ...]

    @model_validator(mode="after")
    def _rules(self) -> Self:
        for name in self.policies:
            if name not in RULES:
                raise ValueError(f"policies: {name}, allowed: {', '.join(RULES)}")
        return self


class Checkpointing(Part):
    """How often a run is saved."""

    every: Count


class Settings(Part):
    """All of a run but its scenario's meaning: that is ``nea_env.scenario.Scenario``."""

    seed: Annotated[int, Field(ge=0)]
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    total_steps: Count
    env: Env
    algo: Algo
    evaluation: Evaluation
    checkpoint: Checkpointing
    figures: bool = True
    progress: Literal["auto", "on", "off"] = "auto"
    scenario: Scenario

    @model_validator(mode="after")
    def _seeds(self) -> Self:
        training_seed(self.seed, self.algo.num_envs)
        return self

    @property
    def id(self) -> str:
        """The id the algorithm plays."""
        return self.env.discrete_id if self.algo.discrete else self.env.id


def suggest(key: str, allowed: Mapping[str, Any] | tuple[str, ...]) -> str:
    """``" (did you mean …?), allowed: …"`` for a misspelt key."""
    close = get_close_matches(key, list(allowed), n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"{hint}, allowed: {', '.join(allowed)}"


def check(tree: Mapping[str, Any]) -> Settings:
    """Validate a composed configuration.

    Args:
        tree: plain values.

    Raises:
        SettingsError: one line naming the key, the value and what is allowed.
    """
    try:
        scenario = load_scenario(tree.get("scenario"))  # type: ignore[arg-type]
    except ScenarioError as error:
        raise SettingsError(re.sub(r"^scenario: ", "scenario.", str(error))) from None
    try:
        return Settings.model_validate({**tree, "scenario": scenario})
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None


def _one_line(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    keys = [str(key) for key in detail["loc"]]
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return ".".join([*keys, message])  # our own validators begin with the key and name the value
    if detail["type"] == "extra_forbidden":
        parts: dict[str, type[Part]] = {
            "env": Env, "algo": Algo, "evaluation": Evaluation, "checkpoint": Checkpointing,
        }  # fmt: skip
        model = parts.get(".".join(keys[:-1]), Settings)
        return f"{'.'.join(keys)}: no such key{suggest(keys[-1], tuple(model.model_fields))}"
    value = detail["input"] if isinstance(detail["input"], str | int | float | bool | None) else "a group of values"
    return f"{'.'.join(keys)}: {value}, allowed: {message.removeprefix('Input should be ')}"
