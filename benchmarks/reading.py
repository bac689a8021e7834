"""A process that reads a store as open pages do, for some seconds: ``python -m benchmarks.reading URL SECONDS``.

Prints a JSON object: milliseconds of each read, and what failed.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import timedelta

from basketwatch.store import notes, opening, prices, runs

from .bench import STORED
from .symbols import SIXTY

READERS = 4
PAUSE = 0.02


def look(url: str, ticker: str) -> None:
    """What a page reads when it looks for a new version and opens a stock."""
    store = opening.open_reader(url)
    if store is None:
        raise RuntimeError("no store")
    notes.version(store)
    prices.freshness(store, SIXTY)
    runs.last_run(store)
    prices.read_quotes(store)
    runs.read_states(store)
    prices.read_bars(store, [ticker], (STORED - timedelta(days=370)).date())


def reader(url: str, until: float, took: list[float], failed: list[str]) -> None:
    """Read until the time is over."""
    for ticker in SIXTY * 100:
        if time.monotonic() > until:
            return
        started = time.perf_counter()
        try:
            look(url, ticker)
        except Exception as fault:
            failed.append(f"{type(fault).__name__}: {fault}"[:200])
        took.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE)


def main(url: str, seconds: float) -> None:
    """Four readers side by side."""
    took: list[float] = []
    failed: list[str] = []
    look(url, SIXTY[0])  # the imports of the first read are not what is measured
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=reader, args=(url, until, took, failed)) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"took": took, "failed": failed}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
