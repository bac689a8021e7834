"""The frame of every page: navigation, language, colours, freshness line, refresh. The only module with Streamlit
besides the pages, and it imports nothing heavy at the top: the title and the freshness line come before pandas.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock
from basketwatch.app.controls import FOLDER, choice
from basketwatch.app.data import followed, freshness_of, market_states, snapshot_of
from basketwatch.app.reader import Reader, current_reader, current_settings, own_language
from basketwatch.app.refreshing import keep_fresh, progress, refresh_button, refresher
from basketwatch.domain import markets, model
from basketwatch.errors import BasketwatchError
from basketwatch.store import notes, opening, runs
from basketwatch.views import status_line
from basketwatch.views.html import STYLE, block
from basketwatch.words.text import day, escape, plain, say, sentence

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.domain.calendars import MarketState
    from basketwatch.domain.model import Freshness
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store
_log = logging.getLogger(__name__)
first_line_drawn = threading.Event()  # set by the first page of this process: now pandas may load
PAGES = ("today", "basket", "valuation", "sectors", "chain", "flags", "edit", "share", "health")
TICK = timedelta(seconds=3)  # how often an open page looks whether the store has a new version


# --- frame -------------------------------------------------------------------------------------------------------


def run_app() -> None:
    """The entry file's run: frame, then the page that the URL names."""
    page = _frame()
    st.session_state["_framed"] = True
    try:
        page.run()
    finally:
        st.session_state["_framed"] = False


def frame() -> None:
    """Every page's first call. Does nothing inside the entry file's run; on a cold deep link (a page's URL as the
    first request of a server that ``serve`` has not prepared) Streamlit runs the page alone, and this draws what the
    entry would have drawn."""
    if not st.session_state.get("_framed"):
        _frame()


def _frame() -> st.Page:
    st.set_page_config(page_title="basketwatch", layout="wide")
    lang = current_reader().lang
    page = st.navigation([_page(name, lang) for name in PAGES], position="hidden")
    st.html(STYLE)
    _sidebar(lang)
    return page


def _page(name: str, lang: str) -> st.Page:
    return st.Page(FOLDER / f"{name}.py", title=say(f"page_{name}", lang), url_path=name, default=name == "today")


def _sidebar(lang: str) -> None:
    with st.sidebar:
        tagline = escape(say("tagline", lang))
        st.html(
            block(f'<div style="font-size:17px;font-weight:700">basketwatch</div><div class="soft">{tagline}</div>')
        )
        for name in PAGES:
            st.page_link(_page(name, lang), label=say(f"page_{name}", lang), width="stretch")
        choice("lang", {"zh": "中文", "en": "English"}, say("language", lang), default=own_language())
        choice("up", {v: say(f"{v}_up", lang) for v in ("red", "green")}, say("colours", lang))
        if st.session_state.get("demo") and st.button(say("back_to_live", lang), key="back_to_live"):
            st.session_state["demo"] = False
            st.query_params.pop("demo", None)
            st.rerun()
        st.html(block(f'<div class="soft" style="font-size:11.5px">{escape(say("disclaimer", lang))}</div>'))


# --- page --------------------------------------------------------------------------------------------------------


def page(name: str, body: Callable[[Snapshot, Reader, Settings], None]) -> None:
    """Title and freshness line first, then ``body`` with the snapshot; a store that fails is one sentence."""
    settings, reader, store, fresh = _with_first_line(name)
    with store_faults_said(settings, reader):
        if store is None or not fresh:
            _empty(settings, reader, store)
        else:
            snapshot = snapshot_of(store, settings)
            _broken_files(snapshot, reader)
            body(snapshot, reader, settings)


def page_of_files(name: str, body: Callable[[Store | None, Reader, Settings], None]) -> None:
    """The same for a page that needs no data: ``body`` gets the store, None where there is none yet."""
    settings, reader, store, _ = _with_first_line(name)
    with store_faults_said(settings, reader):
        body(store, reader, settings)


def _with_first_line(name: str) -> tuple[Settings, Reader, Store | None, Mapping[str, Freshness]]:
    """Draw title and freshness line; returns what the page is drawn from.

    The first line ticks by itself; it has the page drawn again, in place, when the store has a new version or when
    what is fresh or open has changed.
    """
    settings, reader = current_settings(), current_reader()

    @st.fragment(run_every=None if settings.demo or clock.is_frozen() else TICK)
    def first_line() -> None:
        current_settings()  # a fragment runs by itself later: the demo's clock has to be held again
        with store_faults_said(settings, reader):
            store, now = opening.open_reader(settings.url, demo=settings.demo), clock.now()
            states, fresh = market_states(store, followed(settings), now), freshness_of(store, settings)
            keep_fresh(settings, store, states, now)
            _header(name, settings, reader, store, status_line.dots(fresh, states, now, reader.lang), now)
            if _condition(settings, store, fresh, states, now) != st.session_state["_drawn"]:
                st.rerun()

    with store_faults_said(settings, reader):
        store, now = opening.open_reader(settings.url, demo=settings.demo), clock.now()
        states, fresh = market_states(store, followed(settings), now), freshness_of(store, settings)
        st.session_state["_drawn"] = _condition(settings, store, fresh, states, now)
    first_line()
    first_line_drawn.set()
    return settings, reader, store, fresh


def fragment(settings: Settings, reader: Reader, what: str, draw: Callable[[], None]) -> None:
    """A part of a page that its own controls draw again, without the rest of the page; ``what``: as in ``panel``."""

    @st.fragment
    def drawn() -> None:
        current_settings()  # a fragment runs by itself later: the demo's clock has to be held again
        with store_faults_said(settings, reader), panel(what, reader.lang):
            draw()

    drawn()


@contextmanager
def panel(what: str, lang: str) -> Iterator[None]:
    """A part of a page, by its name or its ticker: a bug in it is one sentence in its place, and the rest is drawn."""
    try:
        yield
    except BasketwatchError:
        raise
    except Exception as fault:
        _log.error("panel %s", what, exc_info=fault)
        st.error(plain(say("panel_failed", lang, what=what, detail=type(fault).__name__)))


def _broken_files(snapshot: Snapshot, reader: Reader) -> None:
    """A file that people edit and that could not be read whole is said on every page, not only on Health."""
    faults = [p for p in snapshot.universe.problems if p.severity == "hard"]
    if faults:
        first = faults[0]
        shown = say("broken_file", reader.lang, where=first.where, message=sentence(first, reader.lang))
        more = f" (+{len(faults) - 1})" if len(faults) > 1 else ""
        st.warning(plain(shown + more))


@contextmanager
def store_faults_said(settings: Settings, reader: Reader) -> Iterator[None]:
    """A store that cannot be read is one sentence and the way to mend it, and ends the page."""
    try:
        yield
    except BasketwatchError as fault:
        st.error(plain(sentence(fault, reader.lang)))
        refresh_button(settings, reader.lang, f"mend_{fault.key}")
        st.stop()


def _condition(
    settings: Settings,
    store: Store | None,
    fresh: Mapping[str, Freshness],
    states: Mapping[str, MarketState],
    now: datetime,
) -> tuple[object, ...]:
    """What a drawn page depends on besides its reader: the data's version, which markets trade, which quotes are late.

    A page without data speaks of the fill: whether it runs, and whether it failed.
    """
    worker = refresher(str(settings.home), settings.demo)
    fill = () if fresh else (worker.running, worker.failures)
    if store is None:
        return fill
    late = status_line.late(fresh, states, now)
    return (notes.version(store), *fill, *((g, s.phase) for g, s in states.items()), *late)


def _header(
    name: str, settings: Settings, reader: Reader, store: Store | None, dots: Sequence[str], now: datetime
) -> None:
    today = now.astimezone(markets.zone_of("CN")).date()
    left, right = st.columns([11, 1], vertical_alignment="center")
    title = f"{say(f'page_{name}', reader.lang)} · {day(today, reader.lang, weekday=True)}"
    dots = [*dots, *_badges(settings, reader.lang), *progress(settings, store, reader.lang)]
    head = f'<div class="dots"><span class="title">{escape(title)}</span>'
    left.html(block(head + "".join(dots) + "</div>"))
    with right:
        refresh_button(settings, reader.lang, name)


def _badges(settings: Settings, lang: str) -> list[str]:
    if settings.demo:
        hint = escape(say("demo_help", lang))
        return [f'<span class="chip demo" title="{hint}">{escape(say("demo_badge", lang))}</span>']
    if clock.is_frozen():
        return [f'<span class="chip demo">{escape(say("frozen", lang, at=clock.iso(clock.now())))}</span>']
    return []


def _empty(settings: Settings, reader: Reader, store: Store | None) -> None:
    """Nothing stored yet: what is going on, what each source said, and the demo market to see the pages at once."""
    worker = refresher(str(settings.home), settings.demo)
    last = runs.last_run(store, finished=True) if store else None
    failed = bool(last or worker.failures) and not worker.running
    # a store that this server filled, and that somebody has deleted or moved since
    gone = store is None and worker.last is not None and not worker.failures and not worker.running
    with st.container(border=True, width=720):
        st.html(block(panel_of_empty(reader.lang, failed, last, gone=gone)))
        if st.button(say("start_demo", reader.lang), type="primary" if failed else "secondary", key="start_demo"):
            st.session_state["demo"] = True
            st.rerun()


def panel_of_empty(lang: str, failed: bool, last: model.Run | None, *, gone: bool = False) -> str:
    """The explanation as HTML: a sentence, and under it what each source answered in the last run.

    ``failed``: no source answered; ``gone``: the store was there and is no more, and is being made anew.
    """
    attempts = [a for part in (last.report or {}).get("parts", []) for a in part.get("attempts", [])] if last else []
    said = dict.fromkeys(sentence((a["key"], a["params"]), lang) for a in attempts)
    rows = "".join(f"<li>{escape(line)}</li>" for line in list(said)[:6]) if failed else ""
    intro = say("empty_offline" if failed else "empty_gone" if gone else "empty_first", lang)
    listed = f'<ul class="soft">{rows}</ul>' if rows else ""
    return f"<h4>{escape(say('empty_title', lang))}</h4><p>{escape(intro)}</p>{listed}"
