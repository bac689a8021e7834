"""Opening a store for reading or writing, creating its tables, moving a damaged file aside."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, insert, inspect, make_url, update

from basketwatch.errors import StoreCorrupt, StoreError, StoreFull, StoreMixed, StoreNewer, StoreReadOnly
from basketwatch.store import schema
from basketwatch.store.database import SQLITE, Store, engine_of, file_of, name_of, storage_fault
from basketwatch.store.lock import writer_lock
from basketwatch.store.notes import read_meta


def open_reader(url: str, *, demo: bool = False) -> Store | None:
    """Open for reading only; None while there is no store yet (no file, or one without tables).

    Raises StoreCorrupt, StoreNewer, StoreMixed, StoreError.
    """
    path = file_of(url)
    if path is None:
        server = Store(engine_of(make_url(url), execution_options={"postgresql_readonly": True}), None, demo)
        return server if _admitted(server) else None
    for mode in ({"mode": "ro"}, {"immutable": "1"}):
        if not path.exists():
            return None
        store = _reading(path, demo, mode)
        try:
            return store if _admitted(store) else None
        except (StoreReadOnly, StoreFull) as fault:
            refused = fault
            wal = path.with_name(path.name + "-wal")
            logged = wal.exists() and wal.stat().st_size > 0  # immutable would not see what is in it
            if logged if isinstance(fault, StoreFull) else os.access(path.parent, os.W_OK):
                break
        # where a WAL database's own files may not or cannot be made, it opens only as immutable
    raise refused if isinstance(refused, StoreFull) else StoreError(**refused.params)


def _reading(path: Path, demo: bool, mode: Mapping[str, str]) -> Store:
    url = URL.create("sqlite", database=path.absolute().as_uri(), query={**mode, "uri": "true"})
    return Store(engine_of(url, *SQLITE, "query_only=1", shown=path), path, demo)


def open_writer(url: str, *, demo: bool = False) -> tuple[Store, StoreCorrupt | None]:
    """Open for writing, creating the tables. A damaged file is moved aside, never deleted: said in the second value.

    Raises StoreReadOnly, StoreNewer, StoreMixed, StoreError, and RefreshRunning where a new or damaged file is just
    being written by another process.
    """
    path = file_of(url)
    if path is not None:
        _require_writable(path)
    pragmas = (*SQLITE, "journal_mode=WAL", "synchronous=FULL") if path else ()
    store = Store(engine_of(make_url(url), *pragmas, shown=path), path, demo)
    try:
        if _sound(store):
            return store, None
    except StoreCorrupt:
        pass
    with writer_lock(store):
        return store, _rebuild(store)


def _require_writable(path: Path) -> None:
    """SQLite itself finds out late: it opens a -wal that is there for reading."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise storage_fault(fault, path) from None
    if not all(os.access(p, os.W_OK) for p in (path.parent, path) if p.exists()):
        raise StoreReadOnly(path=path, detail=os.strerror(errno.EACCES))


def _rebuild(store: Store) -> StoreCorrupt | None:
    """Make the tables, after moving a damaged file aside; whoever held the lock before may have done so already."""
    damage = None
    try:
        ready = _sound(store)
    except StoreCorrupt:
        if store.path is None:
            raise
        damage, ready = _move_aside(store.path), False
    if not ready:
        _create(store)
    return damage


def _sound(store: Store) -> bool:
    """Whether the store has its tables, every page of a file looked at. Raises StoreCorrupt, StoreNewer, StoreMixed.

    Read-only: on closing, a connection that may write would empty the -wal into a damaged file.
    """
    if store.path is None:
        return _admitted(store)
    if not store.path.exists():
        return False
    readable = _reading(store.path, store.demo, {"mode": "ro"})
    ready = _admitted(readable)
    with readable.engine.connect() as c:
        if c.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            raise StoreCorrupt(path=store.path, moved="")
    return ready


def _admitted(store: Store) -> bool:
    """Whether the store has all tables of today, and is one that this program and this market may use."""
    found, where = read_meta(store.engine), name_of(store)
    if found:
        if not found.get("schema", "").isdecimal():
            raise StoreError(path=where, detail="not a store of basketwatch")
        if int(found["schema"]) > schema.VERSION:
            raise StoreNewer(path=where, found=found["schema"], known=schema.VERSION)
        if (found.get("demo") == "1") != store.demo:
            raise StoreMixed(path=where)
    with store.engine.connect() as c:
        size = store.path.stat().st_size if store.path is not None and store.path.exists() else 0
        if size and size % c.exec_driver_sql("PRAGMA page_size").scalar_one():
            raise StoreCorrupt(path=where, moved="")  # SQLite itself reads zeros for what was cut off
        return bool(found) and int(found["schema"]) == schema.VERSION and _is_whole(c)


def _is_whole(c: Connection) -> bool:
    """Whether no table is missing; a writer makes those that are."""
    return set(schema.metadata.tables) <= set(inspect(c).get_table_names())


def _create(store: Store) -> None:
    """Make the tables, or the tables and columns that an earlier version of the program did not have yet."""
    earlier = read_meta(store.engine)
    with store.engine.begin() as c:
        schema.metadata.create_all(c)
        if earlier:
            _add_columns(c)
            c.execute(update(schema.meta).where(schema.meta.c.key == "schema").values(value=str(schema.VERSION)))
            return
        words = {"schema": schema.VERSION, "demo": int(store.demo), "store": uuid.uuid4().hex[:8], "version": 0}
        c.execute(insert(schema.meta), [{"key": k, "value": str(v)} for k, v in words.items()])


def _add_columns(c: Connection) -> None:
    """Add the columns of ``schema.ADDED`` that the tables of an earlier version lack."""
    for name, column in schema.ADDED:
        if column not in {known["name"] for known in inspect(c).get_columns(name)}:
            kind = schema.metadata.tables[name].c[column].type.compile(c.dialect)
            c.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {column} {kind}")


def _move_aside(path: Path) -> StoreCorrupt:
    moved = path.with_name(f"{path.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    while moved.exists():  # renaming onto an earlier one would delete it
        moved = moved.with_name(f"{moved.name}+")
    for end in ("-wal", "-shm", ""):  # the file last: alone it would be opened without what its -wal holds
        part = path.with_name(path.name + end)
        if part.exists():
            part.rename(moved.with_name(moved.name + end))
    return StoreCorrupt(path=path, moved=moved.name)
