"""A hundred bad inputs: each ends in one line that names place, key, value and what was allowed, and leaves nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gymnasium
import pytest

import nea_env
from nea_env.core.batch import Batch
from nea_env.library import load_credit, load_link, load_regime, names
from nea_env.market import price_paths
from tests.asserts import assert_same
from tests.bad_commands import ALGORITHMS, COMMANDS, RUN_FOLDERS, SETTINGS
from tests.bad_environments import BOX, CHOICES, CONSTRUCTORS, RESETS, SEED, STATES, environment
from tests.bad_input import ALONE, MISSING, NO_KEYS, UNKNOWN, Bad, Without

MOST_OF_A_KIND = 15
TRAIN = ("setting of a run", "algorithm", "run folder")  # kinds that need the [train] extra
MINE = "name: mine\ntitle: Mine\nstart: 2018-01\nfirst: 2018\nlast: 2020\nregime: kets\nfirm: kets_steel\nmarket: kau\n"


# --- files and overrides --------------------------------------------------------------------------
def _file(given: str, text: str, line: int | None, key: str, value: str, allowed: str) -> Bad:
    where = "mine.yaml" if line is None else f"mine.yaml line {line}"
    files = (("mine.yaml", text),)
    return Bad("file", given, lambda: nea_env.load_scenario("mine.yaml"), where, key, value, allowed, files)


KEST, CEA, MONTH = (
    MINE.replace(*change) for change in (("ime: kets", "ime: kest"), ("kau", "cea"), ("2018-01", "2018-13"))
)
FILES = [
    _file("empty", "", None, NO_KEYS, "empty", "a mapping of keys to values"),
    _file("a list", "- 1\n- 2\n", None, NO_KEYS, "[1, 2]", "a mapping of keys to values"),
    _file("not YAML", "a: [1, 2\n", 2, NO_KEYS, "'<stream end>'", "expected ',' or ']'"),
    _file("a key twice", f"{MINE}name: twice\n", 9, "name", "twice", "allowed: once"),
    _file("an unknown key", f"{MINE}regimes: kets\n", 9, "regimes", UNKNOWN, "did you mean 'regime'? allowed: name"),
    _file("an unknown regime", KEST, 6, "regime", "'kest'", "did you mean 'kets'? allowed: gx_ets"),
    _file("another currency", CEA, None, "market.currency", "CNY", "allowed: KRW"),
    _file("a month that is none", MONTH, 3, "start", "'2018-13'", "YYYY-MM, for instance 2015-01"),
    _file("the wrong way round", MINE.replace("2020", "2016"), None, "last", "2016", "allowed: 2018 or later"),
    _file("a year without law", MINE.replace("2020", "2050"), None, "last", "2050", "allowed: 2015, 2016"),
    _file(
        "a number as text",
        f"{MINE}overrides: {{market: {{price: cheap}}}}\n",
        9, "overrides.market.price", "'cheap'", "a number",
    ),
    _file("an alias of itself", f"{MINE}links: &a [*a]\n", 9, "links.0", "alias", "aliases of others"),
    _file("too deep", f"{MINE}links: {'[' * 99}{']' * 99}\n", 9, NO_KEYS, "33 levels", "allowed: 32"),
]  # fmt: skip


def _override(key: str, given: str, value: str, allowed: str, *, named: str = "") -> Bad:
    change = f"{key}={given}"
    where = f"override {key}" if not named else "override"
    return Bad("override", change, lambda: nea_env.load_scenario("kets", [change]), where, named or key, value, allowed)


OVERRIDES = [
    _override("market.prise", "5", UNKNOWN, "did you mean 'price'? allowed: name"),
    _override("market.price", "-5", "-5", "greater than 0"),
    _override("market.price", ".nan", "nan", "a finite number"),
    _override("market.law", "brownian", "'brownian'", "'gbm', 'lattice'"),
    _override("market.law", "collared", MISSING, "allowed: a floor and a ceiling", named="market: collar"),
    _override("firm.output_path", "{2031: 1.1}", "2031", "allowed: 2015 to 2030"),
    _override("firm.technologies.7.capex", "1", "'7'", "items 0 to 2"),
    _override("firm.unit_class", "clinkers", "'clinkers'", "allowed: 'aviation', 'clinker'"),
    _override("regime.banking.2014.limit", "none", "'2014'", "allowed: 2015, 2016"),
    _override("regime.banking.2018.limit", "some", "'some'", "'unlimited', 'deducted_above_base'"),
    _override("name", "other", UNKNOWN, "allowed: title, start"),
    Bad(
        "override",
        "no value",
        lambda: nea_env.load_scenario("kets", ["market.volatility"]),
        "override", "'market.volatility'", MISSING, "path=value",
    ),
]  # fmt: skip


def _lowered(given: str, scenario: str, key: str, value: str, allowed: str, **changes: Any) -> Bad:
    paths = {path.replace("__", "."): number for path, number in changes.items()}

    def make() -> None:
        gymnasium.make("nea/KETS-v0", scenario=nea_env.load_scenario(scenario, paths))

    return Bad("numbers that do not fit together", given, make, f"scenario {scenario}", key, value, allowed)


TOGETHER = [
    _lowered(
        "steepness", "kets", "firm.abatement.steepness", "10000", "at most 314.271", firm__abatement__steepness=1e4
    ),
    _lowered("a firm of a gram", "tps", "firm.output", "1e-09", "allowed: 0.001 to 1e+15 t", firm__output=1e-9),
    _lowered(
        "impact", "kets_full", "market.frictions.permanent_impact", "2", "allowed: at most 1.77",
        market__frictions__permanent_impact=2,
    ),
    _lowered(
        "verified early", "pilot_hubei", "regime.calendar.2018.verified", "2019-11", "allowed: from 2020-12",
        regime__calendar__2018__years=3,
    ),
    _lowered(
        "nothing to draw", "kets", "policy.mode", "randomised", "allowed: historical",
        policy__mode="randomised", regime__ranges=[],
    ),
    _lowered(
        "a range beyond its number", "tokyo", "allocation.2015.reduction_factor.II", "161.7", "less than or equal to 1",
        regime__ranges__2__high=161.7,
    ),
    _lowered(
        "equal changes", "kets", "market.bootstrap.changes", "1", "allowed: two that differ",
        market__law="bootstrap", market__bootstrap__changes=[1] * 4,
    ),
]  # fmt: skip


def _link(given: str, change: str, key: str, value: str, allowed: str) -> Bad:
    do = lambda: nea_env.load_scenario("linked_kets", [change])  # noqa: E731
    return Bad("link", given, do, "override", key, value, allowed)


LINKS = [
    Bad("link", "unknown name", lambda: load_link("kets_tsp"), "link", ALONE, "'kets_tsp'", "did you mean 'kets_tps'?"),
    _link("three links", "links=[kets_tps, kets_eu, kets_gx_ets]", "links", "3 links", "allowed: at most 2"),
    _link(
        "twice the same", "links=[kets_tps_quota, kets_tps_quota]", "links.1.name", "kets_tps_quota",
        "one link with each name",
    ),
    _link(
        "another market's firm", "links=[tokyo_saitama]", "links", "a link for firms in tokyo",
        "this scenario plays kets: kets_eu",
    ),
    _link("no rate", "links.0.fx=null", "links.0.fx", MISSING, "allowed: the rate of CNY"),
    _link("an unknown term", "links.0.qota=0.1", "links.0.qota", UNKNOWN, "did you mean 'quota'? allowed: name"),
    _link("beyond the last month", "links.0.starts=2031-01", "links.0.starts", "2031-01", "allowed: up to 2026-08"),
]  # fmt: skip


# --- functions ------------------------------------------------------------------------------------
def _call(given: str, do: Callable[[], Any], where: str, value: str, allowed: str) -> Bad:
    return Bad("function", given, do, where, ALONE, value, allowed)


FUNCTIONS = [
    _call("half a path", lambda: price_paths("kets", 1.5), "n", "1.5", "a whole number"),
    _call("no paths", lambda: price_paths("kets", 0), "n", "0", "at least 1 path"),
    _call("negative seed", lambda: price_paths("kets", 2, -1), "seed", "-1", SEED),
    _call("an unknown series", lambda: price_paths("kets", 2)["spot"], "series of kets", "'spot'", "allowed: long_pri"),
    _call("an unknown kind", lambda: names("company"), "kind of file", "'company'", "allowed: regime, firm"),
    _call("an unknown regime", lambda: load_regime("kest"), "regime", "'kest'", "did you mean 'kets'? allowed: gx_ets"),
    _call("an unknown credit", lambda: load_credit("gold"), "credit", "'gold'", "allowed: beijing_energy_saving"),
    _call(
        "no number of the law", lambda: environment("box", None).law("banking.2018.colour"),
        "law", "'banking.2018.colour'", "names, the closest of them banking.2018",
    ),
    _call("a batch of none", lambda: Batch(nea_env.load_scenario("kets"), 0), "n", "0", "at least one firm"),
]  # fmt: skip


TRAINED = [*SETTINGS, *ALGORITHMS, *RUN_FOLDERS] if find_spec("stable_baselines3") and find_spec("hydra") else []
BAD = [
    *TRAINED,
    *FILES,
    *OVERRIDES,
    *TOGETHER,
    *LINKS,
    *BOX,
    *CHOICES,
    *RESETS,
    *CONSTRUCTORS,
    *STATES,
    *FUNCTIONS,
    *COMMANDS,
]


def refusal(do: Callable[[], Any], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of an exception that names a mistake, or of a command that prints it and ends with 2."""
    try:
        do()
    except SystemExit as ended:
        assert ended.code == 2
        told = capsys.readouterr().err
        assert "Traceback" not in told
        lines = [line for line in told.splitlines() if not line.startswith(("usage:", " "))]
        assert len(lines) == 1, told
        return lines[0]
    except (ValueError, KeyError) as error:
        return str(error.args[0])
    raise AssertionError("it was taken")


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file with its content, and every folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def states() -> Iterator[tuple[tuple[str, int | None], Any]]:
    for key in (("box", None), ("box", 3), ("discrete", None), ("discrete", 3)):
        yield key, environment(*key).get_state()


def names_it(line: str, words: str) -> bool:
    """Whether the line holds the words, and not as a part of longer ones."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", line) is not None


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_one_line_and_nothing_left_behind(bad, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in bad.files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files, before = snapshot(tmp_path), dict(states())
    line = refusal(bad.do, capsys)
    assert "\n" not in line and len(line) < 1_000
    assert bad.where in line and bad.allowed in line, line
    for part in (bad.key, bad.value):
        assert isinstance(part, Without) or names_it(line, part), f"{part} is not named: {line}"
    assert snapshot(tmp_path) == files
    assert_same(dict(states()), before, "a refused input changed an environment")


def test_there_are_a_hundred_of_many_kinds():
    kinds = Counter(bad.kind for bad in BAD)
    assert (
        sum(kinds.values()) >= (130 if TRAINED else 100) and len(kinds) >= 11 and max(kinds.values()) <= MOST_OF_A_KIND
    )


NO_VALUE = {
    UNKNOWN: {
        "setting of a run: sed=3", "setting of a run: --wrong", "algorithm: algo=dqn algo.parameters.gae_lambda=0.9",
        "file: an unknown key", "override: market.prise=5", "override: name=other", "link: an unknown term",
        "reset: a misspelt option", "saved state: an unknown part",
    },
    MISSING: {
        "run folder: resume=", "override: market.law=collared", "override: no value", "link: no rate",
        "saved state: a part missing",
    },
}  # fmt: skip
"""The bad inputs without a value to name, by why."""


def test_each_names_a_place_and_what_was_allowed_and_all_but_a_few_their_value():
    for bad in BAD:
        assert bad.where and bad.allowed and not isinstance(bad.allowed, Without), bad.name
        assert bad.key and bad.value, bad.name
        assert not isinstance(bad.key, Without) or bad.key in (ALONE, NO_KEYS), bad.name
    silent = {bad.name: bad.value for bad in BAD if isinstance(bad.value, Without)}
    assert silent == {
        name: why for why, cases in NO_VALUE.items() for name in cases if TRAINED or not name.startswith(TRAIN)
    }
