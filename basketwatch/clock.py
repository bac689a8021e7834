"""The one clock. Everything asks ``now()``, so any past day can be replayed and tested.

``BASKETWATCH_NOW`` (ISO 8601 with an offset or ``Z``) freezes it.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from datetime import UTC, datetime

from basketwatch.errors import UsageError

YEARS = range(1990, 2100)  # from Shanghai's first session on; a window of years around one of them is a date, too

_held: ContextVar[datetime | None] = ContextVar("held", default=None)


def hold(instant: datetime | None) -> None:
    """Hold the clock still in this context only: one reader looks at the demo market while others see live data."""
    _held.set(instant)


def now() -> datetime:
    """The current instant, UTC-aware; the frozen one where ``BASKETWATCH_NOW`` is set.

    Raises UsageError where the variable is no ISO 8601 instant with an offset, or lies in no year of ``YEARS``.
    """
    held = _held.get()
    if held is not None:
        return held
    frozen = os.environ.get("BASKETWATCH_NOW", "").strip()
    if not frozen:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(frozen)
    except ValueError:
        raise UsageError("bad_now", value=frozen) from None
    if instant.tzinfo is None:
        raise UsageError("bad_now", value=frozen)
    if instant.year not in YEARS:
        raise UsageError("now_out_of_range", value=frozen, first=YEARS[0], last=YEARS[-1])
    return instant.astimezone(UTC)


def is_frozen() -> bool:
    """True while ``BASKETWATCH_NOW`` or ``hold`` holds the clock still."""
    return _held.get() is not None or bool(os.environ.get("BASKETWATCH_NOW", "").strip())


def iso(instant: datetime) -> str:
    """UTC instant as the JSON of the contract prints it: ``2026-07-05T10:00:00Z``."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
