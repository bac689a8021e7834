"""The store: what survives a kill, and that every row comes back as it went in.

The functional tests run on SQLite, and once more on PostgreSQL where BASKETWATCH_TEST_PG_URL names a database in which
schemas may be made.
"""

from __future__ import annotations

import json
import os
import random
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import String, delete, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from basketwatch.domain import columns as frames
from basketwatch.domain import model
from basketwatch.domain.calendars import Session
from basketwatch.domain.model import Freshness, SymbolState
from basketwatch.errors import (
    RefreshRunning,
)
from basketwatch.store import lock, notes, opening, prices, runs, schema
from basketwatch.store.rows import _upsert_statement
from tests.store.made import (
    NOW,
    A,
    B,
    Child,
    Pair,
    Say,
    bars,
    closes,
    factors,
    file_url,
    forks,
    keep,
    quotes,
    reader,
    writer,
)

# --- kills, locks, readers beside a writer ----------------------------------------------------------------------------


@forks
def test_forty_kills_lose_no_acknowledged_commit_and_never_mix_two_generations(tmp_path: Path) -> None:
    where, chance = file_url(tmp_path), random.Random(7)
    keep(writer(where), bars(A, date(2026, 1, 1), [0.5] * 30))
    held, total = 0, 0
    for _ in range(40):

        def write(say: Say, start: int = held) -> None:
            store = opening.open_writer(where)[0]
            with lock.writer_lock(store):
                for n in range(start + 1, start + 1000):
                    keep(store, bars(A, date(2026, 1, 1), [n + 0.5] * 30), swap=n % 2 == 0)
                    say(n)

        child = Child(write)
        acknowledged = [child.lines.readline() for _ in range(chance.randint(1, 4))]
        threading.Event().wait(chance.random() * 0.01)
        acknowledged += child.kill()
        seen = reader(where)
        frame = prices.read_bars(seen)
        stored = frame["close"].unique().tolist()
        assert len(frame) == 30 and len(stored) == 1 and stored[0] - 0.5 >= int(acknowledged[-1])
        assert prices.damaged_series(seen) == []
        held, total = int(stored[0] - 0.5), total + len(acknowledged)
    with writer(where).engine.connect() as c:
        assert c.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    assert held >= total >= 40


@forks
def test_a_second_writer_is_told_who_writes_and_a_kill_frees_the_place(url: str) -> None:
    store = writer(url)

    def hold(say: Say) -> None:
        own = writer(url)
        with lock.writer_lock(own):
            runs.start_run(own, NOW, 60)
            say("held")
            threading.Event().wait()

    child = Child(hold)
    assert child.lines.readline() == "held\n"
    with pytest.raises(RefreshRunning) as caught, lock.writer_lock(store):
        pass
    assert caught.value.params == {"pid": str(child.pid), "since": "2026-07-03T08:30:00Z"}
    assert prices.read_bars(reader(url)).empty
    child.kill()
    for _ in range(200):  # a server notices the dead connection a moment later
        try:
            with lock.writer_lock(store):
                return
        except RefreshRunning:
            threading.Event().wait(0.05)
    pytest.fail("the place was not freed")


def test_the_place_is_free_again_after_an_error_and_one_process_cannot_take_it_twice(pair: Pair) -> None:
    with pytest.raises(ZeroDivisionError), lock.writer_lock(pair[0]):
        raise ZeroDivisionError
    with lock.writer_lock(pair[0]), pytest.raises(RefreshRunning) as caught, lock.writer_lock(pair[0]):
        pass
    assert caught.value.params == {"pid": "?", "since": "?"}


def test_readers_are_never_locked_out_by_a_writer(url: str) -> None:
    store = writer(url)
    keep(store, bars(A, date(2026, 1, 1), [0.5] * 200))
    stop, faults, reads = threading.Event(), list[BaseException](), list[int]()

    def read() -> None:
        while not stop.is_set():
            try:
                frame = prices.read_bars(reader(url))
                assert len(frame) == 200 and frame["close"].nunique() == 1
                reads.append(1)
            except BaseException as error:
                faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(60):
        keep(store, bars(A, date(2026, 1, 1), [n + 0.5] * 200), swap=True)
        notes.new_version(store)
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == [] and len(reads) >= 3 and notes.version(store).endswith("-60")


# --- version, words ----------------------------------------------------------------------------------------------


def test_the_version_counts_and_belongs_to_this_store(pair: Pair, tmp_path: Path) -> None:
    name, count = notes.version(pair[1]).split("-")
    assert count == "0" and notes.new_version(pair[0]) == f"{name}-1" == notes.version(pair[1])
    other = notes.version(writer(f"sqlite:///{tmp_path}/other.sqlite"))
    assert other.endswith("-0") and not other.startswith(name)


def test_words_about_the_store(pair: Pair) -> None:
    assert notes.noted(pair[1], "demo_build") is None
    notes.note(pair[0], "demo_build", "a")
    notes.note(pair[0], "demo_build", "b")
    assert notes.noted(pair[1], "demo_build") == "b"


# --- rows: in and out --------------------------------------------------------------------------------------------


def test_an_empty_store_gives_frames_with_every_column_and_its_dtype(pair: Pair) -> None:
    for frame, columns in (
        (prices.read_quotes(pair[1]), frames.QUOTES), (prices.read_bars(pair[1]), frames.BARS),
        (prices.read_bars(pair[1], []), frames.BARS), (prices.read_factors(pair[1]), frames.FACTORS),
        (prices.read_factors(pair[1], []), frames.FACTORS),
    ):  # fmt: skip
        assert frame.empty and {c: str(t) for c, t in frame.dtypes.items()} == {
            c: t for c, (t, _, _) in columns.items()
        }
    assert prices.read_quotes(pair[1]).index.name == "ticker"
    assert runs.last_run(pair[1]) is None and runs.recent_runs(pair[1]) == []
    for read in (prices.read_series, prices.last_closes, prices.read_calendars, lambda s: prices.freshness(s, [A])):
        assert read(pair[1]) == {}
    assert runs.read_states(pair[1]) == runs.read_breakers(pair[1]) == runs.read_quarantine(pair[1]) == []
    assert runs.requests_since(pair[1], NOW) == {} and prices.damaged_series(pair[1]) == []


def test_saving_nothing_changes_nothing(pair: Pair) -> None:
    w = pair[0]
    keep(w, bars(A, date(2026, 7, 1), [1.5]), given=factors(A, (date(2026, 7, 1), 0.5)))
    prices.save_quotes(w, quotes({}))
    prices.save_sessions(w, "US", [Session(date(2026, 7, 2), NOW, NOW)])
    for nothing in (pd.DataFrame(), bars(A, NOW.date(), [])):
        prices.save_bars(w, nothing)
        prices.save_histories(w, nothing, pd.DataFrame(), years=3, now=NOW)
        for swap in (True, False):
            prices.save_series(w, A, nothing, factors(A), years=3, now=NOW, swap=swap)
    prices.save_quotes(w, pd.DataFrame())
    prices.save_quotes(w, quotes({}).iloc[:0])
    prices.save_factors(w, pd.DataFrame())
    prices.save_factors(w, factors(A))
    runs.save_states(w, [])
    runs.save_quarantine(w, [])
    prices.save_sessions(w, "US", [])
    assert closes(w) == {"07-01": 1.5} and len(prices.read_factors(w)) == 1 and len(prices.read_quotes(w)) == 1
    assert len(prices.read_calendars(w)["US"].sessions) == 1 and prices.damaged_series(w) == []


def test_a_quote_comes_back_as_it_went_in_and_nan_is_null_between(pair: Pair) -> None:
    sent = quotes({}, {"ticker": B, "name": None, "pe_ttm": float("nan"), "suspended": True, "limit_up": float("nan")})
    prices.save_quotes(pair[0], sent)
    found = prices.read_quotes(pair[1])
    pd.testing.assert_frame_equal(found.loc[[A, B]].reset_index(drop=True), sent)
    with pair[1].engine.connect() as c:
        q = schema.quotes.c
        assert c.execute(
            select(q.ticker).where(q.pe_ttm.is_(None), q.limit_up.is_(None), q.name.is_(None))
        ).scalars().all() == [B]


def test_a_column_without_any_value_keeps_its_dtype(pair: Pair) -> None:
    prices.save_quotes(pair[0], quotes({"name": None, "limit_up": float("nan"), "delay_minutes": float("nan")}))
    found = prices.read_quotes(pair[1])
    assert {c: str(t) for c, t in found.dtypes.items()} == {c: t for c, (t, _, _) in frames.QUOTES.items()}
    assert found[["limit_up", "name", "delay_minutes"]].isna().all(axis=None)


def test_a_new_quote_keeps_the_name_and_caps_that_it_lacks_and_nothing_else(pair: Pair) -> None:
    prices.save_quotes(pair[0], quotes({}))
    nan = float("nan")
    prices.save_quotes(
        pair[0], quotes({"name": None, "market_cap": nan, "float_cap": nan, "pe_ttm": nan, "last": 102.5})
    )
    row = prices.read_quotes(pair[1]).loc[A]
    assert (row["name"], row["market_cap"], row["float_cap"], row["last"]) == ("中际旭创", 1e11, 9e10, 102.5)
    assert pd.isna(row["pe_ttm"])
    prices.save_quotes(pair[0], quotes({"name": "旭创", "market_cap": 2e11}))
    assert prices.read_quotes(pair[1]).loc[A, ["name", "market_cap"]].tolist() == ["旭创", 2e11]


def test_instants_are_stored_as_utc_whatever_their_zone_and_refused_without_one(pair: Pair) -> None:
    shanghai = datetime(2026, 7, 3, 15, 0, 3, tzinfo=timezone(timedelta(hours=8)))
    run = runs.start_run(pair[0], shanghai, 1)
    found = runs.last_run(pair[1])
    assert found is not None and found.id == run
    assert found.started == datetime(2026, 7, 3, 7, 0, 3, tzinfo=UTC) and found.started.tzinfo == UTC
    prices.save_quotes(pair[0], quotes({"quote_time": shanghai}))
    assert str(prices.read_quotes(pair[1]).loc[A, "quote_time"]) == "2026-07-03 07:00:03+00:00"
    with pytest.raises(Exception, match="without a zone"):
        runs.start_run(pair[0], datetime(2026, 7, 3, 15, 0), 1)  # noqa: DTZ001


def test_dates_are_the_exchanges_own_in_every_process_zone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    store = writer(url)
    for zone in ("America/New_York", "Asia/Shanghai", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        # 3 July in New York: its close, 20:00 UTC, is already 4 July in Shanghai
        prices.save_quotes(
            store,
            quotes({"ticker": B, "session": date(2026, 7, 3), "quote_time": datetime(2026, 7, 3, 20, tzinfo=UTC)}),
        )
        keep(store, bars(B, date(2026, 7, 3), [1.5]), swap=True)
        row = prices.read_quotes(store).loc[B]
        assert (str(row["session"].date()), str(row["quote_time"])) == ("2026-07-03", "2026-07-03 20:00:00+00:00")
        assert prices.last_closes(store) == {B: (date(2026, 7, 3), 1.5)}
    monkeypatch.undo()
    time.tzset()


def test_read_bars_by_ticker_and_date_sorted(pair: Pair) -> None:
    frame = pd.concat([bars(t, date(2026, 7, 1), [1.5, 2.5, 3.5]) for t in (B, A)]).iloc[::-1]
    prices.save_histories(
        pair[0], frame, factors(A, (date(2026, 7, 3), 0.5), (date(2026, 7, 2), 0.9)), years=3, now=NOW
    )
    found = prices.read_bars(pair[1])
    assert found["ticker"].tolist() == [A] * 3 + [B] * 3 and found["close"].tolist() == [1.5, 2.5, 3.5] * 2
    assert {c: str(t) for c, t in found.dtypes.items()} == {c: t for c, (t, _, _) in frames.BARS.items()}
    assert found["amount"].isna().all()
    some = prices.read_bars(pair[1], [B, "NONE.US"], date(2026, 7, 2))
    assert some["close"].tolist() == [2.5, 3.5] and set(some["ticker"]) == {B}
    assert len(prices.read_bars(pair[1], [f"{i:05d}.HK" for i in range(5000)] + [A])) == 3
    assert prices.read_factors(pair[1], [A])["factor"].tolist() == [0.9, 0.5]
    assert prices.read_factors(pair[1], [B]).empty
    assert prices.damaged_series(pair[1]) == []


def test_an_overlapping_history_is_merged_and_a_swap_replaces_it(pair: Pair) -> None:
    w = pair[0]
    keep(w, bars(A, date(2026, 7, 1), [1.5, 2.5, 3.5, 4.5]))
    later = bars(A, date(2026, 7, 3), [30.5, 40.5, 50.5])
    keep(w, later[later["close"] != 40.5])  # 3 and 5 July: the source has no row for the 4th
    assert closes(w) == {"07-01": 1.5, "07-02": 2.5, "07-03": 30.5, "07-04": 4.5, "07-05": 50.5}
    row = prices.read_series(w)[A]
    assert (row.first, row.last, row.count, row.years, row.read_at) == (date(2026, 7, 1), date(2026, 7, 5), 5, 3, NOW)
    keep(w, bars(A, date(2026, 7, 2), [0.25, 0.5], source="tencent"), swap=True)
    assert closes(w) == {"07-02": 0.25, "07-03": 0.5}
    row = prices.read_series(w)[A]
    assert (row.first, row.last, row.count, row.source) == (date(2026, 7, 2), date(2026, 7, 3), 2, "tencent")
    assert prices.damaged_series(w) == []


def test_factors_are_left_replaced_from_the_first_bar_on_or_swapped(pair: Pair) -> None:
    w = pair[0]
    frame = bars(A, date(2026, 7, 1), [1.5, 2.5])
    old, new = (date(2025, 7, 1), 0.5), (date(2026, 7, 2), 0.75)
    keep(w, frame, given=factors(A, old, (date(2026, 7, 1), 0.9)))
    keep(w, frame)
    assert prices.read_factors(w)["factor"].tolist() == [0.5, 0.9]
    keep(w, frame, given=factors(A, new))  # the older one belongs to older bars, which stay
    assert prices.read_factors(w)["factor"].tolist() == [0.5, 0.75]
    keep(w, frame, given=factors(A, (old[0], 0.6), new))
    assert prices.read_factors(w)["factor"].tolist() == [0.6, 0.75]
    keep(w, frame, given=factors(A, new), swap=True)
    assert prices.read_factors(w)["factor"].tolist() == [0.75]
    prices.save_factors(w, factors(A, (new[0], 0.8)))
    assert prices.read_factors(w)["factor"].tolist() == [0.8]


def test_a_failed_write_leaves_the_whole_history_as_it_was(pair: Pair) -> None:
    keep(pair[0], bars(A, date(2026, 7, 1), [1.5, 2.5]), given=factors(A, (date(2026, 7, 2), 0.5)))
    with pytest.raises(IntegrityError):  # a bug of ours, so no sentence
        keep(pair[0], bars(A, date(2026, 7, 1), [9.5, float("nan")]), swap=True, given=factors(A))
    assert closes(pair[1]) == {"07-01": 1.5, "07-02": 2.5} and len(prices.read_factors(pair[1])) == 1


def test_a_run_empties_its_log_once_and_not_after_each_write(tmp_path: Path) -> None:
    w, log = writer(file_url(tmp_path)), tmp_path / "s.sqlite-wal"
    keep(w, bars(A, date(2026, 7, 1), [1.5]))
    assert not log.exists()  # the last connection of the file was closed
    with lock.kept_open(w):
        keep(w, bars(A, date(2026, 7, 2), [2.5]))
        assert log.stat().st_size > 0
        assert closes(reader(file_url(tmp_path))) == {"07-01": 1.5, "07-02": 2.5}
    assert not log.exists() and closes(reader(file_url(tmp_path))) == {"07-01": 1.5, "07-02": 2.5}


def test_bars_from_quotes_bring_their_series_up_to_date(pair: Pair) -> None:
    w = pair[0]
    keep(w, bars(A, date(2026, 7, 1), [1.5, 2.5]))
    prices.save_bars(w, pd.concat([bars(A, date(2026, 7, 3), [3.5], final=False), bars(B, date(2026, 7, 3), [9.5])]))
    row = prices.read_series(w)[A]
    assert (row.last, row.count) == (date(2026, 7, 2), 2) and B not in prices.read_series(w)
    assert prices.last_closes(w) == {A: (date(2026, 7, 2), 2.5), B: (date(2026, 7, 3), 9.5)}
    assert prices.last_closes(w, [B]) == {B: (date(2026, 7, 3), 9.5)}
    assert prices.last_closes(w, []) == {}
    since = {(ticker, day): close for ticker, day, close, _ in prices.final_closes(w, date(2026, 7, 2))}
    assert since[A, date(2026, 7, 2)] == 2.5 and since[B, date(2026, 7, 3)] == 9.5
    assert min(day for _, day in since) == date(2026, 7, 2) and (A, date(2026, 7, 3)) not in since
    prices.save_bars(w, bars(A, date(2026, 7, 3), [3.75]))  # final now
    row = prices.read_series(w)[A]
    assert (row.first, row.last, row.count, row.read_at) == (date(2026, 7, 1), date(2026, 7, 3), 3, NOW)
    prices.save_bars(w, bars(A, date(2026, 7, 2), [2.25, 3.25]))  # corrected inside the series
    assert closes(w) == {"07-01": 1.5, "07-02": 2.25, "07-03": 3.25} and prices.read_series(w)[A].count == 3
    prices.save_bars(
        w, pd.concat([bars(A, date(2026, 7, 4), [4.5]), bars(A, date(2026, 7, 4), [4.75])])
    )  # the last one
    assert closes(w)["07-04"] == 4.75 and prices.damaged_series(w) == []


def test_a_history_without_a_final_bar_has_no_series(pair: Pair) -> None:
    keep(pair[0], bars(A, date(2026, 7, 3), [1.5], final=False))
    assert prices.read_series(pair[0]) == {} and closes(pair[0]) == {"07-03": 1.5}
    prices.save_histories(pair[0], bars(B, date(2026, 7, 3), [1.5], final=False), factors(B), years=3, now=NOW)
    assert prices.read_series(pair[0]) == {} and prices.last_closes(pair[0]) == {}


def test_states_remember_the_last_success_over_failures(pair: Pair) -> None:
    bad = SymbolState(
        A, "quotes", "blocked", "tencent", NOW, None, "source_blocked", (("host", "h"), ("detail", "四二九"))
    )
    later = NOW + timedelta(hours=1)
    runs.save_states(pair[0], [bad])
    assert runs.read_states(pair[1]) == [bad]
    runs.save_states(
        pair[0], [SymbolState(A, "quotes", "ok", "sina", NOW), SymbolState(B, "bars", "partial", "yahoo", NOW)]
    )
    runs.save_states(pair[0], [replace(bad, at=later)])
    found = {s.ticker: s for s in runs.read_states(pair[1])}
    assert found[A] == replace(bad, at=later, last_ok=NOW) and found[B].last_ok == NOW
    runs.save_states(pair[0], [SymbolState(A, "quotes", "ok", "sina", later)])
    found = {s.ticker: s for s in runs.read_states(pair[1])}
    assert (found[A].last_ok, found[A].key, found[A].params) == (later, None, ())


def test_sessions_breakers_quarantine(pair: Pair) -> None:
    w, r = pair
    day = Session(date(2026, 7, 3), datetime(2026, 7, 3, 1, 30, tzinfo=UTC), datetime(2026, 7, 3, 7, 0, tzinfo=UTC))
    earlier = Session(date(2026, 7, 2), day.opens - timedelta(days=1), day.closes - timedelta(days=1))
    prices.save_sessions(w, "CN", [day, earlier])
    prices.save_sessions(w, "US", [day])
    prices.save_sessions(w, "US", [earlier])
    assert prices.read_calendars(r)["CN"].sessions == (earlier, day) and prices.read_calendars(r)["US"].sessions == (
        earlier,
    )
    assert prices.read_calendars(r, date(2026, 7, 3))["CN"].sessions == (day,)
    assert "US" not in prices.read_calendars(r, date(2026, 7, 3))
    runs.save_breakers(w, [{"host": "h", "open_until": NOW, "failures": 2, "reason": "429"}])
    runs.save_breakers(
        w,
        [
            {"host": "i", "open_until": None, "failures": 1, "reason": "403"},
            {"host": "j", "open_until": NOW, "failures": 3, "reason": ""},
        ],
    )
    assert {b.host: b.open_until for b in runs.read_breakers(r)} == {"i": None, "j": NOW}
    runs.save_breakers(w, [])
    assert runs.read_breakers(r) == []
    row = {
        "at": NOW,
        "ticker": A,
        "part": "bars",
        "source": "sina",
        "key": "suspect",
        "params": json.dumps({"detail": "五"}),
    }
    runs.save_quarantine(w, [row, row | {"ticker": B}])
    assert [q.ticker for q in runs.read_quarantine(r)] == [B, A] and len(runs.read_quarantine(r, 1)) == 1


def test_freshness_is_by_market_group(pair: Pair) -> None:
    old = NOW - timedelta(hours=2)
    prices.save_quotes(pair[0], quotes(
        {}, {"ticker": "688205.SH", "fetched_at": old, "quote_time": old, "source": "sina"},
        {"ticker": "300394.SZ"}, {"ticker": "801770.SI", "source": "shenwan"},
        {"ticker": B, "fetched_at": old, "quote_time": old, "source": "yahoo"},
    ))  # fmt: skip
    found = prices.freshness(pair[1], [A, "688205.SH", "300394.SZ", "801770.SI", B])
    assert set(found) == {"CN", "US"} and found["CN"].fetched_at == NOW
    assert set(found["CN"].sources) == {"tencent", "sina"}
    assert found["US"] == Freshness(old, ("yahoo",))
    assert set(prices.freshness(pair[1], [A])) == {"CN"}, "a member that has left must not make its market look late"


def _asked(at: datetime, host: str, status: int | None) -> dict[str, Any]:
    return {
        "at": at, "source": "sina", "host": host, "path": "/x", "status": status, "ms": 12.5, "size": 100,
        "error": "" if status == 200 else "timeout" if status is None else f"HTTP {status}",
    }  # fmt: skip


def test_a_run_from_start_to_report(pair: Pair) -> None:
    w, r = pair
    first = runs.start_run(w, NOW, 5)
    runs.note_progress(w, first, 2, 6, "A股")
    seen = runs.last_run(r)
    assert seen == model.Run(first, NOW, None, os.getpid(), 2, 6, "A股", None)
    assert runs.last_run(r, finished=True) is None and runs.recent_runs(r) == []
    minute = timedelta(minutes=1)
    asked = [_asked(NOW, "h", 200), _asked(NOW, "h", 429), _asked(NOW, "h", None), _asked(NOW - minute, "i", 200)]
    runs.finish_run(w, first, NOW + minute, {"parts": [], "名": 1}, asked)
    second = runs.start_run(w, NOW + 2 * minute, 1)
    assert second > first
    done, last = runs.last_run(r, finished=True), runs.last_run(r)
    assert done is not None and (done.id, done.finished, done.report) == (first, NOW + minute, {"parts": [], "名": 1})
    assert last is not None and last.id == second
    assert runs.requests_since(r, NOW) == {"h": {"total": 3, "failed": 2}}
    assert runs.requests_since(r, NOW - minute)["i"] == {"total": 1, "failed": 0}
    runs.finish_run(w, second, NOW + 3 * minute, {}, [])
    assert [run.id for run in runs.recent_runs(r)] == [second, first]
    assert [run.id for run in runs.recent_runs(r, 1)] == [second]


def test_old_requests_runs_and_answers_put_aside_are_dropped(pair: Pair) -> None:
    w, r = pair
    day = timedelta(days=1)
    aside = {"ticker": A, "part": "bars", "source": "sina", "key": "suspect", "params": "{}"}
    for age in (61, 59, 15, 13):
        run = runs.start_run(w, NOW - age * day, 1)
        runs.finish_run(w, run, NOW - age * day, {"age": age}, [_asked(NOW - age * day, f"h{age}", 200)])
        runs.save_quarantine(w, [aside | {"at": NOW - age * day}])
    runs.start_run(w, NOW, 1)
    assert [run.report and run.report["age"] for run in runs.recent_runs(r)] == [13, 15, 59]
    assert set(runs.requests_since(r, NOW - 100 * day)) == {"h13"}
    assert [q.at for q in runs.read_quarantine(r)] == [NOW - 13 * day, NOW - 15 * day, NOW - 59 * day]


# --- every statement, for both databases --------------------------------------------------------------------------


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=lambda t: t.name)
def test_every_table_and_upsert_compiles_for_both_databases(table: Any) -> None:
    for name, dialect in (("postgresql", postgresql.dialect()), ("sqlite", sqlite.dialect())):
        assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))
        keep_one = [c.name for c in table.c if not c.primary_key][:1]
        for kept in ((), keep_one):
            said = str(_upsert_statement(name, table, kept).compile(dialect=dialect))
            assert "ON CONFLICT" in said and ("coalesce(excluded." in said) == bool(kept)
        for statement in (insert(table), delete(table), select(table)):
            assert table.name in str(statement.compile(dialect=dialect))


def test_no_word_that_is_stored_is_longer_than_its_column() -> None:
    """PostgreSQL refuses what SQLite lets pass."""
    from basketwatch.words.catalogue import CATALOGUE

    for column in (schema.states.c.key, schema.quarantine.c.key):
        assert isinstance(column.type, String) and column.type.length and max(map(len, CATALOGUE)) <= column.type.length
