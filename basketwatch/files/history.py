"""The versions of a basket's file, in ``history/`` beside the baskets: each save as a file of its own, whole or not there.

Their order is that of the saves, whatever clocks say.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from basketwatch.files import saving

FOLDER = "history"
OUTSIDE = "outside"  # how a version came that no save of ours has made: an editor, git, a killed save
SAVED, UNDONE, RESTORED = "saved", "undone", "restored"


@dataclass(frozen=True)
class Version:
    """The text of a file from ``at`` (ISO instant) on; ``who`` as the person said, empty where nobody did.

    ``how``: SAVED, UNDONE, RESTORED or OUTSIDE. ``chain``: id of the chain whose file the same save changed, from
    ``map_before`` to ``map_after``; empty where it changed none.
    """

    at: str
    text: str
    how: str = SAVED
    who: str = ""
    chain: str = ""
    map_before: str = ""
    map_after: str = ""


def versions(home: Path, stem: str) -> list[Version]:
    """Every version of a basket's file, oldest first. A version that cannot be read is left out."""
    return [version for path in sorted(_folder(home, stem).glob("*.json")) if (version := _read(path))]


def _read(path: Path) -> Version | None:
    try:
        return Version(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def add(home: Path, stem: str, before: Version | None, after: Version) -> None:
    """Keep ``after``; and first ``before``, where the file held something else than its newest version says.

    The caller holds the file's lock. Raises OSError where it cannot be written.
    """
    folder = _folder(home, stem)
    folder.mkdir(parents=True, exist_ok=True)
    newest = max(folder.glob("*.json"), default=None)
    known = _read(newest) if newest else None
    if before and (known is None or known.text != before.text):
        _write(folder, before)
    _write(folder, after)


def forget(home: Path, stem: str, version: Version) -> None:
    """Drop the newest version where it is ``version``: it was kept first, and the file could not be written then."""
    newest = max(_folder(home, stem).glob("*.json"), default=None)
    if newest and _read(newest) == version:
        newest.unlink(missing_ok=True)


def journal(home: Path, stem: str) -> Path:
    """Where a save of a basket and of its chain stands until both files are in place."""
    return home / FOLDER / f"unfinished-{stem}.json"


def journals(home: Path) -> list[Path]:
    """Those of saves that were killed, or are going on."""
    return sorted((home / FOLDER).glob("unfinished-*.json"))


def changed_at(path: Path) -> str:
    """When a file was changed last, as a version says it."""
    stamp = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return stamp.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _folder(home: Path, stem: str) -> Path:
    return home / FOLDER / stem


def _write(folder: Path, version: Version) -> None:
    number = max((int(p.stem) for p in folder.glob("*.json") if p.stem.isdecimal()), default=0) + 1
    data = json.dumps(asdict(version), ensure_ascii=False, indent=1).encode()
    saving.replace(folder / f"{number:06}.json", data)
