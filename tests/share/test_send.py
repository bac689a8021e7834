"""``basketwatch send`` as people and cron use it: real processes, killed ones too."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketwatch import clock
from basketwatch.domain.chat import SERVICES
from basketwatch.sources.demo import market
from tests.share.services import EXTRA, KEYS, TO, Services, standing, wait_for
from tests.stores import PROJECT, fill

SECRET = [*KEYS.values(), *EXTRA.values()]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("send") / "live.sqlite"
    fill(path, is_demo=False).engine.dispose()
    return path


class Home:
    """A folder with baskets, a store, one chat a service at the stand-in, and their keys."""

    def __init__(self, folder: Path, filled: Path, services: Services) -> None:
        self.folder, self.services, self.printed = folder, services, ""
        for name in ("watchlists", "sector_maps"):
            shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns(".*"))
        shutil.copy(filled, folder / "s.sqlite")
        self.chats("wecom")

    def chats(self, *names: str, more: str = "") -> None:
        tables, secrets = [], []
        for service in names:
            to = f'to = "{TO[service]}"\n' if service in TO else ""
            tables.append(f'[[chat]]\nname = "{service}"\nservice = "{service}"\nhost = "{self.services.host}"\n'
                          f"allow_private = true\n{to}{more}")  # fmt: skip
            secrets.append(
                f'[{service}]\nkey = "{KEYS[service]}"\n' + "".join(f'{k} = "{v}"\n' for k, v in EXTRA.items())
            )
        (self.folder / "share.toml").write_text("\n".join(tables), encoding="utf-8")
        (self.folder / "secrets.toml").write_text("\n".join(secrets), encoding="utf-8")
        (self.folder / "secrets.toml").chmod(0o600)
        self.services.service = names[0]

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("BASKETWATCH_") and "PROXY" not in k.upper()}
        own = {"BASKETWATCH_LANG": "en", "BASKETWATCH_HOME": str(self.folder), "BASKETWATCH_DB": str(self.folder / "s.sqlite"),
               "BASKETWATCH_NOW": clock.iso(market.NOW), "REQUESTS_CA_BUNDLE": str(self.services.bundle)}  # fmt: skip
        command = [sys.executable, "-m", "basketwatch", "send", *words]
        return subprocess.Popen(
            command, cwd=PROJECT, env=clean | own | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def send(self, *words: str, **env: str) -> tuple[int, str]:
        """Status and everything printed, in which no secret stands."""
        process = self.start(*words, **env)
        out, err = process.communicate(timeout=180)
        printed = out + err
        assert not [s for s in SECRET if s in printed] and "Traceback" not in printed
        return process.returncode, printed


@pytest.fixture
def home(tmp_path: Path, filled: Path) -> Iterator[Home]:
    with standing(tmp_path) as services:
        (tmp_path / "home").mkdir()
        yield Home(tmp_path / "home", filled, services)


def test_it_goes_out_once(home: Home) -> None:
    dry = home.send("--dry-run")
    assert dry[0] == 0 and "would be sent" in dry[1] and "Daily digest" in dry[1] and home.services.connected == 0
    status, printed = home.send()
    line = "wecom  WeCom  digest 2026-07-03 final  {}  sent\n"
    assert (status, printed) == (0, line.format("words") + line.format("picture"))
    status, printed = home.send()
    assert status == 0 and "Sent before" in printed and len(home.services.heard) == 2
    assert "on record: sent" in home.send("--dry-run")[1]
    assert home.send("wecom", "--again")[0] == 0 and len(home.services.heard) == 4
    status, printed = home.send("wecom", "--what", "weekly")
    assert status == 0 and "weekly 2026-07-03" in printed and len(home.services.heard) == 6


def test_of_two_processes_one_sends(home: Home) -> None:
    both = [home.start(), home.start()]
    done = [(p.communicate(timeout=180), p.returncode) for p in both]
    assert [status for _, status in done] == [0, 0] and len(home.services.heard) == 2, "words once, the picture once"
    assert any("Sent before" in out for (out, _), _ in done)


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_after_kill_9_it_is_unknown_and_not_sent_again(home: Home) -> None:
    home.services.mode = "hang"
    process = home.start()
    wait_for(lambda: home.services.heard, 120)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    home.services.mode = "good"
    status, printed = home.send()
    assert status == 3 and "unknown" in printed and "interrupted" in printed and len(home.services.heard) == 2
    status, printed = home.send("--again")  # the words a second time as asked for, and so the picture
    assert status == 0 and len(home.services.heard) == 4


def test_every_refusal_is_listed_and_none_called_sent(home: Home) -> None:
    home.chats(*SERVICES)
    home.services.mode = "page"
    status, printed = home.send()
    lines = printed.splitlines()
    assert status == 3 and len(lines) == 2 * len(SERVICES) - 1, "DingTalk takes no picture"
    assert all("  unknown  " in line for line in lines if "  words  " in line)
    assert not any(line.endswith("  sent") for line in lines), printed
    home.chats("wecom")
    home.services.mode = "error"
    status, printed = home.send("--again")
    assert status == 3 and "refused it (93000 invalid …)" in printed


def test_wrong_settings_are_2_and_hide_no_other_chat(home: Home) -> None:
    file = home.folder / "share.toml"
    file.write_text(file.read_text(encoding="utf-8") + '\n[[chat]]\nname = "b"\nservice = "slak"\n', encoding="utf-8")
    status, printed = home.send()
    assert status == 2 and "share.toml:9: " in printed and "words  sent" in printed
    assert home.send("nobody")[0] == 2
    (home.folder / "secrets.toml").unlink()
    home.services.heard.clear()
    status, printed = home.send("--again", "wecom")
    assert status == 2 and "set BASKETWATCH_CHAT_WECOM_KEY" in printed and home.services.heard == []
    assert home.send("wecom", "--again", BASKETWATCH_CHAT_WECOM_KEY="https://evil.example/hook")[0] == 2
    file.unlink()
    status, printed = home.send()
    assert status == 2 and "names no chat" in printed


def test_nothing_to_show_is_4_and_nothing_due_0(home: Home) -> None:
    assert home.send(BASKETWATCH_DB=str(home.folder / "none.sqlite"))[0] == 4
    assert not (home.folder / "none.sqlite").exists()
    home.chats("wecom", more='quiet = "00:00-23:59"\n')
    status, printed = home.send()
    assert status == 0 and "Quiet hours" in printed and home.services.heard == []
    home.chats("wecom", more='state = "provisional"\n')
    status, printed = home.send()
    assert status == 0 and "gets provisional words; these are final" in printed
