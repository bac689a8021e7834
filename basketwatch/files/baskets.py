"""What people edit by hand: ``watchlists/*.toml`` and ``sector_maps/*.toml``, read into a ``Universe``.

A fault in a file is data, never an exception: it becomes a ``Problem`` that names the file, the line and the key of
the sentence. One broken file hides no other, and one broken member hides no other member. The two formats are
described in ``watchlists/README.md`` and ``sector_maps/README.md``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import chain as joined
from pathlib import Path

from filelock import Timeout

from basketwatch.domain import markets, rules
from basketwatch.domain.markets import SECTORS
from basketwatch.domain.model import Basket, Chain, Listed, Member, Names, Problem, Segment, Universe
from basketwatch.domain.universe import names
from basketwatch.files import history, milestones, saving, tables
from basketwatch.files.flag_rules import read
from basketwatch.files.toml import Doc, Place, document, documents, located

MANY_MEMBERS = 500
ROLES = ("core", "adjacent", "equipment", "beneficiary", "trigger", "odm")
STATUSES = ("volume", "small_batch", "qualifying", "research", "customer")
SECTOR_FILE, BENCHMARK_FILE = "shenwan", "benchmarks"
SINGLE = (SECTOR_FILE, BENCHMARK_FILE)  # files of sector_maps that are no chain
_ALL = tuple(markets.MARKETS)
_SECURITIES = tuple(suffix for suffix in _ALL if suffix not in ("SI", "FX"))
_MAINLAND = ("SH", "SZ", "BJ")

# The known keys of each table and their types; those in _OPTIONAL may be left away.
_BASKET = {
    "id": str,
    "name": Names,
    "short": Names,
    "order": int,
    "chain": str,
    "benchmarks": list,
    "etf": list,
    "board": str,
    "archived": bool,
    "member": list,
}
_MEMBER = {"ticker": str, "name": Names, "reason": Names, "since": date, "until": date, "role": str, "status": str}
_CHAIN = {"id": str, "name": Names, "segment": list, **dict.fromkeys(milestones.TABLES, list)}
_SEGMENT = {"id": str, "name": Names, "tickers": list, "overseas": list}
_LISTED = {"ticker": str, "name": Names}
_OVERSEAS = {**_LISTED, "share_of": str}
_SECTORS: dict[str, type] = {"sectors": list}
_BENCHMARKS: dict[str, type] = {"strip": list, "also": list, "overseas": list, "macro": list}


# --- the universe ---------------------------------------------------------------------------------------------------


def read_universe(home: Path) -> Universe:
    """Every basket, chain, sector and benchmark under ``home``; what is wrong in the files is in ``problems``.

    Baskets come in the order of their ``order`` key, then of their file names. Raises nothing for a faulty file.
    """
    problems: list[Problem] = []
    with suppress(
        OSError, Timeout
    ):  # what a killed save of two files has left; a home that cannot be written stays as it is
        for journal in history.journals(home):
            saving.recover(journal)
    maps, lists = documents(home / "sector_maps", problems), documents(home / "watchlists", problems)
    return _universe(maps, lists, problems)


def faults_of(home: Path, stem: str, data: bytes) -> list[Problem]:
    """What would be wrong with ``watchlists/<stem>.toml`` if it held ``data``: what ``read_universe`` would say of it."""
    maps, problems = documents(home / "sector_maps", []), list[Problem]()
    lists = {stem: document(f"watchlists/{stem}.toml", stem, data, problems)}
    file = f"watchlists/{stem}.toml:"
    return [p for p in _universe(maps, lists, problems).problems if p.where.startswith(file)]


def faults_of_map(home: Path, stem: str, data: bytes) -> list[Problem]:
    """The same of ``sector_maps/<stem>.toml``."""
    file, problems = f"sector_maps/{stem}.toml", list[Problem]()
    maps = {**documents(home / "sector_maps", []), stem: document(file, stem, data, problems)}
    lists = documents(home / "watchlists", [])
    return [p for p in _universe(maps, lists, problems).problems if p.where.startswith(f"{file}:") or p.where == file]


def _universe(maps: dict[str, Doc | None], lists: dict[str, Doc | None], problems: list[Problem]) -> Universe:
    flags = lists.pop(rules.FILE, None)
    problems += [Problem.of(f"sector_maps/{stem}.toml", "file_missing") for stem in SINGLE if stem not in maps]
    sectors = _sectors(maps.get(SECTOR_FILE))
    strip, also, overseas = _benchmarks(maps.get(BENCHMARK_FILE))
    chains = {stem: _chain(doc) if doc else None for stem, doc in maps.items() if stem not in SINGLE}
    # Without both tables nobody can say which benchmark is unknown, and their own fault is told already.
    listed = {entry.ticker for entry in (*sectors, *strip, *also)} if all(map(maps.get, SINGLE)) else None
    docs = sorted((doc for doc in lists.values() if doc), key=_order)
    universe = Universe(
        baskets=tuple(b for doc in docs if (b := _basket(doc, listed, chains)) and not doc.table.get("archived")),
        chains=tuple(chain for chain in chains.values() if chain),
        sectors=sectors,
        benchmarks=strip,
        overseas=overseas,
        also=also,
        rules=read(flags),
        macro=milestones.macro(maps.get(BENCHMARK_FILE)),
    )
    used = {basket.chain for basket in universe.baskets}  # the chain of a broken basket would miss every name of it
    _check_named(universe, [doc for stem, doc in maps.items() if doc and stem in used])
    docs += [doc for doc in (flags, *maps.values()) if doc]
    return replace(universe, problems=(*problems, *joined.from_iterable(map(located, docs))))


# --- tables to things --------------------------------------------------------------------------------------------


def _sectors(doc: Doc | None) -> tuple[Listed, ...]:
    if doc is None:
        return ()
    tables.fields(doc, (), doc.table, _SECTORS)
    sectors = _listed(doc, "sectors", ("SI",))
    if len(sectors) != SECTORS:
        doc.fault(("sectors",), "sector_count", found=len(sectors), wanted=SECTORS)
    return sectors


def _benchmarks(doc: Doc | None) -> tuple[tuple[Listed, ...], tuple[Listed, ...], tuple[Listed, ...]]:
    """The strip, what is followed beside it, and the names of overseas tickers."""
    if doc is None:
        return (), (), ()
    tables.fields(doc, (), doc.table, _BENCHMARKS)
    return _listed(doc, "strip", _ALL), _listed(doc, "also", _ALL), _overseas(doc)


def _overseas(doc: Doc) -> tuple[Listed, ...]:
    """Names of overseas tickers; ``share_of`` names a security."""
    rows = _listed(doc, "overseas", _SECURITIES, _OVERSEAS)
    for number, row in enumerate(doc.table.get("overseas", []) if rows else ()):
        if isinstance(row, dict) and isinstance(home := row.get("share_of"), str):
            tables.is_ticker(doc, ("overseas", number, "share_of"), home, _SECURITIES)
    return rows


def _listed(doc: Doc, key: str, allowed: tuple[str, ...], keys: dict[str, type] = _LISTED) -> tuple[Listed, ...]:
    rows = []
    for path, row in tables.rows(doc, key):
        good, at = tables.fields(doc, path, row, keys), (*path, "ticker")
        if good and tables.is_ticker(doc, at, good["ticker"], allowed) and tables.is_new(doc, at, good["ticker"]):
            rows.append(Listed(**good))
    return tuple(rows)


def _chain(doc: Doc) -> Chain | None:
    good = tables.fields(doc, (), doc.table, _CHAIN)
    segments: dict[str, Segment] = {}
    for path, row in tables.rows(doc, "segment"):
        found = tables.fields(doc, path, row, _SEGMENT)
        if not found or not tables.is_id(doc, (*path, "id"), found["id"]):
            continue
        if found["id"] in segments:
            doc.fault((*path, "id"), "duplicate_segment", segment=found["id"])
            continue
        sides = (_side(doc, (*path, side), found.get(side, [])) for side in ("tickers", "overseas"))
        segments[found["id"]] = Segment(found["id"], found["name"], *sides)
    outlook = milestones.outlook(doc)
    if not good or not tables.is_id(doc, ("id",), good["id"], stem=doc.stem):
        return None
    return Chain(good["id"], good["name"], tuple(segments.values()), outlook)


def _side(doc: Doc, path: Place, items: list[object]) -> tuple[str, ...]:
    """One side of a segment, mainland or overseas. A ticker in two segments belongs to the first one."""
    kept = []
    for at, ticker in tables.tickers(doc, path, items, _SECURITIES):
        first = doc.places.get(ticker, at)
        if first[:2] != at[:2]:
            other, segment = (doc.table["segment"][p[1]]["id"] for p in (first, at))
            doc.fault(at, "two_segments", ticker=ticker, segment=segment, other=other, first=first)
        elif tables.is_new(doc, at, ticker):
            kept.append(ticker)
            if (ticker.rpartition(".")[2] in _MAINLAND) != (path[-1] == "tickers"):
                doc.fault(at, "wrong_side", "soft", ticker=ticker, side=path[-1])
    return tuple(kept)


def _basket(doc: Doc, listed: set[str] | None, chains: dict[str, Chain | None]) -> Basket | None:
    good = tables.fields(doc, (), doc.table, _BASKET)
    members = _members(doc)
    if not members:
        doc.fault((), "empty_basket", "soft", basket=doc.stem)
    if len(members) > MANY_MEMBERS:
        doc.fault((), "many_members", "soft", basket=doc.stem, members=len(members), limit=MANY_MEMBERS)
    if not good or not tables.is_id(doc, ("id",), good["id"], stem=doc.stem):
        return None
    benchmarks = _basket_benchmarks(doc, good["benchmarks"], listed)
    chain = good.get("chain")
    if chain is not None and chain not in chains:
        doc.fault(("chain",), "unknown_chain", chain=chain, known=", ".join(chains))
    histories = chains.get(chain or "")
    for ticker in (m.ticker for m in members if histories and not histories.segment_of(m.ticker)):
        doc.fault(doc.places[ticker], "no_segment", "soft", ticker=ticker, chain=chain)
    chain = histories.id if histories else None
    funds = tuple(t for _, t in tables.tickers(doc, ("etf",), good.get("etf", []), _SECURITIES))
    return Basket(
        good["id"],
        good["name"],
        good["short"],
        members,
        benchmarks,
        chain,
        doc.file,
        doc.sha256,
        tuple(dict.fromkeys(funds)),
        good.get("board", "").strip(),
    )


def _basket_benchmarks(doc: Doc, items: list[object], listed: set[str] | None) -> tuple[str, ...]:
    benchmarks = []
    for path, ticker in tables.tickers(doc, ("benchmarks",), items, _ALL):
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
    for path, row in tables.rows(doc, "member"):
        good = tables.fields(doc, path, row, _MEMBER)
        if good is None or not tables.is_ticker(doc, (*path, "ticker"), good["ticker"], _SECURITIES):
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
        if tables.is_new(doc, (*path, "ticker"), member.ticker):
            members.append(member)
    return tuple(members)


def _check_named(universe: Universe, chains: list[Doc]) -> None:
    """A ticker of a chain that is in no basket has its name in the table of benchmarks."""
    known = names(universe)
    for doc in chains:
        for ticker, path in doc.places.items():
            if known[ticker] == Names(ticker, ticker):
                doc.fault(path, "unnamed_ticker", "soft", ticker=ticker)


def _order(doc: Doc) -> tuple[float, str]:
    order = doc.table.get("order")
    return (order if type(order) is int else float("inf"), doc.stem)
