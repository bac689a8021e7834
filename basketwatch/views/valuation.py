"""The Valuation page without Streamlit: which series a reader has opened, its words, windows and figures; the board.

A *subject* is a ticker or a basket's id.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from basketwatch.analysis.valuation import bands as valuation_bands
from basketwatch.analysis.valuation.bands import FIXED, WINDOWS, Band
from basketwatch.analysis.valuation.baskets import thin
from basketwatch.domain import markets
from basketwatch.views import html
from basketwatch.views import pe as pe_words
from basketwatch.words.text import DASH, escape, joined, percent, say, source_name, times

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.analysis.valuation.readings import BasketPeReading
    from basketwatch.domain.model import SeriesKey
    from basketwatch.views.charts.bands import Figure, Kind

SHOWN = (*WINDOWS, FIXED)
BOARD = ("3y", "5y", "10y")
LOOKS = ("quantiles", "sigma", "channel")
_NONE = pd.DataFrame({c: pd.Series(dtype=t) for c, t in (
    ("session", "datetime64[s]"), ("pe", "float64"), ("losing", "bool"), ("price", "float64"),
    ("market_cap", "float64"), ("eps", "float64"))})  # fmt: skip
TOP = "valuation-chart"  # where the words and the chart begin, for the link under the board
OF_BASKET = ("pe", "pe_positive", "pe_median")  # the columns of a basket's history that are multiples

# --- what there is -----------------------------------------------------------------------------------------------


def subjects(snapshot: Snapshot, lang: str) -> dict[str, str]:
    """Subject -> label of everything that has a valuation: baskets, indices and funds, sectors, stocks."""
    baskets = {b.basket.id: b.basket.short[lang] for b in snapshot.baskets if b.basket.id in snapshot.basket_valuations}
    order = {"index": 0, "etf": 1, "sector": 2, "stock": 3}
    tickers = sorted(_tickers(snapshot), key=lambda t: order.get(pe_words.kind(t), 3))
    labels = baskets | {t: f"{snapshot.name(t)[lang]} {t}" for t in tickers}
    return {k: f"{v} · {say('pe_kind_' + pe_words.kind(k), lang)}" for k, v in labels.items()}


def _tickers(snapshot: Snapshot) -> list[str]:
    """Tickers with a valuation; a fund that only stands in for an index is shown as that index."""
    return [t for t in snapshot.valuations if t not in markets.STAND_INS.values() or t in snapshot.table.index]


# --- what is opened ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownSeries:
    """One series that a reader looks at: its figures, its history (store.valuations.read), its bands and its ledger.

    ``whose``: definition, source and session; ``upper`` names what stands above the PE in the chart; ``note`` what has
    to be said of this history.
    """

    name: str
    subject: str
    pe: float
    losing: bool
    whose: str
    history: pd.DataFrame
    bands: Mapping[str, Band]
    upper: str
    note: str
    ledger: str


def looks(subject: str) -> Sequence[str]:
    """Kinds of chart: a channel needs a price and earnings a share, which only stocks have."""
    return LOOKS if pe_words.kind(subject) == "stock" else LOOKS[:2]


def choices(snapshot: Snapshot, subject: str, lang: str) -> dict[str, str]:
    """Id -> name of the series between which a reader may choose: they never share a band."""
    if subject in snapshot.basket_valuations:
        return {which: say(f"pe_series_{which}", lang) for which in OF_BASKET}
    return {key: pe_words.series_name(one, lang) for key, one in pe_words.series(snapshot.valuations[subject]).items()}


def open_basket(snapshot: Snapshot, basket_id: str, which: str, lang: str) -> ShownSeries:
    """One multiple of a basket's home-market members, and its history by today's members."""
    found = snapshot.basket_valuations[basket_id]
    now, history = pe_words.leg(found), basket_series(found, which)
    group, view = say(f"group_{found.home}", lang), snapshot.basket(basket_id)
    whose = say("pe_short_aggregate_ttm", lang), say(f"pe_series_{which}", lang), str(found.session or DASH)
    note = say("pe_members_note", lang, covered=found.members_with_history, members=now.members, group=group)
    return ShownSeries(
        name=f"{view.basket.short[lang] if view else basket_id} · {group}", subject=basket_id,
        pe={"pe": now.pe, "pe_positive": now.pe_positive, "pe_median": now.pe_median}[which],
        losing=which == "pe" and pe_words.loses(now), whose=" · ".join(whose),
        history=history, bands=found.bands if which == "pe" else valuation_bands.bands(history), upper=say("pe_yield_axis", lang),
        note=note, ledger=pe_words.basket_facts(found, lang),
    )  # fmt: skip


def open_series(
    snapshot: Snapshot,
    ticker: str,
    which: str,
    histories: Mapping[SeriesKey, pd.DataFrame],
    closes: pd.DataFrame | None,
    lang: str,
) -> ShownSeries:
    """One series of a ticker; the others stand in its ledger."""
    every = pe_words.series(snapshot.valuations[ticker])
    one = every[which]
    one = replace(one, others=tuple(o for key, o in every.items() if key != which))
    fund = pe_words.stands_in(ticker, one)
    history = priced(histories.get(one.key, _NONE), None if fund else closes)
    upper = say(
        "pe_level_of_index" if pe_words.kind(ticker) in ("index", "sector") and not fund else "pe_price_axis", lang
    )
    return ShownSeries(
        name=snapshot.name(ticker)[lang], subject=ticker, pe=one.pe, losing=one.losing,
        whose=f"{pe_words.series_name(one, lang)} · {one.session}", history=history,
        bands=one.bands or (valuation_bands.bands(history) if len(history) else {}), upper=upper,
        note=say("pe_stands_in", lang, fund=fund) if fund else "", ledger=pe_words.ledger(one, lang),
    )  # fmt: skip


def basket_series(reading: BasketPeReading, which: str) -> pd.DataFrame:
    """One multiple of a basket's history in the columns of ``store.valuations.read``; ``price`` is its earnings yield, in %."""
    history = reading.history
    frame = pd.DataFrame({"session": history["session"], "pe": history[which]})
    return frame.assign(losing=(which == "pe") & ~(history["earnings_yield"] > 0), price=history["earnings_yield"] * 100,
                        market_cap=float("nan"), eps=float("nan"))  # fmt: skip


# --- beside the chart --------------------------------------------------------------------------------------------


def head(series: ShownSeries, window: str, lang: str) -> str:
    """Name, PE, verdict in the window, and whose PE of which day it is."""
    band = series.bands.get(window)
    hue = pe_words.tone(band.percentile) if band else "soft"
    chip = f'<span class="chip {hue}">{escape(pe_words.verdict(series.pe, series.losing, band, lang))}</span>'
    value = (
        ""
        if series.losing or math.isnan(series.pe)
        else f'<span class="big" style="color:var(--ink)">{escape(times(series.pe))}</span>'
    )
    code = f"<span>{escape(series.subject)}</span>" if markets.is_ticker(series.subject) else ""
    note = f'<div class="soft">{escape(series.note)}</div>' if series.note else ""
    return (
        f'<div class="dots" id="{TOP}" style="scroll-margin-top:24px">'
        f'<span style="font-size:18px;font-weight:700;color:var(--ink)">{escape(series.name)}</span>{code}'
        f"{value}{chip}<span>{escape(series.whose)}</span></div>{note}"
    )


def words(series: ShownSeries, window: str, lang: str) -> str:
    """The sentence: place in the window, its dates and number of values, mean and z; or why there is none."""
    named, pe, band = say(f"pe_window_{window}", lang), series.pe, series.bands.get(window)
    if series.losing:
        said = say("pe_says_losing", lang)
    elif math.isnan(pe) or band is None:
        said = say("pe_says_none" if math.isnan(pe) else "pe_says_today", lang)
    else:
        unit = say("pe_unit_week" if band.weekly else "pe_unit_day", lang)
        facts = {"window": named, "n": band.n, "unit": unit}
        said = say("pe_says_few", lang, **facts) if band.insufficient else say(
            "pe_says", lang, **facts, first=band.first, last=band.last, percentile=percent(band.percentile),
            level=say(f"pe_level_{pe_words.level(band.percentile)}", lang) if pe_words.level(band.percentile) else DASH,
            mean=times(band.mean), z=pe_words.signed_number(band.z),
        )  # fmt: skip
    how = f'<p class="soft" style="margin:2px 0 0">{escape(say("pe_formula", lang))}</p>'
    return f'<p style="margin:6px 0 4px">{escape(said)}</p>{html.fold(escape(say("pe_how", lang)), how)}'


def windows(bands: Mapping[str, Band], chosen: str, lang: str) -> str:
    """Every window in a row: n, percentile, mean, z, extremes; too few values are said in its row."""
    titles = [say(f"pe_col_{c}", lang) for c in ("window", "percentile", "mean")] + [
        "z",
        say("pe_col_range", lang),
        "n",
    ]
    rows = [_window_row(w, bands[w], w == chosen, lang) for w in SHOWN if w in bands]
    return html.heading(say("pe_windows", lang)) + html.table(titles, rows)


def _window_row(window: str, band: Band, chosen: bool, lang: str) -> list[str]:
    name = escape(say(f"pe_window_{window}", lang))
    label = f"<b>{name}</b>" if chosen else f'<span class="soft">{name}</span>'
    if band.insufficient:
        few = f'<span class="soft">{escape(say("pe_few", lang, n=band.n))}</span>'
        return [label, few, "", "", "", str(band.n)]
    where = f'<span class="num {pe_words.tone(band.percentile)}">{escape(percent(band.percentile))}</span>'
    span = f"{pe_words.rough(band.minimum)}–{pe_words.rough(band.maximum)}"
    return [label, where, escape(times(band.mean)), pe_words.signed_number(band.z), escape(span), str(band.n)]


# --- figures -----------------------------------------------------------------------------------------------------


def priced(history: pd.DataFrame, closes: pd.DataFrame | None) -> pd.DataFrame:
    """A history whose source gives no price (indices, sectors), with the closes that are stored for its sessions."""
    if closes is None or history["price"].notna().any():
        return history
    by_day = closes.drop_duplicates("session", keep="last").set_index("session")["close"]
    return history.assign(price=history["session"].map(by_day).astype("float64"))


def within(history: pd.DataFrame, window: str) -> pd.DataFrame:
    """The sessions of a window; of the fixed one those up to today too, which are compared with it."""
    if not len(history):
        return history
    last: date = history["session"].iloc[-1].date()
    before, end = valuation_bands.span(window, history["session"].to_numpy(), last)
    first = pd.Timestamp.min if before == date.min else pd.Timestamp(before)
    return history.loc[(history["session"] > first) & (history["session"] <= pd.Timestamp(max(end, last)))]


def chart(series: ShownSeries, window: str, look: str, lang: str, *, dark: bool) -> Figure | None:
    """The figure of a series in a window; None where there is nothing to draw."""
    band = series.bands.get(window)
    if band is None or not len(series.history):
        return None
    if look == "channel":
        return channel(series.history, window, lang, dark=dark)
    from basketwatch.views.charts import bands as drawing  # with Plotly, which the words need not wait for

    weeks = thin(within(series.history, window))
    titles = {"pe": "PE", "price": series.upper}
    return drawing.band(weeks, band, _kind(look), titles, dark=dark, span=window == FIXED)


def _kind(look: str) -> Kind:
    return "sigma" if look == "sigma" else "quantiles"


def channel(history: pd.DataFrame, window: str, lang: str, *, dark: bool) -> Figure | None:
    """The price among the window's multiples of its earnings; None without a price or without enough values."""
    from basketwatch.views.charts import bands as drawing

    lines = thin(valuation_bands.channel(history, window))
    quantiles = ("q10", "q30", "q50", "q70", "q90")
    if not lines["price"].notna().any() or not lines["q50"].notna().any():
        return None
    titles = {q: f"P{q[1:]}" for q in quantiles} | {"price": say("pe_price_axis", lang)}
    return drawing.channel(lines, titles, dark=dark)


def stock_looks(snapshot: Snapshot, ticker: str, lang: str) -> dict[str, str]:
    """The charts of a stock on the Basket page; those of its PE where it has a history."""
    own = snapshot.valuations.get(ticker)
    names = ("candles", "band", "channel") if own and own.bands else ("candles",)
    return {name: say(f"stock_view_{name}", lang) for name in names}


def stock_chart(
    snapshot: Snapshot, ticker: str, look: str, histories: Mapping[SeriesKey, pd.DataFrame], lang: str, *, dark: bool
) -> tuple[Figure | None, str]:
    """``band`` or ``channel`` of a stock's own series in the window that tells most, and what to say under it."""
    which = next(iter(pe_words.series(snapshot.valuations[ticker])))
    store = open_series(snapshot, ticker, which, histories, None, lang)
    window = pe_words.telling(store.bands) or "all"
    look = "channel" if look == "channel" else "quantiles"
    figure = chart(store, window, look, lang, dark=dark)
    if figure is None:
        return None, say("pe_no_channel", lang)
    return figure, f"{say(f'pe_window_{window}', lang)} · {chart_note(store, window, look, lang)}"


def chart_note(series: ShownSeries, window: str, look: str, lang: str) -> str:
    """What must be said under a figure."""
    from basketwatch.views.charts import bands as drawing

    if look == "channel":
        return say("pe_channel_note", lang)
    above = drawing.beyond(thin(within(series.history, window)), series.bands[window], _kind(look))
    parts = [say("pe_chart_note", lang)]
    if within(series.history, window)["losing"].any():
        parts.append(say("pe_chart_losses", lang))
    if above:
        parts.append(say("pe_chart_beyond", lang, n=above))
    return joined(parts, lang)


# --- the board ---------------------------------------------------------------------------------------------------


def board(snapshot: Snapshot, lang: str) -> pd.DataFrame:
    """Everything with a PE, dearest by three years first: a row a subject (the index), numbers raw, percentiles in %."""
    rows = [
        _board_row(snapshot, b.basket.id, b.basket.short[lang], lang)
        for b in snapshot.baskets
        if b.basket.id in snapshot.basket_valuations
    ]
    rows += [_board_row(snapshot, t, snapshot.name(t)[lang], lang) for t in _tickers(snapshot)]
    frame = pd.DataFrame(rows)
    if len(frame):
        frame = frame.sort_values("3y", ascending=False, na_position="last", kind="stable").set_index("subject")
    return frame


def to_top(name: str, lang: str) -> str:
    """Under the board, for a phone, where the chart of the row that was opened lies out of sight: a link up to it."""
    return f'<a class="totop" href="#{TOP}">{escape(say("pe_to_top", lang, name=name))}</a>'


def _board_row(snapshot: Snapshot, subject: str, name: str, lang: str) -> dict[str, Any]:
    basket = snapshot.basket_valuations.get(subject)
    if basket is not None:
        bands, pe, losing, session = (
            basket.bands,
            pe_words.leg(basket).pe,
            pe_words.loses(pe_words.leg(basket)),
            basket.session,
        )
        definition, source = "aggregate_ttm", ""
    else:
        one = snapshot.valuations[subject]
        bands, pe, losing, session = one.bands, one.pe, one.losing, one.session
        _, source, definition = one.key
    usual = bands.get(pe_words.USUAL)
    return {
        "subject": subject, "name": name, "pe": float("nan") if losing else pe, "level": pe_words.verdict(pe, losing, usual, lang),
        **{w: bands[w].percentile * 100 if w in bands else float("nan") for w in BOARD}, "z": usual.z if usual else float("nan"),
        "what": say(f"pe_kind_{pe_words.kind(subject)}", lang), "ticker": subject if markets.is_ticker(subject) else "",
        "n": usual.n if usual else 0, "definition": say(f"pe_short_{definition}", lang), "source": source_name(source, lang),
        "session": str(session or DASH), "tone": pe_words.tone(usual.percentile) if usual else "soft",
    }  # fmt: skip
