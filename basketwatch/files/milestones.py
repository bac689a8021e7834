"""The outlook in ``sector_maps/<chain>.toml``: milestones, forecasts, phases, risks and market sizes, read into ``Outlook``.

The format is described in ``sector_maps/README.md``. A row that is wrong is a fault of the document and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, TypeVar

from basketwatch.domain import markets
from basketwatch.domain import outlook as terms
from basketwatch.domain.model import Names
from basketwatch.domain.outlook import (
    Estimate,
    Evidence,
    Forecast,
    Growth,
    Input,
    MacroDate,
    Milestone,
    Outlook,
    Phase,
    Risk,
    Size,
    Span,
    span_of,
)  # fmt: skip
from basketwatch.files import tables
from basketwatch.files.toml import Doc, Place

_Thing = TypeVar("_Thing")
TABLES = ("milestone", "forecast", "phase", "risk", "size")
_MILESTONE = {
    "id": str, "item": Names, "name": Names, "window": Span, "state": str, "was": list, "came": date, "companies": list,
    "evidence": list,
}  # fmt: skip
_EVIDENCE = {"text": Names, "source": Names, "date": Span}
_FORECAST = {"id": str, "name": Names, "unit": Names, "value": list, "growth": list}
_VALUE = {"year": int, "value": float, "high": float, "text": Names, "source": Names, "date": Span}
_GROWTH = {"from": int, "to": int, "rate": float, "text": Names, "source": Names, "date": Span}
_PHASE = {"name": Names, "window": Span, "text": Names, "companies": list, "source": Names, "date": Span}
_RISK = {
    "name": Names, "sign": Names, "state": str, "seen": date, "seen_source": Names, "source": Names, "date": Span,
}  # fmt: skip
_SIZE = {
    "name": Names, "year": int, "unit": Names, "scale": float, "factor": list, "plus_low": float, "plus_high": float,
    "said_low": float, "said_high": float, "source": Names, "date": Span,
}  # fmt: skip
_FACTOR = {"name": Names, "value": float}
_MACRO = {"day": date, "name": Names}
_SECURITIES = tuple(suffix for suffix in markets.MARKETS if suffix not in ("SI", "FX"))


def outlook(doc: Doc) -> Outlook:
    """What one chain's file says of the future; what is wrong becomes a fault of ``doc``."""
    return Outlook(
        milestones=tuple(_each(doc, "milestone", _MILESTONE, _milestone)),
        forecasts=tuple(_each(doc, "forecast", _FORECAST, _forecast)),
        phases=tuple(_each(doc, "phase", _PHASE, _phase)),
        risks=tuple(_each(doc, "risk", _RISK, _risk)),
        sizes=tuple(_each(doc, "size", _SIZE, _size)),
    )


def macro(doc: Doc | None) -> tuple[MacroDate, ...]:
    """The days in ``benchmarks.toml`` on which something is published that moves all markets, in order of time."""
    if doc is None:
        return ()
    found = [
        MacroDate(**good) for path, row in tables.rows(doc, "macro") if (good := tables.fields(doc, path, row, _MACRO))
    ]
    return tuple(sorted(found, key=lambda one: one.day))


def _each(
    doc: Doc, table: str, keys: dict[str, type], made: Callable[[Doc, Place, dict[str, Any]], _Thing | None]
) -> Iterator[_Thing]:
    """The things that the rows of a table make; one whose id stands above already is told and left out."""
    known = set[str]()
    for path, row in tables.rows(doc, table):
        good = tables.fields(doc, path, row, keys)
        if good is None or ("id" in keys and not tables.is_id(doc, (*path, "id"), good["id"])):
            continue
        if good.get("id") in known:
            doc.fault((*path, "id"), "duplicate_entry", table=table, id=good["id"])
            continue
        known |= {good["id"]} if "id" in good else set()
        if (thing := made(doc, path, good)) is not None:
            yield thing


def _milestone(doc: Doc, path: Place, good: dict[str, Any]) -> Milestone | None:
    if not _is_state(doc, path, good["state"], terms.STATES):
        return None
    if "came" in good and good["state"] != terms.CAME:
        doc.fault((*path, "came"), "came_not_said", "soft", id=good["id"], state=good["state"])
    rows = tables.rows(doc, "evidence", path, good)
    found = [f for at, row in rows if (f := tables.fields(doc, at, row, _EVIDENCE)) and "text" in f]
    return Milestone(
        **{key: good[key] for key in ("id", "item", "name", "window", "state")},
        was=tuple(_spans(doc, (*path, "was"), good.get("was", []))),
        came=good.get("came"),
        companies=_companies(doc, path, good),
        evidence=tuple(Evidence(f["text"], f["source"], f["date"]) for f in found),
    )


def _forecast(doc: Doc, path: Place, good: dict[str, Any]) -> Forecast:
    values = [f for at, row in tables.rows(doc, "value", path, good) if (f := tables.fields(doc, at, row, _VALUE))]
    growth = [f for at, row in tables.rows(doc, "growth", path, good) if (f := tables.fields(doc, at, row, _GROWTH))]
    return Forecast(
        good["id"], good["name"], good["unit"],
        tuple(Estimate(f["year"], f["value"], f["source"], f["date"], f.get("high"), f.get("text")) for f in values),
        tuple(Growth(f["from"], f["to"], f["rate"], f["source"], f["date"], f.get("text")) for f in growth),
    )  # fmt: skip


def _phase(doc: Doc, path: Place, good: dict[str, Any]) -> Phase:
    companies = _companies(doc, path, good)
    return Phase(good["name"], good["window"], good["source"], good["date"], good.get("text"), companies)


def _risk(doc: Doc, path: Place, good: dict[str, Any]) -> Risk | None:
    if not _is_state(doc, path, good["state"], terms.RISK_STATES):
        return None
    if good["state"] == terms.SEEN and "seen" not in good:
        doc.fault(path, "missing_key", field="seen")
    return Risk(
        good["name"],
        good["sign"],
        good["state"],
        good["source"],
        good["date"],
        good.get("seen"),
        good.get("seen_source"),
    )


def _size(doc: Doc, path: Place, good: dict[str, Any]) -> Size | None:
    rows = tables.rows(doc, "factor", path, good)
    factors = tuple(Input(**found) for at, row in rows if (found := tables.fields(doc, at, row, _FACTOR)))
    if not factors or good["scale"] <= 0:
        doc.fault(path, "empty_size")
        return None
    low, high = good.get("plus_low", 0.0), good.get("plus_high", good.get("plus_low", 0.0))
    numbers = (low, high, good["said_low"], good["said_high"])
    return Size(
        good["name"], good["year"], good["unit"], good["scale"], factors, *numbers, good["source"], good["date"]
    )


def _is_state(doc: Doc, path: Place, state: str, known: tuple[str, ...]) -> bool:
    if state not in known:
        doc.fault((*path, "state"), "unknown_state", state=state, known=", ".join(known))
    return state in known


def _spans(doc: Doc, path: Place, items: list[object]) -> Iterator[Span]:
    for number, item in enumerate(items):
        span = span_of(str(item))
        if span is None:
            doc.fault((*path, number), "bad_span", field=path[-1], found=item)
        else:
            yield span


def _companies(doc: Doc, path: Place, good: dict[str, Any]) -> tuple[str, ...]:
    found = tables.tickers(doc, (*path, "companies"), good.get("companies", []), _SECURITIES)
    return tuple(dict.fromkeys(ticker for _, ticker in found))
