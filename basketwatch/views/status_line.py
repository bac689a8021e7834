"""The parts of the first line: market states and the age of the quotes. No pandas here: it is drawn before that is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from basketwatch.domain import markets
from basketwatch.domain.calendars import LIVE_FOR, MarketState
from basketwatch.domain.model import Freshness
from basketwatch.words.text import DASH, age, clock_time, day, escape, say, source_name


def dots(fresh: Mapping[str, Freshness], states: Mapping[str, MarketState], now: datetime, lang: str) -> list[str]:
    """A dot a market (open or closed, which session), then the age and source of its quotes."""
    shown = {g: states[g] for g in markets.GROUPS if g in states and markets.GROUP[g].in_first_line}
    out = [_dot(group, state, now, lang) for group, state in shown.items()]
    return out + _quotes_age(fresh, shown, now, lang)


def late(fresh: Mapping[str, Freshness], states: Mapping[str, MarketState], now: datetime) -> list[str]:
    """Groups that trade although their quotes are old."""
    trading = [g for g in fresh if g in states and states[g].phase == "open"]
    return [g for g in trading if now - fresh[g].fetched_at > LIVE_FOR]


def _quotes_age(
    fresh: Mapping[str, Freshness], states: Mapping[str, MarketState], now: datetime, lang: str
) -> list[str]:
    trading = [g for g, s in states.items() if s.phase == "open" and g in fresh]
    shown = trading or [g for g in ("CN", *fresh) if g in fresh][:1]
    behind = late(fresh, states, now)
    out = []
    for group in shown:
        span = now - fresh[group].fetched_at
        if span.total_seconds() < 0:
            continue  # a past day replayed: the quotes are not of it
        source = "+".join(source_name(s, lang) for s in fresh[group].sources) or DASH
        name = f"{say(f'group_{group}', lang)} " if len(shown) > 1 else ""
        label = name + say("quotes_age", lang, age=age(span, lang), source=source)
        out.append(f'<span class="{"amber" if group in behind else ""}">{escape(label)}</span>')
    return out


def _dot(group: str, state: MarketState, now: datetime, lang: str) -> str:
    name = say(f"short_{group}", lang)
    last = state.last_closed
    shown_last = day(last.day, lang) if last else DASH
    today = now.astimezone(markets.zone_of(group)).date()
    key = f"phase_{state.phase}"
    if state.phase == "holiday" and today.weekday() >= 5:
        key = "phase_weekend"
    time = clock_time(last.closes, group) if last else DASH
    if key == "phase_closed" and last and last.day != now.astimezone(markets.zone_of("CN")).date():
        time = f"{shown_last} {time}"  # New York's today is the mainland's yesterday
    label = say(key, lang, group=name, last=shown_last, time=time, today=day(today, lang))
    if not state.confirmed:
        label += f" ({say('unconfirmed', lang)})"
    on = " on" if state.phase == "open" else ""
    return f'<span><span class="dot{on}"></span>{escape(label)}</span>'
