"""The normal distribution, on arrays."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from nea_env.solvers.closed_form.arguments import Array

_erfc = np.vectorize(math.erfc, otypes=[float])
_quantile = np.vectorize(NormalDist().inv_cdf, otypes=[float])


def chance_below(z: ArrayLike) -> Array:
    """Chance of a draw of at most ``z`` standard deviations; 0 and 1 at the infinities."""
    return 0.5 * _erfc(-np.asarray(z, float) / math.sqrt(2.0))


def quantile(chance: ArrayLike) -> Array:
    """The ``z`` below which a draw lies with a chance of more than 0 and less than 1."""
    return _quantile(np.asarray(chance, float))
