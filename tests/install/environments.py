"""New virtual environments that hold the wheel and what it asks for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lowest(requirements: list[str]) -> list[str]:
    """The lowest versions allowed: `numba>=0.61` gives `numba==0.61`."""
    pins = []
    for requirement in requirements:
        name, version = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:,<[\d.]+)?", requirement).groups()
        pins.append(f"{name}=={version}")
    return pins


def build_wheel(folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def pip(python: Path, *arguments: str) -> str:
    """Run this environment's pip on another one, which then needs none of its own."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def install(folder: Path, *requirements: str, pins: Sequence[str] = ()) -> Path:
    """A new environment in folder with the requirements, at the pins; returns its python."""
    venv.create(folder / "venv")
    python = folder / "venv/bin/python"
    constraints = folder / "pins.txt"
    constraints.write_text("\n".join(pins))
    pip(python, "install", "--quiet", "--no-compile", "--constraint", str(constraints), *requirements)
    return python


def run(folder: Path, command: list[str | Path], **kwargs) -> str:
    """Run a command with folder as its home and hand back what it printed; what it printed is the error, too."""
    environment = {**os.environ, "HOME": str(folder), "NUMBA_NUM_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, **{"cwd": folder, **kwargs})
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout
