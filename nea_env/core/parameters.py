"""The parameter tables that the kernels read: one row a scenario, a month or an event.

``STATIC`` is constant over an episode, ``MONTHLY`` depends on the calendar month only, ``EVENTS`` are the
steps of the law that fall due. ``lowering.py`` fills them from a scenario, with the events of ``calendar.py`` and the
monthly columns of ``law_months.py`` and ``market_months.py``.
"""

from __future__ import annotations

from nea_env.core.layout import LAW, PARTNERS, SLOTS, TECHS

LINK = (
    "link_kind",  # links.NOT_TRADABLE, TIED, BANDED, FREE, COLLARED, SOLVED or POOLED
    "link_fee", "link_spread", "link_quota", "link_two_way", "link_bankable",  # quota: share of the duty, or NEVER
    "link_low", "link_high", "link_news_sd",  # bounds of the ratio, or of a collar; news a month
    "link_news_from", "link_months", "link_growth",  # from when, for how long; of the partner's money a month
    "link_starts", "link_start_chance", "link_ends", "link_end_chance", "link_weight",
    "link_log_ratio", "link_persistence", "link_wander",  # before the link: the log ratio's start and mean, its AR(1)
    "link_drift", "link_sd", "link_correlation",  # the partner's own price, and its correlation with the home price
    "link_units", "fx_drift", "fx_sd", "start_log_fx",
)  # fmt: skip
"""Parameters of a partner."""

STATIC = (
    "discount", "log_drift", "price_sd", "has_offset", "offset_multiplier", "offset_drift", "offset_sd",
    "persistence", "demand_sd", "intensity", "annual_emissions", "annual_output",
    "per_annual", "per_month_output", "per_horizon",  # reciprocals: a product costs less than a quotient
    "abate_scale", "abate_steepness", "abate_max",
    "abate_per_scale", "abate_per_steepness",
    "abate_per_share",  # 1 / (steepness x largest share), 0 without abatement
    "invest_rate", "spread", "impact",
    "reward_scale", "per_reward_scale", "log_reference", "rounding", "horizon", "carries_once", "book_growth",
    "quote_sd",  # sd of the log quote about the price it hides
    "tradable",  # 0: units never change hands
    "reference_months",  # of the mean price that triggers look at; 0 without triggers
    "flexibility", "margin_slope",  # of output, where it is a choice
    "subsidy",  # state aid per money of the firm's own capital cost
    "first_law", "laws",  # episodes draw from so many laws, which stand in consecutive rows from the first on
    *(f"potential_{k}" for k in range(TECHS)), *(f"capex_{k}" for k in range(TECHS)),
    *(f"opex_{k}" for k in range(TECHS)), *(f"lead_{k}" for k in range(TECHS)),
    *(f"life_discount_{k}" for k in range(TECHS)),
    *(f"per_potential_{k}" for k in range(TECHS)),  # 1 / potential, 0 without the technology
    "law", "law_drift", "law_sd",  # of the price: its code, and what price_laws.law_columns finds for it
    "jump_chance", "jump_sd", "diffusion_sd", "calm_sd", "wild_sd", "begins", "ends", "wild_share", "entries",
    "states", "log_step", "up_chance", "log_level", "pull",
    "stale",  # chance of a month that trades at the price of the month before
    "permanent",  # how far the log price stays moved per tonne traded
    "grid_first",  # where the law's table begins in the grids
    "grid_banks", "grid_shocks", "grid_node", "grid_shock", "grid_low", "grid_step",  # of an equilibrium
    "grid_partner_banks", "grid_partner_node",  # 1 and 0 where one system is solved alone
    "least_price", "partner_least",  # money/t: the log of a price must stay finite where units are worth nothing
    "links", "link_rotation", "fx_rotation",  # number of partners; correlation of the second's news with the first's
    *(f"{name}_{k}" for name in LINK for k in range(PARTNERS)),
    "start_log_price", "start_log_offset_ratio", "start_front", "start_next", "start_borrow_limit", "start_accrued",
)  # fmt: skip
(
    P_DISCOUNT, P_LOG_DRIFT, P_PRICE_SD, P_HAS_OFFSET, P_OFFSET_MULTIPLIER, P_OFFSET_DRIFT, P_OFFSET_SD,
    P_PERSISTENCE, P_DEMAND_SD, P_INTENSITY, P_ANNUAL, P_ANNUAL_OUTPUT,
    P_PER_ANNUAL, P_PER_MONTH_OUTPUT, P_PER_HORIZON,
    P_ABATE_SCALE, P_ABATE_STEEPNESS, P_ABATE_MAX, P_ABATE_PER_SCALE, P_ABATE_PER_STEEPNESS,
    P_ABATE_PER_SHARE,
    P_INVEST_RATE, P_SPREAD, P_IMPACT,
    P_REWARD_SCALE, P_PER_REWARD_SCALE, P_LOG_REFERENCE, P_ROUNDING, P_HORIZON, P_CARRIES_ONCE, P_BOOK_GROWTH,
    P_QUOTE_SD, P_TRADABLE, P_REFERENCE_MONTHS, P_FLEXIBILITY, P_MARGIN_SLOPE, P_SUBSIDY,
    P_FIRST_LAW, P_LAWS,
    P_POTENTIAL, _, _, P_CAPEX, _, _, P_OPEX, _, _, P_LEAD, _, _, P_LIFE_DISCOUNT, _, _, P_PER_POTENTIAL, _, _,
    P_LAW, P_LAW_DRIFT, P_LAW_SD, P_JUMP_CHANCE, P_JUMP_SD, P_DIFFUSION_SD, P_CALM_SD, P_WILD_SD, P_BEGINS, P_ENDS,
    P_WILD_SHARE, P_ENTRIES, P_STATES, P_LOG_STEP, P_UP_CHANCE, P_LOG_LEVEL, P_PULL, P_STALE, P_PERMANENT,
    P_GRID_FIRST, P_GRID_BANKS, P_GRID_SHOCKS, P_GRID_NODE, P_GRID_SHOCK, P_GRID_LOW, P_GRID_STEP,
    P_GRID_PARTNER_BANKS, P_GRID_PARTNER_NODE,
    P_LEAST_PRICE, P_PARTNER_LEAST, P_LINKS, P_LINK_ROTATION, P_FX_ROTATION,
    P_LINK_KIND, _, P_LINK_FEE, _, P_LINK_SPREAD, _, P_LINK_QUOTA, _, P_LINK_TWO_WAY, _, P_LINK_BANKABLE, _,
    P_LINK_LOW, _, P_LINK_HIGH, _, P_LINK_NEWS_SD, _, P_LINK_NEWS_FROM, _, P_LINK_MONTHS, _, P_LINK_GROWTH, _,
    P_LINK_STARTS, _, P_LINK_START_CHANCE, _, P_LINK_ENDS, _, P_LINK_END_CHANCE, _, P_LINK_WEIGHT, _,
    P_LINK_LOG_RATIO, _, P_LINK_PERSISTENCE, _, P_LINK_WANDER, _, P_LINK_DRIFT, _, P_LINK_SD, _, P_LINK_CORRELATION, _,
    P_LINK_UNITS, _, P_FX_DRIFT, _, P_FX_SD, _, P_START_LOG_FX, _,
    P_START_LOG_PRICE, P_START_LOG_OFFSET_RATIO, P_START_FRONT, P_START_NEXT, P_START_BORROW_LIMIT, P_START_ACCRUED,
) = range(len(STATIC))  # fmt: skip

MONTHLY = (
    "output",  # baseline output of the month, units; 0 in run-off
    "emissions",  # baseline emissions of the month, t
    "output_correction",  # half the variance of log-output: keeps its mean at one
    "open",  # the market is open
    "price_moves",  # 1 when news moves the price into this month, 0 before the market opens
    "volume_limit", "per_volume",  # t; 1 / t, 0 while the market is closed
    "turnover",  # weight in a volume-weighted mean price
    "sell_limit",  # t of the free allocation of the vintages in front that may be sold
    "hold_min", "hold_max",  # t of front that sales must leave and purchases may reach
    "gap_sd", "gap_offset", "gap_inverse_spread",  # front discount, or place between the collar's bounds: see prices.py
    "gap_down", "gap_up",  # its bounds, relative to the long price; of a collar, money per t
    "front_running",  # equilibrium: 1 where the front is the vintage of the running period, 0 of the one before
    "to_deadline",  # months to the next deadline; this month's is 0; -1 after the last
    "months_to_trade",  # months left to close the gap once its emissions have ended, this one included; else 0
    "deadline_event",  # row of EVENTS that says what is known of the next deadline; -1 after the last
    "auction_event",  # row of EVENTS of this month's auction; -1 without
    "trigger_event",  # row of EVENTS of the triggers in force; -1 without
    "high_price", "high_per_sum", "low_price", "low_per_sum",  # triggers: money/t, and per sum of past prices
    "trigger_months",  # months in a row beyond one that let the committee act
    "due_accrued",  # 1: the running year falls due at the next deadline
    *(f"due_closed_{k}" for k in range(SLOTS)),  # 1: so does what waits in this slot
    *(f"rate_{k}" for k in range(SLOTS)),  # free units per unit of output for that slot, published or expected
    *(f"free_{k}" for k in range(SLOTS)),  # free units per tonne emitted for that slot
    *(f"deficit_cap_{k}" for k in range(SLOTS)),  # deficit cap of that slot, negative: none
    "rate_running", "free_running",  # the same for the running year
    "marginal",  # net duty that one more tonne emitted this month adds
    "year_left",  # baseline emissions of the running year from this month on, t
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
    *LAW,  # what is known of the law: these columns go into the observation as they are
    "first_event", "last_event",  # EVENTS[first:last] fall in this month
)  # fmt: skip
_M = {name: index for index, name in enumerate(MONTHLY)}
(
    M_OUTPUT, M_EMISSIONS, M_OUTPUT_CORRECTION, M_OPEN, M_PRICE_MOVES, M_VOLUME_LIMIT, M_PER_VOLUME, M_TURNOVER,
    M_SELL_LIMIT, M_HOLD_MIN, M_HOLD_MAX, M_GAP_SD, M_GAP_OFFSET, M_GAP_INVERSE_SPREAD, M_GAP_DOWN, M_GAP_UP, 
    M_FRONT_RUNNING,
    M_TO_DEADLINE, M_MONTHS_TO_TRADE, M_DEADLINE_EVENT, M_AUCTION_EVENT, M_TRIGGER_EVENT,
    M_HIGH_PRICE, M_HIGH_PER_SUM, M_LOW_PRICE, M_LOW_PER_SUM, M_TRIGGER_MONTHS, M_DUE_ACCRUED,
    M_DUE_CLOSED, _, _, M_RATE, _, _, M_FREE, _, _, M_DEFICIT_CAP, _, _,
    M_RATE_RUNNING, M_FREE_RUNNING, M_MARGINAL, M_YEAR_LEFT,
    M_FUTURE_EMISSIONS, M_FUTURE_ALLOCATION, M_CAP_DUE, M_DEBT_DUE,
    M_PRICE_DUE_FRONT, M_OFFSET_SHARE, M_OFFSET_FIXED, M_ALLOCATION_KNOWN, M_ALLOCATION_RATE, M_SEASON_SIN,
    M_SEASON_COS, M_PRODUCING_MONTHS,
    M_SAVING_MONTHS, _, _, M_RUNNING_COST, _, _, M_RESIDUAL, _, _,
) = range(_M[LAW[0]])  # fmt: skip
M_LAW, M_FIRST_EVENT, M_LAST_EVENT = _M[LAW[0]], _M["first_event"], _M["last_event"]

# Kinds of event, in the order in which they are settled within a month. The last two are read, never settled.
CLOSE_YEAR, ALLOCATE, ISSUE_CREDITS, VERIFY, FIX_STRIKE, DEADLINE, RESET_SALES, AUCTION, TRIGGERS = range(9)

EVENTS = (
    "kind", "slot", "to_next",  # to_next: units go to the vintage after front
    "amount",  # ALLOCATE: t booked. VERIFY: t allocated before. AUCTION: t that one bidder can win
    "rate",  # free units per unit of output (benchmark x correction x basis)
    "pre_share", "pre_on_emissions",  # pre-allocation: on the output, or the emissions, verified last
    "update_share", "per_base", "update_on_output",  # base-year revision; 1 / base-year emissions or output
    "years",  # ISSUE_CREDITS: ended years of the period
    "method", "balance", "band", "band_share",  # VERIFY: how the final allocation is found
    "expected",  # VERIFY: base emissions of the period, t
    "deficit_cap", "cap", "gap_threshold", "gap_share",
    "cancel_ratio_0", "cancel_ratio_1", "cancel_ratio_2", "cancel_share_0", "cancel_share_1", "cancel_share_2",
    "add_ratio_0", "add_ratio_1", "add_ratio_2", "add_share_0", "add_share_1", "add_share_2",
    "offset_base", "offset_share", "required_reduction",
    "base_emissions", "factor", "ceiling",
    "mean_months", "volume_weighted", "multiple", "strike_cap", "strike_price",
    "borrow_rule", "borrow_share", "borrow_decay", "next_booked",
    "bank_rule", "bank_base", "bank_multiple", "bank_long_sales", "bank_sales_years", "small_holder", "deficit_exempt",
    "lost_if_missed", "offsets_bankable",
    "lump_sum", "max_total", "deducted", "side_multiple", "forfeits", "subsidy_repaid", "restart_long_sales",
    "discount", "fee", "reserve_price", "reserve_multiple", "reserve_cap", "short_only", "own_use",
    "auctioned_bankable",
    "acts", "price_move", "sale_share",
)  # fmt: skip
(
    E_KIND, E_SLOT, E_TO_NEXT, E_AMOUNT, E_RATE, E_PRE_SHARE, E_PRE_ON_EMISSIONS,
    E_UPDATE_SHARE, E_PER_BASE, E_UPDATE_ON_OUTPUT, E_YEARS, E_METHOD, E_BALANCE, E_BAND, E_BAND_SHARE,
    E_EXPECTED, E_DEFICIT_CAP, E_CAP, E_GAP_THRESHOLD, E_GAP_SHARE,
    E_CANCEL_RATIO, _, _, E_CANCEL_SHARE, _, _, E_ADD_RATIO, _, _, E_ADD_SHARE, _, _,
    E_OFFSET_BASE, E_OFFSET_SHARE, E_REQUIRED,
    E_BASE_EMISSIONS, E_FACTOR, E_CEILING, E_MEAN_MONTHS, E_VOLUME_WEIGHTED, E_MULTIPLE, E_STRIKE_CAP, E_STRIKE_PRICE,
    E_BORROW_RULE, E_BORROW_SHARE, E_BORROW_DECAY, E_NEXT_BOOKED,
    E_BANK_RULE, E_BANK_BASE, E_BANK_MULTIPLE, E_BANK_LONG_SALES, E_BANK_SALES_YEARS, E_SMALL_HOLDER, E_DEFICIT_EXEMPT,
    E_LOST_IF_MISSED, E_OFFSETS_BANKABLE,
    E_LUMP_SUM, E_MAX_TOTAL, E_DEDUCTED, E_SIDE_MULTIPLE, E_FORFEITS, E_SUBSIDY_REPAID, E_RESTART_LONG_SALES,
    E_DISCOUNT, E_FEE, E_RESERVE_PRICE, E_RESERVE_MULTIPLE, E_RESERVE_CAP, E_SHORT_ONLY, E_OWN_USE,
    E_AUCTIONED_BANKABLE,
    E_ACTS, E_PRICE_MOVE, E_SALE_SHARE,
) = range(len(EVENTS))  # fmt: skip
BORROW_NONE, BORROW_SHARE, BORROW_DECAYING, BORROW_GAP_TEST = range(4)
BOOKED_BEFORE, BY_OUTPUT, BY_OWN_EMISSIONS = range(3)  # values of "method"
