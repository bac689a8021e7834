"""Reads the store and builds the inputs of the flag rules, one market at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.analysis import flags, overnight
from basketwatch.analysis import prices as analysis_prices
from basketwatch.analysis.adjustment import breaks_of, unbroken
from basketwatch.analysis.age import after_close
from basketwatch.analysis.flags import AdjustedPrices, BasketInput, Inputs, Leader, RawPrices, deviation
from basketwatch.analysis.flags.inputs import Bools, Days, Floats, Rows
from basketwatch.analysis.flags.market import MarketData
from basketwatch.analysis.prices import filled, multipliers, shifted, wide, with_quotes
from basketwatch.analysis.valuation import bands, readings
from basketwatch.domain import limits, markets
from basketwatch.domain.calendars import Calendar, settled_days
from basketwatch.domain.model import Basket, Rule, Universe
from basketwatch.domain.universe import all_tickers, names
from basketwatch.store.database import Store
from basketwatch.store.prices import read_bars, read_calendars, read_factors, read_quotes, read_series

YEAR = 250  # sessions that the log begins with, and that a dry run looks at
PE_YEARS = 3
# Sessions for which a PE percentile stands in for a missing one, in a daily series and in a weekly one.
PE_STANDS_FOR, WEEKLY_PE_STANDS_FOR = 5, 10
CHINA_BENCHMARK = "000300.SH"
_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class StoredData:
    """Stored data for all markets, read once.

    ``bars``: sorted, with the closing quotes. ``values``: ticker -> the PE series that the pages show, with its source.
    """

    universe: Universe
    now: datetime
    calendars: Mapping[str, Calendar]
    settled: Mapping[str, date]
    quotes: pd.DataFrame
    bars: pd.DataFrame
    factors: pd.DataFrame
    listed: Mapping[str, date]
    values: Mapping[str, pd.DataFrame]


def dry_run(data: StoredData, rules: Sequence[Rule], sessions: int = YEAR) -> pd.DataFrame:
    """Flags that ``rules`` would have raised in the last ``sessions`` of each market: columns of ``flags.evaluate``."""
    return joined([evaluated(data, group, rules, sessions) for group in groups_of(data.universe)])


def standing(data: StoredData, rule: Rule) -> pd.DataFrame:
    """How near mainland shares are to the exchanges' rule: see ``deviation.standing``."""
    inputs = inputs_of(data, "CN")
    if not (len(inputs.sessions) and len(inputs.tickers)):
        return pd.DataFrame(columns=deviation.STANDING)
    return deviation.standing(MarketData(inputs), rule)


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Flags of several markets as one table (columns ``flags.COLUMNS``); an empty one where none has any."""
    known = [part for part in parts if len(part)]
    return pd.concat(known, ignore_index=True) if known else pd.DataFrame(columns=list(flags.COLUMNS))


def evaluated(data: StoredData, group: str, rules: Sequence[Rule], sessions: int) -> pd.DataFrame:
    """Flags of ``rules`` in one market's last ``sessions`` settled sessions: columns of ``flags.evaluate``."""
    inputs = inputs_of(data, group)
    due = inputs.sessions[inputs.due]
    if not len(due):
        return pd.DataFrame(columns=list(flags.COLUMNS))
    said = flags.evaluate(inputs, rules, since=due[max(0, len(due) - sessions)].item())
    return said.loc[said["final"].astype(bool)]


def groups_of(universe: Universe) -> list[str]:
    return sorted({markets.group(t) for t in all_tickers(universe)} - {"FX"})


# --- reading -----------------------------------------------------------------------------------------------------


def read(store: Store, universe: Universe, now: datetime, sessions: int = YEAR) -> StoredData:
    """All that ``inputs_of`` needs to judge the last ``sessions`` sessions. Raises the store's errors."""
    wanted = [t for t in all_tickers(universe) if markets.kind(t) != "fx"]
    since = (now - timedelta(days=round((flags.LOOKBACK + sessions) * 1.55) + 20)).date()
    known = read_calendars(store, since - timedelta(days=10))
    calendars = {group: known.get(group) or Calendar(group, ()) for group in groups_of(universe)}
    quotes = read_quotes(store)
    quotes = quotes.loc[quotes.index.isin(wanted)]
    factors = read_factors(store, wanted)
    bars = _with_closing_quotes(read_bars(store, wanted, since), quotes, calendars)
    return StoredData(
        universe, now, calendars, settled_days(calendars, now), quotes, unbroken(bars, breaks_of(bars, factors)), factors,
        {ticker: row.first for ticker, row in read_series(store).items()}, _values(store, wanted, calendars, now),
    )  # fmt: skip


def _with_closing_quotes(stored: pd.DataFrame, quotes: pd.DataFrame, calendars: Mapping[str, Calendar]) -> pd.DataFrame:
    """Bars, plus each quote whose session has no final bar, as that bar: final where it was taken after the close."""
    settled = pd.MultiIndex.from_frame(stored.loc[stored["final"], ["ticker", "session"]])
    own = pd.MultiIndex.from_frame(quotes[["ticker", "session"]])
    fresh = quotes.loc[~own.isin(settled)]
    bars = with_quotes(stored, fresh)
    rows: Iterable[Any] = fresh.itertuples()
    after = {(r.ticker, r.session) for r in rows if after_close(r._asdict(), calendars.get(markets.group(r.ticker)))}
    closing = pd.MultiIndex.from_frame(bars[["ticker", "session"]]).isin(list(after)) if after else False
    return bars.assign(final=bars["final"].astype(bool) | closing)


def _values(
    store: Store, wanted: Sequence[str], calendars: Mapping[str, Calendar], now: datetime
) -> dict[str, pd.DataFrame]:
    """Ticker -> the PE history that the pages show for it."""
    found = readings.histories(store, wanted, calendars, now)
    own = {ticker: one.key for ticker, one in readings.speaking(found, calendars).items()}
    return {ticker: found[key].assign(source=key.source) for ticker, key in own.items()}


# --- one market --------------------------------------------------------------------------------------------------


def inputs_of(data: StoredData, group: str) -> Inputs:
    """One market as ``flags.evaluate`` takes it: its settled sessions and the one after, in which nothing is final."""
    tickers = [t for t in all_tickers(data.universe) if markets.group(t) == group and markets.kind(t) != "fx"]
    sessions = sessions_of(data, group)
    called = names(data.universe) | {f"basket:{b.id}": b.short for b in data.universe.baskets}
    base = flags.empty(group, sessions, tickers, called)
    if not len(sessions):
        return base
    due = sessions <= np.datetime64(data.settled.get(group, date.min))
    held = data.bars.loc[data.bars["ticker"].isin(tickers)].reset_index(drop=True)
    put = _Grid(sessions, tickers, held)
    filled = _with_prices(base, put, multipliers(held, data.factors), due)
    filled = _with_quotes(filled, data, put)
    filled = replace(
        filled, due=due, abroad=_abroad(data, sessions) if group == "CN" else filled.abroad,
        listed_at=_listed_at(data.listed, tickers, sessions),
        benchmark_of=_benchmarks(data.universe, tickers), baskets=_baskets(data.universe, group, tickers, sessions),
    )  # fmt: skip
    percentile, eps = _multiples(data.values, tickers, sessions)
    return replace(
        filled, pe_percentile=percentile, eps=eps, other_close=RawPrices(_other_closes(data, put)),
        leaders=_leaders(data, sessions) if group == "CN" else (),
    )  # fmt: skip


def sessions_of(data: StoredData, group: str) -> Days:
    """Known sessions up to the settled one, and the next: running, or to come."""
    last = data.settled.get(group)
    bars = data.bars["session"]
    if last is None or not len(bars):
        return np.array([], dtype="datetime64[D]")
    calendar = data.calendars[group]
    days = [s.day for s in calendar.between(bars.min().date(), last)]
    coming = calendar.after(last)
    return np.array([*days, *([coming.day] if coming else [])], dtype="datetime64[D]")


@dataclass(frozen=True)
class _Grid:
    """Where each bar stands in the matrices of a market; bars outside its sessions are left out."""

    sessions: Days
    tickers: Sequence[str]
    bars: pd.DataFrame

    @cached_property
    def cells(self) -> tuple[Rows, Rows, Bools]:
        """Row and column of each bar, and which of them have a place."""
        days = self.bars["session"].to_numpy().astype("datetime64[D]")
        row = np.minimum(np.searchsorted(self.sessions, days), len(self.sessions) - 1)
        column = pd.Index(self.tickers).get_indexer(pd.Index(self.bars["ticker"]))
        return row, column, (self.sessions[row] == days) & (column >= 0)

    def put(self, values: Any, blank: float = np.nan) -> Floats:
        out = np.full((len(self.sessions), len(self.tickers)), blank)
        row, column, inside = self.cells
        out[row[inside], column[inside]] = np.asarray(values, dtype="float64")[inside]
        return out


def _with_prices(base: Inputs, grid: _Grid, by: pd.Series, due: Bools) -> Inputs:
    """Raw and adjusted prices, the reference price, volume; a hole between two bars is a suspension."""
    bars, times = grid.bars, by.to_numpy()
    raw = {name: grid.put(bars[name]) for name in _PRICES}
    adjusted = {name: grid.put(bars[name].to_numpy() * times) for name in _PRICES[1:]}
    known = ~np.isnan(raw["close"])
    before = filled(adjusted["close"])
    return replace(
        base,
        raw_open=RawPrices(raw["open"]), raw_high=RawPrices(raw["high"]), raw_low=RawPrices(raw["low"]),
        raw_close=RawPrices(raw["close"]), reference=RawPrices(shifted(before) / grid.put(times)),
        adjusted_high=AdjustedPrices(adjusted["high"]), adjusted_low=AdjustedPrices(adjusted["low"]),
        adjusted_close=AdjustedPrices(adjusted["close"]),
        volume=grid.put(bars["volume"]), turnover=grid.put(bars["turnover"]),
        final=(grid.put(bars["final"], 0.0) > 0) & due[:, None],
        suspended=~known & ~np.isnan(before) & np.logical_or.accumulate(known[::-1])[::-1],
    )  # fmt: skip


def _with_quotes(base: Inputs, data: StoredData, grid: _Grid) -> Inputs:
    """Adds facts that only a quote has: limit prices, the exchange's previous close, a lasting suspension, an ST name."""
    shape = (len(grid.sessions), len(grid.tickers))
    up, down = np.full((2, *shape), np.nan)
    reference, suspended, unexplained = base.reference.copy(), base.suspended.copy(), base.unexplained.copy()
    st = np.zeros(shape, dtype=np.int8)
    column = {t: i for i, t in enumerate(grid.tickers)}
    rows: Iterable[Any] = data.quotes.rename(columns={"name": "named"}).itertuples()
    for quote in (q for q in rows if q.ticker in column):
        i, day = column[quote.ticker], np.datetime64(quote.session.date())
        named = quote.named if isinstance(quote.named, str) else ""
        if limits.is_st(named) or limits.is_delisting(named):
            now = limits.DELISTING if limits.is_delisting(named) else 1
            st[:, i] = np.where(grid.sessions == day, now, -1)  # since when, no quote tells
        if quote.suspended:
            suspended[:, i] |= _since_last_trade(base.raw_close[:, i]) & (grid.sessions <= day)
        elif len(at := np.flatnonzero(grid.sessions == day)):
            up[at, i], down[at, i] = quote.limit_up, quote.limit_down
            unexplained[at, i] = _contradicts(quote.previous_close, reference[at[0], i])
            reference[at, i] = quote.previous_close
    return replace(
        base, limit_up=RawPrices(up), limit_down=RawPrices(down), reference=RawPrices(reference), suspended=suspended,
        unexplained=unexplained, st=st,
    )  # fmt: skip


def _since_last_trade(closes: Floats) -> Bools:
    """Sessions after the last one with a close."""
    traded = np.flatnonzero(~np.isnan(closes))
    return np.arange(len(closes)) > (traded[-1] if len(traded) else -1)


def _contradicts(previous: float, expected: float) -> bool:
    """True where the exchange's reference price is not the close before × its factors: an unknown ex-date."""
    return bool(previous > 0 and abs(previous - expected) > max(0.011, 2e-4 * expected))


def _listed_at(listed: Mapping[str, date], tickers: Sequence[str], sessions: Days) -> Rows:
    """Row of the listing day, where the stored history begins within ``sessions``."""
    first = np.array([listed.get(t, date.min) for t in tickers], dtype="datetime64[D]")
    young = (first > sessions[0] + np.timedelta64(30, "D")) & [markets.kind(t) == "stock" for t in tickers]
    return np.where(young, np.searchsorted(sessions, first), flags.LONG_LISTED)


# --- benchmarks, baskets, leaders --------------------------------------------------------------------------------


def benchmark_of(universe: Universe, ticker: str) -> str | None:
    """A ticker's benchmark: the first one of its market in its first basket; the CSI 300 for a sector."""
    if ticker.startswith("basket:"):
        own = [b for b in universe.baskets if f"basket:{b.id}" == ticker]
        return next((_first_of(b, markets.home(b.tickers)) for b in own), None)
    if markets.kind(ticker) == "sector":
        return CHINA_BENCHMARK
    own = [b for b in universe.baskets if ticker in b.tickers]
    found = (_first_of(b, markets.group(ticker)) for b in own)
    return None if markets.kind(ticker) == "index" else next((b for b in found if b), None)


def _first_of(basket: Basket, group: str) -> str | None:
    return next((b for b in basket.benchmarks if markets.group(b) == group), None)


def _benchmarks(universe: Universe, tickers: Sequence[str]) -> Rows:
    at = {t: i for i, t in enumerate(tickers)}
    return np.array([at.get(benchmark_of(universe, t) or "", -1) for t in tickers], dtype=np.int64)


def _baskets(universe: Universe, group: str, tickers: Sequence[str], sessions: Days) -> tuple[BasketInput, ...]:
    """Today's members over all sessions, those that have left up to their last day: as the pages look back."""
    at = {t: i for i, t in enumerate(tickers)}
    out = []
    for basket in universe.baskets:
        inside = np.zeros((len(sessions), len(tickers)), dtype=np.bool_)
        for member in (m for m in basket.members if m.ticker in at):
            inside[:, at[member.ticker]] = True if member.until is None else sessions <= np.datetime64(member.until)
        if inside.any():
            benchmark, home = at.get(_first_of(basket, group) or "", -1), markets.home(basket.tickers)
            out.append(BasketInput(basket.id, inside, benchmark, home == group))
    return tuple(out)


def _abroad(data: StoredData, sessions: Days) -> Rows:
    """Number of US sessions before each mainland session (``overnight_sessions``); 0 until all of them have settled."""
    abroad, home = data.calendars.get("US"), data.calendars["CN"]
    last = data.settled.get("US") if abroad else None
    out = np.zeros(len(sessions), dtype=np.int64)
    for i, day in enumerate(sessions.tolist()):
        seen = overnight.overnight_sessions(home, abroad, day) if abroad else []
        out[i] = len(seen) if seen and last and seen[-1].day <= last else 0
    return out


def _leaders(data: StoredData, sessions: Days) -> tuple[Leader, ...]:
    """US names of the chains, with their moves by mainland session and the baskets whose chain they stand in."""
    abroad, home = data.calendars.get("US"), data.calendars["CN"]
    led: dict[str, tuple[str, ...]] = {}
    for ticker, segments in overnight.leaders_of(data.universe).items():
        chains = {chain for chain, _ in segments}
        led[ticker] = tuple(b.id for b in data.universe.baskets if b.chain in chains)
    led = {ticker: ids for ticker, ids in led.items() if ids}
    if abroad is None or not led:
        return ()
    own = data.bars.loc[data.bars["ticker"].isin(list(led)) & data.bars["final"]].reset_index(drop=True)
    closes = wide(analysis_prices.adjusted(own, data.factors))
    spans = [overnight.overnight_sessions(home, abroad, day) for day in sessions.tolist()]
    moves = overnight.moves_over(closes, list(led), abroad, spans)
    return tuple(Leader(ticker, moves[:, i], ids) for i, (ticker, ids) in enumerate(led.items()))


# --- multiples ---------------------------------------------------------------------------------------------------


def _multiples(values: Mapping[str, pd.DataFrame], tickers: Sequence[str], sessions: Days) -> tuple[Floats, Floats]:
    """PE percentile within its own three years, and EPS, of each session; a few missing days are carried over."""
    percentile, eps = np.full((2, len(sessions), len(tickers)), np.nan)
    since = sessions[0] - np.timedelta64((PE_YEARS + 1) * 366, "D")  # a year more, for what is carried
    for i, history in ((i, values[t]) for i, t in enumerate(tickers) if t in values):
        days = history["session"].to_numpy().astype("datetime64[D]")
        carried = WEEKLY_PE_STANDS_FOR if bands.is_weekly(days) else PE_STANDS_FOR
        begin = min(int(np.searchsorted(days, since)), len(days) - 1)
        days, history = days[begin:], history.iloc[begin:]
        ranks = bands.rolling_percentile(days, bands.counted(history), PE_YEARS)
        row = np.searchsorted(days, sessions, side="right") - 1
        age = np.arange(len(sessions)) - np.searchsorted(sessions, days[np.maximum(row, 0)])
        known = (row >= 0) & (age <= carried)
        percentile[known, i] = ranks[row[known]]
        eps[known, i] = bands.earnings(history)[row[known]]
    return percentile, eps


def _other_closes(data: StoredData, grid: _Grid) -> Floats:
    """Closes from another source than the bar's: a quote taken after the close, else the price in the PE series."""
    codes, named = pd.factorize(grid.bars["source"])
    own, code = grid.put(codes, -1.0), {source: float(i) for i, source in enumerate(named)}
    quoted: Iterable[Any] = data.quotes.itertuples()
    closing = {q.Index: q for q in quoted if after_close(q._asdict(), data.calendars.get(markets.group(q.Index)))}
    out = np.full(own.shape, np.nan)

    def put(i: int, days: Days, prices: Floats, source: str) -> None:
        row = np.minimum(np.searchsorted(days, grid.sessions), len(days) - 1)
        another = (own[:, i] >= 0) & (own[:, i] != code.get(source, -1.0))
        told = np.where((days[row] == grid.sessions) & another, prices[row], np.nan)
        out[:, i] = np.where(np.isnan(told), out[:, i], told)

    for i, ticker in enumerate(grid.tickers):
        if ticker in data.values:
            held = data.values[ticker]
            days = held["session"].to_numpy().astype("datetime64[D]")
            put(i, days, held["price"].to_numpy(), held["source"].iloc[0])
        if ticker in closing:
            quote = closing[ticker]
            put(i, np.array([quote.session], dtype="datetime64[D]"), np.array([quote.last]), quote.source)
    return out


# --- what came of it ---------------------------------------------------------------------------------------------


def closes_of(data: StoredData) -> pd.DataFrame:
    """Adjusted closes, wide, and of each basket the value of its home market's members, equal weight, rebalanced daily."""
    closes = wide(analysis_prices.adjusted(data.bars, data.factors))
    out = {}
    for basket in data.universe.baskets:
        home = markets.home(basket.tickers)
        held = [t for t in basket.tickers if t in closes and markets.group(t) == home]
        daily = closes[held].dropna(how="all").ffill().pct_change(fill_method=None).mean(axis=1)
        out[f"basket:{basket.id}"] = (1 + daily.fillna(0.0)).cumprod()
    return closes.join(pd.DataFrame(out))
