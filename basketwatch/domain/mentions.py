"""Companies that a text speaks of."""

from __future__ import annotations

from dataclasses import dataclass

RECOMMENDED, NAMED, WARNED = "recommended", "named", "warned"  # what a sentence does with a company


@dataclass(frozen=True, slots=True)
class Match:
    """One place of a text: the words there, where they begin, who is meant, and the sentence around it, secrets blanked."""

    text: str
    start: int
    tickers: tuple[str, ...]
    how: str
    stance: str
    confidence: float
    quote: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """Words that may mean one of several: candidates with the reason for each, the likeliest first."""

    text: str
    start: int
    candidates: tuple[tuple[str, str], ...]
    stance: str
    quote: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """Everything that was understood of a text, and what was not."""

    matches: tuple[Match, ...] = ()
    ambiguous: tuple[Unsure, ...] = ()
    unknown: tuple[str, ...] = ()
