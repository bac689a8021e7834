"""Words cut to what a service takes: lines that hold no numbers go first, and no character is ever halved."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from basketwatch.views.digest import Line, Words
from basketwatch.words.text import say

Show = Callable[[Sequence[Line]], str]
Measure = Callable[[str], int]


class Fitted(NamedTuple):
    """A text that fits, its size in the service's unit, and whether something was left out."""

    text: str
    size: int
    cut: bool


def in_bytes(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode("utf-8", "replace"))


def in_units(text: str) -> int:
    """Characters as services count them that use UTF-16: an emoji is two."""
    return len(text.encode("utf-16-le", "replace")) // 2


def fitted(words: Words, limit: int, measure: Measure, show: Show) -> Fitted:
    """The words as ``show`` writes them, within ``limit`` of ``measure``; what is left out is said in a last line."""
    lines, whole = list(words.lines), show(words.lines)
    if measure(whole) <= limit:
        return Fitted(whole, measure(whole), cut=False)
    mark = Line(say("words_cut", words.lang), 0)
    while len(lines) > 1 and measure(show([*lines, mark])) > limit:
        worst = max(line.rank for line in lines[1:])
        del lines[max(i for i in range(1, len(lines)) if lines[i].rank == worst)]
    text = clipped(show([*lines, mark]), limit, measure)
    return Fitted(text, measure(text), cut=True)


def clipped(text: str, limit: int, measure: Measure) -> str:
    """The beginning of a text within ``limit``, with an ellipsis where it was clipped."""
    if measure(text) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle] + "…") <= limit else (low, middle - 1)
    while low and _is_inside(text, low):
        low -= 1
    return text[:low] + "…" if measure("…") <= limit else ""


def _is_inside(text: str, at: int) -> bool:
    """Whether a cut before ``text[at]`` would part what is seen as one character."""
    here, before = text[at], text[at - 1]
    joins = "\u200d" in (here, before) or "\ufe00" <= here <= "\ufe0f" or "\U0001f3fb" <= here <= "\U0001f3ff"
    if joins or unicodedata.category(here) in ("Mn", "Me", "Mc"):
        return True
    flags = 0
    while flags < at and "\U0001f1e6" <= text[at - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return "\U0001f1e6" <= here <= "\U0001f1ff" and flags % 2 == 1
