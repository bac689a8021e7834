"""The table of securities and the boards over the wire: the real akshare against the stand-in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import akshare as ak
import pytest

from basketwatch import clock
from basketwatch.analysis import boards
from basketwatch.analysis.health import facts
from basketwatch.analysis.snapshot import market_snapshot
from basketwatch.domain.model import Universe
from basketwatch.errors import BadAnswer, NoData
from basketwatch.files.baskets import read_universe
from basketwatch.files.notes.index import built, security
from basketwatch.files.notes.search import search
from basketwatch.refresh import run, weekly
from basketwatch.sources import boards as source
from basketwatch.store import notes, opening, securities
from basketwatch.views import health
from basketwatch.words.text import say
from tests.refresh.world import THURSDAY, World
from tests.upstream import exchanges

WEEKLY = ("listing", "boards")


@pytest.fixture
def world(world: World) -> World:
    """An empty store, and a basket that is held against a board; akshare keeps its lists for as long as a process lives."""
    file = world.home / "watchlists/x.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("order = 1\n", 'order = 1\nboard = "CPO概念"\n', 1), "utf-8")
    import akshare.stock.stock_board_concept_em as concepts

    for cached in vars(concepts).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
    return world


def again(world: World, now: datetime, *only: str) -> dict[str, Any]:
    """A run as of a new process."""
    for cached in (ak.stock_info_sh_name_code, ak.stock_info_sz_name_code, ak.stock_info_bj_name_code):
        cached.cache_clear()
    return world.run(now, only=only).report


def stored(world: World) -> dict[str, securities.Row]:
    store = opening.open_reader(world.url)
    assert store
    return {row.ticker: row for row in securities.read(store)}


def test_the_table_has_every_exchange_with_readings(world: World) -> None:
    """Names as the exchanges have them: the spaces in 万  科Ａ are none of the company's."""
    report = again(world, THURSDAY, *WEEKLY)
    assert {p["part"] for p in report["parts"]} == {"listing", "boards"} and all(p["got"] == 1 for p in report["parts"])
    rows = stored(world)
    assert {t.rpartition(".")[2] for t in rows} == {"SH", "SZ", "BJ", "HK"}
    assert rows["300308.SZ"].zh == "中际旭创" and rows["920045.BJ"].zh == "蘅东光" and rows["688205.SH"].zh == "德科立"
    assert rows["00700.HK"].en == "TENCENT" and rows["000002.SZ"].zh.startswith("万科")
    assert {"cxbc", "zxbc"} <= set(rows["300548.SZ"].readings.split("|"))


def test_search_by_the_table_needs_no_pinyin_of_its_own(world: World) -> None:
    again(world, THURSDAY, "listing")
    index = built(Universe(), (security(*row) for row in stored(world).values()))
    assert set(search("jgkj", index)) >= {"688167.SH", "300203.SZ"} and "600519.SH" in search("gzmt", index)
    assert search("tencent", index)[0] == "00700.HK"


def test_no_other_refresh_asks_for_it(world: World) -> None:
    report = world.run(THURSDAY).report
    hosts = set(report["requests"]["by_host"])
    assert not {"query.sse.com.cn", "www.szse.cn", "www.bse.cn"} & hosts and not stored(world)


def test_one_exchange_that_is_down_costs_no_other_one(world: World) -> None:
    again(world, THURSDAY, "listing")
    before = stored(world)
    world.up.fault("www.szse.cn", "", "reset")
    report = again(world, THURSDAY + timedelta(days=7), "listing")
    assert {p["lane"]: p["got"] for p in report["parts"]} == {"sse": 1, "szse": 0, "bse": 1, "sina": 1}
    assert stored(world).keys() == before.keys()


def test_a_name_that_changed_is_kept_as_a_former_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    again(world, THURSDAY, "listing")
    monkeypatch.setitem(exchanges.listings.NAMES, "300548.SZ", "新名字科技")
    again(world, THURSDAY + timedelta(days=7), "listing")
    row = stored(world)["300548.SZ"]
    assert (row.zh, row.former) == ("新名字科技", "长芯博创")


def test_a_list_that_shrank_is_not_believed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    again(world, THURSDAY, "listing")
    monkeypatch.setattr(exchanges, "_of", lambda suffix: [("300308", "中际旭创")] if suffix == "SZ" else [])
    report = again(world, THURSDAY + timedelta(days=7), "listing")
    assert all(p["got"] == 0 for p in report["parts"]) and "00700.HK" in stored(world)


def test_the_board_is_held_against_the_basket(world: World) -> None:
    again(world, THURSDAY, "boards")
    store = opening.open_reader(world.url)
    assert store and json.loads(notes.noted(store, "board_CPO概念") or "")["code"] == "BK1128"
    found = boards.drift(securities.read_board(store, "CPO概念"), ["300308.SZ", "300502.SZ", "688205.SH", "NVDA.US"])
    assert found and [r.ticker for r in found.theirs] == ["002281.SZ", "300394.SZ", "300476.SZ"]
    assert found.ours == ("688205.SH",) and not found.new and not found.gone
    assert found.theirs[0].reason == "公司产品用于该概念（002281）"


def test_who_came_and_who_went(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    again(world, THURSDAY, "boards")
    monkeypatch.setitem(exchanges.MEMBERS, "BK1128", ("300308", "300394", "688205"))
    report = again(world, THURSDAY + timedelta(days=7), "boards")
    assert "79.push2.eastmoney.com" not in report["requests"]["by_host"], "the code is known: one request a board"
    assert report["requests"]["by_host"]["datacenter-web.eastmoney.com"] == 1
    store = opening.open_reader(world.url)
    assert store
    found = boards.drift(securities.read_board(store, "CPO概念"), ["300308.SZ", "300502.SZ"])
    assert found and found.new == {"688205.SH"} and [r.ticker for r in found.gone] == ["300502.SZ"]


def test_a_board_that_nobody_knows_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "BOARDS", {})
    report = again(world, THURSDAY, "boards")
    assert [p["got"] for p in report["parts"]] == [0] and report["parts"][0]["error"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"result": {"pages": 180, "count": 90_000, "data": [{"SECURITY_CODE": "000001"}]}}, BadAnswer),
        (
            {"result": {"pages": 1, "count": 1, "data": [{"SECURITY_CODE": "300308", "NEW_BOARD_CODE": "BK9"}]}},
            BadAnswer,
        ),
        ({"result": {"pages": 1, "count": 1, "data": [{"SECURITY_CODE": "?"}]}}, NoData),
        ({"result": None, "success": False, "code": 9201}, NoData),
        ({"result": None, "success": False, "code": 9501, "message": "x"}, BadAnswer),
        ([], BadAnswer),
    ],
)
def test_answers_that_are_no_board(answer: object, error: type[Exception]) -> None:
    """90,000 rows come where the filter is not understood."""
    with pytest.raises(error):
        source.parse_members(answer, "BK1128")


def test_codes_that_are_none_refuse_the_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beijing's and Hong Kong's fields are taken by place: where another field stands there, nothing is taken."""
    monkeypatch.setattr(exchanges, "_of", lambda suffix: [(f"名{n}", f"2026070{n}") for n in range(9)])
    report = again(world, THURSDAY, "listing")
    assert all(p["got"] == 0 for p in report["parts"]) and not stored(world)


def test_the_weekly_parts_are_no_part_of_a_refresh() -> None:
    assert not set(run.PARTS) & set(run.WEEKLY) and set(run.WEEKLY) == {weekly.LISTING, weekly.BOARDS}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_health_has_words_for_the_weekly_run(world: World, lang: str) -> None:
    world.run(THURSDAY)
    world.up.fault("www.szse.cn", "", "reset")
    again(world, THURSDAY + timedelta(minutes=5), *WEEKLY)
    snapshot = market_snapshot(world.store, read_universe(world.home), clock.now())
    seen = health.look(facts(world.store, clock.now()), snapshot, lang)
    assert say("part_listing", lang) in seen.last_run
    cells = {str(cell) for _, table, _ in seen.tables for cell in table.to_numpy().ravel()}
    assert f"{say('part_listing', lang)} · {say('lane_szse', lang)}" in cells
