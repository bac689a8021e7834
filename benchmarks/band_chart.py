"""The band chart of Valuation: what it sends and how soon it is painted, and how long a switch on its page takes."""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from .bench import PROJECT, Bench, Server, free_port, serving, streamlit_run
from .chromium import Rules, Tab, chromium, context_of
from .report import Metric, ratio

CHART: Rules = {"chart": (".js-plotly-plot .main-svg", 1)}
PAGE: Rules = {"chart": (".js-plotly-plot .main-svg", 1), "board": ('[data-testid="stDataFrame"] canvas', 1)}
LIMIT = 500.0  # milliseconds from a click to rest


def chart(bench: Bench) -> list[Metric]:
    """Ten years of one PE with five lines and the price, against the plain daily Plotly figure, in a page of its own."""
    found: dict[str, list[float]] = defaultdict(list)
    with chromium() as browser, streamlit_run(bench, "band_page.py") as server, context_of(browser) as context:
        for repetition in bench.rounds():
            for which in ("plain", "ours"):
                tab = Tab(context, CHART)
                seen = tab.open(f"{server.url}/?which={which}")
                if repetition:  # the first visit fills the browser's cache
                    found[f"{which} bytes"].append(tab.bytes["plotly_chart"] / 1000)
                    found[f"{which} paint"].append(seen["chart"] - seen["start"])
                    found[f"{which} rest"].append(seen["rest"] - seen["start"])
                tab.close()
    what = "plain daily figure"
    return [
        ratio("band chart", "WebSocket, ten years", found["ours bytes"], found["plain bytes"], what, "kB", 0.25),
        ratio("band chart", "new tab → painted", found["ours paint"], found["plain paint"], what, "ms", 1.0),
        ratio("band chart", "new tab → at rest", found["ours rest"], found["plain rest"], what, "ms", None),
    ]


def switches(bench: Bench) -> list[Metric]:
    """Click → at rest on Valuation of the demo market: another window, another definition, another stock."""
    found: dict[str, list[float]] = defaultdict(list)
    with chromium() as browser, demo_market(bench) as server, context_of(browser) as context:
        tab = Tab(context, PAGE)
        tab.open(f"{server.url}/valuation?ticker=COHR.US")
        for i in range(2 * bench.repetitions + 2):
            took = {
                "window": tab.click_on(_button("choice_pe_window", 2 + i % 3)),
                "definition": tab.click_on(_button("choice_pe_series", 1 - i % 2)),
                "subject": _choose(tab, "LITE.US" if i % 2 == 0 else "COHR.US"),
            }
            if i > 1:  # each series has been read once: the store is warm
                for name, milliseconds in took.items():
                    found[name].append(milliseconds)
    return [_within(f"switch the {name} → at rest", samples) for name, samples in found.items()]


def _within(name: str, samples: list[float]) -> Metric:
    ok = median(samples) <= LIMIT
    return Metric("valuation", name, median(samples), None, "", "ms", f"≤ {LIMIT:.0f} ms", ok, {"ours": samples})


def _button(key: str, number: int) -> str:
    return f'.st-key-{key} [role="radio"] >> nth={number}'


def _choose(tab: Tab, ticker: str) -> float:
    """Type into the selectbox; the click on the option that is left is timed."""
    box = tab.page.locator('[data-testid="stMain"] [data-testid="stSelectbox"] input').first
    box.click()
    box.fill(ticker)
    option = tab.page.locator('[role="option"]').first
    option.wait_for()
    tab.page.wait_for_timeout(150)
    at = option.bounding_box()
    if at is None:
        raise RuntimeError("the selectbox did not open")
    return tab.click(at["x"] + 20, at["y"] + at["height"] / 2)


@contextmanager
def demo_market(bench: Bench) -> Iterator[Server]:
    """``basketwatch demo`` with a home, and so a store, of its own."""
    home = bench.folder / "demo"
    for name in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / name, home / name, dirs_exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "basketwatch", "demo", "--port", str(port), "--no-browser"]
    with serving(command, bench.environment(home) | {"BASKETWATCH_LANG": "en"}, port) as server:
        yield server
