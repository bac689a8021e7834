"""Baskets as text and as values: blocks, differences, three-way merges. Each against the file that must come out."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.files import blocks
from basketwatch.files.editing import (
    GONE,
    MEMBER,
    ORDER,
    Change,
    Conflict,
    Sheet,
    changes_of,
    decided,
    merged,
    sheet_of,
    written,
)
from tests.files.made import PROJECT

FILE = """\
# a heading of the file

id = "mine"
benchmarks = [
    "000300.SH",  # first
    "399006.SZ",
]

# --- chips ---

# of the laser
[[member]]
ticker = "688498.SH"
name   = { zh = "源杰科技", en = "Yuanjie" }
since  = 2026-11-20
# asked on the 21st

[[member]]
ticker = "002281.SZ"  # its code
name   = { zh = "光迅科技", en = "Accelink" }
since  = 2026-11-20

# --- modules ---

[[member]]
ticker = "300308.SZ"
name   = { zh = "中际旭创", en = "Innolight" }
since  = 2026-11-20
"""
LASER, CHIP, MODULE = "688498.SH", "002281.SZ", "300308.SZ"
NEW = {"name": {"zh": "新易盛", "en": "Eoptolink"}, "since": date(2026, 11, 27)}


def with_rows(sheet: Sheet, **rows: Any) -> Sheet:
    """``sheet`` with fields of members set (a dict) or the member taken out (None); ``T688498_SH`` for 688498.SH."""
    members = dict(sheet.members)
    for name, fields in rows.items():
        ticker = name[1:].replace("_", ".")
        if fields is None:
            del members[ticker]
        else:
            members[ticker] = {**members.get(ticker, {}), **fields}
    return Sheet(sheet.head, members)


def after(text: str, wanted: Sheet) -> str:
    return written(text, changes_of(sheet_of(text), wanted))


def lines_between(one: str, two: str) -> tuple[list[str], list[str]]:
    """Lines that only the first, and that only the second text has."""
    import difflib

    found = [line for line in difflib.ndiff(one.splitlines(), two.splitlines()) if line[:2] in ("- ", "+ ")]
    return [line[2:] for line in found if line[0] == "-"], [line[2:] for line in found if line[0] == "+"]


# --- text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((PROJECT / "watchlists").glob("[!f]*.toml")), ids=lambda p: p.stem)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_in_parts_is_the_file(path: Any, end: str) -> None:
    text = path.read_text(encoding="utf-8").replace("\n", end)
    parts = blocks.parts_of(text)
    assert "".join(part.text for part in parts) == text == written(text, [])
    assert [part.ticker for part in parts if part.ticker] == list(sheet_of(text).members)


def test_comments_belong_to_the_member_they_touch() -> None:
    own = {part.ticker: part.text for part in blocks.parts_of(FILE) if part.ticker}
    assert own[LASER].startswith("# of the laser\n") and own[LASER].endswith("# asked on the 21st\n")
    assert own[CHIP].startswith("[[member]]\n") and own[MODULE].startswith("[[member]]\n")


def test_what_looks_like_a_member_inside_a_text_is_none() -> None:
    text = FILE.replace(
        "since  = 2026-11-20\n# asked", 'note = """\n[[member]]\n# no comment\n"""\nsince  = 2026-11-20\n# asked'
    )
    assert [part.ticker for part in blocks.parts_of(text) if part.ticker] == [LASER, CHIP, MODULE]
    assert "note" in sheet_of(text).members[LASER]


@pytest.mark.parametrize(("ticker", "gone"), [(LASER, 7), (CHIP, 5), (MODULE, 5)])
def test_a_member_that_goes_takes_its_lines_and_no_heading(ticker: str, gone: int) -> None:
    """Its block, its comments and one blank line: 1 + 4 + 1 + 1 of the laser, 4 + 1 of the others."""
    sheet = sheet_of(FILE)
    text = after(FILE, Sheet(sheet.head, {t: f for t, f in sheet.members.items() if t != ticker}))
    lost, new = lines_between(FILE, text)
    assert (len(lost), new) == (gone, []) and "# --- chips ---" in text and "# --- modules ---" in text
    assert ticker not in text and text.endswith("\n") and "\n\n\n" not in text


def test_a_field_is_changed_in_its_place() -> None:
    sheet = sheet_of(FILE)
    text = after(
        FILE, with_rows(sheet, T002281_SZ={"name": {"zh": "光迅", "en": "Accelink"}, "until": date(2026, 12, 31)})
    )
    assert lines_between(FILE, text) == (
        ['name   = { zh = "光迅科技", en = "Accelink" }'],
        ['name   = { zh = "光迅", en = "Accelink" }', "until  = 2026-12-31"],
    )
    assert 'ticker = "002281.SZ"  # its code' in text
    again = with_rows(sheet_of(text), T002281_SZ={"name": sheet.members[CHIP]["name"]})
    without = Sheet(again.head, {t: {k: v for k, v in f.items() if k != "until"} for t, f in again.members.items()})
    assert after(text, without) == FILE


def test_the_basket_s_own_keys() -> None:
    sheet = sheet_of(FILE)
    text = after(FILE, Sheet({**sheet.head, "benchmarks": ["000300.SH", "^SOX.US"], "archived": True}, sheet.members))
    assert sheet_of(text).head == {"id": "mine", "benchmarks": ["000300.SH", "^SOX.US"], "archived": True}
    assert '"000300.SH",  # first' in text and text.index("archived") < text.index("# --- chips ---")


def test_a_new_member_comes_last_and_a_moved_one_under_its_neighbour() -> None:
    sheet = sheet_of(FILE)
    text = after(FILE, with_rows(sheet, T300502_SZ=NEW))
    assert lines_between(FILE, text) == ([], [
        "", "[[member]]", 'ticker = "300502.SZ"', 'name   = { zh = "新易盛", en = "Eoptolink" }', "since  = 2026-11-27",
    ])  # fmt: skip
    moved = after(FILE, Sheet(sheet.head, {t: sheet.members[t] for t in (MODULE, LASER, CHIP)}))
    assert list(sheet_of(moved).members) == [MODULE, LASER, CHIP]
    assert moved.index("# --- chips ---") < moved.index(MODULE) < moved.index(LASER) < moved.index("# --- modules ---")


def test_from_nothing_and_to_nothing() -> None:
    empty = 'id = "mine"'
    text = after(empty, Sheet({"id": "mine"}, {"300502.SZ": NEW}))
    assert text == 'id = "mine"\n\n' + blocks.new_block("300502.SZ", NEW)
    assert sheet_of(after(FILE, Sheet(sheet_of(FILE).head, {}))).members == {}


def test_line_ends_stay_those_of_the_file() -> None:
    text = after(FILE.replace("\n", "\r\n"), with_rows(sheet_of(FILE), T300502_SZ=NEW, T688498_SH={"role": "core"}))
    assert text.count("\n") == text.count("\r\n") and 'role   = "core"\r\n' in text


TICKERS = ["688498.SH", "002281.SZ", "300308.SZ", "300502.SZ", "COHR.US", "LITE.US"]
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
names = st.fixed_dictionaries({"zh": texts, "en": texts})
rows = st.fixed_dictionaries(
    {"name": names, "since": st.dates(date(2020, 1, 1), date(2027, 1, 1))},
    optional={"reason": names, "role": st.sampled_from(["core", "odm"]), "until": st.dates(date(2027, 1, 1), date(2028, 1, 1))},
)  # fmt: skip
members = st.permutations(TICKERS).flatmap(
    lambda order: st.integers(0, len(order)).flatmap(
        lambda n: st.tuples(*[rows] * n).map(lambda own: dict(zip(order, own, strict=False)))
    )
)


@given(members, members)
def test_any_state_is_reached_from_any_other(one: dict[str, Any], two: dict[str, Any]) -> None:
    start = after('# mine\nid = "mine"\n', Sheet({"id": "mine"}, one))
    text = after(start, Sheet({"id": "mine"}, two))
    assert list(sheet_of(text).members.items()) == list(two.items())
    assert text.startswith("# mine\n") and after(text, Sheet({"id": "mine"}, two)) == text


# --- merges ------------------------------------------------------------------------------------------------------

BASE = sheet_of(FILE)


def merge(mine: Sheet, theirs: Sheet) -> tuple[Sheet, list[Conflict]]:
    """What stands in the file after their save and then mine, and what is put to me."""
    text = after(FILE, theirs)
    todo, conflicts = merged(changes_of(BASE, mine), sheet_of(text))
    return sheet_of(written(text, todo)), conflicts


def test_different_fields_of_one_member_merge() -> None:
    found, conflicts = merge(
        with_rows(BASE, T688498_SH={"role": "core"}), with_rows(BASE, T688498_SH={"until": date(2027, 1, 4)})
    )
    assert conflicts == []
    assert found.members[LASER] == {**BASE.members[LASER], "role": "core", "until": date(2027, 1, 4)}


def test_the_same_field_is_put_to_the_person_with_both_values() -> None:
    mine, theirs = (with_rows(BASE, T688498_SH={"role": role}) for role in ("core", "odm"))
    found, conflicts = merge(mine, theirs)
    assert conflicts == [Conflict(Change(LASER, "role", None, "core"), "odm")] and found == theirs
    assert decided(conflicts, mine, [True]) == [Change(LASER, "role", "odm", "core")]
    assert decided(conflicts, mine, [False]) == []
    same, nothing = merge(mine, mine)
    assert (same, nothing) == (mine, [])


def test_one_removes_what_the_other_changes() -> None:
    gone, changed = with_rows(BASE, T688498_SH=None), with_rows(BASE, T688498_SH={"role": "odm"})
    assert merge(gone, changed) == (
        changed,
        [Conflict(Change(LASER, MEMBER, BASE.members[LASER], None), changed.members[LASER])],
    )
    found, conflicts = merge(changed, gone)
    assert (found, conflicts) == (gone, [Conflict(Change(LASER, "role", None, "odm"), GONE)])
    back = written(after(FILE, gone), decided(conflicts, changed, [True]))
    assert sheet_of(back).members[LASER] == changed.members[LASER]
    assert merge(gone, gone) == (gone, [])


def test_both_add() -> None:
    one, other = with_rows(BASE, T300502_SZ=NEW), with_rows(BASE, T300394_SZ=NEW)
    found, conflicts = merge(one, other)
    assert conflicts == [] and set(found.members) == {*BASE.members, "300502.SZ", "300394.SZ"}
    late = with_rows(BASE, T300502_SZ={**NEW, "since": date(2026, 11, 28)})
    assert merge(one, late)[1] == [Conflict(Change("300502.SZ", "since", None, NEW["since"]), date(2026, 11, 28))]


def test_orders() -> None:
    def ordered(*tickers: str) -> Sheet:
        return Sheet(BASE.head, {t: BASE.members[t] for t in tickers})

    mine = ordered(MODULE, LASER, CHIP)
    found, conflicts = merge(mine, with_rows(BASE, T300502_SZ=NEW))
    assert conflicts == [] and list(found.members) == [MODULE, "300502.SZ", LASER, CHIP]  # under the module, as there
    assert list(merge(mine, with_rows(BASE, T688498_SH=None))[0].members) == [MODULE, CHIP]
    clash = merge(mine, ordered(CHIP, LASER, MODULE))
    assert list(clash[0].members) == [CHIP, LASER, MODULE] and [c.mine.field for c in clash[1]] == [ORDER]


@given(members, members, members)
def test_no_edit_is_lost_in_a_merge(base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Each of my changes is in the file afterwards, or in a conflict; each of theirs is in the file."""
    start = after('id = "mine"\n', Sheet({"id": "mine"}, base))
    foreign = written(start, changes_of(Sheet({"id": "mine"}, base), Sheet({"id": "mine"}, theirs)))
    todo, conflicts = merged(changes_of(Sheet({"id": "mine"}, base), Sheet({"id": "mine"}, mine)), sheet_of(foreign))
    found = sheet_of(written(foreign, todo)).members
    open_ = {(c.mine.ticker, c.mine.field) for c in conflicts}
    for ticker in {*base, *mine, *theirs}:
        was, own, other, now = (rows.get(ticker) for rows in (base, mine, theirs, found))
        if (ticker, MEMBER) in open_ or any(c.theirs == GONE and c.mine.ticker == ticker for c in conflicts):
            assert now == other
            continue
        if now is None or own is None or other is None:
            assert now == (other if own == was else own), ticker
            continue
        for field in {*own, *other}:
            before = (was or {}).get(field)
            if (ticker, field) in open_ or own.get(field) == before:
                assert now.get(field) == other.get(field)
            else:
                assert now.get(field) == own.get(field)


def test_a_file_that_is_no_toml_is_refused() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        sheet_of("id = ")
