"""The compliance periods that a whole market's months fall into, those after the last known law included."""

from __future__ import annotations

from dataclasses import dataclass

from nea_env.scenario import Regime, months_between

AFTERLIFE = 5
"""Years solved beyond the last period played, so that what is assumed of the end does not matter."""


@dataclass(frozen=True)
class Span:
    """One compliance period; months count from the start of the market and may lie outside it.

    Attributes:
        law: whose rules hold: a period of the regime's calendar; the last one's hold for ever after, the first
            one's ever before.
        year: first compliance year of the period itself.
        first, last: its months of emissions.
        deadline: month of surrender.
        later: months between the period and that of its law: rules that name a month name it so much later.
    """

    law: str
    year: int
    first: int
    last: int
    deadline: int
    later: int

    @property
    def years(self) -> float:
        """Length of the period."""
        return (self.last - self.first + 1) / 12.0


def spans(regime: Regime, start: str, months: int) -> tuple[Span, ...]:
    """Periods that cover ``months`` months from ``start`` on, in order; the last may reach further.

    Args:
        regime: the law.
        start: first month, "YYYY-MM".
        months: number of months.

    Raises:
        ValueError: the regime's periods do not follow one another.
    """
    periods: list[Span] = []
    for law in sorted(regime.calendar):
        rule = regime.calendar[law]
        first = months_between(start, f"{law}-{regime.year_starts:02d}")
        if periods and first != periods[-1].last + 1:
            raise ValueError(f"calendar.{law}: does not follow on {periods[-1].law}: an equilibrium needs every year")
        deadline = months_between(start, rule.deadline)
        periods.append(Span(law, int(law), first, first + 12 * rule.years - 1, deadline, 0))
    while periods[-1].last < months - 1:
        periods.append(_moved(periods[-1], 1))
    while periods[0].first > 0:
        periods.insert(0, _moved(periods[0], -1))
    return tuple(span for span in periods if span.last >= 0 and span.first < months)


def _moved(span: Span, times: int) -> Span:
    months = times * (span.last - span.first + 1)
    return Span(
        span.law,
        span.year + months // 12,
        span.first + months,
        span.last + months,
        span.deadline + months,
        span.later + months,
    )


def solved_months(regime: Regime, start: str, last: str) -> int:
    """Months that an equilibrium is solved for: to the end of the period in which the afterlife ends.

    Args:
        regime: the law.
        start: first month, "YYYY-MM".
        last: the last compliance period played.
    """
    opening = months_between(start, f"{last}-{regime.year_starts:02d}")
    played = opening + 12 * regime.calendar[last].years
    least = max(played + 12 * AFTERLIFE, months_between(start, regime.calendar[last].deadline) + 1)
    return spans(regime, start, least)[-1].last + 1
