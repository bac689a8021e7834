"""Sina: one request quotes a whole list of mainland securities, and the dollar in yuan. The last resort for quotes:

no PE, no limit prices, no market caps. ``var hq_str_sz300308="中际旭创,945.000,943.000,…";`` with fields by place.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.domain.columns import QUOTES
from basketwatch.errors import BadAnswer, NoData
from basketwatch.sources import QuoteSource
from basketwatch.sources.net import guard
from basketwatch.sources.shape import shaped
from basketwatch.sources.tencent import number

SOURCE = "sina"
URL = "https://hq.sinajs.cn/list="
CHUNK = 80  # symbols a request

# place -> column; volume in shares, amount in yuan
SHARE: dict[int, str] = {
    1: "open",
    2: "previous_close",
    3: "last",
    4: "high",
    5: "low",
    8: "volume",  # of an index the unit differs between Shanghai and Shenzhen and is not read
    9: "amount",
}
# An exchange rate: 0 time, 1 bid, 2 ask, 9 name; 17 (the last) date, both of Beijing.
FX: dict[int, str] = {3: "previous_close", 5: "open", 6: "high", 7: "low", 8: "last"}
SHARE_FIELDS, FX_FIELDS = 32, 18  # fewest that an answer of each kind has

_LINE = re.compile(r'hq_str_(\w+)="([^"]*)"')
_BEIJING = markets.zone_of("CN")
_log = logging.getLogger(__name__)


def symbol(ticker: str) -> str | None:
    """Sina's name of a mainland security or of an exchange rate (fx_susdcny); None for other markets."""
    code, market = markets.split(ticker)
    if market.suffix == "FX":
        return "fx_s" + code.lower()
    return markets.tencent(ticker) if market.suffix in ("SH", "SZ", "BJ") else None


def fetch_quotes(tickers: Sequence[str]) -> pd.DataFrame:
    """Quotes of all mainland tickers and exchange rates in one request (one for each 80).

    Returns  columns.QUOTES without pe_ttm, limits, caps, turnover and volume ratio.
    Raises   Blocked (403 without the Referer, 456 when banned), Unreachable, BadAnswer, NoData.
    Source   https://hq.sinajs.cn/list=sz300308,fx_susdcny — GB18030
    """
    symbols = [s for s in map(symbol, dict.fromkeys(tickers)) if s]
    if not symbols:
        raise NoData(source=SOURCE, ticker=",".join(tickers))
    headers = {"Referer": "https://finance.sina.com.cn"}
    chunks = [",".join(symbols[i : i + CHUNK]) for i in range(0, len(symbols), CHUNK)]
    answers = [guard.fetch(URL + chunk, source=SOURCE, headers=headers, encoding="gb18030") for chunk in chunks]
    return parse_quotes("\n".join(answers), tickers, clock.now())


def parse_quotes(text: str, tickers: Iterable[str], fetched_at: datetime) -> pd.DataFrame:
    """The lines of an answer that belong to ``tickers`` and are sound, as columns.QUOTES.

    Raises   NoData where every line is empty (Sina's way of saying unknown), BadAnswer where none can be believed.
    """
    asked = {s: t for t in tickers if (s := symbol(t))}
    lines = {s: body.split(",") for s, body in _LINE.findall(text) if s in asked}
    if not lines:
        raise BadAnswer(source=SOURCE, detail="no quote lines in the answer")
    if all(fields == [""] for fields in lines.values()):
        raise NoData(source=SOURCE, ticker=",".join(asked.values()))
    rows = []
    for name, fields in lines.items():
        row = _row(asked[name], fields, fetched_at) if fields != [""] else None
        if row is not None:
            rows.append(row)
        elif fields != [""]:
            _log.warning("sina: the line of %s is not what Sina is known to send and is left out", name)
    if not rows:
        raise BadAnswer(source=SOURCE, detail=f"no believable line among {len(lines)}")
    return shaped(pd.DataFrame(rows), QUOTES)


def _row(ticker: str, fields: list[str], fetched_at: datetime) -> dict[str, Any] | None:
    """One quote; None for a line that is short, undated, out of its own range, or of a share without a price yet."""
    kind = markets.kind(ticker)
    if len(fields) < (FX_FIELDS if kind == "fx" else SHARE_FIELDS):
        return None
    row: dict[str, Any] = {column: number(fields[i]) for i, column in (FX if kind == "fx" else SHARE).items()}
    day, hour, name = (fields[-1], fields[0], fields[9]) if kind == "fx" else (fields[30], fields[31], fields[0])
    at = _time(f"{day} {hour}")
    if at is None:
        return None
    for column in ("open", "high", "low"):
        row[column] = row[column] if row[column] > 0 else np.nan
    row["suspended"] = kind != "fx" and _is_idle(row) and markets.has_begun(ticker, at.date(), fetched_at)
    if row["suspended"] and row["last"] == 0:  # a suspended share has no price today; it keeps the previous close
        row["last"] = row["previous_close"]
    if not _is_sound(row, kind):
        return None
    if kind == "index":
        row["volume"] = np.nan
    return row | {
        "ticker": ticker,
        "name": name.strip(),
        "session": (at.astimezone(UTC) if kind == "fx" else at).date(),
        "currency": markets.currency(ticker),
        "quote_time": at,
        "delay_minutes": 0.0 if kind != "fx" else np.nan,
        "source": SOURCE,
        "fetched_at": fetched_at,
    }


def _is_idle(row: dict[str, Any]) -> bool:
    """No trade: no opening price, no volume, and a price that is missing or the old one."""
    return bool(np.isnan(row["open"]) and row["volume"] == 0 and row["last"] in (0, row["previous_close"]))


def _is_sound(row: dict[str, Any], kind: str) -> bool:
    """Price within the day's range; the mean price of a share, amount ÷ volume, as well: a shifted line breaks it."""
    if not (row["last"] > 0 and row["previous_close"] > 0):
        return False
    if np.isnan(row["high"]) or np.isnan(row["low"]):
        return True
    if not row["low"] <= row["last"] <= row["high"]:
        return False
    if kind not in ("stock", "etf") or not row["volume"] > 0:
        return True
    return bool(row["low"] * 0.99 <= row["amount"] / row["volume"] <= row["high"] * 1.01)


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING)
    except ValueError:
        return None


QUOTING = QuoteSource(lambda tickers, **_: fetch_quotes(tickers), lambda ticker: symbol(ticker) is not None)
