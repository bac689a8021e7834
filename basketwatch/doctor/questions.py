"""One light request to each source, and the questions that could not be settled without a network.

The questions are answered from those same answers and a handful of further requests; one that fails never keeps the
others from being asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any

import pandas as pd

from basketwatch.doctor.report import Asked, Finding, Stored
from basketwatch.domain import limits, markets
from basketwatch.errors import BadAnswer, BasketwatchError, NoData, SourceError
from basketwatch.redact import excerpt
from basketwatch.sources import (
    ashare,
    baidu,
    chains,
    datacenter,
    eastmoney,
    indexpe,
    legulegu,
    shenwan,
    tencent,
    yahoo,
)
from basketwatch.sources.net import guard
from basketwatch.words.text import DASH

SHARE, STAR, MAIN, BEIJING, HONG_KONG = "300308.SZ", "688498.SH", "600519.SH", "920045.BJ", "00700.HK"
INDEX, CSINDEX, SECTOR, US, TAIWAN = "000300.SH", "931160.SH", "801770.SI", "NVDA.US", "2308.TW"
CHINEXT = "399006.SZ"
CHINA = (SHARE, STAR, MAIN, BEIJING, HONG_KONG, INDEX)
ABROAD = (
    US, "COHR.US", "AVGO.US", "LITE.US", "^SOX.US", "SOXX.US", HONG_KONG, TAIWAN, "GLW.US",
    "USDCNY.FX", "USDHKD.FX", "USDTWD.FX",
)  # fmt: skip

Answer = tuple[bool, str]


class Unanswered(BasketwatchError):
    """Today's answers do not settle a question; ``key`` names the sentence that says why."""

    def __init__(self, key: str, **params: object) -> None:
        self.key = key
        super().__init__(**params)


@dataclass(frozen=True)
class Answers:
    """What each source answered, or the error it met."""

    now: datetime
    stored: Stored
    found: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if isinstance(self.found[name], Exception):
            raise self.found[name]
        return self.found[name]

    def quote(self, name: str, ticker: str) -> Any:
        """The row of one ticker in a source's quotes; raises Unanswered where it is not there."""
        rows = self[name]
        rows = rows[rows["ticker"] == ticker]
        if rows.empty:
            raise Unanswered("doctor_absent", ticker=ticker, source=name)
        return rows.iloc[0]


# --- sources: one light request each -----------------------------------------------------------------------------


def _bars(a: Answers, ticker: str) -> pd.DataFrame:
    """A year of bars from the first source of the chain alone, which is Eastmoney."""
    return ashare.chain(ticker)[0][1](ticker, 1, final_before=a.now.date()).bars


def _report_rows(a: Answers) -> tuple[list[Mapping[str, Any]], int]:
    return shenwan.fetch_report(a.now.date() - timedelta(days=10), a.now.date())


def _sunday(a: Answers) -> date:
    """Two weeks and a Sunday ago: a day without a session."""
    day = a.now.date() - timedelta(days=14)
    return day - timedelta(days=day.isoweekday() % 7)


def _quotes(source: str, a: Answers) -> pd.DataFrame:
    """Quotes of those samples that the source serves, and of stocks newly listed, in one request."""
    served = [t for t in (*CHINA, SECTOR, *ABROAD, *a.stored.new) if chains.serves(source, t)]
    return chains.fetch_quotes(source, list(dict.fromkeys(served)), session=a.now.date(), now=a.now)


QUOTED = [s for s in dict.fromkeys(chain(*chains.QUOTES.values())) if not chains.quoting(s).one_by_one]
SOURCES: tuple[tuple[str, str, Callable[[Answers], Any]], ...] = (
    *((source, source, partial(_quotes, source)) for source in QUOTED),
    ("eastmoney_bars", "eastmoney", lambda a: _bars(a, SHARE)),
    ("eastmoney_dividends", "eastmoney", lambda a: eastmoney.fetch_dividends([SHARE], since=_two_years_ago(a))),
    ("eastmoney_pe", "eastmoney", lambda a: datacenter.fetch_bulk([SHARE, STAR], since=_sunday(a))),
    ("csindex", "csindex", lambda a: indexpe.fetch_csindex(INDEX, _sunday(a), a.now.date())),
    ("danjuan", "danjuan", lambda a: indexpe.fetch_danjuan(CHINEXT)),
    ("cnindex", "cnindex", lambda a: indexpe.fetch_cnindex(CHINEXT, session=a.now.date())),
    ("baidu", "baidu", lambda a: baidu.fetch_history(HONG_KONG)),
    ("baidu_us", "baidu", lambda a: baidu.fetch_history(US)),
    ("legulegu", "legulegu", lambda _: legulegu.fetch_sectors()),
    ("shenwan_report", "shenwan", _report_rows),
    ("yahoo_chart", "yahoo", lambda a: yahoo.fetch_history(TAIWAN, 1, final_before=a.now.date()).bars),
)


def _two_years_ago(a: Answers) -> date:
    return date(a.now.year - 2, 1, 1)


def ask(answers: Answers, name: str, source: str, fetch: Callable[[Answers], Any]) -> Asked:
    """One source's light request; the answer, or the error that it met, goes into ``answers`` under ``name``."""
    log = guard.current().requests
    before = len(log)
    try:
        with chains.bugs_said(source):
            found = fetch(answers)
    except SourceError as error:
        found = error
    answers.found[name] = found
    ms = round(sum(request.ms for request in log[before:])) if len(log) > before else None
    if isinstance(found, SourceError):
        return Asked(name, found.state, ms, 0, None, found)
    rows = found[0] if isinstance(found, tuple) else found
    newest = rows["session"].max() if "session" in rows and len(rows) else None
    return Asked(name, "ok", ms, len(rows), f"{newest:%Y-%m-%d}" if newest is not None else None, None)


# --- questions ---------------------------------------------------------------------------------------------------


def find(answers: Answers, name: str) -> Finding:
    """Whether one assumption holds, as far as the answers tell."""
    key = f"assume_{name}"
    try:
        holds, said = QUESTIONS[name](answers)
    except BasketwatchError as error:
        return Finding(name, key, None, error)
    except Exception as fault:  # one question must not stop the others
        return Finding(name, key, None, f"{type(fault).__name__}: {excerpt(str(fault))}")
    return Finding(name, key, bool(holds), said)


def _both(parts: Iterable[Answer]) -> Answer:
    found = list(parts)
    return all(holds for holds, _ in found), " · ".join(said for _, said in found)


def _in_range(row: Any) -> Answer:
    """The mean price of a session lies between its low and its high, unless the volume has another unit."""
    if not (row["volume"] > 0 and row["amount"] > 0):
        raise Unanswered("doctor_no_trade", ticker=row["ticker"])
    mean, low, high = row["amount"] / row["volume"], row["low"], row["high"]
    return low * 0.998 <= mean <= high * 1.002, f"{row['ticker']} {mean:,.2f} [{low:,.2f}–{high:,.2f}]"


def _on(bars: pd.DataFrame, day: date, column: str) -> float:
    rows = bars.loc[bars["session"] == pd.Timestamp(day), column]
    if rows.empty:
        raise Unanswered("doctor_absent", ticker=bars["ticker"].iloc[0], source=bars["source"].iloc[0])
    return float(rows.iloc[-1])


def _index_lots(a: Answers) -> Answer:
    quote = a.quote("tencent", INDEX)
    a["eastmoney_bars"]  # a host that has just failed is not asked again
    volume = _on(_bars(a, INDEX), quote["session"].date(), "volume")
    if not (volume > 0 and quote["volume"] > 0):
        raise Unanswered("doctor_no_trade", ticker=INDEX)
    ratio = quote["volume"] / volume
    return 0.5 < ratio < 2, f"{INDEX} {ratio:.4g}×"


def _beijing(a: Answers) -> Answer:
    known = BEIJING in set(a["tencent"]["ticker"])
    return known, f"bj{BEIJING[:6]} {a.quote('tencent', BEIJING)['last'] if known else DASH}"


def _limits(a: Answers) -> Answer:
    def agrees(ticker: str) -> Answer:
        row = a.quote("tencent", ticker)
        ruled = limits.limit_prices(ticker, row["session"].date(), row["previous_close"], st=limits.is_st(row["name"]))
        said = (row["limit_up"], row["limit_down"])
        holds = ruled is not None and all(abs(x - y) < 0.005 for x, y in zip(said, ruled, strict=True))
        return holds, f"{ticker} {said[0]:.2f}/{said[1]:.2f} = {ruled}" if not holds else ticker

    return _both(agrees(t) for t in (SHARE, MAIN, STAR))


def _new_listing(a: Answers) -> Answer:
    rows = a["tencent"][a["tencent"]["ticker"].isin(a.stored.new)]
    if rows.empty:
        raise Unanswered("doctor_no_listing")
    return rows["limit_up"].isna().all(), " · ".join(f"{r.ticker} {r.limit_up:.2f}" for r in rows.itertuples())


def _near(a: Answers, ticker: str, first: str, second: str, within: float) -> Answer:
    x, y = a.quote(first, ticker)["last"], a.quote(second, ticker)["last"]
    return abs(x / y - 1) <= within, f"{ticker} {x:.2f} / {y:.2f}"


def _quoted_codes(a: Answers) -> Answer:
    a["eastmoney_dividends"]
    code = SHARE[:6]
    quoted, bare = (_count_dividends(a, written) for written in (f'"{code}"', code))
    if not quoted and not bare:
        raise Unanswered("doctor_absent", ticker=SHARE, source="eastmoney_dividends")
    return quoted > 0, f'"{code}" {quoted} · {code} {bare}'


def _count_dividends(a: Answers, written: str) -> int:
    condition = f"(SECURITY_CODE in ({written}))(EX_DIVIDEND_DATE>='{_two_years_ago(a)}')"
    params = {"reportName": "RPT_SHAREBONUS_DET", "columns": "SECURITY_CODE,EX_DIVIDEND_DATE", "filter": condition}
    params |= {"pageSize": "50", "pageNumber": "1", "source": "WEB", "client": "WEB"}
    try:
        return len(eastmoney.parse_page(guard.fetch_json(eastmoney.DATA_URL, source="eastmoney", params=params))[0])
    except BadAnswer:  # it does not take a code written like that
        return 0


def _quote_time(a: Answers) -> Answer:
    """Held against Tencent's: an answer's own time would move on after the close, the quote's does not."""
    theirs, ours = a.quote("eastmoney", SHARE)["quote_time"], a.quote("tencent", SHARE)["quote_time"]
    zone = markets.zone_of("CN")
    said = " / ".join(f"{at.astimezone(zone):%m-%d %H:%M:%S}" for at in (theirs, ours))
    return abs(theirs - ours) <= timedelta(minutes=90) and theirs <= a.now + timedelta(minutes=5), said


def _csindex(a: Answers) -> Answer:
    a["eastmoney_bars"]
    try:
        bars = _bars(a, CSINDEX)
    except (BadAnswer, NoData):
        return False, f"2.{CSINDEX[:6]} {DASH}"
    return True, f"2.{CSINDEX[:6]} {bars['session'].max():%Y-%m-%d}"


def _complete(a: Answers) -> Answer:
    rows, count = a["shenwan_report"]
    return len(rows) == count > 0, f"{len(rows)}/{count}"


def _named(a: Answers) -> Answer:
    names = {str(row.get("swindexname")) for row in a["shenwan_report"][0] if row.get("swindexcode") == SECTOR[:6]}
    return names == {shenwan.LEVEL_1[SECTOR]}, f"{SECTOR[:6]} {'、'.join(sorted(names)) or DASH}"


def _certificate(a: Answers) -> Answer:
    found = a.found["shenwan_report"]
    if isinstance(found, SourceError) and found.params.get("detail") == "TLS":
        return False, "TLS"
    return bool(a["shenwan_report"]), "swsresearch.com"


def _twelve(a: Answers) -> Answer:
    missing = [t for t in ABROAD if t not in set(a["yahoo"]["ticker"])]
    return not missing, f"{len(ABROAD) - len(missing)}/{len(ABROAD)} {' '.join(missing)}".strip()


def _crumb(a: Answers) -> Answer:
    met = [r.status for r in guard.current().requests if yahoo.QUOTE_URL.endswith(r.path)]
    if met[-1:] != [401]:
        a["yahoo"]  # raises whatever else it failed of
    return met[-1] == 200, f"HTTP {' '.join(map(str, met))}"


def _crumb_needed(a: Answers) -> Answer:
    """One quote with the cookie but without the crumb, from the session that has the browser's fingerprint."""
    a["yahoo"]
    answer = guard.run("yahoo", US, lambda: yahoo._session().get(yahoo.QUOTE_URL, params={"symbols": US[:-3]}))
    return answer.status_code == 401, f"HTTP {answer.status_code}"


def _pe_of_index(a: Answers) -> Answer:
    index, fund = (a.quote("yahoo", t)["pe_ttm"] for t in ("^SOX.US", "SOXX.US"))
    return pd.isna(index) and pd.notna(fund), f"^SOX {_or_dash(index)} · SOXX {_or_dash(fund)}"


def _or_dash(value: float) -> str:
    return DASH if pd.isna(value) else f"{value:.2f}"


def _crosses(a: Answers) -> Answer:
    return _both((t in set(a["yahoo"]["ticker"]), t) for t in ("USDHKD.FX", "USDTWD.FX"))


def _delay(a: Answers) -> Answer:
    minutes = a.quote("yahoo", HONG_KONG)["delay_minutes"]
    return pd.notna(minutes), f"{HONG_KONG} {_or_dash(minutes)} min"


def _taiwan_before(a: Answers) -> Answer:
    quote, bars = a.quote("yahoo", TAIWAN), a["yahoo_chart"]
    before = bars.loc[bars["session"] < quote["session"], "close"].iloc[-1]
    said = quote["previous_close"]
    return abs(said / before - 1) <= 0.001, f"{TAIWAN} {_or_dash(said)} / {before:.2f}"


def _pe_of_share(a: Answers) -> Answer:
    quote, bulk = a.quote("tencent", SHARE), a["eastmoney_pe"]
    theirs = _of_day(bulk[bulk["ticker"] == SHARE], quote["session"], "eastmoney_pe")
    return abs(quote["pe_ttm"] / theirs - 1) <= 0.02, f"{SHARE} {quote['pe_ttm']:.2f} / {theirs:.2f}"


def _pe_of_hong_kong(a: Answers) -> Answer:
    quote = a.quote("tencent", HONG_KONG)
    theirs = _of_day(a["baidu"], quote["session"], "baidu")
    return abs(quote["pe_ttm"] / theirs - 1) <= 0.1, f"{HONG_KONG} {quote['pe_ttm']:.2f} / {theirs:.2f}"


def _of_day(rows: pd.DataFrame, session: Any, source: str) -> float:
    """The PE of a session, or of the one before while that has not been printed."""
    known = rows[rows["session"].between(session - timedelta(days=4), session)]
    if known.empty:
        raise Unanswered("doctor_absent", ticker=SHARE, source=source)
    return float(known["pe"].iloc[-1])


def _sector_pe(a: Answers) -> Answer:
    """Shenwan's own figure of the newest day against another site's two."""
    by_day = {
        str(row["bargaindate"])[:10]: row["pe"]
        for row in a["shenwan_report"][0]
        if row.get("swindexcode") == SECTOR[:6]
    }
    other = a["legulegu"]
    if not by_day or SECTOR not in other.index:
        raise Unanswered("doctor_absent", ticker=SECTOR, source="legulegu")
    own, ttm, static = float(by_day[max(by_day)]), other.loc[SECTOR, "ttm"], other.loc[SECTOR, "static"]
    return bool(abs(own / ttm - 1) < min(0.05, abs(own / static - 1))), f"{own:.2f} · TTM {ttm:.2f} · LYR {static:.2f}"


def _first_row(a: Answers) -> Answer:
    """A row dated at the Sunday that was asked for must be the copy of the next, or not be there."""
    rows = a["csindex"]
    first, second = rows.iloc[0], rows.iloc[1]
    if first["session"].date() != _sunday(a):
        return True, f"{first['session']:%Y-%m-%d}"
    return bool(first["pe"] == second["pe"]), f"{first['session']:%Y-%m-%d} = {second['session']:%Y-%m-%d}"


def _chinext(a: Answers) -> Answer:
    """Two definitions of the same thing, so a few percent may lie between them, and Danjuan's is up to a week old."""
    weekly, daily = a["danjuan"].iloc[-1], a["cnindex"].iloc[-1]
    fresh = a.now.date() - weekly["session"].date() <= timedelta(days=14)
    said = f"{weekly['session']:%m-%d} {weekly['pe']:.2f} / {daily['pe']:.2f}"
    return fresh and abs(weekly["pe"] / daily["pe"] - 1) <= 0.25, said


def _stored_close(a: Answers) -> Answer:
    """The last stored close against a source that did not give it."""
    if a.stored.share is None:
        raise Unanswered("doctor_not_stored", ticker=SHARE)
    day, close, source = a.stored.share
    if source == "eastmoney":
        a["tencent"]
        bars = tencent.fetch_history(SHARE, 1, final_before=a.now.date()).bars
    else:
        bars = a["eastmoney_bars"]
    other = _on(bars, day, "close")
    return abs(close / other - 1) <= 0.001, f"{day} {source} {close:.2f} / {bars['source'].iloc[0]} {other:.2f}"


QUESTIONS: dict[str, Callable[[Answers], Answer]] = {
    "tencent_index_lots": _index_lots,
    "tencent_beijing": _beijing,
    "tencent_lots": lambda a: _both(_in_range(a.quote("tencent", t)) for t in (SHARE, MAIN)),
    "tencent_star_shares": lambda a: _in_range(a.quote("tencent", STAR)),
    "tencent_limits": _limits,
    "tencent_new_listing": _new_listing,
    "tencent_us": lambda a: _near(a, US, "tencent", "yahoo", 0.05),
    "eastmoney_quoted_codes": _quoted_codes,
    "eastmoney_time": _quote_time,
    "eastmoney_lots": lambda a: _both(_in_range(a.quote("eastmoney", t)) for t in (SHARE, STAR)),
    "eastmoney_csindex": _csindex,
    "shenwan_complete": _complete,
    "shenwan_name": _named,
    "shenwan_certificate": _certificate,
    "shenwan_pe_ttm": _sector_pe,
    "tencent_pe_ttm": _pe_of_share,
    "tencent_hk_pe": _pe_of_hong_kong,
    "csindex_first_row": _first_row,
    "chinext_pe": _chinext,
    "yahoo_rows": _twelve,
    "yahoo_crumb": _crumb,
    "yahoo_crumb_needed": _crumb_needed,
    "yahoo_index_pe": _pe_of_index,
    "yahoo_crosses": _crosses,
    "yahoo_delay": _delay,
    "yahoo_taiwan_before": _taiwan_before,
    "stored_close": _stored_close,
}
