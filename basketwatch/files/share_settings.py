"""``share.toml``, which chats get what and when, and their keys: of the environment, else of ``secrets.toml``.

A fault is a ``Problem`` with file and line that shows no value: a key may have been pasted anywhere. The chat in question
is left out and every other one keeps working.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import time
from pathlib import Path
from typing import Any

from basketwatch.domain.chat import KINDS, SERVICES, STATES, Chat, Keys
from basketwatch.domain.model import Problem
from basketwatch.errors import UsageError
from basketwatch.files.toml import MAX_BYTES, Doc, Place, document, located

FILE, SECRETS = "share.toml", "secrets.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_TO = re.compile(r"@[A-Za-z0-9_]{4,64}|-?\d{1,20}|[CGD][A-Z0-9]{6,20}")
_HOST = re.compile(r"(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-3]):([0-5]\d)")
_KEYS = tuple(f.name for f in fields(Keys))
_KNOWN = ("name", "service", "what", "language", "state", "quiet", "to", "host", "allow_private")


@dataclass(frozen=True, slots=True)
class Chats:
    """The chats that can be used, in the order of the file, and what is wrong in the two files."""

    chats: tuple[Chat, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(home: Path, environ: Mapping[str, str]) -> Chats:
    """The chats under ``home`` with their keys; none where there is no ``share.toml``. Raises nothing."""
    problems: list[Problem] = []
    doc = _parsed(home / FILE, problems)
    if doc is None:
        return Chats(problems=tuple(problems))
    chats = _chats(doc)
    problems += located(doc)
    kept = _secrets(home / SECRETS, problems) if chats else {}
    return Chats(tuple(_with_keys(chat, environ, kept.get(chat.name, {})) for chat in chats), tuple(problems))


def chosen(chats: Iterable[Chat], names: Iterable[str]) -> tuple[Chat, ...]:
    """The chats of those names, all without any. Raises UsageError for a name that no usable chat has."""
    known = {chat.name: chat for chat in chats}
    for name in (n for n in names if n not in known):
        raise UsageError("unknown_chat", chat=name, known=", ".join(known) or "–")
    return tuple(known[n] for n in dict.fromkeys(names)) or tuple(known.values())


def variable(name: str, field: str) -> str:
    """The environment variable that holds a chat's key: BASKETWATCH_CHAT_TEAM_KEY."""
    return f"BASKETWATCH_CHAT_{name}_{field}".upper().replace("-", "_")


# --- share.toml --------------------------------------------------------------------------------------------------


def _chats(doc: Doc) -> list[Chat]:
    tables = doc.table.get("chat", [])
    for key in (key for key in doc.table if key != "chat"):
        doc.fault((key,), "share_unknown_key", known="[[chat]]")
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        doc.fault(("chat",), "share_wrong", field="chat", wanted="[[chat]]")
        return []
    found: dict[str, Chat] = {}
    for number, table in enumerate(tables):
        before = len([f for f in doc.faults if f[2] == "hard"])
        chat = _chat(doc, ("chat", number), table)
        variables = {variable(name, "key") for name in found}
        if chat and variable(chat.name, "key") in variables:
            doc.fault(("chat", number, "name"), "share_name_twice")
        elif chat and before == len([f for f in doc.faults if f[2] == "hard"]):
            found[chat.name] = chat
    return list(found.values())


def _chat(doc: Doc, at: Place, table: dict[str, Any]) -> Chat | None:
    """One chat with what of its table makes sense; None where name or service do not."""
    for key in (key for key in table if key not in _KNOWN):
        if key in _KEYS:
            doc.fault((*at, key), "share_holds_key", field=key)
            continue
        near = difflib.get_close_matches(key, _KNOWN, 1)
        doc.fault((*at, key), "share_unknown_key", "soft", known=near[0] if near else ", ".join(_KNOWN))
    name = _value(doc, at, table, "name", _NAME.fullmatch, "a-z, 0-9, _, -")
    service = _value(doc, at, table, "service", SERVICES.__contains__, ", ".join(SERVICES))
    if not name or not service:
        return None
    if service == "telegram" and "to" not in table:
        doc.fault(at, "share_no_recipient")
    return Chat(
        name=name, service=service, what=_what(doc, at, table),
        language=_value(doc, at, table, "language", ("zh", "en").__contains__, "zh, en", ""),
        state=_value(doc, at, table, "state", STATES.__contains__, ", ".join(STATES), "final"),
        quiet=_quiet(doc, at, table),
        to=_value(doc, at, table, "to", _TO.fullmatch, "-100123, @channel, C0123ABCD", ""),
        host=_value(doc, at, table, "host", _HOST.fullmatch, "chat.example.org", "").lower(),
        allow_private=_switch(doc, at, table),
    )  # fmt: skip


def _value(
    doc: Doc, at: Place, table: dict[str, Any], key: str, fits: Callable[[str], object], wanted: str,
    default: str | None = None,
) -> str:  # fmt: skip
    """A text of the table that fits; else the default, with a fault where it is written wrong, or missing without one."""
    value = table.get(key, default)
    if isinstance(value, str) and (fits(value) or (key not in table and default is not None)):
        return value
    doc.fault((*at, key) if key in table else at, "share_wrong", field=key, wanted=wanted)
    return default or ""


def _what(doc: Doc, at: Place, table: dict[str, Any]) -> tuple[str, ...]:
    value = table.get("what", ["digest"])
    words = [value] if isinstance(value, str) else value
    if isinstance(words, list) and words and all(w in KINDS for w in words):
        return tuple(dict.fromkeys(words))
    doc.fault((*at, "what"), "share_wrong", field="what", wanted=", ".join(KINDS))
    return ()


def _quiet(doc: Doc, at: Place, table: dict[str, Any]) -> tuple[time, time] | None:
    if "quiet" not in table:
        return None
    hours = _HOURS.fullmatch(_value(doc, at, table, "quiet", _HOURS.fullmatch, "22:00-08:00", ""))
    return (time(int(hours[1]), int(hours[2])), time(int(hours[3]), int(hours[4]))) if hours else None


def _switch(doc: Doc, at: Place, table: dict[str, Any]) -> bool:
    value = table.get("allow_private", False)
    if not isinstance(value, bool):
        doc.fault((*at, "allow_private"), "share_wrong", field="allow_private", wanted="true, false")
    return value is True


# --- keys --------------------------------------------------------------------------------------------------------


def _with_keys(chat: Chat, environ: Mapping[str, str], kept: Mapping[str, str]) -> Chat:
    found = {f: (environ.get(variable(chat.name, f)) or kept.get(f) or "").strip() for f in _KEYS}
    settings = {f.name: getattr(chat, f.name) for f in fields(Chat)}
    return Chat(**settings | {"keys": Keys(**found)})


def _secrets(path: Path, problems: list[Problem]) -> dict[str, dict[str, str]]:
    """Chat -> its keys in ``secrets.toml``; of a file that others may read nothing is read, which is said."""
    try:
        shared = os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077
    except OSError:
        return {}
    if shared:
        problems.append(Problem.of(SECRETS, "secrets_shared", command=f"chmod 600 {shlex.quote(str(path))}"))
        return {}
    doc = _parsed(path, problems)
    if doc is None:
        return {}
    found = {name: _own_keys(doc, name, table) for name, table in doc.table.items()}
    problems += located(doc)
    return found


def _own_keys(doc: Doc, name: str, table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        doc.fault((name,), "secrets_wrong", known=", ".join(_KEYS))
        return {}
    for key, value in table.items():
        if key not in _KEYS or not isinstance(value, str):
            doc.fault((name, key), "secrets_wrong", known=", ".join(_KEYS))
    return {key: value for key, value in table.items() if key in _KEYS and isinstance(value, str)}


def _parsed(path: Path, problems: list[Problem]) -> Doc | None:
    """A file as a table; None where it is not there, or cannot be read, which is said without a word out of it."""
    if not path.exists():
        return None
    try:
        if not path.is_file():  # a pipe would be waited for for ever
            raise OSError
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        problems.append(Problem.of(path.name, "share_unreadable"))
        return None
    faults: list[Problem] = []
    doc = document(path.name, path.stem, data, faults)
    problems += [Problem.of(fault.where, "share_broken") for fault in faults]
    return doc
