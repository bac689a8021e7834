"""What cards are made of: names, moves, the stamp, the markets' instants, the foot. Plain data that JSON can hold.

A *name* is ``{"text", "latin"}``: the second stands in where no typeface has the first one's characters. A *figure* is
``{"text", "tone"}``, the tone being up, down, flat, soft, ink, dear, cheap or amber: which colour that is, the picture
decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import pandas as pd

from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain import markets
from basketwatch.domain.calendars import FINAL_AFTER, MarketState, due_session
from basketwatch.domain.model import Names
from basketwatch.views.origin import age_note
from basketwatch.words.text import DASH, MINUS, clock_time, day, listed, printable, say, signed, source_name

Data = dict[str, Any]

LONGEST = 40  # characters of a name
REASON = 160  # characters of a sentence from outside
NAMED = 4  # names in a list of what is missing
_LATIN = 0x250  # characters below are of the Latin alphabets


# --- texts -------------------------------------------------------------------------------------------------------


def cut(text: str, most: int = LONGEST) -> str:
    """One line of at most ``most`` characters, with … where something was left out."""
    line = " ".join(printable(text[: 4 * most]).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def spoken(snapshot: Snapshot, lang: str, sentence: Callable[[Callable[[str], str]], str]) -> Data:
    """A name, or a sentence with names in it: ``sentence`` is given a function from a ticker to its name."""
    known = {True: lambda t: cut(snapshot.name(t)[lang]), False: lambda t: latin(snapshot.name(t), t)}
    return {"text": sentence(known[True]), "latin": sentence(known[False])}


def name_of(snapshot: Snapshot, ticker: str, lang: str) -> Data:
    """A ticker's name."""
    return named(snapshot.name(ticker), ticker, lang)


def named(names: Names, key: str, lang: str) -> Data:
    """A pair of names as a name; ``key`` (a ticker, an id) where neither has Latin letters."""
    return {"text": cut(names[lang]), "latin": latin(names, key)}


def names_of(snapshot: Snapshot, tickers: Iterable[str], lang: str, between: str) -> Data:
    """Several tickers' names as one."""
    every = [name_of(snapshot, t, lang) for t in tickers]
    return {form: between.join(n[form] for n in every) for form in ("text", "latin")}


def worded(name: Data, write: Callable[[str], str]) -> Data:
    """A name inside a sentence: ``write`` gives it around either form."""
    return {form: write(name[form]) for form in ("text", "latin")}


def against(snapshot: Snapshot, ticker: str, lang: str) -> Data:
    """较沪深300."""
    return worded(name_of(snapshot, ticker, lang), lambda n: say("versus", lang, name=n))


def latin(names: Names, key: str) -> str:
    """The English name where it is written in Latin letters, else the key."""
    return cut(names.en) if names.en.strip() and all(ord(c) < _LATIN for c in names.en) else key


def figure(shown: str, tone: str = "ink") -> Data:
    """A text in a tone."""
    return {"text": shown, "tone": tone}


def move(value: float | None, write: Callable[[float | None], str] = signed) -> Data:
    """A change as it is printed, toned by its printed sign."""
    shown = write(value)
    tones = {"+": "up", MINUS: "down", DASH: "soft"}
    return figure(shown, tones.get(shown[0], "flat"))


# --- how new it is -----------------------------------------------------------------------------------------------


def not_current(rows: pd.DataFrame) -> list[str]:
    """Tickers among ``rows`` that trade and have no return of the day that is up to date."""
    lost = rows["session"].isna() | rows["stale"].ne(other=False) | rows["1d"].isna()
    return [str(t) for t in rows.index[lost & ~rows["suspended"].eq(other=True)]]


def stamp(snapshot: Snapshot, rows: pd.DataFrame, group: str, lang: str) -> Data | None:
    """What has to be said in large letters of the age of ``rows`` (of one market); None where all is final.

    ``loud`` is True where something is old or missing, and False where it is only not final yet.
    """
    state = snapshot.markets.get(group)
    if state is None or rows["session"].isna().all():
        return {"text": say("card_nothing", lang), "loud": True}
    lost, trading = not_current(rows), int((~rows["suspended"].eq(other=True)).sum())
    due = due_session(state, snapshot.now)
    newest = rows["session"].max().date()
    if (due and newest < due.day) or (trading and len(lost) == trading):
        return {"text": say("card_old", lang, at=instant(rows, group, lang, dated=True)), "loud": True}
    if lost:
        return {"text": say("card_partial", lang, n=trading - len(lost), of=trading), "loud": True}
    key = unfinished(state, snapshot)
    return {"text": say(key, lang, at=instant(rows, group, lang)), "loud": False} if key else None


def unfinished(state: MarketState, snapshot: Snapshot) -> str:
    """Key of the words for a session that goes on or whose last prices may still change; "" for a final one."""
    if state.phase in ("open", "lunch"):
        return "card_running"
    session = state.session
    return "card_provisional" if session and session.closes <= snapshot.now < session.closes + FINAL_AFTER else ""


def instant(rows: pd.DataFrame, group: str, lang: str, *, dated: bool = False) -> str:
    """Of when the newest prices among ``rows`` are, on the exchange's clock."""
    times = rows.loc[[markets.kind(str(t)) != "sector" for t in rows.index], "quote_time"].dropna()
    if not len(times):
        newest = rows["session"].max()
        return day(newest.date(), lang) if pd.notna(newest) else DASH
    last = times.max()
    shown = clock_time(last, group)
    return f"{day(last.astimezone(markets.zone_of(group)).date(), lang)} {shown}" if dated else shown


def market_lines(snapshot: Snapshot, groups: Iterable[str], leading: date | None, lang: str) -> list[str]:
    """A text a market: which session, up to when. The date stands where it is not that of the ``leading`` session."""
    used = set(groups)
    return [_market(snapshot, g, leading, lang) for g in markets.GROUPS if g in used and g in snapshot.markets]


def _market(snapshot: Snapshot, group: str, leading: date | None, lang: str) -> str:
    state, name = snapshot.markets[group], say(f"short_{group}", lang)
    rows, last = snapshot.table.loc[snapshot.table["group"] == group], state.last_closed
    newest = rows["session"].max()
    if last and pd.notna(newest) and newest.date() < last.day:
        return say("card_market_old", lang, group=name, at=day(newest.date(), lang))
    if state.phase in ("open", "lunch"):
        today = state.session is not None and pd.notna(newest) and newest.date() == state.session.day
        at = instant(rows, group, lang, dated=not today)
        return say(f"card_market_{state.phase}" if today else "card_market_old", lang, group=name, at=at)
    if last is None or state.phase == "unknown":
        return say("phase_unknown", lang, group=name)
    at = clock_time(last.closes, group)
    shown = at if last.day == leading else f"{day(last.day, lang)} {at}"
    return say("card_market_closed", lang, group=name, at=shown)


# --- the foot ----------------------------------------------------------------------------------------------------


def prices_line(snapshot: Snapshot, rows: pd.DataFrame, group: str, lang: str) -> str:
    """Of when the prices are, from where, and when they will be final."""
    sources = listed([source_name(s, lang) for s in dict.fromkeys(rows["source"].dropna())], lang)
    parts = [say("card_prices", lang, at=instant(rows, group, lang, dated=True), source=sources or DASH)]
    state = snapshot.markets.get(group)
    if state and state.session and unfinished(state, snapshot):
        final = clock_time(state.session.closes + FINAL_AFTER, group)
        parts.append(say("card_final_after", lang, at=final))
    return " · ".join(parts)


def missing_line(snapshot: Snapshot, rows: pd.DataFrame, lang: str) -> list[Data]:
    """What is missing among ``rows`` and why, suspended shares too; empty where nothing is."""
    lost = [*rows.index[rows["suspended"].eq(other=True)], *not_current(rows)]
    if not lost:
        return []

    def sentence(name: Callable[[str], str]) -> str:
        each = [
            say("card_missing_one", lang, name=name(t), why=_why(snapshot, rows.loc[t], lang)) for t in lost[:NAMED]
        ]
        more = say("card_and_more", lang, n=len(lost) - NAMED) if len(lost) > NAMED else ""
        return say("card_missing", lang, names=" ".join([listed(each, lang), more]).strip())

    return [spoken(snapshot, lang, sentence)]


def _why(snapshot: Snapshot, row: pd.Series, lang: str) -> str:
    if pd.isna(row["session"]):
        return say("state_no_data", lang)
    if bool(row["suspended"]):
        return say("suspended", lang)
    return age_note(snapshot, row, lang) or say("state_no_data", lang)


def membership(members: Iterable[Sequence[str]]) -> str:
    """Six hex digits that change with who is in: of each basket its id and its tickers."""
    told = "\n".join(":".join(part) for part in members)
    return hashlib.sha256(told.encode()).hexdigest()[:6]


def signature(snapshot: Snapshot, basket_ids: Iterable[str], lang: str) -> str:
    """The last line of a foot: membership, version, who made it, and that it is no advice."""
    wanted = set(basket_ids)
    members = [(v.basket.id, *sorted(v.table.index)) for v in snapshot.baskets if v.basket.id in wanted]
    ids = [say("card_membership", lang, id=membership(members))] if members else []
    return " · ".join([*ids, say("card_version", lang, id=snapshot.version), "basketwatch", say("card_advice", lang)])


# --- a whole card ------------------------------------------------------------------------------------------------


def whole(snapshot: Snapshot, kind: str, title: Data | str, lang: str, **fields: Any) -> Data:
    """A card: what every one has, and its own ``fields`` (among them ``markets``, ``stamp``, ``foot`` and ``alt``)."""
    stamped = fields.get("stamp")
    faults = [stamped["text"]] if stamped and stamped["loud"] else []
    badge = say("demo_badge", lang) if snapshot.demo else ""
    shown = title if isinstance(title, str) else title["text"]
    head = [shown, badge, *([stamped["text"]] if stamped else []), *fields["markets"]]
    alt = " · ".join(p for p in [*head, fields.pop("alt", "")] if p)
    return {"kind": kind, "lang": lang, "title": title, "badge": badge, "faults": faults, **fields, "alt": alt}
