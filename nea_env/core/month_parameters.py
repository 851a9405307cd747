"""What depends on the calendar month alone: the columns of the table with one row a month of a scenario."""

from __future__ import annotations

from nea_env.core.columns import Columns, column, columns, flag
from nea_env.core.layout import SLOTS, TECHS, Known


class Month(Columns):
    """What depends on the calendar month alone: one row a month of a scenario, and one for after its last.

    "Due" is what falls due at the next deadline. A number of the law that is not published yet is what can be expected
    of it (``lowering/outlook.py``). NEVER is that of `parameters`.
    """

    # production at baseline
    OUTPUT = column("unit", "baseline output of the month; 0 in run-off", low=0)
    EMISSIONS = column("t", "baseline emissions of the month", low=0)
    INTENSITY = column("t/unit", "emissions per unit of output, before abatement and capacity", low=0)
    TAX = column("money/t", "carbon tax of another law, paid on every tonne emitted; 0: none", low=0)
    OUTPUT_CORRECTION = column("1", "half the variance of log-output, which keeps mean output at baseline", low=0)

    # the market
    OPEN = flag("the market is open")
    PRICE_MOVES = flag("news moves the price into this month; 0 up to the month of the market's opening")
    VOLUME_LIMIT = column("t", "most that can be traded on the market; 0 while it is closed", low=0)
    PER_VOLUME = column("1/t", "1 / VOLUME_LIMIT; 0 while the market is closed", low=0)
    TURNOVER = column("1", "weight of the month in a volume-weighted mean price", low=0)
    SELL_LIMIT = column("t", "front units that may be sold from one allocation to the next; NEVER: no limit", low=0)
    HOLD_MIN = column("t", "front units that sales must leave", low=0)
    HOLD_MAX = column("t", "front units that purchases may reach; NEVER: no limit", low=0)

    # the front's discount or premium; under COLLARED the long price between its bounds: see rules/prices.py
    GAP_SD = column("1", "sd of the month's news about the price's place between its bounds", low=0)
    GAP_OFFSET = column("1", "normal quantile of the price's place between its bounds at the start")
    GAP_INVERSE_SPREAD = column("1", "1 / sd of what is still unknown about the price's place; 0: no bounds", low=0)
    GAP_DOWN = column("1 or money/t", "largest discount, share of the long price; 0: none; COLLARED: floor", low=0)
    GAP_UP = column("1 or money/t", "largest premium, share of the long price; COLLARED: ceiling", low=0)
    GAP_CHANCE = column("1", "LATTICE: chance that an open discount or premium is decided this month", low=0, high=1)
    FRONT_RUNNING = flag("EQUILIBRIUM: the front is the running period's vintage; 0: that of the one before")
    CHAIN = column(
        "1",
        "EQUILIBRIUM: place in its table of the month's records, those of the law as it is known",
        low=0,
        whole=True,
    )
    CHAIN_SECOND = column(
        "1",
        "EQUILIBRIUM: nodes of the second bank, the partner's or that of the running period while another waits",
        low=0,
        whole=True,
    )
    CHAIN_SETTLES = column(
        "1",
        "EQUILIBRIUM: place of the settlement at the month's start of a period that waited; 0: none",
        low=0,
        whole=True,
    )
    WAITS = flag("EQUILIBRIUM: the front is a period that has ended and waits for news of its law")
    SECOND_LOW = column("years", "EQUILIBRIUM: lowest node of the running bank while a period waits")
    SECOND_STEP = column("years", "EQUILIBRIUM: from one of its nodes to the next", low=0)

    # the next deadline, and the rows of `Event` that hold this month
    TO_DEADLINE = column("months", "months to the next deadline; 0 in its month, -1 after the last", low=-1, whole=True)
    MONTHS_TO_TRADE = column(
        "months", "months left to trade once all that is due is emitted, this one included; else 0", low=0, whole=True
    )
    DEADLINE_EVENT = column(
        "row", "DEADLINE that says what is known of the next deadline; -1 after the last", low=-1, whole=True
    )
    NEXT_BOOKED = flag(
        "the vintage after is booked whole, so that it bounds a loan; 0: not yet, or not by the deadline"
    )
    AUCTION_EVENT = column("row", "AUCTION of this month; -1: none", low=-1, whole=True)
    TRIGGER_EVENT = column("row", "TRIGGERS in force; -1: none", low=-1, whole=True)

    # price triggers: a fixed part and one that follows the sum of the front prices of REFERENCE_MONTHS months
    HIGH_PRICE = column("money/t", "fixed part of the high trigger; NEVER: no trigger", low=0)
    HIGH_PER_SUM = column("1", "what the high trigger adds per sum of past prices", low=0)
    LOW_PRICE = column("money/t", "fixed part of the low trigger; 0: none", low=0)
    LOW_PER_SUM = column("1", "what the low trigger adds per sum of past prices", low=0)
    TRIGGER_MONTHS = column(
        "months", "months in a row beyond a trigger that let the committee act; NEVER: no triggers", low=0
    )

    # what is due, by where it waits, and the free units that come with it; 0 for what is not due
    DUE_ACCRUED = flag("the running year is due")
    DUE_CLOSED = flag("the period that waits in this slot is due", width=SLOTS)
    RATE = column("t/unit", "free units per unit of output of the period in this slot", low=0, width=SLOTS)
    FREE = column("1", "free units per tonne emitted in the period in this slot", low=0, width=SLOTS)
    DEFICIT_CAP = column(
        "1", "largest deficit of the period in this slot, share of its emissions; -1: no cap", low=-1, width=SLOTS
    )
    RATE_RUNNING = column("t/unit", "free units per unit of output of the running year, where it is due", low=0)
    FREE_RUNNING = column("1", "free units per tonne emitted in the running year, where it is due", low=0)
    MARGINAL = column("1", "net duty that one more tonne emitted this month adds; 1 in run-off")
    YEAR_LEFT = column("t", "baseline emissions from this month to the end of the running year", low=0)
    FUTURE_EMISSIONS = column("t", "baseline emissions from this month on that will be due", low=0)
    SAVED_AHEAD = column(
        "1", "what a tonne of capacity avoids of FUTURE_EMISSIONS, over its share of them", low=0, width=TECHS
    )
    FUTURE_ALLOCATION = column(
        "t", "free units on FUTURE_EMISSIONS, and bookings still to come before the deadline", low=0
    )
    CAP_DUE = column("t", "caps of the periods due, below which emissions are no duty (Tokyo); 0: none", low=0)
    DEBT_DUE = flag("debt will be paid from units that count at the next deadline")
    PRICE_DUE_FRONT = flag("a tonne emitted now falls due against the front; 0: against the vintage after")
    OFFSET_SHARE = column("1", "offset credits that will count, per tonne of duty not verified yet", low=0)
    OFFSET_FIXED = column(
        "t", "offset credits that will count whatever the duty not verified yet; NEVER: no limit", low=0
    )

    # what is shown as it is
    ALLOCATION_KNOWN = flag("the rule that sets the running period's allocation is published")
    ALLOCATION_RATE = column("1", "free allocation of the running period, share of baseline emissions", low=0)
    SEASON_SIN = column("1", "sine of the calendar month", low=-1, high=1)
    SEASON_COS = column("1", "cosine of the calendar month", low=-1, high=1)

    # investment, by technology
    SAVED = column("1", "tonnes avoided this month by a tonne of capacity at baseline output", low=0, width=TECHS)
    INCOME = column("money/t", "income on a tonne of capacity used this month; 0: none", low=0, width=TECHS)
    SAVED_LEFT = column("months", "tonnes avoided by a tonne a month of capacity, from now on", low=0, width=TECHS)
    EARNED_LEFT = column(
        "money/(t/month)", "discounted income and carbon tax saved by capacity, from now on", low=0, width=TECHS
    )
    PRODUCING_MONTHS = column("months", "months of production left, this one included", low=0, whole=True)
    SAVING_MONTHS = column(
        "t/money", "duty that capacity started now saves to the end of production, over its capex", width=TECHS
    )
    RUNNING_COST = column(
        "1", "discounted running cost of capacity started now, over its capex; negative: it saves", width=TECHS
    )
    RESIDUAL = column(
        "1", "discounted book value at the end of capacity started now, over its capex", low=0, width=TECHS
    )

    # what is known of the law, and the rows of `Event` to settle
    KNOWN = columns(Known)
    FIRST_EVENT = column("row", "first event of the month", low=0, whole=True)
    LAST_EVENT = column("row", "row after the month's last event; FIRST_EVENT: the month has none", low=0, whole=True)
