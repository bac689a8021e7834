"""Sends each group's first quote request before pandas is imported, to overlap the import with the network.

Importing pandas takes longer than an answer. Neither this module's imports nor a source's code before its answer may
need pandas; ``tests/refresh/test_ahead.py`` checks that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from basketwatch import clock
from basketwatch.refresh.work import Work, ask_early, begun
from basketwatch.sources import chains


def ask(work: Work, tickers: Sequence[str]) -> None:
    """Ask the first source of each group for all its tickers; ``answer`` returns what arrives.

    The sectors' page has no date, so without the mainland's calendar sectors are not asked early.
    """
    now = clock.now()
    day = begun(work, "CN", now)
    for lane, (source, *_) in chains.QUOTES.items():
        asked = sorted(t for t in tickers if chains.lane(t) == lane and chains.serves(source, t))
        if asked and (lane != "sectors" or "CN" in work.calendars):
            fetch = partial(chains.fetch_quotes, source, asked, session=day, now=now)
            work.ahead[source] = (asked, ask_early({source: fetch})[source])


def answer(work: Work, source: str, asked: Sequence[str], *, session: date, now: datetime) -> Any:
    """Quotes (columns.QUOTES) of one source: the early answer if it was asked for the same tickers, else a new request.

    Raises SourceError.
    """
    before, coming = work.ahead.pop(source, (None, None))
    if coming is None or before != list(asked):
        return chains.fetch_quotes(source, asked, session=session, now=now)
    with chains.bugs_said(source):
        return coming.result(work.left())
