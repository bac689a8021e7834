"""``watchlists/flags.toml`` as the Flags page edits it: read, changed in place with its comments, and saved whole.

Nobody's work is lost: what is saved is held against the file as it was read, and a file that cannot be read whole is
not written at all.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from filelock import Timeout

from basketwatch.domain import rules as domain_rules
from basketwatch.domain.model import Problem, Rule
from basketwatch.domain.rules import SPECS
from basketwatch.errors import UsageError
from basketwatch.files import flag_rules, saving
from basketwatch.files.toml import Doc, documents, located

FILE = f"watchlists/{domain_rules.FILE}.toml"
_HEAD = "# Flag rules. What is not set here keeps its default; watchlists/README.md says what each threshold means.\n"


@dataclass(frozen=True)
class Book:
    """The file as it was read: its rules (defaults where it sets none), its faults, and its sha256.

    ``broken``: it cannot be read whole, so it is not to be written.
    """

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    sha256: str
    broken: bool


def read(home: Path) -> Book:
    """The rules under ``home``; a file that is not there has none set."""
    faults: list[Problem] = []
    docs = documents(home / "watchlists", faults)
    doc = docs.get(domain_rules.FILE)
    found = flag_rules.read(doc)
    own = [p for p in faults if p.where.startswith(f"{FILE}:")] + (located(doc) if doc else [])
    broken = doc is None and domain_rules.FILE in docs
    return Book(
        found, tuple(own), doc.sha256 if doc else saving.ABSENT, broken or any(p.severity == "hard" for p in own)
    )


def faults(chosen: Sequence[Rule]) -> list[Problem]:
    """What is wrong with rules that a person has set in the editor, by the same judge as the file's."""
    document = tomlkit.document()
    for rule in chosen:
        document[rule.id] = tomlkit.item(_table(rule))
    text = tomlkit.dumps(document)
    doc = Doc(FILE, domain_rules.FILE, "", text, tomllib.loads(text))
    flag_rules.read(doc)
    return located(doc)


def changed(text: str, before: Sequence[Rule], after: Sequence[Rule]) -> str:
    """``text`` with what differs between the two written in; everything else, comments too, as it stands."""
    document = tomlkit.parse(text)
    known = {rule.id: _table(rule) for rule in before}
    for rule in after:
        new = {k: v for k, v in _table(rule).items() if known[rule.id][k] != v}
        if new and rule.id not in document:
            document[rule.id] = tomlkit.table()
        for key, value in new.items():
            document[rule.id][key] = value
    return tomlkit.dumps(document)


def save(home: Path, book: Book, chosen: Sequence[Rule]) -> Book:
    """Write ``chosen`` into the file that ``book`` was read from; returns it as it is now.

    Raises UsageError: rules_faulty (what the editor sent makes no sense), rules_broken (the file cannot be read
    whole), rules_changed (it is no longer the one that was read), rules_unwritable.
    """
    wrong = faults(chosen)
    if wrong:
        raise UsageError("rules_faulty", rule=dict(wrong[0].params).get("rule", "–"))
    if book.broken:
        raise UsageError("rules_broken", file=FILE)

    def change(data: bytes) -> bytes:
        mark = saving.MARK if data.startswith(saving.MARK) else b""
        text = data.removeprefix(saving.MARK).decode() or _HEAD
        return mark + changed(text, book.rules, chosen).encode()

    try:
        saving.save(home / FILE, book.sha256, change)
    except (Timeout, saving.Changed):
        raise UsageError("rules_changed", file=FILE) from None
    except OSError as fault:
        raise UsageError("rules_unwritable", file=FILE, detail=fault.strerror) from None
    return read(home)


def _table(rule: Rule) -> dict[str, bool | str | int | float]:
    """A rule as its table in the file: whole numbers without a point, no traces of binary fractions."""
    whole = {key: t.unit == "whole" for key, t in SPECS[rule.id].thresholds.items()}
    values = {key: int(v) if whole[key] and v == int(v) else round(float(v), 6) for key, v in rule.values.items()}
    return {"enabled": rule.enabled, "severity": rule.severity, "cooldown": rule.cooldown, **values}
