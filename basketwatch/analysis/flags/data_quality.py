"""Rules on the data themselves: what is missing, repeated, unfinished or contradicted."""

from __future__ import annotations

import numpy as np

from basketwatch.analysis.flags.inputs import Bools, Rows
from basketwatch.analysis.flags.market import CAUSE, CAUSES, Judged, MarketData, Signal, first_cause, first_nonzero
from basketwatch.domain.model import Rule
from basketwatch.words import text


def stale_data(market: MarketData, rule: Rule) -> Judged:
    """A session without a bar that can be judged: suspended, missing, yesterday's repeated, no volume, unfinished.

    Also an ex-date without a known factor. A level: told when it begins and again only after a good bar; then every
    other rule says ``no_data``. value: sessions since the last good bar.
    """
    codes = first_nonzero(market.unusable_bar, first_cause((market.inputs.unexplained, "unexplained")))
    bad = codes != 0
    for_how_long = _run(bad)
    value = for_how_long.astype(np.float64)

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        return f"flag_stale_data_{CAUSES[codes[row, column]]}", {"name": market.name(market.inputs.tickers[column])}

    signal = Signal("none", bad, value, np.ones(bad.shape), said, held=bad, causes=codes)
    return market.judged(market.applies, np.zeros(bad.shape, dtype=np.int8), signal)


def _run(bad: Bools) -> Rows:
    """Length of the run of True up to each row."""
    rows = np.arange(1, len(bad) + 1)[:, None]
    return np.where(bad, rows - np.maximum.accumulate(np.where(bad, 0, rows), axis=0), 0)


def source_disagreement(market: MarketData, rule: Rule) -> Judged:
    """abs(close of a second source / close − 1) > ``difference``, raw closes of one session.

    A level; not judged where only one source is at hand. value: the difference, a signed fraction.
    """
    given = market.inputs
    value = given.other_close / given.raw_close - 1
    on = np.abs(value) > rule.values["difference"]

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        return "flag_source_disagreement", {
            "name": market.name(given.tickers[column]), "one": market.price(column, given.raw_close[row, column]),
            "other": market.price(column, given.other_close[row, column]), "value": text.signed(value[row, column]),
        }  # fmt: skip

    signal = Signal("none", on, value, np.full(value.shape, rule.values["difference"]), said, held=on)
    asked = np.isfinite(given.other_close)
    causes = np.where(market.unusable_bar == CAUSE["repeated"], 0, market.unusable_bar).astype(np.int8)
    return market.judged(market.applies & asked, causes, signal)
