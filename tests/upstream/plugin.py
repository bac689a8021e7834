"""The pytest fixture. Register with ``pytest_plugins = ["tests.upstream.plugin"]`` in the top conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import Upstream


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """A fresh stand-in for one test; the environment of this process (and its children) points at it."""
    with Upstream() as running:
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        yield running
