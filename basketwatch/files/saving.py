"""A file that people edit, written whole: never half, and never over what somebody else has written since it was read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
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
    with FileLock(path.with_name(f".{path.name}.lock"), timeout=WAIT):
        data = path.read_bytes() if path.exists() else None
        if (ABSENT if data is None else hashlib.sha256(data).hexdigest()) != sha256:
            raise Changed(path.name)
        real = path.resolve()
        _sweep(real)
        replace(real, change(data or b""))


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
