"""Pictures: the same whatever was drawn before, drawn on kept axes, whole, legible, and of one shape."""

from __future__ import annotations

import copy
import pickle

import gymnasium
import numpy as np
import pytest

import nea_env
from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv

pytest.importorskip("matplotlib")
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nea_env.envs.rendering.picture import Picture

SHAPE = (640, 1000, 3)
STEADY = np.array([0.2, 0.5, 0.3, 0.1, 0, 0, 0, 0])


def months(env, actions=lambda: STEADY):
    """Steps to the end of the episode."""
    over = False
    while not over:
        over = env.step(actions())[2]
        yield env


def from_scratch(env):
    """The frame that an environment draws which has never drawn before."""
    return pickle.loads(pickle.dumps(env)).render()


@pytest.mark.parametrize("scenario", ["kets", "jvets"])
def test_a_frame_is_the_same_whichever_were_drawn_before(scenario):
    env = FirmEnv(scenario, render_mode="rgb_array")
    random = np.random.default_rng(0)
    env.reset(seed=0)
    for number, _ in enumerate(months(env, lambda: random.uniform(-1, 1, 8)), start=1):
        if number % 3 == 0:
            env.render()
        if number in (60, int(env.batch.horizon[0])):
            np.testing.assert_array_equal(env.render(), from_scratch(env))
    env.reset()
    env.step(STEADY)
    np.testing.assert_array_equal(env.render(), from_scratch(env))


def test_a_see_through_page_shows_no_earlier_frame():
    with rc_context({"figure.facecolor": "none", "axes.facecolor": "none"}):
        env = FirmEnv("kets", render_mode="rgb_array")
        blank = env.render()
        env.reset(seed=0)
        for _ in range(8):
            env.step(STEADY)
            env.render()
        np.testing.assert_array_equal(env.render(), from_scratch(env))
        env.set_state(FirmEnv("kets").get_state())
        np.testing.assert_array_equal(env.render(), blank)


def test_one_figure_serves_all_frames_and_axes_are_seldom_drawn(monkeypatch):
    made, drawn = [], []
    for cls, name, calls in ((Figure, "__init__", made), (Axes, "draw", drawn)):
        plain = getattr(cls, name)

        def counted(self, *args, plain=plain, calls=calls, **kwargs):
            calls.append(self)
            return plain(self, *args, **kwargs)

        monkeypatch.setattr(cls, name, counted)
    env = FirmEnv("kets", render_mode="rgb_array")
    env.reset(seed=0)
    frames = [env.render() for _ in months(env)]
    assert len(made) == 1
    assert len(frames) == 140 and len(drawn) < 60  # four a frame if nothing were kept


@pytest.mark.parametrize("scenario", ["tps", "tokyo"])
def test_frames_are_new_arrays_of_one_shape(scenario):
    env = FirmEnv(scenario, render_mode="rgb_array")
    frames = [env.render()]
    for seed in (0, None):
        env.reset(seed=seed)
        frames.append(env.render())
        *_, last = months(env)
        frames += [last.render(), last.render()]
    for frame in frames:
        assert frame.dtype == np.uint8 and frame.shape == SHAPE and frame.flags.c_contiguous
    assert len({id(frame) for frame in frames}) == len(frames)
    assert not any(np.shares_memory(frames[-1], frame) for frame in frames[:-1])
    np.testing.assert_array_equal(frames[2], frames[3])
    assert len({frame.tobytes() for frame in frames}) == len(frames) - 2 - (frames[1] == frames[4]).all()
    kept = frames[3].copy()
    frames[2][:] = 0
    np.testing.assert_array_equal(env.render(), frames[-1])
    np.testing.assert_array_equal(frames[3], kept)


def test_rows_of_a_vector_environment_look_like_single_environments():
    options = {"render_mode": "rgb_array", "max_episode_steps": 5}
    vector = FirmVectorEnv(2, "kets", **options)
    sync = gymnasium.vector.SyncVectorEnv([lambda: FirmEnv("kets", **options)] * 2)
    vector.reset(seed=3)
    sync.reset(seed=3)
    differ = False
    for _ in range(7):
        for env in (vector, sync):
            env.step(np.stack([STEADY, -STEADY]).astype(np.float32))
        frames = vector.render()
        assert isinstance(frames, tuple) and len(frames) == 2
        differ = differ or bool((frames[0] != frames[1]).any())
        np.testing.assert_array_equal(frames, sync.render())
    assert differ


@pytest.mark.parametrize("scenario", ["kets", "linked_tokyo", "pilot_tianjin"])
def test_legends_cover_no_curve_and_nothing_leaves_its_cell(scenario):
    env = FirmEnv(scenario, render_mode="rgb_array")
    random = np.random.default_rng(1)
    env.reset(seed=1)
    for number, _ in enumerate(months(env, lambda: random.uniform(-1, 1, 8))):
        if number % 30 and number != int(env.batch.horizon[0]) - 1:
            continue
        env.render()
        picture = env._renderer._pictures[0]
        renderer = picture._canvas.get_renderer()
        for cell in picture._cells:
            around = cell._axes.get_tightbbox(renderer)
            assert cell._box.x0 <= around.x0 and around.x1 <= cell._box.x1, (number, cell._view)
            assert cell._box.y0 <= around.y0 and around.y1 <= cell._box.y1, (number, cell._view)
            low, high = cell._axes.get_ylim()
            heights = [extent(curve) for curve in cell._panel.curves if curve.get_visible()]
            assert low <= min(map(np.nanmin, heights)) and max(map(np.nanmax, heights)) <= high
            if cell._axes.get_legend() is not None:
                legend = cell._axes.get_legend().get_window_extent(renderer)
                lowest = cell._axes.transData.inverted().transform((legend.x0, legend.y0))[1]
                assert max(map(np.nanmax, heights)) < lowest, (number, cell._view)


def extent(curve):
    """Heights of a curve's points."""
    return np.asarray(curve.get_ydata() if hasattr(curve, "get_ydata") else curve.get_xy()[:, 1], float)


def test_the_legend_names_only_what_is_there():
    env = FirmEnv("kets", render_mode="rgb_array")
    env.reset(seed=1)
    env.render()
    assert env._renderer._pictures[0]._cells[2]._axes.get_legend() is None  # nothing has been avoided yet
    env.step(np.array([0.0, 0.5, *[0.0] * 6], np.float32))
    env.render()
    cells = env._renderer._pictures[0]._cells
    named = [[text.get_text() for text in cell._axes.get_legend().get_texts()] for cell in cells[1:3]]
    assert named == [["front: vintage due next", "next vintage", "emitted, not settled"], ["operation"]]


def test_run_off_is_shaded_and_the_title_tells_what_was_changed():
    picture = Picture(nea_env.load_scenario("kets", ["market.price=9000"]))
    assert picture._title.get_text().endswith("(phases I-III), market.price=9000")
    for cell in picture._cells:
        (patch,) = [patch for patch in cell._axes.patches if patch not in cell._panel.curves]
        assert (patch.get_x(), patch.get_x() + patch.get_width()) == pytest.approx((2026.0, 2026 + 8 / 12))
    assert [cell._axes.get_xlabel() for cell in picture._cells[2:]] == ["year (shaded: run-off, no production)"] * 2


def test_the_longest_title_that_ships_is_shown_whole():
    scenarios = [nea_env.load_scenario(name) for name in nea_env.scenarios()]
    longest = max(scenarios, key=lambda scenario: len(scenario.title))
    assert Picture(longest)._title.get_text() == longest.title


@pytest.mark.parametrize(
    "text",
    ["$\\undefined{ 5", "배출권 거래제 碳 排", "two\nlines", "x" * 900, "_^\\{}%&#~"],
    ids=lambda text: ascii(text)[:20],
)
def test_any_title_and_currency_is_drawn_inside_the_figure(text):
    scenario = nea_env.load_scenario("kets")
    market = scenario.market.model_copy(update={"currency": text})
    odd = FirmEnv(scenario.model_copy(update={"title": text, "market": market}), render_mode="rgb_array")
    plain = FirmEnv(scenario, render_mode="rgb_array")
    for env in (odd, plain):
        env.render()
        env.reset(seed=0)
        env.step(STEADY)
    frame, other = odd.render(), plain.render()
    head, margins = slice(0, 40), np.r_[0:4, 996:1000]
    assert (frame[head] != other[head]).any() and frame.shape == SHAPE
    assert (frame[:, margins] == 255).all() and (frame[np.r_[0:4, 636:640]] == 255).all()


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copies_draw_their_own_pictures(duplicate):
    env = FirmEnv("kets", render_mode="rgb_array")
    env.reset(seed=0)
    env.step(STEADY)
    first = env.render()
    assert len(pickle.dumps(env)) < 2_000_000, "no figure goes along"
    twin = duplicate(env)
    twin.step(STEADY)
    twin.step(STEADY)
    assert (twin.render() != first).any()
    np.testing.assert_array_equal(env.render(), first)
