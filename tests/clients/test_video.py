from pathlib import Path

import pytest

moviepy = pytest.importorskip("moviepy", reason="moviepy is not installed: make clients ARGS=video")
pytest.importorskip("matplotlib")


def test_records_an_episode(example):
    env = example("Videos")["env"]
    months = int(env.unwrapped.batch.horizon[0])
    (video,) = Path("videos").glob("*.mp4")
    with moviepy.VideoFileClip(str(video)) as clip:
        assert clip.n_frames == months + 1
        assert clip.fps == env.metadata["render_fps"]
