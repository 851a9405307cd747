"""A hundred bad inputs of many kinds: each ends in one line that names what was wrong, and leaves nothing behind."""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import gymnasium
import numpy as np
import pytest

import nea_env
from nea_env.__main__ import main as package_command
from nea_env.core.batch import Batch
from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.library import load_credit, load_link, load_regime, names
from nea_env.library.__main__ import main as library_command
from nea_env.market import price_paths
from nea_env.market.__main__ import main as market_command
from tests.asserts import assert_same

MOST_OF_A_KIND = 15
MINE = "name: mine\ntitle: Mine\nstart: 2018-01\nfirst: 2018\nlast: 2020\nregime: kets\nfirm: kets_steel\nmarket: kau\n"


class Bad(NamedTuple):
    """One bad input.

    Attributes:
        kind: what it is an input to.
        given: what is wrong with it, for the test's name.
        do: hands it over; called in an empty folder.
        words: what the line must hold.
        files: what stands in the folder before.
    """

    kind: str
    given: str
    do: Callable[[], Any]
    words: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()


# --- files and overrides --------------------------------------------------------------------------
def _file(given: str, text: str, *words: str) -> Bad:
    return Bad("file", given, lambda: nea_env.load_scenario("mine.yaml"), ("mine.yaml", *words), (("mine.yaml", text),))


FILES = [
    _file("empty", "", "is empty"),
    _file("a list", "- 1\n- 2\n", "mapping"),
    _file("not YAML", "a: [1, 2\n", "line", "YAML 1.2"),
    _file("a key twice", f"{MINE}name: twice\n", "line 9", "name", "twice"),
    _file("an unknown key", f"{MINE}regimes: kets\n", "line 9", "regimes", "did you mean 'regime'?"),
    _file(
        "an unknown regime", MINE.replace("regime: kets", "regime: kest"), "line 6", "'kest'", "did you mean 'kets'?"
    ),
    _file("another currency", MINE.replace("market: kau", "market: cea"), "market.currency", "CNY", "KRW"),
    _file("a month that is none", MINE.replace("2018-01", "2018-13"), "line 3", "start", "2018-13", "YYYY-MM"),
    _file("dates the wrong way round", MINE.replace("last: 2020", "last: 2016"), "last: 2016", "first: 2018"),
    _file("a year without law", MINE.replace("last: 2020", "last: 2050"), "last: 2050", "2030"),
    _file("a number as text", f"{MINE}overrides: {{market: {{price: cheap}}}}\n", "market.price", "cheap", "number"),
    _file("an alias of itself", f"{MINE}links: &a [*a]\n", "links", "alias"),
    _file("deeper than any scenario", f"{MINE}links: {'[' * 99}{']' * 99}\n", "line 9", "32 levels"),
]


def _override(change: str, *words: str) -> Bad:
    return Bad("override", change, lambda: nea_env.load_scenario("kets", [change]), words)


OVERRIDES = [
    _override("market.prise=5", "market.prise", "did you mean 'price'?"),
    _override("market.price=-5", "market.price", "-5", "greater than 0"),
    _override("market.price=.nan", "market.price", "nan", "finite"),
    _override("market.law=brownian", "market.law", "brownian", "gbm"),
    _override("market.law=collared", "collar", "missing"),
    _override("firm.output_path={2031: 1.1}", "firm.output_path", "2031", "2015 to 2030"),
    _override("firm.technologies.7.capex=1", "firm.technologies", "'7'", "items 0 to"),
    _override("firm.unit_class=clinkers", "firm.unit_class", "'clinkers'", "clinker"),
    _override("regime.banking.2014.limit=none", "regime.banking", "2014", "2015"),
    _override("regime.banking.2018.limit=some", "regime.banking.2018.limit", "some", "unlimited"),
    _override("name=other", "name", "unknown key"),
    _override("market.volatility", "market.volatility", "path=value"),
]


def _lowered(given: str, scenario: str, changes: dict[str, Any], *words: str) -> Bad:
    def make() -> None:
        gymnasium.make("nea/KETS-v0", scenario=nea_env.load_scenario(scenario, changes))

    return Bad("numbers that do not fit together", given, make, (f"scenario {scenario}: ", *words))


TOGETHER = [
    _lowered("steepness", "kets", {"firm.abatement.steepness": 1e4}, "firm.abatement.steepness: 10000", "at most"),
    _lowered("a firm of a gram", "kets", {"firm.output": 1e-9}, "firm.output: 1e-09", "allowed: 0.001 to 1e+15 t"),
    _lowered("impact", "kets_full", {"market.frictions.permanent_impact": 2}, "permanent_impact: 2", "at most"),
    _lowered("verified early", "pilot_hubei", {"regime.calendar.2018.years": 3}, "2018.verified: 2019-05", "ended"),
    _lowered("nothing to draw", "kets", {"policy.mode": "randomised", "regime.ranges": []}, "policy.mode", "ranges"),
    _lowered("a range beyond its number", "tokyo", {"regime.ranges.2.high": 161.7}, "161.7", "less than or equal to 1"),
    _lowered("equal changes", "kets", {"market.law": "bootstrap", "market.bootstrap.changes": [1] * 4}, "bootstrap"),
]


def _link(given: str, changes: list[str], *words: str, scenario: str = "linked_kets") -> Bad:
    return Bad("link", given, lambda: nea_env.load_scenario(scenario, changes), words)


LINKS = [
    Bad("link", "unknown name", lambda: load_link("kets_tsp"), ("kets_tsp", "did you mean 'kets_tps'?")),
    _link("three links", ["links=[kets_tps, kets_eu, kets_gx_ets]"], "links: 3", "at most 2"),
    _link("twice the same", ["links=[kets_tps_quota, kets_tps_quota]"], "links.1.name", "listed twice"),
    _link("another market's firm", ["links=[tokyo_saitama]"], "links.0", "JPY"),
    _link("no rate", ["links.0.fx=null"], "links.0.fx", "missing", "CNY"),
    _link("an unknown term", ["links.0.qota=0.1"], "links.0.qota", "did you mean 'quota'?"),
    _link("beyond the last month", ["links.0.starts=2031-01"], "links.0.starts", "2031-01"),
]


# --- environments ---------------------------------------------------------------------------------
@cache
def environment(form: str, n: int | None) -> Any:
    """An environment in the middle of an episode; every bad input must leave it there."""
    env = FirmEnv("kets_phase2", form) if n is None else FirmVectorEnv(n, "kets_phase2", form)
    env.reset(seed=3)
    for _ in range(5):
        env.step(np.zeros(8 if n is None else (n, 8)) if form == "box" else (0 if n is None else np.zeros(n, int)))
    return env


def _step(kind: str, given: str, form: str, n: int | None, action: Any, *words: str) -> Bad:
    return Bad(kind, given, lambda: environment(form, n).step(action), ("action", *words))


def _with(value: Any, place: int = 3) -> list[Any]:
    action: list[Any] = [0.0] * 8
    action[place] = value
    return action


BOX = [
    _step("Box action", "NaN", "box", None, _with(np.nan), "(offset)", "nan", "finite"),
    _step("Box action", "infinity", "box", None, _with(-np.inf, 0), "(trade)", "-inf", "finite"),
    _step("Box action", "seven numbers", "box", None, np.zeros(7), "(7,)", "(8,)"),
    _step("Box action", "a row too many", "box", None, np.zeros((1, 8)), "(1, 8)", "(8,)"),
    _step("Box action", "complex", "box", None, np.zeros(8, complex), "complex"),
    _step("Box action", "switches", "box", None, np.zeros(8, bool), "bool"),
    _step("Box action", "text", "box", None, "abate", "(8,)"),
    _step("Box action", "nothing", "box", None, None, "(8,)"),
    _step("Box action", "rows too few", "box", 3, np.zeros((2, 8)), "(2, 8)", "(3, 8)"),
    _step("Box action", "NaN in a row", "box", 3, np.array([_with(0.0), _with(np.nan), _with(0.0)]), "nan", "(1, 3)"),
]
CHOICES = [
    _step("choice", "below the menu", "discrete", None, -1, "-1", "0 to"),
    _step("choice", "beyond the menu", "discrete", None, 10_000, "10000", "0 to"),
    _step("choice", "between two", "discrete", None, 1.5, "whole number"),
    _step("choice", "by name", "discrete", None, "hold, none", "whole number"),
    _step("choice", "one of a row beyond", "discrete", 3, [0, 1, 10_000], "row 2", "10000"),
    _step("choice", "choices too few", "discrete", 3, [0, 1], "(2,)", "(3,)"),
]


def _reset(given: str, n: int | None, *words: str, **arguments: Any) -> Bad:
    return Bad("reset", given, lambda: environment("box", n).reset(**arguments), words)


RESETS = [
    _reset("negative seed", None, "seed is -1", "0 to below 2**63", seed=-1),
    _reset("half a seed", None, "seed is 1.5", "whole number", seed=1.5),
    _reset("seed as text", None, "seed is '7'", "whole number", seed="7"),
    _reset("a seed too large", None, f"seed is {2**63}", "below 2**63", seed=2**63),
    _reset("a misspelt option", None, "'scenario_sed'", "scenario_seed", options={"scenario_sed": 1}),
    _reset("options as a list", None, "options is ['scenario_seed']", "dict", options=["scenario_seed"]),
    _reset("seeds too few", 3, "seed has 2 entries", "3", seed=[1, 2]),
    _reset("one seed of three", 3, "seed[1] is 2.5", "whole number", seed=[1, 2.5, 3]),
    _reset("a mask of numbers", 3, "reset_mask", "bool", options={"reset_mask": np.zeros(3)}),
    _reset("a mask of nothing", 3, "reset_mask", "at least one", options={"reset_mask": np.zeros(3, bool)}),
]


def _made(given: str, *words: str, vector: bool = False, **arguments: Any) -> Bad:
    return Bad("constructor", given, lambda: (FirmVectorEnv if vector else FirmEnv)(**arguments), words)


CONSTRUCTORS = [
    _made("an unknown scenario", "'kest'", "did you mean 'kets'?", scenario="kest"),
    _made("a number for a scenario", "scenario: 5", "expected a name", scenario=5),
    _made("an unknown form", "action_form is 'boxes'", "box, discrete", action_form="boxes"),
    _made("an unknown picture", "render_mode is 'human'", "ansi, rgb_array", render_mode="human"),
    _made("no months", "max_episode_steps is 0", "at least 1", max_episode_steps=0),
    _made("half a month", "max_episode_steps is 1.5", "whole number", max_episode_steps=1.5),
    _made("a mask that is no switch", "observe_mask is 'yes'", "True or False", observe_mask="yes"),
    _made("no rows", "num_envs is 0", "at least 1", vector=True, num_envs=0),
    _made("rows as text", "num_envs is '4'", "whole number", vector=True, num_envs="4"),
    _made("an unknown mode", "autoreset_mode is 'never'", "NextStep", vector=True, autoreset_mode="never"),
]


def _state(given: str, change: Callable[[dict[str, Any]], object], *words: str) -> Bad:
    def take_up() -> None:
        env = environment("box", 3)
        state = copy.deepcopy(env.get_state())
        env.set_state(change(state) or state)

    return Bad("saved state", given, take_up, ("saved state", *words))


STATES = [
    _state("a list", lambda state: [state], "list", "dict"),
    _state("a part missing", lambda state: state.pop("batch") and None, "batch is missing"),
    _state("an unknown part", lambda state: state.update(cash=1), "'cash'", "expected"),
    _state("another scenario's", lambda state: FirmVectorEnv(3, "kets").get_state(), "another scenario"),
    _state("another size's", lambda state: FirmVectorEnv(4, "kets_phase2").get_state(), "expected"),
    _state("a month beyond the end", lambda state: state["batch"]["_months"].fill(9_999), "_months", "9999"),
    _state("a negative episode", lambda state: state["batch"]["episodes"].fill(-1), "episodes", "-1"),
    _state("NaN among its numbers", lambda state: state["batch"]["_state"].fill(np.nan), "NaN"),
]

# --- functions ------------------------------------------------------------------------------------
FUNCTIONS = [
    Bad("function", "half a path", lambda: price_paths("kets", 1.5), ("n is 1.5", "whole number")),
    Bad("function", "no paths", lambda: price_paths("kets", 0), ("n is 0", "at least 1")),
    Bad("function", "negative seed", lambda: price_paths("kets", 2, -1), ("seed is -1", "0 to below 2**63")),
    Bad("function", "an unknown series", lambda: price_paths("kets", 2)["spot"], ("'spot'", "long_price")),
    Bad("function", "an unknown kind", lambda: names("company"), ("'company'", "firm")),
    Bad("function", "an unknown regime", lambda: load_regime("kest"), ("'kest'", "did you mean 'kets'?")),
    Bad("function", "an unknown credit", lambda: load_credit("gold"), ("'gold'", "ccer")),
    Bad("function", "no number of the law", lambda: environment("box", None).law("banking.2018.colour"), ("colour",)),
    Bad("function", "a batch of none", lambda: Batch(nea_env.load_scenario("kets"), 0), ("n: 0", "at least one")),
]


# --- commands -------------------------------------------------------------------------------------
def _command(given: str, command: Callable[[list[str]], Any], arguments: list[str], *words: str, **files: str) -> Bad:
    def run() -> None:
        code = command(arguments)
        if code:
            raise SystemExit(code)

    return Bad("command", given, run, words, tuple((f"{name}.yaml", text) for name, text in files.items()))


COMMANDS = [
    _command("show what does not ship", library_command, ["show", "kest"], "'kest'", "did you mean 'kets'?"),
    _command("show a year without law", library_command, ["show", "kets", "--year", "1999"], "1999", "2015"),
    _command("diff with a broken file", library_command, ["diff", "kets", "mine.yaml"], "mine.yaml", "empty", mine=""),
    _command("plot what does not ship", market_command, ["plot", "kest"], "'kest'", "did you mean 'kets'?"),
    _command("plot with a bad override", market_command, ["plot", "kets", "market.price=-1"], "market.price", "-1"),
    _command("an unknown picture", market_command, ["plot", "kets", "--only", "costs"], "costs", "prices"),
    _command("no such command", package_command, ["cash"], "'cash'", "cache"),
]


# --- train.py --------------------------------------------------------------------------------------
def _train(kind: str, arguments: list[str], *words: str, **files: str) -> Bad:
    def run() -> None:
        from hydra.core.global_hydra import GlobalHydra

        import train

        GlobalHydra.instance().clear()
        with patch.object(sys, "argv", ["train.py", *arguments]):
            train.main()

    named = tuple((name.replace("__", "/").replace("_yaml", ".yaml"), text) for name, text in files.items())
    return Bad(kind, " ".join(arguments), run, ("train.py: ", *words), named)


SETTINGS = [
    _train("setting of a run", ["sed=3"], "sed", "did you mean seed"),
    _train("setting of a run", ["seed=many"], "seed: many", "integer"),
    _train("setting of a run", ["seed=9999"], "seed: 9999", "0 to 3905"),
    _train("setting of a run", ["seed=1,2"], "seed=1,2", "-m"),
    _train("setting of a run", ["env=kest"], "env=kest", "did you mean kets"),
    _train("setting of a run", ["scenario=nowhere.yaml"], "nowhere.yaml", "no such file"),
    _train("setting of a run", ["scenario=mine.yaml"], "mine.yaml", "is empty", mine_yaml=""),
    _train("setting of a run", ["scenario.market.price=-5"], "scenario.market.price", "-5", "greater than 0"),
    _train("setting of a run", ["evaluation.seed=5"], "evaluation.seed: 5", "1000000"),
    _train("setting of a run", ["total_steps=0"], "total_steps: 0", "1"),
    _train("setting of a run", ["--wrong"], "--wrong", "--help"),
]
ALGORITHMS = [
    _train("algorithm", ["algo=pppo"], "algo=pppo", "did you mean ppo"),
    _train("algorithm", ["algo.parameters.gae_lambda=abc"], "algo.parameters.gae_lambda: abc", "at most 1"),
    _train("algorithm", ["algo.parameters.batch_size=1"], "algo.parameters.batch_size: 1", "at least 2"),
    _train("algorithm", ["algo.policy_kwargs.net_arch=[64,0]"], "net_arch: [64, 0]", "at least 1"),
    _train("algorithm", ["algo=dqn", "algo.parameters.gae_lambda=0.9"], "gae_lambda", "of dqn", "buffer_size"),
    _train("algorithm", ["-m", "algo.parameters.n_steps=64,0"], "algo.parameters.n_steps: 0", "at least"),
    _train("algorithm", ["-m", "algo.parameters.learning_rate=interval(1e-5,1e-3)"], "interval", "hydra/sweeper"),
]
RUN_FOLDERS = [
    _train("run folder", ["resume=nowhere"], "nowhere", "no such folder"),
    _train("run folder", ["resume="], "resume", "which run folder"),
    _train("run folder", ["resume=run"], "run", "no config.yaml", run__notes="mine"),
    _train("run folder", ["resume=run"], "config.yaml", "not YAML", run__config_yaml="a: [1\n"),
    _train("run folder", ["resume=run", "-m"], "-m", "resume=", run__config_yaml="seed: 1\n"),
    _train("run folder", ["resume=run", "force=perhaps"], "force=perhaps", "force=true", run__config_yaml="seed: 1\n"),
    _train("run folder", ["force=true"], "force=true", "resume="),
    _train("run folder", ["hydra.run.dir=run"], "run", "is not empty", "choose another", run__notes="mine"),
    _train("run folder", ["hydra.run.dir=notes"], "notes", "choose another", notes="a file"),
]

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


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.kind}: {bad.given}")
def test_one_line_and_nothing_left_behind(bad, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in bad.files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files, before = snapshot(tmp_path), dict(states())
    line = refusal(bad.do, capsys)
    assert "\n" not in line and len(line) < 1_000
    for word in bad.words:
        assert word in line, line
    assert snapshot(tmp_path) == files
    assert_same(dict(states()), before, "a refused input changed an environment")


def test_there_are_a_hundred_of_many_kinds():
    kinds = Counter(bad.kind for bad in BAD)
    assert (
        sum(kinds.values()) >= (120 if TRAINED else 99) and len(kinds) >= 11 and max(kinds.values()) <= MOST_OF_A_KIND
    )
