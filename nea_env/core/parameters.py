"""The parameter tables that the kernels read: one row a scenario, a month or an event.

``STATIC`` is constant over an episode, ``MONTHLY`` depends on the calendar month only, ``EVENTS`` are the
steps of the law that fall due. ``calendar.py`` and ``lowering.py`` fill them from a scenario.
"""

from __future__ import annotations

from nea_env.core.layout import SLOTS, TECHS

STATIC = (
    "discount", "log_drift", "price_sd", "has_offset", "offset_multiplier", "offset_drift", "offset_sd",
    "persistence", "demand_sd", "intensity", "annual_emissions", "annual_output",
    "abate_scale", "abate_steepness", "abate_max", "invest_rate", "spread", "impact",
    "reward_scale", "log_reference", "rounding", "horizon", "carries_once", "book_growth",
    *(f"potential_{k}" for k in range(TECHS)), *(f"capex_{k}" for k in range(TECHS)),
    *(f"opex_{k}" for k in range(TECHS)), *(f"lead_{k}" for k in range(TECHS)),
    *(f"life_discount_{k}" for k in range(TECHS)),
    *(f"per_potential_{k}" for k in range(TECHS)),  # 1 / potential, 0 without the technology
    "start_log_price", "start_log_offset_ratio", "start_front", "start_next", "start_borrow_limit", "start_accrued",
)  # fmt: skip
(
    P_DISCOUNT, P_LOG_DRIFT, P_PRICE_SD, P_HAS_OFFSET, P_OFFSET_MULTIPLIER, P_OFFSET_DRIFT, P_OFFSET_SD,
    P_PERSISTENCE, P_DEMAND_SD, P_INTENSITY, P_ANNUAL, P_ANNUAL_OUTPUT,
    P_ABATE_SCALE, P_ABATE_STEEPNESS, P_ABATE_MAX, P_INVEST_RATE, P_SPREAD, P_IMPACT,
    P_REWARD_SCALE, P_LOG_REFERENCE, P_ROUNDING, P_HORIZON, P_CARRIES_ONCE, P_BOOK_GROWTH,
    P_POTENTIAL, _, _, P_CAPEX, _, _, P_OPEX, _, _, P_LEAD, _, _, P_LIFE_DISCOUNT, _, _, P_PER_POTENTIAL, _, _,
    P_START_LOG_PRICE, P_START_LOG_OFFSET_RATIO, P_START_FRONT, P_START_NEXT, P_START_BORROW_LIMIT, P_START_ACCRUED,
) = range(len(STATIC))  # fmt: skip

MONTHLY = (
    "output",  # baseline output of the month, units; 0 in run-off
    "emissions",  # baseline emissions of the month, t
    "output_correction",  # half the variance of log-output: keeps its mean at one
    "open",  # the market is open
    "price_moves",  # 1 when news moves the price into this month, 0 before the market opens
    "volume_limit",  # t
    "turnover",  # weight in a volume-weighted mean price
    "sell_limit",  # t of the free allocation of the vintages in front that may be sold
    "gap_sd", "gap_offset", "gap_inverse_spread", "gap_down", "gap_up",  # front discount: see prices.front_ratio
    "to_deadline",  # months to the next deadline; this month's is 0; -1 after the last
    "months_to_trade",  # months left to close the gap once its emissions have ended, this one included; else 0
    "deadline_event",  # index of the next deadline in EVENTS; -1 after the last
    "due_accrued",  # 1: the running year falls due at the next deadline
    *(f"due_closed_{k}" for k in range(SLOTS)),  # 1: so does what waits in this slot
    *(f"rate_{k}" for k in range(SLOTS)),  # free units per unit of output for that slot, published or expected
    *(f"deficit_cap_{k}" for k in range(SLOTS)),  # deficit cap of that slot, negative: none
    "rate_running",  # free units per unit of output for the running year
    "future_emissions",  # baseline emissions from this month on that fall due at the next deadline, t
    "future_allocation",  # free units expected on them and bookings still to come before it, t
    "cap_due",  # Tokyo: caps of the periods due, t
    "debt_due",  # 1: debt will be paid from units that count at the next deadline
    "price_due_front",  # 1: an emitted tonne falls due against the front, 0 against the vintage after
    "offset_share",  # credits that will count per tonne of unverified duty
    "offset_fixed",  # credits that will count whatever the duty, t
    "allocation_known", "allocation_rate",
    "season_sin", "season_cos",
    "producing_months",  # months of production left, this one included
    *(f"saving_months_{k}" for k in range(TECHS)),  # of capacity started now, over its capex
    *(f"running_cost_{k}" for k in range(TECHS)),  # its discounted running cost, over its capex
    *(f"residual_{k}" for k in range(TECHS)),
    "first_event", "last_event",  # EVENTS[first:last] fall in this month
)  # fmt: skip
(
    M_OUTPUT, M_EMISSIONS, M_OUTPUT_CORRECTION, M_OPEN, M_PRICE_MOVES, M_VOLUME_LIMIT, M_TURNOVER, M_SELL_LIMIT,
    M_GAP_SD, M_GAP_OFFSET, M_GAP_INVERSE_SPREAD, M_GAP_DOWN, M_GAP_UP,
    M_TO_DEADLINE, M_MONTHS_TO_TRADE, M_DEADLINE_EVENT, M_DUE_ACCRUED,
    M_DUE_CLOSED, _, _, M_RATE, _, _, M_DEFICIT_CAP, _, _,
    M_RATE_RUNNING, M_FUTURE_EMISSIONS, M_FUTURE_ALLOCATION, M_CAP_DUE, M_DEBT_DUE, M_PRICE_DUE_FRONT,
    M_OFFSET_SHARE, M_OFFSET_FIXED, M_ALLOCATION_KNOWN, M_ALLOCATION_RATE, M_SEASON_SIN, M_SEASON_COS,
    M_PRODUCING_MONTHS,
    M_SAVING_MONTHS, _, _, M_RUNNING_COST, _, _, M_RESIDUAL, _, _, M_FIRST_EVENT, M_LAST_EVENT,
) = range(len(MONTHLY))  # fmt: skip

# Kinds of event, in the order in which they are settled within a month.
CLOSE_YEAR, ALLOCATE, ISSUE_CREDITS, VERIFY, FIX_STRIKE, DEADLINE, RESET_SALES = range(7)

EVENTS = (
    "kind", "slot", "to_next",  # to_next: units go to the vintage after front
    "amount",  # ALLOCATE: t booked. VERIFY: t allocated before (grandfathering)
    "rate",  # free units per unit of output (benchmark x correction x basis)
    "pre_share",
    "years",  # ISSUE_CREDITS: ended years of the period
    "deficit_cap", "benchmarked", "cap", "gap_threshold", "gap_share",
    "offset_base", "offset_share", "required_reduction",
    "base_emissions", "factor", "ceiling",
    "mean_months", "volume_weighted", "multiple", "strike_cap",
    "borrow_rule", "borrow_share", "borrow_decay", "next_booked",
    "bank_rule", "bank_base", "bank_multiple", "bank_long_sales", "bank_sales_years", "small_holder", "deficit_exempt",
    "lost_if_missed", "offsets_bankable", "lump_sum", "deducted", "side_multiple", "restart_long_sales",
)  # fmt: skip
(
    E_KIND, E_SLOT, E_TO_NEXT, E_AMOUNT, E_RATE, E_PRE_SHARE, E_YEARS,
    E_DEFICIT_CAP, E_BENCHMARKED, E_CAP, E_GAP_THRESHOLD, E_GAP_SHARE, E_OFFSET_BASE, E_OFFSET_SHARE, E_REQUIRED,
    E_BASE_EMISSIONS, E_FACTOR, E_CEILING, E_MEAN_MONTHS, E_VOLUME_WEIGHTED, E_MULTIPLE, E_STRIKE_CAP,
    E_BORROW_RULE, E_BORROW_SHARE, E_BORROW_DECAY, E_NEXT_BOOKED,
    E_BANK_RULE, E_BANK_BASE, E_BANK_MULTIPLE, E_BANK_LONG_SALES, E_BANK_SALES_YEARS, E_SMALL_HOLDER, E_DEFICIT_EXEMPT,
    E_LOST_IF_MISSED, E_OFFSETS_BANKABLE, E_LUMP_SUM, E_DEDUCTED, E_SIDE_MULTIPLE, E_RESTART_LONG_SALES,
) = range(len(EVENTS))  # fmt: skip
BORROW_NONE, BORROW_SHARE, BORROW_DECAYING, BORROW_GAP_TEST = range(4)
