"""The compiled cache belongs to the sources it was compiled from, and nothing depends on it but speed."""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import nea_env.core
from nea_env.__main__ import main as command
from nea_env.core import cache
from nea_env.core.jit import KernelCache, jit
from nea_env.core.play import booking, step

CORE = Path(nea_env.core.__file__).parent

SHOW = """
import numpy as np
from nea_env.core import cache
from nea_env.core.layout import Flow, State
from nea_env.core.play.booking import issue
state, flows = np.zeros((State.size, 1)), np.zeros((Flow.size, 1))
state[State.DEBT, 0] = 30.0
issue(0, state, flows, 100.0, 0.0)
print(cache.cache_folder(), state[State.FRONT, 0])
"""


@pytest.fixture
def checkout(tmp_path):
    """A copy of the package with a home folder of its own."""
    return copied(tmp_path / "checkout", tmp_path / "home")


def copied(place: Path, home: Path) -> Path:
    shutil.copytree(CORE.parent, place / "nea_env", ignore=shutil.ignore_patterns("__pycache__"))
    home.mkdir(exist_ok=True)
    return place


def run(checkout: Path, **changed: str) -> tuple[str, float]:
    """Cache folder and the units left in front after an allocation of 100 t, by a caller in another file."""
    home = str(checkout.parent / "home")
    env = os.environ | {"HOME": home, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    for variable in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        env.pop(variable, None)
    done = subprocess.run([sys.executable, "-c", SHOW], cwd=checkout, env=env | changed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    folder, front = done.stdout.split()
    return folder, float(front)


def kernels(folder: str) -> dict[str, int]:
    """Files of a cache folder by name, with the time of their last change."""
    return {path.name: path.stat().st_mtime_ns for path in Path(folder).glob("*.kernel")}


def test_an_edited_rule_in_another_file_is_used_at_once(checkout):
    folder, front = run(checkout)
    assert front == 70.0
    assert Path(folder).parent == checkout.parent / "home" / ".cache" / "nea_env"
    compiled = kernels(folder)
    assert compiled
    assert run(checkout) == (folder, 70.0)
    assert kernels(folder) == compiled, "the second run compiled again"

    rule = checkout / "nea_env/core/rules/allocation.py"
    text = rule.read_text()
    assert "paid = min(tonnes, debt)" in text
    rule.write_text(text.replace("paid = min(tonnes, debt)", "paid = 0.5 * min(tonnes, debt)"))
    edited, front = run(checkout)
    assert front == 85.0
    assert edited != folder

    rule.write_text(text)
    assert run(checkout) == (folder, 70.0)


def test_another_checkout_of_the_same_sources_compiles_nothing(checkout):
    folder, _ = run(checkout)
    compiled = kernels(folder)
    second = copied(checkout.parent / "second", checkout.parent / "home")
    assert run(second) == (folder, 70.0)
    assert kernels(folder) == compiled


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: os.urandom(len(data))]
)
def test_a_damaged_file_is_compiled_again_and_replaced(checkout, damage):
    folder, _ = run(checkout)
    names = kernels(folder)
    for path in Path(folder).glob("*.kernel"):
        path.write_bytes(damage(path.read_bytes()))
    assert run(checkout) == (folder, 70.0)
    whole = kernels(folder)
    assert whole.keys() == names.keys()
    assert run(checkout) == (folder, 70.0)
    assert kernels(folder) == whole, "not replaced: compiled again at every start"


def test_a_file_that_numba_cannot_use_is_compiled_again(checkout):
    folder, _ = run(checkout)
    for path in Path(folder).glob("*.kernel"):
        cache.write_checked(path, b"not a pickle")
    assert run(checkout) == (folder, 70.0)


def test_any_source_of_the_core_starts_a_new_folder(checkout, monkeypatch):
    monkeypatch.setattr(cache, "CORE", checkout / "nea_env/core")
    seen = {cache.source_hash()}
    sources = sorted(cache.CORE.rglob("*.py"))
    assert len(sources) > 15
    for count, source in enumerate(sources, start=2):
        source.write_text(source.read_text() + "\n")
        seen.add(cache.source_hash())
        assert len(seen) == count, source.name
    (cache.CORE / "new_rule.py").write_text("")
    assert cache.source_hash() in seen  # an empty file holds no rule
    (cache.CORE / "new_rule.py").write_text("x = 1\n")
    assert cache.source_hash() not in seen


def test_sums_of_a_law_start_a_new_folder(checkout, monkeypatch):
    copies = tuple(checkout / path.relative_to(CORE.parents[1]) for path in cache.SUMS)
    monkeypatch.setattr(cache, "SUMS", copies)
    seen = {cache.source_hash()}
    for count, path in enumerate(copies, start=2):
        path.write_text(path.read_text() + "\n")
        seen.add(cache.source_hash())
        assert len(seen) == count, path.name


def test_what_kernels_take_from_outside_the_core_is_part_of_the_folders_name(monkeypatch):
    kernels = [*CORE.glob("*.py"), *(CORE / "play").rglob("*.py"), *(CORE / "rules").rglob("*.py")]
    imported = {
        (node.module, alias.name)
        for path in kernels
        if path != CORE / "cache.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nea_env.scenario")
        for alias in node.names
    }
    values = {name: getattr(importlib.import_module(module), name) for module, name in imported}
    sizes = {name: value for name, value in values.items() if isinstance(value, int)}
    assert sizes == {name: getattr(cache, name) for name in ("TECHNOLOGIES", "TIERS", "LINKS_MAX")}
    assert sorted(sizes.values()) == sorted(cache.SIZES)
    before = cache.source_hash()
    monkeypatch.setattr(cache, "SIZES", (*cache.SIZES[:-1], cache.SIZES[-1] + 1))
    assert cache.source_hash() != before


def test_another_processor_starts_a_new_folder(monkeypatch):
    """Its kernels could not run here, and its equilibria may differ in their last bits."""
    tell = [sys.executable, "-c", "from nea_env.core.cache import source_hash; print(source_hash())"]
    processors = ({}, {"NUMBA_CPU_NAME": "generic"}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse4.2"})
    told = (subprocess.run(tell, env=os.environ | one, capture_output=True, check=True) for one in processors)
    seen = {one.stdout.decode().strip() for one in told}
    assert len(seen) == 3 and cache.source_hash() in seen
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "X86_V4")
    assert cache.source_hash() not in seen


def test_compiling_the_month_is_announced_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(KernelCache, "_told", False)
    for function in (booking.issue, step.advance, step.start_rows):
        target = function.targetctx
        assert KernelCache(function.py_func, tmp_path).load_overload("()", target) is None
    assert capsys.readouterr().err.count("compiling the kernels once") == 1


def test_functions_outside_the_core_are_not_kept():
    folder = cache.cache_folder()
    before = kernels(folder)
    assert jit(_next)(1) == 2
    assert kernels(folder) == before


def _next(x):
    return x + 1


@pytest.fixture
def places(monkeypatch, tmp_path):
    """Where the cache looks, in its order; all below ``tmp_path`` and empty."""
    found = {name: tmp_path / name for name in ("numba", "xdg", "home", "tmp")}
    for path in found.values():
        path.mkdir()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(found["numba"]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(found["xdg"]))
    monkeypatch.setenv("HOME", str(found["home"]))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(found["tmp"]))
    return found


fresh = cache.cache_folder.__wrapped__
"""The folder that a new process would use."""


def test_the_places_are_tried_in_their_order(places, monkeypatch):
    name = cache.source_hash()
    assert fresh() == places["numba"] / "nea_env" / name
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert fresh() == places["xdg"] / "nea_env" / name
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert fresh() == places["home"] / ".cache" / "nea_env" / name
    monkeypatch.setattr(cache.Path, "home", _raise(RuntimeError("no home directory")))
    folder = fresh()
    assert folder == places["tmp"] / f"nea_env-{os.getuid()}" / name
    for path in (folder, folder.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    monkeypatch.setattr(cache.tempfile, "gettempdir", _raise(FileNotFoundError("no usable temporary directory")))
    assert fresh() is None


def test_a_place_that_cannot_be_written_or_has_no_room_is_passed_over(places, monkeypatch):
    (places["numba"] / "nea_env").write_text("a file")
    usage, full = shutil.disk_usage, places["xdg"] / "nea_env"
    monkeypatch.setattr(
        cache.shutil, "disk_usage", lambda path: usage(path)._replace(free=2**20) if path == full else usage(path)
    )
    assert fresh().parent == places["home"] / ".cache" / "nea_env"
    (full / cache.source_hash()).mkdir()
    assert fresh().parent != full, "an empty folder on a full disk"
    (full / cache.source_hash() / "a.kernel").write_bytes(b"x")
    assert fresh().parent == full, "what was compiled before the disk was full can still be read"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a disk is not permitted")
def test_a_real_home_without_room_is_passed_over(places):
    """A full HOME with room elsewhere: environments can be made, from what the next place holds."""
    for name in ("numba", "xdg"):
        (places[name] / "nea_env").write_text("a file")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(places["home"])])
    if mounted.returncode != 0:
        pytest.skip("mounting a disk is not permitted")
    try:
        assert fresh() == places["tmp"] / f"nea_env-{os.getuid()}" / cache.source_hash()
    finally:
        subprocess.run(["umount", str(places["home"])], check=True)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_to_is_never_read(places, monkeypatch, mode):
    for path in ("numba", "xdg", "home"):
        (places[path] / "nea_env").write_text("a file")
    (places["home"] / ".cache").write_text("a file")
    planted = places["tmp"] / f"nea_env-{os.getuid()}"
    planted.mkdir()
    planted.chmod(mode)
    assert fresh() is None
    planted.chmod(0o700)
    assert fresh().parent == planted


def test_a_folder_of_another_user_or_a_link_is_never_read(places, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    fresh()
    monkeypatch.setattr(cache.os, "geteuid", lambda: os.getuid() + 1)
    assert fresh() is None
    monkeypatch.undo()
    elsewhere = places["tmp"] / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (places["xdg"] / "nea_env").symlink_to(elsewhere)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(places["xdg"]))
    assert fresh().parent != places["xdg"] / "nea_env"


def test_old_versions_are_removed_but_for_the_newest_and_those_in_use(places):
    place = places["numba"] / "nea_env"
    for age in range(8):
        (place / f"old{age}").mkdir(parents=True, mode=0o700)
        (place / f"old{age}" / "a.kernel").write_bytes(b"x")
    place.chmod(0o700)
    now = (place / "old0").stat().st_mtime
    for age in range(8):
        os.utime(place / f"old{age}", (now - 550.0 * age, now - 550.0 * age))
    folder = fresh()
    assert {path.name for path in place.iterdir()} == {folder.name, *(f"old{age}" for age in range(7))}
    os.utime(place / "old5", (now - 7200.0, now - 7200.0))
    fresh()
    assert {path.name for path in place.iterdir()} == {folder.name, *(f"old{age}" for age in (0, 1, 2, 3, 4, 6))}


def test_without_any_folder_kernels_are_compiled_and_equilibria_solved(checkout, monkeypatch):
    script = "from nea_env.core import cache\ncache._places = lambda: iter(())\n" + SHOW
    script += """
from nea_env import load_scenario
from nea_env.core.lowering.chain_cache import cached
head, chain = cached(load_scenario("kets"), lambda: (np.zeros(1), np.full(2, 7.0)))
assert chain.tolist() == [7.0, 7.0]
"""
    before = {path: path.stat().st_mtime_ns for path in checkout.parent.rglob("*.kernel")}
    monkeypatch.setattr(sys.modules[__name__], "SHOW", script)
    assert run(checkout) == ("None", 70.0)
    assert {path: path.stat().st_mtime_ns for path in checkout.parent.rglob("*.kernel")} == before


def test_a_disk_that_fills_up_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(cache.os, "replace", _raise(OSError(28, "No space left on device")))
    cache.write_checked(tmp_path / "a.kernel", b"x" * 1_000)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(cache.tempfile, "mkstemp", _raise(OSError(28, "No space left on device")))
    cache.write_checked(tmp_path / "a.kernel", b"x" * 1_000)
    assert cache.read_checked(tmp_path / "a.kernel") is None


def test_the_command_tells_the_place_and_clears_it(places, monkeypatch, capsys):
    monkeypatch.setattr(cache, "cache_folder", fresh)
    cache.write_checked(fresh() / "a.kernel", b"x" * 3 * 2**20)
    assert command(["cache"]) == 0
    assert f"{places['numba']}" in (told := capsys.readouterr().out) and "3 MB  this version" in told
    assert command(["cache", "--clear"]) == 0
    assert "removed" in capsys.readouterr().out
    assert not any((places["numba"] / "nea_env").iterdir())


def _raise(error: Exception):
    def function(*_args, **_keywords):
        raise error

    return function


def test_clearing_takes_no_abbreviation(places, capsys):
    kept = fresh()
    (kept / "a.kernel").write_bytes(b"x")
    with pytest.raises(SystemExit):
        command(["cache", "--clea"])
    assert (kept / "a.kernel").exists() and "--clea" in capsys.readouterr().err


def test_clearing_beside_a_process_at_work_tells_what_stayed(places, monkeypatch, capsys):
    monkeypatch.setattr(cache, "cache_folder", fresh)
    (fresh() / "a.kernel").write_bytes(b"x")
    monkeypatch.setattr("shutil.rmtree", lambda path, ignore_errors: None)
    assert command(["cache", "--clear"]) == 0
    assert "in use by another process: not all of it is removed" in capsys.readouterr().out
