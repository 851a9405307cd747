"""Grid factors, the low-carbon supplier and Japan's carbon tax, typed from their sources."""

from __future__ import annotations

import pytest

from nea_env.library import load_regime, load_scenario, names, provenance


def factors(name: str) -> dict[str, float]:
    return {year: grid.factor for year, grid in load_regime(name).grid_factor.items()}


def test_shanghais_notice_of_2022_names_the_factor_before_it():
    found = factors("pilot_shanghai")  # 7.88 and 4.2 t per 10,000 kWh
    assert {found[str(year)] for year in range(2013, 2021)} == {7.88 / 10}
    assert {found[str(year)] for year in range(2022, 2025)} == {0.42}
    assert all(
        provenance("regime", "pilot_shanghai")[f"grid_factor.{y}.factor"].status == "sourced" for y in range(2013, 2020)
    )


def test_korea_holds_one_factor_a_phase():
    found = factors("kets")
    assert {found[str(y)] for y in range(2015, 2021)} == {0.46653}
    assert {found[str(y)] for y in range(2021, 2026)} == {0.45941}
    assert {found[str(y)] for y in range(2026, 2031)} == {0.4541}
    known = provenance("regime", "kets")
    assert [known[f"grid_factor.{y}.factor"].status for y in (2015, 2021, 2026)] == ["assumed", "derived", "derived"]


def test_tokyo_recalculates_its_base_years():
    law = load_regime("tokyo")
    assert factors("tokyo") == {"2010": 0.382, "2015": 0.489, "2020": 0.489, "2025": 0.489}
    assert all(grid.of_base == grid.factor for grid in law.grid_factor.values())
    known = provenance("regime", "tokyo")
    found = [known[f"grid_factor.{y}.factor"].status for y in (2010, 2015, 2020, 2025)]
    assert found == ["sourced", "sourced", "assumed", "assumed"]


def test_the_national_system_stopped_counting_power_in_2023():
    found = factors("tps")
    assert found["2022"] > 0
    assert (found["2023"], found["2024"]) == (0, 0)


def test_who_counts_power_bought():
    counts = {name for name in names("regime") if load_regime(name).grid_factor}
    pilots = {name for name in names("regime") if name.startswith("pilot_")}
    assert counts == pilots | {"kets", "tokyo", "tps"}  # GX-ETS and the industrial TPS count direct emissions alone
    assert len(pilots) == 8


def test_four_fifths_of_the_power_at_two_yen_a_kwh():
    scenario = load_scenario("tokyo_supplier")
    (contract,) = [tech for tech in scenario.firm.technologies if tech.name == "low_carbon_supplier"]
    assert scenario.power_share == pytest.approx(0.16 * 0.489 / 0.10)
    assert contract.potential_share == pytest.approx(0.8 * scenario.power_share, abs=1e-3)
    assert contract.acts_on == "electricity"
    yearly = contract.opex + contract.capex * 0.0828  # the annuity of 15 years at 3 %
    assert yearly == pytest.approx(2_000 / 0.489, rel=1e-3)
    assert 2_000 <= yearly <= 6_000
    assert contract.lead_months <= 12


def test_the_carbon_tax_rose_in_three_steps_to_289_yen():
    table = load_scenario("tokyo_carbon_tax").regime.carbon_tax
    assert dict(table) == {"2012-10": 96, "2014-04": 192, "2016-04": 289}
    thirds = [289 * rate / 780 for rate in (260, 520, 780)]  # JPY per t of gas
    assert list(table.values()) == pytest.approx(thirds, abs=1)
    assert load_scenario("tokyo").regime.carbon_tax == {}


def test_the_subsidy_for_solar_roofs_is_042_yuan_a_kilowatt_hour():
    roof = load_scenario("pilot_shenzhen_solar").firm.technologies[2]
    own = load_scenario("pilot_shenzhen").firm.technologies[2]
    assert (roof.name, roof.acts_on) == ("rooftop_solar", "electricity")
    assert roof.income == {"2013-09": 796}  # 0.42 x 1,000 kWh / 0.5271 t = 796.8 CNY a tonne
    assert roof.opex - own.opex == 796  # the firm that takes the subsidy as given has it in its running cost
