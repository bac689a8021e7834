"""What every test shares: the stand-in of the upstreams, and an environment without anybody's settings."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["tests.upstream.plugin"]


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see none of the BASKETWATCH_ variables of whoever runs them."""
    for name in [n for n in os.environ if n.startswith("BASKETWATCH_") and n != "BASKETWATCH_BROWSER"]:
        monkeypatch.delenv(name)
