"""The version of the store, which every cache is keyed by, and notes kept in it."""

from __future__ import annotations

from sqlalchemy import Engine, select, update

from basketwatch.store import schema
from basketwatch.store.database import Store
from basketwatch.store.rows import upsert

WEEKLY_TRIED = "weekly_tried"  # key of a note: when the table of securities and the boards were asked for last


def read_meta(engine: Engine) -> dict[str, str]:
    with engine.connect() as c:
        if not engine.dialect.has_table(c, "meta"):
            return {}
        return {row.key: row.value for row in c.execute(select(schema.meta))}


# --- version -----------------------------------------------------------------------------------------------------


def version(store: Store) -> str:
    """The key of all caches: the store's id and a counter, e.g. ``3f2a91c0-17``."""
    found = read_meta(store.engine)
    return f"{found['store']}-{found['version']}"


def new_version(store: Store) -> str:
    """Announce that the data changed."""
    with store.engine.begin() as c:
        row = schema.meta.c
        count = int(c.execute(select(row.value).where(row.key == "version")).scalar_one()) + 1
        c.execute(update(schema.meta).where(row.key == "version").values(value=str(count)))
    return version(store)


def note(store: Store, key: str, value: str) -> None:
    """Store a note about the store itself under ``key``."""
    with store.engine.begin() as c:
        upsert(c, schema.meta, [{"key": key, "value": value}])


def noted(store: Store, key: str) -> str | None:
    """The note stored under ``key``; None without one."""
    return read_meta(store.engine).get(key)
