"""``share.toml`` and the keys: faults with their line, and never a value."""

from __future__ import annotations

import os
from datetime import time
from pathlib import Path

import pytest

from basketwatch.domain.chat import Keys
from basketwatch.errors import UsageError
from basketwatch.files import share_settings
from basketwatch.files.share_settings import chosen, read
from basketwatch.words.text import sentence

GOOD = """
[[chat]]
name = "team"
service = "wecom"
what = ["digest", "weekly"]
language = "zh"
state = "both"
quiet = "22:00-08:00"

[[chat]]
name = "desk-2"
service = "telegram"
to = "-100123"
host = "chat.example.org:8443"
allow_private = true
"""
KEY = "Sup3rSecretValue-123456"


def said(home: Path, environ: dict[str, str] | None = None) -> list[str]:
    found = read(home, environ or {})
    return [f"{p.where}: {sentence(p, 'en')}" for p in found.problems]


def test_no_file_is_no_chat_and_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == share_settings.Chats()


def test_settings_and_keys_of_the_environment_and_the_file(tmp_path: Path) -> None:
    (tmp_path / "share.toml").write_text(GOOD, encoding="utf-8")
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[team]\nkey = "of the file"\nsecret = "sign"\n[desk-2]\nkey = "two"\n', encoding="utf-8")
    secrets.chmod(0o600)
    found = read(tmp_path, {"BASKETWATCH_CHAT_TEAM_KEY": " of the environment "})
    team, desk = found.chats
    assert found.problems == () and team.quiet == (time(22), time(8)) and team.what == ("digest", "weekly")
    assert team.keys == Keys("of the environment", "sign") and desk.keys == Keys("two")
    assert (desk.to, desk.host, desk.allow_private, desk.state) == ("-100123", "chat.example.org:8443", True, "final")
    assert "sign" not in repr(found) and "two" not in repr(found)
    assert [c.name for c in chosen(found.chats, ["desk-2"])] == ["desk-2"] and chosen(found.chats, []) == found.chats
    with pytest.raises(UsageError, match="nobody"):
        chosen(found.chats, ["nobody"])


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_secrets_that_others_can_read_are_not_read(tmp_path: Path, mode: int) -> None:
    home = tmp_path / "a home"
    home.mkdir()
    (home / "share.toml").write_text(GOOD, encoding="utf-8")
    (home / "secrets.toml").write_text(f'[team]\nkey = "{KEY}"\n', encoding="utf-8")
    (home / "secrets.toml").chmod(mode)
    assert read(home, {}).chats[0].keys == Keys()
    assert said(home) == [
        f"secrets.toml: Others can read this file, so it was not read; run chmod 600 '{home}/secrets.toml'."
    ]


@pytest.mark.parametrize(("line", "place", "told"), [
    (f'key = "{KEY}"', 4, "is a secret and must not stand"), (f'service = "{KEY}"', 3, "“service” is missing or wrong"),
    (f'quiet = "{KEY}"', 4, "22:00-08:00"), (f'host = "https://x.org/?key={KEY}"', 4, "chat.example.org"),
    (f'what = ["{KEY}"]', 4, "digest, weekly"), ('langauge = "zh"', 4, "language"), (f"to = {KEY}", 4, "not TOML"),
    ("allow_private = 1", 4, "true, false"), (f'name = "{KEY}"', 2, "a-z"), ("state = 3", 4, "provisional"),
    (f'to = "{KEY}"', 4, "-100123"),
])  # fmt: skip
def test_faults_have_their_line_and_show_no_value(tmp_path: Path, line: str, place: int, told: str) -> None:
    rows = ["[[chat]]", 'name = "team"', 'service = "wecom"']
    key = line.split(" ")[0]
    rows = [line if r.startswith(f"{key} ") else r for r in rows]
    rows += [line] if line not in rows else []
    (tmp_path / "share.toml").write_text(
        "\n".join([*rows, "[[chat]]", 'name = "b"', 'service = "slack"']), encoding="utf-8"
    )
    found = said(tmp_path)
    assert len(found) == 1 and found[0].startswith(f"share.toml:{place}: ") and told in found[0] and KEY not in found[0]
    names = [c.name for c in read(tmp_path, {}).chats]
    assert names == ([] if "not TOML" in told else ["team", "b"] if "langauge" in line else ["b"])


@pytest.mark.parametrize(("text", "count"), [
    ("chat = 1", 1), ("[chat]\nname = 'x'", 1), ("x = 1", 1), ("[[chat]]", 2), ('[[chat]]\nname="t"\nservice="telegram"', 1),
    ('[[chat]]\nname="a-b"\nservice="slack"\n[[chat]]\nname="a_b"\nservice="slack"', 1), ("\0", 1), ("[[chat]]\nname = [", 1),
])  # fmt: skip
def test_broken_settings_never_raise(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "share.toml").write_text(text, encoding="utf-8")
    assert len(said(tmp_path)) == count


@pytest.mark.parametrize("text", [
    f"key = {KEY}", f'[team]\nkey = "{KEY}', f'team = "{KEY}"', f'[team]\nkeys = "{KEY}"', f'[team]\nkey = ["{KEY}"]',
    f"[team]\nkey = {KEY}.AB",
])  # fmt: skip
def test_a_broken_file_of_secrets_shows_nothing_of_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "share.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "secrets.toml").write_text(text, encoding="utf-8")
    (tmp_path / "secrets.toml").chmod(0o600)
    found = said(tmp_path)
    assert len(found) == 1 and found[0].startswith("secrets.toml:") and KEY[:12] not in found[0]
