"""The page of flows: what a month's bookkeeping holds, and the identities that it keeps."""

from __future__ import annotations

from textwrap import fill
from typing import NamedTuple

from nea_env.core.layout import FLOWS
from nea_env.envs.reference.tables import FROM_TABLES, field_table, rows


class Identity(NamedTuple):
    """What a month adds to a sum of accounts: the flows in, less the flows out."""

    stock: tuple[str, ...]
    into: tuple[str, ...]
    out: tuple[str, ...]


LEDGER = Identity(
    ("front", "next", "offsets", "foreign"),
    ("issued", "bought", "offsets_bought", "foreign_bought"),
    ("sold", "foreign_sold", "surrendered", "lapsed", "deducted"),
)
DUTY = Identity(
    ("accrued", "closed", "owed"),
    ("emitted", "clawback_unmet", "credits_issued"),
    ("surrendered", "borrowed", "forgiven", "penalised"),
)
COSTS = tuple(field.name for field in FLOWS if field.unit == "money" and field.name != "cost")

ABOUT_FLOWS = """
Flows are what happened in the month just played: tonnes, output and money, as `float64`. `env.unwrapped.flows()`
returns them by name. They are 0 after a reset.

```python
import gymnasium as gym

import nea_env

env = gym.make("nea/KETS-v0")
env.reset(seed=0)
obs, reward, terminated, truncated, info = env.step(env.action_space.sample())
flows, accounts = env.unwrapped.flows(), env.unwrapped.accounts()
print(flows["emitted"], flows["cost"], accounts["front"])
```

On a vector environment every flow is an array of shape `(num_envs,)`. When an episode ends, its last month is also in
`info["flows"]`, or, where `autoreset_mode` is `SameStep`, in `info["final_info"]["flows"]`. Under `NextStep` the call
after an end plays no month: its flows are 0.

Tonnes are tonnes of CO2 equivalent, and credits and foreign units are counted in the tonnes that they cover at home.
Money is in the currency of the scenario (`env.unwrapped.scenario.market.currency`), not discounted; costs are
positive and revenues negative. Output is in the firm's unit (`firm.output_unit`).
"""


def _total(name: str, parts: tuple[str, ...]) -> str:
    return fill(f"{name} = {' + '.join(parts)}", 100, subsequent_indent=" " * len(f"{name} ="))


IDENTITIES = f"""
## Identities

They hold in every month of every scenario, whatever the actions, to one part in a billion of the largest number in
them. `accounts()` gives the stocks on the left-hand sides; a change is the stock after the month less the stock
before it.

**Units and credits.** What the firm holds changes by what it receives less what it gives up:

{{ledger}}

**Duty.** What the firm has emitted and not yet settled changes by what it emits less what it settles. `emitted` joins
`accrued`; the end of a year or period moves it to `closed`, verification to `owed`, and the deadline settles it:

{{duty}}

**Money.** The cost of a month is the sum of its items, and the reward is its negative over a constant, the baseline
emissions of a month times the reference price:

```text
{_total("cost", COSTS)}
reward = -cost / (annual_emissions / 12 × market.price)
```

**Emissions.** Output at the firm's intensity is emitted, abated by operation, or saved by capacity in place. Where the
regime counts power bought, `electricity` times the change of the grid factor since the first compliance period played
adds to the intensity:

```text
output × emission_intensity = emitted + abated + saved
```

`auctioned` is part of `bought`. `closing_cost` is 0 until the last month, which values what is left.
"""


def _formula(identity: Identity) -> str:
    change = f"change of ({' + '.join(identity.stock)})"
    gains, losses = " + ".join(identity.into), "".join(f" - {name}" for name in identity.out)
    return f"```text\n{change}\n    = {gains}\n     {losses}\n```"


def page() -> list[str]:
    """The lines of the page."""
    identities = IDENTITIES.format(ledger=_formula(LEDGER), duty=_formula(DUTY))
    lines = ["# Flows", "", FROM_TABLES, *ABOUT_FLOWS.splitlines(), "", *field_table(rows(FLOWS))]
    return [*lines, *identities.splitlines()]
