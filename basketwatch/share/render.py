"""A card's data and its template become a picture: PNG, SVG or PDF, as bytes.

Data go in as JSON and stay text: nothing of them is read as markup. Templates are the files of ``cards``; they import
nothing from outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from basketwatch.share import fonts
from basketwatch.views import colours
from basketwatch.words.text import escape, say

TEMPLATES = Path(__file__).with_name("cards")
SUFFIXES = ("png", "svg", "pdf")
WIDTH, SCALE = 1080, 2  # of a card, in its own pixels; and how many of the picture's make one of them
WIDTHS = (360, 2160)
_PAPER = {"weekly": 210 / 25.4 * 72}  # templates whose pages are of another width than a card's
_LOCK = Lock()  # a compiler serves one thread at a time


@dataclass(frozen=True, slots=True)
class Picture:
    """``data``: the file; ``alt``: what it shows, in words; ``missing``: characters that no typeface had, sorted."""

    data: bytes
    suffix: str
    alt: str
    missing: tuple[str, ...]

    @property
    def mime(self) -> str:
        """Media type of ``data``."""
        return {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}[self.suffix]


def render(
    card: Mapping[str, Any], suffix: str = "png", *, dark: bool = False, green_up: bool = False, width: int = WIDTH,
    system_fonts: bool = True,
) -> Picture:  # fmt: skip
    """Draw a card (``views.cards``). ``suffix``: png, svg or pdf; ``width``: of a PNG, which has twice as many
    pixels.

    A name that no typeface can write gives way to its Latin form, other such characters to □. Of a card with several
    pages PNG and SVG show the first.
    """
    chosen = fonts.choose(_texts(card, _first), system=system_fonts)
    shown = _settled(card, chosen.missing)
    families = fonts.choose(_texts(shown, _first), system=system_fonts).families
    look = {"fonts": families, "colours": palette(dark=dark, green_up=green_up)}
    inputs = {"card": json.dumps(shown, ensure_ascii=False), "look": json.dumps(look, ensure_ascii=False)}
    with _LOCK:
        made = _compiler(len(families) > 1).compile(
            str(TEMPLATES / f"{card['kind']}.typ"),
            format=suffix,
            sys_inputs=inputs,
            ppi=72.0 * SCALE * width / _PAPER.get(card["kind"], WIDTH),
        )
    data = made[0] if isinstance(made, list) else made
    alt = str(shown["alt"])
    return Picture(_titled(data, alt) if suffix == "svg" else data, suffix, alt, tuple(sorted(chosen.missing)))


@lru_cache(maxsize=2)
def _compiler(system: bool) -> Any:
    import typst

    return typst.Compiler(root=str(TEMPLATES), font_paths=[str(fonts.FOLDER)], ignore_system_fonts=not system)


def drawn(card: Mapping[str, Any], lang: str, **look: Any) -> tuple[Picture, tuple[str, ...]]:
    """A card's picture, and what is to be said of it: what is old or missing, characters that no typeface has.

    ``look``: as of ``render``.
    """
    picture = render(card, **look)
    missing = missing_sentence(picture, lang)
    return picture, (*card["faults"], *([missing] if missing else []))


def palette(*, dark: bool, green_up: bool) -> dict[str, str]:
    """Name -> colour of what a template may use."""
    up, down = colours.up_and_down(green_up=green_up)
    named = {
        "up": up, "down": down, "flat": colours.LABEL, "soft": colours.LABEL, "ink": colours.INK, "dear": colours.DEAR,
        "cheap": colours.CHEAP, "amber": colours.AMBER, "accent": colours.ACCENT, "page": colours.PAGE,
        "line": colours.LINE, "track": colours.TRACK, "on": colours.ON_COLOUR, "neutral": colours.NEUTRAL,
    }  # fmt: skip
    return {name: colour[dark] for name, colour in named.items()}


# --- names and characters ----------------------------------------------------------------------------------------


def _first(name: Mapping[str, Any]) -> str:
    return str(name["text"])


def _texts(value: Any, write: Callable[[Mapping[str, Any]], str]) -> Iterator[str]:
    """Every text of a card's data, of a name the one that ``write`` gives."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if "latin" in value:
            yield write(value)
        else:
            for inner in value.values():
                yield from _texts(inner, write)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, write)


def _settled(value: Any, missing: frozenset[str]) -> Any:
    """The data without ``missing`` characters, and a name as the one text that is drawn."""
    if isinstance(value, str):
        return "".join("□" if c in missing else c for c in value) if missing.intersection(value) else value
    if isinstance(value, Mapping):
        if "latin" in value:
            text = str(value["latin"] if missing.intersection(value["text"]) else value["text"])
            rest = {k: v for k, v in value.items() if k not in ("text", "latin")}
            return rest | {"text": _settled(text, missing)} if rest else _settled(text, missing)
        return {k: _settled(v, missing) for k, v in value.items()}
    return [_settled(v, missing) for v in value] if isinstance(value, list | tuple) else value


def missing_sentence(picture: Picture, lang: str) -> str:
    """What is said of the characters that no typeface had; "" where all were there."""
    return say("card_glyphs", lang, characters=" ".join(picture.missing)) if picture.missing else ""


def _titled(svg: bytes, alt: str) -> bytes:
    """An SVG with its alternative text as title."""
    end = svg.index(b">", svg.index(b"<svg")) + 1
    return svg[:end] + f"<title>{escape(alt)}</title>".encode() + svg[end:]
