"""Takes back a PE history that was stored unchecked and that the quote now contradicts, so that the next source is asked.

Baidu's histories bear no price: the PE in Yahoo's quote is all they can be held against. In a run without that quote
they are stored as they are.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from basketwatch import clock
from basketwatch.domain.model import SeriesKey
from basketwatch.errors import SuspectAnswer
from basketwatch.refresh.checks.valuations import LEVEL, hold_against_quote
from basketwatch.refresh.valuations.own_record import recorded
from basketwatch.refresh.valuations.plan import PeAnswer, Stored
from basketwatch.refresh.valuations.read import put_aside
from basketwatch.refresh.work import Work
from basketwatch.store import flags, valuations

UNPRICED = "baidu"


def take_back(work: Work, stored: Stored) -> None:
    """Delete such histories from the store and from ``stored``; what the flags said on them is noted as groundless."""
    answer = PeAnswer()
    for key in [k for k in stored.spans if k.source == UNPRICED]:
        error = _contradiction(work, key, stored)
        if error is None:
            continue
        answer.failures.append((key.ticker, key.source, error))
        valuations.drop(work.store, key)
        flags.note_groundless(work.store, key.ticker, key.source)
        del stored.spans[key]
        stored.states.pop(key.ticker, None)  # as a history that was never read
    put_aside(work, answer, clock.now())


def _contradiction(work: Work, key: SeriesKey, stored: Stored) -> SuspectAnswer | None:
    """What the quote says against a history; None where it agrees, or agreed once.

    Once they agreed, a gap between them is a report that one of the two does not have yet, or a wrong quote.
    """
    quote = work.quotes.get(key.ticker)
    row = recorded(quote) if quote is not None else None
    if quote is None or row is None:
        return None
    found = valuations.read(work.store, [key.ticker])
    rows = found[key].assign(ticker=key.ticker, source=key.source)
    own = SeriesKey(key.ticker, row["source"], row["definition"])
    if own in found and _agreed(rows, found[own]):
        return None
    try:
        hold_against_quote(rows, quote["pe_ttm"], quote["session"])
    except SuspectAnswer as error:
        return error
    return None


def _agreed(rows: pd.DataFrame, record: pd.DataFrame) -> bool:
    """Whether both are on one level on any session that they share."""
    both = rows.merge(record, on="session", suffixes=("", "_own"))
    both = both[(both["pe"] > 0) & (both["pe_own"] > 0)]
    return bool((np.abs(np.log(both["pe"] / both["pe_own"])) <= LEVEL).any())
