"""The refresh behind the pages: when one starts, the button, the progress line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock
from basketwatch.app.refresher import Refresher
from basketwatch.app.schedule import FIRST_SECONDS, due, is_daily
from basketwatch.domain import model
from basketwatch.store import notes, runs
from basketwatch.words.text import escape, say, sentence

if TYPE_CHECKING:
    from basketwatch.domain.calendars import MarketState
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store


WEEK = timedelta(days=7)


# --- refresh -----------------------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def refresher(home: str, demo: bool) -> Refresher:
    """The one refresh process of this server."""
    return Refresher(Path(home), demo=demo)


def keep_fresh(settings: Settings, store: Store | None, states: Mapping[str, MarketState], now: datetime) -> None:
    """Start a refresh when one is due; called by every open page's tick, so it stops with the last reader."""
    worker = refresher(str(settings.home), settings.demo)
    last = runs.last_run(store) if store else None
    daily = _daily_run(store, notes.version(store)) if store else None
    found = due(
        now, states=states, last=last, daily=daily, running=worker.running, failures=worker.failures,
        frozen=clock.is_frozen() or settings.demo, tried=worker.last,
    )  # fmt: skip
    if found:
        worker.start(found.only, deadline=found.deadline)
    elif (
        last
        and not (settings.demo or clock.is_frozen() or worker.failures)
        and last.started < _files_changed(settings) <= now
    ):
        worker.start((), deadline=900)  # a new member wants its quote and history, whatever the hour
    elif store and last and last.finished and weekly_due(settings, store, states, now):
        ask_weekly(worker)


def ask_weekly(worker: Refresher) -> None:
    """Ask for the table of securities and the boards now; Hong Kong's list alone is some fifty requests."""
    worker.start(("listing", "boards"), deadline=FIRST_SECONDS)


def weekly_due(settings: Settings, store: Store, states: Mapping[str, MarketState], now: datetime) -> bool:
    """Whether the table of securities and the boards may be asked for: a week after the last try, with no market open."""
    worker = refresher(str(settings.home), settings.demo)
    if settings.demo or clock.is_frozen() or worker.running or worker.failures:
        return False
    if any(state.phase in ("open", "lunch") for state in states.values()):
        return False
    tried = notes.noted(store, notes.WEEKLY_TRIED)
    return tried is None or now - datetime.fromisoformat(tried) >= WEEK


@st.cache_resource(max_entries=2, show_spinner=False)
def _daily_run(_store: Store, version: str) -> model.Run | None:
    return next((run for run in runs.recent_runs(_store) if is_daily(run)), None)


def _files_changed(settings: Settings) -> datetime:
    """When a basket or a map was saved last."""
    files = [f for folder in ("watchlists", "sector_maps") for f in (settings.home / folder).glob("*.toml")]
    return datetime.fromtimestamp(max((f.stat().st_mtime for f in files), default=0.0), UTC)


def refresh_button(settings: Settings, lang: str, key: str) -> None:
    """Refresh now; disabled while one runs and in the demo market."""
    worker = refresher(str(settings.home), settings.demo)
    busy = worker.running
    if st.button(say("refresh", lang), key=f"refresh_{key}", disabled=busy or settings.demo or clock.is_frozen()):
        worker.start(())
        st.rerun(scope="fragment")


def progress(settings: Settings, store: Store | None, lang: str) -> list[str]:
    """What the running refresh does, or why the last one brought nothing."""
    worker = refresher(str(settings.home), settings.demo)
    if worker.running:
        run = runs.last_run(store) if store else None
        if run and run.finished is None and run.total:
            shown = say("refreshing", lang, done=run.done, total=run.total, label=run.label)
        else:
            shown = say("refresh_begun", lang)
        return [f'<span class="chip">{escape(shown)}</span>']
    last = worker.last
    if last and last.key and worker.failures:
        return [f'<span class="amber">{escape(sentence((last.key, last.params), lang))}</span>']
    return []
