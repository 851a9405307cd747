"""Constructors, resets and actions are checked alike in both environments: one ValueError line, and nothing changed."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from tests.asserts import assert_rejected_unharmed, assert_same

CONSTRUCTORS = {
    "max_episode_steps": [0, -1, 1.5, "3", True, np.float64(3), [3], np.array([3]), np.True_],
    "render_mode": ["video", "", 3, True, ["ansi"], np.array(["ansi", "ansi"])],
    "action_form": ["boxes", "", None, 0, ["box"], np.array(["box", "box"])],
    "observe_mask": [1, 0, None, "yes", np.array([True])],
    "reward": ["costs", "", None, 1, True, ["marked"], np.array(["marked"])],
}
VECTOR = {
    "num_envs": [0, -1, 2.5, "4", True, None, [2], np.float64(2)],
    "autoreset_mode": ["Sometimes", None, 1, True, ["NextStep"], np.array(["NextStep", "SameStep"])],
}
BOTH = [(face, name, bad) for name, values in CONSTRUCTORS.items() for bad in values for face in ("single", "vector")]


def one_line(caught, *parts):
    text = str(caught.value)
    assert "\n" not in text and all(part in text for part in (*parts, "expected")), text


@pytest.mark.parametrize(("face", "name", "bad"), BOTH, ids=str)
def test_constructors_of_both_faces(face, name, bad):
    with pytest.raises(ValueError, match=name) as caught:
        FirmEnv(**{name: bad}) if face == "single" else FirmVectorEnv(2, **{name: bad})
    one_line(caught, name)


@pytest.mark.parametrize(("name", "bad"), [(name, bad) for name, values in VECTOR.items() for bad in values], ids=str)
def test_constructor_of_the_vector_environment(name, bad):
    with pytest.raises(ValueError, match=name) as caught:
        FirmVectorEnv(**{name: bad})
    one_line(caught, name)


def test_numpy_numbers_and_bools_are_taken():
    env = FirmVectorEnv(np.int64(2), max_episode_steps=np.uint8(3), observe_mask=np.True_)
    assert type(env.num_envs) is int and "action_mask" in env.reset(seed=np.int32(4))[0]
    single = FirmEnv(max_episode_steps=np.int16(1))
    single.reset(seed=np.array(5))
    assert single.step(np.zeros(8))[3]


SEEDS = [-1, 2**63, 1.5, "0", True, np.True_, np.float64(1), b"1", {}, {3}]
SINGLE_SEEDS = [*SEEDS, [1], np.array([1])]
VECTOR_SEEDS = [*SEEDS, 2**63 - 2, [1, 2], [1, 2, 3, 4], [1, 2, -3], [1, 2, 2**63], [1, 2, 1.5], [1, 2, True],
                [1, [2], 3], np.array([1.0, 2.0, 3.0]), np.array([[1], [2], [3]]), ("1", "2", "3")]  # fmt: skip
OPTIONS = [[], 0, "scenario_seed", [("scenario_seed", 1)], {"scenario_sed": 3}, {3: 1, "x": 2}]
MASKS = [None, [True, False, True], (True,) * 3, np.ones(3), np.ones(3, int), np.ones(2, bool), np.ones((3, 1), bool),
         np.zeros(3, bool), True, np.array(True), np.array([True] * 3, object)]  # fmt: skip


def refused(env, name, **reset):
    env.reset(seed=3)
    before = env.get_state()
    with pytest.raises(ValueError, match=name) as caught:
        env.reset(**reset)
    one_line(caught, name)
    assert_same(env.get_state(), before)


@pytest.fixture(scope="module")
def single():
    return FirmEnv()


@pytest.fixture(scope="module")
def vector():
    return FirmVectorEnv(3)


@pytest.mark.parametrize("bad", SINGLE_SEEDS, ids=repr)
def test_seeds_of_a_single_environment(single, bad):
    refused(single, "seed", seed=bad)
    refused(single, "scenario_seed", options={"scenario_seed": bad})


@pytest.mark.parametrize("bad", VECTOR_SEEDS, ids=repr)
def test_seeds_of_a_vector_environment(vector, bad):
    refused(vector, "seed", seed=bad)
    refused(vector, "scenario_seed", options={"scenario_seed": bad})


@pytest.mark.parametrize("bad", OPTIONS, ids=repr)
def test_options(single, vector, bad):
    refused(single, "option", options=bad)
    refused(vector, "option", options=bad)


@pytest.mark.parametrize("bad", MASKS, ids=repr)
def test_reset_masks(single, vector, bad):
    refused(vector, "reset_mask", options={"reset_mask": bad})
    refused(vector, "reset_mask", seed=9, options={"reset_mask": bad, "scenario_seed": 4})
    refused(single, "reset_mask", options={"reset_mask": bad})


def test_good_seeds_of_every_kind(vector):
    expected = vector.reset(seed=[4, 5, 6])
    for seed in (4, np.int64(4), (4, 5, 6), np.array([4, 5, 6]), np.array([4, 5, 6], np.uint8), range(4, 7)):
        assert_same(vector.reset(seed=seed), expected)
    vector.reset(seed=2**63 - 3)


class Protocol:
    """An array of another library, as NumPy sees it."""

    def __init__(self, made):
        self.made = made

    def __array__(self, dtype=None, copy=None):
        return self.made()


def explode():
    raise RuntimeError("its numbers\nlie on another device")


GOOD = np.linspace(-1, 1, 8).astype(np.float32)
TAKEN = {
    "list": GOOD.tolist(),
    "tuple": tuple(GOOD),
    "float16": GOOD.astype(np.float16),
    "float64": GOOD.astype(np.float64),
    "longdouble": GOOD.astype(np.longdouble),
    "big-endian": GOOD.astype(">f4"),
    "memoryview": memoryview(GOOD),
    "array protocol": Protocol(GOOD.copy),
    "strided": np.repeat(GOOD, 2)[::2],
    "unaligned": np.frombuffer(b"\0" + GOOD.tobytes(), np.uint8)[1:].view(np.float32),
}
REFUSED = {
    "objects": GOOD.astype(object),
    "strings": ["0.5"] * 8,
    "bytes": b"12345678",
    "complex": GOOD.astype(complex),
    "ragged": [[0.1], *[0.2] * 7],
    "masked": np.ma.masked_array(GOOD, mask=[0, 0, 1, 0, 0, 0, 0, 0]),
    "masked nowhere": np.ma.masked_array(GOOD),
    "NaN": np.where(np.arange(8) == 5, np.nan, GOOD),
    "dates": np.array(["2015-01"] * 8, "M8[M]"),
    "structured": np.zeros(8, [("trade", "f4")]),
    "dict": {"trade": 0.5},
    "set": {0.5},
    "generator": (x for x in GOOD),
    "broken protocol": Protocol(explode),
    "protocol of no array": Protocol(lambda: 3),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_actions_that_are_taken(single, vector, kind):
    single.reset(seed=1)
    expected = single.step(TAKEN[kind] if kind == "float16" else GOOD)
    single.reset(seed=1)
    assert_same(single.step(TAKEN[kind]), expected)
    rows = np.stack([np.asarray(TAKEN[kind])] * 3)
    vector.reset(seed=[1, 1, 1])
    assert vector.step(rows.astype(np.asarray(TAKEN[kind]).dtype))[1][2] == expected[1]


def test_arrays_that_may_not_be_written_to_need_no_kernel_of_their_own(vector):
    from nea_env.core.play.step import advance, all_finite

    vector.reset(seed=1)
    rows = np.stack([GOOD] * 3)
    expected = vector.step(rows)
    compiled = len(all_finite.signatures), len(advance.signatures)
    locked, broad = rows.copy(), np.broadcast_to(GOOD, (3, 8))
    locked.flags.writeable = False
    shifted = np.frombuffer(b"\0" + rows.tobytes(), np.uint8)[1:].view(np.float32).reshape(3, 8)
    for given in (locked, broad, shifted, np.asfortranarray(rows), memoryview(rows)):
        vector.reset(seed=1)
        assert_same(vector.step(given), expected)
    assert (len(all_finite.signatures), len(advance.signatures)) == compiled


@pytest.mark.parametrize("kind", REFUSED)
def test_actions_that_are_refused(single, vector, kind):
    bad = REFUSED[kind]
    single.reset(seed=1)
    assert_rejected_unharmed(single, bad, GOOD)
    with pytest.raises(ValueError, match="action") as caught:
        single.step(bad)
    assert "\n" not in str(caught.value)
    vector.reset(seed=1)
    rows = np.ma.stack([bad] * 3) if "masked" in kind else np.stack([bad] * 3) if isinstance(bad, np.ndarray) else bad
    assert_rejected_unharmed(vector, rows, np.stack([GOOD] * 3))


def test_tensors():
    torch = pytest.importorskip("torch")
    env, discrete, vector = FirmEnv(), FirmEnv(action_form="discrete"), FirmVectorEnv(3)
    for made in (env, discrete, vector):
        made.reset(seed=1)
    tensor = torch.tensor(GOOD)
    before = env.get_state()
    expected = env.step(GOOD)
    for given in (tensor, tensor.double(), tensor.clone().requires_grad_().detach()):
        env.set_state(before)
        assert_same(env.step(given), expected)
    env.set_state(before)
    env.step(tensor.half())
    discrete.step(torch.tensor(3))
    vector.step(tensor.expand(3, 8))
    env.set_state(before)
    for bad in (tensor.clone().requires_grad_(), tensor.bfloat16(), tensor.to(torch.complex64), tensor.to("meta")):
        with pytest.raises(ValueError, match="action") as caught:
            env.step(bad)
        assert "\n" not in str(caught.value)
        with pytest.raises(ValueError, match="action"):
            vector.step(bad.expand(3, 8))
    assert_same(env.get_state(), before)
    with pytest.raises(ValueError, match="whole numbers"):
        discrete.step(torch.tensor(1.0))


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    env, vector = FirmEnv(), FirmVectorEnv(3)
    env.reset(seed=1)
    vector.reset(seed=1)
    env.step(pandas.Series(GOOD))
    vector.step(pandas.DataFrame(np.stack([GOOD] * 3)))
    with pytest.raises(ValueError, match="action"):
        env.step(pandas.Series([*GOOD[:7], None], dtype="Float64"))


def test_make_vec_hands_its_arguments_on():
    with pytest.raises(ValueError, match=r"max_episode_steps is 1\.5"):
        gymnasium.make_vec("nea/KETS-v0", num_envs=2, max_episode_steps=1.5)
