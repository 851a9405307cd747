"""Every closed form with a worked figure, and the tests that hold the simulator or the equilibrium to it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nea_env.solvers.closed_form import (
    abatement,
    banking,
    execution,
    investment,
    links,
    market_power,
    output,
    penalty,
    prices,
    uncertainty,
)

LINE = abatement.LinearMarginalCost(4.0)
TWO_STATES = {"prices": (40.0, 60.0), "transition": ((0.25, 0.75), (0.5, 0.5))}
REVERTING = {"speed": 0.6, "level": 60.0 * math.exp(-(0.3**2) / (4 * 0.6)), "volatility": 0.3, "rate": 0.08}
PLAY, LAW, BUYING = (f"tests/core/play/test_closed_forms{part}.py::test_" for part in ("", "_law", "_purchases"))
PATHS, TRIGGERS = "tests/market/test_theory_on_paths.py::test_", "tests/market/test_triggers.py::test_"
WHOLE = "tests/core/equilibrium/test_equilibrium_theory.py::test_"
LINKED = "tests/core/equilibrium/test_links_static.py::test_"
CERTAIN = "tests/core/equilibrium/test_certain_paths.py::test_"
MAKING, SHIPPED = "tests/core/play/test_output_choice.py::test_", "tests/regimes/test_credits_and_output.py::test_"
FIGURES, TRADED = "tests/solvers/test_closed_form_firm.py::test_", "tests/solvers/test_closed_form_markets.py::test_"
BUILT = "tests/solvers/test_closed_form_investment.py::test_"


class Entry(NamedTuple):
    """One closed form.

    Attributes:
        function: whose docstring says what it is, and whose it is.
        given: arguments of the worked figure.
        digits: after the point.
        tests: that hold simulator, equilibrium or optimal stopping to it; only a second method where there is none.
        words: what the arguments are in words, where they are long.
        part: the field of the result that is shown; "" all.
    """

    function: Callable
    given: Mapping[str, Any]
    digits: int
    tests: tuple[str, ...]
    words: str = ""
    part: str = ""

    @property
    def name(self) -> str:
        """Theme and function."""
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"

    @property
    def says(self) -> str:
        """First sentence of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def reference(self) -> str:
        """Its source, of the docstring's last section."""
        return " ".join((inspect.getdoc(self.function) or "").partition("References:")[2].split())

    @property
    def figure(self) -> str:
        """The result of the worked example."""
        found = self.function(**self.given)
        if self.part:
            return self._told(getattr(found, self.part))
        if isinstance(found, tuple):
            return ", ".join(
                f"{name} {self._told(value)}" for name, value in zip(found._fields, found, strict=True)  # type: ignore[attr-defined]
            )  # fmt: skip
        return self._told(found)

    @property
    def arguments(self) -> str:
        """The arguments of the worked example."""
        return self.words or ", ".join(f"{name} {_plain(value)}" for name, value in self.given.items())

    def _told(self, value: Any) -> str:
        numbers = [f"{one + 0.0:.{self.digits}f}" for one in np.asarray(value, float).ravel()]
        return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})"


def _plain(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(_plain(one) for one in value)})"
    return f"{value:g}"


PLANT = {"outlay": 500.0, "drift": 0.02, "rate": 0.08, "running": 10.0, "life": 20.0}
FIVE = {"price": 60.0, "years": (0, 1, 2, 3, 4), "slope": 4.0, "rate": 0.05, "volatility": 0.3}
PAIR = {"slopes": (2.0, 1.0), "cuts": (30.0, 20.0)}
PRODUCT = {"product_price": 400.0, "cost": 200.0, "cost_slope": 0.5}
OPTION = {"price": 60.0, "volatility": 0.4, "years": 1.0, "rate": 0.05}

CATALOGUE: dict[str, tuple[Entry, ...]] = {
    "Abatement": (
        Entry(
            abatement.abatement_at_price, {"price": 60.0, "curve": LINE}, 1,
            (f"{PLAY}b1_abatement_meets_the_price_whatever_is_held",), "price 60, marginal cost 4 a",
        ),
        Entry(
            abatement.gain_from_abatement, {"price": 60.0, "curve": LINE}, 1,
            (f"{PLAY}b1_abatement_meets_the_price_whatever_is_held",), "price 60, marginal cost 4 a",
        ),
        Entry(
            abatement.value_of_allocation, {"expected_price": 66.31, "years": 2.0, "rate": 0.05}, 2,
            (f"{PLAY}b2_a_tonne_more_is_worth_its_discounted_price",),
        ),
        Entry(
            abatement.abatement_between_bid_and_ask,
            {"required": (9.0, 24.5, 40.0), "bid": 96.0, "ask": 104.0, "curve": LINE}, 1,
            (f"{PLAY}b13_between_bid_and_ask_a_firm_abates_what_it_lacks_and_trades_nothing",),
            "required (9, 24.5, 40), bid 96, ask 104, marginal cost 4 a",
        ),
        Entry(
            abatement.abatement_under_deficit_cap,
            {"price": 60.0, "emissions": 150.0, "allocation": 100.0, "capped": 0.2, "curve": LINE}, 1,
            (f"{LAW}b17_two_local_optima_with_targets_p_and_a_fifth_of_p",
             f"{LAW}b17_the_better_branch_depends_on_the_deficit"),
            "price 60, emissions 150, allocation 100, capped 0.2, marginal cost 4 a",
        ),
        Entry(
            abatement.offset_use, {"price": 100.0, "credit_price": 50.0, "limit": 10.0}, 0,
            (f"{PLAY}b20_the_limit_is_used_iff_the_credit_is_cheaper",
             f"{SHIPPED}b20_credits_are_worth_the_whole_limit_or_nothing_path_by_path"),
        ),
        Entry(
            abatement.abatement_target_with_offsets, {"price": 100.0, "credit_price": 50.0, "limit": 0.1}, 0,
            (f"{PLAY}b20_the_abatement_target_falls_when_the_limit_follows_emissions",
             f"{SHIPPED}b20_a_tonne_abated_is_worth_less_where_the_limit_follows_the_duty"),
        ),
        Entry(
            abatement.abatement_target_with_updating,
            {"price": 60.0, "follows": 0.5, "later_price": 60.0, "years": 2.0, "rate": 0.05}, 2,
            (f"{SHIPPED}b22_a_tonne_abated_in_2018_costs_as_much_of_kau20_as_it_is_updated",),
        ),
    ),
    "Output": (
        Entry(
            output.carbon_cost_of_output, {"permit_price": 60.0, "intensity": 0.9, "benchmark": 0.85}, 1,
            (f"{PLAY}b2_fails_under_a_benchmark_as_it_must",
             f"{SHIPPED}b21_a_benchmark_taxes_output_at_the_price_of_the_excess_over_it_alone"),
        ),
        Entry(
            output.output_at_carbon_cost, PRODUCT | {"carbon_cost": np.array([54.0, 3.0, -3.0])}, 0,
            (f"{MAKING}a_fixed_allocation_cuts_output",
             f"{MAKING}an_output_based_allocation_hardly_moves_it_and_may_raise_it"),
            "product_price 400, marginal cost 200 + 0.5 q; permit 60, at 0.9 t under cap and trade, at 0.9 and 0.8 t "
            "under a standard of 0.85",
        ),
        Entry(
            output.output_with_updating,
            PRODUCT | {
                "permit_price": 60.0, "intensity": 0.9, "benchmark": 0.425, "later_price": 60.0, "years": 2.0,
                "rate": 0.0,
            }, 0,
            (f"{MAKING}a_base_that_follows_output_gives_the_same_push_later",
             f"{SHIPPED}b22_updated_output_is_subsidised_by_the_units_it_earns_later"),
        ),
    ),
    "Banking": (
        Entry(
            banking.value_of_free_banking, TWO_STATES | {"discount": 0.9, "room": 10.0, "periods": 2}, 3,
            (f"{PATHS}b3_full_or_empty_bank", f"{PATHS}b3_no_path_of_banks_on_a_grid_does_better",
             f"{PATHS}b3_is_worth_nothing_under_a_process_of_the_default_set"),
        ),
        Entry(
            banking.least_cost_plan, {"required": (5, 10, 20, 30, 35), "slope": 2.0, "discount": 1 / 1.05}, 3,
            (f"{CERTAIN}b6_price_and_bank_are_those_of_the_plan_of_least_cost",),
            "required (5, 10, 20, 30, 35), slope 2, discount 1 / 1.05",
        ),
        Entry(
            banking.least_cost_plan, {"required": (30, 25, 20, 15, 10), "slope": 2.0, "discount": 1 / 1.05}, 2,
            (f"{CERTAIN}b6_price_and_bank_are_those_of_the_plan_of_least_cost",),
            "required (30, 25, 20, 15, 10), slope 2, discount 1 / 1.05: the cost", "cost",
        ),
        Entry(
            banking.shadow_price_of_borrowing, {"required": (30.0, 10.0), "slope": 2.0, "discount": 1 / 1.05}, 3,
            (f"{CERTAIN}b6_the_wedge_between_years_is_what_a_unit_borrowed_would_save",),
            "required (30, 10), slope 2, discount 1 / 1.05",
        ),
        Entry(
            banking.value_of_a_leftover, {"price": 75.0, "carried": 100.0}, 0,
            (f"{PLAY}b7_a_leftover_is_worth_the_better_of_selling_and_carrying",),
        ),
        Entry(
            banking.carry_over_for_net_sales,
            {"surplus": 300.0, "price": 10.0, "later_price": 16.0, "multiple": 5.0}, 0,
            (f"{LAW}b18_sell_to_be_allowed_to_carry",
             f"{WHOLE}b18_two_groups_agree_with_a_convex_programme_whose_multipliers_are_prices"),
        ),
        Entry(
            banking.borrowing_at_no_interest, {"price": 125.0, "later_price": 100.0, "limit": 15.0}, 0,
            (f"{LAW}b19_borrow_to_the_limit_iff_the_next_unit_is_cheaper",
             f"{LAW}b19_indifferent_at_a_martingale_price"),
        ),
    ),
    "Uncertainty": (
        Entry(
            uncertainty.expected_compliance_cost, FIVE | {"shortfalls": (10, 10, 10, 10, 10), "bank": 20.0}, 3,
            (f"{PATHS}b4_expected_cost", f"{PATHS}b4_every_bank_costs_the_same"),
        ),
        Entry(uncertainty.gain_from_volatility, FIVE, 3, (f"{PATHS}b5_gain_from_volatility",)),
        Entry(
            uncertainty.gain_from_reacting, {"variance": 100.0, "slope": 4.0}, 1, (f"{FIGURES}reacting_to_a_price",)
        ),
        Entry(
            uncertainty.advantage_of_prices, {"variance": 100.0, "cost_slope": 2.0, "benefit_slope": 1.0}, 1,
            (f"{FIGURES}prices_or_quantities",),
        ),
    ),
    "Penalties": (
        Entry(
            penalty.reservation_price, {"fine": 100.0, "made_good": 60.0}, 0,
            (f"{LAW}b16_three_times_the_mean_is_worth_a_default_only_above_it",),
        ),
        Entry(
            penalty.call_option, OPTION | {"strike": 100.0}, 4,
            ("tests/regimes/test_penalties.py::test_waiting_for_the_last_month_is_a_call_on_the_units_at_the_fine",),
        ),
        Entry(
            penalty.cost_of_a_missing_unit, OPTION | {"fine": 100.0}, 4,
            ("tests/regimes/test_penalties.py::test_waiting_for_the_last_month_is_a_call_on_the_units_at_the_fine",),
        ),
        Entry(
            penalty.holding_before_emissions_are_known,
            {"mean": 100.0, "sd": 8.0, "price": 60.0, "fine": 180.0, "leftover": (0.0, 50.0)}, 3,
            (f"{BUYING}b14_units_are_held_up_to_the_critical_chance_of_having_enough",),
        ),
        Entry(
            penalty.gap_worth_a_lump_sum, {"price": 48.0, "fine": 30_000.0}, 0,
            (f"{LAW}b16_lump_sum_default_iff_the_gap_is_worth_more_than_the_fine",
             f"{LAW}b16_deduction_makes_the_fine_the_price_of_a_loan"),
        ),
    ),
    "Execution": (
        Entry(
            execution.cost_of_even_purchases,
            {"price": 60.0, "deficit": 120.0, "impact": 0.5, "steps": 12, "news": 4.0}, 4,
            (f"{BUYING}b12_even_purchases_cost_what_the_closed_form_says_and_others_more",
             f"{PATHS}b12_even_execution"),
        ),
        Entry(
            execution.quadratic_compliance,
            {
                "price": 60.0, "steps": 12, "impact": 0.5, "slope": 4.0, "terminal": 50.0, "growth": 10.0, "news": 2.0,
                "price_news": 3.0,
            }, 4,
            (f"{TRADED}quadratic_compliance_on_paths",),
        ),
    ),
    "Prices of whole markets": (
        Entry(
            prices.price_with_a_bank_that_may_run_out,
            {"required": 10.0, "later": (10, 40), "odds": (0.5, 0.5), "discount": 1 / 1.05}, 3,
            (f"{WHOLE}b9_units_are_banked_only_where_the_next_price_pays_for_it",
             "tests/core/equilibrium/test_law_tree.py::test_b9_firms_bank_for_the_law_that_may_come"),
            "required 10, later 10 or 40 at even odds, discount 1 / 1.05",
        ),
        Entry(
            prices.price_of_a_fine,
            {"fine": 100.0, "expected": 102.0, "cap": 100.0, "sd": 5.0, "years": 1.0, "rate": 0.03}, 3,
            (f"{WHOLE}b10_price_is_the_penalty_times_the_chance_of_a_shortage",
             "tests/core/equilibrium/test_law_tree.py::"
             "test_b10_the_price_before_is_the_chance_to_be_short_times_the_mean_fine"),
        ),
        Entry(
            prices.price_variance_with_a_responsive_supply,
            {"news": 1.0, "slope": 1.0, "response": (0.0, 0.25, 1.0), "periods": 35}, 4,
            (f"{WHOLE}b11_supply_that_answers_the_bank_bounds_the_variance_of_the_last_price",),
        ),
    ),
    "Links": (
        Entry(
            links.full_link, PAIR, 3,
            (f"{LINKED}b23_a_pool_of_any_two_systems_has_the_price_at_which_their_cuts_add_up",
             "tests/core/equilibrium/test_equilibrium_three.py::test_b23_all_three_gain_from_trade"),
        ),
        Entry(
            links.restricted_link, PAIR | {"quota": 5.0}, 1,
            (f"{LINKED}b24_a_quota_leaves_a_wedge",
             f"{LINKED}b24_b25_any_two_systems_under_a_quota_an_exchange_rate_or_a_fee"),
        ),
        Entry(links.restricted_link, PAIR | {"exchange": 0.8}, 3, (f"{LINKED}b25_exchange_rate",)),
        Entry(
            links.value_of_a_quota, {"home_price": 50.0, "foreign_cost": 27.5, "quota": 5.0}, 1,
            (f"{LINKED}b24_a_price_taker_uses_its_quota_if_the_price_with_the_cost_of_trade_is_lower",
             "tests/core/play/test_foreign_worth.py::"
             "test_a_firm_within_the_quota_saves_the_difference_of_the_prices"),
        ),
        Entry(
            links.value_of_the_cheaper_unit,
            {"first": 60.0, "second": 55.0, "sd": 0.3, "other_sd": 0.4, "correlation": 0.2, "years": 1.0}, 4,
            ("tests/core/play/test_foreign_worth.py::test_the_choice_of_the_cheaper_unit_is_margrabe_s_option",),
        ),
    ),
    "Investment": (
        Entry(investment.annuity, {"rate": 0.06, "years": 20.0}, 4, (f"{BUILT}investment_trigger",)),
        Entry(investment.break_even_price, PLANT, 3, (f"{BUILT}investment_trigger",)),
        Entry(
            investment.growth_exponent, {"drift": 0.02, "rate": 0.08, "volatility": 0.3}, 4,
            (f"{BUILT}any_diffusion_includes_the_geometric_one",),
        ),
        Entry(
            investment.investment_trigger, PLANT | {"volatility": (0.1, 0.2, 0.3, 0.45)}, 3,
            (f"{TRIGGERS}b27_firms_build_at_the_trigger_of_who_decides_by_the_month",),
        ),
        Entry(
            investment.trigger_at_intervals,
            {"trigger": 131.992, "volatility": 0.3, "interval": np.array([1 / 12, 1 / 4, 1.0])}, 2,
            (f"{TRIGGERS}b27_firms_build_at_the_trigger_of_who_decides_by_the_month",
             f"{BUILT}log_reversion_at_intervals"),
            "trigger 131.992, volatility 0.3, by month, quarter and year",
        ),
        Entry(
            investment.investment_trigger_at_intervals, PLANT | {"volatility": 0.3, "interval": 1.0}, 3,
            (f"{TRIGGERS}b27_firms_build_at_the_trigger_of_who_decides_by_the_month",
             f"{BUILT}decisions_at_intervals_by_a_dynamic_programme"),
        ),
        Entry(
            investment.best_trigger,
            {
                "payoff": lambda price: price - 60.0, "low": 61.0, "high": 400.0,
                "waiting": lambda price: investment.waiting_under_log_reversion(price, **REVERTING),
            }, 3,
            (f"{TRIGGERS}b28_a_unit_banked_is_sold_at_the_trigger_for_what_the_closed_form_says",),
            "payoff P - 60; log P returns at 0.6 a year, volatility 0.3, mean of P in the long run 60, rate 0.08",
        ),
        Entry(
            investment.best_trigger,
            {
                "payoff": lambda price: price - 60.0, "low": 61.0, "high": 400.0,
                "waiting": lambda price: investment.waiting_under_geometric_reversion(price, 0.01, 60.0, 0.3, 0.08),
            }, 3,
            (f"{BUILT}geometric_reversion",),
            "payoff P - 60; dP = 0.01 (60 - P) P dt + 0.3 P dz, rate 0.08",
        ),
    ),
    "Market power": (
        Entry(
            market_power.dominant_firm, {"slopes": (1.0, 2.0), "cuts": (10.0, 30.0)}, 3,
            (f"{TRADED}a_dominant_firm_trades_too_little",),
        ),
    ),
}  # fmt: skip
"""Closed forms by theme."""

STATEMENTS: tuple[tuple[str, str, str], ...] = (
    (
        "The size of a fixed allocation changes nothing that the firm does; it must where a spread or a benchmark "
        "ties the two.",
        "Montgomery 1972, Journal of Economic Theory",
        f"{PLAY}b2_at_a_random_price",
    ),
    (
        "The month of surrender does not matter where nothing is given out between.",
        "Holland and Moore 2013, Journal of Environmental Economics and Management",
        f"{PLAY}b8_the_month_of_surrender_does_not_matter",
    ),
    (
        "At a martingale price no rule of timing gains, whatever the process of the price.",
        "Samuelson 1965, Industrial Management Review",
        "tests/core/play/test_no_free_lunch_processes.py",
    ),
    (
        "The price grows at the rate of discount if a bank is carried, and less if and only if none is.",
        "Schennach 2000, Journal of Environmental Economics and Management",
        f"{WHOLE}b9_price_grows_at_the_discount_rate_if_a_bank_is_carried_and_less_if_and_only_if_none_is",
    ),
    (
        "The faster supply answers the bank, the less the price varies.",
        "Kollenberg and Taschini 2016, Journal of Environmental Economics and Management",
        f"{WHOLE}b11_price_variance_falls_to_nothing_as_supply_answers_faster",
    ),
    (
        "Buying and selling the same units does not enlarge the limit on net sales.",
        "Follows from the limit",
        f"{LAW}b18_a_wash_trade_does_not_enlarge_the_limit",
    ),
)
"""What is no formula: a sentence, its reference, and the test that holds the simulator or the equilibrium to it."""
