"""Run the stand-in as a process: ``python -m tests.upstream --port 8899 --ca ca.pem --now 2026-07-03T08:30Z``.

Prints the ``export`` lines of the environment and runs until it is killed.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import threading
from datetime import datetime
from pathlib import Path

from . import NOW, Upstream


def main() -> None:
    """Parse the options, serve, wait for SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--ca", type=Path, help="where to write the CA certificate (default: a temporary file)")
    parser.add_argument(
        "--now", type=datetime.fromisoformat, default=NOW, help="instant of the made-up world, with an offset"
    )
    parser.add_argument("--tick", action="store_true", help="let that instant run on")
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before every answer")
    parser.add_argument(
        "--fault", nargs=3, action="append", default=[], metavar=("HOST", "PATH", "KIND"), help="a lasting fault"
    )
    options = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    upstream = Upstream(
        options.now, port=options.port, ca_file=options.ca, latency=options.latency / 1000, ticking=options.tick
    )
    for host, path, kind in options.fault:
        upstream.fault(host, path, kind)
    with upstream:
        for name, value in upstream.env().items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
