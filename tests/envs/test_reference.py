"""The reference pages: written from the field tables, and true of the environments."""

from __future__ import annotations

import doctest
import inspect
import math
import re
from pathlib import Path
from types import SimpleNamespace

import gymnasium as gym
import pytest

from nea_env.core import layout
from nea_env.envs import firm, firm_vector
from nea_env.envs.reference import PAGES, actions, flows, observations
from nea_env.envs.reference.__main__ import main
from nea_env.envs.reference.tables import interval, rows
from nea_env.envs.registration import SYSTEMS
from tests import asserts

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/reference"


def test_the_projects_pages_are_up_to_date(capsys):
    stale = main(["--out", str(FOLDER), "--check"])
    assert stale == 0, f"{capsys.readouterr().out}\nrun make docs"


def test_pages_are_written_checked_and_found_out_of_date(capsys, tmp_path):
    out = tmp_path / "docs" / "reference"
    assert main(["--out", str(out), "--check"]) == 1
    assert main(["--out", str(out)]) == 0
    assert main(["--out", str(out), "--check"]) == 0
    assert {path.stem for path in out.iterdir()} == set(PAGES)
    (changed,) = out.glob("flows*")
    changed.write_text("changed")
    capsys.readouterr()
    assert main(["--out", str(out), "--check"]) == 1
    assert capsys.readouterr().out == f"out of date: {changed}\n"


def test_a_folder_that_cannot_be_made_is_refused(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main(["--out", str(tmp_path / "file" / "pages")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


def column(name, unit, meaning, low=-math.inf, high=math.inf):
    return SimpleNamespace(name=name, unit=unit, meaning=meaning, low=low, high=high)


def test_columns_of_a_kind_share_a_row():
    table = (
        column("a", "t", "first"),
        *(column(f"b_{k}", "t", "second", 0) for k in range(3)),
        column("c_low", "1", "third", 0, 1),
        column("c_high", "1", "fourth", 0, 0.5),
        *(column(f"d_{k}", "1", f"number {k}") for k in range(2)),
    )
    found = [(row.numbers, row.name, interval(row.field)) for row in rows(table)]
    assert found == [
        ("0", "a", "(-∞, ∞)"),
        ("1–3", "b_k", "[0, ∞)"),
        ("4", "c_low", "[0, 1]"),
        ("5", "c_high", "[0, 0.5]"),
        ("6", "d_0", "(-∞, ∞)"),
        ("7", "d_1", "(-∞, ∞)"),
    ]


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("observations", layout.OBSERVATION),
        ("actions", layout.ACTIONS),
        ("flows", layout.FLOWS),
        ("state", layout.STATE),
        ("state", layout.WORLD),
    ],
)
def test_every_column_is_on_its_page(page, table):
    text = (FOLDER / page).with_suffix(".md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| [\d–]+ \| `(\w+)` \|", text, re.MULTILINE))
    for field in table:
        assert field.name in named or re.sub(r"_\d+$", "_k", field.name) in named


def test_every_group_of_observations_has_its_title():
    titles = [title for title, _ in observations.groups(rows(layout.OBSERVATION))]
    assert titles == list(observations.COLUMN_GROUPS.values())


def test_every_action_and_nothing_else_has_its_effects():
    assert list(actions.EFFECTS) == [field.name for field in layout.ACTIONS]


def test_identities_are_those_that_the_contract_checks():
    assert (flows.LEDGER.into, flows.LEDGER.out) == (asserts.LEDGER_IN, asserts.LEDGER_OUT)
    assert (flows.DUTY.into, flows.DUTY.out) == (asserts.DUTY_IN, asserts.DUTY_OUT)
    assert flows.COSTS == asserts.MONEY


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page, capsys):
    text = (FOLDER / page).with_suffix(".md").read_text(encoding="utf-8")
    variables = {"__name__": "example"}
    for code in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(code, page, "exec"), variables)
    assert capsys.readouterr().out


def test_unsquashed_observations_are_tonnes():
    env = gym.make("nea_env:nea/KETS-v0").unwrapped
    env.reset(seed=0)
    env.action_space.seed(0)
    index = {field.name: number for number, field in enumerate(layout.OBSERVATION)}
    annual = env.scenario.firm.annual_emissions
    for _ in range(40):
        obs, *_ = env.step(env.action_space.sample())
        for name in ("front", "next", "accrued", "closed", "owed"):
            z = obs[index[name]].astype(float)
            assert z / (1 - abs(z)) * annual == pytest.approx(env.accounts()[name], rel=1e-5, abs=1e-6 * annual)


@pytest.mark.parametrize("scenario", ["kets_steel", "tps_output", "linked_tokyo"])
def test_emissions_and_reward_follow_the_pages_formulas(scenario):
    env = gym.make("nea_env:nea/KETS-v0", scenario=scenario).unwrapped
    firm, market = env.scenario.firm, env.scenario.market
    env.reset(seed=1)
    env.action_space.seed(1)
    terminated = False
    while not terminated:
        _, reward, terminated, _, _ = env.step(env.action_space.sample())
        month = env.flows()
        total = month["emitted"] + month["abated"] + month["saved"]
        assert total == pytest.approx(month["output"] * firm.emission_intensity, rel=1e-9)
        assert reward == pytest.approx(-month["cost"] / (firm.annual_emissions / 12 * market.price), rel=1e-9)
        assert terminated or month["closing_cost"] == 0.0


@pytest.mark.parametrize("name", actions.EFFECTS)
def test_values_that_the_page_calls_the_same_are_the_same(name):
    """In every month, whatever the mask; and -1 and 1 differ in some month of one of two scenarios."""
    effect = actions.EFFECTS[name]
    same = [pair for pair, told in (((-1, 0), effect.low == effect.zero), ((0, 1), "same" in effect.high)) if told]
    differed = False
    names = [field.name for field in layout.ACTIONS]
    for scenario, trade in (("linked_kets", -1.0), ("tps_output", 0.5)):  # a firm that is short, and one that is long
        env = gym.make("nea_env:nea/KETS-v0", scenario=scenario).unwrapped
        env.reset(seed=2)
        env.action_space.seed(2)
        terminated = False
        while not terminated:
            action, state = env.action_space.sample(), env.get_state()
            action[names.index("trade")] = trade
            outcome = {}
            for value in (-1, 0, 1):
                env.set_state(state)
                action[names.index(name)] = value
                observation, reward, terminated, *_ = env.step(action)
                outcome[value] = (observation.tobytes(), reward)
            assert all(outcome[first] == outcome[second] for first, second in same)
            differed |= outcome[-1] != outcome[1]
    assert differed


def test_the_menu_of_the_page_is_the_environments():
    text = (FOLDER / "actions").with_suffix(".md").read_text(encoding="utf-8")
    names = re.findall(r"^\| \d+ \| ([^`|]+) \| ", text, re.MULTILINE)
    assert tuple(names) == gym.make("nea_env:nea/KETSDiscrete-v0").unwrapped.menu


# --- the docstrings of the environments ----------------------------------------------------------------


def described(environment, heading):
    """The table under a heading of an environment's docstring, line by line."""
    (section,) = re.findall(rf"^## {heading}$(.*?)(?=^## |\Z)", inspect.getdoc(environment), re.MULTILINE | re.DOTALL)
    return [line for line in section.splitlines() if line.startswith("|")]


def test_the_docstring_has_the_tables_of_actions_and_observations():
    assert described(firm.FirmEnv, "Action Space") == actions.summary()
    assert described(firm.FirmEnv, "Observation Space") == observations.summary()


@pytest.mark.parametrize("environment", [firm.FirmEnv, firm_vector.FirmVectorEnv])
def test_shapes_in_docstrings_are_those_of_the_spaces(environment):
    text = inspect.getdoc(environment)
    sizes = {int(size) for size in re.findall(r"`\((?:num_envs, )?(\d+),?\)`", text)}
    assert sizes == {len(layout.ACTIONS), len(layout.OBSERVATION)}


def test_the_docstring_names_every_id_with_its_scenario_and_length():
    lines = described(firm.FirmEnv, "Description")[2:]
    envs = {name: gym.make(f"nea_env:nea/{name}-v0").unwrapped for name in SYSTEMS}
    assert lines == [f"| `nea/{name}-v0` | `{SYSTEMS[name]}` | {env.batch.horizon[0]} |" for name, env in envs.items()]


def test_docstrings_name_every_argument_with_its_default():
    told = {}
    for environment in (firm.FirmEnv, firm_vector.FirmVectorEnv):
        for name, default in re.findall(
            r"^\| `(\w+)` \| \*\*.*\*\* \| (.*?) \|", inspect.getdoc(environment), re.MULTILINE
        ):
            assert told.setdefault(name, default) == default
    given = inspect.signature(firm_vector.FirmVectorEnv).parameters | inspect.signature(firm.FirmEnv).parameters
    assert told.keys() == given.keys()
    for name in ("render_mode", "observe_mask", "max_episode_steps", "num_envs"):
        assert told[name] == f"`{given[name].default}`"


@pytest.mark.parametrize("module", [firm, firm_vector])
def test_examples_in_docstrings_run(module):
    result = doctest.testmod(module)
    assert result.attempted >= 3 and result.failed == 0
