"""The flag rules as data: their defaults, what each threshold may be, and ``watchlists/flags.toml`` read into rules.

A fault in the file is a ``Problem`` with file and line; the value in question keeps its default and every other rule
keeps working. Fractions, never percent (``0.05`` is 5 %). The formulas stand in ``flags``, origin and thresholds in the
market's own words: 盘口异动 of the terminals, 异常波动 of the exchanges' trading rules.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import replace
from typing import Any

from basketwatch.domain.model import Rule
from basketwatch.domain.rules import DEFAULTS, LONGEST_COOLDOWN, ORDERED, SEVERITIES, SPECS, Threshold
from basketwatch.files.toml import Doc


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
        cooldown=int(_number(doc, rule, table, "cooldown", Threshold(rule.cooldown, 1, LONGEST_COOLDOWN, "whole"))),
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
    value, whole = table.get(key, threshold.default), threshold.unit == "whole"
    said = {"rule": rule.id, "field": key, "found": value, "default": f"{threshold.default:g}"}
    if isinstance(value, bool) or not isinstance(value, int | float) or (whole and not _is_whole(value)):
        doc.fault((rule.id, key), "no_whole_number" if whole else "no_number", **said)
    elif not threshold.least <= value <= threshold.most:  # NaN and infinity too
        doc.fault((rule.id, key), "out_of_range", least=f"{threshold.least:g}", most=f"{threshold.most:g}", **said)
    else:
        return float(value)
    return threshold.default


def _is_whole(value: float) -> bool:
    return math.isfinite(value) and value == int(value)


def _in_order(doc: Doc, default: Rule, rule: Rule) -> Rule:
    """The rule, with its default thresholds where those written contradict each other."""
    keys = ORDERED.get(rule.id, ())
    values = [rule.values[key] for key in keys]
    if values == sorted(set(values)):
        return rule
    doc.fault((rule.id,), "thresholds_cross", rule=rule.id, order=" < ".join(keys))
    return replace(rule, values=default.values)
