"""The frame of every page: navigation, language, colours, freshness line, refresh. The only module with Streamlit
besides the pages, and it imports nothing heavy at the top: the title and the freshness line come before pandas.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock, guards, memory, settings
from basketwatch.domain import markets, model
from basketwatch.errors import BasketwatchError, StoreError
from basketwatch.refresher import Refresher, due, is_daily
from basketwatch.store import notes, opening, prices, runs
from basketwatch.views import status_line
from basketwatch.views.html import STYLE, block
from basketwatch.words.text import day, escape, plain, say, sentence

if TYPE_CHECKING:
    import pandas as pd

    from basketwatch.analysis.flags import reading
    from basketwatch.analysis.snapshot import Picture
    from basketwatch.domain.calendars import Calendar, MarketState
    from basketwatch.domain.model import House, SeriesKey
    from basketwatch.settings import Settings
    from basketwatch.store.database import Store

first_line_drawn = threading.Event()  # set by the first page of this process: now pandas may load

PAGES = ("today", "basket", "valuation", "sectors", "flags", "health")
SUBJECT = "choice_subject"  # what the reader looks at on Valuation
TICK = timedelta(seconds=3)  # how often an open page looks whether the store has a new version
FOLDER = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True)
class Reader:
    """How this reader wants to see the pages."""

    lang: str
    green_up: bool

    @property
    def dark(self) -> bool:
        return st.context.theme.type == "dark"


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
    lang = reader().lang
    page = st.navigation([_page(name, lang) for name in PAGES], position="hidden")
    st.html(STYLE)
    _sidebar(lang)
    return page


def _page(name: str, lang: str) -> st.Page:
    return st.Page(FOLDER / f"{name}.py", title=say(f"page_{name}", lang), url_path=name, default=name == "today")


def reader() -> Reader:
    """Language (the reader's choice, else BASKETWATCH_LANG, else the browser's) and colour convention."""
    chosen = st.session_state.get("choice_lang") or st.query_params.get("lang")
    up = st.session_state.get("choice_up") or st.query_params.get("up")
    return Reader(chosen if chosen in ("zh", "en") else _own_language(), up == "green")


def _own_language() -> str:
    wanted = os.environ.get("BASKETWATCH_LANG") or st.context.locale or "en"
    return "zh" if wanted.lower().startswith("zh") else "en"


def choice(
    key: str, names: Mapping[str, str], label: str, *, default: str | None = None, quiet: bool = True,
    always: bool = False,
) -> str | None:  # fmt: skip
    """One of ``names`` (id -> label), kept in the URL by its id, so that a link carries the view.

    The default stays out of the URL, unless it may be another one tomorrow (``always``).
    (Streamlit's own binding writes the label into the URL, which changes with the language.)
    """
    if not names:
        return None
    first = default or next(iter(names))
    held = f"choice_{key}"
    if st.session_state.get(held) not in names:
        asked = st.query_params.get(key)
        st.session_state[held] = asked if asked in names else first
    chosen = st.segmented_control(
        label, list(names), key=held, required=True, format_func=lambda i: plain(names.get(i, i)),
        label_visibility="collapsed" if quiet else "visible", wrap=True,
    )  # fmt: skip
    if chosen and (always or chosen != first):
        st.query_params[key] = chosen
    else:
        st.query_params.pop(key, None)
    return chosen or first


def subject(names: Mapping[str, str], lang: str) -> str:
    """One of ``names`` (ticker or basket id -> label): at first that of the URL (``?ticker=`` or ``?basket=``)."""
    if st.session_state.get(SUBJECT) not in names:
        asked = st.query_params.get("ticker") or st.query_params.get("basket")
        if asked and asked not in names:
            st.warning(plain(say("pe_unknown", lang, subject=asked)))
        st.session_state[SUBJECT] = asked if asked in names else next(iter(names))
    chosen: str = st.selectbox(
        say("pe_choose", lang), list(names), key=SUBJECT, format_func=lambda i: names.get(i, i),
        label_visibility="collapsed",
    )  # fmt: skip
    mine, other = ("ticker", "basket") if markets.is_ticker(chosen) else ("basket", "ticker")
    keep(other, None)
    keep(mine, chosen)
    return chosen


def keep(name: str, value: str | None) -> str | None:
    """Write a parameter into the URL, or take it out; returns it."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
    return value


def valuation_link(label: str, **subject: str) -> None:
    """A line of text that opens ``subject`` (``ticker=`` or ``basket=``) on Valuation."""
    st.page_link(FOLDER / "valuation.py", label=plain(label), query_params=subject)


def select(key: str, names: Mapping[str, str], label: str) -> str:
    """As ``choice``, as a drop-down: for more names than fit side by side."""
    first, held = next(iter(names)), f"choice_{key}"
    if st.session_state.get(held) not in names:
        asked = st.query_params.get(key)
        st.session_state[held] = asked if asked in names else first
    chosen: str = st.selectbox(label, list(names), key=held, format_func=lambda i: names.get(i, i),
                               label_visibility="collapsed")  # fmt: skip
    if chosen != first:
        st.query_params[key] = chosen
    else:
        st.query_params.pop(key, None)
    return chosen


def _sidebar(lang: str) -> None:
    with st.sidebar:
        tagline = escape(say("tagline", lang))
        st.html(
            block(f'<div style="font-size:17px;font-weight:700">basketwatch</div><div class="soft">{tagline}</div>')
        )
        for name in PAGES:
            st.page_link(_page(name, lang), label=say(f"page_{name}", lang), width="stretch")
        choice("lang", {"zh": "中文", "en": "English"}, say("language", lang), default=_own_language())
        choice("up", {v: say(f"{v}_up", lang) for v in ("red", "green")}, say("colours", lang))
        if st.session_state.get("demo") and st.button(say("back_to_live", lang), key="back_to_live"):
            st.session_state["demo"] = False
            st.query_params.pop("demo", None)
            st.rerun()
        st.html(block(f'<div class="soft" style="font-size:11.5px">{escape(say("disclaimer", lang))}</div>'))


# --- data --------------------------------------------------------------------------------------------------------


def house(here: Settings) -> House:
    """Baskets and maps as the files have them now."""
    files = [f for folder in ("watchlists", "sector_maps") for f in sorted((here.home / folder).glob("*.toml"))]
    stamps = tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files)
    return _house(str(here.home), stamps)


def followed(here: Settings) -> tuple[str, ...]:
    """Every ticker of the files; the store may hold more, of members that have left."""
    from basketwatch.domain.universe import universe

    return universe(house(here))


@st.cache_resource(max_entries=2, show_spinner=False)
def _house(home: str, stamps: tuple[object, ...]) -> House:
    from basketwatch.files.baskets import read_house

    return read_house(Path(home))


def picture(opened: Store, here: Settings) -> Picture:
    """The picture of this version of the store, at most half a minute old in its judgement of age."""
    now = clock.now()
    half_minute = now.replace(second=now.second // 30 * 30, microsecond=0)
    files = house(here)
    return _picture(opened, files, notes.version(opened), here.url, half_minute, hash(files))


@st.cache_resource(max_entries=3, show_spinner=False)
def _picture(_opened: Store, _files: House, version: str, url: str, now: datetime, files: int) -> Picture:
    """Computed once a version for all readers, who only read it; keyed by the version, never by a frame."""
    memory.load_pandas()
    from basketwatch.analysis import snapshot

    seen = snapshot.picture(_opened, _files, now)
    memory.give_back()
    return seen


def past_picture(here: Settings, at: datetime) -> Picture:
    """The picture as it was at ``at``, an instant that does not move from rerun to rerun, such as a week's end."""
    opened, files = store_of(here), house(here)
    return _past_picture(opened, files, notes.version(opened), here.url, at, hash(files))


@st.cache_resource(max_entries=2, show_spinner=False)
def _past_picture(_opened: Store, _files: House, version: str, url: str, at: datetime, files: int) -> Picture:
    from basketwatch.analysis import snapshot

    return snapshot.picture(_opened, _files, at)


def store_of(here: Settings) -> Store:
    """The store of a page that has a picture, so there is one. Raises the store's errors."""
    found = opening.open_reader(here.url, demo=here.demo)
    if found is None:
        raise StoreError(path=here.url, detail="it has gone")
    return found


@st.cache_data(max_entries=64, show_spinner=False)
def _bars_of(url: str, demo: bool, ticker: str, version: str) -> pd.DataFrame | None:
    opened = opening.open_reader(url, demo=demo)
    since = clock.now().date() - timedelta(days=370)
    return prices.read_bars(opened, [ticker], since) if opened else None


def bars_of(here: Settings, ticker: str, version: str) -> pd.DataFrame | None:
    """Unadjusted daily bars of one security, the last year; None without a store."""
    return _bars_of(here.url, here.demo, ticker, version)


@st.cache_data(max_entries=64, show_spinner=False)
def _histories_of(url: str, demo: bool, ticker: str, version: str, _seen: Picture) -> dict[SeriesKey, pd.DataFrame]:
    from basketwatch.analysis.valuation import readings

    opened = opening.open_reader(url, demo=demo)
    return readings.histories(opened, [ticker], _seen.calendars, _seen.now) if opened else {}


def histories_of(here: Settings, ticker: str, seen: Picture) -> dict[SeriesKey, pd.DataFrame]:
    """Every stored PE series of one ticker (columns of ``store.valuations.read``)."""
    return _histories_of(here.url, here.demo, ticker, seen.version, seen)


@st.cache_data(max_entries=32, show_spinner=False)
def _closes_of(url: str, demo: bool, ticker: str, version: str) -> pd.DataFrame | None:
    opened = opening.open_reader(url, demo=demo)
    return prices.read_bars(opened, [ticker])[["session", "close"]] if opened else None


def closes_of(here: Settings, ticker: str, version: str) -> pd.DataFrame | None:
    """All stored closes of one security, unadjusted: session, close; None without a store."""
    return _closes_of(here.url, here.demo, ticker, version)


@st.cache_resource(max_entries=2, show_spinner=False)
def _flags_of(_opened: Store, _files: House, url: str, since: date, version: str) -> pd.DataFrame:
    from basketwatch.analysis.flags import log

    return log.log_at(_opened, _files, clock.now(), since)


def flags_of(here: Settings, seen: Picture) -> pd.DataFrame:
    """The log of a year and some (``store.flags.read``), which all readers only read."""
    since = seen.now.date() - timedelta(days=400)
    return _flags_of(store_of(here), seen.house, here.url, since, seen.version)


@st.cache_resource(max_entries=1, show_spinner=False)
def _judging(_opened: Store, _files: House, url: str, version: str, files: int, day: date) -> reading.Read:
    from basketwatch.analysis.flags import reading

    return reading.read(_opened, _files, clock.now())


def judging(here: Settings, seen: Picture) -> reading.Read:
    """What the rules are judged on, for a dry run and for what came after; once a version."""
    return _judging(store_of(here), seen.house, here.url, seen.version, hash(seen.house), seen.now.date())


def last_look() -> int | None:
    """When this browser last loaded a page before this sitting, seconds since 1970; None at its first visit."""
    return guards.instant_of(st.context.cookies.get(guards.BEFORE, ""), clock.now().timestamp())


# --- refresh -----------------------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def refresher(home: str, demo: bool) -> Refresher:
    """The one refresh process of this server."""
    return Refresher(Path(home), demo=demo)


def keep_fresh(here: Settings, opened: Store | None, states: Mapping[str, MarketState], now: datetime) -> None:
    """Start a refresh when one is due; called by every open page's tick, so it stops with the last reader."""
    worker = refresher(str(here.home), here.demo)
    last = runs.last_run(opened) if opened else None
    daily = _daily_run(opened, notes.version(opened)) if opened else None
    found = due(
        now, states=states, last=last, daily=daily, running=worker.running, failures=worker.failures,
        frozen=clock.is_frozen() or here.demo, tried=worker.last,
    )  # fmt: skip
    if found:
        worker.start(found.only, deadline=found.deadline)
    elif (
        last and not (here.demo or clock.is_frozen() or worker.failures) and last.started < _files_changed(here) <= now
    ):
        worker.start((), deadline=900)  # a new member wants its quote and history, whatever the hour


@st.cache_resource(max_entries=2, show_spinner=False)
def _daily_run(_opened: Store, version: str) -> model.Run | None:
    return next((run for run in runs.recent_runs(_opened) if is_daily(run)), None)


def _files_changed(here: Settings) -> datetime:
    """When a basket or a map was saved last."""
    files = [f for folder in ("watchlists", "sector_maps") for f in (here.home / folder).glob("*.toml")]
    return datetime.fromtimestamp(max((f.stat().st_mtime for f in files), default=0.0), UTC)


def market_states(opened: Store | None, tickers: Iterable[str], now: datetime) -> dict[str, MarketState]:
    """What each market of ``tickers`` is doing; the calendars around today are read once a version."""
    if opened is None:
        return {}
    groups = {markets.group(ticker) for ticker in tickers}
    known = _calendars(opened, notes.version(opened), now.date().isoformat())
    return {group: calendar.state(now) for group, calendar in known.items() if group in groups}


@st.cache_resource(max_entries=2, show_spinner=False)
def _calendars(_opened: Store, version: str, today: str) -> dict[str, Calendar]:
    return prices.read_calendars(_opened, datetime.fromisoformat(today).date() - timedelta(days=30))


def refresh_button(here: Settings, lang: str, key: str) -> None:
    """Refresh now; disabled while one runs and in the demo market."""
    worker = refresher(str(here.home), here.demo)
    busy = worker.running
    if st.button(say("refresh", lang), key=f"refresh_{key}", disabled=busy or here.demo or clock.is_frozen()):
        worker.start(())
        st.rerun(scope="fragment")


# --- page --------------------------------------------------------------------------------------------------------


def page(name: str, body: Callable[[Picture, Reader, Settings], None]) -> None:
    """Title and freshness line first, then ``body`` with the picture; a store that fails is one sentence.

    The first line ticks by itself; it has the page drawn again, in place, when the store has a new version or when
    what is fresh or open has changed.
    """
    here, who = _here(), reader()

    @st.fragment(run_every=None if here.demo or clock.is_frozen() else TICK)
    def first_line() -> None:
        _here()  # a fragment runs by itself later: the demo's clock has to be held again
        with store_faults_said(here, who):
            opened, now = opening.open_reader(here.url, demo=here.demo), clock.now()
            tickers = followed(here)
            states = market_states(opened, tickers, now)
            keep_fresh(here, opened, states, now)
            _header(name, here, who, opened, status_line.dots(opened, tickers, states, now, who.lang), now)
            if _condition(opened, tickers, states, now) != st.session_state["_drawn"]:
                st.rerun()

    with store_faults_said(here, who):
        opened, now, tickers = opening.open_reader(here.url, demo=here.demo), clock.now(), followed(here)
        st.session_state["_drawn"] = _condition(opened, tickers, market_states(opened, tickers, now), now)
    first_line()
    first_line_drawn.set()
    with store_faults_said(here, who):
        if opened is None or not prices.freshness(opened, tickers):
            _empty(here, who, opened)
        else:
            seen = picture(opened, here)
            _broken_files(seen, who)
            body(seen, who, here)


def part(here: Settings, who: Reader, draw: Callable[[], None]) -> None:
    """A part of a page that its own controls draw again, without the rest of the page."""

    @st.fragment
    def drawn() -> None:
        _here()  # a fragment runs by itself later: the demo's clock has to be held again
        with store_faults_said(here, who):
            draw()

    drawn()


def _broken_files(seen: Picture, who: Reader) -> None:
    """A file that people edit and that could not be read whole is said on every page, not only on Health."""
    faults = [p for p in seen.house.problems if p.severity == "hard"]
    if faults:
        first = faults[0]
        shown = say("broken_file", who.lang, where=first.where, message=sentence(first, who.lang))
        more = f" (+{len(faults) - 1})" if len(faults) > 1 else ""
        st.warning(plain(shown + more))


@contextmanager
def store_faults_said(here: Settings, who: Reader) -> Iterator[None]:
    """A store that cannot be read is one sentence and the way to mend it, and ends the page."""
    try:
        yield
    except BasketwatchError as fault:
        st.error(plain(sentence(fault, who.lang)))
        refresh_button(here, who.lang, f"mend_{fault.key}")
        st.stop()


def _here() -> Settings:
    """Settings of this reader: the server's, or the demo market's where this reader asked to see it."""
    wanted = st.query_params.get("demo") == "1" or st.session_state.get("demo", False)
    if not wanted or settings.read().demo:
        clock.hold(None)
        return settings.read()
    st.session_state["demo"] = True
    here = settings.read(demo=True)
    clock.hold(_demo_market(here))
    return here


@st.cache_resource(show_spinner=False)
def _demo_market(here: Settings) -> datetime:
    from basketwatch.refresh import demo

    return demo.prepare(here)


def _condition(
    opened: Store | None, tickers: Collection[str], states: Mapping[str, MarketState], now: datetime
) -> tuple[object, ...]:
    """What a drawn page depends on besides its reader: the data's version, which markets trade, which quotes are late."""
    if opened is None:
        return ()
    late = status_line.late(opened, tickers, states, now)
    return (notes.version(opened), *((g, s.phase) for g, s in states.items()), *late)


def _header(name: str, here: Settings, who: Reader, opened: Store | None, dots: Sequence[str], now: datetime) -> None:
    today = now.astimezone(markets.zone_of("CN")).date()
    left, right = st.columns([11, 1], vertical_alignment="center")
    title = f"{say(f'page_{name}', who.lang)} · {day(today, who.lang, weekday=True)}"
    dots = [*dots, *_badges(here, who.lang), *_progress(here, opened, who.lang)]
    head = f'<div class="dots"><span class="title">{escape(title)}</span>'
    left.html(block(head + "".join(dots) + "</div>"))
    with right:
        refresh_button(here, who.lang, name)


def _badges(here: Settings, lang: str) -> list[str]:
    if here.demo:
        hint = escape(say("demo_help", lang))
        return [f'<span class="chip demo" title="{hint}">{escape(say("demo_badge", lang))}</span>']
    if clock.is_frozen():
        return [f'<span class="chip demo">{escape(say("frozen", lang, at=clock.iso(clock.now())))}</span>']
    return []


def _progress(here: Settings, opened: Store | None, lang: str) -> list[str]:
    """What the running refresh does, or why the last one brought nothing."""
    worker = refresher(str(here.home), here.demo)
    if worker.running:
        run = runs.last_run(opened) if opened else None
        if run and run.finished is None and run.total:
            shown = say("refreshing", lang, done=run.done, total=run.total, label=run.label)
        else:
            shown = say("refresh_begun", lang)
        return [f'<span class="chip">{escape(shown)}</span>']
    last = worker.last
    if last and last.key and worker.failures:
        return [f'<span class="amber">{escape(sentence((last.key, last.params), lang))}</span>']
    return []


def _empty(here: Settings, who: Reader, opened: Store | None) -> None:
    """Nothing stored yet: what is going on, what each source said, and the demo market to see the pages at once."""
    worker = refresher(str(here.home), here.demo)
    last = runs.last_run(opened, finished=True) if opened else None
    failed = bool(last or worker.failures) and not worker.running
    # a store that this server filled, and that somebody has deleted or moved since
    gone = opened is None and worker.last is not None and not worker.failures and not worker.running
    with st.container(border=True, width=720):
        st.html(block(panel_of_empty(who.lang, failed, last, gone=gone)))
        if st.button(say("start_demo", who.lang), type="primary" if failed else "secondary", key="start_demo"):
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
