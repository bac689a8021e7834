"""Deletes stored rows of sessions that have not begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from basketwatch.domain.markets import group
from basketwatch.store import schema
from basketwatch.store.database import Store
from basketwatch.store.prices import as_hex, digest_of
from basketwatch.store.rows import upsert

AHEAD = timedelta(days=1)  # an instant further than this from now is of no exchange


def drop_future(store: Store, ends: Mapping[str, date], now: datetime) -> list[str]:
    """Delete quotes and bars of sessions after the last possible one of their market group (``ends``); the tickers.

    Such a row is newer than every honest answer and would keep them all out. Where most tickers have one it is the
    clock that is wrong, and nothing is deleted.
    """
    q, s = schema.quotes.c, schema.series.c
    with store.engine.begin() as c:
        quoted = c.execute(select(q.ticker, q.session, q.quote_time)).all()
        lasts = c.execute(select(s.ticker, s.last)).all()
        late = {r.ticker for r in quoted if _after(r.ticker, r.session, ends) or r.quote_time > now + AHEAD}
        late |= {r.ticker for r in lasts if _after(r.ticker, r.last, ends)}
        if not late or 2 * len(late) > len({r.ticker for r in (*quoted, *lasts)}):
            return []
        c.execute(delete(schema.quotes).where(q.ticker.in_(late)))
        for ticker in (t for t in late if group(t) in ends):
            _cut(c, ticker, ends[group(ticker)])
    return sorted(late)


def _after(ticker: str, session: date, ends: Mapping[str, date]) -> bool:
    end = ends.get(group(ticker))
    return end is not None and session > end


def _cut(c: Connection, ticker: str, end: date) -> None:
    """Delete one ticker's bars after ``end`` and correct its series row."""
    b, s = schema.bars.c, schema.series.c
    stored = select(b.session, b.close, b.final).where(b.ticker == ticker).order_by(b.session)
    rows = list(c.execute(stored).mappings())
    c.execute(delete(schema.bars).where(b.ticker == ticker, b.session > end))
    kept = [r["session"] for r in rows if r["final"] and r["session"] <= end]
    dropped = [r for r in rows if r["session"] > end]
    row = c.execute(select(schema.series).where(s.ticker == ticker)).mappings().first()
    if row is None:
        return
    if not kept:
        c.execute(delete(schema.series).where(s.ticker == ticker))
        return
    digest = as_hex(int(row["digest"], 16) - digest_of(dropped))
    changed: dict[str, Any] = {"last": kept[-1], "count": len(kept), "digest": digest}
    upsert(c, schema.series, [dict(row) | changed])
