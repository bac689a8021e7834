"""What is asked once a week and on demand: the table of securities, and the boards that baskets are held against."""

from __future__ import annotations

import json
from collections.abc import Sequence

from basketwatch import clock
from basketwatch.errors import SourceError, SuspectAnswer
from basketwatch.files.notes.index import bare
from basketwatch.files.notes.pinyin import readings
from basketwatch.refresh.work import Part, Work
from basketwatch.sources import boards, eastmoney, listing
from basketwatch.store import notes, securities

LISTING, BOARDS = "listing", "boards"
LEAST_SHARE = 0.8  # of the securities that are known of a market must be in a new list


def update(work: Work, only: Sequence[str]) -> None:
    """Bring the parts that are asked for up to date; a source that fails leaves what is stored."""
    notes.note(work.store, notes.WEEKLY_TRIED, clock.iso(clock.now()))
    if LISTING in only:
        _listing(work)
    if BOARDS in only:
        for name in dict.fromkeys(b.board for b in work.universe.baskets if b.board):
            _board(work, name)


def _listing(work: Work) -> None:
    known = [row.ticker for row in securities.read(work.store)]
    for source, suffix in listing.SUFFIX.items():
        stored = sum(ticker.endswith(f".{suffix}") for ticker in known)
        part = Part(LISTING, source, 1)
        work.parts.append(part)
        work.step(LISTING)
        try:
            rows = listing.fetch(source)
            if len(rows) < LEAST_SHARE * stored:
                raise SuspectAnswer(source=source, ticker=suffix, detail=f"{len(rows)} rows, {stored} known")
        except SourceError as error:
            part.failed(source, error)
            continue
        triples = zip(*(rows[column].astype(str) for column in listing.COLUMNS), strict=True)
        kept = [securities.Row(ticker, zh, en, "", "|".join(readings(bare(zh)))) for ticker, zh, en in triples]
        securities.save(work.store, suffix, kept, clock.now())
        part.got = 1
        part.gave(source)


def _board(work: Work, name: str) -> None:
    """The members of one board; its code is looked for once, and again where it has no members any more."""
    part = Part(BOARDS, name, 1)
    work.parts.append(part)
    work.step(BOARDS)
    note = f"board_{name}"[:40]
    try:
        noted = notes.noted(work.store, note)
        code = json.loads(noted)["code"] if noted else boards.find_code(name)
        members = boards.fetch_members(code)
    except SourceError as error:
        part.failed(eastmoney.SOURCE, error)
        return
    securities.save_board(work.store, name, members, now := clock.now())
    notes.note(work.store, note, json.dumps({"code": code, "at": clock.iso(now)}))
    part.got = 1
    part.gave(eastmoney.SOURCE)
