"""Quotes, bars, adjustment factors and sessions: written and read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from statistics import median_low
from typing import TYPE_CHECKING, Any
from zlib import crc32

from sqlalchemy import delete, func, insert, select

from basketwatch.domain import columns
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.domain.model import Freshness
from basketwatch.store import schema

if TYPE_CHECKING:
    import pandas as pd
from basketwatch.store.database import Store
from basketwatch.store.rows import as_records, frame_of, upsert


def save_quotes(store: Store, quotes: pd.DataFrame) -> None:
    """Keep the latest quote of each ticker (columns.QUOTES); a name or cap that it lacks stays as it was."""
    with store.engine.begin() as c:
        upsert(c, schema.quotes, as_records(quotes, schema.quotes), keep=("name", "market_cap", "float_cap"))


def save_bars(store: Store, bars: pd.DataFrame) -> None:
    """Add or overwrite bars (columns.BARS) by ticker and session; a series that they belong to is brought up to date."""
    rows = {(r["ticker"], r["session"]): r for r in as_records(bars, schema.bars)}
    if not rows:
        return
    b, s = schema.bars.c, schema.series.c
    tickers, days = {ticker for ticker, _ in rows}, {session for _, session in rows}
    stored = select(b.ticker, b.session, b.close, b.final).where(b.ticker.in_(tickers), b.session.in_(days))
    with store.engine.begin() as c:
        replaced = [r for r in c.execute(stored).mappings() if (r["ticker"], r["session"]) in rows]
        changed = []
        for row in c.execute(select(schema.series).where(s.ticker.in_(tickers))).mappings().all():
            own = [r for r in rows.values() if r["ticker"] == row["ticker"]]
            changed.append(dict(row) | _with_new_bars(row, own, [r for r in replaced if r["ticker"] == row["ticker"]]))
        upsert(c, schema.series, changed)
        upsert(c, schema.bars, list(rows.values()))


def _with_new_bars(
    row: Mapping[Any, Any], new: Sequence[Mapping[Any, Any]], old: Sequence[Mapping[Any, Any]]
) -> dict[str, Any]:
    """Changed columns of a series row when ``new`` bars replace ``old`` ones.

    Updates first, last, count and digest incrementally. Recomputing the digest from stored rows would mask corruption.
    """
    days = [r["session"] for r in new if r["final"]]
    return {
        "first": min([row["first"], *days]), "last": max([row["last"], *days]),
        "count": row["count"] + len(days) - sum(r["final"] for r in old),
        "digest": as_hex(int(row["digest"], 16) + digest_of(new) - digest_of(old)),
    }  # fmt: skip


def save_series(
    store: Store,
    ticker: str,
    bars: pd.DataFrame,
    factors: pd.DataFrame | None,
    *,
    years: int,
    now: datetime,
    swap: bool,
) -> None:
    """One ticker's history in one transaction: bars, factors (None = leave them) and the series row.

    ``swap`` replaces all that was stored (a source that rebased its prices). Otherwise bars are added and overwritten,
    and the factors are replaced from the first of these bars on. No bars, no change.
    """
    rows = as_records(bars, schema.bars)
    if not rows:
        return
    b, f = schema.bars.c, schema.factors.c
    first = date.min if swap else min(r["session"] for r in rows)
    with store.engine.begin() as c:
        if swap:
            c.execute(delete(schema.bars).where(b.ticker == ticker))
        upsert(c, schema.bars, rows)
        if factors is not None:
            c.execute(delete(schema.factors).where(f.ticker == ticker, f.ex_date >= first))
            upsert(c, schema.factors, as_records(factors, schema.factors))
        stored = select(b.session, b.close, b.final).where(b.ticker == ticker).order_by(b.session)
        series = _series_row(ticker, c.execute(stored).mappings().all(), rows[-1]["source"], years, now)
        c.execute(delete(schema.series).where(schema.series.c.ticker == ticker))
        upsert(c, schema.series, series)


def save_histories(store: Store, bars: pd.DataFrame, factors: pd.DataFrame, *, years: int, now: datetime) -> None:
    """Many histories into a store that has none of them, in one transaction."""
    by_ticker: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(as_records(bars, schema.bars), key=lambda r: (r["ticker"], r["session"])):
        by_ticker.setdefault(row["ticker"], []).append(row)
    with store.engine.begin() as c:
        for ticker, rows in by_ticker.items():
            c.execute(insert(schema.bars), rows)
            upsert(c, schema.series, _series_row(ticker, rows, rows[-1]["source"], years, now))
        upsert(c, schema.factors, as_records(factors, schema.factors))


def _series_row(
    ticker: str, rows: Sequence[Mapping[Any, Any]], source: str, years: int, now: datetime
) -> list[dict[str, Any]]:
    """The series row of a ticker's bars, sorted by session; none while no bar is final."""
    days = [r["session"] for r in rows if r["final"]]
    return [{
        "ticker": ticker, "source": source, "first": days[0], "last": days[-1], "count": len(days),
        "years": years, "read_at": now, "digest": as_hex(digest_of(rows)),
    }] if days else []  # fmt: skip


def digest_of(rows: Iterable[Mapping[Any, Any]]) -> int:
    """Digest of the final closes: a sum, independent of order, so that a bar is added or removed without the others."""
    return sum(_mark(r["session"], r["close"]) for r in rows if r["final"])


def _mark(day: date, close: float | None) -> int:
    return crc32(f"{day.toordinal()} {float(close or 0)}".encode())


def as_hex(digest: int) -> str:
    return f"{digest % 2**64:016x}"


def damaged_series(store: Store) -> list[str]:
    """Tickers whose stored final closes do not match their digest: SQLite itself does not notice a flipped bit."""
    b = schema.bars.c
    found: Counter[str] = Counter()
    with store.engine.connect() as c:
        known = c.execute(select(schema.series.c.ticker, schema.series.c.digest)).all()
        for ticker, day, close in c.execute(select(b.ticker, b.session, b.close).where(b.final)):
            found[ticker] += _mark(day, close)
    return [ticker for ticker, digest in known if as_hex(found[ticker]) != digest]


def save_factors(store: Store, factors: pd.DataFrame) -> None:
    """Add or overwrite ratio adjustment factors (columns.FACTORS) by ticker and ex-date."""
    with store.engine.begin() as c:
        upsert(c, schema.factors, as_records(factors, schema.factors))


def save_sessions(store: Store, group: str, days: Sequence[Session]) -> None:
    """Replace a market group's trading sessions; none given, none replaced."""
    rows = [{"market_group": group, "day": s.day, "opens": s.opens, "closes": s.closes} for s in days]
    if not rows:
        return
    with store.engine.begin() as c:
        c.execute(delete(schema.sessions).where(schema.sessions.c.market_group == group))
        c.execute(insert(schema.sessions), rows)


def read_quotes(store: Store) -> pd.DataFrame:
    """Latest quote of each ticker, columns.QUOTES, indexed by ticker."""
    return frame_of(store, select(schema.quotes), columns.QUOTES).set_index("ticker", drop=False)


def read_bars(store: Store, tickers: Sequence[str] | None = None, since: date | None = None) -> pd.DataFrame:
    """Bars (columns.BARS) of ``tickers`` (None = all) from ``since`` on, sorted by ticker and session."""
    query = select(schema.bars).order_by(schema.bars.c.ticker, schema.bars.c.session)
    if tickers is not None:
        query = query.where(schema.bars.c.ticker.in_(tickers))
    if since is not None:
        query = query.where(schema.bars.c.session >= since)
    return frame_of(store, query, columns.BARS)


def read_factors(store: Store, tickers: Sequence[str] | None = None) -> pd.DataFrame:
    """Adjustment factors (columns.FACTORS), sorted by ticker and ex-date."""
    query = select(schema.factors).order_by(schema.factors.c.ticker, schema.factors.c.ex_date)
    return frame_of(
        store, query if tickers is None else query.where(schema.factors.c.ticker.in_(tickers)), columns.FACTORS
    )


def read_series(store: Store) -> dict[str, Any]:
    """Ticker -> row of the series table (first, last, count, years, read_at, source); a row with a hole is left out."""
    whole = select(schema.series).where(*(c.is_not(None) for c in schema.series.c))
    with store.engine.connect() as c:
        return {row.ticker: row for row in c.execute(whole)}


def final_closes(store: Store, since: date) -> list[tuple[str, date, float, float | None]]:
    """Ticker, session, raw close and volume of the final bars from ``since`` on, without a frame and its pandas."""
    b = schema.bars.c
    query = select(b.ticker, b.session, b.close, b.volume).where(b.final, b.session >= since)
    with store.engine.connect() as c:
        return [tuple(row) for row in c.execute(query)]


def ex_dates(store: Store, since: date) -> list[tuple[str, date, float]]:
    """Ticker, ex-date and factor of the adjustments from ``since`` on, without a frame and its pandas."""
    f = schema.factors.c
    query = select(f.ticker, f.ex_date, f.factor).where(f.ex_date >= since, f.factor.is_not(None))
    with store.engine.connect() as c:
        return [tuple(row) for row in c.execute(query)]


def last_closes(store: Store, tickers: Collection[str] | None = None) -> dict[str, tuple[date, float]]:
    """Ticker -> session and raw close of its last final bar; of ``tickers`` (None = all)."""
    if tickers is not None and not tickers:
        return {}
    b = schema.bars.c
    grouped = select(b.ticker, func.max(b.session).label("session")).where(b.final).group_by(b.ticker)
    newest = (grouped if tickers is None else grouped.where(b.ticker.in_(list(tickers)))).subquery()
    query = select(b.ticker, b.session, b.close).join(
        newest, (b.ticker == newest.c.ticker) & (b.session == newest.c.session)
    )
    with store.engine.connect() as c:
        return {row.ticker: (row.session, row.close) for row in c.execute(query)}


def read_calendars(store: Store, since: date | None = None) -> dict[str, Calendar]:
    """Market group -> its calendar from ``since`` on (None = all), as far as the store knows the sessions."""
    s = schema.sessions.c
    whole = s.opens.is_not(None), s.closes.is_not(None)
    query = select(schema.sessions).where(*whole).order_by(s.market_group, s.day)
    found: dict[str, list[Session]] = {}
    with store.engine.connect() as c:
        for row in c.execute(query if since is None else query.where(s.day >= since)):
            found.setdefault(row.market_group, []).append(Session(row.day, row.opens, row.closes))
    return {group: Calendar(group, tuple(days)) for group, days in found.items()}


def freshness(store: Store, tickers: Collection[str]) -> dict[str, Freshness]:
    """Market group -> how fresh the quotes of ``tickers`` are; the newest alone would hide that most are old.

    Others are no longer followed, and grow old for ever. Light: the page's first line needs it before pandas is there.
    """
    from basketwatch.domain.markets import group

    q = schema.quotes.c
    # the sectors have another source, which may answer while the others do not
    shares = {t for t in tickers if not t.endswith(".SI")}
    found: dict[str, list[Any]] = {}
    with store.engine.connect() as c:
        for row in c.execute(select(q.ticker, q.fetched_at, q.source).where(q.fetched_at.is_not(None))):
            if row.ticker in shares:
                found.setdefault(group(row.ticker), []).append(row)
    return {
        g: Freshness(
            fetched_at=median_low(r.fetched_at for r in rows),
            sources=tuple(dict.fromkeys(r.source for r in rows)),
        )
        for g, rows in found.items()
    }
