"""Histories of multiples: a packed row a series, that is a ticker, a source and a definition, never two of them in one.

A page reads a hundred series of ten years at once, which as a row a session takes a dozen times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, select

from basketwatch.domain.model import SeriesKey
from basketwatch.store import schema
from basketwatch.store.database import Store
from basketwatch.store.rows import upsert

if TYPE_CHECKING:
    import pandas as pd

# One session of a series, little-endian: days and seconds since 1970-01-01, the numbers of columns.VALUATIONS.
POINT = np.dtype([
    ("session", "<i4"), ("pe", "<f8"), ("price", "<f8"), ("market_cap", "<f8"), ("eps", "<f8"), ("losing", "u1"),
    ("fetched_at", "<i8"),
])  # fmt: skip
NUMBERS = ("pe", "price", "market_cap", "eps")

Points = npt.NDArray[np.void]


def save(store: Store, rows: pd.DataFrame) -> None:
    """Merge rows (columns.VALUATIONS) by session into the stored series, a new value for an old one; one transaction.

    Of rows with the same session in one series the last counts; the other sessions stay as they are.
    """
    points = _packed(rows)
    places: dict[Any, Any] = rows.groupby(["ticker", "source", "definition"], sort=False).indices
    new = {SeriesKey(*(str(word) for word in key)): points[at] for key, at in places.items()}
    with store.engine.begin() as c:
        stored = _stored(c, sorted({key.ticker for key in new}), sorted({key.source for key in new}))
        merged = [_row(key, _merged(stored.get(key), mine)) for key, mine in new.items()]
        upsert(c, schema.valuations, merged)


def read(
    store: Store, tickers: Sequence[str] | None = None, sources: Sequence[str] | None = None
) -> dict[SeriesKey, pd.DataFrame]:
    """Series of ``tickers`` and ``sources`` (None = all): session ascending, pe, losing, price, market_cap, eps, fetched_at.

    Dtypes are those of columns.VALUATIONS; ``pe`` is as the source gave it, negative or NaN where ``losing``.
    """
    with store.engine.connect() as c:
        return _frames(_stored(c, tickers, sources))


def drop(store: Store, key: SeriesKey) -> None:
    """Delete one series whole."""
    v = schema.valuations.c
    with store.engine.begin() as c:
        own = (v.ticker == key.ticker, v.source == key.source, v.definition == key.definition)
        c.execute(delete(schema.valuations).where(*own))


def spans(store: Store) -> dict[SeriesKey, tuple[date, date]]:
    """First and last session of every series, without unpacking any."""
    v = schema.valuations.c
    with store.engine.connect() as c:
        rows = c.execute(select(v.ticker, v.source, v.definition, v.first, v.last))
        return {SeriesKey(r.ticker, r.source, r.definition): (r.first, r.last) for r in rows}


def fetched(store: Store) -> dict[SeriesKey, datetime]:
    """When the newest value of every series was fetched, by ticker, source and definition."""
    v = schema.valuations.c
    query = select(v.ticker, v.source, v.definition, v.fetched_at).order_by(v.ticker, v.source, v.definition)
    with store.engine.connect() as c:
        return {SeriesKey(r.ticker, r.source, r.definition): r.fetched_at for r in c.execute(query)}


def _stored(c: Connection, tickers: Sequence[str] | None, sources: Sequence[str] | None) -> dict[SeriesKey, Points]:
    v = schema.valuations.c
    query = select(v.ticker, v.source, v.definition, v.packed).order_by(v.ticker, v.source, v.definition)
    query = query if tickers is None else query.where(v.ticker.in_(tickers))
    rows = c.execute(query if sources is None else query.where(v.source.in_(sources)))
    return {SeriesKey(r.ticker, r.source, r.definition): np.frombuffer(r.packed, dtype=POINT) for r in rows}


def _packed(rows: pd.DataFrame) -> Points:
    points = np.zeros(len(rows), dtype=POINT)
    points["session"] = rows["session"].to_numpy().astype("datetime64[D]").astype("int32")
    points["losing"] = rows["losing"].to_numpy()
    points["fetched_at"] = rows["fetched_at"].dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype("int64")
    for name in NUMBERS:
        points[name] = rows[name].to_numpy()
    return points


def _merged(stored: Points | None, new: Points) -> Points:
    """Both by session, ascending; where both have one, or ``new`` has it twice, the later row."""
    both = new if stored is None else np.concatenate([stored, new])
    newest_first = both[::-1]
    _, at = np.unique(newest_first["session"], return_index=True)
    merged: Points = newest_first[at]
    return merged


def _row(key: SeriesKey, points: Points) -> dict[str, Any]:
    first, last = points["session"][[0, -1]].astype("datetime64[D]").tolist()
    return {
        **key._asdict(), "first": first, "last": last, "count": len(points),
        "fetched_at": datetime.fromtimestamp(int(points["fetched_at"].max()), UTC), "packed": points.tobytes(),
    }  # fmt: skip


def _frames(stored: dict[SeriesKey, Points]) -> dict[SeriesKey, pd.DataFrame]:
    """Each series as a slice of one frame, which takes half as long as a frame for each."""
    import pandas as pd

    points = np.concatenate([np.empty(0, dtype=POINT), *stored.values()])
    whole = pd.DataFrame({
        "session": points["session"].astype("datetime64[D]").astype("datetime64[s]"),
        "pe": points["pe"].astype("float64"), "losing": points["losing"].astype(bool),
        **{name: points[name].astype("float64") for name in NUMBERS[1:]},
        "fetched_at": pd.DatetimeIndex(points["fetched_at"].astype("datetime64[s]")).tz_localize("UTC"),
    })  # fmt: skip
    ends = np.cumsum([len(own) for own in stored.values()])
    spans = zip(stored.items(), ends.tolist(), strict=True)
    return {key: whole.iloc[end - len(own) : end].reset_index(drop=True) for (key, own), end in spans}
