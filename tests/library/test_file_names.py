import re
from pathlib import Path

import pytest

from nea_env.library import ScenarioError, load_scenario
from nea_env.library.__main__ import main as library_command
from nea_env.library.file_names import as_file_name, is_file_name
from nea_env.market.__main__ import main as market_command

OWN = "name: {}\ntitle: Mine\nstart: 2018-01\nfirst: 2018\nlast: 2018\nregime: kets\nfirm: kets_steel\nmarket: kau\n"


@pytest.mark.parametrize(
    "name", ["a.yaml", "a.YAML", "a.yml", "a.Yml", "a.json", "A.JSON", "./a", "a/b", "/a", "한국.yaml", Path("a")]
)
def test_paths(name):
    assert is_file_name(name)


@pytest.mark.parametrize("name", ["kets", "a.yaml.bak", "yaml", "", "a: b/c\nd: e.yaml"])
def test_names(name):
    assert not is_file_name(name)


@pytest.mark.parametrize("name", ["own.YAML", "own.json", "./own"])
def test_one_rule_for_every_entry_point(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(OWN.format("mine"))
    assert load_scenario(name).name == "mine"
    assert load_scenario(Path(name)).name == "mine"
    assert library_command(["show", name]) == 0
    assert market_command(["plot", name, "--paths", "20", "--only", "prices", "--out", "out"]) == 0
    assert "mine_gbm_prices.png" in capsys.readouterr().out


def test_a_file_without_folder_or_ending_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own").write_text(OWN.format("mine"))
    with pytest.raises(ScenarioError, match=r"'own' is neither a shipped scenario nor a path, which ends in .yaml"):
        load_scenario("own")


@pytest.mark.parametrize("name", ["kets", "한국", "-rf", "a.b_c-d"])
def test_plain_names_stay(name):
    assert as_file_name(name) == name


@pytest.mark.parametrize(
    ("name", "part"),
    [("a b/c", "a_b_c"), ("../../esc", "_.._esc"), ("..", "scenario"), ("", "scenario"), ("a\\b:c*d?", "a_b_c_d_"),
     ("[/]", "___"), ("${x}", "__x_")],
)  # fmt: skip
def test_names_as_parts_of_file_names(name, part):
    assert re.fullmatch(rf"{re.escape(part)}_[0-9a-f]{{8}}", as_file_name(name))


def test_two_names_stay_two():
    names = ["a b", "a/b", "a_b", "a.", ".a", "a", "", "scenario"]
    assert len(set(map(as_file_name, names))) == len(names)


def test_long_names_are_cut_and_stay_apart():
    cut = [as_file_name("한" * 200 + end) for end in "ab"]
    assert cut[0] != cut[1] and all(len(name.encode()) <= 100 and name.startswith("한한") for name in cut)


@pytest.mark.parametrize("name", ["'../../esc'", "'/esc'", "'한국'", "'[bold]'", "'%s'", "'${oc.env:HOME}'"])
def test_pictures_stay_in_their_folder(name, tmp_path):
    (tmp_path / "own.yaml").write_text(OWN.format(name))
    out = tmp_path / "deep/er/out"
    paths = ["--paths", "20", "--only", "prices"]
    assert market_command(["plot", str(tmp_path / "own.yaml"), "--out", str(out), *paths]) == 0
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "own.yaml"]
    assert len(written) == 1 and written[0].parent == out and written[0].name.endswith("_gbm_prices.png")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(market_command, ["plot", "kets", "--paths", "20"]), (library_command, ["docs"])],
)
def test_a_file_in_place_of_a_folder_is_one_line(command, arguments, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert command([*arguments, "--out", str(tmp_path / "file")]) == 2
    told = capsys.readouterr().err
    assert told.startswith(str(tmp_path / "file")) and told.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"
