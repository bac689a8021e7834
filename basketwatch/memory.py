"""What the server does so that freed memory goes back to the system. Only for glibc's malloc; elsewhere nothing."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8  # of glibc's malloc.h


def few_arenas() -> None:
    """Let malloc keep one heap for all threads: Streamlit runs each page in a thread of its own, and with a heap
    for each the server held a quarter more memory (measured). The interpreter's lock makes them take turns anyway.
    """
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Return what is free: after a picture was computed that is 25 MB (measured), which malloc would keep."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
