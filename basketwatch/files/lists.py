"""Lists of securities as other programs write them, and a basket as a table for them. Text and values; nothing is written.

Read: 通达信's EBK and blk, tab-separated exports of 同花顺, CSV of 东方财富 and Yahoo, TradingView's lists with sections,
bare codes, and what ``table`` writes. The layouts are described by others, not guaranteed: whatever column holds codes is
taken, and each row that was not understood is named.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from basketwatch.domain.spelling import ticker_of
from basketwatch.errors import UsageError
from basketwatch.files.editing import Sheet
from basketwatch.files.toml import MAX_BYTES

COLUMNS = ("ticker", "name_zh", "name_en", "reason_zh", "reason_en", "role", "status", "since", "until")
_TEXTS = {
    "name_zh": ("name", "zh"),
    "name_en": ("name", "en"),
    "reason_zh": ("reason", "zh"),
    "reason_en": ("reason", "en"),
}
_TDX = {"0": "SZ", "1": "SH", "2": "BJ"}  # first of the seven digits of a line
_TDX_ABROAD = {"31": "HK", "74": "US"}  # before the #
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
LINKED_AT_MOST = 500
_SECTION, _BOMBAY = "###", "BSE:"  # of TradingView, where BSE is Bombay's
_HEADINGS = {"代码", "证券代码", "股票代码", "symbol", "ticker", "code"}


@dataclass(frozen=True)
class Entry:
    """One row of a list: its text, the ticker that is meant (None: not understood), and what else it says.

    ``section``: the heading above it, of lists that have headings. ``fields``: those of a member, of a table of ours.
    """

    line: int
    text: str
    ticker: str | None
    section: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


# --- reading -----------------------------------------------------------------------------------------------------


def read(data: bytes | str) -> list[Entry]:
    """The rows of a list in their order, each ticker once. Raises UsageError: list_too_large, list_unreadable."""
    if len(data) > MAX_BYTES:
        raise UsageError("list_too_large", limit=MAX_BYTES // 1024)
    text = data if isinstance(data, str) else _decoded(data)
    if "\0" in text:
        raise UsageError("list_unreadable")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = _table(lines) if _is_table(lines) else _tokens(lines)
    found: dict[str, Entry] = {}
    for entry in rows:
        found.setdefault(entry.ticker or f"{entry.line} {entry.text}", entry)
    return list(found.values())


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError("list_unreadable")


def _is_table(lines: Sequence[str]) -> bool:
    """Rows of several cells, of which at most half are codes; a line of many codes is a list, not a row."""
    rows = [_cells(line) for line in lines if line.strip()]
    if not rows or any(len(row) < 2 for row in rows) or any(line.startswith(_SECTION) for line in lines):
        return False
    codes = sum(_meant(cell) is not None for row in rows for cell in row)
    return rows[0][0].casefold() in _HEADINGS or 2 * codes <= sum(map(len, rows))


def _cells(line: str) -> list[str]:
    delimiter = "\t" if "\t" in line else ";" if ";" in line and "," not in line else ","
    return [_plain(cell) for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _plain(cell: str) -> str:
    """A cell without the dress that spreadsheets need: ``="300308"``, a quote in front of what would be computed."""
    cell = cell.strip()
    dressed = re.fullmatch(r'="?(.*?)"?', cell)
    cell = dressed[1] if dressed else cell
    return cell[1:] if cell.startswith("'") and cell[1:2] in ("", *_FORMULA, "'") else cell


def _table(lines: Sequence[str]) -> Iterator[Entry]:
    rows = [(number, line, _cells(line)) for number, line in enumerate(lines, 1) if line.strip()]
    header = [cell.casefold() for cell in rows[0][2]]
    ours = header[: len(COLUMNS)] == list(COLUMNS)
    width = max(len(row) for _, _, row in rows)
    found = [sum(_meant(row[n]) is not None for _, _, row in rows if n < len(row)) for n in range(width)]
    column = found.index(max(found))
    for number, line, row in rows:
        cell = row[column] if column < len(row) else ""
        if number == rows[0][0] and (cell.casefold() in _HEADINGS or ours):
            continue
        fields = _fields(dict(zip(header, row, strict=False))) if ours else {}
        yield Entry(number, line.strip(), _meant(cell), "", fields)


def _fields(row: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a member in a row of our own table; what cannot be read is left away."""
    found: dict[str, Any] = {}
    for column, (key, lang) in _TEXTS.items():
        if row.get(column):
            found.setdefault(key, {})[lang] = row[column]
    for key in ("role", "status"):
        if row.get(key):
            found[key] = row[key]
    for key in ("since", "until"):
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", row.get(key, "")):
            try:
                found[key] = date.fromisoformat(row[key])
            except ValueError:
                continue
    return found


def _tokens(lines: Sequence[str]) -> Iterator[Entry]:
    """Codes anywhere in a line, between commas and spaces; ``###`` begins a section, also in the middle of a line."""
    section = ""
    for number, line in enumerate(lines, 1):
        for part in re.split(r"[,，、;；\n]+", line):
            if part.strip().startswith(_SECTION):
                section = part.strip().removeprefix(_SECTION).strip()
                continue
            for token in part.split():
                yield Entry(number, token, _meant(token), section)


def _meant(cell: str) -> str | None:
    """The ticker of a cell or word; None for anything else. Small letters alone are words."""
    cell = cell.strip()
    if tdx := re.fullmatch(r"([012])(\d{6})", cell):
        return ticker_of(f"{tdx[2]}.{_TDX[tdx[1]]}")
    if abroad := re.fullmatch(r"(\d\d)#([0-9A-Z.]+)", cell):
        market = _TDX_ABROAD.get(abroad[1])
        return ticker_of(f"{abroad[2]}.{market}") if market else None
    if cell.upper().startswith(_BOMBAY) or (cell.isalpha() and not cell.isupper()):
        return None
    return ticker_of(cell)


# --- writing -----------------------------------------------------------------------------------------------------


def table(sheet: Sheet) -> bytes:
    """A basket as CSV in ``COLUMNS``, which spreadsheets open in Chinese too (a byte order mark) and compute nothing of."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for ticker, fields in sheet.members.items():
        writer.writerow([_safe(_cell(column, ticker, fields)) for column in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(column: str, ticker: str, fields: Mapping[str, Any]) -> str:
    if column == "ticker":
        return ticker
    if column in _TEXTS:
        key, lang = _TEXTS[column]
        texts = fields.get(key)
        return str(texts.get(lang, "")) if isinstance(texts, Mapping) else ""
    value = fields.get(column, "")
    return value.isoformat() if isinstance(value, date) else str(value)


def _safe(cell: str) -> str:
    """A cell that no spreadsheet computes; one that looks so already gets a quote more, for the way back."""
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


# --- a link ------------------------------------------------------------------------------------------------------


def link(sheet: Sheet, today: date) -> str:
    """The members of a day, as a link carries them: tickers with ``~`` between them."""
    return "~".join(
        t for t, row in sheet.members.items() if not isinstance(row.get("until"), date) or row["until"] >= today
    )


def linked(text: str) -> list[str]:
    """The tickers of a link; what is no ticker, and what is beyond the members that a file may have, is left away."""
    return list(dict.fromkeys(t for code in text.split("~")[:LINKED_AT_MOST] if (t := ticker_of(code[:20]))))
