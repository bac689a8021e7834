"""The stand-in of the services, a store, words, and a home with chats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from basketwatch.share import chats
from basketwatch.sources.net import post
from basketwatch.store import opening
from basketwatch.store.database import Store
from basketwatch.views.digest import FLAGS, NUMBERS, TITLE, Line, Words
from tests.share.services import Services, standing


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(chats, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(post, "SECONDS", 30.0)
    with standing(tmp_path) as found:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(found.bundle))
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return opening.open_writer(f"sqlite:///{tmp_path}/s.sqlite")[0]


@pytest.fixture
def words() -> Words:
    lines = (
        Line("每日速览 2026-07-03", TITLE),
        Line("CPO −1.22% (A股 26/26)", NUMBERS),
        Line('<at user_id="all"> & *x*', FLAGS),
    )
    return Words("digest", "zh", date(2026, 7, 3), True, lines)
