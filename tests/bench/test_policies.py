"""Whatever a user has can be played, and what can't be is told in a sentence."""

import sys

import numpy as np
import pytest
from gymnasium import spaces

from nea_env.bench.policies import as_policy, name_of
from nea_env.bench.target import is_discrete, scenario_of
from nea_env.core.layout import OBS_INDEX, Action
from nea_env.envs.menu import MENU
from nea_env.envs.spaces import action_space, observation_space
from nea_env.library import load_scenario
from nea_env.policies.play import costs
from nea_env.policies.rules import JustInTime

SCENARIO, SEEDS = load_scenario("kets_phase2"), np.arange(1_000_000, 1_000_009)
JIT = costs(JustInTime(), SCENARIO, SEEDS)
EVEN, PRICE = OBS_INDEX["even_trade"], OBS_INDEX["abate_at_price"]


def batched(observation):
    actions = np.zeros((len(observation), 8))
    actions[:, Action.TRADE], actions[:, Action.ABATE] = observation[:, EVEN], observation[:, PRICE]
    return actions


def single(observation):
    return [observation[EVEN], observation[PRICE], 0, 0, 0, 0, 0, 0]


class Bare:
    def predict(self, obs):
        return batched(obs)


class Full:
    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        assert deterministic and episode_start.shape == (len(observation),)
        assert (state is None) == bool(episode_start.all())
        return batched(observation), (state or 0) + 1


class Masks:
    def predict(self, observation, action_masks, **others):
        assert action_masks.shape == (len(observation), 8) and set(others) == {
            "state",
            "episode_start",
            "deterministic",
        }
        return batched(observation)


class Single:
    def predict(self, observation, state=None):
        return single(observation), (state or 0) + 1


class Act:
    def act(self, observation, deterministic=True):
        return batched(observation)


class Called:
    def __call__(self, observation):
        return batched(observation)


FORMS = [batched, single, Bare, Bare(), Full(), Masks(), Single(), Act(), Called(), "just_in_time", JustInTime()]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: name_of(form))
def test_every_form_plays_as_the_rule_that_it_copies(form):
    assert np.allclose(costs(as_policy(form, SCENARIO), SCENARIO, SEEDS), JIT)


def test_the_observation_may_be_called_state():
    class Acts:
        def act(self, state):
            return single(state)

    seen = np.zeros((3, 62), np.float32)
    for policy in (lambda state: batched(state), Acts()):
        actions, _ = as_policy(policy).predict(seen, None, np.ones(3, np.bool_))
        assert actions.shape == (3, 8)


def test_an_argument_that_nobody_gives_is_named():
    def warm(observation, temperature):
        return batched(observation)

    with pytest.raises(ValueError, match="warm needs 'temperature': expected the observation and, where it takes them"):
        as_policy(warm)


def test_a_state_is_handed_on_by_row():
    seen = []

    class Counts:
        def predict(self, observation, state=None, episode_start=None):
            seen.append((state, bool(episode_start)))
            return single(observation), (state or 0) + 1

    def alone(observation, state=None, episode_start=None):
        assert observation.ndim == 1
        return Counts().predict(observation, state, episode_start)

    costs(as_policy(alone, SCENARIO), SCENARIO, SEEDS[:2])
    assert seen[:4] == [(None, True), (None, True), (1, False), (1, False)]


EVEN_CHOICE = MENU.index("even, at price")


class Menu:
    action_space = spaces.Discrete(len(MENU))

    def predict(self, observation):
        return np.full(len(observation), EVEN_CHOICE)


@pytest.mark.parametrize("policy", [Menu(), lambda obs: np.full(len(obs), EVEN_CHOICE), lambda obs: EVEN_CHOICE])
def test_the_menu(policy):
    played = as_policy(policy, SCENARIO, discrete=True)
    assert np.allclose(costs(played, SCENARIO, SEEDS), JIT)


def test_an_id_of_the_menu_is_one():
    assert is_discrete("nea/KETSDiscrete-v0") and not is_discrete("nea/KETS-v0") and not is_discrete(SCENARIO)
    assert hasattr(as_policy(lambda obs: 0, "nea/KETSDiscrete-v0"), "action_space")
    assert scenario_of("nea/KETSDiscrete-v0").digest == load_scenario("kets").digest
    assert scenario_of("kets", ["market.price=30"]).market.price == 30
    with pytest.raises(ValueError, match="did you mean 'nea/KETS-v0'"):
        scenario_of("nea/KET-v0")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda n: np.zeros((n, 7)), r"shape \(9, 7\): expected \(9, 8\) numbers, one each for trade, abate"),
        (lambda n: np.zeros(8), r"expected"),
        (lambda n: None, "returned None: expected"),
        (lambda n: [["a"] * 8] * n, "expected"),
        (lambda n: np.full((n, 8), np.nan), "returned nan for trade in row 0: expected finite numbers"),
    ],
)
def test_what_can_not_be_played_is_told_in_a_sentence(answer, message):
    class Wrong:
        def predict(self, observation):
            return answer(len(observation)) if observation.ndim == 2 else np.zeros(3)

    with pytest.raises(ValueError, match=message) as told:
        costs(as_policy(Wrong(), SCENARIO), SCENARIO, SEEDS)
    assert str(told.value).startswith("Wrong returned") and "\n" not in str(told.value)


@pytest.mark.parametrize("answer", [len(MENU), -1, 0.5])
def test_a_number_outside_the_menu(answer):
    with pytest.raises(ValueError, match=rf"expected \(9,\) whole numbers from 0 to {len(MENU) - 1}"):
        costs(as_policy(lambda obs: np.full(len(obs), answer), SCENARIO, discrete=True), SCENARIO, SEEDS)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (5, "expected a function of the observation, an object with predict"),
        ("just_in_tim", "did you mean 'just_in_time'"),
        ("no_such_module_here:x", "there is no module 'no_such_module_here'; it was looked for in the working"),
        ("json:dump_all", "json has no 'dump_all'"),
        ("missing.zip", "there is no such file"),
        (type("Needs", (), {"__init__": lambda self, a: None}), "can't be made without arguments"),
    ],
)
def test_what_is_no_policy(policy, message):
    with pytest.raises(ValueError, match=message):
        as_policy(policy, SCENARIO)


def test_other_spaces_are_refused():
    class Other(Bare):
        action_space = spaces.Box(-1, 1, (3,))
        observation_space = observation_space("box", False)

    with pytest.raises(ValueError, match=r"Other acts in Box\(-1.0, 1.0, \(3,\)"):
        as_policy(Other(), SCENARIO)
    Other.observation_space, Other.action_space = spaces.Box(-1, 1, (5,)), action_space("box")
    with pytest.raises(ValueError, match="Other observes"):
        as_policy(Other(), SCENARIO)


def test_a_module_of_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "my_own_policy.py").write_text(
        "import numpy as np\nclass Idle:\n  def act(self, o): return o[:, :8] * 0\n"
    )
    monkeypatch.chdir(tmp_path)
    assert np.isfinite(costs(as_policy("my_own_policy:Idle", SCENARIO), SCENARIO, SEEDS)).all()
    sys.modules.pop("my_own_policy")


def test_an_observation_may_be_changed_in_place():
    def scaling(observation):
        action = single(observation)
        observation *= 0
        return action

    seen = np.ones((3, 62), np.float32)
    policy = as_policy(scaling)
    for _ in range(2):
        assert policy.predict(seen)[0][0, Action.TRADE] == 1
    policy.predict(seen[0])
    assert (seen == 1).all()


class Counts:
    """Remembers how often it was asked; takes one observation."""

    def __init__(self):
        self.asked = 0

    def predict(self, observation):
        self.asked += 1
        return [float(observation[EVEN]), self.asked / 100, 0, 0, 0, 0, 0, 0]


def test_a_batch_that_fails_does_not_count():
    policy = Counts()
    actions, _ = as_policy(policy).predict(np.zeros((3, 62), np.float32))
    assert policy.asked == 3 and np.allclose(actions[:, 1], [0.01, 0.02, 0.03])


def test_a_memory_that_nobody_resets_is_told_of():
    class Remembers(Counts):
        def reset(self):
            self.asked = 0

    policy = as_policy(Remembers())
    with pytest.warns(UserWarning, match=r"Remembers takes one observation at a time, .* take as `state`"):
        policy.predict(np.zeros((3, 62), np.float32))


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_huge_action_is_as_large_as_there_is(kind):
    huge = np.array([[-1e39, 1e39, *[0.5] * 6]]) if kind is np.float64 else np.array([[-1e38, 1e38, *[0.5] * 6]], kind)
    actions, _ = as_policy(lambda observation: huge).predict(np.zeros((1, 62), np.float32))
    assert actions.dtype == np.float32 and actions.tolist() == [[-1, 1, *[0.5] * 6]]


@pytest.mark.parametrize("n", [2, 3])
def test_two_rows_are_not_actions_and_a_state(n):
    def rows(observation):
        assert observation.ndim == 2
        return tuple(np.full(8, place / 10) for place in range(n))

    def choices(observation):
        assert observation.ndim == 2
        return tuple(range(n))

    seen = np.zeros((n, 62), np.float32)
    actions, state = as_policy(rows).predict(seen)
    assert np.allclose(actions[:, 0], np.arange(n) / 10) and state is None
    assert as_policy(choices, discrete=True).predict(seen)[0].tolist() == list(range(n))


def test_of_two_rows_too_actions_and_a_state_are_parted():
    def both(observation, state=None):
        return np.zeros((len(observation), 8)), np.zeros(8)

    def one(observation, state=None):
        return single(observation), np.ones(8)

    for policy in (both, one):
        actions, state = as_policy(policy).predict(np.zeros((2, 62), np.float32))
        assert actions.shape == (2, 8) and state is not None


@pytest.mark.parametrize("text", ["os:getcwd", "..:x", ":", "json:", "a b:c", ":x"])
def test_what_can_not_be_imported_or_takes_nothing_is_a_sentence(text):
    with pytest.raises(ValueError, match=r"^policy: [^\n]*expected") as told:
        as_policy(text)
    assert "\n" not in str(told.value)


def test_a_module_that_breaks_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "breaks_at_once.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^policy: breaks_at_once can't be imported \(ZeroDivisionError: division"):
        as_policy("breaks_at_once:x")
