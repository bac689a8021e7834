"""Which period a window covers in each market of a basket, and whether these periods are one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from basketwatch.analysis.prices import WINDOWS, window_bases
from basketwatch.domain.calendars import Calendar, MarketState


class Period(NamedTuple):
    """A window of one market: from the close of session ``base`` to the last price of session ``end``."""

    base: date | None
    end: date


def periods_of(ends: Mapping[str, date], calendars: Mapping[str, Calendar]) -> dict[str, dict[str, Period]]:
    """Window -> market group -> the period that it covers there; ``ends``: market group -> newest session."""
    bases = {group: window_bases(calendars.get(group), end) for group, end in ends.items()}
    return {w: {group: Period(bases[group][w], end) for group, end in ends.items()} for w in WINDOWS}


def is_one_period(
    periods: Mapping[str, Period], calendars: Mapping[str, Calendar], states: Mapping[str, MarketState]
) -> bool:
    """Whether returns of several markets over one window may be averaged.

    They begin together: no market held a session between its own base and the latest base. They end together: each
    ends with the newest session of its market that has begun, so that all of them reach to now.
    """
    if len(periods) < 2:
        return True
    bases = [period.base for period in periods.values() if period.base is not None]
    if len(bases) < len(periods):
        return False
    return all(
        _is_last(calendars.get(group), period.base, max(bases)) and _reaches_now(states.get(group), period.end)
        for group, period in periods.items()
    )


def _is_last(calendar: Calendar | None, base: date | None, until: date) -> bool:
    if calendar is None or not calendar.sessions:
        return base == until
    session = calendar.on_or_before(until)
    return session is not None and session.day == base


def _reaches_now(state: MarketState | None, end: date) -> bool:
    return state is None or state.session is None or state.session.day <= end
