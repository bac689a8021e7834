"""Chromium as the stopwatch: when something became visible, when the page came to rest, what came over the wire."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

QUIET = 300  # milliseconds without a change: the page is at rest
# Notes the time of the first visible match of each rule, of the last change, and of the last click.
WATCH = """(() => {
  const rules = RULES, bench = window.bench = {seen: {}, last: 0, clicked: 0};
  const visible = e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0; };
  const look = now => { for (const [name, [selector, least]] of Object.entries(rules)) {
    if (name in bench.seen) continue;
    const found = document.querySelectorAll(selector);
    if (found.length >= least && visible(found[least - 1])) bench.seen[name] = now;
  } };
  new MutationObserver(() => { bench.last = performance.now(); look(bench.last); })
    .observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  document.addEventListener('pointerdown', () => { bench.clicked = performance.now(); }, true);
})()"""

Rules = Mapping[str, tuple[str, int]]


class Tab:
    """One tab, watched from before its first byte. A class because the WebSocket's traffic is counted as it comes."""

    def __init__(self, context: BrowserContext, rules: Rules) -> None:
        self.rules = rules
        self.bytes: Counter[str] = Counter()  # kind of message -> bytes
        self.finished = 0  # script runs that have ended
        self.messages = 0
        self.page: Page = context.new_page()
        self.page.add_init_script(WATCH.replace("RULES", json.dumps(dict(rules))))
        self.page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._received)

    def _received(self, payload: bytes | str) -> None:
        if isinstance(payload, str):
            return
        message = ForwardMsg.FromString(payload)
        kind = message.WhichOneof("type") or "?"
        self.finished += kind == "script_finished"
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            kind = message.delta.new_element.WhichOneof("type") or "?"
        self.bytes[kind] += len(payload)
        self.messages += 1

    def open(self, url: str, seconds: float = 90) -> dict[str, float]:
        """Go there and come to rest; epoch milliseconds of ``start``, of each rule, and of ``rest``."""
        self.page.goto(url, wait_until="commit")
        seen = self._rest(seconds, runs=1, since=0.0, wanted=set(self.rules))
        origin = self.page.evaluate("performance.timeOrigin")
        return {"start": origin} | {name: origin + t for name, t in seen.items()}

    def click(self, x: float, y: float) -> float:
        """Click a point as people do, hovering first; milliseconds until the page is at rest after the run it began."""
        self.page.mouse.move(x, y)
        self.page.wait_for_timeout(200)
        runs = self.finished + 1
        before = self.page.evaluate("bench.clicked")
        self.page.mouse.click(x, y)
        seen = self._rest(30, runs=runs, since=before, wanted=set())
        return seen["rest"] - float(self.page.evaluate("bench.clicked"))

    def click_on(self, selector: str) -> float:
        """The same for the middle of an element."""
        found = self.page.locator(selector).first
        found.scroll_into_view_if_needed(timeout=5000)
        box = found.bounding_box()
        if box is None:
            raise RuntimeError(f"not visible: {selector}")
        return self.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def _rest(self, seconds: float, *, runs: int, since: float, wanted: set[str]) -> dict[str, float]:
        until = monotonic() + seconds
        while monotonic() < until:
            now, bench = self.page.evaluate("[performance.now(), bench]")
            done = self.finished >= runs and wanted <= bench["seen"].keys()
            if done and bench["last"] > since and now - bench["last"] > QUIET:
                seen: dict[str, float] = bench["seen"]
                return seen | {"rest": bench["last"]}
            self.page.wait_for_timeout(25)
        raise RuntimeError(f"not at rest after {seconds} s: {bench}, runs {self.finished} of {runs}")

    def nodes(self) -> int:
        """Elements in the document."""
        return int(self.page.evaluate("document.querySelectorAll('*').length"))

    def close(self) -> None:
        """Close the tab."""
        self.page.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium, that of the system or the one that BENCH_BROWSER names."""
    path = os.environ.get("BENCH_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    options: dict[str, Any] = {"executable_path": path} if path else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=["--no-sandbox"] if os.geteuid() == 0 else [], **options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def context_of(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own, with an empty cache."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    try:
        yield context
    finally:
        context.close()
