"""The exchanges' own rule on abnormal fluctuation (异常波动): deviation of a share from its exchange's index.

Over at most 3 (10, 30) sessions in a row: (close at the end ÷ close before the beginning − 1) − (the same of the
index). Sessions on which the share did not trade, or had no limit, do not count; they are left out on both sides.
Source   Shanghai trading rules 5.4.2, Shenzhen's and Beijing's of 2023, as several public projects quote them; which
         index each exchange takes, the turnover test and the repeated events were not seen at the exchanges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from basketwatch.analysis.flags.inputs import LONG_LISTED, Bools, Floats, Rows, Small
from basketwatch.analysis.flags.market import (
    CAUSE,
    Judged,
    MarketData,
    Said,
    Signal,
    at_least,
    first_cause,
    first_nonzero,
)
from basketwatch.domain import limits
from basketwatch.domain.model import Rule
from basketwatch.words import text

EXCHANGE_INDEX = {
    ("main", "SH"): "000002.SH", ("star", "SH"): "000688.SH", ("main", "SZ"): "399107.SZ",
    ("chinext", "SZ"): "399102.SZ", ("bse", "BJ"): "899050.BJ",
}  # fmt: skip
ST_AS_OTHERS = np.datetime64("2026-07-06")  # from here on main-board ST shares have the threshold of the others
SPANS = {3: "", 10: "ten", 30: "thirty"}  # sessions -> how its thresholds are spelt
SIDES = ("up", "down")
WITHIN = 10  # sessions in which so many events of one direction are severe as well:
EVENTS = {"main": 4, "chinext": 3, "star": 3, "bse": 3}
STANDING = ["ticker", "session", "sessions", "value", "threshold", "share"]
QUIET = 5  # sessions before the three of the turnover test


def deviation(market: MarketData, rule: Rule) -> Judged:
    """Deviation from the exchange's index over at most 3, 10 or 30 sessions that counted, beyond the board's threshold.

    Mainland shares, on sessions with a limit. Thresholds: ``main``, ``wide`` (ChiNext, STAR), ``bse``, main-board ST
    before 2026-07-06 ``st``; severe: ``ten_up`` … ``thirty_down``, in Beijing ``bse_ten_up`` …; ``times`` and ``sum``
    of the main boards' turnover test. Severe is also the fourth event (third off the main boards) of one direction
    within 10 sessions. Event; after one, a window of its kind begins anew. value: the deviation, signed; of the
    turnover test its multiple, of repeated events their number.
    """
    paths = _paths(market)
    found = {n: _judge(market, rule, paths, n) for n in SPANS}
    signals = [s for tier, n in zip((0, 2, 3), SPANS, strict=True) for s in _signals(market, paths, found[n], n, tier)]
    signals += [_repeated(market, paths, found[3].fired[side], side) for side in SIDES]
    signals.append(_turnover(market, rule, paths))
    on = np.logical_or.reduce([s.on for s in signals])
    causes = np.where(on, 0, _causes(market, paths, found[3])).astype(np.int8)
    ours = np.array([board in EVENTS for board in paths.boards], dtype=np.bool_)
    applies = market.applies & ours & (market.limits.codes != limits.STATES.index("no_limit"))
    judged = market.judged(applies, causes, *signals)
    return replace(
        judged, why=lambda row, column: judged.why(row, column) | {"index": _benchmark(market, paths, column)}
    )


def standing(market: MarketData, rule: Rule) -> pd.DataFrame:
    """How far each share's last counted session is from the rule: the kind that is nearest, a row a share.

    Columns ticker, session, sessions (3, 10, 30), value and threshold (signed fractions), share (value ÷ threshold).
    Windows begin anew after an event, as in ``deviation``. Shares of which nothing is known are left out.
    """
    paths = _paths(market)
    rows = []
    for n in SPANS:
        found = _judge(market, rule, paths, n)
        for column in range(len(paths.boards)):
            last = paths.last(column)
            for side, sign in (("up", 1.0), ("down", -1.0)):
                value, limit = found.value[side][last, column], sign * found.threshold[side][last, column]
                if last >= 0 and np.isfinite(value) and np.isfinite(limit):
                    session = market.inputs.sessions[last]
                    rows.append((market.inputs.tickers[column], session, n, value, limit, value / limit))
    table = pd.DataFrame(rows, columns=STANDING)
    table["session"] = table["session"].astype("datetime64[s]")
    return table.sort_values("share", ascending=False).drop_duplicates("ticker").reset_index(drop=True)


# --- sessions that count -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Paths:
    """Shares and their indices over the sessions that count, one after the other: row 0 is before the first.

    ``indices``: ticker of each share's exchange index, "" where none is known. ``order``: row of each counted session;
    ``own``, ``other``: growth since row 0; ``lost``, ``blank``: how many returns of the share, of the index, were not
    known until then.
    """

    boards: tuple[str | None, ...]
    indices: tuple[str, ...]
    index: Rows  # (N,) column of the exchange's index, -1 where it is not followed
    counted: Bools
    order: Rows
    count: Rows  # (N,) how many count
    own: Floats
    other: Floats
    lost: Rows
    blank: Rows

    def last(self, column: int) -> int:
        """Row of the last session that counts, -1 where none does."""
        count = int(self.count[column])
        return int(self.order[count - 1, column]) if count else -1

    def spread(self, values: Floats) -> Floats:
        """Values of the counted sessions (in their order) put on the sessions; NaN on those that do not count."""
        out = np.full(self.counted.shape, np.nan)
        np.put_along_axis(out, self.order, values, axis=0)
        return np.where(self.counted, out, np.nan)

    def spread_hits(self, hits: Bools) -> Bools:
        """The same for what is true or not; False on sessions that do not count."""
        return np.asarray(self.spread(hits.astype(np.float64)) == 1)


def _paths(market: MarketData) -> _Paths:
    boards = tuple(limits.board(t) for t in market.inputs.tickers)
    indices = tuple(
        EXCHANGE_INDEX.get((board or "", t.rpartition(".")[2]), "")
        for t, board in zip(market.inputs.tickers, boards, strict=True)
    )
    where = {t: column for column, t in enumerate(market.inputs.tickers)}
    index = np.array([where.get(ticker, -1) for ticker in indices], dtype=np.int64)
    idle = np.isin(market.unusable_bar, [CAUSE["suspended"], CAUSE["idle"]])
    counted = market.applies & ~idle & (market.limits.codes != limits.STATES.index("no_limit"))
    order = np.argsort(~counted, axis=0, kind="stable")
    own = np.take_along_axis(market.moves, order, axis=0)
    other = np.take_along_axis(np.where(index >= 0, market.moves[:, index], np.nan), order, axis=0)
    return _Paths(
        boards, indices, index, counted, order, counted.sum(axis=0), _growth(own), _growth(other), _gaps(own),
        _gaps(other),
    )  # fmt: skip


def _growth(moves: Floats) -> Floats:
    """Compound growth, 1 in row 0; an unknown return changes nothing (``_gaps`` counts it)."""
    return np.vstack([np.ones((1, moves.shape[1])), np.cumprod(1 + np.nan_to_num(moves), axis=0)])


def _gaps(moves: Floats) -> Rows:
    return np.vstack([np.zeros((1, moves.shape[1]), np.int64), np.cumsum(np.isnan(moves), axis=0)])


# --- windows -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Windows:
    """Of one kind, on the sessions: the largest and the smallest deviation, the thresholds, and where it fired."""

    value: dict[str, Floats]
    threshold: dict[str, Floats]
    fired: dict[str, Bools]


def _judge(market: MarketData, rule: Rule, paths: _Paths, n: int) -> _Windows:
    """Windows of at most ``n`` sessions that end on each, first all of them, then anew after each event."""
    up, down = _extremes(paths, n)
    threshold = dict(zip(SIDES, _thresholds(market, rule, paths, n), strict=True))
    ordered = {side: np.take_along_axis(limit, paths.order, axis=0) for side, limit in threshold.items()}
    fired = {"up": at_least(up, ordered["up"]), "down": at_least(-down, ordered["down"])}
    for column in np.flatnonzero((fired["up"] | fired["down"]).any(axis=0)).tolist():
        _anew(paths, n, column, (up, down), ordered, fired)
    values = {"up": paths.spread(up), "down": paths.spread(down)}
    on = {side: paths.spread_hits(hit) for side, hit in fired.items()}
    return _Windows(values, threshold, on)


def _extremes(paths: _Paths, n: int) -> tuple[Floats, Floats]:
    """The largest and the smallest deviation of all known windows of at most ``n`` sessions; NaN where none is."""
    up = np.full((len(paths.own) - 1, paths.own.shape[1]), np.nan)
    down = up.copy()
    broken = paths.lost + paths.blank
    for k in range(1, min(n, len(up)) + 1):
        value = paths.own[k:] / paths.own[:-k] - paths.other[k:] / paths.other[:-k]
        value = np.where(broken[k:] == broken[:-k], value, np.nan)
        up[k - 1 :], down[k - 1 :] = np.fmax(up[k - 1 :], value), np.fmin(down[k - 1 :], value)
    return up, down


def _anew(
    paths: _Paths, n: int, column: int, values: tuple[Floats, Floats], limits_: dict[str, Floats], fired: dict[str, Bools]
) -> None:  # fmt: skip
    """Judge one column session after session, no window reaching back over an event."""
    begin, broken = 0, paths.lost[:, column] + paths.blank[:, column]
    first = int((fired["up"] | fired["down"])[:, column].argmax())
    for row in range(first, int(paths.count[column])):
        start = max(begin, row + 1 - n)
        if begin:
            own, other = paths.own[start : row + 2, column], paths.other[start : row + 2, column]
            found = own[-1] / own[:-1] - other[-1] / other[:-1]
            found = found[broken[start : row + 1] == broken[row + 1]]
            values[0][row, column] = found.max() if len(found) else np.nan
            values[1][row, column] = found.min() if len(found) else np.nan
        for side, value, sign in zip(SIDES, values, (1, -1), strict=True):
            fired[side][row, column] = at_least(sign * value[row, column], limits_[side][row, column])
        if fired["up"][row, column] or fired["down"][row, column]:
            begin = row + 1


def _thresholds(market: MarketData, rule: Rule, paths: _Paths, n: int) -> tuple[Floats, Floats]:
    """Thresholds of a kind per cell, both positive; NaN where they hang on an ST flag that is not known."""
    if SPANS[n]:
        keys = [("bse_" if board == "bse" else "") + SPANS[n] for board in paths.boards]
        up, down = (np.array([rule.values[f"{key}_{side}"] for key in keys]) for side in SIDES)
        shape = market.unusable_bar.shape
        return np.broadcast_to(up, shape), np.broadcast_to(down, shape)
    of_board = {"main": "main", "chinext": "wide", "star": "wide", "bse": "bse"}
    plain = np.array([rule.values[of_board[b]] if b in of_board else np.nan for b in paths.boards])
    special = np.array([rule.values["st"] if b == "main" else p for b, p in zip(paths.boards, plain, strict=True)])
    st = np.where((market.inputs.sessions >= ST_AS_OTHERS)[:, None], 0, market.inputs.st)
    unsure = np.where(special == plain, plain, np.nan)
    found = np.choose(st + 1, [unsure, plain, special, plain]).astype(np.float64)
    return found, found


def _causes(market: MarketData, paths: _Paths, three: _Windows) -> Small:
    """Why 3 sessions cannot be judged: the share's own bar, its threshold, or a hole in whose history it is."""
    lost, blank = (paths.spread(_in_window(gaps)) > 0 for gaps in (paths.lost, paths.blank))
    place = paths.spread(np.broadcast_to(np.arange(1.0, len(paths.order) + 1)[:, None], paths.order.shape))
    short = (place < 3) & (market.inputs.listed_at == LONG_LISTED)
    lacking = np.broadcast_to(paths.index < 0, lost.shape)
    own = first_cause((np.isnan(three.threshold["up"]), "limits"), (lost | short, "history"), (blank, "index_bars"))
    return first_nonzero(first_cause((lacking, "index")), market.unknown_return, own)


def _in_window(gaps: Rows) -> Floats:
    """How many returns of the last three counted sessions are not known."""
    before = np.vstack([np.zeros((2, gaps.shape[1]), np.int64), gaps])[: len(gaps) - 1]
    return (gaps[1:] - before).astype(np.float64)


# --- what is said ------------------------------------------------------------------------------------------------


def _signals(market: MarketData, paths: _Paths, found: _Windows, n: int, tier: int) -> list[Signal]:
    out = []
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        value, threshold = found.value[side], sign * found.threshold[side]
        key = f"flag_deviation_{'severe_' if n > 3 else ''}{side}"
        said: Said = partial(_said_deviation, market, paths, key, n, value, threshold)
        out.append(Signal(side, found.fired[side], value, threshold, said, tier=tier))
    return out


def _said_deviation(
    market: MarketData, paths: _Paths, key: str, n: int, value: Floats, threshold: Floats, row: int, column: int
) -> tuple[str, dict[str, object]]:
    return key, _facts(market, paths, column) | {
        "n": n, "value": text.points(value[row, column]), "threshold": text.points(threshold[row, column], 0),
    }  # fmt: skip


def _facts(market: MarketData, paths: _Paths, column: int) -> dict[str, object]:
    return {"name": market.name(market.inputs.tickers[column]), "benchmark": _benchmark(market, paths, column)}


def _benchmark(market: MarketData, paths: _Paths, column: int) -> object:
    """The name of the index of a column, or its ticker where it is not followed."""
    return market.name(paths.indices[column] or "–")


def _repeated(market: MarketData, paths: _Paths, fired: Bools, side: str) -> Signal:
    """So many events of one direction within ten counted sessions, counted anew after it was told."""
    wanted = np.array([EVENTS.get(board or "", 0) for board in paths.boards], dtype=np.float64)
    events = np.take_along_axis(fired, paths.order, axis=0)
    count = np.zeros(events.shape)
    for column in np.flatnonzero(events.any(axis=0) & (wanted > 0)).tolist():
        since = 0
        for row in np.flatnonzero(events[:, column]).tolist():
            count[row, column] = events[max(since, row + 1 - WITHIN) : row + 1, column].sum()
            since = row + 1 if count[row, column] >= wanted[column] else since
    number = paths.spread(count)
    on = (number >= wanted) & (wanted > 0)
    said: Said = partial(_said_repeated, market, paths, number, side)
    return Signal(side, on, number, np.broadcast_to(wanted, on.shape), said, tier=1)


def _said_repeated(
    market: MarketData, paths: _Paths, number: Floats, side: str, row: int, column: int
) -> tuple[str, dict[str, object]]:
    return f"flag_deviation_repeated_{side}", _facts(market, paths, column) | {
        "n": WITHIN,
        "count": int(number[row, column]),
    }


def _turnover(market: MarketData, rule: Rule, paths: _Paths) -> Signal:
    """Main boards: mean turnover of 3 sessions is ``times`` that of the 5 before, and their sum reaches ``sum``.

    Where a turnover is not known nothing is said: it is no part of the test on prices.
    """
    main = np.array([board == "main" for board in paths.boards], dtype=np.bool_)
    turnover = np.take_along_axis(market.inputs.turnover, paths.order, axis=0)
    times, total = np.full(turnover.shape, np.nan), np.full(turnover.shape, np.nan)
    if len(turnover) >= 3 + QUIET:
        total[2:] = turnover[2:] + turnover[1:-1] + turnover[:-2]
        before = np.lib.stride_tricks.sliding_window_view(turnover, QUIET, axis=0).mean(axis=-1)
        times[QUIET + 2 :] = total[QUIET + 2 :] / 3 / before[: len(turnover) - QUIET - 2]
    hit = at_least(times, rule.values["times"]) & at_least(total, rule.values["sum"])
    for column in np.flatnonzero(hit.any(axis=0)).tolist():
        last = -3
        for row in np.flatnonzero(hit[:, column]).tolist():
            hit[row, column] = row - last >= 3
            last = row if hit[row, column] else last
    value, summed, on = paths.spread(times), paths.spread(total), paths.spread_hits(hit) & main

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        return "flag_deviation_turnover", _facts(market, paths, column) | {
            "value": f"{value[row, column]:.0f}", "turnover": text.percent(summed[row, column]),
        }  # fmt: skip

    return Signal("none", on, value, np.full(on.shape, rule.values["times"]), said)
