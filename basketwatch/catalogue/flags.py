"""Texts of flags: rules, reasons, the log."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {}
