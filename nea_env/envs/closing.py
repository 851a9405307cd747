"""What a vector environment tells of rows whose episode has ended, as ``SyncVectorEnv`` collects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nea_env.core.batch import Batch


def closing(batch: Batch, ended: NDArray[np.bool_]) -> dict[str, Any]:
    """Accounts and flows of the rows that ended."""
    info: dict[str, Any] = {}
    for name, table in (("accounts", batch.accounts()), ("flows", batch.flows())):
        gathered: dict[str, Any] = {}
        for key, values in table.items():
            gathered[key] = np.where(ended, values, 0.0)
            gathered[f"_{key}"] = ended.copy()
        info[name] = gathered
        info[f"_{name}"] = ended.copy()
    return info


def final(
    observation: NDArray[np.float32],
    mask: NDArray[np.bool_],
    closed: dict[str, Any],
    ended: NDArray[np.bool_],
    observe_mask: bool,
) -> dict[str, Any]:
    """``final_obs`` and ``final_info`` of the rows about to be reset.

    Args:
        observation: (n, OBSERVATION) before the reset.
        mask: (n, A) what could matter then; this function keeps it.
        closed: what ``closing`` told; this function adds the mask.
        ended: (n,) the rows.
        observe_mask: whether the observation holds the mask.
    """
    final_obs = np.full(len(ended), None, dtype=object)
    for row in np.flatnonzero(ended):
        final_obs[row] = observation[row]
        if observe_mask:
            final_obs[row] = {"observation": observation[row], "action_mask": mask[row].astype(np.int8)}
    mask[~ended] = False
    closed["action_mask"] = mask
    closed["_action_mask"] = ended.copy()
    return {
        "final_obs": final_obs,
        "_final_obs": ended.copy(),
        "final_info": closed,
        "_final_info": ended.copy(),
    }


def told(info: dict[str, Any], name: str, values: NDArray[np.float64], rows: NDArray[np.bool_]) -> None:
    """Add what single environments of ``rows`` (n,) would tell, with a mask of them; nothing if there are none."""
    if rows.any():
        info[name] = np.where(rows, values, 0.0)
        info[f"_{name}"] = rows.copy()
