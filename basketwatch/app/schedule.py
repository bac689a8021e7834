"""When a refresh is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from basketwatch.domain import markets
from basketwatch.domain.calendars import FINAL_AFTER, MarketState

if TYPE_CHECKING:
    from basketwatch.domain.model import Run
QUOTES_SECONDS, DAILY_SECONDS, FIRST_SECONDS = 90.0, 300.0, 900.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a refresh ended. ``status`` is its exit status, negative where it was killed, None where it never started.

    ``key`` and ``params`` name the sentence for what went wrong; None after a run that did its work (0 or 3).
    """

    started: datetime
    finished: datetime
    status: int | None
    report: dict[str, Any] | None
    key: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


# --- when --------------------------------------------------------------------------------------------------------


Reason = Literal["first", "close", "final", "lunch", "open"]
EVERY = timedelta(seconds=45)
LONGEST_WAIT = timedelta(minutes=15)
SETTLED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A refresh that should start now: which parts (none = all), why, and how long it may take."""

    only: tuple[str, ...]
    reason: Reason
    deadline: float


_FIRST = Due((), "first", FIRST_SECONDS)
_CLOSE = Due(("quotes",), "close", QUOTES_SECONDS)
_FINAL = Due((), "final", DAILY_SECONDS)
_LUNCH = Due(("quotes",), "lunch", QUOTES_SECONDS)
_OPEN = Due(("quotes",), "open", QUOTES_SECONDS)
_ORDER = (_CLOSE, _FINAL, _LUNCH, _OPEN)


def is_daily(run: Run) -> bool:
    """True for a finished run that asked for bars, whatever came of it: the ``daily`` of ``due``."""
    return run.finished is not None and any(part.get("part") == "bars" for part in parts_of(run.report))


def due(
    now: datetime,
    *,
    states: Mapping[str, MarketState],
    last: Run | None,
    running: bool,
    failures: int,
    frozen: bool,
    daily: Run | None = None,
    tried: Outcome | None = None,
) -> Due | None:
    """What should be refreshed at ``now``, if anything. A pure function.

    ``states``: the followed markets (foreign exchange trades around the clock and triggers nothing). ``last``: the
    newest run in the store, finished or not. ``daily``: the newest finished one that asked for bars (``is_daily``);
    where it is not known, ``last`` stands for it. ``tried``: what this process did last, which a failed run may not
    have written down. ``frozen``: the clock stands still or the market is made up.
    """
    if frozen or running or _elsewhere(now, last, tried) or _too_soon(now, last, tried, failures):
        return None
    if last is None or (daily is None and last.finished is None):
        return _FIRST
    reasons = [*_after_close(now, states, last, daily or last), *_while_open(now, states, last)]
    return min(reasons, key=_ORDER.index, default=None)


def _elsewhere(now: datetime, last: Run | None, tried: Outcome | None) -> bool:
    """Another process is at it. A run that never finished is forgotten in time, or at once if it was our own."""
    if last is None or last.finished is not None or (tried and tried.finished >= last.started):
        return False
    return timedelta(0) <= now - last.started < LONGEST_WAIT


def _too_soon(now: datetime, last: Run | None, tried: Outcome | None, failures: int) -> bool:
    """Less than 45 s after the last start, or after failures less than 45, 90, 180 s … 15 min after the last end."""
    if failures:
        wait = min(EVERY * 2 ** min(failures - 1, 10), LONGEST_WAIT)
        ends = [(last.finished or last.started) if last else None, tried.finished if tried else None]
    else:
        wait, ends = EVERY, [last.started if last else None, tried.started if tried else None]
    # An instant in the future comes from a clock that was put back since: it says nothing.
    return any(timedelta(0) <= now - end < wait for end in ends if end is not None)


def _after_close(now: datetime, states: Mapping[str, MarketState], last: Run, daily: Run) -> Iterator[Due]:
    """Quotes once the closing prices are out; everything half an hour after the close, which makes the day final.

    The second is owed until it is done, so that it also catches up with days on which nothing ran.
    """
    for state in states.values():
        if state.last_closed is None:
            continue
        closes = state.last_closed.closes
        if last.started < closes + SETTLED <= now < closes + FINAL_AFTER:
            yield _CLOSE
        if now >= closes + FINAL_AFTER and _owed(now, daily, closes + FINAL_AFTER):
            yield _FINAL


def _owed(now: datetime, daily: Run, since: datetime) -> bool:
    """No daily run since then, or one that brought no bars and lies a while back."""
    if daily.started < since:
        return True
    bars = [part for part in parts_of(daily.report) if part.get("part") == "bars"]
    empty = bool(bars) and all(part.get("wanted") and not part.get("got") for part in bars)
    return empty and now - daily.started >= LONGEST_WAIT


def _while_open(now: datetime, states: Mapping[str, MarketState], last: Run) -> Iterator[Due]:
    for group, state in states.items():
        if state.phase == "open":
            yield _OPEN
        lunch = markets.HOURS[group].lunch if group in markets.HOURS else None
        if state.phase == "lunch" and state.session and lunch:
            starts = datetime.combine(state.session.day, lunch[0], markets.zone_of(group))
            if last.started < starts + SETTLED <= now:  # the morning's last prices, for those who look at lunch
                yield _LUNCH


def parts_of(report: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    parts = (report or {}).get("parts")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
