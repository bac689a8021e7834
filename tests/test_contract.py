"""``check --json`` against the contract: names, types, null and never NaN, ISO dates, instants with Z, state words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from math import inf, nan
from pathlib import Path
from typing import Any, get_args

import pytest

from basketwatch import answers, daily, demo, limits, markets, store
from basketwatch.calendars import Phase
from basketwatch.metrics import WINDOWS
from basketwatch.model import House, Problem, State
from tests.stores import calendars, fill, house

Check = Callable[[Any], bool]


def _date(value: Any) -> bool:
    return isinstance(value, str) and date.fromisoformat(value).isoformat() == value


def _instant(value: Any) -> bool:
    return isinstance(value, str) and value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None


def _number(value: Any) -> bool:
    return isinstance(value, float)


def _of(*kinds: type) -> Check:
    return lambda value: type(value) in kinds


def _null_or(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _word(words: Any) -> Check:
    return lambda value: value in get_args(words)


TEXT, COUNT, FLAG = _of(str), _of(int), _of(bool)
RETURNS = {w: _null_or(_number) for w in WINDOWS}
ORIGIN = {
    "session": _null_or(_date), "quote_time": _null_or(_instant), "source": _null_or(TEXT), "stale": FLAG,
    "state": _word(State),
}  # fmt: skip
LISTED = {
    "ticker": markets.is_ticker, "name": TEXT, "name_en": TEXT, "last": _null_or(_number), **ORIGIN, "returns": RETURNS,
    "valuation": _of(type(None)),
}  # fmt: skip
CONSTITUENT = {
    "ticker": markets.is_ticker, "name": TEXT, "name_en": TEXT, "segment": _null_or(TEXT),
    "currency": lambda v: re.fullmatch("[A-Z]{3}", v) is not None,
    **dict.fromkeys(("last", "previous_close", "volume_ratio", "turnover", "market_cap", "high_52w", "low_52w"), _null_or(_number)),
    **ORIGIN, "suspended": FLAG, "returns": RETURNS,
    "limit": {"up": _null_or(_number), "down": _null_or(_number), "state": _word(limits.LimitState)},
    "valuation": _of(type(None)), "flags": lambda v: v == [],
}  # fmt: skip
BASKET = {
    "id": TEXT, "name": {"zh": TEXT, "en": TEXT}, "members": COUNT, "covered": COUNT, "returns": RETURNS, "returns_cap": RETURNS,
    "by_market": {"*": {"returns": RETURNS, "members": COUNT, "covered": COUNT}}, "excess": {"*": RETURNS},
    "breadth": dict.fromkeys(("up", "flat", "down", "limit_up", "limit_down", "suspended"), COUNT),
    "would_rank": {w: _null_or(COUNT) for w in WINDOWS}, "valuation": _of(type(None)), "constituents": [CONSTITUENT],
}  # fmt: skip
CONTRACT = {
    "now": _instant, "demo": FLAG, "version": TEXT,
    "as_of": {"*": {"session": _null_or(_date), "state": _word(Phase), "confirmed": FLAG, "quote_time": _null_or(_instant)}},
    "benchmarks": [LISTED],
    "sectors": [LISTED | {"rank": {w: _null_or(COUNT) for w in WINDOWS}, "of": COUNT}],
    "baskets": [BASKET], "flags": lambda v: v == [],
    "problems": [{"where": TEXT, "message": TEXT, "severity": lambda v: v in ("hard", "soft")}],
}  # fmt: skip


def faults(value: Any, shape: Any, where: str = "") -> list[str]:
    """Where ``value`` is not what ``shape`` asks for: a check, a list of one shape, or names (``*`` stands for any)."""
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where}: no list"]
        return [f for i, item in enumerate(value) for f in faults(item, shape[0], f"{where}[{i}]")]
    if not isinstance(shape, Mapping):
        return [] if shape(value) else [f"{where}: {value!r}"]
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    named = dict.fromkeys(value, shape["*"]) if "*" in shape else shape
    odd = [f"{where}.{name}" for name in set(named) ^ set(value)]
    return odd + [f for name in named if name in value for f in faults(value[name], named[name], f"{where}.{name}")]


def written(answer: dict[str, Any]) -> dict[str, Any]:
    """Through strict JSON and back."""
    return json.loads(json.dumps(answer, ensure_ascii=False, allow_nan=False))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> store.Store:
    return fill(tmp_path_factory.mktemp("contract") / "demo.sqlite", is_demo=True)


@pytest.fixture(scope="module")
def seen(opened: store.Store) -> daily.Picture:
    return daily.picture(opened, house(), demo.NOW)


def test_the_demo_market_keeps_the_contract(seen: daily.Picture) -> None:
    answer = written(answers.check(seen))
    assert faults(answer, CONTRACT) == []
    assert (answer["now"], answer["demo"]) == ("2026-07-03T08:30:00Z", True)
    assert answer["as_of"]["CN"] == {
        "session": "2026-07-03", "state": "closed", "confirmed": True, "quote_time": "2026-07-03T07:00:00Z",
    }  # fmt: skip
    assert answer["as_of"]["US"]["session"] == "2026-07-02"
    assert len(answer["sectors"]) == daily.SECTORS
    assert [b["id"] for b in answer["baskets"]] == [b.id for b in house().baskets]


def test_the_test_notices(seen: daily.Picture) -> None:
    answer = answers.check(seen)
    for spoilt, said in (
        ({"now": "2026-07-03 08:30"}, ".now"), ({"demo": None}, ".demo"), ({"extra": 1}, ".extra"),
        ({"problems": [{"where": "x", "message": "y", "severity": "loud"}]}, ".problems[0].severity"),
    ):  # fmt: skip
        assert faults(answer | spoilt, CONTRACT)[0].startswith(said)


def test_numbers_are_the_picture_s_own_unrounded(seen: daily.Picture) -> None:
    answer, view = written(answers.check(seen)), seen.baskets[0]
    found = answer["baskets"][0]
    assert found["returns"]["1w"] == view.returns["1w"]
    assert found["covered"] == view.covered == int(view.table["1d"].notna().sum())
    for row in found["constituents"]:
        assert row["returns"]["1d"] == answers.number(view.table["1d"][row["ticker"]])
        assert row["returns"]["1d"] is None or abs(row["returns"]["1d"]) < 0.31  # fractions, not percent
    mean = [r["returns"]["1d"] for r in found["constituents"] if r["returns"]["1d"] is not None]
    assert found["returns"]["1d"] == pytest.approx(sum(mean) / len(mean), rel=1e-12)


def test_sectors_are_ranked(seen: daily.Picture) -> None:
    """Against Python's own sort: every window in which all 31 sectors have a return has the ranks 1 to 31."""
    sectors = answers.check(seen)["sectors"]
    for window in WINDOWS:
        best = sorted((s["returns"][window] for s in sectors), reverse=True)
        assert [s["rank"][window] for s in sectors] == [best.index(s["returns"][window]) + 1 for s in sectors]


def test_only_the_baskets_asked_for(seen: daily.Picture) -> None:
    assert [b["id"] for b in answers.check(seen, ["ocs"])["baskets"]] == ["ocs"]


def test_sentences_follow_the_language(seen: daily.Picture) -> None:
    spoilt = replace(seen, problems=(Problem.of("300308.SZ", "never_fetched"),))
    assert [answers.check(spoilt, (), lang)["problems"][0]["message"] for lang in ("en", "zh")] == [
        "No quote has been received yet.", "还没有取到行情。",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, nan, inf, -inf])
def test_what_is_no_number_is_null(value: float | None) -> None:
    assert answers.number(value) is None


@pytest.mark.parametrize("kept", [(), ("300308.SZ",), ("000300.SH",), ("COHR.US", "USDCNY.FX")])
def test_an_almost_empty_store(tmp_path: Path, kept: tuple[str, ...]) -> None:
    """Nothing at all, a share, an index without any capitalisation, a foreign share: quotes only, no bars, no calendars."""
    made = demo.market(house(), calendars())
    opened, _ = store.open_writer(f"sqlite:///{tmp_path}/few.sqlite")
    store.save_quotes(opened, made.quotes.loc[made.quotes["ticker"].isin(kept)])
    answer = written(answers.check(daily.picture(opened, house(), demo.NOW)))
    assert faults(answer, CONTRACT) == []
    assert {r["ticker"] for b in answer["baskets"] for r in b["constituents"] if r["session"]} <= set(kept)
    assert {p["message"] for p in answer["problems"]} >= {"No quote has been received yet."}


def test_no_files_at_all(tmp_path: Path) -> None:
    opened, _ = store.open_writer(f"sqlite:///{tmp_path}/none.sqlite")
    answer = written(answers.check(daily.picture(opened, House(), demo.NOW)))
    assert faults(answer, CONTRACT) == []
    assert answer["baskets"] == answer["sectors"] == answer["problems"] == []
