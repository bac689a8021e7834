"""What is installed, how files and store are, which source answers, and what unverified assumptions turn out to be.

Looks only: the store is opened for reading, stored breakers are respected, and each source gets one light request. The
questions that could not be settled without a network are answered from those same answers and a handful of further
requests; each is a ``Finding``, and one that fails never keeps the others from being asked.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import import_module, metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from basketwatch import clock, limits, markets, store
from basketwatch.baskets import read_house, universe
from basketwatch.errors import BadAnswer, BasketwatchError, NoData, SourceError, StoreCorrupt
from basketwatch.model import House, Problem
from basketwatch.settings import Settings
from basketwatch.sources import ashare, eastmoney, guard, sessions, shenwan, sina, tencent, yahoo
from basketwatch.sources.redact import excerpt
from basketwatch.text import DASH, age, say, sentence

PACKAGES = ("streamlit", "akshare", "yfinance", "pandas", "plotly", "sqlalchemy", "exchange_calendars", "curl_cffi")
PANDAS_BELOW = 4  # akshare and yfinance use calls that it removes
SOON = timedelta(days=30)  # this close to a calendar's end, its days are not confirmed
EACH, TOGETHER = 8.0, 90.0  # seconds for one source, and for all requests
QUOTING = {"tencent", "eastmoney", "sina", "yahoo"}

SHARE, STAR, MAIN, BEIJING, HONG_KONG = "300308.SZ", "688498.SH", "600519.SH", "920045.BJ", "00700.HK"
INDEX, CSINDEX, SECTOR, US, TAIWAN = "000300.SH", "931160.SH", "801770.SI", "NVDA.US", "2308.TW"
CHINA = (SHARE, STAR, MAIN, BEIJING, HONG_KONG, INDEX)
ABROAD = (
    US, "COHR.US", "AVGO.US", "LITE.US", "^SOX.US", "SOXX.US", HONG_KONG, TAIWAN, "GLW.US",
    "USDCNY.FX", "USDHKD.FX", "USDTWD.FX",
)  # fmt: skip

FONT_FILES = (
    "/System/Library/Fonts/PingFang.ttc", "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "C:/Windows/Fonts/msyh.ttc", "C:/Windows/Fonts/simhei.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
)  # fmt: skip
BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge",
    "brave-browser", "vivaldi", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)  # fmt: skip

Detail = str | BasketwatchError  # facts that need no words, or an error whose sentence is said in the reader's language
Answer = tuple[bool, str]


class Unanswered(BasketwatchError):
    """Today's answers do not settle a question; ``key`` names the sentence that says why."""

    def __init__(self, key: str, **params: object) -> None:
        self.key = key
        super().__init__(**params)


@dataclass(frozen=True, slots=True)
class Stored:
    """What was read from the store: facts for the report, and what the requests and questions need of it."""

    facts: dict[str, Any]
    error: BasketwatchError | None = None
    breakers: tuple[guard.Breaker, ...] = ()
    new: tuple[str, ...] = ()  # stocks whose name says that they were listed a few days ago
    share: tuple[date, float, str] | None = None  # session, close and source of SHARE's last bar


@dataclass(frozen=True, slots=True)
class Asked:
    """One light request: ``state`` is a state word, ``ms`` the time on the wire (None: nothing was sent)."""

    source: str
    state: str
    ms: int | None
    rows: int
    session: str | None
    error: BasketwatchError | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One assumption (a key of the catalogue) and whether it holds; None where nothing could tell."""

    id: str
    assumption: str
    holds: bool | None
    detail: Detail


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


def examine(settings: Settings, now: datetime, *, offline: bool = False) -> Report:
    """Look at everything; the network is asked unless ``offline``."""
    house, stored = read_house(settings.home), read_store(settings)
    sources, findings = ((), ()) if offline else _ask_upstreams(settings, stored, now)
    return Report(
        now, offline, versions(), house.problems, stored, calendars(house, now), fonts(), browser(), sources, findings
    )


# --- this machine ------------------------------------------------------------------------------------------------


def versions() -> dict[str, str | None]:
    """Versions of Python, the platform and the packages; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found | {"sqlite": str(import_module("sqlite3").sqlite_version)}


def fonts() -> list[str]:
    """Families with Chinese glyphs: as fontconfig lists them, else the well-known files that are there."""
    lister = shutil.which("fc-list")
    if lister is None:
        return [Path(file).stem for file in FONT_FILES if Path(file).exists()]
    try:
        answer = subprocess.run([lister, ":lang=zh", "family"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = answer.stdout.decode("utf-8", "replace").splitlines()
    return sorted({line.partition(",")[0].strip() for line in lines} - {""})


def browser() -> str | None:
    """The browser of Chromium's family that pictures of charts can be made with."""
    return next((Path(name).stem for name in BROWSERS if shutil.which(name)), None)


def calendars(house: House, now: datetime) -> dict[str, dict[str, Any]]:
    """Of each market in use: the last day whose sessions are published (None: no end), and whether it is far enough."""
    ends = {g: sessions.bound(g) for g in sorted({markets.group(t) for t in universe(house)} - {"FX"})}
    return {
        group: {"bound": end.isoformat() if end else None, "confirmed": end is None or now.date() < end - SOON}
        for group, end in ends.items()
    }


# --- the store ---------------------------------------------------------------------------------------------------


def read_store(settings: Settings) -> Stored:
    """Facts about the store; a fault of it is in ``error``, never raised."""
    shown, path = _place(settings)
    facts: dict[str, Any] = {"path": shown, "exists": path is None or path.exists()}
    try:
        facts |= _folder(path) if path else {}
        opened = store.open_reader(settings.url, demo=settings.demo)
        return Stored(facts) if opened is None else _contents(opened, facts)
    except Exception as fault:  # whatever a damaged file leads to is a sentence of the report
        return Stored(facts, _store_fault(fault, settings.url, shown))


def _place(settings: Settings) -> tuple[str, Path | None]:
    """The store's place for people, below the home folder and without passwords; and its file, if it is one."""
    kind, _, rest = settings.url.partition("://")
    if not kind.startswith("sqlite"):
        return f"{kind}://{rest.rpartition('@')[2].partition('?')[0]}", None
    path = Path(rest[1:])
    return str(path.relative_to(settings.home) if path.is_relative_to(settings.home) else path), path


def _folder(path: Path) -> dict[str, Any]:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    size = path.stat().st_size if path.exists() else 0
    return {"size": size, "writable": os.access(folder, os.W_OK), "free": shutil.disk_usage(folder).free}


def _contents(opened: store.Store, facts: dict[str, Any]) -> Stored:
    series, quotes, run = store.read_series(opened), store.read_quotes(opened), store.last_run(opened)
    facts |= {
        "schema": int(store.noted(opened, "schema") or 0),
        "version": store.version(opened),
        "quotes": len(quotes),
        "series": len(series),
        "bars": sum(row._mapping["count"] for row in series.values()),
        "damaged": store.damaged_series(opened),
        "last_run": run and {"started": clock.iso(run.started), "finished": run.finished and clock.iso(run.finished)},
    }
    last, row = store.last_closes(opened).get(SHARE), series.get(SHARE)
    return Stored(
        facts,
        breakers=tuple(guard.Breaker(b.host, b.open_until, b.failures, b.reason) for b in store.read_breakers(opened)),
        new=tuple(t for t, n in zip(quotes["ticker"], quotes["name"], strict=True) if _is_new(t, n))[:3],
        share=(*last, row.source) if last and row else None,
    )


def _is_new(ticker: str, name: object) -> bool:
    """Mainland exchanges write N before the name on the first day, C on the four after it."""
    return markets.group(ticker) == "CN" and re.match(r"[NC][\u4e00-\u9fff]", str(name)) is not None


def _store_fault(fault: Exception, url: str, shown: str) -> BasketwatchError:
    """The error of a store that cannot be read, with nothing secret in it."""
    if "malformed" in str(fault) or "not a database" in str(fault):
        return StoreCorrupt(path=shown, moved="")
    error = fault if isinstance(fault, BasketwatchError) else store.storage_fault(fault, shown)
    error.params["path"] = shown
    if "detail" in error.params:
        error.params["detail"] = excerpt(error.params["detail"].replace(url, shown), 160)
    return error


# --- sources: one light request each -----------------------------------------------------------------------------


def _bars(a: Answers, ticker: str) -> pd.DataFrame:
    """A year of bars from the first source of the chain alone, which is Eastmoney."""
    return ashare.chain(ticker)[0][1](ticker, 1, final_before=a.now.date()).bars


def _report_rows(a: Answers) -> tuple[list[Mapping[str, Any]], int]:
    return shenwan.fetch_report(a.now.date() - timedelta(days=10), a.now.date())


SOURCES: tuple[tuple[str, str, Callable[[Answers], Any]], ...] = (
    ("tencent", "tencent", lambda a: tencent.fetch_quotes([*CHINA, US, *a.stored.new])),
    ("eastmoney", "eastmoney", lambda a: eastmoney.fetch_quotes(CHINA)),
    ("eastmoney_bars", "eastmoney", lambda a: _bars(a, SHARE)),
    ("eastmoney_dividends", "eastmoney", lambda a: eastmoney.fetch_dividends([SHARE], since=_two_years_ago(a))),
    ("sina", "sina", lambda a: sina.fetch_quotes([SHARE, INDEX, "USDCNY.FX"])),
    ("shenwan_report", "shenwan", _report_rows),
    ("shenwan", "shenwan", lambda a: shenwan.fetch_quotes([SECTOR], session=a.now.date(), now=a.now)),
    ("yahoo", "yahoo", lambda a: yahoo.fetch_quotes(ABROAD)),
    ("yahoo_chart", "yahoo", lambda a: yahoo.fetch_history(TAIWAN, 1, final_before=a.now.date()).bars),
)


def _two_years_ago(a: Answers) -> date:
    return date(a.now.year - 2, 1, 1)


def _ask_upstreams(settings: Settings, stored: Stored, now: datetime) -> tuple[tuple[Asked, ...], tuple[Finding, ...]]:
    """Every request of the examination, through a guard of its own that knows the stored breakers."""
    watched = guard.Guard(stored.breakers, limits=guard.Limits(total=EACH, call=EACH))
    watched.deadline(TOGETHER)
    answers = Answers(now, stored)
    with TemporaryDirectory(prefix="basketwatch-", ignore_cleanup_errors=True) as spare:
        guard.install(watched)
        try:
            yahoo.configure(_yahoo_folder(settings, Path(spare)))
            sources = tuple(_ask(answers, *entry) for entry in SOURCES)
            return sources, tuple(_find(answers, name) for name in QUESTIONS)
        finally:
            guard.uninstall()


def _yahoo_folder(settings: Settings, spare: Path) -> Path:
    """Where refreshes keep Yahoo's cookie, if there is such a folder: that saves two requests."""
    path = _place(settings)[1]
    kept = path.parent / "yahoo" if path else spare
    return kept if kept.is_dir() and os.access(kept, os.W_OK) else spare


def _ask(answers: Answers, name: str, source: str, fetch: Callable[[Answers], Any]) -> Asked:
    log = guard.current().requests
    before = len(log)
    try:
        found = fetch(answers)
    except SourceError as error:
        found = error
    except Exception as fault:  # a bug in one reader is said, and stops no other
        found = SourceError(source=source, detail=f"{type(fault).__name__}: {excerpt(str(fault))}")
    answers.found[name] = found
    ms = round(sum(request.ms for request in log[before:])) if len(log) > before else None
    if isinstance(found, SourceError):
        return Asked(name, found.state, ms, 0, None, found)
    rows = found[0] if isinstance(found, tuple) else found
    newest = rows["session"].max() if "session" in rows and len(rows) else None
    return Asked(name, "ok", ms, len(rows), f"{newest:%Y-%m-%d}" if newest is not None else None, None)


# --- questions ---------------------------------------------------------------------------------------------------


def _find(answers: Answers, name: str) -> Finding:
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
    "yahoo_rows": _twelve,
    "yahoo_crumb": _crumb,
    "yahoo_crumb_needed": _crumb_needed,
    "yahoo_index_pe": _pe_of_index,
    "yahoo_crosses": _crosses,
    "yahoo_delay": _delay,
    "yahoo_taiwan_before": _taiwan_before,
    "stored_close": _stored_close,
}


# --- report ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found; ``well`` is what the exit status says."""

    now: datetime
    offline: bool
    versions: dict[str, str | None]
    problems: tuple[Problem, ...]
    stored: Stored
    calendars: dict[str, dict[str, Any]]
    fonts: list[str]
    browser: str | None
    sources: tuple[Asked, ...]
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Files without hard problems, a sound store (or none yet), and a source of quotes that answers."""
        sound = self.stored.error is None and not self.stored.facts.get("damaged")
        files = not any(p.severity == "hard" for p in self.problems)
        return sound and files and (self.offline or any(s.state == "ok" and s.source in QUOTING for s in self.sources))

    def as_json(self) -> dict[str, Any]:
        """The object of ``doctor --json``; sentences in English."""
        first = [{"where": p.where, "message": sentence(p), "severity": p.severity} for p in self.problems[:5]]
        sources = [
            {"source": s.source, "state": s.state, "ms": s.ms, "rows": s.rows, "session": s.session,
             "error": s.error and _said(s.error, "en")}
            for s in self.sources
        ]  # fmt: skip
        assumptions = [{"id": f.id, "holds": f.holds, "detail": _said(f.detail, "en")} for f in self.findings]
        return {
            "now": clock.iso(self.now),
            "well": self.well,
            "offline": self.offline,
            "versions": self.versions,
            "pandas_ok": _fits(self.versions),
            "files": {"problems": len(self.problems), "first": first},
            "store": self.stored.facts | {"error": self.stored.error and _said(self.stored.error, "en")},
            "calendars": self.calendars,
            "fonts": self.fonts,
            "browser": self.browser,
            "sources": sources,
            "assumptions": assumptions,
        }

    def as_text(self, lang: str) -> str:
        """The same for people: a label and its lines."""
        blocks = {
            "doctor_installed": _installed_lines(self.versions, lang),
            "doctor_files": _file_lines(self.problems, lang),
            "doctor_store": _store_lines(self.stored, self.now, lang),
            "doctor_calendars": [_calendar_line(g, c, lang) for g, c in self.calendars.items()],
            "doctor_fonts": [_some(self.fonts) if self.fonts else say("doctor_no_fonts", lang)],
            "doctor_browser": [self.browser or say("doctor_no_browser", lang)],
            "doctor_sources": [_source_line(s, lang) for s in self.sources] or [say("doctor_offline", lang)],
            "doctor_assumptions": [_finding_line(f, lang) for f in self.findings] or [say("doctor_offline", lang)],
        }
        lines = [f"basketwatch doctor · {clock.iso(self.now)}"]
        for key, block in blocks.items():
            lines += [_pad(say(key, lang) if i == 0 else "", 14) + line for i, line in enumerate(block)]
        return "\n".join(lines)


def _said(detail: Detail, lang: str) -> str:
    """Facts as they are; an error's sentence with its source named as people name it."""
    if isinstance(detail, str):
        return detail
    named = {"source": _name(detail.params["source"], lang)} if "source" in detail.params else {}
    return sentence((detail.key, detail.params | named), lang)


def _name(source: str, lang: str) -> str:
    return say(f"source_{source}", lang) if source in {name for name, _, _ in SOURCES} else source


def _installed_lines(found: Mapping[str, str | None], lang: str) -> list[str]:
    named = [f"{name} {version or say('doctor_missing', lang)}" for name, version in found.items()]
    lines = [" · ".join(part) for part in (named[:2], named[2:7], named[7:])]
    if not _fits(found):
        lines.append(say("doctor_pandas", lang, version=found["pandas"], below=PANDAS_BELOW))
    return lines


def _fits(found: Mapping[str, str | None]) -> bool:
    return int((found["pandas"] or "0").partition(".")[0]) < PANDAS_BELOW


def _file_lines(problems: tuple[Problem, ...], lang: str) -> list[str]:
    first = [f"{p.where}: {sentence(p, lang)}" for p in problems[:3]]
    return [say("doctor_problems", lang, count=len(problems)), *first]


def _store_lines(stored: Stored, now: datetime, lang: str) -> list[str]:
    facts = stored.facts
    lines = [facts["path"]]
    if "size" in facts:
        lines[0] += " · " + say("doctor_place", lang, size=_size(facts["size"]), free=_size(facts["free"]))
    if facts.get("writable") is False:
        lines.append(say("doctor_not_writable", lang))
    if stored.error:
        return [*lines, _said(stored.error, lang)]
    if "version" not in facts:
        return [*lines, say("nothing_stored", lang)]
    run = facts["last_run"] and (facts["last_run"]["finished"] or facts["last_run"]["started"])
    ran = age(now - datetime.fromisoformat(run), lang) if run else DASH
    lines.append(say("doctor_contents", lang, **{**facts, "ran": ran}))
    if facts["damaged"]:
        lines.append(say("doctor_damaged", lang, tickers=_some(facts["damaged"])))
    return lines


def _calendar_line(group: str, found: Mapping[str, Any], lang: str) -> str:
    end = found["bound"] or say("doctor_no_end", lang)
    return _pad(say(f"group_{group}", lang), 12) + end + ("" if found["confirmed"] else f"  {say('unconfirmed', lang)}")


def _source_line(s: Asked, lang: str) -> str:
    head = _pad(say(f"state_{s.state}", lang), 16) + _pad(_name(s.source, lang), 22)
    time = f"{DASH if s.ms is None else s.ms:>6} ms  "
    return head + time + (_said(s.error, lang) if s.error else f"{s.rows} × {s.session or DASH}")


def _finding_line(f: Finding, lang: str) -> str:
    word = "doctor_open" if f.holds is None else "doctor_holds" if f.holds else "doctor_fails"
    why = _said(f.detail, lang)
    if isinstance(f.detail, SourceError):  # its sentence stands in the source's own line
        why = f"{_name(f.detail.params.get('source', DASH), lang)}: {say(f'state_{f.detail.state}', lang)}"
    return _pad(say(word, lang), 16) + f"{say(f.assumption, lang)}  ({why})"


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" +{len(names) - 4}" if len(names) > 4 else "")


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _pad(text: str, width: int) -> str:
    """Filled up to ``width`` columns of a terminal, in which a Chinese character takes two."""
    return text + " " * max(1, width - sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text))
