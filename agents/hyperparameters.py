"""What ``algo.parameters`` and ``algo.policy_kwargs`` may hold: names, types and ranges, by algorithm.

Stable-Baselines3 checks few of its arguments, and some only after hours. The names come from its signatures;
the ranges are here, and a test checks that every name has one.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.algorithms import (
    ACTIVATIONS,
    DISCRETE_ALGORITHMS,
    POLICIES,
    RESIDUAL_ALGORITHMS,
    algorithm_class,
    policy_class,
)
from nea_env.core.layout import ACTIONS
from nea_env.library.errors import did_you_mean

ON_POLICY = ("ppo", "a2c", "maskable_ppo")


@dataclass(frozen=True)
class Number:
    """A number between two bounds: not a boolean, not text, not NaN.

    Args:
        low, high: the bounds, both included.
        above: exclude ``low`` itself.
        whole: only whole numbers.
        none: allow null as well.
        words: a pattern of text that is allowed too, and what to call it.
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    whole: bool = False
    none: bool = False
    words: tuple[str, str] | None = None

    @property
    def allowed(self) -> str:
        """In words."""
        what = "a whole number" if self.whole else "a number"
        low = "" if self.low == -math.inf else f" above {self.low:g}" if self.above else f" of at least {self.low:g}"
        high = "" if self.high == math.inf else f"{' and' if low else ''} at most {self.high:g}"
        others = ([self.words[1]] if self.words else []) + (["null"] if self.none else [])
        return " or ".join([f"{what}{low}{high}", *others])

    def fits(self, value: Any) -> bool:
        """Whether the value is allowed."""
        if value is None or isinstance(value, bool):
            return self.none and value is None
        if isinstance(value, str):
            return self.words is not None and re.fullmatch(self.words[0], value) is not None
        if not isinstance(value, int | float) or not math.isfinite(value) or (self.whole and value != int(value)):
            return False
        return (value > self.low if self.above else value >= self.low) and value <= self.high


@dataclass(frozen=True)
class Switch:
    """true or false."""

    allowed: str = "true or false"

    def fits(self, value: Any) -> bool:
        """Whether the value is allowed."""
        return isinstance(value, bool)


@dataclass(frozen=True)
class Group:
    """Keyword arguments, or null; only the algorithm knows what they may contain."""

    allowed: str = "a group of keys or null"

    def fits(self, value: Any) -> bool:
        """Whether the value is allowed."""
        return value is None or isinstance(value, Mapping)


@dataclass(frozen=True)
class Frequency:
    """Steps between updates, or ``[n, step]``, or ``[n, episode]``."""

    allowed: str = "a whole number of at least 1, [n, step], or with one environment [n, episode]"

    def fits(self, value: Any) -> bool:
        """Whether the value is allowed."""
        count, unit = value if isinstance(value, list | tuple) and len(value) == 2 else (value, "step")
        return _COUNT.fits(count) and unit in ("step", "episode")


Kind = Number | Switch | Group | Frequency

_COUNT = Number(1, 1e9, whole=True)
_SHARE = Number(0, 1)
_LAYER_WIDTH = Number(1, 10_000, whole=True)  # a wider layer has more weights than memory holds

RANGES: dict[str, Kind] = {
    "action_noise_std": Number(0, none=True),
    "batch_size": _COUNT,
    "buffer_size": _COUNT,
    "clip_range": Number(0, above=True),
    "clip_range_vf": Number(0, above=True, none=True),
    "ent_coef": Number(0),
    "exploration_final_eps": _SHARE,
    "exploration_fraction": _SHARE,
    "exploration_initial_eps": _SHARE,
    "exploration": Group(),
    "gae_lambda": _SHARE,
    "gradient_steps": Number(-1, 1e9, whole=True),
    "group_size": _COUNT,
    "learning_rate": Number(0, 1, above=True),
    "learning_rate_end": Number(0, 1, none=True),
    "learning_starts": Number(0, 1e12, whole=True),
    "max_grad_norm": Number(0, above=True),
    "n_epochs": _COUNT,
    "n_steps": _COUNT,
    "normalize_advantage": Switch(),
    "optimize_memory_usage": Switch(),
    "policy_delay": _COUNT,
    "replay_buffer_kwargs": Group(),
    "rms_prop_eps": Number(0, above=True),
    "sde_sample_freq": Number(-1, 1e9, whole=True),
    "stats_window_size": _COUNT,
    "target_entropy": Number(words=("auto", "auto")),
    "target_kl": Number(0, above=True, none=True),
    "target_noise_clip": Number(0),
    "target_policy_noise": Number(0),
    "target_update_interval": _COUNT,
    "tau": Number(0, 1, above=True),
    "train_freq": Frequency(),
    "use_rms_prop": Switch(),
    "use_sde": Switch(),
    "use_sde_at_warmup": Switch(),
    "vf_coef": Number(0),
}
"""Keys of ``algo.parameters`` and the values that they take."""

OWN_RANGES: dict[tuple[str, str], Kind] = {
    ("ppo", "batch_size"): Number(2, 1e9, whole=True),  # it normalises advantages over a minibatch
    ("maskable_ppo", "batch_size"): Number(2, 1e9, whole=True),
    ("sac", "ent_coef"): Number(0, above=True, words=(r"auto(_[0-9]+(\.[0-9]+)?)?", "auto, auto_0.1")),
}
"""Parameters for which an algorithm takes other values."""

_SET_HERE = {
    "self", "policy", "env", "seed", "gamma", "_init_setup_model", "policy_kwargs", "tensorboard_log", "device",
    "verbose", "action_noise", "rollout_buffer_class", "rollout_buffer_kwargs", "replay_buffer_class",
    "kwargs",
}  # fmt: skip
_SET_BY_THE_ALGORITHM = {
    "self", "args", "kwargs", "observation_space", "action_space", "lr_schedule", "use_sde", "features_extractor_class",
    "optimizer_class",
}  # fmt: skip


def parameter_names(name: str) -> tuple[str, ...]:
    """Keys that ``algo.parameters`` may hold for an algorithm."""
    arguments = set(inspect.signature(algorithm_class(name).__init__).parameters)
    noise = {"action_noise_std"} if "action_noise" in arguments and name not in DISCRETE_ALGORITHMS else set()
    return tuple(sorted((arguments - _SET_HERE) | noise | {"learning_rate_end"}))


def policy_names(name: str, policy: str) -> tuple[str, ...]:
    """Keys that ``algo.policy_kwargs`` may hold for a policy of an algorithm."""
    arguments: set[str] = set()
    for one in (one for one in inspect.getmro(policy_class(name, policy)) if "__init__" in vars(one)):
        signature = inspect.signature(vars(one)["__init__"]).parameters
        arguments |= set(signature)
        if not any(argument.kind is argument.VAR_KEYWORD for argument in signature.values()):
            break
    return tuple(sorted(arguments - _SET_BY_THE_ALGORITHM))


def check_parameters(name: str, parameters: Mapping[str, Any], num_envs: int) -> dict[str, Any]:
    """The parameters with whole numbers as integers.

    Raises:
        ValueError: one line that begins ``parameters.KEY`` and names the value and what is allowed.
    """
    names = parameter_names(name)
    checked: dict[str, Any] = {}
    for key, value in parameters.items():
        if key not in names:
            raise ValueError(f"parameters.{key}: no such parameter of {name}; {did_you_mean(key, names)}")
        kind = OWN_RANGES.get((name, key), RANGES[key])
        if not kind.fits(value):
            raise ValueError(f"parameters.{key}: {value}, allowed: {kind.allowed}")
        whole = isinstance(kind, Number) and kind.whole and isinstance(value, float)  # 1e6 is a float in YAML
        checked[key] = int(value) if whole else value
    _check_together(name, checked, num_envs)
    return checked


def _check_together(name: str, checked: Mapping[str, Any], num_envs: int) -> None:
    """Check the values that depend on other parameters."""
    if checked.get("learning_rate_end") is not None and "learning_rate" not in checked:
        raise ValueError("parameters.learning_rate_end: needs parameters.learning_rate as well")
    normalised = checked.get("normalize_advantage", name in ("ppo", "maskable_ppo"))
    if name in ON_POLICY and normalised and checked.get("n_steps", 2) * num_envs < 2:
        raise ValueError(f"parameters.n_steps: {checked['n_steps']}, allowed: at least 2 with one environment")
    if num_envs % checked.get("group_size", 1):
        raise ValueError(f"parameters.group_size: {checked['group_size']}, allowed: a divisor of num_envs, {num_envs}")
    frequency = checked.get("train_freq", 1)
    if not isinstance(frequency, int | float) and frequency[1] == "episode" and num_envs > 1:
        raise ValueError(f"parameters.train_freq: {frequency}, allowed: steps, with {num_envs} environments")


def check_policy(name: str, policy: str, kwargs: Mapping[str, Any]) -> None:
    """Check the policy of an algorithm and its keyword arguments.

    Raises:
        ValueError: one line that begins with the key and names the value and what is allowed.
    """
    policies = [one for one in POLICIES if one != "residual" or name in RESIDUAL_ALGORITHMS]
    if policy not in policies:
        raise ValueError(f"policy: {policy}, allowed: {', '.join(policies)} with {name}")
    names = policy_names(name, policy)
    for key in kwargs:
        if key not in names:
            raise ValueError(f"policy_kwargs.{key}: no such argument of {policy}; {did_you_mean(key, names)}")
    actions = {action.name: action for action in ACTIONS}
    for key in {"start", "log_std"} & set(kwargs):
        for action, value in kwargs[key].items() if isinstance(kwargs[key], Mapping) else [(kwargs[key], None)]:
            if action not in actions:
                raise ValueError(f"policy_kwargs.{key}.{action}: no such action; {did_you_mean(str(action), actions)}")
            if not Number().fits(value):
                raise ValueError(f"policy_kwargs.{key}.{action}: {value}, allowed: {Number().allowed}")
    if "scale" in kwargs and not Number(0, above=True).fits(kwargs["scale"]):
        raise ValueError(f"policy_kwargs.scale: {kwargs['scale']}, allowed: {Number(0, above=True).allowed}")
    activation = kwargs.get("activation_fn", "tanh")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise ValueError(f"policy_kwargs.activation_fn: {activation}, allowed: {', '.join(ACTIVATIONS)}")
    heads = {"ppo": "{pi: [...], vf: [...]}", "sac": "{pi: [...], qf: [...]}"}
    heads |= {name: heads["ppo"] for name in ("a2c", "maskable_ppo", "group_ppo")} | {"td3": heads["sac"]}
    network = kwargs.get("net_arch", [])
    layers = network.values() if isinstance(network, Mapping) and name in heads else [network]
    if not all(_widths(one) for one in layers) or (isinstance(network, Mapping) and not _heads(heads[name], network)):
        raise ValueError(
            f"policy_kwargs.net_arch: {network}, allowed: a list of layer widths, each {_LAYER_WIDTH.allowed}"
            + (f", or {heads[name]}" if name in heads else "")
        )


def _widths(layers: Any) -> bool:
    return isinstance(layers, Sequence) and not isinstance(layers, str) and all(
        isinstance(width, int) and _LAYER_WIDTH.fits(width) for width in layers
    )  # fmt: skip


def _heads(pattern: str, network: Mapping[str, Any]) -> bool:
    return set(network) <= set(re.findall(r"(\w+):", pattern))
