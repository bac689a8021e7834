"""Every page, cold (its URL as the first request), warm, on an empty store and on the demo market, in both languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from basketwatch import clock
from basketwatch.app.frame import PAGES
from basketwatch.app.refresher import Refresher
from basketwatch.app.refreshing import refresher
from basketwatch.app.schedule import Outcome
from basketwatch.sources.demo import market
from basketwatch.store import notes, prices
from basketwatch.words.text import say
from tests.apps import html_of, run
from tests.stores import PROJECT, fill


@pytest.fixture(autouse=True)
def _new_refresher() -> None:
    refresher.clear()


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("stores")
    for name, is_demo in (("live", False), ("demo", True)):
        fill(folder / f"{name}.sqlite", is_demo=is_demo)
    return {"live": folder / "live.sqlite", "demo": folder / "demo.sqlite", "empty": folder / "none.sqlite"}


@pytest.fixture
def on(stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch):
    """Point the pages at one of the stores, at the demo market's instant."""

    def choose(name: str, lang: str = "zh") -> None:
        monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
        monkeypatch.setenv("BASKETWATCH_LANG", lang)
        monkeypatch.setenv("BASKETWATCH_DB", str(stores[name]))
        monkeypatch.setattr("basketwatch.settings.DEMO_FILE", str(stores["demo"]))
        if name == "demo":
            monkeypatch.setenv("BASKETWATCH_DEMO", "1")

    return choose


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
@pytest.mark.parametrize("name", ["live", "demo", "empty"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_comes_up_whole(page: str, cold: bool, name: str, lang: str, on) -> None:
    on(name, lang)
    app = run(page, cold=cold)
    assert not app.exception
    shown = html_of(app)
    assert say(f"page_{page}", lang) in shown, "the title"
    assert "basketwatch" in shown, "the sidebar, also on a cold deep link"
    assert (say("demo_badge", lang) in shown) == (name == "demo")
    if name == "empty" and page == "edit":  # baskets can be written down before there is any data
        assert say("edit_difference", lang) in shown and say("edit_add", lang) in [b.label for b in app.button]
    elif name == "empty":
        assert say("empty_title", lang) in shown and say("start_demo", lang) in [b.label for b in app.button]


@pytest.mark.parametrize("page", PAGES)
def test_past_the_end_of_the_calendars_a_page_is_drawn_and_says_so(page: str, on, monkeypatch) -> None:
    """The mainland's calendar is published until 2026-12-31; on 5 January 2027 weekdays are assumed."""
    on("live")
    monkeypatch.setenv("BASKETWATCH_NOW", "2027-01-05T08:30:00Z")
    app = run(page)
    assert not app.exception and not app.error and say("unconfirmed", "zh") in html_of(app)


def test_today_shows_every_benchmark_and_basket_with_its_numbers(on) -> None:
    on("live")
    app = run("today")
    shown = html_of(app)
    for name in ("沪深300", "创业板指", "申万通信", "费城半导体", "纳斯达克", "美元兑人民币"):
        assert name in shown
    assert "−0.52%" in shown and "+1.31%" in shown  # CSI 300 and SOX as the demo market tells them
    assert "26/26" in shown and "8/9" in shown, "coverage: the suspended stock has no return"
    assert "停牌 1" in shown and "涨停 1" in shown


def test_basket_of_the_link_is_shown_and_an_unknown_one_is_said(on) -> None:
    on("live")
    assert "11/11" not in html_of(run("basket"))
    app = run("basket", basket="ocs", ticker="COHR.US")
    assert "Coherent" in html_of(app), "the stock of the link is open"
    odd = run("basket", basket="<b>no</b>")
    assert any("没有叫" in w.value for w in odd.warning)
    assert "<b>no</b>" not in odd.warning[0].value


def test_the_basket_says_which_windows_have_no_figure_of_all_members(on) -> None:
    """On 3 July New York has a holiday: its last day is the 2nd, so the day of all members is none."""
    on("live")
    shown = html_of(run("basket", basket="cpo"))
    assert "A股 26/26 · 7月3日" in shown and "美股 2/2 · 7月2日" in shown
    assert "“全部”没有合并的数：各市场的时段不同（当日" in shown


def test_a_stock_that_is_not_in_the_basket_is_said(on) -> None:
    on("live")
    assert any("999999" in w.value for w in run("basket", basket="cpo", ticker="999999.SH").warning)


def test_the_url_names_the_basket_and_forgets_the_stock_of_the_last_one(on) -> None:
    """Also the first one, which another file may be tomorrow; switching baskets is no reason for a warning."""
    on("live")
    app = run("basket")
    assert app.query_params["basket"] == "cpo"
    app = run("basket", basket="cpo", ticker="300308.SZ")
    assert app.query_params["ticker"] == "300308.SZ"
    app.session_state["choice_basket"] = "liquid_cooling"
    app.run()
    assert not app.warning and not app.exception
    assert (app.query_params["basket"], "ticker" in app.query_params) == ("liquid_cooling", False)


def test_a_store_that_was_deleted_says_so_and_not_that_no_source_answered(on, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own refresh had filled it; after one that failed it is the sources that are to blame."""
    at = market.NOW
    worker = Refresher(demo=True)
    for user in ("refreshing", "frame"):
        monkeypatch.setattr(f"basketwatch.app.{user}.refresher", lambda *_: worker)
    for failures, said in ((0, "empty_gone"), (1, "empty_offline")):
        on("empty", "en")
        monkeypatch.setattr(worker, "_last", Outcome(at, at, 0, {"parts": []}))
        monkeypatch.setattr(worker, "_failures", failures)
        assert say(said, "en") in html_of(run("today"))
    monkeypatch.setattr(worker, "_last", None)
    monkeypatch.setattr(worker, "_failures", 0)
    assert say("empty_first", "en") in html_of(run("today"))


def test_names_from_files_are_shown_verbatim(on, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name full of markup reaches the page escaped, in HTML and in Streamlit's markdown places alike."""
    on("live", "en")
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    file = tmp_path / "watchlists" / "cpo.toml"
    nasty = "<img src=x onerror=alert(1)> ![t](http://evil.test/p.png) $x$ **b**"
    text = file.read_text(encoding="utf-8")
    for name in ('en = "CPO"', 'en = "Innolight"', 'en = "Co-packaged optics"'):
        assert name in text
        text = text.replace(name, f"en = '{nasty}'")
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("BASKETWATCH_HOME", str(tmp_path))
    for page in PAGES:
        app = run(page)
        assert not app.exception
        assert "<img" not in html_of(app)
        labels = [link.proto.label for link in app.get("page_link")] + [m.value for m in app.markdown]
        assert not any("![t](" in label or "**b**" in label for label in labels)


def test_a_broken_file_is_on_health_and_hides_no_other(on, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on("live", "en")
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    (tmp_path / "watchlists" / "ocs.toml").write_text('id = "ocs\n', encoding="utf-8")
    monkeypatch.setenv("BASKETWATCH_HOME", str(tmp_path))
    app = run("health")
    assert any("watchlists/ocs.toml:1" in str(frame.value.to_numpy()) for frame in app.dataframe)
    assert "26/26" in html_of(run("today"))


def test_a_damaged_store_is_one_sentence(on, stores: dict[str, Path], tmp_path: Path, monkeypatch) -> None:
    on("live", "en")
    bad = tmp_path / "bad.sqlite"
    bad.write_text("<html>not a database</html>" * 100, encoding="utf-8")
    monkeypatch.setenv("BASKETWATCH_DB", str(bad))
    app = run("today")
    assert not app.exception
    assert "is damaged" in app.error[0].value


def test_a_live_page_never_shows_the_demo_store(on, stores: dict[str, Path], monkeypatch) -> None:
    on("live", "en")
    monkeypatch.setenv("BASKETWATCH_DB", str(stores["demo"]))
    app = run("today")
    assert "demo market" in app.error[0].value
    assert "26/26" not in html_of(app)


def test_a_new_version_is_drawn_and_the_old_picture_is_not_served(on, tmp_path: Path, monkeypatch) -> None:
    """The cache is keyed by the store's version: one changed last price must show."""
    on("live", "en")
    path = tmp_path / "changing.sqlite"
    store = fill(path, is_demo=False)
    monkeypatch.setenv("BASKETWATCH_DB", str(path))
    assert "7.1234" not in html_of(run("today"))
    quotes = prices.read_quotes(store)
    quotes.loc["USDCNY.FX", ["last", "high"]] = 7.1234
    prices.save_quotes(store, quotes)
    notes.new_version(store)
    assert "7.1234" in html_of(run("today"))


def test_the_reader_can_switch_language_and_colours(on) -> None:
    on("live", "zh")
    app = run("today", lang="en", up="green")
    shown = html_of(app)
    assert "Today" in shown and 'class="bw greenup"' in shown


def test_an_empty_store_offers_the_demo_market_and_the_way_back(on) -> None:
    on("empty", "en")
    app = run("today", cold=True)
    next(b for b in app.button if b.key == "start_demo").click().run()
    assert "DEMO" in html_of(app) and "26/26" in html_of(app)
    next(b for b in app.button if b.key == "back_to_live").click().run()
    assert "DEMO" not in html_of(app) and "No data yet" in html_of(app)
