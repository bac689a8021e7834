"""Folders that are dear to make, made once a test run by whichever process needs one first, and copied."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

# The process that starts the others imports this first; they inherit its environment.
if "TEST_TEMPLATES" not in os.environ:
    os.environ["TEST_TEMPLATES"] = tempfile.mkdtemp(prefix="templates-")
FOLDER = Path(os.environ["TEST_TEMPLATES"])


def template(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, filled by ``make`` where nobody has yet. To be read and copied, never changed."""
    folder = FOLDER / name
    with FileLock(FOLDER / f"{name}.lock"):
        if not folder.exists():
            begun = FOLDER / f"{name}.begun"
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            make(begun)
            begun.rename(folder)
    return folder


def sweep() -> None:
    """Remove them, at the end of the run."""
    shutil.rmtree(FOLDER, ignore_errors=True)
