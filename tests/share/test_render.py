"""Pictures by the real engine: every card in both languages and themes, and data that look like markup."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from basketwatch.domain.model import Names
from basketwatch.share import build_font, fonts, render
from basketwatch.views import colours
from tests.share.made import WHATS, called, card, snapshot
from tests.stores import PROJECT

TEMPLATES = sorted(render.TEMPLATES.glob("*.typ"))
MOST = 2_000_000  # bytes that a chat takes


def size(png: bytes) -> tuple[int, int]:
    """Pixels of a PNG."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("what", WHATS)
def test_every_card_is_drawn_without_a_font_of_the_system(what: str, lang: str, dark: bool) -> None:
    made = render.render(card(what, lang), dark=dark, system_fonts=False)
    width, height = size(made.data)
    assert width == 2160 and 900 < height < 5200
    assert len(made.data) <= MOST and made.missing == () and made.mime == "image/png"


def test_widths_and_formats() -> None:
    data = card("today", "zh")
    assert size(render.render(data, width=540).data)[0] == 1080
    svg, pdf = render.render(data, "svg"), render.render(data, "pdf")
    assert svg.data.startswith(b"<svg") and f"<title>{svg.alt}</title>".encode() in svg.data
    assert pdf.data.startswith(b"%PDF") and b"BasketwatchSans" in pdf.data
    paper = render.render(card("weekly", "zh"), "pdf").data
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 3


def test_red_rises_unless_the_reader_has_it_otherwise() -> None:
    assert render.palette(dark=False, green_up=False)["up"] == colours.RED.light
    assert render.palette(dark=True, green_up=True)["up"] == colours.GREEN.dark


def test_threads_draw_side_by_side() -> None:
    data = card("valuation:cpo", "en")
    alone = render.render(data, "svg").data
    with ThreadPoolExecutor(4) as pool:
        assert {p.data for p in pool.map(lambda _: render.render(data, "svg"), range(8))} == {alone}


# --- data are text -----------------------------------------------------------------------------------------------

MARKUP = ['#image("/etc/passwd")', "*b*_i_", "$x^2$", "`c`<l>@r", "=h//c/*x*/", '#import("x")', "--~\\u{41}"]


def glyphs(data: dict[str, Any]) -> int:
    """How many glyphs are drawn."""
    return render.render(data, "svg", system_fonts=False).data.count(b"<use ")


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_name_is_text(text: str) -> None:
    plain = "".join("x" for c in text if not c.isspace())
    shown = [glyphs(card("cpo", "en", called({}, Names(name, name)))) for name in (text, plain)]
    assert shown[0] == shown[1]


def test_odd_names_are_drawn_or_named() -> None:
    odd = {
        0: Names("龘䶮龘䶮", "Odd"),
        1: Names("😀🚀", "🚀"),
        2: Names("مرحبا", "Arabic"),
        3: Names("长" * 10_000, "x" * 10_000),
    }
    made = render.render(card("cpo", "zh", called(odd)), system_fonts=False)
    assert {"龘", "䶮", "😀", "🚀"} <= set(made.missing) and "长" not in made.missing
    assert "😀" in render.missing_sentence(made, "zh") and len(made.data) <= MOST


def test_a_name_without_glyphs_gives_way_to_its_latin_form() -> None:
    data = {"name": {"text": "龘", "latin": "Odd"}, "run": {"text": "中", "latin": "C", "tone": "up"}, "plain": "a龘"}
    assert render._settled(data, frozenset("龘")) == {"name": "Odd", "run": {"text": "中", "tone": "up"}, "plain": "a□"}


def test_five_hundred_members() -> None:
    own = snapshot()
    view = own.baskets[0]
    home = view.table.loc[view.table["group"] == "CN"]
    table = pd.concat([home.assign(k=k) for k in range(20)]).iloc[:500]
    table.index = pd.Index([f"{600000 + i}.SH" for i in range(500)])
    many = replace(own, baskets=(replace(view, table=table), *own.baskets[1:]))
    made = card("cpo", "en", many)
    assert len(made["members"]) == 30 and made["rest"] == "470 more"
    assert len(render.render(made, system_fonts=False).data) <= MOST


# --- templates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_fetch_nothing(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "@" not in re.sub(r"//.*", "", text), "a package would be fetched from the network"
    assert not re.search(r"\b(eval|read|image|plugin)\(", text)
    assert set(re.findall(r'#import "([^"]+)"', text)) <= {"common.typ"}


def sizes(path: Path) -> Iterator[float]:
    """Every size of text that a template names."""
    text = path.read_text("utf-8")
    for found in re.findall(r"(?:\bsize|label|small|body-size|base|tiny)\s*[:=]\s*([0-9.]+)pt", text):
        yield float(found)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_no_letter_is_too_small_for_a_phone(path: Path) -> None:
    least = 7 if path.name == "weekly.typ" else 28  # printed, or 10 pixels where 1080 are shown as 390
    assert min(sizes(path), default=least) >= least
    assert "scale(" not in path.read_text("utf-8")


def test_every_kind_has_its_template() -> None:
    assert {card(what, "en")["kind"] for what in WHATS} == {p.stem for p in TEMPLATES} - {"common"}


# --- the typeface ------------------------------------------------------------------------------------------------


def test_the_typeface_comes_along_with_its_licence() -> None:
    files = {p.name: p.stat().st_size for p in fonts.FOLDER.iterdir()}
    assert set(files) == {"BasketwatchSans-Regular.otf", "BasketwatchSans-Bold.otf", "OFL.txt"}
    assert max(files.values()) <= 4_000_000
    patterns = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"][
        "basketwatch"
    ]
    for path in (*fonts.FOLDER.iterdir(), *TEMPLATES):
        assert any(fnmatch(path.relative_to(PROJECT / "basketwatch").as_posix(), p) for p in patterns)


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_the_typeface_has_every_character_of_texts_and_files(weight: str) -> None:
    path = fonts.FOLDER / f"BasketwatchSans-{weight}.otf"
    lost = {c for c in build_font.characters() if not fonts.has(path, 0, c)}
    known = {c for c in lost if "\u0100" <= c < "\u0180"}  # a few Latin letters that Noto Sans CJK does not have
    assert lost == known, "run python -m basketwatch.share.build_font"


def test_the_system_is_asked_only_for_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda: pytest.fail("the fonts of the system were looked at"))
    assert fonts.choose(["中际旭创 +1.23%", "廣達電腦"]) == fonts.Choice((fonts.FAMILY,), frozenset())
    assert fonts.choose(["龘"], system=False).missing == {"龘"}


def test_the_engine_is_loaded_by_a_picture_and_not_before() -> None:
    look = "import sys; from basketwatch.share import fonts, render; from basketwatch.views import cards; "
    done = subprocess.run([sys.executable, "-c", look + "print({'typst', 'uharfbuzz'} & {*sys.modules})"],
                          cwd=PROJECT, capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "set()\n"
