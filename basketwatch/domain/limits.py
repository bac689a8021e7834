"""Daily price limits: the dated rules of each board, the limit prices in whole ticks, and what a bar did to them.

Prices are raw and in the listing currency. ``previous_close`` is always the exchange's 前收盘, which on an ex-rights
day is a reference price and not yesterday's close. ``st`` is the ST flag *of that date*, never of today's name.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from basketwatch.domain import markets

Board = Literal["main", "chinext", "star", "bse", "etf"]
LimitState = Literal[
    "one_price_up", "t_up", "sealed_up", "touched_up",
    "one_price_down", "t_down", "sealed_down", "touched_down",
    "none", "no_limit", "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds on a board from ``since`` on, in whole percent; ``free_days`` = sessions without limit on listing."""

    board: str
    since: date
    percent: int
    st_percent: int
    free_days: int
    source: str


_SET = "marina-rules 2026.10.26.5 (CC0; a quote of the exchange's rule in each row)"
_ST_2026 = "SSE c_20260424_10816474; SZSE t20260424_620190 (深证上〔2026〕551号)"
_TWSE = "http://www.twse.com.tw/en/news/newsDetail/16629"
_TWSE_2008 = (
    "https://twse-regulation.twse.com.tw/ENG/EN/law/DAT0601_print.aspx?FLCODE=FL007304&FLDATE=20081225&LSER=001"
)
_KRX = "http://global.krx.co.kr/contents/GLB/06/0602/0602010201/GLB0602010201T5.jsp"

# One listing day without limit stands for the band of 64–144 % of the issue price before 2023-04-10 (ChiNext:
# 2020-08-24): the issue price is not known here.
RULES: tuple[Rule, ...] = (
    Rule("main", date(1996, 12, 16), 10, 10, 1, _SET),
    Rule("main", date(1998, 4, 22), 10, 5, 1, _SET),
    Rule("main", date(2023, 4, 10), 10, 5, 5, _SET),
    Rule("main", date(2026, 7, 6), 10, 10, 5, _ST_2026),
    Rule("chinext", date(2009, 10, 30), 10, 5, 1, _SET),
    Rule("chinext", date(2020, 8, 24), 20, 20, 5, _SET),
    Rule("star", date(2019, 7, 22), 20, 20, 5, _SET),
    Rule("bse", date(2021, 11, 15), 30, 30, 1, _SET),
    Rule("etf", date(1996, 12, 16), 10, 10, 0, _SET),
    Rule("wide.SH", date(2020, 8, 21), 20, 20, 0, _SET),
    Rule("wide.SZ", date(2020, 8, 24), 20, 20, 0, _SET),
    Rule("TW", date(2008, 12, 25), 7, 7, 0, _TWSE_2008),
    Rule("TW", date(2015, 6, 1), 10, 10, 0, _TWSE),
    Rule("KR", date(1998, 12, 7), 15, 15, 0, _KRX),
    Rule("KR", date(2015, 6, 15), 30, 30, 0, _KRX),
)

_CODES: tuple[tuple[str, re.Pattern[str], Board], ...] = (
    ("SH", re.compile(r"60[0135]\d{3}"), "main"),
    ("SZ", re.compile(r"00[0-3]\d{3}"), "main"),
    ("SZ", re.compile(r"30[0-2]\d{3}"), "chinext"),
    ("SH", re.compile(r"68[89]\d{3}"), "star"),
    ("BJ", re.compile(r"(?:920|43\d|83\d|87\d)\d{3}"), "bse"),
    ("SH", re.compile(r"5\d{5}"), "etf"),
    ("SZ", re.compile(r"1[56]\d{4}"), "etf"),
)
# SSE puts XD, XR or DR before the name on an ex-day: XD*ST… is still an ST share.
DELISTING_NAME = r"^退市|退$"
_ST = re.compile(r"(?:XD|XR|DR)?(?:S\*?ST|\*?ST)")


def board(ticker: str) -> Board | None:
    """Board of a mainland share or fund; None for indices, B shares and every other market."""
    code, market = markets.split(ticker)
    return next((name for suffix, shape, name in _CODES if suffix == market.suffix and shape.fullmatch(code)), None)


def rule(ticker: str, day: date, *, wide: bool = False) -> Rule | None:
    """The rule in force for a ticker on a day; None where no limit is known.

    ``wide`` marks a fund that moves 20 % because its constituents do, which its code does not tell.
    """
    suffix, keys = ticker.rpartition(".")[2], [board(ticker) or markets.group(ticker)]
    if wide and keys == ["etf"]:
        keys = [f"wide.{suffix}", "etf"]
    for key in keys:
        rules = [r for r in RULES if r.board == key and r.since <= day]
        if rules:
            return rules[-1]
    return None


def percent(ticker: str, day: date, *, st: bool = False, wide: bool = False) -> int | None:
    """Daily limit in whole percent; None where there is none (Hong Kong, US, indices) or none is known."""
    found = rule(ticker, day, wide=wide)
    return None if found is None else found.st_percent if st else found.percent


def is_st(name: str) -> bool:
    """True where an A-share name, as it was written on the date in question, starts with ST, *ST, S*ST or SST."""
    return _ST.match(unicodedata.normalize("NFKC", name).replace(" ", "").upper()) is not None


def is_delisting(name: str) -> bool:
    """True for a share in its delisting period: 退市 before the name in Shanghai, 退 behind it in Shenzhen and Beijing."""
    return re.search(DELISTING_NAME, unicodedata.normalize("NFKC", name).replace(" ", "")) is not None


def per_unit(ticker: str) -> int:
    """Ticks in one unit of currency: 1000 for funds, 100 for shares. Only right where ``board`` knows the ticker."""
    return 1000 if board(ticker) == "etf" else 100


def _ticks(price: float, per: int) -> int:
    """A price as whole ticks. A price on its tick is never near a half, so nearest cannot go the wrong way here."""
    return round(price * per)


def _is_price(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and value > 0


def _in_ticks(previous: int, p: int, *, bse: bool) -> tuple[int, int]:
    """Limit prices in ticks, integers only: Python's ``round`` is wrong on 0.7 % of real bars.

    Shanghai and Shenzhen round half up; Beijing floors the upper and ceils the lower limit. A limit is at least one
    tick away; the exchanges wrote this down in 2011 and 2023, and no price for which it matters traded before.
    """
    up, down = previous * (100 + p), previous * (100 - p)
    up, down = (up // 100, -(-down // 100)) if bse else ((up + 50) // 100, (down + 50) // 100)
    return max(up, previous + 1), min(down, previous - 1)


def limit_prices(
    ticker: str,
    day: date,
    previous_close: float,
    *,
    st: bool = False,
    sessions_listed: int | None = None,
    listed: date | None = None,
    wide: bool = False,
) -> tuple[float, float] | None:
    """Upper and lower limit of a mainland share or fund in CNY.

    ``sessions_listed`` counts from 1 on the listing day; None = long listed. ``listed``: that day, whose rule says how
    many sessions are free (None: the rule of ``day``). None is returned on days and in markets
    without limits, and for Taiwan and Korea, whose tick tables are not kept here.
    """
    found, where = rule(ticker, day, wide=wide), board(ticker)
    if found is None or where is None or not _is_price(previous_close):
        return None
    if _is_free(ticker, found, sessions_listed, listed):
        return None
    per = per_unit(ticker)
    p = found.st_percent if st else found.percent
    up, down = _in_ticks(_ticks(previous_close, per), p, bse=where == "bse")
    return up / per, down / per


def _is_free(ticker: str, found: Rule, sessions_listed: int | None, listed: date | None) -> bool:
    """By the rule of the listing day, where it is known: a later one frees no session of what was listed before it."""
    of_listing = (rule(ticker, listed) if listed else None) or found
    return sessions_listed is not None and sessions_listed <= of_listing.free_days


# one price, opened in between (T), sealed, touched
_UP: tuple[LimitState, ...] = ("one_price_up", "t_up", "sealed_up", "touched_up")
_DOWN: tuple[LimitState, ...] = ("one_price_down", "t_down", "sealed_down", "touched_down")


def state(open: float, high: float, low: float, close: float, up: float, down: float, *, per: int = 100) -> LimitState:
    """What a bar did to its limit prices, compared in ticks (``per`` a unit).

    Where both limits were touched, the one nearer to the close counts. A bar beyond a limit says that these are not
    that day's limits, and a missing price leaves the class open: ``unknown``.
    """
    prices = (open, high, low, close, up, down)
    if not all(map(_is_price, prices)):
        return "unknown"
    o, h, lo, c, u, d = (_ticks(price, per) for price in prices)
    if h > u or lo < d:
        return "unknown"
    rose, fell = h == u, lo == d
    if rose and (not fell or 2 * c >= u + d):
        return _UP[_closeness(o, lo, c, u)]
    return _DOWN[_closeness(o, h, c, d)] if fell else "none"


def _closeness(open: int, far: int, close: int, limit: int) -> int:
    """Index into ``_UP``/``_DOWN``; ``far`` is the end of the day's range that lies away from the limit."""
    if close != limit:
        return 3
    if open != limit:
        return 2
    return 0 if far == limit else 1


class Limit(NamedTuple):
    """State of a bar, the limit prices it was held against, and whether quote and rule agree (None: not both known)."""

    state: LimitState
    up: float | None
    down: float | None
    agrees: bool | None


def state_of(
    ticker: str,
    day: date,
    open: float,
    high: float,
    low: float,
    close: float,
    previous_close: float,
    *,
    quote_up: float | None = None,
    quote_down: float | None = None,
    st: bool = False,
    sessions_listed: int | None = None,
    listed: date | None = None,
    delisting: bool = False,
    wide: bool = False,
) -> Limit:
    """State of one session's bar: against the quote's own limit prices first, with the rule as their check.

    A quoted pair that differs from the rule is used all the same, and ``agrees`` is False. ``delisting``: the name
    says so; the first day of that period has no limit, and a bar beyond the rule's limits is of that day.
    """
    found, where = rule(ticker, day, wide=wide), board(ticker)
    if found is None:  # a date before the board's first rule, a B share: there are limits, but they are not known here
        return Limit("no_limit" if _is_limitless(ticker) else "unknown", None, None, None)
    ruled = limit_prices(ticker, day, previous_close, st=st, sessions_listed=sessions_listed, listed=listed, wide=wide)
    if quote_up is not None and quote_down is not None and _is_price(quote_up) and _is_price(quote_down):
        per = per_unit(ticker)
        agrees = None if where is None else _agrees(ticker, day, previous_close, (quote_up, quote_down), ruled)
        return Limit(state(open, high, low, close, quote_up, quote_down, per=per), quote_up, quote_down, agrees)
    if ruled is None:
        free = where is not None and _is_free(ticker, found, sessions_listed, listed)
        return Limit("no_limit" if free else "unknown", None, None, None)
    if delisting and (high > ruled[0] or low < ruled[1]):
        return Limit("no_limit", None, None, None)
    return Limit(state(open, high, low, close, *ruled, per=per_unit(ticker)), *ruled, None)


def _agrees(
    ticker: str, day: date, previous_close: float, quoted: tuple[float, float], ruled: tuple[float, float] | None
) -> bool | None:
    """Quoted against ruled limits in ticks. A fund may move 10 or 20 %: there either pair will do."""
    if not _is_price(previous_close):
        return None
    per = per_unit(ticker)
    pairs = [ruled]
    if board(ticker) == "etf":
        pairs += [limit_prices(ticker, day, previous_close, wide=wide) for wide in (False, True)]
    return any(pair is not None and all(_ticks(a, per) == _ticks(b, per) for a, b in zip(pair, quoted, strict=True))
               for pair in pairs)  # fmt: skip


# --- many sessions of many tickers at once -----------------------------------------------------------------------

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
STATES: tuple[LimitState, ...] = get_args(LimitState)  # a code is the position of its state in here
_CODE = {name: code for code, name in enumerate(STATES)}
DELISTING = 2  # in ``st``


class Grid(NamedTuple):
    """Sessions × tickers: codes of ``STATES``, the limit prices they were held against, the limit in whole percent."""

    codes: Codes
    up: Floats
    down: Floats
    percent: Floats


def grid(
    tickers: Sequence[str],
    sessions: npt.NDArray[np.datetime64],
    ohlc: tuple[Floats, Floats, Floats, Floats],
    previous_close: Floats,
    quoted: tuple[Floats, Floats],
    st: Codes,
    listed_at: npt.NDArray[np.int64],
) -> Grid:
    """``state_of`` for sessions (T,) × tickers (N,): every matrix is (T, N), prices raw, NaN where unknown.

    ``st``: 1 ST on that date, 2 in the delisting period, 0 neither, -1 not known, which leaves the limit unknown where it
    matters. ``listed_at`` (N,): row of the listing day, far below zero for what was listed long ago. Funds are taken to move 10 %.
    """
    percent, free = _percents(tickers, sessions, st, listed_at)
    per = np.array([per_unit(t) for t in tickers], dtype=np.float64)
    kept = np.array([board(t) is not None for t in tickers])
    bse = np.array([board(t) == "bse" for t in tickers])
    up, down = _ruled(previous_close, np.where(free | ~kept, np.nan, percent), per, bse)
    has_quote = (quoted[0] > 0) & (quoted[1] > 0)
    gone = (st == DELISTING) & ~has_quote & ((ohlc[1] > up) | (ohlc[2] < down))  # the first day: without a limit
    up, down = (np.where(gone, np.nan, np.where(has_quote, q, p)) for q, p in zip(quoted, (up, down), strict=True))
    codes = _codes(*(np.rint(np.nan_to_num(price, nan=-1, posinf=-1) * per) for price in (*ohlc, up, down)))
    limitless = np.array([_is_limitless(t) for t in tickers])
    codes[gone | (free & kept & ~has_quote) | np.broadcast_to(limitless, codes.shape)] = _CODE["no_limit"]
    return Grid(codes, up, down, percent)


def _is_limitless(ticker: str) -> bool:
    """True where there is no limit at all: Hong Kong, the US, indices and sectors; B shares only lack a rule here."""
    return not markets.split(ticker)[1].has_limits or markets.kind(ticker) not in ("stock", "etf")


def _percents(
    tickers: Sequence[str], sessions: npt.NDArray[np.datetime64], st: Codes, listed_at: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Limit in whole percent, NaN where none is known, and which sessions are free of it after a listing."""
    days = sessions.astype("datetime64[D]")
    percent, free = np.full(st.shape, np.nan), np.zeros(st.shape, dtype=np.bool_)
    keys = np.array([board(t) or ("" if _is_limitless(t) else markets.group(t)) for t in tickers], dtype=object)
    listed_for = np.arange(len(days))[:, None] - listed_at + 1
    for found in RULES:  # in the order of their dates: a later one replaces the one before
        rows, columns = np.flatnonzero(days >= np.datetime64(found.since)), np.flatnonzero(keys == found.board)
        if not (len(rows) and len(columns)):
            continue
        cells = np.ix_(rows, columns)
        unsure = np.nan if found.st_percent != found.percent else found.percent
        percent[cells] = np.choose(st[cells] + 1, [unsure, found.percent, found.st_percent, found.percent])
        then = (listed_at[columns] < 0) | (
            days[np.clip(listed_at[columns], 0, len(days) - 1)] >= np.datetime64(found.since)
        )
        own = (listed_for[cells] >= 1) & (listed_for[cells] <= found.free_days)
        free[cells] = np.where(then, own, free[cells])  # the rule of the listing day, where that day is known
    return percent, free


def _ruled(previous_close: Floats, percent: Floats, per: Floats, bse: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Limit prices by the rule, in whole ticks as ``_in_ticks`` has them; NaN without a price or a percent."""
    known = np.isfinite(previous_close) & (previous_close > 0) & np.isfinite(percent)
    previous = np.rint(np.where(known, previous_close, 1.0) * per).astype(np.int64)
    p = np.where(known, percent, 0).astype(np.int64)
    up, down = previous * (100 + p), previous * (100 - p)
    up = np.maximum(np.where(bse, up, up + 50) // 100, previous + 1)
    down = np.minimum(np.where(bse, -(-down // 100), (down + 50) // 100), previous - 1)
    return np.where(known, up / per, np.nan), np.where(known, down / per, np.nan)


def _codes(o: Floats, h: Floats, low: Floats, c: Floats, u: Floats, d: Floats) -> Codes:
    """``state`` on matrices of ticks; zero or less is no price."""
    strange = (np.minimum.reduce([o, h, low, c, u, d]) <= 0) | (h > u) | (low < d)
    rose, fell = h == u, low == d
    upward = rose & (~fell | (2 * c >= u + d))
    sealed = np.where(upward, c == u, c == d)
    store = np.where(upward, o == u, o == d)
    one_price = np.where(upward, low == u, h == d)
    step = np.select([~sealed, ~store, ~one_price], [3, 2, 1], 0)
    codes = np.where(upward, step, np.where(fell, _CODE["one_price_down"] + step, _CODE["none"]))
    return np.where(strange, _CODE["unknown"], codes).astype(np.int8)


def boards(sealed: npt.NDArray[np.bool_], skipped: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """连板: consecutive sealed sessions up to each one, 0 where not sealed; both (T, N).

    A ``skipped`` session (suspended) neither counts nor breaks the row.
    """
    count = np.cumsum(sealed, axis=0)
    broken = np.maximum.accumulate(np.where(sealed | skipped, 0, count), axis=0)
    return np.where(sealed, count - broken, 0)
