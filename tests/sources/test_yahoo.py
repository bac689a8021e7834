"""Yahoo: the unmodified yfinance over the wire; values against the stand-in's market, request budgets, every fault."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from basketwatch import clock, errors
from basketwatch.domain.columns import BARS, FACTORS, QUOTES
from basketwatch.errors import (
    BadAnswer,
    Blocked,
    BreakerOpen,
    NoData,
    SourceError,
    SuspectAnswer,
    UnknownSymbol,
    Unreachable,
)
from basketwatch.sources import yahoo
from basketwatch.sources.net import guard
from tests.upstream import Upstream

FINAL = date(2026, 7, 3)  # the stand-in's day: Asia has closed, New York has not opened
WATCHED = ["NVDA.US", "^SOX.US", "SOXX.US", "00700.HK", "2308.TW", "005930.KS", "300308.SZ", "USDCNY.FX"]
CRUMB, QUOTE, CHART = "/v1/test/getcrumb", "/v7/finance/quote", "/v8/finance/chart"


@pytest.fixture
def wire(upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Upstream]:
    """The stand-in at its own instant, a guard without pauses, and a yfinance that has never been used."""
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(upstream.market.now))
    guard.install(guard.Guard(pace=0.0))
    forget()
    yahoo.configure(tmp_path / "yahoo")
    yahoo._yfinance()  # its import takes a second, which is not the network's
    yield upstream
    guard.uninstall()
    forget()
    assert (upstream.unknown, upstream.broken) == ([], [])


def forget() -> None:
    """Make yfinance and its caches as new as in a fresh process."""
    import yfinance.cache
    from yfinance.data import SingletonMeta, YfData

    SingletonMeta._instances.clear()
    YfData.cache_get.cache_clear()
    yfinance.cache._TzCacheManager._tz_cache = yfinance.cache._CookieCacheManager._Cookie_cache = None
    yahoo._yfinance.cache_clear()
    yahoo._session.cache_clear()


def asked(wire: Upstream) -> list[str]:
    """Paths of the requests since the last look."""
    paths = [entry.path.rsplit("/", 1)[0] if entry.path.startswith(CHART) else entry.path for entry in wire.log]
    wire.log.clear()
    return paths


# --- quotes ----------------------------------------------------------------------------------------------------------


def test_quotes_are_those_of_the_market(wire: Upstream) -> None:
    found = yahoo.fetch_quotes(WATCHED)
    assert list(found.columns) == list(QUOTES)
    assert {c: str(d) for c, d in found.dtypes.items()} == {c: dtype for c, (dtype, _, _) in QUOTES.items()}
    assert list(found["ticker"]) == WATCHED
    found = found.set_index("ticker")
    assert found.loc["NVDA.US", ["last", "previous_close", "high", "low"]].tolist() == [188.0, 192.42, 192.12, 187.84]
    assert found.loc["USDCNY.FX", "last"] == pytest.approx(6.75, abs=0.01)
    assert found["currency"].tolist() == ["USD", "USD", "USD", "HKD", "TWD", "KRW", "CNY", "CNY"]
    assert found["delay_minutes"].tolist() == [0, 0, 0, 15, 20, 20, 30, 0]
    assert found["pe_ttm"].notna().tolist() == [True, False, True, True, True, True, True, False]
    assert found["source"].unique().tolist() == ["yahoo"]


def test_turnover_is_a_fraction_and_of_american_stocks_only(wire: Upstream) -> None:
    found = yahoo.fetch_quotes(WATCHED).set_index("ticker")
    shares = wire.market.shares("NVDA.US", date(2026, 7, 2))
    assert found.loc["NVDA.US", "turnover"] == pytest.approx(found.loc["NVDA.US", "volume"] / shares, rel=1e-6)
    assert found["turnover"].notna().sum() == 1
    assert pd.isna(found.loc["USDCNY.FX", "volume"])


def test_a_session_is_the_exchanges_own_day(wire: Upstream) -> None:
    """At 08:30 UTC on 3 July New York's last session is the 2nd (and the 3rd a holiday), Asia's the 3rd."""
    days = yahoo.fetch_quotes(WATCHED).set_index("ticker")["session"].dt.strftime("%m-%d")
    assert days.tolist() == ["07-02", "07-02", "07-02", *["07-03"] * 5]


@pytest.mark.parametrize(
    ("symbol", "ticker", "zone", "instant", "session"),
    [
        ("NVDA", "NVDA.US", "America/New_York", "2026-03-06T21:00:00+00:00", "2026-03-06"),
        ("NVDA", "NVDA.US", "America/New_York", "2026-03-09T20:00:00+00:00", "2026-03-09"),
        ("NVDA", "NVDA.US", "America/New_York", "2026-03-10T00:30:00+00:00", "2026-03-09"),
        ("NVDA", "NVDA.US", "America/New_York", "2026-10-30T20:00:00+00:00", "2026-10-30"),
        ("NVDA", "NVDA.US", "America/New_York", "2026-11-03T00:30:00+00:00", "2026-11-02"),
        ("005930.KS", "005930.KS", "Asia/Seoul", "2026-07-02T23:59:59+00:00", "2026-07-03"),
        ("CNY=X", "USDCNY.FX", "Europe/London", "2026-07-02T23:30:00+00:00", "2026-07-03"),
        ("CNY=X", "USDCNY.FX", "Europe/London", "2026-12-02T23:30:00+00:00", "2026-12-02"),
        ("0700.HK", "00700.HK", "Mars/Olympus", "2026-07-02T23:30:00+00:00", "2026-07-03"),
    ],
)
def test_session_dates_where_utc_would_be_wrong(
    wire: Upstream, symbol: str, ticker: str, zone: str, instant: str, session: str
) -> None:
    at = int(pd.Timestamp(instant).timestamp())
    answer(wire, {"symbol": symbol, "regularMarketPrice": 1.0, "regularMarketTime": at, "exchangeTimezoneName": zone})
    found = yahoo.fetch_quotes([ticker])
    assert found["session"].tolist() == [pd.Timestamp(session)]
    assert found["quote_time"].tolist() == [pd.Timestamp(instant)]


def answer(wire: Upstream, *rows: dict[str, Any]) -> None:
    wire.fault("query1", QUOTE, "body:" + json.dumps({"quoteResponse": {"result": list(rows), "error": None}}))


def test_what_is_missing_or_was_not_asked_for_is_left_out(wire: Upstream) -> None:
    good = {"symbol": "NVDA", "regularMarketPrice": 188.0, "regularMarketTime": 1783022403}
    answer(
        wire,
        good,
        {"symbol": "KO", "regularMarketPrice": 60.0, "regularMarketTime": 1783022403},
        {"symbol": "COHR", "regularMarketPrice": None, "regularMarketTime": 1783022403},
        {"symbol": "LITE", "regularMarketPrice": "188", "regularMarketTime": 1783022403},
        {"symbol": "AVGO", "regularMarketPrice": 300.0},
    )
    found = yahoo.fetch_quotes(["NVDA.US", "COHR.US", "LITE.US", "AVGO.US"])
    assert found["ticker"].tolist() == ["NVDA.US"]
    assert found["currency"].tolist() == ["USD"]


def test_half_an_answer_is_half_the_rows(wire: Upstream) -> None:
    wire.fault("query1", QUOTE, "half_missing")
    assert yahoo.fetch_quotes(WATCHED)["ticker"].tolist() == WATCHED[::2]


def test_an_answer_about_others_is_bad_and_an_empty_one_is_no_data(wire: Upstream) -> None:
    wire.fault("query1", QUOTE, "other_symbol", times=1)
    with pytest.raises(BadAnswer):
        yahoo.fetch_quotes(["NVDA.US", "COHR.US"])
    with pytest.raises(NoData):
        yahoo.fetch_quotes(["ZZZZ.US"])
    wire.log.clear()
    with pytest.raises(NoData):
        yahoo.fetch_quotes(["920045.BJ", "801770.SI"])  # Yahoo has no such markets
    assert asked(wire) == []


# --- budgets ---------------------------------------------------------------------------------------------------------


def test_cold_three_requests_then_one(wire: Upstream) -> None:
    yahoo.fetch_quotes(WATCHED)
    assert asked(wire) == ["/", CRUMB, QUOTE]
    yahoo.fetch_quotes(WATCHED)
    assert asked(wire) == [QUOTE]
    yahoo.fetch_history("NVDA.US", 5, final_before=FINAL)
    yahoo.fetch_history("00700.HK", 5, final_before=FINAL)
    assert asked(wire) == [CHART, CHART]


def test_fifty_symbols_a_request(wire: Upstream) -> None:
    yahoo.fetch_quotes([f"6000{n:02d}.SH" for n in range(60)] + ["NVDA.US"])
    assert asked(wire).count(QUOTE) == 2
    assert guard.current().counts()["query1.finance.yahoo.com"] == 3


PROCESS = """
import sys
from pathlib import Path
from basketwatch.sources import yahoo
from basketwatch.sources.net import guard
guard.install(guard.Guard(pace=0.0))
yahoo.configure(Path(sys.argv[1]))
print(len(yahoo.fetch_quotes(["NVDA.US", "USDCNY.FX"])))
"""


def test_a_fresh_process_needs_one_request(wire: Upstream, tmp_path: Path) -> None:
    for requests in (["/", CRUMB, QUOTE], [QUOTE]):
        run = [sys.executable, "-c", PROCESS, str(tmp_path / "kept")]
        root = Path(__file__).parents[2]
        done = subprocess.run(run, cwd=root, env=os.environ, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("2\n", "")  # and no warning, no log line
        assert asked(wire) == requests


@pytest.mark.parametrize(
    ("kept", "requests"),
    [
        pytest.param("", [CRUMB, QUOTE], id="none"),
        pytest.param("Too Many Requests", [CRUMB, QUOTE], id="what a 429 leaves as a crumb"),
        pytest.param("0123456789a", [QUOTE, CRUMB, QUOTE], id="an old one: 401, a new one, again"),
    ],
)
def test_a_bad_crumb_heals(wire: Upstream, tmp_path: Path, kept: str, requests: list[str]) -> None:
    yahoo.fetch_quotes(["NVDA.US"])
    asked(wire)
    file = tmp_path / "yahoo" / "crumb"
    crumb = file.read_text()
    file.write_text(kept)
    forget()
    yahoo.fetch_quotes(["NVDA.US"])
    assert asked(wire) == requests
    assert file.read_text() == crumb


def test_the_crumb_is_its_owners_alone(wire: Upstream, tmp_path: Path) -> None:
    yahoo.fetch_quotes(["NVDA.US"])
    folder = tmp_path / "yahoo"
    assert stat.S_IMODE((folder / "crumb").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {"cookies.db", "tkr-tz.db"} <= {file.name for file in folder.iterdir()}


# --- charts instead of quotes ----------------------------------------------------------------------------------------


def test_charts_say_the_same_as_quotes(wire: Upstream) -> None:
    columns = [
        "ticker",
        "name",
        "session",
        "last",
        "previous_close",
        "open",
        "high",
        "low",
        "volume",
        "currency",
        "quote_time",
    ]
    quotes = yahoo.fetch_quotes(WATCHED)
    wire.log.clear()
    charts = yahoo.fetch_quotes_by_chart(WATCHED)
    assert asked(wire) == [CHART] * len(WATCHED)
    pd.testing.assert_frame_equal(charts[columns], quotes[columns])


def test_charts_work_while_crumbs_are_refused(wire: Upstream) -> None:
    wire.fault("query1", CRUMB, "status:429")
    with pytest.raises(Blocked):
        yahoo.fetch_quotes(["NVDA.US"])
    assert yahoo.fetch_quotes_by_chart(["NVDA.US"])["last"].tolist() == [188.0]


def test_charts_pass_over_the_unknown_and_stop_at_a_refusal(wire: Upstream) -> None:
    wire.fault("query2", "chart/COHR", "status:429")
    found = yahoo.fetch_quotes_by_chart(["ZZZZ.US", "NVDA.US", "COHR.US", "LITE.US"])
    assert found["ticker"].tolist() == ["NVDA.US"]
    assert not any("LITE" in entry.path for entry in wire.log)
    with pytest.raises(BreakerOpen):
        yahoo.fetch_quotes_by_chart(["LITE.US", "NVDA.US"])


# --- history ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ticker", ["AVGO.US", "00700.HK", "300308.SZ", "2308.TW", "^SOX.US"])
def test_bars_are_those_of_the_market(wire: Upstream, ticker: str) -> None:
    history = yahoo.fetch_history(ticker, 2, final_before=FINAL)
    assert {c: str(d) for c, d in history.bars.dtypes.items()} == {c: dtype for c, (dtype, _, _) in BARS.items()}
    true = {bar.day: bar for bar in wire.market.bars(ticker)}
    rows = history.bars.set_index("session")
    assert len(rows) > 470
    assert list(rows.index.date) == [day for day in sorted(true) if day >= rows.index[0].date()]
    for day, row in rows.iterrows():
        bar = true[day.date()]
        values = [row[c] for c in ("open", "high", "low", "close")]
        assert values == pytest.approx([bar.open, bar.high, bar.low, bar.close])
        assert row["volume"] == pytest.approx(bar.volume, abs=1)


def test_closes_are_split_adjusted_throughout(wire: Upstream) -> None:
    """A ten-for-one split in June 2024 leaves no step: every day's move is that of the market."""
    closes = yahoo.fetch_history("NVDA.US", 5, final_before=FINAL).bars.set_index("session")["close"]
    assert closes.pct_change().abs().max() < 0.25
    raw = {bar.day: bar.close for bar in wire.market.bars("NVDA.US")}
    assert closes[pd.Timestamp("2024-06-07")] == pytest.approx(raw[date(2024, 6, 7)] / 10)


def test_factors_come_from_dividends(wire: Upstream) -> None:
    history = yahoo.fetch_history("AVGO.US", 2, final_before=FINAL)
    assert {c: str(d) for c, d in history.factors.dtypes.items()} == {c: dtype for c, (dtype, _, _) in FACTORS.items()}
    closes = history.bars.set_index("session")["close"]
    paid = {action.day: action.cash for action in wire.market.actions("AVGO.US") if action.day > closes.index[0].date()}
    assert list(history.factors["ex_date"].dt.date) == sorted(paid)
    assert len(paid) >= 7
    for row in history.factors.itertuples():
        before = closes[closes.index < row.ex_date].iloc[-1]
        assert row.factor == pytest.approx(1 - paid[row.ex_date.date()] / before)


def test_an_unfinished_day_is_not_final(wire: Upstream) -> None:
    bars = yahoo.fetch_history("00700.HK", 1, final_before=date(2026, 7, 3)).bars.set_index("session")
    assert not bars.loc["2026-07-03", "final"]
    assert bars["final"].sum() == len(bars) - 1
    assert yahoo.fetch_history("00700.HK", 1, final_before=date(2026, 7, 4)).bars["final"].all()


def test_of_a_currency_only_the_close_counts(wire: Upstream) -> None:
    history = yahoo.fetch_history("USDCNY.FX", 1, final_before=FINAL)
    assert history.bars["close"].between(6, 8).all()
    assert history.bars[["open", "high", "low", "volume"]].isna().all(axis=None)
    assert history.factors.empty


@pytest.mark.parametrize(("years", "period"), [(1, "1y"), (2, "2y"), (3, "5y"), (5, "5y"), (6, "10y"), (20, "10y")])
def test_periods(wire: Upstream, years: int, period: str) -> None:
    yahoo.fetch_history("NVDA.US", years, final_before=FINAL)
    assert wire.log[-1].query["range"] == period


def test_a_bar_without_prices_is_left_out(wire: Upstream) -> None:
    wire.fault("query2", "chart", "nan_last")
    days = yahoo.fetch_history("00700.HK", 1, final_before=FINAL).bars["session"]
    assert days.iloc[-1] == pd.Timestamp("2026-07-02")


# --- faults ----------------------------------------------------------------------------------------------------------

FAULTS: list[Any] = [
    pytest.param("status:429", Blocked, "HTTP 429", id="429"),
    pytest.param("status:403", Blocked, "HTTP 403", id="403"),
    pytest.param("status:999", Blocked, "HTTP 999", id="999"),
    pytest.param("status:500", Unreachable, "HTTP 500", id="500"),
    pytest.param("status:503", Unreachable, "HTTP 503", id="503"),
    pytest.param("reset", Unreachable, "connection reset", id="reset"),
    pytest.param("body:", BadAnswer, "not JSON", id="empty"),
    pytest.param("body:<html>gateway</html>", BadAnswer, "not JSON: <html>gateway", id="html"),
    pytest.param("body:<html>请完成验证</html>", Blocked, "captcha", id="captcha"),
    pytest.param("truncated", BadAnswer, "not JSON", id="truncated"),
    pytest.param("body:{}", BadAnswer, "no ", id="{}"),
    pytest.param("body:[]", BadAnswer, "", id="[]"),
    pytest.param("hang:60", Unreachable, "timeout", id="hang"),
    pytest.param("drip", Unreachable, "timeout", id="drip"),
    pytest.param("huge", errors.TooLarge, "too large", id="huge"),
    pytest.param("redirect:https://evil.example/x", BadAnswer, "redirect to evil.example", id="redirect"),
]


def short() -> guard.Guard:
    """A guard that gives up soon."""
    return guard.Guard(limits=guard.Limits(connect=1, read=1, total=1.5, call=2), pace=0.0)


@pytest.mark.parametrize(("fault", "error", "detail"), FAULTS)
@pytest.mark.parametrize("what", ["history", "quotes"])
def test_yfinance_says_what_went_wrong(
    wire: Upstream, what: str, fault: str, error: type[SourceError], detail: str
) -> None:
    """And it takes no longer than it may, asks no other host, and the next answer is good again."""
    if fault in ("hang:60", "drip"):
        guard.install(short())
    wire.fault("query", f"{CHART}|{QUOTE}", fault)
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        ask(what)
    assert type(caught.value) is error
    assert detail in caught.value.params["detail"]
    assert time.monotonic() - started < 4
    assert len(wire.log) <= 5
    assert not wire.requests("evil")
    wire.clear_faults()
    guard.install(guard.Guard(pace=0.0))  # without the breaker
    assert ask(what) > 0


def ask(what: str) -> int:
    if what == "history":
        return len(yahoo.fetch_history("NVDA.US", 1, final_before=FINAL).bars)
    return len(yahoo.fetch_quotes(["NVDA.US"]))


def test_refused_failed_empty_and_unknown_are_four_things(wire: Upstream) -> None:
    with pytest.raises(UnknownSymbol):
        yahoo.fetch_history("ZZZZ.US", 1, final_before=FINAL)
    wire.fault("query2", CHART, 'body:{"chart":{"result":null,"error":null}}', times=1)
    with pytest.raises(NoData) as empty:
        yahoo.fetch_history("NVDA.US", 1, final_before=FINAL)
    assert type(empty.value) is NoData
    wire.fault("query2", CHART, "status:500")
    with pytest.raises(Unreachable):
        yahoo.fetch_history("NVDA.US", 1, final_before=FINAL)
    wire.clear_faults()
    wire.fault("query2", CHART, "status:403")
    with pytest.raises(Blocked):
        yahoo.fetch_history("NVDA.US", 1, final_before=FINAL)


def test_another_symbols_bars_are_refused(wire: Upstream) -> None:
    wire.fault("query2", CHART, "other_symbol")
    with pytest.raises(SuspectAnswer):
        yahoo.fetch_history("NVDA.US", 1, final_before=FINAL)


def test_yahoo_refusing_everything_is_asked_little(wire: Upstream) -> None:
    """Bare yfinance makes 9 requests a symbol here, and goes on with the next one."""
    wire.fault("query", ".", "status:429")
    for ticker in ("NVDA.US", "COHR.US", "LITE.US", "AVGO.US"):
        with pytest.raises(Blocked):
            yahoo.fetch_history(ticker, 1, final_before=FINAL)
    with pytest.raises(Blocked):
        yahoo.fetch_quotes(WATCHED)
    assert len(wire.requests("query")) == 2  # one a host


def test_no_network_at_all_ends_in_time(wire: Upstream) -> None:
    """Bare yfinance needs 60 seconds for one symbol. Here two calls, then the breakers are open."""
    guard.install(short())
    wire.fault("yahoo", ".", "hang:60")
    started = time.monotonic()
    for ticker in ("NVDA.US", "COHR.US", "LITE.US", "AVGO.US", "MRVL.US", "TSM.US", "AMD.US", "MU.US"):
        with pytest.raises(SourceError):
            yahoo.fetch_history(ticker, 1, final_before=FINAL)
    assert time.monotonic() - started < 8
    assert {b.reason for b in guard.current().breakers} == {"timeout"}
