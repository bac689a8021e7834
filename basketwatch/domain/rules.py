"""Which flag rules exist, their thresholds and the ranges of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from basketwatch.domain import markets
from basketwatch.domain.model import Rule

FILE = "flags"  # watchlists/flags.toml: no basket can have this name
SEVERITIES = ("info", "data", "low", "mid", "high")  # from quiet to loud
LONGEST_COOLDOWN = 250


@dataclass(frozen=True, slots=True)
class Threshold:
    """One number of a rule: its default, the range in which a person's value makes sense, and its unit."""

    default: float
    least: float
    most: float
    unit: Literal["fraction", "whole", "number"] = "number"  # people write a fraction in percent; a count is whole


def _fraction(default: float, most: float = 1.0) -> Threshold:
    """A fraction: a value that was meant as percent (5 for 5 %) lies outside its range and is told."""
    return Threshold(default, 0.0001, most, "fraction")


@dataclass(frozen=True, slots=True)
class Spec:
    """A rule as shipped. An event rule is judged anew each session; a level rule fires once until it is left.

    ``on_members``: judged on each member, so that many of a basket that fire together share one line.
    """

    severity: str
    cooldown: int
    thresholds: Mapping[str, Threshold]
    event: bool
    on_members: bool = True


def _event(severity: str, *, on_members: bool = True, **thresholds: Threshold) -> Spec:
    return Spec(severity, 1, thresholds, event=True, on_members=on_members)


def _level(severity: str, *, on_members: bool = True, **thresholds: Threshold) -> Spec:
    return Spec(severity, 5, thresholds, event=False, on_members=on_members)


# market group in small letters -> the move of a day that is big there, of markets without the mainland's limits
_BIG_MOVES = {
    group.lower(): _fraction(market.big_move) for group, market in markets.GROUP.items() if market.big_move is not None
}

SPECS: dict[str, Spec] = {
    "limit": _event("high"),
    "big_move": Spec("mid", 1, {"k": Threshold(0.5, 0.0001, 1), **_BIG_MOVES}, event=True),
    "sigma_move": _event("mid", sigmas=Threshold(3, 0.5, 20)),
    "volume_surge": _event("mid", ratio=Threshold(2.5, 1, 100), turnover=_fraction(0.03)),
    "gap": _event("low", size=_fraction(0.01)),
    "high_low": _level("low", short=Threshold(60, 2, 250, "whole"), long=Threshold(250, 2, 1000, "whole"),
                       exit=_fraction(0.05)),
    "excess": _level("mid", week=_fraction(0.08), month=_fraction(0.15, 2), exit=_fraction(0.75)),
    "deviation": _event(
        "high", main=_fraction(0.20), wide=_fraction(0.30), bse=_fraction(0.40), st=_fraction(0.12),
        ten_up=_fraction(1.0, 5), ten_down=_fraction(0.5, 5), thirty_up=_fraction(2.0, 10), thirty_down=_fraction(0.7, 10),
        bse_ten_up=_fraction(1.5, 5), bse_ten_down=_fraction(0.6, 5), bse_thirty_up=_fraction(3.0, 10),
        bse_thirty_down=_fraction(0.75, 10), times=Threshold(30, 2, 1000), sum=_fraction(0.20),
    ),
    "pe_percentile": _level("mid", high=_fraction(0.90), low=_fraction(0.10), exit_high=_fraction(0.85),
                            exit_low=_fraction(0.15)),
    "pe_rebase": _event("info", change=_fraction(0.20, 10)),
    "basket_breadth": _event("mid", on_members=False, high=_fraction(0.90), low=Threshold(0.10, 0, 1, "fraction")),
    "basket_excess": _event("mid", on_members=False, excess=_fraction(0.03)),
    "sector_rank": _level("low", on_members=False, sessions=Threshold(5, 1, 250, "whole"), exit=Threshold(2, 0, 15, "whole")),
    "us_leader": _event("low", on_members=False, move=_fraction(0.05)),
    "source_disagreement": _level("data", difference=_fraction(0.005)),
    "stale_data": _level("data"),
}  # fmt: skip
DEFAULTS: tuple[Rule, ...] = tuple(
    Rule(name, spec.severity, True, {k: t.default for k, t in spec.thresholds.items()}, spec.cooldown)
    for name, spec in SPECS.items()
)
ORDERED = {  # rule -> thresholds that must rise in this order
    "high_low": ("short", "long"),
    "pe_percentile": ("low", "exit_low", "exit_high", "high"),
    "basket_breadth": ("low", "high"),
}
