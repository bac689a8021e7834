"""Where a text names securities: exact names, codes, symbols, and names with one wrong character. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from basketwatch.domain.markets import is_ticker
from basketwatch.domain.spelling import ticker_of
from basketwatch.files.notes.index import FUZZY, Index, folded, is_weak
from basketwatch.files.notes.known import GOES_ON, GOES_ON_NOT, NEVER, SHAPES
from basketwatch.files.notes.pinyin import alike, readings

_HAN = re.compile(r"[\u3400-\u9fff]+")
_CODED = re.compile(  # a code with its market, in front or behind
    r"(?<![A-Za-z0-9.])(?:(?:SH|SZ|BJ|HK)[.:]?\d{5,6}|(?:SSE|SHSE|SZSE|HKEX|NASDAQ|NYSE|AMEX)\s*[:：]\s*[A-Z0-9.\-]{1,6}"
    r"|\d{4,6}\.(?:SH|SZ|BJ|HK|SS|TW|KS|XSHE|XSHG)|[A-Z]{1,5}\.US)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<![\d.,，])\d{6}(?![\d.,%％]|\s*[万亿元股年月日只个台件张片套])")
_DOLLAR = re.compile(r"\$([A-Za-z]{1,5}(?:[.\-][A-Za-z])?)(?![A-Za-z0-9])")
_CAPITALS = re.compile(r"(?<![A-Za-z0-9$.&/\-])([A-Z]{2,5})(?![A-Za-z0-9&/\-])")
_LETTERS = re.compile(r"(?<![A-Za-z0-9])[a-z]{4,30}(?![A-Za-z0-9])")
_BESIDE = re.compile(r"^[\s（(]*(?:股份|公司|集团|控股|\d{6})|^[（(]\s*(?:SH|SZ|BJ|HK)?\.?\d{5,6}", re.IGNORECASE)
_ST = re.compile(r"(?:\*?ST)\s*$")
_CODE_WORD = re.compile(r"(?:代码|股票|证券|[（(])[\s:：]*$")
_JOINTS = frozenset("和与及或的是在对看等将也已又都会为有被从给向由跌涨则而把让跟")  # stand beside a name, not in it
_LONGEST = 6  # characters of a name in which one may be wrong
_SHORT = 40  # characters of a text in which somebody may have typed pinyin


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a text: tickers that are meant, and how. ``reasons``: of several candidates, ticker -> why."""

    start: int
    end: int
    tickers: tuple[str, ...]
    how: str
    reasons: tuple[tuple[str, str], ...] = ()


def hits(text: str, index: Index) -> list[Hit]:
    """What ``text`` names, each place once, in the order of the text. A place without tickers is one that nobody knows."""
    plain, taken = folded(text), [False] * len(text)
    found: list[Hit] = []
    for kind in (_codes, _symbols, _exact, _latin, _bare_digits, _capitals, _typos, _typed):
        for hit in kind(plain, index, found):
            if not any(taken[hit.start : hit.end]):
                taken[hit.start : hit.end] = [True] * (hit.end - hit.start)
                found.append(hit)
    return sorted(found, key=lambda hit: hit.start)


def _codes(text: str, index: Index, _: list[Hit]) -> Iterator[Hit]:
    for match in _CODED.finditer(text):
        ticker = ticker_of(re.sub(r"\s*[:：]\s*", ":", match[0]))
        if ticker and is_ticker(ticker):
            known = ticker in index.securities or not ticker.endswith(".US")
            yield Hit(match.start(), match.end(), (ticker,) if known else (), "code")


def _symbols(text: str, index: Index, _: list[Hit]) -> Iterator[Hit]:
    for match in _DOLLAR.finditer(text):
        symbol = match[1].upper().replace(".", "-")
        if symbol not in NEVER:
            ticker = f"{symbol}.US"
            yield Hit(match.start(), match.end(), (ticker,) if ticker in index.securities else (), "code")


def _exact(text: str, index: Index, found: list[Hit]) -> Iterator[Hit]:
    """The longest name at each place, left to right."""
    coded = {hit.start: hit.tickers for hit in found}
    coded |= {m.start(): (t,) for m in _DIGITS.finditer(text) if (t := ticker_of(m[0]))}
    at = 0
    while at < len(text):
        name = next((n for size in index.first.get(text[at], ()) if (n := text[at : at + size]) in index.named), None)
        if name is None:
            at += 1
            continue
        tickers, how = index.named[name]
        end = at + len(name)
        beside = any(set(tickers) & set(coded.get(n, ())) for n in (*range(at - 12, at), *range(end, end + 5)))
        if how == "slang" or _counts(text, at, end, index.watched.isdisjoint(tickers), beside=beside):
            yield Hit(at, end, tickers, how)
            at = end
        else:
            at += 1


def _counts(text: str, start: int, end: int, is_foreign: bool, *, beside: bool) -> bool:
    """Whether a name is meant as one: not the beginning of a longer word, and not a word that happens to be a name.

    ``is_foreign``: no basket has it; ``beside``: its code stands beside it.
    """
    if _goes_on(text, end):
        return False
    if not is_weak(text[start:end]) or beside:
        return True
    after, before = text[end : end + 12], text[max(0, start - 4) : start]
    inside = (
        _HAN.match(before[-1:]) and before[-1:] not in _JOINTS and _HAN.match(after[:1]) and after[:1] not in _JOINTS
    )
    return bool(_BESIDE.match(after) or _ST.search(before)) or not (is_foreign or inside)


def _latin(text: str, index: Index, _: list[Hit]) -> Iterator[Hit]:
    """English names as they are written; one that is also a word needs more than the word behind it."""
    if not index.latin or not re.search("[A-Za-z]", text):
        return
    names = sorted(index.latin, key=len, reverse=True)
    pattern = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, names)) + r")(?![A-Za-z0-9])")
    for match in pattern.finditer(text):
        if re.match(
            r"\s+(?:optic|light|detect|transceiver|receiver|modul|DSP|lite|beam|laser|plugg)", text[match.end() :]
        ):
            continue
        ticker, how = index.latin[match[0]]
        yield Hit(match.start(), match.end(), (ticker,), how)


def _bare_digits(text: str, index: Index, found: list[Hit]) -> Iterator[Hit]:
    """Six digits: a code where the table has it, or beside a name, or where the text says so."""
    for match in _DIGITS.finditer(text):
        ticker = ticker_of(match[0])
        said = _CODE_WORD.search(text[max(0, match.start() - 6) : match.start()])
        if ticker and (ticker in index.securities or said):
            yield Hit(match.start(), match.end(), (ticker,), "code")


def _capitals(text: str, index: Index, found: list[Hit]) -> Iterator[Hit]:
    """US symbols in capitals: watched ones, and those in brackets behind a name."""
    ends = {hit.end for hit in found if hit.tickers}
    for match in _CAPITALS.finditer(text):
        ticker, before = f"{match[1]}.US", text[max(0, match.start() - 2) : match.start()]
        if match[1] in NEVER:
            continue
        bracket = before[-1:] in ("(", "（") and text[match.end() : match.end() + 1] in (")", "）")
        named = bracket and (
            match.start() - 1 in ends or re.search(r"[A-Za-z\u4e00-\u9fff][\s]?$", text[: match.start() - 1])
        )
        if ticker in index.watched or (named and ticker in index.securities):
            yield Hit(match.start(), match.end(), (ticker,), "code")


# --- one wrong character -----------------------------------------------------------------------------------------


def _typos(text: str, index: Index, found: list[Hit]) -> Iterator[Hit]:
    taken = {n for hit in found for n in range(hit.start, hit.end)}
    company = frozenset(b for hit in found for t in hit.tickers for b in index.baskets_of(t))
    for run in _HAN.finditer(text):
        for start in range(run.start(), run.end()):
            for size in range(min(_LONGEST, run.end() - start), FUZZY - 2, -1):
                word = text[start : start + size]
                near = _near(word, index)
                if near and taken.isdisjoint(range(start, start + size)) and not _goes_on(text, start + size):
                    candidates = _candidates(word, near, index, company)
                    if candidates:
                        yield Hit(start, start + size, tuple(t for t, _ in candidates), "typo", tuple(candidates))
                        break


def _goes_on(text: str, end: int) -> bool:
    after = text[end : end + 3]
    return after.startswith(GOES_ON) and not after.startswith(GOES_ON_NOT)


def _near(word: str, index: Index) -> list[tuple[int, str, str]]:
    """Names that differ from a word in one character: its place, the name, the ticker."""
    places = range(len(word)) if len(word) in index.first.get(word[0], ()) else range(1)
    return [(n, *row) for n in places for row in index.blurred.get((n, word[:n] + word[n + 1 :]), ()) if row[0] != word]


def _candidates(
    word: str, near: list[tuple[int, str, str]], index: Index, company: frozenset[str]
) -> list[tuple[str, str]]:
    """Of some names those whose other character looks or sounds like the written one, the likeliest first.

    ``company``: ids of baskets that the text speaks of anyway.
    """
    each: dict[str, tuple[int, str]] = {}
    for n, name, ticker in near:
        shape, sound = looks_like(word[n], name[n]), alike(word[n], name[n])
        if shape or sound:
            baskets = index.baskets_of(ticker)
            reasons = ["shape"] * shape + ["sound"] * sound + [f"basket {b}" for b in baskets]
            rank = 4 * bool(company & set(baskets)) + 2 * bool(baskets) + shape
            each[ticker] = max(each.get(ticker, (-1, "")), (rank, ", ".join(reasons)))
    return [(t, why) for t, (_, why) in sorted(each.items(), key=lambda row: (-row[1][0], row[0]))]


def looks_like(one: str, other: str) -> bool:
    """Whether two characters share a part and are taken for each other."""
    return any(one in group and other in group for group in SHAPES)


# --- pinyin ------------------------------------------------------------------------------------------------------


def _typed(text: str, index: Index, _: list[Hit]) -> Iterator[Hit]:
    """Pinyin of watched names, in a text as short as a search."""
    if len(text) > _SHORT:
        return
    for match in _LETTERS.finditer(text):
        meant = tuple(
            t for t in sorted(index.watched) if t in index.securities and match[0] in readings(index.securities[t].zh)
        )
        if meant:
            yield Hit(match.start(), match.end(), meant, "pinyin")
