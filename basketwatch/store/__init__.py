"""The store: the only module with SQL. SQLite in WAL mode by default, PostgreSQL by URL.

One writer at a time across processes (an operating-system lock, so a killed refresh leaves none behind), who alone
checkpoints; readers open the file read-only and are never locked out. The last write of a refresh makes a new
*version*; whatever is cached is keyed by it. What the database refuses leaves every function here as a StoreError.
"""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING, Any
from zlib import crc32

from sqlalchemy import (
    URL,
    Connection,
    Date,
    Engine,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import ArgumentError, DatabaseError, InternalError, OperationalError
from sqlalchemy.pool import NullPool

from basketwatch import schema
from basketwatch.clock import iso
from basketwatch.domain import columns as frames
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.errors import (
    RefreshRunning,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreMixed,
    StoreNewer,
    StoreReadOnly,
)

if TYPE_CHECKING:
    import pandas as pd

KEEP_REQUESTS = timedelta(days=14)
PIECE = 4000  # rows turned into columns at a time
KEEP_RUNS = timedelta(days=60)  # and answers put aside

_SQLITE = ("busy_timeout=5000", "mmap_size=0")  # wait for a checkpoint; not mapped, a disk's fault is an exception
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


@dataclass(frozen=True, slots=True)
class Run:
    """A refresh: when, how far, and its report (the JSON of ``refresh --json``) once it has finished."""

    id: int
    started: datetime
    finished: datetime | None
    pid: int
    done: int
    total: int
    label: str
    report: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class SymbolState:
    """State word of one symbol and part, with the key and parameters of its sentence."""

    ticker: str
    part: str
    state: str
    source: str
    at: datetime
    last_ok: datetime | None = None
    key: str | None = None
    params: tuple[tuple[str, str], ...] = ()


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


def open_reader(url: str, *, demo: bool = False) -> Store | None:
    """Open for reading only; None while there is no store yet (no file, or one without tables).

    Raises StoreCorrupt, StoreNewer, StoreMixed, StoreError.
    """
    path = file_of(url)
    if path is None:
        server = Store(_engine(make_url(url), execution_options={"postgresql_readonly": True}), None, demo)
        return server if _admitted(server) else None
    for mode in ({"mode": "ro"}, {"immutable": "1"}):
        if not path.exists():
            return None
        opened = _reading(path, demo, mode)
        try:
            return opened if _admitted(opened) else None
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
    return Store(_engine(url, *_SQLITE, "query_only=1", shown=path), path, demo)


def open_writer(url: str, *, demo: bool = False) -> tuple[Store, StoreCorrupt | None]:
    """Open for writing, creating the tables. A damaged file is moved aside, never deleted: said in the second value.

    Raises StoreReadOnly, StoreNewer, StoreMixed, StoreError, and RefreshRunning where a new or damaged file is just
    being written by another process.
    """
    path = file_of(url)
    if path is not None:
        _require_writable(path)
    pragmas = (*_SQLITE, "journal_mode=WAL", "synchronous=FULL") if path else ()
    opened = Store(_engine(make_url(url), *pragmas, shown=path), path, demo)
    try:
        if _sound(opened):
            return opened, None
    except StoreCorrupt:
        pass
    with writer_lock(opened):
        return opened, _rebuild(opened)


def _require_writable(path: Path) -> None:
    """SQLite itself finds out late: it opens a -wal that is there for reading."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise storage_fault(fault, path) from None
    if not all(os.access(p, os.W_OK) for p in (path.parent, path) if p.exists()):
        raise StoreReadOnly(path=path, detail=os.strerror(errno.EACCES))


def _rebuild(opened: Store) -> StoreCorrupt | None:
    """Make the tables, after moving a damaged file aside; whoever held the lock before may have done so already."""
    damage = None
    try:
        ready = _sound(opened)
    except StoreCorrupt:
        if opened.path is None:
            raise
        damage, ready = _move_aside(opened.path), False
    if not ready:
        _create(opened)
    return damage


def _sound(opened: Store) -> bool:
    """Whether the store has its tables, every page of a file looked at. Raises StoreCorrupt, StoreNewer, StoreMixed.

    Read-only: on closing, a connection that may write would empty the -wal into a damaged file.
    """
    if opened.path is None:
        return _admitted(opened)
    if not opened.path.exists():
        return False
    readable = _reading(opened.path, opened.demo, {"mode": "ro"})
    ready = _admitted(readable)
    with readable.engine.connect() as c:
        if c.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            raise StoreCorrupt(path=opened.path, moved="")
    return ready


def _admitted(opened: Store) -> bool:
    """Whether the store has all tables of today, and is one that this program and this market may use."""
    found, where = _read_meta(opened.engine), _name(opened)
    if found:
        if not found.get("schema", "").isdecimal():
            raise StoreError(path=where, detail="not a store of basketwatch")
        if int(found["schema"]) > schema.VERSION:
            raise StoreNewer(path=where, found=found["schema"], known=schema.VERSION)
        if (found.get("demo") == "1") != opened.demo:
            raise StoreMixed(path=where)
    if opened.path is not None and opened.path.exists():
        with opened.engine.connect() as c:
            if opened.path.stat().st_size % c.exec_driver_sql("PRAGMA page_size").scalar_one():
                raise StoreCorrupt(path=where, moved="")  # SQLite itself reads zeros for what was cut off
    return bool(found) and int(found["schema"]) == schema.VERSION


def _read_meta(engine: Engine) -> dict[str, str]:
    with engine.connect() as c:
        if not engine.dialect.has_table(c, "meta"):
            return {}
        return {row.key: row.value for row in c.execute(select(schema.meta))}


def _create(opened: Store) -> None:
    """Make the tables, or those that an earlier version of the program did not have yet."""
    earlier = _read_meta(opened.engine)
    with opened.engine.begin() as c:
        schema.metadata.create_all(c)
        if earlier:
            c.execute(update(schema.meta).where(schema.meta.c.key == "schema").values(value=str(schema.VERSION)))
            return
        words = {"schema": schema.VERSION, "demo": int(opened.demo), "store": uuid.uuid4().hex[:8], "version": 0}
        c.execute(insert(schema.meta), [{"key": k, "value": str(v)} for k, v in words.items()])


def _move_aside(path: Path) -> StoreCorrupt:
    moved = path.with_name(f"{path.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    while moved.exists():  # renaming onto an earlier one would delete it
        moved = moved.with_name(f"{moved.name}+")
    for end in ("-wal", "-shm", ""):  # the file last: alone it would be opened without what its -wal holds
        part = path.with_name(path.name + end)
        if part.exists():
            part.rename(moved.with_name(moved.name + end))
    return StoreCorrupt(path=path, moved=moved.name)


# --- engines and faults ------------------------------------------------------------------------------------------


def _engine(url: URL, *pragmas: str, shown: Path | None = None, **options: Any) -> Engine:
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


def _name(store: Store) -> object:
    return store.path or store.engine.url  # a URL's text hides its password


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
        raise _running(store) from None
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
            raise _running(store)
        yield


def _running(store: Store) -> RefreshRunning:
    try:
        run = last_run(store)
    except StoreError:  # being created or moved aside
        run = None
    if run is None or run.finished is not None:
        return RefreshRunning(pid="?", since="?")
    return RefreshRunning(pid=run.pid, since=iso(run.started))


# --- version -----------------------------------------------------------------------------------------------------


def version(store: Store) -> str:
    """What the caches are keyed by: the store's own id and a counter, e.g. ``3f2a91c0-17``."""
    found = _read_meta(store.engine)
    return f"{found['store']}-{found['version']}"


def new_version(store: Store) -> str:
    """Announce that the data changed."""
    with store.engine.begin() as c:
        row = schema.meta.c
        count = int(c.execute(select(row.value).where(row.key == "version")).scalar_one()) + 1
        c.execute(update(schema.meta).where(row.key == "version").values(value=str(count)))
    return version(store)


# --- writing -----------------------------------------------------------------------------------------------------


def _upsert(c: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keep: Sequence[str] = ()) -> None:
    """Add or overwrite rows by their key; a column in ``keep`` stays where the new row has none."""
    if rows:
        c.execute(_upsert_statement(c.dialect.name, table, keep), list(rows))


def _upsert_statement(dialect: str, table: Table, keep: Sequence[str] = ()) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as dialect_insert
    else:
        from sqlalchemy.dialects.sqlite import insert as dialect_insert  # type: ignore[assignment]
    statement = dialect_insert(table)
    new = statement.excluded
    changed = {
        c.name: func.coalesce(new[c.name], c) if c.name in keep else new[c.name] for c in table.c if not c.primary_key
    }
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


def _records(frame: pd.DataFrame, table: Table) -> list[dict[str, Any]]:
    """Rows for the database: only the table's columns, NaN as None, numpy scalars as Python's."""
    import pandas as pd

    names = [c.name for c in table.c if c.name in frame.columns]
    columns: list[list[Any]] = []
    for name in names:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            values = [None if pd.isna(v) else v.to_pydatetime() for v in column]
        elif pd.api.types.is_datetime64_dtype(column):
            values = column.to_numpy().astype("datetime64[D]").tolist()
        else:
            values = [None if v is None or v != v else v for v in column.tolist()]
        columns.append(values)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def save_quotes(store: Store, quotes: pd.DataFrame) -> None:
    """Keep the latest quote of each ticker (frames.QUOTES); a name or cap that it lacks stays as it was."""
    with store.engine.begin() as c:
        _upsert(c, schema.quotes, _records(quotes, schema.quotes), keep=("name", "market_cap", "float_cap"))


def save_bars(store: Store, bars: pd.DataFrame) -> None:
    """Add or overwrite bars (frames.BARS) by ticker and session; a series that they belong to is brought up to date."""
    rows = {(r["ticker"], r["session"]): r for r in _records(bars, schema.bars)}
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
            changed.append(dict(row) | _grown(row, own, [r for r in replaced if r["ticker"] == row["ticker"]]))
        _upsert(c, schema.series, changed)
        _upsert(c, schema.bars, list(rows.values()))


def _grown(
    row: Mapping[Any, Any], new: Sequence[Mapping[Any, Any]], old: Sequence[Mapping[Any, Any]]
) -> dict[str, Any]:
    """What changes in a series row when ``new`` bars take the place of ``old`` ones. The other bars are not read:
    a digest made of them anew would hide their damage."""
    days = [r["session"] for r in new if r["final"]]
    return {
        "first": min([row["first"], *days]), "last": max([row["last"], *days]),
        "count": row["count"] + len(days) - sum(r["final"] for r in old),
        "digest": _hex(int(row["digest"], 16) + _digest(new) - _digest(old)),
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
    rows = _records(bars, schema.bars)
    if not rows:
        return
    b, f = schema.bars.c, schema.factors.c
    first = date.min if swap else min(r["session"] for r in rows)
    with store.engine.begin() as c:
        if swap:
            c.execute(delete(schema.bars).where(b.ticker == ticker))
        _upsert(c, schema.bars, rows)
        if factors is not None:
            c.execute(delete(schema.factors).where(f.ticker == ticker, f.ex_date >= first))
            _upsert(c, schema.factors, _records(factors, schema.factors))
        stored = select(b.session, b.close, b.final).where(b.ticker == ticker).order_by(b.session)
        series = _series_row(ticker, c.execute(stored).mappings().all(), rows[-1]["source"], years, now)
        c.execute(delete(schema.series).where(schema.series.c.ticker == ticker))
        _upsert(c, schema.series, series)


def save_histories(store: Store, bars: pd.DataFrame, factors: pd.DataFrame, *, years: int, now: datetime) -> None:
    """Many histories into a store that has none of them, in one transaction."""
    by_ticker: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(_records(bars, schema.bars), key=lambda r: (r["ticker"], r["session"])):
        by_ticker.setdefault(row["ticker"], []).append(row)
    with store.engine.begin() as c:
        for ticker, rows in by_ticker.items():
            c.execute(insert(schema.bars), rows)
            _upsert(c, schema.series, _series_row(ticker, rows, rows[-1]["source"], years, now))
        _upsert(c, schema.factors, _records(factors, schema.factors))


def _series_row(
    ticker: str, rows: Sequence[Mapping[Any, Any]], source: str, years: int, now: datetime
) -> list[dict[str, Any]]:
    """The series row of a ticker's bars, sorted by session; none while no bar is final."""
    days = [r["session"] for r in rows if r["final"]]
    return [{
        "ticker": ticker, "source": source, "first": days[0], "last": days[-1], "count": len(days),
        "years": years, "read_at": now, "digest": _hex(_digest(rows)),
    }] if days else []  # fmt: skip


def _digest(rows: Iterable[Mapping[Any, Any]]) -> int:
    """Of the final closes, in any order: a sum, so that a bar is added or taken away without reading the others."""
    return sum(_mark(r["session"], r["close"]) for r in rows if r["final"])


def _mark(day: date, close: float | None) -> int:
    return crc32(f"{day.toordinal()} {float(close or 0)}".encode())


def _hex(digest: int) -> str:
    return f"{digest % 2**64:016x}"


def damaged_series(store: Store) -> list[str]:
    """Tickers whose final closes are not those that were written: SQLite itself does not notice a flipped bit."""
    b = schema.bars.c
    found: Counter[str] = Counter()
    with store.engine.connect() as c:
        known = c.execute(select(schema.series.c.ticker, schema.series.c.digest)).all()
        for ticker, day, close in c.execute(select(b.ticker, b.session, b.close).where(b.final)):
            found[ticker] += _mark(day, close)
    return [ticker for ticker, digest in known if _hex(found[ticker]) != digest]


def save_factors(store: Store, factors: pd.DataFrame) -> None:
    """Add or overwrite ratio adjustment factors (frames.FACTORS) by ticker and ex-date."""
    with store.engine.begin() as c:
        _upsert(c, schema.factors, _records(factors, schema.factors))


def save_sessions(store: Store, group: str, days: Sequence[Session]) -> None:
    """Replace a market group's trading sessions; none given, none replaced."""
    rows = [{"market_group": group, "day": s.day, "opens": s.opens, "closes": s.closes} for s in days]
    if not rows:
        return
    with store.engine.begin() as c:
        c.execute(delete(schema.sessions).where(schema.sessions.c.market_group == group))
        c.execute(insert(schema.sessions), rows)


def save_states(store: Store, states: Iterable[SymbolState]) -> None:
    """Set the state words; ``last_ok`` of an earlier success stays."""
    rows = [{
        "ticker": s.ticker, "part": s.part, "state": s.state, "source": s.source, "at": s.at,
        "last_ok": s.at if s.state in ("ok", "partial") else s.last_ok, "key": s.key,
        "params": json.dumps(dict(s.params), ensure_ascii=False),
    } for s in states]  # fmt: skip
    with store.engine.begin() as c:
        _upsert(c, schema.states, rows, keep=("last_ok",))


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


# --- reading -----------------------------------------------------------------------------------------------------


def _frame(store: Store, query: Any, columns: Mapping[str, tuple[str, str, bool]]) -> pd.DataFrame:
    """The rows as a frame with the dtypes of ``columns`` (frames), also where there is no row or no value."""
    import pandas as pd

    # a day stays the text that SQLite keeps: numpy reads it thirty times as fast as a date
    plain = [type_coerce(c, String) if isinstance(c.type, Date) else c for c in query.selected_columns]
    with store.engine.connect() as c:
        result = c.execute(query.with_only_columns(*plain))
        kinds = {name: columns[name][0] for name in result.keys()}  # noqa: SIM118 - a result, not a dict
        # in pieces and by column: all rows at once are a lot of memory, and pandas would look into each row object
        pieces = [_columns(zip(*piece, strict=True), kinds) for piece in result.partitions(PIECE)]
    if len(pieces) > 1:
        return pd.concat(pieces, ignore_index=True)
    return pieces[0] if pieces else _no_rows(tuple(kinds.items())).copy()


@cache
def _no_rows(kinds: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    return _columns([()] * len(kinds), dict(kinds))


def _columns(values: Iterable[Sequence[Any]], kinds: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({n: _column(v, kinds[n]) for n, v in zip(kinds, values, strict=True)})


def _column(values: Sequence[Any], dtype: Any) -> Any:
    """One column; numbers and days (text, or a date) straight into numpy, which turns None into NaN and NaT."""
    import numpy as np
    import pandas as pd

    if dtype in ("float64", "datetime64[s]"):
        return np.array(values, dtype=dtype)
    return pd.Series(values, dtype="object").astype(dtype).array  # without an index, which pandas would have to compare


def read_quotes(store: Store) -> pd.DataFrame:
    """Latest quote of each ticker, frames.QUOTES, indexed by ticker."""
    return _frame(store, select(schema.quotes), frames.QUOTES).set_index("ticker", drop=False)


def read_bars(store: Store, tickers: Sequence[str] | None = None, since: date | None = None) -> pd.DataFrame:
    """Bars (frames.BARS) of ``tickers`` (None = all) from ``since`` on, sorted by ticker and session."""
    query = select(schema.bars).order_by(schema.bars.c.ticker, schema.bars.c.session)
    if tickers is not None:
        query = query.where(schema.bars.c.ticker.in_(tickers))
    if since is not None:
        query = query.where(schema.bars.c.session >= since)
    return _frame(store, query, frames.BARS)


def read_factors(store: Store, tickers: Sequence[str] | None = None) -> pd.DataFrame:
    """Adjustment factors (frames.FACTORS), sorted by ticker and ex-date."""
    query = select(schema.factors).order_by(schema.factors.c.ticker, schema.factors.c.ex_date)
    return _frame(
        store, query if tickers is None else query.where(schema.factors.c.ticker.in_(tickers)), frames.FACTORS
    )


def read_series(store: Store) -> dict[str, Any]:
    """Ticker -> row of the series table (first, last, count, years, read_at, source)."""
    with store.engine.connect() as c:
        return {row.ticker: row for row in c.execute(select(schema.series))}


def final_closes(store: Store, since: date) -> list[tuple[str, date, float, float | None]]:
    """Ticker, session, raw close and volume of the final bars from ``since`` on, without a frame and its pandas."""
    b = schema.bars.c
    query = select(b.ticker, b.session, b.close, b.volume).where(b.final, b.session >= since)
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
    query = select(schema.sessions).order_by(s.market_group, s.day)
    found: dict[str, list[Session]] = {}
    with store.engine.connect() as c:
        for row in c.execute(query if since is None else query.where(s.day >= since)):
            found.setdefault(row.market_group, []).append(Session(row.day, row.opens, row.closes))
    return {group: Calendar(group, tuple(days)) for group, days in found.items()}


def read_states(store: Store) -> list[SymbolState]:
    """Every state word."""
    with store.engine.connect() as c:
        return [
            SymbolState(
                r.ticker, r.part, r.state, r.source, r.at, r.last_ok, r.key, tuple(json.loads(r.params).items())
            )
            for r in c.execute(select(schema.states))
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


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of one market group's quotes, sectors apart: their typical (median) instants, and their sources."""

    fetched_at: datetime
    quote_time: datetime
    sources: tuple[str, ...]


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
        for row in c.execute(select(q.ticker, q.fetched_at, q.quote_time, q.source)):
            if row.ticker in shares:
                found.setdefault(group(row.ticker), []).append(row)
    return {
        g: Freshness(
            fetched_at=median_low(r.fetched_at for r in rows),
            quote_time=median_low(r.quote_time for r in rows),
            sources=tuple(dict.fromkeys(r.source for r in rows)),
        )
        for g, rows in found.items()
    }


def note(store: Store, key: str, value: str) -> None:
    """Keep a word about the store itself."""
    with store.engine.begin() as c:
        _upsert(c, schema.meta, [{"key": key, "value": value}])


def noted(store: Store, key: str) -> str | None:
    """A word kept by ``note``."""
    return _read_meta(store.engine).get(key)
