"""``watchlists/<id>.toml`` as the Edit page changes it: read, saved whole, taken back, and every version kept.

Nobody's work is lost: what is saved is brought into the file as it is by then (``editing.merged``), and what cannot be
brought in is put to the person. What the reader of the files would refuse is not written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import Timeout

from basketwatch.domain.model import Problem
from basketwatch.domain.rules import FILE as RULES
from basketwatch.errors import UsageError
from basketwatch.files import baskets, drafts, history, saving, segments, tables
from basketwatch.files.editing import (
    SEGMENT,
    Change,
    Conflict,
    Sheet,
    apart,
    changes_of,
    decided,
    in_segments,
    merged,
    sheet_of,
    written,
)  # fmt: skip
from basketwatch.files.toml import MAX_BYTES

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
        if path.exists() and path.stat().st_size > MAX_BYTES:
            raise UsageError("file_too_large", limit=MAX_BYTES // 1024)
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


def begun(home: Path, stem: str) -> drafts.Draft:
    """A draft in which nothing is changed yet. Raises as ``read`` does."""
    text = read(home, stem)
    places = segments.places(read_chain(home, sheet_of(text).head.get("chain")).text)
    return drafts.Draft(text, text, places, places)


# --- saving ------------------------------------------------------------------------------------------------------


def save(
    home: Path,
    stem: str,
    base: Sheet,
    mine: Sheet,
    now: str,
    *,
    who: str = "",
    own: Mapping[tuple[str, str], bool] | None = None,
) -> Saved:
    """Bring what leads from ``base`` to ``mine`` into the file, whatever others have written since.

    Segments of members (``editing.in_segments``) go into the file of the basket's chain, both files or neither.
    ``own``: the person's decisions by ticker and field, True for the own value; a conflict without one is returned and
    nothing is written. ``now``: ISO instant. Raises UsageError: basket_broken, basket_busy, basket_unwritable,
    map_layout, and the reader's own fault where it would refuse what is to be written.
    """
    changes = changes_of(base, mine)
    for _ in range(TRIES):
        current, chain = read(home, stem), read_chain(home, base.head.get("chain"))
        theirs = sheet_of(current)
        if any(SEGMENT in row for sheet in (base, mine) for row in sheet.members.values()):
            theirs = in_segments(theirs, segments.places(chain.text))
        todo, conflicts = merged(changes, theirs)
        chosen = [(own or {}).get((c.mine.ticker, c.mine.field)) for c in conflicts]
        if any(one is None for one in chosen):
            return Saved(current, (), tuple(c for c, one in zip(conflicts, chosen, strict=True) if one is None))
        todo += decided(conflicts, mine, [bool(one) for one in chosen])
        rows, places = apart(todo)
        text, chart = written(current, rows), segments.placed(chain.text, places, _names(mine, places))
        version = history.Version(now, text, history.SAVED, who)
        if (text, chart) == (current, chain.text) or _replaced(home, stem, current, version, chain, chart):
            return Saved(text, tuple(todo))
    raise UsageError("basket_busy", file=_shown(stem))


def _names(sheet: Sheet, places: Mapping[str, str]) -> dict[str, str]:
    """What is written beside a ticker in the chain's file: its Chinese name, else the English one, on one line."""
    found = {}
    for ticker in places:
        name = sheet.members.get(ticker, {}).get("name")
        text = (name.get("zh") or name.get("en") or "") if isinstance(name, Mapping) else ""
        found[ticker] = " ".join(str(text).split())
    return found


def restore(
    home: Path, stem: str, version: history.Version, now: str, *, who: str = "", how: str = history.RESTORED
) -> str:
    """Put an earlier version in place as a new one; returns its text. Raises as ``save`` does."""
    current, new = read(home, stem), history.Version(now, version.text, how, who)
    if current != version.text and not _replaced(home, stem, current, new, _NO_CHAIN, ""):
        raise UsageError("basket_busy", file=_shown(stem))
    return version.text


def take_back(home: Path, stem: str, now: str, *, who: str = "") -> str:
    """Put back what stood before the last save, in the chain's file too; returns the text.

    Raises UsageError, besides those of ``save``: nothing_to_undo, undo_overtaken (a file is no longer what that save
    wrote).
    """
    known = history.versions(home, stem)
    if len(known) < 2 or known[-1].how == history.OUTSIDE:
        raise UsageError("nothing_to_undo", file=_shown(stem))
    last, current = known[-1], read(home, stem)
    chain = read_chain(home, last.chain)
    if current != last.text or chain.text != last.map_after:
        raise UsageError("undo_overtaken", file=_shown(stem))
    version = history.Version(now, known[-2].text, history.UNDONE, who)
    if not _replaced(home, stem, current, version, chain, last.map_before):
        raise UsageError("basket_busy", file=_shown(stem))
    return version.text


@dataclass(frozen=True)
class ChainFile:
    """The file of a basket's chain: its id (empty: none), and its text."""

    stem: str = ""
    text: str = ""


_NO_CHAIN = ChainFile()


def read_chain(home: Path, stem: object) -> ChainFile:
    """The file of a chain; none where there is no such file or it is no TOML."""
    if not isinstance(stem, str) or not tables.ID.fullmatch(stem) or stem in baskets.SINGLE:
        return _NO_CHAIN
    try:
        text = _text((home / "sector_maps" / f"{stem}.toml").read_bytes())
        segments.places(text)
    except (OSError, ValueError, RecursionError, AttributeError, TypeError):
        return _NO_CHAIN
    return ChainFile(stem, text)


def _replaced(home: Path, stem: str, current: str, version: history.Version, chain: ChainFile, chart: str) -> bool:
    """Write the version's text over ``current``, and ``chart`` over the chain's file where that changes, and keep the
    version; False where a file is another one by now.
    """
    path = _path(home, stem)
    data, there = _encoded(path, version.text), _encoded(path, current) if current or path.exists() else None
    _refuse(home, stem, data)
    wanted = {path: (_digest(there), data)}
    if chart != chain.text:
        beside = home / "sector_maps" / f"{chain.stem}.toml"
        wanted[beside] = _digest(_encoded(beside, chain.text)), _encoded(beside, chart)
        version = replace(version, chain=chain.stem, map_before=chain.text, map_after=chart)

    def keep() -> None:
        before = history.Version(history.changed_at(path), current, history.OUTSIDE) if there is not None else None
        history.add(home, stem, before, version)  # first: what is killed between the two is in the history

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        saving.save_together(history.journal(home, stem), wanted, keep)
    except (saving.Changed, Timeout):
        return False
    except OSError as fault:
        if _digest(path.read_bytes() if path.exists() else None) == wanted[path][0]:
            history.forget(home, stem, version)
        raise UsageError("basket_unwritable", file=_shown(stem), detail=_reason(fault)) from None
    return True


def _encoded(path: Path, text: str) -> bytes:
    """A text as its file has it: with the byte order mark that stands there."""
    mark = saving.MARK if path.exists() and path.read_bytes().startswith(saving.MARK) else b""
    return mark + text.encode()


def _digest(data: bytes | None) -> str:
    return saving.ABSENT if data is None else hashlib.sha256(data).hexdigest()


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
