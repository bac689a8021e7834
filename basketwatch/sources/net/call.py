"""What a request may take, what a call has met so far, and the way that every request of the process goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from basketwatch.errors import Blocked, SourceError
from basketwatch.sources.net.breaker import Answer


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of connecting, one read, one request and one call (``run``, ``fetch``); bytes of a body."""

    connect: float = 3.05
    read: float = 8.0
    total: float = 15.0
    call: float = 15.0
    size: int = 20_000_000


@dataclass(slots=True)
class Call:
    """What one ``run`` or ``fetch`` has met so far; one a thread."""

    source: str = ""
    until: float | None = None
    verdict: SourceError | None = None  # about the last request; None when it went well
    refused: Blocked | None = None  # says more than the breaker that it opened
    again: bool = False  # the last request failed in a way that a second one may cure
    head: str = ""  # beginning of the last body


class Way(NamedTuple):
    """What the guard gives to the replaced methods: ``exchange`` lets one request through (``Guard.exchange``),
    ``read_seconds`` bounds a blocking read, ``call`` and ``limits`` are those of the thread's call.
    """

    exchange: Callable[[str, Callable[[float], Answer]], Answer]
    read_seconds: Callable[[], float | None]
    call: Callable[[], Call]
    limits: Callable[[], Limits]
