"""Rollouts: what the environment shows, to the bit; tonnes and money balance; names, units and ways out."""

from __future__ import annotations

import json
import pickle
import sys

import gymnasium as gym
import numpy as np
import pytest

import nea_env
from nea_env.core.layout import ACTIONS, MONEY_FLOWS, OBSERVATION, Action
from nea_env.envs.menu import MENU
from nea_env.envs.spaces import action_space


class Menu:
    """Chooses from the menu by what it sees, so that a wrong observation gives other actions."""

    action_space = action_space("discrete")

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return (np.abs(observation).sum(axis=-1) * 1e4).astype(np.int64) % len(MENU), state


class Masked(Menu):
    """Asks for the masks, and plays the last choice that is open."""

    def predict(self, observation, state=None, episode_start=None, deterministic=True, action_masks=None):
        assert action_masks is not None
        return action_masks.shape[-1] - 1 - np.argmax(action_masks[..., ::-1], axis=-1), state


class Wild:
    """Every action, of all sizes and beyond the bounds."""

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        wave = np.sin(np.cumsum(observation.astype(float), axis=-1)[..., -len(ACTIONS) :] * 37.0)
        return 1.5 * wave, state


class Hoarder:
    """Buys and carries over, or lets it all lapse."""

    def __init__(self, bank):
        self.bank = bank

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        actions = np.zeros((*observation.shape[:-1], len(ACTIONS)), np.float32)
        actions[..., Action.TRADE], actions[..., Action.BANK] = 1.0, self.bank
        return actions, state


CASES = [("kets", "just_in_time"), ("kets", Menu()), ("tokyo", Wild()), ("linked_kets", Wild()), ("tps", "tuned_rule")]


@pytest.mark.parametrize(("scenario", "policy"), CASES)
def test_every_month_is_what_the_environment_shows_to_the_bit(scenario, policy):
    rollout = nea_env.rollout(policy, scenario, seed=1_000_007)
    player = nea_env.make_rule(policy, scenario) if isinstance(policy, str) else policy
    form = "discrete" if isinstance(policy, Menu) else "box"
    env = gym.make("nea/KETS-v0", scenario=scenario, action_form=form).unwrapped
    observation, _ = env.reset(seed=1_000_007)
    assert {name: float(value) for name, value in rollout.opening.items()} == env.accounts()
    for month in range(len(rollout.dates)):
        seen = [rollout.observations[field.name][month] for field in OBSERVATION]
        assert np.array_equal(np.array(seen, np.float32), observation)
        market = {name: float(values[month]) for name, values in rollout.prices.items()}
        assert market == {name: value for name, value in env.market().items() if name != "month"}
        action, _ = player.predict(observation)
        if form == "box":
            asked = [rollout.actions[field.name][month] for field in ACTIONS]
            assert np.array_equal(np.array(asked), np.clip(action, -1.0, 1.0).astype(np.float32))
        observation, reward, ended, _, _ = env.step(action)
        assert reward == rollout["reward"][month]
        assert {name: float(values[month]) for name, values in rollout.accounts.items()} == env.accounts()
        assert {name: float(values[month]) for name, values in rollout.flows.items()} == env.flows()
        assert ended == (month == len(rollout.dates) - 1)


@pytest.mark.parametrize("scenario", ["kets", "tokyo", "linked_kets"])
def test_tonnes_and_money_balance_in_every_month(scenario):
    rollout = nea_env.rollout(Wild(), scenario, seed=[1_000_000, 1_000_005])
    accounts, flow = rollout.accounts, rollout.flows
    held = sum(np.c_[rollout.opening[name], accounts[name]] for name in ("front", "next", "offsets", "foreign"))
    duty = sum(np.c_[rollout.opening[name], accounts[name]] for name in ("accrued", "closed", "owed"))
    received = flow["issued"] + flow["bought"] + flow["offsets_bought"] + flow["foreign_bought"]
    given = flow["sold"] + flow["foreign_sold"] + flow["surrendered"] + flow["lapsed"] + flow["deducted"]
    added = flow["emitted"] + flow["clawback_unmet"] + flow["credits_issued"]
    settled = flow["surrendered"] + flow["borrowed"] + flow["forgiven"] + flow["penalised"]
    assert np.diff(held, axis=1) == pytest.approx(received - given, abs=1e-9 * held.max())
    assert np.diff(duty, axis=1) == pytest.approx(added - settled, abs=1e-9 * duty.max())
    assert sum(flow[name] for name in MONEY_FLOWS) == pytest.approx(rollout["cost"], abs=1e-9 * flow["cost"].max())
    scale = rollout.scenario.firm.annual_emissions / 12.0 * rollout.scenario.market.price
    assert rollout["reward"] == pytest.approx(-rollout["cost"] / scale)
    weights = np.exp(-rollout.scenario.market.discount_rate / 12.0 * np.arange(len(rollout.dates)))
    total = 100.0 * (weights * rollout["cost"]).cumsum(axis=1) / rollout.exposure[:, None]
    assert rollout["cumulative_cost_pct"] == pytest.approx(total)
    assert abs(rollout["effect.trade"]).max() > 0.0 and abs(rollout["effect.bank"]).max() > 0.0


def test_bank_counts_free_allocation_by_month_and_not_when_it_is_booked():
    rollout = nea_env.rollout("do_nothing", "kets", seed=1_000_000)
    # 947,200 t a year for a generator of 1 Mt in phase I (docs/regimes: correction factors), booked for 2015 and 2016
    # before the first month and for 2017 in June 2016; nothing is bought or sold
    emitted = np.cumsum(rollout["emitted"])
    first = 12 * 2 + 5  # up to May 2017, before the second deadline
    owned = 947_200.0 / 12.0 * np.arange(1, first + 1)
    lapsed = np.cumsum(rollout["penalised"] + rollout["forgiven"])[:first]
    assert rollout["bank"][:first] == pytest.approx(owned - emitted[:first] + lapsed, abs=1.0)
    assert rollout["allocation"][:12].sum() == pytest.approx(947_200.0)
    assert abs(np.diff(rollout["bank"][:first])).max() < 947_200.0 / 12.0


def test_units_booked_after_their_year_was_verified_count_in_that_year():
    # Chongqing booked 2023 in September 2024, four months after verification
    rollout = nea_env.rollout("just_in_time", "pilot_chongqing_recent")
    annual = rollout.scenario.firm.annual_emissions
    assert rollout["issued"][rollout.dates.index("2024-09")] > 0.9 * annual
    assert rollout["allocation"][24:36].sum() > 0.9 * annual and not rollout["allocation"][36:].any()
    assert abs(rollout["bank"]).max() < 0.1 * annual


@pytest.mark.parametrize("scenario", ["kets", "tps", "tokyo", "pilot_tianjin", "jvets", "gx_ets"])
def test_in_the_end_the_bank_is_what_the_books_hold_and_all_allocation_has_been_counted(scenario):
    rollout = nea_env.rollout("just_in_time", scenario)
    account = {name: values[-1] for name, values in rollout.accounts.items()}
    least = 1e-6 * rollout.scenario.firm.annual_emissions
    held = account["front"] + account["next"] + account["offsets"] + account["foreign"]
    owed = account["accrued"] + account["closed"] + account["owed"] + account["debt"]
    assert rollout["bank"][-1] == pytest.approx(held - owed, abs=least)
    granted = (rollout["issued"] - rollout["flow.credits_issued"] + rollout["forgiven"]).sum()
    total = granted + rollout.opening["front"] + rollout.opening["next"]
    early = rollout["allocation"].sum()  # without what was earned before the first month: a start in mid-period
    assert early == pytest.approx(total, rel=1e-9)


def test_what_is_carried_over_is_what_the_deadline_left():
    keeper, waster = (nea_env.rollout(Hoarder(bank), "kets", seed=1_000_001) for bank in (0.5, -1.0))
    month = next(iter(keeper.deadlines))  # June 2016: 2016 rolls into front, nothing else is booked to it
    after = keeper["account.front"][month] - keeper["account.next"][month - 1]
    assert keeper["effect.bank"][month] == pytest.approx(after) and after > 1e5
    assert keeper["effect.bank"].sum() == keeper["effect.bank"][list(keeper.deadlines)].sum()
    assert not waster["effect.bank"].any()
    assert waster["lapsed"][month] == pytest.approx(keeper["lapsed"][month] + after)


def test_a_policy_that_asks_for_masks_gets_them():
    rollout = nea_env.rollout(Masked(), "kets", seed=[1_000_000, 1_000_001])
    assert rollout["reward"].shape == (2, 140)
    assert rollout.actions["foreign"].min() == 0.0  # no link, so no choice with foreign units is open


def test_several_episodes_are_the_single_ones_side_by_side():
    both = nea_env.rollout("just_in_time", "tps", seed=1_000_000, episodes=2)
    assert not both.is_single and both.seeds == (1_000_000, 1_000_001)
    for row, seed in enumerate(both.seeds):
        alone = nea_env.rollout("just_in_time", "tps", seed=seed)
        assert alone.is_single and alone["bank"].shape == (84,)
        assert all(np.array_equal(both[name][row], alone[name]) for name in alone)


def test_columns_have_names_units_and_dates():
    rollout = nea_env.rollout("just_in_time", "nea/TPS-v0", overrides=["market.price=60"])
    assert rollout["bought"] is rollout["flow.bought"] and rollout.flows["bought"] is rollout["flow.bought"]
    with pytest.raises(KeyError, match=r"'front' may be observation\.front or account\.front"):
        rollout["front"]
    with pytest.raises(KeyError, match="'bouhgt' is no column"):
        rollout["bouhgt"]
    units = {
        "market.long_price": "CNY/t", "flow.cost": "CNY", "flow.output": "MWh", "account.owed": "t",
        "action.trade": "share of the monthly volume limit", "effect.trade": "t", "effect.invest": "t/month",
        "observation.to_deadline": "24 months", "bank": "t", "cost": "CNY", "account.capacity": "t/month",
    }  # fmt: skip
    assert {name: rollout.units[name] for name in units} == units
    assert set(rollout.units) == set(rollout) and all(rollout.units.values())
    assert rollout.dates[0] == "2019-01" and rollout.dates[-1] == rollout.scenario.end == "2025-12"
    assert {rollout.dates[month]: years for month, years in rollout.deadlines.items()} == {
        "2021-12": ("2019", "2020"), "2023-12": ("2021", "2022"), "2024-12": ("2023",), "2025-12": ("2024",),
    }  # fmt: skip
    assert rollout.scenario.market.price == 60 and rollout.overrides == ("market.price=60",)


def test_linked_prices_are_in_the_money_they_are_in():
    rollout = nea_env.rollout("just_in_time", "linked_kets")
    names = ("foreign_price_0", "local_price_0", "fx_0", "link_0")
    assert [rollout.units[f"market.{name}"] for name in names] == ["KRW/t", "CNY/t", "KRW/CNY", "flag"]


def test_it_cannot_be_changed_and_can_be_pickled():
    rollout = nea_env.rollout("just_in_time", "tps")
    with pytest.raises(ValueError, match="read-only"):
        rollout["bank"][0] = 1.0
    with pytest.raises(TypeError):
        rollout.flows["bought"] = rollout["bank"]
    copy = pickle.loads(pickle.dumps(rollout))
    assert list(copy) == list(rollout) and np.array_equal(copy["bank"], rollout["bank"])


def test_to_dict_is_json_and_whole():
    rollout = nea_env.rollout("just_in_time", "tps", overrides={"market.price": 60})
    back = json.loads(json.dumps(rollout.to_dict()))
    assert back["overrides"] == ["market.price=60"] and back["dates"] == list(rollout.dates)
    assert all(np.array_equal(np.array(back["columns"][name]), rollout[name]) for name in rollout)


def test_to_pandas_has_dates_as_index():
    pandas = pytest.importorskip("pandas")
    one = nea_env.rollout("just_in_time", "tps").to_pandas()
    assert isinstance(one.index, pandas.PeriodIndex) and str(one.index[-1]) == "2025-12"
    two = nea_env.rollout("just_in_time", "tps", episodes=2).to_pandas()
    assert two.index.names == ["seed", "month"] and two.loc[1_000_000, "bank"].tolist() == one["bank"].tolist()


def test_to_pandas_without_pandas_is_one_clear_error(monkeypatch):
    rollout = nea_env.rollout("just_in_time", "tps")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match=r"^to_pandas\(\) needs pandas: pip install pandas$"):
        rollout.to_pandas()


def test_a_policy_may_change_what_it_is_given():
    def scaling(observation):
        observation *= 2.0
        return [float(np.tanh(observation[0])), 0, 0, 0, 0, 0, 0, 0]

    rollout = nea_env.rollout(scaling, "kets")
    expected = nea_env.rollout(lambda seen: [float(np.tanh(2.0 * seen[0])), 0, 0, 0, 0, 0, 0, 0], "kets")
    assert all(np.array_equal(rollout[name], expected[name]) for name in rollout)


@pytest.mark.parametrize("scenario", ["kets", "tokyo", "linked_kets"])
def test_printed_it_fits_a_screen_and_tells_the_changes(scenario):
    rollout = nea_env.rollout("just_in_time", scenario, overrides=["market.volatility=0.2"])
    lines = repr(rollout).splitlines()
    assert len(lines) <= 30 and max(map(len, lines)) <= 120
    assert lines[0].startswith(f"Rollout of just_in_time in {scenario} market.volatility=0.2: ")
    cost = next(line for line in lines if line.startswith("cost "))
    assert f"cost {rollout['cumulative_cost_pct'][-1]:.2f} % of exposure" in cost and "; complied" in cost
    year = next(line.split() for line in lines if line.startswith("2021"))
    at = np.array([date[:4] == "2021" for date in rollout.dates])
    if scenario == "kets":
        assert float(year[1]) == pytest.approx(rollout["emitted"][at].sum() / 1e6, abs=5e-4)
        assert float(year[2]) == pytest.approx(rollout["allocation"][at].sum() / 1e6, abs=5e-4)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"policy": 3}, ValueError, "policy: 3: expected a function of the observation, an object with predict"),
        ({"policy": "just"}, ValueError, "policy: 'just' is no rule and no saved model"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": 2**63 - 1, "episodes": 2}, ValueError, r"^seed \+ episodes - 1 is 9223372036854775808: expected"),
        ({"seed": []}, ValueError, "seed is an empty list"),
        ({"seed": [1, 2], "episodes": 2}, ValueError, "seed is a list: episodes can't be given as well"),
        ({"episodes": 0}, ValueError, "episodes is 0"),
        ({"scenario": "ket"}, nea_env.ScenarioError, "scenario: 'ket' is neither"),
        ({"overrides": ["market.prise=3"]}, nea_env.ScenarioError, "prise"),
    ],
)
def test_bad_input_is_one_clear_error(arguments, error, message):
    with pytest.raises(error, match=message):
        nea_env.rollout(**({"policy": "just_in_time"} | arguments))
