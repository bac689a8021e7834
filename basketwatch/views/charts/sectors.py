"""Figures of the sectors page: sorted bars with the place of the PE beside them, ranks week by week, PE against return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from basketwatch.views.charts import _bare, _verbatim
from basketwatch.views.colours import ACCENT, CHEAP, DEAR, GRID, INK, LABEL, SOFT, TRACK, faded, up_and_down

Figure = go.Figure  # for those who pass one on; Plotly is imported only here

ROW = 19.2  # pixels a bar
LONGEST = 16  # letters of a name beside its bar
LETTERS = (0.023, 0.042)  # of the scatter's width for a wide letter: on a desktop, on a phone; the page shows one
SHARE = 0.75  # of the width for the bars, the rest for the place of the PE
_HUES = {"dear": DEAR, "cheap": CHEAP, "soft": SOFT}
_PALE = {"sector": 0.55, "index": 1.0, "basket": 0.9}
_SIGNS = {"sector": "circle", "index": "square-open", "basket": "diamond"}


def bars(rows: pd.DataFrame, chosen: str, titles: Sequence[str], *, dark: bool, green_up: bool) -> go.Figure:
    """Sorted bars, the best on top, and to their right where each PE stands in its own history.

    ``rows``: key, name, kind (sector, index or basket), value (fraction), shown, hover, percentile, tone; one a bar, in
    order. ``titles``: of the two parts. ``customdata`` of a bar is its key.
    """
    figure = _bare(int(ROW * len(rows)) + 28, dark)
    at = list(range(len(rows)))
    own = rows["key"] == chosen
    labels = [_label(name, kind, mine, dark) for name, kind, mine in zip(rows["name"], rows["kind"], own, strict=True)]
    figure.update_layout(
        margin={"l": 4, "r": 8, "t": 24, "b": 2}, hovermode="closest", showlegend=False, bargap=0.26, barmode="overlay",
        xaxis={"domain": [0, SHARE], "showticklabels": False, "showline": False, "range": _room(rows["value"])},
        yaxis={"side": "left", "tickvals": at, "ticktext": labels, "range": [len(rows) - 0.4, -0.6], "showgrid": False,
               "automargin": True, "tickfont": {"size": 12}},
        xaxis2={"domain": [SHARE + 0.05, 1], "range": [-4, 104], "fixedrange": True, "showgrid": False, "zeroline": False,
                "showticklabels": False, "anchor": "y"},
        annotations=[_title(titles[1])], shapes=[_line(0, 0, GRID[dark])],
        title={"text": _verbatim(titles[0]), "x": 0, "xref": "container", "y": 1, "yanchor": "top",
               "pad": {"t": 8, "l": 4}, "font": {"size": 11.5, "color": LABEL[dark]}},
    )  # fmt: skip
    _add_bars(figure, rows, at, own, dark, green_up)
    _add_places(figure, rows, at, own, dark)
    return figure


def _cut(name: str) -> str:
    """A name that leaves room for its bar on a phone; the whole one is in the hover."""
    return _verbatim(name if len(name) <= LONGEST else name[: LONGEST - 1].rstrip(" &") + "…")


def _label(name: str, kind: str, mine: bool, dark: bool) -> str:
    shown = _cut(name)
    if mine:
        return f'<b><span style="color:{ACCENT[dark]}">{shown}</span></b>'
    return shown if kind == "sector" else f'<b><span style="color:{INK[dark]}">{shown}</span></b>'


def _title(text: str) -> dict[str, object]:
    """Over the right part, ending with it."""
    return {"text": _verbatim(text), "x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right",
            "yanchor": "bottom", "showarrow": False, "font": {"size": 11.5}, "yshift": 4}  # fmt: skip


def _line(left: float, right: float, colour: str) -> dict[str, object]:
    """An upright line or, between two places, a pale field over the whole height."""
    return {"type": "line" if left == right else "rect", "x0": left, "x1": right, "y0": 0, "y1": 1, "yref": "paper",
            "layer": "below", "line": {"color": colour, "width": 1 if left == right else 0},
            "fillcolor": faded(colour, 0.06)}  # fmt: skip


def _room(values: pd.Series) -> list[float]:
    """The axis with room for the labels outside the bars."""
    known = values.dropna()
    low, high = min(0.0, known.min() if len(known) else 0.0), max(0.0, known.max() if len(known) else 0.0)
    span = (high - low) or 0.01
    return [low - (0.52 if low < 0 else 0.02) * span, high + (0.38 if high > 0 else 0.02) * span]


def _add_bars(
    figure: go.Figure, rows: pd.DataFrame, at: Sequence[int], is_own: pd.Series, dark: bool, green_up: bool
) -> None:
    up, down = up_and_down(green_up=green_up)
    hues = [(up if v > 0 else down)[dark] if v == v and v != 0 else LABEL[dark] for v in rows["value"]]
    kinds = list(rows["kind"])
    figure.add_trace(go.Bar(
        x=rows["value"], y=at, orientation="h", text=list(rows["shown"]), textposition="outside", cliponaxis=False,
        textfont={"size": 11.5, "color": hues}, customdata=list(rows["key"]), hovertext=[_verbatim(h) for h in rows["hover"]],
        hovertemplate="%{hovertext}<extra></extra>",
        # a clicked bar that is no sector opens nothing: then nothing is dimmed (with only one of the two Plotly fails)
        selected={"textfont": {"color": LABEL[dark]}},
        unselected={"marker": {"opacity": 1}, "textfont": {"color": LABEL[dark]}},
        marker={
            "color": [faded(h, 1.0 if mine else _PALE[k]) for h, k, mine in zip(hues, kinds, is_own, strict=True)],
            "line": {"color": [INK[dark] if mine else h for h, mine in zip(hues, is_own, strict=True)],
                     "width": [1.2 if mine or k != "sector" else 0 for k, mine in zip(kinds, is_own, strict=True)]},
            "pattern": {"shape": ["/" if k == "basket" else "." if k == "index" else "" for k in kinds], "size": 5,
                        "solidity": 0.35, "fillmode": "replace"},
        },
    ))  # fmt: skip


def _add_places(figure: go.Figure, rows: pd.DataFrame, at: Sequence[int], is_own: pd.Series, dark: bool) -> None:
    """A line from the cheapest day to the dearest a row, and a dot where the PE stands."""
    known = rows["percentile"].notna().to_numpy()
    lines = [p for y in np.array(at)[known] for p in ((0, y), (100, y), (None, None))]
    figure.add_trace(go.Scatter(
        x=[x for x, _ in lines], y=[y for _, y in lines], xaxis="x2", mode="lines", hoverinfo="skip",
        line={"color": TRACK[dark], "width": 5},
    ))  # fmt: skip
    held = rows.loc[known]
    figure.add_trace(go.Scatter(
        x=held["percentile"] * 100, y=np.array(at)[known], xaxis="x2", mode="markers", customdata=list(held["key"]),
        hovertext=[_verbatim(h) for h in held["hover"]], hovertemplate="%{hovertext}<extra></extra>",
        marker={"size": [11 if m else 8 for m in is_own[known]], "color": [_HUES[t][dark] for t in held["tone"]],
                "line": {"width": 0}}, unselected={"marker": {"opacity": 1}},
    ))  # fmt: skip


def rotation(ranks: pd.DataFrame, names: Mapping[str, str], chosen: str, *, dark: bool, height: int = 460) -> go.Figure:
    """Ranks as lines from week to week, 1 on top: the chosen sector strong, the ends of the last week named.

    ``ranks``: a row a sector, a column a week's last session.
    """
    figure = _bare(height, dark)
    weeks = [f"{d:%m-%d}" for d in pd.DatetimeIndex(ranks.columns)]
    of = len(ranks)
    figure.update_layout(
        margin={"l": 26, "r": 116, "t": 8, "b": 24}, hovermode="closest", showlegend=False,
        xaxis={"type": "category", "range": [-0.3, len(weeks) - 0.7], "tickangle": 0,
               "tickvals": weeks[::-1][::3][::-1]},
        yaxis={"range": [of + 0.8, 0.2], "tickvals": [1, 10, 20, of], "side": "left", "showgrid": True},
    )  # fmt: skip
    others = [t for t in ranks.index if t != chosen]
    for tickers, mine in ((others, False), ([t for t in ranks.index if t == chosen], True)):
        # one trace for all of them, a gap between two: thirty traces cost thirty times the time
        points = [
            (w, r, _verbatim(names[t]))
            for t in tickers
            for w, r in zip((*weeks, None), (*ranks.loc[t], None), strict=True)
        ]
        figure.add_trace(go.Scatter(
            x=[w for w, _, _ in points], y=[r for _, r, _ in points], customdata=[n for _, _, n in points],
            mode="lines+markers", hovertemplate=f"%{{customdata}} %{{x}} · %{{y}}/{of}<extra></extra>",
            line={"color": ACCENT[dark] if mine else faded(LABEL[dark], 0.22), "width": 3 if mine else 1.2},
            marker={"size": 8 if mine else 4, "color": ACCENT[dark] if mine else faded(LABEL[dark], 0.4)},
        ))  # fmt: skip
    figure.update_layout(annotations=_ends(ranks, names, chosen, dark))
    return figure


def _ends(ranks: pd.DataFrame, names: Mapping[str, str], chosen: str, dark: bool) -> list[dict[str, object]]:
    """Names beside the last week's first five, last five, and the chosen one."""
    last = ranks.iloc[:, -1].dropna() if ranks.shape[1] else pd.Series(dtype="float64")
    named = last[(last <= 5) | (last > len(ranks) - 5) | (last.index == chosen)]
    return [{
        "x": ranks.shape[1] - 1, "y": rank, "text": f"{rank:.0f} {_cut(names[str(ticker)])}", "showarrow": False,
        "xanchor": "left", "xshift": 8, "font": {"size": 11, "color": (ACCENT if ticker == chosen else LABEL)[dark]},
    } for ticker, rank in named.items()]  # fmt: skip


def scatter(rows: pd.DataFrame, chosen: str, titles: Sequence[str], *, dark: bool, height: int = 460) -> go.Figure:
    """PE percentile across, return upward: each sector a dot, indices and baskets in shapes of their own.

    ``rows``: as for ``bars``; only those with a percentile and a value are drawn.
    """
    figure = _bare(height, dark)
    held = rows.dropna(subset=["percentile", "value"])
    figure.update_layout(
        margin={"l": 50, "r": 14, "t": 8, "b": 40}, hovermode="closest", showlegend=False,
        xaxis={"range": [-4, 108], "tickvals": [0, 10, 30, 50, 70, 90, 100], "showgrid": True, "ticksuffix": "%",
               "title": {"text": _verbatim(titles[0]), "font": {"size": 12}}},
        yaxis={"side": "left", "tickformat": "+.0%", "title": {"text": _verbatim(titles[1]), "font": {"size": 12}}},
    )  # fmt: skip
    fields = [_line(left, right, _HUES[tone][dark]) for left, right, tone in ((-4, 30, "cheap"), (70, 108, "dear"))]
    level = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0}
    figure.update_layout(shapes=[*fields, level | {"line": {"color": LABEL[dark], "width": 1, "dash": "dot"}}])
    own, at = held["key"] == chosen, held["percentile"] * 100
    figure.add_trace(go.Scatter(
        x=at, y=held["value"], mode="markers", customdata=list(held["key"]),
        hovertext=[_verbatim(h) for h in held["hover"]], hovertemplate="%{hovertext}<extra></extra>",
        marker={"size": [14 if m else 9 for m in own], "symbol": [_SIGNS[k] for k in held["kind"]],
                "color": [ACCENT[dark] if m else _HUES[t][dark] for m, t in zip(own, held["tone"], strict=True)],
                "opacity": 0.85},
    ))  # fmt: skip
    if len(held):
        figure.add_traces([_names(held, at, own, dark, letter) for letter in LETTERS])
    return figure


def _names(rows: pd.DataFrame, at: pd.Series, is_own: pd.Series, dark: bool, letter: float) -> go.Scatter:
    """The names for a figure in which a wide letter takes ``letter`` of the width: those that find room."""
    up = (rows["value"] - rows["value"].min()) / _spread(rows["value"])
    first = np.argsort(np.where(is_own, 0, np.where(rows["kind"] == "sector", 2, 1)), kind="stable")
    places = _labelled(list(rows["name"]), at / 112, up, first.tolist(), letter)
    return go.Scatter(
        x=at, y=rows["value"], mode="markers+text", marker={"size": 10, "opacity": 0}, hoverinfo="skip",
        textposition=[p or "top center" for p in places],
        text=[_verbatim(n) if p else "" for n, p in zip(rows["name"], places, strict=True)],
        textfont={"size": 11, "color": [ACCENT[dark] if m else LABEL[dark] for m in is_own]},
    )  # fmt: skip


def _spread(values: pd.Series) -> float:
    return float(values.max() - values.min()) or 1.0


# where a name may stand beside its dot: Plotly's word, and its left edge and middle in widths and heights of the name
_BESIDE = (
    ("top center", -0.5, 1.1), ("bottom center", -0.5, -1.1), ("middle right", 0.12, 0.0), ("middle left", -1.12, 0.0),
)  # fmt: skip


def _labelled(names: Sequence[str], across: pd.Series, up: pd.Series, order: Sequence[int], letter: float) -> list[str]:
    """Where each name stands so that none lies on another name or on a dot; "" where there is no room.

    ``across``, ``up``: places of the dots within the figure, 0 to 1. ``order``: who chooses first. ``letter``: width
    of a wide letter.
    """
    round_dot = 0.4 * letter
    dots = [(x - round_dot, x + round_dot, y - 0.012, y + 0.012) for x, y in zip(across, up, strict=True)]
    taken, out = list(dots), [""] * len(names)
    for i in order:
        width, height = letter * sum(1.0 if ord(c) > 255 else 0.6 for c in names[i]), 0.034
        boxes = {}
        for word, left, middle in _BESIDE:
            x, y = across.iloc[i] + left * width, up.iloc[i] + middle * height
            boxes[word] = (x, x + width, y - height / 2, y + height / 2)
        others = taken[:i] + taken[i + 1 :]
        free = [w for w, box in boxes.items() if box[0] > -0.03 and box[1] < 0.97 and not _hits(box, others)]
        if free:
            out[i] = free[0]
            taken.append(boxes[free[0]])
    return out


def _hits(box: tuple[float, ...], others: Sequence[tuple[float, ...]]) -> bool:
    return any(box[0] < o[1] and o[0] < box[1] and box[2] < o[3] and o[2] < box[3] for o in others)
