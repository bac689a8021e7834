"""Checks of what people write in TOML: one table's keys and types, one text, one ticker, one id.

What is wrong becomes a fault of the document; what is right is handed on.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from basketwatch.domain import markets
from basketwatch.domain.model import Names
from basketwatch.domain.outlook import Span, span_of
from basketwatch.domain.spelling import is_old_beijing, ticker_of
from basketwatch.files.toml import Doc, Place

ID = re.compile(r"[a-z0-9_]{1,40}")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NAMES: dict[str, type] = {"zh": str, "en": str}
_OPTIONAL = frozenset(
    {
        *("zh", "en", "order", "chain", "archived", "member", "until", "role", "status", "overseas", "also", "macro"),
        *("milestone", "forecast", "phase", "risk", "size", "was", "came", "companies", "evidence", "growth", "text"),
        *("high", "seen", "seen_source", "plus_low", "plus_high", "share_of", "etf", "board"),
    }
)
_SOURCES = frozenset({"source", "seen_source"})  # may be one text for both languages
_EXAMPLE: dict[type, str] = {
    str: '"…"', Names: '{ zh = "…", en = "…" }', date: "2026-11-20", int: "1", float: "0.5", bool: "true",
    list: "[…]",
}  # fmt: skip


def rows(
    doc: Doc, key: str, above: Place = (), table: dict[str, Any] | None = None
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The tables of an array of tables, with their paths: the document's, or those in ``table``, which stands at ``above``.

    ``fields`` has told of an array that is none.
    """
    array = (doc.table if table is None else table).get(key)
    for number, row in enumerate(array if isinstance(array, list) else ()):
        if isinstance(row, dict):
            yield (*above, key, number), row
        else:
            doc.fault((*above, key, number), "wrong_type", field=key, wanted="{ … }", found=row)


def fields(doc: Doc, path: Place, row: dict[str, Any], known: dict[str, type]) -> dict[str, Any] | None:
    """The keys of a table that are known and of the right type; None where a required one is not among them."""
    for key in (key for key in row if key not in known):
        if near := difflib.get_close_matches(key, known, 1):
            doc.fault((*path, key), "unknown_key_near", field=key, nearest=near[0], known=", ".join(known))
        else:
            doc.fault((*path, key), "unknown_key", field=key, known=", ".join(known))
    good: dict[str, Any] = {}
    for key, kind in known.items():
        if row.get(key) is not None:
            good |= _value(doc, (*path, key), row[key], kind)
        elif key not in _OPTIONAL:
            doc.fault(path, "missing_key", field=key)
    return good if known.keys() - _OPTIONAL <= good.keys() else None


def _value(doc: Doc, path: Place, value: Any, kind: type) -> dict[str, Any]:
    """The key with its value as ``kind`` has it; nothing, and a fault, where it is of another one."""
    key = str(path[-1])
    if kind is Names and isinstance(value, str) and key in _SOURCES:
        value = {"zh": value, "en": value}
    if kind is Names and isinstance(value, dict):
        text = names(doc, path, value)
        return {key: text} if text else {}
    if kind is Span:
        span = span_of(value.isoformat() if type(value) is date else str(value))
        if span is None:
            doc.fault(path, "bad_span", field=key, found=value)
        return {key: span} if span else {}
    if type(value) is kind or (
        kind is float and type(value) is int
    ):  # not isinstance: True is an int, a time is a date
        return {key: value}
    if kind is date:
        doc.fault(path, "bad_date", field=key, found=value)
    else:
        doc.fault(path, "wrong_type", field=key, wanted=_EXAMPLE[kind], found=value)
    return {}


def names(doc: Doc, path: Place, row: dict[str, Any]) -> Names | None:
    """The texts in both languages; one that is missing is told, and is that of the other language."""
    texts = fields(doc, path, row, _NAMES) or {}
    zh, en = (_clean(doc, (*path, lang), texts.get(lang, "")) for lang in _NAMES)
    if not (zh or en):
        doc.fault(path, "missing_key", field=path[-1])
        return None
    if not (zh and en):
        doc.fault(path, "half_name", "soft", field=path[-1], lang="en" if zh else "zh", text=zh or en)
    return Names(zh or en, en or zh)


def _clean(doc: Doc, path: Place, text: str) -> str:
    """The text without characters that break a line or turn the reading direction of what stands after it."""
    for key, bad in (("control_text", _is_control), ("bidi_text", _BIDI.__contains__)):
        if any(map(bad, text)):
            doc.fault(path, key, "soft", text=text)
            text = "".join(c for c in text if not bad(c))
    return text.strip()


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp")


def tickers(doc: Doc, path: Place, items: Iterable[object], allowed: tuple[str, ...]) -> Iterator[tuple[Place, str]]:
    """The tickers of a list that can stand there, with their paths."""
    for number, item in enumerate(items):
        at = (*path, number)
        if not isinstance(item, str):
            doc.fault(at, "ticker_form", ticker=item)
        elif is_ticker(doc, at, item, allowed):
            yield at, item


def is_ticker(doc: Doc, path: Place, text: str, allowed: tuple[str, ...]) -> bool:
    """CODE.MARKET as the table of markets knows it, of a market that can stand here; else a fault."""
    proper = ticker_of(text)
    code, dot, suffix = text.rpartition(".")
    if is_old_beijing(text):
        doc.fault(path, "old_beijing_code", ticker=text)
    elif proper is not None and proper != text:
        doc.fault(path, "ticker_spelling", ticker=text, proper=proper)
    elif not (dot and code and suffix):
        doc.fault(path, "ticker_form", ticker=text)
    elif suffix not in allowed:
        doc.fault(path, "unknown_market", ticker=text, market=suffix, known=", ".join(allowed))
    elif not markets.is_ticker(text):
        doc.fault(path, "bad_code", ticker=text, code=code, market=suffix)
    else:
        return True
    return False


def is_new(doc: Doc, path: Place, ticker: str) -> bool:
    """Whether a ticker stands in the document for the first time; else a fault."""
    first = doc.places.setdefault(ticker, path)
    if first != path:
        doc.fault(path, "duplicate_ticker", ticker=ticker, first=first)
    return first == path


def is_id(doc: Doc, path: Place, text: str, stem: str | None = None) -> bool:
    """Whether a text can be an id, and is the file's name where ``stem`` is given; else a fault."""
    if not ID.fullmatch(text):
        doc.fault(path, "bad_id", id=text)
    elif stem is not None and text != stem:
        doc.fault(path, "id_not_file", id=text, stem=stem)
    else:
        return True
    return False
