"""What was understood of a note, as JSON of the contract and as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from basketwatch.words.text import joined, say

if TYPE_CHECKING:
    from basketwatch.domain.mentions import Match, Resolved


def as_json(found: Resolved) -> dict[str, Any]:
    """The object of ``resolve --json``."""
    return {
        "matches": [
            {"text": m.text, "start": m.start, "tickers": list(m.tickers), "how": m.how, "stance": m.stance,
             "confidence": m.confidence, "quote": m.quote}
            for m in found.matches
        ],
        "ambiguous": [
            {"text": m.text, "start": m.start, "candidates": [{"ticker": t, "why": why} for t, why in m.candidates],
             "stance": m.stance, "quote": m.quote}
            for m in found.ambiguous
        ],
        "unknown": [{"text": text} for text in found.unknown],
    }  # fmt: skip


def as_lines(found: Resolved, lang: str) -> str:
    """A line a place: who, how, in which tone, and the sentence."""

    def by(m: Match) -> str:
        return joined([say(f"note_how_{m.how}", lang), say(f"note_{m.stance}", lang)], lang, "phrases")

    lines = [f"{' '.join(m.tickers)}  {m.text}  {by(m)}  {m.quote}" for m in found.matches]
    lines += [
        f"?  {m.text}  {joined((f'{t} {why}' for t, why in m.candidates), lang, 'clauses')}  {m.quote}"
        for m in found.ambiguous
    ]
    lines += [f"–  {text}" for text in found.unknown]
    return "\n".join(lines or [say("note_nobody", lang)])
