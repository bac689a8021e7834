"""One chart of ten years of a PE between the lines of its window: ``?which=ours``, or ``plain``, the one people write."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from basketwatch.analysis.valuation import bands as valuation_bands
from basketwatch.analysis.valuation import baskets
from basketwatch.analysis.valuation.bands import Band
from basketwatch.views.charts import CONFIG, bands

QUANTILES = ("q10", "q30", "q50", "q70", "q90")


@st.cache_resource
def ten_years() -> pd.DataFrame:
    """A random walk on every weekday of ten years; every number with all its digits."""
    days = pd.bdate_range("2016-07-04", "2026-07-03").astype("datetime64[s]")
    walk = np.random.default_rng(1).normal(0, 0.015, (2, len(days))).cumsum(axis=1)
    pe, price = 40 * np.exp(walk[0]), 100 * np.exp(walk[1])
    return pd.DataFrame({
        "session": days, "pe": pe, "losing": False, "price": price, "market_cap": price * 1e9, "eps": price / pe,
    })  # fmt: skip


def plain(history: pd.DataFrame, window: Band) -> go.Figure:
    """Every session, and each line of the window as one more column."""
    figure = go.Figure(layout={"height": 440, "yaxis2": {"overlaying": "y", "side": "right"}})
    figure.add_scatter(x=history["session"], y=history["pe"], name="PE")
    for quantile in QUANTILES:
        figure.add_scatter(x=history["session"], y=np.full(len(history), getattr(window, quantile)), name=quantile)
    figure.add_scatter(x=history["session"], y=history["price"], name="price", yaxis="y2")
    return figure


def ours(history: pd.DataFrame, window: Band) -> go.Figure:
    """As on the Valuation page."""
    return bands.band(baskets.thin(history), window, "quantiles", {"pe": "PE", "price": "price"}, dark=False)


shown = ten_years()
band = valuation_bands.bands(shown, windows=("10y",))["10y"]
draw = ours if st.query_params.get("which") == "ours" else plain
st.plotly_chart(draw(shown, band), config=CONFIG, theme=None, key="chart")
