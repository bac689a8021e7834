"""What the store opens and refuses: files that are no store, damage, disks that are full or shut."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, event, insert, select, text

from basketwatch import settings
from basketwatch.errors import (
    RefreshRunning,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreMixed,
    StoreNewer,
    StoreReadOnly,
)
from basketwatch.store import database, flags, lock, notes, opening, prices, schema
from basketwatch.store.database import Store
from basketwatch.words.text import sentence
from tests.store.made import (
    NOW,
    A,
    B,
    Child,
    Pair,
    Say,
    bars,
    closes,
    damage_a_bars_page,
    file_url,
    filled,
    forks,
    keep,
    patch,
    quotes,
    reader,
    set_meta,
    writer,
)

# --- opening: what is there -------------------------------------------------------------------------------------------


def test_a_missing_empty_or_tableless_store_is_none_for_the_reader_and_built_by_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    assert opening.open_reader(file_url(tmp_path)) is None and not path.exists()
    path.touch()
    assert opening.open_reader(file_url(tmp_path)) is None
    with create_engine(file_url(tmp_path)).begin() as c:
        c.execute(text("PRAGMA user_version = 1"))
    assert path.stat().st_size > 0 and opening.open_reader(file_url(tmp_path)) is None
    writer(file_url(tmp_path))
    assert notes.version(reader(file_url(tmp_path))).endswith("-0")


def test_a_store_killed_while_its_tables_were_made_is_finished_by_the_next_writer(url: str) -> None:
    engine = create_engine(url)
    schema.metadata.create_all(engine, tables=[schema.bars, schema.meta])
    engine.dispose()
    assert opening.open_reader(url) is None
    store = writer(url)
    keep(store, bars(A, date(2026, 7, 1), [1.5]))
    assert closes(reader(url)) == {"07-01": 1.5} and notes.version(store).endswith("-0")


def test_the_writer_makes_the_folder_and_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    where = f"sqlite:///{tmp_path}/a/b/s.sqlite"
    first = notes.version(writer(where))
    assert notes.version(writer(where)) == first


@pytest.mark.parametrize("name", ["with space", "50%25 #1", "数据"])
def test_file_names_that_a_url_would_bend(tmp_path: Path, name: str) -> None:
    where = settings.location(f"{name}/s.sqlite", tmp_path)
    writer(where)
    assert database.file_of(where) == tmp_path / name / "s.sqlite" and (tmp_path / name / "s.sqlite").exists()
    assert notes.noted(reader(where), "schema") == str(schema.VERSION)


def test_location_of_each_kind_of_setting(tmp_path: Path) -> None:
    assert database.file_of(settings.location("", tmp_path)) == tmp_path / "data" / "basketwatch.sqlite"
    assert database.file_of(settings.location("x.db", tmp_path)) == tmp_path / "x.db"
    assert database.file_of(settings.location("/else/x.db", tmp_path)) == Path("/else/x.db")
    assert settings.location("postgresql://h/b", tmp_path) == "postgresql://h/b"
    assert database.file_of("postgresql://h/b") is None


@pytest.mark.parametrize(
    "bad", ["sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/b", "no url", "odd://u:secret@h/b"]
)
def test_a_url_of_another_database_is_said_without_its_password(bad: str) -> None:
    for call in (opening.open_reader, opening.open_writer):
        with pytest.raises(StoreError) as caught:
            call(bad)
        assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_said_without_its_password() -> None:
    pytest.importorskip("psycopg")
    for call in (opening.open_reader, opening.open_writer):
        with pytest.raises(StoreError) as caught:
            call("postgresql+psycopg://u:secret@127.0.0.1:1/b")
        assert "secret" not in str(caught.value) and "Connection refused" in caught.value.params["detail"]


def test_a_missing_driver_is_said() -> None:
    with pytest.raises(StoreError, match="pg8000"):
        opening.open_reader("postgresql+pg8000://u:secret@h/b")


def test_newer_schema_is_refused_by_both_and_left_alone(pair: Pair, url: str) -> None:
    set_meta(pair[0], "schema", "99")
    for call in (opening.open_reader, opening.open_writer):
        with pytest.raises(StoreNewer) as caught:
            call(url)
        assert (caught.value.params["found"], caught.value.params["known"]) == ("99", str(schema.VERSION))
    assert notes.noted(pair[1], "schema") == "99"


def test_a_store_of_version_1_gains_its_new_tables_and_keeps_its_rows(pair: Pair, url: str) -> None:
    notes.note(pair[0], "kept", "yes")
    with pair[0].engine.begin() as c:
        schema.metadata.drop_all(c, [schema.valuations, schema.flags])
    set_meta(pair[0], "schema", "1")
    assert opening.open_reader(url) is None  # as if empty, until a refresh has opened it
    upgraded, damage = opening.open_writer(url)
    assert damage is None and notes.noted(upgraded, "kept") == "yes"
    assert opening.open_reader(url) is not None
    with upgraded.engine.connect() as c:
        assert c.execute(select(schema.valuations)).all() == c.execute(select(schema.flags)).all() == []


def test_a_store_of_version_2_gains_the_column_of_causes(pair: Pair, url: str) -> None:
    """Its flags keep their words; why a bar could not be judged is unknown for them."""
    row = {
        "id": "gap:300308.SZ:2026-07-02:none", "rule": "gap", "ticker": "300308.SZ", "basket": ("cpo",),
        "session": pd.Timestamp("2026-07-02"), "direction": "none", "severity": "data", "value": np.nan, "threshold": np.nan,
        "reason_zh": "缺", "reason_en": "missing", "state": "no_data", "cause": "missing", "notice": True,
    }  # fmt: skip
    flags.save(pair[0], pd.DataFrame([row]), NOW)
    with pair[0].engine.begin() as c:
        c.exec_driver_sql("ALTER TABLE flags DROP COLUMN cause")
    set_meta(pair[0], "schema", "2")
    upgraded, damage = opening.open_writer(url)
    assert damage is None
    rows = flags.read(upgraded)
    assert rows["reason_zh"].tolist() == ["缺"] and rows["cause"].isna().all()
    later = row | {"id": "gap:300308.SZ:2026-07-03:none", "session": pd.Timestamp("2026-07-03")}
    flags.save(upgraded, pd.DataFrame([later]), NOW)
    assert flags.read(upgraded)["cause"].tolist()[0] == "missing"


@pytest.mark.parametrize("table", sorted(schema.metadata.tables))
def test_a_missing_table_is_made_again_and_the_others_are_kept(url: str, table: str) -> None:
    first, _ = opening.open_writer(url)
    notes.note(first, "kept", "yes")
    with first.engine.begin() as c:
        c.exec_driver_sql(f"DROP TABLE {table}")
    assert opening.open_reader(url) is None  # nothing to show, until a refresh has opened it
    again, damage = opening.open_writer(url)
    assert damage is None and notes.noted(again, "kept") == (None if table == "meta" else "yes")
    assert opening.open_reader(url) is not None


def test_demo_and_live_never_meet(pair: Pair, url: str, tmp_path: Path) -> None:
    for call in (opening.open_reader, opening.open_writer):
        with pytest.raises(StoreMixed):
            call(url, demo=True)
    writer(f"sqlite:///{tmp_path}/d.sqlite", demo=True)
    for call in (opening.open_reader, opening.open_writer):
        with pytest.raises(StoreMixed):
            call(f"sqlite:///{tmp_path}/d.sqlite")


def test_another_programs_meta_table_is_refused(tmp_path: Path) -> None:
    with create_engine(file_url(tmp_path)).begin() as c:
        c.execute(text("CREATE TABLE meta (key TEXT, value TEXT)"))
        c.execute(text("INSERT INTO meta VALUES ('schema', 'x.1')"))
    for call in (opening.open_reader, opening.open_writer):
        with pytest.raises(StoreError, match="not a store of basketwatch"):
            call(file_url(tmp_path))


# --- damage ------------------------------------------------------------------------------------------------------


def _html(path: Path) -> None:
    path.write_text("<html><body>login</body></html>" * 400, encoding="utf-8")


def _short_text(path: Path) -> None:
    path.write_text("<html>", encoding="utf-8")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 8192 * 4096])


def _damaged_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 100 + path.read_bytes()[100:])


@pytest.mark.parametrize("spoil", [_html, _short_text, _cut, _halved, _damaged_header])
def test_a_damaged_file_is_said_moved_aside_whole_and_rebuilt(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path, where = tmp_path / "s.sqlite", file_url(tmp_path)
    before = notes.version(filled(where))
    spoil(path)
    spoiled = path.read_bytes()
    with pytest.raises(StoreCorrupt):
        opening.open_reader(where)
    assert path.read_bytes() == spoiled  # a reader only says it
    store, damage = opening.open_writer(where)
    assert damage is not None and damage.params["moved"].startswith("s.sqlite.corrupt-")
    assert (tmp_path / damage.params["moved"]).read_bytes() == spoiled
    assert prices.read_bars(store).empty and notes.version(store) != before
    assert opening.open_writer(where)[1] is None


def test_the_wal_goes_with_the_file_and_an_earlier_one_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = SimpleNamespace(now=lambda zone: datetime(2026, 7, 3, 12, 0, tzinfo=zone))
    monkeypatch.setattr(opening, "datetime", noon)
    for n in range(3):
        for end in ("", "-wal", "-shm"):
            (tmp_path / f"s.sqlite{end}").write_text(f"not a database {n}" * 1000, encoding="utf-8")
        assert opening.open_writer(file_url(tmp_path))[1] is not None
    name = "s.sqlite.corrupt-20260703T120000"
    for n, plus in enumerate(("", "+", "++")):
        for end in ("", "-wal"):  # SQLite writes the -shm anew
            assert (tmp_path / f"{name}{plus}{end}").read_text(encoding="utf-8") == f"not a database {n}" * 1000
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 9


def test_a_page_damaged_in_the_middle_is_a_sentence_for_readers_and_writers_and_healed_by_the_next_opening(
    tmp_path: Path,
) -> None:
    where = file_url(tmp_path)
    store = filled(where)
    damage_a_bars_page(tmp_path / "s.sqlite")
    seen = reader(where)
    assert notes.version(seen) and prices.read_quotes(seen).empty  # the rest is still served
    frame = bars("000020.SZ", date(2026, 1, 1), [7.5] * 60)
    for touch in (
        lambda: prices.read_bars(seen), lambda: prices.last_closes(seen), lambda: prices.damaged_series(seen),
        lambda: prices.read_bars(store, ["000020.SZ"]), lambda: prices.save_bars(store, frame),
        lambda: keep(store, frame), lambda: keep(store, frame, swap=True),
    ):  # fmt: skip
        with pytest.raises(StoreCorrupt) as caught:
            touch()
        assert caught.value.params["path"].endswith("s.sqlite")
    rebuilt, damage = opening.open_writer(where)
    assert damage is not None and prices.read_bars(rebuilt).empty


def test_damage_is_not_moved_away_under_a_running_refresh(tmp_path: Path) -> None:
    where = file_url(tmp_path)
    store = filled(where)
    damage_a_bars_page(tmp_path / "s.sqlite")
    with lock.writer_lock(store), pytest.raises(RefreshRunning):
        opening.open_writer(where)
    assert not list(tmp_path.glob("*.corrupt-*"))
    assert opening.open_writer(where)[1] is not None


def test_a_flipped_bit_in_a_close_is_found_where_sqlite_sees_nothing(tmp_path: Path) -> None:
    store = writer(file_url(tmp_path))
    keep(store, bars(A, date(2026, 7, 1), [97.03125, 98.5, 99.25]))
    keep(store, bars(B, date(2026, 7, 1), [50.5, 51.5]))
    frame = bars(A, date(2026, 7, 4), [97.59375])
    frame[["open", "high", "low"]] = float("nan")  # so that its eight bytes stand once in the file
    prices.save_bars(store, frame)
    assert prices.damaged_series(store) == []
    good = struct.pack(">d", 97.59375)
    patch(tmp_path / "s.sqlite", good, good[:-1] + bytes([good[-1] ^ 1]))
    with store.engine.connect() as c:
        assert c.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    assert prices.damaged_series(reader(file_url(tmp_path))) == [A]
    prices.save_bars(store, bars(A, date(2026, 7, 5), [99.5]))
    assert prices.damaged_series(store) == [A]  # a bar added later does not hide it
    keep(store, bars(A, date(2026, 7, 1), [97.03125, 98.5, 99.25, 97.59375, 99.5]))
    assert prices.damaged_series(store) == []  # read whole again


# --- refused by the disk ------------------------------------------------------------------------------------------


def _nobody() -> None:
    if os.geteuid() == 0:  # permission bits do not bind root
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


@forks
@pytest.mark.parametrize("killed", [False, True], ids=["closed", "with -wal"])
def test_a_read_only_folder_is_served_and_says_why_it_is_not_written(killed: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, where = Path(name), file_url(Path(name))
        if killed:
            Child(lambda _: _die(writer(where))).wait()
            assert (folder / "s.sqlite-wal").stat().st_size > 0
        else:
            notes.note(writer(where), "word", "kept")
        for path in (*folder.iterdir(), folder):
            path.chmod(0o555 if path == folder else 0o444)

        def look(say: Say) -> None:
            _nobody()
            say(notes.noted(reader(where), "word"))
            for refused in (
                lambda: opening.open_writer(where),
                lambda: prices.save_bars(reader(where), bars(A, NOW.date(), [2.5])),
            ):
                try:
                    refused()
                except StoreError as error:
                    say(type(error).__name__)

        said = Child(look).wait()
        folder.chmod(0o755)
    assert said == ["kept", "StoreReadOnly", "StoreReadOnly"]


def _die(store: Store) -> None:
    """End the process while an open connection leaves what was committed in the -wal."""
    c = store.engine.connect()
    c.execute(insert(schema.meta).values(key="word", value="kept"))
    c.commit()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = f"{tmp_path}/file/data/s.sqlite"
    for ask, path in (  # below a file; and a folder where the file should be
        (opening.open_writer, below), (opening.open_writer, tmp_path), (opening.open_reader, tmp_path),
    ):  # fmt: skip
        with pytest.raises(StoreError) as caught:
            ask(f"sqlite:///{path}")
        assert str(path) in sentence(caught.value), "the sentence names the place"
    assert (tmp_path / "file").read_bytes() == b"" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_readers_cannot_write(pair: Pair) -> None:
    with pytest.raises(StoreReadOnly):
        prices.save_quotes(pair[1], quotes({}))
    with pytest.raises(StoreReadOnly):
        notes.new_version(pair[1])
    assert prices.read_quotes(pair[0]).empty and notes.version(pair[0]).endswith("-0")


def test_commits_reach_the_disk_and_readers_are_bound_twice(tmp_path: Path) -> None:
    store = writer(file_url(tmp_path))
    wanted = {store: {"journal_mode": "wal", "synchronous": 2}, reader(file_url(tmp_path)): {"query_only": 1}}
    for each, pragmas in wanted.items():
        with each.engine.connect() as c:
            found = {name: c.exec_driver_sql(f"PRAGMA {name}").scalar() for name in (*pragmas, "mmap_size")}
        assert found == pragmas | {"mmap_size": 0}


def test_a_full_disk_is_said_and_what_was_stored_stays(tmp_path: Path) -> None:
    store = filled(file_url(tmp_path), 5)

    @event.listens_for(store.engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 40")

    _fills_up(store, 5)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(tmp_path)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_really_full_disk_is_said_and_what_was_stored_stays(small_disk: Path) -> None:
    store = filled(file_url(small_disk), 5)
    _fills_up(store, 5)
    (small_disk / "rest").write_bytes(b"\0" * (shutil.disk_usage(small_disk).free // 4096 * 4096))
    with pytest.raises(StoreFull):
        prices.save_quotes(store, quotes({}))
    kept = [f"{i:06d}.SZ" for i in range(5)]
    # not even room for the -wal: still served
    assert len(prices.read_bars(reader(file_url(small_disk)), kept)) == 300


def _fills_up(store: Store, count: int) -> None:
    with pytest.raises(StoreFull):
        for i in range(200):
            keep(store, bars(f"{i:06d}.HK", date(2026, 1, 1), [10.5] * 60))
    assert len(prices.read_bars(store, [f"{i:06d}.SZ" for i in range(count)])) == 60 * count
    assert prices.damaged_series(store) == []
    with store.engine.connect() as c:
        assert c.execute(text("PRAGMA integrity_check")).scalar() == "ok"
