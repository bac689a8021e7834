"""The command line as people and cron use it: real processes, exit status, one sentence on stderr, JSON on stdout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from basketwatch import clock
from basketwatch.refresh import flags
from basketwatch.sources.demo import market
from basketwatch.store import lock, opening
from tests.stores import PROJECT, fill, universe


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
    return {"BASKETWATCH_DB": str(path), "BASKETWATCH_NOW": clock.iso(market.NOW)}


def test_check_prints_the_json_of_the_contract(filled: dict[str, str]) -> None:
    done = basketwatch("check", "cpo", "ocs", "--json", **filled)
    answer = json.loads(done.stdout)
    assert [b["id"] for b in answer["baskets"]] == ["cpo", "ocs"]
    assert answer["as_of"]["US"]["session"] == "2026-07-02" and answer["as_of"]["US"]["state"] == "holiday"
    assert done.returncode == 3, "AXTI.US is stale in the demo market"
    assert [p["where"] for p in answer["problems"]] == ["AXTI.US"]


def test_check_for_people(filled: dict[str, str]) -> None:
    done = basketwatch("check", **filled)
    assert "CSI 300" in done.stdout and "26/26" in done.stdout
    assert done.stderr == "AXTI.US: The quote is of 2026-07-01; sessions behind: 1.\n"


def test_check_days_later_says_which_quotes_are_old(filled: dict[str, str]) -> None:
    done = basketwatch("check", **filled | {"BASKETWATCH_NOW": "2026-07-08T09:00:00Z"})
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert any("CSI 300" in line and line.endswith("old quote") for line in done.stdout.splitlines())


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
    ({"BASKETWATCH_NOW": "0001-01-01T00:00:00Z"}, "lies outside the years 1990 to 2099; choose an instant"),
    ({"BASKETWATCH_NOW": "9999-12-31T23:59:59Z"}, "lies outside the years 1990 to 2099; choose an instant"),
    ({"BASKETWATCH_LANG": "fr"}, "BASKETWATCH_LANG must be zh or en"),
    ({"BASKETWATCH_HOME": "/nonexistent"}, "BASKETWATCH_HOME points to /nonexistent"),
])  # fmt: skip
def test_bad_settings_are_said(filled: dict[str, str], env: dict[str, str], said: str) -> None:
    done = basketwatch("check", **(filled | env))
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_a_refresh_beside_a_running_one_says_so_in_json_and_in_words(filled: dict[str, str], tmp_path: Path) -> None:
    """Nothing is wrong (status 0); a program reads one object with the keys of a report, a person one sentence."""
    shutil.copy(filled["BASKETWATCH_DB"], tmp_path / "s.sqlite")
    settings = filled | {"BASKETWATCH_DB": str(tmp_path / "s.sqlite")}
    store, _ = opening.open_writer(f"sqlite:///{tmp_path}/s.sqlite")
    with lock.writer_lock(store):
        told, said = basketwatch("refresh", "--json", **settings), basketwatch("refresh", **settings)
    answer = json.loads(told.stdout)
    assert (told.returncode, told.stderr) == (0, "")
    assert answer["error"].startswith("A refresh is already running") and answer["key"] == "refresh_running"
    assert (answer["parts"], answer["requests"]) == ([], {"total": 0, "by_host": {}})
    assert (said.returncode, said.stdout) == (0, "") and said.stderr.startswith("A refresh is already running")


def test_flags_in_json_and_in_words(filled: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(filled["BASKETWATCH_DB"], tmp_path / "f.sqlite")
    settings = filled | {"BASKETWATCH_DB": str(tmp_path / "f.sqlite")}
    flags.update(opening.open_writer(f"sqlite:///{tmp_path}/f.sqlite")[0], universe(), market.NOW)
    told = basketwatch("flags", "--since", "2026-07-03", "--json", **settings)
    answer = json.loads(told.stdout)
    assert (told.returncode, told.stderr, list(answer)) == (0, "", ["flags"])
    assert {f["session"] for f in answer["flags"]} == {"2026-07-03"}
    said = next(f for f in answer["flags"] if f["id"] == "limit:300394.SZ:2026-07-03:up")
    assert said["basket"] == ["cpo"] and said["severity"] == "high" and said["raised_at"] == "2026-07-03T08:30:00Z"
    words = basketwatch("flags", "--since", "2026-07-03", **settings)
    assert words.returncode == 0 and len(words.stdout.splitlines()) == len(answer["flags"])
    assert f"2026-07-03  high  {said['reason']['en']}" in words.stdout.splitlines()
    later = basketwatch("flags", "--since", "2026-08-01", "--json", **settings)
    assert (later.returncode, json.loads(later.stdout)) == (0, {"flags": []})


@pytest.mark.parametrize("stored", [True, False])
def test_no_flag_stored_is_4(filled: dict[str, str], tmp_path: Path, stored: bool) -> None:
    settings = filled if stored else filled | {"BASKETWATCH_DB": str(tmp_path / "none.sqlite")}
    done = basketwatch("flags", "--json", **settings)
    assert (done.returncode, done.stdout) == (4, "") and done.stderr.startswith("No flag has been recorded yet")


def test_a_date_that_is_none_is_wrong_usage(filled: dict[str, str]) -> None:
    assert basketwatch("flags", "--since", "yesterday", **filled).returncode == 2


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


def test_report_prints_markdown_in_the_language_asked_for(filled: dict[str, str]) -> None:
    """The demo market's rows: Friday evening, so the week is this one; the store holds no PE, so status 3 and a line."""
    done = basketwatch("report", "--lang", "zh", "--sector", "801780.si", **filled)
    lines = done.stdout.splitlines()
    assert lines[0] == "# 市场周报 · 2026年6月29日—7月3日" and lines[2].startswith("本周，沪深300")
    assert "申万银行行业指数" in lines[2] and "在申万31个一级行业中排名第" in lines[2]
    assert (done.returncode, done.stderr.count("\n")) == (3, 1) and done.stderr.startswith("801780.SI: ")
    past = json.loads(basketwatch("report", "--week-of", "2026-06-28", "--json", **filled).stdout)
    assert (past["week"]["from"], past["week"]["to"]) == ("2026-06-18", "2026-06-26"), "19 June was a holiday"
    assert past["markdown"].splitlines()[2].startswith("Last week, the Shenwan Communications index")


@pytest.mark.parametrize(("words", "said"), [
    (("--sector", "999999.SI"), "No sector 999999.SI is followed; known: 801010.SI"),
    (("--week-of", "2026-07-06"), "The week of 2026-07-06 has not begun"),
    (("--week-of", "soon"), "Invalid value for '--week-of'"),
])  # fmt: skip
def test_report_of_what_does_not_exist_is_wrong_usage(
    filled: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    done = basketwatch("report", *words, **filled)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


def test_report_of_a_week_after_the_stored_data_says_where_they_end(filled: dict[str, str]) -> None:
    """2027-01-04: the mainland's calendar ends with 2026, the store with 2026-07-03."""
    done = basketwatch("report", **filled | {"BASKETWATCH_NOW": "2027-01-04T09:00:00Z"})
    assert done.returncode == 4 and "what is stored ends on 2026-07-03; run basketwatch refresh" in done.stderr
    assert done.stderr.count("\n") == 1


def test_report_without_a_store_is_4(tmp_path: Path) -> None:
    done = basketwatch("report", "--json", BASKETWATCH_DB=str(tmp_path / "none.sqlite"))
    assert (done.returncode, done.stdout) == (4, "") and done.stderr.count("\n") == 1


def test_server_options_are_checked_before_anything_listens() -> None:
    done = basketwatch("serve", "--address", "0.0.0.0")
    assert done.returncode == 2 and "BASKETWATCH_TOKEN" in done.stderr


def test_importing_the_server_side_loads_no_upstream_library() -> None:
    """The pages' process must never hold akshare or yfinance: they hang, and they evaluate what they receive."""
    code = (
        "import sys, basketwatch.app.frame, basketwatch.app.columns, basketwatch.app.server, basketwatch.analysis.snapshot,"
        " basketwatch.views.basket, basketwatch.views.health, basketwatch.views.charts\n"
        "print([m for m in ('akshare', 'yfinance', 'exchange_calendars', 'curl_cffi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_no_warning_of_a_library_reaches_a_person() -> None:
    """Unless asked for with -W. Libraries switch filters on again when they are imported, so a filter is not enough."""
    code = (
        "import sys, warnings; import basketwatch.cli as cli; sys.argv = ['basketwatch', '--version']\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "warnings.simplefilter('always'); warnings.warn('of a library', FutureWarning)"
    )
    quiet, asked = (
        subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True).stderr
        for flags in ([], ["-W", "default"])
    )
    assert quiet == "" and "of a library" in asked
