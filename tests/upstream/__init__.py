"""A wire-level stand-in of all upstreams, so that the real akshare and yfinance run against it unmodified.

>>> with Upstream() as upstream:                # doctest: +SKIP
...     environment = os.environ | upstream.env()
...     upstream.fault(r"push2", r"kline/get.*300308", "status:429", times=1, headers={"Retry-After": "30"})

``python -m tests.upstream --help`` runs it as a process of its own.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from . import baidu, datacenter, eastmoney, exchanges, indices, sina, swsresearch, tencent, yahoo
from .faults import Limit
from .market import NOW, Market
from .server import Entry, Proxy
from .wire import Route

__all__ = ["NOW", "Entry", "Market", "Upstream"]

ROUTES = [
    *tencent.ROUTES, *eastmoney.ROUTES, *datacenter.ROUTES, *sina.ROUTES, *swsresearch.ROUTES, *yahoo.ROUTES,
    *baidu.ROUTES, *indices.ROUTES, *exchanges.ROUTES,
]  # fmt: skip


class Upstream:
    """All upstreams behind one proxy. Nothing is ever passed on to the network.

    Args:
        now: the instant of the made-up world (UTC-aware).
        port: port on 127.0.0.1, 0 for a free one.
        ca_file: where to write the CA certificate; a temporary file by default.
        latency: seconds before every answer.
        ticking: let ``now`` run on with real time instead of standing still.
        beside: routes of upstreams that the program does not know yet.
    """

    def __init__(
        self,
        now: datetime = NOW,
        *,
        port: int = 0,
        ca_file: Path | None = None,
        latency: float = 0.0,
        ticking: bool = False,
        beside: Sequence[Route] = (),
    ) -> None:
        self.market = Market(now, ticking=ticking)
        self._proxy = Proxy(port, self.market, [*ROUTES, *beside])
        self._proxy.latency = latency
        self._folder = tempfile.TemporaryDirectory(prefix="upstream-")
        self.ca_file = ca_file or Path(self._folder.name) / "ca.pem"
        self.ca_file.write_bytes(self._proxy.authority.pem())
        self._thread = threading.Thread(target=self._proxy.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> Self:
        """Listen, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening; answers that hang or drip are given up."""
        if self._thread.is_alive():
            self._proxy.shutdown()
        self._proxy.hang_up()
        self._proxy.server_close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Address of the proxy."""
        return f"http://127.0.0.1:{self._proxy.server_address[1]}"

    def env(self) -> dict[str, str]:
        """Environment variables that send a process here and make it trust the CA.

        All three CA variables are set because their precedence differs per library; NO_PROXY is emptied because an
        inherited one would let requests out.
        """
        proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), self.url)
        authorities = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), str(self.ca_file))
        return proxies | {"NO_PROXY": "", "no_proxy": ""} | authorities

    @property
    def latency(self) -> float:
        """Seconds before every answer."""
        return self._proxy.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._proxy.latency = seconds

    @property
    def log(self) -> list[Entry]:
        """Every request so far, oldest first (the list itself: ``log.clear()`` starts afresh)."""
        return self._proxy.log

    def requests(self, host: str | None = None) -> list[Entry]:
        """The requests whose host matches a pattern (searched), or all."""
        return [entry for entry in self.log if host is None or re.search(host, entry.host)]

    @property
    def unknown(self) -> list[str]:
        """Requests that no handler answers (they got 599)."""
        return self._proxy.unknown

    @property
    def broken(self) -> list[str]:
        """Tracebacks of handlers that failed (their requests got 598)."""
        return self._proxy.broken

    @property
    def tls_failures(self) -> list[str]:
        """Clients that did not accept the certificate."""
        return self._proxy.tls_failures

    def fault(
        self, host: str, path: str, kind: str, times: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Inject a fault for the next ``times`` matching requests (None: for ever).

        ``host`` and ``path`` are patterns that are searched; ``path`` in the decoded path and query together. Kinds:
        ``reset hang:SECONDS drip status:CODE body:TEXT truncated redirect:URL huge`` and those of ``view``.
        ``headers`` go with status, body and redirect.
        """
        self._proxy.faults.add(host, path, kind, times, headers)

    def clear_faults(self) -> None:
        """Forget every fault."""
        self._proxy.faults.clear()

    def limit(self, host: str, per_second: float) -> Limit:
        """Answer 429 above so many requests a second to the hosts that match; returns the counter (``.refused``)."""
        return self._proxy.faults.limit(host, per_second)
