"""The universe: every ticker of the files, its name, and the funds that stand in for an index's PE."""

from __future__ import annotations

from itertools import chain as joined

from basketwatch.domain import markets
from basketwatch.domain.model import Basket, Names, Universe
from basketwatch.errors import UsageError


def members_once(universe: Universe) -> tuple[str, ...]:
    """Tickers of all members of all baskets, past ones too, each once, in the order of the baskets."""
    return tuple(dict.fromkeys(ticker for basket in universe.baskets for ticker in basket.tickers))


def all_tickers(universe: Universe) -> tuple[str, ...]:
    """Every ticker to fetch, each once: members, chains, benchmarks, sectors, and what is followed beside them."""
    segments = (segment for chain in universe.chains for segment in chain.segments)
    every = joined(
        members_once(universe),
        *((*segment.tickers, *segment.overseas) for segment in segments),
        *((*basket.benchmarks, *basket.etf) for basket in universe.baskets),
        (entry.ticker for entry in (*universe.benchmarks, *universe.sectors, *universe.also)),
    )
    return tuple(dict.fromkeys(every))


def with_stand_ins(universe: Universe) -> tuple[str, ...]:
    """``all_tickers``, and the funds that stand in for those of its indices that have no PE of their own."""
    every = all_tickers(universe)
    return tuple(dict.fromkeys([*every, *(fund for index, fund in markets.STAND_INS.items() if index in every)]))


def names(universe: Universe) -> dict[str, Names]:
    """The name of every ticker of ``all_tickers``; one that no file names is called by its ticker.

    A benchmark's name wins over the sector's: where no table of sectors stands around it, 申万通信 says more than 通信.
    """
    listed = (*universe.overseas, *universe.sectors, *universe.also, *universe.benchmarks)
    known = {ticker: Names(ticker, ticker) for ticker in all_tickers(universe)}
    known |= {entry.ticker: entry.name for entry in listed}
    return known | {m.ticker: m.name for basket in reversed(universe.baskets) for m in basket.members}


def find_basket(universe: Universe, basket_id: str) -> Basket:
    """The basket of that id. Raises UsageError (``unknown_basket``: basket, known) where there is none."""
    for basket in universe.baskets:
        if basket.id == basket_id:
            return basket
    raise UsageError("unknown_basket", basket=basket_id, known=", ".join(b.id for b in universe.baskets))
