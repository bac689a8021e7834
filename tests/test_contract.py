"""``check --json`` against the contract: names, types, null and never NaN, ISO dates, instants with Z, state words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from math import inf, nan
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from basketwatch.analysis import weekly
from basketwatch.analysis.flags.market import CAUSES
from basketwatch.analysis.prices import WINDOWS
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.analysis.valuation.bands import FIXED, LEAST
from basketwatch.analysis.valuation.bands import WINDOWS as SPANS
from basketwatch.domain import limits, markets, rules
from basketwatch.domain.calendars import Phase
from basketwatch.domain.model import Problem, State, Universe
from basketwatch.sources.demo import market
from basketwatch.store import database, opening, prices
from basketwatch.views import json as json_view
from basketwatch.views import sectors, today
from basketwatch.views.basket import summary
from basketwatch.words.text import signed
from tests.stores import calendars, fill, universe

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
BAND_NUMBERS = ("mean", "std", "q10", "q30", "q50", "q70", "q90", "min", "max")
BAND = {"n": COUNT, "from": _date, "to": _date, **dict.fromkeys(BAND_NUMBERS, _number),
        "percentile": _null_or(lambda v: _number(v) and 0 <= v <= 1), "z": _null_or(_number)}  # fmt: skip
FEW = {"n": lambda v: type(v) is int and v < LEAST, "insufficient": lambda v: v is True}
BANDS = {"*": lambda v: faults(v, FEW if "insufficient" in v else BAND) == []}
# a loss has no PE, and what has none is null
PE = {
    "ticker": markets.is_ticker, "pe_ttm": _null_or(lambda v: _number(v) and v > 0), "definition": TEXT, "source": TEXT,
    "session": _date, "losing": FLAG, "weekly": FLAG, "fetched_at": _instant,
}  # fmt: skip
VALUATION = PE | {
    "bands": BANDS, **dict.fromkeys(("price", "market_cap", "profit", "eps"), _null_or(_number)), "market_cap_source": TEXT,
    "others": [PE | {"difference": _null_or(_number)}],
}  # fmt: skip
AGGREGATE = {
    **dict.fromkeys(("earnings_yield", "pe_positive", "pe_median", "coverage", "losing_cap_share"), _null_or(_number)),
    **dict.fromkeys(("positive", "losing_count", "covered", "members"), COUNT),
}  # fmt: skip
BASKET_VALUATION = AGGREGATE | {
    "market": lambda v: v in markets.GROUPS, "pe_ttm": _null_or(_number),
    "definition": lambda v: v == "aggregate_ttm", "source": _null_or(TEXT),
    "session": _null_or(_date), "losing": FLAG, "bands": BANDS, "members_with_history": COUNT,
    "all_markets": AGGREGATE | {"pe_ttm": _null_or(_number)}, "by_market": {"*": AGGREGATE | {"pe_ttm": _null_or(_number)}},
}  # fmt: skip
VALUED: Check = lambda v: v is None or faults(v, VALUATION) == []  # noqa: E731 - stands among the other checks
LISTED = {
    "ticker": markets.is_ticker, "name": TEXT, "name_en": TEXT, "last": _null_or(_number), **ORIGIN, "returns": RETURNS,
    "valuation": VALUED,
}  # fmt: skip
CONSTITUENT = {
    "ticker": markets.is_ticker, "name": TEXT, "name_en": TEXT, "segment": _null_or(TEXT),
    "currency": lambda v: re.fullmatch("[A-Z]{3}", v) is not None,
    **dict.fromkeys(("last", "previous_close", "volume_ratio", "turnover", "market_cap", "high_52w", "low_52w"), _null_or(_number)),
    **ORIGIN, "suspended": FLAG, "returns": RETURNS,
    "limit": {"up": _null_or(_number), "down": _null_or(_number), "state": _word(limits.LimitState)},
    "bars_52w": COUNT, "traded": _null_or(_date), "valuation": VALUED,
    "flags": lambda v: set(v) <= set(rules.SPECS) and len(v) == len(set(v)),
}  # fmt: skip
COVERAGE = dict.fromkeys(WINDOWS, COUNT)
BREADTH = dict.fromkeys(("up", "flat", "down", "limit_up", "limit_down", "suspended"), COUNT)
BASKET = {
    "id": TEXT, "name": {"zh": TEXT, "en": TEXT}, "members": COUNT, "covered": COUNT, "returns": RETURNS, "returns_cap": RETURNS,
    "coverage": COVERAGE, "coverage_cap": COVERAGE,
    "home": {"group": _word(Literal["CN", "HK", "US", "TW", "KR"]), "members": COUNT, "covered": COUNT, "session": _null_or(_date)},
    "groups": {"*": {
        "returns": RETURNS, "coverage": COVERAGE, "members": COUNT, "covered": COUNT, "session": _null_or(_date), "breadth": BREADTH,
    }},
    "returns_all": RETURNS, "coverage_all": COVERAGE, "not_comparable": {"*": {"zh": TEXT, "en": TEXT}},
    "excess": {"*": RETURNS}, "breadth": BREADTH,
    "would_rank": {w: _null_or(COUNT) for w in WINDOWS}, "valuation": BASKET_VALUATION, "constituents": [CONSTITUENT],
}  # fmt: skip
SAID = {
    "id": TEXT, "rule": lambda v: v in rules.SPECS, "ticker": lambda v: markets.is_ticker(v) or v.startswith("basket:"),
    "basket": lambda v: all(type(b) is str for b in v), "session": _date,
    "direction": lambda v: v in ("up", "down", "none"), "severity": lambda v: v in rules.SEVERITIES,
    "value": _null_or(_number), "threshold": _null_or(_number), "reason": {"zh": TEXT, "en": TEXT}, "raised_at": _instant,
    "state": lambda v: v in ("firing", "no_data"), "notice": FLAG,
    "cause": _null_or(lambda v: v in CAUSES[1:]), "provisional": FLAG,
}  # fmt: skip
CONTRACT = {
    "now": _instant, "demo": FLAG, "version": TEXT,
    "as_of": {"*": {"session": _null_or(_date), "state": _word(Phase), "confirmed": FLAG, "quote_time": _null_or(_instant)}},
    "benchmarks": [LISTED],
    "sectors": [LISTED | {"rank": {w: _null_or(COUNT) for w in WINDOWS}, "of": COUNT}],
    "baskets": [BASKET], "flags": [SAID],
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
def store(tmp_path_factory: pytest.TempPathFactory) -> database.Store:
    return fill(tmp_path_factory.mktemp("contract") / "demo.sqlite", is_demo=True)


@pytest.fixture(scope="module")
def snapshot(store: database.Store) -> Snapshot:
    return market_snapshot(store, universe(), market.NOW)


def test_the_demo_market_keeps_the_contract(snapshot: Snapshot) -> None:
    answer = written(json_view.check(snapshot))
    assert faults(answer, CONTRACT) == []
    assert (answer["now"], answer["demo"]) == ("2026-07-03T08:30:00Z", True)
    assert answer["as_of"]["CN"] == {
        "session": "2026-07-03", "state": "closed", "confirmed": True, "quote_time": "2026-07-03T07:00:00Z",
    }  # fmt: skip
    assert answer["as_of"]["US"]["session"] == "2026-07-02"
    assert len(answer["sectors"]) == markets.SECTORS
    assert [b["id"] for b in answer["baskets"]] == [b.id for b in universe().baskets]


def test_the_test_notices(snapshot: Snapshot) -> None:
    answer = json_view.check(snapshot)
    for spoilt, said in (
        ({"now": "2026-07-03 08:30"}, ".now"), ({"demo": None}, ".demo"), ({"extra": 1}, ".extra"),
        ({"problems": [{"where": "x", "message": "y", "severity": "loud"}]}, ".problems[0].severity"),
    ):  # fmt: skip
        assert faults(answer | spoilt, CONTRACT)[0].startswith(said)


def test_numbers_are_the_picture_s_own_unrounded(snapshot: Snapshot) -> None:
    answer, view = written(json_view.check(snapshot)), snapshot.baskets[0]
    found = answer["baskets"][0]
    assert found["returns"]["1w"] == view.returns["1w"]
    assert found["covered"] == view.covered == int(view.table["1d"].notna().sum())
    for row in found["constituents"]:
        assert row["returns"]["1d"] == json_view.number(view.table["1d"][row["ticker"]])
        assert row["returns"]["1d"] is None or abs(row["returns"]["1d"]) < 0.31  # fractions, not percent
    home = [r for r in found["constituents"] if markets.group(r["ticker"]) == found["home"]["group"]]
    mean = [r["returns"]["1d"] for r in home if r["returns"]["1d"] is not None]
    assert found["home"] | {"session": None} == {
        "group": "CN", "members": len(home), "covered": len(mean), "session": None,
    }  # fmt: skip
    assert found["returns"]["1d"] == pytest.approx(sum(mean) / len(mean), rel=1e-12)


def test_one_number_for_one_thing(snapshot: Snapshot) -> None:
    """A basket's week is the same in the JSON, on the card, on the Basket page, among the sectors and in the review."""
    answer = {b["id"]: b for b in json_view.check(snapshot)["baskets"]}
    board = sectors.board(snapshot, "1w", "zh").set_index("key")
    week = weekly.week_of(snapshot.calendars["CN"], market.NOW)
    reviewed = {b.id: b.returns["1w"] for b in weekly.review(snapshot, week).baskets}
    for view in snapshot.baskets:
        key, value = view.basket.id, answer[view.basket.id]["returns"]["1w"]
        assert value == board["value"][key] == pytest.approx(reviewed[key], rel=1e-12)
        for shown in (today.card(snapshot, view, "zh"), summary(snapshot, view, "zh")):
            assert signed(value) in shown and signed(answer[key]["returns"]["1d"]) in shown
        members = [r["returns"]["1w"] for r in answer[key]["constituents"] if markets.group(r["ticker"]) == view.home]
        known = [r for r in members if r is not None]
        assert value == pytest.approx(sum(known) / len(known), rel=1e-12)


def test_sectors_are_ranked(snapshot: Snapshot) -> None:
    """Against Python's own sort: every window in which all 31 sectors have a return has the ranks 1 to 31."""
    sectors = json_view.check(snapshot)["sectors"]
    for window in WINDOWS:
        best = sorted((s["returns"][window] for s in sectors), reverse=True)
        assert [s["rank"][window] for s in sectors] == [best.index(s["returns"][window]) + 1 for s in sectors]


def test_valuations_say_what_they_are(snapshot: Snapshot) -> None:
    """The demo market's loss-makers, its newly listed share, an index by its fund, and the two series of ChiNext."""
    answer = written(json_view.check(snapshot))
    of = {r["ticker"]: r["valuation"] for b in answer["baskets"] for r in b["constituents"]}
    of |= {r["ticker"]: r["valuation"] for r in (*answer["benchmarks"], *answer["sectors"])}
    assert of["USDCNY.FX"] is None
    for losing in ("300249.SZ", "LITE.US"):
        assert (of[losing]["losing"], of[losing]["pe_ttm"]) == (True, None)
        assert of[losing]["profit"] < 0
        assert of[losing]["bands"]["5y"]["percentile"] is None
        assert of[losing]["bands"]["5y"]["mean"] > 0
    assert set(of["301486.SZ"]["bands"]) == {*SPANS, FIXED}
    assert all(band.get("insufficient") for band in of["301486.SZ"]["bands"].values())
    assert (of["^SOX.US"]["ticker"], of["^SOX.US"]["definition"]) == ("SOXX.US", "etf_trailing")
    assert (of["399006.SZ"]["definition"], of["399006.SZ"]["weekly"]) == ("danjuan_weekly", True)
    assert [other["definition"] for other in of["399006.SZ"]["others"]] == ["cnindex_rolling"]
    assert of["399006.SZ"]["others"][0]["difference"] == pytest.approx(
        of["399006.SZ"]["others"][0]["pe_ttm"] / of["399006.SZ"]["pe_ttm"] - 1, rel=1e-12
    )


def test_a_basket_s_pe_is_the_sum_of_its_members(snapshot: Snapshot) -> None:
    """Σ market cap ÷ Σ profit of what the same answer says of the members, at the rates of the same answer."""
    answer = written(json_view.check(snapshot))
    rate = {"CNY": 1.0, "USD": next(b["last"] for b in answer["benchmarks"] if b["ticker"] == "USDCNY.FX")}
    basket = next(b for b in answer["baskets"] if {r["currency"] for r in b["constituents"]} == {"CNY", "USD"})
    known = [(r["valuation"], rate[r["currency"]]) for r in basket["constituents"]]
    home = [(v, to) for v, to in known if to == 1]
    for found, members in ((basket["valuation"]["all_markets"], known), (basket["valuation"], home)):
        cap, profit = (sum(v[name] * to for v, to in members) for name in ("market_cap", "profit"))
        assert found["earnings_yield"] == pytest.approx(profit / cap, rel=1e-12)
        assert found["pe_ttm"] == pytest.approx(cap / profit, rel=1e-12)
        assert (found["losing_count"], found["members"]) == (sum(v["losing"] for v, _ in members), len(members))
    assert basket["valuation"]["market"] == "CN"
    assert basket["valuation"]["bands"]["3y"]["to"] == basket["valuation"]["session"]


def test_flags_are_those_of_the_latest_session_and_name_themselves(snapshot: Snapshot) -> None:
    """Each id is rule:ticker:session:direction, once; a member's rules are those that fire for it in the list."""
    answer = written(json_view.check(snapshot))
    said = answer["flags"]
    assert len(said) > 10 and len({f["id"] for f in said}) == len(said)
    assert all(f["id"] == ":".join((f["rule"], f["ticker"], f["session"], f["direction"])) for f in said)
    assert {f["session"] for f in said} <= {"2026-07-03", "2026-07-02"}, "the US was shut on the 3rd"
    firing = {(f["ticker"], f["rule"]) for f in said if f["state"] == "firing"}
    for basket in answer["baskets"]:
        for row in basket["constituents"]:
            assert {(row["ticker"], rule) for rule in row["flags"]} == {f for f in firing if f[0] == row["ticker"]}
    limits_said = {f["ticker"] for f in said if f["rule"] == "limit"}
    assert limits_said == {"300394.SZ", "002536.SZ", "300620.SZ", "300548.SZ"}, "the demo market's own table"


def test_only_the_baskets_asked_for(snapshot: Snapshot) -> None:
    assert [b["id"] for b in json_view.check(snapshot, ["ocs"])["baskets"]] == ["ocs"]


def test_sentences_follow_the_language(snapshot: Snapshot) -> None:
    spoilt = replace(snapshot, problems=(Problem.of("300308.SZ", "never_fetched"),))
    assert [json_view.check(spoilt, (), lang)["problems"][0]["message"] for lang in ("en", "zh")] == [
        "No quote has been received yet.", "还没有取到行情。",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, nan, inf, -inf])
def test_what_is_no_number_is_null(value: float | None) -> None:
    assert json_view.number(value) is None


@pytest.mark.parametrize("kept", [(), ("300308.SZ",), ("000300.SH",), ("COHR.US", "USDCNY.FX")])
def test_an_almost_empty_store(tmp_path: Path, kept: tuple[str, ...]) -> None:
    """Nothing at all, a share, an index without any capitalisation, a foreign share: quotes only, no bars, no calendars."""
    made = market.market(universe(), calendars())
    store, _ = opening.open_writer(f"sqlite:///{tmp_path}/few.sqlite")
    prices.save_quotes(store, made.quotes.loc[made.quotes["ticker"].isin(kept)])
    answer = written(json_view.check(market_snapshot(store, universe(), market.NOW)))
    assert faults(answer, CONTRACT) == []
    assert {r["ticker"] for b in answer["baskets"] for r in b["constituents"] if r["session"]} <= set(kept)
    assert {p["message"] for p in answer["problems"]} >= {"No quote has been received yet."}


def test_no_files_at_all(tmp_path: Path) -> None:
    store, _ = opening.open_writer(f"sqlite:///{tmp_path}/none.sqlite")
    answer = written(json_view.check(market_snapshot(store, Universe(), market.NOW)))
    assert faults(answer, CONTRACT) == []
    assert answer["baskets"] == answer["sectors"] == answer["problems"] == []
