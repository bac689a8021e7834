"""Valuation as people use it: from a PE to what stands behind it, another window, a row of the board."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import demo_home, served

CHART = ".js-plotly-plot .main-svg"
BOARD = "[data-testid=stDataFrame] canvas"


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served("demo", BASKETWATCH_HOME=demo_home(tmp_path_factory.mktemp("demo"))) as url:
        yield url


def clipped(page: Page) -> list[str]:
    """Labels of the chart that reach out of it, or over one another on the right."""
    return page.evaluate(
        """() => { const plot = document.querySelector('.js-plotly-plot').getBoundingClientRect();
        const labels = [...document.querySelectorAll('.js-plotly-plot .annotation-text')]
          .map(e => [e.textContent, e.getBoundingClientRect()]).sort((a, b) => a[1].top - b[1].top);
        const right = labels.filter(([t, r]) => r.left > plot.left + plot.width / 2);
        return [...labels.filter(([t, r]) => r.right > plot.right + 1 || r.left < plot.left - 1),
          ...right.slice(1).filter(([t, r], i) => r.top < right[i][1].bottom - 3)].map(([t]) => t); }"""
    )


def test_a_card_leads_to_the_ledger_of_its_basket(demo_url: str, open_page: Callable) -> None:
    page, watch = open_page(demo_url)
    page.locator("[class*=st-key-pe_cpo] a").click()
    page.wait_for_selector(CHART)
    assert page.url.endswith("/valuation?basket=cpo")
    expect(page.get_by_text("整体 PE（含亏损）").first).to_be_visible()
    expect(page.get_by_text("按今天的成分回溯").first).to_be_visible()
    watch.check()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_tile_opens_its_ledger_in_place(demo_url: str, open_page: Callable, size: str) -> None:
    page, _ = open_page(demo_url, size=size)
    width = page.viewport_size["width"]
    for number in range(5):
        summary = page.locator(".bw .tile details summary").nth(number)
        summary.click()
        sheet = page.locator(".bw .tile details[open] .under")
        expect(sheet).to_have_count(1)
        expect(sheet.get_by_text("获取时间")).to_be_visible()
        box = sheet.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
        summary.click()
        expect(sheet).to_have_count(0)


def test_a_switch_draws_the_chart_and_leaves_the_board(demo_url: str, open_page: Callable) -> None:
    page, watch = open_page(demo_url, "valuation?ticker=COHR.US")
    page.wait_for_selector(CHART)
    page.wait_for_selector(BOARD)
    page.evaluate(f"document.querySelector('{BOARD}').setAttribute('data-seen', 'before')")
    page.get_by_role("radio", name="近五年").click()
    expect(page.get_by_text("近五年（2021-").first).to_be_visible()
    page.get_by_role("radio", name="PE（雅虎 trailing）").click()
    expect(page.get_by_text("样本不足").first).to_be_visible()
    assert "pe_window=5y" in page.url and "pe_series=demo%2Fyahoo_trailing" in page.url
    assert page.locator(f"{BOARD}[data-seen=before]").count() == 1
    watch.check()


def test_a_row_of_the_board_opens_it(demo_url: str, open_page: Callable) -> None:
    page, watch = open_page(demo_url, "valuation?ticker=COHR.US")
    page.wait_for_selector(CHART)
    box = page.locator(BOARD).first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 38 + 30 + 15)  # the second row's own box
    page.wait_for_url(lambda url: "COHR.US" not in url)
    expect(page.locator(CHART).first).to_be_visible()
    watch.check()


def test_on_a_phone_a_row_of_the_board_leads_up_to_its_chart(demo_url: str, open_page: Callable) -> None:
    page, watch = open_page(demo_url, "valuation?ticker=COHR.US", size="phone")
    page.wait_for_selector(CHART)
    board = page.locator(BOARD).first
    board.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = board.bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 38 + 30 * 5 + 15)
    page.wait_for_url(lambda url: "COHR.US" not in url)
    link = page.locator(".totop")
    expect(link).to_be_in_viewport()
    link.click()
    expect(page.locator(CHART).first).to_be_in_viewport()
    watch.check()


@pytest.mark.parametrize("look", ["quantiles", "sigma", "channel"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_no_label_of_the_chart_is_clipped(demo_url: str, open_page: Callable, size: str, look: str) -> None:
    page, _ = open_page(demo_url, f"valuation?ticker=300308.SZ&pe_window=10y&pe_chart={look}", size=size)
    page.wait_for_selector(CHART)
    page.wait_for_timeout(700)
    assert clipped(page) == []
