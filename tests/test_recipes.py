"""The recipes of README, followed to the letter in a copy of the program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.stores import PROJECT, fill
from tests.upstream import Upstream
from tests.upstream.view import View
from tests.upstream.wire import Answer, Request

TICKER = "300308.SZ"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of what the recipes touch."""
    for folder in ("basketwatch", "pages", "sector_maps", "watchlists"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "dashboard.py", tmp_path)
    return tmp_path


def put(file: Path, before: str, line: str) -> None:
    """Write ``line`` in front of the only place where ``before`` stands."""
    text = file.read_text("utf-8")
    assert text.count(before) == 1, (file, before)
    file.write_text(text.replace(before, line + before), "utf-8")


def run(program: Path, *arguments: str, **env: str) -> str:
    """What the copy prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BASKETWATCH_")}
    clean |= {"PYTHONPATH": str(program), "BASKETWATCH_HOME": str(program)} | env
    done = subprocess.run(
        [sys.executable, *arguments], cwd=program, env=clean, capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return done.stdout


# --- a market ----------------------------------------------------------------------------------------------------

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


def test_a_market_is_one_row(program: Path) -> None:
    """London: prices in pence, market values in pounds, with its calendar, thresholds, names, first line and yuan."""
    put(program / "basketwatch/domain/markets.py", '        Market("FX"', LONDON)
    rate = '\n    { ticker = "GBPCNY.FX", name = { zh = "英镑兑人民币", en = "GBP/CNY" } },'
    strip = program / "sector_maps/benchmarks.toml"
    strip.write_text(strip.read_text("utf-8").replace("also = [", f"also = [{rate}", 1), "utf-8")
    shutil.rmtree(program / "watchlists")
    (program / "watchlists").mkdir()
    (program / "watchlists/uk.toml").write_text(
        'id = "uk"\nname = { zh = "英", en = "UK" }\nshort = { zh = "英", en = "UK" }\norder = 1\n'
        'benchmarks = ["000300.SH"]\n[[member]]\nticker = "VOD.L"\nname = { zh = "沃达丰", en = "Vodafone" }\n'
        'reason = { zh = "试", en = "try" }\nsince = 2026-01-05\n', "utf-8",
    )  # fmt: skip
    assert run(program, "-c", WALK) == "walked\n"


# --- a source of quotes ------------------------------------------------------------------------------------------

BEACON = '''
"""Beacon: quotes of Shenzhen shares, one request."""

from datetime import datetime

from basketwatch import clock
from basketwatch.domain.columns import QUOTES
from basketwatch.sources import QuoteSource
from basketwatch.sources.net import guard
from basketwatch.sources.shape import shaped


def fetch_quotes(tickers):
    answer = guard.fetch_json("https://quotes.beacon.test/all", source="beacon", params={"of": ",".join(tickers)})
    rows = [row | {"source": "beacon", "fetched_at": clock.now(), "currency": "CNY", "suspended": False,
                   "delay_minutes": 0} for row in answer if row["ticker"] in tickers]
    for row in rows:
        row["quote_time"] = datetime.fromisoformat(row["quote_time"])
    return shaped(rows, QUOTES)


QUOTING = QuoteSource(lambda tickers, **_: fetch_quotes(tickers), lambda ticker: ticker.endswith(".SZ"))
'''


def _quoted(request: Request, view: View) -> Answer:
    """The same share as Tencent has it, at a price of its own."""
    row = {"ticker": TICKER, "session": "2026-07-03", "quote_time": "2026-07-03T14:59:57+08:00", "name": "中际旭创"}
    prices = {"last": 101.0, "previous_close": 100.0, "open": 100.5, "high": 101.5, "low": 100.2}
    return Answer(json.dumps([row | prices | {"volume": 1e6, "amount": 1.009e8}]).encode())


def test_a_source_of_quotes_is_a_module_and_its_place(program: Path) -> None:
    """Last in the mainland's chain, it answers when the others are down, is shown by name, and the doctor asks it."""
    (program / "basketwatch/sources/beacon.py").write_text(BEACON, "utf-8")
    put(program / "basketwatch/sources/chains.py", '),\n    "abroad"', ', "beacon"')
    put(
        program / "basketwatch/words/catalogue/pages.py",
        '    "source_tencent"',
        '    "source_beacon": ("灯塔", "Beacon"),\n',
    )
    now = datetime(2026, 7, 3, 8, 0, tzinfo=UTC)
    with Upstream(now, beside=((r"quotes\.beacon\.test", "/all", _quoted),)) as upstream:
        for host in (r"qt\.gtimg", r"push2", r"sinajs"):
            upstream.fault(host, ".*", "status:500")
        env = upstream.env() | {"BASKETWATCH_NOW": now.isoformat(), "BASKETWATCH_DB": str(program / "new.sqlite")}
        run(program, "-m", "basketwatch", "refresh", "--only", "quotes", **env)
        checked = json.loads(run(program, "-m", "basketwatch", "check", "cpo", "--json", **env))
        found = next(c for c in checked["baskets"][0]["constituents"] if c["ticker"] == TICKER)
        assert (found["last"], found["source"]) == (101.0, "beacon")
        report = json.loads(run(program, "-m", "basketwatch", "doctor", "--json", **env))
        asked = {s["source"]: s for s in report["sources"]}
    assert (asked["beacon"]["state"], asked["beacon"]["rows"]) == ("ok", 1)
    assert asked["tencent"]["state"] != "ok"
    said = "from basketwatch.words.text import source_name as s; print(s('beacon', 'zh'), s('beacon', 'en'))"
    assert run(program, "-c", said) == "灯塔 Beacon\n"


# --- a rule of flags ---------------------------------------------------------------------------------------------

STREAK = '''
"""The rule on sessions in a row."""

import numpy as np

from basketwatch.analysis.flags.market import Signal


def streak(market, rule):
    """The adjusted close rose on each of the last ``sessions``. Event; value: how many it rose in a row."""
    rose = np.vstack([np.zeros((1, market.closes.shape[1]), bool), np.diff(market.closes, axis=0) > 0])
    count = np.zeros(rose.shape)
    for row in range(1, len(rose)):
        count[row] = np.where(rose[row], count[row - 1] + 1, 0)

    def said(row, column):
        return "flag_streak", {"name": market.name(market.inputs.tickers[column]), "n": int(count[row, column])}

    least = np.full(count.shape, rule.values["sessions"])
    on = count >= least
    return market.judged(market.applies & market.of_kind("stock"), market.unknown_return, Signal("up", on, count, least, said))
'''

JUDGED = """
from datetime import datetime
from pathlib import Path
import sys
import pandas as pd
from basketwatch.analysis.flags import reading
from basketwatch.domain import rules
from basketwatch.files.baskets import read_universe
from basketwatch.sources.demo.market import NOW
from basketwatch.store import opening
from basketwatch.views import flags as view
from basketwatch.words.text import say
universe = read_universe(Path("."))
assert not universe.problems, universe.problems
rule = next(r for r in universe.rules if r.id == "streak")
assert rule.severity == "low" and rule.values == {"sessions": 5.0}, rule
field = view.fields(rule, "zh")[0]
assert (field.label, field.value, field.step) == ("连涨天数", 5, 1), field
store = opening.open_reader("sqlite:///" + sys.argv[1])
data = reading.read(store, universe, NOW)
fired = reading.dry_run(data, (rule,))
fired = fired.loc[(fired["state"] == "firing") & ~fired["ticker"].str.startswith("basket:")]
stocks = [t for t in data.universe.baskets[0].tickers if t.endswith((".SZ", ".SH"))]
for ticker in stocks:  # independent: five rises in a row, by comparing neighbours of the adjusted series
    closes = reading.closes_of(data)[ticker].dropna().tolist()
    days = reading.closes_of(data)[ticker].dropna().index
    want = {d.date() for i, d in enumerate(days) if i >= 5 and all(closes[k] > closes[k - 1] for k in range(i - 4, i + 1))}
    got = {d.date() for d in fired.loc[fired["ticker"] == ticker, "session"]}
    assert got == {d for d in want if d >= min(got, default=d)}, (ticker, want ^ got)
assert 0 < len(fired) < 0.2 * len(stocks) * 250, len(fired)
assert "连涨" in fired["reason_zh"].iloc[0] and "in a row" in fired["reason_en"].iloc[0]
print("judged")
"""


def test_a_rule_is_its_thresholds_a_function_and_its_texts(program: Path) -> None:
    """Five rises in a row: fires where an independent count says so and nowhere else, and can be edited."""
    put(
        program / "basketwatch/domain/rules.py",
        '    "basket_breadth": _event(',
        '    "streak": _event("low", sessions=Threshold(5, 2, 60, "whole")),\n',
    )
    (program / "basketwatch/analysis/flags/streak.py").write_text(STREAK, "utf-8")
    family = program / "basketwatch/analysis/flags/__init__.py"
    put(family, '    "basket_breadth": groups', '    "streak": streak.streak,\n')
    put(family, "from basketwatch.analysis.flags.inputs import", "from basketwatch.analysis.flags import streak\n")
    put(
        program / "basketwatch/words/catalogue/flags.py", '    "rule_gap":',
        '    "rule_streak": ("连涨", "Streak"), "rule_streak_help": ("连涨若干天。", "Rises in a row."),\n'
        '    "value_streak_sessions": ("连涨天数", "sessions"),\n'
        '    "flag_streak": ("{name} 连涨 {n} 天。", "{name} rose {n} sessions in a row."),\n',
    )  # fmt: skip
    put(
        program / "watchlists/flags.toml",
        "[basket_breadth]",
        '[streak]\nseverity = "low"\ncooldown = 1\nsessions = 5\n\n',
    )
    fill(program / "demo.sqlite", is_demo=False)
    assert run(program, "-c", JUDGED, str(program / "demo.sqlite")) == "judged\n"


# --- a page ------------------------------------------------------------------------------------------------------

PAGE = """
import streamlit as st

from basketwatch.app.frame import frame
from basketwatch.app.reader import current_reader
from basketwatch.words.text import say

frame()
st.title(say("page_about", current_reader().lang))
"""

OPENED = """
from streamlit.testing.v1 import AppTest
for cold in (False, True):
    app = AppTest.from_file("pages/about.py" if cold else "dashboard.py", default_timeout=60)
    if not cold:
        app.switch_page("pages/about.py")
    app.query_params["lang"] = "en"
    app.run()
    assert not app.exception, app.exception
    assert app.title[0].value == "About", app.title
    assert "About" in [link.proto.label for link in app.get("page_link")]
print("opened")
"""


def test_a_page_is_a_script_its_name_and_its_texts(program: Path) -> None:
    (program / "pages/about.py").write_text(PAGE, "utf-8")
    put(program / "basketwatch/app/frame.py", '"health")', '"about", ')
    put(program / "basketwatch/words/catalogue/pages.py", '    "page_today"', '    "page_about": ("关于", "About"),\n')
    fill(program / "live.sqlite", is_demo=False)
    env = {"BASKETWATCH_DB": str(program / "live.sqlite"), "BASKETWATCH_NOW": "2026-07-03T08:00:00+00:00"}
    assert run(program, "-c", OPENED, **env) == "opened\n"


# --- a window ----------------------------------------------------------------------------------------------------

SHOWN = """
import json, subprocess, sys
from datetime import date
from pathlib import Path
from streamlit.testing.v1 import AppTest
from basketwatch.store import opening, prices
out = subprocess.run([sys.executable, "-m", "basketwatch", "check", "--json"], capture_output=True, text=True).stdout
found = json.loads(out)
index = next(b for b in found["benchmarks"] if b["ticker"] == "000300.SH")
store = opening.open_reader("sqlite:///live.sqlite")
bars = prices.read_bars(store, ["000300.SH"]).sort_values("session")
closes = bars.loc[bars["session"].dt.date < date.fromisoformat(index["session"]), "close"].tolist()
assert abs(index["returns"]["5d"] - (index["last"] / closes[-5] - 1)) < 1e-12, index
assert found["baskets"][0]["returns"]["5d"] is not None
for page in ("basket", "sectors"):
    app = AppTest.from_file("dashboard.py", default_timeout=60).switch_page(f"pages/{page}.py")
    app.query_params["lang"] = "zh"
    app.run()
    assert not app.exception
    texts = [str(b.proto.body) for b in app.get("html")] + [str(o) for s in app.get("button_group") for o in s.options]
    assert any("5日" in text for text in texts), (page, texts[:3])
print("shown")
"""


def test_a_window_is_a_number_of_sessions_and_its_label(program: Path) -> None:
    """Five sessions: on the pages, and in the JSON the ratio of the last price to the close of five sessions before."""
    put(program / "basketwatch/analysis/prices.py", '"20d": 20', '"5d": 5, ')
    put(program / "basketwatch/words/catalogue/pages.py", '    "col_20d"', '    "col_5d": ("5日", "5d"),\n')
    fill(program / "live.sqlite", is_demo=False)
    env = {"BASKETWATCH_DB": str(program / "live.sqlite"), "BASKETWATCH_NOW": "2026-07-03T08:00:00+00:00"}
    assert run(program, "-c", SHOWN, **env) == "shown\n"
