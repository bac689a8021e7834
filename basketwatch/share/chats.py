"""The services: where each lives, what it takes, and how one message is put to it.

Settings hold keys, not addresses: no address of anybody's making reaches the network. A pasted one must be the
service's own and is reduced to its key. A message is the words or the picture, each with an outcome of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from basketwatch.domain.chat import Chat
from basketwatch.domain.model import Problem
from basketwatch.errors import NoAnswer, NothingSent
from basketwatch.redact import excerpt
from basketwatch.share.fitting import Fitted, Measure, Show, fitted, in_bytes, in_units
from basketwatch.share.verdicts import Outcome, Verdict, verdict
from basketwatch.sources.net.post import Reply, form, post
from basketwatch.views.digest import Line, Words, markdown, plain

PAUSES = (0.5, 1.5)  # seconds before the second and third try, where nothing has left
MEGABYTE = 1_000_000
Post = Callable[..., Reply]


class Result(NamedTuple):
    """What became of a message, with the key and parameters of its sentence; "" where there is nothing to say."""

    outcome: Outcome
    key: str = ""
    params: Mapping[str, str] = {}


class _Ask(NamedTuple):
    """A request: path and query at the service's host (or another of its hosts), body and headers."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    host: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service. ``path`` of its hook holds {key}; ``limit`` of the words in ``unit``; ``picture``: most bytes, 0 = none.

    ``hosts``: its own, the one that is asked first. ``minute``: most messages a minute, 0 where no number is known.
    """

    hosts: tuple[str, ...]
    path: str
    key: re.Pattern[str]
    limit: int
    unit: Literal["bytes", "characters"]
    picture: int
    ask: Callable[[Chat, str, Words], _Ask]
    show: Callable[[Chat, str, bytes, _Line], Result] | None = None
    minute: int = 0
    text: Show = plain

    @property
    def measure(self) -> Measure:
        return in_bytes if self.unit == "bytes" else in_units


# --- what others call --------------------------------------------------------------------------------------------


def fault(chat: Chat, variable: str) -> Problem | None:
    """What is wrong with a chat's key, None where nothing is; ``variable``: where it may be set."""
    where = f"share.toml [{chat.name}]"
    if not chat.keys.key:
        return Problem.of(where, "chat_no_key", chat=chat.name, variable=variable)
    if not key_of(chat):
        return Problem.of(where, "chat_bad_key", service=chat.label, variable=variable)
    return None


def key_of(chat: Chat) -> str:
    """The key of a hook or bot, as such or out of the service's own address; "" where it is neither."""
    service, text = SERVICES[chat.service], chat.keys.key
    if "://" not in text:
        return text if service.key.fullmatch(text) else ""
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return ""
    known = {chat.host} if chat.host else set(service.hosts)
    named = f"{host}:{port}" if port and port != 443 else host
    if parts.scheme != "https" or named not in known or parts.username is not None:
        return ""
    path, _, query = service.path.partition("?")
    held = (
        _between(parts.path, path)
        if "{key}" in path
        else parts.path.rstrip("/") == path and _of_query(parts.query, query)
    )
    return held if held and service.key.fullmatch(held) else ""


def _between(path: str, template: str) -> str:
    """What stands in the place of {key}; a bot's address may end with any method."""
    before, _, after = template.partition("{key}")
    found = unquote(path).rstrip("/")
    if not found.startswith(before):
        return ""
    key = found.removeprefix(before)
    own, _, method = key.partition("/")
    return key if not after else own if re.fullmatch(r"[A-Za-z]*", method) else ""


def _of_query(query: str, template: str) -> str:
    return parse_qs(query).get(template.split("=")[0], [""])[0]


def size_of(chat: Chat, words: Words) -> Fitted:
    """The words as they would go out, their size, and whether they were cut."""
    service = SERVICES[chat.service]
    if chat.service == "wecom":
        return _wecom_text(words)[1]
    return fitted(words, service.limit, service.measure, service.text)


def unit_of(chat: Chat, words: Words) -> tuple[int, str]:
    """The limit that counts for these words, and its unit."""
    service = SERVICES[chat.service]
    wide = chat.service == "wecom" and _wecom_text(words)[0] == "markdown"
    return (_WECOM_MARKDOWN if wide else service.limit), service.unit


def no_picture(chat: Chat) -> tuple[str, Mapping[str, str]] | None:
    """Why a chat takes no picture, as key and parameters of a sentence; None where it takes one."""
    if SERVICES[chat.service].show is None:
        return "picture_never", {"service": chat.label}
    keys = chat.keys
    if chat.service in ("feishu", "lark") and not (keys.app_id and keys.app_secret):
        return "picture_needs", {"service": chat.label, "needs": "app_id, app_secret"}
    if chat.service == "slack" and not (keys.token and chat.to):
        return "picture_needs", {"service": chat.label, "needs": "token, to"}
    return None


def send_words(chat: Chat, words: Words, send: Post = post) -> Result:
    """Send the words; what became of them. Raises nothing that the network or the service can do."""
    service = SERVICES[chat.service]
    return _Line(chat, send).last(service.ask(chat, key_of(chat), words))


def send_picture(chat: Chat, picture: bytes, send: Post = post) -> Result:
    """Send a PNG or JPEG; what became of it. Raises nothing that the network or the service can do."""
    service = SERVICES[chat.service]
    good = picture.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
    if service.show is None or not good or len(picture) > service.picture:
        return Result("refused", "chat_picture_wrong", {"service": chat.label, "limit": str(service.picture)})
    try:
        return service.show(chat, key_of(chat), picture, _Line(chat, send))
    except _Stopped as stopped:
        return stopped.result


# --- one exchange ------------------------------------------------------------------------------------------------


class _Stopped(Exception):
    """A step before the one that shows something did not work: nothing has appeared. Never leaves this module."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.outcome)
        self.result = result


class _Line:
    """The way to one chat's service: its host or the chat's own, a few tries where nothing has left."""

    def __init__(self, chat: Chat, send: Post) -> None:
        self.chat, self.send = chat, send

    def last(self, ask: _Ask, reader: str = "") -> Result:
        """Ask for what appears in the chat."""
        try:
            reply = self._ask(ask)
        except NothingSent as error:
            return Result("refused", error.key, error.params)
        except NoAnswer as error:
            return Result("unknown", error.key, error.params)
        return self._result(verdict(reader or self.chat.service, reply.status, reply.body), reply.wait)

    def step(self, ask: _Ask, reader: str = "") -> dict[str, Any]:
        """Ask for something that appears nowhere yet; the answer. Raises _Stopped."""
        try:
            reply = self._ask(ask)
        except (NothingSent, NoAnswer) as error:
            raise _Stopped(self._failed(error.params["detail"])) from None
        found = verdict(reader or self.chat.service, reply.status, reply.body)
        if found.outcome == "limited":
            raise _Stopped(self._result(found, reply.wait))
        if found.outcome != "sent":
            raise _Stopped(self._failed(self._clean(f"{found.code} {found.said}".strip())))
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    def raw(self, ask: _Ask) -> None:
        """Ask for something whose answer is its status. Raises _Stopped."""
        try:
            reply = self._ask(ask)
        except (NothingSent, NoAnswer) as error:
            raise _Stopped(self._failed(error.params["detail"])) from None
        if reply.status != 200:
            raise _Stopped(self._failed(f"HTTP {reply.status}"))

    def _ask(self, ask: _Ask) -> Reply:
        host = self.chat.host or ask.host or SERVICES[self.chat.service].hosts[0]
        public = bool(self.chat.host) and not self.chat.allow_private
        for pause in (*PAUSES, None):
            try:
                return self.send(f"https://{host}{ask.path}", ask.body, ask.headers, public=public)
            except NothingSent:
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError

    def _failed(self, detail: str) -> Result:
        return Result("refused", "chat_step_failed", {"service": self.chat.label, "detail": detail})

    def _result(self, found: Verdict, wait: float | None) -> Result:
        service, code = self.chat.label, self._clean(found.code)
        if found.outcome == "sent":
            return Result("sent")
        if found.outcome == "limited":
            seconds = found.wait if found.wait is not None else wait
            shown = "?" if seconds is None else f"{seconds:.0f}"
            return Result("limited", "chat_limited", {"service": service, "code": code, "wait": shown})
        if found.outcome == "unknown":
            return Result("unknown", "chat_unreadable", {"service": service, "code": code})
        return Result("refused", "chat_refused", {"service": service, "code": code, "said": self._clean(found.said)})

    def _clean(self, text: str) -> str:
        """A service's own words without any secret of the chat that they may repeat."""
        parts = {p for s in (*self.chat.keys.secrets(), key_of(self.chat)) for p in (s, *re.split(r"[/:?=&]", s))}
        for part in sorted((p for p in parts if len(p) >= 6), key=len, reverse=True):
            text = text.replace(part, "…").replace(quote(part, safe=""), "…")
        return excerpt(text)


def _json(path: str, content: Mapping[str, Any], host: str = "", **headers: str) -> _Ask:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return _Ask(path, body, {"Content-Type": "application/json; charset=utf-8", **headers}, host)


def _form(path: str, fields: _Fields, **headers: str) -> _Ask:
    body, kind = form(fields)
    return _Ask(path, body, {"Content-Type": kind, **headers})


_Fields = Mapping[str, str | tuple[str, bytes, str]]


def _file(picture: bytes) -> tuple[str, bytes, str]:
    return ("card.png", picture, "image/png") if picture[:1] == b"\x89" else ("card.jpg", picture, "image/jpeg")


def _harmless(lines: Sequence[Line]) -> str:
    """Plain text in which no service sees a mention or a tag."""
    return plain(lines).replace("<", "＜").replace(">", "＞")


# --- WeCom -------------------------------------------------------------------------------------------------------

_WECOM_MARKDOWN = 4096


def _wecom_text(words: Words) -> tuple[str, Fitted]:
    """As text where it fits; markdown takes twice as much, but is not shown in WeChat."""
    text = fitted(words, SERVICES["wecom"].limit, in_bytes, _harmless)
    return ("markdown", fitted(words, _WECOM_MARKDOWN, in_bytes, _harmless)) if text.cut else ("text", text)


def _wecom(_chat: Chat, key: str, words: Words) -> _Ask:
    kind, found = _wecom_text(words)
    return _json(f"/cgi-bin/webhook/send?key={quote(key)}", {"msgtype": kind, kind: {"content": found.text}})


def _wecom_picture(_chat: Chat, key: str, picture: bytes, line: _Line) -> Result:
    md5 = hashlib.md5(picture, usedforsecurity=False).hexdigest()
    image = {"base64": base64.b64encode(picture).decode(), "md5": md5}
    return line.last(_json(f"/cgi-bin/webhook/send?key={quote(key)}", {"msgtype": "image", "image": image}))


# --- Telegram, Discord -------------------------------------------------------------------------------------------


def _telegram(chat: Chat, key: str, words: Words) -> _Ask:
    content = {"chat_id": chat.to, "text": size_of(chat, words).text, "link_preview_options": {"is_disabled": True}}
    return _json(f"/bot{key}/sendMessage", content)


def _telegram_picture(chat: Chat, key: str, picture: bytes, line: _Line) -> Result:
    return line.last(_form(f"/bot{key}/sendPhoto", {"chat_id": chat.to, "photo": _file(picture)}))


_NOBODY = {"allowed_mentions": {"parse": list[str]()}}


def _discord(chat: Chat, key: str, words: Words) -> _Ask:
    return _json(f"/api/webhooks/{key}?wait=true", {"content": size_of(chat, words).text, **_NOBODY})


def _discord_picture(_chat: Chat, key: str, picture: bytes, line: _Line) -> Result:
    fields: _Fields = {"payload_json": json.dumps(_NOBODY), "files[0]": _file(picture)}
    return line.last(_form(f"/api/webhooks/{key}?wait=true", fields))


# --- Feishu and Lark ---------------------------------------------------------------------------------------------


def _feishu_hook(chat: Chat, key: str, content: Mapping[str, Any]) -> _Ask:
    signed: dict[str, Any] = {}
    if chat.keys.secret:
        at = str(int(time.time()))
        signed = {"timestamp": at, "sign": feishu_sign(at, chat.keys.secret)}
    return _json(f"/open-apis/bot/v2/hook/{quote(key)}", {**signed, **content})


def feishu_sign(timestamp: str, secret: str) -> str:
    """Feishu's and Lark's signature: nothing, signed with timestamp and secret."""
    return base64.b64encode(hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def _feishu(chat: Chat, key: str, words: Words) -> _Ask:
    return _feishu_hook(chat, key, {"msg_type": "text", "content": {"text": size_of(chat, words).text}})


def _feishu_picture(chat: Chat, key: str, picture: bytes, line: _Line) -> Result:
    """The hook takes a picture's key only; an app uploads the picture and gets that key."""
    app = {"app_id": chat.keys.app_id, "app_secret": chat.keys.app_secret}
    token = line.step(_json("/open-apis/auth/v3/tenant_access_token/internal", app)).get("tenant_access_token")
    fields: _Fields = {"image_type": "message", "image": _file(picture)}
    answer = line.step(_form("/open-apis/im/v1/images", fields, Authorization=f"Bearer {_header(token)}"))
    data = answer.get("data")
    image = data.get("image_key") if isinstance(data, dict) else None
    if not isinstance(image, str):
        raise _Stopped(Result("refused", "chat_step_failed", {"service": chat.label, "detail": "image_key"}))
    return line.last(_feishu_hook(chat, key, {"msg_type": "image", "content": {"image_key": image}}))


def _header(value: object) -> str:
    """What may stand in a header: a token of a service's, nothing that ends the line."""
    return re.sub(r"[^\x21-\x7e]", "", str(value))


# --- DingTalk ----------------------------------------------------------------------------------------------------


def _dingtalk(chat: Chat, key: str, words: Words) -> _Ask:
    query = {"access_token": key}
    if chat.keys.secret:
        at = str(int(time.time() * 1000))
        query |= {"timestamp": at, "sign": dingtalk_sign(at, chat.keys.secret)}
    content = {"title": words.title, "text": size_of(chat, words).text}
    return _json(f"/robot/send?{urlencode(query)}", {"msgtype": "markdown", "markdown": content})


def dingtalk_sign(timestamp: str, secret: str) -> str:
    """DingTalk's signature: timestamp and secret, signed with the secret."""
    text = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


# --- Slack -------------------------------------------------------------------------------------------------------


def _slack_text(lines: Sequence[Line]) -> str:
    return plain(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack(chat: Chat, key: str, words: Words) -> _Ask:
    content = {"text": size_of(chat, words).text, "mrkdwn": False, "unfurl_links": False}
    return _json(f"/services/{key}", content)


def _slack_picture(chat: Chat, _key: str, picture: bytes, line: _Line) -> Result:
    """A bot asks where to upload, uploads, and says in which channel it belongs."""
    name, _, kind = _file(picture)
    bearer = {"Authorization": f"Bearer {_header(chat.keys.token)}"}
    wanted = urlencode({"filename": name, "length": len(picture)}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", **bearer}
    place = line.step(_Ask("/api/files.getUploadURLExternal", wanted, headers, "slack.com"), "slack_api")
    line.raw(_Ask(_upload_path(chat, place.get("upload_url")), picture, {"Content-Type": kind}, "files.slack.com"))
    content = {"files": [{"id": str(place.get("file_id")), "title": name}], "channel_id": chat.to}
    return line.last(_json("/api/files.completeUploadExternal", content, "slack.com", **bearer), "slack_api")


def _upload_path(chat: Chat, url: object) -> str:
    """Path and query of the place to upload to, which must be Slack's own (or the chat's own host). Raises _Stopped."""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or parts.netloc != (chat.host or "files.slack.com"):
        raise _Stopped(Result("refused", "chat_step_failed", {"service": chat.label, "detail": "upload_url"}))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


# --- the table ---------------------------------------------------------------------------------------------------

_HEX = re.compile(r"[A-Za-z0-9-]{8,80}")
SERVICES: Mapping[str, Service] = {
    "wecom": Service(("qyapi.weixin.qq.com",), "/cgi-bin/webhook/send?key={key}", _HEX, 2048, "bytes", 2_097_152,
                     _wecom, _wecom_picture, minute=20),
    "telegram": Service(("api.telegram.org",), "/bot{key}/", re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,80}"), 4096, "characters",
                        10 * MEGABYTE, _telegram, _telegram_picture, minute=20),
    "discord": Service(("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"), "/api/webhooks/{key}",
                       re.compile(r"\d{5,25}/[A-Za-z0-9_-]{20,120}"), 2000, "characters", 10 * MEGABYTE,
                       _discord, _discord_picture, minute=30, text=markdown),
    "feishu": Service(("open.feishu.cn",), "/open-apis/bot/v2/hook/{key}", _HEX, 20_000, "bytes", 10 * MEGABYTE,
                      _feishu, _feishu_picture, minute=100, text=_harmless),
    "lark": Service(("open.larksuite.com",), "/open-apis/bot/v2/hook/{key}", _HEX, 20_000, "bytes", 10 * MEGABYTE,
                    _feishu, _feishu_picture, minute=100, text=_harmless),
    "dingtalk": Service(("oapi.dingtalk.com",), "/robot/send?access_token={key}", _HEX, 20_000, "bytes", 0,
                        _dingtalk, minute=20, text=markdown),
    "slack": Service(("hooks.slack.com",), "/services/{key}", re.compile(r"[A-Z0-9]{3,20}/[A-Z0-9]{3,20}/[A-Za-z0-9]{8,60}"),
                     35_000, "characters", 20 * MEGABYTE, _slack, _slack_picture, text=_slack_text),
}  # fmt: skip
