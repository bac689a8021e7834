"""Faults and rate limits: what to do to which request, how often."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .view import CONTENT

TRANSPORT = {"reset", "hang", "drip", "status", "body", "truncated", "redirect", "huge"}


@dataclass
class Fault:
    """One fault: applies where both patterns are found, ``left`` more times (None: for ever)."""

    host: re.Pattern[str]
    path: re.Pattern[str]
    name: str
    argument: str
    left: int | None
    headers: dict[str, str]

    def matches(self, host: str, path: str) -> bool:
        """True when the fault concerns this request and is not used up."""
        return self.left != 0 and bool(self.host.search(host)) and bool(self.path.search(path))


@dataclass
class Limit:
    """A rate limit of a group of hosts: at most ``per_second`` answers in any second."""

    host: re.Pattern[str]
    per_second: float
    refused: int = 0
    _times: deque[float] = field(default_factory=deque)

    def refuses(self, now: float) -> bool:
        """Count one request at ``now`` (seconds) and say whether it is one too many."""
        window = max(1.0, 1.0 / self.per_second)
        while self._times and self._times[0] <= now - window:
            self._times.popleft()
        if len(self._times) >= self.per_second * window:
            self.refused += 1
            return True
        self._times.append(now)
        return False


class FaultBook:
    """All faults and limits of one stand-in; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.limits: list[Limit] = []

    def add(self, host: str, path: str, kind: str, times: int | None, headers: Mapping[str, str] | None) -> None:
        """Register a fault. Raises ValueError for a kind that does not exist."""
        name, _, argument = kind.partition(":")
        if name not in TRANSPORT | CONTENT:
            raise ValueError(f"no fault called {name!r}")
        fault = Fault(re.compile(host), re.compile(path), name, argument, times, dict(headers or {}))
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget every fault; limits stay."""
        with self._lock:
            self._faults.clear()

    def limit(self, host: str, per_second: float) -> Limit:
        """Register a rate limit and return its counter."""
        limit = Limit(re.compile(host), per_second)
        with self._lock:
            self.limits.append(limit)
        return limit

    def take(self, host: str, path: str) -> tuple[list[Fault], dict[str, str]]:
        """The transport faults of a request (a hang, and at most one more) and its content faults; each use counts."""
        transport: dict[str, Fault] = {}
        content: dict[str, str] = {}
        with self._lock:
            for fault in self._faults:
                group = fault.name if fault.name == "hang" else "answer"
                if not fault.matches(host, path) or (fault.name in TRANSPORT and group in transport):
                    continue
                if fault.left is not None:
                    fault.left -= 1
                if fault.name in CONTENT:
                    content[fault.name] = fault.argument
                else:
                    transport[group] = fault
        return list(transport.values()), content

    def over_limit(self, host: str) -> bool:
        """Count one request against the limits of its host, up to the first that refuses it."""
        with self._lock:
            return any(limit.refuses(time.monotonic()) for limit in self.limits if limit.host.search(host))
