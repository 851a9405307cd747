"""The pages of docs/reference: observations, actions, flows and state, written from the field tables."""

from __future__ import annotations

from pathlib import Path

from nea_env.envs.reference import actions, flows, observations, state
from nea_env.library.pages import MARKDOWN

PAGES = {"observations": observations.page, "actions": actions.page, "flows": flows.page, "state": state.page}


def pages(out: Path) -> dict[Path, str]:
    """Every page that belongs in ``out``: path -> text."""
    return {out / f"{name}{MARKDOWN}": "\n".join(page()) + "\n" for name, page in PAGES.items()}
