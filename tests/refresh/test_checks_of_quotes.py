"""Each fault of a table or a quote has a test here that fails when its check is taken out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketwatch.domain import columns
from basketwatch.errors import BadAnswer
from basketwatch.refresh.checks import shape
from tests.refresh.answers import (
    FRIDAY,
    NAN,
    NOW,
    THURSDAY,
    TICKER,
    ask,
    keys,
    quote,
)

# --- shape -------------------------------------------------------------------------------------------------------


def test_typed_adds_orders_and_casts() -> None:
    frame = shape.typed(
        quote().drop(columns=["name", "pe_ttm"]).assign(last="861.90", high="-", extra=1), columns.QUOTES, source="test"
    )
    assert list(frame.columns) == list(columns.QUOTES)
    assert [str(t) for t in frame.dtypes] == [dtype for dtype, _, _ in columns.QUOTES.values()]
    assert frame["last"][0] == 861.90 and np.isnan(frame["high"][0]) and pd.isna(frame["name"][0])


@pytest.mark.parametrize("schema", [columns.QUOTES, columns.BARS, columns.FACTORS])
def test_typed_keeps_an_empty_frame_with_its_dtypes(schema: dict[str, tuple[str, str, bool]]) -> None:
    frame = shape.typed(pd.DataFrame(columns=list(schema)), schema, source="test")
    assert [str(t) for t in frame.dtypes] == [dtype for dtype, _, _ in schema.values()]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda f: f.drop(columns="last"), "columns missing: last"),
        (lambda f: f.assign(last="n.v."), "last: "),
        (lambda f: f.assign(suspended="False"), "suspended: not a bool"),
        (lambda f: f.assign(suspended=None), "suspended: not a bool"),
        (lambda f: f.assign(quote_time="2026-07-03T07:00:03"), "quote_time: instant without a zone"),
        (lambda f: f.assign(session="2026-07-03 15:00"), "session: session is not a plain date"),
        (lambda f: f.assign(session="2026-07-03T00:00Z"), "session: session is not a plain date"),
        (lambda f: f.assign(session="yesterday"), "session: "),
        (lambda f: pd.concat([f, f[["last"]]], axis=1), "columns twice"),
    ],
)
def test_typed_refuses(change: Callable[[pd.DataFrame], pd.DataFrame], detail: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        shape.typed(change(quote()), columns.QUOTES, source="tencent")
    assert caught.value.params["source"] == "tencent"
    assert caught.value.params["detail"].startswith(detail)


def test_typed_takes_dates_and_instants_as_they_come() -> None:
    raw = quote().astype({"session": object, "quote_time": object})
    raw["session"], raw["quote_time"] = "2026-07-03", "2026-07-03T15:00:03+08:00"
    frame = shape.typed(raw, columns.QUOTES, source="test")
    assert frame["session"][0] == pd.Timestamp("2026-07-03")
    assert frame["quote_time"][0] == pd.Timestamp("2026-07-03T07:00:03Z")


# --- quotes ------------------------------------------------------------------------------------------------------


def test_an_honest_quote_passes() -> None:
    good, faults = ask(quote())
    assert faults == []
    pd.testing.assert_frame_equal(good, quote())


HARD_QUOTES = [
    ("bad_price", {"last": NAN}),
    ("bad_price", {"previous_close": 0.0}),
    ("bad_price", {"previous_close": -845.0}),
    ("bad_price", {"last": float("inf")}),
    ("bad_price", {"open": 0.0}),
    ("high_below_low", {"low": 871.00, "last": 870.99}),
    ("outside_range", {"last": 870.02, "float_cap": NAN}),  # two ticks above the high
    ("outside_range", {"last": 839.98, "float_cap": NAN}),
    ("no_session", {"session": None}),
    ("not_begun", {"session": date(2026, 7, 6)}),
    ("units", {"volume": 4.0e5, "turnover": NAN}),  # lots for shares
    ("units", {"amount": 4.0e3 * 855}),  # 万 for units
    ("units", {"amount": -1.0, "volume": 0.0, "turnover": NAN}),
    ("units", {"amount": 4.0e7 * 920}),  # 5.7 % above the high
    ("limits_off", {"limit_up": 845.00}),
    ("limits_off", {"limit_down": 850.00}),
    ("turnover", {"turnover": 3.64}),  # percent for a fraction
    ("turnover", {"turnover": 3.64, "float_cap": NAN}),
    ("turnover", {"turnover": 0.000364}),
    ("turnover", {"turnover": -0.01, "float_cap": NAN}),
    ("turnover", {"turnover": 0.048}),  # 4e7 / 1.1e9 = 0.0364; a third more
    ("impossible_move", {"previous_close": 590.0, "limit_down": 472.0}),  # +46 % on a 20 % board
]


@pytest.mark.parametrize(("key", "changes"), HARD_QUOTES)
def test_hard_faults_of_a_quote_reject_it(key: str, changes: dict[str, Any]) -> None:
    good, faults = ask(quote(**changes))
    assert good.empty
    assert [(f.ticker, f.key, f.severity) for f in faults] == [(TICKER, key, "hard")]


def test_a_fault_carries_its_numbers() -> None:
    fault = ask(quote(limit_up=845.00))[1][0]
    assert fault.session == FRIDAY
    assert fault.values == (("previous_close", 845.0), ("limit_up", 845.0), ("limit_down", 676.0))
    assert fault.detail == "previous_close=845 limit_up=845 limit_down=676"


@pytest.mark.parametrize(
    "changes",
    [
        {"last": 870.01, "float_cap": NAN},  # a tick above the high, as rounding sources have it
        {"volume": 0.0, "amount": 0.0, "turnover": 0.0, "open": NAN, "high": NAN, "low": NAN, "suspended": True},
        {"volume": 0.0, "amount": 0.0, "turnover": 0.0, "high": 850.0},  # nothing traded yet: an older range
        {"turnover": 0.0371},  # 2 % off what volume and cap imply
        {"volume": 500.0, "amount": 430_000.0, "turnover": 0.0},  # thin trade: 427,500, printed in 万
        {"limit_up": NAN, "limit_down": NAN},
    ],
)  # fmt: skip
def test_oddities_that_are_honest(changes: dict[str, Any]) -> None:
    good, faults = ask(quote(**changes))
    assert (len(good), faults) == (1, [])


@pytest.mark.parametrize(("volume", "amount"), [(20_000.0, 10_000.0), (500.0, 10_000.0), (99.0, 0.0)])
def test_thin_trade_is_printed_in_lots_and_in_ten_thousands(volume: float, amount: float) -> None:
    # at 1.00: 19,999 yuan cut to 1 万, 500 yuan rounded up to 1 万, 99 yuan to nothing
    prices = {
        "last": 1.0,
        "previous_close": 1.0,
        "open": 1.0,
        "high": 1.0,
        "low": 1.0,
        "limit_up": 1.2,
        "limit_down": 0.8,
    }
    thin = quote(**prices, volume=volume, amount=amount, turnover=0.0)
    assert ask(thin)[1] == []
    assert keys(ask(thin.assign(amount=1e6))[1]) == ["units"]


def test_a_ticker_that_nobody_asked_for() -> None:
    good, faults = ask(pd.concat([quote(), quote(ticker="000001.SZ")]), wanted={TICKER})
    assert list(good["ticker"]) == [TICKER]
    assert [(f.ticker, f.key) for f in faults] == [("000001.SZ", "not_wanted")]


def test_a_ticker_that_is_absent() -> None:
    _, faults = ask(quote(), wanted={TICKER, "002281.SZ"})
    assert [(f.ticker, f.key, f.severity) for f in faults] == [("002281.SZ", "missing", "hard")]


def test_two_quotes_of_one_ticker() -> None:
    later = quote(fetched_at=NOW + timedelta(seconds=1))
    same, none = ask(pd.concat([later, quote()]))
    assert (len(same), none) == (1, [])
    assert same["fetched_at"][0] == pd.Timestamp(NOW)
    differ, faults = ask(pd.concat([quote(), quote(last=862.00)]))
    assert differ.empty and keys(faults) == ["duplicate", "duplicate"]


@pytest.mark.parametrize(
    ("ticker", "last", "good"),
    [
        ("USDCNY.FX", 7.1, True), ("USDCNY.FX", 1134.6, False), ("USDCNY.FX", 0.14, False), ("USDCNY.FX", 710.0, False),
        ("HKDCNY.FX", 0.91, True), ("HKDCNY.FX", 91.0, False), ("USDHKD.FX", 7.8, True), ("USDHKD.FX", 0.128, False),
        ("USDKRW.FX", 1400.0, True), ("USDKRW.FX", 14.0, False), ("USDTWD.FX", 32.0, True), ("EURUSD.FX", 1.1, True),
    ],
)  # fmt: skip
def test_an_exchange_rate_lies_in_the_range_of_its_pair(ticker: str, last: float, good: bool) -> None:
    """Of another pair (1134.6 won for a yuan's rate), of a hundred units, or turned over: 0.14 dollars a yuan."""
    names = ("open", "high", "low", "last", "previous_close")
    rate = quote(**dict.fromkeys(names, last)).assign(
        ticker=ticker, name=None, currency=ticker[3:6], volume=NAN, amount=NAN, turnover=NAN, limit_up=NAN, limit_down=NAN,
        market_cap=NAN, float_cap=NAN, pe_ttm=NAN,
    )  # fmt: skip
    kept, faults = ask(rate)
    assert (list(kept["ticker"]) == [ticker], "rate_range" in keys(faults)) == (good, not good)


def test_a_new_share_may_move_further_than_any_limit() -> None:
    born = quote(name="N旭创", last=1300.0, high=1300.0, amount=4e7 * 1000, float_cap=NAN, limit_up=NAN, limit_down=NAN)
    assert ask(born)[1] == []
    assert keys(ask(born.assign(name="旭创"))[1]) == ["impossible_move"]
    # beyond the limit that the quote itself prints: the name does not help
    assert keys(ask(born.assign(limit_up=1014.0, limit_down=676.0))[1]) == ["impossible_move"]


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("stale_day", {"session": THURSDAY}),
        ("no_name", {"name": None}),
        ("no_name", {"name": " "}),
        ("incomplete", {"open": NAN}),
    ],
)
def test_soft_faults_of_a_quote_keep_it(key: str, changes: dict[str, Any]) -> None:
    good, faults = ask(quote(**changes))
    assert len(good) == 1
    assert [(f.key, f.severity) for f in faults] == [(key, "soft")]


def test_only_a_mainland_share_needs_a_name() -> None:
    """There it says ST, new or to be delisted; an index is named in the files."""
    index = {"ticker": "000300.SH", "name": None, "float_cap": NAN, "turnover": NAN, "limit_up": NAN, "limit_down": NAN}
    assert ask(quote(**index))[1] == []


def test_a_suspended_share_is_not_called_stale() -> None:
    assert ask(quote(session=THURSDAY, suspended=True))[1] == []


def test_the_future_needs_no_calendar() -> None:
    rate = {"ticker": "EURCNY.FX", "limit_up": NAN, "limit_down": NAN}  # a pair without a known range
    assert ask(quote(**rate, session=date(2026, 7, 4)))[1] == []
    assert keys(ask(quote(**rate, session=date(2026, 7, 5)))[1]) == ["not_begun"]
    far = {"begun": {"CN": date(2027, 1, 4)}}  # a calendar that is wrong about today does not let it in either
    assert keys(ask(quote(session=date(2026, 7, 6)), **far)[1]) == ["not_begun"]


def test_turnover_is_only_asked_of_mainland_shares() -> None:
    fund = quote(ticker="513310.SH", turnover=1.7)  # trades T+0 and turns over more than once a day
    foreign = quote(ticker="NVDA.US", turnover=1.2, session=THURSDAY)
    assert ask(fund)[1] == ask(foreign)[1] == []


def test_an_index_has_no_price_per_share() -> None:
    assert ask(quote(ticker="000300.SH", limit_up=NAN, limit_down=NAN, volume=2e10, amount=5e11))[1] == []


def test_one_bad_quote_leaves_the_others() -> None:
    many = pd.concat([quote(ticker=f"3003{n:02}.SZ", last=NAN if n == 7 else 861.9) for n in range(60)])
    good, faults = ask(many)
    assert len(good) == 59 and [(f.ticker, f.key) for f in faults] == [("300307.SZ", "bad_price")]


def test_no_quotes_at_all() -> None:
    good, faults = ask(quote().iloc[:0], wanted={TICKER})
    assert good.empty and keys(faults) == ["missing"]


@given(st.permutations(range(6)))
@settings(max_examples=25)
def test_the_order_of_quotes_does_not_matter(order: list[int]) -> None:
    rows = pd.concat(
        [quote(ticker=t) for t in ("300308.SZ", "002281.SZ", "NVDA.US")] + [quote(last=NAN)] * 2 + [quote()]
    )
    wanted = {"300308.SZ", "002281.SZ"}
    first, then = ask(rows, wanted=wanted), ask(rows.iloc[order], wanted=wanted)
    pd.testing.assert_frame_equal(first[0], then[0])
    assert sorted(keys(first[1])) == sorted(keys(then[1]))
