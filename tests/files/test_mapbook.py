"""A chain's file changed as text: merged by lines, refused where it would not be read, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.errors import UsageError
from basketwatch.files import drafts, history, mapbook
from basketwatch.files.baskets import read_universe

NOW = "2026-11-27T08:00:00Z"


@pytest.fixture
def home(shipped: Path) -> Path:
    return shipped


def slipped(text: str) -> str:
    new = text.replace(
        'window   = "2026"\nstate    = "ahead"', 'window   = "2027"\nwas      = ["2026"]\nstate    = "slipped"'
    )
    assert new != text
    return new


def test_a_milestone_that_slips_is_written_read_and_taken_back(home: Path) -> None:
    before = mapbook.read(home, "cpo")
    mapbook.save(home, "cpo", before, slipped(before), NOW, who="wang")
    chain = next(c for c in read_universe(home).chains if c.id == "cpo")
    moved = next(m for m in chain.outlook.milestones if m.id == "1_6t_volume")
    assert (moved.state, moved.window.text, [w.text for w in moved.was]) == ("slipped", "2027", ["2026"])
    assert [(v.how, v.who) for v in mapbook.versions(home, "cpo")] == [(history.OUTSIDE, ""), (history.SAVED, "wang")]
    assert mapbook.take_back(home, "cpo", NOW) == before == mapbook.read(home, "cpo")


def test_what_others_changed_elsewhere_is_merged_and_the_same_place_is_told(home: Path) -> None:
    base = mapbook.read(home, "cpo")
    other = base.replace("# 光迅科技", "# 光迅科技（改）")
    mapbook.save(home, "cpo", base, other, NOW)
    text = mapbook.save(home, "cpo", base, slipped(base), NOW)
    assert "（改）" in text and '"slipped"' in text
    with pytest.raises(UsageError) as fault:
        mapbook.save(home, "cpo", base, base.replace("# 光迅科技", "# 别的"), NOW)
    assert fault.value.key == "map_changed" and mapbook.read(home, "cpo") == text


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('state    = "came"', 'state    = "maybe"', "unknown_state"), ('id   = "cpo"', 'id   = "other"', "id_not_file"),
        ('window   = "2025"', 'window   = "soon"', "bad_span"), ("[[risk]]", "[[risk", "basket_broken"),
        ('"002281.SZ",', '"002281.XX",', "unknown_market"),
    ],
)  # fmt: skip
def test_what_the_reader_would_refuse_is_not_written(home: Path, old: str, new: str, key: str) -> None:
    base = mapbook.read(home, "cpo")
    text = base.replace(old, new, 1)
    assert text != base
    with pytest.raises(UsageError) as fault:
        mapbook.save(home, "cpo", base, text, NOW)
    assert fault.value.key == key and mapbook.read(home, "cpo") == base


def test_a_file_that_is_too_large_is_refused(home: Path) -> None:
    base = mapbook.read(home, "cpo")
    with pytest.raises(UsageError) as fault:
        mapbook.save(home, "cpo", base, base + "# " + "x" * 300_000 + "\n", NOW)
    assert fault.value.key == "file_too_large"


@pytest.mark.parametrize("stem", ["../cpo", "", "no_such", "a/b"])
def test_names_of_files_come_from_no_text(home: Path, stem: str) -> None:
    with pytest.raises(UsageError):
        mapbook.read(home, stem)


def test_a_draft_of_a_map_is_no_basket(home: Path) -> None:
    person = "a" * 32
    drafts.write_map(home, person, "cpo", drafts.Draft("x", "no [ toml"))
    assert drafts.stems(home, person) == [] and drafts.read_map(home, person, "cpo") == drafts.Draft("x", "no [ toml")
    drafts.drop_map(home, person, "cpo")
    assert drafts.read_map(home, person, "cpo") is None


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=8).map("".join)


@given(LINES, LINES)
def test_where_one_side_changed_nothing_the_other_one_stands(base: str, text: str) -> None:
    assert mapbook.merged(base, text, base) == text
    assert mapbook.merged(base, base, text) in (text, base) and mapbook.merged(base, text, text) == text


def test_two_far_places_merge_and_touching_ones_do_not() -> None:
    base = "1\n2\n3\n4\n5\n"
    assert mapbook.merged(base, base.replace("1", "x"), base.replace("5", "y")) == "x\n2\n3\n4\ny\n"
    assert mapbook.merged(base, base.replace("2", "x"), base.replace("3", "y")) is None
    assert mapbook.merged(base, base + "6\n", base + "7\n") is None
