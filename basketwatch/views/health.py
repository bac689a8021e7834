"""What the Health page shows: sources and their last answers, coverage, problems, calendars, requests. Frames of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from basketwatch.analysis.health import Facts
from basketwatch.analysis.snapshot import Snapshot
from basketwatch.domain.model import Problem, Run, SymbolState
from basketwatch.words.catalogue import CATALOGUE
from basketwatch.words.text import DASH, age, beijing, clock_time, day, say, sentence, source_name, word

MOST = 200  # problems shown; a junk file can hold thousands
NAMED = 3  # tickers named where many have the same problem


@dataclass(frozen=True)
class Health:
    """``tables``: title, frame, and what to say when the frame is empty."""

    last_run: str
    tables: list[tuple[str, pd.DataFrame, str]]


def look(facts: Facts, snapshot: Snapshot, lang: str) -> Health:
    """Everything about the state of the data, in the reader's language."""
    none = say("health_no_problems", lang)
    tables = [
        (say("health_problems", lang), _problems(snapshot, lang), none),
        (say("health_sources", lang), _parts(snapshot.run, lang), say("health_no_run", lang)),
        (say("health_coverage", lang), _coverage(snapshot, lang), none),
        (say("health_requests", lang), _requests(facts, lang), say("health_no_requests", lang)),
        (say("health_calendars", lang), _calendars(snapshot, lang), none),
        (say("health_symbols", lang), _symbols(snapshot, facts.states, lang), none),
    ]
    aside = _quarantine(facts, lang)
    if len(aside):
        tables.insert(2, (say("health_quarantine", lang), aside, none))
    return Health(_last_run(snapshot, lang), tables)


def _last_run(snapshot: Snapshot, lang: str) -> str:
    run = snapshot.run
    if run is None or run.finished is None or run.report is None:
        return say("health_no_run", lang)
    parts = Counter[str]()
    for part in (p for p in run.report.get("parts", []) if p.get("lane") not in ("dividends", "calendars")):
        parts[say(f"part_{part['part']}", lang)] += part["got"]
    shown = " · ".join(f"{name} {count}" for name, count in parts.items())
    span = age(snapshot.now - run.finished, lang)
    return say("health_last_run", lang, age=span, requests=run.report["requests"]["total"], parts=shown or DASH)


def _frame(head: list[str], rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=head)


def _problems(snapshot: Snapshot, lang: str) -> pd.DataFrame:
    """Hard ones first; old quotes of one source, which have one cause, in one row."""
    old: dict[str, list[Problem]] = {}
    for problem in snapshot.problems:
        if problem.key in ("stale", "old_quote"):
            old.setdefault(str(snapshot.table["source"][problem.where]), []).append(problem)
    many = {source: found for source, found in old.items() if len(found) > 1}
    grouped = {problem for found in many.values() for problem in found}
    rows = [
        [p.where, sentence(p, lang), say(f"severity_{p.severity}", lang)]
        for p in sorted(snapshot.problems, key=lambda p: p.severity)
        if p not in grouped
    ]
    rows += [_old_quotes(snapshot, source, [p.where for p in found], lang) for source, found in many.items()]
    return _frame([say(k, lang) for k in ("health_where", "health_message", "health_severity")], rows[:MOST])


def _old_quotes(snapshot: Snapshot, source: str, tickers: Sequence[str], lang: str) -> list[str]:
    """How many quotes of a source are old, of when the oldest is, and which they are."""
    rows = snapshot.table.loc[list(tickers)]
    oldest = rows.sort_values(["session", "quote_time"]).iloc[0]
    shown = day(oldest["session"].date(), lang)
    if pd.notna(oldest["quote_time"]):
        shown += f" {clock_time(oldest['quote_time'], oldest['group'])}"
    named = ", ".join(tickers[:NAMED]) + (" …" if len(tickers) > NAMED else "")
    name = source_name(source, lang)
    said = say("old_quotes_of", lang, source=name, n=len(tickers), time=shown, tickers=named)
    return [name, said, say("severity_soft", lang)]


def _parts(run: Run | None, lang: str) -> pd.DataFrame:
    rows = []
    for part in (run.report or {}).get("parts", []) if run else []:
        failed = part.get("attempts", [])
        tried = "; ".join(
            f"{source_name(source, lang)}: {say('state_' + state, lang)} {count}"
            for (source, state), count in Counter((f["source"], f["state"]) for f in failed).items()
        )
        short = failed and part["got"] < part["wanted"]
        said = sentence((failed[-1]["key"], failed[-1]["params"]), lang) if short else ""
        sources = " + ".join(source_name(s, lang) for s in (part["source"] or "").split("+") if s)
        rows.append([_part_name(part, lang), sources or DASH, part["got"], part["wanted"], tried, said])
    keys = ("health_part", "col_source", "health_got", "health_wanted", "health_tried", "health_error")
    return _frame([say(k, lang) for k in keys], rows)


def _part_name(part: Mapping[str, Any], lang: str) -> str:
    """What was asked for, and of whom: 行情 · A股与港股."""
    name, lane = say(f"part_{part['part']}", lang), f"lane_{part.get('lane')}"
    return f"{name} · {say(lane, lang)}" if lane in CATALOGUE else name


def _coverage(snapshot: Snapshot, lang: str) -> pd.DataFrame:
    rows = []
    for view in snapshot.baskets:
        words = view.table["state"].fillna("no_data").mask(view.table["suspended"], "suspended")
        named = Counter(say("suspended" if w == "suspended" else f"state_{w}", lang) for w in words)
        shown = " · ".join(f"{word} {n}" for word, n in named.most_common())
        rows.append([view.basket.short[lang], f"{view.covered}/{len(view.table)}", shown])
    return _frame([say(k, lang) for k in ("choose_basket", "health_coverage", "col_state")], rows)


def _requests(facts: Facts, lang: str) -> pd.DataFrame:
    rows = []
    for host in facts.hosts:
        state = say("health_closed", lang)
        if host.open_until:
            until = beijing(host.open_until, lang)
            state = say("health_breaker_until", lang, until=until, reason=word(host.reason, lang))
        rows.append([host.name, host.total, host.failed, state])
    keys = ("health_host", "health_count", "health_failed", "health_breaker")
    return _frame([say(k, lang) for k in keys], rows)


def _calendars(snapshot: Snapshot, lang: str) -> pd.DataFrame:
    rows = []
    for group, calendar in snapshot.calendars.items():
        state = calendar.state(snapshot.now)
        known = "" if state.confirmed else say("unconfirmed", lang)
        last = state.last_closed.day.isoformat() if state.last_closed else DASH
        following = state.next.day.isoformat() if state.next else DASH
        rows.append(
            [
                say(f"group_{group}", lang),
                say(f"word_{state.phase}", lang),
                last,
                following,
                f"{calendar.bound or DASH} {known}".strip(),
            ]
        )
    keys = ("health_market", "col_state", "health_last_session", "health_next_session", "health_bound")
    return _frame([say(k, lang) for k in keys], rows)


def _symbols(snapshot: Snapshot, states: Sequence[SymbolState], lang: str) -> pd.DataFrame:
    """A row a symbol, those that something is wrong with first."""
    words = {(s.ticker, s.part): s for s in states}
    rows = []
    wrong = {
        t: (state not in ("ok", "partial"), (bars := words.get((str(t), "bars"))) is not None and bars.state != "ok")
        for t, state in snapshot.table["state"].items()
    }
    for ticker in sorted(snapshot.table.index, key=lambda t: wrong[t], reverse=True):
        row = snapshot.row(ticker)
        word, bars = words.get((ticker, "quotes")), words.get((ticker, "bars"))
        last_ok = age(snapshot.now - word.last_ok, lang) if word and word.last_ok else DASH
        rows.append([
            ticker, snapshot.name(ticker)[lang], say(f"state_{row['state']}", lang),
            row["session"].date().isoformat() if pd.notna(row["session"]) else DASH, source_name(row["source"], lang), last_ok,
            say(f"state_{bars.state}", lang) if bars else DASH,
        ])  # fmt: skip
    keys = ("col_ticker", "col_name", "col_state", "col_session", "col_source", "health_last_ok", "part_bars")
    return _frame([say(k, lang) for k in keys], rows)


def _quarantine(facts: Facts, lang: str) -> pd.DataFrame:
    rows = [
        [beijing(r.at, lang, dated=True), r.ticker, source_name(r.source, lang), sentence((r.key, r.params), lang)]
        for r in facts.refused
    ]
    return _frame([say(k, lang) for k in ("health_at", "col_ticker", "col_source", "health_message")], rows)
