"""The outlook in sector_maps: what is shipped, and what is said of rows that are wrong."""

from __future__ import annotations

from datetime import date

import pytest

from basketwatch.domain.model import Universe
from basketwatch.domain.outlook import Outlook
from basketwatch.files import baskets, milestones
from basketwatch.files.toml import Doc, document, located
from tests.stores import PROJECT

MILESTONE = """
[[milestone]]
id     = "volume"
item   = { zh = "1.6T", en = "1.6T" }
name   = { zh = "放量", en = "volume" }
window = "2026"
state  = "ahead"
"""


def read(text: str) -> tuple[Outlook, list[tuple[str, int]]]:
    """The outlook of a text, and (key, line) of each fault."""
    problems: list = []
    doc = document("sector_maps/x.toml", "x", text.encode(), problems)
    assert isinstance(doc, Doc), problems
    found = milestones.outlook(doc)
    return found, [(p.key, int(p.where.rpartition(":")[2])) for p in located(doc)]


@pytest.fixture(scope="module")
def universe() -> Universe:
    return baskets.read_universe(PROJECT)


def test_the_shipped_files_have_no_fault_and_say_what_was_quoted(universe: Universe) -> None:
    """Values as Citi's of 2026-06-24 are quoted: millions of units."""
    assert not universe.problems
    cpo = next(c for c in universe.chains if c.id == "cpo").outlook
    units = {f.id: {e.year: e.value for e in f.estimates} for f in cpo.forecasts}
    assert units["units_cpo_npo"] == {2026: 0.4, 2027: 18, 2028: 56}
    assert units["units_800g"] == {2026: 60} and units["units_1_6t"] == {2026: 22, 2027: 67}
    assert units["units_3_2t"] == {2028: 35} and units["silicon_photonics_share"] == {2025: 29, 2028: 60}
    assert next((m.id, m.state) for m in cpo.milestones) == ("800g_volume", "came")
    assert {t for p in cpo.phases for t in p.companies} == {
        "300308.SZ", "300394.SZ", "301205.SZ", "300602.SZ", "002281.SZ",
    }  # fmt: skip
    assert len(cpo.risks) == 4 and all(risk.state == "quiet" for risk in cpo.risks)


def test_the_liquid_cooling_market_is_multiplied_from_its_inputs(universe: Universe) -> None:
    """100,000 racks × 100,000 USD = 10 bn; + 3 to 5 = 13 to 15 bn USD."""
    size = next(c for c in universe.chains if c.id == "liquid_cooling").outlook.sizes[0]
    assert size.computed(tuple(f.value for f in size.factors)) == (13.0, 15.0) == (size.said_low, size.said_high)
    assert size.computed((200_000, 100_000)) == (23.0, 25.0)


def test_every_row_has_a_source(universe: Universe) -> None:
    for chain in universe.chains:
        o = chain.outlook
        rows = [*o.phases, *o.risks, *o.sizes]
        rows += [e for m in o.milestones for e in m.evidence] + [e for f in o.forecasts for e in f.estimates]
        assert all(row.source.zh and row.source.en and row.at for row in rows)


def test_a_milestone_as_the_manual_writes_it() -> None:
    """The block of the manual is read whole, so that the manual cannot lie."""
    manual = (PROJECT / "sector_maps/README.md").read_text(encoding="utf-8")
    block = next(part for part in manual.split("```toml\n") if part.startswith("[[milestone]]")).split("```")[0]
    found, faults = read(block)
    assert not faults
    assert (
        len(found.milestones) == len(found.forecasts) == len(found.phases) == len(found.risks) == len(found.sizes) == 1
    )
    assert found.milestones[0].was[0].first == date(2025, 7, 1) and found.forecasts[0].growth[0].rate == 0.65


@pytest.mark.parametrize(
    ("change", "key", "line"),
    [
        (('state  = "ahead"', 'state  = "maybe"'), "unknown_state", 7),
        (('window = "2026"', 'window = "2026H3"'), "bad_span", 6),
        (('window = "2026"', "window = 2026.5"), "bad_span", 6),
        (('state  = "ahead"', 'state  = "ahead"\ncame = 2026-01-05'), "came_not_said", 8),
        (('state  = "ahead"', 'state  = "came"\ncame = "2026-01-05"'), "bad_date", 8),
        (('state  = "ahead"', 'state  = "ahead"\nwas = ["soon"]'), "bad_span", 8),
        (('state  = "ahead"', 'state  = "ahead"\ncompanies = ["300308"]'), "ticker_spelling", 8),
        (('state  = "ahead"', 'state  = "ahead"\nstat = "x"'), "unknown_key_near", 8),
        (('id     = "volume"', 'id     = "../x"'), "bad_id", 3),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(change: tuple[str, str], key: str, line: int) -> None:
    text = MILESTONE.replace(*change)
    assert text != MILESTONE
    assert (key, line) in read(text)[1]


def test_the_second_of_two_with_one_id_is_left_out() -> None:
    found, faults = read(MILESTONE + MILESTONE.replace("2026", "2027"))
    assert [m.window.text for m in found.milestones] == ["2026"] and faults == [("duplicate_entry", 10)]


def test_one_wrong_row_hides_no_other() -> None:
    found, faults = read(MILESTONE.replace("ahead", "maybe") + MILESTONE.replace('"volume"', '"other"'))
    assert [m.id for m in found.milestones] == ["other"] and [key for key, _ in faults] == ["unknown_state"]


def test_a_size_without_factors_is_left_out() -> None:
    text = (
        '[[size]]\nname = { zh = "a", en = "a" }\nyear = 2026\nunit = { zh = "a", en = "a" }\nscale = 1\nsaid_low = 1\n'
        'said_high = 2\nsource = "unknown"\ndate = "2026"\nfactor = []\n'
    )
    found, faults = read(text)
    assert not found.sizes and [key for key, _ in faults] == ["empty_size"]
    assert not read(text.replace("scale = 1", "scale = 0"))[0].sizes
