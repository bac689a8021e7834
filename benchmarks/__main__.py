"""``python -m benchmarks [NAME...] [--quick]``: measure, print the table, write ``results.md`` and ``results.json``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.upstream import Upstream

from . import band_chart, bands, flags, network, notes, payload, readers, report, startup
from .bench import HERE, STORED, Bench

PARTS: dict[str, Callable[[Bench], list[report.Metric]]] = {
    "startup": startup.startup,
    "tabs": startup.tabs,
    "clicks": startup.clicks,
    "payload": payload.payload,
    "modules": payload.modules,
    "warm": network.warm,
    "intraday": network.intraday,
    "cold": network.cold,
    "many": network.many,
    "readers": readers.readers,
    "bands": bands.bands,
    "band_chart": band_chart.chart,
    "switches": band_chart.switches,
    "flags": flags.evaluation,
    "notes": notes.notes,
}


def main() -> int:
    """Run the parts in their order; 1 when a target was missed or a part failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {' '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="3 repetitions instead of 5")
    parser.add_argument("--tiny", action="store_true", help="once, nothing written: only whether every part still runs")
    options = parser.parse_args()
    if unknown := set(options.names) - set(PARTS):
        parser.error(f"no such part: {' '.join(sorted(unknown))}")
    started, load = datetime.now(UTC), os.getloadavg()
    repetitions = 1 if options.tiny else 3 if options.quick else 5
    metrics: list[report.Metric] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder, Upstream(STORED) as upstream:
        bench = Bench(Path(folder), upstream, repetitions)
        for name in options.names or PARTS:
            begun = time.monotonic()
            try:
                metrics += PARTS[name](bench)
            except Exception:  # the other parts are worth having
                traceback.print_exc()
                failed.append(name)
            print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
        if upstream.unknown or upstream.broken:
            print(f"the stand-in did not know: {[*upstream.unknown, *upstream.broken][:3]}", file=sys.stderr)
    print(report.text(metrics))
    if not options.tiny:
        report.write(HERE, metrics, report.machine(started, load), repetitions)
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    if options.tiny:
        return 1 if failed else 0
    return 1 if failed or any(metric.ok is False for metric in metrics) else 0


if __name__ == "__main__":
    sys.exit(main())
