"""One message to a chat: https to one host, no redirect, bounded in time and size, and known whether it went out.

Apart from the guard, whose limits and retries are those of reading: what is posted twice is said twice. The body is
handed out as late as the connection stands, so whoever gives up knows whether anything of it has left.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import socket
import threading
from collections.abc import Mapping
from logging import WARNING, getLogger
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import certifi
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.filepost import encode_multipart_formdata

from basketwatch.errors import NoAnswer, NothingSent
from basketwatch.sources.net.breaker import of_error, retry_after

SECONDS = 15.0  # of a whole exchange; a large body gets more
CONNECT = 5.0
BYTES_A_SECOND = 100_000
MOST = 64 * 1024  # bytes of an answer that are read

getLogger("urllib3").setLevel(WARNING)  # its debug lines hold the path, and a hook's path is its key


class Reply(NamedTuple):
    """A service's answer, cut after ``MOST`` bytes. ``wait``: seconds of Retry-After."""

    status: int
    body: bytes
    wait: float | None = None


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, public: bool = False, seconds: float | None = None
) -> Reply:
    """POST ``body`` to an https URL. ``public``: only to an address that the whole internet can reach.

    Raises NothingSent where no byte of the body has left (no connection, no trust, a private address), NoAnswer where it
    may have arrived. Both name the host and a word, never the URL.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise NothingSent(host=parts.hostname or "", detail="no https")
    outgoing, answers = _Outgoing(body), queue.SimpleQueue[Reply | str]()
    work = threading.Thread(target=_ask, args=(url, outgoing, dict(headers), public, answers), daemon=True)
    work.start()
    try:
        found = answers.get(timeout=seconds or SECONDS + len(body) / BYTES_A_SECOND)
    except queue.Empty:
        found = "timeout"
    if isinstance(found, Reply):
        return found
    kind = NoAnswer if outgoing.give_up() else NothingSent
    raise kind(host=parts.hostname, detail=found)


def form(fields: Mapping[str, str | tuple[str, bytes, str]]) -> tuple[bytes, str]:
    """A multipart body and its content type; a file is (name, content, type)."""
    return encode_multipart_formdata(dict(fields))


class _Outgoing:
    """A body that is read when the connection stands; after ``give_up`` nobody can read it any more."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at, self.given_up, self.lock = body, 0, False, threading.Lock()

    def __len__(self) -> int:
        return len(self.body)

    def read(self, size: int = -1) -> bytes:
        with self.lock:
            if self.given_up:
                raise OSError("given up")
            end = len(self.body) if size < 0 else self.at + size
            chunk = self.body[self.at : end]
            self.at += len(chunk)
            return chunk

    def give_up(self) -> bool:
        """Let nothing more out; whether anything is out already."""
        with self.lock:
            self.given_up = True
            return self.at > 0


def _ask(
    url: str, outgoing: _Outgoing, headers: dict[str, str], public: bool, answers: queue.SimpleQueue[Reply | str]
) -> None:
    """The exchange itself, in a thread that is left to itself when time is up; a word for what went wrong."""
    try:
        answers.put(_exchange(url, outgoing, headers, public))
    except Exception as error:
        answers.put(_word(error))


def _exchange(url: str, outgoing: _Outgoing, headers: dict[str, str], public: bool) -> Reply:
    host = urlsplit(url).hostname or ""
    proxy = select_proxy(url, get_environ_proxies(url))
    if public:
        _require_public(host, known_elsewhere=bool(proxy))
    own = {"User-Agent": "basketwatch", "Accept-Encoding": "identity", "Content-Length": str(len(outgoing))}
    with _manager(proxy, public) as manager:
        response = manager.request(
            "POST", url, body=outgoing, headers=headers | own, redirect=False, retries=False, preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT, read=SECONDS),
        )  # fmt: skip
        try:
            body = bytearray()
            for chunk in response.stream(8192, decode_content=False):
                body += chunk
                if len(body) > MOST or outgoing.given_up:
                    break
            return Reply(response.status, bytes(body[:MOST]), retry_after(response.headers))
        finally:
            response.close()


def _manager(proxy: str | None, public: bool) -> Any:
    """Connections to the host, or through the environment's proxy; certificates are those of the environment's bundle."""
    given = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    trust: dict[str, Any] = {"cert_reqs": "CERT_REQUIRED", "ca_cert_dir" if Path(given).is_dir() else "ca_certs": given}
    if proxy:
        return HTTPAdapter().proxy_manager_for(prepend_scheme_if_needed(proxy, "http"), **trust)
    manager = urllib3.PoolManager(**trust)
    if public:
        manager.pool_classes_by_scheme = {"https": _PublicPool}
    return manager


def _word(error: Exception) -> str:
    if isinstance(error, _PrivateError):
        return "private address"
    word = of_error(error)[1]
    return "no connection" if word == type(error).__name__ else word


# --- addresses ---------------------------------------------------------------------------------------------------


class _PrivateError(OSError):
    """The host is this machine, or one that only this network can reach."""


class _PublicConnection(HTTPSConnection):
    """Looks at the address once more where the connection stands: a name may change between two look-ups."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if not _is_public(sock.getpeername()[0]):
            sock.close()
            raise _PrivateError
        return sock


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


def _require_public(host: str, *, known_elsewhere: bool) -> None:
    """Raise _PrivateError for a private address; a name that only the proxy knows is left to it."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except OSError:
        if known_elsewhere:
            return
        raise
    if not all(map(_is_public, found)):
        raise _PrivateError


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_global and not ip.is_multicast
