"""One basket: its members, its windows against the benchmarks, and the stock that the reader opens."""

import streamlit as st

from basketwatch.app import controls, frame
from basketwatch.app.data import bars_of, flags_of, histories_of
from basketwatch.views.html import block, heading
from basketwatch.words.text import plain, say


def body(seen, who, here):
    from basketwatch.views import basket

    view = choose(seen, who)
    if view is None:
        return
    left, right = st.columns([54, 46])
    parts = basket.summary(seen, view, who.lang), basket.members_line(view, who.lang)
    inner = "".join((*parts, basket.valued_line(seen, view, who.lang)))
    left.container(border=True, height="stretch").html(block(inner, green_up=who.green_up))
    with right.container(border=True, height="stretch"):
        series(seen, view, who)
    if ticker := members(seen, view, who):
        stock(seen, view, ticker, who, here)


def choose(seen, who):
    """The basket of the URL, or the first one."""
    names = {v.basket.id: v.basket.short[who.lang] for v in seen.baskets}
    asked = st.query_params.get("basket")
    if asked and asked not in names:
        st.warning(plain(say("unknown_basket_title", who.lang, basket=asked)))
    chosen = controls.choice("basket", names, say("choose_basket", who.lang), always=True)
    if asked in names and asked != chosen:  # the reader went on to another basket: the stock of the last one is done
        st.query_params.pop("ticker", None)
    return seen.basket(chosen) if chosen else None


def series(seen, view, who):
    """The basket against its benchmarks, rebased."""
    from basketwatch.views import basket, charts

    names = {w: say(f"window_{w}", who.lang) for w in ("60d", "ytd", "250d")}
    window = controls.choice("window", names, say("series_title", who.lang), quiet=False)
    figure, held = basket.series_chart(seen, view, window, who.lang, dark=who.dark)
    st.plotly_chart(figure, config=charts.CONFIG, theme=None, key="series", alt=say("series_title", who.lang))
    st.caption(plain(say("series_note", who.lang, held=held, members=len(view.table))))


def members(seen, view, who):
    """The table; returns the ticker of the selected row, kept in the URL. Selections go by position, hence the key."""
    from basketwatch.app import columns as tables
    from basketwatch.app.columns import coloured

    frame, columns = tables.members(seen, view, who.lang, green_up=who.green_up)
    asked = st.query_params.get("ticker")
    start = [i for i, t in enumerate(frame.index) if t == asked]
    if asked and not start:
        st.warning(plain(say("unknown_stock", who.lang, ticker=asked)))
    st.html(block(heading(say("members_title", who.lang), say("click_row", who.lang))))
    event = st.dataframe(
        coloured(frame, dark=who.dark, green_up=who.green_up), hide_index=True, placeholder="–", row_height=30,
        column_config=columns, on_select="rerun", selection_mode="single-row", key=f"members_{hash(tuple(frame.index))}",
        selection_default={"selection": {"rows": start, "columns": [], "cells": []}},
        height=min(38 + 30 * max(1, len(frame)), 398), alt=say("members_title", who.lang),
    )  # fmt: skip
    rows = event["selection"]["rows"]
    return controls.keep("ticker", frame.index[rows[0]] if rows and rows[0] < len(frame) else None)


def stock(seen, view, ticker, who, here):
    """The stock that the reader opened: its charts, why it is here, where its numbers come from."""
    from basketwatch.views import basket, flags, ledger

    with st.container(border=True):
        st.html(block(basket.stock_head(seen, view, ticker, who.lang), green_up=who.green_up))
        left, right = st.columns([62, 38])
        with left:
            frame.part(here, who, lambda: chart(seen, ticker, who, here))
        right.html(block(heading(say("stock_ledger", who.lang)) + ledger.ledger(seen, ticker, who.lang)))
        told = flags.of_stock(seen, flags_of(here, seen), ticker, who.lang)
        st.html(block(told, green_up=who.green_up))


def chart(seen, ticker, who, here):
    """Candles with volume, the stock's PE in its band, or its price among the multiples of its earnings."""
    from basketwatch.views import basket, charts, valuation

    look = controls.choice("stock_view", valuation.stock_looks(seen, ticker, who.lang), say("stock_view", who.lang))
    data = bars_of(here, ticker, seen.version), histories_of(here, ticker, seen), flags_of(here, seen)
    figure, note = basket.stock_chart(seen, ticker, look, *data, who.lang, dark=who.dark, green_up=who.green_up)
    if figure is not None:
        st.plotly_chart(figure, config=charts.CONFIG, theme=None, key=look, alt=note)
    st.caption(plain(note))
    if ticker in seen.valuations:
        controls.valuation_link(say("stock_valuation", who.lang), ticker=ticker)


frame.frame()
frame.page("basket", body)
