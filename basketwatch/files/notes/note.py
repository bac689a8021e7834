"""A pasted text -> the companies in it, each with its sentence and whether that recommends, names or warns."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from basketwatch.domain.mentions import NAMED, RECOMMENDED, WARNED, Match, Resolved, Unsure
from basketwatch.errors import UsageError
from basketwatch.files.notes.index import Index
from basketwatch.files.notes.match import Hit, hits
from basketwatch.redact import redact

LONGEST = 2_000_000  # characters of a text that is read
QUOTED = 160  # characters of a sentence that are kept
SURE = {"code": 0.99, "name": 0.95, "former": 0.9, "alias": 0.9, "slang": 0.85, "pinyin": 0.6, "typo": 0.6}
_BREAK = re.compile(r"(?<=[\u3400-\u9fff])[ \t]*\r?\n[ \t]*(?=[\u3400-\u9fff])")
_ENDS = re.compile(r"[。！？!?；;\n]|\.(?=\s|$)")
_NOT = r"(?:不|不再|未|没有|并非|无需|暂不|难以)"
_WARNS = re.compile(
    rf"{_NOT}(?:推荐|建议(?:买入|关注|配置)|看好|受益)|风险|回避|规避|警惕|谨慎|减持|卖出|不及预期|低于预期|下调|造假|立案|退市|暴雷|踩雷|"
    r"高估|追高|利空|承压|\b(?:avoid|sell|underweight|downgrad\w*|risks?|caution\w*|overvalued|miss(?:es|ed)?|not recommend\w*)\b",
    re.IGNORECASE,
)
_PRAISES = re.compile(
    r"推荐|首推|首选|建议关注|建议买入|建议配置|重点关注|看好|买入|增持|龙头|受益|标的|核心供应商|超预期|上调|"
    r"\b(?:buy|overweight|recommend\w*|top picks?|outperform\w*|upgrad\w*|beneficiar\w*|leaders?)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?<=[、，,和及与：:])\s*([\u4e00-\u9fff]{3,8})(?=[、，,。；;和及与\n（(等]|$)")
_COMPANY = re.compile(r"[\u4e00-\u9fff]{2,5}(?:科技|股份|光电|电子|通信|激光|光学|集成|技术|智能|材料|电气|精密)")


def resolve(text: str, index: Index) -> Resolved:
    """The companies in a text. Raises UsageError: note_too_long, note_unreadable (it holds a zero byte)."""
    if len(text) > LONGEST:
        raise UsageError("note_too_long", limit=LONGEST // 10_000)
    if "\0" in text:
        raise UsageError("note_unreadable")
    joined, places = _joined(text)
    found = hits(joined, index)
    ends = [*(match.end() for match in _ENDS.finditer(joined)), len(joined) + 1]
    matches, unsure = [], []
    for hit in found:
        if not hit.tickers:
            continue
        number = bisect_right(ends, hit.start)
        begin, end = ends[number - 1] if number else 0, ends[number]
        sentence, word = joined[begin:end].strip(), joined[hit.start : hit.end]
        stance, quote = stance_of(sentence, word), quoted(sentence, word)
        if len(hit.tickers) > 1 and hit.how != "slang":
            reasons = hit.reasons or tuple((t, hit.how) for t in hit.tickers)
            unsure.append(Unsure(word, places[hit.start], reasons, stance, quote))
        else:
            matches.append(Match(word, places[hit.start], hit.tickers, hit.how, stance, SURE[hit.how], quote))
    return Resolved(tuple(matches), tuple(unsure), tuple(dict.fromkeys(_unknown(joined, found))))


def _joined(text: str) -> tuple[str, list[int]]:
    """``text`` with lines that break within Chinese joined, as a PDF's are, and where each character stood."""
    parts, places, at = [], list[int](), 0
    for gap in _BREAK.finditer(text):
        parts.append(text[at : gap.start()])
        places += range(at, gap.start())
        at = gap.end()
    return "".join([*parts, text[at:]]), [*places, *range(at, len(text)), len(text)]


@lru_cache(maxsize=512)
def stance_of(sentence: str, word: str) -> str:
    """Whether a sentence recommends, warns of, or only names; of several clauses the one with the word speaks."""
    clauses = re.split(r"[，,：:]", sentence)
    own = [c for c in clauses if word in c] or [sentence]
    for part in (*own, sentence):
        if _WARNS.search(part):
            return WARNED
        if _PRAISES.search(part):
            return RECOMMENDED
    return NAMED


@lru_cache(maxsize=512)
def quoted(sentence: str, word: str) -> str:
    """The sentence on one line without secrets; of a long one the part around the word."""
    flat = " ".join(redact(sentence).split())
    if len(flat) <= QUOTED:
        return flat
    at = max(0, flat.find(word) - QUOTED // 2)
    return ("…" if at else "") + flat[at : at + QUOTED] + ("…" if at + QUOTED < len(flat) else "")


def _unknown(text: str, found: Sequence[Hit]) -> Iterator[str]:
    """Symbols that no table has, and what stands in a list of companies and looks like one."""
    yield from (text[hit.start : hit.end] for hit in found if not hit.tickers)
    edges = {n for hit in found for n in (*range(hit.start - 3, hit.start + 1), *range(hit.end, hit.end + 4))}
    taken = {n for hit in found for n in range(hit.start, hit.end)}
    for item in _ITEM.finditer(text):
        span = range(item.start(1), item.end(1))
        if taken.isdisjoint(span) and {item.start(), item.end()} & edges and _COMPANY.fullmatch(item[1]):
            yield item[1]
