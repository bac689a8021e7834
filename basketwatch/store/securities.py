"""The table of securities (weekly), and the members of Eastmoney's boards as they were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from basketwatch.store import schema
from basketwatch.store.database import Store
from basketwatch.store.rows import upsert


class Row(NamedTuple):
    """One security: ``former`` and ``readings`` are texts with ``|`` between the names or pinyin spellings."""

    ticker: str
    zh: str
    en: str
    former: str
    readings: str


class BoardRow(NamedTuple):
    """One member of a board: when it was first and last seen there."""

    board: str
    ticker: str
    name: str
    reason: str
    first_seen: datetime
    last_seen: datetime


def save(store: Store, suffix: str, rows: Sequence[Row], now: datetime) -> None:
    """Replace the securities of one market; a name that changed is kept as a former one."""
    table = schema.securities
    with store.engine.begin() as c:
        known = {r.ticker: r for r in c.execute(select(table).where(table.c.ticker.like(f"%.{suffix}")))}
        c.execute(delete(table).where(table.c.ticker.like(f"%.{suffix}")))
        upsert(
            c,
            table,
            [{**row._asdict(), "former": _former(row, known.get(row.ticker)), "fetched_at": now} for row in rows],
        )


def _former(row: Row, old: Any) -> str:
    names = [n for n in (old.former.split("|") if old else []) if n]
    if old is not None and old.zh != row.zh:
        names.append(old.zh)
    return "|".join(dict.fromkeys(n for n in (*row.former.split("|"), *names) if n and n != row.zh))[:400]


def read(store: Store) -> list[Row]:
    """Every security of the table, in the order of the tickers."""
    table = schema.securities
    columns = [table.c[name] for name in Row._fields]
    with store.engine.connect() as c:
        return [Row(*r) for r in c.execute(select(*columns).order_by(table.c.ticker))]


def save_board(store: Store, board: str, members: Sequence[Mapping[str, str]], now: datetime) -> None:
    """Keep what a board has now; who is gone stays with the day on which it was last seen."""
    table = schema.board_members
    with store.engine.begin() as c:
        found = c.execute(select(table.c.ticker, table.c.first_seen).where(table.c.board == board)).all()
        known = {row.ticker: row.first_seen for row in found}
        rows = [{**m, "board": board, "first_seen": known.get(m["ticker"], now), "last_seen": now} for m in members]
        upsert(c, table, rows)


def read_board(store: Store, board: str) -> list[BoardRow]:
    """Everybody who was ever seen on a board."""
    table = schema.board_members
    columns = [table.c[name] for name in BoardRow._fields]
    with store.engine.connect() as c:
        return [
            BoardRow(*r) for r in c.execute(select(*columns).where(table.c.board == board).order_by(table.c.ticker))
        ]
