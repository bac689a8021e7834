"""Daily histories: which are wanted, read along their chains, checked against store and quotes, kept.

A history is read when none is stored, when sessions are missing before the latest quote, or when a quote contradicts
it; and a few every day for what no quote shows: dividends abroad, corrections, what was bought back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch import clock
from basketwatch.domain import columns, markets
from basketwatch.domain.calendars import FINAL_AFTER
from basketwatch.domain.faults import remark
from basketwatch.domain.model import SymbolState
from basketwatch.errors import NoData, SourceError, SuspectAnswer
from basketwatch.refresh import evidence
from basketwatch.refresh.checks import shape
from basketwatch.refresh.checks.bars import COMPARABLE_BARS, Verdict, check_bars
from basketwatch.refresh.evidence import Past
from basketwatch.refresh.quotes import NOTICED
from basketwatch.refresh.valuations import plan
from basketwatch.refresh.valuations.part import keep_sectors
from basketwatch.refresh.work import (
    Part,
    Work,
    ask_early,
    final_before,
    quarantine_row,
    settled,
    side_by_side,
    state_of,
    worst_known,
)
from basketwatch.sources import History, chains
from basketwatch.sources.shape import no_factors
from basketwatch.store import notes, prices, runs

if TYPE_CHECKING:
    from basketwatch.sources.shenwan import Days

REREADS_A_DAY = 2  # complete histories that are read again each day
REREAD_AFTER = timedelta(days=5)
RATES_AFTER = timedelta(days=2)  # exchange rates have no sessions by which a gap could be told
ONCE_A_DAY = timedelta(hours=20)
GIVEN_UP_FOR = timedelta(hours=12)  # a history that no source has, or that failed its checks, is not asked for before
MOST = 600  # histories a run; the rest follows in the next one, and is said
MANY = 10  # histories that nobody has read yet: a first fill
SHORT = 20  # bars; a new listing has so few, a cut answer too
QUARTER = timedelta(days=80)
DIVIDENDS = "dividends"  # the store's word: when they were read last, or "" after a failure


@dataclass(frozen=True)
class Kept:
    """A history that passed its checks: the bars and factors to write, and whether to append or replace."""

    verdict: Verdict
    factors: pd.DataFrame
    source: str


@dataclass(frozen=True)
class HistoryAnswer:
    """What reading one history along its chain came to."""

    kept: Kept | None
    failures: list[tuple[str, SourceError]]


# --- which -------------------------------------------------------------------------------------------------------


def wanted(work: Work, tickers: Sequence[str], known: Past, now: datetime) -> tuple[list[str], list[str]]:
    """Tickers whose history must be read, and complete ones due for their periodic reread."""
    words = {(s.ticker, s.part): s for s in runs.read_states(work.store)}
    asked = [t for t in tickers if not _given_up(words.get((t, "bars")), words.get((t, "quotes")), now)]
    must = [t for t in asked if _lacks(work, t, known, now)]
    # a day a week the requests are left to the valuation: there are ten in all
    most = 0 if plan.weekly_points_due(work, now) else REREADS_A_DAY
    left = most - sum(row.read_at > now - ONCE_A_DAY for row in known.series.values())
    old = [t for t in asked if t not in must and known.series[t].read_at < now - _patience(t)]
    due = {t for t in old if markets.kind(t) == "fx" or _dividend_due(work, t, now)}
    old.sort(key=lambda t: (markets.kind(t) != "fx", t not in due, known.series[t].read_at))
    return must, old[: max(0, left)]


def _given_up(bars: SymbolState | None, quotes: SymbolState | None, now: datetime) -> bool:
    """True where a recent request found no history, or one that failed its checks."""
    if bars is None or bars.state == "ok" or bars.at <= now - GIVEN_UP_FOR:
        return False
    unknown = quotes is not None and quotes.state == "unknown_symbol"
    return unknown or bars.state in ("no_data", "unknown_symbol", "suspect")


def _patience(ticker: str) -> timedelta:
    return RATES_AFTER if markets.kind(ticker) == "fx" else REREAD_AFTER


def _lacks(work: Work, ticker: str, known: Past, now: datetime) -> bool:
    """True where no history is stored, too short a one, or one that ends before the session that is due."""
    row, last = known.series.get(ticker), known.last(ticker)
    if row is None or last is None or row.years < work.years or ticker in work.reread:
        return True
    waiting = work.waiting.get(ticker)
    if waiting and any(evidence.fit(row, known, now) == "contradicts" for row in waiting[0]):
        return True
    due = _due(work, ticker, known, now)
    calendar = work.calendars.get(markets.group(ticker))
    session = calendar.session(due) if calendar and due else None
    if session is None or row.read_at >= session.closes + FINAL_AFTER:
        return False
    return last < session.day or row.count < SHORT


def _due(work: Work, ticker: str, known: Past, now: datetime) -> date | None:
    """The session up to which final bars should be stored: by the quote, else by a confirmed calendar."""
    group = markets.group(ticker)
    last = settled(work, group, now)
    waiting = work.waiting.get(ticker)
    quote = work.quotes.get(ticker) or (waiting[0][0] if waiting else None)
    if quote is None:
        return last.day if last and last.confirmed else None
    if quote["suspended"]:
        return None
    day: date = quote["session"].date()
    return day if last and day <= last.day else known.before(ticker, day)


def _dividend_due(work: Work, ticker: str, now: datetime) -> bool:
    """True for a foreign dividend payer whose last known ex-date is a quarter old: quotes do not show ex-dates there."""
    if markets.group(ticker) == "CN":
        return False
    factors = prices.read_factors(work.store, [ticker])
    return bool(len(factors)) and now.date() - factors["ex_date"].max().date() > QUARTER


# --- the part ----------------------------------------------------------------------------------------------------


def begin(work: Work, tickers: Sequence[str]) -> None:
    """On a first fill, request histories at the start of the run, because they take longest.

    They are checked and stored after the quotes, like any history. ``tickers``: those of one lane (see ``update``).
    """
    stored = prices.read_series(work.store)
    missing = [t for t in tickers if t not in stored][: MOST - len(work.early)]
    if len(missing) >= MANY:
        chains.load(missing[0])
        work.early.update(ask_early({ticker: partial(_first_source, work, ticker) for ticker in missing}))


def _first_source(work: Work, ticker: str) -> History:
    source, link = chains.histories(ticker)[0]
    with chains.bugs_said(source):
        return link(ticker, work.years, final_before=final_before(work, markets.group(ticker), clock.now()))


def update(work: Work, tickers: Sequence[str]) -> None:
    """Read what is wanted, mainland and foreign hosts side by side, each at its own pace; written as it arrives."""
    now = clock.now()
    known = evidence.look_back(work.store, work.calendars, now)
    must, again = wanted(work, tickers, known, now)
    todo = [*must[:MOST], *again]
    part = Part("bars", "histories", len(must) + len(again), missing=list(must[MOST:]))
    work.parts.append(part)
    work.total += len(todo)
    dividends = _dividends(work, tickers, todo)
    mainland = [t for t in todo if markets.group(t) == "CN"]
    lanes = [mainland, [t for t in todo if t not in mainland]]
    for ticker, found in side_by_side(work, lanes, lambda t: _read(work, t, dividends, known)):
        read = HistoryAnswer(None, [("basketwatch", found)]) if isinstance(found, SourceError) else found
        _keep(work, ticker, read, part)
        work.step(ticker)


def _dividends(work: Work, tickers: Sequence[str], todo: Sequence[str]) -> pd.DataFrame:
    """Dividends and bonus issues of all mainland stocks, one request: with any history, and when they failed before."""
    shares = [t for t in tickers if markets.group(t) == "CN" and markets.kind(t) == "stock"]
    failed_before = notes.noted(work.store, DIVIDENDS) == ""
    if not shares or not (failed_before or set(shares) & set(todo)):
        return pd.DataFrame()
    part = Part("bars", "dividends", len(shares))
    work.parts.append(part)
    since = date(clock.now().year - work.years - 1, 1, 1)

    def fetch(_: str) -> pd.DataFrame:
        from basketwatch.sources import eastmoney

        with chains.bugs_said("eastmoney"):
            return eastmoney.fetch_dividends(shares, since=since)

    _, found = next(side_by_side(work, [["dividends"]], fetch))
    if isinstance(found, SourceError):
        part.failed("eastmoney", found)
        notes.note(work.store, DIVIDENDS, "")
        return pd.DataFrame()
    part.got = len(shares)
    part.gave("eastmoney")
    if failed_before:
        _catch_up(work, found, set(shares) - set(todo))
    notes.note(work.store, DIVIDENDS, clock.iso(clock.now()))
    return found


def _catch_up(work: Work, dividends: pd.DataFrame, tickers: set[str]) -> None:
    """Factors of histories that were stored while the dividends could not be had."""
    from basketwatch.sources import eastmoney

    bars = prices.read_bars(work.store, sorted(tickers & set(dividends["ticker"])))
    found = eastmoney.factors(dividends[dividends["ticker"].isin(bars["ticker"])], bars)
    stored = prices.read_factors(work.store, sorted(tickers))
    noticed = stored[stored["source"].str.endswith(NOTICED)].set_index(["ticker", "ex_date"]).index
    found = found[~found.set_index(["ticker", "ex_date"]).index.isin(noticed)]
    prices.save_factors(work.store, found)


# --- one history -------------------------------------------------------------------------------------------------


def _read(work: Work, ticker: str, dividends: pd.DataFrame, known: Past) -> HistoryAnswer:
    """One ticker along its chain: the first history that passes; of short ones the longest."""
    best: Kept | None = None
    failures: list[tuple[str, SourceError]] = []
    years = _years(work, ticker, known.series.get(ticker))
    for source, link in chains.histories(ticker):
        before = final_before(work, markets.group(ticker), clock.now())
        try:
            with chains.bugs_said(source):
                early = work.early.pop(ticker, None)
                found = early.result(work.until - monotonic()) if early else link(ticker, years, final_before=before)
                kept = accept(work, ticker, found, dividends, known)
        except SourceError as error:
            failures.append((source, error))
            continue
        if ticker in known.series or len(kept.verdict.bars) >= SHORT:
            return HistoryAnswer(kept, failures)
        best = kept if best is None or len(kept.verdict.bars) > len(best.verdict.bars) else best
    return HistoryAnswer(best, failures or [("basketwatch", NoData(source="basketwatch", ticker=ticker))])


def accept(work: Work, ticker: str, history: History, dividends: pd.DataFrame, known: Past) -> Kept:
    """Check a history against the store and this run's quote. Raises SuspectAnswer, BadAnswer."""
    calendar, now = work.calendars.get(markets.group(ticker)), clock.now()
    bars = shape.typed(history.bars, columns.BARS, source=history.source)
    stored = prices.read_bars(work.store, [ticker])
    if bars.empty:
        raise NoData(source=history.source, ticker=ticker)
    factors = _factors(ticker, history, dividends)
    # Tencent sends 800 bars at most; for the sectors only what lies between was asked for
    asked = None if markets.kind(ticker) == "sector" else now.date() - timedelta(days=365 * min(work.years, 3))
    verdict = check_bars(bars, ticker, calendar=calendar, now=now, stored=stored, factors=factors, asked=asked)
    if verdict.bars.empty:
        raise SuspectAnswer(source=history.source, ticker=ticker, detail="no bar passed")
    if len(verdict.bars) < len(bars):
        factors = _factors(ticker, _passed(history, verdict.bars), dividends)
    compared = int(stored["final"].sum()) >= COMPARABLE_BARS
    _check_quotes(work, ticker, verdict.bars, factors, known, compared=compared)
    if verdict.action == "append":
        factors = _with_noticed(work, ticker, factors)
    kept = Kept(verdict, factors, history.source)
    return _in_place_of_damaged(kept, ticker, stored) if ticker in work.damaged else kept


def _years(work: Work, ticker: str, row: Any) -> int:
    """Years to read: those asked for; of a damaged history as many as are stored, since all of it is replaced."""
    if ticker not in work.damaged or row is None:
        return work.years
    oldest: date = row.first
    return max(work.years, int(row.years), (clock.now().date() - oldest).days // 365 + 1)


def _in_place_of_damaged(kept: Kept, ticker: str, stored: pd.DataFrame) -> Kept:
    """The history as a replacement of a damaged one. Raises SuspectAnswer if it is shorter than the stored history.

    Differences from the damaged closes are not counted as revisions by the source.
    """
    verdict = kept.verdict
    if verdict.bars["session"].min() > stored["session"].min() + timedelta(days=14):
        raise SuspectAnswer(source=kept.source, ticker=ticker, detail="shorter than the damaged history")
    faults = [f for f in verdict.faults if f.key != "revised"]
    return replace(kept, verdict=replace(verdict, action="replace", faults=faults))


def _check_quotes(
    work: Work, ticker: str, bars: pd.DataFrame, factors: pd.DataFrame, known: Past, *, compared: bool
) -> None:
    """Raise SuspectAnswer where this run's quotes contradict a history.

    A history that was ``compared`` with stored bars is believed against a doubtful quote.
    """
    kept = work.quotes.get(ticker)
    quotes = [kept] if kept else work.waiting.get(ticker, ([], None))[0]
    said = [evidence.explains(bars, factors, row, known) for row in quotes]
    if not said or False not in said or True in said or (compared and kept is None):
        return
    if kept is None:
        work.contradicted.add(ticker)
    detail = f"previous close {quotes[0]['previous_close']:.10g} of {quotes[0]['source']} contradicts it"
    raise SuspectAnswer(source=str(bars["source"].iloc[0]), ticker=ticker, detail=detail)


def _factors(ticker: str, history: History, dividends: pd.DataFrame) -> pd.DataFrame:
    """The history's own factors; a mainland stock's come from its dividends."""
    from basketwatch.sources import eastmoney

    if dividends.empty or not (dividends["ticker"] == ticker).any():
        return history.factors
    return eastmoney.factors(dividends[dividends["ticker"] == ticker], history.bars)


def _passed(history: History, bars: pd.DataFrame) -> History:
    """A history with the bars that passed, and without the factors that came with those that did not."""
    sound = ~history.factors["ex_date"].isin(history.bars["session"]) | history.factors["ex_date"].isin(bars["session"])
    return History(bars, history.factors[sound], history.source)


def _with_noticed(work: Work, ticker: str, factors: pd.DataFrame) -> pd.DataFrame:
    """``factors`` with those read off quotes kept: the exchange's reference prices include rights issues and buy-backs."""
    stored = prices.read_factors(work.store, [ticker])
    noticed = stored[stored["source"].str.endswith(NOTICED)]
    if noticed.empty:
        return factors
    rest = factors[~factors["ex_date"].isin(noticed["ex_date"])]
    return pd.concat([rest, noticed]) if len(rest) else noticed


def _keep(work: Work, ticker: str, read: HistoryAnswer, part: Part) -> None:
    """Write one history, or say why there is none."""
    now = clock.now()
    for source, error in read.failures if read.kept is None else ():
        part.failed(source, error)
    if read.kept is None:
        part.missing.append(ticker)
        states = [state_of(ticker, "bars", source, error, now) for source, error in read.failures]
        runs.save_states(work.store, [worst_known(states)])
    else:
        _write(work, ticker, read.kept, now)
        work.contradicted.discard(ticker)
        part.got += 1
        part.gave(read.kept.source)
    suspects = [(s, e) for s, e in read.failures if isinstance(e, SuspectAnswer)]
    rows = [quarantine_row(ticker, "bars", source, error.key, error.params, now) for source, error in suspects]
    runs.save_quarantine(work.store, rows)


def _write(work: Work, ticker: str, kept: Kept, now: datetime) -> None:
    verdict = kept.verdict
    # Without any factor those that are stored stay: a source that has none says nothing about them.
    factors = kept.factors if len(kept.factors) or verdict.action == "replace" else None
    swap = verdict.action == "replace"
    years = _years(work, ticker, prices.read_series(work.store).get(ticker)) if swap else work.years
    prices.save_series(work.store, ticker, verdict.bars, factors, years=years, now=now, swap=swap)
    rejected = {f.key: f for f in verdict.faults if f.severity == "hard"}  # one a kind is enough to look into
    params: dict[str, Any] = {"ticker": ticker, "source": kept.source}
    rows = [
        quarantine_row(ticker, "bars", kept.source, f.key, params | {"detail": f.detail}, now)
        for f in rejected.values()
    ]
    if ticker in work.damaged:
        rows.append(quarantine_row(ticker, "bars", kept.source, "healed", params, now))
    runs.save_quarantine(work.store, rows)
    key, said = remark(verdict.faults, ticker, kept.source)
    runs.save_states(work.store, [SymbolState(ticker, "bars", "ok", kept.source, now, None, key, said)])


# --- Shenwan sectors ---------------------------------------------------------------------------------------------


def update_sectors(work: Work, tickers: Sequence[str], *, closes: bool, pe: bool) -> None:
    """Closes and PE of the Shenwan indices: years at first, afterwards only what lies between; a request a calendar
    year for both. PE that come along are kept as well; closes are not, where none lacks: each quote has given one.
    """
    now = clock.now()
    known = evidence.look_back(work.store, work.calendars, now)
    closes = closes and any(_lacks(work, t, known, now) for t in tickers)
    begins = [_closes_from(work, tickers, known, now)] if closes else []
    since = plan.sectors_from(work, tickers, now) if pe else None
    begins += [since] if since else []
    if not begins:
        return
    work.total += 1

    def fetch(_: str) -> Days:
        from basketwatch.sources import shenwan

        with chains.bugs_said("shenwan"):
            return shenwan.fetch_days(min(begins), now.astimezone(UTC).date())

    _, found = next(side_by_side(work, [["sectors"]], fetch))
    if closes:
        part = Part("sectors", "sectors", len(tickers))
        work.parts.append(part)
        for ticker in tickers:
            _keep(work, ticker, _sector(work, ticker, found, known), part)
    if since or not isinstance(found, SourceError):
        keep_sectors(work, tickers, found)
    work.step("sectors")


def _closes_from(work: Work, tickers: Sequence[str], known: Past, now: datetime) -> date:
    short = any(t not in known.series or known.series[t].years < work.years or t in work.damaged for t in tickers)
    newest = [known.last(t) or now.date() for t in tickers]
    years = max((_years(work, t, known.series.get(t)) for t in tickers), default=work.years)
    return date(now.year - years, 1, 1) if short else min(newest) - timedelta(days=14)


def _sector(work: Work, ticker: str, days: Days | SourceError, known: Past) -> HistoryAnswer:
    """One sector's closes out of the answer about all."""
    if isinstance(days, SourceError):
        return HistoryAnswer(None, [("shenwan", days)])
    bars = days.bars[days.bars["ticker"] == ticker]
    try:
        with chains.bugs_said("shenwan"):
            history = History(bars, no_factors(), "shenwan")
            return HistoryAnswer(accept(work, ticker, history, pd.DataFrame(), known), [])
    except SourceError as error:
        return HistoryAnswer(None, [("shenwan", error)])
