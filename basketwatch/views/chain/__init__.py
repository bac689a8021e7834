"""The Chain page's map: segments in the order of the goods, mainland companies above, those abroad below them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from basketwatch.analysis import chain as measured
from basketwatch.analysis.chain import Place, SegmentView
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain.model import Chain
from basketwatch.views import html, pe
from basketwatch.views.colours import NO_STEP, STEPS_OF_GREEN, STEPS_OF_PE, STEPS_OF_RED
from basketwatch.views.origin import origin
from basketwatch.words.text import DASH, day, escape, joined, listed, say, signed

WINDOWS = ("1d", "1w", "ytd")
PE = "pe"
LIMITS = {"1d": (0.01, 0.03, 0.06), "1w": (0.015, 0.045, 0.09), "ytd": (0.10, 0.30, 0.60)}  # between the steps
_PE_LIMITS = (0.1, 0.3, 0.7, 0.9)
_MARKS = "◆◇▲△■□"  # of the other chains in which a company stands


def _rule(name: str, step: tuple[str, str]) -> str:
    return f".bw .{name}{{background:{step[0]};color:{step[1]}}}"


STYLE = (
    "<style>"
    + "".join(
        _rule(f"u{n}", step) + f".bw.greenup .d{n}{{background:{step[0]};color:{step[1]}}}"
        for n, step in enumerate(STEPS_OF_RED, 1)
    )
    + "".join(
        _rule(f"d{n}", step) + f".bw.greenup .u{n}{{background:{step[0]};color:{step[1]}}}"
        for n, step in enumerate(STEPS_OF_GREEN, 1)
    )
    + "".join(_rule(f"p{n}", step) for n, step in enumerate(STEPS_OF_PE, 1))
    + _rule("u0", NO_STEP)
    + """
.bw .chain{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);grid-template-rows:repeat(5,auto);gap:4px 6px}
.bw .chain section{display:grid;grid-template-rows:subgrid;grid-row:span 5;min-width:0;
grid-template-columns:minmax(0,1fr)}
.bw .chain .head{background:color-mix(in srgb,var(--accent) 9%,var(--card));border-radius:4px;padding:6px 9px;min-width:0;
clip-path:polygon(0 0,calc(100% - 8px) 0,100% 50%,calc(100% - 8px) 100%,0 100%)}
.bw .chain .head b{display:block;font-size:13.5px;line-height:1.3}
.bw .chain .head span{display:inline-block;margin-right:8px;font-size:12px}
.bw .chain .side{color:var(--soft);font-size:12px;white-space:nowrap;padding-top:4px;height:24px}
.bw .chain .cells{display:flex;flex-direction:column;gap:3px}
.bw .chain a.co,.bw .chain .co{display:flex;align-items:center;gap:5px;height:31px;border-radius:4px;padding:0 7px;
text-decoration:none;font-size:12.5px}
.bw .chain a.co:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
.bw .chain .co .name{flex:1 1 auto}.bw .chain .co i{font-style:normal;font-size:10.5px;border:1px solid currentColor;
border-radius:3px;padding:0 3px;white-space:nowrap;opacity:.85}
.bw .chain .none{border:1px dashed var(--line);color:var(--soft);justify-content:center}
.bw .chain .unknown{background:var(--track);color:var(--ink)}
.bw .stepkey{display:inline-flex;align-items:center;gap:0 2px;font-size:11.5px;color:var(--soft);flex-wrap:wrap}
.bw .stepkey b{display:inline-block;width:34px;height:12px;border-radius:2px}
.bw .stepkey em{font-style:normal;margin:0 5px}
@media (max-width:1150px){.bw .chain{display:block}.bw .chain section{display:block;margin-bottom:10px}
.bw .chain .cells{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr))}
.bw .chain .head{clip-path:none}.bw .chain .side.empty{display:none}}
@media (max-width:640px){.bw .chain .cells{grid-template-columns:1fr}}
@media print{.bw .chain section{break-inside:avoid}}
</style>"""
)


def labels(snapshot: Snapshot, lang: str) -> dict[str, str]:
    """Chain id -> its label: the short name of the first basket that follows it, else its own name."""
    short = {b.chain: b.short[lang] for b in reversed(snapshot.universe.baskets) if b.chain}
    order = [b.chain for b in snapshot.universe.baskets if b.chain]
    chains = {c.id: short.get(c.id, c.name[lang]) for c in snapshot.universe.chains}
    return {key: chains[key] for key in dict.fromkeys([*order, *chains]) if key in chains}


def statuses(places: Mapping[str, Place], lang: str) -> dict[str, str]:
    """The statuses that companies of the chain have, with ``""`` for all of them first."""
    found = dict.fromkeys(p.member.status for p in places.values() if p.member and p.member.status)
    return {"": say("chain_every_status", lang)} | {s: say(f"status_{s}", lang) for s in found}


def map_of(snapshot: Snapshot, chain: Chain, places: Mapping[str, Place], colour: str, status: str, lang: str) -> str:
    """The whole map. ``colour``: a window or PE; ``status``: only companies of that status, ``""`` for all."""
    marks = _marks(places)
    parts = []
    for number, view in enumerate(measured.segments(snapshot, chain)):
        cells = [_cells(snapshot, rows, places, marks, colour, status, lang) for rows in (view.home, view.abroad)]
        sides = _sides(snapshot, chain, places, lang) if number == 0 else ("", "")
        parts.append(
            f"<section>{_head(view, colour, lang)}"
            f'{_side(sides[0])}<div class="cells">{cells[0]}</div>'
            f'{_side(sides[1])}<div class="cells">{cells[1]}</div></section>'
        )
    return f'<div class="chain">{"".join(parts)}</div>'


def _side(text: str) -> str:
    return f'<div class="side{"" if text else " empty"}">{escape(text)}</div>'


def _marks(places: Mapping[str, Place]) -> dict[str, str]:
    """Other chain id -> its mark."""
    others = dict.fromkeys(c.id for place in places.values() for c in place.chains)
    return {key: _MARKS[n % len(_MARKS)] for n, key in enumerate(others)}


def legend(snapshot: Snapshot, places: Mapping[str, Place], colour: str, lang: str) -> str:
    """What the colours and the marks mean."""
    marks, names = _marks(places), labels(snapshot, lang)
    also = " ".join(escape(say("chain_also", lang, mark=mark, name=names[key])) for key, mark in marks.items())
    if colour == PE:
        steps = "".join(f'<b class="p{n}"></b>' for n in range(1, len(STEPS_OF_PE) + 1))
        title = say("chain_pe_key", lang, window=say("pe_brief_3y", lang))
        return f'<span class="stepkey"><em>p0</em>{steps}<em>p100</em><em>{escape(title)}</em><em>{also}</em></span>'
    low, mid, high = (f"{limit * 100:g}%" for limit in LIMITS[colour])
    down = "".join(f'<b class="d{n}"></b>' for n in range(4, 0, -1))
    up = "".join(f'<b class="u{n}"></b>' for n in range(1, 5))
    title = say("chain_return_key", lang, name=say(f"chain_by_{colour}", lang))
    return (
        f'<span class="stepkey"><em>−{high} −{mid} −{low}</em>{down}<b class="u0"></b>{up}<em>+{low} +{mid} +{high}</em>'
        f"<em>{escape(title)}</em><em>{also}</em></span>"
    )


def _sides(snapshot: Snapshot, chain: Chain, places: Mapping[str, Place], lang: str) -> tuple[str, str]:
    """The lines over the mainland block and over the block abroad: how many are covered, of which session."""
    home, abroad = measured.companies(chain, dict(places))
    rows = snapshot.table.reindex(home)
    newest = rows["session"].max()
    known = int((rows["1d"].notna() & (rows["session"] == newest)).sum())
    session = day(newest.date(), lang) if len(home) and newest == newest else DASH
    other = int(snapshot.table.reindex(abroad)["1d"].notna().sum())
    return (
        say("chain_home", lang, n=known, members=len(home), day=session),
        say("chain_abroad", lang, n=other, members=len(abroad)) if abroad else "",
    )


def _head(view: SegmentView, colour: str, lang: str) -> str:
    """A segment's name and the figures of its mainland companies."""
    window = colour if colour in WINDOWS else "1d"
    name = f"<b>{escape(view.segment.name[lang])}</b>"
    if not len(view.home):
        return f'<div class="head">{name}<span class="soft">{escape(say("chain_nobody", lang))}</span></div>'
    median, n = view.medians[window], view.coverage[window]
    shown = html.change(median, say("chain_median", lang, value=signed(median)))
    count = say("chain_breadth", lang, up=view.breadth["up"], down=view.breadth["down"])
    facts = f'<span>{shown}</span><span class="soft">{escape(count)} · {n}/{len(view.home)}</span>'
    return f'<div class="head">{name}{facts}{_pe_fact(view, lang)}</div>'


def _pe_fact(view: SegmentView, lang: str) -> str:
    now = view.pe
    if now is None or math.isnan(now.earnings_yield):
        return f'<span class="soft">{escape(say("chain_no_pe", lang))}</span>'
    told = say("chain_pe_of", lang, n=now.covered, members=now.members, losing=now.losing)
    value = say("chain_pe", lang, value=pe.figure_of(now.pe, pe.loses(now), lang))
    return f'<span class="soft" title="{escape(told)}">{escape(value)}</span>'


def _cells(
    snapshot: Snapshot, rows: Any, places: Mapping[str, Place], marks: Mapping[str, str], colour: str, status: str,
    lang: str,
) -> str:  # fmt: skip
    """A side of a segment, the largest first; a dash for a side that has nobody."""
    keyed = [(_value(snapshot, row, colour), row) for _, row in rows.iterrows() if _has(places[row["ticker"]], status)]
    if not keyed:
        return f'<span class="co none">{escape(say("chain_nobody", lang))}</span>'
    ordered = sorted(keyed, key=lambda pair: (math.isnan(pair[0]), -pair[0] if not math.isnan(pair[0]) else 0))
    return "".join(_cell(snapshot, row, value, places[row["ticker"]], marks, colour, lang) for value, row in ordered)


def _has(place: Place, status: str) -> bool:
    return not status or (place.member is not None and place.member.status == status)


def _value(snapshot: Snapshot, row: Any, colour: str) -> float:
    if colour in WINDOWS:
        return float(row[colour])
    reading = snapshot.valuations.get(row["ticker"])
    window = pe.telling(reading.bands) if reading else ""
    return reading.bands[window].percentile if reading and window else float("nan")


def step(value: float, colour: str) -> str:
    """CSS class of a value's cell."""
    if math.isnan(value):
        return "unknown"
    if colour == PE:
        return f"p{1 + sum(value >= limit for limit in _PE_LIMITS)}"
    if abs(value) < 0.00005:
        return "u0"
    size = 1 + sum(abs(value) >= limit for limit in LIMITS[colour])
    return f"{'u' if value > 0 else 'd'}{size}"


def _cell(
    snapshot: Snapshot, row: Any, value: float, place: Place, marks: Mapping[str, str], colour: str, lang: str
) -> str:
    name = snapshot.name(row["ticker"])[lang]
    status = place.member.status if place.member else ""
    badge = f"<i>{escape(say(f'status_{status}', lang))}</i>" if status else ""
    also = "".join(marks[c.id] for c in place.chains)
    shown = (
        _percentile(snapshot, row["ticker"], lang)
        if colour == PE
        else say("suspended", lang)
        if row["suspended"]
        else signed(value)
    )
    inner = f'<span class="name">{escape(name)}</span>{badge}{also}<span class="num">{escape(shown)}</span>'
    hint, css = escape(_hint(snapshot, row, place, lang)), f"co {step(value, colour)}"
    address = _address(snapshot, row["ticker"], place, lang)
    if not address:
        return f'<span class="{css}" title="{hint}">{inner}</span>'
    return f'<a class="{css}" title="{hint}" href="{escape(address)}">{inner}</a>'


def _percentile(snapshot: Snapshot, ticker: str, lang: str) -> str:
    reading = snapshot.valuations.get(ticker)
    if reading is None:
        return DASH
    window = pe.telling(reading.bands)
    return say("pe_losing", lang) if reading.losing else pe.rank(reading.bands, window, lang) if window else DASH


def _hint(snapshot: Snapshot, row: Any, place: Place, lang: str) -> str:
    """What stands behind a cell: who, why, its PE, its numbers' origin."""
    reading = snapshot.valuations.get(row["ticker"])
    parts = [f"{snapshot.name(row['ticker'])[lang]} {row['ticker']}"]
    parts.append(place.member.reason[lang] if place.member else say("chain_not_member", lang))
    if place.share_of:
        parts.append(say("chain_share_of", lang, name=snapshot.name(place.share_of)[lang]))
    if reading:
        parts.append(
            f"PE {pe.figure_of(reading.pe, reading.losing, lang)} {_percentile(snapshot, row['ticker'], lang)}".strip()
        )
    if place.chains:
        names = labels(snapshot, lang)
        parts.append(say("chain_also", lang, mark="", name=listed((names[c.id] for c in place.chains), lang)).strip())
    if row["session"] == row["session"]:
        parts.append(origin(row, lang))
    return joined(parts, lang, "clauses")


def _address(snapshot: Snapshot, ticker: str, place: Place, lang: str) -> str:
    """Where a click on a company leads: its stock in its basket, else its PE; nowhere where nothing is known of it."""
    demo = {"demo": "1"} if snapshot.demo else {}
    if place.basket is not None:
        return f"/basket?{urlencode({'basket': place.basket.id, 'ticker': ticker, 'lang': lang, **demo})}"
    if ticker in snapshot.valuations:
        return f"/valuation?{urlencode({'ticker': ticker, 'lang': lang, **demo})}"
    return ""
