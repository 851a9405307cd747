"""Bad actions, seeds, arguments and saved states of environments."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from nea_env.core.layout import STATE, State
from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from tests.bad_input import ALONE, MISSING, UNKNOWN, Bad


@cache
def environment(form: str, n: int | None) -> Any:
    """An environment in the middle of an episode; every bad input must leave it there."""
    env = FirmEnv("kets_phase2", form) if n is None else FirmVectorEnv(n, "kets_phase2", form)
    env.reset(seed=3)
    for _ in range(5):
        env.step(np.zeros(8 if n is None else (n, 8)) if form == "box" else (0 if n is None else np.zeros(n, int)))
    return env


def _step(form: str, n: int | None, given: str, action: Any, key: str, value: str, allowed: str) -> Bad:
    kind = "Box action" if form == "box" else "choice"
    return Bad(kind, given, lambda: environment(form, n).step(action), "action", key, value, allowed)


def _with(value: Any, place: int = 3) -> list[Any]:
    action: list[Any] = [0.0] * 8
    action[place] = value
    return action


BOX = [
    _step("box", None, "NaN", _with(np.nan), "(3,) (offset)", "nan", "a finite number"),
    _step("box", None, "infinity", _with(-np.inf, 0), "(0,) (trade)", "-inf", "a finite number"),
    _step("box", None, "seven numbers", np.zeros(7), "shape", "(7,)", "an array of shape (8,)"),
    _step("box", None, "a row too many", np.zeros((1, 8)), "shape", "(1, 8)", "an array of shape (8,)"),
    _step("box", None, "complex", np.zeros(8, complex), "dtype", "complex128", "real numbers"),
    _step("box", None, "switches", np.zeros(8, bool), "dtype", "bool", "real numbers"),
    _step("box", None, "text", "abate", ALONE, "'abate'", "an array of shape (8,)"),
    _step("box", None, "nothing", None, ALONE, "None", "an array of shape (8,)"),
    _step("box", 3, "rows too few", np.zeros((2, 8)), "shape", "(2, 8)", "an array of shape (3, 8)"),
    _step(
        "box", 3, "NaN in a row", np.array([_with(0.0), _with(np.nan), _with(0.0)]),
        "(1, 3) (offset)", "nan", "a finite number",
    ),
]  # fmt: skip
CHOICES = [
    _step("discrete", None, "below the menu", -1, ALONE, "-1", "expected 0 to 37"),
    _step("discrete", None, "beyond the menu", 10_000, ALONE, "10000", "expected 0 to 37"),
    _step("discrete", None, "between two", 1.5, "dtype", "float64", "whole numbers"),
    _step("discrete", None, "by name", "hold, none", "dtype", "<U10", "whole numbers"),
    _step("discrete", 3, "one of a row beyond", [0, 1, 10_000], "row 2", "10000", "expected 0 to 37"),
    _step("discrete", 3, "choices too few", [0, 1], "shape", "(2,)", "an array of shape (3,)"),
]


def _reset(given: str, n: int | None, where: str, value: str, allowed: str, *, key: str = ALONE, **kwargs: Any) -> Bad:
    return Bad("reset", given, lambda: environment("box", n).reset(**kwargs), where, key, value, allowed)


SEED = "a whole number from 0 to below 2**63"
RESETS = [
    _reset("negative seed", None, "seed", "-1", SEED, seed=-1),
    _reset("half a seed", None, "seed", "1.5", SEED, seed=1.5),
    _reset("seed as text", None, "seed", "'7'", SEED, seed="7"),
    _reset("a seed too large", None, "seed", f"{2**63}", SEED, seed=2**63),
    _reset(
        "a misspelt option", None, "option", UNKNOWN, "expected scenario_seed",
        key="'scenario_sed'", options={"scenario_sed": 1},
    ),
    _reset(
        "options as a list", None, "options", "['scenario_seed']", "a dict with scenario_seed",
        options=["scenario_seed"],
    ),
    _reset("seeds too few", 3, "seed", "2 entries", "one for each of the 3 environments", seed=[1, 2]),
    _reset("one seed of three", 3, "seed[1]", "2.5", SEED, seed=[1, 2.5, 3]),
    _reset(
        "a mask of numbers", 3, "options", "float64", "a NumPy array of bool",
        key="reset_mask", options={"reset_mask": np.zeros(3)},
    ),
    _reset(
        "a mask of nothing", 3, "options", "False everywhere", "at least one row",
        key="reset_mask", options={"reset_mask": np.zeros(3, bool)},
    ),
]  # fmt: skip


def _made(given: str, value: str, allowed: str, *, vector: bool = False, **argument: Any) -> Bad:
    (where,) = argument
    do = lambda: (FirmVectorEnv if vector else FirmEnv)(**argument)  # noqa: E731
    return Bad("constructor", given, do, where, ALONE, value, allowed)


CONSTRUCTORS = [
    _made("an unknown scenario", "'kest'", "did you mean 'kets'? allowed: ", scenario="kest"),
    _made("a number for a scenario", "5", "a name, a path to YAML, a mapping or a Scenario", scenario=5),
    _made("an unknown form", "'boxes'", "one of box, discrete", action_form="boxes"),
    _made("an unknown picture", "'human'", "one of ansi, rgb_array", render_mode="human"),
    _made("no months", "0", "a whole number of at least 1", max_episode_steps=0),
    _made("half a month", "1.5", "a whole number of at least 1", max_episode_steps=1.5),
    _made("a mask that is no switch", "'yes'", "True or False", observe_mask="yes"),
    _made("no rows", "0", "a whole number of at least 1", vector=True, num_envs=0),
    _made("rows as text", "'4'", "a whole number of at least 1", vector=True, num_envs="4"),
    _made("an unknown mode", "'never'", "one of NextStep, SameStep, Disabled", vector=True, autoreset_mode="never"),
]


def _state(given: str, change: Callable[[dict[str, Any]], object], key: str, value: str, allowed: str) -> Bad:
    def take_up() -> None:
        env = environment("box", 3)
        state = copy.deepcopy(env.get_state())
        env.set_state(change(state) or state)

    return Bad("saved state", given, take_up, "saved state", key, value, allowed)


def _books(given: str, name: str, number: float, allowed: str) -> Bad:
    column = [field.name for field in STATE].index(name)
    put = lambda state: state["batch"]["_state"].__setitem__((1, column), number)  # noqa: E731
    return _state(given, put, f"_state {name} is", f"{number} in row 1", allowed)


STATES = [
    _state("a list", lambda state: [state], ALONE, "list", "a dict as get_state() returns it"),
    _state("a part missing", lambda state: state.pop("batch") and None, "batch", MISSING, "expected batch, episodes"),
    _state("an unknown part", lambda state: state.update(cash=1), "'cash'", UNKNOWN, "expected batch, episodes"),
    _state(
        "another scenario's", lambda state: state["batch"].update(fingerprint=np.array("0" * 64)),
        "fingerprint", "00000000", "expected this batch's, ",
    ),
    _state("another size's", lambda state: FirmVectorEnv(4, "kets_phase2").get_state(), "begun", "(4,)", "shape (3,)"),
    _state(
        "a month beyond the end", lambda state: state["batch"]["_months"].fill(9_999),
        "_months", "9999 in row 0", "0 to the month before the end",
    ),
    _state(
        "a negative episode", lambda state: state["batch"]["episodes"].fill(-1),
        "episodes", "-1 in row 0", "0 to below 2**62",
    ),
    _state(
        "NaN among its numbers", lambda state: state["batch"]["_state"].fill(np.nan),
        "_state", "NaN or infinity in row 0", "finite numbers",
    ),
    _books("fewer units than none", "front", -1.0, "0 to 1e+30"),
    _books("a negative price", "price", -20.0, "1e-131 to 1e+30"),
    _books("more than the whole duty", "borrow_limit", 1.5, "0 to 1"),
    _books("half a switch", "missed", 0.5, "a whole number, 0 to 1"),
    _state(
        "capacity beyond what there is", lambda state: state["batch"]["_state"][:, State.CAPACITY].fill(1e9),
        "capacity_0 + building_0", "1000000000.0 in row 0", "the technology's potential",
    ),
]  # fmt: skip
