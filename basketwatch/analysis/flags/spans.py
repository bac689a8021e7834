"""The rule on several sessions: excess over the benchmark."""

from __future__ import annotations

import numpy as np

from basketwatch.analysis.flags.inputs import Floats
from basketwatch.analysis.flags.market import Judged, MarketData, Said, Signal, at_least, first_cause, first_nonzero
from basketwatch.domain.model import Rule
from basketwatch.words import text

SPANS = {"week": 5, "month": 20}  # sessions of the two thresholds of ``excess``


def excess(market: MarketData, rule: Rule) -> Judged:
    """abs(return − benchmark's return) over the same 5 (``week``) or 20 (``month``) sessions >= the threshold.

    Adjusted closes, arithmetic difference before rounding. A level: told again only after it has fallen below
    ``exit`` × the threshold; the 20 sessions are a second tier. value: the excess, a signed fraction.
    """
    lacking = np.broadcast_to(market.inputs.benchmark_of < 0, market.unusable_bar.shape)
    own = [market.over(n) for n in SPANS.values()]
    spans = [values - market.benchmark(values) for values in own]
    holes = first_cause((np.isnan(own[0]), "history"), (np.isnan(spans[0]), "benchmark"))
    causes = first_nonzero(first_cause((lacking, "benchmark")), market.unusable_bar, holes)
    signals = []
    for tier, (name, n) in enumerate(SPANS.items()):
        threshold, value = np.full(spans[tier].shape, rule.values[name]), spans[tier]
        said = _against(market, value, n)
        signals += _level(value, threshold, threshold, rule.values["exit"], said, tier)
    return market.judged(market.applies & market.of_kind("stock", "etf", "sector"), causes, *signals)


def _against(market: MarketData, value: Floats, n: int) -> Said:
    own = market.over(n)

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        benchmark = int(market.inputs.benchmark_of[column])
        side = "up" if value[row, column] > 0 else "down"
        return f"flag_excess_{side}", {
            "name": market.name(market.inputs.tickers[column]), "n": n, "own": text.signed(own[row, column]),
            "benchmark": market.name(market.inputs.tickers[benchmark]), "other": text.signed(own[row, benchmark]),
            "value": text.points(abs(value[row, column])).lstrip("+"),
        }  # fmt: skip

    return said


def _level(value: Floats, up: Floats, down: Floats, exit_: float, said: Said, tier: int) -> list[Signal]:
    """A level on both sides of zero, left below ``exit_`` × its threshold."""
    return [
        Signal("up", at_least(value, up), value, up, said, at_least(value, up * exit_), tier),
        Signal("down", at_least(-value, down), value, -down, said, at_least(-value, down * exit_), tier),
    ]
