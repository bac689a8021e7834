"""What became of a message, from the service's own answer. Pure.

A status of 200 says nothing: most services refuse with it. Only an answer in the service's own form counts as sent;
whatever is not in that form may have come from anybody on the way, and is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

Outcome = Literal["sent", "refused", "limited", "unknown"]


class Verdict(NamedTuple):
    """``code`` and ``said``: the service's own; ``wait``: seconds that it asks for."""

    outcome: Outcome
    code: str = ""
    said: str = ""
    wait: float | None = None


def verdict(service: str, status: int, body: bytes) -> Verdict:
    """The verdict on one answer. ``service``: a key of ``SERVICES``, or slack_api, lark and feishu also for uploads."""
    plain = f"HTTP {status}"
    own = _READERS[service](_object(body), body)
    if status == 429 or (own and own.outcome == "limited"):
        return Verdict("limited", own.code if own and own.code else plain, wait=own.wait if own else None)
    if not 200 <= status < 500 or status in range(300, 400) or status == 408:
        return Verdict("unknown", plain)
    if own is None:
        return Verdict("refused" if status >= 400 else "unknown", plain)
    return Verdict("unknown", plain) if own.outcome == "sent" and status >= 400 else own


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object that a body is; None for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: object) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6
    return float(value) if good else None  # type: ignore[arg-type]


def _coded(names: tuple[str, ...], texts: tuple[str, ...], limits: set[int], busy: set[int]) -> Callable[..., Any]:
    """Reader of a service that answers with a number, 0 for sent; ``busy`` are numbers that leave it open."""

    def read(answer: dict[str, Any] | None, _body: bytes) -> Verdict | None:
        codes = [_number(answer[n]) for n in names if n in answer] if answer else []
        if not answer or not codes or None in codes:
            return None
        code = next((c for c in codes if c), 0)
        said = next((str(answer[t]) for t in texts if t in answer), "")
        kind = "sent" if code == 0 else "limited" if code in limits else "unknown" if code in busy else "refused"
        return Verdict(kind, str(code), said)  # type: ignore[arg-type]

    return read


def _telegram(answer: dict[str, Any] | None, _body: bytes) -> Verdict | None:
    if answer is None or not isinstance(answer.get("ok"), bool):
        return None
    if answer["ok"]:
        return Verdict("sent") if isinstance(answer.get("result"), dict) else None
    code, more = _number(answer.get("error_code")), answer.get("parameters")
    wait = _seconds(more.get("retry_after")) if isinstance(more, dict) else None
    kind: Outcome = "limited" if code == 429 else "unknown" if code is not None and code >= 500 else "refused"
    return Verdict(kind, str(code or ""), str(answer.get("description", "")), wait)


def _discord(answer: dict[str, Any] | None, _body: bytes) -> Verdict | None:
    """Asked to wait, it answers with the message that it made."""
    if answer is None:
        return None
    if isinstance(answer.get("id"), str) and "code" not in answer:
        return Verdict("sent")
    if "retry_after" in answer:
        return Verdict("limited", "429", wait=_seconds(answer["retry_after"]))
    code = _number(answer.get("code"))
    return None if code is None else Verdict("refused", str(code), str(answer.get("message", "")))


_SLACK_BUSY = ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "timeout", "rollup_error")


def _slack(answer: dict[str, Any] | None, body: bytes) -> Verdict | None:
    """A hook answers in a word."""
    word = body.strip()
    if word == b"ok":
        return Verdict("sent")
    if answer is not None:
        found = _slack_api(answer, body)
        return found if found and found.outcome != "sent" else None
    if not word.replace(b"_", b"").isalnum() or len(word) > 60 or not word.isascii():
        return None
    return Verdict("unknown" if word.decode() in _SLACK_BUSY else "refused", word.decode())


def _slack_api(answer: dict[str, Any] | None, _body: bytes) -> Verdict | None:
    if answer is None or not isinstance(answer.get("ok"), bool):
        return None
    if answer["ok"]:
        return Verdict("sent")
    code = str(answer.get("error", ""))
    limited = code in ("ratelimited", "rate_limited")
    return Verdict("limited" if limited else "unknown" if code in _SLACK_BUSY else "refused", code)


_FEISHU = _coded(("code", "StatusCode"), ("msg", "StatusMessage"), {11232, 99991400}, set())
_READERS: Mapping[str, Callable[[dict[str, Any] | None, bytes], Verdict | None]] = {
    "wecom": _coded(("errcode",), ("errmsg",), {45009, 45033}, {-1}),
    "dingtalk": _coded(("errcode",), ("errmsg",), {410100, 130101}, {-1}),
    "feishu": _FEISHU, "lark": _FEISHU,
    "telegram": _telegram, "discord": _discord, "slack": _slack, "slack_api": _slack_api,
}  # fmt: skip
