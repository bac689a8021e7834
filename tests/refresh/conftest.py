"""Stores at the start of a test of the refresh."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from basketwatch.sources import yahoo
from tests.refresh.world import (
    FRIDAY,
    THURSDAY,
    TUESDAY,
    World,
    filled_homes,
    make_home,
    quick,
    reset,
)
from tests.upstream import Upstream


@pytest.fixture(scope="module")
def ups() -> Iterator[Upstream]:
    """One stand-in for the module; every test finds it without faults."""
    with Upstream() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.env().items():
            patch.setenv(name, value)
        yahoo._session.cache_clear()  # an earlier stand-in's certificate authority is in it
        yield running


@pytest.fixture(scope="module")
def filled(ups: Upstream, tmp_path_factory: pytest.TempPathFactory) -> dict[datetime, Path]:
    """Homes whose stores were filled on Tuesday and on Thursday, to be copied."""
    return filled_homes(ups, tmp_path_factory)


@pytest.fixture
def world(ups: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty store."""
    quick(monkeypatch)
    make_home(tmp_path)
    yield World(tmp_path, ups, monkeypatch)
    reset(ups)


@pytest.fixture
def thursday(world: World, filled: dict[datetime, Path]) -> World:
    """Filled on Thursday after the close; the clock stands at Friday after the close: only quotes are needed."""
    shutil.copytree(filled[THURSDAY], world.home, dirs_exist_ok=True)
    return world.at(FRIDAY)


@pytest.fixture
def tuesday(world: World, filled: dict[datetime, Path]) -> World:
    """Filled on Tuesday; the clock stands at Friday after the close: every history has a gap."""
    shutil.copytree(filled[TUESDAY], world.home, dirs_exist_ok=True)
    return world.at(FRIDAY)
