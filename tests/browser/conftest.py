"""Real Chromium and real servers for the page tests. Pictures stay in ``artefacts/``."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from basketwatch.settings import DEMO_FILE
from tests.stores import PROJECT, fill

ARTEFACTS = PROJECT / "artefacts"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
# Streamlit looks for its own base path below a deep link; these two probes answer 404 by design.
PROBES = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")


def chromium() -> str | None:
    return next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Where Chromium is; the test is skipped, or fails where one is required, on a machine without."""
    path = chromium()
    if path is None:
        if os.environ.get("BASKETWATCH_BROWSER") == "required":
            pytest.fail("no Chromium on this machine, and BASKETWATCH_BROWSER=required")
        pytest.skip("no Chromium on this machine")
    return path


@pytest.fixture(scope="module")  # not longer: Playwright's loop would be in the way of other tests' asyncio.run
def browser(browser_path: str) -> Iterator[Browser]:
    quiet = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as p:
        running = p.chromium.launch(executable_path=browser_path, args=[*quiet, *sandbox])
        yield running
        running.close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def demo_home(folder: Path) -> str:
    """A home in ``folder`` with the shipped files and the demo market in its store."""
    for name in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / name, folder / name)
    (folder / "data").mkdir()
    fill(folder / DEMO_FILE, is_demo=True).engine.dispose()
    return str(folder)


@contextmanager
def served(*words: str, **env: str) -> Iterator[str]:
    """A ``basketwatch`` server of its own on a free port; killed at the end with all it started."""
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BASKETWATCH_")} | env
    command = [sys.executable, "-m", "basketwatch", *words, "--port", str(port), "--no-browser"]
    child = subprocess.Popen(command, cwd=PROJECT, env=clean, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url + "/_stcore/health", child)
        yield url
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()


def wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if child.poll() is not None:
            raise RuntimeError(f"the server ended with status {child.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own http address
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not come up")


class Watch:
    """What a page did that it must not do: console errors, requests to other hosts."""

    def __init__(self, page: Page, url: str) -> None:
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)
        page.on("request", lambda request: self._request(request.url, url))

    def _console(self, message: object) -> None:
        place = message.location.get("url", "")  # type: ignore[attr-defined]
        if message.type == "error" and not PROBES.search(place):  # type: ignore[attr-defined]
            self.errors.append(f"{message.text} {place}")  # type: ignore[attr-defined]

    def _request(self, asked: str, ours: str) -> None:
        if not asked.startswith((ours, ours.replace("http", "ws"), "data:", "blob:")):
            self.elsewhere.append(asked)

    def check(self) -> None:
        assert self.errors == []
        assert self.elsewhere == []


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., tuple[Page, Watch]]]:
    """Open a URL at a size, in a language and a colour scheme."""
    contexts = []

    def open_it(
        url: str, path: str = "", *, size: str = "desktop", lang: str = "zh", dark: bool = False
    ) -> tuple[Page, Watch]:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN" if lang == "zh" else "en-US",
            color_scheme="dark" if dark else "light",
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        watch = Watch(page, url)
        page.goto(f"{url}/{path}")
        return page, watch

    yield open_it
    for context in contexts:
        context.close()


def picture(page: Page, name: str) -> Path:
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / f"{name}.png"
    page.screenshot(path=path)
    return path
