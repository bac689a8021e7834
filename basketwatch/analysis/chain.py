"""A value chain, measured: each segment's mainland companies together, those abroad beside them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from basketwatch.analysis import baskets
from basketwatch.analysis.prices import WINDOWS
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.analysis.valuation import readings
from basketwatch.analysis.valuation.baskets import BasketPe, basket_pe
from basketwatch.domain.markets import group
from basketwatch.domain.model import Basket, Chain, Member, Segment


@dataclass(frozen=True)
class SegmentView:
    """One segment. ``home`` and ``abroad``: rows of ``Snapshot.table`` (NaN where nothing is stored), in the file's order.

    The figures are of ``home`` alone and of one session: ``medians`` and ``coverage`` by window, ``breadth``, ``pe``
    (as one company; None where the segment has no mainland company). A share abroad of a company that stands at home,
    too, is in ``abroad`` and counted nowhere.
    """

    segment: Segment
    home: pd.DataFrame
    abroad: pd.DataFrame
    medians: dict[str, float]
    coverage: dict[str, int]
    breadth: dict[str, int]
    pe: BasketPe | None


@dataclass(frozen=True)
class Place:
    """What the files say of one company: its basket of this chain and the membership there, its other chains, its share
    at home (for a share abroad).
    """

    basket: Basket | None
    member: Member | None
    chains: tuple[Chain, ...]
    share_of: str


def segments(snapshot: Snapshot, chain: Chain) -> list[SegmentView]:
    """The chain's segments in the order of the goods."""
    return [_segment(snapshot, segment) for segment in chain.segments]


def _segment(snapshot: Snapshot, segment: Segment) -> SegmentView:
    home, abroad = (_rows(snapshot, tickers) for tickers in (segment.tickers, segment.overseas))
    level = baskets.same_session(home)
    medians = {w: float(level[w].median()) if level[w].notna().any() else float("nan") for w in WINDOWS}
    pe = basket_pe(readings.rows_of(home, snapshot.valuations, snapshot.calendars)) if len(home) else None
    return SegmentView(segment, level, abroad, medians, baskets.coverage(level), baskets.breadth(level), pe)


def _rows(snapshot: Snapshot, tickers: Sequence[str]) -> pd.DataFrame:
    """Rows of some tickers, empty ones where nothing is stored."""
    rows = snapshot.table.reindex(list(tickers))
    rows["ticker"], rows["group"] = rows.index, [group(ticker) for ticker in tickers]
    rows["suspended"] = rows["suspended"].eq(other=True)
    return rows


def places(snapshot: Snapshot, chain: Chain) -> dict[str, Place]:
    """Ticker of the chain -> its place in the files; of several baskets of one chain the first that has it."""
    universe, found = snapshot.universe, {}
    shares = {entry.ticker: entry.share_of for entry in universe.overseas}
    for ticker in (t for s in chain.segments for t in (*s.tickers, *s.overseas)):
        own = [(b, m) for b in universe.baskets for m in b.members if m.ticker == ticker and m.until is None]
        basket, member = next((pair for pair in own if pair[0].chain == chain.id), (None, None))
        others = tuple(c for c in universe.chains if c.id != chain.id and c.segment_of(ticker))
        found[ticker] = Place(basket or (own[0][0] if own else None), member or (own[0][1] if own else None), others,
                              shares.get(ticker, ""))  # fmt: skip
    return found


def companies(chain: Chain, known: dict[str, Place]) -> tuple[list[str], list[str]]:
    """Tickers at home, and those abroad that are no share of a company at home: each company once."""
    home = [t for s in chain.segments for t in s.tickers]
    abroad = [t for s in chain.segments for t in s.overseas if known[t].share_of not in home]
    return home, abroad
