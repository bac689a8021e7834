"""What is kept of a history beside its bars. The bars are one price over many sessions; the factors are made up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import inf
from pathlib import Path

import pandas as pd
import pytest

from basketwatch import clock
from basketwatch.domain import columns
from basketwatch.domain.model import Universe
from basketwatch.refresh import histories
from basketwatch.refresh.evidence import look_back
from basketwatch.refresh.work import Work
from basketwatch.sources import History
from basketwatch.sources.eastmoney import DIVIDENDS
from basketwatch.sources.shape import shaped
from basketwatch.store import opening
from tests.domain.test_calendars import CALENDARS, CN

TICKER, NOW = "300308.SZ", datetime(2026, 7, 3, 12, tzinfo=UTC)
BAD, GOOD = date(2026, 6, 15), date(2026, 6, 22)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(NOW))
    store, _ = opening.open_writer(f"sqlite:///{tmp_path}/s.sqlite")
    return Work(store, Universe(), 1, dict(CALENDARS), 1, lambda *_: None, inf)


def history(*ex_dates: date) -> History:
    """Closes of 100 from March on, but 10,000 outside its own day's range on BAD: that bar is rejected."""
    days = [s.day for s in CN.between(date(2026, 3, 2), date(2026, 7, 3))]
    bars = pd.DataFrame(
        {"ticker": TICKER, "session": pd.to_datetime(days), "close": 100.0, "source": "x", "final": True}
    )
    bars = bars.assign(open=100.0, high=101.0, low=99.0, volume=1000.0, amount=1e5)
    bars.loc[bars["session"] == pd.Timestamp(BAD), "close"] = 10_000.0
    rows = [{"ticker": TICKER, "ex_date": pd.Timestamp(d), "factor": 0.5, "source": "x"} for d in ex_dates]
    return History(
        shaped(bars, columns.BARS), shaped(pd.DataFrame(rows, columns=list(columns.FACTORS)), columns.FACTORS), "x"
    )


def accepted(work: Work, history: History, dividends: pd.DataFrame) -> histories.Kept:
    return histories.accept(work, TICKER, history, dividends, look_back(work.store, work.calendars, NOW))


def test_a_factor_that_came_with_a_rejected_bar_is_not_kept(work: Work) -> None:
    kept = accepted(work, history(BAD, GOOD), pd.DataFrame())
    assert pd.Timestamp(BAD) not in set(kept.verdict.bars["session"])
    assert kept.factors["ex_date"].dt.date.tolist() == [GOOD]


def test_a_dividend_is_held_against_the_last_close_that_passed(work: Work) -> None:
    """1 yuan on 100: 0.99. On the rejected close of 10,000 it would be 0.9999."""
    after = CN.after(BAD)
    assert after is not None
    paid = pd.DataFrame([(TICKER, pd.Timestamp(after.day), 1.0, 0.0, "eastmoney")], columns=list(DIVIDENDS)).astype(
        DIVIDENDS
    )
    assert accepted(work, history(), paid).factors["factor"].tolist() == pytest.approx([0.99])
