"""Valuation over time: a multiple between the lines of its window with the price above it, and the price among the
lines of its channel.

The lines of a window are constants: they are drawn as shapes, which cost a few bytes each, and not as columns as long
as the history. Histories come in thinned to weeks (``baskets.thin``); the last point is the last session's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from basketwatch.analysis.valuation.bands import Band
from basketwatch.views.charts import _verbatim
from basketwatch.views.colours import ACCENT, CARD, CHEAP, DEAR, GRID, LABEL, PRICE, faded

Figure = go.Figure
Kind = Literal["quantiles", "sigma"]

HEIGHT = 440
_TOP, _BOTTOM, _RIGHT = 26, 24, 62  # pixels around the plot; the lines' labels stand on the right
_MULTIPLE, _PRICE = (0.0, 0.60), (0.70, 1.0)  # shares of the height: the multiple below, the price above it
_LABEL = 14  # pixels that a label needs
_CLIP = 3.0  # a multiple beyond so many times its highest line would flatten all others


def band(
    history: pd.DataFrame, window: Band, kind: Kind, names: Mapping[str, str], *, dark: bool, height: int = HEIGHT,
    span: bool = False,
) -> go.Figure:  # fmt: skip
    """The multiple between the lines of one window, the price above it on the same time axis.

    ``history``: session, pe, losing, price (where there is none the multiple has the whole height). ``kind``: the
    quantiles 10 30 50 70 90, or the mean with one and two standard deviations. ``names``: price, pe. ``span``: shade
    the window's own dates, for one that ends before the history does. An insufficient window has no lines.
    """
    priced = bool(history["price"].notna().any())
    lines = {} if window.insufficient else _lines(window, kind)
    days, values = _days(history), history["pe"].where(~history["losing"] & (history["pe"] > 0))
    top, bottom = _range(values, lines)
    low, high = domain = _MULTIPLE if priced else (0.0, 1.0)
    pixels = (height - _TOP - _BOTTOM) * (high - low) / (top - bottom) if top > bottom else 1.0
    traces = [_line(days, values, names["pe"], ACCENT[dark], "y")]
    if priced:
        traces.append(_line(days, history["price"], names["price"], PRICE[dark], "y2", digits=4))
    return _figure(
        [*traces, *_last(days, values, ACCENT[dark])], days, height, dark,
        yaxis={"domain": domain, "range": [bottom, top]}, yaxis2={"domain": _PRICE, "visible": priced},
        shapes=[*_zones(lines, kind, dark), *_losses(history, dark), *(_span(window, dark) if span else [])],
        annotations=[*_labels(lines, pixels, dark), *_titles(names, priced, dark)],
    )  # fmt: skip


def channel(lines: pd.DataFrame, names: Mapping[str, str], *, dark: bool, height: int = HEIGHT) -> go.Figure:
    """The price among the prices at which the multiple would stand at its window's quantiles.

    ``lines``: session, price, q10 q30 q50 q70 q90 (listing currency, missing where the earnings are no profit).
    ``names``: price, and one for each quantile.
    """
    days = _days(lines)
    colours = (DEAR[dark], DEAR[dark], LABEL[dark], CHEAP[dark], CHEAP[dark])
    dashes = ("solid", "dot", "dash", "dot", "solid")
    traces, ends = [], {}
    for column, colour, dash in zip(("q90", "q70", "q50", "q30", "q10"), colours, dashes, strict=True):
        style = {"color": colour, "width": 1, "dash": dash, "shape": "hv"}
        traces.append(_line(days, lines[column], names[column], colour, "y", digits=4, style=style))
        if len(lines) and math.isfinite(lines[column].iloc[-1]):
            ends[names[column]] = float(lines[column].iloc[-1])
    traces.append(_line(days, lines["price"], names["price"], PRICE[dark], "y", digits=4))
    known = pd.concat([lines[c] for c in ("price", "q10", "q90")]).dropna()
    bottom, top = (known.min() * 0.95, known.max() * 1.04) if len(known) else (0.0, 1.0)
    pixels = (height - _TOP - _BOTTOM) / (top - bottom) if top > bottom else 1.0
    return _figure(
        [*traces, *_last(days, lines["price"], PRICE[dark])], days, height, dark, yaxis={"range": [bottom, top]},
        yaxis2={"visible": False}, annotations=_labels(ends, pixels, dark),
    )  # fmt: skip


def _figure(
    traces: Sequence[Mapping[str, Any]], days: Sequence[str], height: int, dark: bool, *, yaxis: dict[str, Any],
    yaxis2: dict[str, Any], **layout: Any,
) -> go.Figure:  # fmt: skip
    """All of a figure at once: each later change of it would be checked by Plotly anew."""
    axis = {
        "gridcolor": GRID[dark], "zeroline": False, "linecolor": GRID[dark], "fixedrange": True, "nticks": 6,
        "tickfont": {"size": 11},
    }  # fmt: skip
    # an empty template: Plotly's own would weigh more than the data; no month names, the page may be in Chinese
    return go.Figure(data=traces, layout={
        "template": "none", "height": height, "margin": {"l": 44, "r": _RIGHT, "t": _TOP, "b": _BOTTOM},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font": {"color": LABEL[dark], "size": 12},
        "xaxis": axis | _ends(days) | {"type": "date", "showgrid": False, "tickformat": "%Y-%m", "hoverformat": "%Y-%m-%d",
                                       "spikecolor": LABEL[dark], "spikethickness": 1, "spikedash": "solid"},
        "yaxis": axis | yaxis, "yaxis2": axis | yaxis2, "hovermode": "x unified", "hoversubplots": "axis",
        "dragmode": False, "showlegend": False,
        "hoverlabel": {"bgcolor": faded(CARD[dark], 0.94), "bordercolor": GRID[dark],
                       "font": {"size": 12, "color": PRICE[dark]}},
    } | layout)  # fmt: skip


def _ends(days: Sequence[str]) -> dict[str, Any]:
    """The time axis from the first point to the last, with room for the dot on it."""
    if len(days) < 2:
        return {}
    first, last = pd.Timestamp(days[0]), pd.Timestamp(days[-1])
    return {"range": [days[0], (last + (last - first) * 0.012).strftime("%Y-%m-%d")]}


def _days(frame: pd.DataFrame) -> list[str]:
    return [str(day) for day in frame["session"].dt.strftime("%Y-%m-%d")]


def _line(
    days: Sequence[str], values: pd.Series, name: str, colour: str, axis: str, *, digits: int = 2,
    style: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A line whose points are written with as many digits as can be read, its last one as it is."""
    plotted = [round(v, digits) if math.isfinite(v) else None for v in values.tolist()]
    if plotted and plotted[-1] is not None:
        plotted[-1] = float(values.iloc[-1])
    return {
        "type": "scatter", "x": days, "y": plotted, "name": _verbatim(name), "yaxis": axis, "mode": "lines",
        "line": style or {"color": colour, "width": 1.6}, "hovertemplate": "%{y:,.2f}",
    }  # fmt: skip


def _last(days: Sequence[str], values: pd.Series, colour: str) -> list[dict[str, Any]]:
    """A dot on the last value, where there is one."""
    if not len(values) or not math.isfinite(values.iloc[-1]):
        return []
    dot = {"color": colour, "size": 7}
    return [{"type": "scatter", "x": days[-1:], "y": [float(values.iloc[-1])], "mode": "markers", "marker": dot,
             "hoverinfo": "skip"}]  # fmt: skip


def _lines(window: Band, kind: Kind) -> dict[str, float]:
    """Label -> multiple, lowest first; a line below zero is no multiple and is left out."""
    if kind == "quantiles":
        return {f"P{q}": getattr(window, f"q{q}") for q in (10, 30, 50, 70, 90)}
    steps = {"−2σ": -2, "−1σ": -1, "μ": 0, "+1σ": 1, "+2σ": 2}
    found = {label: window.mean + k * window.std for label, k in steps.items()}
    return {label: value for label, value in found.items() if value > 0}


def _range(values: pd.Series, lines: Mapping[str, float]) -> tuple[float, float]:
    """Upper and lower end of the axis: all values and lines, but none so far out that it flattens the others."""
    known = [*values.dropna().tolist(), *lines.values()]
    if not known:
        return 1.0, 0.0
    top, bottom = max(known), min(known)
    if lines:
        last = values.iloc[-1] if math.isfinite(values.iloc[-1]) else 0.0
        top = max(last, min(top, _CLIP * max(lines.values())))
    room = 0.06 * (top - bottom or top)
    return top + room, max(0.0, bottom - room)


def beyond(history: pd.DataFrame, window: Band, kind: Kind) -> int:
    """How many points of the history lie above the axis that ``band`` draws."""
    values = history["pe"].where(~history["losing"] & (history["pe"] > 0))
    top, _ = _range(values, {} if window.insufficient else _lines(window, kind))
    return int((values > top).sum())


def _zones(lines: Mapping[str, float], kind: Kind, dark: bool) -> list[dict[str, Any]]:
    """The lines across the plot, the space between the inner pair shaded."""
    inner = ("P30", "P70") if kind == "quantiles" else ("−1σ", "+1σ")
    middle = "P50" if kind == "quantiles" else "μ"
    drawn: list[dict[str, Any]] = []
    across = {"xref": "paper", "x0": 0, "x1": 1, "yref": "y", "layer": "below"}
    if lines and inner[0] in lines:
        drawn.append(across | {"type": "rect", "y0": lines[inner[0]], "y1": lines[inner[1]], "line": {"width": 0},
                               "fillcolor": ACCENT[dark], "opacity": 0.09})  # fmt: skip
    for label, value in lines.items():
        colour = LABEL[dark] if label == middle else DEAR[dark] if value > lines[middle] else CHEAP[dark]
        dash = "dash" if label == middle else "dot" if label in inner else "solid"
        drawn.append(
            across | {"type": "line", "y0": value, "y1": value, "line": {"color": colour, "width": 1, "dash": dash}}
        )
    return drawn


def _losses(history: pd.DataFrame, dark: bool) -> list[dict[str, Any]]:
    """A bar at the foot of the plot over each stretch with losses."""
    losing = history["losing"].to_numpy()
    runs = (pd.Series(losing) != pd.Series(losing).shift()).cumsum().to_numpy()
    days = _days(history)
    drawn = []
    for run in dict.fromkeys(runs[losing].tolist()):
        at = [i for i, r in enumerate(runs) if r == run]
        drawn.append({"type": "rect", "xref": "x", "x0": days[at[0]], "x1": days[min(at[-1] + 1, len(days) - 1)],
                      "yref": "y domain", "y0": 0, "y1": 0.025, "line": {"width": 0}, "fillcolor": LABEL[dark],
                      "opacity": 0.55})  # fmt: skip
    return drawn


def _span(window: Band, dark: bool) -> list[dict[str, Any]]:
    if window.first is None or window.last is None:
        return []
    ends = {"x0": window.first.isoformat(), "x1": window.last.isoformat()}
    return [{"type": "rect", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1, "layer": "below", "line": {"width": 0},
             "fillcolor": LABEL[dark], "opacity": 0.07} | ends]  # fmt: skip


def _labels(lines: Mapping[str, float], pixels: float, dark: bool) -> list[dict[str, Any]]:
    """The lines' names and values at their right ends, moved apart where they would overlap."""
    order = sorted(lines.items(), key=lambda item: item[1])
    wanted = [value * pixels for _, value in order]
    placed: list[float] = []
    for at in wanted:
        placed.append(max(at, placed[-1] + _LABEL) if placed else at)
    over = (placed[-1] - wanted[-1]) / 2 if placed else 0.0  # half of the push back down, so that both ends share it
    return [
        {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 4, "y": value, "yref": "y", "yshift": put - at - over,
         "yanchor": "middle", "text": f"{_verbatim(label)} {_short(value)}", "showarrow": False, "font": {"size": 11, "color": LABEL[dark]}}
        for (label, value), at, put in zip(order, wanted, placed, strict=True)
    ]  # fmt: skip


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _titles(names: Mapping[str, str], priced: bool, dark: bool) -> list[dict[str, Any]]:
    shown = [(names["pe"], "y domain"), *([(names["price"], "y2 domain")] if priced else [])]
    return [
        {"x": 0, "xref": "paper", "xanchor": "left", "y": 1, "yref": axis, "yanchor": "bottom", "yshift": 3,
         "text": _verbatim(text), "showarrow": False, "font": {"size": 12, "color": LABEL[dark]}}
        for text, axis in shown
    ]  # fmt: skip
