"""The universe: every ticker of the files, its name, and the funds that stand in for an index's PE."""

from __future__ import annotations

from itertools import chain as joined

from basketwatch.domain import markets
from basketwatch.domain.model import Basket, House, Names
from basketwatch.errors import UsageError


def members_once(house: House) -> tuple[str, ...]:
    """Tickers of all members of all baskets, past ones too, each once, in the order of the baskets."""
    return tuple(dict.fromkeys(ticker for basket in house.baskets for ticker in basket.tickers))


def universe(house: House) -> tuple[str, ...]:
    """Every ticker to fetch, each once: members, chains, benchmarks, sectors, and what is followed beside them."""
    segments = (segment for chain in house.chains for segment in chain.segments)
    every = joined(
        members_once(house),
        *((*segment.tickers, *segment.overseas) for segment in segments),
        *(basket.benchmarks for basket in house.baskets),
        (entry.ticker for entry in (*house.benchmarks, *house.sectors, *house.also)),
    )
    return tuple(dict.fromkeys(every))


def with_stand_ins(house: House) -> tuple[str, ...]:
    """``universe``, and the funds that stand in for those of its indices that have no PE of their own."""
    every = universe(house)
    return tuple(dict.fromkeys([*every, *(fund for index, fund in markets.STAND_INS.items() if index in every)]))


def names(house: House) -> dict[str, Names]:
    """The name of every ticker of ``universe``; one that no file names is called by its ticker.

    A benchmark's name wins over the sector's: where no table of sectors stands around it, 申万通信 says more than 通信.
    """
    listed = (*house.overseas, *house.sectors, *house.also, *house.benchmarks)
    known = {ticker: Names(ticker, ticker) for ticker in universe(house)}
    known |= {entry.ticker: entry.name for entry in listed}
    return known | {m.ticker: m.name for basket in reversed(house.baskets) for m in basket.members}


def find_basket(house: House, basket_id: str) -> Basket:
    """The basket of that id. Raises UsageError (``unknown_basket``: basket, known) where there is none."""
    for basket in house.baskets:
        if basket.id == basket_id:
            return basket
    raise UsageError("unknown_basket", basket=basket_id, known=", ".join(b.id for b in house.baskets))
