"""The Basket page: summary, members, one stock."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch.analysis.periods import Period
from basketwatch.analysis.prices import WINDOWS
from basketwatch.analysis.snapshot import BasketView, Snapshot, against
from basketwatch.domain import markets
from basketwatch.domain.markets import SECTORS
from basketwatch.views import html, pe, valuation
from basketwatch.views.origin import origin
from basketwatch.words.text import DASH, day, escape, joined, listed, points, price, say, signed

if TYPE_CHECKING:
    from basketwatch.domain.model import SeriesKey
    from basketwatch.views.charts.bands import Figure


def beside(snapshot: Snapshot, lang: str) -> str:
    """Names of the chains from markets that stand beside the US (``Market.beside``): their own last session, beside the US ones."""
    tickers = dict.fromkeys(
        t for c in snapshot.universe.chains for s in c.segments for t in s.overseas if markets.split(t)[1].beside
    )
    rows = []
    for ticker in (t for t in tickers if t in snapshot.table.index):
        row = snapshot.row(ticker)
        label = f"{say('group_' + row['group'], lang)} {day(row['session'].date(), lang)}"
        rows.append(
            f'<div class="row" style="padding:2px 0;border-bottom:1px solid var(--line)" title="{escape(origin(row, lang))}">'
            f'<span class="name"><b>{escape(snapshot.name(ticker)[lang])}</b> <span class="soft">{escape(label)}</span></span>'
            f"{html.change(row['1d'])}</div>"
        )
    return (
        f'<p class="soft" style="margin:8px 0 2px">{escape(say("abroad_beside", lang))}</p>{"".join(rows)}'
        if rows
        else ""
    )


# --- basket page -------------------------------------------------------------------------------------------------


def top(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """Every window against every benchmark, and under it how many members, and what they cost."""
    return summary(snapshot, view, lang) + members_line(view, lang) + valued_line(snapshot, view, lang)


def summary(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """Returns over every window: the home market equal- and cap-weighted, the other markets, all where they compare.

    Below them each benchmark with the excess over it, so that the subtraction can be checked. A figure that not all of
    the row's members have a share in is dotted, and says of how many it speaks; the line below says it too.
    """
    members = view.home_members
    rows = [_summary_row(market_label(view, view.home, lang), view.returns, (view.coverage, members))]
    rows.append(_summary_row(say("cap_weight", lang), view.returns_cap, (view.coverage_cap, members), soft=True))
    for group, part in view.by_group.items():
        if group != view.home:
            spoken = part["coverage"], part["members"]
            rows.append(_summary_row(market_label(view, group, lang), part["returns"], spoken, soft=True))
    if len(view.by_group) > 1:
        label, spoken = _all(view, lang), (view.coverage_all, len(view.table))
        reasons = {w: why_apart(each, lang) for w, each in view.not_comparable.items()}
        rows.append(_summary_row(label, view.returns_all, spoken, soft=True, reasons=reasons))
    for ticker, values in view.excess.items():
        name, spoken = snapshot.name(ticker)[lang], (view.excess_coverage[ticker], members)
        rows.append(_summary_row(name, snapshot.row(ticker), ({}, 0), soft=True))
        if markets.group(ticker) != view.home:
            continue  # another market's day: nothing to subtract
        rows.append(_summary_row(say("relative", lang, name=name), values, spoken, points, soft=True))
    for ticker in view.basket.etf:  # a fund of the theme stands beside the basket and is in none of its figures
        if ticker in snapshot.table.index:
            name = say("etf_beside", lang, name=snapshot.name(ticker)[lang])
            rows.append(_summary_row(name, snapshot.row(ticker), ({}, 0), soft=True))
    return html.table(["", *(say(f"col_{w}", lang) for w in WINDOWS)], rows) + _partly(view, lang) + _apart(view, lang)


def _all(view: BasketView, lang: str) -> str:
    return say("all_members", lang, covered=view.covered, members=len(view.table))


def market_label(view: BasketView, group: str, lang: str) -> str:
    """A market's members with a return of the day, and its session: A股 26/26 · 7月3日."""
    part = view.by_group.get(group)
    count = f"{part['covered']}/{part['members']}" if part else DASH
    return f"{say(f'group_{group}', lang)} {count} · {session_of(view, group, lang)}"


def session_of(view: BasketView, group: str, lang: str) -> str:
    """The session that a market's figures end with, as a day."""
    part = view.by_group.get(group)
    return day(part["session"], lang) if part and part["session"] else DASH


def why_apart(periods: Mapping[str, Period], lang: str) -> str:
    """Why all members have no figure over a window: the dates from which and to which it goes in each market."""
    spans = [
        say("period_of", lang, market=say(f"short_{g}", lang), base=p.base or DASH, end=p.end)
        for g, p in periods.items()
    ]
    return say("not_comparable", lang, spans=joined(spans, lang, "clauses"))


def _partly(view: BasketView, lang: str) -> str:
    """Of how many members the figures speak where not all of them go back that far, market by market; else ""."""
    lines = []
    for group, part in view.by_group.items():
        short = {w: short_of(part["coverage"][w], part["members"]) for w in WINDOWS}
        for n in dict.fromkeys(n for n in short.values() if n):
            alike = (say(f"col_{w}", lang) for w, count in short.items() if count == n)
            name, windows = say(f"group_{group}", lang), listed(alike, lang)
            lines.append(f"{name} {n} ({windows})" if lang == "en" else f"{name} {n}（{windows}）")
    if not lines:
        return ""
    return _beneath(say("partly", lang, counts=joined(lines, lang, "clauses")))


def _apart(view: BasketView, lang: str) -> str:
    """Which windows have no figure of all members, where there is no pointer to rest on the dash; else ""."""
    windows = listed((say(f"col_{w}", lang) for w in view.not_comparable), lang)
    return _beneath(say("all_apart", lang, windows=windows)) if windows else ""


def _beneath(text: str) -> str:
    return f'<div class="soft" style="font-size:12px;margin-top:5px">{escape(text)}</div>'


def members_line(view: BasketView, lang: str) -> str:
    """Breadth of a basket's home market, and the rank that it would take among the sectors."""
    return f'<div class="rule"></div>{breadth(view, lang)}'


def valued_line(snapshot: Snapshot, view: BasketView, lang: str) -> str:
    """The basket's PE and its place, with what stands behind it one click away; "" where nothing is known."""
    found = snapshot.basket_valuations.get(view.basket.id)
    if found is None:
        return ""
    line = f'<span style="color:var(--ink)">{escape(pe.card_line(found, lang))}</span>'
    folded = html.fold(line, pe.basket_facts(found, lang))
    return f'<div class="rule"></div>{folded}{pe.track(found.bands)}'


def _summary_row(
    label: str, values: Mapping[Any, Any], counts: tuple[Mapping[str, int], int], write: Any = signed, *,
    soft: bool = False, reasons: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:  # fmt: skip
    name = f'<span class="{"soft" if soft else "num"}">{escape(label)}</span>'
    coverage, members = counts
    beside = {w: reasons.get(w) or short_of(coverage.get(w, 0), members) for w in WINDOWS}
    return [name, *(html.change(values[w], write(values[w]), css="num of" if n else "num", title=n)
                    for w, n in beside.items())]  # fmt: skip


def short_of(covered: int, members: int) -> str:
    """24/27 beside a figure that not all members have a share in; nothing where all have, or none."""
    return f"{covered}/{members}" if 0 < covered < members else ""


def stock_head(snapshot: Snapshot, view: BasketView, ticker: str, lang: str) -> str:
    """Name, last, change, segment and the reason for membership of the stock that was opened."""
    member = next((m for m in view.basket.members if m.ticker == ticker), None)
    row: Any = view.table.loc[ticker]  # a member without any data has one too
    reason = ""
    if member:
        since = " · " + say("stock_since", lang, since=member.since.isoformat())
        known = member.since <= snapshot.now.date()  # not yet on a past day replayed, nor in the demo market
        reason = f'<div class="soft">{escape(member.reason[lang])}{escape(since) if known else ""}</div>'
    limit = say(f"limit_{row['limit_state']}", lang) if isinstance(row["limit_state"], str) else ""
    mark = html.chip(limit, "var(--amber)") if limit else ""
    return (
        f'<div class="dots"><span style="font-size:18px;font-weight:700;color:var(--ink)">{escape(snapshot.name(ticker)[lang])}'
        f'</span><span>{escape(ticker)}</span><span class="num" style="font-size:18px;color:var(--ink)">'
        f"{escape(price(row['last']))}</span>{html.change(row['1d'])}{mark}</div>{reason}"
    )


def stock_chart(
    snapshot: Snapshot, ticker: str, look: str, bars: pd.DataFrame | None, histories: Mapping[SeriesKey, pd.DataFrame],
    flag_rows: pd.DataFrame, lang: str, *, dark: bool, green_up: bool,
) -> tuple[Figure | None, str]:  # fmt: skip
    """One of ``valuation.stock_looks`` as a figure (None where there is nothing to draw), and what to say under it.

    ``flag_rows``: the log of flags, of which the ticker's own are marked on the candles.
    """
    from basketwatch.views import charts, flags

    if look != "candles":
        return valuation.stock_chart(snapshot, ticker, look, histories, lang, dark=dark)
    if bars is None or len(bars) < 2:
        return None, say("no_bars", lang)
    marks = flags.marks(flag_rows.loc[flag_rows["ticker"] == ticker], lang)
    note = say("stock_candles_flags" if len(marks) else "stock_candles", lang)
    return charts.candles(bars, marks, dark=dark, green_up=green_up), note


def spans(lang: str) -> dict[str, str]:
    """The windows over which a basket is drawn."""
    return {window: say(f"window_{window}", lang) for window in ("60d", "ytd", "250d")}


def whose(lang: str) -> dict[str, str]:
    """Whose line is drawn: today's members, or those of each day."""
    return {who: say(f"series_{who}", lang) for who in ("today", "of_day")}


def series_chart(
    snapshot: Snapshot, view: BasketView, window: str, lang: str, *, dark: bool, of_day: bool = False
) -> tuple[Figure | None, str]:
    """The basket against its benchmarks over ``window``, rebased, and a sentence that says whose line it is.

    ``of_day``: with the members of each day; no figure where nobody was a member.
    """
    from basketwatch.views import charts

    lines, held = against(snapshot, view, window, of_day=of_day)
    if of_day and not lines:
        first = min(m.since for m in view.basket.members)
        return None, say("series_nobody", lang, day=day(first, lang))
    titles = {t: snapshot.name(t)[lang] for t in lines} | {view.basket.id: view.basket.short[lang]}
    note = say("series_note", lang, held=held, members=view.home_members)
    if of_day:
        note = say("series_note_dated", lang, held=held, day=day(lines[view.basket.id].index[0].date(), lang))
    return charts.rebased(lines, titles, dark), note


def breadth(view: BasketView, lang: str) -> str:
    """Counts up, flat and down as a bar and in words, and where the basket would rank this week."""
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
        html.breadth_bar(b)
        + f'<div class="facts" style="margin-top:4px">{"".join(counts)}</div><div class="soft">{ranked}</div>'
    )
