"""Where the companies of a chain stand, in ``sector_maps/<chain>.toml``: read, and changed as text, every other byte kept."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from basketwatch.domain import markets
from basketwatch.errors import UsageError
from basketwatch.files.toml import TOKEN

_SIDES = {True: "tickers", False: "overseas"}  # by whether a ticker is of the mainland
_HEADER = re.compile(r"^[^\S\n]*\[\[\s*segment\s*\]\]", re.MULTILINE)
_NEXT = re.compile(r"^[^\S\n]*\[", re.MULTILINE)


def places(text: str) -> dict[str, str]:
    """Ticker -> id of the segment in which it stands. Raises ValueError where ``text`` is not TOML."""
    found: dict[str, str] = {}
    for segment in tomllib.loads(text).get("segment", []):
        for side in _SIDES.values():
            found |= {t: segment.get("id", "") for t in segment.get(side, []) if isinstance(t, str) and t not in found}
    return found


def placed(text: str, wanted: Mapping[str, str], names: Mapping[str, str]) -> str:
    """``text`` with some tickers in other segments (``""``: in none); the comment beside a ticker goes with it.

    ``names``: written beside a ticker that has no comment. Raises UsageError (map_layout: file text that this program
    cannot change without rewriting it).
    """
    for ticker, segment in wanted.items():
        if places(text).get(ticker, "") == segment:
            continue
        comment = _comment(text, ticker) or names.get(ticker, "")
        text = _without(text, ticker)
        text = _with(text, ticker, segment, comment) if segment else text
        if places(text).get(ticker, "") != segment:
            raise UsageError("map_layout", ticker=ticker)
    return text


def _comment(text: str, ticker: str) -> str:
    """What stands beside a ticker that has a line of its own."""
    for start, end in _arrays(text):
        for line in text[start:end].splitlines():
            if match := re.fullmatch(rf"""\s*["']{re.escape(ticker)}["']\s*,?\s*#\s*(.*)""", line):
                return match[1].strip()
    return ""


def _without(text: str, ticker: str) -> str:
    """The ticker taken out of the array in which it stands first; its line goes where it has one of its own."""
    for start, end in _arrays(text):
        array = text[start:end]
        own = re.search(
            rf"""^[^\S\n]*["']{re.escape(ticker)}["'][^\S\n]*,?[^\S\n]*(#[^\n]*)?\r?\n""", array, re.MULTILINE
        )
        if own:
            return text[: start + own.start()] + text[start + own.end() :]
        inline = re.search(rf"""["']{re.escape(ticker)}["']\s*(,\s*)?""", array)
        if inline:
            rest = array[: inline.start()] + array[inline.end() :]
            return text[:start] + re.sub(r",\s*\]\Z", "]", rest) + text[end:]
    return text


def _with(text: str, ticker: str, segment: str, comment: str) -> str:
    """The ticker at the end of its side of a segment, on a line of its own where the others have one."""
    side = _SIDES[markets.group(ticker) == "CN"]
    span = _array(text, segment, side)
    end = "\r\n" if "\r\n" in text else "\n"
    quoted = f'"{ticker}",'
    line = "    " + (f"{quoted:<14}# {comment}" if comment else quoted)
    if span is None:
        return _added_key(text, segment, f"{side:<8} = [{end}{line}{end}]{end}")
    array = text[span[0] : span[1]]
    items = tomllib.loads(f"x = {array}")["x"]
    if not items:
        new = f"[{end}{line}{end}]"
    elif "\n" in array:
        head = re.sub(
            r"""(["'])([^\S\n]*(?:#[^\n]*)?\r?\n\s*\]\Z)""", r"\1,\2", array
        )  # the last one may lack its comma
        new = head[:-1].rstrip(" \t") + line + end + "]"
    else:
        new = re.sub(r",?\s*\]\Z", f', "{ticker}"]', array)
    return text[: span[0]] + new + text[span[1] :]


def _added_key(text: str, segment: str, line: str) -> str:
    for start, end in _blocks(text):
        if tomllib.loads(text[start:end])["segment"][0].get("id") == segment:
            body = text[start:end]
            kept = body.rstrip()
            rest = re.sub(r"\A[^\S\n]*\n", "", body[len(kept) :])
            return text[:start] + kept + ("\r\n" if "\r\n" in text else "\n") + line + rest + text[end:]
    raise UsageError("map_segment", segment=segment)


def _blocks(text: str) -> list[tuple[int, int]]:
    """Where each segment stands: from its header to the next header of any table."""
    found = []
    for match in _HEADER.finditer(text):
        following = next(
            (n.start() for n in _NEXT.finditer(text, match.end()) if not _inside(text, n.start())), len(text)
        )
        found.append((match.start(), following))
    return found


def _inside(text: str, at: int) -> bool:
    """Whether a place is within an array or a table that goes over several lines."""
    depth = 0
    for match in TOKEN.finditer(text[: at + 1]):
        if match.start() >= at:
            break
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
    return depth > 0


def _arrays(text: str) -> list[tuple[int, int]]:
    """Where the arrays of all segments stand, brackets included."""
    ids = [s.get("id", "") for s in tomllib.loads(text).get("segment", [])]
    spans = (_array(text, one, side) for one in ids for side in _SIDES.values())
    return [span for span in spans if span]


def _array(text: str, segment: str, side: str) -> tuple[int, int] | None:
    """Where one side of a segment stands, brackets included; None where the key is not there."""
    for start, end in _blocks(text):
        body = text[start:end]
        if tomllib.loads(body)["segment"][0].get("id") != segment:
            continue
        key = re.search(rf"^[^\S\n]*{side}[^\S\n]*=[^\S\n]*(?=\[)", body, re.MULTILINE)
        return (start + key.end(), start + key.end() + _closed(body[key.end() :])) if key else None
    return None


def _closed(text: str) -> int:
    """Length of the array with which ``text`` begins."""
    depth = 0
    for match in TOKEN.finditer(text):
        depth += {"[": 1, "]": -1}.get(match[0], 0)
        if match[0] == "]" and depth == 0:
            return match.end()
    return len(text)
