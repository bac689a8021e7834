"""Which PE histories are due, and from which source each is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import pandas as pd

from basketwatch.domain import columns
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.faults import Fault
from basketwatch.domain.model import SeriesKey, SymbolState
from basketwatch.errors import SourceError
from basketwatch.refresh.work import Work, settled
from basketwatch.store import notes, valuations

PART = "valuation"
RETRY = timedelta(hours=1)  # a source that had nothing new, or failed, is left alone so long
AGAIN = timedelta(days=7)  # Danjuan's weekly points, and Baidu's histories
OVERLAP_DAYS = timedelta(days=10)  # stored days that are asked for again, to see whether the source has changed them
BACKFILLS = {("eastmoney", "ttm"), ("baidu", "ttm"), ("yahoo", "announced_eps")}
EMPTY = pd.DataFrame(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))
Link = tuple[str, Callable[[], pd.DataFrame]]  # a source and its answer, columns.VALUATIONS
Early = dict[str, "Future[pd.DataFrame]"]


@dataclass(frozen=True)
class Job:
    """One question and the sources to ask in order. ``cost``: requests at most; ``noted``: the answer is about one day."""

    name: str
    tickers: tuple[str, ...]
    chain: tuple[Link, ...]
    cost: int = 1
    noted: str = ""


@dataclass
class PeAnswer:
    """Result of one question: rows that passed, faults of other rows, and answers that failed as a whole."""

    rows: pd.DataFrame = field(default_factory=lambda: EMPTY)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    failures: list[tuple[str, str, SourceError]] = field(default_factory=list)  # ticker, source, error


@dataclass
class Stored:
    """What is stored when the part begins: series with first and last session, states, quotes.

    ``calendars``: whole ones, read when a history reaches further back. ``words``: states found in this run.
    """

    spans: dict[SeriesKey, tuple[date, date]]
    states: dict[str, SymbolState]
    quotes: pd.DataFrame
    calendars: dict[str, Calendar] = field(default_factory=dict)
    words: dict[str, list[SymbolState]] = field(default_factory=dict)

    @cached_property
    def _keys(self) -> dict[str, list[SeriesKey]]:
        out: dict[str, list[SeriesKey]] = {}
        for key in self.spans:
            out.setdefault(key.ticker, []).append(key)
        return out

    def last(self, ticker: str, source: str, definition: str = "") -> date | None:
        """The newest session of a source's series; of its only one where no definition is named."""
        own = (k for k in self._keys.get(ticker, ()) if k.source == source and definition in ("", k.definition))
        return max((self.spans[k][1] for k in own), default=None)

    def backfill(self, ticker: str) -> str | None:
        """The source of the ticker's stored history; None where only the record of its quotes is stored."""
        own = (k.source for k in self._keys.get(ticker, ()) if (k.source, k.definition) in BACKFILLS)
        return next(own, None)

    def has(self, ticker: str) -> bool:
        """Whether a history was read."""
        return self.backfill(ticker) is not None

    def suspended(self, ticker: str) -> bool:
        """Whether the latest quote says so: no new value is to be had."""
        return ticker in self.quotes.index and bool(self.quotes.loc[ticker, "suspended"])


def first_of(newest: date | None) -> date:
    """The first day to ask csindex for: a Sunday, because its first row may be a copy that bears that date."""
    from basketwatch.sources import indexpe

    if newest is None:
        return indexpe.FIRST
    day = newest - OVERLAP_DAYS
    return day - timedelta(days=day.isoweekday() % 7)


def weekly_points_due(work: Work, now: datetime) -> bool:
    """True for two days a week, when Danjuan is asked; optional bar reads are skipped to stay within ten requests."""
    asked = was_noted(work, "danjuan")
    return asked is not None and AGAIN <= now - asked[0] < AGAIN + timedelta(days=2)


# --- when a source was asked last --------------------------------------------------------------------------------


def was_noted(work: Work, source: str) -> tuple[datetime, date] | None:
    """When a source was asked about a day, and the newest session that it had."""
    text = notes.noted(work.store, f"{PART} {source}")
    if not text:
        return None
    at, day = text.split()
    return datetime.fromisoformat(at), date.fromisoformat(day)


def is_due(work: Work, source: str, last: date, now: datetime) -> bool:
    """True where a source has not answered about the last closed session, and was not asked within the hour."""
    noted = was_noted(work, source)
    return noted is None or (noted[1] < last and noted[0] <= now - RETRY)


# --- sectors -----------------------------------------------------------------------------------------------------


def sectors_from(work: Work, tickers: Sequence[str], now: datetime) -> date | None:
    """The first day of which the sectors' PE is wanted; None while all is there, or was asked for within the hour."""
    last = settled(work, "CN", now)
    if last is None or not tickers:
        return None
    newest = {key.ticker: last for key, (_, last) in valuations.spans(work.store).items() if key.source == "shenwan"}
    noted = was_noted(work, "shenwan")
    if any(t not in newest for t in tickers):
        again = noted is None or noted[0] <= now - RETRY
        return date(now.year - work.years, 1, 1) if again else None
    behind = min(newest.values()) < last.day
    return min(newest.values()) - OVERLAP_DAYS if behind and is_due(work, "shenwan", last.day, now) else None
