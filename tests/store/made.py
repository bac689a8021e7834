"""Stores and rows for the tests of the store."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import update

from basketwatch.domain import columns as frames
from basketwatch.store import opening, prices, schema
from basketwatch.store.database import Store

PG = os.environ.get("BASKETWATCH_TEST_PG_URL")
NOW = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)
A, B = "300308.SZ", "COHR.US"
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
Say = Callable[[object], object]  # a child's line to its parent
Pair = tuple[Store, Store]  # writer, reader of the same store


def file_url(folder: Path) -> str:
    return f"sqlite:///{folder}/s.sqlite"


def writer(url: str, *, demo: bool = False) -> Store:
    store, damage = opening.open_writer(url, demo=demo)
    assert damage is None
    return store


def reader(url: str) -> Store:
    store = opening.open_reader(url)
    assert store is not None
    return store


def bars(ticker: str, first: date, closes: list[float], *, final: bool = True, source: str = "sina") -> pd.DataFrame:
    days = [first + timedelta(days=i) for i in range(len(closes))]
    frame = pd.DataFrame({
        "ticker": ticker, "session": days, "open": closes, "high": closes, "low": closes, "close": closes,
        "volume": 100.0, "amount": float("nan"), "turnover": 0.01, "source": source, "final": final,
    })  # fmt: skip
    return frame.astype({name: dtype for name, (dtype, _, _) in frames.BARS.items()})


def quotes(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "ticker": A, "name": "中际旭创", "session": date(2026, 7, 3), "last": 101.5, "previous_close": 100.0,
        "open": 100.5, "high": 102.0, "low": 99.0, "volume": 1e6, "amount": 1e8, "turnover": 0.02, "volume_ratio": 1.5,
        "market_cap": 1e11, "float_cap": 9e10, "limit_up": 120.0, "limit_down": 80.0, "pe_ttm": -12.5,
        "currency": "CNY", "quote_time": NOW, "delay_minutes": 0.0, "suspended": False, "source": "tencent",
        "fetched_at": NOW,
    }  # fmt: skip
    frame = pd.DataFrame([base | row for row in rows])
    return frame.astype({name: dtype for name, (dtype, _, _) in frames.QUOTES.items()})


def factors(ticker: str, *rows: tuple[date, float]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [{"ticker": ticker, "ex_date": d, "factor": f, "source": "eastmoney"} for d, f in rows],
        columns=list(frames.FACTORS),
    )
    return frame.astype({name: dtype for name, (dtype, _, _) in frames.FACTORS.items()})


def keep(store: Store, frame: pd.DataFrame, *, swap: bool = False, given: pd.DataFrame | None = None) -> None:
    prices.save_series(store, str(frame["ticker"].iloc[0]), frame, given, years=3, now=NOW, swap=swap)


def closes(store: Store, ticker: str = A) -> dict[str, float]:
    frame = prices.read_bars(store, [ticker])
    return {f"{d:%m-%d}": c for d, c in zip(frame["session"], frame["close"], strict=True)}


def set_meta(store: Store, key: str, value: str) -> None:
    with store.engine.begin() as c:
        c.execute(update(schema.meta).where(schema.meta.c.key == key).values(value=value))


def patch(path: Path, old: bytes, new: bytes) -> None:
    raw = path.read_bytes()
    assert raw.count(old) == 1 and len(old) == len(new)
    path.write_bytes(raw.replace(old, new))


def filled(url: str, count: int = 40) -> Store:
    """Enough bars to fill many pages."""
    store = writer(url)
    frame = pd.concat([bars(f"{i:06d}.SZ", date(2026, 1, 1), [10.5 + n for n in range(60)]) for i in range(count)])
    prices.save_histories(store, frame, factors(A), years=3, now=NOW)
    return store


def damage_a_bars_page(path: Path) -> None:
    """Overwrite the page that holds the middle of ``bars``; the header and ``meta`` stay sound."""
    raw = bytearray(path.read_bytes())
    page = raw.index(b"000020.SZ2026-02-0") // 4096 * 4096
    assert page > 0
    raw[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(raw)


class Child:
    """A forked process that reports lines through a pipe; it never returns into pytest."""

    def __init__(self, work: Callable[[Say], object]) -> None:
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                work(lambda line: os.write(write, f"{line}\n".encode()))
            except BaseException as error:  # the only way out of a child is _exit
                os.write(write, f"{type(error).__name__} {error}\n".encode())
            finally:
                os._exit(0)
        os.close(write)
        self.lines = os.fdopen(read)

    def kill(self) -> list[str]:
        """End it with SIGKILL; returns what it had still said."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> list[str]:
        said = [line.strip() for line in self.lines if line.endswith("\n")]
        self.lines.close()
        os.waitpid(self.pid, 0)
        return said
