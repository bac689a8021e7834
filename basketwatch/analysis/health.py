"""The state of the data as the store knows it: what became of each symbol, which hosts were asked, what was refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basketwatch.domain import markets
from basketwatch.domain.model import SymbolState
from basketwatch.store import runs
from basketwatch.store.database import Store


@dataclass(frozen=True, slots=True)
class Host:
    """Requests to a host today, how many of them failed, and until when and why it is not asked (None: it is)."""

    name: str
    total: int
    failed: int
    open_until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that failed a check, with the key and parameters of its sentence."""

    at: datetime
    ticker: str
    source: str
    key: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """``hosts`` by name, ``refused`` newest first."""

    states: tuple[SymbolState, ...] = ()
    hosts: tuple[Host, ...] = ()
    refused: tuple[Refused, ...] = ()


def facts(store: Store, now: datetime) -> Facts:
    """What the store knows at ``now``; the day of the requests is the mainland's. Raises the store's errors."""
    refused = (Refused(r.at, r.ticker, r.source, r.key, json.loads(r.params)) for r in runs.read_quarantine(store))
    return Facts(tuple(runs.read_states(store)), _hosts(store, now), tuple(refused))


def _hosts(store: Store, now: datetime) -> tuple[Host, ...]:
    midnight = now.astimezone(markets.zone_of("CN")).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = runs.requests_since(store, midnight)
    breakers = {b.host: b for b in runs.read_breakers(store) if b.open_until and b.open_until > now}
    hosts = []
    for name in sorted({*counts, *breakers}):
        count, breaker = counts.get(name, {"total": 0, "failed": 0}), breakers.get(name)
        until, reason = (breaker.open_until, breaker.reason) if breaker else (None, "")
        hosts.append(Host(name, count["total"], count["failed"], until, reason))
    return tuple(hosts)
