"""The catalogue: every text that a person reads, key -> (zh, en). One line a text where it fits.

An error's or a problem's sentence says what happened, to what, and what to do.
"""

from __future__ import annotations

from basketwatch.words.catalogue import cards, chain, edit, flag_pages, flags, market, sectors, share, valuation
from basketwatch.words.catalogue.checks import CHECKS
from basketwatch.words.catalogue.doctor import DOCTOR
from basketwatch.words.catalogue.errors import SENTENCES
from basketwatch.words.catalogue.files import FILES
from basketwatch.words.catalogue.pages import UI

CATALOGUE: dict[str, tuple[str, str]] = (
    UI
    | SENTENCES
    | FILES
    | CHECKS
    | DOCTOR
    | market.TEXTS
    | valuation.TEXTS
    | sectors.TEXTS
    | flags.TEXTS
    | flag_pages.TEXTS
    | edit.TEXTS
    | chain.TEXTS
    | cards.TEXTS
    | share.TEXTS
)
