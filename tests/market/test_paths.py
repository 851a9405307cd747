"""`nea_env.price_paths`: which series, and that they are what the environments show."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

import nea_env
from nea_env.envs.firm import FirmEnv
from nea_env.envs.firm_vector import FirmVectorEnv
from nea_env.market import paths as module
from nea_env.market import price_paths
from tests.core import scenarios as made


def plain(**more):
    """Two vintages without offsets, due in June: January 2015 to June 2017."""
    return made.scenario(made.regime(2015, 2016), where=made.market(60.0, **more))


def test_shape_names_and_months():
    paths = price_paths("kets", 3)
    assert paths.series == ("long_price", "front_price", "offset_price")
    assert paths.shape == paths.values.shape == (3, 140, 3)
    assert paths.values.dtype == np.float64
    assert (paths.months[0], paths.months[12], paths.months[-1]) == ("2015-01", "2016-01", "2026-08")
    assert len(paths) == 3
    assert len(paths.months) == 140


def test_deadlines_name_the_vintages_due():
    assert price_paths("tps", 1).deadlines == {35: "2019, 2020", 59: "2021, 2022", 71: "2023", 83: "2024"}
    assert list(price_paths("tokyo", 1).deadlines.values()) == ["2010-2014", "2015-2019", "2020-2024"]
    assert price_paths(plain(), 1).deadlines == {17: "2015", 29: "2016"}


def test_series_are_those_the_scenario_has():
    paths = price_paths(plain(), 2)
    assert paths.series == ("long_price", "front_price")
    assert "offset_price" not in paths
    with pytest.raises(KeyError, match="'offset_price' is not a series of s; allowed: long_price, front_price"):
        paths["offset_price"]


def test_is_an_array_and_a_table_of_series():
    paths = price_paths("kets", 4)
    assert np.asarray(paths) is paths.values
    assert np.array(paths) is not paths.values
    assert np.asarray(paths, np.float32).dtype == np.float32
    np.testing.assert_array_equal(paths["front_price"], paths.values[:, :, 1])
    np.testing.assert_allclose(np.log(paths).mean(), np.log(paths.values).mean())
    with pytest.raises(ValueError, match="needs a copy"):
        np.array(paths, np.float32, copy=False)


@pytest.mark.parametrize(
    "scenario", ["kets", "tps_randomised", "gx_ets", "tokyo", "linked_kets_phase4", "pilot_chongqing"]
)
def test_prices_are_those_of_the_vector_environment_whatever_the_firm_does(scenario):
    changes = {"market.law": "equilibrium"} if scenario == "pilot_chongqing" else {}
    paths = price_paths(nea_env.load_scenario(scenario, changes), 5, seed=7)
    env = FirmVectorEnv(5, paths.scenario)
    assert ("aggregate_bank" in paths) == ("lapse_probability" in paths) == bool(changes)
    env.reset(seed=7)
    actions = np.random.default_rng(0)
    for month in range(len(paths.months)):
        market = env.market()
        for name in paths.series:
            np.testing.assert_array_equal(paths[name][:, month], market[name], err_msg=f"{name}, month {month}")
        _, _, terminated, *_ = env.step(actions.uniform(-1.0, 1.0, env.action_space.shape))
    assert terminated.all()


def test_each_path_is_a_single_environment_with_its_seed():
    paths = price_paths("kets", 3, seed=11)
    env = FirmEnv("kets")
    for row in range(3):
        env.reset(seed=11 + row)
        for month in range(24):
            assert env.market()["front_price"] == paths["front_price"][row, month]
            env.step(np.zeros(8))


def test_a_longer_call_begins_with_a_shorter_one_and_chunks_change_nothing(monkeypatch):
    whole = price_paths("kets_randomised", 11, seed=3)
    np.testing.assert_array_equal(whole, price_paths("kets_randomised", 11, seed=3))
    np.testing.assert_array_equal(whole.values[:4], price_paths("kets_randomised", 4, seed=3))
    np.testing.assert_array_equal(whole.values[5:], price_paths("kets_randomised", 6, seed=8))
    monkeypatch.setattr(module, "CHUNK", 4)
    np.testing.assert_array_equal(whole, price_paths("kets_randomised", 11, seed=3))
    assert (np.diff(whole["long_price"][:, -1]) != 0.0).all()


def test_without_risk_the_price_grows_at_the_discount_rate():
    paths = price_paths(plain(rate=0.05), 2)
    expected = 60.0 * np.exp(0.05 / 12 * np.arange(30))
    np.testing.assert_allclose(paths["long_price"], np.tile(expected, (2, 1)), rtol=1e-12)
    np.testing.assert_allclose(paths["front_price"], paths["long_price"], rtol=1e-12)


@pytest.mark.parametrize("scenario", ["kets", "linked_kets_full", "linked_tokyo"])
def test_discounted_prices_of_a_vintage_are_martingales(scenario):
    """Of each vintage to its deadline; a partner's unit where it can be bought from the start. Credits are not: their
    ratio to the long price is lognormal, with the mean of an autoregression that is independent of the price."""
    paths = price_paths(scenario, 10_000)
    series = paths.scenario.market.offset
    discount = math.exp(-paths.scenario.market.discount_rate / 12)
    foreign = [f"foreign_price_{k}" for k in range(2) if scenario == "linked_tokyo"]
    for month in paths.deadlines:
        for name in ("long_price", "front_price", "offset_price", *foreign):
            worth = paths[name][:, month] * discount**month / paths[name][0, 0]
            if name == "offset_price":
                kept = 0.5 ** (month / 12 / series.half_life)
                drift = (1 - kept) * math.log(series.level / series.ratio)
                worth /= math.exp(drift + 0.5 * series.sd**2 * (1 - kept**2))
            assert worth.mean() == pytest.approx(1.0, abs=4 * worth.std() / len(worth) ** 0.5), f"{name}, month {month}"


def test_series_of_links_agree_with_each_other():
    paths = price_paths("linked_kets", 40)
    assert paths.series[3:] == ("foreign_price_0", "local_price_0", "fx_0", "link_0")
    units = paths.scenario.links[0].units
    np.testing.assert_allclose(paths["foreign_price_0"], paths["local_price_0"] * paths["fx_0"] * units, rtol=1e-12)
    opens = paths.months.index("2021-07")  # when China's market opens
    assert (paths["link_0"][:, :opens] == 0.0).all()
    assert (paths["link_0"][:, opens:] == 1.0).all()
    both = price_paths("linked_kets_full", 200)
    together = both["link_0"] == 1.0
    assert 0.5 < together[:, -1].mean() < 1.0
    np.testing.assert_allclose(both["foreign_price_0"][together], both["long_price"][together], rtol=1e-9)
    assert (np.abs(both["foreign_price_0"] / both["long_price"] - 1.0)[~together] > 1e-3).mean() > 0.99


def test_overrides_change_the_paths():
    calm = nea_env.load_scenario("kets", {"market.volatility": 0.1, "market.gap": {}})
    paths = price_paths(calm, 500)
    yearly = np.diff(np.log(paths["long_price"]), axis=1).std() * 12**0.5
    assert yearly == pytest.approx(0.1, abs=0.002)
    np.testing.assert_array_equal(paths["long_price"], paths["front_price"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("kets", 0), "n is 0: expected at least 1 path"),
        (("kets", -3), "n is -3"),
        (("kets", 2.5), "n is 2.5: expected a whole number"),
        (("kets", "many"), "n is 'many': expected a whole number"),
        (("kets", 1, -1), "seed is -1"),
        (("kets", 1, None), "seed is None"),
        (("kets", 2, 2**63 - 1), r"seed \+ n - 1"),
        (("kest", 1), "kets"),
        ((None, 1), "scenario"),
    ],
)
def test_bad_arguments_are_one_clear_line(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        price_paths(*arguments)
    assert "\n" not in str(caught.value)


def test_public_name_and_plotting_are_loaded_late():
    assert nea_env.price_paths is price_paths
    assert "price_paths" in dir(nea_env)
    code = (
        "import sys, nea_env; dir(nea_env); print('nea_env.market' in sys.modules);"
        "nea_env.price_paths; import nea_env.market.figures; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_bar_is_shown_on_a_slow_terminal_only(capsys, monkeypatch):
    price_paths(plain(), 2)
    assert capsys.readouterr().err == ""  # no terminal
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    price_paths(plain(), 2)
    assert capsys.readouterr().err == ""  # over in less than two seconds
    monkeypatch.setattr(module, "BAR_AFTER", 0.0)
    price_paths(plain(), 2, progress=False)
    assert capsys.readouterr().err == ""
    price_paths(plain(), 2)
    assert "s prices" in capsys.readouterr().err
