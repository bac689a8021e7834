"""What handlers see of a request and give back as an answer, and the few helpers they share."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from .view import View


class NotAnswered(Exception):
    """The stand-in does not know this request: it becomes a 599 and is recorded."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived. Header names are lower case."""

    method: str
    scheme: str
    host: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the last one wins."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def target(self) -> str:
        """Path and query, decoded: what the path pattern of a fault is searched in."""
        return unquote_plus(f"{self.path}?{self.raw_query}" if self.raw_query else self.path)

    def cookie(self, name: str) -> str | None:
        """The value of one cookie."""
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return None


@dataclass
class Answer:
    """One answer. ``body`` is bytes already encoded as the upstream encodes it."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)


Handler = Callable[[Request, View], Answer]
Route = tuple[str, str, Handler]  # host pattern, path pattern (both must match completely), handler


def as_json(value: object, status: int = 200) -> Answer:
    """A JSON answer; non-ASCII text stays as it is and NaN becomes null, as no upstream writes NaN."""
    return Answer(json.dumps(_finite(value), ensure_ascii=False).encode(), status)


def as_text(text: str, encoding: str = "utf-8", status: int = 200, kind: str = "text/plain") -> Answer:
    """A text answer in the upstream's encoding."""
    return Answer(text.encode(encoding, "replace"), status, f"{kind}; charset={encoding.upper()}")


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return value


def split_url(url: str) -> tuple[str, str, str]:
    """Host (without port), path and raw query of an absolute or origin-form URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.path or "/", parts.query
