"""What a request came to, and how long a host is left alone after it refused or failed. Pure: no network, no clock.

Counted per host. A host is asked again when ``open_until`` has passed; the failures stay counted until it answers
properly, so that a host which goes on refusing is asked less and less often.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import RemoteDisconnected
from typing import Any, Literal

from requests import Timeout

# What a request says about its host; "neutral" says nothing about it.
Outcome = Literal["ok", "neutral", "rate", "refused", "reset", "timeout"]

REFUSED = timedelta(minutes=30)
TIMED_OUT = timedelta(seconds=60)
LONGEST = timedelta(hours=1)
SERIES = 2  # resets or time-outs in a row that open the breaker
REFUSING = {403, 456, 999}  # 456 is Sina's ban, 999 Yahoo's

_CAPTCHA = re.compile(r"captcha|are you (?:a )?human|(?:人机|滑动|安全|访问|完成)验证|访问过于频繁", re.IGNORECASE)
# libcurl's result codes; every other one means that no connection came about
_CURL: dict[int, tuple[Outcome, str]] = {
    18: ("neutral", "truncated"),
    28: ("timeout", "timeout"),
    60: ("timeout", "TLS"),
    63: ("neutral", "too large"),
    **dict.fromkeys((35, 52, 55, 56, 92), ("reset", "connection reset")),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: the library's own object, and what the guard looks at."""

    native: Any
    status: int
    headers: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Breaker:
    """State of one host. Closed while ``open_until`` is None or past; ``reason`` is the outcome counted."""

    host: str
    open_until: datetime | None = None
    failures: int = 0
    reason: str = ""

    def is_open(self, now: datetime) -> bool:
        """True while the host must not be asked."""
        return self.open_until is not None and now < self.open_until


def after(
    state: Breaker, outcome: Outcome, now: datetime, retry_after: float | None = None, jitter: float = 1.0
) -> Breaker:
    """State after one more outcome.

    ``rate`` (429) opens for ``retry_after`` seconds, or 1, 2, 4 … minutes times ``jitter``, never more than an hour;
    ``refused`` (403, captcha, one page for all questions) for 30 minutes at once; the second ``reset`` in a row for 30 minutes, the second
    ``timeout`` for 60 seconds. ``ok`` closes and forgets; ``neutral`` changes nothing.
    """
    if outcome == "neutral":
        return state
    if outcome == "ok":
        return Breaker(state.host)
    failures = state.failures + 1 if state.reason == outcome else 1
    wait = _wait(outcome, failures, retry_after, jitter)
    return Breaker(state.host, now + wait if wait else None, failures, outcome)


def _wait(outcome: Outcome, failures: int, retry_after: float | None, jitter: float) -> timedelta | None:
    if outcome == "rate":
        seconds = 60 * 2 ** min(failures - 1, 6) * jitter if retry_after is None else retry_after
        return timedelta(seconds=min(max(seconds, 1.0), LONGEST.total_seconds()))
    if outcome == "refused":
        return REFUSED
    if failures < SERIES:
        return None
    return REFUSED if outcome == "reset" else TIMED_OUT


def of_status(host: str, status: int) -> Outcome:
    """What an answer's status says about its host. 401 is how Yahoo asks for a new crumb, 5xx may be anyone's fault."""
    if host == "fc.yahoo.com":  # 404 by design: it only hands out a cookie
        return "ok"
    if status == 429:
        return "rate"
    if status in REFUSING:
        return "refused"
    return "neutral" if status >= 500 or status in (401, 407, 408) else "ok"


def of_error(error: BaseException) -> tuple[Outcome, str]:
    """What a failed request says about its host, and the word for it; for requests, urllib3 and curl_cffi."""
    code = int(getattr(error, "code", 0) or 0)
    if code and "CONNECT" not in str(error):  # a proxy's refusal to connect comes as a receive error, too
        return _CURL.get(code, ("timeout", "no connection"))
    for found in _causes(error):
        if isinstance(found, (TimeoutError, Timeout)):
            return "timeout", "timeout"
        if type(found).__name__ == "IncompleteRead":  # http.client's and urllib3's
            return "neutral", "truncated"
        if isinstance(found, (ConnectionResetError, BrokenPipeError, RemoteDisconnected, ssl.SSLEOFError)):
            return "reset", "connection reset"
        if isinstance(found, ssl.SSLError):
            return "timeout", "TLS"
    # No name, no route, a refused connection: as silent as a time-out, and treated like one.
    return ("timeout", "no connection") if isinstance(error, OSError) else ("neutral", type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it; each once, because handlers that raise an old error again tie knots."""
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        inside = (arg for arg in found.args if isinstance(arg, BaseException))  # urllib3 wraps TLS errors like that
        found = found.__cause__ or found.__context__ or next(inside, None)


def is_page(body: bytes) -> bool:
    """True for a short page of HTML, sent with status 200 in place of data."""
    return len(body) <= 200_000 and body.lstrip()[:1] == b"<"


def is_captcha(body: bytes) -> bool:
    """True for such a page that asks for a human."""
    return is_page(body) and any(
        _CAPTCHA.search(body[:20_000].decode(encoding, "ignore")) for encoding in ("utf-8", "gb18030")
    )


def date_of(headers: Mapping[str, Any], name: str = "Date") -> datetime | None:
    """The instant in a header; None where there is none that can be read."""
    try:
        return parsedate_to_datetime(headers.get(name) or "").astimezone(UTC)
    except (TypeError, ValueError):
        return None


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (taken against the answer's own Date)."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdecimal():
        return float(text)
    until, sent = date_of(headers, "Retry-After"), date_of(headers)
    return (until - sent).total_seconds() if until and sent else None
