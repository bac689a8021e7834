"""What the parts share: homes with watchlists, the made-up upstreams, processes that are always ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.upstream import Upstream

from .symbols import SCALE, SIXTY, six_hundred

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
STORED = datetime(2026, 7, 1, 22, tzinfo=UTC)  # a Wednesday evening after New York's close
NEXT_DAY = datetime(2026, 7, 2, 22, tzinfo=UTC)  # every market is one session further
IN_SESSION = datetime(2026, 7, 2, 2, 30, tzinfo=UTC)  # Thursday 10:30 in Shanghai
NEXT_WEEK = datetime(2026, 7, 8, 22, tzinfo=UTC)  # several sessions missing: every history is read again
BIG = "all60"
LATENCY = 0.15 / SCALE  # seconds before every answer, where time is measured


@dataclass
class Bench:
    """One run: its scratch folder, the upstreams, and how often things are repeated."""

    folder: Path
    upstream: Upstream
    repetitions: int

    def rounds(self) -> range:
        """Numbers of the rounds; round 0 fills caches and is not measured, so a run for no figures leaves it out."""
        return range(0 if SCALE == 1 else 1, self.repetitions + 1)

    def home(self, name: str) -> Path:
        """A home by name (``sixty`` or ``many``), made on first use."""
        folder = self.folder / name
        if not folder.exists():
            {"sixty": sixty_home, "many": many_home}[name](folder)
        return folder

    def filled(self) -> Path:
        """The store of the sixty as of ``STORED``, filled on first use by the real ``refresh``; not to be written."""
        store = self.folder / "filled.sqlite"
        if not store.exists():
            self.refresh(self.home("sixty"), store, STORED)
        return store

    def copy(self) -> Path:
        """A copy of the filled store, to be written."""
        store = self.folder / "copy.sqlite"
        clear(store)
        shutil.copy(self.filled(), store)
        return store

    def environment(
        self, home: Path | None = None, store: Path | None = None, now: datetime | None = None
    ) -> dict[str, str]:
        """Nobody's settings, the made-up upstreams, and the variables of the product where they are given.

        Bytecode is kept, as where pip installed the packages: a shell that forbids it (PYTHONDONTWRITEBYTECODE) would
        have each process of both sides compile them anew, which is most of what it then does. Each part begins with a
        round that is not measured and writes it.
        """
        ours = ("BASKETWATCH_", "STREAMLIT_", "PYTHONDONTWRITEBYTECODE")
        env = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        env |= {"PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")}
        env |= self.upstream.env() | {"XDG_CACHE_HOME": str(self.folder / "cache"), "PYTHONPATH": str(PROJECT)}
        given = {"HOME": home, "DB": store, "NOW": now and now.isoformat()}
        return env | {f"BASKETWATCH_{name}": str(value) for name, value in given.items() if value}

    def refresh(self, home: Path, store: Path, now: datetime, *arguments: str) -> float:
        """A fresh ``basketwatch refresh`` process at an instant; returns its seconds."""
        self.upstream.market.now = now
        command = [sys.executable, "-m", "basketwatch", "refresh", *arguments]
        return timed(command, self.environment(home, store, now), ok=(0, 3))

    def naive_fetch(self) -> float:
        """A fresh process that fetches the sixty one after another; returns its seconds."""
        return timed([sys.executable, str(HERE / "naive_fetch.py")], self.environment())


def timed(command: Sequence[str], env: Mapping[str, str], ok: tuple[int, ...] = (0,)) -> float:
    """Run to the end and return the seconds; RuntimeError with its last words when it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, cwd=PROJECT, timeout=900, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in ok:
        raise RuntimeError(f"{command[1:4]} ended with {done.returncode}: {done.stderr[-800:]}")
    return seconds


def clear(store: Path) -> None:
    """Remove a store and what lies beside it."""
    for end in ("", "-wal", "-shm", ".lock"):
        Path(f"{store}{end}").unlink(missing_ok=True)


# --- homes -------------------------------------------------------------------------------------------------------


def sixty_home(folder: Path) -> None:
    """The project's baskets and maps, and one basket that holds all sixty."""
    for name in ("watchlists", "sector_maps"):
        shutil.copytree(PROJECT / name, folder / name)
    write_basket(folder, BIG, SIXTY)


def many_home(folder: Path) -> None:
    """About six hundred securities in three baskets, without value chains."""
    (folder / "watchlists").mkdir(parents=True)
    (folder / "sector_maps").mkdir()
    for name in ("shenwan.toml", "benchmarks.toml"):
        shutil.copy(PROJECT / "sector_maps" / name, folder / "sector_maps")
    tickers = six_hundred()
    for i in range(3):
        write_basket(folder, f"part{i}", tickers[i::3])


def write_basket(folder: Path, name: str, tickers: Sequence[str]) -> None:
    """A watchlist file with the least that a member needs."""
    both = '{{ zh = "{0}", en = "{0}" }}'
    member = f'\n[[member]]\nticker = "{{0}}"\nname = {both}\nreason = {both}\nsince = 2026-01-05\n'
    head = f'id = "{{0}}"\nname = {both}\nshort = {both}\nbenchmarks = ["000300.SH", "801770.SI"]\n'
    page = head.format(name) + "".join(member.format(ticker) for ticker in tickers)
    (folder / "watchlists" / f"{name}.toml").write_text(page, "utf-8")


# --- servers -----------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """A server process: where it listens, when it was started (epoch seconds)."""

    url: str
    process: subprocess.Popen[bytes]
    started: float

    def memory(self) -> float:
        """Resident megabytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS")


@contextmanager
def ours(bench: Bench, wrapper: Sequence[str] = ("-m", "basketwatch"), dump: Path | None = None) -> Iterator[Server]:
    """``basketwatch serve`` on the filled store, with the clock at the instant of its last refresh."""
    env = bench.environment(bench.home("sixty"), bench.filled(), STORED) | {"BASKETWATCH_LANG": "en"}
    env |= {"BENCH_DUMP": str(dump)} if dump else {}
    port = free_port()
    command = [sys.executable, *wrapper, "serve", "--port", str(port), "--no-browser"]
    with serving(command, env, port) as server:
        yield server


@contextmanager
def streamlit_run(bench: Bench, page: str) -> Iterator[Server]:
    """``streamlit run`` of a page in this folder, with Streamlit's defaults."""
    port = free_port()
    options = (
        "--server.headless=true",
        "--server.address=127.0.0.1",
        "--browser.gatherUsageStats=false",
        f"--server.port={port}",
    )
    command = [sys.executable, "-m", "streamlit", "run", str(HERE / page), *options]
    with serving(command, bench.environment(), port, cwd=bench.folder) as server:
        yield server


@contextmanager
def serving(command: Sequence[str], env: Mapping[str, str], port: int, cwd: Path = PROJECT) -> Iterator[Server]:
    """Start, wait until it answers, and end it in any case."""
    started = time.time()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, env=dict(env), cwd=cwd, start_new_session=True, stdin=quiet, stdout=quiet, stderr=quiet
    )
    try:
        server = Server(f"http://127.0.0.1:{port}", process, started)
        wait_for(server)
        yield server
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(3)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(server: Server, seconds: float = 60) -> None:
    """Return as soon as the server answers its health check."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.time() < server.started + seconds and server.process.poll() is None:
        with suppress(OSError), opener.open(f"{server.url}/_stcore/health", timeout=1) as answer:
            if answer.status == 200:
                return
        time.sleep(0.02)
    raise RuntimeError("the server did not come up")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
