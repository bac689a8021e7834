"""State of one refresh, shared by its parts: report rows, sessions, threads, symbol states."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

from basketwatch.domain.calendars import DELAY, FINAL_AFTER, Calendar, Session
from basketwatch.domain.markets import FX_ZONE
from basketwatch.domain.model import SymbolState, Universe
from basketwatch.errors import SourceError, Unreachable
from basketwatch.store import notes, runs
from basketwatch.store.database import Store
from basketwatch.words.text import sentence

SHOW_EVERY = 3.0  # seconds between new versions during a first fill
# Which of several failures is shown for a symbol, first to last: a source that refused or failed may have the data.
UNCERTAIN = ("blocked", "error", "suspect", "no_data", "unknown_symbol")

K = TypeVar("K")
T = TypeVar("T")
Progress = Callable[[int, int, str], None]
Row = dict[str, Any]  # one quote, columns.QUOTES


@dataclass
class Part:
    """One row of the report: tickers wanted from a chain of sources, tickers received, attempts."""

    part: str
    lane: str
    wanted: int
    got: int = 0
    sources: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def gave(self, source: str) -> None:
        if source not in self.sources:
            self.sources.append(source)

    def failed(self, source: str, error: SourceError) -> None:
        attempt = {"source": source, "state": error.state, "key": error.key, "params": error.params}
        if attempt not in self.attempts:
            self.attempts.append(attempt)

    def as_json(self) -> dict[str, Any]:
        """``attempts``: what failed, with key and parameters of the sentence; ``error``: the last, if data lack."""
        last = self.attempts[-1] if self.attempts and (self.got < self.wanted or self.stale) else None
        tried = dict.fromkeys([*(a["source"] for a in self.attempts), *self.sources])
        return {
            "part": self.part, "lane": self.lane, "source": "+".join(self.sources) or None, "wanted": self.wanted,
            "got": self.got, "missing": self.missing, "stale": self.stale, "tried": list(tried),
            "attempts": self.attempts, "error": sentence((last["key"], last["params"])) if last else None,
        }  # fmt: skip


@dataclass
class Work:
    """One run: the open store, the universe, the sessions, the deadline, and the results so far.

    ``ahead``: source -> tickers and future answer of a request sent before pandas was loaded (``refresh.early``).
    ``quotes``: ticker -> quote stored in this run. ``waiting``: ticker -> quotes that only a history can confirm, and
    their report row. ``early``: ticker -> future history, requested before the quotes. ``contradicted``: tickers whose
    quote and history disagree without a third source. ``damaged``: tickers whose stored closes differ from those
    written; nothing is checked against them, and their histories are replaced. ``reread``: tickers whose confirmed
    quote contradicts the stored history. ``until``: deadline, monotonic seconds.
    """

    store: Store
    universe: Universe
    run: int
    calendars: dict[str, Calendar]
    years: int
    progress: Progress
    until: float
    parts: list[Part] = field(default_factory=list)
    ahead: dict[str, tuple[list[str], Future[Any]]] = field(default_factory=dict)
    quotes: dict[str, Row] = field(default_factory=dict)
    waiting: dict[str, tuple[list[Row], Part]] = field(default_factory=dict)
    early: dict[str, Future[Any]] = field(default_factory=dict)
    contradicted: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)
    reread: set[str] = field(default_factory=set)
    done: int = 0
    total: int = 0
    shown: float = field(default_factory=monotonic)

    def left(self) -> float:
        """Seconds until the run has to end."""
        return max(0.0, self.until - monotonic())

    def step(self, label: str) -> None:
        """Say how far the run has come; during a long one let the pages see what is there already."""
        self.done += 1
        self.progress(self.done, self.total, label)
        if monotonic() - self.shown > SHOW_EVERY:
            runs.note_progress(self.store, self.run, self.done, self.total, label)
            notes.new_version(self.store)
            self.shown = monotonic()


# --- sessions ----------------------------------------------------------------------------------------------------


def begun(work: Work, group: str, now: datetime) -> date:
    """The date of a market's latest session that has opened; for exchange rates, London's date."""
    calendar = work.calendars.get(group)
    state = calendar.state(now) if calendar else None
    return state.session.day if state and state.session else now.astimezone(FX_ZONE).date()


def expected(work: Work, group: str, now: datetime) -> date:
    """The session that a quote should be of by now, the exchange's delay allowed for; of rates: a weekday may lack."""
    if group not in work.calendars:
        day = now.astimezone(FX_ZONE).date() - timedelta(days=1)
        return day - timedelta(days=max(0, day.weekday() - 4))
    return begun(work, group, now - DELAY)


def settled(work: Work, group: str, now: datetime) -> Session | None:
    """The last session whose bar is final: closed half an hour ago or longer. None for exchange rates."""
    calendar = work.calendars.get(group)
    return calendar.state(now - FINAL_AFTER).last_closed if calendar else None


def final_before(work: Work, group: str, now: datetime) -> date:
    """Bars of sessions before this date are final."""
    last = settled(work, group, now)
    return last.day + timedelta(days=1) if last else now.astimezone(FX_ZONE).date()


# --- threads -----------------------------------------------------------------------------------------------------


def ask_early(asks: Mapping[K, Callable[[], T]]) -> dict[K, Future[T]]:
    """Call each in turn, in a thread that dies with the process; what one returns or raises comes with its future."""
    answers: dict[K, Future[T]] = {key: Future() for key in asks}

    def run() -> None:
        for key, ask in asks.items():
            try:
                answers[key].set_result(ask())
            except Exception as error:
                answers[key].set_exception(error)

    Thread(target=run, daemon=True).start()
    return answers


def side_by_side(
    work: Work, lanes: Iterable[Sequence[K]], fetch: Callable[[K], T]
) -> Iterator[tuple[K, T | SourceError]]:
    """``fetch`` of every key as it arrives, a thread a lane; what it raises as a SourceError comes as the value.

    At the run's deadline the rest comes as Unreachable. A call that ignores every time-out is left behind in its
    thread, which dies with the process.
    """
    arrived: Queue[tuple[K, Any]] = Queue()

    def walk(keys: Sequence[K]) -> None:
        for key in keys:
            try:
                arrived.put((key, fetch(key)))
            except Exception as error:
                arrived.put((key, error))

    missing = []
    for lane in lanes:
        missing += list(lane)
        Thread(target=walk, args=(lane,), daemon=True).start()
    while missing:
        try:
            key, found = arrived.get(timeout=work.left())
        except Empty:
            yield from ((key, Unreachable(source="basketwatch", host="–", detail="deadline")) for key in missing)
            return
        missing.remove(key)
        if isinstance(found, Exception) and not isinstance(found, SourceError):
            raise found
        yield key, found


# --- what is said of a symbol ------------------------------------------------------------------------------------


def state_of(ticker: str, part: str, source: str, error: SourceError, now: datetime) -> SymbolState:
    """The state word of a failure, with the sentence's key and parameters."""
    params = tuple((error.params | {"ticker": ticker, "source": source}).items())
    return SymbolState(ticker, part, error.state, source, now, None, error.key, params)


def worst_known(states: Sequence[SymbolState]) -> SymbolState:
    """The failure to show: prefer 'blocked' over 'no data' over 'unknown symbol'."""
    return min(states, key=lambda s: UNCERTAIN.index(s.state) if s.state in UNCERTAIN else -1)


def quarantine_row(
    ticker: str, part: str, source: str, key: str, params: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """A row for ``runs.save_quarantine``: an answer that failed a check."""
    text = json.dumps(dict(params), ensure_ascii=False)
    return {"at": now, "ticker": ticker, "part": part, "source": source, "key": key, "params": text}
