"""How a network of torch is asked: in evaluation mode, with numbers of its own type, and left as it was."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np

_STATES = ("state", "states", "hidden", "hidden_state", "h", "hx", "h0")
"""What the second argument of ``forward`` may be called to be a state although it has a default."""


def asked(network: Any, torch: Any) -> tuple[Callable[..., Any], bool]:
    """How to ask a network, and whether it takes what it returned beside the actions the month before."""
    takes_state = _takes_state(network.forward)
    dtype = next((one.dtype for one in _tensors(network) if one.is_floating_point()), torch.float32)

    def ask(observation: np.ndarray, state: Any = None) -> Any:
        with torch.no_grad(), _evaluating(network):
            seen = torch.as_tensor(np.ascontiguousarray(observation), dtype=dtype)
            return network(seen, state) if takes_state else network(seen)

    return ask, takes_state


def _takes_state(forward: Any) -> bool:
    if hasattr(forward, "schema"):  # TorchScript
        return any(_is_state(one.name, one.has_default_value()) for one in forward.schema.arguments[2:3])
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        return False
    by_place = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return any(_is_state(one.name, one.default is not one.empty) for one in by_place[1:2])


def _is_state(name: str, has_default: bool) -> bool:
    return not has_default or name in _STATES


def _tensors(network: Any) -> Iterator[Any]:
    return chain(network.parameters(), network.buffers())


@contextmanager
def _evaluating(network: Any) -> Iterator[None]:
    """Without dropout and the like; each part is then put back into the mode that it was in."""
    training = [part for part in network.modules() if getattr(part, "training", False)]
    network.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True
