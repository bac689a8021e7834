"""The tables. They hold observations, not figures computed from them. Every statement also runs on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

# Raise it with every change. A writer makes the tables (1 → 2: valuations, flags; 3 → 4: securities, board_members, outbox)
# and columns (2 → 3: flags.cause) that an earlier store does not have yet; ``ADDED`` lists the columns, which are null in
# the rows of before.
VERSION = 4
ADDED = (("flags", "cause"),)

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """UTC-aware instant. SQLite keeps no zone, so it goes in as UTC and comes out UTC-aware on every database.

    An instant without a zone is refused: it would be taken for the machine's own.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instant without a zone: {value}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _floats(*names: str) -> list[Column[Any]]:
    return [Column(name, Float) for name in names]


meta = Table("meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))

sessions = Table(
    "sessions", metadata,
    Column("market_group", String(8), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("opens", Instant, nullable=False),
    Column("closes", Instant, nullable=False),
)  # fmt: skip

quotes = Table(
    "quotes", metadata,
    Column("ticker", String(24), primary_key=True),
    Column("name", Text),
    Column("session", Date, nullable=False),
    Column("last", Float, nullable=False),
    Column("previous_close", Float, nullable=False),
    *_floats("open", "high", "low", "volume", "amount", "turnover", "volume_ratio", "market_cap", "float_cap"),
    *_floats("limit_up", "limit_down", "pe_ttm"),
    Column("currency", String(3), nullable=False),
    Column("quote_time", Instant, nullable=False),
    Column("delay_minutes", Float),
    Column("suspended", Boolean, nullable=False),
    Column("source", String(24), nullable=False),
    Column("fetched_at", Instant, nullable=False),
)  # fmt: skip

bars = Table(
    "bars", metadata,
    Column("ticker", String(24), primary_key=True),
    Column("session", Date, primary_key=True),
    *_floats("open", "high", "low"),
    Column("close", Float, nullable=False),
    *_floats("volume", "amount", "turnover"),
    Column("source", String(24), nullable=False),
    Column("final", Boolean, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

factors = Table(
    "factors", metadata,
    Column("ticker", String(24), primary_key=True),
    Column("ex_date", Date, primary_key=True),
    Column("factor", Float, nullable=False),
    Column("source", String(24), nullable=False),
)  # fmt: skip

# one row a ticker that has bars: how far they reach and when they were last read whole; ``digest`` (of the
# final closes) finds a flipped bit
series = Table(
    "series", metadata,
    Column("ticker", String(24), primary_key=True),
    Column("source", String(24), nullable=False),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("count", Integer, nullable=False),
    Column("years", Integer, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("digest", String(16), nullable=False),
)  # fmt: skip

# the word shown for each symbol and part (model.State), with the sentence's key and parameters
states = Table(
    "states", metadata,
    Column("ticker", String(24), primary_key=True),
    Column("part", String(16), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("source", String(24), nullable=False),
    Column("key", String(40)),
    Column("params", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("last_ok", Instant),
)  # fmt: skip

breakers = Table(
    "breakers", metadata,
    Column("host", String(80), primary_key=True),
    Column("open_until", Instant),
    Column("failures", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)  # fmt: skip

runs = Table(
    "runs", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("started", Instant, nullable=False),
    Column("finished", Instant),
    Column("pid", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("report", Text),
)  # fmt: skip

requests = Table(
    "requests", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", String(24), nullable=False),
    Column("host", String(80), nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Integer),
    Column("ms", Float, nullable=False),
    Column("size", Integer, nullable=False),
    Column("error", Text),
    Index("requests_at", "at"),
)  # fmt: skip

# answers that failed a check, put aside for a person to look at; never read by a page's numbers
quarantine = Table(
    "quarantine", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("ticker", String(24), nullable=False),
    Column("part", String(16), nullable=False),
    Column("source", String(24), nullable=False),
    Column("key", String(40), nullable=False),
    Column("params", Text, nullable=False),
)  # fmt: skip

# one row a series of a multiple; ``packed``: an array of ``store.valuations.POINT``, a point a session. A page reads a
# hundred series of ten years at once: as rows of a table that takes a dozen times as long.
valuations = Table(
    "valuations", metadata,
    Column("ticker", String(24), primary_key=True),
    Column("source", String(24), primary_key=True),
    Column("definition", String(24), primary_key=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("count", Integer, nullable=False),
    Column("fetched_at", Instant, nullable=False),
    Column("packed", LargeBinary, nullable=False),
)  # fmt: skip

# the log of flags; ``id`` is rule:ticker:session:direction, so no flag is logged twice
flags = Table(
    "flags", metadata,
    Column("id", String(96), primary_key=True),
    Column("rule", String(32), nullable=False),
    Column("ticker", String(32), nullable=False),
    Column("baskets", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("direction", String(8), nullable=False),
    Column("severity", String(8), nullable=False),
    *_floats("value", "threshold"),
    Column("reason_zh", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("cause", String(16)),
    Column("notice", Boolean, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Index("flags_session", "session"),
)  # fmt: skip

# every A-share and Hong Kong share by code and name, for search and pasted notes; asked once a week
securities = Table(
    "securities", metadata,
    Column("ticker", String(24), primary_key=True),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("former", Text, nullable=False),
    Column("readings", Text, nullable=False),
    Column("fetched_at", Instant, nullable=False),
)  # fmt: skip

# who was seen on a board of Eastmoney, and when first and last
board_members = Table(
    "board_members", metadata,
    Column("board", String(40), primary_key=True),
    Column("ticker", String(24), primary_key=True),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
)  # fmt: skip

# what went to a chat, a row a message: written as ``sending`` before the message goes out. ``attempt`` counts those that a
# person asked for again; ``at`` is the real instant, also where a past day is replayed
outbox = Table(
    "outbox", metadata,
    Column("chat", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("session", Date, primary_key=True),
    Column("state", String(16), primary_key=True),
    Column("part", String(8), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("outcome", String(8), nullable=False),
    Column("at", Instant, nullable=False),
    Column("key", String(40)),
    Column("params", Text),
)  # fmt: skip
