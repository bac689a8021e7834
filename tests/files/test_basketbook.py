"""Baskets saved from the page: nothing is lost, nothing is half written, every version is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from basketwatch.errors import UsageError
from basketwatch.files import basketbook, drafts, history, saving
from basketwatch.files.baskets import read_universe
from basketwatch.files.editing import GONE, Sheet, sheet_of
from basketwatch.words.text import sentence
from tests.files.made import HEAD, MEMBER, PROJECT

NOW = "2026-11-27T08:00:00Z"
TEXT = HEAD + MEMBER.format("300308.SZ") + "\n" + MEMBER.format("300502.SZ")
ROW: dict[str, Any] = dict(sheet_of(TEXT).members["300308.SZ"])


@pytest.fixture
def mine(home: Path) -> Path:
    """A home with the basket ``mine`` of two members; returns the file."""
    file = home / "watchlists" / "mine.toml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def added(text: str, ticker: str, **fields: Any) -> Sheet:
    sheet = sheet_of(text)
    return Sheet(sheet.head, {**sheet.members, ticker: {**ROW, **fields}})


def test_a_save_is_written_kept_and_taken_back(home: Path, mine: Path) -> None:
    saved = basketbook.save(home, "mine", sheet_of(TEXT), added(TEXT, "300394.SZ"), NOW, who="wang")
    assert mine.read_text() == saved.text == TEXT + "\n" + saved.text[len(TEXT) + 1 :] and "300394.SZ" in saved.text
    assert [c.ticker for c in saved.changes] == ["300394.SZ"]
    assert [(v.how, v.who, v.text) for v in history.versions(home, "mine")] == [
        ("outside", "", TEXT), ("saved", "wang", saved.text),
    ]  # fmt: skip
    assert basketbook.take_back(home, "mine", NOW) == TEXT == mine.read_text()
    assert basketbook.take_back(home, "mine", NOW) == saved.text  # and the taking back is one, too
    assert [v.how for v in history.versions(home, "mine")] == ["outside", "saved", "undone", "undone"]
    first = history.versions(home, "mine")[0]
    assert basketbook.restore(home, "mine", first, NOW) == TEXT == mine.read_text()


def test_what_others_wrote_meanwhile_stays(home: Path, mine: Path) -> None:
    mine.write_text(TEXT.replace('"乙"', '"丙"', 1), encoding="utf-8")  # another editor: the first member's reason
    saved = basketbook.save(home, "mine", sheet_of(TEXT), added(TEXT, "300308.SZ", role="odm"), NOW)
    members = sheet_of(saved.text).members
    assert members["300308.SZ"] == {**ROW, "reason": {"zh": "丙", "en": "B"}, "role": "odm"}
    assert [v.how for v in history.versions(home, "mine")] == ["outside", "saved"]


def test_the_same_field_is_asked_about_and_nothing_written(home: Path, mine: Path) -> None:
    theirs = TEXT.replace('"乙"', '"丙"', 1)
    mine.write_text(theirs, encoding="utf-8")
    wanted = added(TEXT, "300308.SZ", reason={"zh": "丁", "en": "B"})
    asked = basketbook.save(home, "mine", sheet_of(TEXT), wanted, NOW)
    [conflict] = asked.conflicts
    assert (conflict.mine.ticker, conflict.mine.field, conflict.theirs) == (
        "300308.SZ",
        "reason",
        {"zh": "丙", "en": "B"},
    )
    assert mine.read_text() == theirs and history.versions(home, "mine") == []
    for own, word in ((False, "丙"), (True, "丁")):
        basketbook.save(home, "mine", sheet_of(TEXT), wanted, NOW, own={("300308.SZ", "reason"): own})
        assert sheet_of(mine.read_text()).members["300308.SZ"]["reason"]["zh"] == word


def test_a_member_that_another_took_out(home: Path, mine: Path) -> None:
    mine.write_text(HEAD + MEMBER.format("300502.SZ"), encoding="utf-8")
    wanted = added(TEXT, "300308.SZ", role="odm")
    [conflict] = basketbook.save(home, "mine", sheet_of(TEXT), wanted, NOW).conflicts
    assert conflict.theirs == GONE
    saved = basketbook.save(home, "mine", sheet_of(TEXT), wanted, NOW, own={("300308.SZ", "role"): True})
    assert sheet_of(saved.text).members["300308.SZ"] == {**ROW, "role": "odm"}


@pytest.mark.parametrize(("ticker", "fields", "words"), [
    ("300394.sz", {}, "300394.SZ"),
    ("../../x", {}, "../../x"),
    ("300394.SZ", {"role": "boss"}, "boss"),
    ("300394.SZ", {"until": date(2020, 1, 1)}, "2020-01-01"),
    ("300394.SZ", {"reason": {"zh": "长" * 3000, "en": "x"}}, "4"),
])  # fmt: skip
def test_what_the_reader_would_refuse_is_not_written(
    home: Path, mine: Path, ticker: str, fields: Any, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        basketbook.save(home, "mine", sheet_of(TEXT), added(TEXT, ticker, **fields), NOW)
    assert words in sentence(caught.value, "zh") and words in sentence(caught.value, "en")
    assert mine.read_text() == TEXT and history.versions(home, "mine") == []


def test_a_fault_that_was_there_stops_nobody(home: Path, mine: Path) -> None:
    text = TEXT.replace("since = 2026-11-20", 'since = 2026-11-20\nrole = "boss"', 1)
    mine.write_text(text, encoding="utf-8")
    assert "300394.SZ" in basketbook.save(home, "mine", sheet_of(text), added(text, "300394.SZ"), NOW).text


def test_too_many_members_are_refused(home: Path, mine: Path) -> None:
    sheet = sheet_of(TEXT)
    many = {f"{300001 + n}.SZ": ROW for n in range(2500)}
    with pytest.raises(UsageError, match="file_too_large"):
        basketbook.save(home, "mine", sheet_of(TEXT), Sheet(sheet.head, {**sheet.members, **many}), NOW)
    assert mine.read_text() == TEXT


@pytest.mark.parametrize("stem", ["../../etc/passwd", "<script>", "a" * 41, "", "flags", "🙂", "A"])
def test_no_file_name_comes_from_a_text_unchecked(home: Path, stem: str) -> None:
    with pytest.raises(UsageError) as caught:
        basketbook.read(home, stem)
    assert caught.value.key == "bad_id"


def test_a_label_gives_an_id_that_is_free() -> None:
    assert basketbook.new_id("CPO / OCS 观察", []) == "cpo_ocs"
    assert basketbook.new_id("../../etc/passwd", []) == "etc_passwd"
    assert basketbook.new_id("<b>🙂</b>", ["b_b"]) == "b_b_2"
    assert basketbook.new_id("液冷", ["basket", "basket_2"]) == "basket_3"
    assert basketbook.new_id("flags", []) == "flags_2"
    assert len(basketbook.new_id("x" * 300, ["x" * 32])) <= 40


def test_a_new_basket_and_an_archived_one(home: Path) -> None:
    head = {
        "id": "new",
        "name": {"zh": "新", "en": "New"},
        "short": {"zh": "新", "en": "New"},
        "benchmarks": ["000300.SH"],
    }
    saved = basketbook.save(home, "new", sheet_of(""), Sheet(head, {"300308.SZ": ROW}), NOW)
    assert [b.id for b in read_universe(home).baskets] == ["new"] and basketbook.stems(home) == ["new"]
    basketbook.save(home, "new", sheet_of(saved.text), Sheet({**head, "archived": True}, {"300308.SZ": ROW}), NOW)
    assert read_universe(home).baskets == () and basketbook.stems(home) == ["new"]


def test_a_broken_file_is_said_and_left_alone(home: Path, mine: Path) -> None:
    mine.write_bytes(b"id = \xff")
    with pytest.raises(UsageError) as caught:
        basketbook.save(home, "mine", sheet_of(TEXT), added(TEXT, "300394.SZ"), NOW)
    assert caught.value.key == "basket_broken" and "watchlists/mine.toml" in sentence(caught.value, "en")
    assert mine.read_bytes() == b"id = \xff"


def test_a_mark_and_line_ends_are_kept(home: Path, mine: Path) -> None:
    mine.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    text = basketbook.read(home, "mine")
    basketbook.save(home, "mine", sheet_of(text), added(text, "300394.SZ"), NOW)
    data = mine.read_bytes()
    assert data.startswith(b"\xef\xbb\xbfid") and data.count(b"\n") == data.count(b"\r\n") and b"300394.SZ" in data


def test_a_disk_that_refuses_is_said(home: Path, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(saving, "replace", busy)
    with pytest.raises(UsageError) as caught:
        basketbook.save(home, "mine", sheet_of(TEXT), added(TEXT, "300394.SZ"), NOW)
    assert caught.value.key == "basket_unwritable" and "busy" in sentence(caught.value, "en")
    assert mine.read_text() == TEXT


# --- many at once ------------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from basketwatch.errors import UsageError
from basketwatch.files import basketbook
from basketwatch.files.editing import Sheet, sheet_of
home, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
row = {"name": {"zh": "甲", "en": "A"}, "since": __import__("datetime").date(2026, 11, 20)}
for n in range(count):
    base = basketbook.read(home, "mine")
    sheet = sheet_of(base)
    edited = {**row, "reason": {"zh": f"第 {n} 次", "en": f"edit {n}"}}
    wanted = Sheet(sheet.head, {**sheet.members, f"{300600 + first + n % 10}.SZ": edited})
    while True:
        try:
            saved = basketbook.save(home, "mine", sheet_of(base), wanted, "2026-11-27T08:00:00Z")
            break
        except UsageError as fault:
            if fault.key != "basket_busy":
                raise
    print(n if not saved.conflicts else "asked", flush=True)
"""


def writer(home: Path, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(home), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)


def test_of_three_hundred_concurrent_edits_none_is_lost(home: Path, mine: Path) -> None:
    """Six processes add ten members each and then change their reasons, fifty saves a process, all of one file."""
    running = [writer(home, 10 * n, 50) for n in range(6)]
    said = [process.communicate()[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * 6
    assert sum(len(words) for words in said) == 300 and not any("asked" in words for words in said)
    members = sheet_of(mine.read_text()).members
    assert set(members) == {"300308.SZ", "300502.SZ"} | {f"{300600 + n}.SZ" for n in range(60)}
    assert {members[f"{300600 + n}.SZ"]["reason"]["en"] for n in range(60)} == {f"edit {n}" for n in range(40, 50)}
    known = history.versions(home, "mine")
    assert [v.how for v in known] == ["outside"] + ["saved"] * 300 and known[-1].text == mine.read_text()


def test_a_killed_save_leaves_a_whole_file(home: Path, mine: Path) -> None:
    """Killed at fifty instants; what was acknowledged is there, and the file can be read each time."""
    for attempt in range(50):
        process = writer(home, 10, 10)
        assert process.stdout is not None
        done = [int(process.stdout.readline())]
        time.sleep(0.0007 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        done += [int(word) for word in process.communicate()[0].split()]
        members = sheet_of(mine.read_text()).members
        assert {members[f"{300610 + n}.SZ"]["reason"]["en"] for n in done} == {f"edit {n}" for n in done}
        mine.write_text(TEXT, encoding="utf-8")
    basketbook.save(home, "mine", sheet_of(TEXT), added(TEXT, "300394.SZ"), NOW)
    assert [p.name for p in mine.parent.iterdir() if p.suffix == ".new"] == []


def test_a_file_that_is_too_large_is_said_at_once(home: Path, mine: Path) -> None:
    """Ten megabytes take a parser of TOML seconds."""
    mine.write_text(TEXT + "# " + "x" * 10_000_000, encoding="utf-8")
    with pytest.raises(UsageError) as fault:
        basketbook.read(home, "mine")
    assert fault.value.key == "file_too_large"


# --- drafts ------------------------------------------------------------------------------------------------------


def test_two_people_have_two_drafts(home: Path) -> None:
    one, two = "a" * 32, "b" * 32
    drafts.write(home, one, "mine", drafts.Draft(TEXT, TEXT + "# mine\n"))
    assert drafts.read(home, two, "mine") is None
    drafts.write(home, two, "mine", drafts.Draft("", TEXT))
    assert drafts.read(home, one, "mine") == drafts.Draft(TEXT, TEXT + "# mine\n")
    drafts.drop(home, one, "mine")
    assert drafts.read(home, one, "mine") is None and drafts.read(home, two, "mine") is not None
    for half in ("{half", '{"base": "", "text": "id = "}', '{"base": 1, "text": ""}', '{"more": 1}', "[]"):
        (home / "drafts" / two / "mine.json").write_text(half)
        assert drafts.read(home, two, "mine") is None, half


@pytest.mark.parametrize("person", ["", "../../x", "A" * 32, "a" * 31])
def test_an_id_of_nobody_is_refused(home: Path, person: str) -> None:
    with pytest.raises(ValueError, match="person"):
        drafts.write(home, person, "mine", drafts.Draft("", ""))
