"""Whatever a user has, as a policy that can be played: ``as_policy(mine, "nea/KETS-v0")``."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from nea_env.bench import model_files, networks
from nea_env.bench.target import Target, is_discrete, scenario_of
from nea_env.core.layout import Action, Observation
from nea_env.envs.menu import menu_of
from nea_env.envs.spaces import action_space
from nea_env.library.errors import did_you_mean, shown
from nea_env.policies.by_name import RULES, opponents
from nea_env.policies.fitted_rule import FittedRule
from nea_env.policies.linear_rule import LinearRule
from nea_env.policies.rules import Rule

_ACCEPTED = (
    "expected a function of the observation, an object with predict(observation), a network of torch, the path of a"
    " saved model (.zip, .pt, .ts or a run folder), module:object, or the name of a rule"
)
_KEYWORDS = ("state", "episode_start", "deterministic", "action_masks")
_BY_PLACE = inspect.Parameter.POSITIONAL_OR_KEYWORD


def as_policy(policy: Any, scenario: Target = "nea/KETS-v0", *, discrete: bool | None = None) -> Any:
    """A policy that the play loop takes: an object with ``predict(observation, state, episode_start, deterministic)``.

    Args:
        policy: one of

            * a function of the observation: of one, (67,) to (8,), or of a batch, (n, 67) to (n, 8). It is called with
              the batch first; if what comes back has not one row for each, it is called row by row from then on,
              all episodes month by month in turn: what it remembers of an episode it must hand over as ``state``,
              below. An object that keeps a memory of its own would mix the episodes up, and is warned of if it has
              ``reset``, which nobody calls. In batches, row i is the same episode from month to month.
            * an object with ``predict``, else ``act``, else a call. It is given of ``state``, ``episode_start``,
              ``deterministic`` and ``action_masks`` what its signature names, and returns actions, or actions and its
              state. A class is made without arguments.
            * a ``torch.nn.Module``, asked in evaluation mode; if its ``forward`` takes a second argument without a
              default, or one named ``state``, ``hidden``, ``h`` or ``hx``, that is what it returned beside the actions
              in the month before, None at first. For a menu it may return a score for each choice.
            * a model of Stable-Baselines3 or sb3-contrib, the path of its zip (with the statistics of VecNormalize in
              ``vecnormalize.pkl`` beside it, if it needs them), or a run folder of train.py.
            * the path of a TorchScript file (.pt, .ts), ``module:object``, or the name of a rule.
        scenario: what will be played. Rules are tuned for it; for the id of a discrete twin (``nea/KETSDiscrete-v0``)
            the policy returns numbers of the menu, (n,), as it does where its ``action_space`` is Discrete.
        discrete: whether what has no ``action_space`` plays the menu; by default where ``scenario`` is such an id.

    Returns:
        The policy; what it returns is checked each month.

    Raises:
        ValueError: it is nothing of that kind; later, from ``predict``: wrong shapes, numbers or types, in a sentence.
    """
    given = policy
    if isinstance(policy, str | os.PathLike):
        policy = _named(policy, scenario)
    if isinstance(policy, type):
        policy = _made(policy)
    if isinstance(policy, Rule | _Adapted):
        return policy
    space = getattr(policy, "action_space", None)
    menu = menu_of(scenario_of(scenario))
    _check_spaces(policy, given, action_space("discrete", menu))
    plays = isinstance(space, spaces.Discrete) or (
        space is None and (is_discrete(scenario) if discrete is None else discrete)
    )
    call = _call_of(policy, given)
    return (_Masked if "action_masks" in call.takes else _Adapted)(
        policy, call, name_of(given), len(menu) if plays else 0
    )


def name_of(policy: Any) -> str:
    """What to call a policy in a table."""
    if isinstance(policy, str | os.PathLike):
        text = os.fspath(policy)
        path = Path(text)
        if not model_files.is_model_file(path):
            return text.partition(":")[2] or text
        return path.name if path.is_dir() else path.stem
    own = getattr(policy, "name", None)
    name = own if isinstance(own, str) else getattr(policy, "__name__", type(policy).__name__)
    return "policy" if name == "<lambda>" else name


def _named(text: str | os.PathLike[str], scenario: Target) -> Any:
    text = os.fspath(text)
    if text in RULES:
        found = opponents([text], scenario_of(scenario))
        if text not in found:
            module = {LinearRule.name: "search", FittedRule.name: "fitted_search"}[text]
            raise ValueError(f"{text} was not found for this scenario: python -m nea_env.policies.{module} searches")
        return found[text]
    if model_files.is_model_file(Path(text)):
        return model_files.load(Path(text))
    module, colon, attribute = text.partition(":")
    if not colon:
        raise ValueError(f"policy: {shown(text)} is no rule and no saved model; {did_you_mean(text, RULES)}")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise ValueError(f"policy: {shown(text)}: expected module:object, such as my_module:MyPolicy")
    return _imported(module, attribute)


def _imported(module: str, attribute: str) -> Any:
    """What ``module:attribute`` means, the module looked up in the working directory too."""
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        where = "; it was looked for in the working directory too" if error.name == module.partition(".")[0] else ""
        raise ValueError(f"policy: {module}: there is no module {error.name!r}{where}") from None
    except Exception as error:  # a module of the user's can fail in any way
        why = " ".join(str(error).split())
        raise ValueError(f"policy: {module} can't be imported ({type(error).__name__}: {why})") from error
    finally:
        sys.path.pop(0)
    for name in attribute.split("."):
        if not hasattr(found, name):
            known = [one for one in dir(found) if not one.startswith("_")]
            raise ValueError(f"policy: {module} has no {name!r}; {did_you_mean(name, known)}")
        found = getattr(found, name)
    return found


def _made(kind: type) -> Any:
    try:
        return kind()
    except TypeError as error:
        raise ValueError(f"policy: {kind.__name__} can't be made without arguments ({error}); give an object") from None


def _check_spaces(policy: Any, given: Any, discrete: spaces.Space[Any]) -> None:
    """Refuse a model that was trained on other spaces."""
    seen, space = getattr(policy, "observation_space", None), getattr(policy, "action_space", None)
    if isinstance(seen, spaces.Space) and seen.shape != (Observation.size,):
        raise ValueError(f"{name_of(given)} observes {seen}: expected a Box of shape ({Observation.size},)")
    if isinstance(space, spaces.Space):
        known = [action_space("box"), discrete]
        if space.shape != known[0].shape and space != known[1]:
            raise ValueError(f"{name_of(given)} acts in {space}: expected {known[0]} or {known[1]}")


class _Call:
    """A policy's own way to be asked.

    Attributes:
        takes: keywords of ``_KEYWORDS`` that it is given.
    """

    def __init__(self, ask: Callable[..., Any], takes: frozenset[str]) -> None:
        self._ask, self.takes = ask, takes

    def __call__(self, observation: np.ndarray, told: dict[str, Any]) -> tuple[Any, Any]:
        """Actions as they come, and the state. It is given a copy, and may change what it is given."""
        answer = self._ask(observation.copy(), **{key: told[key] for key in self.takes})
        if not isinstance(answer, tuple) or len(answer) != 2 or self._is_two_rows(answer, observation):
            return answer, None
        return answer[0], answer[1]

    def _is_two_rows(self, answer: tuple[Any, Any], observation: np.ndarray) -> bool:
        """Whether a pair is the actions of two rows, not actions and a state."""
        if observation.ndim == 1 or len(observation) != 2 or "state" in self.takes:
            return False
        return _shape(answer[0]) == _shape(answer[1]) in ((), (Action.size,)) and answer[1] is not None


def _shape(part: Any) -> tuple[int, ...] | None:
    try:
        return np.shape(_plain(part))
    except (TypeError, ValueError):  # ragged
        return None


def _call_of(policy: Any, given: Any) -> _Call:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(policy, torch.nn.Module) and not hasattr(policy, "predict"):
        return _network(policy, torch)
    for name in ("predict", "act"):
        if callable(getattr(policy, name, None)):
            return _asked(getattr(policy, name))
    if not callable(policy):
        raise ValueError(f"policy: {shown(given)}: {_ACCEPTED}")
    return _asked(policy)


def _asked(ask: Callable[..., Any]) -> _Call:
    try:
        parameters = list(inspect.signature(ask).parameters.values())
    except (TypeError, ValueError):  # compiled code may have no signature
        return _Call(ask, frozenset())
    any_name = any(one.kind is one.VAR_KEYWORD for one in parameters)
    if not any(one.kind in (one.POSITIONAL_ONLY, _BY_PLACE, one.VAR_POSITIONAL) for one in parameters):
        name = getattr(ask, "__qualname__", type(ask).__name__)
        raise ValueError(f"policy: {name} takes no observation: {_ACCEPTED}")
    if parameters and parameters[0].kind in (inspect.Parameter.POSITIONAL_ONLY, _BY_PLACE):
        del parameters[0]  # the observation, whatever it is called: "state" in many a book
    named = {one.name for one in parameters if one.kind in (_BY_PLACE, inspect.Parameter.KEYWORD_ONLY)}
    for one in parameters:
        if one.default is one.empty and one.kind in (_BY_PLACE, one.KEYWORD_ONLY) and one.name not in _KEYWORDS:
            name = getattr(ask, "__qualname__", type(ask).__name__)
            raise ValueError(
                f"policy: {name} needs {one.name!r}: expected the observation and, where it takes them,"
                f" {', '.join(_KEYWORDS)}"
            )
    return _Call(ask, frozenset(_KEYWORDS[:3] if any_name else ()) | named.intersection(_KEYWORDS))


def _network(network: Any, torch: Any) -> _Call:
    ask, takes_state = networks.asked(network, torch)
    return _Call(ask, frozenset({"state"} if takes_state else ()))


class _Adapted:
    """A policy as the play loop asks it: in batches, and checked."""

    def __init__(self, policy: Any, call: _Call, name: str, choices: int) -> None:
        self._policy, self._call, self.name, self._choices = policy, call, name, choices  # 0: it plays the Box
        self._row_by_row: bool | None = None  # not known before the first call
        if choices:
            self.action_space = spaces.Discrete(choices)

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """Actions (n, 8), or (n,) of the menu, for observations (n, OBS), and what the policy remembers."""
        told = {"state": state, "episode_start": episode_start, "deterministic": deterministic}
        return self._answer(np.asarray(observation), told)

    def _answer(self, observation: np.ndarray, told: dict[str, Any]) -> tuple[np.ndarray, Any]:
        if observation.ndim == 1:
            actions, state = self._call(observation, told)
            return self._checked([actions], 1)[0], state
        n = len(observation)
        if self._row_by_row is None:
            return self._first(observation, told, n)
        if self._row_by_row:
            return self._rows(observation, told, n)
        return self._batch(self._call, observation, told)

    def _batch(self, call: _Call, observation: np.ndarray, told: dict[str, Any]) -> tuple[np.ndarray, Any]:
        actions, state = call(observation, told)
        return self._checked(actions, len(observation)), state

    def _first(self, observation: np.ndarray, told: dict[str, Any], n: int) -> tuple[np.ndarray, Any]:
        """Ask with the batch; where that can't be meant, ask row by row from now on.

        A copy of an object is asked first: a question that fails must not count for what the object remembers.
        """
        problem: Exception | None = None
        twin = _twin(self._policy)
        try:
            if twin is not None:
                self._batch(_call_of(twin, twin), observation, told)
            answer = self._batch(self._call, observation, told)
            self._row_by_row = False
            return answer
        except Exception as error:  # a function of one observation can fail in any way
            problem = error
        try:
            answer = self._rows(observation, told, n)
            self._row_by_row = True
            self._warn_of_memory()
            return answer
        except Exception as error:
            raise (
                error if isinstance(problem, _RefusedError) and not isinstance(error, _RefusedError) else problem
            ) from None

    def _warn_of_memory(self) -> None:
        if callable(getattr(self._policy, "reset", None)) and not {"state", "episode_start"} & self._call.takes:
            warnings.warn(
                f"{self.name} takes one observation at a time, of many episodes in turn, and its reset() is never"
                " called: what it remembers of an episode it must return beside the action, and take as `state`",
                stacklevel=2,
            )

    def _rows(self, observation: np.ndarray, told: dict[str, Any], n: int) -> tuple[np.ndarray, Any]:
        states = told["state"] if isinstance(told["state"], list) else [None] * n
        answers = []
        for row in range(n):
            own = {key: None if value is None else value[row] for key, value in told.items() if key in _BY_ROW}
            answers.append(self._call(observation[row], {**told, **own, "state": states[row]}))
        return self._checked([actions for actions, _ in answers], n), [state for _, state in answers]

    def _checked(self, actions: Any, n: int) -> np.ndarray:
        """What it returned, as an array of actions.

        Raises:
            ValueError: one sentence: what came and what was expected.
        """
        shape = (n,) if self._choices else (n, Action.size)
        wanted = (
            f"({n},) whole numbers from 0 to {self._choices - 1}"
            if self._choices
            else f"({n}, {Action.size}) numbers, one each for {', '.join(Action.index)}"
        )
        try:
            array = np.asarray(
                [_plain(one) for one in actions] if isinstance(actions, list | tuple) else _plain(actions)
            )
        except (TypeError, ValueError):
            array = np.asarray(None)
        if array.dtype.kind not in "fiub":
            raise _RefusedError(
                f"{self.name} returned {shown(actions)}: expected {wanted} (or one row of it at a time)"
            )
        if self._choices and array.shape == (n, self._choices) and array.dtype.kind == "f":
            array = array.argmax(axis=1)  # scores
        if self._choices and array.shape == (n, 1):
            array = array[:, 0]
        if array.shape != shape:
            raise _RefusedError(f"{self.name} returned an array of shape {array.shape}: expected {wanted}")
        if not np.isfinite(array).all():
            place = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
            which = "" if self._choices else f" for {list(Action.index)[place[1]]}"
            raise _RefusedError(
                f"{self.name} returned {array[place]}{which} in row {place[0]}: expected finite numbers"
            )
        if not self._choices:
            return np.clip(array, -1.0, 1.0).astype(np.float32)  # clipped first: float32 has no 1e39
        whole = array.astype(np.int64)
        if (whole != array).any() or (whole < 0).any() or (whole >= self._choices).any():
            bad = array[np.argmax((whole != array) | (whole < 0) | (whole >= self._choices))]
            raise _RefusedError(f"{self.name} returned {bad}: expected {wanted}")
        return whole


_BY_ROW = ("episode_start", "action_masks")


class _RefusedError(ValueError):
    """What a policy returned can't be played."""


class _Masked(_Adapted):
    """A policy that wants to know which actions can matter."""

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
        action_masks: NDArray[np.bool_] | None = None,
    ) -> tuple[np.ndarray, Any]:
        """As of any policy; ``action_masks`` is (n, 8), or (n, K) for the menu."""
        told = {"state": state, "episode_start": episode_start, "deterministic": deterministic}
        return self._answer(np.asarray(observation), told | {"action_masks": action_masks})


def _twin(policy: Any) -> Any:
    """A copy of an object of the user's own; None of a function, of a model or a network, and where there can be none.

    Models and networks take batches, and are large.
    """
    torch = sys.modules.get("torch")
    if hasattr(policy, "observation_space") or (torch is not None and isinstance(policy, torch.nn.Module)):
        return None
    try:
        twin = copy.deepcopy(policy)
    except Exception:  # locks, open files, compiled code
        return None
    return None if twin is policy else twin


def _plain(value: Any) -> Any:
    """A tensor as an array; anything else as it is."""
    torch = sys.modules.get("torch")
    is_tensor = torch is not None and isinstance(value, torch.Tensor)
    return value.detach().cpu().numpy() if is_tensor else value
