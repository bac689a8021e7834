"""What a page of sixty stocks sends and builds: WebSocket bytes, elements, and the server's memory afterwards."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from contextlib import AbstractContextManager
from pathlib import Path

from .bench import BIG, Bench, Server, ours, streamlit_run
from .chromium import Rules, Tab, chromium, context_of
from .report import Metric, count, ratio
from .startup import BASKET, NAIVE, TABLE
from .watched import EVERY

HEAVY = ("akshare", "yfinance", "duckdb", "curl_cffi")


def payload(bench: Bench) -> list[Metric]:
    """The Basket page of a basket of sixty against the page with sixty charts, and the memory of both servers."""
    found: dict[str, list[float]] = defaultdict(list)
    kinds: dict[str, dict[str, int]] = {}
    with chromium() as browser:
        for repetition in bench.rounds():
            for name, server, path, rules in _sides(bench):
                with server as running, context_of(browser) as context:
                    tab = Tab(context, rules)
                    tab.open(running.url + path)
                    if not repetition:  # it may have compiled what it imports, which takes memory
                        continue
                    found[f"{name} bytes"].append(sum(tab.bytes.values()) / 1000)
                    found[f"{name} table"].append(tab.bytes["dataframe"] / 1000)
                    found[f"{name} nodes"].append(tab.nodes())
                    found[f"{name} memory"].append(running.memory())
                    kinds[name] = dict(tab.bytes.most_common(6))
    for name, sizes in kinds.items():
        print(f"  {name}: " + ", ".join(f"{kind} {size / 1000:.1f} kB" for kind, size in sizes.items()))
    what, idle = "naive, 60 charts", "one-line page"
    return [
        ratio(
            "payload", "WebSocket, the whole Basket page", found["ours bytes"], found["naive bytes"], what, "kB", 0.12
        ),
        ratio("payload", "WebSocket, its table alone", found["ours table"], found["naive bytes"], what, "kB", 0.12),
        ratio("payload", "elements in the page", found["ours nodes"], found["naive nodes"], what, "", 0.10),
        ratio("memory", "server after the list page", found["ours memory"], found["naive memory"], what, "MB", 0.80),
        ratio("memory", "server after the list page", found["ours memory"], found["one memory"], idle, "MB", None),
    ]


def _sides(bench: Bench) -> list[tuple[str, AbstractContextManager[Server], str, Rules]]:
    return [
        ("naive", streamlit_run(bench, "naive_page.py"), "", NAIVE),
        ("ours", ours(bench), f"/basket?basket={BIG}", BASKET),
        ("one", streamlit_run(bench, "one_line_page.py"), "", {}),
    ]


def modules(bench: Bench) -> list[Metric]:
    """Which heavy libraries the server has imported after every page was open: a wrapper writes its modules down."""
    dump = bench.folder / "modules.txt"
    wrapper = ("-m", "benchmarks.watched")
    with chromium() as browser, ours(bench, wrapper, dump) as server, context_of(browser) as context:
        before = len(bench.upstream.requests())
        for path, rules in (("", {}), (f"/basket?basket={BIG}", BASKET), ("/health", {"data": TABLE})):
            Tab(context, rules).open(server.url + path)
        asked = len(bench.upstream.requests()) - before
        mapped = "curl_cffi" in Path(f"/proc/{server.process.pid}/maps").read_text()
        time.sleep(2 * EVERY)
    loaded = {line.partition(".")[0] for line in dump.read_text().split()}
    found = sorted(loaded & set(HEAVY)) + ["curl_cffi (mapped)"] * mapped
    print(f"  {len(loaded)} top-level modules in the server; heavy ones: {found or 'none'}", file=sys.stderr)
    return [
        count("memory", "heavy libraries in the server", [len(found)], 0),
        count("requests", "upstream requests of opening every page", [asked], 0, 60, "naive"),
    ]
