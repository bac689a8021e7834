"""The reader's last look: two cookies that come with the HTML document, per browser, without a script."""

from __future__ import annotations

import asyncio
import re
from http.cookies import SimpleCookie
from typing import Any

import pytest

from basketwatch.app import asgi

START = 1_783_000_000


class Browser:
    """Keeps cookies as a browser does and asks a plain ASGI app behind the guard."""

    def __init__(self, status: int = 200) -> None:
        self.now, self.status = float(START), status
        self.kept: dict[str, str] = {}
        self.lines: list[str] = []
        self.app = asgi.remember_look(self.page, lambda: self.now)

    async def page(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"etag", b'"1"')]})
        await send({"type": "http.response.body", "body": b"<html>"})

    def open(self, path: str = "/", *, method: str = "GET", scheme: str = "http", **headers: str) -> dict[str, str]:
        """What the guard sets with the answer; kept for the next request."""
        cookie = "; ".join(f"{n}={v}" for n, v in self.kept.items())
        sent = {"accept": "text/html,*/*", "cookie": cookie} | {n.replace("_", "-"): v for n, v in headers.items()}
        scope = {"type": "http", "method": method, "path": path, "scheme": scheme,
                 "headers": [(n.encode(), v.encode()) for n, v in sent.items()]}  # fmt: skip
        messages: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        asyncio.run(self.app(scope, None, send))  # type: ignore[arg-type]
        assert (b"etag", b'"1"') in messages[0]["headers"], "what the app sends stays"
        self.lines = [v.decode() for n, v in messages[0]["headers"] if n == b"set-cookie"]
        found = {name: morsel.value for line in self.lines for name, morsel in SimpleCookie(line).items()}
        self.kept |= found
        return {name: value for name, value in found.items() if name != "bw_person"}


def test_the_first_look_has_none_before_it() -> None:
    assert Browser().open() == {"bw_look": str(START)}


def test_the_next_day_s_look_remembers_the_one_before() -> None:
    browser = Browser()
    browser.open()
    browser.now += 86400
    assert browser.open("/flags") == {"bw_look": str(START + 86400), "bw_before": str(START)}


def test_reloading_within_half_an_hour_is_the_same_look() -> None:
    """09:00, next day 09:00, 09:20, 09:45: what is new on the second day stays what came after the first 09:00."""
    browser = Browser()
    browser.open()
    for later in (86400, 86400 + 1200, 86400 + 2700):
        browser.now = START + later
        assert browser.open()["bw_before"] == str(START)
    browser.now += 1801
    assert browser.open()["bw_before"] == str(START + 86400 + 2700)


def test_cookies_are_out_of_reach_for_scripts_and_other_sites() -> None:
    browser = Browser()
    browser.open()
    rest = "; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"
    assert browser.lines == [f"bw_look={START}{rest}", f"bw_person={browser.kept['bw_person']}{rest}"]
    browser.open(scheme="https")
    assert browser.lines[0].endswith("; Secure")


@pytest.mark.parametrize("asked", [
    {"accept": "*/*"}, {"accept": "image/avif,image/*"}, {"method": "HEAD"}, {"method": "POST"},
    {"path": "/_stcore/health"}, {"sec_purpose": "prefetch;prerender"},
])  # fmt: skip
def test_only_a_page_that_is_opened_is_a_look(asked: dict[str, str]) -> None:
    assert Browser().open(**asked) == {}


@pytest.mark.parametrize(("status", "looks"), [(200, True), (304, True), (401, False), (303, False), (500, False)])
def test_a_refused_page_is_no_look(status: int, looks: bool) -> None:
    assert bool(Browser(status).open()) == looks


@pytest.mark.parametrize("bad", [
    "", "abc", "-5", "1e9", "99999999999999999999", str(START + 10), "１２３", "12 3", "<script>", "1.5", "0x10",
])  # fmt: skip
def test_a_cookie_that_is_no_past_instant_counts_as_none(bad: str) -> None:
    assert asgi.instant_of(bad, START) is None
    browser = Browser()
    browser.kept = {"bw_look": bad, "bw_before": bad} if bad.isascii() else {}
    assert browser.open() == {"bw_look": str(START)}


def test_a_websocket_passes_untouched() -> None:
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append((scope["type"], send))

    async def send(_message: Any) -> None: ...

    asyncio.run(asgi.remember_look(app, lambda: START)({"type": "websocket", "path": "/_stcore/stream"}, None, send))  # type: ignore[arg-type]
    assert seen == [("websocket", send)]


def test_looks_are_remembered_behind_the_token_only() -> None:
    """The last of the guards is the innermost: who is turned away leaves no look."""
    names = [m.cls.__name__ for m in asgi.guards("0.0.0.0", "a-token-of-24-characters")]
    assert names[-2:] == ["guard_token", "remember_look"]
    assert asgi.guards("127.0.0.1", None)[-1].cls.__name__ == "remember_look"


@pytest.mark.parametrize("sent", ["", "../../x", "A" * 32, "g" * 32, "a" * 31])
def test_each_browser_has_drafts_of_its_own(sent: str) -> None:
    """A random id, kept from then on; what is no id is replaced."""
    one, other = Browser(), Browser()
    one.kept = {"bw_person": sent} if sent else {}
    one.open(), other.open()
    mine = one.kept["bw_person"]
    assert re.fullmatch("[0-9a-f]{32}", mine) and mine != other.kept["bw_person"]
    one.open("/edit")
    assert one.kept["bw_person"] == mine
