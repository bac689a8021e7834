"""``watchlists/<id>.toml`` as the Edit page changes it: read, saved whole, taken back, and every version kept.

Nobody's work is lost: what is saved is brought into the file as it is by then (``editing.merged``), and what cannot be
brought in is put to the person. What the reader of the files would refuse is not written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from basketwatch.domain.model import Problem
from basketwatch.domain.rules import FILE as RULES
from basketwatch.errors import UsageError
from basketwatch.files import baskets, history, saving, tables
from basketwatch.files.editing import Change, Conflict, Sheet, changes_of, decided, merged, sheet_of, written

TRIES = 20  # saves of others between reading and writing, after which it is said that the file keeps changing


@dataclass(frozen=True)
class Saved:
    """What came of a save: the file's text as it is now, what was written, and what the person has to decide first.

    With ``conflicts`` nothing was written.
    """

    text: str
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


# --- reading -----------------------------------------------------------------------------------------------------


def stems(home: Path) -> list[str]:
    """Ids of all basket files, archived ones too, in the order of their names."""
    found = (p.stem for p in (home / "watchlists").glob("*.toml"))
    return sorted(stem for stem in found if stem != RULES and tables.ID.fullmatch(stem))


def read(home: Path, stem: str) -> str:
    """The text of a basket's file; empty where it is not there.

    Raises UsageError: bad_id, basket_broken (no TOML or not to be read: to be mended in an editor first).
    """
    path = _path(home, stem)
    try:
        text = _text(path.read_bytes()) if path.exists() else ""
        sheet_of(text)
    except (OSError, ValueError, RecursionError) as fault:
        raise UsageError("basket_broken", file=_shown(stem), detail=_reason(fault)) from None
    return text


def _path(home: Path, stem: str) -> Path:
    if not tables.ID.fullmatch(stem) or stem == RULES:
        raise UsageError("bad_id", id=stem)
    return home / "watchlists" / f"{stem}.toml"


def _shown(stem: str) -> str:
    return f"watchlists/{stem}.toml"


def _text(data: bytes) -> str:
    return data.removeprefix(saving.MARK).decode()


def _reason(fault: Exception) -> str:
    return getattr(fault, "strerror", None) or str(fault) or type(fault).__name__


# --- saving ------------------------------------------------------------------------------------------------------


def save(
    home: Path,
    stem: str,
    base: str,
    mine: Sheet,
    now: str,
    *,
    who: str = "",
    own: Mapping[tuple[str, str], bool] | None = None,
) -> Saved:
    """Bring what leads from ``base`` to ``mine`` into the file, whatever others have written since.

    ``own``: the person's decisions by ticker and field, True for the own value; a conflict without one is returned and
    nothing is written. ``now``: ISO instant. Raises UsageError: basket_broken, basket_busy, basket_unwritable, and the
    reader's own fault where it would refuse what is to be written.
    """
    changes = changes_of(sheet_of(base), mine)
    for _ in range(TRIES):
        current = read(home, stem)
        todo, conflicts = merged(changes, sheet_of(current))
        chosen = [(own or {}).get((c.mine.ticker, c.mine.field)) for c in conflicts]
        if any(one is None for one in chosen):
            return Saved(current, (), tuple(c for c, one in zip(conflicts, chosen, strict=True) if one is None))
        todo += decided(conflicts, mine, [bool(one) for one in chosen])
        text = written(current, todo)
        if text == current or _replaced(home, stem, current, text, history.Version(now, text, history.SAVED, who)):
            return Saved(text, tuple(todo))
    raise UsageError("basket_busy", file=_shown(stem))


def restore(
    home: Path, stem: str, version: history.Version, now: str, *, who: str = "", how: str = history.RESTORED
) -> str:
    """Put an earlier version in place as a new one; returns its text. Raises as ``save`` does."""
    current = read(home, stem)
    if current != version.text and not _replaced(
        home, stem, current, version.text, history.Version(now, version.text, how, who)
    ):
        raise UsageError("basket_busy", file=_shown(stem))
    return version.text


def take_back(home: Path, stem: str, now: str, *, who: str = "") -> str:
    """Put back what stood before the last save; returns the text. Raises UsageError, besides those of ``save``:
    nothing_to_undo, undo_overtaken (the file is no longer what that save wrote).
    """
    known = history.versions(home, stem)
    if len(known) < 2 or known[-1].how == history.OUTSIDE:
        raise UsageError("nothing_to_undo", file=_shown(stem))
    if read(home, stem) != known[-1].text:
        raise UsageError("undo_overtaken", file=_shown(stem))
    return restore(home, stem, known[-2], now, who=who, how=history.UNDONE)


def _replaced(home: Path, stem: str, current: str, text: str, version: history.Version) -> bool:
    """Write ``text`` over ``current`` and keep the version; False where the file is another one by now."""
    path = _path(home, stem)
    mark = saving.MARK if path.exists() and path.read_bytes().startswith(saving.MARK) else b""
    data = mark + text.encode()
    _refuse(home, stem, data)
    there = mark + current.encode() if current or path.exists() else None
    digest = saving.ABSENT if there is None else hashlib.sha256(there).hexdigest()

    def change(_: bytes) -> bytes:
        before = history.Version(history.changed_at(path), current, history.OUTSIDE) if there is not None else None
        history.add(home, stem, before, version)  # first: what is killed between the two is in the history
        return data

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        saving.save(path, digest, change)
    except (saving.Changed, Timeout):
        return False
    except OSError as fault:
        raise UsageError("basket_unwritable", file=_shown(stem), detail=_reason(fault)) from None
    return True


def _refuse(home: Path, stem: str, data: bytes) -> None:
    """Raise what the reader would say against the file: a hard fault that it does not have already."""
    path = _path(home, stem)
    known = {(p.key, p.params) for p in _hard(home, stem, path.read_bytes())} if path.exists() else set()
    for problem in _hard(home, stem, data):
        if (problem.key, problem.params) not in known:
            raise UsageError(problem.key, **dict(problem.params))


def _hard(home: Path, stem: str, data: bytes) -> list[Problem]:
    return [p for p in baskets.faults_of(home, stem, data) if p.severity == "hard"]


# --- names that people type --------------------------------------------------------------------------------------


def new_id(label: str, taken: Sequence[str]) -> str:
    """An id for a new basket, of the letters and digits in its label; with a number where it is taken or has none."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:32] or "basket"
    return next(
        one for n in range(1, len(taken) + 3) if (one := plain if n == 1 else f"{plain}_{n}") not in {*taken, RULES}
    )
