"""The card of the sectors: all of Shenwan's first level, the indices and the baskets over the week, sorted, with their PE."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from basketwatch.analysis import weekly
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain import markets
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Names
from basketwatch.views import sectors
from basketwatch.views.cards import chart, parts
from basketwatch.views.cards.parts import Data
from basketwatch.words.text import DASH, day, say, source_name

WINDOW = "1w"


def card(snapshot: Snapshot, lang: str) -> Data:
    """The card of the sectors."""
    found = [s.ticker for s in snapshot.universe.sectors if s.ticker in snapshot.table.index]
    table = snapshot.table.loc[found]
    rows = bars(snapshot, sectors.board(snapshot, WINDOW, lang).to_dict("records"), lang)
    state = snapshot.markets.get(weekly.HOME)
    leading = state.session.day if state and state.session else None
    gone = sectors.missing(snapshot, WINDOW, lang)
    return parts.whole(
        snapshot, "sectors", f"{say('page_sectors', lang)} · {say('week', lang)}", lang,
        sub=[say("card_sectors_of", lang, n=SECTORS), sectors.span(snapshot, WINDOW, lang)],
        markets=parts.market_lines(snapshot, [weekly.HOME], leading, lang),
        stamp=parts.stamp(snapshot, table, weekly.HOME, lang), rows=rows, key=say("card_sectors_key", lang),
        foot=[*([gone] if gone else []), say("card_sectors_pe", lang), _sources(snapshot, found, leading, lang),
              parts.signature(snapshot, [v.basket.id for v in snapshot.baskets], lang)],
        alt=" · ".join(f"{r['name']['text']} {r['figure']['text']}" for r in [*rows[:3], *rows[-1:]]),
    )  # fmt: skip


def bars(snapshot: Snapshot, rows: list[dict[Any, Any]], lang: str) -> list[Data]:
    """Rows of ``sectors.board`` as bars. ``own``: the benchmark of a basket, to be set apart."""
    own = {b for view in snapshot.baskets for b in view.basket.benchmarks[:1]}
    stretches = chart.bars([float(row["value"]) for row in rows])
    return [{
        "name": name(snapshot, str(row["key"]), str(row["name"]), lang), "figure": parts.move(row["value"]), "bar": list(stretch),
        "kind": row["kind"], "own": row["key"] in own, "place": _place(row),
    } for row, stretch in zip(rows, stretches, strict=True)]  # fmt: skip


def name(snapshot: Snapshot, key: str, shown: str, lang: str) -> Data:
    """The name of a row of the board, as the board has it."""
    view = snapshot.basket(key)
    names = view.basket.short if view else snapshot.name(key)
    return {"text": parts.cut(shown), "latin": parts.latin(Names(shown, shown if lang == "en" else names.en), key)}


def _place(row: Mapping[Any, Any]) -> Data:
    value = float(row["percentile"])
    if math.isnan(value):
        return parts.figure(DASH, "soft")
    return parts.figure(f"p{math.floor(value * 100 + 1e-9)}", str(row["tone"]) if row["tone"] != "soft" else "flat")


def _sources(snapshot: Snapshot, tickers: list[str], leading: Any, lang: str) -> str:
    """Whose closes and whose PEs, up to which session."""
    rows = snapshot.table.loc[tickers]
    prices = " ".join(dict.fromkeys(source_name(s, lang) for s in rows["source"].dropna()))
    read = [snapshot.valuations[t] for t in tickers if t in snapshot.valuations and markets.kind(t) == "sector"]
    shown = [say("card_prices", lang, at=day(leading, lang) if leading else DASH, source=prices or DASH)]
    if read:
        sources = " ".join(dict.fromkeys(source_name(r.key.source, lang) for r in read))
        shown.append(say("card_pe_to", lang, day=day(min(r.session for r in read), lang), source=sources))
    return " · ".join(shown)
