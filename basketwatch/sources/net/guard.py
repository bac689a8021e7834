"""The one way to the network: every request of requests, curl_cffi, akshare and yfinance passes here.

A ``Guard`` is installed once in a refresh process. For each request it sees to: breaker, pacing, clamped time-outs and
a total one, size cap, certificate check, no redirect to another host, a line in the log. Sources call ``fetch``,
``fetch_json`` (our own readers) and ``run`` (a foreign library), and get SourceError for everything that goes wrong.

Not bounded: a name server that does not answer requests (curl is bounded there, too); the run's own limit ends that.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from logging import CRITICAL, getLogger
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

import requests

from basketwatch import clock
from basketwatch.errors import (
    BadAnswer,
    Blocked,
    BreakerOpen,
    NoData,
    SourceError,
    StillSilent,
    TooLarge,
    UnknownSymbol,
    Unreachable,
)
from basketwatch.redact import Redact, excerpt
from basketwatch.sources.net import hooks
from basketwatch.sources.net.breaker import (
    Answer,
    Breaker,
    Outcome,
    after,
    date_of,
    is_captcha,
    is_page,
    of_error,
    of_status,
    retry_after,
)
from basketwatch.sources.net.call import Call, Limits, Way

__all__ = ["Breaker", "Guard", "Limits", "Redact", "Request", "current", "fetch", "fetch_json", "install", "run"]

P = ParamSpec("P")
T = TypeVar("T")

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0 Safari/537.36"
_NEUTRAL: Outcome = "neutral"
PAGES = {"finance.yahoo.com", "guce.yahoo.com", "consent.yahoo.com"}  # hosts that are asked for pages
PACE = 0.22  # seconds between two starts at one host; above 4.5 a second upstreams begin to refuse


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the request log. ``path`` is without query; ``status`` 0 means no answer; ``error`` is a word."""

    at: datetime
    source: str
    host: str
    path: str
    status: int
    ms: float
    size: int
    error: str


class Guard:
    """Limits, pace, breakers, log and clock skew of one refresh process.

    ``breakers`` are those of an earlier process; ``pace``: seconds between two requests to a host, by default ``PACE``.
    ``hear``: called with source, URL and body of every answer. ``monotonic`` and ``sleep`` are replaced in tests.
    """

    def __init__(
        self,
        breakers: Iterable[Breaker] = (),
        *,
        limits: Limits | None = None,
        pace: float | None = None,
        hear: Callable[[str, str, bytes], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limits = limits or Limits()
        self.requests: list[Request] = []
        self.skew: float | None = None  # seconds by which the servers' clock is ahead of ours; None while unknown
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": BROWSER, "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
        self._pace, self._monotonic, self._sleep = PACE if pace is None else pace, monotonic, sleep
        self._breakers = {b.host: b for b in breakers}
        self._hear = hear
        self._next: dict[str, float] = {}
        self._pages: dict[str, tuple[str, bytes]] = {}  # host -> the last page of HTML that it sent, and for which URL
        self._lock = threading.Lock()
        self._local = threading.local()
        self._until: float | None = None

    @property
    def breakers(self) -> list[Breaker]:
        """Every host with something counted against it, for the store to keep until the next process."""
        return [b for b in self._breakers.values() if b.failures]

    def counts(self) -> Counter[str]:
        """Requests made so far, by host."""
        return Counter(r.host for r in self.requests)

    def deadline(self, seconds: float) -> None:
        """After so many seconds from now every further request raises Unreachable(detail="deadline")."""
        self._until = self._monotonic() + seconds

    @property
    def call(self) -> Call:
        """The call this thread is in; an unnamed one outside ``run`` and ``fetch``."""
        if not hasattr(self._local, "call"):
            self._local.call = Call()
        found: Call = self._local.call
        return found

    @contextmanager
    def calling(self, source: str) -> Iterator[Call]:
        """Name the source of this thread's requests and bound them all together by ``limits.call``."""
        self._local.call = call = Call(source, self._monotonic() + self.limits.call)
        try:
            yield call
        finally:
            del self._local.call

    def exchange(self, url: str, send: Callable[[float], Answer]) -> Answer:
        """Let one request through; ``send`` gets the seconds it may take in all.

        A request that brought no answer raises its verdict. An answer with a bad status is returned and judged in
        ``call.verdict``, because yfinance renews its crumb on a 401.
        """
        host = urlsplit(url).hostname or ""
        seconds = self._admit(host)
        started, outcome, verdict, answer = self._monotonic(), _NEUTRAL, None, None
        self._local.end = started + seconds
        try:
            answer = send(seconds)
            outcome, verdict = self._judge(url, answer)
        except Exception as error:
            outcome, verdict = self._fault(host, error)
            raise verdict from error
        finally:
            self._local.end = None
            self._note(url, answer, verdict, started)
            self._count(host, outcome, retry_after(answer.headers) if answer else None)
            self.call.again = outcome == "reset" or (answer is not None and answer.status >= 500)
        return answer

    def _admit(self, host: str) -> float:
        """Breaker, then the host's turn; the seconds that the request may take."""
        call, state = self.call, self._breakers.get(host)
        if state is not None and state.open_until is not None and state.is_open(clock.now()):
            kind = StillSilent if state.reason == "timeout" else BreakerOpen
            error = kind(source=call.source, host=host, until=clock.iso(state.open_until), detail=state.reason)
            call.verdict = call.refused or error
            raise error
        with self._lock:
            turn = max(self._monotonic(), self._next.get(host, 0.0))
            self._next[host] = turn + self._pace
        if (wait := turn - self._monotonic()) > 0:
            self._sleep(wait)
        limits = [t - self._monotonic() for t in (self._until, call.until) if t is not None]
        seconds = min([self.limits.total, *limits])
        if seconds <= 0:
            call.verdict = Unreachable(source=call.source, host=host, detail="deadline")
            raise call.verdict
        return seconds

    def read_seconds(self) -> float | None:
        """Seconds that a blocking read of this thread may still take; None outside a request."""
        end = getattr(self._local, "end", None) or self.call.until
        return None if end is None else max(end - self._monotonic(), 0.0)

    def _judge(self, url: str, answer: Answer) -> tuple[Outcome, SourceError | None]:
        """What an answer says: about its host, for the breaker, and about itself."""
        host = urlsplit(url).hostname or ""
        self._compare_clocks(answer.headers)
        outcome = of_status(host, answer.status)
        said = {"source": self.call.source, "host": host, "detail": f"HTTP {answer.status}"}
        if outcome in ("rate", "refused"):
            return outcome, Blocked(**said)
        if answer.status >= 500:
            return outcome, Unreachable(**said)
        if answer.status >= 400:
            return outcome, None if host == "fc.yahoo.com" else BadAnswer(**said)
        if is_captcha(answer.body):
            return "refused", Blocked(**{**said, "detail": "captcha"})
        if self._is_same_page(host, url, answer.body):
            return "refused", Blocked(**{**said, "detail": "same page"})
        return outcome, None

    def _is_same_page(self, host: str, url: str, body: bytes) -> bool:
        """Whether a host of data sends one page of HTML in answer to two different questions: a wall, not a bad answer."""
        if host in PAGES or not is_page(body):
            return False
        before, self._pages[host] = self._pages.get(host), (url, body)
        return before is not None and before[0] != url and before[1] == body

    def _fault(self, host: str, error: Exception) -> tuple[Outcome, SourceError]:
        """The same for a request that brought no answer."""
        if isinstance(error, SourceError):
            return "neutral", error
        outcome, detail = of_error(error)
        said = {"source": self.call.source, "host": host, "detail": detail}
        if outcome == "neutral":
            return outcome, TooLarge(**said) if detail == "too large" else BadAnswer(**said)
        state = self._breakers.get(host, Breaker(host))
        series = outcome == "reset" and after(state, outcome, clock.now()).open_until is not None
        return outcome, Blocked(**said) if series else Unreachable(**said)

    def _count(self, host: str, outcome: Outcome, seconds: float | None) -> None:
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
        with self._lock:
            state = self._breakers.get(host, Breaker(host))
            self._breakers[host] = after(state, outcome, clock.now(), seconds, jitter)

    def _note(self, url: str, answer: Answer | None, verdict: SourceError | None, started: float) -> None:
        """Record the request's outcome in its call, and write the log."""
        call, parts, ms = self.call, urlsplit(url), (self._monotonic() - started) * 1000
        call.verdict = verdict
        call.refused = verdict if isinstance(verdict, Blocked) else call.refused
        call.head = answer.body[:400].decode("utf-8", "replace") if answer else ""
        if answer and self._hear:
            self._hear(call.source, url, answer.body)
        status, size = (answer.status, len(answer.body)) if answer else (0, 0)
        word = verdict.params.get("detail", verdict.state) if verdict else ""
        self.requests.append(
            Request(clock.now(), call.source, parts.hostname or "", parts.path, status, ms, size, word)
        )

    def _compare_clocks(self, headers: Mapping[str, Any]) -> None:
        """Keep the smallest difference seen: a cache may send an old Date, but no server agrees with us by accident."""
        date = None if clock.is_frozen() else date_of(headers)
        if date is None:
            return
        ahead = (date - clock.now()).total_seconds()
        if self.skew is None or abs(ahead) < abs(self.skew):
            self.skew = ahead


# --- one guard a process ---------------------------------------------------------------------------------------------

_installed: Guard | None = None


def install(guard: Guard) -> None:
    """Make ``guard`` the way to the network of this process; before akshare or yfinance is imported."""
    global _installed
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported: akshare draws progress bars
    getLogger("yfinance").setLevel(CRITICAL + 1)  # it logs "possibly delisted" for whatever went wrong
    _installed = guard
    hooks.replace(Way(guard.exchange, guard.read_seconds, lambda: guard.call, lambda: guard.limits))


def uninstall() -> None:
    """Undo ``install``."""
    global _installed
    _installed = None
    hooks.restore()


def current() -> Guard:
    """The installed guard; RuntimeError without one, since nothing may reach the network unguarded."""
    if _installed is None:
        raise RuntimeError("no guard is installed")
    return _installed


# --- what sources call -----------------------------------------------------------------------------------------------


def fetch(
    url: str,
    *,
    source: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
) -> str:
    """Text of one GET over a kept-alive connection, for our own readers of one request.

    A single 5xx or cut connection is tried once more. Raises Blocked, BreakerOpen, Unreachable, BadAnswer, TooLarge.
    """
    guard = current()
    with guard.calling(source) as call:
        try:
            try:
                response = guard.session.get(url, params=params, headers=headers)
            except Unreachable:
                if not call.again:
                    raise
                response = guard.session.get(url, params=params, headers=headers)
        except requests.RequestException as error:
            raise BadAnswer(source=source, host=urlsplit(url).hostname, detail=type(error).__name__) from error
        if call.verdict is not None:
            raise call.verdict
    return response.content.decode(encoding, "replace")


def fetch_json(
    url: str, *, source: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    """The same, parsed; BadAnswer for anything that is no JSON, an empty body included."""
    text = fetch(url, source=source, params=params, headers=headers)
    try:
        return json.loads(text)
    except ValueError as error:
        detail = f"not JSON: {excerpt(text)}"
        raise BadAnswer(source=source, host=urlsplit(url).hostname, detail=detail) from error


def run(source: str, ticker: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function of akshare or yfinance; what it returns is not empty, what it raises is a SourceError.

    The libraries lose what happened (a 429 is a JSONDecodeError in akshare, an empty frame in yfinance), so the verdict
    comes from the requests that the call made. All of them together end after ``Limits.call`` seconds, because each
    gets only what is left; a library's own sleep between two tries is the only thing that can add to it.

    Raises Blocked, BreakerOpen, Unreachable, BadAnswer, TooLarge, NoData, UnknownSymbol.
    """
    warnings.filterwarnings("ignore", module=r"(akshare|yfinance)\b")  # importing yfinance switches them on again
    with current().calling(source) as call:
        try:
            answer = function(*args, **kwargs)
        except SourceError:
            raise
        except Exception as error:
            raise _explain(error, call, ticker) from error
        if _is_empty(answer):
            raise call.verdict or NoData(source=source, ticker=ticker)
    return answer


def _is_empty(answer: object) -> bool:
    return answer is None or (hasattr(answer, "__len__") and len(answer) == 0)


def _explain(error: Exception, call: Call, ticker: str) -> SourceError:
    """The SourceError for a library's exception, given what its requests came to."""
    if isinstance(call.verdict, (Blocked, Unreachable, TooLarge)):
        return call.verdict
    reason = getattr(error, "yahoo_reason", None)  # Yahoo's own words; yfinance's "possibly delisted" is a guess
    if reason and "delisted" in reason:
        return UnknownSymbol(source=call.source, ticker=ticker)
    if reason and ("No data found" in reason or "Data doesn't exist" in reason):
        return NoData(source=call.source, ticker=ticker)
    if call.verdict is not None:
        return call.verdict
    name = type(error).__name__
    if name == "YFRateLimitError":
        return Blocked(source=call.source, detail="rate limit")
    if name == "YFPricesMissingError" and re.search(r'"result"\s*:\s*(null|\[\s*\])', call.head):
        return NoData(source=call.source, ticker=ticker)
    if name in ("JSONDecodeError", "YFPricesMissingError"):
        what = "not JSON" if name == "JSONDecodeError" else "no prices"
        return BadAnswer(source=call.source, detail=f"{what}: {excerpt(call.head)}")
    outcome, word = of_error(error)
    if outcome != "neutral" and isinstance(error, OSError):  # a request that did not pass here
        return Unreachable(source=call.source, detail=word)
    return BadAnswer(source=call.source, detail=f"{name}: {excerpt(str(error))}")
