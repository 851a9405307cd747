"""The one error of everything that describes an episode."""

from __future__ import annotations


class ScenarioError(ValueError):
    """A scenario, or a file behind it, cannot be used; the message is one line."""
