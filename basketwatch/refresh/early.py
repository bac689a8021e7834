"""A run's first questions, one a chain of quotes, sent before pandas is loaded: their answers travel meanwhile.

Loading pandas takes longer than an answer does. So nothing that is imported here, and nothing that a source does
before its answer has come, may need it; ``tests/test_ahead.py`` holds that.
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
    """Ask the first source of each chain for all of its tickers; ``answer`` hands out what it said.

    The sectors' page bears no date, so without the mainland's calendar they have to wait.
    """
    now = clock.now()
    day = begun(work, "CN", now)
    for lane, (source, *_) in chains.QUOTES.items():
        asked = sorted(t for t in tickers if chains.lane(t) == lane and chains.serves(source, t))
        if asked and (lane != "sectors" or "CN" in work.calendars):
            fetch = partial(chains.fetch_quotes, source, asked, session=day, now=now)
            work.ahead[source] = (asked, ask_early({source: fetch})[source])


def answer(work: Work, source: str, asked: Sequence[str], *, session: date, now: datetime) -> Any:
    """Quotes (columns.QUOTES) of one source: those asked for ahead, where they are the same, or asked for now.

    Raises SourceError.
    """
    before, coming = work.ahead.pop(source, (None, None))
    if coming is None or before != list(asked):
        return chains.fetch_quotes(source, asked, session=session, now=now)
    with chains.bugs_said(source):
        return coming.result(work.left())
