"""Faults that a check found in an answer, and the remarks that stay with data kept in spite of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from basketwatch.domain.model import Severity


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a row. ``values`` are the numbers it is about, ``detail`` the same as text."""

    ticker: str
    session: date | None
    key: str
    detail: str
    severity: Severity
    values: tuple[tuple[str, float], ...] = ()


# Soft faults that stay true of what was kept, the gravest first; an old day is said by the state word itself.
REMARKS = ("unexplained_jump", "revised", "holes", "incomplete", "not_final", "no_name")
Params = tuple[tuple[str, str], ...]


def remark(faults: Iterable[Fault], ticker: str, source: str) -> tuple[str | None, Params]:
    """Key and parameters for the state word of data that were kept in spite of soft faults; None without any.

    The gravest gives the sentence, ``detail`` being that of its newest row; the others follow as key and detail.
    ``remarks`` takes them apart again.
    """
    details: dict[str, list[str]] = {}
    for fault in faults:
        if fault.severity == "soft" and fault.key in REMARKS:
            day = f"{fault.session} " if fault.session else ""
            details.setdefault(fault.key, []).append(f"{day}{fault.detail}".strip())
    told = [
        (k, details[k][-1] + (f" +{len(details[k]) - 1}" if details[k][1:] else "")) for k in REMARKS if k in details
    ]
    if not told:
        return None, ()
    (key, detail), others = told[0], told[1:]
    return key, (("ticker", ticker), ("source", source), ("detail", detail), *others)


def remarks(key: str | None, params: Params) -> list[tuple[str, Params]]:
    """The sentences (key, parameters) that ``remark`` put into one state word; none for any other key."""
    if key not in REMARKS:
        return []
    common = tuple((name, value) for name, value in params if name in ("ticker", "source"))
    found = [(key, tuple((name, value) for name, value in params if name not in REMARKS))]
    return found + [(name, (*common, ("detail", value))) for name, value in params if name in REMARKS]
