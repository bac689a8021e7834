"""Series of multiples in the store: what went in comes out, merged by session, no two definitions in one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from basketwatch.domain import columns
from basketwatch.domain.model import SeriesKey
from basketwatch.store import opening, schema, valuations
from basketwatch.store.database import Store

AT = datetime(2026, 7, 3, 9, 30, tzinfo=UTC)
TTM = SeriesKey("300308.SZ", "eastmoney", "ttm")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return opening.open_writer(f"sqlite:///{tmp_path}/s.sqlite")[0]


def rows(key: SeriesKey, values: dict[str, float], at: datetime = AT) -> pd.DataFrame:
    found = pd.DataFrame({"session": pd.to_datetime(list(values)), "pe": list(values.values())})
    found = found.assign(**key._asdict(), losing=found["pe"] < 0, price=10.5, market_cap=1e9, fetched_at=at)
    return found.reindex(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))


def test_values_come_out_as_they_went_in(store: Store) -> None:
    given = rows(TTM, {"2026-07-02": 34.4801, "2026-07-03": -12.5})
    valuations.save(store, given)
    found = valuations.read(store)[TTM]
    names = ["session", "pe", "losing", "price", "market_cap", "eps", "fetched_at"]
    pd.testing.assert_frame_equal(found, given[names])
    assert found["losing"].tolist() == [False, True] and found["eps"].isna().all()


def test_a_new_value_wins_and_the_other_sessions_stay(store: Store) -> None:
    valuations.save(store, rows(TTM, {"2026-07-03": 3.0, "2026-07-01": 1.0}))
    later = datetime(2026, 7, 6, 9, 0, tzinfo=UTC)
    valuations.save(store, rows(TTM, {"2026-07-06": 4.0, "2026-07-03": 3.5, "2026-07-02": 2.0}, later))
    found = valuations.read(store, [TTM.ticker])[TTM]
    assert [s.date() for s in found["session"]] == [date(2026, 7, d) for d in (1, 2, 3, 6)]
    assert found["pe"].tolist() == [1.0, 2.0, 3.5, 4.0]
    assert found["fetched_at"].tolist() == [AT, later, later, later]
    with store.engine.connect() as c:
        row = c.execute(select(schema.valuations)).one()
    assert (row.first, row.last, row.count, row.fetched_at) == (date(2026, 7, 1), date(2026, 7, 6), 4, later)


def test_two_sources_and_two_definitions_are_three_series(store: Store) -> None:
    others = [TTM._replace(source="tencent"), TTM._replace(definition="announced_eps")]
    valuations.save(store, pd.concat([rows(k, {"2026-07-03": i}) for i, k in enumerate([TTM, *others])]))
    valuations.save(store, rows(TTM._replace(ticker="300394.SZ"), {"2026-07-03": 9.0}))
    found = valuations.read(store, ["300308.SZ"])
    assert set(found) == {TTM, *others}
    assert [found[k]["pe"].tolist() for k in (TTM, *others)] == [[0.0], [1.0], [2.0]]
    assert len(valuations.read(store)) == 4


def test_nothing_to_save_and_nothing_stored(store: Store) -> None:
    valuations.save(store, rows(TTM, {}))
    assert valuations.read(store) == {} and valuations.read(store, []) == {}


def test_ten_years_of_a_series_are_one_small_row(store: Store) -> None:
    days = pd.bdate_range("2016-07-04", "2026-07-03").strftime("%Y-%m-%d")
    valuations.save(store, rows(TTM, dict.fromkeys(days, 34.48)))
    with store.engine.connect() as c:
        row = c.execute(select(schema.valuations)).one()
    assert row.count == len(days) and len(row.packed) == valuations.POINT.itemsize * len(days) < 130_000
