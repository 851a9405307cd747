"""Any policy beside the rules, on held-out episodes: ``nea_env.evaluate(policy, "nea/KETS-v0")``."""

from __future__ import annotations

import html
import inspect
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tqdm import tqdm

from nea_env.bench import comparison, exports
from nea_env.bench.policies import as_policy, name_of
from nea_env.bench.score import OPTIMUM, Score, optimum, scores
from nea_env.bench.target import Target, is_discrete, scenario_of
from nea_env.envs.arguments import SEED_END, whole_number
from nea_env.library.errors import did_you_mean, shown
from nea_env.policies.by_name import RULES, told
from nea_env.policies.by_name import opponents as rules_tuned
from nea_env.policies.outcome import Outcome
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario
from nea_env.solvers.bracket import Bracket, kept_bracket

OPPONENTS = ("just_in_time", "searched_rule", "tuned_rule", "lever_rule", "threshold_rule", "fitted_rule")
"""Rules that a policy is compared with."""

_INTERVALS = ("cost_pct", *(f"vs_{name}" for name in comparison.BASELINES))
_NUMBERS = ("compliance_rate", "shortfall_t", "abatement_t", "mean_bank_t", "mean_return")


@dataclass(frozen=True, repr=False)
class Evaluation:
    """What came of a comparison; printing it shows the table.

    Attributes:
        scenario: what was played.
        target: what was asked for: an id or a name.
        first_seed: of the episodes, which have seeds one after the other.
        episodes: number of them, the same for every policy.
        outcomes: by policy: costs, totals and tonnes by vintage of each episode.
        about: what each policy is, in a line.
        exact: scores by policy where the optimum is known.
    """

    scenario: Scenario
    target: str
    first_seed: int
    episodes: int
    outcomes: Mapping[str, Outcome]
    about: Mapping[str, str]
    exact: Mapping[str, Score] = field(default_factory=dict)

    @property
    def bracket(self) -> Bracket | None:
        """Where the optimum lies, as kept for this very scenario; None where nothing is."""
        return kept_bracket(self.scenario)

    @property
    def policies(self) -> dict[str, Any]:
        """Figures by policy, as in ``evaluation.json``."""
        return comparison.summarise(self.outcomes, self.exact)

    @property
    def title(self) -> str:
        """What was played, and how often."""
        last = self.first_seed + self.episodes - 1
        return f"{self.scenario.title} ({self.target}): {self.episodes:,} episodes, seeds {self.first_seed} to {last}"

    def __str__(self) -> str:
        """The table, and a line for each policy below it."""
        summary = self.policies
        cells = [comparison.headings(summary), *comparison.rows(summary)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(pairs))
            for pairs in (list(zip(row, widths, strict=True)) for row in cells)
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        about = [f"{name}: {text}" for name, text in self.about.items()]
        if self.bracket is not None:
            about.append(f"{self.scenario.name}: {self.bracket}")
        return "\n".join([self.title, "", *(line.rstrip() for line in lines), "", comparison.CAPTION, *about])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The table in a notebook."""
        summary = self.policies
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in comparison.headings(summary))
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in comparison.rows(summary)
        )
        about = "".join(f"<br>{html.escape(name)}: {html.escape(text)}" for name, text in self.about.items())
        caption = f"<caption>{html.escape(self.title)}</caption>"
        table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{html.escape(comparison.CAPTION)}{about}</p>"

    def to_dict(self) -> dict[str, Any]:
        """Plain values: what was played, what each policy is, and the figures of ``evaluation.json``."""
        return {
            "scenario": self.scenario.name,
            "digest": self.scenario.digest,
            "target": self.target,
            "episodes": self.episodes,
            "first_seed": self.first_seed,
            "about": dict(self.about),
            "policies": self.policies,
        }

    def to_json(self) -> str:
        """The same as JSON."""
        return exports.as_json(self.to_dict())

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each policy: means, ``…_low`` and ``…_high`` of intervals, tonnes.

        Raises:
            ImportError: pandas is not installed.
        """
        return exports.pandas().DataFrame.from_dict(self._flat(), orient="index").rename_axis("policy")

    def _flat(self) -> dict[str, dict[str, float]]:
        ends = {"": "mean", "_low": "low", "_high": "high"}
        flat = {}
        for name, row in self.policies.items():
            bounds = {f"{key}{end}": row[key][part] for key in _INTERVALS if key in row for end, part in ends.items()}
            known = {key: row["exact"][key] for key in ("regret_pct", "score")} if "exact" in row else {}
            flat[name] = bounds | known | {key: row[key] for key in _NUMBERS}
        return flat

    def to_latex(self) -> str:
        """A tabular environment with booktabs rules, for a paper."""
        summary = self.policies
        head, body = comparison.headings(summary), comparison.rows(summary)
        lines = [" & ".join(comparison.in_latex(cell) for cell in row) + r" \\" for row in (head, *body)]
        columns = "l" + "r" * (len(head) - 1)
        top = [rf"% {self.title}; {comparison.CAPTION}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
        return "\n".join([*top, lines[0], r"\midrule", *lines[1:], r"\bottomrule", r"\end{tabular}", ""])


def _kind(policy: Any) -> str:
    """What was given, in a few words."""
    if isinstance(policy, str | os.PathLike):
        return os.fspath(policy)
    kind = policy if isinstance(policy, type) else type(policy)
    return "a function of yours" if inspect.isfunction(policy) else f"yours, {kind.__module__}.{kind.__qualname__}"


def _opponents(names: str | Sequence[str]) -> tuple[str, ...]:
    names = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
    for name in names:
        if name not in RULES:
            raise ValueError(f"opponents: no rule is called {shown(name)}; {did_you_mean(str(name), RULES)}")
    return names


def _own(policy: Any) -> Mapping[str, Any]:
    """The policies that are given, by name."""
    own = policy if isinstance(policy, Mapping) else {name_of(policy): policy}
    for name in own:
        if not isinstance(name, str):
            raise ValueError(f"policy: {shown(name)} is the key of one: expected its name, a text")
    return own


def _called(given: str, policy: Any, taken: Collection[str]) -> str:
    """A name in the table that no other policy has; a rule's own name belongs to that rule."""
    is_rule = isinstance(policy, str) and policy == given
    name, number = given if given not in RULES or is_rule else f"{given} (yours)", 1
    while name in taken:
        name, number = f"{given} (yours)" if number == 1 else f"{given} (yours {number})", number + 1
    return name


def evaluate(
    policy: Any,
    scenario: Target = "nea/KETS-v0",
    *,
    episodes: int = 1_000,
    seed: int = EVALUATION_SEEDS,
    opponents: str | Sequence[str] = OPPONENTS,
    overrides: str | Sequence[str] | Mapping[str, Any] = (),
    progress: bool = True,
) -> Evaluation:
    """Score a policy beside the rules, on the same held-out episodes.

    ```python
    >>> import nea_env
    >>> def mine(observation):  # buys what closes the gap evenly, and abates half of what pays
    ...     action = nea_env.make_rule("just_in_time", "kets").predict(observation)[0]
    ...     return action * [1, 0.5, 1, 1, 1, 1, 1, 1]
    >>> result = nea_env.evaluate(mine, "nea/KETS-v0", episodes=50, progress=False)
    >>> sorted(result.policies)
    ['fitted_rule', 'just_in_time', 'lever_rule', 'mine', 'searched_rule', 'threshold_rule', 'tuned_rule']

    ```

    Args:
        policy: a function, an object with ``predict``, a network, a saved model, …: all that ``as_policy`` takes; or
            several by name, ``{"first": …, "second": …}``. One of yours with the name of a rule is shown as
            ``tuned_rule (yours)``.
        scenario: an id, a shipped name, a path to YAML, a mapping or a `Scenario`.
        episodes: number of them, at least 2.
        seed: the first one's; 1,000,000 or more, since lower ones are for training.
        opponents: rules to compare with, or one's name. Those that take parameters are tuned for this very scenario:
            as shipped, or, where the scenario is changed or your own, on the spot, which takes seconds and is kept in
            the cache. The searched and the fitted rule play where they were found for this very scenario.
        overrides: changes to the scenario, ``["market.price=30"]``, ``{"market.price": 30}`` or ``"market.price=30"``.
        progress: show bars.

    Raises:
        ValueError: no such id, rule or policy, or what the policy returns can't be played.
        ScenarioError: no such scenario, or a change is refused.
    """
    names = _opponents(opponents)
    own = _own(policy)
    first = whole_number(seed, "seed", EVALUATION_SEEDS, SEED_END)
    number = whole_number(episodes, "episodes", 2)
    whole_number(first + number - 1, "seed + episodes - 1", EVALUATION_SEEDS, SEED_END)
    seeds, played = first + np.arange(number, dtype=np.int64), scenario_of(scenario, overrides)
    target = " ".join([scenario if isinstance(scenario, str) else played.name, *played.changes])
    rules = rules_tuned(names, played, progress)
    about = {name: told(name, played) for name in rules}
    policies: dict[str, Any] = rules | optimum(played, progress=progress)
    if OPTIMUM in policies:
        about[OPTIMUM] = "the best policy there is, by backward induction over the month that is played"
    for given, one in own.items():
        name = _called(given, one, {*policies, *own} - {given} | set(policies))
        policies[name] = as_policy(one, played, discrete=is_discrete(scenario))
        about[name] = _kind(one)
    if not policies:
        raise ValueError("policy: none is given and no opponent plays: expected at least one policy")
    with tqdm(total=len(policies) * len(seeds), desc="episodes", leave=False, disable=not progress) as bar:
        outcomes = comparison.outcomes_of(policies, played, seeds, progress=bar.update)
    known = scores(policies, played, progress=progress)
    return Evaluation(played, target, int(seeds[0]), len(seeds), outcomes, about, known)
