"""The card of a valuation: one number, one verdict, one chart among its own years, every window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch.analysis.snapshot import Snapshot
from basketwatch.analysis.valuation.bands import FIXED, Band
from basketwatch.analysis.valuation.baskets import thin
from basketwatch.domain import markets
from basketwatch.domain.calendars import behind, settled_days
from basketwatch.views import pe
from basketwatch.views import valuation as pages
from basketwatch.views.cards import chart, parts, today
from basketwatch.views.cards.parts import Data
from basketwatch.views.valuation import ShownSeries
from basketwatch.words.text import DASH, day, percent, say, source_name, times

if TYPE_CHECKING:
    from basketwatch.domain.model import SeriesKey

WINDOWS = ("1y", "3y", "5y", "10y", FIXED)


def card(snapshot: Snapshot, subject: str, histories: Mapping[SeriesKey, pd.DataFrame], lang: str) -> Data:
    """The card of a ticker's or a basket's PE. ``histories``: the stored series of ``needs(snapshot, subject)``."""
    series, facts = _opened(snapshot, subject, histories, lang)
    window = pe.telling(series.bands)
    group, session = facts["group"], facts["session"]
    runs = verdict(series.pe, series.losing, series.bands, window, lang)
    leading = session if isinstance(session, date) else None
    return parts.whole(
        snapshot, "valuation", facts["title"], lang, sub=facts["sub"],
        markets=parts.market_lines(snapshot, [group], leading, lang), stamp=_stamp(snapshot, group, leading, lang),
        figure=parts.figure(_number(series, lang)), verdict=runs, chart=_chart(series, window, lang),
        place=float(series.bands[window].percentile) if window else None,
        head=[say(f"pe_col_{c}", lang) for c in ("window", "percentile", "mean", "range")],
        windows=_windows(series.bands, lang), foot=[*facts["foot"], parts.signature(snapshot, facts["baskets"], lang)],
        alt=f"{_number(series, lang)} · {today.plain(runs)}",
    )  # fmt: skip


def needs(snapshot: Snapshot, subject: str) -> list[str]:
    """Tickers whose stored histories the card draws; a basket brings its own."""
    reading = snapshot.valuations.get(subject)
    return [reading.key.ticker] if reading else []


def _number(series: ShownSeries, lang: str) -> str:
    return pe.figure_of(series.pe, True, lang) if series.losing else pe.rough(series.pe) if series.pe > 0 else DASH


# --- what is opened ----------------------------------------------------------------------------------------------


def _opened(
    snapshot: Snapshot, subject: str, histories: Mapping[SeriesKey, pd.DataFrame], lang: str
) -> tuple[ShownSeries, dict[str, Any]]:
    if subject in snapshot.basket_valuations:
        return pages.open_basket(snapshot, subject, "pe", lang), _of_basket(snapshot, subject, lang)
    which = next(iter(pe.series(snapshot.valuations[subject])))
    series = pages.open_series(snapshot, subject, which, histories, None, lang)
    return series, _of_ticker(snapshot, subject, series, lang)


def _of_basket(snapshot: Snapshot, subject: str, lang: str) -> dict[str, Any]:
    reading, view = snapshot.basket_valuations[subject], snapshot.basket(subject)
    now, group = pe.leg(reading), say(f"group_{reading.home}", lang)
    covered = say("card_home", lang, group=group, covered=now.covered, members=now.members)
    sources = " ".join(source_name(s, lang) for s in reading.sources)
    note = say("pe_members_note", lang, covered=reading.members_with_history, members=now.members, group=group)
    return {
        "title": today.heading(view, lang) if view else subject, "group": reading.home, "session": reading.session,
        "sub": [f"{say('pe_short_aggregate_ttm', lang)} · {covered}", _dated(reading.session, lang)],
        "foot": [say("pe_is_aggregate_ttm", lang), note,
                 " · ".join([say("card_losing", lang, n=now.losing), sources, say("pe_chart_note", lang)])],
        "baskets": [subject],
    }  # fmt: skip


def _of_ticker(snapshot: Snapshot, subject: str, series: ShownSeries, lang: str) -> dict[str, Any]:
    reading = snapshot.valuations[subject]
    name = parts.name_of(snapshot, subject, lang)
    notes = [series.note] if series.note else []
    return {
        "title": {"text": f"{name['text']} {subject}", "latin": f"{name['latin']} {subject}"},
        "group": markets.group(subject), "session": reading.session, "baskets": [],
        "sub": [say(f"pe_short_{reading.key.definition}", lang), _dated(reading.session, lang)],
        "foot": [say(f"pe_is_{reading.key.definition}", lang), *notes,
                 f"{source_name(reading.key.source, lang)} · {say('pe_chart_note', lang)}"],
    }  # fmt: skip


def _dated(session: date | None, lang: str) -> str:
    return say("card_close_of", lang, day=day(session, lang)) if session else DASH


def _stamp(snapshot: Snapshot, group: str, session: date | None, lang: str) -> Data | None:
    """A PE comes once a day: that of the session before is only said, an older one is stamped."""
    due = settled_days(snapshot.calendars, snapshot.now).get(group)
    lag = behind(snapshot.calendars[group], session, due) if due else 0
    if not lag:
        return None
    return {"text": say("card_old", lang, at=day(session, lang) if session else DASH), "loud": True} if lag > 1 else {
        "text": _dated(session, lang), "loud": False}  # fmt: skip


# --- what is said ------------------------------------------------------------------------------------------------


def verdict(pe_now: float, losing: bool, bands: Mapping[str, Band], window: str, lang: str) -> list[Data]:
    """近三年 p99，很贵：比均值 37.0 高 69%，z = +2.2; or why there is none."""
    if not window or losing:
        return [parts.figure(pe.verdict(pe_now, losing, bands.get(pe.USUAL), lang))]
    band = bands[window]
    tone = pe.tone(band.percentile)
    place = f"p{math.floor(band.percentile * 100 + 1e-9)}"
    said = say("card_verdict", lang, place=place, level=say(f"pe_level_{pe.level(band.percentile)}", lang))
    away = pe_now / band.mean - 1
    key = "card_above_mean" if away >= 0 else "card_below_mean"
    facts = {"mean": pe.rough(band.mean), "x": percent(abs(away)), "z": pe.signed_number(band.z)}
    return [parts.figure(say(f"pe_window_{window}", lang) + " "), parts.figure(said, "ink" if tone == "soft" else tone) | {"bold": True},
            parts.figure(say("card_colon", lang) + say(key, lang, **facts))]  # fmt: skip


def _chart(series: ShownSeries, window: str, lang: str) -> Data | None:
    """The history of the window among its quantiles and its mean."""
    if not window or not len(series.history):
        return None
    band = series.bands[window]
    lines = {
        q: (float(getattr(band, q)), f"p{q[1:]} {pe.rough(getattr(band, q))}") for q in ("q90", "q70", "q30", "q10")
    }
    lines["mean"] = (band.mean, say("card_mean", lang, x=pe.rough(band.mean)))
    weeks = thin(pages.within(series.history, window))
    zones = [(band.q10, band.q30, "outer"), (band.q30, band.q70, "inner"), (band.q70, band.q90, "outer")]
    drawn, tone = chart.line(weeks["session"], chart.multiples(weeks), lines, zones), pe.tone(band.percentile)
    return drawn and drawn | {"tone": "accent" if tone == "soft" else tone}


def _windows(bands: Mapping[str, Band], lang: str) -> list[Data]:
    """A row a window; one that holds the same values as a shorter one adds nothing and is left out."""
    seen, out = set(), []
    for window in (w for w in WINDOWS if w in bands):
        band = bands[window]
        if (band.n, band.first, band.last) in seen and not band.insufficient:
            continue
        seen.add((band.n, band.first, band.last))
        out.append(_window(window, band, lang))
    return out


def _window(window: str, band: Band, lang: str) -> Data:
    name = say(f"pe_window_{window}", lang)
    if band.insufficient:
        return {"name": name, "few": say("pe_few", lang, n=band.n)}
    known, tone = not math.isnan(band.percentile), pe.tone(band.percentile)
    place = f"p{math.floor(band.percentile * 100 + 1e-9)}" if known else DASH
    return {
        "name": name, "place": parts.figure(place, "ink" if known and tone == "soft" else tone), "few": "",
        "mean": times(band.mean) if band.mean < 10 else pe.rough(band.mean),
        "range": f"{pe.rough(band.minimum)}–{pe.rough(band.maximum)}",
    }  # fmt: skip
