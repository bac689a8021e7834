"""One basket: its members, its windows against the benchmarks, and the stock that the reader opens."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import plain, say


def body(snapshot, reader, settings):
    from basketwatch.views import basket

    view, lang = choose(snapshot, reader), reader.lang
    if view is None:
        return
    left, right = st.columns([54, 46])
    with left.container(border=True, height="stretch"), frame.panel(view.basket.short[lang], lang):
        st.html(block(basket.top(snapshot, view, lang), green_up=reader.green_up))
    with right.container(border=True, height="stretch"), frame.panel(say("series_title", lang), lang):
        series(snapshot, view, reader)
    with frame.panel(say("members_title", lang), lang):
        if ticker := members(snapshot, view, reader):
            stock(snapshot, view, ticker, reader, settings)


def choose(snapshot, reader):
    """The basket of the URL, or the first one."""
    names, asked = {v.basket.id: v.basket.short[reader.lang] for v in snapshot.baskets}, st.query_params.get("basket")
    if asked and asked not in names:
        st.warning(plain(say("unknown_basket_title", reader.lang, basket=asked)))
    chosen = controls.choice("basket", names, say("choose_basket", reader.lang), always=True)
    if asked in names and asked != chosen:  # the reader went on to another basket: the stock of the last one is done
        st.query_params.pop("ticker", None)
    return snapshot.basket(chosen or "")


def series(snapshot, view, reader):
    """The basket against its benchmarks, rebased."""
    from basketwatch.views import basket, charts

    lang = reader.lang
    window = controls.choice("window", basket.spans(lang), say("series_title", lang), quiet=False)
    who = controls.choice("who", basket.whose(lang), say("series_who", lang))
    figure, note = basket.series_chart(snapshot, view, window, lang, dark=reader.dark, of_day=who == "of_day")
    if figure is not None:
        st.plotly_chart(figure, config=charts.CONFIG, theme=None, key="series", alt=say("series_title", lang))
    st.caption(plain(note))


def members(snapshot, view, reader):
    """The table; returns the ticker of the selected row, kept in the URL. Selections go by position, hence the key."""
    from basketwatch.app import columns as tables

    frame, columns = tables.members(snapshot, view, reader.lang, green_up=reader.green_up)
    asked = st.query_params.get("ticker")
    start = [i for i, t in enumerate(frame.index) if t == asked]
    if asked and not start:
        st.warning(plain(say("unknown_stock", reader.lang, ticker=asked)))
    st.html(block(heading(say("members_title", reader.lang), say("click_row", reader.lang))))
    event = st.dataframe(
        tables.coloured(frame, dark=reader.dark, green_up=reader.green_up), hide_index=True, placeholder="–", row_height=30,
        column_config=columns, on_select="rerun", selection_mode="single-row", key=f"members_{hash(tuple(frame.index))}",
        selection_default={"selection": {"rows": start, "columns": [], "cells": []}},
        height=min(38 + 30 * max(1, len(frame)), 398), alt=say("members_title", reader.lang),
    )  # fmt: skip
    return controls.keep("ticker", next((frame.index[n] for n in event["selection"]["rows"] if n < len(frame)), None))


def stock(snapshot, view, ticker, reader, settings):
    """The stock that the reader opened: its charts, why it is here, where its numbers come from."""
    from basketwatch.views import basket, flags, ledger

    lang, green_up = reader.lang, reader.green_up
    with st.container(border=True), frame.panel(ticker, lang):
        st.html(block(basket.stock_head(snapshot, view, ticker, lang), green_up=green_up))
        left, right = st.columns([62, 38])
        with left:
            frame.fragment(settings, reader, ticker, lambda: chart(snapshot, ticker, reader, settings))
        right.html(block(heading(say("stock_ledger", lang)) + ledger.ledger(snapshot, ticker, lang)))
        st.html(block(flags.of_stock(snapshot, data.flags_of(settings, snapshot), ticker, lang), green_up=green_up))


def chart(snapshot, ticker, reader, settings):
    """Candles with volume, the stock's PE in its band, or its price among the multiples of its earnings."""
    from basketwatch.views import basket, charts, valuation

    lang = reader.lang
    look = controls.choice("stock_view", valuation.stock_looks(snapshot, ticker, lang), say("stock_view", lang))
    bars, histories = data.bars_of(settings, ticker, snapshot.version), data.histories_of(settings, ticker, snapshot)
    logged, colours = data.flags_of(settings, snapshot), {"dark": reader.dark, "green_up": reader.green_up}
    figure, note = basket.stock_chart(snapshot, ticker, look, bars, histories, logged, lang, **colours)
    if figure is not None:
        st.plotly_chart(figure, config=charts.CONFIG, theme=None, key=look, alt=note)
    st.caption(plain(note))
    if ticker in snapshot.valuations:
        controls.valuation_link(say("stock_valuation", lang), ticker=ticker)


frame.frame()
frame.page("basket", body)
