"""The flag rules on matrices beside a loop over rows, and all mainland shares in one run, each in its own process."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import pandas as pd

from basketwatch.analysis import flags
from basketwatch.analysis.flags import Inputs
from basketwatch.analysis.flags.deviation import EXCHANGE_INDEX
from basketwatch.domain import rules
from tests.markets_made import random_market

from . import naive_flags
from .bench import PROJECT, Bench
from .report import Metric, ratio
from .symbols import scaled

SESSIONS = 250
LEAST_FASTER = 50


def evaluation(bench: Bench) -> list[Metric]:
    """60 symbols × 250 sessions against the loop, whose rows must be the same; then 5,500 × 250 with its memory."""
    made = random_market(symbols(scaled(60)), SESSIONS, seed=1)
    begun = time.perf_counter()
    slow = naive_flags.evaluate(made, rules.DEFAULTS)
    beside = time.perf_counter() - begun
    ours = []
    for _ in range(bench.repetitions):
        begun = time.perf_counter()
        found = flags.evaluate(made, rules.DEFAULTS)
        ours.append(time.perf_counter() - begun)
    same(found, slow, made)
    took, memory, rows = all_shares()
    return [
        ratio("flags", f"all rules, 60 × {SESSIONS}, {len(found)} rows", ours, [beside], "row by row", "s", 1 / LEAST_FASTER),
        Metric("flags", f"all rules, 5,500 × {SESSIONS}, {rows:,} rows", took, None, "", "s", "", None),
        Metric("flags", "memory of that run, peak", memory, None, "", "MB", "", None),
    ]  # fmt: skip


def symbols(count: int) -> list[str]:
    """Shares of the main boards, ChiNext and STAR in turns, 31 sectors where there is room, the exchanges' indices."""
    last = [*EXCHANGE_INDEX.values(), "000300.SH"]
    sectors = [f"8010{i:02d}.SI" for i in range(31)] if count > 50 else []
    shares = (
        shape.format(i) for i in range(count) for shape in ("60{:04d}.SH", "00{:04d}.SZ", "30{:04d}.SZ", "688{:03d}.SH")
    )
    kept = [t for t in shares if t != "000001.SZ" and len(t) == 9]
    return [*dict.fromkeys(kept)][: count - len(last) - len(sectors)] + sectors + last


def same(found: pd.DataFrame, slow: dict[naive_flags.Key, float], made: Inputs) -> None:
    """Raise AssertionError unless both sides fire the same flags with the same values."""
    days = {str(day): i for i, day in enumerate(made.sessions)}
    lines = found["ticker"].str.startswith("basket:") & ~found["rule"].str.startswith("basket_")
    ours = found.loc[(found["state"] == "firing") & ~lines]
    keys = zip(
        ours["rule"], ours["ticker"], ours["session"].dt.strftime("%Y-%m-%d").map(days), ours["direction"], strict=True
    )
    fast = dict(zip(keys, ours["value"], strict=True))
    assert fast.keys() == slow.keys(), sorted(fast.keys() ^ slow.keys())[:5]
    assert all(abs(fast[key] - slow[key]) <= 1e-6 * max(1, abs(slow[key])) for key in fast)


def all_shares() -> tuple[float, float, int]:
    """Seconds, peak megabytes and rows of 5,500 symbols, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.flags"], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    seconds, megabytes, rows = done.stdout.split()
    return float(seconds), float(megabytes), int(rows)


def main() -> None:
    """Print what ``all_shares`` reads."""
    made = random_market(symbols(scaled(5500)), SESSIONS, seed=2)
    begun = time.perf_counter()
    found = flags.evaluate(made, rules.DEFAULTS)
    took = time.perf_counter() - begun
    print(f"{took:.3f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} {len(found)}")


if __name__ == "__main__":
    main()
