"""Cards: pictures for a chat as plain data, a snapshot in, text in the reader's language out. ``share.render`` draws them.

WHAT a card shows is a word: ``today``, ``flags``, ``sectors``, ``weekly``, a basket's id, a ticker, or ``valuation:`` and
one of the last two. A basket of the name of a card gives way to the card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from basketwatch.domain.universe import all_tickers
from basketwatch.errors import UsageError
from basketwatch.views.cards.parts import Data
from basketwatch.words.text import say

if TYPE_CHECKING:
    import pandas as pd

    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.analysis.weekly import Review
    from basketwatch.domain.model import SeriesKey, Universe

WORDS = ("today", "flags", "sectors", "weekly")
VALUATION = "valuation:"


def read(universe: Universe, what: str) -> tuple[str, str]:
    """Kind of a card (the name of its template) and its subject, "" where it has none. Raises UsageError (unknown_card)."""
    if what in WORDS:
        return what, ""
    prefix, subject = (VALUATION, what.removeprefix(VALUATION)) if what.startswith(VALUATION) else ("", what)
    ids = [b.id for b in universe.baskets]
    if subject in ids:
        return ("valuation" if prefix else "basket"), subject
    if subject.upper() in all_tickers(universe):
        return ("valuation" if prefix else "stock"), subject.upper()
    raise UsageError("unknown_card", what=what[:60], known=", ".join((*WORDS, *ids)))


def choices(snapshot: Snapshot, lang: str) -> dict[str, str]:
    """WHAT -> label of the cards that there are: for the day, then a basket each, then valuations and securities."""
    from basketwatch.views import valuation

    labels = {word: say(f"card_kind_{word}", lang) for word in WORDS}
    labels |= {v.basket.id: say("card_kind_basket", lang, name=v.basket.short[lang]) for v in snapshot.baskets}
    subjects = valuation.subjects(snapshot, lang)
    labels |= {VALUATION + k: say("card_kind_valuation", lang, name=name) for k, name in subjects.items()}
    stocks = dict.fromkeys(str(t) for v in snapshot.baskets for t in v.table.index if t in snapshot.table.index)
    return labels | {t: say("card_kind_stock", lang, name=f"{snapshot.name(t)[lang]} {t}") for t in stocks}


def needs(snapshot: Snapshot, what: str, review: Review | None = None) -> list[str]:
    """Tickers whose stored PE histories (``analysis.valuation.readings.histories``) ``card`` wants."""
    kind, subject = read(snapshot.universe, what)
    reading = review.valuation if review else snapshot.valuations.get(subject)
    return [reading.key.ticker] if reading and kind in ("valuation", "weekly") else []


def collected(
    snapshot: Snapshot, what: str, lang: str, histories: Callable[[list[str]], Mapping[SeriesKey, pd.DataFrame]],
    review: Review | None = None,
) -> Data | None:  # fmt: skip
    """``card`` with the PE histories that it wants; ``histories``: tickers -> their stored ones."""
    wanted = needs(snapshot, what, review)
    return card(snapshot, what, lang, histories=histories(wanted) if wanted else {}, review=review)


def card(
    snapshot: Snapshot, what: str, lang: str, *, histories: Mapping[SeriesKey, pd.DataFrame] | None = None,
    review: Review | None = None,
) -> Data | None:  # fmt: skip
    """The data of a card; None where nothing is stored of its subject. Raises UsageError for an unknown WHAT.

    ``review`` is wanted by ``weekly``, whose snapshot is that of ``review.week.at``. Beside the fields of its template
    every card has kind, lang, title, alt (what it shows, in words) and faults (sentences: what is old or missing).
    """
    from basketwatch.views.cards import basket, flags, sectors, stock, today, valuation, weekly

    kind, subject = read(snapshot.universe, what)
    if snapshot.table.empty or (kind == "weekly" and (review is None or review.empty)):
        return None
    if review is not None and kind == "weekly":
        return weekly.card(snapshot, review, histories or {}, lang)
    whole = {"today": today.card, "flags": flags.card, "sectors": sectors.card}
    if kind in whole:
        return whole[kind](snapshot, lang)
    view = snapshot.basket(subject)
    if kind == "basket":
        return basket.card(snapshot, view, lang) if view else None
    if kind == "stock":
        return stock.card(snapshot, subject, lang) if subject in snapshot.table.index else None
    known = subject in snapshot.basket_valuations or subject in snapshot.valuations
    return valuation.card(snapshot, subject, histories or {}, lang) if known else None
