"""What every test shares: the stand-in of the upstreams, and an environment without anybody's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import templates
from tests.upstream import Upstream

pytest_plugins = ["tests.upstream.plugin"]
# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see none of the BASKETWATCH_ variables of whoever runs them."""
    for name in [n for n in os.environ if n.startswith("BASKETWATCH_") and n != "BASKETWATCH_BROWSER"]:
        monkeypatch.delenv(name)


@pytest.fixture
def wire(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """The stand-in behind a guard without pauses, at the stand-in's own instant (2026-07-03, after the close)."""
    from basketwatch import clock
    from basketwatch.sources.net import guard

    monkeypatch.setenv("BASKETWATCH_NOW", clock.iso(upstream.market.now))
    guard.install(guard.Guard(pace=0.0))
    yield upstream
    guard.current().session.close()  # no thread of the stand-in may be reading through the guard when it goes
    guard.uninstall()
    assert (upstream.unknown, upstream.broken) == ([], [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # the process that started the others
        templates.sweep()
