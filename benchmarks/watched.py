"""``basketwatch`` unchanged, in a process that keeps writing down its modules (to the file in BENCH_DUMP)."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from basketwatch.cli import main

EVERY = 0.2  # seconds


def keep_dumping() -> None:
    """One module a line; a reader never sees half a list."""
    path = Path(os.environ["BENCH_DUMP"])
    while True:
        part = path.with_suffix(".part")
        part.write_text("\n".join(sorted(sys.modules)), "utf-8")
        part.replace(path)
        time.sleep(EVERY)


if __name__ == "__main__":
    threading.Thread(target=keep_dumping, daemon=True).start()
    main()
