"""A basket's figures: weighted returns, coverage, breadth, excess, rank, series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from basketwatch.analysis.prices import WINDOWS

LEAST_SHARE = 0.5  # of a basket's members that must have a return over a window; fewer do not speak for it


# --- a basket ----------------------------------------------------------------------------------------------------


def equal_weight(table: pd.DataFrame, members: int | None = None) -> dict[str, float]:
    """Mean of the members' returns over each window: equal weight at its start, buy and hold, known returns only.

    NaN where fewer than ``LEAST_SHARE`` of the ``members`` (by default all rows) have one; see ``coverage``.
    """
    found = table[list(WINDOWS)].to_numpy(dtype="float64")
    known = ~np.isnan(found)
    enough = _enough(known, members)
    total = np.where(known, found, 0.0).sum(axis=0)
    return {w: float(total[i] / known[:, i].sum()) if enough[i] else float("nan") for i, w in enumerate(WINDOWS)}


def cap_weight(table: pd.DataFrame) -> dict[str, float]:
    """Return of all members' market value, Σ cap now / Σ cap at the window's start − 1, in yuan (``cap_cny``).

    The start's cap is cap now / (1 + return): shares taken as constant, adjusted price. NaN where fewer than
    ``LEAST_SHARE`` of the members have both; see ``cap_coverage``.
    """
    found = table[list(WINDOWS)].to_numpy(dtype="float64")
    caps = table["cap_cny"].to_numpy(dtype="float64")[:, None]
    known = ~np.isnan(found) & ~np.isnan(caps)
    enough = _enough(known)
    now = np.where(known, caps, 0.0).sum(axis=0)
    start = np.where(known, caps / (1 + found), 0.0).sum(axis=0)
    return {w: float(now[i] / start[i] - 1) if enough[i] and start[i] else float("nan") for i, w in enumerate(WINDOWS)}


def coverage(table: pd.DataFrame) -> dict[str, int]:
    """Number of members with a return over each window: those that ``equal_weight`` averages."""
    known = ~np.isnan(table[list(WINDOWS)].to_numpy(dtype="float64"))
    return dict(zip(WINDOWS, known.sum(axis=0).tolist(), strict=True))


def cap_coverage(table: pd.DataFrame) -> dict[str, int]:
    """Number of members with a return over each window and a market value: those that ``cap_weight`` sums."""
    return coverage(table.loc[table["cap_cny"].notna()])


def _enough(known: npt.NDArray[np.bool_], members: int | None = None) -> npt.NDArray[np.bool_]:
    """For each column whether enough rows are known for a figure of the whole."""
    count = known.sum(axis=0)
    found: npt.NDArray[np.bool_] = (count > 0) & (count >= LEAST_SHARE * (len(known) if members is None else members))
    return found


def breadth(table: pd.DataFrame) -> dict[str, int]:
    """Counts up, flat, down, limit_up, limit_down, suspended among the members, by the return of the day."""
    suspended = table["suspended"].to_numpy(dtype=bool)
    day = table["1d"].to_numpy(dtype="float64")[~suspended]
    states = table["limit_state"].tolist()
    return {
        "up": int((day > 0).sum()),
        "flat": int((day == 0).sum()),
        "down": int((day < 0).sum()),
        "limit_up": sum(state in ("sealed_up", "one_price_up", "t_up") for state in states),
        "limit_down": sum(state in ("sealed_down", "one_price_down", "t_down") for state in states),
        "suspended": int(suspended.sum()),
    }


def same_session(rows: pd.DataFrame) -> pd.DataFrame:
    """``rows``, with NaN for members whose latest session is older than the newest session of their market.

    Their returns end on another day and must not be averaged, counted or ranked with the rest. A suspended member
    keeps its numbers: its value has not changed since.
    """
    newest = rows.groupby("group")["session"].max().reindex(rows["group"]).to_numpy()
    late = (rows["session"] < newest) & ~rows["suspended"]
    out = rows.copy()
    out.loc[late, [*WINDOWS]] = np.nan
    out["limit_state"] = rows["limit_state"].mask(late)
    return out


def excess(members: pd.DataFrame, benchmarks: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Benchmark -> mean return of the members that ended on its own session and market, minus its return.

    Arithmetic, before rounding, over the same two dates; a US member has no excess over a mainland index, and prices
    that stopped half an hour ago have none over an index that goes on (``stale``). Of its market's members at least
    ``LEAST_SHARE`` must be there.
    """
    means: dict[tuple[str, pd.Timestamp, bool], dict[str, float]] = {}
    out = {}
    for ticker, own in benchmarks.to_dict("index").items():
        key = _ends(own)
        if key not in means:
            means[key] = equal_weight(_ended(members, *key), int((members["group"] == key[0]).sum()))
        out[str(ticker)] = {w: means[key][w] - float(own[w]) for w in WINDOWS}
    return out


def excess_coverage(members: pd.DataFrame, benchmarks: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Benchmark -> number of members that each window's ``excess`` over it averages."""
    return {str(t): coverage(_ended(members, *_ends(own))) for t, own in benchmarks.to_dict("index").items()}


def _ends(benchmark: Mapping[Any, Any]) -> tuple[str, pd.Timestamp, bool]:
    """Market, session and staleness that a member must share with a benchmark to be held against it."""
    return benchmark["group"], benchmark["session"], bool(benchmark.get("stale", False))


def _ended(members: pd.DataFrame, group: str, session: pd.Timestamp, stale: bool) -> pd.DataFrame:
    old = members["stale"].eq(other=True) if "stale" in members else pd.Series(False, index=members.index)
    return members.loc[_of_session(members, group, session) & (old == stale)]


def excess_of_each(members: pd.DataFrame, benchmark: pd.Series) -> pd.Series:
    """Each member's return of the day minus the benchmark's; NaN where their session or market differs."""
    return (members["1d"] - float(benchmark["1d"])).where(
        _of_session(members, benchmark["group"], benchmark["session"])
    )


def _of_session(rows: pd.DataFrame, group: str, session: pd.Timestamp) -> pd.Series:
    return (rows["group"] == group) & (rows["session"] == session)


def ranked(moves: pd.DataFrame, full: int) -> pd.DataFrame:
    """Rank within each column, 1 = highest, ties share the lower number; a column with fewer than ``full`` has none."""
    return moves.rank(ascending=False, method="min").mask(moves.notna().sum() < full, axis="columns")


def would_rank(value: float, sectors: pd.Series, full: int) -> int | None:
    """Rank that ``value`` would take among ``full`` sectors and itself; None where a sector is missing."""
    if value != value or int(sectors.notna().sum()) < full:
        return None
    return int((sectors > value).sum()) + 1


def basket_series(on_grid: pd.DataFrame, members: Sequence[str], start: date) -> tuple[pd.Series, int]:
    """Equal-weight buy-and-hold value of a basket from ``start`` (= 1.0), and how many members it holds.

    ``on_grid``: output of ``aligned``. Members without a price at the start are out; a missing day keeps the last.
    """
    inside = on_grid.loc[on_grid.index >= pd.Timestamp(start), [m for m in members if m in on_grid]].ffill()
    held = inside.loc[:, inside.iloc[0].notna()] if len(inside) else inside.iloc[:, :0]
    if not held.shape[1]:
        return pd.Series(dtype="float64"), 0
    return (held / held.iloc[0]).mean(axis=1), held.shape[1]


def dated_series(
    on_grid: pd.DataFrame, members: Mapping[str, tuple[date, date | None]], start: date
) -> tuple[pd.Series, int]:
    """The same with the members of each day: a basket held with equal weights until its membership changes, then anew.

    ``members``: ticker -> first and last day of its membership (None: goes on). A membership counts from the close before
    its first day to the close of its last one, so no day counts both who left and who came. From ``start``, or from the
    last close before the first membership, whichever is later (= 1.0); how many it holds on the last day. Empty where
    nobody was a member.
    """
    names = [m for m in members if m in on_grid]
    inside = on_grid.loc[on_grid.index >= pd.Timestamp(start), names].ffill()
    days, value, values = inside.index, 1.0, dict[pd.Timestamp, float]()
    held: tuple[str, ...] = ()
    base = 0
    for n in range(1, len(days)):
        today = days[n].date()
        prices = inside.iloc[n - 1]
        now = tuple(t for t in names if members[t][0] <= today <= (members[t][1] or today) and pd.notna(prices[t]))
        if now != held:
            value, base, held = values.get(days[n - 1], value), n - 1, now
            if now:
                values.setdefault(days[n - 1], value)
        if held:
            values[days[n]] = value * float((inside.iloc[n][list(held)] / inside.iloc[base][list(held)]).mean())
    return pd.Series(values, dtype="float64"), len(held)


def rebased(series: pd.Series, start: date) -> pd.Series:
    """``series`` from ``start`` on, divided by its first value there; empty where it has none on the first day."""
    inside = series.loc[series.index >= pd.Timestamp(start)]
    return (inside / inside.iloc[0]).dropna() if len(inside) and pd.notna(inside.iloc[0]) else inside.iloc[:0]
