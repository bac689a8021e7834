"""The table of markets: a new one is a row here and nothing else. The only place that turns a ticker into an
upstream's symbol.

A ticker is ``CODE.MARKET``, upper case, e.g. ``300308.SZ``, ``01686.HK``, ``COHR.US``, ``^SOX.US``, ``USDCNY.FX``.
Shenzhen trades on Shanghai's calendar; exchange_calendars has no XSHE.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from basketwatch.domain.model import Names

Kind = Literal["stock", "etf", "index", "sector", "fx"]
PeDefinition = Literal["ttm", "yahoo_trailing"]

SECTORS = 31  # Shenwan level 1; a rank among fewer is none


@dataclass(frozen=True, slots=True)
class Hours:
    """Usual trading hours of a group, exchange-local; a session's own open and close come from the calendar.

    ``lunch`` is a break in which nothing trades; ``auction``: how long trading goes on after what calendars call the
    close. Hong Kong matches its closing auction at a random instant from 16:08 on (12:08 on half days). On the mainland,
    in Taipei and in Seoul the closing auction ends with the session, and New York's closing cross is held at the bell.
    """

    open: time
    close: time
    lunch: tuple[time, time] | None = None
    auction: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Market:
    """One suffix, and all that the product knows of it. ``group`` is the calendar that its sessions share; rows of one
    group say the same in every field but suffix, code, names, yahoo, indices, funds and other_money.
    """

    suffix: str
    group: str
    calendar: str | None  # exchange_calendars name; None = no exchange sessions (foreign exchange)
    zone: ZoneInfo
    currency: str
    code: re.Pattern[str]
    names: Names  # the exchange: 上海
    label: Names  # the group in tables: 港股, Hong Kong
    short: Names  # the group in the first line: 港股, HK
    hours: Hours | None = None
    yahoo: str | None = None  # what Yahoo writes behind the code; None where Yahoo is not asked
    minor: str | None = None  # Yahoo's name for a hundredth of the currency, where prices are quoted in it: GBp
    big_move: float | None = None  # the move of a day that is a flag, a fraction; None where limits decide (CN)
    pe: PeDefinition = "yahoo_trailing"  # of the PE in its quotes
    beside: bool = False  # its leaders stand beside the overnight moves of the US ones
    in_first_line: bool = True
    has_limits: bool = False  # daily price limits, whose rules ``limits`` has
    suspends: bool = False  # shares and funds may stand without a trade for whole sessions
    indices: tuple[str, ...] = ()  # the first digits of codes that are indices
    funds: tuple[str, ...] = ()  # the first digits of codes that are exchange-traded or listed funds
    other_money: tuple[tuple[str, str], ...] = ()  # first digits of codes that trade in another currency: B shares …


FX_ZONE = ZoneInfo("Europe/London")  # by which exchange rates are dated
_SIX = re.compile(r"[0-9]{6}")
_SHANGHAI = Market(
    "SH", "CN", "XSHG", ZoneInfo("Asia/Shanghai"), "CNY", _SIX, Names("上海", "Shanghai"),
    label=Names("A股", "A-shares"), short=Names("A股", "A-shares"),
    hours=Hours(time(9, 30), time(15, 0), (time(11, 30), time(13, 0))),
    yahoo=".SS", pe="ttm", has_limits=True, suspends=True, indices=("000", "93"), funds=("5",),
    other_money=(("900", "USD"),),
)  # fmt: skip

MARKETS: dict[str, Market] = {
    m.suffix: m
    for m in (
        _SHANGHAI,
        replace(_SHANGHAI, suffix="SZ", names=Names("深圳", "Shenzhen"), yahoo=".SZ", indices=("399",), funds=("15", "16"),
                other_money=(("200", "HKD"), ("201", "HKD"))),
        replace(_SHANGHAI, suffix="BJ", names=Names("北京", "Beijing"), yahoo=None, indices=("899",), funds=(),
                other_money=()),
        replace(_SHANGHAI, suffix="SI", code=re.compile(r"8[0-9]{5}"), names=Names("申万", "Shenwan"), yahoo=None,
                indices=(), funds=(), other_money=()),
        Market(
            "HK", "HK", "XHKG", ZoneInfo("Asia/Hong_Kong"), "HKD", re.compile(r"[0-9]{5}"), Names("香港", "Hong Kong"),
            label=Names("港股", "Hong Kong"), short=Names("港股", "HK"),
            hours=Hours(time(9, 30), time(16, 0), (time(12, 0), time(13, 0)), auction=timedelta(minutes=8)),
            yahoo=".HK", big_move=0.06, pe="ttm", beside=True, suspends=True,
            other_money=(("8", "CNY"),),  # renminbi counters; codes of GEM begin with 08
        ),
        Market(
            "US", "US", "XNYS", ZoneInfo("America/New_York"), "USD",
            re.compile(r"\^?[A-Z][A-Z0-9]{0,9}(?:-[A-Z]{1,2})?"), Names("美国", "US"),
            label=Names("美股", "US"), short=Names("美股", "US"), hours=Hours(time(9, 30), time(16, 0)),
            yahoo="", big_move=0.05,
        ),
        Market(
            "TW", "TW", "XTAI", ZoneInfo("Asia/Taipei"), "TWD", re.compile(r"[0-9]{4,6}[A-Z]?"), Names("台湾", "Taiwan"),
            label=Names("台股", "Taiwan"), short=Names("台股", "TW"), hours=Hours(time(9, 0), time(13, 30)),
            yahoo=".TW", big_move=0.05, beside=True, has_limits=True,
        ),
        Market(
            "KS", "KR", "XKRX", ZoneInfo("Asia/Seoul"), "KRW", _SIX, Names("韩国", "Korea"),
            label=Names("韩股", "Korea"), short=Names("韩股", "KR"), hours=Hours(time(9, 0), time(15, 30)),
            yahoo=".KS", big_move=0.06, beside=True, in_first_line=False, has_limits=True,
        ),
        Market("FX", "FX", None, ZoneInfo("UTC"), "", re.compile(r"[A-Z]{6}"), Names("外汇", "FX"),
               label=Names("外汇", "FX"), short=Names("外汇", "FX"), in_first_line=False),
    )
}  # fmt: skip

# group -> its first row, which speaks for it; FX has no sessions and is none of ``GROUPS``
GROUP: dict[str, Market] = {m.group: m for m in reversed(MARKETS.values())}
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(m.group for m in MARKETS.values() if m.hours))
HOURS: dict[str, Hours] = {group: hours for group in GROUPS if (hours := GROUP[group].hours)}

# Indices that publish no PE -> the fund whose PE is shown in their place, under its own name (iShares Semiconductor;
# Invesco QQQ holds the Nasdaq-100, the largest companies of the Composite).
STAND_INS: dict[str, str] = {"^SOX.US": "SOXX.US", "^IXIC.US": "QQQ.US"}


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
    """Calendar group of a ticker: one of ``GROUPS``, or FX."""
    return MARKETS[ticker.rpartition(".")[2]].group


def zone_of(group_name: str) -> ZoneInfo:
    """Time zone of a calendar group."""
    return GROUP[group_name].zone


def has_begun(ticker: str, session: date, at: datetime) -> bool:
    """True once the usual opening time of ``session`` has passed: only then does "no trade" mean suspended."""
    name = group(ticker)
    return at >= datetime.combine(session, HOURS[name].open, zone_of(name))


def calendar_of(group_name: str) -> str | None:
    """exchange_calendars name of a group; None for FX."""
    return GROUP[group_name].calendar


def kind(ticker: str) -> Kind:
    """What a ticker is, by its market and first digits; a fund of Hong Kong, the US or Taiwan counts as stock."""
    code, market = split(ticker)
    if market.suffix == "FX":
        return "fx"
    if market.suffix == "SI":
        return "sector"
    if code.startswith(("^", *market.indices)):
        return "index"
    return "etf" if code.startswith(market.funds) else "stock"


def currency(ticker: str) -> str:
    """The currency in which a security trades; of an exchange rate ``USDCNY.FX`` the quoted one (CNY).

    B shares trade in dollars in Shanghai and in Hong Kong dollars in Shenzhen, renminbi counters in yuan in Hong Kong.
    """
    code, market = split(ticker)
    if market.suffix == "FX":
        return code[3:]
    return next((money for first, money in market.other_money if code.startswith(first)), market.currency)


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


def yahoo(ticker: str) -> str | None:
    """Yahoo symbol: NVDA, ^SOX, 0700.HK, 2308.TW, 300308.SZ, CNY=X; None for Beijing and Shenwan."""
    code, market = split(ticker)
    if market.suffix == "FX":
        return f"{code[3:]}=X" if code.startswith("USD") else f"{code}=X"
    if market.suffix == "HK":
        code = f"{int(code):04d}"
    if market.yahoo is None:
        return None
    return code if code.startswith("^") else code + market.yahoo


def suspends(ticker: str) -> bool:
    """Whether a security may stand without a trade for whole sessions: shares and funds where ``Market.suspends``."""
    return split(ticker)[1].suspends and kind(ticker) in ("stock", "etf")


def home(tickers: Iterable[str]) -> str:
    """The group of most of ``tickers``; of a tie the one that comes first, CN where there are none."""
    groups = [group(t) for t in tickers]
    return max(dict.fromkeys(groups), key=groups.count, default="CN")
