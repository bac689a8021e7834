"""A basket held against a board of Eastmoney: who is there and not here, here and not there, new there, gone there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from basketwatch.domain.markets import group
from basketwatch.store.securities import BoardRow


@dataclass(frozen=True)
class Drift:
    """``at``: when the board was seen last. ``theirs``: on the board, not in the basket; ``new``: of these, who came since
    the board was first seen; ``gone``: in the basket and no longer on the board; ``ours``: mainland members never seen there.
    """

    at: datetime
    theirs: tuple[BoardRow, ...]
    new: frozenset[str]
    gone: tuple[BoardRow, ...]
    ours: tuple[str, ...]


def drift(rows: Sequence[BoardRow], members: Iterable[str]) -> Drift | None:
    """What differs between a board as it was seen and the members of a basket; None where it was never seen."""
    if not rows:
        return None
    own, at, first = set(members), max(r.last_seen for r in rows), min(r.first_seen for r in rows)
    now = [r for r in rows if r.last_seen == at]
    there = {r.ticker for r in rows}
    return Drift(
        at, tuple(r for r in now if r.ticker not in own),
        frozenset(r.ticker for r in now if r.first_seen > first),
        tuple(r for r in rows if r.last_seen < at and r.ticker in own),
        tuple(sorted(t for t in own - there if group(t) == "CN")),
    )  # fmt: skip
