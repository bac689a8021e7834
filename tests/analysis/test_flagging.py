"""From the store to the log: what the rules are judged on, which of it is kept, and that a past day stays as it was."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from basketwatch import clock
from basketwatch.analysis import flags
from basketwatch.analysis.flags import reading
from basketwatch.analysis.flags.log import log_at
from basketwatch.analysis.snapshot import OVERNIGHT_RULE, market_snapshot
from basketwatch.domain import columns, markets, rules
from basketwatch.domain.model import Rule
from basketwatch.refresh import flags as judging
from basketwatch.refresh import run
from basketwatch.refresh.work import Work
from basketwatch.sources.demo import market
from basketwatch.store import database, notes, opening, prices, valuations
from basketwatch.store import flags as log
from tests.stores import fill, universe

THURSDAY_EVENING = datetime(2026, 7, 2, 8, 30, tzinfo=UTC)  # after the A-share close of 2 July, before the US opens
THURSDAY_LUNCH = datetime(2026, 7, 2, 4, 0, tzinfo=UTC)
JUST_CLOSED = datetime(2026, 7, 3, 7, 10, tzinfo=UTC)  # ten minutes after the close of 3 July: bars are not final yet


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flagging") / "live.sqlite"
    fill(path, is_demo=False)
    return path


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> database.Store:
    shutil.copy(filled, tmp_path / "live.sqlite")
    return opening.open_writer(f"sqlite:///{tmp_path}/live.sqlite")[0]


@pytest.fixture(scope="module")
def china(filled: Path) -> flags.Inputs:
    store = opening.open_writer(f"sqlite:///{filled}")[0]
    return reading.inputs_of(reading.read(store, universe(), market.NOW, 6), "CN")


def at(inputs: flags.Inputs, name: str, ticker: str, row: int) -> float:
    """One cell, counted from the last settled session (0) back."""
    last = int(np.flatnonzero(inputs.due)[-1])
    return getattr(inputs, name)[last + row, inputs.tickers.index(ticker)]


# --- what the rules are judged on --------------------------------------------------------------------------------


def test_the_sessions_end_with_the_one_to_come(china: flags.Inputs) -> None:
    assert china.sessions[-2:].tolist() == [date(2026, 7, 3), date(2026, 7, 6)]
    assert china.due[-2:].tolist() == [True, False]
    assert not china.final[-1].any() and len(china.sessions) > flags.LOOKBACK


def test_the_base_of_an_ex_date_is_the_exchange_s_reference_price(china: flags.Inputs) -> None:
    """603203.SH goes ex on 3 July at 0.82: 17.19 x 0.82 = 14.0958, which the exchange writes as 14.10."""
    assert at(china, "raw_close", "603203.SH", -1) == 17.19
    assert at(china, "reference", "603203.SH", 0) == 14.10
    before, after = (at(china, "adjusted_close", "603203.SH", row) for row in (-1, 0))
    assert after / before - 1 == pytest.approx(at(china, "raw_close", "603203.SH", 0) / 14.10 - 1, abs=1e-9)
    assert not at(china, "unexplained", "603203.SH", 0)


def test_on_other_days_the_base_is_the_close_before(china: flags.Inputs) -> None:
    close, reference = china.raw_close[:-1], china.reference[:-1]
    i, ex = china.tickers.index("300308.SZ"), np.datetime64("2026-04-30")
    row = int(np.flatnonzero(china.sessions == ex)[0])
    assert reference[row, i] == pytest.approx(close[row - 1, i] * 0.9985, abs=0.006), "a dividend of 0.15 %"
    others = np.arange(1, len(close)) != row
    np.testing.assert_allclose(reference[1:, i][others], close[:-1, i][others], atol=0.006)


def test_a_suspension_that_lasts_is_known_from_the_quote(china: flags.Inputs) -> None:
    """002272.SZ trades for the last time on 23 June: from the 24th to 3 July are eight sessions."""
    i = china.tickers.index("002272.SZ")
    days = china.sessions[china.suspended[:, i]]
    assert days[0] == np.datetime64("2026-06-24") and days[-1] == np.datetime64("2026-07-03") and len(days) == 8


def test_a_hole_between_two_bars_is_a_suspension_and_a_missing_end_is_not(store: database.Store) -> None:
    found = reading.read(store, universe(), market.NOW, 6)
    bars = found.bars
    own = bars["ticker"].eq("300308.SZ")
    hole = own & bars["session"].between("2026-06-10", "2026-06-12")
    cut = bars["ticker"].eq("300502.SZ") & (bars["session"] > "2026-07-01")
    quotes = found.quotes.drop(index=["300502.SZ"])
    inputs = reading.inputs_of(replace(found, bars=bars.loc[~hole & ~cut], quotes=quotes), "CN")
    assert inputs.suspended[:, inputs.tickers.index("300308.SZ")].sum() == hole.sum() == 3
    assert not inputs.suspended[:, inputs.tickers.index("300502.SZ")].any(), "missing: that is for stale_data to say"


def test_limit_prices_are_those_of_the_quote_for_its_own_session_only(china: flags.Inputs) -> None:
    assert at(china, "limit_up", "300394.SZ", 0) == 108.17
    assert np.isnan(at(china, "limit_up", "300394.SZ", -1))


def test_a_reference_price_that_nothing_explains_is_marked(store: database.Store) -> None:
    found = reading.read(store, universe(), market.NOW, 6)
    found.quotes.loc["300308.SZ", "previous_close"] *= 0.5
    inputs = reading.inputs_of(found, "CN")
    assert at(inputs, "unexplained", "300308.SZ", 0) and inputs.unexplained.sum() == 1


def test_the_close_of_another_source_is_held_against_the_bar(store: database.Store) -> None:
    """The PE of 300308.SZ comes with a close: of another source, and 1 % higher than the bar on 3 July (2 July: equal).
    That of 300502.SZ is of the bar's own source: nothing to compare."""
    found = reading.read(store, universe(), market.NOW, 6)
    days = pd.to_datetime(["2026-07-02", "2026-07-03"]).as_unit("s")
    bars = found.bars.set_index(["ticker", "session"])["close"]
    blank = {"pe": 30.0, "losing": False, "market_cap": np.nan, "eps": np.nan}
    rows = {t: pd.DataFrame({"session": days, "price": bars[t].reindex(days).to_numpy() * by, "source": source, **blank})
            for t, by, source in (("300308.SZ", [1, 1.01], "another"), ("300502.SZ", [1, 1.01], "demo"))}  # fmt: skip
    mixed = replace(found, values={**found.values, **rows})
    inputs = reading.inputs_of(mixed, "CN")
    assert at(inputs, "other_close", "300308.SZ", 0) == at(inputs, "raw_close", "300308.SZ", 0) * 1.01
    assert at(inputs, "other_close", "300308.SZ", -1) == at(inputs, "raw_close", "300308.SZ", -1)
    assert np.isnan(at(inputs, "other_close", "300502.SZ", 0))
    mixed.quotes.loc["300394.SZ", ["source", "last"]] = ["a quote", 110.0]
    assert at(reading.inputs_of(mixed, "CN"), "other_close", "300394.SZ", 0) == 110.0
    mixed.quotes["fetched_at"] = pd.Timestamp("2026-07-03T06:59:00Z").as_unit("s")
    assert np.isnan(at(reading.inputs_of(mixed, "CN"), "other_close", "300394.SZ", 0)), "not the closing price yet"
    said = reading.evaluated(mixed, "CN", universe().rules, 2).query("rule == 'source_disagreement'")
    assert said["ticker"].tolist() == ["300308.SZ"] and said["value"].to_list() == [pytest.approx(0.01)]
    assert not reading.evaluated(found, "CN", universe().rules, 2)["rule"].eq("source_disagreement").any()


def test_a_young_stock_has_a_listing_day_and_an_old_one_has_not(china: flags.Inputs) -> None:
    listed = dict(zip(china.tickers, china.listed_at.tolist(), strict=True))
    assert china.sessions[listed["301486.SZ"]] == np.datetime64("2026-05-06")
    assert listed["300308.SZ"] == flags.LONG_LISTED


def test_the_coming_session_knows_the_leaders_only_when_all_us_sessions_are_over(store: database.Store) -> None:
    """For 3 July that is the US session of the 2nd, which closes at 20:00 UTC: not known on Thursday evening."""
    early = reading.inputs_of(reading.read(store, universe(), THURSDAY_EVENING, 6), "CN")
    assert early.sessions[-1] == np.datetime64("2026-07-03") and early.abroad[-1] == 0
    late = reading.inputs_of(reading.read(store, universe(), datetime(2026, 7, 2, 21, 0, tzinfo=UTC), 6), "CN")
    assert late.sessions[-1] == np.datetime64("2026-07-03") and late.abroad[-1] == 1
    moves = {leader.ticker: leader.moves[-1] for leader in late.leaders}
    assert moves["COHR.US"] == pytest.approx(market.MOVES["COHR.US"], abs=5e-4)


def test_the_page_and_the_rule_have_the_same_leaders_and_the_same_moves(store: database.Store) -> None:
    now = datetime(2026, 7, 2, 21, 0, tzinfo=UTC)
    page = market_snapshot(store, universe(), now).overnight
    rule = reading.inputs_of(reading.read(store, universe(), now, 6), "CN")
    assert rule.sessions[-1] == np.datetime64(page.for_session)
    moves = {leader.ticker: leader.moves[-1] for leader in rule.leaders}
    assert page.moves["move"].notna().sum() > 5
    assert dict(zip(page.moves["ticker"], page.moves["move"], strict=True)) == pytest.approx(moves, nan_ok=True)


def test_each_ticker_is_compared_with_a_benchmark_of_its_own_market() -> None:
    assert reading.benchmark_of(universe(), "300308.SZ") == "801770.SI"
    assert reading.benchmark_of(universe(), "801770.SI") == "000300.SH"
    assert reading.benchmark_of(universe(), "basket:cpo") == "801770.SI"
    assert reading.benchmark_of(universe(), "^SOX.US") is None
    found = {t: reading.benchmark_of(universe(), t) for b in universe().baskets for t in b.tickers}
    assert all(markets.group(t) == markets.group(b) for t, b in found.items() if b)


def test_a_quote_of_a_running_session_is_not_final(store: database.Store) -> None:
    """Bars of 3 July taken away and the quotes taken at lunch: nothing of that day may be judged."""
    found = reading.read(store, universe(), market.NOW, 6)
    stored = found.bars.loc[found.bars["session"] < "2026-07-03"]
    noon = found.quotes.assign(fetched_at=pd.Timestamp("2026-07-03T04:00:00Z").as_unit("s"))
    bars = reading._with_closing_quotes(stored, noon, found.calendars)
    of_friday = bars.loc[(bars["session"] == "2026-07-03") & bars["ticker"].str.endswith((".SZ", ".SH"))]
    assert len(of_friday) > 20 and not of_friday["final"].any()
    evening = reading._with_closing_quotes(stored, found.quotes, found.calendars)
    assert evening.loc[evening["ticker"].eq("300308.SZ"), "final"].all(), "taken after the close they are the close"


# --- what is kept ------------------------------------------------------------------------------------------------


def test_the_log_begins_with_a_year_and_then_only_grows(store: database.Store) -> None:
    first = judging.update(store, universe(), THURSDAY_EVENING)
    before = log.read(store)
    assert first == len(before) > 500
    assert log.judged(store)["CN"] == date(2026, 7, 2)
    assert judging.update(store, universe(), THURSDAY_EVENING + timedelta(hours=1)) == 0
    second = judging.update(store, universe(), market.NOW)
    after = log.read(store)
    assert len(after) == first + second and second > 0
    kept = after.loc[after["id"].isin(before["id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before), "what was said on Thursday stays to the letter"
    assert set(after.loc[~after["id"].isin(before["id"]), "session"].dt.date) <= {date(2026, 7, 2), date(2026, 7, 3)}


def test_no_session_is_left_out_after_weeks_without_a_refresh(store: database.Store) -> None:
    """Judged on 8 June and not again before 3 July: the sessions between are told as if it had run every day."""
    judging.update(store, universe(), datetime(2026, 6, 8, 21, 0, tzinfo=UTC))
    assert log.judged(store)["CN"] == date(2026, 6, 8)
    judging.update(store, universe(), market.NOW)
    late = log.read(store, since=date(2026, 6, 9))
    every = reading.dry_run(reading.read(store, universe(), market.NOW), universe().rules)
    assert set(late["id"]) == set(every.loc[every["session"] >= "2026-06-09", "id"])


def test_an_edited_threshold_rewrites_no_history(store: database.Store) -> None:
    judging.update(store, universe(), THURSDAY_EVENING)
    before = set(log.read(store)["id"])
    loose = tuple(replace(r, values={**r.values, "size": 0.0001}) if r.id == "gap" else r for r in universe().rules)
    judging.update(store, replace(universe(), rules=loose), market.NOW)
    new = log.read(store).query("id not in @before")
    assert new["session"].min() >= pd.Timestamp("2026-06-25"), "six sessions at most"
    assert before <= set(log.read(store)["id"])


def test_a_past_day_evaluated_then_and_now_says_the_same(store: database.Store) -> None:
    """The last thirty sessions, judged today; and each of three past days as they were judged on the day itself."""
    now = reading.dry_run(reading.read(store, universe(), market.NOW, 30), universe().rules, 30)
    for day, instant in (("2026-07-02", THURSDAY_EVENING), ("2026-06-24", datetime(2026, 6, 24, 9, 0, tzinfo=UTC)),
                         ("2026-06-05", datetime(2026, 6, 5, 9, 0, tzinfo=UTC))):  # fmt: skip
        then = reading.dry_run(reading.read(store, universe(), instant, 30), universe().rules, 30)
        told = [
            f.loc[(f["session"] == day) & f["ticker"].map(_of_china) & (f["rule"] != "us_leader")] for f in (now, then)
        ]
        assert len(told[0]) > 0
        a, b = (f.drop(columns="value").sort_values("id").reset_index(drop=True) for f in told)
        pd.testing.assert_frame_equal(a, b)
        values = (f.sort_values("id")["value"].to_numpy() for f in told)
        np.testing.assert_allclose(*values, rtol=1e-9)


def _of_china(ticker: str) -> bool:
    return ticker.startswith("basket:") or markets.group(ticker) == "CN"


def test_nothing_of_a_session_is_judged_before_its_bars_are_final(store: database.Store) -> None:
    for instant, newest in ((JUST_CLOSED, "2026-07-02"), (THURSDAY_LUNCH, "2026-07-01")):
        found = reading.read(store, universe(), instant, 30)
        said = reading.dry_run(found, universe().rules, 30)
        china = said.loc[said["ticker"].map(_of_china) & (said["rule"] != "us_leader")]
        assert china["session"].max() == pd.Timestamp(newest)
    judging.update(store, universe(), JUST_CLOSED)
    assert log.judged(store)["CN"] == date(2026, 7, 2)


def test_what_the_demo_market_tells_is_said(store: database.Store) -> None:
    """The endings of the demo's own table, each with its flag on 3 July."""
    judging.update(store, universe(), market.NOW)
    last = log.read(store, since=date(2026, 7, 3)).query("rule == 'limit'").set_index("ticker")
    assert last["direction"].to_dict() == {
        "300394.SZ": "up", "002536.SZ": "up", "300620.SZ": "up", "300548.SZ": "down",
    }  # fmt: skip
    assert "108.17" in last.loc["300394.SZ", "reason_zh"] and "55.93" in last.loc["300620.SZ", "reason_en"]
    stale = log.read(store, since=date(2026, 7, 2)).query("rule == 'stale_data'")
    assert stale["ticker"].tolist() == ["AXTI.US"]
    ex = log.read(store, since=date(2026, 7, 3)).query("ticker == '603203.SH'")
    assert not set(ex["rule"]) & {"gap", "big_move"}, "−16 % raw, +2.4 % against the reference price"


def test_a_store_without_bars_is_judged_without_a_word(tmp_path: Path) -> None:
    empty, _ = opening.open_writer(f"sqlite:///{tmp_path}/empty.sqlite")
    assert judging.update(empty, universe(), market.NOW) == 0
    assert len(log.read(empty)) == 0


def test_quotes_alone_are_judged_without_a_guess(tmp_path: Path, store: database.Store) -> None:
    few, _ = opening.open_writer(f"sqlite:///{tmp_path}/few.sqlite")
    prices.save_quotes(few, prices.read_quotes(store))
    judging.update(few, universe(), market.NOW)
    firing = log.read(few).query("state == 'firing' and severity != 'data'")
    assert set(firing["rule"]) <= {"limit", "big_move", "basket_breadth", "basket_excess"}, "what needs one day only"


# --- in the snapshot ----------------------------------------------------------------------------------------------


def test_the_picture_has_the_flags_of_each_market_s_judged_session(store: database.Store) -> None:
    judging.update(store, universe(), market.NOW)
    snapshot = market_snapshot(store, universe(), market.NOW)
    own = snapshot.flags.loc[snapshot.flags["rule"] != OVERNIGHT_RULE]
    days = {(g, d.date()) for g, d in zip(map(_group, own["ticker"]), own["session"], strict=True)}
    leaders = snapshot.flags.loc[snapshot.flags["rule"] == OVERNIGHT_RULE, "session"]
    assert set(leaders.dt.date) == {date(2026, 7, 3)}, "US names, but of the mainland's session"
    assert ("CN", date(2026, 7, 3)) in days and ("US", date(2026, 7, 2)) in days
    assert all(day == snapshot.judged[g] for g, day in days)


def _group(ticker: str) -> str:
    return "CN" if ticker.startswith("basket:") else markets.group(ticker)


def test_a_replayed_day_shows_its_own_flags_and_none_of_its_future(store: database.Store) -> None:
    """The log reaches to Friday; on Thursday evening, replayed, Thursday's flags are the newest."""
    judging.update(store, universe(), market.NOW)
    snapshot = market_snapshot(store, universe(), THURSDAY_EVENING)
    assert snapshot.judged["CN"] == date(2026, 7, 2)
    assert snapshot.flags["session"].max() <= pd.Timestamp("2026-07-02")
    noon = market_snapshot(store, universe(), datetime(2026, 7, 3, 4, 0, tzinfo=UTC))
    assert noon.judged["CN"] == date(2026, 7, 2), "at lunch on Friday nothing of Friday is judged"
    assert set(noon.flags.loc[noon.flags["session"] > "2026-07-02", "rule"]) <= {"us_leader"}


def test_the_log_of_a_replayed_day_ends_with_that_day(store: database.Store) -> None:
    """Judged up to Friday 3 July. On Thursday evening the log ends on the 2nd; the US has not closed, so nothing of the
    coming session is told; after its close (20:00 UTC) the leaders of Friday are."""
    judging.update(store, universe(), market.NOW)
    whole = log.read(store)
    assert whole["session"].max() == pd.Timestamp("2026-07-03")
    pd.testing.assert_frame_equal(log_at(store, universe(), market.NOW), whole)
    evening = log_at(store, universe(), THURSDAY_EVENING)
    assert evening["session"].max() == pd.Timestamp("2026-07-02")
    assert set(evening["id"]) == set(whole.loc[whole["session"].le("2026-07-02") & _settled_by_thursday(whole), "id"])
    night = log_at(store, universe(), datetime(2026, 7, 2, 21, 0, tzinfo=UTC))
    assert set(night.loc[night["session"] > "2026-07-02", "rule"]) == {"us_leader"}


def _settled_by_thursday(flag_rows: pd.DataFrame) -> pd.Series:
    """Not of the US session of 2 July, which has not begun on Thursday evening in China."""
    abroad = (
        flag_rows["ticker"].str.endswith(".US")
        & flag_rows["rule"].ne("us_leader")
        & flag_rows["session"].eq("2026-07-02")
    )
    return ~abroad


def test_the_first_judgement_of_a_member_that_comes_late_is_still_added(store: database.Store) -> None:
    """A source that failed for three sessions: their flags are missing in the log, and are added when the bars come."""
    judging.update(store, universe(), market.NOW)
    whole = log.read(store, since=date(2026, 7, 1)).query("ticker == '300620.SZ'").reset_index(drop=True)
    assert len(whole) > 3
    with store.engine.begin() as c:
        c.exec_driver_sql("delete from flags where ticker = '300620.SZ' and session >= '2026-07-01'")
    assert judging.update(store, universe(), market.NOW) == len(whole)


def test_nothing_is_judged_again_on_the_same_grounds(store: database.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again as soon as anything that a flag rests on has changed; a running session's prices are no such thing."""
    calls: list[datetime] = []
    read = reading.read
    monkeypatch.setattr("basketwatch.refresh.flags.read", lambda *given: calls.append(given[2]) or read(*given))

    def judged(now: datetime, rules_: tuple[Rule, ...] = universe().rules) -> bool:
        before = len(calls)
        judging.update(store, replace(universe(), rules=rules_), now)
        return len(calls) > before

    def quote(now: datetime, **changed: object) -> None:
        prices.save_quotes(store, prices.read_quotes(store).loc[["300308.SZ"]].assign(fetched_at=now, **changed))

    assert judged(market.NOW) and not judged(market.NOW) and not judged(market.NOW + timedelta(minutes=20))
    quote(market.NOW + timedelta(minutes=1))
    assert not judged(market.NOW), "the same quote taken once more"
    quote(market.NOW, previous_close=1.0)
    assert judged(market.NOW) and not judged(market.NOW)
    quote(datetime(2026, 7, 3, 6, 0, tzinfo=UTC))
    assert judged(market.NOW), "a quote from before the close is no closing quote"
    quote(market.NOW, session=pd.Timestamp("2026-07-06"))
    assert judged(market.NOW)
    quote(market.NOW, last=1.0)
    assert not judged(market.NOW)
    quote(market.NOW, name="*ST 旭创")
    assert judged(market.NOW) and judged(market.NOW, rules.DEFAULTS[1:]) and judged(market.NOW)
    valuations.save(store, _a_multiple(market.NOW))
    assert judged(market.NOW) and not judged(market.NOW)
    with store.engine.begin() as c:
        c.exec_driver_sql("update series set digest = '0' where ticker = '300308.SZ'")
    assert judged(market.NOW) and not judged(market.NOW) and judged(THURSDAY_EVENING)


def _a_multiple(at: datetime) -> pd.DataFrame:
    row = {"ticker": "300308.SZ", "source": "eastmoney", "definition": "ttm", "session": at.date(), "pe": 34.5,
           "losing": False, "fetched_at": at}  # fmt: skip
    return pd.DataFrame([row]).reindex(columns=list(columns.VALUATIONS)).astype(columns.dtypes(columns.VALUATIONS))


def test_what_could_not_be_judged_is_taken_back_when_the_data_have_come(store: database.Store) -> None:
    """Nothing of 3 July arrived before the first refresh after the close; an hour later it has: the log is then the one
    that a single refresh would have written. What a suspension left without judgement stays said."""
    path = str(store.path)
    judging.update(store, universe(), THURSDAY_EVENING)
    shutil.copy(path, path + ".lost")
    lost = opening.open_writer(f"sqlite:///{path}.lost")[0]
    with lost.engine.begin() as c:
        c.exec_driver_sql("delete from quotes")
        c.exec_driver_sql("delete from bars where session >= '2026-07-03'")
    judging.update(lost, universe(), market.NOW)
    waiting = log.read(lost, since=date(2026, 7, 3))
    assert len(waiting) > 100 and set(waiting.loc[waiting["rule"] != "us_leader", "severity"]) == {"data"}
    with lost.engine.begin() as c:
        c.exec_driver_sql(f"attach database '{path}' as whole")
        c.exec_driver_sql("insert into quotes select * from whole.quotes")
        c.exec_driver_sql("insert into bars select * from whole.bars where session >= '2026-07-03'")
    judging.update(lost, universe(), market.NOW)
    judging.update(store, universe(), market.NOW)
    a, b = (log.read(one, since=date(2026, 6, 20)).drop(columns="raised_at") for one in (lost, store))
    pd.testing.assert_frame_equal(a, b)
    assert len(a) > 20


def test_a_flag_without_direction_takes_the_place_of_what_could_not_be_judged(store: database.Store) -> None:
    """A surge of volume has the identity under which it was said that it could not be judged."""
    loose = tuple(replace(r, values={"ratio": 1.0, "turnover": 0.0001}) if r.id == "volume_surge" else r
                  for r in universe().rules)  # fmt: skip
    judging.update(store, replace(universe(), rules=loose), market.NOW)
    first = log.read(store, since=date(2026, 7, 2)).query("rule == 'volume_surge' and state == 'firing'").iloc[0]
    with store.engine.begin() as c:
        c.exec_driver_sql(
            "update flags set state = 'no_data', cause = 'missing', reason_zh = ? where id = ?", ("缺", first["id"])
        )
    notes.note(store, judging.NOTE, "")
    judging.update(store, replace(universe(), rules=loose), market.NOW)
    again = log.read(store).set_index("id").loc[first["id"]]
    assert (again["state"], again["reason_zh"]) == ("firing", first["reason_zh"])


def test_rules_that_are_switched_off_say_nothing(store: database.Store) -> None:
    quiet = tuple(replace(r, enabled=False) for r in rules.DEFAULTS)
    assert judging.update(store, replace(universe(), rules=quiet), market.NOW) == 0
    assert log.judged(store)["CN"] == date(2026, 7, 3)


# --- at the end of a refresh -------------------------------------------------------------------------------------


def test_a_refresh_judges_what_has_closed_and_nothing_between_two_closes(
    store: database.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quotes every few minutes bring nothing new to judge; new bars do, and so does a close."""
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(THURSDAY_EVENING))
    work = Work(store, universe(), 1, prices.read_calendars(store), 3, lambda *_: None, 0.0)
    assert run._flags(work, ("quotes",)) == len(log.read(store)) > 0
    calls: list[datetime] = []
    monkeypatch.setattr(judging, "update", lambda *given: calls.append(given[-1]) or 7)
    assert run._flags(work, ("quotes",)) == 0 and calls == []
    assert run._flags(work, ("quotes", "bars")) == 7 and calls == [THURSDAY_EVENING]
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(market.NOW))
    assert run._flags(work, ("quotes",)) == 7 and calls[-1] == market.NOW
