"""Actions that correct the just-in-time rule, for many firms."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import VectorActionWrapper, VectorEnv
from numpy.typing import ArrayLike, NDArray

from nea_env.envs.actions import read_boxes
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.wrappers.residual import corrected, scale_of

__all__ = ["ResidualAction"]


class ResidualAction(VectorActionWrapper):
    """Adds each row's action to the just-in-time rule's own, as `nea_env.wrappers.ResidualAction` does for one firm.

    ```python
    >>> import gymnasium as gym
    >>> import nea_env
    >>> from nea_env.wrappers.vector import ResidualAction
    >>> envs = ResidualAction(gym.make_vec("nea/KETS-v0", num_envs=64, reward="marked"))

    ```

    Every row plays what a wrapped single environment plays, bit for bit, under each autoreset mode.

    | Parameter | Type | Default | Description |
    |---|---|---|---|
    | `env` | **VectorEnv** | | Of this package, from `gym.make_vec`, with Box actions |
    | `scale` | **float** or **(8,)** | `1.0` | How far an action of 1 leads from the rule; one number for each action |

    Args:
        env: as above.
        scale: as above.

    Raises:
        ValueError: the environment is another, or has the menu's actions; or a scale is not a number above 0.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], scale: ArrayLike = 1.0) -> None:
        super().__init__(env)
        firms = env.unwrapped
        if not isinstance(firms, FirmVectorEnv) or firms.menu is not None:
            raise ValueError(f"env is {env}: expected one of nea_env's from gym.make_vec, with Box actions")
        self._firms = firms
        self._scale = scale_of(scale)

    def actions(self, actions: Any) -> NDArray[np.float32]:
        """The actions that are played for corrections, (n, 8).

        Raises:
            ValueError: a wrong shape, or a number that is not finite.
        """
        given = read_boxes(actions, self._firms.num_envs)
        return corrected(self._firms.batch.observe(), given, self._scale)
