"""Wrappers for Gymnasium's environments of this package; ``nea_env.wrappers.vector`` has them for many firms.

```python
>>> import gymnasium as gym
>>> import numpy as np
>>> import nea_env
>>> from nea_env.wrappers import ResidualAction
>>> env = ResidualAction(gym.make("nea/KETS-v0"))
>>> observation, info = env.reset(seed=0)
>>> observation, reward, *_ = env.step(np.zeros(8))  # no correction: a month of the just-in-time rule

```
"""

from __future__ import annotations

from nea_env.wrappers import vector
from nea_env.wrappers.residual import ResidualAction, corrected

__all__ = ["ResidualAction", "corrected", "vector"]
