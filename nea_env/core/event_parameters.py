"""What falls due in a month of the calendar: the columns of the table with one row an event of a scenario."""

from __future__ import annotations

from nea_env.core.columns import Columns, column, flag
from nea_env.core.layout import HISTORY, SLOTS, TIERS


class Event(Columns):
    """A step of the law that falls due: one row an event of a scenario.

    A meaning begins with the kinds of event that read the column; rows of others hold 0. AUCTION, TRIGGERS and the
    DEADLINE rows for what is in doubt are read by the month that names them, never settled. Codes are those of
    `parameters` and, of offsets and banking, of ``rules``; NEVER is that of `parameters`.
    """

    KIND = column(
        "code",
        "CLOSE_YEAR, ALLOCATE, ISSUE_CREDITS, VERIFY, FIX_STRIKE, DEADLINE, RESET_SALES, AUCTION or TRIGGERS",
        low=0,
        high=8,
        whole=True,
    )
    SLOT = column(
        "1",
        "CLOSE_YEAR to VERIFY: where the period's emissions wait for verification",
        low=0,
        high=SLOTS - 1,
        whole=True,
    )
    TO_NEXT = flag("ALLOCATE, ISSUE_CREDITS, VERIFY: units go to the vintage after; 0: to the front")
    AMOUNT = column("t", "ALLOCATE: booked; VERIFY: booked before; AUCTION: most that one bidder can win", low=0)

    # free units: pre-allocation on what was verified last, base-year revision
    RATE = column(
        "t/unit", "ALLOCATE, VERIFY: free units per unit of output; ALLOCATE: times the period's years", low=0
    )
    PRE_SHARE = column("1", "ALLOCATE: share of the allocation booked in advance; 0: AMOUNT is booked", low=0, high=1)
    PRE_ON_EMISSIONS = flag(
        "ALLOCATE: in advance is on the emissions verified last, RATE being years; 0: on the output"
    )
    PRE_SLOT = column(
        "1", "ALLOCATE: slot of the ended period that the advance follows; -1: what was verified last", low=-1,
        whole=True,
    )  # fmt: skip
    UPDATE_SHARE = column("1", "ALLOCATE, VERIFY: share of the base that follows what was verified last", low=0, high=1)
    PER_BASE = column("1/t or 1/unit", "ALLOCATE: 1 / base-year emissions, or base-year output a year", low=0)
    UPDATE_ON_OUTPUT = flag("ALLOCATE: the base that follows is output; 0: emissions")
    YEARS = column("years", "ISSUE_CREDITS: ended years of the period; VERIFY: its length", low=0, whole=True)

    # verification
    METHOD = column(
        "code",
        "VERIFY: method by which it finds the final allocation: BOOKED_BEFORE, BY_OUTPUT or BY_OWN_EMISSIONS",
        low=0,
        high=2,
        whole=True,
    )
    BALANCE = column("t/unit", "VERIFY: intensity at which free units equal emissions; 1 without", low=0)
    BAND = column("1", "VERIFY: relative deviation from BALANCE at which the adjustment is whole", low=0)
    BAND_SHARE = column("1", "VERIFY: the whole adjustment, share of emissions; 0: none", low=0, high=1)
    EXPECTED = column("t", "VERIFY: emissions that the units booked were computed from; 0: none booked", low=0)
    PER_OUTPUT = column(
        "t/unit",
        "VERIFY: emissions that a unit of output stands for in those steps: benchmark, or intensity of the base",
        low=0,
    )
    GROWS_BY_OUTPUT = flag("VERIFY: steps that add units go by output times PER_OUTPUT; 0: by emissions")
    DEFICIT_CAP = column("1", "VERIFY: largest deficit that is owed, share of emissions; -1: no cap", low=-1)
    CAP = column("t", "VERIFY: emissions of the period that are no duty (Tokyo); 0: no such cap", low=0)
    GAP_THRESHOLD = column("1", "VERIFY: least gap that permits borrowing, share of the duty", low=0, high=1)
    GAP_SHARE = column("1", "VERIFY: share of a gap so large that may be borrowed; 0: no gap test", low=0, high=1)
    CANCEL_RATIO = column(
        "1",
        "VERIFY: output times PER_OUTPUT over allocation up to which a step cancels units; -1: no step",
        low=-1,
        width=TIERS,
    )
    CANCEL_SHARE = column("1", "VERIFY: share of the units unneeded that this step cancels", low=0, high=1, width=TIERS)
    ADD_RATIO = column(
        "1", "VERIFY: emissions over EXPECTED from which a step adds units; NEVER: no step", low=0, width=TIERS
    )
    ADD_SHARE = column("1", "VERIFY: share of the excess over EXPECTED that this step adds", low=0, high=1, width=TIERS)
    OFFSET_BASE = column(
        "code",
        "VERIFY: base of the limit on credits: LIMIT_NONE, LIMIT_DUTY, LIMIT_ALLOCATION, LIMIT_REDUCTION, LIMIT_CLOSED",
        low=0,
        high=4,
        whole=True,
    )
    OFFSET_SHARE = column("1", "VERIFY: share of OFFSET_BASE that credits may cover", low=0)
    REQUIRED_REDUCTION = column("t", "VERIFY: base-year emissions x reduction factor x years (Tokyo)", low=0)

    # interim credits
    BASE_EMISSIONS = column("t", "ISSUE_CREDITS: base-year emissions, a year", low=0)
    FACTOR = column("1", "ISSUE_CREDITS: reduction factor", low=0, high=1)
    CEILING = column(
        "1", "ISSUE_CREDITS: share of base-year emissions that can become credits; -1: no ceiling", low=-1, high=1
    )

    # the penalty price: at most the cap of a multiple of a mean price, and a fixed part
    MEAN_MONTHS = column(
        "months", "FIX_STRIKE, AUCTION: length of the mean front price they look at", low=0, high=HISTORY, whole=True
    )
    VOLUME_WEIGHTED = flag("FIX_STRIKE: the mean is weighted by market volume")
    MULTIPLE = column("1", "FIX_STRIKE: multiple of the mean front price in the penalty price", low=0)
    STRIKE_CAP = column("money/t", "FIX_STRIKE: most that this multiple comes to; NEVER: no cap", low=0)
    STRIKE_PRICE = column("money/t", "FIX_STRIKE: fixed part of the penalty price", low=0)

    # borrowing at the deadline
    BORROW_RULE = column(
        "code",
        "DEADLINE: limit on borrowing: BORROW_NONE, BORROW_SHARE, BORROW_DECAYING or BORROW_GAP_TEST",
        low=0,
        high=3,
        whole=True,
    )
    BORROW_SHARE = column("1", "DEADLINE: share of the duty that may be borrowed under BORROW_SHARE", low=0, high=1)
    BORROW_DECAY = column("1", "DEADLINE: what the next deadline's limit loses per share borrowed", low=0)
    NEXT_BOOKED = flag("DEADLINE: the vintage after is booked by then, so that a loan comes out of it at once")

    # carrying over at the deadline
    BANK_RULE = column(
        "code",
        "DEADLINE: limit on carrying over: UNLIMITED, DEDUCTED_ABOVE_BASE, NET_SALES, TRADED_UNITS, NEXT_PERIOD_ONLY"
        " or NONE",
        low=0,
        high=5,
        whole=True,
    )
    BANK_BASE = column("t", "DEADLINE: NET_SALES: carried whatever was sold; DEDUCTED_ABOVE_BASE: carried free", low=0)
    BANK_MULTIPLE = column("1", "DEADLINE: NET_SALES: carried per tonne of net sales", low=0)
    BANK_LONG_SALES = flag("DEADLINE: net sales since a phase or a date began; 0: since the deadline before")
    BANK_SALES_YEARS = column("years", "DEADLINE: what net sales since a phase or a date are divided by", low=0)
    SMALL_HOLDER = column("t", "DEADLINE: NET_SALES: holding below which all is carried; 0: no such level", low=0)
    CARRY_FLOOR = column("t", "DEADLINE: NET_SALES: least that may be carried, whatever was sold", low=0)
    DEFICIT_EXEMPT = flag("DEADLINE: NET_SALES: a firm whose allocation fell short carries all")
    LOST_IF_MISSED = flag("DEADLINE: a firm that missed a deadline with FORFEITS carries nothing")
    OFFSETS_BANKABLE = flag("DEADLINE: offset credits can be kept; 0: they lapse")

    # what missing the deadline costs
    LUMP_SUM = column("money", "DEADLINE: fine for missing any tonne, on top of the penalty price of each", low=0)
    MAX_TOTAL = column("money", "DEADLINE: most that penalty price and LUMP_SUM come to; NEVER: no limit", low=0)
    DEDUCTED = column("1", "DEADLINE: tonnes taken from the next allocation per missing tonne", low=0)
    SIDE_MULTIPLE = column("1", "DEADLINE: side penalties per missing tonne, times the front price", low=0)
    FORFEITS = flag("DEADLINE: missing it costs the right to carry over where LOST_IF_MISSED says so")
    SUBSIDY_REPAID = flag("DEADLINE: missing it costs the state aid drawn for investment")
    RESTART_LONG_SALES = flag("DEADLINE: a phase ends with it: net sales since a phase began are counted anew")

    # auctions
    DISCOUNT = column("1", "AUCTION: how far the auction clears below the front price, share of it", low=0, high=1)
    FEE = column("1", "AUCTION: fee on top, share of the price", low=0, high=1)
    RESERVE_PRICE = column("money/t", "AUCTION: least price, whatever the market does", low=0)
    RESERVE_MULTIPLE = column("1", "AUCTION: least price as a multiple of the mean front price; 0: none", low=0)
    RESERVE_CAP = column("money/t", "AUCTION: most that the least price comes to; NEVER: no cap", low=0)
    SHORT_SHARE = column("1", "AUCTION: share of its shortfall that a firm may bid for; 0: any amount", low=0, high=1)
    OWN_USE = flag("AUCTION: units are set off against the verified duty at once")
    AUCTIONED_BANKABLE = flag("AUCTION: units bought there can be carried over")

    # a committee's intervention
    ACTS = column("1", "TRIGGERS: chance that the committee acts in a month in which a trigger is met", low=0, high=1)
    PRICE_MOVE = column(
        "1", "TRIGGERS: share that the price moves towards the band where the committee acts", low=0, high=1
    )
    SALE_SHARE = column(
        "1", "TRIGGERS: share of the firm's shortage on sale the month after it acted on high prices", low=0, high=1
    )
