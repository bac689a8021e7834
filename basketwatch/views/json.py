"""The snapshot as JSON, ``check --json``, with the names of the contract."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any

import pandas as pd

from basketwatch.analysis.prices import WINDOWS
from basketwatch.analysis.snapshot import BasketView, Snapshot
from basketwatch.analysis.valuation.bands import QUANTILES, Band
from basketwatch.analysis.valuation.baskets import BasketPe
from basketwatch.analysis.valuation.readings import BasketPeReading, PeReading, difference
from basketwatch.clock import iso
from basketwatch.domain import markets
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Names
from basketwatch.views.basket import why_apart
from basketwatch.words.text import sentence


def check(snapshot: Snapshot, only: Sequence[str] = (), lang: str = "en") -> dict[str, Any]:
    """The object of ``check --json``; ``only`` names baskets (empty = all), ``lang`` is that of the sentences."""
    chosen = [b for b in snapshot.baskets if not only or b.basket.id in only]
    return {
        "now": iso(snapshot.now),
        "demo": snapshot.demo,
        "version": snapshot.version,
        "as_of": {group: _as_of(snapshot, group) for group in snapshot.markets},
        "benchmarks": [_listed(snapshot, b.ticker, b.name) for b in snapshot.universe.benchmarks],
        "sectors": [_listed(snapshot, s.ticker, s.name) | _rank(snapshot, s.ticker) for s in snapshot.universe.sectors],
        "baskets": [_basket(snapshot, b) for b in chosen],
        "flags": flags(snapshot.flags),
        "problems": [
            {"where": p.where, "message": sentence(p, lang), "severity": p.severity} for p in snapshot.problems
        ],
    }


def flags(flag_rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Flags (rows of ``store.flags.read``) with the names of the contract."""
    return [{
        "id": row["id"], "rule": row["rule"], "ticker": row["ticker"], "basket": list(row["basket"]),
        "session": row["session"].date().isoformat(), "direction": row["direction"], "severity": row["severity"],
        "value": number(row["value"]), "threshold": number(row["threshold"]),
        "reason": {"zh": row["reason_zh"], "en": row["reason_en"]}, "raised_at": iso(row["raised_at"]),
        "cause": row["cause"] if pd.notna(row["cause"]) and row["cause"] else None, "provisional": False,
        "state": row["state"], "notice": bool(row["notice"]),
    } for row in flag_rows.to_dict("records")]  # fmt: skip


def number(value: Any) -> float | None:
    """A float for JSON: None for what is unknown or infinite, never NaN."""
    return float(value) if pd.notna(value) and math.isfinite(value) else None


def _numbers(values: Mapping[Any, Any]) -> dict[str, float | None]:
    return {w: number(values[w]) for w in WINDOWS}


def _as_of(snapshot: Snapshot, group: str) -> dict[str, Any]:
    state, rows = snapshot.markets[group], snapshot.table.loc[snapshot.table["group"] == group]
    # a sector's quote bears the instant of the answer, not one of the exchange
    times = rows.loc[[markets.kind(t) != "sector" for t in rows.index], "quote_time"].dropna()
    return {
        "session": state.session.day.isoformat() if state.session else None,
        "state": state.phase,
        "confirmed": state.confirmed,
        "quote_time": iso(times.max()) if len(times) else None,
    }


def _listed(snapshot: Snapshot, ticker: str, name: Names) -> dict[str, Any]:
    row: Mapping[Any, Any] = snapshot.table.loc[ticker].to_dict() if ticker in snapshot.table.index else _MISSING
    return {
        "ticker": ticker,
        "name": name.zh,
        "name_en": name.en,
        "last": number(row["last"]),
        **_origin(row),
        "returns": _numbers(row),
        "valuation": valuation(snapshot.valuations.get(ticker)),
    }


_MISSING: dict[str, Any] = {"session": None, "last": None, **dict.fromkeys(WINDOWS)}


def _origin(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Of which session and when, from where, and in what state; of a row without a session nothing is known."""
    known = pd.notna(row["session"])
    return {
        "session": row["session"].date().isoformat() if known else None,
        "quote_time": _instant(row["quote_time"]) if known else None,
        "source": row["source"] if known else None,
        "stale": bool(row["stale"]) if known else True,
        "state": row["state"] if known else "no_data",
    }


def _rank(snapshot: Snapshot, ticker: str) -> dict[str, Any]:
    row = snapshot.ranks.loc[ticker].to_dict() if ticker in snapshot.ranks.index else {}
    found = {w: number(row.get(w)) for w in WINDOWS}
    return {"rank": {w: None if rank is None else int(rank) for w, rank in found.items()}, "of": SECTORS}


def _basket(snapshot: Snapshot, view: BasketView) -> dict[str, Any]:
    rows = view.table.to_dict("index")
    return {
        "id": view.basket.id,
        "name": {"zh": view.basket.name.zh, "en": view.basket.name.en},
        "members": len(view.table),
        "covered": view.covered,
        "home": _home(view),
        "returns": _numbers(view.returns),
        "coverage": view.coverage,
        "returns_cap": _numbers(view.returns_cap),
        "coverage_cap": view.coverage_cap,
        "groups": {g: _market(part) for g, part in view.by_group.items() if g != view.home},
        "returns_all": _numbers(view.returns_all),
        "coverage_all": view.coverage_all,
        "not_comparable": {
            w: {lang: why_apart(periods, lang) for lang in ("zh", "en")} for w, periods in view.not_comparable.items()
        },
        "excess": {b: _numbers(values) for b, values in view.excess.items()},
        "breadth": view.breadth,
        "would_rank": view.would_rank,
        "valuation": basket_valuation(snapshot.basket_valuations.get(view.basket.id)),
        "constituents": [
            _constituent(snapshot, rows[m.ticker], m.name) for m in view.basket.members if m.ticker in rows
        ],
    }


def _home(view: BasketView) -> dict[str, Any]:
    """The market that leads: every figure without another name is of its members alone."""
    part = view.by_group.get(view.home, {"members": 0, "covered": 0, "session": None})
    return {
        "group": view.home,
        "members": part["members"],
        "covered": part["covered"],
        "session": _day(part["session"]),
    }


def _market(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "returns": _numbers(part["returns"]), "session": _day(part["session"])}


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _constituent(snapshot: Snapshot, row: Mapping[Any, Any], name: Names) -> dict[str, Any]:
    known = pd.notna(row["session"])
    prices = ("last", "previous_close", "volume_ratio", "turnover", "market_cap")
    state = row["limit_state"] if known else "unknown"
    fired = snapshot.flags.loc[(snapshot.flags["ticker"] == row["ticker"]) & (snapshot.flags["state"] == "firing")]
    return {
        "ticker": row["ticker"],
        "name": name.zh,
        "name_en": name.en,
        "segment": row["segment"],
        "currency": markets.currency(row["ticker"]),
        **{k: number(row[k]) for k in prices},
        **_origin(row),
        "suspended": bool(row["suspended"]),
        "returns": _numbers(row),
        "limit": {"up": number(row["limit_up"]), "down": number(row["limit_down"]), "state": state},
        "high_52w": number(row["high_52w"]),
        "low_52w": number(row["low_52w"]),
        "bars_52w": int(row["bars_52w"]) if pd.notna(row["bars_52w"]) else 0,
        "traded": row["traded"].date().isoformat() if pd.notna(row["traded"]) else None,
        "valuation": valuation(snapshot.valuations.get(str(row["ticker"]))),
        "flags": [*dict.fromkeys(fired["rule"])],
    }


def valuation(reading: PeReading | None) -> dict[str, Any] | None:
    """VALUATION of the contract, null without one. A loss is ``losing`` with its PE null; ``ticker`` is that of the series.

    ``difference`` of another series: its PE / this one - 1, where both tell the same session.
    """
    if reading is None:
        return None
    others = [_pe(other) | {"difference": number(difference(reading, other))} for other in reading.others]
    told = {name: number(getattr(reading, name)) for name in ("price", "market_cap", "profit", "eps")}
    return _pe(reading) | {
        "bands": _bands(reading.bands),
        **told,
        "market_cap_source": reading.cap_source,
        "others": others,
    }


def basket_valuation(reading: BasketPeReading | None) -> dict[str, Any] | None:
    """BASKET_VALUATION of the contract: of the members of ``market``, the basket's home, as the bands and the pages are.

    ``all_markets`` has all members, in yuan at the day's rates; it has no history.
    """
    if reading is None:
        return None
    own = reading.by_group.get(reading.home, reading.now)
    return {
        "market": reading.home, "pe_ttm": number(own.pe), "definition": "aggregate_ttm", "source": ", ".join(reading.sources) or None,
        "session": reading.session.isoformat() if reading.session else None, "losing": own.earnings_yield <= 0,
        "bands": _bands(reading.bands), "members_with_history": reading.members_with_history,
        **_aggregate(own), "all_markets": {"pe_ttm": number(reading.now.pe)} | _aggregate(reading.now),
        "by_market": {g: {"pe_ttm": number(p.pe)} | _aggregate(p) for g, p in reading.by_group.items()},
    }  # fmt: skip


def _pe(reading: PeReading) -> dict[str, Any]:
    return {
        "ticker": reading.key.ticker, "pe_ttm": None if reading.losing else number(reading.pe), "definition": reading.key.definition,
        "source": reading.key.source, "session": reading.session.isoformat(), "losing": reading.losing, "weekly": reading.weekly,
        "fetched_at": iso(reading.fetched_at),
    }  # fmt: skip


def _aggregate(aggregate: BasketPe) -> dict[str, Any]:
    names = ("earnings_yield", "pe_positive", "pe_median", "coverage", "losing_cap_share")
    counts = {"positive": aggregate.positive, "losing_count": aggregate.losing}
    counts |= {"covered": aggregate.covered, "members": aggregate.members}
    return {name: number(getattr(aggregate, name)) for name in names} | counts


def _bands(bands: Mapping[str, Band]) -> dict[str, Any]:
    return {window: _band(one) for window, one in bands.items()}


def _band(band: Band) -> dict[str, Any]:
    if band.insufficient:
        return {"n": band.n, "insufficient": True}
    names = ("mean", "std", "percentile", "z", *QUANTILES)
    return {
        "n": band.n, "from": band.first.isoformat() if band.first else None, "to": band.last.isoformat() if band.last else None,
        **{name: number(getattr(band, name)) for name in names}, "min": number(band.minimum), "max": number(band.maximum),
    }  # fmt: skip


def _instant(value: Any) -> str | None:
    return None if pd.isna(value) else iso(value.to_pydatetime().astimezone(UTC))
