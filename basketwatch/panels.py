"""From the picture to what is drawn: the panels of the pages as finished HTML, without Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch import markup, valuation_view, valuation_words
from basketwatch.analysis.prices import WINDOWS
from basketwatch.analysis.snapshot import SECTORS, BasketView, Picture, against, home_of
from basketwatch.domain import markets
from basketwatch.words.text import DASH, clock_time, day, escape, points, price, say, signed, source_name

if TYPE_CHECKING:
    from basketwatch.charts.bands import Figure
    from basketwatch.domain.model import SeriesKey

LEADERS = 3


# --- benchmarks --------------------------------------------------------------------------------------------------


def benchmarks(seen: Picture, lang: str) -> str:
    """The strip of benchmark tiles."""
    return markup.tiles(_tile(seen, b.ticker, b.name[lang], lang) for b in seen.house.benchmarks)


def _tile(seen: Picture, ticker: str, name: str, lang: str) -> str:
    if ticker not in seen.table.index:
        return markup.tile(name, DASH, None, (), say("state_no_data", lang))
    row = seen.row(ticker)
    note, under = _age_note(seen, row, lang), valuation_words.tile_note(seen, ticker, lang)
    return markup.tile(name, price(row["last"]), row["1d"], row["spark"], note, origin(row, lang), under)


def _age_note(seen: Picture, row: pd.Series, lang: str) -> str:
    """Of when an old quote is: its day, or the time where that is today."""
    if not row["stale"]:
        return ""
    session, group = row["session"].date(), row["group"]
    if pd.notna(row["quote_time"]) and session == seen.now.astimezone(markets.zone_of(group)).date():
        return say("stale_at", lang, time=clock_time(row["quote_time"], group))
    return say("stale_since", lang, day=day(session, lang))


def origin(row: pd.Series, lang: str) -> str:
    """Source, session and time of a row, for a tooltip."""
    if pd.isna(row["session"]):
        return say("state_no_data", lang)
    parts = [source_name(row["source"], lang), row["session"].date().isoformat()]
    if pd.notna(row["quote_time"]):
        parts.append(clock_time(row["quote_time"], markets.group(row["ticker"])))
    if pd.notna(row["delay_minutes"]) and row["delay_minutes"] > 0:
        parts.append(say("delayed", lang, n=int(row["delay_minutes"])))
    return " · ".join(parts)


# --- basket cards ------------------------------------------------------------------------------------------------


def title(view: BasketView, lang: str) -> str:
    """A basket's heading: its short name, and the long one where that says more."""
    short, long = view.basket.short[lang], view.basket.name[lang]
    return long if short.casefold() in long.casefold() else f"{short} {long}"


def card(seen: Picture, view: BasketView, lang: str) -> str:
    """The upper part of a basket's card on Today: the day against the benchmarks, and how many rose."""
    home, own = _leg(view)
    value = own["returns"]["1d"]
    method = escape(say("equal_weight", lang, covered=own["covered"], members=own["members"]))
    head = (
        f'<div class="row"><span class="soft" title="{method}">'
        f"{escape(_leg_label(view, home, lang))}</span>{_stale_mark(view, lang)}"
        f"{markup.change(value, css='big')}</div>"
    )
    rule = '<div class="rule"></div>'
    return head + _series_line(seen, view) + rule + _relative(seen, view, lang) + rule + _breadth(view, lang)


def movers(seen: Picture, view: BasketView, lang: str) -> str:
    """The lower part of a card: where its PE stands, who moved it most."""
    live = view.table.loc[~view.table["stale"].fillna(value=True).astype(bool), "1d"].dropna()
    ranked = view.table.loc[live.sort_values(ascending=False, kind="stable").index]
    each = min(LEADERS, (len(ranked) + 1) // 2)  # nobody stands on both sides but the middle one of three
    best = [(seen.name(t)[lang], ranked["1d"][t]) for t in ranked.index[:each]]
    worst = [(seen.name(t)[lang], ranked["1d"][t]) for t in ranked.index[::-1][: len(ranked) - each][:each]]
    valued = seen.basket_valuations.get(view.basket.id)
    told = valuation_words.card_help(valued, lang) if valued else ""
    track = valuation_words.track(valued.bands, told) if valued else ""
    return f'{track}<div class="rule"></div>{markup.pairs(best, worst)}'


def _series_line(seen: Picture, view: BasketView) -> str:
    values = seen.lines.get(view.basket.id, [])
    return markup.spark(values, height=34)


def _relative(seen: Picture, view: BasketView, lang: str) -> str:
    """Excess over the first two benchmarks, week and year to date of the home leg; all members, and the other legs."""
    excess = [(b, view.excess[b]["1d"]) for b in view.basket.benchmarks[:2] if b in view.excess]
    facts = [(say("versus", lang, name=seen.name(b)[lang]), value, points(value)) for b, value in excess]
    home, own = _leg(view)
    facts += [_over(own, window, say(key, lang)) for key, window in (("week", "1w"), ("year", "ytd"))]
    if len(view.by_group) > 1:
        everyone = say("all_members", lang, covered=view.covered, members=len(view.table))
        facts.append((everyone, view.returns["1d"], signed(view.returns["1d"])))
    parts = {g: p for g, p in view.by_group.items() if g != home}
    facts += [
        (_leg_label(view, g, lang, brief=True), p["returns"]["1d"], signed(p["returns"]["1d"]))
        for g, p in parts.items()
    ]
    return markup.grid(facts)


def _over(part: Mapping[str, Any], window: str, label: str) -> tuple[str, float, str]:
    """One window of a leg, for ``markup.grid``; where not all members have it, of how many it speaks."""
    value, beside = part["returns"][window], _short_of(part["coverage"][window], part["members"])
    return f"{label} {beside}".rstrip(), value, signed(value)


def _leg(view: BasketView) -> tuple[str, dict[str, Any]]:
    """The market of most members, and its part: a headline that mixed two markets' days would be of no day."""
    home = home_of(view)
    whole = {"returns": view.returns, "coverage": view.coverage, "covered": view.covered, "members": len(view.table)}
    return home, view.by_group.get(home, whole)


def _leg_label(view: BasketView, group: str, lang: str, *, brief: bool = False) -> str:
    """A leg's market, coverage and day: A股 26/26 等权 · 7月3日."""
    part = view.by_group.get(group)
    days = view.table.loc[view.table["group"] == group, "session"].dropna()
    on = day(days.max().date(), lang) if len(days) else DASH
    count = f"{part['covered']}/{part['members']}" if part else DASH
    if brief:
        return f"{say(f'short_{group}', lang)} {on}"
    return f"{say(f'group_{group}', lang)} {count} · {on}"


def _stale_mark(view: BasketView, lang: str) -> str:
    """How many members' quotes are old, where the headline counts them."""
    old = int(view.table["stale"].eq(other=True).sum())
    return f'<span class="amber">{escape(say("old_quotes", lang, n=old))}</span>' if old else ""


def _breadth(view: BasketView, lang: str) -> str:
    b = view.breadth
    counts = [f"<span class='soft'>{escape(say('breadth', lang, **b))}</span>"]
    marks = (
        ("limit_up", "limit_ups", "up"),
        ("limit_down", "limit_downs", "down"),
        ("suspended", "suspended_n", "amber"),
    )
    counts += [f"<span class='{css}'>{escape(say(key, lang, n=b[what]))}</span>" for what, key, css in marks if b[what]]
    rank = view.would_rank["1w"]
    ranked = escape(say("would_rank", lang, rank=rank, of=SECTORS + 1)) if rank else "&nbsp;"
    return (
        markup.breadth_bar(b)
        + f'<div class="facts" style="margin-top:4px">{"".join(counts)}</div><div class="soft">{ranked}</div>'
    )


# --- the map of a chain ------------------------------------------------------------------------------------------


def chain_map(seen: Picture, view: BasketView, lang: str) -> str:
    """Members by segment, the biggest market cap on top, cells growing with its root; colour = the move of the day."""
    weights = view.table["cap_cny"].pow(0.5)
    weights = weights.fillna(weights.median() if weights.notna().any() else 1.0)
    titles = [(s.id, s.name[lang]) for s in view.chain.segments] if view.chain else []
    columns = []
    for segment_id, title in (*titles, (None, say("segment_none", lang))):
        own = view.table["segment"].isna() if segment_id is None else view.table["segment"] == segment_id
        rows = view.table.loc[own].assign(weight=weights[own]).sort_values("weight", ascending=False)
        if len(rows):
            cells = [_cell(seen, row, lang) for _, row in rows.iterrows()]
            columns.append((title, float(rows["weight"].sum()), cells))
    return markup.segments(columns)


def _cell(seen: Picture, row: pd.Series, lang: str) -> str:
    name = seen.name(row["ticker"])[lang]
    mark = say("suspended", lang) if row["suspended"] else ""
    title = f"{name} {row['ticker']} {signed(row['1d'])} · {origin(row, lang)}"
    return markup.cell(name, row["1d"], float(row["weight"]), title, mark)


# --- overnight ---------------------------------------------------------------------------------------------------


def overnight(seen: Picture, lang: str) -> str:
    """US leaders' moves that the next A-share session has not seen, and the segments that they lead."""
    found = seen.overnight
    if not found.sessions or found.for_session is None:
        return f'<p class="soft">{escape(say("overnight_none", lang))}</p>'
    key = "overnight_running" if found.provisional else "overnight_for"
    shown = say(key, lang, sessions=_span(found.sessions, lang), day=day(found.for_session, lang))
    rows = [_overnight_row(seen, row, lang) for row in found.moves.dropna(subset="move").itertuples()]
    return f'<p class="soft" style="margin:0 0 4px">{escape(shown)}</p>{"".join(rows)}'


def _span(sessions: Sequence[Any], lang: str) -> str:
    if len(sessions) == 1:
        return day(sessions[0], lang)
    return say("overnight_sessions", lang, n=len(sessions), first=day(sessions[0], lang), last=day(sessions[-1], lang))


def _overnight_row(seen: Picture, row: Any, lang: str) -> str:
    titles = {(c.id, s.id): s.name[lang] for c in seen.house.chains for s in c.segments}
    led = (
        "、".join(dict.fromkeys(titles[x] for x in row.leads))
        if lang == "zh"
        else ", ".join(dict.fromkeys(titles[x] for x in row.leads))
    )
    return (
        f'<div class="row" style="padding:2px 0;border-bottom:1px solid var(--line)">'
        f'<span class="name"><b>{escape(seen.name(row.ticker)[lang])}</b> <span class="soft">{escape(led)}</span></span>'
        f"{markup.change(row.move)}</div>"
    )


def beside(seen: Picture, lang: str) -> str:
    """Hong Kong, Taiwan and Korea names of the chains: their own last session, beside the US ones."""
    tickers = dict.fromkeys(
        t for c in seen.house.chains for s in c.segments for t in s.overseas if markets.group(t) in ("HK", "TW", "KR")
    )
    rows = []
    for ticker in (t for t in tickers if t in seen.table.index):
        row = seen.row(ticker)
        label = f"{say('group_' + row['group'], lang)} {day(row['session'].date(), lang)}"
        rows.append(
            f'<div class="row" style="padding:2px 0;border-bottom:1px solid var(--line)" title="{escape(origin(row, lang))}">'
            f'<span class="name"><b>{escape(seen.name(ticker)[lang])}</b> <span class="soft">{escape(label)}</span></span>'
            f"{markup.change(row['1d'])}</div>"
        )
    return (
        f'<p class="soft" style="margin:8px 0 2px">{escape(say("abroad_beside", lang))}</p>{"".join(rows)}'
        if rows
        else ""
    )


# --- basket page -------------------------------------------------------------------------------------------------


def summary(seen: Picture, view: BasketView, lang: str) -> str:
    """Returns over every window: the basket equal- and cap-weighted, its parts by market, its excess.

    A figure that not all of the row's members have a share in is dotted, and says of how many it speaks; of the basket
    and its parts the line below says it too.
    """
    members, sizes = len(view.table), view.table["group"].value_counts()
    rows = [_summary_row(view.basket.short[lang], view.returns, (view.coverage, members))]
    rows.append(_summary_row(say("cap_weight", lang), view.returns_cap, (view.coverage_cap, members), soft=True))
    if len(view.by_group) > 1:
        for group, part in view.by_group.items():
            label = f"{say('group_' + group, lang)} {part['covered']}/{part['members']}"
            rows.append(_summary_row(label, part["returns"], (part["coverage"], part["members"]), soft=True))
    for ticker, values in view.excess.items():
        label = say("relative", lang, name=seen.name(ticker)[lang])
        counts = view.excess_coverage[ticker], int(sizes.get(markets.group(ticker), 0))
        rows.append(_summary_row(label, values, counts, points, soft=True))
    return markup.table(["", *(say(f"col_{w}", lang) for w in WINDOWS)], rows) + _partly(view, lang)


def _partly(view: BasketView, lang: str) -> str:
    """Of how many members the basket's figures speak where not all of them go back that far, part by part; else ""."""
    whole = (view.basket.short[lang], view.coverage, len(view.table))
    parts = [(say(f"group_{g}", lang), p["coverage"], p["members"]) for g, p in view.by_group.items()]
    told = []
    for name, coverage, members in (whole, *(parts if len(parts) > 1 else ())):
        short = {w: _short_of(coverage[w], members) for w in WINDOWS}
        for n in dict.fromkeys(n for n in short.values() if n):
            alike = (say(f"col_{w}", lang) for w, count in short.items() if count == n)
            told.append(f"{name} {n} ({', '.join(alike)})" if lang == "en" else f"{name} {n}（{'、'.join(alike)}）")
    if not told:
        return ""
    listed = ("；" if lang == "zh" else "; ").join(told)
    return f'<div class="soft" style="font-size:12px;margin-top:5px">{escape(say("partly", lang, counts=listed))}</div>'


def members_line(view: BasketView, lang: str) -> str:
    """Breadth of a basket, and the rank that its mainland members would take among the sectors."""
    return f'<div class="rule"></div>{_breadth(view, lang)}'


def valued_line(seen: Picture, view: BasketView, lang: str) -> str:
    """The basket's PE and its place, with what stands behind it one click away; "" where nothing is known."""
    found = seen.basket_valuations.get(view.basket.id)
    if found is None:
        return ""
    line = f'<span style="color:var(--ink)">{escape(valuation_words.card_line(found, lang))}</span>'
    folded = markup.fold(line, valuation_words.basket_facts(found, lang))
    return f'<div class="rule"></div>{folded}{valuation_words.track(found.bands)}'


def _summary_row(
    label: str, values: Mapping[str, float], counts: tuple[Mapping[str, int], int], write: Any = signed, *,
    soft: bool = False,
) -> list[str]:  # fmt: skip
    name = f'<span class="{"soft" if soft else "num"}">{escape(label)}</span>'
    coverage, members = counts
    beside = {w: _short_of(coverage[w], members) for w in WINDOWS}
    return [name, *(markup.change(values[w], write(values[w]), css="num of" if n else "num", title=n)
                    for w, n in beside.items())]  # fmt: skip


def _short_of(covered: int, members: int) -> str:
    """24/27 beside a figure that not all members have a share in; nothing where all have, or none."""
    return f"{covered}/{members}" if 0 < covered < members else ""


def stock_head(seen: Picture, view: BasketView, ticker: str, lang: str) -> str:
    """Name, last, change, segment and the reason for membership of the stock that was opened."""
    member = next((m for m in view.basket.members if m.ticker == ticker), None)
    row = seen.row(ticker)
    reason = ""
    if member:
        since = " · " + say("stock_since", lang, since=member.since.isoformat())
        known = member.since <= seen.now.date()  # not yet on a past day replayed, nor in the demo market
        reason = f'<div class="soft">{escape(member.reason[lang])}{escape(since) if known else ""}</div>'
    limit = say(f"limit_{row['limit_state']}", lang) if isinstance(row["limit_state"], str) else ""
    mark = markup.chip(limit, "var(--amber)") if limit else ""
    return (
        f'<div class="dots"><span style="font-size:18px;font-weight:700;color:var(--ink)">{escape(seen.name(ticker)[lang])}'
        f'</span><span>{escape(ticker)}</span><span class="num" style="font-size:18px;color:var(--ink)">'
        f"{escape(price(row['last']))}</span>{markup.change(row['1d'])}{mark}</div>{reason}"
    )


def stock_chart(
    seen: Picture, ticker: str, look: str, bars: pd.DataFrame | None, histories: Mapping[SeriesKey, pd.DataFrame],
    said: pd.DataFrame, lang: str, *, dark: bool, green_up: bool,
) -> tuple[Figure | None, str]:  # fmt: skip
    """One of ``valuation_view.stock_looks`` as a figure (None where there is nothing to draw), and what to say under it.

    ``said``: the log of flags, of which the ticker's own are marked on the candles.
    """
    from basketwatch import charts, flags_view

    if look != "candles":
        return valuation_view.stock_chart(seen, ticker, look, histories, lang, dark=dark)
    if bars is None or len(bars) < 2:
        return None, say("no_bars", lang)
    marks = flags_view.marks(said.loc[said["ticker"] == ticker], lang)
    note = say("stock_candles_flags" if len(marks) else "stock_candles", lang)
    return charts.candles(bars, marks, dark=dark, green_up=green_up), note


def series_chart(seen: Picture, view: BasketView, window: str, lang: str, *, dark: bool) -> tuple[Figure, int]:
    """The basket against its benchmarks over ``window``, rebased, and how many members the basket's line holds."""
    from basketwatch import charts

    lines, held = against(seen, view, window)
    titles = {t: seen.name(t)[lang] for t in lines} | {view.basket.id: view.basket.short[lang]}
    return charts.rebased(lines, titles, dark), held
