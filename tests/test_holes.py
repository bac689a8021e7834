"""Any value of the store may be missing: every command and page goes on, and says nothing that is no number.

Random values of every column that is no key are knocked out of a filled store (NULL where a value is required too, empty
text, infinity, zero; whole rows), a few, a third or all of them, and the clock is put anywhere in a month around it.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from click.testing import CliRunner

from basketwatch import clock
from basketwatch.app.frame import PAGES
from basketwatch.cli import commands
from basketwatch.refresh.flags import update
from basketwatch.sources.demo import market
from basketwatch.store import opening
from tests.apps import html_of, run
from tests.stores import fill, universe, without_not_null

KEYS = {
    "quotes": ["ticker"], "bars": ["ticker", "session"], "factors": ["ticker", "ex_date"], "series": ["ticker"],
    "states": ["ticker", "part"], "valuations": ["ticker", "source", "definition"], "flags": ["id"],
    "sessions": ["market_group", "day"],
}  # fmt: skip
COMMANDS = (["check", "--json"], ["report", "--json"], ["flags", "--json"])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with flags in its log, whose tables accept a hole in every column."""
    path = tmp_path_factory.mktemp("holes") / "whole.sqlite"
    store = fill(path, is_demo=False)
    update(store, universe(), market.NOW)
    store.engine.dispose()
    return without_not_null(path)


def knock_out(path: Path, rng: random.Random) -> list[tuple[str, str, str]]:
    """Take values away; what was taken, for the message of a failure."""
    share, taken, db = rng.choice([20, 300, 1000]), [], sqlite3.connect(path)
    for table, keys in KEYS.items():
        columns = [(name, kind) for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})") if name not in keys]
        where = f"WHERE abs(random()) % 1000 < {share}"
        for name, kind in rng.sample(columns, k=min(len(columns), rng.randint(1, 3))):
            others = ["''"] if kind.startswith(("VARCHAR", "TEXT")) else ["9e999", "0.0"] if kind == "FLOAT" else []
            value = rng.choice(["NULL", "NULL", *others])
            db.execute(f"UPDATE {table} SET {name} = {value} {where}")  # noqa: S608 - names of our own
            taken.append((table, name, value))
        if rng.random() < 0.3:
            db.execute(f"DELETE FROM {table} {where}")  # noqa: S608
            taken.append((table, "rows", "gone"))
    db.commit()
    db.close()
    return taken


@pytest.fixture
def holed(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(seed: int) -> tuple[Path, list[tuple[str, str, str]]]:
        rng = random.Random(seed)
        path = Path(shutil.copy(filled, tmp_path / "holed.sqlite"))
        taken = knock_out(path, rng)
        now = market.NOW + timedelta(minutes=rng.randrange(-20 * 24 * 60, 10 * 24 * 60))
        monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(now))
        monkeypatch.setenv("BASKETWATCH_DB", str(path))
        return path, taken

    return make


@pytest.mark.parametrize("seed", range(8))
def test_commands_and_rules_go_on(seed: int, holed: Any) -> None:
    path, taken = holed(seed)
    for words in COMMANDS:
        done = CliRunner().invoke(commands, words)
        assert done.exception is None or isinstance(done.exception, SystemExit), (words, taken, done.exception)
        if done.stdout.startswith("{"):
            json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name}: {taken}"))
    store, _ = opening.open_writer(f"sqlite:///{path}")
    update(store, universe(), clock.now())


@pytest.mark.parametrize("seed", range(200, 203))
def test_pages_go_on(seed: int, holed: Any) -> None:
    _, taken = holed(seed)
    st.cache_resource.clear()
    st.cache_data.clear()
    for page in PAGES:
        app = run(page, **({"basket": "cpo", "ticker": "300308.SZ"} if page == "basket" else {}))
        assert not app.exception and not app.error, (page, taken, [e.value for e in app.error])
        assert ">nan" not in html_of(app).lower() and ">nat" not in html_of(app).lower(), (page, taken)


def test_a_bug_in_one_panel_leaves_the_rest_and_names_it(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second card's words raise; the other cards, the map and the line of the benchmarks are there."""
    from basketwatch.views import today

    drawn = today.card

    def card(snapshot: Any, view: Any, lang: str) -> str:
        if view.basket.id == "ocs":
            raise AttributeError("NaTType does not support astimezone, token=geheim")
        return drawn(snapshot, view, lang)

    monkeypatch.setattr(today, "card", card)
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
    monkeypatch.setenv("BASKETWATCH_DB", str(filled))
    monkeypatch.setenv("BASKETWATCH_LANG", "zh")
    app = run("today")
    assert not app.exception
    (told,) = [e.value for e in app.error]
    assert "OCS" in told and "AttributeError" in told and "geheim" not in told and "本页其余部分照常" in told
    shown = html_of(app)
    assert "沪深300" in shown and "26/26" in shown and 'class="map"' in shown
