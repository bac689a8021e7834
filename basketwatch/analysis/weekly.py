"""The week under review, as data: which sessions it had, what moved between their closes, and the sectors' ranks.

A week is an ISO week of the mainland's calendar. Its returns run from the close of the last session before it to that
of its own last session, the year's from the last session of the year before; both closes must be stored, an older one
never stands in. Differences and ranks are taken before rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from basketwatch.analysis import baskets as analysis_baskets
from basketwatch.analysis.baskets import ranked
from basketwatch.analysis.prices import between, window_bases
from basketwatch.analysis.snapshot import BasketView, Snapshot
from basketwatch.domain import markets
from basketwatch.domain.calendars import FINAL_AFTER, Calendar, Session
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Problem, Universe
from basketwatch.errors import UsageError
from basketwatch.store import prices
from basketwatch.store.database import Store

if TYPE_CHECKING:
    from basketwatch.analysis.valuation.readings import PeReading

SPANS = ("1w", "ytd")
HOME = "CN"
FULL = 5  # sessions of a week without a holiday
Relation = Literal["this", "last", "past"]


@dataclass(frozen=True, slots=True)
class Week:
    """The week that a review is about.

    ``first``, ``last``, ``sessions``: its sessions that have closed, and how many; ``base``, ``year_base``: the sessions
    whose closes its returns start from; ``at``: the instant whose snapshot shows it; ``asked``: Monday of the week that
    was asked for, ``skipped`` where that one has no closed session and an earlier week stands in; ``over``: nothing of
    it is still to come; ``relation``: how someone reading at ``now`` would call it.
    """

    first: date
    last: date
    sessions: int
    base: date | None
    year_base: date | None
    at: datetime
    asked: date
    skipped: bool
    over: bool
    relation: Relation
    confirmed: bool

    @property
    def bases(self) -> dict[str, date | None]:
        """Span -> the session that its return starts from."""
        return {"1w": self.base, "ytd": self.year_base}


@dataclass(frozen=True, slots=True)
class BasketWeek:
    """A basket's mainland members over the week: equal weight, coverage, and the rank they would take."""

    id: str
    returns: dict[str, float]
    covered: int
    members: int
    would_rank: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Abroad:
    """A foreign index over its own sessions of the same week."""

    ticker: str
    session: date
    value: float


@dataclass(frozen=True)
class Review:
    """The week of one sector against the indices. Returns and excess are fractions, NaN where a close is missing.

    ``rank``: of the sector, None unless all ``SECTORS`` have both closes; ``missing``: the sectors that lack one.
    """

    week: Week
    sector: str
    compare: tuple[str, ...]
    closes: dict[str, float]
    returns: dict[str, dict[str, float]]
    excess: dict[str, dict[str, float]]
    rank: dict[str, int | None]
    missing: dict[str, tuple[str, ...]]
    valuation: PeReading | None
    baskets: tuple[BasketWeek, ...]
    abroad: tuple[Abroad, ...]
    sources: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def empty(self) -> bool:
        """True where not one return of the week is known."""
        values = [v for one in self.returns.values() for v in one.values()]
        return not np.isfinite(values).any()


# --- which week --------------------------------------------------------------------------------------------------


def home_calendar(store: Store) -> Calendar:
    """The mainland's sessions as far as the store knows them."""
    return prices.read_calendars(store).get(HOME) or Calendar(HOME, ())


def newest(store: Store) -> date | None:
    """The last session of which a mainland history is stored; None without one."""
    return max((s.last for t, s in prices.read_series(store).items() if markets.group(t) == HOME), default=None)


def week_of(calendar: Calendar, now: datetime, day: date | None = None) -> Week:
    """The ISO week of ``day``; without one the last completed week: this one once its last session is final.

    A week without a closed session hands over to the last one before it that has some. Raises UsageError for a week
    that has not begun (``week_ahead``) and for one before the known sessions (``week_unknown``).
    """
    today = now.astimezone(markets.zone_of(calendar.group)).date()
    latest = _latest(calendar, now, today)
    asked = latest if day is None else _monday(day)
    if asked > _monday(today):
        raise UsageError("week_ahead", day=day)
    closed = _closed(calendar, asked, now)
    skipped = not closed
    if skipped:
        before = calendar.before(asked)
        closed = _closed(calendar, _monday(before.day), now) if before else []
    if not closed:
        raise UsageError("week_unknown", day=day or today)
    return _week(calendar, closed, now, asked, skipped)


def _week(calendar: Calendar, closed: Sequence[Session], now: datetime, asked: date, skipped: bool) -> Week:
    first, last = closed[0].day, closed[-1].day
    monday, bases = _monday(last), window_bases(calendar, last)
    return Week(
        first=first, last=last, sessions=len(closed), base=bases["1w"], year_base=bases["ytd"],
        at=min(now, _until(calendar, last)), asked=asked, skipped=skipped,
        over=len(closed) == len(calendar.between(monday, monday + timedelta(days=6))),
        relation="past" if skipped else _relation(monday, now.astimezone(markets.zone_of(calendar.group)).date()),
        confirmed=closed[-1].confirmed,
    )  # fmt: skip


def _relation(monday: date, today: date) -> Relation:
    """This week until Friday; at the weekend the same week is already the last one, and older ones go by their dates."""
    weekend = today.weekday() >= FULL
    if monday == _monday(today):
        return "last" if weekend else "this"
    return "last" if monday == _monday(today) - timedelta(days=7) and not weekend else "past"


def _latest(calendar: Calendar, now: datetime, today: date) -> date:
    """Monday of the newest week that is over."""
    monday = _monday(today)
    sessions = calendar.between(monday, monday + timedelta(days=6))
    over = now >= sessions[-1].closes + FINAL_AFTER if sessions else today.weekday() >= FULL
    return monday if over else monday - timedelta(days=7)


def _closed(calendar: Calendar, monday: date, now: datetime) -> list[Session]:
    sessions = calendar.between(monday, monday + timedelta(days=6))
    return [s for s in sessions if now >= s.closes + FINAL_AFTER]


def _until(calendar: Calendar, last: date) -> datetime:
    """The last instant that still belongs to the week of ``last``: no later session has begun, nor another week."""
    over = datetime.combine(_monday(last) + timedelta(days=7), time(), markets.zone_of(calendar.group))
    coming = calendar.after(last)
    return min(
        over.astimezone(UTC), coming.opens - timedelta(minutes=1) if coming else datetime.max.replace(tzinfo=UTC)
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


# --- what happened in it -----------------------------------------------------------------------------------------


def review(snapshot: Snapshot, week: Week, sector: str | None = None) -> Review:
    """The review of ``week`` from the snapshot taken at ``week.at``.

    Raises UsageError (``unknown_sector``) for a sector that is not among those that are followed.
    """
    chosen = sector_of(snapshot.universe, sector)
    compare = indices(snapshot.universe)
    closes = settled(snapshot, week.last)
    spans = {w: between(closes, base, week.last) for w, base in week.bases.items()}
    known = [s.ticker for s in snapshot.universe.sectors]
    sectors = pd.DataFrame({w: values.reindex(known) for w, values in spans.items()})
    returns = {t: {w: float(values.get(t, np.nan)) for w, values in spans.items()} for t in (*compare, chosen)}
    rank = {w: analysis_baskets.would_rank(returns[chosen][w], sectors[w], SECTORS) for w in SPANS}
    missing = {w: tuple(sectors.index[sectors[w].isna()]) for w in SPANS}
    baskets = tuple(_basket(view, week, sectors) for view in snapshot.baskets)
    last = pd.Timestamp(week.last)
    ends = {t: float(closes[t].get(last, np.nan)) if t in closes else float("nan") for t in returns}
    found = Review(
        week=week, sector=chosen, compare=compare, closes=ends, returns=returns,
        excess={i: {w: returns[chosen][w] - returns[i][w] for w in SPANS} for i in compare},
        rank=rank, missing=missing, valuation=snapshot.valuations.get(chosen), baskets=baskets,
        abroad=_abroad(snapshot, week), sources=_sources(snapshot, [*returns, *known]), problems=(),
    )  # fmt: skip
    return _with_problems(found)


def sector_of(universe: Universe, asked: str | None = None) -> str:
    """The sector asked for; else the first sector of the strip, else of the list. Raises UsageError."""
    known = [s.ticker for s in universe.sectors]
    if asked and asked.upper() in known:
        return asked.upper()
    if asked or not known:
        raise UsageError("unknown_sector", sector=asked or "–", known=", ".join(known) or "–")
    return next((b.ticker for b in universe.benchmarks if b.ticker in known), known[0])


def indices(universe: Universe) -> tuple[str, ...]:
    """The mainland's indices of the strip: what a sector is compared with."""
    strip = [b.ticker for b in universe.benchmarks]
    return tuple(t for t in strip if markets.kind(t) == "index" and markets.group(t) == HOME)


def settled(snapshot: Snapshot, end: date) -> pd.DataFrame:
    """Closes up to ``end``, without quotes taken before the close."""
    closes = snapshot.closes.loc[snapshot.closes.index <= pd.Timestamp(end)]
    rows = snapshot.table
    early = [t for t in rows.index[rows["stale"] & (rows["session"] == pd.Timestamp(end))] if t in closes]
    return closes.assign(**{t: closes[t].mask(closes.index == pd.Timestamp(end)) for t in early})


def _basket(view: BasketView, week: Week, sectors: pd.DataFrame) -> BasketWeek:
    own = view.table.loc[view.table["group"] == HOME]
    part = view.by_group.get(HOME) if view.home == HOME else None
    current = part is not None and own["session"].max() == pd.Timestamp(week.last)
    returns = {w: float(part["returns"][w]) if part and current else float("nan") for w in SPANS}
    ranks = {w: analysis_baskets.would_rank(returns[w], sectors[w], SECTORS) for w in SPANS}
    members = sum(markets.group(t) == HOME for t in view.basket.tickers)
    return BasketWeek(view.basket.id, returns, part["covered"] if part and current else 0, members, ranks)


def _abroad(snapshot: Snapshot, week: Week) -> tuple[Abroad, ...]:
    """Foreign indices of the strip that closed in the same ISO week, over their own sessions."""
    found = []
    for ticker in (b.ticker for b in snapshot.universe.benchmarks):
        calendar = snapshot.calendars.get(markets.group(ticker))
        if markets.kind(ticker) != "index" or markets.group(ticker) == HOME or calendar is None:
            continue
        closed = _closed(calendar, _monday(week.last), week.at)
        if not closed:
            continue
        end = closed[-1].day
        values = between(settled(snapshot, end), window_bases(calendar, end)["1w"], end)
        if ticker in values and np.isfinite(values[ticker]):
            found.append(Abroad(ticker, end, float(values[ticker])))
    return tuple(found)


def _sources(snapshot: Snapshot, tickers: Sequence[str]) -> tuple[str, ...]:
    held = snapshot.table.loc[snapshot.table.index.isin(tickers), "source"]
    return tuple(dict.fromkeys(held.dropna()))


def _with_problems(review: Review) -> Review:
    """A problem for every number missing from the review."""
    week, out = review.week, []
    for ticker, own in review.returns.items():
        out += [Problem.of(ticker, f"no_{w}", last=week.last, base=week.bases[w] or "–")
                for w in SPANS if not np.isfinite(own[w])]  # fmt: skip
    for w in SPANS:
        if review.missing[w] and review.rank[w] is None:
            listed = " ".join(review.missing[w])
            out.append(Problem.of("sectors", f"no_rank_{w}", n=len(review.missing[w]), of=SECTORS, missing=listed))
    if review.valuation is None or not (review.valuation.losing or review.valuation.pe > 0):
        out.append(Problem.of(review.sector, "no_valuation"))
    lost = [b for b in review.baskets if b.members and not np.isfinite(b.returns["1w"])]
    out += [Problem.of(b.id, "no_basket_week", last=week.last) for b in lost]
    if not week.confirmed:
        out.append(Problem.of("calendar CN", "calendar_not_confirmed", "soft"))
    return replace(review, problems=tuple(out))


# --- rotation ----------------------------------------------------------------------------------------------------


def rotation(snapshot: Snapshot, weeks: int = 12) -> pd.DataFrame:
    """Rank of each sector in each of the last ``weeks`` weeks that had a session: a row a sector, a column a week's last
    session. NaN in a week in which not all ``SECTORS`` have both closes. The newest week may still be going on.
    """
    state, calendar = snapshot.markets.get(HOME), snapshot.calendars.get(HOME)
    known = [s.ticker for s in snapshot.universe.sectors]
    if state is None or calendar is None or state.session is None:
        return pd.DataFrame(index=known)
    ends = week_ends(calendar, state.session.day, weeks + 1)
    closes = settled(snapshot, ends[-1]) if ends else snapshot.closes
    closes = closes.reindex(columns=known)
    moves = {last: between(closes, base, last) for base, last in pairwise(ends)}
    return ranked(pd.DataFrame(moves, index=known), SECTORS)


def week_ends(calendar: Calendar, last: date, count: int) -> list[date]:
    """Last sessions of the ``count`` newest ISO weeks that had one, up to the session ``last``, in order."""
    ends: list[date] = []
    day: Session | None = calendar.on_or_before(last)
    while day is not None and len(ends) < count:
        ends.append(day.day)
        day = calendar.before(_monday(day.day))
    return ends[::-1]


def ordered(values: Mapping[str, Any]) -> list[str]:
    """Keys by value, the highest first, unknown ones left out; equal ones keep their order."""
    known = [k for k, v in values.items() if v is not None and np.isfinite(v)]
    return sorted(known, key=lambda k: -values[k])
