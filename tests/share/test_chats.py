"""Each service's answers, and those of bad networks: nothing that failed is called sent, and nothing secret is shown."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest

from basketwatch.domain.chat import SERVICES, Chat, Keys
from basketwatch.errors import NothingSent
from basketwatch.share import chats
from basketwatch.share.chats import feishu_sign, key_of, no_picture, send_picture, send_words
from basketwatch.share.verdicts import verdict
from basketwatch.sources.net import post
from basketwatch.views.digest import Words
from basketwatch.words.text import sentence
from tests.share.services import EXTRA, HOSTS, KEYS, PATHS, VERDICTS, Services

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
SLOW = ("hang", "drip", "drip head")
TAKING = [s for s in SERVICES if s != "dingtalk"]


def parts_of(headers: dict[str, str], body: bytes) -> dict[str, bytes]:
    """The fields of a multipart body."""
    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    return {
        str(p.get_param("name", header="content-disposition")): p.get_payload(decode=True) for p in message.iter_parts()
    }  # type: ignore[union-attr,misc]


# --- outcomes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", VERDICTS)
@pytest.mark.parametrize("service", SERVICES)
def test_words_come_to_what_the_service_says(
    services: Services, words: Words, service: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, services.mode = services.chat(service), mode
    if mode in SLOW:
        monkeypatch.setattr(post, "SECONDS", 2.0)
    result = send_words(chat, words)
    assert result.outcome == VERDICTS[mode]
    assert len(services.heard) == 1, "what may have arrived is not sent again, and no redirect is followed"
    said = sentence((result.key, result.params), "en") + repr(result) + repr(chat) if result.key else repr(chat)
    for secret in chat.keys.secrets():
        assert secret not in said
    if mode == "limited" and service in ("slack", "telegram", "discord"):
        assert result.params["wait"] == "7"


@pytest.mark.parametrize("mode", [m for m in VERDICTS if m not in SLOW or m == "hang"])
@pytest.mark.parametrize("service", TAKING)
def test_a_picture_is_sent_only_where_the_last_step_says_so(
    services: Services, service: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Feishu's and Slack's come in three steps, of which the first two show nothing: a failure there is no "unknown"."""
    chat, services.mode = services.chat(service), mode
    if mode in SLOW:
        monkeypatch.setattr(post, "SECONDS", 2.0)
    result = send_picture(chat, PNG)
    stepwise = service in ("feishu", "lark", "slack")
    expected = "refused" if stepwise and VERDICTS[mode] == "unknown" else VERDICTS[mode]
    assert result.outcome == expected
    repeated = repr(result) + (sentence((result.key, result.params), "zh") if result.key else "")
    assert not [s for s in chat.keys.secrets() if s in repeated]


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_goes_out_without_a_connection_and_it_is_tried_thrice(words: Words, service: str) -> None:
    asked = []

    def send(*_: Any, **__: Any) -> post.Reply:
        asked.append(1)
        raise NothingSent(host="h", detail="no connection")

    chats_pauses, chats.PAUSES = chats.PAUSES, (0.0, 0.0)
    try:
        result = send_words(Chat("team", service, to="-1", keys=Keys(KEYS[service])), words, send)
    finally:
        chats.PAUSES = chats_pauses
    assert (result.outcome, result.key, len(asked)) == ("refused", "chat_unreached", 3)


def test_it_may_succeed_the_second_time(services: Services, words: Words) -> None:
    asked = []

    def send(*args: Any, **kwargs: Any) -> post.Reply:
        asked.append(1)
        if len(asked) == 1:
            raise NothingSent(host="h", detail="no connection")
        return post.post(*args, **kwargs)

    assert send_words(services.chat("wecom"), words, send).outcome == "sent"
    assert len(services.heard) == 1


@pytest.mark.parametrize(("service", "status", "body", "outcome"), [
    ("wecom", 200, b'{"errcode": "0"}', "unknown"), ("wecom", 200, b'{"errcode": false}', "unknown"),
    ("wecom", 200, b'{"errcode": -1, "errmsg": "system busy"}', "unknown"), ("wecom", 400, b'{"errcode": 0}', "unknown"),
    ("wecom", 200, b"[" * 60_000, "unknown"), ("feishu", 200, b'{"StatusCode": 0, "code": 19001}', "refused"),
    ("feishu", 400, b'{"code": 99991400}', "limited"), ("telegram", 200, b'{"ok": true}', "unknown"),
    ("telegram", 200, b'{"ok": false, "error_code": 502}', "unknown"), ("telegram", 401, b'{"ok": false, "error_code": 401}', "refused"),
    ("discord", 200, b'{"id": "1", "code": 0}', "refused"), ("slack", 200, b'{"ok": true}', "unknown"),
    ("slack", 200, b"OK", "refused"), ("slack", 500, b"ok", "unknown"), ("slack", 400, b"invalid_payload", "refused"),
    ("slack_api", 200, b'{"ok": false, "error": "internal_error"}', "unknown"), ("dingtalk", 408, b"", "unknown"),
    ("dingtalk", 200, b'{"errcode": 130101}', "limited"), ("discord", 429, b"", "limited"),
])  # fmt: skip
def test_verdicts_on_odd_answers(service: str, status: int, body: bytes, outcome: str) -> None:
    assert verdict(service, status, body).outcome == outcome


# --- what is sent ----------------------------------------------------------------------------------------------------


def sent(services: Services, service: str, words: Words, **settings: Any) -> tuple[str, dict[str, Any]]:
    assert send_words(services.chat(service, **settings), words).outcome == "sent"
    path, _, body = services.heard[-1]
    return path, json.loads(body)


def test_words_in_the_form_of_each_service(services: Services, words: Words) -> None:
    text = "\n".join(line.text for line in words.lines)
    path, body = sent(services, "wecom", words)
    assert path == f"/cgi-bin/webhook/send?key={KEYS['wecom']}"
    assert body == {"msgtype": "text", "text": {"content": text.replace("<", "＜").replace(">", "＞")}}
    path, body = sent(services, "telegram", words)
    assert path == f"/bot{KEYS['telegram']}/sendMessage" and (body["chat_id"], body["text"]) == ("-1001234567890", text)
    path, body = sent(services, "discord", words)
    assert path == f"/api/webhooks/{KEYS['discord']}?wait=true" and body["allowed_mentions"] == {"parse": []}
    assert body["content"].startswith("**每日速览 2026-07-03**") and "\\*x\\*" in body["content"]
    path, body = sent(services, "feishu", words)
    assert "<at" not in body["content"]["text"] and body["sign"] == feishu_sign(body["timestamp"], EXTRA["secret"])
    path, body = sent(services, "dingtalk", words)
    assert "&sign=" in path and body["msgtype"] == "markdown" and body["markdown"]["title"] == words.title
    path, body = sent(services, "slack", words)
    assert "&lt;at" in body["text"] and path == f"/services/{KEYS['slack']}"
    _, unsigned = sent(services, "feishu", words, keys=Keys(KEYS["feishu"]))
    assert "sign" not in unsigned


def test_signatures_are_those_of_the_services_documents() -> None:
    """The same worked out by openssl."""
    assert feishu_sign("1599360473", "demo") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
    assert chats.dingtalk_sign("1577262236757", "this is secret") == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="


def test_a_picture_in_the_form_of_each_service(services: Services) -> None:
    for service in TAKING:
        assert send_picture(services.chat(service), PNG).outcome == "sent"
    by_path = {path.split("?")[0]: (headers, body) for path, headers, body in services.heard}
    image = json.loads(by_path["/cgi-bin/webhook/send"][1])["image"]
    assert base64.b64decode(image["base64"]) == PNG and image["md5"] == hashlib.md5(PNG).hexdigest()  # noqa: S324
    assert parts_of(*by_path[f"/bot{KEYS['telegram']}/sendPhoto"])["photo"] == PNG
    assert parts_of(*by_path[f"/api/webhooks/{KEYS['discord']}"])["files[0]"] == PNG
    headers, body = by_path["/open-apis/im/v1/images"]
    assert headers["Authorization"] == "Bearer t-123" and parts_of(headers, body)["image"] == PNG
    hooks = [json.loads(b) for p, _, b in services.heard if p.startswith("/open-apis/bot")]
    assert [h["content"] for h in hooks] == [{"image_key": "img_1"}] * 2
    assert by_path["/upload/v1/abc"][1] == PNG
    done = json.loads(by_path["/api/files.completeUploadExternal"][1])
    assert done["channel_id"] == "C0123ABCDEF" and done["files"][0]["id"] == "F1"


def test_who_takes_no_picture_says_what_it_needs() -> None:
    def needs(service: str, **keys: str) -> str:
        found = no_picture(Chat("team", service, to="C0123ABCD", keys=Keys("k", **keys)))
        return sentence(found, "en") if found else ""

    assert (
        "words only" in needs("dingtalk") and "app_id, app_secret" in needs("feishu") and "token, to" in needs("slack")
    )
    assert needs("slack", token="x") == needs("lark", app_id="a", app_secret="b") == needs("wecom") == ""


@pytest.mark.parametrize("picture", [b"GIF89a", b"", PNG + b"x" * 2_097_152])
def test_a_wrong_or_too_large_picture_does_not_go_out(services: Services, picture: bytes) -> None:
    assert send_picture(services.chat("wecom"), picture).outcome == "refused"
    assert services.heard == []


def test_slacks_upload_goes_only_to_slack(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Services, "host", property(lambda self: f"127.0.0.1:{self.server.server_address[1]}"))
    chat = services.chat("slack", host=f"localhost:{services.server.server_address[1]}")
    assert send_picture(chat, PNG).outcome == "refused"
    assert [p for p, _, _ in services.heard] == ["/api/files.getUploadURLExternal"]


# --- keys ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_a_pasted_address_is_reduced_to_its_key(service: str) -> None:
    end = "/sendMessage" if service == "telegram" else ""
    good = f"https://{HOSTS[service]}{PATHS[service]}{KEYS[service]}{end}"
    assert (
        key_of(Chat("team", service, keys=Keys(good)))
        == KEYS[service]
        == key_of(Chat("team", service, keys=Keys(KEYS[service])))
    )
    bad = [
        good.replace("https", "http"), good.replace(HOSTS[service], "evil.example"), good.replace(HOSTS[service], "127.0.0.1"),
        good.replace(HOSTS[service], f"{HOSTS[service]}.evil.example"), good.replace(HOSTS[service], f"{HOSTS[service]}@evil.example"),
        good.replace("https://", "https://user@"), good.replace(HOSTS[service], f"{HOSTS[service]}:8443"),
        f"https://{HOSTS[service]}/other/{KEYS[service]}", f"{KEYS[service]}/../../x", f"{KEYS[service]}?x=1", "x", "a b", "",
        f"https://[{HOSTS[service]}/", good + "%0d%0aX: y",
    ]  # fmt: skip
    assert [b for b in bad if key_of(Chat("team", service, keys=Keys(b)))] == []


def test_a_host_of_ones_own_takes_the_place_of_the_services() -> None:
    chat = Chat(
        "team", "wecom", host="chat.example.org", keys=Keys(f"https://chat.example.org{PATHS['wecom']}{KEYS['wecom']}")
    )
    assert key_of(chat) == KEYS["wecom"]


# --- the way out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "0"])
def test_a_private_host_needs_leave(services: Services, words: Words, host: str) -> None:
    port = services.server.server_address[1]
    result = send_words(services.chat("wecom", host=f"{host}:{port}", allow_private=False), words)
    assert (result.outcome, result.key) == ("refused", "chat_unreached")
    assert services.connected == 0


def test_a_name_that_changes_between_two_look_ups_is_caught(
    services: Services, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "_require_public", lambda *_, **__: None)
    assert send_words(services.chat("wecom", allow_private=False), words).key == "chat_unreached"
    assert services.heard == []


@pytest.mark.parametrize(("address", "public"), [
    ("8.8.8.8", True), ("10.0.0.1", False), ("169.254.169.254", False), ("::1", False), ("::ffff:127.0.0.1", False),
    ("fe80::1%eth0", False), ("fd00::1", False), ("224.0.0.1", False), ("100.64.0.1", False), ("2606:4700::1111", True),
])  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert post._is_public(address) is public


def test_a_certificate_that_nobody_vouches_for_is_no_connection(
    services: Services, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    result = send_words(services.chat("telegram"), words)
    assert (result.outcome, result.key, services.heard) == ("refused", "chat_unreached", [])


def test_the_environments_proxy_is_used(services: Services, words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert send_words(services.chat("wecom"), words).key == "chat_unreached" and services.connected == 0
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert send_words(services.chat("wecom"), words).outcome == "sent"


def test_only_https_and_no_netrc(
    services: Services, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NothingSent):
        post.post(f"http://{services.host}/x", b"x", {})
    (tmp_path / "netrc").write_text("machine localhost login me password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert send_picture(services.chat("slack"), PNG).outcome == "sent"
    assert {h.get("Authorization") for _, h, _ in services.heard} == {None, f"Bearer {EXTRA['token']}"}


def test_what_was_given_up_cannot_leave_any_more() -> None:
    held = post._Outgoing(b"abc")
    assert held.give_up() is False
    with pytest.raises(OSError, match="given up"):
        held.read(2)
    begun = post._Outgoing(b"abc")
    assert (begun.read(2), begun.give_up()) == (b"ab", True)


@pytest.mark.parametrize("mode", ["good", "error", "hang", "reset"])
def test_no_log_line_holds_a_key(
    services: Services, words: Words, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(post, "SECONDS", 2.0 if mode == "hang" else 30.0)
    caplog.set_level(logging.DEBUG)
    services.mode = mode
    for service in SERVICES:
        chat = services.chat(service)
        send_words(chat, words)
        assert not [s for s in chat.keys.secrets() if s in caplog.text]
