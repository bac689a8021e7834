"""The card of the flags of the latest judged sessions: what is unusual, loudest first, each with its reason."""

from __future__ import annotations

from typing import Any

import pandas as pd

from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain.calendars import behind, settled_days
from basketwatch.domain.model import Names
from basketwatch.views import flags
from basketwatch.views.cards import parts
from basketwatch.views.cards.parts import Data
from basketwatch.words.text import DASH, day, say

LINES = 12
_VALUATION = ("pe_percentile", "pe_rebase")


def card(snapshot: Snapshot, lang: str) -> Data:
    """The card of the flags."""
    told = snapshot.flags.loc[snapshot.flags["notice"]]
    groups = flags.by_ticker(snapshot, told, None)
    feed = flags.feed(snapshot, lang, None, green_up=False)
    leading = snapshot.judged.get("CN") or max(snapshot.judged.values(), default=None)
    rows = [line(snapshot, rows, lang) for rows in groups[:LINES]]
    rest = say("card_flags_rest", lang, n=len(groups) - LINES) if len(groups) > LINES else ""
    when = day(leading, lang, weekday=True) if leading else DASH
    return parts.whole(
        snapshot, "flags", f"{say('feed_title', lang)} · {when}", lang, sub=[feed.note] if feed.note else [],
        markets=parts.market_lines(snapshot, snapshot.judged, leading, lang), stamp=_stamp(snapshot, lang),
        rows=rows, rest=rest, empty=[feed.empty_title, feed.empty_text], foot=_foot(snapshot, lang),
        alt=" ".join(r["text"]["text"] for r in rows[:3]) or feed.empty_title,
    )  # fmt: skip


def line(snapshot: Snapshot, rows: pd.DataFrame, lang: str) -> Data:
    """A ticker's loudest flag: its rule as a chip, its reason, and how many more there are."""
    first: Any = rows.iloc[0]
    also = set(rows["rule"]) - {first["rule"]}
    return {
        "chip": parts.figure(parts.cut(flags.rule_name(first["rule"], lang)), tone(first)), "text": reason(snapshot, first, lang),
        "also": say("card_flags_also", lang, n=len(also)) if also else "",
    }  # fmt: skip


def reason(snapshot: Snapshot, row: Any, lang: str) -> Data:
    """The sentence of a flag; its Latin form has the English name in it."""
    text, ticker = str(row[f"reason_{lang}"]), str(row["ticker"])
    view = snapshot.basket(ticker.removeprefix("basket:")) if ticker.startswith("basket:") else None
    names: Names = view.basket.short if view else snapshot.name(ticker)
    other = text.replace(names[lang], parts.latin(names, ticker)) if names[lang] else text
    return {"text": parts.cut(text, parts.REASON), "latin": parts.cut(other, parts.REASON)}


def tone(row: Any) -> str:
    """Red and green are moves, amber and teal a multiple; what has no direction is amber, what is of the data grey."""
    if row["severity"] == "data":
        return "soft"
    pair = {"up": "dear", "down": "cheap"} if row["rule"] in _VALUATION else {"up": "up", "down": "down"}
    return pair.get(row["direction"], "amber")


def _stamp(snapshot: Snapshot, lang: str) -> Data | None:
    """Flags are judged on final bars: those of an older session are old."""
    due = settled_days(snapshot.calendars, snapshot.now)
    if not snapshot.judged:
        return {"text": say("card_nothing", lang), "loud": True}
    group = "CN" if "CN" in snapshot.judged else next(iter(snapshot.judged))
    judged = snapshot.judged[group]
    old = group in due and behind(snapshot.calendars[group], judged, due[group]) > 0
    return {"text": say("card_old", lang, at=day(judged, lang)), "loud": True} if old else None


def _foot(snapshot: Snapshot, lang: str) -> list[Any]:
    group = "CN" if "CN" in snapshot.judged else next(iter(snapshot.judged), "CN")
    rows = snapshot.table.loc[snapshot.table["group"] == group]
    lost = int((snapshot.flags["state"] == "no_data").sum())
    lines = [say("card_flags_lost", lang, n=lost)] if lost else []
    ids = [v.basket.id for v in snapshot.baskets]
    return [parts.prices_line(snapshot, rows, group, lang), *lines, parts.signature(snapshot, ids, lang)]
