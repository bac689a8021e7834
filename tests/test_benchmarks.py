"""The parts of the benchmarks that need no browser: in a file of their own, so that another process can run them."""

from __future__ import annotations

from tests.browser.test_benchmarks import WITHOUT, measured


def test_every_part_without_pages_runs_and_measures() -> None:
    assert measured(WITHOUT) == list(WITHOUT)
