"""How numbers, dates and ages are written, and that names stay names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from basketwatch import errors
from basketwatch.domain.model import Problem
from basketwatch.errors import BasketwatchError, Blocked, Unreachable, UsageError
from basketwatch.words import text
from basketwatch.words.catalogue import CATALOGUE

PACKAGE = Path(errors.__file__).resolve().parent


@pytest.mark.parametrize(
    ("items", "zh", "en", "zh_complete", "en_complete"),
    [
        ([], "", "", "", ""), (["A"], "A", "A", "A", "A"), (["A", "B"], "A、B", "A, B", "A和B", "A and B"),
        (["A", "B", "C"], "A、B、C", "A, B, C", "A、B和C", "A, B and C"),
    ],
)  # fmt: skip
def test_lists_have_the_commas_of_their_language(
    items: list[str], zh: str, en: str, zh_complete: str, en_complete: str
) -> None:
    assert (text.listed(iter(items), "zh"), text.listed(iter(items), "en")) == (zh, en)
    assert text.listed(items, "zh", complete=True) == zh_complete
    assert text.listed(items, "en", complete=True) == en_complete


def test_parts_of_a_text_have_the_marks_of_their_language() -> None:
    parts = ["A", "", "B"]
    shown = {kind: (text.joined(parts, "zh", kind), text.joined(parts, "en", kind))
             for kind in ("sentences", "clauses", "phrases")}  # fmt: skip
    assert shown == {"sentences": ("AB", "A B"), "clauses": ("A；B", "A; B"), "phrases": ("A，B", "A, B")}
    assert text.joined(parts, "en") == "A B" and text.joined([], "zh") == ""


@pytest.mark.parametrize(("value", "shown"), [
    (0.012345, "+1.23%"), (-0.00535041, "−0.54%"), (0.0, "0.00%"), (-0.00001, "0.00%"), (float("nan"), "–"),
    (None, "–"), (12.3456, "+1,234.56%"),
])  # fmt: skip
def test_signed_always_prints_its_sign_but_never_one_on_zero(value: float | None, shown: str) -> None:
    assert text.signed(value) == shown


def test_points_are_rounded_from_the_unrounded_difference() -> None:
    """−8.638902 pp prints 8.64; differences of rounded returns would print 8.63 (worked example of a weekly report)."""
    assert text.points(-0.09173943 - -0.00535041) == "−8.64pp"


@pytest.mark.parametrize(("value", "lang", "shown"), [
    (1.41476e12, "zh", "1.41万亿 CNY"), (865_851_000_000, "zh", "8,659亿 CNY"), (865_851_000_000, "en", "866bn CNY"),
    (1.41476e12, "en", "1.41tn CNY"), (None, "en", "–"), (950.0, "en", "950 CNY"),
])  # fmt: skip
def test_money(value: float | None, lang: str, shown: str) -> None:
    assert text.money(value, "CNY", lang) == shown


def test_price_keeps_four_decimals_for_rates() -> None:
    assert (text.price(4842.174), text.price(6.7426), text.price(None)) == ("4,842.17", "6.7426", "–")


def test_days_and_clock() -> None:
    assert text.day(date(2026, 7, 3), "zh", weekday=True) == "7月3日 周五"
    assert text.day(date(2026, 7, 3), "en", weekday=True) == "Fri 3 Jul"
    assert text.clock_time(datetime(2026, 7, 3, 7, 0, tzinfo=UTC), "CN") == "15:00"


@pytest.mark.parametrize(("seconds", "zh", "en"), [
    (12, "12 秒前", "12 s ago"), (-3, "0 秒前", "0 s ago"), (185, "3 分钟前", "3 min ago"), (90_000, "1 天前", "1 d ago"),
])  # fmt: skip
def test_age(seconds: int, zh: str, en: str) -> None:
    assert (text.age(timedelta(seconds=seconds), "zh"), text.age(timedelta(seconds=seconds), "en")) == (zh, en)


PAYLOADS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![t](http://evil.test/p.png)", "[x](javascript:alert(1))",
    "$E=mc^2$ and $12", "**bold** _it_ `code`", "# title", ":material/home: :red[x]", "a\u202eb\u2066c", "line\nbreak\ttab",
    "http://evil.test/p.png", "&lt;b&gt;", "'\"><svg/onload=alert(1)>", "{{7*7}} ${7*7}", "| a | b |", "~~gone~~", "- list",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_escape_leaves_no_markup(payload: str) -> None:
    shown = text.escape(payload)
    assert not re.search(r"[<>\"']", shown)
    assert not re.search(r"[\x00-\x1f\u202a-\u202e\u2066-\u2069]", shown)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_plain_escapes_every_mark_that_could_start_markdown(payload: str) -> None:
    shown = text.plain(payload)
    assert not re.search(r"(?<!\\)[*_`\[\]()#$<>~|:!{}]", re.sub(r"\\\\", "", shown))
    assert "\n" not in shown


def all_errors() -> list[type[BasketwatchError]]:
    found, queue = [], [BasketwatchError]
    while queue:
        kind = queue.pop()
        found.append(kind)
        queue += kind.__subclasses__()
    return [k for k in found if k is not UsageError and k.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", all_errors(), ids=lambda k: k.__name__)
def test_every_error_has_a_sentence_in_both_languages(kind: type[BasketwatchError]) -> None:
    assert kind.key in CATALOGUE
    zh, en = CATALOGUE[kind.key]
    assert zh and en and zh != en


def keys_in_code() -> set[str]:
    """Literal keys given to say(), Problem.of() and UsageError() in the package and the pages."""
    pattern = r"""(?:say\(\s*|UsageError\(\s*|Problem\.of\([^,]+,\s*)["']([a-z0-9_]+)["'](?!\s*\+)"""
    files = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "pages").glob("*.py")]
    return {key for f in files for key in re.findall(pattern, f.read_text(encoding="utf-8"))}


def test_every_key_used_in_code_is_in_the_catalogue() -> None:
    used = keys_in_code()
    assert len(used) > 60
    assert used <= set(CATALOGUE), sorted(used - set(CATALOGUE))


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_both_languages_take_the_same_parameters(key: str) -> None:
    zh, en = (set(re.findall(r"{(\w+)}", t)) for t in CATALOGUE[key])
    assert zh == en


def test_sentence_of_each_thing() -> None:
    fault = Blocked(source="tencent", host="qt.gtimg.cn", detail="403")
    assert text.sentence(fault, "en").startswith("Tencent refused the request (403)")
    assert "qt.gtimg.cn" in text.sentence(fault, "zh")
    assert text.sentence(Problem.of("x", "stale", session="2026-07-01", behind=2), "en") == (
        "The quote is of 2026-07-01; sessions behind: 2."
    )
    assert text.sentence(("no such key", {"detail": "x"}), "en") == "Something went wrong: x."


def test_what_went_wrong_is_said_in_the_reader_s_language() -> None:
    fault = Unreachable(source="sina", host="hq.sinajs.cn", detail="no connection")
    assert "无法连接" in text.sentence(fault, "zh") and "no connection" in text.sentence(fault, "en")
    assert "HTTP 503" in text.sentence(Unreachable(source="sina", host="h", detail="HTTP 503"), "zh")


def test_a_problem_may_have_a_parameter_called_lang() -> None:
    """A basket name that lacks one language: the parameter's name must not collide with the reader's language."""
    fault = Problem.of("watchlists/x.toml:2", "half_name", "soft", field="name", lang="en", text="液冷")
    assert text.sentence(fault, "en") == "“name” has no en, “液冷” is shown in both languages; add it."
