"""The tool notices one bit, and minds neither where a column stands nor that there is a new one."""

from __future__ import annotations

import numpy as np
import pytest

from nea_env.core.batch import Batch
from tests.golden import archive, play
from tests.golden.command import main

pytestmark = pytest.mark.filterwarnings("ignore::nea_env.scenario.ScenarioWarning")  # sizes are varied on purpose

CASE = "jvets_intensity/own/uniform"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("golden") / "hashes.npz"
    assert main([str(path), "--only", CASE]) == 0
    return path


def compared(file, capsys, *more: str) -> tuple[int, list[str]]:
    """Exit code and lines of a comparison."""
    code = main([str(file), "--only", CASE, *more])
    return code, capsys.readouterr().out.splitlines()


def changed(monkeypatch, change) -> None:
    """Let ``change`` (columns -> columns) stand between the batch and the hash."""
    own = play.columns
    monkeypatch.setattr(play, "columns", lambda *told: change(own(*told)))


def test_the_same_again_is_no_difference(file, capsys):
    assert compared(file, capsys) == (0, ["1 cases, 0 differ"])


def test_one_bit_of_one_row_in_one_month_is_told(file, capsys, monkeypatch):
    own = Batch.memory

    def memory(batch, name):
        values = own(batch, name)
        if name == "price":
            values[3] = np.where(batch.market()["month"][3] == 7, np.nextafter(values[3], 0.0), values[3])
        return values

    monkeypatch.setattr(Batch, "memory", memory)
    assert compared(file, capsys) == (1, [f"{CASE}: month 7: memory.price", "1 cases, 1 differ"])
    code, lines = compared(file, capsys, "--show", CASE)
    assert code == 1 and len(lines) == 2 and lines[1].split()[0] == "memory.price" and len(lines[1].split()) == 6


def test_columns_that_stand_elsewhere_are_no_difference(file, capsys, monkeypatch):
    changed(monkeypatch, lambda found: dict(reversed(found.items())))
    assert compared(file, capsys) == (0, ["1 cases, 0 differ"])


def test_a_new_column_is_told_and_is_no_failure(file, capsys, monkeypatch):
    changed(monkeypatch, lambda found: {"memory.luck": found["reward_scale"]} | found)
    assert compared(file, capsys) == (0, ["new column, not compared: memory.luck, in 1 cases", "1 cases, 0 differ"])


def test_a_column_that_is_gone_is_a_failure(file, capsys, monkeypatch):
    changed(monkeypatch, lambda found: {name: values for name, values in found.items() if name != "flow.sold"})
    assert compared(file, capsys) == (1, ["column gone: flow.sold, in 1 cases", "1 cases, 0 differ"])


def test_a_case_that_fails_is_a_failure(file, capsys, monkeypatch):
    monkeypatch.setattr(Batch, "flows", lambda batch: {}["lost"])
    code, lines = compared(file, capsys)
    assert code == 1 and lines[0] == f"{CASE}: KeyError: 'lost'" and lines[-1] == "0 cases, 0 differ"


def test_a_state_that_is_not_put_back_whole_is_told_at_the_first_writing(tmp_path, capsys, monkeypatch):
    own = Batch.set_state

    def set_state(batch, saved):
        own(batch, saved | {"episodes": batch.episodes.copy()})

    monkeypatch.setattr(Batch, "set_state", set_state)
    path = tmp_path / "hashes.npz"
    assert main([str(path), "--only", "tps-3/put-back"]) == 1
    assert "not as without putting the state back: month" in capsys.readouterr().out
    assert not path.exists()


def test_hashes_of_another_machine_are_refused(file, capsys, monkeypatch):
    monkeypatch.setattr(archive, "machine", lambda: "an abacus")
    path = file.with_name("other.npz")
    archive.write(path, archive.Archive(file))
    with pytest.raises(SystemExit):
        compared(path, capsys)
    assert "was written on an abacus, not on" in capsys.readouterr().err
