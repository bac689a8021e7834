"""Things with identity: baskets, members, value chains, problems. Many rows are frames (see ``columns``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from basketwatch.domain.names import Names as Names
from basketwatch.domain.outlook import MacroDate, Outlook

State = Literal["ok", "partial", "stale", "no_data", "blocked", "error", "suspect", "unknown_symbol"]
Severity = Literal["hard", "soft"]


class SeriesKey(NamedTuple):
    """One history of one multiple: two sources or two definitions of it are two series, never one."""

    ticker: str
    source: str
    definition: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in a file or in the data, to be shown and listed, never raised.

    ``where`` is ``file:line`` for files, a ticker or a source otherwise; ``key`` and ``params`` name the sentence in
    the catalogue of ``text``. hard: something is missing because of it; soft: kept, and said.
    """

    where: str
    key: str
    params: tuple[tuple[str, str], ...] = ()
    severity: Severity = "hard"

    @classmethod
    def of(cls, where: str, key: str, severity: Severity = "hard", **params: object) -> Problem:
        """A problem with its parameters as text."""
        return cls(where, key, tuple((name, str(value)) for name, value in params.items()), severity)


@dataclass(frozen=True, slots=True)
class Member:
    """One security in one basket, with the reason and the dates of its membership."""

    ticker: str
    name: Names
    reason: Names
    since: date
    until: date | None = None
    role: str = "core"  # core | adjacent | equipment | beneficiary | trigger | odm
    status: str = ""  # volume | small_batch | qualifying | research | customer; empty: not said


@dataclass(frozen=True, slots=True)
class Basket:
    """One file of ``watchlists/``. ``benchmarks[0]`` is the sector or index it is first compared with."""

    id: str
    name: Names
    short: Names
    members: tuple[Member, ...]
    benchmarks: tuple[str, ...]
    chain: str | None
    file: str
    sha256: str
    etf: tuple[str, ...] = ()  # funds that stand for the theme: shown beside the basket, in none of its figures
    board: str = ""  # the board of Eastmoney that the basket is held against

    @property
    def tickers(self) -> tuple[str, ...]:
        """Tickers of all members in the file's order, those whose ``until`` is past too."""
        return tuple(m.ticker for m in self.members)


@dataclass(frozen=True, slots=True)
class Segment:
    """One link of a value chain: mainland names, and the overseas names beside them that lead it."""

    id: str
    name: Names
    tickers: tuple[str, ...]
    overseas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """A value chain, segments in the order in which the goods flow."""

    id: str
    name: Names
    segments: tuple[Segment, ...]
    outlook: Outlook = field(default_factory=Outlook)

    def segment_of(self, ticker: str) -> Segment | None:
        """The segment in which a ticker stands, on either side of it."""
        return next((s for s in self.segments if ticker in s.tickers or ticker in s.overseas), None)


@dataclass(frozen=True, slots=True)
class Listed:
    """An index, a sector, an exchange rate or an overseas share that is followed: ticker and name.

    ``share_of``: the ticker of the same company's share at home, where there is one.
    """

    ticker: str
    name: Names
    share_of: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A flag rule as people set it: whether it is judged, how loud it is, its thresholds, its cool-down in sessions.

    ``severity`` is info, low, mid, high or data; ``values`` holds the thresholds by name (see ``rules``).
    """

    id: str
    severity: str
    enabled: bool
    values: Mapping[str, float] = field(hash=False)  # a mapping has no hash; two that are equal still compare
    cooldown: int


@dataclass(frozen=True, slots=True)
class Universe:
    """Everything that people edit in files, read once: what to watch and what was wrong in the files."""

    baskets: tuple[Basket, ...] = ()
    chains: tuple[Chain, ...] = ()
    sectors: tuple[Listed, ...] = ()
    benchmarks: tuple[Listed, ...] = ()
    overseas: tuple[Listed, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    also: tuple[Listed, ...] = ()  # followed beside the benchmarks of the strip: further indices, exchange rates
    rules: tuple[Rule, ...] = ()
    macro: tuple[MacroDate, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A refresh: when, how far, and its report (the JSON of ``refresh --json``) once it has finished."""

    id: int
    started: datetime
    finished: datetime | None
    pid: int
    done: int
    total: int
    label: str
    report: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of one market group's quotes, sectors apart: when they were typically (median) fetched, and their sources."""

    fetched_at: datetime
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SymbolState:
    """State word of one symbol and part, with the key and parameters of its sentence."""

    ticker: str
    part: str
    state: str
    source: str
    at: datetime
    last_ok: datetime | None = None
    key: str | None = None
    params: tuple[tuple[str, str], ...] = ()
