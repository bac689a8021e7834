"""The card of one security: price and move, why it is in, its windows, its closes, how dear it is, its flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.analysis.snapshot import SPARK, Snapshot
from basketwatch.domain import markets
from basketwatch.views import pe
from basketwatch.views.cards import chart, flags, parts
from basketwatch.views.cards.parts import Data
from basketwatch.words.text import DASH, day, percent, points, price, say, source_name

SHOWN = ("1d", "1w", "mtd", "ytd")
FLAGS = 4


def card(snapshot: Snapshot, ticker: str, lang: str) -> Data:
    """The card of a ticker that has a row in the snapshot. Raises KeyError for another."""
    row, group = snapshot.row(ticker), markets.group(ticker)
    name, session = parts.name_of(snapshot, ticker, lang), row["session"].date()
    limit = say(f"limit_{row['limit_state']}", lang) if isinstance(row["limit_state"], str) else ""
    return parts.whole(
        snapshot, "stock", {k: f"{v} {ticker}" for k, v in name.items()}, lang,
        sub=[f"{day(session, lang, weekday=True)} · {price(row['last'])} {markets.currency(ticker)}"],
        markets=parts.market_lines(snapshot, [group], session, lang),
        stamp=parts.stamp(snapshot, snapshot.table.loc[[ticker]], group, lang) if group in snapshot.markets else None,
        figure=parts.move(row["1d"]), chip=_chip(row, limit, lang), reason=_reason(snapshot, ticker, lang),
        table=_windows(snapshot, ticker, row, lang), chart=_chart(snapshot, ticker), closes=say("card_closes", lang, n=SPARK),
        facts=_facts(row, lang), pe=_pe(snapshot, ticker, lang), flags=_flags(snapshot, ticker, lang),
        foot=_foot(snapshot, ticker, row, lang), alt=f"{price(row['last'])} {parts.move(row['1d'])['text']}",
    )  # fmt: skip


def _chip(row: Mapping[Any, Any], limit: str, lang: str) -> Data | None:
    if row["suspended"]:
        return parts.figure(say("suspended", lang), "amber")
    if not limit:
        return None
    return parts.figure(
        limit, "amber" if "touched" in row["limit_state"] else "up" if row["limit_state"].endswith("up") else "down"
    )


def _reason(snapshot: Snapshot, ticker: str, lang: str) -> list[Data]:
    """Of each basket that it is in: the basket's name and why it is there."""
    out = []
    for view in snapshot.baskets:
        member = next((m for m in view.basket.members if m.ticker == ticker and ticker in view.table.index), None)
        if member:
            out.append({"basket": parts.named(view.basket.short, view.basket.id, lang),
                        "text": parts.cut(member.reason[lang], parts.REASON)})  # fmt: skip
    return out[:3]


def _windows(snapshot: Snapshot, ticker: str, row: Mapping[Any, Any], lang: str) -> Data:
    """The windows, and against the first benchmark of its basket where both ended together."""
    rows: list[Data] = [{"label": say("card_moves", lang), "cells": [parts.move(row[w]) for w in SHOWN]}]
    benchmarks = [b for v in snapshot.baskets if ticker in v.table.index for b in v.basket.benchmarks[:1]]
    for index in dict.fromkeys(b for b in benchmarks if b in snapshot.table.index and b != ticker):
        other = snapshot.row(index)
        if other["session"] == row["session"] and other["group"] == row["group"]:
            label = parts.against(snapshot, index, lang)
            rows.append({"label": label, "cells": [parts.move(row[w] - other[w], points) for w in SHOWN]})
    return {"head": [say(f"col_{w}", lang) for w in SHOWN], "rows": rows}


def _chart(snapshot: Snapshot, ticker: str) -> Data | None:
    """The last closes of the snapshot, adjusted; the highest and the lowest are labelled."""
    if ticker not in snapshot.closes:
        return None
    closes = snapshot.closes[ticker].dropna().iloc[-SPARK:]
    values = closes.to_numpy(dtype="float64")
    if len(values) < 2:
        return None
    ends = {"high": (float(values.max()), price(values.max())), "low": (float(values.min()), price(values.min()))}
    return chart.line(pd.Series(closes.index), np.asarray(values), ends)


def _facts(row: Mapping[Any, Any], lang: str) -> list[Data]:
    ratio = f"{row['volume_ratio']:.2f}" if pd.notna(row["volume_ratio"]) else DASH
    turnover, place = percent(row["turnover"], 2), percent(row["place_52w"], 0)
    named = (
        (say("col_volume_ratio", lang), ratio),
        (say("col_turnover", lang), turnover),
        (say("card_place", lang), place),
    )
    return [{"label": label, "figure": parts.figure(shown)} for label, shown in named]


def _pe(snapshot: Snapshot, ticker: str, lang: str) -> Data | None:
    reading = snapshot.valuations.get(ticker)
    if reading is None:
        return None
    window = pe.telling(reading.bands)
    place = float(reading.bands[window].percentile) if window else None
    label = f"{say(f'pe_short_{reading.key.definition}', lang)} {pe.figure_of(reading.pe, reading.losing, lang)}"
    return {
        "line": f"{label} · {pe.brief(reading, lang)}",
        "place": place,
        "tone": pe.tone(place) if place is not None else "soft",
    }


def _flags(snapshot: Snapshot, ticker: str, lang: str) -> list[Data]:
    told = snapshot.flags.loc[snapshot.flags["notice"] & (snapshot.flags["ticker"] == ticker)]
    each = [told.loc[[i]] for i in told.index[:FLAGS]]
    return [flags.line(snapshot, rows, lang) for rows in each]


def _foot(snapshot: Snapshot, ticker: str, row: Mapping[Any, Any], lang: str) -> list[Any]:
    reading = snapshot.valuations.get(ticker)
    dated = (
        [say("card_pe_to", lang, day=day(reading.session, lang), source=source_name(reading.key.source, lang))]
        if reading
        else []
    )
    rows = snapshot.table.loc[[ticker]]
    return [parts.prices_line(snapshot, rows, markets.group(ticker), lang), *dated, *parts.missing_line(snapshot, rows, lang),
            parts.signature(snapshot, [v.basket.id for v in snapshot.baskets if ticker in v.table.index], lang)]  # fmt: skip
