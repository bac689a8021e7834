"""What people edit by hand: ``watchlists/*.toml`` and ``sector_maps/*.toml``, read into a ``House``.

A fault in a file is data, never an exception: it becomes a ``Problem`` that names the file, the line and the key of
the sentence. One broken file hides no other, and one broken member hides no other member. The two formats are
described in ``watchlists/README.md`` and ``sector_maps/README.md``.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain as joined
from pathlib import Path
from typing import Any

from basketwatch import markets
from basketwatch.errors import UsageError
from basketwatch.model import Basket, Chain, House, Listed, Member, Names, Problem, Segment, Severity

MAX_BYTES = 256 * 1024  # 10 MB of TOML take tomllib 2 s and tomlkit 32 s
MAX_LINE = 4096  # bytes
MAX_DOTS = 200  # in a line; one dotted key of 100,000 parts takes tomllib 10 s and 3 GB
MANY_MEMBERS = 500
SECTORS = 31
ROLES = ("core", "adjacent", "equipment", "beneficiary", "trigger", "odm")
ID = re.compile(r"[a-z0-9_]{1,40}")
SECTOR_FILE, BENCHMARK_FILE = "shenwan", "benchmarks"

_ALL = tuple(markets.MARKETS)
_SECURITIES = tuple(suffix for suffix in _ALL if suffix not in ("SI", "FX"))
_MAINLAND = ("SH", "SZ", "BJ")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# The known keys of each table and their types; those in _OPTIONAL may be left away.
_NAMES: dict[str, type] = {"zh": str, "en": str}
_BASKET = {"id": str, "name": Names, "short": Names, "order": int, "chain": str, "benchmarks": list, "member": list}
_MEMBER = {"ticker": str, "name": Names, "reason": Names, "since": date, "until": date, "role": str}
_CHAIN = {"id": str, "name": Names, "segment": list}
_SEGMENT = {"id": str, "name": Names, "tickers": list, "overseas": list}
_LISTED = {"ticker": str, "name": Names}
_SECTORS: dict[str, type] = {"sectors": list}
_BENCHMARKS: dict[str, type] = {"strip": list, "also": list, "overseas": list}
_OPTIONAL = frozenset({"zh", "en", "order", "chain", "member", "until", "role", "overseas", "also"})
_EXAMPLE: dict[type, str] = {str: '"…"', Names: '{ zh = "…", en = "…" }', date: "2026-11-20", int: "1", list: "[…]"}

_Path = tuple[str | int, ...]  # keys and positions from the top of a file: ("member", 3, "ticker")
_Tokens = deque[tuple[str, int]]  # a token of TOML and its line


@dataclass(frozen=True, slots=True)
class _Doc:
    """One file that could be parsed. Faults are noted by path; their lines are looked up at the end, if any."""

    file: str
    stem: str
    sha256: str
    text: str
    table: dict[str, Any]
    places: dict[str, _Path] = field(default_factory=dict)  # where each ticker stands first
    faults: list[tuple[_Path, str, Severity, dict[str, object]]] = field(default_factory=list)

    def fault(self, path: _Path, key: str, severity: Severity = "hard", **params: object) -> None:
        """Note a fault; a parameter that is itself a path will be shown as its line."""
        self.faults.append((path, key, severity, params))


class _RefusedError(Exception):
    """A file that cannot be used at all: key, line and parameters of its one problem. Never leaves this module."""

    def __init__(self, key: str, line: int = 1, **params: object) -> None:
        super().__init__(key)
        self.key, self.line, self.params = key, line, params


# --- the house ---------------------------------------------------------------------------------------------------


def read_house(home: Path) -> House:
    """Every basket, chain, sector and benchmark under ``home``; what is wrong in the files is in ``problems``.

    Baskets come in the order of their ``order`` key, then of their file names. Raises nothing for a faulty file.
    """
    problems: list[Problem] = []
    maps, lists = _documents(home / "sector_maps", problems), _documents(home / "watchlists", problems)
    tables = (SECTOR_FILE, BENCHMARK_FILE)
    problems += [Problem.of(f"sector_maps/{stem}.toml", "file_missing") for stem in tables if stem not in maps]
    sectors = _sectors(maps.get(SECTOR_FILE))
    strip, also, overseas = _benchmarks(maps.get(BENCHMARK_FILE))
    chains = {stem: _chain(doc) if doc else None for stem, doc in maps.items() if stem not in tables}
    # Without both tables nobody can say which benchmark is unknown, and their own fault is told already.
    listed = {entry.ticker for entry in (*sectors, *strip, *also)} if all(map(maps.get, tables)) else None
    docs = sorted((doc for doc in lists.values() if doc), key=_order)
    house = House(
        baskets=tuple(basket for doc in docs if (basket := _basket(doc, listed, chains))),
        chains=tuple(chain for chain in chains.values() if chain),
        sectors=sectors,
        benchmarks=strip,
        overseas=overseas,
        also=also,
    )
    used = {basket.chain for basket in house.baskets}  # the chain of a broken basket would miss every name of it
    _check_named(house, [doc for stem, doc in maps.items() if doc and stem in used])
    docs += [doc for doc in maps.values() if doc]
    return replace(house, problems=(*problems, *joined.from_iterable(map(_located, docs))))


def members_once(house: House) -> tuple[str, ...]:
    """Tickers of all members of all baskets, past ones too, each once, in the order of the baskets."""
    return tuple(dict.fromkeys(ticker for basket in house.baskets for ticker in basket.tickers))


def universe(house: House) -> tuple[str, ...]:
    """Every ticker to fetch, each once: members, chains, benchmarks, sectors, and what is followed beside them."""
    segments = (segment for chain in house.chains for segment in chain.segments)
    every = joined(
        members_once(house),
        *((*segment.tickers, *segment.overseas) for segment in segments),
        *(basket.benchmarks for basket in house.baskets),
        (entry.ticker for entry in (*house.benchmarks, *house.sectors, *house.also)),
    )
    return tuple(dict.fromkeys(every))


def names(house: House) -> dict[str, Names]:
    """The name of every ticker of ``universe``; one that no file names is called by its ticker.

    A benchmark's name wins over the sector's: where no table of sectors stands around it, 申万通信 says more than 通信.
    """
    listed = (*house.overseas, *house.sectors, *house.also, *house.benchmarks)
    known = {ticker: Names(ticker, ticker) for ticker in universe(house)}
    known |= {entry.ticker: entry.name for entry in listed}
    return known | {m.ticker: m.name for basket in reversed(house.baskets) for m in basket.members}


def find_basket(house: House, basket_id: str) -> Basket:
    """The basket of that id. Raises UsageError (``unknown_basket``: basket, known) where there is none."""
    for basket in house.baskets:
        if basket.id == basket_id:
            return basket
    raise UsageError("unknown_basket", basket=basket_id, known=", ".join(b.id for b in house.baskets))


# --- files to tables ---------------------------------------------------------------------------------------------


def _documents(folder: Path, problems: list[Problem]) -> dict[str, _Doc | None]:
    """The files of a folder by stem; None for a file that cannot be used, whose one problem is added."""
    docs: dict[str, _Doc | None] = {}
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix == ".toml" and not p.name.startswith("."))
    except OSError as error:
        problems.append(Problem.of(folder.name, "folder_unreadable", detail=error.strerror))
        return docs
    for path in paths:
        file, docs[path.stem] = f"{folder.name}/{_shown(path.name)}", None
        try:
            data = _bytes(path)
            text = _text(data)
            docs[path.stem] = _Doc(file, path.stem, hashlib.sha256(data).hexdigest(), text, _table(text))
        except _RefusedError as fault:
            problems.append(Problem.of(f"{file}:{fault.line}", fault.key, "hard", **fault.params))
    return docs


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
    if len(data) > MAX_BYTES:
        raise _RefusedError("file_too_large", limit=MAX_BYTES // 1024)
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


# --- tables to things --------------------------------------------------------------------------------------------


def _sectors(doc: _Doc | None) -> tuple[Listed, ...]:
    if doc is None:
        return ()
    _fields(doc, (), doc.table, _SECTORS)
    sectors = _listed(doc, "sectors", ("SI",))
    if len(sectors) != SECTORS:
        doc.fault(("sectors",), "sector_count", found=len(sectors), wanted=SECTORS)
    return sectors


def _benchmarks(doc: _Doc | None) -> tuple[tuple[Listed, ...], tuple[Listed, ...], tuple[Listed, ...]]:
    """The strip, what is followed beside it, and the names of overseas tickers."""
    if doc is None:
        return (), (), ()
    _fields(doc, (), doc.table, _BENCHMARKS)
    return _listed(doc, "strip", _ALL), _listed(doc, "also", _ALL), _listed(doc, "overseas", _SECURITIES)


def _listed(doc: _Doc, key: str, allowed: tuple[str, ...]) -> tuple[Listed, ...]:
    rows = []
    for path, row in _rows(doc, key):
        good, at = _fields(doc, path, row, _LISTED), (*path, "ticker")
        if good and _is_ticker(doc, at, good["ticker"], allowed) and _is_new(doc, at, good["ticker"]):
            rows.append(Listed(**good))
    return tuple(rows)


def _chain(doc: _Doc) -> Chain | None:
    good = _fields(doc, (), doc.table, _CHAIN)
    segments: dict[str, Segment] = {}
    for path, row in _rows(doc, "segment"):
        found = _fields(doc, path, row, _SEGMENT)
        if not found or not _is_id(doc, (*path, "id"), found["id"]):
            continue
        if found["id"] in segments:
            doc.fault((*path, "id"), "duplicate_segment", segment=found["id"])
            continue
        sides = (_side(doc, (*path, side), found.get(side, [])) for side in ("tickers", "overseas"))
        segments[found["id"]] = Segment(found["id"], found["name"], *sides)
    if not good or not _is_id(doc, ("id",), good["id"], stem=doc.stem):
        return None
    return Chain(good["id"], good["name"], tuple(segments.values()))


def _side(doc: _Doc, path: _Path, items: list[object]) -> tuple[str, ...]:
    """One side of a segment, mainland or overseas. A ticker in two segments belongs to the first one."""
    kept = []
    for at, ticker in _tickers(doc, path, items, _SECURITIES):
        first = doc.places.get(ticker, at)
        if first[:2] != at[:2]:
            there, here = (doc.table["segment"][p[1]]["id"] for p in (first, at))
            doc.fault(at, "two_segments", ticker=ticker, segment=here, other=there, first=first)
        elif _is_new(doc, at, ticker):
            kept.append(ticker)
            if (ticker.rpartition(".")[2] in _MAINLAND) != (path[-1] == "tickers"):
                doc.fault(at, "wrong_side", "soft", ticker=ticker, side=path[-1])
    return tuple(kept)


def _basket(doc: _Doc, listed: set[str] | None, chains: dict[str, Chain | None]) -> Basket | None:
    good = _fields(doc, (), doc.table, _BASKET)
    members = _members(doc)
    if not members:
        doc.fault((), "empty_basket", "soft", basket=doc.stem)
    if len(members) > MANY_MEMBERS:
        doc.fault((), "many_members", "soft", basket=doc.stem, members=len(members), limit=MANY_MEMBERS)
    if not good or not _is_id(doc, ("id",), good["id"], stem=doc.stem):
        return None
    benchmarks = _basket_benchmarks(doc, good["benchmarks"], listed)
    chain = good.get("chain")
    if chain is not None and chain not in chains:
        doc.fault(("chain",), "unknown_chain", chain=chain, known=", ".join(chains))
    found = chains.get(chain or "")
    for ticker in (m.ticker for m in members if found and not found.segment_of(m.ticker)):
        doc.fault(doc.places[ticker], "no_segment", "soft", ticker=ticker, chain=chain)
    chain = found.id if found else None
    return Basket(good["id"], good["name"], good["short"], members, benchmarks, chain, doc.file, doc.sha256)


def _basket_benchmarks(doc: _Doc, items: list[object], listed: set[str] | None) -> tuple[str, ...]:
    benchmarks = []
    for path, ticker in _tickers(doc, ("benchmarks",), items, _ALL):
        if ticker in benchmarks:
            doc.fault(path, "duplicate_ticker", ticker=ticker, first=("benchmarks", items.index(ticker)))
        elif listed is not None and ticker not in listed:
            doc.fault(path, "unknown_benchmark", ticker=ticker)
        else:
            benchmarks.append(ticker)
    if not benchmarks:
        doc.fault(("benchmarks",), "no_benchmark", basket=doc.stem)
    return tuple(benchmarks)


def _members(doc: _Doc) -> tuple[Member, ...]:
    members = []
    for path, row in _rows(doc, "member"):
        good = _fields(doc, path, row, _MEMBER)
        if good is None or not _is_ticker(doc, (*path, "ticker"), good["ticker"], _SECURITIES):
            continue
        member = Member(**good)
        if member.until and member.until < member.since:
            said = {key: good[key] for key in ("ticker", "since", "until")}
            doc.fault((*path, "until"), "until_before_since", "hard", **said)
            continue
        if member.role not in ROLES:
            said = {"ticker": member.ticker, "role": member.role, "known": ", ".join(ROLES)}
            doc.fault((*path, "role"), "unknown_role", "hard", **said)
            member = replace(member, role="core")
        if _is_new(doc, (*path, "ticker"), member.ticker):
            members.append(member)
    return tuple(members)


def _check_named(house: House, chains: list[_Doc]) -> None:
    """A ticker of a chain that is in no basket has its name in the table of benchmarks."""
    known = names(house)
    for doc in chains:
        for ticker, path in doc.places.items():
            if known[ticker] == Names(ticker, ticker):
                doc.fault(path, "unnamed_ticker", "soft", ticker=ticker)


# --- checks of one table, one text, one ticker -------------------------------------------------------------------


def _rows(doc: _Doc, key: str) -> Iterator[tuple[_Path, dict[str, Any]]]:
    """The tables of an array of tables, with their paths; ``_fields`` has told of an array that is none."""
    rows = doc.table.get(key)
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            yield (key, number), row
        else:
            doc.fault((key, number), "wrong_type", field=key, wanted="{ … }", found=row)


def _fields(doc: _Doc, path: _Path, row: dict[str, Any], known: dict[str, type]) -> dict[str, Any] | None:
    """The keys of a table that are known and of the right type; None where a required one is not among them."""
    for key in (key for key in row if key not in known):
        if near := difflib.get_close_matches(key, known, 1):
            doc.fault((*path, key), "unknown_key_near", field=key, nearest=near[0], known=", ".join(known))
        else:
            doc.fault((*path, key), "unknown_key", field=key, known=", ".join(known))
    good: dict[str, Any] = {}
    for key, kind in known.items():
        value = row.get(key)
        if value is None:
            if key not in _OPTIONAL:
                doc.fault(path, "missing_key", field=key)
        elif kind is Names and isinstance(value, dict):
            value = _names(doc, (*path, key), value)
            good |= {key: value} if value else {}
        elif type(value) is kind:  # not isinstance: True is an int, a date with a time is a date
            good[key] = value
        elif kind is date:
            doc.fault((*path, key), "bad_date", field=key, found=value)
        else:
            doc.fault((*path, key), "wrong_type", field=key, wanted=_EXAMPLE[kind], found=value)
    return good if known.keys() - _OPTIONAL <= good.keys() else None


def _names(doc: _Doc, path: _Path, row: dict[str, Any]) -> Names | None:
    texts = _fields(doc, path, row, _NAMES) or {}
    zh, en = (_clean(doc, (*path, lang), texts.get(lang, "")) for lang in _NAMES)
    if not (zh or en):
        doc.fault(path, "missing_key", field=path[-1])
        return None
    if not (zh and en):
        doc.fault(path, "half_name", "soft", field=path[-1], lang="en" if zh else "zh", text=zh or en)
    return Names(zh or en, en or zh)


def _clean(doc: _Doc, path: _Path, text: str) -> str:
    """The text without characters that break a line or turn the reading direction of what stands after it."""
    for key, bad in (("control_text", _is_control), ("bidi_text", _BIDI.__contains__)):
        if any(map(bad, text)):
            doc.fault(path, key, "soft", text=text)
            text = "".join(c for c in text if not bad(c))
    return text.strip()


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp")


def _tickers(doc: _Doc, path: _Path, items: Iterable[object], allowed: tuple[str, ...]) -> Iterator[tuple[_Path, str]]:
    for number, item in enumerate(items):
        at = (*path, number)
        if not isinstance(item, str):
            doc.fault(at, "ticker_form", ticker=item)
        elif _is_ticker(doc, at, item, allowed):
            yield at, item


def _is_ticker(doc: _Doc, path: _Path, text: str, allowed: tuple[str, ...]) -> bool:
    """CODE.MARKET as the table of markets knows it, of a market that can stand here; else a fault."""
    proper = unicodedata.normalize("NFKC", text).strip().upper()
    code, dot, suffix = text.rpartition(".")
    if proper != text and markets.is_ticker(proper):
        doc.fault(path, "ticker_spelling", ticker=text, proper=proper)
    elif not (dot and code and suffix):
        doc.fault(path, "ticker_form", ticker=text)
    elif suffix not in allowed:
        doc.fault(path, "unknown_market", ticker=text, market=suffix, known=", ".join(allowed))
    elif not markets.is_ticker(text):
        doc.fault(path, "bad_code", ticker=text, code=code, market=suffix)
    else:
        return True
    return False


def _is_new(doc: _Doc, path: _Path, ticker: str) -> bool:
    first = doc.places.setdefault(ticker, path)
    if first != path:
        doc.fault(path, "duplicate_ticker", ticker=ticker, first=first)
    return first == path


def _is_id(doc: _Doc, path: _Path, text: str, stem: str | None = None) -> bool:
    if not ID.fullmatch(text):
        doc.fault(path, "bad_id", id=text)
    elif stem is not None and text != stem:
        doc.fault(path, "id_not_file", id=text, stem=stem)
    else:
        return True
    return False


def _order(doc: _Doc) -> tuple[float, str]:
    order = doc.table.get("order")
    return (order if type(order) is int else float("inf"), doc.stem)


# --- where in the file -------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"#[^\n]*|\"\"\"(?:\\.|[^\\])*?\"{3,5}|'''.*?'{3,5}|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'"
    r"|[\[\]{}=,.\n]|[^\s#\"'\[\]{}=,.]+",
    re.DOTALL,
)
_DEEPEST = 6  # no path of the two formats is longer; a hostile file could make millions


def _located(doc: _Doc) -> list[Problem]:
    """The faults of a file as problems, in the order of their lines."""
    lines = _lines(doc.text) if doc.faults else {}

    def line(path: _Path) -> int:
        return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)

    problems = []
    for path, key, severity, params in sorted(doc.faults, key=lambda fault: line(fault[0])):
        said = {name: line(value) if isinstance(value, tuple) else _shown(value) for name, value in params.items()}
        problems.append(Problem.of(f"{doc.file}:{line(path)}", key, severity, **said))
    return problems


def _lines(text: str) -> dict[_Path, int]:
    """The line of every key, table and element of a text that tomllib has accepted, which tells no lines itself."""
    tokens: _Tokens = deque()
    line = 1
    for match in _TOKEN.finditer(text):
        if not match[0].startswith("#"):
            tokens.append((match[0], line))
        line += match[0].count("\n")
    found: dict[_Path, int] = {}
    counts: dict[_Path, int] = {}
    table: _Path = ()
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


def _header(tokens: _Tokens, counts: dict[_Path, int]) -> _Path:
    """The path of ``[table]`` or ``[[table]]``, with the positions of the arrays that it stands in."""
    tokens.popleft()
    array = tokens[0][0] == "["
    path: _Path = ()
    parts = _key(tokens)
    for number, part in enumerate(parts, 1):
        path = (*path, part)
        if array and number == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _key(tokens: _Tokens) -> _Path:
    parts = []
    while (token := tokens.popleft()[0]) not in ("=", "]"):
        if token not in (".", "["):
            parts.append(tomllib.loads(f"k={token}")["k"] if token[0] in "\"'" else token)
    return tuple(parts[:_DEEPEST])


def _pair(tokens: _Tokens, table: _Path, found: dict[_Path, int]) -> None:
    line = tokens[0][1]
    path = (*table, *_key(tokens))
    _note(found, path, line)
    _value(tokens, path, found)


def _value(tokens: _Tokens, path: _Path, found: dict[_Path, int]) -> None:
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
            _pair(tokens, path, found)
        else:
            _note(found, (*path, number), tokens[0][1])
            _value(tokens, (*path, number), found)
            number += 1
    tokens.popleft()


def _note(found: dict[_Path, int], path: _Path, line: int) -> None:
    for length in range(1, min(len(path), _DEEPEST) + 1):
        found.setdefault(path[:length], line)


def _shown(value: object) -> str:
    """A value out of a file as a sentence can hold it: short, on one line, nothing invisible."""
    text = "".join(c if c.isprintable() or c == "\u3000" else "\ufffd" for c in str(value))
    return text if len(text) <= 80 else f"{text[:79]}…"
