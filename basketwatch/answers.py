"""The picture as JSON, ``check --json``, with the names of the contract. Valuation and flags are null or empty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import pandas as pd

from basketwatch import markets, metrics
from basketwatch.clock import iso
from basketwatch.daily import SECTORS, BasketView, Picture
from basketwatch.model import Names
from basketwatch.text import sentence


def check(seen: Picture, only: Sequence[str] = (), lang: str = "en") -> dict[str, Any]:
    """The object of ``check --json``; ``only`` names baskets (empty = all), ``lang`` is that of the sentences."""
    chosen = [b for b in seen.baskets if not only or b.basket.id in only]
    return {
        "now": iso(seen.now),
        "demo": seen.demo,
        "version": seen.version,
        "as_of": {group: _as_of(seen, group) for group in seen.markets},
        "benchmarks": [_listed(seen, b.ticker, b.name) for b in seen.house.benchmarks],
        "sectors": [_listed(seen, s.ticker, s.name) | _rank(seen, s.ticker) for s in seen.house.sectors],
        "baskets": [_basket(b) for b in chosen],
        "flags": [],
        "problems": [{"where": p.where, "message": sentence(p, lang), "severity": p.severity} for p in seen.problems],
    }


def number(value: Any) -> float | None:
    """A float for JSON: None for what is unknown or infinite, never NaN."""
    return float(value) if pd.notna(value) and math.isfinite(value) else None


def _numbers(values: Mapping[Any, Any]) -> dict[str, float | None]:
    return {w: number(values[w]) for w in metrics.WINDOWS}


def _as_of(seen: Picture, group: str) -> dict[str, Any]:
    state, rows = seen.markets[group], seen.table.loc[seen.table["group"] == group]
    times = rows["quote_time"].dropna()
    return {
        "session": state.session.day.isoformat() if state.session else None,
        "state": state.phase,
        "confirmed": state.confirmed,
        "quote_time": iso(times.max()) if len(times) else None,
    }


def _listed(seen: Picture, ticker: str, name: Names) -> dict[str, Any]:
    row: Mapping[Any, Any] = seen.table.loc[ticker].to_dict() if ticker in seen.table.index else _MISSING
    return {
        "ticker": ticker,
        "name": name.zh,
        "name_en": name.en,
        "last": number(row["last"]),
        **_origin(row),
        "returns": _numbers(row),
        "valuation": None,
    }


_MISSING: dict[str, Any] = {"session": None, "last": None, **dict.fromkeys(metrics.WINDOWS)}


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


def _rank(seen: Picture, ticker: str) -> dict[str, Any]:
    row = seen.ranks.loc[ticker].to_dict() if ticker in seen.ranks.index else {}
    found = {w: number(row.get(w)) for w in metrics.WINDOWS}
    return {"rank": {w: None if rank is None else int(rank) for w, rank in found.items()}, "of": SECTORS}


def _basket(view: BasketView) -> dict[str, Any]:
    rows = view.table.to_dict("index")
    return {
        "id": view.basket.id,
        "name": {"zh": view.basket.name.zh, "en": view.basket.name.en},
        "members": len(view.table),
        "covered": view.covered,
        "returns": _numbers(view.returns),
        "returns_cap": _numbers(view.returns_cap),
        "by_market": {g: p | {"returns": _numbers(p["returns"])} for g, p in view.by_group.items()},
        "excess": {b: _numbers(values) for b, values in view.excess.items()},
        "breadth": view.breadth,
        "would_rank": view.would_rank,
        "valuation": None,
        "constituents": [_constituent(rows[m.ticker], m.name) for m in view.basket.members if m.ticker in rows],
    }


def _constituent(row: Mapping[Any, Any], name: Names) -> dict[str, Any]:
    known = pd.notna(row["session"])
    prices = ("last", "previous_close", "volume_ratio", "turnover", "market_cap")
    state = row["limit_state"] if known else "unknown"
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
        "valuation": None,
        "flags": [],
    }


def _instant(value: Any) -> str | None:
    return None if pd.isna(value) else iso(value.to_pydatetime().astimezone(UTC))
