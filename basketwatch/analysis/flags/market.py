"""Figures that several rules need, computed once: unusable bars and why, returns, limit states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from basketwatch.analysis.flags.inputs import AdjustedPrices, Bools, Floats, Inputs, RawPrices, Rows, Small
from basketwatch.analysis.prices import filled, shifted
from basketwatch.domain import limits, markets

# Why a cell cannot be judged; the position is its code in a ``Judged``. 0 = it can. "no_<name>" is the sentence.
CAUSES = ("", "suspended", "missing", "repeated", "idle", "unfinished", "unexplained", "one_price", "history",
          "benchmark", "index", "limits", "pe", "eps", "coverage", "reference", "sectors", "overnight", "volume",
          "turnover", "split", "index_bars")  # fmt: skip
CAUSE = {name: code for code, name in enumerate(CAUSES)}
NOT_JUDGED = -1  # the rule has no business with this cell: another kind of security, a session that is not over
ENOUGH = 45  # of the 60 sessions of a window must have traded

Said = Callable[[int, int], tuple[str, dict[str, object]]]


@dataclass(frozen=True)
class Signal:
    """One direction of a rule, over sessions × columns.

    ``on``: the threshold is passed. ``held``: not yet back past the exit band (contains ``on``); None = an event,
    judged anew each session. ``tier`` counts up from 0 within a rule: a higher one is told while a lower one holds.
    ``said`` gives the key and the parameters of the reason for a cell. ``causes``: codes of ``CAUSES``, for a rule that
    speaks of bars that cannot be judged.
    """

    direction: str
    on: Bools
    value: Floats
    threshold: Floats
    said: Said
    held: Bools | None = None
    tier: int = 0
    louder: bool = False  # one step above the rule's own severity
    causes: Small | None = None


@dataclass(frozen=True)
class Judged:
    """What a rule found: its signals, and the codes of ``CAUSES`` where it could not be judged.

    ``columns`` are tickers, or "basket:<id>"; ``baskets_of`` gives the baskets of a cell, ``why`` the parameters of
    the sentence where it cannot be judged.
    """

    columns: tuple[str, ...]
    unknown: Small
    signals: tuple[Signal, ...]
    baskets_of: Callable[[int, int], tuple[str, ...]]
    why: Callable[[int, int], dict[str, object]]


@dataclass(frozen=True)
class MarketData:
    """The inputs with what is derived from them; ``running`` = judge unfinished bars of a running session too."""

    inputs: Inputs
    running: bool = False

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """stock, etf, index, sector or fx per column."""
        return tuple(markets.kind(t) for t in self.inputs.tickers)

    @cached_property
    def days(self) -> list[str]:
        """The sessions as ISO dates."""
        found: list[str] = self.inputs.sessions.astype("datetime64[D]").astype(str).tolist()
        return found

    def of_kind(self, *kinds: str) -> Bools:
        """(N,) True for columns of these kinds."""
        return np.array([kind in kinds for kind in self.kinds], dtype=np.bool_)

    @cached_property
    def has_traded(self) -> Bools:
        """True from a column's first bar on: a session before it is not missing."""
        return np.logical_or.accumulate(np.isfinite(self.inputs.raw_close), axis=0)

    @cached_property
    def unusable_bar(self) -> Small:
        """Code of ``CAUSES`` where a bar is unusable: no rule can be judged on it. 0 elsewhere."""
        given = self.inputs
        has = np.isfinite(given.raw_close)
        idle = has & (given.volume == 0) & self.of_kind("stock", "etf")
        causes = {
            "suspended": given.suspended, "missing": ~has & self.has_traded, "repeated": self._repeated(), "idle": idle,
            "unfinished": has & ~given.final,
        }  # fmt: skip
        found = np.select(list(causes.values()), [CAUSE[name] for name in causes], 0)
        running = np.where(found == CAUSE["repeated"], found, 0)
        return np.where(given.due[:, None], found, running).astype(np.int8)

    def _repeated(self) -> Bools:
        """True where a bar equals the bar before in all prices and volume: the source sent yesterday's bar as today's.

        Without a volume only a bar that moved counts, since a price that stands still may repeat itself.
        """
        given = self.inputs
        prices = (given.raw_open, given.raw_high, given.raw_low, given.raw_close)
        same = np.logical_and.reduce([price[1:] == price[:-1] for price in prices])
        volume = given.volume
        told = (volume[1:] == volume[:-1]) & (volume[1:] > 0)
        moved = np.isnan(volume[1:]) & (given.raw_high[1:] > given.raw_low[1:])
        return _later(same & (told | moved), fill=False)

    @cached_property
    def applies(self) -> Bools:
        """Cells on which a rule for finished bars is judged, or said that it cannot be."""
        return self.inputs.due[:, None] & self.has_traded

    @cached_property
    def applies_live(self) -> Bools:
        """The same with the unfinished bars of a running session, where they were asked for."""
        live = ~self.inputs.due[:, None] & np.isfinite(self.inputs.raw_close) & ~self.inputs.suspended
        return self.applies | (live & self.running)

    @cached_property
    def lost(self) -> Bools:
        """True where the source has no bar of a session that was traded."""
        return np.isin(self.unusable_bar, [CAUSE["missing"], CAUSE["repeated"]])

    @cached_property
    def reference(self) -> RawPrices:
        """Previous close as the exchange has it; NaN where the bar before is missing or a repetition of another."""
        return RawPrices(np.where(_later(self.lost[:-1], fill=False), np.nan, self.inputs.reference))

    @cached_property
    def unknown_return(self) -> Small:
        """Code of ``CAUSES`` where the return of the day is unknown: an unusable bar, or no reference price. 0 elsewhere."""
        no_reference = np.where(self.inputs.unexplained, CAUSE["unexplained"], CAUSE["reference"])
        no_reference = np.where(_later(self.has_traded[:-1], fill=False), no_reference, CAUSE["history"])
        return np.where((self.unusable_bar == 0) & np.isnan(self.reference), no_reference, self.unusable_bar).astype(
            np.int8
        )

    @cached_property
    def moves(self) -> Floats:
        """Return of the day against the reference price; NaN where it is not known."""
        return np.where(self.unknown_return == 0, self.inputs.raw_close / self.reference - 1, np.nan)

    @cached_property
    def limits(self) -> limits.Grid:
        """Limit states and prices of every bar."""
        given = self.inputs
        ohlc = (given.raw_open, given.raw_high, given.raw_low, given.raw_close)
        quoted = (given.limit_up, given.limit_down)
        return limits.grid(given.tickers, given.sessions, ohlc, self.reference, quoted, given.st, given.listed_at)

    @cached_property
    def one_price(self) -> Bools:
        """A bar of one price at its limit: hardly traded, its return cut off."""
        return np.isin(self.limits.codes, [limits.STATES.index(s) for s in ("one_price_up", "one_price_down")])

    # --- adjusted closes over several sessions ---

    @cached_property
    def closes(self) -> AdjustedPrices:
        """Adjusted closes of bars that can be judged, the last one kept where there is none."""
        known = np.where(self.unusable_bar == 0, self.inputs.adjusted_close, np.nan)
        return AdjustedPrices(filled(known))

    @cached_property
    def breaks(self) -> Rows:
        """Number of unexplained steps up to each session: two closes can be compared where it is the same."""
        return np.cumsum(self.inputs.unexplained, axis=0)

    @cached_property
    def age(self) -> Rows:
        """Sessions since a column's first bar, 0 on it."""
        first = np.where(self.has_traded.any(axis=0), self.has_traded.argmax(axis=0), len(self.has_traded))
        return np.arange(len(self.has_traded))[:, None] - first

    def over(self, sessions: int) -> Floats:
        """Return of the adjusted close over that many sessions; NaN across an unexplained step or without a base.

        Of a suspended security the last close is the base; a lost bar has no close, and none before it stands in.
        """
        before = shifted(np.where(self.lost, np.nan, self.closes), sessions)
        same = shifted(self.breaks.astype(np.float64), sessions) == self.breaks
        return np.where(same, self.closes / before - 1, np.nan)

    def benchmark(self, values: Floats) -> Floats:
        """``values`` of each column's benchmark, NaN where it has none."""
        column = self.inputs.benchmark_of
        return np.where(column >= 0, values[:, column], np.nan)

    def member_of(self, row: int, column: int) -> tuple[str, ...]:
        """Ids of the baskets that a ticker is in on a session."""
        return tuple(b.id for b in self.inputs.baskets if b.inside[row, column])

    def judged(self, applies: Bools, causes: Small, *signals: Signal) -> Judged:
        """A rule that is judged on tickers: where it applies, with the causes for which it cannot be."""

        def why(row: int, column: int) -> dict[str, object]:
            return {"name": self.name(self.inputs.tickers[column])}

        return Judged(self.inputs.tickers, masked(applies, causes), signals, self.member_of, why)

    def price(self, column: int, value: float) -> str:
        """A price on the tick of its security: three decimals for funds, two for the rest."""
        return f"{value:,.{3 if self.kinds[column] == 'etf' else 2}f}"

    def name(self, ticker: str) -> object:
        """The name of a ticker in both languages, the ticker itself where there is none."""
        return self.inputs.names.get(ticker, ticker)


def _later(values: Bools, *, fill: bool) -> Bools:
    """``values`` (between a session and the next) moved to the later session; the first row is ``fill``."""
    return np.vstack([np.full((1, values.shape[1]), fill), values])


def masked(applies: Bools, causes: Small) -> Small:
    """``causes`` where a rule applies, elsewhere ``NOT_JUDGED``."""
    return np.where(applies, causes, NOT_JUDGED).astype(np.int8)


def at_least(values: Floats, threshold: Floats | float) -> Bools:
    """``values`` >= ``threshold``, forgiving the last bits: 88.2 / 84 − 1 is a rise of 5 %."""
    return np.asarray(values >= threshold - 1e-12)


def first_cause(*conditions: tuple[Bools, str]) -> Small:
    """The first cause whose condition holds, 0 where none does."""
    return np.select([c for c, _ in conditions], [CAUSE[name] for _, name in conditions], 0).astype(np.int8)


def first_nonzero(first: Small, *others: Small) -> Small:
    """The first non-zero code of each cell, in the order of the arguments."""
    for other in others:
        first = np.where(first != 0, first, other).astype(np.int8)
    return first
