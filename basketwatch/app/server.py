"""Starts the dashboard: on this machine only, or behind a token.

Streamlit's switches are shipped open (every interface, any Host header, no policy for the browser), so this module
sets them, whatever the working directory and the environment say, and puts four small ASGI ``guards`` in front of it.
It also keeps the log free of addresses and tokens, and imports what the pages need while the browser still starts.
"""

from __future__ import annotations

import errno
import functools
import importlib
import logging
import os
import socket
import sys
import threading
import tomllib
import traceback
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from basketwatch.app.asgi import guards, is_loopback
from basketwatch.app.refresher import stop_all
from basketwatch.errors import BasketwatchError, UsageError
from basketwatch.memory import few_arenas, few_collections, load_pandas, one_pool
from basketwatch.redact import redact
from basketwatch.settings import PROJECT

PORT = 8501
PORTS_TRIED = 100
TOKEN_LENGTH = 16
# Streamlit's table of emojis is an expression of 5,000 words, compiled for the first control: 0.2 s (measured)
LIGHT = ("basketwatch.app.frame", "streamlit.emojis", "basketwatch.files.baskets", "sqlalchemy.dialects.sqlite")
HEAVY = ("basketwatch.analysis.snapshot", "basketwatch.views.today", "basketwatch.views.basket")
IDLE_SECONDS = 5.0


def serve(
    port: int | None,
    address: str = "127.0.0.1",
    token: str | None = None,
    open_browser: bool = True,
    *,
    hosts: Sequence[str] = (),
    script: Path | None = None,
) -> None:
    """Serve the dashboard until it is stopped.

    ``port``: None = 8501 or the next free one, 0 = any free one. ``token``: None = the one in ``BASKETWATCH_TOKEN``.
    ``hosts``: further names by which people reach it, such as that of a proxy with a certificate.
    Raises UsageError: needs_token, weak_token, bad_address, port_busy, no_dashboard.
    """
    script = script or PROJECT / "dashboard.py"
    if not script.is_file():
        raise UsageError("no_dashboard", path=script)
    # Taken out of the environment: no page and no child process has any use for it.
    found = os.environ.pop("BASKETWATCH_TOKEN", "")
    token = _checked_token(address, found if token is None else token)
    address = {"localhost": "127.0.0.1", "": "0.0.0.0"}.get(address, address)  # noqa: S104 - only behind a token
    chosen = _free_port(address, port)
    few_arenas()
    one_pool()
    few_collections()
    import streamlit as st  # after the checks: it takes a second, and a wrong argument should be said at once

    app = st.App(
        script,
        middleware=guards(address, token, hosts),
        lifespan=_lifespan(_url(address, chosen), open_browser and token is None and _has_display()),
        on_script_error=page_failed,
    )
    _entry_first()
    keep_log_clean()
    sys.argv = [str(script)]  # Streamlit takes argv for the launcher and puts its folder first in sys.path
    try:
        app.run(config=server_settings(address, chosen))
    except KeyboardInterrupt:
        pass
    except SystemExit as stop:
        if stop.code == 1:  # somebody took the port between our look and Streamlit's
            raise UsageError("port_busy", port=chosen) from None
        raise


def _entry_first() -> None:
    """Let every session begin with the entry, the first one too. Until the entry's ``st.navigation`` has run once in
    a process, Streamlit takes the folder ``pages/`` for its older kind of app: it runs a deep link's page alone, and
    when that page is drawn again with new data it drops the URL's query, and with it the view."""
    from streamlit.runtime.pages_manager import PagesManager

    PagesManager.uses_pages_directory = False


# --- where to listen ---------------------------------------------------------------------------------------------


def _checked_token(address: str, token: str) -> str | None:
    if token and len(token) < TOKEN_LENGTH:
        raise UsageError("weak_token", length=TOKEN_LENGTH)
    if not token and not is_loopback(address):
        raise UsageError("needs_token", address=address)
    return token or None


def _free_port(address: str, wanted: int | None) -> int:
    """The port asked for, or the first free one from 8501 on. Raises UsageError(port_busy) or (bad_address)."""
    first = PORT if wanted is None else wanted
    for port in range(first, first + (PORTS_TRIED if wanted is None else 1)):
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
                if os.name != "nt":  # there, it would let two servers share a port
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
                probe.listen(1)
                return int(probe.getsockname()[1])
        except OverflowError:
            break
        except OSError as fault:
            if fault.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise UsageError("bad_address", address=address) from None
    raise UsageError("port_busy", port=first)


def _url(address: str, port: int) -> str:
    if address in ("0.0.0.0", "::"):  # noqa: S104 - no address that one could open
        address = socket.gethostname()
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def server_settings(address: str, port: int) -> dict[str, Any]:
    """Streamlit's options: those of .streamlit/config.toml, and above them what no file or variable may change."""
    file = PROJECT / ".streamlit" / "config.toml"
    options = _flat(tomllib.loads(file.read_text("utf-8"))) if file.is_file() else {}
    return options | {
        "server.address": address,
        "server.port": port,
        "server.allowedHosts": ["*"],  # for the WebSocket only; same_host() is stricter and stands before everything
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableAgentApi": False,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "logger.enableRich": False,
        "logger.hideWelcomeMessage": True,
    }


def _flat(table: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return flat


# --- start and stop ----------------------------------------------------------------------------------------------


def _lifespan(url: str, browse: bool) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        threading.Thread(target=_warm, name="warm-up", daemon=True).start()
        print(f"basketwatch: {url}", flush=True)  # the socket listens already
        if browse:
            threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()
        try:
            yield
        finally:
            stop_all()

    return lifespan


def _warm() -> None:
    """Import what the first line of a page needs, and the rest once that line is drawn or nobody has come yet.

    pandas is over a second of imports; loaded at the same time it would keep the title waiting.
    """
    for name in LIGHT:
        with suppress(ImportError):  # another version of a library may not have it
            importlib.import_module(name)
    from basketwatch.app.frame import first_line_drawn

    first_line_drawn.wait(IDLE_SECONDS)
    load_pandas()
    for name in HEAVY:
        importlib.import_module(name)


def _has_display() -> bool:
    if os.environ.get("CI"):
        return False
    return sys.platform in ("win32", "darwin") or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))


# --- faults and the log ------------------------------------------------------------------------------------------


def page_failed(_fault: Exception) -> bool:
    """Show one sentence in place of Streamlit's box. The fault is in the log by then, see ``keep_log_clean``."""
    import streamlit as st

    from basketwatch.words.text import say

    st.error(say("page_failed", _language(st.context.locale)))
    return True


def _language(locale: str | None) -> str:
    return os.environ.get("BASKETWATCH_LANG") or ("zh" if (locale or "").lower().startswith("zh") else "en")


def place(fault: BaseException) -> str:
    """Type and place of a fault, innermost last, without its message (which may quote an address or a token)."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [f for f in frames[:-1] if Path(f.filename).is_relative_to(PROJECT) and "site-packages" not in f.filename]
    steps = [f"{Path(f.filename).name}:{f.lineno}" for f in [*ours[-4:], *frames[-1:]]]
    key = f"[{fault.key}]" if isinstance(fault, BasketwatchError) else ""
    return f"{type(fault).__name__}{key} at {' > '.join(steps) or 'an unknown place'}"


def keep_log_clean() -> None:
    """From here on each log line of this process is redacted, and a fault is logged by type and place.

    A record factory, because Streamlit and uvicorn give each of their loggers a handler of its own.
    """
    from uvicorn.config import LOGGING_CONFIG

    for logger in LOGGING_CONFIG["loggers"].values():
        logger["level"] = "WARNING"  # uvicorn would announce its start and stop
    make = logging.getLogRecordFactory()
    if not isinstance(make, functools.partial) or make.func is not _clean_record:
        logging.setLogRecordFactory(functools.partial(_clean_record, make))


def _clean_record(make: Callable[..., logging.LogRecord], *args: Any, **kwargs: Any) -> logging.LogRecord:
    record = make(*args, **kwargs)
    try:
        text = record.getMessage()
    except Exception:  # a wrong number of arguments: logging would print a traceback of its own
        text = str(record.msg)
    fault = record.exc_info[1] if record.exc_info else None
    record.msg, record.args, record.exc_info = redact(text) + (f": {place(fault)}" if fault else ""), (), None
    return record
