"""Nothing secret in a log line, a stored error or a message: URLs lose what may identify or authorise someone."""

from __future__ import annotations

import logging
import re

_USER = re.compile(r"(?<=://)[^/\s@'\"]+@")
_QUERY = re.compile(r"\?[^\s'\"<>)]+")
_FRAGMENT = re.compile(r"(https?://[^\s'\"<>)#]+)#[^\s'\"<>)]+")
_LONG_SEGMENT = re.compile(r"(?<=/)[A-Za-z0-9_:-]{20,}(?=[/\s'\"<>)?]|$)")  # a chat hook's token is part of its path
_NAMED = re.compile(  # api_key=…, 'token': '…', Authorization: Bearer …; not KeyError: …
    r"(?i)\b([\w-]*(?:token|key|crumb|secret|password|passwd|cookie|authorization|sign))(['\"]?\s*[=:]\s*['\"]?)"
    r"(?:bearer\s+|basic\s+)?[^\s'\"&,;)]+"
)


_SAID = re.compile(  # 密码：abc, 提取码8888, 口令 x, 验证码【1】, pwd=1: what people write into notes and chats
    r"(?i)((?:密[码碼]|口令|提取[码碼]|访问码|取件码|[验驗][证證][码碼]|授[权權][码碼]|密[钥鑰]|令牌|暗号)(?:[是为]|[改换設设变][成为]了?)?|"
    r"\b(?:pwd|pass|passcode|pin|api[ _-]?key|token|key|secret|password)\b)"
    r"(\s*[:：=]\s*|(?<=[码碼令钥鑰号])\s*[【\[（(]\s*|\s+is\s+(?=[\x21-\x7e]*\d)|\s+(?=[\x21-\x7e]*\d)|(?<=[是为了成])\s*|(?<=[码碼令钥鑰号])\s*(?=[\x21-\x7e]*\d)|"
    r"(?<=[码碼令钥鑰号])\s+(?=[\x21-\x7e]))"
    r"[^\s，,。；;、）)】\]'\"<>]+"
)
_HOOK = re.compile(r"(?<=/)((?:web)?hooks?|robots?|bots?)/(?=[A-Za-z0-9_:-]*\d)[A-Za-z0-9_:-]{4,}")
_KEYS = re.compile(r"\b(?:sk|pk|ghp|gho|xox[abprs]|AKIA|AIza)[-_A-Za-z0-9]{8,}")


def redact(text: str) -> str:
    """``text`` with user names, queries, fragments and tokens taken out of its URLs, and named secrets blanked."""
    text = _FRAGMENT.sub(r"\1", _USER.sub("", text))
    text = _HOOK.sub(r"\1/…", _KEYS.sub("…", _SAID.sub(r"\1\2…", text)))
    return _NAMED.sub(r"\1\2…", _LONG_SEGMENT.sub("…", _QUERY.sub("?…", text)))


def excerpt(text: str, length: int = 80) -> str:
    """The beginning of an answer for a message: one line, printable, redacted."""
    flat = "".join(c if c.isprintable() else " " for c in redact(text[: 4 * length]))
    return " ".join(flat.split())[:length]


class Redact(logging.Filter):
    """Logging filter for a handler: the message and the traceback of every record go through ``redact``."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True
