"""The field tables: every account, memory, flow, action and observation, once.

Names, units and meanings live here; the kernels use the integer constants, the spaces, the rendering
and the documentation are made from the tables.
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """One column of an array.

    Attributes:
        low, high: bounds that hold in every month of every scenario; a saved state must keep to them. A sum that
            is kept by differences has none, since rounding may leave it a little below zero.
        whole: whole numbers only.
    """

    name: str
    unit: str
    meaning: str
    low: float = float("-inf")
    high: float = float("inf")
    whole: bool = False


# --- sizes -----------------------------------------------------------------------------------------
SLOTS = 3  # ended compliance periods that can wait for verification at once
TECHS = 3  # technologies of a firm
QUEUE = 9  # quarters of construction in the queue: a lead of up to 24 months, rounded up to a quarter's end
HISTORY = 24  # months of prices remembered
TIERS = 3  # steps of an ex-post adjustment

# --- state: float64, one row a firm -----------------------------------------------------------------
STATE = (
    Field("log_price", "1", "log of the long price"),
    Field("price", "money/t", "long price", low=0),
    Field("log_offset_ratio", "1", "log of the offset price over the long price"),
    Field("news", "1", "sum of the news about the front's discount or premium, or about the place in the price collar"),
    Field("front_ratio", "1", "front price over the long price, 1 + x", low=0),
    Field("quote_error", "1", "log of the quoted over the true price, where prices are not disclosed"),
    Field("log_output", "1", "deviation of log-output from baseline"),
    Field("front", "t", "units usable at the next surrender deadline", low=0),
    Field("old", "t", "part of front that was carried once already", low=0),
    Field("old_sold", "t", "such units sold since the last deadline: what is bought back is as old", low=0),
    Field("next", "t", "the one vintage after front, once booked", low=0),
    Field("offsets", "t", "offset credits, in home-usable tonnes", low=0),
    Field("foreign", "t", "units of a linked system, in home-usable tonnes", low=0),
    Field("accrued", "t", "emissions of the running year", low=0),
    Field("accrued_output", "unit", "output of the running year", low=0),
    *(Field(f"closed_{k}", "t", "emissions (with credits issued) of an ended period, not yet verified", low=0) for k in range(SLOTS)),
    *(Field(f"closed_output_{k}", "unit", "output of that period", low=0) for k in range(SLOTS)),
    *(Field(f"preallocated_{k}", "t", "units booked for that period before verification", low=0) for k in range(SLOTS)),
    Field("owed", "t", "verified duty to surrender at the next deadline", low=0),
    Field("debt", "t", "borrowed or deducted, against an allocation not booked yet", low=0),
    Field("last_output", "unit", "output a year of the period verified last", low=0),
    Field("last_emissions", "t", "emissions a year of the period verified last", low=0),
    Field("borrow_limit", "1", "share of the duty that may be borrowed at the next deadline", low=0, high=1),
    Field("borrow_permit", "t", "borrowing permitted by the yearly gap test", low=0),
    Field("offset_room", "t", "offset credits that count at the next deadline", low=0),
    Field("net_sales", "t", "front units sold less bought since the last deadline"),
    Field("long_sales", "t", "the same since a phase or a date began to count"),
    Field("traded", "t", "units of the front that were traded at least once", low=0),
    Field("auctioned", "t", "part of front that was bought at auction and must not be carried over", low=0),
    Field("sold_allocation", "t", "units sold since the last allocation", low=0),
    Field("credits_issued", "t", "excess credits issued in the running period", low=0),
    Field("deficit", "flag", "allocation fell short of emissions at the last verification", low=0, high=1, whole=True),
    Field("missed", "flag", "a surrender deadline was missed", low=0, high=1, whole=True),
    Field("strike", "money/t", "penalty price fixed for the next deadline; 0 until known", low=0),
    Field("subsidy", "money", "state aid drawn for investment", low=0),
    Field("reference_sum", "money/t", "sum of the front prices that a trigger's reference is the mean of"),
    Field("trigger_run", "months", "months in a row beyond a trigger: positive above, negative below", whole=True),
    Field("intervened", "flag", "what the committee did last month: 1 against high prices, -1 against low ones", low=-1, high=1, whole=True),
    *(Field(f"capacity_{k}", "t/month", "abatement in place at baseline output, by technology", low=0) for k in range(TECHS)),
    *(Field(f"building_{k}", "t/month", "capacity under construction, by technology", low=0) for k in range(TECHS)),
    *(Field(f"aged_{k}", "t/month", "capacity discounted from its arrival to the start, for its book value", low=0) for k in range(TECHS)),
    Field("offset_buyable", "t", "offset credits that can be bought this month", low=0),
    Field("auction_room", "t", "units that can be won at auction this month", low=0),
    Field("auction_price", "money/t", "what they cost", low=0),
    Field("even_trade", "1", "share of the volume limit that closes the gap evenly by the deadline", low=-1, high=1),
    Field("abate_at_price", "1", "share of operational abatement whose marginal cost meets the price due", low=0, high=1),
)
(
    LOG_PRICE, PRICE, LOG_OFFSET_RATIO, NEWS, FRONT_RATIO, QUOTE_ERROR, LOG_OUTPUT,
    FRONT, OLD, OLD_SOLD, NEXT, OFFSETS, FOREIGN, ACCRUED, ACCRUED_OUTPUT, CLOSED, _, _, CLOSED_OUTPUT, _, _, PREALLOCATED, _, _,
    OWED, DEBT, LAST_OUTPUT, LAST_EMISSIONS, BORROW_LIMIT, BORROW_PERMIT, OFFSET_ROOM, NET_SALES, LONG_SALES, TRADED,
    AUCTIONED, SOLD_ALLOCATION, CREDITS_ISSUED, DEFICIT, MISSED, STRIKE, SUBSIDY, REFERENCE_SUM, TRIGGER_RUN, INTERVENED,
    CAPACITY, _, _, BUILDING, _, _, AGED, _, _, OFFSET_BUYABLE, AUCTION_ROOM, AUCTION_PRICE, EVEN_TRADE, ABATE_AT_PRICE,
) = range(len(STATE))  # fmt: skip

# --- what the price laws beyond the default and the links keep: float64, only where a scenario of the batch needs it
PARTNERS = 2  # systems that one scenario can be linked to
WORLD = (
    Field("wild", "flag", "the volatile regime holds", low=0, high=1, whole=True),
    Field("node", "1", "place on the lattice of prices, or on the grid of the aggregate bank", low=0, whole=True),
    Field("partner_node", "1", "place on the grid of a partner's aggregate bank, where both systems are solved together", low=0, whole=True),
    Field("shock", "1", "state of the aggregate shock", low=0, whole=True),
    Field("split", "flag", "the last period's vintage cannot become the running one: units were short, or had to lapse", low=0, high=1, whole=True),
    Field("split_price", "money/t", "its price then", low=0),
    Field("partner_split", "flag", "the same of a partner, where both systems are solved together", low=0, high=1, whole=True),
    Field("partner_split_price", "money/t", "in the partner's money", low=0),
    Field("partner_price", "money/t", "price of the partner's units that count at the next home deadline, in its money", low=0),
    Field("pressure", "1", "part of the log price that the firm's own trades have moved it by"),
    Field("uncovered", "t", "duty to date that foreign units held do not cover", low=0),
    *(Field(f"log_foreign_{k}", "1", "log of the price of a partner's units that count as one home tonne, home money") for k in range(PARTNERS)),
    *(Field(f"foreign_price_{k}", "money/t", "that price", low=0) for k in range(PARTNERS)),
    *(Field(f"log_fx_{k}", "1", "log of the price of the partner's money") for k in range(PARTNERS)),
    *(Field(f"place_{k}", "1", "sum of the news about where the foreign price stands between its bounds") for k in range(PARTNERS)),
    *(Field(f"link_{k}", "1", "0 not open yet, 1 open, 2 broken", low=0, high=2, whole=True) for k in range(PARTNERS)),
    *(Field(f"held_{k}", "t", "the partner's units held, in home-usable tonnes", low=0) for k in range(PARTNERS)),
    *(Field(f"room_{k}", "t", "of them, what counts against verified duty at the next deadline", low=0) for k in range(PARTNERS)),
    *(Field(f"buyable_{k}", "t", "of them, what can be bought this month", low=0) for k in range(PARTNERS)),
)
(
    WILD, NODE, PARTNER_NODE, SHOCK, SPLIT, SPLIT_PRICE, PARTNER_SPLIT, PARTNER_SPLIT_PRICE, PARTNER_PRICE, PRESSURE, UNCOVERED,
    LOG_FOREIGN, _, FOREIGN_PRICE, _, LOG_FX, _, PLACE, _, LINK, _, HELD, _, ROOM, _, BUYABLE, _,
) = range(len(WORLD))  # fmt: skip

# --- actions: Box [-1, 1] ---------------------------------------------------------------------------
ACTIONS = (
    Field("trade", "share of the monthly volume limit", "net purchase of front units, at auction where that is cheaper; sells only what is held", -1, 1),
    Field("abate", "share of what is possible now", "operational abatement, reversible; none at 0 and below", -1, 1),
    Field("invest", "share of the monthly investment limit", "new capacity, cheapest technology first, irreversible; none at 0 and below", -1, 1),
    Field("offset", "share of the room left", "offset credits bought now; none at 0 and below", -1, 1),
    Field("borrow", "share of what is permitted", "borrowing used at a deadline: all at 0 and above, none at -1", -1, 1),
    Field("bank", "share of what is permitted", "units carried over at a deadline: all at 0 and above, none at -1", -1, 1),
    Field("foreign", "share of the monthly volume limit", "net purchase of a linked system's units", -1, 1),
    Field("output", "share of what can be changed", "more or less output than baseline, where output is a choice", -1, 1),
)
TRADE, ABATE, INVEST, OFFSET, BORROW, BANK, FOREIGN_TRADE, OUTPUT = range(len(ACTIONS))

# --- flows of the month just played: float64 ---------------------------------------------------------
FLOWS = (
    Field("issued", "t", "free units and credits booked", low=0),
    Field("bought", "t", "front units bought, at auction and on the market", low=0),
    Field("auctioned", "t", "those of them bought at auction", low=0),
    Field("sold", "t", "front units sold", low=0),
    Field("offsets_bought", "t", "offset credits bought", low=0),
    Field("foreign_bought", "t", "foreign units bought", low=0),
    Field("foreign_sold", "t", "foreign units sold", low=0),
    Field("surrendered", "t", "units and credits surrendered", low=0),
    Field("lapsed", "t", "units and credits that can no longer be used", low=0),
    Field("deducted", "t", "units taken back: debt paid, clawback, deduction for excess banking", low=0),
    Field("emitted", "t", "emissions of the month", low=0),
    Field("borrowed", "t", "duty met from the next allocation", low=0),
    Field("forgiven", "t", "emissions that never became a duty: deficit cap, Tokyo's cap, rounding", low=0),
    Field("penalised", "t", "duty ended by a penalty", low=0),
    Field("credits_issued", "t", "Tokyo interim credits issued, which add to the period's duty", low=0),
    Field("clawback_unmet", "t", "clawback beyond the units held, which adds to the duty", low=0),
    Field("abated", "t", "operational abatement", low=0),
    Field("saved", "t", "emissions avoided by capacity in place", low=0),
    Field("invested", "t/month", "capacity started", low=0),
    Field("output", "unit", "output of the month", low=0),
    Field("allowance_cost", "money", "units bought less sold, at the front price, or the auction's with its fee"),
    Field("trading_cost", "money", "spread and impact", low=0),
    Field("offset_cost", "money", "offset credits bought", low=0),
    Field("foreign_cost", "money", "foreign units bought less sold"),
    Field("abatement_cost", "money", "operational abatement", low=0),
    Field("operating_cost", "money", "running cost of capacity in place, net of savings"),
    Field("investment_cost", "money", "capital spent, net of state aid", low=0),
    Field("margin_cost", "money", "margin lost by producing more or less than baseline", low=0),
    Field("penalty_cost", "money", "penalties, and state aid paid back", low=0),
    Field("closing_cost", "money", "at the end: debt and unmet duty bought, less holdings and capacity left"),
    Field("cost", "money", "sum of the money above"),
)
(
    F_ISSUED, F_BOUGHT, F_AUCTIONED, F_SOLD, F_OFFSETS_BOUGHT, F_FOREIGN_BOUGHT, F_FOREIGN_SOLD, F_SURRENDERED, F_LAPSED,
    F_DEDUCTED, F_EMITTED, F_BORROWED, F_FORGIVEN, F_PENALISED, F_CREDITS_ISSUED, F_CLAWBACK_UNMET, F_ABATED, F_SAVED, F_INVESTED,
    F_OUTPUT, F_ALLOWANCE_COST, F_TRADING_COST, F_OFFSET_COST, F_FOREIGN_COST, F_ABATEMENT_COST, F_OPERATING_COST,
    F_INVESTMENT_COST, F_MARGIN_COST, F_PENALTY_COST, F_CLOSING_COST, F_COST,
) = range(len(FLOWS))  # fmt: skip
MONEY_FLOWS = tuple(field.name for field in FLOWS if field.unit == "money" and field.name != "cost")

# --- what is known of the law, as bounds that meet once a number is published --------------------------
# The same 0..1 scale for every law, so that one agent can learn a whole space of laws. "squashed" is y / (1 + |y|).
_LAW = (
    Field("law_known", "flag", "every number that rules the next deadline is published", 0, 1),
    Field("allocation_low", "share of baseline emissions", "least free allocation of the running period", 0, 2),
    Field("allocation_high", "share of baseline emissions", "most free allocation of the running period", 0, 2),
    Field("carry_low", "squashed", "least net-sales multiple of the carry-over; 1 without a limit, 0 without the right", 0, 1),
    Field("carry_high", "squashed", "greatest such multiple", 0, 1),
    Field("borrow_low", "share of the duty", "least share that may be borrowed", 0, 1),
    Field("borrow_high", "share of the duty", "greatest such share", 0, 1),
    Field("offset_low", "share of its base", "least share that offset credits may cover; 1 without a limit", 0, 1),
    Field("offset_high", "share of its base", "greatest such share", 0, 1),
    Field("penalty_low", "squashed", "least cost of missing a tenth of a year, as a multiple of buying it", 0, 1),
    Field("penalty_high", "squashed", "greatest such cost", 0, 1),
)  # fmt: skip
LAW = tuple(field.name for field in _LAW)

# --- observation: float32 ----------------------------------------------------------------------------
# Tonnes are shares of baseline emissions a year. "squashed" is y / (1 + |y|).
OBSERVATION = (
    Field("progress", "share of the episode", "months played", 0, 1),
    Field("season_sin", "1", "sine of the calendar month", -1, 1),
    Field("season_cos", "1", "cosine of the calendar month", -1, 1),
    Field("to_deadline", "24 months", "months to the next surrender deadline", 0, 4),
    Field("market_open", "flag", "the market is open this month", 0, 1),
    Field("producing", "flag", "production goes on this month (0 in run-off)", 0, 1),
    Field("log_price", "1", "log of the long price, as quoted, over the reference price", -8, 8),
    Field("front_gap", "1", "front price over long price, less one", -1, 1),
    Field("log_offset_ratio", "1", "log of the offset price over the long price; 0 without offsets", -8, 8),
    Field("strike", "squashed", "fixed penalty price over the front price; 0 until known", 0, 1),
    Field("front", "squashed years", "units usable at the next deadline", 0, 1),
    Field("old", "squashed years", "part of front carried once already", 0, 1),
    Field("next", "squashed years", "the vintage after front", 0, 1),
    Field("offsets", "squashed years", "offset credits", 0, 1),
    Field("foreign", "squashed years", "foreign units", 0, 1),
    Field("accrued", "squashed years", "emissions of the running year", 0, 1),
    Field("closed", "squashed years", "emissions of ended periods, not yet verified", 0, 1),
    Field("owed", "squashed years", "duty to surrender", 0, 1),
    Field("debt", "squashed years", "borrowed or deducted, not yet repaid", 0, 1),
    Field("gap", "squashed tenths of a year", "expected shortfall at the next deadline; negative is a surplus", -1, 1),
    Field("even_trade", "share of the volume limit", "trade that closes the gap evenly over the months left to do so", -1, 1),
    Field("volume_limit", "squashed years", "most that can be traded on the market this month", 0, 1),
    Field("abate_at_price", "share of what is possible", "operational abatement whose marginal cost meets the price due", 0, 1),
    Field("net_sales", "squashed tenths of a year", "front units sold less bought since the count began", -1, 1),
    Field("carry_right", "squashed tenths of a year", "what the law lets the firm carry over at the next deadline, as things stand", 0, 1),
    Field("borrow_right", "share of a year", "what it may borrow at the next deadline", 0, 1),
    Field("offset_room", "squashed tenths of a year", "offset credits that can still be bought", 0, 1),
    Field("credits_issued", "squashed years", "excess credits issued in the running period", 0, 1),
    Field("allocation_known", "flag", "the rule that sets the running period's allocation is published", 0, 1),
    Field("allocation_rate", "share of baseline emissions", "free allocation of the running period, as published or expected", 0, 2),
    Field("log_output", "1", "deviation of log-output from baseline", -2, 2),
    *(Field(f"capacity_{k}", "share of its potential", "capacity in place", 0, 1) for k in range(TECHS)),
    *(Field(f"building_{k}", "share of its potential", "capacity under construction", 0, 1) for k in range(TECHS)),
    *(Field(f"invest_value_{k}", "1", "saving to the end plus residual over capex at today's price, less one; 0 without the technology", -2, 6) for k in range(TECHS)),
    Field("auction_room", "squashed tenths of a year", "units that can be won at auction this month", 0, 1),
    Field("auction_premium", "1", "the auction's price over the front price, less one; 0 without an auction", -1, 1),
    Field("trigger_run", "years", "months in a row beyond a price trigger: positive above, negative below", -2, 2),
    Field("intervened", "flag", "1: the committee acted against high prices last month; -1: against low ones", -1, 1),
    *_LAW,
    Field("wild", "flag", "prices are in their volatile regime, where the price process has one", 0, 1),
    Field("aggregate_bank", "squashed years", "what all firms hold less what they owe, under the equilibrium price process", -1, 1),
    *(Field(f"link_{k}", "flag", "the link to this partner is open", 0, 1) for k in range(PARTNERS)),
    *(Field(f"foreign_premium_{k}", "1", "log of what a home-usable tonne of this partner costs over the long price; 0 without the partner", -4, 4) for k in range(PARTNERS)),
    Field("foreign_room", "squashed tenths of a year", "foreign units that can be bought this month and would count", 0, 1),
)  # fmt: skip
OBS_INDEX = {field.name: index for index, field in enumerate(OBSERVATION)}

ACCOUNTS = ("front", "next", "offsets", "foreign", "accrued", "closed", "owed", "debt")
