"""The page of observations: how to read one, and every column of it by group."""

from __future__ import annotations

from collections.abc import Sequence

from nea_env.core.layout import OBSERVATION
from nea_env.envs.reference.tables import FROM_TABLES, Row, field_table, rows, span, table
from nea_env.library.pages import MARKDOWN, cell

COLUMN_GROUPS = {
    "progress": "Calendar",
    "log_price": "Prices",
    "front": "Units held, emissions and duty",
    "gap": "Shortfall, trade and abatement",
    "net_sales": "Banking, borrowing, offsets and credits",
    "allocation_known": "Allocation and output",
    "capacity_0": "Abatement capacity",
    "auction_room": "Auctions and price triggers",
    "law_known": "What is known about the law",
    "wild": "Price process and links",
    "target_trade": "Another suggestion, and capacity that is built",
}
"""First column of each group -> its title. A column added at the end joins the last group."""

UNITS = (
    ("1", "a plain number"),
    ("flag", "1 for yes, 0 for no; `intervened` is also -1"),
    ("share of …", "a fraction, 0 to 1 unless the range says otherwise"),
    ("24 months, years", "months divided by 24, or by 12"),
    ("squashed", "y / (1 + |y|) of a plain number y"),
    ("squashed years", "the same of y = tonnes / baseline emissions of a year; the whole market's in `aggregate_bank`"),
    ("squashed tenths of a year", "the same of y = 10 × tonnes / baseline emissions of a year"),
)

ABOUT_OBSERVATIONS = f"""
An observation is a `float32` array of shape `({len(OBSERVATION)},)`. Every environment has the same columns, whatever
the law: a column that a law does not use is 0. An agent trained under one system can therefore act under another,
and one batch can mix systems. Columns are only ever added at the end.

All numbers are finite, of order one, and inside the bounds of `env.observation_space`. The firm's quantities are
relative to its baseline emissions, so that a small firm and a large one see the same numbers; prices are logs and
ratios, relative to the scenario's reference price (`market.price`) or to each other. Prices and holdings are those at
which the next action is played. No number of the law is shown before it is announced.

```python
import gymnasium as gym

import nea_env
from nea_env.core.layout import OBSERVATION

index = {{field.name: number for number, field in enumerate(OBSERVATION)}}

env = gym.make("nea/KETS-v0")
obs, info = env.reset(seed=0)
print(obs[index["to_deadline"]], obs[index["front"]])
print(env.observation_space.low[index["gap"]], env.observation_space.high[index["gap"]])
```

With `observe_mask=True` the observation is a `Dict` of this array, `observation`, and of the [action
mask](actions{MARKDOWN}), `action_mask`.

## Squashing

Quantities without an upper bound are squashed: z = y / (1 + |y|) lies between -1 and 1, keeps the sign of y, and is
close to y while y is small. The inverse is y = z / (1 - |z|). It brings back tonnes, to the precision of `float32`:

```python
def unsquash(z):
    return z / (1 - abs(z))


annual = env.unwrapped.scenario.firm.annual_emissions  # baseline emissions, t a year
print(unsquash(obs[index["front"]]) * annual, env.unwrapped.accounts()["front"])
print(unsquash(obs[index["gap"]]) * annual / 10)  # tonnes short at the next deadline
```

The exact tonnes are in `env.unwrapped.accounts()`, prices in money per tonne in `env.unwrapped.market()`, and the
tonnes and money of the month just played in [`env.unwrapped.flows()`](flows{MARKDOWN}).
"""

OBSERVATION_TERMS = f"""
The *front* is the vintage that is due next: units that can be surrendered at the next deadline. The *long price* is
that of a unit that can always be kept, and the front price departs from it where carry-over is limited
([markets](../markets{MARKDOWN})). In a name that ends in `_k`, k counts from 0: technologies of the firm in
`capacity_k`, `building_k` and `invest_value_k`, linked systems in `link_k` and `foreign_premium_k`. `_low` and
`_high` are the bounds of what is known about a number of the law; they coincide once the number is published.
"""


def groups(members: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of the table by group: title, rows."""
    divided: list[tuple[str, list[Row]]] = []
    for row in members:
        if row.field.name in COLUMN_GROUPS:
            divided.append((COLUMN_GROUPS[row.field.name], []))
        divided[-1][1].append(row)
    return divided


def summary() -> list[str]:
    """A short table of the groups: numbers of their columns, title."""
    divided = groups(rows(OBSERVATION))
    lines = ((span(members[0].columns.start, members[-1].columns.stop - 1), title) for title, members in divided)
    return table(("Num", "Observation"), lines)


def page() -> list[str]:
    """The lines of the page."""
    lines = ["# Observations", "", FROM_TABLES, *ABOUT_OBSERVATIONS.splitlines()]
    lines += ["", "## Units", "", *table(("Unit", "Meaning"), ((name, cell(text)) for name, text in UNITS))]
    lines += ["", "## Columns", *OBSERVATION_TERMS.splitlines()]
    for title, members in groups(rows(OBSERVATION)):
        lines += ["", f"### {title}", "", *field_table(members)]
    return lines
