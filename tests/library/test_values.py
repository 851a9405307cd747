"""What a value may be: numbers that are numbers, switches that are switches, text that any file and terminal holds."""

import copy
import importlib
import pickle
import typing

import numpy as np
import pytest
from pydantic import BaseModel

import nea_env.scenario as vocabulary
from nea_env.core.batch import Batch
from nea_env.library import ScenarioError, compose, load_scenario


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


def test_every_number_of_every_model_is_strict():
    """A field that takes a boolean for a number would be found here, whatever rule it belongs to."""
    models = [item for item in vars(vocabulary).values() if isinstance(item, type) and issubclass(item, BaseModel)]
    numbers = 0
    for model in models:
        for name, field in model.model_fields.items():
            if field.annotation in (float, int):
                numbers += 1
                with pytest.raises(ValueError, match=rf"(?s)\n{name}\n  Input should be a valid (number|integer)"):
                    model.model_validate({name: True})
            if field.annotation is bool:
                with pytest.raises(ValueError, match=rf"(?s)\n{name}\n  Input should be a valid boolean"):
                    model.model_validate({name: "yes"})
    assert numbers > 100


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


def test_a_scenario_from_before_its_module_was_loaded_again(monkeypatch):
    before = load_scenario("kets")
    module = importlib.import_module("nea_env.scenario.scenario")
    old = dict(vars(module))
    try:
        new = typing.cast("typing.Any", importlib.reload(module)).Scenario
        monkeypatch.setattr(compose, "Scenario", new)
        assert type(before) is not new
        assert type(compose.load_scenario(before)) is new
    finally:
        vars(module).update(old)
