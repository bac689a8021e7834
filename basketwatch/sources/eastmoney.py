"""Eastmoney: one request quotes a whole watch list, another brings every dividend and bonus issue of its A-shares.

The quote host is push2delay, which answers where push2 refuses (data centres, overseas). Dividends come from
datacenter-web, a host with a separate defence: it goes on answering while the push2 family refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd

from basketwatch import clock
from basketwatch.domain import markets
from basketwatch.domain.columns import FACTORS, QUOTES
from basketwatch.errors import BadAnswer, NoData
from basketwatch.sources import QuoteSource
from basketwatch.sources.net import guard
from basketwatch.sources.shape import shaped

SOURCE = "eastmoney"
QUOTE_URL = "https://push2delay.eastmoney.com/api/qt/ulist.np/get"
DATA_URL = "https://datacenter-web.eastmoney.com/api/data/v1/get"
CHUNK = 80  # symbols a request

# field -> (column, factor to its unit), with fltt=2: decimals instead of integers with a hidden scale
FIELDS: dict[str, tuple[str, float]] = {
    "f2": ("last", 1.0),
    "f5": ("volume", 100.0),  # 手, STAR and indices too; Hong Kong counts shares
    "f6": ("amount", 1.0),  # 元, HKD
    "f8": ("turnover", 0.01),  # %
    "f10": ("volume_ratio", 1.0),
    "f15": ("high", 1.0),
    "f16": ("low", 1.0),
    "f17": ("open", 1.0),
    "f18": ("previous_close", 1.0),
    "f20": ("market_cap", 1.0),  # 元
    "f21": ("float_cap", 1.0),  # 元
    "f115": ("pe_ttm", 1.0),
    "f350": ("limit_up", 1.0),
    "f351": ("limit_down", 1.0),
}
OTHERS = ("f3", "f12", "f13", "f14", "f124")  # change %, code, market, name, instant of the quote in epoch seconds
POSITIVE = ("last", "open", "high", "low", "market_cap", "float_cap", "limit_up", "limit_down")  # 0 means "none"


def fetch_quotes(tickers: Sequence[str]) -> pd.DataFrame:
    """Quotes of all mainland and Hong Kong tickers in one request (one for each 80).

    Returns  columns.QUOTES. The delay of this host is not published, so ``delay_minutes`` is NaN; ``quote_time`` tells.
    Raises   Blocked, Unreachable; BadAnswer where no row can be believed; NoData where nothing matched.
    Source   https://push2delay.eastmoney.com/api/qt/ulist.np/get?fltt=2&invt=2&secids=0.300308,116.00700&fields=…
    """
    secids = [s for s in map(markets.eastmoney, dict.fromkeys(tickers)) if s]
    if not secids:
        raise NoData(source=SOURCE, ticker=",".join(tickers))
    rows: list[Any] = []
    for i in range(0, len(secids), CHUNK):
        params = {"fltt": "2", "invt": "2", "secids": ",".join(secids[i : i + CHUNK])}
        params["fields"] = ",".join((*FIELDS, *OTHERS))
        headers = {"Referer": "https://quote.eastmoney.com/"}
        answer = guard.fetch_json(QUOTE_URL, source=SOURCE, params=params, headers=headers)
        rows += _diff(answer)
    return parse_quotes(rows, tickers, clock.now())


def _diff(answer: Any) -> list[Any]:
    """Rows of a ulist answer; ``data`` is null where nothing matched."""
    if not isinstance(answer, Mapping) or not isinstance(answer.get("data", ""), Mapping | None):
        raise BadAnswer(source=SOURCE, detail="no data in the answer")
    found = (answer["data"] or {}).get("diff") or []
    rows = list(found.values()) if isinstance(found, Mapping) else found
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def parse_quotes(rows: Iterable[Mapping[str, Any]], tickers: Iterable[str], fetched_at: datetime) -> pd.DataFrame:
    """The rows that belong to ``tickers`` and are sound, as columns.QUOTES. Raises NoData (no rows), BadAnswer."""
    asked = {secid: t for t in tickers if (secid := markets.eastmoney(t))}
    mine = {key: row for row in rows if (key := f"{row.get('f13')}.{row.get('f12')}") in asked}
    if not mine:
        raise NoData(source=SOURCE, ticker=",".join(asked.values()))
    raw = pd.DataFrame.from_dict(mine, orient="index").reindex(columns=[*FIELDS, *OTHERS])
    number = raw.drop(columns="f14").apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)
    out = pd.DataFrame({column: number[field] * k for field, (column, k) in FIELDS.items()})
    out["ticker"] = [asked[key] for key in out.index]
    out["volume"] = out["volume"].where(~out["ticker"].str.endswith(".HK"), number["f5"])
    out[list(POSITIVE)] = out[list(POSITIVE)].where(out[list(POSITIVE)] > 0)
    out["name"] = raw["f14"]
    out["quote_time"] = pd.to_datetime(number["f124"].where(number["f124"].between(1, 4e9)), unit="s", utc=True)
    out = out.dropna(subset=["previous_close", "quote_time"])
    out = _with_sessions(out, fetched_at)
    sound = _sound(out, number["f3"].reindex(out.index))
    if not sound.any():
        raise BadAnswer(source=SOURCE, detail=f"no believable row among {len(mine)}")
    return shaped(out[sound], QUOTES)


def _with_sessions(out: pd.DataFrame, fetched_at: datetime) -> pd.DataFrame:
    """Exchange-local date, and what a suspended share lacks: it has "-" for a price, and keeps its previous close."""
    zones = [markets.split(t)[1].zone for t in out["ticker"]]
    sessions = [at.astimezone(zone).date() for at, zone in zip(out["quote_time"], zones, strict=True)]
    begun = [markets.has_begun(t, day, fetched_at) for t, day in zip(out["ticker"], sessions, strict=True)]
    unchanged = out["last"].isna() | (out["last"] == out["previous_close"])
    suspended = out["open"].isna() & ~(out["volume"] > 0) & unchanged & np.array(begun, dtype=bool)
    return out.assign(
        last=out["last"].fillna(out["previous_close"].where(suspended)),
        pe_ttm=out["pe_ttm"].where(out["pe_ttm"] != 0),
        session=pd.to_datetime(pd.Series(sessions, index=out.index, dtype="object")),
        currency=[markets.currency(t) for t in out["ticker"]],
        delay_minutes=np.nan,
        suspended=suspended,
        source=SOURCE,
        fetched_at=fetched_at,
    )


def _sound(out: pd.DataFrame, percent: pd.Series) -> pd.Series:
    """Price in its range, and the printed percentage recomputed: integers in place of decimals differ by 100."""
    in_range = (out["low"].fillna(-np.inf) <= out["last"]) & (out["last"] <= out["high"].fillna(np.inf))
    said = percent.isna() | ((out["last"] / out["previous_close"] - 1) * 100 - percent).abs().le(0.0101)
    return in_range & said & out["last"].notna()


# --- dividends and bonus issues ----------------------------------------------------------------------------------

DIVIDENDS = {"ticker": "str", "ex_date": "datetime64[s]", "cash": "float64", "bonus": "float64", "source": "str"}
PAGE = 500
PER = 10  # the announcements, and so the fields, speak of ten shares: 10送3派5
CODES_A_REQUEST = 300  # 500 codes were answered with 400

# How a code stands in the filter. Both ways are reported as the only one that works; the first to bring rows stays.
_dialects = ['"{}"', "{}"]


def fetch_dividends(tickers: Sequence[str], *, since: date) -> pd.DataFrame:
    """Dividends and bonus issues of A-shares with an ex-date from ``since`` on, announced ones included.

    Returns  ticker, ex_date, cash (元 a share before tax), bonus (new shares a share, 送 + 转), source; may be empty.
             Funds, indices and Hong Kong are not covered and are passed over.
    Raises   Blocked, Unreachable, BadAnswer.
    Source   https://datacenter-web.eastmoney.com/api/data/v1/get?reportName=RPT_SHAREBONUS_DET; the columns
             are those of https://data.eastmoney.com/yjfp/: PRETAX_BONUS_RMB 现金分红比例, BONUS_IT_RATIO 送转总比例.
    """
    wanted = [t for t in dict.fromkeys(tickers) if markets.group(t) == "CN" and markets.kind(t) == "stock"]
    question = {
        "reportName": "RPT_SHAREBONUS_DET",
        "columns": "SECURITY_CODE,EX_DIVIDEND_DATE,PRETAX_BONUS_RMB,BONUS_IT_RATIO,ASSIGN_PROGRESS",
        "sortColumns": "EX_DIVIDEND_DATE,SECURITY_CODE",
        "sortTypes": "-1,1",
        "pageSize": str(PAGE),
    }
    return parse_dividends(fetch_rows(question, wanted, f"(EX_DIVIDEND_DATE>='{since}')"), wanted)


def fetch_rows(question: Mapping[str, str], tickers: Sequence[str], condition: str) -> list[Mapping[str, Any]]:
    """Rows of one report of the data centre about these stocks, all pages; a request for 300 stocks and page.

    ``question``: reportName, columns, sortColumns, sortTypes, pageSize; ``condition``: more of the filter.
    Raises Blocked, Unreachable, BadAnswer.
    """
    rows: list[Mapping[str, Any]] = []
    for i in range(0, len(tickers), CODES_A_REQUEST):
        rows += _fetch_rows(question, [markets.split(t)[0] for t in tickers[i : i + CODES_A_REQUEST]], condition)
    return rows


def _fetch_rows(question: Mapping[str, str], codes: Sequence[str], condition: str) -> list[Mapping[str, Any]]:
    for dialect in tuple(_dialects):
        written = ",".join(dialect.format(code) for code in codes)
        asked = {**question, "filter": f"(SECURITY_CODE in ({written})){condition}"}
        rows, pages = parse_page(_fetch_page(asked, 1))
        for page in range(2, pages + 1):
            rows += parse_page(_fetch_page(asked, page))[0]
        if rows:
            _dialects[:] = [dialect]
            return rows
    return []


def _fetch_page(asked: Mapping[str, str], page: int) -> Any:
    params = {**asked, "pageNumber": str(page), "source": "WEB", "client": "WEB"}
    headers = {"Referer": "https://data.eastmoney.com/"}
    return guard.fetch_json(DATA_URL, source=SOURCE, params=params, headers=headers)


def parse_page(answer: Any) -> tuple[list[Mapping[str, Any]], int]:
    """Rows of one page and the number of pages. Code 9201 is the way of saying "none"; other refusals are BadAnswer."""
    if not isinstance(answer, Mapping):
        raise BadAnswer(source=SOURCE, detail="no object")
    result = answer.get("result")
    if isinstance(result, Mapping):
        rows, pages = result.get("data"), result.get("pages", 1)
        if isinstance(rows, list) and isinstance(pages, int):
            return [row for row in rows if isinstance(row, Mapping)], pages
    if answer.get("code") == 9201:
        return [], 1
    raise BadAnswer(source=SOURCE, detail=f"{answer.get('code')} {answer.get('message')}")


def parse_dividends(rows: Iterable[Mapping[str, Any]], tickers: Iterable[str]) -> pd.DataFrame:
    """Events that will be or were carried out (实施…), per share. A row that comes twice counts once."""
    asked = {markets.split(t)[0]: t for t in tickers}
    events = []
    for row in rows:
        ticker = asked.get(str(row.get("SECURITY_CODE")))
        ex_date = pd.to_datetime(str(row.get("EX_DIVIDEND_DATE")), errors="coerce")
        if ticker is None or pd.isna(ex_date) or not str(row.get("ASSIGN_PROGRESS")).startswith("实施"):
            continue
        cash, bonus = _per_share(row.get("PRETAX_BONUS_RMB")), _per_share(row.get("BONUS_IT_RATIO"))
        if cash or bonus:
            events.append((ticker, ex_date, cash, bonus, SOURCE))
    return pd.DataFrame(events, columns=list(DIVIDENDS)).astype(DIVIDENDS).drop_duplicates(ignore_index=True)


def _per_share(per_ten: object) -> float:
    if per_ten in (None, "", "-"):
        return 0.0
    try:
        amount = Decimal(str(per_ten)) / PER
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (
        amount.is_finite() and 0 <= amount < 1000
    ):  # a factor that is left out unnoticed would be worse than none at all
        raise BadAnswer(source=SOURCE, detail=f"dividend of {per_ten}")
    return float(amount)


def factors(dividends: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """columns.FACTORS: the exchange's reference price over the last close before, for events inside ``bars``.

    Reference = (close − cash) / (1 + bonus), half up to 0.01; several events of a day count together. An ex-date
    before the first bar or after the last is passed over. Rights issues, and companies that pay nothing on shares
    they bought back (their reference price is a little higher), are not in the data.
    """
    events = dividends.groupby(["ticker", "ex_date"], sort=True)
    rows = []
    for (ticker, ex_date), event in events:
        mine = bars.loc[bars["ticker"] == ticker].sort_values("session")
        before = mine.loc[mine["session"] < ex_date, "close"]
        if before.empty or mine["session"].iloc[-1] < ex_date:
            continue
        close = Decimal(str(before.iloc[-1]))
        reference = reference_price(close, _total(event["cash"]), _total(event["bonus"]))
        if reference > 0:
            rows.append((ticker, ex_date, float(reference / close), SOURCE))
    return shaped(pd.DataFrame(rows, columns=list(FACTORS)), FACTORS)


def _total(amounts: pd.Series) -> Decimal:
    return sum((Decimal(str(amount)) for amount in amounts), Decimal(0))


def reference_price(close: Decimal, cash: Decimal, bonus: Decimal) -> Decimal:
    """The exchange's 除权除息参考价 in yuan, rounded half up to the fen as the exchange does."""
    return ((close - cash) / (1 + bonus)).quantize(Decimal("0.01"), ROUND_HALF_UP)


QUOTING = QuoteSource(lambda tickers, **_: fetch_quotes(tickers), lambda ticker: markets.eastmoney(ticker) is not None)
