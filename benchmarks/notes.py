"""Companies in pasted texts: how long a hundred pages take, and precision and recall on the labelled set of the tests."""

from __future__ import annotations

import time
from statistics import median

from basketwatch.files.baskets import read_universe
from basketwatch.files.notes.index import Index, built
from basketwatch.files.notes.note import resolve
from basketwatch.settings import PROJECT
from tests.files.notes_set import ROWS

from .bench import Bench
from .report import Metric

CHARACTERS = 92_100  # a hundred pages
SECONDS = 0.5


def notes(bench: Bench) -> list[Metric]:
    """Warm: names, pinyin and characters are loaded by a first text."""
    index = built(read_universe(PROJECT))
    text = "\n".join(row[0] for row in ROWS)
    pages = (text * (CHARACTERS // len(text) + 1))[:CHARACTERS]
    resolve(text, index)
    seconds = []
    for _ in range(bench.repetitions):
        begun = time.process_time()
        resolve(pages, index)
        seconds.append(time.process_time() - begun)
    spent = median(seconds)
    rows = [
        Metric(
            "notes", "a hundred pages, warm", spent, None, "", "s", f"≤ {SECONDS}", spent <= SECONDS, {"ours": seconds}
        )
    ]
    return [
        *rows,
        *(
            Metric("notes", name, share, None, "", "", "≥ 0.98", share >= 0.98)
            for name, share in quality(index).items()
        ),
    ]


def quality(index: Index) -> dict[str, float]:
    """Precision and recall of what is matched or offered, over the labelled sentences."""
    wanted = {(n, t) for n, (_, named, unsure) in enumerate(ROWS) for t in named | unsure}
    found = set()
    for n, (text, _, _) in enumerate(ROWS):
        resolved = resolve(text, index)
        found |= {(n, t) for m in resolved.matches for t in m.tickers}
        found |= {(n, t) for u in resolved.ambiguous for t, _ in u.candidates}
    right = len(wanted & found)
    return {"precision": right / len(found), "recall": right / len(wanted)}
