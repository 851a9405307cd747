"""The grammar of overrides in train.py: typed as elsewhere, read by Hydra, swept over, told in the folder's name."""

import pytest

from agents.command_line import CommandLine, compose_settings, help_text
from nea_env.library import load_scenario
from nea_env.library.arguments import EXPLAINED


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("kets", ["regime.banking.*.limit=unlimited"]),
        ("kets", ["scenario.regime.banking.2018-2020.limit=none", "market.price=9000"]),
        ("kets", ["firm=kets_steel", "firm.invest_rate=0.5", "firm.technologies.*.capex=1000"]),
        ("kets", ["links=[kets_tps]", "links.0.quota=0.2"]),
        ("kets", ["regime.banking.*.limit=none", "regime.banking.2018.limit=unlimited"]),
        ("kets", ["regime.carbon_tax.2022-01=9"]),
        ("pilot_tianjin", ["regime.penalty=pilot_beijing.penalty", "regime.penalty.2015.multiple=4"]),
        ("pilot_beijing", ["regime.banking.2018=pilot_tianjin.banking.2016"]),
    ],
)
def test_it_means_what_it_means_in_python(scenario, words):
    assert compose_settings([f"scenario={scenario}", *words]).scenario == load_scenario(scenario, words)


def test_a_part_and_changes_inside_it():
    words = ["regime=pilot_hubei", "firm=pilot_works", "market=pilot_hubei", "start=2014-01", "first=2014", "last=2016"]
    words.append("regime.banking.2014.offsets_bankable=false")
    rule = compose_settings(words).scenario.regime.banking["2014"]
    assert rule.model_dump() == load_scenario("pilot_hubei").regime.banking["2014"].model_dump() | {
        "offsets_bankable": False
    }


def test_the_first_word_may_name_the_scenario():
    assert compose_settings(["tokyo"]).env.id == "nea/Tokyo-v0"
    assert compose_settings(["kets_steel", "market.price=9000"]).scenario.firm.name == "kets_steel"


def jobs(arguments, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = CommandLine(["-m", *arguments, "hydra.sweep.dir=sweep"])
    line.prepare()
    return [(folder.name, settings.scenario) for folder, settings in line.sweep.cells]


def test_a_sweep_over_every_year_is_one_key(monkeypatch, tmp_path):
    found = jobs(["regime.banking.*.limit=none,unlimited", "market.price=9000"], monkeypatch, tmp_path)
    assert [{rule.limit for rule in scenario.regime.banking.values()} for _, scenario in found] == [
        {"none"},
        {"unlimited"},
    ]
    assert [folder for folder, _ in found] == [
        f"{number}_kets_market.price-9000_banking.all.limit-{limit}_ppo_seed0"
        for number, limit in enumerate(("none", "unlimited"))
    ]


def test_sweeps_over_names_of_parts(monkeypatch, tmp_path):
    words = ["firm=kets_steel,kets_generator", "firm.invest_rate=0.5", "seed=1,2"]
    found = jobs(words, monkeypatch, tmp_path)
    assert [(scenario.firm.name, scenario.firm.invest_rate) for _, scenario in found] == [
        ("kets_steel", 0.5), ("kets_steel", 0.5), ("kets_generator", 0.5), ("kets_generator", 0.5),
    ]  # fmt: skip


def test_the_folder_of_a_counterfactual_is_not_the_bases(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    CommandLine(["regime.banking.*.limit=unlimited", "links=[]"]).prepare()
    (folder,) = (path.name for day in (tmp_path / "runs").iterdir() for path in day.iterdir())
    assert folder.endswith("_kets_banking.all.limit-unlimited_links-none_ppo_seed0") or folder.endswith(
        "_kets_links-none_banking.all.limit-unlimited_ppo_seed0"
    )


def test_help_explains_the_grammar():
    assert EXPLAINED in help_text()


def test_a_firm_that_leaves_its_allocation_behind_is_told_once(capsys):
    compose_settings(["kets_steel", "firm.output=1234567"])
    compose_settings(["kets_steel", "firm.output=1234567"])
    assert capsys.readouterr().err.count("warning: firm.output: ") == 1
