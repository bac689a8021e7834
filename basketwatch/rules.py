"""The flag rules as data: their defaults, what each threshold may be, and ``watchlists/flags.toml`` read into rules.

A fault in the file is a ``Problem`` with file and line; the value in question keeps its default and every other rule
keeps working. Fractions, never percent (``0.05`` is 5 %). The formulas stand in ``flags``, origin and thresholds in the
market's own words: 盘口异动 of the terminals, 异常波动 of the exchanges' trading rules.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from basketwatch.documents import Doc
from basketwatch.model import Rule as Rule

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


SPECS: dict[str, Spec] = {
    "limit": _event("high"),
    "big_move": _event(
        "mid", k=_fraction(0.5), us=_fraction(0.05), hk=_fraction(0.06), tw=_fraction(0.05), kr=_fraction(0.06)
    ),
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
_ORDERED = {  # rule -> thresholds that must rise in this order
    "high_low": ("short", "long"),
    "pe_percentile": ("low", "exit_low", "exit_high", "high"),
    "basket_breadth": ("low", "high"),
}


def read(doc: Doc | None) -> tuple[Rule, ...]:
    """All rules in the order of ``DEFAULTS``, with what ``doc`` (flags.toml) sets; its faults are noted in ``doc``.

    None, a file that is not there or cannot be parsed, gives the defaults.
    """
    if doc is None:
        return DEFAULTS
    if "member" in doc.table:
        doc.fault((), "rules_are_no_basket")
        return DEFAULTS
    for name in (name for name in doc.table if name not in SPECS):
        near = difflib.get_close_matches(name, SPECS, 1)
        doc.fault((name,), "unknown_rule_near" if near else "unknown_rule", rule=name, nearest="".join(near),
                  known=", ".join(SPECS))  # fmt: skip
    return tuple(_rule(doc, rule, doc.table.get(rule.id, {})) for rule in DEFAULTS)


def _rule(doc: Doc, rule: Rule, table: Any) -> Rule:
    """One rule with the values of its table that make sense."""
    if not isinstance(table, dict):
        doc.fault((rule.id,), "wrong_type", field=rule.id, wanted=f"[{rule.id}]", found=table)
        return rule
    spec = SPECS[rule.id]
    known = ("enabled", "severity", "cooldown", *spec.thresholds)
    for key in (key for key in table if key not in known):
        near = difflib.get_close_matches(key, known, 1)
        doc.fault((rule.id, key), "unknown_key_near" if near else "unknown_key", field=key, nearest="".join(near),
                  known=", ".join(known))  # fmt: skip
    found = replace(
        rule,
        enabled=_enabled(doc, rule, table),
        severity=_severity(doc, rule, table),
        cooldown=int(_number(doc, rule, table, "cooldown", Threshold(rule.cooldown, 1, LONGEST_COOLDOWN, whole=True))),
        values={k: _number(doc, rule, table, k, t) for k, t in spec.thresholds.items()},
    )
    return _in_order(doc, rule, found)


def _enabled(doc: Doc, rule: Rule, table: dict[str, Any]) -> bool:
    value = table.get("enabled", rule.enabled)
    if isinstance(value, bool):
        return value
    doc.fault((rule.id, "enabled"), "wrong_type", field="enabled", wanted="true / false", found=value)
    return rule.enabled


def _severity(doc: Doc, rule: Rule, table: dict[str, Any]) -> str:
    value = table.get("severity", rule.severity)
    if value in SEVERITIES:
        return str(value)
    doc.fault((rule.id, "severity"), "unknown_severity", rule=rule.id, found=value, known=", ".join(SEVERITIES))
    return rule.severity


def _number(doc: Doc, rule: Rule, table: dict[str, Any], key: str, threshold: Threshold) -> float:
    """The number that a person wrote, where it is one and lies in its range; else the default."""
    value = table.get(key, threshold.default)
    said = {"rule": rule.id, "field": key, "found": value, "default": f"{threshold.default:g}"}
    if isinstance(value, bool) or not isinstance(value, int | float) or (threshold.whole and not _is_whole(value)):
        doc.fault((rule.id, key), "no_whole_number" if threshold.whole else "no_number", **said)
    elif not threshold.least <= value <= threshold.most:  # NaN and infinity too
        doc.fault((rule.id, key), "out_of_range", least=f"{threshold.least:g}", most=f"{threshold.most:g}", **said)
    else:
        return float(value)
    return threshold.default


def _is_whole(value: float) -> bool:
    return math.isfinite(value) and value == int(value)


def _in_order(doc: Doc, default: Rule, rule: Rule) -> Rule:
    """The rule, with its default thresholds where those written contradict each other."""
    keys = _ORDERED.get(rule.id, ())
    values = [rule.values[key] for key in keys]
    if values == sorted(set(values)):
        return rule
    doc.fault((rule.id,), "thresholds_cross", rule=rule.id, order=" < ".join(keys))
    return replace(rule, values=default.values)
