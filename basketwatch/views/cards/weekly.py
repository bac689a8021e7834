"""The weekly review as pages to print: the paragraph, week and year of all sectors, the PE, and every number in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from basketwatch.analysis import weekly
from basketwatch.analysis.prices import between
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.analysis.valuation.bands import FIXED
from basketwatch.analysis.valuation.baskets import thin
from basketwatch.analysis.weekly import SPANS, Review
from basketwatch.domain.markets import SECTORS
from basketwatch.views import pe, review, sectors
from basketwatch.views import valuation as pages
from basketwatch.views.cards import chart, parts
from basketwatch.views.cards.parts import Data
from basketwatch.views.cards.sectors import name
from basketwatch.words.text import DASH, price, say, signed

if TYPE_CHECKING:
    from basketwatch.analysis.valuation.bands import Band
    from basketwatch.domain.model import SeriesKey

WINDOW = "5y"  # of the chart


def card(snapshot: Snapshot, found: Review, histories: Mapping[SeriesKey, pd.DataFrame], lang: str) -> Data:
    """The pages of a review. ``histories``: the stored series of the sector; ``snapshot``: that of ``found.week.at``."""
    week = found.week
    number = say("card_weekly_number", lang, n=week.last.isocalendar().week)
    paragraphs = review.paragraphs(snapshot, found, lang)
    return parts.whole(
        snapshot, "weekly", say("review_title", lang, week=review.span(week, lang)), lang, number=number,
        markets=[], stamp=None, paragraphs=paragraphs,
        figures=[{"title": say(key, lang), "note": f"{_day(week.bases[s])} – {week.last}", "rows": _bars(snapshot, found, s, lang)}
                 for s, key in zip(SPANS, ("card_weekly_week", "card_weekly_year"), strict=True)],
        pe=_pe(snapshot, found, histories, lang), tables=[_indices(snapshot, found, lang), _sectors(snapshot, found, lang)],
        foot=[*review.notes(snapshot, found, lang), say("card_sectors_pe", lang),
              parts.signature(snapshot, [b.id for b in found.baskets], lang)],
        alt=" ".join(paragraphs),
    )  # fmt: skip


def _day(value: Any) -> str:
    return str(value) if value else DASH


def moves(snapshot: Snapshot, found: Review) -> dict[str, pd.Series]:
    """Span -> return of every ticker between the closes of the review."""
    closes = weekly.settled(snapshot, found.week.last)
    return {s: between(closes, found.week.bases[s], found.week.last) for s in SPANS}


def _bars(snapshot: Snapshot, found: Review, span: str, lang: str) -> list[Data]:
    """Sectors and indices, best first; unknown ones last."""
    values = moves(snapshot, found)[span]
    keys = [*(s.ticker for s in snapshot.universe.sectors), *found.compare]
    known = {k: float(values.get(k, np.nan)) for k in keys}
    order = sorted(keys, key=lambda k: (np.isnan(known[k]), -known[k] if known[k] == known[k] else 0.0))
    names = sectors.labels(snapshot, lang)
    stretches = chart.bars([known[k] for k in order])
    return [{"name": name(snapshot, k, names.get(k) or snapshot.name(k)[lang], lang), "figure": parts.move(known[k]),
             "bar": list(stretch), "kind": "index" if k in found.compare else "sector", "own": k == found.sector}
            for k, stretch in zip(order, stretches, strict=True)]  # fmt: skip


def _pe(snapshot: Snapshot, found: Review, histories: Mapping[SeriesKey, pd.DataFrame], lang: str) -> Data | None:
    """The sector's PE with mean and one standard deviation of the fixed window."""
    own = found.valuation
    if own is None or own.key not in histories:
        return None
    weeks, lines = thin(pages.within(histories[own.key], WINDOW)), _lines(own.bands.get(FIXED), lang)
    zones = [(lines["low"][0], lines["high"][0], "inner")] if lines else []
    drawn = chart.line(weeks["session"], chart.multiples(weeks), lines, zones)
    definition = say(f"pe_short_{own.key.definition}", lang)
    title = parts.worded(parts.name_of(snapshot, found.sector, lang), lambda n: f"{n} {definition}")
    note = f"{say(f'pe_window_{WINDOW}', lang)} · ±1σ {FIXED.replace('-', '–')}"
    return drawn and drawn | {"title": title, "note": note, "now": pe.rough(own.pe)}


def _lines(band: Band | None, lang: str) -> dict[str, tuple[float, str]]:
    """Mean and one standard deviation to either side; nothing of too few values."""
    if band is None or band.insufficient:
        return {}
    high, low = band.mean + band.std, band.mean - band.std
    return {"high": (high, f"+1σ {pe.rough(high)}"), "mean": (band.mean, say("card_mean", lang, x=pe.rough(band.mean))),
            "low": (low, f"−1σ {pe.rough(low)}")}  # fmt: skip


# --- tables ------------------------------------------------------------------------------------------------------


def _indices(snapshot: Snapshot, found: Review, lang: str) -> Data:
    """Indices, the sector and the baskets."""
    head = [say(f"review_col_{c}", lang) for c in ("name", "last", "week", "year", "rank", "year_rank")]
    rows: list[list[Any]] = [
        [parts.name_of(snapshot, t, lang), price(found.closes[t]), *(parts.move(own[s]) for s in SPANS),
         *(_rank(found.rank[s], SECTORS) if t == found.sector else "" for s in SPANS)]
        for t, own in found.returns.items()
    ]  # fmt: skip
    for own in found.baskets:
        view = snapshot.basket(own.id)
        label = parts.named(view.basket.short, own.id, lang) if view else parts.figure(own.id) | {"latin": own.id}
        counted = {k: f"{label[k]} {own.covered}/{own.members}" for k in ("text", "latin")}
        rows.append([counted, "", *(parts.move(own.returns[s]) for s in SPANS),
                     *(_rank(own.would_rank[s], SECTORS + 1) for s in SPANS)])  # fmt: skip
    return {"title": say("card_weekly_baskets", lang), "head": head, "rows": rows}


def _rank(rank: int | None, of: int) -> str:
    return DASH if rank is None else f"{rank}/{of}"


def _sectors(snapshot: Snapshot, found: Review, lang: str) -> Data:
    """Every sector: week, year, Shenwan's PE, its place in three years, and against the mean of the fixed window."""
    values, names = moves(snapshot, found), sectors.labels(snapshot, lang)
    board = sectors.board(snapshot, "1w", lang).set_index("key")
    order = weekly.ordered({t: values["1w"].get(t) for t in names})
    order += [t for t in names if t not in order]
    head = [say("col_name", lang), say("col_1w", lang), say("col_ytd", lang), say("pe_short_shenwan_pe", lang),
            say("pe_col_place", lang, window=say("pe_window_3y", lang)), say("sectors_col_premium", lang)]  # fmt: skip
    rows = [[name(snapshot, t, names[t], lang), *(parts.move(float(values[s].get(t, np.nan))) for s in SPANS),
             *_valued(board.loc[t])] for t in order]  # fmt: skip
    return {"title": say("card_weekly_table", lang), "head": head, "rows": rows}


def _valued(row: Any) -> list[Any]:
    tone = "ink" if row["tone"] == "soft" else str(row["tone"])
    place = f"p{np.floor(row['percentile'] * 100 + 1e-9):.0f}" if row["percentile"] == row["percentile"] else DASH
    return [pe.rough(row["pe"]) if row["pe"] > 0 else DASH, parts.figure(place, tone), signed(row["premium"], 1)]
