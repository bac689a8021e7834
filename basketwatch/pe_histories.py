"""Histories of PE: which are wanted, read along their chains, checked, kept; and the own record of every day's quotes.

A stock's history is read once; afterwards one request a day continues all A-shares, one the sectors (with their
closes), one each CSI 300 and ChiNext. Hong Kong and US go on by what the quotes carry, which costs no request. What
could be read again, and need not, is read only with what a run of ten requests has left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch import announced, checks, clock, past, pe_checks
from basketwatch.domain import columns, markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.faults import Fault
from basketwatch.domain.model import SeriesKey
from basketwatch.errors import NoData, SourceError, SuspectAnswer
from basketwatch.sources import chains
from basketwatch.sources.net import guard
from basketwatch.store import notes, prices, runs, valuations
from basketwatch.store.runs import SymbolState
from basketwatch.work import Part, Row, Work, aside, ask_early, settled, side_by_side, state_of, told

if TYPE_CHECKING:
    from basketwatch.sources.earnings import Announced
    from basketwatch.sources.shenwan import Days

PART = "valuation"
RETRY = timedelta(hours=1)  # a source that had nothing new, or failed, is left alone so long
GIVEN_UP_FOR = timedelta(days=7)  # a history that nobody has, or that failed its checks
AGAIN = timedelta(days=7)  # Danjuan's weekly points, and Baidu's histories
ANNOUNCED_AGAIN = timedelta(days=30)
BUDGET = 10  # requests a run, above which nothing is read again that need not be
BACK = timedelta(days=10)  # of what is stored that is read again, to see whether the source still says so
FAR = timedelta(days=60)  # behind which a stock is read whole again
MOST = 600  # histories a run; the rest follows in the next one
MANY = 10  # histories that nobody has read yet: a first fill
MANDATORY = ("blocked", "error")  # states after which a first history is asked for again as soon as may be
BACKFILLS = {("eastmoney", "ttm"), ("baidu", "ttm"), ("yahoo", "announced_eps")}
EMPTY = pd.DataFrame(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))
NOTHING = pd.Series(dtype="float64", index=pd.DatetimeIndex([], dtype="datetime64[s]"))

Link = tuple[str, Callable[[], pd.DataFrame]]  # a source and its answer, frames.VALUATIONS
Early = dict[str, "Future[pd.DataFrame]"]


@dataclass(frozen=True)
class Job:
    """One question and those who may be asked; ``cost``: requests at most. ``noted``: the answer is about a day."""

    name: str
    tickers: tuple[str, ...]
    chain: tuple[Link, ...]
    cost: int = 1
    noted: str = ""


@dataclass
class Read:
    """What asking came to: rows that passed, what was wrong with others, and whole answers that failed."""

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
        """The source of the history that was read, as against the own record of the quotes."""
        own = (k.source for k in self._keys.get(ticker, ()) if (k.source, k.definition) in BACKFILLS)
        return next(own, None)

    def has(self, ticker: str) -> bool:
        """Whether a history was read."""
        return self.backfill(ticker) is not None

    def suspended(self, ticker: str) -> bool:
        """Whether the latest quote says so: no new value is to be had."""
        return ticker in self.quotes.index and bool(self.quotes.loc[ticker, "suspended"])


def _look(work: Work) -> Stored:
    states = {s.ticker: s for s in runs.read_states(work.opened) if s.part == PART}
    return Stored(valuations.spans(work.opened), states, prices.read_quotes(work.opened))


# --- the part ----------------------------------------------------------------------------------------------------


def begin(work: Work, tickers: Sequence[str]) -> Early:
    """On a first fill, ask for the stocks at once: their hosts are others than those of the bars, and as slow.

    They are checked and kept once the bars are in.
    """
    stored = _look(work)
    first = [t for t in tickers if _is_company(t) and not stored.has(t) and t not in stored.states][:MOST]
    if len(first) < MANY:
        return {}
    by_source: dict[str, list[str]] = {}
    for ticker in first:
        by_source.setdefault(chains.multiples(ticker)[0][0], []).append(ticker)
    early: Early = {}
    for listed in by_source.values():
        early |= ask_early({ticker: partial(_first_source, ticker) for ticker in listed})
    return early


def _first_source(ticker: str) -> Any:
    source, fetch = chains.multiples(ticker)[0]
    with chains.bugs_said(source):
        return fetch(ticker)


def update(work: Work, tickers: Sequence[str], early: Early) -> None:
    """Continue what is stored, read what is missing, and with what is left of the budget what is worth reading again.

    Hosts side by side, each at its own pace; written as it arrives.
    """
    now, stored = clock.now(), _look(work)
    must = [*_fills(work, tickers, stored, now, dict(early)), *_daily(work, tickers, stored, now)]
    room = BUDGET - sum(guard.current().counts().values()) - sum(job.cost for job in must)
    asked = {job.name for job in must}
    for job in _worth_again(work, tickers, stored, now):
        if job.cost <= room and job.name not in asked:
            must.append(job)
            room -= job.cost
    _run(work, must, stored)


def _run(work: Work, jobs: Sequence[Job], stored: Stored) -> None:
    work.total += len(jobs)
    parts: dict[str, Part] = {}
    by_host: dict[str, list[Job]] = {}
    for job in jobs:
        by_host.setdefault(job.chain[0][0], []).append(job)
    named = {job.name: job for job in jobs}
    lanes = [[job.name for job in found] for found in by_host.values()]
    for name, found in side_by_side(work, lanes, lambda n: _walk(work, named[n], stored)):
        job = named[name]
        if isinstance(found, SourceError):
            found = Read(failures=[(t, "basketwatch", found) for t in job.tickers])
        part = parts.setdefault(_lane(job), Part(PART, _lane(job), 0))
        _keep(work, job, found, stored, part)
        work.step(name)
    work.parts.extend(parts.values())


def _lane(job: Job) -> str:
    return "stocks" if job.name in job.tickers else "bulk" if job.noted == "eastmoney" else "indices"


# --- which -------------------------------------------------------------------------------------------------------


def _is_share(ticker: str) -> bool:
    return markets.group(ticker) == "CN" and markets.kind(ticker) == "stock"


def _is_company(ticker: str) -> bool:
    """A stock with a history to be had; funds that stand in for an index have none."""
    return bool(chains.multiples(ticker)) and ticker not in markets.STAND_INS.values()


def _fills(
    work: Work, tickers: Sequence[str], stored: Stored, now: datetime, early: dict[str, Future[pd.DataFrame]]
) -> list[Job]:
    """Histories that nobody has read yet, and those whose source only refused or failed."""
    found = []
    for ticker in tickers:
        word = stored.states.get(ticker)
        failed = word is not None and word.state in MANDATORY and word.at <= now - RETRY
        if _is_company(ticker) and not stored.has(ticker) and (word is None or failed):
            found.append(_whole(work, ticker, stored, early.get(ticker)))
    return found[:MOST]


def _daily(work: Work, tickers: Sequence[str], stored: Stored, now: datetime) -> list[Job]:
    """One question a source for the session that has closed last, where it has not been answered yet."""
    last = settled(work, "CN", now)
    if last is None:
        return []
    jobs = [_bulk(work, tickers, stored, last.day, now)]
    from basketwatch.sources import indexpe

    for source, listed in indexpe.TICKERS.items():
        for ticker in (t for t in listed if t in tickers):
            noted = _noted(work, source)
            first = stored.last(ticker, source) is None and (noted is None or noted[0] <= now - RETRY)
            if source == indexpe.DANJUAN:
                jobs.append(_danjuan(ticker) if first else None)
            elif first or _is_due(work, source, last.day, now):
                jobs.append(_index(source, ticker, stored, last.day))
    return [job for job in jobs if job is not None]


def _bulk(work: Work, tickers: Sequence[str], stored: Stored, last: date, now: datetime) -> Job | None:
    from basketwatch.sources import datacenter

    newest = {t: stored.last(t, datacenter.SOURCE) for t in tickers if _is_share(t)}
    near = {t: day for t, day in newest.items() if day is not None and day >= last - FAR}
    behind = [day for t, day in near.items() if day < last and not stored.suspended(t)]
    if not behind or not _is_due(work, datacenter.SOURCE, last, now):
        return None
    since = min(behind) - BACK
    link = (datacenter.SOURCE, lambda: datacenter.fetch_bulk(list(near), since=since))
    return Job("bulk", tuple(near), (link,), cost=1, noted=datacenter.SOURCE)


def _index(source: str, ticker: str, stored: Stored, last: date) -> Job:
    """What an index's own company says of it: csindex of the days since, cnindex of the last one only."""
    from basketwatch.sources import indexpe

    def ask() -> pd.DataFrame:
        if source == indexpe.CNINDEX:
            return indexpe.fetch_cnindex(ticker, session=last)
        return indexpe.fetch_csindex(ticker, _first(stored.last(ticker, source)), last)

    return Job(source, (ticker,), ((source, ask),), noted=source)


def _first(newest: date | None) -> date:
    """The first day to ask csindex for: a Sunday, because its first row may be a copy that bears that date."""
    from basketwatch.sources import indexpe

    if newest is None:
        return indexpe.FIRST
    day = newest - BACK
    return day - timedelta(days=day.isoweekday() % 7)


def _danjuan(ticker: str) -> Job:
    from basketwatch.sources import indexpe

    link = (indexpe.DANJUAN, lambda: indexpe.fetch_danjuan(ticker))
    return Job(indexpe.DANJUAN, (ticker,), (link,), noted=indexpe.DANJUAN)


def _worth_again(work: Work, tickers: Sequence[str], stored: Stored, now: datetime) -> list[Job]:
    """What may be read again, the most useful first: Danjuan once a week, then whole histories, the oldest first."""
    from basketwatch.sources import indexpe

    asked = _noted(work, indexpe.DANJUAN)
    weekly = [t for t in indexpe.TICKERS[indexpe.DANJUAN] if t in tickers]
    jobs = [_danjuan(t) for t in weekly if asked is not None and asked[0] <= now - AGAIN]
    old = []
    for ticker in filter(_is_company, tickers):
        word = stored.states.get(ticker)
        at = word.at if word else None
        patience = GIVEN_UP_FOR if not stored.has(ticker) else _patience(ticker, stored, now)
        if at is not None and patience is not None and at <= now - patience:
            old.append((at, ticker))
    return jobs + [_whole(work, ticker, stored, None) for _, ticker in sorted(old)]


def has_its_day(work: Work, now: datetime) -> bool:
    """Whether Danjuan's weekly points are due: bars are then not read again, for a day or two, if nothing is missing."""
    asked = _noted(work, "danjuan")
    return asked is not None and AGAIN <= now - asked[0] < AGAIN + timedelta(days=2)


def _patience(ticker: str, stored: Stored, now: datetime) -> timedelta | None:
    """How old a history may become that no daily question continues; None where one does."""
    if _is_share(ticker):
        newest = stored.last(ticker, "eastmoney")
        return None if newest and newest >= now.date() - FAR else GIVEN_UP_FOR
    return AGAIN if stored.last(ticker, "baidu") else ANNOUNCED_AGAIN


def _whole(work: Work, ticker: str, stored: Stored, early: Future[pd.DataFrame] | None) -> Job:
    """A stock's whole history, along its chain; where one source has given years of it, no other is tried."""
    before = stored.backfill(ticker)
    links: list[Link] = []
    for source, fetch in chains.multiples(ticker):
        links.append((source, _ask(work, ticker, source, fetch, None if links else early)))
        if source == before:
            break
    return Job(ticker, (ticker,), tuple(links), cost=2 * len(links) - 1)  # announced earnings take two


def _ask(
    work: Work, ticker: str, source: str, fetch: Callable[[str], Any], early: Future[pd.DataFrame] | None
) -> Callable[[], pd.DataFrame]:
    """What a link does when its turn comes: wait for what was asked early, ask, or ask and reconstruct."""
    if early is not None:
        return lambda: early.result(work.left())
    return (lambda: _announced(work, ticker, fetch(ticker))) if source == "yahoo" else (lambda: fetch(ticker))


def _announced(work: Work, ticker: str, found: Announced) -> pd.DataFrame:
    """PE from announced EPS (``announced``), as frames.VALUATIONS. Raises NoData where no session has four quarters."""
    group = markets.group(ticker)
    opening, zone = markets.HOURS[group].open, markets.zone_of(group)
    opens = [datetime.combine(day.date(), opening, zone) for day in found.closes["session"]]
    closes = found.closes.assign(opens=pd.DatetimeIndex(opens).tz_convert("UTC").as_unit("s"))
    quote = work.quotes.get(ticker)
    ttm = quote["last"] / quote["pe_ttm"] if quote and quote["pe_ttm"] > 0 else float("nan")
    rows = announced.point_in_time(closes, found.reports, found.splits, ttm=ttm)
    if rows.empty:
        raise NoData(source="yahoo", ticker=ticker)
    rows = rows.assign(ticker=ticker, source="yahoo", definition="announced_eps", fetched_at=clock.now())
    return rows.reindex(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))


# --- when a source was asked last --------------------------------------------------------------------------------


def _noted(work: Work, source: str) -> tuple[datetime, date] | None:
    """When a source was asked about a day, and the newest session that it had."""
    text = notes.noted(work.opened, f"{PART} {source}")
    if not text:
        return None
    at, day = text.split()
    return datetime.fromisoformat(at), date.fromisoformat(day)


def _note(work: Work, source: str, newest: date | None) -> None:
    before = _noted(work, source)
    day = max(newest or date.min, before[1] if before else date.min)
    notes.note(work.opened, f"{PART} {source}", f"{clock.iso(clock.now())} {day}")


def _is_due(work: Work, source: str, last: date, now: datetime) -> bool:
    """Whether a source has not told of the last closed session yet, and was not asked within the hour."""
    noted = _noted(work, source)
    return noted is None or (noted[1] < last and noted[0] <= now - RETRY)


# --- one answer --------------------------------------------------------------------------------------------------


def _walk(work: Work, job: Job, stored: Stored) -> Read:
    """One question along its chain: the first answer of which something passes."""
    read = Read()
    for source, ask in job.chain:
        try:
            with chains.bugs_said(source):
                rows = checks.typed(ask(), columns.VALUATIONS, source=source)
        except SourceError as error:
            read.failures += [(ticker, source, error) for ticker in job.tickers]
            continue
        with chains.bugs_said(source):
            kept, wrong = _accept(work, rows, job, stored), len(read.failures)
        read.rows, read.faults = kept.rows, read.faults + kept.faults
        read.failures += kept.failures
        if len(kept.rows) or (len(job.tickers) > 1 and len(read.failures) == wrong):
            break
    return read


def _accept(work: Work, rows: pd.DataFrame, job: Job, stored: Stored) -> Read:
    """Each series of an answer for itself: another stock's data in one says nothing of the others."""
    out, kept = Read(), []
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
            nothing = _said(hard, key) if hard else NoData(source=key.source, ticker=key.ticker)
            out.failures.append((key.ticker, key.source, nothing))
        kept.append(good)
    out.rows = pd.concat(kept, ignore_index=True) if kept else EMPTY
    return out


def _known(
    work: Work, rows: pd.DataFrame, job: Job, stored: Stored
) -> Callable[[SeriesKey, pd.Timestamp], pe_checks.Known]:
    """What each series of an answer is held against, given its first session; the store is read once for all."""
    tickers = [str(t) for t in rows["ticker"].unique()]
    since = (rows["session"].min() - pe_checks.NEIGHBOURS).date() if tickers else date.max
    bars = prices.read_bars(work.opened, tickers, since=since)
    closes = _by_ticker(bars[bars["final"]], "session", "close")
    factors = _by_ticker(prices.read_factors(work.opened, tickers), "ex_date", "factor")
    before = valuations.read(work.opened, tickers, [str(s) for s in rows["source"].unique()])
    asked = _first(stored.last(job.tickers[0], "csindex")) if job.noted == "csindex" else None

    def of(key: SeriesKey, first: pd.Timestamp) -> pe_checks.Known:
        group = markets.group(key.ticker)
        last = settled(work, group, clock.now())
        return pe_checks.Known(
            closes.get(key.ticker, NOTHING), factors.get(key.ticker, NOTHING), before.get(key, EMPTY),
            _calendar(work, group, first, stored), last.day if last else None,
            markets.kind(key.ticker) in ("index", "sector"), asked,
        )  # fmt: skip

    return of


def _by_ticker(rows: pd.DataFrame, index: str, column: str) -> dict[str, pd.Series]:
    """Ticker -> one column of its rows by another."""
    line = rows.set_index(index)[column]
    return {str(t): line.iloc[at] for t, at in rows.groupby("ticker", sort=False).indices.items()}


def _check(work: Work, key: SeriesKey, rows: pd.DataFrame, known: pe_checks.Known) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of one series that may be stored. Raises SuspectAnswer."""
    if key.definition == "cnindex_rolling" and not rows["session"].isin(known.closes.index).all():
        raise SuspectAnswer(source=key.source, ticker=key.ticker, detail="no stored close tells which session it is of")
    good, faults = pe_checks.check(rows, known)
    quote = work.quotes.get(key.ticker)
    if key.source == "baidu" and quote is not None and _recorded(quote) is not None:
        pe_checks.hold_against_quote(good, quote["pe_ttm"], quote["session"])
    return good, faults


def _calendar(work: Work, group: str, first: pd.Timestamp, stored: Stored) -> Calendar | None:
    """A market's sessions back to ``first``, as far as they are stored: a run carries along those of its years only."""
    known = work.calendars.get(group)
    if known is not None and known.sessions and pd.Timestamp(known.sessions[0].day) > first:
        if not stored.calendars:
            stored.calendars.update(prices.read_calendars(work.opened))
        return stored.calendars.get(group, known)
    return known


def _said(fault: Fault, key: SeriesKey) -> SuspectAnswer:
    """A hard fault that left nothing of an answer, with its own sentence."""
    error = SuspectAnswer(source=key.source, ticker=key.ticker, detail=fault.detail)
    error.key = fault.key
    return error


# --- keeping -----------------------------------------------------------------------------------------------------


def _keep(work: Work, job: Job, read: Read, stored: Stored, part: Part) -> None:
    """Write what passed; say what did not, for each ticker of the question."""
    now = clock.now()
    if len(read.rows):
        valuations.save(work.opened, read.rows)
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
        words.append(_word(stored, told([state_of(ticker, PART, s, error, now) for s, error in errors])))
    runs.save_states(work.opened, words)
    for source in read.rows["source"].unique():
        part.gave(str(source))
    if job.noted:
        _note(work, job.noted, read.rows["session"].max().date() if len(read.rows) else None)
        newest = {str(t): day.date() for t, day in read.rows.groupby("ticker")["session"].max().items()}
        there = [t for t in job.tickers if t not in part.missing]
        part.stale += [t for t in there if _is_late(work, t, job.noted, newest.get(t), stored)]
    _put_aside(work, read, now)


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
    """A ticker's state; of two sources in one run the one that answered speaks."""
    words = stored.words.setdefault(state.ticker, [])
    words.append(state)
    fine = [s for s in words if s.state == "ok"]
    return fine[-1] if fine else told(words)


def _put_aside(work: Work, read: Read, now: datetime) -> None:
    rows = []
    for source, fault in read.faults:
        if fault.severity == "hard":
            params = {"ticker": fault.ticker, "source": source, "detail": fault.detail}
            rows.append(aside(fault.ticker, PART, source, fault.key, params, now))
    for ticker, source, error in read.failures:
        if isinstance(error, SuspectAnswer) and error.key == SuspectAnswer.key:
            rows.append(aside(ticker, PART, source, error.key, error.params, now))
    runs.save_quarantine(work.opened, rows)


# --- sectors -----------------------------------------------------------------------------------------------------


def sectors_from(work: Work, tickers: Sequence[str], now: datetime) -> date | None:
    """The first day of which the sectors' PE is wanted; None while all is there, or was asked for within the hour."""
    last = settled(work, "CN", now)
    if last is None or not tickers:
        return None
    newest = {key.ticker: last for key, (_, last) in valuations.spans(work.opened).items() if key.source == "shenwan"}
    noted = _noted(work, "shenwan")
    if any(t not in newest for t in tickers):
        again = noted is None or noted[0] <= now - RETRY
        return date(now.year - work.years, 1, 1) if again else None
    behind = min(newest.values()) < last.day
    return min(newest.values()) - BACK if behind and _is_due(work, "shenwan", last.day, now) else None


def keep_sectors(work: Work, tickers: Sequence[str], found: Days | SourceError) -> None:
    """The PE out of the report that the closes come from."""
    stored, part = _look(work), Part(PART, "sectors", 0)
    job = Job("shenwan", tuple(tickers), (), noted="shenwan")
    if isinstance(found, SourceError):
        read = Read(failures=[(t, "shenwan", found) for t in tickers])
    else:
        rows, faults = pe_checks.whole_days(found.valuations, found.sectors, found.cut)
        read = _accept(work, rows, job, stored)
        named = [replace(fault, ticker=fault.ticker or "SI") for fault in faults]
        read.faults += [("shenwan", fault) for fault in named]
        if faults and rows.empty:
            read.failures += [(t, "shenwan", _said(faults[-1], SeriesKey(t, "shenwan", ""))) for t in tickers]
    _keep(work, job, read, stored, part)
    work.parts.append(part)


# --- own record of the quotes ------------------------------------------------------------------------------------

# source -> groups whose quotes carry a PE of a known definition
TTM_QUOTES = ("CN", "HK")  # Tencent's field 39
TRAILING_QUOTES = ("US", "TW", "KR")  # Yahoo's trailingPE


def record(work: Work) -> None:
    """Keep the PE that this run's final quotes carry, as a day of the own record: no request for it.

    Tencent's (ttm), Yahoo's of stocks (yahoo_trailing; losing where it gives a market cap and no PE) and of the funds
    that stand in for an index (etf_trailing). A quote of a session that is not over is no session's value.
    """
    now = clock.now()
    final = [r for r in work.quotes.values() if not r["suspended"] and past.is_closing(r, work.calendars, now)]
    rows = pd.DataFrame([row for quote in final if (row := _recorded(quote)) is not None])
    if rows.empty:
        return
    stored = Stored(valuations.spans(work.opened), {}, pd.DataFrame())
    rows = rows.reindex(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))
    rows = rows[[_is_new(row, stored) for row in rows.to_dict("records")]]
    if rows.empty:
        return
    read = _accept(work, rows, Job("record", tuple(rows["ticker"]), ()), stored)
    if len(read.rows):
        valuations.save(work.opened, read.rows)
    _put_aside(work, read, now)


def _is_new(row: Mapping[Any, Any], stored: Stored) -> bool:
    newest = stored.last(row["ticker"], row["source"], row["definition"])
    return newest is None or row["session"].date() > newest


def _recorded(quote: Row) -> Row | None:
    """One quote as a row of frames.VALUATIONS; None where its PE has no known definition, or it has none."""
    ticker, source, pe, cap = quote["ticker"], quote["source"], quote["pe_ttm"], quote["market_cap"]
    group, fund = markets.group(ticker), ticker in markets.STAND_INS.values()
    if markets.kind(ticker) != "stock":
        return None
    if source == "tencent" and group in TTM_QUOTES:
        definition, losing = "ttm", pe < 0
    elif source == "yahoo" and group in TRAILING_QUOTES:
        definition = "etf_trailing" if fund else "yahoo_trailing"
        losing = not fund and (pe < 0 or (pd.isna(pe) and cap > 0))
    else:
        return None
    if pd.isna(pe) and not losing:
        return None
    return {
        "ticker": ticker, "source": source, "definition": definition, "session": quote["session"], "pe": pe,
        "losing": losing, "price": quote["last"], "market_cap": cap, "eps": quote["last"] / pe if pe > 0 else float("nan"),
        "fetched_at": quote["fetched_at"],
    }  # fmt: skip
