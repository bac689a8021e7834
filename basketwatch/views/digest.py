"""The words of the day and of the week for a chat: plain lines that stand alone, each with how dear it is.

Numbers are written by the functions that write those of the pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from basketwatch.analysis.age import after_close
from basketwatch.analysis.snapshot import BasketView, Snapshot
from basketwatch.domain import markets
from basketwatch.domain.calendars import FINAL_AFTER
from basketwatch.domain.faults import REMARKS
from basketwatch.domain.rules import SEVERITIES
from basketwatch.views import pe, review
from basketwatch.views.basket import market_label, session_of, short_of
from basketwatch.words.text import DASH, clock_time, day, joined, listed, one_line, points, say, sentence, signed

if TYPE_CHECKING:
    from basketwatch.analysis.weekly import Review

LINES = 15
BASKETS = 4  # lines of baskets; the last one holds what does not fit
LEADERS = 3
NAMED = 6  # names of limit-ups in their line
REASONS = 3
TITLE, NUMBERS, NAMES, GAPS, FLAGS, FOOT = range(6)  # what goes first where it is too long: the last of these

_UP = ("sealed_up", "one_price_up", "t_up")
_DOWN = ("sealed_down", "one_price_down", "t_down")


class Line(NamedTuple):
    """One line of text. ``rank``: the higher, the sooner it goes where there is no room."""

    text: str
    rank: int


@dataclass(frozen=True, slots=True)
class Words:
    """What is said once: of a kind and session, ``final`` or provisional. The first line is the title."""

    kind: str
    lang: str
    session: date
    final: bool
    lines: tuple[Line, ...]

    @property
    def state(self) -> str:
        """``final`` or ``provisional``."""
        return "final" if self.final else "provisional"

    @property
    def title(self) -> str:
        return self.lines[0].text


def plain(lines: Sequence[Line]) -> str:
    """The lines as plain text."""
    return "\n".join(line.text for line in lines)


def markdown(lines: Sequence[Line]) -> str:
    """The lines as Markdown: the title bold, names that hold markup verbatim, a line a line."""
    shown = [review.plain_text(line.text) for line in lines]
    return "  \n".join(f"**{text}**" if number == 0 else text for number, text in enumerate(shown))


# --- the day -----------------------------------------------------------------------------------------------------


def digest(snapshot: Snapshot, lang: str) -> Words | None:
    """The words of the newest session of the market that most baskets are at home in; None without a session.

    At most ``LINES`` lines.
    """
    home = home_of(snapshot)
    rows = _of(snapshot, home)
    newest = rows["session"].max()
    if pd.isna(newest):
        return None
    session = newest.date()
    final = is_final(snapshot, home, session)
    views = [v for v in snapshot.baskets if len(v.table)]
    lines = [
        Line(_title(snapshot, session, final, lang), TITLE),
        Line(_instants(snapshot, home, lang), TITLE),
        Line(_indices(snapshot, session, lang), NUMBERS),
        *(Line(text, NUMBERS) for text in _baskets(snapshot, views, lang)),
        Line(_movers(snapshot, home, session, lang), NAMES),
        Line(_limits(snapshot, home, session, lang), NAMES),
        Line(_multiples(snapshot, views, lang), NAMES),
        *(Line(text, FLAGS) for text in _flags(snapshot, home, session, lang)),
        Line(_missing(snapshot, lang), GAPS),
        Line(say("disclaimer", lang), FOOT),
    ]
    kept = tuple(Line(one_line(text), rank) for text, rank in lines if text)
    return Words("digest", lang, session, final, kept)


def home_of(snapshot: Snapshot) -> str:
    """The market that most baskets are at home in."""
    homes = [view.home for view in snapshot.baskets if len(view.table)]
    return max(dict.fromkeys(homes), key=homes.count, default="CN")


def is_final(snapshot: Snapshot, group: str, session: date) -> bool:
    """Whether a session's numbers stay: bars are final by now, and most of the prices were taken after the close."""
    calendar = snapshot.calendars.get(group)
    known = calendar.session(session) if calendar else None
    if known is None or snapshot.now < known.closes + FINAL_AFTER:
        return False
    rows = _of(snapshot, group)
    traded: list[Any] = rows.loc[rows["session"].eq(pd.Timestamp(session)) & ~rows["suspended"].eq(other=True)].to_dict(
        "records"
    )
    settled = [bool(row["final"]) or after_close(row, calendar) for row in traded]
    return 2 * sum(settled) > len(settled)


def _of(snapshot: Snapshot, group: str) -> pd.DataFrame:
    """The rows of a market, without the sectors, whose times are not those of an exchange."""
    rows: pd.DataFrame = snapshot.table.loc[snapshot.table["group"] == group]
    return rows.loc[[markets.kind(str(t)) != "sector" for t in rows.index]]


def _title(snapshot: Snapshot, session: date, final: bool, lang: str) -> str:
    badge = f"{say('demo_badge', lang)} · " if snapshot.demo else ""
    state = say("digest_final" if final else "digest_provisional", lang)
    shown = say("digest_day", lang, year=session.year, day=day(session, lang, weekday=True))
    return badge + say("digest_title", lang, day=shown, state=state)


def _instants(snapshot: Snapshot, home: str, lang: str) -> str:
    """Of when the numbers of each market are: its session and last trade, and whether it trades."""
    used = dict.fromkeys((home, *(g for view in snapshot.baskets for g in view.by_group),
                          *(markets.group(b.ticker) for b in snapshot.universe.benchmarks)))  # fmt: skip
    return listed((_instant(snapshot, g, lang) for g in used if g in snapshot.markets and g != "FX"), lang)


def _instant(snapshot: Snapshot, group: str, lang: str) -> str:
    rows, state = _of(snapshot, group), snapshot.markets[group]
    newest, quoted = rows["session"].max(), rows["quote_time"].max()
    name = say(f"group_{group}", lang)
    if pd.isna(newest):
        return f"{name} {say('state_no_data', lang)}"
    at = f" {clock_time(quoted, group)}" if pd.notna(quoted) else ""
    guess = "" if state.confirmed else f" ({say('unconfirmed', lang)})"
    return f"{name} {day(newest.date(), lang)}{at} {say(f'word_{state.phase}', lang)}{guess}"


def _indices(snapshot: Snapshot, session: date, lang: str) -> str:
    return listed((_index(snapshot, b.ticker, b.name[lang], session, lang) for b in snapshot.universe.benchmarks), lang)


def _index(snapshot: Snapshot, ticker: str, name: str, session: date, lang: str) -> str:
    if ticker not in snapshot.table.index:
        return f"{name} {DASH} ({say('state_no_data', lang)})"
    row = snapshot.row(ticker)
    of = row["session"].date() if pd.notna(row["session"]) else None
    notes = [day(of, lang) if of and of != session else "", say("stale_mark", lang) if row["stale"] else ""]
    note = joined(notes, lang, "phrases")
    return f"{name} {signed(row['1d'])}" + (f" ({note})" if note else "")


def _baskets(snapshot: Snapshot, views: Sequence[BasketView], lang: str) -> list[str]:
    """A line a basket, as many as there is room for; those beyond it share the last line, without their excess."""
    if len(views) <= BASKETS:
        return [_basket(snapshot, view, lang) for view in views]
    rest = [f"{v.basket.short[lang]} {_covered(v)} {signed(v.returns['1d'])}" for v in views[BASKETS - 1 :]]
    return [*(_basket(snapshot, view, lang) for view in views[: BASKETS - 1]), listed(rest, lang)]


def _covered(view: BasketView) -> str:
    part = view.by_group.get(view.home, {"covered": 0, "members": 0})
    return f"{part['covered']}/{part['members']}"


def _basket(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """The home market's members first: how many, their mean, the excess; then the other markets."""
    head = f"{view.basket.short[lang]} {signed(view.returns['1d'])} ({market_label(view, view.home, lang)})"
    excess = [
        f"{say('versus', lang, name=snapshot.name(b)[lang])} {points(view.excess[b]['1d'])} "
        f"{short_of(view.excess_coverage[b]['1d'], view.home_members)}".rstrip()
        for b in [*view.excess][:2]
    ]
    abroad = [
        f"{say(f'group_{g}', lang)} {part['covered']}/{part['members']} {signed(part['returns']['1d'])} "
        f"({session_of(view, g, lang)})"
        for g, part in view.by_group.items()
        if g != view.home
    ]
    return joined((head, *excess, *abroad), lang, "phrases")


def _members(snapshot: Snapshot, home: str, session: date) -> pd.DataFrame:
    """The members of all baskets in one market with numbers of one session that are not old, each once."""
    tables = [v.table.loc[v.table["group"] == home, ["ticker", "session", "stale", "suspended", "1d", "limit_state"]]
              for v in snapshot.baskets]  # fmt: skip
    rows = pd.concat(tables) if tables else pd.DataFrame()
    if not len(rows):
        return rows
    rows = rows.loc[~rows.index.duplicated()]
    return rows.loc[rows["session"].eq(pd.Timestamp(session)) & rows["stale"].eq(other=False)]


def _movers(snapshot: Snapshot, home: str, session: date, lang: str) -> str:
    rows = _members(snapshot, home, session)
    if not len(rows):
        return ""
    ranked = rows["1d"].dropna().sort_values(ascending=False, kind="stable")
    each = min(LEADERS, (len(ranked) + 1) // 2)
    sides = (ranked[:each], ranked[::-1][: len(ranked) - each][:each])
    best, worst = ([f"{snapshot.name(str(t))[lang]} {signed(v)}" for t, v in s.items()] for s in sides)
    parts = [say("digest_best", lang, names=listed(best, lang))] if best else []
    parts += [say("digest_worst", lang, names=listed(worst, lang))] if worst else []
    return joined(parts, lang, "clauses")


def _limits(snapshot: Snapshot, home: str, session: date, lang: str) -> str:
    """Who closed at the limit, in a market that has limits."""
    rows = _members(snapshot, home, session)
    if not len(rows) or not rows["limit_state"].isin([*_UP, *_DOWN, "none", "touched_up", "touched_down"]).any():
        return ""
    sides = (("limit_ups", _UP), ("limit_downs", _DOWN))
    return joined((_hit(snapshot, rows, key, words, lang) for key, words in sides), lang, "clauses")


def _hit(snapshot: Snapshot, rows: pd.DataFrame, key: str, words: Sequence[str], lang: str) -> str:
    names = [snapshot.name(str(t))[lang] for t in rows.index[rows["limit_state"].isin(words)]]
    count = say(key, lang, n=len(names))
    more = " …" if len(names) > NAMED else ""
    return f"{count} ({listed(names[:NAMED], lang)}{more})" if names else count


def _multiples(snapshot: Snapshot, views: Sequence[BasketView], lang: str) -> str:
    """Each basket's PE and its place in its own history, the window named."""
    known = [(v, snapshot.basket_valuations.get(v.basket.id)) for v in views]
    return joined((f"{v.basket.short[lang]} {pe.card_line(r, lang)}" for v, r in known if r), lang, "clauses")


def _flags(snapshot: Snapshot, home: str, session: date, lang: str) -> list[str]:
    """How many flags were said of the sessions above, and the loudest of them."""
    rows = [r for r in snapshot.flags.to_dict("records") if r["state"] == "firing" and r["notice"]]
    fresh = [r for r in rows if _group(r["ticker"], home) != home or r["session"].date() == session]
    if not fresh:
        judged = snapshot.judged.get(home)
        return [say("digest_no_flags" if judged and judged >= session else "digest_not_judged", lang)]
    loud = sorted(fresh, key=lambda r: -_loudness(r["severity"]))[:REASONS]
    high = sum(r["severity"] == "high" for r in fresh)
    said = [_reason(r, session, lang) for r in loud]
    return [say("digest_flags", lang, n=len(fresh), high=high, first=said[0]), *said[1:]]


def _loudness(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES[:4] else -1


def _reason(row: dict[Any, Any], session: date, lang: str) -> str:
    of = row["session"].date()
    return row[f"reason_{lang}"] if of == session else f"{day(of, lang)}: {row[f'reason_{lang}']}"


def _group(ticker: str, home: str) -> str:
    return markets.group(ticker) if markets.is_ticker(ticker) else home


def _missing(snapshot: Snapshot, lang: str) -> str:
    """What is missing, old or broken: how many, and the first two."""
    found = [p for p in snapshot.problems if p.key not in REMARKS]
    if not found:
        return say("digest_complete", lang)
    hard = sorted(found, key=lambda p: p.severity != "hard")
    told = joined((f"{p.where} {sentence(p, lang)}" for p in hard[:2]), lang)
    return say("digest_missing", lang, n=len(found), what=told + (" …" if len(found) > 2 else ""))


# --- the week ----------------------------------------------------------------------------------------------------


def weekly(snapshot: Snapshot, found: Review, lang: str) -> Words:
    """The weekly review in the words of ``report``, without its table."""
    badge = f"{say('demo_badge', lang)} · " if snapshot.demo else ""
    title = badge + say("review_title", lang, week=review.span(found.week, lang))
    lines = [Line(title, TITLE), *(Line(t, NUMBERS) for t in review.paragraphs(snapshot, found, lang)),
             *(Line(t, GAPS) for t in review.notes(snapshot, found, lang)), Line(say("disclaimer", lang), FOOT)]  # fmt: skip
    kept = tuple(Line(one_line(text), rank) for text, rank in lines)
    return Words("weekly", lang, found.week.last, found.week.over, kept)
