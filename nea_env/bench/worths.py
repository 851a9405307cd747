"""The two worths of a change of the law: to one firm at given prices, and to everybody through the price.

At given prices a firm alone has the new rule (``firm.rights``), or the link: price, front discount and market stay
those of the scenario that it is compared with. Through the price the rule changes for everybody, the bounds of the
front's discount follow it, and under ``market.law=equilibrium`` the price answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nea_env.core.lowering.aggregate.link import is_joint
from nea_env.library import load_scenario
from nea_env.library.answers import changed_rules, unanswered
from nea_env.scenario import Scenario, ScenarioError
from nea_env.scenario.rights import Rights

GIVEN, THROUGH = "at given prices", "through the price"
_ANSWERS = "With market.law=equilibrium"
_ASKED = "With market.law=equilibrium for all (--price equilibrium)"


class Variant(NamedTuple):
    """What is played for one of the scenarios compared.

    Attributes:
        place: of the scenario among those compared.
        name: of the scenario, with its changes.
        how: ``GIVEN`` or ``THROUGH``; nothing where a change has one worth only, and for the first.
        scenario: what is played.
    """

    place: int
    name: str
    how: str
    scenario: Scenario

    @property
    def label(self) -> str:
        """Name and worth."""
        return f"{self.name}, {self.how}" if self.how else self.name

    @property
    def short(self) -> str:
        """The same with a letter for the name: ``B, at given prices``."""
        return f"{letter(self.place)}, {self.how}" if self.how else letter(self.place)


def letter(place: int) -> str:
    """What tables call a scenario: A is the first."""
    return chr(ord("A") + place)


def variants(base: Scenario, changed: Scenario, place: int, name: str) -> tuple[list[Variant], list[str]]:
    """What to play for a scenario that is compared with another, and what is to be said of it.

    A change of the law has two worths only if nothing else changes beside it: with another market the prices are not
    those of the first, and with another firm the law is not all that it has alone.

    Args:
        base: the first of those compared.
        changed: another one.
        place: its place among those compared.
        name: what to call it.
    """
    plain = Variant(place, name, "", changed)
    if changed.name != base.name:
        return [plain], []
    law = any(not path.startswith("ranges") for path in changed_rules(base.regime, changed.regime))
    linked = [link for link in changed.links if link not in base.links]
    if not law and not linked:
        return [plain._replace(how=GIVEN if changed.firm.rights != base.firm.rights else "")], []
    notes = [f"{name}: {line.replace(_ANSWERS, _ASKED)}" for line in unanswered(base, changed)]
    if linked and not is_joint(changed):
        notes.append(f"{name}: links: {_why_no_link_moves_it(changed)}")
    through = plain._replace(how=THROUGH)
    beside = _beside(base, changed)
    if beside:
        what = f"{' and '.join(beside)} {'changes' if len(beside) == 1 else 'change'}"
        notes.append(
            f"{name}: only through the price: {what} beside the law, and what each is worth can't be told apart;"
            " compare with a first scenario that has all but the change of the law."
        )
        return [through], notes
    given = at_given_prices(base, changed)
    if isinstance(given, str):
        return [through], [*notes, f"{name}: only through the price: {given}"]
    return [plain._replace(how=GIVEN, scenario=given), through], notes


def _beside(base: Scenario, changed: Scenario) -> list[str]:
    """What differs beside the law, links and rights; gaps that follow the law are no difference."""
    asked = [change for change in changed.changes if change not in base.changes]
    market = changed.market.model_copy(update={"gap": base.market.gap}) != base.market
    parts = {
        "market": market or any(change.startswith("market.gap") for change in asked),
        "firm": changed.firm.model_copy(update={"rights": base.firm.rights}) != base.firm,
    }
    parts |= {name: getattr(changed, name) != getattr(base, name) for name in ("start", "first", "last", "policy")}
    return [name for name, differs in parts.items() if differs]


def at_given_prices(base: Scenario, changed: Scenario) -> Scenario | str:
    """The changed scenario in which the market keeps the base's law, price and gap, and the firm alone has the change.

    Returns:
        The scenario, or why there is none.
    """
    own = rights(base, changed)
    if isinstance(own, str):
        return own
    theirs = changed.firm.rights.named
    merged = {
        **own,
        **{key: {**own[key], **rule} if isinstance(own.get(key), dict) else rule for key, rule in theirs.items()},
    }
    links = tuple(link if link in base.links else link.model_copy(update={"regime": None}) for link in changed.links)
    parts = {
        "regime": base.regime,
        "market": base.market,
        "firm": changed.firm.model_copy(update={"rights": Rights(**merged)}),
        "links": links if is_joint(changed) else changed.links,
    }
    try:
        checked = load_scenario(changed.model_copy(update=parts).model_dump(mode="json"))
    except ScenarioError as error:
        return str(error)
    return checked.with_changes(changed.changes)


def rights(base: Scenario, changed: Scenario) -> dict[str, Any] | str:
    """The rules that differ as rights of one firm, or why they can't be."""
    rules = [path for path in changed_rules(base.regime, changed.regime) if not path.startswith("ranges")]
    mechanisms = list(dict.fromkeys(path.split(".")[0] for path in rules))
    beyond = [f"regime.{name}" for name in mechanisms if name not in Rights.model_fields]
    if beyond:
        return f"{', '.join(beyond)}: holds for a whole market, so it can't be a right of one firm (firm.rights)"
    before, after = base.regime.model_dump(mode="json"), changed.regime.model_dump(mode="json")
    own = {name: _differing(before[name], after[name]) for name in mechanisms}
    try:
        played = Rights(**own).over(base.regime)
    except ValueError as error:
        return " ".join(str(error).split("\n")[0].split())
    lost = [f"regime.{name}" for name in mechanisms if getattr(played, name) != getattr(changed.regime, name)]
    if lost:
        return f"{', '.join(lost)}: something is taken out of a rule, which a right of one firm (firm.rights) can't do"
    return own


def _differing(before: Any, after: Any) -> Any:
    """The years of a rule that differ; all of a rule that has no years."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return after
    return {year: rule for year, rule in after.items() if before.get(year) != rule}


def _why_no_link_moves_it(scenario: Scenario) -> str:
    law = scenario.market.law
    if law != "equilibrium":
        article = "an" if law[0] in "aeiou" else "a"
        return (
            f"the price at home is {article} {law} process, which no link moves: the partner's units are one more way"
            f" to comply. {_ASKED} the price answers, where the partner's law is known (links.*.regime)."
        )
    return "the partner's law or market as a whole is not known (links.*.regime), so the price at home doesn't answer."
