"""What a refresh asks of the upstreams and how long it takes. Every upstream answers after the same latency."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.upstream import Upstream

from .bench import IN_SESSION, LATENCY, NEXT_DAY, STORED, Bench, clear
from .report import Metric, count, ratio

WITHOUT_VALUATION = ("--only", "quotes", "--only", "bars", "--only", "sectors")
RATE = 5  # answers a second of the upstream that refuses


def warm(bench: Bench) -> list[Metric]:
    """The day after: a fresh refresh process against a fresh process that fetches the sixty again."""
    bench.filled()
    bench.naive_fetch()
    mine, bare, theirs, asked, fetched = [], [], [], [], []
    bench.upstream.latency = LATENCY
    for _ in range(bench.repetitions):
        store = bench.copy()
        asked.append(_asked(bench, lambda: mine.append(bench.refresh(bench.home("sixty"), store, NEXT_DAY))))  # noqa: B023
        _tell(bench, "warm")
        bare.append(bench.refresh(bench.home("sixty"), bench.copy(), NEXT_DAY, *WITHOUT_VALUATION))
        fetched.append(_asked(bench, lambda: theirs.append(bench.naive_fetch())))
    bench.upstream.latency = 0.0
    return [
        count("requests", "warm refresh of 60", asked, 10, max(fetched), "naive"),
        ratio("requests", "warm refresh of 60, fresh process", mine, theirs, "naive", "s", 0.12),
        ratio("requests", "the same without the valuations", bare, theirs, "naive", "s", None),
    ]


def intraday(bench: Bench) -> list[Metric]:
    """Quotes of everything on Today, while Shanghai trades."""
    asked = []
    for _ in range(bench.repetitions):
        store = bench.copy()
        bench.upstream.latency = LATENCY
        asked.append(_asked(bench, lambda: bench.refresh(bench.home("sixty"), store, IN_SESSION, "--only", "quotes")))  # noqa: B023
        bench.upstream.latency = 0.0
    _tell(bench, "intraday")
    return [count("requests", "intraday refresh", asked, 3, 60, "naive")]


def cold(bench: Bench) -> list[Metric]:
    """An empty store, upstreams that refuse more than ``RATE`` requests a second: how near to the least time."""
    bench.filled()
    hosts = {entry.host for entry in bench.upstream.log}
    times, floors, refused = [], [], []
    store = bench.folder / "cold.sqlite"
    for _ in range(bench.repetitions):
        clear(store)
        seconds, busiest, no = _limited_fill(bench, "sixty", store, hosts)
        times.append(seconds)
        floors.append(busiest / RATE)
        refused.append(no)
    return [
        count("requests", f"cold fill of 60: refused at {RATE}/s", refused, 0),
        ratio(
            "requests",
            "cold fill of 60, fresh process",
            times,
            floors,
            f"requests of the busiest host / {RATE}",
            "s",
            1.15,
        ),
    ]


def many(bench: Bench) -> list[Metric]:
    """Six hundred symbols: filled once against the limit, then the day after, once."""
    hosts = {entry.host for entry in bench.upstream.log}
    store = bench.folder / "many.sqlite"
    seconds, busiest, refused = _limited_fill(bench, "many", store, hosts)
    asked = _asked(bench, lambda: bench.refresh(bench.home("many"), store, NEXT_DAY))
    _tell(bench, "many")
    clear(store)
    return [
        count("requests", f"cold fill of 600: refused at {RATE}/s", [refused], 0),
        ratio("requests", "cold fill of 600, once", [seconds], [busiest / RATE], f"busiest host / {RATE}", "s", 1.15),
        count("requests", "warm refresh of 600", [asked], 25, 600, "naive"),
    ]


def _limited_fill(bench: Bench, home: str, store: Path, hosts: set[str]) -> tuple[float, int, int]:
    """Seconds, requests of the busiest host, refusals. An upstream of its own, since limits stay."""
    usual, bench.upstream = bench.upstream, Upstream(STORED).start()
    try:
        limits = [bench.upstream.limit(f"^{re.escape(host)}$", RATE) for host in hosts]
        seconds = bench.refresh(bench.home(home), store, STORED)
        by_host = Counter(entry.host for entry in bench.upstream.log)
        _tell(bench, f"cold {home} {seconds:.1f} s")
        return seconds, max(by_host.values()), sum(limit.refused for limit in limits)
    finally:
        bench.upstream.stop()
        bench.upstream = usual


def _asked(bench: Bench, work: Callable[[], object]) -> int:
    bench.upstream.log.clear()
    work()
    return len(bench.upstream.log)


def _tell(bench: Bench, name: str) -> None:
    """Which hosts were asked how often, for whoever watches the run."""
    by_host = Counter(entry.host for entry in bench.upstream.log)
    print(f"  {name}: {dict(by_host.most_common())}", file=sys.stderr)
