"""One basket: its members, its windows against the benchmarks, and the stock that the reader opens."""

import streamlit as st

from basketwatch import ui
from basketwatch.markup import block, heading
from basketwatch.text import plain, say


def body(seen, who, here):
    from basketwatch import panels

    view = choose(seen, who)
    if view is None:
        return
    left, right = st.columns([54, 46])
    with left.container(border=True, height="stretch"):
        st.html(
            block(panels.summary(seen, view, who.lang) + panels.members_line(view, who.lang), green_up=who.green_up)
        )
    with right.container(border=True, height="stretch"):
        series(seen, view, who)
    ticker = members(seen, view, who)
    if ticker:
        stock(seen, view, ticker, who, here)


def choose(seen, who):
    """The basket of the URL, or the first one."""
    names = {v.basket.id: v.basket.short[who.lang] for v in seen.baskets}
    asked = st.query_params.get("basket")
    if asked and asked not in names:
        st.warning(plain(say("unknown_basket_title", who.lang, basket=asked)))
    chosen = ui.choice("basket", names, say("choose_basket", who.lang))
    return seen.basket(chosen) if chosen else None


def series(seen, view, who):
    """The basket against its benchmarks, rebased."""
    from basketwatch import charts, daily

    names = {w: say(f"window_{w}", who.lang) for w in ("60d", "ytd", "250d")}
    window = ui.choice("window", names, say("series_title", who.lang), quiet=False)
    lines, held = daily.against(seen, view, window)
    titles = {t: seen.name(t)[who.lang] for t in lines} | {view.basket.id: view.basket.short[who.lang]}
    figure = charts.rebased(lines, titles, who.dark)
    st.plotly_chart(figure, config=charts.CONFIG, theme=None, key="series", alt=say("series_title", who.lang))
    st.caption(plain(say("series_note", who.lang, held=held, members=len(view.table))))


def members(seen, view, who):
    """The table; returns the ticker of the selected row, kept in the URL."""
    from basketwatch import tables

    frame, columns = tables.members(seen, view, who.lang, green_up=who.green_up)
    asked = st.query_params.get("ticker")
    start = [list(frame.index).index(asked)] if asked in frame.index else []
    if asked and asked not in frame.index:
        st.warning(plain(say("unknown_stock", who.lang, ticker=asked)))
    st.html(block(heading(say("members_title", who.lang), say("click_row", who.lang))))
    event = st.dataframe(
        tables.coloured(frame, dark=who.dark, green_up=who.green_up), hide_index=True, placeholder="–", row_height=30,
        column_config=columns, on_select="rerun", selection_mode="single-row", key=f"members_{view.basket.id}",
        selection_default={"selection": {"rows": start, "columns": [], "cells": []}},
        height=min(38 + 30 * max(1, len(frame)), 428), alt=say("members_title", who.lang),
    )  # fmt: skip
    rows = event["selection"]["rows"]
    ticker = frame.index[rows[0]] if rows and rows[0] < len(frame) else None
    if ticker:
        st.query_params["ticker"] = ticker
    elif asked:
        st.query_params.pop("ticker", None)
    return ticker


def stock(seen, view, ticker, who, here):
    """The stock that the reader opened: candles with volume, why it is here, where its numbers come from."""
    from basketwatch import charts, panels, tables

    with st.container(border=True):
        st.html(block(panels.stock_head(seen, view, ticker, who.lang), green_up=who.green_up))
        left, right = st.columns([62, 38])
        with left:
            bars = ui.bars_of(here, ticker, seen.version)
            if bars is not None and len(bars) > 1:
                figure = charts.candles(bars, dark=who.dark, green_up=who.green_up)
                st.plotly_chart(
                    figure, config=charts.CONFIG, theme=None, key="candles", alt=say("stock_candles", who.lang)
                )
                st.caption(plain(say("stock_candles", who.lang)))
            else:
                st.info(say("no_bars", who.lang))
        with right:
            st.html(block(heading(say("stock_ledger", who.lang)) + tables.ledger(seen, ticker, who.lang)))


ui.frame()
ui.page("basket", body)
