"""The page of state: what the simulator keeps of a firm from month to month."""

from __future__ import annotations

from nea_env.core.layout import STATE, WORLD
from nea_env.envs.reference.tables import FROM_TABLES, field_table, rows
from nea_env.library.pages import MARKDOWN

ABOUT_STATE = f"""
The state is what the simulator keeps of a firm from one month to the next, as `float64`: its books, what the law
remembers of it, and the prices. Agents see the [observation](observations{MARKDOWN}), which is made from it; the
state is for inspecting an episode, for tests and for checkpoints.

```python
import gymnasium as gym

import nea_env

env = gym.make("nea/KETS-v0")
obs, info = env.reset(seed=0)
print(env.unwrapped.accounts())  # holdings and duty in tonnes, capacity in t per month
print(env.unwrapped.market())  # prices, limits, the month
print(env.unwrapped.batch.memory("net_sales"))  # one column, an array of shape (1,)

saved = env.unwrapped.get_state()  # copies of everything the next steps depend on
env.step(env.action_space.sample())
env.unwrapped.set_state(saved)  # back to the month it was taken in
```

`accounts()` names the columns that balance against the [flows](flows{MARKDOWN}): `front`, `next`, `offsets`,
`foreign`, `accrued`, `owed`, `debt`, and the sums `closed` and `capacity`. `market()` gives the long, front and
offset price, the quote, the penalty price, the auction's price and room, the volume limit and the month; links add
the partners' prices and exchange rates. `batch.memory(name)` reads any column of both tables below. On a vector
environment each of them is an array of shape `(num_envs,)`.

The range of a column holds in every month of every scenario. `set_state` refuses a state outside it, or one from
another scenario, before anything changes.
"""

STATE_TERMS = """
In a name that ends in `_k`, k counts from 0: ended periods in `closed_k`, `closed_output_k` and `preallocated_k`,
technologies of the firm in `capacity_k`, `building_k` and `aged_k`. Output is in the firm's unit
(`firm.output_unit`).
"""

WORLD_TERMS = f"""
## Price processes and links

More columns, kept only for scenarios that need them: with a price process other than `gbm`, with links to other
systems, or with permanent price impact ([markets](../markets{MARKDOWN})). A trader sees as much of them as
`market()` shows. In a name that ends in `_k`, k is the number of the linked system, 0 or 1.
"""


def page() -> list[str]:
    """The lines of the page."""
    lines = ["# State", "", FROM_TABLES, *ABOUT_STATE.splitlines(), ""]
    lines += ["## Every scenario", *STATE_TERMS.splitlines(), "", *field_table(rows(STATE))]
    return [*lines, *WORLD_TERMS.splitlines(), "", *field_table(rows(WORLD))]
