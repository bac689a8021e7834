"""Refresh runs, states of symbols, requests, breakers and quarantined answers: written and read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import delete, func, insert, select, update

from basketwatch.domain.model import Run, State, SymbolState
from basketwatch.store import schema
from basketwatch.store.database import Store
from basketwatch.store.rows import upsert

KEEP_REQUESTS = timedelta(days=14)
KEEP_RUNS = timedelta(days=60)  # and answers put aside


def save_states(store: Store, states: Iterable[SymbolState]) -> None:
    """Set the state words; ``last_ok`` of an earlier success stays."""
    rows = [{
        "ticker": s.ticker, "part": s.part, "state": s.state, "source": s.source, "at": s.at,
        "last_ok": s.at if s.state in ("ok", "partial") else s.last_ok, "key": s.key,
        "params": json.dumps(dict(s.params), ensure_ascii=False),
    } for s in states]  # fmt: skip
    with store.engine.begin() as c:
        upsert(c, schema.states, rows, keep=("last_ok",))


def save_quarantine(store: Store, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put aside what failed a check: at, ticker, part, source, key, params (JSON)."""
    if rows:
        with store.engine.begin() as c:
            c.execute(insert(schema.quarantine), list(rows))


def save_breakers(store: Store, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the breakers: host, open_until, failures, reason."""
    with store.engine.begin() as c:
        c.execute(delete(schema.breakers))
        if rows:
            c.execute(insert(schema.breakers), list(rows))


# --- runs --------------------------------------------------------------------------------------------------------


def start_run(store: Store, now: datetime, total: int) -> int:
    """Begin a refresh; returns its id. Old requests, runs and answers put aside are dropped here."""
    with store.engine.begin() as c:
        c.execute(delete(schema.requests).where(schema.requests.c.at < now - KEEP_REQUESTS))
        c.execute(delete(schema.runs).where(schema.runs.c.started < now - KEEP_RUNS))
        c.execute(delete(schema.quarantine).where(schema.quarantine.c.at < now - KEEP_RUNS))
        row = {"started": now, "pid": os.getpid(), "done": 0, "total": total, "label": ""}
        return int(c.execute(insert(schema.runs).values(**row).returning(schema.runs.c.id)).scalar_one())


def note_progress(store: Store, run: int, done: int, total: int, label: str) -> None:
    """How far a run has come, for the page that watches it."""
    with store.engine.begin() as c:
        c.execute(update(schema.runs).where(schema.runs.c.id == run).values(done=done, total=total, label=label))


def finish_run(
    store: Store, run: int, now: datetime, report: Mapping[str, Any], asked: Sequence[Mapping[str, Any]]
) -> None:
    """End a refresh with its report and the requests it made."""
    with store.engine.begin() as c:
        c.execute(update(schema.runs).where(schema.runs.c.id == run)
                  .values(finished=now, report=json.dumps(report, ensure_ascii=False)))  # fmt: skip
        if asked:
            c.execute(insert(schema.requests), [{"run_id": run, **row} for row in asked])


def last_run(store: Store, *, finished: bool = False) -> Run | None:
    """The newest run, or the newest that has finished."""
    query = select(schema.runs).order_by(schema.runs.c.id.desc()).limit(1)
    if finished:
        query = query.where(schema.runs.c.finished.is_not(None))
    with store.engine.connect() as c:
        row = c.execute(query).first()
    return None if row is None else _run(row)


def _run(row: Any) -> Run:
    report = json.loads(row.report) if row.report else None
    return Run(row.id, row.started, row.finished, row.pid, row.done, row.total, row.label, report)


def requests_since(store: Store, since: datetime) -> dict[str, dict[str, int]]:
    """Requests since an instant: host -> {"total": n, "failed": m}."""
    r = schema.requests.c
    out: dict[str, dict[str, int]] = {}
    with store.engine.connect() as c:
        for row in c.execute(
            select(r.host, r.error, func.count().label("n")).where(r.at >= since).group_by(r.host, r.error)
        ):
            entry = out.setdefault(row.host, {"total": 0, "failed": 0})
            entry["total"] += row.n
            entry["failed"] += row.n if row.error else 0
    return out


def read_states(store: Store) -> list[SymbolState]:
    """Every state word; a row without one, or without its instant, says nothing."""
    s = schema.states.c
    known = select(schema.states).where(s.state.in_(get_args(State)), s.source.is_not(None), s.at.is_not(None))
    with store.engine.connect() as c:
        return [
            SymbolState(
                r.ticker, r.part, r.state, r.source, r.at, r.last_ok, r.key, tuple(json.loads(r.params or "{}").items())
            )
            for r in c.execute(known)
        ]


def read_breakers(store: Store) -> list[Any]:
    """Rows host, open_until, failures, reason."""
    with store.engine.connect() as c:
        return list(c.execute(select(schema.breakers)))


def read_quarantine(store: Store, limit: int = 50) -> list[Any]:
    """The newest answers put aside."""
    q = schema.quarantine
    with store.engine.connect() as c:
        return list(c.execute(select(q).order_by(q.c.id.desc()).limit(limit)))


def recent_runs(store: Store, limit: int = 50) -> list[Run]:
    """The newest finished runs, newest first."""
    r = schema.runs.c
    with store.engine.connect() as c:
        query = select(schema.runs).where(r.finished.is_not(None)).order_by(r.id.desc()).limit(limit)
        return [_run(row) for row in c.execute(query)]
