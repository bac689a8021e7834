"""A stand-in of every chat service on one TLS port: each answer that they are known to give, and those of bad networks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any
from urllib.parse import urlsplit

import trustme

from basketwatch.domain.chat import Chat, Keys

KEYS = {
    "wecom": "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa", "telegram": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "discord": "123456789012345678/aB3dE5gH7jK9mN1pQ3sT5vX7zA2cE4gI6kM8oQ0", "feishu": "2f9d8c6b-1a2b-4c3d-9e8f-aabbccddeeff",
    "lark": "3f9d8c6b-1a2b-4c3d-9e8f-aabbccddee00", "dingtalk": "4" * 8 + "abcdef0123456789" * 3,
    "slack": "T024BE7LD/B0RQJ7B2M/Zx9yW8vU7tS6rQ5pO4nM3lK2",
}  # fmt: skip
PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=", "telegram": "/bot", "discord": "/api/webhooks/", "feishu": "/open-apis/bot/v2/hook/",
    "lark": "/open-apis/bot/v2/hook/", "dingtalk": "/robot/send?access_token=", "slack": "/services/",
}  # fmt: skip
HOSTS = {
    "wecom": "qyapi.weixin.qq.com", "telegram": "api.telegram.org", "discord": "discord.com", "feishu": "open.feishu.cn",
    "lark": "open.larksuite.com", "dingtalk": "oapi.dingtalk.com", "slack": "hooks.slack.com",
}  # fmt: skip
EXTRA = {
    "secret": "SECsigningsecret0123456789",
    "token": "xoxb-bot-token-987654",
    "app_id": "cli_a1b2c3d4",
    "app_secret": "appsecret-5566778899",
}
TO = {"telegram": "-1001234567890", "slack": "C0123ABCDEF"}

Answer = tuple[int, bytes, dict[str, str]]


def _json(content: Any, status: int = 200, **headers: str) -> Answer:
    return status, json.dumps(content).encode(), {"Content-Type": "application/json", **headers}


def _good(service: str) -> Answer:
    return {
        "wecom": _json({"errcode": 0, "errmsg": "ok"}), "dingtalk": _json({"errcode": 0, "errmsg": "ok"}),
        "telegram": _json({"ok": True, "result": {"message_id": 7}}), "discord": _json({"id": "99", "content": "x"}),
        "feishu": _json({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}),
        "lark": _json({"code": 0, "msg": "success"}), "slack": (200, b"ok", {"Content-Type": "text/html"}),
    }[service]  # fmt: skip


def _error(service: str) -> Answer:
    """An error, with the key in its words, as an unkind service might."""
    said = f"invalid {KEYS[service]}"
    return {
        "wecom": _json({"errcode": 93000, "errmsg": said}), "dingtalk": _json({"errcode": 310000, "errmsg": said}),
        "telegram": _json({"ok": False, "error_code": 400, "description": said}), "discord": _json({"code": 50006, "message": said}),
        "feishu": _json({"code": 19001, "msg": said}), "lark": _json({"code": 19024, "msg": said}),
        "slack": (404, b"no_service", {}),
    }[service]  # fmt: skip


def _limited(service: str) -> Answer:
    return {
        "wecom": _json({"errcode": 45009, "errmsg": "api freq out of limit"}),
        "dingtalk": _json({"errcode": 410100, "errmsg": "send too fast"}),
        "telegram": _json({"ok": False, "error_code": 429, "parameters": {"retry_after": 7}}, 429),
        "discord": _json({"message": "rate limited", "retry_after": 7.2, "global": False}, 429),
        "feishu": _json({"code": 11232, "msg": "frequency limited"}), "lark": _json({"code": 11232, "msg": "frequency limited"}),
        "slack": (429, b"", {"Retry-After": "7"}),
    }[service]  # fmt: skip


# how the server answers -> what that makes of a message
VERDICTS = {
    "good": "sent", "error": "refused", "limited": "limited", "page": "unknown", "empty": "unknown", "redirect": "unknown",
    "broken": "unknown", "strange": "unknown", "list": "unknown", "no content": "unknown", "forbidden": "refused",
    "hang": "unknown", "drip": "unknown", "drip head": "unknown", "huge": "unknown", "cut off": "unknown", "reset": "unknown",
}  # fmt: skip
PAGE = b"<!doctype html><html><body>Please log in</body></html>"


class Services:
    """The stand-in: ``mode`` is how it answers, ``heard`` what arrived (path, headers, body)."""

    def __init__(self, folder: Path) -> None:
        self.mode = "good"
        self.service = "wecom"
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.connected = 0
        self.closing = threading.Event()
        authority = trustme.CA()
        self.bundle = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.bundle))
        context = SSLContext(PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.server.context, self.server.services = context, self
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"localhost:{self.server.server_address[1]}"

    def chat(self, service: str, **settings: Any) -> Chat:
        """A chat of that service whose host is this one, with every key that the service may have."""
        self.service = service
        keys = settings.pop("keys", None) or Keys(key=KEYS[service], **EXTRA)
        given = {"name": "team", "to": TO.get(service, ""), "host": self.host, "allow_private": True, "keys": keys}
        return Chat(service=service, **given | settings)

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: SSLContext
    services: Services

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.services.connected += 1
        with suppress(OSError):
            secured = self.context.wrap_socket(request, server_side=True)
            with suppress(OSError):
                self.RequestHandlerClass(secured, client_address, self)
            secured.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what these tests are about."""


def _handler(services: Services) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            services.heard.append((self.path, dict(self.headers), body))
            mode = services.mode
            if mode in odd:
                odd[mode](self)
                return
            status, content, headers = _answer(services, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Silent."""

    def hang(handler: Any) -> None:
        services.closing.wait(60)

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        _slowly(handler, b"x" * 1000)

    def drip_head(handler: Any) -> None:
        _slowly(handler, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)

    def _slowly(handler: Any, content: bytes) -> None:
        for byte in content:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if services.closing.wait(0.2):
                return

    def huge(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000000")
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b'{"errcode":0,' + b" " * 999_987)

    def cut_off(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"errcode": 0, "ok": true')
        handler.close_connection = True

    def reset(handler: Any) -> None:
        handler.connection.close()

    odd = {"hang": hang, "drip": drip, "drip head": drip_head, "huge": huge, "cut off": cut_off, "reset": reset}
    return Handler


def _answer(services: Services, path: str) -> Answer:
    simple: dict[str, Answer] = {
        "page": (200, PAGE, {"Content-Type": "text/html"}), "empty": (200, b"", {}), "broken": (500, b"oops", {}),
        "redirect": (307, b"", {"Location": f"https://{services.host}/elsewhere"}), "list": _json(["ok"]),
        "strange": _json({"hello": "world"}), "no content": (204, b"", {}), "forbidden": (403, PAGE, {}),
    }  # fmt: skip
    if services.mode in simple:
        return simple[services.mode]
    step = _step(services, urlsplit(path).path)
    if step is not None:
        return step
    return {"good": _good, "error": _error, "limited": _limited}[services.mode](services.service)


def _step(services: Services, path: str) -> Answer | None:
    """What the requests before a picture appears are answered with; None for any other path."""
    if services.mode == "error":
        wrong = {"/api/files.getUploadURLExternal": {"ok": False, "error": "invalid_auth"},
                 "/open-apis/auth/v3/tenant_access_token/internal": {"code": 10014, "msg": "app secret invalid"}}  # fmt: skip
        return _json(wrong[path]) if path in wrong else None
    if services.mode == "limited" and path == "/api/files.getUploadURLExternal":
        return _json({"ok": False, "error": "ratelimited"}, 429, **{"Retry-After": "7"})
    steps = {
        "/api/files.getUploadURLExternal": {"ok": True, "upload_url": f"https://{services.host}/upload/v1/abc", "file_id": "F1"},
        "/upload/v1/abc": "OK", "/api/files.completeUploadExternal": {"ok": True, "files": [{"id": "F1"}]},
        "/open-apis/auth/v3/tenant_access_token/internal": {"code": 0, "msg": "ok", "tenant_access_token": "t-123"},
        "/open-apis/im/v1/images": {"code": 0, "data": {"image_key": "img_1"}, "msg": "success"},
    }  # fmt: skip
    return _json(steps[path]) if path in steps else None


@contextmanager
def standing(folder: Path) -> Iterator[Services]:
    services = Services(folder)
    try:
        yield services
    finally:
        services.close()


def wait_for(condition: Any, seconds: float = 30.0) -> None:
    """Until something is so; an error after a generous while."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
