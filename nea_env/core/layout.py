"""The field tables: every account, memory, flow, action and observation, once.

Names, units and meanings live here, and so do the numbers of the columns: the kernels read them as constants,
the spaces, the rendering and the documentation are made from the tables.
"""

from __future__ import annotations

from nea_env.core.columns import Columns, column, columns
from nea_env.scenario.firm import TECHNOLOGIES
from nea_env.scenario.rules import TIERS as TIERS
from nea_env.scenario.scenario import LINKS_MAX

# --- sizes -----------------------------------------------------------------------------------------
SLOTS = 3  # ended compliance periods that can wait for verification at once
TECHS = TECHNOLOGIES  # of a firm
QUEUE = 9  # quarters of construction in the queue: a lead of up to 24 months, rounded up to a quarter's end
HISTORY = 24  # months of prices remembered
PARTNERS = LINKS_MAX  # systems that one scenario can be linked to

LEAST = 1e-131  # divisor: prices and ratios of prices stay above it, since their log is at least -300

DEADLINE_SCALE = 24  # months that ``to_deadline`` counts as one

LINK_CLOSED, LINK_OPEN, LINK_BROKEN = range(3)  # states of a link



class Row(Columns):
    """Where a firm stands: int64, one column a firm."""

    STATUTE = column("1", "row of the parameter tables that its episode plays by", low=0)
    MONTH = column("months", "months played since the start of its episode", low=0)
    SEED = column("1", "what its draws are keyed by", low=0)
    EPISODE = column("1", "number of the episode of that seed", low=0)
    ENDED = column("flag", "its episode has ended", low=0, high=1)


class State(Columns):
    """What one firm holds, owes and remembers: float64, one row a firm."""

    LOG_PRICE = column("1", "log of the long price")
    PRICE = column("money/t", "long price", low=LEAST)
    LOG_OFFSET_RATIO = column("1", "log of the offset price over the long price")
    NEWS = column("1", "sum of the news about the front's discount or premium (on a lattice 0 while it is open, -1 or 1 once decided), or about the place in the price collar")
    FRONT_RATIO = column("1", "front price over the long price, 1 + x", low=LEAST)
    QUOTE_ERROR = column("1", "log of the quoted over the true price, where prices are not disclosed")
    LOG_OUTPUT = column("1", "deviation of log-output from baseline")
    FRONT = column("t", "units usable at the next surrender deadline", low=0)
    OLD = column("t", "part of front that was carried once already", low=0)
    OLD_SOLD = column("t", "such units sold since the last deadline: what is bought back is as old", low=0)
    NEXT = column("t", "the one vintage after front, once booked", low=0)
    OFFSETS = column("t", "offset credits, in home-usable tonnes", low=0)
    FOREIGN = column("t", "units of a linked system, in home-usable tonnes", low=0)
    ACCRUED = column("t", "emissions of the running year", low=0)
    ACCRUED_OUTPUT = column("unit", "output of the running year", low=0)
    CLOSED = column("t", "emissions (with credits issued) of an ended period, not yet verified", low=0, width=SLOTS)
    CLOSED_OUTPUT = column("unit", "output of that period", low=0, width=SLOTS)
    PREALLOCATED = column("t", "units booked for that period before verification", low=0, width=SLOTS)
    OWED = column("t", "verified duty to surrender at the next deadline", low=0)
    DEBT = column("t", "borrowed or deducted, against an allocation not booked yet", low=0)
    LAST_OUTPUT = column("unit", "output a year of the period verified last", low=0)
    LAST_EMISSIONS = column("t", "emissions a year of the period verified last", low=0)
    BORROW_LIMIT = column("1", "share of the duty that may be borrowed at the next deadline", low=0, high=1)
    BORROW_PERMIT = column("t", "borrowing permitted by the yearly gap test", low=0)
    OFFSET_ROOM = column("t", "offset credits that count at the next deadline", low=0)
    NET_SALES = column("t", "front units sold less bought since the last deadline")
    LONG_SALES = column("t", "the same since a phase or a date began to count")
    TRADED = column("t", "units of the front that were traded at least once", low=0)
    AUCTIONED = column("t", "part of front that was bought at auction and must not be carried over", low=0)
    SOLD_ALLOCATION = column("t", "units sold since the last allocation", low=0)
    CREDITS_ISSUED = column("t", "excess credits issued in the running period", low=0)
    DEFICIT = column("flag", "allocation fell short of emissions at the last verification", low=0, high=1, whole=True)
    MISSED = column("flag", "a surrender deadline was missed", low=0, high=1, whole=True)
    STRIKE = column("money/t", "penalty price fixed for the next deadline; 0 until known", low=0)
    SUBSIDY = column("money", "state aid drawn for investment", low=0)
    REFERENCE_SUM = column("money/t", "sum of the front prices that a trigger's reference is the mean of")
    TRIGGER_RUN = column("months", "months in a row beyond a trigger: positive above, negative below", whole=True)
    INTERVENED = column("flag", "what the committee did last month: 1 against high prices, -1 against low ones", low=-1, high=1, whole=True)
    CAPACITY = column("t/month", "abatement in place at baseline output, by technology", low=0, width=TECHS)
    BUILDING = column("t/month", "capacity under construction, by technology", low=0, width=TECHS)
    AGED = column("t/month", "capacity discounted from its arrival to the start, for its book value", low=0, width=TECHS)
    OFFSET_BUYABLE = column("t", "offset credits that can be bought this month", low=0)
    AUCTION_ROOM = column("t", "units that can be won at auction this month", low=0)
    AUCTION_PRICE = column("money/t", "what they cost", low=0)
    EVEN_TRADE = column("1", "share of the volume limit that closes the gap evenly by the deadline", low=-1, high=1)
    ABATE_AT_PRICE = column("1", "share of operational abatement whose marginal cost meets the price due", low=0, high=1)
    TARGET_TRADE = column("1", "share of the volume limit that closes the gap at once, or sells what may not be carried over", low=-1, high=1)


class World(Columns):
    """What the price processes beyond the default and the links keep: float64, only where a scenario needs it."""

    WILD = column("flag", "the volatile regime holds", low=0, high=1, whole=True)
    NODE = column("1", "place on the lattice of prices, or on the grid of the aggregate bank", low=0, whole=True)
    PARTNER_NODE = column("1", "place on the grid of a partner's aggregate bank, where both systems are solved together", low=0, whole=True)
    SHOCK = column("1", "state of the aggregate shock", low=0, whole=True)
    SPLIT = column("flag", "the last period's vintage cannot become the running one: units were short, or had to lapse", low=0, high=1, whole=True)
    SPLIT_PRICE = column("money/t", "its price then", low=0)
    PARTNER_SPLIT = column("code", "1: the same of a partner, where both systems are solved together; 2: its vintage ended in a pool that a chance may cut, and keeps the home price", low=0, high=2, whole=True)
    PARTNER_SPLIT_PRICE = column("money/t", "in the partner's money", low=0)
    PARTNER_PRICE = column("money/t", "price of the partner's units that count at the next home deadline, in its money", low=0)
    PRESSURE = column("1", "part of the log price that the firm's own trades have moved it by")
    UNCOVERED = column("t", "duty to date that foreign units held do not cover", low=0)
    LOG_FOREIGN = column("1", "log of the price of a partner's units that count as one home tonne, home money", width=PARTNERS)
    FOREIGN_PRICE = column("money/t", "that price", low=0, width=PARTNERS)
    LOG_FX = column("1", "log of the price of the partner's money", width=PARTNERS)
    PLACE = column("1", "sum of the news about where the foreign price stands between its bounds", width=PARTNERS)
    LINK = column("1", "0 not open yet, 1 open, 2 broken", low=0, high=2, whole=True, width=PARTNERS)
    HELD = column("t", "the partner's units held, in home-usable tonnes", low=0, width=PARTNERS)
    ROOM = column("t", "of them, what counts against verified duty at the next deadline", low=0, width=PARTNERS)
    BUYABLE = column("t", "of them, what can be bought this month", low=0, width=PARTNERS)


class Action(Columns):
    """Actions, a Box [-1, 1]."""

    TRADE = column("share of the monthly volume limit", "net purchase of front units, at auction where that is cheaper; sells only what is held", low=-1, high=1)
    ABATE = column("share of what is possible now", "operational abatement, reversible; none at 0 and below", low=-1, high=1)
    INVEST = column("share of the monthly investment limit", "new capacity, cheapest technology first, irreversible; none at 0 and below", low=-1, high=1)
    OFFSET = column("share of the room left", "offset credits bought now; none at 0 and below", low=-1, high=1)
    BORROW = column("share of what is permitted", "borrowing used at a deadline: all at 0 and above, none at -1", low=-1, high=1)
    BANK = column("share of what is permitted", "units carried over at a deadline: all at 0 and above, none at -1", low=-1, high=1)
    FOREIGN = column("share of the monthly volume limit", "net purchase of a linked system's units", low=-1, high=1)
    OUTPUT = column("share of what can be changed", "more or less output than baseline, where output is a choice", low=-1, high=1)


class Flow(Columns):
    """Tonnes and money of the month just played: float64."""

    ISSUED = column("t", "free units and credits booked", low=0)
    BOUGHT = column("t", "front units bought, at auction and on the market", low=0)
    AUCTIONED = column("t", "those of them bought at auction", low=0)
    SOLD = column("t", "front units sold", low=0)
    OFFSETS_BOUGHT = column("t", "offset credits bought", low=0)
    FOREIGN_BOUGHT = column("t", "foreign units bought", low=0)
    FOREIGN_SOLD = column("t", "foreign units sold", low=0)
    SURRENDERED = column("t", "units and credits surrendered", low=0)
    LAPSED = column("t", "units and credits that can no longer be used", low=0)
    DEDUCTED = column("t", "units taken back: debt paid, clawback, deduction for excess banking", low=0)
    EMITTED = column("t", "emissions of the month", low=0)
    BORROWED = column("t", "duty met from the next allocation", low=0)
    FORGIVEN = column("t", "emissions that never became a duty: deficit cap, Tokyo's cap, rounding", low=0)
    PENALISED = column("t", "duty ended by a penalty", low=0)
    CREDITS_ISSUED = column("t", "Tokyo interim credits issued, which add to the period's duty", low=0)
    CLAWBACK_UNMET = column("t", "clawback beyond the units held, which adds to the duty", low=0)
    ABATED = column("t", "operational abatement", low=0)
    SAVED = column("t", "emissions avoided by capacity in place", low=0)
    INVESTED = column("t/month", "capacity started", low=0)
    OUTPUT = column("unit", "output of the month", low=0)
    ALLOWANCE_COST = column("money", "units bought less sold, at the front price, or the auction's with its fee")
    TRADING_COST = column("money", "spread and impact", low=0)
    OFFSET_COST = column("money", "offset credits bought", low=0)
    FOREIGN_COST = column("money", "foreign units bought less sold")
    ABATEMENT_COST = column("money", "operational abatement", low=0)
    OPERATING_COST = column("money", "running cost of capacity in place, net of savings")
    INVESTMENT_COST = column("money", "capital spent, net of state aid", low=0)
    MARGIN_COST = column("money", "margin lost by producing more or less than baseline", low=0)
    PENALTY_COST = column("money", "penalties, and state aid paid back", low=0)
    TAX_COST = column("money", "carbon tax of another law on the month's emissions", low=0)
    CLOSING_COST = column("money", "at the end: debt and unmet duty bought, less holdings and capacity left")
    COST = column("money", "sum of the money above")


class Known(Columns):
    """What is known of the law, as bounds that meet once a number is published: the same 0..1 scale for every law."""

    LAW_KNOWN = column("flag", "every number that rules the next deadline is published", low=0, high=1)
    ALLOCATION_LOW = column("share of baseline emissions", "least free allocation of the running period", low=0, high=2)
    ALLOCATION_HIGH = column("share of baseline emissions", "most free allocation of the running period", low=0, high=2)
    CARRY_LOW = column("squashed", "least net-sales multiple of the carry-over; 1 without a limit, 0 without the right", low=0, high=1)
    CARRY_HIGH = column("squashed", "greatest such multiple", low=0, high=1)
    BORROW_LOW = column("share of the duty", "least share that may be borrowed", low=0, high=1)
    BORROW_HIGH = column("share of the duty", "greatest such share", low=0, high=1)
    OFFSET_LOW = column("share of its base", "least share that offset credits may cover; 1 without a limit", low=0, high=1)
    OFFSET_HIGH = column("share of its base", "greatest such share", low=0, high=1)
    PENALTY_LOW = column("squashed", "least cost of missing a tenth of a year, as a multiple of buying it", low=0, high=1)
    PENALTY_HIGH = column("squashed", "greatest such cost", low=0, high=1)


class Observation(Columns):
    """What an agent sees: float32. Tonnes are shares of baseline emissions a year; squashed is y / (1 + |y|)."""

    PROGRESS = column("share of the episode", "months played", low=0, high=1)
    SEASON_SIN = column("1", "sine of the calendar month", low=-1, high=1)
    SEASON_COS = column("1", "cosine of the calendar month", low=-1, high=1)
    TO_DEADLINE = column(f"{DEADLINE_SCALE} months", "months to the next surrender deadline", low=0, high=4)
    MARKET_OPEN = column("flag", "the market is open this month", low=0, high=1)
    PRODUCING = column("flag", "production continues this month (0 in run-off)", low=0, high=1)
    LOG_PRICE = column("1", "log of the long price, as quoted, over the reference price", low=-8, high=8)
    FRONT_GAP = column("1", "front price over long price, less one", low=-1, high=1)
    LOG_OFFSET_RATIO = column("1", "log of the offset price over the long price; 0 without offsets", low=-8, high=8)
    STRIKE = column("squashed", "fixed penalty price over the front price; 0 until known", low=0, high=1)
    FRONT = column("squashed years", "units usable at the next deadline", low=0, high=1)
    OLD = column("squashed years", "part of front carried once already", low=0, high=1)
    NEXT = column("squashed years", "the vintage after front", low=0, high=1)
    OFFSETS = column("squashed years", "offset credits", low=0, high=1)
    FOREIGN = column("squashed years", "foreign units", low=0, high=1)
    ACCRUED = column("squashed years", "emissions of the running year", low=0, high=1)
    CLOSED = column("squashed years", "emissions of ended periods, not yet verified", low=0, high=1)
    OWED = column("squashed years", "duty to surrender", low=0, high=1)
    DEBT = column("squashed years", "borrowed or deducted, not yet repaid", low=0, high=1)
    GAP = column("squashed tenths of a year", "expected shortfall at the next deadline; negative is a surplus", low=-1, high=1)
    EVEN_TRADE = column("share of the volume limit", "trade that closes the gap evenly over the months left to do so", low=-1, high=1)
    VOLUME_LIMIT = column("squashed years", "most that can be traded on the market this month", low=0, high=1)
    ABATE_AT_PRICE = column("share of what is possible", "operational abatement whose marginal cost meets the price due", low=0, high=1)
    NET_SALES = column("squashed tenths of a year", "front units sold less bought, as the next deadline counts them", low=-1, high=1)
    CARRY_RIGHT = column("squashed tenths of a year", "what the law lets the firm carry over at the next deadline, as things stand", low=0, high=1)
    BORROW_RIGHT = column("share of a year", "what it may borrow at the next deadline", low=0, high=1)
    OFFSET_ROOM = column("squashed tenths of a year", "offset credits that can still be bought", low=0, high=1)
    CREDITS_ISSUED = column("squashed years", "excess credits issued in the running period", low=0, high=1)
    ALLOCATION_KNOWN = column("flag", "the rule that sets the running period's allocation is published", low=0, high=1)
    ALLOCATION_RATE = column("share of baseline emissions", "free allocation of the running period, as published or expected", low=0, high=2)
    LOG_OUTPUT = column("1", "deviation of log-output from baseline", low=-2, high=2)
    CAPACITY = column("share of its potential", "capacity in place", low=0, high=1, width=TECHS)
    BUILDING = column("share of its potential", "capacity under construction", low=0, high=1, width=TECHS)
    INVEST_VALUE = column("1", "saving to the end plus residual over capex at today's price, less one; 0 without the technology", low=-2, high=6, width=TECHS)
    AUCTION_ROOM = column("squashed tenths of a year", "units that can be won at auction this month", low=0, high=1)
    AUCTION_PREMIUM = column("1", "the auction's price over the front price, less one; 0 without an auction", low=-1, high=1)
    TRIGGER_RUN = column("years", "months in a row beyond a price trigger: positive above, negative below", low=-2, high=2)
    INTERVENED = column("flag", "1: the committee acted against high prices last month; -1: against low ones", low=-1, high=1)
    KNOWN = columns(Known)
    WILD = column("flag", "prices are in their volatile regime, where the price process has one", low=0, high=1)
    AGGREGATE_BANK = column("squashed years", "what all firms hold less what they owe, under the equilibrium price process", low=-1, high=1)
    LINK = column("flag", "the link to this partner is open", low=0, high=1, width=PARTNERS)
    FOREIGN_PREMIUM = column("1", "log of what a home-usable tonne of this partner costs over the long price; 0 without the partner", low=-4, high=4, width=PARTNERS)
    FOREIGN_ROOM = column("squashed tenths of a year", "foreign units that can be bought this month and would count", low=0, high=1)
    TARGET_TRADE = column("share of the volume limit", "trade that closes the gap at once, or sells what may not be carried over", low=-1, high=1)
    TO_ARRIVAL = column(f"{DEADLINE_SCALE} months", "months until capacity under construction next comes on line; 0 where there is none", low=0, high=2)
    BOOK_VALUE = column("share of the capex of its potential", "what capacity in place will count for at the end of the episode", low=0, high=1, width=TECHS)


STATE, WORLD, ACTIONS, FLOWS, OBSERVATION = (table.fields for table in (State, World, Action, Flow, Observation))
OBS_INDEX = Observation.index

# a firm's books are the columns of State, Flow and, where a scenario needs them, World; its memory is the queue and the
# history
FLOWS_FROM, WORLD_FROM = State.size, State.size + Flow.size
HISTORY_FROM = TECHS * QUEUE

LAW = tuple(field.name for field in Known.fields)
MONEY_FLOWS = tuple(field.name for field in FLOWS if field.unit == "money" and field.name != "cost")

ACCOUNTS = ("front", "next", "offsets", "foreign", "accrued", "closed", "owed", "debt")
"""Tonnes that the returned observation shows."""
