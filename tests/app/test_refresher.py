"""The refresh process is clean, alone, bounded and killed as a whole; and it is due when a market calls for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest

from basketwatch.app.refresher import Refresher, clean_environment, refresh_command
from basketwatch.app.schedule import Due, Outcome, due, is_daily
from basketwatch.domain.calendars import Calendar, MarketState, Session
from basketwatch.domain.model import Run

# exchange_calendars calls what pandas 4 will rename
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

Make = Callable[..., Refresher]


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """A zombie counts as dead: in a container nobody may collect an orphan."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Refresher] = []

    def build(code: str, **options: Any) -> Refresher:
        def command(arguments: Sequence[str]) -> list[str]:
            return [sys.executable, "-c", textwrap.dedent(code), *arguments]

        made.append(Refresher(tmp_path, command=command, **{"shortest": 0.0, "grace": 0.5, **options}))
        return made[-1]

    yield build
    for refresher in made:
        refresher.stop()


def finish(refresher: Refresher, only: Sequence[str] = (), **options: Any) -> Outcome:
    assert refresher.start(only, **options)
    until(lambda: not refresher.running)
    assert refresher.last is not None
    return refresher.last


# --- the child ---------------------------------------------------------------------------------------------------


def test_command_and_arguments(make: Make) -> None:
    assert refresh_command(["--only", "bars"])[1:] == ["-m", "basketwatch", "refresh", "--json", "--only", "bars"]
    refresher = make("import json, sys; print(json.dumps({'argv': sys.argv[1:]}))")
    report = finish(refresher, ("quotes", "bars")).report
    assert report == {"argv": ["--only", "quotes", "--only", "bars"]}


@pytest.mark.parametrize(
    ("status", "printed", "report", "key", "failures"),
    [
        (0, '{"parts": []}', {"parts": []}, None, 0),
        (0, '{"error": "A refresh is already running.", "key": "refresh_running"}', None, "refresh_elsewhere", 0),
        (3, '{"error": "The disk is full.", "key": "store_full", "parts": []}', None, "refresh_failed", 1),
        (0, "", None, "refresh_unreadable", 1),
        (0, "<html>", None, "refresh_unreadable", 1),
        (0, "[1, 2]", None, "refresh_unreadable", 1),
        (0, "[" * 100_000, None, "refresh_unreadable", 1),
        (3, '{"parts": [{"part": "quotes", "got": 58}]}', {"parts": [{"part": "quotes", "got": 58}]}, None, 0),
        (3, '{"parts": [{"part": "quotes", "got": 0}]}', {"parts": [{"part": "quotes", "got": 0}]}, None, 1),
        (3, '{"parts": "?"}', {"parts": "?"}, None, 1),
        (3, "", None, "refresh_failed", 1),
        (2, "", None, "refresh_failed", 1),
        (4, "{}", {}, "refresh_nothing", 1),
    ],
)
def test_outcome(make: Make, status: int, printed: str, report: object, key: str | None, failures: int) -> None:
    refresher = make(f"import sys; sys.stdout.write({printed!r}); sys.exit({status})")
    outcome = finish(refresher)
    assert (outcome.status, outcome.report, outcome.key) == (status, report, key)
    assert refresher.failures == failures
    assert outcome.started <= outcome.finished


def test_bytes_that_are_no_text(make: Make) -> None:
    outcome = finish(make("import os; os.write(1, bytes(range(256)) * 999)"))
    assert (outcome.status, outcome.report, outcome.key) == (0, None, "refresh_unreadable")


def test_a_flood_of_output_ends_the_child(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("basketwatch.app.refresher.OUTPUT_BYTES", 100_000)
    outcome = finish(make("while True: print('x' * 10_000)"), deadline=30)
    assert outcome.key == "refresh_unreadable"
    assert outcome.status is not None and outcome.status < 0


def test_failures_are_counted_in_a_row(make: Make, tmp_path: Path) -> None:
    refresher = make("import sys, pathlib; print('{}'); sys.exit(0 if pathlib.Path('ok').exists() else 2)")
    for expected in (1, 2):
        finish(refresher)
        assert refresher.failures == expected
    (tmp_path / "ok").touch()
    finish(refresher)
    assert refresher.failures == 0


def test_the_last_line_of_stderr_is_kept_without_secrets(make: Make) -> None:
    said = "warming up\\nhttps://u:pw@hooks.example/T0/B1?key=s3cr3t refused, token=abcdef\\n"
    outcome = finish(make(f"import sys; sys.stderr.write('{said}'); sys.exit(2)"))
    assert outcome.params == {"status": "2", "detail": "https://hooks.example/T0/B1?… refused, token=…"}


def test_a_command_that_cannot_start(tmp_path: Path) -> None:
    refresher = Refresher(tmp_path, command=lambda _: [str(tmp_path / "missing")])
    assert not refresher.start()
    assert refresher.last is not None
    assert (refresher.last.status, refresher.last.key) == (None, "refresh_failed")
    assert refresher.failures == 1


def test_deadline_ends_the_whole_family(make: Make, tmp_path: Path) -> None:
    """The child and the grandchild both refuse SIGTERM."""
    refresher = make(
        f"""
        import os, pathlib, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stubborn = "from signal import *; signal(SIGTERM, SIG_IGN); print(1, flush=True); import time; time.sleep(99)"
        grandchild = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
        grandchild.stdout.readline()
        pathlib.Path({str(tmp_path / "pids")!r}).write_text(f"{{os.getpid()}} {{grandchild.pid}} ")
        time.sleep(99)
        """
    )
    outcome = finish(refresher, deadline=1.5)
    assert (outcome.key, outcome.status, outcome.report) == ("refresh_timeout", -9, None)
    assert outcome.params == {"seconds": "2"}
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    until(lambda: not any(alive(pid) for pid in pids))


def test_an_orderly_end_leaves_nothing_behind(make: Make, tmp_path: Path) -> None:
    refresher = make(
        f"""
        import pathlib, subprocess, sys
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
        pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(left.pid))
        print("{{}}")
        """
    )
    assert finish(refresher).status == 0
    until(lambda: not alive(int((tmp_path / "pid").read_text())))


def test_shortest_deadline_is_a_minute(make: Make) -> None:
    refresher = make("import time; time.sleep(1); print('{}')", shortest=60.0)
    assert finish(refresher, deadline=0.1).key is None


def test_two_starts_make_one_child(make: Make, tmp_path: Path) -> None:
    refresher = make("import os, time; open(str(os.getpid()), 'w').close(); time.sleep(99)")
    assert [refresher.start() for _ in range(5)] == [True, False, False, False, False]
    assert refresher.running
    until(lambda: any(tmp_path.iterdir()))
    time.sleep(0.2)
    pids = [int(file.name) for file in tmp_path.iterdir()]
    assert len(pids) == 1  # and it runs in the home folder
    refresher.stop()
    assert not refresher.running
    assert refresher.last is not None and refresher.last.key == "refresh_stopped"
    assert refresher.failures == 0
    until(lambda: not alive(pids[0]))


def test_demo_never_starts(make: Make) -> None:
    refresher = make("print('{}')", demo=True)
    assert not refresher.start()
    assert refresher.last is None


def test_environment_of_the_child_is_clean(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {
        "LC_TIME": "C", "TZ": "UTC", "https_proxy": "http://p:1", "HTTP_PROXY": "http://p:1", "SSL_CERT_FILE": "/ca",
        "REQUESTS_CA_BUNDLE": "/ca", "BASKETWATCH_DB": "x.sqlite", "BASKETWATCH_LANG": "zh",
        "YF_DISABLE_CURL_CFFI": "1",
    }  # fmt: skip
    dropped = {
        "AWS_SECRET_ACCESS_KEY": "plant", "BASKETWATCH_TOKEN": "plant" * 5, "GITHUB_TOKEN": "plant",
        "PGPASSWORD": "plant", "BASKETWATCH_WEBHOOK": "https://plant", "STREAMLIT_SERVER_COOKIE_SECRET": "plant",
        "PATH_TO_KEY": "plant",
    }  # fmt: skip
    for name, value in {**kept, **dropped}.items():
        monkeypatch.setenv(name, value)
    seen = finish(make("import json, os; print(json.dumps(dict(os.environ)))")).report
    assert seen is not None
    assert kept.items() <= seen.items()
    assert seen["PATH"] == os.environ["PATH"]
    assert not dropped.keys() & seen.keys()
    assert "plant" not in json.dumps(seen)


def test_home_cannot_shadow_modules(tmp_path: Path) -> None:
    """A file in the baskets' folder is never imported, and the child finds the server's own code."""
    (tmp_path / "basketwatch.py").write_text("raise SystemExit('shadowed')")
    environment = clean_environment({"PYTHONPATH": "/elsewhere"}, tmp_path)
    assert environment["BASKETWATCH_HOME"] == str(tmp_path)
    refresher = Refresher(tmp_path, command=lambda _: [sys.executable, "-m", "basketwatch", "refresh", "--nonsense"])
    outcome = finish(refresher)
    assert outcome.status == 2
    assert "shadowed" not in outcome.params["detail"]


def test_no_child_outlives_the_server(tmp_path: Path) -> None:
    """Also where nobody calls stop(): ``streamlit run`` has no lifespan of ours."""
    code = f"""
        import sys, time, pathlib
        from basketwatch.app.refresher import Refresher
        file = pathlib.Path({str(tmp_path / "pid")!r})
        child = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(99)"
        Refresher(file.parent, command=lambda _: [sys.executable, "-c", child], grace=0.5).start()
        while not (file.exists() and file.read_text()): time.sleep(0.02)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    child = int((tmp_path / "pid").read_text())
    until(lambda: not alive(child))
    assert not alive(child)


# --- when it is due ----------------------------------------------------------------------------------------------

CST, ET = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def calendars() -> dict[str, Calendar]:
    named = {"CN": "XSHG", "HK": "XHKG", "US": "XNYS"}
    return {group: Calendar(group, tuple(_sessions(name))) for group, name in named.items()}


def _sessions(name: str) -> Iterator[Session]:
    for day, row in exchange_calendars.get_calendar(name, start="2026-01-01", end="2026-12-31").schedule.iterrows():
        yield Session(day.date(), row["open"].to_pydatetime(), row["close"].to_pydatetime())


def cst(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CST).astimezone(UTC)


def run(started: datetime, *parts: str, got: int = 5, done: bool = True) -> Run:
    report = {"parts": [{"part": part, "wanted": 5, "got": got} for part in parts or ("quotes", "bars", "sectors")]}
    return Run(1, started, started + 5 * SECOND if done else None, 1, 1, 1, "", report if done else None)


def ask(calendars: dict[str, Calendar], now: datetime, groups: str = "CN", **known: Any) -> Due | None:
    states: dict[str, MarketState] = {g: calendars[g].state(now) for g in groups.split()}
    rest = {"last": None, "running": False, "failures": 0, "frozen": False, **known}
    return due(now, states=states, **rest)


CASES = [
    # 2026-07-01 is a Wednesday without anything special in any of the three
    ("2026-07-01 09:29:50", "CN", "2026-06-30 16:00", "2026-06-30 16:00", None),
    ("2026-07-01 09:30:00", "CN", "2026-06-30 16:00", "2026-06-30 16:00", "open"),
    ("2026-07-01 10:00:00", "CN", "2026-07-01 09:59:16", "2026-06-30 16:00", None),
    ("2026-07-01 10:00:00", "CN", "2026-07-01 09:59:15", "2026-06-30 16:00", "open"),
    # the midday break: once more for the morning's last price, then quiet; Hong Kong trades half an hour longer
    ("2026-07-01 11:30:30", "CN", "2026-07-01 11:29:30", "2026-06-30 16:00", None),
    ("2026-07-01 11:31:00", "CN", "2026-07-01 11:29:30", "2026-06-30 16:00", "lunch"),
    ("2026-07-01 12:30:00", "CN", "2026-07-01 11:31:00", "2026-06-30 16:00", None),
    ("2026-07-02 11:45:00", "CN HK", "2026-07-02 11:31:00", "2026-07-01 17:00", "open"),
    ("2026-07-01 13:00:00", "CN", "2026-07-01 11:31:00", "2026-06-30 16:00", "open"),
    # the close at 15:00
    ("2026-07-01 15:00:30", "CN", "2026-07-01 14:59:30", "2026-06-30 16:00", None),
    ("2026-07-01 15:01:00", "CN", "2026-07-01 14:59:30", "2026-06-30 16:00", "close"),
    ("2026-07-01 15:29:59", "CN", "2026-07-01 15:01:00", "2026-06-30 16:00", None),
    ("2026-07-01 15:30:00", "CN", "2026-07-01 15:01:00", "2026-06-30 16:00", "final"),
    ("2026-07-01 18:00:00", "CN", "2026-07-01 15:30:00", "2026-07-01 15:30:00", None),
    # nothing ran since yesterday: the evening's start brings all of it at once
    ("2026-07-01 20:00:00", "CN", "2026-06-30 16:00", "2026-06-30 16:00", "final"),
    ("2026-07-02 10:00:00", "CN", "2026-06-30 16:00", "2026-06-30 16:00", "final"),
    # weekend, and the market that closed on Saturday morning, local time
    ("2026-07-11 12:00:00", "CN", "2026-07-10 15:30:00", "2026-07-10 15:30:00", None),
    ("2026-07-11 04:30:00", "CN US", "2026-07-11 04:01:00", "2026-07-10 15:30:00", "final"),
    ("2026-07-12 12:00:00", "CN US HK", "2026-07-11 04:30:00", "2026-07-11 04:30:00", None),
    # 3 July 2026: the US rests (Independence Day observed), China trades
    ("2026-07-03 22:00:00", "US", "2026-07-03 04:30:00", "2026-07-03 04:30:00", None),
    ("2026-07-03 22:00:00", "CN US", "2026-07-03 15:30:00", "2026-07-03 15:30:00", None),
    ("2026-07-03 10:00:00", "CN US", "2026-07-03 04:30:00", "2026-07-03 04:30:00", "open"),
    # daylight saving: New York opens at 22:30 Beijing time until 6 March 2026, at 21:30 from 9 March
    ("2026-03-06 22:00:00", "US", "2026-03-06 06:00:00", "2026-03-06 06:00:00", None),
    ("2026-03-06 22:30:00", "US", "2026-03-06 06:00:00", "2026-03-06 06:00:00", "open"),
    ("2026-03-09 21:29:00", "US", "2026-03-07 06:00:00", "2026-03-07 06:00:00", None),
    ("2026-03-09 21:30:00", "US", "2026-03-07 06:00:00", "2026-03-07 06:00:00", "open"),
    ("2026-10-30 21:30:00", "US", "2026-10-30 05:00:00", "2026-10-30 05:00:00", "open"),
    ("2026-11-02 21:30:00", "US", "2026-10-31 05:00:00", "2026-10-31 05:00:00", None),
    # half day: 27 November 2026 ends at 13:00 in New York
    ("2026-11-28 02:01:00", "US", "2026-11-28 01:59:50", "2026-11-27 06:00:00", "close"),
    ("2026-11-28 02:30:00", "US", "2026-11-28 02:01:00", "2026-11-27 06:00:00", "final"),
    # Spring Festival: China is closed from 16 to 23 February 2026, New York trades on
    ("2026-02-18 10:00:00", "CN", "2026-02-13 15:30:00", "2026-02-13 15:30:00", None),
    ("2026-02-18 10:00:00", "CN US", "2026-02-18 06:00:00", "2026-02-18 06:00:00", None),
    ("2026-02-18 23:00:00", "CN US", "2026-02-18 06:00:00", "2026-02-18 06:00:00", "open"),
    ("2026-02-24 09:30:00", "CN", "2026-02-13 15:30:00", "2026-02-13 15:30:00", "open"),
]  # fmt: skip


@pytest.mark.parametrize(("now", "groups", "last", "daily", "reason"), CASES)
def test_due(calendars: dict[str, Calendar], now: str, groups: str, last: str, daily: str, reason: str | None) -> None:
    found = ask(calendars, cst(now), groups, last=run(cst(last), "quotes"), daily=run(cst(daily)))
    assert (found.reason if found else None) == reason
    if found:
        assert found.only == (() if reason == "final" else ("quotes",))


def test_an_empty_store_is_filled_whatever_the_hour(calendars: dict[str, Calendar]) -> None:
    assert ask(calendars, cst("2026-07-12 03:00")) == Due((), "first", 900.0)
    killed = run(cst("2026-07-12 02:30"), done=False)
    assert ask(calendars, cst("2026-07-12 03:00"), last=killed) == Due((), "first", 900.0)


def test_never_while_running_or_frozen(calendars: dict[str, Calendar]) -> None:
    assert ask(calendars, cst("2026-07-01 10:00"), running=True) is None
    assert ask(calendars, cst("2026-07-01 10:00"), frozen=True) is None


def test_a_refresh_of_another_process_is_waited_for(calendars: dict[str, Calendar]) -> None:
    now = cst("2026-07-01 10:00")
    other = run(now - timedelta(minutes=5), done=False)
    assert ask(calendars, now, last=other) is None
    assert ask(calendars, now + timedelta(minutes=10), last=other) is not None  # killed: forgotten after a while
    ours = Outcome(other.started - SECOND, other.started + 90 * SECOND, -9, None, "refresh_timeout")
    assert ask(calendars, now, last=other, tried=ours, failures=1) is not None  # or at once, when it was our own


@pytest.mark.parametrize(("failures", "wait"), [(0, 45), (1, 45), (2, 90), (3, 180), (5, 720), (6, 900), (99, 900)])
def test_back_off(calendars: dict[str, Calendar], failures: int, wait: int) -> None:
    now = cst("2026-07-01 10:30")
    for early, expected in ((1, None), (0, "open")):
        ended = now - timedelta(seconds=wait - early)
        tried = Outcome(ended, ended, 3, None)
        found = ask(
            calendars, now, last=run(cst("2026-07-01 09:31"), "quotes"), daily=run(cst("2026-06-30 16:00")),
            failures=failures, tried=tried,
        )  # fmt: skip
        assert (found.reason if found else None) == expected


def test_back_off_counts_from_the_end_of_a_run(calendars: dict[str, Calendar]) -> None:
    """A run that was killed after 90 s must not be followed by the next one at once."""
    now = cst("2026-07-01 10:30")
    tried = Outcome(now - 100 * SECOND, now - 10 * SECOND, -9, None, "refresh_timeout")
    assert ask(calendars, now, tried=tried, failures=1) is None
    assert ask(calendars, now + 40 * SECOND, tried=tried, failures=1) is not None


def test_a_daily_run_without_any_bars_is_tried_again_later(calendars: dict[str, Calendar]) -> None:
    now, empty = cst("2026-07-01 16:00"), run(cst("2026-07-01 15:50"), got=0)
    assert ask(calendars, now, last=empty, daily=empty) is None
    assert ask(calendars, cst("2026-07-01 16:05"), last=empty, daily=empty) == Due((), "final", 300.0)


def test_without_knowing_the_daily_run_nothing_repeats(calendars: dict[str, Calendar]) -> None:
    now = cst("2026-07-01 20:00")
    assert ask(calendars, now, last=run(cst("2026-07-01 15:31"), "quotes")) is None


def test_a_clock_that_was_put_back_does_not_stop_the_refresh(calendars: dict[str, Calendar]) -> None:
    now = cst("2026-07-01 10:00")
    found = ask(calendars, now, last=run(now + timedelta(days=1), "quotes"), daily=run(cst("2026-06-30 16:00")))
    assert found is not None and found.reason == "open"


def test_foreign_exchange_and_unknown_calendars_trigger_nothing(calendars: dict[str, Calendar]) -> None:
    now, last = cst("2026-07-01 10:00"), run(cst("2026-07-01 09:00"))
    states = {"FX": MarketState("FX", "open", None, None, None, True)}
    assert due(now, states={}, last=last, running=False, failures=0, frozen=False) is None
    states["FX"] = MarketState("FX", "unknown", None, None, None, False)
    assert due(now, states=states, last=last, running=False, failures=0, frozen=False) is None


def test_is_daily() -> None:
    now = cst("2026-07-01 10:00")
    assert is_daily(run(now))
    assert not is_daily(run(now, "quotes"))
    assert not is_daily(run(now, done=False))
    assert not is_daily(Run(1, now, now, 1, 1, 1, "", None))


def test_a_whole_week(calendars: dict[str, Calendar]) -> None:
    """Monday 29 June to Sunday 5 July 2026 with a page open all the time, asked every 15 seconds as the page does."""
    now, end = cst("2026-06-29 00:00"), cst("2026-07-06 00:00")
    last = daily = run(cst("2026-06-27 05:00"))
    log: list[tuple[datetime, str]] = []
    while now < end:
        found = ask(calendars, now, "CN HK US", last=last, daily=daily)
        if found:
            log.append((now, found.reason))
            last = run(now, *found.only)
            daily = last if is_daily(last) else daily
        now += 15 * SECOND
    finals = [at.astimezone(CST) for at, reason in log if reason == "final"]
    # CN 15:30 and US 04:30 each session; Hong Kong's 16:30, but not on 1 July (holiday)
    expected = [(29, 15, 30), (29, 16, 30), (30, 4, 30), (30, 15, 30), (30, 16, 30), (1, 4, 30), (1, 15, 30)]
    expected += [(2, 4, 30), (2, 15, 30), (2, 16, 30), (3, 4, 30), (3, 15, 30), (3, 16, 30)]
    assert [(at.day, at.hour, at.minute) for at in finals] == expected
    quotes = [at for at, reason in log if reason == "open"]
    assert all(b - a >= 45 * SECOND for a, b in pairwise(quotes))
    trading = [at for at in quotes if at.astimezone(CST).date() == date(2026, 6, 29) and at.astimezone(CST).hour == 10]
    assert 60 <= len(trading) <= 80  # every 45 to 60 s
    rest = [at for at, _ in log if cst("2026-07-03 16:31") < at]
    assert rest == []  # Friday evening is a US holiday, then the weekend
