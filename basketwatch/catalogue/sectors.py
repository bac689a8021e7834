"""Texts of the sectors page and the weekly review."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {}
