"""``basketwatch card`` and ``report --pdf`` as people use them: real processes, files, one sentence, exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketwatch import clock
from basketwatch.sources.demo import market
from tests.stores import fill
from tests.test_cli import basketwatch


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("cards") / "live.sqlite"
    fill(path, is_demo=False)
    return {"BASKETWATCH_DB": str(path), "BASKETWATCH_NOW": clock.iso(market.NOW)}


@pytest.mark.parametrize(("suffix", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("PDF", b"%PDF")])
def test_a_card_is_written(filled: dict[str, str], tmp_path: Path, suffix: str, begins: bytes) -> None:
    target = tmp_path / f"a.{suffix}"
    done = basketwatch("card", "today", "-o", str(target), "--theme", "dark", "--lang", "zh", **filled)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert target.read_bytes().startswith(begins) and [p.name for p in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize(("words", "said"), [
    (("nope", "-o", "a.png"), "There is no card of “nope”; known: today, flags, sectors, weekly, cpo, ocs"),
    (("today", "-o", "a.gif"), "a.gif has the wrong ending; use .png, .svg or .pdf."),
    (("today", "-o", "a"), "a has the wrong ending"),
    (("today", "-o", "missing/a.png"), "cannot be written (No such file or directory); choose another folder."),
    (("today", "-o", "folder.png"), "cannot be written (Is a directory); choose another folder."),
    (("today", "-o", "a.png", "--session", "2026-07-04"), "2026-07-04 is no A-share session"),
    (("today", "-o", "a.png", "--session", "2026-07-06"), "The session of 2026-07-06 has not closed"),
])  # fmt: skip
def test_wrong_usage_is_one_sentence(filled: dict[str, str], tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "folder.png").mkdir()
    given = [str(tmp_path / w) if i == 2 else w for i, w in enumerate(words)]
    done = basketwatch("card", *given, **filled)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"], "nothing is left behind"


def test_nothing_stored_is_4(tmp_path: Path) -> None:
    done = basketwatch("card", "today", "-o", str(tmp_path / "a.png"), BASKETWATCH_DB=str(tmp_path / "none.sqlite"))
    assert (done.returncode, done.stderr) == (4, "There is nothing to show yet; run basketwatch refresh first.\n")
    assert not (tmp_path / "a.png").exists()


def test_an_old_card_is_drawn_and_said(filled: dict[str, str], tmp_path: Path) -> None:
    later = filled | {"BASKETWATCH_NOW": "2026-07-08T09:00:00Z"}
    done = basketwatch("card", "today", "-o", str(tmp_path / "a.png"), **later)
    assert (done.returncode, done.stderr) == (3, "OLD DATA: as of 3 Jul 15:00\n") and (tmp_path / "a.png").exists()


def test_a_past_session_and_the_weekly(filled: dict[str, str], tmp_path: Path) -> None:
    done = basketwatch("card", "today", "-o", str(tmp_path / "a.svg"), "--session", "2026-07-02", **filled)
    assert "<title>Thu 2 Jul · " in (tmp_path / "a.svg").read_text("utf-8")
    assert (done.returncode, done.stderr) == (3, "INCOMPLETE: 31 of 32 are up to date\n"), (
        "nobody knows who was suspended"
    )
    assert basketwatch("report", "--pdf", str(tmp_path / "w.pdf"), **filled).stdout == ""
    assert (tmp_path / "w.pdf").read_bytes().startswith(b"%PDF")
    done = basketwatch("report", "--pdf", str(tmp_path / "w.txt"), **filled)
    assert done.returncode == 2 and "does not end in .pdf" in done.stderr
