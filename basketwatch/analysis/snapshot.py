"""The market snapshot at one instant, computed from the store: the numbers of every page, of ``check`` and its JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from basketwatch.analysis import baskets as analysis_baskets
from basketwatch.analysis import prices as analysis_prices
from basketwatch.analysis.adjustment import breaks_of, unbroken, without_factor
from basketwatch.analysis.age import AHEAD, add_age, delay
from basketwatch.analysis.baskets import (
    basket_series,
    cap_coverage,
    cap_weight,
    dated_series,
    equal_weight,
    rebased,
    same_session,
)
from basketwatch.analysis.overnight import leaders_of, moves_over, overnight_window
from basketwatch.analysis.periods import Period, is_one_period, periods_of
from basketwatch.analysis.prices import (
    WINDOWS,
    Days,
    Floats,
    adjusted,
    aligned,
    volume_ratio,
    wide,
    window_bases,
    with_quotes,
    year_range,
    yuan,
)
from basketwatch.analysis.problems import contradictions, old_multiples, problems_of, remarks, unconfirmed
from basketwatch.analysis.valuation import readings
from basketwatch.analysis.valuation.readings import BasketPeReading, PeReading
from basketwatch.domain import limits, markets
from basketwatch.domain.calendars import Calendar, MarketState, minutes_open, settled_days
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Basket, Chain, Names, Problem, Run, Universe
from basketwatch.domain.universe import all_tickers, names
from basketwatch.store import flags as flag_log
from basketwatch.store import notes, prices, runs
from basketwatch.store.database import Store

HISTORY = timedelta(days=420)  # 250 sessions, the year's first base and a long holiday
SPARK = 60  # sessions in the small lines
OVERNIGHT_RULE = "us_leader"  # the one rule that speaks of a mainland session before it begins
YOUNG = 10  # a history shorter than this begins with the listing: the first days may have no price limit
_TRADED = ["open", "high", "low", "last", "volume", "amount", "turnover"]


@dataclass(frozen=True)
class BasketView:
    """One basket, measured. ``table`` has a row a member (columns of ``Snapshot.table``, plus segment).

    The home market leads: ``returns``, ``returns_cap``, ``excess``, ``breadth``, ``would_rank`` and their coverages are
    of the members of ``home``, the market of most of them. ``by_group`` has each market apart, with its session.
    ``returns_all`` is of all members, NaN over a window whose periods differ by market: ``not_comparable`` has that
    window with the period of each market. A member whose numbers are of an older session than those of its market's
    other members stands in ``table``, but in no figure, nor in ``covered`` (all members with a return of the day).
    ``coverage``, ``coverage_cap``, ``coverage_all`` and ``excess_coverage``: of how many members a window's figure is.
    """

    basket: Basket
    chain: Chain | None
    table: pd.DataFrame
    home: str
    covered: int
    returns: dict[str, float]
    returns_cap: dict[str, float]
    returns_all: dict[str, float]
    not_comparable: dict[str, dict[str, Period]]
    by_group: dict[str, dict[str, Any]]
    excess: dict[str, dict[str, float]]
    breadth: dict[str, int]
    would_rank: dict[str, int | None]
    coverage: dict[str, int]
    coverage_cap: dict[str, int]
    coverage_all: dict[str, int]
    excess_coverage: dict[str, dict[str, int]]

    @property
    def home_members(self) -> int:
        """How many of the members are of the home market."""
        return int((self.table["group"] == self.home).sum())


@dataclass(frozen=True)
class Overnight:
    """US leaders' moves since the previous mainland session, with the segments they lead."""

    for_session: date | None
    sessions: tuple[date, ...]
    provisional: bool
    moves: pd.DataFrame  # ticker, move, leads: list of (chain id, segment id), stale


@dataclass(frozen=True)
class Snapshot:
    """Everything that the pages show, at one version of the store and one instant.

    ``table``: one row a ticker that has a quote or bars: ``columns.QUOTES``, the windows of ``prices.WINDOWS``,
    high_52w, low_52w, bars_52w, place_52w, traded (the last session with a trade: before ``session`` where suspended),
    group, final, behind, stale, state, limit_state, limit_agrees, to_cny, cap_cny, spark.
    ``ranks``: of the sectors, where all of them have a return of one session. ``closes``: adjusted, wide.
    ``lines``: basket id -> its last 60 sessions, equal weight, start = 1.
    ``valuations``: ticker -> its PE, of shares, sectors, indices and the funds that stand in for them (see ``valued``);
    ``basket_valuations``: basket id -> that of its members of today.
    ``flags``: those of ``judged``, market group -> the last closed session up to which its flags have been evaluated.
    """

    now: datetime
    demo: bool
    version: str
    universe: Universe
    markets: Mapping[str, MarketState]
    calendars: Mapping[str, Calendar]
    table: pd.DataFrame
    ranks: pd.DataFrame
    baskets: tuple[BasketView, ...]
    closes: pd.DataFrame
    lines: Mapping[str, list[float]]
    overnight: Overnight
    valuations: Mapping[str, PeReading]
    basket_valuations: Mapping[str, BasketPeReading]
    flags: pd.DataFrame
    judged: Mapping[str, date]
    problems: tuple[Problem, ...]
    run: Run | None

    def basket(self, basket_id: str) -> BasketView | None:
        """The view of the basket of that id; None where there is none."""
        return next((b for b in self.baskets if b.basket.id == basket_id), None)

    def row(self, ticker: str) -> Any:
        """One ticker's row of ``table``, a Series; Any because its columns have many types. KeyError without one."""
        return self.table.loc[ticker]

    def name(self, ticker: str) -> Names:
        """Name from the files, else the one the source sends, else the ticker."""
        known = names(self.universe).get(ticker)
        if known:
            return known
        sent = self.table["name"].get(ticker)
        name = sent if isinstance(sent, str) and sent else ticker
        return Names(name, name)


def market_snapshot(store: Store, universe: Universe, now: datetime) -> Snapshot:
    """Read the store and compute the snapshot of ``now``. Raises store errors only."""
    since = (now - HISTORY).date()
    wanted = all_tickers(universe)
    calendars = _calendars(store, wanted, since - timedelta(days=30))
    states = {group: calendar.state(now) for group, calendar in calendars.items()}
    words = {(s.ticker, s.part): s for s in runs.read_states(store)}
    quotes = _quotes(store, wanted)
    stored = _until(prices.read_bars(store, wanted, since), calendars, now)
    latest = _latest(quotes.loc[quotes["fetched_at"] <= now + AHEAD], stored)
    raw, factors = with_quotes(stored, latest), prices.read_factors(store, wanted)
    breaks = [*breaks_of(raw, factors), *without_factor(latest, raw, factors, calendars)]
    bars = adjusted(unbroken(raw, breaks), factors)
    closes, holes = wide(bars), _holes(latest, bars, calendars)
    gaps = _gaps(holes)
    table = _table(latest, bars, closes, calendars, gaps, _repeated(holes, calendars))
    add_age(table, calendars, states, words, now)
    _add_limits(table, _young(bars, prices.read_series(store)))
    table["volume_ratio"] = _volume_ratios(table, bars, calendars, now)
    table.loc[table["suspended"], "volume_ratio"] = np.nan  # nothing traded
    table = table.copy()  # columns added one by one lie one by one, and a row is then taken from forty pieces
    sectors = same_session(table.loc[[s.ticker for s in universe.sectors if s.ticker in table.index]])
    views = tuple(_view(b, universe, table, sectors, calendars, states, now) for b in universe.baskets)
    series = readings.histories(store, readings.wanted(universe), calendars, now)
    values = readings.pe_readings(series, table, calendars)
    held = {v.basket.id: (v.table, v.home) for v in views}
    judged, overnight = _judged(store, calendars, now), _overnight(universe, closes, table, calendars, now)
    return Snapshot(
        now=now, demo=store.demo, version=notes.version(store), universe=universe, markets=states, calendars=calendars,
        table=table, ranks=analysis_baskets.ranked(sectors[[*WINDOWS]], SECTORS), baskets=views, closes=closes,
        lines=_lines(views, closes, calendars), overnight=overnight,
        valuations=values, basket_valuations=readings.of_baskets(held, values, series, calendars),
        flags=_flags(store, table.index, views, judged, overnight), judged=judged,
        problems=(
            *universe.problems, *problems_of(table, wanted, words, gaps), *unconfirmed(calendars, states),
            *remarks(wanted, words), *contradictions(breaks), *old_multiples(wanted, words, values, states, now),
        ),
        run=runs.last_run(store, finished=True),
    )  # fmt: skip


# --- what is stored ----------------------------------------------------------------------------------------------


def _calendars(store: Store, wanted: Sequence[str], since: date) -> dict[str, Calendar]:
    """The calendar of every market in use; one that is not stored yet guesses weekdays, and says that it does."""
    found = prices.read_calendars(store, since)
    used = dict.fromkeys([*found, *(markets.group(t) for t in wanted)])
    return {group: found.get(group) or Calendar(group, ()) for group in used if group != "FX"}


def _until(bars: pd.DataFrame, calendars: Mapping[str, Calendar], now: datetime) -> pd.DataFrame:
    """Bars as they were known at ``now``: a replayed day must not contain later bars."""
    begun, over = {}, {}
    for ticker in bars["ticker"].unique():
        calendar = calendars.get(markets.group(ticker))
        session = calendar.state(now).session if calendar else None
        begun[ticker] = pd.Timestamp(session.day if session else now.date())
        over[ticker] = session is None or now >= session.closes
    day = bars["ticker"].map(begun)
    known = ~bars["final"] | bars["ticker"].map(over).astype(bool)  # a running session's bar is that of a quote
    return bars.loc[(bars["session"] < day) | ((bars["session"] == day) & known)]


def _quotes(store: Store, wanted: Sequence[str]) -> pd.DataFrame:
    quotes = prices.read_quotes(store)
    return quotes.loc[quotes.index.isin(wanted)]


def _latest(quotes: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """One row a ticker: its quote, or its last bar where that is newer or alone; ``final`` where the bar is.

    A final bar of the quote's own session settles the prices: the quote may be from before the close.
    """
    last = (
        stored.drop_duplicates("ticker", keep="last").set_index("ticker", drop=False).rename(columns={"close": "last"})
    )
    quoted = quotes["session"].reindex(last.index)
    alone, settled = last.loc[~(quoted >= last["session"])], last.loc[(quoted == last["session"]) & last["final"]]
    table = quotes.assign(final=quotes.index.isin(settled.index))
    at, before = settled.index, table.loc[settled.index]
    table.loc[at, "suspended"] = False
    table.loc[at, _TRADED] = settled[_TRADED].fillna(before[_TRADED])
    for cap in ("market_cap", "float_cap"):
        table.loc[at, cap] = before[cap] * (settled["last"] / before["last"])
    if not len(alone):
        return table
    own = alone.reindex(columns=[c for c in table.columns if c != "suspended"]).assign(
        name=table["name"].reindex(alone.index), suspended=False, currency=[markets.currency(t) for t in alone.index]
    )
    return pd.concat([table.drop(index=alone.index, errors="ignore"), own.astype(table.dtypes)])


class _Hole(NamedTuple):
    """A ticker whose bars lack the session before its newest one: the last session that they have."""

    ticker: str
    day: date
    continued: bool  # the newest session's previous close is the close of ``day``


def _holes(latest: pd.DataFrame, bars: pd.DataFrame, calendars: Mapping[str, Calendar]) -> list[_Hole]:
    earlier = bars.loc[bars["session"] < latest["session"].reindex(bars["ticker"]).to_numpy()]
    last = earlier.drop_duplicates("ticker", keep="last").set_index("ticker")
    out = []
    for ticker, day, close in zip(last.index, last["session"].dt.date, last["close"], strict=True):
        newest, calendar = latest["session"][ticker].date(), calendars.get(markets.group(ticker))
        before = window_bases(calendar, newest)["1d"]
        reference = latest["previous_close"][ticker]
        if before is not None and day < before:
            out.append(_Hole(str(ticker), day, not abs(reference - close) > max(0.005, 1e-4 * close)))
    return out


def _gaps(holes: Sequence[_Hole]) -> dict[str, date]:
    """Ticker -> the session before a hole in its bars, where the last one continues another close than theirs.

    A hole alone is no fault, the share may have been suspended; but then its previous close is the one that is stored.
    """
    return {hole.ticker: hole.day for hole in holes if not hole.continued}


def _repeated(holes: Sequence[_Hole], calendars: Mapping[str, Calendar]) -> set[str]:
    """Tickers whose previous close is that of an older session, while their market does not suspend for sessions.

    A source that lacks the row of the session before gives the close of the one before that. Guessed sessions prove
    no hole.
    """
    known = {group for group, calendar in calendars.items() if calendar.sessions}
    return {h.ticker for h in holes
            if h.continued and markets.group(h.ticker) in known and not markets.suspends(h.ticker)}  # fmt: skip


def _young(bars: pd.DataFrame, series: Mapping[str, Any]) -> dict[str, tuple[int, date]]:
    """Ticker -> sessions since its listing, and that day, where its whole history, read once, is shorter than ``YOUNG``."""
    own = bars.groupby("ticker")["session"].agg(["size", "min"])
    few = own.loc[own["size"] < YOUNG]
    found = zip(few.index, few["size"], few["min"].dt.date, strict=True)
    return {t: (int(count), first) for t, count, first in found if t in series and series[t].first == first}


# --- the table ---------------------------------------------------------------------------------------------------


def _table(
    latest: pd.DataFrame, bars: pd.DataFrame, closes: pd.DataFrame, calendars: Mapping[str, Calendar],
    gaps: Mapping[str, date], repeated: Collection[str],
) -> pd.DataFrame:  # fmt: skip
    as_of = dict(zip(latest.index, latest["session"].dt.date, strict=True))
    previous = {str(t): float(v) for t, v in latest["previous_close"].dropna().items() if t not in repeated}
    moves = analysis_prices.returns(closes, as_of, calendars, previous, gaps)
    moves.loc[latest["suspended"].to_numpy(), "1d"] = np.nan
    table = pd.concat([latest, moves, year_range(bars, as_of).reindex(latest.index)], axis=1)
    table["group"] = [markets.group(t) for t in table.index]
    table["traded"] = bars.drop_duplicates("ticker", keep="last").set_index("ticker")["session"].reindex(table.index)
    table["place_52w"] = (table["last"] - table["low_52w"]) / (table["high_52w"] - table["low_52w"])
    table["to_cny"] = table["currency"].map(yuan(table["last"])).astype("float64")
    table["cap_cny"] = table["market_cap"] * table["to_cny"]
    table["spark"] = _sparks(closes, list(table.index))
    return table


def _sparks(closes: pd.DataFrame, tickers: list[str]) -> list[list[float]]:
    values = closes.reindex(columns=tickers).to_numpy(dtype="float64")
    return [column[~np.isnan(column)][-SPARK:].tolist() for column in values.T]


def _add_limits(table: pd.DataFrame, young: Mapping[str, tuple[int, date]]) -> None:
    """Columns limit_state and limit_agrees, and limit_up, limit_down: the quote's own, else those of the rule."""
    found = [_limit(row, young) for row in table.rename(columns={"name": "named"}).itertuples()]
    for column in ("limit_up", "limit_down"):
        side = column.removeprefix("limit_")
        table[column] = np.array([getattr(f, side) for f in found], dtype="float64")
    table["limit_state"] = [f.state for f in found]
    table["limit_agrees"] = pd.Series([f.agrees for f in found], index=table.index, dtype="object")


def _limit(row: Any, young: Mapping[str, tuple[int, date]]) -> limits.Limit:
    if row.suspended or markets.kind(row.ticker) not in ("stock", "etf"):
        return limits.Limit("no_limit", None, None, None)
    named = row.named if isinstance(row.named, str) else ""
    sessions_listed, listed = young.get(row.ticker, (None, None))
    return limits.state_of(
        row.ticker, row.session.date(), open=row.open, high=row.high, low=row.low, close=row.last,
        previous_close=row.previous_close, quote_up=row.limit_up, quote_down=row.limit_down,
        st=limits.is_st(named), delisting=limits.is_delisting(named), sessions_listed=sessions_listed, listed=listed,
    )  # fmt: skip


def _volume_ratios(
    table: pd.DataFrame, bars: pd.DataFrame, calendars: Mapping[str, Calendar], now: datetime
) -> list[float]:
    """The source's volume ratio where it sends one; elsewhere computed from stored volumes, for stocks and funds."""
    wanting = [t for t in table.index[table["volume_ratio"].isna()] if markets.kind(t) in ("stock", "etf")]
    own = bars.loc[bars["ticker"].isin(wanting)].groupby("ticker")
    past = {str(t): (g["session"].to_numpy(), g["volume"].to_numpy()) for t, g in own}
    rows: Iterable[Any] = table.itertuples()
    return [_volume_ratio(r, *past[r.ticker], calendars[r.group], now) if r.ticker in past else r.volume_ratio
            for r in rows]  # fmt: skip


def _volume_ratio(row: Any, sessions: Days, volumes: Floats, calendar: Calendar, now: datetime) -> float:
    session = calendar.session(row.session.date())
    if session is None:
        return float("nan")
    known = now if pd.isna(row.fetched_at) else row.fetched_at.to_pydatetime() - delay(row.delay_minutes)
    if row.final:
        known = session.closes
    full = minutes_open(calendar, session, session.closes)
    before = volumes[sessions < row.session.to_datetime64()].tolist()
    return volume_ratio(row.volume, before, minutes_open(calendar, session, known), full)


# --- baskets -----------------------------------------------------------------------------------------------------


def _view(
    basket: Basket, universe: Universe, table: pd.DataFrame, sectors: pd.DataFrame, calendars: Mapping[str, Calendar],
    states: Mapping[str, MarketState], now: datetime,
) -> BasketView:  # fmt: skip
    chain = next((c for c in universe.chains if c.id == basket.chain), None)
    rows = _members(basket, chain, table, now)
    counted = same_session(rows[["group", "session", "suspended", "stale", "limit_state", "cap_cny", *WINDOWS]])
    home = markets.home(rows.index)
    own = counted.loc[counted["group"] == home]
    mean, apart = equal_weight(own), _apart(counted, calendars, states)
    together = equal_weight(counted)
    ranked = sectors.loc[(sectors["group"] == home) & (sectors["session"] == own["session"].max())]
    benchmarks = table.loc[[b for b in basket.benchmarks if b in table.index], ["group", "session", "stale", *WINDOWS]]
    return BasketView(
        basket=basket, chain=chain, table=rows, home=home, covered=_covered(counted),
        returns=mean, returns_cap=cap_weight(own),
        returns_all={w: float("nan") if w in apart else together[w] for w in WINDOWS}, not_comparable=apart,
        by_group={g: _part(counted.loc[counted["group"] == g]) for g in dict.fromkeys(counted["group"])},
        excess=analysis_baskets.excess(own, benchmarks),
        breadth=analysis_baskets.breadth(own),
        would_rank={w: analysis_baskets.would_rank(mean[w], ranked[w], SECTORS) for w in WINDOWS},
        coverage=analysis_baskets.coverage(own), coverage_cap=cap_coverage(own),
        coverage_all=analysis_baskets.coverage(counted),
        excess_coverage=analysis_baskets.excess_coverage(own, benchmarks),
    )  # fmt: skip


def _apart(
    rows: pd.DataFrame, calendars: Mapping[str, Calendar], states: Mapping[str, MarketState]
) -> dict[str, dict[str, Period]]:
    """The windows whose periods differ by market, with the period of each market that has a session."""
    ends = rows.groupby("group", sort=False)["session"].max().dropna().dt.date.to_dict()
    periods = periods_of(ends, calendars)
    return {w: each for w, each in periods.items() if not is_one_period(each, calendars, states)}


def _members(basket: Basket, chain: Chain | None, table: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Rows of today's members, empty ones where nothing is stored; ``until`` is the last day of a membership."""
    current = [m.ticker for m in basket.members if m.until is None or m.until >= _today(m.ticker, now)]
    rows = table.reindex(current)
    rows["ticker"], rows["group"] = rows.index, [markets.group(t) for t in current]
    rows["suspended"] = rows["suspended"].eq(other=True)
    segments = [chain.segment_of(t) if chain else None for t in current]
    rows["segment"] = pd.Series([s.id if s else None for s in segments], index=rows.index, dtype="object")
    return rows


def _today(ticker: str, now: datetime) -> date:
    return now.astimezone(markets.split(ticker)[1].zone).date()


def _covered(rows: pd.DataFrame) -> int:
    return int(rows["1d"].notna().sum())


def _part(rows: pd.DataFrame) -> dict[str, Any]:
    newest = rows["session"].max()
    return {
        "returns": equal_weight(rows), "coverage": analysis_baskets.coverage(rows), "members": len(rows),
        "covered": _covered(rows), "session": newest.date() if pd.notna(newest) else None,
        "breadth": analysis_baskets.breadth(rows),
    }  # fmt: skip


def home_rows(view: BasketView) -> pd.DataFrame:
    """The rows of the members of the basket's home market, of which its headline speaks."""
    return view.table.loc[view.table["group"] == view.home]


def _lines(
    views: Sequence[BasketView], closes: pd.DataFrame, calendars: Mapping[str, Calendar]
) -> dict[str, list[float]]:
    out: dict[str, list[float]] = {}
    recent = closes.tail(SPARK * 2)
    for home in dict.fromkeys(view.home for view in views):
        own = {view.basket.id: list(home_rows(view).index) for view in views if view.home == home}
        held = [t for t in dict.fromkeys(t for tickers in own.values() for t in tickers) if t in recent]
        grid = aligned(recent[held], calendars, home).tail(SPARK)
        start = grid.index[0].date() if len(grid) else date.min
        out |= {key: basket_series(grid, tickers, start)[0].tolist() for key, tickers in own.items()}
    return {view.basket.id: out[view.basket.id] for view in views}


def against(
    snapshot: Snapshot, view: BasketView, window: str, *, of_day: bool = False
) -> tuple[dict[str, pd.Series], int]:
    """The basket's home market and its benchmarks over a window, each 1 on the base session, and how many members it holds.

    Everything is put on the closing instants of the basket's home market. A benchmark that has no close as old as the
    base is left out. ``of_day``: with the members of each day, not today's; all lines then begin with the first of them,
    and there are none where nobody was a member in the window.
    """
    home, ends = view.home, home_rows(view)["session"].dropna()
    if not len(ends):
        return {}, 0
    base = window_bases(snapshot.calendars.get(home), ends.max().date())[window]
    benchmarks = [b for b in view.basket.benchmarks if b in snapshot.closes]
    dated = (
        {m.ticker: (m.since, m.until) for m in view.basket.members if markets.group(m.ticker) == home} if of_day else {}
    )
    held = [t for t in (dated or home_rows(view).index) if t in snapshot.closes]
    start = base or ends.min().date()
    recent = snapshot.closes.loc[snapshot.closes.index >= pd.Timestamp(start - timedelta(days=30))]
    grid = aligned(recent[[*dict.fromkeys([*held, *benchmarks])]], snapshot.calendars, home)
    line, count = dated_series(grid, dated, start) if of_day else basket_series(grid, held, start)
    if of_day:
        if not len(line):
            return {}, 0
        start = line.index[0].date()
    others = {b: rebased(grid[b], start) for b in benchmarks}
    return {view.basket.id: line} | {b: other for b, other in others.items() if len(other)}, count


def _overnight(
    universe: Universe, closes: pd.DataFrame, table: pd.DataFrame, calendars: Mapping[str, Calendar], now: datetime
) -> Overnight:
    led = leaders_of(universe)
    home, abroad = calendars.get("CN"), calendars.get("US")
    day, sessions = overnight_window(home, abroad, now) if home and abroad else (None, [])
    span = moves_over(closes, list(led), abroad, [sessions])[0] if abroad else np.full(len(led), np.nan)
    frame = pd.DataFrame({"ticker": list(led), "move": span, "leads": list(led.values())})
    frame["stale"] = [bool(table["stale"].get(t, True)) for t in led]
    days, running = tuple(s.day for s in sessions), bool(sessions) and now < sessions[-1].closes
    return Overnight(day, days, running, frame.sort_values("move", ascending=False, ignore_index=True))


# --- flags -------------------------------------------------------------------------------------------------------


def _judged(store: Store, calendars: Mapping[str, Calendar], now: datetime) -> dict[str, date]:
    """Market group -> last judged session, cut at its last session with final bars: a replayed day ends there."""
    settled = settled_days(calendars, now)
    return {group: min(day, settled[group]) for group, day in flag_log.judged(store).items() if group in settled}


def _flags(
    store: Store, tickers: pd.Index, views: Sequence[BasketView], judged: Mapping[str, date], overnight: Overnight
) -> pd.DataFrame:
    """The flags of each market's judged session, a basket's with those of its home market; and what was said overnight
    of the mainland session that is running or to come. The log holds more, of ``tickers`` that are no longer followed.
    """
    homes = {f"basket:{view.basket.id}": view.home for view in views}
    said = flag_log.read(store, since=min(judged.values(), default=date.max))
    said = said.loc[said["ticker"].isin([*tickers, *homes])]
    groups = [
        "CN" if rule == OVERNIGHT_RULE else homes.get(t) or (markets.group(t) if markets.is_ticker(t) else "")
        for t, rule in zip(said["ticker"], said["rule"], strict=True)
    ]
    days = said["session"].to_numpy()
    newest = days == np.array([judged.get(g) for g in groups], dtype="datetime64[s]")
    coming = (days == np.datetime64(overnight.for_session, "s")) & (not overnight.provisional)
    kept: pd.DataFrame = said.loc[newest | (coming & said["rule"].eq(OVERNIGHT_RULE).to_numpy())]
    return kept.reset_index(drop=True)
