"""What happened after a flag, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from basketwatch.analysis.flags import outcomes

DAYS = pd.DatetimeIndex(["2026-06-29", "2026-06-30", "2026-07-01", "2026-07-02", "2026-07-03"]).as_unit("s")


def said(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["rule", "ticker", "session", "direction"])
    return frame.assign(session=frame["session"].astype("datetime64[s]"))


def closes(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame({name.replace("_", "."): values for name, values in columns.items()}, index=DAYS)


def test_one_and_two_sessions_later_by_hand() -> None:
    """A: 100 → 110 → 99, index 1000 → 1010 → 1000: after one session +10 % − 1 % = +9 pp, after two −1 % − 0 % = −1 pp."""
    found = outcomes.excesses(
        said(("gap", "A.SZ", "2026-06-30", "up")),
        closes(A_SZ=[90, 100, 110, 99, 99], I_SH=[1000, 1000, 1010, 1000, 1000]), {"A.SZ": "I.SH"}, (1, 2, 4),
    )  # fmt: skip
    assert found.loc[0, 1] == pytest.approx(0.09) and found.loc[0, 2] == pytest.approx(-0.01)
    assert np.isnan(found.loc[0, 4]), "only three sessions have come since"


def test_a_suspended_ticker_keeps_its_close_while_the_index_goes_on() -> None:
    """No bar on 1 and 2 July: two sessions after 30 June the ticker stands where it stood, the index 5 % higher."""
    nan = np.nan
    found = outcomes.excesses(
        said(("gap", "A.SZ", "2026-06-30", "up")),
        closes(A_SZ=[90, 100, nan, nan, 130], I_SH=[1000, 1000, 1010, 1050, 1000]), {"A.SZ": "I.SH"}, (2, 3),
    )  # fmt: skip
    assert found.loc[0, 2] == pytest.approx(-0.05) and found.loc[0, 3] == pytest.approx(0.30)


def test_sessions_are_those_of_the_benchmark() -> None:
    """The US was shut on 3 July: one session after 1 July is 2 July, and there is none after that."""
    nan = np.nan
    frame = closes(U_US=[10, 10, 10, 12, nan], S_US=[100, 100, 100, 110, nan], A_SZ=[1.0] * 5)
    found = outcomes.excesses(
        said(("gap", "U.US", "2026-07-01", "up"), ("gap", "U.US", "2026-07-02", "up")), frame, {"U.US": "S.US"}, (1,)
    )
    assert found[1].tolist()[0] == pytest.approx(0.10) and np.isnan(found[1].tolist()[1])


def test_without_a_benchmark_a_close_or_a_session_there_is_no_number() -> None:
    frame = closes(A_SZ=[np.nan, np.nan, 1.0, 1.1, 1.2], I_SH=[1.0] * 5, B_SZ=[1.0] * 5)
    rows = said(
        ("x", "A.SZ", "2026-06-29", "up"),  # not listed yet
        ("x", "B.SZ", "2026-06-29", "up"),  # no benchmark
        ("x", "C.SZ", "2026-06-29", "up"),  # no closes
        ("x", "A.SZ", "2026-06-28", "up"),  # no session
    )
    found = outcomes.excesses(rows, frame, {"A.SZ": "I.SH", "C.SZ": "I.SH", "B.SZ": "NONE"}, (1,))
    assert found[1].isna().all() and len(found) == 4


def test_summary_has_mean_median_and_count_of_each_direction() -> None:
    """Of +3, +1 and −1 pp: mean 1, median 1; of the one fall −2. A flag without an outcome counts as a flag only."""
    each = pd.DataFrame({
        "rule": ["gap"] * 4 + ["gap"], "direction": ["up"] * 4 + ["down"], 1: [0.03, 0.01, -0.01, np.nan, -0.02],
        5: [np.nan] * 5,
    })  # fmt: skip
    found = outcomes.summary(each)
    up, down = found.iloc[0], found.iloc[1]
    assert (up["direction"], up["flags"], up["n_1"], up["n_5"]) == ("up", 4, 3, 0)
    assert up["mean_1"] == pytest.approx(0.01) and up["median_1"] == pytest.approx(0.01) and np.isnan(up["mean_5"])
    assert (down["direction"], down["n_1"]) == ("down", 1) and down["mean_1"] == pytest.approx(-0.02)


def test_nothing_said_is_an_empty_summary() -> None:
    found = outcomes.summary(outcomes.excesses(said(), closes(I_SH=[1.0] * 5), {}))
    assert len(found) == 0 and {"rule", "mean_20"} <= set(found.columns)
