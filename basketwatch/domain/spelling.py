"""How people write a security's code elsewhere, and how it is written here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from basketwatch.domain.markets import MARKETS, is_ticker

# First digits of the codes that one mainland exchange alone gives; 000… is an index in Shanghai and a share in Shenzhen.
_OWN: dict[str, tuple[str, ...]] = {
    "SH": ("5", "60", "68", "900"),
    "SZ": ("001", "002", "003", "15", "16", "200", "201", "30", "399"),
    "BJ": ("920", "899"),
    "SI": ("801",),
}
_OLD_BEIJING = re.compile(r"(?:43|83|87)[0-9]{4}(?:\.BJ)?")  # until October 2025, when all became 920…

# Names of markets in other programs -> suffix here
_SUFFIXES = {
    "SS": "SH", "XSHG": "SH", "SSE": "SH", "SHSE": "SH", "SHA": "SH", "XSHE": "SZ", "SZSE": "SZ", "SHE": "SZ", "BSE": "BJ",
    "BJSE": "BJ", "HKEX": "HK", "HKG": "HK", "XHKG": "HK", "SEHK": "HK", "NASDAQ": "US", "NYSE": "US", "AMEX": "US",
    "NAS": "US", "O": "US", "N": "US", "OQ": "US", "TWSE": "TW", "TPE": "TW", "XTAI": "TW", "KRX": "KS", "KR": "KS",
    "XKRX": "KS",
}  # fmt: skip
_EASTMONEY = {"0": "SZ", "1": "SH", "116": "HK", "105": "US", "106": "US", "107": "US"}
_DIGITS_FIRST = re.compile(r"([A-Z]{2,6})[.:]?([0-9]{1,6})")  # SZ300308, SZ.300308, SZSE:300308, HK00700
_MARKET_FIRST = re.compile(r"([A-Z]{2,6}):([A-Z][A-Z.\-/]*)")  # NASDAQ:COHR, NYSE:BRK.B


def ticker_of(text: str) -> str | None:
    """The ticker ``CODE.MARKET`` that is meant by ``text``; None where that cannot be told from the code alone.

    Known are other programs' names of the markets (``.SS``, ``XSHE``, ``NASDAQ:``), the market in front of the code,
    a bare code of the mainland (six digits) or Hong Kong (five), Hong Kong codes without their zeros, US share classes
    with a dot, full-width and small letters, and a mainland code with the suffix of another mainland exchange.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    return next((t for t in map(_at_home, _readings(plain)) if t and is_ticker(t)), None)


def is_old_beijing(text: str) -> bool:
    """Whether ``text`` is a Beijing code of before October 2025, which no source knows any more."""
    return _OLD_BEIJING.fullmatch(unicodedata.normalize("NFKC", text).strip().upper()) is not None


def _readings(plain: str) -> Iterator[str]:
    """Tickers that ``plain`` may stand for, the likeliest first."""
    code, _, suffix = plain.rpartition(".")
    yield _padded(code.replace(".", "-").replace("/", "-"), _SUFFIXES.get(suffix, suffix))
    for pattern in (_DIGITS_FIRST, _MARKET_FIRST):
        if found := pattern.fullmatch(plain):
            market = _SUFFIXES.get(found[1], found[1])
            yield _padded(found[2].replace(".", "-").replace("/", "-"), market)
    number, _, rest = plain.partition(".")
    if number in _EASTMONEY and rest:
        yield _padded(rest, _EASTMONEY[number])
    if plain.isdecimal():
        mainland = [suffix for suffix, first in _OWN.items() if plain.startswith(first)]
        yield f"{plain}.{'HK' if len(plain) == 5 else next(iter(mainland), 'SZ' if plain.startswith('000') else '')}"
    if re.fullmatch(r"[A-Z]+[./-][A-Z]", plain):  # BRK.B
        yield re.sub(r"[./]", "-", plain) + ".US"
    if re.fullmatch(r"\^?[A-Z]{1,5}", plain):
        yield f"{plain}.US"


def _padded(code: str, suffix: str) -> str:
    """Hong Kong's codes have five digits here."""
    return f"{code.zfill(5) if suffix == 'HK' and code.isdecimal() else code}.{suffix}"


def _at_home(ticker: str) -> str | None:
    """The ticker at the mainland exchange whose code it is; None for an unknown market."""
    code, _, suffix = ticker.rpartition(".")
    if suffix not in MARKETS:
        return None
    if suffix in _OWN and len(code) == 6 and not code.startswith(_OWN[suffix]):
        owner = next((other for other, first in _OWN.items() if code.startswith(first)), suffix)
        return f"{code}.{owner}"
    return ticker
