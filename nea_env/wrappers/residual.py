"""Actions that correct the just-in-time rule, for one firm."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import ArrayLike, NDArray

from nea_env.core.layout import Action
from nea_env.envs.actions import SIZE, read_box
from nea_env.envs.firm import FirmEnv
from nea_env.envs.suggested import freedom, just_in_time
from nea_env.library.errors import shown


class ResidualAction(gymnasium.ActionWrapper[Any, Any, Any], RecordConstructorArgs):
    """Adds each action to the just-in-time rule's own: an agent starts there, and learns what to do otherwise.

    ## Description

    The rule trades what closes the gap evenly by the deadline and abates up to the price of the tonne due; both stand
    in the observation, as `even_trade` and `abate_at_price`. What is played is

        rule + scale × action,

    cut to [-1, 1] as any action is. An action of zeros is the rule, and a policy whose output starts near zero starts
    near it. In the month of a deadline the correction of `trade` is left out, so that the duty is met to the tonne.
    The other six actions pass as they are, but for the scale. This is prior knowledge, not learning: say so beside a
    score. `agents/residual.py` builds the same into a policy of Stable-Baselines3, with the same functions.

    | Parameter | Type | Default | Description |
    |---|---|---|---|
    | `env` | **Env** | | Of this package, with Box actions; other wrappers may lie between |
    | `scale` | **float** or **(8,)** | `1.0` | How far an action of 1 leads from the rule; one number for each action |

    Args:
        env: as above.
        scale: as above.

    Raises:
        ValueError: the environment is another, or has the menu's actions; or a scale is not a number above 0.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], scale: ArrayLike = 1.0) -> None:
        RecordConstructorArgs.__init__(self, scale=scale)
        gymnasium.ActionWrapper.__init__(self, env)
        firm = env.unwrapped
        if not isinstance(firm, FirmEnv) or firm.menu is not None:
            raise ValueError(f"env is {env}: expected one of nea_env's with Box actions, such as nea/KETS-v0")
        self._firm = firm
        self._scale = scale_of(scale)

    def action(self, action: Any) -> NDArray[np.float32]:
        """The action that is played for a correction, (8,).

        Raises:
            ValueError: a wrong shape, or a number that is not finite.
        """
        return corrected(self._firm.batch.observe(), read_box(action), self._scale)[0]


def scale_of(scale: ArrayLike) -> NDArray[np.float32]:
    """The scale of each action, (8,) float32; ValueError unless it is finite and above 0."""
    array = np.asarray(scale) if np.ndim(scale) < 2 else np.zeros(0)
    is_real = array.dtype.kind in "fiu" and array.shape in ((), (SIZE,))
    if not is_real or not np.isfinite(array).all() or not (array > 0.0).all():
        raise ValueError(f"scale is {shown(scale)}: expected a number above 0, or {SIZE} of them")
    return np.broadcast_to(array.astype(np.float32), (SIZE,)).copy()


def corrected(observation: ArrayLike, correction: ArrayLike, scale: ArrayLike = 1.0) -> NDArray[np.float32]:
    """The action that a correction leads to, to evaluate without the wrapper what has learned with it.

    ```python
    >>> import nea_env
    >>> from nea_env.wrappers import corrected
    >>> def policy(observation):  # all that the model does is not to abate
    ...     model = np.array([0, -1, 0, 0, 0, 0, 0, 0])
    ...     return corrected(observation, np.broadcast_to(model, (*observation.shape[:-1], 8)))
    >>> result = nea_env.evaluate(policy, "nea/KETS-v0", episodes=10, progress=False)

    ```

    Args:
        observation: (OBSERVATION,) or (n, OBSERVATION), as the environment gives it.
        correction: (8,) or (n, 8), cut to [-1, 1].
        scale: of the wrapper.

    Returns:
        The rule's action plus ``scale`` times the correction, as far as the month leaves it free; shaped as that.
    """
    seen = np.atleast_2d(np.asarray(observation, np.float32))
    change = scale_of(scale) * np.clip(np.atleast_2d(np.asarray(correction, np.float32)), -1.0, 1.0)
    change[:, Action.TRADE] *= freedom(seen)
    return (just_in_time(seen) + change).reshape(np.shape(correction))
