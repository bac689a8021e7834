"""Which values of a multiple may enter the store. Pure; a hard fault keeps rows out and names why, a soft one is told.

A history of PE has no high and low to hold a value against. What is there: its own neighbours, the price beside it, the
stored closes, the trading calendar, and what the same source said before. An answer that cannot be believed as a whole
raises ``SuspectAnswer``. Nothing is repaired.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from basketwatch.calendars import Calendar
from basketwatch.checks import AGREE, Fault
from basketwatch.errors import SuspectAnswer
from basketwatch.model import Severity

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
OVERLAP = 3  # common sessions below which an answer is not compared with the stored values
SPLITS = (10.0, 20.0)  # ratios that no change of earnings brings about to the point, without an ex-date to show for it
PERCENT = 100.0
SECTORS = 31
SECTORS_SINCE = pd.Timestamp("2021-12-13")  # before it Shenwan had fewer

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Known:
    """What a series is held against.

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


def check(rows: pd.DataFrame, known: Known) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of one series (frames.VALUATIONS) that may be stored, sorted, one a session, and what was wrong.

    Raises SuspectAnswer for another stock's prices, and for values other than those the source gave before.
    """
    rows = rows.sort_values("session", kind="stable").drop_duplicates(["session", "pe", "price"]).reset_index(drop=True)
    rows, faults = _without_days_off(rows, known.calendar)
    for key, find in _HARD:
        rows, found = _out(rows, find(rows, known), key)
        faults += found
    _hold_against_stored(rows, known.stored)
    rows, found = _hold_against_closes(rows, known.closes)
    faults += found
    rows, found = _levels(rows, known)
    return rows, faults + found


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


def _out(rows: pd.DataFrame, mask: Bools, key: str) -> tuple[pd.DataFrame, list[Fault]]:
    """The rows without those masked, and one hard fault that names the first of these and how many they are."""
    bad = rows[mask]
    if bad.empty:
        return rows, []
    return rows.drop(bad.index).reset_index(drop=True), [_fault(bad, key, "hard")]


def _fault(bad: pd.DataFrame, key: str, severity: Severity) -> Fault:
    first, day = bad.iloc[0], bad["session"].iloc[0].date()
    span = f"{day}" if len(bad) == 1 else f"{day} … {bad['session'].iloc[-1].date()}, rows={len(bad)}"
    values = (("pe", float(first["pe"])), ("rows", float(len(bad))))
    return Fault(str(first["ticker"]), day, key, f"{span}, pe={first['pe']:.10g}", severity, values)


def _without_days_off(rows: pd.DataFrame, calendar: Calendar | None) -> tuple[pd.DataFrame, list[Fault]]:
    """Days on which the exchange was closed repeat the value before: dropped and told, as nothing is lost by it."""
    off = rows["session"].dt.day_of_week > 4
    if calendar is not None and calendar.sessions:
        known = pd.DatetimeIndex([s.day for s in calendar.sessions], dtype="datetime64[s]")
        off |= rows["session"].between(known[0], known[-1]) & ~rows["session"].isin(known)
    if not off.any():
        return rows, []
    return rows[~off].reset_index(drop=True), [_fault(rows[off], "pe_days_off", "soft")]


def _copied(rows: pd.DataFrame, known: Known) -> Bools:
    """The first row, where it is dated at the first day asked for and says what the second says."""
    mask = np.zeros(len(rows), dtype=bool)
    if known.asked is not None and len(rows) > 1 and rows["session"].iloc[0] == pd.Timestamp(known.asked):
        one, two = rows.iloc[0], rows.iloc[1]
        mask[0] = one["pe"] == two["pe"] and (one["price"] == two["price"] or pd.isna(one["price"]))
    return mask


def _duplicate(rows: pd.DataFrame, _: Known) -> Bools:
    return rows["session"].duplicated(keep=False).to_numpy()


def _future(rows: pd.DataFrame, known: Known) -> Bools:
    if known.last_closed is None:
        return np.zeros(len(rows), dtype=bool)
    return (rows["session"] > pd.Timestamp(known.last_closed)).to_numpy()


def _absurd(rows: pd.DataFrame, known: Known) -> Bools:
    """Neither a multiple nor a loss: no number, or one beyond what can be measured with."""
    pe = rows["pe"].to_numpy()
    inside = np.abs(pe) <= (ABSURD_AGGREGATE if known.aggregate else ABSURD)
    nothing = np.isnan(pe) & rows["losing"].to_numpy()
    return np.asarray(~(inside | nothing))


def _fraction(rows: pd.DataFrame, known: Known) -> Bools:
    """Of many companies together: less than a year's earnings. Of one company that is rare, but no proof."""
    pe = np.abs(rows["pe"].to_numpy())
    return np.asarray((pe < 1) & known.aggregate)


_HARD: tuple[tuple[str, Callable[[pd.DataFrame, Known], Bools]], ...] = (
    ("pe_copied", _copied),
    ("pe_duplicate", _duplicate),
    ("pe_future", _future),
    ("pe_absurd", _absurd),
    ("pe_percent", _fraction),
)


# --- against what is known ---------------------------------------------------------------------------------------


def _hold_against_stored(rows: pd.DataFrame, stored: pd.DataFrame) -> None:
    """Raise SuspectAnswer where the source says of most common sessions something else than it did before."""
    if stored.empty or rows.empty:
        return
    both = (
        rows.set_index("session")["pe"].to_frame().join(stored.set_index("session")["pe"].rename("before"), how="inner")
    )
    both = both.dropna()
    off = (both["pe"] / both["before"] - 1).abs() > REBASED
    if len(both) >= OVERLAP and off.mean() > 0.5:
        times = float((both["pe"] / both["before"]).median())
        raise _suspect(rows, f"{int(off.sum())} of {len(both)} values differ from those stored, {times:.4g} times")


def _hold_against_closes(rows: pd.DataFrame, closes: pd.Series) -> tuple[pd.DataFrame, list[Fault]]:
    """Keep rows whose price is the stored close. Raises SuspectAnswer where too many differ: another stock's data."""
    ours = rows["session"].map(closes) if len(closes) else pd.Series(np.nan, index=rows.index)
    both = rows["price"].notna() & ours.notna()
    off = both & ((rows["price"] / ours - 1).abs() > AGREE)
    bad, count = int(off.sum()), int(both.sum())
    if bad and (bad == count or bad > max(2, 0.05 * count)):
        first = rows[off].iloc[0]
        detail = f"{bad} of {count} prices are not the stored closes: {first['price']:.10g} / {ours[off].iloc[0]:.10g}"
        raise _suspect(rows, detail)
    return _out(rows, off.to_numpy(), "pe_price")


def _suspect(rows: pd.DataFrame, detail: str) -> SuspectAnswer:
    return SuspectAnswer(source=rows["source"].iloc[0], ticker=rows["ticker"].iloc[0], detail=detail)


# --- levels ------------------------------------------------------------------------------------------------------


def _levels(rows: pd.DataFrame, known: Known) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows on the level of what is stored; of a first answer, on the level of its longest stretch.

    A step is what the multiple changed overnight over and above the price, that is, earnings in the other direction.
    A wrong level begins with a step that earnings do not take, and ends with the step back.
    """
    line = _with_last(rows, known.stored)
    line = line[line["pe"].notna() & (line["pe"] != 0)]
    if line.empty:
        return rows, []
    step = _steps(line, known)
    breaks = _breaks(step, aggregate=known.aggregate)
    if not breaks.any():
        return rows, _soft_jumps(line, step, known)
    level = pd.Series(np.cumsum(np.where(breaks, step["log"], 0.0)), index=line["session"])
    right = level.iloc[0] if len(known.stored) else float(level.round(6).value_counts().index[0])
    off = (level - right).abs()
    wrong = off[off > (LEVEL if known.aggregate else SAME)]
    percent = (wrong - math.log(PERCENT)).abs().lt(LEVEL).any()
    key = "pe_percent" if percent else "pe_split" if step["split"].to_numpy()[breaks].any() else "pe_level"
    return _out(rows, rows["session"].isin(wrong.index).to_numpy(), key)


def _with_last(rows: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """The rows after the last stored one before them, which gives the level; ``place`` counts them."""
    columns = ["ticker", "session", "pe", "price", "market_cap"]
    found = rows[columns]
    if len(stored) and len(rows):
        before = stored[(stored["session"] < rows["session"].iloc[0]) & stored["pe"].notna()].tail(1)
        found = pd.concat([before.assign(ticker=rows["ticker"].iloc[0])[columns], found], ignore_index=True)
    return found.assign(place=range(len(found)))


def _steps(line: pd.DataFrame, known: Known) -> pd.DataFrame:
    """log: the multiple's change over that of all shares' value; split: log of what a bonus issue or split left of a
    share. Not between values far apart, nor from a profit to a loss or back.
    """
    session = line["session"]
    price = line["price"].fillna(session.map(known.closes) if len(known.closes) else np.nan)
    factor = np.log(_factor_between(session, known.factors))
    moved = np.log(price).diff() - factor
    worth = np.log(line["market_cap"].where(line["market_cap"] > 0)).diff()
    told = factor < math.log(DIVIDED)  # an ex-date is known
    issued = np.log(price).diff() - worth  # what more shares took from each
    split = np.where(told, factor, np.where(issued < math.log(DIVIDED), issued, 0.0))
    value = moved.where(told | worth.isna(), worth).fillna(0.0)
    reach = AGGREGATE_NEIGHBOURS if known.aggregate else NEIGHBOURS
    near = (session.diff() <= reach) & (line["place"].diff() == 1) & (np.sign(line["pe"]).diff() == 0)
    log = (np.log(line["pe"].abs()).diff() - value).where(near, 0.0)
    return pd.DataFrame({"log": log, "split": np.where(near, split, 0.0)})


def _factor_between(session: pd.Series, factors: pd.Series) -> Floats:
    """Product of the factors whose ex-date lies after the row before and not after this one."""
    if factors.empty:
        return np.ones(len(session))
    through = np.concatenate([[1.0], np.cumprod(factors.to_numpy())])
    so_far = through[np.searchsorted(factors.index.to_numpy(), session.to_numpy(), side="right")]
    return np.asarray(so_far / np.concatenate([so_far[:1], so_far[:-1]]))


def _breaks(step: pd.DataFrame, *, aggregate: bool) -> Bools:
    """True where a step is none that earnings take: any big one of an aggregate; of a stock a split's or a percent's."""
    log, split = step["log"].to_numpy(), step["split"].to_numpy()
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


def _soft_jumps(line: pd.DataFrame, step: pd.DataFrame, known: Known) -> list[Fault]:
    """A stock's earnings may double or halve with a report: told of what is new, and kept."""
    if known.aggregate or known.stored.empty:
        return []
    new = line["session"] > known.stored["session"].max()
    jumped = line[new & (step["log"].abs() > LEVEL)]
    return [] if jumped.empty else [_fault(jumped, "pe_jump", "soft")]


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
        raise _suspect(rows, f"PE {last['pe']:.10g} on {last['session'].date()}, the quote says {pe:.10g}")
