"""Cut to each service's limit: bytes, UTF-16 units, never inside a character, numbers last."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketwatch.domain.chat import SERVICES, Chat, Keys
from basketwatch.share import chats
from basketwatch.share.fitting import clipped, fitted, in_bytes, in_units
from basketwatch.views.digest import FLAGS, FOOT, NUMBERS, TITLE, Line, Words, plain


def made(*lines: Line) -> Words:
    return Words("digest", "zh", date(2026, 7, 3), True, lines)


LONG = made(
    Line("标题", TITLE),
    Line("CPO +1.23%", NUMBERS),
    *(Line("提示" * 200 + "😀", FLAGS) for _ in range(60)),
    Line("非官方", FOOT),
)


@pytest.mark.parametrize("service", SERVICES)
def test_words_fit_and_the_numbers_stay(service: str) -> None:
    chat = Chat("team", service, to="-1", keys=Keys("k"))
    found, (limit, unit) = chats.size_of(chat, LONG), chats.unit_of(chat, LONG)
    measure = in_bytes if unit == "bytes" else in_units
    assert found.size == measure(found.text) <= limit
    assert found.cut is (service != "slack") and "CPO +1.23%" in found.text and "标题" in found.text
    assert ("已删减" in found.text) is found.cut


def test_wecom_takes_markdown_where_text_is_too_small() -> None:
    chat = Chat("team", "wecom", keys=Keys("k"))
    words = made(Line("标题", TITLE), Line("数" * 1000, NUMBERS))
    assert chats.unit_of(chat, words) == (4096, "bytes") and not chats.size_of(chat, words).cut
    assert chats.unit_of(chat, made(Line("标题", TITLE))) == (2048, "bytes")


def test_one_endless_line_is_clipped() -> None:
    found = fitted(made(Line("数" * 10_000, TITLE)), 2048, in_bytes, plain)
    assert found.cut and found.size <= 2048 and found.text.endswith("…")


@pytest.mark.parametrize(("text", "limit", "kept"), [
    ("汉字汉字", 10, "汉字…"), ("👨‍👩‍👧a", 18, "…"), ("é" * 4, 7, "éé…"), ("e\u0301e\u0301e\u0301", 8, "e\u0301…"),
    ("🇨🇳🇺🇸", 15, "🇨🇳…"), ("👍🏽x", 7, "…"), ("abc", 3, "abc"), ("abcd", 2, ""),
])  # fmt: skip
def test_no_character_is_halved(text: str, limit: int, kept: str) -> None:
    assert clipped(text, limit, in_bytes) == kept


@given(st.text(alphabet="汉a😀👍🏽\u200d\u0301🇨🇳", max_size=60), st.integers(3, 80))
def test_whatever_is_clipped_fits_and_is_text(text: str, limit: int) -> None:
    for measure in (in_bytes, in_units):
        found = clipped(text, limit, measure)
        assert measure(found) <= limit and found.encode("utf-8").decode() == found
        assert found == text or text.startswith(found.removesuffix("…"))
