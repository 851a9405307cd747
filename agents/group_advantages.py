"""What an action was worth in whole episodes: against the critic, against firms at the same prices, month by month."""

from __future__ import annotations

import torch


def estimates(rewards: torch.Tensor, values: torch.Tensor, discount: float, gae_lambda: float) -> torch.Tensor:
    """Generalised advantage estimates (Schulman et al., ICLR 2016) of episodes that end with the last month.

    Args:
        rewards: (H, n) of H months and n firms.
        values: (H, n) that a critic expects from each month on.
        discount: monthly factor.
        gae_lambda: weight of a month against the one before.

    Returns:
        (H, n).
    """
    found, carried, after = torch.empty_like(rewards), torch.zeros_like(rewards[0]), torch.zeros_like(rewards[0])
    for month in range(len(rewards) - 1, -1, -1):
        carried = rewards[month] + discount * after - values[month] + discount * gae_lambda * carried
        found[month], after = carried, values[month]
    return found


def compared(advantages: torch.Tensor, group_size: int) -> torch.Tensor:
    """Advantages (H, n) less the mean of the others in the group: what all of it gained or lost was the prices'.

    The expected gradient is what it was, since the others' actions do not depend on a firm's own.
    """
    if group_size == 1:
        return advantages
    months, firms = advantages.shape
    grouped = advantages.view(months, -1, group_size)
    less = (grouped - grouped.mean(2, keepdim=True)) * (group_size / (group_size - 1))
    return less.reshape(months, firms)


def monthly_mean(values: torch.Tensor, learned: torch.Tensor) -> torch.Tensor:
    """(H, 1) means of values (H, n) over what is learned from, (H, n) bool; 0 where nothing is."""
    share = learned.to(values.dtype)
    share = share / share.sum(1, keepdim=True).clamp(min=1.0)
    return (values * share).sum(1, keepdim=True)


def evened_out(advantages: torch.Tensor, learned: torch.Tensor, power: float) -> torch.Tensor:
    """Advantages (H, n) on one scale: months count alike, and with a power below 1 large ones count less.

    A deadline month has advantages a hundred times those of other months, and within it firms that miss their duty
    have a hundred times those of others. With ``power`` 1 a month's advantages are only shifted and scaled.

    Args:
        advantages: (H, n).
        learned: (H, n) bool, what is learned from; the rest is left out of the scales.
        power: 0 to 1; 1: only the months' scales differ.

    Returns:
        (H, n) with a mean square of 1 in each month.
    """
    centred = advantages - monthly_mean(advantages, learned)
    bent = centred.sign() * centred.abs() ** power
    return bent / (monthly_mean(bent.square(), learned).sqrt() + 1e-8)
