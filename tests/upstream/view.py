"""The market as one answer shows it: the true one, or one with a content fault.

Every handler asks a ``View`` for its rows, so each content fault is written once and works for every upstream. Faults:

=================== ==========================================================================================
other_symbol        another stock's data under its own name and code
mislabelled         another stock's data under the name and code that were asked for
stale_day           the current session is missing: the newest row is a session old
nan_last            the newest row has no prices
duplicate_dates     the newest row twice; ``duplicate_dates:different`` with a close 1 % higher
zero_price          close and low of the newest row are zero
negative            close and low of the newest row are negative
half_missing        every second of several symbols is left out (the newest day of the Shenwan report too)
lots_as_shares      volumes 100 times too large
percent_slip        percentages as fractions
extra_column        one column more: at the end of a bar, in the middle of a line of quotes, a key more in JSON
future_date         one row more, dated on the next session
one_row             only the newest row
bare_codes          the data centre knows no code that stands in quotes
cut_report          the Shenwan report ends after fifty rows and says that there are more
multiple            the newest PE times the argument, or 2 (``multiple:0.01`` a percent, ``multiple:2`` another level)
absurd_multiple     the newest PE is 9999999
=================== ==========================================================================================
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from . import listings
from .listings import Instrument
from .market import Market, Quote
from .paths import Bar, half_up

CONTENT = {
    "other_symbol", "mislabelled", "stale_day", "nan_last", "duplicate_dates", "zero_price", "negative", "half_missing",
    "lots_as_shares", "percent_slip", "extra_column", "future_date", "one_row", "bare_codes", "cut_report", "multiple",
    "absurd_multiple", "rate",
}  # fmt: skip
DECOYS = {"HK": "00005.HK", "US": "KO.US", "SI": "801010.SI", "TW": "2382.TW", "KS": "000660.KS", "FX": "HKD=X"}


def _spoil(bar: Bar, price: float) -> Bar:
    return bar._replace(close=price, low=price)


def _no_prices(bar: Bar) -> Bar:
    return bar._replace(open=math.nan, high=math.nan, low=math.nan, close=math.nan)


def _again(bars: list[Bar], argument: str) -> list[Bar]:
    raised = round(bars[-1].close * 1.01, 2) if argument == "different" else bars[-1].close
    return [*bars, bars[-1]._replace(close=raised, high=max(raised, bars[-1].high))]


ROWS: dict[str, Callable[[list[Bar], str], list[Bar]]] = {
    "nan_last": lambda bars, _: [*bars[:-1], _no_prices(bars[-1])],
    "duplicate_dates": _again,
    "zero_price": lambda bars, _: [*bars[:-1], _spoil(bars[-1], 0.0)],
    "negative": lambda bars, _: [*bars[:-1], _spoil(bars[-1], -bars[-1].close)],
    "lots_as_shares": lambda bars, _: [bar._replace(volume=bar.volume * 100) for bar in bars],
    "one_row": lambda bars, _: bars[-1:],
}


class View:
    """What one answer may tell. ``faults`` maps the content faults of this answer to their arguments."""

    def __init__(self, market: Market, faults: dict[str, str] | None = None) -> None:
        self.market = market
        self.faults = faults or {}

    @property
    def now(self) -> datetime:
        """The instant of the made-up world, UTC."""
        return self.market.now

    @property
    def extra(self) -> bool:
        """True when the answer is to have one column too many."""
        return "extra_column" in self.faults

    def percent(self, value: float) -> float:
        """A percentage as this answer writes it."""
        return value / 100 if "percent_slip" in self.faults else value

    def multiple(self, value: float, *, newest: bool) -> float:
        """A PE as this answer writes it; ``newest``: of the newest row."""
        if newest and "absurd_multiple" in self.faults:
            return 9_999_999.0
        return value * float(self.faults["multiple"] or 2) if newest and "multiple" in self.faults else value

    def pick(self, wanted: Sequence[str]) -> list[str]:
        """The symbols that are answered out of those wanted."""
        return list(wanted[::2]) if "half_missing" in self.faults else list(wanted)

    def find(self, ticker: str) -> Instrument | None:
        """The instrument this answer is about; handlers take name and code from it."""
        item = listings.find(ticker)
        if item is None or "other_symbol" not in self.faults:
            return item
        return listings.find(_decoy(item))

    def bars(self, item: Instrument, start: date | None = None, end: date | None = None) -> list[Bar]:
        """Raw bars between two dates (both included), oldest first, with the faults of this answer."""
        ticker = _decoy(item) if "mislabelled" in self.faults else item.ticker
        bars = self.market.bars(ticker)
        first = bisect_left(bars, start, key=_day) if start else 0
        last = bisect_right(bars, end, key=_day) if end else len(bars)
        return self._spoilt(item, bars[first:last])

    def quote(self, item: Instrument) -> Quote | None:
        """The quote that follows from the (possibly spoilt) bars; ``rate:6.4`` puts another one on exchange rates."""
        found = self.market.quote(item.ticker, self.bars(item))
        if found is None or item.kind != "fx" or "rate" not in self.faults:
            return found
        rate = float(self.faults["rate"] or 1)
        return replace(found, last=rate, reference=rate, open=rate, high=rate, low=rate)

    def adjusted(self, item: Instrument, bars: list[Bar], how: str) -> list[Bar]:
        """Bars with ratio-adjusted prices: ``qfq`` leaves the newest, ``hfq`` the oldest price alone."""
        steps = self.steps(item)
        if how not in {"qfq", "hfq"} or not steps:
            return bars
        return [_scaled(bar, _factor(steps, bar.day, how), item.decimals) for bar in bars]

    def steps(self, item: Instrument) -> list[tuple[date, float]]:
        """Ex-dates so far and what each multiplies earlier prices with: unrounded ex-rights price over the close."""
        bars = self.market.bars(item.ticker)
        out = []
        for action in self.market.actions(item.ticker):
            at = bisect_left(bars, action.day, key=_day)
            if 0 < at < len(bars):
                close = bars[at - 1].close
                out.append((action.day, (close - action.cash) / action.ratio / close))
        return out

    def _spoilt(self, item: Instrument, bars: list[Bar]) -> list[Bar]:
        today = self.market.session(item).day
        if "stale_day" in self.faults and bars and bars[-1].day == today:
            bars = bars[:-1]
        if not bars:
            return bars
        for name, argument in self.faults.items():
            if name in ROWS:
                bars = ROWS[name](bars, argument)
        if "future_date" in self.faults:
            bars = [*bars, bars[-1]._replace(day=self._tomorrow(item))]
        return bars

    def _tomorrow(self, item: Instrument) -> date:
        days = self.market.calendar(item)
        following = days.current(self.now) + 1
        return days.days[following] if following < len(days.days) else days.days[-1] + timedelta(days=1)


def _day(bar: Bar) -> date:
    return bar.day


def _decoy(item: Instrument) -> str:
    """A stock of the same market that nobody asked for."""
    if item.kind == "index":
        other = ("000016.SH", "000001.SH") if item.market != "US" else ("^GSPC.US", "^NDX.US")
    else:
        other = (DECOYS.get(item.market, "600519.SH"), "600050.SH")
    return other[1] if item.ticker == other[0] else other[0]


def _factor(steps: list[tuple[date, float]], day: date, how: str) -> float:
    later = math.prod(step for when, step in steps if day < when)
    return later if how == "qfq" else later / math.prod(step for _, step in steps)


def _scaled(bar: Bar, factor: float, decimals: int) -> Bar:
    prices = (half_up(price * factor, decimals) if price == price else price for price in bar[1:5])
    opening, high, low, close = prices
    return bar._replace(open=opening, high=high, low=low, close=close, reference=bar.reference * factor)
