"""Every part of the benchmarks runs, once and on a twentieth of the symbols; a part that nothing runs breaks unnoticed."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks import __main__ as benchmarks
from benchmarks import symbols
from tests.stores import PROJECT


def test_every_part_runs_and_measures(browser_path: str) -> None:
    env = os.environ | {"BENCH_SCALE": "20", "BENCH_BROWSER": browser_path}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny"],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert all(f"{part}: " in done.stderr for part in benchmarks.PARTS)
    assert "the stand-in did not know" not in done.stderr


def test_sixty_are_sixty() -> None:
    assert (len(symbols.SIXTY), symbols.scaled(5500)) == (60, 5500) and len(set(symbols.SIXTY)) == 60
