"""The result of a run: a line a metric, the machine, the files ``results.md`` and ``results.json``."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

PACKAGES = ("streamlit", "pandas", "numpy", "plotly", "sqlalchemy", "akshare", "yfinance", "playwright")
HEAD = ("part", "metric", "ours", "beside", "which is", "ratio", "target", "ok")


@dataclass(frozen=True)
class Metric:
    """One line. ``ours`` and ``beside`` are medians of ``samples``; ``ratio`` is their quotient."""

    part: str
    name: str
    ours: float
    beside: float | None
    what: str  # what stands beside ours
    unit: str
    target: str
    ok: bool | None  # None: no target, for information
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.ours / self.beside if self.beside else None


def ratio(
    part: str, name: str, ours: Sequence[float], beside: Sequence[float], what: str, unit: str, limit: float | None
) -> Metric:
    """Ours against something measured in the same run; at most ``limit`` times it (None = for information)."""
    mine, other = median(ours), median(beside)
    ok = None if limit is None else mine <= limit * other
    target = "" if limit is None else f"≤ {limit:.2f} ×"
    return Metric(part, name, mine, other, what, unit, target, ok, {"ours": list(ours), "beside": list(beside)})


def count(
    part: str, name: str, ours: Sequence[float], limit: int, beside: float | None = None, what: str = ""
) -> Metric:
    """Something that is counted: the worst repetition may not exceed ``limit``."""
    return Metric(part, name, max(ours), beside, what, "", f"≤ {limit}", max(ours) <= limit, {"ours": list(ours)})


def shown(value: float | None, unit: str) -> str:
    """A number with its unit, three digits."""
    if value is None:
        return "–"
    return f"{value:,.0f} {unit}".strip() if value >= 100 or value == int(value) else f"{value:.3g} {unit}".strip()


def row(metric: Metric) -> tuple[str, ...]:
    """The cells of a metric, in the order of ``HEAD``."""
    quotient = "–" if metric.ratio is None else f"{metric.ratio:.2f}"
    ok = {True: "yes", False: "NO", None: ""}[metric.ok]
    values = shown(metric.ours, metric.unit), shown(metric.beside, metric.unit)
    return (metric.part, metric.name, *values, metric.what, quotient, metric.target, ok)


def text(metrics: Sequence[Metric]) -> str:
    """The table for a terminal."""
    rows = [HEAD, *map(row, metrics)]
    widths = [max(len(line[i]) for line in rows) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in rows)


def machine(started: datetime, load: tuple[float, float, float]) -> dict[str, Any]:
    """What the numbers depend on. ``load`` is the load average at the start."""
    return {
        "date": f"{started:%Y-%m-%d %H:%M} UTC",
        "minutes": round((datetime.now(UTC) - started).total_seconds() / 60, 1),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "load at start": [round(x, 1) for x in load],
        "load at end": [round(x, 1) for x in os.getloadavg()],
    }


def write(folder: Path, metrics: Sequence[Metric], facts: dict[str, Any], repetitions: int) -> None:
    """``results.md`` for people, ``results.json`` with every sample."""
    lines = ["| " + " | ".join(row(m)) + " |" for m in metrics]
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    loads = " → ".join("/".join(map(str, facts[f"load at {when}"])) for when in ("start", "end"))
    intro = (
        f"{facts['date']}, {facts['minutes']} min, {repetitions} interleaved repetitions, medians (counts: the worst). "
        f"{facts['cores']} cores, {facts['system']}, Python {facts['python']}, load {loads}.\n{packages}.\n"
    )
    head = "| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD)
    note = "Absolute numbers belong to this machine; only the ratios are meant to be compared.\n"
    page = "# Results\n\n" + intro + "\n" + note + "\n" + head + "\n" + "\n".join(lines) + "\n"
    (folder / "results.md").write_text(page, "utf-8")
    data = {"machine": facts, "metrics": [asdict(m) | {"ratio": m.ratio} for m in metrics]}
    (folder / "results.json").write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
