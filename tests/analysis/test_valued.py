"""Which series speaks for a ticker, what stands beside it, what a replayed day knows, and the PE of baskets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.analysis.valuation import readings
from basketwatch.analysis.valuation.readings import Histories, PeReading
from basketwatch.domain import columns as frames
from basketwatch.domain import markets
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.model import SeriesKey
from basketwatch.sources.demo import market
from basketwatch.sources.demo import valuations as demo_valuations
from basketwatch.store import database, opening, valuations
from tests.stores import calendars, fill, universe

FRIDAY = date(2026, 7, 3)
NOW = datetime(2026, 7, 3, 23, tzinfo=UTC)  # every market has closed
FETCHED = pd.Timestamp("2026-07-03T09:00:00Z").as_unit("s")
WEEKDAYS = {group: Calendar(group, ()) for group in markets.GROUPS}  # no calendar is stored: every weekday


def rows(pe: list[float], last: date = FRIDAY, *, step: int = 1, **columns: object) -> pd.DataFrame:
    """A series as the store reads it, a value a weekday up to ``last``."""
    days = np.busday_offset(np.datetime64(last), np.arange(-step * (len(pe) - 1), 1, step), roll="backward")
    frame = pd.DataFrame({"session": days.astype("datetime64[s]"), "pe": np.array(pe, dtype="float64")})
    told = {"losing": frame["pe"] <= 0, "price": 10.0, "market_cap": nan, "eps": nan, "fetched_at": FETCHED} | columns
    return frame.assign(**told)


def quote(
    pe: float, cap: float = 1000.0, last: float = 10.0, source: str = "tencent", day: date = FRIDAY
) -> dict[str, object]:
    return {
        "pe_ttm": pe,
        "market_cap": cap,
        "last": last,
        "session": pd.Timestamp(day),
        "source": source,
        "fetched_at": FETCHED,
    }


def table(**quotes: dict[str, object]) -> pd.DataFrame:
    """Quotes as the snapshot's table has them; ``_`` in a name stands for the dot of the ticker."""
    named = {ticker.replace("_", "."): row for ticker, row in quotes.items()}
    columns = ["pe_ttm", "market_cap", "last", "session", "source", "fetched_at"]
    frame = pd.DataFrame.from_dict(named, orient="index", columns=columns)
    return frame.assign(group=[markets.group(t) for t in frame.index])


def chosen(ticker: str, found: dict[tuple[str, str], pd.DataFrame], quotes: pd.DataFrame | None = None) -> PeReading:
    series = {SeriesKey(ticker, *key): own for key, own in found.items()}
    return readings.pe_readings(series, table() if quotes is None else quotes, WEEKDAYS)[ticker]


LONG, SHORT = [20.0] * 300, [20.0] * 60


# --- the series that speaks ----------------------------------------------------------------------------------------


def test_the_best_source_of_a_mainland_share_with_the_others_beside_it() -> None:
    one = chosen("300308.SZ", {
        ("tencent", "ttm"): rows(LONG), ("eastmoney", "ttm"): rows([*LONG, 25.0]), ("baidu", "ttm"): rows([*LONG, 26.0]),
    })  # fmt: skip
    assert (one.key.source, one.pe) == ("eastmoney", 25)
    assert [(other.key.source, other.pe, dict(other.bands)) for other in one.others] == [
        ("baidu", 26, {}),
        ("tencent", 20, {}),
    ]
    assert readings.difference(one, one.others[0]) == pytest.approx(0.04)


def test_values_of_two_sessions_have_no_difference() -> None:
    one = chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG), ("baidu", "ttm"): rows(LONG, date(2026, 7, 2))})
    assert isnan(readings.difference(one, one.others[0]))


def test_two_sources_never_share_a_band() -> None:
    one = chosen("300308.SZ", {("eastmoney", "ttm"): rows([30.0] * 260), ("baidu", "ttm"): rows([10.0] * 400)})
    assert (one.bands["all"].n, one.bands["all"].mean) == (260, 30)


def test_what_ended_long_ago_does_not_speak() -> None:
    """Ten weekdays before Friday, 3 July is Friday, 19 June: that is still fresh, the 18th is not."""
    fresh = {("tencent", "ttm"): rows(LONG)}
    assert chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG, date(2026, 6, 19)), **fresh}).key.source == "eastmoney"
    assert chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG, date(2026, 6, 18)), **fresh}).key.source == "tencent"
    assert chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG, date(2020, 6, 18))}).key.source == "eastmoney"


def test_a_young_record_waits_until_it_has_a_band() -> None:
    rebuilt = {("yahoo", "announced_eps"): rows(LONG), ("baidu", "ttm"): rows(LONG)}
    one = chosen("COHR.US", {("yahoo", "yahoo_trailing"): rows(SHORT), **rebuilt})
    assert (one.key.definition, one.others[0].key.definition) == ("announced_eps", "yahoo_trailing")
    assert (
        chosen("COHR.US", {("yahoo", "yahoo_trailing"): rows([20.0] * 250), **rebuilt}).key.definition
        == "yahoo_trailing"
    )
    assert chosen("COHR.US", {("yahoo", "yahoo_trailing"): rows(SHORT)}).key.definition == "yahoo_trailing"


def test_days_of_a_loss_do_not_make_a_band() -> None:
    own = {("yahoo", "yahoo_trailing"): rows([nan] * 300, losing=True), ("yahoo", "announced_eps"): rows(LONG)}
    assert chosen("LITE.US", own).key.definition == "announced_eps"


def test_chinext_has_a_weekly_band_and_today_s_value_beside_it() -> None:
    one = chosen("399006.SZ", {
        ("danjuan", "danjuan_weekly"): rows(LONG, date(2026, 6, 26), step=5), ("cnindex", "cnindex_rolling"): rows(SHORT),
    })  # fmt: skip
    assert (one.key.source, one.weekly, one.bands["all"].weekly, one.session) == (
        "danjuan",
        True,
        True,
        date(2026, 6, 26),
    )
    assert [(other.key.source, other.weekly, other.session) for other in one.others] == [("cnindex", False, FRIDAY)]


def test_an_index_is_spoken_for_by_its_fund_under_the_fund_s_name() -> None:
    found = readings.pe_readings({SeriesKey("SOXX.US", "yahoo", "etf_trailing"): rows(LONG)}, table(), WEEKDAYS)
    assert found["^SOX.US"] == found["SOXX.US"]
    assert found["^SOX.US"].key.ticker == "SOXX.US"
    assert "^IXIC.US" not in found


def test_the_stand_ins_are_read_too() -> None:
    assert {"SOXX.US", "QQQ.US", "^SOX.US", "801770.SI"} <= set(readings.wanted(universe()))
    assert "USDCNY.FX" not in readings.wanted(universe())


# --- quotes --------------------------------------------------------------------------------------------------------


def test_without_a_series_the_quote_speaks_and_has_no_band() -> None:
    found = readings.pe_readings({}, table(**{"300308_SZ": quote(40.0), "000300_SH": quote(nan, nan)}), WEEKDAYS)
    one = found["300308.SZ"]
    assert one.key == SeriesKey("300308.SZ", "tencent", "ttm")
    assert (one.pe, one.profit, one.losing, dict(one.bands)) == (40, 25, False, {})
    assert set(found) == {"300308.SZ"}


@pytest.mark.parametrize(("source", "definition"), [("tencent", "ttm"), ("yahoo", "yahoo_trailing")])
def test_a_quote_s_pe_is_named_by_its_source(source: str, definition: str) -> None:
    found = readings.pe_readings({}, table(**{"01686_HK": quote(12.0, source=source)}), WEEKDAYS)
    assert found["01686.HK"].key.definition == definition


def test_a_quote_of_another_source_stands_beside_the_series() -> None:
    told = table(**{"300308_SZ": quote(41.0)})
    one = chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG)}, told)
    assert [(other.key.source, other.pe) for other in one.others] == [("tencent", 41)]
    assert not chosen("300308.SZ", {("tencent", "ttm"): rows(LONG)}, told).others
    assert not chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG)}, table(**{"300308_SZ": quote(nan)})).others


def test_a_series_that_ended_long_ago_gives_way_to_the_quote() -> None:
    told = table(**{"300308_SZ": quote(41.0)})
    one = chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG, date(2026, 6, 18))}, told)
    assert (one.key.source, one.pe, dict(one.bands), one.session) == ("tencent", 41, {}, FRIDAY)
    assert [(other.key.source, other.session, dict(other.bands)) for other in one.others] == [
        ("eastmoney", date(2026, 6, 18), {})
    ]
    assert chosen("300308.SZ", {("eastmoney", "ttm"): rows(LONG, date(2026, 6, 19))}, told).key.source == "eastmoney"


def test_a_market_cap_from_the_quote_is_scaled_to_the_session_s_price_and_says_so() -> None:
    """100 shares at 10; the series ends a day earlier at 8: cap 800, profit 800 / 20."""
    told = table(**{"COHR_US": quote(21.0, source="yahoo")})
    one = chosen("COHR.US", {("baidu", "ttm"): rows(LONG, date(2026, 7, 2), price=8.0)}, told)
    assert (one.market_cap, one.profit, one.cap_source) == (800, 40, "yahoo")
    own = chosen("COHR.US", {("baidu", "ttm"): rows(LONG, market_cap=640.0)}, told)
    assert (own.market_cap, own.cap_source) == (640, "baidu")


def test_a_loss_without_a_pe_has_the_profit_of_its_eps() -> None:
    """EPS -0.5 at a price of 10 and a cap of 1000: 100 shares lose 50."""
    series = rows([*LONG, nan], losing=[False] * 300 + [True], eps=-0.5, market_cap=1000.0)
    one = chosen("LITE.US", {("yahoo", "announced_eps"): series})
    assert (one.losing, isnan(one.pe), one.profit) == (True, True, -50)
    assert isnan(one.bands["all"].percentile)


def test_a_negative_pe_is_a_loss() -> None:
    one = chosen("300249.SZ", {("eastmoney", "ttm"): rows([*LONG, -25.0], market_cap=1000.0, losing=False)})
    assert (one.losing, one.profit) == (True, -40)


# --- a replayed day ------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path) -> database.Store:
    """A mainland and a US series up to Friday in a store."""
    store, _ = opening.open_writer(f"sqlite:///{tmp_path}/kept.sqlite")
    both = [("300308.SZ", "eastmoney", "ttm"), ("COHR.US", "yahoo", "yahoo_trailing")]
    told = [rows(LONG).assign(ticker=t, source=s, definition=d) for t, s, d in both]
    valuations.save(store, pd.concat(told)[list(frames.VALUATIONS)])
    return store


@pytest.mark.parametrize(("now", "mainland", "us"), [
    (datetime(2026, 7, 3, 23, tzinfo=UTC), date(2026, 7, 3), date(2026, 7, 3)),
    (datetime(2026, 7, 3, 8, tzinfo=UTC), date(2026, 7, 3), date(2026, 7, 2)),  # 16:00 in Shanghai, 04:00 in New York
    (datetime(2026, 7, 3, 6, 59, tzinfo=UTC), date(2026, 7, 2), date(2026, 7, 2)),  # a minute before Shanghai closes
    (datetime(2026, 6, 28, 8, tzinfo=UTC), date(2026, 6, 26), date(2026, 6, 26)),
])  # fmt: skip
def test_sessions_that_had_not_closed_are_not_known(
    kept: database.Store, now: datetime, mainland: date, us: date
) -> None:
    found = readings.histories(kept, ["300308.SZ", "COHR.US"], WEEKDAYS, now)
    ends = {key.ticker: own["session"].iat[-1].date() for key, own in found.items()}
    assert ends == {"300308.SZ": mainland, "COHR.US": us}


def test_before_a_series_began_there_is_none(kept: database.Store) -> None:
    assert readings.histories(kept, ["300308.SZ"], WEEKDAYS, datetime(2020, 1, 6, tzinfo=UTC)) == {}


# --- baskets -------------------------------------------------------------------------------------------------------


def members(**rate: float) -> pd.DataFrame:
    tickers = [t.replace("_", ".") for t in rate]
    return pd.DataFrame({"group": [markets.group(t) for t in tickers], "to_cny": list(rate.values())}, index=tickers)


def basket(of: pd.DataFrame, series: Histories) -> readings.BasketPeReading:
    values = readings.pe_readings(series, table(), WEEKDAYS)
    return readings.of_baskets({"b": (of, "CN")}, values, series, WEEKDAYS)["b"]


def series_of(**caps_and_pes: tuple[float, list[float]]) -> Histories:
    """Ticker -> a constant market cap and its PEs."""
    return {
        SeriesKey(t.replace("_", "."), "eastmoney", "ttm"): rows(pe, market_cap=cap)
        for t, (cap, pe) in caps_and_pes.items()
    }


def test_a_basket_over_two_markets_is_added_up_in_yuan() -> None:
    """700 CNY at 20 (profit 35) and 100 USD at 7 of PE 50 (700 CNY, profit 14): 1400 / 49."""
    found = series_of(**{"300308_SZ": (700.0, [20.0] * 300), "COHR_US": (100.0, [50.0] * 300)})
    one = basket(members(**{"300308_SZ": 1.0, "COHR_US": 7.0}), found)
    assert one.now.pe == pytest.approx(1400 / 49)
    assert {group: own.pe for group, own in one.by_group.items()} == pytest.approx({"CN": 20, "US": 50})
    assert (one.home, one.members_with_history, one.session) == ("CN", 1, FRIDAY)
    assert one.history["pe"].iloc[-1] == pytest.approx(20)  # of the home market
    assert (one.bands["all"].n, one.bands["all"].percentile) == (300, 0.5)
    assert one.sources == ("eastmoney",)


def test_the_history_ends_with_the_home_market_s_own_figure() -> None:
    rng = np.random.default_rng(8)
    found = series_of(**{f"30000{i}_SZ": (100.0 + i, rng.uniform(10, 90, 400).tolist()) for i in range(5)})
    one = basket(members(**dict.fromkeys((f"30000{i}_SZ" for i in range(5)), 1.0)), found)
    assert one.history["pe"].iloc[-1] == pytest.approx(one.by_group["CN"].pe, rel=1e-12)
    assert one.history["pe_median"].iloc[-1] == pytest.approx(one.by_group["CN"].pe_median, rel=1e-12)
    plain = pd.Series(one.history["pe"])
    assert one.bands["all"].percentile == pytest.approx(((plain < plain.iloc[-1]).sum() + 0.5) / 400, rel=1e-12)


def test_a_member_without_anything_is_not_covered() -> None:
    found = series_of(**{"300308_SZ": (700.0, [20.0] * 300)})
    one = basket(members(**{"300308_SZ": 1.0, "688205_SH": 1.0}), found)
    assert (one.now.covered, one.now.members, one.now.coverage, one.now.pe) == (1, 2, 0.5, pytest.approx(20))


def test_a_value_of_last_month_is_not_added_to_today_s() -> None:
    old = {SeriesKey("688205.SH", "eastmoney", "ttm"): rows([5.0] * 300, date(2026, 6, 18), market_cap=5000.0)}
    one = basket(
        members(**{"300308_SZ": 1.0, "688205_SH": 1.0}), series_of(**{"300308_SZ": (700.0, [20.0] * 300)}) | old
    )
    assert (one.now.pe, one.now.covered) == (pytest.approx(20), 1)


def test_without_enough_of_today_s_cap_there_is_no_percentile_of_today() -> None:
    """The larger member's series ended in June: the history does too, and Friday has no place in its band."""
    old = {SeriesKey("688205.SH", "eastmoney", "ttm"): rows([5.0] * 300, date(2026, 6, 12), market_cap=5000.0)}
    one = basket(
        members(**{"300308_SZ": 1.0, "688205_SH": 1.0}), series_of(**{"300308_SZ": (700.0, [20.0] * 300)}) | old
    )
    assert one.history["session"].iloc[-1].date() < one.session == FRIDAY
    assert one.bands["all"].n > 250
    assert isnan(one.bands["all"].percentile)


def test_a_basket_that_loses_money_has_a_yield_and_no_pe() -> None:
    found = series_of(**{"300308_SZ": (100.0, [20.0] * 300), "300249_SZ": (100.0, [-10.0] * 300)})
    one = basket(members(**{"300308_SZ": 1.0, "300249_SZ": 1.0}), found)
    assert (one.now.earnings_yield, one.now.pe_positive, one.now.losing) == (pytest.approx(-5 / 200), 20, 1)
    assert isnan(one.now.pe)
    assert one.bands["all"].n == 0


def test_an_empty_basket() -> None:
    one = basket(members(), {})
    assert (one.session, one.members_with_history, len(one.history), one.now.members) == (None, 0, 0, 0)


# --- the demo market -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> database.Store:
    return fill(tmp_path_factory.mktemp("valued") / "demo.sqlite", is_demo=True)


@pytest.fixture(scope="module")
def snapshot(store: database.Store) -> Snapshot:
    return market_snapshot(store, universe(), market.NOW)


def test_the_demo_market_s_histories_fit_its_prices_and_quotes(snapshot: Snapshot) -> None:
    found = market.market(universe(), calendars())
    made = demo_valuations.rows(found.bars, found.factors, found.quotes, calendars(), market.NOW)
    assert not made.duplicated(["ticker", "definition", "session"]).any()
    assert made["pe"].abs().between(1, 500).sum() + made["pe"].isna().sum() == len(made)
    both = made.merge(found.bars, on=["ticker", "session"])
    assert (both["price"] == both["close"]).all()
    last = made.drop_duplicates(["ticker", "definition"], keep="last").set_index("ticker")
    own = last.loc[last["definition"] == "ttm"]
    quotes = found.quotes.set_index("ticker").loc[own.index]
    assert own["pe"].tolist() == quotes["pe_ttm"].tolist()
    running = ~quotes["suspended"].to_numpy()
    assert own["market_cap"][running].tolist() == pytest.approx(quotes["market_cap"][running].tolist(), rel=1e-12)
    again = demo_valuations.rows(found.bars, found.factors, found.quotes, calendars(), market.NOW)
    pd.testing.assert_frame_equal(made, again)


def test_every_page_of_the_demo_market_has_something_to_show(snapshot: Snapshot) -> None:
    shown = snapshot.valuations
    assert {markets.kind(t) for t in shown} >= {"stock", "sector", "index"}
    assert {one.key.source for one in shown.values()} == {"demo"}
    for ticker, one in shown.items():
        place = one.bands["5y"].percentile
        assert isnan(place) or 0 <= place <= 1, ticker
    placed = [one.bands["5y"].percentile for t, one in shown.items() if markets.kind(t) == "stock"]
    assert min(placed) < 0.3 < 0.9 < np.nanmax(placed)
    assert sum(one.losing for one in shown.values()) == 2
    assert set(snapshot.basket_valuations) == {b.id for b in universe().baskets}
    for one in snapshot.basket_valuations.values():
        assert one.now.coverage == 1
        assert 0 <= one.bands["10y"].percentile <= 1


def test_an_announcement_lifted_profit_on_one_day(store: database.Store) -> None:
    """The demo market's table says by 60 %; the printed PE rounds it."""
    from basketwatch.analysis.valuation.bands import earnings

    series = readings.histories(store, [demo_valuations.STEPPED], calendars(), market.NOW)
    (history,) = series.values()
    eps = earnings(history)
    assert np.nanmax(eps[1:] / eps[:-1]) == pytest.approx(demo_valuations.STEP, abs=0.002)


def test_a_past_day_of_the_demo_market(store: database.Store) -> None:
    """A year earlier: every value is of that day or before, and the bands end with it."""
    then = market_snapshot(store, universe(), datetime(2025, 7, 4, 8, 30, tzinfo=UTC))
    one = then.valuations["300308.SZ"]
    assert one.session == one.bands["3y"].last == date(2025, 7, 4)
    assert all(v.session <= date(2025, 7, 4) for v in then.valuations.values() if v.bands)
    assert then.basket_valuations["cpo"].session == date(2025, 7, 4)
