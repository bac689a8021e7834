"""The PE part of a refresh: begin, update, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch import clock
from basketwatch.analysis.age import is_closing
from basketwatch.domain import columns, markets
from basketwatch.domain.model import SeriesKey
from basketwatch.errors import NoData, SourceError
from basketwatch.refresh.checks.valuations import whole_days
from basketwatch.refresh.valuations import announced
from basketwatch.refresh.valuations.own_record import recorded
from basketwatch.refresh.valuations.plan import (
    AGAIN,
    OVERLAP_DAYS,
    PART,
    RETRY,
    Early,
    Job,
    Link,
    PeAnswer,
    Stored,
    first_of,
    is_due,
    was_noted,
)
from basketwatch.refresh.valuations.read import accept, keep, put_aside, said, walk
from basketwatch.refresh.valuations.taken_back import take_back
from basketwatch.refresh.work import Part, Work, ask_early, settled, side_by_side
from basketwatch.sources import chains
from basketwatch.sources.net import guard
from basketwatch.store import prices, runs, valuations

if TYPE_CHECKING:
    from basketwatch.sources.earnings import Announced
    from basketwatch.sources.shenwan import Days
GIVEN_UP_FOR = timedelta(days=7)  # a history that nobody has, or that failed its checks
ANNOUNCED_AGAIN = timedelta(days=30)
BUDGET = 10  # requests a run, above which nothing is read again that need not be
REREAD_WHOLE_AFTER = timedelta(days=60)  # a stock whose newest value is older is read whole again
MOST = 600  # histories a run; the rest follows in the next one
MANY = 10  # histories that nobody has read yet: a first fill
RETRY_STATES = ("blocked", "error")  # states after which a first history is asked for again after ``RETRY``


def _look(work: Work) -> Stored:
    states = {s.ticker: s for s in runs.read_states(work.store) if s.part == PART}
    return Stored(valuations.spans(work.store), states, prices.read_quotes(work.store))


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
    """Add the newest day, read missing histories, and spend the rest of ``BUDGET`` on rereading the oldest ones.

    Hosts are asked in parallel, each at its own pace; every answer is stored as it arrives.
    """
    now, stored = clock.now(), _look(work)
    take_back(work, stored)
    must = [*_fills(work, tickers, stored, now, dict(early)), *_gaps(work, tickers, stored, now)]
    must += _daily(work, tickers, stored, now)
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
    for name, found in side_by_side(work, lanes, lambda n: walk(work, named[n], stored)):
        job = named[name]
        if isinstance(found, SourceError):
            found = PeAnswer(failures=[(t, "basketwatch", found) for t in job.tickers])
        part = parts.setdefault(_lane(job), Part(PART, _lane(job), 0))
        keep(work, job, found, stored, part)
        work.step(name)
    work.parts.extend(parts.values())


def _lane(job: Job) -> str:
    return "stocks" if job.name in job.tickers else "bulk" if job.noted == "eastmoney" else "indices"


# --- which -------------------------------------------------------------------------------------------------------


def _is_share(ticker: str) -> bool:
    return markets.group(ticker) == "CN" and markets.kind(ticker) == "stock"


def _is_company(ticker: str) -> bool:
    """True for a stock with a PE history at a source; a fund that stands in for an index has none."""
    return bool(chains.multiples(ticker)) and ticker not in markets.STAND_INS.values()


def _fills(
    work: Work, tickers: Sequence[str], stored: Stored, now: datetime, early: dict[str, Future[pd.DataFrame]]
) -> list[Job]:
    """Jobs for histories never read, and for those whose source refused or failed."""
    found = []
    for ticker in tickers:
        word = stored.states.get(ticker)
        failed = word is not None and word.state in RETRY_STATES and word.at <= now - RETRY
        if _is_company(ticker) and not stored.has(ticker) and (word is None or failed):
            found.append(_whole(work, ticker, stored, early.get(ticker)))
    return found[:MOST]


def _gaps(work: Work, tickers: Sequence[str], stored: Stored, now: datetime) -> list[Job]:
    """Jobs for histories that nobody has read for so long that the daily questions cannot join on: after a pause.

    Their number is no reason to put them off, as it is for what is only read again.
    """
    found = []
    for ticker in filter(_is_company, tickers):
        word, patience = stored.states.get(ticker), _patience(ticker, stored, now)
        if not stored.has(ticker) or patience is None or word is None or stored.suspended(ticker):
            continue
        newest = stored.last(ticker, stored.backfill(ticker) or "")
        age = (
            REREAD_WHOLE_AFTER if _is_share(ticker) else 2 * patience
        )  # it should have been read again, more than once
        is_gap = newest is not None and newest < now.date() - age
        if is_gap and word.at <= now - (RETRY if word.state in RETRY_STATES else patience):
            found.append(_whole(work, ticker, stored, None))
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
            noted = was_noted(work, source)
            first = stored.last(ticker, source) is None and (noted is None or noted[0] <= now - RETRY)
            if source == indexpe.DANJUAN:
                jobs.append(_danjuan(ticker) if first else None)
            elif first or is_due(work, source, last.day, now):
                jobs.append(_index(source, ticker, stored, last.day))
    return [job for job in jobs if job is not None]


def _bulk(work: Work, tickers: Sequence[str], stored: Stored, last: date, now: datetime) -> Job | None:
    from basketwatch.sources import datacenter

    newest = {t: stored.last(t, datacenter.SOURCE) for t in tickers if _is_share(t)}
    near = {t: day for t, day in newest.items() if day is not None and day >= last - REREAD_WHOLE_AFTER}
    behind = [day for t, day in near.items() if day < last and not stored.suspended(t)]
    if not behind or not is_due(work, datacenter.SOURCE, last, now):
        return None
    since = min(behind) - OVERLAP_DAYS
    link = (datacenter.SOURCE, lambda: datacenter.fetch_bulk(list(near), since=since))
    return Job("bulk", tuple(near), (link,), cost=1, noted=datacenter.SOURCE)


def _index(source: str, ticker: str, stored: Stored, last: date) -> Job:
    """What an index's own company says of it: csindex of the days since, cnindex of the last one only."""
    from basketwatch.sources import indexpe

    def ask() -> pd.DataFrame:
        if source == indexpe.CNINDEX:
            return indexpe.fetch_cnindex(ticker, session=last)
        return indexpe.fetch_csindex(ticker, first_of(stored.last(ticker, source)), last)

    return Job(source, (ticker,), ((source, ask),), noted=source)


def _danjuan(ticker: str) -> Job:
    from basketwatch.sources import indexpe

    link = (indexpe.DANJUAN, lambda: indexpe.fetch_danjuan(ticker))
    return Job(indexpe.DANJUAN, (ticker,), (link,), noted=indexpe.DANJUAN)


def _worth_again(work: Work, tickers: Sequence[str], stored: Stored, now: datetime) -> list[Job]:
    """What may be read again, the most useful first: Danjuan once a week, then whole histories, the oldest first."""
    from basketwatch.sources import indexpe

    asked = was_noted(work, indexpe.DANJUAN)
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


def _patience(ticker: str, stored: Stored, now: datetime) -> timedelta | None:
    """The age at which a history is read again; None where a daily question keeps it current."""
    if _is_share(ticker):
        newest = stored.last(ticker, "eastmoney")
        return None if newest and newest >= now.date() - REREAD_WHOLE_AFTER else GIVEN_UP_FOR
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
    """The call of one source of a chain: wait for the early answer, ask, or ask and compute the PE."""
    if early is not None:
        return lambda: early.result(work.left())
    return (lambda: _announced(work, ticker, fetch(ticker))) if source == "yahoo" else (lambda: fetch(ticker))


def _announced(work: Work, ticker: str, earnings: Announced) -> pd.DataFrame:
    """PE from announced EPS (``announced``), as columns.VALUATIONS. Raises NoData where no session has four quarters."""
    group = markets.group(ticker)
    opening, zone = markets.HOURS[group].open, markets.zone_of(group)
    opens = [datetime.combine(day.date(), opening, zone) for day in earnings.closes["session"]]
    closes = earnings.closes.assign(opens=pd.DatetimeIndex(opens).tz_convert("UTC").as_unit("s"))
    quote = work.quotes.get(ticker)
    ttm = quote["last"] / quote["pe_ttm"] if quote and quote["pe_ttm"] > 0 else float("nan")
    rows = announced.point_in_time(closes, earnings.reports, earnings.splits, ttm=ttm)
    if rows.empty:
        raise NoData(source="yahoo", ticker=ticker)
    rows = rows.assign(ticker=ticker, source="yahoo", definition="announced_eps", fetched_at=clock.now())
    return rows.reindex(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))


def keep_sectors(work: Work, tickers: Sequence[str], days: Days | SourceError) -> None:
    """Store the PE of the sector report from which the closes were read."""
    stored, part = _look(work), Part(PART, "sectors", 0)
    job = Job("shenwan", tuple(tickers), (), noted="shenwan")
    if isinstance(days, SourceError):
        read = PeAnswer(failures=[(t, "shenwan", days) for t in tickers])
    else:
        rows, faults = whole_days(days.valuations, days.sectors, days.cut)
        read = accept(work, rows, job, stored)
        named = [replace(fault, ticker=fault.ticker or "SI") for fault in faults]
        read.faults += [("shenwan", fault) for fault in named]
        if faults and rows.empty:
            read.failures += [(t, "shenwan", said(faults[-1], SeriesKey(t, "shenwan", ""))) for t in tickers]
    keep(work, job, read, stored, part)
    work.parts.append(part)


def record(work: Work) -> None:
    """Store the PE in this run's final quotes as a day of our own record; no request is made.

    Tencent's (ttm), Yahoo's of stocks (yahoo_trailing; losing where it gives a market cap and no PE) and of the funds
    that stand in for an index (etf_trailing). A quote of a session that is not over is no session's value.
    """
    now = clock.now()
    final = [r for r in work.quotes.values() if not r["suspended"] and is_closing(r, work.calendars, now)]
    rows = pd.DataFrame([row for quote in final if (row := recorded(quote)) is not None])
    if rows.empty:
        return
    stored = Stored(valuations.spans(work.store), {}, pd.DataFrame())
    rows = rows.reindex(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))
    rows = rows[[_is_new(row, stored) for row in rows.to_dict("records")]]
    if rows.empty:
        return
    read = accept(work, rows, Job("record", tuple(rows["ticker"]), ()), stored)
    if len(read.rows):
        valuations.save(work.store, read.rows)
    put_aside(work, read, now)


def _is_new(row: Mapping[Any, Any], stored: Stored) -> bool:
    newest = stored.last(row["ticker"], row["source"], row["definition"])
    return newest is None or row["session"].date() > newest
