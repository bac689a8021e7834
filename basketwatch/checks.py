"""What may enter the store: the shape of a frame, the rows of a quote answer, the bars of one ticker.

A hard fault rejects its row, and the first one found is told; a soft one is told and leaves it in. An answer that
cannot be believed as a whole raises ``SuspectAnswer`` and leaves the store alone. Nothing is repaired and no row is
ever made up.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from basketwatch.domain import limits, markets
from basketwatch.domain.calendars import FINAL_AFTER, Calendar
from basketwatch.domain.faults import Fault
from basketwatch.domain.model import Severity
from basketwatch.errors import BadAnswer, SuspectAnswer

AGREE = 1e-3  # relative; two sources print the same close to the tick
VWAP = 0.05  # amount / volume may leave [low, high] by this much
OVERLAP = 5  # common final bars below which an answer cannot be compared with the store
_NOT_A_NUMBER = {"-", "--", "", "None"}

# Shanghai and Shenzhen write N before a name on the listing day and C on the four days after; none of these, nor the
# first day of the delisting period (退市…, …退), has a limit.
_UNLIMITED = r"^[NC][\u4e00-\u9fff]|^退市|退$"


@dataclass(frozen=True)
class Verdict:
    """Bars that may be stored, sorted, one a session; and how.

    append: merge into what is stored. replace: the source counts on another base (a split), ``ratio`` = its closes /
    the stored ones; swap the whole history in one transaction, never splice.
    """

    bars: pd.DataFrame
    faults: list[Fault]
    action: Literal["append", "replace"]
    ratio: float | None = None


# --- shape -------------------------------------------------------------------------------------------------------


def typed(frame: pd.DataFrame, schema: Mapping[str, tuple[str, str, bool]], *, source: str) -> pd.DataFrame:
    """A frame with the columns of ``schema`` (see ``frames``), in its order and with its dtypes, and no others.

    Missing optional columns become NaN or None, ``-`` in a number NaN. Raises BadAnswer where a required column is
    missing or a value cannot be read: no instant without a zone, no session with a time of day, no guessed bool.
    """
    missing = [c for c, (_, _, required) in schema.items() if required and c not in frame.columns]
    if missing or not frame.columns.is_unique:
        raise BadAnswer(source=source, detail=f"columns missing: {', '.join(missing)}" if missing else "columns twice")
    out: dict[str, pd.Series] = {}
    for column, (dtype, _, _) in schema.items():
        values = frame[column] if column in frame.columns else pd.Series(None, index=frame.index, dtype="object")
        try:
            out[column] = _cast(values, dtype)
        except (TypeError, ValueError, OverflowError) as reason:
            raise BadAnswer(source=source, detail=f"{column}: {reason}"[:200]) from None
    return pd.DataFrame(out, index=frame.index).reset_index(drop=True)


def _cast(values: pd.Series, dtype: Any) -> pd.Series:
    if values.dtype == dtype and dtype != "datetime64[s]":  # of a session it has to be seen that it is a plain date
        return values
    if dtype == "float64":
        text = values.map(lambda v: isinstance(v, str) and v.strip() in _NOT_A_NUMBER).astype(bool)
        return pd.to_numeric(values.mask(text)).astype("float64")
    if dtype == "bool":
        if not values.map(lambda v: isinstance(v, (bool, np.bool_))).all():
            raise ValueError("not a bool")  # bool("False") is True
        return values.astype("bool")
    if not dtype.startswith("datetime64"):
        return values.astype(dtype)
    moments = pd.to_datetime(values)
    if dtype == "datetime64[s, UTC]":
        if moments.dt.tz is None and moments.notna().any():
            raise ValueError("instant without a zone")
        return pd.to_datetime(moments, utc=True).astype(dtype)
    if moments.dt.tz is not None or (moments.dropna() != moments.dropna().dt.normalize()).any():
        raise ValueError("session is not a plain date")
    return moments.astype("datetime64[s]")


# --- shared by quotes and bars -----------------------------------------------------------------------------------


def _faults(rows: pd.DataFrame, mask: pd.Series, key: str, severity: Severity, *columns: str) -> list[Fault]:
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


def _not_prices(rows: pd.DataFrame, required: list[str], optional: list[str]) -> pd.Series:
    """True where a required price is missing, or any price that is there is not finite and positive."""
    missing = rows[required].isna().any(axis=1)
    prices = rows[required + optional]
    return missing | (prices.notna() & ~(np.isfinite(prices) & (prices > 0))).any(axis=1)


def _vwap_off(rows: pd.DataFrame) -> pd.Series:
    """True where amount / volume leaves [low, high] by more than 5 %: lots for shares, 万 for units.

    Sources round volume to lots of 100 and amount to 10,000, which decides on thin trade only; so much is allowed.
    """
    least = rows["low"] * (1 - VWAP) * (rows["volume"] - 100) - 1e4
    most = rows["high"] * (1 + VWAP) * (rows["volume"] + 100) + 1e4
    return (rows["amount"] < least) | (rows["amount"] > most) | (rows["volume"] < 0) | (rows["amount"] < 0)


def _tick(ticker: str) -> float:
    """Tick of a price in its currency, with a margin for float noise; 0.01 outside the mainland too."""
    return 1.001 / limits.per_unit(ticker)


# --- quotes ------------------------------------------------------------------------------------------------------


def check_quotes(
    quotes: pd.DataFrame,
    wanted: Collection[str],
    *,
    begun: Mapping[str, date],
    now: datetime,
) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of a ``columns.QUOTES`` frame that may be stored, sorted by ticker, and everything wrong with the answer.

    ``begun``: a group's latest session that has begun. Nothing here knows what is stored: ``past`` holds a quote
    against that.
    """
    columns = [c for c in quotes.columns if c != "fetched_at"]
    rows = quotes.sort_values(["ticker", "fetched_at"]).drop_duplicates(columns).reset_index(drop=True)
    strange = ~rows["ticker"].isin(list(wanted))
    faults = _faults(rows, strange, "not_wanted", "hard")
    rows = _known(rows[~strange].reset_index(drop=True), begun, now)
    bad = pd.Series(False, index=rows.index)
    for key, mask, shown in _quote_hard(rows):
        faults += _faults(rows, mask & ~bad, key, "hard", *shown)
        bad |= mask
    good = rows[~bad].reset_index(drop=True)
    for key, mask, shown in _quote_soft(good):
        faults += _faults(good, mask, key, "soft", *shown)
    absent = sorted(set(wanted) - set(rows["ticker"]))
    faults += [Fault(ticker, None, "missing", "", "hard") for ticker in absent]
    return good[list(quotes.columns)], faults


def _known(rows: pd.DataFrame, begun: Mapping[str, date], now: datetime) -> pd.DataFrame:
    """The rows with what is known about each ticker beside them, in columns that start with ``_``."""
    tomorrow = (now + timedelta(days=1)).date()
    tickers = list(rows["ticker"])
    groups = [markets.group(t) for t in tickers]
    kinds = [markets.kind(t) for t in tickers]
    return rows.assign(
        _latest=pd.Series([min(begun.get(g, tomorrow), tomorrow) for g in groups], dtype="datetime64[s]"),
        _begun=pd.Series([begun.get(g) for g in groups], dtype="datetime64[s]"),
        _tick=np.array([_tick(t) for t in tickers], dtype="float64"),
        _traded=np.array([k in ("stock", "etf") for k in kinds], dtype=bool),
        _share=np.array([limits.board(t) not in (None, "etf") for t in tickers], dtype=bool),
    )


Check = tuple[str, pd.Series, tuple[str, ...]]


def _quote_hard(rows: pd.DataFrame) -> list[Check]:
    last, before, name = rows["last"], rows["previous_close"], rows["name"].fillna("")
    ranged = rows["volume"] != 0  # NaN: an index or a rate may come without
    within = (last >= rows["low"] - rows["_tick"]) & (last <= rows["high"] + rows["_tick"])
    bounded = rows["low"].notna() & rows["high"].notna() & ranged
    outside_own = (last > rows["limit_up"]) | (last < rows["limit_down"])
    unlimited = name.str.contains(_UNLIMITED, regex=True) & ~outside_own
    far = (last / before - 1).abs() > 0.45  # the widest limit is 30 %
    prices = ["open", "high", "low", "limit_up", "limit_down"]
    return [
        ("duplicate", rows["ticker"].duplicated(keep=False), ("last",)),
        ("bad_price", _not_prices(rows, ["last", "previous_close"], prices), ("last", "previous_close", *prices)),
        ("high_below_low", rows["low"] > rows["high"], ("low", "high")),
        ("outside_range", bounded & ~within & last.notna(), ("last", "low", "high")),
        ("no_session", rows["session"].isna(), ()),
        ("not_begun", rows["session"] > rows["_latest"], ()),
        ("units", rows["_traded"] & _vwap_off(rows), ("volume", "amount", "low", "high")),
        ("limits_off", (rows["limit_up"] <= before) | (rows["limit_down"] >= before), ("previous_close", *prices[3:])),
        ("turnover", rows["_share"] & _turnover_off(rows), ("turnover", "volume", "last", "float_cap")),
        ("impossible_move", rows["_share"] & far & ~unlimited, ("last", "previous_close")),
    ]  # fmt: skip


def _turnover_off(rows: pd.DataFrame) -> pd.Series:
    """True where a share's turnover is no fraction: over 1, or 20 % off volume × last / float cap.

    Sources print hundredths of a percent, hence 1e-4 either way. Funds that trade T+0 do exceed 1 and are not asked.
    """
    implied = rows["volume"] * rows["last"] / rows["float_cap"]
    off = (implied - rows["turnover"]).abs() > 0.2 * implied + 1e-4
    return (rows["turnover"] > 1) | (rows["turnover"] < 0) | off


def _quote_soft(rows: pd.DataFrame) -> list[Check]:
    wanting = rows[["open", "high", "low", "volume"]].isna()
    return [
        ("stale_day", (rows["session"] < rows["_begun"]) & ~rows["suspended"], ()),
        # of a mainland share the name says more than who it is: ST, new, to be delisted
        ("no_name", rows["_share"] & (rows["name"].fillna("").str.strip() == ""), ()),
        ("incomplete", rows["_traded"] & ~rows["suspended"] & wanting.any(axis=1), tuple(wanting.columns)),
    ]


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
        faults += _faults(rows, mask & ~bad, key, "hard", *shown)
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
    ohlc, tick = ["open", "high", "low", "close"], _tick(ticker)
    given = [c for c in ohlc if c == "close" or rows[c].notna().any()]  # some indices come with closes only
    low, high = rows["low"] - tick, rows["high"] + tick
    outside = (rows["close"] < low) | (rows["close"] > high) | (rows["open"] < low) | (rows["open"] > high)
    traded = pd.Series(markets.kind(ticker) in ("stock", "etf"), index=rows.index)
    begun = calendar.state(now).session if calendar else None
    latest = begun.day if begun else (now + timedelta(days=1)).date()
    return [
        ("duplicate", rows["session"].duplicated(keep=False), ("close",)),
        ("bad_price", _not_prices(rows, given, []), tuple(ohlc)),
        ("high_below_low", rows["low"] > rows["high"], ("low", "high")),
        ("outside_range", outside, tuple(ohlc)),
        ("no_session", rows["session"].isna(), ()),
        ("not_begun", rows["session"] > pd.Timestamp(latest), ()),
        ("not_a_session", _off_calendar(rows["session"], calendar), ()),
        ("units", traded & _vwap_off(rows), ("volume", "amount", "low", "high")),
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
    return good.assign(final=good["final"] & ~early), _faults(good, early, "not_final", "soft")


def _against(
    good: pd.DataFrame, stored: pd.DataFrame, ticker: str, asked: date | None
) -> tuple[float | None, list[Fault]]:
    """Hold final bars against the stored ones: the ratio of a rebased source, or how many closes were revised.

    Raises SuspectAnswer for closes of another symbol, for volume in other units and for a cut history.
    """
    columns = ["close", "volume"]
    both = good[good["final"]].set_index("session")[columns]
    both = both.join(stored.set_index("session")[columns].add_suffix("_stored"), how="inner")
    differs = (both["close"] / both["close_stored"] - 1).abs() > AGREE
    ratio = _ratio(both, ticker) if len(both) >= OVERLAP and differs.mean() > 0.2 else None
    if ratio is not None and math.isnan(ratio):
        raise _suspect(good, ticker, f"{int(differs.sum())} of {len(both)} closes differ from the stored ones")
    traded = both[(both > 0).all(axis=1)]
    times = float((traded["volume"] / traded["volume_stored"]).median())
    if len(traded) >= OVERLAP and 50 <= max(times, 1 / times) <= 200:
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
    off = (both["close"] - ratio * both["close_stored"]).abs() > AGREE * both["close"] + _tick(ticker) / 2
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
    rows = rows.assign(before=rows["close"].shift() * _explained(rows["session"], ticker, factors))
    move = (rows["close"] / rows["before"] - 1).abs()
    jumped = pd.Series(False, index=rows.index)
    for i in rows.index[move > 0.11]:  # 10 % and a point is the narrowest band that is not ST's
        found = limits.rule(ticker, rows["session"][i].date())
        jumped[i] = found is not None and move[i] > (found.percent + 1) / 100 and i >= found.free_days
    jumped &= rows["session"] >= good["session"].iloc[0]
    return _faults(rows.assign(ticker=ticker), jumped, "unexplained_jump", "soft", "before", "close")


def _explained(session: pd.Series, ticker: str, factors: pd.DataFrame | None) -> np.ndarray:
    """Product of the factors whose ex-date lies after the bar before and not after this one."""
    if factors is None or factors.empty:
        return np.ones(len(session))
    mine = factors[factors["ticker"] == ticker].sort_values("ex_date")
    through = np.concatenate([[1.0], np.cumprod(mine["factor"].to_numpy())])
    so_far = through[np.searchsorted(mine["ex_date"].to_numpy(), session.to_numpy(), side="right")]
    earlier = np.concatenate([so_far[:1], so_far[:-1]])
    return np.asarray(so_far / earlier)
