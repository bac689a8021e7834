"""The table of markets: one row a suffix, and the only place that turns a ticker into an upstream's symbol.

A ticker is ``CODE.MARKET``, upper case, e.g. ``300308.SZ``, ``01686.HK``, ``COHR.US``, ``^SOX.US``, ``USDCNY.FX``.
Shenzhen trades on Shanghai's calendar; exchange_calendars has no XSHE.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from basketwatch.domain.model import Names

Kind = Literal["stock", "etf", "index", "sector", "fx"]

SECTORS = 31  # Shenwan level 1; a rank among fewer is none


@dataclass(frozen=True, slots=True)
class Market:
    """One suffix. ``group`` is the calendar that its sessions share; ``lunch`` is a break in which nothing trades."""

    suffix: str
    group: str
    calendar: str | None  # exchange_calendars name; None = no exchange sessions (foreign exchange)
    zone: ZoneInfo
    currency: str
    code: re.Pattern[str]
    names: Names


@dataclass(frozen=True, slots=True)
class Hours:
    """Usual trading hours of a group, exchange-local; a session's own open and close come from the calendar."""

    open: time
    close: time
    lunch: tuple[time, time] | None = None


_CN, _HK, _US = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Hong_Kong"), ZoneInfo("America/New_York")
_TW, _KR = ZoneInfo("Asia/Taipei"), ZoneInfo("Asia/Seoul")
FX_ZONE = ZoneInfo("Europe/London")  # by which exchange rates are dated
_SIX = re.compile(r"[0-9]{6}")

MARKETS: dict[str, Market] = {
    m.suffix: m
    for m in (
        Market("SH", "CN", "XSHG", _CN, "CNY", _SIX, Names("上海", "Shanghai")),
        Market("SZ", "CN", "XSHG", _CN, "CNY", _SIX, Names("深圳", "Shenzhen")),
        Market("BJ", "CN", "XSHG", _CN, "CNY", _SIX, Names("北京", "Beijing")),
        Market("SI", "CN", "XSHG", _CN, "CNY", re.compile(r"8[0-9]{5}"), Names("申万", "Shenwan")),
        Market("HK", "HK", "XHKG", _HK, "HKD", re.compile(r"[0-9]{5}"), Names("香港", "Hong Kong")),
        Market(
            "US", "US", "XNYS", _US, "USD", re.compile(r"\^?[A-Z][A-Z0-9]{0,9}(?:-[A-Z]{1,2})?"), Names("美国", "US")
        ),
        Market("TW", "TW", "XTAI", _TW, "TWD", re.compile(r"[0-9]{4,6}[A-Z]?"), Names("台湾", "Taiwan")),
        Market("KS", "KR", "XKRX", _KR, "KRW", _SIX, Names("韩国", "Korea")),
        Market("FX", "FX", None, ZoneInfo("UTC"), "", re.compile(r"[A-Z]{6}"), Names("外汇", "FX")),
    )
}

# Indices that publish no PE -> the fund whose PE is shown in their place, under its own name (iShares Semiconductor;
# Invesco QQQ holds the Nasdaq-100, the largest companies of the Composite).
STAND_INS: dict[str, str] = {"^SOX.US": "SOXX.US", "^IXIC.US": "QQQ.US"}

GROUPS: tuple[str, ...] = ("CN", "HK", "US", "TW", "KR")

HOURS: dict[str, Hours] = {
    "CN": Hours(time(9, 30), time(15, 0), (time(11, 30), time(13, 0))),
    "HK": Hours(time(9, 30), time(16, 0), (time(12, 0), time(13, 0))),
    "US": Hours(time(9, 30), time(16, 0)),
    "TW": Hours(time(9, 0), time(13, 30)),
    "KR": Hours(time(9, 0), time(15, 30)),
}


def is_ticker(text: str) -> bool:
    """True for ``CODE.MARKET`` with a known market and a code of that market's shape."""
    code, _, suffix = text.rpartition(".")
    market = MARKETS.get(suffix)
    return market is not None and market.code.fullmatch(code) is not None


def split(ticker: str) -> tuple[str, Market]:
    """Code and market row of a ticker; KeyError for a market that the table does not know."""
    code, _, suffix = ticker.rpartition(".")
    return code, MARKETS[suffix]


def group(ticker: str) -> str:
    """Calendar group of a ticker: CN, HK, US, TW, KR or FX."""
    return MARKETS[ticker.rpartition(".")[2]].group


def zone_of(group_name: str) -> ZoneInfo:
    """Time zone of a calendar group."""
    return next(m.zone for m in MARKETS.values() if m.group == group_name)


def has_begun(ticker: str, session: date, at: datetime) -> bool:
    """True once the usual opening time of ``session`` has passed: only then does "no trade" mean suspended."""
    name = group(ticker)
    return at >= datetime.combine(session, HOURS[name].open, zone_of(name))


def calendar_of(group_name: str) -> str | None:
    """exchange_calendars name of a group; None for FX."""
    return next(m.calendar for m in MARKETS.values() if m.group == group_name)


# the first digits of codes that trade in another currency than their exchange's: B shares, renminbi counters (GEM is 08…)
_OTHER_MONEY = {"SH": {"900": "USD"}, "SZ": {"200": "HKD", "201": "HKD"}, "HK": {"8": "CNY"}}

# the first digits of codes that are no shares: indices, and exchange-traded or listed funds
_INDEX = {"SH": ("000", "93"), "SZ": ("399",), "BJ": ("899",)}
_FUND = {"SH": ("5",), "SZ": ("15", "16")}


def kind(ticker: str) -> Kind:
    """What a ticker is, by its market and first digits; a fund of Hong Kong, the US or Taiwan counts as stock."""
    code, market = split(ticker)
    if market.suffix == "FX":
        return "fx"
    if market.suffix == "SI":
        return "sector"
    if code.startswith(("^", *_INDEX.get(market.suffix, ()))):
        return "index"
    return "etf" if code.startswith(_FUND.get(market.suffix, ())) else "stock"


def currency(ticker: str) -> str:
    """The currency in which a security trades; of an exchange rate ``USDCNY.FX`` the quoted one (CNY).

    B shares trade in dollars in Shanghai and in Hong Kong dollars in Shenzhen, renminbi counters in yuan in Hong Kong.
    """
    code, market = split(ticker)
    if market.suffix == "FX":
        return code[3:]
    apart = (money for first, money in _OTHER_MONEY.get(market.suffix, {}).items() if code.startswith(first))
    return next(apart, market.currency)


def tencent(ticker: str) -> str | None:
    """Tencent (and Sina) symbol: sz300308, bj920045, hk00700, usNVDA; None where Tencent has no such market."""
    code, market = split(ticker)
    if market.suffix in ("SH", "SZ", "BJ", "HK"):
        return market.suffix.lower() + code
    if market.suffix == "US" and not code.startswith("^"):
        return "us" + code.replace("-", ".")
    return None


def eastmoney(ticker: str) -> str | None:
    """Eastmoney secid: 0.300308, 1.688498, 116.00700, 2.931160 (csindex); None where Eastmoney is not asked."""
    code, market = split(ticker)
    if market.suffix == "SH":
        return f"{2 if code.startswith('93') else 1}.{code}"
    if market.suffix in ("SZ", "BJ"):
        return f"0.{code}"
    return f"116.{code}" if market.suffix == "HK" else None


_YAHOO_SUFFIX = {"SH": ".SS", "SZ": ".SZ", "TW": ".TW", "KS": ".KS"}


def yahoo(ticker: str) -> str | None:
    """Yahoo symbol: NVDA, ^SOX, 0700.HK, 2308.TW, 300308.SZ, CNY=X; None for Beijing and Shenwan."""
    code, market = split(ticker)
    if market.suffix == "US":
        return code
    if market.suffix == "HK":
        return f"{int(code):04d}.HK"
    if market.suffix == "FX":
        return f"{code[3:]}=X" if code.startswith("USD") else f"{code}=X"
    return code + _YAHOO_SUFFIX[market.suffix] if market.suffix in _YAHOO_SUFFIX else None


def suspends(ticker: str) -> bool:
    """Whether a security may stand without a trade for whole sessions: shares and funds of the mainland and Hong Kong."""
    return group(ticker) in ("CN", "HK") and kind(ticker) in ("stock", "etf")


def home(tickers: Iterable[str]) -> str:
    """The group of most of ``tickers``; of a tie the one that comes first, CN where there are none."""
    groups = [group(t) for t in tickers]
    return max(dict.fromkeys(groups), key=groups.count, default="CN")
