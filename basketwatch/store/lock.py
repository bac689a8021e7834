"""The one writer at a time, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

from sqlalchemy import func, select

from basketwatch.clock import iso
from basketwatch.errors import RefreshRunning, StoreError
from basketwatch.store.database import Store, storage_fault
from basketwatch.store.runs import last_run

# --- the one writer ----------------------------------------------------------------------------------------------


@contextmanager
def writer_lock(store: Store) -> Iterator[None]:
    """Hold the one writer's place, across processes; raises RefreshRunning(pid, since) when it is taken."""
    if store.path is None:
        with _server_lock(store):
            yield
        return
    from filelock import FileLock, Timeout

    lock = FileLock(f"{store.path}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise refresh_running(store) from None
    except OSError as fault:
        raise storage_fault(fault, store.path) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def kept_open(store: Store) -> Iterator[None]:
    """Hold a connection while much is written: SQLite empties the -wal into the file, and syncs, whenever the last one
    of a file is closed, and here each function has one of its own. Only for a sound file.
    """
    with store.engine.connect():
        yield


@contextmanager
def _server_lock(store: Store) -> Iterator[None]:
    """PostgreSQL: an advisory lock lives as long as its connection, so a killed refresh frees it as well."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:  # no transaction open for minutes
        if not c.execute(select(func.pg_try_advisory_lock(crc32(b"basketwatch refresh")))).scalar():
            raise refresh_running(store)
        yield


def refresh_running(store: Store) -> RefreshRunning:
    try:
        run = last_run(store)
    except StoreError:  # being created or moved aside
        run = None
    if run is None or run.finished is not None:
        return RefreshRunning(pid="?", since="?")
    return RefreshRunning(pid=run.pid, since=iso(run.started))
