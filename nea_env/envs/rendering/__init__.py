"""What ``render`` shows: the episode so far, as text or as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nea_env.envs.arguments import one_of
from nea_env.envs.rendering.history import History
from nea_env.envs.rendering.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        scenarios: what is played.
        scenario_of: (n,) which of them each row plays; None: one row.
    """

    def __init__(self, mode: str, scenarios: Sequence[Scenario], scenario_of: NDArray[np.int64] | None = None) -> None:
        self._mode = mode
        self._scenarios = tuple(scenarios)
        self._scenario_of = [0] if scenario_of is None else scenario_of.tolist()
        self._history = History(len(self._scenario_of))
        self._pictures: dict[int, Picture] = {}  # made for the first frame; one serves all rows of a scenario

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
        played = self._scenario_of[row]
        if self._mode == "ansi":
            return text(self._scenarios[played], months)
        if played not in self._pictures:
            self._pictures[played] = _new_picture(self._scenarios[played])
        return self._pictures[played].frame(months)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pictures": {}}  # drawing a figure again is faster than copying it


def _new_picture(scenario: Scenario) -> Picture:
    try:
        from nea_env.envs.rendering.picture import Picture
    except ImportError as error:
        from gymnasium.error import DependencyNotInstalled

        needed = "render_mode='rgb_array' needs matplotlib: pip install 'nea-env[render]'"
        raise DependencyNotInstalled(needed) from error
    return Picture(scenario)
