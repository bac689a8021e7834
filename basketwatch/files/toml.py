"""The files that people edit by hand as tables: which can be read, and on which line of one a fault stands.

A file that cannot be used becomes one ``Problem``. Of the others a reader notes faults by path, ``("member", 3,
"ticker")``; tomllib tells no lines, so a small scanner finds them when there are faults.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from basketwatch.domain.model import Problem, Severity

MAX_BYTES = 256 * 1024  # 10 MB of TOML take tomllib 2 s and tomlkit 32 s
MAX_LINE = 4096  # bytes
MAX_DOTS = 200  # in a line; one dotted key of 100,000 parts takes tomllib 10 s and 3 GB

Place = tuple[str | int, ...]  # keys and positions from the top of a file: ("member", 3, "ticker")
_Tokens = deque[tuple[str, int]]  # a token of TOML and its line


@dataclass(frozen=True, slots=True)
class Doc:
    """One file that could be parsed. Faults are noted by path; their lines are looked up at the end, if any."""

    file: str
    stem: str
    sha256: str
    text: str
    table: dict[str, Any]
    places: dict[str, Place] = field(default_factory=dict)  # where each ticker stands first
    faults: list[tuple[Place, str, Severity, dict[str, object]]] = field(default_factory=list)

    def fault(self, path: Place, key: str, severity: Severity = "hard", **params: object) -> None:
        """Note a fault; a parameter that is itself a path will be shown as its line."""
        self.faults.append((path, key, severity, params))


class _RefusedError(Exception):
    """A file that cannot be used at all: key, line and parameters of its one problem. Never leaves this module."""

    def __init__(self, key: str, line: int = 1, **params: object) -> None:
        super().__init__(key)
        self.key, self.line, self.params = key, line, params


# --- files to tables ---------------------------------------------------------------------------------------------


def documents(folder: Path, problems: list[Problem]) -> dict[str, Doc | None]:
    """The files of a folder by stem; None for a file that cannot be used, whose one problem is added."""
    docs: dict[str, Doc | None] = {}
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix == ".toml" and not p.name.startswith("."))
    except OSError as error:
        problems.append(Problem.of(folder.name, "folder_unreadable", detail=error.strerror))
        return docs
    for path in paths:
        file = f"{folder.name}/{_shown(path.name)}"
        try:
            docs[path.stem] = document(file, path.stem, _bytes(path), problems)
        except _RefusedError as fault:
            docs[path.stem] = None
            problems.append(_problem(file, fault))
    return docs


def document(file: str, stem: str, data: bytes, problems: list[Problem]) -> Doc | None:
    """The content of one file; None where it cannot be used, and its one problem is added."""
    try:
        if len(data) > MAX_BYTES:
            raise _RefusedError("file_too_large", limit=MAX_BYTES // 1024)
        text = _text(data)
        table = _table(text)
        _require_numbers(table, text)
        return Doc(file, stem, hashlib.sha256(data).hexdigest(), text, table)
    except _RefusedError as fault:
        problems.append(_problem(file, fault))
        return None


def _problem(file: str, fault: _RefusedError) -> Problem:
    return Problem.of(f"{file}:{fault.line}", fault.key, "hard", **fault.params)


def _bytes(path: Path) -> bytes:
    """The content of a regular file inside its folder, never more than the cap."""
    try:
        if not path.resolve().is_relative_to(path.parent.resolve()):
            raise _RefusedError("file_outside")
        if path.exists() and not path.is_file():  # a pipe would be waited for for ever
            raise _RefusedError("file_unreadable", detail="not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: a symlink that leads to itself
        raise _RefusedError("file_unreadable", detail=getattr(error, "strerror", "symlink loop")) from None
    return data


def _text(data: bytes) -> str:
    """The text of a file: UTF-8, with or without a byte order mark, no NUL, no endless line."""
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > MAX_LINE:
            raise _RefusedError("line_too_long", number, limit=MAX_LINE)
        if b"\0" in line:
            raise _RefusedError("nul", number)
        if line.count(b".") > MAX_DOTS:
            raise _RefusedError("too_deep", number)
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _RefusedError("not_utf8", data.count(b"\n", 0, error.start) + 1) from None


_BARE_TICKER = re.compile(r"(?:^|[=\[,])\s*(\^?[A-Za-z0-9]+\.[A-Za-z]{2})\b")


def _table(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _RefusedError("too_deep") from None
    except ValueError as error:  # TOMLDecodeError: until Python 3.14 the place is only in the message
        detail, _, place = str(error).rpartition(" (at ")
        at = re.match(r"line (\d+), column (\d+)", place)
        line = int(at[1]) if at else max(1, text.rstrip("\n").count("\n") + 1)
        if bare := _BARE_TICKER.search(text.split("\n")[line - 1]):
            raise _RefusedError("ticker_unquoted", line, ticker=_shown(bare[1])) from None
        raise _RefusedError("syntax", line, column=at[2] if at else 1, detail=_shown(detail or error)) from None


def _require_numbers(table: dict[str, Any], text: str) -> None:
    """Refuse a whole number of more than 64 bits, the most that TOML has: no float and no text can be made of it."""
    waiting: list[tuple[Place, object]] = [((), table)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, number), inner) for number, inner in enumerate(value)]
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise _RefusedError("number_too_large", _line_of(path, _lines(text)), name=_shown(".".join(map(str, path))))


# --- where in the file -------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"#[^\n]*|\"\"\"(?:\\.|[^\\])*?\"{3,5}|'''.*?'{3,5}|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'"
    r"|[\[\]{}=,.\n]|[^\s#\"'\[\]{}=,.]+",
    re.DOTALL,
)
_DEEPEST = 6  # no path of the two formats is longer; a hostile file could make millions


def located(doc: Doc) -> list[Problem]:
    """The faults of a file as problems, in the order of their lines."""
    lines = _lines(doc.text) if doc.faults else {}
    problems = []
    for path, key, severity, params in sorted(doc.faults, key=lambda fault: _line_of(fault[0], lines)):
        said = {
            name: _line_of(value, lines) if isinstance(value, tuple) else _shown(value)
            for name, value in params.items()
        }
        problems.append(Problem.of(f"{doc.file}:{_line_of(path, lines)}", key, severity, **said))
    return problems


def _line_of(path: Place, lines: Mapping[Place, int]) -> int:
    """The line of a place, or of the nearest thing around it."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)


def _lines(text: str) -> dict[Place, int]:
    """The line of every key, table and element of a text that tomllib has accepted, which tells no lines itself."""
    tokens: _Tokens = deque()
    line = 1
    for match in TOKEN.finditer(text):
        if not match[0].startswith("#"):
            tokens.append((match[0], line))
        line += match[0].count("\n")
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    while tokens:
        first, line = tokens[0]
        if first == "[":
            table = _header(tokens, counts)
            _note(found, table, line)
        elif first != "\n":
            _pair(tokens, table, found)
        while tokens and tokens.popleft()[0] != "\n":
            pass
    return found


def _header(tokens: _Tokens, counts: dict[Place, int]) -> Place:
    """The path of ``[table]`` or ``[[table]]``, with the positions of the arrays that it stands in."""
    tokens.popleft()
    array = tokens[0][0] == "["
    path: Place = ()
    parts = _key(tokens)
    for number, part in enumerate(parts, 1):
        path = (*path, part)
        if array and number == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _key(tokens: _Tokens) -> Place:
    parts = []
    while (token := tokens.popleft()[0]) not in ("=", "]"):
        if token not in (".", "["):
            parts.append(tomllib.loads(f"k={token}")["k"] if token[0] in "\"'" else token)
    return tuple(parts[:_DEEPEST])


def _pair(tokens: _Tokens, table: Place, places: dict[Place, int]) -> None:
    line = tokens[0][1]
    path = (*table, *_key(tokens))
    _note(places, path, line)
    _value(tokens, path, places)


def _value(tokens: _Tokens, path: Place, places: dict[Place, int]) -> None:
    opening = tokens[0][0]
    if opening not in ("[", "{"):
        while tokens and tokens[0][0] not in (",", "]", "}", "\n"):
            tokens.popleft()
        return
    tokens.popleft()
    number = 0
    while tokens[0][0] not in ("]", "}"):
        if tokens[0][0] in (",", "\n"):
            tokens.popleft()
        elif opening == "{":
            _pair(tokens, path, places)
        else:
            _note(places, (*path, number), tokens[0][1])
            _value(tokens, (*path, number), places)
            number += 1
    tokens.popleft()


def _note(places: dict[Place, int], path: Place, line: int) -> None:
    for length in range(1, min(len(path), _DEEPEST) + 1):
        places.setdefault(path[:length], line)


def _shown(value: object) -> str:
    """A value out of a file as a sentence can hold it: short, on one line, nothing invisible."""
    text = "".join(c if c.isprintable() or c == "\u3000" else "\ufffd" for c in str(value))
    return text if len(text) <= 80 else f"{text[:79]}…"
