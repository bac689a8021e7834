"""The Share page: the picture as the command draws it, its files, and the words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from basketwatch import clock
from basketwatch.app.refreshing import refresher
from basketwatch.sources.demo import market
from tests import apps
from tests.stores import fill


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("share") / "live.sqlite"
    fill(path, is_demo=False)
    return path


@pytest.fixture
def page(live: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv("BASKETWATCH_DB", str(live))
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
    refresher.clear()
    return lambda **query: apps.run("share", **query)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("card", ["", "cpo", "flags", "sectors", "weekly", "300308.SZ", "no_such"])
def test_every_kind_is_shown_or_said_to_be_empty(card: str, lang: str, page: Callable[..., AppTest]) -> None:
    """An unknown one in the address is the first one."""
    app = page(lang=lang, **({"card": card} if card else {}))
    assert not app.exception and not app.error
    assert len(app.get("image")) + len(app.info) == 1
    assert {"PNG", "SVG", "PDF"} <= {b.label for b in app.get("download_button")} or app.info


def test_the_words_are_those_of_the_digest(page: Callable[..., AppTest]) -> None:
    """As ``send`` would send them, and no more than fifteen lines."""
    app = page(lang="zh")
    shown = app.code[0].value
    assert "CPO" in shown and "26/26" in shown and 3 < len(shown.splitlines()) <= 15
