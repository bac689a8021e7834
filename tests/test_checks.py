"""Each fault of an answer has a test here that fails when its check is taken out.

The bars are a seeded random walk (no market's data): prices on whole fen, amount = volume × a price inside the range.
Expected values are worked out by hand in each test.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketwatch.domain import columns
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.domain.faults import REMARKS, Fault, remark, remarks
from basketwatch.errors import BadAnswer, SuspectAnswer
from basketwatch.refresh.checks import shape
from basketwatch.refresh.checks.bars import Verdict, check_bars
from basketwatch.refresh.checks.quotes import check_quotes
from basketwatch.words.text import sentence

TICKER, FRIDAY, THURSDAY = "300308.SZ", date(2026, 7, 3), date(2026, 7, 2)
NOW = datetime(2026, 7, 3, 12, tzinfo=UTC)  # 20:00 in Shanghai, five hours after the close
CLOSED = {date(2026, 5, 1), date(2026, 5, 4), date(2026, 5, 5), date(2026, 6, 19)}
NAN = float("nan")


def _calendar() -> Calendar:
    days = [d.date() for d in pd.bdate_range("2026-01-05", "2026-07-10") if d.date() not in CLOSED]
    at = [datetime(d.year, d.month, d.day, tzinfo=UTC) for d in days]
    hours = [(d + timedelta(hours=1, minutes=30), d + timedelta(hours=7)) for d in at]
    return Calendar("CN", tuple(Session(d, *h) for d, h in zip(days, hours, strict=True)))


CALENDAR = _calendar()


def history(rows: int = 100, *, ticker: str = TICKER, seed: int = 1, last: date = FRIDAY) -> pd.DataFrame:
    """The last ``rows`` final bars up to ``last`` of a walk from 100 with daily moves within 3 %."""
    chance = np.random.default_rng(seed)
    days = [s.day for s in CALENDAR.sessions if s.day <= last]
    close = np.round(100 * np.exp(np.cumsum(chance.uniform(-0.03, 0.03, len(days)))), 2)
    volume = chance.integers(10_000, 50_000, len(days)) * 100.0
    raw = pd.DataFrame({"ticker": ticker, "session": days, "close": close, "open": close, "source": "test"})
    raw = raw.assign(high=np.round(close * 1.01, 2), low=np.round(close * 0.99, 2), volume=volume, final=True)
    return shape.typed(raw.assign(amount=volume * close, turnover=volume / 1e9).tail(rows), columns.BARS, source="test")


def check(bars: pd.DataFrame, stored: pd.DataFrame | None = None, ticker: str = TICKER, **more: Any) -> Verdict:
    return check_bars(bars, ticker, stored=stored, **{"calendar": CALENDAR, "now": NOW, **more})


def keys(faults: list[Fault]) -> list[str]:
    return [f.key for f in faults]


def quote(**changes: Any) -> pd.DataFrame:
    """One honest quote: +2 % on 845.00, 40 m shares of 1.1 bn traded, limits 845 × 1.2 and × 0.8."""
    row = {
        "ticker": TICKER, "name": "中际旭创", "session": FRIDAY, "last": 861.90, "previous_close": 845.00,
        "open": 850.00, "high": 870.00, "low": 840.00, "volume": 4.0e7, "amount": 4.0e7 * 855, "turnover": 0.0364,
        "float_cap": 1.1e9 * 861.90, "limit_up": 1014.00, "limit_down": 676.00, "currency": "CNY",
        "quote_time": datetime(2026, 7, 3, 7, 0, 3, tzinfo=UTC), "suspended": False, "source": "test",
        "fetched_at": NOW,
    }  # fmt: skip
    return shape.typed(pd.DataFrame([row | changes]), columns.QUOTES, source="test")


def ask(quotes: pd.DataFrame, *, wanted: set[str] | None = None, **more: Any) -> tuple[pd.DataFrame, list[Fault]]:
    asked = {"begun": {"CN": FRIDAY, "US": THURSDAY}, "now": NOW, **more}
    return check_quotes(quotes, wanted or set(quotes["ticker"]), **asked)


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


# --- bars: rows --------------------------------------------------------------------------------------------------


def test_honest_bars_pass() -> None:
    bars = history()
    verdict = check(bars.sample(frac=1, random_state=3), stored=history(100, last=date(2026, 6, 30)).iloc[:0])
    assert (verdict.faults, verdict.action, verdict.ratio) == ([], "append", None)
    pd.testing.assert_frame_equal(verdict.bars, bars)


def spoil(bars: pd.DataFrame, row: int = 50, **values: Any) -> pd.DataFrame:
    bars = bars.copy()
    for column, value in values.items():
        bars.loc[row, column] = value
    return bars


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("bad_price", {"close": NAN}),
        ("bad_price", {"open": NAN}),
        ("bad_price", {"close": 0.0}),
        ("bad_price", {"low": -1.0}),
        ("bad_price", {"high": float("inf"), "amount": NAN}),
        ("high_below_low", {"high": 10.0, "low": 11.0, "amount": NAN}),
        ("outside_range", {"close": 10.0}),
        ("outside_range", {"close": 1000.0}),
        ("outside_range", {"open": 10.0}),
        ("outside_range", {"open": 1000.0}),
        ("units", {"volume": 1e9}),
        ("units", {"amount": 1e4}),
        ("units", {"volume": -1e6, "amount": NAN}),
        ("not_a_session", {"session": pd.Timestamp("2026-06-19")}),  # Dragon Boat Festival
        ("not_a_session", {"session": pd.Timestamp("2026-06-20")}),  # a Saturday
        ("not_begun", {"session": pd.Timestamp("2026-07-06")}),
        ("no_session", {"session": pd.NaT}),
    ],
)
def test_hard_faults_of_a_bar_reject_it(key: str, values: dict[str, Any]) -> None:
    bars = history()
    verdict = check(spoil(bars, **values))
    assert len(verdict.bars) == 99
    assert keys([f for f in verdict.faults if f.severity == "hard"]) == [key]
    assert bars["session"][50] not in set(verdict.bars["session"])


def test_a_bar_one_tick_outside_its_range_is_rounding() -> None:
    bars = history()
    assert len(check(spoil(bars, high=bars["close"][50] - 0.01)).bars) == 100
    assert len(check(spoil(bars, high=bars["close"][50] - 0.02)).bars) == 99


def test_duplicate_dates() -> None:
    bars = history()
    same = pd.concat([bars, bars.iloc[[7]].assign(final=False)])
    differ = pd.concat([bars, bars.iloc[[7]].assign(volume=bars["volume"][7] + 100)])
    once = check(same)
    assert len(once.bars) == 100 and once.faults == [] and not once.bars["final"][7]
    verdict = check(differ)
    assert len(verdict.bars) == 99
    assert keys(verdict.faults) == ["duplicate", "duplicate", "holes"]


def test_an_index_may_come_with_closes_only() -> None:
    bars = history(ticker="801770.SI").assign(open=NAN, high=NAN, low=NAN, amount=1.0)
    assert check(bars, ticker="801770.SI").faults == []
    points = history(ticker="000300.SH").assign(amount=1.0)  # amount / volume is no index level
    assert check(points, ticker="000300.SH").faults == []


def test_rates_have_no_calendar_but_a_future() -> None:
    bars = spoil(history(ticker="USDCNY.FX"), row=99, session=pd.Timestamp("2026-07-05"))
    verdict = check(bars, ticker="USDCNY.FX", calendar=None)
    assert keys(verdict.faults) == ["not_begun"]
    assert len(verdict.bars) == 99


def test_past_the_bound_of_a_calendar_only_weekends_are_refused() -> None:
    short = Calendar("CN", tuple(s for s in CALENDAR.sessions if s.day < date(2026, 6, 1)))
    bars = spoil(history(), row=90, session=pd.Timestamp("2026-06-19"))
    assert "not_a_session" not in keys(check(bars, calendar=short).faults)
    assert "not_a_session" in keys(
        check(spoil(bars, row=90, session=pd.Timestamp("2026-06-20")), calendar=short).faults
    )


def test_before_a_calendars_first_day_saturdays_are_believed() -> None:
    young = Calendar("CN", tuple(s for s in CALENDAR.sessions if s.day > date(2026, 6, 1)))
    assert check(spoil(history(), row=0, session=pd.Timestamp("2016-01-30")), calendar=young).faults == []


def test_no_calendar_is_known_yet() -> None:
    bars = spoil(history(), session=pd.Timestamp("2026-06-20"))
    assert keys(check(bars, calendar=Calendar("CN", ())).faults) == ["not_a_session"]


@pytest.mark.parametrize(
    ("now", "final"),
    [
        (datetime(2026, 7, 3, 5, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 7, 29, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 7, 30, tzinfo=UTC), True),  # half an hour after 15:00 in Shanghai
    ],
)
def test_an_unfinished_day_is_not_final(now: datetime, final: bool) -> None:
    verdict = check(history(), now=now)
    assert bool(verdict.bars["final"].iloc[-1]) is final
    assert verdict.bars["final"].iloc[:-1].all()
    assert keys(verdict.faults) == ([] if final else ["not_final"])


def test_today_before_the_open_is_the_future() -> None:
    verdict = check(history(), now=datetime(2026, 7, 3, 1, 29, tzinfo=UTC))
    assert keys(verdict.faults) == ["not_begun"] and verdict.bars["session"].iloc[-1] == pd.Timestamp(THURSDAY)


def test_what_was_kept_in_spite_of_soft_faults_is_told_and_taken_apart_again() -> None:
    """Two jumps and three holes: the jump gives the sentence, its newest row the detail; hard and stale are not told."""
    soft = [
        Fault(TICKER, None, "holes", "3", "soft"),
        Fault(TICKER, THURSDAY, "unexplained_jump", "close=9", "soft"),
        Fault(TICKER, FRIDAY, "unexplained_jump", "close=5", "soft"),
        Fault(TICKER, FRIDAY, "stale_day", "", "soft"),
        Fault(TICKER, FRIDAY, "units", "x", "hard"),
    ]
    key, params = remark(soft, TICKER, "sina")
    common = (("ticker", TICKER), ("source", "sina"))
    assert (key, params) == (
        "unexplained_jump", (*common, ("detail", "2026-07-03 close=5 +1"), ("holes", "3")),
    )  # fmt: skip
    assert remarks(key, params) == [
        ("unexplained_jump", (*common, ("detail", "2026-07-03 close=5 +1"))),
        ("holes", (*common, ("detail", "3"))),
    ]
    assert remark(soft[3:], TICKER, "sina") == (None, ())
    assert remarks(None, ()) == remarks("source_blocked", common) == []


@pytest.mark.parametrize("key", REMARKS)
def test_each_remark_has_its_sentence(key: str) -> None:
    said = sentence((key, {"ticker": TICKER, "source": "sina", "detail": "3"}))
    assert TICKER in said and "–" not in said


def test_holes_are_counted() -> None:
    verdict = check(history().drop(index=[3, 4, 40]))
    assert [(f.key, f.severity, f.values) for f in verdict.faults] == [("holes", "soft", (("rows", 3.0),))]


# --- bars: the answer as a whole ---------------------------------------------------------------------------------


def refused(bars: pd.DataFrame, stored: pd.DataFrame | None = None, **more: Any) -> str:
    with pytest.raises(SuspectAnswer) as caught:
        check(bars, stored, **more)
    assert caught.value.params["source"] == "test" and caught.value.params["ticker"] == TICKER
    return caught.value.params["detail"]


def test_too_many_bad_rows() -> None:
    bars = history()
    assert len(check(bars.assign(close=bars["close"].mask(bars.index < 5))).bars) == 95
    assert refused(bars.assign(close=bars["close"].mask(bars.index < 6))) == "6 of 100 rows rejected"


def test_one_bad_row_does_not_condemn_a_short_answer() -> None:
    assert len(check(spoil(history(5), row=2, close=NAN)).bars) == 4
    assert refused(spoil(history(1), row=0, close=NAN)) == "1 of 1 rows rejected"


def test_dates_shifted_by_the_zone() -> None:
    # every Monday becomes a Sunday: about a fifth of the rows
    assert "rows rejected" in refused(history().assign(session=lambda f: f["session"] - pd.Timedelta(days=1)))


def test_labelled_with_another_ticker() -> None:
    assert refused(history(ticker="300502.SZ")) == "labelled with another ticker"


def test_another_symbols_bars() -> None:
    assert refused(history(seed=2), history()).endswith("of 100 closes differ from the stored ones")
    assert refused(history(5, seed=2), history()).endswith("of 5 closes differ from the stored ones")


def test_too_short_an_overlap_is_appended() -> None:
    verdict = check(history(4, seed=2), history())
    assert verdict.action == "append"
    assert next(f for f in verdict.faults if f.key == "revised").values == (("rows", 4.0),)


def test_revised_closes_are_counted() -> None:
    bars = history()
    bars.loc[:9, ["open", "high", "low", "close", "amount"]] *= 1.002
    bars[["open", "high", "low", "close"]] = bars[["open", "high", "low", "close"]].round(2)
    verdict = check(bars, history())
    assert verdict.action == "append" and [(f.key, f.values) for f in verdict.faults] == [
        ("revised", (("rows", 10.0),))
    ]


def test_unfinished_bars_are_not_compared() -> None:
    stored = history().assign(final=False)
    assert check(history(seed=2), stored).action == "append"
    assert check(history(seed=2).assign(final=False), history()).action == "append"


def rebased(bars: pd.DataFrame, ratio: float) -> pd.DataFrame:
    prices = ["open", "high", "low", "close"]
    return bars.assign(**{c: (bars[c] * ratio).round(2) for c in prices}, volume=bars["volume"] / ratio)


def test_a_split_rewrites_the_history() -> None:
    verdict = check(rebased(history(), 0.1), history())  # ten for one
    assert verdict.action == "replace"
    assert verdict.ratio == pytest.approx(0.1, rel=1e-3)
    assert verdict.faults == []


def test_a_split_of_low_prices_is_known_in_spite_of_their_rounding() -> None:
    # 25 for one: closes near 4.00 are up to half a fen, 0.13 %, off the ratio
    assert check(rebased(history(), 0.04), history()).ratio == pytest.approx(0.04, rel=2e-3)


def test_a_ratio_over_half_of_the_overlap_is_no_split() -> None:
    half = pd.concat([rebased(history().iloc[:50], 0.5), history().iloc[50:]])
    assert refused(half, history()) == "50 of 100 closes differ from the stored ones"


def test_a_rebased_answer_must_not_replace_a_longer_history() -> None:
    stored = history()
    answer = rebased(stored.tail(49).reset_index(drop=True), 0.1)
    assert refused(answer, stored).startswith("cut: 49 bars where 100 are stored, rebased by 0.1")
    half = check(rebased(stored.tail(50).reset_index(drop=True), 0.1), stored)
    assert (half.action, half.faults) == ("replace", [])  # no fall of 90 % at a seam that will not be


def test_a_cut_history() -> None:
    stored = history()
    sparse = stored.iloc[::3].reset_index(drop=True)
    assert refused(sparse, stored) == "cut: 34 bars where 100 are stored"
    # one row for a hundred that were asked for; without `asked` it is simply today's bar
    assert refused(stored.tail(1), stored, asked=stored["session"][0].date()) == "cut: 1 bars where 100 are stored"
    assert check(stored.tail(1), stored).action == "append"


def test_an_empty_answer() -> None:
    assert check(history(), pd.DataFrame()).action == "append"  # nothing is stored yet
    for stored in (None, history()):
        empty = check(history().iloc[:0], stored)
        assert empty.bars.empty and empty.faults == [] and empty.action == "append"


@pytest.mark.parametrize("times", [100.0, 0.01])
def test_volume_in_other_units(times: float) -> None:
    bars = history().assign(amount=NAN)  # with an amount the rows themselves give it away
    changed = bars.assign(volume=bars["volume"] * times)
    assert refused(changed, bars) == f"volume in other units: {times:.4g} times the stored one"
    assert check(changed.assign(volume=bars["volume"] * 3), bars).action == "append"


def test_amount_in_other_units_condemns_the_answer() -> None:
    assert refused(history().assign(amount=lambda f: f["amount"] / 1e4)) == "100 of 100 rows rejected"


# --- bars: jumps -------------------------------------------------------------------------------------------------


def jump(ticker: str, percent: float, row: int = 50) -> pd.DataFrame:
    """Bars that do nothing but move once, by ``percent``."""
    close = pd.Series(100.0, index=range(100)).mask(lambda s: s.index >= row, 100.0 + percent)
    return history(ticker=ticker).assign(open=close, high=close, low=close, close=close, amount=NAN)


@pytest.mark.parametrize(
    ("ticker", "percent", "found"),
    [
        ("002281.SZ", 10.9, False), ("002281.SZ", 11.1, True), ("002281.SZ", -11.1, True),
        ("300308.SZ", 20.9, False), ("300308.SZ", 21.1, True), ("688498.SH", 21.1, True),
        ("920045.BJ", 30.9, False), ("920045.BJ", 31.1, True),
        ("515880.SH", -65.7, False), ("000300.SH", 40.0, False),
    ],
)  # fmt: skip
def test_unexplained_jumps(ticker: str, percent: float, found: bool) -> None:
    faults = check(jump(ticker, percent), ticker=ticker).faults
    assert keys(faults) == (["unexplained_jump"] if found else [])
    if found:
        assert faults[0].session == history()["session"][50].date() and faults[0].severity == "soft"
        assert faults[0].values == (("before", 100.0), ("close", 100.0 + percent))


def test_a_factor_explains_a_jump_on_its_own_day_and_by_its_own_size() -> None:
    # 688498 on 2026-05-18: 1559.00 to 1058.08, a fall of 32.13 % that the reference price makes a flat day
    bars = jump("688498.SH", -32.13)
    day = bars["session"][50]
    factor = {"ticker": "688498.SH", "ex_date": day, "factor": 1058.08 / 1559.00, "source": "test"}

    def found(**changes: Any) -> list[str]:
        factors = shape.typed(pd.DataFrame([factor | changes]), columns.FACTORS, source="test")
        return keys(check(bars, ticker="688498.SH", factors=factors).faults)

    assert found() == []
    assert found(factor=0.99) == found(ticker="688048.SH") == ["unexplained_jump"]
    # a day late: the fall stays unexplained, and the flat day after it becomes a rise of 47 %
    assert found(ex_date=bars["session"][51]) == ["unexplained_jump", "unexplained_jump"]
    gap = bars.drop(index=[49])  # suspended over the ex-date: the factor counts at the next bar
    factors = shape.typed(pd.DataFrame([factor | {"ex_date": bars["session"][49]}]), columns.FACTORS, source="test")
    assert keys(check(gap, ticker="688498.SH", factors=factors).faults) == ["holes"]


def test_a_jump_at_the_seam_with_the_store() -> None:
    bars = jump("002281.SZ", 15.0, row=98)
    stored, answer = bars.head(98), bars.tail(2)
    assert keys(check(answer, stored, ticker="002281.SZ").faults) == ["unexplained_jump"]
    assert keys(check(answer, ticker="002281.SZ").faults) == []  # may be a listing
    # a jump between two stored bars was told when they came
    assert keys(check(bars.tail(1), bars.head(99), ticker="002281.SZ").faults) == []


def test_the_first_sessions_of_a_history_may_be_a_listing() -> None:
    assert check(jump("002281.SZ", 80.0, row=4), ticker="002281.SZ").faults == []
    assert keys(check(jump("002281.SZ", 80.0, row=5), ticker="002281.SZ").faults) == ["unexplained_jump"]
    assert keys(check(jump("920045.BJ", 80.0, row=1), ticker="920045.BJ").faults) == ["unexplained_jump"]


# --- bars: properties --------------------------------------------------------------------------------------------

SPOILED = pd.concat(
    [
        spoil(history(80), row=10, close=NAN).pipe(spoil, row=20, high=1.0),
        history(80).iloc[[30]],
        history(80).iloc[[31]].assign(close=1.0),
    ]
).reset_index(drop=True)


@given(st.permutations(range(len(SPOILED))))
@settings(max_examples=30)
def test_the_order_of_bars_does_not_matter(order: list[int]) -> None:
    plain, mixed = check(SPOILED, history(60)), check(SPOILED.iloc[order], history(60))
    pd.testing.assert_frame_equal(plain.bars, mixed.bars)
    assert sorted(keys(plain.faults)) == sorted(keys(mixed.faults))
    assert (plain.action, plain.ratio) == (mixed.action, mixed.ratio)


@given(st.sets(st.integers(0, 79), max_size=4), st.sampled_from(["open", "high", "low", "close", "volume"]),
       st.sampled_from([NAN, -1.0, 0.0, 1e9]))  # fmt: skip
@settings(max_examples=60)
def test_checking_twice_changes_nothing(rows: set[int], column: str, value: float) -> None:
    bars = history(80)
    bars.loc[list(rows), column] = value
    once = check(bars, history(60))
    twice = check(once.bars, history(60))
    pd.testing.assert_frame_equal(once.bars, twice.bars)
    assert [f for f in twice.faults if f.severity == "hard"] == []
    assert (once.action, once.ratio) == (twice.action, twice.ratio)


def test_the_cost_of_a_check_grows_no_faster_than_its_rows() -> None:
    # a ratio inside one run, so that a slow machine does not fail it
    def seconds(rows: int) -> float:
        days = [d.date() for d in pd.bdate_range("2016-01-04", periods=rows)]
        calendar = Calendar("CN", tuple(Session(d, NOW, NOW) for d in days))
        bars = pd.concat([history(100)] * (rows // 100)).assign(session=pd.DatetimeIndex(days, dtype="datetime64[s]"))
        start = time.perf_counter()
        for _ in range(5):
            check(bars, bars, calendar=calendar)
        return time.perf_counter() - start

    seconds(100)
    assert seconds(2500) < 12.5 * seconds(200)
