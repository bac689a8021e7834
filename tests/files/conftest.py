"""Fixtures of these tests."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path

import pytest

from basketwatch.domain.model import Universe
from basketwatch.files.baskets import read_universe
from tests.files.made import HEAD, PROJECT, write


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the sector maps of the project and no basket."""
    shutil.copytree(PROJECT / "sector_maps", tmp_path / "sector_maps")
    (tmp_path / "watchlists").mkdir()
    return tmp_path


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A home with the files of the project."""
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def universe(request: pytest.FixtureRequest, home: Path) -> Universe:
    """The universe whose one basket is the docstring of the test."""
    text = inspect.cleandoc(request.function.__doc__) + "\n"
    write(home, HEAD + text if text.startswith("[[") else text)
    return read_universe(home)


@pytest.fixture
def chain_house(request: pytest.FixtureRequest, home: Path) -> Universe:
    """The universe with a basket whose chain, `sector_maps/mine.toml`, is the docstring of the test."""
    write(home, 'chain = "mine"\n' + HEAD)
    write(home, inspect.cleandoc(request.function.__doc__) + "\n", "sector_maps/mine.toml")
    return read_universe(home)
