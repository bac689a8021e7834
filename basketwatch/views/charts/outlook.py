"""The figure of forecasts: values by year on a logarithmic axis, labels at the lines' ends."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from basketwatch.domain.outlook import Forecast
from basketwatch.views.charts import _bare, _verbatim
from basketwatch.views.colours import SERIES


def forecasts(rows: Sequence[Forecast], lang: str, *, dark: bool) -> go.Figure:
    """A line a forecast and source; the name and the newest value stand at its end."""
    figure = _bare(260, dark)
    years = sorted({e.year for f in rows for e in f.estimates})
    figure.update_layout(
        showlegend=False, hovermode="closest", margin={"l": 40, "r": 110, "t": 14, "b": 24},
        xaxis={"tickvals": years, "ticktext": [str(y) for y in years], "range": [years[0] - 0.2, years[-1] + 0.2]},
        yaxis={"type": "log", "side": "left", "dtick": 1, "tickformat": ",~r"},
    )  # fmt: skip
    for n, forecast in enumerate(rows):
        colour = SERIES[n % len(SERIES)][dark]
        for who in dict.fromkeys((e.source.zh, e.at.text) for e in forecast.estimates):
            points = sorted((e for e in forecast.estimates if (e.source.zh, e.at.text) == who), key=lambda e: e.year)
            labels = [""] * (len(points) - 1) + [f"{_verbatim(forecast.name[lang])} {points[-1].value:g}"]
            figure.add_trace(go.Scatter(
                x=[e.year for e in points], y=[e.value for e in points], mode="lines+markers+text", text=labels,
                textposition="middle right", textfont={"color": colour, "size": 12}, cliponaxis=False,
                line={"color": colour, "width": 2}, marker={"size": 7}, name=_verbatim(forecast.name[lang]),
                hovertemplate="%{x}: %{y:g} " + _verbatim(forecast.unit[lang]),
            ))  # fmt: skip
    return figure
