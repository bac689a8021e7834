"""A file that people edit, written whole: never half, and never over what somebody else has written since it was read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock

WAIT = 5.0  # seconds for another one who is saving
MARK = b"\xef\xbb\xbf"  # of byte order, in front of a file that some editors write
ABSENT = ""  # in place of the sha256 of a file that is not there


class Changed(Exception):
    """The file is no longer the one that was read."""


def save(path: Path, sha256: str, change: Callable[[bytes], bytes]) -> None:
    """Replace the content by ``change`` of it, if it is still the one with ``sha256``.

    Two that save at once wait for each other. Raises Changed; filelock.Timeout after ``WAIT``; OSError where the file
    cannot be written, which leaves it as it was.
    """
    with _lock(path):
        data = path.read_bytes() if path.exists() else None
        if (ABSENT if data is None else hashlib.sha256(data).hexdigest()) != sha256:
            raise Changed(path.name)
        real = path.resolve()
        _sweep(real)
        replace(real, change(data or b""))


# --- several files at once ---------------------------------------------------------------------------------------


def save_together(journal: Path, wanted: Mapping[Path, tuple[str, bytes]], first: Callable[[], None]) -> None:
    """Replace several files, all of them or none, also where the process is killed in between.

    ``wanted``: path -> sha256 of what was read (ABSENT: nothing) and the new content. ``journal``: where the new contents
    stand until all are in place, of one of these files alone; ``recover`` finishes what was begun. ``first`` is called
    under all locks, once the files are known to be those that were read. Raises Changed (nothing is written),
    filelock.Timeout, OSError (files are as they were, or ``recover`` will finish them).
    """
    recover(journal)
    with ExitStack() as locks:
        for path in sorted(wanted):
            locks.enter_context(_lock(path))
        if journal.exists():  # another one was killed meanwhile
            raise Changed(journal.name)
        for path, (sha256, _) in wanted.items():
            if _digest(path) != sha256:
                raise Changed(path.name)
        for path in wanted:
            _sweep(path.resolve())
        first()
        rows = {str(path.resolve()): [sha256, data.decode("utf-8")] for path, (sha256, data) in wanted.items()}
        journal.parent.mkdir(parents=True, exist_ok=True)
        replace(journal, json.dumps(rows, ensure_ascii=False).encode())
        try:
            _finish(journal)
        except OSError:
            if all(_digest(path) == sha256 for path, (sha256, _) in wanted.items()):
                journal.unlink(
                    missing_ok=True
                )  # nothing is in place: what could not be written now is not written later
            raise


def recover(journal: Path) -> None:
    """Finish a save of several files that was killed; nothing where there is none. Raises as ``save_together``."""
    if not journal.exists():
        return
    with ExitStack() as locks:
        for name in sorted(_begun(journal)):
            locks.enter_context(_lock(Path(name)))
        _finish(journal)  # read again: it may be another one by now, of the same files


def _begun(journal: Path) -> dict[str, tuple[str, bytes]]:
    try:
        rows = json.loads(journal.read_text(encoding="utf-8"))
        return {name: (sha256, text.encode()) for name, (sha256, text) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _finish(journal: Path) -> None:
    """Put in place what a journal holds; a file that somebody has changed since is left to that person."""
    for name, (sha256, data) in _begun(journal).items():
        if _digest(Path(name)) == sha256:
            replace(Path(name), data)
    journal.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ABSENT


def _lock(path: Path) -> FileLock:
    return FileLock(path.with_name(f".{path.name}.lock"), timeout=WAIT)


# --- one file ----------------------------------------------------------------------------------------------------


def _sweep(real: Path) -> None:
    """Remove what a save that was killed has left; under the lock nobody else is writing."""
    for left in real.parent.glob(f".{real.name}.*.new"):
        left.unlink(missing_ok=True)


def replace(real: Path, data: bytes) -> None:
    """Put a new content in place whole: a reader, or a machine that loses power, sees the old file or the new one."""
    beside = real.with_name(f".{real.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if real.exists():
            beside.chmod(real.stat().st_mode & 0o777)
        beside.replace(real)
    finally:
        beside.unlink(missing_ok=True)
    if os.name != "nt":
        folder = os.open(real.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
