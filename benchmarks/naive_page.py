"""The page that people write: all imports at the top, a loop of fetches behind ``st.cache_data``, a chart a stock."""

from __future__ import annotations

import akshare as ak  # noqa: F401 - people import it here
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
import yfinance as yf  # noqa: F401

from benchmarks.naive_fetch import history
from benchmarks.symbols import SIXTY


@st.cache_data(ttl=600)
def load(ticker: str) -> pd.DataFrame:
    return history(ticker)


st.set_page_config(layout="wide")
st.title("Watchlist")
shown = st.selectbox("Sessions", (60, 120, 250), index=2)
frames = {ticker: load(ticker) for ticker in SIXTY}
closes = {ticker: frame["Close"] for ticker, frame in frames.items()}
table = pd.DataFrame(
    {
        "last": {t: c.iloc[-1] for t, c in closes.items()},
        "1d": {t: c.iloc[-1] / c.iloc[-2] - 1 for t, c in closes.items()},
        "20d": {t: c.iloc[-1] / c.iloc[-21] - 1 for t, c in closes.items()},
        "250d": {t: c.iloc[-1] / c.iloc[-251] - 1 if len(c) > 250 else None for t, c in closes.items()},
    }
)
st.dataframe(table)
for ticker, close in closes.items():
    recent = close.tail(shown)
    figure = go.Figure(go.Scatter(x=recent.index, y=recent, name=ticker), layout={"title": ticker, "height": 260})
    st.plotly_chart(figure, key=ticker)
st.caption(f"{shown} sessions shown")
