"""A home, a store and the stand-in that fills it, with the judge of what is in the store: ``assert_store_true``."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from basketwatch.files import baskets
from basketwatch.refresh.run import refresh
from basketwatch.sources.net import guard
from basketwatch.store import database, prices, runs
from basketwatch.store.opening import open_reader
from tests.upstream import Market, Upstream, listings, paths
from tests.upstream.view import View

ROOT = Path(__file__).resolve().parents[2]
FRIDAY = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)  # after the close of Shanghai and Hong Kong; New York has a holiday
THURSDAY, TUESDAY = FRIDAY - timedelta(days=1), FRIDAY - timedelta(days=3)
MEMBERS = ("300308.SZ", "688498.SH", "920045.BJ", "515880.SH", "01686.HK", "COHR.US", "2308.TW")
LISTED = ("000300.SH", "931160.SH", "^SOX.US", "USDCNY.FX")
SECTORS = {"801770.SI": "通信", "801080.SI": "电子"}


def upstream_ticker(ticker: str) -> str:
    return f"{ticker[3:6]}=X" if ticker.endswith(".FX") else ticker


def make_home(home: Path, members: tuple[str, ...] = MEMBERS, listed: tuple[str, ...] = LISTED) -> None:
    """A small universe: one basket without a chain, a few indices, two sectors."""
    (home / "sector_maps").mkdir(parents=True, exist_ok=True)
    (home / "watchlists").mkdir(exist_ok=True)
    row = '    {{ ticker = "{0}", name = {{ zh = "{1}", en = "{0}" }} }},'
    sectors = "\n".join(row.format(*item) for item in SECTORS.items())
    (home / "sector_maps/shenwan.toml").write_text(f"sectors = [\n{sectors}\n]\n", "utf-8")
    strip = "\n".join(row.format(t, t) for t in listed)
    (home / "sector_maps/benchmarks.toml").write_text(f"strip = [\n{strip}\n]\n", "utf-8")
    text = 'id = "x"\nname = { zh = "甲", en = "x" }\nshort = { zh = "甲", en = "x" }\norder = 1\n'
    text += f"benchmarks = {json.dumps(list(listed[:1]))}\n"
    for ticker in members:
        text += f'[[member]]\nticker = "{ticker}"\nname = {{ zh = "{ticker}", en = "{ticker}" }}\n'
        text += 'reason = { zh = "无", en = "none" }\nsince = 2026-01-05\n'
    (home / "watchlists/x.toml").write_text(text, "utf-8")


@dataclass
class World:
    """A home, its store and the upstreams; ``run`` refreshes once at an instant."""

    home: Path
    up: Upstream
    patch: pytest.MonkeyPatch
    status: int = -1
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.home}/data/s.sqlite"

    @property
    def market(self) -> Market:
        return self.up.market

    @property
    def store(self) -> database.Store:
        found = open_reader(self.url)
        assert found is not None
        return found

    def at(self, now: datetime) -> World:
        self.market.now = now
        self.market.reset_quotes()
        self.patch.setenv("BASKETWATCH_NOW", now.isoformat())
        return self

    def run(self, now: datetime | None = None, **how: Any) -> World:
        if now:
            self.at(now)
        self.up.log.clear()
        self.patch.setattr(baskets, "SECTORS", len(SECTORS))  # of this universe: its table is whole
        how = {"only": ("quotes", "bars", "sectors")} | how  # the valuation has tests of its own, in test_pe_histories
        self.report, self.status = refresh(self.home, self.url, **how)
        assert_store_true(self.store, self.market)
        return self

    @property
    def lines(self) -> str:
        """The report, to be read when a test fails."""
        keys = ("part", "lane", "wanted", "got", "missing", "stale", "tried", "error")
        return "\n".join(str([p[k] for k in keys]) for p in self.report["parts"]) + f"\n{self.status}"

    def part(self, part: str, lane: str | None = None) -> dict[str, Any]:
        return next(p for p in self.report["parts"] if p["part"] == part and lane in (None, p["lane"]))

    def states(self, part: str = "quotes") -> dict[str, str]:
        return {s.ticker: s.state for s in runs.read_states(self.store) if s.part == part}

    def quote(self, ticker: str) -> Any:
        return prices.read_quotes(self.store).loc[ticker]

    def bars(self, ticker: str) -> pd.DataFrame:
        return prices.read_bars(self.store, [ticker]).set_index("session")

    def asked(self, host: str, path: str = "") -> int:
        return sum(path in e.path for e in self.up.requests(host))


# --- the judge ---------------------------------------------------------------------------------------------------


def assert_store_true(store: database.Store, market: Market) -> None:
    """Every stored quote, bar and factor is what the made-up market says; no session is made up, none final too soon."""
    wrong: list[str] = []
    now = market.now
    for row in prices.read_quotes(store).to_dict("records"):
        wrong += _wrong_quote(row, market, now)
    for ticker, bars in prices.read_bars(store).groupby("ticker"):
        wrong += _wrong_bars(str(ticker), bars, market, now)
    for ticker, factors in prices.read_factors(store).groupby("ticker"):
        wrong += _wrong_factors(str(ticker), factors, market)
    assert not wrong, "\n".join(wrong[:12])


def _near(one: float, other: float, rel: float = 2e-6) -> bool:
    return (one != one) or math.isclose(one, other, rel_tol=rel, abs_tol=6e-5)


def _wrong_quote(row: dict[str, Any], market: Market, now: datetime) -> list[str]:
    ticker = row["ticker"]
    item, day = listings.find(upstream_ticker(ticker)), row["session"].date()
    assert item is not None, f"{ticker} is not listed and has a quote"
    bars = market.bars(item.ticker)
    true = next((b for b in bars if b.day == day), None)
    split = math.prod(a.ratio for a in market.actions(item.ticker) if item.market != "SH" and a.day > day)
    if row["suspended"]:
        return [] if row["last"] == bars[-1].close and true is None else [f"{ticker} {day} suspended"]
    if true is None:
        return [f"{ticker} quote of {day}, no session"]
    out = []
    session = market.calendar(item).on(day)
    assert session is not None
    if row["quote_time"].timestamp() >= session.closes:
        names = {"last": true.close, "open": true.open, "high": true.high, "low": true.low}
        out += [f"{ticker} {day} {n} {row[n]} != {v}" for n, v in names.items() if not _near(row[n], v)]
        if row["volume"] == row["volume"] and abs(row["volume"] - true.volume) > max(100, 0.01 * true.volume):
            out.append(f"{ticker} {day} volume {row['volume']} != {true.volume}")
    if not _near(row["previous_close"], true.reference) and split == 1:
        out.append(f"{ticker} {day} previous {row['previous_close']} != {true.reference}")
    if row["turnover"] > 0 and not math.isclose(
        row["turnover"], true.volume / market.shares(item.ticker, day), rel_tol=0.05, abs_tol=2e-4
    ) and row["quote_time"].timestamp() >= session.closes:  # fmt: skip
        out.append(f"{ticker} {day} turnover {row['turnover']}")
    return out


def _wrong_bars(ticker: str, bars: pd.DataFrame, market: Market, now: datetime) -> list[str]:
    item = listings.find(upstream_ticker(ticker))
    assert item is not None, f"{ticker} is not listed and has bars"
    true = {b.day: b for b in paths.history(item.ticker)} | {b.day: b for b in market.bars(item.ticker)}
    actions = [a for a in market.actions(item.ticker) if a.ratio != 1 and item.market in ("US", "HK", "TW", "KS")]
    last_split = max((a.day for a in actions), default=date.min)
    newest = bars["session"].max().date()
    out = [f"{ticker} twice"] if not bars["session"].is_unique else []
    for row in bars.itertuples():
        day = row.session.date()
        if day not in true:
            out.append(f"{ticker} bar of {day}, no session")
            continue
        bar, session = true[day], market.calendar(item).on(day)
        assert session is not None
        ratio = math.prod(a.ratio for a in actions if day < a.day <= max(newest, last_split) and newest >= a.day)
        if row.final and now.timestamp() < session.closes + 1800 and item.kind != "fx":
            out.append(f"{ticker} {day} final too soon")
        if row.final:
            shown = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
            out += [f"{ticker} {day} {n} {getattr(row, n)} != {v / ratio}" for n, v in shown.items()
                    if not _near(getattr(row, n), v / ratio, 1e-5)]  # fmt: skip
            volume = bar.volume * ratio
            if abs(row.volume - volume) > max(100, 0.01 * volume):
                out.append(f"{ticker} {day} volume {row.volume} != {volume}")
        elif not bar.low / ratio * 0.999 <= row.close <= bar.high / ratio * 1.001:
            out.append(f"{ticker} {day} provisional {row.close}")
    return out


def _wrong_factors(ticker: str, factors: pd.DataFrame, market: Market) -> list[str]:
    item = listings.find(ticker)
    assert item is not None
    true = dict(View(market).steps(item))
    bars = {b.day: b for b in paths.history(ticker)}
    out = []
    for row in factors.itertuples():
        day = row.ex_date.date()
        if day not in true:
            out.append(f"{ticker} factor of {day}, no ex-date")
            continue
        before = max(d for d in bars if d < day)
        exact = bars[day].reference / bars[before].close
        if not any(
            math.isclose(row.factor, v, rel_tol=2e-3 if item.kind == "etf" else 1e-4) for v in (exact, true[day])
        ):
            out.append(f"{ticker} factor {day} {row.factor} != {exact}")
    return out


# --- fixtures ----------------------------------------------------------------------------------------------------


def quick(patch: pytest.MonkeyPatch) -> None:
    """No pace."""
    patch.setattr(guard, "PACE", 0.0)


def short(patch: pytest.MonkeyPatch, seconds: float = 1.0) -> None:
    """Short time-outs and a small cap."""
    limits = guard.Limits
    patch.setattr(guard, "Limits", lambda: limits(read=seconds, total=2 * seconds, call=3 * seconds, size=4_000_000))


def reset(ups: Upstream) -> None:
    """The stand-in without faults or changes; fails where it was asked for what it does not know."""
    ups.clear_faults()
    ups.market.reset()
    unknown, broken = list(ups.unknown), list(ups.broken)
    ups.unknown.clear(), ups.broken.clear()
    assert (unknown, broken) == ([], [])


def filled_homes(
    ups: Upstream, factory: pytest.TempPathFactory, members: tuple[str, ...] = MEMBERS,
    listed: tuple[str, ...] = LISTED, **how: Any,
) -> dict[datetime, Path]:  # fmt: skip
    """Homes whose stores were filled on Tuesday and on Thursday, to be copied; ``how`` as ``World.run`` takes it."""
    homes = {}
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        for day in (TUESDAY, THURSDAY):
            homes[day] = factory.mktemp("filled")
            make_home(homes[day], members, listed)
            world = World(homes[day], ups, patch).run(day, **how)
            assert world.status == 0, world.lines
    return homes
