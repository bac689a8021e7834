"""Bring the store up to date: fetch → check → store. The one writer, run as a process of its own.

Cron and the dashboard start the same command. Everything is written as it arrives, stock by stock, so a run that is
killed continues where it stopped; a failure never deletes or overwrites good data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from basketwatch import clock, memory
from basketwatch.domain import markets
from basketwatch.domain.calendars import settled_days
from basketwatch.domain.model import Problem
from basketwatch.domain.universe import all_tickers, with_stand_ins
from basketwatch.errors import StoreCorrupt
from basketwatch.files.baskets import read_universe
from basketwatch.refresh.calendars import reaching_back, read_calendars
from basketwatch.refresh.damage import drop_future, find_damage
from basketwatch.refresh.early import ask
from basketwatch.refresh.work import Progress, Work
from basketwatch.sources import chains
from basketwatch.sources.net import guard
from basketwatch.store import database, lock, notes, opening, prices, runs
from basketwatch.store import flags as flag_log
from basketwatch.store.database import Store
from basketwatch.words.text import sentence

WEEKLY = ("listing", "boards")  # asked once a week, or by name; in no other refresh
PARTS = ("quotes", "bars", "sectors", "valuation")
LEAST_SECONDS = 120.0
GRACE = 30.0  # seconds after the last request may begin, in which the run comes to its end


def refresh(
    home: Path, url: str, *, only: Sequence[str] = (), years: int = 3, progress: Progress | None = None
) -> tuple[dict[str, Any], int]:
    """One refresh; returns the report of ``refresh --json`` and the exit status.

    Raises RefreshRunning and the store's errors.
    """
    started = clock.now()
    universe = read_universe(home)
    store, damage = opening.open_writer(url)
    with lock.writer_lock(store), lock.kept_open(store):
        watched = guard.Guard(breakers=_stored_breakers(store))
        guard.install(watched)
        try:
            run = runs.start_run(store, started, 0)
            seconds = _seconds(len(all_tickers(universe)) - len(prices.read_series(store)))
            watched.deadline(seconds)
            until = monotonic() + seconds + GRACE
            calendars = prices.read_calendars(store, reaching_back(started.date(), years))
            work = Work(store, universe, run, calendars, years, progress or (lambda *_: None), until)
            _parts(work, only or PARTS, url)
            _weekly(work, only)
        finally:
            guard.uninstall()
            runs.save_breakers(store, [_breaker_row(b) for b in watched.breakers])
        said = _flags(work, only or PARTS) if set(only or PARTS) & set(PARTS) else 0
        report = _report(work, watched, started, damage) | {"flags": said}
        runs.finish_run(store, run, clock.now(), report, [_request_row(r) for r in list(watched.requests)])
        report["version"] = notes.new_version(store)
    return report, status(report, store)


def _weekly(work: Work, only: Sequence[str]) -> None:
    if set(only) & set(WEEKLY):
        from basketwatch.refresh import weekly  # with pinyin, which no other refresh needs

        weekly.update(work, only)


def status(report: Mapping[str, Any], store: Store) -> int:
    """Exit status: 0 all well, 2 a broken file, 3 something is missing or stale, 4 the store has nothing to show."""
    if not prices.read_series(store) and not len(prices.read_quotes(store)):
        return 4
    if any(p["severity"] == "hard" for p in report["problems"]):
        return 2
    whole = all(p["got"] >= p["wanted"] and not p["stale"] for p in report["parts"])
    return 0 if whole and not report["damage"] else 3


def _parts(work: Work, only: Sequence[str], url: str) -> None:
    """Quotes first, because histories are checked against them; doubtful quotes are settled after the histories.

    The mainland's histories are the longest part of a first fill, so nothing but their calendar comes before them.
    """
    if not set(only) & set(PARTS):
        return
    tickers = with_stand_ins(work.universe) if "valuation" in only else all_tickers(work.universe)
    read_calendars(work, {"CN"})
    folder = database.file_of(url)
    _configure_yahoo(folder.parent if folder else Path.cwd() / "data")
    groups = {markets.group(t) for t in tickers} - {"FX"}
    if "quotes" in only and groups <= work.calendars.keys():  # else answers would wait for calendars to be built
        ask(work, tickers)
    memory.load_pandas()  # not before: the first answers come meanwhile
    from basketwatch.refresh import histories, quotes
    from basketwatch.refresh.valuations import part

    mainland = [t for t in tickers if markets.group(t) == "CN" and chains.lane(t) != "sectors"]
    if "bars" in only:
        histories.begin(work, mainland)
    early = part.begin(work, tickers) if "valuation" in only else {}
    read_calendars(work, groups - {"CN"})
    drop_future(work)
    if {"bars", "sectors"} & set(only):
        find_damage(work, tickers)
    if "quotes" in only:
        quotes.update(work, tickers)
    if "bars" in only:
        histories.begin(work, [t for t in tickers if markets.group(t) != "CN"])
    if {"sectors", "valuation"} & set(only):
        sectors = [t for t in tickers if chains.lane(t) == "sectors"]
        histories.update_sectors(work, sectors, closes="sectors" in only, pe="valuation" in only)
    if "bars" in only:
        histories.update(work, [t for t in tickers if chains.lane(t) != "sectors"])
    if "quotes" in only and (work.waiting or any(p.got for p in work.parts if p.part != "quotes")):
        quotes.settle(work, histories_read=len(only) > 1)
    if "valuation" in only:
        part.update(work, tickers, early)
    if "quotes" in only:
        part.record(work)


def _flags(work: Work, only: Sequence[str]) -> int:
    """Judge the rules on settled sessions; returns the number of new flags. Between two closes quotes add none."""
    now, judged = clock.now(), flag_log.judged(work.store)
    closed = settled_days(work.calendars, now)
    if "bars" not in only and all(judged.get(group) == day for group, day in closed.items()):
        return 0
    from basketwatch.refresh import flags

    notes.new_version(work.store)  # what has come is shown, whatever becomes of the rules
    return flags.update(work.store, work.universe, now)


def _configure_yahoo(data: Path) -> None:
    from basketwatch.sources import yahoo

    yahoo.configure(data / "yahoo")


def _seconds(missing: int) -> float:
    """How long requests may be made: three times what a first fill takes at the guard's pace."""
    return max(LEAST_SECONDS, 60 + 3 * 0.3 * missing)


# --- breakers, requests, report ----------------------------------------------------------------------------------


def _stored_breakers(store: Store) -> list[guard.Breaker]:
    return [guard.Breaker(r.host, r.open_until, r.failures, r.reason) for r in runs.read_breakers(store)]


def _breaker_row(b: guard.Breaker) -> dict[str, Any]:
    return {"host": b.host, "open_until": b.open_until, "failures": b.failures, "reason": b.reason}


def _request_row(r: guard.Request) -> dict[str, Any]:
    names = ("at", "source", "host", "path", "status", "ms", "size", "error")
    return {name: getattr(r, name) for name in names}


def _problem(problem: Problem) -> dict[str, str]:
    return {"where": problem.where, "message": sentence(problem), "severity": problem.severity}


def _report(work: Work, watched: guard.Guard, started: datetime, damage: Exception | None) -> dict[str, Any]:
    by_host = dict(sorted(watched.counts().items()))
    return {
        "started": clock.iso(started),
        "finished": clock.iso(clock.now()),
        "requests": {"total": sum(by_host.values()), "by_host": by_host},
        "parts": [p.as_json() for p in work.parts],
        "problems": [_problem(p) for p in work.universe.problems],
        "damage": sentence(damage) if isinstance(damage, StoreCorrupt) else None,
        "skew_seconds": watched.skew,
    }
