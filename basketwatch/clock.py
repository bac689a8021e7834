"""The one clock. Everything asks ``now()``, so any past day can be replayed and tested.

``BASKETWATCH_NOW`` (ISO 8601 with an offset or ``Z``) freezes it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from basketwatch.errors import UsageError


def now() -> datetime:
    """The current instant, UTC-aware; the frozen one where ``BASKETWATCH_NOW`` is set.

    Raises UsageError where the variable is no ISO 8601 instant with an offset.
    """
    frozen = os.environ.get("BASKETWATCH_NOW", "").strip()
    if not frozen:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(frozen)
    except ValueError:
        raise UsageError("bad_now", value=frozen) from None
    if instant.tzinfo is None:
        raise UsageError("bad_now", value=frozen)
    return instant.astimezone(UTC)


def is_frozen() -> bool:
    """True while ``BASKETWATCH_NOW`` holds the clock still."""
    return bool(os.environ.get("BASKETWATCH_NOW", "").strip())


def iso(instant: datetime) -> str:
    """UTC instant as the JSON of the contract prints it: ``2026-07-05T10:00:00Z``."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
