"""What the server does about its memory: one malloc heap and a return of what was freed (glibc only, elsewhere
nothing), collections that are not for a thousand new objects each, and pandas without pyarrow."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from contextlib import suppress

M_ARENA_MAX = -8  # of glibc's malloc.h
YOUNG = 20_000  # new objects before a collection, for Python's 700

_loading = threading.Lock()


def few_arenas() -> None:
    """Let malloc keep one heap for all threads: Streamlit runs each page in a thread of its own, and with a heap
    for each the server held a quarter more memory (measured). The interpreter's lock makes them take turns anyway.
    """
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, 1)


def one_pool() -> None:
    """Let pyarrow take its memory from malloc too, and numpy keep no threads for linear algebra, of which there is
    none here: what they hold for themselves is 5 MB on two cores (measured). Before either is imported.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def few_collections() -> None:
    """Look for garbage more rarely: it was a fifth of the imports' time and of a snapshot's (measured)."""
    gc.set_threshold(YOUNG, 20, 20)


def load_pandas() -> None:
    """Import pandas as it is where pyarrow is not installed: a third less memory, and faster on tables this small.

    With pyarrow, pandas keeps words in it and loads all of it at once: 35 MB, 50 ms (measured). Streamlit imports
    pyarrow itself, for the first table that it sends.
    """
    with _loading:
        if "pandas" in sys.modules or "pyarrow" in sys.modules:
            return
        sys.modules["pyarrow"] = None  # type: ignore[assignment]  # Python's own way to say that there is none
        try:
            import pandas  # noqa: F401
        finally:
            del sys.modules["pyarrow"]


def give_back() -> None:
    """Return what is free: after a snapshot was computed that is 25 MB (measured), which malloc would keep."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
