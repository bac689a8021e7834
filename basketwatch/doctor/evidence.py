"""The file of ``doctor --report``, for an issue: each assumption, whether it holds, and the part of the answer that says so.

Nothing in it tells whose machine it was: no cookie, crumb or token, no address, no path, no name of host or user.
"""

from __future__ import annotations

import getpass
import json
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basketwatch.doctor.report import Report
from basketwatch.redact import redact
from basketwatch.words.text import say

MOST = 400  # bytes of an answer
BEFORE = 24  # characters in front of what is looked for
VERDICTS = {True: "holds", False: "does not", None: "no answer"}
SECRET = ("getcrumb", "consent")  # parts of paths whose answers are secrets themselves
SECRET_HOSTS = ("fc.yahoo.com",)

# assumption -> the source whose answer decides it, and the words in it from which on it does ("" = its beginning)
WHERE: dict[str, tuple[str, str]] = {
    "tencent_index_lots": ("tencent", "sh000300="), "tencent_beijing": ("tencent", "bj920045="),
    "tencent_lots": ("tencent", "sz300308="), "tencent_star_shares": ("tencent", "sh688498="),
    "tencent_limits": ("tencent", "sz300308="), "tencent_new_listing": ("tencent", "~N"),
    "tencent_us": ("tencent", "usNVDA="), "tencent_pe_ttm": ("tencent", "sz300308="),
    "tencent_hk_pe": ("tencent", "hk00700="), "eastmoney_quoted_codes": ("eastmoney", "SECURITY_CODE"),
    "eastmoney_time": ("eastmoney", '"300308"'), "eastmoney_lots": ("eastmoney", '"688498"'),
    "eastmoney_csindex": ("eastmoney", "931160"), "shenwan_complete": ("shenwan", "swindexcode"),
    "shenwan_name": ("shenwan", "801770"), "shenwan_certificate": ("shenwan", ""), "shenwan_pe_ttm": ("shenwan", "801770"),
    "csindex_first_row": ("csindex", "tradeDate"), "chinext_pe": ("danjuan", "pe"), "yahoo_rows": ("yahoo", '"symbol"'),
    "yahoo_crumb": ("yahoo", "quoteResponse"), "yahoo_crumb_needed": ("yahoo", "Unauthorized"),
    "yahoo_index_pe": ("yahoo", "^SOX"), "yahoo_crosses": ("yahoo", "HKD=X"), "yahoo_delay": ("yahoo", "0700.HK"),
    "yahoo_taiwan_before": ("yahoo", "2308.TW"), "stored_close": ("eastmoney", "klines"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer as it came over the wire."""

    source: str
    host: str
    path: str
    body: bytes

    @property
    def is_secret(self) -> bool:
        """Whether the answer itself authorises somebody."""
        return self.host in SECRET_HOSTS or any(part in self.path for part in SECRET)

    @property
    def text(self) -> str:
        """The answer as text: UTF-8, else the encoding of the mainland's sources."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return self.body.decode("gb18030", "replace")


def write(file: Path, report: Report, heard: Sequence[Heard], home: Path) -> None:
    """Write the file as JSON in UTF-8. Raises OSError where it cannot be written."""
    found = as_json(report, heard)
    text = json.dumps(_each(found, lambda part: scrub(part, home)), ensure_ascii=False, allow_nan=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")


def as_json(report: Report, heard: Sequence[Heard]) -> dict[str, Any]:
    """Versions, sources with sizes and times, and the assumptions; sentences in English."""
    told, sizes = report.as_json(), dict[str, int]()
    for answer in heard:
        sizes[answer.source] = sizes.get(answer.source, 0) + len(answer.body)
    return {
        **{name: told[name] for name in ("now", "versions", "calendars")},
        "sources": [source | {"bytes": sizes.get(source["source"])} for source in told["sources"]],
        "assumptions": [_assumption(each, heard) for each in told["assumptions"]],
    }


def _assumption(told: Mapping[str, Any], heard: Sequence[Heard]) -> dict[str, Any]:
    source, needle = WHERE.get(told["id"], ("", ""))
    return {
        "id": told["id"],
        "assumption": say(f"assume_{told['id']}", "en"),
        "verdict": VERDICTS[told["holds"]],
        "detail": told["detail"],
        "source": source,
        "answer": decisive(heard, source, needle),
    }


def decisive(heard: Sequence[Heard], source: str, needle: str) -> str | None:
    """At most ``MOST`` bytes of a source's answers, from ``needle`` on; None where no answer has it."""
    for answer in heard:
        if answer.source == source and not answer.is_secret and (at := answer.text.find(needle)) >= 0:
            part = answer.text[max(0, at - BEFORE) :].encode("utf-8")[:MOST]
            return part.decode("utf-8", "ignore")
    return None


# --- nobody's ----------------------------------------------------------------------------------------------------

_ADDRESS = re.compile(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b", re.IGNORECASE
)
_PATH = re.compile(r"(?:(?<=[\s\"'(=])|^)(?:/(?:home|root|Users|tmp|var|private|opt|mnt|work|srv)|[A-Z]:\\)[^\s\"')]*")


def scrub(text: str, home: Path) -> str:
    """``text`` without secrets, addresses, paths of this machine, and the names of it and of its user."""
    found = _PATH.sub("…", _ADDRESS.sub("…", redact(text)))
    for own in (str(home), str(Path.home())):  # where they stand inside a word
        found = found.replace(own, "…") if len(own) > 1 else found
    for name in (platform.node(), _user()):
        found = re.sub(rf"\b{re.escape(name)}\b", "…", found) if len(name) > 2 else found
    return found


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such entry in a container
        return ""


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Every text of a JSON value changed."""
    if isinstance(value, dict):
        return {key: _each(part, change) for key, part in value.items()}
    if isinstance(value, list):
        return [_each(part, change) for part in value]
    return change(value) if isinstance(value, str) else value
