"""A market of one ticker or a few, judged by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.analysis import flags
from basketwatch.analysis.flags import BasketInput, Inputs, RawPrices
from basketwatch.domain import rules
from basketwatch.domain.model import Names, Rule
from tests.markets_made import inside, market

NAN = float("nan")
MAIN, SZ_MAIN, CHINEXT, STAR, BSE = "601137.SH", "002902.SZ", "300308.SZ", "688498.SH", "920045.BJ"
INDEX = "000300.SH"
TEN = [f"30030{i}.SZ" for i in range(10)]


def rule(name: str, **values: float) -> Rule:
    """A rule as shipped, some thresholds replaced."""
    default = next(r for r in rules.DEFAULTS if r.id == name)
    return replace(default, values={**default.values, **values})


def judged(inputs: Inputs, *names: str | Rule, **how: Any) -> pd.DataFrame:
    return flags.evaluate(inputs, [rule(n) if isinstance(n, str) else n for n in names], **how)


def cells(found: pd.DataFrame, inputs: Inputs, state: str = "firing") -> list[tuple[str, int, str]]:
    """(ticker, row of the session, direction) of the rows in a state."""
    rows = found.loc[found["state"] == state]
    at = np.searchsorted(inputs.sessions, rows["session"].to_numpy().astype("datetime64[D]"))
    return list(zip(rows["ticker"], at.tolist(), rows["direction"], strict=True))


def fired(inputs: Inputs, *names: str | Rule, **how: Any) -> list[tuple[int, str]]:
    """(row, direction) of what fires on a market of one ticker, or on its first."""
    return [(row, side) for t, row, side in cells(judged(inputs, *names, **how), inputs) if t == inputs.tickers[0]]


def lost(inputs: Inputs, name: str | Rule) -> list[int]:
    """Rows from which on the rule cannot be judged for the first ticker."""
    found = cells(judged(inputs, name), inputs, "no_data")
    return [row for t, row, _ in found if t == inputs.tickers[0]]


def bar(ticker: str, reference: float, ohlc: Sequence[float], day: str = "2026-07-07", **given: Any) -> Inputs:
    """A flat session at the reference price, then one bar on ``day``."""
    made = market({ticker: [reference, ohlc[3]]}, first=np.datetime64(day) - 1, **given)
    columns = np.array([[reference] * 4, list(ohlc)])
    prices = [RawPrices(columns[:, [k]]) for k in range(4)]
    return replace(made, raw_open=prices[0], raw_high=prices[1], raw_low=prices[2], raw_close=prices[3])


def basket(moves: Sequence[float], *, gone: int = 0, benchmark: float = 0.0) -> Inputs:
    """Two sessions of as many members as moves; the last ``gone`` are suspended on the second."""
    closes = {t: [100.0, 100 * (1 + move)] for t, move in zip(TEN, moves, strict=False)}
    made = market({**closes, "801770.SI": [100.0, 100 * (1 + benchmark)]})
    held = np.zeros(made.raw_close.shape, dtype=bool)
    held[1, len(moves) - gone : len(moves)] = True
    made = replace(made, suspended=held, raw_close=RawPrices(np.where(held, NAN, made.raw_close)))
    column = len(closes)
    return replace(made, baskets=(BasketInput("cpo", inside(made, list(closes)), column),),
                   names={"basket:cpo": Names("CPO 篮子", "CPO")})  # fmt: skip
