"""Made-up daily bars, the same on every machine: seeded by the ticker, on the real trading calendar, 2014 to 2026.

Prices are raw (unadjusted): a stock drops on its ex-dates, and each bar carries the exchange's reference price, which
on an ex-date is not yesterday's close. Volume is in shares, amount in the listing currency.
"""

from __future__ import annotations

import math
import zlib
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import listings
from .listings import Action, Instrument
from .sessions import Calendar, calendar

ANCHOR = date(2026, 7, 3)  # the day on which prices stand at ``listings.LEVELS``
SIGMA = {"stock": 0.021, "etf": 0.013, "sector": 0.012, "index": 0.010, "fx": 0.0022}  # daily, log
PULL = 0.004  # mean reversion a day: keeps twelve years within about a factor of two of the trend
DRIFT = 0.0003


class Bar(NamedTuple):
    """One session of one instrument. ``reference`` is the exchange's previous close."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float
    amount: float
    reference: float


def seed(text: str) -> int:
    """A stable number for a name (the built-in ``hash`` changes from process to process)."""
    return zlib.crc32(text.encode())


def half_up(value: float, decimals: int) -> float:
    """Round as exchanges do; a whisker is added because 1.005 is stored below itself."""
    scale = 10**decimals
    return float(math.floor(value * scale + 0.5 + 1e-7) / scale)


def after_action(close: float, action: Action, decimals: int) -> float:
    """The reference price of an ex-date, from the close before it."""
    return half_up((close - action.cash) / action.ratio, decimals)


def limit_percent(item: Instrument) -> int | None:
    """Daily price limit of an A share or fund in whole percent; None where there is no limit."""
    if not item.a_share:
        return None
    if item.market == "BJ":
        return 30
    return 20 if item.kind == "stock" and (item.star or item.code.startswith("30")) else 10


def limits(item: Instrument, reference: float) -> tuple[float, float] | None:
    """Upper and lower limit price: half up in Shanghai and Shenzhen, inwards in Beijing."""
    percent = limit_percent(item)
    if percent is None:
        return None
    scale = 10**item.decimals
    ticks = round(reference * scale)
    if item.market == "BJ":
        return ticks * (100 + percent) // 100 / scale, -(-ticks * (100 - percent) // 100) / scale
    return (ticks * (100 + percent) + 50) // 100 / scale, (ticks * (100 - percent) + 50) // 100 / scale


def level(item: Instrument) -> float:
    """Price on the anchor day."""
    if item.ticker in listings.LEVELS:
        return listings.LEVELS[item.ticker]
    unit = seed(item.ticker) % 10007 / 10007
    low, high = {"index": (1000, 9000), "sector": (1200, 9000), "etf": (0.8, 3)}.get(item.kind, (14, 220))
    if item.market == "US" and item.kind == "etf":
        low, high = 180, 700
    if item.market == "KS":
        low, high = 40000, 300000
    return half_up(low * (high / low) ** unit, item.decimals)


def shares(item: Instrument) -> float:
    """Shares outstanding on the anchor day; of an index those of its members."""
    count = 200_000_000 + seed(item.ticker + "#") % 9_000 * 100_000
    return float(count * 40 if item.kind in {"index", "sector"} else count)


def _returns(item: Instrument, days: Calendar) -> np.ndarray:
    """Log returns of the instrument: a part common to its exchange, a part of its own, pulled towards the trend."""
    count = len(days.sessions)
    common = np.random.default_rng(seed(days.name)).standard_normal(count)
    own = np.random.default_rng(seed(item.ticker)).standard_normal(count)
    mixed = common if item.kind == "index" else 0.5 * common + 0.866 * own
    steps = np.clip((0.9 * mixed + 0.436 * own if item.kind == "index" else mixed) * SIGMA[item.kind], -0.076, 0.076)
    position, out = 0.0, np.empty(count)
    for at, step in enumerate(steps.tolist()):
        out[at] = step - PULL * position + DRIFT
        position += step - PULL * position
    for ticker, day in listings.LIMIT_UP:
        if ticker == item.ticker:
            out[days.index(day)] = math.log(1 + (limit_percent(item) or 0) / 100)
    return np.clip(out, -0.3, 0.3)


def _closes(item: Instrument, days: Calendar, returns: np.ndarray) -> np.ndarray:
    """Raw closes: the path through the anchor price, then the corporate actions undone towards the past."""
    path = np.cumsum(returns)
    prices = level(item) * np.exp(path - path[days.index(ANCHOR)])
    for action in sorted(listings.ACTIONS.get(item.ticker, ()), key=lambda one: one.day, reverse=True):
        before = slice(0, days.index(action.day) if days.on(action.day) else days.index(action.day) + 1)
        prices[before] = prices[before] * action.ratio + action.cash
    scale = 10**item.decimals
    closes: npt.NDArray[np.float64] = np.floor(prices * scale + 0.5) / scale
    for ticker, day in listings.LIMIT_UP:
        if ticker == item.ticker:
            at = days.index(day)
            closes[at] = (limits(item, float(closes[at - 1])) or (closes[at], 0))[0]
    return closes


def references(item: Instrument, days: list[date], closes: list[float]) -> list[float]:
    """The exchange's previous close of every bar; the first bar has none and takes its own close."""
    actions = {action.day: action for action in listings.ACTIONS.get(item.ticker, ())}
    out = [closes[0]]
    for before, day in zip(closes, days[1:], strict=False):
        action = actions.get(day)
        out.append(after_action(before, action, item.decimals) if action else before)
    return out


@cache
def history(ticker: str) -> tuple[Bar, ...]:
    """Every bar of a listed ticker, final values, oldest first; suspended days are missing."""
    item = listings.find(ticker)
    assert item is not None, ticker
    days = calendar(item.calendar)
    closes = _closes(item, days, _returns(item, days))
    rng = np.random.default_rng(seed(ticker + "*"))
    noise = np.abs(rng.standard_normal((4, len(closes))))
    until = listings.SUSPENDED.get(ticker, date.max)
    closing = closes.tolist()
    previous = references(item, days.days, closing)
    rows = zip(days.days, closing, previous, *noise.tolist(), strict=True)
    return tuple(_bar(item, *row) for row in rows if row[0] < until)


def _bar(
    item: Instrument, day: date, close: float, reference: float, gap: float, up: float, down: float, busy: float
) -> Bar:
    """One bar round a close; ``gap up down busy`` are absolute standard normals."""
    width = SIGMA[item.kind] / 3
    opening = reference * (close / reference) ** min(gap / 2, 1.0)
    high = max(opening, close) * (1 + min(up * width, 0.012))
    low = min(opening, close) * (1 - min(down * width, 0.012))
    if bounds := limits(item, reference):
        high, low, opening = min(high, bounds[0]), max(low, bounds[1]), min(max(opening, bounds[1]), bounds[0])
    opening, high, low = (half_up(price, item.decimals) for price in (opening, high, low))
    high, low = max(high, opening, close), min(low, opening, close)
    volume = _volume(item, busy)
    return Bar(day, opening, high, low, close, volume, amount(item, volume, (opening, high, low, close)), reference)


def _volume(item: Instrument, busy: float) -> float:
    """Shares traded: a few percent of the shares outstanding, in lots of 100; nothing for a currency."""
    if item.kind == "fx":
        return 0.0
    return float(int(shares(item) * 0.012 * math.exp(0.5 * busy)) // 100 * 100)


def amount(item: Instrument, volume: float, prices: tuple[float, float, float, float]) -> float:
    """Turnover in currency units at a price inside the bar; the members of an index cost less than their index."""
    return round(volume * (15.0 if item.kind in {"index", "sector"} else sum(prices) / 4), 2)
