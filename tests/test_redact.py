"""Nothing secret in a message or a log line: the one place that takes secrets out, for the server and the sources."""

from __future__ import annotations

import logging

import pytest

from basketwatch.redact import Redact, excerpt, redact


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET https://a.example/p?token=s3cret&x=1 failed", "GET https://a.example/p?… failed"),
        ("https://me:s3cret@a.example/p", "https://a.example/p"),
        ("with url: /v7/quote?crumb=s3cret (Caused by X)", "with url: /v7/quote?… (Caused by X)"),
        ("https://hook.example/bot/v2/hook/0123abcd-s3cret-4567-89ef", "https://hook.example/bot/v2/hook/…"),
        ("Authorization: Bearer s3cret", "Authorization: …"),
        ("password=s3cret, ok", "password=…, ok"),
        ("https://a.example/p#s3cret", "https://a.example/p"),
        ("300308 +1.2% (why? volume)", "300308 +1.2% (why? volume)"),
        ("plain words 300308.SZ 12:30", "plain words 300308.SZ 12:30"),
        (
            "GET https://qyapi.example/cgi-bin/webhook/send?key=1-2-3",
            "GET https://qyapi.example/cgi-bin/webhook/send?…",
        ),
        (
            "https://api.chat.example/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/send",
            "https://api.chat.example/…/send",
        ),
        ("postgresql+psycopg://me:pw@db:5432/watch", "postgresql+psycopg://db:5432/watch"),
        ("{'api_key': 's3cret', 'n': 1}", "{'api_key': '…', 'n': 1}"),
        ("x-api-key: s3cret", "x-api-key: …"),
        ("access_token=s3cret&x=1", "access_token=…&x=1"),
        ("KeyError: 'close'", "KeyError: 'close'"),
    ],
)
def test_redact(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_the_filter_cleans_message_and_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(Redact())
    try:
        raise ValueError("https://a.example/p?token=s3cret")
    except ValueError:
        logging.getLogger("test").exception("asked %s", "https://a.example/q?key=s3cret")
    assert "https://a.example/q?…" in caplog.text
    assert "s3cret" not in caplog.text


def test_an_excerpt_is_one_short_printable_line() -> None:
    text = excerpt("<html>\x1b[31m\n\n" + "https://a.example/?token=s3cret " + "x" * 500)
    assert len(text) <= 80
    assert text.isprintable()
    assert "s3cret" not in text
