"""The weekly review in words and as JSON (``report --json``): the paragraph that a sector weekly prints, zh and en.

Figures are those of ``weekly.review``; only here are they rounded. Wording follows the signs of what is printed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from basketwatch import clock
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.analysis.valuation.bands import FIXED
from basketwatch.analysis.weekly import FULL, SPANS, Review, Week
from basketwatch.clock import iso
from basketwatch.domain.markets import SECTORS
from basketwatch.views import json
from basketwatch.words.text import day, joined, listed, plain, price, say, sentence, signed, source_name

if TYPE_CHECKING:
    from basketwatch.analysis.valuation.readings import PeReading

PLACE = "3y"  # the window of the percentile
LEVEL = 0.00005  # what prints as 0.00 %


# --- JSON --------------------------------------------------------------------------------------------------------


def as_json(snapshot: Snapshot, review: Review, lang: str) -> dict[str, Any]:
    """The object of ``report --json``: fractions, unrounded, None for what is unknown."""
    week = review.week
    return {
        "now": iso(clock.now()), "demo": snapshot.demo, "version": snapshot.version,
        "week": {"from": _iso(week.base), "to": _iso(week.last)} | _sessions(week),
        "year_base": _iso(week.year_base),
        "sector": review.sector, "compare": list(review.compare),
        "returns": {t: _numbers(own) for t, own in review.returns.items()},
        "excess": {t: _numbers(own) for t, own in review.excess.items()},
        "rank": {**review.rank, "of": SECTORS},
        "missing": {w: list(review.missing[w]) for w in SPANS},
        "valuation": json.valuation(review.valuation),
        "baskets": [{
            "id": b.id, "returns": _numbers(b.returns), "would_rank": b.would_rank, "of": SECTORS + 1,
            "covered": b.covered, "members": b.members,
        } for b in review.baskets],
        "abroad": [{"ticker": a.ticker, "to": _iso(a.session), "returns": {"1w": json.number(a.value)}}
                   for a in review.abroad],
        "problems": [{"where": p.where, "message": sentence(p, lang), "severity": p.severity} for p in review.problems],
        "markdown": markdown(snapshot, review, lang),
    }  # fmt: skip


def _sessions(week: Week) -> dict[str, Any]:
    return {"first": _iso(week.first), "sessions": week.sessions, "over": week.over, "asked": _iso(week.asked)}


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _numbers(values: dict[str, float]) -> dict[str, float | None]:
    return {w: json.number(v) for w, v in values.items()}


# --- Markdown ----------------------------------------------------------------------------------------------------


def markdown(snapshot: Snapshot, review: Review, lang: str) -> str:
    """The review as a Markdown page: title, paragraphs, table, where the numbers come from."""
    title = say("review_title", lang, week=span(review.week, lang))
    badge = [f"**{say('demo_badge', lang)}**"] if snapshot.demo else []
    parts = [f"# {title}", *badge, *map(plain_text, paragraphs(snapshot, review, lang)), _table(snapshot, review, lang)]
    return "\n\n".join([*parts, *map(plain_text, notes(snapshot, review, lang))]) + "\n"


def plain_text(value: str) -> str:
    """A sentence whose names may hold markup, as Markdown shows it verbatim; ordinary text stays as it is."""
    return "".join(plain(c) if c in "\\`*_[]<>|#~$" else c for c in value)


def paragraphs(snapshot: Snapshot, review: Review, lang: str) -> list[str]:
    """Week, year to date, valuation, baskets and abroad, each a paragraph of plain text."""
    week = review.week
    skipped = say(
        "review_skipped", lang, first=day(week.asked, lang), last=day(week.asked + timedelta(days=6), lang)
    ) if week.skipped else ""  # fmt: skip
    parts = [
        skipped + (" " if skipped and lang == "en" else "") + _moved(snapshot, review, "1w", lang),
        _moved(snapshot, review, "ytd", lang),
        _valuation(snapshot, review, lang),
        _baskets(snapshot, review, lang),
        _abroad(snapshot, review, lang),
    ]
    return [p for p in parts if p]


def notes(snapshot: Snapshot, review: Review, lang: str) -> list[str]:
    """The sessions behind the returns, the sources, and what is missing."""
    week = review.week
    basis = say(
        "review_basis", lang, base=_full(week.base, lang), year=_full(week.year_base, lang), last=_full(week.last, lang)
    )
    named = listed([source_name(s, lang) for s in review.sources], lang, complete=True)
    gaps = [f"{_where(snapshot, p.where, lang)} – {sentence(p, lang)}" for p in review.problems]
    sources = [say("review_sources", lang, sources=named)] if named else []
    return [joined([basis, *sources], lang), *(say("review_gap", lang, what=g) for g in gaps)]


def _where(snapshot: Snapshot, where: str, lang: str) -> str:
    view = snapshot.basket(where)
    if view:
        return view.basket.short[lang]
    return snapshot.name(where)[lang] if "." in where else where


# --- week and year -----------------------------------------------------------------------------------------------


def _moved(snapshot: Snapshot, review: Review, span: str, lang: str) -> str:
    """The sentence of a span: the indices, the sector, its excess over each, its rank."""
    name, rank = sector_name(snapshot, review.sector, lang), _rank(snapshot, review, span, lang)
    tense = "year" if span == "ytd" and review.week.relation != "past" else "week"
    own = _move(name, review.returns[review.sector][span], tense, lang)
    against = _against(snapshot, review, span, lang)
    opening = _opening(review.week, lang) if span == "1w" else _year(review.week, lang)
    if lang == "zh":
        others = [_move(snapshot.name(i)[lang], review.returns[i][span], tense, lang) for i in review.compare]
        return joined((opening, *others, own, against, rank), lang, "phrases") + "。"
    told = joined((opening, own, against), lang, "phrases")
    return f"{told}; {rank}." if rank else f"{told}."


def _move(name: str, value: float, tense: str, lang: str) -> str:
    """沪深300下跌0.54%: what a week did, or what a year that goes on has done so far."""
    if not np.isfinite(value):
        return say("review_unknown", lang, name=name)
    turn = "flat" if abs(value) < LEVEL else "up" if value > 0 else "down"
    return say(f"review_{tense}_{turn}", lang, name=name, x=_percent(value))


def _against(snapshot: Snapshot, review: Review, span: str, lang: str) -> str:
    """分别跑输沪深300和创业板指8.64和5.02个百分点; one by one where the signs differ."""
    known = [(i, review.excess[i][span]) for i in review.compare if np.isfinite(review.excess[i][span])]
    names = [_compared(snapshot, review, i, span, lang) for i, _ in known]
    signs = {0 if abs(v) < LEVEL else 1 if v > 0 else -1 for _, v in known}
    if len(known) > 1 and len(signs) == 1 and 0 not in signs:
        verb = say("review_beats" if signs == {1} else "review_trails", lang)
        return say("review_against_all", lang, verb=verb, compared=_together(names, [v for _, v in known], lang))
    each = [_one(n, v, lang) for n, (_, v) in zip(names, known, strict=True)]
    return listed(each, lang, complete=lang == "en")


def _together(names: list[str], values: list[float], lang: str) -> str:
    """沪深300和创业板指8.64和5.02 / CSI 300 by 8.64 and ChiNext by 5.02."""
    shown = [_percent(v) for v in values]
    if lang == "zh":
        gap = " " if names[-1][-1].isascii() else ""
        return listed(names, lang, complete=True) + gap + listed(shown, lang, complete=True)
    told = [say("review_by", lang, name=n, x=x) for n, x in zip(names, shown, strict=True)]
    return listed(told, lang, complete=True)


def _compared(snapshot: Snapshot, review: Review, index: str, span: str, lang: str) -> str:
    """The index as the comparison names it; in English with its own return, which no other sentence tells."""
    name = snapshot.name(index)[lang]
    return name if lang == "zh" else f"{name} ({signed(review.returns[index][span])})"


def _one(name: str, value: float, lang: str) -> str:
    if abs(value) < LEVEL:
        return say("review_level", lang, name=name)
    verb = say("review_beats" if value > 0 else "review_trails", lang)
    return say("review_against_one", lang, verb=verb, compared=say("review_by", lang, name=name, x=_percent(value)))


def _rank(snapshot: Snapshot, review: Review, span: str, lang: str) -> str:
    rank, missing = review.rank[span], review.missing[span]
    if rank is not None:
        key = "review_year_rank" if span == "ytd" and review.week.relation != "past" else "review_rank"
        return say(key, lang, rank=_ordinal(rank, lang), of=SECTORS)
    if missing:
        shown = listed([snapshot.name(t)[lang] for t in missing[:5]], lang, complete=True) + (
            "…" if len(missing) > 5 else ""
        )
        return say("review_no_rank", lang, n=len(missing), of=SECTORS, names=shown)
    few = len(snapshot.universe.sectors) < SECTORS
    return say("review_no_list", lang, of=SECTORS) if few else ""


def _opening(week: Week, lang: str) -> str:
    """本周, 上周 or the dates; with the actual sessions where a holiday took some away."""
    days = {"first": day(week.first, lang), "last": day(week.last, lang), "n": week.sessions}
    if not week.over:
        return say("review_running", lang, **days)
    if week.relation == "past":
        return say("review_past", lang, **days)
    opening = say(f"review_{week.relation}", lang)
    if week.sessions == FULL:
        return opening
    return say("review_short_1" if week.sessions == 1 else "review_short", lang, opening=opening, **days)


def _year(week: Week, lang: str) -> str:
    key = "review_year_past" if week.relation == "past" else "review_year"
    return say(key, lang, year=week.last.year, last=day(week.last, lang))


# --- valuation, baskets, abroad ----------------------------------------------------------------------------------


def _valuation(snapshot: Snapshot, review: Review, lang: str) -> str:
    """The sector's PE under its honest label, against its mean over ``FIXED`` and its place in ``PLACE``."""
    name, own = sector_name(snapshot, review.sector, lang), review.valuation
    if own is None or not (own.losing or own.pe > 0):
        return say("review_no_valuation", lang, name=name)
    if own.losing:
        return say("review_losing", lang, name=name, day=day(own.session, lang))
    place = own.bands.get(PLACE)
    shown = ""
    if place and not place.insufficient:
        shown = say("review_place", lang, x=f"{place.percentile * 100:.1f}")
    return say(
        "review_valuation", lang, day=day(own.session, lang), name=name, label=pe_label(own, lang), pe=f"{own.pe:.2f}",
        against=_against_mean(own, lang), place=shown,
    )  # fmt: skip


def _against_mean(reading: PeReading, lang: str) -> str:
    band, window = reading.bands.get(FIXED), FIXED.replace("-", "–")
    if band is None or band.insufficient:
        return say("review_no_mean", lang, window=window, n=band.n if band else 0)
    premium = reading.pe / band.mean - 1
    turn = "at_mean" if abs(premium) < LEVEL else "above" if premium > 0 else "below"
    return say(f"review_{turn}", lang, window=window, mean=f"{band.mean:.2f}", x=_percent(premium))


def pe_label(reading: PeReading, lang: str) -> str:
    """What a multiple is by its own definition: only a TTM figure is called PE-TTM."""
    definition = reading.key.definition
    return say("review_label_shenwan" if definition == "shenwan_pe" else f"pe_short_{definition}", lang)


def _baskets(snapshot: Snapshot, review: Review, lang: str) -> str:
    items = []
    for own in review.baskets:
        view = snapshot.basket(own.id)
        if view is None or not np.isfinite(own.returns["1w"]):
            continue
        move, rank = _move(view.basket.short[lang], own.returns["1w"], "week", lang), own.would_rank["1w"]
        would = say("review_would", lang, rank=_ordinal(rank, lang), of=SECTORS + 1) if rank else ""
        items.append(say("review_basket", lang, move=move, rank=would) if would else move)
    return say("review_baskets", lang, items=joined(items, lang, "clauses")) if items else ""


def _abroad(snapshot: Snapshot, review: Review, lang: str) -> str:
    """Foreign indices, each group of equal last sessions with its date."""
    ends = dict.fromkeys(a.session for a in review.abroad)
    items = []
    for end in ends:
        moves = [_move(snapshot.name(a.ticker)[lang], a.value, "week", lang) for a in review.abroad if a.session == end]
        told = joined(moves, lang, "phrases") if lang == "zh" else listed(moves, lang, complete=True)
        items.append(say("review_abroad_to", lang, moves=told, day=day(end, lang)))
    return say("review_abroad", lang, items=joined(items, lang, "clauses")) if items else ""


def _table(snapshot: Snapshot, review: Review, lang: str) -> str:
    """Indices, sector and baskets as a Markdown table."""
    head = [say(f"review_col_{c}", lang) for c in ("name", "last", "week", "year", "rank", "year_rank")]
    rows = [
        [snapshot.name(t)[lang], price(review.closes[t]), *_cells(own), "", ""] for t, own in review.returns.items()
    ]
    rows[-1][-2:] = [_of(review.rank[w], SECTORS) for w in SPANS]
    for own in review.baskets:
        view = snapshot.basket(own.id)
        name = view.basket.short[lang] if view else own.id
        rows.append([name, "", *_cells(own.returns), *(_of(own.would_rank[w], SECTORS + 1) for w in SPANS)])
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *([plain_text(c) for c in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(values: dict[str, float]) -> list[str]:
    return [signed(values[w]) for w in SPANS]


def _of(rank: int | None, count: int) -> str:
    return "–" if rank is None else f"{rank}/{count}"


# --- words -------------------------------------------------------------------------------------------------------


def sector_name(snapshot: Snapshot, ticker: str, lang: str) -> str:
    """申万通信行业指数, the Shenwan Communications index: by the name in the table of sectors."""
    known = {s.ticker: s.name for s in snapshot.universe.sectors}
    return say("review_sector", lang, name=known[ticker][lang])


def _percent(value: float) -> str:
    return f"{abs(value) * 100:.2f}"


def _ordinal(rank: int, lang: str) -> str:
    if lang == "zh":
        return str(rank)
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def _full(value: date | None, lang: str) -> str:
    """A date with its year."""
    if value is None:
        return "–"
    return f"{value.year}年{day(value, lang)}" if lang == "zh" else f"{day(value, lang)} {value.year}"


def span(week: Week, lang: str) -> str:
    """2026年6月29日—7月3日 / 29 Jun – 3 Jul 2026."""
    if week.first == week.last:
        return _full(week.last, lang)
    if lang == "zh":
        return f"{_full(week.first, lang)}—{day(week.last, lang)}"
    return f"{day(week.first, lang)} – {_full(week.last, lang)}"
