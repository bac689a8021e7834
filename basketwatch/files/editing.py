"""A basket as people edit it: what differs between two states of it, and a change brought into a file that others changed.

Members are known by their ticker, never by their place. Everything here is text and values; ``saving`` writes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from basketwatch.files import blocks

ORDER = "order of members"  # in the place of a field, for a change of the members' order
SEGMENT = "segment"  # of a member: its place in the basket's chain, which stands in another file
MEMBER = "member"  # in the place of a field, for a member that is added or removed
Fields = Mapping[str, Any]  # key of the file -> value as tomllib reads it


@dataclass(frozen=True)
class Sheet:
    """A basket's file as values: ``head`` is what stands above the members, ``members`` are in the file's order."""

    head: Fields
    members: Mapping[str, Fields]


@dataclass(frozen=True)
class Change:
    """One field of one member from ``old`` to ``new``; ``ticker`` empty for the basket's own keys.

    ``field`` is MEMBER where a member comes (old None) or goes (new None): its fields are the value. Of ORDER the values
    are tuples of tickers.
    """

    ticker: str
    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Conflict:
    """The same field changed here and elsewhere: ``mine.new`` against ``theirs``; both started from ``mine.old``."""

    mine: Change
    theirs: Any


# --- text and values ---------------------------------------------------------------------------------------------


def sheet_of(text: str) -> Sheet:
    """The values of a file. A member without a readable ticker, or whose ticker stands above it, is left to the file.

    Raises ValueError where ``text`` is not TOML.
    """
    table = tomllib.loads(text)
    members: dict[str, Fields] = {}
    for row in table.pop("member", []):
        ticker = row.get("ticker")
        if isinstance(ticker, str) and ticker not in members:
            members[ticker] = {key: value for key, value in row.items() if key != "ticker"}
    return Sheet(table, members)


def in_segments(sheet: Sheet, places: Mapping[str, str]) -> Sheet:
    """``sheet`` with each member's segment among its fields, as far as ``places`` (ticker -> segment id) has one."""
    members = {t: {**row, SEGMENT: places[t]} if places.get(t) else row for t, row in sheet.members.items()}
    return Sheet(sheet.head, members)


def apart(changes: Sequence[Change]) -> tuple[list[Change], dict[str, str]]:
    """The changes of a basket's file, and ticker -> segment id (empty: none) of those of its chain's."""
    own, places = [], dict[str, str]()
    for change in changes:
        if change.field == SEGMENT:
            places[change.ticker] = change.new or ""
        elif change.field == MEMBER and change.new is not None and SEGMENT in change.new:
            places[change.ticker] = change.new[SEGMENT]
            own.append(replace(change, new={k: v for k, v in change.new.items() if k != SEGMENT}))
        else:
            own.append(change)
    return own, places


def written(text: str, changes: Sequence[Change]) -> str:
    """``text`` with ``changes`` in it, and nothing else changed: the result of ``changes_of`` or ``merged``."""
    parts = blocks.parts_of(text)
    for change in (c for c in changes if c.field == MEMBER and c.new is None):
        parts = blocks.removed(parts, change.ticker)
    fields: dict[str, dict[str, Any]] = {}
    for change in (c for c in changes if c.field not in (MEMBER, ORDER)):
        fields.setdefault(change.ticker, {})[change.field] = change.new
    for ticker, new in fields.items():
        parts = blocks.edited(parts, ticker, new) if ticker else blocks.edited_head(parts, new)
    for change in (c for c in changes if c.field == MEMBER and c.old is None):
        block = blocks.new_block(change.ticker, change.new, blocks.newline(parts))
        above = [part.ticker for part in parts if part.ticker]
        parts = blocks.inserted(parts, block, change.ticker, above[-1] if above else None)
    for change in (c for c in changes if c.field == ORDER):
        parts = _in_order(parts, change.new)
    return "".join(part.text for part in parts)


def _in_order(parts: Sequence[blocks.Part], wanted: Sequence[str]) -> list[blocks.Part]:
    """The members in another order. As few as can be are moved; the others stay under their headings."""
    parts, now = list(parts), [part.ticker for part in parts if part.ticker]
    order = [ticker for ticker in wanted if ticker in now]
    staying = set(_longest_rising([now.index(ticker) for ticker in order]))
    for place, ticker in enumerate(order):
        if now.index(ticker) not in staying:
            block = next(part.text for part in parts if part.ticker == ticker)
            parts = blocks.removed(parts, ticker)
            parts = blocks.inserted(parts, block, ticker, order[place - 1] if place else None)
    return parts


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """The longest part of a sequence whose numbers rise."""
    best: list[list[int]] = []  # the longest one so far that ends with each number
    for place, number in enumerate(numbers):
        before = max((best[i] for i in range(place) if numbers[i] < number), key=len, default=[])
        best.append([*before, number])
    return max(best, key=len, default=[])


# --- differences -------------------------------------------------------------------------------------------------


def changes_of(old: Sheet, new: Sheet) -> list[Change]:
    """What leads from one state to the other: the basket's own keys, then members in the new order, then the order."""
    found = _of_fields("", old.head, new.head)
    found += [Change(t, MEMBER, old.members[t], None) for t in old.members if t not in new.members]
    for ticker, fields in new.members.items():
        if ticker in old.members:
            found += _of_fields(ticker, old.members[ticker], fields)
        else:
            found.append(Change(ticker, MEMBER, None, fields))
    kept = [t for t in old.members if t in new.members]
    added = [t for t in new.members if t not in old.members]
    if [*kept, *added] != list(new.members):
        found.append(Change("", ORDER, tuple(old.members), tuple(new.members)))
    return found


def _of_fields(ticker: str, old: Fields, new: Fields) -> list[Change]:
    keys = dict.fromkeys([*old, *new])
    return [Change(ticker, key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def without(sheet: Sheet, change: Change) -> Sheet:
    """``sheet`` with one of the changes that led to it taken back."""
    members, head = dict(sheet.members), dict(sheet.head)
    if change.field == ORDER:
        order = [*(t for t in change.old if t in members), *(t for t in members if t not in change.old)]
        return Sheet(head, {ticker: members[ticker] for ticker in order})
    if change.field == MEMBER:
        if change.old is None:
            members.pop(change.ticker, None)
        else:
            members[change.ticker] = change.old
        return Sheet(head, members)
    if not change.ticker:
        return Sheet(with_field(head, change.field, change.old), members)
    if change.ticker not in members:
        return sheet
    return Sheet(head, members | {change.ticker: with_field(members[change.ticker], change.field, change.old)})


def with_field(fields: Fields, key: str, value: Any) -> Fields:
    """``fields`` with a value set; without the key for None or an empty text."""
    return {k: v for k, v in {**fields, key: value}.items() if v is not None and v != ""}


def merged(mine: Sequence[Change], theirs: Sheet) -> tuple[list[Change], list[Conflict]]:
    """Of ``mine`` what is still to be done on a file that now holds ``theirs``, and what a person has to decide.

    A change that somebody else has made too is done. Different fields of one member merge; the same field with another
    value is a conflict, as is a member that one removes while the other changes it.
    """
    todo, conflicts = [], []
    for change in mine:
        now = _now(change, theirs)
        if now == change.new:
            continue
        if change.field == MEMBER and change.old is None and now is not None:
            both = _of_fields(change.ticker, now, change.new)
            conflicts += [Conflict(replace(one, old=None), one.old) for one in both]
            continue
        if change.field == ORDER:
            order, clash = _merged_order(change, now)
            todo += [replace(change, new=order)] if order != now and not clash else []
            conflicts += [Conflict(change, now)] if clash else []
        elif now == change.old:
            todo.append(change)
        else:
            conflicts.append(Conflict(change, now))
    return todo, conflicts


def _now(change: Change, sheet: Sheet) -> Any:
    """The present value of what a change is about; None for a field of a member that is gone."""
    if change.field == ORDER:
        return tuple(sheet.members)
    if change.field == MEMBER:
        return sheet.members.get(change.ticker)
    fields = sheet.members.get(change.ticker) if change.ticker else sheet.head
    return GONE if fields is None else fields.get(change.field)


GONE = "gone"  # in the place of a value: the member is not in the file any more


def _merged_order(change: Change, now: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """My order with what others have added under the member that stands above it there; True where both reordered."""
    if _common(now, change.old) != _common(change.old, now):
        return now, _common(now, change.new) != _common(change.new, now)
    order = [ticker for ticker in change.new if ticker in now or ticker not in change.old]
    for place, ticker in enumerate(now):
        if ticker not in order:
            order.insert(order.index(now[place - 1]) + 1 if place and now[place - 1] in order else 0, ticker)
    return tuple(order), False


def _common(order: Sequence[str], other: Sequence[str]) -> list[str]:
    return [ticker for ticker in order if ticker in other]


def decided(conflicts: Sequence[Conflict], mine: Sheet, own: Sequence[bool]) -> list[Change]:
    """The changes that a person's decisions leave: True takes the own value over what stands in the file now.

    Of a member that somebody else has removed, the whole row of ``mine`` comes back.
    """
    chosen = [conflict for conflict, wanted in zip(conflicts, own, strict=True) if wanted]
    back = dict.fromkeys(c.mine.ticker for c in chosen if c.theirs == GONE)
    rows = [Change(ticker, MEMBER, None, mine.members[ticker]) for ticker in back]
    return [*rows, *(replace(c.mine, old=c.theirs) for c in chosen if c.theirs != GONE)]
