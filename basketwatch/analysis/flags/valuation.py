"""Rules on PE-TTM and the earnings under it."""

from __future__ import annotations

import numpy as np

from basketwatch.analysis.flags.inputs import Floats
from basketwatch.analysis.flags.market import Judged, MarketData, Said, Signal, at_least, first_cause
from basketwatch.analysis.prices import filled, shifted
from basketwatch.domain.model import Rule
from basketwatch.words import text


def pe_percentile(market: MarketData, rule: Rule) -> Judged:
    """The PE percentile (mid-rank in its window) enters >= ``high`` or <= ``low``.

    A level: told again only after it was below ``exit_high`` or above ``exit_low``. value: the percentile.
    """
    value, limit = market.inputs.pe_percentile, rule.values
    high, low = (np.full(value.shape, limit[side]) for side in ("high", "low"))
    causes = first_cause((np.isnan(value), "pe"))
    up = Signal("up", at_least(value, high), value, high, _place(market, "up"), at_least(value, limit["exit_high"]))
    down = Signal(
        "down", at_least(-value, -low), value, low, _place(market, "down"), at_least(-value, -limit["exit_low"])
    )
    return market.judged(market.applies & market.of_kind("stock", "sector", "index"), causes, up, down)


def _place(market: MarketData, side: str) -> Said:
    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        value = market.inputs.pe_percentile[row, column]
        return f"flag_pe_percentile_{side}", {
            "name": market.name(market.inputs.tickers[column]), "value": f"{value * 100:.0f}",
        }  # fmt: skip

    return said


def pe_rebase(market: MarketData, rule: Rule) -> Judged:
    """(EPS − EPS before) / abs(EPS before) >= ``change`` either way: a report has moved the ground under the PE.

    EPS TTM of two sessions of one series, put on today's number of shares by the price factor, so that a split is no
    change of earnings. Event. value: the change, a signed fraction.
    """
    given = market.inputs
    factor = filled(given.adjusted_close / given.raw_close)
    eps = given.eps * factor  # comparable across ex-dates
    before = shifted(filled(eps), 1)
    change = (eps - before) / np.where(before != 0, np.abs(before), np.nan)
    threshold = np.full(change.shape, rule.values["change"])
    causes = first_cause((np.isnan(change), "eps"))
    said = _rebased(market, given.eps, before / factor, change)
    up = Signal("up", at_least(change, threshold), change, threshold, said)
    down = Signal("down", at_least(-change, threshold), change, threshold, said)
    return market.judged(market.applies & market.of_kind("stock"), causes, up, down)


def _rebased(market: MarketData, now: Floats, before: Floats, change: Floats) -> Said:
    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        return "flag_pe_rebase", {
            "name": market.name(market.inputs.tickers[column]), "before": f"{before[row, column]:.3f}",
            "now": f"{now[row, column]:.3f}", "value": text.signed(change[row, column], 1),
        }  # fmt: skip

    return said
