"""The benchmarks' own readers work on a store of today; a part that nothing runs breaks unnoticed."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks import reading
from tests.stores import fill


def test_the_readers_read_without_a_fault(tmp_path: Path) -> None:
    store = fill(tmp_path / "s.sqlite", is_demo=False)
    took: list[float] = []
    failed: list[str] = []
    reading.reader(f"sqlite:///{store.path}", time.monotonic() + 0.3, took, failed)
    assert took and failed == []
