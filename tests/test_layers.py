"""Who may import whom. One direction: files → sources → store → metrics → pages; nothing calls back up."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "basketwatch"

# room -> the rooms that its files may import, besides their own
GROUND = {"errors", "clock", "settings", "redact", "memory"}
ROOMS: dict[str, set[str]] = {
    "errors": set(), "clock": {"errors"}, "settings": {"errors"}, "redact": {"errors"}, "memory": {"errors"},
    "domain": {"errors"},
    "words": {"domain", "errors"},
    "files": {"domain", "errors", "redact"},
    "sources": {"domain", "clock", "errors", "redact"},
    "store": {"domain", "clock", "errors"},
    "analysis": {"domain", "store", "words", "clock", "errors"},
    "refresh": {"domain", "words", "files", "sources", "store", "analysis", *GROUND},
    "views": {"domain", "words", "analysis", "clock", "errors"},
    "app": {"domain", "words", "files", "store", "analysis", "views", "share", *GROUND},
    "share": {"domain", "words", "views", "store", "sources", "redact", "errors"},
    "doctor": {"domain", "words", "files", "sources", "store", "analysis", *GROUND},
    "cli_share": {"domain", "words", "files", "store", "analysis", "views", "share", *GROUND},
    "cli": {"cli_share", "domain", "words", "files", "store", "analysis", "refresh", "views", "app", "doctor", "share", *GROUND},
    "__main__": {"cli"}, "__init__": set(),
}  # fmt: skip

# package from outside -> the rooms that may import it
HEAVY: dict[str, set[str]] = {
    "streamlit": {"app"},
    "akshare": {"sources"}, "yfinance": {"sources"}, "requests": {"sources"}, "curl_cffi": {"sources"},
    "exchange_calendars": {"sources"},
    "sqlalchemy": {"store"}, "sqlite3": {"store"},
    "typst": {"share"}, "uharfbuzz": {"share"}, "fontTools": {"share"},
    "plotly": {"views"}, "tomlkit": {"files"}, "tomllib": {"files", "app"},
}  # fmt: skip


def room_of(name: str) -> str:
    """The room of a dotted module name below the package."""
    return name.split(".")[0]


def module_of(path: Path) -> str:
    """Dotted name of a file below the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


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
def test_a_file_imports_only_rooms_below_its_own(path: Path) -> None:
    module = module_of(path)
    ours = {name.removeprefix("basketwatch.") for name in imports(path) if name.startswith("basketwatch.")}
    allowed = ROOMS[room_of(module)] | {room_of(module)}
    wrong = {name for name in ours if room_of(name) not in allowed}
    assert not wrong, f"{module} may not import {wrong}"
    if room_of(module) == "share":
        assert all(name.startswith("sources.net") for name in ours if room_of(name) == "sources")


def test_the_server_draws_pictures_and_does_nothing_else_of_share() -> None:
    """Sending happens in a process of its own."""
    taken = set()
    for path in (p for p in FILES if room_of(module_of(p)) == "app"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "basketwatch.share":
                taken |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("basketwatch.share."):
                taken.add((node.module or "").split(".")[2])
    assert taken <= {"render", "fonts"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_in_their_room(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    for package, allowed in HEAVY.items():
        assert package not in tops or room_of(module_of(path)) in allowed, f"{path} imports {package}"


@pytest.mark.parametrize("path", [*sorted((ROOT / "pages").glob("*.py")), ROOT / "dashboard.py"], ids=lambda p: p.name)
def test_pages_are_short_and_compute_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not {n.split(".")[0] for n in imports(path)} & (set(HEAVY) - {"streamlit"})
    assert not {n for n in imports(path) if n.startswith(("basketwatch.sources", "basketwatch.refresh"))}
    for call in (".groupby(", ".merge(", ".pct_change(", ".pivot("):
        assert call not in text, f"{path.name} computes with {call}"
    assert len(text.splitlines()) <= 100


def test_every_file_has_a_room() -> None:
    assert {room_of(module_of(p)) for p in FILES} == set(ROOMS)
    fullest = Counter(p.parent for p in FILES)
    assert fullest.pop(PACKAGE) <= 10 and max(fullest.values()) <= 19, fullest  # 18 modules and the room's own file


def test_files_and_functions_stay_small() -> None:
    """No file over 600 lines, and nine functions in ten are at most 26 lines long (docstring included)."""
    sizes = []
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                sizes.append((node.end_lineno or 0) - node.lineno + 1)
    assert sorted(sizes)[int(len(sizes) * 0.9)] <= 26
