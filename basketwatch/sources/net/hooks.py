"""The three methods that the guard replaces at class level, because akshare calls ``requests.get`` at module level and
yfinance keeps a curl session of its own: ``HTTPAdapter.send``, curl_cffi's ``Session.request``, and
``SocketIO.readinto``, through which every blocking read of requests, urllib and http.client goes and which alone can
end an answer of one byte a second (a read time-out never comes).
"""

from __future__ import annotations

import os
import socket
from math import ceil
from typing import Any
from urllib.parse import urljoin, urlsplit

from curl_cffi import CurlOpt
from curl_cffi.requests import Session as CurlSession
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from basketwatch.errors import BadAnswer, Blocked, BreakerOpen, SourceError, TooLarge, Unreachable
from basketwatch.sources.net.breaker import Answer
from basketwatch.sources.net.call import Way
from basketwatch.sources.net.certificates import bundle

_send, _request, _readinto = HTTPAdapter.send, CurlSession.request, socket.SocketIO.readinto
_REDIRECTS = 5
_replaced: list[Any] = []  # a thread may still be inside a replaced function when it is put back: it must not be freed


def replace(way: Way) -> None:
    """Send every request of this process through ``way.exchange``."""

    def send(
        adapter: HTTPAdapter,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        return _guarded_send(way, adapter, request, timeout, verify, cert, proxies)

    def request(session: CurlSession[Any], method: str, url: str, **kwargs: Any) -> Any:
        return _guarded_request(way, session, method, url, kwargs)

    def readinto(stream: socket.SocketIO, buffer: Any) -> int | None:
        _bound_read(stream, way.read_seconds())
        return _readinto(stream, buffer)

    _replaced.extend((send, request, readinto))
    HTTPAdapter.send = send  # type: ignore[method-assign, assignment]
    CurlSession.request = request  # type: ignore[method-assign, assignment]
    socket.SocketIO.readinto = readinto  # type: ignore[method-assign, assignment]


def restore() -> None:
    """Undo ``replace``."""
    HTTPAdapter.send = _send  # type: ignore[method-assign]
    CurlSession.request = _request  # type: ignore[method-assign]
    socket.SocketIO.readinto = _readinto  # type: ignore[method-assign]


# --- requests --------------------------------------------------------------------------------------------------------


def _guarded_send(
    way: Way, adapter: HTTPAdapter, request: PreparedRequest, timeout: Any, verify: Any, cert: Any, proxies: Any
) -> Response:
    """``HTTPAdapter.send`` that reads the body itself, and raises where akshare would lose the status."""
    url = request.url or ""

    def send(seconds: float) -> Answer:
        limits = (min(way.limits().connect, seconds), min(_seconds(timeout, way.limits().read), seconds))
        response = _send(adapter, request, True, limits, _authorities(verify, url), cert, proxies)
        if response.is_redirect:
            _stay(way, url, response.headers["location"])
        response._content = _body(way, response)
        return Answer(response, response.status_code, response.headers, response._content)

    answer = way.exchange(url, send)
    verdict = way.call().verdict
    if isinstance(verdict, (Blocked, Unreachable)):
        raise verdict
    native: Response = answer.native
    return native


def _body(way: Way, response: Response) -> bytes:
    """The unpacked body, given up as soon as it has grown too large."""
    body = bytearray()
    for chunk in response.iter_content(65_536):
        body += chunk
        if len(body) > way.limits().size:
            response.close()
            raise _too_large(way, response.url)
    return bytes(body)


# --- curl_cffi -------------------------------------------------------------------------------------------------------


def _guarded_request(way: Way, session: CurlSession[Any], method: str, url: str, kwargs: dict[str, Any]) -> Any:
    """``Session.request`` that follows redirects itself, each of them a request of its own."""
    follow = kwargs.pop("allow_redirects", True)
    for _ in range(_REDIRECTS):
        try:
            response = _one(way, session, method, url, kwargs)
        except SourceError as error:
            if (said := _in_yahoos_words(url, error)) is error:
                raise
            raise said from None
        location = response.headers.get("location") or ""
        if not (follow and location and 300 <= response.status_code < 400):
            return response
        _stay(way, url, location)
        method, url = "GET" if response.status_code in (301, 302, 303) else method, urljoin(url, location)
        kwargs = {name: value for name, value in kwargs.items() if name not in ("params", "data", "json", "content")}
    raise BadAnswer(source=way.call().source, host=_host(url), detail="too many redirects")


def _one(way: Way, session: CurlSession[Any], method: str, url: str, kwargs: dict[str, Any]) -> Any:
    def send(seconds: float) -> Answer:
        connect = min(way.limits().connect, seconds / 2)
        silence = _seconds(kwargs.get("timeout", session.timeout), way.limits().read)
        bounds: dict[Any, Any] = {
            CurlOpt.MAXFILESIZE_LARGE: way.limits().size,
            CurlOpt.LOW_SPEED_LIMIT: 1,  # less than a byte a second for so long is what requests calls a read time-out
            CurlOpt.LOW_SPEED_TIME: ceil(silence),
        }
        session.curl_options.update(bounds)
        # curl adds the two of "timeout" up to one limit for the whole transfer
        limits = {
            "timeout": (connect, seconds - connect),
            "verify": _authorities(kwargs.get("verify") or session.verify, url),
        }
        response = _request(session, method, url, **kwargs | limits | {"allow_redirects": False})  # type: ignore[arg-type]
        if len(response.content) > way.limits().size:  # curl counts the bytes before it unpacks them
            raise _too_large(way, url)
        return Answer(response, response.status_code, response.headers, response.content)

    return way.exchange(url, send).native


def _in_yahoos_words(url: str, error: SourceError) -> Exception:
    """What yfinance understands; ``guard.run`` finds the verdict again in its call.

    On its own rate-limit error and on curl's errors yfinance goes on without a crumb, which charts do not need;
    anything else ends its call.
    """
    if not _host(url).endswith(".yahoo.com"):
        return error
    if isinstance(error, BreakerOpen):
        from yfinance.exceptions import YFRateLimitError

        limited: Exception = YFRateLimitError()
        return limited
    return error.__cause__ if isinstance(error.__cause__, Exception) else error


# --- both ------------------------------------------------------------------------------------------------------------


def _bound_read(stream: socket.SocketIO, seconds: float | None) -> None:
    """Let one blocking read take no longer than what is left of its request."""
    if seconds is None:
        return
    if seconds <= 0:
        raise TimeoutError("deadline")
    connection: socket.socket = stream._sock  # type: ignore[attr-defined]
    patience = connection.gettimeout()
    if patience is None or patience > seconds:
        connection.settimeout(seconds)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _authorities(verify: Any, url: str) -> Any:
    """Certificates are always checked: requests forgets the environment's bundle when a caller passes False."""
    given = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return bundle(_host(url), verify if isinstance(verify, str) else given) or True


def _seconds(timeout: Any, longest: float) -> float:
    """A caller's time-out, in any form that requests and curl_cffi take, as seconds of reading."""
    given = timeout[-1] if isinstance(timeout, tuple) else timeout
    return min(float(given), longest) if isinstance(given, (int, float)) and given > 0 else longest


def _stay(way: Way, url: str, location: str) -> None:
    """Refuse a redirect to another host; only Yahoo's consent pages are spread over hosts of yahoo.com."""
    host, there = _host(url), _host(urljoin(url, location))
    if host != there and not (host.endswith(".yahoo.com") and there.endswith(".yahoo.com")):
        raise BadAnswer(source=way.call().source, host=host, detail=f"redirect to {there}")


def _too_large(way: Way, url: str) -> TooLarge:
    return TooLarge(source=way.call().source, host=_host(url), detail=f"more than {way.limits().size} bytes")
