"""The names by which securities are known, ready to be found in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from basketwatch.domain.markets import group
from basketwatch.domain.model import Basket, Universe
from basketwatch.domain.universe import names
from basketwatch.files.notes.known import ALIASES, FORMER, NEIGHBOURS, SLANG, WORDS

FUZZY = 4  # characters of a name in which one may be wrong; a watched name may be one shorter
_MARKS = re.compile(r"^(?:\*?ST|S\*?ST|XD|XR|DR)\s*|(?:-U|-W|-UW|-SW|-B|-S|[ABＡＢ])$")
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Security:
    """One security of a table: ``former``: names that it had; ``aliases``: other names of today."""

    ticker: str
    zh: str
    en: str = ""
    former: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """``named``: folded name -> (tickers, how); ``first``: first character -> lengths of the names that begin with it;
    ``blurred``: (place, name without that character) -> (name, ticker); ``latin``: English names as they are written;
    ``watched``: members of baskets and chains.
    """

    securities: Mapping[str, Security]
    named: Mapping[str, tuple[tuple[str, ...], str]]
    first: Mapping[str, tuple[int, ...]]
    blurred: Mapping[tuple[int, str], tuple[tuple[str, str], ...]]
    latin: Mapping[str, tuple[str, str]]
    baskets: tuple[Basket, ...] = ()
    watched: frozenset[str] = field(default=frozenset())

    def baskets_of(self, ticker: str) -> list[str]:
        """Ids of the baskets that have a security."""
        return [b.id for b in self.baskets if ticker in b.tickers]


def bare(name: str) -> str:
    """A short name without what exchanges put around it: *ST标准 → 标准, 百济神州-U → 百济神州, 万科A → 万科."""
    return _MARKS.sub("", name.replace(" ", "").replace("\u3000", "")).strip()


def security(ticker: str, zh: str, en: str, former: str, readings: str) -> Security:
    """A row of the stored table, in which ``|`` stands between names and between readings."""
    names, typed = (tuple(part for part in text.split("|") if part) for text in (former, readings))
    return Security(ticker, zh, en, names, (), typed)


def is_weak(name: str) -> bool:
    """Whether a name is a word, or as short as one."""
    return len(name) <= 2 or name in WORDS


def built(universe: Universe, table: Iterable[Security] = ()) -> Index:
    """The index of everything that is followed and of a table of securities beside it."""
    chained = (t for c in universe.chains for s in c.segments for t in (*s.tickers, *s.overseas))
    watched = frozenset((*(t for b in universe.baskets for t in b.tickers), *chained))
    securities = {t: Security(t, name) for t, name in NEIGHBOURS.items()} | {s.ticker: s for s in table}
    for ticker, name in names(universe).items():
        if not ticker.endswith((".SI", ".FX")) and not ticker.startswith("^"):
            old = securities.get(ticker)
            aliases = tuple(n for n in ((old.zh, old.en) if old else ()) if n and n not in (name.zh, name.en))
            former, typed = (old.former, old.readings if old.zh == name.zh else ()) if old else ((), ())
            securities[ticker] = Security(ticker, name.zh, name.en, former, aliases, typed)
    named, latin = _names(securities, watched)
    first: dict[str, set[int]] = {}
    for one in named:
        first.setdefault(one[0], set()).add(len(one))
    lengths = {char: tuple(sorted(found, reverse=True)) for char, found in first.items()}
    return Index(securities, named, lengths, _blurred(securities, watched), latin, universe.baskets, watched)


def _names(
    securities: Mapping[str, Security], watched: frozenset[str]
) -> tuple[dict[str, tuple[tuple[str, ...], str]], dict[str, tuple[str, str]]]:
    named: dict[str, tuple[tuple[str, ...], str]] = {folded(k): (v, "slang") for k, v in SLANG.items()}
    latin: dict[str, tuple[str, str]] = {}
    ordered = sorted(securities.values(), key=lambda s: s.ticker not in watched)
    for how in ("name", "alias", "former"):
        for one in ordered:
            for name in _of(one, how):
                if _HAN.search(name):
                    key = folded(bare(name))
                    tickers, kind = named.get(key, ((), how))
                    if key and kind == how and one.ticker not in tickers:
                        named[key] = (*tickers, one.ticker), how
                elif len(name) > 2 and not name.isupper() and not name.isdigit():
                    latin.setdefault(name, (one.ticker, how))
    kept = {name: (t if how == "slang" else _one_company(t, watched), how) for name, (t, how) in named.items()}
    return kept, latin


def _one_company(tickers: tuple[str, ...], watched: frozenset[str]) -> tuple[str, ...]:
    """Of the shares that one name has in several markets the watched ones, else the mainland's, where it is one."""
    own = tuple(t for t in tickers if t in watched)
    home = tuple(t for t in tickers if group(t) == "CN")
    return own or (home if len(home) == 1 else tickers)


def _of(one: Security, how: str) -> tuple[str, ...]:
    if how == "name":
        return one.zh, one.en
    if how == "alias":
        return (*one.aliases, *ALIASES.get(one.ticker, ()))
    return (*one.former, *FORMER.get(one.ticker, ()))


def _blurred(
    securities: Mapping[str, Security], watched: frozenset[str]
) -> dict[tuple[int, str], tuple[tuple[str, str], ...]]:
    found: dict[tuple[int, str], tuple[tuple[str, str], ...]] = {}
    for one in securities.values():
        name = folded(bare(one.zh))
        least = FUZZY - 1 if one.ticker in watched else FUZZY
        if len(name) >= least and all(_HAN.match(c) for c in name):
            for n in range(len(name)):
                key = n, name[:n] + name[n + 1 :]
                found[key] = (*found.get(key, ()), (name, one.ticker))
    return found


def folded(text: str) -> str:
    """Traditional characters as simplified ones, of the same length; as it is where OpenCC is not installed."""
    converted = _convert(text)
    return converted if len(converted) == len(text) else text


def _convert(text: str) -> str:
    global _CONVERTER
    if _CONVERTER is None:
        try:
            from opencc import OpenCC

            _CONVERTER = OpenCC("t2s")
        except (ImportError, OSError):
            _CONVERTER = False
    return str(_CONVERTER.convert(text)) if _CONVERTER else text


_CONVERTER: Any = None
