"""Tencent: one request quotes a whole watch list (A-shares, Hong Kong, US, indices, funds), another the bars of one.

An answer is one line a symbol, ``v_sz300308="51~中际旭创~300308~…";``, and a field is known by its place alone. So each
line must prove that it was not shifted before it is believed (``_is_sound``); one that cannot is left out.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.domain.columns import QUOTES
from basketwatch.errors import BadAnswer, NoData
from basketwatch.sources import History, QuoteSource
from basketwatch.sources.net import guard
from basketwatch.sources.shape import as_bars, no_factors, shaped

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "tencent"
QUOTE_URL = "https://qt.gtimg.cn/q="
BARS_URL = "https://web.ifzq.gtimg.cn/appstock/app/fqkline/get"
CHUNK = 80  # symbols a request
MOST_BARS = 800  # a longer history comes back shortened without a word

LOT = 100.0  # 手 → shares
# Index volume has no written unit. Read as 手, amount ÷ volume of recorded Shanghai and Shenzhen index lines gives
# 18 to 27 yuan, an honest mean share price; read as shares it would give 1,800.
INDEX_LOT = 100.0

# field -> (column, factor to its unit). Fields past 53 move between answers and are not read.
COMMON: dict[int, tuple[str, float]] = {
    3: ("last", 1.0),
    4: ("previous_close", 1.0),
    5: ("open", 1.0),
    33: ("high", 1.0),
    34: ("low", 1.0),
    39: ("pe_ttm", 1.0),
    44: ("float_cap", 1e8),  # 亿
    45: ("market_cap", 1e8),  # 亿
}
MAINLAND: dict[int, tuple[str, float]] = COMMON | {
    36: ("volume", LOT),  # 手, but see volume_factor
    37: ("amount", 1e4),  # 万元; field 35 ends with the exact 元 and is preferred
    38: ("turnover", 0.01),  # %
    47: ("limit_up", 1.0),
    48: ("limit_down", 1.0),
    49: ("volume_ratio", 1.0),
}
# Hong Kong: 38 is always 0, and 47 to 49 are dividend yield and the 52-week range.
HONG_KONG: dict[int, tuple[str, float]] = COMMON | {36: ("volume", 1.0), 37: ("amount", 1.0)}
# US, seen in other people's recordings only: 35 is the currency, 47 to 49 are earnings a share and the 52-week range.
US: dict[int, tuple[str, float]] = HONG_KONG | {38: ("turnover", 0.01)}
LAYOUTS = {"CN": MAINLAND, "HK": HONG_KONG, "US": US}
TIMES = {"CN": "%Y%m%d%H%M%S", "HK": "%Y/%m/%d %H:%M:%S", "US": "%Y-%m-%d %H:%M:%S"}  # field 30, exchange time
DELAYS = {"CN": 0.0, "HK": 15.0}  # minutes; plain hk symbols are said to lag, nothing is known of us
POSITIVE = ("open", "high", "low", "market_cap", "float_cap", "limit_up", "limit_down")  # 0 and -1 mean "none"

_LINE = re.compile(r'v_([A-Za-z0-9.]+)="([^"]*)"')
_log = logging.getLogger(__name__)


def fetch_quotes(tickers: Sequence[str]) -> pd.DataFrame:
    """Quotes of all tickers in one request (one for each 80); tickers that Tencent has no symbol for are passed over.

    Returns  columns.QUOTES. Before the opening a line already bears the new day and repeats the previous close.
    Raises   Blocked, Unreachable; BadAnswer where no line can be believed; NoData where nothing matched.
    Source   https://qt.gtimg.cn/q=sz300308,hk00700,… — GBK
    """
    symbols = [s for s in map(markets.tencent, dict.fromkeys(tickers)) if s]
    if not symbols:
        raise NoData(source=SOURCE, ticker=",".join(tickers))
    chunks = [symbols[i : i + CHUNK] for i in range(0, len(symbols), CHUNK)]
    text = "\n".join(guard.fetch(QUOTE_URL + ",".join(chunk), source=SOURCE, encoding="gb18030") for chunk in chunks)
    return parse_quotes(text, tickers, clock.now())


def parse_quotes(text: str, tickers: Iterable[str], fetched_at: datetime) -> pd.DataFrame:
    """The lines of an answer that belong to ``tickers`` and are sound, as columns.QUOTES.

    Raises   NoData where the answer says that nothing matched, BadAnswer where it has no believable line.
    """
    import pandas as pd

    asked = {symbol: t for t in tickers if (symbol := markets.tencent(t))}
    lines = {symbol: body.split("~") for symbol, body in _LINE.findall(text) if symbol in asked and body}
    if not lines and "v_pv_none_match" in text:
        raise NoData(source=SOURCE, ticker=",".join(asked.values()))
    rows = []
    for symbol, line in lines.items():
        fields = line + [""] * (50 - len(line))
        if _is_sound(symbol, fields, markets.group(asked[symbol])):
            rows.append(_row(asked[symbol], fields, fetched_at))
        else:
            _log.warning("tencent: the line of %s fails its own arithmetic and is left out", symbol)
    if not rows:
        raise BadAnswer(source=SOURCE, detail=f"no believable line among {len(lines)}")
    return shaped(pd.DataFrame(rows), QUOTES)


def _is_sound(symbol: str, fields: list[str], group: str) -> bool:
    """Proof of place: own code, price repeated in 35, change and percent recomputed, range, time."""
    last, before, change, percent, high, low = (number(fields[i]) for i in (3, 4, 31, 32, 33, 34))
    code = fields[2].rpartition(".")[0] if group == "US" and "." in fields[2] else fields[2]
    repeated = fields[35] == "USD" if group == "US" else number(fields[35].partition("/")[0]) == last
    if code != symbol[2:] or not repeated or not (last > 0 and before > 0) or _time(fields[30], group) is None:
        return False
    if not (abs(last - before - change) <= 0.0101 and abs(change / before * 100 - percent) <= 0.0101):
        return False
    traded = high > 0 or low > 0
    return not traded or low - 1e-9 <= last <= high + 1e-9


def _row(ticker: str, fields: list[str], fetched_at: datetime) -> dict[str, Any]:
    group = markets.group(ticker)
    row: dict[str, Any] = {column: number(fields[i]) * k for i, (column, k) in LAYOUTS[group].items()}
    row["volume"] *= volume_factor(ticker) / LOT if group == "CN" else 1.0
    exact = fields[35].split("/")
    if group == "CN" and len(exact) == 3 and number(exact[2]) >= 0:
        row["amount"] = number(exact[2])
    for column in POSITIVE:
        if column in row and not row[column] > 0:
            row[column] = math.nan
    if row["pe_ttm"] == 0 or markets.kind(ticker) == "index":  # how it averages an index's earnings is nowhere said
        row["pe_ttm"] = math.nan
    at = _time(fields[30], group)
    assert at is not None  # noqa: S101 - _is_sound has parsed it
    idle = row["volume"] == 0 and math.isnan(row["open"]) and row["last"] == row["previous_close"]
    return row | {
        "ticker": ticker,
        "name": fields[1].strip(),
        "session": at.date(),
        "currency": markets.currency(ticker),
        "quote_time": at,
        "delay_minutes": DELAYS.get(group, math.nan),
        "suspended": bool(idle and markets.has_begun(ticker, at.date(), fetched_at)),
        "source": SOURCE,
        "fetched_at": fetched_at,
    }


def number(text: str) -> float:
    """A finite number, or NaN for what is none ("", "-", "nan", "inf")."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def volume_factor(ticker: str) -> float:
    """Shares in one unit of volume: STAR (688, 689) and Hong Kong count shares, other mainland securities 手."""
    code, market = markets.split(ticker)
    if market.suffix == "HK" or (market.suffix == "SH" and code.startswith(("688", "689"))):
        return 1.0
    return INDEX_LOT if markets.kind(ticker) == "index" else LOT


def _time(text: str, group: str) -> datetime | None:
    try:
        return datetime.strptime(text, TIMES[group]).replace(tzinfo=markets.zone_of(group))
    except ValueError:
        return None


# --- bars --------------------------------------------------------------------------------------------------------

# place in a row -> (column, factor). fqkline sends six; newer answers add {ex-rights}, turnover and amount.
ROW: dict[int, tuple[str, float]] = {
    1: ("open", 1.0),
    2: ("close", 1.0),
    3: ("high", 1.0),
    4: ("low", 1.0),
    5: ("volume", 1.0),  # times volume_factor
    7: ("turnover", 0.01),  # %
    8: ("amount", 1e4),  # 万元, 万 HKD
}


def fetch_history(ticker: str, years: int, *, final_before: date) -> History:
    """Unadjusted daily bars, at most 800, of a Shanghai, Shenzhen or Hong Kong security or index; no factors.

    Returns  History; bars of sessions before ``final_before`` are final.
    Raises   Blocked, Unreachable, BadAnswer; NoData also for Beijing and the US, which Tencent's bars do not cover.
    Source   https://web.ifzq.gtimg.cn/appstock/app/fqkline/get?param=sz300308,day,,,800,
    """
    symbol = markets.tencent(ticker)
    if symbol is None or not symbol.startswith(("sh", "sz", "hk")):
        raise NoData(source=SOURCE, ticker=ticker)
    count = min(MOST_BARS, 250 * years + 10)
    answer = guard.fetch_json(BARS_URL, source=SOURCE, params={"param": f"{symbol},day,,,{count},"})
    bars = parse_bars(answer, ticker, final_before=final_before)
    return History(bars, no_factors(), SOURCE)


def parse_bars(answer: Any, ticker: str, *, final_before: date) -> pd.DataFrame:
    """Rows under ``data.<symbol>.day`` as columns.BARS; rows without a date or a close are left out.

    Raises   BadAnswer for another shape, another symbol or adjusted bars; NoData for an empty list, and for the
             refusal ``{"code": 1, "msg": "param error", "data": []}``, which an unknown symbol brings.
    """
    import pandas as pd

    data = answer.get("data") if isinstance(answer, Mapping) else None
    if isinstance(answer, Mapping) and answer.get("code") and not data:
        raise NoData(source=SOURCE, ticker=ticker)
    series = data.get(markets.tencent(ticker)) if isinstance(data, Mapping) else None
    if not isinstance(series, Mapping):
        raise BadAnswer(source=SOURCE, detail=f"no bars of {ticker} in the answer")
    rows = series.get("day")
    if not isinstance(rows, list):
        raise BadAnswer(source=SOURCE, detail=f"no unadjusted bars, only {sorted(series)}")
    if not rows:
        raise NoData(source=SOURCE, ticker=ticker)
    raw = pd.DataFrame([dict(enumerate(r)) for r in rows if isinstance(r, Sequence)])
    out = pd.DataFrame({c: pd.to_numeric(raw[i], errors="coerce") * k for i, (c, k) in ROW.items() if i in raw})
    if not {"open", "high", "low", "close", "volume"} <= set(out):
        raise BadAnswer(source=SOURCE, detail="a row of bars is too short")
    out["volume"] *= volume_factor(ticker)
    out["session"] = pd.to_datetime(raw[0], format="%Y-%m-%d", errors="coerce")
    return as_bars(out, ticker, SOURCE, final_before)


QUOTING = QuoteSource(lambda tickers, **_: fetch_quotes(tickers), lambda ticker: markets.tencent(ticker) is not None)
