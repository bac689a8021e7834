"""Do readers notice that a refresh writes? Four readers, idle and while every history is read again."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from .bench import NEXT_WEEK, PROJECT, Bench
from .report import Metric, count, ratio
from .symbols import SCALE

SECONDS = 7.0 / SCALE


def readers(bench: Bench) -> list[Metric]:
    """Interleaved: the same store alone, then under a refresh that rewrites all its histories, stock by stock."""
    idle, busy, failed = [], [], 0
    for _ in range(bench.repetitions):
        store = bench.copy()
        alone = _read(bench, store)
        writer = threading.Thread(target=bench.refresh, args=(bench.home("sixty"), store, NEXT_WEEK))
        writer.start()
        beside = _read(bench, store)
        if not writer.is_alive():
            print("  the refresh ended before the readers", file=sys.stderr)
        writer.join()
        idle.append(alone["took"])
        busy.append(beside["took"])
        failed += len(alone["failed"]) + len(beside["failed"])
        print(f"  p50 {median(idle[-1]):.1f} → {median(busy[-1]):.1f} ms, {beside['failed'][:2]}", file=sys.stderr)
    return [
        count("readers", "failed or locked reads", [failed], 0),
        ratio(
            "readers",
            "p95 of a read during a refresh",
            [_p95(t) for t in busy],
            [_p95(t) for t in idle],
            "idle",
            "ms",
            1.5,
        ),
    ]


def _read(bench: Bench, store: Path) -> dict[str, list[Any]]:
    command = [sys.executable, "-m", "benchmarks.reading", f"sqlite:///{store}", str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=bench.environment(), check=True)
    found: dict[str, list[Any]] = json.loads(done.stdout)
    return found


def _p95(took: list[float]) -> float:
    return quantiles(took, n=20)[-1]
