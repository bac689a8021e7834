"""Who may import whom. One direction: files → sources → store → metrics → pages; nothing calls back up."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "basketwatch"

# module -> the modules of ours that it may import (anything below it)
BOTTOM = {"errors", "model"}
FACTS = BOTTOM | {"redact", "markets", "calendars", "frames", "clock", "limits", "catalogue"}
PURE = FACTS | {"checks", "metrics", "valuation"}
STORED = PURE | {"schema", "store", "baskets", "rules", "flags", "text", "settings"}
PICTURE = STORED | {"valued", "daily"}
DRAWN = PICTURE | {
    "answers", "charts", "flagging", "flags_outcomes", "flags_view", "freshness", "health", "markup", "panels", "refresher",
    "report", "rulebook", "sectors_view", "tables", "valuation_view", "valuation_words", "weekly",
}  # fmt: skip
WORKING = STORED | {"sources", "work", "ahead"}
FETCHING = WORKING | {
    "demo", "demo_store", "demo_valuations", "doctor", "flagging", "histories", "past", "pe_histories", "quotes", "refresh",
    "repairs", "valued",
}  # fmt: skip

ALLOWED: dict[str, set[str]] = {
    "errors": set(), "model": set(), "redact": set(), "catalogue": set(), "frames": BOTTOM, "clock": BOTTOM,
    "markets": BOTTOM, "calendars": BOTTOM | {"markets"}, "limits": FACTS, "checks": PURE, "metrics": PURE, "valuation": FACTS,
    "text": FACTS, "markup": FACTS | {"text"}, "schema": set(), "store": FACTS | {"schema"},
    "settings": FACTS | {"store"}, "documents": {"model"},
    "rules": {"model", "documents"}, "flags": FACTS | {"rules", "text"}, "flags_outcomes": set(), "flags_view": DRAWN,
    "rule_editor": DRAWN | {"ui"},
    "flagging": STORED | {"valued"}, "rulebook": {"documents", "errors", "model", "rules"},
    "baskets": FACTS | {"documents", "rules"}, "valued": STORED, "daily": STORED | {"valued"}, "demo_valuations": STORED,
    "demo": STORED | {"demo_valuations", "flagging"}, "answers": PICTURE,
    "weekly": PICTURE | {"valued"}, "report": PICTURE | {"answers", "weekly"}, "sectors_view": DRAWN,
    "valuation_words": PICTURE | {"markup"}, "valuation_view": DRAWN,
    "freshness": STORED, "panels": DRAWN, "health": DRAWN, "charts": {"model", "valuation"}, "tables": DRAWN,
    "refresher": FACTS | {"store"}, "sources": FACTS | {"checks"}, "work": WORKING, "quotes": WORKING | {"past"},
    "ahead": WORKING, "announced": set(), "pe_checks": FACTS | {"checks"},
    "pe_histories": WORKING | {"announced", "pe_checks", "past"},
    "histories": WORKING | {"past", "pe_histories", "quotes"}, "past": WORKING, "repairs": WORKING, "refresh": FETCHING | {"memory"},
    "doctor": FETCHING, "demo_store": FETCHING,
    "guards": {"clock", "text"}, "memory": set(),
    "serve": FACTS | {"memory", "guards", "text", "refresher", "store", "daily", "ui"},
    "ui": DRAWN | {"demo_store", "guards", "memory"},
    "cli": DRAWN | FETCHING | {"serve"}, "__main__": {"cli"}, "__init__": set(),
}  # fmt: skip

# package from outside -> the modules that may import it
HEAVY: dict[str, set[str]] = {
    "streamlit": {"ui", "tables", "rule_editor", "serve", "guards"},
    "akshare": {"sources"}, "yfinance": {"sources"}, "requests": {"sources"}, "curl_cffi": {"sources"},
    "exchange_calendars": {"sources"},
    "sqlalchemy": {"schema", "store"}, "sqlite3": {"store"},
    "plotly": {"charts"},
}  # fmt: skip


def module_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports, anywhere in it (imports inside functions count as well)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "basketwatch":
                found |= {f"basketwatch.{alias.name}" for alias in node.names}
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_module_imports_only_what_lies_below_it(path: Path) -> None:
    module = module_of(path)
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("basketwatch.")}
    assert ours - {module} <= ALLOWED[module], f"{module} may not import {ours - {module} - ALLOWED[module]}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_in_their_place(path: Path) -> None:
    module = module_of(path)
    tops = {name.split(".")[0] for name in imports(path)}
    for package, allowed in HEAVY.items():
        assert package not in tops or module in allowed, f"{module} imports {package}"


@pytest.mark.parametrize("path", [*sorted((ROOT / "pages").glob("*.py")), ROOT / "dashboard.py"], ids=lambda p: p.name)
def test_pages_are_short_and_compute_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not {n.split(".")[0] for n in imports(path)} & (set(HEAVY) - {"streamlit"})
    assert not {n for n in imports(path) if n.startswith(("basketwatch.sources", "basketwatch.refresh"))}
    for call in (".groupby(", ".merge(", ".pct_change(", ".pivot("):
        assert call not in text, f"{path.name} computes with {call}"
    assert len(text.splitlines()) <= 100


def test_every_module_is_in_the_table() -> None:
    assert {module_of(p) for p in FILES} == set(ALLOWED)


def test_files_and_functions_stay_small() -> None:
    """No file over 900 lines, and nine functions in ten are at most 26 lines long (docstring included)."""
    sizes = []
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 900, path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                sizes.append((node.end_lineno or 0) - node.lineno + 1)
    assert sorted(sizes)[int(len(sizes) * 0.9)] <= 26
