"""Scenarios, and changes to all of them, as the words of a command line: ``kets tps market.price=30``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nea_env.library.compose import load_scenario
from nea_env.scenario import Scenario, ScenarioError

METAVAR = "SCENARIO | KEY=VALUE"
EXPLAINED = (
    "a shipped name, or a path such as mine.yaml; KEY=VALUE changes every scenario named, such as market.price=30 or"
    " regime.banking.2018.limit=none"
)


class Named(NamedTuple):
    """What a command line names.

    Attributes:
        scenarios: names and paths, as typed.
        overrides: changes ``path=value``, as typed.
    """

    scenarios: tuple[str, ...]
    overrides: tuple[str, ...]

    def load(self, own: Mapping[str, Mapping[str, Any]] | None = None) -> list[Scenario]:
        """The scenarios with the changes, in order.

        Args:
            own: changes that a command makes to some of them first, by name.

        Raises:
            ScenarioError: one line; with several scenarios it names the one that refuses.
        """
        return [self._loaded(name, (own or {}).get(name, {})) for name in self.scenarios]

    def _loaded(self, name: str, own: Mapping[str, Any]) -> Scenario:
        scenario = load_scenario(name, own)
        try:
            return load_scenario(scenario, self.overrides)
        except ScenarioError as error:
            raise ScenarioError(f"{name}: {error}" if len(self.scenarios) > 1 else str(error)) from None


def named(words: Sequence[str], default: Sequence[str]) -> Named:
    """The words of a command line that are not options: what has an equals sign is a change.

    Args:
        words: in any order.
        default: scenarios if none is named.
    """
    scenarios = tuple(dict.fromkeys(word for word in words if "=" not in word))
    return Named(scenarios or tuple(default), tuple(word for word in words if "=" in word))
