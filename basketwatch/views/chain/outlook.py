"""What is expected of a chain, in words: milestones on a line of time, forecasts held against themselves, risks, sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from basketwatch.analysis import milestones
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.model import Chain, Names
from basketwatch.domain.outlook import (
    SEEN,
    UNKNOWN,
    Estimate,
    Forecast,
    Growth,
    MacroDate,
    Milestone,
    Phase,
    Risk,
    Size,
    Span,
)
from basketwatch.views import html
from basketwatch.words.text import day, escape, joined, listed, points, say, signed

INDEX = "000300.SH"  # what a basket's move after a milestone is measured against
STYLE = """<style>
.bw .line{position:relative;margin:6px 0 4px;--label:110px}
.bw .line .years{display:flex;margin-left:var(--label);border-bottom:1px solid var(--line);color:var(--soft);font-size:11.5px}
.bw .line .years span{border-left:1px solid var(--line);padding-left:4px;overflow:hidden}
.bw .line .item{display:grid;grid-template-columns:var(--label) 1fr;align-items:center;min-height:34px;border-bottom:1px solid var(--line)}
.bw .line .item>b{font-size:12.5px;padding-right:6px}
.bw .line .lane{position:relative;height:30px}
.bw .line .lane span{position:absolute;top:3px;height:24px;border-radius:4px;border:1.5px solid var(--accent);color:var(--accent);
font-size:11.5px;line-height:21px;padding:0 5px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;background:var(--card)}
.bw .line .lane .came{background:var(--ink);border-color:var(--ink);color:var(--page)}
.bw .line .lane .slipped,.bw .line .lane .overdue{border-color:var(--amber);color:var(--amber)}
.bw .line .lane .was,.bw .line .lane .phase{border:1px dashed var(--soft);color:var(--soft)}
.bw .line .now{position:absolute;top:0;bottom:0;border-left:1.5px solid var(--amber);pointer-events:none}
.bw .wrapped summary{white-space:normal}
.bw ul.told{margin:6px 0 0;padding-left:18px;font-size:12.5px}.bw ul.told li{margin:3px 0}
@media (max-width:640px){.bw .line{--label:64px}}
</style>"""


def source(who: Names, at: Span, lang: str) -> str:
    """Who said it and when; a source that nobody has noted is said to be unknown."""
    name = say("source_unknown", lang) if who.zh == UNKNOWN else who[lang]
    return say("outlook_source", lang, source=name, date=at.text)


# --- milestones --------------------------------------------------------------------------------------------------


def timeline(chain: Chain, today: date, lang: str) -> str:
    """Milestones and phases on a line of years, one row an item, with today marked; empty without any."""
    outlook = chain.outlook
    spans = [m.window for m in outlook.milestones] + [p.window for p in outlook.phases]
    spans += [was for m in outlook.milestones for was in m.was]
    if not spans:
        return ""
    first = date(min(s.first.year for s in spans), 1, 1)
    last = date(max([today.year, *((s.last or s.first).year for s in spans)]), 12, 31)
    rows = [_phases(outlook.phases, first, last, lang)] if outlook.phases else []
    for item in dict.fromkeys(m.item for m in outlook.milestones):
        own = [m for m in outlook.milestones if m.item == item]
        rows.append(_row(item[lang], "".join(_bars(m, today, first, last, lang) for m in own)))
    share = _share(today, first, last)
    title, left = (
        say("milestone_today", lang, day=day(today, lang)),
        f"var(--label) + (100% - var(--label))*{share:.4f}",
    )
    now = f'<div class="now" title="{escape(title)}" style="left:calc({left})"></div>'
    return f'<div class="line">{_years(first, last)}{"".join(rows)}{now}</div>'


def _years(first: date, last: date) -> str:
    return '<div class="years">' + "".join(
        f'<span style="flex:1">{year}</span>' for year in range(first.year, last.year + 1)
    ) + "</div>"  # fmt: skip


def _row(label: str, lane: str) -> str:
    return f'<div class="item"><b>{escape(label)}</b><div class="lane">{lane}</div></div>'


def _phases(phases: Sequence[Phase], first: date, last: date, lang: str) -> str:
    bars = "".join(_bar("phase", p.window, p.name[lang], source(p.source, p.at, lang), first, last) for p in phases)
    return _row(say("phases_title", lang), bars)


def _bars(milestone: Milestone, today: date, first: date, last: date, lang: str) -> str:
    state = milestones.state_of(milestone, today)
    said = f"{milestone.name[lang]} · {say(f'milestone_{state}', lang)}"
    before = [
        _bar("was", was, milestone.name[lang], say("milestone_was", lang, was=was.text), first, last)
        for was in milestone.was
    ]
    return "".join([*before, _bar(state, milestone.window, said, said, first, last)])


def _bar(css: str, span: Span, label: str, hint: str, first: date, last: date) -> str:
    left, right = _share(span.first, first, last), _share((span.last or last) + timedelta(1), first, last)
    place = f"left:{left * 100:.2f}%;width:{max(right - left, 0.01) * 100:.2f}%"
    title = escape(f"{label} · {span.text} · {hint}" if hint != label else f"{label} · {span.text}")
    return f'<span class="{css}" style="{place}" title="{title}">{escape(label)}</span>'


def _share(at: date, first: date, last: date) -> float:
    """Where a day lies between two days; years are equally wide, as the heads are."""
    years = last.year - first.year + 1
    begin = date(at.year, 1, 1)
    length = (date(at.year + 1, 1, 1) - begin).days
    return min(1.0, max(0.0, (at.year - first.year + (at - begin).days / length) / years))


def told(snapshot: Snapshot, chain: Chain, today: date, lang: str) -> str:
    """Each milestone as a line: state, window, what became of it, and behind it the evidence with source and date."""
    view = next((v for v in snapshot.baskets if v.chain is not None and v.chain.id == chain.id), None)
    members = list(view.table.index[view.table["group"] == view.home]) if view else []
    rows = []
    for m in chain.outlook.milestones:
        parts = [say(f"milestone_{milestones.state_of(m, today)}", lang), m.window.text]
        parts += [say("milestone_was", lang, was=listed((w.text for w in m.was), lang))] if m.was else []
        parts += _after(snapshot, m, members, lang)
        parts += [listed((snapshot.name(t)[lang] for t in m.companies), lang)] if m.companies else []
        head = f"<b>{escape(m.item[lang])} {escape(m.name[lang])}</b> {escape(joined(parts, lang, 'phrases'))}"
        quotes = "".join(
            f"<li>{escape(e.text[lang])} — {escape(source(e.source, e.at, lang))}</li>" for e in m.evidence
        )
        rows.append(html.fold(head, f'<ul class="told">{quotes}</ul>') if quotes else f"<div>{head}</div>")
    rows += [_phase(snapshot, phase, lang) for phase in chain.outlook.phases]
    return f'<div class="wrapped">{"".join(rows)}</div>' if rows else ""


def _phase(snapshot: Snapshot, phase: Phase, lang: str) -> str:
    """A phase, the companies that its source names for it, and the source."""
    who = listed((snapshot.name(t)[lang] for t in phase.companies), lang)
    parts = [phase.window.text, *([who] if who else []), *([phase.text[lang]] if phase.text else [])]
    said = f"{joined(parts, lang, 'phrases')} — {source(phase.source, phase.at, lang)}"
    return (
        f'<div class="soft"><b>{escape(say("phases_title", lang))} {escape(phase.name[lang])}</b> {escape(said)}</div>'
    )


def _after(snapshot: Snapshot, milestone: Milestone, members: Sequence[str], lang: str) -> list[str]:
    if milestone.state != "came":
        return []
    if milestone.came is None:
        return [say("milestone_no_after", lang)]
    parts = [say("milestone_came_on", lang, day=milestone.came.isoformat())]
    moves = milestones.moves_after(milestone, snapshot.closes, members, INDEX)
    if moves is None:
        return [*parts, say("milestone_too_old", lang)]
    name = snapshot.name(INDEX)[lang]
    return [*parts, *(say("milestone_after", lang, n=n, index=name, value=points(move)) for n, move in moves.items())]


# --- forecasts ---------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A number of a forecast, as it was written: 0.4, 18, 920."""
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def value_of(estimate: Estimate, unit: Names, lang: str) -> str:
    """An estimate with its unit; a range where the source gives one."""
    shown = number(estimate.value)
    if estimate.high is not None:
        shown = say("forecast_range", lang, low=shown, high=number(estimate.high))
    return f"{shown}{unit[lang]}" if unit.zh == "%" else f"{shown} {unit[lang]}"


def forecasts(chain: Chain, lang: str) -> str:
    """Each item as a line: its values by year, what their growth comes to, and their sources."""
    items = []
    for forecast in chain.outlook.forecasts:
        parts = [
            say("forecast_value", lang, year=e.year, value=value_of(e, forecast.unit, lang)) for e in forecast.estimates
        ]
        grown = [] if _is_share(forecast) else [_reach(reach, lang) for reach in milestones.reaches(forecast)]
        sources = dict.fromkeys(source(e.source, e.at, lang) for e in forecast.estimates)
        items.append(
            f"<li><b>{escape(forecast.name[lang])}</b> {escape(joined([*parts, *grown], lang, 'clauses'))} "
            f'<span class="soft">— {escape(joined(sources, lang, "clauses"))}</span></li>'
        )
    return f'<ul class="told">{"".join(items)}</ul>' if items else ""


def _is_share(forecast: Forecast) -> bool:
    return forecast.unit.zh == "%"


def _reach(reach: milestones.Reach, lang: str) -> str:
    years, times = {"first": reach.first.year, "last": reach.last.year}, f"{reach.times:.3g}"
    return say("forecast_reach", lang, times=times, rate=signed(reach.rate, 0), **years)


def doubts(chain: Chain, lang: str) -> str:
    """What does not fit together: contradictions, growth as computed beside the source's words, revisions."""
    lines = []
    for forecast in chain.outlook.forecasts:
        lines += [(True, _contradiction(forecast, each, lang)) for each in milestones.contradictions(forecast)]
        lines += [(False, _growth(forecast, growth, lang)) for growth in forecast.growth]
        lines += [(False, _revision(forecast, old, new, lang)) for old, new in milestones.revisions(forecast)]
    mark = html.chip(say("forecast_contradiction", lang), "var(--amber)")
    items = "".join(f"<li>{mark + ' ' if marked else ''}{escape(text)}</li>" for marked, text in lines)
    return f'<ul class="told">{items}</ul>' if items else ""


def _contradiction(forecast: Forecast, each: milestones.Contradiction, lang: str) -> str:
    one, other = (f"{value_of(e, forecast.unit, lang)}{_quoted(e.text, lang)}" for e in (each.one, each.other))
    who = say("source_unknown", lang) if each.one.source.zh == UNKNOWN else each.one.source[lang]
    return say(
        "forecast_contradicts", lang, source=who, date=each.one.at.text, year=each.one.year, name=forecast.name[lang],
        one=one, other=other,
    )  # fmt: skip


def _quoted(text: Names | None, lang: str) -> str:
    return "" if text is None else f"「{text[lang]}」" if lang == "zh" else f" (“{text[lang]}”)"


def _growth(forecast: Forecast, growth: Growth, lang: str) -> str:
    times = milestones.times_of(growth)
    return say(
        "forecast_growth", lang, name=forecast.name[lang], rate=signed(growth.rate, 0), first=growth.first,
        last=growth.last, base=f"{1 + growth.rate:g}", years=growth.last - growth.first, times=f"{times:.2f}",
        more=f"{times - 1:.2f}", text=growth.text[lang] if growth.text else "–", source=source(growth.source, growth.at, lang),
    )  # fmt: skip


def _revision(forecast: Forecast, old: Estimate, new: Estimate, lang: str) -> str:
    values = {"old": value_of(old, forecast.unit, lang), "new": value_of(new, forecast.unit, lang)}
    return say(
        "forecast_revised", lang, name=forecast.name[lang], year=new.year, source=new.source[lang], before=old.at.text,
        after=new.at.text, **values,
    )  # fmt: skip


# --- sizes, risks, days ------------------------------------------------------------------------------------------


def size(one: Size, values: Sequence[float], lang: str) -> str:
    """A market's size multiplied from its inputs, beside what the source says."""
    low, high = one.computed(tuple(values))
    product = " × ".join(f"{number(v)} {f.name[lang]}" for f, v in zip(one.factors, values, strict=True))
    summed = say(
        "size_sum", lang, product=product, low=number(one.plus_low), high=number(one.plus_high), from_=number(low),
        to=number(high), unit=one.unit[lang],
    )  # fmt: skip
    said = say("size_said", lang, low=number(one.said_low), high=number(one.said_high), unit=one.unit[lang])
    return (
        f"<div><b>{escape(one.name[lang])} {one.year}</b> {escape(summed)}</div>"
        f'<div class="soft">{escape(said)} — {escape(source(one.source, one.at, lang))}</div>'
    )


def risks(rows: Iterable[Risk], lang: str) -> str:
    """Each risk with its state, and what would show it."""
    items = []
    for risk in rows:
        is_seen = risk.state == SEEN
        state = (
            say("risk_seen", lang, day=risk.seen.isoformat() if risk.seen else "?")
            if is_seen
            else say("risk_quiet", lang)
        )
        who = f" — {risk.seen_source[lang]}" if risk.seen_source else ""
        mark = html.chip(state, "var(--amber)" if is_seen else "var(--soft)")
        sign = say("risk_sign", lang, sign=risk.sign[lang])
        items.append(
            f'<li>{mark} <b>{escape(risk.name[lang])}</b>{escape(who)}<br><span class="soft">{escape(sign)} · '
            f"{escape(source(risk.source, risk.at, lang))}</span></li>"
        )
    return f'<ul class="told">{"".join(items)}</ul>' if items else ""


def macro(rows: Sequence[MacroDate], calendars: Mapping[str, Calendar], today: date, lang: str) -> str:
    """Days of publications, with the markets that are closed on them."""
    items = []
    for one in rows:
        trades = {g: _trades(c, one.day) for g, c in calendars.items()}
        closed = [say(f"short_{g}", lang) for g in milestones.closed_on(one.day, trades)]
        parts = [f"{day(one.day, lang, weekday=True)} {one.name[lang]}"]
        parts += [say("macro_closed", lang, markets=listed(closed, lang))] if closed else []
        parts += [say("macro_past", lang)] if one.day < today else []
        items.append(f"<li>{escape(joined(parts, lang, 'phrases'))}</li>")
    return f'<ul class="told">{"".join(items)}</ul>' if items else ""


def _trades(calendar: Calendar, at: date) -> bool | None:
    if calendar.bound is not None and at > calendar.bound:
        return None
    return calendar.session(at) is not None


def is_empty(chain: Chain) -> bool:
    """Whether nothing is expected of a chain."""
    o = chain.outlook
    return not (o.milestones or o.forecasts or o.phases or o.risks or o.sizes)


def drawable(chain: Chain) -> list[Forecast]:
    """Forecasts of units, of which a line can be drawn: positive values, no contradiction, no share in percent."""
    return [
        f for f in chain.outlook.forecasts
        if not _is_share(f) and not milestones.contradictions(f) and all(e.value > 0 and not math.isnan(e.value) for e in f.estimates)
    ]  # fmt: skip
