"""The Edit page in words and rows: the grid of a basket, and what differs between a draft and the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch.words.text import listed, say

if TYPE_CHECKING:
    from basketwatch.domain.model import Names

COLUMNS = ("name", "segment", "reason", "role", "status", "since", "until")
NAMED = ("name", "short", "reason")  # fields with a text a language


def rows(members: Mapping[str, Mapping[str, Any]], known: Mapping[str, Names], lang: str) -> pd.DataFrame:
    """The members of a basket's file by ticker: ``COLUMNS``, texts in the reader's language, the segment by its id."""
    found = [
        {
            "name": called(ticker, fields, known, lang), "segment": fields.get("segment", ""),
            "reason": in_language(fields.get("reason"), lang), "role": fields.get("role", "core"),
            "status": fields.get("status", ""), "since": fields.get("since"), "until": fields.get("until"),
        }
        for ticker, fields in members.items()
    ]  # fmt: skip
    return pd.DataFrame(found, index=pd.Index(members, name="ticker", dtype="str"), columns=list(COLUMNS))


def called(ticker: str, fields: Mapping[str, Any] | None, known: Mapping[str, Names], lang: str) -> str:
    """The name of a member: the file's own, else the one known elsewhere, else its ticker."""
    own = in_language((fields or {}).get("name"), lang)
    return own or (known[ticker][lang] if ticker in known else ticker)


def in_language(value: object, lang: str) -> str:
    """A text of ``{ zh = …, en = … }`` in a language, else in the other; anything else as it is written."""
    if not isinstance(value, Mapping):
        return "" if value is None else str(value)
    other = "en" if lang == "zh" else "zh"
    return str(value.get(lang) or value.get(other) or "")


def said(
    ticker: str, field: str, old: Any, new: Any, names: Mapping[str, str], lang: str, *, kind: str = "field"
) -> str:
    """One change as a sentence. ``kind``: member (comes or goes), order, or field."""
    name = names.get(ticker, ticker)
    if kind == "member":
        reason = in_language((new or {}).get("reason"), lang) or "–"
        return say("edit_said_in" if new else "edit_said_gone", lang, name=name, ticker=ticker, reason=reason)
    if kind == "order":
        return say("edit_said_order", lang, moved=listed((names.get(t, t) for t in moved(old, new)), lang))
    if field == "until":
        return say("edit_said_out" if new else "edit_said_back", lang, name=name, new=new)
    before, after = (value_of(field, value, lang) for value in (old, new))
    key = "edit_said_field" if ticker else "edit_said_head"
    return say(key, lang, name=name, field=label(field, lang), old=before, new=after)


def label(field: str, lang: str) -> str:
    """What a field of the file is called; an unknown one by its key."""
    key = {"archived": "edit_archived_key", "segment": "col_segment"}.get(field, f"edit_{field}")
    known = (*COLUMNS, "short", "benchmarks", "etf", "order", "chain", "archived")
    return say(key, lang) if field in known else field


def value_of(field: str, value: Any, lang: str) -> str:
    """A value of the file as people read it; a dash for none."""
    if value in (None, "", [], {}):
        return "–"
    if field in NAMED:
        return in_language(value, lang)
    if field in ("role", "status"):
        return say(f"{field}_{value}", lang)
    if isinstance(value, list):
        return listed(map(str, value), lang)
    return value.isoformat() if isinstance(value, date) else str(value)


def moved(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Who changed places: what is in both orders and not in their longest common run."""
    common = [t for t in old if t in new], [t for t in new if t in old]
    same = {
        common[0][m.a + i]
        for m in SequenceMatcher(None, *common, autojunk=False).get_matching_blocks()
        for i in range(m.size)
    }
    return [t for t in common[1] if t not in same]
