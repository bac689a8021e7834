"""Which flag rules exist, their thresholds and the ranges of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from basketwatch.domain import markets
from basketwatch.domain.model import Rule

FILE = "flags"  # watchlists/flags.toml: no basket can have this name
SEVERITIES = ("info", "data", "low", "mid", "high")  # from quiet to loud
LONGEST_COOLDOWN = 250


@dataclass(frozen=True, slots=True)
class Threshold:
    """One number of a rule: its default, and the range in which a person's value makes sense."""

    default: float
    least: float
    most: float
    whole: bool = False


def _fraction(default: float, most: float = 1.0) -> Threshold:
    """A fraction: a value that was meant as percent (5 for 5 %) lies outside its range and is told."""
    return Threshold(default, 0.0001, most)


@dataclass(frozen=True, slots=True)
class Spec:
    """A rule as shipped. An event rule is judged anew each session; a level rule fires once until it is left."""

    severity: str
    cooldown: int
    thresholds: Mapping[str, Threshold]
    event: bool


def _event(severity: str, **thresholds: Threshold) -> Spec:
    return Spec(severity, 1, thresholds, event=True)


def _level(severity: str, **thresholds: Threshold) -> Spec:
    return Spec(severity, 5, thresholds, event=False)


# market group in small letters -> the move of a day that is big there, of markets without the mainland's limits
_BIG_MOVES = {
    group.lower(): _fraction(market.big_move) for group, market in markets.GROUP.items() if market.big_move is not None
}

SPECS: dict[str, Spec] = {
    "limit": _event("high"),
    "big_move": _event("mid", k=_fraction(0.5), **_BIG_MOVES),
    "sigma_move": _event("mid", sigmas=Threshold(3, 0.5, 20)),
    "volume_surge": _event("mid", ratio=Threshold(2.5, 1, 100), turnover=_fraction(0.03)),
    "gap": _event("low", size=_fraction(0.01)),
    "high_low": _level("low", short=Threshold(60, 2, 250, whole=True), long=Threshold(250, 2, 1000, whole=True),
                       exit=_fraction(0.05)),
    "excess": _level("mid", week=_fraction(0.08), month=_fraction(0.15, 2), exit=_fraction(0.75)),
    "deviation": _level(
        "high", main=_fraction(0.20), wide=_fraction(0.30), bse=_fraction(0.40), st_sh=_fraction(0.12),
        st_sz=_fraction(0.15), ten_up=_fraction(1.0, 5), ten_down=_fraction(0.5, 5), thirty_up=_fraction(2.0, 10),
        thirty_down=_fraction(0.7, 10), exit=_fraction(0.75),
    ),
    "pe_percentile": _level("mid", high=_fraction(0.90), low=_fraction(0.10), exit_high=_fraction(0.85),
                            exit_low=_fraction(0.15)),
    "pe_rebase": _event("info", change=_fraction(0.20, 10)),
    "basket_breadth": _event("mid", high=_fraction(0.90), low=Threshold(0.10, 0, 1)),
    "basket_excess": _event("mid", excess=_fraction(0.03)),
    "sector_rank": _level("low", sessions=Threshold(5, 1, 250, whole=True), exit=Threshold(2, 0, 15, whole=True)),
    "us_leader": _event("low", move=_fraction(0.05)),
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
