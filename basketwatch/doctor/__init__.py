"""What is installed, how files and store are, which source answers, and what unverified assumptions turn out to be.

Looks only: the store is opened for reading, stored breakers are respected, and each source gets one light request
(``questions``). What was found is a ``review.Report``.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from importlib import import_module, metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from basketwatch import clock
from basketwatch.doctor.evidence import Heard
from basketwatch.doctor.questions import QUESTIONS, SHARE, SOURCES, Answers, ask, find
from basketwatch.doctor.report import Asked, Finding, Report, Stored
from basketwatch.domain import markets
from basketwatch.domain.model import Universe
from basketwatch.domain.universe import all_tickers
from basketwatch.errors import BasketwatchError, StoreCorrupt
from basketwatch.files.baskets import read_universe
from basketwatch.redact import excerpt
from basketwatch.settings import Settings
from basketwatch.sources import sessions, yahoo
from basketwatch.sources.net import guard
from basketwatch.store import database, notes, opening, prices, runs

PACKAGES = ("streamlit", "akshare", "yfinance", "pandas", "plotly", "sqlalchemy", "exchange_calendars", "curl_cffi")
SOON = timedelta(days=30)  # this close to a calendar's end, its days are not confirmed
EACH, TOGETHER = 8.0, 90.0  # seconds for one source, and for all requests

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


def examine(settings: Settings, now: datetime, *, offline: bool = False, heard: list[Heard] | None = None) -> Report:
    """Look at everything; the network is asked unless ``offline``. Every answer is added to ``heard``."""
    universe, stored = read_universe(settings.home), read_store(settings)
    sources, findings = ((), ()) if offline else _ask_upstreams(settings, stored, now, heard)
    return Report(
        now, offline, versions(), universe.problems, stored, calendars(universe, now, stored.bounds), fonts(), browser(),
        sources, findings,
    )  # fmt: skip


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


def calendars(universe: Universe, now: datetime, stored: Mapping[str, date]) -> dict[str, dict[str, Any]]:
    """Of each market in use: the last day whose sessions are known, and whether it is far enough.

    That is the last stored one, as the pages say; where none are stored the last published one (None: no end).
    """
    groups = sorted({markets.group(t) for t in all_tickers(universe)} - {"FX"})
    ends = {g: stored.get(g) or sessions.bound(g) for g in groups}
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
        store = opening.open_reader(settings.url, demo=settings.demo)
        return Stored(facts) if store is None else _contents(store, facts)
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


def _contents(store: database.Store, facts: dict[str, Any]) -> Stored:
    series, quotes, run = prices.read_series(store), prices.read_quotes(store), runs.last_run(store)
    facts |= {
        "schema": int(notes.noted(store, "schema") or 0),
        "version": notes.version(store),
        "quotes": len(quotes),
        "series": len(series),
        "bars": sum(row._mapping["count"] for row in series.values()),
        "damaged": prices.damaged_series(store),
        "last_run": run and {"started": clock.iso(run.started), "finished": run.finished and clock.iso(run.finished)},
    }
    last, row = prices.last_closes(store).get(SHARE), series.get(SHARE)
    return Stored(
        facts,
        breakers=tuple(guard.Breaker(b.host, b.open_until, b.failures, b.reason) for b in runs.read_breakers(store)),
        new=tuple(t for t, n in zip(quotes["ticker"], quotes["name"], strict=True) if _is_new(t, n))[:3],
        share=(*last, row.source) if last and row else None,
        bounds={group: c.bound for group, c in prices.read_calendars(store).items() if c.bound},
    )


def _is_new(ticker: str, name: object) -> bool:
    """Mainland exchanges write N before the name on the first day, C on the four after it."""
    return markets.group(ticker) == "CN" and re.match(r"[NC][\u4e00-\u9fff]", str(name)) is not None


def _store_fault(fault: Exception, url: str, shown: str) -> BasketwatchError:
    """The error of a store that cannot be read, with nothing secret in it."""
    if "malformed" in str(fault) or "not a database" in str(fault):
        return StoreCorrupt(path=shown, moved="")
    error = fault if isinstance(fault, BasketwatchError) else database.storage_fault(fault, shown)
    error.params["path"] = shown
    if "detail" in error.params:
        error.params["detail"] = excerpt(error.params["detail"].replace(url, shown), 160)
    return error


# --- sources ----------------------------------------------------------------------------------------------------


def _ask_upstreams(
    settings: Settings, stored: Stored, now: datetime, heard: list[Heard] | None
) -> tuple[tuple[Asked, ...], tuple[Finding, ...]]:
    """Every request of the examination, through a guard of its own that knows the stored breakers."""

    def hear(source: str, url: str, body: bytes) -> None:
        parts = urlsplit(url)
        if heard is not None:
            heard.append(Heard(source, parts.hostname or "", parts.path, body))

    watched = guard.Guard(stored.breakers, limits=guard.Limits(total=EACH, call=EACH), hear=hear)
    watched.deadline(TOGETHER)
    answers = Answers(now, stored)
    with TemporaryDirectory(prefix="basketwatch-", ignore_cleanup_errors=True) as spare:
        guard.install(watched)
        try:
            yahoo.configure(_yahoo_folder(settings, Path(spare)))
            sources = tuple(ask(answers, *entry) for entry in SOURCES)
            return sources, tuple(find(answers, name) for name in QUESTIONS)
        finally:
            guard.uninstall()


def _yahoo_folder(settings: Settings, spare: Path) -> Path:
    """Where refreshes keep Yahoo's cookie, if there is such a folder: that saves two requests."""
    path = _place(settings)[1]
    kept = path.parent / "yahoo" if path else spare
    return kept if kept.is_dir() and os.access(kept, os.W_OK) else spare
