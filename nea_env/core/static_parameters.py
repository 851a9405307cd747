"""What is constant over an episode: the columns of the table with one row a scenario."""

from __future__ import annotations

from nea_env.core.columns import Columns, column, flag
from nea_env.core.layout import HISTORY, PARTNERS, TECHS


class Static(Columns):
    """What is constant over an episode: one row a scenario, or a statute that its episodes draw.

    r is the discount rate a year. A meaning that begins with a code holds under that code alone. Columns of
    technologies and partners that a scenario does not have hold 0. Codes, and NEVER, are those of `parameters`; months
    count from the scenario's start.
    """

    # money and the default price
    DISCOUNT = column("1", "worth today of money due a month later, exp(-r / 12)", low=0, high=1)
    LOG_DRIFT = column("1", "growth of the log of the expected price a month, r / 12", low=0)
    PRICE_SD = column("1", "GBM: sd of a month's change of the log price", low=0)

    # offset credits
    HAS_OFFSET = flag("the market sells offset credits")
    OFFSET_MULTIPLIER = column("t/credit", "home-usable tonnes of one offset credit; 1 without credits", low=0)
    OFFSET_LEVEL = column("1", "level that the log of the offset over the long price is pulled to; 0 without credits")
    OFFSET_PULL = column("1", "part of its distance from that level that goes in a month", low=0, high=1)
    OFFSET_SD = column("1", "sd of a month's news of the log of the offset over the long price", low=0)

    # output and emissions at baseline; reciprocals, since a product costs less than a quotient
    PERSISTENCE = column("1", "part of log-output's deviation from baseline that lasts a month", low=0, high=1)
    DEMAND_SD = column("1", "sd of a month's news of log-output", low=0)
    ANNUAL_EMISSIONS = column("t", "baseline emissions a year", low=0)
    ANNUAL_OUTPUT = column("unit", "baseline output a year", low=0)
    PER_ANNUAL = column("1/t", "1 / ANNUAL_EMISSIONS", low=0)
    PER_MONTH_OUTPUT = column("1/unit", "12 / ANNUAL_OUTPUT", low=0)
    PER_HORIZON = column("1/months", "1 / HORIZON", low=0, high=1)

    # operational abatement: a marginal cost of scale x (exp(steepness x share) - 1)
    ABATE_SCALE = column("money/t", "scale of the marginal cost", low=0)
    ABATE_STEEPNESS = column("1", "steepness of the marginal cost in the share abated", low=0)
    ABATE_MAX = column("1", "largest share of emissions that can be abated", low=0, high=1)
    ABATE_PER_SCALE = column("t/money", "1 / ABATE_SCALE", low=0)
    ABATE_PER_STEEPNESS = column("1", "1 / ABATE_STEEPNESS", low=0)
    ABATE_PER_SHARE = column("1", "1 / (ABATE_STEEPNESS x ABATE_MAX); 0 where nothing can be abated", low=0)

    # investment and trading
    INVEST_RATE = column("1", "share of the potential left that can be started in a month", low=0, high=1)
    SPREAD = column("1", "gap between bid and ask, share of the price", low=0, high=1)
    IMPACT = column("1", "share that the price moves against a trade of the month's volume limit", low=0, high=1)

    # scales
    REWARD_SCALE = column("money", "a month's baseline emissions at the reference price: reward = -cost / scale", low=0)
    PER_REWARD_SCALE = column("1/money", "1 / REWARD_SCALE", low=0)
    LOG_REFERENCE = column("1", "log of the reference price")
    ROUNDING = column("t", "largest shortfall that a deadline forgives: what float32 actions can't tell", low=0)
    HORIZON = column("months", "length of an episode", low=1, whole=True)

    # single rules
    CARRIES_ONCE = flag("some deadline lets units be carried over once only: the age of units is kept")
    BOOK_GROWTH = column("1", "growth of money a month in book values: exp(r / 12), above 1 even where r is 0", low=1)
    QUOTE_SD = column("1", "sd of the log of the quoted over the true price; 0: prices are disclosed", low=0)
    TRADABLE = flag("units change hands; 0: they never do")
    REFERENCE_MONTHS = column(
        "months", "length of the mean price that triggers look at; 0: no triggers", low=0, high=HISTORY, whole=True
    )
    FLEXIBILITY = column("1", "largest relative change of output either way; 0: output is no choice", low=0, high=1)
    MARGIN_SLOPE = column(
        "money/unit", "a relative change y of output loses 0.5 x this x y**2 per unit of output", low=0
    )
    SUBSIDY = column("1", "state aid per money of capital that the firm pays itself", low=0)

    # the statutes that episodes draw from
    FIRST_STATUTE = column(
        "row",
        "the first row that holds a statute which the scenario's episodes draw; filled in by the batch",
        low=0,
        whole=True,
    )
    STATUTES = column(
        "1", "statutes that the episodes draw from, in consecutive rows; 1: nothing is drawn", low=1, whole=True
    )
    STATUTES_UP_TO = column(
        "1", "share of the episodes that draw this statute or one before it; 0: each is drawn as often", low=0, high=1
    )

    # technologies, by their place in the firm's list
    POTENTIAL = column("t/month", "largest capacity at baseline output; 0: no such technology", low=0, width=TECHS)
    CAPEX = column("money/(t/month)", "capital cost of capacity, net of state aid", low=0, width=TECHS)
    OPEX = column("money/t", "running cost per tonne avoided; negative: it saves money", width=TECHS)
    LEAD = column("months", "time from the start of construction to operation", low=0, whole=True, width=TECHS)
    LIFE_DISCOUNT = column("1", "BOOK_GROWTH ** -(life of the technology in months)", low=0, high=1, width=TECHS)
    PER_POTENTIAL = column("months/t", "1 / POTENTIAL; 0: no such technology", low=0, width=TECHS)

    # the process of the long price: see rules/price_processes.py
    PROCESS = column(
        "code",
        "price process: GBM, LATTICE, JUMPS, TWO_REGIMES, BOOTSTRAP, COLLARED, EQUILIBRIUM, LOG_OU or REPLAY",
        low=0,
        high=8,
        whole=True,
    )
    PROCESS_DRIFT = column("1", "drift of the log price a month for which the mean price grows at r; LOG_OU: 0")
    PROCESS_SD = column("1", "sd of a month's change of the log price; LOG_OU: of its news", low=0)
    JUMP_CHANCE = column("1", "JUMPS: mean number of jumps a month", low=0)
    JUMP_SD = column("1", "JUMPS: sd of one jump of the log price", low=0)
    DIFFUSION_SD = column("1", "JUMPS: sd of a month's change of the log price without jumps", low=0)
    CALM_SD = column("1", "TWO_REGIMES: sd of the log price's change in a calm month", low=0)
    WILD_SD = column("1", "TWO_REGIMES: sd of the log price's change in a wild month", low=0)
    BEGINS = column("1", "TWO_REGIMES: chance that a wild month follows a calm one", low=0, high=1)
    ENDS = column("1", "TWO_REGIMES: chance that a calm month follows a wild one", low=0, high=1)
    WILD_SHARE = column("1", "TWO_REGIMES: share of wild months in the long run", low=0, high=1)
    ENTRIES = column("1", "BOOTSTRAP: changes that one is drawn from; REPLAY: months of a series", low=0, whole=True)
    STATES = column("1", "LATTICE: number of prices", low=0, whole=True)
    LOG_STEP = column("1", "LATTICE: log of the ratio of neighbouring discounted prices", low=0)
    UP_CHANCE = column("1", "LATTICE: chance of a step up, against one down", low=0, high=1)
    LOG_LEVEL = column("1", "LOG_OU: log of the level that the price is pulled to")
    PULL = column("1", "LOG_OU: part of the log price's distance from LOG_LEVEL that goes in a month", low=0, high=1)
    STALE = column("1", "chance of a month that trades at the price of the month before", low=0, high=1)
    MENU_FIRST = column("1", "place in the grids of the menu; filled in by the batch", low=0, whole=True)
    MENU_SIZE = column("1", "joint actions on the menu; 0: actions are free", low=0, whole=True)
    MENU_USES = column("1", "a bit for each action that a menu's entry sets; all without a menu", low=0, whole=True)
    LOT = column("t", "trades of front units are whole multiples of it; 0: any amount", low=0)
    PER_LOT = column("1/t", "1 / LOT; 0: any amount", low=0)
    PERMANENT = column("1/t", "how far the log price stays moved by a tonne traded; 0: not at all", low=0)

    # the process's table among a batch's grids: the changes of BOOTSTRAP, the chain of EQUILIBRIUM
    GRID_FIRST = column("1", "place in the grids where the table begins; filled in by the batch", low=0, whole=True)
    GRID_BANKS = column("1", "EQUILIBRIUM: nodes of the aggregate bank", low=0, whole=True)
    GRID_SHOCKS = column("1", "EQUILIBRIUM: states of the aggregate shock", low=0, whole=True)
    GRID_NODE = column("1", "EQUILIBRIUM: place of the first month's bank, which may lie between two nodes", low=0)
    GRID_SHOCK = column("1", "EQUILIBRIUM: state of the shock in the first month", low=0, whole=True)
    GRID_LOW = column("years", "EQUILIBRIUM: bank of the lowest node, in years of the market's baseline emissions")
    GRID_STEP = column(
        "years", "EQUILIBRIUM: bank between two nodes, in years of the market's baseline emissions", low=0
    )
    GRID_PARTNER_BANKS = column(
        "1", "EQUILIBRIUM: nodes of the partner's bank; 1: one system is solved alone", low=0, whole=True
    )
    GRID_PARTNER_NODE = column(
        "1", "EQUILIBRIUM: place of the partner's bank in the first month; 0: solved alone", low=0
    )
    GRID_ALONE = column(
        "1",
        "EQUILIBRIUM: place in the table of the records of both markets after their link is cut by chance; 0: none",
        low=0,
        whole=True,
    )
    LEAST_PRICE = column("money/t", "EQUILIBRIUM: least price shown, so that its log stays finite", low=0)
    PARTNER_LEAST = column("money/t", "EQUILIBRIUM: least price of the first partner shown, in its money", low=0)

    # linked systems
    LINKS = column("1", "number of partners", low=0, high=PARTNERS, whole=True)
    LINK_ROTATION = column("1", "correlation of the second partner's price news with the first's", low=-1, high=1)
    FX_ROTATION = column("1", "correlation of the second exchange rate's news with the first's", low=-1, high=1)

    # terms of each link
    LINK_KIND = column(
        "code",
        "how the foreign price moves while the link is open: LINK_NOT_TRADABLE, LINK_TIED, LINK_BANDED, LINK_FREE,"
        " LINK_COLLARED, LINK_SOLVED or LINK_POOLED",
        low=0,
        high=6,
        whole=True,
        width=PARTNERS,
    )
    LINK_FEE = column("1", "paid on a purchase, share of the home long price", low=0, high=1, width=PARTNERS)
    LINK_SPREAD = column("1", "gap between bid and ask, share of the foreign price", low=0, high=1, width=PARTNERS)
    LINK_QUOTA = column("1", "share of the duty that foreign units may cover; NEVER: no limit", low=0, width=PARTNERS)
    LINK_TWO_WAY = flag("foreign units can be sold back", width=PARTNERS)
    LINK_BANKABLE = flag("foreign units left at a deadline can be kept for the next", width=PARTNERS)

    # bounds of the ratio, foreign over home long price (LINK_BANDED), or of the partner's own price (LINK_COLLARED)
    LINK_LOW = column(
        "1 or money/t", "least ratio; LINK_COLLARED: floor of the partner's price at the start", low=0, width=PARTNERS
    )
    LINK_HIGH = column(
        "1 or money/t",
        "largest ratio; LINK_COLLARED: ceiling of the partner's price at the start",
        low=0,
        width=PARTNERS,
    )
    LINK_NEWS_SD = column("1", "sd of a month's news about the price's place between its bounds", low=0, width=PARTNERS)
    LINK_NEWS_FROM = column("month", "when news about the price's place begins to come", width=PARTNERS)
    LINK_MONTHS = column("months", "for how long news about the price's place comes", low=0, width=PARTNERS)
    LINK_GROWTH = column("1", "growth of expected prices a month, in the partner's money", low=0, width=PARTNERS)

    # when a link opens and breaks
    LINK_STARTS = column("month", "when the link opens, or from when it can; 0 or less: the start", width=PARTNERS)
    LINK_START_CHANCE = column("1", "chance of opening, a month; 0: it opens then", low=0, high=1, width=PARTNERS)
    LINK_ENDS = column("month", "when the link breaks, or from when it can; NEVER: it stays", width=PARTNERS)
    LINK_END_CHANCE = column("1", "chance of breaking, a month; 0: it breaks then", low=0, high=1, width=PARTNERS)
    LINK_WEIGHT = column(
        "1",
        "LINK_TIED: weight of the partner in the common price, if it opens by chance",
        low=0,
        high=1,
        width=PARTNERS,
    )

    # before it opens and after it breaks the log of the ratio is an AR(1)
    LINK_LOG_RATIO = column("1", "log of the ratio at the start, and its mean while not linked", width=PARTNERS)
    LINK_PERSISTENCE = column(
        "1",
        "part of the log ratio's distance from its mean that lasts a month while not linked",
        low=0,
        high=1,
        width=PARTNERS,
    )
    LINK_INNOVATION_SD = column("1", "sd of a month's news of the log ratio while not linked", low=0, width=PARTNERS)

    # the partner's own price and money
    LINK_DRIFT = column("1", "LINK_FREE: drift a month of the log of the partner's price, in its money", width=PARTNERS)
    LINK_SD = column(
        "1", "LINK_FREE: sd of a month's change of the log of the partner's price, in its money", low=0, width=PARTNERS
    )
    LINK_CORRELATION = column(
        "1", "LINK_FREE: correlation of that price's news with the home price's", low=-1, high=1, width=PARTNERS
    )
    LINK_UNITS = column("1", "units of the partner that count as one home tonne", low=0, width=PARTNERS)
    FX_DRIFT = column("1", "drift a month of the log of the exchange rate", width=PARTNERS)
    FX_SD = column("1", "sd of a month's change of the log of the exchange rate", low=0, width=PARTNERS)
    START_LOG_FX = column("1", "log of the exchange rate at the start, home money per unit of theirs", width=PARTNERS)

    # how an episode starts
    START_LOG_PRICE = column("1", "log of the long price at the start")
    START_LOG_OFFSET_RATIO = column("1", "log of the offset over the long price at the start")
    START_FRONT = column("t", "units in front at the start: those booked by then", low=0)
    START_NEXT = column("t", "units of the vintage after front booked by the start", low=0)
    START_BORROW_LIMIT = column("1", "share of the duty that may be borrowed at the first deadline", low=0, high=1)
    START_ACCRUED = column(
        "years", "output and emissions of the running year up to the start, in years of baseline", low=0
    )
