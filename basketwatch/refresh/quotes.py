"""Latest quotes: for each group of tickers ask its sources in order until none is missing; then derive bars and ex-dates.

A quote that agrees with the stored closes is stored (``evidence``). Any other quote needs a second source that agrees
with it, or a history that explains it. The quote gives its session's bar and the mainland's ex-dates: 前收盘 is the
exchange's reference price, and reference / stored close is the factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pandas as pd

from basketwatch import clock
from basketwatch.analysis.age import is_closing
from basketwatch.domain import columns, markets
from basketwatch.domain.calendars import FINAL_AFTER
from basketwatch.domain.faults import Fault, remark
from basketwatch.domain.model import SymbolState
from basketwatch.errors import SourceError, SuspectAnswer
from basketwatch.refresh import early, evidence
from basketwatch.refresh.checks import quotes, shape
from basketwatch.refresh.evidence import Past
from basketwatch.refresh.work import (
    Part,
    Row,
    Work,
    begun,
    expected,
    quarantine_row,
    side_by_side,
    state_of,
    worst_known,
)
from basketwatch.sources import chains
from basketwatch.store import prices, runs

NOTICED = " quote"  # ends the source of a factor that was read off a quote
LAG = timedelta(minutes=5)  # by which a quote may be older than one that is held already, as sources differ
GONE_FOR = timedelta(hours=12)  # a symbol that nobody has is not asked for one by one before


@dataclass
class Lane:
    """One group of tickers and the answers so far.

    ``late``: tickers whose kept quote has an earlier session than the one due. ``early``: tickers whose quote already
    has the coming session's date. ``soft``: soft faults by ticker and source.
    """

    name: str
    tickers: Sequence[str]
    part: Part
    gone: set[str]
    kept: dict[str, Row] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)
    doubted: dict[str, list[Row]] = field(default_factory=dict)
    failures: dict[str, list[SymbolState]] = field(default_factory=dict)
    quarantine: list[dict[str, object]] = field(default_factory=list)
    soft: dict[tuple[str, str], list[Fault]] = field(default_factory=dict)

    def open(self, source: str) -> list[str]:
        """Tickers to ask this source for."""
        fresh = {t for t in self.kept if t not in self.late} | self.early
        if chains.quoting(source).one_by_one:
            fresh |= self.kept.keys() | self.doubted.keys() | self.gone
        return sorted(t for t in self.tickers if t not in fresh and chains.serves(source, t))

    def failed(self, state: SymbolState) -> None:
        self.failures.setdefault(state.ticker, []).append(state)


def update(work: Work, tickers: Sequence[str]) -> None:
    """Ask for all groups in parallel; write each group when its sources are exhausted."""
    now = clock.now()
    known = evidence.look_back(work.store, work.calendars, now)
    for ticker in work.damaged:
        known.closes.pop(ticker, None)
    by_lane: dict[str, list[str]] = {}
    for ticker in tickers:
        by_lane.setdefault(chains.lane(ticker), []).append(ticker)
    gone = {
        s.ticker for s in runs.read_states(work.store)
        if s.part == "quotes" and s.state in ("no_data", "unknown_symbol") and s.at > now - GONE_FOR
    }  # fmt: skip
    lanes = {n: Lane(n, found, Part("quotes", n, len(found)), gone) for n, found in by_lane.items()}
    work.total += len(lanes)
    for name, error in side_by_side(work, [[n] for n in lanes], lambda n: _walk(work, lanes[n], known)):
        lane = lanes[name]
        if isinstance(error, SourceError):
            lane.part.failed("basketwatch", error)
            for ticker in lane.tickers:
                lane.failed(state_of(ticker, "quotes", "basketwatch", error, now))
        _close(work, lane, known)
        work.step(name)


def _walk(work: Work, lane: Lane, known: Past) -> None:
    """Ask one source after the other for tickers that are missing, late or doubtful."""
    for source in chains.QUOTES[lane.name]:
        asked, now = lane.open(source), clock.now()
        if not asked:
            continue
        latest = {group: begun(work, group, now) for group in (*markets.GROUPS, "FX")}
        try:
            answer = early.answer(work, source, asked, session=latest["CN"], now=now)
            with chains.bugs_said(source):
                answer = shape.typed(answer, columns.QUOTES, source=source)
                good, faults = quotes.check_quotes(answer, asked, begun=latest, now=clock.now())
        except SourceError as error:
            lane.part.failed(source, error)
            for ticker in asked:
                lane.failed(state_of(ticker, "quotes", source, error, now))
            continue
        for fault in faults:
            if fault.severity == "hard":
                _fault(work, lane, source, fault, now)
            else:
                lane.soft.setdefault((fault.ticker, source), []).append(fault)
        for row in good.to_dict("records"):
            _take(work, lane, row, known, now)  # type: ignore[arg-type]


def _fault(work: Work, lane: Lane, source: str, fault: Fault, now: datetime) -> None:
    """Record a missing or rejected row. Before the opening a row with the new date is not a fault."""
    if fault.key == "not_begun" and _about_to_open(work, fault, now):
        lane.early.add(fault.ticker)
        return
    params = {"ticker": fault.ticker, "detail": fault.detail, "source": source}
    state = "no_data" if fault.key == "missing" else "suspect"
    lane.failed(SymbolState(fault.ticker, "quotes", state, source, now, None, fault.key, tuple(params.items())))
    if fault.key != "missing":
        lane.quarantine.append(quarantine_row(fault.ticker, "quotes", source, fault.key, params, now))


def _about_to_open(work: Work, fault: Fault, now: datetime) -> bool:
    group = markets.group(fault.ticker)
    calendar = work.calendars.get(group)
    state = calendar.state(now) if calendar else None
    today = now.astimezone(markets.zone_of(group)).date()
    return state is not None and state.phase == "pre" and fault.session == today


def _take(work: Work, lane: Lane, row: Row, known: Past, now: datetime) -> None:
    """Keep a quote, or add it to the doubtful ones. A quote older than the kept or stored one is ignored."""
    ticker, source = row["ticker"], row["source"]
    if (before := _repeated_session(row, known)) is not None:
        row["session"] = pd.Timestamp(before)
    held = lane.kept.get(ticker) or known.taken.get(ticker)
    late = not row["suspended"] and row["session"].date() < expected(work, markets.group(ticker), now)
    if held and (held["session"] > row["session"] or held["quote_time"] > row["quote_time"] + LAG):
        lane.failed(SymbolState(ticker, "quotes", "stale", source, now, None, "stale_day", (("ticker", ticker),)))
        return
    others = lane.doubted.setdefault(ticker, [])
    same = [o for o in others if o["source"] != source and evidence.agree(o, row)]
    others.append(row)
    if evidence.fit(row, known, now) != "fits":
        if not same:
            return
        row = min([*same, row], key=lambda r: r["volume"])  # lots taken for shares are a hundred times too many
    lane.kept[ticker] = row
    (lane.late.add if late else lane.late.discard)(ticker)
    lane.part.gave(lane.kept[ticker]["source"])


def _repeated_session(row: Row, known: Past) -> date | None:
    """The stored session that an undated page is repeating, if it is: its last price is that session's close."""
    ticker, newest = row["ticker"], known.last(row["ticker"])
    if markets.kind(ticker) != "sector" or newest is None or newest >= row["session"].date():
        return None
    close = known.closes[ticker][newest]
    stuck = evidence.same(row["last"], close, ticker) and not evidence.same(row["previous_close"], close, ticker)
    return newest if stuck else None


def _close(work: Work, lane: Lane, known: Past) -> None:
    """Store the group's quotes; record states for the missing ones and quarantine the contradicted ones."""
    now, part = clock.now(), lane.part
    keep(work, list(lane.kept.values()), known)
    for ticker, rows in lane.doubted.items():
        if ticker not in lane.kept:
            work.waiting[ticker] = (rows, part)
        else:
            lane.quarantine += [_contradicted(r, now) for r in rows if not evidence.agree(r, lane.kept[ticker])]
    part.wanted -= len(lane.early)
    part.got = len(lane.kept)
    lacking = [t for t in lane.tickers if t not in lane.kept and t not in lane.early]
    part.missing = [t for t in lacking if t not in work.waiting]
    part.stale = sorted(lane.late)
    work.parts.append(part)
    states = [worst_known(found) for t, found in lane.failures.items() if t in part.missing]
    states = [_gone(s, lane, known) for s in states]
    states += [_kept(lane, ticker, row["source"], now) for ticker, row in lane.kept.items()]
    runs.save_states(work.store, states)
    runs.save_quarantine(work.store, lane.quarantine)


def _kept(lane: Lane, ticker: str, source: str, now: datetime) -> SymbolState:
    """The state of a stored quote, with its remarks."""
    key, params = remark(lane.soft.get((ticker, source), ()), ticker, source)
    return SymbolState(ticker, "quotes", "stale" if ticker in lane.late else "ok", source, now, None, key, params)


def _gone(state: SymbolState, lane: Lane, known: Past) -> SymbolState:
    """``unknown_symbol`` in place of ``no_data``, where other tickers were answered and nothing was ever stored."""
    if state.state != "no_data" or not lane.kept or state.ticker in known.closes:
        return state
    params = (("source", state.source), ("ticker", state.ticker))
    return SymbolState(
        state.ticker, "quotes", "unknown_symbol", state.source, state.at, None, "source_unknown_symbol", params
    )


def _contradicted(row: Row, now: datetime) -> dict[str, object]:
    params = {"ticker": row["ticker"], "source": row["source"], "detail": _values(row["ticker"], [row])}
    return quarantine_row(row["ticker"], "quotes", row["source"], "other_symbol", params, now)


# --- what follows from a quote -----------------------------------------------------------------------------------


def keep(work: Work, rows: Sequence[Row], known: Past) -> None:
    """Write quotes, the ex-dates that they show, and the bars of their sessions."""
    if not rows:
        return
    work.quotes |= {row["ticker"]: row for row in rows}
    prices.save_quotes(work.store, pd.DataFrame(list(rows)))
    prices.save_factors(work.store, pd.DataFrame(_ex_dates(work, rows, known), columns=list(columns.FACTORS)))
    add_bars(work, rows, known)


def _ex_dates(work: Work, rows: Sequence[Row], known: Past) -> list[dict[str, object]]:
    """Factors where a confirmed reference price lies below the stored close; else the history must be read again."""
    found = []
    for row in rows:
        ticker, day = row["ticker"], row["session"].date()
        before = known.before(ticker, day)
        close = known.closes.get(ticker, {}).get(before) if before else None
        if close is None or evidence.same(row["previous_close"], close, ticker):
            continue
        mainland = markets.group(ticker) == "CN" and markets.kind(ticker) in ("stock", "etf")
        if mainland and row["previous_close"] < close:
            factor = row["previous_close"] / close
            found.append(
                {"ticker": ticker, "ex_date": row["session"], "factor": factor, "source": row["source"] + NOTICED}
            )
        else:
            work.reread.add(ticker)
    return found


def add_bars(work: Work, rows: Sequence[Row], known: Past) -> None:
    """Store the bar of each quote's session if no bar before it is missing; and the bar before, if not final yet."""
    now = clock.now()
    bars = []
    for row in rows:
        ticker, day = row["ticker"], row["session"].date()
        last, before = known.last(ticker), known.before(ticker, day)
        closing = known.closing(ticker, before, now) if before and last and last < before else None
        if closing is not None and evidence.same(row["previous_close"], closing["last"], ticker):
            bars.append(closing | {"final": True})
            last = before
        if last is None or row["suspended"] or last >= day or day.weekday() > 4 or ticker in work.reread:
            continue
        if _reaches(known, ticker, last, before):
            bars.append(row | {"final": is_closing(row, work.calendars, now)})
    if bars:
        prices.save_bars(work.store, pd.DataFrame(bars).rename(columns={"last": "close"}))


def _reaches(known: Past, ticker: str, last: date, before: date | None) -> bool:
    """True where the stored history reaches the session before, or was read whole after that session was final."""
    if before is None or last >= before:
        return True
    session = known.calendars[markets.group(ticker)].session(before)
    row = known.series.get(ticker)
    return session is not None and row is not None and row.read_at >= session.closes + FINAL_AFTER


# --- when the histories are in -----------------------------------------------------------------------------------


def settle(work: Work, *, histories_read: bool) -> None:
    """Check waiting quotes against the new histories; store those explained, and those that nothing contradicts."""
    now = clock.now()
    known = evidence.look_back(work.store, work.calendars, now)
    bars = prices.read_bars(work.store, list(work.waiting), since=(now - evidence.WEEKS).date())
    factors = prices.read_factors(work.store, list(work.waiting))
    good, states, quarantine = [], [], []
    for ticker, (rows, part) in work.waiting.items():
        mine = bars[bars["ticker"] == ticker], factors[factors["ticker"] == ticker]
        row = next((r for r in rows if histories_read and evidence.explains(*mine, r, known)), None)
        if row is None and len(rows) == 1 and ticker not in work.contradicted:
            row = rows[0] if evidence.fit(rows[0], known, now) != "contradicts" else None
        if row is not None:
            good.append(row)
            quarantine += [_contradicted(r, now) for r in rows if not evidence.agree(r, row)]
            part.got += 1
            part.gave(row["source"])
            if not row["suspended"] and row["session"].date() < expected(work, markets.group(ticker), now):
                part.stale.append(ticker)
            states.append(SymbolState(ticker, "quotes", "ok", row["source"], now))
            continue
        part.missing.append(ticker)
        detail = _values(ticker, rows)
        for row in rows:
            error = SuspectAnswer(source=row["source"], ticker=ticker, detail=detail)
            part.failed(row["source"], error)
            states.append(state_of(ticker, "quotes", row["source"], error, now))
            quarantine.append(_contradicted(row, now))
    work.reread.clear()
    runs.save_states(work.store, states)
    runs.save_quarantine(work.store, quarantine)
    _save_settled(work, good, known)


def _values(ticker: str, rows: Sequence[Row]) -> str:
    """What the sources said that cannot all be true: each value with its source."""
    what, column = ("rate", "last") if markets.kind(ticker) == "fx" else ("previous close", "previous_close")
    return f"{what} " + " / ".join(f"{row[column]:.10g} ({row['source']})" for row in rows)


def _save_settled(work: Work, good: Sequence[Row], known: Past) -> None:
    """Store the quotes that waited, and bars of all this run's quotes: more of them now follow a stored bar."""
    if good:
        prices.save_quotes(work.store, pd.DataFrame(list(good)))
        work.quotes |= {row["ticker"]: row for row in good}
    rows = [r for r in work.quotes.values() if evidence.fit(r, known, clock.now()) == "fits"]
    add_bars(work, rows, known)
