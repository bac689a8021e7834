"""Which typefaces a picture uses, and whether they have its characters.

The shipped typeface comes first and is the same on every machine. Only where it lacks a character are the fonts of the
system looked at; what nobody has is reported, for the typesetter would draw an empty box without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("typefaces")
FAMILY = "Basketwatch Sans"
_REGULAR = FOLDER / "BasketwatchSans-Regular.otf"
_USUAL = ("Noto Sans", "Source Han", "PingFang", "Microsoft YaHei", "Hiragino", "WenQuanYi", "Segoe UI", "DejaVu Sans")


@dataclass(frozen=True, slots=True)
class Choice:
    """``families`` in the order in which a character is looked for; ``missing``: the characters that none of them has."""

    families: tuple[str, ...]
    missing: frozenset[str]

    @property
    def system(self) -> bool:
        """Whether fonts of the system are among them."""
        return len(self.families) > 1


def choose(text: Iterable[str], *, system: bool = True) -> Choice:
    """The families for the characters of ``text``; ``system`` False uses nothing but what is shipped."""
    wanted = {c for c in set().union(*map(set, text)) if not c.isspace()}
    missing = frozenset(c for c in wanted if not has(_REGULAR, 0, c))
    families = [FAMILY]
    for family, path, index in _installed() if system and missing else ():
        found = {c for c in missing if has(path, index, c)}
        if found:
            families.append(family)
            missing -= found
        if not missing:
            break
    return Choice(tuple(families), missing)


def has(path: Path, index: int, character: str) -> bool:
    """Whether a font file has a glyph for a character. False for a file that cannot be read."""
    font = _font(path, index)
    return font is not None and font.get_nominal_glyph(ord(character)) is not None


@lru_cache(maxsize=64)
def _font(path: Path, index: int) -> Any:
    import uharfbuzz

    try:
        return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)), index))
    except (OSError, uharfbuzz.HarfBuzzError):
        return None


@lru_cache(maxsize=1)
def _installed() -> tuple[tuple[str, Path, int], ...]:
    """Family, file and index of each upright regular font of the system, the usual ones first."""
    import typst

    found = {(f.family, Path(f.path), f.index) for f in typst.Fonts(include_embedded_fonts=False).fonts()
             if f.path and f.style == "normal" and f.weight == 400}  # fmt: skip
    return tuple(sorted(found, key=lambda font: (_rank(font[0]), *font)))


def _rank(family: str) -> int:
    return min((i for i, usual in enumerate(_USUAL) if family.startswith(usual)), default=len(_USUAL))
