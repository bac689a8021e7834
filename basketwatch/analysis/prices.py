"""Figures computed from stored prices: adjustment, returns over windows, 52-week range, volume ratio, aligned series.

Pure: frames and calendars in, frames out; fractions, unrounded. Returns, highs and averages are taken on adjusted
prices, limits on raw ones. A window's base is a *session* of the security's own calendar (``window_bases``), so two
markets are never joined on the bare date: ``aligned`` puts a foreign series on the home market's closing instants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
SESSIONS_BACK: dict[str, int] = {"20d": 20, "60d": 60, "250d": 250}
WINDOWS: tuple[str, ...] = ("1d", "1w", "mtd", "ytd", *SESSIONS_BACK)

# While a stock is suspended an earlier close stands in for the base; an older close than this does not.
OLDEST_BASE = timedelta(days=45)
LEAST_BARS = 200  # of the some 240 to 252 sessions of 52 weeks
MAX_LATE_START = timedelta(days=14)  # of a history after the 52 weeks begin: the longest holiday is no gap


# --- adjustment --------------------------------------------------------------------------------------------------


def multipliers(bars: pd.DataFrame, factors: pd.DataFrame) -> pd.Series:
    """Multiplier of each raw price in ``bars``: the product of the ticker's factors with a later ex-date.

    qfq by ratio: 688.14 before an ex-date with 845/846 becomes 687.3266. A ticker's last bar keeps its price: an
    ex-date after it is known in advance, but has not come for that price. ``bars`` are sorted by ticker and session.
    """
    out = np.ones(len(bars))
    tickers, days = bars["ticker"].to_numpy(dtype=object), bars["session"].to_numpy()
    dated = zip(factors["ticker"], factors["ex_date"].to_numpy(), factors["factor"], strict=True)
    for ticker, ex_date, factor in dated:
        first, stop = np.searchsorted(tickers, [ticker, ticker + "\0"])
        ex = first + np.searchsorted(days[first:stop], ex_date)
        if ex < stop:
            out[first:ex] *= factor
    return pd.Series(out, index=bars.index, name="multiplier")


def adjusted(bars: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """``bars`` with open, high, low and close adjusted by ratio; volume and amount stay as they were traded."""
    by = multipliers(bars, factors)
    out = bars.copy()
    for column in ("open", "high", "low", "close"):
        out[column] = out[column] * by
    return out


def factors_between(sessions: Days, ex_dates: Days, factors: Floats) -> Floats:
    """Product of the factors whose ex-date lies after the session before and not after this one; 1 for the first.

    ``sessions``: ascending. ``ex_dates`` and ``factors`` (ratios, columns.FACTORS): one security's, in any order.
    """
    if not len(ex_dates):
        return np.ones(len(sessions))
    order = np.argsort(ex_dates, kind="stable")
    through = np.concatenate([[1.0], np.cumprod(factors[order])])
    so_far = through[np.searchsorted(ex_dates[order], sessions, side="right")]
    return np.asarray(so_far / np.concatenate([so_far[:1], so_far[:-1]]))


def with_quotes(bars: pd.DataFrame, quotes: pd.DataFrame) -> pd.DataFrame:
    """Raw bars with each quote as the bar of its own session, so that the last point is the last price.

    A suspended security adds none: its quote repeats an old price. Sorted by ticker and session.
    """
    live = quotes.loc[~quotes["suspended"].astype(bool)]
    today = live[["ticker", "session", "open", "high", "low", "last", "volume", "amount", "turnover", "source"]]
    today = today.rename(columns={"last": "close"}).assign(final=False)
    newest = bars.groupby("ticker")["session"].max().reindex(today["ticker"])
    keep = ~(today["session"].to_numpy() < newest.to_numpy())
    joined = pd.concat([bars, today.loc[keep, bars.columns]], ignore_index=True)
    return joined.drop_duplicates(["ticker", "session"], keep="last").sort_values(
        ["ticker", "session"], ignore_index=True
    )


def wide(bars: pd.DataFrame, column: str = "close") -> pd.DataFrame:
    """``column`` as a table, a row a date and a column a ticker. One row is not one instant: see ``aligned``."""
    return bars.pivot(index="session", columns="ticker", values=column)


# --- windows -----------------------------------------------------------------------------------------------------


def window_bases(calendar: Calendar | None, session: date) -> dict[str, date | None]:
    """Base session of each window that ends with ``session``.

    1w: last session of the previous ISO week; mtd, ytd: of the previous month, year; 20d…: that many sessions before.
    Without a calendar (foreign exchange) weekdays are the sessions.
    """
    monday = session - timedelta(days=session.weekday())
    firsts = {"1d": session, "1w": monday, "mtd": session.replace(day=1), "ytd": session.replace(month=1, day=1)}
    if calendar is None or not calendar.sessions:
        bases = {name: _weekday_before(day) for name, day in firsts.items()}
        counted = {name: _weekdays_back(session, n) for name, n in SESSIONS_BACK.items()}
        return {**bases, **counted}
    found = {name: calendar.before(day) for name, day in firsts.items()}
    back = {name: calendar.back(session, n) for name, n in SESSIONS_BACK.items()}
    return {name: s.day if s else None for name, s in (found | back).items()}


def _weekday_before(day: date) -> date:
    back = day - timedelta(days=1)
    return back - timedelta(days=max(0, back.weekday() - 4))


def _weekdays_back(day: date, count: int) -> date:
    found: date = np.busday_offset(day, -count, roll="backward").astype(date)
    return found


def returns(
    closes: pd.DataFrame, as_of: Mapping[str, date], calendars: Mapping[str, Calendar],
    previous: Mapping[str, float], gaps: Mapping[str, date] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return of each ticker over each window.

    The base is the close of the window's base session. Only where the security was suspended then its last close before
    stands in (``_was_suspended``); a row that is lost shifts no base. A suspended share's return is that up to its last
    trade; a window in which it has not traded at all has none.

    Parameters
    ----------
    closes : DataFrame, sessions × tickers, float64
        Adjusted closes (``wide``); NaN where a ticker did not trade.
    as_of : ticker -> date
        The session that the ticker's returns end with.
    calendars : market group -> Calendar
        Sessions from which a window's base is taken.
    previous : ticker -> float
        The exchange's previous close (ex-rights reference price), the base of ``1d``. Without it the adjusted close
        of the session before is the base.
    gaps : ticker -> date, optional
        The last session before missing closes. A window whose base lies after it has no return.

    Returns
    -------
    DataFrame, tickers × ``WINDOWS``, float64
        Fractions. NaN where the base is missing or older than ``OLDEST_BASE``, and where the ticker did not trade in
        the window. The return of a suspended share ends with its last trade.
    """
    tickers = list(as_of)
    days, values = closes.index.to_numpy(), closes.reindex(columns=tickers).to_numpy(dtype="float64")
    sessions, newest = days_of(as_of.values()), last_row_up_to(values)
    last = row_on_or_before(newest, days, sessions)
    cache: dict[tuple[str, date], dict[str, date | None]] = {}
    bases = []
    for ticker, session in as_of.items():
        key = (markets.group(ticker), session)
        if key not in cache:
            cache[key] = window_bases(calendars.get(key[0]), session)
        bases.append(cache[key])
    broken = days_of((gaps or {}).get(t) for t in tickers)
    out = {}
    for window in WINDOWS:
        base = days_of(b[window] for b in bases)
        base[base > broken] = np.datetime64("NaT")
        rows = row_on_or_before(newest, days, base)
        for i in _of_older_sessions(rows, days, base):
            if not _was_suspended(tickers[i], base[i].item(), days, values[:, i], calendars):
                rows[i] = -1
        out[window] = moves_of(values, rows, last)
    reference = np.array([previous.get(t) or np.nan for t in tickers], dtype="float64")
    traded = row_on_or_before(newest, days, sessions, oldest=timedelta(0))
    now = np.where(traded >= 0, values[traded, np.arange(len(tickers))] if len(days) else np.nan, np.nan)
    out["1d"] = np.where(reference > 0, now / reference - 1, out["1d"])
    return pd.DataFrame(out, index=pd.Index(tickers, dtype="str"), columns=list(WINDOWS), dtype="float64")


def _of_older_sessions(rows: Rows, days: Days, wanted: Days) -> Rows:
    """Columns whose row is not that of the wanted session, but of one before it."""
    columns = np.flatnonzero(rows >= 0)
    older: Rows = columns[days[rows[columns]] != wanted[columns]]
    return older


def _was_suspended(ticker: str, day: date, days: Days, values: Floats, calendars: Mapping[str, Calendar]) -> bool:
    """Whether a security without a close on session ``day`` was suspended: it has none on a session beside it either.

    A single session without a close is more likely a lost row than a suspension; neither is told by the closes. Where
    sessions are guessed, ``day`` may be a holiday, and an older close stands in.
    """
    calendar = calendars.get(markets.group(ticker))
    if calendar is None or not calendar.sessions:
        return True
    traded = set(days[~np.isnan(values)].astype("datetime64[D]").tolist())
    beside = (calendar.before(day), calendar.after(day))
    return markets.suspends(ticker) and any(s is not None and s.day not in traded for s in beside)


def between(closes: pd.DataFrame, base: date | None, end: date) -> pd.Series:
    """Return of each column from the close of session ``base`` to that of ``end``, a fraction; NaN without both.

    For indices and sectors, which trade every session: unlike in ``returns`` no older close stands in.
    """
    if base is None:
        return pd.Series(np.nan, index=closes.columns, dtype="float64")
    ends = closes.reindex([pd.Timestamp(base), pd.Timestamp(end)])
    return ends.iloc[1] / ends.iloc[0] - 1


def days_of(dates: Iterable[date | None]) -> Days:
    return np.array(list(dates), dtype="datetime64[D]")


def last_row_up_to(values: Floats) -> Rows:
    """For each row and column, the row of the newest number up to it, -1 without one; one row is put before the first."""
    rows = np.where(np.isnan(values), -1, np.arange(len(values))[:, None])
    return np.maximum.accumulate(np.vstack([np.full((1, values.shape[1]), -1), rows]), axis=0)


def filled(values: Floats) -> Floats:
    """Each column's last number up to each row; NaN before its first."""
    rows = last_row_up_to(values)[1:]
    return np.where(rows < 0, np.nan, np.take_along_axis(values, np.maximum(rows, 0), axis=0))


def shifted(values: Floats, rows: int = 1) -> Floats:
    """``values`` as they were that many rows before, NaN at the beginning."""
    out = np.full(values.shape, np.nan)
    out[rows:] = values[: len(values) - rows] if rows <= len(values) else values[:0]
    return out


def row_on_or_before(newest: Rows, days: Days, wanted: Days, oldest: timedelta = OLDEST_BASE) -> Rows:
    """Row of each column's last number on or before its ``wanted`` day; -1 if that is more than ``oldest`` before it."""
    known = ~np.isnat(wanted)
    rows = newest[np.where(known, np.searchsorted(days, wanted, side="right"), 0), np.arange(len(wanted))]
    found = rows >= 0
    found[found] = wanted[found] - days[rows[found]] <= np.timedelta64(oldest)
    return np.where(found, rows, -1)


def moves_of(values: Floats, base: Rows, last: Rows) -> Floats:
    """Return of each column between two rows; NaN where a row is -1, and where both are the same (no trade between)."""
    out = np.full(len(base), np.nan)
    at = np.flatnonzero((base >= 0) & (last >= 0) & (base != last))
    out[at] = values[last[at], at] / values[base[at], at] - 1
    return out


# --- one security ------------------------------------------------------------------------------------------------


def year_range(bars: pd.DataFrame, as_of: Mapping[str, date]) -> pd.DataFrame:
    """Columns high_52w, low_52w, bars_52w per ticker: adjusted highs and lows (closes where there are none) of 52 weeks.

    NaN where the history is no year: it begins more than ``MAX_LATE_START`` after the 52 weeks do, or has fewer than
    ``LEAST_BARS`` bars in them; ``bars_52w`` says how many there are. A range of a few weeks is not a 52-week range.
    """
    ends = pd.Series(days_of(as_of.values()), index=pd.Index(list(as_of), dtype="str"))
    day, last = bars["session"].to_numpy(), ends.reindex(bars["ticker"]).to_numpy()
    inside = bars.loc[(day > last - np.timedelta64(52, "W")) & (day <= last), ["ticker", "high", "low", "close"]]
    high, low = (inside[column].fillna(inside["close"]).groupby(inside["ticker"]) for column in ("high", "low"))
    out = pd.DataFrame({"high_52w": high.max(), "low_52w": low.min(), "bars_52w": high.size()})
    first = bars.groupby("ticker")["session"].min().reindex(out.index)
    young = first.to_numpy() > ends.reindex(out.index).to_numpy() - np.timedelta64(52, "W") + np.timedelta64(
        MAX_LATE_START
    )
    out.loc[young | (out["bars_52w"] < LEAST_BARS), ["high_52w", "low_52w"]] = np.nan
    return out


def volume_ratio(volume: float, past: Sequence[float], minutes: float, minutes_a_day: float) -> float:
    """量比: volume a minute so far over the mean volume a minute of the last five sessions that traded.

    At the close this is V_t / mean(V_{t-5..t-1}). NaN without five such sessions.
    """
    traded = [v for v in past if v and v > 0][-5:]
    if len(traded) < 5 or minutes <= 0 or not volume > 0:
        return float("nan")
    return (volume / minutes) / (sum(traded) / 5 / minutes_a_day)


def yuan(lasts: pd.Series) -> dict[str, float]:
    """Currency -> yuan for one unit, by its own rate to the yuan or across the dollar; NaN where that is missing.

    ``lasts``: last prices by ticker, of which those of exchange rates count (USDCNY.FX, HKDCNY.FX, USDKRW.FX …).
    The currencies are those of ``markets.MARKETS``.
    """
    rates = {str(t): float(v) for t, v in lasts.items() if str(t).endswith(".FX")}
    usd = rates.get("USDCNY.FX", np.nan)
    others = {m.currency for m in markets.MARKETS.values()} - {"CNY", "USD", ""}
    crossed = {code: usd / rates.get(f"USD{code}.FX", np.nan) for code in others}
    direct = {code: rates[f"{code}CNY.FX"] for code in crossed if f"{code}CNY.FX" in rates}
    return {"CNY": 1.0, "USD": usd} | crossed | direct


# --- series ------------------------------------------------------------------------------------------------------


def aligned(closes: pd.DataFrame, calendars: Mapping[str, Calendar], home: str) -> pd.DataFrame:
    """``closes`` (wide, adjusted) as known at each closing instant of the ``home`` market.

    A US close labelled D comes after mainland session D and so belongs to the next one; while the mainland is on
    holiday several US sessions fall into one. Without a home calendar the frame comes back forward-filled.
    """
    if home not in calendars or not calendars[home].sessions or closes.empty:
        return closes.ffill()
    first, last = closes.index[0].date(), closes.index[-1].date()
    grid = calendars[home].between(first, last)
    instants = np.array([s.closes.timestamp() for s in grid])
    groups = {markets.group(str(t)) for t in closes}
    ends = {g: _closing_instants(closes.index, calendars.get(g) or calendars[home]) for g in groups}
    parts = {}
    for ticker, values in closes.items():
        known = values.notna().to_numpy()
        at = np.searchsorted(ends[markets.group(str(ticker))][known], instants, side="right")
        parts[ticker] = np.concatenate([[np.nan], values.to_numpy()[known]])[at]
    return pd.DataFrame(parts, index=pd.DatetimeIndex([s.day for s in grid], name="session").as_unit("s"))


def _closing_instants(days: pd.Index, calendar: Calendar) -> Floats:
    """The instant of each day's close in epoch seconds; on a day without a session, the midnight after it."""
    known = {s.day: s.closes.timestamp() for s in calendar.between(days[0].date(), days[-1].date())}
    return np.array([known.get(d.date(), d.timestamp() + 86400) for d in days])
