"""The Today page: benchmark tiles, basket cards, the chain map, overnight moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from basketwatch.analysis.snapshot import BasketView, Snapshot, home_rows
from basketwatch.views import html, pe
from basketwatch.views.basket import breadth, market_label, session_of, short_of
from basketwatch.views.origin import age_note, origin
from basketwatch.words.text import DASH, day, escape, listed, points, price, say, signed

LEADERS = 3


# --- benchmarks --------------------------------------------------------------------------------------------------


def benchmarks(snapshot: Snapshot, lang: str) -> str:
    """The strip of benchmark tiles."""
    return html.tiles(_tile(snapshot, b.ticker, b.name[lang], lang) for b in snapshot.universe.benchmarks)


def _tile(snapshot: Snapshot, ticker: str, name: str, lang: str) -> str:
    if ticker not in snapshot.table.index:
        return html.tile(name, DASH, None, (), say("state_no_data", lang))
    row = snapshot.row(ticker)
    note, under = age_note(snapshot, row, lang), pe.tile_note(snapshot, ticker, lang)
    return html.tile(name, price(row["last"]), row["1d"], row["spark"], note, origin(row, lang), under)


# --- basket cards ------------------------------------------------------------------------------------------------


def title(view: BasketView, lang: str) -> str:
    """A basket's heading: its short name, and the long one where that says more."""
    short, long = view.basket.short[lang], view.basket.name[lang]
    return long if short.casefold() in long.casefold() else f"{short} {long}"


def card(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """The upper part of a basket's card on Today: the day against the benchmarks, and how many rose."""
    home, own = _leg(view)
    value = own["returns"]["1d"]
    method = escape(say("equal_weight", lang, covered=own["covered"], members=own["members"]))
    head = (
        f'<div class="row"><span class="soft" title="{method}">'
        f"{escape(market_label(view, home, lang))}</span>{_stale_mark(view, lang)}"
        f"{html.change(value, css='big')}</div>"
    )
    rule = '<div class="rule"></div>'
    return head + _series_line(snapshot, view) + rule + _relative(snapshot, view, lang) + rule + breadth(view, lang)


def movers(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """The lower part of a card: where its PE stands, who moved it most."""
    rows = home_rows(view)
    newest = rows["session"].max()
    live = rows.loc[(rows["session"] == newest) & ~rows["stale"].fillna(value=True).astype(bool), "1d"].dropna()
    ranked = rows.loc[live.sort_values(ascending=False, kind="stable").index]
    each = min(LEADERS, (len(ranked) + 1) // 2)  # nobody stands on both sides but the middle one of three
    best = [(snapshot.name(t)[lang], ranked["1d"][t]) for t in ranked.index[:each]]
    worst = [(snapshot.name(t)[lang], ranked["1d"][t]) for t in ranked.index[::-1][: len(ranked) - each][:each]]
    valued = snapshot.basket_valuations.get(view.basket.id)
    told = pe.card_help(valued, lang) if valued else ""
    track = pe.track(valued.bands, told) if valued else ""
    return f'{track}<div class="rule"></div>{html.pairs(best, worst)}'


def _series_line(snapshot: Snapshot, view: BasketView) -> str:
    values = snapshot.lines.get(view.basket.id, [])
    return html.spark(values, height=34)


def _relative(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """The home market's excess over the first two benchmarks, its week and year; the other markets, and all together.

    All together only where the day is one day in every market.
    """
    excess = [(b, view.excess[b]["1d"]) for b in [*view.excess][:2]]
    facts = [(say("versus", lang, name=snapshot.name(b)[lang]), value, points(value)) for b, value in excess]
    home, own = _leg(view)
    facts += [_over(own, window, say(key, lang)) for key, window in (("week", "1w"), ("year", "ytd"))]
    if len(view.by_group) > 1 and "1d" not in view.not_comparable:
        everyone = say("all_members", lang, covered=view.covered, members=len(view.table))
        facts.append((everyone, view.returns_all["1d"], signed(view.returns_all["1d"])))
    parts = {g: p for g, p in view.by_group.items() if g != home}
    facts += [
        (f"{say(f'short_{g}', lang)} {session_of(view, g, lang)}", p["returns"]["1d"], signed(p["returns"]["1d"]))
        for g, p in parts.items()
    ]
    return html.grid(facts)


def _over(part: Mapping[str, Any], window: str, label: str) -> tuple[str, float, str]:
    """One window of a leg, for ``html.grid``; where not all members have it, of how many it speaks."""
    value, beside = part["returns"][window], short_of(part["coverage"][window], part["members"])
    return f"{label} {beside}".rstrip(), value, signed(value)


def _leg(view: BasketView) -> tuple[str, dict[str, Any]]:
    """The market of most members, and its part: a headline that mixed two markets' days would be of no day."""
    home = view.home
    whole = {"returns": view.returns, "coverage": view.coverage, "covered": view.covered, "members": len(view.table)}
    return home, view.by_group.get(home, whole)


def _stale_mark(view: BasketView, lang: str) -> str:
    """How many quotes of the home market's members are old, where the headline counts them."""
    old = int(home_rows(view)["stale"].eq(other=True).sum())
    return f'<span class="amber">{escape(say("old_quotes", lang, n=old))}</span>' if old else ""


# --- the map of a chain ------------------------------------------------------------------------------------------


def chain_map(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """Members by segment, the biggest market cap on top, cells growing with its root; colour = the move of the day."""
    weights = view.table["cap_cny"].pow(0.5)
    weights = weights.fillna(weights.median() if weights.notna().any() else 1.0)
    titles = [(s.id, s.name[lang]) for s in view.chain.segments] if view.chain else []
    columns = []
    for segment_id, title in (*titles, (None, say("segment_none", lang))):
        own = view.table["segment"].isna() if segment_id is None else view.table["segment"] == segment_id
        rows = view.table.loc[own].assign(weight=weights[own]).sort_values("weight", ascending=False)
        if len(rows):
            cells = [_cell(snapshot, row, lang) for _, row in rows.iterrows()]
            columns.append((title, float(rows["weight"].sum()), cells))
    return html.segments(columns)


def _cell(snapshot: Snapshot, row: pd.Series, lang: str) -> str:
    name = snapshot.name(row["ticker"])[lang]
    mark = say("suspended", lang) if row["suspended"] else ""
    title = f"{name} {row['ticker']} {signed(row['1d'])} · {origin(row, lang)}"
    return html.cell(name, row["1d"], float(row["weight"]), title, mark)


# --- overnight ---------------------------------------------------------------------------------------------------


def overnight(snapshot: Snapshot, lang: str) -> str:
    """US leaders' moves that the next A-share session has not seen, and the segments that they lead."""
    found = snapshot.overnight
    if not found.sessions or found.for_session is None:
        return f'<p class="soft">{escape(say("overnight_none", lang))}</p>'
    key = "overnight_running" if found.provisional else "overnight_for"
    shown = say(key, lang, sessions=_span(found.sessions, lang), day=day(found.for_session, lang))
    rows = [_overnight_row(snapshot, row, lang) for row in found.moves.dropna(subset="move").itertuples()]
    return f'<p class="soft" style="margin:0 0 4px">{escape(shown)}</p>{"".join(rows)}'


def _span(sessions: Sequence[Any], lang: str) -> str:
    if len(sessions) == 1:
        return day(sessions[0], lang)
    return say("overnight_sessions", lang, n=len(sessions), first=day(sessions[0], lang), last=day(sessions[-1], lang))


def _overnight_row(snapshot: Snapshot, row: Any, lang: str) -> str:
    titles = {(c.id, s.id): s.name[lang] for c in snapshot.universe.chains for s in c.segments}
    led = listed(dict.fromkeys(titles[x] for x in row.leads), lang)
    return (
        f'<div class="row" style="padding:2px 0;border-bottom:1px solid var(--line)">'
        f'<span class="name"><b>{escape(snapshot.name(row.ticker)[lang])}</b> <span class="soft">{escape(led)}</span></span>'
        f"{html.change(row.move)}</div>"
    )
