"""Charts as data: points and lines as shares of a box, the label of each line already a text.

x runs from 0 (left) to 1, y from 0 (bottom) to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from basketwatch.analysis.valuation.bands import counted
from basketwatch.views.cards.parts import Data

ROOM = 0.05  # above the highest point and below the lowest, as a share of the box
CLIP = 3.0  # a value beyond so many times the highest line would flatten all others
GAP = 0.085  # between two labels, as a share of the height
_YEAR = timedelta(days=500)  # from so long a history on, years are marked and not months


def line(
    sessions: pd.Series, values: np.ndarray[Any, Any], lines: Mapping[str, tuple[float, str]],
    zones: Sequence[tuple[float, float, str]] = (),
) -> Data | None:  # fmt: skip
    """A series among horizontal lines. ``lines``: key -> (value, label); ``zones``: (from, to, key); NaN breaks the line.

    None where there are fewer than two values.
    """
    known = np.isfinite(values)
    if known.sum() < 2:
        return None
    low, high = _range(values[known], [value for value, _ in lines.values()])
    days = sessions.to_numpy().astype("datetime64[D]").astype("int64")
    across = (days - days[0]) / max(int(days[-1] - days[0]), 1)
    heights = np.clip((values - low) / (high - low), 0, 1)
    at = {key: (value - low) / (high - low) for key, (value, _) in lines.items()}
    return {
        "pieces": pieces(across, heights), "last": [float(across[known][-1]), float(heights[known][-1])],
        "marks": [{"key": k, "y": at[k], "at": y, "label": lines[k][1]} for k, y in _apart(at).items()],
        "zones": [{"from": (a - low) / (high - low), "to": (b - low) / (high - low), "key": k} for a, b, k in zones],
        "ticks": _ticks(sessions.iloc[0].date(), sessions.iloc[-1].date()),
        "beyond": int((values[known] > high).sum()),
    }  # fmt: skip


def multiples(history: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The PEs of a history, NaN where its earnings are a loss."""
    return counted(history)


def pieces(across: np.ndarray[Any, Any], heights: np.ndarray[Any, Any]) -> list[list[list[float]]]:
    """The line's stretches without a hole, each a list of points."""
    out: list[list[list[float]]] = [[]]
    for x, y in zip(across.tolist(), heights.tolist(), strict=True):
        if np.isfinite(y):
            out[-1].append([round(x, 4), round(y, 4)])
        elif out[-1]:
            out.append([])
    return [p for p in out if len(p) > 1]


def _range(values: np.ndarray[Any, Any], lines: Sequence[float]) -> tuple[float, float]:
    high = float(values.max())
    if lines:
        high = max(min(high, CLIP * max(lines)), max(lines))
    low = min([float(values.min()), *lines])
    room = (high - low) * ROOM or abs(high) * ROOM or 1.0
    return low - room, high + room


def _apart(at: Mapping[str, float]) -> dict[str, float]:
    """Where the labels stand: beside their lines, but never upon each other."""
    keys = sorted(at, key=at.__getitem__)
    places: list[float] = []
    for key in keys:
        places.append(max(at[key], places[-1] + GAP if places else 0.0))
    over = places[-1] - 1 if places else 0.0
    for i in reversed(range(len(places))):  # the stack hit the ceiling: press it down
        if over > 0:
            places[i] = min(places[i], 1 - GAP * (len(places) - 1 - i))
    return dict(zip(keys, places, strict=True))


def _ticks(first: date, last: date) -> list[Data]:
    """Where years begin, in a short history months."""
    span = max((last - first).days, 1)
    if last - first >= _YEAR:
        starts = [(date(y, 1, 1), str(y)) for y in range(first.year + 1, last.year + 1)]
    else:
        months = pd.date_range(first, last, freq="MS")
        step = max(1, -(-len(months) // 5))
        starts = [(m.date(), f"{m:%Y-%m}") for m in months[::step]]
    return [{"x": (day - first).days / span, "label": label} for day, label in starts]


def bars(values: Sequence[float]) -> list[tuple[float, float]]:
    """For each value the stretch of its bar, from and to; the zero line lies where all bars fit. NaN has none."""
    known = [v for v in values if np.isfinite(v)]
    low, high = min([0.0, *known]), max([0.0, *known])
    span = high - low or 1.0
    zero = -low / span
    ends = [(v - low) / span if np.isfinite(v) else zero for v in values]
    return [(min(zero, end), max(zero, end)) for end in ends]
