"""Readers of the upstream sources. Only the refresh process imports this package; a source is one module of functions.

A source must:
1. reach the network only through ``guard.fetch``, ``guard.fetch_json`` or ``guard.run``, and raise only SourceError;
2. return the columns of ``domain.columns`` (``shape``) in their units, converting 手, 万, 亿 and percent here and nowhere else;
3. name itself in ``source`` and the instant of its answer in ``fetched_at``;
4. date each row by the exchange's own day (``session``), never by a shifted UTC date;
5. keep only what was asked for, and leave out what it does not know: no row is ever made up;
6. tell apart refused (Blocked), failed (Unreachable, BadAnswer), nothing there (NoData) and unknown (UnknownSymbol);
7. call no library function that evaluates text from the network;
8. have its request count and its faults tested over the wire.

A module that gives quotes ends with its record, ``QUOTING``, and is named once more: in ``chains.QUOTES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class History:
    """Daily bars (``columns.BARS``), the factors that adjust them (``columns.FACTORS``), and who gave them."""

    bars: pd.DataFrame
    factors: pd.DataFrame
    source: str


@dataclass(frozen=True)
class QuoteSource:
    """What the chains and the doctor need to know of a source of quotes.

    ``fetch``: called with (tickers, session=, now=), gives ``columns.QUOTES``; ``session`` dates an answer that bears
    no date. ``serves``: whether it covers a ticker's market and kind. ``one_by_one``: it takes a request a symbol, so
    it is asked only for what nobody else has.
    """

    fetch: Callable[..., pd.DataFrame]
    serves: Callable[[str], bool]
    one_by_one: bool = False
