"""The command line as people and cron use it: real processes, exit status, one sentence on stderr, JSON on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from basketwatch import clock, demo
from tests.stores import PROJECT, fill


def basketwatch(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BASKETWATCH_")}
    command = [sys.executable, "-m", "basketwatch", *words]
    return subprocess.run(
        command, cwd=PROJECT, env=clean | {"BASKETWATCH_LANG": "en"} | env, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("cli") / "live.sqlite"
    fill(path, is_demo=False)
    return {"BASKETWATCH_DB": str(path), "BASKETWATCH_NOW": clock.iso(demo.NOW)}


def test_check_prints_the_json_of_the_contract(filled: dict[str, str]) -> None:
    done = basketwatch("check", "cpo", "ocs", "--json", **filled)
    answer = json.loads(done.stdout)
    assert [b["id"] for b in answer["baskets"]] == ["cpo", "ocs"]
    assert answer["as_of"]["US"]["session"] == "2026-07-02" and answer["as_of"]["US"]["state"] == "holiday"
    assert done.returncode == 3, "AXTI.US is stale in the demo market"
    assert [p["where"] for p in answer["problems"]] == ["AXTI.US"]


def test_check_for_people(filled: dict[str, str]) -> None:
    done = basketwatch("check", **filled)
    assert "CSI 300" in done.stdout and "28/28" in done.stdout
    assert done.stderr == "AXTI.US: The quote is of 2026-07-01, 1 sessions behind.\n"


def test_unknown_basket_is_wrong_usage_in_one_sentence(filled: dict[str, str]) -> None:
    done = basketwatch("check", "nope", **filled)
    assert done.returncode == 2
    assert done.stderr.startswith("There is no basket “nope”; known: cpo, ocs") and "Traceback" not in done.stderr


def test_nothing_stored_is_4(tmp_path: Path) -> None:
    done = basketwatch("check", BASKETWATCH_DB=str(tmp_path / "none.sqlite"))
    assert (done.returncode, done.stderr) == (4, "There is nothing to show yet; run basketwatch refresh first.\n")


@pytest.mark.parametrize(("env", "said"), [
    ({"BASKETWATCH_NOW": "yesterday"}, "BASKETWATCH_NOW is yesterday"),
    ({"BASKETWATCH_NOW": "2026-07-05T10:00:00"}, "BASKETWATCH_NOW is 2026-07-05T10:00:00"),
    ({"BASKETWATCH_LANG": "fr"}, "BASKETWATCH_LANG must be zh or en"),
    ({"BASKETWATCH_HOME": "/nonexistent"}, "BASKETWATCH_HOME points to /nonexistent"),
])  # fmt: skip
def test_bad_settings_are_said(filled: dict[str, str], env: dict[str, str], said: str) -> None:
    done = basketwatch("check", **(filled | env))
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_unknown_option_is_2() -> None:
    assert basketwatch("check", "--nope").returncode == 2


def test_the_demo_store_is_refused_as_a_live_one(tmp_path: Path) -> None:
    fill(tmp_path / "demo.sqlite", is_demo=True)
    done = basketwatch("check", BASKETWATCH_DB=str(tmp_path / "demo.sqlite"))
    assert done.returncode == 2 and "demo market" in done.stderr


def test_broken_file_makes_check_exit_2(filled: dict[str, str], tmp_path: Path) -> None:
    for folder in ("watchlists", "sector_maps"):
        (tmp_path / folder).mkdir()
        for file in (PROJECT / folder).glob("*.toml"):
            (tmp_path / folder / file.name).write_bytes(file.read_bytes())
    (tmp_path / "watchlists" / "power.toml").write_text('id = "power"\nnonsense = 1\n', encoding="utf-8")
    done = basketwatch("check", "--json", BASKETWATCH_HOME=str(tmp_path), **filled)
    assert done.returncode == 2
    problems = {p["where"] for p in json.loads(done.stdout)["problems"]}
    assert "watchlists/power.toml:2" in problems


def test_server_options_are_checked_before_anything_listens() -> None:
    done = basketwatch("serve", "--address", "0.0.0.0")
    assert done.returncode == 2 and "BASKETWATCH_TOKEN" in done.stderr


def test_importing_the_server_side_loads_no_upstream_library() -> None:
    """The pages' process must never hold akshare or yfinance: they hang, and they evaluate what they receive."""
    code = (
        "import sys, basketwatch.ui, basketwatch.daily, basketwatch.panels, basketwatch.health, basketwatch.tables,"
        " basketwatch.charts, basketwatch.serve\n"
        "print([m for m in ('akshare', 'yfinance', 'exchange_calendars', 'curl_cffi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
