"""Judges the flag rules on settled sessions and appends to the log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.analysis.age import after_close
from basketwatch.analysis.flags.log import markets_of
from basketwatch.analysis.flags.reading import YEAR, StoredData, evaluated, groups_of, joined, read, sessions_of
from basketwatch.domain import markets
from basketwatch.domain.calendars import settled_days
from basketwatch.domain.model import Universe
from basketwatch.domain.universe import names
from basketwatch.store import flags as log
from basketwatch.store import notes, valuations
from basketwatch.store.database import Store
from basketwatch.store.prices import read_calendars, read_factors, read_quotes, read_series
from basketwatch.words.text import say, source_name

LATE = 5  # sessions before the judged one whose missing flags are still added: a source may have failed for days
NOTE = "flags_grounds"  # of what was judged last
ON_PE = ("pe_percentile", "pe_rebase")
WITHDRAWN = "withdrawn"  # cause of the line that stands for flags that were taken back
WAITING = ("missing", "unfinished", "benchmark", "coverage", "sectors")  # causes for which data may still come


# --- the door ----------------------------------------------------------------------------------------------------


def update(store: Store, universe: Universe, now: datetime) -> int:
    """Judge what has closed since the last time and add what is new to the log; returns how many flags are new.

    Nothing is judged while the inputs are unchanged (``_inputs_digest``). The caller holds the writer's lock. Raises the store's errors.
    """
    if notes.noted(store, NOTE) == _inputs_digest(store, universe, now):
        return 0
    judged = log.judged(store)
    groundless = log.groundless(store)
    whole = bool(groundless) or any(group not in judged for group in groups_of(universe))
    away = (now.date() - min(judged.values())).days if judged else YEAR
    found = read(store, universe, now, YEAR if whole else min(YEAR, max(LATE + 1, away)))
    rows = [evaluated(found, group, universe.rules, _ahead(found, judged, group)) for group in groups_of(universe)]
    for group, said in zip(groups_of(universe), rows, strict=True):
        log.withdraw(store, _judged_by_now(store, found, group, said))
    if groundless:
        rows.append(_in_place_of(store, found, groundless))
    count = log.save(store, joined(rows), now)
    log.note_judged(store, {g: found.settled[g] for g in groups_of(universe) if g in found.settled})
    notes.note(store, NOTE, _inputs_digest(store, universe, now))
    return count


def _inputs_digest(store: Store, universe: Universe, now: datetime) -> str:
    """Hash of everything the rules read and of the newest log rows; unchanged → nothing to judge.

    Quotes of a running session count by name (ST) and suspension only: these also affect earlier sessions.
    """
    since = (now - timedelta(days=40)).date()
    calendars = read_calendars(store, since)
    days = settled_days(calendars, now)
    quotes = read_quotes(store)
    rows: list[Any] = list(quotes.itertuples())
    over = np.array([q.session.date() <= days.get(markets.group(q.Index), date.min) for q in rows], dtype=bool)
    closing = [after_close(q._asdict(), calendars.get(markets.group(q.Index))) for q in rows]
    settled = quotes.drop(columns=["fetched_at", "quote_time"]).assign(closing=closing).loc[over]
    running = quotes.loc[~over, ["ticker", "name", "suspended"]]
    frames = (settled, running, read_factors(store), log.read(store, since=since)[["id"]])
    hashes = [pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes() for frame in frames]
    rest = (universe, sorted(days.items()), sorted(read_series(store).items()), valuations.fetched(store), hashes)
    return hashlib.sha256(repr(rest).encode()).hexdigest()


def _ahead(data: StoredData, judged: Mapping[str, date], group: str) -> int:
    """Number of sessions to judge: all since the last judged one, at least ``LATE`` + 1."""
    last = data.settled.get(group)
    if group not in judged or last is None:
        return YEAR
    return min(YEAR, max(LATE + 1, len(data.calendars[group].between(judged[group], last))))


def _in_place_of(store: Store, data: StoredData, groundless: Mapping[str, str]) -> pd.DataFrame:
    """Delete the flags on PE histories that were taken back; a line a ticker that says so, and its flags on the series
    that is shown now.
    """
    said = log.read(store)
    wrong = said[said["ticker"].isin(list(groundless)) & said["rule"].isin(ON_PE) & said["state"].eq("firing")]
    log.withdraw(store, wrong["id"].tolist())
    log.note_withdrawn(store)
    rules = [rule for rule in data.universe.rules if rule.id in ON_PE]
    anew = joined([evaluated(data, g, rules, YEAR) for g in {markets.group(t) for t in groundless}])
    lines = [_withdrawn(data, str(t), groundless[str(t)], rows) for t, rows in wrong.groupby("ticker")]
    return joined([anew[anew["ticker"].isin(list(groundless))], pd.DataFrame(lines, columns=anew.columns)])


def _withdrawn(data: StoredData, ticker: str, source: str, rows: pd.DataFrame) -> dict[str, Any]:
    """The line in place of ``rows``, of the session judged last: columns of ``flags.evaluate``."""
    name = names(data.universe).get(ticker)
    day = data.settled[markets.group(ticker)]
    reasons = {
        f"reason_{lang}": say(
            "flag_withdrawn", lang, count=len(rows), source=source_name(source, lang),
            name=getattr(name, lang, None) or ticker,
        )
        for lang in ("zh", "en")
    }  # fmt: skip
    return {
        "id": f"pe_percentile:{ticker}:{day}:{WITHDRAWN}", "rule": "pe_percentile", "ticker": ticker,
        "basket": rows["basket"].iloc[0], "session": pd.Timestamp(day), "direction": "none", "severity": "data",
        "value": np.nan, "threshold": np.nan, **reasons, "state": "no_data", "cause": WITHDRAWN, "notice": True,
        "final": True,
    }  # fmt: skip


def _judged_by_now(store: Store, data: StoredData, group: str, flag_rows: pd.DataFrame) -> list[str]:
    """Ids of stored 'cannot judge' rows of the last sessions that this run has now judged."""
    days = [d for d in sessions_of(data, group).tolist() if d <= data.settled.get(group, date.min)]
    if not days:
        return []
    stored = log.read(store, since=days[-LATE - 1 :][0])
    mine = np.array([g == group for g in markets_of(data.universe, stored["ticker"])], dtype=np.bool_)
    stored = stored.loc[mine & stored["rule"].ne("us_leader") & stored["session"].le(pd.Timestamp(days[-1]))]
    together = stored["rule"].eq("stale_data") & stored["ticker"].str.startswith("basket:")
    unknown = stored["cause"].isna() & stored["severity"].eq("data")  # said before the log kept causes
    waiting = stored.loc[together | stored["cause"].isin(WAITING) | unknown]
    still = set(zip(flag_rows["id"], flag_rows["reason_zh"], strict=True))
    return [i for i, reason in zip(waiting["id"], waiting["reason_zh"], strict=True) if (i, reason) not in still]
