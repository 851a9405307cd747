"""Scenarios, and changes to all of them, as the words of a command line: ``kets tps market.price=30``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from nea_env.library.answers import unanswered
from nea_env.library.compose import load_scenario
from nea_env.library.grammar import Overrides
from nea_env.scenario import Scenario, ScenarioError, ScenarioWarning

METAVAR = "SCENARIO | KEY=VALUE"
WORDS = "a shipped name or a path such as mine.yaml; KEY=VALUE changes every scenario named, see below"
EXPLAINED = """\
KEY=VALUE changes every scenario named (docs/overrides.md); scenario. in front of KEY changes nothing:
  market.price=30                                 any value by its dotted path
  regime.banking.2018.limit=none                  one year of a rule, by the first year of its period
  regime.banking.*.limit=unlimited                every year there is; also every item, as in links.*.quota=0.1
  regime.banking.2018-2020.limit=none             every year in that span
  firm=kets_steel  market=kau  links=[kets_tps]   a shipped name or a path where a part is expected
  regime.penalty=pilot_beijing.penalty            a section of another regime, its years by their order
  regime.banking.2018=pilot_tianjin.banking.2016  one year of it
  firm.scale=2                                    the whole firm, twice as large
Of two changes of one value the later wins; whole parts come first. Quote * and [ ] for the shell."""
"""What every command's help says of overrides, in the same words."""


class Named(NamedTuple):
    """What a command line names.

    Attributes:
        scenarios: names and paths, as typed.
        overrides: changes ``path=value``, as typed.
        settings: of the command itself, by key.
    """

    scenarios: tuple[str, ...]
    overrides: tuple[str, ...]
    settings: Mapping[str, str] = {}

    def load(self, own: Mapping[str, Mapping[str, Any]] | None = None) -> list[Scenario]:
        """The scenarios with the changes, in order; what is warned of is one line on stderr.

        Args:
            own: changes that a command makes to some of them first, by name.

        Raises:
            ScenarioError: one line; with several scenarios it names the one that refuses.
        """
        told = set[str]()
        return [self._loaded(name, (own or {}).get(name, {}), told) for name in self.scenarios]

    def _loaded(self, name: str, own: Mapping[str, Any], told: set[str]) -> Scenario:
        scenario = load_scenario(name, own)
        try:
            return load_in_one_line(scenario, self.overrides, told)
        except ScenarioError as error:
            raise ScenarioError(f"{name}: {error}" if len(self.scenarios) > 1 else str(error)) from None


def named(words: Sequence[str], default: Sequence[str], settings: Collection[str] = ()) -> Named:
    """The words of a command line that are not options: what has an equals sign is a change.

    Args:
        words: in any order; ``scenario=NAME`` and ``env=NAME`` name a scenario too.
        default: scenarios if none is named.
        settings: keys that belong to the command.
    """
    scenarios, overrides, own = [], [], {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key in ("scenario", "env"):
            scenarios.append(value if equals else word)
        elif key in settings:
            own[key] = value
        else:
            overrides.append(word)
    return Named(tuple(dict.fromkeys(scenarios)) or tuple(default), tuple(overrides), own)


def load_in_one_line(scenario: str | Scenario, overrides: Overrides, told: set[str] | None = None) -> Scenario:
    """A scenario for a command: warnings about it, and what its price does not answer, are one line each on stderr.

    Args:
        scenario: by name or path, or loaded.
        overrides: of it.
        told: lines that are not said again; what is said is added. None: everything is said, each line once.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ScenarioWarning)
        base = load_scenario(scenario)
        loaded = load_scenario(base, overrides)
    lines = [f"warning: {text}" for text in told_in_one_line(caught)]
    lines += [f"note: {line}" for line in unanswered(base, loaded)]
    said = set[str]() if told is None else told
    for line in lines:
        if line not in said:
            said.add(line)
            print(line, file=sys.stderr, flush=True)
    return loaded


def told_in_one_line(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """What is warned of scenarios; all other warnings are passed on as they were."""
    told = []
    for warning in caught:
        if issubclass(warning.category, ScenarioWarning):
            told.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return told
