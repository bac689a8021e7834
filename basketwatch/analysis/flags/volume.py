"""The rule on volume."""

from __future__ import annotations

import numpy as np

from basketwatch.analysis.flags.inputs import Bools, Floats
from basketwatch.analysis.flags.market import Judged, MarketData, Signal, at_least, first_cause, first_nonzero
from basketwatch.analysis.prices import filled, shifted
from basketwatch.domain.model import Rule
from basketwatch.words import text

PAST = 5  # sessions that traded
SPLIT = 0.1  # a step of the adjustment factor by more than this changes the number of shares, and so the volume


def volume_surge(market: MarketData, rule: Rule) -> Judged:
    """量比 at the close, V_t / mean(V of the last five sessions that traded), >= ``ratio``, and turnover >= ``turnover``.

    Outside the mainland, where no turnover is known, the ratio alone decides. Not judged on one-price days, nor where
    a split lies among the six sessions. Event, without direction. value: the ratio.
    """
    ratio, split = ratios(market)
    turnover = market.inputs.turnover
    untold = np.isnan(turnover) & (market.inputs.market == "CN")
    many = at_least(ratio, rule.values["ratio"])
    causes = first_nonzero(
        market.unusable_bar,
        first_cause(
            (market.one_price, "one_price"), (np.isnan(market.inputs.volume), "volume"), (split, "split"),
            (np.isnan(ratio), "history"), (untold & many, "turnover"),
        ),
    )  # fmt: skip
    on = many & (np.isnan(turnover) | at_least(turnover, rule.values["turnover"]))

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        known = bool(np.isfinite(turnover[row, column]))
        return f"flag_volume_surge_{'both' if known else 'ratio'}", {
            "name": market.name(market.inputs.tickers[column]), "value": f"{ratio[row, column]:.1f}",
            "turnover": text.signed(turnover[row, column]).lstrip("+"), "move": text.signed(market.moves[row, column]),
        }  # fmt: skip

    threshold = np.full(ratio.shape, rule.values["ratio"])
    return market.judged(
        market.applies & market.of_kind("stock", "etf"), causes, Signal("none", on, ratio, threshold, said)
    )


def ratios(market: MarketData) -> tuple[Floats, Bools]:
    """量比 of each session, and whether a split lies between it and the first of the five sessions before."""
    volume, given = market.inputs.volume, market.inputs
    traded = (market.unusable_bar == 0) & (volume > 0)
    order = np.argsort(~traded, axis=0, kind="stable")  # rows that traded first, in their order
    total = _from_zero(np.cumsum(np.take_along_axis(np.where(traded, volume, 0.0), order, axis=0), axis=0))
    before = _from_zero(np.cumsum(traded, axis=0))[:-1].astype(np.int64)  # how many traded before each session
    start = np.maximum(before - PAST, 0)
    mean = (np.take_along_axis(total, before, axis=0) - np.take_along_axis(total, start, axis=0)) / PAST
    mean = np.where(before >= PAST, mean, np.nan)
    factor = filled(given.adjusted_close / given.raw_close)
    steps = np.cumsum(np.abs(factor / shifted(factor, 1) - 1) > SPLIT, axis=0)
    first = np.take_along_axis(order, np.minimum(start, len(order) - 1), axis=0)
    split = (steps != np.take_along_axis(steps, first, axis=0)) & (before >= PAST)
    return volume / mean, split


def _from_zero(cumulated: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Floats:
    """A cumulated sum with the zero in front that it starts from."""
    return np.vstack([np.zeros((1, cumulated.shape[1])), cumulated])
