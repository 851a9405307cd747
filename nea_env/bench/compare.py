"""Scenarios side by side on common draws: ``nea_env.compare(["kets", "kets regime.banking.*.limit=unlimited"])``."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from nea_env.bench import compared, comparison, exports
from nea_env.bench.compare_policies import by_name, check_searched, is_rule
from nea_env.bench.compared import Cell, Floats, Prices
from nea_env.bench.policies import as_policy
from nea_env.bench.scenario_arguments import Argument, loaded, names_of, on_menu
from nea_env.bench.worths import Variant, letter, variants
from nea_env.envs.arguments import whole_number
from nea_env.library.columns import paragraph, table
from nea_env.library.grammar import Overrides
from nea_env.policies.by_name import opponents as rules_tuned
from nea_env.policies.by_name import told
from nea_env.policies.outcome import Outcome
from nea_env.policies.seeds import EVALUATION_SEEDS
from nea_env.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

POLICIES = ("just_in_time", "lever_rule")
"""Who plays every scenario, if nobody else is named."""

CAPTION = (
    "95 % intervals; differences are paired, on the same draws, to the first scenario: a negative cost is a saving."
    " Costs are in % of each scenario's exposure, tonnes in % of its firm's baseline emissions of a year,"
    " both as drawn in each episode."
)
BOTH_WORTHS = (
    "At given prices: the change is this firm's alone (firm.rights, or its own link), and price and front discount stay"
    " those of the first scenario. Through the price: it holds for everybody, and the market answers as far as it can."
)
WIDTH = 110


@dataclass(frozen=True, repr=False)
class Comparison:
    """What came of a comparison of scenarios; printing it shows the table.

    Attributes:
        variants: what was played: the first scenario, then the others, each at given prices and through the price
            where a change of the law has both worths.
        first_seed: of the episodes, which have seeds one after the other.
        episodes: number of them, the same for everything that was played.
        outcomes: by policy, one for each variant.
        prices: of each variant.
        emissions: (n,) baseline emissions of each episode's own firm, t a year, of each variant.
        notes: what no number says: changes that no price answers, scenarios that differ in money or length.
        about: what each policy is, in a line.
    """

    variants: tuple[Variant, ...]
    first_seed: int
    episodes: int
    outcomes: Mapping[str, tuple[Outcome, ...]]
    prices: tuple[Prices, ...]
    emissions: tuple[Floats, ...]
    notes: tuple[str, ...]
    about: Mapping[str, str]

    @property
    def cells(self) -> list[Cell]:
        """Prices, and every quantity of every policy, in every variant, with intervals and differences to the first."""
        labels = [variant.label for variant in self.variants]
        first = self.scenarios[0].market.currency
        same_money = [scenario.market.currency == first for scenario in self.scenarios]
        found = []
        for name in compared.MARKET:
            of = [getattr(prices, name) for prices in self.prices]
            for place, label in enumerate(labels):
                other = of[0] if place and (same_money[place] or name != "price") else None
                found.append(compared.cell("market", name, label, of[place], other))
        for policy, outcomes in self.outcomes.items():
            all_of = [
                compared.values(scenario, one, annual)
                for scenario, one, annual in zip(self.scenarios, outcomes, self.emissions, strict=True)
            ]
            for name in compared.QUANTITIES:
                for place, label in enumerate(labels):
                    other = all_of[0][name] if place else None
                    found.append(compared.cell(policy, name, label, all_of[place][name], other))
        return found

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """What was played, in the order of ``variants``."""
        return tuple(variant.scenario for variant in self.variants)

    @property
    def title(self) -> str:
        """How often the scenarios were played, and what they have in common."""
        last = self.first_seed + self.episodes - 1
        changes = [scenario.changes for scenario in self.scenarios]
        common = [change for change in changes[0] if all(change in one for one in changes)]
        of_all = f", all with {' '.join(common)}" if common else ""
        return f"{self.episodes:,} episodes on common draws, seeds {self.first_seed} to {last}{of_all}"

    @property
    def key(self) -> list[str]:
        """What the letters of the table stand for."""
        return list(dict.fromkeys(f"{letter(variant.place)}: {variant.name}" for variant in self.variants))

    def __str__(self) -> str:
        """A table for each policy, then what is to be said of them."""
        lines = [*paragraph(self.title, WIDTH), *(line for text in self.key for line in paragraph(text, WIDTH)), ""]
        for heading, body in self._tables():
            lines += [*paragraph(heading, WIDTH), *table(compared.HEAD, body, WIDTH), ""]
        return "\n".join([*lines, *(line for text in self._remarks() for line in paragraph(text, WIDTH))])

    __repr__ = __str__

    def _tables(self) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
        """A heading and lines: of the market, then of each policy."""
        cells, short = self.cells, {variant.label: variant.short for variant in self.variants}
        money = ", ".join(dict.fromkeys(f"{scenario.market.currency}/t" for scenario in self.scenarios))
        headings = {"market": "market: prices that the firm finds"}
        headings |= {policy: f"{policy}: {about}" for policy, about in self.about.items()}
        return [
            (heading, compared.lines([one for one in cells if one.policy == policy], short, money))
            for policy, heading in headings.items()
        ]

    def _remarks(self) -> list[str]:
        both = [BOTH_WORTHS] if any(variant.how for variant in self.variants) else []
        return [CAPTION, *both, *self.notes, *self._without_effect()]

    def _without_effect(self) -> list[str]:
        cells = [one for one in self.cells if one.difference is not None]
        touched = {one.label for one in cells if one.difference is not None and any(one.difference.values())}
        return [
            f"{variant.short}: nothing differs in any episode: none of these policies meets what is changed."
            for variant in self.variants[1:]
            if variant.label not in touched
        ]

    def _repr_html_(self) -> str:
        """The tables in a notebook."""
        parts = [f"<p>{'<br>'.join(map(html.escape, (self.title, *self.key)))}</p>"]
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in compared.HEAD)
        for heading, lines in self._tables():
            body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in lines)
            caption = f"<caption>{html.escape(heading)}</caption>"
            parts.append(f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        return f"{''.join(parts)}<p>{'<br>'.join(map(html.escape, self._remarks()))}</p>"

    def to_dict(self) -> dict[str, Any]:
        """Plain values: what was played, the figures by policy, quantity and scenario, and by vintage and month."""
        figures: dict[str, Any] = {}
        for cell in self.cells:
            figures.setdefault(cell.policy, {}).setdefault(cell.quantity, {})[cell.label] = {
                **cell.interval,
                "difference": cell.difference,
            }
        return {
            "episodes": self.episodes,
            "first_seed": self.first_seed,
            "scenarios": [
                {
                    "label": variant.label, "scenario": variant.scenario.name, "how": variant.how,
                    "changes": list(variant.scenario.changes), "digest": variant.scenario.digest,
                    "annual_emissions_t": float(annual.mean()),
                    "currency": variant.scenario.market.currency,
                }
                for variant, annual in zip(self.variants, self.emissions, strict=True)
            ],
            "about": dict(self.about),
            "notes": list(self.notes),
            "units": {name: quantity.unit for name, quantity in (compared.QUANTITIES | compared.MARKET).items()},
            "figures": figures,
            "by_vintage_t": {
                policy: {
                    variant.label: {"vintages": list(one.years)}
                    | {name: values.mean(axis=0).tolist() for name, values in one.yearly.items()}
                    for variant, one in zip(self.variants, outcomes, strict=True)
                }
                for policy, outcomes in self.outcomes.items()
            },
        }  # fmt: skip

    def to_json(self) -> str:
        """The same as JSON."""
        return exports.as_json(self.to_dict())

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each policy, quantity and scenario: means, intervals and paired differences.

        Raises:
            ImportError: pandas is not installed.
        """
        return (
            exports.pandas()
            .DataFrame([cell.flat() for cell in self.cells])
            .set_index(["policy", "quantity", "scenario"])
        )

    def to_csv(self) -> str:
        """The same rows as text, with commas."""
        return compared.csv(self.cells)

    def to_latex(self) -> str:
        """A tabular environment with booktabs rules, for a paper: a block for each policy."""
        comment = "; ".join([self.title, *self.key, CAPTION])
        lines = [f"% {comment}", r"\begin{tabular}{llrr}", r"\toprule"]
        lines.append(" & ".join(map(comparison.in_latex, compared.HEAD)) + r" \\")
        for heading, body in self._tables():
            name = heading.partition(": ")[0].replace("_", " ")
            lines += [r"\midrule", rf"\multicolumn{{4}}{{l}}{{{comparison.in_latex(name)}}} \\"]
            lines += [" & ".join(map(comparison.in_latex, row)) + r" \\" for row in body]
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])

    def plot(self, path: str | Path | None = None, *, width_mm: float = 174) -> Figure:
        """The figure: every scenario over the others; see ``compare_figure.draw``."""
        from nea_env.bench.compare_figure import draw

        return draw(self, path=path, width_mm=width_mm)


def compare(
    scenarios: Sequence[Argument],
    *,
    policies: Any = POLICIES,
    price: str = "given",
    episodes: int = 1_000,
    seed: int = EVALUATION_SEEDS,
    overrides: Overrides = (),
    progress: bool = True,
) -> Comparison:
    """Play the same policies in several scenarios on the same draws, and tell what differs.

    ```python
    >>> import nea_env
    >>> found = nea_env.compare(["kets", "kets regime.banking.*.limit=none"], episodes=20, progress=False)
    >>> [variant.how for variant in found.variants]
    ['', 'at given prices', 'through the price']

    ```

    Args:
        scenarios: at least two: ``"kets regime.banking.*.limit=unlimited"``, a scenario with its changes in one text;
            or an id, a path, a mapping or a `Scenario`. The first is what the others are compared with. In ids of
            discrete twins (``nea/KETSDiscrete-v0``), which have to be all of them, policies choose from the menu.
        policies: a rule by name or anything else that ``as_policy`` takes, several in a list, or by name,
            ``{"first": …}``. Those of one name are told apart by a number, files by their folder. Rules that take
            parameters are tuned for each scenario: a right is worth what its best use is worth.
        price: ``"given"``: as each scenario has it; ``"equilibrium"``: ``market.law=equilibrium`` for all of them.
        episodes: number of them, at least 2.
        seed: the first one's; 1,000,000 or more, since lower ones are for training.
        overrides: changes to every scenario, ``"market.price=30"``, several in a list, or ``{"market.price": 30}``.
        progress: show bars, if it takes more than two seconds.

    Raises:
        ScenarioError: no such scenario, or a change is refused; the line says in which argument.
        ValueError: fewer than two scenarios, no such policy, or a number out of its range.
    """
    asked, menu = loaded(scenarios, overrides, price), on_menu(scenarios)
    return compare_loaded(asked, menu=menu, policies=policies, episodes=episodes, seed=seed, progress=progress)


def compare_loaded(
    asked: Sequence[Scenario],
    *,
    menu: bool = False,
    policies: Any = POLICIES,
    episodes: int = 1_000,
    seed: int = EVALUATION_SEEDS,
    progress: bool = True,
) -> Comparison:
    """The same for scenarios that are loaded; ``menu``: policies that don't say how they act choose from the menu."""
    first, number = whole_number(seed, "seed", EVALUATION_SEEDS), whole_number(episodes, "episodes", 2)
    seeds = comparison.evaluation_seeds(first, number)
    own = by_name(policies)
    if not own:
        raise ValueError(f"policies: there is none; expected some, such as {', '.join(POLICIES)}")
    names = names_of(asked)
    played, notes = [Variant(0, names[0], "", asked[0])], compared.apart(asked, names)
    others = [variants(asked[0], asked[place], place, names[place]) for place in range(1, len(asked))]
    check_searched(own, [*played, *(variant for chosen, _ in others for variant in chosen)])
    prices = [compared.prices(asked[0], seeds, progress)]
    for place, (chosen, said) in enumerate(others, start=1):
        found = [compared.prices(variant.scenario, seeds, progress) for variant in chosen]
        if len(chosen) == 2 and compared.same(*found):  # nothing answers: one row
            said.append(f"{names[place]}: through the price it is worth the same, since price and front discount stay.")
            chosen, found = chosen[:1], found[:1]
        played, notes = [*played, *chosen], [*notes, *said]
        prices += found
    outcomes = _played(own, played, seeds, menu, progress)
    annual = tuple(compared.emissions(variant.scenario, seeds) for variant in played)
    about = {name: told(one, asked[0]) if is_rule(one) else "yours" for name, one in own.items()}
    return Comparison(tuple(played), first, number, outcomes, tuple(prices), annual, tuple(notes), about)


def _played(
    policies: Mapping[str, Any], played: Sequence[Variant], seeds: np.ndarray, menu: bool, progress: bool
) -> dict[str, tuple[Outcome, ...]]:
    """By policy, an outcome for each variant; a scenario that is played twice is played once."""
    rules = [one for one in policies.values() if is_rule(one)]
    found: dict[str, dict[str, Outcome]] = {}
    total = len({variant.scenario.digest for variant in played}) * len(policies) * len(seeds)
    with tqdm(total=total, desc="episodes", delay=2.0, leave=False, disable=None if progress else True) as bar:
        for variant in played:
            if variant.scenario.digest in found:
                continue
            tuned = rules_tuned(rules, variant.scenario, progress)
            players = {
                name: tuned[one] if is_rule(one) else as_policy(one, variant.scenario, discrete=menu)
                for name, one in policies.items()
            }
            found[variant.scenario.digest] = comparison.outcomes_of(
                players, variant.scenario, seeds, progress=bar.update
            )
    return {name: tuple(found[variant.scenario.digest][name] for variant in played) for name in policies}
