"""What ``render`` shows: the episode so far, as text or as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nea_env.envs.arguments import one_of
from nea_env.envs.rendering.history import History
from nea_env.envs.rendering.text import text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nea_env.core.batch import Batch
    from nea_env.envs.rendering.picture import Picture
    from nea_env.scenario import Scenario

RENDER_MODES = ["ansi", "rgb_array"]
RENDER_FPS = 6  # half a year per second

NO_RENDER_MODE = "render() needs a render_mode: make the environment with one of " + ", ".join(RENDER_MODES)


def check_render_mode(mode: Any) -> None:
    """Raise ValueError for a mode that is not offered."""
    if mode is not None:
        one_of(mode, "render_mode", RENDER_MODES)


class Renderer:
    """The frames of an environment's rows. A copy has the same history and draws its own pictures.

    Args:
        mode: one of `RENDER_MODES`.
        scenario: what all rows play.
        n: rows.
    """

    def __init__(self, mode: str, scenario: Scenario, n: int) -> None:
        self._mode = mode
        self._scenario = scenario
        self._history = History(n)
        self._picture: Picture | None = None  # made for the first frame; one serves all rows

    def begin(self, batch: Batch, rows: NDArray[np.bool_] | None = None) -> None:
        """Note the state after a reset of some rows (all without a mask)."""
        self._history.begin(batch, rows)

    def record(self, batch: Batch, began: NDArray[np.bool_] | None = None) -> None:
        """Note the month just played; ``began`` rows start their episode here."""
        self._history.record(batch, began)

    def restart(self, batch: Batch, rows: NDArray[np.bool_]) -> None:
        """Forget all history; the episodes of ``rows`` are shown from the present state on, other rows not at all."""
        self._history = History(batch.n)
        self._history.begin(batch, rows)

    def frame(self, row: int) -> str | NDArray[np.uint8]:
        """One row's frame: text, or a new array (H, W, 3) uint8, always of the same shape.

        Raises:
            gymnasium.error.DependencyNotInstalled: a picture is asked for without matplotlib.
        """
        months = self._history.row(row)
        if self._mode == "ansi":
            return text(self._scenario, months)
        if self._picture is None:
            self._picture = _new_picture(self._scenario)
        return self._picture.frame(months)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_picture": None}  # drawing a figure again is faster than copying it


def _new_picture(scenario: Scenario) -> Picture:
    try:
        from nea_env.envs.rendering.picture import Picture
    except ImportError as error:
        from gymnasium.error import DependencyNotInstalled

        needed = "render_mode='rgb_array' needs matplotlib: pip install 'nea-env[render]'"
        raise DependencyNotInstalled(needed) from error
    return Picture(scenario)
