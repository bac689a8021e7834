"""``sector_maps/<id>.toml`` changed as text: merged by lines with what others wrote, refused where the reader would refuse it.

Every version is kept in ``history/map-<id>/``, as those of baskets are.
"""

from __future__ import annotations

import hashlib
import tomllib
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

from filelock import Timeout

from basketwatch.domain.model import Problem
from basketwatch.errors import UsageError
from basketwatch.files import baskets, history, saving, tables
from basketwatch.files.toml import MAX_BYTES

TRIES = 20


def read(home: Path, stem: str) -> str:
    """The text of a map. Raises UsageError: bad_id, basket_broken (no such file, or not to be read)."""
    try:
        return _path(home, stem).read_bytes().removeprefix(saving.MARK).decode()
    except (OSError, ValueError) as fault:
        detail = getattr(fault, "strerror", None) or type(fault).__name__
        raise UsageError("basket_broken", file=shown(stem), detail=detail) from None


def shown(stem: str) -> str:
    """The file as people know it."""
    return f"sector_maps/{stem}.toml"


def save(home: Path, stem: str, base: str, text: str, now: str, *, who: str = "", how: str = history.SAVED) -> str:
    """Bring what leads from ``base`` to ``text`` into the file; returns the text that stands there now.

    Raises UsageError: map_changed (others changed the same lines), map_faulty (the reader would refuse it),
    basket_busy, basket_unwritable; nothing is written then.
    """
    for _ in range(TRIES):
        current = read(home, stem)
        wanted = merged(base, text, current)
        if wanted is None:
            raise UsageError("map_changed", file=shown(stem))
        if wanted == current or _replaced(home, stem, current, wanted, history.Version(now, wanted, how, who)):
            return wanted
    raise UsageError("basket_busy", file=shown(stem))


def take_back(home: Path, stem: str, now: str, *, who: str = "") -> str:
    """Put back what stood before the last save. Raises UsageError: nothing_to_undo, undo_overtaken, and those of ``save``."""
    known = history.versions(home, _kept(stem))
    if len(known) < 2 or known[-1].how == history.OUTSIDE:
        raise UsageError("nothing_to_undo", file=shown(stem))
    if read(home, stem) != known[-1].text:
        raise UsageError("undo_overtaken", file=shown(stem))
    return save(home, stem, known[-1].text, known[-2].text, now, who=who, how=history.UNDONE)


def versions(home: Path, stem: str) -> list[history.Version]:
    """Every version of a map, oldest first."""
    return history.versions(home, _kept(stem))


def faults_of(home: Path, stem: str, text: str) -> list[Problem]:
    """What the reader would say of the map if it held ``text``."""
    return baskets.faults_of_map(home, stem, text.encode())


def merged(base: str, mine: str, theirs: str) -> str | None:
    """The changes of both, by lines; None where both changed the same or touching ones."""
    if theirs in (base, mine):
        return mine
    rows = base.splitlines(keepends=True)
    changes = [*_changes(rows, mine), *_changes(rows, theirs)]
    ordered = sorted({(first, last, tuple(new)) for first, last, new in changes})
    for one, other in pairwise(ordered):
        if other[0] < one[1] or other[0] == one[0] or other[0] == one[1]:
            return None
    for first, last, new in reversed(ordered):
        rows[first:last] = new
    return "".join(rows)


def _changes(rows: list[str], text: str) -> list[tuple[int, int, list[str]]]:
    new = text.splitlines(keepends=True)
    codes = SequenceMatcher(None, rows, new, autojunk=False).get_opcodes()
    return [(i, j, new[k:m]) for tag, i, j, k, m in codes if tag != "equal"]


def _kept(stem: str) -> str:
    return f"map-{stem}"


def _path(home: Path, stem: str) -> Path:
    if not tables.ID.fullmatch(stem):
        raise UsageError("bad_id", id=stem)
    return home / "sector_maps" / f"{stem}.toml"


def _replaced(home: Path, stem: str, current: str, text: str, version: history.Version) -> bool:
    path = _path(home, stem)
    mark = saving.MARK if path.read_bytes().startswith(saving.MARK) else b""
    data = mark + text.encode()
    _refuse(home, stem, current, text, data)

    def change(_: bytes) -> bytes:
        before = history.Version(history.changed_at(path), current, history.OUTSIDE)
        history.add(home, _kept(stem), before, version)
        return data

    try:
        saving.save(path, hashlib.sha256(mark + current.encode()).hexdigest(), change)
    except (saving.Changed, Timeout):
        return False
    except OSError as fault:
        history.forget(home, _kept(stem), version)
        detail = fault.strerror or type(fault).__name__
        raise UsageError("basket_unwritable", file=shown(stem), detail=detail) from None
    return True


def _refuse(home: Path, stem: str, current: str, text: str, data: bytes) -> None:
    """Raise where the reader would find a hard fault that is not in the file already."""
    if len(data) > MAX_BYTES:
        raise UsageError("file_too_large", limit=MAX_BYTES // 1024)
    try:
        tomllib.loads(text)
    except ValueError as fault:
        raise UsageError("basket_broken", file=shown(stem), detail=str(fault)) from None
    known = {(p.key, p.params) for p in faults_of(home, stem, current)}
    for problem in faults_of(home, stem, text):
        if problem.severity == "hard" and (problem.key, problem.params) not in known:
            raise UsageError(problem.key, **dict(problem.params))
