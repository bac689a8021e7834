"""The server is reachable by whom it should be and by nobody else, and tells neither browser nor log too much."""

from __future__ import annotations

import asyncio
import http.client
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from basketwatch.app import asgi
from basketwatch.app import server as serve
from basketwatch.errors import UsageError
from basketwatch.words.catalogue import CATALOGUE

TOKEN = "a-token-of-24-characters"
CHROMIUM = "/usr/bin/chromium"

PAGE = """
import streamlit as st
from basketwatch.app.refresher import Refresher
st.set_page_config(page_title="probe", layout="wide")
if st.query_params.get("fail"):
    raise ValueError("https://hooks.example/T0/B1?key=s3cr3t token=abcdef")
if st.query_params.get("beacon"):
    st.markdown(f"![t](http://{st.query_params['beacon']}/p.png)")
if st.query_params.get("refresh"):
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(99)"
    import pathlib, sys
    Refresher(pathlib.Path(__file__).parent, command=lambda _: [sys.executable, "-c", code]).start()
st.title("基本盘 probe")
st.dataframe({"a": [1, 2], "b": ["x", "y"]})
st.button("again")
st.sidebar.write("side")
st.write("all drawn")
"""

LAUNCH = """
import sys, pathlib
from basketwatch.app.server import serve
serve(0, sys.argv[2], open_browser=False, script=pathlib.Path(sys.argv[1]))
"""


@dataclass
class Server:
    """A running server: the real process, asked over real sockets."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    folder: Path

    @property
    def here(self) -> str:
        return f"127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def websocket(self, host: str = "", origin: str | None = "", cookie: str = "") -> int:
        """101 where the WebSocket opens, else the status of the refusal."""
        host = host or self.here
        headers = {"Cookie": cookie} if cookie else {}
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
            try:
                with connect(
                    f"ws://{host}/_stcore/stream", sock=sock, origin=f"http://{host}" if origin == "" else origin,  # type: ignore[arg-type]
                    additional_headers=headers, subprotocols=["streamlit"], open_timeout=10,  # type: ignore[list-item]
                ):  # fmt: skip
                    return 101
            except InvalidStatus as refused:
                return refused.response.status_code


@contextmanager
def running(folder: Path, address: str = "127.0.0.1", **extra: str) -> Iterator[Server]:
    (folder / "dashboard.py").write_text(PAGE)
    log = folder / "log"
    blank = {n: v for n, v in os.environ.items() if not n.startswith(("STREAMLIT_", "BASKETWATCH_"))}
    with log.open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(folder / "dashboard.py"), address],
            stdout=subprocess.PIPE, stderr=err, text=True, cwd=folder, env={**blank, "BASKETWATCH_LANG": "en", **extra},
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"basketwatch: http://[\w.-]+:(\d+)\n", line)
        assert found, (line, log.read_text())
        yield Server(process, int(found[1]), log, folder)
    finally:
        process.terminate()
        process.wait(15)
        assert process.stdout is not None and process.stdout.read() == "", "one line on stdout and no more"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started in a folder whose own Streamlit settings, like the environment's, must not open anything."""
    folder = tmp_path_factory.mktemp("open")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(
        '[server]\naddress = "0.0.0.0"\nenableCORS = false\n[client]\nshowErrorDetails = "full"\n'
    )
    with running(folder, STREAMLIT_SERVER_ADDRESS="0.0.0.0", STREAMLIT_SERVER_ENABLE_AGENT_API="true") as found:
        yield found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("guarded"), "0.0.0.0", BASKETWATCH_TOKEN=TOKEN) as found:
        yield found


# --- where it listens --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc/net/tcp")
def test_listens_on_the_loopback_only(server: Server) -> None:
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == server.port]
    assert listening == [f"0100007F:{server.port:04X}"]  # 127.0.0.1


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", "192.168.1.5", "example.com", "100.64.0.1", "unix:///tmp/x"])
def test_another_address_needs_a_token(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "dashboard.py"
    script.touch()
    monkeypatch.delenv("BASKETWATCH_TOKEN", raising=False)
    with pytest.raises(UsageError) as refused:
        serve.serve(None, address, script=script)
    assert refused.value.key == "needs_token"
    monkeypatch.setenv("BASKETWATCH_TOKEN", "fifteen letters")
    with pytest.raises(UsageError) as refused:
        serve.serve(None, address, script=script)
    assert refused.value.key == "weak_token"


@pytest.mark.parametrize(
    ("address", "port", "key"),
    [("nowhere.invalid", 0, "bad_address"), ("unix:///tmp/x", 0, "bad_address"), ("127.0.0.1", 99999, "port_busy")],
)
def test_places_that_do_not_exist(address: str, port: int, key: str, tmp_path: Path) -> None:
    (tmp_path / "dashboard.py").touch()
    with pytest.raises(UsageError) as refused:
        serve.serve(port, address, TOKEN, script=tmp_path / "dashboard.py")
    assert refused.value.key == key


def test_missing_dashboard(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no_dashboard"):
        serve.serve(0, script=tmp_path / "dashboard.py")


def test_a_busy_port_is_said_or_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dashboard.py").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        with pytest.raises(UsageError) as refused:
            serve.serve(busy, script=tmp_path / "dashboard.py")
        assert (refused.value.key, refused.value.params) == ("port_busy", {"port": str(busy)})
        monkeypatch.setattr(serve, "PORT", busy)
        assert busy < serve._free_port("127.0.0.1", None) < busy + serve.PORTS_TRIED


def test_settings_are_known_to_streamlit_and_win(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit import config
    from streamlit.web.server.starlette.starlette_app import _validate_run_config

    values = serve.server_settings("127.0.0.1", 1)
    assert _validate_run_config(values) == values
    file = serve._flat(tomllib.loads((serve.PROJECT / ".streamlit/config.toml").read_text("utf-8")))
    assert file.keys() <= config._config_options_template.keys()
    assert file["server.address"] == "127.0.0.1"  # for those who type `streamlit run dashboard.py`
    assert {"theme.light.primaryColor", "theme.dark.primaryColor"} <= values.keys()


# --- headers, hosts, origins -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/favicon.png", "/_stcore/nothing", "/media/x", "/any/page"])
def test_headers_on_every_answer(server: Server, path: str) -> None:
    _, headers, _ = server.get(path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "connect-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy and "'unsafe-inline'" not in policy.partition("style-src")[0]
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("{here}", 200), ("localhost:{port}", 200), ("LOCALHOST", 200), ("[::1]:{port}", 200), ("evil.example", 403),
        ("evil.example:{port}", 403), ("127.0.0.1.evil.example", 403), ("192.168.1.5", 403), ("a@127.0.0.1", 403),
        ("", 403), ("[::1", 403), ("localhost:x", 403), ("localhost/x", 403),
    ],
)  # fmt: skip
def test_host(server: Server, host: str, status: int) -> None:
    asked = host.format(here=server.here, port=server.port)
    assert server.get("/", Host=asked)[0] in ({200} if status == 200 else {403, 400})


def test_websocket_from_elsewhere(server: Server) -> None:
    assert server.websocket() == 101
    assert server.websocket(f"localhost:{server.port}") == 101
    assert server.websocket(origin=None) == 101  # no browser: there is nobody whose rights could be borrowed
    assert server.websocket("evil.example:8811") == 403  # rebinding: Host and Origin agree
    assert server.websocket("evil.example:8811", origin=None) == 403
    own = f"http://127.0.0.1:{server.port + 1}", f"http://localhost:{server.port}"  # other ports and names are others
    for origin in ("http://evil.example", "null", *own):
        assert server.websocket(origin=origin) == 403
        assert server.get("/_stcore/host-config", Origin=origin)[0] == 403


def test_agent_interface_is_off(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", "/_stcore/agent/interact", "{}", {"Content-Type": "application/json"})
    assert connection.getresponse().status in (403, 404)
    connection.close()


def test_policy_names_the_scripts_of_the_installed_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import streamlit

    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_bytes(b"<script>alert(1)\r\n</script><script src='x'></script>")
    monkeypatch.setattr(streamlit, "__file__", str(tmp_path / "__init__.py"))
    # printf 'alert(1)\n' | openssl dgst -sha256 -binary | base64; a browser hashes the text with plain line ends
    assert "script-src 'self' 'sha256-MaeD7tQk/YNyd6Pm9J12ROmv0Z93QwNN4VH7v3gI+RI=';" in asgi.content_policy()


# --- the token ---------------------------------------------------------------------------------------------------


def ask(
    app: Any, path: str = "/", query: str = "", client: str = "10.0.0.9", kind: str = "http", **headers: str
) -> dict[str, Any]:
    """One request to a plain ASGI app; its first message, with the body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "client": (client, 1), "headers": pairs}
    asyncio.run(app({**scope, "scheme": "http"}, receive, send))
    first = {**sent[0], "body": b"".join(message.get("body", b"") for message in sent[1:]).decode()}
    return {**first, "headers": {k.decode(): v.decode() for k, v in first.get("headers", [])}}


async def inside(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start" if scope["type"] == "http" else "websocket.accept", "status": 200})


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def guard(clock: list[float]) -> Any:
    return asgi.guard_token(inside, TOKEN, lambda: clock[0])


def test_ten_wrong_tries_close_the_door_for_a_minute(guard: Any, clock: list[float]) -> None:
    assert [ask(guard, query="token=wrong")["status"] for _ in range(11)] == [401] * 10 + [429]
    assert ask(guard, query=f"token={TOKEN}")["status"] == 429  # or guessing could go on
    assert ask(guard, kind="websocket")["type"] == "websocket.close"
    assert ask(guard, query=f"token={TOKEN}", client="10.0.0.8")["status"] == 303
    clock[0] += 59
    assert ask(guard, query=f"token={TOKEN}")["status"] == 429
    clock[0] += 1
    assert ask(guard, query=f"token={TOKEN}")["status"] == 303


def test_guessing_by_cookie_counts_but_a_stale_tab_does_not(guard: Any) -> None:
    assert [ask(guard, cookie="basketwatch=stale")["status"] for _ in range(30)] == [401] * 30
    assert [ask(guard, cookie=f"basketwatch=guess{i}")["status"] for i in range(10)] == [401] * 9 + [429]


def test_one_machine_with_many_ipv6_addresses(guard: Any) -> None:
    found = [ask(guard, query="token=x", client=f"2001:db8:1:2::{i:x}")["status"] for i in range(11)]
    assert found[-1] == 429
    assert ask(guard, query="token=x", client="2001:db8:1:3::1")["status"] == 401
    assert ask(guard, query="token=x", client="::ffff:10.0.0.1")["status"] == 401


def test_a_flood_of_addresses_does_not_fill_the_memory(clock: list[float]) -> None:
    tries = asgi._Tries(lambda: clock[0])
    for i in range(12_000):
        clock[0] += 0.1
        tries.wrong(f"10.{i // 65536}.{i // 256 % 256}.{i % 256}")
    assert len(tries._seen) <= 10_001


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/", f"token={TOKEN}", "/"),
        ("/basket", f"ticker=300308.SZ&token={TOKEN}&basket=cpo", "/basket?ticker=300308.SZ&basket=cpo"),
        ("//evil.example/x", f"token={TOKEN}", "/evil.example/x"),
        ("/\\evil.example", f"token={TOKEN}", "/%5Cevil.example"),
        ("/自选\r\nX: y", f"token={TOKEN}&a=1%0d%0aX:%20y", "/%E8%87%AA%E9%80%89%0D%0AX%3A%20y?a=1%0D%0AX%3A+y"),
    ],
)
def test_redirect_stays_here(guard: Any, path: str, query: str, location: str) -> None:
    answer = ask(guard, path, query)
    assert (answer["status"], answer["headers"]["location"]) == (303, location)


def test_token_over_http_and_websocket(guarded: Server) -> None:
    status, headers, body = guarded.get("/")
    assert status == 401
    assert headers["cache-control"] == "no-store"
    assert re.findall(r'<p lang="(?:zh|en)">(.+?)</p>', body) == list(CATALOGUE["token_page"])
    for path in ("_stcore/host-config", "_stcore/metrics", "media/x", "favicon.png", "static/x.js", "_stcore/health/x"):
        assert guarded.get(f"/{path}")[0] == 401
    assert guarded.get("/_stcore/health")[0] == 200
    assert guarded.websocket() == 403
    assert guarded.get("/?token=not-the-right-one")[0] == 401

    status, headers, _ = guarded.get(f"/basket?ticker=300308.SZ&token={TOKEN}")
    assert (status, headers["location"]) == (303, "/basket?ticker=300308.SZ")
    cookie, *attributes = headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert TOKEN not in cookie
    assert guarded.get("/", Cookie=cookie)[0] == 200
    assert guarded.get("/", Cookie=f"other=1; {cookie}; x=y")[0] == 200
    assert guarded.websocket(cookie=cookie) == 101
    assert guarded.websocket(cookie=cookie[:-1] + ("0" if cookie[-1] != "0" else "1")) == 403
    assert guarded.websocket("evil.example", cookie=cookie) == 403
    assert guarded.get("/", Host="evil.example", Cookie=cookie)[0] == 403
    assert guarded.get("/", Host="192.168.1.5:1", Cookie=cookie)[0] == 200  # however one reaches this machine


@pytest.mark.parametrize(("client", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.9", 404), ("::2", 404)])
def test_metrics_are_for_this_machine(client: str, status: int) -> None:
    for path in ("/_stcore/metrics", "/_stcore/metrics/"):
        assert ask(asgi.hide_metrics(inside), path, client=client)["status"] == status


# --- log and faults ----------------------------------------------------------------------------------------------


def test_log_is_clean(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    make = logging.getLogRecordFactory()
    handler = logging.StreamHandler()
    logger = logging.getLogger("test_serve")
    logger.addHandler(handler)
    try:
        serve.keep_log_clean()
        serve.keep_log_clean()
        now = logging.getLogRecordFactory()
        assert isinstance(now, partial) and now.args == (make,)  # once, however often it is called
        logger.warning("plain %d", 1)
        try:
            raise UsageError("bad_now", value="s3cr3t")
        except UsageError:
            logger.exception("asking %s", "https://me:pw@hooks.example/T0?key=s3cr3t")
        logger.warning("wrong arguments %d %d", 1)
    finally:
        logging.setLogRecordFactory(make)
        logger.removeHandler(handler)
    said = capfd.readouterr().err.splitlines()
    assert said[0] == "plain 1"
    assert re.fullmatch(r"asking https://hooks\.example/T0\?…: UsageError\[bad_now\] at test_serve.py:\d+", said[1])
    assert said[2:] == ["wrong arguments %d %d"]


def test_stopping_the_server_stops_its_refresh(tmp_path: Path) -> None:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    pid, run_page = tmp_path / "pid", BackMsg()
    run_page.rerun_script.query_string = "refresh=1"
    with running(tmp_path) as found:
        with connect(f"ws://{found.here}/_stcore/stream", subprotocols=["streamlit"]) as page:  # type: ignore[list-item]
            page.send(run_page.SerializeToString())
            end = time.monotonic() + 20
            while not (pid.exists() and pid.read_text()):
                assert time.monotonic() < end
                time.sleep(0.05)
        os.kill(int(pid.read_text()), 0)
        found.process.send_signal(signal.SIGTERM)
        found.process.wait(15)
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


# --- a real browser ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("BASKETWATCH_BROWSER") == "required":
            pytest.fail(f"{CHROMIUM} is required and missing")
        pytest.skip(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        extra = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=extra)
        yield browser
        browser.close()


@contextmanager
def page_of(chromium: Any, **options: Any) -> Iterator[tuple[Any, list[str], list[str]]]:
    """A page with what its console said (errors and warnings) and which addresses it asked for."""
    context = chromium.new_context(**options)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda fault: said.append(str(fault)))
    context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda ws: asked.append(ws.url))
    yield page, said, asked
    context.close()


@contextmanager
def listener(body: str = "") -> Iterator[tuple[str, list[str]]]:
    """A server of somebody else: its address and what was asked of it."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield f"localhost:{other.server_port}", asked
        other.shutdown()


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 22, 27)")])
def test_page_renders_under_the_policy(server: Server, chromium: Any, scheme: str, paper: str) -> None:
    with page_of(chromium, color_scheme=scheme) as (page, said, asked):
        page.goto(f"http://{server.here}/")
        page.get_by_text("all drawn").wait_for(timeout=180_000)
        page.locator("canvas").first.wait_for(timeout=180_000)
        page.get_by_role("button", name="again").click()
        page.wait_for_timeout(500)
        assert said == []
        assert asked
        assert {re.split("[/:]+", url)[1] for url in asked if not url.startswith(("data:", "blob:"))} == {"127.0.0.1"}
        style = page.evaluate("JSON.parse(JSON.stringify(getComputedStyle(document.querySelector('.stApp'))))")
        assert style["backgroundColor"] == paper
        assert re.match(r"-apple-system, .*PingFang SC.*Noto Sans CJK SC.*, sans-serif", style["fontFamily"])
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "14px"


@pytest.mark.browser
def test_an_image_in_a_name_is_not_fetched(server: Server, chromium: Any) -> None:
    with listener() as (other, asked), page_of(chromium) as (page, said, _):
        page.goto(f"http://{server.here}/?beacon={other}")
        page.get_by_text("all drawn").wait_for(timeout=180_000)
        page.wait_for_timeout(500)
        assert asked == []
        assert any("Content Security Policy" in line for line in said)


@pytest.mark.browser
def test_a_fault_shows_one_sentence_and_logs_type_and_place(server: Server, chromium: Any) -> None:
    with page_of(chromium, locale="en-GB") as (page, _, _):
        page.goto(f"http://{server.here}/?fail=1")
        alert = page.locator("[data-testid=stAlert]")
        alert.wait_for(timeout=180_000)
        assert alert.inner_text().strip() == CATALOGUE["page_failed"][1]
        text = page.inner_text("body")
        assert "ValueError" not in text and "s3cr3t" not in text and "Traceback" not in text
    log = server.log.read_text()
    assert re.search(r"Uncaught app execution: ValueError at (\S+ > )?dashboard\.py:\d+\n", log)
    assert "s3cr3t" not in log and "abcdef" not in log and "Traceback" not in log


@pytest.mark.browser
def test_token_in_a_browser(guarded: Server, chromium: Any) -> None:
    with page_of(chromium) as (page, _, _):
        page.goto(f"http://{guarded.here}/")
        assert CATALOGUE["token_page"][0] in page.inner_text("body")
        page.goto(f"http://{guarded.here}/?token={TOKEN}")
        page.get_by_text("all drawn").wait_for(timeout=180_000)
        assert page.url == f"http://{guarded.here}/"
        assert page.evaluate("document.cookie.includes('basketwatch=')") is False


@pytest.mark.browser
@pytest.mark.parametrize("link", ["?token=" + TOKEN, ""])
def test_a_link_in_a_web_chat_opens(guarded: Server, chromium: Any, link: str) -> None:
    """A Strict cookie is not sent with a click on another site; localhost and 127.0.0.1 are different sites."""
    with listener(f'<a href="http://{guarded.here}/{link}">chat</a>') as (chat, _), page_of(chromium) as (page, _, _):
        if not link:  # somebody who was here before
            page.goto(f"http://{guarded.here}/?token={TOKEN}")
            page.get_by_text("all drawn").wait_for(timeout=180_000)
        page.goto(f"http://{chat}/")
        page.get_by_text("chat").click()
        page.get_by_text("all drawn").wait_for(timeout=180_000)
        assert page.url == f"http://{guarded.here}/", "and the token is out of the address"


@pytest.mark.browser
def test_a_stranger_sees_the_sentence_once(guarded: Server, chromium: Any) -> None:
    with listener(f'<a href="http://{guarded.here}/">chat</a>') as (chat, _), page_of(chromium) as (page, _, asked):
        page.goto(f"http://{chat}/")
        page.get_by_text("chat").click()
        page.get_by_text(CATALOGUE["token_page"][1]).wait_for(timeout=10_000)
        page.wait_for_timeout(1500)
        assert asked.count(f"http://{guarded.here}/") <= 2


def test_output(server: Server, guarded: Server) -> None:
    """Runs last: both servers have said nothing but the fault that a test above provoked."""
    assert guarded.log.read_text() == ""
    assert [line for line in server.log.read_text().splitlines() if "Uncaught app execution" not in line] == []
