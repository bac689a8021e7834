"""The palette: every colour of the pages, in light and in dark. CSS, Plotly and the tables take theirs from here.

Red and green belong to rises and falls; which of them is a rise, the reader chooses. Amber is dear, and a warning; teal
is cheap. ``.streamlit/config.toml`` repeats some of these for Streamlit's own widgets.
"""

from __future__ import annotations

from typing import NamedTuple


class Colour(NamedTuple):
    """A colour on the light page and on the dark one; ``colour[dark]`` is the one to use."""

    light: str
    dark: str

    @property
    def css(self) -> str:
        """The colour as CSS that follows the theme."""
        return f"light-dark({self.light},{self.dark})"


RED = Colour("#cf2338", "#ff6b76")
GREEN = Colour("#0b8f5a", "#3ecf8e")
AMBER = Colour("#8a5a00", "#e3b341")
TEAL = Colour("#0e7490", "#4fc3d9")
ACCENT = Colour("#2b5bd7", "#7aa2ff")
DEAR, CHEAP = AMBER, TEAL

INK = Colour("#1c1f26", "#e6e8ec")
SOFT = Colour("#667085", "#98a1b2")
CARD = Colour("#ffffff", "#1a1d23")
PAGE = Colour("#ffffff", "#14161b")
LINE = Colour("#e3e6eb", "#2c313a")
TRACK = Colour("#edf0f4", "#2a2f38")
ON_COLOUR = Colour("#ffffff", "#10131a")  # ink on a full red, green or accent

# of charts and tables
LABEL = Colour("#5a6272", "#9aa3b2")
GRID = Colour("#e8ebf0", "#262a33")
PRICE = Colour("#3d4452", "#c3c9d4")  # a price line beside a coloured multiple
NEUTRAL = Colour("#8494b2", "#8494b2")  # a place in history: neither rise and fall nor dear and cheap
# lines side by side; the accent first: the basket. The others are benchmarks, in quieter colours
SERIES = (
    ACCENT, Colour("#6b7280", "#a3abba"), Colour("#b7791f", "#e3b341"), Colour("#0f766e", "#4fd1c5"),
    Colour("#9333a8", "#d08be0"),
)  # fmt: skip

# Cells of a map: a background and the ink on it, from a small move to the largest; the same in light and dark.
STEPS_OF_RED = (("#f8dade", "#1c1f26"), ("#eda0a9", "#1c1f26"), ("#d33c50", "#ffffff"), ("#b3192d", "#ffffff"))
STEPS_OF_GREEN = (("#d3ecdf", "#1c1f26"), ("#8fcdae", "#1c1f26"), ("#207f56", "#ffffff"), ("#075f3b", "#ffffff"))
NO_STEP = ("#e6e9ee", "#1c1f26")
STEPS_OF_PE = (  # from cheap to dear
    ("#8ed0da", "#1c1f26"), ("#cfe9ed", "#1c1f26"), NO_STEP, ("#f3dfb4", "#1c1f26"), ("#dba63a", "#1c1f26"),
)  # fmt: skip

VARIABLES = "".join(
    f"--{name}:{colour.css};"
    for name, colour in {
        "red": RED, "green": GREEN, "ink": INK, "soft": SOFT, "line": LINE, "card": CARD, "page": PAGE, "track": TRACK,
        "accent": ACCENT, "amber": AMBER, "teal": TEAL, "on-colour": ON_COLOUR,
    }.items()
)  # fmt: skip


def faded(colour: str, share: float) -> str:
    """``colour`` (#rrggbb) at an opacity of ``share`` (0 to 1)."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def up_and_down(*, green_up: bool) -> tuple[Colour, Colour]:
    """The colours of a rise and of a fall."""
    return (GREEN, RED) if green_up else (RED, GREEN)
