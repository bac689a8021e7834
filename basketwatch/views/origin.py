"""Where a number comes from and how old it is, for a tooltip."""

from __future__ import annotations

import pandas as pd

from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain import markets
from basketwatch.words.text import clock_time, day, say, source_name


def age_note(snapshot: Snapshot, row: pd.Series, lang: str) -> str:
    """Of when an old quote is: its day, or the time where that is today."""
    if not row["stale"]:
        return ""
    session, group = row["session"].date(), row["group"]
    if pd.notna(row["quote_time"]) and session == snapshot.now.astimezone(markets.zone_of(group)).date():
        return say("stale_at", lang, time=clock_time(row["quote_time"], group))
    return say("stale_since", lang, day=day(session, lang))


def origin(row: pd.Series, lang: str) -> str:
    """Source, session and time of a row, for a tooltip."""
    if pd.isna(row["session"]):
        return say("state_no_data", lang)
    parts = [source_name(row["source"], lang), row["session"].date().isoformat()]
    if pd.notna(row["quote_time"]):
        parts.append(clock_time(row["quote_time"], markets.group(row["ticker"])))
    if pd.notna(row["delay_minutes"]) and row["delay_minutes"] > 0:
        parts.append(say("delayed", lang, n=int(row["delay_minutes"])))
    return " · ".join(parts)
