"""The made-up market as it stands at one settable instant; every handler reads this one, so all sources agree.

``now`` decides what is known: bars end with the current session, whose bar is provisional until the close. Single bars
and quotes can be overridden (``set_bar``, ``set_quote``).
"""

from __future__ import annotations

import dataclasses
import math
import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from . import listings, paths
from .listings import Action, Instrument
from .paths import Bar, seed
from .sessions import Calendar, Session, calendar

NOW = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)
AUCTION = {"XHKG": 8 * 60}  # seconds of the closing auction after what calendars call the close
REPORT_DAYS = ((2, 25), (4, 25), (8, 28), (10, 28))  # month and day on which a new quarter becomes known


@dataclass(frozen=True)
class Quote:
    """The state of one instrument. Prices and caps in its currency, volume in shares, ``turnover`` a fraction.

    None stands for a field the instrument does not have: limits outside the A-share market, PE of an index.
    """

    item: Instrument
    time: datetime  # exchange-local
    day: date
    last: float
    reference: float
    open: float
    high: float
    low: float
    volume: float
    amount: float
    limits: tuple[float, float] | None
    turnover: float
    volume_ratio: float
    eps: float | None
    pe_ttm: float | None
    pb: float | None
    market_cap: float | None
    float_cap: float | None
    range_52w: tuple[float, float]

    @property
    def change(self) -> float:
        """Against the exchange's previous close."""
        return self.last - self.reference

    @property
    def change_percent(self) -> float:
        """In percent."""
        return self.change / self.reference * 100

    @property
    def amplitude_percent(self) -> float:
        """High minus low against the previous close, in percent."""
        return (self.high - self.low) / self.reference * 100

    @property
    def vwap(self) -> float:
        """Average price of the session; the last price where nothing was traded."""
        return self.amount / self.volume if self.volume else self.last


class Market:
    """Bars, quotes, corporate actions and profits of everything listed, seen at ``now``."""

    def __init__(self, now: datetime = NOW, *, ticking: bool = False) -> None:
        self._ticking = ticking
        self._bars: dict[tuple[str, date], dict[str, float]] = {}
        self._quotes: dict[str, dict[str, Any]] = {}
        self.now = now

    @property
    def now(self) -> datetime:
        """The instant of the made-up world, UTC; runs on when the market is ticking."""
        passed = time.monotonic() - self._set_at if self._ticking else 0.0
        return self._now + timedelta(seconds=passed)

    @now.setter
    def now(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("now needs a time zone")
        self._now = instant.astimezone(UTC)
        self._set_at = time.monotonic()

    def set_bar(self, ticker: str, day: date, **fields: float) -> None:
        """Override fields of one final bar (``open high low close volume amount``); a missing bar is added."""
        self._bars.setdefault((ticker, day), {}).update(fields)

    def set_quote(self, ticker: str, **fields: object) -> None:
        """Override fields of ``Quote`` for one ticker, whatever its bars say."""
        self._quotes.setdefault(ticker, {}).update(fields)

    def reset(self) -> None:
        """Bars and quotes as made up: without the changes of a test."""
        self._bars.clear()
        self.reset_quotes()

    def reset_quotes(self) -> None:
        """Quotes that follow from the bars, changed ones included."""
        self._quotes.clear()

    def calendar(self, item: Instrument) -> Calendar:
        """The sessions of the instrument's exchange."""
        return calendar(item.calendar)

    def session(self, item: Instrument) -> Session:
        """The last session that has opened."""
        days = calendar(item.calendar)
        return days.sessions[days.current(self.now)]

    def is_final(self, item: Instrument) -> bool:
        """True once the current session has closed."""
        return self.session(item).progress(self.now.timestamp()) >= 1

    def bars(self, ticker: str) -> list[Bar]:
        """Raw bars up to ``now``, oldest first; the last one is provisional while its session is open."""
        item = listings.find(ticker)
        if item is None:
            return []
        bars = self._with_overrides(item)
        session = self.session(item)
        known = bars[: bisect_right(bars, session.day, key=lambda bar: bar.day)]
        if known and known[-1].day == session.day:
            known[-1] = _partial(item, known[-1], session.progress(self.now.timestamp()))
        return known

    def _with_overrides(self, item: Instrument) -> list[Bar]:
        bars = list(paths.history(item.ticker))
        changes: dict[date, dict[str, Any]] = {
            day: fields for (ticker, day), fields in self._bars.items() if ticker == item.ticker
        }
        if not changes:
            return bars
        for day, fields in changes.items():
            at = bisect_left(bars, day, key=lambda bar: bar.day)
            if at == len(bars) or bars[at].day != day:
                bars.insert(at, bars[at - 1]._replace(day=day))
            bar = bars[at]._replace(**fields)
            money = fields.get("amount", paths.amount(item, bar.volume, bar[1:5]))
            bars[at] = bar._replace(amount=money)
        previous = paths.references(item, [bar.day for bar in bars], [bar.close for bar in bars])
        return [bar._replace(reference=reference) for bar, reference in zip(bars, previous, strict=True)]

    def actions(self, ticker: str) -> list[Action]:
        """Corporate actions with an ex-date up to the current session, oldest first."""
        item = listings.find(ticker)
        today = self.session(item).day if item else date.min
        return [action for action in listings.ACTIONS.get(ticker, ()) if action.day <= today]

    def shares(self, ticker: str, day: date) -> float:
        """Shares outstanding on a day: fewer before every split or bonus issue that came later."""
        item = _known(ticker)
        later = [action.ratio for action in listings.ACTIONS.get(ticker, ()) if day < action.day <= paths.ANCHOR]
        count = paths.shares(item)
        for ratio in later:
            count /= ratio
        return count

    def profit(self, ticker: str, day: date) -> float:
        """Net profit of the last four quarters known on a day, in currency units; negative for the loss-makers."""
        item = _known(ticker)
        reports = _reports(day)
        ratio = -75.0 if ticker in listings.LOSS_MAKERS else 18 + seed(ticker + "pe") % 90
        start = paths.level(item) * paths.shares(item) / ratio
        wobble = 1 + (seed(f"{ticker}{reports}") % 1000 / 1000 - 0.5) * 0.12
        return start * 1.02 ** (reports - _reports(paths.ANCHOR)) * wobble

    def quote(self, ticker: str, bars: list[Bar]) -> Quote | None:
        """The quote that belongs to ``bars`` (the ticker's own, or bars tampered with for a test)."""
        item = listings.find(ticker)
        if item is None or not bars:
            return None
        quote = self._halted(item) if self._is_halted(item) else self._traded(item, bars)
        return dataclasses.replace(quote, **self._quotes.get(ticker, {}))

    def _is_halted(self, item: Instrument) -> bool:
        since = listings.SUSPENDED.get(item.ticker)
        return since is not None and self.session(item).day >= since

    def _halted(self, item: Instrument) -> Quote:
        """A suspended stock: last is the previous close; open, high, low and volume are zero; the date goes on."""
        day = self.session(item).day
        bar = self.bars(item.ticker)[-1]
        still = Bar(day, 0.0, 0.0, 0.0, bar.close, 0.0, 0.0, bar.close)
        return self._traded(item, [bar, still])

    def _traded(self, item: Instrument, bars: list[Bar]) -> Quote:
        bar = bars[-1]
        company = item.kind == "stock"
        count = self.shares(item.ticker, bar.day)
        profit = self.profit(item.ticker, bar.day)
        cap = bar.close * count
        return Quote(
            item=item, time=self._quote_time(item, bar.day), day=bar.day, last=bar.close, reference=bar.reference,
            open=bar.open, high=bar.high, low=bar.low, volume=bar.volume, amount=bar.amount,
            limits=paths.limits(item, bar.reference), turnover=bar.volume / (count * 0.97),
            volume_ratio=self._volume_ratio(item, bars),
            eps=profit / count if company else None, pe_ttm=cap / profit if company else None,
            pb=abs(cap / profit) * 0.11 if company else None, market_cap=cap if company else None,
            float_cap=cap * 0.97 if company else None,
            range_52w=_year_range(item.ticker, bars[-250:]),
        )  # fmt: skip

    def _quote_time(self, item: Instrument, day: date) -> datetime:
        """Now while the session runs, three seconds past its last trade afterwards: in Hong Kong that of the auction."""
        days = calendar(item.calendar)
        session = days.on(day) or days.sessions[days.current(self.now)]
        stamp = min(self.now.timestamp(), session.closes + AUCTION.get(item.calendar, 0) + 3)
        local = datetime.fromtimestamp(stamp, days.zone)
        return local if local.date() == day else datetime.combine(day, local.timetz())

    def _volume_ratio(self, item: Instrument, bars: list[Bar]) -> float:
        """Volume per minute against the five sessions before."""
        before = [bar.volume for bar in bars[-6:-1]]
        if not before or not sum(before):
            return 0.0
        progress = max(self.session(item).progress(self.now.timestamp()), 1 / 240)
        return bars[-1].volume / progress / (sum(before) / len(before))


def _year_range(ticker: str, bars: list[Bar]) -> tuple[float, float]:
    """Lowest low and highest high in today's shares; rows without prices do not count."""
    splits = [action for action in listings.ACTIONS.get(ticker, ()) if action.ratio != 1]
    lows, highs = [], []
    for bar in bars:
        if bar.high > 0:
            factor = math.prod(action.ratio for action in splits if bar.day < action.day <= bars[-1].day)
            lows.append(bar.low / factor)
            highs.append(bar.high / factor)
    return min(lows, default=0.0), max(highs, default=0.0)


def _reports(day: date) -> int:
    """How many quarterly reports had appeared up to a day."""
    return day.year * len(REPORT_DAYS) + sum((day.month, day.day) >= when for when in REPORT_DAYS)


def _partial(item: Instrument, bar: Bar, progress: float) -> Bar:
    """The bar of a session of which a share ``progress`` has passed: same open, on the way to the final values."""
    if progress >= 1:
        return bar
    close = paths.half_up(bar.open + (bar.close - bar.open) * progress, item.decimals)
    high = max(paths.half_up(bar.open + (bar.high - bar.open) * progress, item.decimals), bar.open, close)
    low = min(paths.half_up(bar.open + (bar.low - bar.open) * progress, item.decimals), bar.open, close)
    volume = float(max(int(bar.volume * progress) // 100 * 100, 100 if bar.volume else 0))
    money = paths.amount(item, volume, (bar.open, high, low, close))
    return bar._replace(high=high, low=low, close=close, volume=volume, amount=money)


def _known(ticker: str) -> Instrument:
    """The instrument of a ticker that is listed; KeyError for any other."""
    item = listings.find(ticker)
    if item is None:
        raise KeyError(ticker)
    return item
