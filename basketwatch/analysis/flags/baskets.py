"""Rules on several securities: a basket's breadth and excess, sector ranks, overnight moves of US leaders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from basketwatch.analysis.flags.inputs import BasketInput, Bools, Floats, Small
from basketwatch.analysis.flags.market import Judged, MarketData, Said, Signal, at_least, first_cause, masked
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Rule
from basketwatch.words import text

COVERAGE = 0.8  # of a basket's members must have a return of the day
LEAST = 5  # members: in a smaller basket one stock is the breadth


def ticker_of(basket_id: str) -> str:
    """The ticker of a basket in a flag: ``basket:<id>``."""
    return f"basket:{basket_id}"


def _baskets(market: MarketData) -> tuple[BasketInput, ...]:
    return tuple(basket for basket in market.inputs.baskets if basket.home)


def _listed_inside(market: MarketData, basket: BasketInput) -> Bools:
    """Members that were listed by each session."""
    return np.asarray(basket.inside & (np.arange(len(basket.inside))[:, None] >= market.inputs.listed_at))


def _side_by_side(columns: Sequence[Floats], rows: int) -> Floats:
    return np.column_stack(columns) if columns else np.zeros((rows, 0))


def _judged(
    market: MarketData, applies: Bools, causes: Small, counts: tuple[Floats, Floats], signals: list[Signal]
) -> Judged:
    """A rule on baskets; ``counts``: members, and those with a return."""
    ids = [basket.id for basket in _baskets(market)]
    members, known = counts

    def why(row: int, column: int) -> dict[str, object]:
        return {"name": market.name(ticker_of(ids[column])), "members": int(members[row, column]),
                "known": int(known[row, column])}  # fmt: skip

    columns = tuple(ticker_of(i) for i in ids)
    return Judged(columns, masked(applies, causes), tuple(signals), lambda _, c: (ids[c],), why)


def _counts(market: MarketData) -> tuple[Floats, Floats, Floats, Floats]:
    """Per basket and session: members, those with a return, those that rose, and the sum of the returns."""
    rows = len(market.moves)
    inside = [_listed_inside(market, basket) for basket in _baskets(market)]
    known = [member & np.isfinite(market.moves) for member in inside]
    sums = [np.where(k, market.moves, 0.0).sum(axis=1) for k in known]
    return (
        _side_by_side([member.sum(axis=1) for member in inside], rows),
        _side_by_side([k.sum(axis=1) for k in known], rows),
        _side_by_side([(k & (market.moves > 0)).sum(axis=1) for k in known], rows),
        _side_by_side(sums, rows),
    )


def basket_breadth(market: MarketData, rule: Rule) -> Judged:
    """Share of a basket's members that rose, among those with a return of the day, >= ``high`` or <= ``low``.

    Flat members are in the denominator. Baskets of five members and more; not judged below 80 % coverage. Event.
    value: the share.
    """
    members, known, rose, _ = _counts(market)
    share = rose / np.where(known > 0, known, np.nan)
    high, low = (np.full(share.shape, rule.values[side]) for side in ("high", "low"))
    causes = first_cause((~at_least(known, COVERAGE * members), "coverage"))

    def said(side: str) -> Said:
        def sentence(row: int, column: int) -> tuple[str, dict[str, object]]:
            return f"flag_basket_breadth_{side}", {
                "name": market.name(ticker_of(_baskets(market)[column].id)), "rose": int(rose[row, column]),
                "known": int(known[row, column]), "members": int(members[row, column]),
                "value": f"{share[row, column] * 100:.0f}%",
            }  # fmt: skip

        return sentence

    signals = [
        Signal("up", at_least(share, high), share, high, said("up")),
        Signal("down", at_least(-share, -low), share, low, said("down")),
    ]
    applies = market.inputs.due[:, None] & (members >= LEAST)
    return _judged(market, applies, causes, (members, known), signals)


def basket_excess(market: MarketData, rule: Rule) -> Judged:
    """abs(mean return of the members − return of the basket's first benchmark) of the day >= ``excess``.

    Equal weight, those with a return; not judged below 80 % coverage or without the benchmark. Event. value: the
    excess, a signed fraction.
    """
    members, known, _, total = _counts(market)
    mean = total / np.where(known > 0, known, np.nan)
    columns = [basket.benchmark for basket in _baskets(market)]
    nothing = np.full(len(mean), np.nan)
    other = _side_by_side([market.moves[:, c] if c >= 0 else nothing for c in columns], len(mean))
    value, threshold = mean - other, np.full(mean.shape, rule.values["excess"])
    causes = first_cause((~at_least(known, COVERAGE * members), "coverage"), (np.isnan(other), "benchmark"))

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        side = "up" if value[row, column] > 0 else "down"
        return f"flag_basket_excess_{side}", {
            "name": market.name(ticker_of(_baskets(market)[column].id)), "own": text.signed(mean[row, column]),
            "benchmark": market.name(market.inputs.tickers[columns[column]]), "other": text.signed(other[row, column]),
            "value": text.points(abs(value[row, column])).lstrip("+"), "known": int(known[row, column]),
            "members": int(members[row, column]),
        }  # fmt: skip

    signals = [
        Signal("up", at_least(value, threshold), value, threshold, said),
        Signal("down", at_least(-value, threshold), value, threshold, said),
    ]
    applies = market.inputs.due[:, None] & (members > 0)
    return _judged(market, applies, causes, (members, known), signals)


def sector_rank(market: MarketData, rule: Rule) -> Judged:
    """A Shenwan sector is first or last of 31 by its return over ``sessions`` sessions.

    Descending by the unrounded return, ties share the lower number; not judged unless all 31 have a return. A level:
    told again only after the sector has been more than ``exit`` places away. value: the rank.
    """
    sectors = np.flatnonzero(market.of_kind("sector"))
    n = int(rule.values["sessions"])
    moved = np.where(market.unusable_bar == 0, market.over(n), np.nan)[:, sectors]
    better = (moved[:, None, :] > moved[:, :, None]).sum(axis=2)
    all_known = np.isfinite(moved).all(axis=1, keepdims=True) & (len(sectors) == SECTORS)
    rank = np.where(all_known, better + 1.0, np.nan)
    first, last, exit_ = np.ones(rank.shape), np.full(rank.shape, float(SECTORS)), rule.values["exit"]
    tickers = tuple(market.inputs.tickers[c] for c in sectors)

    def said(side: str) -> Said:
        def sentence(row: int, column: int) -> tuple[str, dict[str, object]]:
            return f"flag_sector_rank_{side}", {
                "name": market.name(tickers[column]), "n": n, "value": int(rank[row, column]), "of": SECTORS,
                "move": text.signed(moved[row, column]),
            }  # fmt: skip

        return sentence

    signals = (
        Signal("up", rank <= 1, rank, first, said("up"), rank <= 1 + exit_),
        Signal("down", rank >= SECTORS, rank, last, said("down"), rank >= SECTORS - exit_),
    )
    unknown = masked(market.applies[:, sectors], first_cause((~np.broadcast_to(all_known, rank.shape), "sectors")))
    return Judged(tickers, unknown, signals, lambda row, c: market.member_of(row, int(sectors[c])),
                  lambda _, c: {"name": market.name(tickers[c]), "of": SECTORS})  # fmt: skip


def us_leader(market: MarketData, rule: Rule) -> Judged:
    """A US name that leads a mainland basket moved by >= ``move`` since the previous mainland session.

    Told on the mainland session that opens after it, and before that opens. Sessions without a US session in between
    are not judged. Event. value: the compound move, a signed fraction.
    """
    leaders, rows = market.inputs.leaders, len(market.inputs.sessions)
    value = _side_by_side([leader.moves for leader in leaders], rows)
    threshold = np.full(value.shape, rule.values["move"])

    def said(row: int, column: int) -> tuple[str, dict[str, object]]:
        side = "up" if value[row, column] > 0 else "down"
        led = tuple(market.name(ticker_of(b)) for b in leaders[column].baskets)
        return f"flag_us_leader_{side}", {
            "name": market.name(leaders[column].ticker), "value": text.signed(value[row, column]), "led": led,
            "n": int(market.inputs.abroad[row]),
        }  # fmt: skip

    signals = (
        Signal("up", at_least(value, threshold), value, threshold, said),
        Signal("down", at_least(-value, threshold), value, threshold, said),
    )
    applies = np.broadcast_to((market.inputs.abroad > 0)[:, None], value.shape)
    tickers = tuple(leader.ticker for leader in leaders)
    return Judged(tickers, masked(applies, first_cause((np.isnan(value), "overnight"))), signals,
                  lambda _, c: leaders[c].baskets, lambda _, c: {"name": market.name(tickers[c])})  # fmt: skip
