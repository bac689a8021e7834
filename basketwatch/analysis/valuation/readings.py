"""The PE shown for each ticker and basket: the series chosen among the stored ones, its value and its bands.

Sources and definitions are never mixed: one series is chosen and its definition is shown; the other series are shown
beside it with their own values. Rows of sessions that had not closed at the snapshot's instant are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.analysis.valuation.bands import LEAST, Band, bands_of, counted, is_weekly
from basketwatch.analysis.valuation.baskets import OUT_OF_DATE_AFTER, BasketPe, basket_history, basket_pe
from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.model import SeriesKey, Universe
from basketwatch.domain.universe import with_stand_ins
from basketwatch.store import valuations
from basketwatch.store.database import Store

Histories = dict[SeriesKey, pd.DataFrame]

# Best first. What is not named here comes after these, and the demo market's series by their definition.
_ELSEWHERE = (
    ("shenwan", "shenwan_pe"), ("csindex", "csindex_rolling"), ("danjuan", "danjuan_weekly"),
    ("cnindex", "cnindex_rolling"), ("yahoo", "etf_trailing"),
)  # fmt: skip
_CHINA = (("eastmoney", "ttm"), ("baidu", "ttm"), ("tencent", "ttm"), ("yahoo", "yahoo_trailing"), *_ELSEWHERE)
_ABROAD = (("yahoo", "yahoo_trailing"), ("yahoo", "announced_eps"), ("baidu", "ttm"), *_ELSEWHERE)


@dataclass(frozen=True)
class PeReading:
    """The PE of one ticker at its newest closed session, and where it stands in its own history.

    ``key.ticker`` is another one where a fund stands in for an index. ``profit`` (TTM) = market cap / PE of that row;
    EPS x shares where a loss leaves no PE; NaN = unknown. ``cap_source`` names whose market cap it is: the series' own
    source, or the quote's where the series has none. ``bands`` is empty without a history, and in ``others``: the other
    series of the same ticker and its quote, newest first, to be shown beside it.
    """

    key: SeriesKey
    pe: float
    losing: bool
    session: date
    price: float
    market_cap: float
    profit: float
    eps: float
    fetched_at: datetime
    bands: Mapping[str, Band]
    weekly: bool
    cap_source: str
    others: tuple[PeReading, ...] = ()


@dataclass(frozen=True)
class BasketPeReading:
    """The PE of a basket of today's members.

    ``now``: all of them, converted to yuan at the day's rates. ``by_group``: those of each market. ``history``
    (``baskets.basket_history``) and ``bands`` are those of the ``home`` group's members of today, past sessions
    included: they go with ``by_group[home]``, not with ``now`` where the basket spans markets. ``sources``: those
    of the members' values.
    """

    now: BasketPe
    by_group: Mapping[str, BasketPe]
    home: str
    history: pd.DataFrame
    bands: Mapping[str, Band]
    session: date | None
    members_with_history: int
    sources: tuple[str, ...]


def difference(reading: PeReading, other: PeReading) -> float:
    """Distance of another source's PE from ``reading``, as a fraction of it; NaN unless both have the same session."""
    same = reading.session == other.session and reading.pe > 0 and other.pe > 0
    return other.pe / reading.pe - 1 if same else nan


# --- reading -----------------------------------------------------------------------------------------------------


def histories(store: Store, tickers: Iterable[str], calendars: Mapping[str, Calendar], now: datetime) -> Histories:
    """The stored series of ``tickers`` up to the last session of their market that had closed at ``now``."""
    limits = {group: _closed(calendar, now) for group, calendar in calendars.items()}
    found = valuations.read(store, list(tickers))
    cut = {key: _until(rows, limits.get(markets.group(key.ticker), now.date())) for key, rows in found.items()}
    return {key: rows for key, rows in cut.items() if len(rows)}


def wanted(universe: Universe) -> tuple[str, ...]:
    """Tickers that have a PE of their own, or stand in for one that has none."""
    return tuple(t for t in with_stand_ins(universe) if markets.kind(t) != "fx")


def _closed(calendar: Calendar, now: datetime) -> date:
    last = calendar.state(now).last_closed
    return last.day if last else now.date()


def _until(rows: pd.DataFrame, last: date) -> pd.DataFrame:
    end = int(rows["session"].searchsorted(pd.Timestamp(last), side="right"))
    return rows if end == len(rows) else rows.iloc[:end]


# --- a ticker ----------------------------------------------------------------------------------------------------


def pe_readings(series: Histories, table: pd.DataFrame, calendars: Mapping[str, Calendar]) -> dict[str, PeReading]:
    """Ticker -> its valuation, from ``histories`` and the quotes of the snapshot's ``table``.

    A ticker without an up-to-date series has its quote's own PE, without bands; one without either is not in the
    answer.
    """
    quotes = _quoted(table)
    said = speaking(series, calendars, quotes)
    chosen = {t: said[t] for t in [*table.index, *said] if t in said}  # in the table's order
    banded = bands_of({t: series[one.key] for t, one in chosen.items()})
    chosen = {t: replace(one, bands=banded[t], weekly=banded[t]["all"].weekly) for t, one in chosen.items()}
    for ticker, quote in quotes.items():
        calendar = calendars.get(markets.group(ticker))
        chosen[ticker] = _beside(chosen[ticker], quote, calendar) if ticker in chosen else quote
    stands = {index: chosen[fund] for index, fund in markets.STAND_INS.items() if fund in chosen}
    return chosen | {index: one for index, one in stands.items() if index not in chosen}


def speaking(
    series: Histories, calendars: Mapping[str, Calendar], quotes: Mapping[str, PeReading] | None = None
) -> dict[str, PeReading]:
    """Ticker -> the newest value of the series shown for it (the preferred source and definition), without bands.

    ``others``: the newest values of the other series.
    """
    by_ticker: dict[str, list[PeReading]] = {}
    for key, rows in series.items():
        by_ticker.setdefault(key.ticker, []).append(_newest(key, rows, (quotes or {}).get(key.ticker)))
    return {t: _choice(own, series, calendars.get(markets.group(t))) for t, own in by_ticker.items()}


def _newest(key: SeriesKey, rows: pd.DataFrame, quote: PeReading | None) -> PeReading:
    """The last row of a series; its market cap from the quote's share count where the series has none."""
    last: dict[Any, Any] = {name: rows[name].iat[-1] for name in rows}  # a row as a Series takes four times as long
    pe, price, cap, eps = (float(last[name]) for name in ("pe", "price", "market_cap", "eps"))
    session, origin = last["session"].date(), key.source
    if np.isnan(cap) and quote is not None:
        same = session == quote.session
        cap, origin = quote.market_cap * (1.0 if same else price / quote.price), quote.key.source
    return PeReading(
        key=key, pe=pe, losing=bool(last["losing"]) or pe <= 0, session=session, price=price, market_cap=cap,
        profit=float(_profit(pe, price, cap, eps)), eps=eps, fetched_at=last["fetched_at"].to_pydatetime(),
        bands={}, weekly=False, cap_source=origin,
    )  # fmt: skip


def _profit(pe: Any, price: Any, cap: Any, eps: Any) -> Any:
    """TTM profit, of one row or of arrays: cap / PE; where a loss leaves no PE, EPS x shares (cap / price)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(
            np.isnan(pe) | (np.asarray(pe) == 0), np.divide(np.multiply(eps, cap), price), np.divide(cap, pe)
        )


def _quoted(table: pd.DataFrame) -> dict[str, PeReading]:
    """The PE in the quotes themselves, and their market cap; of shares and funds that have either."""
    known = table["pe_ttm"].notna() | table["market_cap"].notna()
    columns = ["pe_ttm", "last", "market_cap", "session", "fetched_at", "source", "group"]
    rows: Iterable[Any] = table.loc[known & (table["group"] != "FX"), columns].itertuples()
    return {str(r.Index): PeReading(
        key=SeriesKey(str(r.Index), str(r.source), _definition(r.source, r.group)), pe=r.pe_ttm, losing=r.pe_ttm <= 0,
        session=r.session.date(), price=r.last, market_cap=r.market_cap, profit=float(_profit(r.pe_ttm, r.last, r.market_cap, nan)),
        eps=nan, fetched_at=r.fetched_at.to_pydatetime(), bands={}, weekly=False, cap_source=str(r.source),
    ) for r in rows if pd.notna(r.fetched_at)}  # fmt: skip


def _definition(source: str, group: str) -> str:
    """The definition of the PE in a source's quote: Yahoo's own trailing PE, TTM in the mainland's sources."""
    abroad = source == "yahoo" or (source == "demo" and markets.GROUP[group].pe != "ttm")
    return "yahoo_trailing" if abroad else "ttm"


def _choice(readings: Sequence[PeReading], series: Histories, calendar: Calendar | None) -> PeReading:
    """The series shown for a ticker, with the other series in ``others``.

    Among the series that are up to date: the first in order with enough values for a band, else the first in order.
    """
    if len(readings) == 1:
        return readings[0]
    readings = [
        replace(one, weekly=is_weekly(series[one.key]["session"].to_numpy().astype("datetime64[D]")))
        for one in readings
    ]
    oldest = _back(calendar, max(one.session for one in readings))
    fresh = sorted((one for one in readings if one.session >= oldest), key=_place)
    enough = (one for one in fresh if np.count_nonzero(~np.isnan(counted(series[one.key]))) >= LEAST)
    chosen = next(enough, fresh[0])
    others = sorted(
        (one for one in readings if one is not chosen), key=lambda one: (-one.session.toordinal(), _place(one))
    )
    return replace(chosen, others=tuple(others))


def _back(calendar: Calendar | None, day: date) -> date:
    """The session ``OUT_OF_DATE_AFTER`` sessions before ``day``: an older value is out of date beside one of ``day``."""
    found = calendar.back(day, OUT_OF_DATE_AFTER) if calendar else None
    return found.day if found else date.min


def _place(reading: PeReading) -> int:
    order = _CHINA if markets.split(reading.key.ticker)[1].pe == "ttm" else _ABROAD
    fits = (i for i, (source, definition) in enumerate(order)
            if definition == reading.key.definition and reading.key.source in (source, "demo"))  # fmt: skip
    return next(fits, len(order))


def _beside(chosen: PeReading, quote: PeReading, calendar: Calendar | None) -> PeReading:
    """``chosen`` with the quote among the others, unless that source's series of the same PE is there already.

    Where the series is out of date, the quote is shown and ``chosen`` is among its others.
    """
    if np.isnan(quote.pe):
        return chosen
    if chosen.session < _back(calendar, quote.session):
        return replace(quote, others=(replace(chosen, bands={}, others=()), *chosen.others))
    if quote.key in {chosen.key, *(one.key for one in chosen.others)}:
        return chosen
    return replace(chosen, others=(quote, *chosen.others))


# --- a basket ----------------------------------------------------------------------------------------------------


def of_baskets(
    baskets: Mapping[str, tuple[pd.DataFrame, str]], values: Mapping[str, PeReading], series: Histories,
    calendars: Mapping[str, Calendar],
) -> dict[str, BasketPeReading]:  # fmt: skip
    """Basket id -> its PE. ``baskets``: members of today, with group and to_cny (the day's rate), and the home group.

    A member whose newest value is more than ``OUT_OF_DATE_AFTER`` sessions older than its market's newest is not covered.
    """
    made = {key: _basket(members, home, values, series, calendars) for key, (members, home) in baskets.items()}
    banded = bands_of({key: _for_bands(one) for key, one in made.items()})
    return {key: replace(one, bands=banded[key]) for key, one in made.items()}


def _for_bands(reading: BasketPeReading) -> pd.DataFrame:
    """A basket's history as ``bands.bands`` takes one; where it ends before the basket does, today has no value."""
    rows = reading.history[["session", "pe"]].assign(losing=False)
    if reading.session is None:
        return rows
    day = pd.Timestamp(reading.session).as_unit("s")
    if (rows["session"] == day).any():
        return rows
    today = pd.DataFrame({"session": [day], "pe": [nan], "losing": [False]})
    return pd.concat([rows, today], ignore_index=True) if len(rows) else today


def _basket(
    members: pd.DataFrame,
    home: str,
    values: Mapping[str, PeReading],
    histories: Histories,
    calendars: Mapping[str, Calendar],
) -> BasketPeReading:
    rows = rows_of(members, values, calendars)
    groups = dict.fromkeys(members["group"])
    own = [values[t] for t in members.index[members["group"] == home] if t in values]
    series = {one.key.ticker: histories[one.key] for one in own if one.key in histories}
    weights = pd.Series({one.key.ticker: one.market_cap for one in own}, dtype="float64")
    history = _history(series, weights)
    return BasketPeReading(
        now=basket_pe(rows),
        by_group={str(g): basket_pe(rows.loc[rows["group"] == g]) for g in groups},
        home=home, history=history, bands={},
        session=max((one.session for one in own), default=None), members_with_history=len(series),
        sources=tuple(dict.fromkeys(values[t].key.source for t in members.index if t in values)),
    )  # fmt: skip


def rows_of(members: pd.DataFrame, values: Mapping[str, PeReading], calendars: Mapping[str, Calendar]) -> pd.DataFrame:
    """The members with market_cap and profit in yuan, pe and losing; unknown where there is nothing or it is too old."""
    newest: dict[str, date] = {}
    for ticker, group in zip(members.index, members["group"], strict=True):
        if ticker in values:
            newest[group] = max(newest.get(group, date.min), values[ticker].session)
    oldest = {group: _back(calendars.get(group), day) for group, day in newest.items()}
    told = []
    for ticker, group, rate in zip(members.index, members["group"], members["to_cny"], strict=True):
        one = values.get(ticker)
        known = one is not None and one.session >= oldest[group]
        told.append(
            (one.market_cap * rate, one.profit * rate, one.pe, one.losing) if one and known else (nan, nan, nan, False)
        )
    rows = pd.DataFrame(told, columns=["market_cap", "profit", "pe", "losing"], index=members.index)
    return rows.assign(group=members["group"])


def _history(series: Mapping[str, pd.DataFrame], weights: pd.Series) -> pd.DataFrame:
    """``baskets.basket_history`` of the members' series put on the union of their sessions."""
    every = [rows["session"].to_numpy() for rows in series.values()]
    days = np.unique(np.concatenate(every)) if every else np.empty(0, dtype="datetime64[s]")
    caps, profits = np.full((2, len(days), len(series)), nan)
    for i, (own, rows) in enumerate(zip(every, series.values(), strict=True)):
        at, cap = days.searchsorted(own), rows["market_cap"].to_numpy()
        pe, price, eps = (rows[name].to_numpy() for name in ("pe", "price", "eps"))
        caps[at, i], profits[at, i] = cap, _profit(pe, price, cap, eps)
    columns = pd.Index(list(series), dtype="object")
    return basket_history(
        pd.DataFrame(caps, index=days, columns=columns), pd.DataFrame(profits, index=days, columns=columns), weights
    )
