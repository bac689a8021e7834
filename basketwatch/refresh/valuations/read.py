"""One PE history read from its sources in order, checked and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

import pandas as pd

from basketwatch import clock
from basketwatch.domain import columns, markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.faults import Fault
from basketwatch.domain.model import SeriesKey, SymbolState
from basketwatch.errors import NoData, SourceError, SuspectAnswer
from basketwatch.refresh.checks import shape
from basketwatch.refresh.checks.valuations import NEIGHBOURS, Known, check, hold_against_quote
from basketwatch.refresh.valuations.own_record import recorded
from basketwatch.refresh.valuations.plan import AGAIN, EMPTY, PART, Job, PeAnswer, Stored, first_of, was_noted
from basketwatch.refresh.work import Part, Work, quarantine_row, settled, state_of, worst_known
from basketwatch.sources import chains
from basketwatch.store import notes, prices, runs, valuations

NOTHING = pd.Series(dtype="float64", index=pd.DatetimeIndex([], dtype="datetime64[s]"))


def _note(work: Work, source: str, newest: date | None) -> None:
    before = was_noted(work, source)
    day = max(newest or date.min, before[1] if before else date.min)
    notes.note(work.store, f"{PART} {source}", f"{clock.iso(clock.now())} {day}")


# --- one answer --------------------------------------------------------------------------------------------------


def walk(work: Work, job: Job, stored: Stored) -> PeAnswer:
    """Ask the sources of one question in order; returns the first answer with rows that pass."""
    read = PeAnswer()
    for source, ask in job.chain:
        try:
            with chains.bugs_said(source):
                rows = shape.typed(ask(), columns.VALUATIONS, source=source)
        except SourceError as error:
            read.failures += [(ticker, source, error) for ticker in job.tickers]
            continue
        with chains.bugs_said(source):
            kept, wrong = accept(work, rows, job, stored), len(read.failures)
        read.rows, read.faults = kept.rows, read.faults + kept.faults
        read.failures += kept.failures
        if len(kept.rows) or (len(job.tickers) > 1 and len(read.failures) == wrong):
            break
    return read


def accept(work: Work, rows: pd.DataFrame, job: Job, stored: Stored) -> PeAnswer:
    """Check each series of an answer by itself: another stock's data in one series does not reject the others."""
    out, kept = PeAnswer(), []
    rows = rows[rows["ticker"].isin(job.tickers)]
    known = _known(work, rows, job, stored)
    for words, part in rows.groupby(["ticker", "source", "definition"]):
        key = SeriesKey(*(str(word) for word in words))
        try:
            good, faults = _check(work, key, part, known(key, part["session"].min()))
        except SourceError as error:
            out.failures.append((key.ticker, key.source, error))
            continue
        out.faults += [(key.source, fault) for fault in faults]
        if good.empty:
            hard = next((f for f in faults if f.severity == "hard"), None)
            nothing = said(hard, key) if hard else NoData(source=key.source, ticker=key.ticker)
            out.failures.append((key.ticker, key.source, nothing))
        kept.append(good)
    out.rows = pd.concat(kept, ignore_index=True) if kept else EMPTY
    return out


def _known(work: Work, rows: pd.DataFrame, job: Job, stored: Stored) -> Callable[[SeriesKey, pd.Timestamp], Known]:
    """The ``Known`` data for each series, given its first session; the store is read once for all."""
    tickers = [str(t) for t in rows["ticker"].unique()]
    since = (rows["session"].min() - NEIGHBOURS).date() if tickers else date.max
    bars = prices.read_bars(work.store, tickers, since=since)
    closes = _by_ticker(bars[bars["final"]], "session", "close")
    factors = _by_ticker(prices.read_factors(work.store, tickers), "ex_date", "factor")
    before = valuations.read(work.store, tickers, [str(s) for s in rows["source"].unique()])
    asked = first_of(stored.last(job.tickers[0], "csindex")) if job.noted == "csindex" else None

    def of(key: SeriesKey, first: pd.Timestamp) -> Known:
        group = markets.group(key.ticker)
        last = settled(work, group, clock.now())
        return Known(
            closes.get(key.ticker, NOTHING), factors.get(key.ticker, NOTHING), before.get(key, EMPTY),
            _calendar(work, group, first, stored), last.day if last else None,
            markets.kind(key.ticker) in ("index", "sector"), asked,
        )  # fmt: skip

    return of


def _by_ticker(rows: pd.DataFrame, index: str, column: str) -> dict[str, pd.Series]:
    """Ticker -> one column of its rows by another."""
    line = rows.set_index(index)[column]
    return {str(t): line.iloc[at] for t, at in rows.groupby("ticker", sort=False).indices.items()}


def _check(work: Work, key: SeriesKey, rows: pd.DataFrame, known: Known) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of one series that may be stored. Raises SuspectAnswer."""
    if key.definition == "cnindex_rolling" and not rows["session"].isin(known.closes.index).all():
        raise SuspectAnswer(source=key.source, ticker=key.ticker, detail="no stored close tells which session it is of")
    good, faults = check(rows, known)
    quote = work.quotes.get(key.ticker)
    if key.source == "baidu" and quote is not None and recorded(quote) is not None:
        hold_against_quote(good, quote["pe_ttm"], quote["session"])
    return good, faults


def _calendar(work: Work, group: str, first: pd.Timestamp, stored: Stored) -> Calendar | None:
    """A market's sessions back to ``first``, as far as they are stored: a run carries along those of its years only."""
    known = work.calendars.get(group)
    if known is not None and known.sessions and pd.Timestamp(known.sessions[0].day) > first:
        if not stored.calendars:
            stored.calendars.update(prices.read_calendars(work.store))
        return stored.calendars.get(group, known)
    return known


def said(fault: Fault, key: SeriesKey) -> SuspectAnswer:
    """A hard fault that left nothing of an answer, with its own sentence."""
    error = SuspectAnswer(source=key.source, ticker=key.ticker, detail=fault.detail)
    error.key = fault.key
    return error


# --- keeping -----------------------------------------------------------------------------------------------------


def keep(work: Work, job: Job, read: PeAnswer, stored: Stored, part: Part) -> None:
    """Store the rows that passed; record the state of each ticker of the question."""
    now = clock.now()
    if len(read.rows):
        valuations.save(work.store, read.rows)
    gave = dict(zip(reversed(read.rows["ticker"].tolist()), reversed(read.rows["source"].tolist()), strict=True))
    failed: dict[str, list[tuple[str, SourceError]]] = {}
    for ticker, source, error in read.failures:
        failed.setdefault(ticker, []).append((source, error))
    part.wanted += len(job.tickers)
    words = []
    for ticker in job.tickers:
        errors = failed.get(ticker, [])
        if ticker in gave or not errors:
            part.got += 1
            words.append(_word(stored, _fine(ticker, gave.get(ticker, job.name), read.faults, now)))
            continue
        part.missing.append(ticker)
        for source, error in errors:
            part.failed(source, error)
        words.append(_word(stored, worst_known([state_of(ticker, PART, s, error, now) for s, error in errors])))
    runs.save_states(work.store, words)
    for source in read.rows["source"].unique():
        part.gave(str(source))
    if job.noted:
        _note(work, job.noted, read.rows["session"].max().date() if len(read.rows) else None)
        newest = {str(t): day.date() for t, day in read.rows.groupby("ticker")["session"].max().items()}
        there = [t for t in job.tickers if t not in part.missing]
        part.stale += [t for t in there if _is_late(work, t, job.noted, newest.get(t), stored)]
    put_aside(work, read, now)


def _is_late(work: Work, ticker: str, source: str, read: date | None, stored: Stored) -> bool:
    """Whether even the session before the last one lacks, in what was just ``read`` and before; that of today may be
    printed in the evening only.
    """
    last = settled(work, markets.group(ticker), clock.now())
    before = work.calendars[markets.group(ticker)].before(last.day) if last else None
    newest = filter(None, [read, stored.last(ticker, source)])
    due = before.day - (AGAIN if source == "danjuan" else timedelta()) if before else date.min
    return not stored.suspended(ticker) and max(newest, default=date.max) < due


def _fine(ticker: str, source: str, faults: Iterable[tuple[str, Fault]], now: datetime) -> SymbolState:
    """ok; with the sentence of what was wrong with a part of the answer, where anything was, hard before soft."""
    mine = sorted((f for _, f in faults if f.ticker == ticker), key=lambda f: f.severity)
    params = (("ticker", ticker), ("source", source), ("detail", mine[0].detail)) if mine else ()
    return SymbolState(ticker, PART, "ok", source, now, None, mine[0].key if mine else None, params)


def _word(stored: Stored, state: SymbolState) -> SymbolState:
    """A ticker's state; of two sources in one run, the state of the one that answered."""
    words = stored.words.setdefault(state.ticker, [])
    words.append(state)
    fine = [s for s in words if s.state == "ok"]
    return fine[-1] if fine else worst_known(words)


def put_aside(work: Work, read: PeAnswer, now: datetime) -> None:
    rows = []
    for source, fault in read.faults:
        if fault.severity == "hard":
            params = {"ticker": fault.ticker, "source": source, "detail": fault.detail}
            rows.append(quarantine_row(fault.ticker, PART, source, fault.key, params, now))
    for ticker, source, error in read.failures:
        if isinstance(error, SuspectAnswer) and error.key == SuspectAnswer.key:
            rows.append(quarantine_row(ticker, PART, source, error.key, error.params, now))
    runs.save_quarantine(work.store, rows)
