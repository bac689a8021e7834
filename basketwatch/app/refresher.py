"""Starts and watches the refresh process for the dashboard, and says when one is due.

The sources hang, keep bad answers and evaluate what they receive, so they live in a child process that can be killed
with everything it started, sees none of our secrets, and never outlives its deadline. No Streamlit in here.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from basketwatch import clock
from basketwatch.app.schedule import QUOTES_SECONDS, Outcome, parts_of
from basketwatch.errors import StoreError
from basketwatch.redact import redact
from basketwatch.settings import PROJECT

SHORTEST_SECONDS, GRACE_SECONDS = 60.0, 3.0
OUTPUT_BYTES = 20_000_000
Command = Callable[[Sequence[str]], list[str]]


# --- the child process -------------------------------------------------------------------------------------------


_KEPT = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV|PYTHON\w*|YF_DISABLE_CURL_CFFI"
    r"|(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|BASKETWATCH_(HOME|DB|NOW|LANG)"
    r"|SYSTEMROOT|TEMP|TMP|USERPROFILE|APPDATA|LOCALAPPDATA|PATHEXT|COMSPEC",  # Windows
    re.IGNORECASE,  # proxies are written both ways
)


def clean_environment(source: Mapping[str, str], home: Path) -> dict[str, str]:
    """What the refresh process may know: paths, language, proxies, certificates, our settings; no token, no key."""
    kept = {name: value for name, value in source.items() if _KEPT.fullmatch(name)}
    # The same code as the server's, wherever it lives, and nothing that happens to lie in the home folder.
    path = os.pathsep.join(p for p in (str(PROJECT), kept.get("PYTHONPATH")) if p)
    return kept | {"BASKETWATCH_HOME": str(home), "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def refresh_command(arguments: Sequence[str]) -> list[str]:
    """``python -m basketwatch refresh --json …`` with this interpreter."""
    return [sys.executable, "-m", "basketwatch", "refresh", "--json", *arguments]


class Refresher:
    """The refresh process of one server. A class because it holds the child: there is at most one at a time."""

    def __init__(
        self,
        home: Path = PROJECT,
        *,
        demo: bool = False,
        command: Command = refresh_command,
        shortest: float = SHORTEST_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._home, self._demo, self._command = home.resolve(), demo, command
        self._shortest, self._grace = shortest, grace
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._stopping = threading.Event()
        self._last: Outcome | None = None
        self._failures = 0
        _all.add(self)

    @property
    def running(self) -> bool:
        """True while the child works."""
        return self._watcher is not None and self._watcher.is_alive()

    @property
    def last(self) -> Outcome | None:
        """How the last refresh that this process started ended."""
        return self._last

    @property
    def failures(self) -> int:
        """How many refreshes in a row brought nothing."""
        return self._failures

    def start(self, only: Sequence[str] = (), *, deadline: float = QUOTES_SECONDS) -> bool:
        """Start a refresh of the parts named (none = all); False while one runs, in the demo, or if it cannot start."""
        with self._lock:
            if self._demo or self.running:
                return False
            self._stopping.clear()
            arguments = [word for part in only for word in ("--only", part)]
            started = clock.now()
            try:
                child = _spawn(self._command(arguments), self._home)
            except OSError as fault:
                self._settle(_failed(started, None, type(fault).__name__))
                return False
            limit = max(self._shortest, deadline)
            self._watcher = threading.Thread(target=self._watch, args=(child, started, limit), daemon=True)
            self._watcher.start()
            return True

    def stop(self) -> None:
        """Kill the child, if there is one, with everything it started."""
        self._stopping.set()
        watcher = self._watcher
        if watcher is not None:
            watcher.join(self._grace + 5)

    def _watch(self, child: _Child, started: datetime, limit: float) -> None:
        why = self._wait(child, limit)
        if why is not None:
            _signal_group(child.process, force=False)
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(self._grace)
        _signal_group(child.process, force=True)  # also whatever an orderly end left behind
        status = child.process.wait()
        with child.out, child.err:
            text, said = _read(child.out), _read(child.err)
        if why is not None:
            self._settle(Outcome(started, clock.now(), status, None, why, {"seconds": f"{limit:.0f}"}))
        else:
            self._settle(_outcome(started, status, text, said))

    def _wait(self, child: _Child, limit: float) -> str | None:
        """None once the child has ended by itself, otherwise the reason for which it must end."""
        end = time.monotonic() + limit
        while True:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(0.1)
                return None
            if self._stopping.is_set():
                return "refresh_stopped"
            if time.monotonic() >= end:
                return "refresh_timeout"
            if any(os.fstat(file.fileno()).st_size > OUTPUT_BYTES for file in (child.out, child.err)):
                return "refresh_unreadable"

    def _settle(self, outcome: Outcome) -> None:
        self._last = outcome
        if outcome.key not in ("refresh_stopped", "refresh_elsewhere"):
            self._failures = 0 if _brought_something(outcome) else self._failures + 1


_all: weakref.WeakSet[Refresher] = weakref.WeakSet()


@atexit.register
def stop_all() -> None:
    """Stop each refresh of this process; also at its exit, so that none is left without a watcher."""
    for refresher in list(_all):
        refresher.stop()


def build_demo(home: Path) -> datetime:
    """Build the demo store of ``home`` in a process of its own and wait for it; returns the demo market's instant.

    Raises StoreError where the process fails.
    """
    done = subprocess.run(
        refresh_command(["--demo"]), cwd=home, env=clean_environment(os.environ, home), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise StoreError(path=home, detail=(redact(done.stderr).strip().splitlines() or ["?"])[-1])
    return datetime.fromisoformat(done.stdout.strip())


@dataclass(frozen=True, slots=True)
class _Child:
    """A process and what it writes: to files, since a pipe would stay open in a grandchild that will not die."""

    process: subprocess.Popen[bytes]
    out: IO[bytes]
    err: IO[bytes]


def _spawn(command: list[str], home: Path) -> _Child:
    with ExitStack() as on_fault:
        out, err = (on_fault.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=home,
            env=clean_environment(os.environ, home),
            start_new_session=True,
        )
        on_fault.pop_all()
        return _Child(process, out, err)


def _signal_group(child: subprocess.Popen[bytes], *, force: bool) -> None:
    """End the child and its descendants; without ``force`` they may tidy up first."""
    if sys.platform == "win32":
        if child.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], capture_output=True, check=False)
        return
    with suppress(ProcessLookupError, PermissionError):  # its session is its own: the group's id is the child's
        os.killpg(child.pid, signal.SIGKILL if force else signal.SIGTERM)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(OUTPUT_BYTES).decode("utf-8", "replace")


def _outcome(started: datetime, status: int, text: str, said: str) -> Outcome:
    report = _report(text)
    if report is not None and report.get("error"):  # there was no refresh: another one runs, or the store refused
        if report.get("key") == "refresh_running":
            return Outcome(started, clock.now(), status, None, "refresh_elsewhere")
        return _failed(started, status, str(report["error"]))
    if status in (0, 2, 3) and report is not None:  # 2: done, with a file that could not be read whole
        return Outcome(started, clock.now(), status, report)
    if status == 0 or (status == 3 and text.strip()):
        return Outcome(started, clock.now(), status, None, "refresh_unreadable")
    if status == 4 and report is not None:  # done, and no source brought anything
        return Outcome(started, clock.now(), status, report, "refresh_nothing")
    lines = [line for line in said.splitlines() if line.strip()]
    return _failed(started, status, lines[-1] if lines else "", report)


def _failed(started: datetime, status: int | None, detail: str, report: dict[str, Any] | None = None) -> Outcome:
    params = {"status": "-" if status is None else str(status), "detail": redact(detail.strip())[:300]}
    return Outcome(started, clock.now(), status, report, "refresh_failed", params)


def _report(text: str) -> dict[str, Any] | None:
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
        return found if isinstance(found, dict) else None
    return None


def _brought_something(outcome: Outcome) -> bool:
    if outcome.key is not None:
        return False
    parts = parts_of(outcome.report)
    return outcome.status == 0 or any(part.get("got") for part in parts)
