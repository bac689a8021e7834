"""What people read: the one catalogue (zh, en), and how numbers, dates and ages are written.

Rounding, signs, percent and units happen here and in the charts, nowhere else. Names and notes are data: ``escape`` for
HTML, ``plain`` for the places of Streamlit that read markdown.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal, TypeGuard

from basketwatch.domain.markets import zone_of
from basketwatch.domain.model import Problem
from basketwatch.errors import BasketwatchError
from basketwatch.words.catalogue import CATALOGUE

DASH = "–"
MINUS = "−"


def say(key: str, lang: str, **params: object) -> str:
    """The catalogue's text in ``lang``, its ``{placeholders}`` filled; a missing parameter shows as a dash."""
    return _filled(key, lang, params)


def _filled(key: str, lang: str, params: Mapping[str, object]) -> str:
    template = CATALOGUE[key][0 if lang == "zh" else 1]
    return template.format_map(_Dashes({name: str(value) for name, value in params.items()}))


class _Dashes(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return DASH


def sentence(thing: Problem | BasketwatchError | tuple[str, Mapping[str, str]], lang: str = "en") -> str:
    """The sentence for a problem, an error or a stored (key, params)."""
    if isinstance(thing, Problem):
        key, params = thing.key, dict(thing.params)
    elif isinstance(thing, BasketwatchError):
        key, params = thing.key, thing.params
    else:
        key, params = thing[0], dict(thing[1])
    if "source" in params:
        params = {**params, "source": source_name(params["source"], lang)}
    if "detail" in params:
        params = {**params, "detail": word(params["detail"], lang)}
    if "until" in params:
        params = {**params, "until": _readable(params["until"], lang)}
    return _filled(key if key in CATALOGUE else "error", lang, params)  # its parameters may be called lang or key


def source_name(source: object, lang: str) -> str:
    """A source's name for people; an unknown one as it is written."""
    key = f"source_{source}"
    return say(key, lang) if key in CATALOGUE else str(source)


def word(detail: str, lang: str) -> str:
    """What went wrong with a request in the reader's language; whatever is no such word as it is."""
    key = f"word_{detail.replace(' ', '_')}"
    return say(key, lang) if key in CATALOGUE else detail


# --- lists and parts of sentences --------------------------------------------------------------------------------

_COMMA = {"zh": "、", "en": ", "}
_AND = {"zh": "和", "en": " and "}
_BETWEEN = {
    "sentences": {"zh": "", "en": " "}, "clauses": {"zh": "；", "en": "; "}, "phrases": {"zh": "，", "en": ", "},
}  # fmt: skip


def listed(items: Iterable[str], lang: str, *, complete: bool = False) -> str:
    """甲、乙、丙 / A, B, C; a ``complete`` list says so: 甲、乙和丙 / A, B and C."""
    every = list(items)
    if not complete or len(every) < 2:
        return _COMMA[lang].join(every)
    return _AND[lang].join((_COMMA[lang].join(every[:-1]), every[-1]))


def joined(parts: Iterable[str], lang: str, kind: Literal["sentences", "clauses", "phrases"] = "sentences") -> str:
    """Parts of a text one after the other, with the mark that the language puts between them; empty parts are left out."""
    return _BETWEEN[kind][lang].join(part for part in parts if part)


# --- data into markup --------------------------------------------------------------------------------------------


def escape(value: object) -> str:
    """For HTML: markup characters escaped, control and text-direction characters dropped."""
    return html.escape(printable(value), quote=True)


def plain(value: object) -> str:
    """For Streamlit's markdown places: every punctuation mark that could start markup, LaTeX, a link or an icon escaped."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=@/])", r"\\\1", printable(value))


def one_line(value: object) -> str:
    """For plain text: on one line, without control and text-direction characters or halves of a character."""
    return " ".join(printable(value).encode("utf-8", "replace").decode().split())


def printable(value: object) -> str:
    """For pictures: control and text-direction characters, which nobody sees, become spaces."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", " ", str(value))


# --- numbers -----------------------------------------------------------------------------------------------------


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def signed(value: float | None, digits: int = 2) -> str:
    """A fraction as a signed percentage: +1.23%, −0.54%, 0.00%."""
    return _sign(value * 100, digits) + "%" if _known(value) else DASH


def points(value: float | None, digits: int = 2) -> str:
    """A difference of fractions in percentage points: +0.34pp."""
    return _sign(value * 100, digits) + "pp" if _known(value) else DASH


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction that has no direction, as a percentage without sign: a percentile, a share."""
    return f"{value * 100:.{digits}f}%" if _known(value) else DASH


def times(value: float | None) -> str:
    """A multiple: 63.41, from a thousand on without decimals."""
    if not _known(value):
        return DASH
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"


def _sign(value: float, digits: int) -> str:
    shown = f"{abs(value):,.{digits}f}"
    if float(shown.replace(",", "")) == 0:
        return shown
    return ("+" if value > 0 else MINUS) + shown


def price(value: float | None) -> str:
    """Two decimals with thousands separators; four below ten for rates."""
    if not _known(value):
        return DASH
    return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.2f}"


def money(value: float | None, currency: str, lang: str) -> str:
    """A large amount: 1.42万亿 or 8,659亿 in Chinese, 1.42tn or 866bn in English, with its currency."""
    if not _known(value):
        return DASH
    steps = (("万亿", 1e12), ("亿", 1e8), ("万", 1e4)) if lang == "zh" else (("tn", 1e12), ("bn", 1e9), ("m", 1e6))
    for unit, size in steps:
        if abs(value) >= size:
            scaled = value / size
            return f"{scaled:,.{0 if scaled >= 100 else 2}f}{unit} {currency}"
    return f"{value:,.0f} {currency}"


# --- dates -------------------------------------------------------------------------------------------------------

_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(value: date, lang: str, *, weekday: bool = False) -> str:
    """7月3日 周五 / Fri 3 Jul."""
    name = _WEEKDAYS[lang][value.weekday()]
    if lang == "zh":
        return f"{value.month}月{value.day}日" + (f" {name}" if weekday else "")
    return (f"{name} " if weekday else "") + f"{value.day} {_MONTHS[value.month - 1]}"


def clock_time(instant: datetime, group: str) -> str:
    """HH:MM on the exchange's own clock."""
    return f"{instant.astimezone(zone_of(group)):%H:%M}"


def beijing(instant: datetime, lang: str, *, dated: bool = False) -> str:
    """An instant that belongs to no exchange, on the clock of the mainland, and says so: 14:30 北京时间."""
    there = instant.astimezone(zone_of("CN"))
    return say("beijing_time", lang, at=f"{there:%Y-%m-%d %H:%M}" if dated else f"{there:%H:%M}")


def _readable(instant: str, lang: str) -> str:
    """An ISO instant as people write it; any other text, a date too, as it is."""
    try:
        return beijing(datetime.fromisoformat(instant), lang) if "T" in instant else instant
    except ValueError:
        return instant


def age(span: timedelta, lang: str) -> str:
    """12 秒前 / 12 s ago, 3 分钟前, 5 小时前, 2 天前."""
    seconds = max(0, int(span.total_seconds()))
    for key, size in (("age_days", 86400), ("age_hours", 3600), ("age_minutes", 60)):
        if seconds >= size:
            return say(key, lang, n=seconds // size)
    return say("age_seconds", lang, n=seconds)
