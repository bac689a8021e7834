"""The doctor over the wire: what it says when all is well, when a source is down or lies; and it tells no secrets."""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from basketwatch import clock, doctor
from basketwatch.doctor import evidence, questions
from basketwatch.doctor.questions import QUESTIONS, SOURCES
from basketwatch.doctor.report import Asked, Report
from basketwatch.domain import columns
from basketwatch.domain.calendars import Session
from basketwatch.errors import Unreachable
from basketwatch.settings import Settings
from basketwatch.sources import eastmoney, yahoo
from basketwatch.sources.net import guard
from basketwatch.store import database, opening, prices, runs
from basketwatch.words.catalogue import CATALOGUE
from tests.sources.test_yahoo import forget
from tests.upstream import Market, Upstream
from tests.upstream.listings import SECTORS

# exchange_calendars calls what pandas 4 will rename
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

PROJECT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)
SHARE = questions.SHARE


@pytest.fixture(scope="module")
def _warm() -> None:
    """Make the stand-in's prices before anybody waits for them: the first time takes longer than a request may."""
    market = Market()
    for ticker in (*questions.CHINA, questions.CSINDEX, *questions.ABROAD, *(f"{code}.SI" for code in SECTORS)):
        market.quote(ticker, market.bars(ticker))
    import akshare  # noqa: F401


@pytest.fixture
def wire(_warm: None, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Upstream]:
    """The stand-in at its own instant, guards without pauses, and a yfinance that has never been used."""
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(NOW))
    monkeypatch.setattr(guard, "Guard", partial(guard.Guard, pace=0.0))
    monkeypatch.setattr(eastmoney, "_dialects", list(eastmoney._dialects))
    forget()
    yahoo.configure(tmp_path / "warm")
    yahoo._yfinance()
    forget()
    yield upstream
    forget()
    assert (upstream.unknown, upstream.broken) == ([], [])


@pytest.fixture
def live(tmp_path: Path) -> Settings:
    """A live store that holds the stand-in's own closes of one share, and its quote."""
    settings = Settings(PROJECT, f"sqlite:///{tmp_path / 'data' / 'live.sqlite'}", False)
    market = Market()
    bars = pd.DataFrame(bar._asdict() for bar in market.bars(SHARE)[-300:]).rename(columns={"day": "session"})
    bars = bars.assign(ticker=SHARE, source="tencent", final=True, session=pd.to_datetime(bars["session"]))
    store, _ = opening.open_writer(settings.url)
    prices.save_histories(store, bars.reindex(columns=list(columns.BARS)), pd.DataFrame(), years=1, now=NOW)
    runs.finish_run(store, runs.start_run(store, NOW - timedelta(hours=3), 1), NOW - timedelta(hours=3), {}, [])
    return settings


def nothing_yet(tmp_path: Path) -> Settings:
    return Settings(PROJECT, f"sqlite:///{tmp_path / 'data' / 'none.sqlite'}", False)


def holds(report: Report) -> dict[str, bool | None]:
    return {f.id: f.holds for f in report.findings}


def said(report: Report, id_: str) -> str:
    return next(a["detail"] for a in report.as_json()["assumptions"] if a["id"] == id_)


def states(report: Report) -> dict[str, str]:
    return {s.source: s.state for s in report.sources}


# --- all is well -----------------------------------------------------------------------------------------------------


def test_every_source_answers_and_every_assumption_holds(wire: Upstream, live: Settings) -> None:
    file = database.file_of(live.url)
    assert file
    before = file.read_bytes()
    report = doctor.examine(live, NOW)
    assert set(states(report).values()) == {"ok"}
    assert holds(report) == dict.fromkeys(QUESTIONS, True) | {"tencent_new_listing": None}
    assert report.well
    assert all(s.ms is not None and s.rows for s in report.sources)
    assert len(wire.log) <= 24, [entry.path for entry in wire.log]
    assert file.read_bytes() == before, "the store was written"
    assert sorted(p.name for p in file.parent.iterdir() if "yahoo" in p.name) == []
    assert json.loads(json.dumps(report.as_json(), allow_nan=False))["well"] is True
    assert said(report, "stored_close").startswith("2026-07-03 tencent 905.00 / eastmoney 905.00")
    assert said(report, "yahoo_crumb_needed") == "HTTP 401"


def test_a_new_listing_is_recognised_by_its_stored_name(wire: Upstream, live: Settings) -> None:
    store, _ = opening.open_writer(live.url)
    row = {"ticker": "301486.SZ", "name": "N致尚", "last": 10.0, "previous_close": 9.0, "currency": "CNY"}
    row |= {"quote_time": NOW, "fetched_at": NOW, "source": "tencent", "suspended": False}
    quotes = pd.DataFrame([row]).assign(session=pd.to_datetime(["2026-07-03"]))
    prices.save_quotes(store, quotes.reindex(columns=list(columns.QUOTES)))
    wire.market.set_quote("301486.SZ", limits=None)
    assert holds(doctor.examine(live, NOW))["tencent_new_listing"] is True


# --- something is not ------------------------------------------------------------------------------------------------


def test_a_source_that_is_down_is_said_and_the_others_go_on(wire: Upstream, tmp_path: Path) -> None:
    wire.fault(r"qt\.gtimg", ".*", "status:403")
    report = doctor.examine(nothing_yet(tmp_path), NOW)
    assert {s for s, word in states(report).items() if word != "ok"} == {"tencent"}
    assert states(report)["tencent"] == "blocked"
    found = holds(report)
    lost = {id_ for id_, value in found.items() if value is None}
    assert lost == {q for q in QUESTIONS if q.startswith("tencent_")} | {"eastmoney_time", "stored_close"}
    assert False not in found.values()
    assert report.well, "another source quotes"
    assert "HTTP 403" in report.as_text("en") and "被拒" in report.as_text("zh")
    assert len(wire.requests(r"qt\.gtimg")) == 1


def test_nothing_answers(wire: Upstream, live: Settings) -> None:
    wire.fault(".*", ".*", "status:403")
    report = doctor.examine(live, NOW)
    assert set(states(report).values()) == {"blocked"}
    assert set(holds(report).values()) == {None}
    assert not report.well
    assert len(wire.log) <= 20, [(entry.host, entry.path) for entry in wire.log]


def test_volumes_in_another_unit_are_noticed(wire: Upstream, live: Settings) -> None:
    wire.fault(r"qt\.gtimg", ".*", "lots_as_shares")
    found = holds(doctor.examine(live, NOW))
    assert {id_ for id_, value in found.items() if value is False} == {
        "tencent_index_lots", "tencent_lots", "tencent_star_shares",
    }  # fmt: skip
    wire.clear_faults()
    wire.fault("push2delay", ".*", "lots_as_shares")
    report = doctor.examine(live, NOW)
    assert {id_ for id_, value in holds(report).items() if value is False} == {"eastmoney_lots"}
    assert said(report, "eastmoney_lots").startswith("300308.SZ 9.01 [")


def test_each_wrong_answer_fails_its_own_assumption(wire: Upstream, live: Settings) -> None:
    wire.fault(r"qt\.gtimg", "bj920045", "half_missing")  # every second symbol
    wire.fault("push2his", r"2\.931160", 'body:{"rc":100,"data":null}')
    wire.fault("datacenter", r'in \("', 'body:{"success":false,"code":9201,"message":"none","result":null}')
    wire.fault("swsresearch", "index_analysis", 'body:{"data":{"count":40,"results":'
               '[{"swindexcode":"801770","swindexname":"计算机"}]}}')  # fmt: skip
    wire.fault("query1", "v7/finance/quote", "half_missing")
    store, _ = opening.open_writer(live.url)
    prices.save_bars(store, prices.read_bars(store, [SHARE]).tail(1).assign(close=lambda f: f["close"] * 1.01))
    report = doctor.examine(live, NOW)
    found = holds(report)
    assert {id_ for id_, value in found.items() if value is False} == {
        "tencent_beijing", "eastmoney_csindex", "eastmoney_quoted_codes", "shenwan_complete", "shenwan_name",
        "yahoo_rows", "yahoo_crosses", "stored_close",
    }, report.as_text("en")  # fmt: skip
    assert said(report, "shenwan_name") == "801770 计算机"
    assert said(report, "eastmoney_quoted_codes") == '"300308" 0 · 300308 2'


def test_a_crumb_that_is_refused(wire: Upstream, tmp_path: Path) -> None:
    wire.fault("query[12]", "v7/finance/quote", "status:401")
    report = doctor.examine(nothing_yet(tmp_path), NOW)
    assert holds(report)["yahoo_crumb"] is False
    assert "401" in said(report, "yahoo_crumb")
    assert states(report)["yahoo_chart"] == "ok"


def test_a_certificate_that_does_not_verify(wire: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE")
    report = doctor.examine(nothing_yet(tmp_path), NOW)
    assert holds(report)["shenwan_certificate"] is False
    assert wire.tls_failures and wire.log == []


def test_a_question_that_breaks_stops_no_other(wire: Upstream, live: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError("see https://user:hunter2@host.test/?token=abc")

    monkeypatch.setitem(QUESTIONS, "tencent_lots", broken)
    report = doctor.examine(live, NOW)
    assert holds(report)["tencent_lots"] is None
    assert "ZeroDivisionError" in said(report, "tencent_lots") and "hunter2" not in said(report, "tencent_lots")
    assert holds(report)["stored_close"] is True


def test_a_stored_breaker_is_respected(wire: Upstream, live: Settings) -> None:
    store, _ = opening.open_writer(live.url)
    until = NOW + timedelta(minutes=20)
    runs.save_breakers(store, [{"host": "qt.gtimg.cn", "open_until": until, "failures": 1, "reason": "refused"}])
    report = doctor.examine(live, NOW)
    assert wire.requests("gtimg") == []
    tencent = next(s for s in report.sources if s.source == "tencent")
    assert (tencent.state, tencent.ms) == ("blocked", None)
    assert "16:50 Beijing time" in report.as_text("en")  # 08:50 UTC


# --- offline, store, machine -----------------------------------------------------------------------------------------


def test_offline_asks_nobody(upstream: Upstream, live: Settings) -> None:
    report = doctor.examine(live, NOW, offline=True)
    assert upstream.log == []
    assert report.well
    assert (report.as_json()["sources"], report.as_json()["assumptions"]) == ([], [])
    facts = report.as_json()["store"]
    assert (facts["bars"], facts["series"], facts["damaged"], facts["error"]) == (300, 1, [], None)
    assert facts["last_run"]["finished"] == "2026-07-03T05:30:00Z"
    assert "3 h ago" in report.as_text("en") and "离线" in report.as_text("zh")


def test_no_store_yet_is_no_fault(tmp_path: Path) -> None:
    report = doctor.examine(nothing_yet(tmp_path), NOW, offline=True)
    assert report.well and report.stored.facts["exists"] is False
    assert not (tmp_path / "data").exists()
    assert "no store yet" in report.as_text("en") and "0.0 MB" not in report.as_text("en")


def test_the_same_failure_is_said_once(live: Settings) -> None:
    """Two requests to one host that is down, and one that fails otherwise."""
    down = Unreachable(source="yahoo", host="query1.finance.yahoo.com", detail="refused")
    other = Unreachable(source="sina", host="hq.sinajs.cn", detail="refused")
    asked = [Asked(n, "error", 9, 0, None, e) for n, e in (("yahoo", down), ("yahoo_chart", down), ("sina", other))]
    report = replace(doctor.examine(live, NOW, offline=True), sources=tuple(asked))
    text = report.as_text("en")
    assert text.count("query1.finance.yahoo.com") == 1 and "as above (Yahoo)" in text
    assert text.count("hq.sinajs.cn") == 1


def test_the_calendar_s_end_is_that_of_the_store_as_the_pages_say(live: Settings) -> None:
    store, _ = opening.open_writer(live.url)
    days = [Session(date(2026, 12, d), *(datetime(2026, 12, d, h, tzinfo=UTC) for h in (1, 7))) for d in (29, 30)]
    prices.save_sessions(store, "CN", days)
    found = doctor.examine(live, NOW, offline=True).calendars
    assert found["CN"] == {"bound": "2026-12-30", "confirmed": True}
    assert found["US"]["bound"] is None  # not stored yet: nothing is published that ends it


@pytest.mark.parametrize("spoil", ["rubbish", "pages"])
def test_a_corrupt_store_is_a_sentence(spoil: str, live: Settings) -> None:
    file = database.file_of(live.url)
    assert file
    if spoil == "rubbish":
        file.write_bytes(b"rubbish" * 1000)
    else:
        with sqlite3.connect(file) as c:
            c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = file.read_bytes()
        file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    report = doctor.examine(live, NOW, offline=True)
    assert not report.well
    assert "is damaged" in report.as_json()["store"]["error"]
    assert "已损坏" in report.as_text("zh")


def test_a_flipped_bit_is_noticed(live: Settings) -> None:
    with sqlite3.connect(str(database.file_of(live.url))) as c:
        c.execute("UPDATE bars SET close = close + 0.01 WHERE session = '2026-06-30'")
    report = doctor.examine(live, NOW, offline=True)
    assert not report.well
    assert SHARE in report.as_text("en") and "not those that were written" in report.as_text("en")


def test_files_with_a_hard_problem(live: Settings, tmp_path: Path) -> None:
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "watchlists" / "broken.toml").write_text("id = ", encoding="utf-8")
    report = doctor.examine(Settings(tmp_path, live.url, False), NOW, offline=True)
    assert not report.well
    assert any("watchlists/broken.toml" in p["where"] for p in report.as_json()["files"]["first"])
    assert report.as_json()["store"]["path"] == str(Path("data") / "live.sqlite"), "below the home folder"


def test_a_calendar_near_its_end_is_not_confirmed(live: Settings) -> None:
    early = doctor.examine(live, NOW, offline=True).calendars["CN"]
    late = doctor.examine(live, datetime(2026, 12, 15, tzinfo=UTC), offline=True)
    assert early["confirmed"] and not late.calendars["CN"]["confirmed"]
    assert late.calendars["US"] == {"bound": None, "confirmed": True}
    assert "calendar not confirmed" in late.as_text("en")


def test_a_machine_without_fonts_and_browser(live: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    monkeypatch.setattr(doctor, "FONT_FILES", (str(tmp_path / "PingFang.ttc"),))
    report = doctor.examine(live, NOW, offline=True)
    assert (report.fonts, report.browser) == ([], None)
    assert "Noto Sans CJK" in report.as_text("zh")
    (tmp_path / "PingFang.ttc").touch()
    assert doctor.fonts() == ["PingFang"]


def test_pandas_4_and_missing_packages_are_said(live: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = doctor.versions() | {"pandas": "4.0.0", "plotly": None}
    monkeypatch.setattr(doctor, "versions", lambda: found)
    report = doctor.examine(live, NOW, offline=True)
    assert report.as_json()["pandas_ok"] is False
    assert "plotly missing" in report.as_text("en") and "pandas 4.0.0 太新" in report.as_text("zh")


def test_every_word_is_in_the_catalogue() -> None:
    assert {f"assume_{name}" for name in QUESTIONS} | {f"source_{name}" for name, _, _ in SOURCES} <= set(CATALOGUE)


# --- secrets, and the command itself ---------------------------------------------------------------------------------

SECRETS = {"BASKETWATCH_TOKEN": "hunter2-token", "HTTPS_PROXY": "http://me:hunter2-proxy@127.0.0.1:9",
           "https_proxy": "http://me:hunter2-proxy@127.0.0.1:9"}  # fmt: skip


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    command = [sys.executable, "-m", "basketwatch", "doctor", *arguments]
    own = os.environ | {"BASKETWATCH_NOW": clock.iso(NOW), "BASKETWATCH_HOME": str(PROJECT)} | environment
    return subprocess.run(command, env=own, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)


def test_nothing_secret_is_told(
    wire: Upstream, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A proxy that is not there, with a password, and a database server with one that holds a slash."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    url = "postgresql://me:hunter2/data@127.0.0.1:9/watch?sslpassword=hunter2"
    report = doctor.examine(Settings(PROJECT, url, False), NOW)
    assert (report.well, wire.log) == (False, [])
    out, err = capfd.readouterr()
    told = json.dumps(report.as_json()) + report.as_text("zh") + report.as_text("en") + out + err
    assert "hunter2" not in told and "Traceback" not in told
    assert "postgresql://127.0.0.1:9/watch" in told


def test_the_command(wire: Upstream, live: Settings) -> None:
    done = run("--json", BASKETWATCH_DB=live.url, BASKETWATCH_TOKEN="hunter2")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer) >= {
        "now",
        "versions",
        "files",
        "store",
        "calendars",
        "fonts",
        "browser",
        "sources",
        "assumptions",
    }
    assert answer["now"] == "2026-07-03T08:30:00Z"
    assert {a["id"]: a["holds"] for a in answer["assumptions"]} == dict.fromkeys(QUESTIONS, True) | {
        "tencent_new_listing": None
    }
    assert all(set(a) == {"id", "holds", "detail"} for a in answer["assumptions"])
    assert done.stderr == "" and "hunter2" not in done.stdout


# --- the file for an issue ---------------------------------------------------------------------------------------


def test_the_report_has_each_assumption_with_the_part_of_the_answer_that_decides_it(
    wire: Upstream, live: Settings, tmp_path: Path
) -> None:
    file, heard = tmp_path / "doctor.json", list[evidence.Heard]()
    evidence.write(file, doctor.examine(live, NOW, heard=heard), heard, live.home)
    found = json.loads(file.read_text("utf-8"))
    by_id = {a["id"]: a for a in found["assumptions"]}
    assert set(by_id) == set(QUESTIONS) == set(evidence.WHERE)
    assert {a["verdict"] for a in by_id.values()} == {"holds", "no answer"}  # no listing these days
    assert all(a["answer"] and len(a["answer"].encode()) <= 400 for i, a in by_id.items() if i != "tencent_new_listing")
    assert 'v_sz300308="51~中际旭创~300308~905.00' in by_id["tencent_lots"]["answer"]
    assert "^SOX" in by_id["yahoo_index_pe"]["answer"] and "Unauthorized" in by_id["yahoo_crumb_needed"]["answer"]
    sizes = {s["source"]: s["bytes"] for s in found["sources"]}
    assert sizes["tencent"] > 1000 and all(s["ms"] is not None for s in found["sources"])


def test_the_report_tells_nothing_of_whose_machine_it_is(wire: Upstream, live: Settings, tmp_path: Path) -> None:
    """Cookies and crumbs as the stand-in gave them; the proxy's address, the home folder, the names of host and user."""
    file, heard = tmp_path / "doctor.json", list[evidence.Heard]()
    evidence.write(file, doctor.examine(live, NOW, heard=heard), heard, live.home)
    text = file.read_text("utf-8")
    secrets = [h.text for h in heard if h.is_secret and h.text.strip()]
    assert secrets, "Yahoo was asked for a crumb"
    own = [str(PROJECT), str(Path.home()), str(tmp_path), "127.0.0.1", wire.url, platform.node()]
    for told in (*secrets, *own):
        assert told not in text, told
    said = evidence.scrub(
        "read /home/wang/live.sqlite at 10.0.0.7 via http://me:pw@proxy:9/?key=abc, crumb=xyz1", PROJECT
    )
    assert (
        not {"wang", "10.0.0.7", "pw", "abc", "xyz1"} & set(re.split(r"[\s,=/@:?]+", said))
        and "live.sqlite" not in said
    )


def test_the_report_as_a_command(wire: Upstream, live: Settings, tmp_path: Path) -> None:
    file = tmp_path / "doctor.json"
    done = run("--report", str(file), BASKETWATCH_DB=live.url, BASKETWATCH_LANG="en")
    assert done.returncode == 0 and str(file) in done.stderr, done.stderr
    assert len(json.loads(file.read_text("utf-8"))["assumptions"]) == len(QUESTIONS)
    done = run("--offline", "--report", str(tmp_path / "no" / "doctor.json"), BASKETWATCH_DB=live.url)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "doctor.json" in done.stderr
