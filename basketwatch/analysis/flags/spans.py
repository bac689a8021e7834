"""Rules on several sessions: excess over the benchmark, and the exchanges' deviation rules (异常波动)."""

from __future__ import annotations

import numpy as np

from basketwatch.analysis.flags.inputs import Floats
from basketwatch.analysis.flags.market import Judged, MarketData, Said, Signal, at_least, first_cause, prior
from basketwatch.analysis.prices import shifted
from basketwatch.domain import limits
from basketwatch.domain.model import Rule
from basketwatch.words import text

SPANS = {"week": 5, "month": 20}  # sessions of the two thresholds of ``excess``


def excess(market: MarketData, rule: Rule) -> Judged:
    """abs(return − benchmark's return) over the same 5 (``week``) or 20 (``month``) sessions >= the threshold.

    Adjusted closes, arithmetic difference before rounding. A level: told again only after it has fallen below
    ``exit`` × the threshold; the 20 sessions are a second tier. value: the excess, a signed fraction.
    """
    lacking = np.broadcast_to(market.inputs.benchmark_of < 0, market.trouble.shape)
    spans = [market.over(n) - market.benchmark(market.over(n)) for n in SPANS.values()]
    causes = prior(first_cause((lacking, "benchmark")), market.trouble, first_cause((np.isnan(spans[0]), "history")))
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


# --- the exchanges' own rule -------------------------------------------------------------------------------------

# The index against which an exchange measures the deviation. Which one it takes for the STAR market and in Beijing is
# not established: there the rule cannot be judged.
EXCHANGE_INDEX = {("main", "SH"): "000001.SH", ("main", "SZ"): "399001.SZ", ("chinext", "SZ"): "399102.SZ"}
ST_AS_OTHERS = np.datetime64("2026-07-06")  # from here on main-board ST shares have the threshold of the others


def deviation(market: MarketData, rule: Rule) -> Judged:
    """Sum over 3 sessions of (r − r of the exchange's index) beyond the board's threshold; +/− also over 10 and 30.

    r: return of the day against the reference price, simple sum, mainland shares with a limit only. Thresholds of 3
    sessions: ``main``, ``wide`` (ChiNext, STAR), ``bse``; main-board ST before 2026-07-06 ``st_sh``, ``st_sz``; then
    ``ten_up``, ``ten_down``, ``thirty_up``, ``thirty_down``. A level, left below ``exit`` × the threshold. Where the
    exchange's index is not followed it cannot be judged; no other index stands in. value: the sum, signed.
    """
    boards = [limits.board(t) for t in market.inputs.tickers]
    ours = np.array([b in ("main", "chinext", "star", "bse") for b in boards], dtype=np.bool_)
    index = _index_columns(market, boards)
    deviations = market.moves - np.where(index >= 0, market.moves[:, index], np.nan)
    sums = {n: _rolling_sum(deviations, n) for n in (3, 10, 30)}
    three = _thresholds(market, rule, boards)
    free = _rolling_sum((market.limits.codes == limits.STATES.index("no_limit")).astype(np.float64), 3) > 0
    lacking = np.broadcast_to(index < 0, free.shape)
    causes = prior(
        first_cause((lacking, "index")),
        market.blind,
        first_cause((np.isnan(three), "limits"), (np.isnan(sums[3]), "history")),
    )
    signals = []
    for tier, (n, value) in enumerate(sums.items()):
        up, down = (three, three) if n == 3 else (np.full(three.shape, rule.values[f"{_SPELT[n]}_{s}"]) for s in _SIDES)
        said = _summed(market, index, value, up, down, n)
        signals += _level(value, up, down, rule.values["exit"], said, tier)
    return market.judged(market.applies & ours & ~free, causes, *signals)


_SPELT, _SIDES = {10: "ten", 30: "thirty"}, ("up", "down")


def _index_columns(market: MarketData, boards: list[limits.Board | None]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Column of each ticker's exchange index, -1 where it is not known or not followed."""
    where = {t: column for column, t in enumerate(market.inputs.tickers)}
    keys = [(board or "", t.rpartition(".")[2]) for t, board in zip(market.inputs.tickers, boards, strict=True)]
    return np.array([where.get(EXCHANGE_INDEX.get(key, ""), -1) for key in keys], dtype=np.int64)


def _thresholds(market: MarketData, rule: Rule, boards: list[limits.Board | None]) -> Floats:
    """Threshold of the 3-session sum per cell; NaN where it hangs on an ST flag that is not known."""
    of_board = {"main": "main", "chinext": "wide", "star": "wide", "bse": "bse"}
    plain = np.array([rule.values[of_board[b]] if b in of_board else np.nan for b in boards])
    suffixes = [t.rpartition(".")[2] for t in market.inputs.tickers]
    special = np.array([rule.values[f"st_{s.lower()}"] if b == "main" else p
                        for b, s, p in zip(boards, suffixes, plain, strict=True)])  # fmt: skip
    st = np.where((market.inputs.sessions >= ST_AS_OTHERS)[:, None], 0, market.inputs.st)
    unsure = np.where(special == plain, plain, np.nan)
    return np.choose(st + 1, [unsure, plain, special]).astype(np.float64)


def _summed(
    market: MarketData,
    index: np.ndarray[tuple[int], np.dtype[np.int64]],
    value: Floats,
    up: Floats,
    down: Floats,
    n: int,
) -> Said:
    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        side, threshold = ("up", up) if value[row, column] > 0 else ("down", -down)
        return f"flag_deviation_{side}", {
            "name": market.name(market.inputs.tickers[column]), "n": n, "value": text.points(value[row, column]),
            "benchmark": market.name(market.inputs.tickers[index[column]]),
            "threshold": text.points(threshold[row, column], 0),
        }  # fmt: skip

    return said


def _rolling_sum(values: Floats, n: int) -> Floats:
    """Sum of the n rows up to each row; NaN where one of them is missing."""
    known = np.isfinite(values)
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(np.where(known, values, 0.0), axis=0)])
    count = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(known, axis=0)])
    full = (count - shifted(count, n))[1:] == n
    return np.where(full, (total - shifted(total, n))[1:], np.nan)
