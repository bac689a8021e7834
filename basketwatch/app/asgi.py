"""What stands between the network and Streamlit: headers, host and origin, metrics, the token. Plain ASGI."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import ipaddress
import re
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

WRONG_TRIES, LOCKED_SECONDS = 10, 60.0
COOKIE, KNOCK, COOKIE_SECONDS = "basketwatch", "basketwatch_knock", 30 * 86400
HEALTH, METRICS = "/_stcore/health", "/_stcore/metrics"
LOOK, BEFORE, LOOK_SECONDS = "bw_look", "bw_before", 400 * 86400  # browsers keep no cookie longer
PERSON = "bw_person"  # whose draft it is; a random number that says nothing about the reader
SITTING = 30 * 60  # seconds: who loads a page again within them is still at the same look
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def guards(address: str, token: str | None, hosts: Sequence[str] = ()) -> list[Any]:
    """The middleware for an address: headers, host, metrics, the token where there is one, and the reader's looks."""
    from starlette.middleware import Middleware

    names, beyond = {name.lower() for name in (*LOOPBACK, address, *hosts)}, not is_loopback(address)
    if beyond:
        names |= {socket.gethostname().lower(), socket.gethostname().lower() + ".local"}
    chain: list[Any] = [
        Middleware(security_headers, policy=content_policy()),
        Middleware(same_host, names=frozenset(names), any_address=beyond),
        Middleware(hide_metrics),
    ]
    if token is not None:
        chain.append(Middleware(guard_token, token=token))
    return [*chain, Middleware(remember_look)]


def content_policy() -> str:
    """The Content-Security-Policy: everything from this server, nothing else; inline only Streamlit's own script."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(["'self'", *(f"'sha256-{h}'" for h in hashes)])
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def security_headers(app: ASGIApp, policy: str) -> ASGIApp:
    """Say to the browser what this page may load and who may frame it, with every answer."""
    ours = {
        b"content-security-policy": policy.encode(),
        b"x-frame-options": b"DENY",
        b"referrer-policy": b"no-referrer",
        b"x-content-type-options": b"nosniff",
        b"cross-origin-resource-policy": b"same-origin",
    }

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in ours]
                message = {**message, "headers": [*kept, *ours.items()]}
            await send(message)

        await app(scope, receive, with_headers if scope["type"] == "http" else send)

    return guarded


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?")


def same_host(app: ASGIApp, names: frozenset[str], any_address: bool) -> ASGIApp:
    """Refuse a Host that is not ours (DNS rebinding) and an Origin that is not that host, for pages and WebSockets.

    ``any_address``: an IP address as Host is safe, since rebinding needs a name. Streamlit's own check of the Origin
    comes too late: for a foreign one it asks an outside service for our public address.
    """

    def ours(scope: Scope) -> bool:
        host, origin = _header(scope, b"host").lower(), _header(scope, b"origin").lower()
        found = _HOST.fullmatch(host)
        if found is None or (origin and origin not in (f"http://{host}", f"https://{host}")):
            return False
        name = found[1].strip("[]")
        return name in names or (any_address and _is_address(name))

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not ours(scope):
            await _refuse(scope, receive, send, 403, "wrong_host")
        else:
            await app(scope, receive, send)

    return guarded


def hide_metrics(app: ASGIApp) -> ASGIApp:
    """Streamlit's metrics are for this machine only."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/") == METRICS and not is_loopback(_client(scope)):
            await _answer(send, 404, "", {})
        else:
            await app(scope, receive, send)

    return guarded


def _now() -> float:
    from basketwatch import clock

    return clock.now().timestamp()


def remember_look(app: ASGIApp, now: Callable[[], float] = _now) -> ASGIApp:
    """Let each browser keep when it last loaded a page, when it did so before this sitting, and which drafts are its own.

    Three cookies. They are set with the HTML document, so no script is needed; a page reads the second one and calls newer what was
    raised since. Seconds since 1970. Only this browser knows them, and they say nothing about the reader.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        looks = _looks(scope, int(now())) if _asks_for_document(scope) else ()

        async def with_cookies(message: Message) -> None:
            if looks and message["type"] == "http.response.start" and message["status"] in (200, 304):
                message = {**message, "headers": [*message.get("headers", []), *looks]}
            await send(message)

        await app(scope, receive, with_cookies if looks else send)

    return guarded


def _asks_for_document(scope: Scope) -> bool:
    """A browser that opens the address for a reader; not a picture, a script, or a load ahead of a click."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith("/_stcore"):
        return False
    ahead = "prefetch" in _header(scope, b"sec-purpose")
    return "text/html" in _header(scope, b"accept") and not ahead


def _looks(scope: Scope, now: int) -> list[tuple[bytes, bytes]]:
    """The Set-Cookie lines: this look, and the one before the sitting, which a reload does not move."""
    sent = _cookies(scope)
    last, before = (instant_of(sent.get(name, ""), now) for name in (LOOK, BEFORE))
    if last is not None and now - last > SITTING:
        before = last
    found: dict[str, object] = {LOOK: now, **({} if before is None else {BEFORE: before})}
    found[PERSON] = person_of(sent.get(PERSON, "")) or secrets.token_hex(16)
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    rest = f"Path=/; Max-Age={LOOK_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    return [(b"set-cookie", f"{name}={value}; {rest}".encode()) for name, value in found.items()]


def instant_of(cookie: str, now: float) -> int | None:
    """The instant in a cookie, seconds since 1970; None for what is no instant up to ``now``."""
    if not (cookie.isascii() and cookie.isdecimal() and len(cookie) <= 10):
        return None
    return int(cookie) if int(cookie) <= now else None


def person_of(cookie: str) -> str | None:
    """The id in a cookie: 32 hexadecimal digits; None for anything else."""
    return cookie if re.fullmatch(r"[0-9a-f]{32}", cookie) else None


def guard_token(app: ASGIApp, token: str, clock: Callable[[], float] = time.monotonic) -> ASGIApp:
    """Let in who once came with ``?token=…`` and holds the cookie since; on every path but the health check."""
    entry, tries = _digest(token), _Tries(clock)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == HEALTH:
            return await app(scope, receive, send)
        client, cookie = _client(scope), _cookies(scope).get(COOKIE, "")
        if tries.locked(client):
            return await _refuse(scope, receive, send, 429, "token_locked")
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        offered = dict(query).get("token") if scope["type"] == "http" else None
        if offered is not None:
            if hmac.compare_digest(_digest(offered), entry):
                return await _welcome(scope, send, entry, [(name, value) for name, value in query if name != "token"])
            tries.wrong(client)
        elif hmac.compare_digest(cookie.encode(), entry.encode()):
            return await app(scope, receive, send)
        elif cookie:
            tries.wrong(client, cookie)
        return await _refuse(scope, receive, send, 401, "token_page")

    return guarded


class _Tries:
    """Wrong tries per client address. A class because it counts across requests."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, int, str]] = {}  # client -> last try, how many, last wrong cookie

    def locked(self, client: str) -> bool:
        last, count, _ = self._seen.get(client, (0.0, 0, ""))
        if count and self._clock() - last >= LOCKED_SECONDS:
            del self._seen[client]
            return False
        return count >= WRONG_TRIES

    def wrong(self, client: str, cookie: str = "") -> None:
        """Count one. The same stale cookie over and over is an old tab that reconnects, and counts once."""
        _, count, known = self._seen.get(client, (0.0, 0, ""))
        if cookie and cookie == known:
            return
        if len(self._seen) > 10_000:  # a flood of addresses must not fill the memory: drop what has run out
            now = self._clock()
            self._seen = {c: seen for c, seen in self._seen.items() if now - seen[0] < LOCKED_SECONDS}
        self._seen[client] = (self._clock(), count + 1, cookie or known)


def _digest(token: str) -> str:
    return hmac.new(token.encode(), b"basketwatch session", "sha256").hexdigest()


def _header(scope: Scope, name: bytes) -> str:
    return next((bytes(value).decode("latin-1") for key, value in scope.get("headers", []) if key == name), "")


def _cookies(scope: Scope) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in _header(scope, b"cookie").split(";"))
    return {name: value for name, _, value in pairs}


def _is_address(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _client(scope: Scope) -> str:
    """The client's address; of IPv6 the /64, of which one machine may use any address."""
    host = str((scope.get("client") or ("",))[0])
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(found, ipaddress.IPv6Address) and not found.is_loopback:
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


async def _welcome(scope: Scope, send: Send, entry: str, query: list[tuple[str, str]]) -> None:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    # quote() and the single slash: the address must stay on this host, whatever the path looks like
    where = "/" + quote(scope["path"].lstrip("/")) + (f"?{urlencode(query)}" if query else "")
    cookie = f"{COOKIE}={entry}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}"
    await _answer(send, 303, "", {"location": where, "set-cookie": cookie})


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, key: str) -> None:
    """One plain sentence in both languages; a WebSocket is closed before it opens, which the browser sees as 403."""
    from basketwatch.words.text import say

    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    extra: dict[str, str] = {"retry-after": str(int(LOCKED_SECONDS))} if status == 429 else {}
    if status == 401 and "text/html" in _header(scope, b"accept") and KNOCK not in _cookies(scope):
        # A link in a web chat: the browser keeps a Strict cookie back for that first request, not for one that our own
        # page starts. So ask once more; the short-lived mark makes it once.
        extra = {"refresh": "0", "set-cookie": f"{KNOCK}=1; Path=/; Max-Age=5; HttpOnly; SameSite=Lax"}
    lines = "".join(f'<p lang="{lang}">{html.escape(say(key, lang))}</p>' for lang in ("zh", "en"))
    await _answer(send, status, f'<!doctype html><meta charset="utf-8"><title>basketwatch</title>{lines}', extra)


async def _answer(send: Send, status: int, body: str, extra: dict[str, str]) -> None:
    headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store", **extra}
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body.encode()})


def is_loopback(address: str) -> bool:
    """True for an address that only this machine can reach; a name other than localhost may mean anything."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
