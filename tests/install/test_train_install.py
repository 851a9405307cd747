"""The lowest versions that [train] allows learn, evaluate and draw; torch alone is that of the lock."""

import re
import sys

import pytest

from tests.install.environments import PROJECT, ROOT, build_wheel, install, lowest, run

pytestmark = pytest.mark.slow

TINY = [
    "scenario=kets_phase2", "algo.num_envs=4", "algo.parameters.n_steps=16", "algo.parameters.batch_size=32",
    "total_steps=256", "evaluation.episodes=20", "evaluation.policies=[just_in_time]", "progress=off",
]  # fmt: skip


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="the lowest versions are those of Python 3.11, the lowest Python"
)
def test_lowest_versions_train(tmp_path):
    torch = re.search(r"^torch==.*$", (ROOT / "requirements/lock.txt").read_text(), re.MULTILINE).group()
    asked = [one for one in PROJECT["optional-dependencies"]["train"] if not one.startswith("torch")]
    pins = [torch, *lowest([*PROJECT["dependencies"], *asked])]
    python = install(tmp_path, f"nea-env[train] @ {build_wheel(tmp_path).as_uri()}", pins=pins)
    run(tmp_path, [python, ROOT / "train.py", *TINY, f"hydra.run.dir={tmp_path}/run"])
    assert {"model.zip", "metrics.csv", "evaluation.json"} <= {path.name for path in (tmp_path / "run").iterdir()}
    assert list((tmp_path / "run/figures").glob("*.png"))
