"""How a valuation is said wherever a PE stands: words, places in a history, tracks, and the ledger behind each number.

Pieces of HTML, without Streamlit. A basket's figures are the aggregate of its members (``BasketPeReading``), everything
else has one series or several (``PeReading``), which stand beside each other and never in one band.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from basketwatch.analysis.valuation.bands import Band
from basketwatch.analysis.valuation.baskets import BasketPe
from basketwatch.analysis.valuation.readings import difference
from basketwatch.domain import markets
from basketwatch.views import html
from basketwatch.words.text import DASH, MINUS, beijing, escape, money, percent, price, say, signed, source_name, times

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.analysis.valuation.readings import BasketPeReading, PeReading

USUAL = "3y"  # the window of cards, tiles, tables and of every "dear" and "cheap"

# --- words -----------------------------------------------------------------------------------------------------


def kind(subject: str) -> str:
    """basket, index, sector, etf or stock."""
    return markets.kind(subject) if markets.is_ticker(subject) else "basket"


def series(reading: PeReading) -> dict[str, PeReading]:
    """``source/definition`` -> the same ticker's series, the one that counts first."""
    return {f"{one.key.source}/{one.key.definition}": one for one in (reading, *reading.others)}


def stands_in(ticker: str, reading: PeReading) -> str:
    """Code of the fund whose PE stands in for that of an index; "" where it is its own."""
    return "" if reading.key.ticker == ticker else markets.split(reading.key.ticker)[0]


def series_name(reading: PeReading, lang: str) -> str:
    """Definition and source of a series."""
    return f"{say('pe_short_' + reading.key.definition, lang)} · {source_name(reading.key.source, lang)}"


def level(percentile: float) -> str:
    """The word for a place in one's own history: very_dear, dear, middle, cheap, very_cheap; "" where unknown."""
    if math.isnan(percentile):
        return ""
    steps = ((0.9, "very_dear"), (0.7, "dear"))
    low = ((0.1, "very_cheap"), (0.3, "cheap"))
    found = [word for bound, word in steps if percentile >= bound] or [w for b, w in low if percentile <= b]
    return found[0] if found else "middle"


def tone(percentile: float) -> str:
    """CSS class of that word: dear, cheap or soft."""
    word = level(percentile)
    return "dear" if word.endswith("dear") else "cheap" if word.endswith("cheap") else "soft"


def verdict(pe: float, losing: bool, band: Band | None, lang: str) -> str:
    """Dear, cheap, losing, insufficient …, in a word or two."""
    if losing:
        return say("pe_losing", lang)
    if math.isnan(pe) or band is None:
        return say("pe_none" if math.isnan(pe) else "pe_no_history", lang)
    if band.insufficient:
        return say("pe_few", lang, n=band.n)
    return say(f"pe_level_{level(band.percentile)}", lang) if level(band.percentile) else DASH


def figure_of(pe: float, losing: bool, lang: str) -> str:
    """A PE as it is written: never a negative one."""
    return say("pe_losing", lang) if losing else times(pe)


# --- tiles and cards ---------------------------------------------------------------------------------------------


def tile_note(snapshot: Snapshot, ticker: str, lang: str) -> str:
    """PE and percentile for a tile, its ledger one click (or tap) behind it."""
    valued = snapshot.valuations.get(ticker)
    if valued is None:
        return ""
    window = telling(valued.bands)
    value = say("pe_losing", lang) if valued.losing else rough(valued.pe) if valued.pe > 0 else DASH
    shown = f"{stands_in(ticker, valued)} PE {value}".strip()
    mark = ""
    if window:
        css = tone(valued.bands[window].percentile)
        mark = f' · <span class="{css}">{escape(rank(valued.bands, window, lang))}</span>'
    return html.fold(f"{escape(shown)}{mark}", ledger(valued, lang), css="pop")


def telling(bands: Mapping[str, Band]) -> str:
    """The usual window, or the next longer one in which there are enough values; "" where there is none."""
    known = (w for w in (USUAL, "5y", "10y", "all") if w in bands and not math.isnan(bands[w].percentile))
    return next(known, "")


def leg(reading: BasketPeReading) -> BasketPe:
    """The part of a basket that its history and bands speak of: its members of the home market."""
    return reading.by_group.get(reading.home, reading.now)


def loses(now: BasketPe) -> bool:
    """The members' profits do not sum to more than nothing."""
    return now.earnings_yield <= 0


def card_line(reading: BasketPeReading, lang: str) -> str:
    """A basket's PE in one short line of text: home market's headline, losses in, how many lose, place in its history."""
    now, window = leg(reading), telling(reading.bands)
    if math.isnan(now.earnings_yield):
        return f"PE-TTM · {say('pe_empty_row', lang)}"
    parts = [f"PE-TTM {say('pe_losing', lang) if loses(now) else rough(now.pe)}"]
    if loses(now):
        parts.append(say("pe_yield_is", lang, value=signed(now.earnings_yield)))
    elif now.losing:
        parts.append(say("pe_included", lang, n=now.losing))
    return " · ".join((*parts, rank(reading.bands, window, lang)) if window else parts)


def rank(bands: Mapping[str, Band], window: str, lang: str) -> str:
    """3年 p89: the percentile cut down to whole percent, so that only the highest of all values is p100."""
    return f"{say('pe_brief_' + window, lang)} p{math.floor(bands[window].percentile * 100 + 1e-9)}"


def brief(reading: PeReading, lang: str) -> str:
    """Place and verdict in a few words: 近三年 93.6% 分位 · 很贵."""
    window = telling(reading.bands)
    band = reading.bands.get(window or USUAL)
    said = verdict(reading.pe, reading.losing, band, lang)
    if not window:
        return said
    where = percent(reading.bands[window].percentile)
    return f"{say('pe_place', lang, window=say(f'pe_window_{window}', lang), percentile=where)} · {said}"


def card_help(reading: BasketPeReading, lang: str) -> str:
    """Whose PE the line on a card is."""
    now = leg(reading)
    facts = {"group": say(f"group_{reading.home}", lang), "covered": now.covered, "members": now.members}
    return say("pe_card_help", lang, **facts, session=reading.session or DASH)


def track(bands: Mapping[str, Band], title: str = "") -> str:
    """Where today stands in that window, on a line from the cheapest day to the dearest; ``title``: its tooltip."""
    window = telling(bands)
    place = bands[window].percentile if window else None
    return html.track(place, tone(place) if place is not None else "soft", title)


def signed_number(value: float) -> str:
    """A z: +1.33, −0.40."""
    return DASH if math.isnan(value) else signed(value / 100, 2).removesuffix("%")


def rough(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


# --- the ledger --------------------------------------------------------------------------------------------------


def ledger(reading: PeReading, lang: str) -> str:
    """Behind one PE: price, cap, profit, EPS, definition, source, session, time; then the other sources beside it."""
    rows = [
        [escape(say(f"pe_item_{item}", lang)), f"<b>{escape(shown)}</b>{note}"]
        for item, shown, note in _items(reading, lang)
    ]
    return html.facts(rows) + others(reading, lang)


def _items(reading: PeReading, lang: str) -> Iterable[tuple[str, str, str]]:
    """(item, value, note as markup) of what is known."""
    ticker, source, definition = reading.key
    currency = markets.currency(ticker)
    theirs = reading.cap_source not in ("", source)
    owner = f' <span class="soft">{escape(source_name(reading.cap_source, lang))}</span>' if theirs else ""
    if not math.isnan(reading.price):
        yield "price", f"{price(reading.price)} {currency if kind(ticker) in ('stock', 'etf') else ''}".strip(), ""
    if not math.isnan(reading.market_cap):
        yield "market_cap", money(reading.market_cap, currency, lang), owner
    if not math.isnan(reading.profit):
        how = "pe_implied_eps" if reading.losing and not reading.pe < 0 else "pe_implied"
        yield (
            "profit",
            signed_money(reading.profit, currency, lang),
            f' <span class="soft">{escape(say(how, lang))}</span>',
        )
    if not math.isnan(reading.eps):
        yield "eps", f"{reading.eps:,.4g} {currency}".replace("-", MINUS), ""
    what = f' <span class="soft wrap">{escape(say(f"pe_is_{definition}", lang))}</span>'
    yield "definition", say(f"pe_short_{definition}", lang), what
    yield "source", source_name(source, lang), ""
    yield "session", str(reading.session), ""
    yield "fetched_at", beijing(reading.fetched_at, lang, dated=True), ""


def signed_money(value: float, currency: str, lang: str) -> str:
    """A profit, a loss with its minus sign."""
    return money(value, currency, lang) if value >= 0 else MINUS + money(-value, currency, lang)


def others(reading: PeReading, lang: str) -> str:
    """The other sources and definitions of one ticker, each with its difference from the one that counts."""
    if not reading.others:
        return ""
    titles = [say("pe_col_definition", lang), "PE", say("pe_col_difference", lang), say("pe_item_session", lang)]
    rows = [
        [f'<span class="wrap">{escape(series_name(o, lang))}</span>', escape(figure_of(o.pe, o.losing, lang)),
         escape(signed(difference(reading, o), 1)), str(o.session)]
        for o in reading.others
    ]  # fmt: skip
    return f'<div style="margin-top:8px">{html.heading(say("pe_others", lang))}</div>{html.table(titles, rows)}'


# --- baskets -----------------------------------------------------------------------------------------------------


def basket_facts(reading: BasketPeReading, lang: str) -> str:
    """A basket's PE in its three forms, who loses money, how many are covered; and the same by market."""
    now = leg(reading)
    rows = [
        [escape(say("pe_yield", lang)), f"<b>{escape(signed(now.earnings_yield))}</b>"],
        [escape(say("pe_aggregate", lang)), f"<b>{escape(figure_of(now.pe, loses(now), lang))}</b>"],
        [
            escape(say("pe_positive", lang)),
            escape(say("pe_positive_of", lang, pe=times(now.pe_positive), n=now.positive)),
        ],
        [escape(say("pe_median", lang)), escape(times(now.pe_median))],
        [escape(say("pe_losing_count", lang)), escape(_losing(now, lang))],
        [
            escape(say("pe_coverage", lang)),
            escape(say("pe_of_members", lang, covered=now.covered, members=now.members)),
        ],
        [
            escape(say("pe_item_definition", lang)),
            f'<span class="soft wrap">{escape(say("pe_is_aggregate_ttm", lang))}</span>',
        ],
        [
            escape(say("pe_item_source", lang)),
            escape(" · ".join(source_name(x, lang) for x in reading.sources) or DASH),
        ],
        [escape(say("pe_item_session", lang)), escape(str(reading.session or DASH))],
    ]
    return html.facts(rows) + (by_market(reading, lang) if len(reading.by_group) > 1 else "")


def _losing(now: BasketPe, lang: str) -> str:
    return say("pe_losing_share", lang, n=now.losing, share=percent(now.losing_cap_share)) if now.losing else "0"


def by_market(reading: BasketPeReading, lang: str) -> str:
    """The parts of a basket that spans markets, and all of it converted."""
    titles = ["", *(say(f"pe_col_{c}", lang) for c in ("yield", "pe", "median", "losing", "covered"))]
    parts = {say(f"group_{g}", lang): part for g, part in reading.by_group.items()} | {
        say("pe_all_markets", lang): reading.now
    }
    rows = [
        [f'<span class="soft">{escape(name)}</span>', escape(signed(p.earnings_yield)),
         escape(figure_of(p.pe, loses(p), lang)), escape(times(p.pe_median)), str(p.losing), f"{p.covered}/{p.members}"]
        for name, p in parts.items()
    ]  # fmt: skip
    return f'<div style="margin-top:8px">{html.heading(say("pe_by_market", lang))}</div>{html.table(titles, rows)}'


def members(snapshot: Snapshot, tickers: Sequence[str], lang: str) -> str:
    """The ledger of a basket: what each member brings into its sums."""
    titles = [say("col_name", lang), "PE", *(say(f"pe_item_{i}", lang) for i in (
        "price", "market_cap", "profit", "definition", "source", "session")), say("pe_col_fetched_at", lang)]  # fmt: skip
    known = [snapshot.valuations[t] for t in tickers if t in snapshot.valuations]
    rows = [_member_row(snapshot, one, lang) for one in sorted(known, key=lambda v: -_number(v.market_cap))]
    return html.table(titles, rows)


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _member_row(snapshot: Snapshot, reading: PeReading, lang: str) -> list[str]:
    ticker, source, definition = reading.key
    currency = markets.currency(ticker)
    cells = [
        snapshot.name(ticker)[lang], figure_of(reading.pe, reading.losing, lang), price(reading.price),
        money(reading.market_cap, currency, lang),
        DASH if math.isnan(reading.profit) else signed_money(reading.profit, currency, lang), say(f"pe_short_{definition}", lang),
        source_name(source, lang), str(reading.session), f"{reading.fetched_at.astimezone(markets.zone_of('CN')):%m-%d %H:%M}",
    ]  # fmt: skip
    return [escape(cell) for cell in cells]
