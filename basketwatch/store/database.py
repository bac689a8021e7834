"""An open store: its engine, its URL, and what the database refuses as StoreErrors."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InternalError, OperationalError
from sqlalchemy.pool import NullPool

from basketwatch.errors import StoreCorrupt, StoreError, StoreFull, StoreReadOnly

SQLITE = ("busy_timeout=5000", "mmap_size=0")  # wait for a checkpoint; not mapped, a disk's fault is an exception

# what a database or the system calls its refusals: SQLite's names, PostgreSQL's SQLSTATE, errno
_REFUSALS: tuple[tuple[type[StoreError], tuple[str, ...]], ...] = (
    (StoreCorrupt, ("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002")),
    (StoreFull, ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "53100", "ENOSPC", "EDQUOT")),
    (StoreReadOnly, ("SQLITE_READONLY", "SQLITE_CANTOPEN", "25006", "EROFS", "EACCES", "EPERM")),
)


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. ``path`` is None for a database server."""

    engine: Engine
    path: Path | None
    demo: bool


# --- opening -----------------------------------------------------------------------------------------------------


def file_of(url: str) -> Path | None:
    """The database file of a SQLite URL; None for a database server. Raises StoreError for any other URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(path="BASKETWATCH_DB", detail="not a database URL") from None
    kind, database = parsed.get_backend_name(), parsed.database or ""
    if kind == "postgresql":
        return None
    if kind != "sqlite" or database in ("", ":memory:"):
        raise StoreError(path=parsed, detail="neither a SQLite file nor PostgreSQL")
    return Path(database)


# --- engines and faults ------------------------------------------------------------------------------------------


def engine_of(url: URL, *pragmas: str, shown: Path | None = None, **options: Any) -> Engine:
    """An engine whose connections start with ``pragmas`` and whose refusals are StoreErrors."""
    try:
        engine = create_engine(url, poolclass=NullPool, **options)
    except ImportError as fault:
        raise StoreError(path=url, detail=fault) from None

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "handle_error")
    def _(context: Any) -> StoreError | None:
        fault = context.sqlalchemy_exception
        refused = isinstance(fault, (OperationalError, InternalError)) or type(fault) is DatabaseError
        return storage_fault(fault, shown or url) if refused else None  # the others are bugs: a wrong statement or row

    return engine


def storage_fault(fault: Exception, where: object) -> StoreError:
    """The error, with its sentence, for what the disk or the database refused."""
    cause = getattr(fault, "orig", None) or fault
    number = errno.errorcode.get(getattr(cause, "errno", None) or 0, "")
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or number
    kind = next((kind for kind, codes in _REFUSALS if code.startswith(codes)), StoreError)
    return kind(path=where, detail=cause, moved="")


def name_of(store: Store) -> object:
    return store.path or store.engine.url  # a URL's text hides its password
