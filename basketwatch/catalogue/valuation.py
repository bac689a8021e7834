"""Texts of valuation: bands, basket PE, the ledger."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {}
