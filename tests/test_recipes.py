"""The recipes of README, followed to the letter in a copy of the program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.stores import PROJECT

LONDON = """        Market(
            "L", "GB", "XLON", ZoneInfo("Europe/London"), "GBP", re.compile(r"[A-Z0-9]{1,4}"), Names("伦敦", "London"),
            label=Names("英股", "London"), short=Names("英股", "UK"), hours=Hours(time(8, 0), time(16, 30)),
            yahoo=".L", minor="GBp", big_move=0.05,
        ),
"""

WALK = """
import math
from datetime import UTC, date, datetime
from pathlib import Path
import pandas as pd
from basketwatch.analysis.flags.reading import evaluated, read
from basketwatch.analysis.snapshot import market_snapshot
from basketwatch.domain import columns, markets, rules
from basketwatch.domain.calendars import Calendar
from basketwatch.files.baskets import read_universe
from basketwatch.refresh.flags import update
from basketwatch.sources import yahoo
from basketwatch.sources.sessions import fetch_sessions
from basketwatch.store import opening, prices
from basketwatch.views import json, status_line
from basketwatch.words.text import say

NOW, FRIDAY = datetime(2026, 7, 3, 20, 0, tzinfo=UTC), date(2026, 7, 3)
universe = read_universe(Path("."))
assert "VOD.L" in universe.baskets[0].tickers, universe.problems
store, _ = opening.open_writer("sqlite:///walk.sqlite")
for group in ("CN", "GB"):
    prices.save_sessions(store, group, fetch_sessions(group, date(2025, 1, 1), date(2026, 12, 31)))
at = int(datetime(2026, 7, 3, 15, 35, 10, tzinfo=UTC).timestamp())
raw = {"symbol": "VOD.L", "currency": "GBp", "regularMarketPrice": 88.0, "regularMarketPreviousClose": 80.0,
       "regularMarketOpen": 81.0, "regularMarketDayHigh": 89.0, "regularMarketDayLow": 80.5, "regularMarketVolume": 1e6,
       "marketCap": 2.0e10, "regularMarketTime": at, "exchangeTimezoneName": "Europe/London"}
row = yahoo._quote(raw, {"VOD.L": "VOD.L"})
assert (row["last"], row["currency"], row["market_cap"]) == (0.88, "GBP", 2.0e10), row  # pence and pounds
rate = {"symbol": "GBPCNY=X", "currency": "CNY", "regularMarketPrice": 9.5, "regularMarketPreviousClose": 9.5,
        "regularMarketTime": at}
rows = pd.DataFrame([row | {"fetched_at": NOW}, yahoo._quote(rate, {"GBPCNY=X": "GBPCNY.FX"}) | {"fetched_at": NOW}])
kinds = {c: d for c, (d, _, _) in columns.QUOTES.items()}
prices.save_quotes(store, rows.reindex(columns=list(columns.QUOTES)).astype(kinds))
days = [s.day for s in Calendar("GB", tuple(fetch_sessions("GB", date(2026, 1, 1), FRIDAY))).sessions]
closes = [0.8 - 0.01 * (back % 2) for back in range(len(days) - 1)][::-1]  # the last one is 0.8
bars = pd.DataFrame({"ticker": "VOD.L", "session": days[:-1], "open": closes, "high": 0.81, "low": 0.78, "close": closes,
                     "volume": [1e6 + i for i in range(len(closes))], "amount": math.nan, "turnover": math.nan,
                     "source": "yahoo", "final": True})
bars = bars.reindex(columns=list(columns.BARS)).astype({c: d for c, (d, _, _) in columns.BARS.items()})
prices.save_histories(store, bars, pd.DataFrame(columns=list(columns.FACTORS)), years=1, now=NOW)
update(store, universe, NOW)
snapshot = market_snapshot(store, universe, NOW)
vod = snapshot.row("VOD.L")
assert abs(vod["1d"] - 0.1) < 1e-12 and abs(vod["cap_cny"] - 1.9e11) < 1, vod  # 20 bn pounds at 9.5 yuan
view = snapshot.baskets[0]
assert view.home == "GB" and abs(view.returns["1d"] - 0.1) < 1e-12
fired = snapshot.flags.loc[snapshot.flags["ticker"] == "VOD.L", "rule"].tolist()
assert "big_move" in fired, snapshot.flags
assert rules.SPECS["big_move"].thresholds["gb"].default == 0.05 and say("value_big_move_gb", "zh") == "英股门槛"
for lang, name in (("zh", "英股"), ("en", "UK")):
    assert say("short_GB", lang) == name
    assert any(name in dot for dot in status_line.dots({}, snapshot.markets, NOW, lang)), lang
assert json.check(snapshot)["baskets"][0]["home"] == {"group": "GB", "members": 1, "covered": 1, "session": "2026-07-03"}
print("walked")
"""


def test_a_market_is_one_row(tmp_path: Path) -> None:
    """London: prices in pence, market values in pounds, with its calendar, thresholds, names, first line and yuan."""
    shutil.copytree(PROJECT / "basketwatch", tmp_path / "basketwatch", ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "basketwatch/domain/markets.py"
    text = table.read_text("utf-8")
    assert text.count('        Market("FX"') == 1
    table.write_text(text.replace('        Market("FX"', f'{LONDON}        Market("FX"'), "utf-8")
    shutil.copytree(PROJECT / "sector_maps", tmp_path / "sector_maps")
    strip = tmp_path / "sector_maps/benchmarks.toml"
    rate = 'also = [\n    { ticker = "GBPCNY.FX", name = { zh = "英镑兑人民币", en = "GBP/CNY" } },'
    assert "also = [" in strip.read_text("utf-8")
    strip.write_text(strip.read_text("utf-8").replace("also = [", rate, 1), "utf-8")
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "watchlists/uk.toml").write_text(
        'id = "uk"\nname = { zh = "英", en = "UK" }\nshort = { zh = "英", en = "UK" }\norder = 1\n'
        'benchmarks = ["000300.SH"]\n[[member]]\nticker = "VOD.L"\nname = { zh = "沃达丰", en = "Vodafone" }\n'
        'reason = { zh = "试", en = "try" }\nsince = 2026-01-05\n', "utf-8",
    )  # fmt: skip
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BASKETWATCH_")} | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WALK], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
    )
    assert done.stdout == "walked\n", done.stderr
