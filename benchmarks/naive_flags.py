"""The flag rules judged a row at a time: a frame a security, a slice a window, a dictionary for what is held.

Written from the formulas in ``watchlists/README.md``, not from ``basketwatch.analysis.flags``; of the product only the inputs,
the thresholds and ``limits.state_of`` for one bar are used. Gives the rows that fire on securities, sectors, leaders and
baskets, before notices and lines for many: rule, ticker, row, direction -> value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from basketwatch.analysis.flags import Inputs
from basketwatch.domain import limits, markets
from basketwatch.domain.model import Rule

Key = tuple[str, str, int, str]
Hit = tuple[str, str, bool, bool, float, int]  # rule, direction, entered, still held, value, tier

EVENTS = ("limit", "big_move", "sigma_move", "volume_surge", "gap", "pe_rebase", "basket_breadth", "basket_excess",
          "us_leader")  # fmt: skip
PRICES = ("raw_open", "raw_high", "raw_low", "raw_close")
FIELDS = (*PRICES, "reference", "other_close", "adjusted_high", "adjusted_low", "adjusted_close", "volume", "turnover",
          "pe_percentile", "eps", "suspended", "unexplained", "st")  # fmt: skip
DEVIATION_INDEX = {
    "SH60": "000002.SH",
    "SH68": "000688.SH",
    "SZ00": "399107.SZ",
    "SZ30": "399102.SZ",
    "BJ92": "899050.BJ",
}
REPEATED = {"main": 4}  # within ten sessions; 3 elsewhere
TINY = 1e-12


def evaluate(inputs: Inputs, rules: tuple[Rule, ...]) -> dict[Key, float]:
    """All firing rows, looked for one security and one session after another."""
    values = {rule.id: rule.values for rule in rules}
    frames = {t: _frame(inputs, column) for column, t in enumerate(inputs.tickers)}
    found: dict[Key, float] = {}
    for column, ticker in enumerate(inputs.tickers):
        benchmark = inputs.tickers[inputs.benchmark_of[column]] if inputs.benchmark_of[column] >= 0 else None
        other = frames[benchmark] if benchmark else None
        _security(found, ticker, frames[ticker], other, frames, values)
        _deviations(found, ticker, frames[ticker], frames, values["deviation"])
    _sectors(found, frames, values)
    _baskets(found, inputs, frames, values)
    for leader in inputs.leaders:
        for i, move in enumerate(leader.moves):
            if inputs.abroad[i] and abs(move) >= values["us_leader"]["move"] - TINY:
                found["us_leader", leader.ticker, i, "up" if move > 0 else "down"] = move
    limited = {key[1:] for key in found if key[0] == "limit"}
    return {key: value for key, value in found.items() if key[0] != "big_move" or key[1:] not in limited}


def _frame(inputs: Inputs, column: int) -> pd.DataFrame:
    """One security as a table of sessions, with what is wrong with each bar and its return."""
    f = pd.DataFrame({name: getattr(inputs, name)[:, column] for name in FIELDS}, index=inputs.sessions)
    ticker = inputs.tickers[column]
    f["bad"] = [_bad(f, i, ticker) for i in range(len(f))]
    f["move"] = [_move(f, i) for i in range(len(f))]
    good = f["adjusted_close"].where(f["bad"] == "")
    f["close"] = good.ffill()
    f["factor"] = (f["adjusted_close"] / f["raw_close"]).ffill()
    states = [_state(f, i, ticker, inputs.market) for i in range(len(f))]
    f["state"], f["percent"] = [s for s, _ in states], [p for _, p in states]
    return f


def _bad(f: pd.DataFrame, i: int, ticker: str) -> str:
    row = f.iloc[i]
    if row["suspended"]:
        return "suspended"
    if math.isnan(row["raw_close"]):
        return "missing" if f["raw_close"].iloc[:i].notna().any() else "not yet"
    if i:
        last = f.iloc[i - 1]
        same = all(row[p] == last[p] for p in PRICES)
        if same and row["volume"] == last["volume"] and row["volume"] > 0:
            return "repeated"
        if same and math.isnan(row["volume"]) and row["raw_high"] > row["raw_low"]:
            return "repeated"
    return "idle" if row["volume"] == 0 and markets.kind(ticker) in ("stock", "etf") else ""


def _move(f: pd.DataFrame, i: int) -> float:
    row = f.iloc[i]
    if row["bad"] or (i and f["bad"].iloc[i - 1] in ("missing", "repeated")):
        return math.nan
    return float(row["raw_close"] / row["reference"] - 1)


def _state(f: pd.DataFrame, i: int, ticker: str, market: str) -> tuple[str, float]:
    """State of the bar against its limits, and the limit in whole percent."""
    row, day = f.iloc[i], f.index[i].date()
    p = limits.percent(ticker, day, st=row["st"] == 1) if market == "CN" else None
    if markets.kind(ticker) not in ("stock", "etf"):
        return "no_limit", math.nan
    if math.isnan(row["move"]):
        return "unknown", p or math.nan
    bar = (row["raw_open"], row["raw_high"], row["raw_low"], row["raw_close"])
    return limits.state_of(ticker, day, *bar, row["reference"], st=row["st"] == 1).state, p or math.nan


def _security(
    found: dict[Key, float], ticker: str, f: pd.DataFrame, other: pd.DataFrame | None, frames: dict[str, pd.DataFrame],
    values: Mapping[str, Mapping[str, float]],
) -> None:  # fmt: skip
    held: dict[tuple[str, str, int], bool] = {}
    for i in range(len(f)):
        if not f["raw_close"].iloc[: i + 1].notna().any():
            continue
        best: dict[Key, tuple[int, float]] = {}
        for rule, side, entered, still, value, tier in _hits(ticker, f, other, frames, values, i):
            key = (rule, side, tier)
            if entered and (rule in EVENTS or not held.get(key, False)):
                best[rule, ticker, i, side] = max(best.get((rule, ticker, i, side), (-1, 0.0)), (tier, value))
            held[key] = entered or (held.get(key, False) and still)
        found |= {key: value for key, (_, value) in best.items()}


def _hits(
    ticker: str, f: pd.DataFrame, other: pd.DataFrame | None, frames: dict[str, pd.DataFrame],
    values: Mapping[str, Mapping[str, float]], i: int,
) -> Iterator[Hit]:  # fmt: skip
    """What each rule says of one session, where it can say something."""
    kind, row = markets.kind(ticker), f.iloc[i]
    bad = bool(row["bad"])
    yield "stale_data", "none", bad or bool(row["unexplained"]), False, _bad_for(f, i), 0
    if not math.isnan(row["other_close"]) and (not bad or row["bad"] == "repeated"):
        gap = row["other_close"] / row["raw_close"] - 1
        yield "source_disagreement", "none", abs(gap) > values["source_disagreement"]["difference"], False, gap, 0
    if kind in ("stock", "etf"):
        yield from _day(f, other, values, i)
    if kind in ("stock", "etf", "sector") and not bad:
        yield from _spans(f, other, values, i)
    if kind in ("stock", "sector", "index"):
        yield from _place(f, values["pe_percentile"], i)
    if kind == "stock":
        yield from _eps(f, values["pe_rebase"]["change"], i)


def _bad_for(f: pd.DataFrame, i: int) -> float:
    count = 0
    while i - count >= 0 and (f["bad"].iloc[i - count] not in ("", "not yet") or f["unexplained"].iloc[i - count]):
        count += 1
    return float(count)


def _day(
    f: pd.DataFrame, other: pd.DataFrame | None, values: Mapping[str, Mapping[str, float]], i: int
) -> Iterator[Hit]:
    row = f.iloc[i]
    move, side = row["move"], "up" if row["move"] > 0 else "down"
    if row["state"].endswith(("_up", "_down")):
        yield "limit", row["state"].rpartition("_")[2], True, False, move, 0
    if not math.isnan(move):
        yield "big_move", side, abs(move) >= values["big_move"]["k"] * row["percent"] / 100 - TINY, False, move, 0
    one_price = row["state"].startswith("one_price")
    if other is not None and i >= 60 and not one_price and not math.isnan(move * other["move"].iloc[i]):
        score = _score(f["move"], other["move"], i)
        yield "sigma_move", side_of(score), abs(score) >= values["sigma_move"]["sigmas"] - TINY, False, score, 0
    if not row["bad"] and not one_price:
        ratio = _ratio(f, i)
        full = row["turnover"] >= values["volume_surge"]["turnover"] - TINY
        yield "volume_surge", "none", ratio >= values["volume_surge"]["ratio"] - TINY and full, False, ratio, 0
    if i and not math.isnan(move) and not f["bad"].iloc[i - 1] and not row["unexplained"]:
        last = f.iloc[i - 1]
        up, down = row["adjusted_low"] / last["adjusted_high"] - 1, row["adjusted_high"] / last["adjusted_low"] - 1
        width = up if up > 0 else min(down, 0.0)
        yield "gap", side_of(width), abs(width) >= values["gap"]["size"] - TINY, False, width, 0


def side_of(value: float) -> str:
    return "up" if value > 0 else "down"


def _score(own: pd.Series, other: pd.Series, i: int) -> float:
    window = pd.DataFrame({"r": own.iloc[i - 60 : i], "b": other.iloc[i - 60 : i]}).dropna()
    if len(window) < 45:
        return math.nan
    beta = window["r"].cov(window["b"]) / window["b"].var()
    return float((own.iloc[i] - beta * other.iloc[i]) / (window["r"] - beta * window["b"]).std())


def _ratio(f: pd.DataFrame, i: int) -> float:
    past = f.iloc[:i]
    traded = past.loc[(past["bad"] == "") & (past["volume"] > 0)].tail(5)
    if len(traded) < 5:
        return math.nan
    factors = f["factor"].iloc[: i + 1].loc[traded.index[0] :]
    split = ((factors / factors.shift(1) - 1).abs() > 0.1).any()
    return math.nan if split else f["volume"].iloc[i] / traded["volume"].mean()


def _spans(
    f: pd.DataFrame, other: pd.DataFrame | None, values: Mapping[str, Mapping[str, float]], i: int
) -> Iterator[Hit]:
    close, limit = f["close"].iloc[i], values["high_low"]
    first = int(np.flatnonzero(f["raw_close"].notna())[0])
    for tier, name in enumerate(("short", "long")):
        n = int(limit[name])
        if i - first >= n - 1 and not f["unexplained"].iloc[i - n + 2 : i + 1].any():
            past = f["close"].iloc[i - n + 1 : i]
            above, below = close / past.max() - 1, close / past.min() - 1
            yield "high_low", "up", above > 0, above >= -limit["exit"], above, tier
            yield "high_low", "down", below < 0, below <= limit["exit"], below, tier
    for tier, (name, n) in enumerate((("week", 5), ("month", 20))):
        if other is None or i < n or f["unexplained"].iloc[i - n + 1 : i + 1].any():
            continue
        if other["unexplained"].iloc[i - n + 1 : i + 1].any():
            continue
        value = close / f["close"].iloc[i - n] - other["close"].iloc[i] / other["close"].iloc[i - n]
        if not math.isnan(value):
            threshold = values["excess"][name]
            yield from _sides("excess", value, threshold, threshold, values["excess"]["exit"], tier)


def _sides(rule: str, value: float, up: float, down: float, exit_: float, tier: int) -> Iterator[Hit]:
    yield rule, "up", value >= up - TINY, value >= up * exit_ - TINY, value, tier
    yield rule, "down", -value >= down - TINY, -value >= down * exit_ - TINY, value, tier


def _place(f: pd.DataFrame, limit: Mapping[str, float], i: int) -> Iterator[Hit]:
    value = f["pe_percentile"].iloc[i]
    if not math.isnan(value):
        yield "pe_percentile", "up", value >= limit["high"], value >= limit["exit_high"], value, 0
        yield "pe_percentile", "down", value <= limit["low"], value <= limit["exit_low"], value, 0


def _eps(f: pd.DataFrame, limit: float, i: int) -> Iterator[Hit]:
    past = (f["eps"] * f["factor"]).iloc[:i].dropna()
    if len(past):
        change = (f["eps"].iloc[i] * f["factor"].iloc[i] - past.iloc[-1]) / abs(past.iloc[-1])
        yield "pe_rebase", side_of(change), abs(change) >= limit - TINY, False, change, 0


def _deviations(
    found: dict[Key, float], ticker: str, f: pd.DataFrame, frames: dict[str, pd.DataFrame], limit: Mapping[str, float]
) -> None:
    """All windows of one share, session after session; what was told ends the windows of its kind."""
    board, index = limits.board(ticker), frames.get(DEVIATION_INDEX.get(ticker[-2:] + ticker[:2], ""))
    if markets.kind(ticker) != "stock" or index is None:
        return
    days = [i for i in range(len(f)) if f["bad"].iloc[i] not in ("not yet", "suspended", "idle")]
    days = [i for i in days if f["state"].iloc[i] != "no_limit"]
    begun, told = {3: 0, 10: 0, 30: 0}, {"up": 0, "down": 0}
    events: dict[str, list[int]] = {"up": [], "down": []}
    for place, i in enumerate(days):
        for tier, n in enumerate(begun):
            up, down = _marks(board, n, limit, f["st"].iloc[i] == 1 and f.index[i] < pd.Timestamp("2026-07-06"))
            windows = [days[k : place + 1] for k in range(max(begun[n], place - n + 1), place + 1)]
            values = [_compound(f["move"], w) - _compound(index["move"], w) for w in windows]
            known = [v for v in values if not math.isnan(v)] or [math.nan]
            for side, value, hit in (
                ("up", max(known), max(known) >= up - TINY),
                ("down", min(known), -min(known) >= down - TINY),
            ):
                if hit:
                    found["deviation", ticker, i, side] = value
                    begun[n] = place + 1
                    if tier == 0:
                        events[side].append(place)
                        recent = [e for e in events[side] if e > place - 10 and e >= told[side]]
                        if len(recent) >= REPEATED.get(board or "", 3):
                            found["deviation", ticker, i, side] = len(recent)
                            told[side] = place + 1
    last = 0
    for place, i in enumerate(days[7:], 7) if board == "main" else ():
        turnover = f["turnover"].loc[f.index[days[place - 7 : place + 1]]]
        times = turnover.iloc[5:].mean() / turnover.iloc[:5].mean()
        if place >= last + 3 and times >= limit["times"] - TINY and turnover.iloc[5:].sum() >= limit["sum"] - TINY:
            last = place
            found["deviation", ticker, i, "none"] = times


def _marks(board: str | None, n: int, limit: Mapping[str, float], st: bool) -> tuple[float, float]:
    if n == 3:
        plain = (
            limit["st"] if st and board == "main" else limit[{"main": "main", "bse": "bse"}.get(board or "", "wide")]
        )
        return plain, plain
    spelt = ("bse_" if board == "bse" else "") + {10: "ten", 30: "thirty"}[n]
    return limit[f"{spelt}_up"], limit[f"{spelt}_down"]


def _compound(moves: pd.Series, days: list[int]) -> float:
    return math.prod(1 + float(moves.iloc[i]) for i in days) - 1


# --- many at once ------------------------------------------------------------------------------------------------


def _sectors(
    found: dict[Key, float], frames: dict[str, pd.DataFrame], values: Mapping[str, Mapping[str, float]]
) -> None:
    sectors = {t: f for t, f in frames.items() if markets.kind(t) == "sector"}
    n, exit_, held = (
        int(values["sector_rank"]["sessions"]),
        values["sector_rank"]["exit"],
        dict[tuple[str, str], bool](),
    )
    for i in range(n, len(next(iter(frames.values())))):
        moves = {}
        for ticker, f in sectors.items():
            if not f["bad"].iloc[i] and not f["unexplained"].iloc[i - n + 1 : i + 1].any():
                moves[ticker] = f["close"].iloc[i] / f["close"].iloc[i - n] - 1
        if len(moves) != 31 or any(math.isnan(move) for move in moves.values()):
            continue
        for ticker, move in moves.items():
            rank = 1.0 + sum(m > move for m in moves.values())
            for side, on, still in (("up", rank <= 1, rank <= 1 + exit_), ("down", rank >= 31, rank >= 31 - exit_)):
                if on and not held.get((ticker, side), False):
                    found["sector_rank", ticker, i, side] = rank
                held[ticker, side] = on or (held.get((ticker, side), False) and still)


def _baskets(
    found: dict[Key, float], inputs: Inputs, frames: dict[str, pd.DataFrame], values: Mapping[str, Mapping[str, float]]
) -> None:
    for basket in inputs.baskets:
        for i in range(len(inputs.sessions)):
            members = [t for column, t in enumerate(inputs.tickers) if basket.inside[i, column]]
            moves = [m for m in (frames[t]["move"].iloc[i] for t in members) if not math.isnan(m)]
            if not moves or len(moves) < 0.8 * len(members) - TINY:
                continue
            share, other = (
                sum(m > 0 for m in moves) / len(moves),
                frames[inputs.tickers[basket.benchmark]]["move"].iloc[i],
            )
            high, low = values["basket_breadth"]["high"], values["basket_breadth"]["low"]
            if len(members) >= 5 and (share >= high - TINY or share <= low + TINY):
                side = "up" if share >= high - TINY else "down"
                found["basket_breadth", f"basket:{basket.id}", i, side] = share
            excess = sum(moves) / len(moves) - other
            if abs(excess) >= values["basket_excess"]["excess"] - TINY:
                found["basket_excess", f"basket:{basket.id}", i, side_of(excess)] = excess
