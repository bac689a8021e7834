"""The palette: contrast by the formula of WCAG 2.2, and one home for every colour."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from basketwatch.views import colours
from basketwatch.views.colours import ACCENT, AMBER, CARD, GRID, INK, LABEL, PAGE, TRACK, Colour

ROOT = Path(__file__).resolve().parents[2]
SIDE_BAR = Colour("#f6f7f9", "#1b1e25")  # .streamlit/config.toml, theme.light and theme.dark


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def luminance(channels: tuple[float, ...]) -> float:
    """Relative luminance of sRGB, WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in channels)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def tint(colour: str, ground: str, share: float = 0.14) -> tuple[float, ...]:
    """The ground of a chip: ``color-mix`` of 14 % of its ink."""
    return tuple(share * a + (1 - share) * b for a, b in zip(rgb(colour), rgb(ground), strict=True))


def test_contrast_of_the_standard_s_own_examples() -> None:
    """WCAG's extremes, and #767676, known as the lightest grey that passes on white (4.54)."""
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#ffffff")) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_amber_is_read_on_every_ground_it_stands_on(dark: bool) -> None:
    """Small text needs 4.5: on the page, a card, the side bar, a track, and a chip tinted with itself on each."""
    grounds = [PAGE[dark], CARD[dark], SIDE_BAR[dark]]
    for ground in [*map(rgb, grounds), rgb(TRACK[dark]), *(tint(AMBER[dark], g) for g in grounds)]:
        assert contrast(rgb(AMBER[dark]), ground) >= 4.5
    assert AMBER is colours.DEAR


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_streamlit_s_own_widgets_have_the_same_colours(dark: bool) -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    own = theme["dark" if dark else "light"]
    pairs = {"primaryColor": ACCENT, "linkColor": ACCENT, "textColor": INK, "backgroundColor": PAGE,
             "dataframeBorderColor": GRID, "dataframeHeaderTextColor": LABEL}  # fmt: skip
    assert {key: own[key] for key in pairs} == {key: colour[dark] for key, colour in pairs.items()}
    assert own["sidebar"]["backgroundColor"] == SIDE_BAR[dark]


def test_no_other_file_writes_a_colour() -> None:
    """Six digits, or the two-colour function of CSS. Three digits with opacity are shadows."""
    for path in [*(ROOT / "basketwatch").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "dashboard.py"]:
        if path != Path(colours.__file__):
            found = re.findall(r"#[0-9a-fA-F]{6}\b|light-dark\((?!#0002,#fff2)", path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)}: {found}"


def test_rises_are_red_unless_the_reader_wants_them_green() -> None:
    assert colours.up_and_down(green_up=False) == (colours.RED, colours.GREEN)
    assert colours.up_and_down(green_up=True) == (colours.GREEN, colours.RED)


def test_a_faded_colour() -> None:
    assert colours.faded("#0b8f5a", 0.4) == "rgba(11,143,90,0.4)"
