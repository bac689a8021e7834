"""A security by what somebody types: code, Chinese, former or English name, pinyin initials or full pinyin. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from basketwatch.domain.markets import group
from basketwatch.domain.spelling import ticker_of
from basketwatch.files.notes.index import Index, Security, bare, folded
from basketwatch.files.notes.known import ALIASES, FORMER, SLANG
from basketwatch.files.notes.pinyin import readings

_MARKETS = ("CN", "HK", "US")  # the order of what is in no basket
MOST = 50


def search(text: str, index: Index) -> list[str]:
    """Tickers that ``text`` may mean: own baskets first, then by market; within each exact before beginning before inside.

    Readings of a security that stands in a table come with it; those of the others are made here.
    """
    plain = folded(text.strip()).casefold()
    if not plain:
        return []
    slang = list(SLANG.get(text.strip(), ()))
    proper = ticker_of(text.strip())
    found: dict[str, int] = {}
    for one in index.securities.values():
        score = _score(plain, one, proper)
        if score:
            found[one.ticker] = score
    ordered = sorted(found, key=lambda t: (t not in index.watched, -found[t], _place(t), t))
    return list(dict.fromkeys([*slang, *ordered]))[:MOST]


def is_exact(text: str, ticker: str, index: Index) -> bool:
    """Whether ``text`` is a security's code, or one of its names, letter for letter."""
    plain, one = folded(text.strip()).casefold(), index.securities.get(ticker)
    return one is not None and (ticker == ticker_of(text.strip()) or plain in _names(one))


def _score(plain: str, one: Security, proper: str | None) -> int:
    """4: the code or a name itself, 3: a name or code begins so, 2: pinyin begins so, 1: it is inside a name; 0: none."""
    if one.ticker == proper:
        return 4
    names = list(_names(one))
    if plain in names:
        return 4
    if any(n.startswith(plain) for n in names) or one.ticker.casefold().startswith(plain):
        return 3
    if plain.isascii() and plain.isalpha():
        typed = one.readings or readings(bare(one.zh))
        if plain in typed:
            return 4
        if len(plain) > 1 and any(r.startswith(plain) for r in typed):
            return 2
    return 1 if len(plain) > 1 and any(plain in n for n in names) else 0


def _names(one: Security) -> Iterator[str]:
    every = (
        one.zh,
        bare(one.zh),
        one.en,
        *one.former,
        *one.aliases,
        *ALIASES.get(one.ticker, ()),
        *FORMER.get(one.ticker, ()),
    )
    yield from (folded(name).casefold() for name in every if name)


def _place(ticker: str) -> int:
    market = group(ticker)
    return _MARKETS.index(market) if market in _MARKETS else len(_MARKETS)
