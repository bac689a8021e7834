"""The data of the cards: the numbers of the pages, what is stamped, what stands in the foot, which cards there are."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from basketwatch.domain.model import Names
from basketwatch.errors import UsageError
from basketwatch.share import render
from basketwatch.views import cards
from basketwatch.views import json as json_view
from basketwatch.views.cards import chart, parts
from basketwatch.words.text import points, signed
from tests.share.made import WHATS, at, called, card, changed, snapshot
from tests.stores import universe

AFTER, MORNING, MONDAY = (
    datetime(2026, 7, 3, 7, 5, tzinfo=UTC), datetime(2026, 7, 3, 2, 31, tzinfo=UTC), datetime(2026, 7, 6, 3, 0, tzinfo=UTC)
)  # fmt: skip


def place(fraction: float) -> str:
    return f"p{math.floor(fraction * 100 + 1e-9)}"


# --- numbers -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return json_view.check(snapshot())


def test_the_days_card_has_the_numbers_of_check(told: dict[str, Any]) -> None:
    made = card("today", "en")
    for block, basket in zip(made["baskets"], told["baskets"], strict=True):
        home = basket["home"]
        assert block["figure"]["text"] == signed(basket["returns"]["1d"])
        assert block["count"].startswith(
            f"A-shares {home['covered']}/{home['members']} · up {basket['breadth']['up']},"
        )
        benchmark = next(iter(basket["excess"]))
        assert [f["figure"]["text"] for f in block["facts"]] == [
            points(basket["excess"][benchmark]["1d"]), signed(basket["returns"]["1w"]),
            place(basket["valuation"]["bands"]["3y"]["percentile"]),
        ]  # fmt: skip
    by_name = {b["name_en"]: b["returns"]["1d"] for b in told["benchmarks"]}
    assert [t["figure"]["text"] for t in made["tiles"]] == [signed(by_name[t["label"]["text"]]) for t in made["tiles"]]
    members = {m["name_en"]: m["returns"]["1d"] for b in told["baskets"] for m in b["constituents"]}
    for row in (*made["leaders"]["rows"], *made["laggards"]["rows"]):
        assert row["figure"]["text"] == signed(members[row["name"]["text"]])


def test_a_baskets_card_has_the_numbers_of_check(told: dict[str, Any]) -> None:
    made, own = card("cpo", "en"), told["baskets"][0]
    rows = {parts_text(r["label"]): [c["text"] for c in r["cells"]] for r in made["table"]["rows"]}
    assert rows["Equal weight"] == [signed(own["returns"][w]) for w in ("1d", "1w", "mtd", "ytd")]
    assert rows["Cap weight"] == [signed(own["returns_cap"][w]) for w in ("1d", "1w", "mtd", "ytd")]
    assert rows["vs CSI 300"] == [points(own["excess"]["000300.SH"][w]) for w in ("1d", "1w", "mtd", "ytd")]
    shown = {r["name"]["text"]: r["figure"]["text"] for r in made["members"]}
    home = [m for m in own["constituents"] if m["ticker"].endswith((".SZ", ".SH", ".BJ"))]
    assert shown == {m["name_en"]: signed(m["returns"]["1d"]) for m in home}
    assert made["abroad"][0]["figure"]["text"] == signed(own["groups"]["US"]["returns"]["1d"])


def parts_text(label: Any) -> str:
    return label if isinstance(label, str) else str(label["text"])


def test_a_valuations_card_has_the_numbers_of_check(told: dict[str, Any]) -> None:
    own = told["baskets"][0]["valuation"]
    made = card("valuation:cpo", "en")
    assert made["figure"]["text"] == f"{own['pe_ttm']:.1f}"
    usual = own["bands"]["3y"]
    assert [w["place"]["text"] for w in made["windows"] if w["name"] == "3y"] == [place(usual["percentile"])]
    labels = {m["key"]: m["label"] for m in made["chart"]["marks"]}
    assert labels["q90"] == f"p90 {usual['q90']:.1f}" and labels["mean"] == f"mean {usual['mean']:.1f}"


def test_a_sectors_pe_is_shenwans_own_and_never_called_ttm(told: dict[str, Any]) -> None:
    own = next(s for s in told["sectors"] if s["ticker"] == "801770.SI")
    made = card("valuation:801770.SI", "zh")
    assert made["figure"]["text"] == f"{own['valuation']['pe_ttm']:.1f}"
    assert made["sub"][0] == "申万 PE" and "PE-TTM" not in json.dumps(made, ensure_ascii=False)
    weeks = {r["name"]["text"]: r["figure"]["text"] for r in card("sectors", "zh")["rows"] if r["kind"] == "sector"}
    assert weeks == {s["name"]: signed(s["returns"]["1w"]) for s in told["sectors"]} and len(weeks) == 31


@pytest.mark.parametrize("what", WHATS)
def test_cards_are_plain_data_with_words_for_who_cannot_see_them(what: str) -> None:
    for lang in ("zh", "en"):
        made = card(what, lang)
        assert json.loads(json.dumps(made, allow_nan=False)) is not None
        assert len(made["alt"]) > 40 and made["faults"] == []
        assert made["badge"] in made["alt"] and "basketwatch" in str(made["foot"][-1])


# --- how new -----------------------------------------------------------------------------------------------------


def test_final_prices_bear_no_stamp() -> None:
    assert card("today", "zh")["stamp"] is None


@pytest.mark.parametrize(("now", "said"), [(AFTER, "15:00 provisional"), (MORNING, "15:00 still trading")])
def test_what_is_not_final_says_so(now: datetime, said: str) -> None:
    made = card("today", "en", at(now))
    assert made["stamp"] == {"text": said, "loud": False} and made["faults"] == []
    assert "final after about 15:30" in made["foot"][0]


def test_one_old_quote_makes_a_card_incomplete_in_large_letters() -> None:
    made = card("cpo", "en", changed(snapshot(), ["300394.SZ"], stale=True))
    assert made["stamp"] == {"text": "INCOMPLETE: 25 of 26 are up to date", "loud": True}
    assert made["faults"] == [made["stamp"]["text"]]
    assert any("missing: TFC Optical (as of" in parts_text(line) for line in made["foot"])
    assert "TFC Optical" not in [r["name"]["text"] for r in made["members"]], "an old price is no move of the day"


def test_data_of_an_earlier_session_are_old() -> None:
    made = card("today", "zh", at(MONDAY))
    assert made["stamp"] == {"text": "旧数据：停在 7月3日 15:00", "loud": True}
    assert made["markets"][0] == "A股 停在 7月3日 15:00" and made["title"] == "7月3日 周五"
    assert card("flags", "zh", at(MONDAY))["stamp"] is None, "Friday's flags are the latest until Monday closes"
    later = datetime(2026, 7, 7, 3, 0, tzinfo=UTC)
    assert card("flags", "zh", at(later))["stamp"] == {"text": "旧数据：停在 7月3日", "loud": True}
    assert card("valuation:cpo", "zh", at(later))["stamp"] == {"text": "7月3日 收盘", "loud": False}


def test_a_suspended_share_is_named_and_makes_nothing_incomplete() -> None:
    made = card("liquid_cooling", "zh")
    assert made["stamp"] is None
    assert any(parts_text(line) == "缺 川润股份（停牌）" for line in made["foot"])


def test_a_basket_of_another_market_has_its_own_session_and_stamp() -> None:
    own = snapshot()
    view = own.baskets[0]
    abroad = view.table.loc[view.table["group"] == "US"]
    moved = replace(own, baskets=(replace(view, home="US", table=abroad), *own.baskets[1:]))
    block = card("today", "en", moved)["baskets"][0]
    assert block["count"].startswith("US 2/2 · 2 Jul · ") and block["stamp"] == ""
    old = card("today", "en", changed(moved, list(abroad.index), stale=True))["baskets"][0]
    assert old["stamp"].startswith("OLD DATA: as of 2 Jul")


def test_without_baskets_or_prices_cards_say_that_there_is_nothing() -> None:
    own = snapshot()
    made = card("today", "en", replace(own, baskets=()))
    assert made["stamp"] == {"text": "NO DATA", "loud": True} and render.render(made, system_fonts=False).data
    view = own.baskets[0]
    gone = replace(view, table=own.table.reindex(["600000.SH"]).assign(group="CN", suspended=False), by_group={})
    made = card("cpo", "en", replace(own, baskets=(gone,)))
    assert made["stamp"] == {"text": "NO DATA", "loud": True} and render.render(made, system_fonts=False).data


# --- the foot ----------------------------------------------------------------------------------------------------


def test_the_membership_hash_changes_with_the_members_alone() -> None:
    first = parts.membership([("cpo", "300308.SZ", "300394.SZ")])
    assert len(first) == 6 and first == parts.membership([("cpo", "300308.SZ", "300394.SZ")])
    assert first != parts.membership([("cpo", "300308.SZ")])
    assert (
        f"members #{parts.membership([('cpo', *sorted(snapshot().baskets[0].table.index))])}"
        in card("cpo", "en")["foot"][-1]
    )


def test_a_live_market_bears_no_badge() -> None:
    live = replace(snapshot(), demo=False)
    assert card("today", "en", live)["badge"] == "" and card("today", "en")["badge"] == "DEMO · invented prices"


def test_an_old_index_is_no_measure_of_the_day() -> None:
    tiles = card("today", "zh", changed(snapshot(), ["000300.SH"], stale=True))["tiles"]
    assert [t["figure"]["text"] for t in tiles][:1] == ["–"] and tiles[1]["figure"]["text"] != "–"


def test_everything_followed_has_a_card() -> None:
    for ticker in snapshot().table.index:
        made = card(str(ticker), "zh")
        assert made["kind"] == "stock" and json.dumps(made, allow_nan=False)


# --- names -------------------------------------------------------------------------------------------------------


def test_names_are_cut_and_keep_a_latin_form() -> None:
    made = parts.named(Names("名" * 10_000, "Name"), "300308.SZ", "zh")
    assert made == {"text": "名" * 39 + "…", "latin": "Name"}
    assert parts.named(Names("龘", "龘"), "300308.SZ", "zh")["latin"] == "300308.SZ"
    assert parts.cut("a\u202eb\nc\x00  d") == "a b c d"


def test_a_flags_reason_has_the_latin_name_in_it() -> None:
    odd = called({1: Names("天孚通信", "TFC Optical")})
    lines = [line["text"] for line in card("flags", "zh", odd)["rows"]]
    assert {
        "text": "天孚通信涨停，收于涨停价 108.17（+20.00%）。",
        "latin": "TFC Optical涨停，收于涨停价 108.17（+20.00%）。",
    } in lines


# --- which cards -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "found"), [
    ("today", ("today", "")), ("cpo", ("basket", "cpo")), ("valuation:cpo", ("valuation", "cpo")),
    ("300308.sz", ("stock", "300308.SZ")), ("valuation:^sox.us", ("valuation", "^SOX.US")),
])  # fmt: skip
def test_what_a_word_means(what: str, found: tuple[str, str]) -> None:
    assert cards.read(universe(), what) == found


@pytest.mark.parametrize("what", ["nope", "valuation:", "valuation:today", "", "600000.SH", "today "])
def test_an_unknown_card_is_wrong_usage(what: str) -> None:
    with pytest.raises(UsageError) as fault:
        cards.read(universe(), what)
    assert fault.value.key == "unknown_card" and "cpo" in fault.value.params["known"]


def test_every_choice_can_be_drawn() -> None:
    labels = cards.choices(snapshot(), "zh")
    assert [*labels][:5] == ["today", "flags", "sectors", "weekly", "cpo"] and labels["cpo"] == "篮子 · CPO"
    for what in labels:
        assert what == "weekly" or card(what, "en")["kind"]


def test_nothing_stored_is_no_card() -> None:
    empty = replace(snapshot(), table=snapshot().table.iloc[:0])
    assert cards.card(empty, "today", "en") is None
    without = replace(snapshot(), basket_valuations={}, valuations={})
    assert cards.card(without, "valuation:cpo", "en") is None


# --- charts ------------------------------------------------------------------------------------------------------


def test_labels_never_stand_upon_each_other() -> None:
    for values in ((0.5, 0.51, 0.52), (0.97, 0.98, 0.99, 1.0), (0.0, 0.01)):
        made = sorted(chart._apart({str(i): v for i, v in enumerate(values)}).values())
        assert all(b - a >= chart.GAP - 1e-9 for a, b in pairwise(made))
        assert made[0] >= 0 and made[-1] <= 1 + 1e-9


def test_bars_share_one_zero_line() -> None:
    assert chart.bars([0.03, -0.01, float("nan")]) == [(0.25, 1.0), (0.0, 0.25), (0.25, 0.25)]
    assert chart.bars([0.0, 0.0]) == [(0.0, 0.0), (0.0, 0.0)]
