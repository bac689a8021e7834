"""The first questions of a run: sent without pandas, answered where they were put, or put anew."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from time import monotonic
from typing import Any

import pytest

from basketwatch.domain.calendars import Calendar, Session
from basketwatch.errors import Blocked, SourceError
from basketwatch.refresh import early
from basketwatch.refresh.work import Work
from basketwatch.sources import chains

NOW = datetime(2026, 7, 2, 9, 0, tzinfo=UTC)  # 17:00 in Shanghai
THURSDAY = date(2026, 7, 2)
TICKERS = ["300308.SZ", "000300.SH", "COHR.US", "801770.SI"]
HOW = {"session": THURSDAY, "now": NOW}


def work_of(*groups: str, seconds: float = 20) -> Work:
    session = Session(THURSDAY, datetime(2026, 7, 2, 1, 30, tzinfo=UTC), datetime(2026, 7, 2, 7, 0, tzinfo=UTC))
    calendars = {group: Calendar(group, (session,)) for group in groups}
    return Work(None, None, 1, calendars, 3, lambda *_: None, monotonic() + seconds)  # type: ignore[arg-type]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...], date]]:
    """Every question that reaches a source; the answer is the question."""
    found: list[tuple[str, tuple[str, ...], date]] = []

    def fetch(source: str, tickers: list[str], *, session: date, now: datetime) -> Any:
        found.append((source, tuple(tickers), session))
        return found[-1]

    monkeypatch.setattr(chains, "fetch_quotes", fetch)
    monkeypatch.setenv("BASKETWATCH_NOW", NOW.isoformat())
    return found


def test_nothing_before_the_first_answers_loads_pandas() -> None:
    modules = (
        "basketwatch.refresh.run, basketwatch.refresh.early, basketwatch.sources.tencent, basketwatch.sources.shenwan"
    )
    code = f"import sys, {modules}, basketwatch.sources.yahoo; sys.exit('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_each_chain_asks_its_first_source_once_for_all_its_tickers(asked: list[Any]) -> None:
    work = work_of("CN")
    early.ask(work, TICKERS)
    china = ["000300.SH", "300308.SZ"]
    assert early.answer(work, "tencent", china, **HOW) == ("tencent", tuple(china), THURSDAY)
    assert early.answer(work, "yahoo", ["COHR.US"], **HOW) == ("yahoo", ("COHR.US",), THURSDAY)
    assert early.answer(work, "shenwan", ["801770.SI"], **HOW) == ("shenwan", ("801770.SI",), THURSDAY)
    assert sorted(source for source, *_ in asked) == ["shenwan", "tencent", "yahoo"]


def test_the_page_without_a_date_waits_for_the_calendar(asked: list[Any]) -> None:
    work = work_of()
    early.ask(work, TICKERS)
    assert set(work.ahead) == {"tencent", "yahoo"}
    monday = date(2026, 7, 6)
    assert early.answer(work, "shenwan", ["801770.SI"], session=monday, now=NOW) == ("shenwan", ("801770.SI",), monday)


def test_another_question_is_put_anew_and_an_answer_is_given_once(asked: list[Any]) -> None:
    work = work_of("CN")
    early.ask(work, TICKERS)
    assert early.answer(work, "yahoo", ["NVDA.US"], **HOW)[1] == ("NVDA.US",)
    assert early.answer(work, "yahoo", ["COHR.US"], **HOW)[1] == ("COHR.US",)
    assert sum(source == "yahoo" for source, *_ in asked) == 3


def test_a_failure_reaches_the_one_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, tickers: list[str], **_: Any) -> Any:
        raise Blocked(source=source, host="x.example", detail="HTTP 403")

    monkeypatch.setattr(chains, "fetch_quotes", refuse)
    work = work_of("CN")
    early.ask(work, TICKERS)
    with pytest.raises(Blocked):
        early.answer(work, "yahoo", ["COHR.US"], **HOW)


def test_a_question_without_an_answer_ends_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(chains, "fetch_quotes", lambda *_, **__: never.wait(30))
    work = work_of("CN", seconds=0.2)
    early.ask(work, TICKERS)
    with pytest.raises(SourceError):
        early.answer(work, "yahoo", ["COHR.US"], **HOW)
    never.set()
