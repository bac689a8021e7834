"""Every part of the benchmarks runs, once and on a twentieth of the symbols; a part that nothing runs breaks unnoticed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from benchmarks import __main__ as benchmarks
from benchmarks import symbols
from tests.stores import PROJECT

WITH_PAGES = ("startup", "tabs", "clicks", "payload", "modules", "band_chart", "switches")
WITHOUT = tuple(part for part in benchmarks.PARTS if part not in WITH_PAGES)


def measured(parts: Sequence[str], **more: str) -> list[str]:
    """Those of the parts that ran, once and on a twentieth of the symbols, in a process of their own."""
    env = os.environ | {"BENCH_SCALE": "20"} | more
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny", *parts],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "the stand-in did not know" not in done.stderr
    return [part for part in parts if f"{part}: " in done.stderr]


def test_every_part_with_pages_runs_and_measures(browser_path: str) -> None:
    assert measured(WITH_PAGES, BENCH_BROWSER=browser_path) == list(WITH_PAGES)


def test_sixty_are_sixty() -> None:
    assert (len(symbols.SIXTY), symbols.scaled(5500)) == (60, 5500) and len(set(symbols.SIXTY)) == 60
