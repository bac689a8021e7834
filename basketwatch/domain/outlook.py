"""What people expect of a value chain: milestones, forecasts, phases, risks, a market's size, each with its source."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from basketwatch.domain.names import Names

AHEAD, CAME, SLIPPED = "ahead", "came", "slipped"
STATES = (AHEAD, CAME, SLIPPED)  # of a milestone
QUIET, SEEN = "quiet", "seen"
RISK_STATES = (QUIET, SEEN)
UNKNOWN = "unknown"  # a source that nobody has noted
_PERIOD = re.compile(r"(\d{4})(?:(H)([12])|(Q)([1-4])|-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """A time as people give it: ``text`` as written, its first day, and its last one (None: open)."""

    text: str
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What somebody has written or said: the text, who, and when."""

    text: Names
    source: Names
    at: Span


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that is expected: of which ``item`` (a row of the timeline), what, when, and whether it came.

    ``was``: the windows that it had before it slipped. ``came``: the day on which it came, where that is known.
    """

    id: str
    item: Names
    name: Names
    window: Span
    state: str
    was: tuple[Span, ...] = ()
    came: date | None = None
    companies: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """One value of a forecast: of one year, by one source on one day. ``high``: where the source gives a range."""

    year: int
    value: float
    source: Names
    at: Span
    high: float | None = None
    text: Names | None = None


@dataclass(frozen=True, slots=True)
class Growth:
    """What a source says about the growth of an item: a yearly rate, and the words that it uses beside it."""

    first: int
    last: int
    rate: float
    source: Names
    at: Span
    text: Names | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """One item whose future somebody has put into numbers."""

    id: str
    name: Names
    unit: Names
    estimates: tuple[Estimate, ...] = ()
    growth: tuple[Growth, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of time as a source sees it, and the companies that it names."""

    name: Names
    window: Span
    source: Names
    at: Span
    text: Names | None = None
    companies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk as a sentence, what would show it, and whether it has been seen (on which day, said by whom)."""

    name: Names
    sign: Names
    state: str
    source: Names
    at: Span
    seen: date | None = None
    seen_source: Names | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One number that a market's size is made of."""

    name: Names
    value: float


@dataclass(frozen=True, slots=True)
class Size:
    """A market's size as a product of stated inputs plus a stated range, beside what the source says it comes to.

    ``unit``: of the result; ``scale``: how many of the inputs' units make one of it.
    """

    name: Names
    year: int
    unit: Names
    scale: float
    factors: tuple[Input, ...]
    plus_low: float
    plus_high: float
    said_low: float
    said_high: float
    source: Names
    at: Span

    def computed(self, factors: tuple[float, ...]) -> tuple[float, float]:
        """The range that some values of the factors come to, in ``unit``."""
        product = 1.0
        for value in factors:
            product *= value
        return product / self.scale + self.plus_low, product / self.scale + self.plus_high


@dataclass(frozen=True, slots=True)
class Outlook:
    """All of it for one chain, in the file's order."""

    milestones: tuple[Milestone, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    phases: tuple[Phase, ...] = ()
    risks: tuple[Risk, ...] = ()
    sizes: tuple[Size, ...] = ()


@dataclass(frozen=True, slots=True)
class MacroDate:
    """A day on which something is published that moves all markets."""

    day: date
    name: Names


def span_of(text: str) -> Span | None:
    """``2025``, ``2025H2``, ``2025Q4``, ``2025-12``, ``2025-12-22``, ``2028+`` (open) or ``2026..2027``; None otherwise."""
    first, dots, last = text.partition("..")
    if dots:
        begin, end = _period(first), _period(last)
        return Span(text, begin[0], end[1]) if begin and end and begin[0] <= end[1] else None
    period = _period(text.removesuffix("+"))
    if period is None:
        return None
    return Span(text, period[0], None if text.endswith("+") else period[1])


def _period(text: str) -> tuple[date, date] | None:
    match = _PERIOD.fullmatch(text)
    if match is None:
        return None
    year, _, half, _, quarter, month, day = match.groups()
    try:
        if day:
            one = date(int(year), int(month), int(day))
            return one, one
        if month:
            return _months(int(year), int(month), int(month))
        if half:
            return _months(int(year), 6 * int(half) - 5, 6 * int(half))
        if quarter:
            return _months(int(year), 3 * int(quarter) - 2, 3 * int(quarter))
        return _months(int(year), 1, 12)
    except ValueError:
        return None


def _months(year: int, first: int, last: int) -> tuple[date, date]:
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])
