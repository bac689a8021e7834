"""The Edit page in real Chromium: a cell typed into, two people at one basket, a phone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from basketwatch import clock
from basketwatch.files.editing import sheet_of
from basketwatch.sources.demo import market
from tests.browser.conftest import served
from tests.stores import PROJECT, fill

GRID = "[data-testid=stDataFrame] canvas"
PATIENCE = 30_000  # milliseconds: no test here is about time
SECOND = "688313.SH"  # of the basket OCS


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server on a live store of the demo market's rows, and the file of OCS."""
    for folder in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    fill(tmp_path / "live.sqlite", is_demo=False)
    env = {"HOME": str(tmp_path), "DB": str(tmp_path / "live.sqlite"), "NOW": clock.iso(market.NOW)}
    with served("serve", **{f"BASKETWATCH_{name}": value for name, value in env.items()}) as url:
        yield url, tmp_path / "watchlists" / "ocs.toml"


def at_the_grid(open_page: Callable, url: str, **how: object) -> Page:
    page, _ = open_page(url, "edit?basket=ocs", **how)
    page.wait_for_selector(GRID)
    page.wait_for_timeout(900)
    return page


def type_reason(page: Page, text: str) -> None:
    """Type into the second row's reason, as a person does."""
    box = page.locator(GRID).first.bounding_box()
    assert box
    editor = page.locator("#portal textarea").first
    for _ in range(5):  # the canvas listens a moment after it is drawn
        page.mouse.dblclick(box["x"] + 330, box["y"] + 35 + 30 + 15)
        try:
            editor.wait_for(timeout=3000)
            break
        except TimeoutError:
            continue
    editor.fill(text)
    editor.press("Enter")
    expect(page.get_by_text(f"→ {text}")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1000)  # the rest of the page is being drawn anew


def reason(file: Path) -> str:
    return str(sheet_of(file.read_text(encoding="utf-8")).members[SECOND]["reason"]["zh"])


def write_it(page: Page) -> None:
    page.get_by_role("button", name="保存 1 处改动").click()
    page.get_by_role("button", name="写入 watchlists/ocs.toml").click()


def test_a_cell_is_typed_moved_saved_and_taken_back(open_page: Callable, home: tuple[str, Path]) -> None:
    """The edit stays on its ticker although the rows change places, and survives a reload."""
    url, file = home
    before, page = file.read_bytes(), at_the_grid(open_page, url)
    type_reason(page, "改过 <b>的</b> 理由")
    page.get_by_role("button", name="下移").click()
    page.get_by_text("成员次序：").wait_for(timeout=PATIENCE)
    page.reload()
    page.get_by_text("成员次序：").wait_for()
    assert file.read_bytes() == before
    page.get_by_role("button", name="保存 2 处改动").click()
    page.get_by_role("button", name="写入 watchlists/ocs.toml").click()
    expect(page.get_by_text("已保存 2 处改动")).to_be_visible(timeout=PATIENCE)
    assert reason(file) == "改过 <b>的</b> 理由" and next(iter(sheet_of(file.read_text()).members)) == SECOND
    page.get_by_text("历史版本").click()
    page.get_by_role("button", name="撤销上次保存").click()
    expect(page.get_by_text("已撤销")).to_be_visible(timeout=PATIENCE)
    assert file.read_bytes() == before


def test_two_people_at_one_cell(open_page: Callable, home: tuple[str, Path]) -> None:
    """Each browser has its own draft; who saves second is asked, with both values."""
    url, file = home
    one, two = at_the_grid(open_page, url), at_the_grid(open_page, url)
    type_reason(one, "甲的理由")
    expect(two.get_by_text("甲的理由")).not_to_be_visible()
    type_reason(two, "乙的理由")
    write_it(one)
    expect(one.get_by_text("已保存 1 处改动")).to_be_visible(timeout=PATIENCE)
    two.get_by_role("button", name="保存 1 处改动").click()
    expect(two.get_by_text("保存的是“甲的理由”，你的是“乙的理由”").first).to_be_visible(timeout=PATIENCE)
    write = two.get_by_role("button", name="写入 watchlists/ocs.toml")
    expect(write).to_be_disabled(timeout=PATIENCE)
    assert reason(file) == "甲的理由"
    two.get_by_text("用我的").click()
    expect(write).to_have_count(1, timeout=PATIENCE)  # the button of before may stand beside while the page is drawn
    expect(write).to_be_enabled(timeout=PATIENCE)
    write.click()
    expect(two.get_by_text("已保存 1 处改动")).to_be_visible(timeout=PATIENCE)
    assert reason(file) == "乙的理由"


def order_of(page: Page) -> list[str]:
    return [str(item.get_attribute("data-ticker")) for item in page.locator(".order li").all()]


def test_members_are_moved_with_the_keyboard_and_dragged(open_page: Callable, home: tuple[str, Path]) -> None:
    """Two presses faster than the server answers move by two; a dragged row lands where it was dropped; then saved."""
    url, file = home
    page, before = at_the_grid(open_page, url), list(sheet_of(file.read_text(encoding="utf-8")).members)
    page.get_by_text("成员次序").click()
    rows = page.locator(".order li")
    expect(rows).to_have_count(len(before), timeout=PATIENCE)
    rows.nth(2).focus()
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    wanted = [before[2], before[0], before[1], *before[3:]]
    assert order_of(page) == wanted and page.evaluate(
        "[...document.querySelectorAll('*')].map(e => e.shadowRoot?.activeElement?.dataset?.ticker).find(Boolean)"
    ) in (before[2], None)
    expect(page.get_by_text("成员次序：")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(2000)  # a hand does not drag while the page is being drawn
    rows.nth(0).drag_to(rows.nth(3))
    wanted = [*before[:2], before[3], before[2], *before[4:]]
    page.wait_for_timeout(2500)
    assert order_of(page) == wanted
    page.reload()
    expect(page.get_by_text("成员次序：")).to_be_visible(timeout=PATIENCE)
    write_it(page)
    expect(page.get_by_text("已保存 1 处改动")).to_be_visible(timeout=PATIENCE)
    assert list(sheet_of(file.read_text(encoding="utf-8")).members) == wanted


def test_a_link_brings_its_members_to_be_ticked(open_page: Callable, home: tuple[str, Path]) -> None:
    page, _ = open_page(home[0], "edit?basket=ocs&members=300001.SZ~300308.SZ~%3Cscript%3E")
    expect(page.get_by_text("已在篮子里")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="加入草稿")).to_be_disabled(timeout=PATIENCE)
    assert "<script>" not in page.get_by_label("粘贴代码或名单").input_value()
    link = page.get_by_text("/edit?basket=ocs&members=").inner_text()
    assert link.startswith(home[0]) and "300308.SZ~" in link.replace("%7E", "~")


def test_the_page_fits(open_page: Callable, home: tuple[str, Path]) -> None:
    """On a phone and on a desk, before and after a change; what comes in is said in words."""
    said = {"zh": "加入 300001.SZ（300001.SZ）", "en": "300001.SZ (300001.SZ) comes in"}
    for size, lang in (("phone", "zh"), ("phone", "en"), ("desktop", "en")):
        page = at_the_grid(open_page, home[0], size=size, lang=lang, dark=size == "phone")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_label({"zh": "代码或名称", "en": "Code or name"}[lang]).fill("300001.SZ")
        page.keyboard.press("Enter")
        expect(page.get_by_text(said[lang])).to_be_visible(timeout=PATIENCE)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_pasted_list_is_ticked_and_saved(open_page: Callable, home: tuple[str, Path]) -> None:
    """Two rows are offered, one is ticked; what is in the basket already is named and cannot be ticked."""
    url, file = home
    page = at_the_grid(open_page, url)
    page.get_by_text("导入名单").click()
    page.get_by_label("粘贴代码或名单").fill("###观察\nSZSE:300001,SZSE:300002,SZSE:300308")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("已在篮子里")).to_be_visible(timeout=PATIENCE)
    into = page.get_by_role("button", name="加入草稿")
    expect(into).to_be_disabled(timeout=PATIENCE)
    rows = page.locator("[data-testid=stDataFrame]").nth(1)
    rows.scroll_into_view_if_needed()
    page.wait_for_timeout(900)
    box = rows.bounding_box()
    assert box
    page.mouse.click(box["x"] + 28, box["y"] + 33 + 15)
    expect(into).to_be_enabled(timeout=PATIENCE)
    into.click()
    expect(page.get_by_text("300001.SZ（300001.SZ）：观察")).to_be_visible(timeout=PATIENCE)
    write_it(page)
    expect(page.get_by_text("已保存 1 处改动")).to_be_visible(timeout=PATIENCE)
    members = sheet_of(file.read_text(encoding="utf-8")).members
    assert members["300001.SZ"]["reason"] == {"zh": "观察"} and "300002.SZ" not in members
    with page.expect_download() as download:
        page.get_by_role("button", name="导出 CSV").click()
    assert download.value.suggested_filename == "ocs.csv"
    assert "300001.SZ" in Path(str(download.value.path())).read_text(encoding="utf-8-sig")


def test_a_pasted_note_is_ticked_and_saved_with_its_sentence(open_page: Callable, home: tuple[str, Path]) -> None:
    """Of two that may be meant both are offered, neither is ticked; who is in the basket is named; a secret is gone."""
    url, file = home
    page = at_the_grid(open_page, url)
    page.get_by_text("粘贴研报或聊天").click()
    page.get_by_label("研报、新闻、聊天的文字").fill("首推天孚通信，密码：abc123。关注钜光科枝与中际旭创。")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("已在篮子里")).to_be_visible(timeout=PATIENCE)
    rows = page.locator("[data-testid=stDataFrame]").nth(1)
    rows.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    box = rows.bounding_box()
    assert box and "abc123" not in page.locator("[data-testid=stDataFrame]").nth(1).inner_text()
    page.mouse.click(box["x"] + 28, box["y"] + 33 + 15)
    into = page.get_by_role("button", name="加入草稿")
    expect(into).to_be_enabled(timeout=PATIENCE)
    into.click()
    expect(page.get_by_text("加入 天孚通信（300394.SZ）：首推天孚通信")).to_be_visible(timeout=PATIENCE)
    write_it(page)
    expect(page.get_by_text("已保存 1 处改动")).to_be_visible(timeout=PATIENCE)
    reason_of = sheet_of(file.read_text(encoding="utf-8")).members["300394.SZ"]["reason"]["zh"]
    assert reason_of.startswith("首推天孚通信，密码：…") and "abc123" not in file.read_text(encoding="utf-8")


def test_a_map_is_edited_as_text(open_page: Callable, home: tuple[str, Path]) -> None:
    """What the reader would refuse is said and not written; what is right is written and taken back."""
    url, file = home
    chain = file.parents[1] / "sector_maps" / "cpo.toml"
    before = chain.read_text(encoding="utf-8")
    page, _ = open_page(url, "chain?chain=cpo")
    page.get_by_text("编辑 sector_maps/cpo.toml").click()
    box = page.get_by_label("sector_maps/cpo.toml")
    for text, said in (
        (before.replace('"came"', '"maybe"'), "没有状态“maybe”"),
        (before.replace('"came"', '"ahead"'), '+state    = "ahead"'),
    ):
        box.fill(text)
        box.press("Control+Enter")
        expect(page.get_by_text(said).first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="写入 sector_maps/cpo.toml").click()
    expect(page.get_by_text("已写入 sector_maps/cpo.toml")).to_be_visible(timeout=PATIENCE)
    assert chain.read_text(encoding="utf-8") == before.replace('"came"', '"ahead"')
    page.get_by_role("button", name="撤销上次保存").click()
    expect(page.get_by_text("已撤销")).to_be_visible(timeout=PATIENCE)
    assert chain.read_text(encoding="utf-8") == before
