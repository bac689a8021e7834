"""Side-by-side measurements: every number is a ratio inside one run. ``python -m benchmarks --help``."""
