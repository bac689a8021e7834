"""From signals to rows: edges and re-arming, one row an identity, cool-down, suppression, one line for a basket."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from basketwatch.analysis.flags.baskets import ticker_of
from basketwatch.analysis.flags.inputs import Bools
from basketwatch.analysis.flags.market import CAUSES, Judged, MarketData, Signal
from basketwatch.domain.model import Names, Rule
from basketwatch.domain.rules import SEVERITIES, SPECS
from basketwatch.words import text
from basketwatch.words.catalogue import CATALOGUE

TOGETHER = 0.4  # more than this share of a basket's members, and three at least, become one line
FEWEST = 3
SUPPRESSED = {"big_move": "limit"}  # rule -> the rule that says it already, in the same direction


@dataclass(slots=True)
class Event:
    """A future row of the log: its cell, and the signal that fired (None: the rule could not be judged)."""

    row: int
    column: int
    direction: str
    value: float
    threshold: float
    tier: int
    notice: bool = True
    signal: Signal | None = None
    grouped: tuple[str, tuple[int, ...], int] | None = None  # basket id, its firing columns, number of its members


@dataclass(frozen=True)
class RuleEvents:
    """One rule with what it found and the events that follow."""

    rule: Rule
    judged: Judged
    events: list[Event] = field(default_factory=list)


def latch(on: Bools, off: Bools) -> Bools:
    """The state after each row: set by ``on``, cleared by ``off``, kept where there is neither."""
    rows = np.arange(len(on))[:, None]
    last_on = np.maximum.accumulate(np.where(on, rows, -1), axis=0)
    last_off = np.maximum.accumulate(np.where(off, rows, -1), axis=0)
    return np.asarray(last_on > last_off)


def edges(on: Bools, off: Bools) -> Bools:
    """Where the state changes from cleared to set."""
    state = latch(on, off)
    before = np.vstack([np.zeros((1, state.shape[1]), dtype=np.bool_), state[:-1]])
    return on & ~before


def fires(judged: Judged, signal: Signal) -> Bools:
    """Cells on which a signal is told: an event each time, a level only when it is entered."""
    known = judged.unknown == 0
    on = signal.on & known
    return on if signal.held is None else edges(on, known & np.isfinite(signal.value) & ~signal.held)


def events_of(judged: Judged) -> list[Event]:
    """The events of one rule, one for each session, column and direction; the highest tier speaks."""
    cells: dict[tuple[int, int, str], Event] = {}
    for signal in sorted(judged.signals, key=lambda s: s.tier):
        rows, columns = np.nonzero(fires(judged, signal))
        values, limits = signal.value[rows, columns].tolist(), signal.threshold[rows, columns].tolist()
        for row, column, value, limit in zip(rows.tolist(), columns.tolist(), values, limits, strict=True):
            cells[row, column, signal.direction] = Event(
                row, column, signal.direction, value, limit, signal.tier, signal=signal
            )
    lost = judged.unknown > 0
    rows, columns = np.nonzero(edges(lost, judged.unknown == 0))
    nan = float("nan")
    blanks = [
        Event(r, c, "none", nan, nan, 0, notice=False) for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return [*cells.values(), *blanks]


def suppress(events: list[Event], raised: set[tuple[int, int, str]]) -> None:
    """Remove events of cells that another rule reports: a limit is not reported as a big move as well."""
    events[:] = [e for e in events if (e.row, e.column, e.direction) not in raised]


def group(market: MarketData, fired: RuleEvents) -> None:
    """Add one line for each basket, session and direction in which many members fire; theirs stay, without notice."""
    if not SPECS[fired.rule.id].on_members:
        return
    for direction in sorted({e.direction for e in fired.events if e.signal}):
        firing = [e for e in fired.events if e.signal and e.direction == direction]
        at = np.zeros((len(market.inputs.sessions), len(fired.judged.columns)), dtype=np.int64)
        at[[e.row for e in firing], [e.column for e in firing]] = np.arange(1, len(firing) + 1)
        for basket in (b for b in market.inputs.baskets if b.home):
            inside, members = (at > 0) & basket.inside, basket.inside.sum(axis=1)
            many = inside.sum(axis=1)
            for row in np.flatnonzero((many >= FEWEST) & (many > TOGETHER * members)).tolist():
                events = [firing[number - 1] for number in at[row, inside[row]].tolist()]
                fired.events.append(_line(fired, events, basket.id, int(members[row])))


def _line(fired: RuleEvents, events: list[Event], basket: str, members: int) -> Event:
    """One event for those of the members, which lose their notice; the largest are named first."""
    for event in events:
        event.notice = False
    tickers = fired.judged.columns
    largest = sorted(events, key=lambda e: (-abs(e.value) if e.value == e.value else 0.0, tickers[e.column]))
    return replace(
        max(events, key=lambda e: e.tier), column=-1, value=len(events) / members, threshold=TOGETHER, notice=True,
        grouped=(basket, tuple(e.column for e in largest), members),
    )  # fmt: skip


def cool_down(fired: RuleEvents) -> None:
    """Take the notice from events that follow a noticed one of the same ticker and direction too soon.

    Not from one of a higher tier, nor from one that has gone on by once more the threshold since.
    """
    last: dict[tuple[str | int, str], Event] = {}
    for event in sorted((e for e in fired.events if e.signal and e.notice), key=lambda e: e.row):
        key = (event.grouped[0] if event.grouped else event.column, event.direction)
        before = last.get(key)
        if before and event.row - before.row < fired.rule.cooldown and not _escalates(before, event):
            event.notice = False
        else:
            last[key] = event


def _escalates(before: Event, event: Event) -> bool:
    if event.tier > before.tier:
        return True
    step = abs(event.threshold)
    further = event.value - before.value if event.direction != "down" else before.value - event.value
    return event.tier == before.tier and not event.grouped and step > 0 and further >= step


# --- what is said ------------------------------------------------------------------------------------------------


def ticker(fired: RuleEvents, event: Event) -> str:
    """Ticker of a row; of a basket's line, the basket."""
    return ticker_of(event.grouped[0]) if event.grouped else fired.judged.columns[event.column]


def severity(fired: RuleEvents, event: Event) -> str:
    """The rule's severity, one step louder for the tiers that say so, ``data`` where it could not be judged."""
    if event.signal is None:
        return "data"
    own = SEVERITIES.index(fired.rule.severity)
    return SEVERITIES[min(own + 1, len(SEVERITIES) - 1)] if event.signal.louder else SEVERITIES[own]


def cause(fired: RuleEvents, event: Event) -> str:
    """The word of ``CAUSES`` for why a bar could not be judged; empty where it was, and for members taken together."""
    if event.grouped:
        return ""
    if event.signal is None:
        return CAUSES[fired.judged.unknown[event.row, event.column]]
    codes = event.signal.causes
    return "" if codes is None else CAUSES[codes[event.row, event.column]]


def reasons(market: MarketData, fired: RuleEvents, event: Event) -> tuple[str, str]:
    """The sentence of a row in Chinese and in English."""
    if event.grouped:
        key, params = _together(market, fired, event.direction, *event.grouped)
    elif event.signal is None:
        key = f"flag_no_data_{cause(fired, event)}"
        params = {**fired.judged.why(event.row, event.column), "rule": _Text(f"rule_{fired.rule.id}")}
    else:
        key, params = event.signal.said(event.row, event.column)
    return _told(key, params)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of the catalogue inside another."""

    key: str


def _together(
    market: MarketData, fired: RuleEvents, direction: str, basket: str, columns: tuple[int, ...], members: int
) -> tuple[str, dict[str, object]]:
    named = tuple(market.name(fired.judged.columns[c]) for c in columns[:FEWEST])
    return f"flag_together_{direction}", {
        "name": market.name(ticker_of(basket)), "n": len(columns), "members": members,
        "rule": _Text(f"rule_{fired.rule.id}"), "named": named,
    }  # fmt: skip


def _told(key: str, params: dict[str, object]) -> tuple[str, str]:
    """The sentence in both languages; only what is not plain text or a number differs between them."""
    pairs = {name: value for name, value in params.items() if not isinstance(value, str | int | float)}
    zh, en = ({name: _in(lang, value) for name, value in pairs.items()} for lang in ("zh", "en"))
    return CATALOGUE[key][0].format_map({**params, **zh}), CATALOGUE[key][1].format_map({**params, **en})


def _in(lang: str, value: object) -> object:
    """A parameter in a language: names and texts are pairs, several are joined as the language lists things."""
    if isinstance(value, _Text):
        return text.say(value.key, lang)
    if isinstance(value, tuple):
        return text.listed((str(_in(lang, part)) for part in value), lang)
    return value[lang] if isinstance(value, Names) else value
