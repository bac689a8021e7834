"""What happened after a flag: the ticker against its benchmark 1, 5 and 20 sessions later. History, not advice. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

HORIZONS = (1, 5, 20)


def excesses(
    flag_rows: pd.DataFrame, closes: pd.DataFrame, benchmark_of: Mapping[str, str], horizons: Sequence[int] = HORIZONS
) -> pd.DataFrame:
    """Per flag and horizon h: ticker's return over the h sessions after the flag's, minus its benchmark's.

    ``flag_rows``: rule, ticker, session, direction, one row a flag. ``closes``: adjusted, wide, a column a ticker and a
    benchmark. Sessions are those of the benchmark, which must be of the ticker's own market; a ticker that does not
    trade then keeps its close. Returns rule, direction and a column a horizon, fractions; NaN where the sessions have
    not come yet, the ticker had no close by then, or there is no benchmark.
    """
    out = flag_rows[["rule", "direction"]].reset_index(drop=True)
    found = np.full((len(flag_rows), len(horizons)), np.nan)
    tickers = flag_rows["ticker"].to_numpy()
    days = flag_rows["session"].to_numpy().astype("datetime64[s]")
    named = np.array([benchmark_of.get(t, "") for t in tickers], dtype=object)
    for benchmark in sorted({b for b in named if b in closes}):
        rows = np.flatnonzero((named == benchmark) & np.isin(tickers, list(closes.columns)))
        found[rows] = _after(tickers[rows], days[rows], closes, benchmark, horizons)
    return pd.concat([out, pd.DataFrame(found, columns=list(horizons))], axis=1)


def _after(
    tickers: np.ndarray, days: np.ndarray, closes: pd.DataFrame, benchmark: str, horizons: Sequence[int]
) -> np.ndarray:
    """Excess of each row over the one benchmark, a column a horizon."""
    grid = closes[benchmark].dropna()
    names = list(dict.fromkeys(tickers))
    own = closes[names].ffill().reindex(grid.index).to_numpy(dtype="float64")
    base = grid.to_numpy(dtype="float64")
    column = np.array([names.index(t) for t in tickers], dtype=int)
    start = grid.index.get_indexer(pd.DatetimeIndex(days))
    out = np.full((len(tickers), len(horizons)), np.nan)
    for i, ahead in enumerate(horizons):
        at = np.flatnonzero((start >= 0) & (start + ahead < len(grid)))
        first, last, of = start[at], start[at] + ahead, column[at]
        out[at, i] = own[last, of] / own[first, of] - base[last] / base[first]
    return out


def summary(each: pd.DataFrame) -> pd.DataFrame:
    """Of ``excesses``: a row a rule and direction with n_h, mean_h and median_h for each horizon h, most flags first.

    A rule's rises and falls are told apart: their mean together would say nothing.
    """
    horizons = [c for c in each.columns if isinstance(c, int)]
    groups = each.groupby(["rule", "direction"], sort=True)
    out = pd.DataFrame({"flags": groups.size()})
    for h in horizons:
        out[f"n_{h}"] = groups[h].count()
        out[f"mean_{h}"] = groups[h].mean()
        out[f"median_{h}"] = groups[h].median()
    return out.reset_index().sort_values("flags", ascending=False, kind="stable", ignore_index=True)
