"""Builds the typeface of the cards: ``python -m basketwatch.share.build_font [FOLDER]``, once, by whoever changes it.

It takes Noto Sans CJK SC (Debian's ``fonts-noto-cjk``) and keeps GB2312, Big5's first level, ASCII, Latin letters,
signs, and every character of the catalogue and of the files of baskets and sectors. It needs fontTools, which nothing
else here does. The result bears a name of its own, so that an installed Noto never takes its place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from basketwatch.words.catalogue import CATALOGUE

PROJECT = Path(__file__).resolve().parent.parent.parent
NOTO = Path("/usr/share/fonts/opentype/noto")
FAMILY, ORIGINAL = "Basketwatch Sans", "Noto Sans CJK SC"
WEIGHTS = ("Regular", "Bold")
SIGNS = "–—−…±×÷≈≤≥≠√∞°‰§¶·•●○◆◇■□▲▼△▽←→↑↓↗↘№™©®€£¥₩σμΔΣΩαβ²³½¼¾‘’“”„«»‹›"


def characters() -> set[str]:
    """Every character that the typeface must have."""
    chinese = {bytes((a, b)).decode("gb2312", "ignore") for a in range(0xA1, 0xF8) for b in range(0xA1, 0xFF)}
    traditional = {bytes((a, b)).decode("big5", "ignore") for a in range(0xA4, 0xC7) for b in range(0x40, 0xFF)}
    latin = {chr(c) for c in (*range(0x20, 0x7F), *range(0xA0, 0x180))}
    texts = [text for pair in CATALOGUE.values() for text in pair]
    files = [
        p.read_text("utf-8") for folder in ("watchlists", "sector_maps") for p in (PROJECT / folder).glob("*.toml")
    ]
    found = chinese | traditional | latin | set(SIGNS) | set("".join((*texts, *files)))
    return {c for c in found if c and c.isprintable()}


def build(weight: str, folder: Path) -> Path:
    """Write one weight into ``folder``; returns its file. Raises OSError without the original."""
    from fontTools import subset

    options = subset.Options(layout_features=["kern", "ccmp"], hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
                             notdef_outline=True, drop_tables=["VORG", "vhea", "vmtx", "DSIG", "BASE"])  # fmt: skip
    options.font_number = _number(weight)
    font = subset.load_font(str(NOTO / f"NotoSansCJK-{weight}.ttc"), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(c) for c in characters()])
    cutter.subset(font)
    _rename(font, weight)
    target = folder / f"BasketwatchSans-{weight}.otf"
    subset.save_font(font, str(target), options)
    return target


def _number(weight: str) -> int:
    """Which of the collection's fonts is the one for simplified Chinese."""
    from fontTools.ttLib import TTCollection

    with TTCollection(str(NOTO / f"NotoSansCJK-{weight}.ttc"), lazy=True) as collection:
        return [font["name"].getDebugName(1).startswith(ORIGINAL) or font["name"].getDebugName(16) == ORIGINAL
                for font in collection].index(True)  # fmt: skip


def _rename(font: Any, weight: str) -> None:
    names = font["name"]
    plain = FAMILY.replace(" ", "")
    told = {1: FAMILY, 2: weight, 3: f"{plain}-{weight}", 4: f"{FAMILY} {weight}", 6: f"{plain}-{weight}"}
    names.names = [n for n in names.names if n.nameID in (0, 5, 13, 14) and n.platformID == 3 and n.langID == 0x409]
    for number, text in told.items():
        names.setName(text, number, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames[0] = told[6]
    for key, text in (("FamilyName", FAMILY), ("FullName", told[4])):
        setattr(top.topDictIndex[0], key, text)


def main() -> None:
    """Build both weights and say how large they are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("typefaces")
    for weight in WEIGHTS:
        made = build(weight, folder)
        sys.stdout.write(f"{made.name} {made.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
