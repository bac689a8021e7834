"""The reader of the flag rules. The docstring of a test is `watchlists/flags.toml`."""

from __future__ import annotations

import inspect
import pickle
import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basketwatch.domain import rules
from basketwatch.domain.model import Rule, Universe
from basketwatch.files.baskets import read_universe
from basketwatch.words import text

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the sector maps of the project, one basket and no rules."""
    shutil.copytree(PROJECT / "sector_maps", tmp_path / "sector_maps")
    (tmp_path / "watchlists").mkdir()
    shutil.copy(PROJECT / "watchlists" / "ocs.toml", tmp_path / "watchlists")
    return tmp_path


@pytest.fixture
def universe(request: pytest.FixtureRequest, home: Path) -> Universe:
    (home / "watchlists" / "flags.toml").write_text(inspect.cleandoc(request.function.__doc__) + "\n", "utf-8")
    return read_universe(home)


def faults(universe: Universe) -> list[tuple[str, str]]:
    return [(p.where, p.key) for p in universe.problems]


def rule(universe: Universe, name: str) -> Rule:
    return next(r for r in universe.rules if r.id == name)


def changed(universe: Universe) -> set[str]:
    """Rules that are not as shipped."""
    return {r.id for r, default in zip(universe.rules, rules.DEFAULTS, strict=True) if r != default}


def test_values_are_taken(universe: Universe) -> None:
    """
    [big_move]
    k = 0.75
    us = 0.1
    severity = "high"
    cooldown = 3

    [gap]
    enabled = false

    [high_low]
    short = 20
    """
    assert faults(universe) == []
    found = rule(universe, "big_move")
    assert (found.severity, found.cooldown, found.enabled) == ("high", 3, True)
    assert found.values == {"k": 0.75, "us": 0.1, "hk": 0.06, "tw": 0.05, "kr": 0.06}
    assert not rule(universe, "gap").enabled
    assert rule(universe, "high_low").values["short"] == 20
    assert changed(universe) == {"big_move", "gap", "high_low"}


def test_without_the_file_the_defaults_hold(home: Path) -> None:
    universe = read_universe(home)
    assert universe.rules == rules.DEFAULTS
    assert universe.problems == ()


def test_the_file_is_no_basket(universe: Universe) -> None:
    """
    [gap]
    size = 0.02
    """
    assert [b.id for b in universe.baskets] == ["ocs"]
    assert faults(universe) == []


def test_a_threshold_that_is_no_number(universe: Universe) -> None:
    """
    [big_move]
    k = "abc"
    us = 0.04

    [gap]
    size = true
    """
    assert faults(universe) == [("watchlists/flags.toml:2", "no_number"), ("watchlists/flags.toml:6", "no_number")]
    assert rule(universe, "big_move").values == {"k": 0.5, "us": 0.04, "hk": 0.06, "tw": 0.05, "kr": 0.06}
    assert changed(universe) == {"big_move"}
    said = text.sentence(universe.problems[0])
    assert "big_move" in said and "abc" in said and "0.5" in said


def test_a_threshold_out_of_its_range(universe: Universe) -> None:
    """
    [big_move]
    k = -5
    us = 5
    hk = nan
    tw = inf
    cooldown = 0
    """
    expected = [(f"watchlists/flags.toml:{n}", "out_of_range") for n in (2, 3, 4, 5)]
    assert faults(universe) == [*expected, ("watchlists/flags.toml:6", "out_of_range")]
    assert changed(universe) == set()


def test_an_unknown_rule(universe: Universe) -> None:
    """
    [gap]
    size = 0.02

    [big_moev]
    k = 0.4

    [zzz]
    id = 1
    """
    assert faults(universe) == [
        ("watchlists/flags.toml:4", "unknown_rule_near"),
        ("watchlists/flags.toml:7", "unknown_rule"),
    ]
    assert "big_move" in text.sentence(universe.problems[0])
    assert changed(universe) == {"gap"}


def test_an_unknown_key(universe: Universe) -> None:
    """
    [excess]
    weak = 0.1
    month = 0.2
    """
    assert faults(universe) == [("watchlists/flags.toml:2", "unknown_key_near")]
    assert rule(universe, "excess").values == {"week": 0.08, "month": 0.2, "exit": 0.75}


def test_a_severity_an_enabled_and_a_whole_number(universe: Universe) -> None:
    """
    [gap]
    severity = "loud"
    enabled = "no"

    [high_low]
    long = 120.5
    cooldown = "two"
    """
    keys = ["unknown_severity", "wrong_type", "no_whole_number", "no_whole_number"]
    assert faults(universe) == [(f"watchlists/flags.toml:{n}", key) for n, key in zip((2, 3, 6, 7), keys, strict=True)]
    assert changed(universe) == set()


def test_thresholds_that_contradict_each_other(universe: Universe) -> None:
    """
    [pe_percentile]
    exit_high = 0.95

    [high_low]
    short = 200
    long = 100
    """
    assert faults(universe) == [(f"watchlists/flags.toml:{n}", "thresholds_cross") for n in (1, 4)]
    assert changed(universe) == set()


def test_a_rule_that_is_no_table(universe: Universe) -> None:
    """
    gap = 0.05
    """
    assert faults(universe) == [("watchlists/flags.toml:1", "wrong_type")]
    assert universe.rules == rules.DEFAULTS


def test_a_basket_of_that_name_is_told(universe: Universe) -> None:
    """
    id = "flags"

    [[member]]
    ticker = "300308.SZ"
    """
    assert faults(universe) == [("watchlists/flags.toml:1", "rules_are_no_basket")]
    assert universe.rules == rules.DEFAULTS


def test_a_file_that_is_no_toml_leaves_the_defaults(universe: Universe) -> None:
    """
    [gap
    size = 0.02
    """
    assert [key for _, key in faults(universe)] == ["syntax"]
    assert universe.rules == rules.DEFAULTS


def test_the_shipped_file_lists_every_rule_with_its_defaults() -> None:
    shipped = tomllib.loads((PROJECT / "watchlists" / "flags.toml").read_text("utf-8"))
    assert list(shipped) == list(rules.SPECS)
    for default in rules.DEFAULTS:
        assert shipped[default.id] == {"severity": default.severity, "cooldown": default.cooldown, **default.values}
    universe = read_universe(PROJECT)
    assert universe.rules == rules.DEFAULTS
    assert not [p for p in universe.problems if "flags" in p.where]


def test_every_rule_and_threshold_has_its_texts() -> None:
    for default in rules.DEFAULTS:
        keys = [f"rule_{default.id}", f"rule_{default.id}_help", *(f"value_{default.id}_{k}" for k in default.values)]
        assert all(text.say(key, lang) for key in keys for lang in ("zh", "en"))
    manual = (PROJECT / "watchlists" / "README.md").read_text("utf-8")
    assert all(f"| `{name}` |" in manual for name in rules.SPECS)


def test_defaults_lie_in_their_own_ranges_and_survive_a_cache() -> None:
    for spec in rules.SPECS.values():
        assert all(t.least <= t.default <= t.most for t in spec.thresholds.values())
    assert pickle.loads(pickle.dumps(rules.DEFAULTS)) == rules.DEFAULTS  # noqa: S301 - our own bytes
    assert len({hash(r) for r in rules.DEFAULTS}) == len(rules.DEFAULTS)


VALUES = st.one_of(
    st.text(max_size=5).map(lambda s: '"' + "".join(c for c in s if c.isalnum()) + '"'),
    st.floats().map(lambda f: str(f)), st.integers(-10, 300).map(str), st.just("true"), st.just("[1]"), st.just("{a=1}"),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(rules.SPECS)), st.data())
def test_whatever_is_written_gives_a_usable_rule(home: Path, name: str, data: st.DataObject) -> None:
    keys = [*rules.SPECS[name].thresholds, "enabled", "severity", "cooldown", "strange"]
    lines = [f"{key} = {data.draw(VALUES)}" for key in data.draw(st.lists(st.sampled_from(keys), unique=True))]
    (home / "watchlists" / "flags.toml").write_text("\n".join([f"[{name}]", *lines]), "utf-8")
    universe = read_universe(home)
    assert [r.id for r in universe.rules] == list(rules.SPECS)
    assert changed(universe) <= {name}
    found = rule(universe, name)
    for key, threshold in rules.SPECS[name].thresholds.items():
        assert threshold.least <= found.values[key] <= threshold.most
    assert found.severity in rules.SEVERITIES and 1 <= found.cooldown <= 250
