"""The demo market: the same every time, sound in every unit, and with each of the days that its table promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from basketwatch.analysis.snapshot import market_snapshot
from basketwatch.domain import columns as frames
from basketwatch.domain import limits, markets
from basketwatch.domain.calendars import Calendar, Session
from basketwatch.domain.model import Universe
from basketwatch.domain.universe import all_tickers
from basketwatch.errors import StoreMixed
from basketwatch.files.baskets import read_universe
from basketwatch.refresh import demo
from basketwatch.refresh.checks.bars import check_bars
from basketwatch.refresh.checks.quotes import check_quotes
from basketwatch.sources.demo import market
from basketwatch.store import database, notes, opening, prices, runs

FRIDAY, THURSDAY = date(2026, 7, 3), date(2026, 7, 2)
# The tests need no more holidays than these: the last one makes the mismatch, the others stand for all.
HOLIDAYS = {
    "CN": {date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 4), date(2026, 5, 5), date(2026, 6, 19)},
    "US": {date(2026, 5, 25), date(2026, 6, 19), date(2026, 7, 3)},
}


def _calendar(group: str) -> Calendar:
    hours, zone = markets.HOURS[group], markets.zone_of(group)
    days = pd.bdate_range("2022-01-03", "2026-12-31").date
    return Calendar(group, tuple(
        Session(
            day, datetime.combine(day, hours.open, zone).astimezone(UTC),
            datetime.combine(day, hours.close, zone).astimezone(UTC),
        )
        for day in days if day not in HOLIDAYS.get(group, ())
    ))  # fmt: skip


CALENDARS = {group: _calendar(group) for group in markets.GROUPS}


@pytest.fixture(scope="module")
def universe() -> Universe:
    return read_universe(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def made(universe: Universe) -> market.Market:
    return market.market(universe, CALENDARS)


@pytest.fixture(scope="module")
def store(universe: Universe, tmp_path_factory: pytest.TempPathFactory) -> database.Store:
    url = f"sqlite:///{tmp_path_factory.mktemp('demo')}/demo.sqlite"
    writer, _ = opening.open_writer(url, demo=True)
    demo.build(writer, universe, CALENDARS)
    reader = opening.open_reader(url, demo=True)
    assert reader is not None
    return reader


@pytest.fixture(scope="module")
def quotes(made: market.Market) -> pd.DataFrame:
    return made.quotes.set_index("ticker", drop=False)


def _state(quotes: pd.DataFrame, ticker: str) -> str:
    row = quotes.loc[ticker]
    return limits.state(row["open"], row["high"], row["low"], row["last"], row["limit_up"], row["limit_down"])


def _bars(made: market.Market, ticker: str) -> pd.DataFrame:
    return made.bars.loc[made.bars["ticker"] == ticker].set_index("session")


def _references(made: market.Market, ticker: str) -> pd.Series:
    """The exchange's previous close of each bar, as an outsider computes it: the close before times the factor."""
    closes = _bars(made, ticker)["close"]
    factors = made.factors.loc[made.factors["ticker"] == ticker].set_index("ex_date")["factor"]
    return (closes.shift() * factors.reindex(closes.index).fillna(1.0)).round(2)


# --- the same, and nothing live -----------------------------------------------------------------------------------


def test_two_markets_are_the_same(made: market.Market, universe: Universe) -> None:
    again = market.market(universe, CALENDARS)
    pd.testing.assert_frame_equal(made.bars, again.bars, check_exact=True)
    pd.testing.assert_frame_equal(made.quotes, again.quotes, check_exact=True)
    pd.testing.assert_frame_equal(made.factors, again.factors, check_exact=True)
    assert made.states == again.states


def test_editing_one_basket_moves_no_stranger(made: market.Market, universe: Universe) -> None:
    shorter = replace(universe, baskets=tuple(b for b in universe.baskets if b.id != "liquid_cooling"))
    other = market.market(shorter, CALENDARS)
    for ticker in ("NVDA.US", "688313.SH", "801010.SI"):
        before, after = (_bars(m, ticker)["close"].iloc[:-1] for m in (made, other))
        moves = (np.log(before).diff() - np.log(after).diff()).abs()
        assert moves.max() < 0.002, ticker


def test_a_live_store_is_refused(universe: Universe, tmp_path: Path) -> None:
    live, _ = opening.open_writer(f"sqlite:///{tmp_path}/live.sqlite")
    with pytest.raises(StoreMixed):
        demo.build(live, universe, CALENDARS)
    assert prices.read_quotes(live).empty and runs.last_run(live) is None


def test_an_empty_house_makes_an_empty_market() -> None:
    empty = market.market(Universe(), CALENDARS)
    assert empty.bars.empty and empty.quotes.empty and list(empty.bars.columns) == list(frames.BARS)


def test_every_ticker_of_the_story_is_watched(universe: Universe) -> None:
    told = {
        *market.ENDINGS,
        *market.SUSPENDED,
        *market.LISTED,
        *market.EX_DAYS,
        *market.MOVES,
        *market.STALE,
        "920045.BJ",
    }
    assert told | {*market.LOSING, *market.WITHOUT_PE} <= set(all_tickers(universe))


# --- sound frames -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bars", "quotes", "factors"])
def test_frames_have_the_columns_and_dtypes_of_the_list(made: market.Market, name: str) -> None:
    frame, columns = getattr(made, name), getattr(frames, name.upper())
    assert {c: str(t) for c, t in frame.dtypes.items()} == {c: dtype for c, (dtype, _, _) in columns.items()}
    assert frame[[c for c, (_, _, required) in columns.items() if required]].notna().all(axis=None)


def test_every_ticker_has_a_quote_and_bars(made: market.Market, universe: Universe) -> None:
    assert set(made.quotes["ticker"]) == set(made.bars["ticker"]) == set(all_tickers(universe))
    years = made.bars.groupby("ticker")["session"].agg(lambda days: (days.max() - days.min()).days / 365)
    assert (years.drop("301486.SZ") > 2.95).all()


def test_bars_are_of_sessions_and_final(made: market.Market) -> None:
    for group, rows in made.bars.groupby(made.bars["ticker"].map(markets.group)):
        days = rows["session"].dt.date
        last = THURSDAY if group == "US" else FRIDAY
        assert days.max() == last and (group == "FX" or rows["final"].all())
        if group != "FX":
            assert set(days) <= {s.day for s in CALENDARS[str(group)].sessions}
    assert not made.bars.duplicated(["ticker", "session"]).any()


def test_prices_lie_within_the_bar_and_on_the_tick(made: market.Market) -> None:
    bars = made.bars.loc[~made.bars["ticker"].str.endswith(".SI")]
    body = bars[["open", "close"]]
    assert (bars["low"] <= body.min(axis=1)).all() and (bars["high"] >= body.max(axis=1)).all()
    shares = bars.loc[[markets.kind(t) == "stock" for t in bars["ticker"]], ["open", "high", "low", "close"]]
    assert (shares.round(2) == shares).all(axis=None) and (shares > 0).all(axis=None)
    sectors = made.bars.loc[made.bars["ticker"].str.endswith(".SI")]
    assert sectors[["open", "high", "low", "volume", "amount"]].isna().all(axis=None)


@pytest.mark.parametrize("name", ["bars", "quotes"])
def test_units_agree(made: market.Market, name: str) -> None:
    rows = getattr(made, name)
    traded = rows.loc[rows["volume"] > 0]
    average = traded["amount"] / traded["volume"]
    assert (average > traded["low"] - 1e-4).all() and (average < traded["high"] + 1e-4).all()
    assert traded["turnover"].between(0, 1, inclusive="neither").all()
    assert (traded.loc[traded["ticker"].map(markets.group) == "CN", "volume"] % 100 == 0).all()


def test_quotes_agree_with_themselves_and_with_the_bars(made: market.Market, quotes: pd.DataFrame) -> None:
    stocks = quotes.loc[[markets.kind(t) == "stock" for t in quotes.index]]
    assert (stocks["market_cap"] >= stocks["float_cap"]).all() and (stocks["float_cap"] > 0).all()
    np.testing.assert_allclose(stocks["turnover"], stocks["volume"] * stocks["last"] / stocks["float_cap"])
    last = made.bars.groupby("ticker").last()
    for column in ("open", "high", "low", "close", "volume"):
        have = quotes["last" if column == "close" else column].where(~quotes["suspended"])
        pd.testing.assert_series_equal(
            have, last[column].where(~quotes["suspended"]), check_names=False, check_index_type=False
        )
    assert stocks["pe_ttm"].drop("LITE.US").notna().all() and quotes["name"].str.len().min() > 0
    assert quotes.loc[quotes["ticker"].str.endswith(".HK"), "delay_minutes"].eq(15).all()


def test_mainland_levels(quotes: pd.DataFrame) -> None:
    shares = quotes.loc[[limits.board(t) is not None for t in quotes.index], "last"]
    assert shares.between(8, 900).all() and shares.max() / shares.min() > 20


def test_no_bar_breaks_its_limits(made: market.Market, universe: Universe) -> None:
    sealed = 0
    for ticker in (t for t in all_tickers(universe) if limits.board(t)):
        rows = _bars(made, ticker).assign(before=_references(made, ticker)).iloc[1:]
        for row in rows.itertuples():
            pair = limits.limit_prices(ticker, row.Index.date(), row.before)
            assert pair is not None
            state = limits.state(row.open, row.high, row.low, row.close, *pair)
            assert state != "unknown", (ticker, row)
            sealed += state != "none"
    assert 40 < sealed < 1000  # a few a stock in three years


def test_charts_look_like_a_market(made: market.Market) -> None:
    closes = made.bars.pivot(index="session", columns="ticker", values="close")
    index = closes["000300.SH"].dropna()
    assert -0.35 < (index / index.cummax() - 1).min() < -0.08
    daily_moves = np.log(closes.filter(regex=r"\.S[HZ]$")).diff()
    kin = daily_moves[["300502.SZ", "688048.SH", "002281.SZ"]].corr().to_numpy()[np.triu_indices(3, 1)]
    assert (kin > 0.2).all() and daily_moves["300502.SZ"].std() > 1.5 * daily_moves["000300.SH"].std()


def test_checks_find_no_hard_fault(made: market.Market, universe: Universe) -> None:
    begun = {g: s.day for g, c in CALENDARS.items() if (s := c.state(market.NOW).session)}
    kept, faults = check_quotes(made.quotes, all_tickers(universe), begun=begun | {"FX": FRIDAY}, now=market.NOW)
    assert [f for f in faults if f.severity == "hard"] == [] and len(kept) == len(made.quotes)
    assert {f.ticker for f in faults if f.key == "stale_day"} == set(market.STALE)
    for ticker, bars in made.bars.groupby("ticker"):
        verdict = check_bars(
            bars.reset_index(drop=True), str(ticker), calendar=CALENDARS.get(markets.group(str(ticker))),
            now=market.NOW, stored=None, factors=made.factors,
        )  # fmt: skip
        odd = [f for f in verdict.faults if f.severity == "hard" or f.key == "unexplained_jump"]
        assert odd == [] and len(verdict.bars) == len(bars), ticker


# --- the story ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ticker", "ending"), market.ENDINGS.items())
def test_endings_at_the_limit(quotes: pd.DataFrame, ticker: str, ending: str) -> None:
    assert _state(quotes, ticker) == ending


def test_sealed_on_a_20_percent_board_and_one_price_on_the_main_board(quotes: pd.DataFrame) -> None:
    assert limits.board("300394.SZ") == "chinext" and limits.board("002536.SZ") == "main"
    row = quotes.loc["300394.SZ"]
    assert row["last"] / row["previous_close"] - 1 == pytest.approx(0.2, abs=1e-3) and row["open"] < row["last"]
    assert quotes.loc["002536.SZ", "turnover"] < 0.01


def test_opened_again_one_tick_below_the_limit(quotes: pd.DataFrame) -> None:
    row = quotes.loc["300620.SZ"]
    assert row["high"] == row["limit_up"] and row["last"] == pytest.approx(row["limit_up"] - 0.01, abs=1e-9)


def test_suspended(made: market.Market, quotes: pd.DataFrame) -> None:
    row, bars = quotes.loc["002272.SZ"], _bars(made, "002272.SZ")
    assert row["suspended"] and row["volume"] == 0 and np.isnan(row["open"]) and row["last"] == row["previous_close"]
    assert bars.index.max() == pd.Timestamp(2026, 6, 23) and row["last"] == bars["close"].iloc[-1]
    assert list(quotes.loc[quotes["suspended"], "ticker"]) == ["002272.SZ"]


def test_loss_makers(quotes: pd.DataFrame) -> None:
    assert quotes.loc["300249.SZ", "pe_ttm"] < 0 and np.isnan(quotes.loc["LITE.US", "pe_ttm"])
    assert (quotes["pe_ttm"] < 0).sum() == 1


def test_ex_rights_today_looks_like_a_crash_and_is_a_gain(made: market.Market, quotes: pd.DataFrame) -> None:
    row, closes = quotes.loc["603203.SH"], _bars(made, "603203.SH")["close"]
    assert closes.iloc[-1] / closes.iloc[-2] - 1 == pytest.approx(-0.16, abs=0.005)
    assert row["previous_close"] < closes.iloc[-2] and row["last"] / row["previous_close"] - 1 > 0.02
    factor = made.factors.set_index("ticker").loc["603203.SH"]
    assert factor["ex_date"] == pd.Timestamp(FRIDAY)
    assert factor["factor"] * closes.iloc[-2] == pytest.approx(row["previous_close"], abs=1e-9)
    assert (row["limit_up"], row["limit_down"]) == limits.limit_prices("603203.SH", FRIDAY, row["previous_close"])


def test_cash_dividend_in_april(made: market.Market) -> None:
    factor = made.factors.set_index("ticker").loc["300308.SZ"]
    assert factor["ex_date"] == pd.Timestamp(2026, 4, 30) and 0.99 < factor["factor"] < 1
    assert set(made.factors["ticker"]) == set(market.EX_DAYS)


def test_beijing_rounds_the_upper_limit_down_and_the_lower_one_up(quotes: pd.DataFrame) -> None:
    row = quotes.loc["920045.BJ"]
    fen = round(row["previous_close"] * 100)
    assert (row["limit_up"], row["limit_down"]) == (fen * 130 // 100 / 100, -(-fen * 70 // 100) / 100)
    assert row["limit_up"] != (fen * 130 + 50) // 100 / 100  # where half up would be another price


def test_young(made: market.Market) -> None:
    bars = _bars(made, "301486.SZ")
    assert bars.index.min() == pd.Timestamp(2026, 5, 6) and 20 < len(bars) < 60


def test_stale(made: market.Market, quotes: pd.DataFrame) -> None:
    row = quotes.loc["AXTI.US"]
    assert row["session"].date() == date(2026, 7, 1) and row["quote_time"] == pd.Timestamp("2026-07-01T20:00Z")
    words = {(s.ticker, s.part): s for s in made.states}
    assert words["AXTI.US", "quotes"].state == "stale" and words["AXTI.US", "quotes"].key == "stale"
    assert {s.ticker for s in made.states if s.state != "ok"} == {"AXTI.US"}
    assert len(words) == len(made.states) == 2 * len(made.quotes)


def test_holiday_mismatch(quotes: pd.DataFrame) -> None:
    times = {"300308.SZ": "2026-07-03T07:00Z", "03308.HK": "2026-07-03T08:00Z", "NVDA.US": "2026-07-02T20:00Z"}
    for ticker, at in times.items():
        assert quotes.loc[ticker, "quote_time"] == pd.Timestamp(at)
    assert quotes.loc["NVDA.US", "session"].date() == THURSDAY and quotes.loc["2382.TW", "session"].date() == FRIDAY


def test_headlines_have_both_signs(quotes: pd.DataFrame) -> None:
    moves = quotes["last"] / quotes["previous_close"] - 1
    for ticker in ("000300.SH", "399006.SZ", "801770.SI", "^SOX.US", "^IXIC.US", "COHR.US", "LITE.US"):
        assert moves[ticker] == pytest.approx(market.MOVES[ticker], abs=5e-4), ticker


# --- the store ----------------------------------------------------------------------------------------------------


def test_the_store_holds_what_was_made(made: market.Market, store: database.Store) -> None:
    pd.testing.assert_frame_equal(
        prices.read_bars(store), made.bars.sort_values(["ticker", "session"], ignore_index=True), check_dtype=False
    )
    assert len(prices.read_quotes(store)) == len(made.quotes) and len(prices.read_factors(store)) == 2
    assert prices.damaged_series(store) == [] and len(prices.read_series(store)) == len(made.quotes)
    assert set(prices.read_calendars(store)) == set(CALENDARS)


def test_the_run_is_finished_and_names_its_version(store: database.Store) -> None:
    run = runs.last_run(store, finished=True)
    assert run is not None and run.report is not None and run.done == run.total > 50
    assert run.report["version"] == notes.version(store) and run.report["requests"]["total"] == 0
    assert [p["part"] for p in run.report["parts"]] == ["quotes", "bars"]
    assert run.report["parts"][0]["stale"] == ["AXTI.US"]


def test_the_first_page_shows_both_colours(store: database.Store, universe: Universe) -> None:
    snapshot = market_snapshot(store, universe, market.NOW)
    for view, aim in zip(snapshot.baskets, market.BASKET_MOVES, strict=False):
        assert view.table["1d"].mean() == pytest.approx(aim, abs=1e-3), view.basket.id
    assert (snapshot.table["limit_state"].value_counts()[list(market.ENDINGS.values())] == 1).all()
    assert snapshot.overnight.sessions == (THURSDAY,) and snapshot.overnight.moves["move"].gt(0).sum() >= 2
    assert snapshot.overnight.moves["move"].lt(0).sum() >= 2


def test_a_later_instant_has_later_sessions(universe: Universe) -> None:
    later = market.market(universe, CALENDARS, market.NOW + timedelta(days=11))
    assert later.bars["session"].max() == pd.Timestamp(2026, 7, 14)
    assert later.quotes["suspended"].sum() == 1
