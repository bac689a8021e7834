"""The sixty securities of every benchmark: 45 mainland, 12 American, 2 from Hong Kong, 1 from Taiwan.

The first of each market are members of the baskets in ``watchlists/``; the others fill up to sixty.
"""

from __future__ import annotations

import os

SCALE = int(os.environ.get("BENCH_SCALE", "1"))  # divides every number of symbols, to see soon that all parts still run

MAINLAND = """
300308.SZ 300394.SZ 300502.SZ 300620.SZ 002281.SZ 301205.SZ 300602.SZ 601137.SH 300684.SZ 300604.SZ 300757.SZ 688072.SH
688037.SH 603203.SH 002902.SZ 002384.SZ 300548.SZ 001267.SZ 688205.SH 688048.SH 688498.SH 688313.SH 688195.SH 301486.SZ
920045.BJ 688167.SH 002837.SZ 002851.SZ 002536.SZ 300249.SZ 002970.SZ 300476.SZ 600519.SH 600941.SH 600050.SH 600036.SH
601318.SH 000858.SZ 000333.SZ 300750.SZ 002594.SZ 600276.SH 601012.SH 000725.SZ 600900.SH
""".split()  # noqa: SIM905
AMERICAN = "NVDA AVGO MRVL COHR LITE GLW AXTI GOOGL AMD META AMZN MU".split()  # noqa: SIM905
SIXTY = (*MAINLAND, *(f"{code}.US" for code in AMERICAN), "01686.HK", "00700.HK", "2308.TW")[::SCALE]


def scaled(count: int) -> int:
    """A number of symbols of this run."""
    return count // SCALE


def six_hundred() -> tuple[str, ...]:
    """About as many as one refresh may fill at first (600 with the benchmarks): 480 mainland, 108 American."""
    mainland = [f"{600100 + i}.SH" for i in range(240)] + [f"{300100 + i}.SZ" for i in range(240)]
    letters = "BCDFGHJKLMNP"
    american = [f"Q{a}{b}.US" for a in letters for b in letters[:9]]
    return (*mainland, *american)[::SCALE]
