"""What an episode needs to know: regime, firm and market, validated and frozen, with units.

These classes are the vocabulary of the library's YAML. A regime is the law: one entry per compliance
period in each mechanism, keyed by the period's first year as a string ("2015"), so that a command-line
override can reach it. Months are written "YYYY-MM". Quantities are tCO2e, money is the regime's own
currency, shares are fractions of one.
"""

from nea_env.scenario.aggregate import Aggregate, OutputResponse
from nea_env.scenario.errors import ScenarioError, ScenarioWarning
from nea_env.scenario.firm import (
    LEAD_MONTHS_MAX,
    TECHNOLOGIES,
    Abatement,
    Firm,
    OutputChoice,
    OutputShock,
    Technology,
)
from nea_env.scenario.links import Exchange, Link
from nea_env.scenario.market import (
    Bootstrap,
    Collar,
    Frictions,
    Gap,
    Jumps,
    Lattice,
    Market,
    OffsetSeries,
    Reversion,
    Turbulence,
)
from nea_env.scenario.regime import BY_PERIOD, Regime
from nea_env.scenario.replay import Replay
from nea_env.scenario.rights import Rights
from nea_env.scenario.rules import (
    AllocationRule,
    AuctionRule,
    AuctionTerms,
    BankingRule,
    BorrowingRule,
    CalendarRule,
    Compliance,
    GridFactor,
    HoldingRule,
    LeakageTest,
    LoadCorrection,
    LoadStep,
    OffsetRule,
    PenaltyRule,
    Phase,
    Range,
    StabilisationRule,
    Tier,
)
from nea_env.scenario.scenario import LawDraws, Scenario
from nea_env.scenario.types import (
    Model,
    Month,
    NonNegative,
    Positive,
    Share,
    Year,
    add_months,
    months_between,
)

__all__ = [
    "BY_PERIOD",
    "LEAD_MONTHS_MAX",
    "TECHNOLOGIES",
    "Abatement",
    "Aggregate",
    "AllocationRule",
    "AuctionRule",
    "AuctionTerms",
    "BankingRule",
    "Bootstrap",
    "BorrowingRule",
    "CalendarRule",
    "Collar",
    "Compliance",
    "Exchange",
    "Firm",
    "Frictions",
    "Gap",
    "GridFactor",
    "HoldingRule",
    "Jumps",
    "Lattice",
    "LawDraws",
    "LeakageTest",
    "Link",
    "LoadCorrection",
    "LoadStep",
    "Market",
    "Model",
    "Month",
    "NonNegative",
    "OffsetRule",
    "OffsetSeries",
    "OutputChoice",
    "OutputResponse",
    "OutputShock",
    "PenaltyRule",
    "Phase",
    "Positive",
    "Range",
    "Regime",
    "Replay",
    "Reversion",
    "Rights",
    "Scenario",
    "ScenarioError",
    "ScenarioWarning",
    "Share",
    "StabilisationRule",
    "Technology",
    "Tier",
    "Turbulence",
    "Year",
    "add_months",
    "months_between",
]
