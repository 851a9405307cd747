"""What a value may be: numbers that are numbers, switches that are switches, text that any file and terminal holds."""

import copy
import inspect
import pickle
import re
import subprocess
import sys
import types
import typing

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

import nea_env.scenario as vocabulary
from nea_env.core.batch import Batch
from nea_env.library import ScenarioError, load_scenario
from nea_env.library.credits import Credit


def refusal(changes):
    with pytest.raises(ScenarioError) as caught:
        load_scenario("kets", changes)
    return str(caught.value)


@pytest.mark.parametrize("value", [True, False, "0.2", "", None, [0.2], {"value": 0.2}, 10**400, np.True_, b"1", 1j])
def test_what_is_no_number(value):
    assert refusal({"market.volatility": value}).startswith("override market.volatility: ")


@pytest.mark.parametrize("value", [1, 1.0, np.float64(1), np.float32(1), np.int64(1), np.uint8(1), np.array(1.0)])
def test_numbers_of_python_and_numpy(value):
    assert load_scenario("kets", {"market.volatility": value}) == load_scenario("kets", {"market.volatility": 1.0})


@pytest.mark.parametrize("value", [True, "8", 8.5, None, np.inf])
def test_what_is_no_whole_number(value):
    assert refusal({"policy.draws": value}).startswith("override policy.draws: ")


@pytest.mark.parametrize("value", [8, 8.0, np.int32(8), np.float64(8)])
def test_whole_numbers(value):
    assert load_scenario("kets", {"policy.draws": value}).policy.draws == 8


@pytest.mark.parametrize("value", [1, 0, "true", "yes", "on", None, 1.0])
def test_what_is_no_switch(value):
    assert refusal({"firm.air_cooled": value}).startswith("override firm.air_cooled: ")


def test_lists_of_numpy():
    assert load_scenario("kets", {"market.turnover": np.full(12, 2)}).market.turnover == (2.0,) * 12


def with_wrong_leaves(annotation):
    """(value, leaves): a value of this type with a boolean for each number and a word for each switch."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in (float, int):
        return True, 1
    if annotation is bool:
        return "yes", 1
    if origin is typing.Annotated:
        return with_wrong_leaves(parts[0])
    if origin in (typing.Union, types.UnionType):
        return next((found for found in map(with_wrong_leaves, parts) if found[1]), (None, 0))
    if origin is tuple:
        inner, count = with_wrong_leaves(parts[0])
        return [inner] * 12, count
    if origin is dict:
        key = typing.get_args(parts[0])[0] if typing.get_origin(parts[0]) is typing.Literal else "2018"
        inner, count = with_wrong_leaves(parts[1])
        return {key: inner}, count
    return None, 0


def test_every_number_and_switch_of_every_model_is_strict():
    models = [item for item in vars(vocabulary).values() if isinstance(item, type) and issubclass(item, BaseModel)]
    tried = 0
    for model in (*models, Credit):
        for name, field in model.model_fields.items():
            wrong, leaves = with_wrong_leaves(field.annotation)
            tried += leaves
            if leaves:
                with pytest.raises(ValidationError) as caught:
                    model.model_validate({name: wrong})
                found = {error["type"] for error in caught.value.errors() if error["loc"][0] == name}
                assert found & {"float_type", "int_type", "bool_type"}, f"{model.__name__}.{name} takes {wrong}"
    written = sum(
        len(
            re.findall(
                r"^    \w+: .*\b(?:Number|Whole|Switch|Share|Positive|NonNegative|Correlation|Chance)\b",
                inspect.getsource(model),
                re.MULTILINE,
            )
        )
        for model in (*models, Credit)
    )
    assert tried >= written > 150, "a type that is not walked through"


@pytest.mark.parametrize(
    ("title", "told"),
    [("a\ud800b", r"'a\ud800b': text must not hold half of a surrogate pair (U+D800: half of a surrogate pair)"),
     ("a\x1b[2Jb", r"'a\x1b[2Jb': text must not hold control characters (U+001B: control character)"),
     ("a\x00", r"'a\x00': text must not hold control characters (U+0000: control character)")],
)  # fmt: skip
def test_what_is_no_text(title, told):
    assert refusal({"title": title}) == f"override title: {told}"
    assert told.partition(": ")[2] in refusal({f"regime.allocation.2018.benchmark.{title}": 1.0})


@pytest.mark.parametrize("title", ["한국 철강", "[/t of steel]", "${oc.env:HOME}", "$x^2$", "%s {0}", "😀", "a\nb"])
def test_text_is_text(title):
    scenario = load_scenario("kets", {"title": title})
    assert scenario.title == title
    Batch(scenario, 1).get_state()


def test_two_halves_as_json_writes_them_are_one_character():
    assert load_scenario("kets", {"title": "\ud83d\ude00"}).title == "😀"
    assert load_scenario("kets", ['title="\\ud83d\\ude00"']).title == "😀"


@pytest.mark.parametrize(
    ("value", "name"),
    [("30\u00a0000", "(U+00A0: no-break space)"), ("5\u200b", "(U+200B: zero width space)"),
     ("\ufeff5", "(U+FEFF: zero width no-break space)"), ("5\u2009", "(U+2009: thin space)")],
)  # fmt: skip
def test_characters_that_cannot_be_seen_are_named(value, name):
    for changes in (
        {"market.price": value},
        {f"firm.output_path.{value}": 1.0},
        {f"market.{value}": 1},
        {"firm": value},
    ):
        told = refusal(changes)
        assert told.isprintable() and told.endswith(name), told


def test_nothing_of_a_shared_scenario_can_be_changed():
    scenario = load_scenario("kets")
    assert load_scenario("kets") is scenario
    mappings = dict(mappings_of(scenario))
    assert {"market.gap", "regime.calendar", "regime.offsets", "regime.offsets.2015"} <= mappings.keys()
    before = scenario.model_dump_json()
    for mapping in mappings.values():
        key = next(iter(mapping), "2018")
        for change in (
            lambda m=mapping: m.clear(),
            lambda m=mapping, k=key: m.pop(k, None),
            lambda m=mapping: m.popitem(),
            lambda m=mapping, k=key: m.update({k: 1}),
            lambda m=mapping, k=key: m.setdefault(k, 1),
            lambda m=mapping, k=key: m.__setitem__(k, 1),
            lambda m=mapping, k=key: m.__delitem__(k),
            lambda m=mapping, k=key: m.__ior__({k: 1}),
        ):
            with pytest.raises(TypeError, match="a scenario can't be changed; load_scenario"):
                change()
    with pytest.raises(ValueError, match="frozen"):
        scenario.title = "mine"
    assert scenario.model_dump_json() == before


def mappings_of(value, path=""):
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from mappings_of(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, dict):
        yield path, value
        for key, item in value.items():
            yield from mappings_of(item, f"{path}.{key}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from mappings_of(item, f"{path}.{index}")


def test_copies_and_pickles_are_equal_and_as_read_only():
    scenario = load_scenario("linked_kets")
    for other in (copy.copy(scenario), copy.deepcopy(scenario), pickle.loads(pickle.dumps(scenario))):
        assert other == scenario and other.model_dump() == scenario.model_dump()
        with pytest.raises(TypeError):
            other.market.gap.clear()


def test_a_dump_is_ones_own():
    tree = load_scenario("kets").model_dump()
    tree["market"]["gap"].clear()
    tree["regime"]["offsets"]["2015"]["mine"] = {}
    assert load_scenario("kets").market.gap and "mine" not in load_scenario("kets").regime.offsets["2015"]


RELOADED = """
import importlib, sys
import gymnasium, nea_env
before = nea_env.load_scenario("kets", {"market.price": 5_000})
for name in [name for name in sys.modules if name.startswith("nea_env")]:
    del sys.modules[name]
nea_env = importlib.import_module("nea_env")
after = nea_env.load_scenario(before, {"market.volatility": 0.5})
assert type(after) is not type(before) and (after.market.price, after.market.volatility) == (5_000, 0.5)
assert nea_env.load_scenario(before).model_dump() == before.model_dump()
gymnasium.make("nea/KETS-v0", scenario=before).reset(seed=1)
class Scenario: pass
try:
    nea_env.load_scenario(Scenario())
except nea_env.ScenarioError as error:
    print(error)
"""


def test_a_scenario_from_before_the_package_was_loaded_again():
    """As notebooks do after an edit."""
    ran = subprocess.run([sys.executable, "-c", RELOADED], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("scenario: <__main__.Scenario object") and "expected a name" in ran.stdout


def test_a_key_is_listed_once_in_a_mapping_too():
    """2015 and "2015" are the same year."""
    tree = load_scenario("kets").model_dump(mode="json")
    tree["regime"]["penalty"][2015] = {**tree["regime"]["penalty"]["2015"], "multiple": 6.0}
    with pytest.raises(ScenarioError, match="2015: this key is listed twice in one mapping; allowed: once"):
        load_scenario(tree)


@pytest.mark.parametrize("overrides", [0, False, 5, np.array(["market.price=5"]), b"market.price=5", [5]])
def test_overrides_are_a_mapping_or_texts(overrides):
    with pytest.raises(
        ScenarioError, match=r"^overrides: .*expected a mapping of paths to values, or strings 'path=value'$"
    ):
        load_scenario("kets", overrides)


@pytest.mark.parametrize(
    ("path", "told"),
    [("", "'': expected keys joined by dots"), (" ", "' ': expected keys"), ("x." * 200, "...: expected keys joined"),
     (".", ".: '': unknown key"), ("market..price", "market..price: '': unknown key"),
     ("market.", "market.: '': unknown key"), ("\x1b", "'\\x1b': text must not hold control characters")],
)  # fmt: skip
def test_a_path_that_leads_nowhere(path, told):
    with pytest.raises(ScenarioError) as caught:
        load_scenario("kets", {path: 5})
    assert str(caught.value).startswith("override ") and told in str(caught.value)


def test_an_empty_key_stands_for_all_others():
    path = "regime.allocation.2020.auction_share."
    assert load_scenario("kets", {path: 0.25}).regime.allocation["2020"].auction_share[""] == 0.25
    assert load_scenario("kets", [f"{path}=0.25"]) == load_scenario("kets", {path: 0.25})


def test_a_no_break_space_in_a_path_is_named():
    with pytest.raises(ScenarioError, match=r"\(U\+00A0: no-break space\)$"):
        load_scenario("kets", ["market.volatility\u00a0=0.2"])


@pytest.mark.parametrize("overrides", ["false", "0", "''", "[]"])
def test_a_file_s_overrides_are_a_mapping_or_nothing(overrides, tmp_path):
    text = "name: mine\ntitle: Mine\nstart: 2018-01\nfirst: 2018\nlast: 2018\nregime: kets\nfirm: kets_steel\n"
    path = tmp_path / "own.yaml"
    path.write_text(f"{text}market: kau\noverrides: {overrides}\n")
    with pytest.raises(ScenarioError, match="line 9: overrides: "):
        load_scenario(path)
    path.write_text(f"{text}market: kau\noverrides:\n")
    assert load_scenario(path).name == "mine"


LOADED_BY_THREADS = """
import threading
import nea_env
barrier, found = threading.Barrier(8), []
def load():
    barrier.wait()
    found.append(nea_env.load_scenario("kets"))
threads = [threading.Thread(target=load) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(set(map(id, found))), len(found))
"""


def test_threads_get_the_same_object():
    ran = subprocess.run([sys.executable, "-c", LOADED_BY_THREADS], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1", "8"]
