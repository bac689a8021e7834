"""A basket's file as text: each member a block of lines, everything between them as it stands.

A comment that touches ``[[member]]``, or a member's last line, belongs to that member and goes where it goes; a comment
with a blank line under it is a heading and stays. What is not changed keeps every byte.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

import tomlkit
from tomlkit.items import Array, InlineTable

from basketwatch.files.toml import TOKEN

_MEMBER = re.compile(r"\s*\[\[\s*member\s*\]\]")
_OF_MEMBER = re.compile(r"\s*\[\[?\s*member\s*\.")
WIDTH = 6  # of the keys of a member, to which a new one is padded; ``ticker`` and ``reason`` have it
TOP = 10  # the same above the members; ``benchmarks`` has it


@dataclass(frozen=True)
class Part:
    """Some whole lines of a file: a member's block, or (``ticker`` None) what stands between two of them.

    A block whose ticker is no text, or stands in an earlier block, has none either: nobody edits it but in the file.
    """

    text: str
    ticker: str | None = None


# --- text to parts -----------------------------------------------------------------------------------------------


def parts_of(text: str) -> list[Part]:
    """The file in parts, which joined are the file; ``text`` has been accepted by tomllib."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    kinds = _kinds(text, lines)
    heads = [n for n, kind in enumerate(kinds) if kind == "member"]
    parts, end, known = [], 0, set[str]()
    for head, following in pairwise([*heads, len(lines)]):
        first = _touching_above(kinds, head, end)
        last = _last(kinds, head, following)
        block = "".join(lines[first:last])
        ticker = _ticker(block)
        if ticker in known:
            ticker = None
        known |= {ticker} if ticker else set()
        parts += [Part("".join(lines[end:first])), Part(block, ticker)]
        end = last
    return [part for part in [*parts, Part("".join(lines[end:]))] if part.text]


def _kinds(text: str, lines: Sequence[str]) -> list[str]:
    """What each line is: member, table (another header), blank, comment, or value (also one that goes on)."""
    going_on, depth, line = set[int](), 0, 0
    for match in TOKEN.finditer(text):
        mark = match[0]
        if mark == "\n":
            line += 1
            going_on |= {line} if depth else set()
        elif mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        elif breaks := mark.count("\n"):
            going_on |= set(range(line + 1, line + breaks + 1))
            line += breaks
    return ["value" if n in going_on else _kind(written) for n, written in enumerate(lines)]


def _kind(line: str) -> str:
    if _MEMBER.match(line):
        return "member"
    first = line.lstrip()[:1]
    if first == "[":
        return "value" if _OF_MEMBER.match(line) else "table"
    return {"": "blank", "#": "comment"}.get(first, "value")


def _touching_above(kinds: Sequence[str], head: int, end: int) -> int:
    while head > end and kinds[head - 1] == "comment":
        head -= 1
    return head


def _last(kinds: Sequence[str], head: int, following: int) -> int:
    """One past the last line of a member: its last value, and the comments that touch it from below."""
    stop = next((n for n in range(head + 1, following) if kinds[n] == "table"), following)
    if stop < len(kinds):  # comments that touch what follows belong to that
        stop = _touching_above(kinds, stop, head + 1)
    last = max((n for n in range(head, stop) if kinds[n] in ("member", "value")), default=head) + 1
    while last < stop and kinds[last] == "comment":
        last += 1
    return last


def _ticker(block: str) -> str | None:
    ticker = tomllib.loads(block)["member"][0].get("ticker")
    return ticker if isinstance(ticker, str) else None


# --- parts to other parts ----------------------------------------------------------------------------------------


def removed(parts: Sequence[Part], ticker: str) -> list[Part]:
    """Without a member, its comments, and the blank line under it (above it, where it is the last)."""
    at = _at(parts, ticker)
    before, after = list(parts[:at]), list(parts[at + 1 :])
    if after and after[0].ticker is None and (rest := re.sub(r"\A[^\S\n]*\n", "", after[0].text)) != after[0].text:
        after[0] = replace(after[0], text=rest)
    elif before and before[-1].ticker is None:
        before[-1] = replace(before[-1], text=re.sub(r"(?<=\n)[^\S\n]*\n\Z", "", before[-1].text))
    return [part for part in (*before, *after) if part.text]


def inserted(parts: Sequence[Part], block: str, ticker: str, after: str | None) -> list[Part]:
    """With a member's block under that of ``after``; above all members where that is None, below everything where the
    file has none.
    """
    end = newline(parts)
    block = block if block.endswith("\n") else block + end
    if after is None and (first := next((n for n, p in enumerate(parts) if p.ticker), None)) is not None:
        return [*parts[:first], Part(block, ticker), Part(end), *parts[first:]]
    at = len(parts) - 1 if after is None else _at(parts, after)
    above = [*parts[:at], *(replace(p, text=_ended(p.text, end)) for p in parts[at : at + 1])]
    gap = "" if not above or above[-1].text.endswith((end * 2, "\n\n")) else end
    return [part for part in (*above, Part(gap), Part(block, ticker), *parts[at + 1 :]) if part.text]


def edited(parts: Sequence[Part], ticker: str, fields: Mapping[str, Any]) -> list[Part]:
    """With some fields of a member set; None takes one away."""
    at = _at(parts, ticker)
    text = _with_fields(parts[at].text, ("member", 0), fields, WIDTH, newline(parts))
    return [*parts[:at], replace(parts[at], text=text), *parts[at + 1 :]]


def edited_head(parts: Sequence[Part], fields: Mapping[str, Any]) -> list[Part]:
    """With some of the basket's own keys set, which stand above the first member; None takes one away."""
    end = newline(parts)
    if parts and parts[0].ticker is None:
        return [replace(parts[0], text=_with_fields(parts[0].text, (), fields, TOP, end)), *parts[1:]]
    return [Part(_with_fields("", (), fields, TOP, end) + end), *parts]


def new_block(ticker: str, fields: Mapping[str, Any], end: str = "\n") -> str:
    """A member as the files write one."""
    lines = [
        "[[member]]",
        *(f"{key:<{WIDTH}} = {_written(value)}" for key, value in {"ticker": ticker, **fields}.items()),
    ]
    return end.join(lines) + end


def newline(parts: Sequence[Part]) -> str:
    """How the file ends its lines."""
    return "\r\n" if any("\r\n" in part.text for part in parts[:1]) else "\n"


def _at(parts: Sequence[Part], ticker: str) -> int:
    return next(n for n, part in enumerate(parts) if part.ticker == ticker)


def _ended(text: str, end: str) -> str:
    return text if not text or text.endswith("\n") else text + end


# --- one value ---------------------------------------------------------------------------------------------------


def _with_fields(text: str, path: Sequence[str | int], fields: Mapping[str, Any], width: int, end: str) -> str:
    """``text`` with fields of the table at ``path`` set; a new one goes under the table's last value."""
    document: Any = tomlkit.parse(text)
    table = document
    for step in path:
        table = table[step]
    new = {key: value for key, value in fields.items() if value is not None and key not in table}
    for key, value in fields.items():
        if value is None:
            table.pop(key, None)
        elif key in table:
            _set(table, key, value)
    written = tomlkit.dumps(document)
    lines = re.findall(r"[^\n]*\n|[^\n]+", _ended(written, end))
    last = (
        max((n for n, kind in enumerate(_kinds("".join(lines), lines)) if kind in ("value", "member")), default=-1) + 1
    )
    added = [f"{key:<{width}} = {_written(value)}{end}" for key, value in new.items()]
    return "".join([*lines[:last], *added, *lines[last:]]) if added else written


def _set(table: Any, key: str, value: Any) -> None:
    """A value in the place of another, as much as can be of the old one's spelling kept."""
    old = table[key]
    if isinstance(old, InlineTable) and isinstance(value, dict):
        for name in [name for name in old if name not in value]:
            del old[name]
        for name, text in value.items():
            if old.get(name) != text:
                old[name] = text
    elif isinstance(old, Array) and isinstance(value, list):
        _set_items(old, value)
    else:
        table[key] = value


def _set_items(array: Array, wanted: list[Any]) -> None:
    """The items of an array; those that stay keep their lines and comments, unless the order is another."""
    for gone in [item for item in array.unwrap() if item not in wanted]:
        array.remove(gone)
    for item in wanted:
        if item not in array.unwrap():
            array.append(item)
    if array.unwrap() != wanted:
        array.clear()
        array.extend(wanted)


def _written(value: Any) -> str:
    """A value as TOML: names as an inline table, dates without quotes."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_written(text)}" for key, text in value.items()) + " }"
    if isinstance(value, date):
        return value.isoformat()
    return str(tomlkit.item(value).as_string())
