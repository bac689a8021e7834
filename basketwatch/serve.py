"""Starts the dashboard: on this machine only, or behind a token.

Streamlit's switches are shipped open (every interface, any Host header, no policy for the browser), so this module
sets them, whatever the working directory and the environment say, and puts four small ASGI guards in front of it.
It also keeps the log free of addresses and tokens, and imports what the pages need while the browser still starts.
"""

from __future__ import annotations

import base64
import errno
import functools
import hashlib
import hmac
import html
import importlib
import ipaddress
import logging
import os
import re
import socket
import sys
import threading
import time
import tomllib
import traceback
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from basketwatch.errors import BasketwatchError, UsageError
from basketwatch.refresher import redact, stop_all

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PROJECT = Path(__file__).resolve().parents[1]
PORT = 8501
PORTS_TRIED = 100
TOKEN_LENGTH = 16
WRONG_TRIES, LOCKED_SECONDS = 10, 60.0
COOKIE, KNOCK, COOKIE_SECONDS = "basketwatch", "basketwatch_knock", 30 * 86400
HEALTH, METRICS = "/_stcore/health", "/_stcore/metrics"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LIGHT, HEAVY = ("basketwatch.ui",), ("basketwatch.daily", "basketwatch.panels")
IDLE_SECONDS = 5.0


def serve(
    port: int | None,
    address: str = "127.0.0.1",
    token: str | None = None,
    open_browser: bool = True,
    *,
    hosts: Sequence[str] = (),
    script: Path | None = None,
) -> None:
    """Serve the dashboard until it is stopped.

    ``port``: None = 8501 or the next free one, 0 = any free one. ``token``: None = the one in ``BASKETWATCH_TOKEN``.
    ``hosts``: further names by which people reach it, such as that of a proxy with a certificate.
    Raises UsageError: needs_token, weak_token, bad_address, port_busy, no_dashboard.
    """
    script = script or PROJECT / "dashboard.py"
    if not script.is_file():
        raise UsageError("no_dashboard", path=script)
    # Taken out of the environment: no page and no child process has any use for it.
    found = os.environ.pop("BASKETWATCH_TOKEN", "")
    token = _checked_token(address, found if token is None else token)
    address = {"localhost": "127.0.0.1", "": "0.0.0.0"}.get(address, address)  # noqa: S104 - only behind a token
    chosen = _free_port(address, port)
    import streamlit as st  # after the checks: it takes a second, and a wrong argument should be said at once

    app = st.App(
        script,
        middleware=guards(address, token, hosts),
        lifespan=_lifespan(_url(address, chosen), open_browser and token is None and _has_display()),
        on_script_error=page_failed,
    )
    keep_log_clean()
    sys.argv = [str(script)]  # Streamlit takes argv for the launcher and puts its folder first in sys.path
    try:
        app.run(config=settings(address, chosen))
    except KeyboardInterrupt:
        pass
    except SystemExit as stop:
        if stop.code == 1:  # somebody took the port between our look and Streamlit's
            raise UsageError("port_busy", port=chosen) from None
        raise


# --- where to listen ---------------------------------------------------------------------------------------------


def is_loopback(address: str) -> bool:
    """True for an address that only this machine can reach; a name other than localhost may mean anything."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _checked_token(address: str, token: str) -> str | None:
    if token and len(token) < TOKEN_LENGTH:
        raise UsageError("weak_token", length=TOKEN_LENGTH)
    if not token and not is_loopback(address):
        raise UsageError("needs_token", address=address)
    return token or None


def _free_port(address: str, wanted: int | None) -> int:
    """The port asked for, or the first free one from 8501 on. Raises UsageError(port_busy) or (bad_address)."""
    first = PORT if wanted is None else wanted
    for port in range(first, first + (PORTS_TRIED if wanted is None else 1)):
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
                if os.name != "nt":  # there, it would let two servers share a port
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
                probe.listen(1)
                return int(probe.getsockname()[1])
        except OverflowError:
            break
        except OSError as fault:
            if fault.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise UsageError("bad_address", address=address) from None
    raise UsageError("port_busy", port=first)


def _url(address: str, port: int) -> str:
    if address in ("0.0.0.0", "::"):  # noqa: S104 - no address that one could open
        address = socket.gethostname()
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def settings(address: str, port: int) -> dict[str, Any]:
    """Streamlit's options: those of .streamlit/config.toml, and above them what no file or variable may change."""
    file = PROJECT / ".streamlit" / "config.toml"
    options = _flat(tomllib.loads(file.read_text("utf-8"))) if file.is_file() else {}
    return options | {
        "server.address": address,
        "server.port": port,
        "server.allowedHosts": ["*"],  # for the WebSocket only; same_host() is stricter and stands before everything
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableAgentApi": False,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "logger.enableRich": False,
        "logger.hideWelcomeMessage": True,
    }


def _flat(table: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return flat


# --- guards: plain ASGI, outermost first -------------------------------------------------------------------------


def guards(address: str, token: str | None, hosts: Sequence[str] = ()) -> list[Any]:
    """The middleware for an address: headers, host, metrics, and the token where there is one."""
    from starlette.middleware import Middleware

    names, beyond = {name.lower() for name in (*LOOPBACK, address, *hosts)}, not is_loopback(address)
    if beyond:
        names |= {socket.gethostname().lower(), socket.gethostname().lower() + ".local"}
    chain: list[Any] = [
        Middleware(security_headers, policy=content_policy()),
        Middleware(same_host, names=frozenset(names), any_address=beyond),
        Middleware(hide_metrics),
    ]
    return chain if token is None else [*chain, Middleware(guard_token, token=token)]


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
    from basketwatch.text import say

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


# --- start and stop ----------------------------------------------------------------------------------------------


def _lifespan(url: str, browse: bool) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        threading.Thread(target=_warm, name="warm-up", daemon=True).start()
        print(f"basketwatch: {url}", flush=True)  # the socket listens already
        if browse:
            threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()
        try:
            yield
        finally:
            stop_all()

    return lifespan


def _warm() -> None:
    """Import what the first line of a page needs, and the rest once that line is drawn or nobody has come yet.

    pandas is over a second of imports; loaded at the same time it would keep the title waiting.
    """
    for name in LIGHT:
        importlib.import_module(name)
    from basketwatch.ui import first_line_drawn

    first_line_drawn.wait(IDLE_SECONDS)
    for name in HEAVY:
        importlib.import_module(name)


def _has_display() -> bool:
    if os.environ.get("CI"):
        return False
    return sys.platform in ("win32", "darwin") or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))


# --- faults and the log ------------------------------------------------------------------------------------------


def page_failed(_fault: Exception) -> bool:
    """Show one sentence in place of Streamlit's box. The fault is in the log by then, see ``keep_log_clean``."""
    import streamlit as st

    from basketwatch.text import say

    st.error(say("page_failed", _language(st.context.locale)))
    return True


def _language(locale: str | None) -> str:
    return os.environ.get("BASKETWATCH_LANG") or ("zh" if (locale or "").lower().startswith("zh") else "en")


def place(fault: BaseException) -> str:
    """Type and place of a fault, innermost last, without its message (which may quote an address or a token)."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [f for f in frames[:-1] if Path(f.filename).is_relative_to(PROJECT) and "site-packages" not in f.filename]
    steps = [f"{Path(f.filename).name}:{f.lineno}" for f in [*ours[-4:], *frames[-1:]]]
    key = f"[{fault.key}]" if isinstance(fault, BasketwatchError) else ""
    return f"{type(fault).__name__}{key} at {' > '.join(steps) or 'an unknown place'}"


def keep_log_clean() -> None:
    """From here on each log line of this process is redacted, and a fault is logged by type and place.

    A record factory, because Streamlit and uvicorn give each of their loggers a handler of its own.
    """
    from uvicorn.config import LOGGING_CONFIG

    for logger in LOGGING_CONFIG["loggers"].values():
        logger["level"] = "WARNING"  # uvicorn would announce its start and stop
    make = logging.getLogRecordFactory()
    if not isinstance(make, functools.partial) or make.func is not _clean_record:
        logging.setLogRecordFactory(functools.partial(_clean_record, make))


def _clean_record(make: Callable[..., logging.LogRecord], *args: Any, **kwargs: Any) -> logging.LogRecord:
    record = make(*args, **kwargs)
    try:
        text = record.getMessage()
    except Exception:  # a wrong number of arguments: logging would print a traceback of its own
        text = str(record.msg)
    fault = record.exc_info[1] if record.exc_info else None
    record.msg, record.args, record.exc_info = redact(text) + (f": {place(fault)}" if fault else ""), (), None
    return record
