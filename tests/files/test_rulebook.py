"""The rules' file as the Flags page edits it: comments stay, nobody's work is lost, nonsense is not written."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from basketwatch.domain import rules
from basketwatch.domain.model import Rule
from basketwatch.errors import UsageError
from basketwatch.files import rulebook, saving

TEXT = """# our rules, agreed on Monday
[gap]
size = 0.02   # two per cent, since May

# quiet for now
[sigma_move]
enabled = false
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "watchlists" / "flags.toml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def text_of(home: Path) -> str:
    return (home / rulebook.FILE).read_bytes().decode()


def with_value(book: rulebook.Book, rule: str, **changes: object) -> tuple[Rule, ...]:
    """The rules of a book with something of one rule changed: a field, or a threshold."""
    out = []
    for r in book.rules:
        own = changes if r.id == rule else {}
        fields = {k: v for k, v in own.items() if k in ("enabled", "severity", "cooldown")}
        values = {**r.values, **{k: v for k, v in own.items() if k not in fields}}
        out.append(replace(r, **fields, values=values))
    return tuple(out)


def test_one_number_changes_and_everything_else_stays(home: Path) -> None:
    book = rulebook.read(home)
    after = rulebook.save(home, book, with_value(book, "gap", size=0.03))
    assert text_of(home) == TEXT.replace("size = 0.02 ", "size = 0.03 ")
    assert {r.id: r for r in after.rules}["gap"].values["size"] == 0.03 and after.problems == ()
    assert after.sha256 != book.sha256


def test_a_rule_that_the_file_does_not_name_yet_is_added_at_its_end(home: Path) -> None:
    book = rulebook.read(home)
    rulebook.save(home, book, with_value(book, "high_low", short=90.0, enabled=False))
    assert text_of(home).startswith(TEXT)
    assert text_of(home)[len(TEXT) :].split() == ["[high_low]", "enabled", "=", "false", "short", "=", "90"]


def test_without_a_change_not_a_byte_changes(home: Path) -> None:
    (home / rulebook.FILE).write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    before = (home / rulebook.FILE).read_bytes()
    book = rulebook.read(home)
    rulebook.save(home, book, book.rules)
    assert (home / rulebook.FILE).read_bytes() == before


def test_a_file_that_is_not_there_is_made(home: Path) -> None:
    (home / rulebook.FILE).unlink()
    book = rulebook.read(home)
    assert book.rules == rules.DEFAULTS and book.sha256 == saving.ABSENT
    after = rulebook.save(home, book, with_value(book, "gap", size=0.05))
    assert text_of(home).startswith("#") and "[gap]\nsize = 0.05\n" in text_of(home)
    assert after.problems == ()


def test_a_file_that_changed_since_it_was_read_is_left_alone(home: Path) -> None:
    book = rulebook.read(home)
    edited = TEXT + "\n[limit]\nenabled = false\n"
    (home / rulebook.FILE).write_text(edited, encoding="utf-8")
    with pytest.raises(UsageError) as fault:
        rulebook.save(home, book, with_value(book, "gap", size=0.03))
    assert fault.value.key == "rules_changed" and text_of(home) == edited


def test_a_file_that_has_gone_or_come_since_counts_as_changed(home: Path) -> None:
    book = rulebook.read(home)
    (home / rulebook.FILE).unlink()
    with pytest.raises(UsageError):
        rulebook.save(home, book, with_value(book, "gap", size=0.03))
    assert not (home / rulebook.FILE).exists()
    absent = rulebook.read(home)
    (home / rulebook.FILE).write_text(TEXT, encoding="utf-8")
    with pytest.raises(UsageError):
        rulebook.save(home, absent, with_value(absent, "gap", size=0.03))
    assert text_of(home) == TEXT


def test_of_many_tabs_that_save_at_once_one_wins_and_the_others_are_told(home: Path) -> None:
    book, told, start = rulebook.read(home), [], threading.Barrier(8)

    def tab(number: int) -> None:
        start.wait()
        try:
            rulebook.save(home, book, with_value(book, "gap", size=0.03 + number / 100))
            told.append("saved")
        except UsageError as fault:
            told.append(fault.key)

    tabs = [threading.Thread(target=tab, args=(n,)) for n in range(8)]
    for t in tabs:
        t.start()
    for t in tabs:
        t.join()
    assert sorted(told) == ["rules_changed"] * 7 + ["saved"]
    assert rulebook.read(home).problems == ()
    assert [p.name for p in (home / "watchlists").iterdir() if p.name.endswith(".new")] == []


@pytest.mark.parametrize("broken", ["[gap\nsize = 1", "[gap]\nsize = 5\n", "[gpa]\n", "\x00", '[gap]\nsize = "abc"\n'])
def test_a_file_broken_by_hand_is_said_and_never_overwritten(home: Path, broken: str) -> None:
    (home / rulebook.FILE).write_text(broken, encoding="utf-8")
    book = rulebook.read(home)
    assert book.broken and book.problems[0].where.startswith(f"{rulebook.FILE}:")
    assert [r.id for r in book.rules] == [r.id for r in rules.DEFAULTS], "the defaults go on"
    with pytest.raises(UsageError) as fault:
        rulebook.save(home, book, with_value(book, "limit", enabled=False))
    assert fault.value.key == "rules_broken" and text_of(home) == broken


@pytest.mark.parametrize(("rule", "change"), [
    ("gap", {"size": -5.0}), ("gap", {"size": 5.0}), ("gap", {"size": float("nan")}), ("gap", {"cooldown": 0}),
    ("gap", {"severity": "loud"}), ("high_low", {"short": 250.0, "long": 60.0}), ("pe_percentile", {"high": 0.5}),
])  # fmt: skip
def test_nonsense_is_not_written(home: Path, rule: str, change: dict[str, object]) -> None:
    book = rulebook.read(home)
    chosen = with_value(book, rule, **change)
    assert rulebook.faults(chosen)
    with pytest.raises(UsageError) as fault:
        rulebook.save(home, book, chosen)
    assert fault.value.key == "rules_faulty" and text_of(home) == TEXT


def test_sound_rules_have_no_faults(home: Path) -> None:
    assert rulebook.faults(rulebook.read(home).rules) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(home: Path) -> None:
    book = rulebook.read(home)
    (home / "watchlists").chmod(0o555)
    try:
        with pytest.raises(UsageError) as fault:
            rulebook.save(home, book, with_value(book, "gap", size=0.03))
    finally:
        (home / "watchlists").chmod(0o755)
    assert fault.value.key == "rules_unwritable" and text_of(home) == TEXT


def test_the_file_keeps_its_permissions(home: Path) -> None:
    (home / rulebook.FILE).chmod(0o640)
    book = rulebook.read(home)
    rulebook.save(home, book, with_value(book, "gap", size=0.03))
    assert (home / rulebook.FILE).stat().st_mode & 0o777 == 0o640


def test_what_a_killed_save_left_is_swept_by_the_next_one(home: Path) -> None:
    left = home / "watchlists" / ".flags.toml.4242.new"
    left.write_text("[gap", "utf-8")
    other = home / "watchlists" / ".mine.toml.4242.new"  # of another file, which somebody may be saving now
    other.write_text("", "utf-8")
    book = rulebook.read(home)
    rulebook.save(home, book, with_value(book, "gap", size=0.03))
    assert not left.exists() and other.exists() and "size = 0.03" in text_of(home)
