"""Whether a history may enter the store: each bar by itself, against the calendar and against the stored bars."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from basketwatch.analysis.prices import factors_between
from basketwatch.domain import limits, markets
from basketwatch.domain.calendars import FINAL_AFTER, Calendar
from basketwatch.domain.faults import Fault
from basketwatch.domain.model import Severity
from basketwatch.errors import SuspectAnswer

AGREE = 1e-3  # relative; two sources print the same close to the tick
VWAP = 0.05  # amount / volume may leave [low, high] by this much
# Wider than anything since 2005 (CNY), the pegs of 1983 (HKD) and the crisis of 1997 (KRW, TWD)
RATES = {
    "USDCNY.FX": (5.0, 10.0), "HKDCNY.FX": (0.6, 1.3), "USDHKD.FX": (7.0, 8.5), "USDTWD.FX": (20.0, 50.0),
    "USDKRW.FX": (600.0, 2500.0),
}  # fmt: skip
COMPARABLE_BARS = 5  # common final bars below which an answer cannot be compared with the store


@dataclass(frozen=True)
class Verdict:
    """Bars that may be stored, sorted, one a session; and whether to append or to replace.

    append: merge into what is stored. replace: the source counts on another base (a split), ``ratio`` = its closes /
    the stored ones; swap the whole history in one transaction, never splice.
    """

    bars: pd.DataFrame
    faults: list[Fault]
    action: Literal["append", "replace"]
    ratio: float | None = None


# --- shared by quotes and bars -----------------------------------------------------------------------------------


def faults_where(rows: pd.DataFrame, mask: pd.Series, key: str, severity: Severity, *columns: str) -> list[Fault]:
    """One fault for each masked row, carrying the named columns as its values."""
    if not mask.any():
        return []
    out = []
    for row in rows.loc[mask, ["ticker", "session", *columns]].itertuples(index=False, name=None):
        values = tuple((name, float(v)) for name, v in zip(columns, row[2:], strict=True))
        detail = " ".join(f"{name}={value:.10g}" for name, value in values)
        out.append(Fault(str(row[0]), None if pd.isna(row[1]) else row[1].date(), key, detail, severity, values))
    return out


def _counted(ticker: str, key: str, count: int) -> Fault:
    return Fault(ticker, None, key, str(count), "soft", (("rows", float(count)),))


def not_prices(rows: pd.DataFrame, required: list[str], optional: list[str]) -> pd.Series:
    """True where a required price is missing, or any price that is there is not finite and positive."""
    missing = rows[required].isna().any(axis=1)
    prices = rows[required + optional]
    return missing | (prices.notna() & ~(np.isfinite(prices) & (prices > 0))).any(axis=1)


def vwap_off(rows: pd.DataFrame) -> pd.Series:
    """True where amount / volume leaves [low, high] by more than 5 %: lots for shares, 万 for units.

    Sources round volume to lots of 100 and amount to 10,000, which decides on thin trade only; so much is allowed.
    """
    least = rows["low"] * (1 - VWAP) * (rows["volume"] - 100) - 1e4
    most = rows["high"] * (1 + VWAP) * (rows["volume"] + 100) + 1e4
    return (rows["amount"] < least) | (rows["amount"] > most) | (rows["volume"] < 0) | (rows["amount"] < 0)


def rate_off(tickers: Iterable[str], values: pd.Series, *, slack: float = 1.0) -> pd.Series:
    """Exchange rates outside the range of their pair: of another pair, of a hundred units, or turned over.

    ``slack`` widens the range by that factor on both sides.
    """
    ranges = [RATES.get(ticker, (-np.inf, np.inf)) for ticker in tickers]
    low, high = np.array(ranges, dtype="float64").reshape(-1, 2).T
    low, high = low / slack, high * slack
    return ((values < low) | (values > high)).astype(bool)


def tick_of(ticker: str) -> float:
    """Tick of a price in its currency, with a margin for float noise; 0.01 outside the mainland too."""
    return 1.001 / limits.per_unit(ticker)


Check = tuple[str, pd.Series, tuple[str, ...]]


# --- bars --------------------------------------------------------------------------------------------------------


def check_bars(
    bars: pd.DataFrame,
    ticker: str,
    *,
    calendar: Calendar | None,
    now: datetime,
    stored: pd.DataFrame | None,
    factors: pd.DataFrame | None = None,
    asked: date | None = None,
) -> Verdict:
    """Bars of one ticker (``columns.BARS``) that may be stored, and how; ``asked`` is the first day asked for.

    Raises SuspectAnswer for another symbol's data, a cut history, changed units, or more bad rows than chance brings.
    """
    stored = None if stored is None or stored.empty else stored
    if (bars["ticker"] != ticker).any():
        raise _suspect(bars, ticker, "labelled with another ticker")
    rows = _one_each(bars)
    bad, faults = pd.Series(False, index=rows.index), []
    for key, mask, shown in _bar_hard(rows, ticker, calendar, now):
        faults += faults_where(rows, mask & ~bad, key, "hard", *shown)
        bad |= mask
    rejected = int(bad.sum())
    good = rows[~bad].reset_index(drop=True) if rejected else rows
    # In a short answer one bad row is more than 5 %; up to two never condemn what is left.
    if rejected > 0.05 * len(rows) and (rejected > 2 or good.empty):
        raise _suspect(bars, ticker, f"{rejected} of {len(rows)} rows rejected")
    good, unsettled = _unsettle(good, calendar, now)
    ratio, revised = (None, []) if stored is None else _against(good, stored[stored["final"]], ticker, asked)
    faults += unsettled + revised + _holes(good, ticker, calendar)
    faults += _jumps(good, ticker, stored if ratio is None else None, factors)
    return Verdict(good, faults, "append" if ratio is None else "replace", ratio)


def _suspect(rows: pd.DataFrame, ticker: str, detail: str) -> SuspectAnswer:
    return SuspectAnswer(source=rows["source"].iloc[0], ticker=ticker, detail=detail)


def _one_each(bars: pd.DataFrame) -> pd.DataFrame:
    """Bars by session, rows with equal values once: of a final and an unfinished one the unfinished stays."""
    if bars["session"].is_unique:
        return bars.sort_values("session").reset_index(drop=True)
    values = ["session", "open", "high", "low", "close", "volume", "amount", "turnover"]
    return bars.sort_values([*values, "final", "source"]).drop_duplicates(values).reset_index(drop=True)


def _bar_hard(rows: pd.DataFrame, ticker: str, calendar: Calendar | None, now: datetime) -> list[Check]:
    ohlc, tick = ["open", "high", "low", "close"], tick_of(ticker)
    given = [c for c in ohlc if c == "close" or rows[c].notna().any()]  # some indices come with closes only
    low, high = rows["low"] - tick, rows["high"] + tick
    outside = (rows["close"] < low) | (rows["close"] > high) | (rows["open"] < low) | (rows["open"] > high)
    traded = pd.Series(markets.kind(ticker) in ("stock", "etf"), index=rows.index)
    begun = calendar.state(now).session if calendar else None
    latest = begun.day if begun else (now + timedelta(days=1)).date()
    return [
        ("duplicate", rows["session"].duplicated(keep=False), ("close",)),
        ("bad_price", not_prices(rows, given, []), tuple(ohlc)),
        ("high_below_low", rows["low"] > rows["high"], ("low", "high")),
        ("outside_range", outside, tuple(ohlc)),
        ("no_session", rows["session"].isna(), ()),
        ("not_begun", rows["session"] > pd.Timestamp(latest), ()),
        ("not_a_session", _off_calendar(rows["session"], calendar), ()),
        ("units", traded & vwap_off(rows), ("volume", "amount", "low", "high")),
        # a rate of years ago may lie outside the range of today's
        ("rate_range", rate_off(rows["ticker"], rows["close"], slack=2.0), ("close",)),
    ]


def _sessions(calendar: Calendar | None) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(calendar.known_days if calendar else [], dtype="datetime64[s]")


def _off_calendar(session: pd.Series, calendar: Calendar | None) -> pd.Series:
    """True on days without a session; past the calendar's bound on weekends; before its first day nothing is known."""
    if calendar is None:
        return pd.Series(False, index=session.index)
    known = _sessions(calendar)
    off: pd.Series = session.dt.day_of_week > 4
    if known.empty:
        return off
    off &= session > known[-1]
    return off | (session.between(known[0], known[-1]) & ~session.isin(known))


def _unsettle(good: pd.DataFrame, calendar: Calendar | None, now: datetime) -> tuple[pd.DataFrame, list[Fault]]:
    """Take ``final`` from a bar whose session closed less than half an hour ago, or has not closed."""
    begun = calendar.state(now).session if calendar else None
    if begun is None or now >= begun.closes + FINAL_AFTER:
        return good, []
    early = good["final"] & (good["session"] == pd.Timestamp(begun.day))
    return good.assign(final=good["final"] & ~early), faults_where(good, early, "not_final", "soft")


def _against(
    good: pd.DataFrame, stored: pd.DataFrame, ticker: str, asked: date | None
) -> tuple[float | None, list[Fault]]:
    """Compare final bars with the stored ones: the ratio of a rebased source, or how many closes were revised.

    Raises SuspectAnswer for closes of another symbol, for volume in other units and for a cut history.
    """
    columns = ["close", "volume"]
    both = good[good["final"]].set_index("session")[columns]
    both = both.join(stored.set_index("session")[columns].add_suffix("_stored"), how="inner")
    differs = (both["close"] / both["close_stored"] - 1).abs() > AGREE
    ratio = _ratio(both, ticker) if len(both) >= COMPARABLE_BARS and differs.mean() > 0.2 else None
    if ratio is not None and math.isnan(ratio):
        raise _suspect(good, ticker, f"{int(differs.sum())} of {len(both)} closes differ from the stored ones")
    traded = both[(both > 0).all(axis=1)]
    times = float((traded["volume"] / traded["volume_stored"]).median())
    if len(traded) >= COMPARABLE_BARS and 50 <= max(times, 1 / times) <= 200:
        raise _suspect(good, ticker, f"volume in other units: {times:.4g} times the stored one")
    first = good["session"].min() if asked is None else pd.Timestamp(asked)
    due = len(stored) if ratio else int(stored["session"].between(first, good["session"].max()).sum())
    if 2 * len(good) < due:
        at = f", rebased by {ratio:.6g}" if ratio else ""
        raise _suspect(good, ticker, f"cut: {len(good)} bars where {due} are stored{at}")
    count = 0 if ratio else int(differs.sum())
    return ratio, [_counted(ticker, "revised", count)] if count else []


def _ratio(both: pd.DataFrame, ticker: str) -> float:
    """The one ratio of new to stored closes; NaN where fewer than 95 % follow it (to 0.1 % and half a tick)."""
    ratio = float((both["close"] / both["close_stored"]).median())
    off = (both["close"] - ratio * both["close_stored"]).abs() > AGREE * both["close"] + tick_of(ticker) / 2
    return ratio if off.mean() <= 0.05 else float("nan")


def _holes(good: pd.DataFrame, ticker: str, calendar: Calendar | None) -> list[Fault]:
    """Sessions between the first and the last bar that have none: suspensions, or rows the source lost."""
    known = _sessions(calendar)
    due = known[(known >= good["session"].min()) & (known <= good["session"].max())]
    count = int((~due.isin(good["session"])).sum())
    return [_counted(ticker, "holes", count)] if count else []


def _jumps(good: pd.DataFrame, ticker: str, stored: pd.DataFrame | None, factors: pd.DataFrame | None) -> list[Fault]:
    """Mainland shares: closes further from the one before than the limit allows and no factor explains.

    The ST flag of the past is not known, so the wider limit is held against it. The first sessions of a history may be
    those of a listing and are left out.
    """
    if limits.board(ticker) in (None, "etf") or good.empty:
        return []
    rows = good[["session", "close"]]
    if stored is not None:
        earlier = stored.loc[stored["final"] & (stored["session"] < good["session"].iloc[0]), list(rows.columns)]
        rows = pd.concat([earlier.sort_values("session").tail(6), rows], ignore_index=True)
    rows = rows.assign(before=rows["close"].shift())
    if factors is not None:
        mine = factors[factors["ticker"] == ticker]
        rows["before"] *= factors_between(
            rows["session"].to_numpy(), mine["ex_date"].to_numpy(), mine["factor"].to_numpy()
        )
    move = (rows["close"] / rows["before"] - 1).abs()
    jumped = pd.Series(False, index=rows.index)
    for i in rows.index[move > 0.11]:  # 10 % and a point is the narrowest band that is not ST's
        found = limits.rule(ticker, rows["session"][i].date())
        jumped[i] = found is not None and move[i] > (found.percent + 1) / 100 and i >= found.free_days
    jumped &= rows["session"] >= good["session"].iloc[0]
    return faults_where(rows.assign(ticker=ticker), jumped, "unexplained_jump", "soft", "before", "close")
