"""How long until something is to be seen: a fresh process, a new tab, a click."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser

from .bench import BIG, LATENCY, Bench, Server, ours, streamlit_run
from .chromium import Rules, Tab, chromium, context_of
from .report import Metric, count, ratio
from .symbols import SIXTY

TABLE = ('[data-testid="stDataFrame"] canvas', 1)
TODAY: Rules = {"title": (".bw .dots", 1), "data": (".bw .map .cell", 1)}
BASKET: Rules = {"title": (".bw .dots", 1), "data": TABLE}
NAIVE: Rules = {"title": ("h1", 1), "data": TABLE, "charts": (".js-plotly-plot", len(SIXTY))}
ONE_LINE: Rules = {"title": ("h1", 1), "data": ("h1", 1)}
EMPTY: Rules = {}


def startup(bench: Bench) -> list[Metric]:
    """Fresh process → title, data; the browser runs already, its cache is empty."""
    found: dict[str, list[float]] = defaultdict(list)
    bench.naive_fetch()  # the stand-in computes each path once, and yfinance keeps a cache on disk
    bench.filled()
    bench.upstream.latency = LATENCY
    with chromium() as browser:
        for repetition in bench.rounds():
            for name, server, rules in (
                ("naive", streamlit_run(bench, "naive_page.py"), NAIVE),
                ("ours", ours(bench), TODAY),
                ("one", streamlit_run(bench, "one_line_page.py"), ONE_LINE),
            ):
                with server as running:
                    for mark, seconds in _first_sight(browser, running, rules).items():
                        found[f"{name} {mark}"] += [seconds] if repetition else []
    bench.upstream.latency = 0.0
    line = "one-line page"
    return [
        ratio(
            "startup", "fresh process → data", found["ours data"], found["naive data"], "naive, its table", "s", 0.30
        ),
        ratio("startup", "fresh process → data", found["ours data"], found["one title"], line, "s", 2.0),
        ratio("startup", "fresh process → title and ages", found["ours title"], found["one title"], line, "s", 1.15),
        ratio("startup", "fresh process → server answers", found["ours start"], found["one start"], line, "s", None),
        ratio(
            "startup", "fresh process → at rest", found["ours rest"], found["naive rest"], "naive, 60 charts", "s", None
        ),
    ]


def _first_sight(browser: Browser, server: Server, rules: Rules) -> dict[str, float]:
    """Seconds after the start of the process."""
    with context_of(browser) as context:
        seen = Tab(context, rules).open(server.url)
    return {mark: at / 1000 - server.started for mark, at in seen.items()}


def tabs(bench: Bench) -> list[Metric]:
    """A new tab on a warm server, at rest; the browser's cache is warm."""
    found: dict[str, list[float]] = defaultdict(list)
    with warm(bench, "empty_page.py", "naive_page.py") as (browser, own, [empty, naive]), ExitStack() as stack:
        contexts = [stack.enter_context(context_of(browser)) for _ in range(4)]
        visits = (
            ("empty", empty.url, EMPTY), ("today", own.url, TODAY),
            ("basket", f"{own.url}/basket?basket={BIG}", BASKET), ("naive", naive.url, NAIVE),
        )  # fmt: skip
        for repetition in bench.rounds():
            for context, (name, url, rules) in zip(contexts, visits, strict=True):
                tab = Tab(context, rules)
                seen = tab.open(url)
                tab.close()
                if repetition:
                    found[name].append(seen["rest"] - seen["start"])
    return [
        ratio("tabs", "new tab, Today at rest", found["today"], found["empty"], "empty page", "ms", 1.8),
        ratio("tabs", "new tab, Today at rest", found["today"], found["naive"], "naive", "ms", 0.25),
        ratio("tabs", "new tab, Basket of 60 at rest", found["basket"], found["empty"], "empty page", "ms", None),
    ]


def clicks(bench: Bench) -> list[Metric]:
    """Click → the page at rest again: another basket, a row; beside them the naive page's selectbox."""
    found: dict[str, list[float]] = defaultdict(list)
    with warm(bench, "naive_page.py") as (browser, own, [naive]), context_of(browser) as context:
        mine, theirs = Tab(context, BASKET), Tab(context, NAIVE)
        mine.open(f"{own.url}/basket?basket={BIG}")
        theirs.open(naive.url)
        for i in range(2 * bench.repetitions):
            found["naive"].append(_choose(theirs, i % 2))
            found["switch"].append(mine.click_on(_basket("CPO" if i % 2 == 0 else BIG)))
            found["row"].append(_click_row(mine, 1 + i % 3))
        runs, before = mine.finished, mine.messages
        _sort(mine)
        sorting = mine.messages - before, mine.finished - runs
    what = "naive, selectbox"
    return [
        ratio("clicks", "switch the basket → at rest", found["switch"], found["naive"], what, "ms", 0.40),
        ratio("clicks", "open a row → at rest", found["row"], found["naive"], what, "ms", 0.40),
        count("clicks", "sort a column: messages and reruns", [sum(sorting)], 0),
    ]


@contextmanager
def warm(bench: Bench, *pages: str) -> Iterator[tuple[Browser, Server, list[Server]]]:
    """Chromium, our server, and one for each page."""
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        own = stack.enter_context(ours(bench))
        yield browser, own, [stack.enter_context(streamlit_run(bench, page)) for page in pages]


def _choose(tab: Tab, option: int) -> float:
    """Open the selectbox and take an option; only the click on the option is timed."""
    box = tab.page.locator('[data-testid="stSelectbox"]')
    box.evaluate("box => box.scrollIntoView({block: 'center'})")
    box.locator('input, [data-baseweb="select"], button').first.click(timeout=5000, force=True)
    tab.page.locator('[role="option"]').nth(option).wait_for()
    tab.page.wait_for_timeout(150)
    at = tab.page.locator('[role="option"]').nth(option).bounding_box()
    if at is None:
        raise RuntimeError("the selectbox did not open")
    return tab.click(at["x"] + 20, at["y"] + at["height"] / 2)


def _basket(label: str) -> str:
    return f'[data-testid="stMain"] [role="radio"]:has-text("{label}")'


def _click_row(tab: Tab, number: int) -> float:
    """Click the mark at the left of a row."""
    x, y = _table_at(tab)
    return tab.click(x + 16, y + 36 + 30 * (number - 0.5))


def _sort(tab: Tab) -> None:
    """Click the header of a column; the table sorts itself in the browser."""
    x, y = _table_at(tab)
    tab.page.mouse.click(x + 420, y + 18)
    tab.page.wait_for_timeout(600)


def _table_at(tab: Tab) -> tuple[float, float]:
    """Bring the table's upper edge to that of the window; where it lies then."""
    grid = tab.page.locator('[data-testid="stDataFrame"]').first
    grid.evaluate("table => table.scrollIntoView({block: 'start'})")
    tab.page.wait_for_timeout(100)
    box = grid.bounding_box()
    if box is None:
        raise RuntimeError("no table")
    return box["x"], box["y"]
