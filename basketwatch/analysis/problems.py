"""What is missing, stale or at odds with the rules, one problem a ticker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isnan

import pandas as pd

from basketwatch.analysis.adjustment import Break
from basketwatch.analysis.age import AHEAD, Words
from basketwatch.analysis.valuation.readings import PeReading
from basketwatch.domain import faults, markets
from basketwatch.domain.calendars import Calendar, MarketState
from basketwatch.domain.model import Problem

# --- problems ----------------------------------------------------------------------------------------------------


def problems_of(table: pd.DataFrame, wanted: Sequence[str], words: Words, gaps: Mapping[str, date]) -> list[Problem]:
    """What is missing, stale, short of its history or at odds with the rules, one problem a ticker."""
    out = []
    rows = table[["session", "behind", "stale", "limit_agrees", "limit_up", "quote_time"]].to_dict("index")
    for ticker in wanted:
        row, word, bars = rows.get(ticker), words.get((ticker, "quotes")), words.get((ticker, "bars"))
        if row is None:
            told = Problem(ticker, word.key, word.params) if word and word.key else None
            out.append(told or Problem.of(ticker, "never_fetched"))
        elif row["stale"] and row["behind"] > 0:
            out.append(Problem.of(ticker, "stale", "soft", session=row["session"].date(), behind=row["behind"]))
        elif row["stale"] and pd.isna(row["quote_time"]):
            out.append(Problem.of(ticker, "no_quote", "soft"))
        elif row["stale"]:
            at = row["quote_time"].astimezone(markets.split(ticker)[1].zone)
            out.append(Problem.of(ticker, "old_quote", "soft", time=f"{at:%H:%M}"))
        elif ticker in gaps and bars and bars.key:
            out.append(Problem(ticker, bars.key, bars.params, "soft"))
        elif row["limit_agrees"] is False:
            out.append(Problem.of(ticker, "limit_disagrees", "soft", up=row["limit_up"]))
    return out


def contradictions(breaks: Sequence[Break]) -> list[Problem]:
    """What is withheld where prices and factors contradict each other, since when, and what brings it back."""
    out = []
    for b in breaks:
        params = {"day": b.day, "move": f"{b.move:+.1%}"}
        if b.reference > 0:
            said = {"day": b.day, "reference": f"{b.reference:.10g}"}
            out.append(Problem.of(b.ticker, "ex_without_factor", "soft", **said))
        elif isnan(b.factor):
            out.append(Problem.of(b.ticker, "split_without_factor", "soft", **params))
        else:
            out.append(Problem.of(b.ticker, "factor_contradicts", "soft", **params, factor=f"{b.factor:.4g}"))
    return out


def remarks(wanted: Sequence[str], words: Words) -> list[Problem]:
    """What the checks found odd about data that were kept: holes, revised closes, unexplained jumps, missing fields."""
    found = [words[key] for key in ((t, part) for t in wanted for part in ("quotes", "bars")) if key in words]
    kept = [w for w in found if w.state in ("ok", "partial")]
    return [Problem(w.ticker, key, params, "soft") for w in kept for key, params in faults.remarks(w.key, w.params)]


def old_multiples(
    wanted: Sequence[str],
    words: Words,
    values: Mapping[str, PeReading],
    states: Mapping[str, MarketState],
    now: datetime,
) -> list[Problem]:
    """PEs older than the last close because the newer answer was refused, failed or did not pass a check."""
    out = []
    for ticker in wanted:
        word, state, value = words.get((ticker, "valuation")), states.get(markets.group(ticker)), values.get(ticker)
        if word is None or word.key in (None, "pe_days_off") or word.state in ("no_data", "unknown_symbol"):
            continue
        closed = state.last_closed if state else None
        if closed and word.at <= now + AHEAD and (value is None or value.session < closed.day):
            out.append(Problem(ticker, word.key or "", word.params, "soft"))
    return out


def unconfirmed(calendars: Mapping[str, Calendar], states: Mapping[str, MarketState]) -> list[Problem]:
    """Markets whose calendar has ended: their sessions are guessed from weekdays."""
    found = [c for c in calendars.values() if not states[c.group].confirmed]
    bounds = [{} if c.bound is None else {"bound": str(c.bound)} for c in found]
    return [
        Problem(f"calendar {c.group}", "calendar_not_confirmed", tuple(b.items()), "soft")
        for c, b in zip(found, bounds, strict=True)
    ]
