"""PE as it could have been known: closes over the last four announced quarters, point in time. Pure.

The EPS are those of Yahoo's earnings calendar: adjusted ("street") ones, not GAAP, and as they stand today, so that
restatements do not show. They make a definition of their own (announced_eps), never one band with another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

TWICE = pd.Timedelta(days=20)  # an announcement so soon after another is the same quarter, listed twice
SPAN = (pd.Timedelta(days=200), pd.Timedelta(days=345))  # between the first and the fourth announcement of a year
STALE = pd.Timedelta(days=135)  # after the last announcement: a quarter was missed


def point_in_time(
    closes: pd.DataFrame, reports: pd.DataFrame, splits: Mapping[date, float], *, ttm: float = np.nan
) -> pd.DataFrame:
    """PE of every session on which four quarters were known.

    closes: session, opens (UTC instant of its opening), close (in today's shares), ascending. reports: at (UTC instant
    of the announcement), eps (NaN while it is still to come). splits: ex-date -> new shares for an old one. ttm: EPS
    of the last four quarters in today's shares from elsewhere; needed only for a split after the last report.

    Returns session, pe (NaN when losing), losing, price, eps (TTM in today's shares); empty where nobody can tell in
    which shares the EPS are counted.
    """
    known = _once(reports)
    eps = _in_todays_shares(known, splits, ttm)
    if eps is None or len(eps) < 4:
        return _frame(closes.iloc[:0], np.array([]))
    sums, since = eps.rolling(4).sum().to_numpy(), known["at"]
    span = since - since.shift(3)
    sums = np.where(span.between(*SPAN), sums, np.nan)
    # A report counts from the first session that opens at or after it: 07:00 the same day, 16:00 the next.
    at = np.searchsorted(since.to_numpy(), closes["opens"].to_numpy(), side="right") - 1
    age = closes["opens"].to_numpy() - since.to_numpy()[np.maximum(at, 0)]
    fresh = (at >= 0) & (age <= STALE.to_numpy())
    return _frame(closes, np.where(fresh, sums[np.maximum(at, 0)], np.nan))


def _once(reports: pd.DataFrame) -> pd.DataFrame:
    """Reports with an EPS by instant, each quarter once: of two within 20 days the first."""
    found = reports.dropna(subset=["at", "eps"]).sort_values("at")
    kept: list[int] = []
    last: pd.Timestamp | None = None
    for place, at in enumerate(found["at"]):
        if last is None or at - last >= TWICE:
            kept.append(place)
            last = at
    return found.iloc[kept].reset_index(drop=True)


def _in_todays_shares(known: pd.DataFrame, splits: Mapping[date, float], ttm: float) -> pd.Series | None:
    """EPS with those divided that still count the shares before a split; None where that cannot be told.

    Told by the medians of the two quarters on either side: is their ratio nearer to the split's, or nearer to 1?
    """
    eps = known["eps"].astype("float64").copy()
    for day, ratio in splits.items():
        before = known["at"] < pd.Timestamp(day, tz="UTC")
        if not before.any() or ratio == 1:
            continue
        later = float(eps[~before].head(2).median()) if (~before).any() else ttm / 4
        earlier = float(eps[before].tail(2).median())
        if not (earlier > 0 and later > 0):  # a loss says nothing about shares
            return None
        jump = np.log(earlier / later)
        if abs(jump - np.log(ratio)) < abs(jump):
            eps[before] /= ratio
    return eps


def _frame(closes: pd.DataFrame, ttm: np.ndarray) -> pd.DataFrame:
    rows = pd.DataFrame({"session": closes["session"], "price": closes["close"].astype("float64"), "eps": ttm})
    rows = rows.dropna(subset=["eps", "price"])
    losing = rows["eps"] <= 0
    pe = (rows["price"] / rows["eps"]).where(~losing)
    return rows.assign(pe=pe, losing=losing)[["session", "pe", "losing", "price", "eps"]].reset_index(drop=True)
