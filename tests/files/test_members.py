"""Faults of a member. The docstring of a test is the file under test (`watchlists/mine.toml`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketwatch.domain.model import Names, Universe
from basketwatch.files.baskets import read_universe
from basketwatch.words.text import sentence
from tests.files.made import HEAD, MEMBER, params, said, write

# --- faults of a member ------------------------------------------------------------------------------------------


def test_a_good_basket(universe: Universe) -> None:
    """
    [[member]]
    ticker = "920045.BJ"
    name = { zh = "蘅东光", en = "Hengdongguang" }
    reason = { zh = "无源", en = "Passive" }
    since = 2026-11-20
    until = 2026-12-31
    role = "odm"
    """
    assert said(universe) == []
    (basket,) = universe.baskets
    (member,) = basket.members
    assert (member.ticker, member.name["en"], member.role) == ("920045.BJ", "Hengdongguang", "odm")
    assert (str(member.since), str(member.until)) == ("2026-11-20", "2026-12-31")
    assert (basket.file, len(basket.sha256), basket.chain) == ("watchlists/mine.toml", 64, None)


def test_one_bad_member_hides_no_other(universe: Universe) -> None:
    """
    [[member]]
    ticker = "300308.SZ"
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = "soon"

    [[member]]
    ticker = "COHR.US"
    name = { zh = "丙", en = "C" }
    reason = { zh = "丁", en = "D" }
    since = 2026-11-20
    """
    assert said(universe) == [(10, "bad_date", "hard")]
    assert params(universe) == {"field": "since", "found": "soon"}
    assert universe.baskets[0].tickers == ("COHR.US",)


@pytest.mark.parametrize(
    ("ticker", "key", "told"),
    [
        ("300308", "ticker_spelling", {"ticker": "300308", "proper": "300308.SZ"}),
        (".SZ", "ticker_form", {"ticker": ".SZ"}),
        ("300308.", "ticker_form", {"ticker": "300308."}),
        ("300308.sz", "ticker_spelling", {"ticker": "300308.sz", "proper": "300308.SZ"}),
        ("cohr.us", "ticker_spelling", {"ticker": "cohr.us", "proper": "COHR.US"}),
        ("３００３０８.SZ", "ticker_spelling", {"ticker": "３００３０８.SZ", "proper": "300308.SZ"}),
        (" 300308.SZ", "ticker_spelling", {"ticker": " 300308.SZ", "proper": "300308.SZ"}),
        ("600000.SS", "ticker_spelling", {"ticker": "600000.SS", "proper": "600000.SH"}),
        (
            "600000.LSE",
            "unknown_market",
            {"ticker": "600000.LSE", "market": "LSE", "known": "SH, SZ, BJ, HK, US, TW, KS"},
        ),
        ("300308.SH", "ticker_spelling", {"ticker": "300308.SH", "proper": "300308.SZ"}),
        ("830799.BJ", "old_beijing_code", {"ticker": "830799.BJ"}),
        ("430047", "old_beijing_code", {"ticker": "430047"}),
        ("30308.SZ", "bad_code", {"ticker": "30308.SZ", "code": "30308", "market": "SZ"}),
        ("700.HK", "ticker_spelling", {"ticker": "700.HK", "proper": "00700.HK"}),
    ],
)
def test_ticker_faults(ticker: str, key: str, told: dict[str, str], home: Path) -> None:
    write(home, HEAD + MEMBER.format(ticker) + MEMBER.format("COHR.US"))
    universe = read_universe(home)
    assert said(universe) == [(7, key, "hard")]
    assert params(universe) == told
    assert universe.baskets[0].tickers == ("COHR.US",)


@pytest.mark.parametrize("ticker", ["801770.SI", "USDCNY.FX"])
def test_a_sector_or_a_rate_is_no_member(ticker: str, home: Path) -> None:
    write(home, HEAD + MEMBER.format(ticker) + MEMBER.format("COHR.US"))
    assert said(read_universe(home)) == [(7, "unknown_market", "hard")]


@pytest.mark.parametrize("code", ["000001", "NO", "1e3", "2026-11-20"])
def test_a_quoted_code_stays_text(code: str, home: Path) -> None:
    write(home, HEAD + MEMBER.format(f"{code}.SZ") + MEMBER.format("NO.US") + MEMBER.format("000010.SZ"))
    tickers = read_universe(home).baskets[0].tickers
    assert tickers[-2:] == ("NO.US", "000010.SZ")
    assert (tickers[0] == "000001.SZ") is (code == "000001")


def test_ticker_is_a_number(universe: Universe) -> None:
    """
    [[member]]
    ticker = 300308
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    """
    assert said(universe) == [(1, "empty_basket", "soft"), (7, "wrong_type", "hard")]
    assert dict(universe.problems[1].params) == {"field": "ticker", "wanted": '"…"', "found": "300308"}


def test_ticker_without_quotes(universe: Universe) -> None:
    """
    [[member]]
    name = { zh = "甲", en = "A" }
    ticker = 300308.SZ
    """
    assert said(universe) == [(8, "ticker_unquoted", "hard")]
    assert params(universe) == {"ticker": "300308.SZ"}
    assert universe.baskets == ()


def test_unknown_key_with_a_near_one(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20

    untill = 2026-12-31
    """
    assert said(universe) == [(12, "unknown_key_near", "hard")]
    known = "ticker, name, reason, since, until, role, status"
    assert params(universe) == {"field": "untill", "nearest": "until", "known": known}
    assert universe.baskets[0].tickers == ("COHR.US",)


def test_unknown_key_with_none_near(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = { zh = "甲", en = "A", ja = "あ" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    weight.of.it = 3
    """
    assert said(universe) == [(8, "unknown_key", "hard"), (11, "unknown_key", "hard")]
    assert [dict(p.params)["field"] for p in universe.problems] == ["ja", "weight"]


def test_missing_keys(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"

    [[member]]
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    """
    assert said(universe) == [
        (1, "empty_basket", "soft"),
        *[(6, "missing_key", "hard")] * 3,
        (9, "missing_key", "hard"),
    ]
    assert [dict(p.params)["field"] for p in universe.problems[1:]] == ["name", "reason", "since", "ticker"]


def test_wrong_types(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = "Coherent"
    reason = { zh = 1, en = "B" }
    since = 2026-11-20T09:30:00
    role = true
    """
    assert said(universe)[1:] == [
        (8, "wrong_type", "hard"),
        (9, "wrong_type", "hard"),
        (9, "half_name", "soft"),
        (10, "bad_date", "hard"),
        (11, "wrong_type", "hard"),
    ]


def test_half_a_name_serves_both_languages(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = { en = "Coherent", zh = " " }
    reason = { zh = "乙" }
    since = 2026-11-20
    """
    assert said(universe) == [(8, "half_name", "soft"), (9, "half_name", "soft")]
    assert dict(universe.problems[0].params) == {"field": "name", "lang": "zh", "text": "Coherent"}
    assert universe.baskets[0].members[0].name == Names("Coherent", "Coherent")


def test_an_empty_name(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = {}
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    """
    assert said(universe)[1:] == [(8, "missing_key", "hard")]


def test_names_lose_what_breaks_a_line_or_turns_it(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = { zh = "甲\\n乙\\u0000", en = "A\\u202Egnp.exe" }
    reason = { zh = "乙", en = "B\\u2028C" }
    since = 2026-11-20
    """
    assert said(universe) == [
        (8, "control_text", "soft"),
        (8, "bidi_text", "soft"),
        (9, "control_text", "soft"),
    ]
    assert universe.baskets[0].members[0].name == Names("甲乙", "Agnp.exe")
    assert universe.baskets[0].members[0].reason.en == "BC"
    assert all(text.isprintable() for problem in universe.problems for _, text in problem.params)


def test_markup_in_a_name_is_text(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = { zh = "<b>$x$</b>", en = "=HYPERLINK(1)" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    """
    assert said(universe) == []
    assert universe.baskets[0].members[0].name == Names("<b>$x$</b>", "=HYPERLINK(1)")


def test_duplicate_ticker(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20

    [[member]]
    name = { zh = "二", en = "second" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    ticker = "COHR.US"
    """
    assert said(universe) == [(16, "duplicate_ticker", "hard")]
    assert params(universe) == {"ticker": "COHR.US", "first": "7"}
    assert [m.name.en for m in universe.baskets[0].members] == ["A"]


def test_until_before_since(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    until = 2026-11-19
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    """
    assert said(universe)[1:] == [(8, "until_before_since", "hard")]
    assert "2026-11-19" in sentence(universe.problems[1], "zh")  # a date, no instant of a morning
    assert dict(universe.problems[1].params) == {"ticker": "COHR.US", "since": "2026-11-20", "until": "2026-11-19"}


def test_unknown_role(universe: Universe) -> None:
    """
    [[member]]
    ticker = "COHR.US"
    name = { zh = "甲", en = "A" }
    reason = { zh = "乙", en = "B" }
    since = 2026-11-20
    role = "leader"
    """
    assert said(universe) == [(11, "unknown_role", "hard")]
    assert params(universe)["known"] == "core, adjacent, equipment, beneficiary, trigger, odm"
    assert universe.baskets[0].members[0].role == "core"
