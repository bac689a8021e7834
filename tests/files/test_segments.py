"""Companies moved between the segments of a chain's file, as text; and a save of both files, whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.errors import UsageError
from basketwatch.files import basketbook, history, saving, segments
from basketwatch.files.baskets import read_universe
from basketwatch.files.editing import Sheet, in_segments, sheet_of
from tests.files.made import PROJECT

CPO = (PROJECT / "sector_maps/cpo.toml").read_text(encoding="utf-8")
NOW = "2026-11-27T08:00:00Z"
SMALL = """id = "x"  # [[segment]] in a comment
name = { zh = "甲", en = "A" }

# the first
[[segment]]
id = 'a'
name = { zh = "一", en = "1" }
tickers = ["300308.SZ", '300502.SZ']
overseas = [ "COHR.US" ] # inline

[[segment]]
id = "b"
name = { zh = "二", en = "2" }
tickers = [
  # a note
  "300394.SZ"  # 天孚通信
]
"""


def lines_changed(old: str, new: str) -> tuple[list[str], list[str]]:
    before, after = old.splitlines(), new.splitlines()
    return [x for x in before if before.count(x) > after.count(x)], [
        x for x in after if after.count(x) > before.count(x)
    ]


def test_a_company_goes_with_its_comment_and_nothing_else_changes() -> None:
    new = segments.placed(CPO, {"COHR.US": "module"}, {})
    assert segments.places(new)["COHR.US"] == "module"
    assert sorted(CPO.splitlines()) == sorted(new.splitlines()), "one line, in another place"


def test_a_new_company_gets_its_name_beside_it() -> None:
    new = segments.placed(CPO, {"300001.SZ": "ic_test"}, {"300001.SZ": "特锐德"})
    assert lines_changed(CPO, new) == ([], ['    "300001.SZ",  # 特锐德'])


def test_a_place_that_is_right_already_changes_no_byte() -> None:
    assert segments.placed(CPO, segments.places(CPO), {}) == CPO


@pytest.mark.parametrize(
    ("ticker", "segment"),
    [("300308.SZ", "b"), ("300502.SZ", "b"), ("300394.SZ", "a"), ("COHR.US", "b"), ("688001.SH", "a"), ("NVDA.US", "a"), ("300502.SZ", "")],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_layout_that_toml_has(ticker: str, segment: str, end: str) -> None:
    """Lists on one line and on many, with and without a last comma, comments within, a key that is not there yet."""
    text = SMALL.replace("\n", end)
    new = segments.placed(text, {ticker: segment}, {})
    wanted = {**segments.places(text), ticker: segment}
    assert segments.places(new) == {t: s for t, s in wanted.items() if s}
    assert new.count("# a note") == new.count("# the first") == new.count("# inline") == 1
    assert new.count(end) == new.count("\n"), "one kind of line end"


def test_a_segment_that_is_not_there() -> None:
    with pytest.raises(UsageError) as fault:
        segments.placed(SMALL, {"300308.SZ": "zz"}, {})
    assert fault.value.key == "map_segment"


TICKERS = st.sampled_from([*segments.places(CPO), "300001.SZ", "688999.SH", "TSM.US"])
IDS = st.sampled_from(["", *dict.fromkeys(segments.places(CPO).values())])


@given(st.lists(st.tuples(TICKERS, IDS), max_size=8))
def test_any_moves_leave_a_file_that_says_what_was_wanted(moves: list[tuple[str, str]]) -> None:
    text, wanted = CPO, segments.places(CPO)
    for ticker, segment in moves:
        text, wanted[ticker] = segments.placed(text, {ticker: segment}, {}), segment
    assert segments.places(text) == {t: s for t, s in wanted.items() if s}
    rest = [{k: v for k, v in table.items() if k != "segment"} for table in map(tomllib.loads, (CPO, text))]
    assert rest[0] == rest[1]


# --- both files --------------------------------------------------------------------------------------------------


@pytest.fixture
def home(shipped: Path) -> Path:
    return shipped


def state(home: Path) -> tuple[str, str]:
    return tuple((home / f).read_text(encoding="utf-8") for f in ("watchlists/ocs.toml", "sector_maps/ocs.toml"))  # type: ignore[return-value]


def begun(home: Path) -> Sheet:
    return basketbook.begun(home, "ocs").after


def moved(sheet: Sheet, ticker: str, **fields: object) -> Sheet:
    return Sheet(sheet.head, {**sheet.members, ticker: {**sheet.members.get(ticker, {}), **fields}})


def test_a_segment_and_a_reason_land_in_their_files_and_are_taken_back_together(home: Path) -> None:
    before, sheet = state(home), begun(home)
    wanted = moved(sheet, "688313.SH", segment="device", reason={"zh": "新理由", "en": "new"})
    saved = basketbook.save(home, "ocs", sheet, wanted, NOW)
    assert {c.field for c in saved.changes} == {"segment", "reason"}
    assert (
        segments.places(state(home)[1])["688313.SH"] == "device"
        and "segment" not in sheet_of(state(home)[0]).members["688313.SH"]
    )
    assert not read_universe(home).problems
    basketbook.take_back(home, "ocs", NOW)
    assert state(home) == before


def test_a_chain_that_was_changed_since_is_not_taken_back(home: Path) -> None:
    sheet = begun(home)
    basketbook.save(home, "ocs", sheet, moved(sheet, "688313.SH", segment="device"), NOW)
    chain = home / "sector_maps/ocs.toml"
    chain.write_text(chain.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    with pytest.raises(UsageError) as fault:
        basketbook.take_back(home, "ocs", NOW)
    assert fault.value.key == "undo_overtaken" and "# mine" in state(home)[1]


def test_two_who_place_one_company_are_asked_and_two_companies_merge(home: Path) -> None:
    sheet = begun(home)
    basketbook.save(home, "ocs", sheet, moved(sheet, "688313.SH", segment="device"), NOW)
    other = basketbook.save(home, "ocs", sheet, moved(sheet, "300620.SZ", segment="optics"), NOW)
    assert not other.conflicts and segments.places(state(home)[1])["688313.SH"] == "device"
    [conflict] = basketbook.save(home, "ocs", sheet, moved(sheet, "688313.SH", segment="optics"), NOW).conflicts
    assert (conflict.mine.field, conflict.mine.new, conflict.theirs) == ("segment", "optics", "device")


def test_a_member_that_comes_in_is_placed(home: Path) -> None:
    sheet = begun(home)
    row = {
        "name": {"zh": "特锐德", "en": "TGOOD"},
        "reason": {"zh": "试", "en": "try"},
        "since": sheet.members["688313.SH"]["since"],
    }
    basketbook.save(home, "ocs", sheet, moved(sheet, "300001.SZ", **row, segment="chip"), NOW)
    assert '"300001.SZ",  # 特锐德' in state(home)[1] and not read_universe(home).problems


def test_the_overlay_is_of_members_alone() -> None:
    sheet = Sheet({}, {"300308.SZ": {"role": "core"}})
    assert in_segments(sheet, {"300308.SZ": "a", "COHR.US": "b"}).members == {
        "300308.SZ": {"role": "core", "segment": "a"}
    }


# --- killed between the two --------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from basketwatch.files import basketbook, saving
home, at = Path(sys.argv[1]), int(sys.argv[2])
real, count = saving.replace, [0]
def replace(path, data):
    if count[0] == at:
        os.kill(os.getpid(), signal.SIGKILL)
    count[0] += 1
    real(path, data)
saving.replace = replace
sheet = basketbook.begun(home, "ocs").after
members = {**sheet.members, "688313.SH": {**sheet.members["688313.SH"], "segment": "device", "role": "odm"}}
basketbook.save(home, "ocs", sheet, type(sheet)(sheet.head, members), "2026-11-27T08:00:00Z")
"""


@pytest.mark.parametrize("at", range(7))
def test_a_save_killed_before_each_of_its_writes_lands_both_or_neither(home: Path, at: int) -> None:
    """History twice, the journal, the two files: whichever is the last one written, a reader then sees one state."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(home), str(at)], cwd=PROJECT, capture_output=True, check=False
    )
    assert done.returncode == (-signal.SIGKILL if at < 5 else 0), done.stderr
    universe = read_universe(home)  # a reader's first look mends
    basket = next(b for b in universe.baskets if b.id == "ocs")
    role = next(m.role for m in basket.members if m.ticker == "688313.SH")
    place = next(c for c in universe.chains if c.id == "ocs").segment_of("688313.SH")
    assert place and (role, place.id) == (("odm", "device") if at >= 3 else ("core", "chip"))
    assert history.journals(home) == [] and not universe.problems
    sheet = begun(home)
    basketbook.save(home, "ocs", sheet, moved(sheet, "300620.SZ", segment="optics"), NOW)
    assert segments.places(state(home)[1])["300620.SZ"] == "optics"


def test_killed_at_any_instant(home: Path) -> None:
    """Twenty kills at instants of a save's own length, by the clock of the machine."""
    for attempt in range(20):
        before = state(home)
        code = KILLED.replace("if count[0] == at", "if False")
        process = subprocess.Popen([sys.executable, "-c", code, str(home), "0"], cwd=PROJECT)
        time.sleep(0.25 + 0.012 * attempt)
        os.kill(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
        read_universe(home)
        after = state(home)
        role, place = '"odm"' in after[0], segments.places(after[1])["688313.SH"]
        assert (role, place) in ((True, "device"), (False, "chip")), attempt
        for name, text in zip(("watchlists/ocs.toml", "sector_maps/ocs.toml"), before, strict=True):
            (home / name).write_text(text, encoding="utf-8")


def test_a_file_that_somebody_wrote_after_the_kill_is_left_to_them(home: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(home), "3"], cwd=PROJECT, check=False)
    chain = home / "sector_maps/ocs.toml"
    chain.write_text(chain.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    read_universe(home)
    assert "# mine" in chain.read_text(encoding="utf-8") and history.journals(home) == []


def test_a_journal_that_is_none_is_dropped(home: Path) -> None:
    journal = history.journal(home, "ocs")
    journal.parent.mkdir(exist_ok=True)
    for text in ("", "[]", '{"a": 1}', '{"a": ["x"]}', "\x00"):
        journal.write_text(text)
        saving.recover(journal)
        assert not journal.exists()


def test_a_file_that_cannot_be_replaced_leaves_all_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file mounted by itself answers "busy" to a rename: a sentence, no version of it, and nothing is written later."""
    before, sheet, real = state(home), begun(home), saving.replace

    def busy(path: Path, data: bytes) -> None:
        if path.name == "ocs.toml":
            raise OSError(errno.EBUSY, "Device or resource busy")
        real(path, data)

    monkeypatch.setattr(saving, "replace", busy)
    with pytest.raises(UsageError) as fault:
        basketbook.save(home, "ocs", sheet, moved(sheet, "688313.SH", segment="device", role="odm"), NOW)
    assert fault.value.key == "basket_unwritable" and "busy" in str(fault.value.params)
    monkeypatch.undo()
    read_universe(home)
    assert (
        state(home) == before
        and history.journals(home) == []
        and history.versions(home, "ocs")[-1].how == history.OUTSIDE
    )
