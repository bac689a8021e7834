"""How Chinese characters sound: readings of a name for search, and whether two characters sound alike.

pypinyin is imported where it is asked for: a page that does not search never loads it (a third of a second).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

MOST = 32  # readings of one name that are kept


@lru_cache(maxsize=4096)
def sounds(char: str) -> frozenset[str]:
    """The syllables of a character in all its readings, without tones; empty for what is no hanzi."""
    from pypinyin import Style, pinyin

    if not "\u4e00" <= char <= "\u9fff":
        return frozenset()
    return frozenset(pinyin(char, style=Style.NORMAL, heteronym=True)[0])


def alike(one: str, other: str) -> bool:
    """Whether two characters have a reading in common, n and l, front and back nasals, flat and curled tongues as one."""
    return not {_blurred(s) for s in sounds(one)}.isdisjoint(_blurred(s) for s in sounds(other))


def _blurred(syllable: str) -> str:
    for curled, flat in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(curled):
            syllable = flat + syllable[2:]
    return syllable[:-1] if syllable.endswith(("ang", "eng", "ing")) else syllable


def readings(name: str) -> tuple[str, ...]:
    """What one may type for a name: full pinyin and initials in every reading, letters and digits as they are.

    长芯博创 → changxinbochuang, zhangxinbochuang, cxbc, zxbc. At most ``MOST``.
    """
    each = [sorted(sounds(char)) or [char.lower()] for char in name if char.isalnum()]
    found = dict[str, None]()
    for n, chosen in enumerate(product(*each)):
        if n >= MOST // 2:
            break
        found |= {"".join(chosen): None, "".join(s[0] if s else "" for s in chosen): None}
    return tuple(k for k in found if k)
