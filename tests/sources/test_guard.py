"""The guard: pacing, breakers, limits, log with invented answers; then every fault over the wire, by real akshare."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import akshare
import certifi
import curl_cffi.requests
import pandas as pd
import pytest
import requests

from basketwatch import clock
from basketwatch.errors import BadAnswer, Blocked, BreakerOpen, NoData, SourceError, StillSilent, TooLarge, Unreachable
from basketwatch.sources.net import guard
from basketwatch.sources.net.breaker import (
    Answer,
    Breaker,
    Outcome,
    after,
    is_captcha,
    of_error,
    of_status,
    retry_after,
)
from basketwatch.sources.net.certificates import bundle
from basketwatch.sources.net.guard import Guard, Limits
from basketwatch.words.text import sentence
from tests.upstream import Upstream

NOW = datetime(2026, 7, 3, 8, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUOTES = "https://qt.gtimg.cn/q=sz300308"
KLINE = "https://push2his.eastmoney.com/api/qt/stock/kline/get"


# --- the rule of the breaker, without a network ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "seconds", "failures"),
    [
        (["ok"], None, 0),
        (["neutral"], None, 0),
        (["rate"], 60, 1),
        (["rate", "rate"], 120, 2),
        (["rate", "rate", "rate"], 240, 3),
        (["rate"] * 9, 3600, 9),
        (["refused"], 1800, 1),
        (["reset"], None, 1),
        (["reset", "reset"], 1800, 2),
        (["reset", "ok", "reset"], None, 1),
        (["reset", "neutral", "reset"], 1800, 2),
        (["timeout"], None, 1),
        (["timeout", "timeout"], 60, 2),
        (["timeout", "reset"], None, 1),
        (["refused", "ok"], None, 0),
    ],
)
def test_how_long_a_host_is_left_alone(outcomes: list[Outcome], seconds: float | None, failures: int) -> None:
    state = Breaker("host")
    for outcome in outcomes:
        state = after(state, outcome, NOW)
    assert state.failures == failures
    assert state.open_until == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("asked", "seconds"), [(30, 30), (0, 1), (86_400, 3600), (-5, 1)])
def test_retry_after_is_honoured_up_to_an_hour(asked: float, seconds: float) -> None:
    assert after(Breaker("host"), "rate", NOW, asked).open_until == NOW + timedelta(seconds=seconds)


def test_jitter_spreads_only_what_the_host_did_not_say() -> None:
    assert after(Breaker("host"), "rate", NOW, jitter=1.2).open_until == NOW + timedelta(seconds=72)
    assert after(Breaker("host"), "rate", NOW, 30, jitter=1.2).open_until == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "Fri, 03 Jul 2026 08:31:00 GMT", "Date": "Fri, 03 Jul 2026 08:30:00 GMT"}, 60),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_reading_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("host", "status", "outcome"),
    [
        ("qt.gtimg.cn", 200, "ok"),
        ("qt.gtimg.cn", 404, "ok"),
        ("qt.gtimg.cn", 429, "rate"),
        ("qt.gtimg.cn", 403, "refused"),
        ("hq.sinajs.cn", 456, "refused"),
        ("query1.finance.yahoo.com", 999, "refused"),
        ("query1.finance.yahoo.com", 401, "neutral"),
        ("qt.gtimg.cn", 502, "neutral"),
        ("fc.yahoo.com", 404, "ok"),
        ("fc.yahoo.com", 403, "ok"),
    ],
)
def test_what_a_status_says_about_a_host(host: str, status: int, outcome: Outcome) -> None:
    assert of_status(host, status) == outcome


@pytest.mark.parametrize(
    ("body", "captcha"),
    [
        ("<html><title>安全验证</title></html>".encode("gbk"), True),
        ("<html>请完成验证</html>".encode(), True),
        (b"<html><script src=/captcha.js></html>", True),
        (b"<html><table><td>300308</td></table></html>", False),
        ('{"title": "验证码 captcha 概念"}'.encode(), False),
    ],
)
def test_a_page_that_asks_for_a_human(body: bytes, captcha: bool) -> None:
    assert is_captcha(body) is captcha


def test_a_proxy_that_refuses_is_no_reset() -> None:
    error = curl_cffi.requests.exceptions.ConnectionError("CONNECT tunnel failed, response 403", 56)
    assert of_error(error) == ("timeout", "no connection")
    assert of_error(curl_cffi.requests.exceptions.ConnectionError("Recv failure", 56)) == ("reset", "connection reset")


# --- one guard, with answers from nowhere ------------------------------------------------------------------------


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.starts: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, _: float) -> Answer:
        self.starts.append(self.now)
        return Answer(None, 200, {}, b"{}")


def made(time: Time, **more: Any) -> Guard:
    return Guard(monotonic=lambda: time.now, sleep=time.sleep, **more)


def test_requests_to_one_host_are_spaced() -> None:
    time = Time()
    paced = made(time)
    for _ in range(10):
        paced.exchange(QUOTES, time.answer)
    gaps = [b - a for a, b in pairwise(time.starts)]
    assert gaps == pytest.approx([0.22] * 9)


def test_hosts_do_not_wait_for_each_other() -> None:
    time = Time()
    paced = made(time)
    for host in ("a.example", "b.example", "c.example"):
        paced.exchange(f"https://{host}/", time.answer)
    assert time.starts == [1000.0] * 3


def test_threads_share_one_pace() -> None:
    paced, starts, lock = Guard(pace=0.05), [], threading.Lock()

    def send(_: float) -> Answer:
        with lock:
            starts.append(time.monotonic())
        return Answer(None, 200, {}, b"")

    threads = [threading.Thread(target=paced.exchange, args=(QUOTES, send)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts.sort()
    assert min(b - a for a, b in pairwise(starts)) > 0.04


def test_nothing_is_asked_after_the_deadline() -> None:
    time = Time()
    paced = made(time)
    paced.deadline(1.0)
    for _ in range(5):  # 0, 0.22, … 0.88
        paced.exchange(QUOTES, time.answer)
    with pytest.raises(Unreachable) as caught:
        paced.exchange(QUOTES, time.answer)
    assert caught.value.params["detail"] == "deadline"
    assert len(time.starts) == 5


def test_a_call_gives_each_request_only_what_is_left() -> None:
    time, given = Time(), []
    paced = made(time, limits=Limits(total=15, call=15), pace=0.0)

    def slow(seconds: float) -> Answer:
        given.append(seconds)
        time.now += 6
        return Answer(None, 200, {}, b"")

    with paced.calling("test"), pytest.raises(Unreachable):
        for _ in range(4):
            paced.exchange(QUOTES, slow)
    assert given == [15, 9, 3]


def test_breakers_of_an_earlier_process_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(NOW))
    time = Time()
    paced = made(time, breakers=[Breaker("qt.gtimg.cn", NOW + MINUTE, 1, "rate")])
    with pytest.raises(BreakerOpen) as caught:
        paced.exchange(QUOTES, time.answer)
    assert caught.value.params["until"] == "2026-07-03T08:31:00Z"
    assert (time.starts, paced.requests) == ([], [])
    paced.exchange("https://web.ifzq.gtimg.cn/", time.answer)
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(NOW + MINUTE))
    paced.exchange(QUOTES, time.answer)
    assert paced.breakers == []


def test_a_silent_host_is_not_said_to_have_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(NOW))
    paced = made(Time(), breakers=[Breaker("qt.gtimg.cn", NOW + MINUTE, 2, "timeout")])
    with pytest.raises(StillSilent) as caught:
        paced.exchange(QUOTES, Time().answer)
    assert caught.value.state == "error" and "refused" not in sentence(caught.value, "en")


def test_one_page_for_two_questions_is_a_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uniform HTML with status 200; a page for one question may be a bad answer, and Yahoo's are asked for."""
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(NOW))

    def page(text: str) -> Any:
        return lambda _: Answer(None, 200, {}, f"<!DOCTYPE html><p>{text}</p>".encode())

    paced = made(Time())
    for _ in range(3):
        paced.exchange(QUOTES, page("maintenance"))
    paced.exchange(f"{QUOTES},sz300502", page("another"))
    assert paced.call.verdict is None
    paced.exchange(QUOTES, page("another"))
    assert paced.call.verdict.params["detail"] == "same page"
    with pytest.raises(BreakerOpen):
        paced.exchange(QUOTES, Time().answer)
    for symbol in ("COHR", "LITE"):
        paced.exchange(f"https://finance.yahoo.com/calendar/earnings?symbol={symbol}", page("no results"))
    assert paced.call.verdict is None


def test_the_log_has_neither_query_nor_fragment() -> None:
    time = Time()
    paced = made(time)
    paced.exchange("https://user:pass@qt.gtimg.cn/q?token=abc#frag", time.answer)
    (line,) = paced.requests
    assert (line.host, line.path, line.status, line.size, line.error) == ("qt.gtimg.cn", "/q", 200, 2, "")
    assert paced.counts() == {"qt.gtimg.cn": 1}


def test_skew_is_the_smallest_seen_and_none_while_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    def dated(ahead: timedelta) -> Any:
        date = (datetime.now(UTC) + ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return lambda _: Answer(None, 200, {"Date": date}, b"")

    paced = Guard(pace=0.0)
    paced.exchange(QUOTES, dated(timedelta(minutes=9)))
    assert paced.skew == pytest.approx(540, abs=2)
    paced.exchange(QUOTES, dated(timedelta(hours=-3)))
    assert paced.skew == pytest.approx(540, abs=2)
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(NOW))
    frozen = Guard(pace=0.0)
    frozen.exchange(QUOTES, dated(timedelta()))
    assert frozen.skew is None


# --- over the wire -----------------------------------------------------------------------------------------------


@pytest.fixture
def wire(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """The stand-in, at its own instant, behind a guard of short limits and without pauses."""
    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(upstream.market.now))
    guard.install(Guard(limits=Limits(connect=1, read=1, total=1.5, call=1.5), pace=0.0))
    yield upstream
    guard.uninstall()


def kline() -> pd.DataFrame:
    """The real ``stock_zh_a_hist``."""
    return guard.run("eastmoney", "300308.SZ", akshare.stock_zh_a_hist, symbol="300308", start_date="20260101")


# what goes wrong -> the error, and how many requests (None: the stand-in may not have logged it yet)
FAULTS: list[Any] = [
    pytest.param("status:429", Blocked, "HTTP 429", id="429"),
    pytest.param("status:403", Blocked, "HTTP 403", id="403"),
    pytest.param("status:456", Blocked, "HTTP 456", id="456"),
    pytest.param("status:500", Unreachable, "HTTP 500", id="500"),
    pytest.param("status:503", Unreachable, "HTTP 503", id="503"),
    pytest.param("status:404", BadAnswer, "HTTP 404", id="404"),
    pytest.param("reset", Unreachable, "connection reset", id="reset"),
    pytest.param("body:", BadAnswer, "not JSON", id="empty"),
    pytest.param("body:<html>gateway</html>", BadAnswer, "not JSON: <html>gateway", id="html"),
    pytest.param("body:<html>请完成验证</html>", Blocked, "captcha", id="captcha"),
    pytest.param("truncated", BadAnswer, "not JSON", id="truncated"),
    pytest.param("body:{}", BadAnswer, "KeyError: 'data'", id="{}"),
    pytest.param("hang:60", Unreachable, "timeout", id="hang"),
    pytest.param("drip", Unreachable, "timeout", id="drip"),
    pytest.param("huge", TooLarge, "more than", id="huge"),
    pytest.param("redirect:https://evil.example/x", BadAnswer, "redirect to evil.example", id="redirect"),
    pytest.param("extra_column", BadAnswer, "Length mismatch", id="extra column"),
]


@pytest.mark.parametrize(("fault", "error", "detail"), FAULTS)
def test_akshare_says_what_went_wrong(wire: Upstream, fault: str, error: type[SourceError], detail: str) -> None:
    wire.fault("eastmoney", "kline", fault)
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        kline()
    assert type(caught.value) is error
    assert detail in caught.value.params["detail"]
    assert time.monotonic() - started < 3
    assert not wire.requests("evil")


@pytest.mark.parametrize("body", ['{"data": null}', '{"data": {"klines": []}}'])
def test_an_empty_answer_of_akshare_is_no_data(wire: Upstream, body: str) -> None:
    wire.fault("eastmoney", "kline", f"body:{body}")
    with pytest.raises(NoData):
        kline()


def test_a_good_answer_passes_unchanged(wire: Upstream) -> None:
    frame = kline()
    assert len(frame) > 100
    assert guard.current().breakers == []
    (line,) = guard.current().requests
    assert (line.source, line.host, line.status) == ("eastmoney", "push2his.eastmoney.com", 200)


@pytest.mark.parametrize(
    ("fault", "first", "requests"),
    [("status:429", Blocked, 1), ("status:403", Blocked, 1), ("reset", Unreachable, 2)],
)
def test_a_refusing_host_is_left_alone(wire: Upstream, fault: str, first: type[SourceError], requests: int) -> None:
    wire.fault("eastmoney", "kline", fault)
    with pytest.raises(first):
        kline()
    for _ in range(requests - 1):
        with pytest.raises(Blocked):
            kline()
    for _ in range(20):
        with pytest.raises(BreakerOpen):
            kline()
    assert len(wire.log) == requests
    guard.fetch(QUOTES, source="tencent")  # another host is not concerned
    (breaker,) = guard.current().breakers
    assert breaker.host == "push2his.eastmoney.com"


def test_retry_after_over_the_wire(wire: Upstream) -> None:
    wire.fault("eastmoney", "kline", "status:429", headers={"Retry-After": "300"})
    with pytest.raises(Blocked):
        kline()
    assert guard.current().breakers[0].open_until == wire.market.now + timedelta(seconds=300)


def test_our_own_reader_tries_a_cut_connection_and_a_5xx_once_more(wire: Upstream) -> None:
    for fault in ("reset", "status:502"):
        wire.log.clear()
        wire.fault("gtimg", "q=", fault, times=1)
        assert "300308" in guard.fetch(QUOTES, source="tencent", encoding="gb18030")
        assert len(wire.log) == 2
    assert guard.current().breakers == []


@pytest.mark.parametrize(
    ("fault", "requests"), [("status:502", 2), ("reset", 2), ("status:404", 1), ("status:429", 1), ("body:", 1)]
)
def test_our_own_reader_never_asks_a_third_time(wire: Upstream, fault: str, requests: int) -> None:
    wire.fault("gtimg", "q=", fault)
    with pytest.raises(SourceError):
        guard.fetch_json(QUOTES, source="tencent")
    assert len(wire.log) == requests


def test_a_kept_alive_connection_is_used_again(wire: Upstream) -> None:
    ports = set()
    connect = socket.socket.connect

    def counted(self: socket.socket, address: Any) -> None:
        connect(self, address)
        ports.add(self.getsockname())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", counted)
        for _ in range(5):
            guard.fetch(QUOTES, source="tencent")
    assert len(ports) == 1


def test_a_certificate_is_checked_even_when_a_library_says_not_to(wire: Upstream, tmp_path: Any) -> None:
    """With the stand-in's CA it works; with another one it must fail although the caller passes verify=False."""
    assert requests.get(QUOTES, verify=False, timeout=5).ok  # noqa: S501
    assert curl_cffi.requests.get(QUOTES, verify=False).ok
    with Upstream(ca_file=tmp_path / "other.pem") as other:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            os.environ[name] = str(other.ca_file)  # put back by the fixture
    for ask in (
        lambda: requests.get(QUOTES, verify=False, timeout=5),  # noqa: S501
        lambda: curl_cffi.requests.get(QUOTES, verify=False),
    ):
        with pytest.raises(Unreachable) as caught:
            ask()
        assert caught.value.params["detail"] == "TLS"


def test_curl_calls_of_akshare_are_guarded_too(wire: Upstream) -> None:
    """And a refusal of theirs never ends in an error that is its own cause, which once hung the search for causes."""
    wire.fault("gtimg", "q=", "status:403")
    for error in (Blocked, BreakerOpen):
        with pytest.raises(error):
            guard.run("baidu", "00700.HK", lambda: curl_cffi.requests.get(QUOTES).json())
    assert len(wire.log) == 1


@pytest.mark.parametrize("fault", ["hang:60", "drip", "huge", "redirect:https://evil.example/"])
def test_curl_is_bounded(wire: Upstream, fault: str) -> None:
    wire.fault("gtimg", "q=", fault)
    started = time.monotonic()
    with pytest.raises(SourceError):
        curl_cffi.requests.get(QUOTES, timeout=None)
    assert time.monotonic() - started < 3
    assert not wire.requests("evil")


@pytest.fixture
def dripping() -> Iterator[int]:
    """Port of a server that sends its status line a byte at a time, which no read time-out notices."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"H")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    guard.install(Guard(limits=Limits(total=0.5, call=0.5), pace=0.0))
    yield server.getsockname()[1]
    guard.uninstall()
    stop.set()
    thread.join()
    server.close()


def test_headers_that_drip_are_cut(dripping: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    started = time.monotonic()
    with pytest.raises(Unreachable):
        guard.fetch(f"http://127.0.0.1:{dripping}/", source="test")
    assert time.monotonic() - started < 1.5


def test_even_a_bare_http_client_is_cut(dripping: int) -> None:
    """akshare's stock_us_valuation_baidu uses one, without time-out and past every hook but the last."""

    def ask() -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", dripping)
        connection.request("GET", "/")
        return connection.getresponse().read()

    started = time.monotonic()
    with pytest.raises(Unreachable):
        guard.run("baidu", "NVDA.US", ask)
    assert time.monotonic() - started < 1.5


def test_uninstall_undoes_everything() -> None:
    before = requests.adapters.HTTPAdapter.send, curl_cffi.requests.Session.request, socket.SocketIO.readinto
    guard.install(Guard())
    guard.uninstall()
    assert before == (requests.adapters.HTTPAdapter.send, curl_cffi.requests.Session.request, socket.SocketIO.readinto)
    with pytest.raises(RuntimeError):
        guard.current()


def test_knotted_causes_are_searched_once() -> None:
    first, second = ValueError("a"), ConnectionResetError("b")
    first.__cause__, second.__cause__ = second, first
    assert of_error(first) == ("reset", "connection reset")
    third = ValueError("c")
    third.__cause__ = third
    assert of_error(third) == ("neutral", "ValueError")


def test_shenwan_is_checked_with_the_intermediate_that_it_leaves_out() -> None:
    """The host sends its leaf alone; the bundle given to requests holds the trusted roots and that intermediate."""
    joined = Path(bundle("www.swsresearch.com", None) or "").read_text(encoding="utf-8")
    assert joined.count("BEGIN CERTIFICATE") == Path(certifi.where()).read_text().count("BEGIN CERTIFICATE") + 1
    assert bundle("qt.gtimg.cn", None) is None


def test_the_joined_certificates_are_gone_with_the_process() -> None:
    """A refresh a minute would fill the temporary folder otherwise."""
    code = "from basketwatch.sources.net.certificates import bundle; print(bundle('www.swsresearch.com', None))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert said.endswith(".pem") and not Path(said).exists()
