"""The page of actions: what each does, when it is masked, and the menu of the discrete twins."""

from __future__ import annotations

from typing import NamedTuple

from nea_env.core.layout import ACTIONS
from nea_env.envs.menu import MENU, Choice
from nea_env.envs.reference.tables import FROM_TABLES, field_table, rows, sentence, table
from nea_env.library.pages import MARKDOWN


class Effect(NamedTuple):
    """What an action does at -1, 0 and 1, and when it can do nothing."""

    low: str
    zero: str
    high: str
    masked: str


EFFECTS = {
    "trade": Effect(
        "sells the month's volume limit, or what is held and may be sold if that is less",
        "no trade",
        "buys the volume limit and whatever can be won at auction, up to the holding limit if there is one",
        "the market is closed and there is no auction to bid in",
    ),
    "abate": Effect(
        "none",
        "none",
        "cuts the month's emissions by the largest possible share (`firm.abatement.max_share`)",
        "production has ended, or the firm has no operational abatement; left open if every other action is masked",
    ),
    "invest": Effect(
        "none",
        "none",
        "starts the share `firm.invest_rate` of the potential that is left, cheapest technology first",
        "production has ended, or the firm has no technology to invest in",
    ),
    "offset": Effect(
        "none",
        "none",
        "buys all the credits that can still count against the duty built up so far",
        "no credits can be bought: there are none, the market is closed, or the limit is used up",
    ),
    "borrow": Effect(
        "none",
        "all that is permitted, up to what is missing",
        "the same as 0",
        "no surrender deadline falls in this month, or the law permits no borrowing",
    ),
    "bank": Effect(
        "nothing: what is left lapses",
        "all that is permitted; the rest lapses",
        "the same as 0",
        "no surrender deadline falls in this month, or the law permits no carry-over",
    ),
    "foreign": Effect(
        "sells what is held, up to the month's volume limit, to partners with two-way links, the best-paying first",
        "no trade",
        "buys up to the month's volume limit, from the cheapest partner first and within the link's quota",
        "the market is closed, or no open link has units to buy or takes back those that are held",
    ),
    "output": Effect(
        "produces less by the share `firm.output_choice.flexibility`",
        "produces what demand calls for",
        "produces more by that share",
        "production has ended, or the firm has no choice of output",
    ),
}

ABOUT_ACTIONS = f"""
An action is a `float32` array of shape `({len(ACTIONS)},)` with numbers from -1 to 1, and every environment has the
same ones, whatever the law. `Discrete` ids take [a number from a menu](#discrete-ids) instead. One action is
played per month.

```python
import gymnasium as gym
import numpy as np

import nea_env
from nea_env.core.layout import ACTIONS

index = {{field.name: number for number, field in enumerate(ACTIONS)}}

env = gym.make("nea/KETS-v0")
obs, info = env.reset(seed=0)
action = np.zeros(env.action_space.shape, np.float32)
action[index["abate"]] = 0.5  # half of what is possible this month
obs, reward, terminated, truncated, info = env.step(action)
print(env.unwrapped.flows()["abated"])
```

An action names a share of what is possible this month, so none is ever infeasible: whatever it asks for is cut back to
what the law and the firm's books permit. Values are cast to `float32` and clipped to [-1, 1]. NaN, infinity and a
wrong shape raise `ValueError` and change nothing.
"""

BETWEEN = """
Between these values the effect is proportional: `borrow` = -0.25 borrows three quarters of what is permitted. An
action of zeros makes the firm surrender, borrow and carry over all it may, and do nothing else.
"""

MASKS = """
## Masks

Not every action can matter in every month. A mask, one `bool` for each action, says which can; a masked action may
have any value and changes nothing. At least one entry is always `True`.

```python
print(info["action_mask"])  # from reset and from every step
print(env.unwrapped.action_masks())  # the same, where sb3-contrib looks for it

env = gym.make("nea/KETS-v0", observe_mask=True)
obs, info = env.reset(seed=0)
print(obs["observation"], obs["action_mask"])  # for a policy that reads the mask
```
"""

DISCRETE_IDS = f"""
## Discrete ids

`nea/KETSDiscrete-v0` and the other `Discrete` ids take a whole number from 0 to {len(MENU) - 1}: a choice from
`env.unwrapped.menu`, each of which represents one of the actions above. A choice is masked when an action that it
needs is masked; number 0, `{MENU[0]}`, never is. `gym.make("nea/KETS-v0", action_form="discrete")` makes the
same environment.

```python
env = gym.make("nea/KETSDiscrete-v0")
obs, info = env.reset(seed=0)
print(env.unwrapped.menu[5], info["action_mask"].shape)
```

A name lists what is done. First comes the trade: `hold`, `even` (the trade that closes the shortfall evenly over the
months left, as `even_trade` in the [observation](observations{MARKDOWN})), `sell` or `buy` (as much as possible).
Then comes abatement: `none`, or `at price` (up to a marginal cost equal to the price of the tonne due, as
`abate_at_price` in the observation). Borrowing and carry-over are as permitted unless the name says otherwise.
"""


def action_of(choice: Choice, mark: str = "`") -> str:
    """The entries of a choice's action that are not 0; ``mark`` encloses their names."""
    suggested = {"trade": f"{choice.trade}_trade"} if choice.trade else {}
    suggested |= {"abate": "abate_at_price"} if choice.at_price else {}
    values = zip(ACTIONS, choice.action, strict=True)
    given = {field.name: f"{value:g}" for field, value in values if value} | suggested
    named = [f"{mark}{field.name}{mark} = {given[field.name]}" for field in ACTIONS if field.name in given]
    return ", ".join(named) or "all zeros"


def summary() -> list[str]:
    """A short table of the actions: number, name, meaning."""
    lines = ((row.numbers, f"`{row.name}`", sentence(row)) for row in rows(ACTIONS))
    return table(("Num", "Action", "Meaning"), lines)


def page() -> list[str]:
    """The lines of the page."""
    effects = ((f"`{field.name}`", *EFFECTS[field.name]) for field in ACTIONS)
    menu = ((f"{number}", choice.name, action_of(choice)) for number, choice in enumerate(MENU.choices))
    return [
        *("# Actions", "", FROM_TABLES, *ABOUT_ACTIONS.splitlines(), ""),
        *(*field_table(rows(ACTIONS)), "", "## What each does", ""),
        *(*table(("Action", "at -1", "at 0", "at 1", "masked when"), effects), *BETWEEN.splitlines()),
        *(*MASKS.splitlines(), *DISCRETE_IDS.splitlines(), ""),
        *table(("Num", "Name", "Action"), menu),
    ]
