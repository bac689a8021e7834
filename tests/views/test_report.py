"""The weekly review: which week it is about, the worked example digit by digit, wording by sign, and what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from basketwatch.analysis import weekly
from basketwatch.analysis.snapshot import Snapshot, market_snapshot
from basketwatch.domain import columns
from basketwatch.errors import UsageError
from basketwatch.store import notes, opening, prices, valuations
from basketwatch.store.database import Store
from basketwatch.views import review
from tests.stores import PROJECT, calendars, universe

SUNDAY = datetime(2026, 7, 5, 10, tzinfo=UTC)
SECTOR, OTHERS = "801770.SI", [s.ticker for s in universe().sectors if s.ticker != "801770.SI"]

# Real closes of the publishers (CSI, CNI, SWS Research), from which the printed weekly of 2026-07-05 is recomputed to
# the digit. The closes of TRAPS are made up so that each wrong base gives the wrong figure that it is known to give:
# 52.46 % from the first close of 2026, -6.64 % from Monday's.
REAL = {
    "000300.SH": {"2025-12-31": 4629.940, "2026-06-26": 4868.221, "2026-07-03": 4842.174},
    "399006.SZ": {"2025-12-31": 3203.172, "2026-06-26": 4194.209, "2026-07-03": 4019.934},
    SECTOR: {"2025-12-31": 5501.52, "2026-06-26": 9358.68, "2026-07-03": 8500.12},
}
TRAPS = {"2026-01-05": 1.0134, "2026-06-25": 0.97, "2026-06-29": 0.9729}


def made(ticker: str, place: int) -> dict[str, float]:
    """Closes of another sector: between -3 and +3 % in the week, up to 45 % in the year, the first one 60 %."""
    end = 1000 * (1 + (place - 15) / 500)
    year = 0.60 if place == 0 else 0.45 - place / 100
    return {"2025-12-31": end / (1 + year), "2026-06-26": 1000.0, "2026-07-03": end}


def closes() -> dict[str, dict[str, float]]:
    every = {t: dict(own) for t, own in REAL.items()} | {t: made(t, i) for i, t in enumerate(OTHERS)}
    for own in every.values():
        own |= {"2026-01-05": own["2025-12-31"] * TRAPS["2026-01-05"]}
        own |= {day: own["2026-06-26"] * TRAPS[day] for day in ("2026-06-25", "2026-06-29")}
    return every


def bars(every: dict[str, dict[str, float]]) -> pd.DataFrame:
    rows = [(t, pd.Timestamp(day), close) for t, own in every.items() for day, close in sorted(own.items())]
    frame = pd.DataFrame(rows, columns=["ticker", "session", "close"])
    blank = dict.fromkeys(("open", "high", "low", "volume", "amount", "turnover"), np.nan)
    return frame.assign(**blank, source="shenwan", final=True).astype(columns.dtypes(columns.BARS))


def history(last: float = 34.48) -> pd.DataFrame:
    """PE of 801770: the 727 sessions of 2023-2025 with mean 22.01 (20.01 and 24.01 in turn), then flat up to ``last``."""
    days = [s.day for s in calendars()["CN"].between(date(2023, 1, 1), date(2026, 7, 3))]
    fixed = sum(day.year < 2026 for day in days)
    pe = [22.01, *([20.01, 24.01] * (fixed // 2)), *([30.0] * (len(days) - fixed - 1)), last]
    frame = pd.DataFrame({"session": pd.to_datetime(days), "pe": pe})
    told = {"ticker": SECTOR, "source": "shenwan", "definition": "shenwan_pe", "fetched_at": pd.Timestamp(SUNDAY)}
    blank = dict.fromkeys(("price", "market_cap", "eps"), np.nan)
    return frame.assign(**told, **blank, losing=False).astype(columns.dtypes(columns.VALUATIONS))


def opened_with(path: Path, every: dict[str, dict[str, float]], pe: pd.DataFrame | None = None) -> Store:
    store, _ = opening.open_writer(f"sqlite:///{path}")
    for group, calendar in calendars().items():
        prices.save_sessions(store, group, calendar.sessions)
    prices.save_bars(store, bars(every))
    if pe is not None:
        valuations.save(store, pe)
    notes.new_version(store)
    return store


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "live.sqlite"
    opened_with(path, closes(), history())
    return path


def reviewed(store: Store, now: datetime, day: date | None = None) -> tuple[Snapshot, weekly.Review]:
    week = weekly.week_of(weekly.home_calendar(store), now, day)
    snapshot = market_snapshot(store, universe(), week.at)
    return snapshot, weekly.review(snapshot, week)


@pytest.fixture(scope="module")
def example(filled: Path) -> tuple[Snapshot, weekly.Review]:
    store = opening.open_reader(f"sqlite:///{filled}")
    assert store is not None
    return reviewed(store, SUNDAY)


# --- the worked example ------------------------------------------------------------------------------------------

WEEK_ZH = (
    "上周，沪深300下跌0.54%，创业板指下跌4.16%，申万通信行业指数下跌9.17%，"
    "分别跑输沪深300和创业板指8.64和5.02个百分点，在申万31个一级行业中排名第31位。"
)
YEAR_ZH = (
    "年初至今，沪深300上涨4.58%，创业板指上涨25.50%，申万通信行业指数上涨54.50%，"
    "分别跑赢沪深300和创业板指49.92和29.01个百分点，在申万31个一级行业中排名第2位。"
)
WEEK_EN = (
    "Last week, the Shenwan Communications index fell 9.17%, trailing CSI 300 (−0.54%) by 8.64 and ChiNext (−4.16%) "
    "by 5.02 percentage points; it ranked 31st of the 31 Shenwan level-1 sectors."
)
YEAR_EN = (
    "Year to date, the Shenwan Communications index is up 54.50%, beating CSI 300 (+4.58%) by 49.92 and ChiNext "
    "(+25.50%) by 29.01 percentage points; it ranks 2nd of the 31 Shenwan level-1 sectors."
)


def test_the_printed_weekly_comes_out_digit_by_digit(example: tuple[Snapshot, weekly.Review]) -> None:
    week, year, pe, *_ = review.paragraphs(*example, "zh")
    assert (week, year) == (WEEK_ZH, YEAR_ZH)
    assert pe.startswith("估值方面，截至7月3日，申万通信行业指数市盈率（申万口径，未说明是否TTM）为34.48倍，")
    assert "较2023–2025年均值22.01倍高56.66%" in pe  # 34.48 / 22.01 - 1
    week, year, pe, *_ = review.paragraphs(*example, "en")
    assert (week, year) == (WEEK_EN, YEAR_EN)
    assert "34.48 times earnings" in pe and "56.66% above its 2023–2025 mean of 22.01" in pe
    basis = review.notes(*example, "zh")[0]
    assert "2026年6月26日收盘为基准" in basis and "2025年12月31日收盘为基准" in basis and "2026年7月3日收盘" in basis


def test_the_command_prints_it_and_its_json(filled: Path) -> None:
    """The seven digits of the published table; its members have no prices here, which is listed and makes status 3."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("BASKETWATCH_")}
    env |= {"BASKETWATCH_DB": str(filled), "BASKETWATCH_NOW": "2026-07-05T10:00:00Z"}
    command = [sys.executable, "-m", "basketwatch", "report", "--json", "--lang", "zh"]
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120, check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 3 and {p["where"] for p in answer["problems"]} == {b.id for b in universe().baskets}
    assert (answer["week"]["from"], answer["week"]["to"]) == ("2026-06-26", "2026-07-03")
    assert (answer["year_base"], answer["sector"]) == ("2025-12-31", SECTOR)
    assert answer["compare"] == ["000300.SH", "399006.SZ"]
    assert percents(answer["returns"]) == {
        "000300.SH": (-0.535041, 4.583947), "399006.SZ": (-4.155134, 25.498537), SECTOR: (-9.173943, 54.504937),
    }  # fmt: skip
    assert percents(answer["excess"]) == {"000300.SH": (-8.638902, 49.920990), "399006.SZ": (-5.018809, 29.006400)}
    assert answer["rank"] == {"1w": 31, "ytd": 2, "of": 31}
    assert (answer["valuation"]["pe_ttm"], answer["valuation"]["definition"]) == (34.48, "shenwan_pe")
    fixed = answer["valuation"]["bands"]["2023-2025"]
    assert (fixed["n"], round(fixed["mean"], 9)) == (727, 22.01)
    assert WEEK_ZH in answer["markdown"] and YEAR_ZH in answer["markdown"]
    assert answer["now"] == "2026-07-05T10:00:00Z"


def percents(values: dict[str, dict[str, float]]) -> dict[str, tuple[float, float]]:
    return {t: (round(own["1w"] * 100, 6), round(own["ytd"] * 100, 6)) for t, own in values.items()}


def test_a_past_week_does_not_know_the_next_monday(tmp_path: Path) -> None:
    """Asked on Monday with Monday's quotes in the store, the review of last week is the one of Sunday."""
    every = closes()
    for own in every.values():
        own["2026-07-06"] = own["2026-07-03"] * 1.05
    store = opened_with(tmp_path / "later.sqlite", every, history())
    monday = datetime(2026, 7, 6, 8, 30, tzinfo=UTC)
    for day in (None, date(2026, 7, 5)):
        assert review.paragraphs(*reviewed(store, monday, day), "zh")[:2] == [WEEK_ZH, YEAR_ZH]
    this = review.paragraphs(*reviewed(store, monday, date(2026, 7, 6)), "zh")[0]
    assert this.startswith("本周截至7月6日，沪深300上涨5.00%，")


# --- which week --------------------------------------------------------------------------------------------------


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


@pytest.mark.parametrize(("now", "day", "first", "last", "base", "how"), [
    ("2026-07-05T18:00", None, "2026-06-29", "2026-07-03", "2026-06-26", "last"),  # Sunday
    ("2026-07-04T09:00", None, "2026-06-29", "2026-07-03", "2026-06-26", "last"),  # Saturday
    ("2026-07-03T15:31", None, "2026-06-29", "2026-07-03", "2026-06-26", "this"),  # Friday, final
    ("2026-07-03T15:10", None, "2026-06-22", "2026-06-26", "2026-06-18", "last"),  # Friday, not final yet
    ("2026-07-01T12:00", None, "2026-06-22", "2026-06-26", "2026-06-18", "last"),  # 19 June was a holiday
    ("2026-07-05T18:00", "2026-06-28", "2026-06-22", "2026-06-26", "2026-06-18", "past"),  # its Sunday
    ("2026-07-01T18:00", "2026-07-03", "2026-06-29", "2026-07-01", "2026-06-26", "this running"),
    ("2026-10-11T12:00", None, "2026-10-08", "2026-10-09", "2026-09-30", "last"),  # National Day
    ("2026-10-01T12:00", None, "2026-09-28", "2026-09-30", "2026-09-24", "this"),  # 25 September closed as well
    ("2026-02-22T12:00", None, "2026-02-09", "2026-02-13", "2026-02-06", "past skipped"),  # Spring Festival
    ("2026-02-23T12:00", None, "2026-02-09", "2026-02-13", "2026-02-06", "past skipped"),
    ("2026-07-05T18:00", "2026-01-02", "2025-12-29", "2025-12-31", "2025-12-26", "past"),
])  # fmt: skip
def test_which_week_is_meant(now: str, day: str | None, first: str, last: str, base: str, how: str) -> None:
    """Sessions read off the exchange's holiday notices for 2026, not off the calendar."""
    week = weekly.week_of(calendars()["CN"], instant(now), date.fromisoformat(day) if day else None)
    assert [d.isoformat() for d in (week.first, week.last, week.base or week.last)] == [first, last, base]
    said = [week.relation, *(["running"] if not week.over else []), *(["skipped"] if week.skipped else [])]
    assert " ".join(said) == how
    assert week.at <= instant(now)


def test_a_year_that_ends_in_the_week_is_the_one_of_its_last_session() -> None:
    week = weekly.week_of(calendars()["CN"], instant("2026-07-05T18:00"), date(2026, 1, 2))
    assert week.year_base == date(2024, 12, 31)


def test_a_past_week_is_seen_before_the_next_session_opens() -> None:
    """Also where Hong Kong and New York trade on while the mainland is closed: nothing of a later week belongs to it."""
    shanghai = calendars()["CN"]
    assert weekly.week_of(shanghai, SUNDAY, date(2026, 6, 24)).at == instant("2026-06-29T00:00")
    running = weekly.week_of(shanghai, instant("2026-07-02T11:00"), date(2026, 7, 2))
    assert running.last == date(2026, 7, 1) and running.at < instant("2026-07-02T09:30")


@pytest.mark.parametrize("day", [date(2026, 7, 6), date(2030, 1, 1), date(1999, 1, 4)])
def test_a_week_that_has_not_begun_or_is_not_known_is_wrong_usage(day: date) -> None:
    with pytest.raises(UsageError) as fault:
        weekly.week_of(calendars()["CN"], SUNDAY, day)
    assert fault.value.key == ("week_unknown" if day.year < 2000 else "week_ahead")


def test_weeks_of_the_rotation_end_with_real_sessions() -> None:
    ends = weekly.week_ends(calendars()["CN"], date(2026, 2, 25), 4)
    assert ends == [date(2026, 1, 30), date(2026, 2, 6), date(2026, 2, 13), date(2026, 2, 25)]


@pytest.mark.parametrize(("change", "zh", "en"), [
    ({}, "上周，", "Last week, "),
    ({"relation": "this"}, "本周，", "This week, "),
    ({"relation": "this", "over": False}, "本周截至7月3日，", "This week to 3 Jul, "),
    ({"relation": "past"}, "6月29日至7月3日当周，", "In the week of 29 Jun to 3 Jul, "),
    ({"sessions": 4}, "上周（6月29日至7月3日，4个交易日），", "Last week (29 Jun to 3 Jul, 4 sessions), "),
    ({"relation": "past", "skipped": True, "asked": date(2026, 7, 6)},
     "7月6日至7月12日没有已收盘的交易日，以下是此前最近的一个交易周。6月29日至7月3日当周，",
     "No session closed between 6 Jul and 12 Jul; this is the last week before it that had sessions. In the week of"),
])  # fmt: skip
def test_the_text_says_which_sessions(example: Any, change: dict[str, Any], zh: str, en: str) -> None:
    seen, found = example
    other = replace(found, week=replace(found.week, **change))
    assert review.paragraphs(seen, other, "zh")[0].startswith(zh)
    assert review.paragraphs(seen, other, "en")[0].startswith(en)


# --- wording -----------------------------------------------------------------------------------------------------


def moved(found: weekly.Review, csi: float, chinext: float, sector: float) -> weekly.Review:
    """``found`` with other returns of the week."""
    week = dict(zip(found.returns, (csi, chinext, sector), strict=True))
    returns = {t: own | {"1w": week[t]} for t, own in found.returns.items()}
    excess = {i: own | {"1w": sector - week[i]} for i, own in found.excess.items()}
    return replace(found, returns=returns, excess=excess)


@pytest.mark.parametrize(("csi", "chinext", "sector", "zh", "en"), [
    (-0.01, -0.02, 0.03, "申万通信行业指数上涨3.00%，分别跑赢沪深300和创业板指4.00和5.00个百分点，",
     "rose 3.00%, beating CSI 300 (−1.00%) by 4.00 and ChiNext (−2.00%) by 5.00 percentage points;"),
    (-0.002, 0.044, 0.01, "申万通信行业指数上涨1.00%，跑赢沪深300 1.20 个百分点、跑输创业板指 3.40 个百分点，",
     "beating CSI 300 (−0.20%) by 1.20 percentage points and trailing ChiNext (+4.40%) by 3.40 percentage points;"),
    (0.01, 0.02, 0.01, "与沪深300持平、跑输创业板指 1.00 个百分点，",
     "in line with CSI 300 (+1.00%) and trailing ChiNext (+2.00%) by 1.00 percentage points;"),
    (0.00004, -0.01, 0.0, "上周，沪深300持平，创业板指下跌1.00%，申万通信行业指数持平，", "index was unchanged, in line with"),
    (float("nan"), -0.02, 0.03, "上周，沪深300缺收盘价，创业板指下跌2.00%，申万通信行业指数上涨3.00%，跑赢创业板指 5.00 个百分点，",
     "rose 3.00%, beating ChiNext (−2.00%) by 5.00 percentage points;"),
    (-0.01, -0.02, float("nan"), "申万通信行业指数缺收盘价，在申万", "the Shenwan Communications index lacks a close;"),
])  # fmt: skip
def test_the_wording_follows_the_signs(
    example: Any, csi: float, chinext: float, sector: float, zh: str, en: str
) -> None:
    seen, found = example
    other = moved(found, csi, chinext, sector)
    assert zh in review.paragraphs(seen, other, "zh")[0]
    assert en in review.paragraphs(seen, other, "en")[0]


@pytest.mark.parametrize(("rank", "ordinal"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"),
                                               (13, "13th"), (21, "21st"), (30, "30th")])  # fmt: skip
def test_english_ordinals(example: Any, rank: int, ordinal: str) -> None:
    seen, found = example
    told = review.paragraphs(seen, replace(found, rank=found.rank | {"1w": rank}), "en")[0]
    assert f"ranked {ordinal} of the 31 " in told


def test_the_table_is_markdown_whatever_a_name_holds(example: Any) -> None:
    seen, found = example
    lines = [line for line in review.markdown(seen, found, "en").splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {7}
    assert "| SW Comms | 8,500.12 | −9.17% | +54.50% | 31/31 | 2/31 |" in lines
    assert review.plain_text("a|b *c* <i>") == r"a\|b \*c\* \<i\>"
    assert review.plain_text(WEEK_ZH) == WEEK_ZH


# --- valuation ---------------------------------------------------------------------------------------------------


def test_a_pe_below_its_mean_and_one_that_means_nothing(example: Any) -> None:
    seen, found = example
    assert found.valuation is not None
    low = replace(found, valuation=replace(found.valuation, pe=11.005))  # half of the mean
    assert "较2023–2025年均值22.01倍低50.00%" in review.paragraphs(seen, low, "zh")[2]
    assert "50.00% below its 2023–2025 mean of 22.01" in review.paragraphs(seen, low, "en")[2]
    losing = replace(found, valuation=replace(found.valuation, pe=-12.0, losing=True))
    assert "合计亏损" in review.paragraphs(seen, losing, "zh")[2]
    assert "−12" not in review.paragraphs(seen, losing, "zh")[2]
    assert "暂无市盈率" in review.paragraphs(seen, replace(found, valuation=None), "zh")[2]


def test_a_short_history_has_no_mean(tmp_path: Path) -> None:
    """Two hundred sessions of the fixed window are too few for a mean; the PE itself is told."""
    store = opened_with(tmp_path / "short.sqlite", closes(), history().tail(320))  # 121 of 2026, the rest before it
    told = review.paragraphs(*reviewed(store, SUNDAY), "zh")[2]
    assert "34.48倍" in told and "个观测值，不足以给出均值" in told and "均值22" not in told


# --- what is missing ---------------------------------------------------------------------------------------------


def test_a_missing_base_leaves_no_rank_and_no_older_close_stands_in(tmp_path: Path) -> None:
    """A sector without the close of 26 June, though it has the one of the 25th."""
    every = closes()
    del every["801780.SI"]["2026-06-26"]
    seen, found = reviewed(opened_with(tmp_path / "hole.sqlite", every, history()), SUNDAY)
    assert (found.rank, found.missing) == ({"1w": None, "ytd": 2}, {"1w": ("801780.SI",), "ytd": ()})
    week, year = review.paragraphs(seen, found, "zh")[:2]
    assert week.endswith("申万31个一级行业中有1个缺收盘价（银行），不给排名。") and "排名第2位" in year
    assert "as 1 of the 31 Shenwan level-1 sectors lack a close (Banks)" in review.paragraphs(seen, found, "en")[0]
    problem = next(p for p in found.problems if p.key == "no_rank_1w")
    assert dict(problem.params)["missing"] == "801780.SI"
    assert review.as_json(seen, found, "zh")["rank"] == {"1w": None, "ytd": 2, "of": 31}


def test_the_sector_itself_without_its_base(tmp_path: Path) -> None:
    every = closes()
    del every[SECTOR]["2026-06-26"]
    seen, found = reviewed(opened_with(tmp_path / "own.sqlite", every, history()), SUNDAY)
    assert np.isnan(found.returns[SECTOR]["1w"]) and found.rank["1w"] is None
    assert "申万通信行业指数缺收盘价" in review.paragraphs(seen, found, "zh")[0]
    answer = review.as_json(seen, found, "en")
    assert answer["returns"][SECTOR]["1w"] is None and answer["excess"]["000300.SH"]["1w"] is None
    assert json.dumps(answer, allow_nan=False)


def test_equal_returns_share_the_better_rank(tmp_path: Path) -> None:
    every = closes()
    every[OTHERS[3]] = every[OTHERS[3]] | {d: every[SECTOR][d] for d in ("2026-06-26", "2026-07-03")}
    _, found = reviewed(opened_with(tmp_path / "ties.sqlite", every, history()), SUNDAY)
    assert found.rank["1w"] == 30


def test_nothing_stored_for_the_week_is_an_empty_review(tmp_path: Path) -> None:
    every = {t: {"2026-05-29": 1000.0} for t in closes()}
    _, found = reviewed(opened_with(tmp_path / "old.sqlite", every), SUNDAY)
    assert found.empty


def test_a_quote_from_before_the_close_is_no_close(example: Any) -> None:
    """A price of 14:30 that no refresh has replaced: the snapshot calls it stale, the review does without it."""
    seen, found = example
    table = seen.table.copy()
    table.loc[SECTOR, "stale"] = True
    late = weekly.review(replace(seen, table=table), found.week)
    assert np.isnan(late.returns[SECTOR]["1w"]) and late.rank == {"1w": None, "ytd": None}
    assert late.missing["1w"] == (SECTOR,) and np.isfinite(late.returns["000300.SH"]["1w"])


def test_a_basket_abroad_is_no_gap_and_one_without_quotes_is(example: Any) -> None:
    """No mainland member: nothing is missing. Mainland members of which nothing is stored: their week is."""
    seen, found = example
    view = seen.baskets[0]
    of_us = tuple(m for m in view.basket.members if m.ticker.endswith(".US"))
    assert 0 < len(of_us) < len(view.basket.members)
    nothing = replace(view, table=view.table.iloc[:0], by_group={})
    abroad = replace(nothing, basket=replace(view.basket, members=of_us))
    for one, lost in ((abroad, False), (nothing, True)):
        problems = weekly.review(replace(seen, baskets=(one,)), found.week, found.sector).problems
        assert any(p.where == view.basket.id for p in problems) is lost
