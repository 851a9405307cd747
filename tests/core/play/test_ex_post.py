"""Allocation that answers to what happened: ex-post steps, own emissions, base-year revision."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from nea_env.scenario import Abatement, AllocationRule, Tier
from tests.core import scenarios as made
from tests.core.walk import Walk

# --- steps: Enforcement Decree of the Korean Act, Arts. 27-29 ----------------------------------------
CANCELLATION = (Tier(ratio=0.85, share=0.50), Tier(ratio=0.75, share=0.75), Tier(ratio=0.50, share=1.0))
ADDITION = (Tier(ratio=1.15, share=0.50), Tier(ratio=1.25, share=0.75), Tier(ratio=1.50, share=1.0))
KOREA = AllocationRule(method="grandfathering", correction_factor=1.0, cancellation=CANCELLATION, addition=ADDITION)


def verified(emissions: float, rule: AllocationRule = KOREA, sold: float = 0.0, output: float | None = None) -> Walk:
    """One year of 1,000 t allocated on 1,000 units, verified at ``emissions`` t and as many units, or ``output``."""
    walk = Walk(made.scenario(made.regime(2015, 2015, allocation=rule), made.firm(output=1_000.0)))
    walk.play(tonnes=-sold).through("2016-04").overwrite("closed_0", emissions)
    walk.overwrite("closed_output_0", emissions if output is None else output)
    return walk.play()


@pytest.mark.parametrize(
    ("emissions", "lost"),
    [
        (1_000, 0.0),
        (900, 0.0),
        (851, 0.0),
        (850, 75.0),
        (800, 100.0),
        (751, 124.5),
        (750, 187.5),
        (700, 225.0),
        (501, 374.25),
        (500, 500.0),
        (400, 600.0),
    ],
)
def test_units_are_cancelled_by_the_step_that_output_reaches(emissions, lost):
    walk = verified(emissions)
    assert walk.flows["deducted"][0] == pytest.approx(lost)
    assert walk["front"] == pytest.approx(1_000 - lost)
    assert (walk["owed"], walk.flows["issued"][0]) == (emissions, 0)


@pytest.mark.parametrize(
    ("emissions", "added"),
    [
        (1_000, 0.0),
        (1_100, 0.0),
        (1_149, 0.0),
        (1_150, 75.0),
        (1_200, 100.0),
        (1_249, 124.5),
        (1_250, 187.5),
        (1_300, 225.0),
        (1_499, 374.25),
        (1_500, 500.0),
        (1_600, 600.0),
    ],
)
def test_growth_is_granted_by_the_step_reached(emissions, added):
    walk = verified(emissions)
    assert walk.flows["issued"][0] == pytest.approx(added)
    assert walk["front"] == pytest.approx(1_000 + added)
    assert (walk["owed"], walk.flows["deducted"][0]) == (emissions, 0)


@pytest.mark.parametrize(
    ("emissions", "moved"), [(1_000, 0.0), (1_149, 0.0), (1_200, 100.0), (1_600, 600.0), (640, -80.0), (700, 0.0)]
)
def test_growth_is_measured_against_what_was_expected_and_unused_units_against_the_allocation(emissions, moved):
    # 800 t of 1,000 expected: 1,200 t are 20 % growth, 640 t leave a fifth of the allocation unused
    walk = verified(emissions, KOREA.model_copy(update={"correction_factor": 0.8}))
    assert walk["front"] == pytest.approx(800 + moved)


def test_cancelled_units_that_were_sold_are_owed():
    # 400 of 1,000 t emitted: 600 t are cancelled, of which 900 t sold leave 100 t
    walk = verified(400, sold=900.0)
    assert walk.flows["deducted"][0] == pytest.approx(100, rel=1e-6)
    assert walk.flows["clawback_unmet"][0] == pytest.approx(500, rel=1e-6)
    assert walk["owed"] == pytest.approx(900, rel=1e-6)


@pytest.mark.parametrize("emissions", [100, 500, 850])
def test_a_firm_that_emits_less_at_the_same_output_loses_nothing(emissions):
    walk = verified(emissions, output=1_000)
    assert walk.flows["deducted"][0] == walk.flows["issued"][0] == 0
    assert (walk["front"], walk["owed"]) == (1_000, emissions)
    assert verified(emissions, output=800).flows["deducted"][0] == pytest.approx(100)  # half of 200, as at 800 t


BENCHMARK = AllocationRule(  # 0.8 x 1,000 units expected, 800 t; at a factor of 0.9 720 t are booked
    method="historical_benchmarking", benchmark={"": 0.8}, correction_factor=0.9, cancellation=CANCELLATION,
    addition=ADDITION,
)  # fmt: skip


@pytest.mark.parametrize(
    ("output", "moved"),
    [
        (1_000, 0.0),
        (775, 0.0),  # 620 of 720 t, 0.861
        (750, -0.50 * 120),  # 600 t, 0.833
        (600, -0.75 * 240),  # 480 t, 0.667
        (400, -400.0),  # 320 t, 0.444
        (1_140, 0.0),
        (1_200, 0.50 * 160),  # 960 t, 1.2 times the 800 expected
        (1_600, 480.0),
    ],
)
@pytest.mark.parametrize("emissions", [200, 720, 1_600])
def test_a_benchmarked_firm_is_judged_by_its_output_alone(output, moved, emissions):
    walk = verified(emissions, BENCHMARK, output=output)
    assert walk["front"] == pytest.approx(720 + moved)
    assert walk["owed"] == emissions


@pytest.mark.parametrize("emissions", [400, 800, 1_200, 1_600])
def test_a_law_without_steps_takes_and_grants_nothing(emissions):
    walk = verified(emissions, made.grandfathered())
    assert walk.flows["deducted"][0] == walk.flows["issued"][0] == 0


def test_steps_out_of_order_or_too_many_are_refused():
    for name, steps in (("cancellation", CANCELLATION), ("addition", ADDITION)):
        with pytest.raises(ValidationError, match=f"{name}: ratios must move away from one"):
            AllocationRule(method="grandfathering", correction_factor=1.0, **{name: steps[::-1]})
        with pytest.raises(ValidationError, match="at most 3"):
            AllocationRule(method="grandfathering", correction_factor=1.0, **{name: (*steps, steps[-1])})


# --- own emissions: China's steel, cement and aluminium --------------------------------------------
NET_ZERO = AllocationRule(method="verified_emissions")
BAND = AllocationRule(method="benchmark_band", balance={"": 1.0}, band=0.2, band_share=0.03)
FREE = Abatement(scale=1e-9, steepness=1.0, max_share=0.5)


def own(rule: AllocationRule, intensity: float, **firm) -> Walk:
    calendars = {"2015": made.calendar(2015, allocated="2015-07")}
    law = made.regime(2015, 2015, allocation=rule, calendars=calendars)
    return Walk(made.scenario(law, made.firm(intensity=intensity, output=1e6 / intensity, **firm)))


@pytest.mark.parametrize(
    ("intensity", "share"),
    [(1.0, 0.0), (0.9, 0.015), (0.8, 0.03), (0.5, 0.03), (1.05, -0.0075), (1.1, -0.015), (1.2, -0.03), (1.3, -0.03)],
)
def test_the_surplus_is_linear_in_the_distance_from_the_balance(intensity, share):
    walk = own(BAND, intensity).through("2016-05")
    assert walk.total["issued"][0] == pytest.approx(1e6 * (1 + share))
    assert walk["front"] - walk["owed"] == pytest.approx(1e6 * share, abs=1e-3)


@pytest.mark.parametrize("abated", [0.0, 0.5])
def test_units_equal_to_emissions_leave_a_net_position_of_nought(abated):
    walk = own(NET_ZERO, 1.3, abatement=FREE, path={"2015": 0.7}).through("2016-05", abate=abated)
    assert walk["owed"] == pytest.approx(0.7e6 * (1 - 0.5 * abated))
    assert walk["front"] == pytest.approx(walk["owed"])
    assert walk.play().flows["penalised"][0] == 0
    assert walk.total["cost"][0] == pytest.approx(0, abs=1e-2)


def test_an_advance_on_the_emissions_verified_last_is_trued_up():
    rule = BAND.model_copy(update={"pre_share": 0.7})
    walk = own(rule, 0.9, path={"2015": 0.5}).through("2015-07")
    assert walk.flows["issued"][0] == pytest.approx(700_000)  # without the band
    walk.through("2016-05")
    assert walk.flows["deducted"][0] == pytest.approx(700_000 - 507_500)
    assert walk["front"] == pytest.approx(1.015 * 500_000)


@pytest.mark.parametrize(("intensity", "marginal"), [(1.0, 0.15), (1.1, 0.18), (0.9, 0.12), (1.3, 0.03)])
def test_suggested_abatement_meets_the_duty_that_a_tonne_adds(intensity, marginal):
    # of E (1 + 0.15 (1 - e)): a tonne more at the balance adds 0.15 t of net duty
    ladder = Abatement(scale=50.0, steepness=3.0, max_share=0.5)
    walk = own(BAND, intensity, abatement=ladder).play()
    share = 0.5 * walk.batch.suggestions()[0, 1]
    assert 50.0 * (math.exp(3.0 * share) - 1) == pytest.approx(marginal * 100.0, rel=1e-6)


@pytest.mark.parametrize("rule", [NET_ZERO, BAND])
def test_nothing_is_suggested_where_a_tonne_adds_no_duty(rule):
    ladder = Abatement(scale=50.0, steepness=3.0, max_share=0.5)
    assert own(rule, 0.5, abatement=ladder).play().batch.suggestions()[0, 1] == 0  # beyond the band


@pytest.mark.parametrize(("intensity", "marginal"), [(1.0, 0.15), (1.1, 0.18), (0.9, 0.12), (1.3, 0.03), (0.5, -0.03)])
def test_that_is_what_a_tonne_adds(intensity, marginal):
    net = []
    for abated in (0.0, 0.002):
        walk = own(BAND, intensity, abatement=FREE).through("2016-05", abate=abated)
        net.append((walk["owed"] - walk["front"], walk.total["emitted"][0]))
    (before, most), (after, least) = net
    assert most - least == pytest.approx(1_000, rel=1e-5)
    assert (before - after) / (most - least) == pytest.approx(marginal, abs=5e-4)


# --- base-year revision ----------------------------------------------------------------------------
def revised(share: float, factor: float = 1.0, **more) -> AllocationRule:
    return AllocationRule(method="grandfathering", correction_factor=factor, update_share=share, **more)


@pytest.mark.parametrize(
    ("share", "factor", "third"),
    [(0.0, 1.0, 1_000_000), (0.4, 1.0, 960_000), (1.0, 1.0, 900_000), (0.4, 0.95, 912_000)],
)
def test_a_share_of_the_base_follows_the_emissions_verified_last(share, factor, third):
    # (1 - g) x 1,000,000 + g x 900,000, times the factor; 2016 is booked before anything is verified
    law = made.regime(2015, 2017, allocation=revised(share, factor))
    walk = Walk(made.scenario(law, made.firm(path={"2015": 0.9}))).through("2015-12")
    assert walk.flows["issued"][0] == pytest.approx(1e6 * factor)
    walk.through("2016-12")
    assert walk.flows["issued"][0] == pytest.approx(third)


def test_a_share_of_a_benchmarks_base_follows_output():
    rule = AllocationRule(method="historical_benchmarking", benchmark={"": 0.8}, update_share=0.5)
    who = made.firm(abatement=FREE, path={"2015": 0.9})
    walk = Walk(made.scenario(made.regime(2015, 2017, allocation=rule), who)).through("2016-12", abate=1.0)
    assert walk.flows["issued"][0] == pytest.approx(0.8 * 950_000)  # though emissions fell by more than half


def test_the_steps_look_at_the_revised_allocation():
    # 700,000 t verified for 2015, so 700,000 t are booked for 2017, of which 700,000 t are 100 %
    rule = revised(1.0, cancellation=CANCELLATION)
    walk = Walk(made.scenario(made.regime(2015, 2017, allocation=rule), made.firm(path={"2015": 0.7, "2017": 0.7})))
    walk.through("2016-12")
    assert walk.flows["issued"][0] == pytest.approx(700_000)
    walk.through("2018-05")
    assert walk["owed"] == pytest.approx(700_000)
    assert walk.flows["deducted"][0] == 0


@pytest.mark.parametrize(("share", "factor"), [(0.0, 1.0), (0.3, 1.0), (1.0, 1.0), (0.6, 0.9)])
def test_an_abated_tonne_is_worth_less_the_more_the_base_follows(share, factor):
    # the ratchet: P - g d^k E[P'], times the factor; a martingale price leaves P (1 - g x factor)
    law = made.regime(2015, 2017, allocation=revised(share, factor))
    market = made.market(100.0, rate=0.05)
    costs = []
    for abated in (0.0, 0.2):
        walk = Walk(made.scenario(law, made.firm(abatement=FREE), market)).through("2015-12", abate=abated)
        costs.append(walk.to_end(trade="even").present[0])
    assert (costs[0] - costs[1]) / 100_000 == pytest.approx(100.0 * (1 - share * factor), rel=1e-4, abs=1e-2)
