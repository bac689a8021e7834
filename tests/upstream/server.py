"""A forward proxy on 127.0.0.1 that answers for every upstream and forwards nothing.

``CONNECT host:443`` is answered with 200 and the socket wrapped in TLS, with a leaf certificate made on the spot by a
throw-away CA; plain http arrives as absolute-URI requests. A request nobody answers gets status 599, an exception in a
handler 598; both are recorded.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import format_datetime
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

from .faults import Fault, FaultBook
from .market import Market
from .view import View
from .wire import Answer, NotAnswered, Request, Route, split_url

UNKNOWN, BROKEN = 599, 598
HUGE = 24 * 1024 * 1024  # bytes put before a "huge" answer
BLOCKED = "<html><head><title>Access denied</title></head><body>请完成验证</body></html>"


@dataclass(frozen=True)
class Entry:
    """One line of the log. ``time`` is epoch seconds; ``status`` is None where the connection was closed instead."""

    time: float
    method: str
    host: str
    path: str
    query: dict[str, str]
    user_agent: str
    status: int | None


class Authority:
    """The throw-away CA; makes and keeps one TLS context per host."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def pem(self) -> bytes:
        """The CA certificate that clients must trust."""
        return self._ca.cert_pem.bytes()

    def context(self, host: str) -> ssl.SSLContext:
        """A server context for one host, speaking HTTP/1.1 only."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.set_alpn_protocols(["http/1.1"])
                self._ca.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]


class Proxy(ThreadingHTTPServer):
    """The listening socket and everything the connections share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, market: Market, routes: Sequence[Route]) -> None:
        self.market = market
        self.routes = [(re.compile(host), re.compile(path), handler) for host, path, handler in routes]
        self.authority = Authority()
        self.faults = FaultBook()
        self.latency = 0.0  # seconds before every answer
        self.log: list[Entry] = []
        self.unknown: list[str] = []
        self.broken: list[str] = []
        self.tls_failures: list[str] = []
        self.stopping = threading.Event()
        self.connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        super().__init__(("127.0.0.1", port), Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is its own business; anything else is a fault of the stand-in."""
        if not isinstance(sys.exception(), OSError):
            self.broken.append(traceback.format_exc())

    def hang_up(self) -> None:
        """End every connection, also those that hang, drip or wait for another request."""
        self.stopping.set()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, request: Request, content: dict[str, str]) -> Answer:
        """The answer of the handler that owns the request."""
        view = View(self.market, content)
        for host, path, handler in self.routes:
            if host.fullmatch(request.host) and path.fullmatch(request.path):
                try:
                    return handler(request, view)
                except NotAnswered as reason:
                    return self._unanswered(request, str(reason))
                except Exception:
                    self.broken.append(f"{request.host}{request.target}\n{traceback.format_exc()}")
                    return Answer(b"handler failed", BROKEN, "text/plain")
        return self._unanswered(request, "no such page")

    def _unanswered(self, request: Request, reason: str) -> Answer:
        self.unknown.append(f"{request.method} {request.host}{request.target} ({reason})")
        return Answer(b"not answered by the stand-in", UNKNOWN, "text/plain")


class Connection(BaseHTTPRequestHandler):
    """One client connection; after CONNECT it goes on inside TLS."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy
    _tunnel = ""  # host of the CONNECT

    def setup(self) -> None:
        """Register with the proxy, which may hang up."""
        super().setup()
        self.server.connections.add(self)

    def finish(self) -> None:
        """Close at once: the socket inside TLS is not the one the server knows."""
        with suppress(OSError):
            super().finish()
        self.connection.close()

    def do_CONNECT(self) -> None:
        """Open the tunnel and put TLS on it."""
        self._tunnel = self.path.rpartition(":")[0]
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            context = self.server.authority.context(self._tunnel)
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except (OSError, ssl.SSLError) as error:
            self.server.tls_failures.append(f"{self._tunnel}: {error}")
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        """Answer one request, through the limits and faults that concern it."""
        request = self._request()
        started = time.time()
        transport, content = self.server.faults.take(request.host, request.target)
        self.server.stopping.wait(self.server.latency)
        if self.server.faults.over_limit(request.host):
            return self._send(request, started, Answer(b"Too Many Requests\r\n", 429, "text/plain"))
        for fault in transport:
            if fault.name == "hang":
                self.server.stopping.wait(float(fault.argument or 3600))
        broken = next((fault for fault in transport if fault.name != "hang"), None)
        if broken is None:
            return self._send(request, started, self.server.answer(request, content))
        return self._break(request, started, broken, content)

    do_POST = do_GET  # noqa: N815

    def _break(self, request: Request, started: float, fault: Fault, content: dict[str, str]) -> None:
        if fault.name == "reset":
            self.close_connection = True
            self._record(request, started, None)
            return None
        if fault.name in {"status", "redirect", "body"}:
            return self._send(request, started, _instead(fault))
        answer = self.server.answer(request, content)
        if fault.name == "truncated":
            answer.body = answer.body[: len(answer.body) // 2]
        if fault.name == "huge":
            answer.body = b" " * HUGE + answer.body
        return self._send(request, started, answer, drip=fault.name == "drip")

    def _request(self) -> Request:
        host, path, query = split_url(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        headers = {key.lower(): value for key, value in self.headers.items()}
        scheme = "https" if self._tunnel else "http"
        body = self.rfile.read(length) if length else b""
        return Request(self.command, scheme, self._tunnel or host, path, query, headers, body)

    def _record(self, request: Request, started: float, status: int | None) -> None:
        agent = request.headers.get("user-agent", "")
        line = Entry(started, request.method, request.host, request.path, request.query, agent, status)
        self.server.log.append(line)

    def _send(self, request: Request, started: float, answer: Answer, *, drip: bool = False) -> None:
        self._record(request, started, answer.status)
        self.send_response_only(answer.status, responses.get(answer.status, "Stand-in"))
        self.send_header("Date", format_datetime(self.server.market.now, usegmt=True))
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if not drip:
            self.wfile.write(answer.body)
            return
        for at in range(len(answer.body)):
            if self.server.stopping.wait(1.0):
                return
            self.wfile.write(answer.body[at : at + 1])

    def log_message(self, *_: object) -> None:
        """The log is a list, not stderr."""


def _instead(fault: Fault) -> Answer:
    """The answer of a fault that replaces the upstream's."""
    extra = list(fault.headers.items())
    if fault.name == "body":
        kind = "text/html; charset=utf-8" if fault.argument.startswith("<") else "application/json"
        return Answer(fault.argument.encode(), 200, kind, extra)
    if fault.name == "redirect":
        return Answer(b"", 302, "text/html", [("Location", fault.argument), *extra])
    status = int(fault.argument)
    if status == 429:
        return Answer(b"Too Many Requests\r\n", 429, "text/plain", extra)
    return Answer(BLOCKED.encode(), status, "text/html; charset=utf-8", extra)
