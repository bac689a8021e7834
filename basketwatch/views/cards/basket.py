"""The card of one basket: its windows against its benchmarks, who is in and how each moved, how dear it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from basketwatch.analysis.snapshot import BasketView, Snapshot, home_rows
from basketwatch.domain import markets
from basketwatch.views import pe
from basketwatch.views.basket import market_label
from basketwatch.views.cards import parts, today
from basketwatch.views.cards.parts import Data
from basketwatch.words.text import DASH, day, points, say, signed

MEMBERS = 30
SHOWN = ("1d", "1w", "mtd", "ytd")


def card(snapshot: Snapshot, view: BasketView, lang: str) -> Data:
    """The card of a basket."""
    rows, group = home_rows(view), view.home
    newest = rows["session"].max()
    leading = newest.date() if pd.notna(newest) else None
    groups = {str(g) for g in view.table["group"]} | {markets.group(b) for b in view.excess}
    return parts.whole(
        snapshot, "basket", today.heading(view, lang), lang,
        sub=[f"{day(leading, lang, weekday=True) if leading else DASH} · {today.count(view, lang)}"],
        markets=parts.market_lines(snapshot, groups, leading, lang), stamp=parts.stamp(snapshot, rows, group, lang),
        figure=parts.move(view.returns["1d"]), breadth={k: view.breadth[k] for k in ("up", "flat", "down")},
        table=windows(snapshot, view, lang), abroad=_abroad(view, lang), **_members(snapshot, rows, group, lang),
        limits=today.limits(snapshot, rows, lang), pe=_pe(snapshot, view, lang), foot=_foot(snapshot, view, rows, lang),
        alt=f"{signed(view.returns['1d'])} · {today.count(view, lang)}",
    )  # fmt: skip


def windows(snapshot: Snapshot, view: BasketView, lang: str) -> Data:
    """Rows of windows: equal weight, cap weight, the excess over each benchmark of the home market."""
    rows = [_row(say("card_equal", lang), view.returns), _row(say("card_cap", lang), view.returns_cap)]
    for ticker, values in view.excess.items():
        if markets.group(ticker) == view.home:
            label = parts.against(snapshot, ticker, lang)
            rows.append({"label": label, "cells": [parts.move(values[w], points) for w in SHOWN]})
    return {"head": [say(f"col_{w}", lang) for w in SHOWN], "rows": rows}


def _row(label: str, values: Mapping[str, float]) -> Data:
    return {"label": label, "cells": [parts.move(values[w]) for w in SHOWN]}


def _abroad(view: BasketView, lang: str) -> list[Data]:
    """The other markets, each with its count, its session and its move of that day."""
    others = [g for g in view.by_group if g != view.home]
    return [
        {"label": market_label(view, g, lang), "figure": parts.move(view.by_group[g]["returns"]["1d"])} for g in others
    ]


def _members(snapshot: Snapshot, rows: pd.DataFrame, group: str, lang: str) -> Data:
    """The home market's members that are up to date, best first: both ends where they are too many."""
    ranked = today.ranked_day(rows)
    kept, rest = ranked, 0
    if len(ranked) > MEMBERS:
        kept, rest = pd.concat([ranked.iloc[: MEMBERS // 2], ranked.iloc[-MEMBERS // 2 :]]), len(ranked) - MEMBERS
    shown = [{"name": parts.name_of(snapshot, str(t), lang), "figure": parts.move(float(v))} for t, v in kept.items()]
    label = say("card_members", lang, group=say(f"group_{group}", lang), n=len(ranked))
    return {"members": shown, "members_title": label, "rest": say("card_rest", lang, n=rest) if rest else ""}


def _pe(snapshot: Snapshot, view: BasketView, lang: str) -> Data | None:
    """The line of the PE, and the place on its track."""
    reading = snapshot.basket_valuations.get(view.basket.id)
    if reading is None:
        return None
    window = pe.telling(reading.bands)
    place = float(reading.bands[window].percentile) if window else None
    return {
        "line": pe.card_line(reading, lang),
        "place": place,
        "tone": pe.tone(place) if place is not None else "soft",
    }


def _foot(snapshot: Snapshot, view: BasketView, rows: pd.DataFrame, lang: str) -> list[Any]:
    reading = snapshot.basket_valuations.get(view.basket.id)
    method = say("card_equal_method", lang, group=say(f"group_{view.home}", lang))
    dated = today.pe_to([reading], lang) if reading and reading.session else []
    everyone = parts.missing_line(snapshot, view.table, lang)
    return [parts.prices_line(snapshot, rows, view.home, lang), " · ".join([method, *dated]), *everyone,
            parts.signature(snapshot, [view.basket.id], lang)]  # fmt: skip
