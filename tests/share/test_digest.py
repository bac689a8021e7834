"""The words stand alone, fit a chat, and hold the numbers of ``check --json``."""

from __future__ import annotations

import random
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from basketwatch.analysis import weekly
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.domain.model import Problem
from basketwatch.refresh.flags import update
from basketwatch.sources.demo import market
from basketwatch.store import opening
from basketwatch.views import digest, json
from basketwatch.words.text import points, say, signed
from tests.stores import fill, universe, without_not_null
from tests.test_holes import KEYS, knock_out


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    store = fill(tmp_path_factory.mktemp("digest") / "demo.sqlite", is_demo=True)
    update(store, universe(), market.NOW)
    return market_snapshot(store, universe(), market.NOW)


def text_of(snapshot: Snapshot, lang: str) -> str:
    words = digest.digest(snapshot, lang)
    assert words is not None and len(words.lines) <= digest.LINES
    assert len(digest.plain(words.lines).split("\n")) == len(words.lines)
    return digest.plain(words.lines)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_numbers_are_those_of_check(demo: Snapshot, lang: str) -> None:
    text, answer = text_of(demo, lang), json.check(demo, (), lang)
    for row in answer["benchmarks"]:
        assert f"{row['name'] if lang == 'zh' else row['name_en']} {signed(row['returns']['1d'])}" in text
    for row, view in zip(answer["baskets"], demo.baskets, strict=True):
        line = next(
            x for x in text.split("\n") if x.startswith(f"{view.basket.short[lang]} {signed(row['returns']['1d'])} (")
        )
        home = row["home"]
        assert f"{say('group_' + home['group'], lang)} {home['covered']}/{home['members']}" in line
        for benchmark in [*row["excess"]][:2]:
            assert points(row["excess"][benchmark]["1d"]) in line
        for part in row["groups"].values():
            assert f"{part['covered']}/{part['members']} {signed(part['returns']['1d'])}" in line
        percentile = int(row["valuation"]["bands"]["3y"]["percentile"] * 100)
        assert f"{say('pe_brief_3y', lang)} p{percentile}" in text
    ups = {c["ticker"] for b in answer["baskets"] for c in b["constituents"] if c["limit"]["state"] in digest._UP}
    assert say("limit_ups", lang, n=len(ups)) in text


def test_it_stands_alone(demo: Snapshot) -> None:
    zh, en = text_of(demo, "zh"), text_of(demo, "en")
    assert zh.startswith("演示 · 虚构价格 · 每日速览 · 2026年7月3日 周五 · 收盘数据")
    assert en.startswith("DEMO · invented prices · Daily digest · Fri 3 Jul 2026 · final")
    assert "A股 7月3日 15:00 已收盘" in zh and "US 2 Jul 16:00" in en and "AXTI.US" in en
    assert (
        "+20.00%" in en.split("Leaders: ")[1].split(",")[0]
        and "New flags " in en
        and not re.search(r"nan|None|\{", zh + en)
    )


def test_provisional_words_say_so(demo: Snapshot) -> None:
    close = demo.markets["CN"].session
    assert close is not None
    soon = digest.digest(replace(demo, now=close.closes + timedelta(minutes=5)), "en")
    assert soon is not None and (soon.final, soon.state) == (False, "provisional") and "provisional" in soon.title
    early = demo.table.assign(final=False, fetched_at=close.closes - timedelta(minutes=10))
    kept = digest.digest(replace(demo, table=early), "en")
    assert kept is not None and kept.final is False, "prices of before the close do not become final by waiting"


def test_live_words_bear_no_badge_and_complete_ones_say_so(demo: Snapshot) -> None:
    text = text_of(replace(demo, demo=False, problems=()), "en")
    assert text.startswith("Daily digest") and "Nothing is missing or stale." in text
    many = tuple(Problem.of(f"{i}.SZ", "never_fetched") for i in range(9))
    assert "Missing or stale 9: " in text_of(replace(demo, problems=many), "en")


def test_many_baskets_share_the_last_line_and_none_is_no_error(demo: Snapshot) -> None:
    lines = text_of(replace(demo, baskets=demo.baskets * 3), "zh").split("\n")
    assert [x.split(" ")[0] for x in lines[3:7]] == ["CPO", "OCS", "液冷", "电源"] and lines[6].count("、") == 8
    assert text_of(replace(demo, baskets=()), "zh")
    assert digest.digest(replace(demo, table=demo.table.iloc[:0], baskets=()), "zh") is None


def test_a_name_cannot_make_a_line_or_markup(demo: Snapshot) -> None:
    view = demo.baskets[0]
    evil = replace(view.basket, short=replace(view.basket.short, zh="a\nb *c* [d](http://e)\u202e"))
    words = digest.digest(replace(demo, baskets=(replace(view, basket=evil),)), "zh")
    assert words is not None and all("\n" not in line.text and "\u202e" not in line.text for line in words.lines)
    assert "\\*c\\*" in digest.markdown(words.lines)


def test_no_new_flags(demo: Snapshot) -> None:
    none = demo.flags.iloc[:0]
    assert "No new flags." in text_of(replace(demo, flags=none), "en")
    assert "have not been judged" in text_of(replace(demo, flags=none, judged={}), "en")


def test_the_week_in_the_words_of_the_report(tmp_path: Path) -> None:
    store = fill(tmp_path / "w.sqlite", is_demo=True)
    week = weekly.week_of(weekly.home_calendar(store), market.NOW)
    snapshot = market_snapshot(store, universe(), week.at)
    words = digest.weekly(snapshot, weekly.review(snapshot, week), "en")
    assert words.kind == "weekly" and words.session == week.last and words.lines[0].text.startswith("DEMO · ")
    assert "This week" in digest.plain(words.lines) and pd.Timestamp(words.session).weekday() == 4


@pytest.fixture(scope="module")
def porous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose tables accept a hole in every column."""
    path = tmp_path_factory.mktemp("porous") / "whole.sqlite"
    store = fill(path, is_demo=True)
    update(store, universe(), market.NOW)
    store.engine.dispose()
    return without_not_null(path)


@pytest.mark.parametrize("seed", range(6))
def test_any_value_may_be_missing(porous: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KEYS, "valuations")  # its rows are packed whole
    path, rng = Path(shutil.copy(porous, tmp_path / "holed.sqlite")), random.Random(seed)
    taken = knock_out(path, rng)
    store = opening.open_reader(f"sqlite:///{path}", demo=True)
    assert store is not None
    for hours in (0, -3, -30, 40):
        snapshot = market_snapshot(store, universe(), market.NOW + timedelta(hours=hours))
        words = digest.digest(snapshot, "en")
        if words is not None:
            assert not re.search(r"\b(nan|NaT|None|inf)\b", digest.plain(words.lines)), taken
