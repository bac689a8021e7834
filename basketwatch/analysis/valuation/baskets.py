"""The PE of a basket: Σ market cap ÷ Σ profit of its members, and its history."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from basketwatch.analysis.prices import last_row_up_to
from basketwatch.analysis.valuation.bands import Floats

OUT_OF_DATE_AFTER = 10  # sessions: a member's last cap and profit stand for so long, while it is suspended
COVERED = 0.8  # of the members' cap must be known for a session of a basket's history to count


@dataclass(frozen=True, slots=True)
class BasketPe:
    """The PE of several companies at one session, as one company would have it.

    ``earnings_yield``: sum of profits / sum of caps of the covered members, losses included; ``pe`` its inverse where
    it is above 0, else NaN. ``pe_positive``: the same over profitable members only: the others' cap and profit
    are both left out. ``covered``: members whose cap and profit are both known: only they stand in the sums, with both.
    ``losing`` also counts members known to lose money without a known sum. ``losing_cap_share``: of the known caps.
    """

    earnings_yield: float
    pe: float
    pe_positive: float
    positive: int
    losing: int
    pe_median: float
    covered: int
    members: int
    losing_cap_share: float

    @property
    def coverage(self) -> float:
        """Covered members / members; NaN without members."""
        return self.covered / self.members if self.members else nan


def thin(history: pd.DataFrame) -> pd.DataFrame:
    """The last row of each ISO week, for charts: the newest row, being its week's last, stays exact."""
    days = history["session"].to_numpy().astype("datetime64[D]").astype("int64")
    week = (days + 3) // 7  # 1970-01-01 was a Thursday: + 3 makes Monday the first day
    last = np.append(np.diff(week) != 0, True) if len(week) else np.empty(0, dtype=bool)
    weekly: pd.DataFrame = history.loc[last].reset_index(drop=True)
    return weekly


# --- baskets -----------------------------------------------------------------------------------------------------


def basket_pe(rows: pd.DataFrame) -> BasketPe:
    """PE of the members in ``rows``, a row each: market_cap and profit, TTM, in one currency (NaN = unknown).

    Optional columns: ``losing`` (bool: known to lose money, be the sum known or not) and ``pe`` (for the median; by
    default cap / profit). A loss-maker of unknown loss counts in ``losing`` and its share of cap, and is not covered:
    neither its cap nor its profit stands in the sums.
    """
    cap, profit = (rows[name].to_numpy(dtype="float64") for name in ("market_cap", "profit"))
    cap = np.where(cap > 0, cap, nan)
    both = ~np.isnan(cap) & ~np.isnan(profit)
    losing = (profit < 0) | (rows["losing"].to_numpy(dtype=bool) if "losing" in rows else False)
    earning = both & (profit > 0) & ~losing
    pe = rows["pe"].to_numpy(dtype="float64") if "pe" in rows else _ratio(cap, profit)
    positive = pe[(pe > 0) & ~losing]
    yielded = _over(profit[both].sum(), cap[both].sum())
    return BasketPe(
        earnings_yield=yielded, pe=1 / yielded if yielded > 0 else nan,
        pe_positive=_over(cap[earning].sum(), profit[earning].sum()), positive=len(positive), losing=int(losing.sum()),
        pe_median=float(np.median(positive)) if len(positive) else nan, covered=int(both.sum()), members=len(rows),
        losing_cap_share=_over(np.nansum(cap[losing]), np.nansum(cap)),
    )  # fmt: skip


def _over(a: float, b: float) -> float:
    return float(a / b) if b else nan


def _ratio(a: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b == 0, nan, a / b)


def basket_history(caps: pd.DataFrame, profits: pd.DataFrame, weights: pd.Series | None = None) -> pd.DataFrame:
    """PE of a basket on each session: session, earnings_yield, pe, pe_positive, pe_median, covered, coverage.

    ``caps`` and ``profits``: sessions x members, one currency, the same members on every session (say which: those of
    today). A suspended member keeps its last cap and profit for at most ``OUT_OF_DATE_AFTER`` sessions. ``coverage`` is by cap:
    the covered members' share of ``weights`` (cap today by member, those without a history too; by default each one's
    last). Sessions below ``COVERED`` are left out: they would be another basket.
    """
    cap, profit = _carried(caps.to_numpy(dtype="float64"), profits.reindex_like(caps).to_numpy(dtype="float64"))
    both = ~np.isnan(cap) & ~np.isnan(profit) & (cap > 0)
    weight = caps.ffill().iloc[-1] if weights is None and len(caps) else weights
    weight = pd.Series(dtype="float64") if weight is None else weight
    own = weight.reindex(caps.columns).fillna(0.0).to_numpy(dtype="float64")
    coverage = both @ own / max(float(weight.sum()), 1e-300)
    cap, profit = np.where(both, cap, 0.0), np.where(both, profit, 0.0)
    earning = profit > 0
    yielded = _ratio(profit.sum(axis=1), cap.sum(axis=1))
    frame = pd.DataFrame({
        "session": caps.index.to_numpy(), "earnings_yield": yielded, "pe": np.where(yielded > 0, _ratio(np.ones(len(cap)), yielded), nan),
        "pe_positive": _ratio(np.where(earning, cap, 0.0).sum(axis=1), np.where(earning, profit, 0.0).sum(axis=1)),
        "pe_median": _medians(np.where(earning, _ratio(cap, profit), nan)), "covered": both.sum(axis=1),
        "coverage": coverage,
    })  # fmt: skip
    counting: pd.DataFrame = frame.loc[coverage >= COVERED].reset_index(drop=True)
    return counting


def _carried(cap: Floats, profit: Floats) -> tuple[Floats, Floats]:
    """Caps and profits, where both are missing, filled from the member's last session, for ``OUT_OF_DATE_AFTER`` sessions."""
    if not cap.size:
        return cap, profit
    own = np.arange(len(cap))[:, None]
    last = last_row_up_to(np.where(np.isnan(cap), profit, cap))[1:]
    old = (last < 0) | (own - last > OUT_OF_DATE_AFTER)
    filled = [np.where(old, nan, np.take_along_axis(one, np.maximum(last, 0), axis=0)) for one in (cap, profit)]
    return filled[0], filled[1]


def _medians(rows: Floats) -> Floats:
    """Median of the known values of each row, NaN where there are none."""
    if not rows.shape[1]:
        return np.full(len(rows), nan)
    ordered = np.sort(rows, axis=1)
    n = (~np.isnan(ordered)).sum(axis=1)
    at, last = np.arange(len(rows)), np.maximum(n - 1, 0)
    return np.asarray((ordered[at, last // 2] + ordered[at, (last + 1) // 2]) / 2)
