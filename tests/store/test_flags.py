"""The log of flags: written once, read by session."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from basketwatch.store import database, flags, opening

NOW = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)


def row(rule: str = "limit", ticker: str = "300394.SZ", day: str = "2026-07-03", **other: object) -> dict[str, object]:
    made = {
        "id": f"{rule}:{ticker}:{day}:up", "rule": rule, "ticker": ticker, "basket": ("cpo",),
        "session": pd.Timestamp(day), "direction": "up", "severity": "high", "value": 0.2, "threshold": 0.2,
        "reason_zh": "涨停", "reason_en": "Limit-up", "state": "firing", "cause": "", "notice": True,
    }  # fmt: skip
    return made | other


@pytest.fixture
def store(tmp_path: Path) -> database.Store:
    return opening.open_writer(f"sqlite:///{tmp_path}/flags.sqlite")[0]


def test_what_was_said_is_never_rewritten(store: database.Store) -> None:
    assert flags.save(store, pd.DataFrame([row()]), NOW) == 1
    again = pd.DataFrame([row(reason_en="Something else", value=0.1), row("gap")])
    assert flags.save(store, again, NOW + timedelta(days=1)) == 1, "only the gap is new"
    found = flags.read(store).set_index("rule")
    assert found.loc["limit", "reason_en"] == "Limit-up" and found.loc["limit", "value"] == 0.2
    assert found.loc["limit", "raised_at"] == NOW
    assert found.loc["gap", "raised_at"] == NOW + timedelta(days=1)


def test_columns_come_back_as_they_went_in(store: database.Store) -> None:
    told = row(
        value=np.nan,
        threshold=np.nan,
        basket=("cpo", "ocs"),
        state="no_data",
        cause="missing",
        notice=False,
        severity="data",
    )
    flags.save(store, pd.DataFrame([told]), NOW)
    found = flags.read(store)
    assert list(found.columns) == [*told, "raised_at"]
    back = found.iloc[0]
    assert back["basket"] == ("cpo", "ocs") and back["session"] == pd.Timestamp("2026-07-03")
    assert np.isnan(back["value"]) and not back["notice"] and back["state"] == "no_data"
    assert back["cause"] == "missing"
    assert str(found["session"].dtype) == "datetime64[s]" and str(found["raised_at"].dtype) == "datetime64[s, UTC]"


def test_a_sentence_is_kept_to_the_letter(store: database.Store) -> None:
    nasty = "<img src=x onerror=alert(1)> '; drop table flags; -- {name} % \u202e 涨停"
    flags.save(store, pd.DataFrame([row(reason_zh=nasty, ticker="basket:cpo")]), NOW)
    assert flags.read(store)["reason_zh"].tolist() == [nasty]


def test_read_chooses_by_session(store: database.Store) -> None:
    rows = [row(rule, ticker, day) for rule in ("limit", "gap") for ticker in ("300394.SZ", "COHR.US")
            for day in ("2026-07-01", "2026-07-03")]  # fmt: skip
    assert flags.save(store, pd.DataFrame(rows), NOW) == 8
    assert len(flags.read(store, since=date(2026, 7, 2))) == 4
    assert flags.read(store)["session"].is_monotonic_decreasing
    assert flags.newest(store) == date(2026, 7, 3)


def test_nothing_stored_is_an_empty_log_with_its_columns(store: database.Store) -> None:
    assert flags.save(store, pd.DataFrame([]), NOW) == 0
    found = flags.read(store)
    assert len(found) == 0 and "basket" in found and "raised_at" in found
    assert flags.newest(store) is None


def test_up_to_which_session_each_market_is_judged(store: database.Store) -> None:
    assert flags.judged(store) == {}
    flags.note_judged(store, {"CN": date(2026, 7, 2), "US": date(2026, 7, 1)})
    flags.note_judged(store, {"CN": date(2026, 7, 3)})
    assert flags.judged(store) == {"CN": date(2026, 7, 3), "US": date(2026, 7, 1)}
