"""Rules on the price of one security: limit, big move, sigma move, gap, high and low."""

from __future__ import annotations

import numpy as np

from basketwatch.analysis.flags.inputs import Bools, Floats
from basketwatch.analysis.flags.market import (
    ENOUGH,
    Judged,
    MarketData,
    Said,
    Signal,
    at_least,
    first_cause,
    first_nonzero,
)
from basketwatch.analysis.prices import shifted
from basketwatch.domain import limits
from basketwatch.domain.model import Names, Rule
from basketwatch.words import text

WINDOW = 60  # sessions of the regression, all before the session that is judged
FLAT = 1e-5  # a residual that spreads less than this is no measure: the ticker is its own benchmark

# --- limit -------------------------------------------------------------------------------------------------------

_SEALED = {side: [limits.STATES.index(f"{how}_{side}") for how in ("one_price", "t", "sealed")]
           for side in ("up", "down")}  # fmt: skip
_ANY = {side: [*codes, codes[-1] + 1] for side, codes in _SEALED.items()}


def limit(market: MarketData, rule: Rule) -> Judged:
    """The bar reached a price limit: sealed, 一字, T字 or opened again (炸板), and the same four below.

    Exact, in ticks, against the quote's own limits, else those of the rule (``limits``); with the number of
    consecutive boards. Event. value: return of the day; threshold: the limit, a fraction.
    """
    grid = market.limits
    applies = market.applies_live & market.of_kind("stock", "etf") & (grid.codes != limits.STATES.index("no_limit"))
    unknown = grid.codes == limits.STATES.index("unknown")
    causes = first_nonzero(
        market.unusable_bar,
        np.where(unknown, first_nonzero(market.unknown_return, first_cause((unknown, "limits"))), 0).astype(np.int8),
    )
    return market.judged(applies, causes, *(_limit(market, side) for side in ("up", "down")))


def _limit(market: MarketData, side: str) -> Signal:
    grid = market.limits
    sealed = np.isin(grid.codes, _SEALED[side])
    count = limits.boards(sealed, market.inputs.suspended)

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        state = limits.STATES[grid.codes[row, column]]
        boards = int(count[row, column])
        run = Names("", "") if boards < 2 else Names(*(text.say("flag_limit_run", lang, n=boards) for lang in _LANGS))
        price = grid.up if side == "up" else grid.down
        return f"flag_limit_{state}", {
            "name": market.name(market.inputs.tickers[column]), "close": market.price(column, market.inputs.raw_close[row, column]),
            "limit": market.price(column, price[row, column]), "move": text.signed(market.moves[row, column]), "run": run,
        }  # fmt: skip

    on = np.isin(grid.codes, _ANY[side])
    return Signal(side, on, market.moves, grid.percent / 100, said)


_LANGS = ("zh", "en")

# --- moves of the day --------------------------------------------------------------------------------------------


def big_move(market: MarketData, rule: Rule) -> Judged:
    """abs(r) >= ``k`` × the board's limit on the mainland, elsewhere >= the market's own threshold.

    r = raw close / reference price − 1, so an ex-date is judged like any day. Not told where ``limit`` is told in the
    same direction. Event. value: r.
    """
    if market.inputs.market == "CN":
        threshold = rule.values["k"] * market.limits.percent / 100
    else:
        threshold = np.full(market.moves.shape, rule.values[market.inputs.market.lower()])
    causes = first_nonzero(market.unknown_return, first_cause((np.isnan(threshold), "limits")))
    applies = market.applies_live & market.of_kind("stock", "etf")
    said = _plain(market, "flag_big_move", market.moves, threshold)
    return market.judged(applies, causes, *both(market.moves, threshold, said))


def _plain(market: MarketData, key: str, value: Floats, threshold: Floats, **more: Floats) -> Said:
    """A reason with a value, its threshold and further fractions, all as signed percentages."""

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        side = "up" if value[row, column] > 0 else "down"
        numbers = {name: text.signed(values[row, column]) for name, values in more.items()}
        return f"{key}_{side}", {
            "name": market.name(market.inputs.tickers[column]), "value": text.signed(value[row, column]),
            "threshold": text.signed(threshold[row, column]).lstrip("+"), **numbers,
        }  # fmt: skip

    return said


def both(value: Floats, threshold: Floats, said: Said) -> tuple[Signal, Signal]:
    """An event on both sides of zero."""
    return (
        Signal("up", at_least(value, threshold), value, threshold, said),
        Signal("down", at_least(-value, threshold), value, threshold, said),
    )


def sigma_move(market: MarketData, rule: Rule) -> Judged:
    """abs(r − beta·r_b) / stdev(residual) >= ``sigmas``, beta and stdev from the 60 sessions strictly before.

    r_b: return of the benchmark. beta = cov(r, b) / var(b); stdev of r − beta·b with n − 1, over the sessions of the
    window on which both traded (at least 45). One-price days, whose return is cut off, are not judged. Event.
    value: the residual in standard deviations, signed.
    """
    own, other = market.moves, market.benchmark(market.moves)
    beta, spread = _regression(own, other)
    score = (own - beta * other) / np.where(spread > FLAT, spread, np.nan)
    lacking = np.broadcast_to(market.inputs.benchmark_of < 0, own.shape)
    causes = first_nonzero(
        first_cause((lacking, "benchmark")),
        market.unknown_return,
        first_cause((market.one_price, "one_price"), (np.isnan(other), "benchmark"), (np.isnan(score), "history")),
    )
    applies = market.applies & market.of_kind("stock", "etf")
    threshold = np.full(own.shape, rule.values["sigmas"])
    return market.judged(applies, causes, *both(score, threshold, _sigmas(market, score, beta, other)))


def _sigmas(market: MarketData, score: Floats, beta: Floats, other: Floats) -> Said:
    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        side = "up" if score[row, column] > 0 else "down"
        benchmark = market.inputs.tickers[market.inputs.benchmark_of[column]]
        return f"flag_sigma_move_{side}", {
            "name": market.name(market.inputs.tickers[column]), "benchmark": market.name(benchmark),
            "move": text.signed(market.moves[row, column]), "sigmas": f"{abs(score[row, column]):.1f}",
            "beta": f"{beta[row, column]:.2f}".replace("-", text.MINUS), "other": text.signed(other[row, column]),
        }  # fmt: skip

    return said


def _regression(returns: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Slope and residual standard deviation of ``returns`` on ``other`` over the window before each session."""
    both = np.isfinite(returns) & np.isfinite(other)
    y, x = np.where(both, returns, 0.0), np.where(both, other, 0.0)
    n = _before(both.astype(np.float64))
    n = np.where(n >= ENOUGH, n, np.nan)
    sy, sx = _before(y), _before(x)
    syy, sxx, sxy = _before(y * y) - sy * sy / n, _before(x * x) - sx * sx / n, _before(x * y) - sx * sy / n
    beta = sxy / np.where(sxx > 0, sxx, np.nan)
    return beta, np.sqrt(np.maximum(syy - beta * sxy, 0) / (n - 1))


def _before(values: Floats) -> Floats:
    """Sum of the 60 rows before each row, NaN where there are fewer."""
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])[:-1]
    return total - shifted(total, WINDOW)


def gap(market: MarketData, rule: Rule) -> Judged:
    """low of the day >= (1 + ``size``) × high of the session before, or mirrored; adjusted prices.

    Event. value: the width of the gap, a signed fraction.
    """
    high, low = market.inputs.adjusted_high, market.inputs.adjusted_low
    up, down = low / shifted(high, 1) - 1, high / shifted(low, 1) - 1
    width = np.where(up > 0, up, np.where(down < 0, down, np.where(np.isfinite(up) & np.isfinite(down), 0.0, np.nan)))
    threshold = np.full(width.shape, rule.values["size"])
    alone = shifted(market.unusable_bar.astype(float), 1) > 0  # nothing to measure the gap from
    causes = first_nonzero(
        market.unknown_return,
        first_cause((market.inputs.unexplained, "unexplained"), (alone | np.isnan(width), "reference")),
    )
    said = _plain(market, "flag_gap", width, threshold)
    return market.judged(market.applies & market.of_kind("stock", "etf"), causes, *both(width, threshold, said))


# --- highs and lows ----------------------------------------------------------------------------------------------


def high_low(market: MarketData, rule: Rule) -> Judged:
    """Close above every one of the n − 1 adjusted closes before it (n = ``short``, ``long``), or below them.

    A level: told once, and again only after the close has come ``exit`` back from the extreme; the long window is a
    second tier, one step louder. value: distance to the old extreme, a fraction; threshold: 0.
    """
    short, long = int(rule.values["short"]), int(rule.values["long"])
    kinds = market.of_kind("stock", "etf", "sector")
    known = _has_history(market, short)
    causes = first_nonzero(market.unusable_bar, first_cause((~known, "history")))
    tiers = [_extremes(market, n, tier, rule.values["exit"]) for tier, n in enumerate((short, long))]
    return market.judged(market.applies & kinds, causes, *(signal for pair in tiers for signal in pair))


def _has_history(market: MarketData, n: int) -> Bools:
    same = shifted(market.breaks.astype(np.float64), n - 1) == market.breaks
    return np.asarray((market.age >= n - 1) & same)


def _extremes(market: MarketData, n: int, tier: int, exit_: float) -> tuple[Signal, Signal]:
    close, known, zero = market.closes, _has_history(market, n), np.zeros(market.closes.shape)
    highest = np.where(known, shifted(rolling_max(close, n - 1), 1), np.nan)
    lowest = np.where(known, -shifted(rolling_max(-close, n - 1), 1), np.nan)
    above, below = close / highest - 1, close / lowest - 1

    def told(side: str, distance: Floats) -> Said:
        def said(row: int, column: int) -> tuple[str, dict[str, object]]:
            return f"flag_high_low_{side}", {
                "name": market.name(market.inputs.tickers[column]), "n": n, "value": text.signed(distance[row, column]),
                "close": market.price(column, market.inputs.raw_close[row, column]),
            }  # fmt: skip

        return said

    up = Signal("up", above > 0, above, zero, told("up", above), above >= -exit_, tier, louder=tier > 0)
    down = Signal("down", below < 0, below, zero, told("down", below), below <= exit_, tier, louder=tier > 0)
    return up, down


def rolling_max(values: Floats, n: int) -> Floats:
    """Maximum of the n rows up to each row, NaN where there are fewer; NaN counts as lowest (van Herk, 1992)."""
    rows, columns = values.shape
    if rows < n:
        return np.full(values.shape, np.nan)
    blocks = -(-rows // n)
    padded = np.full((blocks * n, columns), -np.inf)
    padded[:rows] = np.where(np.isnan(values), -np.inf, values)
    grouped = padded.reshape(blocks, n, columns)
    so_far = np.maximum.accumulate(grouped, axis=1).reshape(-1, columns)
    still = np.maximum.accumulate(grouped[:, ::-1], axis=1)[:, ::-1].reshape(-1, columns)
    out = np.full(values.shape, np.nan)
    out[n - 1 :] = np.maximum(still[: rows - n + 1], so_far[n - 1 : rows])
    return out
