"""The demo market: every ticker of the universe with invented prices, the same ones every time, in a store of its own.

A newcomer's first minute, the screenshots and the browser tests run on it, so it has the days that go wrong elsewhere.
At ``NOW`` mainland China and Hong Kong have closed on 2026-07-03, while the US was shut for a holiday: its newest
session is 2026-07-02. All of these happen on the last session of their market unless a day is named:

=========== ==========================================================================================================
300394.SZ   limit-up, sealed: opened below a limit of 20 % and closed at it
002536.SZ   limit-up at one price (一字板): open = high = low = close, next to no volume
300620.SZ   limit-up opened again (炸板): touched it and closed one tick below
300548.SZ   limit-down, sealed, on a 20 % board
002272.SZ   suspended: no bar since 2026-06-24, the quote repeats the old close
603203.SH   ex-rights on 2026-07-03: the raw price falls by 16 %, against the reference price it rises
300308.SZ   cash dividend, ex on 2026-04-30
300249.SZ   loses money: its PE is negative
LITE.US     loses money: its source sends no PE at all
920045.BJ   Beijing: the limits are 30 %, the upper one rounded down and the lower one up
301486.SZ   young: its history begins on 2026-05-06, fewer than 60 sessions ago
AXTI.US     stale: bars and quote end with the session before the last one
=========== ==========================================================================================================

Nothing is copied from a real price. A return is the factor of its country, the factors of the baskets that the ticker
stands in, and noise of its own; each is drawn from a seed made of its name, one draw a calendar day, so editing one
basket moves no ticker outside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from basketwatch.domain import columns as frames
from basketwatch.domain import limits, markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.model import Names, SymbolState, Universe
from basketwatch.domain.universe import all_tickers, names

NOW = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)
YEARS = 3
SOURCE = "demo"
Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Ending = Literal["sealed_up", "one_price_up", "touched_up", "sealed_down"]


# --- the story: the table above, and moves that show both colours on the first page -------------------------------


ENDINGS: Mapping[str, Ending] = {
    "300394.SZ": "sealed_up", "002536.SZ": "one_price_up", "300620.SZ": "touched_up", "300548.SZ": "sealed_down",
}  # fmt: skip
SUSPENDED = {"002272.SZ": date(2026, 6, 24)}
LISTED = {"301486.SZ": date(2026, 5, 6)}
EX_DAYS: Mapping[str, tuple[date, float]] = {  # ex-date, reference price / close before
    "603203.SH": (date(2026, 7, 3), 0.82),
    "300308.SZ": (date(2026, 4, 30), 0.9985),
}
LOSING, WITHOUT_PE, STALE = ("300249.SZ",), ("LITE.US",), ("AXTI.US",)

# Return of the last session: overseas leaders mixed, the sector of the modules weaker than the market.
MOVES: Mapping[str, float] = {
    "000300.SH": -0.0052, "399006.SZ": -0.0118, "801770.SI": -0.0221,
    "^SOX.US": 0.0131, "^IXIC.US": 0.0046, "USDCNY.FX": -0.0006,
    "NVDA.US": 0.0142, "AVGO.US": -0.0083, "MRVL.US": -0.0236, "COHR.US": 0.0287, "LITE.US": -0.0191,
    "GLW.US": 0.0044, "GOOGL.US": 0.0067, "603203.SH": 0.024,
}  # fmt: skip
BASKET_MOVES = (-0.011, 0.019, -0.004, 0.006)  # equal-weight mean of the first, second … basket


# --- the shape of prices ------------------------------------------------------------------------------------------


_EPOCH = np.datetime64("2020-01-01")  # the first draw of every seed
_DRAWS = 7  # a day and ticker: own return, its clustering, open, high, low, volume, average price
_MARKET_DAILY, _THEME_DAILY = 0.0075, 0.012
_OWN_DAILY = {"stock": 0.017, "etf": 0.004, "index": 0.003, "sector": 0.007, "fx": 0.0016}
_THEME_SHARE = {"stock": 0.9, "etf": 0.8, "index": 0.12, "sector": 0.4, "fx": 0.0}
_ROOM = 0.004  # a bar either ends at its limit or stays this far inside
_WILD = 0.22  # stands for the limit where there is none

# Which draw of a factor; those named here have a trend and a drawdown within three years, as a chart should show.
_DRAW = {"market CN": 16, "market US": 93, "theme cpo": 17, "theme ocs": 48, "theme liquid_cooling": 19}
_PER_UNIT = {"HK": 20, "TW": 2, "KS": 0.01}  # ticks in one unit of currency, right for the levels below; elsewhere 100
_LEVELS = {"US": (25, 800), "HK": (25, 90), "TW": (120, 450), "KS": (60_000, 190_000)}  # mainland: 14 to 700
_RATES = {"CNY": 1.0, "USD": 6.9, "HKD": 0.88, "TWD": 0.22, "KRW": 0.005}
_CAPS = {"KS": 900.0, "TW": 28.0}  # a unit of float capitalisation in the listing currency; elsewhere 1
_DELAYS = {"HK": 15.0, "TW": 20.0, "KR": 20.0}


@dataclass(frozen=True)
class Market:
    """The whole market at one instant, as the store takes it (``frames``)."""

    bars: pd.DataFrame
    factors: pd.DataFrame
    quotes: pd.DataFrame
    states: tuple[SymbolState, ...]


@dataclass(frozen=True)
class _Traits:
    """What stays the same about a ticker. ``per``: ticks in one unit; ``limit``: the largest daily move."""

    kind: markets.Kind
    per: float
    level: float
    beta: float
    drift: float
    limit: float
    shares: float  # tradable
    all_shares: float
    turnover: float
    pe: float


@dataclass(frozen=True)
class _Panel:
    """The tickers of one market group. Tables have a row a session and a column a ticker; ``moves`` are fractions."""

    group: str
    tickers: tuple[str, ...]
    traits: tuple[_Traits, ...]
    days: Days
    told_at: tuple[datetime, datetime]  # when the last session but one closed, and the last
    noise: Floats  # sessions x tickers x _DRAWS
    moves: Floats

    def each(self, trait: Callable[[_Traits], float]) -> Floats:
        return np.array([trait(t) for t in self.traits], dtype="float64")

    def ends(self, ending: Ending) -> npt.NDArray[np.bool_]:
        return np.array([ENDINGS.get(t) == ending for t in self.tickers])


def market(universe: Universe, calendars: Mapping[str, Calendar], now: datetime = NOW) -> Market:
    """Every ticker of the universe at ``now``; pure, and the same for the same arguments."""
    groups = sorted({markets.group(ticker) for ticker in all_tickers(universe)})
    panels = _ended([_panel(universe, group, calendars.get(group), now) for group in groups], universe)
    bars, factors, quotes = [], [], []
    for panel in panels:
        reference, close = _walk(panel)
        bars.append(_bars(panel, reference, close))
        factors.append(_factors(panel, reference, close))
        quotes += _quotes(panel, reference, bars[-1], names(universe), now)
    told = _typed([pd.DataFrame(quotes, columns=list(frames.QUOTES)).sort_values("ticker")], frames.QUOTES)
    return Market(_typed(bars, frames.BARS), _typed(factors, frames.FACTORS), told, tuple(_states(told, now)))


def _typed(parts: Sequence[pd.DataFrame], columns: Mapping[str, tuple[str, str, bool]]) -> pd.DataFrame:
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))
    return frame[list(columns)].astype(frames.dtypes(columns))


def _states(quotes: pd.DataFrame, now: datetime) -> list[SymbolState]:
    out = []
    for ticker, session, seen in zip(quotes["ticker"], quotes["session"], quotes["quote_time"], strict=True):
        old = (("session", f"{session:%Y-%m-%d}"), ("behind", "1"))
        stale = ("stale", SOURCE, now, seen.to_pydatetime(), "stale", old)
        said = stale if ticker in STALE else ("ok", SOURCE, now, None, None, ())
        out += [SymbolState(ticker, part, *said) for part in ("quotes", "bars")]
    return out


# --- returns ------------------------------------------------------------------------------------------------------


def _panel(universe: Universe, group: str, calendar: Calendar | None, now: datetime) -> _Panel:
    tickers = tuple(t for t in all_tickers(universe) if markets.group(t) == group)
    days, told_at = _sessions(calendar or Calendar(group, ()), now)
    at = (days - _EPOCH).astype(int)
    traits = tuple(_traits(t, days[-1].astype(date)) for t in tickers)
    noise = np.stack([_rng(t).standard_normal((at[-1] + 1, _DRAWS)) for t in tickers], axis=1)
    panel = _Panel(group, tickers, traits, days, told_at, noise[at], np.empty(0))
    own = np.stack([_clustered(n[:, 0], n[:, 1]) for n in np.moveaxis(noise, 1, 0)], axis=1)[at]
    own *= panel.each(lambda t: _OWN_DAILY[t.kind])
    common = np.outer(_factor(f"market {group}", _MARKET_DAILY, at), panel.each(lambda t: t.beta))
    # The US close of day D is the newest that the mainland knows on D+1: the same draw makes the US lead.
    share = _themes(universe, tickers, at + (group == "US")) * panel.each(lambda t: _THEME_SHARE[t.kind])
    return _with(panel, np.expm1(own + common + share + panel.each(lambda t: t.drift)))


def _with(panel: _Panel, moves: Floats) -> _Panel:
    """The panel with other moves, held inside the limits of each ticker."""
    limit = panel.each(lambda t: t.limit)
    return replace(panel, moves=np.clip(moves, -limit, limit))


def _sessions(calendar: Calendar, now: datetime) -> tuple[Days, tuple[datetime, datetime]]:
    """Sessions of three years that have closed at ``now``, and when the last two did; weekdays for exchange rates."""
    if calendar.group == "FX":
        last = np.datetime64(now.date())
        every = np.arange(last - 366 * YEARS, last + 1)
        return every[np.is_busday(every)], (now - timedelta(days=1), now - timedelta(minutes=1))
    recent = calendar.between((now - timedelta(days=366 * YEARS)).date(), now.date())
    sessions = [s for s in recent if s.closes <= now]
    return np.array([s.day for s in sessions], dtype="datetime64[D]"), (sessions[-2].closes, sessions[-1].closes)


def _rng(seed: str) -> np.random.Generator:
    return np.random.default_rng(crc32(seed.encode()))


def _traits(ticker: str, day: date) -> _Traits:
    kind, suffix = markets.kind(ticker), ticker.rpartition(".")[2]
    u = _rng(f"traits {ticker}").random(8)
    low, high = _LEVELS.get(suffix, (14, 700)) if kind in ("stock", "etf") else (1500, 9000)
    level, per = low * (high / low) ** u[0], float(limits.per_unit(ticker))
    if kind in ("stock", "etf"):
        per = _PER_UNIT.get(suffix, per)
    elif kind == "fx":
        code = ticker.partition(".")[0]
        level, per = _RATES.get(code[:3], 1.0) / _RATES.get(code[3:], 1.0), 1e6
    percent = limits.percent(ticker, day)
    shares = round(6e9 * 25 ** u[4] * _CAPS.get(suffix, 1.0) / level, -4)
    return _Traits(
        kind=kind, per=per, level=level, beta=0.0 if kind == "fx" else 0.8 + 0.5 * u[1],
        drift=0.0 if kind == "fx" else -0.0004 + 0.0012 * u[2], limit=percent / 100 if percent else _WILD,
        shares=shares, all_shares=round(shares * (1 + 0.7 * u[5]), -4), turnover=0.008 * 5 ** u[6], pe=18 * 7 ** u[7],
    )  # fmt: skip


def _slow(noise: Floats, days: int) -> Floats:
    """Noise that remembers about ``days`` days, of about unit variance."""
    kernel = np.exp(-np.arange(4 * days) / days)
    return np.convolve(noise, kernel / np.sqrt((kernel**2).sum()))[: len(noise)]


def _clustered(noise: Floats, calm: Floats) -> Floats:
    """Returns of about unit variance, with fat tails and with quiet and wild months."""
    return noise * (0.8 + 0.15 * noise**2) / 1.3 * np.exp(0.35 * _slow(calm, 25))


def _factor(name: str, daily: float, at: npt.NDArray[np.int64]) -> Floats:
    """A common factor's daily returns; a slow part of it makes trends and drawdowns."""
    noise = _rng(f"{name} {_DRAW.get(name, 0)}").standard_normal((at[-1] + 1, 3))
    moves: Floats = daily * (_clustered(noise[:, 0], noise[:, 1]) + 0.1 * _slow(noise[:, 2], 60))
    return moves[at]


def _themes(universe: Universe, tickers: Sequence[str], at: npt.NDArray[np.int64]) -> Floats:
    """The mean theme factor of the baskets in which a ticker stands: as a member, in its chain, as a benchmark."""
    chains = {c.id: {t for s in c.segments for t in (*s.tickers, *s.overseas)} for c in universe.chains}
    held = [({*b.tickers, *b.benchmarks} | chains.get(b.chain or "", set())) for b in universe.baskets]
    stands = np.array([[t in members for members in held] for t in tickers], dtype="float64")
    factors = [_factor(f"theme {b.id}", _THEME_DAILY, at) for b in universe.baskets]
    weights = stands.T / np.maximum(1, stands.sum(axis=1))
    return np.asarray(np.reshape(factors, (len(held), len(at))).T @ weights)


def _ended(panels: Sequence[_Panel], universe: Universe) -> list[_Panel]:
    """The panels with the last moves of the story."""
    drawn = {t: float(m) for p in panels for t, m in zip(p.tickers, p.moves[-1], strict=True)}
    ends = {t: -1.0 if end == "sealed_down" else 1.0 for t, end in ENDINGS.items()}
    bound = {t: trait.limit for p in panels for t, trait in zip(p.tickers, p.traits, strict=True)}
    told = {t: m for t, m in MOVES.items() if t in drawn} | {t: m * bound[t] for t, m in ends.items() if t in drawn}
    moves = _towards(drawn | told, {*told, *STALE, *SUSPENDED}, universe)
    last = [np.array([[moves[t] for t in p.tickers]]) for p in panels]
    return [_with(p, np.concatenate([p.moves[:-1], end])) for p, end in zip(panels, last, strict=True)]


def _towards(moves: dict[str, float], fixed: set[str], universe: Universe) -> dict[str, float]:
    """Shift the moves that the story leaves open, as little as possible, so that the baskets' means come out."""
    aims = list(zip(universe.baskets, BASKET_MOVES, strict=False))
    free = sorted({t for b, _ in aims for t in b.tickers} - fixed)
    if not free:
        return moves
    # Half a draw around zero: the shift below would push a large one over a limit that the story does not tell of.
    moves = moves | {t: float(np.clip(moves[t] / 2, -0.02, 0.02)) for t in free}
    held = [[t for t in b.tickers if t not in SUSPENDED] for b, _ in aims]
    weights = np.array([[(t in members) / max(1, len(members)) for t in free] for members in held])
    now = np.array([np.mean([moves[t] for t in members]) if members else 0.0 for members in held])
    shift = np.linalg.lstsq(weights, np.array([aim for _, aim in aims]) - now, rcond=None)[0]
    return moves | {t: moves[t] + float(np.clip(by, -0.07, 0.07)) for t, by in zip(free, shift, strict=True)}


# --- prices, in whole ticks ---------------------------------------------------------------------------------------


def _ex_ratios(panel: _Panel) -> Floats:
    """What the close before is multiplied by to give the reference price: 1 except on ex-days."""
    out = np.ones(panel.moves.shape)
    for ticker, (day, ratio) in EX_DAYS.items():
        if ticker in panel.tickers:
            out[panel.days == np.datetime64(day), panel.tickers.index(ticker)] = ratio
    return out


def _walk(panel: _Panel) -> tuple[Floats, Floats]:
    """Reference prices and closes. A move of a whole limit ends at the exchange's own limit price."""
    ratios, per = _ex_ratios(panel), panel.each(lambda t: t.per)
    room = panel.each(lambda t: t.limit) - _ROOM
    caught: dict[int, list[int]] = {}
    for day, i in np.argwhere(np.abs(panel.moves) > room).tolist():
        caught.setdefault(day, []).append(i)
    at = np.rint(panel.each(lambda t: t.level) * per / np.prod((1 + panel.moves) * ratios, axis=0))
    reference, close = np.empty(panel.moves.shape), np.empty(panel.moves.shape)
    for day, move in enumerate(panel.moves):
        before = reference[day] = np.rint(at * ratios[day])
        at = np.clip(np.rint(before * (1 + move)), np.ceil(before * (1 - room)), np.floor(before * (1 + room)))
        for i in caught.get(day, ()):
            pair = limits.limit_prices(panel.tickers[i], panel.days[day].astype(date), before[i] / per[i])
            at[i] = np.rint(pair[int(move[i] < 0)] * per[i]) if pair else at[i]
        close[day] = at
    close[-1] -= panel.ends("touched_up")
    return reference, close


def _candles(panel: _Panel, reference: Floats, close: Floats) -> tuple[Floats, Floats, Floats]:
    """Open, high and low around the way from the reference price to the close, inside the limits."""
    wide = 0.4 * panel.each(lambda t: _OWN_DAILY[t.kind]) + 0.001
    room = panel.each(lambda t: t.limit) - _ROOM
    top = np.maximum(close, np.floor(reference * (1 + room)))
    bottom = np.minimum(close, np.ceil(reference * (1 - room)))
    first, over, under = np.moveaxis(panel.noise[:, :, 2:5], 2, 0)
    store = np.clip(np.rint(reference * (1 + 0.3 * panel.moves + 0.6 * wide * first)), bottom, top)
    high = np.minimum(np.rint(np.maximum(store, close) * (1 + wide * np.abs(over))), top)
    low = np.maximum(np.rint(np.minimum(store, close) * (1 - wide * np.abs(under))), bottom)
    high[-1] += panel.ends("touched_up")
    for table in (store, high, low):
        table[-1] = np.where(panel.ends("one_price_up"), close[-1], table[-1])
    return store, high, low


def _traded(panel: _Panel) -> npt.NDArray[np.bool_]:
    """Sessions in which a ticker has a bar: listed, not suspended, not lost."""
    out = np.ones(panel.moves.shape, dtype=bool)
    for i, ticker in enumerate(panel.tickers):
        if ticker in LISTED:
            out[:, i] &= panel.days >= np.datetime64(LISTED[ticker])
        if ticker in SUSPENDED:
            out[:, i] &= panel.days < np.datetime64(SUSPENDED[ticker])
        out[-1, i] &= ticker not in STALE
    return out


# --- frames -------------------------------------------------------------------------------------------------------


def _bars(panel: _Panel, reference: Floats, close: Floats) -> pd.DataFrame:
    """Bars (``columns.BARS``): sectors with closes only, indices and rates without volume."""
    per = panel.each(lambda t: t.per)
    store, high, low, closed = (np.round(a / per, 6) for a in (*_candles(panel, reference, close), close))
    volume = _volume(panel)
    near = np.clip(0.5 + 0.15 * panel.noise[:, :, 6], 0.1, 0.9)
    ranged = panel.each(lambda t: np.nan if t.kind == "sector" else 1.0)
    columns = {
        "open": store * ranged, "high": high * ranged, "low": low * ranged, "close": closed, "volume": volume,
        "amount": np.round(volume * (low + (high - low) * near), 2),
        "turnover": volume / panel.each(lambda t: t.shares),
    }  # fmt: skip
    traded = _traded(panel)
    ticker, day = np.nonzero(traded.T)
    return pd.DataFrame({
        "ticker": np.array(panel.tickers, dtype=object)[ticker], "session": panel.days[day].astype("datetime64[s]"),
        **{name: table.T[traded.T] for name, table in columns.items()}, "source": SOURCE,
        # Rates trade around the clock: today's bar may still change.
        "final": (panel.group != "FX") | (day < len(panel.days) - 1),
    })  # fmt: skip


def _volume(panel: _Panel) -> Floats:
    """Shares traded, NaN for what is no share: more on days with large moves, in lots of 100 on the mainland."""
    usual = panel.each(lambda t: t.turnover) * np.exp(0.3 * panel.noise[:, :, 5])
    turnover = np.minimum(usual * (1 + 12 * np.abs(panel.moves)), 0.45)
    turnover[-1] *= np.where(panel.ends("one_price_up"), 0.04, 1.0)
    lot = 100 if panel.group == "CN" else 1
    lots = np.rint(turnover * panel.each(lambda t: t.shares) / lot)
    return np.where([t.kind in ("stock", "etf") for t in panel.traits], lots * lot, np.nan)


def _factors(panel: _Panel, reference: Floats, close: Floats) -> pd.DataFrame:
    day, i = np.nonzero(_ex_ratios(panel) != 1)
    return pd.DataFrame({
        "ticker": np.array(panel.tickers, dtype=object)[i], "ex_date": panel.days[day].astype("datetime64[s]"),
        "factor": reference[day, i] / close[day - 1, i], "source": SOURCE,
    })  # fmt: skip


def _quotes(
    panel: _Panel, reference: Floats, bars: pd.DataFrame, named: Mapping[str, Names], now: datetime
) -> list[dict[str, object]]:
    """One row a ticker (``columns.QUOTES``), from its last bar; of a suspended one from its last close."""
    own = dict(iter(bars.groupby("ticker")))
    out: list[dict[str, object]] = []
    for i, (ticker, traits) in enumerate(zip(panel.tickers, panel.traits, strict=True)):
        last, back = own[ticker].iloc[-1], 2 if ticker in STALE else 1
        day, close = panel.days[-back].astype(date), float(last["close"])
        row = {name: float(last[name]) for name in ("open", "high", "low", "volume", "amount", "turnover")}
        before, volume = round(reference[-back, i] / traits.per, 6), own[ticker]["volume"].to_numpy()[-6:]
        suspended = last["session"].date() != day
        if suspended:
            row = dict.fromkeys(row, 0.0) | dict.fromkeys(("open", "high", "low"), np.nan)
            before, volume = close, np.full(6, np.nan)
        up, down = limits.limit_prices(ticker, day, before) or (np.nan, np.nan)
        out.append({
            **row, **_worth(ticker, traits, close),
            "ticker": ticker, "name": named[ticker].zh, "session": day, "last": close, "previous_close": before,
            "volume_ratio": round(volume[-1] / volume[:-1].mean(), 2), "limit_up": up, "limit_down": down,
            "currency": markets.currency(ticker), "quote_time": panel.told_at[-back],
            "delay_minutes": _DELAYS.get(panel.group, 0.0), "suspended": suspended, "source": SOURCE, "fetched_at": now,
        })  # fmt: skip
    return out


def _worth(ticker: str, traits: _Traits, last: float) -> dict[str, float]:
    """Capitalisations and PE; indices, sectors and rates have none."""
    if traits.kind != "stock":
        return dict.fromkeys(("market_cap", "float_cap", "pe_ttm"), np.nan)
    pe = np.nan if ticker in WITHOUT_PE else round(traits.pe * (-1 if ticker in LOSING else 1), 2)
    return {"market_cap": last * traits.all_shares, "float_cap": last * traits.shares, "pe_ttm": pe}
