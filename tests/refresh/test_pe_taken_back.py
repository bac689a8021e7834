"""A PE history stored while nothing could be held against it is taken back once Yahoo's quotes contradict it."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from basketwatch.domain.model import SeriesKey
from basketwatch.refresh import run
from basketwatch.store import flags, opening, runs, valuations
from tests.refresh.test_pe_histories import empty, homes, key, series  # noqa: F401
from tests.refresh.world import FRIDAY, World

BAIDU, ANNOUNCED = key("COHR.US", "baidu", "ttm"), key("COHR.US", "yahoo", "announced_eps")
ON_PE = ("pe_percentile", "pe_rebase")


def of_pe(world: World) -> pd.DataFrame:
    """Rows of the log on COHR's PE."""
    said = flags.read(world.store)
    return said[(said["ticker"] == "COHR.US") & said["rule"].isin(ON_PE)]


@pytest.fixture
def fooled(empty: World) -> World:  # noqa: F811
    """Yahoo is out of reach in the first fill of the PE, and Baidu answers with another company's."""
    empty.up.fault("yahoo", ".*", "status:500")
    empty.up.fault("baidu", "opendata", "mislabelled")
    empty.run(only=run.PARTS)
    empty.up.clear_faults()
    assert BAIDU in series(empty) and ANNOUNCED not in series(empty)
    return empty


def test_the_next_source_takes_over_in_the_run_in_which_yahoo_is_back(fooled: World) -> None:
    fooled.up.fault("baidu", "opendata", "mislabelled")
    fooled.run(FRIDAY, only=run.PARTS)
    found = series(fooled)
    assert BAIDU not in found and len(found[ANNOUNCED]) > 2000
    assert fooled.states("valuation")["COHR.US"] == "ok"
    assert any(r.ticker == "COHR.US" and "the quote says" in str(r.params) for r in runs.read_quarantine(fooled.store))


def test_what_was_said_on_it_is_withdrawn_with_a_line(fooled: World) -> None:
    before = of_pe(fooled)
    firing = before[before["state"] == "firing"]
    assert len(firing)
    fooled.up.fault("baidu", "opendata", "mislabelled")
    fooled.run(FRIDAY, only=run.PARTS)
    after = of_pe(fooled)
    [line] = after[after["cause"] == "withdrawn"].to_dict("records")
    assert line["state"] == "no_data" and f"withdrawn: {len(firing)}." in line["reason_en"]
    assert f"{len(firing)} 条" in line["reason_zh"] and "百度" in line["reason_zh"]
    kept = after[after["state"] == "firing"].merge(firing, on="id")
    assert (kept["value_x"] != kept["value_y"]).all()  # judged anew, on the series that is shown
    assert flags.groundless(fooled.store) == {}
    fooled.run(FRIDAY + timedelta(hours=1), only=run.PARTS)
    assert len(of_pe(fooled)) == len(after)


def test_a_history_that_agreed_once_stays(fooled: World) -> None:
    """Its level is right and one quote is wrong, or one of the two does not have the newest report yet."""
    rows = series(fooled)[BAIDU]
    record = rows.tail(1).assign(ticker="COHR.US", source="yahoo", definition="yahoo_trailing")
    valuations.save(opening.open_writer(fooled.url)[0], record)
    fooled.up.fault("baidu", "opendata", "status:500")
    fooled.run(FRIDAY, only=run.PARTS)
    assert BAIDU in series(fooled)


def test_one_series_is_dropped_and_no_other(fooled: World) -> None:
    before, (store, _) = set(series(fooled)), opening.open_writer(fooled.url)
    valuations.drop(store, BAIDU)
    valuations.drop(store, SeriesKey("COHR.US", "nobody", "ttm"))
    assert set(series(fooled)) == before - {BAIDU}
