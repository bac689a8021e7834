"""A home with one file under test, and what is said of it."""

from __future__ import annotations

from pathlib import Path

from basketwatch.domain.model import Universe

PROJECT = Path(__file__).parents[2]

# Written before a docstring that starts with [[member]], so that such a docstring starts on line 6.
HEAD = """\
id = "mine"
name = { zh = "我的", en = "Mine" }
short = { zh = "我", en = "Mine" }
benchmarks = ["000300.SH"]

"""
MEMBER = '[[member]]\nticker = "{}"\nname = {{zh="甲",en="A"}}\nreason = {{zh="乙",en="B"}}\nsince = 2026-11-20\n'


def write(home: Path, text: str | bytes, file: str = "watchlists/mine.toml") -> None:
    (home / file).write_bytes(text if isinstance(text, bytes) else text.encode())


def said(universe: Universe, file: str = "mine") -> list[tuple[int, str, str]]:
    """Line, key and severity of the problems of one file; other files must have none (empty baskets apart)."""
    assert all(f"/{file}.toml" in problem.where for problem in universe.problems), universe.problems
    return [(int(p.where.rpartition(":")[2]), p.key, p.severity) for p in universe.problems]


def params(universe: Universe) -> dict[str, str]:
    (problem,) = universe.problems
    return dict(problem.params)
