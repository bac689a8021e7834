"""The pages as people see them: real Chromium, both sizes, both languages, light and dark, and what a click does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from basketwatch import clock
from basketwatch.sources.demo import market
from basketwatch.store import notes, prices
from tests.browser.conftest import demo_home, picture, served
from tests.stores import PROJECT, fill

READY = {
    "today": ".bw .map",
    "basket": "[data-testid=stDataFrame] canvas",
    "valuation": ".js-plotly-plot .main-svg",
    "edit": "[data-testid=stDataFrame] canvas",
    "health": "[data-testid=stDataFrame] canvas",
}
PATHS = {
    "today": "",
    "basket": "basket?basket=cpo&ticker=300394.SZ",
    "valuation": "valuation?ticker=300308.SZ&pe_window=10y",
    "edit": "edit?basket=cpo",
    "health": "health",
}
LOOKS = [("desktop", "zh", False), ("desktop", "en", True), ("phone", "zh", True), ("phone", "en", False)]


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served("demo", BASKETWATCH_HOME=demo_home(tmp_path_factory.mktemp("demo"))) as url:
        yield url


def overflow(page: Page) -> list[str]:
    """Texts of our own panels that are wider than the window; scrolling boxes may be."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.bw .tile,.bw .row,.bw .facts,.bw .dots,.bw .cell')]
        .filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.innerText.slice(0, 60))"""
    )


@pytest.mark.parametrize("name", list(PATHS))
@pytest.mark.parametrize(("size", "lang", "dark"), LOOKS)
def test_page_is_whole_at_every_size(
    demo_url: str, open_page: Callable, name: str, size: str, lang: str, dark: bool
) -> None:
    page, watch = open_page(demo_url, PATHS[name], size=size, lang=lang, dark=dark)
    page.wait_for_selector(READY[name])
    expect(page.get_by_text("DEMO" if lang == "en" else "演示 · 虚构价格").first).to_be_visible()
    page.wait_for_timeout(700)
    picture(page, f"{name}-{size}-{lang}-{'dark' if dark else 'light'}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert overflow(page) == []
    watch.check()


def test_first_screen_of_today_holds_everything(demo_url: str, open_page: Callable) -> None:
    """At 1440×900 the strip, the cards, the map and the overnight panel are on the first screen."""
    page, _ = open_page(demo_url)
    page.wait_for_selector(READY["today"])
    page.wait_for_timeout(700)
    bottoms = page.evaluate(
        "[...document.querySelectorAll('.bw .tile,.bw .pair,.bw .map')].map(e => e.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) > 10 and max(bottoms) <= 900


def test_a_card_opens_its_basket_and_a_row_its_stock(demo_url: str, open_page: Callable) -> None:
    page, watch = open_page(demo_url)
    page.get_by_role("link", name="OCS 光电路交换").click()
    canvas = page.locator("[data-testid=stDataFrame] canvas").first
    canvas.wait_for()
    page.wait_for_timeout(800)
    assert page.url.endswith("/basket?basket=ocs")
    box = canvas.bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 38 + 15)  # the first row's own box: the biggest riser of the day
    page.wait_for_url("**/basket?basket=ocs&ticker=300620.SZ")
    expect(page.get_by_text("数据台账")).to_be_visible()
    page.reload()
    expect(page.get_by_text("数据台账")).to_be_visible()
    watch.check()


@pytest.mark.parametrize("name", ["basket", "health"])
def test_a_deep_link_is_whole_as_the_first_request_of_a_server(open_page: Callable, tmp_path: Path, name: str) -> None:
    with served("demo", BASKETWATCH_HOME=demo_home(tmp_path)) as url:
        page, watch = open_page(url, PATHS[name])
        page.wait_for_selector(READY[name])
        expect(page.get_by_text("CPO · OCS · 液冷")).to_be_visible()
        expect(page.get_by_role("link", name="今日")).to_be_visible()
        watch.check()


def test_nothing_planted_in_a_name_runs_or_is_fetched(open_page: Callable, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, home / folder)
    file = home / "watchlists" / "cpo.toml"
    nasty = '<img src=http://evil.test/a.png onerror="window.hit=1"> ![t](http://evil.test/p.png) $x^2$ :red[b]'
    text = file.read_text(encoding="utf-8")
    for old in ('zh = "CPO"', 'zh = "中际旭创"', 'zh = "共封装光学"'):
        assert old in text
        text = text.replace(old, f"zh = '{nasty}'")
    file.write_text(text, encoding="utf-8")
    fill(tmp_path / "live.sqlite", is_demo=False)
    env = {
        "BASKETWATCH_HOME": str(home),
        "BASKETWATCH_DB": str(tmp_path / "live.sqlite"),
        "BASKETWATCH_NOW": clock.iso(market.NOW),
    }
    with served("serve", **env) as url:
        for name, path in (
            ("today", ""),
            ("basket", "basket?basket=cpo&ticker=300308.SZ"),
            ("edit", "edit?basket=cpo"),
            ("health", "health"),
        ):
            page, watch = open_page(url, path)
            page.wait_for_selector(READY[name])
            page.wait_for_timeout(1200)
            assert page.evaluate("window.hit") is None
            assert "![t](http://evil.test/p.png) $x^2$ :red[b]" in page.inner_text("body") or name == "health"
            watch.check()


def test_new_data_appear_in_place(open_page: Callable, tmp_path: Path) -> None:
    """A refresh by another process shows within seconds; scroll position, basket and open stock stay."""
    store = fill(tmp_path / "live.sqlite", is_demo=False)
    dead = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
    with served("serve", BASKETWATCH_DB=str(tmp_path / "live.sqlite"), **dead) as url:
        page, _ = open_page(url, "basket?basket=ocs&ticker=688205.SH")
        page.wait_for_selector(READY["basket"])
        ledger = page.get_by_text("数据台账")
        ledger.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        before = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
        assert before > 0
        quotes = prices.read_quotes(store)
        bars = prices.read_bars(store, ["688205.SH"]).tail(1)
        prices.save_bars(store, bars.assign(final=False))
        quotes.loc["688205.SH", ["last", "high"]] = 18.88
        prices.save_quotes(store, quotes)
        notes.new_version(store)
        expect(page.locator(".bw .dots", has_text="18.88")).to_be_visible(timeout=20_000)
        page.wait_for_timeout(500)
        assert abs(page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") - before) < 40
        assert page.url.endswith("ticker=688205.SH")
        expect(ledger).to_be_visible()


def test_offline_with_an_empty_store_the_page_explains_and_offers_the_demo(open_page: Callable, tmp_path: Path) -> None:
    dead = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
    with served("serve", BASKETWATCH_DB=str(tmp_path / "none.sqlite"), **dead) as url:
        page, watch = open_page(url, lang="en")
        expect(page.get_by_text("No source has answered yet.")).to_be_visible(timeout=90_000)
        picture(page, "empty-desktop-en-light")
        page.get_by_role("button", name="See the demo market").click()
        page.wait_for_selector(READY["today"])
        expect(page.get_by_text("DEMO · invented prices")).to_be_visible()
        watch.check()
