"""The feed of Today and the Flags page, as the reader meets them; and what somebody might put into them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from basketwatch import clock
from basketwatch.analysis.flags import reading
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.app import asgi, data
from basketwatch.app.refreshing import refresher
from basketwatch.domain import rules
from basketwatch.files import rulebook
from basketwatch.refresh.flags import update
from basketwatch.sources.demo import market
from basketwatch.store import database, notes, opening, prices
from basketwatch.store import flags as log
from basketwatch.views import flags as flags_view
from basketwatch.words.text import say
from tests.apps import html_of, run
from tests.stores import PROJECT, fill, universe

BEFORE = int((market.NOW - timedelta(days=1)).timestamp())


@pytest.fixture(autouse=True)
def _new_refresher() -> None:
    refresher.clear()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flags") / "live.sqlite"
    update(fill(path, is_demo=False), universe(), market.NOW)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / "home" / folder)
    return tmp_path / "home"


@pytest.fixture
def live(filled: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], database.Store]:
    """Point the pages at a copy of the store and of the files."""

    def point(lang: str = "zh") -> database.Store:
        shutil.copy(filled, tmp_path / "live.sqlite")
        monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
        monkeypatch.setenv("BASKETWATCH_LANG", lang)
        monkeypatch.setenv("BASKETWATCH_DB", str(tmp_path / "live.sqlite"))
        monkeypatch.setenv("BASKETWATCH_HOME", str(home))
        return opening.open_writer(f"sqlite:///{tmp_path}/live.sqlite")[0]

    return point


@pytest.fixture(scope="module")
def snapshot(filled: Path) -> Snapshot:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    return market_snapshot(store, universe(), market.NOW)


def labels(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


def with_flags(snapshot: Snapshot, *rows: dict[str, object]) -> Snapshot:
    """The snapshot with these flags only; each row changes some columns of a stored one."""
    like = snapshot.flags.iloc[[0]].assign(notice=True, state="firing")
    made = [like.assign(**{k: [v] for k, v in row.items()}) for row in rows]
    return replace(snapshot, flags=pd.concat(made, ignore_index=True) if made else snapshot.flags.iloc[:0])


# --- the feed ----------------------------------------------------------------------------------------------------


def test_a_member_that_has_left_is_in_the_log_and_not_in_the_feed(filled: Path, snapshot: Snapshot) -> None:
    store, gone, files = opening.open_reader(f"sqlite:///{filled}"), "300620.SZ", universe()
    assert store is not None and gone in set(snapshot.flags["ticker"])
    left = tuple(replace(b, members=tuple(m for m in b.members if m.ticker != gone)) for b in files.baskets)
    after = market_snapshot(store, replace(files, baskets=left, chains=()), market.NOW)
    assert gone not in set(after.flags["ticker"]) and "300394.SZ" in set(after.flags["ticker"])
    assert gone in set(log.read(store)["ticker"])


def test_one_line_a_stock_led_by_its_loudest_rule(snapshot: Snapshot) -> None:
    feed = flags_view.feed(snapshot, "zh", None, green_up=False)
    assert len(feed.lines) == flags_view.FEED
    assert [line.query.get("ticker") for line in feed.lines[:4]].count("300620.SZ") == 1
    assert all("涨跌停" in line.label for line in feed.lines[:4]), "four stocks at their limits come first"
    first = next(line for line in feed.lines if line.query.get("ticker") == "300620.SZ")
    others = snapshot.flags.loc[(snapshot.flags["ticker"] == "300620.SZ") & snapshot.flags["notice"]]
    assert first.hint is not None and first.hint.count("\n\n") == len(others) - 2
    assert feed.note.startswith(f"{int(snapshot.flags['notice'].sum())} 条 · 截至 A股 7月3日")


def test_what_is_new_since_the_last_look_stands_first(snapshot: Snapshot) -> None:
    old, new = datetime(2026, 7, 1, tzinfo=UTC), market.NOW
    told = with_flags(
        snapshot, {"id": "a", "ticker": "300394.SZ", "severity": "high", "raised_at": old},
        {"id": "b", "ticker": "300308.SZ", "severity": "low", "raised_at": new},
    )  # fmt: skip
    lines = flags_view.feed(told, "zh", BEFORE, green_up=False).lines
    assert [line.query["ticker"] for line in lines] == ["300308.SZ", "300394.SZ"]
    assert lines[0].label.startswith(":primary-badge[新]") and "新]" not in lines[1].label
    assert "1 条为上次查看后新增" in flags_view.feed(told, "zh", BEFORE, green_up=False).note
    first_visit = flags_view.feed(told, "zh", None, green_up=False).lines
    assert [line.query["ticker"] for line in first_visit] == ["300394.SZ", "300308.SZ"], "nothing is new at the first"


def test_what_was_taken_out_of_the_notice_is_not_brought_up(snapshot: Snapshot) -> None:
    told = with_flags(snapshot, {"id": "a", "notice": False}, {"id": "b", "notice": False, "state": "no_data"})
    feed = flags_view.feed(told, "en", None, green_up=False)
    assert feed.lines == () and feed.empty_title
    assert any("1 could not be judged" in line.label for line in feed.more)


def test_a_quiet_day_and_one_that_is_not_judged_are_two_sentences(snapshot: Snapshot) -> None:
    quiet = flags_view.feed(with_flags(snapshot), "zh", None, green_up=False)
    assert (quiet.empty_title, quiet.empty_text) == (
        "今天没有异常。",
        f"{len(rules.DEFAULTS)} 条规则都已判断，没有一条触发。",
    )
    unjudged = flags_view.feed(replace(with_flags(snapshot), judged={}), "zh", None, green_up=False)
    assert "还没有判断过" in unjudged.empty_title and unjudged.note == ""
    assert "没有异常" in flags_view.empty(quiet)


def test_data_flags_come_last_and_colours_follow_the_reader(snapshot: Snapshot) -> None:
    told = with_flags(
        snapshot, {"id": "a", "ticker": "AXTI.US", "severity": "data", "direction": "none"},
        {"id": "b", "ticker": "300308.SZ", "severity": "info", "rule": "gap", "direction": "up"},
        {"id": "c", "ticker": "300394.SZ", "severity": "low", "rule": "pe_percentile", "direction": "up"},
    )  # fmt: skip
    lines = flags_view.feed(told, "en", None, green_up=False).lines
    assert [re.match(r":(\w+)-badge", line.label)[1] for line in lines] == ["orange", "red", "gray"]  # type: ignore[index]
    assert flags_view.feed(told, "en", None, green_up=True).lines[1].label.startswith(":green-badge")


def test_each_line_leads_to_its_stock_basket_or_sector(snapshot: Snapshot) -> None:
    assert flags_view.target(snapshot, "300308.SZ", ("cpo",)) == ("basket", {"basket": "cpo", "ticker": "300308.SZ"})
    assert flags_view.target(snapshot, "basket:ocs", ("ocs",)) == ("basket", {"basket": "ocs"})
    assert flags_view.target(snapshot, "801770.SI", ()) == ("sectors", {"sector": "801770.SI"})
    assert flags_view.target(snapshot, "NVDA.US", ("cpo",)) == ("flags", {"ticker": "NVDA.US"}), (
        "in a chain, in no basket"
    )


def test_today_has_the_feed_beside_the_map_and_the_overnight_panel(live: Callable[[str], database.Store]) -> None:
    live("zh")
    app = run("today")
    assert not app.exception
    assert any("天孚通信涨停" in label for label in labels(app))
    assert "隔夜 美股" in html_of(app) and "异动" in html_of(app)


def test_html_in_a_name_is_shown_to_the_letter(live: Callable[[str], database.Store], home: Path) -> None:
    """A stock called <img …> whose flag was said with that name: on Today, on Flags, and as the chart's mark."""
    store = live("en")
    nasty = "<img src=x onerror=alert(1)> ![t](http://evil.test/p.png) $x$ **b** :red[r]"
    said = log.read(store).iloc[[0]].assign(
        id="limit:300308.SZ:2026-07-03:up", rule="limit", ticker="300308.SZ", basket=[("cpo",)], severity="high",
        session=pd.Timestamp("2026-07-03"), direction="up", state="firing", notice=True,
        reason_en=f"{nasty} closed at its upper limit.", reason_zh=nasty,
    )  # fmt: skip
    log.save(store, said, market.NOW)
    notes.new_version(store)
    app = run("today")
    label = next(text for text in labels(app) if "upper limit" in text and "img src" in text)
    assert r"\<img src\=x" in label and r"\!\[t\]\(" in label and r"\*\*b\*\*" in label and r"\$x\$" in label
    assert "<img" not in html_of(app)
    flags = run("flags")
    assert not flags.exception and "<img" not in html_of(flags)
    assert f"{nasty} closed at its upper limit." in flags.dataframe[0].value["reason"].tolist(), "a cell is text"
    from basketwatch.views import charts

    bars = prices.read_bars(store, ["300308.SZ"], date(2026, 6, 1))
    marks = flags_view.marks(log.read(store).query("ticker == '300308.SZ'").reset_index(drop=True), "en")
    trace = charts.candles(bars, marks, dark=False, green_up=False).data[-1]
    assert "&lt;img" in "".join(trace.text) and "<img" not in "".join(trace.text)


# --- marks -------------------------------------------------------------------------------------------------------


def test_marks_are_one_a_session_above_the_high(snapshot: Snapshot, filled: Path) -> None:
    from basketwatch.views import charts

    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    bars = prices.read_bars(store, ["300620.SZ"], date(2026, 1, 1))
    said = log.read(store).query("ticker == '300620.SZ'").reset_index(drop=True)
    marks = flags_view.marks(said, "zh")
    assert marks["session"].is_unique and len(marks["lines"].iat[-1]) == int((said["session"] == "2026-07-03").sum())
    trace = charts.candles(bars, marks, dark=False, green_up=False).data[-1]
    highs = bars.set_index(bars["session"].dt.strftime("%Y-%m-%d"))["high"]
    assert set(trace.x) <= set(highs.index) and all(y > highs[x] for x, y in zip(trace.x, trace.y, strict=True))
    assert len(charts.candles(bars, marks.iloc[:0], dark=False, green_up=False).data) == 2


# --- the log -----------------------------------------------------------------------------------------------------


def test_the_log_is_narrowed_by_the_url(live: Callable[[str], database.Store]) -> None:
    live("zh")
    app = run("flags", basket="ocs", severity="high", span="250")
    assert not app.exception
    frame = app.dataframe[0].value
    assert len(frame) and set(frame["severity"]) == {"高"} and all("OCS" in b for b in frame["basket"])
    one = run("flags", ticker="300394.SZ", rule="limit").dataframe[0].value
    assert set(one["rule"]) == {"涨跌停"} and all(reason.startswith("天孚通信") for reason in one["reason"])
    assert all("ticker=300394.SZ" in link for link in one["link"])
    odd = run("flags", severity="loud", rule="<b>", basket="../x", ticker="<img src=x>")
    assert not odd.exception and "<img" not in html_of(odd) and any("没有记录" in i.value for i in odd.info)


def test_filters_against_a_plain_loop(filled: Path) -> None:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    said = log.read(store)
    for wanted in (flags_view.Wanted(), flags_view.Wanted(basket="cpo", sessions=5),
                   flags_view.Wanted(rule="gap", severity="low", sessions=20), flags_view.Wanted(ticker="basket:cpo")):  # fmt: skip
        days = sorted(set(said["session"]), reverse=True)[: wanted.sessions]
        expected = [
            row["id"] for row in said.to_dict("records")
            if row["session"] in days and (wanted.basket is None or wanted.basket in row["basket"])
            and wanted.rule in (None, row["rule"]) and wanted.severity in (None, row["severity"])
            and wanted.ticker in (None, row["ticker"])
        ]  # fmt: skip
        assert flags_view.filtered(said, wanted)["id"].tolist() == expected


def test_a_day_s_loudest_stand_on_top(filled: Path, snapshot: Snapshot) -> None:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    frame = flags_view.log(snapshot, log.read(store, since=date(2026, 7, 3)), "en")
    assert frame["severity"].tolist() == sorted(frame["severity"], key=["high", "mid", "low", "info", "data"].index)


def test_a_stock_has_its_newest_flags_with_reasons_and_the_way_to_all(filled: Path, snapshot: Snapshot) -> None:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    said = log.read(store)
    own = said.loc[said["ticker"] == "300394.SZ"]
    shown = flags_view.of_stock(snapshot, said, "300394.SZ", "zh")
    assert shown.count("07-03</span>") == min(6, int((own["session"] == "2026-07-03").sum()))
    assert "天孚通信涨停" in shown and f"全部 {len(own)} 条" in shown and "/flags?ticker=300394.SZ" in shown
    assert shown.count('class="chip"') == 6
    assert "没有异动记录" in flags_view.of_stock(snapshot, said.iloc[:0], "300394.SZ", "zh")


def test_the_log_of_a_phone_says_how_much_of_it_is_shown_and_escapes(filled: Path, snapshot: Snapshot) -> None:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    said = log.read(store)
    shown = flags_view.phone_log(snapshot, said, "en")
    assert shown.count("<a href=") == 40 and f"the newest 40 of {len(said)}" in shown
    few = flags_view.phone_log(snapshot, said.iloc[:2].assign(reason_en="<img src=x>"), "en")
    assert "<img" not in few and few.count("&lt;img") == 2 and "newest" not in few


# --- the editor --------------------------------------------------------------------------------------------------


def button(app: AppTest, label: str):  # type: ignore[no-untyped-def]
    return next(b for b in app.button if b.label == label)


def test_a_threshold_is_tried_and_saved(live: Callable[[str], database.Store], home: Path) -> None:
    live("zh")
    before = (home / rulebook.FILE).read_text("utf-8")
    app = run("flags", edit="gap")
    size = next(n for n in app.number_input if n.label.startswith("缺口大小"))
    assert size.value == 1.0, "fractions are edited in percent"
    size.set_value(5.0)
    app = button(app, "试算一年").click().run()
    assert not app.exception and "最近 250 个交易日" in html_of(app) and "现在的门槛是" in html_of(app)
    assert (home / rulebook.FILE).read_text("utf-8") == before, "trying saves nothing"
    app = button(app, "保存").click().run()
    assert not app.exception and any("已保存" in s.value for s in app.success)
    assert {r.id: r for r in rulebook.read(home).rules}["gap"].values["size"] == 0.05


def test_the_rule_of_the_exchanges_says_which_shares_are_nearest(live: Callable[[str], database.Store]) -> None:
    """Five lines, the nearest first, each with its share of the way; other rules have no such list."""
    live("zh")
    shown = html_of(run("flags", edit="deviation"))
    shares = [int(s) for s in re.findall(r"日偏离值 [+−0-9.]+pp，门槛 [+−]\d+pp，已走完 (-?\d+)%", shown)]
    assert len(shares) == 5 and shares == sorted(shares, reverse=True) and shares[0] <= 100
    assert "离门槛最近" not in html_of(run("flags", edit="gap"))


def test_the_dry_run_counts_what_an_own_evaluation_counts(filled: Path) -> None:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    found = reading.read(store, universe(), market.NOW)
    loose = tuple(replace(r, values={**r.values, "size": 0.03}) if r.id == "gap" else r for r in universe().rules)
    told = flags_view.trial(found, loose, "gap", "en").sentence
    own = reading.dry_run(found, loose).query("rule == 'gap' and state == 'firing'")
    plain = reading.dry_run(found, universe().rules).query("rule == 'gap' and state == 'firing'")
    assert f"fired {len(own)} times in the last 250 sessions" in told and f"present ones: {len(plain)} times" in told
    assert 0 < len(own) < len(plain) and f"last on {own['session'].max():%Y-%m-%d}" in told
    off = tuple(replace(r, enabled=False) if r.id == "gap" else r for r in universe().rules)
    assert flags_view.trial(found, off, "gap", "en").sentence == say("flags_would_off", "en")


def test_two_tabs_the_second_is_told_and_loses_nothing_of_the_first(
    live: Callable[[str], database.Store], home: Path
) -> None:
    live("zh")
    first, second = run("flags", edit="gap"), run("flags", edit="gap")
    for app, value in ((first, 2.0), (second, 3.0)):
        next(n for n in app.number_input if n.label.startswith("缺口大小")).set_value(value)
    assert any("已保存" in s.value for s in button(first, "保存").click().run().success)
    refused = button(second, "保存").click().run()
    assert any("被别人改过" in e.value for e in refused.error)
    assert {r.id: r for r in rulebook.read(home).rules}["gap"].values["size"] == 0.02


def test_a_file_broken_by_hand_is_a_problem_and_cannot_be_saved_over(
    live: Callable[[str], database.Store], home: Path
) -> None:
    live("zh")
    (home / rulebook.FILE).write_text("[gap\nsize = 0.02\n", encoding="utf-8")
    app = run("flags", edit="gap")
    assert not app.exception
    assert any(rulebook.FILE.replace("/", r"\/") in w.value or "flags\\.toml" in w.value for w in app.warning)
    assert button(app, "保存").disabled and not button(app, "试算一年").disabled
    assert (home / rulebook.FILE).read_text("utf-8") == "[gap\nsize = 0.02\n"
    assert len(universe().rules) == len(rules.DEFAULTS)


def test_thresholds_that_contradict_each_other_are_refused(live: Callable[[str], database.Store], home: Path) -> None:
    live("en")
    app = run("flags", edit="high_low")
    next(n for n in app.number_input if n.label.startswith("short window")).set_value(250)
    next(n for n in app.number_input if n.label.startswith("long window")).set_value(60)
    app = button(app, "Save").click().run()
    assert any("nothing was saved" in e.value for e in app.error)
    assert {r.id: r for r in rulebook.read(home).rules}["high_low"].values["short"] == 60


def test_the_demo_market_saves_no_rules(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "demo.sqlite", is_demo=True)
    monkeypatch.setenv("BASKETWATCH_DEMO", "1")
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
    monkeypatch.setenv("BASKETWATCH_LANG", "en")
    monkeypatch.setattr("basketwatch.settings.DEMO_FILE", str(tmp_path / "demo.sqlite"))
    app = run("flags", edit="gap")
    assert not app.exception and button(app, "Save").disabled and not button(app, "Try on a year").disabled
    assert any("demo market saves no rules" in c.value for c in app.caption)
    assert len(app.dataframe[0].value) > 5, "the demo market has flags of its own"


def test_every_threshold_has_a_label_and_fits_its_range() -> None:
    for rule in rules.DEFAULTS:
        for lang in ("zh", "en"):
            for field in flags_view.fields(rule, lang):
                assert field.label and field.least <= field.value <= field.most
                assert round(field.value / field.scale, 8) == pytest.approx(rule.values[field.key])


# --- what came after ---------------------------------------------------------------------------------------------


def test_what_came_after_is_a_row_a_rule_and_direction(filled: Path) -> None:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    found, said = reading.read(store, universe(), market.NOW), log.read(store)
    frame = flags_view.after(found, said, "en")
    fired = said.query("state == 'firing' and severity != 'data'")
    assert frame["n"].sum() == len(fired) and not frame.duplicated(["rule", "direction"]).any()
    closes = reading.closes_of(found)
    one = fired.query("rule == 'limit' and direction == 'up' and session < '2026-05-01'").iloc[-1]
    index = closes[reading.benchmark_of(universe(), one["ticker"])].dropna()
    row = index.index.get_loc(one["session"])
    own = closes[one["ticker"]]
    expected = own[index.index[row + 5]] / own[one["session"]] - index.iloc[row + 5] / index.iloc[row]
    from basketwatch.analysis.flags import outcomes

    each = outcomes.excesses(said.loc[[one.name]], closes, flags_view.benchmarks(universe(), [one["ticker"]]))
    assert each.loc[0, 5] == pytest.approx(expected, abs=1e-12)


def test_the_last_look_is_read_from_the_browser_s_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
    for cookie, look in ((str(BEFORE), BEFORE), ("<script>", None), ("", None), ("99999999999", None)):
        monkeypatch.setattr(type(st.context), "cookies", property(lambda _, c=cookie: {asgi.BEFORE: c}))
        assert data.last_look() == look
