"""Plotly figures of the pages; the only module with Plotly. Data in, figure out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from basketwatch.views.colours import GRID, LABEL, SERIES, up_and_down

CONFIG = {"displayModeBar": False, "scrollZoom": False, "locale": "en"}
HEIGHT = 250
CANDLES = 440

_DASHES = ("solid", "solid", "dot", "dash", "dashdot")  # of ``SERIES``: told apart without colour as well


def _bare(height: int, dark: bool) -> go.Figure:
    figure = go.Figure()
    axis = {"gridcolor": GRID[dark], "zeroline": False, "linecolor": GRID[dark], "fixedrange": True}
    figure.update_layout(
        height=height, margin={"l": 6, "r": 50, "t": 8, "b": 22}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", font={"color": LABEL[dark], "size": 12}, xaxis=axis | {"showgrid": False},
        yaxis=axis | {"side": "right"}, hovermode="x unified", dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    return figure


def rebased(lines: Mapping[str, pd.Series], names: Mapping[str, str], dark: bool) -> go.Figure:
    """Series that start at 1 as lines that start at 100; the first is the one that matters."""
    figure = _bare(HEIGHT, dark)
    # no month names: the page may be in Chinese
    figure.update_layout(xaxis={"tickformat": "%y-%m-%d", "nticks": 5, "tickangle": 0, "tickfont": {"size": 11}})
    for i, (key, series) in enumerate(lines.items()):
        style = {"color": SERIES[i % 5][dark], "width": 2.4 if i == 0 else 1.4, "dash": _DASHES[i % 5]}
        figure.add_trace(go.Scatter(
            x=series.index, y=(series * 100).round(2), name=_verbatim(names[key]), mode="lines", line=style,
            hovertemplate="%{y:.2f}",
        ))  # fmt: skip
    return figure


def _verbatim(name: str) -> str:
    """Plotly reads a few HTML tags in names; a name is text."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def candles(bars: pd.DataFrame, marks: pd.DataFrame | None = None, *, dark: bool, green_up: bool) -> go.Figure:
    """Unadjusted daily candles with volume below; a provisional last bar is drawn like the others.

    ``marks``: session and lines (texts shown where the pointer is); a small mark above the candle of each.
    """
    up, down = up_and_down(green_up=green_up)
    figure = _bare(CANDLES, dark)
    days = bars["session"].dt.strftime("%Y-%m-%d")
    figure.add_trace(go.Candlestick(
        x=days, open=bars["open"], high=bars["high"], low=bars["low"], close=bars["close"], showlegend=False,
        increasing={"line": {"color": up[dark], "width": 1}, "fillcolor": up[dark]},
        decreasing={"line": {"color": down[dark], "width": 1}, "fillcolor": down[dark]}, name="",
    ))  # fmt: skip
    rose = (bars["close"] >= bars["open"]).map({True: up[dark], False: down[dark]})
    figure.add_trace(go.Bar(x=days, y=bars["volume"], marker={"color": rose, "opacity": 0.45}, yaxis="y2", showlegend=False,
                            hovertemplate="%{y:,.0f}<extra></extra>"))  # fmt: skip
    if marks is not None and len(marks):
        figure.add_trace(_marks(bars, marks, dark))
    figure.update_layout(
        xaxis={"type": "category", "rangeslider": {"visible": False}, "anchor": "y2", "tickangle": 0,
               "tickfont": {"size": 11}} | _dates(bars["session"]),
        yaxis={"domain": [0.24, 1]},
        yaxis2={"domain": [0, 0.19], "side": "right", "showgrid": False, "fixedrange": True, "nticks": 3,
                "zeroline": False},
    )  # fmt: skip
    return figure


def _dates(sessions: pd.Series) -> dict[str, list[str]]:
    """Five dates away from the ends: as many as fit on a phone."""
    at = sessions.iloc[[int(len(sessions) * share) for share in (0.08, 0.29, 0.5, 0.71, 0.92)]]
    return {"tickvals": list(at.dt.strftime("%Y-%m-%d")), "ticktext": list(at.dt.strftime("%y-%m-%d"))}


def _marks(bars: pd.DataFrame, marks: pd.DataFrame, dark: bool) -> go.Scatter:
    """A mark a session that has a bar, above its high; each of its texts is a line of the pointer's box."""
    at = bars.set_index("session")["high"].fillna(bars.set_index("session")["close"])
    known = marks.loc[marks["session"].isin(at.index)]
    lift = (bars["high"].max() - bars["low"].min()) * 0.03
    texts = ["<br>".join(_wrapped(line) for line in lines) for lines in known["lines"]]
    return go.Scatter(
        x=known["session"].dt.strftime("%Y-%m-%d"), y=at.reindex(known["session"]).to_numpy() + lift, mode="markers",
        marker={"symbol": "triangle-down", "size": 6, "color": SERIES[2][dark]}, showlegend=False, text=texts,
        hovertemplate="%{text}<extra></extra>", name="",
    )  # fmt: skip


def _wrapped(line: str) -> str:
    """A text in lines that fit the pointer's box; wide characters count double."""
    width, out = 0, ""
    for char in line:
        width += 1 if ord(char) < 0x2E80 else 2
        if width > 64 and (char == " " or ord(char) >= 0x2E80):
            out, width = out + "\0", 0
        out += char
    return _verbatim(out).replace("\0", "<br>")
