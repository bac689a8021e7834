"""The packing of Sina's histories: numbers as a stream of bits, six to a character, lowest bit first.

Only what the decoder needs is used of the format: wide fields are set once at the start and every row is written with
them. Dates count weekdays from 1990-12-19; a gap is written as a number of weekdays.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from datetime import date

from .paths import Bar

Packer = Callable[[Sequence[Bar], int], str]

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
EPOCH = date(1990, 12, 19).toordinal()
INDEX, FUND, DAYS = 1479, 3466, 139
LIMB = 30  # the decoder reads numbers wider than this in two parts
PRICE_BITS, VOLUME_BITS = 24, 42


class Bits:
    """A growing stream of bits."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    def add(self, value: int, width: int) -> None:
        """Append the lowest ``width`` bits of a number (two's complement when negative)."""
        self._bits += [value >> at & 1 for at in range(width)]

    def step(self, value: int) -> None:
        """Append a change of a field width, in units of three bits: a sign, then ones, then a zero."""
        self._bits += [int(value > 0), *[1] * (abs(value) - 1), 0]

    def text(self) -> str:
        """The stream as characters, the last one filled up with zeros."""
        padded = [*self._bits, *[0] * (-len(self._bits) % 6)]
        sixes = (padded[at : at + 6] for at in range(0, len(padded), 6))
        return "".join(ALPHABET[sum(bit << at for at, bit in enumerate(six))] for six in sixes)


def _day_number(day: date) -> int:
    return day.toordinal() - EPOCH


def _weekdays(before: date, day: date) -> int:
    """Weekdays from one day to a later one, the later one included."""
    return sum(date.fromordinal(n).weekday() < 5 for n in range(before.toordinal() + 1, day.toordinal() + 1))


def _scaled(price: float, decimals: int) -> int:
    scaled: int = round(price * 10**decimals)
    return scaled


def _start(kind: int) -> Bits:
    bits = Bits()
    bits.add(kind, 12)
    bits.add(63, 6)  # format version 0
    return bits


def pack_index(bars: Sequence[Bar], decimals: int) -> str:
    """Date, open, high, low, close, volume; prices are written against the close before, volumes likewise."""
    bits = _start(INDEX)
    bits.add(decimals, 6)
    bits.add(_day_number(bars[0].day), 18)
    bits.add(4, 3)  # base of the width of prices
    bits.add(7, 3)  # base of the width of volumes
    close = volume = 0
    for at, bar in enumerate(bars):
        bits.add(32, 6)  # this row begins with a setting:
        if at == 0:  # the widths of prices and volumes, for good
            bits.add(63, 6)
            bits.add(PRICE_BITS // 3 - 4, 3)
            bits.add(VOLUME_BITS // 3 - 7, 3)
        else:  # the weekdays since the row before
            bits.add(0, 6)
            bits.add(_weekdays(bars[at - 1].day, bar.day), 6)
        opening, high, low, last = (_scaled(price, decimals) for price in bar[1:5])
        for value in (opening - close, high - opening, opening - low, last - opening):
            bits.add(value, PRICE_BITS)
        bits.add(int(bar.volume) - volume, VOLUME_BITS)
        close, volume = last, int(bar.volume)
    return bits.text()


def pack_fund(bars: Sequence[Bar], decimals: int) -> str:
    """As ``pack_index`` with amounts in whole currency units, and previous closes where they are not the close before.

    The decoder takes a previous close in any row, written as its distance from the close before, which only says
    something in the first row and on ex-dates. That Sina does write it on ex-dates has not been seen.
    """
    bits = _start(FUND)
    close = volume = amount = 0
    for at, bar in enumerate(bars):
        close = (
            _next_fund_row(bits, bars[at - 1].day, bar, close, decimals) if at else _first_fund_row(bits, bar, decimals)
        )
        opening, high, low, last = (_scaled(price, decimals) for price in bar[1:5])
        for value in (opening - close, high - opening, opening - low, last - opening):
            bits.add(value, PRICE_BITS)
        bits.add(int(bar.volume) - volume, VOLUME_BITS)
        bits.add(round(bar.amount) - amount, VOLUME_BITS + 6)
        close, volume, amount = last, int(bar.volume), round(bar.amount)
    bits.add(0b00011, 5)  # a change, a large one, of nothing: the end
    return bits.text()


def _first_fund_row(bits: Bits, bar: Bar, decimals: int) -> int:
    """Settings, widths, date and previous close; returns the previous close in units of the last decimal."""
    bits.add(0b111, 3)  # a change, a large one, of settings:
    bits.add(0b11, 2)  # amounts are written themselves, not against the average price
    bits.add(0, 4)
    shift = 3 * decimals - 6  # prices come with two decimals unless told otherwise
    bits.add(int(shift != 0), 1)
    if shift:
        bits.step(shift)
    bits.add(0, 2)
    bits.add(1, 1)  # of widths: four prices, volume, amount
    for width in (*[PRICE_BITS // 3 - 3] * 4, VOLUME_BITS // 3 - 5, VOLUME_BITS // 3 + 2 - 5):
        bits.add(1, 1)
        bits.step(width)
    bits.add(1, 1)  # of the date, absolute
    bits.add(1, 3)
    bits.add(_day_number(bar.day), 18)
    bits.add(1, 2)  # of the previous close, in the width of the open
    close = _scaled(bar.reference, decimals)
    bits.add(close, PRICE_BITS)
    return close


def _next_fund_row(bits: Bits, before: date, bar: Bar, close: int, decimals: int) -> int:
    """Date, and the previous close where it is not the close before; returns the previous close."""
    step = _scaled(bar.reference, decimals) - close
    if step:
        bits.add(0b1011, 4)  # a change, a large one, of no setting, of widths or date:
        bits.add(1 << 6, 7)  # of the date
    else:
        bits.add(0b11101, 5)  # a change, a small one, of the date
    bits.add(0, 3)
    bits.add(_weekdays(before, bar.day), 6)
    if step:
        bits.add(1, 2)  # of the previous close, in the width of the open
        bits.add(step, PRICE_BITS)
    return close + step


def pack_days(days: Sequence[date]) -> str:
    """Trading days: the lengths of the runs of weekdays between the weekdays without trading."""
    bits = _start(DAYS)
    bits.add(_day_number(days[0]), 18)
    bits.add(_day_number(days[-1]), 18)
    first = True
    for length in _runs(days):
        bits.add(int(first), 1)  # the width of the lengths changes once, to twelve bits
        if first:
            bits.step(4)
        bits.add(length, 12)
        first = False
    return bits.text()


def _runs(days: Sequence[date]) -> list[int]:
    open_days = set(days)
    runs = [0]
    for number in range(days[0].toordinal(), days[-1].toordinal() + 1):
        day = date.fromordinal(number)
        if day in open_days:
            runs[-1] += 1
        elif day.weekday() < 5:
            runs.append(0)
    return runs
