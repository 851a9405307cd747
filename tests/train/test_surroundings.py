"""Poor surroundings: a terminal that knows ASCII alone, no HOME, no entry in passwd, a narrow window."""

import io
import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from agents import evaluate
from tests.train.command import FILE, SMALL, TINY, run, started

ROW = {
    "cost_pct": {"mean": -12.5, "low": -13.25, "high": -11.75}, "compliance_rate": 0.9987, "shortfall_t": 1234.0,
    "abatement_t": 1234567.0, "mean_bank_t": 1234567.0,
}  # fmt: skip
SUMMARY = {name: ROW for name in ("just_in_time", "tuned_rule", "invest_at_trigger", "maskable_ppo_with_a_long_name")}


def shown(width, encoding="utf-8", terminal=False, title="Phase II"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
    console = Console(file=stream, width=width, force_terminal=terminal, color_system=None)
    evaluate.show(SUMMARY, title, console)
    stream.flush()
    assert console.width == width
    return stream.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("width", [20, 80, 300])
def test_no_name_and_no_figure_is_cut(width, terminal):
    text = shown(width, terminal=terminal)
    for word in [*SUMMARY, "-12.50 [-13.25, -11.75]", "99.87%", "1,234,567", "vs just in time", "mean bank t"]:
        assert word in text
    assert "…" not in text and "..." not in text


def test_the_table_prints_in_ascii():
    text = shown(80, encoding="ascii", title="한국 [/t of steel] ${x}")
    assert "maskable_ppo_with_a_long_name" in text and "[/t of steel] ${x}" in text and "\\ud55c" in text
    assert text.isascii()


@pytest.mark.slow
def test_a_run_where_there_is_ascii_alone(tmp_path):
    (tmp_path / "한국.yaml").write_text(f"name: 한국\n{FILE.replace('Mine', '한국 [/t]')}", encoding="utf-8")
    ascii_alone = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "COLUMNS": 80}
    child = started(*SMALL, "figures=true", "progress=on", "scenario=한국.yaml", cwd=tmp_path, **ascii_alone)
    out, err = child.communicate(timeout=300)
    assert child.returncode == 0, err.decode()
    assert out.isascii() and err.isascii() and b"just_in_time" in out and b"[/t]" in out
    assert b"evaluation: 100%" in err and b"Traceback" not in err


def test_a_run_where_nobody_has_a_home_or_a_name(monkeypatch, capsys, tmp_path):
    def unknown(*_):
        raise KeyError("getpwuid(): uid not found: 54321")

    for name in ("HOME", "USER", "LOGNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("getpwuid", "getpwnam"):
        monkeypatch.setattr(pwd, name, unknown)
    run(monkeypatch, *TINY, "figures=true", f"hydra.run.dir={tmp_path}")
    assert (tmp_path / "evaluation.json").is_file() and (tmp_path / "figures" / "fans.png").is_file()


@pytest.mark.slow
def test_a_process_where_nobody_has_a_home_or_a_name(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may become a user without an entry in passwd")
    with tempfile.TemporaryDirectory() as place:  # pytest's own is root's alone
        os.chown(place, 54321, 54321)
        code = (  # once as root, since the interpreter and its packages may be root's alone, too
            "import os, sys, train\n"
            "command = sys.argv[1:]\n"
            "sys.argv[1:] = [*command, 'hydra.run.dir=first']; train.main()\n"
            f"os.chdir({place!r}); os.setgroups([]); os.setgid(54321); os.setuid(54321)\n"
            "sys.argv[1:] = [*command, 'hydra.run.dir=second']; train.main()\n"
        )
        clean = {name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "LOGNAME")}
        command = [sys.executable, "-c", code, *TINY]
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, timeout=600)
        assert done.returncode == 0, done.stderr.decode()
        assert (Path(place) / "second" / "evaluation.json").is_file()
