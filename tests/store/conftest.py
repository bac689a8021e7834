"""Fixtures of these tests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.store.made import (
    PG,
    Pair,
    file_url,
    reader,
    writer,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield file_url(tmp_path)
        return
    if not PG:
        pytest.skip("BASKETWATCH_TEST_PG_URL is not set")
    name, engine = f"t{random.getrandbits(48):x}", create_engine(PG)
    with engine.begin() as c:
        c.execute(text(f"CREATE SCHEMA {name}"))
    yield make_url(PG).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    with engine.begin() as c:
        c.execute(text(f"DROP SCHEMA {name} CASCADE"))


@pytest.fixture
def pair(url: str) -> Pair:
    return writer(url), reader(url)
