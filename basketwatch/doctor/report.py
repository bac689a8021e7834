"""What was found, for machines and for people. The words are in the catalogue."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from basketwatch import clock
from basketwatch.domain.model import Problem
from basketwatch.errors import BasketwatchError, SourceError
from basketwatch.sources import chains
from basketwatch.sources.net import guard
from basketwatch.words.text import DASH, age, say, sentence, source_name

QUOTING = {*chains.QUOTES["china"], *chains.QUOTES["abroad"]}
PANDAS_BELOW = 4  # akshare and yfinance use calls that it removes

Detail = str | BasketwatchError  # facts that need no words, or an error whose sentence is said in the reader's language


@dataclass(frozen=True, slots=True)
class Stored:
    """What was read from the store: facts for the report, and what the requests and questions need of it."""

    facts: dict[str, Any]
    error: BasketwatchError | None = None
    breakers: tuple[guard.Breaker, ...] = ()
    new: tuple[str, ...] = ()  # stocks whose name says that they were listed a few days ago
    share: tuple[date, float, str] | None = None  # session, close and source of SHARE's last bar
    bounds: Mapping[str, date] = field(default_factory=dict)  # market group -> last stored session


@dataclass(frozen=True, slots=True)
class Asked:
    """One light request: ``state`` is a state word, ``ms`` the time on the wire (None: nothing was sent)."""

    source: str
    state: str
    ms: int | None
    rows: int
    session: str | None
    error: BasketwatchError | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One assumption (a key of the catalogue) and whether it holds; None where nothing could tell."""

    id: str
    assumption: str
    holds: bool | None
    detail: Detail


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found; ``well`` is what the exit status says."""

    now: datetime
    offline: bool
    versions: dict[str, str | None]
    problems: tuple[Problem, ...]
    stored: Stored
    calendars: dict[str, dict[str, Any]]
    fonts: list[str]
    browser: str | None
    sources: tuple[Asked, ...]
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Files without hard problems, a sound store (or none yet), and a source of quotes that answers."""
        sound = self.stored.error is None and not self.stored.facts.get("damaged")
        files = not any(p.severity == "hard" for p in self.problems)
        return sound and files and (self.offline or any(s.state == "ok" and s.source in QUOTING for s in self.sources))

    def as_json(self) -> dict[str, Any]:
        """The object of ``doctor --json``; sentences in English."""
        first = [{"where": p.where, "message": sentence(p), "severity": p.severity} for p in self.problems[:5]]
        sources = [
            {"source": s.source, "state": s.state, "ms": s.ms, "rows": s.rows, "session": s.session,
             "error": s.error and _said(s.error, "en")}
            for s in self.sources
        ]  # fmt: skip
        assumptions = [{"id": f.id, "holds": f.holds, "detail": _said(f.detail, "en")} for f in self.findings]
        return {
            "now": clock.iso(self.now),
            "well": self.well,
            "offline": self.offline,
            "versions": self.versions,
            "pandas_ok": _fits(self.versions),
            "files": {"problems": len(self.problems), "first": first},
            "store": self.stored.facts | {"error": self.stored.error and _said(self.stored.error, "en")},
            "calendars": self.calendars,
            "fonts": self.fonts,
            "browser": self.browser,
            "sources": sources,
            "assumptions": assumptions,
        }

    def as_text(self, lang: str) -> str:
        """The same for people: a label and its lines."""
        blocks = {
            "doctor_installed": _installed_lines(self.versions, lang),
            "doctor_files": _file_lines(self.problems, lang),
            "doctor_store": _store_lines(self.stored, self.now, lang),
            "doctor_calendars": [_calendar_line(g, c, lang) for g, c in self.calendars.items()],
            "doctor_fonts": [_some(self.fonts) if self.fonts else say("doctor_no_fonts", lang)],
            "doctor_browser": [self.browser or say("doctor_no_browser", lang)],
            "doctor_sources": _source_lines(self.sources, lang) or [say("doctor_offline", lang)],
            "doctor_assumptions": [_finding_line(f, lang) for f in self.findings] or [say("doctor_offline", lang)],
        }
        lines = [f"basketwatch doctor · {clock.iso(self.now)}"]
        for key, block in blocks.items():
            lines += [_pad(say(key, lang) if i == 0 else "", 14) + line for i, line in enumerate(block)]
        return "\n".join(lines)


def _said(detail: Detail, lang: str) -> str:
    """Facts as they are; of an error its sentence."""
    return detail if isinstance(detail, str) else sentence(detail, lang)


def _installed_lines(versions: Mapping[str, str | None], lang: str) -> list[str]:
    named = [f"{name} {version or say('doctor_missing', lang)}" for name, version in versions.items()]
    lines = [" · ".join(part) for part in (named[:2], named[2:7], named[7:])]
    if not _fits(versions):
        lines.append(say("doctor_pandas", lang, version=versions["pandas"], below=PANDAS_BELOW))
    return lines


def _fits(versions: Mapping[str, str | None]) -> bool:
    return int((versions["pandas"] or "0").partition(".")[0]) < PANDAS_BELOW


def _file_lines(problems: tuple[Problem, ...], lang: str) -> list[str]:
    first = [f"{p.where}: {sentence(p, lang)}" for p in problems[:3]]
    return [say("doctor_problems", lang, count=len(problems)), *first]


def _store_lines(stored: Stored, now: datetime, lang: str) -> list[str]:
    facts = stored.facts
    lines = [facts["path"]]
    if not facts["exists"]:
        lines[0] += " · " + say("doctor_no_store", lang, free=_size(facts["free"]))
    elif "size" in facts:
        lines[0] += " · " + say("doctor_place", lang, size=_size(facts["size"]), free=_size(facts["free"]))
    if facts.get("writable") is False:
        lines.append(say("doctor_not_writable", lang))
    if stored.error:
        return [*lines, _said(stored.error, lang)]
    if "version" not in facts and not facts["exists"]:
        return lines
    if "version" not in facts:
        return [*lines, say("nothing_stored", lang)]
    run = facts["last_run"] and (facts["last_run"]["finished"] or facts["last_run"]["started"])
    ran = age(now - datetime.fromisoformat(run), lang) if run else DASH
    lines.append(say("doctor_contents", lang, **{**facts, "ran": ran}))
    if facts["damaged"]:
        lines.append(say("doctor_damaged", lang, tickers=_some(facts["damaged"])))
    return lines


def _calendar_line(group: str, calendar: Mapping[str, Any], lang: str) -> str:
    end = calendar["bound"] or say("doctor_no_end", lang)
    return (
        _pad(say(f"group_{group}", lang), 12) + end + ("" if calendar["confirmed"] else f"  {say('unconfirmed', lang)}")
    )


def _source_lines(sources: Sequence[Asked], lang: str) -> list[str]:
    """A line a request; the sentence of a failure stands once, with the first that met it."""
    first: dict[str, str] = {}
    lines = []
    for s in sources:
        head = _pad(say(f"state_{s.state}", lang), 16) + _pad(source_name(s.source, lang), 22)
        told = _said(s.error, lang) if s.error else f"{s.rows} × {s.session or DASH}"
        if s.error and first.setdefault(told, s.source) != s.source:
            told = say("doctor_as_above", lang, source=source_name(first[told], lang))
        lines.append(f"{head}{DASH if s.ms is None else s.ms:>6} ms  {told}")
    return lines


def _finding_line(f: Finding, lang: str) -> str:
    word = "doctor_open" if f.holds is None else "doctor_holds" if f.holds else "doctor_fails"
    why = _said(f.detail, lang)
    if isinstance(f.detail, SourceError):  # its sentence stands in the source's own line
        why = f"{source_name(f.detail.params.get('source', DASH), lang)}: {say(f'state_{f.detail.state}', lang)}"
    return _pad(say(word, lang), 16) + f"{say(f.assumption, lang)}  ({why})"


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" +{len(names) - 4}" if len(names) > 4 else "")


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _pad(text: str, width: int) -> str:
    """Filled up to ``width`` columns of a terminal, in which a Chinese character takes two."""
    return text + " " * max(1, width - sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text))
