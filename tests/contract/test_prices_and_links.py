"""The contract under every price process, with links of every kind, and for a firm that moves the price.

Shipped scenarios have the default process; here each of the others is put into one of them, and each shipped link
into its own.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nea_env.core.batch import PARALLEL_FROM, Batch
from nea_env.library import load_scenario
from nea_env.scenario import Scenario
from tests.asserts import (
    assert_identities,
    assert_mask_is_honest,
    assert_observed_in_bounds,
    assert_physical,
    assert_same,
)
from tests.contract.plans import PLANS, months

PHASE3 = {"start": "2020-01", "first": "2020", "last": "2022"}
SHORT = {"last": "2022"}
NO_GAP = SHORT | {"market.gap": {}}
KNOWN_DATES = {"links.0.start_chance": None, "links.0.weight": 0.0, "links.0.starts": "2021-07"}
CASES: dict[str, tuple[str, dict]] = {
    process: ("kets", PHASE3 | {"market.law": process})
    for process in ("lattice", "jumps", "two_regimes", "bootstrap", "equilibrium", "log_ou")
} | {
    "replay": ("kets", PHASE3 | {"market.law": "replay"}),
    "replay, linked": (
        "linked_tokyo_saitama",
        {"market.law": "replay", "market.replay": {"first": "2025-04", "price": [600 + 20 * k for k in range(80)]}},
    ),
    "stale": ("kets", PHASE3 | {"market.stale": 0.3}),
    "moves the price": ("kets", PHASE3 | {"market.frictions.permanent_impact": 0.5}),
    "moves an equilibrium": (
        "kets", PHASE3 | {"market.law": "equilibrium", "market.frictions.permanent_impact": 0.5}
    ),
    "jumps, linked": ("linked_kets", SHORT | {"market.law": "jumps"}),
    "regimes, two links": ("linked_kets_phase4", {"market.law": "two_regimes", "last": "2028"}),
    "quota": ("linked_kets", NO_GAP | {"links": ["kets_tps_quota"]}),
    "exchange rate": ("linked_kets", NO_GAP | {"links": ["kets_eu"]}),
    "border fee": ("linked_tps", {"links": ["tps_kets_border_fee"], "market.gap": {}}),
    "equilibrium of two": ("linked_kets", SHORT | {"market.law": "equilibrium"}),
    "equilibrium of one market": (
        "linked_kets", NO_GAP | {"links": ["kets_tps_full"]} | KNOWN_DATES | {"market.law": "equilibrium"},
    ),
    "equilibrium and a link that may end": (
        "linked_kets",
        NO_GAP | {"last": "2021", "links": ["kets_tps_quota"], "links.0.ends": "2021-09", "market.law": "equilibrium"},
    ),
    "equilibrium and quota": (
        "linked_kets", NO_GAP | {"links": ["kets_tps_quota"], "links.0.end_chance": None, "market.law": "equilibrium"}
    ),
}  # fmt: skip


@cache
def scenario(case: str) -> Scenario:
    name, changes = CASES[case]
    return load_scenario(name, changes)


def batch(case: str, n: int, seed: int = 0, threads: int = 1) -> Batch:
    made = Batch(scenario(case), n, threads=threads)
    made.reset(range(seed, seed + n))
    return made


@pytest.mark.parametrize("case", CASES)
def test_identities_bounds_and_masks_hold_whatever_the_actions(case):
    firms, rng = batch(case, 4 * PLANS), np.random.default_rng(2)
    scale, before = firms.reward_scale, firms.accounts()
    assert_observed_in_bounds(firms.observe())
    for actions in months(firms, 1):
        state = firms.get_state()
        observation, reward, terminated = firms.step(actions)
        after, flows = firms.accounts(), firms.flows()
        assert_identities(before, after, flows)
        assert_physical(after, flows)
        assert_observed_in_bounds(observation)
        np.testing.assert_allclose(reward * scale, -flows["cost"], rtol=1e-12)
        assert all(np.isfinite(values).all() for values in firms.market().values())
        before, moved = after, firms.get_state()
        firms.set_state(state)
        assert_mask_is_honest(firms, actions, rng)
        assert_same(firms.get_state()["_state"], moved["_state"], "a state put back plays on alike")
    assert terminated.all()


@pytest.mark.parametrize("case", CASES)
def test_a_row_is_the_same_alone_and_in_company_on_one_thread_and_on_two(case):
    n = PARALLEL_FROM + 20
    many, parallel, alone = batch(case, n, 40), batch(case, n, 40, threads=2), batch(case, 1, 43)
    for actions in months(many, 3):
        played = many.step(actions)
        assert_same(parallel.step(actions), played)
        assert_same(tuple(part[0] for part in alone.step(actions[3:4])), tuple(part[3] for part in played))
    assert_same(parallel.get_state(), many.get_state())


def test_a_row_is_the_same_among_all_processes():
    each, names = 20, list(CASES)
    which = np.random.default_rng(1).permutation(np.repeat(np.arange(len(names)), each))
    mixed = Batch([scenario(name) for name in names], len(which), scenario_of=which, threads=1)
    mixed.reset(100 + np.arange(len(which)))
    actions = np.random.default_rng(4).uniform(-1, 1, (40, len(which), 8)).astype(np.float32)
    seen = [mixed.step(month, autoreset=True) for month in actions]
    for k, name in enumerate(names):
        rows = np.flatnonzero(which == k)
        own = Batch(scenario(name), each, threads=1)
        own.reset(100 + rows)
        for month, (observation, reward, over) in zip(actions, seen, strict=True):
            assert_same(own.step(month[rows], autoreset=True), (observation[rows], reward[rows], over[rows]), name)


@pytest.mark.parametrize("case", CASES)
def test_a_seed_is_an_episode_and_the_next_episode_another(case):
    first, second = batch(case, 3, 9), batch(case, 3, 9)
    idle = np.zeros((3, 8), np.float32)
    for _ in range(15):
        assert_same(first.step(idle), second.step(idle))
    price = first.market()["long_price"]
    first.end(np.ones(3, bool))
    first.reset()
    for _ in range(15):
        first.step(idle)
    assert (first.market()["long_price"] != price).any() == (scenario(case).market.law != "replay")
