"""Which values of a multiple may enter the store. Pure; a hard fault rejects rows and names the reason, a soft fault is a remark.

A PE history has no high and low to check a value against. A value is checked against its neighbours, the price in the
same row, the stored closes, the trading calendar, and earlier answers of the same source. An answer that is wrong as a
whole raises ``SuspectAnswer``. Nothing is repaired.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from basketwatch.analysis.prices import factors_between
from basketwatch.domain.calendars import Calendar
from basketwatch.domain.faults import Fault
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Severity
from basketwatch.errors import SuspectAnswer
from basketwatch.refresh.checks.bars import AGREE

ABSURD = 10_000.0  # times; a stock that hardly earns anything: nothing to measure a band with
ABSURD_AGGREGATE = 1_000.0  # of an index or a sector
LEVEL = math.log(1.8)  # a multiple of many companies does not move so far overnight while their prices do not
NEAR = 0.03  # (log) within which a step is a split's ratio
SAME = 0.1  # (log) within which two levels are one, and a step is that from a ratio to a percentage
DIVIDED = 0.85  # of a share: what is left after a bonus issue or split that counts; below lie all cash dividends
REBASED = 0.02  # by which a session's value may differ from what the same source said of it before
NEAR_QUOTE = pd.Timedelta(days=7)
NEIGHBOURS = pd.Timedelta(days=45)  # values of a stock that lie further apart are not held against each other
AGGREGATE_NEIGHBOURS = pd.Timedelta(days=365)  # earnings of many companies do not double in a year
COMPARABLE_VALUES = 3  # common sessions below which an answer is not compared with the stored values
SPLITS = (10.0, 20.0)  # ratios that no change of earnings brings about to the point, without an ex-date to show for it
PERCENT = 100.0
SECTORS_SINCE = pd.Timestamp("2021-12-13")  # before it Shenwan had fewer

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """Data that a series is checked against.

    closes: session -> raw final close (empty: none stored); factors: ex-date -> factor; stored: the same series so far
    (store.valuations.read), empty at first; last_closed: the newest session whose values are final; asked: the first
    day asked for; aggregate: of an index or a sector, not of one company.
    """

    closes: pd.Series
    factors: pd.Series
    stored: pd.DataFrame
    calendar: Calendar | None
    last_closed: date | None
    aggregate: bool = False
    asked: date | None = None


@dataclass(frozen=True)
class _Line:
    """A series as arrays, ascending by session: a frame a step would take a hundred times as long for a single row.

    ``at``: which rows of the answer these are.
    """

    ticker: str
    source: str
    at: Rows
    session: Days
    pe: Floats
    losing: Bools
    price: Floats
    market_cap: Floats

    def take(self, chosen: Bools | Rows) -> _Line:
        """The values chosen by a mask or by their places."""
        return _Line(
            self.ticker, self.source, self.at[chosen], self.session[chosen], self.pe[chosen], self.losing[chosen],
            self.price[chosen], self.market_cap[chosen],
        )  # fmt: skip


def check(rows: pd.DataFrame, known: Known) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of one series (columns.VALUATIONS) that may be stored, sorted, one a session, and what was wrong.

    Raises SuspectAnswer for another stock's prices, and for values other than those the source gave before.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        line, faults = _without_days_off(_in_order(rows), known.calendar)
        for key, find in _HARD:
            line, found = _out(line, find(line, known), key)
            faults += found
        _hold_against_stored(line, known.stored)
        line, found = _hold_against_closes(line, known.closes)
        faults += found
        line, found = _levels(line, known)
    whole = len(line.at) == len(rows) and bool((line.at[1:] > line.at[:-1]).all())
    return (rows if whole else rows.iloc[line.at]).reset_index(drop=True), faults + found


def _in_order(rows: pd.DataFrame) -> _Line:
    """The rows by session, what is the same twice only once."""
    at = np.argsort(rows["session"].to_numpy(), kind="stable")
    names = ("session", "pe", "losing", "price", "market_cap")
    line = _Line(str(rows["ticker"].iloc[0]) if len(rows) else "", str(rows["source"].iloc[0]) if len(rows) else "",
                 np.arange(len(rows)), *(rows[name].to_numpy() for name in names)).take(at)  # fmt: skip
    if not _twice(line.session).any():
        return line
    same = pd.DataFrame({"session": line.session, "pe": line.pe, "price": line.price}).duplicated()
    return line.take(~same.to_numpy())


def _twice(session: Days) -> Bools:
    same = session[1:] == session[:-1]
    return np.asarray(np.append(False, same) | np.append(same, False))


def _of(session: Days, days: Days, values: Floats) -> Floats:
    """The value of each session among those of ``days`` (ascending); NaN where it is not there."""
    if not len(days):
        return np.full(len(session), np.nan)
    place = np.minimum(np.searchsorted(days, session), len(days) - 1)
    return np.where(days[place] == session, values[place], np.nan)


def whole_days(rows: pd.DataFrame, sectors: pd.Series, cut: tuple[str, ...] = ()) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of the sector report on days that have all 31 sectors; ``sectors``: session -> how many came (``cut``: see
    ``shenwan.Days``). Before 2021-12-13 there were fewer, and no day is short.
    """
    faults = [Fault("", None, "pe_report_cut", detail, "hard") for detail in cut]
    days = pd.DatetimeIndex(sectors.index)
    short = sectors[(sectors.to_numpy() < SECTORS) & (days >= SECTORS_SINCE)]
    for day, count in short.items():
        values = (("sectors", float(count)),)
        day = pd.Timestamp(str(day)).date()
        faults.append(Fault("", day, "pe_sectors_missing", f"{day}: {count}/{SECTORS}", "hard", values))
    return rows[~rows["session"].isin(short.index)].reset_index(drop=True), faults


# --- row by row --------------------------------------------------------------------------------------------------


def _out(line: _Line, mask: Bools, key: str) -> tuple[_Line, list[Fault]]:
    """The rows outside ``mask``, and one hard fault with the first masked row and their number."""
    return (line.take(~mask), [_fault(line.take(mask), key, "hard")]) if mask.any() else (line, [])


def _fault(bad: _Line, key: str, severity: Severity) -> Fault:
    first, last, pe, count = _day(bad.session[0]), _day(bad.session[-1]), float(bad.pe[0]), len(bad.at)
    span = f"{first}" if count == 1 else f"{first} … {last}, rows={count}"
    values = (("pe", pe), ("rows", float(count)))
    return Fault(bad.ticker, first, key, f"{span}, pe={pe:.10g}", severity, values)


def _day(session: np.datetime64) -> date:
    day: date = session.astype("datetime64[D]").item()
    return day


def _without_days_off(line: _Line, calendar: Calendar | None) -> tuple[_Line, list[Fault]]:
    """Drop days on which the exchange was closed, with a soft fault: they only repeat the value before."""
    days = line.session.astype("datetime64[D]")
    off = ~np.is_busday(days)  # a weekend
    if calendar is not None and calendar.sessions:
        known = calendar.known_days  # past its end all weekdays may be sessions
        off |= (days >= known[0]) & (days <= known[-1]) & ~np.isin(days, known)
    return (line.take(~off), [_fault(line.take(off), "pe_days_off", "soft")]) if off.any() else (line, [])


def _copied(line: _Line, known: Known) -> Bools:
    """The first row, where it is dated at the first day asked for and says what the second says."""
    mask = np.zeros(len(line.at), dtype=bool)
    if known.asked is not None and len(mask) > 1 and _day(line.session[0]) == known.asked:
        (one, two), (price, next_price) = line.pe[:2], line.price[:2]
        mask[0] = one == two and (price == next_price or np.isnan(price))
    return mask


def _duplicate(line: _Line, _: Known) -> Bools:
    return _twice(line.session)


def _future(line: _Line, known: Known) -> Bools:
    if known.last_closed is None:
        return np.zeros(len(line.at), dtype=bool)
    return np.asarray(line.session > np.datetime64(known.last_closed))


def _absurd(line: _Line, known: Known) -> Bools:
    """True for a value that is neither a multiple nor a loss: not a number, or beyond ``ABSURD``."""
    inside = np.abs(line.pe) <= (ABSURD_AGGREGATE if known.aggregate else ABSURD)
    return np.asarray(~(inside | (np.isnan(line.pe) & line.losing)))


def _fraction(line: _Line, known: Known) -> Bools:
    """Of many companies together: less than a year's earnings. Of one company that is rare, but no proof."""
    return np.asarray((np.abs(line.pe) < 1) & known.aggregate)


_HARD: tuple[tuple[str, Callable[[_Line, Known], Bools]], ...] = (
    ("pe_copied", _copied),
    ("pe_duplicate", _duplicate),
    ("pe_future", _future),
    ("pe_absurd", _absurd),
    ("pe_percent", _fraction),
)


# --- against what is known ---------------------------------------------------------------------------------------


def _hold_against_stored(line: _Line, stored: pd.DataFrame) -> None:
    """Raise SuspectAnswer where the source says of most common sessions something else than it did before."""
    if stored.empty or not len(line.at):
        return
    times = line.pe / _of(line.session, stored["session"].to_numpy(), stored["pe"].to_numpy())
    times = times[~np.isnan(times)]
    off = np.abs(times - 1) > REBASED
    if len(times) >= COMPARABLE_VALUES and off.mean() > 0.5:
        detail = f"{int(off.sum())} of {len(times)} values differ from those stored, {np.median(times):.4g} times"
        raise _suspect(line, detail)


def _hold_against_closes(line: _Line, closes: pd.Series) -> tuple[_Line, list[Fault]]:
    """Keep values whose price is the stored close. Raises SuspectAnswer where too many differ: another stock's data."""
    ours = _of(line.session, closes.index.to_numpy(), closes.to_numpy())
    both = ~np.isnan(line.price) & ~np.isnan(ours)
    off = both & (np.abs(line.price / ours - 1) > AGREE)
    bad, count = int(off.sum()), int(both.sum())
    if bad and (bad == count or bad > max(2, 0.05 * count)):
        first = off.argmax()
        detail = f"{bad} of {count} prices are not the stored closes: {line.price[first]:.10g} / {ours[first]:.10g}"
        raise _suspect(line, detail)
    return _out(line, off, "pe_price")


def _suspect(line: _Line, detail: str) -> SuspectAnswer:
    return SuspectAnswer(source=line.source, ticker=line.ticker, detail=detail)


# --- levels ------------------------------------------------------------------------------------------------------


def _levels(line: _Line, known: Known) -> tuple[_Line, list[Fault]]:
    """Values on the level of what is stored; of a first answer, on the level of its longest stretch.

    A step is what the multiple changed overnight over and above the price, that is, earnings in the other direction.
    A wrong level begins with a step that earnings do not take, and ends with the step back.
    """
    whole = _with_last(line, known.stored)
    place = np.flatnonzero(~np.isnan(whole.pe) & (whole.pe != 0))
    if not len(place):
        return line, []
    whole = whole.take(place)
    step, split = _steps(whole, place, known)
    breaks = _breaks(step, split, aggregate=known.aggregate)
    if not breaks.any():
        return line, _soft_jumps(whole, step, known)
    level = np.cumsum(np.where(breaks, step, 0.0))
    right = level[0] if len(known.stored) else float(pd.Series(level).round(6).value_counts().index[0])
    off = np.abs(level - right)
    wrong = off > (LEVEL if known.aggregate else SAME)
    percent = bool((np.abs(off[wrong] - math.log(PERCENT)) < LEVEL).any())
    key = "pe_percent" if percent else "pe_split" if split[breaks].any() else "pe_level"
    return _out(line, np.isin(line.session, whole.session[wrong]), key)


def _with_last(line: _Line, stored: pd.DataFrame) -> _Line:
    """The values, preceded by the last stored value before them, which fixes the level."""
    if not (len(stored) and len(line.at)):
        return line
    before = np.flatnonzero((stored["session"].to_numpy() < line.session[0]) & ~np.isnan(stored["pe"].to_numpy()))[-1:]

    def put(name: str, values: Any) -> Any:
        return np.concatenate([stored[name].to_numpy()[before], values])

    return replace(
        line, at=np.concatenate([-np.ones(len(before), dtype=np.int64), line.at]), session=put("session", line.session),
        pe=put("pe", line.pe), losing=put("losing", line.losing), price=put("price", line.price),
        market_cap=put("market_cap", line.market_cap),
    )  # fmt: skip


def _steps(line: _Line, place: Rows, known: Known) -> tuple[Floats, Floats]:
    """The multiple's change (log) over that of all shares' value; and log of what a bonus issue or split left of a
    share. Not between values far apart (``place`` counts what lies between), nor from a profit to a loss or back.
    """
    closes = _of(line.session, known.closes.index.to_numpy(), known.closes.to_numpy())
    price = np.where(np.isnan(line.price), closes, line.price)
    factor = np.log(factors_between(line.session, known.factors.index.to_numpy(), known.factors.to_numpy()))
    moved = _change(np.log(price)) - factor
    worth = _change(np.log(np.where(line.market_cap > 0, line.market_cap, np.nan)))
    told = factor < math.log(DIVIDED)  # an ex-date is known
    issued = _change(np.log(price)) - worth  # what more shares took from each
    split = np.where(told, factor, np.where(issued < math.log(DIVIDED), issued, 0.0))
    value = np.where(told | np.isnan(worth), moved, worth)
    value = np.where(np.isnan(value), 0.0, value)
    reach = AGGREGATE_NEIGHBOURS if known.aggregate else NEIGHBOURS
    near = np.concatenate([[False], np.diff(line.session) <= reach.to_timedelta64()])
    near &= (_change(place) == 1) & (_change(np.sign(line.pe)) == 0)
    return np.where(near, _change(np.log(np.abs(line.pe))) - value, 0.0), np.where(near, split, 0.0)


def _change(values: npt.NDArray[Any]) -> Floats:
    return np.concatenate([[np.nan], np.diff(values)])


def _breaks(log: Floats, split: Floats, *, aggregate: bool) -> Bools:
    """True where a step is none that earnings take: any big one of an aggregate; of a stock a split's or a percent's."""
    if aggregate:
        return np.asarray(np.abs(log) > LEVEL)
    breaks = np.abs(np.abs(log) - math.log(PERCENT)) < SAME
    for ratio in SPLITS:
        breaks |= np.abs(np.abs(log) - math.log(ratio)) < NEAR
    for at in np.flatnonzero((split != 0) & (np.abs(log - split) < NEAR)):
        breaks[at] = True
        restated = np.flatnonzero(np.abs(log[at + 1 :] + split[at]) < NEAR)
        breaks[at + 1 + restated[:1]] = True
    return np.asarray(breaks)


def _soft_jumps(line: _Line, step: Floats, known: Known) -> list[Fault]:
    """A soft fault for new values of a stock that double or halve: a report may explain them, so they are kept."""
    if known.aggregate or known.stored.empty:
        return []
    jumped = (line.session > known.stored["session"].to_numpy().max()) & (np.abs(step) > LEVEL)
    return [_fault(line.take(jumped), "pe_jump", "soft")] if jumped.any() else []


# --- against the quote -------------------------------------------------------------------------------------------


def hold_against_quote(rows: pd.DataFrame, pe: float, session: pd.Timestamp) -> None:
    """Raise SuspectAnswer where a series that bears no price ends at another multiple than the quote's: another
    stock's, or profits in another currency. Sources differ by a few percent, never by half.
    """
    near = rows[(rows["session"] >= session - NEAR_QUOTE) & (rows["pe"] > 0)]
    if near.empty or not pe > 0:
        return
    last = near.iloc[-1]
    if abs(math.log(last["pe"] / pe)) > LEVEL:
        detail = f"PE {last['pe']:.10g} on {last['session'].date()}, the quote says {pe:.10g}"
        raise SuspectAnswer(source=last["source"], ticker=last["ticker"], detail=detail)
