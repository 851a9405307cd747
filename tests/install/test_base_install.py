"""The wheel with its base dependencies alone, outside the checkout, at the newest versions and at the lowest."""

import re
import sys
from pathlib import Path

import pytest

from tests.install.environments import PROJECT, build_wheel, install, lowest, pip, run

pytestmark = pytest.mark.slow

SMOKE = Path(__file__).with_name("smoke.py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def smoke(python, folder):
    printed = run(folder, [python, "-I", "-W", "error", SMOKE]).splitlines()
    checks = re.findall(r"^def (\w+)", SMOKE.read_text(), re.MULTILINE)
    assert printed == [f"ok {check.replace('_', ' ')}" for check in checks]


def test_newest_versions(wheel, tmp_path):
    smoke(install(tmp_path, str(wheel)), tmp_path)


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="the lowest versions are those of Python 3.11, the lowest Python"
)
def test_lowest_versions(wheel, tmp_path):
    pins = lowest(PROJECT["dependencies"])
    python = install(tmp_path, str(wheel), pins=pins)
    installed = pip(python, "freeze")
    assert [pin for pin in pins if not re.search(rf"^{re.escape(pin)}(\.0)*$", installed, re.MULTILINE)] == []
    smoke(python, tmp_path)
