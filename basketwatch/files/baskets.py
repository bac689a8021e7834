"""What people edit by hand: ``watchlists/*.toml`` and ``sector_maps/*.toml``, read into a ``Universe``.

A fault in a file is data, never an exception: it becomes a ``Problem`` that names the file, the line and the key of
the sentence. One broken file hides no other, and one broken member hides no other member. The two formats are
described in ``watchlists/README.md`` and ``sector_maps/README.md``.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import chain as joined
from pathlib import Path
from typing import Any

from basketwatch.domain import markets, rules
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Basket, Chain, Listed, Member, Names, Problem, Segment, Universe
from basketwatch.domain.spelling import is_old_beijing, ticker_of
from basketwatch.domain.universe import names
from basketwatch.files.flag_rules import read
from basketwatch.files.toml import Doc, Place, document, documents, located

MANY_MEMBERS = 500
ROLES = ("core", "adjacent", "equipment", "beneficiary", "trigger", "odm")
STATUSES = ("volume", "small_batch", "qualifying", "research", "customer")
ID = re.compile(r"[a-z0-9_]{1,40}")
SECTOR_FILE, BENCHMARK_FILE = "shenwan", "benchmarks"
_ALL = tuple(markets.MARKETS)
_SECURITIES = tuple(suffix for suffix in _ALL if suffix not in ("SI", "FX"))
_MAINLAND = ("SH", "SZ", "BJ")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# The known keys of each table and their types; those in _OPTIONAL may be left away.
_NAMES: dict[str, type] = {"zh": str, "en": str}
_BASKET = {
    "id": str,
    "name": Names,
    "short": Names,
    "order": int,
    "chain": str,
    "benchmarks": list,
    "archived": bool,
    "member": list,
}
_MEMBER = {"ticker": str, "name": Names, "reason": Names, "since": date, "until": date, "role": str, "status": str}
_CHAIN = {"id": str, "name": Names, "segment": list}
_SEGMENT = {"id": str, "name": Names, "tickers": list, "overseas": list}
_LISTED = {"ticker": str, "name": Names}
_SECTORS: dict[str, type] = {"sectors": list}
_BENCHMARKS: dict[str, type] = {"strip": list, "also": list, "overseas": list}
_OPTIONAL = frozenset(
    {"zh", "en", "order", "chain", "archived", "member", "until", "role", "status", "overseas", "also"}
)
_EXAMPLE: dict[type, str] = {
    str: '"…"', Names: '{ zh = "…", en = "…" }', date: "2026-11-20", int: "1", bool: "true", list: "[…]",
}  # fmt: skip


# --- the universe ---------------------------------------------------------------------------------------------------


def read_universe(home: Path) -> Universe:
    """Every basket, chain, sector and benchmark under ``home``; what is wrong in the files is in ``problems``.

    Baskets come in the order of their ``order`` key, then of their file names. Raises nothing for a faulty file.
    """
    problems: list[Problem] = []
    maps, lists = documents(home / "sector_maps", problems), documents(home / "watchlists", problems)
    return _universe(maps, lists, problems)


def faults_of(home: Path, stem: str, data: bytes) -> list[Problem]:
    """What would be wrong with ``watchlists/<stem>.toml`` if it held ``data``: what ``read_universe`` would say of it."""
    maps, problems = documents(home / "sector_maps", []), list[Problem]()
    lists = {stem: document(f"watchlists/{stem}.toml", stem, data, problems)}
    file = f"watchlists/{stem}.toml:"
    return [p for p in _universe(maps, lists, problems).problems if p.where.startswith(file)]


def _universe(maps: dict[str, Doc | None], lists: dict[str, Doc | None], problems: list[Problem]) -> Universe:
    flags = lists.pop(rules.FILE, None)
    tables = (SECTOR_FILE, BENCHMARK_FILE)
    problems += [Problem.of(f"sector_maps/{stem}.toml", "file_missing") for stem in tables if stem not in maps]
    sectors = _sectors(maps.get(SECTOR_FILE))
    strip, also, overseas = _benchmarks(maps.get(BENCHMARK_FILE))
    chains = {stem: _chain(doc) if doc else None for stem, doc in maps.items() if stem not in tables}
    # Without both tables nobody can say which benchmark is unknown, and their own fault is told already.
    listed = {entry.ticker for entry in (*sectors, *strip, *also)} if all(map(maps.get, tables)) else None
    docs = sorted((doc for doc in lists.values() if doc), key=_order)
    universe = Universe(
        baskets=tuple(b for doc in docs if (b := _basket(doc, listed, chains)) and not doc.table.get("archived")),
        chains=tuple(chain for chain in chains.values() if chain),
        sectors=sectors,
        benchmarks=strip,
        overseas=overseas,
        also=also,
        rules=read(flags),
    )
    used = {basket.chain for basket in universe.baskets}  # the chain of a broken basket would miss every name of it
    _check_named(universe, [doc for stem, doc in maps.items() if doc and stem in used])
    docs += [doc for doc in (flags, *maps.values()) if doc]
    return replace(universe, problems=(*problems, *joined.from_iterable(map(located, docs))))


# --- tables to things --------------------------------------------------------------------------------------------


def _sectors(doc: Doc | None) -> tuple[Listed, ...]:
    if doc is None:
        return ()
    _fields(doc, (), doc.table, _SECTORS)
    sectors = _listed(doc, "sectors", ("SI",))
    if len(sectors) != SECTORS:
        doc.fault(("sectors",), "sector_count", found=len(sectors), wanted=SECTORS)
    return sectors


def _benchmarks(doc: Doc | None) -> tuple[tuple[Listed, ...], tuple[Listed, ...], tuple[Listed, ...]]:
    """The strip, what is followed beside it, and the names of overseas tickers."""
    if doc is None:
        return (), (), ()
    _fields(doc, (), doc.table, _BENCHMARKS)
    return _listed(doc, "strip", _ALL), _listed(doc, "also", _ALL), _listed(doc, "overseas", _SECURITIES)


def _listed(doc: Doc, key: str, allowed: tuple[str, ...]) -> tuple[Listed, ...]:
    rows = []
    for path, row in _rows(doc, key):
        good, at = _fields(doc, path, row, _LISTED), (*path, "ticker")
        if good and _is_ticker(doc, at, good["ticker"], allowed) and _is_new(doc, at, good["ticker"]):
            rows.append(Listed(**good))
    return tuple(rows)


def _chain(doc: Doc) -> Chain | None:
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


def _side(doc: Doc, path: Place, items: list[object]) -> tuple[str, ...]:
    """One side of a segment, mainland or overseas. A ticker in two segments belongs to the first one."""
    kept = []
    for at, ticker in _tickers(doc, path, items, _SECURITIES):
        first = doc.places.get(ticker, at)
        if first[:2] != at[:2]:
            other, segment = (doc.table["segment"][p[1]]["id"] for p in (first, at))
            doc.fault(at, "two_segments", ticker=ticker, segment=segment, other=other, first=first)
        elif _is_new(doc, at, ticker):
            kept.append(ticker)
            if (ticker.rpartition(".")[2] in _MAINLAND) != (path[-1] == "tickers"):
                doc.fault(at, "wrong_side", "soft", ticker=ticker, side=path[-1])
    return tuple(kept)


def _basket(doc: Doc, listed: set[str] | None, chains: dict[str, Chain | None]) -> Basket | None:
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
    histories = chains.get(chain or "")
    for ticker in (m.ticker for m in members if histories and not histories.segment_of(m.ticker)):
        doc.fault(doc.places[ticker], "no_segment", "soft", ticker=ticker, chain=chain)
    chain = histories.id if histories else None
    return Basket(good["id"], good["name"], good["short"], members, benchmarks, chain, doc.file, doc.sha256)


def _basket_benchmarks(doc: Doc, items: list[object], listed: set[str] | None) -> tuple[str, ...]:
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


def _members(doc: Doc) -> tuple[Member, ...]:
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
        if member.status and member.status not in STATUSES:
            said = {"ticker": member.ticker, "status": member.status, "known": ", ".join(STATUSES)}
            doc.fault((*path, "status"), "unknown_status", "hard", **said)
            member = replace(member, status="")
        if _is_new(doc, (*path, "ticker"), member.ticker):
            members.append(member)
    return tuple(members)


def _check_named(universe: Universe, chains: list[Doc]) -> None:
    """A ticker of a chain that is in no basket has its name in the table of benchmarks."""
    known = names(universe)
    for doc in chains:
        for ticker, path in doc.places.items():
            if known[ticker] == Names(ticker, ticker):
                doc.fault(path, "unnamed_ticker", "soft", ticker=ticker)


# --- checks of one table, one text, one ticker -------------------------------------------------------------------


def _rows(doc: Doc, key: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The tables of an array of tables, with their paths; ``_fields`` has told of an array that is none."""
    rows = doc.table.get(key)
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            yield (key, number), row
        else:
            doc.fault((key, number), "wrong_type", field=key, wanted="{ … }", found=row)


def _fields(doc: Doc, path: Place, row: dict[str, Any], known: dict[str, type]) -> dict[str, Any] | None:
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


def _names(doc: Doc, path: Place, row: dict[str, Any]) -> Names | None:
    texts = _fields(doc, path, row, _NAMES) or {}
    zh, en = (_clean(doc, (*path, lang), texts.get(lang, "")) for lang in _NAMES)
    if not (zh or en):
        doc.fault(path, "missing_key", field=path[-1])
        return None
    if not (zh and en):
        doc.fault(path, "half_name", "soft", field=path[-1], lang="en" if zh else "zh", text=zh or en)
    return Names(zh or en, en or zh)


def _clean(doc: Doc, path: Place, text: str) -> str:
    """The text without characters that break a line or turn the reading direction of what stands after it."""
    for key, bad in (("control_text", _is_control), ("bidi_text", _BIDI.__contains__)):
        if any(map(bad, text)):
            doc.fault(path, key, "soft", text=text)
            text = "".join(c for c in text if not bad(c))
    return text.strip()


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp")


def _tickers(doc: Doc, path: Place, items: Iterable[object], allowed: tuple[str, ...]) -> Iterator[tuple[Place, str]]:
    for number, item in enumerate(items):
        at = (*path, number)
        if not isinstance(item, str):
            doc.fault(at, "ticker_form", ticker=item)
        elif _is_ticker(doc, at, item, allowed):
            yield at, item


def _is_ticker(doc: Doc, path: Place, text: str, allowed: tuple[str, ...]) -> bool:
    """CODE.MARKET as the table of markets knows it, of a market that can stand here; else a fault."""
    proper = ticker_of(text)
    code, dot, suffix = text.rpartition(".")
    if is_old_beijing(text):
        doc.fault(path, "old_beijing_code", ticker=text)
    elif proper is not None and proper != text:
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


def _is_new(doc: Doc, path: Place, ticker: str) -> bool:
    first = doc.places.setdefault(ticker, path)
    if first != path:
        doc.fault(path, "duplicate_ticker", ticker=ticker, first=first)
    return first == path


def _is_id(doc: Doc, path: Place, text: str, stem: str | None = None) -> bool:
    if not ID.fullmatch(text):
        doc.fault(path, "bad_id", id=text)
    elif stem is not None and text != stem:
        doc.fault(path, "id_not_file", id=text, stem=stem)
    else:
        return True
    return False


def _order(doc: Doc) -> tuple[float, str]:
    order = doc.table.get("order")
    return (order if type(order) is int else float("inf"), doc.stem)
